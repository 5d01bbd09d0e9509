package web

import (
	"strings"
	"testing"

	"countersign/internal/protocol"
)

// TestFundsOnPages: the balance stands on the overview and the decision page with its time; a payout that it does not cover says what it waits
// for; a balance that the bank did not tell is said to be unknown, and no figure stands there as if it were known.
func TestFundsOnPages(t *testing.T) {
	b := newBench(t)
	x := b.as("a1")
	has := func(path, text string, is bool) {
		t.Helper()
		if page := want(t, x.get(path), 200); strings.Contains(page, text) != is {
			t.Errorf("%s says %q: %v, want %v", path, text, !is, is)
		}
	}
	has("/", "not known yet", true)
	tell := func(kopecks int64) {
		b.App.SawBalance(b.Clock.Now(), protocol.Balance{Proper: true, Known: true, Minor: kopecks})
	}
	tell(50_00)
	id := b.Submit(100_00)
	page := "/payouts/" + string(id)
	has(page, "less than this payout", true)
	b.Approve(id, "a1")
	b.Clock.Add(4_000_000_000)
	if b.Claim() != nil {
		t.Fatal("it left")
	}
	has(page, `data-held="funds"`, true)
	has(page, "the oldest first", true)
	has("/", "50.00\u00a0₽ on the account", true)
	has("/", "need 50.00\u00a0₽ more", true)
	b.App.SawBalance(b.Clock.Now(), protocol.Balance{})
	has("/", "did not tell it", true)
	has("/", "50.00\u00a0₽ on the account", false)
	has(page, `data-held="funds"`, false)
}
