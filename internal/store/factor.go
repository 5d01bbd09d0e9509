package store

import (
	"context"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/store/queries"
)

func factorOf(r queries.Factor) app.Factor {
	return app.Factor{ID: r.ID, Person: r.PersonID, Kind: r.Kind, Name: r.Name, Data: r.Data, Fingerprint: r.Fingerprint, CreatedAt: fromMicro(r.CreatedAt), VouchedBy: r.VouchedBy,
		SignsFrom: fromMicro(r.SignsFrom), Step: r.Step, UsedAt: fromMicro(r.UsedAt), RemovedAt: fromMicro(r.RemovedAt), Version: r.Version, Seal: r.Seal}
}

func factorsOf(ctx context.Context, q *queries.Queries, person string) ([]app.Factor, error) {
	rows, err := q.FactorsOf(ctx, person)
	out := make([]app.Factor, len(rows))
	for i, r := range rows {
		out[i] = factorOf(r)
	}
	return out, err
}

func (t *txn) Factors(person string) ([]app.Factor, error) { return factorsOf(t.ctx, t.q, person) }

func (t *txn) Factor(id string) (app.Factor, bool, error) {
	r, ok, err := found(t.q.Factor(t.ctx, id))
	return factorOf(r), ok, err
}

func (t *txn) AddFactor(f app.Factor) error {
	return t.q.InsertFactor(t.ctx, queries.InsertFactorParams{ID: f.ID, PersonID: f.Person, Kind: f.Kind, Name: f.Name, Data: f.Data, Fingerprint: f.Fingerprint,
		CreatedAt: toMicro(f.CreatedAt), VouchedBy: f.VouchedBy, SignsFrom: toMicro(f.SignsFrom), Step: f.Step, UsedAt: toMicro(f.UsedAt), RemovedAt: toMicro(f.RemovedAt),
		Version: f.Version, Seal: f.Seal})
}

func (t *txn) SaveFactor(f app.Factor) error {
	n, err := t.q.UpdateFactor(t.ctx, queries.UpdateFactorParams{ID: f.ID, Version: f.Version - 1, Data: f.Data, VouchedBy: f.VouchedBy, SignsFrom: toMicro(f.SignsFrom), Step: f.Step,
		UsedAt: toMicro(f.UsedAt), RemovedAt: toMicro(f.RemovedAt), Seal: f.Seal})
	if err == nil && n != 1 {
		return fault.Moved("factor.moved")
	}
	return err
}

func (t *txn) MarkOf(mark string) (string, bool, error) { return found(t.q.MarkOf(t.ctx, mark)) }

func (t *txn) AddMark(mark, person string, at time.Time) error {
	return t.q.InsertMark(t.ctx, queries.InsertMarkParams{Mark: mark, PersonID: person, At: toMicro(at)})
}

func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (t *txn) AddChallenge(c app.Challenge) error {
	return t.q.InsertChallenge(t.ctx, queries.InsertChallengeParams{ID: c.ID, PersonID: c.Person, Purpose: c.Purpose, Digest: c.Digest, Nonce: blob(c.Nonce), Data: blob(c.Data),
		ExpiresAt: toMicro(c.ExpiresAt), UsedAt: toMicro(c.UsedAt)})
}

func challenge(r queries.Challenge) app.Challenge {
	return app.Challenge{ID: r.ID, Person: r.PersonID, Purpose: r.Purpose, Digest: r.Digest, Nonce: r.Nonce, Data: r.Data, ExpiresAt: fromMicro(r.ExpiresAt), UsedAt: fromMicro(r.UsedAt)}
}

func (t *txn) Challenge(id string) (app.Challenge, bool, error) {
	r, ok, err := found(t.q.Challenge(t.ctx, id))
	return challenge(r), ok, err
}

func (t *txn) UseChallenge(id string, at time.Time) (bool, error) {
	n, err := t.q.UseChallenge(t.ctx, queries.UseChallengeParams{ID: id, At: toMicro(at)})
	return n == 1, err
}

func (t *txn) DropChallenges(before time.Time) error {
	return t.q.DropChallenges(t.ctx, toMicro(before))
}

func (t *txn) Challenges(person string) (int, error) {
	n, err := t.q.CountChallenges(t.ctx, person)
	return int(n), err
}

func (t *txn) AddProof(p app.ProofRow) error {
	return t.q.InsertProof(t.ctx, queries.InsertProofParams{Kind: string(p.Kind), ID: p.ID, Version: int64(p.Version), PersonID: p.Person, Seq: int64(p.Seq), FactorID: p.Factor,
		Digest: p.Digest, Nonce: p.Nonce, ExpiresAt: toMicro(p.ExpiresAt), Credential: p.Credential, PublicKey: p.PublicKey, AuthData: p.AuthData, ClientData: p.ClientData,
		Signature: p.Signature})
}

func (t *txn) Proofs(kind approval.Kind, id string, version int) ([]app.ProofRow, error) {
	rows, err := t.q.ProofsOf(t.ctx, queries.ProofsOfParams{Kind: string(kind), ID: id, Version: int64(version)})
	out := make([]app.ProofRow, len(rows))
	for i, r := range rows {
		out[i] = app.ProofRow{Kind: approval.Kind(r.Kind), ID: r.ID, Version: int(r.Version), Person: r.PersonID, Seq: int(r.Seq), Factor: r.FactorID, Digest: r.Digest, Nonce: r.Nonce,
			ExpiresAt: fromMicro(r.ExpiresAt), Credential: r.Credential, PublicKey: r.PublicKey, AuthData: r.AuthData, ClientData: r.ClientData, Signature: r.Signature}
	}
	return out, err
}

func (t *txn) BatchOf(kind approval.Kind, id string, version int, person string, seq int) (digest, items string, err error) {
	r, ok, err := found(t.q.BatchOf(t.ctx, queries.BatchOfParams{Kind: string(kind), ID: id, Version: int64(version), PersonID: person, Seq: int64(seq)}))
	if err != nil || !ok || r.PersonID != person {
		return "", "", err
	}
	return r.Digest, r.Items, nil
}

func (t *txn) Login(id string) (auth.SignIn, bool, error) {
	r, ok, err := found(t.q.Login(t.ctx, id))
	return login(r), ok, err
}

func (t *txn) SetLoginFactor(l auth.SignIn) error {
	return t.q.SetLoginFactor(t.ctx, queries.SetLoginFactorParams{ID: l.ID, Factor: l.Factor, Seal: l.Seal})
}

func (t *txn) AllAccounts() ([]app.Account, error) {
	rows, err := t.q.AllAccounts(t.ctx)
	out := make([]app.Account, len(rows))
	for i, r := range rows {
		out[i] = accountOf(r)
	}
	return out, err
}

func (t *txn) AllLogins() ([]auth.SignIn, error) {
	rows, err := t.q.AllLogins(t.ctx)
	out := make([]auth.SignIn, len(rows))
	for i, r := range rows {
		out[i] = login(r)
	}
	return out, err
}

func (t *txn) SealAccount(email, seal string) error {
	return t.q.SealAccount(t.ctx, queries.SealAccountParams{Email: email, Seal: seal})
}

// Factors lists what a person has that was not removed, oldest first.
func (s *Store) Factors(ctx context.Context, person string) ([]app.Factor, error) {
	return factorsOf(ctx, s.r, person)
}

// ChallengeByID returns a question as stored.
func (s *Store) ChallengeByID(ctx context.Context, id string) (app.Challenge, bool, error) {
	r, ok, err := found(s.r.Challenge(ctx, id))
	return challenge(r), ok, err
}

func (t *txn) DropChallenge(id string) error { return t.q.DropChallenge(t.ctx, id) }
