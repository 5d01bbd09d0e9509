package app_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/fault"
)

// TestReplay: payouts of the last 90 days under today's rules and under a draft: more, fewer, other people, blocked, stuck; what is older is left out,
// and first payments and sums are those of the moment at which each one left. Issue 4, point 4.
func TestReplay(t *testing.T) {
	d := desktest.New(t)
	old := d.Submit(50_000_00)
	d.Approve(old, "a1")
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Fatal("the old one did not leave")
	}
	d.Settle()
	d.Clock.Add(95 * 24 * time.Hour)

	content := d.Content(60_000_00)
	first := d.SubmitContent("m1", content)
	d.Approve(first, "a1")
	d.Clock.Add(4 * time.Second)
	d.Send()
	d.Settle()
	again := content
	again.AmountText = "70000.00"
	second := d.SubmitContent("m1", again)
	d.Submit(250_000_00)   // two approvers today
	d.Submit(2_000_000_00) // two and a senior
	d.SubmitContent("m2", d.Content(10_00))

	same := func(r app.LabResult) map[approval.Difference]int {
		out := map[approval.Difference]int{}
		for k, g := range r.Groups {
			if g.N > 0 {
				out[k] = g.N
			}
		}
		return out
	}
	run := func(change func(*approval.RuleSet)) app.LabResult {
		t.Helper()
		set := desktest.Rules()
		change(&set)
		r, err := d.App.Replay(t.Context(), set)
		must(t, err)
		if r.N != 5 {
			t.Errorf("%d payouts were played, want 5", r.N)
		}
		return r
	}
	want := func(what string, r app.LabResult, stuck int, diffs map[approval.Difference]int) {
		t.Helper()
		if fmt.Sprint(same(r)) != fmt.Sprint(diffs) || r.Stuck.N != stuck {
			t.Errorf("%s: %v and %d stuck, want %v and %d", what, same(r), r.Stuck.N, diffs, stuck)
		}
	}
	want("the same set", run(func(*approval.RuleSet) {}), 0, map[approval.Difference]int{approval.SameNeed: 5})
	want("two for everything", run(func(s *approval.RuleSet) { s.Rules[0].Steps[0].Count = 2 }), 0, map[approval.Difference]int{approval.SameNeed: 2, approval.More: 3})
	want("one in the middle", run(func(s *approval.RuleSet) { s.Rules[1].Steps[0].Count = 1 }), 0, map[approval.Difference]int{approval.SameNeed: 4, approval.Fewer: 1})
	want("other people", run(func(s *approval.RuleSet) {
		s.Rules[1].Steps = []approval.Step{{Count: 1, Roles: []approval.Role{approval.Senior}}}
	}), 0, map[approval.Difference]int{approval.SameNeed: 4, approval.Other: 1})
	r := run(func(s *approval.RuleSet) {
		s.Rules = append(s.Rules, approval.Rule{Name: "m2", When: approval.When{Makers: []string{d.Who["m2"].Person}}, Blocked: "not now"})
	})
	want("blocked for m2", r, 0, map[approval.Difference]int{approval.SameNeed: 4, approval.NowBlocked: 1})
	if g := r.Groups[approval.NowBlocked]; g.SumMinor != 10_00 || len(g.Examples) != 1 || g.Examples[0].Makers[0] != d.Who["m2"].Person {
		t.Errorf("%+v", g)
	}
	// Only the first payment to the account is a first payment.
	r = run(func(s *approval.RuleSet) {
		s.Rules = append(s.Rules, approval.Rule{Name: "first", When: approval.When{First: true, UpToMinor: 100_000_00}, Steps: []approval.Step{{Count: 2, Roles: []approval.Role{approval.Approver}}}})
	})
	want("first payments", r, 0, map[approval.Difference]int{approval.SameNeed: 3, approval.More: 2})
	for _, e := range r.Groups[approval.More].Examples {
		if e.ID == second {
			t.Error("the second payment counts as first")
		}
	}
	// A sum of the month with the payout itself: 60,000 left, 70,000 more is above 100,000.
	r = run(func(s *approval.RuleSet) {
		s.Rules = append(s.Rules, approval.Rule{Name: "sum", When: approval.When{UpToMinor: 100_000_00, Sums: []approval.SumOver{{Of: "payee", Per: "month", OverMinor: 100_000_00}}},
			Steps: []approval.Step{{Count: 2, Roles: []approval.Role{approval.Approver}}}})
	})
	want("sum by payee", r, 0, map[approval.Difference]int{approval.SameNeed: 4, approval.More: 1})
	if ex := r.Groups[approval.More].Examples; len(ex) != 1 || ex[0].ID != second {
		t.Errorf("%+v", ex)
	}
	// More seniors than there are.
	r = run(func(s *approval.RuleSet) { s.Rules[2].Steps[1].Count = 2 })
	want("two seniors", r, 1, map[approval.Difference]int{approval.SameNeed: 4})
	if e := r.Stuck.Examples; len(e) != 1 || len(e[0].Lack) == 0 || e[0].AmountMinor != 2_000_000_00 {
		t.Errorf("%+v", e)
	}
	bad := desktest.Rules()
	bad.Rules[0].Steps[0].Count = 0
	if _, err := d.App.Replay(t.Context(), bad); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a set with nobody to ask was played: %v", err)
	}
}

// TestTry: a made-up payout stands before today's rules and the draft without anything being written.
func TestTry(t *testing.T) {
	d := desktest.New(t)
	d.Submit(1_00)
	before := len(d.Events())
	draft := approval.ServeRules()
	try := func(m app.MadeUp) app.Tried {
		t.Helper()
		if m.Maker == "" {
			m.Maker = d.Who["m1"].Person
		}
		r, err := d.App.Try(t.Context(), m, draft)
		must(t, err)
		return r
	}
	r := try(app.MadeUp{AmountMinor: 200_000_00, First: true})
	if len(r.Today.Need.Blocked) != 0 || len(r.Draft.Need.Blocked) != 1 || r.DraftPossible || !r.TodayPossible {
		t.Errorf("free entry above the first band: %+v", r.Draft.Need)
	}
	r = try(app.MadeUp{AmountMinor: 200_000_00, First: true, Saved: true})
	if r.Draft.Need.Seniors() != 1 || !r.DraftPossible || r.Today.Need.Seniors() != 0 {
		t.Errorf("a first payment: %+v", r.Draft.Need)
	}
	r = try(app.MadeUp{AmountMinor: 200_000_00, Saved: true, ChangedHours: 1})
	if r.Draft.CoolOff.IsZero() || !r.Today.CoolOff.IsZero() {
		t.Error("the waiting period")
	}
	if _, err := d.App.Try(t.Context(), app.MadeUp{AmountMinor: 1, Maker: "nobody"}, draft); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown maker: %v", err)
	}
	if n := len(d.Events()); n != before {
		t.Errorf("%d events were written", n-before)
	}
}

// BenchmarkReplay: 100,000 payouts through two rule sets. Issue 4, point 4: at most 5 s with the default rules.
func BenchmarkReplay(b *testing.B) {
	d := desktest.New(b)
	d.Fill(100_000)
	draft := approval.ServeRules()
	for b.Loop() {
		began := time.Now()
		r, err := d.App.Replay(b.Context(), draft)
		must(b, err)
		if r.N < 90_000 {
			b.Fatalf("%d payouts were played", r.N)
		}
		desktest.Figure(b, 72, "laboratory, 100,000 payouts", time.Since(began).Seconds(), "s", "<= 5")
	}
}
