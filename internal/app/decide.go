package app

import (
	"context"
	"errors"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/calendar"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Approve records a person's yes to the version whose digest was on their screen. The same person and digest again changes nothing
// and succeeds. proof shows that the person is there, where the rules ask for it. Denied, each with who can in its arguments, "approve.own",
// "approve.payee_maker", "approve.role", "approve.seat", "approve.new", "approve.quiet", "approve.ceiling", "approve.cap", and "approve.blocked" with what blocks; Conflict "approve.moved", "approve.state"; Invalid "approve.digest" without a digest, or as prove.
func (a *App) Approve(ctx context.Context, w Who, id payout.ID, seen payout.Digest, proof Proof) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	if err := a.change(ctx, w, Decide, id, func(tx Tx, person auth.Person, p *payout.Payout) ([]payout.Event, error) {
		if err := a.canDecide(tx, w, p, seen); err != nil {
			return nil, err
		}
		events, err := a.approve(tx, w, person, p, seen, proof, nil)
		failpoint.Hit("approve.inside")
		return events, err
	}); err != nil {
		return err
	}
	failpoint.Hit("approve.committed")
	return nil
}

// canDecide is the payout's own CanDecide; whoever made it is told who can decide instead.
func (a *App) canDecide(tx Tx, w Who, p *payout.Payout, seen payout.Digest) error {
	err := p.CanDecide(w.actor(), seen)
	if s := p.S(); fault.Is(err, "approve.own") && s.State == payout.PendingApproval {
		st, f, err := a.standing(tx, p)
		if err != nil {
			return err
		}
		return fault.Deny("approve.own", s.Number, names(st.Tally.Could(f.Signers)))
	}
	return err
}

// denyBlocked says what lets nobody approve: "list" with its entry, or "rule" with its name and reason.
func denyBlocked(st Standing) error {
	if e := st.Listed; e != nil {
		return fault.Deny("approve.blocked", "list", e.List, e.What, e.Reason, st.ListedOwner)
	}
	b := st.Need.Blocked[0]
	return fault.Deny("approve.blocked", "rule", b.Rule, b.Reason)
}

// approve is one yes within a transaction; list is the decision over a list that it is part of, nil for none: its proof stands for each.
func (a *App) approve(tx Tx, w Who, person auth.Person, p *payout.Payout, seen payout.Digest, proof Proof, list *listed) ([]payout.Event, error) {
	at := a.Now()
	if list != nil {
		at = list.at
	}
	st, f, err := a.standingAt(tx, p, at)
	if err != nil {
		return nil, err
	}
	t, people := st.Tally, f.Signers
	s := p.S()
	me := f.Signer(person.ID)
	why := t.May(me)
	if why == approval.Already && (s.State == payout.PendingApproval || s.State == payout.Approved || s.State.Sent()) {
		return nil, nil // said before: one event is enough
	}
	if s.State != payout.PendingApproval {
		return nil, fault.Moved("approve.state", s.Number, string(s.State))
	}
	if st.Expired {
		return nil, fault.Moved("approve.state", s.Number, string(payout.Expired))
	}
	switch why {
	case approval.Can:
	case approval.Barred:
		if !p.IsMaker(person.ID) { // the payee's
			return nil, fault.Deny("approve.payee_maker", names(t.Could(people)))
		}
		return nil, fault.Deny("approve.own", s.Number, names(t.Could(people)))
	case approval.NoRole, approval.NoStanding:
		return nil, fault.Deny("approve.role", names(t.Could(people)))
	case approval.Blocked:
		return nil, denyBlocked(st)
	default:
		return nil, fault.Deny("approve."+string(why), names(t.Could(people)))
	}
	now := f.Now
	if list == nil {
		list = &listed{}
		if list.factor, list.keep, err = a.prove(tx, w, proof, stepUp{Digest: string(s.Digest), Sign: st.Sign, Code: st.StepUp}, now); err != nil {
			return nil, err
		}
	}
	d := decided(s, w, approval.Yes, f.Set.Version, list.factor, now)
	d.Batch = list.id
	if err := tx.AddDecision(d); err != nil {
		return nil, err
	}
	proved, err := list.keep(tx, approval.Payout, string(s.ID), s.Version)
	if err != nil {
		return nil, err
	}
	if err := tx.AddUse(yesCounter(w.Person, calendar.DayOf(now)), s.Content.Amount.Minor); err != nil {
		return nil, err
	}
	if st, err = f.of(tx, p); err != nil {
		return nil, err
	}
	t = st.Tally
	sendAt := now.Add(a.SendAfter)
	if st.DueAt.After(sendAt) {
		sendAt = st.DueAt
	}
	ev, err := p.Approve(w.actor(), seen, t.Met, sendAt, now)
	if err != nil {
		return nil, err
	}
	ev.Facts["given"], ev.Facts["needed"] = len(t.Given), t.Needed()
	for k, v := range proved {
		ev.Facts[k] = v
	}
	if list.id != "" {
		ev.Facts["batch"] = list.id
	}
	return []payout.Event{noted(ev, f.Set.Version, list.factor)}, nil
}

func decided(s payout.Snapshot, w Who, answer approval.Answer, rules int, factor string, now time.Time) Decided {
	return Decided{Kind: approval.Payout, ID: string(s.ID), Version: s.Version, By: w.actor(), Answer: answer, Digest: string(s.Digest),
		RuleSet: rules, Factor: factor, At: now}
}

// noted puts what the decision's row holds besides into its event, so that the history proves it.
func noted(ev payout.Event, rules int, factor string) payout.Event {
	ev.Facts["rules"], ev.Facts["factor"] = rules, factor
	return ev
}

func names(s []approval.Signer) []string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = p.Name
	}
	return out
}

// TakeBack withdraws the person's own yes. Denied "approve.none" when there is none that counts.
func (a *App) TakeBack(ctx context.Context, w Who, id payout.ID, seen payout.Digest) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, person auth.Person, p *payout.Payout) ([]payout.Event, error) {
		if err := a.canDecide(tx, w, p, seen); err != nil {
			return nil, err
		}
		st, f, err := a.standing(tx, p)
		if err != nil {
			return nil, err
		}
		s := p.S()
		ds, err := tx.Decisions(approval.Payout, string(s.ID), s.Version)
		if err != nil {
			return nil, err
		}
		yes, stands := lastYes(ds, person.ID, string(s.Digest))
		if !stands && st.Tally.May(f.Signer(person.ID)) != approval.Already {
			return nil, fault.Moved("approve.none", s.Number)
		}
		ev, err := p.TakeBack(w.actor(), seen, f.Now)
		if err != nil {
			return nil, err
		}
		if err := tx.AddUse(yesCounter(person.ID, calendar.DayOf(yes.At)), -s.Content.Amount.Minor); err != nil {
			return nil, err
		}
		return []payout.Event{noted(ev, f.Set.Version, FactorPassword)}, tx.AddDecision(decided(s, w, approval.Back, f.Set.Version, FactorPassword, f.Now))
	})
}

// lastYes is the person's yes to this digest, if it was their last word.
func lastYes(ds []approval.Decision, person, digest string) (yes approval.Decision, stands bool) {
	for _, d := range ds {
		if d.Person == person && d.Digest == digest && d.Seq >= yes.Seq {
			yes, stands = d, d.Answer == approval.Yes
		}
	}
	return yes, stands
}

// AskChanges sends a pending payout back to its makers with a reason.
func (a *App) AskChanges(ctx context.Context, w Who, id payout.ID, seen payout.Digest, reason string) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, _ auth.Person, p *payout.Payout) ([]payout.Event, error) {
		if err := a.canDecide(tx, w, p, seen); err != nil {
			return nil, err
		}
		before, now := p.S(), a.Now()
		ev, err := p.AskChanges(w.actor(), seen, reason, a.salt(), now)
		if err != nil {
			return nil, err
		}
		set, err := a.inForce(tx)
		if err != nil {
			return nil, err
		}
		if err := tx.AddDecision(decided(before, w, approval.No, set.Version, FactorPassword, now)); err != nil {
			return nil, err
		}
		return []payout.Event{noted(ev, set.Version, FactorPassword)}, tx.AddVersion(p, w.actor(), now)
	})
}

// Reject ends a payout that nothing was asked for, with a reason.
func (a *App) Reject(ctx context.Context, w Who, id payout.ID, seen payout.Digest, reason string) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, _ auth.Person, p *payout.Payout) ([]payout.Event, error) {
		if err := a.canDecide(tx, w, p, seen); err != nil {
			return nil, err
		}
		now := a.Now()
		ev, err := p.Reject(w.actor(), seen, reason, now)
		if err != nil {
			return nil, err
		}
		set, err := a.inForce(tx)
		if err != nil {
			return nil, err
		}
		return []payout.Event{noted(ev, set.Version, FactorPassword)}, tx.AddDecision(decided(p.S(), w, approval.No, set.Version, FactorPassword, now))
	})
}

// ExpiresAt is when a payout that was submitted so and leaves on its due day ("" for none) expires under a set that gives it so many days.
func ExpiresAt(submitted time.Time, due string, days int) time.Time {
	at := submitted.Add(time24(days))
	if d, err := calendar.ParseDay(due); due != "" && err == nil {
		if later := d.Add(days + 1).Start(); later.After(at) {
			return later
		}
	}
	return at
}

// SufficeNext moves one pending payout whose standing approvals are enough again to approved; did is false when there is none. Nobody could
// press anything for it: their yes stands already.
func (a *App) SufficeNext(ctx context.Context) (did bool, err error) {
	rows, err := a.Store.PendingSaid(ctx, a.lookingFrom(&a.yesFrom), scanPending)
	if err != nil {
		return false, err
	}
	next := Place{}
	if n := len(rows); n == scanPending { // the next look begins behind these, so that they hide nobody
		next = Place{At: rows[n-1].SubmittedAt, Number: rows[n-1].Number}
	}
	f, err := a.Frame(ctx)
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		st, err := f.Stand(JudgedRow(r), r.Decisions)
		broken := errors.Is(err, payout.ErrBroken) // it is named below; those behind it go on
		if err != nil && !broken {
			return false, err
		}
		if !broken && (!st.Tally.Met || st.PayeeMoved) {
			continue
		}
		err = a.write(ctx, Worker, theClock, Settle, about(approval.Payout, r.ID), func(tx *sealed) error {
			did = false
			p, err := tx.Payout(r.ID)
			if errors.Is(err, payout.ErrBroken) {
				return a.rowAltered(tx, r.ID, a.Now(), err)
			}
			if err != nil {
				return err
			}
			st, _, err := a.standing(tx, p)
			if errors.Is(err, payout.ErrBroken) {
				return a.rowAltered(tx, r.ID, a.Now(), err)
			}
			if err != nil || p.S().State != payout.PendingApproval || !st.Tally.Met || st.PayeeMoved {
				return err
			}
			did = true
			now := a.Now()
			sendAt := now.Add(a.SendAfter)
			if st.DueAt.After(sendAt) {
				sendAt = st.DueAt
			}
			ev, err := p.Suffices(sendAt, now)
			if err != nil {
				return err
			}
			return a.save(tx, p, ev)
		})
		if did || err != nil {
			return did, err
		}
	}
	a.lookFrom(&a.yesFrom, next)
	return false, nil
}

// scanPending bounds how many waiting payouts one look measures.
var scanPending = 1000

// ExpireNext ends one payout whose approval took longer than the rules allow; did is false when there is none.
func (a *App) ExpireNext(ctx context.Context) (did bool, err error) {
	set, err := a.RulesInForce(ctx)
	if err != nil {
		return false, err
	}
	before := a.Now().Add(-time24(set.ExpiryDays))
	due, err := a.Store.AnyToExpire(ctx, before)
	if err != nil || !due {
		return false, err
	}
	err = a.write(ctx, Worker, theClock, Settle, about(approval.Payout, ""), func(tx *sealed) error {
		did = false
		if doubted, err := a.clockDoubted(tx); err != nil || doubted {
			return err
		}
		ids, err := tx.ToExpire(before, 50)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p, err := tx.Payout(id)
			if errors.Is(err, payout.ErrBroken) { // named; the others end
				if err := a.rowAltered(tx, id, a.Now(), err); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			ev, err := p.Expire(a.Now())
			if fault.KindOf(err) == fault.Conflict {
				continue // asked meanwhile: evidence decides
			}
			if err != nil {
				return err
			}
			did = true
			if err := a.save(tx, p, ev); err != nil {
				return err
			}
		}
		return nil
	})
	return did, err
}
