package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
)

const enrolPhrase = "a phrase of six plain words"

// newPersonForm is the form of a new person.
func newPersonForm(name, email string, roles ...string) url.Values {
	return url.Values{"name": {name}, "email": {email}, "roles": roles, "groups": {"Казначейство"}, "reason": {"замена на отпуск"}}
}

var linkOf = regexp.MustCompile(`http://[^<"\s]*/enrol/[A-Za-z0-9_-]+`)

// decide approves the open proposal about a person over its own page.
func (b *bench) decidePerson(by, id string) {
	b.t.Helper()
	x := b.as(by)
	page := want(b.t, x.get("/changes/person/"+id), 200)
	rec := x.post("/changes/person/"+id+"/approve", url.Values{"digest": {field(b.t, page, "digest")}, "version": {"1"}})
	want(b.t, rec, http.StatusSeeOther)
}

// A person is proposed by one administrator, decided by another, gets a link that is shown once, and signs in with it: over the pages, from the form to the
// desk. Whoever decides sees old beside new; no address of ours and no event holds the link.
func TestPerson_FromProposalToSignIn(t *testing.T) {
	b := newBench(t)
	d1 := b.as("d1")
	want(t, d1.get("/settings/people/new"), 200)
	page := want(t, d1.post("/settings/people", url.Values{"email": {"m1@x.test"}}), http.StatusUnprocessableEntity)
	for _, f := range []string{"name", "email", "roles"} {
		if !strings.Contains(page, `data-error="`+f+`"`) {
			t.Errorf("no refusal at %s", f)
		}
	}
	rec := d1.post("/settings/people", newPersonForm("Новикова Анна", "anna@x.test", "maker"))
	want(t, rec, http.StatusSeeOther)
	id := strings.TrimPrefix(rec.Header().Get("Location"), "/changes/person/")
	if _, err := b.Store.PersonByID(t.Context(), id); err == nil {
		t.Fatal("there without four eyes")
	}
	if page = want(t, b.as("u1").get("/settings/people"), 200); !strings.Contains(page, "Новикова Анна") || !strings.Contains(page, `data-testid="waiting"`) {
		t.Error("the list does not say what waits")
	}
	page = visible(want(t, b.as("s1").get("/changes/person/"+id), 200))
	for _, s := range []string{"New person: Новикова Анна", "anna@x.test", "Maker", "Казначейство", "замена на отпуск"} {
		if !strings.Contains(page, s) {
			t.Errorf("whoever decides does not see %q: %s", s, page)
		}
	}
	want(t, d1.post("/changes/person/"+id+"/approve", url.Values{"digest": {field(t, want(t, d1.get("/changes/person/"+id), 200), "digest")}, "version": {"1"}}), http.StatusForbidden)
	b.decidePerson("d2", id)

	page = want(t, d1.get("/settings/people/"+id), 200)
	if linkOf.MatchString(page) || field(t, page, "email") != "anna@x.test" {
		t.Error("the person's page shows a link, or no button for one")
	}
	want(t, b.as("a1").post("/settings/people/"+id+"/link", url.Values{"email": {"anna@x.test"}}), http.StatusForbidden)
	page = want(t, d1.post("/settings/people/"+id+"/link", url.Values{"email": {"anna@x.test"}}), 200)
	link := linkOf.FindString(page)
	if !strings.HasPrefix(link, site+"/enrol/") || len(link) < len(site)+7+22 {
		t.Fatalf("link %q", link)
	}
	path := strings.TrimPrefix(link, site)
	if again := want(t, d1.get("/settings/people/"+id), 200); strings.Contains(again, path) {
		t.Error("the link is shown twice")
	}
	for _, e := range b.Events() {
		if strings.Contains(string(e.Payload), path[len("/enrol/"):]) {
			t.Errorf("event %d holds the link", e.Seq)
		}
	}
	x := b.browser()
	page = want(t, x.get(path), 200)
	if !strings.Contains(page, "anna@x.test") || !strings.Contains(page, `autocomplete="new-password"`) {
		t.Error("the page behind the link")
	}
	page = want(t, x.post(path, url.Values{"password": {enrolPhrase}, "again": {enrolPhrase + "x"}}), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="again"`) {
		t.Error("two passwords that differ")
	}
	if page = want(t, x.post(path, url.Values{"password": {"short"}, "again": {"short"}}), http.StatusUnprocessableEntity); !strings.Contains(page, `data-error="password"`) || strings.Contains(page, `value="short"`) {
		t.Error("a short password")
	}
	rec = x.post(path, url.Values{"password": {enrolPhrase}, "again": {enrolPhrase}})
	want(t, rec, http.StatusSeeOther)
	if x.cookies[cookieName] == "" {
		t.Error("not signed in")
	}
	if page = want(t, x.get("/"), 200); !strings.Contains(page, "Новикова Анна") {
		t.Error("signed in as somebody else")
	}
	want(t, b.browser().get(path), http.StatusGone)
	want(t, b.browser().post(path, url.Values{"password": {enrolPhrase}, "again": {enrolPhrase}}), http.StatusGone)
}

// Links that never were, were used, replaced or ran out get one and the same page; whoever tries many is slowed down.
func TestEnrol_Over(t *testing.T) {
	b := newBench(t)
	rec := b.as("d1").post("/settings/people", newPersonForm("Новикова Анна", "anna@x.test", "maker"))
	id := strings.TrimPrefix(rec.Header().Get("Location"), "/changes/person/")
	b.decidePerson("d2", id)
	link := func() string {
		return strings.TrimPrefix(linkOf.FindString(want(t, b.as("d1").post("/settings/people/"+id+"/link", url.Values{"email": {"anna@x.test"}}), 200)), site)
	}
	first, second := link(), link()
	pages := map[string]string{"never": visible(want(t, b.browser().get("/enrol/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), http.StatusNotFound)), "replaced": visible(want(t, b.browser().get(first), http.StatusGone))}
	b.Clock.Add(app.LinkAge)
	pages["old"] = visible(want(t, b.browser().get(second), http.StatusGone))
	for name, p := range pages {
		if p != pages["never"] || !strings.Contains(p, "This link does not work") {
			t.Errorf("%s: %s", name, p)
		}
	}
	slow := 0
	for range 20 {
		if b.browser().get("/enrol/x").Code == http.StatusTooManyRequests {
			slow++
		}
	}
	if slow < 10 {
		t.Errorf("only %d of 20 tries were slowed down", slow)
	}
	want(t, b.browser().get("/sign-in"), 200)
}

// Roles and groups are changed by a proposal: what was refused stands in the form as typed, with the example; the person's sign-ins and streams end.
func TestPerson_Change(t *testing.T) {
	b := newBench(t)
	d1, s1 := b.as("d1"), b.Who["s1"].Person
	page := want(t, d1.get("/settings/people/"+s1), 200)
	if !strings.Contains(page, `data-testid="risk"`) || !strings.Contains(visible(page), "one senior approver") {
		t.Errorf("the page does not say what would be undecidable without the only senior: %s", visible(page))
	}
	if p := want(t, d1.get("/settings/people/"+b.Who["m2"].Person), 200); strings.Contains(p, `data-testid="risk"`) {
		t.Error("a maker's page warns of nothing")
	}
	page = want(t, d1.post("/settings/people/"+s1+"/change", url.Values{"base": {"0"}, "roles": {"approver"}, "groups": {"owls"}, "reason": {"переезд"}}), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="form"`) || field(t, page, "groups") != "owls" || field(t, page, "reason") != "переезд" || !strings.Contains(visible(page), "Nobody can approve a payout") {
		t.Errorf("refused: %s", visible(page))
	}
	want(t, d1.post("/settings/people/"+b.Who["d1"].Person+"/change", url.Values{"base": {"0"}, "roles": {"auditor"}}), http.StatusForbidden)
	m2 := b.Who["m2"].Person
	x := b.as("m2")
	want(t, d1.post("/settings/people/"+m2+"/change", url.Values{"base": {"0"}, "roles": {"auditor"}}), http.StatusSeeOther)
	page = want(t, d1.get("/settings/people/"+m2), 200)
	if strings.Contains(page, `data-testid="change-person"`) || !strings.Contains(page, `data-testid="waiting"`) {
		t.Error("a second change is offered while one waits")
	}
	want(t, d1.post("/settings/people/"+m2+"/reset", url.Values{"base": {"0"}}), http.StatusConflict)
	want(t, x.get("/"), 200)
	b.decidePerson("s1", m2)
	want(t, x.get("/"), http.StatusSeeOther)
	if page = want(t, b.as("m2").get("/"), 200); !strings.Contains(page, "Auditor") {
		t.Error("no auditor")
	}
	want(t, b.as("m2").get("/payouts/new"), http.StatusForbidden)
	// A reset over the pages: the person's page offers a link again.
	want(t, d1.post("/settings/people/"+m2+"/reset", url.Values{"base": {"1"}, "reason": {"телефон потерян"}}), http.StatusSeeOther)
	b.decidePerson2("d2", m2)
	if page = want(t, d1.get("/settings/people/"+m2), 200); !strings.Contains(page, `data-testid="make-link"`) {
		t.Error("no link after a reset")
	}
	// Suspended, then restored by four eyes.
	want(t, d1.post("/settings/people/"+m2+"/suspend", url.Values{"reason": {"ушёл"}}), http.StatusSeeOther)
	page = want(t, d1.get("/settings/people/"+m2), 200)
	if strings.Contains(page, `data-testid="make-link"`) || !strings.Contains(page, "/restore") {
		t.Error("the page of somebody suspended")
	}
	want(t, d1.post("/settings/people/"+m2+"/restore", url.Values{"base": {"2"}, "reason": {"вернулся"}}), http.StatusSeeOther)
	b.decidePerson2("d3", m2)
}

// decidePerson2 approves whatever is open about a person.
func (b *bench) decidePerson2(by, id string) {
	b.t.Helper()
	ps, err := b.Store.OpenProposals(b.t.Context(), 100)
	must(b.t, err)
	for _, p := range ps {
		if p.Kind == approval.Person && p.ID == id {
			want(b.t, b.as(by).post("/changes/person/"+id+"/approve", url.Values{"digest": {p.Digest}}), http.StatusSeeOther)
			return
		}
	}
	b.t.Fatalf("nothing open about %s", id)
}

// With a password that somebody else set every page is the one that changes it, and nothing else can be done; afterwards everything works.
func TestMustChange(t *testing.T) {
	b := newBench(t)
	added, err := b.App.AddOnConsole(t.Context(), app.NewPerson{Email: "c1@x.test", Name: "Новикова Анна", Password: enrolPhrase, Roles: []auth.Role{"approver"}})
	must(t, err)
	b.Who["c1"] = app.Who{Person: added.ID, Email: "c1@x.test"}
	pay := b.Submit(50_000_00)
	x := b.browser()
	want(t, x.post("/sign-in", url.Values{"email": {"c1@x.test"}, "password": {enrolPhrase}}), http.StatusSeeOther)
	for _, p := range []string{"/", "/payouts", "/approvals", where(pay, ""), "/account", "/settings/people", "/halt"} {
		page := want(t, x.get(p), 200)
		if !strings.Contains(page, `data-testid="must-change"`) || strings.Contains(page, "Иванов") || strings.Contains(page, `class="rail"`) {
			t.Errorf("%s shows more than the change of the password", p)
		}
	}
	want(t, x.get("/live"), http.StatusForbidden)
	page := want(t, x.post(where(pay, "/approve"), url.Values{"digest": {string(b.Get(pay).Digest)}}), http.StatusForbidden)
	if !strings.Contains(page, `data-testid="must-change"`) {
		t.Error("an approval shows something else")
	}
	want(t, x.post("/halt", url.Values{"reason": {"x"}}), http.StatusForbidden)
	page = want(t, x.post("/account/password", url.Values{"current": {enrolPhrase}, "password": {"short"}, "again": {"short"}}), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-testid="must-change"`) || !strings.Contains(page, `data-error="password"`) {
		t.Error("a short password")
	}
	want(t, x.post("/account/password", url.Values{"current": {enrolPhrase}, "password": {enrolPhrase}, "again": {enrolPhrase}}), http.StatusUnprocessableEntity)
	next := "another phrase of plain words"
	want(t, x.post("/account/password", url.Values{"current": {enrolPhrase}, "password": {next}, "again": {next}}), http.StatusSeeOther)
	if page = want(t, x.get("/payouts"), 200); strings.Contains(page, "must-change") {
		t.Error("still the change of the password")
	}
	want(t, x.post(where(pay, "/approve"), url.Values{"digest": {string(b.Get(pay).Digest)}}), http.StatusSeeOther)
}

// Who will be added by the clock stands on every page of everybody, and anybody can stop it.
func TestComingBanner(t *testing.T) {
	b := newBench(t)
	b.Submit(100_00)
	must(t, b.App.SuspendPerson(t.Context(), b.Who["d1"], b.Who["s1"].Person, "left"))
	for _, a := range []string{"d1", "d2", "d3"} {
		b.SetRoles(a, auth.Auditor)
	}
	added, err := b.App.AddOnConsole(t.Context(), app.NewPerson{Email: "c1@x.test", Name: "Новикова Анна", Password: enrolPhrase, Roles: []auth.Role{"admin"}})
	must(t, err)
	b.Clock.Add(21 * time.Second)
	for _, who := range []string{"m1", "a1", "u1"} {
		x := b.as(who)
		for _, p := range []string{"/", "/payouts", "/account", "/nonsense"} {
			page := x.get(p).Body.String()
			if !strings.Contains(page, `data-testid="bar-coming"`) || !strings.Contains(visible(page), "Новикова Анна") {
				t.Errorf("%s as %s says nothing of who comes", p, who)
			}
		}
	}
	if page := b.browser().get("/sign-in").Body.String(); strings.Contains(page, "Новикова") {
		t.Error("the sign-in page tells of people")
	}
	x := b.as("m1")
	page := want(t, x.get("/changes/person/"+added.ID), 200)
	digest := field(t, page, "digest")
	want(t, x.post("/changes/person/"+added.ID+"/stop", url.Values{"digest": {digest}, "reason": {""}}), http.StatusUnprocessableEntity)
	want(t, x.post("/changes/person/"+added.ID+"/stop", url.Values{"digest": {digest}, "reason": {"кто это"}}), http.StatusSeeOther)
	if page = want(t, x.get("/"), 200); strings.Contains(page, `data-testid="bar-coming"`) {
		t.Error("the bar stays")
	}
}

// Every page about people is in words, in both languages; administrators read about people in the log.
func TestPerson_Words(t *testing.T) {
	b := newBench(t)
	d1 := b.as("d1")
	ids := []string{}
	for _, op := range []string{"reset", "change"} {
		id := b.Who[map[string]string{"reset": "a1", "change": "m2"}[op]].Person
		want(t, d1.post("/settings/people/"+id+"/"+op, url.Values{"base": {"0"}, "roles": {"auditor"}, "reason": {"так надо"}}), http.StatusSeeOther)
		ids = append(ids, id)
	}
	b.decidePerson2("d2", ids[0])
	want(t, d1.post("/settings/people/"+ids[0]+"/link", url.Values{"email": {"a1@x.test"}}), 200)
	must(t, b.App.SuspendPerson(t.Context(), b.Who["d2"], b.Who["s1"].Person, "left"))
	code := regexp.MustCompile(`(?s)<(code|pre)[ >].*?</(code|pre)>`)
	for _, l := range []string{"ru", "en"} {
		for _, who := range []string{"d1", "d2", "u1"} {
			x := b.as(who)
			x.lang = l
			for _, p := range []string{"/settings/people", "/settings/people/new", "/settings/people/" + ids[0], "/settings/people/" + ids[1], "/settings/people/" + b.Who["s1"].Person, "/settings/people/" + b.Who["d1"].Person,
				"/changes/person/" + ids[0], "/changes/person/" + ids[1], "/history", "/history?kind=person", "/enrol/x"} {
				text := strings.ReplaceAll(visible(code.ReplaceAllString(x.get(p).Body.String(), " ")), "@x.test", "")
				if m := forbidden.FindString(text); m != "" {
					t.Errorf("%s in %s shows %q: %s", p, l, m, text)
				}
				for _, bad := range []string{"{1}", "{2}", "%!", "<nil>", "This did not work. Code", "Это не получилось. Код", "Entry of the log", "Запись журнала", "person.", "enrolment."} {
					if strings.Contains(text, bad) {
						t.Errorf("%s as %s in %s shows %q: %s", p, who, l, bad, text)
					}
				}
			}
		}
	}
	for code, f := range map[string]url.Values{"people.same": {"base": {"0"}, "roles": {"approver"}}, "people.apart": {"base": {"0"}, "roles": {"admin", "maker"}}} {
		page := want(t, d1.post("/settings/people/"+b.Who["a2"].Person+"/change", f), http.StatusUnprocessableEntity)
		if strings.Contains(page, code) || !strings.Contains(page, "data-error") {
			t.Errorf("%s has no words", code)
		}
	}
}
