package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"countersign/internal/app"
	"countersign/internal/bankdetails"
	"countersign/internal/payee"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

// payeesRev counts the changes of payees.
const payeesRev = "payees:rev"

func (t *txn) SavePayee(p app.PayeeRow) error {
	old, known, err := found(t.q.PayeeInForce(t.ctx, p.ID))
	if err != nil {
		return err
	}
	if p.Makers, err = t.q.PayeeMakers(t.ctx, queries.PayeeMakersParams{ID: p.ID, Version: int64(p.Version)}); err != nil {
		return err
	}
	if err := t.q.PutPayee(t.ctx, queries.PutPayeeParams{ID: p.ID, Version: int64(p.Version), Kind: string(p.Kind), FullName: p.FullName, INN: p.INN, KPP: p.KPP,
		Groups: strings.Join(p.Groups, ","), Makers: list(p.Makers), Search: p.Search, CreatedAt: toMicro(p.CreatedAt), ChangedAt: toMicro(p.ChangedAt)}); err != nil {
		return err
	}
	if err := t.q.DropPayeeAccounts(t.ctx, p.ID); err != nil {
		return err
	}
	for _, a := range p.Accounts {
		if err := t.q.PutPayeeAccount(t.ctx, queries.PutPayeeAccountParams{PayeeID: p.ID, BIK: a.BIK, Number: a.Number, Label: a.Label, Since: toMicro(a.Since),
			Changed: flag(a.Changed)}); err != nil {
			return err
		}
	}
	if err := t.count(payeesRev, 1, 0); err != nil {
		return err
	}
	if !known {
		if err := t.count(app.PayeesCounter, 1, 0); err != nil {
			return err
		}
	}
	was := words(old.Groups)
	for _, g := range was {
		if !slices.Contains(p.Groups, g) {
			if err := t.count(app.PayeeGroupCounter+g, -1, 0); err != nil {
				return err
			}
		}
	}
	for _, g := range p.Groups {
		if !slices.Contains(was, g) {
			if err := t.count(app.PayeeGroupCounter+g, 1, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *txn) PayeeVersions(id string) ([]app.Proposal, error) {
	rows, err := t.q.PayeeVersions(t.ctx, queries.PayeeVersionsParams{ID: id, Most: app.MaxPayeeVersions})
	out := make([]app.Proposal, len(rows))
	for i, r := range rows {
		out[i] = proposal(queries.ProposalsRow(r))
	}
	return out, err
}

func (t *txn) UnsentOf(payee string, after payout.Number, limit int) (ids []payout.ID, last payout.Number, err error) {
	rows, err := t.q.UnsentOf(t.ctx, queries.UnsentOfParams{PayeeID: payee, After: int64(after), Most: int64(limit)})
	for _, r := range rows {
		ids, last = append(ids, payout.ID(r.ID)), payout.Number(r.Number)
	}
	return ids, last, err
}

func payeesWith(ctx context.Context, q *queries.Queries, key payee.AccountKey, besides string, limit int) ([]app.SharedAccount, error) {
	rows, err := q.PayeesWith(ctx, queries.PayeesWithParams{Number: key.Number, BIK: key.BIK, Besides: besides, Most: int64(limit)})
	out := make([]app.SharedAccount, len(rows))
	for i, r := range rows {
		out[i] = app.SharedAccount{Key: key, ID: r.PayeeID, Name: r.FullName}
	}
	return out, err
}

func (t *txn) PayeesWith(key payee.AccountKey, besides string, limit int) ([]app.SharedAccount, error) {
	return payeesWith(t.ctx, t.q, key, besides, limit)
}

func (s *Store) PayeesWith(ctx context.Context, key payee.AccountKey, besides string, limit int) ([]app.SharedAccount, error) {
	return payeesWith(ctx, s.r, key, besides, limit)
}

func payeeAccounts(rows []queries.PayeeAccount) []app.PayeeAccount {
	out := make([]app.PayeeAccount, len(rows))
	for i, r := range rows {
		out[i] = app.PayeeAccount{Account: payee.Account{BIK: r.BIK, Number: r.Number, Label: r.Label}, Since: fromMicro(r.Since), Changed: r.Changed != 0}
	}
	return out
}

func payeeRow(r queries.Payee) app.PayeeRow {
	return app.PayeeRow{ID: r.ID, Version: int(r.Version), Kind: payee.Kind(r.Kind), FullName: r.FullName, INN: r.INN, KPP: r.KPP, Groups: words(r.Groups),
		Makers: unlist(r.Makers), CreatedAt: fromMicro(r.CreatedAt), ChangedAt: fromMicro(r.ChangedAt)}
}

// PayeeByID is a saved payee with its accounts.
func (s *Store) PayeeByID(ctx context.Context, id string) (app.PayeeRow, bool, error) {
	r, ok, err := found(s.r.PayeeInForce(ctx, id))
	if err != nil || !ok {
		return app.PayeeRow{}, false, err
	}
	p := payeeRow(r)
	accounts, err := s.r.PayeeAccounts(ctx, id)
	p.Accounts = payeeAccounts(accounts)
	return p, true, err
}

// PayoutsTo lists the payouts that name a payee, newest first.
func (s *Store) PayoutsTo(ctx context.Context, payee string, limit int) ([]app.Row, error) {
	return s.rows(ctx, "WHERE p.payee_id = ? AND p.payee_id <> '' ORDER BY p.number DESC LIMIT ?", payee, limit)
}

// PayeeList walks the index of search texts, which begin with the name: a page costs what it shows. A search looks at the texts in memory.
func (s *Store) PayeeList(ctx context.Context, q app.PayeeQuery) (app.PayeePage, error) {
	limit := page(q.Limit)
	text := clipRunes(q.Text, maxSearch)
	whole := bankdetails.CleanDigits(text)
	account := bankdetails.CheckAccount(whole) == nil
	words := strings.Fields(bankdetails.NormalizeName(strings.ReplaceAll(text, "··", "")))
	if !account && (len(words) > 0 || q.Group != "") {
		names, ok, err := s.names.read(ctx, s)
		if err != nil {
			return app.PayeePage{}, err
		}
		if ok {
			return s.payeesByID(ctx, find(names, q.After, words, q.Group, limit+1), limit)
		}
	}
	where, args := []string{"1 = 1"}, []any{}
	if q.After != "" {
		var search string
		var rowid int64
		switch err := s.rdb.QueryRowContext(ctx, "SELECT search, rowid FROM payee WHERE id = ?", q.After).Scan(&search, &rowid); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return app.PayeePage{}, err
		default:
			where, args = append(where, "search >= ? AND (search > ? OR rowid > ?)"), append(args, search, search, rowid)
		}
	}
	if account {
		where, args = append(where, "id IN (SELECT payee_id FROM payee_account WHERE number = ?)"), append(args, whole)
	} else {
		for _, word := range words {
			where, args = append(where, "instr(search, ?) > 0"), append(args, word)
		}
	}
	if q.Group != "" {
		where, args = append(where, "instr(',' || groups || ',', ?) > 0"), append(args, ","+q.Group+",")
	}
	rows, err := s.payeeRows(ctx, strings.Join(where, " AND ")+" ORDER BY search, rowid LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return app.PayeePage{}, err
	}
	return s.payeePage(ctx, rows, limit)
}

// payeesByID is a page of these payees, in this order.
func (s *Store) payeesByID(ctx context.Context, ids []string, limit int) (app.PayeePage, error) {
	if len(ids) == 0 {
		return app.PayeePage{}, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := s.payeeRows(ctx, "id IN (?"+strings.Repeat(",?", len(ids)-1)+")", args...)
	if err != nil {
		return app.PayeePage{}, err
	}
	slices.SortFunc(rows, func(a, b app.PayeeRow) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return s.payeePage(ctx, rows, limit)
}

func (s *Store) payeeRows(ctx context.Context, where string, args ...any) ([]app.PayeeRow, error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT id, version, kind, full_name, inn, kpp, groups, makers, created_at, changed_at FROM payee WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []app.PayeeRow
	for rows.Next() {
		var r queries.Payee
		if err := rows.Scan(&r.ID, &r.Version, &r.Kind, &r.FullName, &r.INN, &r.KPP, &r.Groups, &r.Makers, &r.CreatedAt, &r.ChangedAt); err != nil {
			return nil, err
		}
		out = append(out, payeeRow(r))
	}
	return out, rows.Err()
}

// payeePage cuts one row too many into a page and its cursor.
func (s *Store) payeePage(ctx context.Context, rows []app.PayeeRow, limit int) (app.PayeePage, error) {
	out := app.PayeePage{Rows: rows}
	if len(rows) > limit {
		out.Rows, out.Next = rows[:limit], rows[limit-1].ID
	}
	return out, s.accountsOf(ctx, out.Rows)
}

// accountsOf fills in the accounts of one page.
func (s *Store) accountsOf(ctx context.Context, rows []app.PayeeRow) error {
	if len(rows) == 0 {
		return nil
	}
	at, ids := make(map[string]int, len(rows)), make([]any, len(rows))
	for i, r := range rows {
		at[r.ID], ids[i] = i, r.ID
	}
	found, err := s.rdb.QueryContext(ctx, "SELECT payee_id, bik, number, label, since, changed FROM payee_account WHERE payee_id IN (?"+strings.Repeat(",?", len(ids)-1)+
		") ORDER BY payee_id, since, bik, number", ids...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var a queries.PayeeAccount
		if err := found.Scan(&a.PayeeID, &a.BIK, &a.Number, &a.Label, &a.Since, &a.Changed); err != nil {
			return err
		}
		i := at[a.PayeeID]
		rows[i].Accounts = append(rows[i].Accounts, payeeAccounts([]queries.PayeeAccount{a})...)
	}
	return found.Err()
}

// clipRunes cuts a text to n characters.
func clipRunes(s string, n int) string {
	seen := 0
	for i := range s {
		if seen++; seen > n {
			return s[:i]
		}
	}
	return s
}
