package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// people drives proposals about people on a whole desk.
type people struct {
	*desktest.Desk
	t   *testing.T
	ctx context.Context
}

func newPeople(t *testing.T) *people {
	return &people{desktest.New(t), t, t.Context()}
}

// waits puts newcomers' waiting into force, as the serve set has it.
func (d *people) waits() {
	d.t.Helper()
	set := desktest.Rules()
	set.Name, set.Newcomers = "waits", approval.Newcomers{QuietHours: 72, CapDays: 14, CapDayMinor: 150_000_00}
	must(d.t, d.App.ProposeRules(d.ctx, d.Who["d1"], set, 1, "guard"))
	p := d.open(approval.Rules, app.RulesID)
	must(d.t, d.App.Accept(d.ctx, d.Who["d2"], approval.Rules, app.RulesID, p.Digest, app.Proof{}))
}

func (d *people) open(kind approval.Kind, id string) app.Proposal {
	d.t.Helper()
	ps, err := d.Store.OpenProposals(d.ctx, 100)
	must(d.t, err)
	i := slices.IndexFunc(ps, func(p app.Proposal) bool { return p.Kind == kind && p.ID == id })
	if i < 0 {
		d.t.Fatalf("nothing open about %s %s", kind, id)
	}
	return ps[i]
}

// accept approves the open proposal about a person.
func (d *people) accept(by, id string) error {
	d.t.Helper()
	return d.App.Accept(d.ctx, d.Who[by], approval.Person, id, d.open(approval.Person, id).Digest, app.Proof{})
}

// add proposes and approves a person, who enrols with a link, and names them.
func (d *people) add(name string, roles ...string) string {
	d.t.Helper()
	id, err := d.App.ProposePerson(d.ctx, d.Who["d1"], app.PersonDraft{Name: "Person " + name, Email: name + "@x.test", Roles: roles})
	must(d.t, err)
	must(d.t, d.accept("d2", id))
	d.Who[name] = app.Who{Person: id, Email: name + "@x.test"}
	return id
}

// enrol sets a password with a link.
func (d *people) enrol(name string) {
	d.t.Helper()
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], d.Who[name].Person, name+"@x.test")
	must(d.t, err)
	_, err = d.App.Enrol(d.ctx, token, "a phrase of six plain words")
	must(d.t, err)
}

func (d *people) person(id string) auth.Person {
	d.t.Helper()
	p, err := d.Store.PersonByID(d.ctx, id)
	must(d.t, err)
	return p
}

func (d *people) inForce(id string) int {
	d.t.Helper()
	n, err := d.Store.InForceVersion(d.ctx, approval.Person, id)
	must(d.t, err)
	return n
}

// TestPersonProposals: who may propose and decide about people; nobody about themselves; the proposer never; every fault of a new person at once; one address
// belongs to one person for ever, also while it is only proposed. Issue point 7.
func TestPersonProposals(t *testing.T) {
	d := newPeople(t)
	draft := app.PersonDraft{Name: "  Новая   Анна ", Email: "New@X.test", Roles: []string{"approver"}, Groups: "treasury, Kazan ,treasury", Reason: "sick leave"}
	for _, who := range []string{"m1", "a1", "s1", "u1"} {
		_, err := d.App.ProposePerson(d.ctx, d.Who[who], draft)
		wants(t, who+" proposes", err, "denied.role")
		wants(t, who+" proposes a change", d.App.ProposePersonChange(d.ctx, d.Who[who], d.Who["m2"].Person, []string{"approver"}, "", 0, ""), "denied.role")
		wants(t, who+" proposes a reset", d.App.ProposeReset(d.ctx, d.Who[who], d.Who["m2"].Person, 0, ""), "denied.role")
		_, _, err = d.App.MakeLink(d.ctx, d.Who[who], d.Who["m2"].Person, "m2@x.test")
		wants(t, who+" makes a link", err, "denied.role")
	}
	_, err := d.App.ProposePerson(d.ctx, d.Who["d1"], app.PersonDraft{Name: " ", Email: "m1@x.test", Roles: []string{"admin", "maker"}, Groups: strings.Repeat("x", 41)})
	var codes []string
	for _, f := range fault.As(err) {
		codes = append(codes, f.Field+" "+f.Code)
	}
	if got := strings.Join(codes, ", "); got != "name people.name, email people.taken, roles people.apart, groups people.groups" {
		t.Errorf("faults of a new person: %s", got)
	}
	id, err := d.App.ProposePerson(d.ctx, d.Who["d1"], draft)
	must(t, err)
	_, err = d.App.ProposePerson(d.ctx, d.Who["d2"], draft)
	wants(t, "the same address while it waits", err, "people.asked")
	p := d.open(approval.Person, id)
	for _, personal := range []string{"Анна", "new@x.test", "New@X.test"} {
		if strings.Contains(string(p.Doc), personal) || !strings.Contains(string(p.Doc), "treasury") {
			t.Errorf("the document of the proposal: %s", p.Doc)
		}
	}
	if _, err := d.Store.PersonByID(d.ctx, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a proposed person is there: %v", err)
	}
	wants(t, "the proposer", d.accept("d1", id), "subject.own")
	for _, who := range []string{"m1", "a1", "u1"} {
		wants(t, who+" decides", d.accept(who, id), "denied.role")
	}
	must(t, d.accept("s1", id))
	who := d.person(id)
	if who.Name != "Новая Анна" || auth.FormatRoles(who.Roles) != "approver" || strings.Join(who.Groups, "|") != "Kazan|treasury" || who.Founding || who.Version != 1 {
		t.Errorf("added: %+v", who)
	}
	acc, ok, err := d.Store.AccountByEmail(d.ctx, "new@x.test")
	if err != nil || !ok || acc.Hash != "" || acc.MustChange {
		t.Errorf("the account: %+v %v %v", acc, ok, err)
	}
	for _, pw := range []string{"", " "} {
		_, _, err := d.App.CheckPassword(d.ctx, "new@x.test", pw)
		wants(t, "signing in before enrolling", err, "signin.wrong")
	}
	_, err = d.App.ProposePerson(d.ctx, d.Who["d2"], draft)
	wants(t, "the same address later", err, "people.taken")
	// Nobody about themselves: not the proposer of a change, not the one who decides.
	wants(t, "one's own roles", d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["d1"].Person, []string{"auditor"}, "", 0, ""), "people.own")
	wants(t, "one's own reset", d.App.ProposeReset(d.ctx, d.Who["d1"], d.Who["d1"].Person, 0, ""), "people.own")
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["s1"].Person, []string{"senior"}, "owls", 0, ""))
	wants(t, "whom it concerns", d.accept("s1", d.Who["s1"].Person), "subject.own")
	wants(t, "whom it concerns refuses", d.App.Refuse(d.ctx, d.Who["s1"], approval.Person, d.Who["s1"].Person, d.open(approval.Person, d.Who["s1"].Person).Digest, "no"), "subject.own")
	must(t, d.accept("d3", d.Who["s1"].Person))
	wants(t, "from an old page", d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["s1"].Person, []string{"senior"}, "bears", 0, ""), "subject.moved")
	wants(t, "nothing new", d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["s1"].Person, []string{"senior"}, "owls", d.inForce(d.Who["s1"].Person), ""), "people.same")
	wants(t, "nobody", d.App.ProposePersonChange(d.ctx, d.Who["d1"], "no such", []string{"maker"}, "", 0, ""), "people.none")
	wants(t, "roles apart", d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["m1"].Person, []string{"auditor", "maker"}, "", 0, ""), "people.apart")
	wants(t, "no role", d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["m1"].Person, nil, "", 0, ""), "people.roles")
	d.Verify()
}

// TestNewcomer: a new approver's yes does not count for what was submitted before they were one, nor for 72 hours after; then not above their bound by day for
// 14 days; whoever was there from the beginning waits for nothing. The same for somebody who becomes one, and after a reset. Issue point 7.
func TestNewcomer(t *testing.T) {
	for name, become := range map[string]func(d *people) string{
		"added": func(d *people) string { return d.add("n1", "approver") },
		"changed": func(d *people) string {
			id := d.Who["m2"].Person
			must(d.t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], id, []string{"approver"}, "", 0, ""))
			must(d.t, d.accept("d2", id))
			d.Who["n1"] = d.Who["m2"]
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPeople(t)
			d.waits()
			before := d.Submit(50_000_00)
			d.Clock.Add(time.Minute)
			become(d)
			yes := func(id payout.ID) error {
				return d.App.Approve(d.ctx, d.Who["n1"], id, d.Get(id).Digest, app.Proof{})
			}
			d.Clock.Add(time.Minute)
			after, big := d.Submit(50_000_00), d.Submit(90_000_00)
			third := d.Submit(60_000_00)
			wants(t, "what was submitted before", yes(before), "approve.new")
			wants(t, "at once", yes(after), "approve.quiet")
			d.Clock.Add(72*time.Hour - time.Minute - time.Second)
			wants(t, "a second before the 72 hours are over", yes(after), "approve.quiet")
			d.Clock.Add(time.Second)
			wants(t, "what was submitted before, after 72 hours", yes(before), "approve.new")
			must(t, yes(after))
			must(t, yes(big))
			wants(t, "over the bound by day", yes(third), "approve.cap")
			d.Clock.Add(24 * time.Hour)
			must(t, yes(third))
			d.Verify()
		})
	}
}

// TestFoundersWaitForNothing: founding people count at once, whatever the rules say of newcomers.
func TestFoundersWaitForNothing(t *testing.T) {
	d := newPeople(t)
	d.waits()
	id := d.Submit(50_000_00)
	d.Approve(id, "a1")
	if got := d.Get(id).State; got != payout.Approved {
		t.Errorf("state %s", got)
	}
}

// TestPromotion: an approver who becomes a senior does not fill a senior's place with a yes of before, and waits like somebody new.
func TestPromotion(t *testing.T) {
	d := newPeople(t)
	d.waits()
	id := d.Submit(2_000_000_00)
	d.Approve(id, "a1", "a2")
	d.Clock.Add(time.Minute)
	a1 := d.Who["a1"].Person
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], a1, []string{"senior"}, "", 0, ""))
	must(t, d.accept("d2", a1))
	f, err := d.App.Frame(d.ctx)
	must(t, err)
	ds, err := d.Store.DecisionsOf(d.ctx, approval.Payout, string(id), 1)
	must(t, err)
	st, err := f.Stand(app.JudgedOf(d.Get(id)), ds)
	must(t, err)
	if len(st.Tally.Given) != 1 || st.Tally.Given[0].ID != d.Who["a2"].Person {
		t.Errorf("given by %+v", st.Tally.Given)
	}
	if why := st.Tally.May(f.Signer(a1)); why != approval.TooNew {
		t.Errorf("the new senior: %q", why)
	}
	d.Verify()
}

// TestRoleChangeEndsSignIns: other roles end the person's sign-ins in the same commit, other groups alone do not; what a yes of somebody who is no approver any
// more said does not count.
func TestRoleChangeEndsSignIns(t *testing.T) {
	d := newPeople(t)
	id := d.Submit(500_000_00)
	d.Approve(id, "a1")
	d.Clock.Add(time.Minute)
	d.add("n1", "approver") // without a third approver, who can sign in, a1 could not leave
	d.enrol("n1")
	a1 := d.Who["a1"].Person
	acc, _, err := d.Store.AccountByEmail(d.ctx, "a1@x.test")
	must(t, err)
	_, s, err := d.App.SignIn(d.ctx, acc, app.Door{}, "")
	must(t, err)
	alive := func() bool {
		_, ok, err := d.Store.LoginByID(d.ctx, s.ID)
		must(t, err)
		return ok
	}
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], a1, []string{"approver"}, "owls", 0, ""))
	must(t, d.accept("d2", a1))
	if !alive() {
		t.Error("a change of groups ended a sign-in")
	}
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], a1, []string{"auditor"}, "owls", 1, ""))
	if !alive() {
		t.Error("a mere proposal ended a sign-in")
	}
	must(t, d.accept("d2", a1))
	if alive() {
		t.Error("the sign-in goes on with other roles")
	}
	d.Approve(id, "a2")
	if got := d.Get(id).State; got != payout.PendingApproval {
		t.Errorf("the yes of somebody who is no approver any more counts: %s", got)
	}
	// Who can act instead is said, and can: a removed person never freezes the queue.
	f, err := d.App.Frame(d.ctx)
	must(t, err)
	ds, err := d.Store.DecisionsOf(d.ctx, approval.Payout, string(id), 1)
	must(t, err)
	st, err := f.Stand(app.JudgedOf(d.Get(id)), ds)
	must(t, err)
	if could := st.Tally.Could(f.Signers); len(could) != 1 || could[0].ID != d.Who["s1"].Person {
		t.Errorf("who could: %+v", could)
	}
	d.Approve(id, "s1")
	if got := d.Get(id).State; got != payout.Approved {
		t.Errorf("state %s", got)
	}
	d.Verify()
}

// TestSuspendedNeverFreezes: with an approver suspended who had said yes, the others are named and can decide; restoring is four eyes, and the old yes does not
// come back to life.
func TestSuspendedNeverFreezes(t *testing.T) {
	d := newPeople(t)
	id := d.Submit(500_000_00)
	d.Approve(id, "a1")
	a1 := d.Who["a1"].Person
	d.Clock.Add(time.Minute)
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], a1, "left"))
	could := func() string {
		f, err := d.App.Frame(d.ctx)
		must(t, err)
		ds, err := d.Store.DecisionsOf(d.ctx, approval.Payout, string(id), 1)
		must(t, err)
		st, err := f.Stand(app.JudgedOf(d.Get(id)), ds)
		must(t, err)
		var out []string
		for _, s := range st.Tally.Could(f.Signers) {
			out = append(out, d.Name(s.ID))
		}
		return fmt.Sprint(len(st.Tally.Given), out)
	}
	if got := could(); got != "0 [a2 s1]" {
		t.Errorf("without a1: %s", got)
	}
	wants(t, "a change of somebody suspended", d.App.ProposePersonChange(d.ctx, d.Who["d1"], a1, []string{"maker"}, "", 0, ""), "people.off")
	wants(t, "a reset of somebody suspended", d.App.ProposeReset(d.ctx, d.Who["d1"], a1, 0, ""), "people.off")
	wants(t, "somebody who works", d.App.ProposeRestore(d.ctx, d.Who["d1"], d.Who["a2"].Person, 0, ""), "people.on")
	must(t, d.App.ProposeRestore(d.ctx, d.Who["d1"], a1, 0, "back"))
	wants(t, "its proposer", d.accept("d1", a1), "subject.own")
	must(t, d.accept("d2", a1))
	if p := d.person(a1); p.Suspended {
		t.Error("still suspended")
	}
	if got := could(); got != "0 [a2 s1]" {
		t.Errorf("after restoring: %s", got)
	}
	d.Approve(id, "a2", "s1")
	next := d.Submit(50_000_00)
	d.Approve(next, "a1")
	d.Verify()
}

// TestLastAdmins: two administrators always stay, at the proposal and again when it takes effect.
func TestLastAdmins(t *testing.T) {
	d := newPeople(t)
	d2, d3 := d.Who["d2"].Person, d.Who["d3"].Person
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d2, []string{"auditor"}, "", 0, ""))
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d3, "left"))
	wants(t, "when it takes effect", d.accept("s1", d2), "people.admins")
	if p := d.person(d2); !p.Has(auth.Admin) {
		t.Error("no administrator any more")
	}
	must(t, d.App.Withdraw(d.ctx, d.Who["d1"], approval.Person, d2, d.open(approval.Person, d2).Digest))
	wants(t, "at the proposal", d.App.ProposePersonChange(d.ctx, d.Who["d1"], d2, []string{"auditor"}, "", 0, ""), "people.admins")
	d.Verify()
}

// TestChangeDeadlock: a change that leaves something that nobody could decide is refused with the example; suspending the same person works, and its page can
// say what would then be undecidable. Issue points 3 and 7.
func TestChangeDeadlock(t *testing.T) {
	d := newPeople(t)
	s1 := d.Who["s1"].Person
	err := d.App.ProposePersonChange(d.ctx, d.Who["d1"], s1, []string{"approver"}, "", 0, "")
	wants(t, "the only senior", err, "people.deadlock")
	if fs := fault.As(err); len(fs) != 1 || len(fs[0].Args) != 17 || fs[0].Args[0] != "payout" || fs[0].Args[5] != "senior" || fs[0].Args[7] != 1 {
		t.Errorf("the example: %+v", fs)
	}
	risk, err := d.App.WithoutPerson(d.ctx, s1)
	must(t, err)
	if len(risk) == 0 || risk[0].Kind != approval.Payout || risk[0].AboveMinor != approval.SecondBandMinor {
		t.Errorf("without the senior: %+v", risk)
	}
	if risk, err = d.App.WithoutPerson(d.ctx, d.Who["m2"].Person); err != nil || len(risk) > 0 {
		t.Errorf("without a maker: %+v %v", risk, err)
	}
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], s1, "left"))
	// What is stuck already cannot get stuck again: a change elsewhere is not refused for it.
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["m2"].Person, []string{"maker"}, "owls", 0, ""))
	d.Verify()
}

// TestReset: proposed by one, decided by another; password and open links end, sign-ins too; for 72 hours approvals do not count, also of founders; the person
// sets the new password alone.
func TestReset(t *testing.T) {
	d := newPeople(t)
	d.waits()
	a1 := d.Who["a1"].Person
	id := d.Submit(50_000_00)
	_, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], a1, "a1@x.test")
	wants(t, "a link for somebody with a password", err, "enrol.done")
	acc, _, err := d.Store.AccountByEmail(d.ctx, "a1@x.test")
	must(t, err)
	_, s, err := d.App.SignIn(d.ctx, acc, app.Door{}, "")
	must(t, err)
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], a1, 0, "lost the phone"))
	wants(t, "the proposer", d.accept("d1", a1), "subject.own")
	must(t, d.accept("d3", a1))
	if _, ok, _ := d.Store.LoginByID(d.ctx, s.ID); ok {
		t.Error("the sign-in lives")
	}
	if acc, _, _ = d.Store.AccountByEmail(d.ctx, "a1@x.test"); acc.Hash != "" {
		t.Error("the old password is still there")
	}
	wants(t, "an approval after a reset", d.App.Approve(d.ctx, d.Who["a1"], id, d.Get(id).Digest, app.Proof{}), "approve.quiet")
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d2"], a1, "a1@x.test")
	must(t, err)
	e, _, err := d.App.LinkFor(d.ctx, token)
	if err != nil || e.What != "reset" {
		t.Errorf("the link: %+v %v", e, err)
	}
	_, err = d.App.Enrol(d.ctx, token, "a phrase of six plain words")
	must(t, err)
	_, _, err = d.App.CheckPassword(d.ctx, "a1@x.test", "a phrase of six plain words")
	must(t, err)
	d.Clock.Add(72 * time.Hour)
	must(t, d.App.Approve(d.ctx, d.Who["a1"], id, d.Get(id).Digest, app.Proof{}))
	d.Verify()
}

// TestEnrolment: a link works once and for 24 hours, a new one ends the old one, only its hash is stored anywhere, nobody makes one for themselves or for
// somebody who has a password. Issue point 7.
func TestEnrolment(t *testing.T) {
	d := newPeople(t)
	const pw = "a phrase of six plain words"
	id := d.add("n1", "maker")
	link := func(by string) string {
		t.Helper()
		token, acc, err := d.App.MakeLink(d.ctx, d.Who[by], id, " N1@x.test")
		must(t, err)
		if acc.Email != "n1@x.test" || len(token) < 22 {
			t.Errorf("link %q for %s", token, acc.Email)
		}
		return token
	}
	_, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], d.Who["d1"].Person, "d1@x.test")
	wants(t, "for oneself", err, "people.own")
	_, _, err = d.App.MakeLink(d.ctx, d.Who["d1"], id, "m1@x.test")
	wants(t, "for somebody else's address", err, "people.none")
	first := link("d1")
	second := link("d2")
	if first == second {
		t.Fatal("two links are one")
	}
	_, _, err = d.App.LinkFor(d.ctx, first)
	wants(t, "the link before", err, "enrol.over")
	for _, wrong := range []string{"", "x", second + "x", strings.ToUpper(second)} {
		_, _, err = d.App.LinkFor(d.ctx, wrong)
		wants(t, "a wrong link", err, "enrol.link")
		_, err = d.App.Enrol(d.ctx, wrong, pw)
		wants(t, "enrolling with a wrong link", err, "enrol.link")
	}
	_, err = d.App.Enrol(d.ctx, second, "short")
	wants(t, "a short password", err, "password.short")
	d.Clock.Add(app.LinkAge)
	_, err = d.App.Enrol(d.ctx, second, pw)
	wants(t, "a day later", err, "enrol.over")
	third := link("d1")
	d.Clock.Add(app.LinkAge - time.Second)
	acc, err := d.App.Enrol(d.ctx, third, pw)
	must(t, err)
	if acc.Person != id || acc.MustChange {
		t.Errorf("enrolled: %+v", acc)
	}
	_, err = d.App.Enrol(d.ctx, third, pw+" again")
	wants(t, "a used link", err, "enrol.over")
	_, p, err := d.App.CheckPassword(d.ctx, "n1@x.test", pw)
	if err != nil || p.ID != id {
		t.Errorf("signing in: %v", err)
	}
	_, _, err = d.App.MakeLink(d.ctx, d.Who["d1"], id, "n1@x.test")
	wants(t, "once there is a password", err, "enrol.done")
	for _, e := range d.Events() {
		for _, token := range []string{first, second, third} {
			if strings.Contains(string(e.Payload), token) {
				t.Errorf("event %d tells a link", e.Seq)
			}
		}
	}
	db := d.SQL()
	var n int
	must(t, db.QueryRow("SELECT COUNT(*) FROM enrolment WHERE hash IN (?, ?, ?)", first, second, third).Scan(&n))
	if n != 0 {
		t.Error("a token stands in the table")
	}
	must(t, db.QueryRow("SELECT COUNT(*) FROM enrolment WHERE ended_at > 0 AND length(hash) = 64").Scan(&n))
	if n != 3 {
		t.Errorf("%d ended links, want 3", n)
	}
	// A link of somebody who was suspended meanwhile is over.
	other := d.add("n2", "maker")
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], other, "n2@x.test")
	must(t, err)
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], other, "left"))
	_, err = d.App.Enrol(d.ctx, token, pw)
	wants(t, "suspended meanwhile", err, "enrol.over")
	d.Verify()
}

// TestEnrolOnce: of many at once with one link exactly one gets in.
func TestEnrolOnce(t *testing.T) {
	d := newPeople(t)
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], d.add("n1", "maker"), "n1@x.test")
	must(t, err)
	results := make(chan error, 4)
	for i := range cap(results) {
		go func() {
			_, err := d.App.Enrol(d.ctx, token, fmt.Sprintf("a phrase of six plain words %d", i))
			results <- err
		}()
	}
	in := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			in++
		case !fault.Is(err, "enrol.over"):
			t.Errorf("%v", err)
		}
	}
	if in != 1 {
		t.Errorf("%d got in with one link", in)
	}
	d.Verify()
}

// TestConsole: before the first submission the console adds at once; afterwards it only proposes, somebody on the desk decides; a password set there must be
// changed and approves nothing until then. Issue point 7.
func TestConsole(t *testing.T) {
	d := newPeople(t)
	const pw = "a phrase of six plain words"
	n := app.NewPerson{Email: "c1@x.test", Name: "Console One", Password: pw, Roles: rolesOf(t, "approver")}
	added, err := d.App.AddOnConsole(d.ctx, n)
	must(t, err)
	if added.Proposed || d.person(added.ID).Name != "Console One" || !d.person(added.ID).Founding {
		t.Errorf("at the founding: %+v", added)
	}
	c1 := app.Who{Person: added.ID, Email: n.Email}
	id := d.Submit(50_000_00)
	wants(t, "with a password of the console", d.App.Approve(d.ctx, c1, id, d.Get(id).Digest, app.Proof{}), "signin.change")
	wants(t, "the stop too", d.App.Halt(d.ctx, c1, "x"), "signin.change")
	wants(t, "another password that is too short", d.App.ChangePassword(d.ctx, c1, pw, "short"), "password.short")
	must(t, d.App.ChangePassword(d.ctx, c1, pw, "another phrase of plain words"))
	must(t, d.App.Approve(d.ctx, c1, id, d.Get(id).Digest, app.Proof{}))

	n.Email, n.Name = "c2@x.test", "Console Two"
	added, err = d.App.AddOnConsole(d.ctx, n)
	must(t, err)
	if !added.Proposed || !added.EffectAt.IsZero() {
		t.Errorf("after the founding: %+v", added)
	}
	if _, err := d.Store.PersonByID(d.ctx, added.ID); fault.KindOf(err) != fault.NotFound {
		t.Error("added without four eyes")
	}
	p := d.open(approval.Person, added.ID)
	if strings.Contains(string(p.Doc), "Console Two") || strings.Contains(string(p.Doc), "argon") || strings.Contains(string(p.Private), pw) {
		t.Errorf("document %s, private %s", p.Doc, p.Private)
	}
	_, err = d.App.AddOnConsole(d.ctx, n)
	wants(t, "twice", err, "people.asked")
	wants(t, "stopping what waits for a decision", d.App.Stop(d.ctx, d.Who["m1"], approval.Person, added.ID, p.Digest, "no"), "subject.waits")
	must(t, d.accept("d1", added.ID))
	acc, _, err := d.App.CheckPassword(d.ctx, n.Email, pw)
	if err != nil || !acc.MustChange {
		t.Errorf("%+v %v", acc, err)
	}
	if d.person(added.ID).Founding {
		t.Error("a founder after the founding")
	}
	// One more sign-in of somebody who is there.
	second, err := d.App.AddOnConsole(d.ctx, app.NewPerson{Email: "a1-second@x.test", Password: pw, SameAs: "A1@x.test"})
	must(t, err)
	if second.ID != d.Who["a1"].Person || !second.Proposed {
		t.Errorf("%+v", second)
	}
	must(t, d.accept("d1", second.ID))
	acc, ok, err := d.Store.AccountByEmail(d.ctx, "a1-second@x.test")
	if err != nil || !ok || acc.Person != d.Who["a1"].Person {
		t.Errorf("%+v %v", acc, err)
	}
	_, err = d.App.AddOnConsole(d.ctx, app.NewPerson{Email: "z@x.test", Password: pw, SameAs: "nobody@x.test"})
	wants(t, "the same as nobody", err, "people.none")
	d.Verify()
}

// few is a desk after its founding on which nobody could decide about people.
func few(t *testing.T) *people {
	d := newPeople(t)
	d.Submit(100_00)
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["s1"].Person, "left"))
	// Two administrators always stay on the pages; a desk can come into this state only past them, as from an old database.
	for _, a := range []string{"d1", "d2", "d3"} {
		d.SetRoles(a, auth.Auditor)
	}
	return d
}

// TestUnopposed: where nobody could decide, a person of the console is added after 72 hours by the clock, unless anybody stops it with a reason.
func TestUnopposed(t *testing.T) {
	n := app.NewPerson{Email: "c1@x.test", Name: "Console One", Password: "a phrase of six plain words"}
	for _, stop := range []bool{false, true} {
		t.Run(fmt.Sprint("stopped ", stop), func(t *testing.T) {
			d := few(t)
			n.Roles = rolesOf(t, "admin")
			added, err := d.App.AddOnConsole(d.ctx, n)
			must(t, err)
			if want := d.Clock.Now().Add(app.Unopposed); !added.EffectAt.Equal(want) || app.Unopposed != 72*time.Hour {
				t.Fatalf("effect at %s, want %s", added.EffectAt, want)
			}
			p := d.open(approval.Person, added.ID)
			settle := func() bool {
				did, err := d.App.SettleNext(d.ctx)
				must(t, err)
				return did
			}
			d.Clock.Add(app.Unopposed - time.Second)
			if settle() {
				t.Error("it took effect early")
			}
			if stop {
				wants(t, "without a reason", d.App.Stop(d.ctx, d.Who["m1"], approval.Person, added.ID, p.Digest, " "), "reason.needed")
				wants(t, "somebody suspended", d.App.Stop(d.ctx, d.Who["s1"], approval.Person, added.ID, p.Digest, "x"), "denied.suspended")
				must(t, d.App.Stop(d.ctx, d.Who["m1"], approval.Person, added.ID, p.Digest, "who is this"))
			}
			d.Clock.Add(time.Second)
			if did := settle(); did == stop {
				t.Errorf("settled: %v", did)
			}
			_, err = d.Store.PersonByID(d.ctx, added.ID)
			if (fault.KindOf(err) == fault.NotFound) != stop {
				t.Errorf("there: %v", err)
			}
			if settle() {
				t.Error("it goes on settling")
			}
		})
	}
}

// TestUnopposed_Altered: a proposal that somebody changed past the desk does not take effect by the clock; it lapses and stands in nobody's way.
func TestUnopposed_Altered(t *testing.T) {
	d := few(t)
	add := func(name string) string {
		added, err := d.App.AddOnConsole(d.ctx, app.NewPerson{Email: name + "@x.test", Name: "Console", Password: "a phrase of six plain words", Roles: rolesOf(t, "maker")})
		must(t, err)
		d.Clock.Add(time.Second)
		return added.ID
	}
	bad, good := add("c1"), add("c2")
	d.Exec("DROP TRIGGER proposal_fixed")
	d.Exec(`UPDATE proposal SET doc = replace(doc, '"maker"', '"admin"') WHERE id = ?`, bad)
	d.Clock.Add(app.Unopposed)
	for range 2 {
		if did, err := d.App.SettleNext(d.ctx); err != nil || !did {
			t.Fatalf("settling: %v %v", did, err)
		}
	}
	if _, err := d.Store.PersonByID(d.ctx, bad); fault.KindOf(err) != fault.NotFound {
		t.Error("an altered proposal took effect")
	}
	if p := d.person(good); auth.FormatRoles(p.Roles) != "maker" {
		t.Errorf("the one after it: %+v", p)
	}
	if did, err := d.App.SettleNext(d.ctx); err != nil || did {
		t.Errorf("it goes on: %v %v", did, err)
	}
}

// TestFound: the founding administrators of an empty desk, two or more, without passwords, each with a link; a second time is refused.
func TestFound(t *testing.T) {
	d := newPeople(t)
	_, err := d.App.Found(d.ctx, []app.NewPerson{{Email: "x@x.test", Name: "X"}, {Email: "y@x.test", Name: "Y"}})
	wants(t, "with people there", err, "init.people")
	must(t, d.Store.Close())
	for _, dir := range []string{filepath.Dir(d.DB()), d.Anchor()} {
		must(t, os.RemoveAll(dir))
	}
	d.Open()
	_, err = d.App.Found(d.ctx, []app.NewPerson{{Email: "x@x.test", Name: "X"}})
	wants(t, "one alone", err, "init.few")
	_, err = d.App.Found(d.ctx, []app.NewPerson{{Email: "x@x.test", Name: "X"}, {Email: "X@x.test", Name: "Y"}})
	wants(t, "one address twice", err, "people.taken")
	links, err := d.App.Found(d.ctx, []app.NewPerson{{Email: "x@x.test", Name: "X"}, {Email: "Y@x.test", Name: "Y"}})
	must(t, err)
	if len(links) != 2 || links[1].Email != "y@x.test" {
		t.Fatalf("%+v", links)
	}
	acc, err := d.App.Enrol(d.ctx, links[0].Token, "a phrase of six plain words")
	must(t, err)
	p := d.person(acc.Person)
	if !p.Founding || !p.Has(auth.Admin) || !p.ApproverSince.IsZero() || !p.QuietUntil.IsZero() {
		t.Errorf("%+v", p)
	}
}

// TestPlanIsBound: a proposal whose name was changed past the desk is refused, not carried out.
func TestPlanIsBound(t *testing.T) {
	d := newPeople(t)
	id, err := d.App.ProposePerson(d.ctx, d.Who["d1"], app.PersonDraft{Name: "Anna", Email: "n@x.test", Roles: []string{"maker"}})
	must(t, err)
	p := d.open(approval.Person, id)
	if pl, err := app.ReadPerson(p); err != nil || pl.Name != "Anna" || pl.Email != "n@x.test" {
		t.Fatalf("%+v %v", pl, err)
	}
	var x map[string]string
	must(t, json.Unmarshal(p.Private, &x))
	x["name"] = "Mallory"
	p.Private, err = json.Marshal(x)
	must(t, err)
	if _, err := app.ReadPerson(p); err == nil {
		t.Error("another name is taken for the one that was put to people")
	}
}

// TestMakerMayNotApprove: rules that let no maker be an approver are refused while somebody works as both, when they are proposed and again when they take effect, with the names; and
// once they are in force nobody comes back as both. What comes later is refused: where somebody became both while the rules were open it is the rules, and the other way round.
func TestMakerMayNotApprove(t *testing.T) {
	set := desktest.Rules()
	set.Name, set.MakerMayApprove = "apart", false
	rules := func(d *people) error {
		f, err := d.App.Frame(d.ctx)
		must(t, err)
		return d.App.ProposeRules(d.ctx, d.Who["d1"], set, f.Set.Version, "test")
	}
	yes := func(d *people, kind approval.Kind, id string) error {
		return d.App.Accept(d.ctx, d.Who["d2"], kind, id, d.open(kind, id).Digest, app.Proof{})
	}
	named := func(what string, err error) {
		t.Helper()
		f := fault.As(err)
		if !fault.Is(err, "rules.apart") || f[0].Field != "maker_may_approve" || fmt.Sprint(f[0].Args...) != "[Person m2]" {
			t.Errorf("%s: %v", what, err)
		}
	}
	both := func(d *people) string {
		m2 := d.Who["m2"].Person
		must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], m2, []string{"maker", "approver"}, "", d.inForce(m2), ""))
		return m2
	}
	t.Run("proposed", func(t *testing.T) {
		d := newPeople(t)
		must(t, yes(d, approval.Person, both(d)))
		named("somebody is both", rules(d))
	})
	t.Run("takes effect", func(t *testing.T) {
		d := newPeople(t)
		must(t, rules(d))
		must(t, yes(d, approval.Person, both(d)))
		named("somebody became both", yes(d, approval.Rules, app.RulesID))
		d.Verify()
	})
	t.Run("the rules came first", func(t *testing.T) {
		d := newPeople(t)
		m2 := both(d)
		must(t, rules(d))
		must(t, yes(d, approval.Rules, app.RulesID))
		wants(t, "becomes both", yes(d, approval.Person, m2), "people.apart")
		d.Verify()
	})
	t.Run("comes back", func(t *testing.T) {
		d := newPeople(t)
		m2 := both(d)
		must(t, yes(d, approval.Person, m2))
		must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], m2, "away"))
		must(t, rules(d)) // nobody works as both
		must(t, d.App.ProposeRestore(d.ctx, d.Who["d1"], m2, d.inForce(m2), "back"))
		must(t, yes(d, approval.Rules, app.RulesID))
		wants(t, "comes back as both", d.accept("d2", m2), "people.apart_back")
		must(t, d.App.Withdraw(d.ctx, d.Who["d1"], approval.Person, m2, d.open(approval.Person, m2).Digest))
		wants(t, "is proposed to", d.App.ProposeRestore(d.ctx, d.Who["d1"], m2, d.inForce(m2), "back"), "people.apart_back")
		d.Verify()
	})
}
