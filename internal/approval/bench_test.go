package approval

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// desk is a rule set of 200 rules and 500 people, with the decisions given so far on one payout, as a large company would have them.
func desk() (RuleSet, []Signer, Facts, []Decision) {
	set := ServeRules()
	for i := len(set.Rules); i < MaxRules; i++ {
		x := Rule{Name: fmt.Sprint("rule-", i), When: When{OverMinor: FirstBandMinor}, Steps: []Step{group(1, fmt.Sprint("g", i%20)), seniors(1)}, Ordered: i%7 == 0}
		switch i % 4 {
		case 0:
			x.When.Payees = []string{fmt.Sprint("payee-", i), fmt.Sprint("payee-", i+1)}
		case 1:
			x.When.MakerGroups = []string{fmt.Sprint("g", i)}
		case 2:
			x.When.Sums = []SumOver{{"payee", "month", int64(i) * 10_000_000_00}}
		case 3:
			x.When.Sources = []string{fmt.Sprint("file-", i)}
		}
		set.Rules = append(set.Rules, x)
	}
	var people []Signer
	for i := range 500 {
		s := Signer{ID: fmt.Sprintf("person-%04d", i), Name: "Somebody", Roles: []Role{Approver}, Groups: []string{fmt.Sprint("g", i%20), "all"}, Standing: true, Since: day}
		if i%10 == 0 {
			s.Roles = []Role{Approver, Senior}
		}
		people = append(people, s)
	}
	f := Facts{AmountMinor: SecondBandMinor + 1, Payee: "payee-8", First: true, Makers: []string{"person-0499"}, MakerGroups: []string{"g5", "all"}, Source: "form", Now: day,
		Sums: Sums{PayeeMonth: 70_000_000_00}}
	var ds []Decision
	for i, p := range []string{"person-0490", "person-0008", "person-0310"} {
		ds = append(ds, Decision{Person: p, Seq: i + 1, Answer: Yes, Digest: "d", At: day})
	}
	return set, people, f, ds
}

// BenchmarkDecision judges one decision as the writing transaction does: what the payout needs, what was given, and whether this person may give one more.
// Aim: at most 40 microseconds with 200 rules and 500 people.
func BenchmarkDecision(b *testing.B) {
	set, people, f, ds := desk()
	c := Case{Digest: "d", Barred: f.Makers, Submitted: day.Add(time.Hour), AmountMinor: f.AmountMinor, Now: day}
	if got := len(set.Need(f).Matched); got < 5 {
		b.Fatal(got, "rules match")
	}
	const times = 2000
	var runs []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for range times {
			c.Need = set.Need(f)
			if Count(c, people, ds).May(people[457]) == Barred {
				b.Fatal("barred")
			}
		}
		runs = append(runs, time.Since(start))
	}
	ns := slices.Min(runs).Nanoseconds() / times
	b.Logf("a decision: %d.%02d us; %d rules, %d people", ns/1000, ns%1000/10, len(set.Rules), len(people))
	if table := os.Getenv("BENCH_TABLE"); table != "" { // as desktest.Figure, which imports this package
		w, err := os.OpenFile(table, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := fmt.Fprintf(w, "080\ta decision, 200 rules, 500 people\t%d.%02d us\t<= 40\n", ns/1000, ns%1000/10); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNeed is the laboratory's part: the default rules over one payout, twice, and the comparison.
func BenchmarkNeed(b *testing.B) {
	set, draft := ServeRules(), ServeRules()
	draft.Rules[1].Steps[0].Count = 3
	f := Facts{AmountMinor: SecondBandMinor, Payee: "p", First: true}
	b.ReportAllocs()
	for b.Loop() {
		if Compare(set.Need(f), draft.Need(f)) != More {
			b.Fatal("not more")
		}
	}
}

// BenchmarkNeed_AllMatch is the worst document: 200 rules that all hold, none covering another.
func BenchmarkNeed_AllMatch(b *testing.B) {
	set := RuleSet{}
	for i := range MaxRules {
		set.Rules = append(set.Rules, Rule{Name: fmt.Sprint(i), Steps: []Step{group(1, fmt.Sprint("g", i)), seniors(1)}})
	}
	for b.Loop() {
		if len(set.Need(Facts{AmountMinor: 1}).Plans) != MaxRules {
			b.Fatal("plans")
		}
	}
}
