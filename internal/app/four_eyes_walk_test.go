package app_test

import (
	"context"
	"fmt"
	mrand "math/rand/v2"
	"slices"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

// fourEyes is the part of the walk that changes rules, limits, lists, payees and people: anybody tries, with what is on their screen or an old one, and anybody decides.
type fourEyes struct {
	d      *desktest.Desk
	rnd    *mrand.Rand
	o      *watch
	payees []string
	n      int
	names  []string         // who acts
	people []string         // who is changed, suspended and reset, with those who were added
	held   map[string]*held // what they prove themselves with, by name
	tokens []string         // of links, oldest first
}

// sayer is told of a deed whether it had to be allowed, why not, and what became of it.
type sayer func(what, who string, may bool, why string, err error)

func newFourEyes(d *desktest.Desk, rnd *mrand.Rand, o *watch, names []string) *fourEyes {
	return &fourEyes{d: d, rnd: rnd, o: o, names: names, people: slices.Clone(moving), held: map[string]*held{}}
}

// subjects are what can be decided on: kind and id.
func (f *fourEyes) subjects() [][2]string {
	out := [][2]string{{"rules", app.RulesID}, {"limits", app.LimitsID}}
	for _, id := range f.payees {
		if digest, _ := f.o.c.Open("payee", id); digest != "" {
			out = append(out, [2]string{"payee", id})
		}
	}
	for _, list := range [][]string{f.names, f.people} {
		for _, name := range list {
			if digest, _ := f.o.c.Open("person", f.d.Who[name].Person); digest != "" {
				out = append(out, [2]string{"person", f.d.Who[name].Person})
			}
		}
	}
	return out
}

// moving are those whose roles and groups change, and who may come back after a suspension.
var moving = []string{"e0", "e1", "e2", "e3", "e4", "e5", "both"}

// step does one thing about rules, limits, payees or people; say is told whether it had to be allowed.
func (f *fourEyes) step(who string, say sayer) {
	ctx, rnd := context.Background(), f.rnd
	x := rnd.IntN(100)
	if x < 20 && rnd.IntN(2) == 0 {
		who = []string{"d1", "d2", "d3"}[rnd.IntN(3)]
	}
	w := f.d.Who[who]
	agree := func(what string, may bool, err error) { say(what, who, may, "", err) }
	version := func(kind approval.Kind, id string) int {
		v, err := f.d.Store.InForceVersion(ctx, kind, id)
		must(f.d.T, err)
		if kind == approval.Rules && v == 0 {
			v = f.d.App.Rules.Version // the first write puts the founding set down; pages name it before that
		}
		return v
	}
	inForce := func(kind approval.Kind, id string) int {
		v := version(kind, id)
		if rnd.IntN(12) == 0 {
			v-- // an old screen
		}
		return v
	}
	fresh := func(kind approval.Kind, id string, seen int) bool {
		digest, _ := f.o.c.Open(string(kind), id)
		return seen == version(kind, id) && digest == ""
	}
	pick := func() (kind, id, digest, by string) {
		s := f.subjects()
		k := s[rnd.IntN(len(s))]
		digest, by = f.o.c.Open(k[0], k[1])
		if rnd.IntN(15) == 0 {
			digest = "0123456789abcdef"
		}
		return k[0], k[1], digest, by
	}
	same := func(kind, id, digest string) bool {
		open, _ := f.o.c.Open(kind, id)
		return open != "" && open == digest
	}
	switch {
	case x < 12:
		seen := inForce(approval.Rules, app.RulesID)
		set := f.rules()
		may := f.o.c.May(w.Person, "admin") && fresh(approval.Rules, app.RulesID, seen)
		err := f.d.App.ProposeRules(ctx, w, set, seen, "walk")
		if may && err != nil && isAny(err, "rules.deadlock", "rules.same") {
			return // people who could decide under it are gone: the deadlock check has its own oracle in internal/approval
		}
		agree("rules", may, err)
	case x < 20:
		seen := inForce(approval.Limit, app.LimitsID)
		may := f.o.c.May(w.Person, "admin") && fresh(approval.Limit, app.LimitsID, seen)
		err := f.d.App.ProposeLimits(ctx, w, f.limits(), seen, "walk")
		if may && err != nil && isAny(err, "rules.deadlock", "subject.nobody", "limits.same") {
			return
		}
		agree("limits", may, err)
	case x < 35:
		id, seen := f.d.App.NewPayeeID(), 0
		if len(f.payees) > 3 && rnd.IntN(3) > 0 || len(f.payees) > 30 {
			id = f.payees[rnd.IntN(len(f.payees))]
			seen = inForce(approval.Payee, id)
		}
		may := f.o.c.May(w.Person, "maker") && fresh(approval.Payee, id, seen)
		err := f.d.App.ProposePayee(ctx, w, app.PayeeEntry{ID: id, Seen: seen, Content: f.payee(), Acks: []string{app.WarnSharedAccount, "account_key", "mixed_script"}})
		if may && err != nil && isAny(err, "subject.nobody") {
			return
		}
		if err == nil && !slices.Contains(f.payees, id) {
			f.payees = append(f.payees, id)
		}
		agree("payee", may, err)
	case x < 47:
		about := f.people[rnd.IntN(len(f.people))]
		if rnd.IntN(2) == 0 { // rather somebody who was suspended
			for _, name := range f.people {
				if f.o.c.Suspended(f.d.Who[name].Person) {
					about = name
				}
			}
		}
		id := f.d.Who[about].Person
		if !f.o.c.Known(id) {
			return
		}
		p, err := f.d.Store.PersonByID(ctx, id)
		if err != nil {
			f.d.T.Fatal(err)
		}
		digest, _ := f.o.c.Open("person", id)
		seen := inForce(approval.Person, id)
		if rnd.IntN(2) == 0 {
			who = []string{"d1", "d2", "d3"}[rnd.IntN(3)]
			w = f.d.Who[who]
		}
		may := f.o.c.May(w.Person, "admin") && digest == "" && fresh(approval.Person, id, seen) && id != w.Person
		what := "person"
		if p.Suspended && rnd.IntN(3) > 0 {
			what = "let somebody work again"
			err = f.d.App.ProposeRestore(ctx, w, id, seen, "walk")
		} else {
			roles := [][]string{{"approver"}, {"maker"}, {"approver", "senior"}, {"maker", "approver"}}[rnd.IntN(4)]
			err = f.d.App.ProposePersonChange(ctx, w, id, roles, []string{"", "ural"}[rnd.IntN(2)], seen, "walk")
		}
		if may && err != nil && isAny(err, "people.same", "people.off", "people.on", "people.deadlock", "people.admins", "subject.nobody") {
			return
		}
		agree(what, may, err)
	case x < 80:
		kind, id, digest, _ := pick()
		if rnd.IntN(3) == 0 { // somebody who can, so that it goes on
			for _, i := range rnd.Perm(len(f.names)) {
				if f.o.c.MayAccept(kind, id, f.d.Who[f.names[i]].Person, f.d.Clock.Now()) {
					who = f.names[i]
					w = f.d.Who[who]
					break
				}
			}
		}
		p, _, holds, used := f.proof(who, digest, func(who string) (app.Question, error) { return f.d.App.BeginSign(ctx, f.d.Who[who], digest, false) }, rnd.IntN(300))
		may := same(kind, id, digest) && f.o.c.MayAccept(kind, id, w.Person, f.d.Clock.Now()) && holds(false, false)
		err := f.d.App.Accept(ctx, w, approval.Kind(kind), id, digest, p)
		if may && isAny(err, "people.deadlock", "people.off", "people.on", "people.admins", "people.reset_last", "rules.deadlock") {
			return // the desk has changed since it was proposed: then it takes no effect
		}
		if err == nil {
			used(false)
		}
		agree("accept", may, err)
	case x < 86:
		kind, id, digest, _ := pick()
		agree("refuse", same(kind, id, digest) && f.o.c.MayRefuse(kind, id, w.Person), f.d.App.Refuse(ctx, w, approval.Kind(kind), id, digest, "no"))
	case x < 94:
		kind, id, digest, by := pick()
		if name := f.d.Name(by); name != "" && rnd.IntN(3) == 0 {
			who, w = name, f.d.Who[name]
		}
		vouch := kind == "person" && id == w.Person && by == w.Person
		if vouch && f.n%3 > 0 {
			return // most wait, so that there are passkeys to sign with
		}
		role := map[string]string{"payee": "maker", "rules": "admin", "limits": "admin", "person": "admin"}[kind]
		agree("withdraw", same(kind, id, digest) && by == w.Person && (f.o.c.May(w.Person, role) || vouch && f.o.c.May(w.Person, "maker", "approver", "senior", "auditor", "admin")), f.d.App.Withdraw(ctx, w, approval.Kind(kind), id, digest))
	case x < 97:
		kind, id, digest, _ := pick()
		agree("stop", false, f.d.App.Stop(ctx, w, approval.Kind(kind), id, digest, "no")) // none of these takes effect by itself
	default:
		kind, id, digest, _ := pick()
		agree("take back a yes", false, f.d.App.TakeBackOn(ctx, w, approval.Kind(kind), id, digest)) // one yes is enough, so none stands on what is open
	}
}

// rules makes up a set: bands that move, and now and then a rule of another kind.
func (f *fourEyes) rules() approval.RuleSet {
	rnd := f.rnd
	f.n++
	r := desktest.Rules()
	r.Name = fmt.Sprint("walk ", f.n)
	first := []int64{20_000_00, 100_000_00, 300_000_00}[rnd.IntN(3)]
	second := []int64{500_000_00, 1_000_000_00}[rnd.IntN(2)]
	r.Rules[0].When.UpToMinor, r.Rules[1].When.OverMinor, r.Rules[1].When.UpToMinor, r.Rules[2].When.OverMinor = first, first, second, second
	step := func(n int, role approval.Role) approval.Step {
		return approval.Step{Count: n, Roles: []approval.Role{role}}
	}
	maybe := func(name string, rule approval.Rule) {
		if rnd.IntN(3) == 0 {
			rule.Name = name
			r.Rules = append(r.Rules, rule)
		}
	}
	maybe("first", approval.Rule{When: approval.When{OverMinor: first, First: true}, Steps: []approval.Step{step(1, approval.Senior)}})
	maybe("changed", approval.Rule{When: approval.When{ChangedDays: 3, Entry: "saved"}, Steps: []approval.Step{step(2, approval.Approver)}})
	maybe("of m2", approval.Rule{When: approval.When{Makers: []string{f.d.Who["m2"].Person}}, Steps: []approval.Step{step(2, approval.Approver)}})
	maybe("sum", approval.Rule{When: approval.When{Sums: []approval.SumOver{{Of: []string{"payee", "maker", "company"}[rnd.IntN(3)], Per: []string{"day", "month"}[rnd.IntN(2)],
		OverMinor: []int64{1_000_000_00, 30_000_000_00}[rnd.IntN(2)]}}}, Steps: []approval.Step{step(1, approval.Approver), step(1, approval.Senior)}})
	maybe("in order", approval.Rule{When: approval.When{OverMinor: second, Entry: "saved"}, Ordered: true, Steps: []approval.Step{step(1, approval.Approver), step(1, approval.Senior)}})
	maybe("named", approval.Rule{When: approval.When{OverMinor: first, UpToMinor: second}, Steps: []approval.Step{{Count: 1, People: []string{f.d.Who["a1"].Person, f.d.Who["a2"].Person, f.d.Who["e0"].Person, f.d.Who["e3"].Person}}}})
	maybe("with a member", approval.Rule{When: approval.When{UpToMinor: second}, Steps: []approval.Step{step(1, approval.Approver), {Count: 1, Groups: []string{"ural"}}}})
	maybe("rent", approval.Rule{When: approval.When{PayeeGroups: []string{"rent"}}, Steps: []approval.Step{step(2, approval.Approver)}})
	if rnd.IntN(6) == 0 {
		r.Rules = append(r.Rules, approval.Rule{Name: "no free entry", When: approval.When{OverMinor: second, Entry: "free"}, Blocked: "saved payees only"})
	}
	maybe("of a group", approval.Rule{When: approval.When{MakerGroups: []string{"ural"}}, Steps: []approval.Step{step(2, approval.Approver)}})
	if rnd.IntN(4) > 0 {
		r.Newcomers = approval.Newcomers{QuietHours: []int{1, 36}[rnd.IntN(2)], CapDays: 4, CapDayMinor: 300_000_00}
	}
	r.SignAboveMinor = []int64{0, 700_000_00, 1_000_000_00}[rnd.IntN(3)]
	r.StepUpAboveMinor = []int64{0, 200_000_00}[rnd.IntN(2)]
	if rnd.IntN(3) == 0 {
		r.CoolOffMinutes, r.CoolOffOverMinor = 60, first
	}
	return r
}

func (f *fourEyes) limits() approval.Limits {
	rnd := f.rnd
	one := func(soft, hard int64) approval.Bound {
		b := approval.Bound{}
		if rnd.IntN(2) == 0 {
			b.SoftMinor = soft
		}
		if rnd.IntN(2) == 0 {
			b.HardMinor = hard
		}
		return b
	}
	l := approval.Limits{Payout: one(600_000_00, 1_000_500_00), MakerDay: one(700_000_00, 1_500_000_00), PayeeMonth: one(500_000_00, 1_200_000_00), CompanyDay: one(1_500_000_00, 4_000_000_00)}
	if rnd.IntN(3) == 0 {
		l.Ceilings = []approval.Ceiling{{Person: f.d.Who[[]string{"a1", "e0", "both", "d2"}[rnd.IntN(4)]].Person, Minor: 200_000_00}}
	}
	if rnd.IntN(3) == 0 {
		l.Lists = append(l.Lists, approval.ListEntry{List: "block", What: "account", Value: f.d.Content(1_00).Account, Reason: "walk"})
		if len(f.payees) > 0 {
			l.Lists = append(l.Lists, approval.ListEntry{List: "block", What: "payee", Value: f.payees[rnd.IntN(len(f.payees))], Reason: "walk"})
		}
	}
	today := calendar.DayOf(f.d.Clock.Now())
	switch rnd.IntN(8) {
	case 0: // every payout of the walk goes to this bank
		l.Lists = append(l.Lists, approval.ListEntry{List: "allow", What: "bik", Value: "044525974", Reason: "walk"})
	case 1: // for a day, saved payees only, and of those one
		if len(f.payees) > 0 {
			l.Lists = append(l.Lists, approval.ListEntry{List: "allow", What: "payee", Value: f.payees[rnd.IntN(len(f.payees))], Until: string(today), Reason: "walk"})
		}
	case 2: // nobody, for a day
		l.Lists = append(l.Lists, approval.ListEntry{List: "block", What: "bik", Value: "044525974", Until: string(today), Reason: "walk"})
	}
	return l
}

func (f *fourEyes) payee() payee.Content {
	c := payee.Content{Kind: payee.Person, FullName: "Сидорова Анна Петровна", Description: "По договору, НДС не облагается"}
	for range 1 + f.rnd.IntN(3) {
		x := f.d.Content(1_00)
		c.Accounts = append(c.Accounts, payee.Account{BIK: x.BIK, Number: x.Account})
	}
	if f.rnd.IntN(2) == 0 {
		c.Groups = []string{"rent"}
	}
	return c
}

// toPayee makes a payout's content one to a saved payee, or to their account alone, where there is one in force.
func (f *fourEyes) toPayee(c *payout.Content) {
	if len(f.payees) == 0 {
		return
	}
	id := f.payees[f.rnd.IntN(len(f.payees))]
	x, v, err := f.d.App.PayeeInForce(context.Background(), id)
	if err != nil || v == 0 || len(x.Accounts) == 0 {
		return
	}
	a := x.Accounts[f.rnd.IntN(len(x.Accounts))]
	c.PayeeID, c.PayeeVer, c.FullName, c.BIK, c.Account, c.INN, c.KPP = id, v, x.FullName, a.BIK, a.Number, x.INN, x.KPP
	if f.rnd.IntN(3) == 0 { // to their account, without naming them: lists and limits hold all the same
		c.PayeeID, c.PayeeVer = "", 0
	}
}
