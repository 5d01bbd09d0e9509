package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/money"
)

func init() {
	effects[approval.Rules] = (*App).rulesTakeEffect
	effects[approval.Limit] = (*App).limitsTakeEffect
}

// ProposeRules puts a new rule set to people. seen is the version that was in force on the proposer's screen. Invalid with every fault of the set,
// "rules.deadlock" when under it somebody's payouts or some other subject could be decided by nobody that can be decided today (see newDeadlock); "rules.same"; "rules.apart" with
// the names when it lets no maker be an approver, and somebody is.
func (a *App) ProposeRules(ctx context.Context, w Who, set approval.RuleSet, seen int, reason string) error {
	if err := set.Check().Err(); err != nil {
		return err
	}
	return a.write(ctx, People, w, Propose, about(approval.Rules, RulesID), func(tx *sealed) error {
		now := a.Now()
		f, err := a.frame(tx, now)
		if err != nil {
			return err
		}
		if string(f.Set.Doc()) == string(set.Doc()) {
			return fault.Bad("form", "rules.same")
		}
		if err := a.keepsGuards(set); err != nil {
			return err
		}
		if err := apart(tx, set); err != nil {
			return err
		}
		if err := a.newDeadlock(tx, f, set, f.Limits, f.Signers); err != nil {
			return err
		}
		_, err = a.propose(tx, w.actor(), Proposal{Kind: approval.Rules, ID: RulesID, Op: "rules.set", Doc: set.Doc(), Salt: a.salt()}, seen, reason, now)
		return err
	})
}

// apart refuses a set that lets no maker be an approver while somebody works as both: their roles are changed first. Who is suspended is judged when they come back.
func apart(tx Tx, set approval.RuleSet) error {
	if set.MakerMayApprove {
		return nil
	}
	people, err := tx.People()
	if err != nil {
		return err
	}
	var both []string
	for _, p := range people {
		if !p.Suspended && p.Has(auth.Maker) && p.Has(auth.Approver) {
			both = append(both, p.Name)
		}
	}
	if len(both) == 0 {
		return nil
	}
	if slices.Sort(both); len(both) > maxWithout {
		both = append(both[:maxWithout], "…")
	}
	return fault.Bad("maker_may_approve", "rules.apart", both)
}

// maxGuardMinor is how far the amounts above which a guard holds may be raised: 10,000,000.00 RUB, ten times what a desk is founded with for signing. A guard
// that holds above more than anybody pays is switched off in all but its name.
const maxGuardMinor = 10_000_000_00

// keepsGuards refuses a set that switches off what this desk was founded with: a second factor for everybody, signing and waiting above an amount, and the
// quiet days and the cap of newcomers. What they are worth can be changed within bounds, also made stricter; there is no off switch.
func (a *App) keepsGuards(set approval.RuleSet) error {
	most := money.Amount{Minor: maxGuardMinor, Currency: money.RUB}
	was, now := a.Rules.Newcomers, set.Newcomers
	if now.QuietHours < was.QuietHours {
		return fault.Bad("newcomers", "rules.quiet", was.QuietHours)
	}
	if !a.Rules.FactorNeeded { // the demo and desks of tests
		return nil
	}
	switch {
	case !set.FactorNeeded:
		return fault.Bad("factor_needed", "rules.factor")
	case set.SignAboveMinor == 0:
		return fault.Bad("sign_above", "rules.sign")
	case a.Rules.SignAboveMinor > 0 && set.SignAboveMinor > maxGuardMinor:
		return fault.Bad("sign_above", "rules.guard_most", most)
	case a.Rules.StepUpAboveMinor > 0 && set.StepUpAboveMinor == 0:
		return fault.Bad("step_up_above", "rules.sign")
	case a.Rules.CoolOffMinutes > 0 && set.CoolOffMinutes < 60:
		return fault.Bad("cool_off", "rules.guard_wait")
	case a.Rules.CoolOffMinutes > 0 && set.CoolOffOverMinor > maxGuardMinor:
		return fault.Bad("cool_off", "rules.guard_most", most)
	case was.CapDays > 0 && now.CapDays*24 <= now.QuietHours: // a cap that ends before anything counts caps nothing
		return fault.Bad("newcomers", "rules.guard_cap", now.QuietHours)
	case was.CapDayMinor > 0 && (now.CapDayMinor == 0 || now.CapDayMinor > maxGuardMinor):
		return fault.Bad("newcomers", "rules.guard_most", most)
	}
	return nil
}

// sameLimits reports whether two versions say the same, whatever their salts.
func sameLimits(a, b approval.Limits) bool {
	plain := func(_, value string) string { return value }
	x, _ := a.Doc(plain)
	y, _ := b.Doc(plain)
	return string(x) == string(y)
}

// UsedNow is how much of the limits is taken now, kopecks: by the company and by the maker who used most today, and by the payee who got most this
// month.
type UsedNow struct {
	CompanyDay, MakerDay, PayeeMonth int64
	Maker                            string
}

// UsedNow reads it, by the Moscow day.
func (a *App) UsedNow(ctx context.Context) (UsedNow, error) {
	var u UsedNow
	day := calendar.DayOf(a.Now())
	m := reading{ctx, a.Store}
	people, err := m.Signers()
	if err != nil {
		return u, err
	}
	names := []string{companyUse(string(day))}
	for _, p := range people {
		names = append(names, makerUse(p.ID, string(day)))
	}
	use, err := m.Use(names)
	if err != nil {
		return u, err
	}
	u.CompanyDay = use[companyUse(string(day))]
	for _, p := range people {
		if n := use[makerUse(p.ID, string(day))]; n > u.MakerDay {
			u.MakerDay, u.Maker = n, p.ID
		}
	}
	u.PayeeMonth, err = a.Store.MostUsed(ctx, strings.TrimSuffix(payeeUse("", ""), ":"), ":"+day.Month())
	return u, err
}

// rulesTakeEffect: the document is in force from the end of this commit; what waits is measured again when it is decided on, and at its claim.
// People may have left since it was proposed: what nobody could decide under it is looked for again.
func (a *App) rulesTakeEffect(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	set, err := approval.ParseRuleSet(p.Doc)
	if err != nil {
		return nil, err
	}
	f, err := a.frame(tx, now)
	if err != nil {
		return nil, err
	}
	if f.Set, err = a.setAt(tx, p.Base); err != nil {
		return nil, err
	}
	if err := apart(tx, set); err != nil { // somebody became both while it was open
		return nil, err
	}
	if err := a.newDeadlock(tx, f, set, f.Limits, f.Signers); err != nil {
		return nil, err
	}
	return map[string]any{"name": set.Name}, nil
}

// ProposeLimits puts new limits and lists to people. Invalid with every fault; "rules.deadlock" when ceilings or soft limits leave payouts that nobody could approve.
func (a *App) ProposeLimits(ctx context.Context, w Who, l approval.Limits, seen int, reason string) error {
	if err := l.Check().Err(); err != nil {
		return err
	}
	return a.write(ctx, People, w, Propose, about(approval.Limit, LimitsID), func(tx *sealed) error {
		now := a.Now()
		f, err := a.frame(tx, now)
		if err != nil {
			return err
		}
		after := make([]approval.Signer, len(f.Signers))
		for i, s := range f.Signers {
			s.CeilingMinor = l.Ceiling(s.ID)
			after[i] = s
		}
		if err := a.newDeadlock(tx, f, f.Set, l, after); err != nil {
			return err
		}
		if sameLimits(f.Limits, l) {
			return fault.Bad("form", "limits.same")
		}
		p := Proposal{Kind: approval.Limit, ID: LimitsID, Op: "limits.set", Salt: a.salt()}
		p.Doc, p.Private = l.Doc(p.Commit)
		// Whose own ceiling moves may not decide it.
		for _, s := range f.Signers {
			if s.CeilingMinor != l.Ceiling(s.ID) {
				p.Concerns = append(p.Concerns, s.ID)
			}
		}
		_, err = a.propose(tx, w.actor(), p, seen, reason, now)
		return err
	})
}

// limitsTakeEffect measures again what waits for room.
func (a *App) limitsTakeEffect(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	l, err := approval.ParseLimits(p.Doc, p.Private, p.Commit)
	if err != nil {
		return nil, err
	}
	if len(l.Lists) > 0 && len(p.Private) == 0 {
		return nil, fault.Moved("subject.moved", string(p.Kind), p.Base) // its values were erased: a block would stop nothing
	}
	f, err := a.frame(tx, now)
	if err != nil {
		return nil, err
	}
	old := approval.Limits{} // the frame reads what is in force from now on: today's ceilings are those of the version before
	if p.Base > 0 {
		b, err := tx.ProposalAt(approval.Limit, LimitsID, p.Base)
		if err != nil {
			return nil, err
		}
		if old, err = approval.ParseLimits(b.Doc, b.Private, b.Commit); err != nil {
			return nil, err
		}
	}
	before, after := slices.Clone(f.Signers), slices.Clone(f.Signers)
	for i := range after {
		before[i].CeilingMinor, after[i].CeilingMinor = old.Ceiling(after[i].ID), l.Ceiling(after[i].ID)
	}
	f.Signers, f.Limits = before, old
	if err := a.newDeadlock(tx, f, f.Set, l, after); err != nil {
		return nil, err
	}
	return nil, a.freeHeld(tx, true, now)
}
