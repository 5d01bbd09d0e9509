package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// UnknownAlarm is the age from which an unknown outcome is an alarm on every page, in the log and among the figures.
const UnknownAlarm = 30 * time.Minute

// maxUnknown bounds the unknown outcomes that are looked through.
const maxUnknown = 500

// UnknownAges says how old the unknown and flagged outcomes are.
type UnknownAges struct {
	// N is how many there are (at most maxUnknown are looked at), Late how many of them are older than UnknownAlarm.
	N, Late int
	// Minor is the sum of all of them, kopecks.
	Minor int64
	// Truths is how many of them the bank settled otherwise than people had ruled, TruthNumber the number of one: an alarm at once.
	Truths      int
	TruthNumber payout.Number
	// Oldest is the age of the oldest, whose number is Number; zero when there is none.
	Oldest time.Duration
	Number payout.Number
}

// sinceOf remembers since when a payout's outcome has been unknown, as long as its row does not change. App.mu guards it.
type sinceOf struct {
	changed, since time.Time
	said           bool // the log has it
	truth          bool // the bank says something else than people ruled
}

// UnknownSince is since when these payouts have been unknown or flagged without a break, in their order: their history says so.
func (a *App) UnknownSince(ctx context.Context, rows []Row) ([]time.Time, error) {
	out := make([]time.Time, len(rows))
	for i, r := range rows {
		if r.State != payout.Unknown && !r.Review { // by its day alone
			out[i] = a.bankCalendar().AddBankDays(calendar.DayOf(r.SentAt), protocol.OpenTooLong).Start()
			continue
		}
		a.mu.Lock()
		known, ok := a.since[r.ID]
		a.mu.Unlock()
		if !ok || !known.changed.Equal(r.ChangedAt) {
			events, err := a.Store.Timeline(ctx, "payout", string(r.ID))
			if err != nil {
				return nil, err
			}
			known.changed, known.since = r.ChangedAt, unknownSince(events, r.ChangedAt)
			known.truth = r.Review && slices.ContainsFunc(events, func(e EventRow) bool {
				return e.Action == payout.ActAlarm && factString(e.Payload, "alarm") == protocol.AlarmLateTruth
			})
			a.mu.Lock()
			if a.since == nil || len(a.since) > 4*maxUnknown {
				a.since = map[payout.ID]sinceOf{}
			}
			known.said = a.since[r.ID].said
			a.since[r.ID] = known
			a.mu.Unlock()
		}
		out[i] = known.since
	}
	return out, nil
}

// unknownSince follows a payout's events; otherwise is the answer when they do not tell.
func unknownSince(events []EventRow, otherwise time.Time) time.Time {
	since, state, review := time.Time{}, "", false
	for _, e := range events {
		var f struct {
			To     *string `json:"to"`
			Review *bool   `json:"review"`
		}
		if json.Unmarshal(e.Payload, &f) != nil || f.To == nil {
			continue
		}
		was := state == string(payout.Unknown) || review
		state = *f.To
		if f.Review != nil {
			review = *f.Review
		}
		switch is := state == string(payout.Unknown) || review; {
		case is && !was:
			since = e.At
		case !is:
			since = time.Time{}
		}
	}
	if since.IsZero() {
		return otherwise
	}
	return since
}

// overdueOf remembers which payouts the bank has not confirmed for too long: a payout becomes one with a day, so that looking once a minute is enough. App.mu guards it.
type overdueOf struct {
	at  time.Time
	ids []payout.ID
}

// Unknowns lists what people may have to rule on: payouts whose outcome is unknown and flagged ones, oldest first, then those that were sent and that the bank has not
// confirmed for ten banking days.
func (a *App) Unknowns(ctx context.Context, limit int) ([]Row, error) {
	rows, err := a.Store.Unknowns(ctx, limit)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	a.mu.Lock()
	last := a.overdue
	a.mu.Unlock()
	if last.at.IsZero() || now.Before(last.at) || now.Sub(last.at) >= time.Minute {
		// Ten banking days take at least twelve days. A poll that brings nothing is repeated within three hours.
		ids, err := a.Store.Unconfirmed(ctx, now.Add(-time24(protocol.OpenTooLong)), now.Add(4*time.Hour), maxUnknown)
		if err != nil {
			return nil, err
		}
		last = overdueOf{at: now, ids: ids}
		a.mu.Lock()
		a.overdue = last
		a.mu.Unlock()
	}
	if len(last.ids) == 0 || len(rows) >= limit {
		return rows, nil
	}
	late, err := a.Store.Rows(ctx, last.ids)
	if err != nil {
		return nil, err
	}
	for _, r := range late {
		if len(rows) < limit && !r.Review && a.unconfirmed(r.State, r.Confirmed, r.SentAt, now) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// AgesOf is UnknownAges of rows that were read already.
func (a *App) AgesOf(ctx context.Context, rows []Row) (UnknownAges, error) {
	since, err := a.UnknownSince(ctx, rows)
	if err != nil {
		return UnknownAges{}, err
	}
	u, now := UnknownAges{N: len(rows)}, a.Now()
	for i, r := range rows {
		u.Minor += r.Amount
		age := now.Sub(since[i])
		if age >= UnknownAlarm {
			u.Late++
		}
		a.mu.Lock()
		if a.since[r.ID].truth {
			u.Truths, u.TruthNumber = u.Truths+1, r.Number
		}
		a.mu.Unlock()
		if age > u.Oldest || u.Number == 0 {
			u.Oldest, u.Number = max(age, 0), r.Number
		}
	}
	return u, nil
}

// UnknownAges reads how old the unknown and flagged outcomes are: for figures and alarms.
func (a *App) UnknownAges(ctx context.Context) (UnknownAges, error) {
	rows, err := a.Unknowns(ctx, maxUnknown)
	if err != nil {
		return UnknownAges{}, err
	}
	return a.AgesOf(ctx, rows)
}

// alarmUnknown writes one line to the log for each outcome that has been unknown for too long, once.
func (a *App) alarmUnknown(ctx context.Context) error {
	rows, err := a.Unknowns(ctx, maxUnknown)
	if err != nil {
		return err
	}
	since, err := a.UnknownSince(ctx, rows)
	if err != nil {
		return err
	}
	now := a.Now()
	for i, r := range rows {
		age := now.Sub(since[i])
		a.mu.Lock()
		known := a.since[r.ID]
		say := age >= UnknownAlarm && !known.said
		if say {
			known.said = true
			a.since[r.ID] = known
		}
		a.mu.Unlock()
		if say {
			a.Log.Error("the outcome of a payout has been unknown for too long", "payout", string(r.ID), "number", int64(r.Number), "since", since[i], "age", age.Round(time.Second), "flagged", r.Review)
		}
	}
	return nil
}

// AskedLast is when the bank last told about a session, as far as this process knows; zero when it did not.
func (a *App) AskedLast(session string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked.told[session]
}
