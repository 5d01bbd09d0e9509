package store

import (
	"context"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/store/queries"
)

func accountOf(r queries.Account) app.Account {
	return app.Account{Email: r.Email, Person: r.PersonID, Hash: r.PasswordHash, ChangedAt: fromMicro(r.ChangedAt), IdleMinutes: int(r.IdleMinutes), KeysOn: r.KeysOn != 0,
		MustChange: r.MustChange != 0, Version: r.Version, Seal: r.Seal}
}

func (t *txn) AccountsOf(person string) ([]app.Account, error) {
	rows, err := t.q.AccountsOf(t.ctx, person)
	out := make([]app.Account, len(rows))
	for i, r := range rows {
		out[i] = accountOf(r)
	}
	return out, err
}

func (t *txn) OpenOf(kind approval.Kind, limit int) ([]app.Proposal, error) {
	return openProposals(t.ctx, t.q, kind, "", limit)
}

func enrolmentOf(r queries.Enrolment) app.Enrolment {
	return app.Enrolment{Hash: r.Hash, Person: r.PersonID, Email: r.Email, What: r.What, MadeBy: r.MadeBy, At: fromMicro(r.At), ExpiresAt: fromMicro(r.ExpiresAt),
		EndedAt: fromMicro(r.EndedAt)}
}

func enrolment(ctx context.Context, q *queries.Queries, hash string) (app.Enrolment, bool, error) {
	r, ok, err := found(q.Enrolment(ctx, hash))
	return enrolmentOf(r), ok, err
}

func openEnrolments(ctx context.Context, q *queries.Queries, person string) ([]app.Enrolment, error) {
	rows, err := q.OpenEnrolments(ctx, person)
	out := make([]app.Enrolment, len(rows))
	for i, r := range rows {
		out[i] = enrolmentOf(r)
	}
	return out, err
}

func (t *txn) AddEnrolment(e app.Enrolment) error {
	return t.q.InsertEnrolment(t.ctx, queries.InsertEnrolmentParams{Hash: e.Hash, PersonID: e.Person, Email: e.Email, What: e.What, MadeBy: e.MadeBy, At: toMicro(e.At),
		ExpiresAt: toMicro(e.ExpiresAt)})
}

func (t *txn) Enrolment(hash string) (app.Enrolment, bool, error) { return enrolment(t.ctx, t.q, hash) }

func (t *txn) OpenEnrolments(person string) ([]app.Enrolment, error) {
	return openEnrolments(t.ctx, t.q, person)
}

func (t *txn) EndEnrolment(hash string, at time.Time) error {
	n, err := t.q.EndEnrolment(t.ctx, queries.EndEnrolmentParams{Hash: hash, At: toMicro(at)})
	if err == nil && n != 1 {
		return fault.Moved("enrol.over")
	}
	return err
}

// EnrolmentByHash finds a link by the hash of its token.
func (s *Store) EnrolmentByHash(ctx context.Context, hash string) (app.Enrolment, bool, error) {
	return enrolment(ctx, s.r, hash)
}

// OpenEnrolmentsOf lists a person's links that were neither used nor replaced.
func (s *Store) OpenEnrolmentsOf(ctx context.Context, person string) ([]app.Enrolment, error) {
	return openEnrolments(ctx, s.r, person)
}
