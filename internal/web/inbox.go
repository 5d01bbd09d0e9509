package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/web/templates"
)

// inboxPage is how many messages one page shows.
const inboxPage = 50

func (w *Web) inbox(r *req) error { // GET /inbox
	t := r.t.Inbox
	p, err := r.page(t.Title, templates.SectionInbox)
	if err != nil {
		return err
	}
	tab := r.QueryParam("tab")
	before, _ := strconv.ParseInt(r.QueryParam("before"), 10, 64) // what is no number starts at the newest
	counts, err := w.App.Store.InboxCounts(r.ctx())
	if err != nil {
		return err
	}
	count := func(n int) string { return lang.Int(r.tag, n) }
	v := &templates.InboxView{Line: lang.Fill(t.Line, counts.Today, counts.RefusedToday), Empty: templates.Empty{Text: t.None}, Foot: t.Foot}
	v.Tabs = []templates.Tab{{Href: "/inbox", Label: t.All, Count: count(counts.All), Current: tab == ""}, {Href: "/inbox?tab=moved", Label: t.Changed, Count: count(counts.Moved), Current: tab == "moved"},
		{Href: "/inbox?tab=nothing", Label: t.Nothing, Count: count(counts.Nothing), Current: tab == "nothing"}, {Href: "/inbox?tab=refused", Label: t.Bad, Count: count(counts.Refused), Current: tab == "refused"}}
	type timed struct {
		at  time.Time
		row templates.InboxRow
	}
	var rows []timed
	var last time.Time
	full := false
	if tab != "refused" {
		effect := ""
		if tab == "moved" || tab == "nothing" {
			effect = tab
		}
		list, err := w.App.Store.Inbox(r.ctx(), app.InboxQuery{Effect: effect, Before: before, Limit: inboxPage})
		if err != nil {
			return err
		}
		for _, m := range list {
			rows = append(rows, timed{m.At, r.inboxRow(m)})
			last = m.At
		}
		if full = len(list) == inboxPage; full {
			next := "/inbox?before=" + strconv.FormatInt(list[len(list)-1].ID, 10)
			if effect != "" {
				next += "&tab=" + effect
			}
			v.Next = templ.SafeURL(next)
		}
	}
	// Refused messages stand among the others on the first page, each in its time.
	if tab == "refused" || tab == "" && before == 0 {
		limit := inboxPage
		if tab == "refused" {
			limit = 1000
		}
		refused, err := w.App.Store.Refused(r.ctx(), limit)
		if err != nil {
			return err
		}
		for _, x := range refused {
			if tab == "" && full && x.At.Before(last) {
				continue
			}
			rows = append(rows, timed{x.At, r.refusedRow(x)})
		}
		slices.SortStableFunc(rows, func(a, b timed) int { return b.at.Compare(a.at) })
	}
	for _, x := range rows {
		v.Rows = append(v.Rows, x.row)
	}
	return r.show(http.StatusOK, templates.Inbox(p, v))
}

func (r *req) inboxRow(m app.MessageRow) templates.InboxRow {
	t := r.t
	v := templates.InboxRow{At: clockIn(r, m.At), Good: true, Seal: t.Seals["good"], Says: says(t, m), NoOne: t.Inbox.NoPayout, Href: templ64("/inbox/", m.ID)}
	if m.Count > 1 {
		v.Times = lang.Fill(t.Inbox.Times, m.Count)
	}
	if m.Payout != "" {
		v.Payout = &templates.Link{Href: templates.PayoutHref(string(m.Payout)), Label: numbered(t, m.Number)}
	}
	if m.AmountMinor > 0 {
		s := sum(r.tag, m.AmountMinor, false)
		v.Sum = &s
	}
	v.Did, v.DidTone, v.DidNote = r.did(m)
	return v
}

// clockIn is a time of day, with its day unless that is today.
func clockIn(r *req, at time.Time) string {
	s := at.In(lang.Moscow).Format("15:04:05")
	if !lang.StartOfDay(at).Equal(lang.StartOfDay(r.now)) {
		s = lang.Day(r.tag, at, r.now) + " " + s
	}
	return s
}

// says is what a message tells.
func says(t *lang.Texts, m app.MessageRow) string {
	switch {
	case m.Applied.IsZero() || m.Type == "" && m.Reading == "":
		return t.Says["unread"]
	case m.Type == "ready_to_confirm":
		return t.Says["ready_to_confirm"]
	case m.Reading == "refunded":
		return t.Says["payment_refunded"]
	case m.Reading == "paid", m.Reading == "not_paid", m.Reading == "open":
		return t.Says[m.Reading]
	}
	return t.Says["other"]
}

// alarms leads from an alarm to the sentence of what the message did.
var alarms = map[string]string{
	"unmatched": "unmatched", "other_reference": "no_ref", "other_session": "foreign", "other_amount": "mismatch", "other_currency": "mismatch", "other_account": "mismatch",
	"other_bik": "mismatch", "not_json": "not_json", "odd_shape": "not_json", "no_session": "not_json", "doubled_key": "doubled", "mixed_names": "mixed",
	"confirm_asked": "ready", "unknown_type": "other", "two_payouts": "doubtful",
}

// did is what a message changed, its tone, and a note.
func (r *req) did(m app.MessageRow) (text, tone, note string) {
	t := r.t
	if !m.Confirmed.IsZero() {
		note = lang.Fill(t.Inbox.Confirmed, clockIn(r, m.Confirmed))
	}
	if m.Alarm == "name_differs" || m.Alarm == "purpose_differs" || m.Alarm == protocol.AlarmLateTruth { // it did what it says all the same
		why := upperFirst(t.Reason(m.Alarm))
		m.Alarm = ""
		text, _, _ = r.did(m)
		return text, "doubt", why
	}
	switch {
	case m.Applied.IsZero():
		return t.Outcomes["waiting"], "muted", ""
	case m.Alarm != "":
		if k, ok := alarms[m.Alarm]; ok {
			return t.Outcomes[k], "doubt", upperFirst(t.Reason(m.Alarm))
		}
		return t.Outcomes["doubtful"], "doubt", upperFirst(t.Reason(m.Alarm))
	case m.Effect == "moved" && m.Reading == "refunded":
		return t.Outcomes["returned"], "", note
	case m.Effect == "moved":
		switch m.To {
		case payout.Succeeded:
			return t.Outcomes["paid"], "", note
		case payout.Failed:
			return t.Outcomes["not_paid"], "", note
		case payout.Returned:
			return t.Outcomes["returned"], "", note
		}
		return t.Outcomes["applied"], "", note
	case m.Effect == "late":
		return t.Outcomes["late"], "muted", note
	case m.Effect == "woke":
		return t.Outcomes["open"], "muted", note
	}
	return t.Outcomes["same"], "muted", note
}

func (r *req) refusedRow(x app.RefusedRow) templates.InboxRow {
	seal, did := refusedWords(r.t, x.Reason)
	return templates.InboxRow{At: clockIn(r, x.At), Seal: seal, Says: r.t.Says["unread"], NoOne: r.t.Inbox.NoPayout, Did: did, DidTone: "muted",
		DidNote: upperFirst(r.t.Reason(x.Reason)), Href: templ64("/inbox/refused/", x.Slot)}
}

func refusedWords(t *lang.Texts, reason string) (seal, did string) {
	switch reason {
	case "missing":
		return t.Seals["none"], t.Outcomes["no_seal"]
	case "several":
		return t.Seals["double"], t.Outcomes["bad_seal"]
	}
	return t.Seals["bad"], t.Outcomes["bad_seal"]
}

func (w *Web) message(r *req) error { // GET /inbox/:id
	id, err := strconv.ParseInt(r.Param("id"), 10, 64)
	if err != nil {
		return fault.Missing("notfound")
	}
	m, body, err := w.App.Store.MessageByID(r.ctx(), id)
	if err != nil {
		return err
	}
	t := r.t.Inbox
	v := &templates.MessageView{Title: lang.Fill(t.Message, clockIn(r, m.At)), Good: true, Seal: r.t.Seals["good"], BodyNote: t.BodyCut}
	v.Body = shown(body, r.may(app.ReadPayouts))
	v.Facts = []templates.Fact{{Label: t.First, Value: clockDay(r, m.At)}}
	if m.Count > 1 {
		v.Facts = append(v.Facts, templates.Fact{Label: t.Last, Value: clockDay(r, m.LastAt)})
	}
	v.Facts = append(v.Facts, templates.Fact{Label: t.Number, Value: strconv.Itoa(m.Count)}, templates.Fact{Label: t.Key, Value: m.KeyID, Mono: true},
		templates.Fact{Label: t.Size, Value: lang.Fill(r.t.More().Bytes, len(body))})
	if m.Payout != "" {
		v.Facts = append(v.Facts, templates.Fact{Label: t.Payout, Value: numbered(r.t, m.Number), Href: templates.PayoutHref(string(m.Payout))})
	}
	if m.Session != "" {
		v.Facts = append(v.Facts, templates.Fact{Label: t.Session, Value: m.Session, Mono: true, Copy: true})
	}
	did, tone, note := r.did(m)
	ev := templates.Event{At: m.At.In(lang.Moscow).Format("15:04:05"), Day: lang.Day(r.tag, m.At, r.now), Tone: "bank", Text: lang.Fill(r.t.Events["webhook"], "", says(r.t, m))}
	v.Story = []templates.Event{ev}
	if !m.Applied.IsZero() {
		e := templates.Event{At: m.Applied.In(lang.Moscow).Format("15:04:05"), Tone: "sys", Text: did}
		if tone == "doubt" {
			e.Tone = "doubt"
		}
		if note != "" {
			e.Notes = []string{note}
		}
		v.Story = append(v.Story, e)
	}
	if m.Count > 1 {
		v.Story = append(v.Story, templates.Event{At: m.LastAt.In(lang.Moscow).Format("15:04:05"), Tone: "sys", Text: r.t.Outcomes["repeat"], Notes: []string{lang.Fill(t.Times, m.Count)}})
	}
	if r.may(app.ReadRaw) {
		v.Raw = &templates.Act{Action: templ64("/inbox/", m.ID) + "/raw", Label: t.Raw, TestID: "raw"}
	}
	p, err := r.page(v.Title, templates.SectionInbox)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.Message(p, v))
}

func (w *Web) messageRaw(r *req) error { // POST /inbox/:id/raw
	id, err := strconv.ParseInt(r.Param("id"), 10, 64)
	if err != nil {
		return fault.Missing("notfound")
	}
	_, body, err := w.App.Store.MessageByID(r.ctx(), id)
	if err != nil {
		return err
	}
	return w.bytes(r, "message", strconv.FormatInt(id, 10), body)
}

func (w *Web) refused(r *req) error { // GET /inbox/refused/:id
	slot, err := strconv.ParseInt(r.Param("id"), 10, 64)
	if err != nil {
		return fault.Missing("notfound")
	}
	x, body, err := w.App.Store.RefusedBody(r.ctx(), slot)
	if err != nil {
		return err
	}
	t := r.t.Inbox
	seal, did := refusedWords(r.t, x.Reason)
	v := &templates.MessageView{Title: lang.Fill(t.Message, clockIn(r, x.At)), Seal: seal, Body: shown(body, r.may(app.ReadPayouts)), BodyNote: t.BodyCut}
	v.Facts = []templates.Fact{{Label: t.At, Value: clockDay(r, x.At)}, {Label: t.Checked, Value: seal, Note: upperFirst(r.t.Reason(x.Reason))},
		{Label: t.Size, Value: lang.Fill(r.t.More().Bytes, x.Bytes)}}
	v.Story = []templates.Event{{At: x.At.In(lang.Moscow).Format("15:04:05"), Day: lang.Day(r.tag, x.At, r.now), Tone: "sys", Text: did}}
	if r.may(app.ReadRaw) {
		v.Raw = &templates.Act{Action: templ64("/inbox/refused/", slot) + "/raw", Label: t.Raw, TestID: "raw"}
	}
	p, err := r.page(v.Title, templates.SectionInbox)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.Message(p, v))
}

func (w *Web) refusedRaw(r *req) error { // POST /inbox/refused/:id/raw
	slot, err := strconv.ParseInt(r.Param("id"), 10, 64)
	if err != nil {
		return fault.Missing("notfound")
	}
	x, body, err := w.App.Store.RefusedBody(r.ctx(), slot)
	if err != nil {
		return err
	}
	return w.bytes(r, "refused", strconv.FormatInt(x.N, 10), body)
}
