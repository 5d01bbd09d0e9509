package desktest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"countersign/internal/bankdetails"
)

// Fill puts rows made-up payouts straight into the database, the last one changed a minute ago: most of them paid, some of every other end, 40 that
// await approval, 10 unknown, 0.2 % on the way. They have rows, versions, makers and counters, but no history: for measuring, never for judging.
// The desk is opened again on it.
func (d *Desk) Fill(rows int) {
	d.T.Helper()
	must(d.T, d.Store.Close())
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+d.DB()+"?_pragma=journal_mode(DELETE)&_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-800000)&_pragma=temp_store(MEMORY)")
	must(d.T, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec := func(stmt string, args ...any) {
		d.T.Helper()
		if _, err := db.ExecContext(ctx, stmt, args...); err != nil {
			d.T.Fatalf("%v in %s", err, stmt)
		}
	}
	// Without indexes and triggers it takes a third of the time; they are made again as they were.
	var later []string
	found, err := db.QueryContext(ctx, "SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN ('payout', 'payout_version') AND type IN ('index', 'trigger') AND sql IS NOT NULL")
	must(d.T, err)
	var drop []string
	for found.Next() {
		var kind, name, text string
		must(d.T, found.Scan(&kind, &name, &text))
		drop, later = append(drop, "DROP "+kind+" "+name), append(later, text)
	}
	must(d.T, found.Err())
	found.Close()
	for _, s := range drop {
		exec(s)
	}

	exec("BEGIN")
	exec("CREATE TEMP TABLE payee (k INTEGER PRIMARY KEY, name TEXT, low TEXT, account TEXT)")
	add, err := db.PrepareContext(ctx, "INSERT INTO payee VALUES (?, ?, ?, ?)")
	must(d.T, err)
	names := Names()
	for i, n := range names {
		_, err := add.ExecContext(ctx, i, n, strings.ToLower(n), bankdetails.WithAccountKey("044525974", fmt.Sprintf("408178100%011d", i)))
		must(d.T, err)
	}
	add.Close()
	// When row n was changed last: they are spread over the last 60 days.
	end, step := d.Clock.Now().Add(-time.Minute).UnixMicro(), 60*24*time.Hour.Microseconds()/int64(rows)
	at := fmt.Sprintf("(%d - (%d - n) * %d)", end, rows-1, step)
	source := fmt.Sprintf(`WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < %d - 1),
s AS (SELECT n, %s AS at, n * 7919 %% %d AS k, 50000 + n * 104729 %% 90000000 AS minor, CASE
  WHEN n %% %d = 0 THEN 'pending_approval' WHEN n %% %d = 1 THEN 'unknown' WHEN n %% 500 = 2 THEN 'in_progress' WHEN n %% 20 = 3 THEN 'failed'
  WHEN n %% 50 = 4 THEN 'cancelled' WHEN n %% 100 = 5 THEN 'rejected' WHEN n %% 200 = 6 THEN 'returned' WHEN n %% 200 = 7 THEN 'draft' ELSE 'succeeded' END AS state FROM i),
r AS (SELECT s.*, state IN ('succeeded', 'failed', 'returned', 'in_progress', 'unknown') AS sent, printf('%%08x-%%04x-7%%03x-8000-%%012x', at / 65536000, at / 1000 %% 65536, n %% 4096, n) AS id,
  'Вознаграждение по договору № ' || (n * 31 %% 900001) || '-ГПХ, акт № ' || (n %% 300) || '. НДС не облагается' AS what,
  'вознаграждение по договору № ' || (n * 31 %% 900001) || '-гпх, акт № ' || (n %% 300) || '. ндс не облагается' AS lowwhat FROM s)
`, rows, at, len(names), max(rows/40, 1), max(rows/10, 2))
	m1 := d.Who["m1"].Person
	exec(source+`INSERT INTO payout (id, number, form, state, version, digest, acks, makers, rule_set, amount_minor, currency, account, full_name, description, search, maker_name,
 given, needed, reference, key, session, asked, credential_no, review, confirmed, returned_minor, why, changes_asked, created_at, changed_at, submitted_at, approved_at, sent_at, send_at, rev)
SELECT r.id, 1001 + n, printf('fill-%09d', n), state, 1, printf('%064x', n), '[]', '["' || ?1 || '"]', 1, minor, 'RUB', p.account, p.name, what,
 p.low || char(32, 31, 32) || lowwhat || char(32, 31, 32) || 'вп-' || n, 'Person m1',
 state NOT IN ('draft', 'pending_approval'), 1, CASE WHEN sent THEN printf('cs1-%d-fill', 1001 + n) END, CASE WHEN sent THEN printf('fill-%09d', n) END, CASE WHEN sent THEN printf('ps_%09d', n) END,
 sent, 0, 0, state IN ('succeeded', 'failed', 'returned'), CASE state WHEN 'returned' THEN minor ELSE 0 END, CASE state WHEN 'failed' THEN 'account_not_found' ELSE '' END, 0,
 at - 600000000, at, at - 500000000, CASE WHEN sent THEN at - 400000000 ELSE 0 END, CASE WHEN sent THEN at - 300000000 ELSE 0 END, 0, 3
FROM r JOIN payee p ON p.k = r.k ORDER BY n`, m1)
	exec(source+`INSERT INTO payout_version (payout_id, version, amount_minor, currency, amount_text, full_name, bik, account, inn, kpp, description, own_ref, note, source, replaces, salt, person_id, email, at)
SELECT r.id, 1, minor, 'RUB', minor / 100 || '.00', p.name, '044525974', p.account, '', '', what, 'ВП-' || n, 'Договор № ' || n, 'form', '', randomblob(32), ?1, 'm1@x.test', at - 600000000
FROM r JOIN payee p ON p.k = r.k ORDER BY n`, m1)
	exec("INSERT INTO payout_maker (payout_id, person_id, number) SELECT id, ?, number FROM payout ORDER BY number DESC", m1)
	exec("INSERT INTO counter (name, n, sum) SELECT 'state:' || state, COUNT(*), SUM(amount_minor) FROM payout GROUP BY state")
	exec("INSERT INTO counter (name, n, sum) VALUES ('maker:' || ?, ?, 0)", m1, rows)
	for _, s := range later {
		exec(s)
	}
	exec("COMMIT")
	must(d.T, db.Close())
	d.Open()
}

// Names are 30,000 names of people, as Russian as their endings; 200 surnames.
func Names() []string {
	first := []string{"Александр", "Алексей", "Анатолий", "Борис", "Вадим", "Виктор", "Глеб", "Денис", "Егор", "Иван", "Кирилл", "Лев", "Максим", "Олег", "Павел"}
	middle := []string{"Андреевич", "Борисович", "Викторович", "Денисович", "Игоревич", "Львович", "Максимович", "Олегович", "Павлович", "Сергеевич"}
	var last []string
	for _, a := range []string{"Щерб", "Журав", "Гавр", "Дем", "Зот", "Кузн", "Лебед", "Мух", "Никиф", "Осип"} {
		for _, b := range []string{"ак", "ент", "ил", "ор", "ыш"} {
			for _, c := range []string{"ов", "ев", "ский", "ин"} {
				last = append(last, a+b+c)
			}
		}
	}
	var out []string
	for i := range len(last) * len(first) * len(middle) {
		out = append(out, last[i%len(last)]+" "+first[i/len(last)%len(first)]+" "+middle[i/len(last)/len(first)])
	}
	return out
}
