package banksim

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	fin      = "payment_finished "
	done     = fin + "accepted/succeeded"
	answered = "200 in_progress/in_progress"
)

// wanted is what a desk sees of every row over real HTTP: the answer among the messages, in order.
var wanted = map[int][]string{
	0:  {answered, done},
	51: {answered, fin + "cancelled/failed account_not_found"},
	52: {done, answered, done, done},
	53: {answered, done, fin + "in_progress/in_progress"},
	54: {answered},
	55: {"cut in the middle", done},
	56: {"500 internal_error", done},
	57: {"cut"},
	58: {"502 text/html"},
	59: {done, answered},
	60: {"400 invalid_request"},
	61: {"401 authentication_error"},
	62: {answered, fin + "error/failed provider_timeout !internal_error", done},
	63: {answered, fin + "accepted/succeeded amount+100", done},
	64: {answered, "forged " + done, done},
	65: {answered + " RUB v2", done + " RUB v2"},
	66: {answered, "ready_to_confirm in_progress/pending confirm", fin + "cancelled/failed confirm_timeout"},
	67: {answered, done, "payment_refunded accepted/succeeded back 10067"},
	68: {answered, fin + "cancelled/failed account_not_found", done},
	69: {"307 to " + initPath},
	70: {"cut", done},
	71: {"no answer"},
	72: {"no answer"},
	73: {"400 idempotency_key_already_exists"},
	74: {"401 authentication_error", done},
	75: {answered, done, done},
	76: {"400 insufficient_wallet_balance"},
	77: {answered, done + "/succeeded"},
	78: {answered, "payment_refunded accepted/succeeded back 3359", done},
}

// Every row, all at once, over real HTTP: answer, messages in order with their signatures, ledger. An answer that
// is as quick as its message may be overtaken on a busy machine, so only the rows that promise an order hold to it.
func TestRows_overHTTP(t *testing.T) {
	in := newInbox(t)
	o := options()
	o.WebhookURL, o.DataDir = in.URL, t.TempDir()
	b := started(t, o)
	if len(wanted) != len(Kopecks()) {
		t.Fatalf("%d rows expected, table has %d", len(wanted), len(Kopecks()))
	}
	var all sync.WaitGroup
	for _, row := range Kopecks() {
		all.Go(func() {
			r := ref(row.Kop)
			ctx := t.Context()
			if row.Kop == 71 || row.Kop == 72 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
			}
			d := deskOf(t, b.URL())
			body := orderBody(r, amountOf(r))
			begin := time.Now()
			status, got, line := d.do(d.request(ctx, initPath, body))
			if line == "" {
				line = fmt.Sprintf("%d %s", status, read(t, got).line(amountOf(r)))
			}
			in.note(r, line)
			if took := time.Since(begin); row.Kop == 59 && took < 20*o.Delay {
				t.Errorf("row 59: answered after %v", took)
			}
		})
	}
	all.Wait()
	eventually(t, "nothing pending", idle(b))
	for _, row := range Kopecks() {
		r := ref(row.Kop)
		got, want := in.lines(r), wanted[row.Kop]
		if row.Kop == 52 && got[0] != done {
			t.Errorf("row 52: the answer came first: %q", got)
		}
		if got, want = answersLast(got), answersLast(want); !slices.Equal(got, want) {
			t.Errorf("row %d\n got %q\nwant %q", row.Kop, got, want)
		}
		e := entryOf(t, b, r)
		if e.Executed != row.Executed || e.Requests != 1 || e.Amount != amountOf(r) ||
			e.Account != "40817810100000270411" || e.Currency != "rub" {
			t.Errorf("row %d: ledger %+v, want executed %d", row.Kop, e, row.Executed)
		}
		if taken := planOf(row.Kop).taken; taken != (e.Session != "") || taken == (e.Status == notTaken) {
			t.Errorf("row %d: ledger %+v, taken %v", row.Kop, e, taken)
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if s := in.said[ref(75)]; s[0].Session.ID == s[1].Session.ID || s[1].Session.ID != entryOf(t, b, ref(75)).Session {
		t.Errorf("row 75: sessions %s, %s", s[0].Session.ID, s[1].Session.ID)
	}
	if s := in.said[ref(53)]; !s[1].Session.Updated.Before(s[0].Session.Updated) {
		t.Errorf("row 53: the second message is not older")
	}
	if s := in.said[ref(78)]; !s[1].Session.Updated.Before(s[0].Session.Updated) {
		t.Errorf("row 78: the refund is not newer than the payment")
	}
	d := deskOf(t, b.URL())
	foreign := fmt.Sprintf(`{"session_id":%q}`, in.said[ref(75)][0].Session.ID)
	if got := d.post("/api/v1/session/status", []byte(foreign)); got != "400 invalid_request" {
		t.Errorf("row 75: foreign session's status: %s", got)
	}
}

func answersLast(lines []string) []string {
	out := slices.Clone(lines)
	slices.SortStableFunc(out, func(a, b string) int {
		isAnswer := func(s string) int {
			if strings.Contains(s, "payment_") || strings.Contains(s, "ready_to") {
				return 0
			}
			return 1
		}
		return isAnswer(a) - isAnswer(b)
	})
	return out
}

// clock is the injected time of a driven bank.
type clock struct{ now time.Time }

func driven(t *testing.T) (*Bank, *clock) {
	t.Helper()
	c := &clock{time.Date(2025, 5, 27, 2, 3, 0, 0, time.UTC)}
	o := options()
	o.Driven, o.Delay, o.DataDir = true, 2*time.Second, t.TempDir()
	o.Now = func() time.Time { return c.now }
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b, c
}

// What status says and how often money has left, at every change: "times d: session/payouts, executed".
// Driven, so exact. Rows that never take anything say nothing.
func TestRows_statusOverTime(t *testing.T) {
	const open = "0: in_progress/in_progress 0"
	plain := []string{open, "1: accepted/succeeded 1"}
	leftAtOnce := []string{"0: in_progress/in_progress 1", "1: accepted/succeeded 1"}
	want := map[int][]string{
		0: plain, 53: plain, 54: plain, 59: plain, 63: plain, 64: plain,
		51: {open, "1: cancelled/failed account_not_found 0"},
		52: {"0: accepted/succeeded 1"},
		55: leftAtOnce, 56: leftAtOnce, 72: leftAtOnce, 74: leftAtOnce,
		62: {open, "1: error/failed provider_timeout !internal_error 0", "11: accepted/succeeded 1"},
		65: {"0: in_progress/in_progress RUB v2 0", "1: accepted/succeeded RUB v2 1"},
		66: {open, "1: in_progress/pending confirm 0", "30: cancelled/failed confirm_timeout 0"},
		67: {open, "1: accepted/succeeded 1", "4: accepted/succeeded back 10067 1"},
		68: {open, "1: cancelled/failed account_not_found 0", "6: accepted/succeeded 1"},
		70: {open, "15: accepted/succeeded 1"},
		75: {open, "2: accepted/succeeded 1"},
		77: {open, "1: accepted/succeeded/succeeded 2"},
		78: {open, "1: accepted/succeeded back 3359 1"},
	}
	for _, row := range Kopecks() {
		t.Run(fmt.Sprint(row.Kop), func(t *testing.T) {
			b, c := driven(t)
			d := &desk{t: t, bank: b}
			r := ref(row.Kop)
			d.do(d.request(t.Context(), initPath, orderBody(r, amountOf(r))))
			begin := c.now
			var got []string
			var updated time.Time
			for n := range 40 {
				c.now = begin.Add(time.Duration(n) * 2 * time.Second)
				b.Advance(c.now)
				e := entryOf(t, b, r)
				if e.Session == "" {
					continue
				}
				_, body, _ := d.do(d.request(t.Context(), "/api/v1/session/status", []byte(`{"session_id":"`+e.Session+`"}`)))
				s := read(t, body)
				line := fmt.Sprintf(": %s %d", s.line(amountOf(r)), e.Executed)
				if len(got) > 0 && strings.HasSuffix(got[len(got)-1], line) {
					continue
				}
				got = append(got, fmt.Sprint(n, line))
				if !s.Session.Updated.After(updated) {
					t.Errorf("updated_at did not move: %v", got)
				}
				updated = s.Session.Updated
			}
			if !slices.Equal(got, want[row.Kop]) {
				t.Errorf("\n got %q\nwant %q", got, want[row.Kop])
			}
			if e := entryOf(t, b, r); e.Executed != row.Executed {
				t.Errorf("executed %d, the table says %d", e.Executed, row.Executed)
			}
		})
	}
}

// A driven bank returns what it would post, signed, in order, and never posts or waits; live again, it posts the rest.
func TestDriven(t *testing.T) {
	b, c := driven(t)
	d := &desk{t: t, bank: b}
	for _, row := range Kopecks() {
		r := ref(row.Kop)
		d.do(d.request(t.Context(), initPath, orderBody(r, amountOf(r))))
	}
	if due, ok := b.Next(); !ok || !due.Equal(c.now) {
		t.Fatalf("next %v %v: row 52's message is due now", due, ok)
	}
	got := map[string][]string{}
	last := c.now
	for _, m := range b.Advance(c.now.Add(time.Hour)) {
		s := read(t, m.Body)
		line := s.Type + " " + s.line(amountOf(m.Reference))
		if !genuine(m.Body, m.Signature) {
			line = "forged " + line
		}
		if m.At.Before(last) || m.Type != s.Type || m.Reference != reference1(s) || s.Session.Updated.After(m.At) && s.Session.Updated.Sub(m.At) > time.Millisecond {
			t.Errorf("delivery %+v", m)
		}
		last = m.At
		got[m.Reference] = append(got[m.Reference], line)
	}
	for _, row := range Kopecks() {
		var want []string
		for _, l := range wanted[row.Kop] {
			if strings.Contains(l, "payment_") || strings.Contains(l, "ready_to") {
				want = append(want, l)
			}
		}
		if !slices.Equal(got[ref(row.Kop)], want) {
			t.Errorf("row %d\n got %q\nwant %q", row.Kop, got[ref(row.Kop)], want)
		}
	}
	if _, ok := b.Next(); ok {
		t.Error("something is still pending")
	}

	in := newInbox(t)
	b.SetWebhookURL(in.URL)
	d.do(d.request(t.Context(), initPath, orderBody(ref(0), amountOf(ref(0)))))
	c.now = c.now.Add(time.Hour)
	if err := b.GoLive(); err != nil {
		t.Fatal(err)
	}
	if m := b.Advance(c.now.Add(time.Hour)); m != nil {
		t.Errorf("a live bank advanced: %v", m)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go b.Run(ctx)
	eventually(t, "the message", func() bool { return len(in.lines(ref(0))) == 1 })
}

// 400 payouts, as the demo's sample has, must not cost it its six seconds.
func TestDriven_sample(t *testing.T) {
	b, c := driven(t)
	d := &desk{t: t, bank: b}
	begin := time.Now()
	messages := 0
	for n := range 400 {
		r := fmt.Sprintf("cs1-%d-x-%d", n, 100000+n)
		d.do(d.request(t.Context(), initPath, orderBody(r, amountOf(r))))
		c.now = c.now.Add(time.Hour)
		messages += len(b.Advance(c.now))
	}
	if took := time.Since(begin); took > 6*time.Second || messages < 300 {
		t.Errorf("%d messages in %v", messages, took)
	}
}

// The table is in words that pages may show, in two languages, and each row that has a plan is in it.
func TestKopecks(t *testing.T) {
	seen := map[int]bool{}
	forbidden := []string{"digest", "verdict", "subject", "halt", "inbox", "held", "flagged", "succeeded", "failed",
		"pending_approval", "in_progress", "needs_review", "own_ref", "full_name", "admin"}
	for _, r := range Kopecks() {
		seen[r.Kop] = true
		for _, text := range []string{r.Bank, r.BankRU, r.End, r.EndRU} {
			if text == "" {
				t.Errorf("row %d lacks a text", r.Kop)
			}
			for _, w := range strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return strings.ContainsRune(" ,;:→()", c) }) {
				if slices.Contains(forbidden, w) {
					t.Errorf("row %d says %q", r.Kop, w)
				}
			}
		}
	}
	for kop := 51; kop <= 78; kop++ {
		if !seen[kop] {
			t.Errorf("row %d is missing", kop)
		}
		if _, ok := plans[kop]; !ok {
			t.Errorf("row %d has no plan", kop)
		}
	}
	if rowOf(10050) != 0 || rowOf(79) != 0 || rowOf(151) != 51 {
		t.Error("amounts choose wrong rows")
	}
	Kopecks()[0].Bank = "" // a copy
	if Kopecks()[0].Bank == "" {
		t.Error("the table can be changed from outside")
	}
}

// Row 75: nothing happens before the answer is written, however slowly its reader takes it.
func TestRow75_afterAnswer(t *testing.T) {
	b := started(t, options())
	d := &desk{t: t, bank: b}
	w := &slowWriter{ResponseRecorder: httptest.NewRecorder(), meanwhile: func() {
		if due, ok := b.Next(); ok || b.Pending() != 2 {
			t.Errorf("before the answer: due %v, %d pending", due, b.Pending())
		}
	}}
	b.Handler().ServeHTTP(w, d.request(t.Context(), initPath, orderBody(ref(75), amountOf(ref(75)))))
	if w.Code != http.StatusOK {
		t.Fatalf("answer %d", w.Code)
	}
	in := newInbox(t)
	b.SetWebhookURL(in.URL)
	eventually(t, "both messages", func() bool { return len(in.lines(ref(75))) == 2 })
}

type slowWriter struct {
	*httptest.ResponseRecorder
	meanwhile func()
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.meanwhile()
	return w.ResponseRecorder.Write(p)
}

// An ordinary recorder has no connection to cut: 502, and no panic.
func TestDriven_recorder(t *testing.T) {
	b, _ := driven(t)
	d := &desk{t: t, bank: b}
	for _, kop := range []int{55, 57, 70, 71, 72} {
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, d.request(t.Context(), initPath, orderBody(ref(kop), amountOf(ref(kop)))))
		if w.Code != http.StatusBadGateway || w.Body.Len() != 0 || w.Header().Get("X-Banksim") != "cut" {
			t.Errorf("row %d: %d %s", kop, w.Code, w.Body)
		}
	}
}
