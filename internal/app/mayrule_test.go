package app_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// TestDecisions_Ruling is the table of who may be ruled paid or not paid (issue 5, point 5): every state, flagged or not, whatever the bank's status says, on every kind of evidence, however long ago it
// was sent. Only an unknown or flagged payout, or a sent one that the bank has not confirmed
// ten banking days after the request; "not paid" never while a fetched status says open, nor of money that came back; without the bank's letter only after 3 whole banking days.
func TestDecisions_Ruling(t *testing.T) {
	d := desktest.New(t)
	now := d.Clock.Now() // a Thursday
	n, rows := 0, map[string]int{}
	for _, state := range payout.States() {
		for _, review := range []bool{false, true} {
			for _, open := range []bool{false, true} {
				for _, outcome := range []string{app.RuledPaid, app.RuledNotPaid} {
					for _, basis := range app.VerdictBases() {
						for days, late := range map[int]bool{-1: false, 0: false, 1: false, 2: false, 3: false, 4: true, 30: true} { // Thursday back to Monday, whose third banking day is today; of Sunday three have passed
							for _, confirmed := range []bool{false, true} {
								s := payout.Snapshot{Number: 7, State: state, Review: review, Confirmed: confirmed}
								if days >= 0 {
									s.SentAt = now.AddDate(0, 0, -days)
								}
								var st protocol.State
								if open {
									st.Evidence = []protocol.Evidence{{Source: protocol.FromFetch, At: now, Session: "ps_1", Ours: true, Matches: true, Reading: protocol.Open, UpdatedAt: now}}
								}
								want := ""
								switch {
								case state != payout.Unknown && !review && (confirmed || days != 30 || !state.Sent()):
									want = "verdict.state"
								case outcome == app.RuledPaid:
								case open:
									want = "verdict.open"
								case state == payout.Returned:
									want = "verdict.returned"
								case basis == "letter":
								case days < 0:
									want = "verdict.letter"
								case !late:
									want = "verdict.early"
								}
								n++
								row := fmt.Sprintf("%s, flagged %v, confirmed %v, status open %v, ruled %s", state, review, confirmed, open, outcome)
								if rows[row+want]++; rows[row+want] == 1 {
									t.Logf("row | ruling | %s | %s", row, want)
								}
								err := d.App.MayRule(st, s, app.Verdict{Outcome: outcome, Basis: basis}, now)
								if want == "" && err != nil || want != "" && !fault.Is(err, want) {
									t.Errorf("%s on a %s, sent %d days ago: %v, want %q", row, basis, days, err, want)
								}
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d cases, %d rows", n, len(rows))
}

// TestNotPaidFrom is the table of the day rule (issue 5, point 5): without the bank's letter "not paid" may be ruled once three whole banking days have passed after
// the Moscow day of the request, whatever the hour, and not a minute before.
func TestNotPaidFrom(t *testing.T) {
	d := desktest.New(t)
	for _, c := range []struct{ sent, from string }{
		{"2026-11-19 23:50", "2026-11-25"}, // Thursday: Friday, Monday and Tuesday pass
		{"2026-11-20 00:10", "2026-11-26"}, // twenty minutes later it is Friday
		{"2026-11-19 00:10", "2026-11-25"},
		{"2026-11-18 23:50", "2026-11-24"}, // Wednesday
		{"2026-11-16 12:00", "2026-11-20"}, // Monday: no weekend between
		{"2026-11-17 23:50", "2026-11-21"}, // Tuesday: Friday has passed whole by Saturday
		{"2026-11-21 00:10", "2026-11-26"}, // Saturday: Monday, Tuesday, Wednesday
		{"2026-11-22 23:50", "2026-11-26"}, // Sunday
		{"2026-11-23 00:10", "2026-11-27"}, // Monday
		{"2026-11-03 23:50", "2026-11-10"}, // the 4th is a holiday, then Thursday, Friday and Monday
		{"2026-12-30 23:50", "2027-01-13"}, // the New Year: Thursday the 31st, then Monday the 11th and Tuesday
		{"2027-02-22 00:10", "2027-02-27"}, // Tuesday the 23rd is a holiday
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", c.sent, calendar.Moscow)
		must(t, err)
		s := payout.Snapshot{Number: 7, State: payout.Unknown, SentAt: at.UTC()}
		judge := func(now time.Time) error {
			return d.App.MayRule(protocol.State{}, s, app.Verdict{Outcome: app.RuledNotPaid, Basis: "statement"}, now.UTC())
		}
		from := calendar.Day(c.from).Start()
		wants(t, c.sent+", the last minute before "+c.from, judge(from.Add(-time.Minute)), "verdict.early")
		wants(t, c.sent+", the first of "+c.from, judge(from), "")
		wants(t, c.sent+", a clock that went back", judge(at.AddDate(0, 0, -1)), "verdict.early")
		d.Clock.Set(from.Add(-time.Second))
		if day, early := d.App.RuleFrom(s); day != calendar.Day(c.from) || !early {
			t.Errorf("sent %s: the page says from %s, early %v", c.sent, day, early)
		}
	}
}
