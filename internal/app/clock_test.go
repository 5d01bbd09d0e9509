package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
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

// clockReleased has two people let sending go on for as long as it is stopped.
func clockReleased(t *testing.T, d *desktest.Desk) {
	t.Helper()
	for range 5 {
		if !d.Halted() {
			return
		}
		must(t, d.App.Resume(t.Context(), d.Who["a1"]))
		must(t, d.App.Resume(t.Context(), d.Who["a2"]))
	}
	t.Fatal("it stays stopped")
}

// TestClockAhead_Polls: a clock that was ahead while sessions were asked about, and was set right, has them asked about again within minutes, by the minute's look as
// by a start, not a day or a year later: nothing is lost. Promises 2 and 8.
func TestClockAhead_Polls(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"an hour and a half": 90 * time.Minute, "a day": 24 * time.Hour, "a year": 365 * 24 * time.Hour} {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				d := desktest.New(t)
				id := d.Approved(10_000_54) // never a message
				d.Send()
				d.Poll()
				if s := d.Get(id); s.State != payout.InProgress {
					t.Fatal(s.State)
				}
				d.Clock.Add(ahead)
				d.Poll()
				d.Clock.Add(-ahead + 10*time.Second)
				d.Bank.Advance(d.Clock.Now())
				if restart {
					d.Restart()
				}
				for range 5 {
					if !restart {
						_, err := d.App.LookNow(t.Context())
						must(t, err)
					}
					d.Poll()
					d.Clock.Add(time.Minute)
				}
				if s := d.Get(id); s.State != payout.Succeeded {
					t.Errorf("minutes after the clock was set right it is still %s", s.State)
				}
				l, err := d.App.LookNow(t.Context())
				must(t, err)
				if len(l.Found) > 0 {
					t.Errorf("still found: %v", l.Found)
				}
				d.Verify()
			})
		}
	}
}

// TestClockAhead_Sends: what was approved, held or tried while the clock was ahead leaves once the clock is right and two people said so: its countdown is the desk's
// own, and what holds it is measured anew, by the minute's look as by a start. The history tells of it. Promises 2 and 8.
func TestClockAhead_Sends(t *testing.T) {
	const ahead = 13 * 24 * time.Hour
	look := func(t *testing.T, d *desktest.Desk) {
		_, err := d.App.LookNow(t.Context())
		must(t, err)
	}
	for name, heal := range map[string]func(*testing.T, *desktest.Desk){"look": look, "start": func(_ *testing.T, d *desktest.Desk) { d.Restart() }} {
		t.Run("approved/"+name, func(t *testing.T) {
			d := desktest.New(t)
			id := d.Submit(100_00)
			d.Clock.Add(ahead)
			d.Approve(id, "a1")
			d.Clock.Add(-ahead)
			heal(t, d)
			if s := d.Get(id); s.State != payout.Approved || s.SendAt.After(d.Clock.Now().Add(3*time.Second)) {
				t.Fatalf("%s, it waits until %s, now is %s", s.State, s.SendAt, d.Clock.Now())
			}
			for range 3 {
				d.Clock.Add(time.Minute)
				look(t, d)
			}
			if n := replans(d); n != 1 {
				t.Errorf("planned anew %d times", n)
			}
			clockReleased(t, d)
			if !d.Send() {
				t.Error("it does not leave")
			}
			d.Verify()
		})
	}
	t.Run("stepwise", func(t *testing.T) {
		d := desktest.New(t)
		d.Stepwise("required", "start")
		d.Clock.Add(ahead)
		id := d.Approved(200_00)
		o := d.Claim()
		if o == nil || o.Payout != string(id) {
			t.Fatalf("claimed %v", o)
		}
		must(t, d.App.Answered(t.Context(), o, protocol.Answer{GotConn: true, Err: "cut"}, noRaw))
		d.Clock.Add(-ahead)
		for range 10 {
			d.Clock.Add(time.Minute)
			_, err := d.App.LoseStale(t.Context())
			must(t, err)
			look(t, d)
			clockReleased(t, d)
			d.Send()
		}
		if got := calls(d, id); got == "create:unsure" {
			t.Errorf("ten minutes after the clock was set right nothing more was tried: %s", got)
		}
		d.Verify()
	})
}

func replans(d *desktest.Desk) (n int) {
	for _, e := range d.Events() {
		if e.Action == payout.ActReplanned {
			n++
		}
	}
	return n
}

// TestClockJumpsAhead: a wall clock that jumps ahead of the time that the process measured stops sending before anything leaves or expires, and neither approvals nor
// the days for which money is watched run out on its account; a clock that runs on, or is corrected by a little, does not. Two people let it go on. Promises 2 and 8.
func TestClockJumpsAhead(t *testing.T) {
	for name, c := range map[string]struct {
		by    time.Duration
		first func(t *testing.T, d *desktest.Desk) // what happens first after it
		want  bool
	}{
		"a little":  {4 * time.Minute, func(_ *testing.T, d *desktest.Desk) { d.Claim() }, false},
		"the claim": {30 * 24 * time.Hour, func(_ *testing.T, d *desktest.Desk) { d.Claim() }, true},
		"the end of approvals": {30 * 24 * time.Hour, func(t *testing.T, d *desktest.Desk) {
			_, err := d.App.ExpireNext(t.Context())
			must(t, err)
		}, true},
		"the look": {30 * 24 * time.Hour, func(t *testing.T, d *desktest.Desk) {
			_, err := d.App.LookNow(t.Context())
			must(t, err)
		}, true},
		"a question": {30 * 24 * time.Hour, func(_ *testing.T, d *desktest.Desk) { d.Poll() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			var mono time.Duration
			d.App.Mono = func() time.Duration { return mono }
			pass := func(by time.Duration) { d.Clock.Add(by); mono += by }
			paid := d.Approved(50_00)
			if !d.Send() {
				t.Fatal("not sent")
			}
			d.Settle()
			for range 3 { // confirmed by a status
				d.Poll()
				pass(time.Minute)
			}
			polls := number(t, d, "SELECT COUNT(*) FROM poll")
			if s := d.Get(paid); s.State != payout.Succeeded || !s.Confirmed || polls != 1 {
				t.Fatalf("%s %v, %d questions planned", s.State, s.Confirmed, polls)
			}
			waits := d.Submit(100_00)
			id := d.Approved(200_00)
			pass(time.Hour)
			_, err := d.App.LookNow(t.Context())
			must(t, err)
			if d.Halted() {
				t.Fatal("stopped by time that passes")
			}
			d.Clock.Add(c.by)
			c.first(t, d)
			desk, err := d.App.Desk(t.Context())
			must(t, err)
			if halted := desk.Halt != nil && desk.Halt.Cause == app.HaltClock; halted != c.want {
				t.Fatalf("stopped: %+v", desk.Halt)
			}
			if !c.want {
				return
			}
			_, err = d.App.ExpireNext(t.Context())
			must(t, err)
			d.Poll()
			if d.Claim() != nil || d.Get(waits).State != payout.PendingApproval || d.Get(id).State != payout.Approved || number(t, d, "SELECT COUNT(*) FROM poll") != polls {
				t.Errorf("while it is stopped: %s, %s, %d questions planned", d.Get(waits).State, d.Get(id).State, number(t, d, "SELECT COUNT(*) FROM poll"))
			}
			d.Clock.Add(-c.by)
			clockReleased(t, d)
			pass(time.Minute)
			if o := d.Claim(); o == nil || o.Payout != string(id) {
				t.Errorf("after the release: %v", o)
			}
			d.Verify()
		})
	}
}

func number(t *testing.T, d *desktest.Desk, query string) (n int) {
	t.Helper()
	db := d.SQL()
	defer db.Close()
	must(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}
