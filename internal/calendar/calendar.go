// Package calendar is the Moscow bank calendar: which day a moment belongs to, and on which days banks work.
//
// It knows Moscow's clock, the Labour Code's holidays and the transfers that it is given; it must not know payouts, storage, pages or the wall
// clock. It is a leaf: it imports nothing of ours.
//
// Article 112 of the Labour Code names the holidays; every autumn the government moves some of the next year's off-days about, and a holiday on
// a weekend other than in January moves the off-day to the next working day (part 2) unless the government moved it elsewhere. None of that can be
// computed ahead, so it is entered, year by year, as Transfers. A year that is not entered counts by weekdays and holidays alone.
package calendar

import (
	"slices"
	"time"
)

// Moscow is the time of all days here. A fixed zone: Moscow has been three hours ahead of UTC without summer time since 26 October 2014, and the
// desk's history begins later; so no machine's table of time zones can move a day. (Should the law change the hour again, days that are past must
// not move either: then this becomes a table of our own.)
var Moscow = time.FixedZone("MSK", 3*60*60)

// Day is a Moscow day, "2026-11-22". Days compare as strings. "" is no day.
type Day string

const (
	// maxCount ends every count of bank days: four years, far beyond any use.
	maxCount = 1000
	// maxSteps ends every walk over days, also over transfers that leave no bank day at all.
	maxSteps = 2500
)

// DayOf returns the Moscow day of a moment; "" before the year 1 and after 9999.
func DayOf(t time.Time) Day {
	t = t.In(Moscow)
	if t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return Day(t.Format(time.DateOnly))
}

// ParseDay reads a day written as 2026-11-22. The error is a Problem with the code calendar.day.
func ParseDay(s string) (Day, error) {
	if d := Day(s); d.Valid() {
		return d, nil
	}
	return "", Problem{Code: CodeDay, Day: Day(s[:min(len(s), len(time.DateOnly))])}
}

// Valid reports whether it is a day of the calendar, of the years 1 to 9999.
func (d Day) Valid() bool {
	_, ok := d.date()
	return ok
}

// date is midnight UTC with the day's date: for arithmetic only, not a moment of Moscow.
func (d Day) date() (time.Time, bool) {
	if len(d) != len(time.DateOnly) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, string(d))
	return t, err == nil && t.Year() >= 1
}

func dayOfDate(t time.Time) Day {
	if t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return Day(t.Format(time.DateOnly))
}

// Start is the moment, in UTC, at which the day begins in Moscow; the zero time if it is not a day.
func (d Day) Start() time.Time {
	t, ok := d.date()
	if !ok {
		return time.Time{}
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Moscow).UTC()
}

// Add returns the day n days later (earlier when n is negative); "" if either is not a day of the years 1 to 9999.
func (d Day) Add(n int) Day {
	t, ok := d.date()
	if !ok || n < -4_000_000 || n > 4_000_000 { // beyond any two days there are
		return ""
	}
	return dayOfDate(t.AddDate(0, 0, n))
}

// Month returns the day's month, "2026-11"; "" if it is not a day.
func (d Day) Month() string {
	if !d.Valid() {
		return ""
	}
	return string(d[:len("2006-01")])
}

// Calendar tells bank days. The zero Calendar knows weekdays and the holidays of article 112 alone.
type Calendar struct {
	Transfers Transfers
}

// Loaded reports whether the transfers of a year were entered. Counts of another year may be a few days off.
func (c Calendar) Loaded(year int) bool {
	_, ok := c.Transfers[year]
	return ok
}

// IsBankDay reports whether banks work on a day: Monday to Friday and no holiday, changed by the transfers. What is not a day is no bank day.
func (c Calendar) IsBankDay(d Day) bool {
	t, ok := d.date()
	return ok && c.works(t)
}

// works is IsBankDay of a date at midnight UTC.
func (c Calendar) works(t time.Time) bool {
	if y, ok := c.Transfers[t.Year()]; ok {
		switch d := dayOfDate(t); {
		case slices.Contains(y.Off, d):
			return false
		case slices.Contains(y.Work, d):
			return true
		}
	}
	return worksByRule(t)
}

// worksByRule is Monday to Friday and no holiday.
func worksByRule(t time.Time) bool {
	wd := t.Weekday()
	return wd != time.Saturday && wd != time.Sunday && !holiday(t)
}

// holiday is a non-working holiday of article 112 of the Labour Code, part 1.
func holiday(t time.Time) bool {
	switch _, m, d := t.Date(); m {
	case time.January:
		return d <= 8 // 1 to 6 and 8: New Year; 7: Christmas
	case time.February:
		return d == 23
	case time.March:
		return d == 8
	case time.May:
		return d == 1 || d == 9
	case time.June:
		return d == 12
	case time.November:
		return d == 4
	}
	return false
}

// NextBankDay returns the day itself if it is a bank day, else the first one after it; "" if there is none within 2,500 days or it is not a day.
func (c Calendar) NextBankDay(d Day) Day {
	t, ok := d.date()
	for range maxSteps {
		if !ok || t.Year() > 9999 {
			return ""
		}
		if c.works(t) {
			return dayOfDate(t)
		}
		t = t.AddDate(0, 0, 1)
	}
	return ""
}

// AddBankDays returns the n-th bank day after a day, the day itself for n of 0 and below. n above 1,000 counts as 1,000; "" if the transfers leave
// fewer within 2,500 days, or it is not a day.
func (c Calendar) AddBankDays(d Day, n int) Day {
	t, ok := d.date()
	if !ok {
		return ""
	}
	n = min(n, maxCount)
	for range maxSteps {
		if n <= 0 {
			return dayOfDate(t)
		}
		if t = t.AddDate(0, 0, 1); c.works(t) {
			n--
		}
	}
	return ""
}

// BankDays counts the bank days that began, in Moscow, after the day of from, up to and including the day of to. 0 if from is the zero time or not
// before to; at most 1,000.
func (c Calendar) BankDays(from, to time.Time) int {
	if from.IsZero() || !to.After(from) {
		return 0
	}
	t, ok := DayOf(from).date()
	end, ok2 := DayOf(to).date()
	if !ok || !ok2 {
		return 0
	}
	n := 0
	for range maxSteps {
		if t = t.AddDate(0, 0, 1); t.After(end) || n == maxCount {
			break
		}
		if c.works(t) {
			n++
		}
	}
	return n
}

// Transfers are the changes that the government made to each year's calendar, by year. nil is none.
type Transfers map[int]Year

// Year is what was moved within one year, the days of each list in order.
type Year struct {
	// Off are weekdays that became off-days, those of article 112 part 2 included.
	Off []Day `json:"off"`
	// Work are weekend days that are worked.
	Work []Day `json:"work"`
}

// The codes of a Problem.
const (
	CodeDay        = "calendar.day"         // not a day
	CodeRange      = "calendar.range"       // a year before 2013, when article 112 last changed, or after 2099
	CodeMany       = "calendar.many"        // more than a hundred days of one kind in a year
	CodeYear       = "calendar.year"        // of another year than the one that it is entered for
	CodeOrder      = "calendar.order"       // before the one that it follows
	CodeTwice      = "calendar.twice"       // twice in one list
	CodeBoth       = "calendar.both"        // off and worked at once
	CodeOffAlready = "calendar.off_already" // a weekend or a holiday: nothing to move
	CodeWorks      = "calendar.works"       // a working day already
	CodeHoliday    = "calendar.holiday"     // worked on a holiday: off-days are moved, holidays are not
)

// Codes lists them, so that the catalogue of texts can be checked for gaps.
func Codes() []string {
	return []string{CodeDay, CodeRange, CodeMany, CodeYear, CodeOrder, CodeTwice, CodeBoth, CodeOffAlready, CodeWorks, CodeHoliday}
}

// Problem is what is wrong with a day, or with a day of the transfers. It carries a code and no words. Day is as it was entered; where a whole year is at fault
// (calendar.range, calendar.many) it is that year's first of January, or "" if the year has none.
type Problem struct {
	Code string
	Day  Day
}

func (p Problem) Error() string { return p.Code + " " + string(p.Day) }

// Check returns the first Problem of the transfers, year by year, the off-days before the worked ones; nil if there is none. Transfers must be checked before
// they are used: a Calendar takes them as they are.
func (t Transfers) Check() error {
	years := make([]int, 0, len(t))
	for y := range t {
		years = append(years, y)
	}
	slices.Sort(years)
	for _, year := range years {
		y, first := t[year], dayOfDate(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		switch {
		case year < 2013 || year > 2099:
			return Problem{CodeRange, first}
		case len(y.Off) > 100 || len(y.Work) > 100:
			return Problem{CodeMany, first}
		}
		for _, list := range []struct {
			days  []Day
			works bool // what the rule must say of each before the transfer
			code  string
		}{{y.Off, true, CodeOffAlready}, {y.Work, false, CodeWorks}} {
			for i, d := range list.days {
				at, ok := d.date()
				switch {
				case !ok:
					return Problem{CodeDay, d}
				case at.Year() != year:
					return Problem{CodeYear, d}
				case i > 0 && list.days[i-1] == d:
					return Problem{CodeTwice, d}
				case i > 0 && list.days[i-1] > d:
					return Problem{CodeOrder, d}
				case slices.Contains(y.Off, d) && slices.Contains(y.Work, d):
					return Problem{CodeBoth, d}
				case worksByRule(at) != list.works:
					return Problem{list.code, d}
				case !list.works && holiday(at):
					return Problem{CodeHoliday, d}
				}
			}
		}
	}
	return nil
}
