package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"countersign/internal/factor"
)

// codes are everybody's one-time-code secrets. A code works once, so each is of a later time step than the one before.
type codes struct {
	mu     sync.Mutex
	secret map[string]string
	last   map[string]int64
}

func newCodes() *codes { return &codes{secret: map[string]string{}, last: map[string]int64{}} }

// next is a code that was not used yet; it waits for the clock where all that work now were.
func (c *codes) next(t testing.TB, email string) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	const step = 30
	var code string
	until(t, 40*time.Second, "a fresh one-time code", func() (bool, error) {
		clock := time.Now().Unix()
		now := clock / step
		at := max(now-1, c.last[email]+1)
		if at < now && clock%step > step-10 { // the step before may be over by the time that it is read
			at = now
		}
		if at > now+1 {
			return false, nil
		}
		c.last[email] = at
		var err error
		code, err = factor.TOTPCode(c.secret[email], time.Unix(at*step, 0))
		return true, err
	})
	return code
}

// TestInit: two or more administrators and nothing but their links on stdout; a link sets a password once and signs in; a database with people is refused; the
// token stands nowhere in the database.
func TestInit(t *testing.T) {
	t.Parallel()
	f := &firm{t: t, dir: t.TempDir(), deskPort: freePort(t), bank: freePort(t), codes: newCodes()}
	keys, theirs := filepath.Join(f.dir, "keys"), filepath.Join(f.dir, "bank-keys")
	ok(t, "keys", "new", "--out", keys)
	ok(t, "keys", "new", "--out", theirs)
	args := []string{"init", "--db", f.db(), "--history-key-file", filepath.Join(keys, "history.pem"), "--public-url", f.url(), "--admin", "X@firm.test=Крылов, Юрий"}
	if code, out, errs := command(t, args...); code != 2 || out != "" || !strings.Contains(errs, "--admin") {
		t.Errorf("one administrator: exit %d, %q, %s", code, out, errs)
	}
	args = append(args, "--admin", "y@firm.test=Юдина Зоя")
	out := ok(t, args...)
	m := regexp.MustCompile(`^link\tx@firm\.test\t(` + regexp.QuoteMeta(f.url()) + `/enrol/[A-Za-z0-9_-]{22,})\nlink\ty@firm\.test\t(` + regexp.QuoteMeta(f.url()) + `/enrol/[A-Za-z0-9_-]{22,})\n$`).FindStringSubmatch(out)
	if m == nil || m[1] == m[2] {
		t.Fatalf("stdout %q", out)
	}
	if code, again, errs := command(t, args...); code != 2 || again != "" || strings.Count(strings.TrimSpace(errs), "\n") != 0 {
		t.Errorf("a second time: exit %d, %q, %s", code, again, errs)
	}
	raw, err := os.ReadFile(f.db())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m[1:] {
		if strings.Contains(string(raw), l[strings.LastIndexByte(l, '/')+1:]) {
			t.Error("the database holds a link")
		}
	}
	f.serveArgs = []string{"serve", "--addr", "127.0.0.1:" + f.deskPort, "--db", f.db(), "--public-url", f.url(), "--bank-url", "http://localhost:" + f.bank, "--bank-project", "firm",
		"--bank-private-key-file", filepath.Join(keys, "bank-request.pem"), "--bank-public-key-file", filepath.Join(theirs, "bank-request.pub"), "--session-key-file",
		filepath.Join(keys, "session.key"), "--history-key-file", filepath.Join(keys, "history.pem"), "--anchor-file", f.anchor()}
	desk := f.startDesk()
	path := strings.TrimPrefix(m[1], f.url())
	b := newBrowser(t, f.url())
	if code, body, err := b.get(path); err != nil || code != http.StatusOK || !strings.Contains(body, "x@firm.test") {
		t.Fatalf("the link: %d %v\n%s", code, err, body)
	}
	pw := url.Values{"password": {firmPassword}, "again": {firmPassword}}
	code, head, body, err := b.post(path, pw)
	if err != nil || code != http.StatusSeeOther || head.Get("Location") == "" || b.cookies["__Host-sid"] == "" {
		t.Fatalf("setting the password: %d %v\n%s", code, err, body)
	}
	if code, body, err := b.get(head.Get("Location")); err != nil || code != http.StatusOK {
		t.Errorf("going on to %s: %d %v\n%s", head.Get("Location"), code, err, body)
	}
	if code, _, _, err := newBrowser(t, f.url()).post(path, pw); err != nil || code != http.StatusGone {
		t.Errorf("the link again: %d %v", code, err)
	}
	desk.stop(syscall.SIGTERM)
	if strings.Contains(desk.err.String(), path[strings.LastIndexByte(path, '/')+1:]) {
		t.Error("the log holds a link")
	}
	if code, out, errs := command(t, "audit", "verify", "--db", f.db(), "--anchor", f.anchor()); code != 0 {
		t.Errorf("verify: exit %d: %s%s", code, out, errs)
	}
}

// TestPeopleAddLater: after the first submission the console writes a proposal and nothing else; an administrator approves it on the desk; the person signs in
// with the console's password and must change it.
func TestPeopleAddLater(t *testing.T) {
	t.Parallel()
	f := newFirm(t, "400ms")
	desk := f.startDesk()
	maker := f.signIn("m@firm.test")
	if _, err := maker.enter(entry(1, 100_00)); err != nil {
		t.Fatal(err)
	}
	desk.stop(syscall.SIGTERM)
	add := []string{"people", "add", "z@firm.test", "--name", "Зотова Инна", "--roles", "approver", "--password-file", filepath.Join(f.dir, "password"), "--db", f.db(),
		"--history-key-file", filepath.Join(f.dir, "keys", "history.pem")}
	if code, out, errs := command(t, add...); code != 0 || out != "" || !strings.Contains(errs, "only proposed") {
		t.Fatalf("people add later: exit %d, %q, %s", code, out, errs)
	}
	if code, _, errs := command(t, add...); code != 2 || !strings.Contains(errs, "already") {
		t.Errorf("the same again: exit %d, %s", code, errs)
	}
	desk = f.startDesk()
	none := newBrowser(t, f.url())
	signIn := url.Values{"email": {"z@firm.test"}, "password": {firmPassword}}
	if code, _, _, err := none.post("/sign-in", signIn); err != nil || code != http.StatusUnauthorized {
		t.Errorf("signing in before the approval: %d %v", code, err)
	}
	admin := f.signIn("x@firm.test")
	_, body, err := admin.get("/settings/people")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`/changes/person/[0-9a-f-]{36}`).FindString(body)
	if link == "" || !strings.Contains(body, "Зотова") {
		t.Fatalf("nothing waits:\n%s", cutText(body))
	}
	if _, body, err = admin.get(link); err != nil {
		t.Fatal(err)
	}
	digest := regexp.MustCompile(`name="digest" value="([0-9a-f]{64})"`).FindStringSubmatch(body)
	if digest == nil {
		t.Fatalf("no decision offered:\n%s", cutText(body))
	}
	if code, _, body, err := admin.post(link+"/approve", url.Values{"digest": {digest[1]}}); err != nil || code != http.StatusSeeOther {
		t.Fatalf("approving: %d %v\n%s", code, err, cutText(body))
	}
	code, _, body, err := none.post("/sign-in", signIn)
	if err != nil || code != http.StatusSeeOther {
		t.Fatalf("signing in after it: %d %v\n%s", code, err, cutText(body))
	}
	for _, p := range []string{"/", "/payouts", "/approvals"} {
		if _, body, err := none.get(p); err != nil || !strings.Contains(body, `data-testid="must-change"`) {
			t.Errorf("%s: %v\n%s", p, err, cutText(body))
		}
	}
	next := firmPassword + " and more"
	if code, _, body, err := none.post("/account/password", url.Values{"current": {firmPassword}, "password": {next}, "again": {next}}); err != nil || code != http.StatusSeeOther {
		t.Errorf("changing the password: %d %v\n%s", code, err, cutText(body))
	}
	desk.stop(syscall.SIGTERM)
	if code, out, errs := command(t, "audit", "verify", "--db", f.db(), "--anchor", f.anchor()); code != 0 {
		t.Errorf("verify: exit %d: %s%s", code, out, errs)
	}
}
