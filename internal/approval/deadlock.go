package approval

import (
	"slices"
	"sort"
)

// Stuck is something that today's people cannot decide, with the example that proves it.
type Stuck struct {
	Kind Kind
	// Maker is who enters or proposes it in the example, Concerned whom it is about ("" for nobody).
	Maker, Concerned Signer
	// AboveMinor and UpToMinor (0: no upper bound) are the amounts of payouts that nobody could approve.
	AboveMinor, UpToMinor int64
	// Rule and Set name the rule of a payout; Step and Missing what it lacks.
	Rule    string
	Set     int
	Step    Step
	Missing int

	when     When      // the rule's conditions
	examples []example // every pair for whom it is stuck, the one named included
	anybody  bool      // it is stuck whoever makes it
}

// example names who makes something, and whom it concerns.
type example struct{ maker, concerned string }

// same reports whether two say the same of the same rule and amounts, whoever the example names.
func (s Stuck) same(o Stuck) bool {
	return s.Kind == o.Kind && s.Rule == o.Rule && s.AboveMinor == o.AboveMinor && s.UpToMinor == o.UpToMinor
}

// Deadlocks finds what could not be decided under this set by these people: payouts by each of makers in every rule that could hold for them,
// and every kind that a constant governs. Rules that block on purpose are no deadlock. Running sums, payees and dates are taken as if they held: what
// a rule could ask for must be possible. Above the soft limit of one payout one more approver is asked for.
func Deadlocks(set RuleSet, limits Limits, makers, people []Signer) []Stuck {
	var out []Stuck
	for i := range set.Rules {
		out = set.stuckRule(out, &set.Rules[i], limits.Payout.SoftMinor, makers, people)
	}
	for _, k := range Kinds() {
		if k == Payout || k == Match { // a match asks the same of the same people as a payee
			continue
		}
		if s, stuck := stuckKind(k, makers, people); stuck {
			out = append(out, s)
		}
	}
	return out
}

// stuckRule adds the lowest amount in a rule from which nobody could approve, for each maker for whom there is one. Makers who are stuck from the same amount are one.
func (r *RuleSet) stuckRule(out []Stuck, x *Rule, soft int64, makers, people []Signer) []Stuck {
	hi := x.When.UpToMinor
	if hi == 0 {
		hi = 1<<63 - 1
	}
	if x.Blocked != "" || x.When.OverMinor >= hi {
		return out
	}
	amounts := []int64{x.When.OverMinor + 1} // where fewer people can approve than below
	for i := range people {
		if c := people[i].CeilingMinor; c > 0 && c >= x.When.OverMinor && c < hi {
			amounts = append(amounts, c+1)
		}
	}
	if soft > 0 && soft >= x.When.OverMinor && soft < hi {
		amounts = append(amounts, soft+1)
	}
	slices.Sort(amounts)
	amounts = slices.Compact(amounts)
	need := Need{Roles: []Role{Approver, Senior}, Plans: []Plan{x.plan(r.Version)}}
	more := need.Plus(1)
	lacks := func(i int, barred ...string) ([]Shortage, []int) {
		c := Case{Need: need, Barred: barred, AmountMinor: amounts[i]}
		if soft > 0 && amounts[i] > soft {
			c.Need = more
		}
		return c.lacks(people)
	}
	first := func(barred ...string) int {
		return sort.Search(len(amounts), func(i int) bool {
			lack, _ := lacks(i, barred...)
			return len(lack) > 0
		})
	}
	// Only without those who were seated just below can it be stuck earlier than without anybody barred.
	all := first()
	needed := map[string]bool{}
	if all > 0 {
		_, seated := lacks(all - 1)
		for _, k := range seated {
			needed[people[k].ID] = true
		}
	}
	for i := range makers {
		m := &makers[i]
		if m.ID == "" || !m.Standing || len(x.When.Makers) > 0 && !slices.Contains(x.When.Makers, m.ID) || len(x.When.MakerGroups) > 0 && !common(x.When.MakerGroups, m.Groups) {
			continue
		}
		from := all
		if needed[m.ID] {
			from = first(m.ID)
		}
		if from == len(amounts) {
			continue
		}
		s := Stuck{Kind: Payout, Maker: *m, AboveMinor: amounts[from] - 1, UpToMinor: x.When.UpToMinor, Rule: x.Name, Set: r.Version,
			when: x.When, examples: []example{{maker: m.ID}}, anybody: from == all}
		if k := slices.IndexFunc(out, s.same); k >= 0 {
			out[k].examples = append(out[k].examples, s.examples...)
			continue
		}
		lack, _ := lacks(from, m.ID)
		s.Step, s.Missing = lack[0].Step, lack[0].Missing
		out = append(out, s)
	}
	return out
}

// stuckKind looks for one proposer, and one person concerned, whose proposal nobody could decide.
func stuckKind(k Kind, makers, people []Signer) (Stuck, bool) {
	need, _ := ForKind(k)
	var proposers, concerned []Signer
	standing := func(list []Signer, roles ...Role) (out []Signer) {
		for _, s := range list {
			if s.ID != "" && s.Standing && (len(roles) == 0 || slices.ContainsFunc(roles, s.Has)) {
				out = append(out, s)
			}
		}
		return out
	}
	switch k {
	case Payee:
		proposers = standing(makers)
	case Verdict:
		proposers, concerned = standing(makers), standing(makers) // the maker of the payout, and who proposes the outcome
	case Release:
		proposers = standing(people, Approver, Senior, Admin)
	case Person:
		proposers, concerned = standing(people, Admin), standing(people)
	default:
		proposers = standing(people, Admin)
	}
	if len(proposers) == 0 { // nobody could even propose it: judged as if somebody else did
		proposers = []Signer{{}}
	}
	if len(concerned) == 0 {
		concerned = []Signer{{}}
	}
	open := Case{Need: need}
	lack, seated := open.lacks(people)
	needed := map[string]bool{}
	for _, k := range seated {
		needed[people[k].ID] = true
	}
	var out Stuck
	tried := map[example]bool{}
	for _, p := range proposers {
		for _, c := range concerned {
			// A system's stop has nobody who pulled it; a person's own may not be released by them.
			e := example{p.ID, c.ID}
			if !needed[e.maker] && !needed[e.concerned] { // as if nobody was barred
				e = example{}
			}
			if tried[e] {
				continue
			}
			tried[e] = true
			x := Case{Need: need, Barred: []string{p.ID, c.ID}}
			if ok, missing := Reachable(x, people); !ok {
				if len(out.examples) == 0 {
					out = Stuck{Kind: k, Maker: p, Concerned: c, Step: missing[0].Step, Missing: missing[0].Missing, anybody: len(lack) > 0}
				}
				if out.examples = append(out.examples, example{p.ID, c.ID}); out.anybody {
					return out, true // it stands for all
				}
			}
		}
	}
	return out, len(out.examples) > 0
}

// Worse lists what now is stuck for somebody for whom it was not stuck before: a rule of other conditions, more amounts, more people.
func Worse(before, now []Stuck) []Stuck {
	var out []Stuck
	for i := range now {
		if !slices.ContainsFunc(before, func(b Stuck) bool { return now[i].noWorse(&b) }) {
			out = append(out, now[i])
		}
	}
	return out
}

func (s *Stuck) noWorse(b *Stuck) bool {
	if s.Kind != b.Kind {
		return false
	}
	if s.Kind == Payout {
		up := func(s *Stuck) int64 {
			if s.UpToMinor == 0 {
				return 1<<63 - 1
			}
			return s.UpToMinor
		}
		if b.AboveMinor > s.AboveMinor || up(b) < up(s) || !b.when.amountOnly() && !b.when.alike(s.when) {
			return false
		}
	}
	if b.anybody {
		return true
	}
	if s.anybody && s.Kind != Payout {
		return false // one example stands for all of them
	}
	was := make(map[example]bool, len(b.examples))
	for _, e := range b.examples {
		was[e] = true
	}
	return !slices.ContainsFunc(s.examples, func(e example) bool { return !was[e] })
}

// alike reports whether two ask for the same but for the amount.
func (w When) alike(o When) bool {
	return w.Entry == o.Entry && slices.Equal(w.Payees, o.Payees) && slices.Equal(w.PayeeGroups, o.PayeeGroups) && w.First == o.First && w.ChangedDays == o.ChangedDays &&
		slices.Equal(w.Makers, o.Makers) && slices.Equal(w.MakerGroups, o.MakerGroups) && slices.Equal(w.Sources, o.Sources) && slices.Equal(w.Sums, o.Sums)
}
