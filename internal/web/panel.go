package web

import (
	"strconv"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/lang"
	"countersign/internal/payout"
	"countersign/web/templates"
)

// move says whose move it is, as one bold and one plain piece.
func (o *one) move() (bold, text string) {
	t, s := o.r.t.Payout, o.s
	if s.Review {
		return t.PeopleMove, t.Flagged
	}
	amount := func(n int64) string { return rub(o.r.tag, n) }
	switch s.State {
	case payout.Draft:
		switch {
		case s.ChangesAsked && o.isMaker:
			return t.YourMove, t.DraftChanges
		case s.ChangesAsked:
			return t.MakersMove, t.DraftChanges
		case s.Why == payeeChanged && o.isMaker:
			return t.YourMove, o.r.t.Payees().MoveTextMine
		case s.Why == payeeChanged:
			return t.MakersMove, o.r.t.Payees().MoveText
		case o.isMaker:
			return t.YourMove, t.DraftMine
		}
		return t.MakersMove, t.DraftOther
	case payout.PendingApproval:
		could := strings.Join(couldNames(o.tally.Could(o.d.signers)), ", ")
		switch {
		case o.why == approval.Can && o.tally.Needed() == 1:
			return t.YourMove, t.YourMoveOne
		case o.why == approval.Can && o.tally.Open == 1:
			return t.YourMove, t.YourMoveLast
		case o.why == approval.Can:
			return t.YourMove, lang.Fill(t.YourMoveMany, o.tally.Open)
		case len(o.stand.Need.Blocked) > 0:
			return t.PeopleMove, o.r.t.Decision().WhyNot[string(approval.Blocked)]
		case could == "":
			return t.PeopleMove, o.r.t.Decision().SeatNobody + "."
		case o.tally.Open == o.tally.OpenSeniors && o.tally.Open > 0:
			return t.TheirMove, lang.Fill(t.NeedsSenior, could)
		}
		return t.TheirMove, lang.Fill(t.OthersSign, could)
	case payout.Approved:
		switch o.held {
		case "countdown":
			return t.DeskMove, t.Countdown
		case "":
			return t.DeskMove, t.Queue
		}
		return t.HeldBold, heldLong(o.r.t, heldAs(o.held, s.Why), s.Content.DueDate, s.HeldUntil, o.r.now)
	case payout.Sending:
		return t.BankMove, t.Sending
	case payout.InProgress:
		return t.BankMove, t.WithBank
	case payout.Unknown:
		return t.BankMove, t.UnknownMove
	case payout.Succeeded:
		paid := t.Paid
		if !s.Confirmed {
			paid = t.PaidUnconfirmed
		}
		if s.ReturnedMinor > 0 {
			paid = lang.Fill(t.ReturnedPart, amount(s.ReturnedMinor), amount(s.Content.Amount.Minor))
		}
		return t.Done, paid
	case payout.Failed:
		why := o.r.t.Reason(s.Why)
		if !s.Confirmed {
			return t.BankMove, lang.Fill(t.NotPaidUnconfirmed, why)
		}
		return t.Done, lang.Fill(t.NotPaid, why)
	case payout.Returned:
		return t.Done, t.ReturnedWhole
	case payout.Expired:
		return t.Done, t.Expired
	}
	if why := restoredWhy(o.r.t, s); why != "" {
		return t.Done, why
	}
	who, reason := o.ended()
	if s.State == payout.Rejected {
		return t.Done, lang.Fill(t.Rejected, who, reason)
	}
	return t.Done, lang.Fill(t.Cancelled, who, reason)
}

// ended says who rejected or cancelled, and why.
func (o *one) ended() (who, reason string) {
	for _, e := range o.events {
		if e.Action == payout.ActRejected || e.Action == payout.ActCancelled {
			who, reason = o.d.short(o.r.t, e.Person), e.Text
		}
	}
	if !o.full {
		reason = "…" // people write names into reasons
	}
	return who, reason
}

// panel composes the decision panel: whatever is set is shown.
func (o *one) panel(was said) (*templates.Panel, error) {
	if !o.full {
		return nil, nil
	}
	s, t := o.s, o.r.t.Panel
	p := &templates.Panel{Error: was.err, Words: ""}
	if s.Review || s.State == payout.Unknown {
		o.doubtPanel(p)
		o.ruleActs(p)
		return p, nil
	}
	var err error
	if p.Standing, err = o.standing(); err != nil {
		return nil, err
	}
	maker := o.r.may(app.Enter)
	if o.r.web.App.CanRule(s) { // the bank confirms nothing: people may
		defer func() {
			p.Text = append(p.Text, o.r.t.Unknown.KnownUntold)
			o.ruleActs(p)
		}()
	}
	switch s.State {
	case payout.Draft:
		o.draftPanel(p)
	case payout.PendingApproval:
		if err := o.pendingPanel(p, was); err != nil {
			return nil, err
		}
	case payout.Approved:
		p.Kind, p.Title, p.Text = "held", t.Held, []string{t.HeldText}
		switch o.held {
		case "countdown":
			p.Kind, p.Title, p.Text = "countdown", t.Way, []string{t.CountdownText}
			p.Countdown = &templates.Countdown{UntilMs: s.SendAt.UnixMilli(), Before: t.CountdownBefore, Left: lang.Duration(o.r.tag, s.SendAt.Sub(o.r.now))}
		case "":
			p.Kind, p.Title, p.Text = "leaving", t.Way, []string{o.r.t.Payout.Queue}
		default:
			p.Text = append(p.Text, o.heldText())
		}
		p.Signs = o.given()
		o.undo(p, was)
		if maker && !s.Asked && !s.CredentialNo {
			p.Links = append(p.Links, templates.Link{Href: o.href("/edit"), Label: t.Edit})
		}
	case payout.Sending:
		p.Kind, p.Title, p.Text = "bank", t.WithBank, []string{t.SendingText}
	case payout.InProgress:
		p.Kind, p.Title, p.Text = "bank", t.WithBank, []string{t.BankText}
	case payout.Succeeded:
		p.Kind, p.Title, p.Text = "paid", t.Paid, []string{t.PaidText}
	case payout.Failed:
		p.Kind, p.Tone, p.Title, p.Text = "failed", "stop", t.Failed, []string{t.FailedText}
		if !s.Confirmed {
			p.Text = []string{t.FailedWait}
		}
	case payout.Returned:
		p.Kind, p.Title, p.Text = "returned", t.Returned, []string{t.ReturnedText}
	case payout.Rejected:
		p.Kind, p.Title, p.Text = "ended", t.Ended, []string{t.EndedRejected}
	case payout.Cancelled:
		p.Kind, p.Title, p.Text = "ended", t.Ended, []string{t.EndedCancelled}
		if why := restoredWhy(o.r.t, s); why != "" {
			p.Text = []string{why}
		}
	case payout.Expired:
		p.Kind, p.Title, p.Text = "ended", t.Ended, []string{t.EndedExpired}
	}
	if maker {
		switch {
		case app.CanReplace(s) && o.byID == "" && s.State == payout.Succeeded: // a part came back
			p.Links = append(p.Links, templates.Link{Href: o.href("/copy?back=1"), Label: o.r.t.Verdict().PayBack}, templates.Link{Href: o.href("/copy"), Label: t.Copy})
		case app.CanReplace(s) && s.State == payout.Succeeded:
			p.Links = append(p.Links, templates.Link{Href: o.href("/copy"), Label: t.Copy})
		case app.CanReplace(s) && o.byID == "":
			p.Links, p.LinkMain = append(p.Links, templates.Link{Href: o.href("/copy"), Label: t.CopyReplace}), true
		case app.CanReplace(s):
		case app.CanCopy(s) && !s.State.Waiting():
			p.Links = append(p.Links, templates.Link{Href: o.href("/copy"), Label: t.Copy})
		}
		if s.State.Waiting() && !s.Asked {
			p.Cancel = o.cancelAct(was)
		}
	}
	return p, nil
}

func (o *one) cancelAct(was said) *templates.ReasonAct {
	t := o.r.t.Panel
	return &templates.ReasonAct{Action: o.href("/cancel"), Summary: t.Cancel, Label: t.CancelReason, Button: t.CancelButton, Keep: t.Keep, Hidden: o.hidden(),
		Value: was.cancelReason, Error: was.cancelErr, Open: was.cancelErr != ""}
}

func (o *one) hidden() []templates.Hidden {
	return []templates.Hidden{{Name: "version", Value: strconv.Itoa(o.s.Version)}, {Name: "digest", Value: string(o.s.Digest)}}
}

func (o *one) draftPanel(p *templates.Panel) {
	s, t := o.s, o.r.t.Panel
	p.Kind, p.Title = "draft", t.Draft
	if s.ChangesAsked {
		p.Kind, p.Title = "changes", t.Changes
		for _, e := range o.events {
			if e.Action == payout.ActChangesAsked {
				p.Text = []string{lang.Fill(t.ChangesText, o.d.short(o.r.t, e.Person), e.Text)}
			}
		}
	} else if s.Why == payeeChanged {
		p.Kind, p.Title, p.Text = "changes", o.r.t.Payees().PanelMoved, []string{upperFirst(o.r.t.Payees().MoveText) + "."}
	} else {
		p.Text = []string{t.DraftText}
	}
	if !o.r.may(app.Enter) {
		p.Text = append(p.Text, lang.Fill(t.DraftOther, o.d.shorts(o.r.t, s.Makers)))
		return
	}
	p.Tone = "people"
	p.Links, p.LinkMain = []templates.Link{{Href: o.href("/edit"), Label: t.Edit}}, true
	if len(s.Content.Check()) > 0 || s.Why == payeeChanged {
		return
	}
	if w, _, err := o.r.web.App.Judge(o.r.ctx(), s.ID, s.Content); err == nil && len(w) == 0 {
		p.LinkMain = false
		p.Acts = []templates.Act{{Action: o.href("/submit"), Label: t.Submit, Hidden: o.hidden(), Main: true, TestID: "submit"}}
	}
}

func (o *one) pendingPanel(p *templates.Panel, was said) error {
	s, t, r := o.s, o.r.t.Panel, o.r
	if r.may(app.Decide) && !o.isMaker {
		hs, err := r.web.App.HintsOn(r.ctx(), o.d.frame, o.stand, app.JudgedOf(s), s.Version, s.Content.FullName, r.me.who())
		if err != nil {
			return err
		}
		p.Hints = r.hints(hs)
	}
	p.Words = lang.AmountInWords(r.tag, s.Content.Amount)
	p.Warnings = append(o.replacesWarning(), o.warnings()...)
	p.Changes = o.changes()
	p.Signs = append(o.given(), o.signsNeeded()...)
	defer func() {
		if at := r.expires(app.ExpiresAt(s.SubmittedAt, s.Content.DueDate, o.d.frame.Set.ExpiryDays)); at != "" {
			p.Text = append(p.Text, at)
		}
	}()
	could := strings.Join(couldNames(o.tally.Could(o.d.signers)), ", ")
	switch {
	case o.why == approval.Can:
		p.Kind, p.Tone, p.Title = "decide", "people", t.Yours
		last := o.lastWith()
		if last {
			switch held := o.wouldWait(); {
			case held != "":
				p.Text = []string{t.ThenWaits, heldLong(r.t, held, s.Content.DueDate, time.Time{}, r.now)}
			case !o.stand.DueAt.IsZero():
				p.Text = []string{lang.Fill(r.t.BankRoom().ThenLeaves, rubS(r.tag, s.Content.Amount.Minor), dayShort(r.tag, s.Content.DueDate, r.now))}
			default:
				p.Text = []string{lang.Fill(t.ThenSends, rub(r.tag, s.Content.Amount.Minor), lang.Duration(r.tag, r.web.App.SendAfter))}
			}
		} else {
			p.Text = []string{lang.Fill(t.ThenNext, o.tally.Open-1)}
		}
		p.Decide = o.decideForm(was)
		p.Decide.Label = t.Approve
		if last && o.wouldWait() == "" {
			p.Decide.Label = t.ApproveSend
		}
		p.Decide.Amount = rubS(r.tag, s.Content.Amount.Minor)
		var err error
		if p.Decide.Sign, err = r.signView(r.ctx(), o.href("/sign/begin"), string(s.Digest), o.stand.Sign, o.stand.StepUp); err != nil {
			return err
		}
		if p.Decide.Sign != nil && p.Decide.Sign.Create {
			p.Decide.Label = r.t.Factor().CreateAndSign
		}
	case o.isMaker && could == "":
		p.Kind, p.Title, p.Text = "own", t.Own, []string{r.t.Decision().WhyNot[string(approval.Barred)]}
	case o.isMaker:
		p.Kind, p.Title, p.Text = "own", t.Own, []string{lang.Fill(t.OwnText, could)}
	default:
		p.Kind, p.Title = "others", t.Others
		if could != "" {
			p.Text = []string{lang.Fill(t.OthersText, could)}
		} else if len(o.stand.Need.Blocked) == 0 {
			p.Text = []string{upperFirst(r.t.Decision().SeatNobody) + "."}
		}
		if r.may(app.Decide) {
			p.Decide = o.decideForm(was)
		}
		o.takeBackAct(p)
	}
	if r.may(app.Enter) {
		p.Links = append(p.Links, templates.Link{Href: o.href("/edit"), Label: t.Edit})
	}
	return nil
}

// wouldWait says why this payout, were it approved this moment, would not leave after the countdown although its day has come: "halt", "bank_down" and the like, "" for nothing. A page
// that says "leaves in 10 s" while sending is stopped would promise what the desk cannot keep.
func (o *one) wouldWait() string {
	if !o.stand.DueAt.IsZero() {
		return ""
	}
	return o.d.Held(payout.Approved, "", "", time.Time{}, time.Time{}, o.r.now)
}

// lastWith: this reader's yes would be the last one needed.
func (o *one) lastWith() bool { return o.tally.LastWith(o.d.signer(o.r.me.ID)) }

func (o *one) decideForm(was said) *templates.Decide {
	t := o.r.t.Panel
	return &templates.Decide{Approve: o.href("/approve"), Changes: o.href("/changes"), Reject: o.href("/reject"), Digest: string(o.s.Digest), Version: strconv.Itoa(o.s.Version), Walk: o.r.walk(),
		Reason: was.reason, ReasonError: was.reasonErr, ChangesLabel: t.AskChanges, RejectLabel: t.Reject}
}

func (o *one) takeBackAct(p *templates.Panel) {
	if o.r.may(app.Decide) && (o.why == approval.Already) {
		p.Acts = append(p.Acts, templates.Act{Action: o.href("/back"), Label: o.r.t.Panel.TakeBack, Hidden: o.hidden(), TestID: "back"})
	}
}

// undo is what an approver may still do about an approved payout: take their own yes back, or reject.
func (o *one) undo(p *templates.Panel, was said) {
	if !o.r.may(app.Decide) || o.isMaker || o.s.Asked {
		return
	}
	o.takeBackAct(p)
	p.Decide = o.decideForm(was)
	p.Decide.ChangesLabel = ""
}

// doubtPanel says what is known, what is not, and what can be done.
func (o *one) doubtPanel(p *templates.Panel) {
	s, t, r := o.s, o.r.t.Panel, o.r
	p.Kind, p.Tone, p.Title = "unknown", "doubt", r.t.States["unknown"]
	var known, not []string
	if !s.SentAt.IsZero() {
		known = append(known, lang.Fill(t.KnownOnce, clockDay(r, s.SentAt)), t.KnownNever)
	}
	for _, a := range o.attempts {
		if a.Why == "" {
			continue
		}
		if _, bank := r.t.BankCodes[a.Why]; bank {
			known = append(known, lang.Fill(t.KnownWords, r.t.Reason(a.Why)))
		} else {
			known = append(known, upperFirst(r.t.Reason(a.Why))+".")
		}
		break
	}
	if s.Session != "" {
		known = append(known, lang.Fill(t.KnownSession, s.Session))
	}
	do := t.DoWait
	if s.Review {
		p.Kind, p.Title, p.Text = "flagged", t.Flagged, []string{t.FlaggedText}
		known = append([]string{t.FlagKnown}, known...)
		not, do = []string{t.FlagNot}, t.FlagDo
	} else {
		not = append(not, t.NotTaken)
		if s.Session == "" {
			not, do = append(not, t.NotSession), t.DoSupport
		} else {
			not = append(not, t.NotWhy)
		}
	}
	p.Lists = []templates.KnownList{{Title: t.Known, Items: known}, {Title: t.NotKnown, Doubt: true, Items: not}, {Title: t.CanDo, Text: do}}
	p.CopyRef = s.Reference
}
