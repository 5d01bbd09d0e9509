package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/protocol"
)

func look(t *testing.T, d *desktest.Desk) app.Look {
	t.Helper()
	l, err := d.App.LookNow(t.Context())
	must(t, err)
	return l
}

// TestLook_Honest: whatever the bank does, a desk that nobody wrote past breaks no invariant at any step. I1 to I10; cmd/dashboard's TestInvariants breaks each.
func TestLook_Honest(t *testing.T) {
	d := desktest.New(t)
	fine := func(step string) {
		t.Helper()
		if l := look(t, d); len(l.Found) > 0 {
			t.Fatalf("%s: %v", step, l.Found)
		}
	}
	fine("empty")
	for _, k := range banksim.Kopecks() {
		minor := int64(1000_00 + k.Kop)
		id := d.Submit(minor)
		fine("submitted")
		d.Approve(id, desktest.Signers(minor)...)
		fine("approved")
		d.Clock.Add(4 * time.Second)
		o := d.Claim()
		if o == nil {
			if desk, _ := d.App.Desk(t.Context()); desk.Halt != nil { // some rows make the desk stop by itself
				must(t, d.App.Resume(t.Context(), d.Who["a1"]))
				must(t, d.App.Resume(t.Context(), d.Who["s1"]))
				d.App.Probed()
				o = d.Claim()
			}
		}
		fine("claimed")
		if o != nil {
			a, raw := d.Ask(o)
			must(t, d.App.Answered(t.Context(), o, a, raw))
			fine("answered")
		}
		d.Deliver()
		d.Poll()
		fine("polled")
	}
	d.Settle()
	fine("settled")
	d.Clock.Add(26 * time.Hour)
	d.Poll()
	if _, err := d.App.LoseStale(t.Context()); err != nil {
		t.Fatal(err)
	}
	fine("a day later")
	whole, err := d.App.LookWhole(t.Context())
	must(t, err)
	if len(whole.Found) > 0 || whole.Payouts < 20 {
		t.Fatalf("whole: %d payouts, %v", whole.Payouts, whole.Found)
	}
	d.Restart()
	fine("restarted")
}

// TestLook_HonestSteps is the same in the stepwise flow: every row of the pretend bank, in both confirm modes, wherever it strikes.
func TestLook_HonestSteps(t *testing.T) {
	for _, mode := range []struct{ confirm, on string }{{protocol.ConfirmRequired, banksim.OnStart}, {protocol.ConfirmRequired, banksim.OnConfirm}, {protocol.ConfirmAuto, banksim.OnStart}} {
		d := desktest.New(t)
		d.Stepwise(mode.confirm, mode.on)
		for _, k := range banksim.Kopecks() {
			d.Approved(1000_00 + int64(k.Kop))
			for range 40 {
				if d.App.NeedProbe() {
					d.App.Probed()
				}
				if desk, _ := d.App.Desk(t.Context()); desk.Halt != nil {
					must(t, d.App.Resume(t.Context(), d.Who["a1"]))
					must(t, d.App.Resume(t.Context(), d.Who["s1"]))
				}
				sent := d.Send()
				d.Deliver()
				d.Poll()
				if sent { // else a question or nothing: TestLook_Honest has those
					if l := look(t, d); len(l.Found) > 0 {
						t.Fatalf("%v kopecks %d: %v", mode, k.Kop, l.Found)
					}
				}
				d.Clock.Add(15 * time.Second)
				if !sent && !d.Send() {
					break
				}
			}
			_, err := d.App.LoseStale(t.Context())
			must(t, err)
		}
		whole, err := d.App.LookWhole(t.Context())
		must(t, err)
		if len(whole.Found) > 0 || whole.Payouts < 20 {
			t.Fatalf("%v: %d payouts, %v", mode, whole.Payouts, whole.Found)
		}
	}
}
