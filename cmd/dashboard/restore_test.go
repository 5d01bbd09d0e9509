package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/internal/audit"
	"countersign/internal/lang"
)

// TestRestoreCommand walks a small firm through the loss of its database: copies on a schedule, a payment after the copy, 'restore', a desk in quarantine
// that says so, two people with their codes, new payouts that leave, 'audit verify' that knows a declared loss from an undeclared one; then a stamp that is
// gone. Promise 6.
func TestRestoreCommand(t *testing.T) {
	t.Parallel()
	copies := filepath.Join(t.TempDir(), "copies")
	f := newFirm(t, "100ms", "--backup-dir", copies, "--backup-every", "1s", "--backup-keep", "3")
	bank := f.startBank()
	desk := f.startDesk()
	var maker, first, second *browser
	signIn := func() {
		maker, first, second = f.signIn("m@firm.test"), f.signIn("a@firm.test"), f.signIn("b@firm.test")
	}
	signIn()
	pay := func(n int) string {
		t.Helper()
		path, err := maker.enter(entry(n, 100_00))
		if err != nil {
			t.Fatal(err)
		}
		if err := first.approve(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	become := func(path, state, held string) {
		t.Helper()
		until(t, 30*time.Second, path+" to become "+state+" "+held, func() (bool, error) {
			s, err := maker.payout(path)
			return s.state == state && (held == "" || s.held == held), err
		})
	}
	says := func(path, what string, text func(*lang.CopiesTexts) string) {
		t.Helper()
		code, page, err := maker.get(path)
		if err != nil || code != http.StatusOK {
			t.Fatalf("%s: %d %v", path, code, err)
		}
		if !strings.Contains(page, text(lang.For(lang.RU).Copies())) && !strings.Contains(page, text(lang.For(lang.EN).Copies())) {
			t.Errorf("%s does not say %s\n%s", path, what, cutText(page))
		}
	}
	become(pay(1), "succeeded", "")
	copyOf, oldAnchor := filepath.Join(f.dir, "copy.db"), filepath.Join(f.dir, "anchor-before")
	ok(t, "backup", "--db", f.db(), "--out", copyOf)
	become(pay(2), "succeeded", "")
	var made []string
	until(t, 60*time.Second, "a copy on schedule", func() (bool, error) {
		var err error
		made, err = filepath.Glob(filepath.Join(copies, "desk-*Z.db"))
		return len(made) > 0, err
	})
	desk.stop(syscall.SIGTERM)
	if made, err := filepath.Glob(filepath.Join(copies, "*")); err != nil || len(made) == 0 || len(made) > 3 {
		t.Errorf("copies: %q %v", made, err)
	} else if code, out, errs := command(t, "audit", "verify", "--db", made[len(made)-1]); code != verifyNoAnchor {
		t.Errorf("verify of a copy made on schedule: exit %d: %s%s", code, out, errs)
	}
	before := len(ledger(t, bank.url("bank")))

	anchor, err := os.ReadFile(f.anchor())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(oldAnchor, anchor, 0o600); err != nil {
		t.Fatal(err)
	}
	verify := func(what, db, anchor string, want int, says string) {
		t.Helper()
		if code, out, errs := command(t, "audit", "verify", "--db", db, "--anchor", anchor); code != want || !strings.Contains(out, says) {
			t.Errorf("verify of %s: exit %d, want %d and %q: %s%s", what, code, want, says, out, errs)
		}
	}
	verify("a plain old copy", copyOf, oldAnchor, verifyOther, "older than the anchor")

	restore := []string{"restore", "--from", copyOf, "--db", f.db(), "--history-key-file", filepath.Join(f.dir, "keys", "history.pem"), "--anchor-file", f.anchor()}
	if code, out, errs := command(t, restore...); code != exitFailed || out != "" || !strings.Contains(errs, "exists already") {
		t.Errorf("over a database: exit %d: %s%s", code, out, errs)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		os.Remove(f.db() + end)
	}
	if code, out, errs := command(t, restore...); code != 0 || !strings.Contains(out, "are in place") || !strings.Contains(out, "events are lost") || !strings.Contains(out, "quarantine") {
		t.Fatalf("restore: exit %d: %s%s", code, out, errs)
	}

	desk = f.startDesk()
	signIn()
	says("/halt", "why nothing is sent", func(c *lang.CopiesTexts) string { return c.Why["restored"] })
	third := pay(3)
	become(third, "approved", "quarantine")
	says(third, "that it may have been paid", func(c *lang.CopiesTexts) string { return strings.SplitN(c.MayBePaid, "{1}", 2)[0] })
	if code, _, _, err := second.post("/halt/release", url.Values{}); err != nil || code == http.StatusSeeOther {
		t.Errorf("a release without a code: %d %v", code, err)
	}
	for _, b := range []struct {
		who *browser
		as  string
	}{{first, "a@firm.test"}, {second, "b@firm.test"}} {
		if n := len(ledger(t, bank.url("bank"))); n != before {
			t.Fatalf("the copy asked the bank: %d entries, %d before", n, before)
		}
		if code, _, body, err := b.who.post("/halt/release", url.Values{"code": {f.codes.next(t, b.as)}}); err != nil || code != http.StatusSeeOther {
			t.Fatalf("release: %d %v\n%s", code, err, cutText(body))
		}
	}
	become(third, "succeeded", "")
	desk.stop(syscall.SIGTERM)
	verify("what was restored", f.db(), oldAnchor, verifyOK, "declared lost")
	verify("what was restored", f.db(), f.anchor(), verifyOK, "a copy went on")

	// The stamp beside the anchor is gone: another copy may have run.
	if _, err := os.ReadFile(audit.StampPath(f.anchor())); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(audit.StampPath(f.anchor())); err != nil {
		t.Fatal(err)
	}
	f.startDesk()
	become(pay(4), "approved", "halt")
	says("/halt", "that another copy may have run", func(c *lang.CopiesTexts) string { return c.Copy })
	if n := len(ledger(t, bank.url("bank"))); n != before+1 {
		t.Errorf("%d entries at the bank, want %d and one", n, before)
	}
}
