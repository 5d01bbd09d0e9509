package store

import (
	"context"

	"countersign/internal/app"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

func bankFile(ctx context.Context, q *queries.Queries) (app.BankFile, bool, error) {
	r, ok, err := found(q.BankFile(ctx))
	if !ok {
		return app.BankFile{}, false, err
	}
	return app.BankFile{SHA: r.SHA, Day: r.Day, Version: r.Version, N: int(r.N), By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, At: fromMicro(r.At)}, true, nil
}

func bankName(ctx context.Context, q *queries.Queries, bik string) (app.BankName, bool, error) {
	r, ok, err := found(q.BankName(ctx, bik))
	return app.BankName{BIK: r.BIK, Name: r.Name, Town: r.Town, Closed: r.Closed != 0}, ok, err
}

func (t *txn) BankFile() (app.BankFile, bool, error) { return bankFile(t.ctx, t.q) }

func (t *txn) BankName(bik string) (app.BankName, bool, error) { return bankName(t.ctx, t.q, bik) }

func (t *txn) ReplaceBanks(f app.BankFile, names []app.BankName) error {
	if err := t.q.ClearBankNames(t.ctx); err != nil {
		return err
	}
	for _, b := range names {
		if err := t.q.InsertBankName(t.ctx, queries.InsertBankNameParams{BIK: b.BIK, Name: b.Name, Town: b.Town, Closed: flag(b.Closed)}); err != nil {
			return err
		}
	}
	return t.q.PutBankFile(t.ctx, queries.PutBankFileParams{SHA: f.SHA, Day: f.Day, Version: f.Version, N: int64(f.N), PersonID: f.By.Person, Email: f.By.SignIn,
		At: toMicro(f.At)})
}

func (t *txn) DropRefused(slot, n int64) error {
	return t.q.DropRefused(t.ctx, queries.DropRefusedParams{Slot: slot, N: n})
}

// BankFile is the directory of banks that is loaded.
func (s *Store) BankFile(ctx context.Context) (app.BankFile, bool, error) { return bankFile(ctx, s.r) }

// BankName is the directory's line for a BIK.
func (s *Store) BankName(ctx context.Context, bik string) (app.BankName, bool, error) {
	return bankName(ctx, s.r, bik)
}

// RefusedAfter lists refused messages, oldest first.
func (s *Store) RefusedAfter(ctx context.Context, after int64, limit int) ([]app.RefusedMessage, error) {
	rows, err := s.r.RefusedAfter(ctx, queries.RefusedAfterParams{After: after, Most: int64(limit)})
	out := make([]app.RefusedMessage, len(rows))
	for i, r := range rows {
		out[i] = app.RefusedMessage{Slot: r.Slot, N: r.N, Signature: r.Signature, Body: r.Body}
	}
	return out, err
}
