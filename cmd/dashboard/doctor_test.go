package main

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestDoctor: a row altered past the running desk stops sending within one look and is named to people; `doctor` finds it; two people's release excepts
// it, payouts leave again, and it stops nothing a second time. promises.md B "Doctor invariants".
func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	db := dir + "/db/desk.db"
	p := start(t, "demo", "--addr", "127.0.0.1:0", "--data", dir, "--sample", "20", "--delay", "50ms", "--send-after", "0s", "--poll-min", "50ms")
	maker, orlov := person(t, p, "kuznetsova@demo.test"), person(t, p, "orlov@demo.test")
	path, err := maker.enter(entry(1, 1000_00))
	if err != nil {
		t.Fatal(err)
	}
	if err := orlov.approve(path); err != nil {
		t.Fatal(err)
	}
	paid := func(path string) bool {
		return until(t, 30*time.Second, path+" is paid", func() (bool, error) {
			s, err := maker.payout(path)
			return err == nil && s.state == "succeeded", err
		})
	}
	if !paid(path) {
		return
	}
	doctor := func() (int, string) {
		code, out, errs := command(t, "doctor", "--db", db, "--anchor-file", dir+"/outside/anchor")
		return code, out + errs
	}
	if code, out := doctor(); code != 0 {
		t.Fatalf("a sound desk: %d\n%s", code, out)
	}

	d, err := sql.Open("sqlite", "file:"+db+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	id := path[strings.LastIndex(path, "/")+1:]
	res, err := d.ExecContext(t.Context(), "UPDATE payout SET sent_at = sent_at + 1 WHERE id = ? OR number = ?", id, id)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		t.Fatalf("%d rows altered", n)
	}
	if !until(t, 10*time.Second, "sending to be stopped", func() (bool, error) {
		code, body, err := orlov.get("/halt")
		return err == nil && code == 200 && strings.Contains(body, "I8: "), fmt.Errorf("%d %v", code, err)
	}) {
		return
	}
	if code, out := doctor(); code != 1 || !strings.Contains(out, "I8 payout/") {
		t.Fatalf("doctor: %d\n%s", code, out)
	}
	next, err := maker.enter(entry(2, 2000_00))
	if err != nil {
		t.Fatal(err)
	}
	if err := orlov.approve(next); err != nil {
		t.Fatal(err)
	}
	releases := 0
	release := func() {
		t.Helper()
		releases++
		for _, who := range []string{"orlov@demo.test", "gromova@demo.test"} {
			if code, _, body, err := person(t, p, who).post("/halt/release", url.Values{}); err != nil || code >= 400 {
				t.Fatalf("release by %s: %d %v %s", who, code, err, cutText(body))
			}
		}
	}
	release()
	// The look that sees the altered row stops at once. What the proof of everything that follows it says of the same row stops once more, if it was not named then.
	paid = func(path string) bool {
		return until(t, 30*time.Second, path+" is paid", func() (bool, error) {
			if _, body, err := orlov.get("/halt"); err == nil && strings.Contains(body, "history: ") && strings.Contains(body, "/halt/release") && releases < 2 {
				release()
			}
			s, err := maker.payout(path)
			return err == nil && s.state == "succeeded", err
		})
	}
	if !paid(next) {
		return
	}
	for n := range 3 { // several looks later
		if next, err = maker.enter(entry(3+n, 3000_00)); err != nil {
			t.Fatal(err)
		}
		if err := orlov.approve(next); err != nil {
			t.Fatal(err)
		}
		if !paid(next) {
			return
		}
	}
	if _, body, err := orlov.get("/halt"); err != nil || strings.Contains(body, "I8: ") || strings.Contains(body, "history: ") {
		t.Fatal("it stopped sending again", err)
	}
	if code, out := doctor(); !strings.Contains(out, "in spite of it") {
		t.Fatalf("doctor names no exception: %d\n%s", code, out)
	}
}
