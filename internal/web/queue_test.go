package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

// agreed lets d2 agree to everything that d1 proposed.
func agreed(t *testing.T, b *bench, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	ps, err := b.Store.OpenProposals(t.Context(), 10)
	if err != nil || len(ps) == 0 {
		t.Fatal(err, len(ps))
	}
	for _, p := range ps {
		if err := b.App.Accept(t.Context(), b.Who["d2"], p.Kind, p.ID, p.Digest, app.Proof{}); err != nil {
			t.Fatal(err)
		}
	}
}

func plain(page string) string { return strings.ReplaceAll(visible(page), "\u00a0", " ") }

func holds(t *testing.T, page string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(page, w) {
			t.Errorf("no %q in %s", w, page)
		}
	}
}

// The decision page says which rules matched, which of them counts, and who can take each open seat, in both languages.
func TestStanding(t *testing.T) {
	b := newBench(t)
	id := b.Submit(250_000_00)
	b.Approve(id, "a1")
	for tag, w := range map[string][]string{
		"en": {"Why these approvals", "Rules, version 1", "Above 100,000.00 ₽ up to 1,000,000.00 ₽: two approvers", "One approver: Person "},
		"ru": {"Почему столько согласований", "Правила, версия 1", "Больше 100 000,00 ₽ и до 1 000 000,00 ₽ включительно: двое согласующих", "Один согласующий: Person "},
	} {
		x := b.as("a2")
		x.lang = tag
		holds(t, plain(want(t, x.get(where(id, "")), 200)), w...)
	}
	// The administrator sees sums and no decision.
	if page := visible(want(t, b.as("d1").get(where(id, "")), 200)); strings.Contains(page, "Why these approvals") {
		t.Error("an administrator reads the decision panel")
	}
}

// Several rules, an order of steps, a block, limits and a return from the claim: each is said with its rule, its figures and who can act.
func TestStanding_Cases(t *testing.T) {
	b := newBench(t)
	back := b.Submit(150_000_00)
	b.Approve(back, "a1", "a2") // enough by today's rules
	blocked := b.Submit(60_000_00)
	set := approval.DemoRules()
	set.SignAboveMinor = 0
	set.Rules = append(set.Rules,
		approval.Rule{Name: "Большие", When: approval.When{OverMinor: 100_000_00}, Ordered: true,
			Steps: []approval.Step{{Count: 1, Roles: []approval.Role{approval.Approver}}, {Count: 1, Roles: []approval.Role{approval.Senior}}}},
		approval.Rule{Name: "free", When: approval.When{OverMinor: 50_000_00, UpToMinor: 70_000_00, Entry: "free"}, Blocked: "saved_payee"})
	agreed(t, b, b.App.ProposeRules(t.Context(), b.Who["d1"], set, 1, "test"))
	agreed(t, b, b.App.ProposeLimits(t.Context(), b.Who["d1"], approval.Limits{MakerDay: approval.Bound{SoftMinor: 180_000_00, HardMinor: 190_000_00},
		CompanyDay: approval.Bound{HardMinor: 2_000_000_00}, PayeeMonth: approval.Bound{SoftMinor: 500_000_00}}, 0, "test"))
	b.Clock.Add(time.Minute)
	if b.Send() {
		t.Fatal("it left")
	}
	page := plain(want(t, b.as("s1").get(where(back, "")), 200))
	holds(t, page, "The payout came back for approval: rules, sums or limits now ask for more.", "Still counts: Person a.", "Rules, version 2, in force now", "Rules, version 1, in force when it was submitted",
		"“Большие”: Above 100,000.00 ₽: one approver, then one senior approver", "One senior approver: Person s.", "Limits with this payout", "To the payee in a month 150,000.00 ₽; above 500,000.00 ₽ one more approver is needed",
		"By the company in a day 150,000.00 of 2,000,000.00 ₽")
	page = plain(want(t, b.as("a1").get(where(blocked, "")), 200))
	holds(t, page, "Nobody can approve this: save the payee first", "nobody")
	if strings.Contains(page, "Approve 60,000") {
		t.Error("a button that is always refused")
	}
	// An order that has not come to its second step yet; and a limit that this payout passes.
	first := b.Submit(185_000_00)
	page = plain(want(t, b.as("a1").get(where(first, "")), 200))
	holds(t, page, "One senior approver, after the step before it: Person s.", "One more approver than the rules ask for: with it the maker comes to 185,000.00 ₽ in a day, the soft limit is 180,000.00 ₽.",
		"By the maker in a day 185,000.00 of 190,000.00 ₽")
	left := b.SubmitContent("m2", b.Content(49_000_00))
	b.Approve(left, "a1")
	b.Clock.Add(4 * time.Second)
	if !b.Send() {
		t.Fatal("it did not leave")
	}
	page = plain(want(t, b.as("a1").get(where(b.SubmitContent("m2", b.Content(150_000_00)), "")), 200))
	holds(t, page, "The limit is used up (By the maker in a day: 199,000.00 of 190,000.00 ₽)")
	due := b.Content(48_000_00)
	due.DueDate = "2026-12-01"
	page = plain(want(t, b.as("a1").get(where(b.SubmitContent("m2", due), "")), 200))
	holds(t, page, "Leaves not before", "1 Dec", "Reckoned for 1 Dec")
}

// Every code of a hint, a reason and a limit has words in both languages.
func TestDecisionWords(t *testing.T) {
	for _, tag := range []lang.Tag{lang.RU, lang.EN} {
		d := lang.For(tag).Decision()
		for _, h := range app.Hints() {
			if d.HintBold[h] == "" || d.HintText[h] == "" {
				t.Errorf("%s: no words for the hint %s", tag, h)
			}
		}
		for _, y := range []approval.Why{approval.Barred, approval.NoRole, approval.NoStanding, approval.TooNew, approval.Quiet, approval.OverCeiling, approval.OverCap, approval.Blocked,
			approval.Already, approval.NoSeat, approval.Complete} {
			if d.WhyNot[string(y)] == "" || d.Many.Alone[string(y)] == "" {
				t.Errorf("%s: no words for %s", tag, y)
			}
		}
		for _, l := range []string{approval.LimitPayout, approval.LimitMakerDay, approval.LimitPayeeMonth, approval.LimitCompanyDay} {
			if d.Soft[l] == "" || l != approval.LimitPayout && d.ForecastOf[l] == "" {
				t.Errorf("%s: no words for the limit %s", tag, l)
			}
		}
		for _, s := range []string{app.ItemYes, app.ItemLast, app.ItemMoved, app.ItemState, app.ItemAlone} {
			if d.Many.Line[s] == "" {
				t.Errorf("%s: no words for %s", tag, s)
			}
		}
		for _, r := range approval.ServeRules().Rules {
			if w := lang.For(tag).Rules(); w.Names[r.Name] == "" || r.Blocked != "" && w.Reasons[r.Blocked] == "" {
				t.Errorf("%s: no words for the rule %s", tag, r.Name)
			}
		}
	}
}

// The queue is walked without the list: next and previous by their links, and a decision made on the walk opens the next payout; elsewhere it leads to the
// payout decided, as before.
func TestWalk(t *testing.T) {
	b := newBench(t)
	var ids []payout.ID
	for i := range 3 {
		ids = append(ids, b.Submit(100_00+int64(i)*100))
		b.Clock.Add(time.Second)
	}
	x := b.as("a1")
	link := func(page, rel string) string {
		m := regexp.MustCompile(`<a href="([^"]*)" data-queue="` + rel + `"`).FindStringSubmatch(page)
		if m == nil {
			return ""
		}
		return m[1]
	}
	page := want(t, x.get(where(ids[1], "")), 200)
	if link(page, "next") != where(ids[2], "?queue=1") || link(page, "prev") != where(ids[0], "?queue=1") {
		t.Errorf("next %q, prev %q", link(page, "next"), link(page, "prev"))
	}
	if page := want(t, x.get(where(ids[0], "")), 200); link(page, "prev") != "" {
		t.Error("something before the first")
	}
	form := func(page string) url.Values {
		f := url.Values{"digest": {field(t, page, "digest")}, "version": {field(t, page, "version")}}
		if strings.Contains(page, `name="queue"`) {
			f.Set("queue", field(t, page, "queue"))
		}
		return f
	}
	// Not on a walk: 303 to the thing decided.
	rec := x.post(where(ids[1], "/approve"), form(page))
	want(t, rec, http.StatusSeeOther)
	if got := rec.Header().Get("Location"); got != where(ids[1], "") {
		t.Errorf("leads to %s", got)
	}
	// On a walk: the next, which says what became of the one before; the last leads back to the queue.
	page = want(t, x.get(where(ids[0], "?queue=1")), 200)
	rec = x.post(where(ids[0], "/approve"), form(page))
	next := rec.Header().Get("Location")
	if s := b.Get(ids[0]); next != where(ids[2], fmt.Sprintf("?queue=%d", s.Number)) {
		t.Fatalf("leads to %s", next)
	}
	page = want(t, x.get(next), 200)
	if s := b.Get(ids[0]); !strings.Contains(visible(page), fmt.Sprintf("No %d: Approved", s.Number)) {
		t.Errorf("does not say what became of No %d", s.Number)
	}
	f := form(page)
	f.Set("reason", "wrong sum")
	rec = x.post(where(ids[2], "/reject"), f)
	if got := rec.Header().Get("Location"); got != "/approvals" {
		t.Errorf("the end leads to %s", got)
	}
	for _, q := range []string{"x", "0", "-1", "9999999999999", "//evil"} { // never an address, never an error
		want(t, x.get(where(ids[0], "?queue="+url.QueryEscape(q))), 200)
	}
}

// Many at once: the page fixes ids and version codes and shows count, sum, payees; what moves while it is open is named and left out; twice posted is once decided;
// only whoever decided reads the result.
func TestMany(t *testing.T) {
	b := newBench(t)
	a, c, moved := b.Submit(1_000_00), b.Submit(2_000_00), b.Submit(3_000_00)
	x := b.as("a1")
	queue := want(t, x.get("/approvals"), 200)
	for _, id := range []payout.ID{a, c, moved} {
		if !strings.Contains(queue, `name="pick" value="`+string(id)+`"`) {
			t.Errorf("no box for %s", id)
		}
	}
	// Nothing ticked, and nothing that is there any more: the queue again, with what is wrong and no code to quote.
	for word, none := range map[string]url.Values{"Nothing is ticked.": {}, "What you ticked does not await your approval any more.": {"pick": {"nonsense"}}} {
		page := want(t, x.post("/approvals/many", none), http.StatusUnprocessableEntity)
		if s := visible(page); !strings.Contains(s, word) || strings.Contains(s, "tell the code") || strings.Count(page, `name="pick" value="`) != 3 {
			t.Errorf("%v: %s", none, s)
		}
	}
	page := want(t, x.post("/approvals/many", url.Values{"pick": {string(a), string(c), "nonsense"}}), 200)
	if s := visible(page); !strings.Contains(s, "Approve 2 payouts for 3,000.00") {
		t.Error(s)
	}
	page = want(t, x.post("/approvals/many", url.Values{"all": {"1"}}), 200)
	if err := b.App.Edit(t.Context(), b.Who["m1"], moved, 1, app.Entry{Content: b.Content(5_000_00), Submit: true}); err != nil {
		t.Fatal(err)
	}
	f := url.Values{"form": {field(t, page, "form")}, "digest": {field(t, page, "digest")}}
	for _, m := range regexp.MustCompile(`name="i" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		f.Add("i", m[1])
	}
	if len(f["i"]) != 3 {
		t.Fatalf("%d items", len(f["i"]))
	}
	rec := x.post("/approvals/many/decide", f)
	want(t, rec, http.StatusSeeOther)
	to := rec.Header().Get("Location")
	again := x.post("/approvals/many/decide", f)
	if again.Header().Get("Location") != to {
		t.Errorf("twice posted: %s, then %s", to, again.Header().Get("Location"))
	}
	result := visible(want(t, x.get(to), 200))
	for _, w := range []string{"2 of 3 approved, for 3,000.00", "Changed while you looked: not approved", "Approved by you, leaves for the bank"} {
		if !strings.Contains(result, w) {
			t.Errorf("no %q in %s", w, result)
		}
	}
	if s := b.Get(moved); s.State != payout.PendingApproval {
		t.Errorf("the one that moved is %s", s.State)
	}
	want(t, b.as("a2").get(to), http.StatusNotFound)
	swapped := url.Values{"form": {"another"}, "digest": f["digest"], "i": {f["i"][1], f["i"][0], f["i"][2]}}
	want(t, x.post("/approvals/many/decide", swapped), http.StatusUnprocessableEntity)
	want(t, x.post("/approvals/many/decide", url.Values{"form": {"z"}, "digest": {"x"}, "i": {"short"}}), http.StatusUnprocessableEntity)
}

// A list that the bands of its sum keep apart says so, and offers nothing to press.
func TestMany_Sum(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.Submit(90_000_00)
	}
	page := visible(want(t, b.as("a1").post("/approvals/many", url.Values{"all": {"1"}}), 200))
	for _, w := range []string{"3 payouts stay out of the list", "the sum of the list asks for more approvals", "For 270,000.00 ₽ the rules ask for approvals: 2",
		"Together this is 270,000.00 ₽, and for such a sum the rules ask for approvals: 2. Tick fewer payouts, or approve each by itself."} {
		if !strings.Contains(strings.ReplaceAll(page, "\u00a0", " "), w) {
			t.Errorf("no %q in %s", w, page)
		}
	}
	if strings.Contains(page, "Approve 3 payouts") {
		t.Error("a button for nothing")
	}
}

// A browser gets one mark at its first sign-in and keeps it, whoever signs in; an approver in the maker's browser is told.
func TestBrowserMark(t *testing.T) {
	b := newBench(t)
	x := b.browser()
	want(t, b.enter(x, "m1", nil), http.StatusSeeOther)
	mark := x.cookies[browserName]
	if len(mark) < 16 {
		t.Fatalf("mark %q", mark)
	}
	f := documented(token(8))
	rec := x.post("/payouts", f)
	want(t, rec, http.StatusSeeOther)
	path := rec.Header().Get("Location")
	want(t, x.post("/sign-out", nil), http.StatusSeeOther)
	want(t, b.enter(x, "a1", nil), http.StatusSeeOther)
	if x.cookies[browserName] != mark {
		t.Error("another mark for another person")
	}
	const says = "in the very browser that you use now"
	if page := visible(want(t, x.get(path), 200)); !strings.Contains(page, says) {
		t.Errorf("not told: %s", page)
	}
	y := b.browser()
	want(t, b.enter(y, "a2", nil), http.StatusSeeOther)
	if page := visible(want(t, y.get(path), 200)); strings.Contains(page, says) {
		t.Error("told in another browser")
	}
}
