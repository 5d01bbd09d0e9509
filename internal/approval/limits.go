package approval

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/fault"
)

// Bound is one limit, kopecks: above SoftMinor one more approver is needed, above HardMinor nothing goes. 0 is no limit.
type Bound struct {
	SoftMinor int64 `json:"soft_minor"`
	HardMinor int64 `json:"hard_minor"`
}

// Ceiling is the largest payout one person may approve.
type Ceiling struct {
	Person string `json:"person"`
	Minor  int64  `json:"minor"`
}

// ListEntry blocks or allows an account, a BIK, an INN or a saved payee, with a reason, until the end of a Moscow day ("" for ever). Once a
// list holds an allowed entry of a kind, only what is allowed goes.
type ListEntry struct {
	List   string `json:"list"` // "block" or "allow"
	What   string `json:"what"` // "account", "bik", "inn" or "payee"
	Value  string `json:"value"`
	Reason string `json:"reason"`
	Until  string `json:"until"` // "2006-01-02", "" for ever
}

// Limits is one version of limits and lists: a subject itself.
type Limits struct {
	Version    int       `json:"-"`
	Payout     Bound     `json:"payout"`
	MakerDay   Bound     `json:"maker_day"`
	PayeeMonth Bound     `json:"payee_month"`
	CompanyDay Bound     `json:"company_day"`
	Ceilings   []Ceiling `json:"ceilings"`
	// Lists hold personal values (accounts, INN): in the document they stand as commitments, the values beside it.
	Lists []ListEntry `json:"lists"`
}

// The names of the limits, as hits and counters carry them.
const (
	LimitPayout     = "payout"
	LimitMakerDay   = "maker_day"
	LimitPayeeMonth = "payee_month"
	LimitCompanyDay = "company_day"
)

// Hit is a limit that a payout would pass.
type Hit struct {
	Limit string
	Hard  bool
	// LimitMinor is the bound, UsedMinor what is used of it without this payout.
	LimitMinor, UsedMinor int64
}

// Used are the sums that left, or may have left, without the payout that is judged, kopecks.
type Used struct{ MakerDay, PayeeMonth, CompanyDay int64 }

// named is one of the limits.
type named struct {
	name  string
	bound Bound
}

// bounds are all of them.
func (l *Limits) bounds() [4]named {
	return [...]named{{LimitPayout, l.Payout}, {LimitMakerDay, l.MakerDay}, {LimitPayeeMonth, l.PayeeMonth}, {LimitCompanyDay, l.CompanyDay}}
}

// Judge lists the limits that a payout of this many kopecks would pass; of one limit the hard bound hides the soft one.
func (l Limits) Judge(minor int64, u Used) []Hit {
	var out []Hit
	used := [...]int64{0, u.MakerDay, u.PayeeMonth, u.CompanyDay}
	for i, x := range l.bounds() {
		// Compared without adding, so that sums near the end of int64 cannot turn round.
		used := max(used[i], 0)
		over := func(bound int64) bool { return bound > 0 && (used > bound || minor > bound-used) }
		switch {
		case over(x.bound.HardMinor):
			out = append(out, Hit{Limit: x.name, Hard: true, LimitMinor: x.bound.HardMinor, UsedMinor: used})
		case over(x.bound.SoftMinor):
			out = append(out, Hit{Limit: x.name, LimitMinor: x.bound.SoftMinor, UsedMinor: used})
		}
	}
	return out
}

// Hard returns the first hard hit, ok false when there is none; Soft reports whether any soft one is there.
func Hard(hits []Hit) (Hit, bool) {
	i := slices.IndexFunc(hits, func(h Hit) bool { return h.Hard })
	if i < 0 {
		return Hit{}, false
	}
	return hits[i], true
}

// Soft reports whether some soft limit is passed: then one more approver is needed.
func Soft(hits []Hit) bool { return slices.ContainsFunc(hits, func(h Hit) bool { return !h.Hard }) }

// Ceiling is what this person may approve at most, 0 for any amount.
func (l Limits) Ceiling(person string) int64 {
	for _, c := range l.Ceilings {
		if c.Person == person {
			return c.Minor
		}
	}
	return 0
}

// Target is where a payout goes, as lists know it.
type Target struct {
	Account, BIK, INN string
	// Payee is the saved payee that it names, "" for none. Had are the saved payees, named by lists, that have its account or ever had it; Has those that have it now.
	Payee    string
	Had, Has []string
}

func (t Target) value(what string) string {
	switch what {
	case "account":
		return t.Account
	case "bik":
		return t.BIK
	case "inn":
		return t.INN
	case "payee":
		return t.Payee
	}
	return ""
}

// Listed says whether the lists stop a payout on a Moscow day ("2006-01-02"): the entry that blocks it, or an entry with List "allow" and no
// value when something of its kind must be allowed and is not. An entry for a payee is one for its accounts, whoever names them: a block holds for every account
// that the payee ever had, since changing the payee must not free the old one; to be allowed the account must be the payee's now.
func (l Limits) Listed(t Target, day string) (ListEntry, bool) {
	inForce := func(e ListEntry) bool { return e.Until == "" || day <= e.Until }
	for _, e := range l.Lists {
		if e.List == "block" && inForce(e) && e.Value != "" && (e.Value == t.value(e.What) || e.What == "payee" && slices.Contains(t.Had, e.Value)) {
			return e, true
		}
	}
	for _, what := range []string{"account", "bik", "inn", "payee"} {
		some, mine := false, false
		for _, e := range l.Lists {
			if e.List == "allow" && e.What == what && inForce(e) {
				some = true // also when its value was erased: a list that lost what it allows allows nothing
				mine = mine || e.Value != "" && (e.Value == t.value(what) || what == "payee" && slices.Contains(t.Has, e.Value))
			}
		}
		if some && !mine {
			return ListEntry{List: "allow", What: what}, true
		}
	}
	return ListEntry{}, false
}

// Check says everything that is wrong, at fields as "payout_soft" or "list-2-value".
func (l Limits) Check() fault.List {
	var out fault.List
	for _, x := range []struct {
		name string
		b    Bound
	}{{LimitPayout, l.Payout}, {LimitMakerDay, l.MakerDay}, {LimitPayeeMonth, l.PayeeMonth}, {LimitCompanyDay, l.CompanyDay}} {
		if x.b.SoftMinor < 0 || x.b.HardMinor > 0 && x.b.SoftMinor > x.b.HardMinor {
			out = append(out, fault.Bad(x.name+"_soft", "limits.soft"))
		}
		if x.b.HardMinor < 0 {
			out = append(out, fault.Bad(x.name+"_hard", "limits.amount"))
		}
	}
	if len(l.Ceilings) > 500 || len(l.Lists) > 2000 {
		out = append(out, fault.Bad("form", "limits.many"))
	}
	seen := map[string]bool{}
	for i, c := range l.Ceilings {
		if c.Person == "" || c.Minor <= 0 || seen[c.Person] {
			out = append(out, fault.Bad(fmt.Sprintf("ceiling-%d", i+1), "limits.ceiling"))
		}
		seen[c.Person] = true
	}
	for i, e := range l.Lists {
		at := func(f string) string { return fmt.Sprintf("list-%d-%s", i+1, f) }
		if e.List != "block" && e.List != "allow" || !slices.Contains([]string{"account", "bik", "inn", "payee"}, e.What) {
			out = append(out, fault.Bad(at("what"), "limits.list"))
		}
		if v := strings.TrimSpace(e.Value); v == "" || v != e.Value || len(v) > 64 {
			out = append(out, fault.Bad(at("value"), "limits.value"))
		}
		if n := len([]rune(strings.TrimSpace(e.Reason))); n == 0 || n > 200 {
			out = append(out, fault.Bad(at("reason"), "reason.needed"))
		}
		if _, err := time.Parse(time.DateOnly, e.Until); e.Until != "" && err != nil {
			out = append(out, fault.Bad(at("until"), "limits.until"))
		}
	}
	return out
}

// Doc is the canonical document with commitments in the place of listed values; private is what stands beside it, erasable. commit binds a
// value by the name of its field.
func (l Limits) Doc(commit func(field, value string) string) (doc, private []byte) {
	values := make([]string, len(l.Lists))
	lists := make([]ListEntry, len(l.Lists))
	for i, e := range l.Lists {
		values[i] = e.Value
		e.Value = commit(fmt.Sprintf("list-%d", i+1), e.Value)
		lists[i] = e
	}
	l.Lists = lists
	if l.Ceilings == nil {
		l.Ceilings = []Ceiling{}
	}
	doc, err := json.Marshal(l)
	if err == nil {
		private, err = json.Marshal(values)
	}
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	return doc, private
}

// ParseLimits rebuilds limits from a document and the values beside it. It fails when a value is not what the document commits to; values that
// were erased leave entries that match nothing.
func ParseLimits(doc, private []byte, commit func(field, value string) string) (Limits, error) {
	var l Limits
	if err := decode(doc, &l); err != nil {
		return Limits{}, fmt.Errorf("limits: %w", err)
	}
	var values []string
	if len(private) > 0 {
		if err := json.Unmarshal(private, &values); err != nil {
			return Limits{}, fmt.Errorf("limits: %w", err)
		}
		if len(values) != len(l.Lists) {
			return Limits{}, fmt.Errorf("limits: %d values for %d entries", len(values), len(l.Lists))
		}
	}
	for i := range l.Lists {
		if len(values) == 0 {
			l.Lists[i].Value = ""
			continue
		}
		if commit(fmt.Sprintf("list-%d", i+1), values[i]) != l.Lists[i].Value {
			return Limits{}, fmt.Errorf("limits: entry %d is not what was written", i+1)
		}
		l.Lists[i].Value = values[i]
	}
	return l, nil
}
