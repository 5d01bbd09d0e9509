package main

import (
	"strings"
	"testing"

	"countersign/internal/desktest"
)

// TestVerifyApprovals: `audit verify --approvals` says what was counted again and exits 0; with an approval that its giver could not give it prints a line for each
// finding, beside what plain verify says, and exits 1.
func TestVerifyApprovals(t *testing.T) {
	d := desktest.New(t)
	d.Approved(500_000_00)
	d.Send()
	d.Settle()
	if err := d.Store.Anchor(); err != nil {
		t.Fatal(err)
	}
	if err := d.Store.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "audit", "verify", "--db", d.DB(), "--anchor", d.Anchor(), "--approvals")
	if code != 0 || !strings.Contains(out, "2 decisions hold: 1 payouts sent") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	db := d.SQL()
	for _, stmt := range []string{"DROP TRIGGER event_fixed", "UPDATE event SET person = (SELECT person FROM event WHERE action = 'payout.created') WHERE action = 'payout.approved'"} {
		if _, err := db.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs = command(t, "audit", "verify", "--db", d.DB(), "--anchor", d.Anchor(), "--approvals")
	if code != 1 || !strings.Contains(out, "broken at") || !strings.Contains(out, "they made it") || !strings.Contains(out, "was sent without its approvals") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, out, _ := command(t, "audit", "verify", "--db", d.DB(), "--anchor", d.Anchor()); code != 1 || strings.Contains(out, "they made it") {
		t.Errorf("%d %s", code, out)
	}
}
