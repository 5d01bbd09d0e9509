package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/banksim"
	"countersign/internal/config"
	"countersign/internal/desktest"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// eachWay is every invariant broken by somebody with the database file, who knows no triggers. {steps} was paid in three steps, {sent} and {other} are under way, {lost} is
// of unknown outcome.
var eachWay = []struct {
	invariant, name string
	stmts           string
	row             string // that is named
	whole           bool   // only the whole look finds it
	// doctor is what `doctor` exits with: a question that is late is nothing there, for a desk that does not run asks nobody.
	doctor int
}{
	{"I1", "a second request", `INSERT INTO attempt (payout_id, n, version, digest, reference, key, flow, project, body, at)
 SELECT payout_id, 2, version, digest, reference, key, flow, project, body, at + 1 FROM attempt WHERE payout_id = '{sent}'`, "payout/{sent}", false, doctorBroken},
	{"I1", "a request of other content", `UPDATE attempt SET digest = 'other' WHERE payout_id = '{sent}'`, "payout/{sent}", false, doctorBroken},
	{"I1", "a second confirm, elsewhere", `INSERT INTO step SELECT payout_id, n + 1, attempt, 'confirm', 'ps_other', '', key || 'x', body, at + 1 FROM step WHERE payout_id = '{steps}' AND n = 3`,
		"payout/{steps}", false, doctorBroken},
	{"I1", "a confirm that nobody recorded", `DELETE FROM step_end WHERE payout_id = '{steps}' AND n = 3; DELETE FROM step WHERE payout_id = '{steps}' AND n = 3`, "payout/{steps}", false, doctorBroken},
	{"I1", "an answer altered", `UPDATE step_end SET kind = 'refused' WHERE payout_id = '{steps}' AND n = 2`, "payout/{steps}", false, doctorBroken},
	// Row and event are altered alike: only what they say together tells.
	{"I1", "a session started twice", `DROP INDEX step_start; UPDATE step SET call = 'start' WHERE payout_id = '{steps}' AND n = 3;
UPDATE event SET payload = replace(payload, '"call":"confirm"', '"call":"start"') WHERE subject = '{steps}' AND action = 'payout.step'`, "payout/{steps}", false, doctorBroken},
	{"I1", "a session confirmed and not started", `UPDATE step SET call = 'cancel' WHERE payout_id = '{steps}' AND n = 2;
UPDATE event SET payload = replace(payload, '"call":"start"', '"call":"cancel"') WHERE subject = '{steps}' AND action = 'payout.step'`, "payout/{steps}", false, doctorBroken},
	{"I1", "a session started that was not created", `UPDATE step_end SET session = 'ps_other' WHERE payout_id = '{steps}' AND n = 1;
UPDATE event SET payload = replace(payload, '"step_session":"' || (SELECT session FROM step WHERE payout_id = '{steps}' AND n = 2) || '"', '"step_session":"ps_other"')
 WHERE subject = '{steps}' AND action = 'payout.step_answered'`, "payout/{steps}", false, doctorBroken},
	{"I2", "approvals that do not suffice", `UPDATE payout SET needed = 3 WHERE id = '{sent}'`, "payout/{sent}", false, doctorBroken},
	{"I3", "a counter of a limit", `UPDATE counter SET sum = sum - 1 WHERE name GLOB 'use:company:????-??-??'`, "counter/use:company:", false, doctorBroken},
	{"I4", "the maker's own approval", `UPDATE event SET person = '{m1}' WHERE subject = '{sent}' AND action = 'payout.approved'; UPDATE decision SET person_id = '{m1}' WHERE id = '{sent}'`,
		"payout/{sent}", false, doctorBroken},
	{"I4", "a maker added to those who approved", `UPDATE event SET person = '{a1}' WHERE subject = '{sent}' AND action = 'payout.submitted'; UPDATE payout SET makers = json_insert(makers, '$[#]', '{a1}') WHERE id = '{sent}'`,
		"payout/{sent}", false, doctorBroken},
	{"I5", "nobody asks", `DELETE FROM poll WHERE payout_id = '{sent}'`, "payout/{sent}", false, doctorBroken},
	{"I5", "asked much later", `UPDATE poll SET next_at = next_at + 100000000000 WHERE payout_id = '{sent}'`, "payout/{sent}", false, doctorOK},
	{"I6", "a message that nobody applies", `INSERT INTO inbox (id, sha, body, key_id, received_at) SELECT 9000, 'other', x'7b7d', 'k', {now} - 61000000`, "message/9000", false, doctorBroken},
	{"I7", "an event taken out", `DELETE FROM event WHERE seq = (SELECT MAX(seq) - 1 FROM event)`, "event/", false, doctorBroken},
	{"I7", "events taken out long ago", `DELETE FROM event WHERE subject = '{steps}' AND action = 'payout.step'`, "event/", true, doctorBroken},
	{"I8", "the amount", `UPDATE payout SET amount_minor = amount_minor + 100 WHERE id = '{sent}'`, "event/", true, doctorBroken},
	{"I8", "a text of the line", `UPDATE payout SET why = 'x' WHERE id = '{sent}'`, "payout/{sent}", false, doctorBroken},
	{"I8", "a time", `UPDATE payout SET sent_at = sent_at + 1 WHERE id = '{sent}'`, "payout/{sent}", false, doctorBroken},
	{"I8", "the row itself", `DELETE FROM payout WHERE id = '{sent}'`, "counter/state", false, doctorBroken},
	{"I9", "a session of two", `UPDATE payout SET session = (SELECT session FROM payout WHERE id = '{sent}') WHERE id = '{other}'`, "payout/{sent}", false, doctorBroken},
	{"I10", "a counter", `UPDATE counter SET n = n + 1 WHERE name = 'state:unknown'`, "counter/state:unknown", false, doctorBroken},
	{"I10", "nobody's", `UPDATE payout SET makers = '[]' WHERE id = '{lost}'`, "payout/{lost}", false, doctorBroken},
	{"I10", "without an age", `UPDATE payout SET sent_at = 0 WHERE id = '{lost}'`, "payout/{lost}", false, doctorBroken},
}

// TestInvariants: each of I1 to I10, broken past the desk in a real database, is found by the look of the minute and by the whole one, which name the invariant and the row;
// sending stops, /health says why in a line of its own, `doctor` exits as it should and names it. Two people's release names the rows that it excepts: after that they stop
// nothing, payouts leave, and `doctor` only warns. promises.md B "Doctor invariants", issue 5 point 14.
func TestInvariants(t *testing.T) {
	broken := map[string]bool{}
	for _, c := range eachWay {
		broken[c.invariant] = true
		t.Run(c.invariant+" "+c.name, func(t *testing.T) {
			d, ids := stage(t)
			doctor := func() (int, string) {
				var out bytes.Buffer
				return doctorAt(t.Context(), &config.Doctor{DB: d.DB(), AnchorFile: d.Anchor()}, d.Clock.Now(), &out, &out), out.String()
			}
			looks := func(whole bool) app.Look {
				t.Helper()
				look := d.App.LookNow
				if whole {
					look = d.App.LookWhole
				}
				l, err := look(t.Context())
				check(t, err)
				return l
			}
			if l := looks(true); len(l.Found) > 0 {
				t.Fatalf("before: %v", l.Found)
			}
			if code, out := doctor(); code != doctorOK {
				t.Fatalf("before: doctor exits %d\n%s", code, out)
			}
			d.Submit(700_00) // events that no look has seen
			into := strings.NewReplacer(append(ids, "{now}", fmt.Sprint(d.Clock.Now().UnixMicro()))...)
			past(t, d, into.Replace(c.stmts))
			named := func(found []app.Finding) bool {
				return slices.ContainsFunc(found, func(f app.Finding) bool {
					return (f.Invariant == c.invariant || c.whole && f.Invariant == "history") && strings.HasPrefix(f.Row, into.Replace(c.row))
				})
			}
			if !c.whole {
				l := looks(false)
				if c.invariant == "I6" { // one look may see it come; the next one must not see it still there
					l = looks(false)
				}
				if !named(l.Found) {
					t.Fatalf("the minute's look found %v", l.Found)
				}
			}
			if l := looks(true); !named(l.Found) {
				t.Fatalf("the whole look found %v", l.Found)
			}
			desk, err := d.App.Desk(t.Context())
			check(t, err)
			if desk.Halt == nil || desk.Halt.Cause != app.HaltInvariant {
				t.Fatalf("sending goes on: %+v", desk.Halt)
			}
			checks, err := d.App.Health(t.Context())
			check(t, err)
			if !slices.ContainsFunc(checks, func(x app.Check) bool {
				return (x.Name == "look" || x.Name == "whole") && x.State == app.CheckBroken && (strings.HasPrefix(x.Text, c.invariant+" ") || c.whole)
			}) {
				t.Errorf("/health does not say it: %+v", checks)
			}
			code, out := doctor()
			says := strings.Contains(out, c.invariant+" ") || (c.whole || c.invariant == "I6") && strings.Contains(out, "history ") // that a message waits is for doctor a warning
			if code != c.doctor || says != (c.doctor == doctorBroken) {
				t.Errorf("doctor exits %d, should %d\n%s", code, c.doctor, out)
			}
			next := d.Approved(2000_00)
			if o := d.Claim(); o != nil {
				t.Fatal("sent while stopped")
			}
			for n := 0; ; n++ { // what only the whole look finds stops once more, by itself
				desk, err := d.App.Desk(t.Context())
				check(t, err)
				if desk.Halt == nil {
					break
				}
				if n == 3 {
					t.Fatalf("stopped again and again: %+v", desk.Halt)
				}
				check(t, d.App.Resume(t.Context(), d.Who["a1"]))
				check(t, d.App.Resume(t.Context(), d.Who["s1"]))
				events, err := d.Store.Timeline(t.Context(), "halt", fmt.Sprint(desk.Halt.ID))
				check(t, err)
				off := events[len(events)-1]
				for _, f := range app.BrokenIn(events) {
					if off.Action != "halt.off" || !strings.Contains(string(off.Payload), `"excepts"`) || !strings.Contains(string(off.Payload), f.Row) {
						t.Fatalf("the release does not name %s: %s", f.Row, off.Payload)
					}
				}
				looks(false)
				looks(true)
			}
			// A question that was late has been planned anew by the look after the one that named it: nothing is left to except.
			if l := looks(true); len(l.Found) > 0 || (l.Excepted == 0) != (c.doctor == doctorOK) {
				t.Fatalf("again: %v, excepted %d", l.Found, l.Excepted)
			}
			d.Apply() // nothing leaves while a message waits
			if d.Claim() == nil {
				t.Fatal("sending does not go on", d.Get(next).State)
			}
			if code, out := doctor(); c.doctor == doctorBroken && (code != doctorWarns || !strings.Contains(out, "in spite of it")) {
				t.Errorf("after the release doctor exits %d\n%s", code, out)
			}
			// Another thing wrong is another finding.
			past(t, d, into.Replace("UPDATE payout SET asked = 1 - asked WHERE id IN ('{other}', '{steps}')"))
			if l := looks(false); len(l.Found) == 0 {
				t.Fatal("everything is excepted")
			}
		})
	}
	for n := range 10 {
		if inv := fmt.Sprintf("I%d", n+1); !broken[inv] {
			t.Errorf("nothing breaks %s", inv)
		}
	}
}

// TestLogCutOff: with the end of the log cut off the running desk writes nothing any more, so that nothing is approved or sent, and /health says it.
func TestLogCutOff(t *testing.T) {
	d, _ := stage(t)
	d.Approved(2000_00)
	past(t, d, "DELETE FROM event WHERE seq > (SELECT MAX(seq) - 2 FROM event)")
	if _, err := d.App.LookNow(t.Context()); err == nil {
		t.Error("the look writes on")
	}
	if o, err := d.App.Claim(t.Context()); err == nil || o != nil {
		t.Error("it sends on")
	}
	checks, err := d.App.Health(t.Context())
	check(t, err)
	if app.Worst(checks) != app.CheckBroken {
		t.Errorf("/health does not say it: %+v", checks)
	}
	if w := d.App.Ready(t.Context()); w != "database" {
		t.Errorf("it calls itself ready: %q", w)
	}
}

// stage is a desk with a payout in every situation that an invariant is about, and their ids as eachWay names them.
func stage(t *testing.T) (*desktest.Desk, []string) {
	d := desktest.New(t)
	d.Stepwise(protocol.ConfirmRequired, banksim.OnStart)
	steps := d.Approved(3000_00)
	d.Steps()
	d.Settle()
	d.Single()
	lost := d.Approved(1000_44)
	if d.Claim() == nil {
		t.Fatal("not claimed")
	}
	d.Clock.Add(10 * time.Minute)
	if _, err := d.App.LoseStale(t.Context()); err != nil || d.Get(lost).State != payout.Unknown || d.Get(steps).State != payout.Succeeded {
		t.Fatal(err, d.Get(lost).State, d.Get(steps).State)
	}
	sent, other := d.Approved(1000_00), d.Approved(1100_00)
	for range 2 {
		if !d.Send() {
			t.Fatal("not sent")
		}
	}
	check(t, d.Store.Anchor())
	return d, []string{"{steps}", string(steps), "{sent}", string(sent), "{other}", string(other), "{lost}", string(lost), "{m1}", d.Who["m1"].Person, "{a1}", d.Who["a1"].Person}
}

// past does what somebody with the file does, triggers and the uniqueness of sessions out of their way.
func past(t *testing.T, d *desktest.Desk, stmts string) {
	t.Helper()
	db := d.SQL()
	defer db.Close()
	list := func(q string) (out []string) {
		rows, err := db.Query(q)
		check(t, err)
		defer rows.Close()
		for rows.Next() {
			var s string
			check(t, rows.Scan(&s))
			out = append(out, s)
		}
		check(t, rows.Err())
		return out
	}
	run := func(stmt string) {
		t.Helper()
		if _, err := db.Exec(stmt); err != nil {
			t.Fatalf("%v in %s", err, stmt)
		}
	}
	drop := list("SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'")
	for _, s := range drop {
		run(s)
	}
	if strings.Contains(stmts, "SET session = ") {
		table := list("SELECT sql FROM sqlite_master WHERE name = 'payout'")[0]
		indexes := list("SELECT sql FROM sqlite_master WHERE tbl_name = 'payout' AND type = 'index' AND sql IS NOT NULL")
		loose := strings.Replace(strings.Replace(table, "session        TEXT    UNIQUE", "session        TEXT", 1), "TABLE payout ", "TABLE payout2 ", 1)
		if loose == table {
			t.Fatal("the table of payouts looks different")
		}
		run("PRAGMA legacy_alter_table = ON")
		for _, s := range append([]string{loose, "INSERT INTO payout2 SELECT * FROM payout", "DROP TABLE payout", "ALTER TABLE payout2 RENAME TO payout"}, indexes...) {
			run(s)
		}
	}
	res, err := db.Exec(stmts)
	check(t, err)
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%d rows altered by %s (%v)", n, stmts, err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
