package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store"
)

// everythingReads opens what pages show; a desk that may not send still tells everything it knows.
func everythingReads(t *testing.T, d *desktest.Desk) {
	t.Helper()
	ctx := t.Context()
	p, err := d.Store.List(ctx, app.ListQuery{})
	must(t, err)
	if len(p.Rows) == 0 {
		t.Fatal("an empty list")
	}
	for _, r := range p.Rows {
		d.Get(r.ID)
		_, err := d.Store.Timeline(ctx, "payout", string(r.ID))
		must(t, err)
	}
	_, err = d.Store.Pending(ctx, 50)
	must(t, err)
	_, err = d.Store.Unknowns(ctx, 50)
	must(t, err)
	_, err = d.Store.Inbox(ctx, app.InboxQuery{})
	must(t, err)
	_, err = d.Store.History(ctx, app.HistoryQuery{})
	must(t, err)
	_, err = d.App.Desk(ctx)
	must(t, err)
}

// TestQuarantine: a database copied back from a backup is older than its anchor: it claims nothing, however long one waits and whoever
// approves, it says so on every approved payout, everything reads, and the anchor is not moved back. The matching database lifts it.
// The same without an anchor where requests were made, with another key's anchor, and with an anchor that is rubbish. Promise 6.
func TestQuarantine(t *testing.T) {
	d := desktest.New(t)
	sent := d.Approved(100_00)
	if !d.Send() {
		t.Fatal("not sent")
	}
	later := d.Approved(200_00) // approved at the time of the backup
	pending := d.Submit(300_00)
	backup := filepath.Join(d.Dir, "backup.db")
	must(t, store.Backup(t.Context(), d.DB(), backup))
	if !d.Send() { // and sent after it
		t.Fatal("not sent")
	}
	ref := d.Get(later).Reference
	newest := filepath.Join(d.Dir, "newest.db")
	must(t, d.Store.Close())
	now, err := os.ReadFile(d.DB())
	must(t, err)
	must(t, os.WriteFile(newest, now, 0o600))
	anchor, err := os.ReadFile(d.Anchor())
	must(t, err)

	held := func(why string) {
		t.Helper()
		if got := d.Store.Quarantined(); got != why {
			t.Errorf("quarantine %q, want %q", got, why)
		}
		d.Clock.Add(time.Hour)
		if o := d.Claim(); o != nil {
			t.Errorf("%s: claimed %s", why, o.Payout)
		}
		desk, err := d.App.Desk(t.Context())
		must(t, err)
		s := d.Get(later)
		if h := desk.Held(s.State, s.Why, s.Content.DueDate, s.SendAt, s.HeldUntil, d.Clock.Now()); s.State == payout.Approved && h != "quarantine" {
			t.Errorf("%s: held %q", why, h)
		}
		everythingReads(t, d)
		must(t, d.Store.Anchor())
		if b, err := os.ReadFile(d.Anchor()); err == nil && why != "missing" && string(b) != string(anchor) {
			t.Errorf("%s: the anchor was moved", why)
		}
	}
	d.Replace(backup)
	d.Open()
	held("older")
	// What was approved at the time of the copy may have been paid since; what waited may have been approved and paid.
	if s := d.Get(later); s.State != payout.Unknown || s.Why != payout.WhyRestored {
		t.Errorf("approved at the backup: %s %q", s.State, s.Why)
	}
	if s := d.Get(pending); s.State != payout.Cancelled || s.Why != payout.WhyRestored {
		t.Errorf("pending at the backup: %s %q", s.State, s.Why)
	}
	must(t, d.Store.Close())
	if b, _ := os.ReadFile(d.Anchor()); string(b) != string(anchor) {
		t.Error("closing from quarantine moved the anchor")
	}

	d.Replace(newest)
	must(t, os.Remove(d.Anchor()))
	d.Open()
	held("missing")
	must(t, d.Store.Close())

	_, foreign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	fs, err := audit.NewSigner(audit.KeyName, foreign)
	must(t, err)
	h, err := audit.SignHead(audit.Head{Size: 3, At: d.Clock.Now(), Incarnation: "other"}, fs)
	must(t, err)
	anchorOf := func(b []byte) { must(t, os.WriteFile(d.Anchor(), b, 0o600)) }
	for name, b := range map[string][]byte{"foreign": h.Signed, "rubbish": []byte("nothing"), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			anchorOf(b)
			anchor, b = b, anchor
			d.Replace(newest)
			d.Open()
			held("differs")
			must(t, d.Store.Close())
			anchor, b = b, anchor
		})
	}

	anchorOf(anchor)
	d.Replace(newest)
	d.Open()
	if q := d.Store.Quarantined(); q != "" {
		t.Errorf("the matching database is held: %q", q)
	}
	d.Approve(pending, "a1")
	d.Clock.Add(time.Minute)
	if !d.Send() {
		t.Error("the matching database does not send")
	}
	if e := d.Ledger()[ref]; e.Requests != 1 {
		t.Errorf("%d requests for what was sent after the backup", e.Requests)
	}
	_ = sent
	d.Verify()
}

// TestQuarantine_Running: an anchor that is damaged under a running desk, or was written by another copy of it, stops sending, by the claim that finds it or by
// the minute's look after it, and two people can let it go on: at once where it was damaged; where another copy ran, only after a start, which takes what was
// approved for possibly paid. Somebody's own stop is no place to say that no other copy ran. Promises 1 and 6.
func TestQuarantine_Running(t *testing.T) {
	damage := func(t *testing.T, d *desktest.Desk) {
		b, err := os.ReadFile(d.Anchor())
		must(t, err)
		i := strings.LastIndex(string(b), "\n\u2014")
		b[i+30] ^= 1
		must(t, os.WriteFile(d.Anchor(), b, 0o600))
	}
	cause := func(t *testing.T, d *desktest.Desk) (cause string, yes int) {
		desk, err := d.App.Desk(t.Context())
		must(t, err)
		if desk.Halt == nil {
			return "", 0
		}
		return desk.Halt.Cause, len(desk.Released)
	}
	release := func(t *testing.T, d *desktest.Desk) error {
		must(t, d.App.Resume(t.Context(), d.Who["a1"]))
		return d.App.Resume(t.Context(), d.Who["d1"])
	}
	for name, c := range map[string]struct {
		harm  func(t *testing.T, d *desktest.Desk)
		finds func(t *testing.T, d *desktest.Desk)
		own   bool // somebody's own stop stands when it is found
		other bool // another copy wrote it
	}{
		"claim": {damage, func(t *testing.T, d *desktest.Desk) {
			if o, err := d.App.Claim(t.Context()); o != nil || err == nil {
				t.Fatalf("claimed %v %v", o, err)
			}
		}, false, false},
		"anchored": {damage, func(t *testing.T, d *desktest.Desk) {
			if d.App.Anchor(t.Context()) == nil {
				t.Fatal("anchored")
			}
		}, false, false},
		"look": {damage, func(t *testing.T, d *desktest.Desk) {
			if d.Store.Anchor() == nil {
				t.Fatal("anchored")
			}
			_, err := d.App.LookNow(t.Context())
			must(t, err)
		}, false, false},
		"own stop": {damage, func(t *testing.T, d *desktest.Desk) {
			if d.App.Anchor(t.Context()) == nil {
				t.Fatal("anchored")
			}
		}, true, false},
		"another copy": {func(t *testing.T, d *desktest.Desk) {
			h, err := audit.SignHead(audit.Head{Size: 1000, At: d.Clock.Now(), Incarnation: d.Store.Incarnation()}, d.Signer)
			must(t, err)
			must(t, audit.WriteAnchor(d.Anchor(), h.Signed))
		}, func(t *testing.T, d *desktest.Desk) {
			if d.App.Anchor(t.Context()) == nil {
				t.Fatal("anchored")
			}
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			d.Approved(100_00)
			if !d.Send() {
				t.Fatal("not sent")
			}
			id := d.Approved(200_00)
			if c.own {
				must(t, d.App.Halt(t.Context(), d.Who["a2"], "lunch"))
			}
			c.harm(t, d)
			c.finds(t, d)
			if c.own {
				must(t, release(t, d))
			}
			if got, yes := cause(t, d); d.Store.Quarantined() != "differs" || got != app.HaltQuarantine || yes > 0 || d.Claim() != nil {
				t.Fatalf("quarantine %q, stopped for %q, %d yes", d.Store.Quarantined(), got, yes)
			}
			want := payout.InProgress
			err := release(t, d)
			if c.other {
				wants(t, "released", err, "halt.other_copy")
				if got, _ := cause(t, d); got != app.HaltQuarantine || d.Claim() != nil {
					t.Fatalf("stopped for %q", got)
				}
				d.Restart()
				err, want = release(t, d), payout.Unknown
			}
			must(t, err)
			d.Send()
			if s := d.Get(id); s.State != want || d.Store.Quarantined() != "" || d.Halted() {
				t.Errorf("after the release it is %s %q, quarantine %q, stopped %v", s.State, s.Why, d.Store.Quarantined(), d.Halted())
			}
			d.Verify()
		})
	}
}

// TestQuarantine_EveryBackup: whatever the moment of the backup, if anything was claimed after it, the restored desk claims nothing. A hundred moments.
func TestQuarantine_EveryBackup(t *testing.T) {
	d := desktest.New(t)
	var backups []string
	for i := range 25 {
		b := filepath.Join(d.Dir, fmt.Sprintf("b%d.db", i))
		must(t, store.Backup(t.Context(), d.DB(), b))
		backups = append(backups, b)
		d.Approved(int64(100_00 + i*100))
		if !d.Send() {
			t.Fatal("not sent")
		}
	}
	d.Approved(999_00)
	must(t, d.Store.Close())
	requests := 0
	for _, e := range d.Ledger() {
		requests += e.Requests
	}
	for i, b := range backups {
		d.Replace(b)
		d.Open()
		if q := d.Store.Quarantined(); q != "older" {
			t.Errorf("backup %d: quarantine %q", i, q)
		}
		for range 3 {
			if d.Send() {
				t.Errorf("backup %d sent", i)
			}
		}
		must(t, d.Store.Close())
	}
	again := 0
	for _, e := range d.Ledger() {
		again += e.Requests
	}
	if again != requests {
		t.Errorf("%d requests before, %d after", requests, again)
	}
	d.Open()
}

// crashLife is one life in single durable steps; each leaves the disk in a state that a crash may find.
func crashLife(d *desktest.Desk, minor int64, id *payout.ID, step func(name string)) {
	t := d.T
	*id = d.Submit(minor)
	step("submitted")
	d.Approve(*id, desktest.Signers(minor)...)
	step("approved")
	d.Clock.Add(4 * time.Second)
	o := d.Claim()
	step("claimed, nothing left yet")
	if o == nil {
		return
	}
	a, raw := d.Ask(o)
	step("asked, answer not recorded")
	if err := d.App.Answered(t.Context(), o, a, raw); err != nil {
		t.Fatal(err)
	}
	step("answered")
	d.Clock.Add(10 * time.Second)
	for _, m := range d.Bank.Advance(d.Clock.Now()) {
		if key, reason := d.Hooks().Verify(m.Body, []string{m.Signature}); reason == "" {
			if err := d.App.StoreWebhook(t.Context(), m.Body, key); err != nil {
				t.Fatal(err)
			}
			step("message stored, not applied")
		}
	}
	d.Apply()
	step("message applied")
	d.Poll()
	step("status fetched")
}

// TestCrashEverywhere: the process dies after every durable step of a payout's life, for several answers of the bank, and starts again from the
// disk as it was. What was claimed without a recorded answer is unknown, at once and for good until the bank tells; nothing is ever asked a
// second time; everything else goes on from where it was; and the history proves itself. Promises 1, 4, 5; issue point 12.
func TestCrashEverywhere(t *testing.T) {
	rows := []int64{0, 55, 57, 68}
	if !raceOn {
		rows = append(rows, 52, 60, 71, 77)
	}
	for _, kop := range rows {
		steps := 0
		for at := 0; at <= steps; at++ {
			d := desktest.New(t)
			var id payout.ID
			n := 0
			crashed := ""
			func() {
				defer func() {
					if r := recover(); r != nil && r != "crash" {
						panic(r)
					}
				}()
				crashLife(d, 10_000_00+kop, &id, func(name string) {
					if n++; n-1 == at {
						crashed = name
						panic("crash")
					}
				})
			}()
			steps = max(steps, n)
			if crashed == "" {
				break
			}
			before := d.Get(id)
			d.Crash()
			after := d.Get(id)
			want := before.State
			if want == payout.Sending {
				want = payout.Unknown
			}
			if after.State != want {
				t.Errorf("kopecks %d, crash after %q: %s became %s, want %s", kop, crashed, before.State, after.State, want)
			}
			// The new process goes on: people, the dispatcher, the bank and the poller do what there is to do.
			d.Apply()
			if after.State == payout.PendingApproval {
				d.Approve(id, "a1")
			}
			for range 3 {
				d.Clock.Add(time.Minute)
				d.Send()
				d.Settle()
			}
			s := d.Get(id)
			e := d.Ledger()[s.Reference]
			if s.Reference != "" && e.Requests > 1 {
				t.Errorf("kopecks %d, crash after %q: %d requests", kop, crashed, e.Requests)
			}
			switch s.State {
			case payout.Succeeded:
				if e.Executed != 1 {
					t.Errorf("kopecks %d, crash after %q: succeeded, the bank paid %d times", kop, crashed, e.Executed)
				}
			case payout.Failed:
				if e.Executed != 0 {
					t.Errorf("kopecks %d, crash after %q: failed, the bank paid %d times", kop, crashed, e.Executed)
				}
			case payout.Unknown:
			default:
				t.Errorf("kopecks %d, crash after %q: ends %s", kop, crashed, s.State)
			}
			matches(t, d, oracle(t, d))
			d.Verify()
		}
		if steps < 5 {
			t.Errorf("kopecks %d: only %d steps", kop, steps)
		}
	}
}

// TestUnknownIsNeverSentAgain: the bank is silent for a fake week, the desk restarts every day; the unknown payout stays unknown, is asked about if
// there is anything to ask about, and is never sent again. Promise 5.
func TestUnknownIsNeverSentAgain(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_71)
	o := d.Claim()
	d.Ask(o)
	for day := range 7 {
		if day%2 == 0 {
			d.Restart()
		} else {
			d.Crash()
		}
		for range 24 {
			d.Clock.Add(time.Hour)
			for {
				did, err := d.App.LoseStale(t.Context())
				must(t, err)
				if !did {
					break
				}
			}
			if d.Send() {
				t.Fatal("sent again")
			}
			d.Poll()
		}
	}
	s := d.Get(id)
	if s.State != payout.Unknown || d.Ledger()[s.Reference].Requests != 1 {
		t.Errorf("%s, %d requests", s.State, d.Ledger()[s.Reference].Requests)
	}
	rows, err := d.Store.Unknowns(t.Context(), 50)
	must(t, err)
	if len(rows) != 1 || rows[0].ID != id {
		t.Errorf("it is not on the list of unknown ones: %v", rows)
	}
	d.Verify()
}

// TestLoseStale: in a living process a call that nobody answered becomes unknown one minute after the longest call, not a moment earlier; the
// answer that comes after all changes nothing by itself, has the session it names asked about, and so the truth is found. A second answer
// to the same attempt is not stored. Issue point 12.
func TestLoseStale(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_00)
	o := d.Claim()
	a, raw := d.Ask(o)
	lose := func() bool {
		did, err := d.App.LoseStale(t.Context())
		must(t, err)
		return did
	}
	d.Clock.Add(2*time.Minute - time.Second)
	if lose() || d.Get(id).State != payout.Sending {
		t.Fatal("given up while the call may be alive")
	}
	d.Clock.Add(2 * time.Second)
	if !lose() || d.Get(id).State != payout.Unknown || lose() {
		t.Fatalf("not given up: %s", d.Get(id).State)
	}
	if d.Claim() != nil {
		t.Fatal("claimed again")
	}
	must(t, d.App.Answered(t.Context(), o, a, raw))
	if s := d.Get(id); s.State != payout.Unknown {
		t.Errorf("a late answer moved it to %s", s.State)
	}
	d.Poll()
	if s := d.Get(id); s.State != payout.InProgress || s.Session == "" {
		t.Errorf("%s, session %q after the fetch", s.State, s.Session)
	}
	must(t, d.App.Answered(t.Context(), o, protocol.Answer{GotConn: true, HTTP: 400, JSON: true, Status: "error", Code: "invalid_request"}, protocol.Raw{}))
	if s := d.Get(id); s.State != payout.InProgress {
		t.Errorf("a second answer moved it to %s", s.State)
	}
	d.Settle()
	if s := d.Get(id); s.State != payout.Succeeded || !s.Confirmed || s.Review {
		t.Errorf("ends %s, confirmed %v, review %v", s.State, s.Confirmed, s.Review)
	}
	d.Verify()
}

// TestWebhookBeforeAnswer: the bank's message comes while our own call is still out. It moves the payout at once; the answer that follows binds the
// session and undoes nothing, in whichever order they are recorded.
func TestWebhookBeforeAnswer(t *testing.T) {
	for _, answerFirst := range []bool{true, false} {
		d := desktest.New(t)
		id := d.Approved(10_000_00)
		o := d.Claim()
		a, raw := d.Ask(o)
		answer := func() { must(t, d.App.Answered(t.Context(), o, a, raw)) }
		if answerFirst {
			answer()
		}
		d.Clock.Add(3 * time.Second)
		for _, m := range d.Bank.Advance(d.Clock.Now()) {
			must(t, d.App.StoreWebhook(t.Context(), m.Body, "k"))
		}
		d.Apply()
		if s := d.Get(id); s.State != payout.Succeeded || s.Confirmed {
			t.Errorf("answer first %v: %s confirmed %v by a webhook", answerFirst, s.State, s.Confirmed)
		}
		if !answerFirst {
			answer()
			if s := d.Get(id); s.State != payout.Succeeded || s.Session != a.Session.ID {
				t.Errorf("the answer made it %s, session %q", s.State, s.Session)
			}
		}
		d.Settle()
		if s := d.Get(id); s.State != payout.Succeeded || !s.Confirmed || s.Review {
			t.Errorf("answer first %v: ends %s confirmed %v review %v", answerFirst, s.State, s.Confirmed, s.Review)
		}
		matches(t, d, oracle(t, d))
		d.Verify()
	}
}

// TestNotSent: a call that never had a connection puts the payout back to approved with the same reference, key and bytes; it may be
// taken back, edited or sent again, and is then asked once.
func TestNotSent(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_00)
	first := d.Claim()
	must(t, d.App.Answered(t.Context(), first, protocol.Answer{}, protocol.Raw{}))
	s := d.Get(id)
	if s.State != payout.Approved || s.Why != "bank_down" || s.Asked {
		t.Fatalf("%s, why %q, asked %v", s.State, s.Why, s.Asked)
	}
	second := d.Claim()
	if second == nil || second.Key != first.Key || string(second.Body) != string(first.Body) || second.Attempt != 2 {
		t.Fatalf("second try %+v, first %+v", second, first)
	}
	a, raw := d.Ask(second)
	must(t, d.App.Answered(t.Context(), second, a, raw))
	d.Settle()
	if s := d.Get(id); s.State != payout.Succeeded || d.Ledger()[s.Reference].Requests != 1 {
		t.Errorf("%s, %d requests", s.State, d.Ledger()[s.Reference].Requests)
	}
	d.Verify()

	// Edited in between: the reference and key stay, the body is the new version's.
	id = d.Approved(20_000_00)
	first = d.Claim()
	must(t, d.App.Answered(t.Context(), first, protocol.Answer{}, protocol.Raw{}))
	must(t, d.App.Edit(t.Context(), d.Who["m2"], id, 1, app.Entry{Content: d.Content(30_000_00), Submit: true}))
	d.Approve(id, "a1")
	d.Clock.Add(4 * time.Second)
	second = d.Claim()
	if second == nil || second.Key != first.Key || second.Expect.Reference != first.Expect.Reference || second.Expect.AmountMinor != 30_000_00 {
		t.Fatalf("after an edit: %+v", second)
	}
	matches(t, d, oracle(t, d))
	d.Verify()
}
