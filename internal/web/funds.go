package web

import (
	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

// fundsLine is the balance of our account beside all that is approved; "" where it is not asked for.
func (r *req) fundsLine(d *desk) string {
	b, t := d.Balance, r.t.Funds()
	switch {
	case b.Off:
		return ""
	case !b.Known && b.FailedAt.IsZero():
		return t.Never
	case !b.Known:
		return lang.Fill(t.Unknown, lang.When(r.tag, b.FailedAt, r.now))
	}
	line := lang.Fill(t.Line, rub(r.tag, b.Minor), lang.When(r.tag, b.At, r.now))
	switch need := d.states["state:"+string(payout.Approved)].Sum - b.Left(); {
	case need > 0:
		line += " " + lang.Fill(t.Short, rub(r.tag, need))
	case d.states["state:"+string(payout.Approved)].N > 0:
		line += " " + t.Enough
	}
	return line
}

// fundsNote is the balance beside one payout that has not left; "" when it is not known.
func (o *one) fundsNote(b app.BalanceView) string {
	t := o.r.t.Funds()
	if !b.Known {
		return ""
	}
	text := t.Note
	switch {
	case o.held == "funds":
		text = t.Waits
	case o.s.Content.Amount.Minor > b.Left() && o.s.State == payout.PendingApproval:
		text = t.TooFew
	}
	return lang.Fill(text, rub(o.r.tag, b.Minor), lang.When(o.r.tag, b.At, o.r.now))
}
