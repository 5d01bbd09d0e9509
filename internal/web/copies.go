package web

import (
	"slices"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// copyText says what only two people can settle: what a start found, or what was found while the desk ran.
func (r *req) copyText(cause, quarantine string) []string {
	t := r.t.Copies()
	var out []string
	switch {
	case quarantine != "" && r.web.App.Store.Loss() == nil:
		out = append(out, t.Running)
	case quarantine != "":
		out = append(out, lang.Label(t.Why, quarantine), t.Marked)
	}
	if cause == app.HaltCopy || r.web.App.Store.CopyRisk() != "" {
		out = append(out, t.Copy)
	}
	if r.web.App.Foreign() {
		out = append(out, t.Identity)
	}
	return out
}

// copyFacts are what the copy holds and what is lost, and what differs from what was accepted.
func (r *req) copyFacts() []templates.Fact {
	t := r.t.Copies()
	var out []templates.Fact
	if l := r.web.App.Store.Loss(); l != nil && r.web.App.Store.Quarantined() != "" {
		out = append(out, templates.Fact{Label: t.CopyOf, Value: lang.Fill(t.Entries, r.t.N(t.EntriesN, int(l.Copy.Size)), clockDay(r, l.Copy.At))})
		if l.Anchor.Size > 0 {
			out = append(out, templates.Fact{Label: t.Anchor, Value: lang.Fill(t.Entries, r.t.N(t.EntriesN, int(l.Anchor.Size)), clockDay(r, l.Anchor.At))},
				templates.Fact{Label: t.Lost, Value: r.t.N(t.EntriesN, int(l.Lost()))})
		} else {
			out = append(out, templates.Fact{Label: t.Anchor, Value: t.NoAnchor})
		}
	}
	change := r.web.App.IdentityChange()
	names := make([]string, 0, len(change))
	for name := range change {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, templates.Fact{Label: lang.Label(t.Names, name), Value: lang.Fill(t.WasIs, change[name][0], change[name][1])})
	}
	return out
}

// lostNote says of a payout that it may have been paid in a time that this database knows nothing of, and which reports of the bank would tell; "" when not.
func (r *req) lostNote(d *desk, submitted time.Time) string {
	if !d.isLost || !d.lost.MayBePaid(submitted) {
		return ""
	}
	days := make([]string, len(d.lost.Missing))
	for i, day := range d.lost.Missing {
		days[i] = lang.DayFull(r.tag, day.Start())
	}
	return lang.Fill(r.t.Copies().MayBePaid, lang.Moment(r.tag, d.lost.From, r.now), lang.Moment(r.tag, d.lost.To, r.now), strings.Join(days, ", "))
}

// lostShort is lostNote in a list.
func (r *req) lostShort(d *desk, submitted time.Time) string {
	if !d.isLost || !d.lost.MayBePaid(submitted) {
		return ""
	}
	return lang.Fill(r.t.Copies().MayBePaidShort, lang.Moment(r.tag, d.lost.From, r.now), lang.Moment(r.tag, d.lost.To, r.now))
}

// backupFact is how the copies made on a schedule stand; ok false where none are made.
func (r *req) backupFact() (templates.Fact, bool) {
	b, t := r.web.App.Backups(), r.t.Copies()
	if !b.On {
		return templates.Fact{}, false
	}
	f := templates.Fact{Label: t.Backup, Value: t.BackupNone}
	if !b.LastGood.IsZero() {
		f.Value = lang.Fill(t.BackupGood, clockDay(r, b.LastGood))
	}
	if !b.FailedAt.IsZero() {
		f.Value = lang.Fill(t.BackupFailed, clockDay(r, b.FailedAt)) + " " + f.Value
	}
	return f, true
}

// restoredWhy is what became of a payout whose database turned out to be a copy; "" for any other.
func restoredWhy(t *lang.Texts, s payout.Snapshot) string {
	if s.State != payout.Cancelled || s.Why != payout.WhyRestored {
		return ""
	}
	return t.Copies().Ended
}
