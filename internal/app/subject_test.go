package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// proposed are the kinds that go through the engine of proposals. Payouts have their own path (Enter, Approve, Claim), releases of the halt theirs (Halt,
// Resume); rulings need two and a payout to rule on: verdict_test.go.
var proposed = []approval.Kind{approval.Payee, approval.Rules, approval.Person, approval.Limit, approval.Keys, approval.Match}

// TestEveryKind: every kind of subject has a decision rule, whoever proposes it and an effect; the two that go another way are named here, and
// nothing else may be missing.
func TestEveryKind(t *testing.T) {
	otherPath := []approval.Kind{approval.Payout, approval.Release}
	var unbuilt []approval.Kind
	for _, k := range approval.Kinds() {
		if slices.Contains(otherPath, k) {
			if app.HasEffect(k) {
				t.Errorf("%s takes effect as a proposal: take it out of the lists of this test", k)
			}
			continue
		}
		if !slices.Contains(proposed, k) && k != approval.Verdict {
			t.Errorf("%s is in no list of this test", k)
		}
		need, ok := approval.ForKind(k)
		if !ok || need.Count() < 1 || len(app.Proposers(k)) == 0 {
			t.Errorf("%s: need %+v, proposers %v", k, need, app.Proposers(k))
		}
		if !app.HasEffect(k) {
			unbuilt = append(unbuilt, k)
		}
	}
	if len(unbuilt) > 0 {
		t.Errorf("kinds that nothing is built for: %v", unbuilt)
	}
}

// engine is a desk on which proposals of every kind take effect without doing anything.
func engine(t *testing.T) *desktest.Desk {
	t.Helper()
	d := desktest.New(t)
	t.Cleanup(app.StubEffects())
	return d
}

// propose puts a made-up version of a subject to people.
func propose(t *testing.T, d *desktest.Desk, kind approval.Kind, id, by string, concerns ...string) app.Proposal {
	t.Helper()
	p := app.Proposal{Kind: kind, ID: id, Op: string(kind) + ".set", Doc: []byte(`{"made":"up"}`), Concerns: concerns}
	seen, err := d.Store.InForceVersion(t.Context(), kind, id)
	must(t, err)
	p, err = d.App.ProposeAny(t.Context(), d.Who[by], p, seen)
	must(t, err)
	return p
}

func proposer(k approval.Kind) string {
	if k == approval.Payee || k == approval.Match {
		return "m1"
	}
	return "d1"
}

func decider(k approval.Kind) string {
	if k == approval.Payee || k == approval.Match {
		return "a1"
	}
	return "d2"
}

func state(t *testing.T, d *desktest.Desk, p app.Proposal) string {
	t.Helper()
	q, err := d.Store.ProposalAt(t.Context(), p.Kind, p.ID, p.Version)
	must(t, err)
	return q.State
}

// whats are the actions of the history about one version, in order.
func whats(t *testing.T, d *desktest.Desk, p app.Proposal) string {
	t.Helper()
	var out []string
	for _, e := range d.Events() {
		if e.Kind == string(p.Kind) && e.Subject == p.ID && e.Version == p.Version {
			_, what, _ := strings.Cut(e.Action, ".")
			out = append(out, what)
		}
	}
	return strings.Join(out, " ")
}

// TestWhoMayDoWhat: for every kind and every role, unknown and suspended people included: who may propose, decide, refuse, withdraw. The table is
// written from design.md "Who decides what", not from the code.
func TestWhoMayDoWhat(t *testing.T) {
	d := engine(t)
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who["a2"].Person, "left"))
	d.Who["nobody"] = app.Who{Person: "00000000-0000-7000-8000-00000000dead", Email: "x@x.test"}
	d.Who["empty"] = app.Who{}
	proposes := map[approval.Kind]string{approval.Payee: "m1 m2", approval.Rules: "d1 d2 d3", approval.Person: "d1 d2 d3", approval.Limit: "d1 d2 d3", approval.Keys: "d1 d2 d3", approval.Match: "m1 m2"}
	decides := map[approval.Kind]string{approval.Payee: "a1 s1", approval.Rules: "s1 d1 d2 d3", approval.Person: "s1 d1 d2 d3", approval.Limit: "s1 d1 d2 d3", approval.Keys: "s1 d1 d2 d3", approval.Match: "a1 s1"}
	n := 0
	for _, k := range proposed {
		for who := range d.Who {
			n++
			name := fmt.Sprintf("%s by %s", k, who)
			refused := "denied.role"
			if who == "a2" {
				refused = "denied.suspended"
			}
			may := func(list, code string) string {
				if slices.Contains(strings.Fields(list), who) {
					return ""
				}
				return code
			}
			_, err := d.App.ProposeAny(t.Context(), d.Who[who], app.Proposal{Kind: k, ID: fmt.Sprintf("p-%d", n), Op: "x", Doc: []byte("{}")}, 0)
			wants(t, "propose "+name, err, may(proposes[k], refused))

			// Somebody who is not the one looked at proposes it.
			by := proposer(k)
			if by == who {
				by = map[string]string{"m1": "m2", "d1": "d3"}[by]
			}
			p := propose(t, d, k, fmt.Sprintf("a-%d", n), by)
			wants(t, "take back "+name, d.App.TakeBackOn(t.Context(), d.Who[who], k, p.ID, p.Digest), may(decides[k], refused)+map[bool]string{true: "approve.none"}[may(decides[k], "no") == ""])
			w := d.App.Withdraw(t.Context(), d.Who[who], k, p.ID, p.Digest)
			switch {
			case may(proposes[k], "no") == "":
				wants(t, "withdraw another's "+name, w, "subject.notyours")
			case fault.KindOf(w) != fault.Denied:
				t.Errorf("withdraw %s: %v", name, w)
			}
			wants(t, "approve "+name, d.App.Accept(t.Context(), d.Who[who], k, p.ID, p.Digest, app.Proof{}), may(decides[k], refused))
			if got := state(t, d, p); (got == app.Effective) != (may(decides[k], "no") == "") {
				t.Errorf("%s: it is %q", name, got)
			}
			p = propose(t, d, k, fmt.Sprintf("s-%d", n), by)
			wants(t, "stop what needs a decision "+name, d.App.Stop(t.Context(), d.Who[who], k, p.ID, p.Digest, "no"), map[bool]string{true: refused, false: "subject.waits"}[slices.Contains([]string{"a2", "nobody", "empty"}, who)])
			wants(t, "refuse "+name, d.App.Refuse(t.Context(), d.Who[who], k, p.ID, p.Digest, "no"), may(decides[k], refused))
		}
	}
}

// TestOwn: nobody decides what they proposed or what is about them, however often they try, with whatever roles.
func TestOwn(t *testing.T) {
	d := engine(t)
	for _, k := range proposed {
		if k == approval.Payee || k == approval.Match { // its proposer may not decide by their roles: the next kinds tell
			continue
		}
		p := propose(t, d, k, "own", "d1", d.Who["d2"].Person, d.Who["s1"].Person)
		for _, who := range []string{"d1", "d2", "s1"} {
			wants(t, string(k)+" approve "+who, d.App.Accept(t.Context(), d.Who[who], k, p.ID, p.Digest, app.Proof{}), "subject.own")
			wants(t, string(k)+" refuse "+who, d.App.Refuse(t.Context(), d.Who[who], k, p.ID, p.Digest, "no"), "subject.own")
		}
		if got := state(t, d, p); got != "" {
			t.Fatalf("%s is %q", k, got)
		}
		must(t, d.App.Accept(t.Context(), d.Who["d3"], k, p.ID, p.Digest, app.Proof{}))
		if got := state(t, d, p); got != app.Effective {
			t.Errorf("%s is %q", k, got)
		}
		// When everybody who could decide is concerned it cannot even be proposed.
		_, err := d.App.ProposeAny(t.Context(), d.Who["d1"], app.Proposal{Kind: k, ID: "stuck", Op: "x", Doc: []byte("{}"), Concerns: []string{d.Who["d2"].Person, d.Who["d3"].Person, d.Who["s1"].Person}}, 0)
		wants(t, string(k)+" that nobody could decide", err, "subject.nobody")
		if fs := fault.As(err); len(fs) > 0 && fmt.Sprint(fs[0].Args) != fmt.Sprintf("[%s 1]", k) {
			t.Errorf("%s: %v", k, fs[0].Args)
		}
	}
}

// TestOneAtATime: one version is open at a time; the next one names the version in force that its proposer saw; numbers never come again.
func TestOneAtATime(t *testing.T) {
	d := engine(t)
	for _, k := range proposed {
		by, yes := proposer(k), decider(k)
		again := func(seen int) error {
			_, err := d.App.ProposeAny(t.Context(), d.Who[by], app.Proposal{Kind: k, ID: "x", Op: "x", Doc: []byte(`{"n":2}`)}, seen)
			return err
		}
		p := propose(t, d, k, "x", by)
		wants(t, string(k)+" a second one", again(0), "subject.pending")
		must(t, d.App.Withdraw(t.Context(), d.Who[by], k, "x", p.Digest))
		q := propose(t, d, k, "x", by)
		if q.Version != p.Version+1 || q.Base != 0 {
			t.Errorf("%s: version %d over %d", k, q.Version, q.Base)
		}
		wants(t, "the withdrawn one", d.App.Accept(t.Context(), d.Who[yes], k, "x", p.Digest, app.Proof{}), "approve.moved")
		must(t, d.App.Accept(t.Context(), d.Who[yes], k, "x", q.Digest, app.Proof{}))
		wants(t, string(k)+" over what was before", again(0), "subject.moved")
		wants(t, string(k)+" over what never was in force", again(q.Version+1), "subject.moved")
		wants(t, string(k)+" over the one in force", again(q.Version), "")
	}
}

// TestDigest: a decision agrees to what was on the screen and to nothing else: without a digest it is refused, with another one it moved, and
// whatever a version says is in its digest.
func TestDigest(t *testing.T) {
	d := engine(t)
	at := payout.Place{Environment: "test", Project: desktest.Project}
	p := propose(t, d, approval.Keys, "bank", "d1")
	deeds := map[string]func(seen string) error{
		"approve": func(s string) error {
			return d.App.Accept(t.Context(), d.Who["d2"], approval.Keys, "bank", s, app.Proof{})
		},
		"take back": func(s string) error { return d.App.TakeBackOn(t.Context(), d.Who["d2"], approval.Keys, "bank", s) },
		"refuse":    func(s string) error { return d.App.Refuse(t.Context(), d.Who["d2"], approval.Keys, "bank", s, "no") },
		"withdraw":  func(s string) error { return d.App.Withdraw(t.Context(), d.Who["d1"], approval.Keys, "bank", s) },
		"stop":      func(s string) error { return d.App.Stop(t.Context(), d.Who["a1"], approval.Keys, "bank", s, "no") },
	}
	for name, do := range deeds {
		wants(t, name+" without a digest", do(""), "approve.digest")
		err := do(strings.Repeat("0", 64))
		wants(t, name+" another digest", err, "approve.moved")
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	seen := map[string]string{p.Digest: "as it is"}
	for name, change := range map[string]func(*app.Proposal){
		"kind": func(p *app.Proposal) { p.Kind = approval.Rules }, "id": func(p *app.Proposal) { p.ID = "other" }, "version": func(p *app.Proposal) { p.Version++ }, "op": func(p *app.Proposal) { p.Op += "x" },
		"doc": func(p *app.Proposal) { p.Doc = []byte(`{"made": "up"}`) }, "concerns": func(p *app.Proposal) { p.Concerns = []string{"x"} }, "base": func(p *app.Proposal) { p.Base = 7 },
	} {
		q := p
		change(&q)
		got := app.DigestOfProposal(at, q)
		if other, same := seen[got]; same {
			t.Errorf("%s does not change the digest (%s)", name, other)
		}
		seen[got] = name
	}
	if app.DigestOfProposal(payout.Place{Environment: "real", Project: desktest.Project}, p) == p.Digest || app.DigestOfProposal(payout.Place{Environment: "test", Project: "other"}, p) == p.Digest {
		t.Error("the place is not in the digest")
	}
	if app.DigestOfProposal(at, p) != p.Digest {
		t.Error("the digest is not the same twice")
	}
}

// TestEnds: a proposal ends once, by one of five ways, and stays ended; each leaves its line in the history and nothing else happens.
func TestEnds(t *testing.T) {
	d := engine(t)
	for _, k := range proposed {
		by, yes := proposer(k), decider(k)
		for want, end := range map[string]func(p app.Proposal) error{
			app.Effective: func(p app.Proposal) error {
				return d.App.Accept(t.Context(), d.Who[yes], k, p.ID, p.Digest, app.Proof{})
			},
			"rejected":    func(p app.Proposal) error { return d.App.Refuse(t.Context(), d.Who[yes], k, p.ID, p.Digest, "not so") },
			app.Withdrawn: func(p app.Proposal) error { return d.App.Withdraw(t.Context(), d.Who[by], k, p.ID, p.Digest) },
			app.Lapsed: func(p app.Proposal) error {
				d.Clock.Add(14 * 24 * time.Hour)
				if did, err := d.App.SettleNext(t.Context()); did || err != nil {
					return fmt.Errorf("too early: %v %w", did, err)
				}
				d.Clock.Add(time.Second)
				did, err := d.App.SettleNext(t.Context())
				if err == nil && !did {
					err = errors.New("it does not lapse")
				}
				return err
			},
		} {
			id := "end-" + want
			p := propose(t, d, k, id, by)
			wants(t, "refuse without a reason", d.App.Refuse(t.Context(), d.Who[yes], k, id, p.Digest, "  "), "reason.needed")
			if err := end(p); err != nil {
				t.Fatalf("%s %s: %v", k, want, err)
			}
			if got := state(t, d, p); got != want {
				t.Errorf("%s: %q, want %q", k, got, want)
			}
			log := map[string]string{app.Effective: "proposed approved effective", "rejected": "proposed rejected", app.Withdrawn: "proposed withdrawn", app.Lapsed: "proposed expired"}[want]
			if got := whats(t, d, p); got != log {
				t.Errorf("%s %s: history %q", k, want, got)
			}
			inForce, err := d.Store.InForceVersion(t.Context(), k, id)
			must(t, err)
			if (inForce == p.Version) != (want == app.Effective) {
				t.Errorf("%s %s: version %d is in force", k, want, inForce)
			}
			// Over is over: for everybody, and the yes that ended it may be pressed again without anything happening.
			repeat := "subject.closed"
			if want == app.Effective {
				repeat = ""
			}
			wants(t, "approve what is over, again", d.App.Accept(t.Context(), d.Who[yes], k, id, p.Digest, app.Proof{}), repeat)
			wants(t, "approve what is over", d.App.Accept(t.Context(), d.Who["s1"], k, id, p.Digest, app.Proof{}), "subject.closed")
			wants(t, "take back what is over", d.App.TakeBackOn(t.Context(), d.Who[yes], k, id, p.Digest), "subject.closed")
			wants(t, "refuse what is over", d.App.Refuse(t.Context(), d.Who[yes], k, id, p.Digest, "late"), "subject.closed")
			wants(t, "withdraw what is over", d.App.Withdraw(t.Context(), d.Who[by], k, id, p.Digest), "subject.closed")
			if got := whats(t, d, p); got != log {
				t.Errorf("%s %s: afterwards %q", k, want, got)
			}
		}
	}
}

// TestByItself: what nobody on the desk could decide takes effect by the clock, at its moment and not before; anybody who is signed in may stop it, with a
// reason; what is not of that sort cannot be stopped.
func TestByItself(t *testing.T) {
	d := engine(t)
	put := func(id string) app.Proposal {
		p, err := d.App.ProposeAny(t.Context(), d.Who["d1"], app.Proposal{Kind: approval.Person, ID: id, Op: "x", Doc: []byte("{}"), EffectAt: d.Clock.Now().Add(72 * time.Hour),
			Concerns: []string{d.Who["d2"].Person, d.Who["d3"].Person, d.Who["s1"].Person}}, 0)
		must(t, err)
		return p
	}
	p := put("clock")
	settle := func() bool {
		did, err := d.App.SettleNext(t.Context())
		must(t, err)
		return did
	}
	d.Clock.Add(72*time.Hour - time.Second)
	if settle() {
		t.Error("a second too early")
	}
	d.Clock.Add(time.Second)
	if !settle() || settle() {
		t.Error("not once")
	}
	if q, err := d.Store.ProposalAt(t.Context(), p.Kind, p.ID, p.Version); err != nil || q.State != app.Effective || q.EndedBy.Person != "system" {
		t.Errorf("%+v %v", q, err)
	}
	for i, who := range []string{"m1", "a1", "s1", "u1", "d1", "d2"} {
		p := put(fmt.Sprint("stop", i))
		wants(t, who+" without a reason", d.App.Stop(t.Context(), d.Who[who], p.Kind, p.ID, p.Digest, ""), "reason.needed")
		must(t, d.App.Stop(t.Context(), d.Who[who], p.Kind, p.ID, p.Digest, "I do not know this person"))
		d.Clock.Add(100 * time.Hour)
		if settle() || state(t, d, p) != app.Stopped {
			t.Errorf("%s could not stop it: %q", who, state(t, d, p))
		}
	}
	q := propose(t, d, approval.Person, "decided", "d1")
	wants(t, "stop what people decide", d.App.Stop(t.Context(), d.Who["a1"], q.Kind, q.ID, q.Digest, "no"), "subject.waits")
}

// TestBaseMoved: a version does not take effect over another one than it was made for.
func TestBaseMoved(t *testing.T) {
	d := engine(t)
	p := propose(t, d, approval.Keys, "bank", "d1")
	// Past the engine, as a mistake of ours would: version 1 in force, and an open version 2 that was made for none.
	q := p
	q.Version = 2
	q.Digest = app.DigestOfProposal(payout.Place{Environment: "test", Project: desktest.Project}, q)
	_, err := d.Store.Write(t.Context(), app.People, func(tx app.Tx) error {
		if err := tx.EndProposal(p, app.Effective, p.By, p.At); err != nil {
			return err
		}
		if err := tx.AddSubject(app.Subject{Kind: q.Kind, ID: q.ID, Version: q.Version, Digest: q.Digest, Acks: []string{}, RuleSet: q.RuleSet, By: q.By, At: q.At}); err != nil {
			return err
		}
		if err := tx.AddProposal(q); err != nil {
			return err
		}
		doc, err := json.Marshal(map[string]any{"digest": q.Digest, "rule_set": q.RuleSet, "base": q.Base})
		if err != nil {
			return err
		}
		_, err = tx.Append(audit.Event{At: q.At, Person: q.By.Person, SignIn: q.By.SignIn, Action: string(q.Kind) + ".proposed", Kind: string(q.Kind), Subject: q.ID,
			Version: q.Version, Spec: 1, Payload: doc}, "", payout.Salt{})
		return err
	})
	must(t, err)
	err = d.App.Accept(t.Context(), d.Who["d2"], q.Kind, q.ID, q.Digest, app.Proof{})
	wants(t, "over another base", err, "subject.moved")
	if got := state(t, d, q); got != "" {
		t.Errorf("it is %q", got)
	}
	if n, err := d.Store.InForceVersion(t.Context(), q.Kind, q.ID); n != 1 || err != nil {
		t.Errorf("in force %d %v", n, err)
	}
}

// TestStrangers: an unknown identity, an empty one and a suspended person get nowhere with anything.
func TestStrangers(t *testing.T) {
	d := engine(t)
	p := propose(t, d, approval.Rules, app.RulesID+"-x", "d1")
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d1"], d.Who["d3"].Person, "left"))
	for name, c := range map[string]struct {
		who  app.Who
		code string
	}{"empty": {app.Who{}, "denied.role"}, "unknown": {app.Who{Person: "nobody", Email: "d2@x.test"}, "denied.role"}, "system": {app.Who{Person: "system", Email: "clock"}, "denied.role"}, "suspended": {d.Who["d3"], "denied.suspended"}} {
		_, err := d.App.ProposeAny(t.Context(), c.who, app.Proposal{Kind: approval.Keys, ID: "s", Op: "x", Doc: []byte("{}")}, 0)
		wants(t, name+" proposes", err, c.code)
		wants(t, name+" approves", d.App.Accept(t.Context(), c.who, p.Kind, p.ID, p.Digest, app.Proof{}), c.code)
		wants(t, name+" takes back", d.App.TakeBackOn(t.Context(), c.who, p.Kind, p.ID, p.Digest), c.code)
		wants(t, name+" refuses", d.App.Refuse(t.Context(), c.who, p.Kind, p.ID, p.Digest, "no"), c.code)
		wants(t, name+" withdraws", d.App.Withdraw(t.Context(), c.who, p.Kind, p.ID, p.Digest), c.code)
		wants(t, name+" stops", d.App.Stop(t.Context(), c.who, p.Kind, p.ID, p.Digest, "no"), c.code)
	}
	if got := whats(t, d, p); got != "proposed" {
		t.Errorf("history %q", got)
	}
}

// TestSuspendedYes: a decider who was suspended freezes nothing, and their yes counts no more; a proposer who was suspended leaves nothing open that others could let in.
func TestSuspendedYes(t *testing.T) {
	d := engine(t)
	p := propose(t, d, approval.Limit, "l", "d1")
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d2"], d.Who["s1"].Person, "left"))
	wants(t, "the suspended decider", d.App.Accept(t.Context(), d.Who["s1"], p.Kind, p.ID, p.Digest, app.Proof{}), "denied.suspended")
	must(t, d.App.Accept(t.Context(), d.Who["d3"], p.Kind, p.ID, p.Digest, app.Proof{}))
	if got := state(t, d, p); got != app.Effective {
		t.Error(got)
	}
	q := propose(t, d, approval.Limit, "m", "d1")
	must(t, d.App.SuspendPerson(t.Context(), d.Who["d2"], d.Who["d1"].Person, "left"))
	wants(t, "the suspended proposer withdraws", d.App.Withdraw(t.Context(), d.Who["d1"], q.Kind, q.ID, q.Digest), "denied.suspended")
	wants(t, "others decide", d.App.Accept(t.Context(), d.Who["d2"], q.Kind, q.ID, q.Digest, app.Proof{}), "subject.closed")
	if got := state(t, d, q); got != app.Stopped {
		t.Error(got)
	}
}

// TestFiftyDeciders: fifty presses at once by everybody who may decide, refuse or withdraw, and the clock beside them: one end, one line of the history for
// it, at most one version in force. Run it under -race.
func TestFiftyDeciders(t *testing.T) {
	d := engine(t)
	rounds := 6
	for round := range rounds {
		k := proposed[1+round%4]
		p := propose(t, d, k, fmt.Sprint("race", round), "d1")
		var wg sync.WaitGroup
		start := make(chan struct{})
		ok := make(chan string, 60)
		go_ := func(name string, do func() error) {
			wg.Go(func() {
				<-start
				if err := do(); err == nil {
					ok <- name
				} else if fault.KindOf(err) != fault.Conflict {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		for i := range 50 {
			who := []string{"d2", "d3", "s1"}[i%3]
			switch {
			case i%10 == 7 && round%2 == 1:
				go_("rejected", func() error { return d.App.Refuse(t.Context(), d.Who[who], k, p.ID, p.Digest, "no") })
			case i%10 == 8 && round%2 == 1:
				go_("withdrawn", func() error { return d.App.Withdraw(t.Context(), d.Who["d1"], k, p.ID, p.Digest) })
			case i%10 == 9:
				go_("clock", func() error { _, err := d.App.SettleNext(t.Context()); return err })
			default:
				go_("effective", func() error { return d.App.Accept(t.Context(), d.Who[who], k, p.ID, p.Digest, app.Proof{}) })
			}
		}
		close(start)
		wg.Wait()
		close(ok)
		end := state(t, d, p)
		n := map[string]int{}
		for name := range ok {
			n[name]++
		}
		if end == "" || n[end] == 0 {
			t.Errorf("%s: it is %q after %v", k, end, n)
		}
		ends := 0
		for _, w := range strings.Fields(whats(t, d, p)) {
			if slices.Contains([]string{"effective", "rejected", "withdrawn", "expired", "stopped"}, w) {
				ends++
			}
		}
		inForce, err := d.Store.InForceVersion(t.Context(), k, p.ID)
		must(t, err)
		if ends != 1 || (inForce == p.Version) != (end == app.Effective) || strings.Count(whats(t, d, p), "approved") > 1 {
			t.Errorf("%s: %d ends, version %d in force, history %q", k, ends, inForce, whats(t, d, p))
		}
	}
}

// TestResumeBack: a first yes to resuming can be taken back until the second one; then it takes two again.
func TestResumeBack(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	wants(t, "nothing is stopped", d.App.ResumeBack(ctx, d.Who["a1"]), "halt.off")
	must(t, d.App.Halt(ctx, d.Who["d1"], "strange"))
	wants(t, "none of theirs", d.App.ResumeBack(ctx, d.Who["a1"]), "halt.none")
	wants(t, "a maker", d.App.ResumeBack(ctx, d.Who["m1"]), "denied.role")
	must(t, d.App.Resume(ctx, d.Who["a1"]))
	wants(t, "another's", d.App.ResumeBack(ctx, d.Who["a2"]), "halt.none")
	must(t, d.App.ResumeBack(ctx, d.Who["a1"]))
	wants(t, "twice", d.App.ResumeBack(ctx, d.Who["a1"]), "halt.none")
	must(t, d.App.Resume(ctx, d.Who["s1"]))
	if s, err := d.App.Desk(ctx); err != nil || s.Halt == nil || fmt.Sprint(s.Released) != "["+d.Who["s1"].Person+"]" {
		t.Fatalf("after a yes, a take-back and a yes of another: %+v %v", s, err)
	}
	must(t, d.App.Resume(ctx, d.Who["a1"]))
	if s, err := d.App.Desk(ctx); err != nil || s.Halt != nil {
		t.Fatalf("still stopped: %+v %v", s, err)
	}
	d.Verify()
}
