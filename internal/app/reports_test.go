package app_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankreport"
	"countersign/internal/calendar"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// paidDay makes payouts that end as these kopecks say, and lets the bank finish; the clock stands on the next day at noon afterwards.
func paidDay(d *desktest.Desk, kopecks ...int64) (ids []payout.ID, day calendar.Day) {
	for i, k := range kopecks {
		ids = append(ids, d.Approved(int64(i+1)*1_000_00+k))
		d.Send()
	}
	d.Settle()
	day = calendar.DayOf(d.Clock.Now())
	d.Clock.Set(day.Add(1).Start().Add(12 * time.Hour))
	return ids, day
}

func report(d *desktest.Desk, day calendar.Day, format string) (string, []byte) {
	d.T.Helper()
	data, err := d.Bank.Report(string(day), format)
	if err != nil {
		d.T.Fatal(err)
	}
	return d.Bank.ReportName(string(day)) + "." + format, data
}

func classes(d *desktest.Desk, day calendar.Day) (map[app.Class]int, app.DayFigures, []app.DayLine) {
	d.T.Helper()
	var lines []app.DayLine
	f, err := d.App.Day(d.T.Context(), day, func(l app.DayLine) error { lines = append(lines, l); return nil })
	if err != nil {
		d.T.Fatal(err)
	}
	if !f.Agrees {
		d.T.Errorf("%s: the classes do not add up to the rows: %+v", day, f)
	}
	out := map[app.Class]int{}
	for _, l := range lines {
		out[l.Class]++
	}
	return out, f, lines
}

const reportHead = "operationId;finishedAt;typeOfPayment;paymentSessionId;paymentSessionMerchantMetadata;paymentLocalAmount;currency\n"

func reportRow(op, at, kind, session, ref string, minor int64) string {
	return fmt.Sprintf("%s;%s;%s;%s;\"\"\"%s\"\"\";%d,%02d;RUB\n", op, at, kind, session, ref, minor/100, minor%100)
}

// TestReport_matches: the pretend bank's own report of a day agrees with our record to the kopeck, in each of its formats; what came back is in both.
func TestReport_matches(t *testing.T) {
	for _, format := range []string{"csv", "xlsx", "zip"} {
		t.Run(format, func(t *testing.T) {
			d := desktest.New(t)
			_, day := paidDay(d, 0, 51, 54, 60, 62, 67)
			before, _, _ := classes(d, day)
			if before[app.Waiting] != 5 { // four paid, one of which came back
				t.Fatalf("before the report: %v", before)
			}
			name, data := report(d, day, format)
			f, err := d.App.TakeReport(t.Context(), d.Who["m1"], name, "", data)
			if err != nil {
				t.Fatal(err)
			}
			got, fig, _ := classes(d, day)
			if f.N != 5 || f.From != day || got[app.Matched] != 4 || got[app.CameBack] != 1 || len(got) != 2 || fig.Open() != 0 {
				t.Fatalf("%+v: %v", f, got)
			}
			if s := fig.Sum(app.KindPaid); s.Ours != s.Bank || s.Ours != f.PaidMinor {
				t.Fatalf("%+v", s)
			}
			body, err := d.Store.ReportBody(t.Context(), f.ID)
			if err != nil || string(body) != string(data) {
				t.Error("not kept byte for byte")
			}
			d.Verify()
		})
	}
}

// TestReport_movesNothing: a report that names a payout of which we know nothing moves no state. It gives a session to ask about, and the bank's answer moves it.
func TestReport_movesNothing(t *testing.T) {
	d := desktest.New(t)
	ids, day := paidDay(d, 72) // paid, and nobody ever told us
	if s := d.Get(ids[0]); s.State != payout.Unknown || s.Session != "" {
		t.Fatalf("%+v", s)
	}
	name, data := report(d, day, "csv")
	if _, err := d.App.TakeReport(t.Context(), d.Who["m1"], name, "", data); err != nil {
		t.Fatal(err)
	}
	if s := d.Get(ids[0]); s.State != payout.Unknown || s.Session != "" {
		t.Fatalf("the report itself moved it: %+v", s)
	}
	if got, _, lines := classes(d, day); got[app.MissingUs] != 1 || lines[0].Session == "" {
		t.Fatalf("%v", got)
	}
	d.Poll()
	if s := d.Get(ids[0]); s.State != payout.Succeeded || !s.Confirmed || s.Review {
		t.Fatalf("after asking the bank: %+v", s)
	}
	if got, _, _ := classes(d, day); got[app.Matched] != 1 || len(got) != 1 {
		t.Fatalf("%v", got)
	}
	d.Verify()
}

// TestReport_wakesRefunds: a returned sum that no message told of is asked about when the report has it.
func TestReport_wakesRefunds(t *testing.T) {
	d := desktest.New(t)
	ids, day := paidDay(d, 0)
	s := d.Get(ids[0])
	d.Exec("UPDATE poll SET next_at = 9000000000000000")
	for _, c := range []struct {
		kind string
		want bool
	}{{"Advice", false}, {"Refund", true}} {
		data := reportHead + reportRow("po_"+c.kind, string(day), c.kind, s.Session, s.Reference, s.Content.Amount.Minor)
		if _, err := d.App.TakeReport(t.Context(), d.Who["m1"], c.kind+".csv", string(day), []byte(data)); err != nil {
			t.Fatal(err)
		}
		p, err := d.App.DuePoll(t.Context())
		if err != nil || (p != nil) != c.want {
			t.Fatalf("%s: %+v %v", c.kind, p, err)
		}
	}
}

// TestReport_wakesSums: what all lines of a payout say together is held against our record: a second return, smaller than the one that is known, a payment of
// another sum and a second payment each have the session asked about, in one file or in two; the very same lines again do not. Issue 5, points 7 and 9.
func TestReport_wakesSums(t *testing.T) {
	for _, c := range []struct {
		what string
		// lines of the first file and of the second: kind, and kopecks beside what is known of that kind.
		one, two []int64
		kind     string
		want     [2]bool
	}{
		{"as we know it", []int64{0}, nil, "Advice", [2]bool{}},
		{"less than we paid", []int64{-1}, nil, "Advice", [2]bool{true}},
		{"more than we paid", []int64{1}, nil, "Advice", [2]bool{true}},
		{"paid twice in one file", []int64{0, 0}, nil, "Advice", [2]bool{true}},
		{"paid twice in two", []int64{0}, []int64{0}, "Advice", [2]bool{false, true}},
		{"the return that we know", []int64{0}, nil, "Refund", [2]bool{}},
		{"a second return in one file", []int64{0, -100}, nil, "Refund", [2]bool{true}},
		{"a second return in two", []int64{0}, []int64{-100}, "Refund", [2]bool{false, true}},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := desktest.New(t)
			ids, day := paidDay(d, 78) // a third came back
			s := d.Get(ids[0])
			if s.ReturnedMinor == 0 || s.State != payout.Succeeded {
				t.Fatalf("%+v", s)
			}
			known := s.Content.Amount.Minor
			if c.kind == "Refund" {
				known = s.ReturnedMinor
			}
			for f, lines := range [][]int64{c.one, c.two} {
				d.Exec("UPDATE poll SET next_at = 9000000000000000")
				data := reportHead
				for i, more := range lines {
					data += reportRow(fmt.Sprintf("po_%d_%d", f, i), string(day), c.kind, s.Session, s.Reference, known+more)
				}
				_, err := d.App.TakeReport(t.Context(), d.Who["m1"], fmt.Sprintf("%d.csv", f), string(day), []byte(data))
				must(t, err)
				p, err := d.App.DuePoll(t.Context())
				must(t, err)
				if (p != nil) != c.want[f] {
					t.Errorf("file %d: asked %v, want %v", f+1, p != nil, c.want[f])
				}
			}
			d.Exec("UPDATE poll SET next_at = 9000000000000000")
			again := reportHead
			for i, more := range c.one {
				again += reportRow(fmt.Sprintf("po_0_%d", i), string(day), c.kind, s.Session, s.Reference, known+more)
			}
			_, err := d.App.TakeReport(t.Context(), d.Who["m1"], "again.csv", string(day), []byte(again+"\n"))
			must(t, err)
			if p, err := d.App.DuePoll(t.Context()); err != nil || p != nil {
				t.Errorf("the same lines again are asked about: %+v %v", p, err)
			}
			d.Verify()
		})
	}
}

// TestReport_twice: the same file twice is named and changes nothing; the same lines in another file count once; an empty file is a day without payouts.
func TestReport_twice(t *testing.T) {
	d := desktest.New(t)
	_, day := paidDay(d, 0, 0)
	name, data := report(d, day, "csv")
	take := func(name string, data []byte, day calendar.Day) error {
		_, err := d.App.TakeReport(t.Context(), d.Who["m1"], name, string(day), data)
		return err
	}
	if err := take(name, data, ""); err != nil {
		t.Fatal(err)
	}
	events := len(d.Events())
	if err := take("another name.csv", data, ""); !fault.Is(err, "report.twice") || len(d.Events()) != events {
		t.Fatalf("%v", err)
	}
	if err := take("again.csv", append(data, '\n'), ""); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := classes(d, day); got[app.Matched] != 2 || len(got) != 1 {
		t.Fatalf("the same lines again: %v", got)
	}
	half := strings.SplitAfter(string(data), "\n")
	if err := take("double.csv", []byte(half[0]+half[1]+half[1]), ""); err != nil { // again the same line, and twice in one file
		t.Fatal(err)
	}
	if err := take("desktest_"+string(day.Add(-1))+"_"+string(day.Add(-1))+".csv", nil, ""); err != nil {
		t.Fatal(err)
	}
	if err := take("desktest_"+string(day.Add(-2))+"_"+string(day.Add(-2))+".csv", nil, ""); err != nil { // the same bytes, another day
		t.Fatal(err)
	}
	if _, f, _ := classes(d, day.Add(-1)); f.Files != 1 || f.Open() != 0 {
		t.Fatalf("%+v", f)
	}
	for _, c := range []struct {
		name, day, code string
		data            string
	}{
		{"x.csv", "", "report.whichday", ""},
		{"x.csv", "2026-02-30", "report.day", ""},
		{"x.csv", string(day.Add(9)), "report.future", ""},
		{"desktest_2026-11-01_2026-11-01.csv", "2026-11-02", "report.otherday", ""},
		{"P_2026-11-01_2026-11-01.csv", "", "report.project", ""},
		{"P_2026-11-01_2026-11-01.csv", "2026-11-01", "report.project", reportHead + reportRow("po_1", "2026-11-01", "Advice", "ps_1", "x", 100)},
		{"x.csv", "", "report.days", reportHead + reportRow("po_1", "2026-11-01", "Advice", "ps_1", "x", 100) + reportRow("po_2", "2026-11-03", "Advice", "ps_2", "y", 100)},
	} {
		if err := take(c.name, []byte(c.data), calendar.Day(c.day)); !fault.Is(err, c.code) {
			t.Errorf("%s %s: %v, want %s", c.name, c.day, err, c.code)
		}
	}
	d.Verify()
}

// TestReport_sameDayAgain: the same day handed in again in another format, with a column more, one less, in another order or another way of writing its moments, counts
// once; the extra columns of each are kept. Another number of the bank, another sum or another session is another operation. Issue 5, point 9.
func TestReport_sameDayAgain(t *testing.T) {
	lines := func(data []byte, change func(head bool, cells []string) []string) []byte {
		out := ""
		for i, l := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			out += strings.Join(change(i == 0, strings.Split(l, ";")), ";") + "\n"
		}
		return []byte(out)
	}
	for _, c := range []struct {
		what   string
		format string
		change func(head bool, cells []string) []string
		want   map[app.Class]int
	}{
		{what: "as a workbook", format: "xlsx"},
		{what: "as an archive", format: "zip"},
		{what: "a column more", change: func(head bool, c []string) []string { return append(c, "x") }},
		{what: "another time of day", change: func(head bool, c []string) []string {
			if !head {
				c[1] += " 10:00:00"
			}
			return c
		}},
		{what: "in another order", change: func(_ bool, c []string) []string { slices.Reverse(c); return c }},
		{what: "another number of the bank", want: map[app.Class]int{app.Double: 2, app.CameBack: 1}, change: func(head bool, c []string) []string {
			if !head && c[2] == "Advice" {
				c[0] += "b"
			}
			return c
		}},
		{what: "another sum", want: map[app.Class]int{app.Double: 2, app.CameBack: 1}, change: func(head bool, c []string) []string {
			if !head && c[2] == "Advice" {
				c[5] = "1,00"
			}
			return c
		}},
		{what: "another session", want: map[app.Class]int{app.Double: 2, app.CameBack: 1}, change: func(head bool, c []string) []string {
			if !head && c[2] == "Advice" {
				c[3] += "b"
			}
			return c
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := desktest.New(t)
			ids, day := paidDay(d, 0, 78)
			name, data := report(d, day, "csv")
			if c.change != nil { // by our own plain form: no cell holds a semicolon
				rows := reportHead
				for i, id := range ids {
					s := d.Get(id)
					rows += reportRow(fmt.Sprint("po_", i), string(day), "Advice", s.Session, s.Reference, s.Content.Amount.Minor)
					if s.ReturnedMinor > 0 {
						rows += reportRow(fmt.Sprint("po_r", i), string(day), "Refund", s.Session, s.Reference, s.ReturnedMinor)
					}
				}
				name, data = "a.csv", []byte(rows)
			}
			take := func(name string, data []byte) app.ReportFile {
				t.Helper()
				f, err := d.App.TakeReport(t.Context(), d.Who["m1"], name, string(day), data)
				must(t, err)
				return f
			}
			take(name, data)
			again, once := data, "again.csv"
			if c.change != nil {
				again = lines(data, c.change)
			} else {
				once, again = report(d, day, c.format)
			}
			f := take(once, again)
			want := c.want
			if want == nil {
				want = map[app.Class]int{app.Matched: 2, app.CameBack: 1}
			}
			got, fig, _ := classes(d, day)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v; the bank's sum is %d", got, want, fig.Sum(app.KindPaid).Bank)
			}
			if l, ok, err := d.Store.ReportLine(t.Context(), f.ID, 1); err != nil || !ok || (l.SameAs == 1) != (c.want == nil) || c.what == "a column more" && l.Extra != `[["x","x"]]` {
				t.Errorf("%+v %v", l, err)
			}
			d.Verify()
		})
	}
}

// TestReport_nothingHalf: one bad row refuses the file: no line of it is stored, and every bad one is named. Who may not hand in a report stores none.
func TestReport_nothingHalf(t *testing.T) {
	d := desktest.New(t)
	day := calendar.DayOf(d.Clock.Now()).Add(-1)
	data := reportHead
	for i := range 1000 {
		data += reportRow(fmt.Sprintf("po_%d", i), string(day), "Advice", fmt.Sprintf("ps_%d", i), "x", 100)
	}
	_, err := d.App.TakeReport(t.Context(), d.Who["m1"], "a.csv", "", []byte(data+reportRow("po_x", string(day), "Advice", "ps_x", "x", 0)))
	var r *bankreport.Refused
	if !errors.As(err, &r) || r.Bad[0].Row != 1002 {
		t.Fatalf("%v", err)
	}
	count := func() (n int) {
		if err := d.SQL().QueryRow("SELECT COUNT(*) FROM report_row").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, who := range []string{"a1", "s1", "u1"} {
		if _, err := d.App.TakeReport(t.Context(), d.Who[who], "a.csv", "", []byte(data)); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: %v", who, err)
		}
	}
	if n := count(); n != 0 {
		t.Fatalf("%d lines of refused files", n)
	}
	for _, who := range []string{"m1", "d1"} {
		data += reportRow("po_"+who, string(day), "Advice", "ps_"+who, "x", 100)
		if _, err := d.App.TakeReport(t.Context(), d.Who[who], "a.csv", "", []byte(data)); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	// Lines of a report that a crash cut off are seen by nobody, and gone with the next one.
	before, _, _ := classes(d, day)
	d.Exec("INSERT INTO report_row SELECT 3, n, part, line, day, kind, 'loose', session, reference, amount_minor, gross_minor, finished_at, metadata, extra, rest, 'loose' || n, 0, payout_id, match_id, 0 FROM report_row WHERE report_id = 1")
	if after, _, _ := classes(d, day); after[app.MissingUs] != before[app.MissingUs] {
		t.Errorf("loose lines are seen: %v, before %v", after, before)
	}
	d.Verify()
	if _, err := d.App.TakeReport(t.Context(), d.Who["m1"], "b.csv", string(day), []byte(reportHead)); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1000+1+1002 {
		t.Errorf("%d lines", n)
	}
	d.Verify()
}

// TestReport_classes: each way in which our record and the report can differ is named, and the arithmetic holds on every day.
func TestReport_classes(t *testing.T) {
	d := desktest.New(t)
	ids, day := paidDay(d, 0, 0, 0, 0, 0, 51)
	s := make([]payout.Snapshot, len(ids))
	for i, id := range ids {
		s[i] = d.Get(id)
	}
	line := func(op string, i int, add int64) string {
		return reportRow(op, string(day), "Advice", s[i].Session, s[i].Reference, s[i].Content.Amount.Minor+add)
	}
	data := reportHead + line("po_0", 0, 0) + line("po_1", 1, 100) + line("po_2", 2, 0) + line("po_2b", 2, 0) + line("po_5", 5, 0) +
		reportRow("po_x", string(day), "Advice", "ps_foreign", "not ours", 777)
	if _, err := d.App.TakeReport(t.Context(), d.Who["m1"], "a.csv", string(day), []byte(data)); err != nil {
		t.Fatal(err)
	}
	next := day.Add(1)
	d.Clock.Add(24 * time.Hour)
	if _, err := d.App.TakeReport(t.Context(), d.Who["m1"], "b.csv", string(next), []byte(reportHead+line("po_3", 3, 0))); err != nil {
		t.Fatal(err)
	}
	want := map[app.Class]int{app.Matched: 1, app.OtherSum: 1, app.Double: 1, app.Late: 1, app.MissingBank: 1, app.MissingUs: 2}
	got, f, lines := classes(d, day)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	other, _, _ := classes(d, next)
	if other[app.Late] != 1 || len(other) != 1 {
		t.Fatalf("the next day: %v", other)
	}
	if err := d.App.CloseDay(t.Context(), d.Who["a1"], day, f.Mark()); !fault.Is(err, "day.open") {
		t.Fatalf("closed with open lines: %v", err)
	}
	old, err := d.App.Ageing(t.Context(), 3)
	if err != nil || len(old.Lines) != 3 || !old.More || old.Bands[1].N != 5 {
		t.Fatalf("%+v %v", old, err)
	}

	// By hand, each by two people; no payout moves.
	states := func() string {
		out := ""
		for _, id := range ids {
			x := d.Get(id)
			out += fmt.Sprint(x.State, x.Review, x.Rev, ";")
		}
		return out
	}
	was := states()
	for _, l := range lines {
		if !l.Class.Open() {
			continue
		}
		e := app.MatchEntry{Report: l.Report, N: l.N, Number: l.Number, Kind: l.Kind, Payout: l.Payout, Reason: "the bank's letter No 5"}
		if l.Class == app.MissingUs && l.Payout != "" {
			continue
		}
		id, err := d.App.ProposeMatch(t.Context(), d.Who["m1"], e)
		if err != nil {
			t.Fatalf("%+v: %v", l, err)
		}
		ps, err := d.Store.Proposals(t.Context(), approval.Match, id, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"m1", "m2", "u1", "d1"} {
			if err := d.App.Accept(t.Context(), d.Who[who], approval.Match, id, ps[0].Digest, app.Proof{}); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s agreed: %v", who, err)
			}
		}
		if now, _, _ := classes(d, day); now[l.Class] != got[l.Class] {
			t.Errorf("%s is explained before a second person agreed", l.Class)
		}
		if err := d.App.Accept(t.Context(), d.Who["a1"], approval.Match, id, ps[0].Digest, app.Proof{}); err != nil {
			t.Fatal(err)
		}
	}
	if states() != was {
		t.Errorf("a match by hand moved a payout: %s, was %s", states(), was)
	}
	now, _, _ := classes(d, day)
	if fmt.Sprint(now) != fmt.Sprint(map[app.Class]int{app.Matched: 1, app.ByHand: 4, app.Late: 1, app.MissingUs: 1}) { // what the report says of an unpaid payout no hand explains away
		t.Fatalf("%v", now)
	}
	for _, c := range []struct {
		who  string
		e    app.MatchEntry
		code string
	}{
		{"m1", app.MatchEntry{Report: 1, N: 6, Number: 1, Reason: "because"}, "match.number"},
		{"m1", app.MatchEntry{Report: 1, N: 60, Reason: "because"}, "match.none"},
		{"m1", app.MatchEntry{Payout: ids[5], Kind: app.KindPaid, Reason: "because"}, "match.none"},
		{"m1", app.MatchEntry{Report: 1, N: 6}, "reason.needed"},
		{"a1", app.MatchEntry{Report: 1, N: 6, Reason: "because"}, "denied.role"},
	} {
		if _, err := d.App.ProposeMatch(t.Context(), d.Who[c.who], c.e); !fault.Is(err, c.code) {
			t.Errorf("%+v: %v, want %s", c.e, err, c.code)
		}
	}
	d.Verify()
}

// byHand has two people agree to what one proposes of a line.
func byHand(d *desktest.Desk, e app.MatchEntry) {
	d.T.Helper()
	ctx := d.T.Context()
	id, err := d.App.ProposeMatch(ctx, d.Who["m1"], e)
	must(d.T, err)
	ps, err := d.Store.Proposals(ctx, approval.Match, id, 1)
	must(d.T, err)
	must(d.T, d.App.Accept(ctx, d.Who["a1"], approval.Match, id, ps[0].Digest, app.Proof{}))
}

// TestReport_matchOfOneLine: what two people agreed to explains its own line alone. A line that comes later is something new that nobody looked at: the day of it
// opens, and is not closed before that line, too, is explained. Issue 5, point 10.
func TestReport_matchOfOneLine(t *testing.T) {
	const who = "the bank repeated its line by mistake"
	for _, c := range []struct {
		what, kind string
		kopecks    int64
		// lines of the first two reports beside what is known, and which of them is explained; then the line of a third report, and what it is.
		lines    []int64
		explain  int
		stays    app.Class // once it is explained
		third    int64
		want     app.Class
		nobodys  bool // the explained line names no payout by itself
		sameFile bool
	}{
		{what: "a double, its second line", kind: "Advice", lines: []int64{0, 0}, explain: 1, stays: app.ByHand, want: app.Double},
		{what: "a double, its first line", kind: "Advice", lines: []int64{0, 0}, explain: 0, stays: app.ByHand, want: app.Double},
		{what: "a double of one file", kind: "Advice", lines: []int64{0, 0}, explain: 0, stays: app.ByHand, want: app.Double, sameFile: true},
		{what: "three lines, one explained", kind: "Advice", lines: []int64{0, 0, 0}, explain: 1, stays: app.Double, want: app.Double},
		{what: "another sum, and then the right one", kind: "Advice", lines: []int64{100}, stays: app.ByHand, want: app.Double},
		{what: "another sum twice, one explained", kind: "Advice", lines: []int64{100, 7}, stays: app.OtherSum, want: app.Double},
		{what: "a line of nobody's that is ours", kind: "Advice", lines: []int64{0}, nobodys: true, stays: app.ByHand, want: app.Double},
		{what: "a return of another sum, and then the right one", kind: "Refund", kopecks: 78, lines: []int64{-1}, stays: app.ByHand, want: app.OtherSum},
		{what: "what was missing of an explained return", kind: "Refund", kopecks: 78, lines: []int64{-500}, stays: app.ByHand, third: 500, want: app.ByHand},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := desktest.New(t)
			ids, day := paidDay(d, c.kopecks)
			s := d.Get(ids[0])
			kind, known := app.KindPaid, s.Content.Amount.Minor
			if c.kind == "Refund" {
				kind, known = app.KindBack, s.ReturnedMinor
			}
			last := 0
			take := func(rows ...string) app.ReportFile {
				t.Helper()
				f, err := d.App.TakeReport(t.Context(), d.Who["m1"], fmt.Sprintf("%d.csv", last), string(day.Add(last)), []byte(reportHead+strings.Join(rows, "")))
				must(t, err)
				d.Clock.Add(24 * time.Hour)
				last++
				return f
			}
			var rows []string
			for i, more := range c.lines {
				ref, session := s.Reference, s.Session
				if c.nobodys && i == c.explain {
					ref, session = "", "ps_of_nobody"
				}
				rows = append(rows, reportRow(fmt.Sprint("po_", i), string(day), c.kind, session, ref, known+more))
			}
			e := app.MatchEntry{N: 1, Number: s.Number, Kind: kind, Reason: who}
			if c.sameFile {
				e.Report, e.N = take(rows...).ID, c.explain+1
			} else {
				for i, row := range rows {
					if f := take(row); i == c.explain {
						e.Report = f.ID
					}
				}
			}
			class := func(of calendar.Day) (app.Class, app.DayFigures) {
				t.Helper()
				_, f, lines := classes(d, of)
				for _, l := range lines {
					if l.Kind == kind {
						return l.Class, f
					}
				}
				t.Fatalf("nothing on %s", of)
				return "", f
			}
			if got, _ := class(day); !got.Open() {
				t.Fatalf("before: %s", got)
			}
			byHand(d, e)
			if got, _ := class(day); got != c.stays {
				t.Errorf("explained: %s, want %s", got, c.stays)
			}
			d.Clock.Add(24 * time.Hour)
			more := known
			if c.third != 0 {
				more = c.third
			}
			f := take(reportRow("po_third", string(day), c.kind, s.Session, s.Reference, more))
			got, fig := class(f.From)
			if got != c.want || got.Open() != (fig.Open() > 0) {
				t.Errorf("a third line in a later report: %s, want %s; %d open", got, c.want, fig.Open())
			}
			if err := d.App.CloseDay(t.Context(), d.Who["a1"], f.From, fig.Mark()); c.want.Open() != fault.Is(err, "day.open") {
				t.Errorf("closing its day: %v", err)
			}
			if c.want == c.stays || !c.want.Open() || c.stays.Open() {
				return
			}
			byHand(d, app.MatchEntry{Report: f.ID, N: 1, Number: s.Number, Kind: kind, Reason: who})
			if got, fig := class(f.From); got != app.ByHand || fig.Open() != 0 {
				t.Errorf("that one explained, too: %s", got)
			}
			d.Verify()
		})
	}
}

// TestCloseDay: an approver closes a day whose figures they saw; whatever changes afterwards shows it as changed, and it can be closed again.
func TestCloseDay(t *testing.T) {
	d := desktest.New(t)
	ids, day := paidDay(d, 0, 0)
	ctx := t.Context()
	_, f, _ := classes(d, day)
	if err := d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()); !fault.Is(err, "day.noreport") {
		t.Fatalf("%v", err)
	}
	name, data := report(d, day, "csv")
	if _, err := d.App.TakeReport(ctx, d.Who["m1"], name, "", data); err != nil {
		t.Fatal(err)
	}
	if err := d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()); !fault.Is(err, "day.moved") {
		t.Fatalf("figures that moved: %v", err)
	}
	_, f, _ = classes(d, day)
	for _, who := range []string{"m1", "u1", "d1"} {
		if err := d.App.CloseDay(ctx, d.Who[who], day, f.Mark()); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s closed a day: %v", who, err)
		}
	}
	if err := d.App.CloseDay(ctx, d.Who["a1"], calendar.DayOf(d.Clock.Now()), f.Mark()); !fault.Is(err, "day.running") {
		t.Errorf("today: %v", err)
	}
	for range 2 { // the same press again changes nothing
		if err := d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()); err != nil {
			t.Fatal(err)
		}
	}
	row := func() app.DayRow {
		days, err := d.App.Days(ctx, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(days, func(r app.DayRow) bool { return r.Day == day })
		return days[i]
	}
	if r := row(); r.Closed == nil || r.Changed || r.Closed.Version != 1 {
		t.Fatalf("%+v", r)
	}
	s := d.Get(ids[0])
	d.Clock.Add(time.Minute)
	more := reportHead + reportRow("po_again", string(day), "Advice", s.Session, s.Reference, s.Content.Amount.Minor)
	if _, err := d.App.TakeReport(ctx, d.Who["m1"], "late.csv", string(day), []byte(more)); err != nil {
		t.Fatal(err)
	}
	if r := row(); r.Closed == nil || !r.Changed {
		t.Fatalf("%+v", r)
	}
	if got, _, _ := classes(d, day); got[app.Double] != 1 {
		t.Fatalf("%v", got)
	}
	d.Verify()
}

// TestReport_runningDay: a report taken before its day is over tells of what we had by then, and of nothing later: that waits for the report of the whole day, is not
// missing at the bank, and the day is not closed on it. Issue 5, point 10.
func TestReport_runningDay(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	pay := func(minor int64) payout.ID {
		id := d.Approved(minor)
		d.Send()
		d.Settle()
		return id
	}
	take := func(name string, data []byte) {
		t.Helper()
		_, err := d.App.TakeReport(ctx, d.Who["m1"], name, "", data)
		must(t, err)
	}
	early, day := pay(100_00), calendar.DayOf(d.Clock.Now())
	s := d.Get(early)
	pay(150_00) // not in the report of noon, which was taken after it
	d.Clock.Add(time.Minute)
	name := "desktest_" + string(day) + "_" + string(day) + ".csv"
	take(name, []byte(reportHead+reportRow("po_1", string(day), "Advice", s.Session, s.Reference, s.Content.Amount.Minor)))
	d.Clock.Add(time.Hour)
	pay(200_00)
	if now := calendar.DayOf(d.Clock.Now()); now != day {
		t.Fatalf("%s is over", day)
	}
	count := func(want map[app.Class]int) app.DayFigures {
		t.Helper()
		got, f, _ := classes(d, day)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		return f
	}
	f := count(map[app.Class]int{app.Matched: 1, app.MissingBank: 1, app.Waiting: 1})
	if err := d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()); !fault.Is(err, "day.running") {
		t.Errorf("the running day: %v", err)
	}
	d.Clock.Set(day.Add(1).Start().Add(9 * time.Hour))
	f = count(map[app.Class]int{app.Matched: 1, app.MissingBank: 1, app.Waiting: 1}) // its end alone says nothing
	if err := d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()); !fault.Is(err, "day.partreport") {
		t.Errorf("on a report of a part: %v", err)
	}
	days, err := d.App.Days(ctx, "", 10)
	must(t, err)
	if days[0].Files != 1 || days[0].Whole {
		t.Errorf("%+v", days[0])
	}
	_, data := report(d, day, "csv") // the bank's own numbers, another line of po_1's payout
	head, rows, _ := strings.Cut(string(data), "\n")
	var rest []string
	for _, row := range strings.SplitAfter(rows, "\n") {
		if !strings.Contains(row, s.Session) {
			rest = append(rest, row)
		}
	}
	take("rest_of_"+string(day)+".csv", []byte(head+"\n"+strings.Join(rest, "")))
	f = count(map[app.Class]int{app.Matched: 3})
	if days, err = d.App.Days(ctx, "", 10); err != nil || !days[0].Whole {
		t.Errorf("%+v %v", days[0], err)
	}
	must(t, d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()))
	d.Verify()
}

// TestAgeing_kept: the list by age and the list of days count a day again whenever something of it moved, and only then: what is kept always says what a walk of everything says.
func TestAgeing_kept(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	fresh := func() *app.App { return app.New(d.App.Options) } // keeps nothing yet
	agree := func(what string) {
		t.Helper()
		got, err := d.App.Ageing(ctx, 50)
		want, werr := fresh().Ageing(ctx, 50)
		if err != nil || werr != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: the list by age says %+v, counted again %+v (%v %v)", what, got, want, err, werr)
		}
		days, err := d.App.Days(ctx, "", 50)
		again, werr := fresh().Days(ctx, "", 50)
		if err != nil || werr != nil || !reflect.DeepEqual(days, again) {
			t.Fatalf("%s: the list of days says %+v, counted again %+v (%v %v)", what, days, again, err, werr)
		}
	}
	open := func() (n int) {
		a, err := d.App.Ageing(ctx, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range a.Bands {
			n += b.N
		}
		return n
	}
	agree("nothing yet")
	ids, day := paidDay(d, 0, 0, 0)
	agree("paid")
	d.Clock.Add(48 * time.Hour)
	agree("older")
	if n := open(); n != 3 {
		t.Fatalf("%d open, want the three that wait for their report", n)
	}
	s := d.Get(ids[0])
	line := func(op string, s payout.Snapshot) string {
		return reportRow(op, string(day), "Advice", s.Session, s.Reference, s.Content.Amount.Minor)
	}
	take := func(name, rows string, day calendar.Day) {
		t.Helper()
		if _, err := d.App.TakeReport(ctx, d.Who["m1"], name, string(day), []byte(reportHead+rows)); err != nil {
			t.Fatal(err)
		}
		agree(name)
	}
	take("first.csv", line("po_0", s), day)
	if n := open(); n != 2 {
		t.Fatalf("%d open, want the two that the report does not have", n)
	}
	take("second.csv", line("po_1", d.Get(ids[1])), day.Add(1)) // what is late there is not missing here
	if n := open(); n != 1 {
		t.Fatalf("%d open", n)
	}
	id, err := d.App.ProposeMatch(ctx, d.Who["m1"], app.MatchEntry{Payout: ids[2], Kind: app.KindPaid, Reason: "the bank's letter"})
	if err != nil {
		t.Fatal(err)
	}
	agree("proposed")
	ps, err := d.Store.Proposals(ctx, approval.Match, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.App.Accept(ctx, d.Who["a1"], approval.Match, id, ps[0].Digest, app.Proof{}); err != nil {
		t.Fatal(err)
	}
	agree("agreed by hand")
	_, f, _ := classes(d, day)
	if n := open(); n != 0 || f.Open() != 0 {
		t.Fatalf("%d and %d open", n, f.Open())
	}
	if err := d.App.CloseDay(ctx, d.Who["a1"], day, f.Mark()); err != nil {
		t.Fatal(err)
	}
	agree("closed")
	d.Clock.Add(time.Minute)
	take("third.csv", line("po_0b", s), day)
	days, err := d.App.Days(ctx, "", 50)
	if err != nil || !days[slices.IndexFunc(days, func(r app.DayRow) bool { return r.Day == day })].Changed {
		t.Fatalf("a closed day that changed is not shown as changed: %+v %v", days, err)
	}
	if n := open(); n != 1 {
		t.Errorf("a closed day has a line that came twice since, and the list by age has %d open", n)
	}
	paidDay(d, 0) // only another day moves
	agree("another day")
}

// TestReport_arithmetic: whatever our record and the reports hold, each line is in one class, and the classes add up to the rows, to the kopeck.
func TestReport_arithmetic(t *testing.T) {
	d := desktest.New(t)
	rnd := rand.New(rand.NewPCG(5, 131))
	var all []payout.Snapshot
	days := map[calendar.Day]bool{}
	for range 4 {
		kopecks := make([]int64, 6)
		for i := range kopecks {
			kopecks[i] = []int64{0, 0, 54, 51, 67, 78}[rnd.IntN(6)]
		}
		ids, day := paidDay(d, kopecks...)
		days[day] = true
		for _, id := range ids {
			all = append(all, d.Get(id))
		}
	}
	today := calendar.DayOf(d.Clock.Now())
	for f := range 12 {
		data := reportHead
		for i := range 8 {
			s := all[rnd.IntN(len(all))]
			minor, ref := s.Content.Amount.Minor, s.Reference
			switch rnd.IntN(8) {
			case 0:
				minor += 1
			case 1:
				ref = "cs1-0-nobody"
			}
			day := today.Add(-1 - rnd.IntN(5))
			days[day] = true
			data += reportRow(fmt.Sprintf("po_%d_%d", f/2, i), string(day), []string{"Advice", "Advice", "Refund"}[rnd.IntN(3)], "ps_"+s.Session[3:], ref, minor)
		}
		from, to := today.Add(-6), today
		if _, err := d.App.TakeReport(t.Context(), d.Who["m1"], fmt.Sprintf("desktest_%s_%s.csv", from, to), "", []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for day := range days {
		seen := map[string]bool{}
		_, f, lines := classes(d, day)
		for _, l := range lines {
			k := fmt.Sprint(l.Kind, l.Payout, l.Report*int64(btoi(l.Payout == "")), l.N*btoi(l.Payout == ""))
			if seen[k] {
				t.Fatalf("%s: %+v twice", day, l)
			}
			seen[k] = true
			n++
		}
		for _, kind := range []string{app.KindPaid, app.KindBack} {
			var by int64
			for _, x := range f.Of(kind) {
				by += x.Bank - x.Ours
			}
			if got := f.Total[kind].Bank - f.Total[kind].Ours; got != by {
				t.Errorf("%s %s: the difference is %d, the lines say %d", day, kind, got, by)
			}
		}
	}
	if n < 60 {
		t.Fatalf("only %d lines", n)
	}
	d.Verify()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestUsual: how long the bank usually takes is what the payouts of the last 30 days took, and nothing is said when too few can tell.
func TestUsual(t *testing.T) {
	d := desktest.New(t)
	paidDay(d, 0, 0, 0)
	if u, ok, err := d.App.Usual(t.Context()); ok || err != nil || u.N != 3 {
		t.Fatalf("%+v %v %v", u, ok, err)
	}
	paidDay(d, slices.Repeat([]int64{0}, 20)...)
	u, ok, err := d.App.Usual(t.Context())
	if !ok || err != nil || u.N != 23 || u.Median <= 0 || u.P90 < u.Median || u.P90 > time.Hour {
		t.Fatalf("%+v %v %v", u, ok, err)
	}
	d.Clock.Add(40 * 24 * time.Hour)
	if u, ok, _ := d.App.Usual(t.Context()); ok || u.N != 0 {
		t.Fatalf("of more than 30 days ago: %+v", u)
	}
}
