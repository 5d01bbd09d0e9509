package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/money"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// A list goes through forms as one field an item: the payout's id, then its version code.
const (
	itemField = "i"
	idLen     = 36
)

// many shows a list before it is decided: POST /approvals/many with `pick` for each payout, or `all` for the whole queue. The page fixes ids and version
// codes; nothing is written.
func (w *Web) many(r *req) error {
	d, err := r.desk()
	if err != nil {
		return err
	}
	form := r.Request().PostForm
	mine := d.mine(r.me.ID)
	if form.Get("all") == "" {
		mine = slices.DeleteFunc(slices.Clone(mine), func(p pending) bool { return !slices.Contains(form["pick"], string(p.ID)) })
	}
	if len(mine) == 0 { // the queue as it is now, with the word at its place
		r.here = "/approvals"
		if len(form["pick"]) > 0 || form.Get("all") != "" {
			return w.showApprovals(r, http.StatusUnprocessableEntity, fault.Bad("form", "batch.gone"))
		}
		return w.showApprovals(r, http.StatusUnprocessableEntity, fault.Bad("form", "batch.empty"))
	}
	return w.showMany(r, d, mine, token(16), http.StatusOK, nil)
}

// list is what the confirm page is made of.
type list struct {
	items   []app.BatchItem
	sum     int64
	stands  []app.Standing
	sets    []int // that the payouts were submitted under
	last    int
	payees  map[string]bool
	odd     []templates.BatchRow
	rest    []templates.BatchRow
	alone   []templates.BatchRow
	warned  int
	cutFrom int  // how many there were before the list was cut to its size
	bySum   bool // some stand apart for nothing but the sum of all
}

// showMany shows the list of these payouts, the odd ones first. What the sum of all of them keeps from being approved by a list stands apart and is not in it.
func (w *Web) showMany(r *req, d *desk, from []pending, form string, status int, refused error) error {
	l := list{payees: map[string]bool{}, cutFrom: len(from)}
	from = slices.Clone(from[:min(len(from), app.MaxBatch)])
	slices.SortStableFunc(from, func(a, b pending) int { return cmp.Compare(b.Amount, a.Amount) })
	total := int64(0)
	for _, p := range from {
		total += p.Amount
	}
	me := d.signer(r.me.ID)
	type oddOne struct {
		row  templates.BatchRow
		item app.BatchItem
	}
	var odd, rest []oddOne
	var most approval.Need // what the sum asks for at most
	for _, p := range from {
		hs, err := w.App.HintsOn(r.ctx(), d.frame, p.stand, app.JudgedRow(p.PendingRow), p.Version, p.FullName, r.me.who())
		if err != nil {
			return err
		}
		row := r.batchRow(p.Row)
		for _, h := range r.hints(hs) {
			row.Hints = append(row.Hints, h.Bold+" "+h.Text)
		}
		if note := r.lostShort(d, p.SubmittedAt); note != "" {
			row.Hints = append(row.Hints, note+".")
		}
		if k := len(p.Acks); k > 0 {
			l.warned++
			row.Hints = append(row.Hints, upperFirst(lang.Fill(r.t.Decision().Many.Warned, k))+".")
		}
		band, err := d.frame.ListBand(p.RuleSet, total)
		if err != nil {
			return err
		}
		if band.Count() > most.Count() {
			most = band
		}
		if why := app.ListWhy(p.stand, me, band, d.signers, p.Decisions); why != approval.Can {
			row.Did, row.Tone = r.t.Decision().Many.Line[app.ItemAlone]+": "+lang.Label(r.t.Decision().Many.Alone, string(why)), "doubt"
			l.alone = append(l.alone, row)
			l.bySum = l.bySum || why == app.AloneBySum
			continue
		}
		l.sum += p.Amount
		l.stands, l.sets = append(l.stands, p.stand), append(l.sets, p.RuleSet)
		l.payees[bankdetails.NormalizeName(p.FullName)+" "+p.Account] = true
		if p.tally.LastWith(me) {
			l.last++
		}
		x := oddOne{row, app.BatchItem{ID: p.ID, Digest: payout.Digest(p.Digest)}}
		if len(row.Hints) > 0 {
			odd = append(odd, x)
		} else {
			rest = append(rest, x)
		}
	}
	for _, x := range odd {
		l.odd, l.items = append(l.odd, x.row), append(l.items, x.item)
	}
	for _, x := range rest {
		l.rest, l.items = append(l.rest, x.row), append(l.items, x.item)
	}
	p, err := r.page(r.t.Decision().Many.Title, templates.SectionApprovals)
	if err != nil {
		return err
	}
	return r.show(status, templates.Batch(p, r.batchView(d, l, total, most, form, refused)))
}

func (r *req) batchRow(x app.Row) templates.BatchRow {
	v := templates.BatchRow{Href: templates.PayoutHref(string(x.ID)), Number: num(x.Number), Payee: x.FullName, Last4: lang.Last4(x.Account), Sum: sum(r.tag, x.Amount, false)}
	if v.Payee == "" {
		v.Payee = r.t.Common.NotSet
	}
	return v
}

func (r *req) batchView(d *desk, l list, total int64, band approval.Need, form string, refused error) *templates.BatchView {
	t := r.t.Decision().Many
	digest := app.ListDigest(l.items)
	v := &templates.BatchView{OddTitle: t.Odd, Odd: l.odd, Rest: l.rest, RestTitle: t.OtherTitle, Alone: l.alone, Action: "/approvals/many/decide"}
	if len(l.alone) > 0 {
		v.AloneHead = r.t.N(t.AloneTitle, len(l.alone))
	}
	v.Facts = []templates.Fact{{Label: t.Count, Value: lang.Int(r.tag, len(l.items))}, {Label: t.Sum, Value: rubS(r.tag, l.sum)}, {Label: t.Payees, Value: lang.Int(r.tag, len(l.payees))}}
	v.Rule = []string{t.Rule}
	if band.Count() > 1 {
		line := lang.Fill(t.RuleBand, rub(r.tag, total), band.Count())
		if k := band.Seniors(); k > 0 {
			line = lang.Fill(t.RuleSeniors, rub(r.tag, total), band.Count(), k)
		}
		v.Rule = append(v.Rule, line)
	}
	if l.cutFrom > app.MaxBatch {
		v.Note = lang.Fill(t.More, app.MaxBatch)
	}
	if len(l.items) == 0 {
		v.Refused = &templates.FieldError{Field: "form", Text: t.Refused}
		if l.bySum { // each could be approved by itself
			v.Refused.Text = lang.Fill(t.RefusedSum, rub(r.tag, total), band.Count())
		}
		return v
	}
	v.Words = lang.AmountInWords(r.tag, money.Roubles(l.sum))
	v.Facts = append(v.Facts, templates.Fact{Label: t.Code, Value: payout.Digest(digest).Short(), Mono: true})
	if refused == nil {
		refused = app.ListRefused(d.signer(r.me.ID), d.signers, l.stands, l.sum, r.now)
	}
	if fs := fault.As(refused); len(fs) > 0 {
		v.Refused = &templates.FieldError{Field: first(fs[0].Field, "form"), Text: say(r.t, fs[0])}
		if fs[0].Kind == fault.Denied {
			return v // it would be refused again
		}
	}
	if l.last > 0 {
		v.Last = r.t.N(t.LastNote, l.last)
	}
	v.Hidden = []templates.Hidden{{Name: "form", Value: form}, {Name: "digest", Value: digest}}
	for _, x := range l.items {
		v.Hidden = append(v.Hidden, templates.Hidden{Name: itemField, Value: string(x.ID) + string(x.Digest)})
	}
	v.Button, v.Amount = r.t.N(t.Approve, len(l.items)), rubS(r.tag, l.sum)
	v.Sign = r.signFor(d, l, digest)
	return v
}

// signFor is what a decision over a list asks of its proof; nil when the password was enough.
func (r *req) signFor(d *desk, l list, digest string) *templates.SignView {
	sign, code, err := d.frame.ListSigns(l.sum, l.stands, l.sets)
	var v *templates.SignView
	if err == nil {
		v, err = r.signView(r.ctx(), "/account/passkeys/challenge", digest, sign, code)
	}
	if err != nil {
		r.web.Log.Error("what a list asks of its proof", "error", err) // the decision itself is judged again
	}
	return v
}

// decideMany approves a list: POST /approvals/many/decide. The same form again is the same decision.
func (w *Web) decideMany(r *req) error {
	form := r.Request().PostForm
	var items []app.BatchItem
	for _, s := range form[itemField] {
		if len(s) <= idLen {
			return fault.Bad("form", "batch.digest")
		}
		items = append(items, app.BatchItem{ID: payout.ID(s[:idLen]), Digest: payout.Digest(s[idLen:])})
	}
	done, err := w.tryCode(r, form.Get("code"))
	if err != nil {
		return err
	}
	b, err := w.App.ApproveMany(r.ctx(), r.me.who(), form.Get("form"), items, digestSeen(form), proofOf(r))
	done(err)
	if err == nil {
		return r.see("/approvals/many/" + b.ID)
	}
	if fs := fault.As(err); len(fs) == 0 || fs[0].Kind != fault.Invalid && !strings.HasPrefix(fs[0].Code, "batch.") || strings.HasPrefix(fs[0].Code, "batch.digest") {
		return err
	}
	// The list again, with what is wrong: those of it that still are as they were.
	d, derr := r.desk()
	if derr != nil {
		return derr
	}
	again := slices.DeleteFunc(slices.Clone(d.mine(r.me.ID)), func(p pending) bool {
		return !slices.ContainsFunc(items, func(x app.BatchItem) bool { return x.ID == p.ID && string(x.Digest) == p.Digest })
	})
	if len(again) == 0 {
		return err
	}
	return w.showMany(r, d, again, form.Get("form"), statusOf(err), err)
}

// proofOf is what came with a decision to show that the person is there.
func proofOf(r *req) app.Proof {
	form := r.Request().PostForm
	return app.Proof{Challenge: form.Get("challenge"), Response: []byte(form.Get("response")), Code: form.Get("code")}
}

// manyDone is what came of a list, line by line: GET /approvals/many/:id. Only whoever decided it sees it.
func (w *Web) manyDone(r *req) error {
	b, err := w.App.Store.BatchByID(r.ctx(), r.Param("id"))
	if err != nil {
		return err
	}
	if b.By.Person != r.me.ID {
		return fault.Missing("batch.none")
	}
	ids := make([]payout.ID, len(b.Items))
	for i, x := range b.Items {
		ids[i] = x.ID
	}
	rows, err := w.App.Store.Rows(r.ctx(), ids)
	if err != nil {
		return err
	}
	byID := make(map[payout.ID]app.Row, len(rows))
	for _, x := range rows {
		byID[x.ID] = x
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	t := r.t.Decision().Many
	v := &templates.BatchDoneView{}
	approved := int64(0)
	for _, want := range []bool{false, true} { // what was not approved is read first
		for _, x := range b.Items {
			yes := x.Did == app.ItemYes || x.Did == app.ItemLast
			if yes != want {
				continue
			}
			row := r.batchRow(byID[x.ID])
			row.Did, row.Tone = lang.Label(t.Line, x.Did), "doubt"
			if yes {
				row.Tone = "paid"
				approved += byID[x.ID].Amount
			}
			if x.Why != "" {
				row.Did += ": " + lang.Label(t.Alone, x.Why)
			}
			v.Rows = append(v.Rows, row)
		}
	}
	v.Line = t.DoneNone
	if k := b.Approved(); k > 0 {
		v.Line = lang.Fill(t.Done, lang.Int(r.tag, k), lang.Int(r.tag, len(b.Items)), rub(r.tag, approved))
	}
	v.Facts = []templates.Fact{{Label: r.t.History.At, Value: lang.Moment(r.tag, b.At, r.now)}, {Label: t.Code, Value: payout.Digest(b.Digest).Short(), Mono: true}}
	if mine := d.mine(r.me.ID); len(mine) > 0 {
		v.Next = &templates.Link{Href: templates.PayoutHref(string(mine[0].ID)) + templ.SafeURL("?queue=1"), Label: t.GoOn + " (" + strconv.Itoa(len(mine)) + ")"}
	}
	p, err := r.page(t.DoneTitle, templates.SectionApprovals)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.BatchDone(p, v))
}
