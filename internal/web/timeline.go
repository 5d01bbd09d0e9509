package web

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// facts are what an event's payload says, as far as pages need it.
type facts struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Why       string   `json:"why"`
	Error     string   `json:"error"`
	Alarm     string   `json:"alarm"`
	Answer    string   `json:"answer"`
	Source    string   `json:"source"`
	Effect    string   `json:"effect"`
	Replaces  string   `json:"replaces"`
	Cause     string   `json:"cause"`
	Payout    string   `json:"payout"`
	Review    bool     `json:"review"`
	Confirmed bool     `json:"confirmed"`
	Returned  int64    `json:"returned_minor"`
	Given     int      `json:"given"`
	Needed    int      `json:"needed"`
	Attempt   int      `json:"attempt"`
	Bytes     int      `json:"bytes"`
	Fetch     int64    `json:"fetch"`
	Message   int64    `json:"message"`
	Number    int64    `json:"number"`
	Acks      []string `json:"acks"`
	Outcome   string   `json:"outcome"`
	Verdict   int      `json:"verdict"`
}

func factsOf(e app.EventRow) facts {
	var f facts
	// A payload of a later version may hold other kinds of values under these names: what cannot be read is not shown.
	_ = json.Unmarshal(e.Payload, &f)
	return f
}

// timeline tells a payout's story, oldest first, and what comes next.
func (o *one) timeline() []templates.Event {
	var out []templates.Event
	day := time.Time{}
	reviewed, returned := false, int64(0)
	for _, e := range o.events {
		f := factsOf(e)
		ev, ok := o.event(e, f, reviewed, returned)
		switch e.Action {
		case payout.ActMoved, payout.ActAnswered, payout.ActConfirmed:
			reviewed, returned = f.Review, f.Returned
		}
		if !ok {
			continue
		}
		ev.At = e.At.In(lang.Moscow).Format("15:04:05")
		if d := lang.StartOfDay(e.At); !d.Equal(day) {
			day, ev.Day = d, lang.Day(o.r.tag, e.At, o.r.now)
		}
		out = append(out, ev)
	}
	if next, ok := o.next(); ok {
		next.Tone, next.At = "next", o.r.t.Payout.Next
		out = append(out, next)
	}
	return out
}

// event is one line of the story. ok is false for what is no part of it.
func (o *one) event(e app.EventRow, f facts, reviewed bool, returned int64) (ev templates.Event, ok bool) {
	r, t := o.r, o.r.t
	who := o.d.short(t, e.Person)
	line := func(tone, key string, args ...any) templates.Event {
		return templates.Event{Tone: tone, Text: lang.Fill(t.Events[key], append([]any{who}, args...)...)}
	}
	quote := func() {
		if e.Text != "" && o.full {
			ev.Notes = append(ev.Notes, lang.Fill(t.More().Quote, e.Text))
		}
	}
	switch e.Action {
	case payout.ActCreated:
		ev = line("people", "created")
		if o.replaced != nil {
			ev = line("people", "replaces", num(o.replaced.Number))
		}
	case payout.ActEdited:
		ev = line("people", "edited", e.Version)
		was, now := versionOf(o.versions, e.Version-1, ""), versionOf(o.versions, e.Version, "")
		if o.full && was != nil && now != nil {
			if d := diff(t, "", was.Content, now.Content, false); d != nil {
				ev.Fold = &templates.Fold{Summary: t.Payout.WhatChanged, Diff: d}
			}
		}
	case payout.ActSubmitted:
		ev = line("people", "submitted")
		for _, a := range f.Acks {
			ev.Notes = append(ev.Notes, lang.Fill(t.More().Ticked, lang.Label(t.Acks, a)))
		}
	case payout.ActApproved:
		of := lang.Fill(t.Common.Of, f.Given, f.Needed)
		key := "approved"
		if f.To == string(payout.Approved) {
			key = "approved_last"
		}
		ev = line("people", key, of)
	case payout.ActTakenBack:
		ev = line("people", "taken_back")
	case payout.ActChangesAsked:
		ev = line("people", "changes_asked")
		quote()
	case payout.ActPayeeChanged:
		ev = templates.Event{Tone: "sys", Text: r.t.Payees().EventMoved}
	case payout.ActRejected:
		ev = line("stop", "rejected")
		quote()
	case payout.ActCancelled:
		ev = line("sys", "cancelled")
		quote()
	case payout.ActExpired:
		ev = line("sys", "expired")
	case payout.ActCameBack:
		ev = line("sys", "reapproval", o.cameBack(f.Why))
	case payout.ActSuffices:
		ev = line("sys", "suffices")
	case payout.ActReplanned:
		ev = line("sys", "replanned")
	case payout.ActHeld:
		ev = line("doubt", "held", lang.Label(t.Held, f.Why))
	case payout.ActClaimed:
		ev = line("bank", "claimed")
		if f.Bytes > 0 {
			ev.Fold = &templates.Fold{Summary: t.Payout.WhatWasSent, Facts: []templates.Fact{
				{Label: t.Inbox.Size, Value: lang.Fill(t.More().Bytes, f.Bytes)}, {Label: t.Payout.VersionCode, Value: o.digestOf(e), Mono: true}}}
		}
		if r.may(app.ReadRaw) && f.Attempt > 0 {
			ev.Links = append(ev.Links, templates.Link{Href: o.href("/bodies/request/" + strconv.Itoa(f.Attempt)), Label: t.More().Request})
		}
	case payout.ActNotSent:
		ev = line("doubt", "not_sent", t.Reason(f.Why))
	case payout.ActAnswered:
		ev = o.answered(f, line)
		if r.may(app.ReadRaw) && f.Attempt > 0 {
			ev.Links = append(ev.Links, templates.Link{Href: o.href("/bodies/answer/" + strconv.Itoa(f.Attempt)), Label: t.More().Answer})
		}
	case payout.ActRuled:
		ev = o.ruledEvent(f)
	case payout.ActMoved:
		ev = o.moved(f, line, returned)
		if f.Source == "verdict" {
			ev = o.ruledEvent(f)
		}
	case payout.ActConfirmed:
		if f.Source == "verdict" {
			ev = o.ruledEvent(f)
			break
		}
		ev = line("bank", "confirmed")
		if e := payout.State(f.To); e == payout.Failed {
			ev.Tone = "stop"
		}
	case payout.ActAlarm:
		ev = templates.Event{Tone: "doubt", Text: lang.Fill(t.More().Alarm, t.Reason(f.Alarm))}
		if f.Source == "message" {
			ev = line("doubt", "ignored", t.Reason(f.Alarm))
		}
	case "look.account":
		ev = line("sys", "revealed")
	case "look.bytes":
		ev = templates.Event{Tone: "sys", Text: lang.Fill(t.More().BytesSeen, who)}
	default:
		return ev, false
	}
	if f.Review && !reviewed {
		ev.Notes = append(ev.Notes, t.List.Review)
		ev.Tone = "doubt"
	}
	if f.Message > 0 && r.may(app.ReadInbox) {
		ev.Links = append(ev.Links, templates.Link{Href: templ64("/inbox/", f.Message), Label: t.Payout.Message})
	}
	if f.Fetch > 0 && r.may(app.ReadRaw) {
		ev.Links = append(ev.Links, templates.Link{Href: o.href("/bodies/fetch/" + strconv.FormatInt(f.Fetch, 10)), Label: t.More().Answer})
	}
	return ev, true
}

// digestOf is the version code that stood when an event happened.
func (o *one) digestOf(e app.EventRow) string {
	if v := versionOf(o.versions, e.Version, ""); v != nil {
		return payout.Digest(v.Digest).Short()
	}
	return o.s.Digest.Short()
}

// answered tells what the bank's answer to our request was.
func (o *one) answered(f facts, line func(tone, key string, args ...any) templates.Event) templates.Event {
	why := o.r.t.Reason(first(f.Error, f.Why))
	switch payout.State(f.To) {
	case payout.Failed:
		return line("stop", "refused", why)
	case payout.Unknown:
		return line("doubt", "unknown", why)
	case payout.Succeeded:
		return line("bank", "succeeded")
	}
	return line("bank", "taken")
}

// moved tells where the bank's message, or our question, put the payout.
func (o *one) moved(f facts, line func(tone, key string, args ...any) templates.Event, returned int64) templates.Event {
	t := o.r.t
	how := t.Payout.Confirmed
	if f.Source == "message" {
		how = t.Payout.ByWebhook
	}
	var ev templates.Event
	switch to := payout.State(f.To); {
	case to == payout.Returned:
		ev = line("doubt", "returned")
	case to == payout.Succeeded && f.Returned > returned:
		ev = line("doubt", "returned_part", rub(o.r.tag, f.Returned), rub(o.r.tag, o.s.Content.Amount.Minor))
	case to == payout.Succeeded:
		ev = templates.Event{Tone: "bank", Text: t.States["succeeded"]}
	case to == payout.Failed:
		ev = line("stop", "failed", t.Reason(f.Why))
	case to == payout.Unknown:
		ev = line("doubt", "unknown", t.Reason(f.Why))
	default:
		ev = line("bank", "taken")
	}
	ev.Notes = append(ev.Notes, upperFirst(how))
	return ev
}

// ruledEvent tells that people decided what became of the payout.
func (o *one) ruledEvent(f facts) templates.Event {
	ev := templates.Event{Tone: "people", Text: o.r.t.Verdict().EventNot}
	if f.Outcome == app.RuledPaid {
		ev.Text = o.r.t.Verdict().EventPaid
	}
	if o.full {
		ev.Links = append(ev.Links, templates.Link{Href: templ.SafeURL(changeHref(approval.Verdict, string(o.s.ID), f.Verdict)), Label: o.r.t.Verdict().Line})
	}
	return ev
}

func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

// next is the dashed line at the end: what happens next and when.
func (o *one) next() (templates.Event, bool) {
	r, t, s := o.r, o.r.t.Payout, o.s
	if s.Review {
		return templates.Event{Bold: t.NextReview, Text: t.NextReviewText, Notes: o.poll()}, true
	}
	switch s.State {
	case payout.Draft:
		return templates.Event{Bold: t.NextDraft, Text: t.NextDraftText}, true
	case payout.PendingApproval:
		ends := lang.Fill(t.NextExpires, lang.Moment(r.tag, app.ExpiresAt(s.SubmittedAt, s.Content.DueDate, o.d.frame.Set.ExpiryDays), r.now))
		if o.why == approval.Can {
			if o.lastWith() {
				wait := lang.Duration(r.tag, r.web.App.SendAfter)
				text := lang.Fill(t.NextYoursText, wait)
				if held := o.wouldWait(); held != "" {
					text = heldLong(r.t, held, s.Content.DueDate, time.Time{}, r.now)
				} else if !o.stand.DueAt.IsZero() {
					text = lang.Fill(r.t.BankRoom().DueOn, dayShort(r.tag, s.Content.DueDate, r.now))
				}
				return templates.Event{Bold: t.NextYours, Text: text, Notes: []string{ends}}, true
			}
			return templates.Event{Bold: t.NextYours, Text: lang.Fill(r.t.Panel.ThenNext, o.tally.Open-1), Notes: []string{ends}}, true
		}
		return templates.Event{Bold: t.NextOthers, Text: lang.Fill(t.NextOthersText, strings.Join(couldNames(o.tally.Could(o.d.signers)), ", ")), Notes: []string{ends}}, true
	case payout.Approved:
		if o.held != "" && o.held != "countdown" {
			return templates.Event{Bold: t.NextSend, Text: heldLong(r.t, heldAs(o.held, o.s.Why), o.s.Content.DueDate, o.s.HeldUntil, r.now)}, true
		}
		return templates.Event{Bold: t.NextSend, Text: t.NextSendText}, true
	case payout.Sending, payout.InProgress:
		return templates.Event{Bold: t.NextBank, Text: t.NextBankText, Notes: o.poll()}, true
	case payout.Unknown:
		return templates.Event{Bold: t.NextUnknown, Text: t.NextUnknownText, Notes: append(o.poll(), t.NextUnknownNote)}, true
	case payout.Succeeded:
		return templates.Event{Text: t.NextReturn}, true
	case payout.Cancelled:
		if o.byID == "" && app.CanReplace(s) {
			return templates.Event{Text: t.NextReplace}, true
		}
	case payout.Failed, payout.Returned:
		switch {
		case o.byID != "":
			return templates.Event{Text: t.NextNothing}, true
		case app.CanReplace(s):
			return templates.Event{Text: t.NextReplace}, true
		}
		return templates.Event{Bold: t.NextBank, Text: t.NextBankText, Notes: o.poll()}, true
	}
	return templates.Event{}, false
}

// poll says when the desk asks the bank itself.
func (o *one) poll() []string {
	p, ok, err := o.r.web.App.Store.PollOf(o.r.ctx(), o.s.ID)
	if err != nil || !ok {
		return nil // the story stands without it
	}
	at := p.NextAt
	if at.Before(o.r.now) {
		at = o.r.now
	}
	return []string{lang.Fill(o.r.t.Payout.NextPoll, lang.Clock(o.r.tag, at))}
}
