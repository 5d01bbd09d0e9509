package lang

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/internal/fault"
)

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestTimes(t *testing.T) {
	now := utc("2026-11-19 11:00:00") // 14:00 in Moscow
	for _, c := range []struct {
		name, got, want string
	}{
		{"today", When(RU, utc("2026-11-19 11:03:59"), now), "14:03"},
		{"today, English", When(EN, utc("2026-11-19 11:03:59"), now), "14:03"},
		{"today begins at 21:00 UTC", When(RU, utc("2026-11-18 21:00:00"), now), "00:00"},
		{"yesterday ends there", When(RU, utc("2026-11-18 20:59:59"), now), "18 ноя"},
		{"tomorrow", When(RU, utc("2026-11-19 21:00:00"), now), "20 ноя"},
		{"this year", When(RU, utc("2026-03-12 11:03:00"), now), "12 мар"},
		{"this year, English", When(EN, utc("2026-03-12 11:03:00"), now), "12 Mar"},
		{"this year began in Moscow", When(EN, utc("2025-12-31 21:00:00"), now), "1 Jan"},
		{"last year", When(RU, utc("2025-03-12 11:03:00"), now), "12.03.2025"},
		{"last year, English", When(EN, utc("2025-03-12 11:03:00"), now), "12 Mar 2025"},
		{"next year", When(EN, utc("2027-03-02 11:03:00"), now), "2 Mar 2027"},
		{"same day of another year", When(RU, utc("2025-11-19 11:00:00"), now), "19.11.2025"},
		{"never", When(RU, time.Time{}, now) + Clock(RU, time.Time{}) + ClockShort(RU, time.Time{}) + Day(RU, time.Time{}, now) +
			DayFull(EN, time.Time{}) + Moment(EN, time.Time{}, now) + FormatDayInput(time.Time{}), ""},
		{"clock", Clock(RU, utc("2026-11-19 10:48:15")), "13:48:15 МСК"},
		{"clock, English", Clock(EN, utc("2026-11-19 10:48:15")), "13:48:15 MSK"},
		{"clock, short", ClockShort(EN, utc("2026-11-19 10:48:15")), "13:48"},
		{"day", Day(RU, utc("2026-11-19 10:48:15"), now), "19 ноя"},
		{"day, English", Day(EN, utc("2026-11-19 10:48:15"), now), "19 Nov"},
		{"May", Day(RU, utc("2026-05-01 00:00:00"), now), "1 мая"},
		{"day of another year", Day(RU, utc("2024-02-29 10:00:00"), now), "29.02.2024"},
		{"full day", DayFull(RU, utc("2026-11-01 10:00:00")), "01.11.2026"},
		{"full day, English", DayFull(EN, utc("2026-11-01 10:00:00")), "1 Nov 2026"},
		{"moment", Moment(RU, utc("2026-11-16 12:20:00"), now), "16 ноя в 15:20"},
		{"moment, English", Moment(EN, utc("2026-11-16 12:20:00"), now), "16 Nov at 15:20"},
		{"moment, last year", Moment(EN, utc("2025-11-16 12:20:00"), now), "16 Nov 2025 at 15:20"},
		{"moment today", Moment(RU, now, now), "19 ноя в 14:00"},
		{"input", FormatDayInput(utc("2026-10-31 21:30:00")), "01.11.2026"},
		{"seven seconds", Duration(RU, 7*time.Second), "7 с"},
		{"seven seconds, English", Duration(EN, 7*time.Second), "7 s"},
		{"almost seven", Duration(RU, 6900*time.Millisecond), "7 с"},
		{"nothing", Duration(RU, 0), "0 с"},
		{"ago", Duration(RU, -7*time.Second), "7 с"},
		{"almost a minute", Duration(RU, 59800*time.Millisecond), "1 мин"},
		{"41 minutes", Duration(RU, 41*time.Minute+50*time.Second), "41 мин"},
		{"41 minutes, English", Duration(EN, 41*time.Minute), "41 min"},
		{"an hour", Duration(RU, time.Hour), "1 ч"},
		{"an hour and a bit", Duration(RU, 100*time.Minute), "1 ч 40 мин"},
		{"an hour and a bit, English", Duration(EN, 100*time.Minute), "1 h 40 min"},
		{"47 hours", Duration(EN, 47*time.Hour+59*time.Minute), "47 h"},
		{"days", Duration(RU, 80*time.Hour), "3 дн"},
		{"days, English", Duration(EN, 80*time.Hour), "3 d"},
		{"the longest", Duration(EN, 1<<63-1), "106751 d"},
		{"the longest ago", Duration(EN, -1<<63), "106751 d"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestMonths(t *testing.T) {
	want := []string{"янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"}
	for i, w := range want {
		if got := month(RU, time.Month(i+1)); got != w {
			t.Errorf("%d: %q", i+1, got)
		}
		if got := month(EN, time.Month(i+1)); got != time.Month(i + 1).String()[:3] {
			t.Errorf("%d: %q", i+1, got)
		}
	}
}

func TestParseDay(t *testing.T) {
	for in, want := range map[string]string{
		"01.11.2026": "2026-10-31 21:00:00", "1.11.2026": "2026-10-31 21:00:00", " 01.11.2026\u00a0": "2026-10-31 21:00:00",
		"2026-11-01": "2026-10-31 21:00:00", "1 Nov 2026": "2026-10-31 21:00:00", "1 ноя 2026": "2026-10-31 21:00:00", "1 МАЯ 2026": "2026-04-30 21:00:00",
		"29.02.2024": "2024-02-28 21:00:00", "31.12.2099": "2099-12-30 21:00:00", "01.01.2000": "1999-12-31 21:00:00",
		"01.07.2012": "2012-06-30 21:00:00", // Moscow was four hours ahead then; the desk's history begins later, and its days are all of one zone
	} {
		got, err := ParseDay(in)
		if err != nil || !got.Equal(utc(want)) || got.Location() != Moscow {
			t.Errorf("%q: %v, %v; want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"": CodeDayEmpty, " \u00a0": CodeDayEmpty,
		"31.02.2026": CodeDayMissing, "29.02.2026": CodeDayMissing, "00.01.2026": CodeDayMissing, "01.00.2026": CodeDayMissing, "01.13.2026": CodeDayMissing, "2026-13-01": CodeDayMissing,
		"01.11.1999": CodeDayRange, "01.11.2100": CodeDayRange, "01.11.0001": CodeDayRange,
		"03/12/2026": CodeDayFormat, "01.11.26": CodeDayFormat, "1.11": CodeDayFormat, "вчера": CodeDayFormat, "01-11-2026": CodeDayFormat, "2026.11.01": CodeDayFormat,
		"+1.11.2026": CodeDayFormat, "٠١.١١.٢٠٢٦": CodeDayFormat, "01.11.2026 14:00": CodeDayFormat, "001.11.2026": CodeDayFormat, "12 мар": CodeDayFormat, "1 foo 2026": CodeDayFormat, "1.nov.2026": CodeDayFormat,
		"..": CodeDayFormat, "--": CodeDayFormat,
	} {
		_, err := ParseDay(in)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != want || f.Kind != fault.Invalid || !slices.Contains(DayCodes(), f.Code) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

// Any day that a page prints with its year is read back as the start of that day; the start of a day is in it.
func TestParseDay_pastesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(946674000, 4102433999).Draw(t, "seconds"), 0) // Moscow's 2000 to 2099
		start := StartOfDay(at)
		if d := at.Sub(start); d < 0 || d > 25*time.Hour || StartOfDay(start) != start {
			t.Fatalf("%v starts at %v", at, start)
		}
		for _, printed := range []string{DayFull(RU, at), DayFull(EN, at), FormatDayInput(at), at.In(Moscow).Format("2006-01-02")} {
			if got, err := ParseDay(printed); err != nil || !got.Equal(start) {
				t.Fatalf("%q: %v, %v; want %v", printed, got, err, start)
			}
		}
	})
}

func FuzzParseDay(f *testing.F) {
	f.Add("01.11.2026")
	f.Add("2026-11-01")
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := ParseDay(s); err == nil {
			if again, err := ParseDay(FormatDayInput(at)); err != nil || !again.Equal(at) {
				t.Fatalf("%q: %v, again %v, %v", s, at, again, err)
			}
		}
	})
}
