package app

import (
	"context"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Approve records a person's yes to the version whose digest was on their screen. The same person and digest again changes nothing
// and succeeds. Denied "approve.own", "approve.seat" (args: who can); Conflict "approve.moved", "approve.state"; Invalid "approve.digest" without a digest.
func (a *App) Approve(ctx context.Context, w Who, id payout.ID, seen payout.Digest) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, person auth.Person, p *payout.Payout) ([]payout.Event, error) {
		if err := p.CanDecide(w.actor(), seen); err != nil {
			return nil, err
		}
		t, people, err := a.tally(tx, p)
		if err != nil {
			return nil, err
		}
		s := p.S()
		me := signer(person)
		why := t.May(me)
		if why == approval.Already && (s.State == payout.PendingApproval || s.State == payout.Approved || s.State.Sent()) {
			return nil, nil // said before: one event is enough
		}
		if s.State != payout.PendingApproval {
			return nil, fault.Moved("approve.state", s.Number, string(s.State))
		}
		switch why {
		case approval.Can:
		case approval.Barred:
			return nil, fault.Deny("approve.own", s.Number)
		case approval.NoSeat:
			return nil, fault.Deny("approve.seat", names(t.Could(people)))
		default:
			return nil, fault.Deny("approve.role")
		}
		now := a.Now()
		if err := tx.AddDecision(a.decided(s, w, approval.Yes, now)); err != nil {
			return nil, err
		}
		t, _, err = a.tally(tx, p)
		if err != nil {
			return nil, err
		}
		ev, err := p.Approve(w.actor(), seen, t.Met, now.Add(a.SendAfter), now)
		if err != nil {
			return nil, err
		}
		ev.Facts["given"], ev.Facts["needed"] = len(t.Given), t.Need.Count
		return []payout.Event{a.noted(ev)}, nil
	})
}

// factor is how people prove who they are when they decide, until keys come.
const factor = "password"

func (a *App) decided(s payout.Snapshot, w Who, answer approval.Answer, now time.Time) Decided {
	return Decided{Kind: approval.Payout, ID: string(s.ID), Version: s.Version, By: w.actor(), Answer: answer, Digest: string(s.Digest),
		RuleSet: a.Rules.Version, Factor: factor, At: now}
}

// noted puts what the decision's row holds besides into its event, so that the history proves it.
func (a *App) noted(ev payout.Event) payout.Event {
	ev.Facts["rules"], ev.Facts["factor"] = a.Rules.Version, factor
	return ev
}

func names(s []approval.Signer) []string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = p.Name
	}
	return out
}

func signer(p auth.Person) approval.Signer {
	s := approval.Signer{ID: p.ID, Name: p.Name, Standing: !p.Suspended}
	for _, r := range p.Roles {
		s.Roles = append(s.Roles, approval.Role(r))
	}
	return s
}

// TakeBack withdraws the person's own yes. Denied "approve.none" when there is none that counts.
func (a *App) TakeBack(ctx context.Context, w Who, id payout.ID, seen payout.Digest) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, person auth.Person, p *payout.Payout) ([]payout.Event, error) {
		if err := p.CanDecide(w.actor(), seen); err != nil {
			return nil, err
		}
		t, _, err := a.tally(tx, p)
		if err != nil {
			return nil, err
		}
		s := p.S()
		if t.May(signer(person)) != approval.Already {
			return nil, fault.Moved("approve.none", s.Number)
		}
		now := a.Now()
		ev, err := p.TakeBack(w.actor(), seen, now)
		if err != nil {
			return nil, err
		}
		return []payout.Event{a.noted(ev)}, tx.AddDecision(a.decided(s, w, approval.Back, now))
	})
}

// AskChanges sends a pending payout back to its makers with a reason.
func (a *App) AskChanges(ctx context.Context, w Who, id payout.ID, seen payout.Digest, reason string) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, _ auth.Person, p *payout.Payout) ([]payout.Event, error) {
		before, now := p.S(), a.Now()
		ev, err := p.AskChanges(w.actor(), seen, reason, a.salt(), now)
		if err != nil {
			return nil, err
		}
		if err := tx.AddDecision(a.decided(before, w, approval.No, now)); err != nil {
			return nil, err
		}
		return []payout.Event{a.noted(ev)}, tx.AddVersion(p, w.actor(), now)
	})
}

// Reject ends a payout that nothing was asked for, with a reason.
func (a *App) Reject(ctx context.Context, w Who, id payout.ID, seen payout.Digest, reason string) error {
	if seen == "" {
		return fault.Bad("digest", "approve.digest")
	}
	return a.change(ctx, w, Decide, id, func(tx Tx, _ auth.Person, p *payout.Payout) ([]payout.Event, error) {
		now := a.Now()
		ev, err := p.Reject(w.actor(), seen, reason, now)
		if err != nil {
			return nil, err
		}
		return []payout.Event{a.noted(ev)}, tx.AddDecision(a.decided(p.S(), w, approval.No, now))
	})
}

// ExpireNext ends one payout whose approval took longer than the rules allow; did is false when there is none.
func (a *App) ExpireNext(ctx context.Context) (did bool, err error) {
	before := a.Now().Add(-time24(a.Rules.ExpiryDays))
	due, err := a.Store.AnyToExpire(ctx, before)
	if err != nil || !due {
		return false, err
	}
	err = a.write(ctx, Worker, func(tx Tx) error {
		did = false
		ids, err := tx.ToExpire(before, 50)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p, err := tx.Payout(id)
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
