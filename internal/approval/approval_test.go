package approval

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func who(id string, roles ...Role) Signer {
	return Signer{ID: id, Name: id, Roles: roles, Standing: true}
}

func yes(person string, seq int) Decision {
	return Decision{Person: person, Seq: seq, Answer: Yes, Digest: "d"}
}

var people = []Signer{who("a1", Approver), who("a2", Approver), who("a3", Approver), who("s1", Senior), who("s2", Approver, Senior), who("adm", Admin), who("mk", "maker"),
	{ID: "gone", Roles: []Role{Approver}}, {ID: "", Roles: []Role{Approver, Senior}, Standing: true}}

// TestBands: how many approvals each amount needs, with both kopecks round every bound: bounds belong to the band below them. Design "Two built-in rule sets".
func TestBands(t *testing.T) {
	for _, r := range []RuleSet{DemoRules(), ServeRules()} {
		for _, c := range []struct {
			minor          int64
			count, seniors int
		}{{1, 1, 0}, {99_999_99, 1, 0}, {100_000_00, 1, 0}, {100_000_01, 2, 0}, {999_999_99, 2, 0}, {1_000_000_00, 2, 0}, {1_000_000_01, 3, 1}, {1<<63 - 1, 3, 1}} {
			n := r.ForPayout(c.minor)
			if n.Count != c.count || n.Seniors != c.seniors || !slices.Equal(n.Roles, []Role{Approver, Senior}) {
				t.Errorf("%s %d: %+v", r.Name, c.minor, n)
			}
		}
		if r.Version != 1 || r.ExpiryDays != 14 || !r.MakerMayApprove {
			t.Errorf("%+v", r)
		}
	}
	if DemoRules().SignAboveMinor != 1_000_000_00 || ServeRules().SignAboveMinor != 0 {
		t.Error("signing")
	}
	// A set with holes or zeros still asks for somebody, and one without a last band lets nothing through.
	if n := (RuleSet{Bands: []Band{{UpToMinor: 0, Count: 0}}}).ForPayout(5); n.Count != 1 {
		t.Errorf("the floor is %d", n.Count)
	}
	if n := (RuleSet{Bands: []Band{{UpToMinor: 10, Count: 1}}}).ForPayout(11); Count(n, "d", nil, people, []Decision{yes("a1", 1), yes("a2", 2), yes("s1", 3)}).Met {
		t.Error("an amount outside every band is met")
	}
	DemoRules().Bands[0].Count = 0
	if DemoRules().Bands[0].Count != 1 {
		t.Error("the built-in set can be changed from outside")
	}
	if got := Stricter(Need{Count: 1, Seniors: 1}, Need{Count: 3}); got.Count != 3 || got.Seniors != 1 {
		t.Errorf("%+v", got)
	}
}

// TestKinds: every kind of subject has a rule, that of the table "Who decides what".
func TestKinds(t *testing.T) {
	want := map[Kind]Need{
		Payee: {1, 0, []Role{Approver, Senior}}, Rules: {1, 0, []Role{Admin, Senior}}, Person: {1, 0, []Role{Admin, Senior}}, Limits: {1, 0, []Role{Admin, Senior}}, Keys: {1, 0, []Role{Admin, Senior}},
		Verdict: {2, 0, []Role{Approver, Senior}}, Release: {2, 0, []Role{Approver, Senior, Admin}},
	}
	for _, k := range Kinds() {
		n, ok := ForKind(k)
		if k == Payout {
			if ok {
				t.Error("a payout has a constant rule")
			}
			continue
		}
		if w := want[k]; !ok || n.Count != w.Count || n.Seniors != w.Seniors || !slices.Equal(n.Roles, w.Roles) {
			t.Errorf("%s: %+v, want %+v", k, n, w)
		}
	}
	if _, ok := ForKind("something new"); ok {
		t.Error("an unknown kind has a rule")
	}
}

// TestCount: what the decisions given so far amount to, and what each person could still give: barred makers, suspended and unknown people, other roles, other digests, yes taken
// back and given again, two sign-ins of one person, seats that only a senior can fill.
func TestCount(t *testing.T) {
	two, three := Need{Count: 2, Roles: []Role{Approver, Senior}}, Need{Count: 3, Seniors: 1, Roles: []Role{Approver, Senior}}
	back := func(p string, seq int) Decision { return Decision{Person: p, Seq: seq, Answer: Back, Digest: "d"} }
	for _, c := range []struct {
		name              string
		need              Need
		ds                []Decision
		given             string
		met               bool
		open, openSeniors int
		may               map[string]Why
	}{
		{"nothing", two, nil, "[]", false, 2, 0, map[string]Why{"a1": Can, "s1": Can, "a3": Barred, "adm": NoRole, "mk": NoRole, "gone": NoStanding, "": NoRole, "nobody": NoRole}},
		{"one", two, []Decision{yes("a1", 1)}, "[a1]", false, 1, 0, map[string]Why{"a1": Already, "a2": Can}},
		{"one person twice", two, []Decision{yes("a1", 1), yes("a1", 2)}, "[a1]", false, 1, 0, map[string]Why{"a1": Already}},
		{"two", two, []Decision{yes("a1", 1), yes("s1", 2)}, "[a1 s1]", true, 0, 0, map[string]Why{"a1": Already, "a2": Complete, "gone": NoStanding}},
		{"a maker's yes", two, []Decision{yes("a1", 1), yes("a3", 2)}, "[a1]", false, 1, 0, nil},
		{"suspended", two, []Decision{yes("a1", 1), yes("gone", 2)}, "[a1]", false, 1, 0, nil},
		{"nobody's", two, []Decision{yes("a1", 1), yes("nobody", 2), yes("", 3)}, "[a1]", false, 1, 0, nil},
		{"an administrator's", two, []Decision{yes("a1", 1), yes("adm", 2)}, "[a1]", false, 1, 0, nil},
		{"another digest", two, []Decision{yes("a1", 1), {Person: "a2", Seq: 2, Answer: Yes, Digest: "e"}}, "[a1]", false, 1, 0, map[string]Why{"a2": Can}},
		{"taken back", two, []Decision{yes("a1", 1), yes("a2", 2), back("a1", 3)}, "[a2]", false, 1, 0, map[string]Why{"a1": Can, "a2": Already}},
		{"given again", two, []Decision{yes("a1", 1), back("a1", 2), yes("a2", 3), yes("a1", 4)}, "[a2 a1]", true, 0, 0, nil},
		{"the highest number counts, wherever it stands", two, []Decision{back("a1", 5), yes("a1", 1), yes("a2", 2)}, "[a2]", false, 1, 0, nil},
		{"a no", two, []Decision{yes("a1", 1), {Person: "a2", Seq: 2, Answer: No, Digest: "d"}}, "[a1]", false, 1, 0, nil},
		{"only the senior is missing", three, []Decision{yes("a1", 1), yes("a2", 2)}, "[a1 a2]", false, 1, 1, map[string]Why{"s1": Can, "s2": Can, "a3": Barred, "a1": Already}},
		{"three without a senior", three, []Decision{yes("a1", 1), yes("a2", 2), yes("a4", 3)}, "[a1 a2 a4]", false, 1, 1, map[string]Why{"s1": Can}},
		{"a senior first", three, []Decision{yes("s1", 1)}, "[s1]", false, 2, 0, map[string]Why{"a1": Can, "s2": Can}},
		{"seniors alone", three, []Decision{yes("s1", 1), yes("s2", 2)}, "[s1 s2]", false, 1, 0, map[string]Why{"a1": Can}},
		{"complete", three, []Decision{yes("a1", 1), yes("s2", 2), yes("a2", 3)}, "[a1 s2 a2]", true, 0, 0, map[string]Why{"s1": Complete}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folk := append(slices.Clone(people), who("a4", Approver))
			tally := Count(c.need, "d", []string{"a3"}, folk, c.ds)
			ids := []string{}
			for _, g := range tally.Given {
				ids = append(ids, g.ID)
			}
			if fmt.Sprint(ids) != c.given || tally.Met != c.met || tally.Open != c.open || tally.OpenSeniors != c.openSeniors {
				t.Errorf("given %v met %v open %d seniors %d", ids, tally.Met, tally.Open, tally.OpenSeniors)
			}
			for id, want := range c.may {
				s, ok := find(folk, id)
				if !ok {
					s = Signer{ID: id, Standing: true}
				}
				if got := tally.May(s); got != want {
					t.Errorf("%q may %q, want %q", id, got, want)
				}
			}
			for _, s := range tally.Could(folk) {
				if tally.May(s) != Can {
					t.Errorf("%s could and may not", s.ID)
				}
			}
		})
	}
	tally := Count(three, "d", nil, people, []Decision{yes("a1", 1), yes("a2", 2)})
	if got := tally.May(who("a9", Approver)); got != NoSeat {
		t.Errorf("an ordinary approver may %q where only the senior is missing", got)
	}
	if could := tally.Could(people); len(could) != 2 || could[0].ID != "s1" {
		t.Errorf("could %v", could)
	}
	if Count(Need{}, "d", nil, people, []Decision{yes("a1", 1)}).Met {
		t.Error("a rule that needs nobody is met")
	}
	if Count(two, "", nil, people, []Decision{{Person: "a1", Seq: 1, Answer: Yes}, {Person: "a2", Seq: 2, Answer: Yes}}).Met {
		t.Error("approvals of nothing count")
	}
}

// TestReachable: the deadlock check says exactly who is missing.
func TestReachable(t *testing.T) {
	for _, c := range []struct {
		need             Need
		barred           []string
		ok               bool
		missing, seniors int
	}{
		{Need{3, 1, []Role{Approver, Senior}}, nil, true, 0, 0},
		{Need{3, 1, []Role{Approver, Senior}}, []string{"s1", "s2"}, false, 1, 1},
		{Need{3, 1, []Role{Approver, Senior}}, []string{"a1", "a2", "a3"}, false, 1, 0},
		{Need{2, 2, []Role{Approver, Senior}}, []string{"s1"}, false, 1, 1},
		{Need{6, 0, []Role{Approver, Senior}}, nil, false, 1, 0},
		{Need{2, 0, []Role{Admin}}, nil, false, 1, 0},
	} {
		ok, missing, seniors := Reachable(c.need, c.barred, people)
		if ok != c.ok || missing != c.missing || seniors != c.seniors {
			t.Errorf("%+v without %v: %v %d %d", c.need, c.barred, ok, missing, seniors)
		}
	}
}

// TestCount_Properties: for any people, bars and decisions: Met means at least Count different standing persons with the role, none barred, with the seniors among them; the order in which
// different persons decided is irrelevant; what one person says more than once counts once; taking one yes away never completes anything; Could and Open
// agree: when as many as are open of those who could say yes, in any order that May allows, it is met; and what is reachable is reached.
func TestCount_Properties(t *testing.T) {
	roles := [][]Role{{Approver}, {Senior}, {Approver, Senior}, {Admin}, {"maker"}, {"maker", Approver}, nil}
	rapid.Check(t, func(t *rapid.T) {
		var folk []Signer
		for i := range rapid.IntRange(1, 7).Draw(t, "people") {
			folk = append(folk, Signer{ID: fmt.Sprint("p", i), Roles: rapid.SampledFrom(roles).Draw(t, "roles"), Standing: rapid.IntRange(0, 5).Draw(t, "standing") > 0})
		}
		id := rapid.SampledFrom(append([]string{"p0", "p1", "nobody", ""}, folk[len(folk)-1].ID, folk[len(folk)/2].ID))
		barred := rapid.SliceOfN(id, 0, 2).Draw(t, "barred")
		need := Need{Count: rapid.IntRange(1, 4).Draw(t, "count"), Roles: []Role{Approver, Senior}}
		need.Seniors = rapid.IntRange(0, need.Count).Draw(t, "seniors")
		var ds []Decision
		for i := range rapid.IntRange(0, 10).Draw(t, "decisions") {
			ds = append(ds, Decision{Person: id.Draw(t, "by"), Seq: i + 1, Answer: rapid.SampledFrom([]Answer{Yes, Yes, Yes, No, Back}).Draw(t, "answer"), Digest: rapid.SampledFrom([]string{"d", "d", "d", "e"}).Draw(t, "digest")})
		}
		tally := Count(need, "d", barred, folk, ds)

		// Told independently: the last word of each person.
		last := map[string]Decision{}
		for _, d := range ds {
			if d.Digest == "d" {
				last[d.Person] = d
			}
		}
		good, seniors := 0, 0
		for _, s := range folk {
			if last[s.ID].Answer == Yes && s.Standing && !slices.Contains(barred, s.ID) && (slices.Contains(s.Roles, Approver) || slices.Contains(s.Roles, Senior)) {
				good++
				if slices.Contains(s.Roles, Senior) {
					seniors++
				}
			}
		}
		if want := good >= need.Count && seniors >= need.Seniors; tally.Met != want || len(tally.Given) != good {
			t.Fatalf("met %v with %d given, %d of seniors; need %+v, said %d", tally.Met, good, seniors, need, len(tally.Given))
		}
		if tally.Met != (tally.Open == 0) || tally.OpenSeniors > tally.Open {
			t.Fatalf("met %v, open %d, seniors %d", tally.Met, tally.Open, tally.OpenSeniors)
		}
		shuffled := rapid.Permutation(ds).Draw(t, "order")
		if again := Count(need, "d", barred, folk, shuffled); again.Met != tally.Met || again.Open != tally.Open || len(again.Given) != len(tally.Given) {
			t.Fatal("the order of the list matters")
		}
		if len(ds) > 0 {
			if again := Count(need, "d", barred, folk, append(slices.Clone(ds), ds[len(ds)-1])); again.Met != tally.Met {
				t.Fatal("the same decision twice counts twice")
			}
		}
		if tally.Met {
			for _, g := range tally.Given {
				less := Count(need, "d", barred, folk, append(slices.Clone(ds), Decision{Person: g.ID, Seq: 99, Answer: Back, Digest: "d"}))
				if len(less.Given) != good-1 {
					t.Fatal("a yes cannot be taken back")
				}
			}
		}
		// Let those who may say yes do so: it ends complete if and only if it can be reached at all.
		now, all := tally, slices.Clone(ds)
		for n := 100; ; n++ {
			could := now.Could(folk)
			if len(could) == 0 || now.Met {
				break
			}
			before := now.Open
			all = append(all, Decision{Person: could[rapid.IntRange(0, len(could)-1).Draw(t, "next")].ID, Seq: n, Answer: Yes, Digest: "d"})
			if now = Count(need, "d", barred, folk, all); now.Open >= before {
				t.Fatalf("a yes that was allowed filled no place: open %d, then %d", before, now.Open)
			}
		}
		if ok, _, _ := Reachable(need, barred, folk); ok != now.Met {
			t.Fatalf("reachable %v, reached %v", ok, now.Met)
		}
	})
}
