package bank131

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"countersign/internal/protocol"
)

// MaxAnswer is the largest answer that is read, in bytes.
const MaxAnswer = 1 << 20

// Codes of a call that brought no complete answer.
const (
	ErrTimeout  = "timeout"   // the time-out or the deadline passed
	ErrCut      = "cut"       // the connection broke, or we were stopped
	ErrTooLarge = "too_large" // more than MaxAnswer
)

const (
	connectTimeout  = 5 * time.Second
	defaultTimeout  = 60 * time.Second
	longestRead     = 15 * time.Second // it moves nothing, and is asked again
	maxHeaderBytes  = 64 << 10
	pathInit        = "/api/v1/session/init/payout"
	pathCreate      = "/api/v1/session/create"
	pathStart       = "/api/v1/session/start/payout"
	pathConfirm     = "/api/v1/session/confirm"
	pathCancel      = "/api/v1/session/cancel"
	pathStatus      = "/api/v1/session/status"
	pathBalance     = "/api/v1/wallet/balance"
	headerProject   = "X-PARTNER-PROJECT"
	headerSign      = "X-PARTNER-SIGN"
	headerKey       = "X-PARTNER-IDEMPOTENCY-KEY"
	dateTimeOffset  = "2006-01-02T15:04:05-07:00"
	jsonContentType = "application/json"
)

// Options of a Client. BaseURL, Project, Key and Now are needed.
type Options struct {
	BaseURL string          // scheme and host only; the one host that is ever spoken to
	Project string          // X-PARTNER-PROJECT
	Key     *rsa.PrivateKey // ours
	// Timeout is for the whole writing call, 60 s when zero. Reading calls get the same, but at most 15 s.
	Timeout time.Duration
	// RootCAs replaces the system's, for a bank of a test.
	RootCAs *x509.CertPool
	Now     func() time.Time
}

// Client asks the bank. It is safe for concurrent use. It never repeats a call by itself.
type Client struct {
	base        url.URL
	project     string
	signer      Signer
	timeout     time.Duration
	now         func() time.Time
	write, read *http.Client

	mu       sync.Mutex
	answered time.Time // when the last complete answer came, by our clock
	date     time.Time // its Date header
}

// NewClient fails when the address is not http(s)://host[:port], or something needed is missing.
func NewClient(o Options) (*Client, error) {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("bank address: %w", err)
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("bank address %q: scheme and host only are needed", u.Redacted())
	case o.Project == "" || o.Key == nil || o.Now == nil:
		return nil, errors.New("bank client: project, key and clock are needed")
	}
	if err := checkBits(&o.Key.PublicKey); err != nil {
		return nil, fmt.Errorf("bank client: our key: %w", err)
	}
	c := &Client{base: url.URL{Scheme: u.Scheme, Host: u.Host}, project: o.Project, signer: Signer{o.Key}, timeout: o.Timeout, now: o.Now}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	writing := transport(o.RootCAs)
	writing.DisableKeepAlives = true // every writing call has a connection of its own: none can die under it unseen
	reading := transport(o.RootCAs)
	reading.MaxIdleConnsPerHost, reading.IdleConnTimeout = 5, 30*time.Second
	c.write, c.read = httpClient(writing), httpClient(reading)
	return c, nil
}

func transport(roots *x509.CertPool) *http.Transport {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  nil, // never from the environment
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // no h2, whatever ALPN says
		Protocols:              p,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

func httpClient(t *http.Transport) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// reply is what one call brought.
type reply struct {
	gotConn bool
	err     string
	http    int
	body    []byte
	encoded bool // it came with a Content-Encoding
}

// InitPayout sends one payout, once. key is the idempotency key; body exactly what was committed. Whatever happens is in the Answer:
// there is no error beside it.
func (c *Client) InitPayout(ctx context.Context, key string, body []byte) (protocol.Answer, protocol.Raw) {
	return c.writing(ctx, pathInit, key, body)
}

// stepPaths are the calls of the stepwise flow.
var stepPaths = map[protocol.StepCall]string{protocol.CallCreate: pathCreate, protocol.CallStart: pathStart, protocol.CallConfirm: pathConfirm, protocol.CallCancel: pathCancel}

// Step makes one call of the stepwise flow, once, by the same rules as InitPayout.
func (c *Client) Step(ctx context.Context, call protocol.StepCall, key string, body []byte) (protocol.Answer, protocol.Raw) {
	path, ok := stepPaths[call]
	if !ok || key == "" {
		return protocol.Answer{}, protocol.Raw{} // nothing left us
	}
	return c.writing(ctx, path, key, body)
}

// writing makes one call that may change something at the bank.
func (c *Client) writing(ctx context.Context, path, key string, body []byte) (protocol.Answer, protocol.Raw) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r := c.call(ctx, c.write, path, key, body)
	var a protocol.Answer
	if r.err == "" && !r.encoded {
		a = ParseAnswer(r.body)
	} else {
		a.Err = r.err
	}
	a.GotConn, a.HTTP = r.gotConn, r.http
	return a, r.raw()
}

// Status asks about one session. It changes nothing at the bank.
func (c *Client) Status(ctx context.Context, session string) (protocol.Fetch, protocol.Raw) {
	body, err := json.Marshal(map[string]string{"session_id": session})
	if err != nil { // a string always can
		return protocol.Fetch{Asked: session, Problem: "down", Code: ErrCut}, protocol.Raw{}
	}
	r := c.ask(ctx, pathStatus, body)
	if r.err != "" || r.encoded {
		return protocol.Fetch{Asked: session, Problem: "down", Code: r.err}, r.raw()
	}
	return ParseFetch(session, r.http, r.body), r.raw()
}

// Balance asks for the balance of our wallet: the harmless call. at is the moment that is asked about.
func (c *Client) Balance(ctx context.Context, at time.Time) (protocol.Balance, protocol.Raw) {
	body, err := json.Marshal(map[string]string{"request_datetime": at.UTC().Format(dateTimeOffset)})
	if err != nil {
		return protocol.Balance{}, protocol.Raw{}
	}
	r := c.ask(ctx, pathBalance, body)
	if r.err != "" || r.encoded {
		return protocol.Balance{}, r.raw()
	}
	return parseBalance(r.http, r.body), r.raw()
}

// LastAnswer is when the bank last answered anything in full, by our clock.
func (c *Client) LastAnswer() (at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered, !c.answered.IsZero()
}

// BankDate is the Date header of that answer: beside LastAnswer it shows how far the two clocks are apart.
func (c *Client) BankDate() (at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.date, !c.date.IsZero()
}

// Clocks is both times of the last answer: ours when it came, the bank's of its Date header. Zero where there was no answer, or no such header.
func (c *Client) Clocks() (ours, theirs time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered, c.date
}

// Close lets go of idle connections.
func (c *Client) Close() {
	c.write.CloseIdleConnections()
	c.read.CloseIdleConnections()
}

func (c *Client) ask(ctx context.Context, path string, body []byte) reply {
	ctx, cancel := context.WithTimeout(ctx, min(c.timeout, longestRead))
	defer cancel()
	return c.call(ctx, c.read, path, "", body)
}

func (c *Client) call(ctx context.Context, with *http.Client, path, key string, body []byte) (r reply) {
	var had atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { had.Store(true) }})
	defer func() { r.gotConn = had.Load() }()
	fail := func() reply {
		r.err = ErrCut
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			r.err = ErrTimeout
		}
		return r
	}
	sign, err := c.signer.Sign(body)
	if err != nil {
		return fail() // nothing left us: gotConn stays false
	}
	to := c.base
	to.Path = path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return fail()
	}
	if key != "" {
		req.GetBody = nil // a body that cannot be rewound cannot be sent twice
		req.Header.Set(headerKey, key)
	}
	req.Header.Set(headerProject, c.project)
	req.Header.Set(headerSign, sign)
	req.Header.Set("Content-Type", jsonContentType)
	req.Header.Set("Accept", jsonContentType)
	req.Header.Set("User-Agent", "countersign")
	resp, err := with.Do(req)
	if err != nil {
		return fail()
	}
	defer resp.Body.Close()
	r.http = resp.StatusCode
	r.encoded = resp.Header.Get("Content-Encoding") != ""
	r.body, err = io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	switch {
	case len(r.body) > MaxAnswer:
		r.body, r.err = r.body[:MaxAnswer], ErrTooLarge
		return r
	case err != nil:
		return fail()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = c.now()
	c.date, _ = http.ParseTime(resp.Header.Get("Date")) // the zero time when there is none
	return r
}

func (r reply) raw() protocol.Raw {
	raw := protocol.Raw{HTTP: r.http, Body: r.body}
	if r.err == "" && !r.encoded {
		raw.Description = describe(r.body)
	}
	return raw
}
