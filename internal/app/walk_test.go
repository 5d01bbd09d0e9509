package app_test

import (
	"fmt"
	mrand "math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/auth"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/recheck"
)

// steps is how long the walk is: STEPS=1000000, or make torture, for the long form.
func walkSteps(t testing.TB) int {
	if n, err := strconv.Atoi(os.Getenv("STEPS")); err == nil && n > 0 {
		return n
	}
	switch {
	case os.Getenv("TORTURE") != "":
		return 1_000_000
	case testing.Short() || raceOn:
		return 4_000
	}
	return 20_000
}

// TestWalk: 20,000 random steps (1,000,000 in make torture) over all use cases by people of every role, allowed and not, with the bank answering by every row of its
// table, restarts, stops, suspensions, lost answers, and rules, limits, lists, payees and people that change under way. Before each deed that four eyes judge an oracle, which recounts the
// history without the engine's code, says whether the person may: what the desk answers must be that, each time, so nobody gets through who should not and nobody is refused who
// should be allowed. It follows every event: nothing leaves without its quorum, by a maker's approval, over a hard limit, before its day; nothing is held or comes back
// without a reason. Rows equal the fold; the bank was asked once for each; nothing claims more than the bank's ledger. Promises 1, 2, 3, 5, 12, 16; issue 4 "To show" a.
func TestWalk(t *testing.T) {
	steps := walkSteps(t)
	seed := uint64(20261119)
	if n, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = n
	}
	rnd := mrand.New(mrand.NewPCG(seed, 1))
	d := desktest.New(t)
	ctx := t.Context()
	cheap, err := auth.NewHasher(auth.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 8, KeyLength: 16}, 2)
	must(t, err)
	d.App.Hasher = cheap
	add := func(name, roles string) {
		id, err := d.App.AddFounderHashed(ctx, app.NewPerson{Email: name + "@x.test", Name: "Person " + name, Roles: rolesOf(t, roles)}, "x")
		must(t, err)
		d.Who[name] = app.Who{Person: id, Email: name + "@x.test"}
	}
	add("both", "maker,approver")
	for i := range 6 { // enough people that suspensions do not end the walk
		add(fmt.Sprintf("e%d", i), []string{"approver", "maker", "senior"}[i%3])
	}
	names := []string{"m1", "m2", "a1", "a2", "s1", "u1", "d1", "d2", "d3", "both", "e0", "e1", "e2", "e3", "e4", "e5"}
	o := newWatch(t, d)
	o.feed()
	has := func(who, what string) bool {
		switch what {
		case "enter":
			return o.c.May(d.Who[who].Person, "maker")
		case "decide":
			return o.c.May(d.Who[who].Person, "approver")
		}
		return o.c.May(d.Who[who].Person, what)
	}
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
		defer o.feed()
		if err == nil && !allowed {
			t.Errorf("seed %d step %d: %s may %s", seed, step, who, what)
		}
		if err != nil && allowed && fault.Is(err, "denied.role") {
			t.Errorf("seed %d step %d: %s may not %s: %v", seed, step, who, what, err)
		}
	}
	// agree checks that the desk answered as the oracle said it must.
	refusals := map[string]int{}
	agree := func(step int, what, who string, may bool, why string, err error) {
		if !human(err) {
			t.Fatalf("seed %d step %d: %s by %s: %v", seed, step, what, who, err)
		}
		if err == nil {
			counts[what]++
		} else {
			refusals[what]++
		}
		switch {
		case may && err != nil:
			t.Errorf("seed %d step %d: %s by %s should be allowed: %v", seed, step, what, who, err)
		case !may && err == nil:
			t.Errorf("seed %d step %d: %s by %s was let through: %s", seed, step, what, who, why)
		}
		o.feed()
	}
	w4 := newFourEyes(d, rnd, o, names)
	tardy := late{}
	for _, name := range []string{"a1", "a2", "s1", "both", "e0", "e2"} {
		key, id := d.Passkey(name)
		w4.held[name] = &held{keys: []heldKey{{key, id}}}
	}
	o.feed()
	var accounts []payout.Content // that were paid or will be: for payouts that are no first payment
	content := func(minor int64) payout.Content {
		c := d.Content(minor)
		if len(accounts) > 40 && rnd.IntN(2) == 0 {
			old := accounts[rnd.IntN(len(accounts))]
			c.BIK, c.Account = old.BIK, old.Account
		}
		accounts = append(accounts, c)
		if rnd.IntN(6) == 0 {
			w4.toPayee(&c)
		}
		if rnd.IntN(12) == 0 {
			c.DueDate = string(calendar.DayOf(d.Clock.Now()).Add(rnd.IntN(4)))
		}
		return c
	}
	acks := []string{"duplicate", "account_key", "no_vat", "mixed_script", "bik_unknown"}
	draft := func(c payout.Content, makers ...string) recheck.Draft {
		c = c.Clean()
		return recheck.Draft{Minor: c.Amount.Minor, Makers: makers, Payee: c.PayeeID, PayeeVersion: c.PayeeVer, BIK: c.BIK, Account: c.Account, INN: c.INN, Source: "desk", Due: c.DueDate}
	}
	// elsewhere reports a refusal that rules have nothing to do with: it looks like an open payment, or what it replaces cannot be replaced.
	elsewhere := func(err error) bool {
		return fault.Is(err, "payout.open_like") || fault.Is(err, "replace.alive") || fault.Is(err, "replace.not_confirmed") || fault.Is(err, "replace.sum")
	}
	for step := range steps {
		who := w4.names[rnd.IntN(len(w4.names))]
		id := pick()
		x := rnd.IntN(100)
		if x >= 18 && x < 44 {
			who = w4.able(id, who)
		}
		w := d.Who[who]
		if o.doors.without[w.Person] && x < 66 {
			continue // they cannot sign in
		}
		var s payout.Snapshot
		if x < 57 && id != "no such" {
			s = d.Get(id)
		}
		said := func(what, who string, may bool, why string, err error) { agree(step, what, who, may, why, err) }
		seen := s.Digest
		if rnd.IntN(20) == 0 {
			seen = "0123456789abcdef"
		}
		switch {
		case x < 14:
			minor := []int64{1_000_00, 100_000_00, 100_001_00, 999_999_00, 1_000_001_00}[rnd.IntN(5)] + kops[rnd.IntN(len(kops))]
			if minor > 1_000_000_00 && minor < 1_000_001_00 || minor > 100_000_00 && minor < 100_001_00 {
				minor += 1_00
			}
			e := app.Entry{Form: fmt.Sprint("walk", step), Content: content(minor), Submit: rnd.IntN(4) > 0, Acks: acks}
			if s.State == payout.Failed || s.State == payout.Returned {
				e.Replaces = id
			}
			ok, why := o.c.Submit(draft(e.Content, w.Person), d.Clock.Now())
			nid, err := d.App.Enter(ctx, w, e)
			if nid != "" && (err == nil || fault.KindOf(err) == fault.Invalid) {
				live = append(live, nid)
			}
			if e.Replaces != "" {
				if err == nil {
					counts["replace"]++
				} else if fault.Is(err, "replace.alive") || fault.Is(err, "replace.not_confirmed") || fault.Is(err, "replace.sum") {
					refusals["replace"]++
				}
			}
			if elsewhere(err) || !e.Submit || !has(who, "enter") {
				judge(step, "enter", who, has(who, "enter"), err)
			} else {
				agree(step, "enter and submit", who, ok, why, err)
			}
		case x < 17:
			seenVersion := s.Version - rnd.IntN(2)*rnd.IntN(2)
			err := d.App.Edit(ctx, w, id, seenVersion, app.Entry{Content: content(2_000_00 + rnd.Int64N(200_000_00)), Submit: rnd.IntN(2) == 0, Acks: acks})
			judge(step, "edit", who, has(who, "enter"), err)
			if err != nil {
				refusals["edit"]++
			} else if seenVersion != s.Version || !s.State.Waiting() {
				t.Errorf("step %d: an old version was edited, or one that is not waiting", step)
			}
		case x < 19:
			makers := s.Makers
			if !slices.Contains(makers, w.Person) {
				makers = append(makers, w.Person)
			}
			ok, why := o.c.Submit(draft(s.Content, makers...), d.Clock.Now())
			if due := s.Content.DueDate; due != "" && due < string(calendar.DayOf(d.Clock.Now())) {
				ok, why = false, "its day is over"
			}
			err := d.App.Submit(ctx, w, id, s.Version, acks)
			if elsewhere(err) {
				continue
			}
			if s.State != payout.Draft || !has(who, "enter") {
				ok, why = false, "it is no draft, or they are no maker"
			}
			agree(step, "submit", who, ok, why, err)
		case x < 38:
			if id != "no such" {
				w4.approve(who, s, seen, said)
			}
		case x < 41:
			w4.list(step, who, pick, said)
		case x < 47:
			w4.step(who, said)
		case x < 49:
			if rnd.IntN(3) > 0 {
				who = []string{"d1", "d2", "d3"}[rnd.IntN(3)]
			}
			w4.persons(who, said)
		case x < 50:
			w4.factors(who, said)
		case x < 53:
			if rnd.IntN(3) == 0 {
				for _, name := range w4.names { // somebody whose yes stands
					if o.c.MayTakeBack(string(id), d.Who[name].Person, string(s.Digest)) {
						who, w = name, d.Who[name]
					}
				}
			}
			agree(step, "take back", who, o.c.MayTakeBack(string(id), w.Person, string(seen)), "", d.App.TakeBack(ctx, w, id, seen))
		case x < 55:
			agree(step, "ask for changes", who, o.c.MayAskChanges(string(id), w.Person, string(seen)), "", d.App.AskChanges(ctx, w, id, seen, "why?"))
		case x < 56:
			agree(step, "reject", who, o.c.MayReject(string(id), w.Person, string(seen)), "", d.App.Reject(ctx, w, id, seen, "no"))
		case x < 57:
			agree(step, "cancel", who, o.c.MayCancel(string(id), w.Person), "", d.App.Cancel(ctx, w, id, "no"))
		case x < 58:
			if rnd.IntN(6) == 0 {
				may := !o.c.Stopped() && (has(who, "decide") || has(who, "admin"))
				agree(step, "stop", who, may, "", d.App.Halt(ctx, w, "odd"))
			}
		case x < 62:
			if rnd.IntN(2) == 0 {
				for _, i := range rnd.Perm(len(w4.names)) {
					if o.c.Release(d.Who[w4.names[i]].Person, d.Clock.Now()) == recheck.May {
						who = w4.names[i]
						w = d.Who[who]
					}
				}
			}
			if rnd.IntN(3) == 0 {
				for _, name := range w4.names {
					if o.c.MayReleaseBack(d.Who[name].Person) {
						who, w = name, d.Who[name]
					}
				}
				agree(step, "take back a release", who, o.c.MayReleaseBack(w.Person), "", d.App.ResumeBack(ctx, w))
			} else {
				agree(step, "release", who, o.c.Release(w.Person, d.Clock.Now()) != recheck.No, "", d.App.Resume(ctx, w))
			}
		case x < 63:
			_, err := d.App.RevealAccount(ctx, w, id)
			agree(step, "look", who, has(who, "auditor") && id != "no such", "", err)
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
			_, err = d.App.SettleNext(ctx)
			must(t, err)
		case x < 94:
			if rnd.IntN(20) == 0 {
				d.Restart()
				d.App.Hasher = cheap
				counts["restart"]++
			}
		case x < 98:
			if !o.doors.without[w.Person] {
				w4.rulings(who, pick, tardy, said)
			}
		}
		if x >= 58 {
			o.feed() // what the desk and the bank did by themselves
		}
	}
	d.Settle()
	o.feed()
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
		if o.c.Ruled(string(id)) || tardy[id] {
			continue // people said so, or the walk did in the bank's name
		}
		if s.State == payout.Succeeded && e.Executed == 0 || s.State == payout.Failed && s.Confirmed && !s.Review && e.Executed > 0 {
			t.Errorf("payout %d is %s, the bank paid %d times", s.Number, s.State, e.Executed)
		}
	}
	counted := o.c.Report()
	for _, what := range []string{"enter and submit", "submit", "edit", "approve", "approve what must be signed", "approve what needs a code", "approve a list", "take back", "ask for changes", "reject",
		"cancel", "stop", "release", "take back a release", "look", "suspend", "let somebody work again", "rules", "limits", "payee", "person", "accept", "refuse", "withdraw",
		"somebody new", "reset", "make a link", "enrol", "replace", "rule", "agree to a ruling", "refuse a ruling", "withdraw a ruling", "add a passkey", "add codes", "take a passkey away", "ask somebody to vouch"} {
		each := 20_000
		if what == "replace" || strings.HasSuffix(what, " a ruling") {
			each = 100_000 // few payouts end so that there is something to rule on or to pay again
		}
		if n := min(steps/each, 20); counts[what] < n || refusals[what] < n {
			t.Errorf("the walk is too tame: %s %d times, refused %d times", what, counts[what], refusals[what])
		}
	}
	if steps >= 20_000 && (counts["restart"] == 0 || counted.Signatures < 20 || counts["the bank tells late"] == 0) {
		t.Errorf("the walk is too tame: %d signatures, %v", counted.Signatures, counts)
	}
	if claims != counts["claim"] || claims < steps/300 {
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
	t.Logf("%d steps, done %v, refused %v, ends %v, counted again: %d decisions, %d claims, %d changes", steps, counts, refusals, ends, counted.Decisions, counted.Claims, counted.Changes)
}
