package calendar

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// russia are the transfers of the years that these tests know: the decrees of 10.08.2023, 04.10.2024 and 24.09.2025, and for 2026 the two Mondays of
// article 112 part 2 (8 March and 9 May are at a weekend).
var russia = Transfers{
	2024: {Off: []Day{"2024-04-29", "2024-04-30", "2024-05-10", "2024-12-30", "2024-12-31"}, Work: []Day{"2024-04-27", "2024-11-02", "2024-12-28"}},
	2025: {Off: []Day{"2025-05-02", "2025-05-08", "2025-06-13", "2025-11-03", "2025-12-31"}, Work: []Day{"2025-11-01"}},
	2026: {Off: []Day{"2026-01-09", "2026-03-09", "2026-05-11", "2026-12-31"}},
}

// TestYears: the number of bank days of each month as the printed production calendars of Russia have it, so a wrong holiday or transfer shows.
func TestYears(t *testing.T) {
	must(t, russia.Check())
	for year, c := range map[int]struct {
		bare, all int
		months    [12]int
	}{
		2024: {250, 248, [12]int{17, 20, 20, 21, 20, 19, 23, 22, 21, 23, 21, 21}},
		2025: {251, 247, [12]int{17, 20, 21, 22, 18, 19, 23, 21, 22, 23, 19, 22}},
		2026: {251, 247, [12]int{15, 19, 21, 22, 19, 21, 23, 21, 22, 22, 20, 22}},
	} {
		var months [12]int
		bare, all := 0, 0
		for d := Day(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)); d.Start().In(Moscow).Year() == year; d = d.Add(1) {
			if (Calendar{}).IsBankDay(d) {
				bare++
			}
			if (Calendar{Transfers: russia}).IsBankDay(d) {
				all++
				months[d.Start().In(Moscow).Month()-1]++
			}
		}
		if bare != c.bare || all != c.all || months != c.months {
			t.Errorf("%d: %d by the rule and %d with transfers %v, want %d, %d, %v", year, bare, all, months, c.bare, c.all, c.months)
		}
	}
}

// TestIsBankDay: every holiday of article 112 and its neighbours, weekends, and both kinds of transfer.
func TestIsBankDay(t *testing.T) {
	bare, full := Calendar{}, Calendar{Transfers: russia}
	for _, c := range []struct {
		day        Day
		bare, full bool
	}{
		{"2018-12-31", true, true}, {"2019-01-01", false, false}, {"2019-01-02", false, false}, {"2019-01-03", false, false}, {"2019-01-04", false, false},
		{"2019-01-07", false, false}, {"2019-01-08", false, false}, {"2019-01-09", true, true}, {"2023-01-05", false, false}, {"2023-01-06", false, false},
		{"2024-02-22", true, true}, {"2024-02-23", false, false}, {"2024-03-08", false, false}, {"2023-03-08", false, false}, {"2023-03-09", true, true},
		{"2024-05-01", false, false}, {"2024-05-02", true, true}, {"2024-05-09", false, false}, {"2024-06-12", false, false}, {"2024-06-11", true, true},
		{"2024-11-04", false, false}, {"2024-11-05", true, true}, {"2026-11-04", false, false},
		{"2026-11-20", true, true}, {"2026-11-21", false, false}, {"2026-11-22", false, false}, {"2026-11-23", true, true}, // Friday to Monday
		{"2024-04-27", false, true}, {"2024-04-29", true, false}, {"2024-12-28", false, true}, {"2025-11-01", false, true}, {"2025-11-03", true, false},
		{"2025-02-24", true, true}, // the government moved that Sunday's off-day to May, so no Monday off
		{"2026-03-09", true, false}, {"2026-05-11", true, false},
		{"", false, false}, {"2024-02-30", false, false}, {"2024-2-1", false, false}, {"0000-01-10", false, false},
	} {
		if got := bare.IsBankDay(c.day); got != c.bare {
			t.Errorf("%s by the rule: %v", c.day, got)
		}
		if got := full.IsBankDay(c.day); got != c.full {
			t.Errorf("%s with transfers: %v", c.day, got)
		}
	}
	if full.Loaded(2023) || !full.Loaded(2024) || bare.Loaded(2024) {
		t.Error("Loaded does not say which years were entered")
	}
}

// TestDay: a Moscow day begins at 21:00 UTC of the day before, whatever zone a moment is written in; what is no day is refused.
func TestDay(t *testing.T) {
	utc := func(s string) time.Time {
		at, err := time.Parse(time.DateTime, s)
		must(t, err)
		return at
	}
	tokyo := time.FixedZone("", 9*60*60)
	for _, c := range []struct {
		at   time.Time
		want Day
	}{
		{utc("2026-11-22 20:59:59"), "2026-11-22"}, {utc("2026-11-22 21:00:00"), "2026-11-23"}, {utc("2025-12-31 21:00:00").In(tokyo), "2026-01-01"},
		{time.Date(10_000, 1, 1, 12, 0, 0, 0, time.UTC), ""}, {time.Date(-5, 1, 1, 12, 0, 0, 0, time.UTC), ""},
	} {
		if got := DayOf(c.at); got != c.want {
			t.Errorf("%s is %q, want %q", c.at, got, c.want)
		}
	}
	if at := Day("2026-11-23").Start(); !at.Equal(utc("2026-11-22 21:00:00")) || at.Location() != time.UTC {
		t.Errorf("begins at %s", at)
	}
	if d := Day("2024-02-28"); d.Add(1) != "2024-02-29" || d.Add(2) != "2024-03-01" || d.Add(-59) != "2023-12-31" || d.Month() != "2024-02" {
		t.Errorf("%s %s %s %s", d.Add(1), d.Add(2), d.Add(-59), d.Month())
	}
	if d := Day("9999-12-31"); d.Add(1) != "" || d.Add(1<<62) != "" || (Calendar{}).NextBankDay(d) != d || (Calendar{}).AddBankDays(d, 1) != "" {
		t.Error("there is a day after the last")
	}
	for _, s := range []string{"", "2026-11-31", "2026-1-1", "26-11-01", "2026-11-01 ", "2026/11/01", "0000-01-01", "２０２６-11-01", strings.Repeat("9", 1<<20)} {
		_, err := ParseDay(s)
		var p Problem
		if d := Day(s); d.Valid() || !d.Start().IsZero() || d.Add(1) != "" || d.Month() != "" || !errors.As(err, &p) || p.Code != CodeDay || len(p.Day) > 10 {
			t.Errorf("%.20q: %v", s, err)
		}
		if d := (Calendar{}).NextBankDay(Day(s)); d != "" {
			t.Errorf("%.20q is followed by %s", s, d)
		}
	}
}

// TestBankDays: bank days that began after the day of from, up to and including the day of to.
func TestBankDays(t *testing.T) {
	msk := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 30, 0, 0, Moscow)
	}
	for _, c := range []struct {
		from, to time.Time
		want     int
	}{
		{msk(11, 2, 0), msk(11, 2, 23), 0},
		{msk(11, 2, 23), msk(11, 3, 0), 1},
		{msk(11, 6, 12), msk(11, 8, 12), 0}, // Friday to Sunday
		{msk(11, 6, 12), msk(11, 9, 1), 1},
		{msk(11, 2, 12), msk(11, 16, 1), 9}, // the 4th is a holiday
		{msk(11, 2, 12), msk(11, 17, 1), 10},
		{msk(11, 7, 12), msk(11, 9, 1), 1}, // from a Saturday
		{msk(11, 9, 1), msk(11, 2, 1), 0},
		{time.Time{}, msk(11, 2, 1), 0},
		{msk(1, 1, 1), msk(1, 9, 1), 0},                                  // off by decree
		{msk(1, 1, 1).AddDate(-1, 0, 0), msk(1, 1, 1), 247},              // over a year with a worked Saturday
		{msk(1, 1, 1), msk(1, 1, 1).AddDate(200, 0, 0), 1000},            // bounded
		{msk(1, 1, 1), time.Date(20_000, 1, 1, 0, 0, 0, 0, time.UTC), 0}, // no day
	} {
		if got := (Calendar{Transfers: russia}).BankDays(c.from, c.to); got != c.want {
			t.Errorf("%s to %s: %d, want %d", c.from.Format("Mon 2.1. 15:04"), c.to.Format("Mon 2.1. 15:04"), got, c.want)
		}
	}
	if got := (Calendar{}).BankDays(msk(1, 1, 1), msk(1, 9, 1)); got != 1 {
		t.Errorf("without transfers 9 January 2026 is a bank day: %d", got)
	}
}

// TestNoBankDays: transfers that nobody checked and that leave no bank day end every walk.
func TestNoBankDays(t *testing.T) {
	never := Transfers{}
	for d := Day("2020-01-01"); d < "2040"; d = d.Add(1) {
		y := never[d.Start().In(Moscow).Year()]
		y.Off = append(y.Off, d)
		never[d.Start().In(Moscow).Year()] = y
	}
	c := Calendar{Transfers: never}
	if c.NextBankDay("2020-01-01") != "" || c.AddBankDays("2020-01-01", 1) != "" || c.BankDays(Day("2020-01-01").Start(), Day("2040-01-01").Start()) != 0 {
		t.Error("a bank day where there is none")
	}
}

// TestCheck: each fault of transfers is named by its code and its day.
func TestCheck(t *testing.T) {
	many := []Day{}
	for d := Day("2024-01-01"); len(many) < 101; d = d.Add(1) {
		many = append(many, d)
	}
	reached := map[string]bool{CodeDay: true}
	for name, c := range map[string]struct {
		t    Transfers
		want Problem
	}{
		"none":               {nil, Problem{}},
		"a year of none":     {Transfers{2027: {}}, Problem{}},
		"not a day":          {Transfers{2024: {Off: []Day{"2024-04-31"}}}, Problem{CodeDay, "2024-04-31"}},
		"of another year":    {Transfers{2024: {Off: []Day{"2025-04-29"}}}, Problem{CodeYear, "2025-04-29"}},
		"too early":          {Transfers{2012: {}}, Problem{CodeRange, "2012-01-01"}},
		"too late":           {Transfers{2100: {}}, Problem{CodeRange, "2100-01-01"}},
		"far too late":       {Transfers{1 << 40: {}}, Problem{CodeRange, ""}},
		"too many":           {Transfers{2024: {Off: many}}, Problem{CodeMany, "2024-01-01"}},
		"unsorted":           {Transfers{2024: {Off: []Day{"2024-04-30", "2024-04-29"}}}, Problem{CodeOrder, "2024-04-29"}},
		"unsorted work":      {Transfers{2024: {Work: []Day{"2024-11-02", "2024-04-27"}}}, Problem{CodeOrder, "2024-04-27"}},
		"twice":              {Transfers{2024: {Work: []Day{"2024-04-27", "2024-04-27"}}}, Problem{CodeTwice, "2024-04-27"}},
		"both":               {Transfers{2024: {Off: []Day{"2024-04-29"}, Work: []Day{"2024-04-29"}}}, Problem{CodeBoth, "2024-04-29"}},
		"a Saturday off":     {Transfers{2024: {Off: []Day{"2024-04-27"}}}, Problem{CodeOffAlready, "2024-04-27"}},
		"a holiday off":      {Transfers{2024: {Off: []Day{"2024-05-01"}}}, Problem{CodeOffAlready, "2024-05-01"}},
		"a Tuesday worked":   {Transfers{2024: {Work: []Day{"2024-04-30"}}}, Problem{CodeWorks, "2024-04-30"}},
		"a holiday worked":   {Transfers{2024: {Work: []Day{"2024-11-04"}}}, Problem{CodeHoliday, "2024-11-04"}},
		"a holiday's Sunday": {Transfers{2025: {Work: []Day{"2025-02-23"}}}, Problem{CodeHoliday, "2025-02-23"}},
		"the earliest first": {Transfers{2026: {Off: []Day{"x"}}, 2025: {Off: []Day{"y"}}, 2024: {}}, Problem{CodeDay, "y"}},
	} {
		var got Problem
		if err := c.t.Check(); err != nil && !errors.As(err, &got) {
			t.Errorf("%s: %v is no Problem", name, err)
		}
		if reached[got.Code] = true; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, code := range Codes() {
		if !reached[code] {
			t.Errorf("%s is never reached", code)
		}
	}
}

// TestJSON: transfers come back from their stored form as they were, under the names that the store and the history rely on.
func TestJSON(t *testing.T) {
	b, err := json.Marshal(russia)
	must(t, err)
	var back Transfers
	must(t, json.Unmarshal(b, &back))
	if again, err := json.Marshal(back); err != nil || string(again) != string(b) || !strings.Contains(string(b), `"2025-12-31"],"work":["2025-11-01"]}`) || !strings.Contains(string(b), `"2025":{"off":["2025-05-02",`) {
		t.Errorf("%s %s %v", b, again, err)
	}
}

func genDay() *rapid.Generator[Day] {
	return rapid.Custom(func(t *rapid.T) Day {
		return DayOf(time.Unix(rapid.Int64Range(946674000, 4102433999).Draw(t, "seconds"), 0)) // Moscow's 2000 to 2099
	})
}

// genTransfers draws transfers that pass Check.
func genTransfers() *rapid.Generator[Transfers] {
	return rapid.Custom(func(t *rapid.T) Transfers {
		out := Transfers{}
		for _, d := range rapid.SliceOfN(genDay(), 0, 60).Draw(t, "moved") {
			at, _ := d.date()
			y := out[at.Year()]
			if list := &y.Off; at.Year() >= 2013 {
				if !worksByRule(at) {
					if list = &y.Work; holiday(at) {
						continue
					}
				}
				if !slices.Contains(*list, d) {
					*list = append(*list, d)
					slices.Sort(*list)
				}
				out[at.Year()] = y
			}
		}
		return out
	})
}

// TestDays: days and moments agree both ways, and their order as text is their order in time.
func TestDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := genDay().Draw(t, "a"), genDay().Draw(t, "b"), rapid.IntRange(-5000, 5000).Draw(t, "n")
		if DayOf(a.Start()) != a || DayOf(a.Start().Add(24*time.Hour-1)) != a || DayOf(a.Start().Add(-1)) != a.Add(-1) {
			t.Errorf("%s begins at %s", a, a.Start())
		}
		if (a < b) != a.Start().Before(b.Start()) {
			t.Errorf("%s and %s", a, b)
		}
		if got := a.Add(n).Add(-n); got != a {
			t.Errorf("%s there and back by %d: %s", a, n, got)
		}
		if d, err := ParseDay(string(a)); d != a || err != nil {
			t.Errorf("%s: %v", a, err)
		}
	})
}

// TestWalks: counting, stepping and asking day by day agree with each other under any transfers.
func TestWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Calendar{Transfers: genTransfers().Draw(t, "transfers")}
		if err := c.Transfers.Check(); err != nil {
			t.Fatal(err)
		}
		for year, y := range c.Transfers {
			for _, d := range y.Off {
				if c.IsBankDay(d) || !(Calendar{}).IsBankDay(d) || !c.Loaded(year) {
					t.Errorf("%s is off", d)
				}
			}
			for _, d := range y.Work {
				if !c.IsBankDay(d) || (Calendar{}).IsBankDay(d) {
					t.Errorf("%s is worked", d)
				}
			}
		}
		from, n := genDay().Draw(t, "from"), rapid.IntRange(1, 300).Draw(t, "n")
		at := rapid.Int64Range(0, int64(24*time.Hour)-1)
		start, end := from.Start().Add(time.Duration(at.Draw(t, "hour"))), func(d Day) time.Time { return d.Start().Add(time.Duration(at.Draw(t, "hour"))) }
		to := c.AddBankDays(from, n)
		if got := c.BankDays(start, end(to)); got != n || !c.IsBankDay(to) {
			t.Errorf("%d bank days after %s is %s, counted %d", n, from, to, got)
		}
		if got := c.BankDays(start, end(to.Add(-1))); got != n-1 && from != to.Add(-1) {
			t.Errorf("the day before %s counts %d, want %d", to, got, n-1)
		}
		next := c.NextBankDay(from)
		for d := from; d < next; d = d.Add(1) {
			if c.IsBankDay(d) {
				t.Errorf("%s is before %s", d, next)
			}
		}
		if !c.IsBankDay(next) || next < from || c.AddBankDays(from, 0) != from || c.AddBankDays(from.Add(-1), 1) != next {
			t.Errorf("after %s: %s", from, next)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
