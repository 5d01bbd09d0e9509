package app_test

import (
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// groups gives a person groups by two administrators; their roles stay.
func (d *people) groups(name, groups string) {
	d.t.Helper()
	id := d.Who[name].Person
	must(d.t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], id, []string{"approver"}, groups, d.inForce(id), ""))
	must(d.t, d.accept("d2", id))
}

// TestGroupLater: a yes counts only for what its giver was when giving it and still is: joining a group afterwards fills none of its places, not even under a set that asks
// for the group later, and at one and the same moment of the clock or with a clock that was set back; what was said then counts for what it was. Said once more as a member it counts, and leaving the group takes it away.
func TestGroupLater(t *testing.T) {
	for name, wait := range map[string]time.Duration{"a minute": time.Minute, "the same moment": 0, "a clock set back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			d := newPeople(t)
			must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["a2"].Person, []string{"approver"}, "ural", 0, "")) // so that the group can be asked for
			must(t, d.accept("d2", d.Who["a2"].Person))
			must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["s1"].Person, []string{"senior"}, "ural", 0, ""))
			must(t, d.accept("d2", d.Who["s1"].Person))
			set := desktest.Rules()
			set.Name = "ural"
			set.Rules[1].Steps = []approval.Step{{Count: 1, Roles: []approval.Role{approval.Approver}}, {Count: 1, Groups: []string{"ural"}}}
			setRules(t, d.Desk, set)
			p := d.Submit(500_000_00)
			d.Approve(p, "a1") // as an approver, in no group
			d.Clock.Add(wait)
			d.groups("a1", "ural")
			d.Approve(p, "a2") // a member: both places would be taken if a1 were one
			if s := d.Get(p); s.State != payout.Approved {
				t.Fatalf("an approver and a member: %s", s.State)
			}
			must(t, d.App.TakeBack(d.ctx, d.Who["a2"], p, d.Get(p).Digest))
			d.groups("a2", "")
			// Now an approver only: that place is taken, and the other one is for a member.
			wants(t, "no member", d.App.Approve(d.ctx, d.Who["a2"], p, d.Get(p).Digest, app.Proof{}), "approve.seat")
			if st := standingOf(t, d.Desk, p); len(st.Tally.Given) != 1 || st.Tally.Open != 1 {
				t.Errorf("%s given, %d open", signed(st), st.Tally.Open)
			}
			d.Approve(p, "a1") // once more, as a member: that leaves the other place to a2
			d.Approve(p, "a1") // and again: nothing more
			d.Approve(p, "a2")
			if s := d.Get(p); s.State != payout.Approved {
				t.Errorf("said again by a member: %s", s.State)
			}
			d.groups("a1", "")
			if wait >= 0 {
				d.Clock.Add(10 * time.Second)
				if d.Claim() != nil {
					t.Error("it left with a place of the group filled by nobody of it")
				}
			}
			d.Verify()
		})
	}
}
