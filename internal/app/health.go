package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// How full the disk of the database may become, bytes that are free.
const (
	DiskLow  = 200 << 20 // below: no new payouts
	DiskFull = 50 << 20  // below: nothing but the bank's messages, and what says that a stop is wanted
)

// Vitals is how the database and what is under way stand, from one read. Times are UTC, zero where there is none.
type Vitals struct {
	At time.Time
	// DB and WAL are sizes in bytes, Free what the disk has left: -1 when that cannot be told.
	DB, WAL, Free int64
	// Trouble is why the last commit failed, "" when it did not.
	Trouble string
	// Seq is the last event, Incarnation this life of the database, Anchored the time of the head in the anchor file as far as this process knows.
	Seq         int64
	Incarnation string
	Anchored    time.Time
	AnchorSize  int64
	Anchor      string // "" fine, else "none", "missing", "bad", "older" or "differs"
	// States are counts and sums by state, kopecks.
	States        map[string]Counter
	Unknown       int64
	UnknownOldest time.Time
	// Flagged need a person's look.
	Flagged int64
	// Messages wait to be applied, Requests for their answer, Questions are due and not asked.
	Messages, Requests, Questions int64
	MessagesOldest                time.Time
	RequestsOldest                time.Time
	QuestionsOldest               time.Time
	LastAnswer, LastMessage       time.Time
}

// Vitals reads them.
func (a *App) Vitals(ctx context.Context) (Vitals, error) {
	v, err := a.Store.Vitals(ctx)
	if err != nil {
		return Vitals{}, err
	}
	v.At = a.Now()
	return v, nil
}

// The states of a check, worst last.
const (
	CheckOK     = "ok"
	CheckWarn   = "warn"
	CheckBroken = "broken"
)

// Check is one line of the desk's state. Line is the code of its sentence, which takes N, Age, Text and Bytes.
type Check struct {
	Name, State, Line string
	N, Bytes          int64
	Age               time.Duration
	Text              string
}

// How old things may be before a check warns.
const (
	oldMessage  = time.Minute
	oldRequest  = 10 * time.Minute
	oldQuestion = 10 * time.Minute
	oldUnknown  = 30 * time.Minute
	oldAnswer   = time.Hour
	oldAnchor   = 5 * time.Minute
	oldLook     = 5 * time.Minute
	bigWAL      = 256 << 20
	clockWarn   = 30 * time.Second
	clockBroken = 5 * time.Minute
)

// Checks says what the vitals mean.
func (v Vitals) Checks() []Check {
	var out []Check
	add := func(c Check) { out = append(out, c) }
	age := func(at time.Time) time.Duration { return max(0, v.At.Sub(at)) }
	switch {
	case v.Free < 0:
		add(Check{Name: "disk", State: CheckWarn, Line: "disk.none"})
	case v.Free < DiskFull:
		add(Check{Name: "disk", State: CheckBroken, Line: "disk.full", Bytes: v.Free})
	case v.Free < DiskLow:
		add(Check{Name: "disk", State: CheckWarn, Line: "disk.low", Bytes: v.Free})
	default:
		add(Check{Name: "disk", State: CheckOK, Line: "disk.ok", Bytes: v.Free})
	}
	if v.Trouble != "" {
		add(Check{Name: "database", State: CheckBroken, Line: "database.bad", Text: v.Trouble})
	} else {
		add(Check{Name: "database", State: CheckOK, Line: "database.ok", Bytes: v.DB})
	}
	wal := Check{Name: "wal", State: CheckOK, Line: "wal.ok", Bytes: v.WAL}
	if v.WAL > bigWAL {
		wal.State, wal.Line = CheckWarn, "wal.big"
	}
	add(wal)
	pile := func(name, none, some string, n int64, oldest time.Time, old time.Duration) {
		c := Check{Name: name, State: CheckOK, Line: name + "." + none, N: n}
		if n > 0 {
			c.Line, c.Age = name+"."+some, age(oldest)
			if c.Age > old {
				c.State = CheckWarn
			}
		}
		add(c)
	}
	pile("messages", "ok", "some", v.Messages, v.MessagesOldest, oldMessage)
	pile("requests", "ok", "some", v.Requests, v.RequestsOldest, oldRequest)
	pile("questions", "ok", "late", v.Questions, v.QuestionsOldest, oldQuestion)
	pile("unknown", "ok", "some", v.Unknown, v.UnknownOldest, oldUnknown)
	answer := Check{Name: "answer", State: CheckOK, Line: "answer.none"}
	if !v.LastAnswer.IsZero() {
		answer.Line, answer.Age = "answer.ok", age(v.LastAnswer)
		if open := v.States["state:"+string(payout.Sending)].N + v.States["state:"+string(payout.InProgress)].N; open > 0 && answer.Age > oldAnswer {
			answer.State, answer.Line = CheckWarn, "answer.old"
		}
	}
	add(answer)
	message := Check{Name: "message", State: CheckOK, Line: "message.none"}
	if !v.LastMessage.IsZero() {
		message.Line, message.Age = "message.ok", age(v.LastMessage)
	}
	add(message)
	add(Check{Name: "log", State: CheckOK, Line: "log.ok", N: v.Seq})
	anchor := Check{Name: "anchor", State: CheckOK, Line: "anchor.ok", Age: age(v.Anchored)}
	switch v.Anchor {
	case "none":
		anchor.State, anchor.Line = CheckWarn, "anchor.none"
	case "missing":
		anchor.State, anchor.Line = CheckWarn, "anchor.missing"
	case "bad", "older", "differs":
		anchor.State, anchor.Line = CheckBroken, "anchor."+v.Anchor
	}
	add(anchor)
	return out
}

// ClockCheck compares two clocks at one moment.
func ClockCheck(ours, theirs time.Time) Check {
	off := ours.Sub(theirs).Abs()
	c := Check{Name: "clock", State: CheckOK, Line: "clock.ok", Age: off}
	switch {
	case theirs.IsZero():
		return Check{Name: "clock", State: CheckWarn, Line: "clock.none"}
	case off > clockBroken:
		c.State, c.Line = CheckBroken, "clock.off"
	case off > clockWarn:
		c.State, c.Line = CheckWarn, "clock.off"
	}
	return c
}

// SeenClock is ClockCheck by the last answer that the desk got anyway, with its moment: ours when it came and the time that the bank named, zero for none.
func SeenClock(ours, theirs time.Time) Check {
	if ours.IsZero() {
		return Check{Name: "clock", State: CheckOK, Line: "clock.unseen"}
	}
	c := ClockCheck(ours, theirs)
	if c.Line != "clock.none" {
		c.Line, c.Text = c.Line+".seen", ours.In(calendar.Moscow).Format("02.01.2006 15:04:05")
	}
	return c
}

// FoundChecks is a line for each finding.
func FoundChecks(name string, found []Finding) (out []Check) {
	for _, f := range found {
		out = append(out, Check{Name: name, State: CheckBroken, Line: "found", Text: f.String()})
	}
	return out
}

// Health is everything that can be said about a running desk: its vitals, what holds it, and its looks.
func (a *App) Health(ctx context.Context) ([]Check, error) {
	v, err := a.Vitals(ctx)
	if err != nil {
		return nil, err
	}
	d, err := a.Desk(ctx)
	if err != nil {
		return nil, err
	}
	sending := Check{Name: "sending", State: CheckOK, Line: "sending.ok"}
	switch {
	case d.Quarantine != "":
		sending = Check{Name: "sending", State: CheckWarn, Line: "sending.quarantine", Text: d.Quarantine}
	case d.Halt != nil:
		sending = Check{Name: "sending", State: CheckWarn, Line: "sending.stopped", Text: d.Halt.Cause}
	}
	out := []Check{sending}
	if d.BankDown {
		out = append(out, Check{Name: "connection", State: CheckWarn, Line: "connection.down", Age: v.At.Sub(d.DownSince)})
	} else {
		out = append(out, Check{Name: "connection", State: CheckOK, Line: "connection.ok"})
	}
	if diff := a.IdentityChange(); len(diff) > 0 || a.Foreign() {
		var names []string
		for name := range diff {
			names = append(names, name)
		}
		slices.Sort(names)
		out = append(out, Check{Name: "identity", State: CheckWarn, Line: "identity.changed", Text: strings.Join(names, ", ")})
	} else {
		out = append(out, Check{Name: "identity", State: CheckOK, Line: "identity.ok"})
	}
	switch b := d.Balance; {
	case b.Off:
		out = append(out, Check{Name: "balance", State: CheckOK, Line: "balance.off"})
	case b.Known:
		out = append(out, Check{Name: "balance", State: CheckOK, Line: "balance.ok", Age: v.At.Sub(b.At)})
	default:
		out = append(out, Check{Name: "balance", State: CheckWarn, Line: "balance.unknown"})
	}
	if b := a.Backups(); b.On {
		c := Check{Name: "backups", State: CheckOK, Line: "backups.ok", Age: v.At.Sub(b.LastGood)}
		switch {
		case b.LastError != "":
			c.State, c.Line, c.Age, c.Text = CheckWarn, "backups.bad", v.At.Sub(b.FailedAt), b.LastError
		case b.Trouble(v.At) == "late":
			c.State, c.Line, c.Age = CheckWarn, "backups.late", b.Age(v.At)
		case b.LastGood.IsZero():
			c.Line, c.Age = "backups.none", 0
		}
		out = append(out, c)
	}
	last, whole := a.LastLook()
	look := Check{Name: "look", State: CheckWarn, Line: "look.none"}
	if !last.At.IsZero() {
		look = Check{Name: "look", State: CheckOK, Line: "look.ok", N: int64(last.Payouts), Age: v.At.Sub(last.At)}
		if look.Age > oldLook {
			look.State, look.Line = CheckWarn, "look.late"
		}
	}
	out = append(append(out, look), FoundChecks("look", last.Found)...)
	if last.PastDesk {
		out = append(out, Check{Name: "others", State: CheckWarn, Line: "others.some"})
	}
	if whole.At.IsZero() {
		out = append(out, Check{Name: "whole", State: CheckOK, Line: "whole.none"})
	} else if len(whole.Found) == 0 {
		out = append(out, Check{Name: "whole", State: CheckOK, Line: "whole.ok", Age: v.At.Sub(whole.At)})
	} else {
		out = append(out, FoundChecks("whole", whole.Found)...)
	}
	if a.Outside != nil {
		out = append(out, a.Outside()...)
	}
	return append(out, v.Checks()...), nil
}

// Worst is the worst state of some checks.
func Worst(all []Check) string {
	worst := CheckOK
	for _, c := range all {
		if c.State == CheckBroken || c.State == CheckWarn && worst == CheckOK {
			worst = c.State
		}
	}
	return worst
}

// Ready says in one word why the desk cannot do its work at all, "" when it can: "database" (it does not answer, or the last commit failed), "disk"
// (only the bank's messages are taken), "quarantine" (a copy: nothing may be sent), "anchor" (it cannot be written, so nothing leaves). A stop of
// sending is not among them: the desk that people stopped is ready, and must stay reachable for those who let it go on. Nor are copies that fail: the desk
// does its work, and taking it away from people would not make one; /health, the metrics and a bar over the pages of administrators say it.
func (a *App) Ready(ctx context.Context) (word string) {
	v, err := a.Store.Vitals(ctx)
	switch {
	case err != nil, v.Trouble != "":
		return "database"
	case v.Free >= 0 && v.Free < DiskFull:
		return "disk"
	case a.Store.Quarantined() != "":
		return "quarantine"
	case v.Anchor == "bad":
		return "anchor"
	}
	return ""
}

// room refuses what there is no place for: new payouts early, everything of people's late. The bank's messages and a stop are always taken.
func (a *App) room(least int64) error {
	if free := a.Store.Free(); free >= 0 && free < least {
		if least == DiskFull {
			return fault.Down("store.full")
		}
		return fault.Down("store.low")
	}
	return nil
}
