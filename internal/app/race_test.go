package app_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// human reports whether an error is one that a person can be told: anything else is a defect.
func human(err error) bool { return err == nil || fault.KindOf(err) != 0 }

// TestRaces: approve, edit, cancel, reject, take-back, ask for changes and claim are thrown at one payout at the same moment, 2,000
// rounds over. Afterwards there is exactly one consistent outcome: every deed that succeeded stands in the history once and none that
// was refused does, rows equal the fold of their events, and nothing was claimed but with a full set of approvals over exactly the
// digest that went (judged by an oracle that knows only the event log). Promises 2, 3; issue "To show" f.
func TestRaces(t *testing.T) {
	d := desktest.New(t)
	d.App.SendAfter = 0 // the countdown is over at once, so that claims race with everything else
	const rounds, wide = 2000, 40
	var claimed sync.Map
	var claims, defects atomic.Int64
	deeds := make([]map[string]*atomic.Int64, rounds)
	ids := make([]payout.ID, rounds)
	ctx := t.Context()
	contents := make([]payout.Content, rounds)
	edited := make([]payout.Content, rounds)
	for i := range rounds {
		minor := int64(50_000_00 + i)
		if i%3 == 0 {
			minor = 500_000_00 + int64(i)
		}
		contents[i], edited[i] = d.Content(minor), d.Content(minor+1)
	}
	sem := make(chan struct{}, wide)
	var all sync.WaitGroup
	for i := range rounds {
		sem <- struct{}{}
		all.Go(func() {
			defer func() { <-sem }()
			id, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: form(i), Content: contents[i], Submit: true})
			if err != nil {
				t.Errorf("round %d: %v", i, err)
				return
			}
			ids[i] = id
			s, err := d.Store.PayoutByID(ctx, id)
			if err != nil {
				t.Error(err)
				return
			}
			seen := s.Digest
			first := []string{"s1", "a1", ""}[i%3] // in two of three rounds somebody has said yes already
			if first != "" {
				if err := d.App.Approve(ctx, d.Who[first], id, seen, app.Proof{}); err != nil {
					t.Errorf("round %d: %v", i, err)
				}
			}
			n := map[string]*atomic.Int64{}
			for _, k := range []string{"payout.approved", "payout.edited", "payout.cancelled", "payout.rejected", "payout.taken_back", "payout.changes_asked"} {
				n[k] = &atomic.Int64{}
			}
			if first != "" {
				n["payout.approved"].Add(1)
			}
			deeds[i] = n
			var race sync.WaitGroup
			start := make(chan struct{})
			deed := func(kind string, fn func() error) {
				race.Go(func() {
					<-start
					err := fn()
					if !human(err) {
						t.Errorf("round %d: %s: %v", i, kind, err)
						defects.Add(1)
					}
					if err == nil && kind != "" {
						n[kind].Add(1)
					}
				})
			}
			for _, who := range []string{"a1", "a2"} {
				if who == first {
					continue // the same yes again succeeds without an event: it has a test of its own
				}
				deed("payout.approved", func() error { return d.App.Approve(ctx, d.Who[who], id, seen, app.Proof{}) })
			}
			// The deeds that end or reopen it take turns, so that each of them wins often enough; every fifth round has them all.
			turn := func(n int) bool { return i%5 == n || i%5 == 4 }
			if turn(0) {
				deed("payout.edited", func() error { return d.App.Edit(ctx, d.Who["m2"], id, 1, app.Entry{Content: edited[i]}) })
			}
			if turn(1) {
				deed("payout.cancelled", func() error { return d.App.Cancel(ctx, d.Who["m1"], id, "not needed") })
			}
			if turn(2) {
				deed("payout.rejected", func() error { return d.App.Reject(ctx, d.Who["a2"], id, seen, "wrong payee") })
			}
			if turn(3) {
				deed("payout.changes_asked", func() error { return d.App.AskChanges(ctx, d.Who["s1"], id, seen, "which contract?") })
			}
			deed("payout.taken_back", func() error { return d.App.TakeBack(ctx, d.Who["a1"], id, seen) })
			deed("", func() error {
				o, err := d.App.Claim(ctx)
				if o != nil {
					claims.Add(1)
					if _, twice := claimed.LoadOrStore(o.Payout, o); twice {
						t.Errorf("payout %s was handed out twice", o.Payout)
					}
				}
				return err
			})
			close(start)
			race.Wait()
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}

	told := oracle(t, d)
	matches(t, d, told)
	count := map[string]map[string]int64{}
	for _, e := range d.Events() {
		if e.Kind == "payout" {
			if count[e.Subject] == nil {
				count[e.Subject] = map[string]int64{}
			}
			count[e.Subject][e.Action]++
		}
	}
	ends := map[payout.State]int{}
	for i, id := range ids {
		for kind, n := range deeds[i] {
			if got := count[string(id)][kind]; got != n.Load() {
				t.Errorf("round %d: %s succeeded %d times, its events say %d", i, kind, n.Load(), got)
			}
		}
		s := d.Get(id)
		ends[s.State]++
		o, sent := claimed.Load(string(id))
		if sent != (s.State == payout.Sending) || told[string(id)].claims > 1 {
			t.Errorf("round %d: handed out %v, state %s, %d claims", i, sent, s.State, told[string(id)].claims)
		}
		if sent && (o.(*protocol.Order).Expect.AmountMinor != s.Content.Amount.Minor || o.(*protocol.Order).Expect.Account != s.Content.Account) {
			t.Errorf("round %d: sent %+v, approved %+v", i, o.(*protocol.Order).Expect, s.Content)
		}
	}
	// A race in which one side always wins proves nothing.
	for _, st := range []payout.State{payout.Sending, payout.Draft, payout.Cancelled, payout.Rejected} {
		if ends[st] < rounds/100 {
			t.Errorf("only %d rounds ended %s: %v", ends[st], st, ends)
		}
	}
	t.Logf("%d claims, ends %v", claims.Load(), ends)
	d.Verify()
}

// TestFiftyApprovers: fifty people approve a payout that needs two at the same moment, over and over: exactly two events are written, two
// signatures stand, and the others are told that it is decided. Promise 2: the quorum counts persons, and counts them once.
func TestFiftyApprovers(t *testing.T) {
	d := desktest.New(t)
	var who []app.Who
	for i := range 50 {
		email := fmt.Sprintf("many%d@x.test", i)
		id, err := d.App.AddFounderHashed(t.Context(), app.NewPerson{Email: email, Name: "Many", Roles: rolesOf(t, "approver")}, "x")
		must(t, err)
		who = append(who, app.Who{Person: id, Email: email})
	}
	for range 4 {
		id := d.Submit(500_000_00)
		seen := d.Get(id).Digest
		var wg sync.WaitGroup
		var yes, late atomic.Int64
		for _, w := range who {
			wg.Go(func() {
				switch err := d.App.Approve(context.Background(), w, id, seen, app.Proof{}); {
				case err == nil:
					yes.Add(1)
				case fault.Is(err, "approve.state"):
					late.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if yes.Load() != 2 || late.Load() != 48 || d.Get(id).State != payout.Approved {
			t.Errorf("%d approved, %d were late, state %s", yes.Load(), late.Load(), d.Get(id).State)
		}
	}
	matches(t, d, oracle(t, d))
}

// TestOneFormOnePayout: a double click, Enter twice and a back-button repeat, twenty at the same moment with one form's token, make one
// payout with one submission, and everybody is sent to it. Issue point 6.
func TestOneFormOnePayout(t *testing.T) {
	d := desktest.New(t)
	for round := range 20 {
		c := d.Content(700_00)
		ids := make([]payout.ID, 20)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				id, err := d.App.Enter(context.Background(), d.Who["m1"], app.Entry{Form: form(round), Content: c, Submit: i%2 == 0})
				if err != nil && !fault.Is(err, "payout.state") {
					t.Error(err)
				}
				ids[i] = id
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("one form made %s and %s", ids[0], id)
			}
		}
		if s := d.Get(ids[0]); s.State != payout.PendingApproval || s.Version != 1 {
			t.Errorf("%s, version %d", s.State, s.Version)
		}
	}
	if n := len(d.Payouts()); n != 20 {
		t.Errorf("%d payouts of 20 forms", n)
	}
	// Somebody else's form is nobody's business.
	if _, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: form(0), Content: d.Content(1_00)}); fault.KindOf(err) != fault.Denied {
		t.Errorf("another maker's form: %v", err)
	}
	matches(t, d, oracle(t, d))
}
