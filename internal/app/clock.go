package app

import (
	"time"

	"countersign/internal/payout"
)

// HaltClock: the wall clock went back by more than clockBack.
const HaltClock = "clock"

// clockBack is how far the wall clock may go back: a machine that asks for the time steps by less. Events are ordered by their numbers, never by
// their times, so nothing comes out of order; but countdowns, limits of a day and the wait for a bank's word are measured by the clock, so that
// nothing is sent by one that nobody looked at.
const clockBack = 2 * time.Minute

// wentBack reports that the clock shows a time of more than clockBack before the newest event, and stops sending. Two people's release goes on by
// the clock as it is then.
func (a *App) wentBack(tx Tx) (bool, error) {
	now := a.Now()
	if !now.Add(clockBack).Before(tx.LastAt()) {
		return false, nil
	}
	a.Log.Error("the clock went back: sending stopped", "now", now, "newest_event", tx.LastAt())
	return true, a.halt(tx, HaltClock, payout.ID(""), now)
}
