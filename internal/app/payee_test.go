package app_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

const payeeBIK = "044525974"

// acct is the n-th account whose key fits.
func acct(n int) payee.Account {
	return payee.Account{BIK: payeeBIK, Number: bankdetails.WithAccountKey(payeeBIK, fmt.Sprintf("408178109%011d", n))}
}

func somebody(accounts ...payee.Account) payee.Content {
	return payee.Content{Kind: payee.Person, FullName: "Сидорова Анна Петровна", Accounts: accounts, Groups: []string{"аренда"}}
}

// vouch proposes a version by one person and approves it by another; it returns the version in force.
func vouch(t testing.TB, d *desktest.Desk, id, by, yes string, c payee.Content, acks ...string) int {
	t.Helper()
	seen, err := d.Store.InForceVersion(t.Context(), approval.Payee, id)
	must(t, err)
	must(t, d.App.ProposePayee(t.Context(), d.Who[by], app.PayeeEntry{ID: id, Seen: seen, Content: c, Acks: acks}))
	must(t, d.App.Accept(t.Context(), d.Who[yes], approval.Payee, id, openDigest(t, d, id), app.Proof{}))
	n, err := d.Store.InForceVersion(t.Context(), approval.Payee, id)
	must(t, err)
	return n
}

func openDigest(t testing.TB, d *desktest.Desk, id string) string {
	t.Helper()
	ps, err := d.Store.Proposals(t.Context(), approval.Payee, id, 1)
	must(t, err)
	if len(ps) == 0 || ps[0].State != "" {
		return ""
	}
	return ps[0].Digest
}

// to is a payout's content that names a payee and this account of it.
func to(id string, c payee.Content, a payee.Account, minor int64) payout.Content {
	return payout.Content{PayeeID: id, Details: bankdetails.Details{FullName: c.FullName, BIK: a.BIK, Account: a.Number, INN: c.INN, KPP: c.KPP,
		Description: "Аренда за ноябрь, НДС не облагается"}, AmountText: fmt.Sprintf("%d.%02d", minor/100, minor%100)}
}

// TestPayee: a payee is nobody's until a second person agreed; then its row, accounts and makers stand as its version says.
func TestPayee(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1), acct(2))
	propose := func(by string, seen int, c payee.Content, acks ...string) error {
		return d.App.ProposePayee(t.Context(), d.Who[by], app.PayeeEntry{ID: id, Seen: seen, Content: c, Acks: acks})
	}
	for _, by := range []string{"a1", "s1", "u1", "d1"} {
		wants(t, by+" proposes", propose(by, 0, c), "denied.role")
	}
	wants(t, "an id of nobody's making", d.App.ProposePayee(t.Context(), d.Who["m1"], app.PayeeEntry{ID: "x", Content: c}), "payee.form")
	wants(t, "no account", propose("m1", 0, somebody()), payee.CodeAccountsNone)
	must(t, propose("m1", 0, c))
	must(t, propose("m1", 0, c)) // the same form again
	wants(t, "another while one waits", propose("m2", 0, c), "subject.pending")
	wants(t, "another by the same", propose("m1", 0, somebody(acct(3))), "subject.pending")
	if _, is, err := d.Store.PayeeByID(t.Context(), id); is || err != nil {
		t.Fatalf("a payee in force before anybody agreed: %v", err)
	}
	digest := openDigest(t, d, id)
	wants(t, "its proposer agrees", d.App.Accept(t.Context(), d.Who["m1"], approval.Payee, id, digest, app.Proof{}), "denied.role")
	wants(t, "an administrator agrees", d.App.Accept(t.Context(), d.Who["d1"], approval.Payee, id, digest, app.Proof{}), "denied.role")
	wants(t, "another digest", d.App.Accept(t.Context(), d.Who["a1"], approval.Payee, id, "x", app.Proof{}), "approve.moved")
	wants(t, "no digest", d.App.Accept(t.Context(), d.Who["a1"], approval.Payee, id, "", app.Proof{}), "approve.digest")
	must(t, d.App.Accept(t.Context(), d.Who["a1"], approval.Payee, id, digest, app.Proof{}))
	wants(t, "after its end", d.App.Accept(t.Context(), d.Who["a2"], approval.Payee, id, digest, app.Proof{}), "subject.closed")
	at := d.Clock.Now()
	row, is, err := d.Store.PayeeByID(t.Context(), id)
	if err != nil || !is || row.Version != 1 || row.FullName != c.FullName || !row.CreatedAt.Equal(at) || len(row.Accounts) != 2 || row.Accounts[0].Changed ||
		!slices.Equal(row.Makers, []string{d.Who["m1"].Person}) || !slices.Equal(row.Groups, c.Groups) {
		t.Fatalf("%+v %v", row, err)
	}
	wants(t, "nothing changed", propose("m2", 1, c), "payee.same")
	wants(t, "an older version on the screen", propose("m2", 0, somebody(acct(3))), "subject.moved")

	d.Clock.Add(time.Hour)
	if n := vouch(t, d, id, "m2", "s1", somebody(acct(1), acct(3))); n != 2 {
		t.Fatal(n)
	}
	row, _, err = d.Store.PayeeByID(t.Context(), id)
	must(t, err)
	for _, a := range row.Accounts {
		fresh := a.Number == acct(3).Number
		if a.Changed != fresh || fresh != a.Since.Equal(d.Clock.Now()) || !fresh && !a.Since.Equal(at) {
			t.Errorf("%+v", a)
		}
	}
	if len(row.Makers) != 2 || !row.CreatedAt.Equal(at) || !row.ChangedAt.Equal(d.Clock.Now()) {
		t.Errorf("%+v", row)
	}
	d.Verify()
}

// TestPayee_warnings: what may be right and must be looked at is ticked by the maker, and stands in the history.
func TestPayee_warnings(t *testing.T) {
	d := desktest.New(t)
	first := d.App.NewPayeeID()
	vouch(t, d, first, "m1", "a1", somebody(acct(1)))
	odd := acct(2)
	odd.Number = odd.Number[:8] + string('0'+(odd.Number[8]-'0'+1)%10) + odd.Number[9:] // its control key
	c := somebody(acct(1), odd)
	c.FullName = "Сидоровa Анна" // the last letter is Latin
	id := d.App.NewPayeeID()
	try := func(acks ...string) error {
		return d.App.ProposePayee(t.Context(), d.Who["m2"], app.PayeeEntry{ID: id, Content: c, Acks: acks})
	}
	err := try()
	if l := fault.As(err); len(l) != 3 || l[0].Code != "payout.ack" || l[0].Field != "ack" {
		t.Fatalf("%v", err)
	}
	wants(t, "one is left", try("mixed_script", "account_key"), "payout.ack")
	must(t, try("mixed_script", "account_key", app.WarnSharedAccount, "no_vat"))
	events := d.Events()
	last := events[len(events)-1]
	if last.Action != "payee.proposed" || !strings.Contains(string(last.Payload), `"acks":["mixed_script","account_key","shared_account"]`) {
		t.Errorf("%s %s", last.Action, last.Payload)
	}
	for _, e := range events {
		for _, secret := range []string{"Сидоров", acct(1).Number, payeeBIK} {
			if strings.Contains(string(e.Payload), secret) {
				t.Errorf("the history holds a personal value: %s", e.Payload)
			}
		}
	}
	_, shared, err := d.App.JudgePayee(t.Context(), id, c)
	if err != nil || len(shared) != 1 || shared[0].ID != first {
		t.Errorf("%v %v", shared, err)
	}
}

// TestForgedPayee: whatever a form says, a payout that names a payee goes to that payee's account as it stands in the version in force.
func TestForgedPayee(t *testing.T) {
	d := desktest.New(t)
	id, other := d.App.NewPayeeID(), d.App.NewPayeeID()
	c := somebody(acct(1), acct(2))
	vouch(t, d, id, "m1", "a1", c)
	foreign := somebody(acct(7))
	foreign.FullName = "Другой Получатель"
	vouch(t, d, other, "m1", "a1", foreign)
	waiting := d.App.NewPayeeID()
	must(t, d.App.ProposePayee(t.Context(), d.Who["m1"], app.PayeeEntry{ID: waiting, Content: somebody(acct(9))}))
	for name, x := range map[string]struct {
		change func(*payout.Content)
		code   string
	}{
		"as it is":                {func(*payout.Content) {}, ""},
		"its other account":       {func(c *payout.Content) { c.Account = acct(2).Number }, ""},
		"an account of nobody":    {func(c *payout.Content) { c.Account = acct(3).Number }, "payout.payee_account"},
		"another payee's account": {func(c *payout.Content) { c.Account = acct(7).Number }, "payout.payee_account"},
		"another BIK":             {func(c *payout.Content) { c.BIK = "044525971" }, "payout.payee_account"},
		"another name":            {func(c *payout.Content) { c.FullName = "Петров" }, "payout.payee_differs"},
		"an INN":                  {func(c *payout.Content) { c.INN = "500100732259" }, "payout.payee_differs"},
		"no such payee":           {func(c *payout.Content) { c.PayeeID = d.App.NewPayeeID() }, "payout.payee_none"},
		"one that still waits":    {func(c *payout.Content) { c.PayeeID = waiting; c.Account = acct(9).Number }, "payout.payee_none"},
		"a version to come":       {func(c *payout.Content) { c.PayeeVer = 2 }, "payout.payee_moved"},
		"a version and no payee":  {func(c *payout.Content) { c.PayeeID = ""; c.PayeeVer = 7; c.Account = acct(30).Number }, ""},
	} {
		for _, submit := range []bool{true, false} {
			content := to(id, c, acct(1), 50_000_00)
			x.change(&content)
			form := fmt.Sprint(name, submit)
			pid, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: form, Content: content, Submit: submit, Acks: []string{"duplicate", "account_key"}})
			wants(t, form, err, x.code)
			if x.code != "" {
				if pid != "" {
					t.Errorf("%s: something was kept", form)
				}
				// And by the way of an edit of what is right.
				pid, err = d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: form + " first", Content: to(id, c, acct(1), 1_00)})
				must(t, err)
				wants(t, form+", edited", d.App.Edit(t.Context(), d.Who["m2"], pid, 1, app.Entry{Content: content, Submit: submit, Acks: []string{"duplicate", "account_key"}}), x.code)
				continue
			}
			want := 1
			if content.PayeeID == "" {
				want = 0
			}
			if s := d.Get(pid); s.Content.PayeeVer != want || s.Content.PayeeID != content.PayeeID {
				t.Errorf("%s: names version %d", form, s.Content.PayeeVer)
			}
		}
	}
	d.Verify()
}

// TestPayeeChanged: the commit that changes a payee sends its unsent payouts back to draft with what they said and without their approvals, and no
// other payout; each goes again once a maker took the new data over.
func TestPayeeChanged(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1))
	vouch(t, d, id, "m1", "a1", c)
	pending := d.SubmitContent("m2", to(id, c, acct(1), 200_000_01))
	d.Approve(pending, "a1")
	approved := d.SubmitContent("m2", to(id, c, acct(1), 50_000_01))
	d.Approve(approved, "a2")
	sent := d.SubmitContent("m2", to(id, c, acct(1), 50_000_02))
	d.Approve(sent, "a2")
	d.Clock.Add(4 * time.Second)
	order := d.Claim()
	if order == nil || order.Payout != string(approved) {
		t.Fatalf("%+v", order)
	}
	free := d.Submit(50_000_00)
	draft, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: "draft", Content: to(id, c, acct(1), 3_00)})
	must(t, err)

	next := somebody(acct(1))
	next.Accounts[0].Label = "Основной"
	if n := vouch(t, d, id, "m1", "a1", next); n != 2 {
		t.Fatal(n)
	}
	for _, x := range []struct {
		id    payout.ID
		state payout.State
		ver   int
	}{{pending, payout.Draft, 2}, {sent, payout.Draft, 2}, {approved, payout.Sending, 1}, {free, payout.PendingApproval, 1}, {draft, payout.Draft, 1}} {
		s := d.Get(x.id)
		if s.State != x.state || s.Version != x.ver {
			t.Errorf("No %d is %s in version %d, want %s in %d", s.Number, s.State, s.Version, x.state, x.ver)
		}
		if s.State == payout.Draft && x.id != draft && (s.Why != "payee_changed" || s.Digest != "" || s.Content.PayeeVer != 1 || s.Content.Account != acct(1).Number || len(s.Makers) != 1) {
			t.Errorf("%+v", s)
		}
	}
	events, err := d.Store.Timeline(t.Context(), "payee", id)
	must(t, err)
	if last := events[len(events)-1]; last.Action != "payee.effective" || !strings.Contains(string(last.Payload), `"sent_back":2`) {
		t.Errorf("%s %s", last.Action, last.Payload)
	}
	all := []string{"duplicate", "account_key"}
	wants(t, "submitted as it was", d.App.Submit(t.Context(), d.Who["m2"], pending, 2, all), "payout.payee_moved")
	wants(t, "a draft of before", d.App.Submit(t.Context(), d.Who["m2"], draft, 1, all), "payout.payee_moved")
	stale := to(id, c, acct(1), 200_000_01)
	stale.PayeeVer = 1
	wants(t, "edited with the old version on the screen", d.App.Edit(t.Context(), d.Who["m2"], pending, 2, app.Entry{Content: stale, Submit: true, Acks: all}), "payout.payee_moved")
	fresh := to(id, c, acct(1), 200_000_01)
	fresh.PayeeVer = 2
	must(t, d.App.Edit(t.Context(), d.Who["m2"], pending, 2, app.Entry{Content: fresh, Submit: true, Acks: all}))
	if s := d.Get(pending); s.State != payout.PendingApproval || s.Content.PayeeVer != 2 || s.Why != "" {
		t.Errorf("%+v", s)
	}
	d.Verify()
}

// promote makes a maker an approver too, by a proposal that another administrator agrees to.
func promote(t testing.TB, d *desktest.Desk, who string) {
	t.Helper()
	id := d.Who[who].Person
	n, err := d.Store.InForceVersion(t.Context(), approval.Person, id)
	must(t, err)
	must(t, d.App.ProposePersonChange(t.Context(), d.Who["d1"], id, []string{"maker", "approver"}, "", n, "short of people"))
	ps, err := d.Store.Proposals(t.Context(), approval.Person, id, 1)
	must(t, err)
	must(t, d.App.Accept(t.Context(), d.Who["d2"], approval.Person, id, ps[0].Digest, app.Proof{}))
}

// TestPayeeEarlierMakers: whoever made any version of a payee may decide none of its later ones, also where theirs came to nothing; who had no part in it may. Design "Words": maker.
func TestPayeeEarlierMakers(t *testing.T) {
	for _, first := range []string{"in force", "refused"} {
		d := desktest.New(t)
		id, seen := d.App.NewPayeeID(), 0
		promote(t, d, "m1")
		must(t, d.App.ProposePayee(t.Context(), d.Who["m1"], app.PayeeEntry{ID: id, Content: somebody(acct(1))}))
		if first == "refused" {
			must(t, d.App.Refuse(t.Context(), d.Who["a1"], approval.Payee, id, openDigest(t, d, id), "no"))
		} else {
			must(t, d.App.Accept(t.Context(), d.Who["a1"], approval.Payee, id, openDigest(t, d, id), app.Proof{}))
			seen = 1
		}
		d.Clock.Add(time.Minute)
		must(t, d.App.ProposePayee(t.Context(), d.Who["m2"], app.PayeeEntry{ID: id, Seen: seen, Content: somebody(acct(1), acct(2))}))
		open := openDigest(t, d, id)
		wants(t, "the maker of version 1, "+first, d.App.Accept(t.Context(), d.Who["m1"], approval.Payee, id, open, app.Proof{}), "subject.own")
		must(t, d.App.Accept(t.Context(), d.Who["a1"], approval.Payee, id, open, app.Proof{}))
		d.Verify()
	}
}

// TestPayeeMakers: whoever made a version of a payee up to the one that a payout names is a maker of the payout, though they never touched it.
func TestPayeeMakers(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1))
	promote(t, d, "m1")
	vouch(t, d, id, "m1", "a1", c)
	p := d.SubmitContent("m2", to(id, c, acct(1), 50_000_00))
	s := d.Get(p)
	wants(t, "the payee's maker approves", d.App.Approve(t.Context(), d.Who["m1"], p, s.Digest, app.Proof{}), "approve.payee_maker")
	free := d.SubmitContent("m2", d.Content(50_000_00))
	must(t, d.App.Approve(t.Context(), d.Who["m1"], free, d.Get(free).Digest, app.Proof{}))
	must(t, d.App.Approve(t.Context(), d.Who["a1"], p, s.Digest, app.Proof{}))
	if d.Get(p).State != payout.Approved {
		t.Error(d.Get(p).State)
	}
}

// TestPayeeFreeEntry: in the set of serve a free entry goes in the first band; above it a saved payee is needed, and suffices.
func TestPayeeFreeEntry(t *testing.T) {
	d := desktest.New(t)
	d.App.Rules = approval.ServeRules()
	d.App.Rules.SignAboveMinor, d.App.Rules.StepUpAboveMinor, d.App.Rules.FactorNeeded = 0, 0, false
	d.SubmitContent("m1", d.Content(100_000_00))
	_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "over", Content: d.Content(100_000_01), Submit: true})
	wants(t, "free entry over the first band", err, "payout.blocked")
	if l := fault.As(err); len(l) != 1 || fmt.Sprint(l[0].Args) != "[free-entry saved_payee]" {
		t.Errorf("%v", l)
	}
	id := d.App.NewPayeeID()
	c := somebody(acct(1))
	vouch(t, d, id, "m1", "a1", c)
	d.SubmitContent("m2", to(id, c, acct(1), 100_000_01))
}

// TestPayeeRace: while a payee is changed, payouts to it are approved and claimed. Whoever comes first, nothing leaves to a version that is not in force.
func TestPayeeRace(t *testing.T) {
	rounds := 20
	if raceOn || testing.Short() {
		rounds = 4
	}
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	c := somebody(acct(1))
	version := vouch(t, d, id, "m1", "a1", c)
	left, returned := 0, 0
	for round := range rounds {
		amount := int64(1_00 * (round + 1))
		first := d.SubmitContent("m2", to(id, c, acct(1), amount))
		second := d.SubmitContent("m2", to(id, c, acct(1), amount+50))
		d.Approve(first, "a2")
		d.Clock.Add(4 * time.Second)
		c.Accounts[0].Label = fmt.Sprint("label ", round)
		must(t, d.App.ProposePayee(t.Context(), d.Who["m1"], app.PayeeEntry{ID: id, Seen: version, Content: c}))
		digest, seen := openDigest(t, d, id), d.Get(second).Digest
		start, errs := make(chan struct{}), make(chan error, 4)
		if round%2 == 0 { // people go before workers in a commit: every other claim begins first
			o, err := d.App.Claim(t.Context())
			must(t, err)
			if o == nil {
				t.Fatal("nothing to claim")
			}
		}
		for _, do := range []func() error{
			func() error { return d.App.Accept(t.Context(), d.Who["a1"], approval.Payee, id, digest, app.Proof{}) },
			func() error { return d.App.Accept(t.Context(), d.Who["s1"], approval.Payee, id, digest, app.Proof{}) },
			func() error { return d.App.Approve(t.Context(), d.Who["a2"], second, seen, app.Proof{}) },
			func() error { _, err := d.App.Claim(t.Context()); return err },
		} {
			go func() { <-start; errs <- do() }()
		}
		close(start)
		for range 4 {
			if err := <-errs; err != nil && fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Denied {
				t.Fatal(err)
			}
		}
		n, err := d.Store.InForceVersion(t.Context(), approval.Payee, id)
		must(t, err)
		if n != version+1 {
			t.Fatalf("version %d after %d", n, version)
		}
		for _, p := range []payout.ID{first, second} {
			switch s := d.Get(p); s.State {
			case payout.Draft:
				returned++
				must(t, d.App.Cancel(t.Context(), d.Who["m2"], p, "round over"))
			case payout.Sending:
				left++
				if s.Content.PayeeVer != version {
					t.Fatalf("left with version %d", s.Content.PayeeVer)
				}
			default:
				t.Fatalf("%s: neither gone before the change nor sent back by it", s.State)
			}
		}
		version = n
		if d.Claim() != nil {
			t.Fatal("something left to a version that is not in force")
		}
	}
	if left == 0 || returned == 0 {
		t.Errorf("left %d, sent back %d: nothing raced", left, returned)
	}
	d.Verify()
}

// TestPayee_anything draws sequences of payee versions, decisions and payouts: nothing is claimed whose payee's version is not in force, and nothing was
// approved by a maker of its payee.
func TestPayee_anything(t *testing.T) {
	claims, blocked := 0, 0
	if raceOn || testing.Short() { // each draw is a whole desk
		was := flag.Lookup("rapid.checks").Value.String()
		must(t, flag.Set("rapid.checks", "10"))
		defer func() { must(t, flag.Set("rapid.checks", was)) }()
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := desktest.New(t)
		promote(t, d, "m1")
		promote(t, d, "m2")
		ids := []string{d.App.NewPayeeID(), d.App.NewPayeeID()}
		bodies := map[string]map[int]payee.Content{ids[0]: {}, ids[1]: {}}
		makers := map[string]map[int]string{ids[0]: {}, ids[1]: {}}
		pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(rt, name) }
		soft := func(err error) bool {
			if err != nil && fault.KindOf(err) == 0 && !errors.Is(err, context.Canceled) {
				rt.Fatalf("%v", err)
			}
			return err == nil
		}
		inForce := func(id string) int {
			n, err := d.Store.InForceVersion(t.Context(), approval.Payee, id)
			must(t, err)
			return n
		}
		check := func(o string) {
			s := d.Get(payout.ID(o))
			claims++
			if s.Content.PayeeID == "" {
				return
			}
			if s.Content.PayeeVer != inForce(s.Content.PayeeID) {
				rt.Fatalf("claimed with version %d, in force is %d", s.Content.PayeeVer, inForce(s.Content.PayeeID))
			}
			ds, err := d.Store.DecisionsOf(t.Context(), approval.Payout, o, s.Version)
			must(t, err)
			for v, m := range makers[s.Content.PayeeID] {
				if v > s.Content.PayeeVer {
					continue
				}
				for _, x := range ds {
					if x.Answer == approval.Yes && x.Person == m {
						rt.Fatal("approved by a maker of its payee")
					}
				}
			}
		}
		n := 0
		first := somebody(acct(1))
		vouch(t, d, ids[0], "m1", "a1", first)
		bodies[ids[0]][1], makers[ids[0]][1] = first, d.Who["m1"].Person
		for range rapid.IntRange(5, 30).Draw(rt, "steps") {
			n++
			id := pick("payee", ids...)
			switch pick("step", "propose", "propose", "accept", "accept", "accept", "withdraw", "pay", "pay", "pay", "approve", "approve", "approve", "claim", "claim", "edit") {
			case "propose":
				by, c := pick("by", "m1", "m2"), somebody(acct(rapid.IntRange(1, 3).Draw(rt, "account")))
				c.Accounts[0].Label = pick("label", "", "a", "b")
				if soft(d.App.ProposePayee(t.Context(), d.Who[by], app.PayeeEntry{ID: id, Seen: inForce(id), Content: c, Acks: []string{app.WarnSharedAccount}})) {
					ps, err := d.Store.Proposals(t.Context(), approval.Payee, id, 1)
					must(t, err)
					bodies[id][ps[0].Version] = c
					makers[id][ps[0].Version] = ps[0].By.Person
				}
			case "accept":
				soft(d.App.Accept(t.Context(), d.Who[pick("who", "a1", "m1", "m2", "s1")], approval.Payee, id, openDigest(t, d, id), app.Proof{}))
			case "withdraw":
				soft(d.App.Withdraw(t.Context(), d.Who[pick("who", "m1", "m2")], approval.Payee, id, openDigest(t, d, id)))
			case "pay", "edit":
				v := inForce(id)
				if v == 0 {
					continue
				}
				if rapid.Bool().Draw(rt, "an older one") {
					v = rapid.IntRange(1, v).Draw(rt, "version")
				}
				body, ok := bodies[id][v]
				if !ok {
					continue
				}
				c := to(id, body, body.Accounts[0], int64(100*n))
				if rapid.Bool().Draw(rt, "says its version") {
					c.PayeeVer = v
				}
				e := app.Entry{Form: fmt.Sprint(n), Content: c, Submit: true, Acks: []string{"duplicate", "account_key"}}
				if all := d.Payouts(); len(all) > 0 && n%3 == 0 {
					p := rapid.SampledFrom(all).Draw(rt, "payout")
					soft(d.App.Edit(t.Context(), d.Who["m2"], p, d.Get(p).Version, e))
					continue
				}
				_, err := d.App.Enter(t.Context(), d.Who[pick("who", "m1", "m2")], e)
				soft(err)
			case "approve":
				if all := d.Payouts(); len(all) > 0 {
					p := rapid.SampledFrom(all).Draw(rt, "payout")
					if dig := d.Get(p).Digest; dig != "" && !soft(d.App.Approve(t.Context(), d.Who[pick("who", "a1", "a2", "m1", "m2", "s1")], p, dig, app.Proof{})) {
						blocked++
					}
				}
			case "claim":
				d.Clock.Add(4 * time.Second)
				o, err := d.App.Claim(t.Context())
				must(t, err)
				if o != nil {
					check(o.Payout)
				}
			}
		}
		// However it went: one more payout to the payee as it stands now is barred to its maker, and leaves.
		v := inForce(ids[0])
		p, err := d.App.Enter(t.Context(), d.Who["m2"], app.Entry{Form: "last", Content: to(ids[0], bodies[ids[0]][v], bodies[ids[0]][v].Accounts[0], 99_00), Submit: true, Acks: []string{"duplicate"}})
		must(t, err)
		if soft(d.App.Approve(t.Context(), d.Who["m1"], p, d.Get(p).Digest, app.Proof{})) {
			rt.Fatal("approved by a maker of its payee")
		}
		blocked++
		must(t, d.App.Approve(t.Context(), d.Who["a1"], p, d.Get(p).Digest, app.Proof{}))
		d.Clock.Add(4 * time.Second)
		for d.Get(p).State == payout.Approved {
			o, err := d.App.Claim(t.Context())
			must(t, err)
			if o == nil {
				rt.Fatal("the last payout does not leave")
			}
			check(o.Payout)
		}
		must(t, d.Store.Close())
	})
	if claims == 0 || blocked == 0 {
		t.Errorf("%d claims, %d refusals: the draw proves nothing", claims, blocked)
	}
}
