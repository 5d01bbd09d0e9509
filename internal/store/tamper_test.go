package store_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bikdir"
	"countersign/internal/desktest"
	"countersign/internal/payee"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lived is a desk that has seen everything: payouts of every row of the pretend bank, edits, changes asked, rejections, take-backs,
// cancellations, expiries, replacements, stops of people and of the desk's own, looks, a suspension, a new password, refused messages.
func lived(t testing.TB) *desktest.Desk {
	d := desktest.New(t)
	ctx := t.Context()
	_, err := d.App.AddFounder(ctx, app.NewPerson{Email: "pw@x.test", Name: "Pat", Password: "a phrase of six plain words", Roles: []auth.Role{auth.Maker}})
	must(t, err)
	_, err = d.App.AddFounderHashed(ctx, app.NewPerson{Email: "second@x.test", SameAs: "a1@x.test"}, "no password either")
	must(t, err)
	acc, p, err := d.App.CheckPassword(ctx, "pw@x.test", "a phrase of six plain words")
	must(t, err)
	must(t, d.App.ChangePassword(ctx, app.Who{Person: p.ID, Email: acc.Email}, "a phrase of six plain words", "another phrase of plain words"))
	var failed payout.ID
	var lost []payout.ID
	for _, k := range []int64{0, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 75, 76, 77, 78} {
		id := d.Approved([]int64{1_000_00, 200_000_00, 2_000_000_00}[k%3] + k)
		d.Send()
		d.Settle()
		if k == 60 {
			failed = id
		}
		if k == 57 || k == 58 || k == 71 {
			lost = append(lost, id)
		}
	}
	d.Stepwise(protocol.ConfirmRequired, "start") // one is paid in steps, of one no start arrives in three sessions
	for _, minor := range []int64{150_000_00, 1_000_57} {
		d.Approved(minor)
		d.Steps()
		d.Settle()
	}
	d.Single()
	for i, id := range lost { // what people rule: paid, not paid, and not yet
		must(t, d.App.ProposeVerdict(ctx, d.Who["m2"], id, app.VerdictEntry{Outcome: []string{"paid", "not_paid", "paid"}[i], Basis: "letter", Reason: "the bank's letter", File: fmt.Appendf(nil, "letter %d", i)}))
		ps, err := d.Store.Proposals(ctx, approval.Verdict, string(id), 1)
		must(t, err)
		for _, who := range []string{"a1", "a2"}[:2-i/2] {
			must(t, d.App.Accept(ctx, d.Who[who], approval.Verdict, string(id), ps[0].Digest, app.Proof{}))
		}
	}
	id, err := d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "replacement", Content: d.Content(900_00), Replaces: failed, Submit: true})
	must(t, err)
	d.Approve(id, "a1")
	d.Clock.Add(4 * time.Second)
	d.Send()
	d.Settle()
	for range 2 {
		id := d.Submit(300_000_00)
		d.Approve(id, "a1")
		must(t, d.App.TakeBack(ctx, d.Who["a1"], id, d.Get(id).Digest))
		must(t, d.App.AskChanges(ctx, d.Who["a2"], id, d.Get(id).Digest, "which contract?"))
		must(t, d.App.Edit(ctx, d.Who["m2"], id, d.Get(id).Version, app.Entry{Content: d.Content(310_000_00), Submit: true}))
		d.Approve(id, "a1", "s1")
		must(t, d.App.Reject(ctx, d.Who["a2"], id, d.Get(id).Digest, "not ours"))
	}
	must(t, d.App.Cancel(ctx, d.Who["m2"], d.Submit(400_00), "not needed"))
	d.Submit(500_00)
	d.Clock.Add(15 * 24 * time.Hour)
	_, err = d.App.ExpireNext(ctx)
	must(t, err)
	_, err = d.App.Enter(ctx, d.Who["m1"], app.Entry{Form: "a draft", Content: payout.Content{AmountText: "1.000"}})
	must(t, err)
	d.Submit(600_00)
	d.Approve(d.Submit(250_000_00), "a1")
	must(t, d.App.Halt(ctx, d.Who["a1"], "looks odd"))
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	_, err = d.App.RevealAccount(ctx, d.Who["u1"], failed)
	must(t, err)
	d.App.RefusedWebhook(ctx, []byte("x"), "sig", "bad_signature")
	must(t, d.App.StoreWebhook(ctx, []byte("not json"), "k"))
	d.Apply()
	must(t, d.App.SuspendPerson(ctx, d.Who["d1"], d.Who["d3"].Person, "left"))
	proposals(t, d)
	reconciled(t, d)
	proven(t, d)
	d.Approved(700_74)
	d.Send()
	d.Settle()
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	d.App.Probed()
	d.Approved(700_61)
	d.Send()
	d.Approved(800_00)
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	must(t, d.App.Resume(ctx, d.Who["d1"]))
	d.App.Probed()
	must(t, d.App.ProposeVerdict(ctx, d.Who["m1"], lost[2], app.VerdictEntry{Outcome: "paid", Basis: "support", Reason: "they said so", File: []byte("a call")}))
	d.Claim() // the call is out at this moment
	must(t, d.App.Halt(ctx, d.Who["d2"], "again"))
	must(t, d.App.Resume(ctx, d.Who["a2"]))
	return d
}

// proposals puts rules and limits to four eyes, with every end that a proposal has.
func proposals(t testing.TB, d *desktest.Desk) {
	ctx := t.Context()
	rules := desktest.Rules()
	open := func(kind approval.Kind, id string) app.Proposal {
		ps, err := d.Store.Proposals(ctx, kind, id, 1)
		must(t, err)
		return ps[0]
	}
	for i, end := range []func(p app.Proposal) error{
		func(p app.Proposal) error { return d.App.Accept(ctx, d.Who["d2"], p.Kind, p.ID, p.Digest, app.Proof{}) },
		func(p app.Proposal) error {
			return d.App.Refuse(ctx, d.Who["d2"], p.Kind, p.ID, p.Digest, "why so many?")
		},
		func(p app.Proposal) error { return d.App.Withdraw(ctx, d.Who["d1"], p.Kind, p.ID, p.Digest) },
		func(p app.Proposal) error {
			d.Clock.Add(15 * 24 * time.Hour)
			for {
				if did, err := d.App.SettleNext(ctx); err != nil || !did {
					return err
				}
			}
		},
		func(p app.Proposal) error { return d.App.Accept(ctx, d.Who["s1"], p.Kind, p.ID, p.Digest, app.Proof{}) },
		func(app.Proposal) error { return nil },
	} {
		rules.Name = fmt.Sprint("rules ", i)
		inForce, err := d.Store.InForceVersion(ctx, approval.Rules, app.RulesID)
		must(t, err)
		must(t, d.App.ProposeRules(ctx, d.Who["d1"], rules, inForce, "an audit"))
		must(t, end(open(approval.Rules, app.RulesID)))
	}
	l := approval.Limits{CompanyDay: approval.Bound{HardMinor: 1_000_000_000_00}, Lists: []approval.ListEntry{{List: "block", What: "account", Value: "40817810000000000001", Reason: "fraud"}}}
	must(t, d.App.ProposeLimits(ctx, d.Who["d1"], l, 0, "a list"))
	p := open(approval.Limit, app.LimitsID)
	must(t, d.App.Accept(ctx, d.Who["d2"], p.Kind, p.ID, p.Digest, app.Proof{}))
	// A payee of three versions, with a payout that is paid, and one that goes back to draft.
	id := d.App.NewPayeeID()
	c := payee.Content{Kind: payee.Person, FullName: "Сидорова Анна Петровна", Description: "По договору № 1", Groups: []string{"rent", "ural"}}
	for v := range 3 {
		a := d.Content(1_00)
		c.Accounts = append([]payee.Account{{BIK: a.BIK, Number: a.Account, Label: fmt.Sprint("account ", v)}}, c.Accounts...)
		must(t, d.App.ProposePayee(ctx, d.Who["m1"], app.PayeeEntry{ID: id, Seen: v, Content: c}))
		p := open(approval.Payee, id)
		must(t, d.App.Accept(ctx, d.Who["a1"], p.Kind, p.ID, p.Digest, app.Proof{}))
		x := d.Content(5_000_00 + int64(v))
		x.BIK, x.Account, x.FullName, x.PayeeID, x.PayeeVer = c.Accounts[0].BIK, c.Accounts[0].Number, c.FullName, id, v+1
		d.Clock.Add(time.Hour)
		paid := d.SubmitContent("m2", x)
		if v != 1 {
			d.Approve(paid, "a1")
			d.Clock.Add(4 * time.Second)
			d.Send()
			d.Settle()
		}
	}
}

// reconciled takes reports of the bank, agrees about lines and a payout by hand, and closes a day, twice.
func reconciled(t testing.TB, d *desktest.Desk) {
	ctx := t.Context()
	days, err := d.App.Days(ctx, "", 3)
	must(t, err)
	agree := func(e app.MatchEntry) {
		e.Reason = "the bank's letter"
		id, err := d.App.ProposeMatch(ctx, d.Who["m1"], e)
		must(t, err)
		ps, err := d.Store.Proposals(ctx, approval.Match, id, 1)
		must(t, err)
		must(t, d.App.Accept(ctx, d.Who["a1"], approval.Match, id, ps[0].Digest, app.Proof{}))
	}
	day := days[len(days)-1].Day
	data, err := d.Bank.Report(string(day), "csv")
	must(t, err)
	_, err = d.App.TakeReport(ctx, d.Who["m1"], "a.csv", string(day), append(data, "po_x,,2026-11-20,Advice,0,ps_x,,\"{\"\"id\"\":1}\",,,,5.00,,RUB,\n"...))
	must(t, err)
	_, err = d.App.Day(ctx, day, func(l app.DayLine) error {
		if l.Class == app.MissingUs && l.Payout == "" || l.Class == app.MissingBank {
			agree(app.MatchEntry{Report: l.Report, N: l.N, Kind: l.Kind, Payout: l.Payout})
		}
		return nil
	})
	must(t, err)
	// A day without payouts, closed; then a line comes, is agreed about, and it is closed again.
	still := day.Add(-9)
	for n, data := range []string{"", strings.SplitAfter(string(data), "\n")[0] + "po_y,,2026-11-20,Refund,0,ps_y,,,,,,6.00,,RUB,\n"} {
		_, err = d.App.TakeReportFile(ctx, fmt.Sprintf("desktest_%s_%s.csv", still, still), []byte(data))
		must(t, err)
		if n > 0 {
			agree(app.MatchEntry{Report: 3, N: 1})
		}
		f, err := d.App.Day(ctx, still, nil)
		must(t, err)
		must(t, d.App.CloseDay(ctx, d.Who["a1"], still, f.Mark()))
	}
	settled := false
	for _, x := range days { // a payout that no report tells of
		var paid []app.DayLine
		_, err := d.App.Day(ctx, x.Day, func(l app.DayLine) error {
			if l.Rows == 0 && l.Payout != "" {
				paid = append(paid, l)
			}
			return nil
		})
		must(t, err)
		if len(paid) > 0 && !settled {
			agree(app.MatchEntry{Kind: paid[0].Kind, Payout: paid[0].Payout})
			settled = true
		}
	}
	if !settled {
		t.Fatal("every payout is in a report")
	}
}

// proven is what people prove themselves with: passkeys that are vouched for, signatures under one payout and under a list, codes, recovery codes, somebody new with
// their link, a link that was never used, a reset; and the directory of banks.
func proven(t testing.TB, d *desktest.Desk) {
	ctx := t.Context()
	accept := func(id string) {
		ps, err := d.Store.Proposals(ctx, approval.Person, id, 1)
		must(t, err)
		must(t, d.App.Accept(ctx, d.Who["d2"], approval.Person, id, ps[0].Digest, app.Proof{}))
	}
	key, _ := d.Passkey("a1")
	d.Passkey("a1") // waits for a second person's word
	accept(d.Who["a1"].Person)
	_, gone := d.Passkey("s1")
	must(t, d.App.RemoveFactor(ctx, d.Who["s1"], gone))
	d.Codes("a2")
	_, err := d.App.NewRecovery(ctx, d.Who["a2"])
	must(t, err)
	id := d.Submit(260_000_00)
	must(t, d.App.Approve(ctx, d.Who["a1"], id, d.Get(id).Digest, d.Signed(key, "a1", id)))
	var items []app.BatchItem
	for range 3 {
		id := d.Submit(130_000_00)
		items = append(items, app.BatchItem{ID: id, Digest: d.Get(id).Digest})
	}
	digest := app.ListDigest(items)
	q, err := d.App.BeginSign(ctx, d.Who["a1"], digest, false)
	must(t, err)
	said, err := key.Assert(q.Options, desktest.Site)
	must(t, err)
	b, err := d.App.ApproveMany(ctx, d.Who["a1"], "a list", items, digest, app.Proof{Challenge: q.ID, Response: said})
	must(t, err)
	if b.Approved() == 0 {
		t.Fatal("nothing of the list was approved")
	}
	for _, name := range []string{"new", "newer"} {
		id, err := d.App.ProposePerson(ctx, d.Who["d1"], app.PersonDraft{Name: "Person " + name, Email: name + "@x.test", Roles: []string{"approver"}})
		must(t, err)
		accept(id)
		token, _, err := d.App.MakeLink(ctx, d.Who["d1"], id, name+"@x.test")
		must(t, err)
		if name == "new" {
			_, err := d.App.Enrol(ctx, token, "six plain words in a row")
			must(t, err)
			must(t, d.App.ProposeReset(ctx, d.Who["d1"], id, 1, "lost phone"))
			accept(id)
		}
	}
	file, err := bikdir.Write(bikdir.Directory{Date: "2026-11-18", Version: "1", Banks: []bikdir.Bank{{BIK: "044525974", Name: "Банк", Town: "г Тверь"},
		{BIK: "044525225", Name: "Другой банк", Town: "г Москва", Closed: true}}})
	must(t, err)
	_, err = d.App.LoadBanks(ctx, d.Who["d1"], file)
	must(t, err)
}

// unproved names every column that `audit verify` does not prove, with the reason; a column that is neither here nor found out fails the test.
var unproved = map[string]map[string]string{
	"meta":             {"*": "names the key and the life that the signed heads name themselves; a wrong one is caught by --pub and by the anchor"},
	"goose_db_version": {"*": "which steps of the schema ran"},
	"login":            {"*": "sign-ins in force come and go; what was done with one stands in the history"},
	"inbox_count":      {"*": "how often the same bytes came again"},
	"refused":          {"*": "a ring of what had no good signature: nobody vouches for it"},
	"poll":             {"*": "when to ask next: a plan; asking harms nobody"},
	"counter":          {"*": "a cache of counts over payout: TestCounters compares it; those of limits are proved (TestTampered_Uses)"},
	"account":          {"idle_minutes": "a person's own setting", "keys_on": "a person's own setting"},
	"payout": {"form": "the token of a form, to find a repeat of it", "counted": "a cache: which day's counter holds it", "given": "a cache of the line; the engine counts decisions",
		"needed": "a cache of the line; the engine asks the rules", "rev": "counts writes of the row"},
	"proposal":     {"salt": "binds the values of versions that hold any: proved by them (TestPrivateIsProved)", "private": "proved by its document's commitments (TestPrivateIsProved); may be cleared"},
	"outcome":      {"description": "the bank's words for people, taken from the proved body; erasable"},
	"step_end":     {"description": "the bank's words for people, taken from the proved body; erasable"},
	"step_due":     {"*": "whose next step is to be taken: a plan, made anew from the proved steps"},
	"inbox_result": {"reading": "repeats the proved body", "amount_minor": "repeats the proved body"},
	"fetch":        {"session": "repeats the proved evidence", "http": "repeats the proved body and evidence", "problem": "repeats the proved evidence", "code": "repeats the proved evidence"},
	"evidence":     {"id": "evidence is a set: its order means nothing", "source_id": "a link for people"},
	"head":         {"at": "repeats the signed head"},
	"newest_head":  {"at": "repeats the signed head"},
	"paid_before":  {"last_at": "shown only"},
	"seen_from":    {"*": "a hint is computed from it; nobody vouches for a browser"},
	"factor_mark":  {"at": "says when; nothing is judged by it"},
	"challenge":    {"*": "questions come and go; what an answer proved stands in proof"},
	"factor": {"data": "of codes and recovery codes, and a passkey's counter: bound by the row's seal, whose key is outside the database: the desk refuses the row and stops (TestSeals); a passkey's id and public key are proved (TestPasskeyIsProved)",
		"step": "a use moves it without an event: bound by the seal, as data", "used_at": "last seen", "version": "a use moves it without an event: bound by the seal; one that is lower than the history's is found (TestPasskeyIsProved)",
		"seal": "of a row that was used since: the desk refuses a wrong one; of a row that was not, it is found (TestPasskeyIsProved)"},
}

// forger edits copies of a database.
type forger struct {
	t       testing.TB
	master  []byte
	dir     string
	d       *desktest.Desk
	anchor  audit.Head
	columns map[string][]string // by table
}

func newForger(t testing.TB) *forger {
	d := lived(t)
	must(t, d.Store.Close())
	f := &forger{t: t, dir: t.TempDir(), d: d, columns: map[string][]string{}}
	var err error
	f.master, err = os.ReadFile(d.DB())
	must(t, err)
	f.anchor, err = audit.ReadAnchor(d.Anchor(), audit.VerifierFor(d.Signer))
	must(t, err)
	db := f.copyOf("look.db")
	shapeOnce.Do(func() { must(t, readShape(db)) })
	var drop []string
	triggers, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'trigger'")
	must(t, err)
	for triggers.Next() {
		var n string
		must(t, triggers.Scan(&n))
		drop = append(drop, "DROP TRIGGER "+n)
	}
	triggers.Close()
	_, err = db.Exec(strings.Join(drop, ";") + ";DELETE FROM paid_before WHERE n = 0 AND sum = 0") // a row of nothing says nothing
	must(t, err)
	defer func() {
		must(t, db.Close())
		f.master, err = os.ReadFile(filepath.Join(f.dir, "look.db"))
		must(t, err)
	}()
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var table, col string
		must(t, rows.Scan(&table, &col))
		f.columns[table] = append(f.columns[table], col)
	}
	must(t, rows.Err())
	return f
}

// copyOf writes a fresh copy and opens it as a forger does: no triggers, no checks, no foreign keys.
func (f *forger) copyOf(name string) *sql.DB {
	path := filepath.Join(f.dir, name)
	for _, s := range []string{"-wal", "-shm"} {
		os.Remove(path + s)
	}
	must(f.t, os.WriteFile(path, f.master, 0o600))
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=ignore_check_constraints(ON)&_pragma=synchronous(OFF)&_pragma=journal_mode(MEMORY)")
	must(f.t, err)
	db.SetMaxOpenConns(1)
	return db
}

// found reports whether verify sees that a copy is not what it was.
func (f *forger) found(name string) (bool, string) {
	r, err := store.Verify(context.Background(), filepath.Join(f.dir, name), audit.VerifierFor(f.d.Signer), &f.anchor)
	if err != nil {
		return true, "unreadable: " + err.Error() // exit 3: nobody is told that all holds
	}
	if r.OK() && (r.Anchor == audit.AnchorMatches || r.Anchor == audit.AnchorContinues) {
		return false, ""
	}
	return true, fmt.Sprintf("%s %d %s", r.Anchor, r.Broken, r.Reason)
}

// edit changes one value of one row; ok is false when the value stayed or the database did not take it.
func edit(db *sql.DB, rnd *mrand.Rand, table, col string) (what string, ok bool) {
	id := "rowid"
	if withoutRowid[table] {
		id = strings.Join(primary[table], " || '/' || ")
	}
	var row, old any
	if err := db.QueryRow(fmt.Sprintf("SELECT %s, %s FROM %s ORDER BY (abs(random()) + %d) %% 1000003 LIMIT 1", id, col, table, rnd.IntN(1000))).Scan(&row, &old); err != nil {
		return "", false
	}
	var next any
	switch v := old.(type) {
	case int64:
		next = v + []int64{1, -1, 100, 7, -v, 1000000}[rnd.IntN(6)]
	case string:
		next = v + "0"
		if len(v) > 0 {
			b := []byte(v)
			b[rnd.IntN(len(b))] = "0123456789abcdefyes"[rnd.IntN(19)]
			next = string(b)
		}
		if rnd.IntN(3) == 0 { // somebody else's value
			var other string
			if db.QueryRow(fmt.Sprintf("SELECT %s FROM %s WHERE %s <> ? ORDER BY random() LIMIT 1", col, table, col), v).Scan(&other) == nil {
				next = other
			}
		}
	case []byte:
		b := bytes.Clone(v)
		if len(b) == 0 {
			b = []byte{1}
		} else {
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		}
		next = b
	case nil:
		next = "forged"
	}
	if s, isText := next.(string); isText && s == fmt.Sprint(old) && old != nil {
		return "", false
	}
	if n, isInt := next.(int64); isInt && n == old.(int64) {
		return "", false
	}
	what = fmt.Sprintf("%s.%s of %v: %.60q -> %.60q", table, col, row, fmt.Sprint(old), fmt.Sprint(next))
	res, err := db.Exec(fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ?", table, col, id), next, row)
	if err != nil {
		return "", false
	}
	n, err := res.RowsAffected()
	return what, err == nil && n > 0
}

// shape is what the database itself says of its tables: which have no rowid, and their primary keys. Read once by newForger.
var (
	withoutRowid = map[string]bool{}
	primary      = map[string][]string{}
	shapeOnce    sync.Once
)

func readShape(db *sql.DB) error {
	rows, err := db.Query(`SELECT m.name, m.sql LIKE '%WITHOUT ROWID%', c.name, c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND c.pk > 0 ORDER BY m.name, c.pk`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, col string
		var without bool
		var pk int
		if err := rows.Scan(&table, &without, &col, &pk); err != nil {
			return err
		}
		withoutRowid[table] = without
		primary[table] = append(primary[table], col)
	}
	return rows.Err()
}

func skipped(table, col string) bool {
	u := unproved[table]
	return u["*"] != "" || u[col] != ""
}

// TestTampered_EveryColumn: whoever has the file changes one value in any column of any table: verify finds it, or the column stands in the list of what is not
// proved, with the reason. Nothing stands in that list that does not exist. TABLE=name looks at that table alone. Promise 11; issue point 18.
func TestTampered_EveryColumn(t *testing.T) {
	f := newForger(t)
	if ok, how := f.foundCopy(t, "honest.db", nil); ok {
		t.Fatalf("the honest copy is said to be broken: %s", how)
	}
	for table, u := range unproved {
		for col := range u {
			if f.columns[table] == nil || col != "*" && !slices.Contains(f.columns[table], col) {
				t.Errorf("%s.%s is excused and does not exist", table, col)
			}
		}
	}
	for table := range f.columns { // what is empty proves nothing
		db, n := f.copyOf("empty.db"), 0
		must(t, db.QueryRow("SELECT COUNT(*) FROM "+table).Scan(&n))
		must(t, db.Close())
		if n == 0 && unproved[table]["*"] == "" {
			t.Errorf("%s is empty: this life does not fill it", table)
		}
	}
	rnd := mrand.New(mrand.NewPCG(1, 1))
	only := os.Getenv("TABLE")
	for _, table := range slices.Sorted(mapsKeys(f.columns)) {
		for _, col := range f.columns[table] {
			if skipped(table, col) || only != "" && table != only {
				continue
			}
			done, times := 0, 2
			if raceOn {
				times = 1
			}
			for try := 0; try < 20 && done < times; try++ {
				what := ""
				ok, how := f.foundCopy(t, "col.db", func(db *sql.DB) bool {
					var ok bool
					what, ok = edit(db, rnd, table, col)
					return ok
				})
				if how == "not done" {
					continue
				}
				done++
				if !ok {
					t.Errorf("not found: %s", what)
				}
			}
			if done == 0 {
				t.Errorf("%s.%s could not be changed at all", table, col)
			}
		}
	}
}

func mapsKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// foundCopy makes a copy, lets fn forge it, and asks verify. how is "not done" when fn says so.
func (f *forger) foundCopy(t testing.TB, name string, fn func(*sql.DB) bool) (ok bool, how string) {
	t.Helper()
	db := f.copyOf(name)
	done := fn == nil || fn(db)
	must(t, db.Close())
	if !done {
		return false, "not done"
	}
	return f.found(name)
}

// TestTampered_Thousand: a thousand copies, each forged once at random with direct SQL and without triggers: values, removed rows, doubled rows, swapped rows, cut
// tails with their heads, a whole history rewritten by somebody who recomputes every hash. Every one is found. Promise 11; issue point 18: "run against a thousand tampered copies".
func TestTampered_Thousand(t *testing.T) {
	f := newForger(t)
	n := 1000
	if testing.Short() || raceOn {
		n = 100
	}
	tables := slices.Sorted(mapsKeys(f.columns))
	kinds := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			rnd := mrand.New(mrand.NewPCG(131, uint64(w)))
			for i := w; i < n; i += 2 {
				name := fmt.Sprintf("w%d.db", w)
				var kind, what string
				for {
					ok, how := f.foundCopy(t, name, func(db *sql.DB) bool {
						var ok bool
						kind, what, ok = f.forge(db, rnd, tables)
						return ok
					})
					if how == "not done" {
						continue
					}
					if !ok {
						t.Errorf("copy %d: not found: %s: %s", i, kind, what)
					}
					break
				}
				mu.Lock()
				kinds[kind]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Log(kinds)
	for _, k := range []string{"value", "removed", "doubled", "swapped", "cut", "rewritten"} {
		if kinds[k] < n/100 {
			t.Errorf("only %d of kind %s", kinds[k], k)
		}
	}
}

// forge does one thing that a forger might.
func (f *forger) forge(db *sql.DB, rnd *mrand.Rand, tables []string) (kind, what string, ok bool) {
	table := tables[rnd.IntN(len(tables))]
	cols := f.columns[table]
	proved := slices.DeleteFunc(slices.Clone(cols), func(c string) bool { return skipped(table, c) })
	if len(proved) == 0 {
		return "", "", false
	}
	exec := func(stmt string, args ...any) bool {
		res, err := db.Exec(stmt, args...)
		if err != nil {
			return false
		}
		n, err := res.RowsAffected()
		return err == nil && n > 0
	}
	switch x := rnd.IntN(100); {
	case x < 55:
		what, ok = edit(db, rnd, table, proved[rnd.IntN(len(proved))])
		return "value", what, ok
	case x < 68:
		id := "rowid"
		if withoutRowid[table] {
			id = strings.Join(primary[table], " || '/' || ")
		}
		if table == "head" {
			// A kept head may be missing: the newest covers all that it covered, so that nothing becomes forgeable.
			return "", "", false
		}
		return "removed", "a row of " + table, exec(fmt.Sprintf("DELETE FROM %s WHERE %s = (SELECT %s FROM %s ORDER BY random() LIMIT 1)", table, id, id, table))
	case x < 80:
		// A row more, like another one but for its key.
		var key string
		set := map[string]string{}
		switch table {
		case "decision":
			key, set["seq"] = "seq", "seq + 1"
			if rnd.IntN(2) == 0 {
				set = map[string]string{"person_id": "(SELECT id FROM person ORDER BY random() LIMIT 1)", "seq": "seq + 1"}
			}
		case "payout":
			set["id"], set["number"], set["form"], set["reference"], set["key"], set["session"] = "id || 'x'", "number + 5000", "form || 'x'", "NULL", "NULL", "NULL"
		case "payout_version", "subject", "proposal", "proposal_end", "verdict_file":
			set["version"] = "version + 1"
		case "proposal_open":
			set["id"] = "id || 'x'"
		case "attempt", "outcome", "step", "step_end":
			set["n"] = "n + 1"
		case "inbox":
			set["id"], set["sha"] = "id + 10000", "sha || '0'"
		case "inbox_result":
			set["inbox_id"] = "inbox_id + 10000"
		case "fetch", "evidence", "halt":
			set["id"] = "id + 10000"
		case "halt_release":
			set["halt_id"] = "halt_id + 10000"
		case "event":
			set["seq"] = "(SELECT MAX(seq) + 1 FROM event)"
		case "event_text":
			set["seq"] = "seq + 1"
		case "event_hash":
			set["idx"] = "(SELECT MAX(idx) + 1 FROM event_hash)"
		case "person":
			set["id"] = "id || 'x'"
		case "account":
			set["email"] = "'x' || email"
			if rnd.IntN(2) == 0 {
				set["person_id"] = "(SELECT id FROM person ORDER BY random() LIMIT 1)"
			}
		case "payout_maker":
			set["person_id"] = "person_id || 'x'"
		case "factor_mark": // one more bars somebody, and lets nobody in
			return "", "", false
		case "allowed_transition":
			set["from_state"] = "'succeeded'"
			set["to_state"] = "'approved'"
		case "open_attempt":
			set["payout_id"] = "(SELECT id FROM payout ORDER BY random() LIMIT 1)"
		default:
			return "", "", false
		}
		_ = key
		vals := make([]string, len(cols))
		for i, c := range cols {
			if vals[i] = set[c]; vals[i] == "" {
				vals[i] = c
			}
		}
		return "doubled", "a row of " + table, exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s ORDER BY random() LIMIT 1", table, strings.Join(cols, ","), strings.Join(vals, ","), table))
	case x < 88:
		var a, b int64
		if err := db.QueryRow("SELECT seq FROM event ORDER BY random() LIMIT 1").Scan(&a); err != nil {
			return "", "", false
		}
		if err := db.QueryRow("SELECT seq FROM event WHERE seq <> ? ORDER BY random() LIMIT 1", a).Scan(&b); err != nil {
			return "", "", false
		}
		return "swapped", fmt.Sprintf("events %d and %d", a, b), exec("UPDATE event SET seq = -1 WHERE seq = ?", a) && exec("UPDATE event SET seq = ? WHERE seq = ?", a, b) && exec("UPDATE event SET seq = ? WHERE seq = -1", b)
	case x < 95:
		// The tail is cut at a kept head, which becomes the newest one: in itself the log holds.
		var size int64
		if err := db.QueryRow("SELECT size FROM head WHERE size < (SELECT MAX(seq) FROM event) ORDER BY random() LIMIT 1").Scan(&size); err != nil {
			return "", "", false
		}
		ok = exec("DELETE FROM event WHERE seq > ?", size) && exec("DELETE FROM event_hash WHERE idx >= ?", tlog.StoredHashIndex(0, size)) &&
			exec("UPDATE newest_head SET (size, at, signed) = (SELECT size, at, signed FROM head WHERE size = ?)", size)
		exec("DELETE FROM head WHERE size > ?", size)
		exec("DELETE FROM event_text WHERE seq > ?", size)
		return "cut", fmt.Sprintf("after %d", size), ok
	default:
		// Somebody rewrites an event and recomputes every hash; the heads they cannot sign.
		var seq int64
		if err := db.QueryRow("SELECT seq FROM event WHERE person <> '' AND person <> 'system' ORDER BY random() LIMIT 1").Scan(&seq); err != nil {
			return "", "", false
		}
		if !exec("UPDATE event SET person = (SELECT id FROM person WHERE id <> (SELECT person FROM event WHERE seq = ?) ORDER BY random() LIMIT 1) WHERE seq = ?", seq, seq) {
			return "", "", false
		}
		return "rewritten", fmt.Sprintf("event %d by somebody else", seq), rehash(db) == nil
	}
}

// rehash recomputes the tree over the events as they stand.
func rehash(db *sql.DB) error {
	rows, err := db.Query("SELECT seq, at, person, sign_in, action, kind, subject, version, spec, payload FROM event ORDER BY seq")
	if err != nil {
		return err
	}
	defer rows.Close()
	log, err := audit.NewLog(0, nil)
	if err != nil {
		return err
	}
	var nodes []audit.StoredHash
	for rows.Next() {
		var e audit.Event
		var at int64
		var payload string
		if err := rows.Scan(&e.Seq, &at, &e.Person, &e.SignIn, &e.Action, &e.Kind, &e.Subject, &e.Version, &e.Spec, &payload); err != nil {
			return err
		}
		e.At, e.Payload = time.UnixMicro(at), []byte(payload)
		leaf, err := e.Leaf()
		if err != nil {
			return err
		}
		n, err := log.Append(leaf)
		if err != nil {
			return err
		}
		nodes = append(nodes, n...)
	}
	rows.Close()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, n := range nodes {
		if _, err := tx.Exec("UPDATE event_hash SET hash = ? WHERE idx = ?", n.Hash[:], n.Index); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// TestTampered_OwnKey: somebody with the whole machine rewrites the history, recomputes every hash, signs a new head with a key of their own and puts that key into
// the database. In itself it holds; the key from outside and the anchor do not let it pass. Promise 11.
func TestTampered_OwnKey(t *testing.T) {
	f := newForger(t)
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	own, err := audit.NewSigner(audit.KeyName, priv)
	must(t, err)
	db := f.copyOf("own.db")
	var size int64
	must(t, db.QueryRow("SELECT MAX(seq) FROM event").Scan(&size))
	_, err = db.Exec("UPDATE event SET sign_in = 'forged@x.test' WHERE seq = ?", size)
	must(t, err)
	must(t, rehash(db))
	log, err := audit.NewLog(size, func(idx []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(idx))
		for i, n := range idx {
			var b []byte
			if err := db.QueryRow("SELECT hash FROM event_hash WHERE idx = ?", n).Scan(&b); err != nil {
				return nil, err
			}
			out[i] = tlog.Hash(b)
		}
		return out, nil
	})
	must(t, err)
	root, err := log.Root()
	must(t, err)
	head, err := audit.SignHead(audit.Head{Size: size, Root: root, At: f.d.Clock.Now(), Incarnation: f.anchor.Incarnation}, own)
	must(t, err)
	pub, err := own.PublicPEM()
	must(t, err)
	for stmt, args := range map[string][]any{"DELETE FROM head": nil, "UPDATE newest_head SET signed = ?": {head.Signed}, "UPDATE meta SET value = ? WHERE name = 'history_key'": {string(pub)}} {
		_, err := db.Exec(stmt, args...)
		must(t, err)
	}
	must(t, db.Close())
	path := filepath.Join(f.dir, "own.db")
	r, err := store.Verify(t.Context(), path, audit.VerifierFor(f.d.Signer), nil)
	if err != nil || r.OK() {
		t.Errorf("the key from outside lets it pass: %+v %v", r, err)
	}
	r, err = store.Verify(t.Context(), path, nil, &f.anchor)
	if err != nil || r.OK() && r.Anchor == audit.AnchorMatches {
		t.Errorf("the anchor lets it pass: %+v %v", r, err)
	}
	if _, err := audit.ReadAnchor(f.d.Anchor(), audit.VerifierFor(own)); err == nil {
		t.Error("the anchor is read with the forger's key")
	}
}

// TestErased: clearing every personal text of a version, a free text and raw bodies is the one change that is allowed: the history goes on proving all the rest.
// Clearing only some of them is found.
func TestErased(t *testing.T) {
	f := newForger(t)
	const all = `UPDATE payout_version SET amount_text='', full_name='', bik='', account='', inn='', kpp='', description='', own_ref='', note=''`
	for stmt, want := range map[string]bool{
		all: false, "UPDATE event_text SET text = ''": false, "UPDATE inbox SET body = x''": false, "UPDATE attempt SET body = x''": false, "UPDATE outcome SET body = x'', description = ''": false,
		"UPDATE fetch SET body = x''":                       false,
		"UPDATE step SET body = x''":                        false,
		"UPDATE step_end SET body = x'', description = ''":  false,
		all + `; UPDATE payout_version SET note = 'forged'`: true, all + `; UPDATE payout_version SET inn = '7707083893'`: true, all + `; UPDATE payout_version SET amount_minor = amount_minor + 1`: true,
		"UPDATE payout_version SET full_name = ''": true, "UPDATE event_text SET text = 'forged'": true,
	} {
		found, how := f.foundCopy(t, "erased.db", func(db *sql.DB) bool {
			_, err := db.Exec(stmt)
			must(t, err)
			return true
		})
		if found != want {
			t.Errorf("%s: found %v (%s), want %v", stmt, found, how, want)
		}
	}
}

// TestReport: what `audit verify` answers to each anchor: none, matching, continued, older, of another life; and beside a running desk that writes on.
func TestReport(t *testing.T) {
	d := desktest.New(t)
	ctx := t.Context()
	v := audit.VerifierFor(d.Signer)
	d.Approved(100_00)
	d.Send()
	d.Settle()
	must(t, d.Store.Anchor())
	early, err := audit.ReadAnchor(d.Anchor(), v)
	must(t, err)
	is := func(anchor *audit.Head, want audit.AnchorState, path string) {
		t.Helper()
		r, err := store.Verify(ctx, path, v, anchor)
		if err != nil || !r.OK() || r.Anchor != want {
			t.Errorf("%v %s %d, want %s: %v %s", err, r.Anchor, r.Broken, want, err, r.Reason)
		}
		if r.Events == 0 || r.Heads == 0 {
			t.Errorf("%+v", r)
		}
	}
	is(nil, audit.AnchorNone, d.DB())
	is(&early, audit.AnchorMatches, d.DB())
	backup := filepath.Join(d.Dir, "b.db")
	must(t, store.Backup(ctx, d.DB(), backup))
	if err := store.Backup(ctx, d.DB(), backup); err == nil {
		t.Error("a backup overwrote a file")
	}
	if fi, err := os.Stat(backup); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", fi.Mode(), err)
	}
	d.Approved(200_00)
	d.Send()
	must(t, d.Store.Anchor())
	late, err := audit.ReadAnchor(d.Anchor(), v)
	must(t, err)
	is(&early, audit.AnchorContinues, d.DB())
	is(&late, audit.AnchorMatches, d.DB())
	is(&late, audit.AnchorOlder, backup)
	is(&early, audit.AnchorMatches, backup)
	other := desktest.New(t)
	must(t, other.Store.Anchor())
	foreign, err := audit.ReadAnchor(other.Anchor(), audit.VerifierFor(other.Signer))
	must(t, err)
	is(&foreign, audit.AnchorDiffers, d.DB())
	if _, err := store.Verify(ctx, filepath.Join(d.Dir, "no such.db"), v, nil); err == nil {
		t.Error("a missing file holds")
	}
	rubbish := filepath.Join(d.Dir, "rubbish.db")
	must(t, os.WriteFile(rubbish, bytes.Repeat([]byte("nothing"), 1000), 0o600))
	if _, err := store.Verify(ctx, rubbish, v, nil); err == nil {
		t.Error("rubbish holds")
	}
	if r, err := store.Verify(ctx, d.DB(), audit.VerifierFor(other.Signer), nil); err == nil && r.OK() {
		t.Error("another key's signature holds")
	}
}

// TestVerifyBesideWriting: verify and backup beside a desk that writes without a pause: every one of them sees one consistent moment. Promise 15: every
// backup restores, verifies, and is what it should be against the anchor.
func TestVerifyBesideWriting(t *testing.T) {
	d := desktest.New(t)
	stop := make(chan struct{})
	contents := make([]payout.Content, 2000)
	if raceOn {
		contents = contents[:300]
	}
	for i := range contents {
		contents[i] = d.Content(100_00)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < len(contents); i += 4 {
				select {
				case <-stop:
					return
				default:
				}
				id, err := d.App.Enter(context.Background(), d.Who["m1"], app.Entry{Form: fmt.Sprint("f", i), Content: contents[i], Submit: true})
				if err != nil {
					t.Error(err)
					return
				}
				s, err := d.Store.PayoutByID(context.Background(), id)
				if err != nil {
					t.Error(err)
					return
				}
				if err := d.App.Approve(context.Background(), d.Who["a1"], id, s.Digest, app.Proof{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	v := audit.VerifierFor(d.Signer)
	var last int64
	for i := range 20 {
		must(t, d.Store.Anchor())
		anchor, err := audit.ReadAnchor(d.Anchor(), v)
		must(t, err)
		paths := []string{d.DB()}
		if i%2 == 0 {
			b := filepath.Join(d.Dir, fmt.Sprintf("live%d.db", i))
			must(t, store.Backup(t.Context(), d.DB(), b))
			paths = append(paths, b)
		}
		for _, p := range paths {
			r, err := store.Verify(t.Context(), p, v, &anchor)
			if err != nil || !r.OK() || r.Anchor != audit.AnchorMatches && r.Anchor != audit.AnchorContinues {
				t.Errorf("%s: %+v %v", p, r, err)
			}
			last = max(last, r.Events)
		}
	}
	close(stop)
	wg.Wait()
	if last < 50 {
		t.Errorf("only %d events were written meanwhile", last)
	}
}

// TestPrivateIsProved: the values beside a proposal's document, and the salt that binds them, are found when they are changed; cleared they prove nothing and are allowed.
func TestPrivateIsProved(t *testing.T) {
	f := newForger(t)
	for stmt, want := range map[string]bool{
		`UPDATE proposal SET private = replace(private, '40817810000000000001', '40817810000000000002') WHERE kind = 'limits'`: true,
		`UPDATE proposal SET salt = zeroblob(32) WHERE kind = 'limits'`:                                                        true,
		`UPDATE proposal SET private = '[]' WHERE kind = 'limits'`:                                                             true,
		`UPDATE proposal SET private = '' WHERE kind = 'limits'`:                                                               false,
	} {
		found, how := f.foundCopy(t, "private.db", func(db *sql.DB) bool {
			res, err := db.Exec(stmt)
			must(t, err)
			n, err := res.RowsAffected()
			must(t, err)
			return n > 0
		})
		if found != want {
			t.Errorf("%s: found %v (%s), want %v", stmt, found, how, want)
		}
	}
}

// TestTampered_Uses: the counters that limits are judged by are recomputed from payouts and decisions: one that is lowered, raised, removed or added is found.
func TestTampered_Uses(t *testing.T) {
	f := newForger(t)
	for _, prefix := range []string{"use:company:", "use:maker:", "use:payee:", "yes:"} {
		for _, stmt := range []string{"UPDATE counter SET sum = sum - 1 WHERE name = (SELECT MIN(name) FROM counter WHERE name GLOB '%s*' AND sum <> 0)",
			"UPDATE counter SET sum = 0 WHERE name = (SELECT MAX(name) FROM counter WHERE name GLOB '%s*' AND sum <> 0)",
			"DELETE FROM counter WHERE name = (SELECT MAX(name) FROM counter WHERE name GLOB '%s*' AND sum <> 0)",
			"INSERT INTO counter (name, n, sum) VALUES ('%snobody:2026-11-19', 0, 5)"} {
			stmt := fmt.Sprintf(stmt, prefix)
			if found, how := f.foundCopy(t, "use.db", func(db *sql.DB) bool {
				res, err := db.Exec(stmt)
				must(t, err)
				n, err := res.RowsAffected()
				must(t, err)
				return n == 1
			}); !found {
				t.Errorf("%s: not found: %s", stmt, how)
			}
		}
	}
}

// TestPasskeyIsProved: of a passkey's row the id and public key, whom it is of, who vouched and since when it signs, its removal, and a version or seal behind the history's are
// found; so are a signature that is gone, a list that is, and a passkey more.
func TestPasskeyIsProved(t *testing.T) {
	f := newForger(t)
	for _, stmt := range []string{
		"UPDATE factor SET data = (SELECT data FROM factor o WHERE o.kind = 'passkey' AND o.id <> factor.id LIMIT 1) WHERE id = (SELECT MIN(id) FROM factor WHERE kind = 'passkey')",
		"UPDATE factor SET data = x'00' WHERE id = (SELECT MIN(id) FROM factor WHERE kind = 'passkey')",
		"UPDATE factor SET person_id = (SELECT id FROM person WHERE id <> factor.person_id LIMIT 1) WHERE kind = 'passkey'",
		"UPDATE factor SET vouched_by = 'founding' WHERE kind = 'passkey'",
		"UPDATE factor SET signs_from = 1 WHERE kind = 'passkey'",
		"UPDATE factor SET removed_at = 0 WHERE removed_at <> 0",
		"UPDATE factor SET version = 0",
		"UPDATE factor SET seal = 'x' WHERE kind = 'recovery'",
		"DELETE FROM factor WHERE kind = 'totp'",
		"DELETE FROM proof WHERE id = (SELECT MIN(id) FROM proof)",
		"DELETE FROM batch",
		"UPDATE batch SET items = replace(items, '\"did\":\"yes\"', '\"did\":\"moved\"'), n = n - 1",
		"INSERT INTO factor SELECT id || 'x', person_id, kind, name, data, fingerprint, created_at, vouched_by, signs_from, step, used_at, removed_at, version, seal FROM factor WHERE kind = 'passkey' LIMIT 1",
		"INSERT INTO enrolment SELECT hash || 'x', person_id, email, what, made_by, at, expires_at, ended_at FROM enrolment LIMIT 1",
		"UPDATE enrolment SET ended_at = 0 WHERE ended_at <> 0",
		"DELETE FROM bank_file", "DELETE FROM bank_name",
	} {
		if found, how := f.foundCopy(t, "key.db", func(db *sql.DB) bool {
			res, err := db.Exec(stmt)
			must(t, err)
			n, err := res.RowsAffected()
			must(t, err)
			return n > 0
		}); !found {
			t.Errorf("%s: not found: %s", stmt, how)
		}
	}
}
