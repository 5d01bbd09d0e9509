package lang

import (
	"strconv"
	"strings"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/fault"
)

// Moscow is the time of all pages, filters, day sums and files: the one of the calendar, so that a day on a page is a day of the ledger.
var Moscow = calendar.Moscow

// Day faults, Invalid with no field: the caller adds it (At("from")).
const (
	CodeDayEmpty   = "day.empty"   // nothing was entered
	CodeDayFormat  = "day.format"  // not a day as we write it: 01.11.2026
	CodeDayMissing = "day.missing" // no such day in the calendar: 31.02.2026
	CodeDayRange   = "day.range"   // a year before 2000 or after 2099
)

// DayCodes lists them, so that the catalogue of texts can be checked for gaps.
func DayCodes() []string { return []string{CodeDayEmpty, CodeDayFormat, CodeDayMissing, CodeDayRange} }

// Months in the middle of a date, without a point: three letters each, so that columns stay even.
var (
	ruMonths = [12]string{"янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"}
	enMonths = [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
)

// When prints a time as short as can be told apart now, in Moscow: "14:03" today, "12 мар" / "12 Mar" in this
// year, "12.03.2025" / "12 Mar 2025" in another. Never 03/12. The zero time gives "", here and below.
func When(t Tag, at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	if sameDay(at, now) {
		return at.In(Moscow).Format("15:04")
	}
	return Day(t, at, now)
}

// Clock prints a time of day to the second with its zone: "13:48:15 МСК" / "13:48:15 MSK".
func Clock(t Tag, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	zone := " MSK"
	if t == RU {
		zone = " МСК"
	}
	return at.In(Moscow).Format("15:04:05") + zone
}

// ClockShort prints hours and minutes: "13:48".
func ClockShort(_ Tag, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(Moscow).Format("15:04")
}

// Day prints a day: "19 ноя" / "19 Nov" in this year, with its year (as DayFull) in another.
func Day(t Tag, at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	m := at.In(Moscow)
	if m.Year() != now.In(Moscow).Year() {
		return DayFull(t, at)
	}
	return strconv.Itoa(m.Day()) + " " + month(t, m.Month())
}

// DayFull prints a day with its year: "12.03.2025" / "12 Mar 2025".
func DayFull(t Tag, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	m := at.In(Moscow)
	if t == RU {
		return m.Format("02.01.2006")
	}
	return strconv.Itoa(m.Day()) + " " + month(t, m.Month()) + " " + m.Format("2006")
}

// Moment prints a day and a time of it: "16 ноя в 15:20" / "16 Nov at 15:20", with the year if it is another.
// It names the day even if that is today, so that it stays true on paper.
func Moment(t Tag, at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	between := " at "
	if t == RU {
		between = " в "
	}
	return Day(t, at, now) + between + ClockShort(t, at)
}

// Duration prints roughly how long, in the two largest units at most and without a preposition: "7 с", "41 мин",
// "1 ч 40 мин", "3 дн" / "7 s", "41 min", "1 h 40 min", "3 d". Seconds are rounded, the rest is cut off; below
// zero the sign is dropped.
func Duration(t Tag, d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	if s < 0 {
		s = -s
	}
	unit := map[Tag][4]string{RU: {" с", " мин", " ч", " дн"}}[t]
	if t != RU {
		unit = [4]string{" s", " min", " h", " d"}
	}
	n := func(v int64, u int) string { return strconv.FormatInt(v, 10) + unit[u] }
	switch minutes, hours := s/60, s/3600; {
	case s < 60:
		return n(s, 0)
	case minutes < 60:
		return n(minutes, 1)
	case hours < 10 && minutes%60 > 0:
		return n(hours, 2) + " " + n(minutes%60, 1)
	case hours < 48:
		return n(hours, 2)
	default:
		return n(hours/24, 3)
	}
}

// ParseDay reads a day as people type it and as DayFull prints it, "01.11.2026", "1.11.2026", "2026-11-01",
// "1 Nov 2026", "1 ноя 2026", and returns its start in Moscow. 03/12/2026 is refused: two readings. The error
// is a *fault.Error, Invalid without a field, with one of the day codes.
func ParseDay(text string) (time.Time, error) {
	s := strings.Join(strings.Fields(text), " ")
	if s == "" {
		return time.Time{}, fault.Bad("", CodeDayEmpty)
	}
	var year, mon, day int
	ok := false
	if p := strings.Split(s, "."); len(p) == 3 {
		day, mon, year, ok = numbers(p[0], p[1], p[2])
	} else if p := strings.Split(s, "-"); len(p) == 3 {
		day, mon, year, ok = numbers(p[2], p[1], p[0])
	} else if p := strings.Split(s, " "); len(p) == 3 {
		day, mon, year, ok = numbers(p[0], monthNumber(p[1]), p[2])
	}
	if !ok {
		return time.Time{}, fault.Bad("", CodeDayFormat)
	}
	at := time.Date(year, time.Month(mon), day, 0, 0, 0, 0, Moscow)
	switch {
	case at.Day() != day || int(at.Month()) != mon:
		return time.Time{}, fault.Bad("", CodeDayMissing)
	case year < 2000 || year > 2099:
		return time.Time{}, fault.Bad("", CodeDayRange)
	}
	return at, nil
}

// FormatDayInput prints a day as date fields hold it, the same in both languages: "01.11.2026".
func FormatDayInput(at time.Time) string { return DayFull(RU, at) }

// StartOfDay returns the start of the Moscow day that a time lies in: the bound of filters and day sums.
func StartOfDay(at time.Time) time.Time {
	y, m, d := at.In(Moscow).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Moscow)
}

func sameDay(a, b time.Time) bool { return StartOfDay(a).Equal(StartOfDay(b)) }

func month(t Tag, m time.Month) string {
	if t == RU {
		return ruMonths[m-1]
	}
	return enMonths[m-1]
}

// monthNumber finds a month by its printed name; "" if there is none.
func monthNumber(name string) string {
	for i := range 12 {
		if strings.EqualFold(name, ruMonths[i]) || strings.EqualFold(name, enMonths[i]) {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

// numbers reads a day and a month of one or two digits and a year of four, 0-9 only.
func numbers(day, mon, year string) (d, m, y int, ok bool) {
	if len(day) < 1 || len(day) > 2 || len(mon) < 1 || len(mon) > 2 || len(year) != 4 {
		return 0, 0, 0, false
	}
	for _, r := range day + mon + year {
		if r < '0' || r > '9' {
			return 0, 0, 0, false
		}
	}
	d, _ = strconv.Atoi(day) // digits only, at most four: cannot fail
	m, _ = strconv.Atoi(mon)
	y, _ = strconv.Atoi(year)
	return d, m, y, true
}
