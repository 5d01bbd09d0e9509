package app_test

import (
	"testing"

	"countersign/internal/approval"
	"countersign/internal/desktest"
)

// What a review of the four eyes found: each of these was a way round, or a dead end that nobody was told of.

// The payee's month: two accounts of one payee, the second typed in.
func TestReview4_PayeeMonth_OtherAccountTypedIn(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1), acct(2))
	vouch(t, d, id, "m1", "a1", c)
	var l approval.Limits
	l.PayeeMonth.HardMinor = 150_000_00
	setLimits(t, d, l)
	p := d.SubmitContent("m1", to(id, c, acct(1), 90_000_00))
	d.Approve(p, "a2")
	if !sent(d) {
		t.Fatal("first did not go")
	}
	q := d.SubmitContent("m2", to("", c, acct(2), 89_000_00))
	d.Approve(q, "a2")
	if sent(d) {
		t.Errorf("179,000 left to one saved payee in a month under a hard limit of 150,000: its second account was typed in")
	}
	d.Verify()
}

// The other way round: typed in first, then saved.
func TestReview4_PayeeMonth_TypedInFirst(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1), acct(2))
	vouch(t, d, id, "m1", "a1", c)
	var l approval.Limits
	l.PayeeMonth.HardMinor = 150_000_00
	setLimits(t, d, l)
	q := d.SubmitContent("m2", to("", c, acct(2), 89_000_00))
	d.Approve(q, "a2")
	if !sent(d) {
		t.Fatal("first")
	}
	p := d.SubmitContent("m1", to(id, c, acct(1), 90_000_00))
	d.Approve(p, "a2")
	if sent(d) {
		t.Errorf("179,000 left to the accounts of one saved payee in a month under a hard limit of 150,000")
	}
}
