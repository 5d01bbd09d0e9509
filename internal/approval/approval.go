// Package approval is the one engine for everything that needs a second person: which approvals a subject needs
// under a rule set, who may give one, and whether the decisions given so far suffice. It is pure, and it judges
// persons, never accounts: two sign-ins of one person are that person.
//
// A subject's [Need] is a set of plans, all of which must be met: every rule that matches gives one, and so does every
// rule set that counts (the one a payout was submitted under, and the one in force). So the stricter always counts, also where
// neither of two rules is stricter in everything. Within one plan a person fills one seat; in two plans they may fill one each.
//
// What it must not know: what a payout looks like inside, how decisions are stored, how anything is shown.
package approval

import (
	"cmp"
	"slices"
	"time"
)

// Kind is a kind of subject. Every kind has a decision rule; a kind without one fails this package's tests.
type Kind string

// The kinds of subject of design.md.
const (
	Payout  Kind = "payout"
	Payee   Kind = "payee"
	Rules   Kind = "rules"
	Person  Kind = "person"
	Limit   Kind = "limits" // limits and lists
	Keys    Kind = "keys"   // the bank's keys, the calendar, settings
	Verdict Kind = "verdict"
	Release Kind = "release"
	Match   Kind = "match" // whose a line of the bank's report is
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{Payout, Payee, Rules, Person, Limit, Keys, Verdict, Release, Match}
}

// Role is what a person may be asked for as. Values equal those of internal/auth.
type Role string

// The roles that decide.
const (
	Approver Role = "approver"
	Senior   Role = "senior"
	Admin    Role = "admin"
)

// Signer is a person as far as deciding goes.
type Signer struct {
	ID, Name string
	Roles    []Role
	Groups   []string
	// Version counts what was written about the person, from 1: after the first their roles and groups may have changed.
	Version int
	// Standing is false for somebody suspended: none of their decisions count.
	Standing bool
	// Since is when the person became an approver: what was submitted before is not theirs to decide. Zero: always.
	Since time.Time
	// What the person said before QuietUntil does not count: they are new, or were reset at QuietFrom. They say it again afterwards.
	QuietFrom, QuietUntil time.Time
	// CeilingMinor is the largest payout this person may approve, kopecks; 0 is none.
	CeilingMinor int64
	// RoomMinor is what the person may still approve today, kopecks, while Capped.
	RoomMinor int64
	Capped    bool
	// CappedUntil is when that ends.
	CappedUntil time.Time

	less bool // stands for what somebody was, who is more now
}

// Has reports whether the signer holds the role; a senior is an approver.
func (s Signer) Has(r Role) bool {
	return slices.Contains(s.Roles, r) || r == Approver && slices.Contains(s.Roles, Senior)
}

// Answer is what one decision says.
type Answer string

// Yes counts until the same person says Back. No ends the subject; it is stored for the record.
const (
	Yes  Answer = "yes"
	No   Answer = "no"
	Back Answer = "back"
)

// Decision is one decision about one version of a subject. Seq orders the decisions on it; of one person the last counts.
type Decision struct {
	Person  string
	Seq     int
	Answer  Answer
	Digest  string
	RuleSet int
	Factor  string
	At      time.Time
	// Was is what the person was when they gave it; nil when they have gained nothing since.
	Was *Was
}

// Was are the roles and groups of somebody at an earlier moment.
type Was struct {
	Roles  []Role
	Groups []string
}

// as is the signer as far as they were this already then: an approval counts only for what its giver was when giving it and still is.
func (s *Signer) as(w *Was) *Signer {
	if w == nil {
		return s
	}
	then, out := Signer{Roles: w.Roles}, *s
	out.Roles, out.Groups, out.less = nil, nil, true
	for _, r := range []Role{Approver, Senior, Admin} {
		if s.Has(r) && then.Has(r) {
			out.Roles = append(out.Roles, r)
		}
	}
	for _, g := range s.Groups {
		if slices.Contains(w.Groups, g) {
			out.Groups = append(out.Groups, g)
		}
	}
	return &out
}

// and is the signer as they were in either of two answers: seats ask for any of a person's roles and groups.
func (s *Signer) and(o *Signer) *Signer {
	out := *s
	out.less = s.less && o.less
	for _, r := range o.Roles {
		if !slices.Contains(out.Roles, r) {
			out.Roles = append(slices.Clip(out.Roles), r)
		}
	}
	for _, g := range o.Groups {
		if !slices.Contains(out.Groups, g) {
			out.Groups = append(slices.Clip(out.Groups), g)
		}
	}
	return &out
}

// Case is one subject as far as counting goes.
type Case struct {
	Need Need
	// Digest is what counts: a decision about another one does not.
	Digest string
	// Barred are the persons who may not decide: makers; the proposer; who is concerned.
	Barred []string
	// Submitted is when it was put to people: who became an approver later does not count. Zero: no such rule.
	Submitted time.Time
	// AmountMinor is compared with people's ceilings, kopecks; 0 with none.
	AmountMinor int64
	Now         time.Time
}

// Why says why a person cannot give an approval now.
type Why string

// The reasons, most telling first. Can means they can.
const (
	Can         Why = ""
	Barred      Why = "own"  // they made it, or are concerned
	NoRole      Why = "role" // not a role that is asked
	NoStanding  Why = "standing"
	TooNew      Why = "new"     // became an approver after it was submitted
	Quiet       Why = "quiet"   // new or reset lately
	OverCeiling Why = "ceiling" // the amount is above what they may approve
	OverCap     Why = "cap"     // with it they would approve more today than somebody new may
	Blocked     Why = "blocked" // a rule lets nobody
	Already     Why = "already" // their yes stands
	NoSeat      Why = "seat"    // what is missing they cannot be
	Complete    Why = "complete"
)

// Tally is how far a subject is.
type Tally struct {
	Case Case
	// Given are those whose yes fills a seat, in the order they gave it.
	Given []Signer
	// Met: enough, of the right kind, in the right order, and nothing blocks.
	Met bool
	// Open is how many approvals are still missing at least; OpenSeniors how many of those only a senior can give.
	Open, OpenSeniors int
	// Seats are the open seats, plan by plan; a plan that another one covers is not named twice.
	Seats []Seat

	who  []*Signer // those whose yes stands, in the order they first gave it, as all that they gave it as
	rows []row     // every yes that stands, in its order: where steps have an order one person may say it twice
}

// row is one yes: whose, by the place in a list of persons, and as what it was given.
type row struct {
	k  int
	as *Signer
}

// Seat is a place that somebody must still fill.
type Seat struct {
	Set  int
	Rule string
	Step Step
	// Later is set while an earlier step of an ordered rule is not done.
	Later bool
}

// Needed is how many signatures a line shows: those given and those still missing.
func (t Tally) Needed() int { return len(t.Given) + t.Open }

// Count judges the decisions that name this digest. A yes counts only of a person in people who stands, has the role, is not barred,
// was an approver in time, was not new or reset when they said it, and whose ceiling is high enough.
func Count(c Case, people []Signer, decisions []Decision) Tally {
	t := Tally{Case: c}
	t.stand(people, decisions)
	t.fill()
	return t
}

// stand takes the yes decisions that count, in their order: those after the person's last other answer.
func (t *Tally) stand(people []Signer, decisions []Decision) {
	if t.Case.Digest == "" || len(decisions) == 0 {
		return
	}
	ds := make([]*Decision, 0, len(decisions))
	for i := range decisions {
		if decisions[i].Digest == t.Case.Digest {
			ds = append(ds, &decisions[i])
		}
	}
	slices.SortStableFunc(ds, func(a, b *Decision) int { return cmp.Compare(a.Seq, b.Seq) })
	for i, d := range ds {
		if d.Answer != Yes || slices.ContainsFunc(ds[i+1:], func(x *Decision) bool { return x.Person == d.Person && x.Answer != Yes }) {
			continue
		}
		s := find(people, d.Person)
		if s == nil || d.At.Before(s.QuietUntil) { // nor what was said before a reset: who was reset begins anew
			continue
		}
		if s = s.as(d.Was); t.Case.bars(s) != Can {
			continue
		}
		k := t.index(d.Person)
		if k < 0 {
			k = len(t.who)
			t.who = append(t.who, s)
		} else if t.who[k] != s {
			t.who[k] = t.who[k].and(s)
		}
		t.rows = append(t.rows, row{k, s})
	}
}

// Counts reports whether a yes of this person stands, also where it fills no seat.
func (t Tally) Counts(person string) bool { return t.index(person) >= 0 }

// index is the place in who of a person whose yes stands, or -1.
func (t *Tally) index(id string) int {
	return slices.IndexFunc(t.who, func(s *Signer) bool { return s.ID == id })
}

// bars says what about the person keeps them from deciding at all, whatever is missing.
func (c *Case) bars(s *Signer) Why {
	switch {
	case s.ID == "":
		return NoRole // an unknown identity is nobody
	case slices.Contains(c.Barred, s.ID):
		return Barred
	case !c.Need.may(s):
		return NoRole
	case !s.Standing:
		return NoStanding
	case !c.Submitted.IsZero() && s.Since.After(c.Submitted):
		return TooNew
	case s.CeilingMinor > 0 && c.AmountMinor > s.CeilingMinor:
		return OverCeiling
	}
	return Can
}

func find(people []Signer, id string) *Signer {
	if id == "" {
		return nil
	}
	for i := range people {
		if people[i].ID == id {
			return &people[i]
		}
	}
	return nil
}

// fill seats those whose yes stands, plan by plan.
func (t *Tally) fill() {
	seated := make([]bool, len(t.who))
	for i := range t.Case.Need.Plans {
		p := &t.Case.Need.Plans[i]
		taken := p.seat(t.rows, t.who, seated)
		open, seniors, later := 0, 0, false
		for j, st := range p.Steps {
			left := st.Count - taken[j]
			if left <= 0 {
				continue
			}
			open += left
			if st.onlySeniors() {
				seniors += left
			}
			st.Count = left
			t.Seats = append(t.Seats, Seat{Set: p.Set, Rule: p.Rule, Step: st, Later: later && p.Ordered})
			later = true
		}
		// One plan may ask for most people and another for most seniors: one of those missing can fill a seat in both.
		t.Open, t.OpenSeniors = max(t.Open, open), max(t.OpenSeniors, seniors)
	}
	for k, s := range t.who {
		if seated[k] {
			t.Given = append(t.Given, *s)
		}
	}
	// Somebody must have said yes, whatever the plans ask for: the floor that no document can lower.
	t.Met = t.Open == 0 && len(t.Given) > 0 && len(t.Case.Need.Blocked) == 0
}

// May says whether this person can give one of the missing approvals now.
func (t Tally) May(s Signer) Why { return t.may(&s) }

func (t *Tally) may(s *Signer) Why {
	why := t.Case.bars(s)
	if why == Barred || why == NoRole || why == NoStanding {
		return why
	}
	// Where a rule wants an order, the same person may have to say it once more; else it stands, also when it fills no seat any more.
	if t.index(s.ID) >= 0 && (t.Met || !t.gains(s)) {
		return Already
	}
	switch {
	case why != Can:
		return why
	case t.Case.Now.Before(s.QuietUntil): // also before the window began: then the clock was set back
		return Quiet
	case len(t.Case.Need.Blocked) > 0:
		return Blocked
	case t.Met:
		return Complete
	case !t.gains(s):
		return NoSeat
	case s.Capped && t.Case.AmountMinor > s.RoomMinor:
		return OverCap
	}
	return Can
}

// with are the yes decisions that stand, and this person's as the last one.
func (t *Tally) with(s *Signer) (rows []row, who []*Signer) {
	k := t.index(s.ID)
	who = slices.Clip(t.who)
	if k < 0 {
		k = len(who)
		who = append(who, s)
	} else if who[k].less {
		who = slices.Clone(who)
		who[k] = who[k].and(s)
	}
	return append(slices.Clip(t.rows), row{k, s}), who
}

// gains reports whether this person's yes would fill a seat that is open, or count for more than what they said before: then others can fill what theirs filled.
func (t *Tally) gains(s *Signer) bool {
	if k := t.index(s.ID); k >= 0 && t.grown(t.who[k], s) {
		return true
	}
	missing := 0
	for i := range t.Seats {
		missing += t.Seats[i].Step.Count
	}
	rows, who := t.with(s)
	return missingWith(t.Case.Need.Plans, rows, who) < missing
}

// grown reports whether a plan that is not done asks for what the person is now and was not in what they said.
func (t *Tally) grown(said, now *Signer) bool {
	if !said.less {
		return false
	}
	for i := range t.Case.Need.Plans {
		p := &t.Case.Need.Plans[i]
		if slices.ContainsFunc(p.Steps, func(st Step) bool { return st.asks(now) && !st.asks(said) }) && missingWith([]Plan{*p}, t.rows, t.who) > 0 {
			return true
		}
	}
	return false
}

// missingWith is how many seats of all plans together are open after these yes decisions.
func missingWith(plans []Plan, rows []row, who []*Signer) int {
	n := 0
	for i := range plans {
		p := &plans[i]
		taken := p.seat(rows, who, nil)
		for j := range p.Steps {
			n += max(p.Steps[j].Count-taken[j], 0)
		}
	}
	return n
}

// LastWith reports whether this person's yes would be the last one needed.
func (t Tally) LastWith(s Signer) bool {
	if t.Met || t.may(&s) != Can {
		return false
	}
	rows, who := t.with(&s)
	return missingWith(t.Case.Need.Plans, rows, who) == 0
}

// Could lists who of these people could give one of the missing approvals now, seniors last.
func (t Tally) Could(people []Signer) []Signer {
	var out, seniors []Signer
	for i := range people {
		s := &people[i]
		switch {
		case t.may(s) != Can:
		case s.Has(Senior):
			seniors = append(seniors, *s)
		default:
			out = append(out, *s)
		}
	}
	return append(out, seniors...)
}

// ForKind is the constant rule of the kinds that no rule set governs. ok is false for Payout, whose need a rule set computes.
func ForKind(k Kind) (need Need, ok bool) {
	of := func(n int, roles ...Role) Need {
		return Need{Roles: roles, Plans: []Plan{{Steps: []Step{{Count: n, Roles: roles}}}}}
	}
	switch k {
	case Payee, Match:
		return of(1, Approver, Senior), true
	case Rules, Person, Limit, Keys:
		return of(1, Admin, Senior), true
	case Verdict:
		return of(2, Approver, Senior), true
	case Release:
		return of(2, Approver, Senior, Admin), true
	}
	return Need{}, false
}
