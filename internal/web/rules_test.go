package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
)

// formOfPage reads every field of the settings form of a page, as a browser would send it.
func formOfPage(t *testing.T, page string) url.Values {
	t.Helper()
	i := strings.Index(page, `data-testid="settings-form"`)
	if i < 0 {
		t.Fatal("no form on the page: ", seenText(page)[:min(800, len(seenText(page)))])
	}
	page = page[i:]
	page = page[:strings.Index(page, "</form>")]
	v := url.Values{}
	attr := func(tag, name string) (string, bool) {
		m := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
		if m == nil {
			return "", false
		}
		return html.UnescapeString(m[1]), true
	}
	for _, tag := range regexp.MustCompile(`<input[^>]*>`).FindAllString(page, -1) {
		name, _ := attr(tag, "name")
		value, _ := attr(tag, "value")
		if strings.Contains(tag, `type="checkbox"`) && !strings.Contains(tag, " checked") {
			continue
		}
		v.Set(name, value)
	}
	for _, m := range regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(page, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<select[^>]* name="([^"]*)".*?</select>`).FindAllStringSubmatch(page, -1) {
		value := ""
		for i, o := range regexp.MustCompile(`<option[^>]*>`).FindAllString(m[0], -1) {
			if x, _ := attr(o, "value"); i == 0 || strings.Contains(o, " selected") {
				value = x
			}
		}
		v.Set(m[1], value)
	}
	return v
}

// seenText is visible with plain spaces.
func seenText(page string) string { return strings.ReplaceAll(visible(page), "\u00a0", " ") }

// openChange is the open version of a subject.
func (b *bench) openChange(kind approval.Kind, id string) app.Proposal {
	b.t.Helper()
	ps, err := b.Store.Proposals(b.t.Context(), kind, id, 1)
	if err != nil || len(ps) == 0 {
		b.t.Fatal(err, len(ps))
	}
	return ps[0]
}

func digestOf(p app.Proposal) url.Values {
	return url.Values{"digest": {p.Digest}, "version": {strconv.Itoa(p.Version)}}
}

// TestRulesForm: the form of the set in force says the same set again; its buttons add and remove rules, steps and sums without losing anything that was
// typed, right or wrong; each mistake stands at its field. Nothing here needs a script.
func TestRulesForm(t *testing.T) {
	b := newBench(t)
	x := b.as("d1")
	page := want(t, x.get("/settings/rules/edit"), 200)
	v := formOfPage(t, page)
	v.Set("do", "submit")
	if s := seenText(want(t, x.post("/settings/rules", v), 422)); !strings.Contains(s, "in force already") {
		t.Errorf("unchanged: %s", s)
	}
	// Adding keeps what is typed, mistakes included.
	v.Set("name", "My own rules")
	v.Set("rule-1-upto", "12 00x")
	v.Set("rule-2-people-1", "Nobody Known")
	v.Set("do", "add-rule")
	page = want(t, x.post("/settings/rules", v), 200)
	v = formOfPage(t, page)
	if v.Get("name") != "My own rules" || v.Get("rule-1-upto") != "12 00x" || v.Get("rule-2-people-1") != "Nobody Known" || v.Get("rules") != "4" {
		t.Fatalf("something typed was lost: %v", v)
	}
	v.Set("rule-4-name", "Evening <b>")
	v.Set("rule-4-count-1", "0")
	v.Set("rule-4-role-1", "")
	v.Set("do", "submit")
	page = want(t, x.post("/settings/rules", v), 422)
	for _, at := range []string{"rule-1-amount", "rule-2-people-1", "rule-4-count-1", "rule-4-who-1"} {
		if !strings.Contains(page, `data-error="`+at+`"`) {
			t.Errorf("nothing is said at %s", at)
		}
	}
	if !strings.Contains(seenText(page), "no payout can go without an approval") || strings.Contains(page, "Evening <b>") || !strings.Contains(page, `href="#rule-4-count-1"`) {
		t.Errorf("the floor is not said, or typed text is not escaped: %s", seenText(page))
	}
	v = formOfPage(t, page)
	for _, do := range []string{"add-step-4", "add-sum-4", "add-sum-4", "remove-sum-4-1", "remove-step-4-1"} {
		v.Set("do", do)
		v = formOfPage(t, want(t, x.post("/settings/rules", v), 200))
	}
	if v.Get("rule-4-steps") != "1" || v.Get("rule-4-sums") != "1" || v.Get("rule-4-name") != "Evening <b>" || v.Get("rule-1-upto") != "12 00x" {
		t.Fatalf("%v", v)
	}
	// Buttons that mean nothing, and counts beyond every bound, do no harm.
	for _, do := range []string{"remove-rule-99", "remove-step-0-0", "add-step-", "x"} {
		v.Set("do", do)
		x.post("/settings/rules", v)
	}
	huge := url.Values{"rules": {"99999999"}, "do": {"submit"}, "rule-1-steps": {"-5"}}
	want(t, x.post("/settings/rules", huge), 422)
	// And now it is right.
	for k, s := range map[string]string{"rule-1-upto": "100 000,00", "rule-2-people-1": "", "rule-4-name": "Large sums of a day", "rule-4-of-1": "maker", "rule-4-per-1": "day", "rule-4-sum-1": "500 000", "rule-4-count-1": "1", "rule-4-role-1": "senior",
		"rule-4-makers": "Person m1, m2@x.test", "rule-4-over": "1000", "reason": "The auditors asked"} {
		v.Set(k, s)
	}
	v.Set("do", "check")
	page = want(t, x.post("/settings/rules", v), 200)
	if s := seenText(page); !strings.Contains(s, "Above 1,000.00 ₽, maker: Person m., Person m., the maker’s sum of the day above 500,000.00 ₽: one senior approver") {
		t.Errorf("the rule is not said in words: %s", s)
	}
	v = formOfPage(t, page)
	v.Set("do", "submit")
	rec := x.post("/settings/rules", v)
	want(t, rec, http.StatusSeeOther)
	if to := rec.Header().Get("Location"); to != "/changes/rules/rules" {
		t.Errorf("leads to %s", to)
	}
	p := b.openChange(approval.Rules, app.RulesID)
	s, err := approval.ParseRuleSet(p.Doc)
	if err != nil || len(s.Rules) != 4 || s.Name != "My own rules" || s.Rules[0].Name != "band-1" || s.Rules[3].When.Sums[0].OverMinor != 500_000_00 || len(s.Rules[3].When.Makers) != 2 {
		t.Errorf("%v %+v", err, s)
	}
	// A second one waits for the first.
	want(t, x.post("/settings/rules", v), http.StatusConflict)
	// Makers may read, and only read.
	want(t, b.as("m1").get("/settings/rules/edit"), http.StatusForbidden)
	want(t, b.as("m1").post("/settings/rules", v), http.StatusForbidden)
}

// TestRulesRound: whatever a set says comes through the form unchanged.
func TestRulesRound(t *testing.T) {
	b := newBench(t)
	m1, a1, a2 := b.Who["m1"].Person, b.Who["a1"].Person, b.Who["a2"].Person
	set := approval.ServeRules()
	set.Name, set.StepUpAboveMinor, set.FactorNeeded = "round", 50_000_01, false // else they would have to set one up first
	set.Rules = append(set.Rules, approval.Rule{Name: "all", Ordered: true, Steps: []approval.Step{{Count: 2, People: []string{a1, a2}}, {Count: 1, Roles: []approval.Role{approval.Senior}, Groups: []string{"night", "day shift"}}},
		When: approval.When{OverMinor: 7, UpToMinor: 8_000_00, Entry: "saved", PayeeGroups: []string{"rent"}, First: true, ChangedDays: 30, Makers: []string{m1}, MakerGroups: []string{"north"}, Sources: []string{"desk"},
			Sums: []approval.SumOver{{Of: "payee", Per: "month", OverMinor: 1}, {Of: "company", Per: "day", OverMinor: 99}}}},
		approval.Rule{Name: "never", When: approval.When{OverMinor: 1 << 40}, Blocked: "too large for us"})
	if err := b.App.ProposeRules(t.Context(), b.Who["d1"], set, 1, "first"); err != nil {
		t.Fatal(err, fault.As(err))
	}
	p := b.openChange(approval.Rules, app.RulesID)
	if err := b.App.Accept(t.Context(), b.Who["d2"], approval.Rules, app.RulesID, p.Digest, app.Proof{}); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"en", "ru"} {
		x := b.as("d1")
		x.lang = tag
		v := formOfPage(t, want(t, x.get("/settings/rules/edit"), 200))
		v.Set("name", "round "+tag)
		v.Set("do", "submit")
		want(t, x.post("/settings/rules", v), http.StatusSeeOther)
		p := b.openChange(approval.Rules, app.RulesID)
		got, err := approval.ParseRuleSet(p.Doc)
		if err != nil {
			t.Fatal(err)
		}
		was := set
		was.Name = "round " + tag
		if string(got.Doc()) != string(was.Doc()) {
			t.Errorf("%s: it came back as\n%s\nwant\n%s", tag, got.Doc(), was.Doc())
		}
		if err := b.App.Withdraw(t.Context(), b.Who["d1"], approval.Rules, app.RulesID, p.Digest); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRulesLife: proposed, seen old beside new by whoever decides, counted in their rail, approved, in force, and gone back from; nobody approves their
// own; a page that is out of date gets 409 with the difference.
func TestRulesLife(t *testing.T) {
	b := newBench(t)
	d1, d2 := b.as("d1"), b.as("d2")
	v := formOfPage(t, want(t, d1.get("/settings/rules/edit"), 200))
	v.Set("rule-1-upto", "50 000,00")
	v.Set("rule-2-over", "50 000,00")
	v.Set("reason", "Less for one person")
	v.Set("do", "submit")
	want(t, d1.post("/settings/rules", v), http.StatusSeeOther)
	first := b.openChange(approval.Rules, app.RulesID)
	page := want(t, d2.get("/approvals"), 200)
	if !strings.Contains(page, `data-testid="proposals"`) || !regexp.MustCompile(`data-count="approvals"[^>]*>\s*1\s*<`).MatchString(page) {
		t.Error("the queue of an administrator does not show it: ", seenText(page))
	}
	if page := want(t, d1.get("/approvals"), 200); strings.Contains(page, `data-testid="proposals"`) || !strings.Contains(page, `data-testid="proposals-others"`) {
		t.Error("its proposer is asked")
	}
	page = want(t, d2.get("/changes/rules/rules"), 200)
	s := seenText(page)
	for _, part := range []string{"Less for one person", "Up to 100,000.00 ₽: one approver", "Up to 50,000.00 ₽: one approver", "Above 50,000.00 ₽ up to 1,000,000.00 ₽: two approvers", "With your approval it takes effect at once"} {
		if !strings.Contains(s, part) {
			t.Errorf("the page does not say %q: %s", part, s)
		}
	}
	if !strings.Contains(page, first.Digest) || strings.Contains(page, "withdraw") {
		t.Error("no digest, or somebody else may withdraw")
	}
	href := "/changes/rules/rules"
	want(t, d1.post(href+"/approve", digestOf(first)), http.StatusForbidden)
	want(t, d2.post(href+"/approve", nil), 422)
	if page := want(t, d2.post(href+"/reject", digestOf(first)), 422); !strings.Contains(page, `data-error="reason"`) {
		t.Error("no reason was asked for")
	}
	// It is withdrawn and another one is made while the page is open.
	want(t, d1.post(href+"/withdraw", digestOf(first)), http.StatusSeeOther)
	v.Set("rule-1-upto", "70 000,00")
	v.Set("rule-2-over", "70 000,00")
	want(t, d1.post("/settings/rules", v), http.StatusSeeOther)
	page = want(t, d2.post(href+"/approve", digestOf(first)), http.StatusConflict)
	if s := seenText(page); !strings.Contains(s, "changed while the page was open") || !strings.Contains(s, "Up to 50,000.00 ₽: one approver Up to 70,000.00 ₽: one approver") {
		t.Errorf("no difference: %s", s)
	}
	second := b.openChange(approval.Rules, app.RulesID)
	if rec := d2.post(href+"/approve", digestOf(second)); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != href+"?version=3" {
		t.Errorf("%d to %s", rec.Code, rec.Header().Get("Location"))
	}
	want(t, d2.post(href+"/approve", digestOf(second)), http.StatusSeeOther) // pressed twice
	want(t, b.as("s1").post(href+"/approve", digestOf(second)), http.StatusConflict)
	page = want(t, b.as("m1").get("/settings/rules"), 200)
	if s := seenText(page); !strings.Contains(s, "Up to 70,000.00 ₽: one approver") || !strings.Contains(s, "Version 3 is in force") || !strings.Contains(s, "Approved by: Person d.") {
		t.Errorf("%s", s)
	}
	// Ended ones can be read, and gone back to.
	for _, n := range []string{"1", "2", "3"} {
		want(t, b.as("u1").get("/settings/rules/versions/"+n), 200)
		want(t, b.as("u1").get(href+"?version="+n), 200)
	}
	want(t, b.as("u1").get("/settings/rules/versions/9"), 404)
	v = formOfPage(t, want(t, d2.get("/settings/rules/edit?from=1"), 200))
	if v.Get("version") != "3" || v.Get("rule-1-upto") != "100,000.00" {
		t.Errorf("version 1 as a proposal: %v", v)
	}
	v.Set("do", "submit")
	want(t, d2.post("/settings/rules", v), http.StatusSeeOther)
	// A proposal that was made over another version is told so.
	v.Set("version", "2")
	want(t, d1.post("/settings/rules", v), http.StatusConflict)
}

// TestRulesDeadlock: rules under which somebody's payouts could be approved by nobody are refused with a sentence that names the maker, the amount, the rule
// and who is missing; so is a ceiling that does the same.
func TestRulesDeadlock(t *testing.T) {
	b := newBench(t)
	x := b.as("d1")
	v := formOfPage(t, want(t, x.get("/settings/rules/edit"), 200))
	v.Set("rule-3-count-2", "2")
	v.Set("do", "submit")
	page := want(t, x.post("/settings/rules", v), 422)
	if s := seenText(page); !strings.Contains(s, "Nobody can approve a payout by Person m. above 1,000,000.00 ₽: the rule “Third band” needs two senior approvers who did not enter it; people missing today: 1.") {
		t.Errorf("%s", s)
	}
	x.lang = "ru"
	page = want(t, x.post("/settings/rules", v), 422)
	if s := seenText(page); !strings.Contains(s, "по правилу «Третья ступень» нужно: двое старших согласующих, кроме инициатора; не хватает людей: 1") {
		t.Errorf("%s", s)
	}
	x.lang = "en"
	v = formOfPage(t, want(t, x.get("/settings/limits/edit"), 200))
	v.Set("do", "add-ceiling")
	v = formOfPage(t, want(t, x.post("/settings/limits", v), 200))
	v.Set("ceiling-1-person", "Person s1")
	v.Set("ceiling-1", "2 000 000")
	v.Set("do", "submit")
	page = want(t, x.post("/settings/limits", v), 422)
	if s := seenText(page); !strings.Contains(s, "above 2,000,000.00 ₽: the rule “Third band”") {
		t.Errorf("%s", s)
	}
	// What nobody can decide today stands on the page of the rules.
	if page := want(t, x.get("/settings/rules"), 200); !strings.Contains(seenText(page), "everything can be decided") {
		t.Error(seenText(page))
	}
	if err := b.App.SuspendPerson(t.Context(), b.Who["d1"], b.Who["s1"].Person, "left"); err != nil {
		t.Fatal(err)
	}
	if s := seenText(want(t, x.get("/settings/rules"), 200)); !strings.Contains(s, "above 1,000,000.00 ₽: the rule “Third band” needs") {
		t.Errorf("%s", s)
	}
}

// TestLimitsForm: limits, ceilings and lists through the form; whole values are seen by whoever proposes and decides, by others the last four.
func TestLimitsForm(t *testing.T) {
	b := newBench(t)
	x := b.as("d1")
	const account = "40817810100000270411"
	if err := addApprover(b); err != nil { // with three, one of them may have a ceiling
		t.Fatal(err)
	}
	v := formOfPage(t, want(t, x.get("/settings/limits/edit"), 200))
	for _, do := range []string{"add-ceiling", "add-entry", "add-entry"} {
		v.Set("do", do)
		v = formOfPage(t, want(t, x.post("/settings/limits", v), 200))
	}
	v.Set("payout_soft", "500 000")
	v.Set("payout_hard", "400 000")
	v.Set("list-1-value", "40817 810 1 0000 0270411")
	v.Set("list-2-until", "31.02.2027")
	v.Set("do", "submit")
	page := want(t, x.post("/settings/limits", v), 422)
	for _, at := range []string{"payout_soft", "ceiling-1", "list-1-reason", "list-2-value", "list-2-until"} {
		if !strings.Contains(page, `data-error="`+at+`"`) {
			t.Errorf("nothing is said at %s", at)
		}
	}
	v = formOfPage(t, page)
	if v.Get("list-1-value") != "40817 810 1 0000 0270411" {
		t.Error("typed text was lost")
	}
	for k, s := range map[string]string{"payout_soft": "", "payout_hard": "5 000 000", "company_day_hard": "9 000 000,00", "ceiling-1-person": "a1@x.test", "ceiling-1": "100 000", "list-1-reason": "Fraud", "list-2-what": "bik", "list-2-value": "044525225", "list-2-reason": "Moved", "list-2-until": "31.12.2026"} {
		v.Set(k, s)
	}
	v.Set("do", "submit")
	want(t, x.post("/settings/limits", v), http.StatusSeeOther)
	p := b.openChange(approval.Limit, app.LimitsID)
	if strings.Contains(string(p.Doc), account) || !strings.Contains(string(p.Private), account) {
		t.Error("the account stands in the document")
	}
	for who, whole := range map[string]bool{"d1": true, "d2": true, "s1": true, "u1": false} {
		page := want(t, b.as(who).get("/changes/limits/limits"), 200)
		if strings.Contains(seenText(page), account) != whole {
			t.Errorf("%s sees the account: %v", who, !whole)
		}
		if !strings.Contains(seenText(page), "100,000.00") {
			t.Errorf("%s: %s", who, seenText(page))
		}
	}
	// The one whose ceiling moves may not decide; here the approver could not anyway, the senior can.
	want(t, b.as("s1").post("/changes/limits/limits/approve", digestOf(p)), http.StatusSeeOther)
	page = want(t, b.as("u1").get("/settings/limits"), 200)
	if s := seenText(page); strings.Contains(s, account) || !strings.Contains(s, "0411") || !strings.Contains(s, "5,000,000.00") || !strings.Contains(s, "044525225") {
		t.Errorf("%s", s)
	}
	want(t, b.as("m1").get("/settings/limits"), http.StatusForbidden)
	// The same again is nothing new.
	v = formOfPage(t, want(t, x.get("/settings/limits/edit"), 200))
	v.Set("do", "submit")
	if s := seenText(want(t, x.post("/settings/limits", v), 422)); !strings.Contains(s, "in force already") {
		t.Errorf("%s", s)
	}
	for _, at := range []string{"/settings/limits/versions/1", "/changes/limits/limits?version=1"} {
		want(t, x.get(at), 200)
	}
	want(t, x.get("/settings/limits/versions/7"), 404)
	if page := want(t, b.as("m1").get("/changes/limits/limits"), 404); strings.Contains(page, "5,000,000") {
		t.Error("a maker sees limits")
	}
}

// TestExpiresTomorrow: from the day before, the queue and the page say that an approval expires, for proposals and for payouts, which count from their due day.
func TestExpiresTomorrow(t *testing.T) {
	b := newBench(t)
	x := b.as("d1")
	v := formOfPage(t, want(t, x.get("/settings/rules/edit"), 200))
	v.Set("name", "other")
	v.Set("do", "submit")
	want(t, x.post("/settings/rules", v), http.StatusSeeOther)
	id := b.Submit(100_00)
	at := 0
	for _, c := range []struct {
		days int
		say  string
	}{{12, ""}, {13, "expires tomorrow at 12:00"}, {14, "expires today at 12:00"}} {
		b.Clock.Add(time.Duration(c.days-at) * 24 * time.Hour)
		at = c.days
		for where, who := range map[string]string{"/changes/rules/rules": "d2", "/approvals": "d2", "/payouts/" + string(id): "a1"} {
			s := seenText(want(t, b.as(who).get(where), 200))
			if has := strings.Contains(s, "pproval expires t"); has != (c.say != "") || c.say != "" && !strings.Contains(s, c.say) {
				t.Errorf("day %d, %s: want %q: %s", c.days, where, c.say, s)
			}
		}
		page := want(t, b.as("a1").get("/approvals"), 200)
		page = page[strings.Index(page, `data-testid="queue"`):strings.Index(page, `data-testid="others"`)]
		if s := seenText(page); strings.Contains(s, "pproval expires t") != (c.say != "") {
			t.Errorf("day %d, the queue: %s", c.days, s)
		}
	}
}

// TestHaltMoved: the yes of a page that was open since an earlier stop does not count for the next one, whose reason its reader has not seen. Promise 6.
func TestHaltMoved(t *testing.T) {
	b := newBench(t)
	a1, a2, d1 := b.as("a1"), b.as("a2"), b.as("d1")
	want(t, a1.post("/halt", url.Values{"reason": {"lunch"}}), http.StatusSeeOther)
	m := regexp.MustCompile(`name="stop" value="(\d+)"`).FindStringSubmatch(want(t, a2.get("/halt"), 200))
	if m == nil {
		t.Fatal("the form does not name its stop")
	}
	old := url.Values{"stop": {m[1]}}
	want(t, b.as("d2").post("/halt/release", old), http.StatusSeeOther)
	want(t, d1.post("/halt/release", old), http.StatusSeeOther)
	want(t, a1.post("/halt", url.Values{"reason": {"the bank's keys are out"}}), http.StatusSeeOther)
	page := want(t, a2.post("/halt/release", old), http.StatusConflict)
	if s := seenText(page); !strings.Contains(s, "Sending was stopped anew") || !strings.Contains(s, "keys are out") {
		t.Error(s)
	}
	for _, v := range []string{"0", "-1", "x"} {
		want(t, a2.post("/halt/release", url.Values{"stop": {v}}), http.StatusConflict)
	}
	if desk, err := b.App.Desk(t.Context()); err != nil || len(desk.Released) > 0 {
		t.Fatalf("it counted: %v %v", desk.Released, err)
	}
	now := url.Values{"stop": {regexp.MustCompile(`name="stop" value="(\d+)"`).FindStringSubmatch(page)[1]}}
	want(t, a2.post("/halt/release", now), http.StatusSeeOther)
	want(t, d1.post("/halt/release", now), http.StatusSeeOther)
	if b.Halted() {
		t.Error("two people who saw the stop said yes, and it stands")
	}
}

// TestHaltBack: the first yes to resuming can be taken back on the page.
func TestHaltBack(t *testing.T) {
	b := newBench(t)
	a1, d1 := b.as("a1"), b.as("d1")
	want(t, d1.post("/halt", url.Values{"reason": {"strange"}}), http.StatusSeeOther)
	want(t, a1.post("/halt/release", nil), http.StatusSeeOther)
	page := want(t, a1.get("/halt"), 200)
	if !strings.Contains(page, `action="/halt/back"`) {
		t.Fatal("no way back: ", seenText(page))
	}
	want(t, a1.post("/halt/back", nil), http.StatusSeeOther)
	want(t, a1.post("/halt/back", nil), http.StatusConflict)
	page = want(t, a1.get("/halt"), 200)
	if !strings.Contains(page, `data-testid="release"`) || !strings.Contains(seenText(page), "Consent to resume sending taken back") {
		t.Error(seenText(page))
	}
	for _, tag := range []string{"en", "ru"} {
		d1.lang = tag
		for _, at := range []string{"/halt", "/history", "/settings/rules", "/settings/limits"} {
			want(t, d1.get(at), 200)
		}
	}
}
