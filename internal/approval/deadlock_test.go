package approval

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func say(list []Stuck) []string {
	out := []string{}
	for _, s := range list {
		x := string(s.Kind)
		if s.Kind == Payout {
			x += fmt.Sprintf(" %s %d..%d", s.Rule, s.AboveMinor, s.UpToMinor)
		}
		out = append(out, fmt.Sprintf("%s by %s about %q -%d", x, s.Maker.ID, s.Concerned.ID, s.Missing))
	}
	return out
}

// TestDeadlocks: the built-in serve set passes with two administrators, one maker and three approvers of whom one is senior; with fewer it names
// exactly the bands and first payments that nobody could approve, and the verdicts, releases and people that nobody could decide.
func TestDeadlocks(t *testing.T) {
	mk, a1, a2, s1, ad1, ad2 := who("mk", "maker"), who("a1", Approver), who("a2", Approver), who("s1", Approver, Senior), who("ad1", Admin), who("ad2", Admin)
	both, low := who("a2", "maker", Approver), who("a1", Approver)
	low.CeilingMinor = 500_000_00
	lowSenior := s1
	lowSenior.CeilingMinor = 5_000_000_00
	gone := a2
	gone.Standing = false
	late := a2
	late.QuietUntil = day.AddDate(9, 0, 0)
	const b1, b2 = FirstBandMinor, SecondBandMinor
	band3, first := fmt.Sprintf("payout band-3 %d..0 by mk about \"\" -1", b2), fmt.Sprintf("payout first-payment %d..0 by mk about \"\" -1", b1)
	for _, c := range []struct {
		name           string
		makers, people []Signer
		want           []string
	}{
		{"the smallest desk", []Signer{mk}, []Signer{mk, a1, a2, s1, ad1, ad2}, nil},
		{"somebody new counts: their time comes", []Signer{mk}, []Signer{mk, a1, late, s1, ad1, ad2}, nil},
		{"two approvers, no senior", []Signer{mk}, []Signer{mk, a1, a2, ad1, ad2}, []string{band3, first, `person by ad1 about "ad2" -1`}},
		{"two approvers, one senior", []Signer{mk}, []Signer{mk, a1, s1, ad1, ad2}, []string{band3}},
		{"one of three is suspended", []Signer{mk}, []Signer{mk, a1, gone, s1, ad1, ad2}, []string{band3}},
		{"one of three also makes payouts", []Signer{mk, both}, []Signer{mk, a1, both, s1, ad1, ad2}, []string{
			fmt.Sprintf("payout band-3 %d..0 by a2 about \"\" -1", b2)}},
		{"the senior makes payouts", []Signer{who("s1", "maker", Senior)}, []Signer{a1, a2, who("s1", "maker", Senior), ad1, ad2}, []string{
			fmt.Sprintf("payout band-3 %d..0 by s1 about \"\" -1", b2), fmt.Sprintf("payout first-payment %d..0 by s1 about \"\" -1", b1)}},
		{"one approver's ceiling", []Signer{mk}, []Signer{mk, low, a2, s1, ad1, ad2}, []string{band3}},
		{"the senior's ceiling", []Signer{mk}, []Signer{mk, a1, a2, lowSenior, ad1, ad2}, []string{
			fmt.Sprintf("payout band-3 %d..0 by mk about \"\" -1", 5_000_000_00), fmt.Sprintf("payout first-payment %d..0 by mk about \"\" -1", 5_000_000_00)}},
		{"one administrator and the senior", []Signer{mk}, []Signer{mk, a1, a2, s1, ad1}, []string{`person by ad1 about "s1" -1`, `limits by ad1 about "s1" -1`}},
		{"one administrator, nobody else", []Signer{mk}, []Signer{mk, ad1}, []string{
			fmt.Sprintf("payout band-1 0..%d by mk about \"\" -1", b1), fmt.Sprintf("payout band-2 %d..%d by mk about \"\" -2", b1, b2), fmt.Sprintf("payout band-3 %d..0 by mk about \"\" -3", b2), first,
			`payee by mk about "mk" -1`, `rules by ad1 about "" -1`, `person by ad1 about "mk" -1`, `limits by ad1 about "" -1`, `keys by ad1 about "" -1`, `verdict by mk about "mk" -2`, `release by ad1 about "" -2`, `match by mk about "" -1`}},
		{"nobody makes anything", nil, []Signer{a1, a2, s1, ad1, ad2}, nil},
		{"nobody at all", nil, nil, []string{`payee by  about "" -1`, `rules by  about "" -1`, `person by  about "" -1`, `limits by  about "" -1`, `keys by  about "" -1`, `verdict by  about "" -2`, `release by  about "" -2`, `match by  about "" -1`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := say((Firm{Set: ServeRules(), Makers: c.makers, People: c.people}).Deadlocks()); fmt.Sprint(got) != fmt.Sprint(append([]string{}, c.want...)) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	// Submissions that would be stuck are refused, by the same measure.
	f := Facts{AmountMinor: b2 + 1, Payee: "x"}
	if ok, _ := Reachable(Case{Need: ServeRules().Need(f), Barred: []string{"mk"}, AmountMinor: f.AmountMinor}, []Signer{mk, a1, s1, ad1, ad2}); ok {
		t.Error("a payout that nobody could approve")
	}
}

// TestWorse: a change may not make anything stuck that was not: another rule, more amounts, more people; renaming is no change.
func TestWorse(t *testing.T) {
	mk, mk2, ad1, ad2 := who("mk", "maker"), who("m2", "maker", Approver), who("ad1", Admin), who("ad2", Admin)
	a1, a2, a3, s1 := who("a1", Approver), who("a2", Approver), who("a3", Approver), who("s1", Senior)
	set := ServeRules()
	find := func(set RuleSet, makers []Signer, people ...Signer) []Stuck {
		return Firm{Set: set, Makers: makers, People: append(people, ad1, ad2)}.Deadlocks()
	}
	renamed, lower, band2 := ServeRules(), ServeRules(), ServeRules()
	renamed.Rules[2].Name = "large"
	lower.Rules[1].When.UpToMinor, lower.Rules[2].When.OverMinor = 500_000_00, 500_000_00
	band2.Rules[1].Steps = []Step{approvers(9)}
	one := []Signer{mk}
	for _, c := range []struct {
		name        string
		before, now []Stuck
		want        int
	}{
		{"nothing", nil, nil, 0},
		{"all was stuck", find(set, one), nil, 0},
		{"the same", find(set, one, a1, s1), find(set, one, a1, s1), 0},
		{"renamed", find(set, one, a1, s1), find(renamed, one, a1, s1), 0},
		{"a senior leaves", find(set, one, a1, a2, s1), find(set, one, a1, a2), 3},
		{"more amounts", find(set, one, a1, s1), find(lower, one, a1, s1), 1},
		{"fewer amounts", find(lower, one, a1, s1), find(set, one, a1, s1), 0},
		{"every payout, where only first ones were", find(set, one, a1, a2), find(band2, one, a1, a2), 1},
		{"first payments, where every payout was", find(band2, one, a1, a2, a3), find(set, one, a1, a2, a3), 0},
		{"for everybody, where it was for one maker", find(set, []Signer{mk, mk2}, a1, mk2, s1), find(set, []Signer{mk, mk2}, a1, s1), 1},
		{"for one, where it was for everybody", find(set, []Signer{mk, mk2}, a1, s1), find(set, []Signer{mk, mk2}, a1, mk2, s1), 0},
		{"another maker, where it was for everybody", find(set, one, a1, s1), find(set, []Signer{mk, mk2}, a1, s1), 0},
		{"for the only maker, whom it was stuck for before", find(set, []Signer{mk2}, a1, mk2, s1), find(set, []Signer{mk2}, a1, s1), 0},
		{"for another maker", find(set, []Signer{mk, mk2}, a1, mk2, s1), find(set, []Signer{mk, a1}, a1, mk2, s1), 1},
		{"an administrator leaves", nil, Firm{Set: set, Makers: one, People: []Signer{a1, a2, s1, ad1}}.Deadlocks(), 2},
		{"releases, where only verdicts were", []Stuck{{Kind: Verdict}}, []Stuck{{Kind: Release}}, 1},
	} {
		if got := Worse(c.before, c.now); len(got) != c.want {
			t.Errorf("%s: %q; before %q, now %q", c.name, say(got), say(c.before), say(c.now))
		}
	}
}

func drawSet(t *rapid.T) RuleSet {
	set := RuleSet{Version: 3}
	for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
		p := drawPlan(t, 2)
		x := Rule{Name: fmt.Sprint("r", i), Ordered: p.Ordered, Steps: p.Steps}
		x.When.OverMinor = rapid.Int64Range(0, 5).Draw(t, "over")
		x.When.UpToMinor = rapid.SampledFrom([]int64{0, x.When.OverMinor + 1, x.When.OverMinor + 3}).Draw(t, "upto")
		switch rapid.IntRange(0, 7).Draw(t, "when") {
		case 0:
			x.When.Makers = []string{"p0"}
		case 1:
			x.When.MakerGroups = []string{"x"}
		case 2:
			x.When.First = true
		case 3:
			x.Blocked, x.Steps = "no", nil
		}
		set.Rules = append(set.Rules, x)
	}
	return set
}

// TestDeadlocks_Oracle: on any small desk, every amount of every rule that some maker's payout could not be approved for is named, from the lowest
// such kopeck on; and whatever is named is stuck: with everybody but the maker saying yes in any order it is not met. The constant kinds likewise, for every proposer
// and everybody concerned.
func TestDeadlocks_Oracle(t *testing.T) {
	often(t, 3, func(t *rapid.T) {
		set, people := drawSet(t), drawPeople(t, 4, true)
		for i := range people {
			people[i].Standing = rapid.IntRange(0, 7).Draw(t, "standing") > 0
		}
		makers := append(slices.Clone(people[:rapid.IntRange(0, min(2, len(people))).Draw(t, "makers")]), who("mk", "maker"))
		found := Firm{Set: set, Makers: makers, People: people}.Deadlocks()
		stuck := func(x Rule, maker string, amount int64) bool {
			need := Need{Roles: []Role{Approver, Senior}, Plans: []Plan{{Ordered: x.Ordered, Steps: x.Steps}}}
			return !oReachable(Case{Need: need, Barred: []string{maker}, AmountMinor: amount}, people)
		}
		for _, x := range set.Rules {
			for _, m := range makers {
				if x.Blocked != "" || !m.Standing || len(x.When.Makers) > 0 && !slices.Contains(x.When.Makers, m.ID) || len(x.When.MakerGroups) > 0 && !slices.Contains(m.Groups, "x") {
					continue
				}
				for amount := x.When.OverMinor + 1; amount <= 9 && (x.When.UpToMinor == 0 || amount <= x.When.UpToMinor); amount++ {
					named := slices.ContainsFunc(found, func(s Stuck) bool {
						return s.Kind == Payout && s.Rule == x.Name && s.AboveMinor < amount && (s.UpToMinor == 0 || amount <= s.UpToMinor) && slices.Contains(s.examples, example{maker: m.ID})
					})
					if got := stuck(x, m.ID, amount); got != named {
						t.Fatalf("rule %s, %d kopecks by %s: stuck %v, named %v: %q", x.Name, amount, m.ID, got, named, say(found))
					}
				}
			}
		}
		for _, s := range found {
			if s.Missing < 1 || s.Kind == Payout && (s.Set != 3 || !slices.ContainsFunc(set.Rules, func(x Rule) bool { return x.Name == s.Rule && stuck(x, s.Maker.ID, s.AboveMinor+1) })) {
				t.Fatalf("%q is not so", say([]Stuck{s}))
			}
		}
		for _, k := range Kinds()[1:] {
			need, _ := ForKind(k)
			i := slices.IndexFunc(found, func(s Stuck) bool { return s.Kind == k })
			free := func(barred ...string) bool { return oReachable(Case{Need: need, Barred: barred}, people) }
			if i >= 0 {
				if free(found[i].Maker.ID, found[i].Concerned.ID) {
					t.Fatalf("%q is not so", say(found[i:i+1]))
				}
				continue
			}
			for _, p := range slices.Concat(people, makers) {
				for _, c := range slices.Concat(people, makers) {
					var pairs []string
					switch admin := slices.Contains(p.Roles, Admin); {
					case !p.Standing || !c.Standing:
					case k == Person && admin:
						pairs = []string{p.ID, c.ID}
					case k == Release && (admin || oAsks(approvers(1), p)), admin && k != Release && k != Verdict && k != Payee:
						pairs = []string{p.ID}
					case (k == Verdict || k == Payee) && slices.ContainsFunc(makers, func(m Signer) bool { return m.ID == p.ID }) && slices.ContainsFunc(makers, func(m Signer) bool { return m.ID == c.ID }):
						pairs = []string{p.ID, c.ID}
					}
					if k == Person && !slices.ContainsFunc(people, func(s Signer) bool { return s.ID == c.ID }) {
						continue // "mk" is on no list of people here
					}
					if len(pairs) > 0 && !free(pairs...) {
						t.Fatalf("%s by %s about %s: stuck and not named", k, p.ID, c.ID)
					}
				}
			}
		}
	})
}

// TestDeadlocks_Large: many rules, makers who also approve, and ceilings: in bounded work.
func TestDeadlocks_Large(t *testing.T) {
	people := []Signer{who("ad1", Admin), who("ad2", Admin), who("ad3", Admin)}
	for i := range 300 {
		s := who(fmt.Sprint("p", i), "maker", Approver)
		s.CeilingMinor = int64(i%40) * 1000_00
		people = append(people, s)
	}
	set := RuleSet{}
	for i := range 50 {
		set.Rules = append(set.Rules, Rule{Name: fmt.Sprint("r", i), When: When{OverMinor: int64(i)}, Steps: []Step{approvers(5)}})
	}
	if got := (Firm{Set: set, Makers: people, People: people}).Deadlocks(); len(got) != 0 {
		t.Errorf("%q", say(got))
	}
	set.Rules[7].Steps = append(set.Rules[7].Steps, seniors(1))
	if got := (Firm{Set: set, Makers: people, People: people}).Deadlocks(); len(got) != 1 || got[0].Rule != "r7" || got[0].AboveMinor != 7 {
		t.Errorf("%q", say(got))
	}
}
