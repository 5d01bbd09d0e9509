package app_test

import (
	"os"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// TestStamp: a start sends only when the stamp beside its anchor was made on this machine within the last 15 minutes; whatever else it finds waits until two
// people say that no other copy ran, and that holds. Promise 6.
func TestStamp(t *testing.T) {
	stamp := func(d *desktest.Desk, machine, life string, at time.Time) {
		must(t, audit.WriteStamp(audit.StampPath(d.Anchor()), audit.Stamp{Incarnation: life, Machine: machine, At: at}, d.Signer))
	}
	for name, c := range map[string]struct {
		do   func(d *desktest.Desk)
		risk string
	}{
		"fresh":           {func(*desktest.Desk) {}, ""},
		"14 minutes":      {func(d *desktest.Desk) { d.Clock.Add(14 * time.Minute) }, ""},
		"16 minutes":      {func(d *desktest.Desk) { d.Clock.Add(16 * time.Minute) }, "old"},
		"another machine": {func(d *desktest.Desk) { d.Machine = "other" }, "machine"},
		"another life":    {func(d *desktest.Desk) { stamp(d, "here", "other", d.Clock.Now()) }, "machine"},
		"gone":            {func(d *desktest.Desk) { must(t, os.Remove(audit.StampPath(d.Anchor()))) }, "missing"},
		"not signed":      {func(d *desktest.Desk) { must(t, os.WriteFile(audit.StampPath(d.Anchor()), []byte("x"), 0o600)) }, "unreadable"},
		"a minute ahead":  {func(d *desktest.Desk) { stamp(d, "here", d.Store.Incarnation(), d.Clock.Now().Add(time.Minute)) }, ""},
		"set back":        {func(d *desktest.Desk) { stamp(d, "here", d.Store.Incarnation(), d.Clock.Now().Add(3*time.Minute)) }, "ahead"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			d := desktest.New(t)
			d.Machine = "here"
			d.Restart() // stamps from here on
			id := d.Approved(100_00)
			must(t, d.Store.Stamp())
			must(t, d.Store.Close())
			c.do(d)
			for range 2 { // what is not settled is asked again
				d.Open()
				must(t, d.App.CheckCopy(ctx))
				if got := d.Store.CopyRisk(); got != c.risk {
					t.Fatalf("risk %q, want %q", got, c.risk)
				}
				must(t, d.Store.Stamp())
				if c.risk == "" {
					break
				}
				if d.Claim() != nil {
					t.Fatal("it sends")
				}
				must(t, d.Store.Close())
			}
			if c.risk == "" {
				if !d.Send() {
					t.Error("it does not send")
				}
				return
			}
			d.Open()
			must(t, d.App.CheckCopy(ctx))
			must(t, d.App.Resume(ctx, d.Who["a1"]))
			if d.Claim() != nil || d.Store.CopyRisk() == "" {
				t.Fatal("one person let it go on")
			}
			must(t, d.App.Resume(ctx, d.Who["a2"]))
			if !d.Send() || d.Get(id).State == payout.Approved {
				t.Error("two people let it go on, and nothing leaves")
			}
			d.Restart()
			if got := d.Store.CopyRisk(); got != "" {
				t.Errorf("it is asked again: %q", got)
			}
			d.Verify()
		})
	}
}

// TestStamp_OtherStop: a release of somebody's own stop says nothing about other copies: that is asked next, and needs what it always needs.
func TestStamp_OtherStop(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	d.Machine = "here"
	d.Restart()
	d.Approved(100_00)
	must(t, d.App.Halt(ctx, d.Who["a1"], "lunch"))
	must(t, d.Store.Close())
	d.Clock.Add(time.Hour)
	d.Open()
	must(t, d.App.CheckCopy(ctx))
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	if d.Claim() != nil {
		t.Fatal("the release of another stop let it go on")
	}
	desk, err := d.App.Desk(ctx)
	must(t, err)
	if desk.Halt == nil || desk.Halt.Cause != app.HaltCopy || len(desk.Released) > 0 {
		t.Fatalf("what stands: %+v", desk.Halt)
	}
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	if d.Claim() == nil {
		t.Error("nothing leaves")
	}
	d.Verify()
}
