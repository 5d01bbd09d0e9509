package protocol

import (
	"fmt"
	"slices"
	"time"

	"countersign/internal/payout"
)

var t0 = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) // a Monday

func at(minutes int) time.Time { return t0.Add(time.Duration(minutes) * time.Minute) }

// failer is what a test and a property have in common.
type failer interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// desk is the smallest desk that does what an Action says: one payout, its evidence, what was halted and alarmed.
type desk struct {
	t      failer
	p      *payout.Payout
	st     State
	halts  []string
	alarms []string
	trips  int
}

// newDesk holds one payout that was just claimed.
func newDesk(t failer) *desk {
	p, err := payout.Restore(payout.Snapshot{ID: "p1", Number: 1042, State: payout.Sending, Version: 1, Makers: []string{"m"}, Digest: "d",
		Content: contentOf(expected), Reference: expected.Reference, Key: "k", SentAt: t0})
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, p: p, st: State{Expect: expected, SentAt: t0, Attempts: 1}}
}

// see hands one observation to the protocol and follows the action, as internal/app does.
func (d *desk) see(o Observation) Action {
	d.st.Now = d.p.S().State
	var a Action
	d.st, a = Next(d.st, o)
	if a.NotSent != "" {
		if a.Moves {
			d.t.Fatalf("both not sent and moved: %+v", a)
		}
		if _, err := d.p.NotSent(a.NotSent, o.At); err != nil {
			d.t.Fatalf("not sent: %v", err)
		}
	}
	if a.Moves {
		for range 3 { // one edge of the table at a time
			if _, more := d.p.Follow(a.Outcome, o.Answer != nil, o.At); !more {
				break
			}
		}
	}
	if a.Halt != "" {
		d.halts = append(d.halts, a.Halt)
	}
	if a.Alarm != "" {
		d.alarms = append(d.alarms, a.Alarm)
	}
	if a.Trip {
		d.trips++
	}
	return a
}

// end is where it all came to, as pages show it.
func (d *desk) end() string {
	s := d.p.S()
	out := string(s.State)
	if s.Review {
		out += " flagged"
	}
	if s.Confirmed {
		out += " confirmed"
	}
	if s.ReturnedMinor > 0 {
		out += fmt.Sprintf(" returned=%d", s.ReturnedMinor)
	}
	if len(d.halts) > 0 {
		h := slices.Clone(d.halts)
		slices.Sort(h)
		out += fmt.Sprint(" halted=", slices.Compact(h))
	}
	return out
}

// Shorthand for what the bank says. Times are minutes after the claim: updated by the bank's clock, and ours a second later.
func answered(a Answer) Observation { return Observation{At: at(0), Answer: &a, Attempt: 1} }

func session(id, status string, updated int, payouts ...PayoutView) SessionView {
	return SessionView{ID: id, Status: status, UpdatedAt: at(updated), Payouts: payouts}
}

func hook(kind string, s SessionView) Observation {
	return Observation{At: s.UpdatedAt.Add(time.Second), Webhook: &Webhook{Type: kind, Session: s}}
}

func finished(s SessionView) Observation { return hook("payment_finished", s) }

func fetched(s SessionView) Observation {
	return Observation{At: s.UpdatedAt.Add(2 * time.Second), Fetch: &Fetch{Asked: s.ID, Session: s}}
}

func refunds(p PayoutView, parts ...int64) PayoutView {
	for i, m := range parts {
		p.Refunds = append(p.Refunds, Refund{ID: fmt.Sprintf("rf_%d", i+1), Status: "accepted", AmountMinor: m, Currency: "rub"})
	}
	return p
}

// permutations calls f with every order of n things.
func permutations(n int, f func(order []int)) {
	order := make([]int, 0, n)
	used := make([]bool, n)
	var next func()
	next = func() {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if !used[i] {
				used[i] = true
				order = append(order, i)
				next()
				order = order[:len(order)-1]
				used[i] = false
			}
		}
	}
	next()
}
