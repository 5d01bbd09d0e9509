package app_test

import (
	"testing"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
)

// What a third review of the four eyes found: dead ends that two proposals make together, each of which is fine alone.

// vipOfNobody is a set under which nobody could approve what makers of one group enter; while nobody is in that group nothing is stuck.
func vipOfNobody() approval.RuleSet {
	set := desktest.Rules()
	set.Name = "vip"
	set.Rules = append(set.Rules, approval.Rule{Name: "vip", When: approval.When{MakerGroups: []string{"vip"}}, Steps: []approval.Step{{Count: 1, Groups: []string{"nobody"}}}})
	return set
}

// TestReview4_NewPersonBesideRules: a maker is proposed while the rules in force suit them, and before they come rules take effect under which nobody could approve what they enter:
// they do not come. Issue 4, point 3.
func TestReview4_NewPersonBesideRules(t *testing.T) {
	d := newPeople(t)
	id, err := d.App.ProposePerson(d.ctx, d.Who["d1"], app.PersonDraft{Name: "Vip", Email: "vip@x.test", Roles: []string{"maker"}, Groups: "vip"})
	must(t, err)
	setRules(t, d.Desk, vipOfNobody())
	wants(t, "whose payouts nobody could approve", d.accept("d2", id), "people.deadlock")
	d.Verify()
}

// TestReview4_RestoredBesideRules: the same of somebody who is suspended while such rules take effect, and then works again.
func TestReview4_RestoredBesideRules(t *testing.T) {
	d := newPeople(t)
	m2 := d.Who["m2"].Person
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], m2, []string{"maker"}, "vip", 0, ""))
	must(t, d.accept("d2", m2))
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], m2, "away"))
	restore := func() error { return d.App.ProposeRestore(d.ctx, d.Who["d1"], m2, d.inForce(m2), "back") }
	must(t, restore())
	setRules(t, d.Desk, vipOfNobody())
	wants(t, "when it takes effect", d.accept("d2", m2), "people.deadlock")
	must(t, d.App.Withdraw(d.ctx, d.Who["d1"], approval.Person, m2, d.open(approval.Person, m2).Digest))
	wants(t, "at the proposal", restore(), "people.deadlock")
	d.Verify()
}

// TestReview4_ResetOfAllAdmins: administrators propose each other's reset, each fine alone: the last one who can sign in keeps the password, since nobody else could hand out
// the links that bring the others back. Issue 4, points 3 and 7.
func TestReview4_ResetOfAllAdmins(t *testing.T) {
	d := newPeople(t)
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["d3"].Person, "left"))
	d1, d2 := d.Who["d1"].Person, d.Who["d2"].Person
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], d2, 0, "lost"))
	must(t, d.App.ProposeReset(d.ctx, d.Who["d2"], d1, 0, "lost"))
	must(t, d.accept("s1", d2))
	wants(t, "the last one who can sign in", d.accept("s1", d1), "people.reset_last")
	d.enrol("d2")
	must(t, d.accept("s1", d1))
	d.Verify()
}

// TestReview4_FirstMaker: on a desk that was founded with two administrators alone people come in any order: the first maker is not refused because the approvers are not there yet.
func TestReview4_FirstMaker(t *testing.T) {
	d := newPeople(t)
	for _, who := range []string{"m1", "m2", "s1"} {
		must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who[who].Person, "left"))
	}
	d.add("m3", "maker")
	must(t, d.App.ProposeRestore(d.ctx, d.Who["d1"], d.Who["m1"].Person, 0, "back"))
	must(t, d.accept("d2", d.Who["m1"].Person))
	d.Verify()
}
