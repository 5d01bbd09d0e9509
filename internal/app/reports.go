package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/internal/audit"
	"countersign/internal/bankreport"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// MaxReport bounds an uploaded report, bytes.
var MaxReport = bankreport.Usual().Packed

// reportChunk is how many lines of a report one commit stores: everything else goes on between two of them.
const reportChunk = 400

// The kinds of a line, and of what the bank's word moved on a day.
const (
	KindPaid = "paid"
	KindBack = "back"
)

// Where a report came from.
const (
	FromUpload = "upload"
	FromFolder = "folder"
)

// ReportFile is one daily report of the bank as it was taken.
type ReportFile struct {
	ID int64
	// SHA is the SHA-256 of its bytes in hex, Rows that over its lines as stored.
	SHA, Rows    string
	Name, Source string
	From, To     calendar.Day
	N            int
	PaidMinor    int64 // kopecks
	BackMinor    int64
	By           payout.Actor
	At           time.Time
}

// ReportLine is one line of a report as stored.
type ReportLine struct {
	Report int64
	N      int
	Part   string
	Line   int
	Day    calendar.Day
	Kind   string
	// Operation, Session and Reference as the bank writes them; Reference "" when its metadata is no text.
	Operation, Session, Reference string
	Amount, Gross                 int64 // kopecks
	At                            time.Time
	// Metadata and Extra (a JSON list of head and value) may be cleared; Rest is their hash, Mark that of the whole line.
	Metadata, Extra, Rest, Mark string
	// SameAs is an earlier report that has the same operation of the bank, 0 for none: it counts once.
	SameAs int64
	// Payout is whose it is by reference or session, "" for none; Match whose it counts as, Hand the agreed version that says so (0: by itself).
	Payout, Match payout.ID
	Hand          int
}

// RestHash binds what may be cleared of a line, MarkHash the line.
func (l ReportLine) RestHash() string { return hash([]byte(l.Metadata + "\x00" + l.Extra)) }

// MarkHash is the hash of everything that the bank says in a line.
func (l ReportLine) MarkHash() string {
	b, err := json.Marshal([]any{"line/1", l.Kind, l.Operation, l.Session, l.Reference, l.Amount, l.Gross, micro(l.At), l.Rest})
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return hash(b)
}

// RowsHash adds up the lines of a report, in their order: what its event binds.
type RowsHash struct{ sum []byte }

// Add takes the next line.
func (h *RowsHash) Add(l ReportLine) {
	s := sha256.Sum256(fmt.Appendf(h.sum, "\n%d\t%q\t%d\t%s\t%s\t%d\t%s", l.N, l.Part, l.Line, l.Day, l.Mark, l.SameAs, l.Payout))
	h.sum = s[:]
}

// String is the hash so far, in hex; of no lines that of nothing.
func (h *RowsHash) String() string {
	if h.sum == nil {
		return hash(nil)
	}
	return hex.EncodeToString(h.sum)
}

// LinkFact is what a line of a report is held against.
type LinkFact struct {
	ID                       payout.ID
	State                    payout.State
	Asked, Confirmed, Review bool
	Session                  string
	// AmountMinor is what was to be paid, ReturnedMinor what came back; ToldMinor is what the lines that are there say of this kind, without this one; kopecks.
	AmountMinor, ReturnedMinor, ToldMinor int64
}

// paid reports a payout that our record says the bank paid.
func paidState(s payout.State) bool { return s == payout.Succeeded || s == payout.Returned }

// TakeReport takes a daily report of the bank: whole or not at all. day is what its sender says it is for, "" to go by its name or its lines. It moves no
// state: a line that names a payout which is not confirmed, or another session, has that session asked about.
// *bankreport.Refused lists what cannot be read; Invalid at field file "report.twice" for the same bytes again and
// "report.project" for a name that tells of another project, at field day; Denied; Unavailable while another one is read.
func (a *App) TakeReport(ctx context.Context, w Who, name, day string, data []byte) (ReportFile, error) {
	return a.takeReport(ctx, w, FromUpload, name, day, data)
}

// TakeReportFile is TakeReport for a file of the watched folder.
func (a *App) TakeReportFile(ctx context.Context, name string, data []byte) (ReportFile, error) {
	return a.takeReport(ctx, theFolder, FromFolder, name, "", data)
}

func (a *App) takeReport(ctx context.Context, who Actor, source, name, day string, data []byte) (f ReportFile, err error) {
	if err := a.write(ctx, People, who, UploadReport, about("report", ""), func(*sealed) error { return nil }); err != nil {
		return f, err
	}
	if name == "" && len(data) == 0 {
		return f, fault.Bad("file", "report.none")
	}
	if !a.reporting.TryLock() { // one at a time: lines on their way belong to it
		return f, fault.Down("store.busy")
	}
	defer a.reporting.Unlock()
	sum := sha256.Sum256(data)
	f = ReportFile{SHA: hex.EncodeToString(sum[:]), Source: source, By: who.actor()}
	if len(data) == 0 { // an empty file is a day of its own: its bytes say nothing, so its name does
		f.SHA = hash([]byte("empty\x00" + name + "\x00" + day))
	}
	if old, ok, err := a.Store.ReportFile(ctx, 0, f.SHA); err != nil {
		return f, err
	} else if ok {
		return old, fault.Bad("file", "report.twice", old.ID, old.At)
	}
	if err := a.readReport(&f, name, day, data); err != nil {
		return f, err
	}
	if f.ID, err = a.Store.ReportLast(ctx); err != nil {
		return f, err
	}
	f.ID++
	if err := a.write(ctx, Worker, who, UploadReport, about("report", ""), func(tx *sealed) error { return tx.DropLooseRows() }); err != nil {
		return f, err
	}
	var rows RowsHash
	var chunk []ReportLine
	n := 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		now := a.Now()
		err := a.write(ctx, Worker, who, UploadReport, about("report", ""), func(tx *sealed) error {
			beside := lineSums{}
			for i := range chunk {
				if err := a.takeLine(tx, &chunk[i], beside, now); err != nil {
					return err
				}
			}
			return tx.AddReportRows(chunk)
		})
		if err != nil {
			return err
		}
		for _, l := range chunk {
			rows.Add(l)
		}
		chunk = chunk[:0]
		return nil
	}
	_, err = bankreport.Read(name, data, bankreport.Limits{}, func(r bankreport.Row) error {
		n++
		chunk = append(chunk, f.line(r, n))
		if len(chunk) == reportChunk {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return f, err
	}
	f.Rows, f.At = rows.String(), a.Now()
	err = a.write(ctx, People, who, UploadReport, about("report", ""), func(tx *sealed) error {
		if err := tx.AddReport(f, data); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.append(tx, f.By, "report.taken", "report", itoa(f.ID), 0, map[string]any{"sha": f.SHA, "file": f.Name, "source": f.Source, "day_from": string(f.From), "day_to": string(f.To),
			"n": f.N, "paid_minor": f.PaidMinor, "back_minor": f.BackMinor, "rows": f.Rows}, "", f.At)
	})
	return f, err
}

// readReport reads the whole file once with nothing done, counts, and finds out which days it is for.
func (a *App) readReport(f *ReportFile, name, day string, data []byte) error {
	var first, last calendar.Day
	what, err := bankreport.Read(name, data, bankreport.Limits{}, func(r bankreport.Row) error {
		if d := calendar.DayOf(r.At); first == "" || d < first {
			first = d
		}
		if d := calendar.DayOf(r.At); d > last {
			last = d
		}
		if r.Kind == bankreport.Refund {
			f.BackMinor += r.AmountMinor
		} else {
			f.PaidMinor += r.AmountMinor
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, part := range append([]string{name}, what.Parts...) {
		if of := bankreport.ProjectOf(part); of != "" && a.Place.Project != "" && !bankreport.SameProject(of, a.Place.Project) {
			return fault.Bad("file", "report.project", of, a.Place.Project)
		}
	}
	f.Name, f.N = cutName(name), what.Rows
	f.From, f.To = what.From, what.To
	if day != "" {
		d, err := calendar.ParseDay(day)
		if err != nil {
			return fault.Bad("day", "report.day")
		}
		if f.From != "" && (f.From != d || f.To != d) {
			return fault.Bad("day", "report.otherday", f.From.Start(), f.To.Start())
		}
		f.From, f.To = d, d
	}
	switch {
	case f.From == "" && first == "":
		return fault.Bad("day", "report.whichday")
	case f.From == "" && first != last:
		return fault.Bad("day", "report.days", first.Start(), last.Start())
	case f.From == "":
		f.From, f.To = first, last
	}
	if f.To > calendar.DayOf(a.Now()) {
		return fault.Bad("day", "report.future")
	}
	return nil
}

func cutName(s string) string {
	if rs := []rune(s); len(rs) > 200 {
		return string(rs[:200])
	}
	return s
}

// line is a row of the report as it is stored. A report of one day says which day it is; one of several by the row's own time.
func (f *ReportFile) line(r bankreport.Row, n int) ReportLine {
	l := ReportLine{Report: f.ID, N: n, Part: r.Part, Line: r.Line, Day: f.From, Kind: KindPaid, Operation: r.Operation, Session: r.Session, Reference: r.Reference, Amount: r.AmountMinor,
		Gross: r.GrossMinor, At: r.At, Metadata: r.Metadata}
	if r.Kind == bankreport.Refund {
		l.Kind = KindBack
	}
	if f.From != f.To {
		l.Day = min(max(calendar.DayOf(r.At), f.From), f.To)
	}
	if len(r.Extra) > 0 {
		b, err := json.Marshal(r.Extra)
		if err != nil {
			panic(err) // texts only: cannot fail
		}
		l.Extra = string(b)
	}
	l.Rest = l.RestHash()
	l.Mark = l.MarkHash()
	return l
}

// lineSums adds up what the lines of one commit say of a payout, by kind: the store does not have them yet.
type lineSums map[lineSum]int64

type lineSum struct {
	id   payout.ID
	kind string
}

// takeLine links a line, and has its session asked about when all lines of its kind together tell something that we do not know for certain: another sum than
// was paid, or more come back than we know of.
func (a *App) takeLine(tx Tx, l *ReportLine, beside lineSums, now time.Time) error {
	fact, ok, err := tx.ReportLink(l.Reference, l.Session, l.Kind)
	if err != nil {
		return err
	}
	l.Payout = ""
	if ok {
		l.Payout = fact.ID
	}
	if l.SameAs, err = tx.SameRow(*l, l.Report); err != nil {
		return err
	}
	if !ok || l.SameAs != 0 {
		return nil
	}
	of := lineSum{fact.ID, l.Kind}
	beside[of] += l.Amount
	all := fact.ToldMinor + beside[of]
	known := fact.Confirmed && fact.Session == l.Session && paidState(fact.State)
	if l.Kind == KindBack {
		known = known && fact.ReturnedMinor >= all
	} else {
		known = known && fact.AmountMinor == all
	}
	if known {
		return nil
	}
	return a.wakePollOf(tx, l.Session, fact.ID, now)
}

// BankDay is one thing that the bank's word moved: a payout paid, or so much that came back.
type BankDay struct {
	Payout payout.ID
	Kind   string
	N      int
	// Day is the bank's Moscow day, as far as it told its time; At when we had it.
	Day   calendar.Day
	Minor int64 // kopecks
	At    time.Time
}

// BankDays follows the events of one payout: what the rows of bank_day must be. The writer and `audit verify` use the same rule, each on its own events.
type BankDays struct {
	Paid bool
	Back int64
	N    int
}

// Fold returns what an event adds. minor is the payout's amount.
func (f *BankDays) Fold(e audit.Event, minor int64) []BankDay {
	var d struct {
		To       payout.State `json:"to"`
		Returned *int64       `json:"returned_minor"`
		BankAt   int64        `json:"bank_at"`
	}
	switch e.Action {
	case "look.account", "look.bytes":
		return nil
	}
	if json.Unmarshal(e.Payload, &d) != nil || !paidState(d.To) {
		return nil
	}
	day := calendar.DayOf(e.At)
	if d.BankAt != 0 {
		day = calendar.DayOf(time.UnixMicro(d.BankAt))
	}
	var out []BankDay
	if !f.Paid {
		f.Paid = true
		out = append(out, BankDay{Payout: payout.ID(e.Subject), Kind: KindPaid, N: 1, Day: day, Minor: minor, At: e.At})
	}
	if d.Returned != nil && *d.Returned > f.Back {
		f.N++
		out = append(out, BankDay{Payout: payout.ID(e.Subject), Kind: KindBack, N: f.N, Day: day, Minor: *d.Returned - f.Back, At: e.At})
		f.Back = *d.Returned
	}
	return out
}

// noteDays keeps the rows of bank_day beside an event that is being written.
func (a *App) noteDays(tx Tx, p *payout.Payout, e payout.Event, payload map[string]any) error {
	if !paidState(e.To) {
		return nil
	}
	s := p.S()
	had, err := tx.BankDays(s.ID)
	if err != nil {
		return err
	}
	var f BankDays
	for _, d := range had {
		if d.Kind == KindPaid {
			f.Paid = true
		} else {
			f.N, f.Back = max(f.N, d.N), f.Back+d.Minor
		}
	}
	doc, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	for _, d := range f.Fold(audit.Event{At: e.At, Action: e.Action, Subject: string(s.ID), Payload: doc}, s.Content.Amount.Minor) {
		if err := tx.AddBankDay(d); err != nil {
			return err
		}
	}
	return nil
}

// bankAt is the bank's own time of what it says, when that can be: after we asked, and not ahead of us by more than an hour; zero otherwise.
func bankAt(updated, sent, now time.Time) time.Time {
	if updated.IsZero() || sent.IsZero() || updated.Before(sent.Add(-time.Hour)) || updated.After(now.Add(time.Hour)) {
		return time.Time{}
	}
	return updated
}

// CloseOf is a day that was closed, with the figures as they were then.
type CloseOf struct {
	Day     calendar.Day
	Version int
	Doc     []byte
	By      payout.Actor
	At      time.Time
}

// Figures reads the figures of a closing; ok is false when they cannot be read.
func (c CloseOf) Figures() (DayFigures, bool) {
	var d DayFigures
	return d, json.Unmarshal(c.Doc, &d) == nil
}

// UsualTimes are how long payouts took from the request to the bank's word, over the newest of the last 30 days.
type UsualTimes struct {
	N           int
	Median, P90 time.Duration
}

const (
	usualDays = 30
	// usualMost bounds how many are looked at, usualLeast is how few say nothing.
	usualMost, usualLeast = 1000, 20
	usualKeep             = time.Minute
)

// Usual says how long the bank's word usually takes; ok is false when fewer than twenty payouts of the last 30 days can tell.
func (a *App) Usual(ctx context.Context) (UsualTimes, bool, error) {
	now := a.Now()
	a.mu.Lock()
	kept, at := a.usual, a.usualAt
	a.mu.Unlock()
	if !at.IsZero() && now.Sub(at) < usualKeep && !now.Before(at) {
		return kept, kept.N >= usualLeast, nil
	}
	took, err := a.Store.Took(ctx, now.AddDate(0, 0, -usualDays), usualMost)
	if err != nil {
		return UsualTimes{}, false, err
	}
	u := UsualTimes{N: len(took)}
	if u.N > 0 {
		sortDurations(took)
		u.Median, u.P90 = took[(u.N-1)/2], took[(u.N*9+9)/10-1]
	}
	a.mu.Lock()
	a.usual, a.usualAt = u, now
	a.mu.Unlock()
	return u, u.N >= usualLeast, nil
}

// ReportRefused reports an error that lists the rows of a report which cannot be read.
func ReportRefused(err error) (*bankreport.Refused, bool) {
	var r *bankreport.Refused
	ok := errors.As(err, &r)
	return r, ok
}
