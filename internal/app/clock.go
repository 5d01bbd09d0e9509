package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/internal/payout"
)

// HaltClock: the wall clock went back by more than clockBack, or ahead by more than clockAhead.
const HaltClock = "clock"

// clockBack is how far the wall clock may go back: a machine that asks for the time steps by less. Events are ordered by their numbers, never by
// their times, so nothing comes out of order; but countdowns, limits of a day and the wait for a bank's word are measured by the clock, so that
// nothing is sent by one that nobody looked at.
const clockBack = 2 * time.Minute

// clockAhead is how far the wall clock may run ahead of the time that this process measured between two looks at both.
const clockAhead = 5 * time.Minute

// wentBack reports that the clock shows a time of more than clockBack before the newest event, or jumped ahead, and stops sending. Two people's release goes on
// by the clock as it is then.
func (a *App) wentBack(tx Tx) (bool, error) {
	now := a.Now()
	if a.jumped() {
		return true, a.halt(tx, HaltClock, payout.ID(""), now)
	}
	if !now.Add(clockBack).Before(tx.LastAt()) {
		return false, nil
	}
	a.Log.Error("the clock went back: sending stopped", "now", now, "newest_event", tx.LastAt())
	return true, a.halt(tx, HaltClock, payout.ID(""), now)
}

// jumped looks at both clocks and reports that the wall clock jumped ahead, now or before, and that nobody has let sending go on by it since.
func (a *App) jumped() bool {
	if a.Mono == nil {
		return false
	}
	wall, mono := a.Now().Round(0), a.Mono()
	a.mu.Lock()
	defer a.mu.Unlock()
	last := a.clocks
	a.clocks.wall, a.clocks.mono = wall, mono
	if ahead := wall.Sub(last.wall) - (mono - last.mono); !last.wall.IsZero() && ahead > clockAhead {
		a.clocks.jumped = true
		a.Log.Error("the clock jumped ahead: sending stopped", "now", wall, "by", ahead)
	}
	return a.clocks.jumped
}

// clockDoubted reports that sending is stopped because of the clock, or is to be: what is due by it alone does not happen.
func (a *App) clockDoubted(tx Tx) (bool, error) {
	if a.jumped() {
		if err := a.halt(tx, HaltClock, payout.ID(""), a.Now()); err != nil {
			return true, err
		}
		return true, nil
	}
	h, on, err := tx.Halt()
	return on && h.Cause == HaltClock, err
}

// PlanBounds are the latest moments that a right clock plans for.
type PlanBounds struct {
	Now time.Time
	// Soon is as far ahead as the clock may have been without anybody's notice.
	Soon time.Time
	// Hourly, Slowly and Daily bound the next question about an open session, one that the bank wants asked about less, and a confirmed outcome.
	Hourly, Slowly, Daily time.Time
	// Step bounds the next step of an open attempt, Send the end of a countdown.
	Step, Send time.Time
}

func (a *App) planBounds() PlanBounds {
	now := a.Now()
	return PlanBounds{Now: now, Soon: now.Add(clockBack), Hourly: now.Add(pollLate), Slowly: now.Add(3 * pollLate), Daily: now.Add(3*time24(1) + pollLate),
		Step: now.Add(a.longestRest()), Send: now.Add(a.SendAfter)}
}

// longestRest is the longest that an attempt of the stepwise flow rests after calls that were lost.
func (a *App) longestRest() time.Duration { return 6 * (a.PollMin / 2) }

// replanAtOnce bounds how many payouts one transaction plans anew.
const replanAtOnce = 100

// replanAhead plans anew what a clock that was ahead, and was set right, planned: else it would wait for as long as that clock was ahead.
func (a *App) replanAhead(ctx context.Context, who Actor, do Action) error {
	for range 10_000 {
		n := 0
		if err := a.write(ctx, Worker, who, do, theDesk, func(tx *sealed) error {
			b := a.planBounds()
			if err := tx.Replan(b); err != nil {
				return err
			}
			list, err := tx.ToReplan(b, replanAtOnce)
			n = len(list)
			if err != nil {
				return err
			}
			for _, id := range list {
				p, err := tx.Payout(id)
				if errors.Is(err, payout.ErrBroken) { // named; the others go on
					if err := a.rowAltered(tx, id, b.Now, err); err != nil {
						return err
					}
					continue
				}
				if err != nil {
					return err
				}
				at := p.S().SendAt
				if at.After(b.Send) {
					at = b.Send
				}
				if err := a.save(tx, p, p.Replan(at, b.Now)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("plan anew by the clock: %w", err)
		}
		if n < replanAtOnce {
			return nil
		}
	}
	return nil // the next look goes on
}

// lookAtClock stops sending when the clock jumped ahead, and plans anew what one that was ahead planned. late says that the look before found a question that is too late.
func (a *App) lookAtClock(ctx context.Context, late bool) error {
	if a.jumped() {
		if err := a.write(ctx, Worker, theDoctor, Examine, theDesk, func(tx *sealed) error {
			_, err := a.clockDoubted(tx)
			return err
		}); err != nil {
			return err
		}
	}
	d, err := a.Store.DeskRows(ctx)
	if err != nil {
		return err
	}
	if !late && (d.Halt == nil || d.Halt.Cause != HaltClock) {
		if ahead, err := a.Store.AnyAhead(ctx, a.planBounds()); err != nil || !ahead {
			return err
		}
	}
	return a.replanAhead(ctx, theDoctor, Examine)
}

// tooLate reports a finding about a question that is planned too late.
func (f Finding) tooLate() bool { return f.Invariant == "I5" && strings.Contains(f.What, foundLate) }

// foundLate is what I5 says of a question that is planned too late.
const foundLate = "the next question about its session is more than an hour away"
