package web

import (
	"net/http"
	"strings"
	"testing"
)

// A submission that nobody could approve is refused with the rule and who is missing, in both languages, and kept as a draft. design.md "Four eyes".
func TestNobodyCould(t *testing.T) {
	b := newBench(t)
	must(t, b.App.SuspendPerson(t.Context(), b.Who["d1"], b.Who["s1"].Person, "left"))
	for tag, sentence := range map[string]string{
		"ru": "Согласовать это некому: по правилу «Третья ступень» на 2 000 000,00 ₽ нужно согласований: 3. Не хватает людей: 1 (один старший согласующий), кроме тех, кто вводил выплату.",
		"en": "Nobody could approve this: by the rule “Third band”, 2,000,000.00 ₽ needs approvals: 3. People missing: 1 (one senior approver), besides those who entered the payout.",
	} {
		x := b.as("m1")
		x.lang = tag
		f := documented("nobody " + tag)
		f.Set("amount", "2000000")
		f.Set("do", "submit")
		v := strings.ReplaceAll(visible(want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)), "\u00a0", " ")
		if !strings.Contains(v, sentence) {
			t.Errorf("%s: the page does not say so: %s", tag, v)
		}
	}
}
