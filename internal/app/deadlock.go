package app

import (
	"cmp"
	"context"
	"slices"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/money"
)

// What nobody could decide is asked of three views of the same people:
//
//   - ever: everybody who stands counts as able to do whatever the rules ask for. A missing password, second factor or vouched key can be made up for, people who are
//     not there cannot. Where the desk's address allows no passkeys nobody will ever sign.
//   - soon: what everybody can decide with by their own deed alone. A password and a second factor are theirs to set; a key that signs takes a second person's word and a day, so
//     it counts only where it has that word, or needs none (a founder's first).
//   - today: as things are. Who has no password of their own yet, must change it, or lacks the second factor that this desk asks of all decides nothing; a key
//     that nobody vouched for signs nothing.
//
// New rules and limits are refused for what they make undecidable ever or soon: so the built-in set can be submitted among people who have not signed in yet, and an amount
// cannot be put under signature before those who would sign have keys. A person's leaving, or losing a role or group, is refused for what it makes undecidable ever or today:
// those who are left must be able to act now. Suspending is refused to nobody; its page says the same. What can be decided anyway stays out: nothing is refused for
// what was stuck before. The pages list what is stuck ever, then what is stuck today alone, with who lacks what. At least two administrators with a password
// stay (adminsLeft), so that a key always finds somebody to vouch for it.

// Why somebody who may decide something cannot today.
const (
	LackPassword = "password" // never set one
	LackOwn      = "change"   // somebody else set it, and it is not changed yet
	LackFactor   = "factor"   // no second factor
	LackKey      = "key"      // no passkey
	LackVouch    = "vouch"    // a passkey that nobody vouched for
)

// Undecidable is something that nobody can decide, with why each of its Without cannot, in their order.
type Undecidable struct {
	approval.Stuck
	Whys []string
}

// maxWithout bounds how many people a sentence names.
const maxWithout = 8

// Fault says with one example what nobody could decide, in plain values: kind, who makes it, above which amount and up to which (0: no bound), the rule, the role of the seat
// that lacks people ("" for named people), how many sit there, how many are missing; whom it concerns, how many approvals there are in all, the soft limit and its
// amount ("" for none); how many people could decide, how many of them lack the means, whether it is a key that signs, and the names of the first of them with why.
func (u Undecidable) Fault(code string) *fault.Error {
	s, role := u.Stuck, ""
	if len(s.Step.People)+len(s.Step.Groups) == 0 && len(s.Step.Roles) > 0 {
		role = string(s.Step.Roles[0])
	}
	n := min(len(s.Without), maxWithout)
	names := make([]string, n)
	for i := range names {
		names[i] = s.Without[i].Name
	}
	return fault.Bad("form", code, string(s.Kind), s.Maker.Name, money.Roubles(s.AboveMinor), money.Roubles(s.UpToMinor), s.Rule, role, s.Step.Count, s.Missing,
		s.Concerned.Name, s.Seats, s.Soft, money.Roubles(s.SoftMinor), s.Asked, len(s.Without), s.By == approval.ByKey, names, u.Whys[:min(n, len(u.Whys))])
}

// able is what people can decide with; why names what keeps somebody from more.
type able struct {
	today, soon map[string]approval.Means
	why         map[string]string
}

func (b able) now(person string) approval.Means { return b.today[person] }

func (b able) alone(person string) approval.Means { return b.soon[person] }

func (b able) explain(list []approval.Stuck) []Undecidable {
	out := make([]Undecidable, len(list))
	for i, s := range list {
		s.Without = slices.Clone(s.Without)
		slices.SortFunc(s.Without, func(x, y approval.Signer) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
		out[i].Stuck = s
		for _, p := range s.Without {
			why := b.why[p.ID]
			if why == "" || s.By == approval.ByKey && b.today[p.ID] == approval.BySignIn {
				why = LackKey // codes would not sign
			}
			out[i].Whys = append(out[i].Whys, why)
		}
	}
	return out
}

// ever is the view of what people could ever have: nil is everything.
func (a *App) ever() func(string) approval.Means {
	if a.Keys != nil {
		return nil
	}
	return func(string) approval.Means { return approval.ByCode }
}

// meansOf is what somebody can decide with today: set is whether they have a password, own whether one of them is their own. What a vouched key still waits passes by itself.
func (a *App) meansOf(needed, set, own bool, mine []Factor) (approval.Means, string) {
	code, key, vouched := false, false, false
	for _, f := range mine {
		switch {
		case f.Kind == KindTOTP:
			code = true
		case f.Kind == KindPasskey && a.Keys != nil && !f.Copied():
			code, key = true, true
			vouched = vouched || f.VouchedBy != "" && !f.SignsFrom.IsZero()
		}
	}
	switch {
	case !set:
		return approval.NoMeans, LackPassword
	case !own:
		return approval.NoMeans, LackOwn
	case vouched:
		return approval.ByKey, ""
	case key:
		return approval.ByCode, LackVouch
	case code:
		return approval.ByCode, LackKey
	case needed:
		return approval.NoMeans, LackFactor
	}
	return approval.BySignIn, LackFactor
}

// ablePeople reads what people can decide with, in the transaction that judges.
func (a *App) ablePeople(tx Tx, set approval.RuleSet, people []auth.Person) (able, error) {
	b := able{map[string]approval.Means{}, map[string]approval.Means{}, map[string]string{}}
	for _, p := range people {
		if p.Suspended || !decides(p) {
			continue
		}
		accounts, err := tx.AccountsOf(p.ID)
		if err != nil {
			return b, err
		}
		mine, err := tx.Factors(p.ID)
		if err != nil {
			return b, err
		}
		b.today[p.ID], b.why[p.ID] = a.meansOf(set.FactorNeeded, slices.ContainsFunc(accounts, func(x Account) bool { return x.Hash != "" }),
			slices.ContainsFunc(accounts, func(x Account) bool { return x.Hash != "" && !x.MustChange }), mine)
		b.soon[p.ID] = max(b.today[p.ID], approval.ByCode)
		if a.Keys != nil && b.soon[p.ID] < approval.ByKey {
			if first, err := a.foundersFirst(tx, p); err != nil {
				return b, err
			} else if first {
				b.soon[p.ID] = approval.ByKey
			}
		}
	}
	return b, nil
}

// ableRows is ablePeople for pages, which refuse nothing: it says nothing of soon, and a row that was altered counts for nothing.
func (a *App) ableRows(ctx context.Context, set approval.RuleSet, rows []PersonRow) (able, error) {
	b := able{today: map[string]approval.Means{}, why: map[string]string{}}
	for _, p := range rows {
		if p.Suspended || !decides(p.Person) {
			continue
		}
		mine, err := a.Store.Factors(ctx, p.ID)
		if err != nil {
			return b, err
		}
		mine = slices.DeleteFunc(mine, func(f Factor) bool { return !same(f.Seal, a.factorSeal(f)) })
		b.today[p.ID], b.why[p.ID] = a.meansOf(set.FactorNeeded, len(p.Waiting) < len(p.Emails), len(p.Waiting)+len(p.SetByHand) < len(p.Emails), mine)
		// The demo offers a founder's first passkey at the very press that needs it: nobody is kept from anything by not having it yet.
		if a.Place.Environment == demoPlace && a.Keys != nil && p.Founding && p.QuietFrom.IsZero() && b.today[p.ID] != approval.NoMeans &&
			!slices.ContainsFunc(mine, func(f Factor) bool { return f.Kind == KindPasskey }) {
			b.today[p.ID], b.why[p.ID] = approval.ByKey, ""
		}
	}
	return b, nil
}

// makersOf are the people who may enter payouts, as signers.
func makersOf(signers []approval.Signer, people []auth.Person) []approval.Signer {
	var out []approval.Signer
	for _, p := range people {
		if !p.Has(auth.Maker) {
			continue
		}
		for _, s := range signers {
			if s.ID == p.ID {
				out = append(out, s)
			}
		}
	}
	return out
}

// firm are these signers under a set and limits; people say who of them makes payouts.
func (f *Frame) firm(set approval.RuleSet, limits approval.Limits, signers []approval.Signer, people []auth.Person) approval.Firm {
	return approval.Firm{Set: set, Limits: limits, Makers: makersOf(signers, people), People: signers}
}

// newlyStuck is what nobody could decide after, and somebody before, in any of these views.
func newlyStuck(before, after approval.Firm, views ...func(string) approval.Means) []approval.Stuck {
	var out []approval.Stuck
	for _, v := range views {
		before.Means, after.Means = v, v
		out = append(out, approval.Worse(out, approval.Worse(before.Deadlocks(), after.Deadlocks()))...)
	}
	return out
}

// newDeadlock refuses what nobody could decide under this set and these limits by these signers that could be decided under those in force: "rules.deadlock" with the
// example, see above.
func (a *App) newDeadlock(tx Tx, f *Frame, set approval.RuleSet, limits approval.Limits, after []approval.Signer) error {
	people, err := tx.People()
	if err != nil {
		return err
	}
	b, err := a.ablePeople(tx, f.Set, people)
	if err != nil {
		return err
	}
	stuck := newlyStuck(f.firm(f.Set, f.Limits, f.Signers, people), f.firm(set, limits, after, people), a.ever(), b.alone)
	if len(stuck) == 0 {
		return nil
	}
	return b.explain(stuck[:1])[0].Fault("rules.deadlock")
}

// worse is what could no longer be decided under the rules in force if the people were these.
func (a *App) worse(f *Frame, b able, before, after []auth.Person) []Undecidable {
	signers := slices.Clone(f.Signers)
	for i := range signers {
		k := slices.IndexFunc(after, func(p auth.Person) bool { return p.ID == signers[i].ID })
		if k < 0 {
			signers[i].Standing = false
			continue
		}
		signers[i].Standing, signers[i].Groups, signers[i].Roles = !after[k].Suspended, after[k].Groups, nil
		for _, r := range after[k].Roles {
			signers[i].Roles = append(signers[i].Roles, approval.Role(r))
		}
	}
	return b.explain(newlyStuck(f.firm(f.Set, f.Limits, f.Signers, before), f.firm(f.Set, f.Limits, signers, after), a.ever(), b.now))
}

// presentPeople is everybody as pages judge them.
func (a *App) presentPeople(ctx context.Context) (*Frame, able, []auth.Person, error) {
	f, err := a.Frame(ctx)
	if err != nil {
		return nil, able{}, nil, err
	}
	rows, err := a.Store.AllPeople(ctx)
	if err != nil {
		return nil, able{}, nil, err
	}
	people := make([]auth.Person, len(rows))
	for i, r := range rows {
		people[i] = r.Person
	}
	b, err := a.ableRows(ctx, f.Set, rows)
	return f, b, people, err
}

// Deadlocks lists what nobody can decide under the rules in force: what nobody ever could, then what today's people cannot as things are.
func (a *App) Deadlocks(ctx context.Context) ([]Undecidable, error) {
	f, b, people, err := a.presentPeople(ctx)
	if err != nil {
		return nil, err
	}
	firm := f.firm(f.Set, f.Limits, f.Signers, people)
	firm.Means = a.ever()
	ever := firm.Deadlocks()
	firm.Means = b.now
	return b.explain(append(ever, approval.Worse(ever, firm.Deadlocks())...)), nil
}

// WithoutPerson is what nobody could decide any more if this person was suspended: suspending stays one person's deed, but its page says so.
func (a *App) WithoutPerson(ctx context.Context, id string) ([]Undecidable, error) {
	f, b, before, err := a.presentPeople(ctx)
	if err != nil {
		return nil, err
	}
	after := slices.Clone(before)
	for i := range after {
		after[i].Suspended = after[i].Suspended || after[i].ID == id
	}
	return a.worse(f, b, before, after), nil
}
