package store_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/desktest"
	"countersign/internal/store"
)

// newPeopled is a desk to which people came in every way, and on which they changed in every way, under rules that make who is new wait and that changed meanwhile.
func newPeopled(t testing.TB) *decided {
	d := desktest.New(t)
	ctx := t.Context()
	x := &decided{d: d, dir: t.TempDir()}
	accept := func(kind approval.Kind, id, by string) {
		ps, err := d.Store.Proposals(ctx, kind, id, 1)
		must(t, err)
		must(t, d.App.Accept(ctx, d.Who[by], kind, id, ps[0].Digest, app.Proof{}))
	}
	waits := func(seen, hours int) {
		set := desktest.Rules()
		set.Name, set.Newcomers = "waits", approval.Newcomers{QuietHours: hours, CapDays: 14, CapDayMinor: 100_000_00}
		must(t, d.App.ProposeRules(ctx, d.Who["d1"], set, seen, "guard"))
		accept(approval.Rules, app.RulesID, "d2")
	}
	enrol := func(name string) {
		token, _, err := d.App.MakeLink(ctx, d.Who["d1"], d.Who[name].Person, d.Who[name].Email)
		must(t, err)
		_, err = d.App.Enrol(ctx, token, "a phrase of six plain words")
		must(t, err)
	}
	add := func(name, roles string) {
		id, err := d.App.ProposePerson(ctx, d.Who["d1"], app.PersonDraft{Name: "Person " + name, Email: name + "@x.test", Roles: strings.Split(roles, ",")})
		must(t, err)
		accept(approval.Person, id, "d2")
		d.Who[name] = app.Who{Person: id, Email: name + "@x.test"}
	}
	seen := func(name string) int {
		n, err := d.Store.InForceVersion(ctx, approval.Person, d.Who[name].Person)
		must(t, err)
		return n
	}
	change := func(name, roles, groups string) {
		must(t, d.App.ProposePersonChange(ctx, d.Who["d1"], d.Who[name].Person, strings.Split(roles, ","), groups, seen(name), ""))
		accept(approval.Person, d.Who[name].Person, "d2")
	}
	reset := func(name string) {
		must(t, d.App.ProposeReset(ctx, d.Who["d1"], d.Who[name].Person, seen(name), "lost"))
		accept(approval.Person, d.Who[name].Person, "d2")
		enrol(name)
	}
	d.Passkey("a1")
	waits(1, 72)
	reset("d3") // a founder, while the founding lasts: they wait all the same
	first := d.Submit(20_000_00)
	d.Approve(first, "a1")
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Fatal("nothing was sent")
	}
	d.Settle()
	add("late", "auditor")
	add("new", "approver")
	d.Clock.Add(time.Hour)
	enrol("new")
	change("new", "approver", "treasury")
	change("m2", "approver", "") // gains
	change("a2", "approver,senior", "")
	waits(2, 24)
	d.Clock.Add(30 * time.Hour)
	_, x.lateKey = d.Passkey("new")
	accept(approval.Person, d.Who["new"].Person, "d2")
	reset("new") // the window that is open goes on, and nothing gets shorter
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["a2"].Person, "away"))
	must(t, d.App.ProposeRestore(ctx, d.Who["d1"], d.Who["a2"].Person, seen("a2"), "back"))
	accept(approval.Person, d.Who["a2"].Person, "d2")
	for _, n := range []app.NewPerson{{Email: "s1b@x.test", SameAs: "s1@x.test"}, {Email: "con@x.test", Name: "Console", Roles: []auth.Role{auth.Approver}}} {
		n.Password = "a phrase of six plain words"
		added, err := d.App.AddOnConsole(ctx, n)
		must(t, err)
		if !added.Proposed || !added.EffectAt.IsZero() {
			t.Fatalf("%+v", added)
		}
		accept(approval.Person, added.ID, "d2")
		if n.SameAs == "" {
			d.Who["con"] = app.Who{Person: added.ID, Email: n.Email}
		}
	}
	must(t, d.App.ProposePersonChange(ctx, d.Who["d1"], d.Who["late"].Person, []string{"maker"}, "", seen("late"), ""))
	ps, err := d.Store.Proposals(ctx, approval.Person, d.Who["late"].Person, 1)
	must(t, err)
	must(t, d.App.Refuse(ctx, d.Who["d2"], approval.Person, d.Who["late"].Person, ps[0].Digest, "no"))
	x.one = d.Submit(50_000_00)
	d.Approve(x.one, "a1")
	d.Clock.Add(4 * time.Second)
	if !d.Send() {
		t.Fatal("nothing was sent")
	}
	d.Settle()
	must(t, d.Store.Close())
	x.master, err = os.ReadFile(d.DB())
	must(t, err)
	return x
}

// said makes another person the one who approved the last payout.
func (h *hand) said(name string) {
	seq, _ := h.event("payout.approved", string(h.x.one), 0)
	h.by(approval.Payout, string(h.x.one), 1, 1, seq, name)
}

// unasked takes every proposal about somebody out of the history.
func (h *hand) unasked(name string) {
	h.exec("UPDATE event SET action = 'look.person', kind = 'desk' WHERE subject = ? AND action IN ('person.proposed', 'person.approved', 'person.rejected', 'person.effective')", h.who(name))
	for _, table := range []string{"decision", "proposal", "proposal_end", "subject"} {
		h.exec("DELETE FROM "+table+" WHERE kind = 'person' AND id = ?", h.who(name))
	}
}

var noWait = map[string]any{"quiet_from": int64(0), "quiet_until": int64(0), "capped_until": int64(0)}

// tell puts facts into the n-th event of an action about somebody.
func (h *hand) tell(action, name string, n int, facts map[string]any) {
	seq, f := h.event(action, h.who(name), n)
	for k, v := range facts {
		f[k] = v
	}
	h.put(seq, f)
}

// TestForgeries_people: whoever has the file and the history's key makes more of a person than people agreed to, in rows and events alike. Counting again finds it: else
// every quorum could be met by people whom nobody let in. What the desk itself wrote of people, it finds nothing in. Issue 4 points 7 and 13, "To show" e.
func TestForgeries_people(t *testing.T) {
	x := newPeopled(t)
	anchor, err := audit.ReadAnchor(x.d.Anchor(), audit.VerifierFor(x.d.Signer))
	must(t, err)
	path := x.forge(t, func(h *hand) { h.counters(); h.resign() })
	if r, err := store.Verify(t.Context(), path, audit.VerifierFor(x.d.Signer), &anchor); err != nil || !r.OK() {
		t.Fatalf("the honest copy: %v %s", err, r.Reason)
	}
	if c, err := store.CheckApprovals(t.Context(), path); err != nil || len(c.Findings) > 0 || c.Changes != 13 {
		t.Fatalf("the honest copy: %v %+v", err, c)
	}
	const other, nobody = "written down as another", "nobody was asked"
	for _, f := range []struct {
		name string
		do   func(h *hand)
		says string
	}{
		{"an auditor by agreement is written as an approver", func(h *hand) {
			h.tell("person.added", "late", 0, map[string]any{"roles": "approver"})
			h.exec("UPDATE person SET roles = 'approver' WHERE id = ?", h.who("late"))
			h.said("late")
		}, other},
		{"an approver of an hour is written as if no rule made them wait", func(h *hand) {
			h.tell("person.added", "con", 0, noWait)
			h.exec("UPDATE person SET quiet_from = 0, quiet_until = 0, capped_until = 0 WHERE id = ?", h.who("con"))
			h.said("con")
		}, other},
		{"somebody who gained a role decides from before", func(h *hand) {
			h.tell("person.effective", "m2", 0, map[string]any{"approver_since": int64(0)})
			h.exec("UPDATE person SET approver_since = 0 WHERE id = ?", h.who("m2"))
		}, other},
		{"a role that was not agreed to", func(h *hand) {
			h.tell("person.effective", "m2", 0, map[string]any{"roles": "approver,senior"})
			h.exec("UPDATE person SET roles = 'approver,senior' WHERE id = ?", h.who("m2"))
		}, other},
		{"a group that was not agreed to", func(h *hand) {
			for _, n := range []int{1, 3} {
				h.tell("person.effective", "new", n, map[string]any{"groups": []any{"owls", "treasury"}})
			}
			h.tell("enrolment.used", "new", 1, map[string]any{"groups": []any{"owls", "treasury"}})
			h.exec("UPDATE person SET groups = 'owls,treasury' WHERE id = ?", h.who("new"))
		}, other},
		{"a link that nobody waits after", func(h *hand) {
			h.tell("person.effective", "d3", 0, noWait)
			h.tell("enrolment.used", "d3", 0, noWait)
			h.exec("UPDATE person SET quiet_from = 0, quiet_until = 0, capped_until = 0 WHERE id = ?", h.who("d3"))
		}, other},
		{"somebody suspended who is back by themselves", func(h *hand) {
			seq, f := h.event("person.effective", h.who("a2"), 1)
			delete(f, "op")
			h.put(seq, f)
			h.exec("UPDATE event SET action = 'look.person', kind = 'desk' WHERE subject = ? AND version = 2", h.who("a2"))
			h.exec("UPDATE event SET kind = 'person', action = 'account.changed' WHERE seq = ?", seq)
			for _, table := range []string{"decision", "proposal", "proposal_end", "subject"} {
				h.exec("DELETE FROM "+table+" WHERE kind = 'person' AND version = 2 AND id = ?", h.who("a2"))
			}
		}, other},
		{"somebody who came when the founding was over and was agreed to by nobody", func(h *hand) {
			h.tell("person.added", "late", 0, map[string]any{"roles": "approver"})
			h.exec("UPDATE person SET roles = 'approver' WHERE id = ?", h.who("late"))
			h.unasked("late")
			h.said("late")
		}, nobody},
		{"somebody who came as a founder when the founding was over", func(h *hand) {
			h.tell("person.added", "late", 0, map[string]any{"roles": "approver", "founding": true, "approver_since": int64(0)})
			h.tell("person.added", "late", 0, noWait)
			h.exec("UPDATE person SET roles = 'approver', founding = 1, approver_since = 0, quiet_from = 0, quiet_until = 0, capped_until = 0 WHERE id = ?", h.who("late"))
			seq, _ := h.event("person.added", h.who("late"), 0)
			h.exec("UPDATE event SET person = 'system', sign_in = 'console' WHERE seq = ?", seq)
			h.unasked("late")
			h.said("late")
		}, "the founding was over"},
		{"one more sign-in that nobody was asked about", func(h *hand) { h.unasked("s1") }, "got a sign-in"},
		{"somebody decides about themselves", func(h *hand) {
			h.tell("person.proposed", "m2", 0, map[string]any{"concerns": []any{}})
			h.exec("UPDATE proposal SET concerns = '[]' WHERE kind = 'person' AND id = ?", h.who("m2"))
		}, "was put to them"},
		{"a key of another person's word than who gave it", func(h *hand) {
			h.tell("person.effective", "new", 2, map[string]any{"vouched_by": h.who("s1")})
			h.tell("factor.removed", "new", 0, map[string]any{"vouched_by": h.who("s1")})
			h.exec("UPDATE factor SET vouched_by = ? WHERE id = ?", h.who("s1"), h.x.lateKey)
		}, "did not say so"},
		{"a vouched key that signs at once", func(h *hand) {
			_, f := h.event("person.added", h.who("new"), 0)
			h.tell("person.effective", "new", 2, map[string]any{"signs_from": f["approver_since"]})
			h.tell("factor.removed", "new", 0, map[string]any{"signs_from": f["approver_since"]})
			h.exec("UPDATE factor SET signs_from = ? WHERE id = ?", f["approver_since"], h.x.lateKey)
		}, "before a day is over"},
		{"a word for another key", func(h *hand) {
			h.tell("factor.added", "new", 0, map[string]any{"key": strings.Repeat("0", 64)})
		}, "another key was put to people"},
		{"a person who takes effect by time though others could decide", func(h *hand) {
			seq, f := h.event("person.proposed", h.who("con"), 0)
			at := h.x.d.Clock.Now().Add(-time.Minute).UnixMicro()
			f["effect_at"] = at
			h.put(seq, f)
			h.exec("UPDATE proposal SET effect_at = ? WHERE kind = 'person' AND id = ?", at, h.who("con"))
			seq, _ = h.event("person.approved", h.who("con"), 0)
			h.exec("UPDATE event SET action = 'look.person', kind = 'desk' WHERE seq = ?", seq)
			h.exec("DELETE FROM decision WHERE kind = 'person' AND id = ?", h.who("con"))
			seq, _ = h.event("person.effective", h.who("con"), 0)
			h.exec("UPDATE event SET person = 'system', sign_in = 'clock', at = ? WHERE seq = ?", at, seq)
			h.exec("UPDATE proposal_end SET person_id = 'system', email = 'clock', at = ? WHERE kind = 'person' AND id = ?", at, h.who("con"))
		}, "before its three days"},
	} {
		path := x.forge(t, func(h *hand) { f.do(h); h.counters(); h.resign() })
		alone, err := store.Verify(t.Context(), path, audit.VerifierFor(x.d.Signer), nil)
		must(t, err)
		c, err := store.CheckApprovals(t.Context(), path)
		must(t, err)
		said := ""
		for _, x := range c.Findings {
			said += x.String() + "\n"
		}
		if !strings.Contains(said, f.says) {
			t.Errorf("%s: counting again does not find it: %q", f.name, said)
		}
		t.Logf("%-75s plain verify: %v %s", f.name, alone.OK(), alone.Reason)
	}
}
