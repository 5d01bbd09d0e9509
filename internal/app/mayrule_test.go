package app_test

import (
	"fmt"
	"testing"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// TestDecisions_Ruling is the table of who may be ruled paid or not paid (issue 5, point 5): every state, flagged or not, whatever the bank's status says, on every kind of evidence, however long ago it
// was sent. Only an unknown or flagged payout; "not paid" never while a fetched status says open, nor of money that came back; without the bank's letter only after 3 banking days.
func TestDecisions_Ruling(t *testing.T) {
	d := desktest.New(t)
	now := d.Clock.Now() // a Thursday
	n, rows := 0, map[string]int{}
	for _, state := range payout.States() {
		for _, review := range []bool{false, true} {
			for _, open := range []bool{false, true} {
				for _, outcome := range []string{app.RuledPaid, app.RuledNotPaid} {
					for _, basis := range app.VerdictBases() {
						for days, late := range map[int]bool{-1: false, 0: false, 1: false, 2: false, 3: true, 30: true} { // Thursday, Wednesday, Tuesday; Monday is the third banking day before
							s := payout.Snapshot{Number: 7, State: state, Review: review}
							if days >= 0 {
								s.SentAt = now.AddDate(0, 0, -days)
							}
							var st protocol.State
							if open {
								st.Evidence = []protocol.Evidence{{Source: protocol.FromFetch, At: now, Session: "ps_1", Ours: true, Matches: true, Reading: protocol.Open, UpdatedAt: now}}
							}
							want := ""
							switch {
							case state != payout.Unknown && !review:
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
							row := fmt.Sprintf("%s, flagged %v, status open %v, ruled %s", state, review, open, outcome)
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
	t.Logf("%d cases, %d rows", n, len(rows))
}
