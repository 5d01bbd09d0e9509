package app_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Whoever writes the file without the keys gains nothing by it: issue 4, points 1, 2 and 12.

// stopped proves that what was refused stopped sending too.
func stopped(t *testing.T, d *desktest.Desk) { t.Helper(); stoppedBy(t, d, "altered") }

func stoppedBy(t *testing.T, d *desktest.Desk, cause string) {
	t.Helper()
	if got := halted(t, d); got != cause {
		t.Errorf("sending is stopped by %q", got)
	}
}

const phrase = "a very long and odd phrase 77"

// signedIn adds somebody with a password, and signs them in.
func (d *people) signedIn(name string, roles string) app.Who {
	d.t.Helper()
	email := name + "@x.test"
	id, err := d.App.AddFounder(d.ctx, app.NewPerson{Email: email, Name: name, Password: phrase, Roles: rolesOf(d.t, roles)})
	must(d.t, err)
	return d.enter(app.Who{Person: id, Email: email})
}

func (d *people) enter(w app.Who) app.Who {
	d.t.Helper()
	acc, _, err := d.App.CheckPassword(d.ctx, w.Email, phrase)
	must(d.t, err)
	_, s, err := d.App.SignIn(d.ctx, acc, app.Door{}, "")
	must(d.t, err)
	w.Login = s.ID
	return w
}

// TestFactorTakenOut: the row of an approver's one-time codes, or of a recovery code, is gone and the history knows of it: the password alone opens nothing.
func TestFactorTakenOut(t *testing.T) {
	d := newPeople(t)
	id, err := d.App.AddFounder(d.ctx, app.NewPerson{Email: "k@x.test", Name: "K", Password: phrase, Roles: rolesOf(t, "approver")})
	must(t, err)
	d.Who["k"] = app.Who{Person: id, Email: "k@x.test"}
	d.Codes("k")
	acc, _, err := d.App.CheckPassword(d.ctx, "k@x.test", phrase)
	must(t, err)
	d.Exec("DELETE FROM factor WHERE person_id = ?", id)
	if _, _, err := d.App.SignIn(d.ctx, acc, app.Door{}, ""); err == nil {
		t.Error("the password alone signs in")
	}
	stopped(t, d.Desk)
}

// TestNameTakenOut: a sign-in name that is taken out while its person is reset would come back with the old password.
func TestNameTakenOut(t *testing.T) {
	d := newPeople(t)
	id, err := d.App.AddFounder(d.ctx, app.NewPerson{Email: "k@x.test", Name: "K", Password: phrase, Roles: rolesOf(t, "maker")})
	must(t, err)
	must(t, d.App.ProposeReset(d.ctx, d.Who["d1"], id, d.inForce(id), "lost"))
	d.Exec("DELETE FROM account WHERE person_id = ?", id)
	if err := d.accept("d2", id); err == nil {
		t.Error("reset without its name")
	}
	stopped(t, d.Desk)
}

// TestLinkPutIn: an enrolment link that nobody made, or that was changed, opens nothing.
func TestLinkPutIn(t *testing.T) {
	put := func(d *people, person, email string) {
		sum := sha256.Sum256([]byte("countersign enrolment/1\nmine"))
		now := d.Clock.Now()
		d.Exec("INSERT INTO enrolment (hash, person_id, email, what, made_by, at, expires_at, ended_at) VALUES (?, ?, ?, 'enrol', ?, ?, ?, 0)",
			hex.EncodeToString(sum[:]), person, email, d.Who["d1"].Person, now.UnixMicro(), now.Add(24*time.Hour).UnixMicro())
	}
	for name, c := range map[string]func(d *people, id, link string) (token string){
		"put in": func(d *people, id, _ string) string { put(d, id, "new@x.test"); return "mine" },
		"of another": func(d *people, id, _ string) string {
			other := d.add("other", "maker")
			link, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], other, "other@x.test")
			must(d.t, err)
			d.Exec("UPDATE enrolment SET person_id = ?, email = 'new@x.test' WHERE person_id = ?", id, other)
			return link
		},
		"run out": func(d *people, _, link string) string {
			d.Clock.Add(25 * time.Hour)
			d.Exec("UPDATE enrolment SET expires_at = expires_at * 2")
			return link
		},
		"a first link": func(d *people, _, link string) string { d.Exec("UPDATE enrolment SET what = 'reset'"); return link },
		"opened again": func(d *people, id, link string) string {
			_, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], id, "new@x.test")
			must(d.t, err)
			d.Exec("UPDATE enrolment SET ended_at = 0")
			return link
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPeople(t)
			d.waits()
			id := d.add("new", "approver")
			link, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], id, "new@x.test")
			must(t, err)
			if _, err := d.App.Enrol(d.ctx, c(d, id, link), "a phrase of six plain words"); err == nil {
				t.Error("it set the password of an approver")
			}
			stopped(t, d.Desk)
		})
	}
}

// TestLinkTakenOut: a link that is taken out while its person is suspended, who ends it, would come back.
func TestLinkTakenOut(t *testing.T) {
	d := newPeople(t)
	id := d.add("new", "approver")
	_, _, err := d.App.MakeLink(d.ctx, d.Who["d1"], id, "new@x.test")
	must(t, err)
	d.Exec("DELETE FROM enrolment")
	if err := d.App.SuspendPerson(d.ctx, d.Who["d1"], id, "away"); err == nil {
		t.Error("suspended, and the link was not ended")
	}
	stopped(t, d.Desk)
}

// TestSignInPutBack: the row of a sign-in that ended, however it did, is no sign-in, though its seal fits: neither for a page nor for a decision. Those that did not end go on.
func TestSignInPutBack(t *testing.T) {
	for name, end := range map[string]func(d *people, w app.Who) (kept app.Who){
		"signed out": func(d *people, w app.Who) (kept app.Who) { must(d.t, d.App.SignOut(d.ctx, w)); return kept },
		"ended by themselves elsewhere": func(d *people, w app.Who) app.Who {
			kept := d.enter(w)
			must(d.t, d.App.EndSignIn(d.ctx, kept, w.Login))
			return kept
		},
		"another in this browser": func(d *people, w app.Who) app.Who {
			acc, _, err := d.App.CheckPassword(d.ctx, w.Email, phrase)
			must(d.t, err)
			_, s, err := d.App.SignIn(d.ctx, acc, app.Door{}, w.Login)
			must(d.t, err)
			return app.Who{Person: w.Person, Email: w.Email, Login: s.ID}
		},
		"password changed": func(d *people, w app.Who) app.Who {
			kept := d.enter(w)
			must(d.t, d.App.ChangePassword(d.ctx, kept, phrase, "quite another phrase of words 78"))
			return kept
		},
		"other roles": func(d *people, w app.Who) (kept app.Who) {
			must(d.t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], w.Person, []string{"maker"}, "", d.inForce(w.Person), "more"))
			must(d.t, d.accept("d2", w.Person))
			return kept
		},
		"suspended and back": func(d *people, w app.Who) (kept app.Who) {
			must(d.t, d.App.SuspendPerson(d.ctx, d.Who["d1"], w.Person, "away"))
			must(d.t, d.App.ProposeRestore(d.ctx, d.Who["d1"], w.Person, d.inForce(w.Person), "back"))
			must(d.t, d.accept("d2", w.Person))
			return kept
		},
		"reset": func(d *people, w app.Who) (kept app.Who) {
			must(d.t, d.App.ProposeReset(d.ctx, d.Who["d1"], w.Person, d.inForce(w.Person), "lost"))
			must(d.t, d.accept("d2", w.Person))
			return kept
		},
	} {
		for after, restarted := range map[string]bool{"": false, ", after a restart": true} {
			t.Run(name+after, func(t *testing.T) {
				d := newPeople(t)
				w := d.signedIn("k", "approver")
				d.Exec("CREATE TABLE kept AS SELECT * FROM login WHERE id = ?", w.Login)
				d.Clock.Add(time.Second)
				kept := end(d, w)
				d.Exec("INSERT INTO login SELECT * FROM kept")
				d.Exec("DROP TABLE kept")
				if restarted {
					d.Restart()
				}
				if kept.Login != "" {
					must(t, d.App.SetAccount(d.ctx, kept, 15, true))
					if _, ok, err := d.App.Login(d.ctx, kept.Login); err != nil || !ok {
						t.Errorf("the one that goes on: %v %v", ok, err)
					}
				}
				if got := halted(t, d.Desk); got != "" {
					t.Errorf("sending is stopped by %q before anybody used it", got)
				}
				if err := d.App.SetAccount(d.ctx, w, 15, true); err == nil {
					t.Error("it works")
				}
				stopped(t, d.Desk)
				if _, ok, err := d.App.Login(d.ctx, w.Login); ok || err == nil {
					t.Errorf("a page opens: %v %v", ok, err)
				}
			})
		}
	}
}

// TestProposerRewritten: an administrator with the file writes somebody else's name, or another time, on what they proposed, or puts somebody's yes beside it, and decides it
// themselves: refused, whatever it is about, also with the event rewritten to fit.
func TestProposerRewritten(t *testing.T) {
	weak := func(d *people) (approval.Kind, string) {
		set := desktest.Rules()
		set.Name = "weak"
		for i := range set.Rules {
			set.Rules[i].Steps = []approval.Step{{Count: 1, Roles: []approval.Role{approval.Approver}}}
		}
		must(d.t, d.App.ProposeRules(d.ctx, d.Who["d1"], set, 1, "why"))
		return approval.Rules, app.RulesID
	}
	person := func(d *people) (approval.Kind, string) {
		id := d.Who["m2"].Person
		must(d.t, d.App.ProposePersonChange(d.ctx, d.Who["d1"], id, []string{"approver"}, "", d.inForce(id), "more"))
		return approval.Person, id
	}
	payee := func(d *people) (approval.Kind, string) {
		id := d.App.NewPayeeID()
		promote(d.t, d.Desk, "m1")
		must(d.t, d.App.ProposePayee(d.ctx, d.Who["m1"], app.PayeeEntry{ID: id, Content: somebody(acct(1))}))
		return approval.Payee, id
	}
	rewrite := func(column string) func(d *people, kind approval.Kind, id string) {
		return func(d *people, kind approval.Kind, id string) {
			d.Exec("DROP TRIGGER subject_fixed")
			d.Exec("UPDATE subject SET "+column+" WHERE kind = ? AND id = ? AND digest IN (SELECT s.digest FROM subject s JOIN proposal_open o ON o.kind = s.kind AND o.id = s.id AND o.version = s.version)", string(kind), id)
		}
	}
	for name, c := range map[string]struct {
		propose func(d *people) (approval.Kind, string)
		forge   func(d *people, kind approval.Kind, id string)
	}{
		"rules":  {weak, rewrite("person_id = 'somebody'")},
		"person": {person, rewrite("person_id = 'somebody'")},
		"payee":  {payee, rewrite("person_id = 'somebody'")},
		"time":   {weak, rewrite("at = at - 1")},
		"and its event": {weak, func(d *people, kind approval.Kind, id string) {
			rewrite("person_id = 'somebody', email = ''")(d, kind, id)
			d.Exec("DROP TRIGGER event_fixed")
			d.Exec("UPDATE event SET person = 'somebody', sign_in = '' WHERE action = 'rules.proposed'")
		}},
		"a yes put in": {weak, func(d *people, kind approval.Kind, id string) {
			d.Exec("INSERT INTO decision (kind, id, version, person_id, seq, email, answer, digest, rule_set, factor, at, batch) SELECT kind, id, version, ?, 1, '', 'yes', digest, 1, 'password', at, '' FROM subject WHERE kind = 'rules' AND version = 2",
				d.Who["d3"].Person)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPeople(t)
			kind, id := c.propose(d)
			c.forge(d, kind, id)
			p := d.open(kind, id)
			by := map[string]string{"payee": "m1", "time": "d2", "a yes put in": "d2"}[name] // not even somebody who may
			if by == "" {
				by = "d1"
			}
			wants(t, "deciding it", d.App.Accept(d.ctx, d.Who[by], kind, id, p.Digest, app.Proof{}), "row.altered")
			stopped(t, d.Desk)
		})
	}
}

// TestClaimBelievesEvents: a payout leaves by what the history says of the stop, the payee's makers, its groups and its accounts, and not by rows that somebody wrote past the desk.
func TestClaimBelievesEvents(t *testing.T) {
	stays := func(t *testing.T, d *desktest.Desk, id payout.ID) {
		t.Helper()
		d.Clock.Add(10 * time.Second)
		if _, err := d.App.Claim(t.Context()); err != nil && !fault.Is(err, "row.altered") {
			t.Error(err)
		}
		if s := d.Get(id); s.State != payout.Approved && s.State != payout.PendingApproval {
			t.Errorf("it left: %s", s.State)
		}
		stopped(t, d)
	}
	// paying is a payout to a payee whose second account came an hour later, that waits for four hours.
	paying := func(t *testing.T) (d *desktest.Desk, payee string, c payout.Content) {
		set := desktest.Rules()
		set.CoolOffMinutes, set.CoolOffOverMinor = 240, 10_000_00
		d = desktest.NewWith(t, set)
		promote(t, d, "m1")
		payee = d.App.NewPayeeID()
		vouch(t, d, payee, "m1", "a1", somebody(acct(1)))
		d.Clock.Add(time.Hour)
		vouch(t, d, payee, "m1", "a1", somebody(acct(1), acct(2)))
		c = to(payee, somebody(), acct(2), 50_000_00)
		c.PayeeVer = 2
		return d, payee, c
	}
	for name, stmt := range map[string]string{
		"an account that was there from the beginning": "UPDATE payee_account SET changed = 0 WHERE payee_id = ?",
		"an account that has been there for longer":    "UPDATE payee_account SET since = since - 36000000000 WHERE payee_id = ?",
		"a group":                         "UPDATE payee SET groups = 'staff' WHERE id = ?",
		"another maker":                   "UPDATE subject SET person_id = 'somebody' WHERE kind = 'payee' AND id = ?",
		"a version in force":              "UPDATE payee SET version = 1 WHERE id = ?",
		"a document":                      "UPDATE proposal SET doc = replace(doc, '{', '{ ') WHERE kind = 'payee' AND id = ?",
		"when the document came in force": "UPDATE proposal_end SET version = 3 WHERE kind = 'payee' AND version = 1 AND id = ?",
	} {
		afters := map[string]bool{", after a restart": true}
		if name != "a document" && name != "when the document came in force" { // a running desk remembers what it read there, and never reads those rows again
			afters[""] = false
		}
		for after, restarted := range afters {
			t.Run(name+after, func(t *testing.T) {
				d, payee, c := paying(t)
				p := d.SubmitContent("m2", c)
				d.Approve(p, "a2")
				for _, trigger := range []string{"subject_fixed", "proposal_fixed", "proposal_end_fixed"} {
					d.Exec("DROP TRIGGER " + trigger)
				}
				d.Exec(stmt, payee)
				if restarted {
					d.Restart()
				}
				stays(t, d, p)
			})
		}
	}
	t.Run("the maker approves", func(t *testing.T) {
		d, payee, c := paying(t)
		p := d.SubmitContent("m2", c)
		d.Exec("DROP TRIGGER subject_fixed")
		d.Exec("UPDATE subject SET person_id = ? WHERE kind = 'payee' AND id = ?", d.Who["m2"].Person, payee)
		wants(t, "whoever made the payee", d.App.Approve(t.Context(), d.Who["m1"], p, d.Get(p).Digest, app.Proof{}), "row.altered")
		stopped(t, d)
	})
	t.Run("honest", func(t *testing.T) {
		d, _, c := paying(t)
		p := d.SubmitContent("m2", c)
		d.Approve(p, "a2")
		d.Clock.Add(5 * time.Hour)
		if !d.Send() || d.Get(p).State == payout.Approved {
			t.Errorf("it does not leave: %s %s", d.Get(p).State, d.Get(p).Why)
		}
	})
	for name, stmts := range map[string][]string{
		"released by a row alone": {"INSERT INTO halt_release (halt_id, at) SELECT id, at FROM halt"},
		"the stop is taken out":   {"DROP TRIGGER halt_stays", "DELETE FROM halt"},
	} {
		for after, restarted := range map[string]bool{"": false, ", after a restart": true} {
			t.Run(name+after, func(t *testing.T) {
				d := desktest.New(t)
				p := d.Approved(50_000_00)
				must(t, d.App.Halt(t.Context(), d.Who["a1"], "odd"))
				for _, s := range stmts {
					d.Exec(s)
				}
				if restarted {
					d.Restart()
				}
				stays(t, d, p)
				must(t, d.App.Resume(t.Context(), d.Who["a1"])) // the new one: it is released as any other
				must(t, d.App.Resume(t.Context(), d.Who["s1"]))
				if !d.Send() || d.Get(p).State == payout.Approved {
					t.Errorf("it does not leave: %s %s", d.Get(p).State, d.Get(p).Why)
				}
			})
		}
	}
}

// TestLook_PastDesk: a minute's look that sees that somebody else wrote proves everything at once, also what no look of a minute compares.
func TestLook_PastDesk(t *testing.T) {
	d := desktest.New(t)
	id := d.App.NewPayeeID()
	vouch(t, d, id, "m1", "a1", somebody(acct(1)))
	look(t, d)
	d.Exec("UPDATE payee_account SET changed = 1 WHERE payee_id = ?", id)
	if l := look(t, d); !l.PastDesk || !l.Whole || len(l.Found) == 0 {
		t.Errorf("%+v", l)
	}
	stoppedBy(t, d, app.HaltInvariant)
	if l := look(t, d); l.PastDesk || l.Whole {
		t.Errorf("nobody wrote since: %+v", l)
	}
}
