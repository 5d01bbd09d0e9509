package web

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/bankdetails"
	"countersign/internal/lang"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

const (
	savedBIK  = "044525974"
	savedName = "Смирнова Вера Олеговна"
)

func savedAccount(n byte) string {
	return bankdetails.WithAccountKey(savedBIK, "4081781090000000000"+string('0'+n))
}

// payeeTyped is a payee's form with these accounts.
func payeeTyped(id string, accounts ...string) url.Values {
	f := url.Values{"payee": {id}, "version": {"0"}, "kind": {"person"}, "full_name": {savedName}, "groups": {"Аренда, склад"}, "note": {"Договор 7"},
		"description": {"Аренда, НДС не облагается"}, "do": {"submit"}}
	for i, a := range accounts {
		f.Set(payee.LineField(payee.FieldBIK, i+1), savedBIK)
		f.Set(payee.LineField(payee.FieldAccount, i+1), a)
	}
	return f
}

// savePayee goes through the pages to propose a payee by m1; a1 agrees.
func (b *bench) savePayee(accounts ...string) string {
	b.t.Helper()
	x := b.as("m1")
	id := field(b.t, want(b.t, x.get("/payees/new"), 200), "payee")
	rec := x.post("/payees", payeeTyped(id, accounts...))
	want(b.t, rec, http.StatusSeeOther)
	if to := rec.Header().Get("Location"); to != "/payees/"+id {
		b.t.Fatalf("a new payee leads to %q", to)
	}
	b.agree(id)
	return id
}

// agree lets a1 approve the open version of a payee.
func (b *bench) agree(id string) {
	b.t.Helper()
	ps, err := b.Store.Proposals(b.t.Context(), approval.Payee, id, 1)
	if err != nil || len(ps) == 0 {
		b.t.Fatal(err, len(ps))
	}
	if err := b.App.Accept(b.t.Context(), b.Who["a1"], approval.Payee, id, ps[0].Digest, app.Proof{}); err != nil {
		b.t.Fatal(err)
	}
}

// paying is a payout's form that names a payee and one of its accounts.
func paying(id, account, amount string) url.Values {
	return url.Values{"form": {token(8)}, "payee": {id}, "payee_account": {savedBIK + " " + account}, "amount": {amount}, "currency": {"RUB"},
		"description": {"Аренда за ноябрь, НДС не облагается"}, "do": {"submit"}}
}

// A payee is entered with several lines of accounts without any script, waits, is agreed to, and stands in the list and on its page: accounts by their
// last four but in the maker's form, and nothing of it for administrators.
func TestPayees(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	page := want(t, x.get("/payees"), 200)
	if !strings.Contains(visible(page), "There are no saved payees yet.") {
		t.Error("the empty list does not say so")
	}
	page = want(t, x.get("/payees/new"), 200)
	id := field(t, page, "payee")
	one, two := savedAccount(1), savedAccount(2)
	f := payeeTyped(id, one)
	f.Set("do", "line")
	page = want(t, x.post("/payees", f), 200)
	if field(t, page, "account-1") != one || field(t, page, "account-2") != "" || field(t, page, "payee") != id {
		t.Error("a second line does not keep the first")
	}
	f.Set("do", "submit")
	f.Set("bik-2", savedBIK)
	f.Set("account-2", one)
	f.Set("kind", "company")
	page = want(t, x.post("/payees", f), http.StatusUnprocessableEntity)
	for _, e := range []string{`data-error="account-2"`, `data-error="inn"`} {
		if !strings.Contains(page, e) {
			t.Errorf("the form lacks %s", e)
		}
	}
	f.Set("kind", "person")
	f.Set("account-2", two)
	for range 2 { // a double press makes one
		rec := x.post("/payees", f)
		want(t, rec, http.StatusSeeOther)
		if rec.Header().Get("Location") != "/payees/"+id {
			t.Fatal(rec.Header().Get("Location"))
		}
	}
	page = want(t, b.as("u1").get("/payees"), 200)
	if v := visible(page); !strings.Contains(v, "Awaiting approval") || !strings.Contains(v, savedName) || strings.Contains(page, one) {
		t.Error("the list does not show what waits")
	}
	want(t, x.get("/payouts/new?payee="+id), http.StatusNotFound)
	want(t, x.get("/payees/"+id+"/edit"), http.StatusConflict)
	b.agree(id)

	for _, who := range []string{"m1", "a1", "s1", "u1"} {
		y := b.as(who)
		for _, p := range []string{"/payees", "/payees?q=" + url.QueryEscape("смирнова ВЕРА"), "/payees?group=" + url.QueryEscape("склад"), "/payees?q=" + one, "/payees/" + id, "/payees/" + id + "/versions/1"} {
			page := want(t, y.get(p), 200)
			if !strings.Contains(visible(page), savedName) || !strings.Contains(page, lang.Last4(one)) {
				t.Errorf("%s as %s does not show it", p, who)
			}
			if p != "/payees?q="+one && (strings.Contains(page, one) || strings.Contains(page, two)) {
				t.Errorf("%s as %s shows a whole account", p, who)
			}
		}
		if page := want(t, y.get("/payees?q=nobody"), 200); strings.Contains(visible(page), savedName) {
			t.Error("found by what it does not say")
		}
		if page := want(t, y.get("/payees?q="+one[4:16]), 200); strings.Contains(visible(page), savedName) {
			t.Error("found by the middle of an account")
		}
	}
	for _, p := range []string{"/payees", "/payees/" + id, "/payees/" + id + "/versions/1", "/payees/new", "/payees/" + id + "/edit"} {
		want(t, b.as("d1").get(p), http.StatusForbidden)
	}
	page = want(t, x.get("/payees/"+id+"/edit"), 200)
	if field(t, page, "account-2") != two {
		t.Error("the maker's form cuts an account")
	}
	v := visible(want(t, b.as("a1").get("/payees/"+id), 200))
	for _, s := range []string{"Person m1", "Person a1", "In force", "since the first version", "аренда, склад", "Nothing yet"} {
		if !strings.Contains(v, s) && !strings.Contains(v, lang.ShortName(s)) {
			t.Errorf("the page does not say %q", s)
		}
	}
	for _, p := range []string{"/payees/nonsense", "/payees/00000000-0000-7000-8000-000000000000", "/payees/" + id + "/versions/9", "/payees/" + id + "/versions/x"} {
		want(t, b.as("a1").get(p), http.StatusNotFound)
	}
}

// A changed payee: old beside new, the account that came later is marked, an account that another payee has is marked at both.
func TestPayees_changed(t *testing.T) {
	b := newBench(t)
	id := b.savePayee(savedAccount(1))
	b.Clock.Add(time.Hour)
	x := b.as("m2")
	f := payeeTyped(id, savedAccount(1), savedAccount(3))
	want(t, x.post("/payees/"+id+"/edit", f), http.StatusConflict) // the version on the screen is none
	f.Set("version", "1")
	f.Set("full_name", "Смирнова Вера Ивановна")
	want(t, x.post("/payees/"+id+"/edit", f), http.StatusSeeOther)
	f.Set("note", "another")
	page := want(t, b.as("m1").post("/payees/"+id+"/edit", f), http.StatusConflict)
	if !strings.Contains(page, `value="another"`) {
		t.Error("a conflict loses what was typed")
	}
	if v := visible(want(t, x.get("/payees/"+id), 200)); !strings.Contains(v, "Version 2 awaits a decision.") || !strings.Contains(v, savedName) {
		t.Error("the page does not say that a version waits, or shows it already")
	}
	b.agree(id)
	page = want(t, x.get("/payees/"+id+"/versions/2"), 200)
	for _, s := range []string{"<del", "Олеговна", "<ins", "Ивановна", "Account added", lang.Last4(savedAccount(3))} {
		if !strings.Contains(page, s) {
			t.Errorf("version 2 does not show %q", s)
		}
	}
	if page = want(t, x.get("/payees/"+id), 200); !strings.Contains(page, "Added to a known payee") {
		t.Error("the account that came later is not marked")
	}
	want(t, x.get("/payees/"+id+"/versions/1"), 200)

	other := field(t, want(t, x.get("/payees/new"), 200), "payee")
	g := payeeTyped(other, savedAccount(3))
	g.Set("full_name", "Другая Смирнова")
	page = want(t, x.post("/payees", g), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-warning="shared_account"`) || !strings.Contains(page, "/payees/"+id) {
		t.Error("an account of another payee gives no warning that names it")
	}
	g.Set("ack", "shared_account")
	want(t, x.post("/payees", g), http.StatusSeeOther)
	b.agree(other)
	for at, with := range map[string]string{id: other, other: id} {
		if page := want(t, b.as("a1").get("/payees/"+at), 200); !strings.Contains(page, `data-testid="shared"`) || !strings.Contains(page, `href="/payees/`+with+`"`) {
			t.Errorf("%s does not mark the account that it shares", at)
		}
	}
	for _, who := range []string{"a1", "s1", "u1", "d1"} {
		want(t, b.as(who).post("/payees/"+id+"/edit", f), http.StatusForbidden)
		want(t, b.as(who).post("/payees", f), http.StatusForbidden)
	}
}

// A payout to a saved payee, without scripts: found by a button, its account chosen, everything else taken from the payee; its page leads to it.
func TestPayoutToPayee(t *testing.T) {
	b := newBench(t)
	id := b.savePayee(savedAccount(1), savedAccount(2))
	x := b.as("m2")
	f := url.Values{"form": {"abcdefgh"}, "full_name": {"смирн"}, "amount": {"5"}, "find": {"1"}}
	page := want(t, x.post("/payouts", f), 200)
	if !strings.Contains(page, `name="pick"`) || !strings.Contains(page, id) {
		t.Fatal("the saved payee is not offered")
	}
	f = url.Values{"form": {"abcdefgh"}, "amount": {"5"}, "pick": {id}}
	page = want(t, x.post("/payouts", f), 200)
	if field(t, page, "payee") != id || field(t, page, "payee_version") != "1" || field(t, page, "amount") != "5" || strings.Contains(page, `id="full_name"`) ||
		strings.Count(page, `name="payee_account"`) != 2 {
		t.Error("the form does not carry the payee")
	}
	if !strings.Contains(page, "Аренда, НДС не облагается") {
		t.Error("the usual purpose is not filled in")
	}
	g := paying(id, savedAccount(2), "50000")
	g.Del("payee_account")
	page = want(t, x.post("/payouts", g), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="payee_account"`) || !strings.Contains(visible(page), "Choose one of the payee’s accounts.") {
		t.Error("no account chosen, and the form does not say so")
	}
	rec := x.post("/payouts", paying(id, savedAccount(2), "50000"))
	want(t, rec, http.StatusSeeOther)
	pid := payout.ID(strings.TrimPrefix(rec.Header().Get("Location"), "/payouts/"))
	s := b.Get(pid)
	if s.State != payout.PendingApproval || s.Content.PayeeID != id || s.Content.PayeeVer != 1 || s.Content.FullName != savedName || s.Content.Account != savedAccount(2) {
		t.Fatalf("%+v", s.Content)
	}
	page = want(t, b.as("a1").get("/payouts/"+string(pid)), 200)
	if !strings.Contains(page, `href="/payees/`+id+`"`) || !strings.Contains(visible(page), "version 1") {
		t.Error("the payout's page does not lead to its payee")
	}
	if page := want(t, b.as("a1").get("/payees/"+id), 200); !strings.Contains(page, "/payouts/"+string(pid)) {
		t.Error("the payee's page does not show its payout")
	}
	d := want(t, x.post("/payouts", url.Values{"form": {"abcdefgh"}, "payee": {id}, "payee_version": {"1"}, "drop": {"1"}}), 200)
	if strings.Contains(d, `name="payee"`) || !strings.Contains(d, `id="full_name"`) {
		t.Error("the payee cannot be given back")
	}
	c := want(t, x.post("/payouts/check", paying(id, savedAccount(1), "1000001")), 200)
	if !strings.Contains(c, savedName) || strings.Contains(c, `id="full_name-h"`) {
		t.Error("live help does not know the payee")
	}
	// A free entry offers to be saved.
	free := b.Submit(100_00)
	if page := want(t, x.get("/payouts/"+string(free)), 200); !strings.Contains(page, "/payees/new?payout="+string(free)) {
		t.Error("a free entry does not offer to be saved")
	}
	page = want(t, x.get("/payees/new?payout="+string(free)), 200)
	if field(t, page, "account-1") != b.Get(free).Content.Account || field(t, page, "full_name") != b.Get(free).Content.FullName {
		t.Error("the payee's form is not filled in from the payout")
	}
}

// Whatever a form says, no payout names a payee and goes elsewhere.
func TestForgedForm(t *testing.T) {
	b := newBench(t)
	id := b.savePayee(savedAccount(1))
	for name, forge := range map[string]func(url.Values){
		"an account typed beside the payee": func(f url.Values) { f.Set("bik", savedBIK); f.Set("account", savedAccount(5)) },
		"an account chosen that is not its": func(f url.Values) { f.Set("payee_account", savedBIK+" "+savedAccount(5)) },
		"its account at another bank":       func(f url.Values) { f.Set("bik", "044525971"); f.Set("account", savedAccount(1)) },
		"another name":                      func(f url.Values) { f.Set("full_name", "Петров Пётр") },
		"an INN":                            func(f url.Values) { f.Set("inn", "500100732259") },
		"another version":                   func(f url.Values) { f.Set("payee_version", "2") },
		"another payee's id":                func(f url.Values) { f.Set("payee", "00000000-0000-7000-8000-000000000000") },
	} {
		for _, do := range []string{"submit", "draft"} {
			x := b.as("m2")
			f := paying(id, savedAccount(1), "777")
			forge(f)
			f.Set("do", do)
			f.Set("ack", "account_key")
			want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
			if n := len(b.Payouts()); n != 0 {
				t.Fatalf("%s (%s): a payout was kept", name, do)
			}
		}
	}
}

// After its payee changed a payout is a draft again: its page says why, the form shows the new data and what changed, and only with them it goes.
func TestPayeeMovedForm(t *testing.T) {
	b := newBench(t)
	id := b.savePayee(savedAccount(1))
	x := b.as("m2")
	rec := x.post("/payouts", paying(id, savedAccount(1), "50000"))
	want(t, rec, http.StatusSeeOther)
	at := rec.Header().Get("Location")
	pid := payout.ID(strings.TrimPrefix(at, "/payouts/"))
	f := payeeTyped(id, savedAccount(2))
	f.Set("version", "1")
	f.Set("full_name", "Смирнова Вера Ивановна")
	want(t, b.as("m1").post("/payees/"+id+"/edit", f), http.StatusSeeOther)
	b.agree(id)
	page := want(t, x.get(at), 200)
	if v := visible(page); !strings.Contains(v, "The payee was changed") || !strings.Contains(v, "Back to draft: the payee was changed") {
		t.Errorf("the page does not say why it is a draft: %s", v)
	}
	page = want(t, x.get(at+"/edit"), 200)
	if v := visible(page); !strings.Contains(v, "Смирнова Вера Ивановна") || !strings.Contains(v, "no longer has the account") || !strings.Contains(page, "<del") || field(t, page, "payee_version") != "2" {
		t.Errorf("the form does not show what changed: %s", v)
	}
	g := paying(id, savedAccount(1), "50000")
	g.Set("version", "2")
	g.Set("payee_version", "1")
	page = want(t, x.post(at+"/edit", g), http.StatusUnprocessableEntity)
	if field(t, page, "payee_version") != "2" || !strings.Contains(page, `data-error="form"`) {
		t.Error("a form with the old version is not shown again with the new one")
	}
	g = paying(id, savedAccount(2), "50000")
	g.Set("version", "2")
	g.Set("payee_version", "2")
	want(t, x.post(at+"/edit", g), http.StatusSeeOther)
	if s := b.Get(pid); s.State != payout.PendingApproval || s.Content.PayeeVer != 2 || s.Content.Account != savedAccount(2) {
		t.Errorf("%s %+v", s.State, s.Content)
	}
}

// Hostile names come out as text on every page of payees, in both languages.
func TestPayees_escape(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	const evil = `"><script>alert('1')</script><img src=x onerror=alert(2)>`
	id := field(t, want(t, x.get("/payees/new"), 200), "payee")
	f := payeeTyped(id, savedAccount(1))
	f.Set("full_name", evil)
	f.Set("note", evil)
	f.Set("groups", "<b>group")
	f.Set("label-1", "<i>label</i>")
	f.Set("description", "<u>purpose")
	pages := []string{want(t, x.post("/payees", func() url.Values {
		g := url.Values{}
		for k, v := range f {
			g[k] = v
		}
		g.Set("do", "line")
		return g
	}()), 200)}
	rec := x.post("/payees", f)
	if rec.Code == http.StatusUnprocessableEntity { // signs that the bank refuses in a name stay refused: then the form is what there is to look at
		pages = append(pages, rec.Body.String())
		f.Set("full_name", `<b>"Вектор" & 'Ко'</b>`)
		f.Set("note", "<b>note</b>")
		rec = x.post("/payees", f)
	}
	want(t, rec, http.StatusSeeOther)
	look := func(who string, paths ...string) {
		for _, l := range []string{"en", "ru"} {
			y := b.as(who)
			y.lang = l
			for _, p := range paths {
				pages = append(pages, want(t, y.get(p), 200))
			}
		}
	}
	look("a1", "/payees", "/payees/"+id, "/payees/"+id+"/versions/1")
	b.agree(id)
	look("a1", "/payees", "/payees?q="+url.QueryEscape(`"><script>`), "/payees?group="+url.QueryEscape("<b>group"), "/payees/"+id, "/payees/"+id+"/versions/1")
	look("m1", "/payees/"+id+"/edit", "/payouts/new?payee="+id)
	for i, p := range pages {
		for _, bad := range []string{"<script>alert", "<img src=x", "<b>group", "<i>label", "<u>purpose", `<b>"`, "<b>note", `<b>&#34;Вектор`} {
			if strings.Contains(p, bad) {
				t.Errorf("page %d holds %s as markup", i, bad)
			}
		}
	}
	if !strings.Contains(html.UnescapeString(pages[len(pages)-1]), "<i>label</i>") {
		t.Error("nothing hostile was looked at")
	}
}

// Above the first band the rules of serve ask for a saved payee: the refusal says so with the amount, keeps the draft and leads to saving the payee,
// filled in; once the payee is agreed to, the payout goes.
func TestNeedsSaved(t *testing.T) {
	b := newBench(t)
	b.App.Rules = approval.ServeRules()
	b.App.Rules.SignAboveMinor, b.App.Rules.StepUpAboveMinor, b.App.Rules.FactorNeeded = 0, 0, false
	for l, sentence := range map[string]string{"en": "Above 100,000.00\u00a0₽ a saved payee is needed.", "ru": "Выше 100\u00a0000,00\u00a0₽ нужен сохранённый получатель."} {
		x := b.as("m1")
		x.lang = l
		c := b.Content(150_000_00)
		f := url.Values{"form": {token(8)}, "full_name": {c.FullName}, "bik": {c.BIK}, "account": {c.Account}, "amount": {"150000"}, "description": {c.Description}, "do": {"submit"}}
		page := want(t, x.post("/payouts", f), http.StatusUnprocessableEntity)
		if !strings.Contains(html.UnescapeString(page), sentence) || !strings.Contains(page, `data-error="form"`) {
			t.Fatalf("%s: %s", l, visible(page))
		}
		all := b.Payouts()
		save := "/payees/new?payout=" + string(all[len(all)-1])
		if !strings.Contains(page, save) {
			t.Errorf("%s: no link to %s", l, save)
		}
		page = want(t, x.get(save), 200)
		if field(t, page, "full_name") != c.FullName || field(t, page, "bik-1") != c.BIK || field(t, page, "account-1") != c.Account {
			t.Errorf("%s: the payee's form is empty", l)
		}
	}
	id := b.savePayee(savedAccount(1))
	rec := b.as("m2").post("/payouts", paying(id, savedAccount(1), "150000"))
	want(t, rec, http.StatusSeeOther)
}

// A payee, or an account of it, that is on the block list says so on its page, with the reason.
func TestPayees_listed(t *testing.T) {
	b := newBench(t)
	id := b.savePayee(savedAccount(1), savedAccount(2))
	limits := approval.Limits{Lists: []approval.ListEntry{{List: "block", What: "account", Value: savedAccount(2), Reason: "Запрос банка № 5"}}}
	if err := b.App.ProposeLimits(t.Context(), b.Who["d1"], limits, 0, "why"); err != nil {
		t.Fatal(err)
	}
	ps, err := b.Store.Proposals(t.Context(), approval.Limit, app.LimitsID, 1)
	if err != nil || len(ps) != 1 {
		t.Fatal(err)
	}
	if err := b.App.Accept(t.Context(), b.Who["d2"], approval.Limit, app.LimitsID, ps[0].Digest, app.Proof{}); err != nil {
		t.Fatal(err)
	}
	if v := visible(want(t, b.as("m1").get("/payees/"+id), 200)); !strings.Contains(v, "the account is on the block list (Запрос банка № 5).") {
		t.Errorf("the page does not say so: %s", v)
	}
}
