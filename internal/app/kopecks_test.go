package app_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// TestKopecks drives every row of the pretend bank's table through the real use cases by a moved clock: end state at the desk, what
// the bank's ledger says, that it was asked once, and that the history proves every row afterwards. Promises 1, 3, 8.
func TestKopecks(t *testing.T) {
	want := map[int]struct {
		state    payout.State
		flagged  bool
		halted   bool
		executed int
	}{
		0: {payout.Succeeded, false, false, 1}, 51: {payout.Failed, false, false, 0}, 52: {payout.Succeeded, false, false, 1},
		53: {payout.Succeeded, false, false, 1}, 54: {payout.Succeeded, false, false, 1}, 55: {payout.Succeeded, false, false, 1},
		56: {payout.Succeeded, false, false, 1}, 57: {payout.Unknown, false, false, 0}, 58: {payout.Unknown, false, false, 0},
		59: {payout.Succeeded, false, false, 1}, 60: {payout.Failed, false, false, 0}, 61: {payout.Approved, false, true, 0},
		62: {payout.Succeeded, false, false, 1}, 63: {payout.Succeeded, false, false, 1}, 64: {payout.Succeeded, false, false, 1},
		65: {payout.Succeeded, false, false, 1}, 66: {payout.Failed, false, false, 0}, 67: {payout.Returned, false, false, 1},
		68: {payout.Succeeded, true, false, 1}, 69: {payout.Unknown, false, false, 0}, 70: {payout.Succeeded, false, false, 1},
		71: {payout.Unknown, false, false, 0}, 72: {payout.Unknown, false, false, 1}, 73: {payout.Unknown, false, false, 0},
		74: {payout.Succeeded, true, true, 1}, 75: {payout.Succeeded, false, false, 1}, 76: {payout.Failed, false, false, 0},
		77: {payout.Unknown, true, false, 2}, 78: {payout.Succeeded, false, false, 1},
	}
	for _, row := range banksim.Kopecks() {
		w, ok := want[row.Kop]
		if !ok {
			t.Errorf("row %d has no expectation", row.Kop)
			continue
		}
		t.Run(fmt.Sprintf("%02d", row.Kop), func(t *testing.T) {
			d := desktest.New(t)
			id := d.Approved(1000_00 + int64(row.Kop))
			if !d.Send() {
				t.Fatal("nothing was sent")
			}
			d.Settle()
			s := d.Get(id)
			if s.State != w.state || s.Review != w.flagged {
				t.Errorf("kopecks %d: state %s flagged %v why %q, want %s flagged %v", row.Kop, s.State, s.Review, s.Why, w.state, w.flagged)
			}
			desk, err := d.App.Desk(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (desk.Halt != nil) != w.halted {
				t.Errorf("kopecks %d: stopped %v, want %v", row.Kop, desk.Halt, w.halted)
			}
			e := d.Ledger()[s.Reference]
			if e.Executed != w.executed || e.Requests != 1 {
				t.Errorf("kopecks %d: executed %d times by %d requests, want %d by 1", row.Kop, e.Executed, e.Requests, w.executed)
			}
			if row.Kop == 61 {
				if h := desk.Held(s.State, s.Why, s.Content.DueDate, s.SendAt, s.HeldUntil, d.Clock.Now()); h != "credentials" {
					t.Errorf("held %q, want credentials", h)
				}
			}
			d.Clock.Add(time.Hour)
			d.Poll()
			d.Verify()
		})
	}
}
