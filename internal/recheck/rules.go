package recheck

import (
	"encoding/json"
	"slices"
	"time"
)

// ruleSet and limits are the documents as they are written; what this package does not look at is left out.
type ruleSet struct {
	Rules            []rule `json:"rules"`
	SignAboveMinor   int64  `json:"sign_above_minor"`
	StepUpAboveMinor int64  `json:"step_up_above_minor"`
	CoolOffMinutes   int64  `json:"cool_off_minutes"`
	CoolOffOverMinor int64  `json:"cool_off_over_minor"`
	ExpiryDays       int    `json:"expiry_days"`
	Newcomers        struct {
		QuietHours  int   `json:"quiet_hours"`
		CapDays     int   `json:"cap_days"`
		CapDayMinor int64 `json:"cap_day_minor"`
	} `json:"newcomers"`
}

type rule struct {
	Name string `json:"name"`
	When struct {
		OverMinor   int64    `json:"over_minor"`
		UpToMinor   int64    `json:"up_to_minor"`
		Entry       string   `json:"entry"`
		Payees      []string `json:"payees"`
		PayeeGroups []string `json:"payee_groups"`
		First       bool     `json:"first"`
		ChangedDays int      `json:"changed_days"`
		Makers      []string `json:"makers"`
		MakerGroups []string `json:"maker_groups"`
		Sources     []string `json:"sources"`
		Sums        []struct {
			Of        string `json:"of"`
			Per       string `json:"per"`
			OverMinor int64  `json:"over_minor"`
		} `json:"sums"`
	} `json:"when"`
	Ordered bool   `json:"ordered"`
	Steps   []step `json:"steps"`
	Blocked string `json:"blocked"`
}

type step struct {
	Count  int      `json:"count"`
	People []string `json:"people"`
	Roles  []string `json:"roles"`
	Groups []string `json:"groups"`
}

type bound struct {
	SoftMinor int64 `json:"soft_minor"`
	HardMinor int64 `json:"hard_minor"`
}

type limits struct {
	Payout     bound `json:"payout"`
	MakerDay   bound `json:"maker_day"`
	PayeeMonth bound `json:"payee_month"`
	CompanyDay bound `json:"company_day"`
	Ceilings   []struct {
		Person string `json:"person"`
		Minor  int64  `json:"minor"`
	} `json:"ceilings"`
	Lists []listed `json:"lists"`
}

type listed struct {
	List  string `json:"list"`
	What  string `json:"what"`
	Value string `json:"value"`
	Until string `json:"until"`
}

func (l *limits) ceiling(person string) int64 {
	for _, c := range l.Ceilings {
		if c.Person == person {
			return c.Minor
		}
	}
	return 0
}

// before is what was in force before rule sets were written down: the bands of design.md.
var before = func() ruleSet {
	var s ruleSet
	if err := json.Unmarshal([]byte(`{"rules":[{"name":"band-1","when":{"up_to_minor":10000000},"steps":[{"count":1,"roles":["approver"]}]},
{"name":"band-2","when":{"over_minor":10000000,"up_to_minor":100000000},"steps":[{"count":2,"roles":["approver"]}]},
{"name":"band-3","when":{"over_minor":100000000},"steps":[{"count":2,"roles":["approver"]},{"count":1,"roles":["senior"]}]}]}`), &s); err != nil {
		panic(err) // a constant
	}
	return s
}()

// measured is a payout at one moment as rules look at it.
type measured struct {
	minor                       int64
	payee, source               string
	makers                      []string
	makerGroups, payeeGroups    []string
	first                       bool
	changed                     time.Time
	now                         time.Time
	makerDay, makerMonth        int64 // with this payout
	payeeDay, payeeMonth        int64
	companyDay, companyMonth    int64
	usedMaker, usedPayee, usedC int64 // without it: maker's day, payee's month, company's day
}

func anyOf(want, have []string) bool {
	return slices.ContainsFunc(want, func(x string) bool { return slices.Contains(have, x) })
}

func (r *rule) holds(m *measured) bool {
	w := &r.When
	if w.OverMinor > 0 && m.minor <= w.OverMinor || w.UpToMinor > 0 && m.minor > w.UpToMinor {
		return false
	}
	if w.Entry == "saved" && m.payee == "" || w.Entry == "free" && m.payee != "" {
		return false
	}
	if len(w.Payees) > 0 && !slices.Contains(w.Payees, m.payee) || len(w.PayeeGroups) > 0 && !anyOf(w.PayeeGroups, m.payeeGroups) {
		return false
	}
	if w.First && !m.first || len(w.Sources) > 0 && !slices.Contains(w.Sources, m.source) {
		return false
	}
	if w.ChangedDays > 0 && (m.changed.IsZero() || m.now.Sub(m.changed) >= time.Duration(w.ChangedDays)*24*time.Hour) {
		return false
	}
	if len(w.Makers) > 0 && !anyOf(w.Makers, m.makers) || len(w.MakerGroups) > 0 && !anyOf(w.MakerGroups, m.makerGroups) {
		return false
	}
	for _, s := range w.Sums {
		sum := map[string]int64{"payee day": m.payeeDay, "payee month": m.payeeMonth, "maker day": m.makerDay, "maker month": m.makerMonth,
			"company day": m.companyDay, "company month": m.companyMonth}[s.Of+" "+s.Per]
		if sum <= s.OverMinor {
			return false
		}
	}
	return true
}

// plan is one rule that matched: its seats one by one, in the order of its steps.
type plan struct {
	ordered bool
	steps   []step
}

func (p *plan) seats() []step {
	var out []step
	for _, s := range p.steps {
		for range max(s.Count, 1) {
			out = append(out, s)
		}
	}
	return out
}

// plans are all that a set asks of a payout; blocked says that it lets nobody.
func (s *ruleSet) plans(m *measured) (out []plan, blocked bool) {
	for i := range s.Rules {
		r := &s.Rules[i]
		if !r.holds(m) {
			continue
		}
		if r.Blocked != "" {
			blocked = true
			continue
		}
		p := plan{ordered: r.Ordered && len(r.Steps) > 1, steps: slices.Clone(r.Steps)}
		out = append(out, p)
	}
	if len(out) == 0 {
		if !blocked {
			blocked = true
		}
		out = []plan{{steps: []step{{Count: 1, Roles: []string{"approver"}}}}}
	}
	return out, blocked
}

// voter is a person who may fill seats.
type voter struct {
	id            string
	roles, groups []string
}

func has(roles []string, r string) bool {
	return slices.Contains(roles, r) || r == "approver" && slices.Contains(roles, "senior")
}

func (s *step) takes(v *voter) bool {
	return slices.Contains(s.People, v.id) || slices.ContainsFunc(s.Roles, func(r string) bool { return has(v.roles, r) }) || anyOf(s.Groups, v.groups)
}

// assign is how many seats can be filled at once, each by another voter.
func assign(seats []step, voters []voter) int {
	sits := make([]int, len(voters)) // the seat of each, from one
	var find func(seat int, seen []bool) bool
	find = func(seat int, seen []bool) bool {
		for v := range voters {
			if seen[v] || !seats[seat].takes(&voters[v]) {
				continue
			}
			seen[v] = true
			if sits[v] == 0 || find(sits[v]-1, seen) {
				sits[v] = seat + 1
				return true
			}
		}
		return false
	}
	n := 0
	for seat := range seats {
		if find(seat, make([]bool, len(voters))) {
			n++
		}
	}
	return n
}

// filled is how many seats of the plan these yes decisions fill, in the order in which they were said.
func (p *plan) filled(said []voter) int {
	seats := p.seats()
	if !p.ordered {
		var once []voter // each as all that they said it as
		for _, v := range said {
			i := slices.IndexFunc(once, func(o voter) bool { return o.id == v.id })
			if i < 0 {
				once = append(once, v)
				continue
			}
			once[i].roles, once[i].groups = append(slices.Clip(once[i].roles), v.roles...), append(slices.Clip(once[i].groups), v.groups...)
		}
		return assign(seats, once)
	}
	var best func(i, seat int, used []string) int
	best = func(i, seat int, used []string) int {
		if i == len(said) || seat == len(seats) {
			return 0
		}
		most := best(i+1, seat, used)
		if v := said[i]; !slices.Contains(used, v.id) && seats[seat].takes(&v) {
			most = max(most, 1+best(i+1, seat+1, append(slices.Clip(used), v.id)))
		}
		return most
	}
	return best(0, 0, nil)
}

// everybody reports whether nobody who may decide at all is left out.
func (s *step) everybody() bool { return slices.Contains(s.Roles, "approver") }

// wider reports whether whoever may sit on o may sit on s.
func (s *step) wider(o *step) bool {
	if s.everybody() {
		return true
	}
	in := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
	}
	return in(o.People, s.People) && in(o.Groups, s.Groups) && in(o.Roles, s.Roles)
}

// implied reports whether meeting o always meets p.
func (p *plan) implied(o *plan) bool {
	mine, other := p.seats(), o.seats()
	if len(mine) > len(other) {
		return false
	}
	if p.ordered {
		if !o.ordered {
			return false
		}
		j := 0
		for i := range p.steps {
			for j < len(o.steps) && (p.steps[i].Count > o.steps[j].Count || !p.steps[i].wider(&o.steps[j])) {
				j++
			}
			if j == len(o.steps) {
				return false
			}
			j++
		}
		return true
	}
	taken := make([]int, len(other))
	var find func(i int, seen []bool) bool
	find = func(i int, seen []bool) bool {
		for j := range other {
			if seen[j] || !mine[i].wider(&other[j]) {
				continue
			}
			seen[j] = true
			if taken[j] == 0 || find(taken[j]-1, seen) {
				taken[j] = i + 1
				return true
			}
		}
		return false
	}
	for i := range mine {
		if !find(i, make([]bool, len(other))) {
			return false
		}
	}
	return true
}

// needed drops the plans that another one asks for anyway.
func needed(plans []plan) []plan {
	var out []plan
	for i := range plans {
		covered := slices.ContainsFunc(out, func(o plan) bool { return plans[i].implied(&o) })
		for j := i + 1; j < len(plans) && !covered; j++ {
			covered = plans[i].implied(&plans[j]) && !plans[j].implied(&plans[i])
		}
		if !covered {
			out = append(out, plans[i])
		}
	}
	return out
}
