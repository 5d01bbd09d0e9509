package app_test

import (
	"strings"
	"testing"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// silent has the question that a report's line woke go without an answer.
func silent(t *testing.T, d *desktest.Desk) {
	t.Helper()
	p, err := d.App.DuePoll(t.Context())
	must(t, err)
	if p == nil {
		t.Fatal("the line woke no question")
	}
	must(t, d.App.Fetched(t.Context(), p, protocol.Fetch{Asked: p.Session, Problem: "down"}, noRaw))
}

// TestRuledByReport: what a report says and the bank does not tell when it is asked becomes a proposed ruling (issue 5, point 9). The evidence is the report itself,
// kept once, or, where evidence cannot be such a file, its line with the report's hash. It moves nothing by itself, and is a statement, never the bank's letter.
func TestRuledByReport(t *testing.T) {
	for _, c := range []struct {
		name, format string
		whole        bool
		change       func(day calendar.Day, data []byte) []byte
	}{
		{"a text", "csv", true, nil},
		{"a workbook", "xlsx", false, nil},
		{"an archive", "zip", false, nil},
		{"a text too large for evidence", "csv", false, func(day calendar.Day, data []byte) []byte {
			head, rest, _ := strings.Cut(string(data), "\n")
			sep := head[strings.Index(head, "operationId")+len("operationId"):][:1]
			empty := strings.Repeat(sep, strings.Count(head, sep))
			out := head + sep + "note\n" + strings.TrimSuffix(rest, "\n") + sep + "x\n"
			blank := empty + strings.Repeat(" ", 8000) + "\n" // a line without a cell
			return []byte(out + strings.Repeat(blank, app.MaxEvidenceFile/len(blank)+1))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := desktest.New(t)
			ids, day := paidDay(d, 72, 0) // paid, and nobody ever told us; and one that is known
			id := ids[0]
			name, data := report(d, day, c.format)
			if c.change != nil {
				data = c.change(day, data)
			}
			f, err := d.App.TakeReport(t.Context(), d.Who["m1"], name, "", data)
			must(t, err)
			_, _, lines := classes(d, day)
			i := 0
			for lines[i].Payout != id {
				i++
			}
			line := lines[i]
			untold := func(want bool, when string) {
				t.Helper()
				if got, err := d.App.Untold(t.Context(), id, line.Session); err != nil || got != want {
					t.Errorf("untold %s: %v, %v", when, got, err)
				}
			}
			untold(false, "before the bank was asked")
			silent(t, d)
			untold(true, "after it did not answer")

			e := app.VerdictEntry{Outcome: app.RuledPaid, Basis: app.BasisStatement, Reason: "the report says so", Report: f.ID, Row: line.N}
			with := func(change func(*app.VerdictEntry)) app.VerdictEntry {
				e := e
				change(&e)
				return e
			}
			propose := func(id payout.ID, e app.VerdictEntry) error {
				return d.App.ProposeVerdict(t.Context(), d.Who["m1"], id, e)
			}
			wants(t, "as the bank's letter", propose(id, with(func(e *app.VerdictEntry) { e.Basis = app.BasisLetter })), "verdict.rowbasis")
			wants(t, "as the bank's letter, not paid", propose(id, with(func(e *app.VerdictEntry) { e.Basis, e.Outcome = app.BasisLetter, app.RuledNotPaid })), "verdict.rowbasis")
			wants(t, "not paid, the day after", propose(id, with(func(e *app.VerdictEntry) { e.Outcome = app.RuledNotPaid })), "verdict.early")
			wants(t, "a line that is not there", propose(id, with(func(e *app.VerdictEntry) { e.Row = 99 })), "verdict.row")
			wants(t, "a report that is not there", propose(id, with(func(e *app.VerdictEntry) { e.Report = 99 })), "verdict.row")
			wants(t, "a line about another payout", propose(id, with(func(e *app.VerdictEntry) { e.Row = 3 - line.N })), "verdict.row")
			must(t, propose(id, e))
			if s := d.Get(id); s.State != payout.Unknown {
				t.Fatalf("proposed, and it is %s", s.State)
			}
			p := rulingOf(t, d, id)
			v, err := app.ParseVerdict(p.Doc)
			must(t, err)
			if v.Report != f.ID || v.Row != line.N || v.ReportSHA != f.SHA || (v.File == f.SHA) != c.whole || v.Media != "text/plain" {
				t.Errorf("proposed: %+v", v)
			}
			kept, err := d.Store.VerdictFile(t.Context(), id, p.Version)
			must(t, err)
			if (len(kept.Body) == 0) != c.whole {
				t.Errorf("%d bytes beside the ruling", len(kept.Body))
			}
			got, err := d.App.EvidenceFile(t.Context(), d.Who["a1"], id, p.Version)
			must(t, err)
			if c.whole && string(got.Body) != string(data) {
				t.Error("the evidence is not the report")
			}
			if !c.whole {
				s := d.Ledger()[d.Get(id).Reference].Session
				for _, part := range []string{"report: " + name, "sha256: " + f.SHA, "paymentSessionId: " + s, "paymentLocalAmount: 1000.72", "typeOfPayment: advice"} {
					if !strings.Contains(string(got.Body), part+"\n") {
						t.Errorf("the quoted line lacks %q:\n%s", part, got.Body)
					}
				}
			}
			d.Verify()
			for _, who := range []string{"a1", "a2"} {
				must(t, d.App.Accept(t.Context(), d.Who[who], approval.Verdict, p.ID, p.Digest, app.Proof{}))
			}
			if s := d.Get(id); s.State != payout.Succeeded || !s.Confirmed {
				t.Errorf("ruled, and it is %s", s.State)
			}
			d.Verify()
		})
	}
}

// TestParseVerdict_report: a ruling that names a line of a report is by statement, and names all of it.
func TestParseVerdict_report(t *testing.T) {
	ok := app.Verdict{Outcome: app.RuledPaid, Basis: app.BasisStatement, Payout: "p", File: "f", Media: "text/plain", Bytes: 1, Report: 1, Row: 2, ReportSHA: "s"}
	for name, c := range map[string]struct {
		change func(*app.Verdict)
		ok     bool
	}{
		"as it is":       {func(*app.Verdict) {}, true},
		"no report":      {func(v *app.Verdict) { v.Report, v.Row, v.ReportSHA = 0, 0, "" }, true},
		"by letter":      {func(v *app.Verdict) { v.Basis = app.BasisLetter }, false},
		"no line":        {func(v *app.Verdict) { v.Row = 0 }, false},
		"no hash":        {func(v *app.Verdict) { v.ReportSHA = "" }, false},
		"of no report":   {func(v *app.Verdict) { v.Report = 0 }, false},
		"a line below 1": {func(v *app.Verdict) { v.Row = -1 }, false},
	} {
		v := ok
		c.change(&v)
		if _, err := app.ParseVerdict(v.Doc()); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
