package store

import (
	"context"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

func (t *txn) AddVerdictFile(f app.VerdictFile) error {
	return t.q.InsertVerdictFile(t.ctx, queries.InsertVerdictFileParams{PayoutID: string(f.Payout), Version: int64(f.Version), SHA: f.SHA, Media: f.Media,
		Bytes: int64(f.Bytes), Body: f.Body, At: toMicro(f.At)})
}

// VerdictFile implements app.Reader.
func (s *Store) VerdictFile(ctx context.Context, id payout.ID, version int) (app.VerdictFile, error) {
	r, ok, err := found(s.r.VerdictFile(ctx, queries.VerdictFileParams{PayoutID: string(id), Version: int64(version)}))
	if err == nil && !ok {
		err = fault.Missing("verdict.none")
	}
	return app.VerdictFile{Payout: id, Version: version, SHA: r.SHA, Media: r.Media, Bytes: int(r.Bytes), Body: r.Body, At: fromMicro(r.At)}, err
}
