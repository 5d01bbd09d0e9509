package app_test

import (
	"testing"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// TestSameFormAgain: a second POST of one form makes nothing new, and what it submits is what it carries: never the content of a draft
// that the same form left before the maker stepped back and changed it.
func TestSameFormAgain(t *testing.T) {
	d := desktest.New(t)
	was, is := d.Content(12_00), d.Content(12_00)
	is.AmountText, is.Description = "13,00", is.Description+" Этап 2"
	enter := func(c payout.Content, submit bool) payout.ID {
		t.Helper()
		id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "f", Content: c, Submit: submit})
		must(t, err)
		return id
	}
	id := enter(was, false)
	if enter(was, false) != id || d.Get(id).Version != 1 {
		t.Errorf("the same draft again: %+v", d.Get(id))
	}
	if enter(is, true) != id {
		t.Fatal("a second payout")
	}
	s := d.Get(id)
	if s.State != payout.PendingApproval || s.Version != 2 || s.Content.Amount.Minor != 13_00 || s.Content.Description != is.Clean().Description {
		t.Fatalf("submitted %s version %d: %d, %q", s.State, s.Version, s.Content.Amount.Minor, s.Content.Description)
	}
	// What is pending stays as it is: the answer is the payout.
	if enter(was, true) != id || d.Get(id).Version != 2 || d.Get(id).Content.Amount.Minor != 13_00 {
		t.Error("a repeat changed what was submitted")
	}
	// A draft that went on from another page holds against the old form.
	must(t, d.App.Edit(t.Context(), d.Who["m2"], id, 2, app.Entry{Content: d.Content(14_00)}))
	if enter(is, true) != id || d.Get(id).State != payout.Draft || d.Get(id).Content.Amount.Minor != 14_00 {
		t.Errorf("an old form submitted or changed what somebody else edited: %+v", d.Get(id))
	}
	// With faults nothing is stored and nothing submitted.
	if _, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "g", Content: was}); err != nil {
		t.Fatal(err)
	}
	bad := was
	bad.AmountText = "1.000"
	_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "g", Content: bad, Submit: true})
	wants(t, "faulty repeat", err, "amount.ambiguous")
	d.Verify()
}

// TestHugeAmounts: what somebody types into one draft never leaves the sums without room for everybody else's payouts.
func TestHugeAmounts(t *testing.T) {
	d := desktest.New(t)
	for i, text := range []string{"92 233 720 368 547 758,07", "92 233 720 368 547 758,07", "1 000 000 000 000,01"} {
		c := d.Content(1_00)
		c.AmountText = text
		id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "huge" + string(rune('a'+i)), Content: c})
		must(t, err)
		if s := d.Get(id); s.Content.Amount.Minor != 0 || s.Content.AmountText != text {
			t.Errorf("%s kept as %d, %q", text, s.Content.Amount.Minor, s.Content.AmountText)
		}
		wants(t, text, d.App.Submit(t.Context(), d.Who["m1"], id, 1, nil), "amount.overflow")
		_, err = d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "hugesubmit", Content: c, Submit: true})
		wants(t, text, err, "amount.overflow")
	}
	for range 3 {
		d.Submit(payout.MaxAmount)
	}
	d.Approved(100_00)
	d.Send()
	d.Settle()
	d.Verify()
}
