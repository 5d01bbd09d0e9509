package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// setRules puts a rule set into force by two administrators.
func setRules(t *testing.T, d *desktest.Desk, set approval.RuleSet) {
	t.Helper()
	f, err := d.App.Frame(t.Context())
	must(t, err)
	must(t, d.App.ProposeRules(t.Context(), d.Who["d1"], set, f.Set.Version, "test"))
	accept(t, d, approval.Rules, app.RulesID, "d2")
}

// setLimits puts limits into force by an administrator and the senior.
func setLimits(t *testing.T, d *desktest.Desk, l approval.Limits) {
	t.Helper()
	f, err := d.App.Frame(t.Context())
	must(t, err)
	must(t, d.App.ProposeLimits(t.Context(), d.Who["d1"], l, f.Limits.Version, "test"))
	accept(t, d, approval.Limit, app.LimitsID, "d2")
}

func accept(t *testing.T, d *desktest.Desk, kind approval.Kind, id, by string) {
	t.Helper()
	ps, err := d.Store.Proposals(t.Context(), kind, id, 1)
	must(t, err)
	must(t, d.App.Accept(t.Context(), d.Who[by], kind, id, ps[0].Digest, app.Proof{}))
}

// band1 is the test set with another number of approvers in the first band.
func band1(n int, name string) approval.RuleSet {
	s := desktest.Rules()
	s.Name = name
	s.Rules[0].Steps[0].Count = n
	return s
}

// standingOf is how a payout stands now.
func standingOf(t *testing.T, d *desktest.Desk, id payout.ID) app.Standing {
	t.Helper()
	f, err := d.App.Frame(t.Context())
	must(t, err)
	s := d.Get(id)
	ds, err := d.Store.DecisionsOf(t.Context(), approval.Payout, string(id), s.Version)
	must(t, err)
	st, err := f.Stand(app.JudgedOf(s), ds)
	must(t, err)
	return st
}

func signed(st app.Standing) string {
	return fmt.Sprintf("%d of %d", len(st.Tally.Given), st.Tally.Needed())
}

// TestMoreApprovers: a payout that was approved under set 1 does not leave when set 2 wants more: at the claim it comes back and says why, what was given still
// counts, and with what is missing it leaves.
func TestMoreApprovers(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(50_000_00)
	setRules(t, d, band1(2, "two for all"))
	if d.Claim() != nil {
		t.Fatal("it left with one approval")
	}
	s := d.Get(id)
	if s.State != payout.PendingApproval {
		t.Fatalf("%s", s.State)
	}
	if st := standingOf(t, d, id); signed(st) != "1 of 2" || st.Tally.Given[0].ID != d.Who["a1"].Person {
		t.Errorf("%s", signed(st))
	}
	var why string
	for _, e := range d.Events() {
		if e.Subject == string(id) && e.Action == payout.ActCameBack {
			why = string(e.Payload)
		}
	}
	if !contains(why, `"why":"rules"`) {
		t.Errorf("it came back because %s", why)
	}
	wants(t, "the same person again", d.App.Approve(t.Context(), d.Who["a1"], id, s.Digest, app.Proof{}), "")
	if st := standingOf(t, d, id); signed(st) != "1 of 2" {
		t.Errorf("after the same yes: %s", signed(st))
	}
	d.Approve(id, "a2")
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Errorf("it does not leave: %s", d.Get(id).State)
	}
	d.Verify()
}

func contains(s, part string) bool {
	for i := range len(s) - len(part) + 1 {
		if s[i:i+len(part)] == part {
			return true
		}
	}
	return false
}

// TestFewerApprovers: a payout must meet the set it was submitted under and the one in force: fewer approvers help only what is submitted afterwards.
func TestFewerApprovers(t *testing.T) {
	d := desktest.New(t)
	setRules(t, d, band1(2, "two for all"))
	before := d.Submit(50_000_00)
	setRules(t, d, band1(1, "one will do"))
	after := d.Submit(50_000_00)
	d.Approve(before, "a1")
	d.Approve(after, "a1")
	if s := d.Get(before); s.State != payout.PendingApproval || signed(standingOf(t, d, before)) != "1 of 2" {
		t.Errorf("before: %s, %s", s.State, signed(standingOf(t, d, before)))
	}
	if s := d.Get(after); s.State != payout.Approved {
		t.Errorf("after: %s, %s", s.State, signed(standingOf(t, d, after)))
	}
	// Nobody may skip that by sending it again under the new set without a new submission: an edit is a new version, and it asks anew.
	d.Approve(before, "s1")
	if s := d.Get(before); s.State != payout.Approved {
		t.Errorf("with both: %s", s.State)
	}
}

// TestNeitherStricter: two sets of which neither is stricter in everything must both be met: one of them two approvers, the other one senior.
func TestNeitherStricter(t *testing.T) {
	d := desktest.New(t)
	setRules(t, d, band1(2, "two"))
	id := d.Submit(50_000_00)
	s := desktest.Rules()
	s.Name, s.Rules[0].Steps = "a senior", []approval.Step{{Count: 1, Roles: []approval.Role{approval.Senior}}}
	setRules(t, d, s)
	d.Approve(id, "a1", "a2")
	if st := standingOf(t, d, id); d.Get(id).State != payout.PendingApproval || st.Tally.OpenSeniors != 1 {
		t.Errorf("two approvers: %s, %s", d.Get(id).State, signed(st))
	}
	d.Approve(id, "s1")
	if got := d.Get(id).State; got != payout.Approved {
		t.Errorf("and the senior: %s", got)
	}
}

// TestSoftLimit: above a soft limit one approver more is needed, whoever they are; at the limit none.
func TestSoftLimit(t *testing.T) {
	p := newPeople(t)
	p.add("a3", "approver") // above 1,000,000 all three are asked for already
	d := p.Desk
	setLimits(t, d, approval.Limits{Payout: approval.Bound{SoftMinor: 10_000_00}, MakerDay: approval.Bound{SoftMinor: 25_000_00}})
	for _, c := range []struct {
		minor int64
		by    string
		want  string
	}{{10_000_00, "m2", "0 of 1"}, {10_000_01, "m2", "0 of 2"}, {900_000_00, "m2", "0 of 3"}} {
		id := d.SubmitContent(c.by, d.Content(c.minor))
		if got := signed(standingOf(t, d, id)); got != c.want {
			t.Errorf("%d kopecks: %s, want %s", c.minor, got, c.want)
		}
	}
	// The maker's day counts what left: three times ten thousand by one maker.
	for i := range 3 {
		id := d.SubmitContent("m1", d.Content(10_000_00))
		want := "0 of 1"
		if i == 2 {
			want = "0 of 2"
		}
		if got := signed(standingOf(t, d, id)); got != want {
			t.Errorf("payout %d of the day: %s, want %s", i+1, got, want)
		}
		d.Approve(id, []string{"a1", "a2"}[:map[bool]int{true: 2, false: 1}[i == 2]]...)
		d.Clock.Add(4 * time.Second)
		if !d.Send() {
			t.Fatalf("payout %d does not leave: %s %s", i+1, d.Get(id).State, d.Get(id).Why)
		}
	}
	d.Verify()
}

// TestHardLimit: when a hard limit is full a payout stays approved, held, with the date, and leaves by itself on the next Moscow day; what alone is over the
// limit cannot even be submitted.
func TestHardLimit(t *testing.T) {
	d := desktest.New(t)
	setLimits(t, d, approval.Limits{Payout: approval.Bound{HardMinor: 90_000_00}, CompanyDay: approval.Bound{HardMinor: 100_000_00}})
	_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "large", Content: d.Content(90_000_01), Submit: true})
	wants(t, "one payout over the limit", err, "payout.limit")
	first := d.Approved(60_000_00)
	if !d.Send() || !d.Get(first).State.Sent() {
		t.Fatal("the first does not leave")
	}
	second, third := d.Approved(60_000_00), d.Approved(40_000_00)
	if !d.Send() || d.Get(third).State == payout.Approved || d.Get(second).State != payout.Approved {
		t.Fatalf("what fits must leave, what does not must wait: %s %s", d.Get(second).State, d.Get(third).State)
	}
	s := d.Get(second)
	next := calendar.DayOf(d.Clock.Now()).Add(1).Start()
	if s.Why != "limit" || !s.HeldUntil.Equal(next) {
		t.Errorf("held %q until %v, want %v", s.Why, s.HeldUntil, next)
	}
	if desk, err := d.App.Desk(t.Context()); err != nil || desk.Held(s.State, s.Why, "", s.SendAt, s.HeldUntil, d.Clock.Now()) != "limit" {
		t.Errorf("%v", err)
	}
	d.Clock.Add(next.Sub(d.Clock.Now()) - time.Second)
	if d.Claim() != nil {
		t.Error("it left a second before the day ended")
	}
	d.Clock.Add(time.Second)
	if !d.Send() || !d.Get(second).State.Sent() {
		t.Errorf("it does not leave on the next day: %s %s", d.Get(second).State, d.Get(second).Why)
	}
	d.Verify()
}

// TestHeldForGood: what waits for people hides nobody: behind more payouts than one claim looks at, none of which can go, the next one leaves. Those above a bound that was set
// after their approval say so, are measured once a day and not at each claim, and leave by themselves once the bound is higher.
func TestHeldForGood(t *testing.T) {
	const n = 101 // a claim looks at 100
	leaves := func(t *testing.T, d *desktest.Desk, id payout.ID) {
		t.Helper()
		for range 5 {
			d.Clock.Add(time.Minute)
			d.Send()
		}
		if s := d.Get(id); s.State == payout.Approved {
			t.Errorf("it is behind %d that do not go: held %q", n, s.Why)
		}
	}
	t.Run("above a bound", func(t *testing.T) {
		d := desktest.New(t)
		first := d.Approved(60_000_00)
		for range n - 1 {
			d.Approved(60_000_00)
		}
		d.Clock.Add(time.Second)
		setLimits(t, d, approval.Limits{Payout: approval.Bound{HardMinor: 50_000_00}})
		leaves(t, d, d.Approved(10_000_00))
		s := d.Get(first)
		desk, err := d.App.Desk(t.Context())
		must(t, err)
		if held := desk.Held(s.State, s.Why, "", s.SendAt, s.HeldUntil, d.Clock.Now()); s.Why != app.HeldAbove || held != "limit" {
			t.Errorf("its page says %q, held %q", s.Why, held)
		}
		if due, err := d.Store.AnyToSend(t.Context(), d.Clock.Now()); due || err != nil {
			t.Errorf("each claim measures them again: %v", err)
		}
		setLimits(t, d, approval.Limits{Payout: approval.Bound{HardMinor: 70_000_00}})
		if !d.Send() || !d.Get(first).State.Sent() {
			t.Errorf("under a higher bound: %s, held %q", d.Get(first).State, d.Get(first).Why)
		}
		d.Verify()
	})
	t.Run("evidence", func(t *testing.T) {
		d := desktest.New(t)
		for range n {
			id := d.Approved(60_000_00)
			d.Exec(`INSERT INTO evidence (payout_id, source, source_id, doc, at) VALUES (?, 'webhook', 0, '{"source":"webhook","session":"ps_other","ours":true}', 0)`, string(id))
		}
		d.Clock.Add(time.Second)
		last := d.Approved(10_000_00)
		d.Clock.Add(time.Minute)
		for range 3 {
			d.Send()
		}
		if s := d.Get(last); s.State == payout.Approved {
			t.Errorf("it is behind %d that do not go: held %q", n, s.Why)
		}
	})
}

// TestSufficesBehind: more payouts with too few approvals than one look measures hide no payout whose approvals suffice again.
func TestSufficesBehind(t *testing.T) {
	defer app.ScanPending(3)()
	d := desktest.New(t)
	for range 7 {
		p := d.Submit(200_000_00)
		must(t, d.App.Approve(t.Context(), d.Who["a1"], p, d.Get(p).Digest, app.Proof{}))
		d.Clock.Add(time.Second)
	}
	last := d.Approved(10_000_00)
	d.Exec(`UPDATE payout SET state = 'pending_approval' WHERE id = ?`, string(last)) // as if the yes had not been enough
	did := false
	for range 3 {
		one, err := d.App.SufficeNext(t.Context())
		must(t, err)
		did = did || one
	}
	if s := d.Get(last); !did || s.State != payout.Approved {
		t.Errorf("behind seven, of which a look measures three: %s", s.State)
	}
}

// TestRoomBack: a confirmed failure gives its room back at once, and what waits leaves the same day; an unknown outcome keeps it, and so does a failure that is
// not confirmed.
func TestRoomBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		kop   int64
		goes  func(d *desktest.Desk)
		state payout.State
		back  bool
	}{
		{"confirmed failure", 51, func(d *desktest.Desk) { d.Settle() }, payout.Failed, true},
		{"refused in the answer", 60, func(d *desktest.Desk) { d.Settle() }, payout.Failed, true},
		{"failure by webhook alone", 51, func(d *desktest.Desk) { d.Clock.Add(3 * time.Second); d.Deliver() }, payout.Failed, false},
		{"unknown", 57, func(d *desktest.Desk) { d.Settle() }, payout.Unknown, false},
		{"paid", 0, func(d *desktest.Desk) { d.Settle() }, payout.Succeeded, false},
	} {
		d := desktest.New(t)
		setLimits(t, d, approval.Limits{CompanyDay: approval.Bound{HardMinor: 100_000_00}})
		first := d.Approved(60_000_00 + c.kop)
		d.Send()
		second := d.Approved(60_000_00)
		if d.Get(first).State != payout.Failed && d.Claim() != nil {
			t.Fatalf("%s: there was no room", c.name)
		}
		c.goes(d)
		if s := d.Get(first); s.State != c.state {
			t.Fatalf("%s: %s", c.name, s.State)
		}
		if left := d.Claim() != nil; left != c.back {
			t.Errorf("%s: the next one left: %v, want %v (%s %s)", c.name, left, c.back, d.Get(second).State, d.Get(second).Why)
		}
		d.Verify()
	}
}

// TestCeiling: above their ceiling a person cannot approve and is told who can; a ceiling that leaves payouts to nobody is refused; their own ceiling nobody
// decides on.
func TestCeiling(t *testing.T) {
	d := desktest.New(t)
	pid, err := d.App.AddFounderHashed(t.Context(), app.NewPerson{Email: "a3@x.test", Name: "Person a3", Roles: rolesOf(t, "approver")}, "x")
	must(t, err)
	d.Who["a3"] = app.Who{Person: pid, Email: "a3@x.test"}
	setLimits(t, d, approval.Limits{Ceilings: []approval.Ceiling{{Person: d.Who["a1"].Person, Minor: 50_000_00}}})
	low, high := d.Submit(50_000_00), d.Submit(50_000_01)
	d.Approve(low, "a1")
	err = d.App.Approve(t.Context(), d.Who["a1"], high, d.Get(high).Digest, app.Proof{})
	wants(t, "above the ceiling", err, "approve.ceiling")
	if fs := fault.As(err); len(fs) == 0 || !contains(fmt.Sprint(fs[0].Args), "Person a2") || contains(fmt.Sprint(fs[0].Args), "Person a1") {
		t.Errorf("it does not name who can: %v", fs)
	}
	f, ferr := d.App.Frame(t.Context())
	must(t, ferr)
	err = d.App.ProposeLimits(t.Context(), d.Who["d1"], approval.Limits{Ceilings: []approval.Ceiling{{Person: d.Who["s1"].Person, Minor: 2_000_000_00}}}, f.Limits.Version, "")
	wants(t, "a ceiling that strands large payouts", err, "rules.deadlock")
	if fs := fault.As(err); len(fs) == 0 || fmt.Sprintf("%v %v %v", fs[0].Args[0], fs[0].Args[4], fs[0].Args[5]) != "payout band-3 senior" {
		t.Errorf("%v", fs)
	}
	must(t, d.App.ProposeLimits(t.Context(), d.Who["d1"], approval.Limits{Ceilings: []approval.Ceiling{{Person: d.Who["d2"].Person, Minor: 1 << 60}, {Person: d.Who["a1"].Person, Minor: 50_000_00}}}, f.Limits.Version, ""))
	ps, perr := d.Store.Proposals(t.Context(), approval.Limit, app.LimitsID, 1)
	must(t, perr)
	wants(t, "their own ceiling", d.App.Accept(t.Context(), d.Who["d2"], approval.Limit, app.LimitsID, ps[0].Digest, app.Proof{}), "subject.own")
}

// TestLists: a blocked account stops a payout at submit with the reason, also when it is blocked after its approval; when the block's last day is over it goes.
func TestLists(t *testing.T) {
	d := desktest.New(t)
	c := d.Content(10_000_00)
	id := d.SubmitContent("m1", c)
	d.Approve(id, "a1")
	d.Clock.Add(4 * time.Second)
	today := calendar.DayOf(d.Clock.Now())
	setLimits(t, d, approval.Limits{Lists: []approval.ListEntry{{List: "block", What: "account", Value: c.Account, Reason: "fraud", Until: string(today)}}})
	if d.Claim() != nil {
		t.Fatal("it left to a blocked account")
	}
	if s := d.Get(id); s.State != payout.PendingApproval {
		t.Errorf("%s", s.State)
	}
	again := d.Content(10_000_00)
	again.Account = c.Account
	_, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: "x", Content: again, Submit: true, Acks: []string{"duplicate"}})
	wants(t, "submit to a blocked account", err, "payout.listed")
	if fs := fault.As(err); len(fs) == 0 || !contains(fmt.Sprint(fs[0].Args...), "fraud") {
		t.Errorf("%v", fs)
	}
	wants(t, "approve it", d.App.Approve(t.Context(), d.Who["a2"], id, d.Get(id).Digest, app.Proof{}), "approve.blocked")
	if did, err := d.App.SufficeNext(t.Context()); did || err != nil {
		t.Errorf("approved again while it is blocked: %v", err)
	}
	d.Clock.Add(24 * time.Hour)
	// The yes that was given counts again: nobody has to say it anew, nor could.
	did, err := d.App.SufficeNext(t.Context())
	must(t, err)
	if s := d.Get(id); !did || s.State != payout.Approved || !s.SendAt.After(d.Clock.Now()) {
		t.Errorf("the block is over, the approval stands: %v %s", did, s.State)
	}
	if did, err := d.App.SufficeNext(t.Context()); did || err != nil {
		t.Errorf("twice: %v", err)
	}
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Errorf("the block is over: %s %s", d.Get(id).State, d.Get(id).Why)
	}
	d.Verify()
}

// TestServeGuards: the set that serve starts with: a free entry only in the first band, a senior for a first payment above it, and a known payee's changed account
// waits four hours before anything above the first band leaves.
func TestServeGuards(t *testing.T) {
	d := desktest.New(t)
	set := approval.ServeRules()
	set.Name, set.FactorNeeded, set.SignAboveMinor = "strict", false, 0
	setRules(t, d, set)
	if got := signed(standingOf(t, d, d.Submit(100_000_00))); got != "0 of 1" {
		t.Errorf("a free entry in the first band: %s", got)
	}
	_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "free", Content: d.Content(100_000_01), Submit: true})
	wants(t, "a free entry above it", err, "payout.blocked")

	who := d.App.NewPayeeID()
	first := somebody(acct(1))
	vouch(t, d, who, "m2", "a2", first)
	id := d.SubmitContent("m1", to(who, first, acct(1), 150_000_00))
	d.Approve(id, "a1", "a2")
	if st := standingOf(t, d, id); d.Get(id).State != payout.PendingApproval || st.Tally.OpenSeniors != 1 || !st.Facts.First {
		t.Fatalf("a first payment without the senior: %s %s", d.Get(id).State, signed(st))
	}
	wants(t, "a maker of the payee", d.App.Approve(t.Context(), d.Who["m2"], id, d.Get(id).Digest, app.Proof{}), "denied.role")
	d.Approve(id, "s1")
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Fatalf("the first payment: %s %s", d.Get(id).State, d.Get(id).Why)
	}
	d.Settle()
	// Paid once: the next one needs two approvers.
	next := d.SubmitContent("m1", to(who, first, acct(1), 160_000_00))
	if st := standingOf(t, d, next); signed(st) != "0 of 2" || st.Facts.First {
		t.Errorf("the second payment: %s", signed(st))
	}
	must(t, d.App.Cancel(t.Context(), d.Who["m1"], next, "no need"))

	// The account changes: now it waits.
	changed := somebody(acct(1), acct(2))
	vouch(t, d, who, "m2", "a2", changed)
	since := d.Clock.Now()
	large, small := d.SubmitContent("m1", to(who, changed, acct(2), 150_000_00)), d.SubmitContent("m1", to(who, changed, acct(2), 90_000_00))
	d.Approve(large, "a1", "s1")
	d.Approve(small, "a1")
	d.Clock.Add(4 * time.Second)
	if !d.Send() || !d.Get(small).State.Sent() {
		t.Errorf("in the first band there is no waiting period: %s %s", d.Get(small).State, d.Get(small).Why)
	}
	if d.Claim() != nil {
		t.Fatal("it left within the waiting period")
	}
	if s := d.Get(large); s.State != payout.Approved || s.Why != "cooloff" || !s.HeldUntil.Equal(since.Add(4*time.Hour)) {
		t.Errorf("%s held %q until %v", s.State, s.Why, s.HeldUntil)
	}
	d.Settle()
	d.Clock.Add(since.Add(4*time.Hour - time.Second).Sub(d.Clock.Now()))
	if d.Claim() != nil {
		t.Error("it left a second too early")
	}
	d.Clock.Add(time.Second)
	if !d.Send() || !d.Get(large).State.Sent() {
		t.Errorf("after the waiting period: %s %s", d.Get(large).State, d.Get(large).Why)
	}
	d.Verify()
}

// TestExpiresFromDue: the days of a submission count from the day it leaves on, when it has one.
func TestExpiresFromDue(t *testing.T) {
	d := desktest.New(t)
	c := d.Content(100_00)
	c.DueDate = string(calendar.DayOf(d.Clock.Now()).Add(10))
	late, soon := d.SubmitContent("m1", c), d.Submit(200_00)
	days := desktest.Rules().ExpiryDays
	if got := app.ExpiresAt(d.Clock.Now(), "", days); !got.Equal(d.Clock.Now().Add(time.Duration(days) * 24 * time.Hour)) {
		t.Errorf("without a due day: %v", got)
	}
	at := app.ExpiresAt(d.Clock.Now(), c.DueDate, days)
	expire := func() {
		for {
			did, err := d.App.ExpireNext(t.Context())
			must(t, err)
			if !did {
				return
			}
		}
	}
	d.Clock.Add(time.Duration(days)*24*time.Hour + time.Second)
	expire()
	if d.Get(soon).State != payout.Expired || d.Get(late).State != payout.PendingApproval {
		t.Fatalf("%s %s", d.Get(soon).State, d.Get(late).State)
	}
	d.Clock.Add(at.Sub(d.Clock.Now()) - time.Second)
	expire()
	if d.Get(late).State != payout.PendingApproval {
		t.Error("before the moment that pages tell")
	}
	d.Clock.Add(time.Second + time.Minute)
	expire()
	if d.Get(late).State != payout.Expired {
		t.Error("it does not expire at the moment that pages tell")
	}
}

// TestRulesThemselves: a set with a mistake, one that says the same, and one under which something could be decided by nobody are refused; who is suspended
// later leaves no rules behind that cannot be changed by the others.
func TestRulesThemselves(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	bad := desktest.Rules()
	bad.Rules[1].Steps[0].Count = 0
	err := d.App.ProposeRules(ctx, d.Who["d1"], bad, 1, "")
	if f := fault.As(err).Field("rule-2-count-1"); f == nil || f.Code != "rules.floor" {
		t.Errorf("no approvers at all: %v", err)
	}
	wants(t, "the same", d.App.ProposeRules(ctx, d.Who["d1"], desktest.Rules(), 1, ""), "rules.same")
	wants(t, "over another version", d.App.ProposeRules(ctx, d.Who["d1"], band1(2, "x"), 7, ""), "subject.moved")
	four := desktest.Rules()
	four.Name, four.Rules[1].Steps[0].Count = "four of three", 4
	err = d.App.ProposeRules(ctx, d.Who["d1"], four, 1, "")
	wants(t, "more than there are", err, "rules.deadlock")
	if fs := fault.As(err); len(fs) == 0 || fmt.Sprint(fs[0].Args[4:8]) != "[band-2 approver 4 1]" {
		t.Errorf("%v", fs)
	}
	for _, who := range []string{"m1", "a1", "s1", "u1"} {
		wants(t, "proposed by "+who, d.App.ProposeRules(ctx, d.Who[who], band1(2, "x"), 1, ""), "denied.role")
	}
	setRules(t, d, band1(2, "two"))
	d.Restart()
	if f, err := d.App.Frame(ctx); err != nil || f.Set.Version != 2 || f.Set.Name != "two" {
		t.Errorf("after a restart: %+v %v", f, err)
	}
	if !slices.ContainsFunc(d.Events(), func(e audit.Event) bool { return e.Action == "rules.founded" && e.Version == 1 }) {
		t.Error("the first set is not in the history")
	}
	d.Verify()
}
