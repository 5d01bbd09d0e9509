package web

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

// handIn posts a report of the bank as the form does.
func (x *browser1) handIn(name, day string, file []byte) *httptest.ResponseRecorder {
	x.b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	must(x.b.t, m.WriteField("day", day))
	part, err := m.CreateFormFile("file", name)
	must(x.b.t, err)
	_, err = part.Write(file)
	must(x.b.t, err)
	must(x.b.t, m.Close())
	q := x.request("POST", "/reports/bank", url.Values{})
	q.Body, q.ContentLength = io.NopCloser(&body), int64(body.Len())
	q.Header.Set("Content-Type", m.FormDataContentType())
	return x.do(q)
}

// paidDay has the bank pay as these kopecks say, and lets the day end.
func (b *bench) paidDay(kopecks ...int64) (ids []payout.ID, day calendar.Day) {
	for i, k := range kopecks {
		ids = append(ids, b.Approved(int64(i+1)*1_000_00+k))
		b.Send()
	}
	b.Settle()
	day = calendar.DayOf(b.Clock.Now())
	b.Clock.Set(day.Add(1).Start().Add(12 * time.Hour))
	return ids, day
}

func (b *bench) count(query string) (n int) {
	b.t.Helper()
	must(b.t, b.SQL().QueryRow(query).Scan(&n))
	return n
}

const rowsHead = "operationId;finishedAt;typeOfPayment;paymentSessionId;paymentSessionMerchantMetadata;paymentLocalAmount;currency\n"

func rowOf(op string, day calendar.Day, kind string, s payout.Snapshot, minor int64) string {
	return fmt.Sprintf("%s;%s;%s;%s;\"\"\"%s\"\"\";%d,%02d;RUB\n", op, day, kind, s.Session, s.Reference, minor/100, minor%100)
}

// TestReportUpload: a report of the bank is taken whole in each of its forms, or refused in words of the reader's language with nothing of it stored, the error in
// its place and what was typed kept. Issue 5, point 9.
func TestReportUpload(t *testing.T) {
	b := newBench(t)
	_, day := b.paidDay(0, 54, 67)
	maker := b.as("m1")
	name := b.Bank.ReportName(string(day))
	good := map[string][]byte{}
	for _, format := range []string{"csv", "xlsx", "zip"} {
		data, err := b.Bank.Report(string(day), format)
		must(t, err)
		good[format] = data
	}
	stranger := &bytes.Buffer{}
	z := zip.NewWriter(stranger)
	f, err := z.Create("readme.exe")
	must(t, err)
	_, err = f.Write([]byte("MZ"))
	must(t, err)
	must(t, z.Close())
	large := bytes.Repeat([]byte("a"), app.MaxReport+1)
	bad := []struct {
		what, name, day string
		data            []byte
		place, en, ru   string
	}{
		{"a row without a sum", "a.csv", "", []byte(rowsHead + "po_1;2026-11-20;Advice;ps_1;\"\"\"x\"\"\";0,00;RUB\npo_2;2026-11-20;Loan;ps_1;\"\"\"x\"\"\";1,00;RUB\n"), "file", "2 errors in the file. It was not taken at all.", "В файле 2 ошибки. Файл не принят целиком."},
		{"a column that is not there", "a.csv", "", []byte("operationId;finishedAt\npo_1;2026-11-20\n"), "file", "a column that must be there is missing", "нет обязательного столбца"},
		{"a picture", "a.xlsx", "", []byte("\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"), "file", "It was not taken at all.", "Файл не принят целиком."},
		{"a foreign archive", "a.zip", "", stranger.Bytes(), "file", "the archive is broken, or holds something else than reports", "архив повреждён или в нём не только отчёты"},
		{"half an archive", name + ".zip", "", good["zip"][:len(good["zip"])/2], "file", "It was not taken at all.", "Файл не принят целиком."},
		{"empty, and of no day", "x.csv", "", nil, "day", "The file is empty and its name has no dates.", "Файл пуст, и в имени нет дат."},
		{"no such day", name + ".csv", "31.02.2026", good["csv"], "day", "There is no such date.", "Такой даты нет."},
		{"another day", name + ".csv", "01.11.2026", good["csv"], "day", "The file’s name says another day", "В имени файла другой день"},
		{"a day to come", "x.csv", "20.11.2036", nil, "day", "This day has not come yet.", "Этот день ещё не наступил."},
		{"too large", "x.csv", "", large, "file", "the file is too large", "слишком большой файл"},
		{"of another project", "shop_" + string(day) + "_" + string(day) + ".csv", "", good["csv"], "file", "The file’s name says another project: shop. This program works with the project desktest.", "В имени файла другой проект: shop."},
		{"no file at all", "", "", nil, "file", "Choose the report’s file.", "Выберите файл отчёта."},
	}
	events := len(b.Events())
	for _, c := range bad {
		for _, l := range []string{"en", "ru"} {
			maker.lang = l
			words := c.en
			if l == "ru" {
				words = c.ru
			}
			page := want(t, maker.handIn(c.name, c.day, c.data), 422)
			if !strings.Contains(plain(page), words) || !strings.Contains(page, `data-error="`+c.place+`"`) || c.day != "" && !strings.Contains(page, `value="`+c.day+`"`) {
				t.Errorf("%s (%s): %q is not said at the %s, or what was typed is gone", c.what, l, words, c.place)
			}
		}
	}
	maker.lang = "en"
	if n := b.count("SELECT (SELECT COUNT(*) FROM report) + (SELECT COUNT(*) FROM report_row)"); n != 0 || len(b.Events()) != events {
		t.Fatalf("%d rows of refused files are stored, %d events", n, len(b.Events())-events)
	}
	want(t, maker.handIn("x.csv", "", bytes.Repeat([]byte("a"), app.MaxReport+1<<20)), 413)
	for who, status := range map[string]int{"a1": 403, "s1": 403, "u1": 403} {
		want(t, b.as(who).handIn(name+".csv", "", good["csv"]), status)
	}

	for i, format := range []string{"csv", "xlsx", "zip"} {
		r := maker.handIn(name+"."+format, "", good[format])
		want(t, r, 303)
		page := plain(want(t, maker.get(r.Header().Get("Location")), 200))
		holds(t, page, "Report taken: 4 rows.", name+"."+format, "Reconciliation of "+lang.DayFull(lang.EN, day.Start()))
		if n := b.count("SELECT COUNT(*) FROM report"); n != i+1 {
			t.Errorf("%s: %d reports", format, n)
		}
	}
	for l, words := range map[string]string{"en": "This file was uploaded before: report No 1", "ru": "Этот файл уже загружен: отчёт № 1"} {
		maker.lang = l
		holds(t, plain(want(t, maker.handIn("another name.csv", "", good["csv"]), 422)), words)
	}
	maker.lang = "en"
	want(t, maker.handIn("x.csv", "01.11.2026", nil), 303) // a day without payouts
	holds(t, plain(want(t, maker.get("/reports"), 200)), "1 Nov 2026")
	if n := b.count("SELECT COUNT(*) FROM report_row r WHERE NOT EXISTS (SELECT 1 FROM report x WHERE x.id = r.report_id)"); n != 0 {
		t.Errorf("%d rows of no report", n)
	}
}

// TestReportDay: the page of a day names each way in which our record and the bank's report differ, each with its next step, in both languages, and its lines add up
// to the kopeck. Issue 5, point 10.
func TestReportDay(t *testing.T) {
	b := newBench(t)
	ids, day := b.paidDay(0, 0, 0, 0, 0, 51, 67)
	s := make([]payout.Snapshot, len(ids))
	for i, id := range ids {
		s[i] = b.Get(id)
	}
	maker := b.as("m1")
	path := "/reports/" + string(day)
	page := want(t, maker.get(path), 200)
	if !strings.Contains(page, `data-testid="waits"`) || strings.Contains(page, `data-class="missing_bank"`) || strings.Contains(page, "day-close") {
		t.Error("without a report the day does not say that it waits for one")
	}
	line := func(op string, i int, add int64) string {
		return rowOf(op, day, "Advice", s[i], s[i].Content.Amount.Minor+add)
	}
	foreign := payout.Snapshot{Session: "ps_foreign", Reference: "not ours"}
	data := rowsHead + line("po_0", 0, 0) + line("po_1", 1, 101) + line("po_2", 2, 0) + line("po_2b", 2, 0) + line("po_5", 5, 0) + line("po_6", 6, 0) +
		rowOf("po_r", day, "Refund", s[6], s[6].Content.Amount.Minor) + rowOf("po_x", day, "Advice", foreign, 777)
	want(t, maker.handIn("a.csv", lang.DayFull(lang.RU, day.Start()), []byte(data)), 303)
	b.Clock.Add(24 * time.Hour)
	maker = b.as("m1") // a sign-in does not last that long
	want(t, maker.handIn("b.csv", lang.DayFull(lang.RU, day.Add(1).Start()), []byte(rowsHead+rowOf("po_3", day.Add(1), "Advice", s[3], s[3].Content.Amount.Minor))), 303)

	for _, l := range []struct {
		tag  lang.Tag
		said map[app.Class]string
	}{
		{lang.EN, map[app.Class]string{app.Double: "the money may have left twice", app.OtherSum: "Once the difference is explained, match by hand", app.MissingUs: "propose an outcome decision",
			app.MissingBank: "If there is another document, match by hand", app.Late: "same amounts, another day"}},
		{lang.RU, map[app.Class]string{app.Double: "возможно, деньги ушли дважды", app.OtherSum: "Если разница объяснена, сопоставьте вручную", app.MissingUs: "предложите решение о результате",
			app.MissingBank: "Если есть другой документ, сопоставьте вручную", app.Late: "суммы те же, день другой"}},
	} {
		maker.lang = string(l.tag)
		page := want(t, maker.get(path), 200)
		for class, step := range l.said {
			_, row, ok := strings.Cut(page, `<li data-class="`+string(class)+`"`)
			row, _, _ = strings.Cut(row, "</li>")
			if !ok || class != app.MissingUs && !strings.Contains(plain("<p>"+row), step) {
				t.Errorf("%s: %s is not there with its next step: %q", l.tag, class, plain("<p>"+row))
			}
			if !strings.Contains(plain(page), step) {
				t.Errorf("%s: nothing says %q", l.tag, step)
			}
		}
		for _, kind := range []string{"matched", "came_back", "total", "counted"} {
			if !strings.Contains(page, `data-class="`+kind+`"`) {
				t.Errorf("%s: no line %s", l.tag, kind)
			}
		}
		if strings.Contains(page, `action="`+path+`/close"`) {
			t.Error("a day with open lines can be closed")
		}
	}
	f, err := b.App.Day(t.Context(), day, nil)
	must(t, err)
	var ours, bank int64
	for i, x := range s {
		if i != 5 {
			ours += x.Content.Amount.Minor
		}
	}
	for _, i := range []int{0, 1, 2, 2, 5, 6} {
		bank += s[i].Content.Amount.Minor
	}
	bank += 101 + 777
	if got := f.Sum(app.KindPaid); !f.Agrees || got.Ours != ours || got.Bank != bank {
		t.Fatalf("%+v, want %d and %d", got, ours, bank)
	}
	for tag, x := range map[string]lang.Tag{"en": lang.EN, "ru": lang.RU} {
		maker.lang = tag
		page := want(t, maker.get(path), 200)
		for _, minor := range []int64{ours, bank} {
			a := sum(x, minor, false)
			if n := strings.Count(page, a.Whole+"<small>"+a.Frac+"</small>"); n < 2 { // in the total, and counted again
				t.Errorf("%s: the total %s%s stands there %d times", tag, a.Whole, a.Frac, n)
			}
		}
	}
	maker.lang = "en"
	aged := plain(want(t, maker.get("/reports/ageing"), 200))
	holds(t, aged, "Missing at the bank", "Twice in the report", "Another amount", "Missing with us", "2 days")
	b.Clock.Add(30 * 24 * time.Hour)
	holds(t, plain(want(t, b.as("u1").get("/reports/ageing"), 200)), "32 days")
	csv := want(t, b.as("u1").get(path+"?format=csv"), 200)
	for _, class := range []string{"Twice in the report", "Another amount", "Missing with us", "Missing at the bank", "In another day’s report", "Agrees", "Returns agree"} {
		if !strings.Contains(csv, class) {
			t.Errorf("the file has no line %q", class)
		}
	}
}

// TestReportList: the list of days says that the sums agree when what was paid and what came back agree, each by itself, and no line is open; never by the net of both,
// nor because two errors come to the same sum. Issue 5, point 10.
func TestReportList(t *testing.T) {
	for _, c := range []struct {
		what   string
		rows   func(day calendar.Day, a, b payout.Snapshot) string
		en, ru string
		tone   string
	}{
		{"all agrees", func(day calendar.Day, a, b payout.Snapshot) string {
			return rowOf("po_1", day, "Advice", a, a.Content.Amount.Minor) + rowOf("po_2", day, "Advice", b, b.Content.Amount.Minor)
		}, "sums agree, not closed", "суммы сходятся, не закрыт", "paid"},
		{"more paid, and as much back", func(day calendar.Day, a, b payout.Snapshot) string {
			return rowOf("po_1", day, "Advice", a, a.Content.Amount.Minor) + rowOf("po_2", day, "Advice", b, b.Content.Amount.Minor+500) + rowOf("po_3", day, "Refund", b, 500)
		}, "sums differ", "суммы расходятся", "stop"},
		{"another payout for as much", func(day calendar.Day, a, b payout.Snapshot) string {
			return rowOf("po_1", day, "Advice", a, a.Content.Amount.Minor) + rowOf("po_2", day, "Advice", payout.Snapshot{Session: "ps_foreign", Reference: "not ours"}, b.Content.Amount.Minor)
		}, "2 open lines", "2 открытые строки", "stop"},
	} {
		t.Run(c.what, func(t *testing.T) {
			b := newBench(t)
			ids, day := b.paidDay(0, 0)
			maker := b.as("m1")
			want(t, maker.handIn("a.csv", lang.DayFull(lang.RU, day.Start()), []byte(rowsHead+c.rows(day, b.Get(ids[0]), b.Get(ids[1])))), 303)
			for l, words := range map[string]string{"en": c.en, "ru": c.ru} {
				maker.lang = l
				page := want(t, maker.get("/reports"), 200)
				if !strings.Contains(page, `<span class="k-`+c.tone+`">`+words+"</span>") {
					t.Errorf("%s: %q in the tone %s is not said: %s", l, words, c.tone, plain(page))
				}
			}
		})
	}
}

// TestReportMatchClose: a match by hand needs a reason and another person's yes, and moves no payout; then an approver closes the day, a maker may not; a later
// report shows the closed day as changed, and it can be closed again. Issue 5, point 10.
func TestReportMatchClose(t *testing.T) {
	b := newBench(t)
	ids, day := b.paidDay(0, 0)
	maker, other, approver, auditor := b.as("m1"), b.as("m2"), b.as("a1"), b.as("u1")
	path := "/reports/" + string(day)
	data, err := b.Bank.Report(string(day), "csv")
	must(t, err)
	odd := "po_odd;" + string(day) + ";Advice;ps_odd;\"\"\"elsewhere\"\"\";7,77;RUB\n"
	want(t, maker.handIn(b.Bank.ReportName(string(day))+".csv", "", data), 303)
	want(t, maker.handIn("odd.csv", lang.DayFull(lang.RU, day.Start()), []byte(rowsHead+odd)), 303)
	page := want(t, maker.get(path), 200)
	form := "/reports/match?report=2&amp;n=1"
	if !strings.Contains(page, form) {
		t.Fatalf("the odd row offers no match:\n%s", plain(page))
	}
	if strings.Contains(want(t, approver.get(path), 200), form) {
		t.Error("an approver is offered to propose")
	}
	holds(t, plain(want(t, maker.get("/reports/match?report=2&n=1"), 200)), "Another person must agree", "po_odd", "7.77")
	match := func(number, reason string) url.Values {
		return url.Values{"report": {"2"}, "n": {"1"}, "number": {number}, "reason": {reason}}
	}
	states := func() string {
		return fmt.Sprint(b.Get(ids[0]).State, b.Get(ids[0]).Rev, b.Get(ids[1]).State, b.Get(ids[1]).Rev)
	}
	was := states()
	for field, v := range map[string]url.Values{"reason": match("", " "), "number": match("9999", "their letter")} {
		if page := want(t, maker.post("/reports/match", v), 422); !strings.Contains(page, `data-error="`+field+`"`) {
			t.Errorf("%s: not refused at its field", field)
		}
	}
	for who, x := range map[string]*browser1{"approver": approver, "auditor": auditor, "admin": b.as("d1")} {
		if r := x.post("/reports/match", match("", "their letter")); r.Code != 403 {
			t.Errorf("%s proposes: %d", who, r.Code)
		}
	}
	r := maker.post("/reports/match", match("", "another desk of ours, letter No 5"))
	want(t, r, 303)
	change := r.Header().Get("Location")
	holds(t, plain(want(t, maker.get("/reports/match?report=2&n=1"), 200)), "Proposed already")
	id := app.MatchID(2, 1, "", "")
	p := b.openChange(approval.Match, id)
	for who, x := range map[string]*browser1{"its maker": maker, "another maker": other, "the auditor": auditor} {
		if r := x.post(change+"/approve", digestOf(p)); r.Code != 403 {
			t.Errorf("%s decides: %d", who, r.Code)
		}
	}
	if strings.Contains(want(t, approver.get(path), 200), path+"/close") {
		t.Error("the day can be closed before anybody agreed")
	}
	holds(t, plain(want(t, approver.get(change), 200)), "The payout’s state does not change", "letter No 5")
	want(t, approver.post(change+"/approve", digestOf(p)), 303)
	if states() != was {
		t.Errorf("a match moved a payout: %s, was %s", states(), was)
	}
	page = want(t, approver.get(path), 200)
	if !strings.Contains(page, `data-class="by_hand"`) {
		t.Error("the row does not count as matched by hand")
	}
	holds(t, plain(want(t, maker.get(path), 200)), "An approver closes it")

	seen := url.Values{"seen": {field(t, page, "seen")}}
	for who, x := range map[string]*browser1{"maker": maker, "auditor": auditor, "admin": b.as("d1")} {
		if r := x.post(path+"/close", seen); r.Code != 403 {
			t.Errorf("%s closes the day: %d", who, r.Code)
		}
	}
	if page := want(t, approver.post(path+"/close", url.Values{"seen": {"other figures"}}), 409); !strings.Contains(plain(page), "The day changed while the page was open") {
		t.Error("figures that nobody saw can be closed")
	}
	want(t, approver.post(path+"/close", seen), 303)
	if page := want(t, approver.get(path), 200); !strings.Contains(plain(page), "Closed:") || strings.Contains(page, path+"/close") {
		t.Error("a closed day does not say so, or can be closed again")
	}
	holds(t, plain(want(t, maker.get("/reports"), 200)), "closed:")

	b.Clock.Add(time.Minute)
	s := b.Get(ids[0])
	want(t, maker.handIn("late.csv", lang.DayFull(lang.RU, day.Start()), []byte(rowsHead+rowOf("po_again", day, "Advice", s, s.Content.Amount.Minor))), 303)
	holds(t, plain(want(t, maker.get("/reports"), 200)), "changed since it was closed")
	page = want(t, approver.get(path), 200)
	holds(t, plain(page), "The day has changed since it was closed", "Twice in the report")
	if states() != was {
		t.Errorf("a report moved a payout: %s, was %s", states(), was)
	}
}
