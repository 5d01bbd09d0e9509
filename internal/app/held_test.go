package app_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/payout"
)

// TestDecisions_Held is the table of what keeps an approved payout (design.md "held"): each reason alone is named, and of any that come together the first of the list; nothing but an approved
// payout is held. A reason in the program without its row here fails. Issue 5 "To show" i.
func TestDecisions_Held(t *testing.T) {
	now := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	type facts struct {
		d                 app.DeskState
		why, due          string
		sendAt, heldUntil time.Time
	}
	// In this order: what stands further up is told first. Those with a why exclude each other.
	order := []struct {
		held string
		why  string
		set  func(*facts)
	}{
		{"quarantine", "", func(f *facts) { f.d.Quarantine = "older" }},
		{"credentials", "", func(f *facts) { f.d.Halt = &app.HaltRow{Cause: "credentials"} }},
		{"halt", "", func(f *facts) {
			if f.d.Halt == nil {
				f.d.Halt = &app.HaltRow{Cause: "person"}
			}
		}},
		{"evidence", "evidence", nil},
		{"payee", "payee", nil},
		{"date", "", func(f *facts) { f.due = "2026-11-20" }},
		{"cooloff", "cooloff", func(f *facts) { f.heldUntil = now.Add(time.Hour) }},
		{"limit", "limit", nil},
		{"limit", app.HeldAbove, nil},
		{"countdown", "", func(f *facts) { f.sendAt = now.Add(time.Second) }},
		{"bank_down", "", func(f *facts) { f.d.BankDown = true }},
		{"funds", "funds", func(f *facts) { f.d.Balance.Known = true }},
	}
	rows, n := map[string]bool{}, 0
	for set := range 1 << len(order) {
		f := facts{due: "2026-11-19", sendAt: now, heldUntil: now}
		want, whys := "", 0
		for i, r := range order {
			if set>>i&1 == 0 {
				continue
			}
			if r.set != nil {
				r.set(&f)
			}
			if r.why != "" {
				f.why, whys = r.why, whys+1
			}
			if want == "" {
				want = r.held
			}
		}
		if whys > 1 {
			continue
		}
		n++
		for _, st := range payout.States() {
			right := want
			if st != payout.Approved {
				right = ""
			}
			if got := f.d.Held(st, f.why, f.due, f.sendAt, f.heldUntil, now); got != right {
				t.Errorf("%s, set %011b: held %q, want %q", st, set, got, right)
			}
		}
		if !rows[want] {
			rows[want] = true
			t.Logf("row | held | %q | set %011b", want, set)
		}
	}
	// What is over holds no longer: a day that came, a time that passed, money that nobody knows of.
	for _, why := range []string{"cooloff", "funds", "bank_down", "credentials", "something"} {
		if got := (app.DeskState{}).Held(payout.Approved, why, "2026-11-18", now, now, now); got != "" {
			t.Errorf("%s is over and holds: %q", why, got)
		}
	}
	src, err := os.ReadFile("desk.go")
	if err != nil {
		t.Fatal(err)
	}
	body := regexp.MustCompile(`(?s)\) Held\(.*?\n}`).Find(src)
	for _, m := range regexp.MustCompile(`"([a-z_]+)"`).FindAllSubmatch(body, -1) {
		if !rows[string(m[1])] {
			t.Errorf("the program knows %q, and no row does", m[1])
		}
	}
	t.Logf("%d reasons, %s", len(order), fmt.Sprintf("%d sets of them x %d states", n, len(payout.States())))
}
