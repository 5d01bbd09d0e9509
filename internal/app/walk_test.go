package app_test

import (
	"fmt"
	mrand "math/rand/v2"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// TestWalk: 20,000 random steps over all use cases by people of every role, allowed and not, with the bank answering by every row of its table, restarts,
// stops, suspensions and lost answers. Whoever may not do something is refused each time. Then an oracle recomputes from the event log alone that every claimed payout
// had its full set of approvals over the sent digest by people who never made it; rows equal the fold; the bank was asked once for each; nothing
// claims more than the bank's ledger. Promises 1, 2, 3, 5, 12, 16.
func TestWalk(t *testing.T) {
	steps := 20_000
	if testing.Short() || raceOn {
		steps = 4_000
	}
	const seed = 20261119
	rnd := mrand.New(mrand.NewPCG(seed, 1))
	d := desktest.New(t)
	ctx := t.Context()
	both, err := d.App.AddFounderHashed(ctx, app.NewPerson{Email: "b@x.test", Name: "Both", Roles: rolesOf(t, "maker,approver")}, "x")
	must(t, err)
	d.Who["both"] = app.Who{Person: both, Email: "b@x.test"}
	for i := range 6 { // enough people that suspensions do not end the walk
		id, err := d.App.AddFounderHashed(ctx, app.NewPerson{Email: fmt.Sprintf("e%d@x.test", i), Name: "Extra", Roles: rolesOf(t, []string{"approver", "maker", "senior"}[i%3])}, "x")
		must(t, err)
		d.Who[fmt.Sprintf("e%d", i)] = app.Who{Person: id, Email: fmt.Sprintf("e%d@x.test", i)}
	}
	names := []string{"m1", "m2", "a1", "a2", "s1", "u1", "d1", "d2", "d3", "both", "e0", "e1", "e2", "e3", "e4", "e5"}
	may := map[string]string{"m1": "enter", "m2": "enter", "a1": "decide", "a2": "decide", "s1": "decide", "u1": "", "d1": "admin", "d2": "admin", "d3": "admin", "both": "enter decide",
		"e0": "decide", "e1": "enter", "e2": "decide", "e3": "decide", "e4": "enter", "e5": "decide"}
	has := func(who, what string) bool {
		for _, w := range []string{may[who]} {
			if w == what || w == "enter decide" && (what == "enter" || what == "decide") {
				return true
			}
		}
		return false
	}
	suspended := map[string]bool{}
	kops := []int64{0, 0, 0, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 75, 76, 77, 78}
	var live []payout.ID
	var orders []*protocol.Order
	counts := map[string]int{}
	pick := func() payout.ID {
		if len(live) == 0 {
			return "no such"
		}
		if rnd.IntN(3) > 0 { // mostly the young ones, where things happen
			return live[max(0, len(live)-1-rnd.IntN(8))]
		}
		return live[rnd.IntN(len(live))]
	}
	// judge checks that a deed was refused to whoever may not do it, and never failed by a defect.
	judge := func(step int, what, who string, allowed bool, err error) {
		if err == nil {
			counts[what]++
		}
		if !human(err) {
			t.Fatalf("seed %d step %d: %s by %s: %v", seed, step, what, who, err)
		}
		if err == nil && (!allowed || suspended[who]) {
			t.Errorf("seed %d step %d: %s may %s", seed, step, who, what)
		}
		if err != nil && allowed && !suspended[who] && fault.Is(err, "denied.role") {
			t.Errorf("seed %d step %d: %s may not %s: %v", seed, step, who, what, err)
		}
	}
	for step := range steps {
		who := names[rnd.IntN(len(names))]
		w := d.Who[who]
		id := pick()
		var s payout.Snapshot
		if id != "no such" {
			s = d.Get(id)
		}
		seen := s.Digest
		if rnd.IntN(20) == 0 {
			seen = "0123456789abcdef"
		}
		switch x := rnd.IntN(100); {
		case x < 14:
			minor := []int64{1_000_00, 100_000_00, 100_001_00, 999_999_00, 1_000_001_00}[rnd.IntN(5)] + kops[rnd.IntN(len(kops))]
			if minor > 1_000_000_00 && minor < 1_000_001_00 || minor > 100_000_00 && minor < 100_001_00 {
				minor += 1_00
			}
			e := app.Entry{Form: fmt.Sprint("walk", step), Content: d.Content(minor), Submit: rnd.IntN(4) > 0}
			if s.State == payout.Failed || s.State == payout.Returned {
				e.Replaces = id
			}
			nid, err := d.App.Enter(ctx, w, e)
			if nid != "" && (err == nil || fault.KindOf(err) == fault.Invalid) {
				live = append(live, nid)
			}
			judge(step, "enter", who, has(who, "enter"), err)
		case x < 18:
			judge(step, "edit", who, has(who, "enter"), d.App.Edit(ctx, w, id, s.Version-rnd.IntN(2)*rnd.IntN(2), app.Entry{Content: d.Content(2_000_00 + rnd.Int64N(200_000_00)), Submit: rnd.IntN(2) == 0}))
		case x < 21:
			judge(step, "submit", who, has(who, "enter"), d.App.Submit(ctx, w, id, s.Version, []string{"duplicate"}))
		case x < 50:
			judge(step, "approve", who, has(who, "decide"), d.App.Approve(ctx, w, id, seen, app.Proof{}))
		case x < 53:
			judge(step, "take back", who, has(who, "decide"), d.App.TakeBack(ctx, w, id, seen))
		case x < 55:
			judge(step, "ask for changes", who, has(who, "decide"), d.App.AskChanges(ctx, w, id, seen, "why?"))
		case x < 56:
			judge(step, "reject", who, has(who, "decide"), d.App.Reject(ctx, w, id, seen, "no"))
		case x < 57:
			judge(step, "cancel", who, has(who, "enter"), d.App.Cancel(ctx, w, id, "no"))
		case x < 58:
			if rnd.IntN(4) == 0 {
				judge(step, "stop", who, has(who, "decide") || has(who, "admin"), d.App.Halt(ctx, w, "odd"))
			}
		case x < 62:
			judge(step, "release", who, has(who, "decide") || has(who, "admin"), d.App.Resume(ctx, w))
		case x < 63:
			if rnd.IntN(8) == 0 && len(suspended) < 5 {
				victim := names[rnd.IntN(len(names))]
				err := d.App.SuspendPerson(ctx, w, d.Who[victim].Person, "left")
				judge(step, "suspend", who, has(who, "admin"), err)
				if err == nil {
					suspended[victim] = true
				}
			}
			_, err := d.App.RevealAccount(ctx, w, id)
			judge(step, "look", who, who == "u1", err)
		case x < 75:
			d.Clock.Add(time.Duration(rnd.IntN(5)) * time.Second)
			if o := d.Claim(); o != nil {
				counts["claim"]++
				switch rnd.IntN(10) {
				case 0: // nothing had a connection
					must(t, d.App.Answered(ctx, o, noConn, noRaw))
				case 1: // the answer is noted later
					d.Ask(o)
					orders = append(orders, o)
				default:
					a, raw := d.Ask(o)
					must(t, d.App.Answered(ctx, o, a, raw))
				}
			}
		case x < 76 && len(orders) > 0: // or never
			if o := orders[0]; rnd.IntN(2) == 0 {
				must(t, d.App.Answered(ctx, o, protocol.Answer{GotConn: true, Err: "timeout"}, noRaw))
			}
			orders = orders[1:]
		case x < 84:
			d.Clock.Add(time.Duration(rnd.IntN(10)) * time.Second)
			d.Deliver()
		case x < 92:
			d.Poll()
		case x < 93:
			d.Clock.Add(time.Duration(rnd.IntN(100)) * time.Minute)
			_, err := d.App.LoseStale(ctx)
			must(t, err)
			_, err = d.App.ExpireNext(ctx)
			must(t, err)
		case x < 94:
			if rnd.IntN(20) == 0 {
				d.Restart()
				counts["restart"]++
			}
		}
	}
	d.Settle()
	told := oracle(t, d)
	matches(t, d, told)
	ends := map[payout.State]int{}
	ledger := d.Ledger()
	claims := 0
	for _, id := range d.Payouts() {
		s := d.Get(id)
		ends[s.State]++
		claims += told[string(id)].claims
		if s.Reference == "" {
			continue
		}
		e := ledger[s.Reference]
		if e.Requests > 1 || e.Executed > 1 && s.Content.Amount.Minor%100 != 77 {
			t.Errorf("payout %d: %d requests, paid %d times", s.Number, e.Requests, e.Executed)
		}
		if s.State == payout.Succeeded && e.Executed == 0 || s.State == payout.Failed && s.Confirmed && !s.Review && e.Executed > 0 {
			t.Errorf("payout %d is %s, the bank paid %d times", s.Number, s.State, e.Executed)
		}
	}
	if steps >= 20_000 && (len(suspended) == 0 || counts["restart"] == 0 || counts["take back"] == 0) {
		t.Errorf("the walk is too tame: %v", counts)
	}
	if claims != counts["claim"] || claims < steps/200 {
		t.Errorf("%d claims in the history, %d handed out", claims, counts["claim"])
	}
	for _, st := range payout.States() {
		switch st {
		case payout.Approved, payout.Sending, payout.InProgress, payout.Expired: // nothing stays there once the bank has settled
		default:
			if ends[st] == 0 && steps >= 20_000 {
				t.Errorf("no payout ended %s: the walk does not go there", st)
			}
		}
	}
	d.Verify()
	t.Logf("%d steps, %v, ends %v", steps, counts, ends)
}
