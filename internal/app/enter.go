package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/money"
	"countersign/internal/payout"
)

// Entry is a payout as a maker typed it.
type Entry struct {
	// Form is the hidden token of a new form: a second POST with it makes nothing new.
	Form    string
	Content payout.Content
	Acks    []string
	Submit  bool
	// Replaces is set when this is made as the replacement of a failed or returned payout.
	Replaces payout.ID
}

// maxForm bounds the form token, bytes.
const maxForm = 64

// duplicateWindow: a payout like one that succeeded this recently looks like a repeat.
const duplicateWindow = 72 * time.Hour

// lostWindow: a payout like one that ended because its database was a copy looks like a repeat for this long.
const lostWindow = 90 * 24 * time.Hour

// Enter makes a payout, and submits it when asked. When the submission is refused by rule, or a warning is not ticked, the payout
// is kept as a draft and the fault comes back with its id. An entry with faults in its fields and Submit set stores nothing
// and comes back with the faults; a draft stores whatever was typed.
func (a *App) Enter(ctx context.Context, w Who, e Entry) (id payout.ID, err error) {
	e.Form = strings.TrimSpace(e.Form)
	if e.Form == "" || len(e.Form) > maxForm {
		return "", fault.Bad("form", "payout.form")
	}
	if err := a.room(DiskLow); err != nil {
		return "", err
	}
	var refused error
	err = a.write(ctx, People, w, Enter, about(approval.Payout, ""), func(tx *sealed) error {
		refused = nil
		old, ok, err := tx.IDByForm(e.Form)
		if err != nil {
			return err
		}
		if ok {
			id = old
			p, err := tx.Payout(old)
			if err != nil {
				return err
			}
			if !p.IsMaker(w.Person) {
				return DenyRole(Enter, approval.Payout)
			}
			refused, err = a.enterAgain(tx, p, w, e)
			return err
		}
		now := a.Now()
		c := e.Content.Clean()
		c.Source = "desk"
		if e.Submit {
			if faults := c.Check(); len(faults) > 0 {
				return faults
			}
		}
		if c, err = a.named(tx, c); err != nil {
			return err
		}
		if e.Replaces != "" {
			if err := a.mayReplace(tx, e.Replaces, c.Amount.Minor); err != nil {
				return err
			}
			c.Replaces = e.Replaces
		}
		p, ev, err := payout.New(payout.ID(a.newID(now)), c, a.salt(), w.actor(), now)
		if err != nil {
			return err
		}
		if err := tx.AddPayout(p, e.Form, tx.me.Name, w.actor()); err != nil {
			return err
		}
		if err := a.seenFrom(tx, w, p.S(), now, &ev); err != nil {
			return err
		}
		if err := a.record(tx, p, ev); err != nil {
			return err
		}
		id = p.S().ID
		if e.Submit {
			refused = a.submitNow(tx, p, w, e.Acks)
			if fault.KindOf(refused) == 0 && refused != nil {
				return refused // not a rule: a defect, nothing is stored
			}
		}
		failpoint.Hit("enter.inside")
		return nil
	})
	if err != nil {
		return "", err
	}
	failpoint.Hit("enter.committed")
	return id, refused
}

// enterAgain answers the same form again: whatever it became is the answer. A draft that nobody edited since takes what is typed now,
// so that what is submitted is what was on the screen, never what was there before a step back.
func (a *App) enterAgain(tx Tx, p *payout.Payout, w Who, e Entry) (refused, err error) {
	s := p.S()
	if s.State != payout.Draft {
		return nil, nil
	}
	c, err := a.named(tx, e.Content.Clean())
	if err != nil {
		return nil, err
	}
	if !c.SameTyped(s.Content) {
		if s.Version != 1 {
			return nil, nil // it went on from another page: that one holds
		}
		if faults := c.Check(); e.Submit && len(faults) > 0 {
			return nil, faults
		}
		if r := s.Content.Replaces; r != "" {
			if err := a.replaceSum(tx, r, c.Amount.Minor); err != nil {
				return nil, err
			}
		}
		now := a.Now()
		ev, err := p.Edit(c, a.salt(), s.Version, w.actor(), now)
		if err != nil {
			return nil, err
		}
		if err := tx.AddVersion(p, w.actor(), now); err != nil {
			return nil, err
		}
		if err := a.seenFrom(tx, w, p.S(), now, &ev); err != nil {
			return nil, err
		}
		if err := a.save(tx, p, ev); err != nil {
			return nil, err
		}
	}
	if !e.Submit {
		return nil, nil
	}
	if refused = a.submitNow(tx, p, w, e.Acks); fault.KindOf(refused) == 0 {
		return nil, refused // nil, or not a rule: a defect, nothing is stored
	}
	return refused, nil
}

// mayReplace refuses a replacement of a payout whose failure is not confirmed, that needs review, or that has a living replacement.
func (a *App) mayReplace(tx Tx, id payout.ID, minor int64) error {
	old, err := a.replaceable(tx, id, minor)
	if err != nil {
		return err
	}
	s := old.S()
	if n, ok, err := tx.Replacement(id); err != nil {
		return err
	} else if ok {
		return fault.Bad("form", "replace.alive", s.Number, n)
	}
	return nil
}

// replaceable loads a payout that may be paid again with this amount; else Invalid.
func (a *App) replaceable(tx Tx, id payout.ID, minor int64) (*payout.Payout, error) {
	old, err := tx.Payout(id)
	if err != nil {
		return nil, err
	}
	switch s := old.S(); {
	case !CanReplace(s):
		return nil, fault.Bad("form", "replace.not_confirmed", s.Number)
	case minor > ReplaceUpTo(s):
		return nil, fault.Bad("amount", "replace.sum", s.Number)
	}
	return old, nil
}

// stillReplaces judges again, at the submission and at the claim, what was judged when a replacement was made: the bank may have paid
// the old one after all.
func (a *App) stillReplaces(tx Tx, s payout.Snapshot) error {
	minor := s.Content.Amount.Minor
	for range maxChain {
		if s.Content.Replaces == "" {
			return nil
		}
		old, err := a.replaceable(tx, s.Content.Replaces, minor)
		if err != nil {
			return err
		}
		s, minor = old.S(), 0 // of those before it only that none was paid after all
	}
	return nil
}

// maxChain bounds how many replacements of replacements are looked through.
const maxChain = 50

// CanReplace reports whether a payout may be paid again as its replacement: its failure is confirmed, or it came back, whole or in part.
func CanReplace(s payout.Snapshot) bool {
	if lostDraft(s) {
		return true
	}
	return !s.Review && s.Confirmed && (s.State == payout.Failed || (s.State == payout.Returned || s.State == payout.Succeeded) && s.ReturnedMinor > 0)
}

// lostDraft reports a payout that waited when its database was copied, and may have been approved and paid since: only a replacement says so to those who approve it.
func lostDraft(s payout.Snapshot) bool {
	return s.State == payout.Cancelled && s.Why == payout.WhyRestored && !s.Review && s.Content.Amount.Minor > 0
}

// ReplaceUpTo is the most that a replacement may come to, kopecks: what was not paid, or what came back.
func ReplaceUpTo(s payout.Snapshot) int64 {
	if s.State == payout.Returned || s.State == payout.Succeeded {
		return s.ReturnedMinor
	}
	return s.Content.Amount.Minor
}

// CanCopy reports whether a copy may be offered: never of one whose money may have moved with nobody sure yet.
func CanCopy(s payout.Snapshot) bool {
	switch s.State {
	case payout.Sending, payout.InProgress, payout.Unknown:
		return false
	case payout.Failed:
		return s.Confirmed && !s.Review
	case payout.Cancelled:
		return !s.Review && (s.Why != payout.WhyRestored || lostDraft(s))
	}
	return !s.Review
}

// Edit replaces the content of a payout that nothing was asked for, and submits it when asked. seen is the version on the editor's screen.
func (a *App) Edit(ctx context.Context, w Who, id payout.ID, seen int, e Entry) error {
	var refused error
	err := a.write(ctx, People, w, Enter, about(approval.Payout, id), func(tx *sealed) error {
		refused = nil
		p, err := tx.Payout(id)
		if err != nil {
			return err
		}
		c := e.Content.Clean()
		if e.Submit {
			if faults := c.Check(); len(faults) > 0 {
				return faults
			}
		}
		if c, err = a.named(tx, c); err != nil {
			return err
		}
		if r := p.S().Content.Replaces; r != "" {
			if err := a.replaceSum(tx, r, c.Amount.Minor); err != nil {
				return err
			}
		}
		now := a.Now()
		ev, err := p.Edit(c, a.salt(), seen, w.actor(), now)
		if err != nil {
			return err
		}
		if err := tx.AddVersion(p, w.actor(), now); err != nil {
			return err
		}
		if err := a.seenFrom(tx, w, p.S(), now, &ev); err != nil {
			return err
		}
		if err := a.save(tx, p, ev); err != nil {
			return err
		}
		if e.Submit {
			refused = a.submitNow(tx, p, w, e.Acks)
			if fault.KindOf(refused) == 0 && refused != nil {
				return refused
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

func (a *App) replaceSum(tx Tx, id payout.ID, minor int64) error {
	old, err := tx.Payout(id)
	if err != nil {
		return err
	}
	if s := old.S(); minor > ReplaceUpTo(s) {
		return fault.Bad("amount", "replace.sum", s.Number)
	}
	return nil
}

// Submit sends a stored draft for approval.
func (a *App) Submit(ctx context.Context, w Who, id payout.ID, seen int, acks []string) error {
	return a.write(ctx, People, w, Enter, about(approval.Payout, id), func(tx *sealed) error {
		p, err := tx.Payout(id)
		if err != nil {
			return err
		}
		if seen != p.S().Version {
			return fault.Moved("payout.moved", p.S().Number)
		}
		return a.submitNow(tx, p, w, acks)
	})
}

// submitNow judges a draft and submits it. What it returns as a fault leaves the draft as it is.
func (a *App) submitNow(tx Tx, p *payout.Payout, w Who, acks []string) error {
	s := p.S()
	now := a.Now()
	if s.State != payout.Draft {
		return fault.Moved("payout.state", s.Number, string(s.State))
	}
	if faults := s.Content.Check(); len(faults) > 0 {
		return faults
	}
	switch c, err := a.named(tx, s.Content); {
	case err != nil:
		return err
	case c.PayeeVer != s.Content.PayeeVer:
		return fault.Bad("form", "payout.payee_moved")
	}
	if err := a.stillReplaces(tx, s); err != nil {
		return err
	}
	warnings, _, err := a.warnings(tx, s, now)
	if err != nil {
		return err
	}
	var open fault.List
	for _, wn := range warnings {
		if !slices.Contains(acks, string(wn)) {
			open = append(open, fault.Bad("ack", "payout.ack", string(wn)))
		}
	}
	if len(open) > 0 {
		return open
	}
	f, err := a.frame(tx, now)
	if err != nil {
		return err
	}
	j := JudgedOf(s)
	if !slices.Contains(j.Makers, w.Person) {
		j.Makers = append(j.Makers, w.Person)
	}
	st, err := f.Stand(j, nil)
	if err != nil {
		return err
	}
	if err := a.maySubmit(st, f, s); err != nil {
		return err
	}
	ticked := make([]string, len(warnings))
	for i, wn := range warnings {
		ticked[i] = string(wn)
	}
	ev, err := p.Submit(a.Place, ticked, f.Set.Version, s.Version, w.actor(), now)
	if err != nil {
		return err
	}
	s = p.S()
	if err := tx.AddSubject(Subject{Kind: approval.Payout, ID: string(s.ID), Version: s.Version, Digest: string(s.Digest), Acks: s.Acks,
		RuleSet: s.RuleSet, By: w.actor(), At: now}); err != nil {
		return err
	}
	if len(st.PayeeMakers) > 0 {
		ev.Facts["payee_makers"] = st.PayeeMakers
	}
	if err := a.seenFrom(tx, w, s, now, &ev); err != nil {
		return err
	}
	return a.save(tx, p, ev)
}

// maySubmit refuses what could never leave: a list stops it, a rule blocks it, its sum alone is over a hard limit, its payee has changed, its due
// day is out of reach, or nobody on this desk could approve it.
func (a *App) maySubmit(st Standing, f *Frame, s payout.Snapshot) error {
	if st.PayeeMoved {
		return fault.Bad("form", "payout.payee_moved", s.Number)
	}
	if err := checkDue(s.Content.DueDate, f.Now); err != nil {
		return err
	}
	if e := st.Listed; e != nil {
		return fault.Bad("form", "payout.listed", e.List, e.What, e.Reason, st.ListedOwner)
	}
	if b := st.Need.Blocked; len(b) > 0 {
		return fault.Bad("form", "payout.blocked", b[0].Rule, b[0].Reason)
	}
	for _, h := range st.Hits {
		if neverFits(h, s.Content.Amount.Minor) {
			bound := money.Amount{Minor: h.LimitMinor, Currency: s.Content.Amount.Currency}
			if h.Limit == approval.LimitPayout {
				return fault.Bad("amount", "payout.limit", bound)
			}
			return fault.Bad("amount", "payout.limit_"+h.Limit, bound)
		}
	}
	if ok, lack := approval.Reachable(st.Tally.Case, f.Signers); !ok {
		var worst approval.Shortage // the rule that lacks most, and of equals the one that asks for fewer people
		seniors := 0
		for _, l := range lack {
			only := len(l.Step.Roles) == 1 && l.Step.Roles[0] == approval.Senior
			if only {
				seniors = max(seniors, l.Missing)
			}
			if l.Missing > worst.Missing || l.Missing == worst.Missing && only {
				worst = l
			}
		}
		role, people := "", []string{}
		if len(worst.Step.Roles) > 0 {
			role = string(worst.Step.Roles[0])
		}
		for _, id := range worst.Step.People {
			people = append(people, f.Signer(id).Name)
		}
		return fault.Bad("form", "payout.nobody", s.Content.Amount, st.Need.Count(), worst.Missing, seniors, worst.Rule, role, people, worst.Step.Groups)
	}
	return nil
}

// CheckDue says what is wrong with a due day, for pages that help while somebody types. Invalid at field due_date.
func CheckDue(due string, now time.Time) error { return checkDue(due, now) }

// maxDue is how far ahead a due day may be, days.
const maxDue = 90

// checkDue refuses a due day that is no day, is over, or is more than maxDue days ahead. Invalid at field due_date.
func checkDue(due string, now time.Time) error {
	if due == "" {
		return nil
	}
	d, err := calendar.ParseDay(due)
	today := calendar.DayOf(now)
	switch {
	case err != nil:
		return fault.Bad("due_date", "due.day")
	case d < today:
		return fault.Bad("due_date", "due.past")
	case d > today.Add(maxDue):
		return fault.Bad("due_date", "due.far", maxDue)
	}
	return nil
}

// warnings lists what must be ticked, and the payouts that look like this one. A payout like one that is open is refused outright.
func (a *App) warnings(tx interface {
	Same(account string, minor int64) ([]Same, error)
	banks
}, s payout.Snapshot, now time.Time) ([]bankdetails.Warning, []Same, error) {
	out := bankdetails.Warnings(s.Content.Details)
	same, err := tx.Same(s.Content.Account, s.Content.Amount.Minor)
	if err != nil {
		return nil, nil, err
	}
	var like []Same
	for _, o := range same {
		if o.ID == s.ID || o.ID == s.Content.Replaces {
			continue
		}
		switch {
		case o.State.Open(), o.Review, o.State == payout.Failed && !o.Confirmed:
			return nil, nil, fault.Bad("form", "payout.open_like", o.Number, string(o.ID))
		case o.State == payout.PendingApproval, o.State == payout.Approved,
			o.State == payout.Succeeded && now.Sub(o.ChangedAt) <= duplicateWindow,
			o.State == payout.Cancelled && o.Why == payout.WhyRestored && now.Sub(o.ChangedAt) <= lostWindow,
			o.State.Ended() && o.CredentialNo:
			like = append(like, o)
		}
	}
	if len(like) > 0 {
		out = append(out, bankdetails.WarnDuplicate)
	}
	if bik := s.Content.BIK; bankdetails.CheckBIK(bik) == nil {
		unknown, err := bikUnknown(tx, bik)
		if err != nil {
			return nil, nil, err
		}
		if unknown {
			out = append(out, bankdetails.WarnBIKUnknown)
		}
	}
	return out, like, nil
}

// Cancel ends a payout that nothing was asked for.
func (a *App) Cancel(ctx context.Context, w Who, id payout.ID, reason string) error {
	return a.change(ctx, w, Enter, id, func(tx Tx, _ auth.Person, p *payout.Payout) ([]payout.Event, error) {
		ev, err := p.Cancel(w.actor(), reason, a.Now())
		return []payout.Event{ev}, err
	})
}

// change is the common shape of one person's deed on one payout.
func (a *App) change(ctx context.Context, w Who, do Action, id payout.ID, fn func(Tx, auth.Person, *payout.Payout) ([]payout.Event, error)) error {
	return a.write(ctx, People, w, do, about(approval.Payout, id), func(tx *sealed) error {
		p, err := tx.Payout(id)
		if err != nil {
			return err
		}
		events, err := fn(tx, tx.me, p)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		return a.save(tx, p, events...)
	})
}

// Judge says of content that is still being typed which warnings it would have, and which payouts look like it. id is "" for a new payout.
// Like a submission it fails with Invalid "payout.open_like" when one like it is still open at the bank.
func (a *App) Judge(ctx context.Context, id payout.ID, c payout.Content) ([]bankdetails.Warning, []Same, error) {
	return a.warnings(looker{ctx, a.Store}, payout.Snapshot{ID: id, Content: c.Clean()}, a.Now())
}

// looker answers warnings outside a transaction.
type looker struct {
	ctx context.Context
	r   Reader
}

func (l looker) Same(account string, minor int64) ([]Same, error) {
	return l.r.SameAs(l.ctx, account, minor)
}

func (l looker) BankFile() (BankFile, bool, error) { return l.r.BankFile(l.ctx) }

func (l looker) BankName(bik string) (BankName, bool, error) { return l.r.BankName(l.ctx, bik) }
