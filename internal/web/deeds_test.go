package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/payout"
)

// Every kind of fault has an answer, and a defect is 500 with a code and no detail.
func TestStatuses(t *testing.T) {
	for _, k := range fault.Kinds() {
		if statuses[k] == 0 {
			t.Errorf("%s has no answer", k)
		}
	}
	if len(statuses) != len(fault.Kinds()) {
		t.Error("an answer too many")
	}
	if statusOf(errors.New("x")) != 500 || statusOf(fault.Bad("a", "b")) != 422 || statusOf(fault.List{fault.Bad("a", "b")}) != 422 {
		t.Error("statusOf")
	}
	b := newBench(t)
	b.web.echo.Add("GET", "/boom", b.web.guard(route{"GET", "/boom", public, page, func(*Web, *req) error { panic("secret detail") }}))
	b.web.echo.Add("GET", "/bang", b.web.guard(route{"GET", "/bang", public, page, func(*Web, *req) error { return errors.New("secret detail") }}))
	for _, p := range []string{"/boom", "/bang"} {
		page := want(t, b.as("a1").get(p), http.StatusInternalServerError)
		if strings.Contains(page, "secret") || !regexp.MustCompile(`data-code="[0-9a-f]{8}"`).MatchString(page) {
			t.Error(visible(page))
		}
	}
}

// Two presses, Enter twice, a repeat by the back button: one payout.
func TestEnter_Twice(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	page := want(t, x.get("/payouts/new"), 200)
	f := documented(field(t, page, "form"))
	one, two := x.post("/payouts", f), x.post("/payouts", f)
	want(t, one, http.StatusSeeOther)
	want(t, two, http.StatusSeeOther)
	if one.Header().Get("Location") != two.Header().Get("Location") || len(b.Payouts()) != 1 {
		t.Errorf("%q %q", one.Header().Get("Location"), two.Header().Get("Location"))
	}
	q := x.request("POST", "/payouts", f)
	q.Header.Set("HX-Request", "true")
	rec := x.do(q)
	want(t, rec, http.StatusNoContent)
	if rec.Header().Get("HX-Location") != one.Header().Get("Location") {
		t.Error(rec.Header())
	}
}

// What is refused comes back at its field with everything that was typed.
func TestEnter_Refused(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	for _, c := range []struct{ field, value, at string }{
		{"account", "408178101", "account"}, {"account", "40817840100000270411", "account"}, {"account", "30101810100000270411", "account"}, {"bik", "04452597", "bik"},
		{"description", "Срочно!", "description"}, {"description", strings.Repeat("д", 211), "description"}, {"full_name", "", "full_name"}, {"full_name", strings.Repeat("Д", 161), "full_name"},
		{"full_name", "Иванов\u202e Иван", "full_name"}, {"amount", "-5", "amount"}, {"amount", "0", "amount"}, {"amount", "1,234", "amount"}, {"amount", "1.000", "amount"}, {"amount", "1e5", "amount"},
		{"amount", "10,001", "amount"}, {"amount", "١٢٣", "amount"}, {"amount", "99999999999999999999", "amount"}, {"inn", "123", "inn"}, {"kpp", "1", "kpp"}, {"own_ref", strings.Repeat("1", 41), "own_ref"},
		{"currency", "USD", "currency"},
	} {
		f := documented(token(8))
		f.Set(c.field, c.value)
		page := want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
		if !strings.Contains(page, `data-error="`+c.at+`"`) {
			t.Errorf("%s=%.20q: no error there", c.field, c.value)
		}
		if c.field != "currency" && c.field != "description" && field(t, page, c.field) != c.value {
			t.Errorf("%s=%.20q came back as %q", c.field, c.value, field(t, page, c.field))
		}
		if field(t, page, "form") != f.Get("form") {
			t.Error("the form's own token changed")
		}
	}
	if len(b.Payouts()) != 0 {
		t.Error("something was stored")
	}
	// Both readings of an amount as buttons; pressing one saves nothing and puts it in.
	f := documented(token(8))
	f.Set("amount", "1.000")
	page := want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
	if strings.Count(page, `name="reading"`) != 2 {
		t.Error("not two readings")
	}
	f.Del("do")
	f.Set("reading", "1000.00")
	if page := want(t, x.post("/payouts", f), 200); field(t, page, "amount") != "1000.00" {
		t.Error("the reading was not put in")
	}
	f.Set("insert", "НДС не облагается")
	f.Set("description", "За работу.")
	f.Del("reading")
	if page := want(t, x.post("/payouts", f), 200); !strings.Contains(page, "За работу. НДС не облагается</textarea>") {
		t.Error("the words were not put in")
	}
	if len(b.Payouts()) != 0 {
		t.Error("a press stored something")
	}
	// A draft takes anything.
	f = url.Values{"form": {token(8)}, "full_name": {"кто-то"}, "amount": {"сто"}, "do": {"draft"}}
	rec := x.post("/payouts", f)
	want(t, rec, http.StatusSeeOther)
	if page := want(t, x.get(rec.Header().Get("Location")+"/edit"), 200); field(t, page, "amount") != "сто" {
		t.Error("a draft lost what was typed")
	}
	want(t, x.get(rec.Header().Get("Location")), 200)
}

// An unticked warning keeps the draft and asks for the tick; a payout like one that is open is refused with its number.
func TestEnter_Warnings(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	f := documented(token(8))
	f.Del("ack")
	page := want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="ack"`) || !strings.Contains(page, `value="account_key"`) {
		t.Error("no tick is asked for")
	}
	if len(b.Payouts()) != 1 || b.Get(b.Payouts()[0]).State != payout.Draft {
		t.Fatal("no draft was kept")
	}
	id := b.Payouts()[0]
	f.Set("ack", "account_key")
	f.Set("version", field(t, page, "version"))
	want(t, x.post(where(id, "/edit"), f), http.StatusSeeOther)
	if s := b.Get(id); s.State != payout.PendingApproval || s.Version != 1 {
		t.Errorf("%s, version %d", s.State, s.Version)
	}
	// The same again: looks like a repeat, with a link; ticked it goes through.
	f = documented(token(8))
	page = want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `value="duplicate"`) || !strings.Contains(page, where(id, "")) {
		t.Error("no link to the payout that it repeats")
	}
	// At the bank it is no warning any more.
	b.Approve(id, "a1")
	b.Clock.Add(4 * time.Second)
	if o := b.Claim(); o == nil {
		t.Fatal("not claimed")
	}
	f = documented(token(8))
	f.Add("ack", "duplicate")
	page = want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="form"`) || !strings.Contains(page, where(id, "")) {
		t.Error(visible(page))
	}
	// Live help says the same and stores nothing.
	n := len(b.Payouts())
	page = want(t, x.post("/payouts/check", f), 200)
	if !strings.Contains(page, "hx-swap-oob") || len(b.Payouts()) != n {
		t.Error(page)
	}
}

// Approving is exactly as design.md "Answers" has it.
func TestApprove_Answers(t *testing.T) {
	b := newBench(t)
	must(t, addApprover(b)) // a fourth approver, no senior: somebody without a place when only the senior is missing
	id := b.Submit(250_000_00)
	digest := string(b.Get(id).Digest)
	ok := url.Values{"digest": {digest}}
	a1 := b.as("a1")
	page := want(t, a1.get(where(id, "")), 200)
	if field(t, page, "digest") != digest || !strings.Contains(page, `data-testid="approve"`) {
		t.Error("no form to approve with")
	}
	want(t, a1.post(where(id, "/approve"), nil), http.StatusUnprocessableEntity)
	want(t, a1.post(where(id, "/approve"), url.Values{"digest": {strings.Repeat("0", 64)}}), http.StatusConflict)
	want(t, b.as("m1").post(where(id, "/approve"), ok), http.StatusForbidden)
	want(t, b.as("m2").post(where(id, "/approve"), ok), http.StatusForbidden)
	want(t, a1.post(where(id, "/approve"), ok), http.StatusSeeOther)
	d, err := b.App.Desk(t.Context())
	must(t, err)
	want(t, a1.post(where(id, "/approve"), ok), http.StatusSeeOther)
	if e, _ := b.App.Desk(t.Context()); e.Seq != d.Seq {
		t.Error("a second event")
	}
	a2 := b.as("a2")
	want(t, a2.post(where(id, "/approve"), ok), http.StatusSeeOther)
	if page := want(t, a2.get(where(id, "")), 200); !strings.Contains(page, `data-held="countdown"`) || !strings.Contains(page, `data-testid="back"`) {
		t.Error("no countdown, or no way back")
	}
	want(t, b.as("s1").post(where(id, "/approve"), ok), http.StatusConflict) // not pending any more
	want(t, a2.post(where(id, "/back"), ok), http.StatusSeeOther)
	want(t, a2.post(where(id, "/back"), ok), http.StatusConflict)

	// Only the senior is missing: whoever fills no open place is told who can.
	big := b.Submit(2_000_000_00)
	b.Approve(big, "a1", "a2")
	must(t, b.App.TakeBack(t.Context(), b.Who["a2"], big, b.Get(big).Digest))
	b.Approve(big, "a2")
	c := b.Content(5_000_000_00)
	c.FullName = "Иванов Пётр"
	third := b.SubmitContent("m2", c)
	b.Approve(third, "a1", "a2")
	who := b.as("a3")
	page = want(t, who.post(where(third, "/approve"), url.Values{"digest": {string(b.Get(third).Digest)}}), http.StatusForbidden)
	if !strings.Contains(page, "Person s1") {
		t.Error(visible(page))
	}
}

// A version that moved meanwhile: nothing is stored, the difference is shown, what was typed is there to copy.
func TestStale(t *testing.T) {
	b := newBench(t)
	id := b.Submit(100_00)
	old := b.Get(id)
	m1, m2, a1 := b.as("m1"), b.as("m2"), b.as("a1")
	edit := documented("")
	edit.Set("version", "1")
	edit.Set("amount", "120,50")
	edit.Set("do", "draft")
	want(t, m2.post(where(id, "/edit"), edit), http.StatusSeeOther)
	edit.Set("full_name", "Кто-то другой")
	page := want(t, m1.post(where(id, "/edit"), edit), http.StatusConflict)
	if !strings.Contains(page, `data-testid="difference"`) || !strings.Contains(page, "Кто-то другой") || !strings.Contains(page, "120.50") {
		t.Error(visible(page))
	}
	page = want(t, a1.post(where(id, "/approve"), url.Values{"digest": {string(old.Digest)}}), http.StatusConflict)
	if !strings.Contains(page, `data-testid="difference"`) || !strings.Contains(page, "<del>100.00</del>") {
		t.Error(visible(page))
	}
	want(t, a1.post(where(id, "/reject"), url.Values{"digest": {string(old.Digest)}, "reason": {"нет"}}), http.StatusConflict)
	if s := b.Get(id); s.State != payout.Draft || s.Version != 2 {
		t.Errorf("%s %d", s.State, s.Version)
	}
	want(t, m1.post(where(id, "/submit"), url.Values{"version": {"1"}}), http.StatusConflict)
	page = want(t, m1.post(where(id, "/submit"), url.Values{"version": {"2"}}), http.StatusUnprocessableEntity) // account_key
	if !strings.Contains(page, `data-error="ack"`) {
		t.Error(visible(page))
	}
	want(t, m1.post(where(id, "/submit"), url.Values{"version": {"2"}, "ack": {"account_key"}}), http.StatusSeeOther)
	for _, v := range []string{"1", "2"} {
		want(t, a1.get(where(id, "/versions/"+v)), 200)
	}
	want(t, a1.get(where(id, "/versions/3")), http.StatusNotFound)
}

// A reason is asked for where one is needed, at its field, and what was written stays.
func TestReasons_Needed(t *testing.T) {
	b := newBench(t)
	id := b.Submit(100_00)
	form := url.Values{"digest": {string(b.Get(id).Digest)}, "version": {"1"}}
	a1, m1 := b.as("a1"), b.as("m1")
	for _, p := range []string{"/changes", "/reject"} {
		if page := want(t, a1.post(where(id, p), form), http.StatusUnprocessableEntity); !strings.Contains(page, `data-error="reason"`) {
			t.Errorf("%s: no error at the reason", p)
		}
	}
	if page := want(t, m1.post(where(id, "/cancel"), form), http.StatusUnprocessableEntity); !strings.Contains(page, `data-error="reason"`) {
		t.Error("cancel")
	}
	long := url.Values{"digest": form["digest"], "reason": {strings.Repeat("я", 501)}}
	if page := want(t, a1.post(where(id, "/reject"), long), http.StatusUnprocessableEntity); !strings.Contains(page, strings.Repeat("я", 501)) {
		t.Error("what was written is gone")
	}
	form.Set("reason", "дубль")
	want(t, a1.post(where(id, "/changes"), form), http.StatusSeeOther)
	if page := visible(want(t, m1.get(where(id, "")), 200)); !strings.Contains(page, "дубль") {
		t.Error(page)
	}
	want(t, m1.post(where(id, "/cancel"), form), http.StatusSeeOther)
	want(t, m1.post(where(id, "/cancel"), form), http.StatusConflict)
	if b.Get(id).State != payout.Cancelled {
		t.Error(b.Get(id).State)
	}
}

// One stops, two others resume; the bar stands on every page meanwhile.
func TestHalt(t *testing.T) {
	b := newBench(t)
	b.Submit(100_00)
	a1 := b.as("a1")
	want(t, a1.post("/halt", nil), http.StatusUnprocessableEntity)
	want(t, a1.post("/halt", url.Values{"reason": {"проверка"}}), http.StatusSeeOther)
	want(t, b.as("a2").post("/halt", url.Values{"reason": {"ещё"}}), http.StatusConflict)
	waiting := b.Submit(100_00)
	if page := visible(want(t, b.as("a2").get("/payouts/"+string(waiting)), 200)); !strings.Contains(page, "does not leave at once") || strings.Contains(page, "leaves for the bank in") ||
		strings.Contains(page, "Approve and send") {
		t.Errorf("while sending is stopped an approver is promised that the request leaves:\n%s", page)
	}
	for _, p := range []string{"/", "/payouts", "/account"} {
		if !strings.Contains(want(t, b.as("m1").get(p), 200), `data-testid="bar-stop"`) {
			t.Errorf("%s has no bar", p)
		}
	}
	want(t, a1.post("/halt/release", nil), http.StatusForbidden)
	want(t, b.as("m1").post("/halt/release", nil), http.StatusForbidden)
	want(t, b.as("a2").post("/halt/release", nil), http.StatusSeeOther)
	if page := visible(want(t, b.as("d1").get("/halt"), 200)); !strings.Contains(page, "Resume sending") {
		t.Error(page)
	}
	want(t, b.as("d1").post("/halt/release", nil), http.StatusSeeOther)
	want(t, b.as("d2").post("/halt/release", nil), http.StatusConflict)
	if strings.Contains(want(t, a1.get("/"), 200), `data-testid="bar-stop"`) {
		t.Error("the bar stays")
	}
}

// A failed payout can be made anew as its replacement; of an open one no copy is offered.
func TestCopy(t *testing.T) {
	b, ids := lived(t)
	m1 := b.as("m1")
	want(t, m1.get(where(ids["unknown"], "/copy")), http.StatusConflict)
	want(t, m1.get(where(ids["flagged"], "/copy")), http.StatusConflict)
	if strings.Contains(want(t, m1.get(where(ids["unknown"], "")), 200), "/copy") {
		t.Error("a copy of an unknown payout is offered")
	}
	page := want(t, m1.get(where(ids["failed"], "/copy")), 200)
	if field(t, page, "replaces") != string(ids["failed"]) {
		t.Error("not a replacement")
	}
	f := url.Values{"do": {"submit"}, "ack": {"account_key", "duplicate"}}
	for _, n := range []string{"form", "replaces", "full_name", "bik", "account", "amount"} {
		f.Set(n, field(t, page, n))
	}
	f.Set("description", "Взамен НДС не облагается")
	rec := m1.post("/payouts", f)
	want(t, rec, http.StatusSeeOther)
	want(t, m1.get(where(ids["failed"], "/copy")), http.StatusConflict) // one is alive
	if page := visible(want(t, m1.get(where(ids["failed"], "")), 200)); !strings.Contains(page, "Replaced by") {
		t.Error(page)
	}
	page = want(t, m1.get(where(ids["paid"], "/copy")), 200)
	if strings.Contains(page, `name="replaces"`) {
		t.Error("the copy of a paid payout replaces it")
	}
}

// The bytes as they came go to auditors only, as text, and each look leaves an event.
func TestBytes(t *testing.T) {
	b, ids := lived(t)
	u := b.as("u1")
	for _, p := range []string{where(ids["paid"], "/bodies/request/1"), where(ids["paid"], "/bodies/answer/1")} {
		d, _ := b.App.Desk(t.Context())
		rec := u.get(p)
		body := want(t, rec, 200)
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") || !strings.Contains(body, "cs1-") {
			t.Errorf("%s: %v %.80s", p, rec.Header(), body)
		}
		if e, _ := b.App.Desk(t.Context()); e.Seq != d.Seq+1 {
			t.Errorf("%s left no event", p)
		}
	}
	raw := want(t, u.post("/inbox/1/raw", nil), 200)
	shown := want(t, u.get("/inbox/1"), 200)
	account := regexp.MustCompile(`"account":\s*"(\d{20})"`).FindStringSubmatch(raw)
	if account == nil || strings.Contains(shown, account[1]) || !strings.Contains(shown, account[1][16:]) {
		t.Error("the page shows what only the bytes may, or the bytes lack it")
	}
	want(t, u.get(where(ids["paid"], "/bodies/request/9")), http.StatusNotFound)
	want(t, u.get(where(ids["pending"], "/bodies/fetch/1")), http.StatusNotFound)
}

// A quarantine that begins while the desk runs is on the page of stops at once, with what it is and no word that sending goes on; once its stop is set, with the
// way out of it. Promise 6.
func TestHaltPage_Quarantine(t *testing.T) {
	b := newBench(t)
	a2 := b.as("a2")
	h, err := audit.SignHead(audit.Head{Size: 1000, At: b.Clock.Now(), Incarnation: "another"}, b.Signer)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.WriteAnchor(b.Anchor(), h.Signed); err != nil {
		t.Fatal(err)
	}
	if b.Store.Anchor() == nil {
		t.Fatal("anchored")
	}
	for _, set := range []bool{false, true} {
		if set {
			if _, err := b.App.LookNow(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		page := want(t, a2.get("/halt"), 200)
		text := visible(page)
		if strings.Contains(text, lang.English.Halt.Off) || !strings.Contains(text, lang.English.Copies().Running) || strings.Contains(page, "/halt/release") != set {
			t.Errorf("its stop set: %v; the page says:\n%s", set, text)
		}
	}
}

// To say that no other copy runs and that the bank is ours, whoever has no second factor types the password anew; guesses are slowed down. Promise 6, item 12.
func TestHaltRelease_password(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	differs := func(now string) {
		t.Helper()
		if err := b.App.CheckIdentity(ctx, app.Identity{"project": now}); err != nil {
			t.Fatal(err)
		}
	}
	differs("p")
	differs("q")
	a2, d2 := b.as("a2"), b.as("d2")
	if page := want(t, a2.get("/halt"), 200); !strings.Contains(page, `name="password"`) {
		t.Error("the page does not ask for the password")
	}
	for typed, says := range map[string]string{"": "Type your password again", "x": "password is not right"} {
		page := want(t, a2.post("/halt/release", url.Values{"password": {typed}}), http.StatusUnprocessableEntity)
		if !strings.Contains(visible(page), says) || typed != "" && strings.Contains(page, `value="`+typed+`"`) {
			t.Errorf("with %q it does not say %q:\n%s", typed, says, visible(page))
		}
	}
	want(t, a2.post("/halt/release", url.Values{"password": {phrase}}), http.StatusSeeOther)
	want(t, d2.post("/halt/release", nil), http.StatusUnprocessableEntity)
	if !b.App.Foreign() {
		t.Fatal("a press alone let it go on")
	}
	want(t, d2.post("/halt/release", url.Values{"password": {phrase}}), http.StatusSeeOther)
	if b.App.Foreign() {
		t.Fatal("two people who typed their passwords did not let it go on")
	}
	differs("r")
	s1, slowed := b.as("s1"), false
	for range 30 {
		slowed = slowed || s1.post("/halt/release", url.Values{"password": {"guess"}}).Code == http.StatusTooManyRequests
	}
	if !slowed {
		t.Error("guesses are not slowed down")
	}
}

// TestHalt_Quiet: /halt names and offers the release to those alone whose yes the engine would take now, not to somebody new whose decisions do not count yet, who is told why.
// Issue 4, points 6 and 16.
func TestHalt_Quiet(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	set := desktest.Rules()
	set.Name, set.Newcomers = "waits", approval.Newcomers{QuietHours: 72}
	must(t, b.App.ProposeRules(ctx, b.Who["d1"], set, 1, "x"))
	must(t, b.App.Accept(ctx, b.Who["d2"], approval.Rules, app.RulesID, b.proposed(approval.Rules, app.RulesID), app.Proof{}))
	a1 := b.Who["a1"].Person
	must(t, b.App.ProposePersonChange(ctx, b.Who["d1"], a1, []string{"approver", "senior"}, "", 0, ""))
	must(t, b.App.Accept(ctx, b.Who["d2"], approval.Person, a1, b.proposed(approval.Person, a1), app.Proof{}))
	b.Clock.Add(time.Minute)
	must(t, b.App.Halt(ctx, b.Who["s1"], "odd"))
	if err := b.App.Resume(ctx, b.Who["a1"]); !fault.Is(err, "approve.quiet") {
		t.Fatalf("the yes of somebody new: %v", err)
	}
	page := want(t, b.as("a1").get("/halt"), 200)
	if strings.Contains(page, `data-testid="release"`) || !strings.Contains(visible(page), "Your approvals do not count yet") {
		t.Errorf("the page offers a release that is refused, or does not say why not: %s", visible(page))
	}
	// Each of the two missing names d1, d2, d3 and a2, in short.
	if page = visible(want(t, b.as("m1").get("/halt"), 200)); strings.Count(page, "Any of: ") != 2 || strings.Count(page, "Person a.") != 2 {
		t.Errorf("the page names somebody who cannot, or nobody: %s", page)
	}
	if page = want(t, b.as("a2").get("/halt"), 200); !strings.Contains(page, `data-testid="release"`) {
		t.Error("the page does not offer the release to somebody who can")
	}
}

// proposed is the version code of the newest proposal.
func (b *bench) proposed(kind approval.Kind, id string) string {
	b.t.Helper()
	ps, err := b.Store.Proposals(b.t.Context(), kind, id, 1)
	if err != nil || len(ps) == 0 {
		b.t.Fatal(err, len(ps))
	}
	return ps[0].Digest
}

// TestRefused_SaysWho: a refusal says which rule it is and who can act, in both languages, to those who may know, and gives no advice that does not fit it. Issue 4, point 16.
func TestRefused_SaysWho(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	post := func(who, path, digest string) string {
		t.Helper()
		out := ""
		for _, tag := range []string{"en", "ru"} {
			x := b.as(who)
			x.lang = tag
			out += visible(want(t, x.post(path, url.Values{"digest": {digest}, "reason": {"because"}}), http.StatusForbidden)) + " "
		}
		return out
	}
	check := func(what, page string, says ...string) {
		t.Helper()
		for _, s := range says {
			if !strings.Contains(page, s) {
				t.Errorf("%s does not say %q: %s", what, s, page)
			}
		}
		for _, s := range []string{"ask an administrator for the role", "попросите роль", "may not do this", "Вам это делать нельзя", "…"} {
			if strings.Contains(page, s) {
				t.Errorf("%s says %q: %s", what, s, page)
			}
		}
	}
	m2 := b.Who["m2"].Person
	must(t, b.App.ProposePersonChange(ctx, b.Who["d1"], m2, []string{"maker", "approver"}, "", 0, ""))
	about, href := b.proposed(approval.Person, m2), "/changes/person/"+m2
	deciders := []string{"Who can: ", "Кто может: ", "Person d2", "Person s1"}
	check("one's own proposal approved", post("d1", href+"/approve", about), append(deciders, "You proposed this")...)
	check("one's own proposal refused", post("d1", href+"/reject", about), deciders...)
	check("somebody else's withdrawn", post("d2", href+"/withdraw", about), "Proposed by: Person d1.", "Автор предложения: Person d1.")
	check("what waits for a decision stopped", post("u1", href+"/stop", about), deciders...)
	check("an auditor, about people", post("u1", href+"/approve", about), append(deciders, "Your role does not allow this. Who does this: Administrator, Senior approver.")...)
	if page := post("m1", href+"/approve", about); strings.Contains(page, "Person d2") || !strings.Contains(page, "Who does this: Administrator, Senior approver.") {
		t.Errorf("who may not read proposals about people is told who decides them, or not which role: %s", page)
	}
	if rec := b.as("d2").post("/settings/people/"+m2+"/change", url.Values{"roles": {"approver"}}); rec.Code != http.StatusConflict || !strings.Contains(visible(rec.Body.String()), "Who can: Person ") {
		t.Errorf("a second proposal: %d %s", rec.Code, visible(rec.Body.String()))
	}
	must(t, b.App.Accept(ctx, b.Who["d2"], approval.Person, m2, about, app.Proof{}))
	b.Clock.Add(time.Minute)

	p := b.SubmitContent("m2", b.Content(10_000_00))
	digest := string(b.Get(p).Digest)
	for _, act := range []string{"/approve", "/back", "/changes", "/reject"} {
		check("one's own payout "+act, post("m2", where(p, act), digest), "You entered or changed payout No", "Who can approve: Person ", "Согласовать может: Person ", "Person a1", "Person a2", "Person s1")
		check("a maker without the role "+act, post("m1", where(p, act), digest), "Who does this: Approver.", "Кто это делает: Согласующий.", "Who can: Person ", "Кто может: Person ", "Person a1", "Person a2", "Person s1")
	}
	check("an auditor", post("u1", where(p, "/approve"), digest), "Who can: Person ", "Person a2")
	if page := post("d1", where(p, "/approve"), digest); strings.Contains(page, "Person a2") || !strings.Contains(page, "ask an administrator for the role") {
		t.Errorf("an administrator learns who can approve a payout: %s", page)
	}
	must(t, b.App.Halt(ctx, b.Who["a1"], "odd"))
	check("one's own stop", post("a1", "/halt/release", ""), "two others must resume it", "Who can: Person ", "Person a2", "Person d1")
	check("a maker resumes", post("m1", "/halt/release", ""), "Who does this: Approver, Administrator.", "Person a2")

	set := desktest.Rules()
	set.Name = "blocks"
	set.Rules = append(set.Rules, approval.Rule{Name: "No round sums", When: approval.When{UpToMinor: 20_000_00}, Blocked: "too round"})
	must(t, b.App.ProposeRules(ctx, b.Who["d1"], set, 1, "x"))
	must(t, b.App.Accept(ctx, b.Who["d2"], approval.Rules, app.RulesID, b.proposed(approval.Rules, app.RulesID), app.Proof{}))
	check("a blocked payout", post("a2", where(p, "/approve"), digest), "The rule “No round sums” lets nobody approve this: too round.", "Правило «No round sums» не даёт согласовать это никому: too round.")
}
