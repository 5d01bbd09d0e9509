package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/web/templates"
)

// one is everything that the page of one payout is made of.
type one struct {
	r         *req
	d         *desk
	s         payout.Snapshot
	row       app.Row
	versions  []app.VersionRow
	decisions []approval.Decision
	tally     approval.Tally
	stand     app.Standing
	why       approval.Why // what keeps this reader from approving
	events    []app.EventRow
	attempts  []app.AttemptRow
	steps     []app.StepLine
	echo      protocol.Echo // what the bank says that it took; Payout is "" when that is not known
	echoAt    time.Time
	held      string
	replaced  *payout.Snapshot // what this one replaces
	byID      payout.ID        // what replaces this one
	byNumber  payout.Number
	isMaker   bool
	ruling    *app.Proposal // the ruling in force on its outcome, and what it says; nil for none
	ruled     *app.Verdict
	full      bool // this reader may see payees and purposes
}

// load reads a payout with everything about it.
func (w *Web) load(r *req, id payout.ID) (*one, error) {
	d, err := r.desk()
	if err != nil {
		return nil, err
	}
	ctx, store := r.ctx(), w.App.Store
	o := &one{r: r, d: d, full: r.may(app.ReadPayouts)}
	if o.s, err = store.PayoutByID(ctx, id); err != nil {
		return nil, err
	}
	s := o.s
	if o.versions, err = store.Versions(ctx, id); err != nil {
		return nil, err
	}
	if o.decisions, err = store.DecisionsOf(ctx, approval.Payout, string(id), s.Version); err != nil {
		return nil, err
	}
	if o.events, err = store.Timeline(ctx, "payout", string(id)); err != nil {
		return nil, err
	}
	if o.attempts, err = store.AttemptsOf(ctx, id); err != nil {
		return nil, err
	}
	if o.steps, err = store.StepsOf(ctx, id); err != nil {
		return nil, err
	}
	if o.echo, o.echoAt, _, err = w.App.Echo(ctx, s); err != nil {
		return nil, err
	}
	if s.Content.Replaces != "" {
		x, err := store.PayoutByID(ctx, s.Content.Replaces)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		if err == nil {
			o.replaced = &x
		}
	}
	if by, n, ok, err := store.ReplacementOf(ctx, id); err != nil {
		return nil, err
	} else if ok {
		o.byID, o.byNumber = by, n
	}
	if err = o.readRulings(); err != nil {
		return nil, err
	}
	if o.stand, err = d.frame.Stand(app.JudgedOf(s), o.decisions); err != nil {
		return nil, err
	}
	o.tally = o.stand.Tally
	o.why = o.tally.May(d.signer(r.me.ID))
	o.held = d.Held(s.State, s.Why, s.Content.DueDate, s.SendAt, s.HeldUntil, r.now)
	o.isMaker = slices.Contains(s.Makers, r.me.ID)
	o.row = app.Row{ID: s.ID, Number: s.Number, State: s.State, Review: s.Review, Confirmed: s.Confirmed, ChangesAsked: s.ChangesAsked, Why: s.Why,
		FullName: s.Content.FullName, Account: s.Content.Account, Description: s.Content.Description, Amount: s.Content.Amount.Minor, ReturnedMinor: s.ReturnedMinor,
		Given: len(o.tally.Given), Needed: o.tally.Needed(), ChangedAt: s.ChangedAt, SendAt: s.SendAt, SentAt: s.SentAt, SubmittedAt: s.SubmittedAt, Makers: s.Makers,
		Digest: string(s.Digest), Version: s.Version, DueDate: s.Content.DueDate, HeldUntil: s.HeldUntil}
	return o, nil
}

// said is what a person had typed or been told, when the page is shown again after a refusal.
type said struct {
	err          *templates.FieldError // over the whole panel
	reason       string
	reasonErr    string // at the reason of a decision
	cancelReason string
	cancelErr    string
}

func (w *Web) payout(r *req) error { // GET /payouts/:id
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	return w.showPayout(r, id, http.StatusOK, said{})
}

func (w *Web) showPayout(r *req, id payout.ID, status int, was said) error {
	o, err := w.load(r, id)
	if err != nil {
		return err
	}
	title := lang.Fill(r.t.Payout.TitleOne, num(o.s.Number), rub(r.tag, o.s.Content.Amount.Minor))
	p, err := r.page(title, templates.SectionPayouts)
	if err != nil {
		return err
	}
	v, err := o.view(was)
	if err != nil {
		return err
	}
	return r.show(status, templates.Payout(p, v))
}

// whole: this reader sees the account number without asking: a maker on their own payout's form does, and an approver who can decide.
func (o *one) whole() bool {
	return o.s.State == payout.PendingApproval && o.why == approval.Can
}

func (o *one) view(was said) (*templates.PayoutView, error) {
	r, t, s := o.r, o.r.t, o.s
	c := s.Content
	v := &templates.PayoutView{ID: string(s.ID), Number: num(s.Number), Sum: sum(r.tag, c.Amount.Minor, false), Badge: o.d.badge(t, o.row, r.now), Reference: s.Reference}
	x := r.row(o.d, o.row)
	v.Signs, v.SignsText = x.Signs, x.SignsText
	v.MoveBold, v.MoveText = o.move()
	v.Makers = o.makers()
	var err error
	if v.Marks, err = o.marks(); err != nil {
		return nil, err
	}
	if o.full {
		v.PayeeMakers = o.payeeMakers()
		v.Payee = c.FullName
		if v.Payee == "" {
			v.Payee = t.Common.NotSet
		}
		v.BIK, v.Bank, v.Purpose = c.BIK, r.bankName(c.BIK), c.Description
		if c.Account != "" {
			v.Account = o.account()
		}
		for _, f := range []templates.Fact{{Label: t.BankRoom().Due, Value: dueText(c.DueDate)}, {Label: t.Payout.Basis, Value: c.Note}, {Label: t.Payout.OwnRef, Value: c.OwnRef}, {Label: t.Payout.INN, Value: c.INN}, {Label: t.Payout.KPP, Value: c.KPP}} {
			if f.Value != "" {
				v.More = append(v.More, f)
			}
		}
		v.More = append(v.More, o.savedPayee()...)
		if err := o.paidBefore(v); err != nil {
			return nil, err
		}
	}
	if s.State != payout.PendingApproval && s.State != payout.Draft {
		v.Approved = o.given()
	}
	if o.replaced != nil {
		f := templates.Fact{Label: t.Payout.Replaces, Value: numbered(t, o.replaced.Number), Href: templates.PayoutHref(string(o.replaced.ID))}
		if o.replaced.State == payout.Failed {
			f.Note = lang.Fill(t.Payout.ReplaceOf, lang.Day(r.tag, o.replaced.ChangedAt, r.now))
		}
		v.Rel = append(v.Rel, f)
	}
	if o.byID != "" {
		v.Rel = append(v.Rel, templates.Fact{Label: t.Payout.ReplacedBy, Value: numbered(t, o.byNumber), Href: templates.PayoutHref(string(o.byID))})
	}
	v.Rel = append(v.Rel, o.rulingFacts()...)
	if o.full && len(o.versions) > 1 {
		v.Version = lang.Fill(t.Common.VersionOf, s.Version, len(o.versions))
		for _, x := range o.versions {
			if x.Version != s.Version {
				v.Versions = append(v.Versions, templates.Link{Href: o.href("/versions/" + strconv.Itoa(x.Version)), Label: lang.Fill(t.Common.Version, x.Version)})
			}
		}
	}
	if v.Panel, err = o.panel(was); err != nil {
		return nil, err
	}
	if v.Queue, err = o.queue(); err != nil {
		return nil, err
	}
	v.Timeline = o.timeline()
	v.Tech = o.tech()
	return v, nil
}

func (o *one) href(tail string) templ.SafeURL { return templates.PayoutHref(string(o.s.ID) + tail) }

func (o *one) account() *templates.AccountNumber {
	a := accountOf(o.r.t, o.s.Content.Account, o.whole())
	if !o.whole() && o.r.may(app.Reveal) {
		a.Reveal = string(o.href("/reveal"))
	}
	return a
}

func accountOf(t *lang.Texts, account string, whole bool) *templates.AccountNumber {
	a := &templates.AccountNumber{Last4: lang.Last4(account)}
	if k := bankdetails.AccountKind(account); k != bankdetails.KindUnknown {
		a.Kind = lang.Label(t.Accounts, string(k))
	}
	if whole {
		a.Groups = lang.Account5(account)
	}
	return a
}

func (o *one) makers() string {
	names := make([]string, len(o.s.Makers))
	for i, m := range o.s.Makers {
		names[i] = o.d.name(o.r.t, m)
	}
	return strings.Join(names, ", ")
}

// payeeMakers names who entered what the payout takes from its saved payee and is no maker of it otherwise; they may not approve it either.
func (o *one) payeeMakers() string {
	var names []string
	for _, m := range o.stand.PayeeMakers {
		if !slices.Contains(o.s.Makers, m) {
			names = append(names, o.d.name(o.r.t, m))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return lang.Fill(o.r.t.Payees().MadeBy, strings.Join(names, ", "))
}

// paidBefore says how often and how much this payee was paid.
func (o *one) paidBefore(v *templates.PayoutView) error {
	r, t := o.r, o.r.t
	if o.s.Content.FullName == "" {
		return nil
	}
	paid, err := r.web.App.Store.PaidBefore(r.ctx(), o.s.Content.FullName)
	if err != nil {
		return err
	}
	n, total, last := 0, int64(0), time.Time{}
	here := 0
	if o.s.State == payout.Succeeded { // a returned one counts as no payment at all
		n, total, here = -1, -o.s.Content.Amount.Minor, -1 // "before" is without this one
	}
	other, others := "", 0   // the account it was last paid to; how many there are besides this one
	for _, p := range paid { // the latest first
		n, total = n+p.N, total+p.Sum
		if p.LastAt.After(last) {
			last = p.LastAt
		}
		if p.Account == o.s.Content.Account {
			here += p.N
		} else {
			other, others = first(other, p.Account), others+1
		}
	}
	if n <= 0 {
		if !o.s.State.Sent() {
			v.PaidNote = t.Payout.PaidFirst
		}
		return nil
	}
	v.PaidText, v.PaidSum = t.N(t.Common.PayoutsOn, n), sum(r.tag, total, false)
	v.PaidTail = lang.Fill(t.Payout.PaidLast, lang.Day(r.tag, last, r.now))
	switch {
	case here == n:
		v.PaidNote = t.Payout.PaidSame
	case here == 0 && others > 1:
		v.PaidNote = lang.Fill(t.More().PaidOthers, others, lang.Last4(other))
	case here == 0:
		v.PaidNote = lang.Fill(t.Payout.PaidOther, lang.Last4(other))
	default:
		v.PaidNote = lang.Fill(t.More().PaidSome, here, n)
	}
	return nil
}

// given are the approvals that count, with their times.
func (o *one) given() []templates.Signature {
	var out []templates.Signature
	for _, g := range o.tally.Given {
		sg := templates.Signature{Mark: "given", Text: g.Name}
		for _, x := range o.decisions {
			if x.Person == g.ID && x.Answer == approval.Yes {
				sg.At = clockDay(o.r, x.At)
			}
		}
		out = append(out, sg)
	}
	return out
}

// clockDay is a time to the second, with its day unless that is today.
func clockDay(r *req, at time.Time) string {
	if lang.StartOfDay(at).Equal(lang.StartOfDay(r.now)) {
		return lang.Clock(r.tag, at)
	}
	return lang.Day(r.tag, at, r.now) + " " + lang.Clock(r.tag, at)
}

// lackSigns are the lines for approvals that are still missing: who may give them.
func (o *one) signsNeeded() []templates.Signature {
	t := o.r.t.Panel
	could := o.tally.Could(o.d.signers)
	names := func(skip string) string {
		var out []string
		for _, c := range could {
			if c.ID == skip {
				continue
			}
			n := lang.ShortName(c.Name)
			if c.Has(approval.Senior) && o.tally.OpenSeniors > 0 {
				n += ", " + t.Senior
			}
			out = append(out, n)
		}
		return strings.Join(out, ", ")
	}
	var out []templates.Signature
	for i := range o.tally.Open {
		if i == 0 && o.why == approval.Can {
			s := templates.Signature{Mark: "mine", Bold: t.You}
			if n := names(o.r.me.ID); n != "" && o.tally.Open == 1 {
				s.Text = lang.Fill(t.OrOthers, n)
			}
			out = append(out, s)
			continue
		}
		s := templates.Signature{Mark: "empty", Text: o.r.t.Form.NobodyCan}
		skip := ""
		if o.why == approval.Can {
			skip = o.r.me.ID
		}
		if n := names(skip); n != "" {
			s.Text = lang.Fill(t.AnyOf, n)
		}
		out = append(out, s)
	}
	return out
}

// warnings are the ticked ones, as approvers see them.
func (o *one) warnings() []templates.Warning {
	t := o.r.t
	var out []templates.Warning
	var who string
	for _, e := range o.events {
		if e.Action == payout.ActSubmitted && e.Version == o.s.Version {
			who = o.d.short(t, e.Person)
		}
	}
	for _, a := range o.s.Acks {
		w := templates.Warning{Bold: lang.Label(t.Acks, a) + ".", Text: lang.Label(t.AckLong, a)}
		if who != "" {
			w.Note = lang.Fill(t.Panel.Warned, who)
		}
		if a == string(bankdetails.WarnDuplicate) {
			_, same, err := o.r.web.App.Judge(o.r.ctx(), o.s.ID, o.s.Content)
			if err != nil {
				same = nil // one like it is open at the bank by now: its own page says so
			}
			for _, s := range same {
				w.Links = append(w.Links, templates.Link{Href: templates.PayoutHref(string(s.ID)), Label: numbered(t, s.Number)})
			}
		}
		out = append(out, w)
	}
	return out
}

// changes are what the newest version changed, for those who decide.
func (o *one) changes() *templates.Diff {
	if len(o.versions) < 2 || !o.full {
		return nil
	}
	now := versionOf(o.versions, o.s.Version, "")
	if now == nil {
		return nil
	}
	// Against the last version that was submitted: that is what approvers saw.
	var was *app.VersionRow
	for i := range o.versions {
		if v := &o.versions[i]; v.Version < now.Version && (v.Digest != "" || was == nil) {
			was = v
		}
	}
	if was == nil {
		return nil
	}
	title := lang.Fill(o.r.t.Panel.ChangedIn, now.Version, o.d.short(o.r.t, now.By.Person), lang.When(o.r.tag, now.At, o.r.now))
	return diff(o.r.t, title, was.Content, now.Content, false)
}

func (o *one) tech() []templates.Fact {
	t, s := o.r.t.Payout, o.s
	var out []templates.Fact
	if s.Digest != "" {
		out = append(out, templates.Fact{Label: t.VersionCode, Value: s.Digest.Short(), Mono: true}, templates.Fact{Label: t.VersionCodeWhole, Value: string(s.Digest), Mono: true, Copy: true})
	}
	if s.RuleSet > 0 {
		out = append(out, templates.Fact{Label: t.RuleSet, Value: lang.Fill(o.r.t.Common.Version, s.RuleSet)})
	}
	if s.Session != "" {
		out = append(out, templates.Fact{Label: t.Session, Value: s.Session, Mono: true, Copy: true})
	}
	if s.Key != "" && o.full {
		out = append(out, templates.Fact{Label: t.Key, Value: s.Key, Mono: true})
	}
	if n := len(o.attempts); n > 0 {
		out = append(out, templates.Fact{Label: t.Requests, Value: strconv.Itoa(n)})
	}
	st := o.r.t.Steps()
	for _, x := range o.steps {
		out = append(out, templates.Fact{Label: lang.Label(st.Calls, string(x.Call)), Value: lang.Fill(st.Line, clockDay(o.r, x.At), stepSaid(o.r.t, x))})
	}
	if e := o.echo; e.Payout != "" {
		took := rubS(o.r.tag, e.AmountMinor)
		if o.full {
			took = lang.Fill(st.TookFull, took, lang.Last4(e.Account), e.FullName, e.Description)
		}
		out = append(out, templates.Fact{Label: st.Took, Value: lang.Fill(st.Line, clockDay(o.r, o.echoAt), took)})
		if e.HasFee {
			out = append(out, templates.Fact{Label: st.Fee, Value: rubS(o.r.tag, e.FeeMinor)})
		}
	}
	return out
}

func (w *Web) version(r *req) error { // GET /payouts/:id/versions/:n
	id, err := w.payoutID(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("n"))
	if err != nil {
		return fault.Missing("notfound")
	}
	s, err := w.App.Store.PayoutByID(r.ctx(), id)
	if err != nil {
		return err
	}
	vs, err := w.App.Store.Versions(r.ctx(), id)
	if err != nil {
		return err
	}
	x := versionOf(vs, n, "")
	if x == nil {
		return fault.Missing("notfound")
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	t := r.t
	v := &templates.VersionView{Number: num(s.Number), Back: templates.PayoutHref(string(id)), Note: fmt.Sprintf("%s, %s", d.short(t, x.By.Person), lang.Moment(r.tag, x.At, r.now))}
	v.Title = upperFirst(lang.Fill(t.Common.VersionOf, n, len(vs)))
	for _, f := range fieldsOf(t, x.Content) {
		if f.value == "" {
			continue
		}
		if f.name == "account" {
			f.value = lang.Last4(f.value)
		}
		v.Facts = append(v.Facts, templates.Fact{Label: f.label, Value: f.value})
	}
	if x.Digest != "" {
		v.Facts = append(v.Facts, templates.Fact{Label: t.Payout.VersionCode, Value: payout.Digest(x.Digest).Short(), Mono: true})
	}
	for _, a := range x.Acks {
		v.Facts = append(v.Facts, templates.Fact{Label: lang.Label(t.Fields, "ack"), Value: lang.Label(t.Acks, a)})
	}
	if before := versionOf(vs, n-1, ""); before != nil {
		v.Diff = diff(t, t.Payout.WhatChanged, before.Content, x.Content, false)
	}
	p, err := r.page(numbered(t, s.Number)+", "+v.Title, templates.SectionPayouts)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.Version(p, v))
}

func upperFirst(s string) string {
	for i, c := range s {
		return strings.ToUpper(string(c)) + s[i+len(string(c)):]
	}
	return s
}
