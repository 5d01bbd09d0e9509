package app

import (
	"maps"
	"time"

	"countersign/internal/payout"
)

// replacedFresh is how long before the claim of a replacement the bank must have told once more how what it replaces stands.
const replacedFresh = 10 * time.Minute

// askAgainAfter is how long a claim waits for that answer before it has the session asked about again.
const askAgainAfter = time.Minute

// maxAsked bounds what is remembered; whatever is forgotten is only asked about once more.
const maxAsked = 10_000

// askedOf remembers when the bank last told about a session, and when a claim last had one asked about. It is not stored: after a start
// everything is asked about again. App.mu guards it.
type askedOf struct {
	told, woken map[string]time.Time
}

func note(m *map[string]time.Time, session string, now time.Time) {
	if *m == nil {
		*m = map[string]time.Time{}
	}
	if len(*m) >= maxAsked {
		maps.DeleteFunc(*m, func(_ string, at time.Time) bool { return now.Sub(at) > replacedFresh })
	}
	if len(*m) >= maxAsked {
		clear(*m)
	}
	(*m)[session] = now
}

// noteAsked notes that the bank has just told how a session stands.
func (a *App) noteAsked(session string) {
	a.mu.Lock()
	note(&a.asked.told, session, a.Now())
	_, waited := a.asked.woken[session]
	delete(a.asked.woken, session)
	a.mu.Unlock()
	if waited {
		wake(a.wakeSend) // a replacement waits for exactly this
	}
}

// askedAgain reports whether the sessions of everything that a payout replaces were told about within the last ten minutes; if not, it has them asked about.
func (a *App) askedAgain(tx Tx, s payout.Snapshot, now time.Time) (bool, error) {
	fresh := true
	for range maxChain {
		if s.Content.Replaces == "" {
			break
		}
		old, err := tx.Payout(s.Content.Replaces)
		if err != nil {
			return false, err
		}
		s = old.S()
		if s.Session == "" {
			continue // the bank never named one: a refusal in its answer, or a ruling
		}
		a.mu.Lock()
		told, woken := a.asked.told[s.Session], a.asked.woken[s.Session]
		known := !told.IsZero() && !now.Before(told) && now.Sub(told) <= replacedFresh
		ask := !known && (woken.IsZero() || now.Before(woken) || now.Sub(woken) >= askAgainAfter)
		if ask {
			note(&a.asked.woken, s.Session, now)
		}
		a.mu.Unlock()
		fresh = fresh && known
		if ask {
			if err := a.wakePollOf(tx, s.Session, s.ID, now); err != nil {
				return false, err
			}
			tx.Touch(Change{Payouts: []payout.ID{s.ID}}) // wakes the poll
		}
	}
	return fresh, nil
}
