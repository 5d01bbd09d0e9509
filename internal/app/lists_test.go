package app_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

// TestLists_PayeeByAccount: an entry for a payee is one for its accounts. A block holds for every account that any version of it in force had, typed in by hand or saved
// under another name, at the submission and at the claim; the account of one who was not agreed to is nobody's. Issue 4, point 8.
func TestLists_PayeeByAccount(t *testing.T) {
	d := desktest.New(t)
	bad, twin := d.App.NewPayeeID(), d.App.NewPayeeID()
	vouch(t, d, bad, "m1", "a1", somebody(acct(1), acct(2)))
	vouch(t, d, bad, "m1", "a1", somebody(acct(2), acct(3))) // acct(1) was its account
	vouch(t, d, twin, "m2", "a1", somebody(acct(3), acct(4)), app.WarnSharedAccount)
	must(t, d.App.ProposePayee(t.Context(), d.Who["m1"], app.PayeeEntry{ID: bad, Seen: 2, Content: somebody(acct(2), acct(5))})) // and nobody agreed to this
	var waiting []payout.ID
	for _, n := range []int{1, 2, 3} {
		p := d.SubmitContent("m2", to("", somebody(), acct(n), 10_000_00))
		d.Approve(p, "a2")
		waiting = append(waiting, p)
	}
	setLimits(t, d, approval.Limits{Lists: []approval.ListEntry{{List: "block", What: "payee", Value: bad, Reason: "fraud"}}})
	for i, c := range map[string]payout.Content{
		"free entry to its account":       to("", somebody(), acct(2), 11_000_00),
		"free entry to an account it had": to("", somebody(), acct(1), 11_000_00),
		"a twin payee with its account":   to(twin, somebody(), acct(3), 11_000_00),
	} {
		_, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: i, Content: c, Submit: true, Acks: []string{"duplicate"}})
		wants(t, i, err, "payout.listed")
		if fs := fault.As(err); len(fs) == 0 || !contains(fmt.Sprint(fs[0].Args...), "Сидорова Анна Петровна") {
			t.Errorf("%s does not say whose account it is: %v", i, fs)
		}
	}
	d.Clock.Add(10 * time.Second)
	if d.Claim() != nil {
		t.Fatal("it left to an account of a blocked payee")
	}
	for _, p := range waiting {
		if s := d.Get(p); s.State == payout.Sending {
			t.Errorf("%s", s.State)
		}
	}
	for i, c := range map[string]payout.Content{"the twin's other account": to(twin, somebody(), acct(4), 12_000_00), "what nobody agreed to": to("", somebody(), acct(5), 12_000_00)} {
		if _, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: i, Content: c, Submit: true}); err != nil {
			t.Errorf("%s: %v", i, err)
		}
	}
	d.Verify()
}

// TestLists_PayeeAllowed: an allowed payee is allowed by its account, never by its name: a free entry to an account that it has now goes; the same name with
// another account, an account that it had, and its number at another bank do not.
func TestLists_PayeeAllowed(t *testing.T) {
	d := desktest.New(t)
	good := d.App.NewPayeeID()
	vouch(t, d, good, "m1", "a1", somebody(acct(1)))
	vouch(t, d, good, "m1", "a1", somebody(acct(2)))
	setLimits(t, d, approval.Limits{Lists: []approval.ListEntry{{List: "allow", What: "payee", Value: good, Reason: "contract"}}})
	for name, c := range map[string]struct {
		to payee.Account
		ok bool
	}{"its account": {acct(2), true}, "its name alone": {acct(7), false}, "an account that it had": {acct(1), false}} {
		_, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: name, Content: to("", somebody(), c.to, 10_000_00), Submit: true})
		if c.ok {
			must(t, err)
		} else {
			wants(t, name, err, "payout.listed")
		}
	}
	f, err := d.App.Frame(t.Context())
	must(t, err)
	if _, _, stops := f.Listed(app.Judged{BIK: "044525225", Account: acct(2).Number}); !stops {
		t.Error("its number at another bank is allowed")
	}
	d.Verify()
}

// TestLists_PayeeAltered: whoever takes an account out of a version of a blocked payee in the file frees nothing: nothing is submitted or sent until somebody looks.
func TestLists_PayeeAltered(t *testing.T) {
	d := desktest.New(t)
	bad, other := d.App.NewPayeeID(), d.App.NewPayeeID()
	vouch(t, d, bad, "m1", "a1", somebody(acct(1)))
	vouch(t, d, other, "m1", "a1", somebody(acct(2)))
	setLimits(t, d, approval.Limits{Lists: []approval.ListEntry{{List: "block", What: "payee", Value: bad, Reason: "fraud"}}})
	d.Exec("DROP TRIGGER proposal_fixed")
	d.Exec("UPDATE proposal SET (doc, private, salt) = (SELECT doc, private, salt FROM proposal x WHERE x.id = '" + other + "') WHERE id = '" + bad + "'")
	d.Restart()
	if _, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: "x", Content: to("", somebody(), acct(1), 10_000_00), Submit: true}); err == nil {
		t.Error("a payout to a blocked account was submitted")
	}
	if _, err := d.App.Frame(t.Context()); err != nil {
		t.Errorf("pages cannot read on: %v", err)
	}
}
