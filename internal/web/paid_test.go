package web

import (
	"strings"
	"testing"

	"countersign/internal/lang"
)

// What an approver reads about earlier payments of a payee is true of all the accounts it was paid to, not of one.
func TestPaidBefore(t *testing.T) {
	b := newBench(t)
	x := b.as("a1")
	reads := func(text string) {
		t.Helper()
		id := b.Submit(100_00)
		if page := want(t, x.get("/payouts/"+string(id)), 200); !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	var accounts []string
	pay := func() {
		id := b.Approved(100_00)
		accounts = append(accounts, b.Get(id).Content.Account)
		b.Send()
		b.Settle()
	}
	reads("This payee has never been paid")
	pay()
	reads("All to another account, " + lang.Last4(accounts[0]))
	pay()
	reads("All to other accounts: 2, the latest " + lang.Last4(accounts[1]))
}
