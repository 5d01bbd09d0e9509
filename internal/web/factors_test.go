package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/desktest"
	"countersign/internal/factor/softkey"
)

// question posts to a begin address as passkey.js does.
func (x *browser1) question(t *testing.T, path string, form url.Values) app.Question {
	t.Helper()
	q := x.request("POST", path, form)
	q.Header.Set("Accept", "application/json")
	q.Header.Set("HX-Request", "true")
	var out app.Question
	if err := json.Unmarshal([]byte(want(t, x.do(q), 200)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (x *browser1) addKey(t *testing.T, key *softkey.Key) {
	t.Helper()
	q := x.question(t, "/account/factors/passkey/begin", url.Values{})
	said, err := key.Register(q.Options, site)
	if err != nil {
		t.Fatal(err)
	}
	want(t, x.post("/account/factors/passkey", url.Values{"challenge": {q.ID}, "response": {string(said)}, "name": {"laptop"}}), http.StatusSeeOther)
}

func strict(t *testing.T) *bench {
	t.Helper()
	r := desktest.Rules()
	r.FactorNeeded = true
	return wrap(t, desktest.NewWith(t, r))
}

// Where a second factor is needed, a password alone opens enrolment, the way out and the language, and nothing else; with one-time codes set everything opens at
// once, and the next sign-in asks for a code, which is good once.
func TestEnrolment(t *testing.T) {
	b := strict(t)
	x := b.browser()
	want(t, b.enter(x, "a1", nil), http.StatusSeeOther)
	for _, p := range []string{"/", "/payouts", "/approvals", "/account", "/history", "/settings/people"} {
		if rec := x.get(p); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/account/factors" {
			t.Errorf("%s: %d to %s", p, rec.Code, rec.Header().Get("Location"))
		}
	}
	want(t, x.post("/halt", url.Values{"reason": {"nothing may be sent today"}}), http.StatusForbidden)
	want(t, x.get("/live"), http.StatusForbidden)
	page := want(t, x.get("/account/factors"), 200)
	if strings.Contains(page, `href="/payouts"`) || !strings.Contains(page, `data-testid="sign-out"`) || !strings.Contains(page, `data-testid="add-codes"`) {
		t.Error("the page of enrolment is not alone")
	}
	want(t, x.post("/preferences", url.Values{"lang": {"ru"}, "next": {"/account/factors"}}), http.StatusSeeOther)
	rec := x.post("/account/factors/totp/begin", nil)
	want(t, rec, http.StatusSeeOther)
	at := rec.Header().Get("Location")
	page = want(t, x.get(at), 200)
	secret := strings.ReplaceAll(regexp.MustCompile(`data-secret="([^"]+)"`).FindStringSubmatch(page)[1], " ", "")
	png := x.get(at + "/qr.png")
	want(t, png, 200)
	if png.Header().Get("Content-Type") != "image/png" || png.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the picture: %v", png.Header())
	}
	want(t, b.as("a2").get(at), http.StatusNotFound)
	page = want(t, x.post(at, url.Values{"code": {"000000"}}), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="code"`) {
		t.Error("the wrong code is not said at its field")
	}
	want(t, x.post(at, url.Values{"code": {b.Code(secret, 0)}}), http.StatusSeeOther)
	want(t, x.get("/payouts"), 200)
	want(t, x.get(at), http.StatusNotFound)

	y := b.browser()
	page = want(t, b.enter(y, "a1", nil), http.StatusUnauthorized)
	if !strings.Contains(page, `data-error="code"`) || field(t, page, "email") != "a1@x.test" {
		t.Error("the form does not ask for the code")
	}
	want(t, b.enter(y, "a1", url.Values{"code": {b.Code(secret, 0)}}), http.StatusUnauthorized) // used to set it up
	b.Clock.Add(30 * time.Second)
	code := b.Code(secret, 0)
	want(t, b.enter(y, "a1", url.Values{"code": {code}, "next": {"/payouts"}}), http.StatusSeeOther)
	want(t, y.get("/payouts"), 200)
	want(t, b.enter(b.browser(), "a1", url.Values{"code": {code}}), http.StatusUnauthorized)
}

// Guesses at codes wait as guesses at passwords do, also in a browser that signed in before.
func TestSignIn_GuessCodes(t *testing.T) {
	b := newBench(t)
	b.Codes("a1")
	x := b.browser()
	for range 5 {
		want(t, b.enter(x, "a1", url.Values{"code": {"123456"}}), http.StatusUnauthorized)
	}
	want(t, b.enter(x, "a1", url.Values{"code": {"123456"}}), http.StatusTooManyRequests)
	// Right passwords without a code neither count nor take anything back.
	for range 8 {
		if rec := b.enter(x, "a1", nil); rec.Code != http.StatusUnauthorized && rec.Code != http.StatusTooManyRequests {
			t.Fatal(rec.Code)
		}
	}
	want(t, b.enter(x, "a1", url.Values{"code": {"123456"}}), http.StatusTooManyRequests)
}

// A passkey alone signs in, with a form that was kept; recovery codes are shown once; changes ask who is there after five minutes.
func TestPasskeyPages(t *testing.T) {
	b := newBench(t)
	x := b.as("a1")
	key := softkey.New(testRand{})
	x.addKey(t, key)
	page := want(t, x.get("/account/factors"), 200)
	if !strings.Contains(page, "data-fingerprint") || !strings.Contains(visible(page), "laptop") || !strings.Contains(visible(page), "no approval above the limit without a vouched key") {
		t.Error("the page does not show the key")
	}
	y := b.browser()
	q := y.question(t, "/sign-in/passkey/begin", url.Values{})
	said, err := key.Assert(q.Options, site)
	if err != nil {
		t.Fatal(err)
	}
	rec := y.post("/sign-in/passkey", url.Values{"challenge": {q.ID}, "response": {string(said)}, "next": {"/payouts?tab=paid"}})
	want(t, rec, http.StatusSeeOther)
	if rec.Header().Get("Location") != "/payouts?tab=paid" {
		t.Error(rec.Header().Get("Location"))
	}
	want(t, y.get("/payouts"), 200)
	want(t, b.browser().post("/sign-in/passkey", url.Values{"challenge": {q.ID}, "response": {string(said)}}), http.StatusUnauthorized)
	page = want(t, x.post("/account/factors/recovery", nil), 200)
	codes := regexp.MustCompile(`<code>([0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4})</code>`).FindAllStringSubmatch(page, -1)
	if len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	page = want(t, x.get("/account/factors"), 200)
	if strings.Contains(page, codes[0][1]) {
		t.Error("shown twice")
	}
	b.Clock.Add(6 * time.Minute)
	page = want(t, x.get("/account/factors"), 200)
	if !strings.Contains(page, `data-testid="fresh"`) || strings.Contains(page, `data-testid="remove"`) {
		t.Error("it does not ask who is there")
	}
	want(t, x.post("/account/factors/recovery", nil), http.StatusForbidden)
	want(t, x.post("/account/factors/fresh", url.Values{"current": {"wrong wrong wrong wrong"}}), http.StatusUnprocessableEntity)
	want(t, x.post("/account/factors/fresh", url.Values{"current": {phrase}}), http.StatusSeeOther)
	page = want(t, x.get("/account/factors"), 200)
	id := regexp.MustCompile(`data-factor="([^"]+)"`).FindStringSubmatch(page)[1]
	want(t, x.post("/account/factors/"+id+"/remove", nil), http.StatusSeeOther)
	want(t, x.post("/account/factors/"+id+"/remove", nil), http.StatusUnprocessableEntity)
	want(t, y.get("/payouts"), http.StatusSeeOther) // the other sign-in ended
}

// testRand makes keys that differ: crypto/rand by another name, so that a test reads as one.
type testRand struct{}

func (testRand) Read(p []byte) (int, error) {
	copy(p, []byte(token(len(p))))
	return len(p), nil
}

// Above the signing amount the page asks for a passkey, offers to make one, and takes nothing else; its answers name what to do.
func TestSign_Answers(t *testing.T) {
	r := approval.DemoRules()
	r.StepUpAboveMinor = 200_000_00
	b := wrap(t, desktest.NewWith(t, r))
	b.App.Place.Environment = "demo" // where a passkey is offered in one step, payouts or not
	id := b.Submit(1_500_000_00)
	x := b.as("a1")
	page := want(t, x.get(where(id, "")), 200)
	if !strings.Contains(page, `data-create="/account/factors/passkey/begin"`) || !strings.Contains(visible(page), "Create a passkey and sign") {
		t.Error("no offer of a passkey")
	}
	digest := url.Values{"digest": {string(b.Get(id).Digest)}}
	page = want(t, x.post(where(id, "/approve"), digest), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="form"`) {
		t.Error("the refusal is not said")
	}
	key := softkey.New(testRand{})
	x.addKey(t, key)
	page = want(t, x.get(where(id, "")), 200)
	if strings.Contains(page, "data-create") || !strings.Contains(page, `data-sign="`+where(id, "/sign/begin")) {
		t.Error("the form does not ask for the passkey")
	}
	q := x.question(t, where(id, "/sign/begin"), digest)
	said, err := key.Assert(q.Options, site)
	if err != nil {
		t.Fatal(err)
	}
	f := url.Values{"digest": digest["digest"], "challenge": {q.ID}, "response": {string(said)}}
	want(t, x.post(where(id, "/approve"), f), http.StatusSeeOther)
	want(t, x.post(where(id, "/approve"), f), http.StatusSeeOther) // said before
	bad := x.request("POST", where(id, "/sign/begin"), url.Values{"digest": {strings.Repeat("0", 64)}})
	if rec := x.do(bad); rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), `"error":"`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	// Below it a code does, at its field.
	low := b.Submit(500_000_00)
	secret := b.Codes("a2")
	y := b.browser()
	b.Clock.Add(30 * time.Second)
	want(t, b.enter(y, "a2", url.Values{"code": {b.Code(secret, 0)}}), http.StatusSeeOther)
	page = want(t, y.get(where(low, "")), 200)
	if !strings.Contains(page, `id="code"`) {
		t.Error("no field for the code")
	}
	digest = url.Values{"digest": {string(b.Get(low).Digest)}}
	page = want(t, y.post(where(low, "/approve"), digest), http.StatusUnprocessableEntity)
	if !strings.Contains(page, `data-error="code"`) {
		t.Error("the missing code is not said at its field")
	}
	b.Clock.Add(30 * time.Second)
	digest.Set("code", b.Code(secret, 0))
	want(t, y.post(where(low, "/approve"), digest), http.StatusSeeOther)
}

// A second passkey waits until an administrator or senior vouched for it: whoever decides sees whose it is and its fingerprint, and its owner when it will sign.
func TestVouchPages(t *testing.T) {
	b := newBench(t)
	x := b.as("a1")
	x.addKey(t, softkey.New(testRand{}))
	b.Clock.Add(time.Second)
	x.addKey(t, softkey.New(testRand{}))
	page := want(t, x.get("/account/factors"), 200)
	prints := regexp.MustCompile(`data-fingerprint="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(prints) != 2 || !strings.Contains(visible(page), "Waits for an administrator") {
		t.Fatal(visible(page))
	}
	at := "/changes/person/" + b.Who["a1"].Person
	// Its owner can withdraw it, by a button on its page, and ask again.
	own := want(t, x.get(at), 200)
	if !strings.Contains(own, `data-testid="withdraw"`) {
		t.Error("no button to withdraw it")
	}
	want(t, x.post(at+"/withdraw", url.Values{"digest": {field(t, own, "digest")}}), http.StatusSeeOther)
	want(t, x.post("/account/factors/"+regexp.MustCompile(`data-factor="([^"]+)"`).FindAllStringSubmatch(page, -1)[1][1]+"/vouch", nil), http.StatusSeeOther)
	s := b.as("s1")
	page = want(t, s.get(at), 200)
	if !strings.Contains(page, prints[1][1]) || !strings.Contains(visible(page), "Person a1") {
		t.Error(visible(page))
	}
	want(t, s.post(at+"/approve", url.Values{"digest": {field(t, page, "digest")}}), http.StatusSeeOther)
	page = want(t, x.get("/account/factors"), 200)
	if !strings.Contains(visible(page), "Will sign from") {
		t.Error(visible(page))
	}
	for _, p := range []string{at, "/settings/people", "/settings/people/" + b.Who["a1"].Person, "/approvals"} {
		want(t, b.as("d1").get(p), 200)
	}
	want(t, b.as("u1").get("/history?kind=person"), 200)
	b.Clock.Add(time.Second)
	// A key that is removed while it waits takes its proposal along.
	x.addKey(t, softkey.New(testRand{}))
	page = want(t, x.get("/account/factors"), 200)
	id := regexp.MustCompile(`data-factor="([^"]+)"`).FindAllStringSubmatch(page, -1)[2][1]
	if open, err := b.Store.OpenProposals(t.Context(), 10); err != nil || len(open) != 1 {
		t.Fatal(open, err)
	}
	want(t, x.post("/account/factors/"+id+"/remove", nil), http.StatusSeeOther)
	if open, err := b.Store.OpenProposals(t.Context(), 10); err != nil || len(open) != 0 {
		t.Error(open, err)
	}
}
