package app

import (
	"context"
	"slices"
	"time"

	"countersign/internal/calendar"
)

// LostDays is the time of which this database knows nothing, because it was put back from a copy, while the bank's reports of those days are not in.
type LostDays struct {
	// From is when the copy was made, To when it went on (UTC): what was paid between them is known only to the bank.
	From, To time.Time
	// Missing are the Moscow days without a report; the first maxMissing of them.
	Missing []calendar.Day
}

const (
	maxMissing  = 10
	maxLostDays = 400 // of one restore; what is longer counts as missing whole
)

// Lost is what restored copies lost and reports have not told yet, taken together; ok false when nothing. A report tells of a day when it came
// after the day's end; an empty one once an approver closed the day.
func (a *App) Lost(ctx context.Context) (l LostDays, ok bool, err error) {
	all, err := a.Store.Restores(ctx)
	if err != nil {
		return l, false, err
	}
	for _, x := range all {
		missing, err := a.missingReports(ctx, x.Copy.At, x.At)
		if err != nil {
			return l, false, err
		}
		if len(missing) == 0 {
			continue
		}
		if !ok || x.Copy.At.Before(l.From) {
			l.From = x.Copy.At
		}
		if !ok || x.At.After(l.To) {
			l.To = x.At
		}
		l.Missing, ok = append(l.Missing, missing...), true
	}
	l.Missing = l.Missing[:min(len(l.Missing), maxMissing)]
	return l, ok, nil
}

func (a *App) missingReports(ctx context.Context, from, to time.Time) ([]calendar.Day, error) {
	var out []calendar.Day
	last := calendar.DayOf(to)
	day := calendar.DayOf(from)
	for range maxLostDays {
		if !day.Valid() || day > last {
			return out, nil
		}
		files, err := a.Store.ReportsOfDay(ctx, day)
		if err != nil {
			return nil, err
		}
		told, err := a.dayTold(ctx, day, files)
		if err != nil {
			return nil, err
		}
		if !told {
			if out = append(out, day); len(out) >= maxMissing {
				return out, nil
			}
		}
		day = day.Add(1)
	}
	return append(out, day), nil
}

// dayTold reports whether the reports of a day that is lost tell of it: one that has lines and was taken after the day's end. A file without lines, and one of several
// days, which may have none of this one, is what anybody who may upload can write: it counts once somebody else closed the day with it there.
func (a *App) dayTold(ctx context.Context, day calendar.Day, files []ReportFile) (bool, error) {
	end := day.Add(1).Start()
	var empty []ReportFile
	for _, f := range files {
		switch {
		case f.At.Before(end):
		case f.N > 0 && f.From == f.To:
			return true, nil
		default:
			empty = append(empty, f)
		}
	}
	if len(empty) == 0 {
		return false, nil
	}
	c, closed, err := a.Store.LastCloseOf(ctx, day)
	return closed && slices.ContainsFunc(empty, func(f ReportFile) bool { return !c.At.Before(f.At) && c.By.Person != f.By.Person }), err
}

// MayBePaid reports whether a payout put to people at this moment (UTC; zero when it was not yet) may have been paid in the time that is lost.
func (l LostDays) MayBePaid(submitted time.Time) bool {
	return !submitted.IsZero() && !submitted.Before(l.To)
}

// BackupState is how the copies made on a schedule stand.
type BackupState struct {
	On bool // there is a schedule
	// Since is when the schedule began in this process, Every how often a copy is to be made.
	Since time.Time
	Every time.Duration
	// LastGood is when the newest verified copy was made (UTC), File its name; zero and "" when there is none.
	LastGood time.Time
	File     string
	// Bytes is its size, Failures how many tries failed since the start.
	Bytes, Failures int64
	// LastError is why the newest try failed, FailedAt when; "" and zero once a later one succeeded.
	LastError string
	FailedAt  time.Time
}

// Trouble says in one word that people must look after the copies: "bad" when the newest try failed, "late" when two turns of the schedule brought no verified
// copy; "" when all is well, or where none are made.
func (s BackupState) Trouble(now time.Time) string {
	switch {
	case !s.On:
	case s.LastError != "":
		return "bad"
	case s.Age(now) > 2*s.Every:
		return "late"
	}
	return ""
}

// Age is that of the newest verified copy; while there is none, how long the schedule has waited for one.
func (s BackupState) Age(now time.Time) time.Duration {
	from := s.LastGood
	if from.IsZero() {
		from = s.Since
	}
	return max(0, now.Sub(from))
}

// Backups is how the copies made on a schedule stand; the zero state where none are made.
func (a *App) Backups() BackupState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.backups
}

// NoteBackup takes what became of a copy.
func (a *App) NoteBackup(s BackupState) {
	a.mu.Lock()
	a.backups = s
	a.mu.Unlock()
}
