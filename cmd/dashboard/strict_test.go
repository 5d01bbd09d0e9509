package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestStrictDemo: a demo with the guarded rules fills its sample, says on stdout what every demo says, and can be used: the one press of each printed person leads
// to the desk and not to the setting of a factor, as often as somebody likes; a password alone does not, a password with the code that the sign-in page shows does, once;
// and all of it is the same after a restart. A payment above the first band that names no saved payee is refused, so the sample's payees are saved.
func TestStrictDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"demo", "--rules", "strict", "--addr", "127.0.0.1:0", "--data", dir, "--sample", "60", "--delay", "60ms"}
	p := start(t, args...)
	printed := p.lines["person"]
	if len(printed) != len(demoPeople) {
		t.Fatalf("%d people are printed", len(printed))
	}
	press := func(email string) *browser {
		b := newBrowser(t, p.url("open"))
		code, _, body, err := b.post("/sign-in/demo", url.Values{"person": {email}})
		if err != nil || code != http.StatusSeeOther {
			t.Fatalf("one press of %s: %d %v\n%s", email, code, err, cutText(body))
		}
		return b
	}
	opens := func(b *browser, path string) string {
		t.Helper()
		code, body, err := b.get(path)
		if err != nil || code != http.StatusOK {
			t.Fatalf("%s: %d %v\n%s", path, code, err, cutText(body))
		}
		return body
	}
	for _, l := range printed {
		if len(l) != 3 { // the contract of stdout: e-mail, password, roles
			t.Errorf("a person is printed as %d fields", len(l))
		}
		for range 2 { // within one time step of a code
			b := press(l[0])
			opens(b, "/")
		}
	}
	maker := press("kuznetsova@demo.test")
	if n := strings.Count(opens(maker, "/payees"), `href="/payees/0`); n < 10 {
		t.Errorf("%d saved payees", n)
	}
	door := newBrowser(t, p.url("open"))
	code := regexp.MustCompile(`data-code="` + printed[2][0] + `">(\d{3} \d{3})<`).FindStringSubmatch(opens(door, "/sign-in"))
	if code == nil {
		t.Fatal("the sign-in page shows no code")
	}
	typed := url.Values{"email": {printed[2][0]}, "password": {printed[2][1]}}
	if status, _, _, err := door.post("/sign-in", typed); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a password alone: %d %v", status, err)
	}
	typed.Set("code", code[1])
	if status, _, body, err := door.post("/sign-in", typed); err != nil || status != http.StatusSeeOther {
		t.Errorf("password and code: %d %v\n%s", status, err, cutText(body))
	}
	opens(door, "/approvals")
	if status, _, _, err := newBrowser(t, p.url("open")).post("/sign-in", typed); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a code that was used: %d %v", status, err)
	}
	p.stop(syscall.SIGINT)
	if status, out, errs := command(t, "audit", "verify", "--db", dir+"/db/desk.db", "--anchor", dir+"/outside/anchor", "--approvals"); status != 0 {
		t.Errorf("audit verify: %d %s %s", status, out, errs)
	}
	p = start(t, args...)
	for i, l := range p.lines["person"] {
		if strings.Join(l, " ") != strings.Join(printed[i], " ") {
			t.Errorf("after a restart: %v, was %v", l, printed[i])
		}
		b := press(l[0])
		opens(b, "/")
	}
}
