package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"countersign/internal/approval"
)

// TestLab: a made-up payout and the last 90 days through the rules in force and a draft, in both languages; nothing typed is lost; nothing is written. Issue 4, point 4.
func TestLab(t *testing.T) {
	b := newBench(t)
	b.Submit(250_000_00)
	x := b.as("d1")
	before := len(b.Events())
	rec := x.get("/settings/rules/try")
	want(t, rec, http.StatusOK)

	form := url.Values{"draft": {"serve"}, "amount": {"250 000,00"}, "maker": {b.Who["m1"].Person}, "entry": {"free"}, "first": {"1"}, "do": {"try"}}
	rec = x.post("/settings/rules/try", form)
	want(t, rec, http.StatusOK)
	body := visible(rec.Body.String())
	if !strings.Contains(body, "250 000,00") && !strings.Contains(rec.Body.String(), `value="250 000,00"`) {
		t.Error("the amount as typed is lost")
	}
	if n := strings.Count(rec.Body.String(), `data-testid="tried"`); n != 1 {
		t.Errorf("%d results", n)
	}
	form.Set("amount", "much")
	rec = x.post("/settings/rules/try", form)
	want(t, rec, http.StatusUnprocessableEntity)
	if !strings.Contains(rec.Body.String(), `data-error="amount"`) || !strings.Contains(rec.Body.String(), `value="much"`) {
		t.Error("a bad amount has no message at its field, or is lost")
	}
	form.Set("draft", "version:99")
	rec = x.post("/settings/rules/try", form)
	want(t, rec, http.StatusUnprocessableEntity)

	two := approval.DemoRules()
	two.Rules[1].Steps[0].Count = 3
	rec = x.post("/settings/rules/try", url.Values{"draft": {"doc"}, "doc": {string(two.Doc())}, "do": {"replay"}})
	want(t, rec, http.StatusOK)
	if !strings.Contains(rec.Body.String(), `data-testid="replay"`) || !strings.Contains(rec.Body.String(), `/payouts/`) {
		t.Error("the replay shows no payout")
	}
	two.Rules[1].Steps[0].Count = 0
	rec = x.post("/settings/rules/try", url.Values{"draft": {"doc"}, "doc": {string(two.Doc())}, "do": {"replay"}})
	want(t, rec, http.StatusUnprocessableEntity)
	if len(b.Events()) != before {
		t.Error("trying rules wrote something")
	}
}
