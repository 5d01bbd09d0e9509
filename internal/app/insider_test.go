package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/factor"
	"countersign/internal/payout"
)

// TestWaitsFromTheLink: somebody new waits from when their link was used, not only from the decision: a link that is used late opens no door at once. Issue point 7.
func TestWaitsFromTheLink(t *testing.T) {
	d := newPeople(t)
	d.waits()
	id := d.add("new", "approver")
	d.Clock.Add(15 * 24 * time.Hour)
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], id, "new@x.test")
	must(t, err)
	_, err = d.App.Enrol(d.ctx, token, "a very long and odd phrase 77")
	must(t, err)
	p := d.Submit(90_000_00)
	err = d.App.Approve(d.ctx, d.Who["new"], p, d.Get(p).Digest, app.Proof{})
	if err == nil && d.Get(p).State == payout.Approved {
		t.Errorf("whoever used the link a minute ago releases money at once, without any wait and without a cap")
	}
}

// TestResetWaitsFromTheLink: so does somebody whose password and factors were taken away.
func TestResetWaitsFromTheLink(t *testing.T) {
	d := newPeople(t)
	d.waits()
	id := d.Who["a1"].Person
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], id, d.inForce(id), ""))
	must(t, d.accept("d2", id))
	d.Clock.Add(15 * 24 * time.Hour)
	token, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], id, "a1@x.test")
	must(t, err)
	_, err = d.App.Enrol(d.ctx, token, "a very long and odd phrase 77")
	must(t, err)
	p := d.Submit(90_000_00)
	err = d.App.Approve(d.ctx, d.Who["a1"], p, d.Get(p).Digest, app.Proof{})
	if err == nil && d.Get(p).State == payout.Approved {
		t.Errorf("an administrator reset an approver, waited, used the link and releases money at once")
	}
}

// TestSecondSignInWaits: one more sign-in of an approver, made on the console, releases no money at once. Issue point 7.
func TestSecondSignInWaits(t *testing.T) {
	d := newPeople(t)
	d.waits()
	d.Submit(1_00) // founding is over
	_, err := d.App.AddOnConsole(d.ctx, app.NewPerson{Email: "backdoor@x.test", Password: "a very long and odd phrase 77", SameAs: "s1@x.test"})
	must(t, err)
	id := d.Who["s1"].Person
	must(t, d.accept("d1", id)) // whoever holds the console and d1 is one person
	w := app.Who{Person: id, Email: "backdoor@x.test"}
	must(t, d.App.ChangePassword(d.ctx, w, "a very long and odd phrase 77", "another long and odd phrase 78"))
	p := d.Submit(90_000_00)
	err = d.App.Approve(d.ctx, w, p, d.Get(p).Digest, app.Proof{})
	if err == nil && d.Get(p).State == payout.Approved {
		t.Errorf("one administrator with the console made a sign-in of the senior and released money with it at once")
	}
}

// TestStepUpMeasuredAgain: approvals by a press alone do not count where the set in force asks for a code or a key at the claim. Issue point 5.
func TestStepUpMeasuredAgain(t *testing.T) {
	d := desktest.New(t)
	p := d.Submit(500_000_00)
	d.Approve(p, "a1", "a2")
	set := desktest.Rules()
	set.Name, set.StepUpAboveMinor = "codes", 100_000_00
	setRules(t, d, set)
	if sent(d) {
		t.Errorf("the set in force wants a code or key above 100,000; two presses on a button released 500,000")
	}
}

// TestSeedsOfTheSameCodes: seeds that give the same codes are one seed, however they are written. Issue point 7.
func TestSeedsOfTheSameCodes(t *testing.T) {
	a := strings.Repeat("ABCDEFGH", 4) // 20 bytes
	x, err := factor.ParseTOTPSecret(a)
	must(t, err)
	now := time.Unix(1_800_000_000, 0)
	c1, err := factor.TOTPCode(x, now)
	must(t, err)
	for _, b := range []string{a + "AA", a + "AAAA", "ABCDEFGHABCDEFGHABCDEFGHAA"} {
		y, err := factor.ParseTOTPSecret(b)
		if err != nil {
			continue
		}
		c2, err := factor.TOTPCode(y, now)
		must(t, err)
		if c1 == c2 && factor.SeedMark(x) != factor.SeedMark(y) {
			t.Errorf("%s and %s give the same codes and are two seeds", x, y)
		}
	}
	p, err1 := factor.ParseTOTPSecret("ABCDEFGHABCDEFGHABCDEFGHAA")
	q, err2 := factor.ParseTOTPSecret("ABCDEFGHABCDEFGHABCDEFGHAB")
	if err1 == nil && err2 == nil {
		c1, _ := factor.TOTPCode(p, now)
		c2, _ := factor.TOTPCode(q, now)
		if c1 == c2 && factor.SeedMark(p) != factor.SeedMark(q) {
			t.Errorf("%s and %s give the same codes and are two seeds", p, q)
		}
	}
}

// sent reports whether the next claim takes a payout, its countdown over.
func sent(d *desktest.Desk) bool {
	d.Clock.Add(10 * time.Second)
	return d.Claim() != nil
}

// TestDeadlockAtEffect: a rule set that nobody could meet any more, because somebody left since it was proposed, does not take effect. Issue point 3.
func TestDeadlockAtEffect(t *testing.T) {
	d := newPeople(t)
	set := desktest.Rules()
	set.Name = "three"
	set.Rules[0].Steps[0].Count = 3 // a1, a2 and s1 can
	must(t, d.App.ProposeRules(d.ctx, d.Who["d1"], set, 1, "x"))
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["a2"].Person, "left"))
	wants(t, "what nobody could meet", d.App.Accept(d.ctx, d.Who["d2"], approval.Rules, app.RulesID, d.open(approval.Rules, app.RulesID).Digest, app.Proof{}), "rules.deadlock")
	d.Submit(1_00) // and payouts go on
	d.Verify()
}

// TestEffectAsTold: a proposal takes effect by the clock only if the history says so: whoever writes the time into the file puts no rules into force.
func TestEffectAsTold(t *testing.T) {
	d := newPeople(t)
	set := desktest.Rules()
	set.Name = "weak"
	set.Rules[1].Steps[0].Count = 1
	must(t, d.App.ProposeRules(d.ctx, d.Who["d1"], set, 1, "x"))
	d.Exec("DROP TRIGGER proposal_fixed")
	d.Exec("UPDATE proposal SET effect_at = 1 WHERE kind = 'rules' AND version = 2")
	for range 3 {
		if _, err := d.App.SettleNext(d.ctx); err != nil {
			t.Log(err)
		}
	}
	if n, err := d.Store.InForceVersion(d.ctx, approval.Rules, app.RulesID); err != nil || n != 1 {
		t.Errorf("version %d of the rules is in force, and nobody said yes (%v)", n, err)
	}
}

// TestQuietWithTheClockBack: a clock that was set back ends nobody's wait. Promise 24.
func TestQuietWithTheClockBack(t *testing.T) {
	d := newPeople(t)
	d.waits()
	d.add("new", "approver")
	p := d.Submit(90_000_00)
	d.Clock.Add(-time.Hour)
	wants(t, "somebody new", d.App.Approve(d.ctx, d.Who["new"], p, d.Get(p).Digest, app.Proof{}), "approve.quiet")
}

// TestPayeeMonth_TypedIn: the limit of a payee's month is that of its accounts too: typing one in finds no new room.
func TestPayeeMonth_TypedIn(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1))
	vouch(t, d, id, "m1", "a1", c)
	var l approval.Limits
	l.PayeeMonth.HardMinor = 150_000_00
	setLimits(t, d, l)
	p := d.SubmitContent("m1", to(id, c, acct(1), 90_000_00))
	d.Approve(p, "a2")
	if !sent(d) {
		t.Fatal("first did not go")
	}
	free := to("", c, acct(1), 89_000_00)
	q := d.SubmitContent("m2", free)
	d.Approve(q, "a2")
	if sent(d) || d.Get(q).State == payout.Sending {
		t.Errorf("179,000 left to one account in a month under a hard limit of 150,000: %s", d.Get(q).State)
	}
}

// TestPayeeMonth_Twin: nor does another payee with the same account.
func TestPayeeMonth_Twin(t *testing.T) {
	d := desktest.New(t)
	id, id2 := d.App.NewPayeeID(), d.App.NewPayeeID()
	c := somebody(acct(1))
	vouch(t, d, id, "m1", "a1", c)
	vouch(t, d, id2, "m1", "a1", c, "shared_account")
	var l approval.Limits
	l.PayeeMonth.HardMinor = 150_000_00
	setLimits(t, d, l)
	p := d.SubmitContent("m1", to(id, c, acct(1), 90_000_00))
	d.Approve(p, "a2")
	if !sent(d) {
		t.Fatal("first did not go")
	}
	q := d.SubmitContent("m2", to(id2, c, acct(1), 89_000_00))
	d.Approve(q, "a2")
	if sent(d) {
		t.Errorf("179,000 left to one account in a month by two payees")
	}
}

// TestFirstPayment_OneRouble: a rouble typed in to the account of a payee that is saved later does not make it known: its first payment above the first band needs a senior.
func TestFirstPayment_OneRouble(t *testing.T) {
	d := desktest.New(t)
	set := approval.ServeRules()
	set.FactorNeeded, set.SignAboveMinor = false, 0
	setRules(t, d, set)
	c := somebody(acct(1))
	p := d.SubmitContent("m1", to("", c, acct(1), 1_00))
	d.Approve(p, "a1")
	d.Clock.Add(10 * time.Second)
	if !d.Send() {
		t.Fatal("not sent")
	}
	d.Settle()
	id := d.App.NewPayeeID()
	vouch(t, d, id, "m1", "a1", c)
	q := d.SubmitContent("m1", to(id, c, acct(1), 900_000_00))
	d.Approve(q, "a1", "a2")
	if d.Get(q).State == payout.Approved {
		t.Errorf("the first payment to a saved payee above the first band went without a senior, after one rouble by free entry")
	}
}

// TestGuardsStay: a desk that was founded with a second factor for everybody, signing and quiet days for newcomers keeps them: no rule set switches them off.
func TestGuardsStay(t *testing.T) {
	d := desktest.NewWith(t, approval.ServeRules())
	for name, off := range map[string]func(*approval.RuleSet){
		"rules.factor": func(s *approval.RuleSet) { s.FactorNeeded = false },
		"rules.sign":   func(s *approval.RuleSet) { s.SignAboveMinor = 0 },
		"rules.quiet":  func(s *approval.RuleSet) { s.Newcomers.QuietHours = 71 },
	} {
		set := approval.ServeRules()
		off(&set)
		wants(t, name, d.App.ProposeRules(t.Context(), d.Who["d1"], set, 1, ""), name)
	}
}

// TestQueueFlood: nobody fills the queue so that others' proposals are not seen: so many open proposals of one person, and no more.
func TestQueueFlood(t *testing.T) {
	d := desktest.New(t)
	var last error
	for i := range 150 {
		if last = d.App.ProposePayee(t.Context(), d.Who["m1"], app.PayeeEntry{ID: d.App.NewPayeeID(), Content: somebody(acct(i + 1))}); last != nil {
			break
		}
	}
	wants(t, "the hundred and first", last, "subject.many")
	open, err := d.Store.OpenProposals(t.Context(), 500)
	must(t, err)
	if len(open) != 100 {
		t.Errorf("%d are open", len(open))
	}
	if err := d.App.ProposePayee(t.Context(), d.Who["m2"], app.PayeeEntry{ID: d.App.NewPayeeID(), Content: somebody(acct(200))}); err != nil {
		t.Errorf("another maker: %v", err)
	}
}

// TestRulesAsWritten: a rules document that was altered in the file is believed by nobody: nothing is approved by it, nothing leaves, and sending stops. The same for
// a version that the file calls in force and nobody agreed to. Promises 2 and 11.
func TestRulesAsWritten(t *testing.T) {
	for name, stmts := range map[string][]string{
		"document": {"DROP TRIGGER proposal_fixed", `UPDATE proposal SET doc = replace(doc, '"count":2', '"count":1') WHERE kind = 'rules'`},
		"in force": {`INSERT INTO proposal_end SELECT kind, id, version, 'effective', person_id, email, at FROM subject WHERE kind = 'rules' AND version = 2`},
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			id := d.Approved(900_000_00)
			p := d.Submit(900_000_00)
			weak := desktest.Rules()
			weak.Name, weak.Rules[1].Steps[0].Count = "weak", 1
			must(t, d.App.ProposeRules(t.Context(), d.Who["d1"], weak, 1, "x"))
			for _, s := range stmts {
				d.Exec(s)
			}
			d.Restart()
			if err := d.App.Approve(t.Context(), d.Who["a1"], p, d.Get(p).Digest, app.Proof{}); err == nil {
				t.Error("somebody approved under rules that nobody agreed to")
			}
			if d.Claim() != nil {
				t.Error("a payout left under rules that nobody agreed to")
			}
			if s := d.Get(id); s.State != payout.Approved {
				t.Errorf("%s", s.State)
			}
			if f, err := d.App.Frame(t.Context()); err != nil {
				t.Errorf("pages cannot read on: %v", err)
			} else if st, err := f.Stand(app.JudgedOf(d.Get(p)), nil); err != nil || len(st.Need.Blocked) == 0 {
				t.Errorf("pages offer it: %v", err)
			}
			if desk, err := d.App.Desk(t.Context()); err != nil || desk.Halt == nil || desk.Halt.Cause != "altered" {
				t.Errorf("sending goes on: %+v %v", desk.Halt, err)
			}
		})
	}
}

// TestPeopleAsWritten: whoever alters people's rows in the file lets nobody approve and nothing leave: a payout approved before stays, decisions about people are
// refused, and sending stops with the row's name. It is the same with an old row put back, with somebody put in or taken out, and with the event itself rewritten.
// Promises 2 and 11.
func TestPeopleAsWritten(t *testing.T) {
	for name, c := range map[string]struct {
		who   string
		alter func(d *people) // past the desk, with the desk closed
	}{
		"roles":    {"m2", func(d *people) { d.Exec("UPDATE person SET roles = 'maker,approver' WHERE id = ?", d.Who["m2"].Person) }},
		"group":    {"a2", func(d *people) { d.Exec("UPDATE person SET groups = 'treasury' WHERE id = ?", d.Who["a2"].Person) }},
		"founding": {"new", func(d *people) { d.Exec("UPDATE person SET founding = 1 WHERE id = ?", d.Who["new"].Person) }},
		"quiet": {"new", func(d *people) {
			d.Exec("UPDATE person SET quiet_until = 0, quiet_from = 0 WHERE id = ?", d.Who["new"].Person)
		}},
		"cap":       {"new", func(d *people) { d.Exec("UPDATE person SET capped_until = 0 WHERE id = ?", d.Who["new"].Person) }},
		"since":     {"new", func(d *people) { d.Exec("UPDATE person SET approver_since = 0 WHERE id = ?", d.Who["new"].Person) }},
		"suspended": {"off", func(d *people) { d.Exec("UPDATE person SET suspended_at = 0 WHERE id = ?", d.Who["off"].Person) }},
		"old row": {"was", func(d *people) {
			d.Exec("UPDATE person SET roles = 'approver', version = 1 WHERE id = ?", d.Who["was"].Person)
		}},
		"put in": {"ghost", func(d *people) {
			d.Exec("INSERT INTO person SELECT 'ghost', name, 'approver', 1, created_at, 0, '', 1, 0, 0, 0, 0 FROM person WHERE id = ?", d.Who["a1"].Person)
		}},
		"taken out": {"m2", func(d *people) {
			d.Exec("DELETE FROM account WHERE person_id = ?", d.Who["m2"].Person)
			d.Exec("DELETE FROM person WHERE id = ?", d.Who["m2"].Person)
		}},
		"with the event": {"", func(d *people) {
			d.Exec("DROP TRIGGER event_fixed")
			d.Exec("UPDATE person SET roles = 'approver' WHERE id = ?", d.Who["m2"].Person)
			d.Exec(`UPDATE event SET payload = replace(payload, '"roles":"maker"', '"roles":"approver"') WHERE action = 'person.added' AND subject = ?`, d.Who["m2"].Person)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPeople(t)
			d.waits()
			d.add("new", "approver")
			d.add("off", "approver")
			d.add("was", "approver")
			was := d.Who["was"].Person
			must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], was, []string{"maker"}, "", d.inForce(was), ""))
			must(t, d.accept("d2", was))
			must(t, d.App.SuspendPerson(d.ctx, d.Who["d1"], d.Who["off"].Person, "left"))
			must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["a2"].Person, []string{"approver"}, "tax", 0, ""))
			d.Clock.Add(time.Minute)
			left, p := d.Approved(90_000_00), d.Submit(90_000_00)
			must(t, d.Store.Close())
			c.alter(d)
			d.Open()
			row := "event"
			if c.who == "ghost" {
				row = "person/ghost"
			} else if c.who != "" {
				row = "person/" + d.Who[c.who].Person
			}
			for who := range d.Who {
				if err := d.App.Approve(d.ctx, d.Who[who], p, d.Get(p).Digest, app.Proof{}); err == nil {
					t.Errorf("%s approved", who)
				}
			}
			wants(t, "a decision about people", d.accept("d2", d.Who["a2"].Person), "account.altered")
			if sent(d.Desk) {
				t.Error("a payout left")
			}
			for _, id := range []payout.ID{left, p} {
				if s := d.Get(id); s.State == payout.Sending || id == p && s.State != payout.PendingApproval {
					t.Errorf("%s is %s", id, s.State)
				}
			}
			if got := halted(t, d.Desk); got != "altered" {
				t.Errorf("sending goes on: %q", got)
			}
			h, err := d.Store.History(d.ctx, app.HistoryQuery{Action: "seal.broken", Limit: 9})
			must(t, err)
			if len(h) != 1 || string(h[0].Payload) != fmt.Sprintf(`{"row":%q}`, row) {
				t.Errorf("the alarm names %v, want %s", h, row)
			}
		})
	}
}

// TestPeopleAsWritten_Claim: what was approved before somebody's row was altered does not leave either, and nobody needs to press anything for sending to stop.
func TestPeopleAsWritten_Claim(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(90_000_00)
	d.Exec("UPDATE person SET groups = 'treasury' WHERE id = ?", d.Who["a2"].Person) // beside the running desk
	d.Clock.Add(10 * time.Second)
	if _, err := d.App.Claim(t.Context()); err == nil || d.Get(id).State != payout.Approved {
		t.Errorf("%s left (%v)", id, err)
	}
	if got := halted(t, d); got != "altered" {
		t.Errorf("sending goes on: %q", got)
	}
	d.Exec("UPDATE person SET groups = '' WHERE id = ?", d.Who["a2"].Person) // put right by hand: two people let it go on
	must(t, d.App.Resume(t.Context(), d.Who["a1"]))
	must(t, d.App.Resume(t.Context(), d.Who["d1"]))
	if !sent(d) {
		t.Error("it stays for ever")
	}
	d.Verify()
}

// TestOldRowsPutBack: the row of a password as it was before it was changed is no row, though its seal fits: whoever knew the old password cannot put it back.
func TestOldRowsPutBack(t *testing.T) {
	d := newPeople(t)
	const old, next = "a very long and odd phrase 77", "another long and odd phrase 78"
	_, err := d.App.AddFounder(d.ctx, app.NewPerson{Email: "k@x.test", Name: "K", Password: old, Roles: rolesOf(t, "approver"), MustChange: true})
	must(t, err)
	acc, _, err := d.App.CheckPassword(d.ctx, "k@x.test", old)
	must(t, err)
	d.Exec("CREATE TABLE kept AS SELECT * FROM account WHERE email = 'k@x.test'")
	w := app.Who{Person: acc.Person, Email: acc.Email}
	must(t, d.App.ChangePassword(d.ctx, w, old, next))
	must(t, d.Store.Close())
	d.Exec("DELETE FROM account WHERE email = 'k@x.test'")
	d.Exec("INSERT INTO account SELECT * FROM kept")
	d.Exec("DROP TABLE kept")
	d.Open()
	wants(t, "with the old password", d.App.ChangePassword(d.ctx, w, old, "a third long and odd phrase 79"), "account.altered")
	if got := halted(t, d.Desk); got != "altered" {
		t.Errorf("sending goes on: %q", got)
	}
}

// TestSuspendedProposer: what somebody proposed before they were suspended stops in the same commit and takes no effect by anybody's yes; another may propose it anew.
// design.md "Taking away is one person's deed at once".
func TestSuspendedProposer(t *testing.T) {
	d := newPeople(t)
	set := desktest.Rules()
	set.Name = "weak"
	set.Rules[1].Steps[0].Count = 1
	must(t, d.App.ProposeRules(d.ctx, d.Who["d1"], set, 1, "x"))
	p := d.open(approval.Rules, app.RulesID)
	payee := d.App.NewPayeeID()
	must(t, d.App.ProposePayee(d.ctx, d.Who["m1"], app.PayeeEntry{ID: payee, Content: somebody(acct(1))}))
	must(t, d.App.SuspendPerson(d.ctx, d.Who["d2"], d.Who["d1"].Person, "left in anger"))
	wants(t, "a yes after that", d.App.Accept(d.ctx, d.Who["d3"], approval.Rules, app.RulesID, p.Digest, app.Proof{}), "subject.closed")
	if n, err := d.Store.InForceVersion(d.ctx, approval.Rules, app.RulesID); err != nil || n != 1 {
		t.Errorf("version %d is in force (%v)", n, err)
	}
	ps, err := d.Store.Proposals(d.ctx, approval.Rules, app.RulesID, 1)
	if err != nil || len(ps) != 1 || ps[0].State != app.Stopped || ps[0].EndedBy.Person != d.Who["d2"].Person {
		t.Errorf("%+v %v", ps, err)
	}
	if q := d.open(approval.Payee, payee); q.By.Person != d.Who["m1"].Person {
		t.Error("what somebody else proposed is gone too")
	}
	must(t, d.App.ProposeRules(d.ctx, d.Who["d3"], set, 1, "y"))
	d.Verify()
}

// TestSuspendedProposer_Old: nor does one that is open though its proposer is suspended, as in a database from before suspending stopped what was open.
func TestSuspendedProposer_Old(t *testing.T) {
	d := newPeople(t)
	must(t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], d.Who["a2"].Person, []string{"approver"}, "tax", 0, ""))
	d.Suspend("d1")
	wants(t, "a yes", d.accept("d2", d.Who["a2"].Person), "subject.off")
	if p := d.person(d.Who["a2"].Person); len(p.Groups) != 0 {
		t.Errorf("it took effect: %+v", p)
	}
}

// TestResume_Quiet: somebody new who wants to let sending go on is told that their word does not count yet, and who can, not that they have no right to. Issue point 16.
func TestResume_Quiet(t *testing.T) {
	d := newPeople(t)
	d.waits()
	d.add("new", "approver")
	must(t, d.App.Halt(d.ctx, d.Who["a1"], "something is wrong"))
	wants(t, "somebody new", d.App.Resume(d.ctx, d.Who["new"]), "approve.quiet")
	must(t, d.App.Resume(d.ctx, d.Who["a2"]))
}
