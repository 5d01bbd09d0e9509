package approval

import (
	"slices"
)

// Step is one demand of a plan: Count different persons, each of whom is one of People, or holds one of Roles, or is in one of Groups.
type Step struct {
	Count  int      `json:"count"`
	People []string `json:"people"`
	Roles  []Role   `json:"roles"`
	Groups []string `json:"groups"`
}

func (st *Step) asks(s *Signer) bool {
	return slices.Contains(st.People, s.ID) || s.hasAny(st.Roles) || common(st.Groups, s.Groups)
}

// hasAny is Has for any of these, without copying the signer.
func (s *Signer) hasAny(roles []Role) bool {
	for _, r := range roles {
		if slices.Contains(s.Roles, r) || r == Approver && slices.Contains(s.Roles, Senior) {
			return true
		}
	}
	return false
}

func (st *Step) onlySeniors() bool {
	return len(st.People) == 0 && len(st.Groups) == 0 && len(st.Roles) == 1 && st.Roles[0] == Senior
}

// takesAll reports whether nobody who holds one of these roles is left out.
func (st *Step) takesAll(roles []Role) bool {
	return len(roles) > 0 && !slices.ContainsFunc(roles, func(r Role) bool { return !st.takes(r) })
}

// takes reports whether everybody with the role is asked.
func (st *Step) takes(r Role) bool {
	return slices.Contains(st.Roles, r) || r == Senior && slices.Contains(st.Roles, Approver)
}

// holds reports whether everybody whom o asks is also asked by st, as far as the words of both tell, where only people with one of
// these roles are asked at all.
func (st *Step) holds(o *Step, roles []Role) bool {
	if st.takesAll(roles) {
		return true
	}
	for _, p := range o.People {
		if !slices.Contains(st.People, p) {
			return false
		}
	}
	for _, g := range o.Groups {
		if !slices.Contains(st.Groups, g) {
			return false
		}
	}
	for _, r := range o.Roles {
		if !st.takes(r) {
			return false
		}
	}
	return true
}

func (st Step) equal(o Step) bool {
	return st.Count == o.Count && slices.Equal(st.People, o.People) && slices.Equal(st.Roles, o.Roles) && slices.Equal(st.Groups, o.Groups)
}

// Plan is what one matching rule asks for: all of its steps, by different persons, side by side or one step after the other.
type Plan struct {
	// Set and Rule name where it comes from; Set 0 is a constant of the code.
	Set     int
	Rule    string
	Ordered bool
	Steps   []Step
}

// Seats is how many persons the plan needs.
func (p Plan) Seats() int {
	n := 0
	for _, st := range p.Steps {
		n += st.Count
	}
	return n
}

func (p Plan) equal(o Plan) bool {
	return p.Ordered == o.Ordered && slices.EqualFunc(p.Steps, o.Steps, Step.equal)
}

// inOrder reports whether the order of the steps means something.
func (p *Plan) inOrder() bool { return p.Ordered && len(p.Steps) > 1 }

// covers reports whether meeting o always meets p, where only people with one of these roles are asked.
func (p *Plan) covers(o *Plan, roles []Role) bool {
	if p.Seats() > o.Seats() {
		return false
	}
	if p.inOrder() {
		return p.equal(*o) || o.inOrder() && p.within(o, roles)
	}
	for i := range p.Steps { // most plans ask for other people: said without a matching
		if !slices.ContainsFunc(o.Steps, func(st Step) bool { return p.Steps[i].holds(&st, roles) }) {
			return false
		}
	}
	// Each seat of p needs a seat of o of its own, whose every possible holder p would take too.
	return match(len(p.Steps), func(i int) int { return p.Steps[i].Count }, len(o.Steps), func(j int) int { return o.Steps[j].Count },
		func(i, j int) bool { return p.Steps[i].holds(&o.Steps[j], roles) }) == p.Seats()
}

// within reports whether each step of p has a step of o of its own that asks for no less, in the same order.
func (p *Plan) within(o *Plan, roles []Role) bool {
	j := 0
	for i := range p.Steps {
		for j < len(o.Steps) && (p.Steps[i].Count > o.Steps[j].Count || !p.Steps[i].holds(&o.Steps[j], roles)) {
			j++
		}
		if j == len(o.Steps) {
			return false
		}
		j++
	}
	return true
}

// match is the size of the largest matching between left nodes and right nodes that may be used so many times each.
func match(left int, lcap func(int) int, right int, rcap func(int) int, fits func(i, j int) bool) int {
	used := make([][]int, right) // which left nodes sit at a right node
	var try func(i int, seen []bool) bool
	try = func(i int, seen []bool) bool {
		for j := range right {
			if seen[j] || !fits(i, j) {
				continue
			}
			seen[j] = true
			if len(used[j]) < rcap(j) {
				used[j] = append(used[j], i)
				return true
			}
			for k, other := range used[j] {
				if try(other, seen) {
					used[j][k] = i
					return true
				}
			}
		}
		return false
	}
	n := 0
	for i := range left {
		for range lcap(i) {
			if !try(i, make([]bool, right)) {
				break
			}
			n++
		}
	}
	return n
}

// seat gives each person whose yes stands at most one seat; taken counts the seats filled of each step. rows are the
// yes decisions, in order. Whoever has a seat is marked in seated, unless that is nil.
func (p *Plan) seat(rows []row, who []*Signer, seated []bool) (taken []int) {
	taken = make([]int, len(p.Steps))
	if len(rows) == 0 {
		return taken
	}
	if p.inOrder() {
		return p.seatInOrder(rows, who, seated)
	}
	at := make([]int, len(who)) // the step each one sits at, -1 none
	for i := range at {
		at[i] = -1
	}
	seen := make([]bool, len(who))
	// From the seats, the narrow ones first: as many as can be are filled either way, but what stays open is what most people can fill.
	for width := range 3 {
		for j := range p.Steps {
			if p.Steps[j].width() != width {
				continue
			}
			for taken[j] < p.Steps[j].Count {
				clear(seen)
				if !p.sit(j, who, at, seen) {
					break
				}
				taken[j]++
			}
		}
	}
	for i, j := range at {
		if j >= 0 && seated != nil {
			seated[i] = true
		}
	}
	return taken
}

// width orders steps by how many people can fill them.
func (st *Step) width() int {
	switch {
	case st.onlySeniors():
		return 0
	case !slices.Contains(st.Roles, Approver):
		return 1
	}
	return 2
}

// sit finds somebody for a seat of step j, letting others move to another step that asks for them.
func (p *Plan) sit(j int, who []*Signer, at []int, seen []bool) bool {
	for k, s := range who {
		if seen[k] || at[k] == j || !p.Steps[j].asks(s) {
			continue
		}
		seen[k] = true
		if at[k] < 0 || p.sit(at[k], who, at, seen) {
			at[k] = j
			return true
		}
	}
	return false
}

// maxTries bounds how many ways of reading repeated answers are tried; what is not found then is not met.
const maxTries = 1 << 10

// seatInOrder fills one step after the other: a yes counts for the step whose turn it is. Only who said it more than once gives a choice:
// then the reading that fills most seats counts.
func (p *Plan) seatInOrder(rows []row, who []*Signer, seated []bool) []int {
	taken, used := make([]int, len(p.Steps)), make([]bool, len(who))
	best, bestUsed, most, tries := make([]int, len(p.Steps)), make([]bool, len(who)), 0, 0
	var walk func(i, step, n int)
	walk = func(i, step, n int) {
		for step < len(p.Steps) && taken[step] >= p.Steps[step].Count {
			step++
		}
		if i == len(rows) || step == len(p.Steps) {
			if n > most {
				most = n
				copy(best, taken)
				copy(bestUsed, used)
			}
			tries++
			return
		}
		k := rows[i].k
		if used[k] || !p.Steps[step].asks(rows[i].as) {
			walk(i+1, step, n)
			return
		}
		used[k], taken[step] = true, taken[step]+1
		walk(i+1, step, n+1)
		used[k], taken[step] = false, taken[step]-1
		if most < p.Seats() && tries < maxTries && slices.ContainsFunc(rows[i+1:], func(r row) bool { return r.k == k }) {
			walk(i+1, step, n)
		}
	}
	walk(0, 0, 0)
	for i, u := range bestUsed {
		if u && seated != nil {
			seated[i] = true
		}
	}
	return best
}

// Block is a rule that lets nobody approve.
type Block struct {
	Set          int
	Rule, Reason string
}

// Matched is a rule that matched, for the page that says which and why. Counts is false when another plan asks for all that it asks.
type Matched struct {
	Set    int
	Rule   string
	Counts bool
}

// Need is what must be given: every plan met, by people who hold one of Roles, and nothing blocked.
type Need struct {
	Plans   []Plan
	Roles   []Role
	Blocked []Block
	Matched []Matched
}

// may reports whether the person could be asked at all.
func (n *Need) may(s *Signer) bool { return s.hasAny(n.Roles) }

// Count is how many persons it takes at least.
func (n Need) Count() int {
	most := 0
	for _, p := range n.Plans {
		most = max(most, p.Seats())
	}
	return most
}

// Seniors is how many of them only a senior can be.
func (n Need) Seniors() int {
	most := 0
	for _, p := range n.Plans {
		k := 0
		for _, st := range p.Steps {
			if st.onlySeniors() {
				k += st.Count
			}
		}
		most = max(most, k)
	}
	return most
}

// Plus is the need with so many approvers more, whoever they are.
func (n Need) Plus(k int) Need {
	if k <= 0 {
		return n
	}
	out := n
	out.Plans = make([]Plan, len(n.Plans))
	for i, p := range n.Plans {
		q := p
		q.Steps = append(slices.Clone(p.Steps), Step{Count: k, Roles: slices.Clone(n.Roles)})
		out.Plans[i] = q
	}
	return out
}

// Join is both needs at once: a payout must meet the set it was submitted under and the one in force, and every rule that matches.
func Join(a, b Need) Need {
	switch { // only who may for both; a need that says nothing of roles leaves it to the other
	case len(a.Roles) == 0:
		a.Roles = b.Roles
	case len(b.Roles) > 0 && !slices.Equal(a.Roles, b.Roles):
		a.Roles = both(a.Roles, b.Roles)
	}
	a.Plans = append(slices.Clone(a.Plans), b.Plans...)
	a.Blocked = append(slices.Clone(a.Blocked), b.Blocked...)
	a.Matched = append(slices.Clone(a.Matched), b.Matched...)
	return a.trim()
}

// both are the roles that hold in each of two lists.
func both(a, b []Role) []Role {
	out, as, bs := []Role{}, Step{Roles: a}, Step{Roles: b}
	for _, r := range append(slices.Clone(a), b...) {
		if as.takes(r) && bs.takes(r) && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// trim drops the plans that another one covers, and says so beside the rules that matched.
func (n Need) trim() Need {
	kept := make([]Plan, 0, len(n.Plans))
	for i := range n.Plans {
		p, covered := &n.Plans[i], false
		for j := range kept {
			if covered = p.covers(&kept[j], n.Roles); covered {
				break
			}
		}
		for j := i + 1; j < len(n.Plans) && !covered; j++ {
			o := &n.Plans[j]
			covered = p.covers(o, n.Roles) && !o.covers(p, n.Roles)
		}
		if !covered {
			kept = append(kept, *p)
		}
	}
	n.Plans = kept
	for i, m := range n.Matched {
		n.Matched[i].Counts = slices.ContainsFunc(kept, func(p Plan) bool { return p.Set == m.Set && p.Rule == m.Rule }) ||
			slices.ContainsFunc(n.Blocked, func(b Block) bool { return b.Set == m.Set && b.Rule == m.Rule })
	}
	return n
}

// Difference is how one need compares with another.
type Difference string

// Same needs ask for the same; More is stricter in everything, Fewer the other way round; Other is neither.
const (
	SameNeed    Difference = "same"
	More        Difference = "more"
	Fewer       Difference = "fewer"
	Other       Difference = "other"
	NowBlocked  Difference = "blocked"
	NowPossible Difference = "unblocked"
)

// Compare says how now differs from before.
func Compare(before, now Need) Difference {
	switch b, n := len(before.Blocked) > 0, len(now.Blocked) > 0; {
	case b && n:
		return SameNeed
	case n:
		return NowBlocked
	case b:
		return NowPossible
	}
	all := func(weak, strict Need) bool { // meeting strict meets weak
		for i := range weak.Plans {
			if !slices.ContainsFunc(strict.Plans, func(o Plan) bool { return weak.Plans[i].covers(&o, strict.Roles) }) {
				return false
			}
		}
		return true
	}
	switch up, down := all(before, now), all(now, before); {
	case up && down:
		return SameNeed
	case up:
		return More
	case down:
		return Fewer
	}
	return Other
}

// Shortage is a step for which there are not enough people.
type Shortage struct {
	Set     int
	Rule    string
	Step    Step
	Missing int
}

// Reachable reports whether these people could meet the need at all, and if not, what is missing: the deadlock check of a submission.
// Who is suspended or barred, or whose ceiling is too low, does not count; who is only new or reset lately does: their time comes.
func Reachable(c Case, people []Signer) (bool, []Shortage) {
	lack, _ := c.lacks(people)
	return len(lack) == 0 && len(c.Need.Blocked) == 0 && c.Need.Count() > 0, lack
}

// lacks is what is missing when everybody who can says yes, and by the places in people who has a seat then: without the others it would be no less.
func (c *Case) lacks(people []Signer) (out []Shortage, seated []int) {
	able, seen := make([]*Signer, 0, len(people)), make(map[string]bool, len(people))
	var place []int
	for i := range people {
		// A person counts once, however often the list names them, and as the first of them.
		if s := &people[i]; !seen[s.ID] {
			seen[s.ID] = true
			if c.bars(s) == Can {
				able, place = append(able, s), append(place, i)
			}
		}
	}
	rows, sits := make([]row, len(able)), make([]bool, len(able))
	for k, s := range able {
		rows[k] = row{k, s}
	}
	for i := range c.Need.Plans {
		p := &c.Need.Plans[i]
		// All of them may say yes; with steps in order the seats are the same, since anybody can wait for their turn.
		side := Plan{Steps: p.Steps}
		left := p.Seats()
		for _, n := range side.seat(rows, able, sits) {
			left -= n
		}
		if left <= 0 {
			continue
		}
		worst := Shortage{Set: p.Set, Rule: p.Rule, Missing: left}
		lack := -1 << 30
		for j := range p.Steps { // name the step that has fewest people for its seats
			st, n := &p.Steps[j], 0
			for _, s := range able {
				if st.asks(s) {
					n++
				}
			}
			if d := st.Count - n; d > lack {
				lack, worst.Step = d, *st
			}
		}
		out = append(out, worst)
	}
	for k, yes := range sits {
		if yes {
			seated = append(seated, place[k])
		}
	}
	return out, seated
}
