package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/money"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// typed is a payout's form as it was posted.
type typed struct {
	token    string // hidden `form` of a new payout
	do       string // "draft", "submit", or "" for a press that saves nothing
	version  int    // of an edit
	replaces payout.ID
	acks     []string
	content  payout.Content
	currency string
	press    url.Values // reading, insert, last, pick, drop
	due      string     // the due day as it was typed
}

func parseForm(f url.Values) typed {
	in := typed{token: f.Get("form"), do: f.Get("do"), replaces: payout.ID(f.Get("replaces")), acks: f["ack"], currency: strings.TrimSpace(f.Get("currency")), press: f}
	in.version, _ = strconv.Atoi(f.Get("version")) // no version is refused where one is needed
	ver, _ := strconv.Atoi(f.Get("payee_version")) // none was seen: the one in force is meant
	in.content = payout.Content{
		Details: bankdetails.Details{FullName: f.Get("full_name"), BIK: f.Get("bik"), Account: f.Get("account"), INN: f.Get("inn"), KPP: f.Get("kpp"),
			Description: strings.ReplaceAll(f.Get("description"), "\r\n", "\n")},
		AmountText: f.Get("amount"), OwnRef: f.Get("own_ref"), Note: f.Get("note"), PayeeID: f.Get("payee"),
	}
	in.due = strings.TrimSpace(f.Get("due_date"))
	in.content.DueDate, _ = dueTyped(in.due) // what is no day is refused by faults
	in.content.PayeeVer = ver
	in.choose(f.Get("payee_account"))
	return in
}

func (in typed) entry() app.Entry {
	return app.Entry{Form: in.token, Content: in.content, Acks: in.acks, Submit: in.do == "submit", Replaces: in.replaces}
}

// faults are what the pages themselves refuse: this desk pays roubles only.
func (in typed) faults() error {
	if in.currency != "" && !strings.EqualFold(in.currency, string(money.RUB)) {
		return fault.Bad("currency", money.CodeCurrency, string(money.RUB), clip(in.currency, 10))
	}
	_, err := dueTyped(in.due)
	return err
}

// shape is where a form posts to and what it is called.
type shape struct {
	id       payout.ID // "" for a new one
	version  int
	number   payout.Number
	makers   []string
	given    int // approvals that an edit voids
	asked    string
	heading  string
	replaces *payout.Snapshot
}

func (w *Web) newPayout(r *req) error { // GET /payouts/new
	in := typed{token: token(16)}
	if err := w.pick(r, &in, r.QueryParam("payee")); err != nil {
		return err
	}
	return w.showForm(r, http.StatusOK, in, shape{heading: r.t.Form.New}, nil, false)
}

func (w *Web) copyForm(r *req) error { // GET /payouts/:id/copy
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	if !app.CanCopy(s) {
		return fault.Moved("payout.state", s.Number, string(s.State))
	}
	in := typed{token: token(16), content: s.Content}
	in.content.Replaces, in.content.DueDate = "", "" // the day was the old one's
	if in.content.Amount.Minor > 0 {
		in.content.AmountText = rub(r.tag, in.content.Amount.Minor)
	}
	sh := shape{heading: lang.Fill(r.t.Form.Copy, num(s.Number))}
	if app.CanReplace(s) && (s.State != payout.Succeeded || r.QueryParam("back") != "") {
		_, n, alive, err := w.App.Store.ReplacementOf(r.ctx(), id)
		if err != nil {
			return err
		}
		if alive {
			return fault.Moved("replace.alive", s.Number, n)
		}
		in.replaces, sh.replaces = id, &s
		sh.heading = lang.Fill(r.t.Form.Replace, num(s.Number))
		if s.ReturnedMinor > 0 {
			in.content.AmountText = rub(r.tag, s.ReturnedMinor)
		}
	}
	return w.showForm(r, http.StatusOK, in, sh, nil, false)
}

func (w *Web) enter(r *req) error { // POST /payouts
	in := parseForm(r.Request().PostForm)
	if err := w.fillPayee(r, &in); err != nil {
		return err
	}
	sh := shape{heading: r.t.Form.New}
	if in.replaces != "" {
		s, err := w.App.Store.PayoutByID(r.ctx(), in.replaces)
		if err != nil {
			return err
		}
		sh.replaces, sh.heading = &s, lang.Fill(r.t.Form.Replace, num(s.Number))
	}
	if in.do != "draft" && in.do != "submit" {
		return w.press(r, in, sh)
	}
	if err := in.faults(); err != nil {
		return w.showForm(r, http.StatusUnprocessableEntity, in, sh, fault.As(err), true)
	}
	id, err := w.App.Enter(r.ctx(), r.me.who(), in.entry())
	switch {
	case err == nil:
		return r.see(string(templates.PayoutHref(string(id))))
	case fault.KindOf(err) != fault.Invalid:
		if id != "" && fault.KindOf(err) == fault.Conflict { // the same form again, and the draft has gone on meanwhile
			return r.see(string(templates.PayoutHref(string(id))))
		}
		return err
	case id != "":
		return w.draftAgain(r, id, in.acks, err)
	}
	return w.showForm(r, http.StatusUnprocessableEntity, in, sh, fault.As(err), true)
}

// press applies a button that saves nothing: a reading of an amount, words about VAT, one of the last payees, a saved payee or none.
func (w *Web) press(r *req, in typed, sh shape) error {
	c := &in.content
	if v := in.press.Get("reading"); v != "" {
		c.AmountText = v
	}
	if v := in.press.Get("insert"); v != "" {
		c.Description = strings.TrimRight(c.Description, " .,;\n\t")
		if c.Description != "" {
			c.Description += ". "
		}
		c.Description += v
	}
	if in.press.Get("drop") != "" {
		c.PayeeID, c.PayeeVer, c.Details = "", 0, bankdetails.Details{Description: c.Description}
	}
	if err := w.pick(r, &in, in.press.Get("pick")); err != nil {
		return err
	}
	if v := in.press.Get("last"); v != "" {
		last, err := w.App.Store.Payees(r.ctx(), strings.TrimSpace(c.FullName), 50)
		if err != nil {
			return err
		}
		for _, p := range last {
			if p.Account == v {
				c.FullName, c.BIK, c.Account, c.INN, c.KPP = p.FullName, p.BIK, p.Account, p.INN, p.KPP
				break
			}
		}
	}
	return w.showForm(r, http.StatusOK, in, sh, nil, false)
}

// shapeOf is the form of a payout that is stored.
func (w *Web) shapeOf(r *req, s payout.Snapshot) (shape, error) {
	sh := shape{id: s.ID, version: s.Version, number: s.Number, makers: s.Makers, heading: lang.Fill(r.t.Form.Edit, num(s.Number), s.Version+1)}
	if s.State == payout.Draft {
		sh.heading = lang.Fill(r.t.Form.Edit, num(s.Number), s.Version)
	}
	if s.State == payout.PendingApproval || s.State == payout.Approved {
		ds, err := w.App.Store.DecisionsOf(r.ctx(), approval.Payout, string(s.ID), s.Version)
		if err != nil {
			return sh, err
		}
		d, err := r.desk()
		if err != nil {
			return sh, err
		}
		st, err := d.frame.Stand(app.JudgedOf(s), ds)
		if err != nil {
			return sh, err
		}
		sh.given = len(st.Tally.Given)
	}
	if s.ChangesAsked {
		events, err := w.App.Store.Timeline(r.ctx(), "payout", string(s.ID))
		if err != nil {
			return sh, err
		}
		d, err := r.desk()
		if err != nil {
			return sh, err
		}
		for _, e := range events {
			if e.Action == payout.ActChangesAsked {
				sh.asked = lang.Fill(r.t.Form.Asked, d.short(r.t, e.Person), e.Text)
			}
		}
	}
	if s.Content.Replaces != "" {
		old, err := w.App.Store.PayoutByID(r.ctx(), s.Content.Replaces)
		if err != nil {
			return sh, err
		}
		sh.replaces = &old
	}
	return sh, nil
}

func (w *Web) editForm(r *req) error { // GET /payouts/:id/edit
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	if !s.State.Waiting() || s.Asked || s.CredentialNo {
		return fault.Moved("payout.state", s.Number, string(s.State))
	}
	sh, err := w.shapeOf(r, s)
	if err != nil {
		return err
	}
	in := typed{version: s.Version, content: s.Content}
	if in.content.Amount.Minor > 0 && in.content.AmountText == "" {
		in.content.AmountText = rub(r.tag, in.content.Amount.Minor)
	}
	return w.showForm(r, http.StatusOK, in, sh, nil, false)
}

func (w *Web) edit(r *req) error { // POST /payouts/:id/edit
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	in := parseForm(r.Request().PostForm)
	if err := w.fillPayee(r, &in); err != nil {
		return err
	}
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	moved := func(err error) error { return w.conflict(r, id, seen{version: in.version}, &in.content, err) }
	if in.version != s.Version {
		return moved(fault.Moved("payout.moved", s.Number))
	}
	sh, err := w.shapeOf(r, s)
	if err != nil {
		return err
	}
	if in.do != "draft" && in.do != "submit" {
		return w.press(r, in, sh)
	}
	if err := in.faults(); err != nil {
		return w.showForm(r, http.StatusUnprocessableEntity, in, sh, fault.As(err), true)
	}
	if s.State == payout.Draft && in.do == "submit" && in.content.Clean().SameTyped(s.Content) {
		// Nothing was edited: the draft itself is submitted, without a version that says the same.
		err = w.App.Submit(r.ctx(), r.me.who(), id, in.version, in.acks)
	} else {
		err = w.App.Edit(r.ctx(), r.me.who(), id, in.version, in.entry())
	}
	switch fault.KindOf(err) {
	case 0:
		if err != nil {
			return err
		}
		return r.see(string(templates.PayoutHref(string(id))))
	case fault.Conflict:
		return moved(err)
	case fault.Invalid:
		now, lerr := w.App.Store.PayoutByID(r.ctx(), id)
		if lerr != nil {
			return lerr
		}
		if now.Version != s.Version { // it was kept, as a draft of a new version
			return w.draftAgain(r, id, in.acks, err)
		}
		return w.showForm(r, http.StatusUnprocessableEntity, in, sh, fault.As(err), true)
	}
	return err
}

// draftAgain shows the form of a draft that was kept, with why it was not submitted.
func (w *Web) draftAgain(r *req, id payout.ID, acks []string, cause error) error {
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	sh, err := w.shapeOf(r, s)
	if err != nil {
		return err
	}
	r.here = string(templates.PayoutHref(string(id) + "/edit"))
	in := typed{version: s.Version, content: s.Content, acks: acks}
	return w.showForm(r, http.StatusUnprocessableEntity, in, sh, fault.As(cause), true)
}

func (w *Web) showForm(r *req, status int, in typed, sh shape, faults fault.List, strict bool) error {
	v, err := w.formView(r, in, sh, faults, strict)
	if err != nil {
		return err
	}
	p, err := r.page(v.Heading, templates.SectionPayouts)
	if err != nil {
		return err
	}
	return r.show(status, templates.PayoutForm(p, v))
}

// check answers POST /payouts/check: live help for what stands in the form, nothing stored.
func (w *Web) check(r *req) error {
	in := parseForm(r.Request().PostForm)
	if err := w.fillPayee(r, &in); err != nil {
		return err
	}
	id := payout.ID(r.Request().PostForm.Get("id"))
	sh := shape{}
	if id != "" {
		s, err := w.App.Store.PayoutByID(r.ctx(), id)
		if err != nil {
			return err
		}
		sh = shape{id: id, version: s.Version, number: s.Number, makers: s.Makers}
	}
	v, err := w.formView(r, in, sh, nil, false)
	if err != nil {
		return err
	}
	p, err := r.page("", templates.SectionNone)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.Checked(p, v))
}

// fieldOrder is how the fields stand on the page: the list of errors goes down it.
var fieldOrder = []string{"payee_account", "full_name", "bik", "account", "amount", "description", "due_date", "own_ref", "inn", "kpp", "note"}

// vatWords are put at a purpose's end by one press, in the language of payments.
var vatWords = []string{"НДС не облагается", "В том числе НДС 22%"}

// formView builds the form with its help. faults are what a submission was refused for; strict shows every fault, else only those of
// what was typed to its end.
func (w *Web) formView(r *req, in typed, sh shape, faults fault.List, strict bool) (*templates.FormView, error) {
	choice, err := w.payeeChoice(r, &in, faults)
	if err != nil {
		return nil, err
	}
	t, raw := r.t, in.content
	c := raw.Clean()
	v := &templates.FormView{Action: "/payouts", Heading: sh.heading, MoreOpen: raw.OwnRef != "" || raw.Note != "" || raw.INN != "" || raw.KPP != "" || bankdetails.NeedINN(c.Account)}
	if sh.id != "" {
		v.Action = templates.PayoutHref(string(sh.id) + "/edit")
		v.Crumb = &templates.Link{Href: templates.PayoutHref(string(sh.id)), Label: numbered(t, sh.number)}
		v.Hidden = []templates.Hidden{{Name: "version", Value: strconv.Itoa(in.version)}, {Name: "id", Value: string(sh.id)}}
		if sh.given > 0 {
			v.Edit, v.EditNote = true, lang.Fill(t.Form.EditNote, sh.given)
		}
	} else {
		v.Hidden = []templates.Hidden{{Name: "form", Value: in.token}}
		if in.replaces != "" {
			v.Hidden = append(v.Hidden, templates.Hidden{Name: "replaces", Value: string(in.replaces)})
		}
	}
	if v.Choice = choice; choice != nil {
		v.MoreOpen = raw.OwnRef != "" || raw.Note != ""
		v.Hidden = append(v.Hidden, templates.Hidden{Name: "payee_version", Value: strconv.Itoa(raw.PayeeVer)})
	}
	v.Intro = sh.asked
	if sh.replaces != nil && v.Intro == "" {
		v.Intro = lang.Fill(t.Form.ReplaceNote, num(sh.replaces.Number))
		if sh.replaces.State == payout.Returned {
			v.Intro = lang.Fill(t.Payout.Replaces+" "+t.Common.Number, num(sh.replaces.Number)) + ". " + t.Panel.ReturnedText
		}
	}

	live := c.Check()
	if _, err := dueTyped(in.due); err != nil {
		live = append(live, fault.As(err)...)
	} else if err := app.CheckDue(c.DueDate, r.now); err != nil {
		live = append(live, fault.As(err)...)
	}
	bad := func(name string) string {
		if f := faults.Field(name); f != nil {
			return say(t, f)
		}
		// A submission named everything already; while somebody types only what is worth saying is said.
		if f := live.Field(name); f != nil && !strict && finished(name, c, f) {
			return say(t, f)
		}
		return ""
	}
	of := func(s string, most int) string {
		return lang.Fill(t.Form.Chars, utf8.RuneCountInString(strings.TrimSpace(s)), most)
	}
	v.FullName = templates.Field{Value: raw.FullName, Help: t.Form.HelpName, Error: bad("full_name"), End: of(raw.FullName, bankdetails.NameMax), Max: bankdetails.NameMax}
	v.BIK = templates.Field{Value: raw.BIK, Help: first(r.bankName(c.BIK), t.Form.HelpBIK), Error: bad("bik")}
	v.Due = r.dueField(first(in.due, dueText(c.DueDate)), c.DueDate, bad("due_date"))
	v.Account = templates.Field{Value: raw.Account, Help: t.Form.HelpAccount, Error: bad("account"), End: lang.Fill(t.Form.AccountCount, len(c.Account))}
	if k := bankdetails.AccountKind(c.Account); k != bankdetails.KindUnknown {
		v.Account.Help = lang.Label(t.Accounts, string(k))
	}
	v.Amount = templates.Field{Value: raw.AmountText, Help: t.Form.HelpAmount, Error: bad("amount")}
	if c.Amount.Minor > 0 {
		v.Amount.Help = lang.AmountInWords(r.tag, c.Amount)
	}
	v.Purpose = templates.Field{Value: raw.Description, Help: t.Form.HelpPurpose, Error: bad("description"), End: of(raw.Description, bankdetails.PurposeMax), Max: bankdetails.PurposeMax}
	v.OwnRef = templates.Field{Value: raw.OwnRef, Help: t.Form.HelpOwnRef, Error: bad("own_ref")}
	v.INN = templates.Field{Value: raw.INN, Help: t.Form.HelpINN, Error: bad("inn")}
	v.KPP = templates.Field{Value: raw.KPP, Help: t.Form.HelpKPP, Error: bad("kpp")}
	switch k := bankdetails.AccountKind(c.Account); {
	case bankdetails.NeedINN(c.Account):
		v.INN.Help = t.Form.HelpINNFirm
		if bankdetails.NeedKPP(c.Account) {
			v.KPP.Help = t.Form.HelpINNFirm
		}
	case k != bankdetails.KindUnknown:
		v.INN.Help = t.Form.HelpINNPerson
	}
	v.Note = templates.Field{Value: raw.Note, Help: t.Form.HelpNote, Error: bad("note")}
	if v.Note.Error != "" || v.OwnRef.Error != "" || v.INN.Error != "" || v.KPP.Error != "" {
		v.MoreOpen = true
	}
	if _, err := money.ParseRoubles(raw.AmountText); err != nil {
		for _, a := range money.Readings(err) {
			v.Readings = append(v.Readings, templates.Reading{Value: a.Plain(), Label: rubS(r.tag, a.Minor) + ", " + lowerFirst(lang.AmountInWords(r.tag, a))})
		}
	}
	for _, f := range faults {
		switch f.Field {
		case "ack":
		case "form", "currency":
			v.FormError = &templates.FieldError{Field: f.Field, Text: say(t, f)}
			if err := w.needsSaved(r, v, sh.id, f); err != nil {
				return nil, err
			}
			if f.Code == "payout.open_like" && len(f.Args) > 1 {
				if id, ok := f.Args[1].(string); ok {
					v.FormLinks = []templates.Link{{Href: templates.PayoutHref(id), Label: lang.Fill(t.Common.Number, f.Args[0])}}
				}
			}
		default:
			if choice != nil && slices.Contains([]string{"full_name", "inn", "kpp"}, f.Field) { // nothing of these can be typed: the whole form is refused
				v.FormError = &templates.FieldError{Field: f.Field, Text: say(t, f)}
				continue
			}
			if choice != nil && (f.Field == "bik" || f.Field == "account") { // said at the choice
				continue
			}
			v.Errors = append(v.Errors, templates.FieldError{Field: f.Field, Text: say(t, f)})
		}
	}
	slices.SortStableFunc(v.Errors, func(a, b templates.FieldError) int {
		return slices.Index(fieldOrder, a.Field) - slices.Index(fieldOrder, b.Field)
	})

	c.Replaces = in.replaces
	if sh.replaces != nil {
		c.Replaces = sh.replaces.ID
	}
	if err := w.ticks(r, v, in, sh, c, faults); err != nil {
		return nil, err
	}
	if choice == nil {
		if err := w.payees(r, v, c); err != nil {
			return nil, err
		}
		if err := w.savedHints(r, v, c, in.press.Get("find") != ""); err != nil {
			return nil, err
		}
	}
	return v, w.sheet(r, v, in, sh, c)
}

// finished reports whether a fault is worth saying while somebody still types: not that something is missing or too short.
func finished(field string, c payout.Content, f *fault.Error) bool {
	if strings.HasSuffix(f.Code, ".empty") || f.Code == "amount.not_positive" {
		return false
	}
	if strings.HasSuffix(f.Code, ".length") {
		switch field {
		case "account":
			return len(c.Account) > 20
		case "bik":
			return len(c.BIK) > 9
		case "kpp":
			return len(c.KPP) > 9
		}
		return len(c.INN) > 12
	}
	return true
}

func lowerFirst(s string) string {
	for i, c := range s {
		return strings.ToLower(string(c)) + s[i+len(string(c)):]
	}
	return s
}

// ticks are the warnings of what stands in the form.
func (w *Web) ticks(r *req, v *templates.FormView, in typed, sh shape, c payout.Content, faults fault.List) error {
	t := r.t
	warnings, same, err := w.App.Judge(r.ctx(), sh.id, c)
	if fault.Is(err, "payout.open_like") {
		warnings = bankdetails.Warnings(c.Details)
		if v.FormError == nil {
			f := fault.As(err)[0]
			v.Account.Error = first(v.Account.Error, say(t, f))
		}
	} else if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, f := range faults {
		if f.Field == "ack" && len(f.Args) > 0 {
			if code, ok := f.Args[0].(string); ok {
				missing[code] = true
			}
		}
	}
	for _, wn := range warnings {
		code := string(wn)
		k := templates.Tick{Code: code, Bold: lang.Label(t.Acks, code), Text: lang.Label(t.AckLong, code), Ticked: contains(in.acks, code)}
		if missing[code] {
			k.Error = t.Form.AckMissing
		}
		switch wn {
		case bankdetails.WarnDuplicate:
			for _, s := range same {
				k.Links = append(k.Links, templates.Link{Href: templates.PayoutHref(string(s.ID)), Label: numbered(t, s.Number) + ", " + lowerFirst(lang.Label(t.States, string(s.State)))})
			}
		case bankdetails.WarnNoVAT:
			for _, words := range vatWords {
				k.Inserts = append(k.Inserts, templates.Insert{Text: words})
			}
		}
		v.Ticks = append(v.Ticks, k)
	}
	return nil
}

// hints is how many of the last payees are offered.
const hints = 5

// payees offers the last payees while a name is typed, and says how this one was paid before.
func (w *Web) payees(r *req, v *templates.FormView, c payout.Content) error {
	t := r.t
	if c.FullName != "" {
		paid, err := w.App.Store.PaidBefore(r.ctx(), c.FullName)
		if err != nil {
			return err
		}
		var last app.Paid
		for _, p := range paid {
			if p.LastAt.After(last.LastAt) {
				last = p
			}
		}
		if last.N > 0 {
			v.FullName.Help = lang.Fill(t.Form.PaidBefore, lang.Day(r.tag, last.LastAt, r.now), lang.Last4(last.Account))
		} else if c.Account != "" {
			v.FullName.Help = t.Form.NeverPaid
		}
	}
	if c.Account != "" {
		return nil // a payee was chosen or typed
	}
	list, err := w.App.Store.Payees(r.ctx(), c.FullName, hints)
	if err != nil {
		return err
	}
	for _, p := range list {
		v.Payees = append(v.Payees, templates.PayeeHint{ID: p.Account, Name: p.FullName, BIK: p.BIK, Account: p.Account, INN: p.INN, KPP: p.KPP,
			Note: lang.Last4(p.Account) + ", " + lang.When(r.tag, p.At, r.now)})
	}
	return nil
}

// sheet is what the approver will see.
func (w *Web) sheet(r *req, v *templates.FormView, in typed, sh shape, c payout.Content) error {
	t := r.t
	s := &v.Sheet
	if c.Amount.Minor > 0 {
		s.Sum = sum(r.tag, c.Amount.Minor, false)
	} else {
		s.NoSum = t.Form.SheetNoSum
	}
	s.Payee, s.BIK, s.Bank, s.Note = c.FullName, c.BIK, r.bankName(c.BIK), c.Note
	if c.DueDate != "" && v.Due.Error == "" {
		s.Due = v.Due.Help
	}
	if c.Account != "" {
		s.Account = accountOf(t, c.Account, true)
	}
	s.Purpose = marked(c.Description)
	for _, k := range v.Ticks {
		note := t.Form.NotTicked
		if k.Ticked {
			note = t.Form.Ticked
		}
		s.Warnings = append(s.Warnings, templates.Fact{Value: k.Bold, Note: note})
	}
	if c.Amount.Minor <= 0 {
		return nil
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	j := app.JudgedOf(payout.Snapshot{Content: c, Makers: slices.Clone(sh.makers)})
	if !contains(j.Makers, r.me.ID) {
		j.Makers = append(j.Makers, r.me.ID)
	}
	st, err := d.frame.Stand(j, nil)
	if err != nil {
		return err
	}
	need, could := st.Need.Count(), st.Tally.Could(d.signers)
	s.Signs, s.SignsText = signs(t, 0, need, false)
	ok, _ := approval.Reachable(st.Tally.Case, d.signers)
	switch {
	case !ok:
		s.Rule = t.Form.NobodyCan
	case st.Need.Seniors() > 0:
		s.Rule = lang.Fill(t.Form.WithSenior, need, len(could))
	case need == len(could):
		s.Rule = lang.Fill(t.Form.AllOf, need)
	default:
		s.Rule = lang.Fill(t.Form.AnyOf, need, len(could))
	}
	s.RuleNote = strings.Join(couldNames(could), ", ")
	return nil
}

// marked cuts a purpose at the signs that the bank refuses.
func marked(s string) []templates.DiffPart {
	var out []templates.DiffPart
	start := 0
	for i, c := range s {
		if c != '?' && c != '!' {
			continue
		}
		if i > start {
			out = append(out, templates.DiffPart{Kind: ' ', Text: s[start:i]})
		}
		out = append(out, templates.DiffPart{Kind: '!', Text: string(c)})
		start = i + 1
	}
	if start < len(s) {
		out = append(out, templates.DiffPart{Kind: ' ', Text: s[start:]})
	}
	return out
}
