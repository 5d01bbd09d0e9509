package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// TestIdentity: a desk that is started with another key, address, project or flow than was accepted last sends nothing, asks nothing, and keeps the bank's
// messages without effect, until two people resume; going back to what was accepted needs nobody.
func TestIdentity(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	mine := app.Identity{"bank_url": "https://bank.example", "project": "p", "flow": "single", "our_key": "aa", "bank_keys": "bb"}
	with := func(name, value string) app.Identity {
		other := app.Identity{}
		for k, v := range mine {
			other[k] = v
		}
		other[name] = value
		return other
	}
	must(t, d.App.CheckIdentity(ctx, mine))
	sent := d.Approved(100_00)
	if !d.Send() {
		t.Fatal("the first start does not send")
	}
	waiting := d.Approved(200_00)
	d.Clock.Add(3 * time.Second)
	for name := range mine {
		d.Restart()
		must(t, d.App.CheckIdentity(ctx, with(name, "other")))
		if got := d.App.IdentityChange(); len(got) != 1 || got[name] != [2]string{mine[name], "other"} {
			t.Errorf("%s: the difference is told as %v", name, got)
		}
		if d.Claim() != nil {
			t.Errorf("%s: it sends", name)
		}
		d.Deliver() // the first time round, the bank's word on what was sent
		if did, err := d.App.ApplyNext(ctx); did || err != nil || d.Get(sent).State != payout.InProgress {
			t.Errorf("%s: a message had its effect: %v %v", name, did, err)
		}
		if p, err := d.App.DuePoll(ctx); p != nil || err != nil {
			t.Errorf("%s: it asks %v %v", name, p, err)
		}
	}
	other := with("project", "q")
	d.Restart()
	must(t, d.App.CheckIdentity(ctx, other))
	must(t, d.App.Resume(ctx, d.Who["a1"]))
	if !d.App.Foreign() {
		t.Fatal("one person accepted it")
	}
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	d.Apply()
	if d.App.Foreign() || !d.Send() || d.Get(waiting).State == payout.Approved {
		t.Error("two people accepted it, and nothing leaves")
	}
	if s := d.Get(sent).State; s != payout.Succeeded {
		t.Errorf("the message that was kept: %s", s)
	}
	d.Restart()
	must(t, d.App.CheckIdentity(ctx, other))
	if d.App.Foreign() {
		t.Error("what was accepted is asked about again")
	}
	d.Verify()
}
