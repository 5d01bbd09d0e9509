package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// standing says which rules ask for what and why, what is missing, what it waits for, and how the limits stand with it.
func (o *one) standing() (*templates.StandingView, error) {
	s := o.s
	if s.State != payout.PendingApproval && s.State != payout.Approved {
		return nil, nil
	}
	v := &templates.StandingView{}
	o.standingAlerts(v)
	o.standingNotes(v)
	if note := o.fundsNote(o.d.Balance); note != "" {
		v.Notes = append(v.Notes, note)
	}
	if s.State == payout.PendingApproval && o.r.may(app.Decide) {
		v.Mine = o.whyNot()
	}
	var err error
	if v.Sets, err = o.ruleSets(); err != nil {
		return nil, err
	}
	if s.State == payout.PendingApproval {
		v.Seats = o.seats()
	}
	o.forecast(v)
	matched := 0
	for _, m := range o.stand.Need.Matched {
		if m.Set == o.d.frame.Set.Version {
			matched++
		}
	}
	v.Open = matched > 1 || len(v.Sets) > 1 || len(v.Alerts) > 0 || slices.ContainsFunc(o.tally.Seats, func(x approval.Seat) bool { return x.Later })
	return v, nil
}

// standingAlerts are what needs people: blocked, listed, back from the claim.
func (o *one) standingAlerts(v *templates.StandingView) {
	t, s := o.r.t.Decision(), o.s
	if note := o.r.lostNote(o.d, s.SubmittedAt); note != "" {
		v.Alerts = append(v.Alerts, note)
	}
	if e := o.stand.Listed; e != nil {
		if e.List == "allow" {
			v.Alerts = append(v.Alerts, t.ListAllow)
		} else {
			v.Alerts = append(v.Alerts, lang.Fill(t.ListBlocked, o.r.t.ListedAs(e.What, e.Reason, o.stand.ListedOwner)))
		}
	}
	for _, b := range o.stand.Need.Blocked {
		if b.Rule != "list" || b.Set != 0 {
			v.Alerts = append(v.Alerts, lang.Fill(t.BlockedBy, o.r.t.BlockReason(b.Reason)))
		}
	}
	if s.State != payout.PendingApproval {
		return
	}
	if back, ok := t.CameBack[s.Why]; ok {
		kept := t.KeptNone
		if g := o.tally.Given; len(g) > 0 {
			kept = lang.Fill(t.Kept, strings.Join(couldNames(g), ", "))
		}
		v.Alerts = append(v.Alerts, back+" "+kept)
	}
}

// standingNotes are what is so without anybody having to act.
func (o *one) standingNotes(v *templates.StandingView) {
	r, t, s := o.r, o.r.t.Decision(), o.s
	add := func(text string) { v.Notes = append(v.Notes, text) }
	moment := func(at time.Time) string { return lang.Moment(r.tag, at, r.now) }
	minor := s.Content.Amount.Minor
	for _, h := range o.stand.Hits {
		switch {
		case !h.Hard:
			add(lang.Fill(t.Soft[h.Limit], rub(r.tag, h.LimitMinor), rub(r.tag, h.UsedMinor+minor)))
		case app.RoomAgain(h, minor, r.now).IsZero():
			add(lang.Fill(t.LimitNever, lang.Label(t.ForecastOf, h.Limit), rub(r.tag, minor), rub(r.tag, h.LimitMinor)))
		default:
			add(lang.Fill(t.LimitWait, lang.Label(t.ForecastOf, h.Limit), rub(r.tag, h.UsedMinor+minor), rub(r.tag, h.LimitMinor), moment(app.RoomAgain(h, minor, r.now))))
		}
	}
	if !o.stand.DueAt.IsZero() {
		add(lang.Fill(t.Due, moment(o.stand.DueAt)))
	}
	if !o.stand.CoolOff.IsZero() {
		add(lang.Fill(t.CoolOff, moment(o.stand.CoolOff)))
	}
	if s.State == payout.Approved && s.HeldUntil.After(r.now) {
		switch s.Why {
		case "limit":
			add(lang.Fill(t.HeldLimit, moment(s.HeldUntil)))
		case "cooloff":
			if o.stand.CoolOff.IsZero() {
				add(lang.Fill(t.HeldCoolOff, moment(s.HeldUntil)))
			}
		case "date":
			if o.stand.DueAt.IsZero() {
				add(lang.Fill(t.HeldDue, moment(s.HeldUntil)))
			}
		}
	}
}

// whyNot says in a sentence what keeps this reader from approving; "" when they can, or when the panel says it already.
func (o *one) whyNot() string {
	t := o.r.t.Decision()
	me := o.d.signer(o.r.me.ID)
	text := t.WhyNot[string(o.why)]
	switch o.why {
	case approval.Can, approval.Barred:
		return "" // the panel's first words
	case approval.Quiet:
		return text + " " + lang.Fill(t.QuietUntil, lang.Moment(o.r.tag, me.QuietUntil, o.r.now))
	case approval.OverCeiling:
		return text + " " + lang.Fill(t.CeilingIs, rub(o.r.tag, me.CeilingMinor))
	case approval.OverCap:
		return text + " " + lang.Fill(t.RoomIs, rub(o.r.tag, max(me.RoomMinor, 0)))
	}
	return text
}

// ruleSets are the rules that matched, by set, the one in force first.
func (o *one) ruleSets() ([]templates.RuleSetView, error) {
	t, need := o.r.t.Decision(), o.stand.Need
	var versions []int
	for _, m := range need.Matched {
		if !slices.Contains(versions, m.Set) {
			versions = append(versions, m.Set)
		}
	}
	slices.SortFunc(versions, func(a, b int) int { return b - a })
	var out []templates.RuleSetView
	for _, n := range versions {
		set, err := o.d.frame.SetOf(n)
		if err != nil {
			return nil, err
		}
		v := templates.RuleSetView{Title: lang.Fill(t.SetOne, n)}
		if len(versions) > 1 && n == o.d.frame.Set.Version {
			v.Title = lang.Fill(t.SetNow, n)
		} else if n != o.d.frame.Set.Version {
			v.Title = lang.Fill(t.SetThen, n)
		}
		for _, m := range need.Matched {
			if m.Set != n {
				continue
			}
			i := slices.IndexFunc(set.Rules, func(x approval.Rule) bool { return x.Name == m.Rule })
			if i < 0 {
				continue
			}
			l := templates.MatchedRule{Text: o.ruleLine(set.Rules[i]), Counts: m.Counts}
			if !m.Counts {
				l.Note = t.Covered
			}
			v.Rules = append(v.Rules, l)
		}
		out = append(out, v)
	}
	return out, nil
}

// ruleLine is one rule in words: its own name if people gave it one, when it holds, what it asks for.
func (o *one) ruleLine(x approval.Rule) string {
	line := ruleSentence(o.r, x)
	if _, built := o.r.t.Rules().Names[x.Name]; !built {
		line = lang.Fill(o.r.t.Decision().Named, x.Name, line)
	}
	return line
}

// stepTakes reports whether a step takes this person.
func stepTakes(st approval.Step, s approval.Signer) bool {
	return slices.Contains(st.People, s.ID) || slices.ContainsFunc(st.Roles, s.Has) || slices.ContainsFunc(st.Groups, func(g string) bool { return slices.Contains(s.Groups, g) })
}

// seats are the places that are open, with who can take each; the same seat of two rules is said once.
func (o *one) seats() []string {
	t := o.r.t.Decision()
	var out []string
	for _, seat := range o.tally.Seats {
		var who []string
		for _, p := range o.d.signers {
			why := o.tally.May(p)
			// A later step's people cannot yet: they are who the seat is for all the same.
			if stepTakes(seat.Step, p) && (why == approval.Can || seat.Later && why == approval.NoSeat) {
				who = append(who, lang.ShortName(p.Name))
			}
		}
		text := t.SeatWho
		if seat.Later {
			text = t.SeatLater
		}
		list := strings.Join(who, ", ")
		if list == "" {
			list = t.SeatNobody
		}
		if line := lang.Fill(text, upperFirst(stepWords(o.r, seat.Step)), list); !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

// forecast is how the limits stand with this payout.
func (o *one) forecast(v *templates.StandingView) {
	r, t, l, u := o.r, o.r.t.Decision(), o.d.frame.Limits, o.stand.Used
	minor := o.s.Content.Amount.Minor
	for _, x := range []struct {
		name  string
		bound approval.Bound
		used  int64
	}{{approval.LimitPayeeMonth, l.PayeeMonth, u.PayeeMonth}, {approval.LimitMakerDay, l.MakerDay, u.MakerDay}, {approval.LimitCompanyDay, l.CompanyDay, u.CompanyDay}} {
		sum := rub(r.tag, max(x.used, 0)+minor)
		f := templates.Fact{Label: lang.Label(t.ForecastOf, x.name)}
		switch {
		case x.bound.HardMinor > 0:
			f.Value = lang.Fill(t.ForecastText, sum, rub(r.tag, x.bound.HardMinor))
			if x.bound.SoftMinor > 0 && max(x.used, 0)+minor <= x.bound.SoftMinor {
				f.Note = lang.Fill(t.ForecastSoft, sum, rub(r.tag, x.bound.SoftMinor))
			}
		case x.bound.SoftMinor > 0:
			f.Value = lang.Fill(t.ForecastSoft, sum, rub(r.tag, x.bound.SoftMinor))
		default:
			continue
		}
		v.Forecast = append(v.Forecast, f)
	}
	if d, err := calendar.ParseDay(o.s.Content.DueDate); len(v.Forecast) > 0 && err == nil && d > calendar.DayOf(r.now) {
		v.ForDay = lang.Fill(t.ForecastDay, lang.Day(r.tag, d.Start(), r.now))
	}
}

// hints are what an approver should look at twice.
func (r *req) hints(hs []app.Hint) []templates.Warning {
	t := r.t.Decision()
	var out []templates.Warning
	for _, h := range hs {
		w := templates.Warning{Bold: lang.Label(t.HintBold, h.Code)}
		text := t.HintText[h.Code]
		switch h.Code {
		case app.HintChanged, app.HintMakerNew:
			text = lang.Fill(text, lang.When(r.tag, h.At, r.now))
		case app.HintNight:
			text = lang.Fill(text, lang.ClockShort(r.tag, h.At))
		case app.HintTriple:
			text = lang.Fill(text, rub(r.tag, h.Minor), h.N)
		case app.HintElsewhere:
			names := h.Names
			if len(names) > 3 {
				names = append(slices.Clone(names[:3]), "…")
			}
			text = lang.Fill(text, strings.Join(names, ", "))
		case app.HintJustUnder:
			text = lang.Fill(text, h.N, rub(r.tag, h.Over))
		}
		w.Text = text
		out = append(out, w)
	}
	return out
}

// cameBack says why approvals that were enough are not any more, for one line of the story.
func (o *one) cameBack(why string) string {
	if s, ok := o.r.t.Decision().BackWhy[why]; ok {
		return s
	}
	return o.r.t.Reason(why)
}

// walk is set while somebody goes through their queue, one decision after the other: the number of the last one decided, or "1".
func (r *req) walk() string {
	s := r.QueryParam("queue")
	if r.Request().Method == http.MethodPost {
		s = r.Request().PostForm.Get("queue")
	}
	if n, err := strconv.ParseInt(s, 10, 64); err != nil || n < 1 || len(s) > 12 {
		return ""
	}
	return s
}

// walkOn opens the next payout of my queue after a decision; the queue itself once nothing waits.
func (w *Web) walkOn(r *req, done payout.ID) error {
	o, err := w.load(r, done)
	if err != nil {
		return err
	}
	if q := o.queueAfter(num(o.s.Number)); q != nil && q.Next != nil {
		return r.see(string(q.Next.Href))
	}
	return r.see("/approvals")
}

// queue leads from this payout to the ones before and after it in my queue; nil for who has none.
func (o *one) queue() (*templates.QueueView, error) {
	v := o.queueAfter("1")
	if v == nil {
		return nil, nil
	}
	n, err := strconv.ParseInt(o.r.walk(), 10, 64)
	if err != nil || n < 2 || payout.Number(n) == o.s.Number {
		return v, nil
	}
	// What was decided last, as it is by now: whoever walks on sees what became of it, and can go back.
	id, ok, err := o.r.web.App.Store.PayoutIDByNumber(o.r.ctx(), payout.Number(n))
	if err != nil || !ok {
		return v, err
	}
	s, err := o.r.web.App.Store.PayoutByID(o.r.ctx(), id)
	if err != nil {
		return nil, err
	}
	v.Before = &templates.Link{Href: templates.PayoutHref(string(id)), Label: numbered(o.r.t, s.Number) + ": " + lang.Label(o.r.t.States, string(s.State))}
	return v, nil
}

func (o *one) queueAfter(walk string) *templates.QueueView {
	r, t := o.r, o.r.t.Decision()
	if !r.may(app.Decide) {
		return nil
	}
	mine := o.d.mine(r.me.ID)
	if len(mine) == 0 {
		return nil
	}
	link := func(i int, label string) *templates.Link {
		if i < 0 || i >= len(mine) || mine[i].ID == o.s.ID {
			return nil
		}
		return &templates.Link{Href: templates.PayoutHref(string(mine[i].ID)) + templ.SafeURL("?queue="+walk), Label: label}
	}
	v := &templates.QueueView{}
	if at := slices.IndexFunc(mine, func(p pending) bool { return p.ID == o.s.ID }); at >= 0 {
		v.Place = lang.Fill(t.QueuePlace, at+1, len(mine))
		v.Prev, v.Next = link(at-1, t.QueuePrev), link(at+1, t.QueueNext)
		return v
	}
	// It is not mine to decide, or not any more: the next is the first that was submitted after it, else the first of all.
	after := slices.IndexFunc(mine, func(p pending) bool {
		return p.SubmittedAt.After(o.s.SubmittedAt) || p.SubmittedAt.Equal(o.s.SubmittedAt) && p.Number > o.s.Number
	})
	if after < 0 || o.s.SubmittedAt.IsZero() {
		after = 0
	}
	v.Place = lang.Int(r.tag, len(mine))
	v.Prev, v.Next = link(after-1, t.QueuePrev), link(after, t.QueueNext)
	return v
}
