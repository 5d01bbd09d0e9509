package approval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestJudge: each limit by the kopeck, hard before soft, each by its own sum, also where sums are near the end of the numbers.
func TestJudge(t *testing.T) {
	const top = math.MaxInt64
	l := Limits{Payout: Bound{100, 200}, MakerDay: Bound{0, 300}, PayeeMonth: Bound{400, 0}, CompanyDay: Bound{500, 500}}
	huge := Limits{Payout: Bound{0, top}, MakerDay: Bound{0, top}, CompanyDay: Bound{top - 1, top}}
	for _, c := range []struct {
		name  string
		l     Limits
		minor int64
		u     Used
		want  string
	}{
		{"none", Limits{}, top, Used{top, top, top}, "[]"},
		{"at the soft bound", l, 100, Used{}, "[]"},
		{"a kopeck above it", l, 101, Used{}, "[{payout false 100 0}]"},
		{"at the hard bound", l, 200, Used{}, "[{payout false 100 0}]"},
		{"a kopeck above both", l, 201, Used{}, "[{payout true 200 0}]"},
		{"the maker's day is just full", l, 100, Used{MakerDay: 200}, "[]"},
		{"the maker's day", l, 100, Used{MakerDay: 201}, "[{maker_day true 300 201}]"},
		{"used up before", l, 1, Used{MakerDay: 9999}, "[{maker_day true 300 9999}]"},
		{"the payee's month", l, 1, Used{PayeeMonth: 400}, "[{payee_month false 400 400}]"},
		{"soft and hard are the same: hard", l, 1, Used{CompanyDay: 500}, "[{company_day true 500 500}]"},
		{"several", l, 101, Used{300, 400, 500}, "[{payout false 100 0} {maker_day true 300 300} {payee_month false 400 400} {company_day true 500 500}]"},
		{"the largest sum there is", huge, top, Used{}, "[{company_day false 9223372036854775806 0}]"},
		{"sums that would turn round", huge, top, Used{MakerDay: top, CompanyDay: 1}, "[{maker_day true 9223372036854775807 9223372036854775807} {company_day true 9223372036854775807 1}]"},
		{"a sum below nothing gives no room", l, 301, Used{MakerDay: math.MinInt64}, "[{payout true 200 0} {maker_day true 300 0}]"},
	} {
		hits := c.l.Judge(c.minor, c.u)
		if got := fmt.Sprint(append([]Hit{}, hits...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		first, hard := Hard(hits)
		if hard != strings.Contains(c.want, "true") || hard && !first.Hard || Soft(hits) != strings.Contains(c.want, "false") {
			t.Errorf("%s: hard %v soft %v", c.name, hard, Soft(hits))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(top-9, top))
		bound, minor, used := near.Draw(t, "bound"), near.Draw(t, "minor"), near.Draw(t, "used")
		// uint64 holds the sum of two of them.
		want := bound > 0 && uint64(minor)+uint64(used) > uint64(bound)
		if _, got := Hard((Limits{CompanyDay: Bound{HardMinor: bound}}).Judge(minor, Used{CompanyDay: used})); got != want {
			t.Fatalf("%d + %d over %d: %v", minor, used, bound, got)
		}
	})
	c := Limits{Ceilings: []Ceiling{{"a", 5}, {"b", 6}}}
	if c.Ceiling("b") != 6 || c.Ceiling("x") != 0 || c.Ceiling("") != 0 {
		t.Error("ceiling")
	}
}

// TestListed: blocked until the end of a day; once something of a kind is allowed, only that goes; a block is stronger.
func TestListed(t *testing.T) {
	block := func(what, value, until string) ListEntry { return ListEntry{"block", what, value, "r", until} }
	allow := func(what, value, until string) ListEntry { return ListEntry{"allow", what, value, "r", until} }
	to := Target{Account: "40702", BIK: "044", INN: "77", Payee: "p"}
	for _, c := range []struct {
		name  string
		lists []ListEntry
		to    Target
		want  string
	}{
		{"nothing", nil, to, ""},
		{"another account", []ListEntry{block("account", "40703", "")}, to, ""}, {"the account", []ListEntry{block("account", "40702", "")}, to, "block account"},
		{"the BIK", []ListEntry{block("bik", "044", "")}, to, "block bik"}, {"the INN", []ListEntry{block("inn", "77", "")}, to, "block inn"}, {"the payee", []ListEntry{block("payee", "p", "")}, to, "block payee"},
		{"the value of another kind", []ListEntry{block("account", "044", ""), block("nothing", "044", ""), block("nothing", "", "")}, to, ""},
		{"no INN", []ListEntry{block("inn", "", "")}, Target{}, ""},
		{"on its last day", []ListEntry{block("inn", "77", "2026-11-20")}, to, "block inn"}, {"the day after", []ListEntry{block("inn", "77", "2026-11-19")}, to, ""},
		{"allowed", []ListEntry{allow("bik", "043", ""), allow("bik", "044", "")}, to, ""}, {"not among the allowed", []ListEntry{allow("bik", "043", "")}, to, "allow bik"},
		{"a free entry where payees are allowed", []ListEntry{allow("payee", "p", "")}, Target{}, "allow payee"}, {"the allowance has ended", []ListEntry{allow("bik", "043", "2026-11-19")}, to, ""},
		{"allowed and blocked", []ListEntry{allow("bik", "044", ""), block("account", "40702", "")}, to, "block account"},
		{"allowed in one kind, not in another", []ListEntry{allow("bik", "044", ""), allow("inn", "78", "")}, to, "allow inn"},
		{"an allowance whose value was erased allows nothing", []ListEntry{allow("inn", "", "")}, Target{Account: "1"}, "allow inn"},
	} {
		e, stopped := Limits{Lists: c.lists}.Listed(c.to, "2026-11-20")
		got := strings.TrimSpace(e.List + " " + e.What)
		if got != c.want || stopped != (c.want != "") || e.List == "allow" && e.Value != "" {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestLimits_Check: each thing that is wrong, at its field.
func TestLimits_Check(t *testing.T) {
	entry := func(change func(*ListEntry)) Limits {
		e := ListEntry{"block", "bik", "044", "reason", "2026-12-31"}
		change(&e)
		return Limits{Lists: []ListEntry{e}}
	}
	for _, c := range []struct {
		name, field, code string
		l                 Limits
	}{
		{"nothing", "", "", Limits{}}, {"an entry", "", "", entry(func(*ListEntry) {})}, {"for ever", "", "", entry(func(e *ListEntry) { e.Until = "" })},
		{"soft above hard", "maker_day_soft", "limits.soft", Limits{MakerDay: Bound{6, 5}}}, {"soft below nothing", "payout_soft", "limits.soft", Limits{Payout: Bound{-1, 0}}}, {"hard below nothing", "company_day_hard", "limits.amount", Limits{CompanyDay: Bound{0, -1}}},
		{"soft alone", "", "", Limits{PayeeMonth: Bound{5, 0}}}, {"nobody's ceiling", "ceiling-1", "limits.ceiling", Limits{Ceilings: []Ceiling{{"", 5}}}}, {"a ceiling of nothing", "ceiling-1", "limits.ceiling", Limits{Ceilings: []Ceiling{{"a", 0}}}},
		{"two ceilings", "ceiling-2", "limits.ceiling", Limits{Ceilings: []Ceiling{{"a", 5}, {"a", 6}}}},
		{"list", "list-1-what", "limits.list", entry(func(e *ListEntry) { e.List = "deny" })}, {"kind", "list-1-what", "limits.list", entry(func(e *ListEntry) { e.What = "name" })},
		{"no value", "list-1-value", "limits.value", entry(func(e *ListEntry) { e.Value = "" })}, {"spaces", "list-1-value", "limits.value", entry(func(e *ListEntry) { e.Value = "044 " })}, {"long", "list-1-value", "limits.value", entry(func(e *ListEntry) { e.Value = strings.Repeat("1", 65) })},
		{"no reason", "list-1-reason", "reason.needed", entry(func(e *ListEntry) { e.Reason = " " })}, {"no day", "list-1-until", "limits.until", entry(func(e *ListEntry) { e.Until = "2026-02-30" })}, {"letters", "list-1-until", "limits.until", entry(func(e *ListEntry) { e.Until = "zzzz-zz-zz" })},
		{"too many", "form", "limits.many", Limits{Ceilings: func() (out []Ceiling) {
			for i := range 501 {
				out = append(out, Ceiling{fmt.Sprint(i), 1})
			}
			return out
		}()}},
	} {
		l := c.l.Check()
		if c.field == "" && l.Err() != nil {
			t.Errorf("%s: %v", c.name, l)
		} else if c.field != "" {
			if e := l.Field(c.field); e == nil || e.Code != c.code || len(l) != 1 {
				t.Errorf("%s: %v", c.name, l)
			}
		}
	}
}

// TestLimits_Doc: the document holds no listed value, what stands beside it gives them back, and a value that was changed, moved, added or taken away is found. Erased values
// match nothing.
func TestLimits_Doc(t *testing.T) {
	commit := func(field, value string) string {
		h := sha256.Sum256([]byte("salt\x00" + field + "\x00" + value))
		return hex.EncodeToString(h[:])
	}
	l := Limits{Payout: Bound{1, 2}, Ceilings: []Ceiling{{"a", 5}}, Lists: []ListEntry{{"block", "account", "40702810", "r", ""}, {"allow", "inn", "7707", "q", "2026-12-31"}}}
	doc, private := l.Doc(commit)
	if bytes.Contains(doc, []byte("40702810")) || bytes.Contains(doc, []byte("7707\"")) || l.Lists[0].Value != "40702810" {
		t.Errorf("%s", doc)
	}
	back, err := ParseLimits(doc, private, commit)
	if err != nil || fmt.Sprint(back) != fmt.Sprint(l) {
		t.Errorf("%v %+v", err, back)
	}
	none, empty := Limits{}, Limits{Ceilings: []Ceiling{}, Lists: []ListEntry{}}
	d1, p1 := none.Doc(commit)
	d2, p2 := empty.Doc(commit)
	if !bytes.Equal(d1, d2) || !bytes.Equal(p1, p2) || bytes.Contains(d1, []byte("null")) {
		t.Errorf("%s %s", d1, d2)
	}
	if _, err := ParseLimits(d1, p1, commit); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{`["40702811","7707"]`, `["7707","40702810"]`, `["40702810"]`, `["40702810","7707","1"]`, `[]`, `null`, `["",""]`, `x`, `["40702810","7707"]]`} {
		if _, err := ParseLimits(doc, []byte(bad), commit); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	for _, x := range []string{"", "null", "[]", `{"lists":[{"value":"x"}]}`, strings.Replace(string(doc), "list", "lisd", 1), string(doc) + "x", strings.Replace(string(doc), `{`, `{"off":true,`, 1)} {
		if _, err := ParseLimits([]byte(x), private, commit); err == nil {
			t.Errorf("%s is taken", x)
		}
	}
	erased, err := ParseLimits(doc, nil, commit)
	if err != nil || len(erased.Lists) != 2 || erased.Lists[0].Value != "" {
		t.Errorf("%v %+v", err, erased)
	}
	if e, stopped := erased.Listed(Target{Account: commit("list-1", "40702810"), INN: "7707"}, "2026-11-20"); !stopped || e.List != "allow" {
		t.Errorf("an erased list: %+v", e)
	}
}
