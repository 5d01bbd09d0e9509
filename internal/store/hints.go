package store

import (
	"context"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

// HintRows reads what hints look at, each from an index: bounded whatever the desk holds.
func (s *Store) HintRows(ctx context.Context, q app.HintQuery) (app.HintRows, error) {
	var out app.HintRows
	var err error
	if q.Payee != "" {
		out.Past, err = s.r.HintPaidPayee(ctx, queries.HintPaidPayeeParams{PayeeID: q.Payee, ID: string(q.ID)})
	} else {
		out.Past, err = s.r.HintPaidAccount(ctx, queries.HintPaidAccountParams{Account: q.Account, ID: string(q.ID)})
	}
	if err != nil {
		return out, err
	}
	names, err := s.r.HintNames(ctx, queries.HintNamesParams{Account: q.Account, ID: string(q.ID), FullName: q.Name})
	if err != nil {
		return out, err
	}
	for _, n := range names {
		out.Elsewhere = append(out.Elsewhere, n.FullName)
	}
	payees, err := s.r.HintPayees(ctx, queries.HintPayeesParams{Account: q.Account, PayeeID: q.Payee})
	if err != nil {
		return out, err
	}
	out.Elsewhere = append(out.Elsewhere, payees...)
	since := toMicro(q.Since)
	for _, m := range q.Makers {
		rows, err := s.r.HintMakers(ctx, queries.HintMakersParams{PersonID: m, Since: since})
		if err != nil {
			return out, err
		}
		var mine []int64
		for _, r := range rows {
			if r.ID != string(q.ID) {
				mine = append(mine, r.AmountMinor)
			}
		}
		out.ByMaker = append(out.ByMaker, mine)
		p, ok, err := found(s.r.HintPerson(ctx, m))
		if err != nil {
			return out, err
		}
		if t := fromMicro(p.CreatedAt); ok && p.Founding == 0 && t.After(out.MakerSince) {
			out.MakerSince = t
		}
	}
	if out.ToPayee, err = s.toPayee(ctx, q, since); err != nil {
		return out, err
	}
	entered, _, err := found(s.r.HintEntered(ctx, queries.HintEnteredParams{PayoutID: string(q.ID), Version: int64(q.Version)}))
	if err != nil {
		return out, err
	}
	out.EnteredAt = fromMicro(entered)
	if q.Device != "" {
		if out.SameBrowser, err = s.r.HintDevice(ctx, queries.HintDeviceParams{Kind: string(approval.Payout), ID: string(q.ID), PersonID: q.Approver, Device: q.Device}); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s *Store) toPayee(ctx context.Context, q app.HintQuery, since int64) ([]int64, error) {
	var out []int64
	add := func(id string, minor int64) {
		if id != string(q.ID) {
			out = append(out, minor)
		}
	}
	if q.Payee != "" {
		rows, err := s.r.HintPayee(ctx, q.Payee)
		for _, r := range rows {
			if r.SubmittedAt >= since && r.State != string(payout.Draft) {
				add(r.ID, r.AmountMinor)
			}
		}
		return out, err
	}
	rows, err := s.r.HintAccount(ctx, queries.HintAccountParams{Account: q.Account, Since: since})
	for _, r := range rows {
		add(r.ID, r.AmountMinor)
	}
	return out, err
}

func (t *txn) SeenFrom(kind approval.Kind, id, person, device string, at time.Time) error {
	return t.q.InsertSeenFrom(t.ctx, queries.InsertSeenFromParams{Kind: string(kind), ID: id, PersonID: person, Device: device, At: toMicro(at)})
}

func (t *txn) AddBatch(b app.Batch) error {
	return t.q.InsertBatch(t.ctx, queries.InsertBatchParams{ID: b.ID, PersonID: b.By.Person, Email: b.By.SignIn, Digest: b.Digest, N: int64(len(b.Items)),
		SumMinor: b.SumMinor, Items: string(b.Doc()), At: toMicro(b.At)})
}

func (t *txn) Batch(id string) (app.Batch, bool, error) {
	r, ok, err := found(t.q.Batch(t.ctx, id))
	if err != nil || !ok {
		return app.Batch{}, false, err
	}
	b, err := batch(r)
	return b, err == nil, err
}

// BatchByID returns a decision over a list. NotFound "batch.none".
func (s *Store) BatchByID(ctx context.Context, id string) (app.Batch, error) {
	r, ok, err := found(s.r.Batch(ctx, id))
	if err != nil {
		return app.Batch{}, err
	}
	if !ok {
		return app.Batch{}, fault.Missing("batch.none")
	}
	return batch(r)
}

func batch(r queries.Batch) (app.Batch, error) {
	items, err := app.ParseBatchItems([]byte(r.Items))
	return app.Batch{ID: r.ID, By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, Digest: r.Digest, SumMinor: r.SumMinor, Items: items, At: fromMicro(r.At)}, err
}
