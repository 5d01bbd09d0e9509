package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankreport"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

func init() {
	bigBodies["POST /reports/bank"] = int64(app.MaxReport) + maxForm
	readers[approval.Match] = app.ReadReports
	describers[approval.Match] = matchChange
}

const (
	// daysPage is how many days the list shows, linesMost how many lines of a day: all of them are in its file.
	daysPage, linesMost = 50, 100
	// filesMost is how many reports the list shows, badMost how many errors of one.
	filesMost, badMost = 100, 100
	// missingMost is how many days without a report are named, of so many newest days.
	missingMost, missingLook = 5, 31
)

func (r *req) reportTabs(at string) []templates.Tab {
	t := r.t.Reports()
	var out []templates.Tab
	if r.may(app.ReadReports) {
		out = append(out, templates.Tab{Href: "/reports", Label: t.TabDays, Current: at == "days"}, templates.Tab{Href: "/reports/ageing", Label: t.TabAge, Current: at == "age"})
	}
	return append(out, templates.Tab{Href: "/reports/bank", Label: t.TabFiles, Current: at == "files"})
}

func dayHref(d calendar.Day) templ.SafeURL { return templ.SafeURL("/reports/" + string(d)) }

// signed is an amount that may be below zero; one of nothing is a dash.
func signed(tag lang.Tag, minor int64, none bool, tone string) templates.Signed {
	if none {
		return templates.Signed{None: true}
	}
	abs := max(minor, -minor)
	s := templates.Signed{Sum: sum(tag, abs, minor == 0)}
	if minor < 0 {
		s.Sum.Whole = "−" + s.Sum.Whole
	}
	if minor != 0 {
		s.Tone = tone
	}
	return s
}

func (w *Web) reports(r *req) error { // GET /reports
	t := r.t.Reports()
	p, err := r.page(t.Title, templates.SectionReports)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	days, err := w.App.Days(r.ctx(), calendar.Day(r.QueryParam("before")), daysPage)
	if err != nil {
		return err
	}
	v := &templates.ReportsView{Tabs: r.reportTabs("days")}
	if r.may(app.UploadReport) {
		v.Upload = &templates.Link{Href: "/reports/bank", Label: t.Upload}
	}
	today := calendar.DayOf(r.now)
	for _, x := range days {
		var ours, bank int64
		for kind, f := range x.Total {
			sign := int64(1)
			if kind == app.KindBack {
				sign = -1
			}
			ours, bank = ours+sign*f.Ours, bank+sign*f.Bank
		}
		row := templates.ReportDay{Day: templates.Link{Href: dayHref(x.Day), Label: lang.DayFull(r.tag, x.Day.Start())}, Ours: signed(r.tag, ours, false, ""), Files: "–"}
		tone := "stop"
		if x.Closed != nil && !x.Changed { // somebody looked at it
			tone = ""
		}
		row.Bank, row.Diff = signed(r.tag, bank, x.Files == 0 && bank == 0, ""), signed(r.tag, bank-ours, x.Files == 0 && bank == 0 || bank == ours, tone)
		if x.Files > 0 {
			row.Files = lang.Int(r.tag, x.Files)
		}
		switch {
		case x.Closed != nil:
			row.State = lang.Fill(t.Closed, d.short(r.t, x.Closed.By.Person))
		case x.Day >= today:
			row.State = t.Running
		case !x.Whole:
			row.State, row.Tone = t.Waits, "doubt"
		case x.Even && x.Open > 0:
			row.State, row.Tone = r.t.N(t.OpenLines, x.Open), "stop"
		case x.Even:
			row.State, row.Tone = t.Agrees, "paid"
		default:
			row.State, row.Tone = t.Differs, "stop"
		}
		if x.Changed {
			row.Note = t.Changed
		}
		v.Rows = append(v.Rows, row)
	}
	if len(days) == daysPage {
		v.Next = templ.SafeURL("/reports?before=" + string(days[len(days)-1].Day))
	}
	return r.show(http.StatusOK, templates.Reports(p, v))
}

func (w *Web) reportFiles(r *req) error { // GET /reports/bank
	var taken *app.ReportFile
	if id, err := strconv.ParseInt(r.QueryParam("taken"), 10, 64); err == nil {
		if f, ok, err := w.App.Store.ReportFile(r.ctx(), id, ""); err != nil {
			return err
		} else if ok {
			taken = &f
		}
	}
	return w.showFiles(r, http.StatusOK, "", taken, nil)
}

// missing lists the newest days that are over and have no report; in the demo it leads to the pretend bank's reports of them.
func (w *Web) missing(r *req, v *templates.ReportFilesView) error {
	t := r.t.Reports()
	days, err := w.App.Days(r.ctx(), calendar.DayOf(r.now), missingLook)
	if err != nil {
		return err
	}
	v.MissingLead = t.Missing
	if w.Demo != nil {
		v.MissingLead = t.MissingDemo
	}
	for _, x := range days {
		if x.Whole || len(v.Missing) == missingMost {
			continue
		}
		l := templates.Link{Href: dayHref(x.Day), Label: lang.DayFull(r.tag, x.Day.Start())}
		if w.Demo != nil {
			l.Href = templ.SafeURL(strings.TrimSuffix(w.Demo.BankURL, "/") + "/report?date=" + string(x.Day))
		}
		v.Missing = append(v.Missing, l)
	}
	return nil
}

func (w *Web) showFiles(r *req, status int, day string, taken *app.ReportFile, refusal error) error {
	t := r.t.Reports()
	p, err := r.page(t.TabFiles, templates.SectionReports)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	v := &templates.ReportFilesView{Tabs: r.reportTabs("files"), May: r.may(app.UploadReport), File: templates.Field{Help: t.HelpFile}, Day: templates.Field{Value: day, Help: t.HelpDay}}
	if taken != nil {
		v.Done = lang.Fill(t.Taken, lang.Int(r.tag, taken.N))
		if r.may(app.ReadReports) {
			v.DoneDay = &templates.Link{Href: dayHref(taken.From), Label: lang.Fill(t.OneDay, lang.DayFull(r.tag, taken.From.Start()))}
		}
	}
	if v.May && r.may(app.ReadReports) {
		if err := w.missing(r, v); err != nil {
			return err
		}
	}
	if bad, ok := app.ReportRefused(refusal); ok {
		v.Error = &templates.FieldError{Field: "file", Text: r.t.N(t.UploadBad, len(bad.Bad))}
		for i, b := range bad.Bad {
			if i == badMost {
				break
			}
			v.Bad = append(v.Bad, badLine(r, b))
		}
		if bad.More {
			v.BadMore = lang.Fill(t.BadMore, len(bad.Bad))
		}
	} else {
		for _, f := range fault.As(refusal) {
			switch f.Field {
			case "file":
				v.File.Error = say(r.t, f)
			case "day":
				v.Day.Error = say(r.t, f)
			default:
				v.Error = &templates.FieldError{Field: "form", Text: say(r.t, f)}
			}
		}
	}
	files, err := w.App.Store.Reports(r.ctx(), filesMost)
	if err != nil {
		return err
	}
	for _, f := range files {
		days := lang.DayFull(r.tag, f.From.Start())
		if f.To != f.From {
			days += " – " + lang.DayFull(r.tag, f.To.Start())
		}
		row := templates.ReportFileRow{Name: f.Name, Days: days, Rows: lang.Int(r.tag, f.N), Paid: sum(r.tag, f.PaidMinor, f.PaidMinor == 0), At: lang.Moment(r.tag, f.At, r.now)}
		if row.By = d.short(r.t, f.By.Person); f.Source == app.FromFolder {
			row.By = t.FileFolder
		}
		if r.may(app.ReadReports) {
			row.Href = dayHref(f.From)
		}
		v.Rows = append(v.Rows, row)
	}
	if w.Folder != nil {
		for _, x := range w.Folder() {
			text := r.t.Reason("other")
			if bad, ok := app.ReportRefused(x.Err); ok {
				text = badLine(r, bad.Bad[0])
			} else if fs := fault.As(x.Err); len(fs) > 0 {
				text = say(r.t, fs[0])
			}
			v.Folder = append(v.Folder, templates.Fact{Label: x.Name, Value: lang.Fill(t.FolderBad, text)})
		}
	}
	return r.show(status, templates.ReportFiles(p, v))
}

func badLine(r *req, b bankreport.Bad) string {
	t := r.t.Reports()
	what := lang.Label(t.Codes, b.Code)
	if b.Row == 0 {
		return lang.Fill(t.BadFile, b.Part, what)
	}
	where := b.Part
	if b.Column != "" {
		where += ", " + b.Column
	}
	return lang.Fill(t.BadRow, b.Row, where, what)
}

func (w *Web) takeReport(r *req) error { // POST /reports/bank
	name, day, data, err := uploadedReport(r.Request(), int64(app.MaxReport))
	if err != nil {
		return err
	}
	if day != "" {
		at, perr := lang.ParseDay(day)
		if perr != nil {
			return w.showFiles(r, http.StatusUnprocessableEntity, day, nil, fault.Bad("day", "report.day"))
		}
		f, err := w.App.TakeReport(r.ctx(), r.me.who(), name, string(calendar.DayOf(at)), data)
		return w.reportTaken(r, f, day, err)
	}
	f, err := w.App.TakeReport(r.ctx(), r.me.who(), name, "", data)
	return w.reportTaken(r, f, day, err)
}

func (w *Web) reportTaken(r *req, f app.ReportFile, day string, err error) error {
	if _, bad := app.ReportRefused(err); bad {
		return w.showFiles(r, http.StatusUnprocessableEntity, day, nil, err)
	}
	if fs := fault.As(err); len(fs) > 0 && fs[0].Kind == fault.Invalid {
		return w.showFiles(r, http.StatusUnprocessableEntity, day, nil, err)
	}
	if err != nil {
		return err
	}
	return r.see("/reports/bank?taken=" + strconv.FormatInt(f.ID, 10))
}

// uploadedReport reads the file, its name and the day out of the form.
func uploadedReport(q *http.Request, limit int64) (name, day string, data []byte, err error) {
	parts, err := q.MultipartReader()
	if err != nil {
		return "", "", nil, nil // a form of another kind holds no file
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return name, day, data, nil
		}
		if err != nil {
			return "", "", nil, bodyError(err)
		}
		switch part.FormName() {
		case "file":
			name = part.FileName()
			if data, err = io.ReadAll(io.LimitReader(part, limit+1)); err != nil {
				return "", "", nil, bodyError(err)
			}
		case "day":
			b, err := io.ReadAll(io.LimitReader(part, 64))
			if err != nil {
				return "", "", nil, bodyError(err)
			}
			day = strings.TrimSpace(string(b))
		}
	}
	return name, day, data, nil
}

// classTone colours a class: what is wrong is loud, what agrees is quiet.
func classTone(c app.Class) string {
	switch {
	case c == app.Waiting:
		return "doubt"
	case c.Open():
		return "stop"
	}
	return ""
}

// reportClass is a line of figures; a side on which nothing is shows a dash, as a difference of nothing does.
func (r *req) reportClass(code, name, tone string, f app.Figure) templates.ReportClass {
	return templates.ReportClass{Code: code, Name: name, N: lang.Int(r.tag, f.N), Tone: tone, Ours: signed(r.tag, f.Ours, f.Ours == 0, ""), Bank: signed(r.tag, f.Bank, f.Bank == 0, ""),
		Diff: signed(r.tag, f.Bank-f.Ours, f.Bank == f.Ours, tone)}
}

func (w *Web) reportDay(r *req) error { // GET /reports/:day
	day, err := calendar.ParseDay(r.Param("day"))
	if err != nil {
		return fault.Missing("notfound")
	}
	if r.QueryParam("format") == "csv" {
		return w.dayCSV(r, day)
	}
	return w.showDay(r, http.StatusOK, day, nil)
}

func (w *Web) showDay(r *req, status int, day calendar.Day, refusal *fault.Error) error {
	t := r.t.Reports()
	p, err := r.page(lang.Fill(t.OneDay, lang.DayFull(r.tag, day.Start())), templates.SectionReports)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	v := &templates.ReportDayView{CSV: dayHref(day) + "?format=csv", Adds: t.Adds}
	if refusal != nil {
		v.Error = &templates.FieldError{Field: "form", Text: say(r.t, refusal)}
	}
	more := 0
	f, err := w.App.Day(r.ctx(), day, func(l app.DayLine) error {
		if l.Class == app.Waiting || !l.Class.Open() && l.Class != app.Late {
			return nil // those that wait for the day's report are said in one sentence
		}
		if len(v.Lines) == linesMost {
			more++
			return nil
		}
		row, err := r.reportLine(l)
		v.Lines = append(v.Lines, row)
		return err
	})
	if err != nil {
		return err
	}
	if n := f.Paid[app.Waiting].N + f.Back[app.Waiting].N; n > 0 && day < calendar.DayOf(r.now) {
		v.Waits = r.t.N(t.Waiting, n)
		if r.may(app.UploadReport) {
			v.Upload = &templates.Link{Href: "/reports/bank", Label: t.Upload}
		} else {
			v.Waits += " " + t.WaitsWho
		}
	} else if n > 0 {
		v.Waits = r.t.N(t.Waiting, n)
	}
	if more > 0 {
		v.LinesNote = lang.Fill(t.LinesMore, linesMost)
	}
	for _, kind := range []string{app.KindPaid, app.KindBack} {
		total := f.Sum(kind)
		if kind == app.KindBack && total.N == 0 {
			continue
		}
		table := templates.ReportTable{ID: kind, Title: t.Paid}
		if kind == app.KindBack {
			table.Title = t.Back
		}
		for _, c := range app.Classes() {
			if x, ok := f.Of(kind)[c]; ok {
				table.Rows = append(table.Rows, r.reportClass(string(c), lang.Label(t.Classes, string(c)), classTone(c), x))
			}
		}
		counted := f.Total[kind]
		table.Total, table.Count = r.reportClass("total", t.Total, "", total), r.reportClass("counted", t.Counted, "", counted)
		table.Count.N = ""
		v.Tables = append(v.Tables, table)
	}
	if !f.Agrees {
		v.Adds, v.AddsBad = t.AddsNot, true
	}
	files, err := w.App.Store.ReportsOfDay(r.ctx(), day)
	if err != nil {
		return err
	}
	for _, x := range files {
		v.Files = append(v.Files, templates.Fact{Label: lang.Fill(r.t.Common.Number, strconv.FormatInt(x.ID, 10)), Value: x.Name, Note: lang.Moment(r.tag, x.At, r.now)})
	}
	c, closed, err := w.App.Store.LastCloseOf(r.ctx(), day)
	if err != nil {
		return err
	}
	same := false
	if closed {
		v.Closed = lang.Fill(t.CloseBy, d.name(r.t, c.By.Person), lang.Moment(r.tag, c.At, r.now))
		was, ok := c.Figures()
		if same = ok && was.Mark() == f.Mark(); !same {
			v.Changed = t.ChangedNote
		}
	}
	whole, _ := app.ToldOf(day, files)
	switch {
	case same || f.Files == 0 || day >= calendar.DayOf(r.now):
	case !whole:
		v.CloseNote = say(r.t, fault.Bad("form", "day.partreport"))
	case f.Open() > 0 || !f.Agrees:
		v.CloseNote = lang.Fill(t.CloseOpen, f.Open())
	case !r.may(app.CloseDays):
		v.CloseNote = t.CloseWho
	default:
		v.CloseNote = t.CloseLead
		if d.isLost && slices.Contains(d.lost.Missing, day) {
			v.CloseNote = r.t.Copies().LostDay + " " + t.CloseLead
		}
		v.Close = &templates.Act{Action: dayHref(day) + "/close", Label: t.Close, Main: true, TestID: "close-day", Hidden: []templates.Hidden{{Name: "seen", Value: f.Mark()}}}
	}
	return r.show(status, templates.ReportOneDay(p, v))
}

// reportLine is one line that needs somebody, with its next step.
func (r *req) reportLine(l app.DayLine) (templates.ReportLineRow, error) {
	t := r.t.Reports()
	row := templates.ReportLineRow{Code: string(l.Class), Class: lang.Label(t.Classes, string(l.Class)), Tone: classTone(l.Class), Session: l.Session, Step: lang.Label(t.Steps, string(l.Class))}
	row.Ours, row.Bank = signed(r.tag, l.OurMinor, l.OurMinor == 0, ""), signed(r.tag, l.BankMinor, l.BankMinor == 0, "")
	if l.Class == app.Late && l.OtherDay != "" {
		row.Note = lang.Fill(t.InDay, lang.DayFull(r.tag, l.OtherDay.Start())) + "."
	}
	if l.Kind == app.KindBack {
		row.Class += " · " + lowerFirst(t.Back)
	}
	match := func() {
		if !r.may(app.Enter) {
			return
		}
		href := "/reports/match?report=" + strconv.FormatInt(l.Report, 10) + "&n=" + strconv.Itoa(l.N)
		if l.Report == 0 {
			href = "/reports/match?payout=" + string(l.Payout) + "&kind=" + l.Kind
		}
		row.Links = append(row.Links, templates.Link{Href: templ.SafeURL(href), Label: t.ToMatch})
	}
	if l.Class == app.Waiting { // all of a day together
		if r.may(app.UploadReport) {
			row.Links = append(row.Links, templates.Link{Href: "/reports/bank", Label: t.Upload})
		}
		return row, nil
	}
	if l.Payout == "" {
		row.Text, row.Step = t.NotOurs, lang.Label(t.Steps, "nobody")
		match()
		return row, nil
	}
	href := templates.PayoutHref(string(l.Payout))
	row.Payout = &templates.Link{Href: href, Label: numbered(r.t, l.Number)}
	switch l.Class {
	case app.MissingUs: // what the bank says of it is asked by its session; what it does not answer is ruled on
		row.Links = append(row.Links, templates.Link{Href: href, Label: t.ToPayout})
		if l.State == payout.Unknown || l.Review {
			row.Links = append(row.Links, templates.Link{Href: "/unknown", Label: t.ToUnknown})
		}
	case app.MissingBank, app.OtherSum, app.Double:
		match()
	}
	return row, r.ruleByReport(l, &row)
}

// ruleByReport offers a decision that rests on the report's line, where nobody knows how the payout ended and the bank does not tell about the line's session.
func (r *req) ruleByReport(l app.DayLine, row *templates.ReportLineRow) error {
	if l.Report == 0 || l.State != payout.Unknown && !l.Review {
		return nil
	}
	untold, err := r.web.App.Untold(r.ctx(), l.Payout, l.Session)
	if err != nil || !untold {
		return err
	}
	ps, err := r.web.App.Store.Proposals(r.ctx(), approval.Verdict, string(l.Payout), 1)
	if err != nil {
		return err
	}
	if len(ps) == 1 && ps[0].State == "" {
		row.Links = append(row.Links, templates.Link{Href: templ.SafeURL(changeHref(approval.Verdict, string(l.Payout), ps[0].Version)), Label: r.t.Verdict().OpenLink})
		return nil
	}
	row.Step = lang.Label(r.t.Reports().Steps, "untold")
	if app.MayPropose(r.me.Person, approval.Verdict) {
		href := outcomeHref(l.Payout) + templ.SafeURL("?report="+strconv.FormatInt(l.Report, 10)+"&n="+strconv.Itoa(l.N))
		row.Links = append([]templates.Link{{Href: href, Label: r.t.Reports().ToDecide}}, row.Links...)
	}
	return nil
}

func (w *Web) closeDay(r *req) error { // POST /reports/:day/close
	day, err := calendar.ParseDay(r.Param("day"))
	if err != nil {
		return fault.Missing("notfound")
	}
	r.here = string(dayHref(day))
	err = w.App.CloseDay(r.ctx(), r.me.who(), day, r.Request().PostForm.Get("seen"))
	if fs := fault.As(err); len(fs) > 0 {
		switch fs[0].Kind {
		case fault.Invalid:
			return w.showDay(r, http.StatusUnprocessableEntity, day, fs[0])
		case fault.Conflict:
			return w.showDay(r, http.StatusConflict, day, fs[0])
		}
	}
	if err != nil {
		return err
	}
	return r.see(string(dayHref(day)))
}

// dayCSV is every line of a day: UTF-8 with BOM, semicolons, decimal comma, as the list of payouts.
func (w *Web) dayCSV(r *req, day calendar.Day) error {
	if !r.may(app.Export) {
		return app.DenyRole(app.Export, "")
	}
	if err := w.App.Look(r.ctx(), r.me.who(), app.Export, "export", "reports", "csv"); err != nil {
		return err
	}
	t, out := r.t.Reports(), r.Response()
	out.Header().Set("Content-Type", "text/csv; charset=utf-8")
	out.Header().Set("Content-Disposition", `attachment; filename="reconciliation-`+string(day)+`.csv"`)
	b := bufio.NewWriterSize(out, 32<<10)
	if _, err := b.WriteString("\ufeff" + csvLine([]string{t.Class, t.Paid + " / " + t.Back, t.Payout, r.t.List.Status, t.OurSum, t.BankSum, t.Diff, t.Session, t.Step})); err != nil {
		return nil // the reader hung up
	}
	line := make([]byte, 0, 512)
	_, err := w.App.Day(r.ctx(), day, func(l app.DayLine) error {
		x := csvCell(line[:0], lang.Label(t.Classes, string(l.Class)))
		kind, state, number := t.Paid, "", ""
		if l.Kind == app.KindBack {
			kind = t.Back
		}
		if l.Payout != "" {
			state, number = lang.Label(r.t.States, string(l.State)), num(l.Number)
		}
		for _, s := range [...]string{kind, number, state} {
			x = csvCell(append(x, ';'), s)
		}
		for _, n := range [...]int64{l.OurMinor, l.BankMinor, l.BankMinor - l.OurMinor} {
			x = csvAmount(append(x, ';'), n)
		}
		x = csvCell(append(x, ';'), l.Session)
		x = csvCell(append(x, ';'), lang.Label(t.Steps, string(l.Class)))
		line = append(x, "\r\n"...)
		_, err := b.Write(line)
		return err
	})
	if err != nil {
		if r.ctx().Err() == nil {
			w.Log.Error("export cut short", "error", err)
		}
		panic(http.ErrAbortHandler) // so that nobody takes half a file for a whole one
	}
	_ = b.Flush() // the reader may have hung up
	return nil
}

func (w *Web) ageing(r *req) error { // GET /reports/ageing
	t := r.t.Reports()
	p, err := r.page(t.Age, templates.SectionReports)
	if err != nil {
		return err
	}
	a, err := w.App.Ageing(r.ctx(), linesMost)
	if err != nil {
		return err
	}
	v := &templates.AgeingView{Tabs: r.reportTabs("age")}
	for _, b := range a.Bands {
		name := lang.Fill(t.AgeDays, b.From, b.To)
		if b.To == 0 {
			name = lang.Fill(t.AgeOlder, b.From-1)
		}
		v.Bands = append(v.Bands, r.reportClass("", name, "", app.Figure{N: b.N, Ours: b.Ours, Bank: b.Bank}))
	}
	for _, l := range a.Lines {
		row, err := r.reportLine(l.DayLine)
		if err != nil {
			return err
		}
		if l.Class == app.Waiting {
			row.Text = r.t.N(r.t.Common.Payouts, l.N)
		}
		row.Day, row.Age = &templates.Link{Href: dayHref(l.Day), Label: lang.DayFull(r.tag, l.Day.Start())}, r.t.N(t.AgeOld, l.Age)
		v.Lines = append(v.Lines, row)
	}
	if a.More {
		v.More = lang.Fill(t.LinesMore, linesMost)
	}
	return r.show(http.StatusOK, templates.Ageing(p, v))
}

func (w *Web) matchForm(r *req) error { // GET /reports/match
	return w.showMatch(r, http.StatusOK, entryOf(r.QueryParam), nil)
}

// entryOf reads what a match is about.
func entryOf(get func(string) string) app.MatchEntry {
	e := app.MatchEntry{Payout: payout.ID(get("payout")), Kind: get("kind"), Reason: get("reason")}
	e.Report, _ = strconv.ParseInt(get("report"), 10, 64) // what is no number is no line
	e.N, _ = strconv.Atoi(get("n"))
	return e
}

func (w *Web) showMatch(r *req, status int, e app.MatchEntry, refusal error) error {
	t := r.t.Reports()
	p, err := r.page(t.Match, templates.SectionReports)
	if err != nil {
		return err
	}
	v := &templates.MatchView{Crumb: templates.Link{Href: "/reports", Label: t.Title}, Number: templates.Field{Help: t.HelpNumber}, Reason: templates.Field{Value: e.Reason}}
	id, version := payout.ID(""), 0
	if e.Report > 0 {
		l, ok, err := w.App.Store.ReportLine(r.ctx(), e.Report, e.N)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Missing("notfound")
		}
		v.Row, v.Crumb = true, templates.Link{Href: dayHref(l.Day), Label: lang.Fill(t.OneDay, lang.DayFull(r.tag, l.Day.Start()))}
		v.Facts = []templates.Fact{{Label: t.MatchSum, Value: rub(r.tag, l.Amount)}, {Label: t.Operation, Value: l.Operation, Mono: true}, {Label: t.Session, Value: l.Session, Mono: true},
			{Label: t.Metadata, Value: first(l.Reference, l.Metadata, t.MarkNot), Mono: true}, {Label: t.Part, Value: l.Part + ":" + strconv.Itoa(l.Line)}}
		v.Hidden = []templates.Hidden{{Name: "report", Value: strconv.FormatInt(e.Report, 10)}, {Name: "n", Value: strconv.Itoa(e.N)}}
		id = l.Match
	} else {
		s, err := w.App.Store.PayoutByID(r.ctx(), e.Payout)
		if err != nil {
			return err
		}
		id = s.ID
		v.Facts = []templates.Fact{{Label: t.MatchSum, Value: rub(r.tag, s.Content.Amount.Minor)}, {Label: t.Session, Value: first(s.Session, t.MarkNot), Mono: true}}
		v.Hidden = []templates.Hidden{{Name: "payout", Value: string(s.ID)}, {Name: "kind", Value: e.Kind}}
	}
	if id != "" {
		s, err := w.App.Store.PayoutByID(r.ctx(), id)
		if err != nil {
			return err
		}
		v.Facts = append([]templates.Fact{{Label: t.Payout, Value: numbered(r.t, s.Number), Href: templates.PayoutHref(string(id))}}, v.Facts...)
		if v.Row {
			v.Number.Value = num(s.Number)
		}
	}
	subject := app.MatchID(e.Report, e.N, e.Payout, e.Kind)
	open, err := w.App.Store.Proposals(r.ctx(), approval.Match, subject, 1)
	if err != nil {
		return err
	}
	if len(open) == 1 && open[0].State == "" {
		v.Open = &templates.Link{Href: templ.SafeURL(changeHref(approval.Match, subject, version)), Label: t.MatchOpen}
	}
	for _, f := range fault.As(refusal) {
		switch f.Field {
		case "number":
			v.Number.Error = say(r.t, f)
		case "reason":
			v.Reason.Error = say(r.t, f)
		default:
			v.Error = &templates.FieldError{Field: "form", Text: say(r.t, f)}
		}
	}
	return r.show(status, templates.Match(p, v))
}

func (w *Web) proposeMatch(r *req) error { // POST /reports/match
	form := r.Request().PostForm
	e := entryOf(form.Get)
	var err error
	if s := strings.TrimSpace(form.Get("number")); s != "" && e.Report > 0 {
		n, perr := strconv.ParseInt(s, 10, 64)
		if e.Number = payout.Number(n); perr != nil || n < 1 {
			err = fault.Bad("number", "match.number", s)
		}
	}
	r.here = "/reports/match?report=" + strconv.FormatInt(e.Report, 10) + "&n=" + strconv.Itoa(e.N)
	id := ""
	if err == nil {
		id, err = w.App.ProposeMatch(r.ctx(), r.me.who(), e)
	}
	if fs := fault.As(err); len(fs) > 0 && fs[0].Kind == fault.Invalid {
		return w.showMatch(r, http.StatusUnprocessableEntity, e, err)
	}
	if err != nil {
		return err
	}
	return r.see(changeHref(approval.Match, id, 0))
}

// matchChange says in words what a match would do.
func matchChange(r *req, p app.Proposal, base *app.Proposal, _ bool) (change, error) {
	t := r.t.Reports()
	d, err := app.ParseMatch(p.Doc)
	if err != nil {
		return change{}, err
	}
	facts := func(d app.MatchDoc) []templates.Fact {
		whose := t.MatchNothing
		if d.Payout != "" {
			whose = lang.Fill(r.t.Common.Number, strconv.FormatInt(d.Number, 10))
		}
		out := []templates.Fact{{Label: t.Payout, Value: whose}, {Label: t.MatchSum, Value: rub(r.tag, d.Amount)}}
		if d.Report == 0 {
			out[0].Value += ": " + t.MatchExplained
		}
		return out
	}
	c := change{Title: t.MatchExplained, New: facts(d), Notes: []string{t.MatchMoves}}
	if d.Report > 0 {
		c.Title = lang.Fill(t.MatchRow, d.N, strconv.FormatInt(d.Report, 10))
		l, ok, err := r.web.App.Store.ReportLine(r.ctx(), d.Report, d.N)
		if err != nil {
			return c, err
		}
		if ok {
			c.New = append(c.New, templates.Fact{Label: t.Session, Value: l.Session}, templates.Fact{Label: t.Operation, Value: l.Operation})
		}
	}
	if base != nil {
		if was, err := app.ParseMatch(base.Doc); err == nil {
			c.Old = facts(was)
		}
	}
	return c, nil
}

// upTo rounds up to what a sentence says: whole seconds below a minute, whole minutes above.
func upTo(d time.Duration) time.Duration {
	unit := time.Second
	if d > time.Minute {
		unit = time.Minute
	}
	return (d + unit - 1).Truncate(unit)
}

// marks are the five things that can be known about a payout at the bank, each by itself: that it was asked, that the bank took it, what a message said, what
// the bank answered when it was asked again, and what its report says.
func (o *one) marks() ([]templates.Mark, error) {
	r, t := o.r, o.r.t.Reports()
	if !o.s.Asked && len(o.attempts) == 0 {
		return nil, nil
	}
	out := []templates.Mark{{Code: "asked", Label: t.MarkAsked}, {Code: "taken", Label: t.MarkTaken}, {Code: "message", Label: t.MarkMessage}, {Code: "confirmed", Label: t.MarkConfirmed}, {Code: "report", Label: t.MarkReport}}
	set := func(i int, at string) {
		if !out[i].Done {
			out[i].Done, out[i].At = true, at
		}
	}
	for _, e := range o.events {
		f := factsOf(e)
		at := clockDay(r, e.At)
		switch {
		case e.Action == payout.ActClaimed:
			set(0, at)
		case f.Answer == "taken":
			set(1, at)
		case f.Source == "message" && e.Action == payout.ActMoved:
			set(2, at)
		}
		if e.Action == payout.ActConfirmed || f.Source == "request" && f.Confirmed {
			set(3, at)
		}
	}
	if !o.s.Confirmed { // it was, and is not any more
		out[3] = templates.Mark{Code: "confirmed", Label: t.MarkConfirmed}
	}
	lines, err := r.web.App.Store.ReportLinesOf(r.ctx(), o.s.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		day := lang.DayFull(r.tag, l.Day.Start())
		if l.Kind == app.KindBack {
			day += " (" + t.MarkBack + ")"
		}
		if out[4].Done {
			out[4].Note = strings.TrimPrefix(out[4].Note+", "+day, ", ")
			continue
		}
		set(4, "")
		out[4].Link = &templates.Link{Href: dayHref(l.Day), Label: day}
		if !r.may(app.ReadReports) {
			out[4].Link, out[4].At = nil, day
		}
	}
	switch o.s.State {
	case payout.Sending, payout.InProgress:
		u, ok, err := r.web.App.Usual(r.ctx())
		if err != nil {
			return nil, err
		}
		if ok {
			out[1].Note = lang.Fill(t.Usual, lang.Duration(r.tag, upTo(u.P90)))
		}
	}
	return out, nil
}
