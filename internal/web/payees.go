package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payee"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// How much of a payee one page shows.
const (
	payeePage     = 50
	payeePayouts  = 10
	payeeVersions = 20
	maxGroups     = 200
)

func (w *Web) payeeList(r *req) error { // GET /payees
	t := r.t.Payees()
	d, err := r.desk()
	if err != nil {
		return err
	}
	q := app.PayeeQuery{Text: clip(strings.TrimSpace(r.QueryParam("q")), 200), Group: r.QueryParam("group"), After: r.QueryParam("after"), Limit: payeePage}
	list, err := w.App.Store.PayeeList(r.ctx(), q)
	if err != nil {
		return err
	}
	counts, err := w.App.Store.Counters(r.ctx(), app.PayeesCounter)
	if err != nil {
		return err
	}
	v := &templates.PayeesView{Query: r.QueryParam("q"), Group: q.Group, Groups: []templates.Option{{Label: t.AllGroups, Selected: q.Group == ""}}}
	n := counts[app.PayeesCounter].N
	for name, c := range counts {
		if g, ok := strings.CutPrefix(name, app.PayeeGroupCounter); ok && c.N > 0 {
			v.Groups = append(v.Groups, templates.Option{Value: g, Label: g, Selected: g == q.Group})
			if g == q.Group {
				n = c.N
			}
		}
	}
	slices.SortFunc(v.Groups[1:], func(a, b templates.Option) int { return strings.Compare(a.Value, b.Value) })
	v.Groups = v.Groups[:min(len(v.Groups), maxGroups)]
	for _, p := range list.Rows {
		v.Rows = append(v.Rows, r.payeeLine(p))
	}
	if q.Text == "" {
		v.Found = r.t.N(t.Found, int(n))
	}
	v.Empty = templates.Empty{Text: t.Empty}
	if q.Text != "" || q.Group != "" || q.After != "" {
		v.Empty = templates.Empty{Text: t.EmptyFilter, Action: &templates.Link{Href: "/payees", Label: t.Clear}}
	} else {
		if r.may(app.Enter) {
			v.Empty.Action = &templates.Link{Href: "/payees/new", Label: t.New}
		}
		if v.Waiting, err = w.payeesWaiting(r, d); err != nil {
			return err
		}
	}
	href := func(after string) templ.SafeURL {
		u := url.Values{}
		for _, x := range [][2]string{{"q", v.Query}, {"group", q.Group}, {"after", after}} {
			if x[1] != "" {
				u.Set(x[0], x[1])
			}
		}
		if len(u) == 0 {
			return "/payees"
		}
		return templ.SafeURL("/payees?" + u.Encode())
	}
	if list.Next != "" {
		v.Next = href(list.Next)
	}
	if q.After != "" {
		v.First = href("")
	}
	p, err := r.page(t.Title, templates.SectionPayees)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.SavedPayees(p, v))
}

func (r *req) payeeLine(p app.PayeeRow) templates.PayeeLine {
	t := r.t.Payees()
	l := templates.PayeeLine{Href: templates.PayeeHref(p.ID), Name: clip(p.FullName, 80), Kind: lang.Label(t.Kinds, string(p.Kind)), INN: p.INN,
		Groups: strings.Join(p.Groups, ", "), Changed: lang.When(r.tag, p.ChangedAt, r.now)}
	if p.FullName == "" {
		l.Name = t.Erased
	}
	if len(p.Accounts) > 0 {
		l.Account = lang.Last4(p.Accounts[0].Number)
		if more := len(p.Accounts) - 1; more > 0 {
			l.Account += ", " + lang.Fill(t.More, more)
		}
	}
	return l
}

// payeesWaiting are new and changed payees that await a decision, oldest first.
func (w *Web) payeesWaiting(r *req, d *desk) ([]templates.PayeeLine, error) {
	t := r.t.Payees()
	open, err := w.App.Store.OpenProposals(r.ctx(), payeePage)
	if err != nil {
		return nil, err
	}
	var out []templates.PayeeLine
	for _, p := range open {
		if p.Kind != approval.Payee {
			continue
		}
		c, err := app.PayeeContent(p)
		if err != nil {
			return nil, err
		}
		row := app.PayeeRow{ID: p.ID, Kind: c.Kind, FullName: c.FullName, INN: c.INN, Groups: c.Groups, ChangedAt: p.At}
		for _, a := range c.Accounts {
			row.Accounts = append(row.Accounts, app.PayeeAccount{Account: a})
		}
		l := r.payeeLine(row)
		what := t.NewOne
		if p.Base > 0 {
			what = lang.Fill(t.ChangeOf, p.Version)
		}
		l.Href, l.Note = templ.SafeURL(payeeChangeHref(p.ID)), lang.Fill(t.WaitsFor, what, d.short(r.t, p.By.Person))
		out = append(out, l)
	}
	return out, nil
}

// payeeChangeHref is the page on which a payee's open version is decided.
func payeeChangeHref(id string) string { return "/changes/payee/" + url.PathEscape(id) }

var payeeIDs = regexp.MustCompile(`^[0-9a-f-]{36}$`)

func payeeID(r *req) (string, error) {
	id := r.Param("id")
	if !payeeIDs.MatchString(id) {
		return "", fault.Missing("payee.none")
	}
	return id, nil
}

// versionsOfPayee reads the newest versions of a payee; NotFound when there is none at all.
func (w *Web) versionsOfPayee(r *req, id string) ([]app.Proposal, error) {
	ps, err := w.App.Store.Proposals(r.ctx(), approval.Payee, id, payeeVersions)
	if err == nil && len(ps) == 0 {
		err = fault.Missing("payee.none")
	}
	return ps, err
}

func (w *Web) payeeOne(r *req) error { // GET /payees/:id
	id, err := payeeID(r)
	if err != nil {
		return err
	}
	ps, err := w.versionsOfPayee(r, id)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	t := r.t.Payees()
	row, inForce, err := w.App.Store.PayeeByID(r.ctx(), id)
	if err != nil {
		return err
	}
	var c payee.Content
	shown := ps[0]
	if inForce {
		if c, err = w.App.PayeeAt(r.ctx(), id, row.Version); err != nil {
			return err
		}
	} else {
		if c, err = app.PayeeContent(shown); err != nil {
			return err
		}
		for _, a := range c.Accounts {
			row.Accounts = append(row.Accounts, app.PayeeAccount{Account: a})
		}
	}
	v := &templates.PayeeView{ID: id, Name: nameOfPayee(r.t, c), Kind: lang.Label(t.Kinds, string(c.Kind))}
	v.Facts = []templates.Fact{{Label: t.Kind, Value: v.Kind}}
	if inForce {
		v.Facts[0].Note = lang.Fill(t.SavedVersion, row.Version)
	} else {
		v.Facts[0].Note = t.NotYet
	}
	for _, f := range payeeFacts(r.t, c, false) {
		if f.Label != t.Kind && f.Label != t.Name && !strings.HasPrefix(f.Label, t.Account) {
			v.Facts = append(v.Facts, f)
		}
	}
	paid, err := w.App.Store.Counters(r.ctx(), app.PaidCounter(id))
	if err != nil {
		return err
	}
	rows, err := w.App.Store.PayoutsTo(r.ctx(), id, payeePayouts)
	if err != nil {
		return err
	}
	fact := templates.Fact{Label: t.Paid, Value: t.PaidNone}
	if p := paid[app.PaidCounter(id)]; p.N > 0 {
		fact.Value = rubS(r.tag, p.Sum)
		fact.Note = r.t.N(r.t.Common.Payouts, int(p.N))
	}
	v.Facts = append(v.Facts, fact)
	for _, x := range rows {
		v.Payouts = append(v.Payouts, r.row(d, x))
	}
	if ps[0].State == "" {
		o := &templates.PayeeOpen{Text: lang.Fill(t.OpenText, ps[0].Version), By: lang.Fill(t.OpenBy, d.short(r.t, ps[0].By.Person), lang.When(r.tag, ps[0].At, r.now)),
			Link: templates.Link{Href: templ.SafeURL(payeeChangeHref(id)), Label: t.Look}}
		if !inForce {
			o.Text = t.OpenNew
		}
		if app.MayDecideOn(r.me.Person, approval.Payee) && ps[0].By.Person != r.me.ID {
			o.Link.Label = t.Open
		}
		v.Open = o
	} else if r.may(app.Enter) {
		v.Edit = templates.PayeeHref(id + "/edit")
	}
	if inForce && r.may(app.Enter) {
		v.New = templ.SafeURL("/payouts/new?payee=" + url.QueryEscape(id))
	}
	if err := w.payeeAccounts(r, d, v, id, row); err != nil {
		return err
	}
	if v.Versions, err = w.payeeVouched(r, d, ps, row.Version); err != nil {
		return err
	}
	p, err := r.page(v.Name, templates.SectionPayees)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.SavedPayee(p, v))
}

func nameOfPayee(t *lang.Texts, c payee.Content) string {
	if c.Erased || c.FullName == "" {
		return t.Payees().Erased
	}
	return c.FullName
}

// payeeAccounts fills in the accounts with their marks, and what lists say of them.
func (w *Web) payeeAccounts(r *req, d *desk, v *templates.PayeeView, id string, row app.PayeeRow) error {
	t := r.t.Payees()
	said := map[string]bool{}
	listed := func(x app.Judged) {
		e, owner, stops := d.frame.Listed(x)
		if !stops {
			return
		}
		m := templates.Warning{Text: t.NotAllowed}
		if e.List == "block" {
			m.Text = lang.Fill(t.Blocked, r.t.ListedAs(e.What, e.Reason, owner))
			if e.Until != "" {
				m.Note = lang.Fill(t.ListedUntil, lang.DayFull(r.tag, calendar.Day(e.Until).Start()))
			}
		}
		if !said[m.Text] {
			said[m.Text] = true
			v.Marks = append(v.Marks, m)
		}
	}
	shared := false
	for _, a := range row.Accounts {
		listed(app.Judged{Account: a.Number, BIK: a.BIK, INN: row.INN, Payee: id})
		l := templates.PayeeAccountLine{Last4: lang.Last4(a.Number), BIK: a.BIK, Bank: r.bankName(a.BIK), Label: a.Label}
		if k := bankdetails.AccountKind(a.Number); k != bankdetails.KindUnknown {
			l.Kind = lang.Label(r.t.Accounts, string(k))
		}
		switch {
		case a.Since.IsZero():
			l.Since = t.NotYet
		case a.Changed:
			l.Since, l.Fresh = lang.Fill(t.Since, lang.Day(r.tag, a.Since, r.now)), lang.Fill(t.AccountNew, lang.Moment(r.tag, a.Since, r.now))
		default:
			l.Since = t.AccountSince
		}
		others, err := w.App.Store.PayeesWith(r.ctx(), a.Key(), id, 5)
		if err != nil {
			return err
		}
		for _, o := range others {
			l.Shared = append(l.Shared, templates.Link{Href: templates.PayeeHref(o.ID), Label: clip(o.Name, nameRunes)})
		}
		shared = shared || len(others) > 0
		v.Accounts = append(v.Accounts, l)
	}
	if shared {
		v.Marks = append(v.Marks, templates.Warning{Bold: t.SharedBold, Text: lang.Label(r.t.AckLong, app.WarnSharedAccount)})
	}
	return nil
}

// payeeVouched says of each version who proposed it and who agreed.
func (w *Web) payeeVouched(r *req, d *desk, ps []app.Proposal, inForce int) ([]templates.PayeeVersionLine, error) {
	t := r.t.Payees()
	var out []templates.PayeeVersionLine
	for _, p := range ps {
		l := templates.PayeeVersionLine{Href: templates.PayeeHref(p.ID + "/versions/" + strconv.Itoa(p.Version)), Version: lang.Fill(r.t.Common.Version, p.Version),
			Proposed: d.short(r.t, p.By.Person) + ", " + lang.Moment(r.tag, p.At, r.now), State: lang.Label(t.States, p.State), InForce: p.Version == inForce}
		if p.State != "" {
			l.Decided = d.short(r.t, p.EndedBy.Person) + ", " + lang.Moment(r.tag, p.EndedAt, r.now)
		}
		if p.State == app.Effective {
			ds, err := w.App.Store.DecisionsOf(r.ctx(), approval.Payee, p.ID, p.Version)
			if err != nil {
				return nil, err
			}
			var yes []string
			for _, x := range ds {
				if x.Answer == approval.Yes {
					yes = append(yes, d.short(r.t, x.Person))
				}
			}
			if len(yes) > 0 {
				l.Decided = strings.Join(slices.Compact(yes), ", ") + ", " + lang.Moment(r.tag, p.EndedAt, r.now)
			}
		}
		out = append(out, l)
	}
	return out, nil
}

func (w *Web) payeeVersion(r *req) error { // GET /payees/:id/versions/:n
	id, err := payeeID(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("n"))
	if err != nil {
		return fault.Missing("notfound")
	}
	p, err := w.App.Store.ProposalAt(r.ctx(), approval.Payee, id, n)
	if err != nil {
		return err
	}
	c, err := app.PayeeContent(p)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	t := r.t.Payees()
	v := &templates.PayeeVersionView{Name: nameOfPayee(r.t, c), Title: lang.Fill(t.VersionOne, n), Back: templates.PayeeHref(id), Facts: payeeFacts(r.t, c, false)}
	lines, err := w.payeeVouched(r, d, []app.Proposal{p}, 0)
	if err != nil {
		return err
	}
	for _, f := range []templates.Fact{{Label: t.Proposed, Value: lines[0].Proposed}, {Label: t.Decided, Value: lines[0].Decided, Note: lines[0].State}} {
		if f.Value != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	if p.Base > 0 {
		was, err := w.App.PayeeAt(r.ctx(), id, p.Base)
		if err != nil {
			return err
		}
		v.DiffTitle, v.Diff = lang.Fill(t.Before, p.Base), payeeDiff(r.t, was, c)
	}
	page, err := r.page(v.Name+", "+v.Title, templates.SectionPayees)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.PayeeVersion(page, v))
}

// accountText is an account in one line: its whole number only where that may stand.
func accountText(t *lang.Texts, a payee.Account, whole bool) string {
	s := lang.Fill(t.Payees().BIK, a.BIK) + ", "
	if whole {
		s += strings.Join(lang.Account5(a.Number), " ")
	} else {
		s += lang.Last4(a.Number)
	}
	if a.Label != "" {
		s += ", " + a.Label
	}
	return s
}

// payeeFacts lists what a version says. Accounts carry their end in the label, so that the same ones stand side by side.
func payeeFacts(t *lang.Texts, c payee.Content, whole bool) []templates.Fact {
	x := t.Payees()
	out := []templates.Fact{{Label: x.Kind, Value: lang.Label(x.Kinds, string(c.Kind))}}
	add := func(label, value string) {
		if value != "" {
			out = append(out, templates.Fact{Label: label, Value: value})
		}
	}
	if c.Erased {
		add(x.Name, x.Erased)
		add(x.Groups, strings.Join(c.Groups, ", "))
		return out
	}
	add(x.Name, c.FullName)
	add(x.INN, c.INN)
	add(x.KPP, c.KPP)
	for _, a := range c.Accounts {
		add(x.Account+" "+lang.Last4(a.Number), accountText(t, a, whole))
	}
	add(x.Groups, strings.Join(c.Groups, ", "))
	add(x.Purpose, c.Description)
	add(x.Note, c.Note)
	return out
}

// payeeDiff says what changed from one version to another, accounts cut to their ends; nil for nothing.
func payeeDiff(t *lang.Texts, was, now payee.Content) *templates.Diff {
	x := t.Payees()
	labels := map[string]string{payee.FieldKind: x.Kind, payee.FieldName: x.Name, payee.FieldINN: x.INN, payee.FieldKPP: x.KPP, payee.FieldNote: x.Note,
		payee.FieldDescription: x.Purpose, payee.FieldGroups: x.Groups}
	swap := func(a, b string) []templates.DiffPart {
		var out []templates.DiffPart
		if a != "" {
			out = append(out, templates.DiffPart{Kind: '-', Text: a})
		}
		if a != "" && b != "" {
			out = append(out, templates.DiffPart{Kind: ' ', Text: " "})
		}
		if b != "" {
			out = append(out, templates.DiffPart{Kind: '+', Text: b})
		}
		return out
	}
	one := func(key payee.AccountKey, c payee.Content) string {
		for _, a := range c.Accounts {
			if a.Key() == key {
				return accountText(t, a, false)
			}
		}
		return lang.Last4(key.Number)
	}
	order := func(c payee.Content) string {
		var ends []string
		for _, a := range c.Accounts {
			ends = append(ends, lang.Last4(a.Number))
		}
		return strings.Join(ends, ", ")
	}
	d := &templates.Diff{}
	for _, ch := range payee.Diff(was, now) {
		l := templates.DiffLine{Label: lang.Label(labels, ch.Field)}
		switch {
		case ch.Field == payee.FieldAccount && ch.Old == "":
			l.Label, l.Parts = x.AccountAdded, swap("", one(ch.Account, now))
		case ch.Field == payee.FieldAccount:
			l.Label, l.Parts = x.AccountGone, swap(one(ch.Account, was), "")
		case ch.Field == payee.FieldLabel:
			l.Label, l.Parts = lang.Fill(x.LabelOf, lang.Last4(ch.Account.Number)), swap(ch.Old, ch.New)
		case ch.Field == payee.FieldOrder:
			l.Label, l.Parts = x.AccountOrder, swap(order(was), order(now))
		case ch.Field == payee.FieldKind:
			l.Parts = swap(lang.Label(x.Kinds, ch.Old), lang.Label(x.Kinds, ch.New))
		case ch.Field == payee.FieldName, ch.Field == payee.FieldNote, ch.Field == payee.FieldDescription:
			l.Parts = templates.Words(ch.Old, ch.New)
		default:
			l.Parts = swap(ch.Old, ch.New)
		}
		d.Lines = append(d.Lines, l)
	}
	if len(d.Lines) == 0 {
		return nil
	}
	return d
}

// typedPayee is a payee's form as it was posted.
type typedPayee struct {
	id      string
	seen    int
	do      string
	acks    []string
	lines   int // of accounts, empty ones too
	content payee.Content
	posted  bool
}

func parsePayee(f url.Values) typedPayee {
	in := typedPayee{id: f.Get("payee"), do: f.Get("do"), acks: f["ack"], posted: true}
	in.seen, _ = strconv.Atoi(f.Get("version")) // no version is none in force: refused where there is one
	in.content = payee.Content{Kind: payee.Kind(f.Get("kind")), FullName: f.Get("full_name"), INN: f.Get("inn"), KPP: f.Get("kpp"), Note: f.Get("note"),
		Description: f.Get("description"), Groups: payee.ParseGroups(f.Get("groups"))}
	for n := 1; n <= payee.MaxDraftLines+1; n++ {
		if !f.Has(payee.LineField(payee.FieldBIK, n)) && !f.Has(payee.LineField(payee.FieldAccount, n)) {
			break
		}
		in.content.Accounts = append(in.content.Accounts, payee.Account{BIK: f.Get(payee.LineField(payee.FieldBIK, n)), Number: f.Get(payee.LineField(payee.FieldAccount, n)),
			Label: f.Get(payee.LineField(payee.FieldLabel, n))})
	}
	in.lines = len(in.content.Accounts)
	return in
}

func (w *Web) newPayee(r *req) error { // GET /payees/new
	in := typedPayee{id: w.App.NewPayeeID(), lines: 1, content: payee.Content{Kind: payee.Person}}
	intro := ""
	if from := r.QueryParam("payout"); from != "" {
		s, err := w.App.Store.PayoutByID(r.ctx(), payout.ID(from))
		if err != nil {
			return err
		}
		in.content, intro = payeeOf(s.Content), lang.Fill(r.t.Payees().From, num(s.Number))
		in.posted = true // what warns is said at once
	}
	return w.showPayeeForm(r, http.StatusOK, in, nil, intro)
}

// payeeOf is a payout's payee as a payee to be saved.
func payeeOf(c payout.Content) payee.Content {
	out := payee.Content{Kind: payee.Person, FullName: c.FullName, INN: c.INN, KPP: c.KPP, Accounts: []payee.Account{{BIK: c.BIK, Number: c.Account}}}
	switch bankdetails.AccountKind(c.Account) {
	case bankdetails.KindCompany:
		out.Kind = payee.Company
	case bankdetails.KindSoleProprietor:
		out.Kind = payee.Sole
	}
	return out
}

func (w *Web) enterPayee(r *req) error { // POST /payees
	r.here = "/payees/new"
	return w.putPayee(r, parsePayee(r.Request().PostForm))
}

func (w *Web) payeeForm(r *req) error { // GET /payees/:id/edit
	id, err := payeeID(r)
	if err != nil {
		return err
	}
	ps, err := w.versionsOfPayee(r, id)
	if err != nil {
		return err
	}
	if ps[0].State == "" {
		return fault.Moved("subject.pending", string(approval.Payee), ps[0].Version)
	}
	in := typedPayee{id: id}
	if in.content, in.seen, err = w.App.PayeeInForce(r.ctx(), id); fault.KindOf(err) == fault.NotFound {
		in.content, err = app.PayeeContent(ps[0]) // it never took effect: what was proposed last
	}
	if err != nil {
		return err
	}
	in.lines = max(1, len(in.content.Accounts))
	return w.showPayeeForm(r, http.StatusOK, in, nil, "")
}

func (w *Web) changePayee(r *req) error { // POST /payees/:id/edit
	id, err := payeeID(r)
	if err != nil {
		return err
	}
	if _, err := w.versionsOfPayee(r, id); err != nil {
		return err
	}
	in := parsePayee(r.Request().PostForm)
	in.id = id
	return w.putPayee(r, in)
}

func (w *Web) putPayee(r *req, in typedPayee) error {
	if in.do != "submit" {
		if in.do == "line" && in.lines < payee.MaxAccounts {
			in.lines++
		}
		return w.showPayeeForm(r, http.StatusOK, in, nil, "")
	}
	err := w.App.ProposePayee(r.ctx(), r.me.who(), app.PayeeEntry{ID: in.id, Seen: in.seen, Content: in.content, Acks: in.acks})
	switch fault.KindOf(err) {
	case 0:
		if err != nil {
			return err
		}
		return r.see(string(templates.PayeeHref(in.id)))
	case fault.Invalid:
		return w.showPayeeForm(r, http.StatusUnprocessableEntity, in, fault.As(err), "")
	case fault.Conflict:
		return w.showPayeeForm(r, http.StatusConflict, in, fault.As(err), "")
	}
	return err
}

// showPayeeForm shows a payee's form as typed. After a conflict it says what changed meanwhile, and the version that is in force now is the one seen.
func (w *Web) showPayeeForm(r *req, status int, in typedPayee, faults fault.List, intro string) error {
	t, c := r.t.Payees(), in.content
	v := &templates.PayeeFormView{Action: "/payees", Heading: t.FormNew, Intro: intro, MayAdd: in.lines < payee.MaxAccounts}
	if in.id != "" {
		was, n, err := w.App.PayeeInForce(r.ctx(), in.id)
		switch {
		case fault.KindOf(err) == fault.NotFound:
		case err != nil:
			return err
		default:
			v.Crumb = &templates.Link{Href: templates.PayeeHref(in.id), Label: clip(nameOfPayee(r.t, was), nameRunes)}
			if n != in.seen && in.posted && status == http.StatusConflict {
				old, err := w.App.PayeeAt(r.ctx(), in.id, in.seen)
				if err == nil {
					v.Moved = payeeDiff(r.t, old, was)
				} else if fault.KindOf(err) != fault.NotFound {
					return err
				}
				in.seen = n
			}
		}
		if last, err := w.App.Store.Proposals(r.ctx(), approval.Payee, in.id, 1); err != nil {
			return err
		} else if len(last) > 0 {
			v.Action = templates.PayeeHref(in.id + "/edit")
			v.Heading = lang.Fill(t.FormEdit, last[0].Version+1)
			r.here = string(v.Action)
		}
	}
	v.Hidden = []templates.Hidden{{Name: "payee", Value: in.id}, {Name: "version", Value: strconv.Itoa(in.seen)}}
	bad := func(field string) string {
		if f := faults.Field(field); f != nil {
			return say(r.t, f)
		}
		return ""
	}
	for _, k := range payee.Kinds() {
		v.Kinds = append(v.Kinds, templates.Option{Value: string(k), Label: lang.Label(t.Kinds, string(k)), Selected: c.Kind == k})
	}
	v.KindError = bad(payee.FieldKind)
	v.Name = templates.Field{Value: c.FullName, Help: r.t.Form.HelpName, Error: bad(payee.FieldName), Max: bankdetails.NameMax,
		End: lang.Fill(r.t.Form.Chars, utf8.RuneCountInString(strings.TrimSpace(c.FullName)), bankdetails.NameMax)}
	v.INN = templates.Field{Value: c.INN, Help: t.HelpINN, Error: bad(payee.FieldINN)}
	v.KPP = templates.Field{Value: c.KPP, Help: t.HelpKPP, Error: bad(payee.FieldKPP)}
	v.Groups = templates.Field{Value: strings.Join(c.Groups, ", "), Help: t.HelpGroups, Error: bad(payee.FieldGroups)}
	v.Note = templates.Field{Value: c.Note, Help: t.HelpNote, Error: bad(payee.FieldNote)}
	v.Description = templates.Field{Value: c.Description, Help: t.HelpPurpose, Error: bad(payee.FieldDescription)}
	for i := range max(1, min(in.lines, payee.MaxDraftLines)) {
		var a payee.Account
		if i < len(c.Accounts) {
			a = c.Accounts[i]
		}
		n := i + 1
		l := templates.PayeeFormLine{N: strconv.Itoa(n), Label: lang.Fill(t.AccountLine, n)}
		l.BIK = templates.Field{Value: a.BIK, Help: r.t.Form.HelpBIK, Error: bad(payee.LineField(payee.FieldBIK, n))}
		l.Number = templates.Field{Value: a.Number, Help: r.t.Form.HelpAccount, Error: bad(payee.LineField(payee.FieldAccount, n))}
		if k := bankdetails.AccountKind(bankdetails.CleanDigits(a.Number)); k != bankdetails.KindUnknown {
			l.Number.Help = lang.Label(r.t.Accounts, string(k))
		}
		l.Named = templates.Field{Value: a.Label, Help: t.HelpLabel, Error: bad(payee.LineField(payee.FieldLabel, n))}
		v.Lines = append(v.Lines, l)
	}
	for _, f := range faults {
		switch f.Field {
		case "ack":
		case "form", "":
			v.FormError = &templates.FieldError{Field: "form", Text: say(r.t, f)}
		default:
			v.Errors = append(v.Errors, templates.FieldError{Field: f.Field, Text: say(r.t, f)})
		}
	}
	if in.posted {
		codes, shared, err := w.App.JudgePayee(r.ctx(), in.id, c)
		if err != nil {
			return err
		}
		v.Ticks = payeeTicks(r.t, codes, shared, in.acks, faults)
	}
	p, err := r.page(v.Heading, templates.SectionPayees)
	if err != nil {
		return err
	}
	return r.show(status, templates.PayeeForm(p, v))
}

// payeeTicks are the warnings about a payee, as its maker ticks them.
func payeeTicks(t *lang.Texts, codes []string, shared []app.SharedAccount, acks []string, faults fault.List) []templates.Tick {
	var out []templates.Tick
	for _, code := range codes {
		k := templates.Tick{Code: code, Bold: lang.Label(t.Acks, code), Text: lang.Label(t.AckLong, code), Ticked: slices.Contains(acks, code)}
		for _, f := range faults {
			if f.Field == "ack" && len(f.Args) > 0 && f.Args[0] == code {
				k.Error = t.Form.AckMissing
			}
		}
		if code == app.WarnSharedAccount {
			for _, s := range shared {
				k.Links = append(k.Links, templates.Link{Href: templates.PayeeHref(s.ID), Label: clip(s.Name, nameRunes)})
			}
		}
		out = append(out, k)
	}
	return out
}

// payeeChanged is why a draft that was submitted before is one again.
const payeeChanged = "payee_changed"

// savedHintsMost is how many saved payees a payout's form offers.
const savedHintsMost = 5

// choose takes the account that was chosen of a saved payee, "BIK number", where none was typed.
func (in *typed) choose(account string) {
	if bik, number, ok := strings.Cut(account, " "); ok && in.content.BIK == "" && in.content.Account == "" {
		in.content.BIK, in.content.Account = bik, number
	}
}

// fillPayee fills what a form with a saved payee does not carry from the version in force. What it does carry is left as it is: the use case refuses
// what differs.
func (w *Web) fillPayee(r *req, in *typed) error {
	c := &in.content
	if c.PayeeID == "" {
		return nil
	}
	saved, _, err := w.App.PayeeInForce(r.ctx(), c.PayeeID)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil // the use case says so
		}
		return err
	}
	c.FullName, c.INN, c.KPP = first(c.FullName, saved.FullName), first(c.INN, saved.INN), first(c.KPP, saved.KPP)
	return nil
}

// pick puts a saved payee into a form; "" is none.
func (w *Web) pick(r *req, in *typed, id string) error {
	if id == "" {
		return nil
	}
	saved, n, err := w.App.PayeeInForce(r.ctx(), id)
	if err != nil {
		return err
	}
	c := &in.content
	c.PayeeID, c.PayeeVer = id, n
	c.Details = bankdetails.Details{FullName: saved.FullName, INN: saved.INN, KPP: saved.KPP, Description: first(c.Description, saved.Description)}
	if len(saved.Accounts) == 1 {
		c.BIK, c.Account = saved.Accounts[0].BIK, saved.Accounts[0].Number
	}
	return nil
}

// payeeChoice is the saved payee that a form names, with its data as they are in force now: the form then carries that version. nil when it names none.
func (w *Web) payeeChoice(r *req, in *typed, faults fault.List) (*templates.PayeeChoice, error) {
	c, t := &in.content, r.t.Payees()
	if c.PayeeID == "" {
		return nil, nil
	}
	saved, n, err := w.App.PayeeInForce(r.ctx(), c.PayeeID)
	if fault.KindOf(err) == fault.NotFound {
		c.PayeeID, c.PayeeVer = "", 0
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &templates.PayeeChoice{ID: c.PayeeID, Href: templates.PayeeHref(c.PayeeID), Name: nameOfPayee(r.t, saved)}
	note := []string{lang.Fill(t.SavedVersion, n), lang.Label(t.Kinds, string(saved.Kind))}
	for _, x := range [][2]string{{t.INN, saved.INN}, {t.KPP, saved.KPP}} {
		if x[1] != "" {
			note = append(note, x[0]+" "+x[1])
		}
	}
	v.Note = strings.Join(note, ", ")
	if c.PayeeVer != 0 && c.PayeeVer != n {
		v.Moved = t.Moved
		was, err := w.App.PayeeAt(r.ctx(), c.PayeeID, c.PayeeVer)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err == nil {
			v.Diff = payeeDiff(r.t, was, saved)
		}
	}
	chosen := false
	for _, a := range saved.Accounts {
		o := templates.Option{Value: a.BIK + " " + a.Number, Label: accountText(r.t, a, true), Selected: a.BIK == c.BIK && a.Number == c.Account}
		chosen = chosen || o.Selected
		v.Accounts = append(v.Accounts, o)
	}
	if !chosen {
		if c.Account != "" && v.Moved != "" {
			v.Moved += " " + t.MovedGone
		}
		c.BIK, c.Account = "", ""
	}
	for _, f := range []string{"payee_account", "account", "bik"} {
		if x := faults.Field(f); x != nil && v.Error == "" {
			v.Error = say(r.t, x)
			if f != "payee_account" {
				v.Error = t.ChooseNone
			}
		}
	}
	c.PayeeVer, c.FullName, c.INN, c.KPP = n, saved.FullName, saved.INN, saved.KPP
	return v, nil
}

// savedHints offers saved payees like the name that is typed, and whatever there is when they are asked for.
func (w *Web) savedHints(r *req, v *templates.FormView, c payout.Content, asked bool) error {
	if !asked && (c.Account != "" || utf8.RuneCountInString(c.FullName) < 2) {
		return nil
	}
	list, err := w.App.Store.PayeeList(r.ctx(), app.PayeeQuery{Text: c.FullName, Limit: savedHintsMost})
	if err != nil {
		return err
	}
	for _, p := range list.Rows {
		l := r.payeeLine(p)
		note := l.Account
		if l.INN != "" {
			note += ", " + r.t.Payees().INN + " " + l.INN
		}
		v.Saved = append(v.Saved, templates.SavedHint{ID: p.ID, Name: l.Name, Note: note})
	}
	v.None = asked && len(v.Saved) == 0
	return nil
}

// needsSaved says in words that a rule asks for a saved payee, and leads to where this one is saved.
func (w *Web) needsSaved(r *req, v *templates.FormView, id payout.ID, f *fault.Error) error {
	if f.Code != "payout.blocked" || len(f.Args) < 2 || f.Args[1] != "saved_payee" {
		return nil
	}
	t := r.t.Payees()
	d, err := r.desk()
	if err != nil {
		return err
	}
	v.FormError.Text = t.NeedsSavedAny
	for _, rule := range d.frame.Set.Rules {
		if rule.Name == f.Args[0] && rule.When.OverMinor > 0 {
			v.FormError.Text = lang.Fill(t.NeedsSaved, rubS(r.tag, rule.When.OverMinor))
		}
	}
	if id != "" {
		v.FormLinks = append(v.FormLinks, templates.Link{Href: savePayeeHref(id), Label: t.SaveThis})
	}
	return nil
}

func savePayeeHref(id payout.ID) templ.SafeURL {
	return templ.SafeURL("/payees/new?payout=" + url.QueryEscape(string(id)))
}

// savedPayee says of a payout's page which saved payee it names, or leads a maker to save it.
func (o *one) savedPayee() []templates.Fact {
	t, c := o.r.t.Payees(), o.s.Content
	switch {
	case c.PayeeID != "":
		return []templates.Fact{{Label: t.Saved, Value: lang.Fill(t.SavedVersion, c.PayeeVer), Href: templates.PayeeHref(c.PayeeID)}}
	case o.r.may(app.Enter) && c.FullName != "" && c.Account != "":
		return []templates.Fact{{Label: t.Saved, Value: t.SaveAs, Href: savePayeeHref(o.s.ID)}}
	}
	return nil
}
