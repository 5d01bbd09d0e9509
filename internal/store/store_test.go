package store_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"countersign/db"
	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/desktest"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store"
)

// lines runs a query and returns its rows as text.
func lines(t testing.TB, d *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := d.Query(query, args...)
	must(t, err)
	defer rows.Close()
	cols, err := rows.Columns()
	must(t, err)
	var out []string
	for rows.Next() {
		v, p := make([]any, len(cols)), make([]any, len(cols))
		for i := range v {
			p[i] = &v[i]
		}
		must(t, rows.Scan(p...))
		out = append(out, fmt.Sprint(v...))
	}
	must(t, rows.Err())
	return out
}

// differ lists what stands only in the first list (-) and only in the second (+); "" when they are equal.
func differ(a, b []string) string {
	if slices.Equal(a, b) {
		return ""
	}
	out := "in another order"
	for _, x := range a {
		if !slices.Contains(b, x) {
			out += "\n-" + x
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			out += "\n+" + x
		}
	}
	return out
}

// shape is all that a schema is: columns, indexes with their columns and conditions, foreign keys, and the text of tables and triggers.
func shape(t testing.TB, d *sql.DB) []string {
	t.Helper()
	var out []string
	for _, tab := range lines(t, d, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version' ORDER BY name`) {
		for _, pragma := range []string{"table_xinfo", "index_list", "foreign_key_list"} {
			for _, l := range lines(t, d, "SELECT * FROM pragma_"+pragma+"(?) ORDER BY 1, 2", tab) {
				out = append(out, tab+" "+pragma+" "+l)
			}
		}
	}
	for _, l := range lines(t, d, `SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'goose_db_version' ORDER BY type, name`) {
		// A column that was added stands without the new line before it.
		out = append(out, strings.NewReplacer(" ,", ",", " )", ")").Replace(strings.Join(strings.Fields(l), " ")))
	}
	return out
}

// TestSchema: the migrations end in exactly the schema that schema.sql says, and every table is STRICT.
func TestSchema(t *testing.T) {
	d := desktest.New(t)
	fresh, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "fresh.db"))
	must(t, err)
	defer fresh.Close()
	_, err = fresh.Exec(db.Schema)
	must(t, err)
	if diff := differ(shape(t, fresh), shape(t, d.SQL())); diff != "" {
		t.Errorf("schema.sql (-) and the migrations (+) differ:\n%s", diff)
	}
	for _, l := range lines(t, fresh, "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'") {
		t.Errorf("%s is not STRICT", l)
	}
}

// TestEdges: the table of allowed transitions is the domain's, no more and no less.
func TestEdges(t *testing.T) {
	d := desktest.New(t)
	var want []string
	for _, e := range payout.Edges() {
		if e.From != "" && e.From != e.To {
			want = append(want, string(e.From)+" "+string(e.To))
		}
	}
	slices.Sort(want)
	if diff := differ(slices.Compact(want), lines(t, d.SQL(), "SELECT from_state || ' ' || to_state FROM allowed_transition ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
}

// TestAppendOnly: every table that design.md "History" names refuses UPDATE, DELETE and INSERT OR REPLACE of a row that is there; the one update that clears
// personal values and raw bodies is allowed where it is owed, and no other. A payout cannot be deleted, be born elsewhere than in draft, move where no edge leads, or change
// its reference, key, number or id; a maker's decision is refused by the database too. Promise 11; design "History".
func TestAppendOnly(t *testing.T) {
	d := lived(t)
	x := d.SQL()
	_, err := x.Exec("PRAGMA recursive_triggers = ON")
	must(t, err)
	clears := map[string]string{
		"payout_version": "amount_text='', full_name='', bik='', account='', inn='', kpp='', description='', own_ref='', note=''",
		"attempt":        "body = x''", "outcome": "body = x'', description = ''", "step": "body = x''", "step_end": "body = x'', description = ''", "inbox": "body = x''", "fetch": "body = x''", "event_text": "text = ''",
	}
	refused := func(stmt string, args ...any) {
		t.Helper()
		res, err := x.Exec(stmt, args...)
		if err == nil {
			n, _ := res.RowsAffected()
			t.Errorf("allowed on %d rows: %s", n, stmt)
		} else if !strings.Contains(err.Error(), "append-only") {
			t.Errorf("refused for another reason: %s: %v", stmt, err)
		}
	}
	for _, table := range []string{"event", "event_text", "event_hash", "head", "payout_version", "subject", "decision", "attempt", "outcome", "step", "step_end", "inbox", "inbox_result", "fetch", "evidence",
		"halt", "halt_release"} {
		if n := lines(t, x, "SELECT COUNT(*) FROM "+table); n[0] == "0" {
			t.Fatalf("%s is empty: nothing would be shown", table)
		}
		cols := lines(t, x, "SELECT name FROM pragma_table_info(?)", table)
		for _, c := range cols {
			refused(fmt.Sprintf("UPDATE %s SET %s = CASE typeof(%s) WHEN 'integer' THEN %s + 1000000 WHEN 'blob' THEN CAST(%s || x'00' AS BLOB) ELSE %s || 'x' END", table, c, c, c, c, c))
		}
		refused("DELETE FROM " + table)
		all := strings.Join(cols, ", ")
		refused(fmt.Sprintf("INSERT OR REPLACE INTO %s (%s) SELECT %s FROM %s", table, all, all, table))
		refused(fmt.Sprintf("INSERT OR IGNORE INTO %s (%s) SELECT %s FROM %s", table, all, all, table))
		if set, ok := clears[table]; ok {
			// Clearing together with anything else is no clearing.
			other := map[string]string{"payout_version": "amount_minor = amount_minor + 1", "attempt": "digest = 'x'", "outcome": "kind = 'taken'", "step": "why = 'x'", "step_end": "why = 'x'", "inbox": "sha = 'x' || id", "fetch": "session = 'x'", "event_text": "salt = x'00'"}[table]
			refused(fmt.Sprintf("UPDATE %s SET %s, %s", table, set, other))
			if _, err := x.Exec(fmt.Sprintf("UPDATE %s SET %s", table, set)); err != nil {
				t.Errorf("clearing %s: %v", table, err)
			}
		}
	}
	for stmt, want := range map[string]string{
		"DELETE FROM payout": "append-only",
		"INSERT INTO payout SELECT id || 'x', number + 9000, form || 'x', 'approved', version, digest, acks, makers, rule_set, amount_minor, currency, account, full_name, description, search, maker_name, '', 0, 0, NULL, NULL, NULL, 0, 0, 0, 0, 0, '', 0, NULL, 0, 0, 0, 0, 0, 0, 1, '', '', 0, 0 FROM payout LIMIT 1": "born",
		"UPDATE payout SET state = 'approved' WHERE state = 'succeeded'":             "transition",
		"UPDATE payout SET state = 'approved' WHERE state = 'unknown'":               "transition",
		"UPDATE payout SET state = 'draft' WHERE state = 'failed'":                   "transition",
		"UPDATE payout SET reference = reference || 'x' WHERE reference IS NOT NULL": "reference",
		"UPDATE payout SET reference = NULL WHERE reference IS NOT NULL":             "reference",
		"UPDATE payout SET key = 'x' WHERE key IS NOT NULL":                          "reference",
		"UPDATE payout SET number = number + 5000":                                   "reference",
		"UPDATE payout SET amount_minor = 0 WHERE state = 'approved'":                "CHECK",
		"INSERT INTO decision SELECT s.kind, s.id, s.version, s.person_id, 99, 'x', 'yes', s.digest, 1, 'password', 1, '' FROM subject s WHERE kind = 'payout' LIMIT 1": "own",
		"INSERT INTO decision SELECT s.kind, s.id, s.version, '', 99, 'x', 'yes', s.digest, 1, 'password', 1, '' FROM subject s WHERE kind = 'payout' LIMIT 1":          "CHECK",
	} {
		if _, err := x.Exec(stmt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", stmt, err, want)
		}
	}
}

// TestOwnConnection: what SQLite must be told for each connection, the desk's own is told. There too an INSERT OR REPLACE of an event that is there is refused; and from a batch's
// first reading on nobody else can write, so that nothing is stored that was judged by rows that have changed since. Promises 6 and 11.
func TestOwnConnection(t *testing.T) {
	d := desktest.New(t)
	if err := d.Store.WriterExec("INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 1"); err == nil || !strings.Contains(err.Error(), "append-only") {
		t.Errorf("the desk's own connection replaces an event: %v", err)
	}
	x := d.SQL()
	_, err := x.Exec("PRAGMA busy_timeout = 0")
	must(t, err)
	_, err = d.Store.Write(t.Context(), app.Worker, func(app.Tx) error {
		if _, err := x.Exec("UPDATE meta SET value = 'x' WHERE name = 'nothing'"); err == nil || !strings.Contains(err.Error(), "locked") {
			t.Errorf("somebody else writes during a batch: %v", err)
		}
		return nil
	})
	must(t, err)
	d.Submit(100_00)
	d.Verify()
}

// TestFiles: the data folder is its owner's alone, and so is every file in it, whatever the umask; a second process is refused; the writer's connection flushes
// every commit. Issue point 3, 20; promise 6, 13.
func TestFiles(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	d := desktest.New(t)
	d.Submit(100_00)
	dir := filepath.Dir(d.DB())
	fi, err := os.Stat(dir)
	must(t, err)
	if fi.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v", fi.Mode())
	}
	must(t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		fi, err := e.Info()
		if err == nil && fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", p, fi.Mode())
		}
		return err
	}))
	_, err = store.Open(t.Context(), store.Options{Path: d.DB(), Signer: d.Signer, Now: d.Clock.Now, Born: "serve"})
	if !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second one: %v", err)
	}
	if got := d.Store.WriterPragma("synchronous"); got != "2" {
		t.Errorf("synchronous is %s, want 2 (FULL)", got)
	}
	if got := d.Store.WriterPragma("journal_mode"); got != "wal" {
		t.Errorf("journal_mode is %s", got)
	}
	if got := d.Store.WriterPragma("foreign_keys"); got != "1" {
		t.Errorf("foreign_keys is %s", got)
	}
	must(t, d.Store.Close())
	_, err = store.Open(t.Context(), store.Options{Path: d.DB(), Signer: d.Signer, Now: d.Clock.Now, Born: "demo"})
	if !errors.Is(err, store.ErrBorn) {
		t.Errorf("opened as a demo: %v", err)
	}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	other, err := audit.NewSigner(audit.KeyName, priv)
	must(t, err)
	if s, err := store.Open(t.Context(), store.Options{Path: d.DB(), Signer: other, Now: d.Clock.Now, Born: "serve"}); err == nil {
		s.Close()
		t.Error("opened with another history key")
	}
	d.Open()
}

// TestFast: a demo is filled without flushing; after Sync every commit is flushed.
func TestFast(t *testing.T) {
	d := desktest.New(t)
	must(t, d.Store.Close())
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "x", "f.db"), Signer: d.Signer, Now: d.Clock.Now, Born: "demo", Fast: true})
	must(t, err)
	defer s.Close()
	if got := s.WriterPragma("synchronous"); got != "0" {
		t.Errorf("synchronous is %s while filling", got)
	}
	must(t, s.Sync(t.Context()))
	if got := s.WriterPragma("synchronous"); got != "2" {
		t.Errorf("synchronous is %s after Sync", got)
	}
	d.Open()
}

// note appends one event in a transaction.
func note(tx app.Tx, subject string, at time.Time) error {
	salt := payout.Salt{1}
	payload := fmt.Sprintf(`{"text":%q}`, salt.Commit("text", "text of "+subject))
	_, err := tx.Append(audit.Event{At: at, Person: "p", SignIn: "e", Action: "test.noted", Kind: "test", Subject: subject, Spec: 1, Payload: []byte(payload)}, "text of "+subject, salt)
	return err
}

// TestGroupCommit: a closure that fails or panics in a batch leaves nothing at all behind (rows, events, texts, nodes of the tree, counters), and the others of its batch are
// stored; the history goes on without a gap. A request whose context ends hurts neither itself once taken nor its neighbours. Promise 14.
func TestGroupCommit(t *testing.T) {
	d := desktest.New(t)
	before := len(d.Events())
	boom := errors.New("boom")
	var stored, failed atomic.Int64
	// Everybody waits behind one closure that holds the writer, so that they come in one batch.
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := d.Store.Write(context.Background(), app.Worker, func(app.Tx) error { close(held); <-release; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	queued := make(chan struct{}, 200)
	for i := range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			queued <- struct{}{}
			_, err := d.Store.Write(ctx, app.Worker, func(tx app.Tx) error {
				cancel() // the request is gone
				if err := note(tx, fmt.Sprint("s", i), d.Clock.Now()); err != nil {
					return err
				}
				if err := tx.SetPoll(app.PollRow{Session: fmt.Sprint("c", i), Payout: "p", NextAt: d.Clock.Now().Add(time.Hour)}); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return boom
				case 2:
					panic("in a closure")
				}
				return nil
			})
			switch {
			case err == nil && i%4 != 1 && i%4 != 2:
				stored.Add(1)
			case errors.Is(err, boom) && i%4 == 1, err != nil && strings.Contains(err.Error(), "panic") && i%4 == 2:
				failed.Add(1)
			default:
				t.Errorf("write %d: %v", i, err)
			}
		})
	}
	for range 200 {
		<-queued
	}
	close(release)
	wg.Wait()
	if stored.Load() != 100 || failed.Load() != 100 {
		t.Errorf("%d stored, %d failed", stored.Load(), failed.Load())
	}
	x := d.SQL()
	for what, query := range map[string]string{"events": "SELECT COUNT(*) FROM event WHERE kind = 'test'", "texts": "SELECT COUNT(*) FROM event_text WHERE text LIKE 'text of%'", "rows": "SELECT COUNT(*) FROM poll WHERE session LIKE 'c%'"} {
		if got := lines(t, x, query)[0]; got != "100" {
			t.Errorf("%s %s", got, what)
		}
	}
	if bad := lines(t, x, "SELECT session FROM poll WHERE CAST(substr(session, 2) AS INTEGER) % 4 IN (1, 2)"); len(bad) > 0 {
		t.Errorf("left behind: %v", bad)
	}
	all := d.Events()
	if len(all) != before+100 || all[len(all)-1].Seq != int64(before+100) {
		t.Errorf("%d events, the last is %d", len(all), all[len(all)-1].Seq)
	}
	d.Verify()
}

// TestQueue: the intake never waits: a full queue is Unavailable at once; people are told after a few seconds; what was taken is finished, also when the desk closes.
func TestQueue(t *testing.T) {
	d := desktest.New(t)
	must(t, d.Store.Close())
	d.Queue, d.Batch = 4, 2
	d.Open()
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := d.Store.Write(context.Background(), app.Worker, func(app.Tx) error { close(held); <-release; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	var done atomic.Int64
	for i := range 4 {
		wg.Go(func() {
			_, err := d.Store.Write(context.Background(), app.Worker, func(tx app.Tx) error { return note(tx, fmt.Sprint(i), d.Clock.Now()) })
			if err != nil {
				t.Error(err)
			}
			done.Add(1)
		})
	}
	for d.Store.Waiting() < 4 {
		time.Sleep(time.Millisecond) // only until the four stand in the queue; nothing is measured
	}
	_, err := d.Store.Write(context.Background(), app.Intake, func(app.Tx) error { t.Error("ran"); return nil })
	if !fault.Is(err, "store.busy") || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("full: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = d.Store.Write(ctx, app.Worker, func(app.Tx) error { t.Error("ran"); return nil })
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("gone before it was taken: %v", err)
	}
	wg.Go(func() { d.Store.Close() })
	close(release)
	wg.Wait()
	if done.Load() != 4 {
		t.Errorf("%d of 4 were finished", done.Load())
	}
	if _, err := d.Store.Write(context.Background(), app.Worker, func(app.Tx) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("closed: %v", err)
	}
	d.Open()
	d.Verify()
}

// TestForeignWrite: whoever writes into the database of a running desk, an event more or another signed head, stops all writing for good; reading goes on. Promise 6.
func TestForeignWrite(t *testing.T) {
	for name, stmt := range map[string]string{
		"an event":      "INSERT INTO event SELECT seq + 1, at, person, sign_in, action, kind, subject, version, spec, payload FROM event ORDER BY seq DESC LIMIT 1",
		"another head":  "UPDATE newest_head SET signed = CAST(signed || x'0a' AS BLOB)",
		"no head":       "DELETE FROM newest_head",
		"an older tail": "DROP TRIGGER event_stays; DELETE FROM event WHERE seq = (SELECT MAX(seq) FROM event)",
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			id := d.Approved(100_00)
			size := len(d.Events())
			d.Exec(stmt)
			for range 3 {
				_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "f", Content: d.Content(1_00)})
				if fault.KindOf(err) != fault.Unavailable {
					t.Errorf("entering: %v", err)
				}
				if o, err := d.App.Claim(t.Context()); err == nil || o != nil {
					t.Errorf("claiming: %v %v", o, err)
				}
			}
			if d.Get(id).State != payout.Approved {
				t.Error("it does not read")
			}
			if n := len(d.Events()); n > size+1 {
				t.Errorf("%d events, were %d", n, size)
			}
			if _, err := d.Store.List(t.Context(), app.ListQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFullDisk: when no space is left, writing answers Unavailable and leaves nothing half; reading goes on; when there is space again everything goes on by itself, and the
// history proves it. On a small tmpfs where one may be mounted, else by SQLite's own limit of pages. Promise 14; issue point 20.
func TestFullDisk(t *testing.T) {
	for _, how := range []string{"pages", "tmpfs"} {
		t.Run(how, func(t *testing.T) {
			d := desktest.New(t)
			must(t, d.Store.Close())
			var fill, free func()
			if how == "tmpfs" {
				dir := filepath.Join(t.TempDir(), "small")
				must(t, os.Mkdir(dir, 0o700))
				d.Free = func() int64 { return -1 } // little room is refused before: here there is none, and nobody said so
				if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
					d.Open()
					t.Skipf("no tmpfs here: %v", err)
				}
				t.Cleanup(func() { d.Store.Close(); syscall.Unmount(dir, syscall.MNT_DETACH) })
				d.MoveTo(dir)
				ballast := filepath.Join(dir, "ballast")
				fill = func() {
					f, err := os.Create(ballast)
					must(t, err)
					for err == nil {
						_, err = f.Write(make([]byte, 4096))
					}
					f.Close()
				}
				free = func() { must(t, os.Remove(ballast)) }
			}
			d.Open()
			if how == "pages" {
				fill = func() { d.Store.LimitPages(1) } // SQLite makes it the present size
				free = func() { d.Store.LimitPages(1 << 30) }
			}
			id := d.Approved(100_00)
			state := func() string {
				x := d.SQL()
				defer x.Close()
				var out []string
				for _, table := range []string{"payout", "payout_version", "event", "event_hash", "event_text", "inbox", "decision", "attempt", "counter", "newest_head"} {
					out = append(out, fmt.Sprint(lines(t, x, "SELECT * FROM "+table)))
				}
				return strings.Join(out, "\n")
			}
			fill()
			refused := 0
			big := d.Content(1_00)
			big.Note = strings.Repeat("я", 3000)
			for i := range 300 {
				before := ""
				if i > 250 {
					before = state()
				}
				_, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: fmt.Sprint("full", i), Content: big})
				if err != nil {
					if refused++; fault.KindOf(err) != fault.Unavailable {
						t.Fatalf("write %d: %v", i, err)
					}
					if before != "" && state() != before {
						t.Fatal("half of a refused write is there")
					}
				}
				if err := d.App.StoreWebhook(t.Context(), bytes.Repeat([]byte("x"), 2000+i), "k"); err != nil && fault.KindOf(err) != fault.Unavailable {
					t.Fatalf("message %d: %v", i, err)
				}
			}
			if refused == 0 {
				t.Fatal("the disk was never full")
			}
			if d.Get(id).State != payout.Approved {
				t.Error("it does not read")
			}
			_, err := d.Store.List(t.Context(), app.ListQuery{})
			must(t, err)
			if o, err := d.App.Claim(t.Context()); o != nil {
				t.Errorf("claimed on a full disk: %v", err)
			}
			free()
			if _, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: "again", Content: big}); err != nil {
				t.Errorf("there is space again: %v", err)
			}
			d.Apply()
			d.Clock.Add(time.Hour)
			d.Send()
			d.Verify()
			d.Restart()
			d.Verify()
		})
	}
}

// counted compares the counters with what counting the table gives.
func counted(t *testing.T, d *desktest.Desk) {
	t.Helper()
	x := d.SQL()
	defer x.Close()
	got := lines(t, x, "SELECT name || ' ' || n || ' ' || sum FROM counter WHERE (n <> 0 OR sum <> 0) AND name NOT GLOB 'use:*' AND name NOT GLOB 'yes:*' AND name NOT GLOB 'paid:*' AND name NOT GLOB 'payees*' ORDER BY 1")
	want := lines(t, x, `SELECT 'state:' || state || ' ' || COUNT(*) || ' ' || SUM(amount_minor) FROM payout GROUP BY state
UNION ALL SELECT 'maker:' || person_id || ' ' || COUNT(*) || ' 0' FROM payout_maker GROUP BY person_id
UNION ALL SELECT counted || ' ' || COUNT(*) || ' ' || SUM(amount_minor) FROM payout WHERE counted <> '' GROUP BY counted
UNION ALL SELECT 'review ' || COUNT(*) || ' ' || SUM(amount_minor) FROM payout WHERE review = 1 HAVING COUNT(*) > 0
UNION ALL SELECT 'back 0 ' || SUM(returned_minor) FROM payout WHERE state = 'succeeded' HAVING SUM(returned_minor) > 0
ORDER BY 1`)
	if diff := differ(want, got); diff != "" {
		t.Errorf("counted (-) and counters (+):\n%s", diff)
	}
	for _, l := range lines(t, x, `SELECT number FROM payout WHERE (counted <> '') <> (state IN ('succeeded', 'failed', 'returned'))
 OR counted <> '' AND counted <> 'day:' || date(changed_at / 1000000, 'unixepoch', '+3 hours') || ':' || state`) {
		t.Errorf("payout %s stands in the wrong day", l)
	}
}

// TestCounters: counts and sums kept in the commits equal what counting the table gives, after a life with everything in it; the sums under a list are the same whether
// they come from counters or from reading, also where a part came back. The counters of limits and of payees are proved by verify.
func TestCounters(t *testing.T) {
	d := lived(t)
	counted(t, d)
	for _, states := range [][]payout.State{nil, {payout.Succeeded}, {payout.Failed, payout.Returned}, {payout.Unknown, payout.InProgress, payout.Sending}} {
		quick, err := d.Store.Totals(t.Context(), app.ListQuery{States: states})
		must(t, err)
		read, err := d.Store.Totals(t.Context(), app.ListQuery{States: states, From: d.Clock.Now().Add(-10000 * time.Hour)})
		must(t, err)
		if quick != read {
			t.Errorf("%v: counters say %+v, reading says %+v", states, quick, read)
		}
	}
}

// TestPaging: the list pages through everything, without doubles or gaps, also where many were changed at the same moment, under every filter, and so do files.
func TestPaging(t *testing.T) {
	d := desktest.New(t)
	for i := range 130 {
		id := d.Submit(int64(100_00 + i))
		if i%3 == 0 {
			d.Approve(id, "a1")
		}
		if i%40 == 0 {
			d.Clock.Add(time.Second)
		}
	}
	for name, q := range map[string]app.ListQuery{"all": {}, "state": {States: []payout.State{payout.Approved}}, "two states": {States: []payout.State{payout.Approved, payout.PendingApproval}},
		"sum": {Min: 150_00}, "maker": {Maker: d.Who["m1"].Person}, "text": {Text: "иванов"}, "time": {From: d.Clock.Now().Add(-time.Hour), To: d.Clock.Now().Add(time.Second)}} {
		want := 130
		switch name {
		case "state":
			want = 44
		case "sum":
			want = 130 - 50*100
			want = 0
			for i := range 130 {
				if 100_00+i >= 150_00 {
					want++
				}
			}
		}
		for _, limit := range []int{1, 7, 50, 200} {
			seen := map[payout.ID]bool{}
			q := q
			q.Limit = limit
			var last app.Row
			for {
				p, err := d.Store.List(t.Context(), q)
				must(t, err)
				for _, r := range p.Rows {
					if seen[r.ID] {
						t.Fatalf("%s: %d came twice", name, r.Number)
					}
					if last.Number != 0 && (r.ChangedAt.After(last.ChangedAt) || r.ChangedAt.Equal(last.ChangedAt) && r.Number > last.Number) {
						t.Fatalf("%s: out of order", name)
					}
					seen[r.ID], last = true, r
				}
				if p.Next == "" {
					break
				}
				q.After = p.Next
			}
			if len(seen) != want {
				t.Errorf("%s, %d a page: %d of %d", name, limit, len(seen), want)
			}
		}
		n := 0
		must(t, d.Store.EachRow(t.Context(), q, func(app.ExportRow) error { n++; return nil }))
		if n != want {
			t.Errorf("%s: the file holds %d of %d", name, n, want)
		}
	}
	for _, bad := range []string{"x", "1-", "-1", "1-2-3", "9999999999999999999999-1"} {
		if _, err := d.Store.List(t.Context(), app.ListQuery{After: bad}); !fault.Is(err, "list.after") {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// TestSearch: what people type finds the payout: part of a Cyrillic name in any case, the number however our pages write it, the last digits of the account, words of
// the purpose, the number of their own document; characters that mean something to SQL mean nothing here.
func TestSearch(t *testing.T) {
	d := desktest.New(t)
	c := d.Content(123_45)
	c.FullName, c.Description, c.OwnRef = "Ёлкина Щука Ярославовна", "Аванс 50% по договору_7 от марта", "АКТ-17/б"
	id := d.SubmitContent("m1", c)
	other := d.Submit(500_00)
	n := d.Get(id).Number
	for _, q := range []string{"ёлкина", "ЁЛКИНА", "щука ярослав", "Ярослав щука", "авАНС", "50%", "договору_7", "акт-17/Б", fmt.Sprint(n), fmt.Sprintf("№ %d", n), fmt.Sprintf("№%d", n), fmt.Sprintf("No %d", n),
		c.Account[16:], "· " + c.Account[16:], "··" + c.Account[16:], " ёлкина "} {
		p, err := d.Store.List(t.Context(), app.ListQuery{Text: q})
		must(t, err)
		if !slices.ContainsFunc(p.Rows, func(r app.Row) bool { return r.ID == id }) {
			t.Errorf("%q does not find it", q)
		}
	}
	for _, q := range []string{"100%", "договору17", "%", "_", `\`, "' OR 1=1 --", "иванова", strings.Repeat("я", 5000)} {
		p, err := d.Store.List(t.Context(), app.ListQuery{Text: q})
		must(t, err)
		if slices.ContainsFunc(p.Rows, func(r app.Row) bool { return r.ID == id }) && q != "%" && q != "_" {
			t.Errorf("%q finds it", q)
		}
		if slices.ContainsFunc(p.Rows, func(r app.Row) bool { return r.ID == other }) {
			t.Errorf("%q finds the other", q)
		}
	}
}

// TestCopyMidRun: a copy of the files, taken at any moment of a run as a power cut leaves them, opens, is whole, and holds everything that was acknowledged before. Promise 13.
func TestCopyMidRun(t *testing.T) {
	d := desktest.New(t)
	rnd := mrand.New(mrand.NewPCG(5, 5))
	for range 15 {
		var acknowledged []payout.ID
		for range 1 + rnd.IntN(8) {
			acknowledged = append(acknowledged, d.Submit(100_00))
		}
		d.Crash()
		for _, id := range acknowledged {
			if d.Get(id).State != payout.PendingApproval {
				t.Error("an acknowledged write is gone")
			}
		}
		d.Verify()
	}
	counted(t, d)
}

// TestReopen: a database whose tail was cut, whose head is another's or whose nodes are gone does not open: the desk does not write on over a hole.
func TestReopen(t *testing.T) {
	for name, stmt := range map[string]string{
		"cut":       "DROP TRIGGER event_stays; DELETE FROM event WHERE seq > 5",
		"no head":   "DELETE FROM newest_head",
		"bad head":  "UPDATE newest_head SET signed = CAST(replace(CAST(signed AS TEXT), '1', '2') AS BLOB)",
		"bad nodes": "DROP TRIGGER event_hash_fixed; UPDATE event_hash SET hash = x'" + strings.Repeat("00", 32) + "'",
		"no nodes":  "DROP TRIGGER event_hash_stays; DELETE FROM event_hash",
	} {
		t.Run(name, func(t *testing.T) {
			d := desktest.New(t)
			d.Submit(100_00)
			must(t, d.Store.Close())
			d.Exec(stmt)
			s, err := store.Open(t.Context(), store.Options{Path: d.DB(), Anchor: d.Anchor(), Signer: d.Signer, Now: d.Clock.Now, Born: "serve"})
			if err == nil {
				s.Close()
				t.Error("it opens")
			}
		})
	}
}
