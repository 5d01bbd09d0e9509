package store

import (
	"context"
	"database/sql"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/recheck"
	"countersign/internal/store/queries"
)

// CheckApprovals counts every decision that a database's history holds again, without the engine that counted it first: every claim had its quorum of
// distinct persons over exactly the content that was sent, every change of rules, limits, people and payees had the decision of somebody who might. It
// trusts the history: run Verify first. An error means that the database could not be read.
func CheckApprovals(ctx context.Context, path string) (recheck.Report, error) {
	d, err := openReadOnly(path)
	if err != nil {
		return recheck.Report{}, err
	}
	defer d.Close()
	tx, err := d.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return recheck.Report{}, err
	}
	defer tx.Rollback()
	q := queries.New(tx)
	c := recheck.New(documents{ctx, tx, q})
	if err := (source{ctx, tx, q}).Events(func(e audit.Event, _ []byte) error { return c.Event(e) }); err != nil {
		return recheck.Report{}, err
	}
	return c.Report(), nil
}

// Documents reads what people decided about from a database that somebody else opened, as it stands at each call.
func Documents(ctx context.Context, d *sql.DB) recheck.Documents {
	return documents{ctx, d, queries.New(d)}
}

type documents struct {
	ctx context.Context
	tx  interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	q *queries.Queries
}

func (d documents) Content(id string, version int) (payout.Content, payout.Salt, bool, error) {
	v, ok, err := found(d.q.Version(d.ctx, queries.VersionParams{PayoutID: id, Version: int64(version)}))
	if err != nil || !ok {
		return payout.Content{}, payout.Salt{}, false, err
	}
	c, salt := content(v)
	return c, salt, true, nil
}

func (d documents) Proposal(kind, id string, version int) (recheck.Proposal, bool, error) {
	p, err := proposalAt(d.ctx, d.q, approval.Kind(kind), id, version)
	if fault.KindOf(err) == fault.NotFound {
		return recheck.Proposal{}, false, nil
	}
	return recheck.Proposal{Doc: p.Doc, Private: p.Private, Salt: p.Salt, Op: p.Op}, err == nil, err
}

func (d documents) Signature(kind, id string, version int, person string, n int) (recheck.Signature, bool, error) {
	var s recheck.Signature
	var expires int64
	err := d.tx.QueryRowContext(d.ctx, `SELECT factor_id, digest, nonce, expires_at, credential, public_key, auth_data, client_data, signature FROM proof
WHERE kind = ? AND id = ? AND version = ? AND person_id = ? AND seq = ?`, kind, id, version, person, n).
		Scan(&s.Factor, &s.Digest, &s.Nonce, &expires, &s.Credential, &s.PublicKey, &s.AuthData, &s.ClientData, &s.Bits)
	if none(err) {
		return s, false, nil
	}
	s.ExpiresAt = fromMicro(expires)
	return s, err == nil, err
}
