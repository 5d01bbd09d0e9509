package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/money"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// tabs over the list: a name for the address and the states it stands for.
var listTabs = []struct {
	name   string
	states []payout.State
}{
	{"all", nil},
	{"mine", nil},
	{"approve", []payout.State{payout.PendingApproval}},
	{"way", []payout.State{payout.Sending, payout.InProgress}},
	{"unknown", []payout.State{payout.Unknown}},
	{"paid", []payout.State{payout.Succeeded}},
	{"not_paid", []payout.State{payout.Failed}},
}

// listQuery is the filter as it stands in the address, read.
type listQuery struct {
	app.ListQuery
	tab    string
	view   templates.Filter
	values url.Values
}

// parseList reads a filter. A value that is not understood filters nothing and is named in view.Errors.
func (r *req) parseList() listQuery {
	v := r.QueryParams()
	q := listQuery{tab: v.Get("tab"), values: v}
	q.CountAll = v.Get("count") == "all"
	q.view = templates.Filter{From: v.Get("from"), To: v.Get("to"), Min: v.Get("min"), Max: v.Get("max"), Query: v.Get("q")}
	bad := func(field, text string) {
		q.view.Errors = append(q.view.Errors, templates.FieldError{Field: field, Text: text})
	}
	states := slices.DeleteFunc(slices.Clone(v["state"]), func(s string) bool { return s == "" }) // an empty choice of a form filters nothing
	if len(states) == 0 {
		if i := slices.IndexFunc(listTabs, func(t struct {
			name   string
			states []payout.State
		}) bool {
			return t.name == q.tab
		}); i >= 0 {
			q.States = listTabs[i].states
		} else {
			q.tab = ""
		}
		q.view.Tab = q.tab
	} else {
		q.tab = ""
		for _, s := range states {
			if slices.Contains(payout.States(), payout.State(s)) {
				q.States = append(q.States, payout.State(s))
				q.view.States = append(q.view.States, s)
			} else {
				bad("state", r.t.Error.Bad)
			}
		}
	}
	day := func(field, text string) time.Time {
		if strings.TrimSpace(text) == "" {
			return time.Time{}
		}
		at, err := lang.ParseDay(text)
		if err != nil {
			bad(field, r.t.List.BadDate)
		}
		return at
	}
	q.From = day("from", q.view.From)
	if to := day("to", q.view.To); !to.IsZero() {
		q.To = to.AddDate(0, 0, 1) // the whole day
	}
	amount := func(field, text string) int64 {
		if strings.TrimSpace(text) == "" {
			return 0
		}
		if strings.Trim(text, "0 ") == "" {
			return 0
		}
		a, err := money.ParseRoubles(text)
		if err != nil {
			bad(field, r.t.List.BadAmount)
		}
		return a.Minor
	}
	q.Min, q.Max = amount("min", q.view.Min), amount("max", q.view.Max)
	q.Text = clip(strings.TrimSpace(q.view.Query), 200)
	if q.tab == "mine" {
		q.Maker = r.me.ID
	}
	q.After, q.Limit = v.Get("after"), 50
	return q
}

// href is the list's address with some values changed ("" takes one out).
func (q listQuery) href(changes ...string) templ.SafeURL {
	v := url.Values{}
	for k, s := range q.values {
		v[k] = s
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			v.Del(changes[i])
		} else {
			v.Set(changes[i], changes[i+1])
		}
	}
	if len(v) == 0 {
		return "/payouts"
	}
	return templ.SafeURL("/payouts?" + v.Encode())
}

func (q listQuery) filtered() bool {
	return len(q.States) > 0 || !q.From.IsZero() || !q.To.IsZero() || q.Min > 0 || q.Max > 0 || q.Text != "" || q.Maker != ""
}

func (w *Web) payouts(r *req) error { // GET /payouts
	q := r.parseList()
	if r.QueryParam("format") == "csv" {
		return w.exportCSV(r, q)
	}
	p, v, err := w.listPage(r, q)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(v.Filter.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return r.show(status, templates.Payouts(p, v))
}

// listPage reads one page of the list and everything round it.
func (w *Web) listPage(r *req, q listQuery) (*templates.Page, *templates.PayoutsView, error) {
	if !r.may(app.ReadPayouts) {
		q.Text = digitsOnly(q.Text) // whoever sees no payees must not find them by searching either
	}
	d, err := r.desk()
	if err != nil {
		return nil, nil, err
	}
	p, err := r.page(r.t.List.Title, templates.SectionPayouts)
	if err != nil {
		return nil, nil, err
	}
	list, err := w.App.Store.List(r.ctx(), q.ListQuery)
	if err != nil {
		return nil, nil, err
	}
	if q.tab == "approve" {
		me := d.signer(r.me.ID)
		list.Rows = slices.DeleteFunc(list.Rows, func(x app.Row) bool {
			y, ok := d.find(x.ID)
			return !ok || y.tally.May(me) != approval.Can
		})
	}
	var totals app.Totals
	if q.StatesOnly() {
		totals = app.TotalsOf(q.States, d.states, d.back)
	} else if totals, err = w.App.Store.Totals(r.ctx(), q.ListQuery); err != nil {
		return nil, nil, err
	}
	v := &templates.PayoutsView{Filter: q.view, Hide: !r.may(app.ReadPayouts)}
	if v.Tabs, err = w.listTabs(r, d, q); err != nil {
		return nil, nil, err
	}
	v.Rows = make([]templates.RowView, 0, len(list.Rows))
	for _, x := range list.Rows {
		v.Rows = append(v.Rows, r.row(d, x))
	}
	v.Empty = templates.Empty{Text: r.t.List.Empty}
	if q.filtered() || q.After != "" {
		v.Empty = templates.Empty{Text: r.t.List.EmptyFilter, Action: &templates.Link{Href: "/payouts", Label: r.t.List.Clear}}
	} else if r.may(app.Enter) {
		v.Empty.Action = &templates.Link{Href: "/payouts/new", Label: r.t.Overview.StartAction}
	}
	v.Found = r.t.N(r.t.Common.Payouts, totals.N)
	if totals.More {
		v.Found = r.t.List.More10000
		v.CountHref = q.href("count", "all", "after", "")
	}
	t := r.t.List
	v.Totals = []templates.Total{{Kind: "paid", Label: t.TotalPaid, Sum: sum(r.tag, totals.Paid, false)}, {Kind: "bank", Label: t.TotalWay, Sum: sum(r.tag, totals.OnTheWay, false)},
		{Kind: "doubt", Label: t.TotalUnknown, Sum: sum(r.tag, totals.Unknown, false)}, {Kind: "stop", Label: t.TotalNot, Sum: sum(r.tag, totals.NotPaid, false)}}
	if r.may(app.Export) {
		v.CSV = q.href("format", "csv", "after", "")
	}
	if list.Next != "" {
		v.Next = q.href("after", list.Next)
	}
	if q.After != "" {
		v.First = q.href("after", "")
	}
	return p, v, nil
}

// digitsOnly keeps a search that is a payout's number.
func digitsOnly(s string) string {
	s = strings.TrimSpace(strings.TrimLeft(s, "№No. "))
	if _, err := strconv.ParseInt(s, 10, 64); err != nil || len(s) > 12 {
		return ""
	}
	return s
}

func (w *Web) listTabs(r *req, d *desk, q listQuery) ([]templates.Tab, error) {
	n := func(states ...payout.State) (n int) {
		for _, s := range states {
			n += int(d.states["state:"+string(s)].N)
		}
		return n
	}
	count := func(n int) string { return lang.Int(r.tag, n) }
	t := r.t.List
	href := func(name string) templ.SafeURL { return q.href("tab", name, "state", "", "after", "") }
	all := []templates.Tab{{Href: q.href("tab", "", "state", "", "after", ""), Label: t.All, Count: count(n(payout.States()...)), Current: q.tab == "" && len(q.States) == 0 || q.tab == "all"}}
	if r.may(app.Enter) {
		mine, err := w.App.Store.Counters(r.ctx(), "maker:"+r.me.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, templates.Tab{Href: href("mine"), Label: t.Mine, Count: count(int(mine["maker:"+r.me.ID].N)), Current: q.tab == "mine"})
	}
	if r.may(app.Decide) {
		c := ""
		if k := len(d.mine(r.me.ID)); k > 0 {
			c = count(k)
		}
		all = append(all, templates.Tab{Href: href("approve"), Label: t.ToApprove, Count: c, Tone: "mine", Counter: "approvals", Current: q.tab == "approve"})
	}
	unknown := ""
	if k := n(payout.Unknown); k > 0 {
		unknown = count(k)
	}
	all = append(all,
		templates.Tab{Href: href("way"), Label: t.OnTheWay, Count: count(n(payout.Sending, payout.InProgress)), Current: q.tab == "way"},
		templates.Tab{Href: href("unknown"), Label: t.Unknown, Count: unknown, Tone: "doubt", Current: q.tab == "unknown"},
		templates.Tab{Href: href("paid"), Label: t.Paid, Count: count(n(payout.Succeeded)), Current: q.tab == "paid"},
		templates.Tab{Href: href("not_paid"), Label: t.NotPaid, Count: count(n(payout.Failed)), Current: q.tab == "not_paid"})
	return all, nil
}

// payoutID reads the id in the address; a number leads to its payout too.
func (w *Web) payoutID(r *req) (payout.ID, error) {
	s := r.Param("id")
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) < 15 {
		id, ok, err := w.App.Store.PayoutIDByNumber(r.ctx(), payout.Number(n))
		if err != nil {
			return "", err
		}
		if !ok {
			return "", fault.Missing("payout.none")
		}
		return id, nil
	}
	if len(s) != 36 {
		return "", fault.Missing("payout.none")
	}
	return payout.ID(s), nil
}
