package web

import (
	"net/http"
	"strconv"
	"strings"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

func (w *Web) haltPage(r *req) error { // GET /halt
	return w.showHalt(r, http.StatusOK, "", nil)
}

func (w *Web) showHalt(r *req, status int, typed string, refused *fault.Error) error {
	t := r.t.Halt
	p, err := r.page(t.Title, templates.SectionNone)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	v := &templates.HaltView{On: d.Halt != nil, Lead: t.Off, Text: []string{t.OffText}}
	if d.Halt == nil && d.Quarantine != "" { // found a moment ago: its stop is not set yet
		v.Lead, v.Text = t.On, r.copyText("", d.Quarantine)
	}
	approved, err := w.App.Store.Counters(r.ctx(), "state:"+string(payout.Approved))
	if err != nil {
		return err
	}
	if c := approved["state:"+string(payout.Approved)]; c.N > 0 {
		v.Waiting = t.Waiting + ": " + r.t.N(r.t.Common.PayoutsOn, int(c.N)) + " " + rubS(r.tag, c.Sum)
	}
	if d.Halt == nil {
		if r.may(app.StopSending) {
			v.Text = append(v.Text, t.StopNote)
			v.Stop = &templates.ReasonAct{Action: "/halt", Summary: t.Stop, Label: t.Reason, Button: t.StopButton, Value: typed, Open: true}
			if refused != nil {
				v.Stop.Error = say(r.t, refused)
			}
		}
		return r.show(status, templates.Halt(p, v))
	}
	h := *d.Halt
	v.Lead, v.Text = t.On, []string{t.OnText}
	by, why := t.BySystem, haltCause(r.t, h.Cause)
	if h.Cause == "person" {
		by, why = d.name(r.t, h.By.Person), d.HaltReason
	}
	v.Text = append(v.Text, r.copyText(h.Cause, d.Quarantine)...)
	v.Facts = []templates.Fact{{Label: t.By, Value: by}, {Label: t.At, Value: clockDay(r, h.At)}, {Label: t.Why, Value: why}}
	if h.Payout != "" {
		s, err := w.App.Store.PayoutByID(r.ctx(), h.Payout)
		if err == nil {
			v.Facts = append(v.Facts, templates.Fact{Label: r.t.More().HaltPayout, Value: numbered(r.t, s.Number), Href: templates.PayoutHref(string(s.ID))})
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	v.Facts = append(v.Facts, r.copyFacts()...)
	if refused != nil {
		v.Error = &templates.FieldError{Field: "form", Text: say(r.t, refused)}
	}
	events, err := w.App.Store.Timeline(r.ctx(), string("halt"), strconv.FormatInt(h.ID, 10))
	if err != nil {
		return err
	}
	for _, f := range app.BrokenIn(events) {
		v.Facts = append(v.Facts, w.brokenFact(r, f))
	}
	me := d.signer(r.me.ID)
	for _, id := range d.Released {
		v.Signs = append(v.Signs, templates.Signature{Mark: "given", Text: d.name(r.t, id)})
	}
	for i := range d.Release.Open {
		s := templates.Signature{Mark: "empty", Text: t.NeedOne}
		if i == 0 && d.MayResume(me) {
			s = templates.Signature{Mark: "mine", Bold: r.t.Panel.You}
		} else if could := strings.Join(couldNames(d.Release.Could(d.signers)), ", "); could != "" {
			s.Text = lang.Fill(r.t.Panel.AnyOf, could)
		}
		v.Signs = append(v.Signs, s)
	}
	switch {
	case d.MayResume(me):
		v.Text = append(v.Text, t.ReleaseText)
		v.Release = &templates.Act{Action: "/halt/release", Label: t.Release, Main: true, TestID: "release",
			Hidden: []templates.Hidden{{Name: "stop", Value: strconv.FormatInt(h.ID, 10)}}}
		if len(d.Released) > 0 {
			v.Release.Label = t.ReleaseSecond
		}
		mine, err := w.App.Factors(r.ctx(), r.me.ID)
		if err != nil {
			return err
		}
		switch w.App.ReleaseNeeds(h, mine) {
		case app.ReleaseByPassword:
			v.Sign = &templates.SignView{Note: r.t.Copies().Confirm, NoKeys: true, Password: true}
		case app.ReleaseByFactor:
			if v.Sign, err = r.signView(r.ctx(), "/account/passkeys/challenge", app.ReleaseDigest(h.ID), false, true); err != nil {
				return err
			}
			v.Sign.Note = r.t.Copies().Confirm
		}
	case d.Release.May(me) == approval.Already:
		v.WhyNot = t.Already
		v.Back = &templates.Act{Action: "/halt/back", Label: r.t.Panel.TakeBack, TestID: "back"}
	case d.Release.May(me) == approval.Barred:
		v.WhyNot = t.Own
	case d.Release.May(me) == approval.Quiet:
		v.WhyNot = r.t.Decision().WhyNot[string(approval.Quiet)]
	default:
		v.WhyNot = t.NotYou
	}
	for i, e := range events {
		ev := templates.Event{At: e.At.In(lang.Moscow).Format("15:04:05"), Tone: "people", Text: logText(r.t, e, factsOf(e)) + ": " + d.short(r.t, e.Person)}
		if e.Action == "halt.on" {
			ev.Tone = "stop"
		}
		if i == 0 {
			ev.Day = lang.Day(r.tag, e.At, r.now)
		}
		if e.Text != "" {
			ev.Notes = []string{lang.Fill(r.t.More().Quote, e.Text)}
		}
		v.Timeline = append(v.Timeline, ev)
	}
	return r.show(status, templates.Halt(p, v))
}

func (w *Web) halt(r *req) error { // POST /halt
	reason := r.Request().PostForm.Get("reason")
	err := w.App.Halt(r.ctx(), r.me.who(), reason)
	if f := fault.As(err).Field("reason"); f != nil {
		return w.showHalt(r, http.StatusUnprocessableEntity, reason, f)
	}
	if err != nil {
		return err
	}
	return r.see("/halt")
}

func (w *Web) releaseBack(r *req) error { // POST /halt/back
	if err := w.App.ResumeBack(r.ctx(), r.me.who()); err != nil {
		return err
	}
	return r.see("/halt")
}

func (w *Web) release(r *req) error { // POST /halt/release
	var stop int64 // 0 when the form names none
	if s := r.Request().PostForm.Get("stop"); s != "" {
		var err error
		if stop, err = strconv.ParseInt(s, 10, 64); err != nil || stop < 1 {
			return fault.Moved("halt.moved")
		}
	}
	proof := proofOf(r)
	done, err := w.tryCode(r, proof.Code)
	if err != nil {
		return err
	}
	again, err := w.tryPassword(r, r.Request().PostForm.Get("password"))
	if err != nil {
		return err
	}
	proof.Password = r.Request().PostForm.Get("password")
	err = w.App.ResumeProved(r.ctx(), r.me.who(), stop, proof)
	done(err)
	again(err)
	if fs := fault.As(err); len(fs) > 0 && (fs[0].Kind == fault.Invalid || fs[0].Code == "halt.other_copy" || fs[0].Code == "halt.moved") {
		return w.showHalt(r, statusOf(err), "", fs[0])
	}
	if err != nil {
		return err
	}
	return r.see("/halt")
}

func (w *Web) kopecks(r *req) error { // GET /demo/kopecks
	p, err := r.page(r.t.Kopecks.Title, templates.SectionNone)
	if err != nil {
		return err
	}
	v := &templates.KopecksView{Lead: r.t.Kopecks.Lead}
	for _, k := range w.Demo.Kopecks {
		row := templates.KopecksRow{Kopecks: "," + strconv.Itoa(k.Kop), Bank: k.Bank, End: k.End}
		if r.tag == lang.RU {
			row.Bank, row.End = k.BankRU, k.EndRU
		} else {
			row.Kopecks = "." + strconv.Itoa(k.Kop)
		}
		if k.Kop == 0 {
			row.Kopecks = r.t.More().OtherKopecks
		}
		v.Rows = append(v.Rows, row)
	}
	return r.show(http.StatusOK, templates.Kopecks(p, v))
}
