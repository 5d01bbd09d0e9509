package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countersign/internal/fault"
)

// fakeVerifier takes "good <body>" as the one right signature.
type fakeVerifier struct{}

func (fakeVerifier) Verify(body []byte, signatures []string) (string, string) {
	switch {
	case len(signatures) == 0:
		return "", "missing"
	case len(signatures) > 1:
		return "", "several"
	case signatures[0] != "good "+string(body):
		return "", "wrong"
	}
	return "key-1", ""
}

type fakeDesk struct {
	mu      sync.Mutex
	stored  []string
	refused []string
	err     error
	block   chan struct{}
	apply   func() (bool, error)
}

func (d *fakeDesk) StoreWebhook(ctx context.Context, body []byte, keyID string) error {
	if d.block != nil {
		<-d.block
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if d.err != nil {
		return d.err
	}
	d.stored = append(d.stored, keyID+" "+string(body))
	return nil
}

func (d *fakeDesk) RefusedWebhook(_ context.Context, body []byte, signature, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = append(d.refused, fmt.Sprintf("%s %d %s", reason, len(body), signature))
}

func (d *fakeDesk) ApplyNext(context.Context) (bool, error) { return d.apply() }

func post(t *testing.T, url, body string, change func(*http.Request)) (code int, text string, head http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(Header, "good "+body)
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// TestIntake: one case a rule of the intake, what is answered, stored and refused.
func TestIntake(t *testing.T) {
	large := strings.Repeat("x", 256<<10)
	for name, c := range map[string]struct {
		body    string
		change  func(*http.Request)
		err     error
		code    int
		stored  int
		refused string
	}{
		"good":                      {body: "{}", code: 200, stored: 1},
		"good, not JSON":            {body: "hello", code: 200, stored: 1},
		"good, empty":               {body: "", change: func(r *http.Request) { r.Header.Set(Header, "good ") }, code: 401, refused: "wrong 0 good"},
		"good, another type":        {body: "{}", change: func(r *http.Request) { r.Header.Set("Content-Type", "text/html") }, code: 200, stored: 1},
		"good, as large as allowed": {body: large, change: func(r *http.Request) { r.Header.Set(Header, "bad") }, code: 401, refused: "wrong 262144 bad"},
		"GET":                       {body: "{}", change: func(r *http.Request) { r.Method = "GET" }, code: 405},
		"PUT":                       {body: "{}", change: func(r *http.Request) { r.Method = "PUT" }, code: 405},
		"too large":                 {body: large + "x", code: 413},
		"too large, length unsaid":  {body: large + "x", change: func(r *http.Request) { r.ContentLength = -1; r.Header.Set(Header, "x") }, code: 413},
		"gzip":                      {body: "{}", change: func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, code: 415},
		"identity":                  {body: "{}", change: func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }, code: 415},
		"no signature":              {body: "{}", change: func(r *http.Request) { r.Header.Del(Header) }, code: 401, refused: "missing 2 "},
		"second signature":          {body: "{}", change: func(r *http.Request) { r.Header.Add(Header, "good {}") }, code: 401, refused: "several 2 good {}\ngood {}"},
		"bad signature":             {body: "{}", change: func(r *http.Request) { r.Header.Set(Header, "good {} "); r.Header.Set(Header, "good []") }, code: 401, refused: "wrong 2 good []"},
		"long signature":            {body: "{}", change: func(r *http.Request) { r.Header.Set(Header, strings.Repeat("s", 5000)) }, code: 401, refused: "wrong 2 " + strings.Repeat("s", maxSignature)},
		"cannot store":              {body: "{}", err: fault.Down("store.full"), code: 503},
		"cannot store, a defect":    {body: "{}", err: errors.New("boom"), code: 503},
	} {
		t.Run(name, func(t *testing.T) {
			d := &fakeDesk{err: c.err}
			woken := 0
			s := httptest.NewServer(Handler(Options{Verifier: fakeVerifier{}, Desk: d, Stored: func() { woken++ }}))
			defer s.Close()
			code, text, head := post(t, s.URL, c.body, c.change)
			if code != c.code || len(d.stored) != c.stored || woken != c.stored {
				t.Errorf("%d, stored %d, woken %d; want %d, %d", code, len(d.stored), woken, c.code, c.stored)
			}
			if want := map[bool]string{true: "ok\n", false: "no\n"}[c.code == 200]; text != want {
				t.Errorf("said %q", text)
			}
			if got := strings.Join(d.refused, "|"); got != c.refused {
				t.Errorf("refused %.80q, want %.80q", got, c.refused)
			}
			if c.code == 405 && head.Get("Allow") != "POST" || c.code == 503 && head.Get("Retry-After") == "" {
				t.Errorf("%v", head)
			}
		})
	}
}

// TestBurst: when all places are taken a message waits a moment, then is sent away with 503 and nothing else.
func TestBurst(t *testing.T) {
	d := &fakeDesk{block: make(chan struct{})}
	s := httptest.NewServer(Handler(Options{Verifier: fakeVerifier{}, Desk: d, Places: 3, Wait: 50 * time.Millisecond}))
	defer s.Close()
	codes := make(chan int, 10)
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() { code, _, _ := post(t, s.URL, fmt.Sprint(i), nil); codes <- code })
	}
	for range 7 {
		if code := <-codes; code != 503 {
			t.Errorf("%d", code)
		}
	}
	close(d.block)
	all.Wait()
	for range 3 {
		if code := <-codes; code != 200 {
			t.Errorf("%d", code)
		}
	}
	if len(d.stored) != 3 {
		t.Errorf("%v", d.stored)
	}
	if code, _, _ := post(t, s.URL, "later", nil); code != 200 {
		t.Errorf("places were not given back: %d", code)
	}
}

// TestSlowSender: a body that does not come in its time is given up, and its place is free again.
func TestSlowSender(t *testing.T) {
	d := &fakeDesk{}
	s := httptest.NewServer(Handler(Options{Verifier: fakeVerifier{}, Desk: d, Places: 1, Read: 100 * time.Millisecond}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nslow"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.Log(err)
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 400")) {
		t.Errorf("%q", answer)
	}
	if code, _, _ := post(t, s.URL, "{}", nil); code != 200 || len(d.stored) != 1 || len(d.refused) != 0 {
		t.Errorf("%d %v %v", code, d.stored, d.refused)
	}
}

// TestHangUp: a sender that hangs up once it has sent everything does not tear the commit.
func TestHangUp(t *testing.T) {
	d := &fakeDesk{block: make(chan struct{})}
	stored := make(chan struct{})
	s := httptest.NewServer(Handler(Options{Verifier: fakeVerifier{}, Desk: d, Stored: func() { close(stored) }}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		r, err := http.NewRequestWithContext(ctx, "POST", s.URL, strings.NewReader("{}"))
		if err == nil {
			r.Header.Set(Header, "good {}")
			if resp, err := http.DefaultClient.Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}
	}()
	d.block <- struct{}{} // it is storing; the sender goes
	cancel()
	<-stored
	if len(d.stored) != 1 {
		t.Errorf("%v", d.stored)
	}
}

// TestApplier: it applies all there is, rests, hears a wake, and does not spin on an error.
func TestApplier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		begun := time.Now()
		left := 3
		var fail error
		d := &fakeDesk{apply: func() (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(begun))
			if fail != nil {
				return false, fail
			}
			left--
			return left >= 0, nil
		}}
		a := &Applier{Desk: d, Idle: time.Minute}
		wake := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { a.Run(ctx, wake) })
		time.Sleep(10 * time.Second)
		mu.Lock()
		left = 1
		mu.Unlock()
		wake <- struct{}{}
		synctest.Wait()
		mu.Lock()
		fail = errors.New("disk full")
		mu.Unlock()
		wake <- struct{}{}
		synctest.Wait()
		wake <- struct{}{} // not heard after an error
		time.Sleep(59 * time.Second)
		cancel()
		wg.Wait()
		var seconds []int
		for _, x := range at {
			seconds = append(seconds, int(x.Seconds()))
		}
		if want := []int{0, 0, 0, 0, 10, 10, 10}; !slices.Equal(seconds, want) {
			t.Errorf("steps at %v, want %v", seconds, want)
		}
	})
}
