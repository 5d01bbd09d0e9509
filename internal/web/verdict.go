package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/web/templates"
)

func init() {
	bigBodies["POST /payouts/:id/outcome"] = app.MaxEvidenceFile + maxForm
	describers[approval.Verdict] = verdictChange
	readers[approval.Verdict] = app.ReadPayouts
}

// outcomeHref is the form that proposes what became of a payout.
func outcomeHref(id payout.ID) templ.SafeURL { return templates.PayoutHref(string(id) + "/outcome") }

// uploadedForm reads a multipart form with one file. Beyond limit the file has one byte more, so that whoever judges it sees that it is too large.
func uploadedForm(q *http.Request, name string, limit int64) (form url.Values, file []byte, err error) {
	form = url.Values{}
	parts, err := q.MultipartReader()
	if err != nil {
		return q.PostForm, nil, nil // a form of another kind holds no file
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return form, file, nil
		}
		if err != nil {
			return form, nil, bodyError(err)
		}
		most := int64(64 << 10)
		if part.FormName() == name {
			most = limit + 1
		}
		b, err := io.ReadAll(io.LimitReader(part, most))
		if err != nil {
			return form, nil, bodyError(err)
		}
		if part.FormName() == name {
			file = b
		} else {
			form.Add(part.FormName(), string(b))
		}
	}
	return form, file, nil
}

func (w *Web) outcomeForm(r *req) error { // GET /payouts/:id/outcome
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	return w.showOutcome(r, id, http.StatusOK, url.Values{"report": {r.QueryParam("report")}, "n": {r.QueryParam("n")}}, nil)
}

func (w *Web) proposeOutcome(r *req) error { // POST /payouts/:id/outcome
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	form, file, err := uploadedForm(r.Request(), "file", app.MaxEvidenceFile)
	if err != nil {
		return err
	}
	seen, _ := strconv.Atoi(form.Get("version"))
	e := app.VerdictEntry{Outcome: form.Get("outcome"), Basis: form.Get("basis"), Reason: form.Get("reason"), File: file, Seen: seen}
	e.Report, e.Row = rowOfReport(form)
	err = w.App.ProposeVerdict(r.ctx(), r.me.who(), id, e)
	if fs := fault.As(err); len(fs) > 0 && fs[0].Kind == fault.Invalid {
		return w.showOutcome(r, id, http.StatusUnprocessableEntity, form, fs)
	}
	if err != nil {
		return err
	}
	return r.see(changeHref(approval.Verdict, string(id), 0))
}

// rowOfReport reads which line of a bank's report a form is about, 0 for none.
func rowOfReport(form url.Values) (report int64, n int) {
	report, _ = strconv.ParseInt(form.Get("report"), 10, 64) // what is no number is no line
	n, _ = strconv.Atoi(form.Get("n"))
	return report, n
}

// quoteFacts quotes a line of a bank's report.
func quoteFacts(r *req, f app.ReportFile, l app.ReportLine) []templates.Fact {
	t, of := r.t.Verdict(), r.t.Reports()
	return []templates.Fact{{Label: t.Report, Value: lang.Fill(t.FromReport, strconv.FormatInt(f.ID, 10), f.Name, f.SHA[:min(8, len(f.SHA))]), Href: dayHref(l.Day)},
		{Label: t.RowPlace, Value: l.Part + ":" + strconv.Itoa(l.Line)},
		{Label: t.RowSays, Value: t.RowKinds[l.Kind] + ", " + rubS(r.tag, l.Amount) + ", " + lang.Moment(r.tag, l.At, r.now)},
		{Label: of.Operation, Value: l.Operation, Mono: true}, {Label: of.Session, Value: l.Session, Mono: true},
		{Label: of.Metadata, Value: first(l.Reference, l.Metadata, of.MarkNot), Mono: true}}
}

// byReport fills the form in as a line of a bank's report says, with the report as its file; what was typed stays.
func (w *Web) byReport(r *req, s payout.Snapshot, v *templates.OutcomeView, was url.Values) error {
	report, n := rowOfReport(was)
	if report < 1 {
		return nil
	}
	q, err := w.App.ReportEvidence(r.ctx(), s.ID, report, n)
	if err != nil {
		return err
	}
	t, l := r.t.Verdict(), q.Line
	v.Facts = append(v.Facts, quoteFacts(r, q.File, l)...)
	v.Hidden = []templates.Hidden{{Name: "report", Value: strconv.FormatInt(report, 10)}, {Name: "n", Value: strconv.Itoa(n)}}
	if v.Attached = t.Attached; !q.Whole {
		v.Attached = t.AttachedRow
	}
	if was.Has("reason") { // it comes back to whoever sent it
		return nil
	}
	was.Set("basis", app.BasisStatement)
	was.Set("reason", lang.Fill(t.RowReason, strconv.FormatInt(report, 10), l.Part+":"+strconv.Itoa(l.Line), t.RowKinds[l.Kind], l.Operation, l.Session, rub(r.tag, l.Amount)))
	v.Reason.Value = was.Get("reason")
	if l.Kind == app.KindBack || l.Amount == s.Content.Amount.Minor { // another sum is not what was asked for: people look
		was.Set("outcome", app.RuledPaid)
	}
	return nil
}

func (w *Web) showOutcome(r *req, id payout.ID, status int, was url.Values, faults fault.List) error {
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	if !w.App.CanRule(s) {
		return fault.Moved("verdict.state", s.Number)
	}
	t := r.t.Verdict()
	seen, err := w.App.Store.InForceVersion(r.ctx(), approval.Verdict, string(id))
	if err != nil {
		return err
	}
	bad := func(name string) string {
		if f := faults.Field(name); f != nil {
			return say(r.t, f)
		}
		return ""
	}
	v := &templates.OutcomeView{Number: num(s.Number), Back: templates.PayoutHref(string(id)), Action: outcomeHref(id), Version: strconv.Itoa(seen),
		Facts:  []templates.Fact{{Label: r.t.List.Payee, Value: s.Content.FullName + ", " + lang.Last4(s.Content.Account)}, {Label: t.Sum, Value: rub(r.tag, s.Content.Amount.Minor)}},
		Reason: templates.Field{Value: was.Get("reason"), Help: t.HelpReason, Error: bad("reason")}, File: templates.Field{Help: t.HelpFile, Error: bad("file")}}
	if !s.SentAt.IsZero() {
		v.Facts = append(v.Facts, templates.Fact{Label: t.Asked, Value: lang.Moment(r.tag, s.SentAt, r.now)})
	}
	if s.Reference != "" {
		v.Facts = append(v.Facts, templates.Fact{Label: r.t.Payout.Reference, Value: s.Reference, Mono: true, Copy: true})
	}
	if err := w.byReport(r, s, v, was); err != nil {
		return err
	}
	for _, code := range []string{app.RuledPaid, app.RuledNotPaid} {
		v.Outcomes = append(v.Outcomes, templates.Pick{Value: code, Label: t.Outcomes[code], Selected: was.Get("outcome") == code})
	}
	for _, code := range app.VerdictBases() {
		if v.Attached != "" && code != app.BasisStatement {
			continue
		}
		v.Bases = append(v.Bases, templates.Pick{Value: code, Label: t.Bases[code], Selected: was.Get("basis") == code})
	}
	v.Outcome = templates.Field{Help: t.HelpOutcome, Error: bad("outcome")}
	if day, early := w.App.RuleFrom(s); s.SentAt.IsZero() {
		v.Outcome.Help += " " + t.LetterOnly
	} else if early {
		v.Outcome.Help += " " + lang.Fill(t.FromDay, dayOf(r, day))
	}
	v.Basis = templates.Field{Error: bad("basis")}
	if f := faults.Field("form"); f != nil {
		v.Error = &templates.FieldError{Field: "form", Text: say(r.t, f)}
	}
	p, err := r.page(lang.Fill(t.Title, num(s.Number)), templates.SectionUnknown)
	if err != nil {
		return err
	}
	return r.show(status, templates.Outcome(p, v))
}

// dayOf is a Moscow day in words.
func dayOf(r *req, d calendar.Day) string { return lang.Day(r.tag, d.Start(), r.now) }

func (w *Web) evidenceFile(r *req) error { // GET /payouts/:id/outcome/:n/file
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("n"))
	if err != nil {
		return fault.Missing("verdict.none")
	}
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	f, err := w.App.EvidenceFile(r.ctx(), r.me.who(), id, n)
	if err != nil {
		return err
	}
	if len(f.Body) == 0 {
		return fault.Missing("verdict.none") // erased
	}
	h := r.Response().Header()
	// Never shown within our pages, whatever it holds: saved as a file of our own name, its type ours too.
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.Name(s.Number)))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	media := f.Media
	if media == "text/plain" {
		media += "; charset=utf-8"
	}
	return r.Blob(http.StatusOK, media, f.Body)
}

func (w *Web) beginSignChange(r *req) error { // POST /changes/:kind/:id/sign/begin
	digest := digestSeen(r.Request().PostForm)
	var q app.Question
	var err error
	if approval.Kind(r.Param("kind")) == approval.Verdict {
		q, err = w.App.BeginSignVerdict(r.ctx(), r.me.who(), r.Param("id"), digest)
	} else {
		q, err = w.App.BeginSign(r.ctx(), r.me.who(), digest, false)
	}
	if err != nil {
		return r.told(err)
	}
	return r.JSON(http.StatusOK, q)
}

// verdictChange puts a proposed ruling into words.
func verdictChange(r *req, p app.Proposal, _ *app.Proposal, _ bool) (change, error) {
	v, err := app.ParseVerdict(p.Doc)
	if err != nil {
		return change{}, err
	}
	t := r.t.Verdict()
	says := t.Outcomes[v.Outcome]
	c := change{Title: lang.Fill(r.t.Common.Number, strconv.FormatInt(v.Number, 10)) + ", " + rubS(r.tag, v.AmountMinor) + ": " + lowerFirst(says)}
	add := func(to *[]templates.Fact, label, value string) {
		*to = append(*to, templates.Fact{Label: label, Value: value})
	}
	was := lang.Label(r.t.States, v.Was)
	if v.Was != string(payout.Unknown) { // else it was ruled on because its evidence contradicts itself
		was += ", " + lowerFirst(r.t.List.Review)
	}
	add(&c.Old, t.Outcome, was)
	add(&c.New, t.Outcome, says)
	add(&c.New, t.Basis, t.Bases[v.Basis])
	add(&c.New, t.Evidence, lang.Fill(t.EvidenceSize, t.Media[v.Media], (v.Bytes+1023)/1024, v.File[:min(8, len(v.File))]))
	if v.Report > 0 {
		f, ok, err := r.web.App.Store.ReportFile(r.ctx(), v.Report, "")
		if err != nil {
			return c, err
		}
		l, there, err := r.web.App.Store.ReportLine(r.ctx(), v.Report, v.Row)
		if err != nil {
			return c, err
		}
		if ok && there {
			c.New = append(c.New, quoteFacts(r, f, l)...)
		}
	}
	if p.State == "" {
		warn := t.WarnNot
		if v.Paid() {
			warn = t.WarnPaid
		}
		c.Warnings = append(c.Warnings, warn)
	}
	return c, nil
}

// verdictView adds to the page of a ruling what pages of other proposals do not have: the payout, the file, and what a yes is proved with.
func (o *proposalPage) verdictView(v *templates.ProposalView) error {
	r, t := o.r, o.r.t.Verdict()
	d, err := app.ParseVerdict(o.p.Doc)
	if err != nil {
		return err
	}
	s, err := r.web.App.Store.PayoutByID(r.ctx(), payout.ID(o.p.ID))
	if err != nil {
		return err
	}
	more := []templates.Fact{{Label: t.Payout, Value: numbered(r.t, s.Number), Href: templates.PayoutHref(o.p.ID), Note: s.Content.FullName + ", " + lang.Last4(s.Content.Account)}}
	if !s.SentAt.IsZero() {
		more = append(more, templates.Fact{Label: t.Asked, Value: lang.Moment(r.tag, s.SentAt, r.now)})
	}
	if r.may(app.ReadPayouts) {
		more = append(more, templates.Fact{Label: t.Evidence, Value: t.Download, Href: templates.PayoutHref(o.p.ID + "/outcome/" + strconv.Itoa(o.p.Version) + "/file")})
	}
	v.Facts = append(more, v.Facts...)
	v.Title = lang.Fill(t.Title, num(s.Number))
	v.Crumb = templates.Link{Href: templates.PayoutHref(o.p.ID), Label: numbered(r.t, s.Number)}
	panel := v.Panel
	switch {
	case o.p.State == app.Stopped:
		panel.Text = []string{t.OverStopped}
	case o.p.State == app.Effective:
		panel.Text = []string{t.OverEffective}
	case panel.Kind == "about":
		panel.Text = []string{lang.Fill(t.About, o.could())}
	}
	if panel.Decide == nil || panel.Decide.Label == "" {
		return nil
	}
	panel.Decide.Label += ": " + lowerFirst(t.Outcomes[d.Outcome])
	mine, err := r.web.App.Factors(r.ctx(), r.me.ID)
	if err != nil {
		return err
	}
	sign, code := r.web.App.VerdictAsks(o.d.frame.Set, mine, d.AmountMinor, r.now)
	panel.Decide.Sign, err = r.signView(r.ctx(), o.href("/sign/begin"), o.p.Digest, sign, code)
	if err == nil && panel.Decide.Sign != nil && panel.Decide.Sign.Create {
		panel.Decide.Label = r.t.Factor().CreateAndSign
	}
	return err
}

// openRuling is the ruling on a payout that waits for approvers, nil for none.
func (d *desk) openRuling(id payout.ID) *waiting {
	for i := range d.open {
		if w := &d.open[i]; w.Kind == approval.Verdict && w.ID == string(id) {
			return w
		}
	}
	return nil
}

// rulings are what people ruled and propose to rule on a payout, newest first.
func (o *one) readRulings() error {
	if !slices.ContainsFunc(o.events, func(e app.EventRow) bool { return factsOf(e).Source == "verdict" }) {
		return nil
	}
	ps, err := o.r.web.App.Store.Proposals(o.r.ctx(), approval.Verdict, string(o.s.ID), 20)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ps, func(p app.Proposal) bool { return p.State == app.Effective })
	if i < 0 {
		return nil
	}
	v, err := app.ParseVerdict(ps[i].Doc)
	if err != nil {
		return err
	}
	o.ruling, o.ruled = &ps[i], &v
	return nil
}

// rulingFacts say that people ruled, and what came back and when.
func (o *one) rulingFacts() []templates.Fact {
	r, t := o.r, o.r.t.Verdict()
	var out []templates.Fact
	if o.ruled != nil {
		out = append(out, templates.Fact{Label: t.Line, Value: t.Outcomes[o.ruled.Outcome], Href: templ.SafeURL(changeHref(approval.Verdict, o.ruling.ID, o.ruling.Version)),
			Note: lang.Moment(r.tag, o.ruling.EndedAt, r.now)})
	}
	total := int64(0)
	for _, e := range o.events {
		f := factsOf(e)
		if e.Action != payout.ActMoved && e.Action != payout.ActAnswered && e.Action != payout.ActConfirmed || f.Returned == total {
			continue
		}
		how := r.t.Payout.Confirmed
		if f.Source == "message" {
			how = r.t.Payout.ByWebhook
		}
		out = append(out, templates.Fact{Label: t.Returns, Value: lang.Fill(t.ReturnLine, lang.Moment(r.tag, e.At, r.now), rub(r.tag, f.Returned-total), rub(r.tag, f.Returned), how)})
		total = f.Returned
	}
	return out
}

// ruleActs offer the next step on an outcome that is not known: what is proposed, or the form that proposes it.
func (o *one) ruleActs(p *templates.Panel) {
	r, t := o.r, o.r.t.Verdict()
	if w := o.d.openRuling(o.s.ID); w != nil {
		says := ""
		if v, err := app.ParseVerdict(w.Doc); err == nil {
			says = lowerFirst(t.Outcomes[v.Outcome])
		}
		p.Text = append(p.Text, lang.Fill(t.Open, says, strings.Join(couldNames(w.tally.Could(o.d.signers)), ", ")))
		main := w.tally.May(o.d.signer(r.me.ID)) == approval.Can
		label := t.OpenLink
		if main {
			label = t.Decide
		}
		p.Links, p.LinkMain = append(p.Links, templates.Link{Href: templ.SafeURL(changeHref(approval.Verdict, string(o.s.ID), w.Version)), Label: label}), main
		return
	}
	if app.MayPropose(r.me.Person, approval.Verdict) {
		p.Links = append(p.Links, templates.Link{Href: outcomeHref(o.s.ID), Label: t.Propose})
	}
	if day, early := r.web.App.RuleFrom(o.s); early && !o.s.SentAt.IsZero() && len(p.Lists) > 0 {
		last := &p.Lists[len(p.Lists)-1]
		last.Text += " " + lang.Fill(t.FromDay, dayOf(r, day))
	}
}

// replacesWarning tells those who decide what this payout replaces, and what happens if that was paid after all.
func (o *one) replacesWarning() []templates.Warning {
	if o.replaced == nil {
		return nil
	}
	r, t, s := o.r, o.r.t.Verdict(), o.replaced
	n := num(s.Number)
	how := lowerFirst(lang.Label(r.t.States, string(s.State)))
	switch {
	case s.Review:
		how = lowerFirst(r.t.List.Review)
	case s.State == payout.Failed && s.Why == protocol.RuledNotPaid:
		how += ", " + r.t.Reason(s.Why)
	case s.State == payout.Failed:
		how += ", " + lang.Fill(r.t.Common.Bank, r.t.Reason(s.Why)) + ", " + r.t.Payout.Confirmed
	case s.ReturnedMinor > 0:
		how += ", " + lang.Fill(r.t.List.Returned, rub(r.tag, s.ReturnedMinor), rub(r.tag, s.Content.Amount.Minor))
	}
	w := templates.Warning{Bold: lang.Fill(r.t.Form.Replace, n) + ".", Text: lang.Fill(t.ReplacesNote, n, rub(r.tag, s.Content.Amount.Minor), how, rub(r.tag, app.ReplaceUpTo(*s))),
		Note: lang.Fill(t.ReplacesWarn, n), Links: []templates.Link{{Href: templates.PayoutHref(string(s.ID)), Label: lang.Fill(t.Back2, n)}}}
	switch {
	case !app.CanReplace(*s):
		w.Note = lang.Fill(t.FrozenNote, n)
	case s.ReturnedMinor > 0:
		w.Note = t.ReplacesBack
	}
	return []templates.Warning{w}
}

// heldText says why an approved payout does not leave; a replacement that is held waits for what the bank says of the old one.
func (o *one) heldText() string {
	if o.held == "evidence" && o.replaced != nil {
		n := num(o.replaced.Number)
		if !app.CanReplace(*o.replaced) {
			return lang.Fill(o.r.t.Verdict().FrozenNote, n)
		}
		if waits := o.r.web.App.WaitsFor(o.s.ID); len(waits) > 0 {
			return lang.Fill(o.r.t.Verdict().WaitsNote, n, strings.Join(waits[:min(len(waits), 3)], ", "))
		}
		return lang.Fill(o.r.t.Verdict().AskedNote, n)
	}
	return heldLong(o.r.t, heldAs(o.held, o.s.Why), o.s.Content.DueDate, o.s.HeldUntil, o.r.now)
}

// lateBar says on every page that an outcome has been unknown for too long; nil when none has.
func (r *req) lateBar(d *desk) (*templates.LateBar, error) {
	if len(d.unknown) == 0 || !r.may(app.ReadSums) {
		return nil, nil
	}
	u, err := r.web.App.AgesOf(r.ctx(), d.unknown)
	if err != nil || u.Late == 0 && u.Truths == 0 {
		return nil, err
	}
	if u.Truths > 0 {
		return &templates.LateBar{Text: r.t.N(r.t.Verdict().BarTruth, u.Truths, num(u.TruthNumber))}, nil
	}
	return &templates.LateBar{Text: r.t.N(r.t.Verdict().Bar, u.Late, num(u.Number), lang.Duration(r.tag, u.Oldest))}, nil
}

// maxCases bounds the unknown outcomes that are told in full on one page.
const maxCases = 100

func (w *Web) unknown(r *req) error { // GET /unknown
	d, err := r.desk()
	if err != nil {
		return err
	}
	p, err := r.page(r.t.Unknown.Title, templates.SectionUnknown)
	if err != nil {
		return err
	}
	v := &templates.UnknownView{Empty: templates.Empty{Text: r.t.Unknown.None}}
	rows := d.unknown
	if len(rows) > maxCases {
		rows = rows[:maxCases]
	}
	since, err := w.App.UnknownSince(r.ctx(), rows)
	if err != nil {
		return err
	}
	for i, x := range rows {
		u := templates.UnknownRow{Row: r.row(d, x), Known: knownOf(r.t, x)}
		if u.Row.Payee != "" {
			u.Row.Payee = x.FullName // a heading has room for the whole name
		}
		age := max(r.now.Sub(since[i]), 0)
		u.Late = age >= app.UnknownAlarm
		u.Row.Changed = lang.Duration(r.tag, age)
		u.Since = lang.Fill(r.t.Verdict().Since, lang.When(r.tag, since[i], r.now))
		if err := r.caseOf(d, x, &u, age >= app.UnknownAlarm); err != nil {
			return err
		}
		v.Rows = append(v.Rows, u)
	}
	return r.show(http.StatusOK, templates.Unknown(p, v))
}

// stepSaid says how a step was answered.
func stepSaid(t *lang.Texts, x app.StepLine) string {
	switch x.Answer {
	case "":
		return t.Steps().Waits
	case protocol.Taken:
		return t.Steps().Done
	}
	return t.Reason(x.Code)
}

// caseOf says of one unknown outcome whose move it is, what was asked and when, what would close it, and the next step.
func (r *req) caseOf(d *desk, x app.Row, u *templates.UnknownRow, late bool) error {
	t, ctx, store := r.t.Verdict(), r.ctx(), r.web.App.Store
	s, err := store.PayoutByID(ctx, x.ID)
	if err != nil {
		return err
	}
	attempts, err := store.AttemptsOf(ctx, x.ID)
	if err != nil {
		return err
	}
	moment := func(f string, at string, more ...any) {
		u.Asked = append(u.Asked, lang.Fill(f, append([]any{at}, more...)...))
	}
	for _, a := range attempts {
		moment(t.AskedRequest, clockDay(r, a.At))
		if a.Why != "" {
			u.Asked[len(u.Asked)-1] += "; " + lang.Fill(t.AskedAnswer, r.t.Reason(a.Why))
		}
	}
	steps, err := store.StepsOf(ctx, x.ID)
	if err != nil {
		return err
	}
	plans, err := store.PollsOf(ctx, x.ID)
	if err != nil {
		return err
	}
	sessions := []string{s.Session}
	for _, st := range steps {
		u.Asked = append(u.Asked, lang.Label(r.t.Steps().Calls, string(st.Call))+": "+lang.Fill(r.t.Steps().Line, clockDay(r, st.At), stepSaid(r.t, st)))
		sessions = append(sessions, st.Session)
	}
	for _, plan := range plans {
		sessions = append(sessions, plan.Session)
	}
	slices.Sort(sessions)
	sessions = slices.DeleteFunc(slices.Compact(sessions), func(s string) bool { return s == "" })
	for _, session := range sessions {
		line := lang.Fill(t.AskedNoPlan, session)
		if i := slices.IndexFunc(plans, func(p app.PollRow) bool { return p.Session == session }); i >= 0 {
			next := clockDay(r, plans[i].NextAt)
			if plans[i].NextAt.Before(r.now) {
				next = t.Now
			}
			line = lang.Fill(t.AskedPoll, clockDay(r, plans[i].Since), next, session)
		}
		if at := r.web.App.AskedLast(session); !at.IsZero() {
			line += ", " + lang.Fill(t.AskedAt, clockDay(r, at))
		}
		u.Asked = append(u.Asked, line)
	}
	if len(sessions) == 0 {
		u.Asked = append(u.Asked, t.AskedNever)
	}
	ms, err := store.MessagesOf(ctx, x.ID)
	if err != nil {
		return err
	}
	if len(ms) == 0 {
		u.Asked = append(u.Asked, t.NoHooks)
	} else {
		last := ms[0].LastAt
		for _, m := range ms {
			if m.LastAt.After(last) {
				last = m.LastAt
			}
		}
		u.Asked = append(u.Asked, r.t.N(t.Hooks, len(ms), clockDay(r, last)))
	}
	for _, session := range sessions {
		u.Closes = append(u.Closes, lang.Fill(t.CloseStatus, session))
	}
	if x.Review {
		u.Closes = []string{t.CloseFlag}
	} else {
		if s.Reference != "" {
			u.Closes = append(u.Closes, lang.Fill(t.CloseHook, s.Reference))
		}
		u.Closes = append(u.Closes, t.ClosePeople)
	}
	makers := d.shorts(r.t, x.Makers)
	propose := &templates.Link{Href: outcomeHref(x.ID), Label: t.Propose}
	open := d.openRuling(x.ID)
	switch {
	case open != nil:
		u.Owner, u.Next = lang.Fill(t.OwnerDeciders, strings.Join(couldNames(open.tally.Could(d.signers)), ", ")), t.NextOpen
		u.Act = &templates.Link{Href: templ.SafeURL(changeHref(approval.Verdict, string(x.ID), open.Version)), Label: t.OpenLink}
		if open.tally.May(d.signer(r.me.ID)) == approval.Can {
			u.Next, u.Act.Label, u.Main = t.NextDecide, t.Decide, true
		}
	case x.Review || late || len(sessions) == 0:
		u.Owner, u.Next = lang.Fill(t.OwnerMakers, makers), t.NextSupport
		if app.MayPropose(r.me.Person, approval.Verdict) {
			u.Act, u.Main = propose, late || x.Review
		} else {
			u.Next += " " + t.NextReader
		}
	default:
		u.Owner, u.Next = lang.Fill(t.OwnerBank, makers), t.NextWait
		if app.MayPropose(r.me.Person, approval.Verdict) {
			u.Act = propose
		}
	}
	if !r.may(app.ReadPayouts) {
		u.Act = nil // an administrator reads numbers and sums
	}
	return nil
}
