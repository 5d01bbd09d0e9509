package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
)

// TestClockBack: a clock that goes back by two minutes or less changes nothing; by more, sending stops before anything leaves, whether the next thing is a claim or
// somebody's deed, until two people resume it; the history keeps its order and proves every row. Promise of issue 5, 15.
func TestClockBack(t *testing.T) {
	for name, c := range map[string]struct {
		back time.Duration
		deed bool // somebody does something before the next claim
		want bool
	}{"a little": {2 * time.Minute, false, false}, "claim first": {2*time.Minute + time.Second, false, true}, "a deed first": {time.Hour, true, true}} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			id := d.Approved(1000_00)
			d.Clock.Add(10 * time.Minute) // the countdown is over, also after the step back
			d.Submit(500_00)
			d.Clock.Add(-c.back)
			if c.deed {
				d.Submit(700_00)
			}
			if o := d.Claim(); (o == nil) != c.want {
				t.Fatalf("claimed %v", o)
			}
			desk, err := d.App.Desk(t.Context())
			must(t, err)
			if halted := desk.Halt != nil && desk.Halt.Cause == app.HaltClock; halted != c.want {
				t.Fatalf("stopped: %+v", desk.Halt)
			}
			if c.want {
				must(t, d.App.Resume(t.Context(), d.Who["a1"]))
				must(t, d.App.Resume(t.Context(), d.Who["a2"]))
				d.Clock.Add(c.back)
				if o := d.Claim(); o == nil || o.Payout != string(id) {
					t.Fatalf("after the release: %v", o)
				}
			}
			d.Verify()
		})
	}
}
