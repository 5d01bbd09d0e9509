package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// statusDown answers every status call that is due with f's problem: "down", or "refused".
func statusDown(t *testing.T, d *desktest.Desk, f protocol.Fetch) (asked int) {
	t.Helper()
	for range 100 {
		p, err := d.App.DuePoll(t.Context())
		must(t, err)
		if p == nil {
			return asked
		}
		asked++
		f.Asked = p.Session
		must(t, d.App.Fetched(t.Context(), p, f, noRaw))
	}
	t.Fatal("asked for ever")
	return asked
}

// lostStart leaves a payout whose start the bank did and whose answer was lost, in a project that pays on it; no status is answered, and the bank sends no message.
func lostStart(t *testing.T, d *desktest.Desk) payout.ID {
	t.Helper()
	d.Stepwise(protocol.ConfirmAuto, banksim.OnStart)
	id := d.Approved(10_000_54)
	for range 10 {
		o := d.Claim()
		if o == nil {
			break
		}
		a, raw := d.Ask(o)
		if o.Step == protocol.CallStart {
			a, raw = protocol.Answer{GotConn: true, Err: "cut"}, noRaw
		}
		must(t, d.App.Answered(t.Context(), o, a, raw))
	}
	d.Clock.Add(time.Minute)
	statusDown(t, d, protocol.Fetch{Problem: "down"})
	_, err := d.App.LoseStale(t.Context())
	must(t, err)
	if s := d.Get(id); s.State != payout.Unknown || s.Session != "" {
		t.Fatalf("%s, session %q: %s", s.State, s.Session, calls(d, id))
	}
	return id
}

// again approves a replacement of a payout and lets its countdown pass.
func again(t *testing.T, d *desktest.Desk, old payout.ID, minor int64) payout.ID {
	t.Helper()
	id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "again", Content: d.Content(minor), Replaces: old, Submit: true})
	must(t, err)
	d.Approve(id, "a1")
	d.Clock.Add(4 * time.Second)
	return id
}

// TestReplacementAsksEverySession: before a replacement leaves, every session that the desk knows of the old payout is asked about, whether it is bound or not: one that
// a step opened and whose start may have paid, one that was left, one that only a message named. While the bank does not answer, the replacement waits and its page can
// say for what; when it answers, it leaves, or never does. Promise 1 (no payout is made twice); issue 5, point 6.
func TestReplacementAsksEverySession(t *testing.T) {
	for name, c := range map[string]struct {
		old  func(t *testing.T, d *desktest.Desk) payout.ID
		paid bool // the old one was, as the ledger shows
	}{
		"a start that paid, never told": {func(t *testing.T, d *desktest.Desk) payout.ID {
			id := lostStart(t, d)
			rule(t, d, id, app.RuledNotPaid, app.BasisLetter)
			return id
		}, true},
		"a session that was left": {func(t *testing.T, d *desktest.Desk) payout.ID {
			d.Stepwise(protocol.ConfirmRequired, banksim.OnStart)
			id := d.Approved(10_000_60) // start is refused, the session cancelled
			d.Steps()
			d.Settle()
			if s := d.Get(id); s.State != payout.Failed || !s.Confirmed || s.Session != "" {
				t.Fatalf("%s, session %q: %s", s.State, s.Session, calls(d, id))
			}
			d.Clock.Add(11 * time.Minute)
			return id
		}, false},
		"a session that a message named": {func(t *testing.T, d *desktest.Desk) payout.ID {
			id := unknown(t, d, 10_000_00)
			must(t, d.App.StoreWebhook(t.Context(), d.Message(id, "ps_true", "payment_finished", "in_progress", "in_progress", d.Clock.Now()), "k"))
			d.Apply()
			statusDown(t, d, protocol.Fetch{Problem: "down"})
			rule(t, d, id, app.RuledNotPaid, app.BasisLetter)
			return id
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			old := c.old(t, d)
			next := again(t, d, old, 10_000_00)
			for range 15 {
				statusDown(t, d, protocol.Fetch{Problem: "down"})
				if o := d.Claim(); o != nil {
					a, raw := d.Ask(o)
					must(t, d.App.Answered(t.Context(), o, a, raw))
					t.Errorf("the replacement leaves (%s), and the bank never answered how the old one stands", o.Step)
				}
				d.Clock.Add(time.Minute)
			}
			if s, waits := d.Get(next), d.App.WaitsFor(next); s.State == payout.Approved && (s.Why != "evidence" || len(waits) == 0) {
				t.Errorf("held %q, waits for %v", s.Why, waits)
			}
			if asked := statusDown(t, d, protocol.Fetch{Problem: "down"}); asked == 0 {
				t.Error("the claim has nothing asked")
			}
			d.Clock.Add(time.Minute)
			for range 12 { // the bank is back: it tells, or refuses for ten minutes
				d.Poll()
				d.Send()
				d.Deliver()
				d.Clock.Add(time.Minute)
			}
			d.Settle()
			n := 0
			for _, e := range d.Ledger() {
				n += e.Executed
			}
			if s := d.Get(next); n != 1 || (s.State == payout.Succeeded) == c.paid {
				t.Errorf("paid %d times; the replacement is %s, held %q for %v", n, s.State, s.Why, d.App.WaitsFor(next))
			}
			d.Verify()
		})
	}
}

// TestReplacementRefusedAnswer: what the bank refuses to tell about holds a replacement back for ten minutes, and no longer: a stale copy says "not found" for a moment,
// and a bank that has forgotten a session says it for ever. An answer about another session is none. Promise 1 and issue 5, point 6.
func TestReplacementRefusedAnswer(t *testing.T) {
	d := desktest.New(t)
	old := d.Approved(10_000_51)
	d.Send()
	d.Settle()
	again(t, d, old, 10_000_00)
	d.Clock.Add(11 * time.Minute)
	for at := range 25 {
		p, err := d.App.DuePoll(t.Context())
		must(t, err)
		if p != nil {
			f := protocol.Fetch{Asked: p.Session, Problem: "refused", Code: "session_not_found"}
			if at < 12 {
				f = protocol.Fetch{Asked: p.Session, Session: protocol.SessionView{ID: "ps_another", Status: "cancelled"}}
			}
			must(t, d.App.Fetched(t.Context(), p, f, noRaw))
		}
		o := d.Claim()
		if (o != nil) != (at >= 22) {
			t.Fatalf("in minute %d: leaves %v", at, o != nil)
		}
		if o != nil {
			break
		}
		d.Clock.Add(time.Minute)
	}
	d.Verify()
}
