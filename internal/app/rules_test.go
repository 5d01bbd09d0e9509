package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// wants fails unless the error holds this fault code ("" for none).
func wants(t *testing.T, what string, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("%s: %v, want %q", what, err, code)
	}
}

// TestLikeAnOpenOne: a payout with the account and amount of one that is being sent, with the bank, unknown, flagged or failed without confirmation is
// refused at submit with its number and kept as a draft, whatever is ticked; after a confirmed end it goes. Design "Life of a payout".
func TestLikeAnOpenOne(t *testing.T) {
	for _, c := range []struct {
		kop  int64
		go_  func(*desktest.Desk)
		want string // code of the refusal, "" if it may go, "payout.ack" for the duplicate warning
	}{
		{0, func(d *desktest.Desk) { d.Claim() }, "payout.open_like"},                                // sending
		{0, func(d *desktest.Desk) { d.Send() }, "payout.open_like"},                                 // with the bank
		{57, func(d *desktest.Desk) { d.Send(); d.Settle() }, "payout.open_like"},                    // unknown
		{68, func(d *desktest.Desk) { d.Send(); d.Settle() }, "payout.open_like"},                    // flagged
		{51, func(d *desktest.Desk) { d.Send(); d.Clock.Add(3e9); d.Deliver() }, "payout.open_like"}, // failed, by webhook only
		{51, func(d *desktest.Desk) { d.Send(); d.Settle() }, ""},                                    // failed, confirmed
		{60, func(d *desktest.Desk) { d.Send(); d.Settle() }, ""},                                    // refused in the answer
		{0, func(d *desktest.Desk) { d.Send(); d.Settle() }, "payout.ack"},                           // paid a moment ago
		{0, func(d *desktest.Desk) { d.Send(); d.Settle(); d.Clock.Add(71 * time.Hour) }, "payout.ack"},
		{0, func(d *desktest.Desk) { d.Send(); d.Settle(); d.Clock.Add(73 * time.Hour) }, ""},
		{0, func(*desktest.Desk) {}, "payout.ack"}, // approved
	} {
		d := desktest.New(t)
		content := d.Content(10_000_00 + c.kop)
		first := d.SubmitContent("m1", content)
		d.Approve(first, "a1")
		d.Clock.Add(4 * time.Second)
		c.go_(d)
		s := d.Get(first)
		name := fmt.Sprintf("%s confirmed %v review %v", s.State, s.Confirmed, s.Review)
		id, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: "again", Content: content, Submit: true})
		wants(t, name, err, c.want)
		if id == "" {
			t.Fatalf("%s: nothing was kept", name)
		}
		want := payout.Draft
		if c.want == "" {
			want = payout.PendingApproval
		}
		if got := d.Get(id).State; got != want {
			t.Errorf("%s: kept as %s", name, got)
		}
		err = d.App.Submit(t.Context(), d.Who["m2"], id, 1, []string{"duplicate", "account_key", "no_vat", "mixed_script"})
		switch c.want {
		case "payout.open_like":
			wants(t, name+", all ticked", err, c.want)
			if l := fault.As(err); len(l) == 0 || len(l[0].Args) == 0 || fmt.Sprint(l[0].Args[0]) != fmt.Sprint(s.Number) {
				t.Errorf("%s: the refusal does not name No %d: %v", name, s.Number, l)
			}
		case "payout.ack":
			wants(t, name+", ticked", err, "")
			if s := d.Get(id); len(s.Acks) != 1 || s.Acks[0] != "duplicate" {
				t.Errorf("%s: the approver sees %v", name, s.Acks)
			}
		}
	}
}

// TestLikeAnOpenOne_BehindMany: the open one is found however many later payouts went to the same account with the same amount.
func TestLikeAnOpenOne_BehindMany(t *testing.T) {
	d := desktest.New(t)
	content := d.Content(10_000_57)
	first := d.SubmitContent("m1", content)
	d.Approve(first, "a1")
	d.Clock.Add(4 * time.Second)
	d.Send()
	if d.Get(first).State != payout.Unknown {
		t.Fatal(d.Get(first).State)
	}
	db := d.SQL()
	must(t, d.Store.Close())
	for i := range 600 {
		if _, err := db.Exec(`INSERT INTO payout SELECT 'x'||?, 100000+?, 'x'||?, 'draft', version, '', acks, makers, rule_set, amount_minor, currency, account, full_name, description, search,
			maker_name, '', 0, 0, NULL, NULL, NULL, 0, 0, 0, 0, 0, '', 0, NULL, created_at, changed_at, 0, 0, 0, 0, 1, '', '', 0, 0 FROM payout WHERE id = ?`, i, i, i, string(first)); err != nil {
			t.Fatal(err)
		}
	}
	for _, stmt := range []string{`DROP TRIGGER payout_moves`, `UPDATE payout SET state = CASE number % 2 WHEN 0 THEN 'cancelled' ELSE 'succeeded' END WHERE id LIKE 'x%'`} {
		if _, err := db.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	d.Open()
	_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "again", Content: content, Submit: true, Acks: []string{"duplicate"}})
	wants(t, "behind 300 others", err, "payout.open_like")
}

// TestWarnings: each warning stops a submission until it is ticked, at its own name, and stands before the approver afterwards; a warning that is
// ticked without need is not kept. Issue point 5.
func TestWarnings(t *testing.T) {
	d := desktest.New(t)
	wrongKey := d.Content(100_00)
	last := wrongKey.Account[8] // the control key
	wrongKey.Account = wrongKey.Account[:8] + string('0'+(last-'0'+1)%10) + wrongKey.Account[9:]
	mixed := d.Content(100_00)
	mixed.FullName = "Иванов Ивaн Иванович" // a Latin a
	company := d.Content(100_00)
	company.Account = bankdetails.WithAccountKey(company.BIK, "40702810900000000007")
	company.INN, company.KPP, company.FullName, company.Description = "7707083893", "770701001", "ООО Ромашка", "Оплата по счёту 12"
	for name, c := range map[string]payout.Content{"account_key": wrongKey, "mixed_script": mixed, "no_vat": company} {
		id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: name, Content: c, Submit: true})
		wants(t, name, err, "payout.ack")
		if l := fault.As(err); len(l) != 1 || l[0].Field != "ack" || fmt.Sprint(l[0].Args[0]) != name {
			t.Errorf("%s: %v", name, err)
		}
		wants(t, name+": another is ticked", d.App.Submit(t.Context(), d.Who["m1"], id, 1, []string{"duplicate"}), "payout.ack")
		wants(t, name, d.App.Submit(t.Context(), d.Who["m1"], id, 1, []string{name, "duplicate", "nonsense"}), "")
		if s := d.Get(id); fmt.Sprint(s.Acks) != "["+name+"]" {
			t.Errorf("%s: kept %v", name, s.Acks)
		}
	}
}

// TestNobodyCouldApprove: a submission that nobody on this desk could approve is refused with what is missing, and kept as a draft.
func TestNobodyCouldApprove(t *testing.T) {
	d := desktest.New(t)
	// Three approvers, one senior: when the senior is suspended nothing above a million can go.
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who["s1"].Person, "left"))
	id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "n", Content: d.Content(1_000_000_01), Submit: true})
	wants(t, "no senior", err, "payout.nobody")
	if s := d.Get(id); s.State != payout.Draft {
		t.Errorf("kept as %s", s.State)
	}
	if l := fault.As(err); len(l) != 1 || l[0].Field != "form" || fmt.Sprint(l[0].Args[1:]) != "[3 1 1 band-3 senior [] []]" {
		t.Errorf("it does not say who is missing: %v", l[0].Args)
	}
	id = d.Submit(1_000_000_00)
	d.Approve(id, "a1", "a2")
	// And the one who is left cannot be two people.
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who["a2"].Person, "left"))
	_, err = d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "m", Content: d.Content(100_000_01), Submit: true})
	wants(t, "one approver", err, "payout.nobody")
	_, err = d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "o", Content: d.Content(100_000_00), Submit: true})
	wants(t, "exactly the first band", err, "")
}

// TestSeniorSeat: above a million the third signature must be a senior's: others are told who can.
func TestSeniorSeat(t *testing.T) {
	d := desktest.New(t)
	roles := rolesOf(t, "approver")
	pid, err := d.App.AddFounderHashed(t.Context(), app.NewPerson{Email: "a3@x.test", Name: "A3", Roles: roles}, "x")
	must(t, err)
	d.Who["a3"] = app.Who{Person: pid, Email: "a3@x.test"}
	id := d.Submit(1_000_000_01)
	d.Approve(id, "a1", "a2")
	err = d.App.Approve(t.Context(), d.Who["a3"], id, d.Get(id).Digest, app.Proof{})
	wants(t, "third without a senior", err, "approve.seat")
	if fault.KindOf(err) != fault.Denied || !strings.Contains(fmt.Sprint(fault.As(err)[0].Args), "Person s1") {
		t.Errorf("it does not name who can: %v", fault.As(err)[0].Args)
	}
	d.Approve(id, "s1")
	if d.Get(id).State != payout.Approved {
		t.Error(d.Get(id).State)
	}
	matches(t, d, oracle(t, d))
}

// TestReplacement: only a confirmed failure or a return may be paid again, for at most the sum that came back, by one living replacement at a time;
// a replacement of it is refused while the chain has a living end. Design "Life of a payout".
func TestReplacement(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	n := 0
	replace := func(old payout.ID, minor int64) (payout.ID, error) {
		n++
		return d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: fmt.Sprint("r", n), Content: d.Content(minor), Replaces: old})
	}
	open := d.Approved(10_000_57)
	d.Send()
	_, err := replace(open, 10_000_00)
	wants(t, "unknown", err, "replace.not_confirmed")

	byHook := d.Approved(20_000_51)
	d.Send()
	d.Clock.Add(3 * time.Second)
	d.Deliver()
	if s := d.Get(byHook); s.State != payout.Failed || s.Confirmed {
		t.Fatalf("%s %v", s.State, s.Confirmed)
	}
	_, err = replace(byHook, 20_000_00)
	wants(t, "failed, unconfirmed", err, "replace.not_confirmed")
	d.Settle()
	first, err := replace(byHook, 20_000_00)
	wants(t, "failed, confirmed", err, "")
	_, err = replace(byHook, 20_000_00)
	wants(t, "second living replacement", err, "replace.alive")
	must(t, d.App.Cancel(ctx, d.Who["m1"], first, "no"))
	second, err := replace(byHook, 19_999_60)
	wants(t, "after the first was cancelled", err, "")
	if d.Get(second).Content.Replaces != byHook {
		t.Error("it does not say what it replaces")
	}
	must(t, d.App.Edit(ctx, d.Who["m2"], second, 1, app.Entry{Content: d.Content(19_999_60), Submit: true}))
	if d.Get(second).Content.Replaces != byHook {
		t.Error("an edit lost what it replaces")
	}
	d.Approve(second, "a1")
	d.Clock.Add(4 * time.Second)
	d.Send()
	if s := d.Get(second); s.State != payout.Failed || !s.Confirmed {
		t.Fatalf("%s %v", s.State, s.Confirmed)
	}
	// Now the debt hangs on the second one: replacing the first as well would pay it twice.
	if _, err = replace(byHook, 19_000_00); err == nil {
		if _, err = replace(second, 19_000_00); err == nil {
			t.Error("one debt has two living replacements")
		}
	}

	returned := d.Approved(30_000_67)
	d.Send()
	d.Settle()
	if s := d.Get(returned); s.State != payout.Returned {
		t.Fatal(s.State)
	}
	_, err = replace(returned, 30_000_68)
	wants(t, "more than came back", err, "replace.sum")
	third, err := replace(returned, 30_000_67)
	wants(t, "what came back", err, "")
	wants(t, "edited to more", d.App.Edit(ctx, d.Who["m1"], third, 1, app.Entry{Content: d.Content(40_000_00)}), "replace.sum")

	paid := d.Approved(50_000_00)
	d.Send()
	d.Settle()
	_, err = replace(paid, 50_000_00)
	wants(t, "paid", err, "replace.not_confirmed")
	d.Verify()
}

// TestReplacement_OriginalPaidAfterAll: a payout failed, confirmed, and is being paid again by its replacement; then the bank pays the old one after
// all (row 68). The replacement is frozen: it does not leave, submitted, approved or not, and it says why. Promise 1.
func TestReplacement_OriginalPaidAfterAll(t *testing.T) {
	for _, stage := range []string{"draft", "pending_approval", "approved"} {
		d := desktest.New(t)
		ctx := t.Context()
		old := d.Approved(10_000_68)
		d.Send()
		d.Clock.Add(3 * time.Second)
		d.Deliver()
		d.Poll()
		if s := d.Get(old); s.State != payout.Failed || !s.Confirmed {
			t.Fatalf("%s %v", s.State, s.Confirmed)
		}
		id, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "r", Content: d.Content(10_000_00), Replaces: old, Submit: stage != "draft"})
		must(t, err)
		if stage == "approved" {
			d.Approve(id, "a1")
		}
		d.Clock.Add(11 * time.Second) // the bank pays after all, before the countdown's claim
		d.Deliver()
		d.Poll()
		if s := d.Get(old); s.State != payout.Succeeded || !s.Review {
			t.Fatalf("%s review %v", s.State, s.Review)
		}
		if stage == "draft" {
			wants(t, "submitted after the old one was paid", d.App.Submit(ctx, d.Who["m1"], id, 1, nil), "replace.not_confirmed")
			continue
		}
		if stage == "pending_approval" {
			if err := d.App.Approve(ctx, d.Who["a1"], id, d.Get(id).Digest, app.Proof{}); err != nil && fault.KindOf(err) == 0 {
				t.Error(err)
			}
			d.Clock.Add(4 * time.Second)
		}
		for range 3 {
			if o := d.Claim(); o != nil {
				t.Fatalf("%s: the replacement was sent, the old one is paid", stage)
			}
			d.Clock.Add(time.Hour)
		}
		desk, err := d.App.Desk(ctx)
		must(t, err)
		if s := d.Get(id); s.State == payout.Approved && desk.Held(s.State, s.Why, s.Content.DueDate, s.SendAt, s.HeldUntil, d.Clock.Now()) == "" {
			t.Errorf("%s: nothing says why it is held", stage)
		}
		d.Verify()
	}
}

// TestReplacement_DeadOneComesBack: a replacement that ended is replaced again and then turns out to be alive. The bank's word is applied: no fence of the
// database may stop the worker that applies messages.
func TestReplacement_DeadOneComesBack(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	old := d.Approved(10_000_60) // refused: confirmed at once
	d.Send()
	second, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "b", Content: d.Content(9_999_68), Replaces: old, Submit: true})
	must(t, err)
	d.Approve(second, "a1")
	d.Clock.Add(4 * time.Second)
	d.Send()
	d.Clock.Add(3 * time.Second)
	d.Deliver()
	d.Poll()
	if s := d.Get(second); s.State != payout.Failed || !s.Confirmed {
		t.Fatalf("%s %v", s.State, s.Confirmed)
	}
	for i, of := range []payout.ID{old, second} {
		if _, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: fmt.Sprint("c", i), Content: d.Content(9_000_00), Replaces: of}); err != nil && fault.KindOf(err) == 0 {
			t.Fatal(err)
		}
	}
	d.Settle() // row 68: paid after all
	if s := d.Get(second); s.State != payout.Succeeded || !s.Review {
		t.Errorf("%s review %v", s.State, s.Review)
	}
	d.Verify()
}

// TestExpiry: a submission older than the rules allow expires, pending or approved, a moment after and not before; what was asked does not.
func TestExpiry(t *testing.T) {
	d := desktest.New(t)
	asked := d.Approved(10_000_57)
	d.Send()
	pending, approved := d.Submit(1_00), d.Submit(2_00)
	must(t, d.App.Halt(t.Context(), d.Who["a1"], "wait"))
	d.Approve(approved, "a1")
	expire := func() bool {
		did, err := d.App.ExpireNext(t.Context())
		must(t, err)
		return did
	}
	d.Clock.Add(14 * 24 * time.Hour)
	if expire() {
		t.Error("expired too early")
	}
	d.Clock.Add(time.Second)
	for expire() {
	}
	for id, want := range map[payout.ID]payout.State{pending: payout.Expired, approved: payout.Expired, asked: payout.Unknown} {
		if s := d.Get(id); s.State != want {
			t.Errorf("%s, want %s", s.State, want)
		}
	}
	wants(t, "approve an expired one", d.App.Approve(t.Context(), d.Who["a2"], pending, d.Get(pending).Digest, app.Proof{}), "approve.state")
	d.Verify()
}

// TestCountdown: an approved payout can be taken back, rejected, edited and cancelled until it is claimed; it is not claimed a moment before the countdown's end.
func TestCountdown(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	id := d.Submit(500_000_00)
	d.Approve(id, "a1", "a2")
	d.Clock.Add(3*time.Second - time.Microsecond)
	if d.Claim() != nil {
		t.Fatal("claimed during the countdown")
	}
	must(t, d.App.TakeBack(ctx, d.Who["a1"], id, d.Get(id).Digest))
	d.Clock.Add(time.Hour)
	if s := d.Get(id); s.State != payout.PendingApproval || d.Claim() != nil {
		t.Fatalf("after a take-back: %s", s.State)
	}
	wants(t, "take back what was not given", d.App.TakeBack(ctx, d.Who["s1"], id, d.Get(id).Digest), "approve.none")
	wants(t, "take back twice", d.App.TakeBack(ctx, d.Who["a1"], id, d.Get(id).Digest), "approve.none")
	d.Approve(id, "a1")
	must(t, d.App.Reject(ctx, d.Who["s1"], id, d.Get(id).Digest, "wrong"))
	id = d.Approved(500_000_00)
	must(t, d.App.Cancel(ctx, d.Who["m2"], id, "not needed"))
	id = d.Approved(500_000_00)
	must(t, d.App.Edit(ctx, d.Who["m2"], id, 1, app.Entry{Content: d.Content(500_000_00)}))
	if d.Claim() != nil {
		t.Fatal("something left")
	}
	id = d.Approved(500_000_00)
	if d.Claim() == nil {
		t.Fatal("nothing left")
	}
	for what, err := range map[string]error{
		"take back": d.App.TakeBack(ctx, d.Who["a1"], id, d.Get(id).Digest), "reject": d.App.Reject(ctx, d.Who["s1"], id, d.Get(id).Digest, "no"),
		"cancel": d.App.Cancel(ctx, d.Who["m1"], id, "no"), "edit": d.App.Edit(ctx, d.Who["m1"], id, 1, app.Entry{Content: d.Content(1_00)}),
	} {
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s after the claim: %v", what, err)
		}
	}
	matches(t, d, oracle(t, d))
}

// TestSuspendedApprover: an approver who lost standing before the claim no longer counts: the payout comes back to pending, and leaves when somebody else
// has approved. Design: "at the claim, an approver lost standing".
func TestSuspendedApprover(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	id := d.Approved(500_000_00)
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["a1"].Person, "left the firm"))
	if d.Claim() != nil {
		t.Fatal("claimed on the word of somebody suspended")
	}
	if s := d.Get(id); s.State != payout.PendingApproval || s.Why != "standing" {
		t.Fatalf("%s %q", s.State, s.Why)
	}
	wants(t, "the suspended one again", d.App.Approve(ctx, d.Who["a1"], id, d.Get(id).Digest, app.Proof{}), "denied.suspended")
	d.Approve(id, "s1")
	d.Clock.Add(4 * time.Second)
	if d.Claim() == nil {
		t.Error("not claimed")
	}
	oracle(t, d)
	d.Verify()
}

// TestCameBackWhy: the page says what is so: that an approval counts no more, where one that counted was lost, whatever rules are in force; else that more is asked for, also where
// it is a sum that grew under the same rules.
func TestCameBackWhy(t *testing.T) {
	renamed := func(t *testing.T, d *desktest.Desk) {
		set := desktest.Rules()
		set.Name, set.ExpiryDays = "renamed", 13
		setRules(t, d, set)
	}
	stricter := func(t *testing.T, d *desktest.Desk) { setRules(t, d, band1(3, "stricter")) }
	suspend := func(who string) func(*testing.T, *desktest.Desk) {
		return func(t *testing.T, d *desktest.Desk) {
			must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who[who].Person, "left"))
		}
	}
	for _, c := range []struct {
		name   string
		yes    []string
		before func(*testing.T, *desktest.Desk) // after the first yes
		then   []func(*testing.T, *desktest.Desk)
		why    string
	}{
		{"an approver was suspended", []string{"a1"}, nil, []func(*testing.T, *desktest.Desk){suspend("a1")}, "standing"},
		{"so they were, and other rules ask for the same", []string{"a1"}, nil, []func(*testing.T, *desktest.Desk){renamed, suspend("a1")}, "standing"},
		{"so they were, and other rules ask for more", []string{"a1"}, nil, []func(*testing.T, *desktest.Desk){stricter, suspend("a1")}, "standing"},
		{"other rules ask for more", []string{"a1"}, nil, []func(*testing.T, *desktest.Desk){stricter}, "rules"},
		{"and somebody was lost before the last yes", []string{"a1", "a2", "s1"}, func(t *testing.T, d *desktest.Desk) {
			suspend("a1")(t, d)
			must(t, d.App.ProposePersonChange(t.Context(), d.Who["d1"], d.Who["u1"].Person, []string{"approver"}, "", 0, ""))
			accept(t, d, approval.Person, d.Who["u1"].Person, "d2")
		}, []func(*testing.T, *desktest.Desk){stricter}, "rules"},
		{"a soft limit asks for one more", []string{"a1"}, nil, []func(*testing.T, *desktest.Desk){func(t *testing.T, d *desktest.Desk) {
			setLimits(t, d, approval.Limits{Payout: approval.Bound{SoftMinor: 5_000_00, HardMinor: 900_000_00}})
		}}, "rules"},
		{"the account is blocked, and the approver suspended", []string{"a1"}, nil, []func(*testing.T, *desktest.Desk){suspend("a1"), func(t *testing.T, d *desktest.Desk) {
			set := desktest.Rules()
			set.Name, set.Rules = "blocked", append(set.Rules, approval.Rule{Name: "never", When: approval.When{OverMinor: 1}, Blocked: "no"})
			setRules(t, d, set)
		}}, "blocked"},
	} {
		d := desktest.New(t)
		if c.before != nil {
			setRules(t, d, band1(2, "two"))
		}
		p := d.Submit(10_000_00)
		for i, who := range c.yes {
			d.Approve(p, who)
			if i == 0 && c.before != nil {
				c.before(t, d)
			}
		}
		for _, do := range c.then {
			do(t, d)
		}
		d.Clock.Add(10 * time.Second)
		d.Claim()
		if s := d.Get(p); s.State != payout.PendingApproval || s.Why != c.why {
			t.Errorf("%s: %s because of %q, want %q", c.name, s.State, s.Why, c.why)
		}
	}
	// The day's sum asks for more, under the same rules.
	d := desktest.New(t)
	set := desktest.Rules()
	set.Name = "day"
	set.Rules = append(set.Rules, approval.Rule{Name: "day", When: approval.When{Sums: []approval.SumOver{{Of: "company", Per: "day", OverMinor: 15_000_00}}},
		Steps: []approval.Step{{Count: 2, Roles: []approval.Role{approval.Approver}}}})
	setRules(t, d, set)
	p, q := d.Submit(10_000_00), d.Submit(11_000_00)
	d.Approve(p, "a1")
	d.Approve(q, "a1")
	d.Clock.Add(10 * time.Second)
	d.Send()
	d.Claim()
	if s := d.Get(q); s.State != payout.PendingApproval || s.Why != "rules" {
		t.Errorf("the day's sum is over: %s because of %q, and everybody's approval counts", s.State, s.Why)
	}
}

// TestHalt: one person stops everything at once; nothing is claimed; two others release it, the one who pulled it never counts; a second stop while
// one stands is refused; a stop of the desk's own is released by any two. Design "Who decides what".
func TestHalt(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	d.Approved(100_00)
	wants(t, "a maker", d.App.Halt(ctx, d.Who["m1"], "x"), "denied.role")
	wants(t, "an auditor", d.App.Halt(ctx, d.Who["u1"], "x"), "denied.role")
	wants(t, "no reason", d.App.Halt(ctx, d.Who["a1"], " "), "reason.needed")
	must(t, d.App.Halt(ctx, d.Who["a1"], "something is odd"))
	wants(t, "again", d.App.Halt(ctx, d.Who["d1"], "x"), "halt.on")
	stopped := func() bool {
		t.Helper()
		d.Clock.Add(time.Minute)
		return d.Claim() == nil
	}
	if !stopped() {
		t.Fatal("claimed while stopped")
	}
	wants(t, "who pulled it", d.App.Resume(ctx, d.Who["a1"]), "halt.own")
	wants(t, "a page of another stop", d.App.ResumeProved(ctx, d.Who["d1"], 7, app.Proof{}), "halt.moved")
	wants(t, "a maker", d.App.Resume(ctx, d.Who["m1"]), "denied.role")
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	if !stopped() {
		t.Fatal("released by one person")
	}
	d.Restart() // a stop survives
	if !stopped() {
		t.Fatal("a restart released it")
	}
	must(t, d.App.SuspendPerson(ctx, d.Who["d2"], d.Who["a2"].Person, "left"))
	wants(t, "somebody suspended", d.App.Resume(ctx, d.Who["a2"]), "denied.suspended")
	must(t, d.App.Resume(ctx, d.Who["s1"]))
	if d.Claim() == nil {
		t.Fatal("released by two, and nothing leaves")
	}
	wants(t, "nothing is stopped", d.App.Resume(ctx, d.Who["s1"]), "halt.off")

	// Row 61 stops everything by itself; any two release it.
	d.Approved(10_000_61)
	d.Send()
	must(t, d.App.Resume(ctx, d.Who["a1"]))
	must(t, d.App.Resume(ctx, d.Who["s1"]))
	if desk, err := d.App.Desk(ctx); err != nil || desk.Halt != nil {
		t.Errorf("%+v %v", desk.Halt, err)
	}
	d.Verify()
}

// TestCredentialRefusal: after the bank refused our credentials and two people released the stop, nothing is claimed until a balance call answered
// properly, in this process or in the next; then claims go one at a time; the second refusal of the same payout is its end. Design "Asking the bank".
func TestCredentialRefusal(t *testing.T) {
	for _, restart := range []bool{false, true} {
		d := desktest.New(t)
		ctx := t.Context()
		id := d.Approved(10_000_61)
		other := d.Approved(20_000_00)
		d.Send()
		if s := d.Get(id); s.State != payout.Approved || !s.CredentialNo || s.Asked {
			t.Fatalf("%s %v", s.State, s.CredentialNo)
		}
		must(t, d.App.Resume(ctx, d.Who["a1"]))
		must(t, d.App.Resume(ctx, d.Who["a2"]))
		if restart {
			d.Restart()
		}
		if o := d.Claim(); o != nil && o.Payout == string(id) {
			t.Fatalf("restart %v: sent again before the bank answered a balance call", restart)
		}
		if !restart && !d.App.NeedProbe() {
			t.Fatal("no balance call is asked for")
		}
		wants(t, "an edit", d.App.Edit(ctx, d.Who["m1"], id, 1, app.Entry{Content: d.Content(1_00)}), "payout.asked")
		for range 3 { // the dispatcher does what it is asked
			if d.App.NeedProbe() {
				d.App.Probed()
			}
			if o := d.Claim(); o != nil && o.Payout == string(id) {
				if d.Claim() != nil {
					t.Error("two at a time after a credential refusal")
				}
				a, raw := d.Ask(o)
				must(t, d.App.Answered(ctx, o, a, raw))
			}
		}
		if s := d.Get(id); s.State != payout.Failed || s.Why != "authentication_error" {
			t.Errorf("restart %v: second refusal: %s %q", restart, s.State, s.Why)
		}
		_ = other
		d.Verify()
	}
}

// TestClaim_AlteredRow: a row changed past the desk stops all sending, in the very transaction that notices it: nothing else leaves with it. Promise 2.
func TestClaim_AlteredRow(t *testing.T) {
	for name, stmt := range map[string]string{
		"warnings":   `UPDATE payout SET acks = '["duplicate"]' WHERE id = ?`,
		"makers":     `UPDATE payout SET makers = '["somebody"]' WHERE id = ?`,
		"no makers":  `UPDATE payout SET makers = '[]' WHERE id = ?`,
		"digest":     `UPDATE payout SET digest = 'abc' WHERE id = ?`,
		"no digest":  `UPDATE payout SET digest = '' WHERE id = ?`,
		"decision":   `INSERT INTO decision SELECT kind, id, version, 'ghost', 9, email, answer, digest, rule_set, factor, at, batch FROM decision WHERE id = ?`,
		"a new mark": `UPDATE payout SET reference = 'cs1-1-x', key = 'k' WHERE id = ?`,
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			id := d.Approved(100_00)
			d.Approved(200_00)
			d.Exec(stmt, string(id))
			o, err := d.App.Claim(t.Context())
			if o != nil {
				t.Errorf("payout %s left in the commit that noticed the forgery", o.Payout)
			}
			must(t, err)
			desk, err := d.App.Desk(t.Context())
			must(t, err)
			if desk.Halt == nil || desk.Halt.Cause != "altered" || desk.Halt.Payout != id {
				t.Errorf("stop: %+v", desk.Halt)
			}
		})
	}
}

// TestSuspend: the rules of suspending: any administrator, at once, with a reason; never oneself, never so that fewer than two administrators are left; the
// sign-ins end in the same commit. Issue point 19.
func TestSuspend(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	acc, _, err := d.Store.AccountByEmail(ctx, "m1@x.test")
	must(t, err)
	_, s, err := d.App.SignIn(ctx, acc, app.Door{}, "")
	must(t, err)
	wants(t, "no reason", d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["m1"].Person, ""), "reason.needed")
	wants(t, "an approver", d.App.SuspendPerson(ctx, d.Who["a1"], d.Who["m1"].Person, "x"), "denied.role")
	wants(t, "oneself", d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["d1"].Person, "x"), "people.self")
	wants(t, "nobody", d.App.SuspendPerson(ctx, d.Who["d1"], "no such", "x"), "people.none")
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["m1"].Person, "left"))
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["m1"].Person, "left"))
	if _, ok, err := d.Store.LoginByID(ctx, s.ID); err != nil || ok {
		t.Errorf("the sign-in lives: %v %v", ok, err)
	}
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["d3"].Person, "left"))
	wants(t, "the second but last", d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["d2"].Person, "x"), "people.admins")
	wants(t, "by somebody suspended", d.App.SuspendPerson(ctx, d.Who["d3"], d.Who["a1"].Person, "x"), "denied.suspended")
	_, err = d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "f", Content: d.Content(1_00)})
	wants(t, "what the suspended one enters", err, "denied.suspended")
	d.Verify()
}

// TestUnknownIdentity: nobody, somebody who does not exist and an empty sign-in may do nothing at all. Promise C.9: an unknown identity is refused.
func TestUnknownIdentity(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	id := d.Submit(100_00)
	seen := d.Get(id).Digest
	for _, w := range []app.Who{{}, {Person: "no such"}, {Email: "m1@x.test"}, {Person: "system", Email: "dispatcher"}} {
		_, enter := d.App.Enter(ctx, w, app.Entry{Form: "f" + w.Person + w.Email, Content: d.Content(1_00)})
		for what, err := range map[string]error{
			"enter": enter, "edit": d.App.Edit(ctx, w, id, 1, app.Entry{Content: d.Content(1_00)}), "submit": d.App.Submit(ctx, w, id, 1, nil),
			"approve": d.App.Approve(ctx, w, id, seen, app.Proof{}), "take back": d.App.TakeBack(ctx, w, id, seen), "changes": d.App.AskChanges(ctx, w, id, seen, "x"),
			"reject": d.App.Reject(ctx, w, id, seen, "x"), "cancel": d.App.Cancel(ctx, w, id, "x"), "halt": d.App.Halt(ctx, w, "x"), "resume": d.App.Resume(ctx, w),
			"suspend": d.App.SuspendPerson(ctx, w, d.Who["a1"].Person, "x"), "look": d.App.Look(ctx, w, app.Reveal, "payout", string(id), "account"),
			"settings": d.App.SetAccount(ctx, w, 15, true),
		} {
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%+v may %s: %v", w, what, err)
			}
		}
		if n, err := d.App.RevealAccount(ctx, w, id); fault.KindOf(err) != fault.Denied || n != "" {
			t.Errorf("%+v sees %q: %v", w, n, err)
		}
	}
	if s := d.Get(id); s.State != payout.PendingApproval || s.Version != 1 {
		t.Error("something moved")
	}
}

// TestLooks: a whole account number is shown only to an auditor and only after the look stands in the history. Design "People".
func TestLooks(t *testing.T) {
	d := desktest.New(t)
	id := d.Submit(100_00)
	for _, w := range []string{"m1", "a1", "s1", "d1"} {
		if n, err := d.App.RevealAccount(t.Context(), d.Who[w], id); fault.KindOf(err) != fault.Denied || n != "" {
			t.Errorf("%s sees %q: %v", w, n, err)
		}
	}
	before := len(d.Events())
	n, err := d.App.RevealAccount(t.Context(), d.Who["u1"], id)
	must(t, err)
	all := d.Events()
	if last := all[len(all)-1]; len(all) != before+1 || last.Action != "look.account" || last.Subject != string(id) || last.Person != d.Who["u1"].Person || n != d.Get(id).Content.Account {
		t.Errorf("%d events, last %+v, number %q", len(all)-before, last, n)
	}
	if strings.Contains(string(all[len(all)-1].Payload), n) {
		t.Error("the history holds the number")
	}
	matches(t, d, oracle(t, d))
	d.Verify()
}

// TestFounders: people are added on the console before the first submission and never after; e-mails are one person's; a second sign-in of a person is that
// person. Design "Commands".
func TestFounders(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	add := func(p app.NewPerson) (string, error) { return d.App.AddFounderHashed(ctx, p, "x") }
	_, err := add(app.NewPerson{Email: "M1@x.test", Name: "Twice", Roles: rolesOf(t, "maker")})
	wants(t, "a taken address in capitals", err, "people.taken")
	_, err = add(app.NewPerson{Email: "new@x.test", Name: " ", Roles: rolesOf(t, "maker")})
	wants(t, "no name", err, "people.name")
	_, err = add(app.NewPerson{Email: "not an address", Name: "N", Roles: rolesOf(t, "maker")})
	wants(t, "no address", err, "people.email")
	_, err = add(app.NewPerson{Email: "z@x.test", SameAs: "nobody@x.test"})
	wants(t, "same as nobody", err, "people.none")
	same, err := add(app.NewPerson{Email: "m1-second@x.test", SameAs: "M1@x.test"})
	must(t, err)
	if same != d.Who["m1"].Person {
		t.Error("a second sign-in is another person")
	}
	_, err = d.App.AddFounder(ctx, app.NewPerson{Email: "short@x.test", Name: "N", Password: "short", Roles: rolesOf(t, "maker")})
	wants(t, "a short password", err, "password.short")
	// One person with a maker's and an approver's sign-in cannot approve their own work.
	both, err := add(app.NewPerson{Email: "b1@x.test", Name: "Both", Roles: rolesOf(t, "maker,approver")})
	must(t, err)
	_, err = add(app.NewPerson{Email: "b2@x.test", SameAs: "b1@x.test"})
	must(t, err)
	draft, err := d.App.Enter(ctx, app.Who{Person: both, Email: "b1@x.test"}, app.Entry{Form: "b", Content: d.Content(1_00)})
	must(t, err)
	_, err = add(app.NewPerson{Email: "still@x.test", Name: "N", Roles: rolesOf(t, "maker")})
	wants(t, "a draft alone does not end the founding", err, "")
	must(t, d.App.Submit(ctx, app.Who{Person: both, Email: "b1@x.test"}, draft, 1, nil))
	wants(t, "the other sign-in of the maker", d.App.Approve(ctx, app.Who{Person: both, Email: "b2@x.test"}, draft, d.Get(draft).Digest, app.Proof{}), "approve.own")
	_, err = add(app.NewPerson{Email: "late@x.test", Name: "Late", Roles: rolesOf(t, "maker")})
	wants(t, "after the first submission", err, "people.founded")
	_, err = add(app.NewPerson{Email: "late@x.test", SameAs: "m1@x.test"})
	wants(t, "another sign-in after it", err, "people.founded")
	d.Verify()
}

// TestSignIn: wrong names, wrong passwords and suspended people get one and the same answer; a sign-in gets a new id and ends the old one; only its own person
// ends another; a new password ends the others. Issue point 19.
func TestSignIn(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	const pw, next = "a phrase of six plain words", "another phrase of plain words"
	_, err := d.App.AddFounder(ctx, app.NewPerson{Email: "pat@x.test", Name: "Pat", Password: pw, Roles: rolesOf(t, "maker")})
	must(t, err)
	for _, c := range [][2]string{{"pat@x.test", "wrong phrase of six words"}, {"nobody@x.test", pw}, {"", ""}, {"pat@x.test", ""}, {"pat@x.test", strings.Repeat("x", 100_000)}} {
		_, _, err := d.App.CheckPassword(ctx, c[0], c[1])
		wants(t, c[0], err, "signin.wrong")
	}
	acc, p, err := d.App.CheckPassword(ctx, " PAT@x.test ", pw)
	must(t, err)
	w := app.Who{Person: p.ID, Email: acc.Email}
	_, one, err := d.App.SignIn(ctx, acc, app.Door{Agent: "\xff" + strings.Repeat("a", 5000), IP: strings.Repeat("1", 500)}, "")
	must(t, err)
	token, two, err := d.App.SignIn(ctx, acc, app.Door{}, one.ID)
	must(t, err)
	if id, ok := auth.TokenID(token); !ok || one.ID == two.ID || token == two.ID || id != two.ID {
		t.Error("ids of sign-ins are not new, or the table opens a door")
	}
	alive := func(id string) bool {
		_, ok, err := d.Store.LoginByID(ctx, id)
		must(t, err)
		return ok
	}
	if alive(one.ID) || !alive(two.ID) {
		t.Error("the old sign-in lives on")
	}
	_, three, err := d.App.SignIn(ctx, acc, app.Door{}, "")
	must(t, err)
	wants(t, "somebody else's", d.App.EndSignIn(ctx, d.Who["m1"], two.ID), "notfound")
	must(t, d.App.EndSignIn(ctx, w, three.ID))
	_, three, err = d.App.SignIn(ctx, acc, app.Door{}, "")
	must(t, err)
	w.Login = two.ID
	wants(t, "wrong present one", d.App.ChangePassword(ctx, w, "wrong phrase of six words", next), "password.wrong")
	wants(t, "the same", d.App.ChangePassword(ctx, w, pw, pw), "password.same")
	wants(t, "short", d.App.ChangePassword(ctx, w, pw, "short"), "password.short")
	must(t, d.App.ChangePassword(ctx, w, pw, next))
	if alive(three.ID) || !alive(two.ID) {
		t.Error("a new password ends the others and keeps this one")
	}
	_, _, err = d.App.CheckPassword(ctx, "pat@x.test", pw)
	wants(t, "the old password", err, "signin.wrong")
	for _, n := range []int{0, 4, 61, -1} {
		wants(t, fmt.Sprint(n), d.App.SetAccount(ctx, w, n, true), "account.idle")
	}
	must(t, d.App.SetAccount(ctx, w, 5, false))
	must(t, d.App.SignOut(ctx, w))
	if alive(two.ID) {
		t.Error("signed out and alive")
	}
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], p.ID, "left"))
	_, _, err = d.App.CheckPassword(ctx, "pat@x.test", next)
	wants(t, "suspended", err, "signin.wrong")
	_, _, err = d.App.SignIn(ctx, acc, app.Door{}, "")
	wants(t, "suspended between the check and the sign-in", err, "signin.wrong")
	d.Verify()
}

// TestPolling: how often the bank is asked, by the age of the wait: every 20 s for 10 min, every minute to 1 h, every 15 min to 24 h, then hourly; three times as
// slow while it answers 429; a confirmed end once a day for ten banking days, then no more. Design "Asking the bank".
func TestPolling(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	id := d.Approved(10_000_71)
	o := d.Claim()
	s := d.Get(id)
	view := func(status, p string) protocol.SessionView {
		return protocol.SessionView{ID: "ps_t", Status: status, NextAction: "", UpdatedAt: d.Clock.Now(), Payouts: []protocol.PayoutView{{ID: "po_t", Status: p, AmountMinor: 10_000_71, Currency: "rub", Reference: s.Reference}}}
	}
	v := view("in_progress", "in_progress")
	must(t, d.App.Answered(ctx, o, protocol.Answer{GotConn: true, HTTP: 200, JSON: true, Status: "ok", Session: &v}, protocol.Raw{HTTP: 200}))
	began := d.Clock.Now()
	next := func(f protocol.Fetch) time.Duration {
		t.Helper()
		p, err := d.App.DuePoll(ctx)
		must(t, err)
		if p == nil {
			t.Fatal("nothing is due")
		}
		if again, err := d.App.DuePoll(ctx); err != nil || again != nil {
			t.Fatalf("handed out twice: %v %v", again, err)
		}
		f.Asked = p.Session
		must(t, d.App.Fetched(ctx, p, f, protocol.Raw{HTTP: 200}))
		at, err := d.Store.NextPollAt(ctx)
		must(t, err)
		if at.IsZero() {
			return 0
		}
		wait := at.Sub(d.Clock.Now())
		if early, err := d.App.DuePoll(ctx); err != nil || early != nil {
			t.Fatalf("due at once: %v %v", early, err)
		}
		d.Clock.Add(wait)
		return wait
	}
	for i := 0; d.Clock.Now().Sub(began) < 30*time.Hour; i++ {
		age := d.Clock.Now().Sub(began)
		want := time.Hour
		switch {
		case age < 10*time.Minute:
			want = 20 * time.Second
		case age < time.Hour:
			want = time.Minute
		case age < 24*time.Hour:
			want = 15 * time.Minute
		}
		f := protocol.Fetch{Session: view("in_progress", "in_progress")}
		switch i % 5 {
		case 1:
			f = protocol.Fetch{Problem: "down"}
		case 2:
			f, want = protocol.Fetch{Problem: "slow"}, 3*want
		case 3:
			f = protocol.Fetch{Problem: "credentials"}
		case 4:
			f = protocol.Fetch{Problem: "refused"} // of the bound session: moves nothing
		}
		if got := next(f); got != want {
			t.Fatalf("at %s (%s) the next follows after %s, want %s", age, f.Problem, got, want)
		}
		if st := d.Get(id).State; st != payout.InProgress {
			t.Fatalf("a poll moved it to %s", st)
		}
	}
	// A confirmed end.
	days := 0
	for wait := next(protocol.Fetch{Session: view("accepted", "succeeded")}); wait != 0; wait = next(protocol.Fetch{Session: view("accepted", "succeeded")}) {
		if wait != 24*time.Hour {
			t.Fatalf("after the end: %s", wait)
		}
		if days++; days > 30 {
			t.Fatal("it never ends")
		}
	}
	if banking := (calendar.Calendar{}).BankDays(d.Get(id).SentAt, d.Clock.Now()); banking <= 10 || banking > 12 {
		t.Errorf("asked until banking day %d", banking)
	}
	if s := d.Get(id); s.State != payout.Succeeded || !s.Confirmed {
		t.Errorf("%s %v", s.State, s.Confirmed)
	}
	d.Verify()
}

// TestAlarmsOnce: an alarm that every poll would repeat stands in the history once; the same doubt fetched again writes nothing.
func TestAlarmsOnce(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_66) // asks for a confirmation that this desk never gives
	d.Send()
	d.Clock.Add(3 * time.Second)
	d.Deliver()
	for range 10 {
		d.Clock.Add(time.Minute)
		for {
			p, err := d.App.DuePoll(t.Context())
			must(t, err)
			if p == nil {
				break
			}
			s := d.Get(id)
			must(t, d.App.Fetched(t.Context(), p, protocol.Fetch{Asked: p.Session, Session: protocol.SessionView{ID: p.Session, Status: "in_progress", NextAction: "confirm",
				Payouts: []protocol.PayoutView{{ID: "po", AmountMinor: s.Content.Amount.Minor, Currency: "rub", Reference: s.Reference, Status: "pending"}}}}, protocol.Raw{HTTP: 200}))
		}
	}
	alarms, fetched := 0, 0
	for _, e := range d.Events() {
		switch {
		case e.Action == "payout.alarm" && strings.Contains(string(e.Payload), "confirm_asked"):
			alarms++
		case e.Action == "payout.fetched":
			fetched++
		}
	}
	if alarms != 1 || fetched > 2 {
		t.Errorf("%d alarms, %d fetches in the history", alarms, fetched)
	}
	d.Verify()
}

// TestShownAfterEdit: a call that never had a connection, then an edit back to draft, and then the bank shows a session with our reference all the same. However impossible: it becomes unknown,
// flagged, sending stops, and the desk goes on reading and applying. Design: "draft ... to unknown ... a fetched status with our reference".
func TestShownAfterEdit(t *testing.T) {
	for _, next := range []string{"draft", "pending_approval", "cancelled"} {
		d := desktest.New(t)
		ctx := t.Context()
		id := d.Approved(10_000_00)
		o := d.Claim()
		_, raw := d.Ask(o) // the bank had it
		must(t, d.App.Answered(ctx, o, noConn, noRaw))
		must(t, d.App.Edit(ctx, d.Who["m2"], id, 1, app.Entry{Content: d.Content(30_000_00), Submit: next == "pending_approval"}))
		if next == "cancelled" {
			must(t, d.App.Cancel(ctx, d.Who["m1"], id, "no"))
		}
		_ = raw
		d.Settle()
		s := d.Get(id)
		if s.State != payout.Unknown || !s.Review {
			t.Errorf("%s: %s review %v", next, s.State, s.Review)
		}
		desk, err := d.App.Desk(ctx)
		must(t, err)
		if desk.Halt == nil {
			t.Errorf("%s: nothing is stopped", next)
		}
		must(t, d.App.StoreWebhook(ctx, d.Message(id, "ps_later", "payment_finished", "accepted", "succeeded", d.Clock.Now()), "k"))
		d.Apply()
		d.Clock.Add(time.Hour)
		d.Poll()
		matches(t, d, oracle(t, d))
		d.Verify()
	}
}

// TestClaim_Waits: nothing is claimed while a message is not applied, for it may be about any payout; nor while a genuine message carries the payout's own reference, until a fetch shows that
// its session is somebody else's: then it goes. Design "Life of a payout": held evidence.
func TestClaim_Waits(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	id := d.Approved(10_000_00)
	must(t, d.App.StoreWebhook(ctx, []byte("about anything"), "k"))
	if d.Claim() != nil {
		t.Fatal("claimed beside a message that was not applied")
	}
	d.Apply()
	o := d.Claim()
	if o == nil {
		t.Fatal("not claimed")
	}
	must(t, d.App.Answered(ctx, o, noConn, noRaw))
	must(t, d.App.StoreWebhook(ctx, d.Message(id, "ps_foreign", "payment_finished", "accepted", "succeeded", d.Clock.Now()), "k"))
	d.Apply()
	if d.Claim() != nil {
		t.Fatal("claimed beside a genuine message with its reference")
	}
	desk, err := d.App.Desk(ctx)
	must(t, err)
	if s := d.Get(id); desk.Held(s.State, s.Why, s.Content.DueDate, s.SendAt, s.HeldUntil, d.Clock.Now()) != "evidence" {
		t.Errorf("%s %q", s.State, s.Why)
	}
	d.Poll() // the bank knows no such session
	if o = d.Claim(); o == nil {
		t.Fatal("still held after the bank disowned the session")
	}
	a, raw := d.Ask(o)
	must(t, d.App.Answered(ctx, o, a, raw))
	d.Settle()
	if s := d.Get(id); s.State != payout.Succeeded || d.Ledger()[s.Reference].Requests != 1 {
		t.Errorf("%s", s.State)
	}
	d.Verify()
}

// TestClaim_Anchor: when the head cannot be written to the anchor, nothing leaves: the claim is put back as what it is, and goes once the anchor can be written. Promise 6.
func TestClaim_Anchor(t *testing.T) {
	d := desktest.New(t)
	id := d.Approved(10_000_00)
	block := d.Anchor() + ".tmp"
	must(t, os.MkdirAll(filepath.Join(block, "in the way"), 0o700))
	for range 3 {
		if o, err := d.App.Claim(t.Context()); o != nil || err == nil {
			t.Fatalf("claimed without an anchor: %v %v", o, err)
		}
		if s := d.Get(id); s.State != payout.Approved || s.Asked {
			t.Fatalf("%s, asked %v", s.State, s.Asked)
		}
	}
	must(t, os.RemoveAll(block))
	if !d.Send() {
		t.Error("not sent with an anchor")
	}
	if e := d.Ledger()[d.Get(id).Reference]; e.Requests != 1 {
		t.Errorf("%d requests", e.Requests)
	}
	d.Verify()
}

// TestCopyRules: what may be copied and what may be paid again, for every state and mark: never what may still be paid.
func TestCopyRules(t *testing.T) {
	for _, st := range payout.States() {
		for _, confirmed := range []bool{false, true} {
			for _, review := range []bool{false, true} {
				s := payout.Snapshot{State: st, Confirmed: confirmed, Review: review}
				if st == payout.Returned {
					s.ReturnedMinor = 100
				}
				again := !review && confirmed && (st == payout.Failed || st == payout.Returned)
				copied := !review && !st.Open() && (st != payout.Failed || confirmed)
				if app.CanReplace(s) != again || app.CanCopy(s) != copied {
					t.Errorf("%s confirmed %v review %v: replace %v, copy %v", st, confirmed, review, app.CanReplace(s), app.CanCopy(s))
				}
			}
		}
	}
}
