package web

import (
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// badge is the status of a payout as everybody who may read payouts sees it: /live renders it once a language.
func (d *desk) badge(t *lang.Texts, r app.Row, now time.Time) templates.BadgeView {
	b := templates.BadgeView{ID: string(r.ID), Status: string(r.State), Label: lang.Label(t.States, string(r.State)), Review: r.Review,
		Held: d.Held(r.State, r.Why, r.DueDate, r.SendAt, r.HeldUntil, now)}
	switch {
	case r.Review:
		b.Why = t.List.Review
	case r.State == payout.Draft && r.ChangesAsked:
		b.Why = t.List.ChangesAsked
	case r.State == payout.PendingApproval:
		if p, ok := d.find(r.ID); ok && p.tally.Open > 0 && p.tally.Open == p.tally.OpenSeniors {
			b.Why = t.List.NeedsSenior
		} else if r.DueDate > string(calendar.DayOf(now)) {
			b.Why = lang.Fill(t.BankRoom().ForDay, dayShort(t.Tag(), r.DueDate, now))
		}
	case b.Held == "countdown":
		b.Why = lang.Fill(t.Held["countdown"], lang.Duration(t.Tag(), r.SendAt.Sub(now)))
	case b.Held != "":
		b.Why = heldShort(t, heldAs(b.Held, r.Why), r.DueDate, r.HeldUntil, now)
	case r.State == payout.Failed && r.Why != "":
		b.Why = lang.Fill(t.Common.Bank, t.Reason(r.Why))
	case r.State == payout.Unknown:
		b.Why = t.Reason(r.Why)
	case r.State == payout.Succeeded && r.ReturnedMinor > 0:
		b.Why = lang.Fill(t.List.Returned, rub(t.Tag(), r.ReturnedMinor), rub(t.Tag(), r.Amount))
	case r.State == payout.Returned:
		b.Why = t.List.ReturnedWhole
	}
	return b
}

// off: no money left, so the figure is muted.
func off(s payout.State) bool {
	return !s.Sent() || s == payout.Failed
}

// purposeRunes is as much of a purpose as one line of a list can show at its widest (346 px).
const purposeRunes = 48

// nameRunes is more of a name than its column shows; whole ones of 160 would make fifty rows heavier than 60 KB.
const nameRunes = 50

// row is one line of a list as this reader may see it.
func (r *req) row(d *desk, x app.Row) templates.RowView {
	v := templates.RowView{Badge: d.badge(r.t, x, r.now), Href: templates.PayoutHref(string(x.ID)), Number: num(x.Number),
		Sum: sum(r.tag, x.Amount, off(x.State)), Maker: lang.ShortName(x.MakerName), Changed: lang.When(r.tag, x.ChangedAt, r.now)}
	if x.Amount == 0 {
		v.Sum = templates.Sum{Whole: "–", Off: true}
	}
	if r.may(app.ReadPayouts) {
		v.Payee, v.Last4, v.Purpose = clip(x.FullName, nameRunes), lang.Last4(x.Account), clip(x.Description, purposeRunes)
		if v.Payee == "" {
			v.Payee = r.t.Common.NotSet
		}
	}
	v.Signs, v.SignsText = "", ""
	if p, ok := d.find(x.ID); ok && x.State == payout.PendingApproval {
		v.Move = p.tally.May(d.signer(r.me.ID)) == approval.Can
		v.Signs, v.SignsText = signs(r.t, len(p.tally.Given), p.tally.Open, v.Move)
	} else if x.Needed > 0 && !x.State.Ended() && x.State != payout.Draft {
		v.Signs, v.SignsText = signs(r.t, x.Given, max(0, x.Needed-x.Given), false)
	}
	if x.State == payout.Draft && x.ChangesAsked && r.may(app.Enter) && contains(x.Makers, r.me.ID) {
		v.Move = true
	}
	return v
}

// signs are one letter an approval: given, one that the reader can give, empty.
func signs(t *lang.Texts, given, open int, mine bool) (marks, text string) {
	if given+open == 0 {
		return "", ""
	}
	text = lang.Fill(t.Common.Of, given, given+open)
	marks = strings.Repeat("g", given)
	if mine && open > 0 {
		marks, text = marks+"m", lang.Fill(t.Common.SignsMine, given, given+open)
		open--
	}
	return marks + strings.Repeat("e", open), text
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// clip cuts a text to n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	seen, cut := 0, 0
	for i := range s {
		if seen++; seen == n {
			cut = i
		}
		if seen > n {
			return strings.TrimRight(s[:cut], " ") + "…"
		}
	}
	return s
}

// move is a payout that waits for this reader.
func (r *req) move(d *desk, p pending) templates.MoveRow {
	row := p.Row
	row.State = payout.PendingApproval
	m := templates.MoveRow{Row: r.row(d, row)}
	m.Row.Changed = lang.When(r.tag, p.SubmittedAt, r.now)
	t := r.t.Overview
	n, given := p.tally.Needed(), len(p.tally.Given)
	switch {
	case n == 1:
		m.Place = t.Only
	case p.tally.Open == 1:
		m.Place = t.Last
	case given == 0:
		m.Place = lang.Fill(t.First, n)
	default:
		m.Place = lang.Fill(t.Nth, given+1, n)
	}
	if k := len(p.Acks); k > 0 {
		m.Warnings = r.t.N(r.t.Common.Warnings, k)
	}
	if note := r.lostShort(d, p.SubmittedAt); note != "" {
		m.Warnings = strings.TrimPrefix(m.Warnings+". "+note, ". ")
	}
	if s := r.expires(app.ExpiresAt(p.SubmittedAt, p.DueDate, d.frame.Set.ExpiryDays)); s != "" {
		m.Place += ". " + strings.TrimSuffix(s, ".")
	}
	return m
}

// waiting are the rows that wait for others, with who can.
func (r *req) others(d *desk) []templates.RowView {
	var out []templates.RowView
	me := d.signer(r.me.ID)
	for _, p := range d.pending {
		if p.tally.May(me) == approval.Can {
			continue
		}
		row := p.Row
		row.State = payout.PendingApproval
		v := r.row(d, row)
		could := p.tally.Could(d.signers)
		v.Badge.Why = lang.Fill(r.t.Queue.WaitsFor, strings.Join(couldNames(could), ", "))
		if len(could) == 0 {
			v.Badge.Why = r.t.Form.NobodyCan
		}
		if s := r.expires(app.ExpiresAt(p.SubmittedAt, p.DueDate, d.frame.Set.ExpiryDays)); s != "" {
			v.Badge.Why += ". " + strings.TrimSuffix(s, ".")
		}
		v.Changed = lang.When(r.tag, p.SubmittedAt, r.now)
		out = append(out, v)
	}
	return out
}

func couldNames(s []approval.Signer) []string {
	out := make([]string, len(s))
	for i, p := range s {
		out[i] = lang.ShortName(p.Name)
	}
	return out
}
