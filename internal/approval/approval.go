// Package approval is the one engine for everything that needs a second person: which approvals a subject needs
// under a rule set, who may give one, and whether the decisions given so far suffice. It is pure, and it judges
// persons, never accounts: two sign-ins of one person are that person.
//
// What it must not know: what a payout looks like inside, how decisions are stored, how anything is shown.
package approval

import (
	"slices"
	"time"
)

// Kind is a kind of subject. Every kind has a decision rule; a kind without one fails this package's tests.
type Kind string

// The kinds of subject of design.md. Payout and Release are decided today, the others when their pages come.
const (
	Payout  Kind = "payout"
	Payee   Kind = "payee"
	Rules   Kind = "rules"
	Person  Kind = "person"
	Limits  Kind = "limits"
	Keys    Kind = "keys"
	Verdict Kind = "verdict"
	Release Kind = "release"
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Payout, Payee, Rules, Person, Limits, Keys, Verdict, Release} }

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
	// Standing is false for somebody suspended (later: new, or reset lately): their decisions do not count.
	Standing bool
}

func (s Signer) has(r Role) bool { return slices.Contains(s.Roles, r) }

// Need is what must be given: Count different persons out of anyone with one of Roles, Seniors of whom must be senior.
type Need struct {
	Count, Seniors int
	Roles          []Role
}

// Answer is what one decision says.
type Answer string

// Yes counts until the same person says Back. No ends the subject; it is stored for the record.
const (
	Yes  Answer = "yes"
	No   Answer = "no"
	Back Answer = "back"
)

// Decision is one decision about one version of a subject. Of one person the one with the highest Seq counts.
type Decision struct {
	Person  string
	Seq     int
	Answer  Answer
	Digest  string
	RuleSet int
	At      time.Time
}

// Band is one band of amounts: up to and including UpToMinor kopecks (0: no upper bound).
type Band struct {
	UpToMinor      int64
	Count, Seniors int
}

// RuleSet is the approval rules in force, as data: one numbered version, one canonical document.
type RuleSet struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Bands   []Band `json:"bands"`
	// ExpiryDays: a submission older than this many days expires.
	ExpiryDays int `json:"expiry_days"`
	// MakerMayApprove: one person may hold both roles; their own work stays barred.
	MakerMayApprove bool `json:"maker_may_approve"`
	// Guards names the further guards in force ("payee_cooloff", ...); none yet.
	Guards []string `json:"guards"`
	// SignAboveMinor: above it an approval needs a key; 0 never. Only demo has it until factors come.
	SignAboveMinor int64 `json:"sign_above_minor"`
}

var bands = []Band{
	{UpToMinor: 100_000_00, Count: 1},
	{UpToMinor: 1_000_000_00, Count: 2},
	{UpToMinor: 0, Count: 3, Seniors: 1},
}

// DemoRules is the rule set of `demo`, for good.
func DemoRules() RuleSet {
	return RuleSet{Version: 1, Name: "demo", Bands: slices.Clone(bands), ExpiryDays: 14, MakerMayApprove: true, Guards: []string{}, SignAboveMinor: 1_000_000_00}
}

// ServeRules is the rule set that `serve` and `demo --rules strict` start with: the same bands, with the guards as they come.
func ServeRules() RuleSet {
	return RuleSet{Version: 1, Name: "serve", Bands: slices.Clone(bands), ExpiryDays: 14, MakerMayApprove: true, Guards: []string{}}
}

// Band returns the first band that holds the amount (its upper bound included).
func (r RuleSet) Band(minor int64) Band {
	for _, b := range r.Bands {
		if b.UpToMinor == 0 || minor <= b.UpToMinor {
			return b
		}
	}
	return Band{Count: 1 << 30} // a set without a last band lets nothing through
}

// ForPayout is what a payout of this many kopecks needs. The floor is one approver whatever the set says.
func (r RuleSet) ForPayout(minor int64) Need {
	b := r.Band(minor)
	return Need{Count: max(b.Count, 1), Seniors: b.Seniors, Roles: []Role{Approver, Senior}}
}

// Stricter joins two needs: a payout must meet the set it was submitted under and the one in force.
func Stricter(a, b Need) Need {
	return Need{Count: max(a.Count, b.Count), Seniors: max(a.Seniors, b.Seniors), Roles: a.Roles}
}

// ForKind is the constant rule of the kinds that no rule set governs. ok is false for Payout, which needs ForPayout.
func ForKind(k Kind) (need Need, ok bool) {
	switch k {
	case Payee:
		return Need{Count: 1, Roles: []Role{Approver, Senior}}, true
	case Rules, Person, Limits, Keys:
		return Need{Count: 1, Roles: []Role{Admin, Senior}}, true
	case Verdict:
		return Need{Count: 2, Roles: []Role{Approver, Senior}}, true
	case Release:
		return Need{Count: 2, Roles: []Role{Approver, Senior, Admin}}, true
	}
	return Need{}, false
}

// Why says why a person cannot give an approval now.
type Why string

// The reasons, most telling first. Can means they can.
const (
	Can        Why = ""
	Barred     Why = "own"  // they made it, or are concerned
	NoRole     Why = "role" // not a role that is asked
	NoStanding Why = "standing"
	Already    Why = "already" // their yes stands
	NoSeat     Why = "seat"    // what is missing they cannot be (only the senior is missing)
	Complete   Why = "complete"
)

// Tally is how far a subject is.
type Tally struct {
	Need Need
	// Given are those whose yes counts, in the order they gave it.
	Given []Signer
	// Met: enough, of the right kind.
	Met bool
	// Open is how many approvals are still missing, OpenSeniors how many of those must be senior.
	Open, OpenSeniors int
	barred            []string
}

// Count judges the decisions that name this digest. barred are the persons who may not decide (makers; proposer; concerned).
// A yes counts only of a person in people who stands, has the role and is not barred.
func Count(need Need, digest string, barred []string, people []Signer, decisions []Decision) Tally {
	last := map[string]Decision{}
	var order []string
	for _, d := range decisions {
		if d.Digest != digest || digest == "" {
			continue
		}
		if old, ok := last[d.Person]; !ok || d.Seq > old.Seq {
			last[d.Person] = d
		}
		order = slices.DeleteFunc(order, func(p string) bool { return p == d.Person })
		order = append(order, d.Person)
	}
	t := Tally{Need: need, barred: barred}
	seniors, others := 0, 0
	for _, id := range order {
		if last[id].Answer != Yes {
			continue
		}
		s, ok := find(people, id)
		if !ok || !s.Standing || slices.Contains(barred, id) || !need.asks(s) {
			continue
		}
		t.Given = append(t.Given, s)
		if s.has(Senior) {
			seniors++
		} else {
			others++
		}
	}
	t.OpenSeniors = max(0, need.Seniors-seniors)
	t.Open = max(t.OpenSeniors, need.Count-seniors-min(others, max(0, need.Count-max(need.Seniors, seniors))))
	t.Open = max(t.Open, 0)
	t.Met = t.Open == 0 && need.Count > 0
	return t
}

func find(people []Signer, id string) (Signer, bool) {
	if id == "" {
		return Signer{}, false // an unknown identity is nobody
	}
	i := slices.IndexFunc(people, func(s Signer) bool { return s.ID == id })
	if i < 0 {
		return Signer{}, false
	}
	return people[i], true
}

func (n Need) asks(s Signer) bool {
	return slices.ContainsFunc(n.Roles, func(r Role) bool { return s.has(r) })
}

// May says whether this person can give one of the missing approvals now.
func (t Tally) May(s Signer) Why {
	switch {
	case s.ID == "":
		return NoRole
	case slices.Contains(t.barred, s.ID):
		return Barred
	case !t.Need.asks(s):
		return NoRole
	case !s.Standing:
		return NoStanding
	case slices.ContainsFunc(t.Given, func(g Signer) bool { return g.ID == s.ID }):
		return Already
	case t.Met:
		return Complete
	case t.Open == t.OpenSeniors && !s.has(Senior):
		return NoSeat
	}
	return Can
}

// Could lists who of these people could give one of the missing approvals now, seniors last.
func (t Tally) Could(people []Signer) []Signer {
	var out []Signer
	for _, s := range people {
		if t.May(s) == Can {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Signer) int {
		switch as, bs := a.has(Senior), b.has(Senior); {
		case as == bs:
			return 0
		case as:
			return 1
		default:
			return -1
		}
	})
	return out
}

// Reachable reports whether these people could meet the need at all, and if not how many approvers and seniors are missing.
// This is the deadlock check of a submit.
func Reachable(need Need, barred []string, people []Signer) (ok bool, missing, missingSeniors int) {
	seniors, others := 0, 0
	for _, s := range people {
		if s.ID == "" || !s.Standing || slices.Contains(barred, s.ID) || !need.asks(s) {
			continue
		}
		if s.has(Senior) {
			seniors++
		} else {
			others++
		}
	}
	missingSeniors = max(0, need.Seniors-seniors)
	missing = max(missingSeniors, need.Count-seniors-others)
	return missing <= 0, max(missing, 0), missingSeniors
}
