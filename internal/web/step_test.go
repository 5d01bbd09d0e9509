package web

import (
	"strings"
	"testing"

	"countersign/internal/protocol"
)

// The page of a payout that was asked for in steps tells each call, and what the bank says that it took, its fee included; an administrator sees no payee in it.
func TestStepsOnThePage(t *testing.T) {
	b := newBench(t)
	b.Stepwise(protocol.ConfirmRequired, "start")
	id := b.Approved(1_000_65) // that row of the pretend bank names a fee
	b.Steps()
	b.Settle()
	page := want(t, b.as("a1").get("/payouts/"+string(id)), 200)
	for _, text := range []string{"Bank session opened", "Payout put into the session", "Confirmed by us", "The bank took", "Иванов Иван Иванович, “", "Fee of the bank", "0.10"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	other := want(t, b.as("d1").get("/payouts/"+string(id)), 200)
	if !strings.Contains(other, "The bank took") || strings.Contains(other, "Иванов Иван Иванович") {
		t.Error("an administrator reads the payee in what the bank took, or nothing of it")
	}
}
