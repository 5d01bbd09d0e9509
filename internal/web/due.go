package web

import (
	"strconv"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// bankName is the bank of a BIK as every page shows it: its name and town, marked when it is closed; "" when no directory is loaded or it is not in there.
func (r *req) bankName(bik string) string {
	name, town, closed, ok := r.web.App.BankOf(r.ctx(), bik)
	if !ok {
		return ""
	}
	if _, place, _ := strings.Cut(town, " "); town != "" && (place == "" || !strings.Contains(name, place)) { // "г Москва" is in many a name
		name += ", " + town
	}
	if closed {
		name += " (" + r.t.BankRoom().Closed + ")"
	}
	return name
}

// dueTyped reads a due day as it was typed: "2026-12-01", "" for none. Invalid at due_date when it is no day.
func dueTyped(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "" {
		return "", nil
	}
	at, err := lang.ParseDay(text)
	if err != nil {
		return "", fault.Bad("due_date", "due.day")
	}
	return string(calendar.DayOf(at)), nil
}

// dueText is a stored day as people type it, in both languages.
func dueText(day string) string {
	d := calendar.Day(day)
	if !d.Valid() {
		return day
	}
	return day[8:] + "." + day[5:7] + "." + day[:4]
}

// dayShort is a stored day in a sentence: "1 Dec".
func dayShort(tag lang.Tag, day string, now time.Time) string {
	return lang.Day(tag, calendar.Day(day).Start(), now)
}

// dueField is the field of the due day with its help: when it leaves, whether banks work then, and whether the year's moved days are known.
func (r *req) dueField(text, day, bad string) templates.Field {
	t := r.t.BankRoom()
	f := templates.Field{Value: text, Help: t.HelpDue, Error: bad}
	if day == "" || app.CheckDue(day, r.now) != nil {
		return f
	}
	d, c := calendar.Day(day), r.web.App.BankCalendar()
	on := dayShort(r.tag, day, r.now)
	switch next := c.NextBankDay(d); {
	case !c.IsBankDay(d) && next != "":
		f.Help, f.Doubt = lang.Fill(t.DueNot, on, dayShort(r.tag, string(next), r.now)), true
	case d == calendar.DayOf(r.now):
		f.Help = t.DueToday
	default:
		f.Help = lang.Fill(t.DueOn, on)
	}
	if year := d.Start().In(calendar.Moscow).Year(); !c.Loaded(year) {
		f.Help += "; " + lang.Fill(t.DueYear, strconv.Itoa(year))
	}
	return f
}

// heldAs is the reason that a page tells of one that is held: a limit that is full, or one that is too low for the amount.
func heldAs(held, why string) string {
	if held == "limit" && why == app.HeldAbove {
		return why
	}
	return held
}

// heldShort says on a line of a list why an approved payout does not leave, with the day when it does where that is known.
func heldShort(t *lang.Texts, held, due string, until, now time.Time) string {
	b := t.BankRoom()
	switch {
	case held == "date":
		return lang.Fill(b.LeavesOn, dayShort(t.Tag(), due, now))
	case held == "cooloff" && !until.IsZero():
		return lang.Fill(b.CoolUntil, lang.When(t.Tag(), until, now))
	case held == "limit" && until.After(now):
		return lang.Fill(b.RoomFrom, lang.When(t.Tag(), until, now))
	}
	return lang.Label(t.Held, held)
}

// heldLong is heldShort as a sentence.
func heldLong(t *lang.Texts, held, due string, until, now time.Time) string {
	b := t.BankRoom()
	moment := func() string { return lang.Day(t.Tag(), until, now) + ", " + until.In(lang.Moscow).Format("15:04") }
	switch {
	case held == "date":
		return lang.Fill(b.DateLong, dayShort(t.Tag(), due, now))
	case held == "cooloff" && !until.IsZero():
		return lang.Fill(b.CoolLong, moment())
	case held == "limit" && until.After(now):
		return lang.Fill(b.Room, moment())
	}
	return lang.Label(t.HeldLong, held)
}
