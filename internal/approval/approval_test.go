package approval

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var day = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func who(id string, roles ...Role) Signer {
	return Signer{ID: id, Name: id, Roles: roles, Standing: true}
}

func yes(person string, seq int) Decision {
	return Decision{Person: person, Seq: seq, Answer: Yes, Digest: "d", At: day}
}

func back(person string, seq int) Decision {
	return Decision{Person: person, Seq: seq, Answer: Back, Digest: "d", At: day}
}

func ids(list []Signer) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, s.ID)
	}
	return out
}

// plan is one unordered plan of payouts.
func plan(steps ...Step) Plan { return Plan{Set: 1, Rule: "r", Steps: steps} }

func ordered(steps ...Step) Plan { return Plan{Set: 1, Rule: "r", Ordered: true, Steps: steps} }

func needs(plans ...Plan) Need { return Need{Roles: []Role{Approver, Senior}, Plans: plans} }

func group(n int, g ...string) Step   { return Step{Count: n, Groups: g} }
func persons(n int, p ...string) Step { return Step{Count: n, People: p} }

var folk = []Signer{who("a1", Approver), who("a2", Approver), who("a3", Approver), who("a4", Approver), who("s1", Senior), who("s2", Approver, Senior), who("adm", Admin), who("mk", "maker"),
	{ID: "gone", Roles: []Role{Approver}}, {ID: "", Roles: []Role{Approver, Senior}, Standing: true}}

// TestKinds: every kind of subject has a decision rule, that of the table "Who decides what"; a kind nobody wrote down has none.
func TestKinds(t *testing.T) {
	admins, approversOnly := []Role{Admin, Senior}, []Role{Approver, Senior}
	want := map[Kind]struct {
		count int
		roles []Role
	}{Payee: {1, approversOnly}, Rules: {1, admins}, Person: {1, admins}, Limit: {1, admins}, Keys: {1, admins}, Verdict: {2, approversOnly}, Release: {2, []Role{Approver, Senior, Admin}}, Match: {1, approversOnly}}
	for _, k := range Kinds() {
		n, ok := ForKind(k)
		if k == Payout {
			if ok || DemoRules().Need(Facts{AmountMinor: 1}).Count() < 1 {
				t.Error("a payout's rule is a rule set")
			}
			continue
		}
		if w := want[k]; !ok || n.Count() != w.count || n.Seniors() != 0 || !slices.Equal(n.Roles, w.roles) || len(n.Blocked) != 0 || len(n.Plans) != 1 || n.Plans[0].Set != 0 {
			t.Errorf("%s: %+v", k, n)
		}
		for _, r := range []Role{Approver, Senior, Admin, "maker", "auditor"} {
			asked := slices.Contains(want[k].roles, r)
			if got := Count(Case{Need: n, Digest: "d", Now: day}, nil, nil).May(who("p", r)) == Can; got != asked {
				t.Errorf("%s: %s may %v", k, r, got)
			}
		}
	}
	if len(Kinds()) != len(want)+1 {
		t.Error("a kind without a line in this table")
	}
	if _, ok := ForKind("something new"); ok {
		t.Error("an unknown kind has a rule")
	}
}

// TestCount: what the decisions given so far amount to, and what each person could still give.
func TestCount(t *testing.T) {
	two, three := needs(plan(approvers(2))), needs(plan(approvers(2), seniors(1)))
	board := needs(plan(group(2, "board"), seniors(1)))
	type may map[string]Why
	for _, c := range []struct {
		name              string
		need              Need
		ds                []Decision
		given             string
		met               bool
		open, openSeniors int
		may               may
	}{
		{"nothing", two, nil, "[]", false, 2, 0, may{"a1": Can, "s1": Can, "a3": Barred, "adm": NoRole, "mk": NoRole, "gone": NoStanding, "": NoRole, "nobody": NoRole}},
		{"one", two, []Decision{yes("a1", 1)}, "[a1]", false, 1, 0, may{"a1": Already, "a2": Can}},
		{"one person twice", two, []Decision{yes("a1", 1), yes("a1", 2)}, "[a1]", false, 1, 0, may{"a1": Already}},
		{"two", two, []Decision{yes("a1", 1), yes("s1", 2)}, "[a1 s1]", true, 0, 0, may{"a1": Already, "a2": Complete, "gone": NoStanding, "a3": Barred}},
		{"more than needed", two, []Decision{yes("a1", 1), yes("s1", 2), yes("a2", 3)}, "[a1 s1]", true, 0, 0, may{"a2": Already, "a4": Complete}},
		{"a maker's yes", two, []Decision{yes("a1", 1), yes("a3", 2)}, "[a1]", false, 1, 0, nil},
		{"suspended", two, []Decision{yes("a1", 1), yes("gone", 2)}, "[a1]", false, 1, 0, nil},
		{"nobody's", two, []Decision{yes("a1", 1), yes("nobody", 2), yes("", 3)}, "[a1]", false, 1, 0, nil},
		{"an administrator's", two, []Decision{yes("a1", 1), yes("adm", 2)}, "[a1]", false, 1, 0, nil},
		{"a maker's who lost the role of approver", two, []Decision{yes("a1", 1), yes("mk", 2)}, "[a1]", false, 1, 0, nil},
		{"another digest", two, []Decision{yes("a1", 1), {Person: "a2", Seq: 2, Answer: Yes, Digest: "e"}}, "[a1]", false, 1, 0, may{"a2": Can}},
		{"no digest", two, []Decision{yes("a1", 1), {Person: "a2", Seq: 2, Answer: Yes}}, "[a1]", false, 1, 0, nil},
		{"a take-back of another digest", two, []Decision{yes("a1", 1), {Person: "a1", Seq: 2, Answer: Back, Digest: "e"}}, "[a1]", false, 1, 0, nil},
		{"taken back", two, []Decision{yes("a1", 1), yes("a2", 2), back("a1", 3)}, "[a2]", false, 1, 0, may{"a1": Can, "a2": Already}},
		{"given again", two, []Decision{yes("a1", 1), back("a1", 2), yes("a2", 3), yes("a1", 4)}, "[a2 a1]", true, 0, 0, nil},
		{"said twice, taken back once", two, []Decision{yes("a1", 1), yes("a1", 2), back("a1", 3)}, "[]", false, 2, 0, may{"a1": Can}},
		{"the highest number counts, wherever it stands", two, []Decision{back("a1", 5), yes("a1", 1), yes("a2", 2)}, "[a2]", false, 1, 0, nil},
		{"a no", two, []Decision{yes("a1", 1), {Person: "a1", Seq: 2, Answer: No, Digest: "d"}}, "[]", false, 2, 0, nil},
		{"a word nobody knows is no yes", two, []Decision{yes("a1", 1), {Person: "a1", Seq: 2, Answer: "YES", Digest: "d"}}, "[]", false, 2, 0, nil},
		{"only the senior is missing", three, []Decision{yes("a1", 1), yes("a2", 2)}, "[a1 a2]", false, 1, 1, may{"s1": Can, "s2": Can, "a3": Barred, "a1": Already, "a4": NoSeat}},
		{"three without a senior", three, []Decision{yes("a1", 1), yes("a2", 2), yes("a4", 3)}, "[a1 a2]", false, 1, 1, may{"s1": Can, "a4": Already}},
		{"a senior first leaves places for anybody", three, []Decision{yes("s1", 1)}, "[s1]", false, 2, 0, may{"a1": Can, "s2": Can}},
		{"seniors alone", three, []Decision{yes("s1", 1), yes("s2", 2)}, "[s1 s2]", false, 1, 0, may{"a1": Can}},
		{"complete", three, []Decision{yes("a1", 1), yes("s2", 2), yes("a2", 3)}, "[a1 s2 a2]", true, 0, 0, may{"s1": Complete}},
		{"nobody of the group", board, []Decision{yes("a1", 1), yes("s1", 2)}, "[s1]", false, 2, 0, may{"a2": NoSeat, "s2": NoSeat}},
		{"a person named, who is no approver", needs(plan(persons(1, "adm", "a1"))), nil, "[]", false, 1, 0, may{"adm": NoRole, "a1": Can, "a2": NoSeat}},
		{"two rules, one person in both", needs(plan(approvers(2)), plan(seniors(1))), nil, "[]", false, 2, 1, may{"a1": Can, "s1": Can}},
		{"two rules, met by two", needs(plan(approvers(2)), plan(seniors(1))), []Decision{yes("a1", 1), yes("s1", 2)}, "[a1 s1]", true, 0, 0, nil},
		{"two rules, the senior missing", needs(plan(approvers(2)), plan(seniors(1))), []Decision{yes("a1", 1), yes("a2", 2)}, "[a1 a2]", false, 1, 1, may{"a4": NoSeat, "s1": Can}},
		{"nobody is needed: nothing is met", needs(), []Decision{yes("a1", 1)}, "[]", false, 0, 0, may{"a2": NoSeat}},
		{"a plan of no seats is not met by nobody", needs(plan(Step{Count: 0, Roles: []Role{Approver}})), nil, "[]", false, 0, 0, nil},
		{"blocked", Need{Roles: []Role{Approver}, Plans: []Plan{plan(approvers(1))}, Blocked: []Block{{Reason: "no"}}}, []Decision{yes("a1", 1)}, "[a1]", false, 0, 0, may{"a2": Blocked, "a1": Already}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tally := Count(Case{Need: c.need, Digest: "d", Barred: []string{"a3"}, Now: day}, folk, c.ds)
			if fmt.Sprint(ids(tally.Given)) != c.given || tally.Met != c.met || tally.Open != c.open || tally.OpenSeniors != c.openSeniors {
				t.Errorf("given %v met %v open %d seniors %d", ids(tally.Given), tally.Met, tally.Open, tally.OpenSeniors)
			}
			if tally.Needed() != len(tally.Given)+c.open {
				t.Errorf("needed %d", tally.Needed())
			}
			for id, want := range c.may {
				s := find(folk, id)
				if s == nil {
					s = &Signer{ID: id, Standing: true}
				}
				if got := tally.May(*s); got != want {
					t.Errorf("%q may %q, want %q", id, got, want)
				}
			}
		})
	}
	tally := Count(Case{Need: three, Digest: "d", Now: day}, folk, []Decision{yes("a1", 1), yes("a2", 2)})
	if got := ids(tally.Could(folk)); fmt.Sprint(got) != "[s1 s2]" {
		t.Errorf("could %v", got)
	}
	if got := ids(Count(Case{Need: three, Digest: "d", Now: day}, folk, nil).Could([]Signer{folk[4], folk[0], folk[5], folk[1]})); fmt.Sprint(got) != "[a1 a2 s1 s2]" {
		t.Errorf("seniors last: %v", got)
	}
	if !tally.LastWith(folk[4]) || tally.LastWith(folk[3]) || tally.LastWith(folk[0]) || Count(Case{Need: three, Digest: "d", Now: day}, folk, nil).LastWith(folk[0]) {
		t.Error("the last one needed")
	}
	if Count(Case{Need: two}, folk, []Decision{{Person: "a1", Seq: 1, Answer: Yes}, {Person: "a2", Seq: 2, Answer: Yes}}).Met {
		t.Error("approvals of nothing count")
	}
	if got := Count(Case{Need: three, Digest: "d"}, folk, []Decision{yes("s1", 1)}).Seats; len(got) != 1 || got[0].Step.Count != 2 || got[0].Step.onlySeniors() {
		t.Errorf("a senior sits where only a senior can: %+v", got)
	}
	twice := []Signer{who("a1", Approver), who("a1", Approver, Senior)}
	if Count(Case{Need: two, Digest: "d"}, twice, []Decision{yes("a1", 1), yes("a1", 2)}).Met {
		t.Error("two sign-ins of one person count twice")
	}
	if ok, _ := Reachable(Case{Need: two}, twice); ok {
		t.Error("two sign-ins of one person are two people")
	}
}

// TestCount_Person: what about a person, at which moment, keeps their yes from counting or from being given.
func TestCount_Person(t *testing.T) {
	h := func(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }
	one := needs(plan(approvers(1)))
	at := func(when time.Time) []Decision {
		return []Decision{{Person: "p", Seq: 1, Answer: Yes, Digest: "d", At: when}}
	}
	p := func(change func(*Signer)) Signer {
		s := who("p", Approver)
		change(&s)
		return s
	}
	quiet := func(s *Signer) { s.QuietFrom, s.QuietUntil = h(0), h(72) }
	for _, c := range []struct {
		name   string
		p      Signer
		c      Case
		ds     []Decision
		met    bool
		before Why // with none of the decisions
	}{
		{"since the moment of submission", p(func(s *Signer) { s.Since = h(0) }), Case{Submitted: h(0), Now: h(1)}, at(h(1)), true, Can},
		{"an approver a moment after submission", p(func(s *Signer) { s.Since = h(0).Add(1) }), Case{Submitted: h(0), Now: h(1)}, at(h(1)), false, TooNew},
		{"no moment of submission", p(func(s *Signer) { s.Since = h(5) }), Case{Now: h(6)}, at(h(6)), true, Can},
		{"a yes of before the reset does not count either while they are quiet", p(quiet), Case{Now: h(1)}, at(h(0).Add(-1)), false, Quiet},
		{"nor when the wait is over: they say it again", p(quiet), Case{Now: h(72)}, at(h(0).Add(-1)), false, Can},
		{"a yes at the reset does not count", p(quiet), Case{Now: h(0)}, at(h(0)), false, Quiet},
		{"a yes inside never counts later", p(quiet), Case{Now: h(1000)}, at(h(72).Add(-1)), false, Can},
		{"the end of the quiet time is not in it", p(quiet), Case{Now: h(72)}, at(h(72)), true, Can},
		{"new since ever, quiet until a moment", p(func(s *Signer) { s.QuietUntil = h(1) }), Case{Now: h(1).Add(-1)}, at(h(0)), false, Quiet},
		{"at the ceiling", p(func(s *Signer) { s.CeilingMinor = 100 }), Case{AmountMinor: 100, Now: h(0)}, at(h(0)), true, Can},
		{"a kopeck above the ceiling", p(func(s *Signer) { s.CeilingMinor = 100 }), Case{AmountMinor: 101, Now: h(0)}, at(h(0)), false, OverCeiling},
		{"a ceiling and no amount", p(func(s *Signer) { s.CeilingMinor = 100 }), Case{Now: h(0)}, at(h(0)), true, Can},
		{"room for just this", p(func(s *Signer) { s.Capped, s.RoomMinor = true, 100 }), Case{AmountMinor: 100, Now: h(0)}, at(h(0)), true, Can},
		{"a kopeck above today's room: not given now; given, it counts", p(func(s *Signer) { s.Capped, s.RoomMinor = true, 99 }), Case{AmountMinor: 100, Now: h(0)}, at(h(0)), true, OverCap},
		{"room that is overdrawn", p(func(s *Signer) { s.Capped, s.RoomMinor = true, -1 }), Case{Now: h(0)}, at(h(0)), true, OverCap},
		{"not capped any more", p(func(s *Signer) { s.RoomMinor = 0 }), Case{AmountMinor: 100, Now: h(0)}, at(h(0)), true, Can},
		{"suspended since", p(func(s *Signer) { s.Standing = false }), Case{Now: h(0)}, at(h(-10)), false, NoStanding},
		{"lost the role since", p(func(s *Signer) { s.Roles = []Role{"maker", Admin} }), Case{Now: h(0)}, at(h(-10)), false, NoRole},
		{"made a version of it", p(func(s *Signer) {}), Case{Barred: []string{"x", "p"}, Now: h(0)}, at(h(0)), false, Barred},
		{"everything at once: the most telling first", p(func(s *Signer) { s.Standing, s.Roles, s.Since, s.CeilingMinor = false, nil, h(9), 1 }), Case{Barred: []string{"p"}, Submitted: h(0), AmountMinor: 5, Now: h(0)}, at(h(0)), false, Barred},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.c.Need, c.c.Digest = one, "d"
			if got := Count(c.c, []Signer{c.p}, c.ds).Met; got != c.met {
				t.Errorf("met %v", got)
			}
			if got := Count(c.c, []Signer{c.p}, nil).May(c.p); got != c.before {
				t.Errorf("may %q, want %q", got, c.before)
			}
		})
	}
	// A yes inside the quiet time does not count; another one after it does.
	late := append(at(h(1)), Decision{Person: "p", Seq: 2, Answer: Yes, Digest: "d", At: h(73)})
	tally := Count(Case{Need: one, Digest: "d", Now: h(74)}, []Signer{p(quiet)}, late[:1])
	if tally.May(p(quiet)) != Can || !Count(Case{Need: one, Digest: "d", Now: h(74)}, []Signer{p(quiet)}, late).Met {
		t.Error("a yes of after the quiet time")
	}
}

// TestCount_Ordered: a yes counts for the step whose turn it is; one given too early must be said again, and may be.
func TestCount_Ordered(t *testing.T) {
	board := []Signer{who("x1", Approver), who("y1", Approver), who("y2", Approver), who("s1", Senior)}
	board[0].Groups, board[1].Groups, board[2].Groups = []string{"x"}, []string{"y"}, []string{"y"}
	need := needs(ordered(group(1, "x"), group(1, "y"), seniors(1)))
	for _, c := range []struct {
		name  string
		need  Need
		ds    []Decision
		given string
		open  int
		may   map[string]Why
		later string
	}{
		{"first the first", need, nil, "[]", 3, map[string]Why{"x1": Can, "y1": NoSeat, "s1": NoSeat}, "[false true true]"},
		{"then the second", need, []Decision{yes("x1", 1)}, "[x1]", 2, map[string]Why{"x1": Already, "y1": Can, "s1": NoSeat}, "[false true]"},
		{"too early does not count", need, []Decision{yes("y1", 1), yes("x1", 2)}, "[x1]", 2, map[string]Why{"y1": Can, "y2": Can}, "[false true]"},
		{"while it is still too early, it stands and is not asked again", need, []Decision{yes("y1", 1)}, "[]", 3, map[string]Why{"y1": Already, "x1": Can}, "[false true true]"},
		{"said again", need, []Decision{yes("y1", 1), yes("x1", 2), yes("y1", 3)}, "[y1 x1]", 1, map[string]Why{"y1": Already, "s1": Can}, "[false]"},
		{"all", need, []Decision{yes("x1", 1), yes("y2", 2), yes("s1", 3)}, "[x1 y2 s1]", 0, map[string]Why{"y1": Complete}, "[]"},
		{"the first taken back: the second has to wait again", need, []Decision{yes("x1", 1), yes("y2", 2), back("x1", 3)}, "[]", 3, map[string]Why{"y2": Already, "x1": Can}, "[false true true]"},
		{"one person, two steps", needs(ordered(approvers(1), seniors(1))), []Decision{yes("s1", 1), yes("s1", 2)}, "[s1]", 1, map[string]Why{"s1": Already, "x1": NoSeat}, "[false]"},
		{"an answer said twice is read as it helps most", needs(ordered(approvers(1), seniors(1))), []Decision{yes("s1", 1), yes("x1", 2), yes("s1", 3)}, "[s1 x1]", 0, nil, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tally := Count(Case{Need: c.need, Digest: "d", Now: day}, board, c.ds)
			later := []bool{}
			for _, s := range tally.Seats {
				later = append(later, s.Later)
			}
			if fmt.Sprint(ids(tally.Given)) != c.given || tally.Open != c.open || tally.Met != (c.open == 0) || fmt.Sprint(later) != c.later {
				t.Errorf("given %v open %d later %v", ids(tally.Given), tally.Open, later)
			}
			for id, want := range c.may {
				if got := tally.May(*find(board, id)); got != want {
					t.Errorf("%q may %q, want %q", id, got, want)
				}
			}
		})
	}
	// Bounded also when everybody says everything again and again, in a plan that nobody can complete.
	many, ds := []Signer{}, []Decision{}
	for i := range 40 {
		many = append(many, who(fmt.Sprint("p", i), Approver))
	}
	for i := range 400 {
		ds = append(ds, yes(fmt.Sprint("p", i%40), i))
	}
	if Count(Case{Need: needs(ordered(approvers(19), seniors(1))), Digest: "d"}, many, ds).Open != 1 {
		t.Error("open")
	}
}

// TestNeed: counts, seniors, one approver more, and the roles of two needs together.
func TestNeed(t *testing.T) {
	n := needs(plan(approvers(2)), plan(seniors(1)))
	if n.Count() != 2 || n.Seniors() != 1 || (Need{}).Count() != 0 {
		t.Error("count")
	}
	more := n.Plus(1)
	if more.Count() != 3 || len(n.Plans[0].Steps) != 1 || n.Plus(0).Count() != 2 || n.Plus(-3).Count() != 2 {
		t.Errorf("%+v", more)
	}
	ds := []Decision{yes("a1", 1), yes("s1", 2)}
	if c := (Case{Need: more, Digest: "d"}); Count(c, folk, ds).Met || !Count(c, folk, append(ds, yes("a2", 3))).Met {
		t.Error("one more approver")
	}
	admin, _ := ForKind(Rules)
	release, _ := ForKind(Release)
	if got := Join(admin, release).Roles; !slices.Equal(got, []Role{Admin, Senior}) {
		t.Errorf("roles of both: %v", got)
	}
	if got := Join(Need{}, n); got.Count() != 2 || len(got.Roles) != 2 {
		t.Errorf("joined with nothing: %+v", got)
	}
	stop := Need{Roles: n.Roles, Plans: n.Plans, Blocked: []Block{{Set: 2, Rule: "stop", Reason: "no"}}}
	for _, got := range []Need{Join(stop, n), Join(n, stop)} {
		if len(got.Blocked) != 1 || Count(Case{Need: got, Digest: "d"}, folk, ds).Met {
			t.Errorf("a block of one side is lost: %+v", got)
		}
	}
	same := RuleSet{Version: 1, Rules: []Rule{{Name: "one", Steps: []Step{approvers(1)}}, {Name: "two", Steps: []Step{approvers(1)}}, {Name: "less", Steps: []Step{approvers(1)}, When: When{First: true}}}}
	if got := same.Need(Facts{AmountMinor: 1, First: true}); len(got.Plans) != 1 || fmt.Sprint(got.Matched) != "[{1 one true} {1 two false} {1 less false}]" {
		t.Errorf("of rules that ask for the same the first counts: %+v", got)
	}
	m := DemoRules().Need(Facts{AmountMinor: 1})
	Join(m, ServeRules().Need(Facts{AmountMinor: FirstBandMinor + 1}))
	if !m.Matched[0].Counts {
		t.Error("joining changes what is joined")
	}
}

// TestReachable names the step that lacks people and how many.
func TestReachable(t *testing.T) {
	three := needs(plan(approvers(2), seniors(1)))
	for _, c := range []struct {
		name    string
		c       Case
		ok      bool
		missing int
		seniors bool
	}{
		{"enough", Case{Need: three}, true, 0, false},
		{"no senior", Case{Need: three, Barred: []string{"s1", "s2"}}, false, 1, true},
		{"just enough", Case{Need: three, Barred: []string{"a1", "a2", "a3", "s1"}}, false, 1, false},
		{"ceiling", Case{Need: needs(plan(approvers(7)))}, false, 1, false},
		{"blocked", Case{Need: Need{Roles: three.Roles, Plans: three.Plans, Blocked: []Block{{}}}}, false, 0, false},
		{"nothing asked", Case{Need: needs()}, false, 0, false},
		{"ordered", Case{Need: needs(ordered(seniors(2), approvers(4)))}, true, 0, false},
	} {
		ok, lack := Reachable(c.c, folk)
		if ok != c.ok || c.missing > 0 != (len(lack) > 0) || c.missing > 0 && (lack[0].Missing != c.missing || lack[0].Step.onlySeniors() != c.seniors) {
			t.Errorf("%s: %v %+v", c.name, ok, lack)
		}
	}
	// Who is new or reset is counted, who came after the submission or is under the ceiling is not.
	s := who("p", Approver)
	s.QuietUntil, s.Since, s.CeilingMinor = day.Add(72*time.Hour), day, 100
	for amount, want := range map[int64]bool{100: true, 101: false} {
		if ok, _ := Reachable(Case{Need: needs(plan(approvers(1))), AmountMinor: amount, Now: day, Submitted: day}, []Signer{s}); ok != want {
			t.Errorf("%d: %v", amount, ok)
		}
	}
	if ok, _ := Reachable(Case{Need: needs(plan(approvers(1))), Now: day, Submitted: day.Add(-1)}, []Signer{s}); ok {
		t.Error("an approver of after the submission")
	}
}
