package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/banksim"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

func look(t *testing.T, d *desktest.Desk) app.Look {
	t.Helper()
	l, err := d.App.LookNow(t.Context())
	must(t, err)
	return l
}

// TestLook_Honest: whatever the bank does, a desk that nobody wrote past breaks no invariant at any step. I1 to I10.
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

// TestLook_Broken: a row altered past the desk stops sending within one look, which names the invariant and the row; two people's release names what it
// excepts, and that stops nothing again. Promise: a broken invariant halts (promises.md B).
func TestLook_Broken(t *testing.T) {
	for _, c := range []struct {
		invariant, stmt string
	}{
		{"I8", "UPDATE payout SET amount_minor = amount_minor + 100 WHERE id = '%s'"}, // the line; found whole, and at night
		{"I8", "UPDATE payout SET given = given, why = 'x' WHERE id = '%s'"},
		{"I8", "UPDATE payout SET sent_at = sent_at + 1 WHERE id = '%s'"},
		{"I1", "INSERT INTO attempt (payout_id, n, version, digest, reference, key, flow, project, body, at) SELECT payout_id, 2, version, digest, reference, key, flow, project, body, at + 1 FROM attempt WHERE payout_id = '%s'"},
		{"I5", "DELETE FROM poll WHERE payout_id = '%s'"},
		{"I5", "UPDATE poll SET next_at = next_at + 100000000000 WHERE payout_id = '%s'"},
		{"I2", "UPDATE payout SET needed = 3 WHERE id = '%s'"},
		{"I3", "UPDATE counter SET sum = sum - 1 WHERE name GLOB 'use:company:*' AND '%s' <> ''"},
		{"I10", "UPDATE counter SET n = n + 1 WHERE name = 'state:unknown' AND '%s' <> ''"},
	} {
		t.Run(c.invariant+" "+c.stmt[:min(40, len(c.stmt))], func(t *testing.T) {
			d := desktest.New(t)
			ctx := t.Context()
			id := d.Approved(1000_00)
			if !d.Send() {
				t.Fatal("not sent")
			}
			lost := d.Approved(1000_44)
			if o := d.Claim(); o == nil {
				t.Fatal("not claimed")
			}
			if l := look(t, d); len(l.Found) > 0 {
				t.Fatalf("before: %v", l.Found)
			}
			if c.invariant == "I10" {
				d.Clock.Add(10 * time.Minute)
				if did, err := d.App.LoseStale(ctx); err != nil || !did || d.Get(lost).State != payout.Unknown {
					t.Fatal("nothing lost", err)
				}
			}
			d.Exec(fmt.Sprintf(c.stmt, id))
			l, err := d.App.LookNow(ctx)
			if c.invariant == "I8" && strings.Contains(c.stmt, "amount_minor") {
				l, err = d.App.LookWhole(ctx)
			}
			must(t, err)
			if len(l.Found) == 0 || !l.PastDesk && !l.Whole {
				t.Fatalf("found %v, past the desk %v", l.Found, l.PastDesk)
			}
			named := false
			for _, f := range l.Found {
				named = named || f.Invariant == c.invariant || l.Whole
			}
			if !named {
				t.Fatalf("found %v, want %s", l.Found, c.invariant)
			}
			desk, err := d.App.Desk(ctx)
			must(t, err)
			if desk.Halt == nil || desk.Halt.Cause != app.HaltInvariant {
				t.Fatalf("not stopped: %+v", desk.Halt)
			}
			next := d.Approved(2000_00)
			if o := d.Claim(); o != nil {
				t.Fatal("sent while stopped")
			}
			must(t, d.App.Resume(ctx, d.Who["a1"]))
			must(t, d.App.Resume(ctx, d.Who["s1"]))
			events, err := d.Store.Timeline(ctx, "halt", fmt.Sprint(desk.Halt.ID))
			must(t, err)
			off := events[len(events)-1]
			if off.Action != "halt.off" || !strings.Contains(string(off.Payload), `"excepts"`) || !strings.Contains(string(off.Payload), l.Found[0].Row) {
				t.Fatalf("the release names nothing: %s", off.Payload)
			}
			again, err := d.App.LookNow(ctx)
			must(t, err)
			if l.Whole {
				again, err = d.App.LookWhole(ctx)
				must(t, err)
			}
			if len(again.Found) > 0 || again.Excepted == 0 {
				t.Fatalf("again: %v, excepted %d", again.Found, again.Excepted)
			}
			if d.Claim() == nil {
				t.Fatal("sending does not go on", d.Get(next).State)
			}
			// Another thing wrong with the same row is another finding.
			d.Exec("UPDATE payout SET asked = 0, confirmed = 1 WHERE id = ?", string(id))
			if more := look(t, d); len(more.Found) == 0 {
				t.Fatal("the row is excepted from everything")
			}
		})
	}
}
