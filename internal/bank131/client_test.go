package bank131

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"countersign/internal/protocol"

	"golang.org/x/net/http2"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func client(t *testing.T, address string, change func(*Options)) *Client {
	t.Helper()
	o := Options{BaseURL: address, Project: "test-project", Key: testKeys()[0], Timeout: 5 * time.Second, Now: func() time.Time { return noon }}
	if change != nil {
		change(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// bank starts a test bank and counts the requests it saw whole.
func bank(t *testing.T, h http.HandlerFunc) (address string, count *atomic.Int32) {
	t.Helper()
	count = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			count.Add(1)
		}
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, count
}

const body = `{"a":1}`

// TestInitPayout: what goes out, and what a good answer becomes.
func TestInitPayout(t *testing.T) {
	var got *http.Request
	var bytesSeen []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		bytesSeen, _ = io.ReadAll(r.Body)
		w.Header().Set("Date", "Sun, 22 Nov 2026 11:59:58 GMT")
		_, _ = w.Write(fixture(t, "resp-init-payout-bank-account.json"))
	}))
	defer s.Close()
	c := client(t, s.URL+"/", nil)
	if _, ok := c.LastAnswer(); ok {
		t.Error("an answer before any call")
	}
	a, raw := c.InitPayout(t.Context(), "the-key", []byte(body))
	e := documented()
	e.Reference = "good"
	if kind, why := protocol.Classify(a, e, false); kind != protocol.Taken {
		t.Fatalf("%s %s %+v", kind, why, a)
	}
	if raw.HTTP != 200 || !bytes.Equal(raw.Body, fixture(t, "resp-init-payout-bank-account.json")) {
		t.Errorf("raw %d %s", raw.HTTP, raw.Body)
	}
	if got.Method != "POST" || got.URL.Path != "/api/v1/session/init/payout" || got.ProtoMajor != 1 || string(bytesSeen) != body || got.ContentLength != int64(len(body)) {
		t.Errorf("%s %s %s %q", got.Method, got.URL, got.Proto, bytesSeen)
	}
	for name, want := range map[string]string{"X-Partner-Project": "test-project", "X-Partner-Idempotency-Key": "the-key", "Content-Type": "application/json",
		"Accept": "application/json", "Accept-Encoding": "", "Idempotency-Key": "", "X-Idempotency-Key": "", "Connection": "close", "Expect": ""} {
		if v := got.Header.Get(name); v != want && !(name == "Connection" && got.Close) {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	if _, reason := (Verifier{public(t, testKeys()[0])}).Verify(bytesSeen, got.Header.Values("X-PARTNER-SIGN")); reason != "" {
		t.Errorf("signature: %s", reason)
	}
	if at, ok := c.LastAnswer(); !ok || !at.Equal(noon) {
		t.Errorf("last answer %s %v", at, ok)
	}
	if ours, theirs := c.Clocks(); !ours.Equal(noon) || !theirs.Equal(noon.Add(-2*time.Second)) {
		t.Errorf("clocks %s, %s", ours, theirs)
	}
	if at, ok := c.BankDate(); !ok || !at.Equal(noon.Add(-2*time.Second)) {
		t.Errorf("bank's date %s %v", at, ok)
	}
}

// TestReadingCalls: status and balance carry no idempotency key.
func TestReadingCalls(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-PARTNER-IDEMPOTENCY-KEY") != "" || r.ProtoMajor != 1 {
			t.Errorf("%s with %v", r.URL, r.Header)
		}
		switch r.URL.Path + string(b) {
		case `/api/v1/session/status{"session_id":"ps_3230"}`:
			_, _ = w.Write(fixture(t, "resp-session-status-succeeded-v2.json"))
		case `/api/v1/wallet/balance{"request_datetime":"2026-11-22T12:00:00+00:00"}`:
			_, _ = w.Write(fixture(t, "resp-wallet-balance.json"))
		default:
			t.Errorf("%s %s", r.URL, b)
		}
	}))
	defer s.Close()
	c := client(t, s.URL, nil)
	if f, raw := c.Status(t.Context(), "ps_3230"); f.Problem != "" || f.Session.Status != "accepted" || raw.HTTP != 200 {
		t.Errorf("%+v", f)
	}
	if b, _ := c.Balance(t.Context(), noon.In(time.FixedZone("", 3*60*60))); b != (protocol.Balance{Proper: true, Known: true, Minor: 13100}) {
		t.Errorf("balance %+v", b)
	}
	for name, down := range map[string]http.HandlerFunc{
		"401": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			_, _ = w.Write(fixture(t, "resp-error-authentication.json"))
		},
		"html":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"says ok": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"ok"}`) },
		"float": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"ok","wallets":[{"id":"1","amount_details":{"amount":1.5,"currency":"rub"}}]}`)
		},
		"doubled": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"ok","wallets":[],"Wallets":[]}`)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		address, count := bank(t, down)
		c := client(t, address, nil)
		if b, _ := c.Balance(t.Context(), noon); b.Proper || count.Load() != 1 {
			t.Errorf("balance %s: proper, or asked %d times", name, count.Load())
		}
	}
}

// TestOneBody: however the bank misbehaves after it has the body, it gets it once, and nothing is proved.
func TestOneBody(t *testing.T) {
	hijack := func(w http.ResponseWriter, text string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		err  string
		http int
	}{
		"cut after the body":    {h: func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") }, err: ErrCut},
		"cut inside the header": {h: func(w http.ResponseWriter, _ *http.Request) { hijack(w, "HTTP/1.1 200 OK\r\nContent-Le") }, err: ErrCut},
		"cut inside the answer": {h: func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":\"ok\"")
		}, err: ErrCut, http: 200},
		"not HTTP":      {h: func(w http.ResponseWriter, _ *http.Request) { hijack(w, "hello\r\n\r\n") }, err: ErrCut},
		"never answers": {h: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, err: ErrTimeout},
		"stops in the answer": {h: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"status":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, err: ErrTimeout, http: 200},
		"without end": {h: func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, err: ErrTooLarge, http: 200},
		"header without end": {h: func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20))
		}, err: ErrCut},
		"307 to itself": {h: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
		}, http: 307},
		"308 elsewhere": {h: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusPermanentRedirect) }, http: 308},
		"500":           {h: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, http: 500},
		"503, try again": {h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(503)
		}, http: 503},
		"gzip": {h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(fixture(t, "resp-init-payout-bank-account.json"))
			_ = z.Close()
		}, http: 200},
		"said to be gzip": {h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(fixture(t, "resp-init-payout-bank-account.json"))
		}, http: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, count := bank(t, c.h)
			a, raw := client(t, address, func(o *Options) { o.Timeout = 400 * time.Millisecond }).InitPayout(t.Context(), "k", []byte(body))
			if !a.GotConn || a.Err != c.err || a.HTTP != c.http || a.JSON || a.Session != nil {
				t.Errorf("%+v, want %q %d", a, c.err, c.http)
			}
			if kind, _ := protocol.Classify(a, documented(), false); kind != protocol.Unsure {
				t.Errorf("classified %s", kind)
			}
			if n := count.Load(); n != 1 {
				t.Errorf("%d bodies", n)
			}
			if len(raw.Body) > MaxAnswer {
				t.Errorf("%d bytes kept", len(raw.Body))
			}
		})
	}
}

// TestNotSent: without a connection nothing can have left, and only then is it said.
func TestNotSent(t *testing.T) {
	count := new(atomic.Int32)
	tlsBank := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { count.Add(1) }))
	tlsBank.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that we refused its certificate
	tlsBank.StartTLS()
	defer tlsBank.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never shakes hands
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, c := range map[string]struct {
		ctx     context.Context
		address string
	}{
		"nobody listens":        {t.Context(), "http://" + gone.Addr().String()},
		"no such name":          {t.Context(), "http://bank.invalid"},
		"a stranger's paper":    {t.Context(), tlsBank.URL},
		"never shakes hands":    {t.Context(), "https://" + mute.Addr().String()},
		"stopped before it was": {stopped, tlsBank.URL},
	} {
		t.Run(name, func(t *testing.T) {
			a, raw := client(t, c.address, func(o *Options) { o.Timeout = 300 * time.Millisecond }).InitPayout(c.ctx, "k", []byte(body))
			if a.GotConn || a.HTTP != 0 || raw.HTTP != 0 {
				t.Errorf("%+v", a)
			}
			if kind, _ := protocol.Classify(a, documented(), false); kind != protocol.NotSent {
				t.Errorf("classified %s", kind)
			}
		})
	}
	if count.Load() != 0 {
		t.Error("the bank saw a request")
	}
	// The opposite: a peer that takes the connection and drops it at once. Something may have left.
	drop, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer drop.Close()
	var taken atomic.Int32
	go func() {
		for {
			conn, err := drop.Accept()
			if err != nil {
				return
			}
			taken.Add(1)
			_ = conn.Close()
		}
	}()
	a, _ := client(t, "http://"+drop.Addr().String(), nil).InitPayout(t.Context(), "k", []byte(body))
	if !a.GotConn || a.Err != ErrCut {
		t.Errorf("dropped: %+v", a)
	}
	if n := taken.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestCancelledMidCall: a stop cuts a live call, and the answer says that it proves nothing.
func TestCancelledMidCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address, count := bank(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	a, _ := client(t, address, nil).InitPayout(ctx, "k", []byte(body))
	if !a.GotConn || a.Err != ErrCut || count.Load() != 1 {
		t.Errorf("%+v, %d bodies", a, count.Load())
	}
}

// TestOwnConnections: every writing call has a connection of its own, so that none can be a stale one.
func TestOwnConnections(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	address, _ := bank(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.RemoteAddr]++
		mu.Unlock()
		fmt.Fprint(w, `{"status":"ok"}`)
	})
	c := client(t, address, nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 3 {
				if a, _ := c.InitPayout(t.Context(), "k", []byte(body)); !a.JSON {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	all.Wait()
	if len(seen) != 24 {
		t.Errorf("%d connections for 24 calls", len(seen))
	}
}

// h2Bank speaks HTTP/2 to whoever wants to and resets every stream as "refused", once it has the whole body; to HTTP/1.1 it answers by
// cutting. It counts bodies.
func h2Bank(t *testing.T) (address string, roots *x509.CertPool, bodies *atomic.Int32) {
	t.Helper()
	paper := httptest.NewTLSServer(nil) // only for its certificate
	cert := paper.TLS.Certificates[0]
	roots = x509.NewCertPool()
	roots.AddCert(paper.Certificate())
	paper.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	bodies = new(atomic.Int32)
	serve := func(conn *tls.Conn) {
		defer conn.Close()
		if conn.Handshake() != nil {
			return
		}
		if conn.ConnectionState().NegotiatedProtocol != "h2" {
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				return
			}
			if b, err := io.ReadAll(r.Body); err == nil && len(b) > 0 {
				bodies.Add(1)
			}
			return
		}
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		f := http2.NewFramer(conn, conn)
		if f.WriteSettings() != nil {
			return
		}
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			switch frame := frame.(type) {
			case *http2.SettingsFrame:
				if !frame.IsAck() && f.WriteSettingsAck() != nil {
					return
				}
			case *http2.DataFrame:
				if len(frame.Data()) > 0 {
					bodies.Add(1)
					if f.WriteRSTStream(frame.StreamID, http2.ErrCodeRefusedStream) != nil {
						return
					}
				}
			}
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn.(*tls.Conn))
		}
	}()
	return "https://" + l.Addr().String(), roots, bodies
}

// TestHTTP2Bank: a bank that offers HTTP/2 and resets streams sees exactly one body of ours. The control shows that an ordinary Go
// client sends it again.
func TestHTTP2Bank(t *testing.T) {
	address, roots, bodies := h2Bank(t)
	a, _ := client(t, address, func(o *Options) { o.RootCAs = roots }).InitPayout(t.Context(), "k", []byte(body))
	if !a.GotConn || a.Err != ErrCut {
		t.Errorf("%+v", a)
	}
	if n := bodies.Load(); n != 1 {
		t.Errorf("%d bodies left us", n)
	}

	bodies.Store(0)
	ordinary := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := ordinary.Do(req); err == nil {
		_ = resp.Body.Close()
	}
	if n := bodies.Load(); n < 2 {
		t.Errorf("the control sent %d bodies: this test shows nothing", n)
	}
}

// TestTransports pins what the promises stand on.
func TestTransports(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	c := client(t, "https://bank.invalid", nil)
	for name, h := range map[string]*http.Client{"write": c.write, "read": c.read} {
		tr := h.Transport.(*http.Transport)
		if tr.Proxy != nil || !tr.DisableCompression || tr.ForceAttemptHTTP2 || !tr.Protocols.HTTP1() || tr.Protocols.HTTP2() || tr.Protocols.UnencryptedHTTP2() || tr.TLSNextProto == nil {
			t.Errorf("%s: %+v", name, tr)
		}
		if tr.DisableKeepAlives != (name == "write") {
			t.Errorf("%s keep-alives", name)
		}
	}
}

func TestNewClientRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no address": func(o *Options) { o.BaseURL = "" }, "no scheme": func(o *Options) { o.BaseURL = "bank.example" },
		"ftp": func(o *Options) { o.BaseURL = "ftp://bank.example" }, "a path": func(o *Options) { o.BaseURL = "https://bank.example/api" },
		"a password": func(o *Options) { o.BaseURL = "https://a:b@bank.example" }, "a query": func(o *Options) { o.BaseURL = "https://bank.example/?a=b" },
		"no project": func(o *Options) { o.Project = "" }, "no key": func(o *Options) { o.Key = nil }, "no clock": func(o *Options) { o.Now = nil },
	} {
		o := Options{BaseURL: "https://bank.example", Project: "p", Key: testKeys()[0], Now: time.Now}
		change(&o)
		if _, err := NewClient(o); err == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}
