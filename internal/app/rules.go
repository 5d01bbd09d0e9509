package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// The ids of the subjects of which a desk has one.
const (
	RulesID  = "rules"
	LimitsID = "limits"
	KeysID   = "bank"
)

// measures is what rules look at, from a writing transaction or from a reader.
type measures interface {
	InForceVersion(kind approval.Kind, id string) (int, error)
	ProposalAt(kind approval.Kind, id string, version int) (Proposal, error)
	Signers() ([]approval.Signer, error)
	PayeeFacts(id string, version int, bik, account string) (PayeeFacts, error)
	PaidTo(payee, account string) (n int64, err error)
	AccountsBeside(payee, account string) (map[string][]string, error)
	Use(names []string) (map[string]int64, error)
	// EventsOf lists the history of one subject, oldest first.
	EventsOf(kind, subject string) ([]audit.Event, error)
}

// PayeeFacts are what rules look at about a saved payee.
type PayeeFacts struct {
	// InForce is the version in force, 0 when there is none.
	InForce int
	Groups  []string
	// Makers proposed any version up to the one asked for.
	Makers []string
	// ChangedAt is when the account took its place on a payee that was known before; zero when it was there from the beginning.
	ChangedAt time.Time
}

// Frame is everything that does not depend on one payout: read once, it judges many.
type Frame struct {
	Now     time.Time
	Set     approval.RuleSet
	Limits  approval.Limits
	Signers []approval.Signer
	m       measures
	app     *App
	groups  map[string][]string
	listed  map[string]*listedPayee
}

// Judged is a payout as rules look at it.
type Judged struct {
	ID                payout.ID
	AmountMinor       int64
	Payee             string
	PayeeVersion      int
	BIK, Account, INN string
	Makers            []string
	Source, DueDate   string
	Digest            string
	RuleSet           int
	SubmittedAt       time.Time
	// What follows is set by the laboratory alone, which makes payouts up: facts that are told instead of measured.
	First       *bool
	Changed     *time.Time
	PayeeGroups []string
	MakerGroups []string
	Used        *approval.Sums
}

// JudgedOf is a stored payout as rules look at it.
func JudgedOf(s payout.Snapshot) Judged {
	c := s.Content
	return Judged{ID: s.ID, AmountMinor: c.Amount.Minor, Payee: c.PayeeID, PayeeVersion: c.PayeeVer, BIK: c.BIK, Account: c.Account, INN: c.INN, Makers: s.Makers,
		Source: c.Source, DueDate: c.DueDate, Digest: string(s.Digest), RuleSet: s.RuleSet, SubmittedAt: s.SubmittedAt}
}

// JudgedRow is a line of the queue as rules look at it.
func JudgedRow(r PendingRow) Judged {
	return Judged{ID: r.ID, AmountMinor: r.Amount, Payee: r.PayeeID, PayeeVersion: r.PayeeVersion, Account: r.Account, BIK: r.BIK, INN: r.INN, Makers: r.Makers, Source: r.Source, DueDate: r.DueDate,
		Digest: r.Digest, RuleSet: r.RuleSet, SubmittedAt: r.SubmittedAt}
}

// Standing is how a payout stands before rules, limits and lists at one moment.
type Standing struct {
	Facts approval.Facts
	// Need is what it needs: the set it was submitted under and the one in force, and one more for a soft limit.
	Need  approval.Need
	Tally approval.Tally
	Used  approval.Used
	Hits  []approval.Hit
	// Listed is the list entry that stops it, nil for none. ListedOwner is the name of the saved payee that the entry is about where the payout does not name that
	// payee but goes to an account of theirs; "" else.
	Listed      *approval.ListEntry
	ListedOwner string
	// Expired: it has waited for longer than the rules in force say; the clock's worker ends it in a moment.
	Expired bool
	// CoolOff is until when it waits because its payee's account changed; DueAt when its due day begins. Zero: not.
	CoolOff, DueAt time.Time
	// Sign: an approval must be signed with a vouched passkey. StepUp: it needs a passkey or a one-time code.
	Sign, StepUp bool
	// PayeeMakers are barred besides the payout's own makers; PayeeMoved: another version of the payee is in force than it names.
	PayeeMakers []string
	PayeeMoved  bool
}

// Signer is a person as this frame judges them, with ceiling and cap; the zero Signer for nobody.
func (f *Frame) Signer(person string) approval.Signer {
	i := slices.IndexFunc(f.Signers, func(s approval.Signer) bool { return s.ID == person && person != "" })
	if i < 0 {
		return approval.Signer{}
	}
	return f.Signers[i]
}

// frame reads what judging needs.
func (a *App) frame(m measures, now time.Time) (*Frame, error) {
	f := &Frame{Now: now, m: m, app: a, groups: map[string][]string{}}
	var err error
	if f.Set, err = a.setInForce(m); err != nil {
		return nil, err
	}
	if f.Limits, err = a.limitsInForce(m); err != nil {
		return nil, err
	}
	if f.listed, err = a.listedPayees(m, f.Limits); err != nil {
		return nil, err
	}
	people, err := m.Signers()
	if err != nil {
		return nil, err
	}
	f.Signers = slices.Clone(people)
	day := calendar.DayOf(now)
	for i := range f.Signers {
		s := &f.Signers[i]
		f.groups[s.ID] = s.Groups
		s.CeilingMinor = f.Limits.Ceiling(s.ID)
		if limit := f.Set.Newcomers.CapDayMinor; limit > 0 && now.Before(s.CappedUntil) {
			name := yesCounter(s.ID, day)
			use, err := m.Use([]string{name})
			if err != nil {
				return nil, err
			}
			s.Capped, s.RoomMinor = true, limit-use[name]
		}
	}
	return f, nil
}

// Frame reads what judging payouts needs, for pages. It outlives the request that it was read for: pages keep it.
func (a *App) Frame(ctx context.Context) (*Frame, error) {
	return a.frame(reading{context.WithoutCancel(ctx), a.Store}, a.Now())
}

// SetOf returns a numbered rule set, for pages that say which rule asks for what.
func (f *Frame) SetOf(version int) (approval.RuleSet, error) {
	if version == f.Set.Version {
		return f.Set, nil
	}
	return f.app.setAt(f.m, version)
}

// Signed is the factor of a decision that a vouched passkey signed; it begins the name of the key.
const signedFactor = "passkey:"

// Stand judges a payout with the decisions on it.
func (f *Frame) Stand(j Judged, ds []approval.Decision) (Standing, error) {
	var st Standing
	sets := []approval.RuleSet{f.Set}
	if j.RuleSet != 0 && j.RuleSet != f.Set.Version {
		old, err := f.app.setAt(f.m, j.RuleSet)
		if err != nil {
			return st, err
		}
		sets = append([]approval.RuleSet{old}, sets...)
	}
	if err := f.measure(j, sets, &st); err != nil {
		return st, err
	}
	for i, set := range sets {
		n := set.Need(st.Facts)
		if i == 0 {
			st.Need = n
		} else {
			st.Need = approval.Join(st.Need, n)
		}
		if until := set.CoolOff(st.Facts); until.After(st.CoolOff) {
			st.CoolOff = until
		}
		st.Sign = st.Sign || set.SignAboveMinor > 0 && j.AmountMinor > set.SignAboveMinor
		st.StepUp = st.StepUp || set.StepUpAboveMinor > 0 && j.AmountMinor > set.StepUpAboveMinor
	}
	st.Hits = f.Limits.Judge(j.AmountMinor, st.Used)
	if approval.Soft(st.Hits) {
		st.Need = st.Need.Plus(1)
	}
	if e, owner, stopped := f.Listed(j); stopped {
		st.Listed, st.ListedOwner = &e, owner
		st.Need.Blocked = append(slices.Clone(st.Need.Blocked), approval.Block{Rule: "list", Reason: e.Reason})
	}
	if d, err := calendar.ParseDay(j.DueDate); j.DueDate != "" && err == nil && d.Start().After(f.Now) {
		st.DueAt = d.Start()
	}
	st.Expired = !j.SubmittedAt.IsZero() && !f.Now.Before(ExpiresAt(j.SubmittedAt, j.DueDate, f.Set.ExpiryDays))
	barred := slices.Clone(j.Makers)
	for _, m := range st.PayeeMakers {
		if !slices.Contains(barred, m) {
			barred = append(barred, m)
		}
	}
	c := approval.Case{Need: st.Need, Digest: j.Digest, Barred: barred, Submitted: j.SubmittedAt, AmountMinor: j.AmountMinor, Now: f.Now}
	ds, err := f.asGiven(j.ID, proved(ds, st.Sign, st.StepUp)) // what was said with less than is asked now does not count
	st.Tally = approval.Count(c, f.Signers, ds)
	return st, err
}

// measure fills the facts: only those that a rule or limit in force looks at cost a read.
func (f *Frame) measure(j Judged, sets []approval.RuleSet, st *Standing) error {
	st.Facts = approval.Facts{AmountMinor: j.AmountMinor, Payee: j.Payee, Makers: j.Makers, Source: j.Source, Now: f.Now, PayeeGroups: j.PayeeGroups, MakerGroups: j.MakerGroups}
	for _, m := range j.Makers {
		for _, g := range f.groups[m] {
			if !slices.Contains(st.Facts.MakerGroups, g) {
				st.Facts.MakerGroups = append(st.Facts.MakerGroups, g)
			}
		}
	}
	if j.Payee != "" && j.PayeeGroups == nil {
		pf, err := f.m.PayeeFacts(j.Payee, j.PayeeVersion, j.BIK, j.Account)
		if err != nil {
			return err
		}
		st.Facts.PayeeGroups, st.Facts.AccountChangedAt, st.PayeeMakers = pf.Groups, pf.ChangedAt, pf.Makers
		st.PayeeMoved = pf.InForce != j.PayeeVersion
	}
	if j.Changed != nil {
		st.Facts.AccountChangedAt = *j.Changed
	}
	if j.First != nil {
		st.Facts.First = *j.First
	} else if j.Account != "" || j.Payee != "" {
		n, err := f.m.PaidTo(j.Payee, j.Account)
		if err != nil {
			return err
		}
		st.Facts.First = n == 0
	}
	if j.Used != nil {
		st.sums(*j.Used, j.AmountMinor)
		return nil
	}
	day := calendar.DayOf(f.Now)
	if d, err := calendar.ParseDay(j.DueDate); j.DueDate != "" && err == nil && d > day {
		day = d // it leaves then: that day's room is what counts
	}
	names := useNames(j, day)
	var beside map[string][]string
	if (j.Account != "" || j.Payee != "") && (f.Limits.PayeeMonth != approval.Bound{} || slices.ContainsFunc(sets, sumsPayee)) {
		var err error
		if beside, err = f.m.AccountsBeside(j.Payee, j.Account); err != nil {
			return err
		}
		for payee, accounts := range beside {
			names = append(names, payeeUse(payee, string(day)), payeeUse(payee, day.Month()))
			for _, acc := range accounts {
				names = append(names, payeeUse("acc."+acc, string(day)), payeeUse("acc."+acc, day.Month()))
			}
		}
	}
	use, err := f.m.Use(names)
	if err != nil {
		return err
	}
	var u approval.Sums
	u.CompanyDay, u.CompanyMonth = use[companyUse(string(day))], use[companyUse(day.Month())]
	for _, key := range payeeKeys(j) {
		u.PayeeDay, u.PayeeMonth = max(u.PayeeDay, use[payeeUse(key, string(day))]), max(u.PayeeMonth, use[payeeUse(key, day.Month())])
	}
	// Who has several accounts has one room, also where one of them is typed in without a name: what its accounts got, however it was entered.
	for payee, accounts := range beside {
		var d, m int64
		for _, acc := range accounts {
			d, m = d+use[payeeUse("acc."+acc, string(day))], m+use[payeeUse("acc."+acc, day.Month())]
		}
		u.PayeeDay, u.PayeeMonth = max(u.PayeeDay, d, use[payeeUse(payee, string(day))]), max(u.PayeeMonth, m, use[payeeUse(payee, day.Month())])
	}
	for _, m := range j.Makers {
		u.MakerDay = max(u.MakerDay, use[makerUse(m, string(day))])
		u.MakerMonth = max(u.MakerMonth, use[makerUse(m, day.Month())])
	}
	st.sums(u, j.AmountMinor)
	return nil
}

// sumsPayee reports whether a rule of the set looks at what a payee got.
func sumsPayee(set approval.RuleSet) bool {
	return slices.ContainsFunc(set.Rules, func(r approval.Rule) bool {
		return slices.ContainsFunc(r.When.Sums, func(s approval.SumOver) bool { return s.Of == "payee" })
	})
}

func (st *Standing) sums(u approval.Sums, minor int64) {
	st.Used = approval.Used{MakerDay: u.MakerDay, PayeeMonth: u.PayeeMonth, CompanyDay: u.CompanyDay}
	add := func(n int64) int64 { return min(n, 1<<62) + min(minor, 1<<61) }
	st.Facts.Sums = approval.Sums{PayeeDay: add(u.PayeeDay), PayeeMonth: add(u.PayeeMonth), MakerDay: add(u.MakerDay), MakerMonth: add(u.MakerMonth),
		CompanyDay: add(u.CompanyDay), CompanyMonth: add(u.CompanyMonth)}
}

// The counters of money that left or may have left, kopecks, by Moscow day ("2026-11-19") or month ("2026-11").
func companyUse(period string) string       { return "use:company:" + period }
func makerUse(person, period string) string { return "use:maker:" + person + ":" + period }
func payeeUse(key, period string) string    { return "use:payee:" + key + ":" + period }

// yesCounter sums what one person approved on one Moscow day.
func yesCounter(person string, day calendar.Day) string { return "yes:" + person + ":" + string(day) }

// payeeKey is whom a payout goes to as counters know it: the saved payee, or the account that was typed in.
func payeeKey(j Judged) string {
	if j.Payee != "" {
		return j.Payee
	}
	return "acc." + j.Account
}

// payeeKeys are all that a payout to somebody fills: the saved payee, over all of its accounts, and the account itself, so that typing it in, or saving it
// under another name, finds no new room.
func payeeKeys(j Judged) []string {
	if j.Payee == "" {
		return []string{payeeKey(j)}
	}
	if j.Account == "" {
		return []string{j.Payee}
	}
	return []string{j.Payee, "acc." + j.Account}
}

func useNames(j Judged, day calendar.Day) []string {
	out := []string{companyUse(string(day)), companyUse(day.Month())}
	for _, key := range payeeKeys(j) {
		out = append(out, payeeUse(key, string(day)), payeeUse(key, day.Month()))
	}
	for _, m := range j.Makers {
		out = append(out, makerUse(m, string(day)), makerUse(m, day.Month()))
	}
	return out
}

// UseNames lists the counters that a payout sent on this Moscow day fills: it holds room from the claim on, and gives it back when its failure is
// confirmed.
func UseNames(s payout.Snapshot) []string { return useNames(JudgedOf(s), calendar.DayOf(s.SentAt)) }

// HoldsRoom reports whether the payout's sum counts in limits: asked, unless its failure is confirmed.
func HoldsRoom(s payout.Snapshot) bool {
	return s.State.Sent() && !(s.State == payout.Failed && s.Confirmed && !s.Review)
}

// setInForce is the rule set in force; in a writing transaction a desk without any gets its founding one.
func (a *App) setInForce(m measures) (approval.RuleSet, error) {
	n, err := m.InForceVersion(approval.Rules, RulesID)
	if err != nil {
		return approval.RuleSet{}, err
	}
	if n == 0 {
		if tx, ok := m.(Tx); ok {
			if err := a.foundRules(tx); err != nil {
				return approval.RuleSet{}, err
			}
		}
		return a.Rules, nil
	}
	return a.setAt(m, n)
}

func (a *App) inForce(tx Tx) (approval.RuleSet, error) { return a.setInForce(tx) }

// rulesVersion is the number of the set in force, for records that name it: also when its document cannot be believed.
func (a *App) rulesVersion(tx Tx) (int, error) {
	n, err := tx.InForceVersion(approval.Rules, RulesID)
	if err != nil || n > 0 {
		return n, err
	}
	set, err := a.inForce(tx)
	return set.Version, err
}

// setAt returns a numbered set; they never change, so each is read once.
func (a *App) setAt(m measures, version int) (approval.RuleSet, error) {
	if v, ok := a.sets.Load(version); ok {
		return v.(approval.RuleSet), nil
	}
	p, err := m.ProposalAt(approval.Rules, RulesID, version)
	if fault.KindOf(err) == fault.NotFound && version == a.Rules.Version {
		return a.Rules, nil // a desk from before rule sets were kept, not yet written to
	}
	if err != nil {
		return approval.RuleSet{}, err
	}
	if err := asWritten(m, p); err != nil {
		if _, page := m.(reading); page && errors.Is(err, payout.ErrBroken) {
			// Pages go on reading: a set without rules lets nobody approve anything, and says so.
			return approval.RuleSet{Version: version, ExpiryDays: a.Rules.ExpiryDays, FactorNeeded: a.Rules.FactorNeeded}, nil
		}
		return approval.RuleSet{}, err
	}
	set, err := approval.ParseRuleSet(p.Doc)
	if err != nil {
		return approval.RuleSet{}, err
	}
	set.Version = version
	a.sets.Store(version, set)
	return set, nil
}

// RulesInForce is the rule set in force, for pages and workers.
func (a *App) RulesInForce(ctx context.Context) (approval.RuleSet, error) {
	return a.setInForce(reading{ctx, a.Store})
}

// foundRules writes down the set that the desk begins with, as version 1, in force at once.
func (a *App) foundRules(tx Tx) error {
	now := a.Now()
	by := payout.System("founding")
	p := Proposal{Kind: approval.Rules, ID: RulesID, Version: a.Rules.Version, Op: "rules.set", Doc: a.Rules.Doc(), Salt: a.salt(), RuleSet: a.Rules.Version, By: by, At: now}
	p.Digest = DigestOfProposal(a.Place, p)
	if err := tx.AddSubject(Subject{Kind: p.Kind, ID: p.ID, Version: p.Version, Digest: p.Digest, Acks: []string{}, RuleSet: p.RuleSet, By: by, At: now}); err != nil {
		return err
	}
	if err := tx.AddProposal(p); err != nil {
		return err
	}
	if err := tx.EndProposal(p, Effective, by, now); err != nil {
		return err
	}
	return a.noteProposal(tx, p, by, "founded", "", map[string]any{"op": p.Op, "doc": hash(p.Doc), "base": 0, "rule_set": p.RuleSet, "concerns": []string{}, "effect_at": int64(0),
		"environment": a.Place.Environment, "project": a.Place.Project}, now) // with these anybody can compute every digest anew
}

// asWritten refuses a document of rules or limits that is not the one whose hash the history holds, and a version in force to which nobody said yes: somebody
// wrote past the desk. It fails with payout.ErrBroken.
func asWritten(m measures, p Proposal) error {
	events, err := m.EventsOf(string(p.Kind), p.ID)
	if err != nil {
		return err
	}
	kind, maker := string(p.Kind), ""
	written, agreed := false, false
	var of []audit.Event
	for _, e := range events {
		if e.Version != p.Version {
			continue
		}
		switch e.Action {
		case kind + ".proposed", kind + ".founded":
			written, maker = factString(e.Payload, "doc") == hash(p.Doc), e.Person
			agreed = agreed || e.Action == kind+".founded"
		case kind + ".approved":
			agreed = agreed || e.Person != maker
		default:
			continue
		}
		of = append(of, e)
	}
	if !written || p.State == Effective && !agreed {
		return fmt.Errorf("%w: %s version %d is not what its history says", payout.ErrBroken, kind, p.Version)
	}
	if tx, ok := m.(Tx); ok {
		return tx.Holds(of)
	}
	return nil
}

// limitsInForce returns the limits in force; the zero Limits when none were ever set.
func (a *App) limitsInForce(m measures) (approval.Limits, error) {
	n, err := m.InForceVersion(approval.Limit, LimitsID)
	if err != nil || n == 0 {
		return approval.Limits{}, err
	}
	if v, ok := a.limits.Load(n); ok {
		return v.(approval.Limits), nil
	}
	p, err := m.ProposalAt(approval.Limit, LimitsID, n)
	if err != nil {
		return approval.Limits{}, err
	}
	if err := asWritten(m, p); err != nil {
		if _, page := m.(reading); page && errors.Is(err, payout.ErrBroken) {
			return approval.Limits{}, nil // pages go on reading; whatever writes refuses
		}
		return approval.Limits{}, err
	}
	l, err := approval.ParseLimits(p.Doc, p.Private, p.Commit)
	if err != nil {
		return l, err
	}
	l.Version = n
	a.limits.Store(n, l)
	return l, nil
}

// reading answers measures outside a transaction.
type reading struct {
	ctx context.Context
	r   Reader
}

func (l reading) InForceVersion(kind approval.Kind, id string) (int, error) {
	return l.r.InForceVersion(l.ctx, kind, id)
}
func (l reading) ProposalAt(kind approval.Kind, id string, version int) (Proposal, error) {
	return l.r.ProposalAt(l.ctx, kind, id, version)
}
func (l reading) Signers() ([]approval.Signer, error) { return l.r.Signers(l.ctx) }
func (l reading) PayeeFacts(id string, version int, bik, account string) (PayeeFacts, error) {
	return l.r.PayeeFacts(l.ctx, id, version, bik, account)
}
func (l reading) PaidTo(payee, account string) (int64, error) {
	return l.r.PaidTo(l.ctx, payee, account)
}
func (l reading) AccountsBeside(payee, account string) (map[string][]string, error) {
	return l.r.AccountsBeside(l.ctx, payee, account)
}
func (l reading) EventsOf(kind, subject string) ([]audit.Event, error) {
	rows, err := l.r.Timeline(l.ctx, kind, subject)
	out := make([]audit.Event, len(rows))
	for i, r := range rows {
		out[i] = r.Event
	}
	return out, err
}
func (l reading) Use(names []string) (map[string]int64, error) { return l.r.Use(l.ctx, names) }
