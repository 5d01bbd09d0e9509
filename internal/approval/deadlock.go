package approval

import (
	"slices"
	"sort"
)

// Means is what somebody has to decide with, as things are; each can do what those before it can.
type Means int

const (
	NoMeans  Means = iota // cannot sign in, or to nothing but their own account
	BySignIn              // signs in, and has no second proof
	ByCode                // has one-time codes or a passkey
	ByKey                 // has a passkey that a second person vouched for: it signs
)

// Firm is whom and what the deadlock check looks at.
type Firm struct {
	Set    RuleSet
	Limits Limits
	// Makers enter payouts, People decide; whoever does not stand counts for nothing.
	Makers, People []Signer
	// Means says what each person can decide with. Nil: everybody has all, which asks what could ever be decided. It takes people away as deciders alone: who cannot
	// sign in yet still enters and proposes in an example, since what they entered waits already, or will the day they come.
	Means func(person string) Means
}

// Stuck is something that nobody can decide, with the example that proves it.
type Stuck struct {
	Kind Kind
	// Maker is who enters or proposes it in the example, Concerned whom it is about, or who made the payout that it is about ("" for nobody).
	Maker, Concerned Signer
	// AboveMinor and UpToMinor (0: no upper bound) are the amounts of payouts that nobody could approve, or whose outcome nobody could rule on.
	AboveMinor, UpToMinor int64
	// Rule and Set name the rule of a payout; Step and Missing what it lacks, of Seats approvals in all.
	Rule           string
	Set            int
	Step           Step
	Missing, Seats int
	// Soft names the limit above which, SoftMinor kopecks, one approval more is asked for, where without that it could be decided; "" for none.
	Soft      string
	SoftMinor int64
	// Without are those of the Asked people who may decide it that lack the means, which is By: with them it could be decided. Nobody where people are missing.
	Without []Signer
	Asked   int
	By      Means

	when     When      // the rule's conditions
	examples []example // every pair for whom it is stuck, the one named included
	anybody  bool      // it is stuck whoever makes it
}

// ByMaker reports whether it is stuck by a rule that asks who made the payout.
func (s Stuck) ByMaker() bool { return len(s.when.Makers)+len(s.when.MakerGroups) > 0 }

// example names who makes something, and whom it concerns.
type example struct{ maker, concerned string }

// same reports whether two say the same of the same rule, amounts and limit, whoever the example names.
func (s Stuck) same(o Stuck) bool {
	return s.Kind == o.Kind && s.Rule == o.Rule && s.AboveMinor == o.AboveMinor && s.UpToMinor == o.UpToMinor && s.sum() == o.sum()
}

// sum names the limit of a running sum that must be over; that of one payout is a matter of its amount.
func (s Stuck) sum() string {
	if s.Soft == LimitPayout {
		return ""
	}
	return s.Soft
}

// party is who proposes a kind of subject that a constant governs, and whom it may concern.
type party struct{ proposers, concerned func(f *Firm) []Signer }

// parties has every kind but Payout, whose makers the rules name; a kind without one fails this package's tests. They bar as many people as one subject of the kind must,
// but for limits that move several people's bounds, which can be moved one after the other. A payout that several people made, its payee's among them, is ruled on at the proposal of
// one of them; a payee that more than two people edited can be made anew.
var parties = map[Kind]party{
	Payee:   {proposers: makers, concerned: makers}, // who made it before
	Match:   {proposers: makers},
	Rules:   {proposers: holders(Admin)},
	Keys:    {proposers: holders(Admin)},
	Limit:   {proposers: holders(Admin), concerned: holders(Approver, Senior)}, // whose bound moves
	Person:  {proposers: holders(Admin), concerned: holders()},
	Verdict: {proposers: makers, concerned: makers}, // the maker of the payout, or of its payee
	// Who pulled the stop may not release it; a system's has nobody.
	Release: {proposers: holders(Approver, Senior, Admin)},
}

func makers(f *Firm) []Signer { return standing(f.Makers) }

func holders(roles ...Role) func(f *Firm) []Signer {
	return func(f *Firm) []Signer { return standing(f.People, roles...) }
}

// standing are those who stand and hold one of the roles, or any where none is named.
func standing(list []Signer, roles ...Role) (out []Signer) {
	for i := range list {
		if s := &list[i]; s.ID != "" && s.Standing && (len(roles) == 0 || s.hasAny(roles)) {
			out = append(out, *s)
		}
	}
	return out
}

// Deadlocks finds what could not be decided by these people: payouts by each of the makers in every rule that could hold for them, and every kind that a constant
// governs. Rules that block on purpose, and amounts that a hard limit stops, are no deadlock. Running sums, payees and dates are taken as if they held: what
// a rule could ask for must be possible, and so must the one approval more above each soft limit. What passes by itself is none either: somebody's quiet days, or
// the day that a vouched key waits.
func (f Firm) Deadlocks() []Stuck {
	var out []Stuck
	for i := range f.Set.Rules {
		out = f.stuckRule(out, &f.Set.Rules[i])
	}
	for _, k := range Kinds() {
		if k != Payout {
			out = f.stuckKind(out, k)
		}
	}
	return out
}

// asks is what an approval of so many kopecks must be given with.
func (f *Firm) asks(minor int64) Means {
	switch {
	case f.Set.SignAboveMinor > 0 && minor > f.Set.SignAboveMinor:
		return ByKey
	case f.Set.StepUpAboveMinor > 0 && minor > f.Set.StepUpAboveMinor:
		return ByCode
	}
	return BySignIn
}

// with are the people who have these means.
func (f *Firm) with(m Means) []Signer {
	if f.Means == nil {
		return f.People
	}
	out := make([]Signer, 0, len(f.People))
	for i := range f.People {
		if f.Means(f.People[i].ID) >= m {
			out = append(out, f.People[i])
		}
	}
	return out
}

// fill says what the example lacks, and where it is nothing but means, who lacks them.
func (f *Firm) fill(s *Stuck, c Case, by Means) {
	lack, _ := c.lacks(f.with(by))
	s.Step, s.Missing, s.Seats, s.By = lack[0].Step, lack[0].Missing, c.Need.Count(), by
	if ok, _ := Reachable(c, f.People); !ok || f.Means == nil {
		return
	}
	for i := range f.People {
		if p := &f.People[i]; c.bars(p) == Can && slices.ContainsFunc(c.Need.Plans, func(x Plan) bool { return slices.ContainsFunc(x.Steps, func(st Step) bool { return st.asks(p) }) }) {
			if s.Asked++; f.Means(p.ID) < by {
				s.Without = append(s.Without, *p)
			}
		}
	}
}

// most is the highest amount that no hard limit stops whatever left before, kopecks.
func (f *Firm) most() int64 {
	top := int64(1<<63 - 1)
	for _, b := range f.Limits.bounds() {
		if b.bound.HardMinor > 0 {
			top = min(top, b.bound.HardMinor)
		}
	}
	return top
}

// scan looks for the lowest amount in a rule from which nobody could approve.
type scan struct {
	f       *Firm
	amounts []int64 // where fewer people can approve than below
	people  [][]Signer
	need    func(minor int64) Need
}

func (sc *scan) at(i int, barred ...string) Case {
	return Case{Need: sc.need(sc.amounts[i]), Barred: barred, AmountMinor: sc.amounts[i]}
}

// first is the place of that amount, len(amounts) for none.
func (sc *scan) first(barred ...string) int {
	return sort.Search(len(sc.amounts), func(i int) bool {
		c := sc.at(i, barred...)
		lack, _ := c.lacks(sc.people[i])
		return len(lack) > 0
	})
}

// all is first with nobody barred, and who was seated just below: only without one of them can it be stuck earlier.
func (sc *scan) all() (from int, needed map[string]bool) {
	from, needed = sc.first(), map[string]bool{}
	if from > 0 {
		c := sc.at(from - 1)
		_, seated := c.lacks(sc.people[from-1])
		for _, k := range seated {
			needed[sc.people[from-1][k].ID] = true
		}
	}
	return from, needed
}

// stuckRule adds the lowest amount in a rule from which nobody could approve, for each maker for whom there is one; and the same for each soft limit of a running sum,
// where with it fewer kopecks are too many. Makers who are stuck from the same amount are one.
func (f *Firm) stuckRule(out []Stuck, x *Rule) []Stuck {
	hi := f.most()
	if x.When.UpToMinor > 0 {
		hi = min(hi, x.When.UpToMinor)
	}
	if x.Blocked != "" || x.When.OverMinor >= hi {
		return out
	}
	soft := f.Limits.Payout.SoftMinor
	sc := &scan{f: f, amounts: []int64{x.When.OverMinor + 1}}
	bound := func(minor int64) {
		if minor > 0 && minor >= x.When.OverMinor && minor < hi {
			sc.amounts = append(sc.amounts, minor+1)
		}
	}
	for i := range f.People {
		bound(f.People[i].CeilingMinor)
	}
	bound(soft)
	if f.Means != nil {
		bound(f.Set.SignAboveMinor)
		bound(f.Set.StepUpAboveMinor)
	}
	slices.Sort(sc.amounts)
	sc.amounts = slices.Compact(sc.amounts)
	has := map[Means][]Signer{}
	for _, minor := range sc.amounts {
		by := f.asks(minor)
		if has[by] == nil {
			has[by] = f.with(by)
		}
		sc.people = append(sc.people, has[by])
	}
	plain := Need{Roles: []Role{Approver, Senior}, Plans: []Plan{x.plan(f.Set.Version)}}
	more := plain.Plus(1)
	sc.need = func(minor int64) Need {
		if soft > 0 && minor > soft {
			return more
		}
		return plain
	}
	up := x.When.UpToMinor
	if hi < 1<<63-1 {
		up = hi
	}
	base := map[string]int{} // by maker, without any sum
	add := func(limit string, limitMinor int64) {
		all, needed := sc.all()
		for i := range f.Makers {
			m := &f.Makers[i]
			if m.ID == "" || !m.Standing || len(x.When.Makers) > 0 && !slices.Contains(x.When.Makers, m.ID) || len(x.When.MakerGroups) > 0 && !common(x.When.MakerGroups, m.Groups) {
				continue
			}
			from := all
			if needed[m.ID] {
				from = sc.first(m.ID)
			}
			if was, is := base[m.ID]; from == len(sc.amounts) || limit != "" && is && from >= was {
				continue
			}
			if limit == "" {
				base[m.ID] = from
			}
			s := Stuck{Kind: Payout, Maker: *m, AboveMinor: sc.amounts[from] - 1, UpToMinor: up, Rule: x.Name, Set: f.Set.Version, Soft: limit, SoftMinor: limitMinor,
				when: x.When, examples: []example{{maker: m.ID}}, anybody: from == all}
			c := sc.at(from, m.ID)
			if limit == "" && soft > 0 && sc.amounts[from] > soft {
				without := c
				without.Need = plain
				if lack, _ := without.lacks(sc.people[from]); len(lack) == 0 {
					s.Soft, s.SoftMinor = LimitPayout, soft
				}
			}
			if k := slices.IndexFunc(out, s.same); k >= 0 {
				out[k].examples = append(out[k].examples, s.examples...)
				continue
			}
			f.fill(&s, c, f.asks(sc.amounts[from]))
			out = append(out, s)
		}
	}
	add("", 0)
	for _, b := range f.Limits.bounds() {
		if b.name != LimitPayout && b.bound.SoftMinor > 0 && (b.bound.HardMinor == 0 || b.bound.HardMinor > b.bound.SoftMinor) {
			sc.need = func(int64) Need { return more }
			add(b.name, b.bound.SoftMinor)
		}
	}
	return out
}

// stuckKind adds one proposer, and one person concerned, whose proposal nobody could decide. A ruling on a payout is proved as its approvals are: it may be stuck
// from some amount on.
func (f *Firm) stuckKind(out []Stuck, k Kind) []Stuck {
	need, _ := ForKind(k)
	nobody := func(get func(*Firm) []Signer) []Signer { // where there is nobody: judged as if somebody else did it
		if get != nil {
			if list := get(f); len(list) > 0 {
				return list
			}
		}
		return []Signer{{}}
	}
	proposers, concerned := nobody(parties[k].proposers), nobody(parties[k].concerned)
	above := []int64{0}
	if k == Verdict && f.Means != nil {
		above = append(above, f.Set.StepUpAboveMinor, f.Set.SignAboveMinor)
		slices.Sort(above)
		above = slices.Compact(above)
	}
	done := map[example]bool{}
	for _, minor := range above {
		by := BySignIn
		if k == Verdict {
			by = f.asks(minor + 1)
		}
		people := f.with(by)
		open := Case{Need: need}
		lack, seated := open.lacks(people)
		needed := map[string]bool{}
		for _, i := range seated {
			needed[people[i].ID] = true
		}
		var s Stuck
		tried := map[example]bool{}
	pairs:
		for _, p := range proposers {
			for _, c := range concerned {
				named := example{p.ID, c.ID}
				e := named
				if !needed[e.maker] && !needed[e.concerned] { // as if nobody was barred
					e = example{}
				}
				if tried[e] || done[named] {
					continue
				}
				tried[e] = true
				x := Case{Need: need, Barred: []string{p.ID, c.ID}}
				if ok, _ := Reachable(x, people); ok {
					continue
				}
				done[named] = true
				if len(s.examples) == 0 {
					s = Stuck{Kind: k, Maker: p, Concerned: c, AboveMinor: minor, anybody: len(lack) > 0}
					f.fill(&s, x, by)
				}
				if s.examples = append(s.examples, named); s.anybody {
					break pairs // it stands for all
				}
			}
		}
		if len(s.examples) > 0 {
			out = append(out, s)
		}
		if s.anybody {
			break
		}
	}
	return out
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
	if s.Kind != b.Kind || b.AboveMinor > s.AboveMinor || b.sum() != "" && (b.sum() != s.sum() || b.SoftMinor > s.SoftMinor) {
		return false
	}
	up := func(s *Stuck) int64 {
		if s.UpToMinor == 0 {
			return 1<<63 - 1
		}
		return s.UpToMinor
	}
	if up(b) < up(s) || !b.when.amountOnly() && !b.when.alike(s.when) {
		return false
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
