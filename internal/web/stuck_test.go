package web

import (
	"strings"
	"testing"

	"countersign/internal/approval"
	"countersign/internal/desktest"
)

// TestPeople_Stuck: the page of people says what cannot be decided with today's people: payouts above the amount that is signed, and rulings on them, name who has no key that
// signs; what nobody could ever decide comes first, with who is missing. Issue 4, point 3.
func TestPeople_Stuck(t *testing.T) {
	b := wrap(t, desktest.NewWith(t, approval.DemoRules()))
	x := b.as("d1")
	read := func(lang string) string {
		t.Helper()
		x.lang = lang
		s := seenText(want(t, x.get("/settings/people"), 200))
		if r := seenText(want(t, x.get("/settings/rules"), 200)); !strings.Contains(r, s[strings.Index(s, "1,000,000")+1:][:40]) && lang == "en" {
			t.Errorf("the page of rules says something else: %s", r)
		}
		return s
	}
	if s := read("en"); !strings.Contains(s, "Today nobody can approve a payout by Person m. above 1,000,000.00 ₽: approvals signed with a passkey needed by the rule “Third band”: 3, and 3 of the 3 people who may give them cannot sign yet: Person a. (no passkey)") ||
		!strings.Contains(s, "Today nobody can approve a decision about an outcome of a payout above 1,000,000.00 ₽: it needs two approvers who sign with a passkey") {
		t.Errorf("%s", s)
	}
	if s := read("ru"); !strings.Contains(s, "нужно согласований с подписью ключом доступа: 3, а из тех, кто может их дать (3), пока не могут подписать 3: Person a. (нет ключа доступа)") {
		t.Errorf("%s", s)
	}
	if err := b.App.SuspendPerson(t.Context(), b.Who["d1"], b.Who["s1"].Person, "left"); err != nil {
		t.Fatal(err)
	}
	if s := read("en"); !strings.Contains(s, "Nobody can approve a payout by Person m. above 1,000,000.00 ₽: the rule “Third band” needs") || strings.Contains(s, "Today nobody can approve a payout by Person m. above 1,000,000.00") {
		t.Errorf("%s", s)
	}
	for _, who := range []string{"d2", "a1"} { // each kind with its example
		if err := b.App.SuspendPerson(t.Context(), b.Who["d1"], b.Who[who].Person, "left"); err != nil {
			t.Fatal(err)
		}
	}
	if s := read("ru"); !strings.Contains(s, "Согласовать решение о результате выплаты сегодня некому: нужно: двое согласующих") || !strings.Contains(s, "Пример: предлагает Person m., выплату вводит Person m.") {
		t.Errorf("%s", s)
	}
}
