package approval

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The oracle: told once more, by trying everything, without the engine's code.

func oAsks(st Step, s Signer) bool {
	for _, p := range st.People {
		if p == s.ID {
			return true
		}
	}
	for _, r := range st.Roles {
		for _, x := range s.Roles {
			if x == r || r == "approver" && x == "senior" {
				return true
			}
		}
	}
	for _, g := range st.Groups {
		for _, x := range s.Groups {
			if x == g {
				return true
			}
		}
	}
	return false
}

// oBars tells whether the person may never decide this, as things are.
func oBars(c Case, s Signer) bool {
	for _, b := range c.Barred {
		if b == s.ID {
			return true
		}
	}
	return s.ID == "" || !s.Standing || !oAsks(Step{Roles: c.Need.Roles}, s) || !c.Submitted.IsZero() && c.Submitted.Before(s.Since) || s.CeilingMinor != 0 && s.CeilingMinor < c.AmountMinor
}

// oAs is a person as far as they were this already then.
func oAs(s Signer, w *Was) Signer {
	if w == nil {
		return s
	}
	then := Signer{Roles: w.Roles}
	s.Roles = slices.DeleteFunc([]Role{Approver, Senior, Admin}, func(r Role) bool { return !s.Has(r) || !then.Has(r) })
	s.Groups = slices.DeleteFunc(slices.Clone(s.Groups), func(g string) bool { return !slices.Contains(w.Groups, g) })
	return s
}

// oMore reports whether somebody whose yes stands is now what a plan that is not done asks for, and was not when they said it.
func oMore(c Case, now Signer, rows []Signer) bool {
	for _, p := range c.Need.Plans {
		seats := 0
		for _, st := range p.Steps {
			seats += st.Count
		}
		if filled, _ := oFill(p, rows); filled == seats {
			continue
		}
		for _, st := range p.Steps {
			said, asked := false, false
			for _, r := range rows {
				if r.ID == now.ID {
					said, asked = true, asked || oAsks(st, r)
				}
			}
			if said && !asked && oAsks(st, now) {
				return true
			}
		}
	}
	return false
}

// oRows are the persons of each yes that stands, in order.
func oRows(c Case, people []Signer, ds []Decision) []Signer {
	var out []Signer
	for seq := 0; seq < 1000; seq++ {
		for _, d := range ds {
			if d.Seq != seq || d.Digest != c.Digest || c.Digest == "" || d.Answer != "yes" {
				continue
			}
			counts := false
			for _, s := range people {
				if s = oAs(s, d.Was); s.ID == d.Person && !oBars(c, s) && (s.QuietUntil.IsZero() || d.At.UnixNano() >= s.QuietUntil.UnixNano()) {
					counts = true
					for _, later := range ds {
						if later.Person == d.Person && later.Digest == c.Digest && later.Seq > seq && later.Answer != "yes" {
							counts = false
						}
					}
					if counts {
						out = append(out, s)
					}
				}
			}
		}
	}
	return out
}

// oFill tries every way to give the answers to seats: the most that can be filled, and the fewest seats for seniors that are open then.
func oFill(p Plan, rows []Signer) (filled, seniorsOpen int) {
	left := make([]int, len(p.Steps))
	for i, st := range p.Steps {
		left[i] = st.Count
	}
	filled = -1
	var try func(i, n int, used map[string]bool)
	try = func(i, n int, used map[string]bool) {
		if i == len(rows) {
			open := 0
			for j, st := range p.Steps {
				if len(st.Roles) == 1 && st.Roles[0] == "senior" && len(st.People)+len(st.Groups) == 0 {
					open += left[j]
				}
			}
			if n > filled || n == filled && open < seniorsOpen {
				filled, seniorsOpen = n, open
			}
			return
		}
		try(i+1, n, used)
		if used[rows[i].ID] {
			return
		}
		for j, st := range p.Steps {
			if left[j] > 0 && oAsks(st, rows[i]) {
				left[j]--
				used[rows[i].ID] = true
				try(i+1, n+1, used)
				delete(used, rows[i].ID)
				left[j]++
			}
			if p.Ordered && left[j] > 0 {
				break // the next step waits for this one
			}
		}
	}
	try(0, 0, map[string]bool{})
	return filled, seniorsOpen
}

type oResult struct {
	met                  bool
	open, seniors, total int
}

func oracle(c Case, people []Signer, ds []Decision) oResult {
	rows := oRows(c, people, ds)
	r := oResult{met: len(c.Need.Plans) > 0 && len(c.Need.Blocked) == 0}
	for _, p := range c.Need.Plans {
		seats := 0
		for _, st := range p.Steps {
			seats += st.Count
		}
		filled, seniors := oFill(p, rows)
		r.open, r.seniors, r.total = max(r.open, seats-filled), max(r.seniors, seniors), r.total+seats-filled
		r.met = r.met && filled == seats
	}
	return r
}

// What is drawn.

var personIDs = []string{"p0", "p1", "p2", "p3", "p4", "p5"}

func drawPeople(t *rapid.T, most int, plain bool) []Signer {
	roles := [][]Role{{Approver}, {Approver}, {Senior}, {Approver, Senior}, {"maker", Approver}, {Admin}, {"maker"}, nil}
	var out []Signer
	for i := range rapid.IntRange(1, most).Draw(t, "people") {
		s := Signer{ID: personIDs[i], Roles: rapid.SampledFrom(roles).Draw(t, "roles"), Groups: rapid.SampledFrom([][]string{nil, nil, {"x"}, {"y"}, {"x", "y"}}).Draw(t, "groups"), Standing: true}
		if !plain {
			s.Standing = rapid.IntRange(0, 7).Draw(t, "standing") > 0
			if rapid.IntRange(0, 5).Draw(t, "new") == 0 {
				s.Since = day.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "since")) * time.Hour)
			}
			if rapid.IntRange(0, 3).Draw(t, "reset") == 0 {
				s.QuietFrom, s.QuietUntil = hour(rapid.IntRange(0, 4).Draw(t, "from")), hour(rapid.IntRange(2, 7).Draw(t, "until"))
			}
			s.Capped, s.RoomMinor = rapid.IntRange(0, 5).Draw(t, "capped") == 0, rapid.Int64Range(0, 9).Draw(t, "room")
		}
		s.CeilingMinor = rapid.SampledFrom([]int64{0, 0, 0, 4, 5, 6}).Draw(t, "ceiling")
		out = append(out, s)
	}
	return out
}

func hour(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }

func drawPlan(t *rapid.T, steps int) Plan {
	p := Plan{Set: 1, Rule: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "rule"), Ordered: rapid.IntRange(0, 2).Draw(t, "ordered") == 0}
	for range rapid.IntRange(1, steps).Draw(t, "steps") {
		p.Steps = append(p.Steps, drawStep(t))
	}
	return p
}

func drawStep(t *rapid.T) Step {
	n := rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "count")
	switch rapid.IntRange(0, 7).Draw(t, "who") {
	case 0, 1, 2:
		return approvers(n)
	case 3:
		return seniors(n)
	case 4:
		return group(n, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "group"))
	case 5:
		return Step{Count: n, Groups: []string{"x"}, Roles: []Role{Senior}}
	case 6:
		return persons(n, rapid.SliceOfNDistinct(rapid.SampledFrom(personIDs), 1, 3, func(s string) string { return s }).Draw(t, "persons")...)
	}
	return Step{Count: n, People: []string{"p0"}, Groups: []string{"x", "y"}}
}

func drawNeed(t *rapid.T, plans int) Need {
	n := Need{Roles: []Role{Approver, Senior}}
	for range rapid.IntRange(1, plans).Draw(t, "plans") {
		n.Plans = append(n.Plans, drawPlan(t, 3))
	}
	if rapid.IntRange(0, 15).Draw(t, "blocked") == 0 {
		n.Blocked = []Block{{Set: 1, Rule: "z", Reason: "no"}}
	}
	return n
}

func drawDecisions(t *rapid.T, most int) []Decision {
	by := rapid.SampledFrom(append([]string{"", "nobody"}, append(personIDs, personIDs...)...))
	var ds []Decision
	for i := range rapid.IntRange(0, most).Draw(t, "decisions") {
		ds = append(ds, Decision{Person: by.Draw(t, "by"), Seq: i + 1, Answer: rapid.SampledFrom([]Answer{Yes, Yes, Yes, Yes, Yes, Yes, No, Back}).Draw(t, "answer"),
			Digest: rapid.SampledFrom([]string{"d", "d", "d", "d", "d", "e", ""}).Draw(t, "digest"), At: hour(i)})
		if rapid.IntRange(0, 3).Draw(t, "less then") == 0 {
			ds[i].Was = &Was{Roles: rapid.SampledFrom([][]Role{{Approver}, {Senior}, {Admin}}).Draw(t, "was"), Groups: rapid.SampledFrom([][]string{nil, {"x"}, {"y", "x"}}).Draw(t, "in")}
		}
	}
	if rapid.Bool().Draw(t, "shuffled") {
		ds = rapid.Permutation(ds).Draw(t, "order")
	}
	return ds
}

func drawCase(t *rapid.T, plans int) Case {
	return Case{Need: drawNeed(t, plans), Digest: "d", Barred: rapid.SliceOfN(rapid.SampledFrom(append([]string{""}, personIDs...)), 0, 1).Draw(t, "barred"),
		Submitted: rapid.SampledFrom([]time.Time{{}, day}).Draw(t, "submitted"), AmountMinor: rapid.Int64Range(0, 7).Draw(t, "amount"), Now: hour(rapid.IntRange(0, 9).Draw(t, "now"))}
}

// often checks so many times the one hundred cases of rapid: most of what is drawn is simple.
func often(t *testing.T, times int, prop func(*rapid.T)) {
	for range times {
		rapid.Check(t, prop)
	}
}

// TestOracle: for any people, plans, bars and answers: what the engine calls met, open and for seniors only is what trying every seating finds;
// a person may say yes exactly when nothing bars them and their yes lowers the number of open seats; Given are different persons whose
// yes stands; and the last one needed completes it.
func TestOracle(t *testing.T) {
	often(t, 16, func(t *rapid.T) {
		people, c, ds := drawPeople(t, 5, false), drawCase(t, 2), drawDecisions(t, 7)
		tally, want := Count(c, people, ds), oracle(c, people, ds)
		if tally.Met != want.met || tally.Open != want.open || tally.OpenSeniors != want.seniors {
			t.Fatalf("met %v open %d seniors %d, the oracle says %+v", tally.Met, tally.Open, tally.OpenSeniors, want)
		}
		total, rows, named := 0, oRows(c, people, ds), map[string]bool{}
		for _, s := range tally.Seats {
			total += s.Step.Count
		}
		if total != want.total {
			t.Fatalf("%d seats are named, %d open", total, want.total)
		}
		for _, g := range tally.Given {
			if named[g.ID] || !slices.ContainsFunc(rows, func(s Signer) bool { return s.ID == g.ID }) {
				t.Fatalf("%s is not somebody whose yes stands, once", g.ID)
			}
			named[g.ID] = true
		}
		var could []string
		for _, s := range people {
			after := oracle(c, people, append(slices.Clone(ds), Decision{Person: s.ID, Seq: 99, Answer: Yes, Digest: "d", At: c.Now}))
			may := !oBars(c, s) && !c.Now.Before(s.QuietUntil) && len(c.Need.Blocked) == 0 && (after.total < want.total || oMore(c, s, rows)) && (!s.Capped || c.AmountMinor <= s.RoomMinor)
			if got := tally.May(s); (got == Can) != may {
				t.Fatalf("%s may %q, the oracle says %v: open %d, then %d", s.ID, got, may, want.total, after.total)
			}
			if may {
				could = append(could, s.ID)
			}
			if tally.LastWith(s) != (may && after.met) {
				t.Fatalf("%s would be the last one: %v", s.ID, after.met)
			}
		}
		got := ids(tally.Could(people))
		slices.Sort(got)
		if fmt.Sprint(got) != fmt.Sprint(append([]string{}, could...)) {
			t.Fatalf("could %v, the oracle says %v", got, could)
		}
	})
}

// TestJoin: two needs together are met by exactly the answers that meet both; a rule set's plans that are left out because others cover them are never
// missed; and of two needs that Compare calls stricter, the stricter one's answers always meet the other.
func TestJoin(t *testing.T) {
	often(t, 16, func(t *rapid.T) {
		a, b := drawNeed(t, 3), drawNeed(t, 2)
		if rapid.Bool().Draw(t, "alike") { // near each other, so that one is often stricter
			b = Need{Roles: a.Roles, Plans: slices.Clone(a.Plans)}
			i := rapid.IntRange(0, len(b.Plans)-1).Draw(t, "changed")
			b.Plans[i].Steps = slices.Clone(b.Plans[i].Steps)
			j := rapid.IntRange(0, len(b.Plans[i].Steps)-1).Draw(t, "step")
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				b.Plans[i].Steps[j].Count++
			case 1:
				b.Plans[i].Steps = append(b.Plans[i].Steps, drawStep(t))
			case 2:
				b.Plans[i].Steps[j] = drawStep(t)
			default:
				b.Plans[i].Ordered = !b.Plans[i].Ordered
			}
		}
		people, ds := drawPeople(t, 5, true), drawDecisions(t, 8)
		met := func(n Need) bool { return oracle(Case{Need: n, Digest: "d", Now: hour(9)}, people, ds).met }
		joined := Join(a, b)
		if met(joined) != (met(a) && met(b)) || Count(Case{Need: joined, Digest: "d", Now: hour(9)}, people, ds).Met != met(joined) {
			t.Fatalf("joined %v, alone %v %v", met(joined), met(a), met(b))
		}
		if joined.Count() < max(a.Count(), b.Count()) || joined.Seniors() > a.Seniors()+b.Seniors() {
			t.Fatal("joined asks for fewer")
		}
		short := Need{Plans: slices.Clone(a.Plans), Roles: a.Roles, Blocked: a.Blocked}.trim()
		if met(short) != met(a) {
			t.Fatal("a plan that was left out is missed")
		}
		before, now := met(a), met(b)
		switch d := Compare(a, b); {
		case (d == More || d == SameNeed) && now && !before && len(a.Blocked) == 0,
			(d == Fewer || d == SameNeed) && before && !now && len(b.Blocked) == 0:
			t.Fatalf("%s: met before %v, now %v", d, before, now)
		case (d == NowBlocked) != (len(a.Blocked) == 0 && len(b.Blocked) > 0), (d == NowPossible) != (len(a.Blocked) > 0 && len(b.Blocked) == 0):
			t.Fatalf("%s", d)
		}
		inverse := map[Difference]Difference{SameNeed: SameNeed, More: Fewer, Fewer: More, Other: Other, NowBlocked: NowPossible, NowPossible: NowBlocked}
		if Compare(b, a) != inverse[Compare(a, b)] || Compare(a, a) != SameNeed {
			t.Fatal("compared the other way round")
		}
		if j := Compare(a, joined); len(a.Blocked)+len(b.Blocked) == 0 && j != More && j != SameNeed {
			t.Fatalf("joined with more it is %s", j)
		}
	})
}

// TestCompare: what the laboratory calls more, fewer and other, for changes people make.
func TestCompare(t *testing.T) {
	blocked := Need{Blocked: []Block{{Reason: "x"}}}
	for _, c := range []struct {
		before, now Need
		want        Difference
	}{
		{needs(plan(approvers(1))), needs(plan(approvers(1))), SameNeed},
		{needs(plan(approvers(1))), needs(plan(approvers(2))), More},
		{needs(plan(approvers(2))), needs(plan(approvers(1), seniors(1))), More},
		{needs(plan(approvers(3))), needs(plan(approvers(1), seniors(1))), Other},
		{needs(plan(approvers(1))), needs(plan(group(1, "x"))), More},
		{needs(plan(approvers(1))), needs(plan(persons(1, "p"))), More},
		{needs(plan(group(1, "x", "y"))), needs(plan(group(1, "x"))), More},
		{needs(plan(group(1, "x"))), needs(plan(group(1, "y"))), Other},
		{needs(plan(group(2, "x"))), needs(plan(group(2, "x"), seniors(1))), More},
		{needs(plan(group(2, "x"))), needs(plan(seniors(1))), Other},
		{needs(plan(approvers(1), seniors(1))), needs(ordered(approvers(1), seniors(1))), More},
		{needs(ordered(approvers(1), seniors(1))), needs(ordered(seniors(1), approvers(1))), Other},
		{needs(ordered(approvers(1), seniors(1))), needs(ordered(approvers(1), approvers(1), seniors(1))), More},
		{needs(ordered(approvers(2), seniors(1))), needs(ordered(approvers(1), seniors(2))), Other},
		{needs(ordered(approvers(1), seniors(1))), needs(ordered(approvers(1), group(1, "x"), seniors(2))), More},
		{needs(ordered(approvers(1))), needs(plan(approvers(1))), SameNeed},
		{needs(ordered(approvers(2))), needs(plan(approvers(1), approvers(1))), SameNeed},
		{needs(plan(approvers(2))), needs(plan(approvers(2)), plan(seniors(1))), More},
		{needs(plan(approvers(2)), plan(seniors(1))), needs(plan(approvers(1), seniors(1))), More},
		{needs(plan(approvers(1))), blocked, NowBlocked}, {blocked, needs(plan(approvers(1))), NowPossible}, {blocked, blocked, SameNeed},
	} {
		if got := Compare(c.before, c.now); got != c.want {
			t.Errorf("%+v then %+v: %s, want %s", c.before.Plans, c.now.Plans, got, c.want)
		}
	}
}

// everybody says yes in this order, then in that one.
func everybody(people []Signer, orders ...[]int) []Decision {
	var ds []Decision
	for _, o := range orders {
		for _, i := range o {
			ds = append(ds, Decision{Person: people[i].ID, Seq: len(ds) + 1, Answer: Yes, Digest: "d", At: hour(100)})
		}
	}
	return ds
}

func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for _, o := range orders(n - 1) {
		for at := 0; at <= len(o); at++ {
			out = append(out, slices.Insert(slices.Clone(o), at, n-1))
		}
	}
	return out
}

// oReachable tries whether these people can meet the need in some order; once a plan, so that each plan finds its own.
func oReachable(c Case, people []Signer) bool {
	if len(c.Need.Plans) == 0 || len(c.Need.Blocked) > 0 {
		return false
	}
	for _, p := range c.Need.Plans {
		ok := false
		for _, o := range orders(len(people)) {
			x := c
			x.Need, x.Digest, x.Now = Need{Roles: c.Need.Roles, Plans: []Plan{p}}, "d", hour(100)
			if ok = oracle(x, people, everybody(people, o)).met; ok || !p.Ordered {
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// TestReachable_Oracle: a need is reachable exactly if some order of everybody's yes meets it; then those who may say yes get there where
// no order is asked; and what is said to be missing is no more than helps.
func TestReachable_Oracle(t *testing.T) {
	often(t, 16, func(t *rapid.T) {
		people, c := drawPeople(t, 4, true), drawCase(t, 2)
		ok, lack := Reachable(c, people)
		if want := oReachable(c, people); ok != want {
			t.Fatalf("reachable %v, the oracle says %v; lack %+v", ok, want, lack)
		}
		for _, l := range lack {
			if l.Missing < 1 || l.Step.Count < 1 {
				t.Fatalf("%+v", l)
			}
		}
		if slices.ContainsFunc(c.Need.Plans, func(p Plan) bool { return p.Ordered }) {
			return
		}
		c.Now = hour(100)
		var ds []Decision
		for n := 1; n < 50; n++ {
			tally := Count(c, people, ds)
			could := tally.Could(people)
			if len(could) == 0 || tally.Met {
				break
			}
			ds = append(ds, Decision{Person: could[rapid.IntRange(0, len(could)-1).Draw(t, "next")].ID, Seq: n, Answer: Yes, Digest: "d", At: c.Now})
		}
		if got := Count(c, people, ds).Met; got != ok {
			t.Fatalf("reachable %v, reached %v", ok, got)
		}
	})
}
