package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

const historyPage = 50

// adminKinds are the subjects that administrators read about.
var adminKinds = []string{"person", "signin", "halt", "rules", "limits", "keys"}

// logKinds are the kinds to choose from.
var logKinds = []string{"payout", "payee", "message", "halt", "person", "rules", "limits", "keys", "signin", "export"}

// A file is a look at a list; the catalogue names it by what it is for people.
const lookCSV, exportCSV = "look.csv", "export.csv"

// logText is an event in words.
func logText(t *lang.Texts, e app.EventRow, f facts) string {
	key := e.Action
	switch {
	case key == payout.ActMoved && f.Review:
		key = payout.ActAlarm
	case key == payout.ActFetched:
		key = payout.ActAnswered
	case key == lookCSV:
		key = exportCSV
	}
	s, ok := t.Log[key]
	if !ok {
		s, ok = t.ProposalEvent(key)
	}
	if !ok {
		s = t.More().OtherEvent
	}
	return lang.Fill(s, e.Version)
}

// logKind is the label of a kind of events.
func logKind(t *lang.Texts, kind string) string {
	if s, ok := t.Proposals().Kinds[kind]; ok && kind != "person" {
		return s
	}
	return lang.Label(t.Kinds, kind)
}

func (r *req) auditor() bool { return r.may(app.ReadRaw) }

func (w *Web) history(r *req) error { // GET /history
	v := r.QueryParams()
	t := r.t.History
	d, err := r.desk()
	if err != nil {
		return err
	}
	q := app.HistoryQuery{Person: v.Get("person"), Kind: v.Get("kind"), Limit: historyPage, AdminOnly: !r.auditor()}
	view := &templates.HistoryView{Empty: templates.Empty{Text: t.None}}
	view.Filter = templates.HistoryFilter{From: v.Get("from"), To: v.Get("to"), Query: v.Get("q")}
	if at, err := lang.ParseDay(view.Filter.From); err == nil {
		q.From = at
	}
	if at, err := lang.ParseDay(view.Filter.To); err == nil {
		q.To = at.AddDate(0, 0, 1)
	}
	q.Before, _ = strconv.ParseInt(v.Get("before"), 10, 64) // what is no number starts at the newest
	if s := strings.TrimSpace(view.Filter.Query); s != "" {
		if err := w.searchLog(r, &q, s); err != nil {
			return err
		}
	}
	view.Filter.Kinds = []templates.Option{{Label: t.AllKinds, Selected: q.Kind == ""}}
	for _, k := range logKinds {
		if r.auditor() || slices.Contains(adminKinds, k) {
			view.Filter.Kinds = append(view.Filter.Kinds, templates.Option{Value: k, Label: logKind(r.t, k), Selected: q.Kind == k})
		}
	}
	view.Filter.People = []templates.Option{{Label: t.AllPeople, Selected: q.Person == ""}}
	var people []app.PersonRow
	for _, p := range d.people {
		people = append(people, p)
	}
	slices.SortFunc(people, func(a, b app.PersonRow) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range people {
		view.Filter.People = append(view.Filter.People, templates.Option{Value: p.ID, Label: lang.ShortName(p.Name), Selected: q.Person == p.ID})
	}
	events, err := w.App.Store.History(r.ctx(), q)
	if err != nil {
		return err
	}
	for _, e := range events {
		row, err := r.historyRow(d, e)
		if err != nil {
			return err
		}
		row.Raw, row.Fold, row.Href = "", nil, templ.SafeURL("/history/"+row.Seq) // its page unfolds it
		view.Rows = append(view.Rows, row)
	}
	href := func(before string) templ.SafeURL {
		u := url.Values{}
		for k, s := range v {
			u[k] = s
		}
		u.Del("before")
		if before != "" {
			u.Set("before", before)
		}
		if len(u) == 0 {
			return "/history"
		}
		return templ.SafeURL("/history?" + u.Encode())
	}
	if len(events) == historyPage {
		view.Next = href(strconv.FormatInt(events[len(events)-1].Seq, 10))
	}
	if q.Before > 0 {
		view.First = href("")
	}
	if err := w.logHead(r, view); err != nil {
		return err
	}
	p, err := r.page(t.Title, templates.SectionHistory)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.History(p, view))
}

// searchLog reads a payout's number, or words of an event.
func (w *Web) searchLog(r *req, q *app.HistoryQuery, s string) error {
	if n, err := strconv.ParseInt(digitsOnly(s), 10, 64); err == nil {
		id, ok, err := w.App.Store.PayoutIDByNumber(r.ctx(), payout.Number(n))
		if err != nil {
			return err
		}
		q.Kind, q.Subject = "payout", string(id)
		if !ok {
			q.Subject = "-" // there is none: nothing fits
		}
		return nil
	}
	var actions []string
	for a, label := range r.t.Log {
		if strings.Contains(strings.ToLower(label), strings.ToLower(s)) {
			if a == exportCSV {
				a = lookCSV
			}
			actions = append(actions, a)
		}
	}
	if len(actions) > 0 {
		q.Action = slices.Min(actions) // one action at a time: the first by its name
		return nil
	}
	q.Action = "-"
	return nil
}

func (r *req) historyRow(d *desk, e app.EventRow) (templates.HistoryRow, error) {
	t, f := r.t, factsOf(e)
	leaf, err := e.Leaf()
	if err != nil {
		return templates.HistoryRow{}, err
	}
	hash := sha256.Sum256(append([]byte{0}, leaf...)) // RFC 6962: a leaf is hashed behind a zero byte
	v := templates.HistoryRow{Seq: strconv.FormatInt(e.Seq, 10), At: clockIn(r, e.At), Who: d.short(t, e.Person), Text: logText(t, e, f), Detail: hex.EncodeToString(hash[:4]), Raw: string(e.Payload)}
	switch e.Kind {
	case "payout":
		label := t.Kinds["payout"]
		if f.Number > 0 {
			label = numbered(t, payout.Number(f.Number))
		}
		v.About = &templates.Link{Href: templates.PayoutHref(e.Subject), Label: label}
	case "message":
		v.About = &templates.Link{Href: templ.SafeURL("/inbox/" + url.PathEscape(e.Subject)), Label: e.Subject}
	case "halt":
		v.About = &templates.Link{Href: "/halt", Label: lang.Label(t.Kinds, "halt")}
	case "rules", "limits", "keys", "payee":
		if e.Subject == app.BanksID { // the directory of banks has no versions
			v.About = &templates.Link{Href: "/settings/bank", Label: t.BankRoom().Dir}
			break
		}
		v.About = &templates.Link{Href: templ.SafeURL(changeHref(approval.Kind(e.Kind), e.Subject, e.Version)), Label: lang.Fill(t.Common.Version, e.Version)}
	case "person":
		if _, there := d.people[e.Subject]; there { // who is only proposed has no name here
			v.Text += ": " + d.short(t, e.Subject)
		}
	}
	v.Fold = []templates.Fact{{Label: t.History.Leaf, Value: hex.EncodeToString(hash[:]), Mono: true, Copy: true}, {Label: t.History.At, Value: e.At.In(lang.Moscow).Format("02.01.2006 15:04:05.000000") + " " + t.Common.Moscow},
		{Label: t.History.Who, Value: d.name(t, e.Person), Note: e.SignIn}}
	if e.Text != "" {
		v.Fold = append(v.Fold, templates.Fact{Label: t.Panel.Reason, Value: e.Text})
	}
	switch {
	case e.Action == payout.ActAlarm, f.Review, e.Action == "halt.on":
		v.Tone = "doubt"
	}
	return v, nil
}

func (w *Web) logHead(r *req, v *templates.HistoryView) error {
	signed, size, err := w.App.Store.Head(r.ctx())
	if err != nil {
		return err
	}
	t := r.t.History
	v.Head = []templates.Fact{{Label: t.Size, Value: lang.Int(r.tag, size)}}
	if len(signed) > 0 {
		v.Head = append(v.Head, templates.Fact{Label: t.Signed, Value: strings.TrimRight(string(signed), "\n"), Pre: true, Copy: true})
	}
	return nil
}

func (w *Web) historyEvent(r *req) error { // GET /history/:seq
	seq, err := strconv.ParseInt(r.Param("seq"), 10, 64)
	if err != nil {
		return fault.Missing("notfound")
	}
	e, err := w.App.Store.EventBySeq(r.ctx(), seq)
	if err != nil {
		return err
	}
	if !r.auditor() && !slices.Contains(adminKinds, e.Kind) {
		return fault.Missing("notfound")
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	row, err := r.historyRow(d, e)
	if err != nil {
		return err
	}
	v := &templates.HistoryView{Rows: []templates.HistoryRow{row}, First: "/history"}
	v.Filter.Kinds = []templates.Option{{Label: r.t.History.AllKinds}}
	v.Filter.People = []templates.Option{{Label: r.t.History.AllPeople}}
	if err := w.logHead(r, v); err != nil {
		return err
	}
	p, err := r.page(r.t.History.Title+" "+row.Seq, templates.SectionHistory)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.History(p, v))
}
