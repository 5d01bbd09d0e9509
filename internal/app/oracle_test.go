package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/recheck"
	"countersign/internal/store"
)

// line is what the oracle reads of an event. It knows nothing of internal/app's fold or internal/approval's counting.
type line struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Digest  string `json:"digest"`
	Minor   *int64 `json:"amount_minor"`
	Body    string `json:"body"`
	Attempt int    `json:"attempt"`
	Op      string `json:"op"`
}

// told is one payout as the oracle sees it.
type told struct {
	state, digest, submitted string
	version                  int
	minor                    int64
	makers                   []string
	yes                      []string
	claims                   int
}

// watch follows a desk's history with internal/recheck, which shares no code with the engine: whatever should not have been is an error of the test.
type watch struct {
	t     testing.TB
	d     *desktest.Desk
	db    *sql.DB
	c     *recheck.Checker
	doors *doors
	last  int64
	found int
}

func newWatch(t testing.TB, d *desktest.Desk) *watch {
	db := d.SQL()
	return &watch{t: t, d: d, db: db, c: recheck.New(store.Documents(context.Background(), db)), doors: newDoors()}
}

// feed takes the events since the last time. It returns how many there were.
func (w *watch) feed() int {
	w.t.Helper()
	rows, err := w.db.QueryContext(context.Background(), "SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event WHERE seq > ? ORDER BY seq", w.last)
	must(w.t, err)
	var events []audit.Event
	for rows.Next() {
		var e audit.Event
		var at int64
		var payload string
		must(w.t, rows.Scan(&e.Seq, &at, &e.Person, &e.SignIn, &e.Action, &e.Kind, &e.Subject, &e.Version, &e.Spec, &payload))
		e.At, e.Payload = time.UnixMicro(at).UTC(), []byte(payload)
		events = append(events, e)
	}
	must(w.t, rows.Err())
	must(w.t, rows.Close())
	for _, e := range events {
		must(w.t, w.c.Event(e))
		must(w.t, w.doors.event(e))
		w.last = e.Seq
	}
	if r := w.c.Report(); len(r.Findings) > w.found {
		for _, f := range r.Findings[w.found:] {
			w.t.Errorf("the history counted again: %s", f)
		}
		w.found = len(r.Findings)
	}
	return len(events)
}

// oracle recomputes from the event log alone that no payout was ever claimed without the approvals it needs: at that moment as
// many different standing persons as its rules ask for had said yes over exactly the digest that was sent, none of whom had ever made or
// edited it; and that no halt was in force. It returns what it learnt of each payout.
func oracle(t *testing.T, d *desktest.Desk) map[string]*told {
	t.Helper()
	newWatch(t, d).feed()
	all := map[string]*told{}
	suspended := map[string]bool{}
	halts := 0
	for _, e := range d.Events() {
		var l line
		if err := json.Unmarshal(e.Payload, &l); err != nil {
			t.Fatalf("event %d: %v", e.Seq, err)
		}
		switch e.Action {
		case "person.suspended":
			suspended[e.Subject] = true
		case "person.effective":
			if l.Op == "person.restore" {
				suspended[e.Subject] = false
			}
		case "halt.on":
			halts++
		case "halt.off":
			halts--
		}
		if e.Kind != "payout" || strings.HasPrefix(e.Action, "look.") {
			continue
		}
		p := all[e.Subject]
		if p == nil {
			p = &told{}
			all[e.Subject] = p
		}
		if e.Version != p.version {
			p.version, p.yes, p.submitted = e.Version, nil, ""
		}
		if l.Minor != nil {
			p.minor = *l.Minor
		}
		drop := func() { p.yes = slices.DeleteFunc(p.yes, func(x string) bool { return x == e.Person }) }
		switch e.Action {
		case "payout.created", "payout.edited":
			if !slices.Contains(p.makers, e.Person) {
				p.makers = append(p.makers, e.Person)
			}
		case "payout.submitted":
			if !slices.Contains(p.makers, e.Person) {
				p.makers = append(p.makers, e.Person)
			}
			p.submitted = l.Digest
		case "payout.approved":
			if l.Digest != p.submitted || l.Digest == "" {
				t.Errorf("event %d: %s approved %q, submitted was %q", e.Seq, d.Name(e.Person), l.Digest, p.submitted)
			}
			if suspended[e.Person] {
				t.Errorf("event %d: %s is suspended and approved", e.Seq, d.Name(e.Person))
			}
			drop() // whether the same person might say it once more (in order, or now signed), the recount says
			p.yes = append(p.yes, e.Person)
		case "payout.taken_back":
			drop()
		case "payout.claimed":
			p.claims++
			if halts > 0 {
				t.Errorf("event %d: claimed while sending was stopped", e.Seq)
			}
			if l.Digest != p.submitted || l.Digest == "" {
				t.Errorf("event %d: sent digest %q, submitted was %q", e.Seq, l.Digest, p.submitted)
			}
			for _, who := range p.yes { // whether they are enough, the recount below says
				if slices.Contains(p.makers, who) {
					t.Errorf("event %d: sent with the approval of %s, who made it", e.Seq, d.Name(who))
				}
			}
		}
		if p.claims > 0 && l.From != "" && payout.State(l.From).Sent() && (l.To == "draft" || l.To == "pending_approval") {
			t.Errorf("event %d: %s to %s", e.Seq, l.From, l.To)
		}
		p.state, p.digest = l.To, l.Digest
	}
	return all
}

// matches folds every payout from its events and compares it with its row and decisions, and with the oracle's own reading.
func matches(t *testing.T, d *desktest.Desk, all map[string]*told) {
	t.Helper()
	for _, id := range d.Payouts() {
		s := d.Get(id)
		rows, err := d.Store.Timeline(t.Context(), "payout", string(id))
		if err != nil {
			t.Fatal(err)
		}
		ds, err := d.Store.DecisionsOf(t.Context(), approval.Payout, string(id), s.Version)
		if err != nil {
			t.Fatal(err)
		}
		f := &app.Folded{}
		for _, r := range rows {
			if err := f.Fold(r.Event); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Matches(s, ds); err != nil {
			t.Errorf("payout %d: %v", s.Number, err)
		}
		if o := all[string(id)]; o == nil || o.state != string(s.State) || o.version != s.Version {
			t.Errorf("payout %d is %s version %d, the oracle says %+v", s.Number, s.State, s.Version, o)
		}
	}
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func form(n int) string { return fmt.Sprintf("test-form-%d", n) }
