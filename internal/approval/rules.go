package approval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"countersign/internal/fault"
)

// Facts are what rules look at about one payout. The caller measures them in the transaction that judges.
type Facts struct {
	AmountMinor int64
	// Payee is the id of the saved payee, "" for a free entry; PayeeGroups are its groups.
	Payee       string
	PayeeGroups []string
	// First: nothing was ever paid to this payee (free entry: to this account).
	First bool
	// AccountChangedAt is when this account took its place on a payee that was known before; zero when it was there from the beginning.
	AccountChangedAt time.Time
	// Makers are the persons who made it, MakerGroups all groups that any of them is in.
	Makers, MakerGroups []string
	Source              string
	// Sums are what the day and month come to with this payout, kopecks.
	Sums Sums
	Now  time.Time
}

// Sums are running sums of money that left or may have left, with the payout that is judged, kopecks, by Moscow days and months.
type Sums struct {
	PayeeDay, PayeeMonth, MakerDay, MakerMonth, CompanyDay, CompanyMonth int64
}

// Of returns one of the sums; of is "payee", "maker" or "company", per "day" or "month".
func (s Sums) Of(of, per string) int64 {
	switch of + " " + per {
	case "payee day":
		return s.PayeeDay
	case "payee month":
		return s.PayeeMonth
	case "maker day":
		return s.MakerDay
	case "maker month":
		return s.MakerMonth
	case "company day":
		return s.CompanyDay
	case "company month":
		return s.CompanyMonth
	}
	return 0
}

// SumOver is a condition on a running sum: above OverMinor kopecks.
type SumOver struct {
	Of        string `json:"of"`
	Per       string `json:"per"`
	OverMinor int64  `json:"over_minor"`
}

// When are the conditions of a rule; all that are set must hold. The zero When holds for every payout.
type When struct {
	// OverMinor (excluded) to UpToMinor (included; 0 is no upper bound), kopecks.
	OverMinor int64 `json:"over_minor"`
	UpToMinor int64 `json:"up_to_minor"`
	// Entry is "" for any, "saved" for payouts to a saved payee, "free" for those typed in.
	Entry       string   `json:"entry"`
	Payees      []string `json:"payees"`
	PayeeGroups []string `json:"payee_groups"`
	First       bool     `json:"first"`
	// ChangedDays: the account was changed within so many days; 0 is not asked.
	ChangedDays int       `json:"changed_days"`
	Makers      []string  `json:"makers"`
	MakerGroups []string  `json:"maker_groups"`
	Sources     []string  `json:"sources"`
	Sums        []SumOver `json:"sums"`
}

func common(a, b []string) bool {
	for _, x := range a {
		if slices.Contains(b, x) {
			return true
		}
	}
	return false
}

// Holds reports whether every condition that is set holds.
func (w When) Holds(f Facts) bool { return w.holds(&f) }

func (w *When) holds(f *Facts) bool {
	switch {
	case f.AmountMinor <= w.OverMinor && w.OverMinor > 0, w.UpToMinor > 0 && f.AmountMinor > w.UpToMinor:
		return false
	case w.Entry == "saved" && f.Payee == "", w.Entry == "free" && f.Payee != "":
		return false
	case len(w.Payees) > 0 && !slices.Contains(w.Payees, f.Payee), len(w.PayeeGroups) > 0 && !common(w.PayeeGroups, f.PayeeGroups):
		return false
	case w.First && !f.First:
		return false
	case w.ChangedDays > 0 && (f.AccountChangedAt.IsZero() || f.Now.Sub(f.AccountChangedAt) >= time.Duration(w.ChangedDays)*24*time.Hour):
		return false
	case len(w.Makers) > 0 && !common(w.Makers, f.Makers), len(w.MakerGroups) > 0 && !common(w.MakerGroups, f.MakerGroups):
		return false
	case len(w.Sources) > 0 && !slices.Contains(w.Sources, f.Source):
		return false
	}
	for _, s := range w.Sums {
		if f.Sums.Of(s.Of, s.Per) <= s.OverMinor {
			return false
		}
	}
	return true
}

// amountOnly reports whether nothing but the amount is asked.
func (w *When) amountOnly() bool {
	return w.Entry == "" && len(w.Payees)+len(w.PayeeGroups)+len(w.Makers)+len(w.MakerGroups)+len(w.Sources)+len(w.Sums) == 0 && !w.First && w.ChangedDays == 0
}

// Rule is one line of a rule set: when it holds, these steps are needed; or nothing may go, with a reason.
type Rule struct {
	Name    string `json:"name"`
	When    When   `json:"when"`
	Ordered bool   `json:"ordered"`
	Steps   []Step `json:"steps"`
	Blocked string `json:"blocked"`
}

// Newcomers is how people who are new, or whose factor was reset, count.
type Newcomers struct {
	// QuietHours: their approvals do not count for so long.
	QuietHours int `json:"quiet_hours"`
	// CapDays: for so long they approve CapDayMinor kopecks a Moscow day at most (0: no cap).
	CapDays     int   `json:"cap_days"`
	CapDayMinor int64 `json:"cap_day_minor"`
}

// RuleSet is the approval rules, as data: one numbered version, one canonical document. Two documents with the same content are the
// same bytes.
type RuleSet struct {
	// Version is its number; the document itself does not hold it.
	Version int    `json:"-"`
	Name    string `json:"name"`
	Rules   []Rule `json:"rules"`
	// ExpiryDays: a submission older than this many days expires.
	ExpiryDays int `json:"expiry_days"`
	// MakerMayApprove: one person may hold both roles; their own work stays barred.
	MakerMayApprove bool `json:"maker_may_approve"`
	// SignAboveMinor: an approval above it is signed with a vouched passkey; 0 never.
	SignAboveMinor int64 `json:"sign_above_minor"`
	// StepUpAboveMinor: an approval above it, up to SignAboveMinor, needs a passkey or a one-time code; 0 never.
	StepUpAboveMinor int64 `json:"step_up_above_minor"`
	// FactorNeeded: nobody works without a second factor.
	FactorNeeded bool `json:"factor_needed"`
	// CoolOffMinutes: a payout above CoolOffOverMinor to a changed account of a known payee waits so long after the change; 0 never.
	CoolOffMinutes   int       `json:"cool_off_minutes"`
	CoolOffOverMinor int64     `json:"cool_off_over_minor"`
	Newcomers        Newcomers `json:"newcomers"`
}

// The bounds of the built-in bands, kopecks: they belong to the band below.
const (
	FirstBandMinor  = 100_000_00
	SecondBandMinor = 1_000_000_00
)

func approvers(n int) Step { return Step{Count: n, Roles: []Role{Approver}} }
func seniors(n int) Step   { return Step{Count: n, Roles: []Role{Senior}} }

func bands() []Rule {
	return []Rule{
		{Name: "band-1", When: When{UpToMinor: FirstBandMinor}, Steps: []Step{approvers(1)}},
		{Name: "band-2", When: When{OverMinor: FirstBandMinor, UpToMinor: SecondBandMinor}, Steps: []Step{approvers(2)}},
		{Name: "band-3", When: When{OverMinor: SecondBandMinor}, Steps: []Step{approvers(2), seniors(1)}},
	}
}

// DemoRules is the rule set of `demo`, for good: the bands, and signing above the second.
func DemoRules() RuleSet {
	return RuleSet{Version: 1, Name: "demo", Rules: bands(), ExpiryDays: 14, MakerMayApprove: true, SignAboveMinor: SecondBandMinor}
}

// ServeRules is the rule set that `serve` and `demo --rules strict` start with: the same bands with the guards: a free entry only in
// the first band, a senior for a first payment above it, four hours' wait after a known payee's account was changed, three quiet days and two capped
// weeks for newcomers, a second factor for everybody.
func ServeRules() RuleSet {
	r := DemoRules()
	r.Name = "serve"
	r.Rules = append(r.Rules,
		Rule{Name: "first-payment", When: When{OverMinor: FirstBandMinor, First: true}, Steps: []Step{seniors(1)}},
		Rule{Name: "free-entry", When: When{OverMinor: FirstBandMinor, Entry: "free"}, Blocked: "saved_payee"})
	r.CoolOffMinutes, r.CoolOffOverMinor = 4*60, FirstBandMinor
	r.Newcomers = Newcomers{QuietHours: 72, CapDays: 14, CapDayMinor: SecondBandMinor}
	r.FactorNeeded = true
	return r
}

// Bounds of a rule set.
const (
	MaxRules = 200
	MaxSteps = 10
	MaxSeats = 20
	maxList  = 200 // names in one condition
	maxCount = 1 << 20
	maxText  = 200
	// MaxRuleSetBytes bounds a document that is read.
	MaxRuleSetBytes = 1 << 20
)

// Doc is the canonical document: fixed order, every field there.
func (r RuleSet) Doc() []byte {
	r = r.normal()
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return b
}

// normal makes absent lists empty, so that equal content gives equal bytes.
func (r RuleSet) normal() RuleSet {
	full := func(s []string) []string {
		if s == nil {
			return []string{}
		}
		return s
	}
	rules := make([]Rule, len(r.Rules))
	for i, x := range r.Rules {
		w := &x.When
		w.Payees, w.PayeeGroups, w.Makers, w.MakerGroups, w.Sources = full(w.Payees), full(w.PayeeGroups), full(w.Makers), full(w.MakerGroups), full(w.Sources)
		if w.Sums == nil {
			w.Sums = []SumOver{}
		}
		steps := make([]Step, len(x.Steps))
		for j, st := range x.Steps {
			st.People, st.Groups = full(st.People), full(st.Groups)
			if st.Roles == nil {
				st.Roles = []Role{}
			}
			steps[j] = st
		}
		x.Steps = steps
		rules[i] = x
	}
	r.Rules = rules
	return r
}

// ParseRuleSet reads a document and checks it; unknown words are refused. Invalid as Check, or "rules.doc".
func ParseRuleSet(doc []byte) (RuleSet, error) {
	if len(doc) > MaxRuleSetBytes {
		return RuleSet{}, fault.Bad("form", "rules.doc")
	}
	var r RuleSet
	if err := decode(doc, &r); err != nil {
		return RuleSet{}, fault.Bad("form", "rules.doc").Because(err)
	}
	return r, r.Check().Err()
}

var errDoc = errors.New("not one plain document")

// decode reads one document with no field that is unknown, named twice or written otherwise, and nothing after it.
func decode(doc []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || !plainKeys(doc) {
		return errDoc
	}
	return nil
}

// plainKeys reports whether no object of a well-formed document names a field twice, and every name is written as the field's own: encoding/json
// takes the last of two, and any case, which the eye of whoever reads the document need not.
func plainKeys(doc []byte) bool {
	d := json.NewDecoder(bytes.NewReader(doc))
	type object struct {
		keys  map[string]bool // nil for a list
		value bool            // a value is due next
	}
	var open []object
	done := func() { // a value ended
		if len(open) > 0 {
			open[len(open)-1].value = false
		}
	}
	for {
		tok, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		if n := len(open); n > 0 && open[n-1].keys != nil && !open[n-1].value && tok != json.Delim('}') {
			key, _ := tok.(string)
			if open[n-1].keys[key] || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return false
			}
			open[n-1].keys[key], open[n-1].value = true, true
			continue
		}
		switch tok {
		case json.Delim('{'):
			open = append(open, object{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, object{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
			done()
		default:
			done()
		}
	}
}

func unnamed(s string) bool { return s == "" || len(s) > maxText }

// Check says everything that is wrong with a rule set, at fields as "rule-2-count-1" (both counted from one). Nobody can set a
// number of approvers to 0, and every amount must be in some rule that asks for nothing but the amount.
func (r RuleSet) Check() fault.List {
	var l fault.List
	bad := func(field, code string, args ...any) { l = append(l, fault.Bad(field, code, args...)) }
	if n := len([]rune(strings.TrimSpace(r.Name))); n == 0 || n > 80 {
		bad("name", "rules.name")
	}
	if r.ExpiryDays < 1 || r.ExpiryDays > 90 {
		bad("expiry_days", "rules.expiry")
	}
	if r.SignAboveMinor < 0 {
		bad("sign_above", "rules.amount")
	}
	if r.StepUpAboveMinor < 0 || r.SignAboveMinor > 0 && r.StepUpAboveMinor > r.SignAboveMinor {
		bad("step_up_above", "rules.amount")
	}
	if r.CoolOffMinutes < 0 || r.CoolOffMinutes > 30*24*60 || r.CoolOffOverMinor < 0 {
		bad("cool_off", "rules.hours")
	}
	if n := r.Newcomers; n.QuietHours < 0 || n.QuietHours > 24*90 || n.CapDays < 0 || n.CapDays > 365 || n.CapDayMinor < 0 {
		bad("newcomers", "rules.hours")
	}
	if len(r.Rules) == 0 || len(r.Rules) > MaxRules {
		bad("form", "rules.many", MaxRules)
	}
	names := map[string]bool{}
	for i, x := range r.Rules {
		at := func(field string) string { return fmt.Sprintf("rule-%d-%s", i+1, field) }
		if n := len([]rune(x.Name)); n == 0 || n > 80 || names[x.Name] {
			bad(at("name"), "rules.rule_name")
		}
		names[x.Name] = true
		w := x.When
		if w.OverMinor < 0 || w.UpToMinor < 0 || w.UpToMinor > 0 && w.UpToMinor <= w.OverMinor {
			bad(at("amount"), "rules.band")
		}
		if w.Entry != "" && w.Entry != "saved" && w.Entry != "free" {
			bad(at("entry"), "rules.doc")
		}
		if w.ChangedDays < 0 || w.ChangedDays > 365 {
			bad(at("changed"), "rules.hours")
		}
		for _, list := range [][]string{w.Payees, w.PayeeGroups, w.Makers, w.MakerGroups, w.Sources} {
			if len(list) > maxList || slices.ContainsFunc(list, unnamed) {
				bad(at("list"), "rules.list")
			}
		}
		for _, s := range w.Sums {
			if !slices.Contains([]string{"payee", "maker", "company"}, s.Of) || s.Per != "day" && s.Per != "month" || s.OverMinor <= 0 || len(w.Sums) > 6 {
				bad(at("sums"), "rules.sum")
			}
		}
		if x.Blocked != "" {
			if len(x.Steps) > 0 || len([]rune(x.Blocked)) > maxText {
				bad(at("blocked"), "rules.blocked")
			}
			continue
		}
		if len(x.Steps) == 0 || len(x.Steps) > MaxSteps {
			bad(at("steps"), "rules.steps")
		}
		seats := 0
		for j, st := range x.Steps {
			seats += min(max(st.Count, 0), MaxSeats+1) // not more, so that the sum cannot turn round
			if st.Count < 1 {
				bad(fmt.Sprintf("rule-%d-count-%d", i+1, j+1), "rules.floor")
			}
			if len(st.People)+len(st.Groups)+len(st.Roles) == 0 || len(st.People) > maxList || len(st.Groups) > maxList ||
				slices.ContainsFunc(st.People, unnamed) || slices.ContainsFunc(st.Groups, unnamed) || len(st.Roles) > 2 ||
				slices.ContainsFunc(st.Roles, func(r Role) bool { return r != Approver && r != Senior }) {
				bad(fmt.Sprintf("rule-%d-who-%d", i+1, j+1), "rules.who")
			}
		}
		if seats > MaxSeats {
			bad(at("steps"), "rules.steps")
		}
	}
	if from, ok := r.gap(); ok && len(r.Rules) > 0 {
		bad("form", "rules.gap", from)
	}
	return l
}

// gap finds the lowest amount, kopecks, for which no rule that looks at nothing but the amount says how many approvals it needs.
func (r RuleSet) gap() (int64, bool) {
	at := int64(0)
	for range len(r.Rules) + 1 {
		next := at
		for _, x := range r.Rules {
			if x.Blocked == "" && x.When.amountOnly() && x.When.OverMinor <= at {
				if x.When.UpToMinor == 0 {
					return 0, false
				}
				next = max(next, x.When.UpToMinor)
			}
		}
		if next == at {
			return at + 1, true
		}
		if at = next; at == math.MaxInt64 {
			return 0, false
		}
	}
	return at + 1, true
}

// Need is what a payout needs under this set: every rule that matches. A set that says nothing about it lets nothing through, and
// whatever a set says, one approver who is no maker is the least.
func (r RuleSet) Need(f Facts) Need {
	n := Need{Roles: []Role{Approver, Senior}}
	for i := range r.Rules {
		x := &r.Rules[i]
		if !x.When.holds(&f) {
			continue
		}
		n.Matched = append(n.Matched, Matched{Set: r.Version, Rule: x.Name})
		if x.Blocked != "" {
			n.Blocked = append(n.Blocked, Block{Set: r.Version, Rule: x.Name, Reason: x.Blocked})
			continue
		}
		n.Plans = append(n.Plans, x.plan(r.Version))
	}
	if len(n.Plans) == 0 && len(n.Blocked) == 0 {
		n.Blocked = []Block{{Set: r.Version, Reason: "no_rule"}}
	}
	if len(n.Plans) == 0 {
		n.Plans = []Plan{{Set: r.Version, Steps: []Step{approvers(1)}}}
	}
	return n.trim()
}

// plan is what the rule asks for, with the floor of one. No step asks for more than maxCount, so that no sum of seats can turn round.
func (x *Rule) plan(set int) Plan {
	p := Plan{Set: set, Rule: x.Name, Ordered: x.Ordered, Steps: make([]Step, 0, max(len(x.Steps), 1))}
	for _, st := range x.Steps {
		st.Count = min(max(st.Count, 1), maxCount)
		p.Steps = append(p.Steps, st)
	}
	if len(p.Steps) == 0 {
		p.Steps = append(p.Steps, approvers(1))
	}
	return p
}

// CoolOff returns until when a payout with these facts waits because its payee's account was changed; zero when it does not wait.
func (r RuleSet) CoolOff(f Facts) time.Time {
	if r.CoolOffMinutes == 0 || f.AccountChangedAt.IsZero() || f.AmountMinor <= r.CoolOffOverMinor {
		return time.Time{}
	}
	until := f.AccountChangedAt.Add(time.Duration(r.CoolOffMinutes) * time.Minute)
	if !until.After(f.Now) {
		return time.Time{}
	}
	return until
}
