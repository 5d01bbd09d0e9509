package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"countersign/internal/app"
	"countersign/internal/auth"
	"countersign/internal/live"
)

// Limits of what comes in.
const (
	maxForm = 64 << 10 // bytes of a form
	// maxLongForm: 200 rules, or 2,000 lines of lists.
	maxLongForm = 2 << 20
	maxHeader   = 16 << 10 // bytes of a request's head
	heartbeat   = 15 * time.Second
)

// Options are what the pages need. App, Hub, Now, SessionKey and PublicURL are required.
type Options struct {
	App *app.App
	Hub *live.Hub
	Log *slog.Logger
	Now func() time.Time
	// SessionKey marks browsers that signed in before; 16 bytes or more, secret.
	SessionKey []byte
	// PublicURL is where browsers reach the desk: https, or http on localhost or 127.0.0.1.
	PublicURL string
	// TrustedProxy are the addresses whose X-Forwarded-For is believed; none: the connection's own address counts.
	TrustedProxy []netip.Prefix
	// Webhook takes the bank's messages at /webhooks/bank131, outside sign-ins and header rules, whatever the method.
	Webhook http.Handler
	// Demo is nil in serve.
	Demo *Demo
	// Bank tells /settings/bank about the connection; nil leaves its facts out.
	Bank BankInfo
	// Folder tells which files of the watched folder of reports were not taken; nil where none is watched.
	Folder  func() []FolderRefusal
	Version string
	// Heartbeat is the longest silence of a stream, 15 s if 0.
	Heartbeat time.Duration
}

// FolderRefusal is a file of the watched folder that was not taken, and why.
type FolderRefusal struct {
	Name string
	Err  error
}

// Demo is what only the demonstration shows.
type Demo struct {
	People []DemoPerson
	// BankURL is the pretend bank's own page.
	BankURL string
	Kopecks []KopecksRow
}

// DemoPerson can be become by one press.
type DemoPerson struct {
	Email, Password, Name string
	// Seed makes the person's one-time codes, base32; "" where the demonstration's rules ask for none.
	Seed  string
	Roles []auth.Role
}

// KopecksRow says what the pretend bank does for amounts that end in Kop (0: every other ending).
type KopecksRow struct {
	Kop           int
	Bank, End     string
	BankRU, EndRU string
}

// BankInfo tells about the connection to the bank.
type BankInfo interface{ Bank() BankFacts }

// BankFunc makes a BankInfo of a function.
type BankFunc func() BankFacts

// Bank implements BankInfo.
func (f BankFunc) Bank() BankFacts { return f() }

// BankFacts are what /settings/bank shows beside what the database knows.
type BankFacts struct {
	WebhookURL string // "" means PublicURL + /webhooks/bank131
	// PublicKey is the public half of our key, PEM, for the bank's application form.
	PublicKey, Fingerprint string
	BankFingerprints       []string
	Project, Address       string
	// LastAnswer is what the bank answered last ("200", "timeout"), at LastAnswerAt; zero when it never did.
	LastAnswer   string
	LastAnswerAt time.Time
}

// Web is the desk over HTTP. It is also app's Notifier: give it to App.Notify before anything runs.
type Web struct {
	Options
	echo     *echo.Echo
	origin   *http.CrossOriginProtection
	https    bool
	throttle *auth.Throttle
	labBusy  sync.Mutex // one replay of the laboratory at a time
	signIns  *signIns
	cached   atomic.Pointer[cached]
	notes    *notes
	streams  streams
	files    sync.Map // address of a static file → packed
}

// New builds the handlers and starts the goroutine that tells streams of changes; Close ends it. It fails when an option is
// missing or PublicURL is neither https nor local.
func New(o Options) (*Web, error) {
	switch {
	case o.App == nil || o.Hub == nil || o.Now == nil:
		return nil, errors.New("web: App, Hub and Now are required")
	case len(o.SessionKey) < 16:
		return nil, errors.New("web: the session key is shorter than 16 bytes")
	}
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && localName(u.Hostname())) {
		return nil, fmt.Errorf("web: public url %q must be https, or http on localhost or 127.0.0.1", o.PublicURL)
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = heartbeat
	}
	w := &Web{Options: o, origin: http.NewCrossOriginProtection(), https: u.Scheme == "https", throttle: auth.NewThrottle()}
	if err := w.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("web: public url: %w", err)
	}
	w.signIns = &signIns{app: o.App, now: o.Now}
	w.streams.open = map[string]int{}
	w.notes = newNotes(w)
	w.echo = w.router()
	return w, nil
}

func localName(host string) bool { return host == "localhost" || host == "127.0.0.1" }

// Close ends all streams and the goroutine that feeds them.
func (w *Web) Close() {
	w.notes.close()
	w.Hub.Close()
}

// Handler serves everything.
func (w *Web) Handler() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.headers(rw.Header(), r)
		if r.URL.Path == webhookPath {
			if w.Webhook == nil {
				http.NotFound(rw, r)
				return
			}
			w.Webhook.ServeHTTP(rw, r)
			return
		}
		if r.Method == http.MethodHead && r.URL.Path != "/live" {
			// net/http leaves the body out by itself: a HEAD is answered as the GET would be.
			r = r.WithContext(r.Context())
			r.Method = http.MethodGet
		}
		w.echo.ServeHTTP(rw, r)
	})
}

// NewServer makes a server with the limits that hold against slow and large requests. Streams extend their own deadlines.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: maxHeader}
}

// clientIP is the address a request came from: the connection's own, or what a trusted proxy says.
func (w *Web) clientIP() echo.IPExtractor {
	if len(w.TrustedProxy) == 0 {
		return echo.ExtractIPDirect()
	}
	opts := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range w.TrustedProxy {
		_, n, err := net.ParseCIDR(p.Masked().String())
		if err == nil { // a valid prefix prints as one
			opts = append(opts, echo.TrustIPRange(n))
		}
	}
	return echo.ExtractIPFromXFFHeader(opts...)
}

// token makes random hex digits for forms and error codes.
func token(n int) string {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // it never fails since Go 1.24
	}
	return hex.EncodeToString(b)
}

// ready says in one word why the desk is not ready, "" when it is.
func (w *Web) ready(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return w.App.Ready(ctx)
}
