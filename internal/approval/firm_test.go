package approval

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// has are the means of people by id; whoever is not named has all.
func has(m map[string]Means) func(string) Means {
	return func(id string) Means {
		if x, named := m[id]; named {
			return x
		}
		return ByKey
	}
}

// TestDeadlocks_Kinds: every kind of subject is in the check: a firm in which nobody can decide it is told so with who proposes it and whom it is about, and nothing of a
// firm in which everything can be decided. A kind that nobody wrote down here fails. Issue 4, point 3.
func TestDeadlocks_Kinds(t *testing.T) {
	mk, m2, a1, a2, s1, ad1, ad2 := who("mk", "maker"), who("m2", "maker", Approver), who("a1", Approver), who("a2", Approver), who("s1", Senior), who("ad1", Admin), who("ad2", Admin)
	for _, k := range Kinds() {
		if _, is := parties[k]; is == (k == Payout) {
			t.Errorf("%s: who proposes it is not written down", k)
		}
		c, known := map[Kind]struct {
			makers, people []Signer
			want           string
		}{
			Payout:  {[]Signer{mk}, []Signer{a1, a2, ad1, ad2}, fmt.Sprintf(`payout band-3 %d..0 by mk about "" -1`, SecondBandMinor)},
			Payee:   {[]Signer{m2}, []Signer{m2, ad1, ad2}, `payee by m2 about "m2" -1`},
			Match:   {[]Signer{m2}, []Signer{m2, ad1, ad2}, `match by m2 about "" -1`},
			Rules:   {nil, []Signer{a1, a2, ad1}, `rules by ad1 about "" -1`},
			Keys:    {nil, []Signer{a1, a2, ad1}, `keys by ad1 about "" -1`},
			Limit:   {nil, []Signer{a1, s1, ad1}, `limits by ad1 about "s1" -1`},
			Person:  {nil, []Signer{a1, s1, ad1}, `person by ad1 about "s1" -1`},
			Verdict: {[]Signer{mk, m2}, []Signer{a1, m2, ad1}, `verdict by mk about "m2" -1`},
			Release: {nil, []Signer{a1, ad1}, `release by a1 about "" -1`},
		}[k]
		if !known {
			t.Fatalf("%s: no firm in which nobody can decide it", k)
		}
		got := say(Firm{Set: ServeRules(), Makers: c.makers, People: c.people}.Deadlocks())
		if !slices.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q in it", k, got, c.want)
		}
	}
	if got := say(Firm{Set: ServeRules(), Makers: []Signer{mk}, People: []Signer{mk, a1, a2, s1, ad1, ad2}}.Deadlocks()); len(got) > 0 {
		t.Errorf("the smallest desk: %q", got)
	}
}

// TestDeadlocks_Means: people who lack what a decision must be given with do not count, and are named where they are all that is missing; the built-in set stays as it
// is when everybody is counted as able. Issue 4, points 3 and 13.
func TestDeadlocks_Means(t *testing.T) {
	mk, a1, a2, s1, ad1, ad2 := who("mk", "maker"), who("a1", Approver), who("a2", Approver), who("s1", Senior), who("ad1", Admin), who("ad2", Admin)
	people, b2 := []Signer{mk, a1, a2, s1, ad1, ad2}, int64(SecondBandMinor)
	codes := ServeRules()
	codes.StepUpAboveMinor = 500_000_00
	none := map[string]Means{"mk": 0, "a1": 0, "a2": 0, "s1": 0, "ad1": 0, "ad2": 0}
	for _, c := range []struct {
		name  string
		set   RuleSet
		means map[string]Means
		want  []string
	}{
		{"everybody has all", ServeRules(), map[string]Means{}, nil},
		{"an approver's key is not vouched for", ServeRules(), map[string]Means{"a1": ByCode}, []string{fmt.Sprint("payout band-3 above ", b2, " 1/3 asked, by key: [a1]")}},
		{"nobody has a key", ServeRules(), map[string]Means{"a1": ByCode, "a2": BySignIn, "s1": ByCode, "ad1": ByCode}, []string{
			fmt.Sprint("payout band-3 above ", b2, " 3/3 asked, by key: [a1 a2 s1]"), fmt.Sprint("payout first-payment above ", b2, " 1/1 asked, by key: [s1]"), fmt.Sprint("verdict  above ", b2, " 3/3 asked, by key: [a1 a2 s1]")}},
		{"an approver was never enrolled", ServeRules(), map[string]Means{"a2": NoMeans}, []string{fmt.Sprint("payout band-3 above ", b2, " 1/3 asked, by key: [a2]")}},
		{"two without a code", codes, map[string]Means{"a1": BySignIn, "a2": BySignIn}, []string{"payout band-2 above 50000000 2/3 asked, by code: [a1 a2]",
			fmt.Sprint("payout band-3 above ", b2, " 2/3 asked, by key: [a1 a2]"), "verdict  above 50000000 2/3 asked, by code: [a1 a2]"}},
		{"the makers alone came", ServeRules(), none, []string{"payout band-1 above 0 3/3 asked, by signin: [a1 a2 s1]", fmt.Sprint("payout band-2 above ", FirstBandMinor, " 3/3 asked, by signin: [a1 a2 s1]"),
			fmt.Sprint("payout band-3 above ", b2, " 3/3 asked, by key: [a1 a2 s1]"), fmt.Sprint("payout first-payment above ", FirstBandMinor, " 1/1 asked, by signin: [s1]"), "payee  above 0 3/3 asked, by signin: [a1 a2 s1]",
			"rules  above 0 2/2 asked, by signin: [s1 ad2]", "person  above 0 2/2 asked, by signin: [s1 ad2]", "limits  above 0 2/2 asked, by signin: [s1 ad2]", "keys  above 0 2/2 asked, by signin: [s1 ad2]",
			"verdict  above 0 3/3 asked, by signin: [a1 a2 s1]", "release  above 0 4/4 asked, by signin: [a2 s1 ad1 ad2]", "match  above 0 3/3 asked, by signin: [a1 a2 s1]"}},
	} {
		got := []string{}
		for _, s := range (Firm{Set: c.set, Makers: []Signer{mk}, People: people, Means: has(c.means)}).Deadlocks() {
			got = append(got, fmt.Sprintf("%s %s above %d %d/%d asked, by %s: %v", s.Kind, s.Rule, s.AboveMinor, len(s.Without), s.Asked, []string{"nothing", "signin", "code", "key"}[s.By], ids(s.Without)))
		}
		if fmt.Sprint(got) != fmt.Sprint(append([]string{}, c.want...)) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
	// Where people are missing, nobody's key would help.
	for _, s := range (Firm{Set: ServeRules(), Makers: []Signer{mk}, People: []Signer{mk, a1, a2, ad1, ad2}, Means: has(map[string]Means{"a1": ByCode})}).Deadlocks() {
		if s.Kind == Payout && (len(s.Without) > 0 || s.Missing < 1) {
			t.Errorf("%+v", s)
		}
	}
}

// TestDeadlocks_Limits: the approval more that a soft limit asks for must be possible, also that of a running sum, which is named; amounts that a hard limit stops are nobody's
// to decide. Issue 4, points 3 and 9.
func TestDeadlocks_Limits(t *testing.T) {
	mk, a1, a2, a3, s1, ad1, ad2 := who("mk", "maker"), who("a1", Approver), who("a2", Approver), who("a3", Approver), who("s1", Senior), who("ad1", Admin), who("ad2", Admin)
	three, four := []Signer{a1, a2, s1, ad1, ad2}, []Signer{a1, a2, a3, s1, ad1, ad2}
	find := func(l Limits, people []Signer) []Stuck {
		return Firm{Set: ServeRules(), Limits: l, Makers: []Signer{mk}, People: people}.Deadlocks()
	}
	day := func(soft, hard int64) Limits { return Limits{MakerDay: Bound{SoftMinor: soft, HardMinor: hard}} }
	const b2 = SecondBandMinor
	for _, c := range []struct {
		name   string
		limits Limits
		people []Signer
		want   []string // rule, from, to, limit
	}{
		{"none", Limits{}, three, nil},
		{"a maker's day, three people", day(2_000_000_00, 0), three, []string{fmt.Sprint("band-3 ", b2, " 0 maker_day")}},
		{"a maker's day, four people", day(2_000_000_00, 0), four, nil},
		{"soft at the hard bound never asks", day(2_000_000_00, 2_000_000_00), three, nil},
		{"a hard bound ends the third band", day(500_000_00, 1_000_000_00), three, nil},
		{"up to the hard bound", day(500_000_00, 3_000_000_00), three, []string{fmt.Sprint("band-3 ", b2, " 300000000 maker_day")}},
		{"each limit is named", Limits{PayeeMonth: Bound{SoftMinor: 1}, CompanyDay: Bound{SoftMinor: 2}}, three, []string{fmt.Sprint("band-3 ", b2, " 0 payee_month"), fmt.Sprint("band-3 ", b2, " 0 company_day")}},
		{"one payout", Limits{Payout: Bound{SoftMinor: 5_000_000_00}}, three, []string{"band-3 500000000 0 payout"}},
		{"one payout, and a sum below it", Limits{Payout: Bound{SoftMinor: 5_000_000_00}, CompanyDay: Bound{SoftMinor: 1}}, three, []string{"band-3 500000000 0 payout", fmt.Sprint("band-3 ", b2, " 0 company_day")}},
		{"nobody could anyway", day(1, 0), []Signer{a1, s1, ad1, ad2}, []string{fmt.Sprint("band-2 ", FirstBandMinor, " 100000000 maker_day"), fmt.Sprint("band-3 ", b2, " 0 ")}},
	} {
		got := []string{}
		for _, s := range find(c.limits, c.people) {
			got = append(got, fmt.Sprint(s.Rule, " ", s.AboveMinor, " ", s.UpToMinor, " ", s.Soft))
		}
		if fmt.Sprint(got) != fmt.Sprint(append([]string{}, c.want...)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name        string
		before, now []Stuck
		want        int
	}{
		{"a sum is watched", find(Limits{}, three), find(day(9, 0), three), 1},
		{"from more on", find(day(9, 0), three), find(day(10, 0), three), 0},
		{"from less on", find(day(10, 0), three), find(day(9, 0), three), 1},
		{"another sum", find(day(9, 0), three), find(Limits{CompanyDay: Bound{SoftMinor: 9}}, three), 1},
		{"every payout, where a sum asked", find(day(9, 0), three), find(Limits{}, []Signer{a1, a2, ad1, ad2}), 3}, // and the first payments, and people
		{"a sum, where every payout was", find(Limits{}, []Signer{a1, a2, ad1, ad2}), find(day(9, 0), []Signer{a1, a2, ad1, ad2}), 1},
		{"above one payout's limit alone", find(Limits{Payout: Bound{SoftMinor: 5_000_000_00}}, three), find(Limits{Payout: Bound{SoftMinor: 6_000_000_00}}, three), 0},
		{"no hard bound any more", find(day(9, 3_000_000_00), three), find(day(9, 0), three), 1},
	} {
		if got := Worse(c.before, c.now); len(got) != c.want {
			t.Errorf("%s: %q; before %q, now %q", c.name, say(got), say(c.before), say(c.now))
		}
	}
}

// reached tries every order in which these people can say yes, as the engine itself lets them and counts them.
func reached(c Case, people []Signer) bool {
	c.Digest, c.Now = "d", hour(100)
	inOrder := slices.ContainsFunc(c.Need.Plans, func(p Plan) bool { return p.Ordered })
	failed := map[string]bool{}
	var try func(ds []Decision, said []byte) bool
	try = func(ds []Decision, said []byte) bool {
		t := Count(c, people, ds)
		if t.Met {
			return true
		}
		if !inOrder {
			said = slices.Sorted(slices.Values(said))
		}
		if failed[string(said)] || len(ds) > 12 {
			return false
		}
		for i := range people {
			if t.May(people[i]) == Can && try(append(slices.Clip(ds), Decision{Person: people[i].ID, Seq: len(ds) + 1, Answer: Yes, Digest: "d", At: c.Now}), append(slices.Clip(said), byte(i))) {
				return true
			}
		}
		failed[string(said)] = true
		return false
	}
	return try(nil, nil)
}

// TestDeadlocks_BruteForce: in any firm of at most six people, with any rules, limits and means: a payout that nothing stops on purpose is named as stuck exactly if no
// approvals that people can give, in any order, make it approved by the engine's own count; the same for every other kind, whoever proposes it and whomever it is about.
func TestDeadlocks_BruteForce(t *testing.T) {

	stuck, free := 0, 0
	often(t, 12, func(t *rapid.T) {
		set, people := drawSet(t), drawPeople(t, 6, true)
		amount := func(name string) int64 { return rapid.SampledFrom([]int64{0, 0, 2, 4, 6}).Draw(t, name) }
		set.SignAboveMinor, set.StepUpAboveMinor = amount("sign"), amount("step up")
		for i := range people {
			people[i].Standing = rapid.IntRange(0, 7).Draw(t, "standing") > 0
		}
		makers := append(slices.Clone(people[:rapid.IntRange(0, min(3, len(people))).Draw(t, "makers")]), who("mk", "maker"))
		bound := func(name string) Bound {
			b := Bound{SoftMinor: amount(name + " soft"), HardMinor: amount(name + " hard")}
			if b.HardMinor > 0 {
				b.HardMinor += 3
			}
			return b
		}
		firm := Firm{Set: set, Limits: Limits{Payout: bound("payout"), MakerDay: bound("day"), CompanyDay: bound("company")}, Makers: makers, People: people}
		if rapid.Bool().Draw(t, "today") {
			means := map[string]Means{}
			for _, id := range personIDs {
				means[id] = Means(rapid.IntRange(0, 3).Draw(t, "means"))
			}
			firm.Means = has(means)
		}
		found := firm.Deadlocks()
		able := func(by Means) (out []Signer) {
			for _, p := range people {
				if firm.Means == nil || firm.Means(p.ID) >= by {
					out = append(out, p)
				}
			}
			return out
		}
		proof := func(minor int64) Means {
			switch {
			case set.SignAboveMinor != 0 && set.SignAboveMinor < minor:
				return ByKey
			case set.StepUpAboveMinor != 0 && set.StepUpAboveMinor < minor:
				return ByCode
			}
			return BySignIn
		}
		judge := func(what string, ok, named bool) {
			if ok == named {
				t.Fatalf("%s: can be decided %v, named as stuck %v: %q", what, ok, named, say(found))
			}
			if ok {
				free++
			} else {
				stuck++
			}
		}
		for _, m := range makers {
			minor, used := rapid.Int64Range(1, 9).Draw(t, "amount"), Used{MakerDay: amount("used"), CompanyDay: amount("used by all")}
			f := Facts{AmountMinor: minor, First: rapid.Bool().Draw(t, "first"), Makers: []string{m.ID}, MakerGroups: m.Groups}
			need, hits := set.Need(f), firm.Limits.Judge(minor, used)
			if _, hard := Hard(hits); !m.Standing || hard || len(need.Blocked) > 0 {
				continue
			}
			if Soft(hits) {
				need = need.Plus(1)
			}
			named := slices.ContainsFunc(found, func(s Stuck) bool {
				i := slices.IndexFunc(set.Rules, func(x Rule) bool { return x.Name == s.Rule })
				return s.Kind == Payout && minor > s.AboveMinor && (s.UpToMinor == 0 || minor <= s.UpToMinor) && set.Rules[i].When.Holds(f) && slices.Contains(s.examples, example{maker: m.ID}) &&
					(s.sum() == "" || slices.ContainsFunc(hits, func(h Hit) bool { return h.Limit == s.Soft && !h.Hard }))
			})
			judge(fmt.Sprintf("%d kopecks by %s with %+v", minor, m.ID, used), reached(Case{Need: need, Barred: []string{m.ID}, AmountMinor: minor}, able(proof(minor))), named)
		}
		is := func(list []Signer, roles ...Role) (out []string) {
			for _, s := range list {
				if s.Standing && (len(roles) == 0 || slices.ContainsFunc(roles, func(r Role) bool { return oAsks(Step{Roles: []Role{r}}, s) })) {
					out = append(out, s.ID)
				}
			}
			return out
		}
		for _, k := range Kinds()[1:] {
			var by, about []string
			minor := int64(math.MaxInt64)
			asks := BySignIn
			switch k {
			case Payee:
				by, about = is(makers), is(makers)
			case Match:
				by, about = is(makers), []string{""}
			case Rules, Keys:
				by, about = is(people, Admin), []string{""}
			case Limit:
				by, about = is(people, Admin), is(people, Approver)
			case Person:
				by, about = is(people, Admin), is(people)
			case Verdict:
				minor = rapid.Int64Range(1, 9).Draw(t, "ruled on")
				by, about, asks = is(makers), is(makers), proof(minor)
			case Release:
				by, about = is(people, Approver, Admin), []string{""}
			default:
				t.Fatalf("who proposes a %s?", k)
			}
			need, _ := ForKind(k)
			for _, p := range by {
				for _, c := range about {
					named := slices.ContainsFunc(found, func(s Stuck) bool {
						return s.Kind == k && minor > s.AboveMinor && (s.anybody || slices.Contains(s.examples, example{p, c}))
					})
					judge(fmt.Sprintf("%s by %s about %q", k, p, c), reached(Case{Need: need, Barred: []string{p, c}}, able(asks)), named)
				}
			}
		}
	})
	if stuck < 1000 || free < 1000 {
		t.Errorf("%d stuck, %d free: this tries too little", stuck, free)
	}
}
