package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/payout"
)

// listener reads one stream of a real server.
type listener struct {
	t      *testing.T
	resp   *http.Response
	lines  chan string
	cancel context.CancelFunc
}

func (b *bench) server() *httptest.Server {
	s := httptest.NewUnstartedServer(b.h)
	s.Config = NewServer(b.h)
	s.Config.WriteTimeout, s.Config.ReadTimeout = time.Second, time.Second // streams must outlive both
	s.Start()
	b.t.Cleanup(s.Close)
	b.t.Cleanup(b.web.Close)
	return s
}

func (b *bench) listen(s *httptest.Server, x *browser1, last string) *listener {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	q, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/live", nil)
	must(b.t, err)
	for k, v := range x.cookies {
		q.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	q.Header.Set("Accept-Language", x.lang)
	if last != "" {
		q.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultTransport.RoundTrip(q)
	must(b.t, err)
	l := &listener{t: b.t, resp: resp, lines: make(chan string, 1000), cancel: cancel}
	go func() {
		defer close(l.lines)
		defer resp.Body.Close()
		sc := bufio.NewScanner(resp.Body)
		for sc.Scan() {
			l.lines <- sc.Text()
		}
	}()
	b.t.Cleanup(cancel)
	return l
}

// hear waits for a line with this text; "" waits for the end of the stream.
func (l *listener) hear(text string, within time.Duration) string {
	l.t.Helper()
	limit := time.After(within)
	for {
		select {
		case s, ok := <-l.lines:
			if !ok {
				if text == "" {
					return ""
				}
				l.t.Fatalf("the stream ended before %q", text)
			}
			if text != "" && strings.Contains(s, text) {
				return s
			}
		case <-limit:
			l.t.Fatalf("nothing of %q in %s", text, within)
		}
	}
}

// A change reaches an open page as one line with the badge, in the reader's language, with the reader's own counts behind it.
func TestLive(t *testing.T) {
	b := newBench(t)
	s := b.server()
	a := b.listen(s, b.as("a1"), "")
	ru := b.as("u1")
	ru.lang = "ru"
	u := b.listen(s, ru, "")
	if a.resp.StatusCode != 200 || !strings.HasPrefix(a.resp.Header.Get("Content-Type"), "text/event-stream") || a.resp.Header.Get("X-Accel-Buffering") != "no" || a.resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatal(a.resp.Status, a.resp.Header)
	}
	a.hear(`data: {"approvals":0,"unknown":0}`, 2*time.Second)
	id := b.Submit(100_00)
	a.hear("event: payout", 2*time.Second)
	line := a.hear("data: ", 2*time.Second)
	if !strings.Contains(line, `data-payout="`+string(id)+`"`) || !strings.Contains(line, `data-status="pending_approval"`) || !strings.Contains(line, "Awaiting approval") {
		t.Error(line)
	}
	a.hear(`data: {"approvals":1,"unknown":0}`, 2*time.Second)
	u.hear("На согласовании", 2*time.Second)
	b.Approve(id, "a2")
	a.hear(`data-held="countdown"`, 2*time.Second)
	a.hear(`data: {"approvals":0,"unknown":0}`, 2*time.Second)
	// The server's own time limits are a second here, and the heartbeat goes on.
	time.Sleep(1500 * time.Millisecond)
	must(t, b.App.Halt(t.Context(), b.Who["a2"], "проверка"))
	u.hear("event: reload", 2*time.Second)
}

// Whoever comes back with the number last heard gets what was missed.
func TestLive_CatchUp(t *testing.T) {
	b := newBench(t)
	s := b.server()
	x := b.as("a1")
	first := b.listen(s, x, "")
	b.Submit(100_00)
	id := strings.TrimPrefix(first.hear("id: ", 2*time.Second), "id: ")
	first.hear("event: payout", 2*time.Second)
	first.cancel()
	missed := b.Submit(200_00)
	b.quiet()
	again := b.listen(s, x, id)
	again.hear(`data-payout="`+string(missed)+`"`, 2*time.Second)
}

// quiet waits until everything that was changed has been told.
func (b *bench) quiet() {
	for range 200 {
		d, err := b.App.Desk(b.t.Context())
		must(b.t, err)
		if b.web.Hub.Sequence() >= d.Seq {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.t.Fatal("changes are not told")
}

// Six streams a sign-in; the seventh is 429, and one that ends makes room.
func TestLive_Six(t *testing.T) {
	b := newBench(t)
	s := b.server()
	x := b.as("a1")
	var all []*listener
	for range 6 {
		l := b.listen(s, x, "")
		l.hear("retry", 2*time.Second)
		all = append(all, l)
	}
	l := b.listen(s, x, "")
	if l.resp.StatusCode != http.StatusTooManyRequests || l.resp.Header.Get("Retry-After") == "" {
		t.Fatal(l.resp.Status)
	}
	if l := b.listen(s, b.as("a1"), ""); l.resp.StatusCode != 200 {
		t.Fatal("another sign-in has no streams of its own")
	}
	all[0].cancel()
	for range 100 {
		if l := b.listen(s, x, ""); l.resp.StatusCode == 200 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("no room after one ended")
}

// The stream of somebody who is suspended, signed out, or has run out ends within two seconds.
func TestLive_Ends(t *testing.T) {
	b := newBench(t)
	s := b.server()
	d := b.as("d1")
	for name, end := range map[string]func(*browser1){
		"suspended": func(*browser1) {
			want(t, d.post("/settings/people/"+b.Who["a1"].Person+"/suspend", url.Values{"reason": {"ушёл"}}), http.StatusSeeOther)
		},
		"suspended past the pages": func(*browser1) {
			must(t, b.App.SuspendPerson(t.Context(), b.Who["d1"], b.Who["a2"].Person, "ушёл"))
		},
		"signed out": func(x *browser1) { want(t, x.post("/sign-out", nil), http.StatusSeeOther) },
		"the desk stops": func(*browser1) {
			b.web.Hub.EndPerson(b.Who["u1"].Person)
		},
	} {
		who := map[string]string{"suspended": "a1", "suspended past the pages": "a2", "signed out": "m1", "the desk stops": "u1"}[name]
		x := b.as(who)
		l := b.listen(s, x, "")
		l.hear("retry", 2*time.Second)
		end(x)
		l.hear("", 2*time.Second)
	}
	x := b.as("s1")
	l := b.listen(s, x, "")
	l.hear("retry", 2*time.Second)
	b.Clock.Add(16 * time.Minute) // nobody touched anything: the stream is no sign of a human being
	l.hear("", 2*time.Second)
	if l := b.listen(s, x, ""); l.resp.StatusCode != http.StatusUnauthorized {
		t.Error(l.resp.Status)
	}
}

// More changes than can be told one by one become one "reload", and the writer never waits.
func TestChanged_Overflow(t *testing.T) {
	b := newBench(t)
	s := b.server()
	l := b.listen(s, b.as("a1"), "")
	l.hear("retry", 2*time.Second)
	ids := make([]payout.ID, 3*maxNotes)
	for i := range ids {
		ids[i] = payout.ID(token(18))
	}
	start := time.Now()
	b.web.Changed(app.Change{Seq: 1_000_000, Payouts: ids})
	if time.Since(start) > 100*time.Millisecond {
		t.Error("the writer waited")
	}
	l.hear("event: reload", 2*time.Second)
}
