package app

import (
	"maps"
	"slices"
	"time"

	"countersign/internal/payout"
	"countersign/internal/protocol"
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
	refused     map[string]time.Time   // since when the bank has said without a break that there is no such session
	waits       map[payout.ID][]string // the sessions of others that a replacement waits for
}

func note[K comparable](m *map[K]time.Time, key K, now time.Time) {
	if *m == nil {
		*m = map[K]time.Time{}
	}
	if len(*m) >= maxAsked {
		maps.DeleteFunc(*m, func(_ K, at time.Time) bool { return now.Sub(at) > replacedFresh })
	}
	if len(*m) >= maxAsked {
		clear(*m)
	}
	(*m)[key] = now
}

// noteAsked notes what the bank has just answered to a question about a session. How it stands was told by a status of that very session. A refusal ("there is no such
// session") says so only where people ruled already, or once it has stood for as long as an answer counts: a stale copy of the bank's says the same for a moment.
func (a *App) noteAsked(session string, f protocol.Fetch, ruled bool) {
	told := f.Problem == "" && f.Session.ID == session
	no := f.Problem == "refused"
	if !told && !no {
		return
	}
	now := a.Now()
	a.mu.Lock()
	if no {
		since, stands := a.asked.refused[session]
		if !stands || now.Before(since) {
			note(&a.asked.refused, session, now)
			since = now
		}
		told = ruled || now.Sub(since) >= replacedFresh
	} else {
		delete(a.asked.refused, session)
	}
	waited := false
	if told {
		note(&a.asked.told, session, now)
		_, waited = a.asked.woken[session]
		delete(a.asked.woken, session)
	}
	a.mu.Unlock()
	if waited {
		wake(a.wakeSend) // a replacement waits for exactly this
	}
}

// sessionsOf lists every session that may ever have paid a payout, as far as the desk knows: the bound one, those that its steps opened, those that are asked about,
// and those that the bank's evidence names.
func (a *App) sessionsOf(tx Tx, p *payout.Payout, st protocol.State) ([]string, error) {
	plans, err := tx.Polls(p.S().ID)
	if err != nil {
		return nil, err
	}
	all := []string{p.S().Session}
	for _, s := range st.Steps {
		all = append(all, s.Session)
	}
	for _, plan := range plans {
		all = append(all, plan.Session)
	}
	for _, e := range st.Evidence {
		all = append(all, e.Session)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" }), nil
}

// askedAgain reports whether every known session of everything that a payout replaces was told about within the last ten minutes, and none of them may still be paid;
// those that were not told about it has asked about. While the bank does not answer about one of them, the replacement waits.
func (a *App) askedAgain(tx Tx, s payout.Snapshot, now time.Time) (bool, error) {
	id, ask := s.ID, map[string]payout.ID{}
	var waits []string
	for range maxChain {
		if s.Content.Replaces == "" {
			break
		}
		old, err := tx.Payout(s.Content.Replaces)
		if err != nil {
			return false, err
		}
		s = old.S()
		st, err := a.protocolState(tx, old)
		if err != nil {
			return false, err
		}
		sessions, err := a.sessionsOf(tx, old, st)
		if err != nil {
			return false, err
		}
		if st.SaysOpen() {
			waits = append(waits, sessions...) // its end is told, or the desk cancels it, first
		}
		a.mu.Lock()
		for _, session := range sessions {
			told, woken := a.asked.told[session], a.asked.woken[session]
			if !told.IsZero() && !now.Before(told) && now.Sub(told) <= replacedFresh {
				continue
			}
			waits = append(waits, session)
			if woken.IsZero() || now.Before(woken) || now.Sub(woken) >= askAgainAfter {
				note(&a.asked.woken, session, now)
				ask[session] = s.ID
			}
		}
		a.mu.Unlock()
	}
	a.waitsFor(id, waits)
	for _, session := range slices.Sorted(maps.Keys(ask)) {
		if err := a.wakePollOf(tx, session, ask[session], now); err != nil {
			return false, err
		}
		tx.Touch(Change{Payouts: []payout.ID{ask[session]}}) // wakes the poll
	}
	return len(waits) == 0, nil
}

// waitsFor remembers for pages what a replacement waits for.
func (a *App) waitsFor(id payout.ID, sessions []string) {
	slices.Sort(sessions)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(sessions) == 0 {
		delete(a.asked.waits, id)
		return
	}
	if a.asked.waits == nil || len(a.asked.waits) >= maxAsked {
		a.asked.waits = map[payout.ID][]string{}
	}
	a.asked.waits[id] = slices.Compact(sessions)
}

// WaitsFor names the sessions of what a payout replaces that the bank must tell about before it may leave; none as long as no claim has looked at it.
func (a *App) WaitsFor(id payout.ID) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked.waits[id])
}
