package app_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// TestBrokenRow: a row that somebody wrote past the desk, so that nothing can be done with it, stops sending and holds up nobody else: messages and statuses of all
// others are taken, open requests are given up, and the desk starts. Once the row is whole again, it is asked about as well. Promises A.2 #4 and #7.
func TestBrokenRow(t *testing.T) {
	for _, flow := range []string{protocol.FlowSingle, protocol.FlowStepwise} {
		t.Run(flow, func(t *testing.T) {
			d := desktest.New(t)
			if flow == protocol.FlowStepwise {
				d.Stepwise(protocol.ConfirmRequired, banksim.OnStart)
			}
			bad, good := d.Approved(500_000_00), d.Approved(600_000_00)
			for range 8 { // asked, and what became of it not told yet
				d.Send()
				if flow == protocol.FlowStepwise && calls(d, good) != "create:taken start:taken confirm:taken" {
					d.Clock.Add(3 * time.Second)
					d.Deliver()
					d.Poll()
				}
			}
			lost := []payout.ID{d.Approved(700_000_00), d.Approved(710_000_00)}
			for range lost { // their calls die with the process
				if o := d.Claim(); o == nil || o.Payout != string(lost[0]) && o.Payout != string(lost[1]) {
					t.Fatalf("%+v", o)
				}
			}
			whole := d.Get(bad).Makers[0]
			breakRow := func(id payout.ID, makers string) {
				d.Exec(`UPDATE payout SET makers = ? WHERE id = ?`, makers, string(id))
			}
			breakRow(bad, "[]")
			d.Settle()
			d.Clock.Add(25 * time.Hour) // also what is confirmed is asked about daily
			d.Poll()
			if s := d.Get(good); s.State != payout.Succeeded || !s.Confirmed {
				t.Errorf("the other one is %s, confirmed %v", s.State, s.Confirmed)
			}
			if n, err := d.Store.Vitals(t.Context()); err != nil || n.Messages != 0 {
				t.Errorf("%d messages wait, %v", n.Messages, err)
			}
			if !d.Halted() {
				t.Error("nothing stopped")
			}
			breakRow(lost[0], "[]")
			d.Restart()
			d.Clock.Add(3 * time.Minute)
			if _, err := d.App.LoseStale(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.Steps()
			if s := d.Get(lost[1]); s.State == payout.Sending {
				t.Errorf("a request that died is still %s", s.State)
			}
			breakRow(bad, fmt.Sprintf("[%q]", whole))
			breakRow(lost[0], fmt.Sprintf("[%q]", whole))
			d.Clock.Add(2 * time.Hour)
			d.Poll()
			if s := d.Get(bad); s.State != payout.Succeeded || !s.Confirmed {
				t.Errorf("whole again it is %s, confirmed %v", s.State, s.Confirmed)
			}
			d.Verify()
		})
	}
}

// TestBrokenRow_waiting: a row that somebody broke while it waited for people stops sending and stands in the way of no other one that waits: what is too old
// expires, and what has yes enough goes on. Promises A.2 #4 and #7.
func TestBrokenRow_waiting(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	breakRow := func(id payout.ID) { d.Exec(`UPDATE payout SET makers = '[]' WHERE id = ?`, string(id)) }
	bad, old := d.Submit(500_00), d.Submit(600_00) // the broken one is the older
	d.Clock.Add(40 * 24 * time.Hour)
	breakRow(bad)
	for range 3 {
		if _, err := d.App.ExpireNext(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if s := d.Get(old); s.State != payout.Expired {
		t.Errorf("behind a broken row, what is too old is %s", s.State)
	}
	if !d.Halted() {
		t.Error("nothing stopped")
	}
	waits := []payout.ID{d.Submit(700_00), d.Submit(800_00)}
	for _, id := range waits {
		d.Approve(id, "a1")
		d.Exec(`UPDATE payout SET state = 'pending_approval' WHERE id = ?`, string(id)) // as if the yes had not been enough
	}
	breakRow(waits[0])
	did, err := d.App.SufficeNext(ctx)
	if s := d.Get(waits[1]); err != nil || !did || s.State != payout.Approved {
		t.Errorf("behind a broken row, what has yes enough is %s: %v %v", s.State, did, err)
	}
}
