package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// factString reads one text out of an event's payload; "" when there is none.
func factString(doc json.RawMessage, name string) string {
	var m map[string]any
	if json.Unmarshal(doc, &m) != nil {
		return ""
	}
	s, _ := m[name].(string)
	return s
}

// Halt stops sending for everybody: one person's deed, at once. Conflict "halt.on" when it is stopped already.
func (a *App) Halt(ctx context.Context, w Who, reason string) error {
	reason, err := payout.CheckReason(reason)
	if err != nil {
		return err
	}
	if err := a.write(ctx, Urgent, w, StopSending, theDesk, func(tx *sealed) error {
		if _, on, err := tx.Halt(); err != nil {
			return err
		} else if on {
			return fault.Moved("halt.on")
		}
		err := a.addHalt(tx, HaltRow{Cause: "person", By: w.actor(), At: a.Now()}, reason)
		failpoint.Hit("halt.inside")
		return err
	}); err != nil {
		return err
	}
	failpoint.Hit("halt.committed")
	return nil
}

func (a *App) addHalt(tx Tx, h HaltRow, reason string) error {
	id, err := tx.AddHalt(h)
	if err != nil {
		return err
	}
	rules, err := a.rulesVersion(tx)
	if err != nil {
		return err
	}
	if err := tx.AddSubject(Subject{Kind: approval.Release, ID: itoa(id), Version: 1, Digest: ReleaseDigest(id), Acks: []string{}, RuleSet: rules,
		By: h.By, At: h.At}); err != nil {
		return err
	}
	tx.Touch(Change{Desk: true})
	facts := map[string]any{"cause": h.Cause, "payout": string(h.Payout), "rule_set": rules}
	if len(h.Broken) > 0 {
		facts["broken"], facts["broken_n"] = named(h.Broken), len(h.Broken)
	}
	return a.append(tx, h.By, "halt.on", "halt", itoa(id), 1, facts, reason, h.At)
}

// ReleaseDigest stands for "sending goes on after stop n"; the form carries none.
func ReleaseDigest(id int64) string {
	sum := sha256.Sum256([]byte("release/1 " + itoa(id)))
	return hex.EncodeToString(sum[:])
}

// Resume is ResumeProved for whichever stop stands, with no more than the person's sign-in.
func (a *App) Resume(ctx context.Context, w Who) error { return a.ResumeProved(ctx, w, 0, Proof{}) }

// weighty are the causes whose release says "no other copy of this desk runs, and this is our bank": a press alone is not enough for it.
var weighty = map[string]bool{HaltQuarantine: true, HaltCopy: true, HaltIdentity: true}

// What a person's yes to going on asks for besides the press.
const (
	ReleaseByPress    = ""
	ReleaseByFactor   = "factor"   // a one-time code or a passkey
	ReleaseByPassword = "password" // typed anew
)

// ReleaseNeeds says what this person's yes to going on asks for: a second factor of whoever has one, else the password typed anew. In the demo whoever has no
// factor presses: its sign-in is one press as well, so that a password would show nothing.
func (a *App) ReleaseNeeds(h HaltRow, mine []Factor) string {
	switch {
	case !weighty[h.Cause]:
		return ReleaseByPress
	case slices.ContainsFunc(mine, func(f Factor) bool { return f.Kind == KindTOTP || f.Kind == KindPasskey }):
		return ReleaseByFactor
	case a.Place.Environment == demoPlace:
		return ReleaseByPress
	}
	return ReleaseByPassword
}

// typedAgain judges the password that came with a release, outside the transaction, as at a sign-in. It returns the hash that it fits; "" when none was typed,
// or none is asked for. Invalid "password.wrong" at field password; TooMany "signin.busy".
func (a *App) typedAgain(ctx context.Context, w Who, p Proof) (hash string, err error) {
	if p.Password == "" {
		return "", nil
	}
	d, err := a.Store.DeskRows(ctx)
	if err != nil || d.Halt == nil {
		return "", err
	}
	mine, err := a.Factors(ctx, w.Person)
	if err != nil || a.ReleaseNeeds(*d.Halt, mine) != ReleaseByPassword {
		return "", err
	}
	acc, _, err := a.CheckPassword(ctx, w.Email, p.Password)
	switch {
	case fault.Is(err, "signin.wrong"), err == nil && acc.Person != w.Person:
		return "", fault.Bad("password", "password.wrong").Because(err)
	case err != nil:
		return "", err
	}
	return acc.Hash, nil
}

// checkTyped holds what typedAgain judged against the account as it is now. A caller without a sign-in is none of a request: it has nothing to type into.
func checkTyped(tx Tx, w Who, hash string) error {
	if w.Login == "" {
		return nil
	}
	if hash == "" {
		return fault.Bad("password", "prove.password_needed")
	}
	acc, ok, err := tx.Account(w.Email)
	switch {
	case err != nil:
		return err
	case !ok || acc.Person != w.Person || acc.Hash != hash: // changed since it was judged
		return fault.Bad("password", "password.wrong")
	case acc.MustChange:
		return fault.Deny("signin.change")
	}
	return nil
}

// ResumeProved is one person's yes to sending again; the second one's makes it so. stop is the number of the stop that the person saw, 0 for whichever stands.
// Denied "halt.own" (who can) for whoever pulled the stop, else as Accept; Conflict "halt.off" when nothing is stopped, "halt.moved" when it is another stop; for what ReleaseNeeds asks, as prove, Invalid "prove.password_needed" and "password.wrong" at field password, Denied
// "signin.change". The same person's yes again changes nothing.
func (a *App) ResumeProved(ctx context.Context, w Who, stop int64, proof Proof) error {
	typed, err := a.typedAgain(ctx, w, proof)
	if err != nil {
		return err
	}
	released := false
	if err := a.write(ctx, People, w, Resume, about(approval.Release, ""), func(tx *sealed) error {
		released = false
		h, on, err := tx.Halt()
		if err != nil {
			return err
		}
		if !on {
			return fault.Moved("halt.off")
		}
		if stop != 0 && stop != h.ID { // a page that was open while the stop it showed ended: what its reader knows is not this one
			return fault.Moved("halt.moved")
		}
		t, people, err := a.releaseTally(tx, h)
		if err != nil {
			return err
		}
		me, err := signerOf(people, tx.me)
		if err != nil {
			return err
		}
		switch t.May(me) {
		case approval.Can:
		case approval.Already:
			return nil
		case approval.Barred:
			return fault.Deny("halt.own", names(t.Could(people)))
		default:
			return denySubject(t, me, people)
		}
		now := a.Now()
		rules, err := a.rulesVersion(tx)
		if err != nil {
			return err
		}
		mine, err := tx.Factors(w.Person)
		if err != nil {
			return err
		}
		needs := a.ReleaseNeeds(h, mine)
		if needs == ReleaseByPassword {
			if err := checkTyped(tx, w, typed); err != nil {
				return err
			}
		}
		factor, keep, err := a.prove(tx, w, proof, stepUp{Digest: ReleaseDigest(h.ID), Code: needs == ReleaseByFactor}, now)
		if err != nil {
			return err
		}
		if err := tx.AddDecision(Decided{Kind: approval.Release, ID: itoa(h.ID), Version: 1, By: w.actor(), Answer: approval.Yes, Digest: ReleaseDigest(h.ID),
			RuleSet: rules, Factor: factor, At: now}); err != nil {
			return err
		}
		facts, err := keep(tx, approval.Release, itoa(h.ID), 1)
		if err != nil {
			return err
		}
		facts["rules"], facts["factor"] = rules, factor
		if t, _, err = a.releaseTally(tx, h); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		if !t.Met {
			return a.append(tx, w.actor(), "halt.release_asked", "halt", itoa(h.ID), 1, facts, "", now)
		}
		if err := tx.Release(h.ID, now); err != nil {
			return err
		}
		failpoint.Hit("release.inside")
		if events, err := tx.EventsOf("halt", itoa(h.ID)); err != nil {
			return err
		} else if broken := Broken(events); len(broken) > 0 {
			facts["excepts"] = named(broken) // sending goes on in spite of these rows, and they stop it no more
		}
		next := ""
		// A start says all that it found at once. What began afterwards stands on no page of this stop.
		if h.Cause == HaltClock {
			a.mu.Lock()
			a.clocks.jumped = false
			a.mu.Unlock()
		}
		if began := a.Store.Quarantined() != "" && a.Store.Loss() == nil; !weighty[h.Cause] || began && h.Cause != HaltQuarantine {
			next = a.concern()
		}
		released = next == ""
		if err := a.append(tx, w.actor(), "halt.off", "halt", itoa(h.ID), 1, facts, "", now); err != nil {
			return err
		}
		if next != "" { // another stop stood in its way: what two people said about that one says nothing about this
			return a.addHalt(tx, HaltRow{Cause: next, By: payout.System("desk"), At: now}, "")
		}
		if a.Foreign() {
			a.mu.Lock()
			id := a.identity
			a.mu.Unlock()
			if err := a.acceptIdentity(tx, id); err != nil {
				return err
			}
		}
		if a.Store.Quarantined() == "" {
			return nil
		}
		facts = map[string]any{"halt": h.ID, "incarnation": ""}
		if l := a.Store.Loss(); l != nil {
			facts["incarnation"] = l.Incarnation
		}
		if err := tx.Released(); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "desk.released", "halt", itoa(h.ID), 1, facts, "", now)
	}); err != nil || !released {
		return err
	}
	a.mu.Lock()
	a.foreign = false
	a.mu.Unlock()
	failpoint.Hit("release.committed")
	wake(a.wakeInbox)
	if err := a.Store.EndQuarantine(); err != nil {
		// What the two said is kept, and was not so: the stop stands again, for people to settle once the other copy is gone, without a restart in between.
		if werr := a.stopCopy(context.WithoutCancel(ctx)); werr != nil {
			a.Log.Error("the stop could not be set again", "error", werr)
		}
		return err
	}
	if err := a.Store.EndCopyRisk(); err != nil { // it is written again each minute; until then a restart asks again
		a.Log.Error("the anchor's stamp cannot be written", "error", err)
	}
	return nil
}

// concern is what stands against sending that only people who know what they say may settle; "" when nothing does.
func (a *App) concern() string {
	switch {
	case a.Store.Quarantined() != "":
		return HaltQuarantine
	case a.Store.CopyRisk() != "":
		return HaltCopy
	case a.Foreign():
		return HaltIdentity
	case a.jumped():
		return HaltClock
	}
	return ""
}

// ResumeBack withdraws the person's own yes to sending again, while the second one is missing. Conflict "halt.off" when nothing is stopped (any more),
// "halt.none" when no yes of theirs stands.
func (a *App) ResumeBack(ctx context.Context, w Who) error {
	return a.write(ctx, People, w, Resume, about(approval.Release, ""), func(tx *sealed) error {
		h, on, err := tx.Halt()
		if err != nil {
			return err
		}
		if !on {
			return fault.Moved("halt.off")
		}
		t, people, err := a.releaseTally(tx, h)
		if err != nil {
			return err
		}
		me, err := signerOf(people, tx.me)
		if err != nil {
			return err
		}
		if t.May(me) != approval.Already {
			return fault.Moved("halt.none")
		}
		rules, err := a.rulesVersion(tx)
		if err != nil {
			return err
		}
		now := a.Now()
		if err := tx.AddDecision(Decided{Kind: approval.Release, ID: itoa(h.ID), Version: 1, By: w.actor(), Answer: approval.Back, Digest: ReleaseDigest(h.ID),
			RuleSet: rules, Factor: FactorPassword, At: now}); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.append(tx, w.actor(), "halt.back", "halt", itoa(h.ID), 1, map[string]any{"rules": rules, "factor": FactorPassword}, "", now)
	})
}

func (a *App) releaseTally(tx Tx, h HaltRow) (approval.Tally, []approval.Signer, error) {
	people, err := tx.Signers()
	if err != nil {
		return approval.Tally{}, nil, err
	}
	ds, err := tx.Decisions(approval.Release, itoa(h.ID), 1)
	if err != nil {
		return approval.Tally{}, nil, err
	}
	return ReleaseTally(h, people, ds, a.Now()), people, nil
}

// ReleaseTally says how far the release of a stop is. Unlike with every other subject, who became an approver or administrator after it began counts too, once their quiet days are over: a stop
// is neither withdrawn nor proposed anew nor does it expire, and suspending, which also makes who comes back a later one, is refused to nobody. Were they left out, a desk whose people of
// then have gone could never send again.
func ReleaseTally(h HaltRow, people []approval.Signer, ds []approval.Decision, now time.Time) approval.Tally {
	need, _ := approval.ForKind(approval.Release)
	var barred []string
	if h.Cause == "person" {
		barred = []string{h.By.Person}
	}
	return approval.Count(approval.Case{Need: need, Digest: ReleaseDigest(h.ID), Barred: barred, Now: now}, people, ds)
}

// DeskState is what every page shows and what holds back every approved payout.
type DeskState struct {
	Halt       *HaltRow
	HaltReason string
	// Released are the ids of those who said yes to going on; Release is how far that is, while something is stopped.
	Released   []string
	Release    approval.Tally
	Quarantine string
	Balance    BalanceView
	BankDown   bool
	DownSince  time.Time
	Seq        int64
}

// Desk returns the state of the desk.
func (a *App) Desk(ctx context.Context) (DeskState, error) {
	d, err := a.Store.DeskRows(ctx)
	if err != nil {
		return DeskState{}, err
	}
	d.Quarantine, d.Balance = a.Store.Quarantined(), a.Balance()
	a.mu.Lock()
	d.BankDown, d.DownSince = a.bankDown, a.downSince
	a.mu.Unlock()
	return d, nil
}

// Held says why an approved payout does not leave: "quarantine", "credentials", "halt", "evidence", "payee", "date", "cooloff", "limit", "countdown",
// "bank_down", "funds", or "" when nothing holds it (it leaves with the next claim) or it is not approved. due is its due day, "" for none.
func (d DeskState) Held(state payout.State, why, due string, sendAt, heldUntil, now time.Time) string {
	switch {
	case state != payout.Approved:
		return ""
	case d.Quarantine != "":
		return "quarantine"
	case d.Halt != nil && d.Halt.Cause == "credentials":
		return "credentials"
	case d.Halt != nil:
		return "halt"
	case why == "evidence", why == "payee":
		return why
	case due > string(calendar.DayOf(now)):
		return "date"
	case why == "cooloff" && heldUntil.After(now), why == "limit":
		return why
	case why == HeldAbove:
		return "limit"
	case sendAt.After(now):
		return "countdown"
	case d.BankDown:
		return "bank_down"
	case why == "funds" && d.Balance.Known:
		return "funds"
	}
	return ""
}

// MayResume reports whether the person could say yes to going on now.
func (d DeskState) MayResume(me approval.Signer) bool {
	return d.Halt != nil && d.Release.May(me) == approval.Can
}
