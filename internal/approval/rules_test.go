package approval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/fault"

	"pgregory.net/rapid"
)

// TestBands: how many approvals each amount needs in both built-in sets, with both kopecks round every bound: bounds belong to the band below.
func TestBands(t *testing.T) {
	for _, r := range []RuleSet{DemoRules(), ServeRules()} {
		for _, c := range []struct {
			minor          int64
			count, seniors int
			rule           string
		}{{1, 1, 0, "band-1"}, {99_999_99, 1, 0, "band-1"}, {100_000_00, 1, 0, "band-1"}, {100_000_01, 2, 0, "band-2"}, {999_999_99, 2, 0, "band-2"}, {1_000_000_00, 2, 0, "band-2"},
			{1_000_000_01, 3, 1, "band-3"}, {math.MaxInt64, 3, 1, "band-3"}} {
			n := r.Need(Facts{AmountMinor: c.minor, Payee: "known"})
			if n.Count() != c.count || n.Seniors() != c.seniors || !slices.Equal(n.Roles, []Role{Approver, Senior}) || len(n.Blocked) != 0 {
				t.Errorf("%s %d: %+v", r.Name, c.minor, n)
			}
			if fmt.Sprint(n.Matched) != fmt.Sprint([]Matched{{1, c.rule, true}}) {
				t.Errorf("%s %d: matched %v", r.Name, c.minor, n.Matched)
			}
		}
		if l := r.Check(); l.Err() != nil {
			t.Errorf("%s: %v", r.Name, l)
		}
		if r.Version != 1 || r.ExpiryDays != 14 || !r.MakerMayApprove || r.SignAboveMinor != 1_000_000_00 {
			t.Errorf("%+v", r)
		}
	}
	DemoRules().Rules[0].Steps[0].Count = 0
	if DemoRules().Rules[0].Steps[0].Count != 1 {
		t.Error("the built-in set can be changed from outside")
	}
	// demo: just the bands, for good.
	demo := DemoRules()
	f := Facts{AmountMinor: SecondBandMinor, First: true, AccountChangedAt: day, Now: day}
	if n := demo.Need(f); n.Count() != 2 || n.Seniors() != 0 || len(n.Blocked) != 0 || !demo.CoolOff(f).IsZero() || demo.FactorNeeded || demo.Newcomers != (Newcomers{}) || len(demo.Rules) != 3 {
		t.Errorf("a guard in demo: %+v", n)
	}
}

// TestServe: the guards of the serve set: a senior for a first payment, no free entry, and four hours' wait, each from the first kopeck above the first band.
func TestServe(t *testing.T) {
	serve := ServeRules()
	for _, c := range []struct {
		name           string
		f              Facts
		count, seniors int
		blocked        string
		matched        string
	}{
		{"first payment in the first band", Facts{AmountMinor: 100_000_00, Payee: "p", First: true}, 1, 0, "", "[{1 band-1 true}]"},
		{"first payment above it", Facts{AmountMinor: 100_000_01, Payee: "p", First: true}, 2, 1, "", "[{1 band-2 true} {1 first-payment true}]"},
		{"first payment in the third band: a senior is asked for anyhow", Facts{AmountMinor: 1_000_000_01, Payee: "p", First: true}, 3, 1, "", "[{1 band-3 true} {1 first-payment false}]"},
		{"free entry in the first band", Facts{AmountMinor: 100_000_00}, 1, 0, "", "[{1 band-1 true}]"},
		{"free entry above it", Facts{AmountMinor: 100_000_01}, 2, 0, "saved_payee", "[{1 band-2 true} {1 free-entry true}]"},
	} {
		n := serve.Need(c.f)
		blocked := ""
		for _, b := range n.Blocked {
			blocked += b.Reason
		}
		if n.Count() != c.count || n.Seniors() != c.seniors || blocked != c.blocked || fmt.Sprint(n.Matched) != c.matched {
			t.Errorf("%s: %+v", c.name, n)
		}
	}
	first := Case{Need: serve.Need(Facts{AmountMinor: 100_000_01, Payee: "p", First: true}), Digest: "d"}
	for _, c := range []struct {
		by  []string
		met bool
	}{{[]string{"a1", "a2"}, false}, {[]string{"s1"}, false}, {[]string{"a1", "s1"}, true}, {[]string{"s1", "s2"}, true}, {[]string{"a1", "a2", "a3"}, false}} {
		var ds []Decision
		for i, p := range c.by {
			ds = append(ds, yes(p, i+1))
		}
		if Count(first, folk, ds).Met != c.met {
			t.Errorf("first payment by %v", c.by)
		}
	}
	if Count(Case{Need: serve.Need(Facts{AmountMinor: 100_000_01}), Digest: "d"}, folk, []Decision{yes("a1", 1), yes("s1", 2), yes("s2", 3)}).Met {
		t.Error("a free entry above the first band is approved")
	}
	for _, c := range []struct {
		amount int64
		after  time.Duration
		waits  bool
	}{{100_000_00, 0, false}, {100_000_01, 0, true}, {100_000_01, 4*time.Hour - 1, true}, {100_000_01, 4 * time.Hour, false}, {math.MaxInt64, 5 * time.Hour, false}} {
		got := serve.CoolOff(Facts{AmountMinor: c.amount, AccountChangedAt: day, Now: day.Add(c.after)})
		if c.waits && !got.Equal(day.Add(4*time.Hour)) || !c.waits && !got.IsZero() {
			t.Errorf("%d after %v: %v", c.amount, c.after, got)
		}
	}
	if !serve.CoolOff(Facts{AmountMinor: math.MaxInt64, Now: day}).IsZero() {
		t.Error("an account that was there from the beginning waits")
	}
	if !serve.FactorNeeded || serve.Newcomers != (Newcomers{72, 14, 1_000_000_00}) {
		t.Errorf("%+v", serve)
	}
}

// TestHolds: each condition alone, on and off; all together are and, none holds always.
func TestHolds(t *testing.T) {
	f := Facts{AmountMinor: 500, Payee: "p", PayeeGroups: []string{"g", "h"}, First: true, AccountChangedAt: day, Makers: []string{"m", "n"}, MakerGroups: []string{"k"}, Source: "form",
		Sums: Sums{1, 2, 3, 4, 5, 6}, Now: day.AddDate(0, 0, 3).Add(-1)}
	for _, c := range []struct {
		w    When
		want bool
	}{
		{When{}, true}, {When{OverMinor: 499}, true}, {When{OverMinor: 500}, false}, {When{UpToMinor: 500}, true}, {When{UpToMinor: 499}, false},
		{When{Entry: "saved"}, true}, {When{Entry: "free"}, false}, {When{Payees: []string{"q", "p"}}, true}, {When{Payees: []string{"q"}}, false},
		{When{PayeeGroups: []string{"h"}}, true}, {When{PayeeGroups: []string{"x"}}, false}, {When{First: true}, true},
		{When{ChangedDays: 3}, true}, {When{ChangedDays: 2}, false}, {When{Makers: []string{"n"}}, true}, {When{Makers: []string{"x"}}, false},
		{When{MakerGroups: []string{"k"}}, true}, {When{MakerGroups: []string{"m"}}, false}, {When{Sources: []string{"form"}}, true}, {When{Sources: []string{"api"}}, false},
		{When{Sums: []SumOver{{"payee", "day", 0}, {"payee", "month", 1}, {"maker", "day", 2}, {"maker", "month", 3}, {"company", "day", 4}, {"company", "month", 5}}}, true},
		{When{Sums: []SumOver{{"payee", "day", 1}}}, false}, {When{Sums: []SumOver{{"company", "month", 6}}}, false}, {When{Sums: []SumOver{{"nobody", "day", 0}}}, false},
		{When{OverMinor: 499, First: true, Makers: []string{"x"}}, false},
	} {
		if c.w.Holds(f) != c.want {
			t.Errorf("%+v", c.w)
		}
	}
	f.First, f.AccountChangedAt, f.Payee = false, time.Time{}, ""
	for _, w := range []When{{First: true}, {ChangedDays: 365}, {Entry: "saved"}, {Payees: []string{"p"}}} {
		if w.Holds(f) {
			t.Errorf("%+v", w)
		}
	}
	f = Facts{AccountChangedAt: day, Now: day.AddDate(0, 0, 3)}
	if (When{ChangedDays: 3}).Holds(f) || (When{}).Holds(Facts{AmountMinor: -1}) != true {
		t.Error("three days later")
	}
}

// TestFloor: whatever a document says, somebody who is no maker must approve: zeros, no steps, no rules, gaps, and numbers that turn round.
func TestFloor(t *testing.T) {
	for _, r := range []RuleSet{
		{}, {Rules: []Rule{{Name: "r"}}}, {Rules: []Rule{{Name: "r", Steps: []Step{approvers(0)}}}}, {Rules: []Rule{{Name: "r", Steps: []Step{approvers(-5), approvers(-5)}}}},
		{Rules: []Rule{{Name: "r", Steps: []Step{{Count: 0}}}}}, {Rules: []Rule{{Name: "r", Steps: []Step{approvers(math.MaxInt), approvers(math.MaxInt)}}}},
		{Rules: []Rule{{Name: "r", Steps: []Step{approvers(math.MinInt), approvers(math.MaxInt)}, Ordered: true}}},
		{Rules: []Rule{{Name: "r", When: When{OverMinor: 6}, Steps: []Step{approvers(1)}}}}, {Rules: []Rule{{Name: "r", Blocked: "no"}}},
	} {
		if r.Check().Err() == nil {
			t.Errorf("%+v is accepted", r.Rules)
		}
		n := r.Need(Facts{AmountMinor: 5})
		tally := Count(Case{Need: n, Digest: "d", Barred: []string{"mk"}}, []Signer{who("mk", Approver)}, []Decision{yes("mk", 1)})
		if n.Count() < 1 || tally.Met || tally.Open < 1 {
			t.Errorf("%+v: %d asked, met %v, open %d", r.Rules, n.Count(), tally.Met, tally.Open)
		}
	}
	if n := (RuleSet{Version: 4}).Need(Facts{AmountMinor: 5}); len(n.Blocked) != 1 || n.Blocked[0].Reason != "no_rule" || n.Blocked[0].Set != 4 {
		t.Errorf("an amount in no rule: %+v", n)
	}
}

// TestCheck: each thing that is wrong, at its field; what is just allowed is.
func TestCheck(t *testing.T) {
	long := strings.Repeat("я", 81)
	many := make([]string, 201)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	rule := func(change func(*Rule)) func(*RuleSet) {
		return func(r *RuleSet) {
			x := Rule{Name: "x", When: When{OverMinor: 1, UpToMinor: 2}, Steps: []Step{approvers(1)}}
			change(&x)
			r.Rules = append(r.Rules, x)
		}
	}
	bands := func(w ...When) func(*RuleSet) {
		return func(r *RuleSet) {
			r.Rules = nil
			for i, x := range w {
				r.Rules = append(r.Rules, Rule{Name: fmt.Sprint(i), When: x, Steps: []Step{approvers(1)}})
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*RuleSet)
		field  string // "" when allowed
		code   string
	}{
		{"nothing", func(*RuleSet) {}, "", ""},
		{"no name", func(r *RuleSet) { r.Name = " " }, "name", "rules.name"}, {"long name", func(r *RuleSet) { r.Name = long }, "name", "rules.name"}, {"80 letters", func(r *RuleSet) { r.Name = long[2:] }, "", ""},
		{"expiry 0", func(r *RuleSet) { r.ExpiryDays = 0 }, "expiry_days", "rules.expiry"}, {"expiry 91", func(r *RuleSet) { r.ExpiryDays = 91 }, "expiry_days", "rules.expiry"}, {"expiry 90", func(r *RuleSet) { r.ExpiryDays = 90 }, "", ""},
		{"signing", func(r *RuleSet) { r.SignAboveMinor = -1 }, "sign_above", "rules.amount"}, {"step up above signing", func(r *RuleSet) { r.StepUpAboveMinor = r.SignAboveMinor + 1 }, "step_up_above", "rules.amount"},
		{"step up below it", func(r *RuleSet) { r.StepUpAboveMinor = r.SignAboveMinor }, "", ""}, {"step up, no signing", func(r *RuleSet) { r.SignAboveMinor, r.StepUpAboveMinor = 0, 5 }, "", ""},
		{"cool off", func(r *RuleSet) { r.CoolOffMinutes = -1 }, "cool_off", "rules.hours"}, {"cool off of months", func(r *RuleSet) { r.CoolOffMinutes = 30*24*60 + 1 }, "cool_off", "rules.hours"}, {"cool off amount", func(r *RuleSet) { r.CoolOffOverMinor = -1 }, "cool_off", "rules.hours"},
		{"newcomers", func(r *RuleSet) { r.Newcomers.QuietHours = -1 }, "newcomers", "rules.hours"}, {"cap", func(r *RuleSet) { r.Newcomers.CapDayMinor = -1 }, "newcomers", "rules.hours"}, {"cap days", func(r *RuleSet) { r.Newcomers.CapDays = 366 }, "newcomers", "rules.hours"},
		{"no rules", func(r *RuleSet) { r.Rules = nil }, "form", "rules.many"}, {"a gap at the bottom", bands(When{OverMinor: 1}), "form", "rules.gap"}, {"a gap inside", bands(When{UpToMinor: 10}, When{OverMinor: 11}), "form", "rules.gap"},
		{"a gap at the top", bands(When{UpToMinor: 10}), "form", "rules.gap"}, {"an overlap", bands(When{UpToMinor: 10}, When{OverMinor: 5}), "", ""}, {"any order", bands(When{OverMinor: 10}, When{OverMinor: 5, UpToMinor: 10}, When{UpToMinor: 5}), "", ""},
		{"up to the largest amount", bands(When{UpToMinor: math.MaxInt64}), "", ""},
		{"a gap that a condition fills only sometimes", bands(When{UpToMinor: 10}, When{OverMinor: 10, First: true}), "form", "rules.gap"},
		{"a gap that a block fills", func(r *RuleSet) {
			bands(When{UpToMinor: 10})(r)
			r.Rules = append(r.Rules, Rule{Name: "b", Blocked: "no"})
		}, "form", "rules.gap"},
		{"rule without a name", rule(func(x *Rule) { x.Name = "" }), "rule-4-name", "rules.rule_name"}, {"two of one name", rule(func(x *Rule) { x.Name = "band-1" }), "rule-4-name", "rules.rule_name"},
		{"an empty band", rule(func(x *Rule) { x.When.OverMinor = 2 }), "rule-4-amount", "rules.band"}, {"negative", rule(func(x *Rule) { x.When.OverMinor = -1 }), "rule-4-amount", "rules.band"},
		{"entry", rule(func(x *Rule) { x.When.Entry = "Free" }), "rule-4-entry", "rules.doc"}, {"changed", rule(func(x *Rule) { x.When.ChangedDays = 366 }), "rule-4-changed", "rules.hours"},
		{"an empty payee", rule(func(x *Rule) { x.When.Payees = []string{""} }), "rule-4-list", "rules.list"}, {"too many makers", rule(func(x *Rule) { x.When.Makers = many }), "rule-4-list", "rules.list"}, {"200 makers", rule(func(x *Rule) { x.When.Makers = many[1:] }), "", ""},
		{"sum of nobody", rule(func(x *Rule) { x.When.Sums = []SumOver{{"bank", "day", 1}} }), "rule-4-sums", "rules.sum"}, {"sum a year", rule(func(x *Rule) { x.When.Sums = []SumOver{{"payee", "year", 1}} }), "rule-4-sums", "rules.sum"}, {"sum over 0", rule(func(x *Rule) { x.When.Sums = []SumOver{{"payee", "day", 0}} }), "rule-4-sums", "rules.sum"},
		{"blocked with steps", rule(func(x *Rule) { x.Blocked = "no" }), "rule-4-blocked", "rules.blocked"}, {"blocked", rule(func(x *Rule) { x.Blocked, x.Steps = "no", nil }), "", ""}, {"a long reason", rule(func(x *Rule) { x.Blocked, x.Steps = strings.Repeat("я", 201), nil }), "rule-4-blocked", "rules.blocked"},
		{"no steps", rule(func(x *Rule) { x.Steps = nil }), "rule-4-steps", "rules.steps"}, {"eleven steps", rule(func(x *Rule) { x.Steps = slices.Repeat(x.Steps, 11) }), "rule-4-steps", "rules.steps"}, {"ten steps", rule(func(x *Rule) { x.Steps = slices.Repeat(x.Steps, 10) }), "", ""},
		{"nobody", rule(func(x *Rule) { x.Steps[0].Count = 0 }), "rule-4-count-1", "rules.floor"}, {"fewer than nobody", rule(func(x *Rule) { x.Steps = append(x.Steps, approvers(-1)) }), "rule-4-count-2", "rules.floor"},
		{"20 seats", rule(func(x *Rule) { x.Steps[0].Count = 20 }), "", ""}, {"21 seats", rule(func(x *Rule) { x.Steps = []Step{approvers(20), approvers(1)} }), "rule-4-steps", "rules.steps"},
		{"seats that turn round", rule(func(x *Rule) { x.Steps = []Step{approvers(math.MaxInt), approvers(math.MaxInt), approvers(2)} }), "rule-4-steps", "rules.steps"},
		{"nobody named", rule(func(x *Rule) { x.Steps[0].Roles = nil }), "rule-4-who-1", "rules.who"}, {"an administrator", rule(func(x *Rule) { x.Steps[0].Roles = []Role{Admin} }), "rule-4-who-1", "rules.who"},
		{"a person without a name", rule(func(x *Rule) { x.Steps[0].People = []string{""} }), "rule-4-who-1", "rules.who"}, {"a group without a name", rule(func(x *Rule) { x.Steps[0].Groups = []string{"a", ""} }), "rule-4-who-1", "rules.who"},
		{"a group", rule(func(x *Rule) { x.Steps[0] = group(2, "board") }), "", ""},
		{"too many rules", func(r *RuleSet) {
			for i := range MaxRules {
				r.Rules = append(r.Rules, Rule{Name: fmt.Sprint("n", i), Steps: []Step{approvers(1)}})
			}
		}, "form", "rules.many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := DemoRules()
			c.change(&r)
			l := r.Check()
			if c.field == "" {
				if l.Err() != nil {
					t.Error(l)
				}
			} else if e := l.Field(c.field); e == nil || e.Code != c.code || len(l) != 1 {
				t.Errorf("%v, want %s at %s", l, c.code, c.field)
			}
			if back, err := ParseRuleSet(r.Doc()); (err == nil) != (c.field == "") || err == nil && !bytes.Equal(back.Doc(), r.Doc()) {
				t.Errorf("as a document: %v", err)
			}
		})
	}
	gaps := DemoRules()
	gaps.Rules[1].When.UpToMinor--
	if e := gaps.Check().Field("form"); e == nil || fmt.Sprint(e.Args) != fmt.Sprint([]any{int64(SecondBandMinor)}) {
		t.Errorf("the gap's first kopeck: %v", e)
	}
}

// TestDoc: equal content is equal bytes, whatever is nil; other content is other bytes; what it read is what was written; and nothing is
// read that the document does not plainly say.
func TestDoc(t *testing.T) {
	a, b := ServeRules(), ServeRules()
	for i := range b.Rules {
		w := &b.Rules[i].When
		w.Payees, w.PayeeGroups, w.Makers, w.MakerGroups, w.Sources, w.Sums = []string{}, []string{}, []string{}, []string{}, []string{}, []SumOver{}
		if b.Rules[i].Steps == nil {
			b.Rules[i].Steps = []Step{}
		}
		for j := range b.Rules[i].Steps {
			b.Rules[i].Steps[j].People, b.Rules[i].Steps[j].Groups = []string{}, []string{}
		}
	}
	b.Version = 77
	if !bytes.Equal(a.Doc(), b.Doc()) || !bytes.Equal(RuleSet{}.Doc(), RuleSet{Rules: []Rule{}}.Doc()) || bytes.Contains(a.Doc(), []byte("null")) {
		t.Errorf("%s\n%s", a.Doc(), b.Doc())
	}
	if a.Rules[0].When.Payees != nil {
		t.Error("writing the document changes the set")
	}
	good := string(a.Doc())
	if got, err := ParseRuleSet([]byte(good)); err != nil || string(got.Doc()) != good || got.Version != 0 {
		t.Error(err)
	}
	if _, err := ParseRuleSet([]byte(" " + good + "\n")); err != nil {
		t.Error(err)
	}
	for _, doc := range []string{
		"", "null", "[]", "{}", `"x"`, good[:len(good)-1], good + "{}", good + "]", good + "}", good + "x", good + good, good[1:],
		strings.Replace(good, `"expiry_days"`, `"expiry"`, 1), strings.Replace(good, `{`, `{"off":true,`, 1), strings.Replace(good, `"steps":[`, `"skip":1,"steps":[`, 1), strings.Replace(good, `"count":1`, `"count":1,"maybe":1`, 1),
		strings.Replace(good, `"name":"serve"`, `"name":"serve","name":"serve"`, 1), strings.Replace(good, `"count":1`, `"count":2,"count":1`, 1), strings.Replace(good, `"name":"serve"`, `"Name":"serve"`, 1),
		strings.Replace(good, `"steps":[`, `"ſteps":[`, 1), strings.Replace(good, `"steps":[`, `"steps":[],"STEPS":[`, 1),
		strings.Replace(good, `"count":1`, `"count":0`, 1), strings.Replace(good, `"count":1`, `"count":1.5`, 1), strings.Replace(good, `"count":1`, `"count":"1"`, 1), strings.Replace(good, `"count":1`, `"count":99999999999999999999`, 1),
		strings.Replace(good, `"count":1`, `"count":null`, 1), strings.Repeat("[", 20000), strings.Repeat(" ", MaxRuleSetBytes) + good,
	} {
		if got, err := ParseRuleSet([]byte(doc)); err == nil || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.80s is read: %v %+v", doc, err, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawSet(t), drawSet(t)
		x.Name, y.Name = rapid.String().Draw(t, "name"), "y"
		var back RuleSet
		if err := json.Unmarshal(x.Doc(), &back); err != nil || !bytes.Equal(back.Doc(), RuleSet(x).Doc()) || !plainKeys(x.Doc()) {
			t.Fatalf("%s\n%s", x.Doc(), back.Doc())
		}
		y.Name = x.Name
		if fmt.Sprintf("%+v", x.normal()) != fmt.Sprintf("%+v", y.normal()) && bytes.Equal(x.Doc(), y.Doc()) {
			t.Fatal("other content, the same bytes")
		}
	})
}
