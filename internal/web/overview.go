package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

const (
	maxMoves = 5  // payouts of mine on the first page
	chartFor = 30 // days
	answers  = 6  // of the bank, on the first page
)

func (w *Web) overview(r *req) error { // GET /
	d, err := r.desk()
	if err != nil {
		return err
	}
	p, err := r.page(r.t.Overview.Title, templates.SectionOverview)
	if err != nil {
		return err
	}
	states, err := w.App.Store.Counters(r.ctx(), "state:")
	if err != nil {
		return err
	}
	total := 0
	for _, c := range states {
		total += int(c.N)
	}
	t := r.t.Overview
	v := &templates.OverviewView{Funds: r.fundsLine(d), ShowMoves: r.may(app.Decide), MovesAll: "/approvals"}
	mine := d.mine(r.me.ID)
	if v.ShowMoves {
		var n int64
		for i, x := range mine {
			n += x.Amount
			if i < maxMoves {
				v.Moves = append(v.Moves, r.move(d, x))
			}
		}
		v.MovesLine, v.MovesSum = r.t.N(r.t.Common.PayoutsOn, len(mine)), sum(r.tag, n, false)
		v.Empty = templates.Empty{Text: t.None}
		if k := len(d.pending) - len(mine); k > 0 {
			v.Empty = templates.Empty{Text: r.t.N(t.NoneOthers, k), Action: &templates.Link{Href: "/approvals", Label: r.t.Queue.Others}}
		}
	}
	if total == 0 {
		v.Reading = t.StartReader
		if r.may(app.Enter) {
			v.Reading = t.Start
		}
	}
	last, err := w.App.Store.LastAnswers(r.ctx(), answers)
	if err != nil {
		return err
	}
	if v.Figures, err = w.figures(r, states, last); err != nil {
		return err
	}
	if err := w.chart(r, v); err != nil {
		return err
	}
	for _, x := range last {
		a := templates.AnswerRow{At: lang.When(r.tag, x.ChangedAt, r.now), Status: string(x.State), Label: lang.Label(r.t.States, string(x.State)),
			Href: templates.PayoutHref(string(x.ID)), Text: numbered(r.t, x.Number), Sum: sum(r.tag, x.Amount, off(x.State))}
		if r.may(app.ReadPayouts) {
			a.Text += ", " + x.FullName
		}
		v.Answers = append(v.Answers, a)
	}
	return r.show(http.StatusOK, templates.Overview(p, v))
}

// figures are approved and not sent, on the way, unknown, paid today.
func (w *Web) figures(r *req, states map[string]app.Counter, last []app.Row) ([]templates.Figure, error) {
	t := r.t.Overview
	of := func(ss ...payout.State) (c app.Counter) {
		for _, s := range ss {
			x := states["state:"+string(s)]
			c.N, c.Sum = c.N+x.N, c.Sum+x.Sum
		}
		return c
	}
	figure := func(href templ.SafeURL, label string, c app.Counter, note string) templates.Figure {
		f := templates.Figure{Href: href, Label: label, Sum: sum(r.tag, c.Sum, c.N == 0), Note: note}
		if c.N > 0 {
			f.Note = r.t.N(r.t.Common.Payouts, int(c.N))
			if note != "" {
				f.Note += ", " + note
			}
		}
		return f
	}
	oldest := func(ss ...payout.State) (app.Row, bool, error) { return w.App.Store.Oldest(r.ctx(), ss...) }

	approved, way, unknown := of(payout.Approved), of(payout.Sending, payout.InProgress), of(payout.Unknown)
	noteA, noteW, noteU := t.Waiting, t.Waiting, t.Waiting
	if approved.N > 0 {
		noteA = ""
		if x, ok, err := oldest(payout.Approved); err != nil {
			return nil, err
		} else if ok {
			d, err := r.desk()
			if err != nil {
				return nil, err
			}
			if b := d.badge(r.t, x, r.now); b.Why != "" {
				noteA = b.Why
			}
		}
	}
	if way.N > 0 {
		noteW = ""
		if x, ok, err := oldest(payout.Sending, payout.InProgress); err != nil {
			return nil, err
		} else if ok {
			noteW = lang.Fill(t.Longest, num(x.Number), lang.Duration(r.tag, r.now.Sub(x.SentAt)))
		}
	}
	if unknown.N > 0 {
		noteU = ""
		if x, ok, err := oldest(payout.Unknown); err != nil {
			return nil, err
		} else if ok {
			noteU = lang.Fill(t.Oldest, num(x.Number), lang.When(r.tag, x.ChangedAt, r.now))
		}
	}
	day := dayKey(r.now)
	today, err := w.App.Store.Counters(r.ctx(), "day:"+day+":succeeded")
	if err != nil {
		return nil, err
	}
	paid := today["day:"+day+":succeeded"]
	noteP := t.NothingToday
	if paid.N > 0 {
		noteP = ""
		for _, x := range last {
			if x.State == payout.Succeeded && dayKey(x.ChangedAt) == day {
				noteP = lang.Fill(t.LastAt, lang.ClockShort(r.tag, x.ChangedAt))
				break
			}
		}
	}
	figs := []templates.Figure{
		figure("/payouts?state=approved", t.Approved, approved, noteA),
		figure("/payouts?tab=way", t.OnTheWay, way, noteW),
		figure("/payouts?tab=unknown", t.Unknown, unknown, noteU),
		figure(templ.SafeURL("/payouts?tab=paid&from="+lang.FormatDayInput(r.now)), t.PaidToday, paid, noteP),
	}
	if unknown.N > 0 {
		figs[2].Tone = "doubt"
	}
	return figs, nil
}

// dayKey is a Moscow day as counters name it.
func dayKey(at time.Time) string { return at.In(lang.Moscow).Format("2006-01-02") }

// chart is what was paid and what was not in the last thirty days.
func (w *Web) chart(r *req, v *templates.OverviewView) error {
	first := lang.StartOfDay(r.now).AddDate(0, 0, 1-chartFor)
	counters := map[string]app.Counter{}
	for m := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, lang.Moscow); !m.After(r.now); m = m.AddDate(0, 1, 0) {
		month, err := w.App.Store.Counters(r.ctx(), "day:"+m.Format("2006-01"))
		if err != nil {
			return err
		}
		for k, c := range month {
			counters[k] = c
		}
	}
	days := make([]templates.Day, chartFor)
	var paid, failed, most int64
	for i := range days {
		k := "day:" + dayKey(first.AddDate(0, 0, i).Add(12*time.Hour))
		days[i] = templates.Day{Paid: counters[k+":succeeded"].Sum, Failed: counters[k+":failed"].Sum}
		paid, failed = paid+days[i].Paid, failed+days[i].Failed
		most = max(most, days[i].Paid+days[i].Failed)
	}
	v.ChartPaid, v.ChartFail = sum(r.tag, paid, false), sum(r.tag, failed, false)
	if most == 0 {
		return nil
	}
	scale := round(most)
	v.Chart = templates.Plot(days, scale)
	v.Chart.Top = lang.Int(r.tag, scale/100) + "\u00a0₽"
	v.Chart.Label = lang.Fill(r.t.Overview.ChartLabel, lang.Day(r.tag, first, r.now), lang.Day(r.tag, r.now, r.now), rub(r.tag, most))
	for _, i := range []int{0, 10, 20} {
		v.Chart.Axis = append(v.Chart.Axis, lang.Day(r.tag, first.AddDate(0, 0, i), r.now))
	}
	v.Chart.Axis = append(v.Chart.Axis, r.t.Common.Today)
	return nil
}

// round is the next of 1, 2, 5, 10, 20 … roubles, in kopecks.
func round(kopecks int64) int64 {
	for n := int64(100); n < 1<<60; n *= 10 {
		for _, k := range []int64{1, 2, 5} {
			if n*k >= kopecks {
				return n * k
			}
		}
	}
	return kopecks
}

func (w *Web) approvals(r *req) error { // GET /approvals
	return w.showApprovals(r, http.StatusOK, nil)
}

// showApprovals shows my queue; refused is why a list was not made of it.
func (w *Web) showApprovals(r *req, status int, refused *fault.Error) error {
	d, err := r.desk()
	if err != nil {
		return err
	}
	p, err := r.page(r.t.Queue.Title, templates.SectionApprovals)
	if err != nil {
		return err
	}
	v := &templates.ApprovalsView{Empty: templates.Empty{Text: r.t.Queue.NoneAtAll}}
	if r.may(app.ReadPayouts) {
		v.Others = r.others(d)
	}
	if v.Decide, v.Waiting, err = r.proposalRows(d); err != nil {
		return err
	}
	var n int64
	for _, x := range d.mine(r.me.ID) {
		n += x.Amount
		v.Mine = append(v.Mine, r.move(d, x))
	}
	v.Line, v.Sum = r.t.N(r.t.Common.PayoutsOn, len(v.Mine)), sum(r.tag, n, false)
	if k := len(v.Others) + len(v.Waiting); k > 0 {
		v.Empty.Text = r.t.N(r.t.Queue.NoneOthers, k)
	}
	if refused != nil {
		v.Error = &templates.FieldError{Field: first(refused.Field, "form"), Text: say(r.t, refused)}
	}
	return r.show(status, templates.Approvals(p, v))
}

// knownOf says in one sentence what is known of an unknown outcome.
func knownOf(t *lang.Texts, x app.Row) string {
	switch {
	case x.Review:
		return t.Unknown.KnownDoubt
	case x.State != payout.Unknown:
		return t.Unknown.KnownUntold
	case x.Why == "timeout", x.Why == "cut", x.Why == "too_large":
		return t.Unknown.KnownCut
	case x.Why == "lost":
		return t.Unknown.KnownCrash
	case x.Why == "idempotency_key_already_exists":
		return t.Unknown.KnownRefusedKey
	case x.Why == "ten_days":
		return t.Unknown.KnownOld
	case strings.HasPrefix(x.Why, "http_"), strings.HasPrefix(x.Why, "other_"), x.Why == "two_payouts":
		return t.Unknown.KnownHTTP
	}
	return upperFirst(t.Reason(x.Why)) + "."
}
