package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// due makes a content that leaves on a day.
func due(d *desktest.Desk, minor int64, day string) payout.Content {
	c := d.Content(minor)
	c.DueDate = day
	return c
}

// TestDue_Leaves: an approved payout stands until its day begins in Moscow, to the microsecond, and is measured again there.
func TestDue_Leaves(t *testing.T) {
	d := desktest.New(t) // Thursday, 19 November, noon in Moscow
	id := d.SubmitContent("m1", due(d, 500_00, "2026-11-22"))
	d.Approve(id, "a1")
	begins := time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC)
	if s := d.Get(id); s.State != payout.Approved || !s.SendAt.Equal(begins) {
		t.Fatalf("%s, leaves at %s", s.State, s.SendAt)
	}
	held := func() string {
		s := d.Get(id)
		desk, err := d.App.Desk(t.Context())
		must(t, err)
		return desk.Held(s.State, s.Why, s.Content.DueDate, s.SendAt, s.HeldUntil, d.Clock.Now())
	}
	for _, at := range []time.Time{d.Clock.Now().Add(time.Minute), begins.Add(-24 * time.Hour), begins.Add(-time.Microsecond)} {
		d.Clock.Add(at.Sub(d.Clock.Now()))
		if o := d.Claim(); o != nil || held() != "date" {
			t.Fatalf("at %s: order %v, held %q", at, o, held())
		}
	}
	d.Clock.Add(time.Microsecond)
	if held() != "" {
		t.Errorf("held %q on its day", held())
	}
	if o := d.Claim(); o == nil || payout.ID(o.Payout) != id {
		t.Fatalf("on its day: %v", o)
	}
	d.Verify()
}

// TestDue_MeasuredAgain: what changed while it waited counts: an approver who was suspended meanwhile does not carry it out on its day.
func TestDue_MeasuredAgain(t *testing.T) {
	d := desktest.New(t)
	id := d.SubmitContent("m1", due(d, 500_00, "2026-11-25"))
	d.Approve(id, "a1")
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who["a1"].Person, "left"))
	d.Clock.Add(6 * 24 * time.Hour)
	if o := d.Claim(); o != nil || d.Get(id).State != payout.PendingApproval {
		t.Fatalf("order %v, state %s", o, d.Get(id).State)
	}
	d.Verify()
}

// TestDue_Today: the day of today holds nothing back.
func TestDue_Today(t *testing.T) {
	d := desktest.New(t)
	id := d.SubmitContent("m1", due(d, 500_00, "2026-11-19"))
	d.Approve(id, "a1")
	d.Clock.Add(4 * time.Second)
	if o := d.Claim(); o == nil {
		t.Fatalf("held: %+v", d.Get(id).Why)
	}
}

// TestDue_Expires: the days of approval are counted from the due day when that is later.
func TestDue_Expires(t *testing.T) {
	d := desktest.New(t)
	late, soon := d.SubmitContent("m1", due(d, 500_00, "2026-12-19")), d.SubmitContent("m1", due(d, 500_00, "2026-11-20"))
	expire := func() {
		for range 10 {
			if did, err := d.App.ExpireNext(t.Context()); err != nil || !did {
				must(t, err)
				return
			}
		}
		t.Fatal("it does not end")
	}
	for _, c := range []struct {
		days       int
		late, soon payout.State
	}{{14, payout.PendingApproval, payout.PendingApproval}, {16, payout.PendingApproval, payout.Expired}, {43, payout.PendingApproval, payout.Expired}, {46, payout.Expired, payout.Expired}} {
		d.Clock.Add(time.Date(2026, 11, 19, 9, 0, 1, 0, time.UTC).AddDate(0, 0, c.days).Sub(d.Clock.Now()))
		expire()
		if a, b := d.Get(late).State, d.Get(soon).State; a != c.late || b != c.soon {
			t.Errorf("after %d days: %s and %s, want %s and %s", c.days, a, b, c.late, c.soon)
		}
	}
}

// TestDue_Refused: which days a submission refuses, at the field; a draft refuses only what is no day.
func TestDue_Refused(t *testing.T) {
	d := desktest.New(t)
	d.Clock.Add(9*time.Hour - time.Nanosecond) // 23:59:59.999999999 in Moscow, the 20th not yet begun there... still the 19th
	for day, code := range map[string]string{"2026-11-18": "due.past", "2026-11-19": "", "2026-11-20": "", "2027-02-17": "", "2027-02-18": "due.far", "2026-11-31": "due.day", "tomorrow": "due.day"} {
		form := "form-" + day
		id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: form, Content: due(d, 500_00, day), Submit: true})
		f := fault.As(err).Field("due_date")
		if code == "" && err != nil || code != "" && (f == nil || f.Code != code) {
			t.Errorf("%s: %v, want %q", day, err, code)
		}
		if stored := id != ""; stored != (code != "due.day") {
			t.Errorf("%s: kept %v", day, stored)
		}
	}
	d.Verify()
}

// TestDue_InDigest: another day is another version with another code; approvals of the one before are void.
func TestDue_InDigest(t *testing.T) {
	d := desktest.New(t)
	c := due(d, 500_000_00, "2026-11-25")
	id := d.SubmitContent("m1", c)
	d.Approve(id, "a1")
	before := d.Get(id)
	c.DueDate = "2026-11-26"
	must(t, d.App.Edit(t.Context(), d.Who["m1"], id, before.Version, app.Entry{Content: c, Submit: true}))
	after := d.Get(id)
	if after.Digest == before.Digest || after.Version != before.Version+1 || after.Content.DueDate != "2026-11-26" {
		t.Fatalf("version %d, day %s", after.Version, after.Content.DueDate)
	}
	if err := d.App.Approve(t.Context(), d.Who["a2"], id, before.Digest, app.Proof{}); !fault.Is(err, "approve.moved") {
		t.Errorf("approving the old one: %v", err)
	}
	d.Verify()
}

// TestDue_SameForm: the same form posted again with another day takes that day: what is submitted is what was on the screen.
func TestDue_SameForm(t *testing.T) {
	d := desktest.New(t)
	c := due(d, 500_00, "2026-11-25")
	id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "one", Content: c})
	must(t, err)
	c.DueDate = "2026-11-26"
	again, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "one", Content: c, Submit: true})
	must(t, err)
	if s := d.Get(id); again != id || s.Content.DueDate != "2026-11-26" || s.State != payout.PendingApproval {
		t.Errorf("%s leaves on %s", s.State, s.Content.DueDate)
	}
}
