package app_test

import (
	"testing"
	"time"

	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// TestStepsElsewhere: a payout whose request began with another project than the desk's is left alone, since no call of ours can reach its session; but it does not
// stay "being sent" for ever: it is said to be unknown, so that people see it and rule. Back at its own project it goes on, and is paid at most once. Promise A.2 #4.
func TestStepsElsewhere(t *testing.T) {
	for _, steps := range []string{"create:taken", "create:taken start:taken"} {
		d := desktest.New(t)
		d.Stepwise(protocol.ConfirmRequired, banksim.OnStart)
		id := d.Approved(500_000_00)
		for calls(d, id) != steps {
			if !d.Send() {
				t.Fatalf("stuck at %s", calls(d, id))
			}
		}
		mine := d.App.Place.Project
		d.App.Place.Project = "another"
		for range 5 {
			d.Clock.Add(time.Minute)
			if _, err := d.App.LoseStale(t.Context()); err != nil {
				t.Fatal(err)
			}
			if o := d.Claim(); o != nil {
				t.Fatalf("a call of %s leaves for another project", o.Step)
			}
		}
		s := d.Get(id)
		if s.State != payout.Unknown || !d.App.CanRule(s) {
			t.Errorf("after %q: %s, review %v", steps, s.State, s.Review)
		}
		d.App.Place.Project = mine
		d.Steps()
		d.Settle()
		d.Steps()
		if s, l := d.Get(id), d.Ledger()[d.Get(id).Reference]; l.Executed != 0 || s.State != payout.Failed || !s.Confirmed {
			t.Errorf("after %q and back: %s, paid %d times: %s", steps, s.State, l.Executed, calls(d, id))
		}
		d.Verify()
	}
}
