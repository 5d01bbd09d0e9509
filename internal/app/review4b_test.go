package app_test

import (
	"testing"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
)

// What a review of the four eyes found: each of these was a way round, or a dead end that nobody was told of.

// The payee's month: two accounts of one payee, the second typed in.
func TestReview4_PayeeMonth_OtherAccountTypedIn(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1), acct(2))
	vouch(t, d, id, "m1", "a1", c)
	var l approval.Limits
	l.PayeeMonth.HardMinor = 150_000_00
	setLimits(t, d, l)
	p := d.SubmitContent("m1", to(id, c, acct(1), 90_000_00))
	d.Approve(p, "a2")
	if !sent(d) {
		t.Fatal("first did not go")
	}
	q := d.SubmitContent("m2", to("", c, acct(2), 89_000_00))
	d.Approve(q, "a2")
	if sent(d) {
		t.Errorf("179,000 left to one saved payee in a month under a hard limit of 150,000: its second account was typed in")
	}
	d.Verify()
}

// The other way round: typed in first, then saved.
func TestReview4_PayeeMonth_TypedInFirst(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1), acct(2))
	vouch(t, d, id, "m1", "a1", c)
	var l approval.Limits
	l.PayeeMonth.HardMinor = 150_000_00
	setLimits(t, d, l)
	q := d.SubmitContent("m2", to("", c, acct(2), 89_000_00))
	d.Approve(q, "a2")
	if !sent(d) {
		t.Fatal("first")
	}
	p := d.SubmitContent("m1", to(id, c, acct(1), 90_000_00))
	d.Approve(p, "a2")
	if sent(d) {
		t.Errorf("179,000 left to the accounts of one saved payee in a month under a hard limit of 150,000")
	}
}

// Who holds the enrolment link of an account vouches for its key: then one human being resets, enrols, vouches and signs.
func TestReview4_VouchByWhoMadeTheLink(t *testing.T) {
	d := &people{desktest.NewWith(t, signing()), t, t.Context()}
	d.Submit(50_000_00) // the founding is over
	a1 := d.Who["a1"].Person
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], a1, d.inForce(a1), "lost phone"))
	must(t, d.accept("d2", a1))
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], a1, "a1@x.test")
	must(t, err)
	_, err = d.App.Enrol(d.ctx, token, "a phrase of six plain words")
	must(t, err)
	d.Passkey("a1")
	p := d.open(approval.Person, a1)
	if p.Op != app.OpKey {
		t.Fatal(p.Op)
	}
	if err := d.App.Accept(d.ctx, d.Who["d1"], approval.Person, a1, p.Digest, app.Proof{}); err == nil {
		t.Errorf("the administrator who proposed the reset and made the link vouches for the key that came of it")
	}
}

// Guards that are switched off in all but name.
func TestReview4_GuardsOff(t *testing.T) {
	for name, off := range map[string]func(*approval.RuleSet){
		"sign above 92 quadrillion": func(s *approval.RuleSet) { s.SignAboveMinor = 1<<63 - 1 },
		"no waiting period":         func(s *approval.RuleSet) { s.CoolOffMinutes = 0 },
		"no cap":                    func(s *approval.RuleSet) { s.Newcomers.CapDays = 0 },
	} {
		d := desktest.NewWith(t, approval.ServeRules())
		set := approval.ServeRules()
		off(&set)
		if err := d.App.ProposeRules(t.Context(), d.Who["d1"], set, 1, ""); err == nil {
			t.Errorf("%s: can be proposed", name)
		}
	}
}

// Soft limits and signing in the deadlock check.
func TestReview4_DeadlockBySoftLimit(t *testing.T) {
	d := desktest.New(t)
	l := approval.Limits{Payout: approval.Bound{SoftMinor: 100_00}}
	if err := d.App.ProposeLimits(t.Context(), d.Who["d1"], l, 0, ""); err == nil {
		t.Errorf("limits under which nobody can approve above 1,000,000 (4 of 3 people) can be proposed")
	}
}

// New people make something undecidable: a maker whose payouts nobody can approve.
func TestReview4_DeadlockByNewPerson(t *testing.T) {
	d := newPeople(t)
	set := desktest.Rules()
	set.Name = "vip"
	set.Rules = append(set.Rules, approval.Rule{Name: "vip", When: approval.When{MakerGroups: []string{"vip"}}, Steps: []approval.Step{{Count: 1, Groups: []string{"nobody"}}}})
	setRules(t, d.Desk, set)
	_, err := d.App.ProposePerson(d.ctx, d.Who["d1"], app.PersonDraft{Name: "Vip", Email: "vip@x.test", Roles: []string{"maker"}, Groups: "vip"})
	if err == nil {
		t.Errorf("a maker of whom nobody could approve anything can be proposed")
	}
	if err := d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["m2"].Person, []string{"maker"}, "vip", 0, ""); err == nil {
		t.Errorf("so can the change of one")
	}
}

// A payout that alone is larger than a hard limit of the day can never leave: it is not put to people, or the page does not promise tomorrow.
func TestReview4_NeverFits(t *testing.T) {
	d := desktest.New(t)
	setLimits(t, d, approval.Limits{MakerDay: approval.Bound{HardMinor: 50_000_00}})
	if _, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "x", Content: d.Content(90_000_00), Submit: true}); err == nil {
		t.Errorf("90,000 can be submitted under a hard limit of 50,000 for a maker's day")
	}
}

func TestReview4_PayoutLimitLater(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(90_000_00)
	setLimits(t, d, approval.Limits{Payout: approval.Bound{HardMinor: 50_000_00}})
	if d.Claim() != nil {
		t.Fatal("left over a hard limit")
	}
	s := d.Get(id)
	if s.Why == "limit" && !s.HeldUntil.IsZero() {
		t.Errorf("it says that it leaves on %v, and never can", s.HeldUntil)
	}
}
