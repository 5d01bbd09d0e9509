package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Class says how one thing of a day stands between our record and the bank's report.
type Class string

// The classes. Open ones need somebody before the day can be closed.
const (
	Matched     Class = "matched"
	ByHand      Class = "by_hand"      // two people agreed how it is to be taken
	Late        Class = "late"         // in the report of another day
	CameBack    Class = "came_back"    // money that came back, in both
	Waiting     Class = "waiting"      // we say paid; the day's report is not there yet, or was taken before we had it
	MissingBank Class = "missing_bank" // we say paid; the day's report does not
	MissingUs   Class = "missing_us"   // the report says paid; our record does not, or knows no such payout
	OtherSum    Class = "other_sum"
	Double      Class = "double" // the report has it more than once
)

// Classes lists them in the order of the page: what is wrong first.
func Classes() []Class {
	return []Class{Double, OtherSum, MissingUs, MissingBank, Waiting, Late, ByHand, CameBack, Matched}
}

// Open reports a class that needs somebody.
func (c Class) Open() bool {
	switch c {
	case Double, OtherSum, MissingUs, MissingBank, Waiting:
		return true
	}
	return false
}

// DayLine is one payout of a day, or one line of a report that belongs to none: our record beside the report.
type DayLine struct {
	Class Class
	Kind  string // KindPaid or KindBack
	// Payout is "" for a line of nobody's.
	Payout            payout.ID
	Number            payout.Number
	State             payout.State
	Review, Confirmed bool
	// OurMinor is what our record has on this day, BankMinor what the reports have on this day; kopecks, 0 for nothing.
	OurMinor, BankMinor int64
	// OurAll and BankAll are the same over all days, Rows how many lines there are in all, OtherDay the first day of another report, "" for none.
	OurAll, BankAll int64
	Rows            int
	OtherDay        calendar.Day
	// Report and N name a line, 0 when there is none; Session and Operation are the bank's.
	Report             int64
	N                  int
	Session, Operation string
	// At is when we had the newest of what our record has on this day (UTC), zero for nothing.
	At time.Time
	// Hand is the newest agreed version that explains a line of it, 0 for none.
	Hand int
	// Free is how many of the Rows nobody explained and FreeAll their sum; Fresh how many of these came after the newest explanation was proposed.
	Free, Fresh int
	FreeAll     int64 // kopecks
}

// Classify is the table of the three-way view. covered says that a report is there that can tell of what our record has on the day, paid that our record says the bank paid it. What people agreed to
// explains its own line alone: whatever came later, and more than one line without it, are judged as if nobody had agreed to anything.
func (l *DayLine) Classify(covered, paid bool) Class {
	agrees := l.OurAll == l.BankAll
	switch {
	case l.Payout == "" && l.Hand > 0:
		return ByHand // agreed to be none of this desk's
	case l.Payout == "" || !paid:
		return MissingUs
	case l.Rows == 0 && l.Hand > 0:
		return ByHand
	case l.Rows == 0 && !covered:
		return Waiting
	case l.Rows == 0:
		return MissingBank
	case l.Kind == KindPaid && l.Hand == 0 && l.Rows > 1:
		return Double
	case l.Kind == KindPaid && l.Hand > 0 && (l.Free > 1 || l.Fresh > 0):
		return Double
	case l.Hand == 0 && !agrees:
		return OtherSum
	case l.Hand > 0 && l.Free > 0 && !agrees && (l.FreeAll != l.OurAll || l.Fresh > 0):
		return OtherSum
	case l.Hand > 0:
		return ByHand
	case l.OurMinor != l.BankMinor:
		return Late // the same sums, on other days
	case l.Kind == KindBack:
		return CameBack
	}
	return Matched
}

// Figure is how many lines there are of something, and their sums on both sides, kopecks.
type Figure struct {
	N    int   `json:"n"`
	Ours int64 `json:"ours"`
	Bank int64 `json:"bank"`
}

// DayFigures is a day in figures: by kind and class, each line in exactly one; and beside them the sums counted in another way, over the rows alone.
type DayFigures struct {
	Day calendar.Day `json:"day"`
	// Paid and Back are by class.
	Paid map[Class]Figure `json:"paid"`
	Back map[Class]Figure `json:"back"`
	// Total is by kind, from the rows alone: the classes must add up to it, to the kopeck.
	Total map[string]Figure `json:"total"`
	Files int               `json:"files"`
	// Agrees: they do.
	Agrees bool `json:"agrees"`
}

// Of are the figures of a kind by class.
func (d *DayFigures) Of(kind string) map[Class]Figure {
	if kind == KindBack {
		return d.Back
	}
	return d.Paid
}

// Sum adds up the classes of a kind.
func (d *DayFigures) Sum(kind string) (f Figure) {
	for _, x := range d.Of(kind) {
		f.N, f.Ours, f.Bank = f.N+x.N, f.Ours+x.Ours, f.Bank+x.Bank
	}
	return f
}

// Open counts the lines that need somebody.
func (d *DayFigures) Open() (n int) {
	for _, kind := range []string{KindPaid, KindBack} {
		for c, f := range d.Of(kind) {
			if c.Open() {
				n += f.N
			}
		}
	}
	return n
}

func (d *DayFigures) add(l DayLine) {
	m := d.Of(l.Kind)
	f := m[l.Class]
	f.N, f.Ours, f.Bank = f.N+1, f.Ours+l.OurMinor, f.Bank+l.BankMinor
	m[l.Class] = f
}

// Mark is the hash of the figures: a day whose mark is another than when it was closed has changed.
func (d *DayFigures) Mark() string {
	b, err := json.Marshal(d) // maps are written in the order of their keys
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return hash(b)
}

// Day walks one Moscow day: every line once, classified, in no memory but its own; then its figures. yield may be nil.
func (a *App) Day(ctx context.Context, day calendar.Day, yield func(DayLine) error) (DayFigures, error) {
	out := DayFigures{Day: day, Paid: map[Class]Figure{}, Back: map[Class]Figure{}}
	files, err := a.Store.ReportsOfDay(ctx, day)
	if err != nil {
		return out, err
	}
	out.Files = len(files)
	whole, until := ToldOf(day, files)
	if err := a.Store.EachDayLine(ctx, day, func(l DayLine) error {
		l.Class = l.Classify(whole || out.Files > 0 && !l.At.After(until), paidState(l.State))
		out.add(l)
		if yield == nil {
			return nil
		}
		return yield(l)
	}); err != nil {
		return out, err
	}
	if out.Total, err = a.Store.DayTotals(ctx, day); err != nil {
		return out, err
	}
	out.Agrees = true
	for _, kind := range []string{KindPaid, KindBack} {
		s, t := out.Sum(kind), out.Total[kind]
		out.Agrees = out.Agrees && s.Ours == t.Ours && s.Bank == t.Bank
	}
	return out, nil
}

// ToldOf says how much of a day its reports can tell of: the whole when one was taken after the day's end, else what was there by the moment until (UTC).
func ToldOf(day calendar.Day, files []ReportFile) (whole bool, until time.Time) {
	end := day.Add(1).Start()
	for _, f := range files {
		whole = whole || !f.At.Before(end)
		if f.At.After(until) {
			until = f.At
		}
	}
	return whole, until
}

// DayRow is a line of the list of days.
type DayRow struct {
	Day   calendar.Day
	Total map[string]Figure
	Files int
	// Whole: one of its reports was taken after the day's end; the others tell of a part. Even: what was paid agrees, and what came back agrees, each by itself.
	Whole, Even bool
	// Open is how many lines need somebody. It is counted where the sums alone do not tell: of days that are closed, and of those that are Whole and Even.
	Open int
	// Closed is nil while the day is open; Changed: it is not as it was when it was closed.
	Closed  *CloseOf
	Changed bool
}

// keptDay is what was counted of a day: its sums, and, once it was walked, its figures and what is open.
type keptDay struct {
	total  map[string]Figure
	walked bool
	// figures are of the walk, lines its open lines, at most keptLines; those that only wait for the report are one line of their number.
	figures DayFigures
	lines   []AgedLine
	more    bool
}

const (
	// keptDays and keptLines bound what is kept.
	keptDays, keptLines = 400, 100
	// keptBehind is after how many events everything is counted again, rather than looking for the days that they moved.
	keptBehind = 20_000
)

// keptOf keeps counted days as long as the history says that nothing of them moved: every change of a row leaves an event in the same commit.
type keptOf struct {
	mu   sync.Mutex
	seq  int64
	days map[calendar.Day]*keptDay
}

// upTo forgets the days that moved since it was last asked, and says up to which event that is.
func (k *keptOf) upTo(ctx context.Context, st Store) (int64, error) {
	desk, err := st.DeskRows(ctx) // first: what is counted below is at least as new
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	after := k.seq
	k.mu.Unlock()
	if after >= desk.Seq {
		return after, nil
	}
	moved, all := []calendar.Day(nil), after == 0 || desk.Seq-after > keptBehind
	if !all {
		if moved, all, err = st.DaysMoved(ctx, after); err != nil {
			return 0, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if all || k.days == nil || len(k.days) > keptDays {
		k.days = map[calendar.Day]*keptDay{}
	}
	for _, d := range moved {
		delete(k.days, d)
	}
	k.seq = max(k.seq, desk.Seq)
	return desk.Seq, nil
}

// counted is a day as of event seq or later, counted again only when it moved. walk asks for its figures and open lines, too.
func (a *App) counted(ctx context.Context, seq int64, day calendar.Day, walk bool) (*keptDay, error) {
	a.kept.mu.Lock()
	d := a.kept.days[day]
	a.kept.mu.Unlock()
	if d != nil && (d.walked || !walk) {
		return d, nil
	}
	d = &keptDay{walked: walk}
	var err error
	if walk {
		err = a.walkDay(ctx, d, day)
	} else {
		d.total, err = a.Store.DayTotals(ctx, day)
	}
	if err != nil {
		return nil, err
	}
	a.kept.mu.Lock()
	if a.kept.seq == seq { // else something moved meanwhile, and it may have been this day
		a.kept.days[day] = d
	}
	a.kept.mu.Unlock()
	return d, nil
}

func (a *App) walkDay(ctx context.Context, d *keptDay, day calendar.Day) (err error) {
	var waits []AgedLine // by kind: paid, back
	d.figures, err = a.Day(ctx, day, func(l DayLine) error {
		if !l.Class.Open() {
			return nil
		}
		if l.Class == Waiting {
			i := slices.IndexFunc(waits, func(w AgedLine) bool { return w.Kind == l.Kind })
			if i < 0 {
				i = len(waits)
				waits = append(waits, AgedLine{DayLine: DayLine{Class: Waiting, Kind: l.Kind}, Day: day})
			}
			waits[i].N++
			waits[i].OurMinor += l.OurMinor
			return nil
		}
		if d.more = len(d.lines) == keptLines; !d.more {
			d.lines = append(d.lines, AgedLine{DayLine: l, Day: day, N: 1})
		}
		return nil
	})
	d.total, d.lines = d.figures.Total, append(waits, d.lines...)
	return err
}

// changed reports a day that is not as it was when it was closed.
func (d *keptDay) changed(c *CloseOf) bool {
	was, ok := c.Figures()
	return !ok || was.Mark() != d.figures.Mark()
}

// Days lists the newest days on which the bank's word moved something, or that a report is about.
func (a *App) Days(ctx context.Context, before calendar.Day, limit int) ([]DayRow, error) {
	seq, err := a.kept.upTo(ctx, a.Store)
	if err != nil {
		return nil, err
	}
	days, err := a.Store.DayList(ctx, before, limit)
	if err != nil {
		return nil, err
	}
	for i := range days {
		d := &days[i]
		now, err := a.counted(ctx, seq, d.Day, false)
		if err != nil {
			return nil, err
		}
		d.Total, d.Even = now.total, true
		for _, f := range now.total {
			d.Even = d.Even && f.Ours == f.Bank
		}
		if d.Closed != nil || d.Whole && d.Even { // the sums may agree by chance
			if now, err = a.counted(ctx, seq, d.Day, true); err != nil {
				return nil, err
			}
			d.Total, d.Open = now.total, now.figures.Open()
		}
		if d.Closed != nil {
			d.Changed = now.changed(d.Closed)
		}
	}
	return days, nil
}

// CloseDay says that an approver looked at a day and finds it in order. seen is the mark of the figures on their page. Conflict "day.moved" when they are
// others now; Invalid at form "day.open" while lines need somebody, "day.sums" when they do not add up, "day.running" before the day is over,
// "day.noreport" without its report, "day.partreport" while each of its reports was taken before its end. Closing moves no payout and hides nothing: what changes afterwards is shown as changed.
func (a *App) CloseDay(ctx context.Context, w Who, day calendar.Day, seen string) error {
	if err := a.write(ctx, People, w, CloseDays, about("day", day), func(*sealed) error { return nil }); err != nil {
		return err
	}
	files, err := a.Store.ReportsOfDay(ctx, day)
	if err != nil {
		return err
	}
	whole, _ := ToldOf(day, files)
	f, err := a.Day(ctx, day, nil) // outside of the commit: a large day takes a while
	if err != nil {
		return err
	}
	switch {
	case !day.Valid() || day >= calendar.DayOf(a.Now()):
		return fault.Bad("form", "day.running")
	case f.Files == 0:
		return fault.Bad("form", "day.noreport")
	case !whole:
		return fault.Bad("form", "day.partreport")
	case seen != f.Mark():
		return fault.Moved("day.moved")
	case !f.Agrees:
		return fault.Bad("form", "day.sums")
	case f.Open() > 0:
		return fault.Bad("form", "day.open", f.Open())
	}
	doc, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return a.write(ctx, People, w, CloseDays, about("day", day), func(tx *sealed) error {
		last, closed, err := tx.LastClose(day)
		if err != nil {
			return err
		}
		if was, ok := last.Figures(); closed && ok && was.Mark() == f.Mark() {
			return nil // the same press again
		}
		c := CloseOf{Day: day, Version: last.Version + 1, Doc: doc, By: w.actor(), At: a.Now()}
		if err := tx.AddClose(c); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.append(tx, c.By, "day.closed", "day", string(day), c.Version, map[string]any{"doc": hash(doc), "figures": f.Mark(), "open": 0}, "", c.At)
	})
}

// MatchDoc is the document of a proposal of kind approval.Match: one line of a report and the payout that it is to count as ("" for none of this desk's),
// or, with Report 0, a payout of which the bank's reports say nothing and that is explained.
type MatchDoc struct {
	Spec   string    `json:"spec"`
	Report int64     `json:"report"`
	N      int       `json:"n"`
	Kind   string    `json:"kind"`
	Mark   string    `json:"mark"`
	Payout payout.ID `json:"payout"`
	Number int64     `json:"number"`
	Amount int64     `json:"amount_minor"`
}

// OpMatch is the op of every match.
const OpMatch = "match.set"

// MatchID is the subject of what is agreed about a line, or about a payout that no line tells of.
func MatchID(report int64, n int, id payout.ID, kind string) string {
	if report > 0 {
		return fmt.Sprintf("row-%d-%d", report, n)
	}
	return kind + "-" + string(id)
}

// ParseMatch reads the document of a match.
func ParseMatch(doc []byte) (MatchDoc, error) {
	var d MatchDoc
	err := json.Unmarshal(doc, &d)
	if err == nil && d.Spec != "match/1" {
		err = fmt.Errorf("a match of spec %q", d.Spec)
	}
	return d, err
}

// MatchEntry is what somebody proposes: a line (Report and N) and the payout's number that it belongs to, 0 for none of this desk's; or, without a line,
// the payout that is explained.
type MatchEntry struct {
	Report int64
	N      int
	Number payout.Number
	Kind   string
	Payout payout.ID
	Reason string
}

// ProposeMatch puts a match by hand to a second person. It moves no state, whoever agrees. Invalid at field reason, at number "match.number" or
// "match.unsent"; NotFound "match.none" for a line that is not there; Conflict "subject.pending".
func (a *App) ProposeMatch(ctx context.Context, w Who, e MatchEntry) (id string, err error) {
	reason, err := payout.CheckReason(e.Reason)
	if err != nil {
		return "", err
	}
	err = a.write(ctx, People, w, Propose, about(approval.Match, ""), func(tx *sealed) error {
		d := MatchDoc{Spec: "match/1", Report: e.Report, N: e.N, Kind: e.Kind}
		var p *payout.Payout
		switch {
		case e.Report > 0:
			l, ok, err := tx.ReportRow(e.Report, e.N)
			if err != nil {
				return err
			}
			if !ok || l.SameAs != 0 {
				return fault.Missing("match.none")
			}
			d.Kind, d.Mark, d.Amount = l.Kind, l.Mark, l.Amount
			if e.Number == 0 {
				break
			}
			pid, found, err := tx.IDByNumber(e.Number)
			if err != nil {
				return err
			}
			if !found {
				return fault.Bad("number", "match.number", int64(e.Number))
			}
			if p, err = tx.Payout(pid); err != nil {
				return err
			}
			if !p.S().Asked { // a line of the bank can only be about what the bank was asked
				return fault.Bad("number", "match.unsent", int64(e.Number))
			}
		case e.Kind == KindPaid || e.Kind == KindBack:
			var err error
			if p, err = tx.Payout(e.Payout); err != nil {
				return err
			}
			if !paidState(p.S().State) {
				return fault.Missing("match.none")
			}
			d.Amount = p.S().Content.Amount.Minor
			if e.Kind == KindBack {
				d.Amount = p.S().ReturnedMinor
			}
		default:
			return fault.Missing("match.none")
		}
		if p != nil {
			d.Payout, d.Number = p.S().ID, int64(p.S().Number)
		}
		id = MatchID(d.Report, d.N, d.Payout, d.Kind)
		doc, err := json.Marshal(d)
		if err != nil {
			return err
		}
		inForce, _, err := tx.InForce(approval.Match, id)
		if err != nil {
			return err
		}
		_, err = a.propose(tx, w.actor(), Proposal{Kind: approval.Match, ID: id, Op: OpMatch, Doc: doc, Salt: a.salt()}, inForce.Version, reason, a.Now())
		return err
	})
	return id, err
}

// matched is the effect of a match: it names whose a line counts as, and nothing else.
func (a *App) matched(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	d, err := ParseMatch(p.Doc)
	if err != nil {
		return nil, err
	}
	if MatchID(d.Report, d.N, d.Payout, d.Kind) != p.ID {
		return nil, fmt.Errorf("%w: the match %s is about something else", payout.ErrBroken, p.ID)
	}
	tx.Touch(Change{Desk: true})
	if d.Report == 0 {
		return nil, tx.PutSettled(d.Payout, d.Kind, p.Version)
	}
	l, ok, err := tx.ReportRow(d.Report, d.N)
	if err != nil {
		return nil, err
	}
	if !ok || l.Mark != d.Mark {
		return nil, fault.Missing("match.none")
	}
	return nil, tx.SetMatch(d.Report, d.N, d.Payout, p.Version)
}

func init() {
	effects[approval.Match] = (*App).matched
}

// AgeBand is how old open lines are, in days: From to To, To 0 for all older ones.
type AgeBand struct {
	From, To int
	N        int
	Ours     int64 // kopecks
	Bank     int64
}

// AgedLine is an open line with its day; of those that wait for a report, all of a day and kind in one.
type AgedLine struct {
	DayLine
	Day calendar.Day
	Age int // days
	N   int
}

// Ageing is everything open, over the newest days that nobody closed or that changed since.
type Ageing struct {
	Bands []AgeBand
	Lines []AgedLine // oldest first, at most so many as asked for
	More  bool
	Days  int
}

// ageingDays bounds how many open days are looked at.
const ageingDays = 92

// Ageing adds up the open days, oldest first; a closed day that changed is open again. A day is walked again only when something of it moved.
func (a *App) Ageing(ctx context.Context, most int) (Ageing, error) {
	today := calendar.DayOf(a.Now())
	out := Ageing{Bands: []AgeBand{{From: 0, To: 1}, {From: 2, To: 3}, {From: 4, To: 7}, {From: 8, To: 30}, {From: 31}}}
	seq, err := a.kept.upTo(ctx, a.Store)
	if err != nil {
		return out, err
	}
	days, err := a.Store.DayList(ctx, "", ageingDays)
	if err != nil {
		return out, err
	}
	slices.Reverse(days)
	for _, row := range days {
		d, err := a.counted(ctx, seq, row.Day, true)
		if err != nil {
			return out, err
		}
		if row.Closed != nil && !d.changed(row.Closed) {
			continue
		}
		out.Days++
		age := int(today.Start().Sub(row.Day.Start()) / (24 * time.Hour))
		early := func(c Class) bool { return c == Waiting && age < 2 } // a day's report comes on the next one
		band := &out.Bands[slices.IndexFunc(out.Bands, func(b AgeBand) bool { return age <= b.To || b.To == 0 })]
		for _, kind := range []string{KindPaid, KindBack} {
			for c, f := range d.figures.Of(kind) {
				if c.Open() && !early(c) {
					band.N, band.Ours, band.Bank = band.N+f.N, band.Ours+f.Ours, band.Bank+f.Bank
				}
			}
		}
		out.More = out.More || d.more
		for _, l := range d.lines {
			if early(l.Class) {
				continue
			}
			if len(out.Lines) == most {
				out.More = true
				break
			}
			l.Age = age
			out.Lines = append(out.Lines, l)
		}
	}
	return out, nil
}

// ParseRows reads what the store hands over of the lines about one payout: count, sum, sum on the day, first other day, largest agreed version, one line's
// report and number, how many lines nobody explained, their sum, how many of them are fresh, and a session.
func ParseRows(s string) (l DayLine, err error) {
	x := strings.SplitN(s, "|", 10)
	if len(x) != 10 {
		return l, fmt.Errorf("rows %q", s)
	}
	n := func(i int) int64 {
		v, e := strconv.ParseInt(x[i], 10, 64)
		if e != nil {
			err = e
		}
		return v
	}
	l.Rows, l.BankAll, l.BankMinor, l.OtherDay, l.Hand, l.Report, l.N = int(n(0)), n(1), n(2), calendar.Day(x[3]), int(n(4)), n(5)/10_000_000, int(n(5)%10_000_000)
	l.Free, l.FreeAll, l.Fresh, l.Session = int(n(6)), n(7), int(n(8)), x[9]
	return l, err
}

func sortDurations(d []time.Duration) { slices.Sort(d) }
