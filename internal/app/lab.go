package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// LabRow is a payout as the laboratory plays it again: no names, no purposes.
type LabRow struct {
	ID          payout.ID
	Number      payout.Number
	State       payout.State
	Confirmed   bool
	Review      bool
	AmountMinor int64
	Account     string
	Payee       string
	Source      string
	Makers      []string
	SubmittedAt time.Time
	SentAt      time.Time // zero when it was never sent
}

// at is the moment at which a payout is judged: when it left, or when it was put to people.
func (r LabRow) at() time.Time {
	if r.SentAt.IsZero() {
		return r.SubmittedAt
	}
	return r.SentAt
}

// LabKnown is what the laboratory knows of payees and accounts before its first payout.
type LabKnown struct {
	// FirstPaid is when each account and each payee ("acc."+account, or the payee's id) was paid first.
	FirstPaid map[string]time.Time
	// Changed is when an account took its place on a payee that was known before, by payee + " " + account.
	Changed map[string]time.Time
	Groups  map[string][]string
}

// LabGroup counts payouts that a draft treats alike, with the first examples.
type LabGroup struct {
	N        int
	SumMinor int64
	Examples []LabExample
}

// LabExample is one payout under today's rules and under the draft.
type LabExample struct {
	LabRow
	Before, After approval.Need
	Lack          []approval.Shortage
}

// LabResult is what a draft would change.
type LabResult struct {
	From, To time.Time
	N        int
	// By difference; "same" has no examples.
	Groups map[approval.Difference]*LabGroup
	// Stuck: nobody on today's desk could approve it under the draft, though somebody can under today's rules.
	Stuck LabGroup
}

// Bounds of the laboratory.
const (
	LabDays     = 90
	maxLab      = 500_000
	labExamples = 20
)

// Replay runs the payouts of the last LabDays through the rules in force and through a draft: which would need more, fewer or other people, be
// blocked, or be stuck. Limits, groups and people are today's; sums of days and months are as they ran. Nothing is written.
func (a *App) Replay(ctx context.Context, draft approval.RuleSet) (LabResult, error) {
	if err := draft.Check().Err(); err != nil {
		return LabResult{}, err
	}
	f, err := a.Frame(ctx)
	if err != nil {
		return LabResult{}, err
	}
	to := f.Now
	from := to.Add(-time24(LabDays))
	res := LabResult{From: from, To: to, Groups: map[approval.Difference]*LabGroup{}}
	for _, d := range []approval.Difference{approval.SameNeed, approval.More, approval.Fewer, approval.Other, approval.NowBlocked, approval.NowPossible} {
		res.Groups[d] = &LabGroup{}
	}
	known, err := a.Store.LabKnown(ctx)
	if err != nil {
		return res, err
	}
	// Sums run from the first of the month in which the 90 days begin.
	month, err := calendar.ParseDay(calendar.DayOf(from).Month() + "-01")
	if err != nil {
		return res, err
	}
	var rows []LabRow
	if err := a.Store.LabRows(ctx, month.Start(), maxLab, func(r LabRow) error { rows = append(rows, r); return nil }); err != nil {
		return res, err
	}
	slices.SortStableFunc(rows, func(x, y LabRow) int { return x.at().Compare(y.at()) })
	l := lab{f: f, draft: draft, known: known, sums: map[string]int64{}, reach: map[string][]approval.Shortage{}}
	for i, r := range rows {
		if i%1000 == 0 && ctx.Err() != nil {
			return res, ctx.Err()
		}
		if !r.SubmittedAt.Before(from) {
			l.judge(&res, r)
		}
		l.add(r)
	}
	return res, nil
}

type lab struct {
	f     *Frame
	draft approval.RuleSet
	known LabKnown
	sums  map[string]int64
	reach map[string][]approval.Shortage
}

func (l *lab) key(r LabRow) string { return payeeKey(Judged{Payee: r.Payee, Account: r.Account}) }

// add lets a payout that left take its room.
func (l *lab) add(r LabRow) {
	if r.SentAt.IsZero() || !HoldsRoom(payout.Snapshot{State: r.State, Confirmed: r.Confirmed, Review: r.Review}) {
		return
	}
	day := calendar.DayOf(r.SentAt)
	for _, name := range useNames(Judged{Payee: r.Payee, Account: r.Account, Makers: r.Makers}, day) {
		l.sums[name] += r.AmountMinor
	}
}

func (l *lab) facts(r LabRow) (approval.Facts, approval.Used) {
	at := r.at()
	day := calendar.DayOf(at)
	key := l.key(r)
	var u approval.Sums
	u.CompanyDay, u.CompanyMonth = l.sums[companyUse(string(day))], l.sums[companyUse(day.Month())]
	for _, k := range payeeKeys(Judged{Payee: r.Payee, Account: r.Account}) {
		u.PayeeDay, u.PayeeMonth = max(u.PayeeDay, l.sums[payeeUse(k, string(day))]), max(u.PayeeMonth, l.sums[payeeUse(k, day.Month())])
	}
	for _, m := range r.Makers {
		u.MakerDay, u.MakerMonth = max(u.MakerDay, l.sums[makerUse(m, string(day))]), max(u.MakerMonth, l.sums[makerUse(m, day.Month())])
	}
	var st Standing
	st.sums(u, r.AmountMinor)
	f := approval.Facts{AmountMinor: r.AmountMinor, Payee: r.Payee, PayeeGroups: l.known.Groups[r.Payee], Makers: r.Makers, Source: r.Source, Sums: st.Facts.Sums, Now: at}
	for _, m := range r.Makers {
		for _, g := range l.f.groups[m] {
			if !slices.Contains(f.MakerGroups, g) {
				f.MakerGroups = append(f.MakerGroups, g)
			}
		}
	}
	first, paid := l.known.FirstPaid[key]
	f.First = !paid || !first.Before(r.SubmittedAt)
	if c, ok := l.known.Changed[r.Payee+" "+r.Account]; ok && !c.After(r.SubmittedAt) {
		f.AccountChangedAt = c
	}
	return f, st.Used
}

func (l *lab) judge(res *LabResult, r LabRow) {
	facts, used := l.facts(r)
	before, after := l.f.Set.Need(facts), l.draft.Need(facts)
	if approval.Soft(l.f.Limits.Judge(r.AmountMinor, used)) {
		before, after = before.Plus(1), after.Plus(1)
	}
	res.N++
	d := approval.Compare(before, after)
	e := LabExample{LabRow: r, Before: before, After: after}
	put := func(g *LabGroup) {
		g.N++
		g.SumMinor += r.AmountMinor
		if len(g.Examples) < labExamples {
			g.Examples = append(g.Examples, e)
		}
	}
	if d == approval.SameNeed {
		g := res.Groups[d]
		g.N++
		g.SumMinor += r.AmountMinor
		return
	}
	if d != approval.NowBlocked {
		if lack := l.lack("after ", after, r); len(lack) > 0 && len(l.lack("before ", before, r)) == 0 {
			e.Lack = lack
			put(&res.Stuck)
			return
		}
	}
	put(res.Groups[d])
}

// lack is what today's people lack for a need; the same rules and makers are asked once.
func (l *lab) lack(which string, n approval.Need, r LabRow) []approval.Shortage {
	var b strings.Builder
	b.WriteString(which)
	for _, m := range n.Matched {
		b.WriteString(m.Rule)
		b.WriteByte(0)
	}
	fmt.Fprintf(&b, "%d %s", n.Count(), strings.Join(r.Makers, ","))
	if len(l.f.Limits.Ceilings) > 0 {
		fmt.Fprintf(&b, " %d", r.AmountMinor)
	}
	k := b.String()
	if lack, ok := l.reach[k]; ok {
		return lack
	}
	_, lack := approval.Reachable(approval.Case{Need: n, Barred: r.Makers, AmountMinor: r.AmountMinor}, l.f.Signers)
	l.reach[k] = lack
	return lack
}

// MadeUp is a payout that the laboratory makes up.
type MadeUp struct {
	AmountMinor int64
	Maker       string
	// Saved: to a saved payee with these groups; else typed in.
	Saved       bool
	Payee       string
	PayeeGroups []string
	First       bool
	// ChangedHours: the account was changed so many hours ago; 0 it was not.
	ChangedHours int
	Source       string
	// Used are the sums of the day and month without it.
	Used approval.Sums
}

// Tried is a made-up payout under today's rules and under a draft.
type Tried struct {
	Today, Draft Standing
	// TodayLack and DraftLack are what today's people lack; Possible… say whether it could be approved at all.
	TodayLack, DraftLack         []approval.Shortage
	TodayPossible, DraftPossible bool
	Signers                      []approval.Signer
}

// Try judges a made-up payout. Invalid at fields amount, maker.
func (a *App) Try(ctx context.Context, m MadeUp, draft approval.RuleSet) (Tried, error) {
	var t Tried
	if m.AmountMinor <= 0 || m.AmountMinor > payout.MaxAmount {
		return t, fault.Bad("amount", "amount.not_positive")
	}
	f, err := a.Frame(ctx)
	if err != nil {
		return t, err
	}
	if f.Signer(m.Maker).ID == "" {
		return t, fault.Bad("maker", "people.none")
	}
	j := Judged{AmountMinor: m.AmountMinor, Makers: []string{m.Maker}, Source: m.Source, Digest: "made up", First: &m.First, Changed: &time.Time{}, Used: &m.Used}
	if m.Source == "" {
		j.Source = "desk"
	}
	if m.Saved || m.Payee != "" {
		j.Payee, j.PayeeGroups = m.Payee, m.PayeeGroups
		if j.Payee == "" {
			j.Payee = "made up"
		}
		if j.PayeeGroups == nil {
			j.PayeeGroups = []string{}
		}
	}
	if m.ChangedHours > 0 {
		at := f.Now.Add(-time.Duration(m.ChangedHours) * time.Hour)
		j.Changed = &at
	}
	g := *f
	g.Set = draft
	if t.Today, err = f.Stand(j, nil); err != nil {
		return t, err
	}
	if t.Draft, err = g.Stand(j, nil); err != nil {
		return t, err
	}
	t.TodayPossible, t.TodayLack = approval.Reachable(t.Today.Tally.Case, f.Signers)
	t.DraftPossible, t.DraftLack = approval.Reachable(t.Draft.Tally.Case, f.Signers)
	t.Signers = f.Signers
	return t, nil
}
