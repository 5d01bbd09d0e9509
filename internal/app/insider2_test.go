package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// What a second reviewer of "Four eyes" tried: each is one human being, or an old approval, that would have moved money. Promises 2 and 3.

// A founder who never enrolled, whose link another administrator makes after the founding is over, must wait: whoever made the link may be the one who uses it.
func TestSecond_FounderLinkAfterFounding(t *testing.T) {
	set := approval.ServeRules()
	set.FactorNeeded, set.SignAboveMinor = false, 0
	d := &people{desktest.NewWith(t, set), t, t.Context()}
	must(t, d.Store.Close())
	for _, dir := range []string{filepath.Dir(d.DB()), d.Anchor()} {
		must(t, os.RemoveAll(dir))
	}
	d.Open()
	links, err := d.App.Found(d.ctx, []app.NewPerson{{Email: "x@x.test", Name: "X"}, {Email: "y@x.test", Name: "Y"}})
	must(t, err)
	acc, err := d.App.Enrol(d.ctx, links[0].Token, "a phrase of six plain words")
	must(t, err)
	d.Who["d1"] = app.Who{Person: acc.Person, Email: acc.Email}
	for _, n := range []struct{ n, r string }{{"m1", "maker"}, {"a1", "approver"}, {"a2", "approver"}, {"s1", "senior"}} {
		id, err := d.App.AddFounderHashed(d.ctx, app.NewPerson{Email: n.n + "@x.test", Name: "Person " + n.n, Roles: rolesOf(t, n.r)}, "no password")
		must(t, err)
		d.Who[n.n] = app.Who{Person: id, Email: n.n + "@x.test"}
	}
	d.Submit(50_000_00) // the founding is over
	d.Clock.Add(30 * 24 * time.Hour)
	var y string
	rows, err := d.Store.AllPeople(d.ctx)
	must(t, err)
	for _, r := range rows {
		if r.Emails[0] == "y@x.test" {
			y = r.ID
		}
	}
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], y, "y@x.test")
	must(t, err)
	acc, err = d.App.Enrol(d.ctx, token, "another phrase of six words")
	must(t, err)
	d.Who["d2"] = app.Who{Person: acc.Person, Email: acc.Email}
	if p := d.person(y); p.QuietUntil.IsZero() {
		t.Errorf("a month after the founding one administrator made the link of the other and used it: their decisions count at once")
	}
	// What that is worth: one human being changes the rules alone.
	weak := set
	weak.Name, weak.CoolOffMinutes = "weak", 0
	must(t, d.App.ProposeRules(d.ctx, d.Who["d1"], weak, 1, "x"))
	p := d.open(approval.Rules, app.RulesID)
	if err := d.App.Accept(d.ctx, d.Who["d2"], approval.Rules, app.RulesID, p.Digest, app.Proof{}); err == nil {
		t.Errorf("the rules were changed by one human being")
	}
}

// A reset founder, then any other accepted change about them, then the link: it does not wait from the link any more.
func TestSecond_ResetThenChangeThenLink(t *testing.T) {
	d := newPeople(t)
	d.waits()
	d.Submit(50_000_00)
	a1 := d.Who["a1"].Person
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], a1, d.inForce(a1), "x"))
	must(t, d.accept("d2", a1))
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], a1, []string{"approver"}, "floor2", d.inForce(a1), "x"))
	must(t, d.accept("d2", a1))
	d.Clock.Add(73 * time.Hour)
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], a1, "a1@x.test")
	must(t, err)
	_, err = d.App.Enrol(d.ctx, token, "a phrase of six plain words")
	must(t, err)
	id := d.Submit(50_000_00)
	if err := d.App.Approve(d.ctx, d.Who["a1"], id, d.Get(id).Digest, app.Proof{}); err == nil {
		t.Errorf("who used the link of a reset account releases money in the same second: quiet until %v, now %v", d.person(a1).QuietUntil, d.Clock.Now())
	}
}

// The set that the payouts were submitted under counts for a list too.
func TestSecond_ListUnderOldRules(t *testing.T) {
	d := desktest.New(t)
	var items []app.BatchItem
	for range 3 {
		id := d.Submit(90_000_00)
		items = append(items, app.BatchItem{ID: id, Digest: d.Get(id).Digest})
	}
	lax := desktest.Rules()
	lax.Name = "lax"
	lax.Rules[0].When.UpToMinor, lax.Rules[1].When.OverMinor = 500_000_00, 500_000_00
	setRules(t, d, lax)
	b, err := d.App.ApproveMany(t.Context(), d.Who["a1"], "f1", items, app.ListDigest(items), app.Proof{})
	must(t, err)
	if b.Approved() > 0 {
		t.Errorf("270,000 at one press by one person: the set they were submitted under asks two above 100,000; approved %d", b.Approved())
	}
	d.Verify()
}

// Suspended, restored, and old yes.
func TestSecond_RestoreOldYes(t *testing.T) {
	d := newPeople(t)
	id := d.Approved(90_000_00) // a1
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["a1"].Person, "x"))
	d.Clock.Add(time.Minute)
	must(t, d.App.ProposeRestore(d.ctx, d.Who["d1"], d.Who["a1"].Person, d.inForce(d.Who["a1"].Person), "x"))
	must(t, d.accept("d2", d.Who["a1"].Person))
	if d.Claim() != nil {
		t.Errorf("a yes of before the suspension came back to life")
	}
	if d.Get(id).State != payout.PendingApproval {
		t.Errorf("%s", d.Get(id).State)
	}
	d.Verify()
}

// A copy, a co-maker, a payee's maker of an older version, a withdrawn version's maker: none approves.
func TestSecond_Makers(t *testing.T) {
	d := newPeople(t)
	d.add("b1", "maker", "approver")
	id := d.App.NewPayeeID()
	c := somebody(acct(1))
	vouch(t, d.Desk, id, "b1", "a1", c) // b1 made version 1
	c2 := somebody(acct(1), acct(2))
	vouch(t, d.Desk, id, "m1", "a1", c2)
	p := d.SubmitContent("m2", to(id, c2, acct(1), 50_000_00))
	if err := d.App.Approve(d.ctx, d.Who["b1"], p, d.Get(p).Digest, app.Proof{}); err == nil {
		t.Errorf("the maker of the payee's first version approved")
	}
	q := d.SubmitContent("m2", d.Content(50_000_00))
	s := d.Get(q)
	e := app.Entry{Content: s.Content, Submit: true}
	e.Content.Description += " 2"
	must(t, d.App.Edit(d.ctx, d.Who["b1"], q, s.Version, e))
	s = d.Get(q)
	e.Content.Description += " 3"
	must(t, d.App.Edit(d.ctx, d.Who["m2"], q, s.Version, e))
	if err := d.App.Approve(d.ctx, d.Who["b1"], q, d.Get(q).Digest, app.Proof{}); err == nil {
		t.Errorf("a co-maker approved")
	}
	d.Verify()
}

// Sums that fail and come back, in a rule: engine and recheck agree.
func TestSecond_RecheckSums(t *testing.T) {
	d := desktest.New(t)
	set := desktest.Rules()
	set.Name = "sums"
	set.Rules = append(set.Rules,
		approval.Rule{Name: "company", When: approval.When{Sums: []approval.SumOver{{Of: "company", Per: "day", OverMinor: 100_000_00}}}, Steps: []approval.Step{{Count: 2, Roles: []approval.Role{approval.Approver}}}},
		approval.Rule{Name: "order", Ordered: true, When: approval.When{OverMinor: 200_000_00}, Steps: []approval.Step{{Count: 1, Roles: []approval.Role{approval.Senior}}, {Count: 1, Roles: []approval.Role{approval.Approver}}}})
	setRules(t, d, set)
	a := d.Approved(60_000_51) // fails at the bank
	b := d.Approved(60_000_00)
	if !d.Send() {
		t.Fatal("a")
	}
	if d.Claim() != nil {
		t.Error("the second left with one approval above the day's sum")
	}
	if d.Get(b).State != payout.PendingApproval {
		t.Errorf("b: %s", d.Get(b).State)
	}
	d.Settle()
	if d.Get(a).State != payout.Failed {
		t.Fatalf("a: %s", d.Get(a).State)
	}
	if did, err := d.App.SufficeNext(t.Context()); err != nil || !did {
		t.Errorf("b should suffice again: %v %v", did, err)
	}
	d.Clock.Add(10 * time.Second)
	if !d.Send() {
		t.Errorf("b does not leave: %s", d.Get(b).State)
	}
	c := d.SubmitContent("m1", d.Content(300_000_00))
	if err := d.App.Approve(t.Context(), d.Who["a1"], c, d.Get(c).Digest, app.Proof{}); err != nil {
		t.Logf("a1 first: %v", err)
	}
	d.Approve(c, "s1")
	d.Approve(c, "a1")
	must(t, d.App.TakeBack(t.Context(), d.Who["s1"], c, d.Get(c).Digest))
	d.Approve(c, "s1")
	if d.Get(c).State == payout.Approved {
		t.Errorf("out of order: the approver said it before the senior's last word")
	}
	d.Approve(c, "a1")
	d.Clock.Add(10 * time.Second)
	if !d.Send() {
		t.Errorf("c does not leave: %s, %s", d.Get(c).State, signed(standingOf(t, d, c)))
	}
	d.Verify()
}

// What is older than the rules allow does not leave because the dispatcher was faster than the clock's worker: a desk that stood still for a month.
func TestSecond_ExpiredLeaves(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(90_000_00)
	d.Clock.Add(30 * 24 * time.Hour)
	if d.Claim() != nil {
		t.Errorf("approved 30 days ago, expiry 14 days: it left (%s)", d.Get(id).State)
	}
}

func TestSecond_ExpiredApproved(t *testing.T) {
	d := desktest.New(t)
	id := d.Submit(90_000_00)
	d.Clock.Add(30 * 24 * time.Hour)
	if err := d.App.Approve(t.Context(), d.Who["a1"], id, d.Get(id).Digest, app.Proof{}); err == nil {
		t.Errorf("submitted 30 days ago, expiry 14 days: approved (%s)", d.Get(id).State)
	}
}

func TestSecond_LapsedProposalAccepted(t *testing.T) {
	d := newPeople(t)
	must(t, d.App.ProposeRules(d.ctx, d.Who["d1"], band1(2, "old"), 1, "x"))
	p := d.open(approval.Rules, app.RulesID)
	d.Clock.Add(30 * 24 * time.Hour)
	if err := d.App.Accept(d.ctx, d.Who["d2"], approval.Rules, app.RulesID, p.Digest, app.Proof{}); err == nil {
		t.Errorf("a proposal of 30 days ago took effect, they lapse after 14")
	}
}

// A stale digest: every old version's digest is refused, also after the content is the same again.
func TestSecond_OldDigest(t *testing.T) {
	d := desktest.New(t)
	id := d.Submit(90_000_00)
	s := d.Get(id)
	old := s.Digest
	c := s.Content
	c.AmountText = "80000.00"
	must(t, d.App.Edit(t.Context(), d.Who["m1"], id, s.Version, app.Entry{Content: c, Submit: true}))
	c.AmountText = "90000.00"
	must(t, d.App.Edit(t.Context(), d.Who["m1"], id, d.Get(id).Version, app.Entry{Content: c, Submit: true}))
	wants(t, "the digest of two versions ago", d.App.Approve(t.Context(), d.Who["a1"], id, old, app.Proof{}), "approve.moved")
	if d.Get(id).State != payout.PendingApproval {
		t.Error("moved")
	}
	items := []app.BatchItem{{ID: id, Digest: old}}
	b, err := d.App.ApproveMany(t.Context(), d.Who["a1"], "f", items, app.ListDigest(items), app.Proof{})
	must(t, err)
	if b.Approved() != 0 || b.Items[0].Did != app.ItemMoved {
		t.Errorf("%+v", b.Items)
	}
	d.Verify()
}

// Suspended or removed from the group between approval and claim; the payee changed between approval and claim by another route.
func TestSecond_LostBeforeClaim(t *testing.T) {
	d := newPeople(t)
	d.groups("a2", "board")
	d.groups("a1", "board")
	set := desktest.Rules()
	set.Name = "board"
	set.Rules[0].Steps = []approval.Step{{Count: 1, Groups: []string{"board"}}}
	setRules(t, d.Desk, set)
	d.Approved(90_000_00)
	d.groups("a1", "")
	if d.Claim() != nil {
		t.Error("left by an approver who is not in the group any more")
	}
	q := d.Submit(90_000_00)
	d.Approve(q, "a2")
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["a2"].Person, "x"))
	d.Clock.Add(10 * time.Second)
	if d.Claim() != nil {
		t.Error("left by somebody suspended")
	}
	d.Verify()
}

// A reset between the last yes and the claim: does what was said with the account of before count while its person does not?
func TestSecond_ResetBetween(t *testing.T) {
	d := newPeople(t)
	d.waits()
	id := d.Approved(90_000_00)
	a1 := d.Who["a1"].Person
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], a1, d.inForce(a1), "his account was taken over"))
	must(t, d.accept("d2", a1))
	if d.Claim() != nil {
		t.Errorf("it left by the yes of an account that was reset a moment ago (%s)", d.Get(id).State)
	}
}

// Who never enrolled decides nothing, so they are none of the two administrators that must stay.
func TestSecond_AdminsWhoNeverEnrolled(t *testing.T) {
	d := newPeople(t)
	d.waits()
	d.add("g1", "admin") // no link is ever made
	d.add("g2", "admin")
	for _, who := range []string{"d2", "d3"} {
		if err := d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who[who].Person, "x"); err != nil {
			t.Logf("refused: %v", err)
			return
		}
	}
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["s1"].Person, "x"))
	t.Errorf("one administrator alone is left who can sign in; she makes the links of the other two")
}
