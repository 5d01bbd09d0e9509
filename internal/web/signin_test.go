package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"countersign/internal/auth"
)

func (b *bench) enter(x *browser1, name string, more url.Values) *httptest.ResponseRecorder {
	f := url.Values{"email": {name + "@x.test"}, "password": {phrase}}
	for k, v := range more {
		f[k] = v
	}
	return x.post("/sign-in", f)
}

// Signing in sets a cookie that only this desk gets and no script reads, a new one each time; the old one opens nothing then.
func TestSignIn_Cookie(t *testing.T) {
	b := newBench(t)
	x := b.browser()
	rec := b.enter(x, "a1", url.Values{"next": {"/payouts?tab=paid"}})
	want(t, rec, http.StatusSeeOther)
	if got := rec.Header().Get("Location"); got != "/payouts?tab=paid" {
		t.Errorf("goes on to %s", got)
	}
	seen := 0
	for _, c := range rec.Result().Cookies() {
		seen++
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %+v", c)
		}
		if c.Name == cookieName && c.MaxAge != 0 {
			t.Errorf("the sign-in outlives the browser: %d", c.MaxAge)
		}
	}
	if seen != 3 { // the sign-in, who signed in here, the browser's mark
		t.Errorf("%d cookies", seen)
	}
	first := x.cookies[cookieName]
	want(t, x.get("/"), 200)
	want(t, b.enter(x, "a1", nil), http.StatusSeeOther)
	if x.cookies[cookieName] == first {
		t.Error("the same token twice")
	}
	old := b.browser()
	old.cookies[cookieName] = first
	want(t, old.get("/"), http.StatusSeeOther)
	// A made-up token, and one of another length.
	for _, bad := range []string{"x", strings.Repeat("A", 44), first + "A", ""} {
		old.cookies[cookieName] = bad
		want(t, old.get("/"), http.StatusSeeOther)
	}
	want(t, x.post("/sign-out", nil), http.StatusSeeOther)
	if _, left := x.cookies[cookieName]; left {
		t.Error("the cookie stays after signing out")
	}
	want(t, x.get("/"), http.StatusSeeOther)
}

// A wrong password and an unknown name are answered alike; after five the sixth waits, but not in a browser that signed in before.
func TestSignIn_Wrong(t *testing.T) {
	b := newBench(t)
	x := b.browser()
	wrong := func(x *browser1, email string) *httptest.ResponseRecorder {
		return x.post("/sign-in", url.Values{"email": {email}, "password": {"not the phrase at all"}, "next": {"/payouts"}})
	}
	a := want(t, wrong(x, "a1@x.test"), http.StatusUnauthorized)
	n := want(t, wrong(x, "nobody@x.test"), http.StatusUnauthorized)
	clean := func(s string) string { return regexp.MustCompile(`(a1|nobody)@x\.test`).ReplaceAllString(s, "") }
	if clean(a) != clean(n) {
		t.Error("the answers differ")
	}
	if !strings.Contains(a, `data-error="form"`) || field(t, a, "email") != "a1@x.test" || field(t, a, "next") != "/payouts" {
		t.Error("the form does not come back filled in")
	}
	for range 4 {
		want(t, wrong(x, "a1@x.test"), http.StatusUnauthorized)
	}
	rec := wrong(x, "a1@x.test")
	want(t, rec, http.StatusTooManyRequests)
	if s, err := strconv.Atoi(rec.Header().Get("Retry-After")); err != nil || s < 1 || s > 60 {
		t.Errorf("Retry-After %q", rec.Header().Get("Retry-After"))
	}
	want(t, b.enter(x, "a1", nil), http.StatusTooManyRequests) // also with the right one
	other := b.browser()
	other.cookies[deviceName] = auth.DeviceToken(b.web.SessionKey, b.Who["a2"].Person)
	want(t, b.enter(other, "a1", nil), http.StatusTooManyRequests)
	known := b.browser()
	known.cookies[deviceName] = auth.DeviceToken(b.web.SessionKey, b.Who["a1"].Person)
	want(t, b.enter(known, "a1", nil), http.StatusSeeOther)
	for range 5 {
		wrong(x, "a2@x.test")
	}
	b.Clock.Add(2 * time.Minute)
	want(t, b.enter(x, "a2", nil), http.StatusSeeOther)
}

// What was typed into a form whose sign-in is over goes along through signing in, and is posted then, once, as the same person.
func TestSignIn_KeepsForm(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	b.Clock.Add(16 * time.Minute)
	f := documented("kept-form")
	f.Add("ack", "no_vat")
	page := want(t, x.post("/payouts", f), http.StatusUnauthorized)
	again := url.Values{"email": {"m1@x.test"}, "password": {phrase}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page[strings.Index(page, `data-testid="sign-in"`):strings.Index(page, `aria-labelledby="dp"`)], -1) {
		again.Add(m[1], unescape(m[2]))
	}
	if again.Get("keep.full_name") != "Иванов Иван Иванович" || len(again["keep.ack"]) != 2 {
		t.Fatalf("carried %v", again)
	}
	// Somebody else signs in with it: their own sign-in, nothing posted.
	other := url.Values{}
	for k, v := range again {
		other[k] = v
	}
	other.Set("email", "m2@x.test")
	y := b.browser()
	rec := y.post("/sign-in", other)
	want(t, rec, http.StatusSeeOther)
	if loc := rec.Header().Get("Location"); loc != "/payouts/new" {
		t.Errorf("somebody else's form went to %s", loc)
	}
	// A wrong password keeps everything.
	again.Set("password", "wrong wrong wrong wrong")
	if page := want(t, x.post("/sign-in", again), http.StatusUnauthorized); field(t, page, "keep.account") != "40817810100000270411" {
		t.Error("lost on a wrong password")
	}
	again.Set("password", phrase)
	rec = x.post("/sign-in", again)
	want(t, rec, http.StatusSeeOther)
	loc := rec.Header().Get("Location")
	if !regexp.MustCompile(`^/payouts/[0-9a-f-]{36}$`).MatchString(loc) {
		t.Fatalf("went to %s", loc)
	}
	want(t, x.get(loc), 200)
	if n := len(b.Payouts()); n != 1 {
		t.Errorf("%d payouts", n)
	}
	// A password is never written into a page.
	b.Clock.Add(16 * time.Minute)
	page = want(t, x.post("/account/password", url.Values{"current": {phrase}, "password": {"another long phrase"}}), http.StatusUnauthorized)
	if strings.Contains(page, "another long phrase") || strings.Contains(page, phrase) {
		t.Error("a password in a page")
	}
	// Fragments and htmx get 401 and nothing else.
	q := x.request("POST", "/payouts", f)
	q.Header.Set("HX-Request", "true")
	if s := want(t, x.do(q), http.StatusUnauthorized); s != "" {
		t.Errorf("%q", s)
	}
	q = x.request("GET", "/payouts", nil)
	q.Header.Set("Desk-Refresh", "1")
	want(t, x.do(q), http.StatusUnauthorized)
	if rec := x.get("/payouts?tab=paid"); rec.Header().Get("Location") != "/sign-in?next=%2Fpayouts%3Ftab%3Dpaid" {
		t.Error(rec.Header())
	}
}

func unescape(s string) string {
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(s)
}

// Idle minutes count pages and signs of a hand, not the page that fetches itself; ten hours are the end; suspended is out at once.
func TestSignIn_Ends(t *testing.T) {
	b := newBench(t)
	x := b.as("a1")
	for range 5 {
		b.Clock.Add(14 * time.Minute)
		want(t, x.get("/"), 200)
	}
	own := func() *httptest.ResponseRecorder {
		q := x.request("GET", "/payouts", nil)
		q.Header.Set("Desk-Refresh", "1")
		return x.do(q)
	}
	b.Clock.Add(14 * time.Minute)
	want(t, own(), 200)
	b.Clock.Add(2 * time.Minute)
	want(t, own(), http.StatusUnauthorized)

	x = b.as("a1")
	for range 47 {
		b.Clock.Add(13 * time.Minute)
		x.post("/account/seen", nil)
	}
	want(t, x.get("/"), http.StatusSeeOther) // ten hours

	x = b.as("a2")
	want(t, x.get("/"), 200)
	d := b.as("d1")
	want(t, d.post("/settings/people/"+b.Who["a2"].Person+"/suspend", url.Values{}), http.StatusUnprocessableEntity)
	want(t, d.post("/settings/people/"+b.Who["a2"].Person+"/suspend", url.Values{"reason": {"ушёл"}}), http.StatusSeeOther)
	want(t, x.get("/"), http.StatusSeeOther)
	want(t, b.enter(b.browser(), "a2", nil), http.StatusUnauthorized)
	want(t, d.post("/settings/people/"+b.Who["d1"].Person+"/suspend", url.Values{"reason": {"сам"}}), http.StatusForbidden)
	want(t, d.post("/settings/people/"+b.Who["d2"].Person+"/suspend", url.Values{"reason": {"ушёл"}}), http.StatusSeeOther)
	want(t, d.post("/settings/people/"+b.Who["d3"].Person+"/suspend", url.Values{"reason": {"ушёл"}}), http.StatusForbidden)
	if page := visible(want(t, d.get("/settings/people"), 200)); !strings.Contains(page, "Suspended") {
		t.Error("nobody is shown as suspended")
	}
}

// Eight ways a POST can come in: only from the desk's own pages it is taken.
func TestHeaderRule(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		origin, fetch string
		ok            bool
	}{
		{"", "", false}, {site, "", true}, {site, "same-origin", true}, {"", "same-origin", true}, {"", "none", true},
		{"https://evil.test", "", false}, {"https://evil.test", "cross-site", false}, {"", "cross-site", false}, {"null", "", false}, {"http://evil.localhost:8131", "same-site", false},
	} {
		x := b.as("a1")
		q := x.request("POST", "/preferences", url.Values{"lang": {"ru"}})
		q.Header.Del("Origin")
		if c.origin != "" {
			q.Header.Set("Origin", c.origin)
		}
		if c.fetch != "" {
			q.Header.Set("Sec-Fetch-Site", c.fetch)
		}
		rec := x.do(q)
		if got := rec.Code == http.StatusSeeOther; got != c.ok || !got && rec.Code != http.StatusForbidden {
			t.Errorf("%+v: %d", c, rec.Code)
		}
	}
	q := b.browser().request("POST", webhookPath, url.Values{})
	q.Header.Del("Origin")
	want(t, b.browser().do(q), 200)
}

// A form over 64 KiB is refused before it is read.
func TestLargeForm(t *testing.T) {
	b := newBench(t)
	want(t, b.as("m1").post("/payouts", url.Values{"note": {strings.Repeat("x", 70<<10)}}), http.StatusRequestEntityTooLarge)
	want(t, b.browser().post("/sign-in", url.Values{"email": {strings.Repeat("x", 70<<10)}}), http.StatusRequestEntityTooLarge)
}

// Only our own addresses are gone on to.
func TestLocal(t *testing.T) {
	for in, out := range map[string]string{"/payouts?x=1": "/payouts?x=1", "": "/", "payouts": "/", "//evil": "/", "/\\evil": "/", "https://evil": "/", "/sign-in?next=/": "/", "/\n/evil": "/", "javascript:alert(1)": "/", "/" + strings.Repeat("a", 3000): "/"} {
		if got := local(in); got != out {
			t.Errorf("local(%q) = %q", in, got)
		}
	}
}

// Language and theme work signed out and are remembered; what the browser asks for comes first.
func TestPreferences(t *testing.T) {
	b := newBench(t)
	x := b.browser()
	for accept, l := range map[string]string{"": "ru", "en-GB,en;q=0.9": "en", "ru,en;q=0.8": "ru", "de,en;q=0.5,ru;q=0.4": "en", "fr": "ru", "en;q=x": "ru", "en;q=0": "ru"} {
		x.lang = accept
		if page := want(t, x.get("/sign-in"), 200); !strings.Contains(page, `<html lang="`+l+`"`) {
			t.Errorf("%q is not answered in %s", accept, l)
		}
	}
	rec := x.post("/preferences", url.Values{"lang": {"en"}, "theme": {"dark"}, "next": {"/sign-in"}})
	want(t, rec, http.StatusSeeOther)
	x.lang = "ru"
	if page := want(t, x.get("/sign-in"), 200); !strings.Contains(page, `lang="en"`) || !strings.Contains(page, `data-theme="dark"`) {
		t.Error("not remembered")
	}
	want(t, x.post("/preferences", url.Values{"theme": {"system"}, "lang": {"xx"}}), http.StatusSeeOther)
	if _, ok := x.cookies["theme"]; ok || x.cookies["lang"] != "en" {
		t.Error(x.cookies)
	}
	a := b.as("a1")
	want(t, a.post("/preferences", url.Values{"keys": {"off"}, "next": {"/account"}}), http.StatusSeeOther)
	if page := want(t, a.get("/account"), 200); strings.Contains(page, `data-keys="on"`) {
		t.Error("keys stay on")
	}
	want(t, a.post("/account/settings", url.Values{"idle": {"30"}}), http.StatusSeeOther)
	want(t, a.post("/account/settings", url.Values{"idle": {"3"}}), http.StatusUnprocessableEntity)
}

// One's own password and sign-ins.
func TestAccount(t *testing.T) {
	b := newBench(t)
	x, other := b.as("a1"), b.as("a1")
	page := want(t, x.get("/account"), 200)
	if strings.Count(page, "/account/sign-ins/") != 1 {
		t.Error("the other sign-in cannot be ended")
	}
	for _, name := range []string{"current", "password", "again", "idle"} { // what is posted below is what the page posts
		if !strings.Contains(page, `name="`+name+`"`) {
			t.Errorf("the page has no field %q", name)
		}
	}
	for _, f := range []url.Values{{"current": {"wrong"}, "password": {"four green boats there"}, "again": {"four green boats there"}}, {"current": {phrase}, "password": {"short"}, "again": {"short"}},
		{"current": {phrase}, "password": {"four green boats there"}, "again": {"another thing here"}}, {"current": {phrase}, "password": {phrase}, "again": {phrase}}} {
		if page := want(t, x.post("/account/password", f), http.StatusUnprocessableEntity); !strings.Contains(page, "data-error=") || strings.Contains(page, phrase) {
			t.Errorf("%v: no error, or a password in the page", f)
		}
	}
	want(t, x.post("/account/password", url.Values{"current": {phrase}, "password": {"four green boats there"}, "again": {"four green boats there"}}), http.StatusSeeOther)
	want(t, x.get("/account?done=password"), 200)
	for range 5 {
		want(t, x.post("/account/password", url.Values{"current": {"wrong"}, "password": {"five green boats there"}, "again": {"five green boats there"}}), http.StatusUnprocessableEntity)
	}
	rec := x.post("/account/password", url.Values{"current": {"four green boats there"}, "password": {"five green boats there"}, "again": {"five green boats there"}})
	want(t, rec, http.StatusTooManyRequests)
	if rec.Header().Get("Retry-After") == "" {
		t.Error("no word on how long to wait")
	}
	want(t, other.get("/"), http.StatusSeeOther)
	want(t, b.enter(b.browser(), "a1", nil), http.StatusUnauthorized)
	y := b.browser()
	want(t, y.post("/sign-in", url.Values{"email": {"A1@x.test "}, "password": {"four green boats there"}}), http.StatusSeeOther)
	id := regexp.MustCompile(`/account/sign-ins/([0-9a-f]+)/end`).FindStringSubmatch(want(t, x.get("/account"), 200))[1]
	want(t, b.as("a2").post("/account/sign-ins/"+id+"/end", nil), http.StatusNotFound)
	want(t, x.post("/account/sign-ins/"+id+"/end", nil), http.StatusSeeOther)
	want(t, y.get("/"), http.StatusSeeOther)
}

// One press becomes another person on the same page; the person before is signed out there.
func TestDemoButton(t *testing.T) {
	b := newBench(t)
	x := b.as("m1")
	old := x.cookies[cookieName]
	rec := x.post("/sign-in/demo", url.Values{"person": {"a1@x.test"}, "next": {"/payouts?tab=paid"}})
	want(t, rec, http.StatusSeeOther)
	if rec.Header().Get("Location") != "/payouts?tab=paid" {
		t.Error(rec.Header())
	}
	if page := visible(want(t, x.get("/account"), 200)); !strings.Contains(page, "a1@x.test") {
		t.Error(page)
	}
	y := b.browser()
	y.cookies[cookieName] = old
	want(t, y.get("/"), http.StatusSeeOther)
	want(t, x.post("/sign-in/demo", url.Values{"person": {"nobody"}}), http.StatusUnauthorized)
}
