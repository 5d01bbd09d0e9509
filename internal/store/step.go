package store

import (
	"context"
	"time"

	"countersign/internal/app"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store/queries"
)

func (t *txn) LastAttempt(id payout.ID) (app.Attempt, bool, error) {
	r, ok, err := found(t.q.LastAttempt(t.ctx, string(id)))
	return app.Attempt{Payout: id, N: int(r.N), Version: int(r.Version), Digest: payout.Digest(r.Digest), Reference: r.Reference, Key: r.Key, Flow: r.Flow, Project: r.Project,
		Host: r.Host, Confirm: r.Confirm, At: fromMicro(r.At)}, ok, err
}

func (t *txn) AddStep(s app.StepRow) error {
	return t.q.InsertStep(t.ctx, queries.InsertStepParams{PayoutID: string(s.Payout), N: int64(s.N), Attempt: int64(s.Attempt), Call: string(s.Call), Session: s.Session, Why: s.Why,
		Key: s.Key, Body: s.Body, At: toMicro(s.At)})
}

func (t *txn) EndStep(e app.StepEnd) error {
	body := e.Raw.Body
	if body == nil {
		body = []byte{}
	}
	return t.q.InsertStepEnd(t.ctx, queries.InsertStepEndParams{PayoutID: string(e.Payout), N: int64(e.N), Kind: string(e.Kind), Why: e.Why, Session: e.Session, HTTP: int64(e.Raw.HTTP),
		Description: e.Raw.Description, Body: body, At: toMicro(e.At)})
}

func steps(ctx context.Context, q *queries.Queries, id payout.ID) ([]app.StepLine, error) {
	rows, err := q.Steps(ctx, string(id))
	out := make([]app.StepLine, len(rows))
	for i, r := range rows {
		s := protocol.Step{N: int(r.N), Attempt: int(r.Attempt), Call: protocol.StepCall(r.Call), Session: r.Session, Why: r.Why, At: fromMicro(r.At),
			Answer: protocol.AnswerKind(r.Kind), Code: r.Code, EndedAt: fromMicro(r.EndedAt)}
		if s.Call == protocol.CallCreate {
			s.Session = r.Brought
		}
		out[i] = app.StepLine{Step: s, Bytes: int(r.Bytes), HTTP: int(r.HTTP), Description: r.Description}
	}
	return out, err
}

func (t *txn) Steps(id payout.ID) ([]protocol.Step, error) {
	lines, err := steps(t.ctx, t.q, id)
	out := make([]protocol.Step, len(lines))
	for i, l := range lines {
		out[i] = l.Step
	}
	return out, err
}

func (t *txn) SetStepDue(id payout.ID, at time.Time) error {
	return t.q.PutStepDue(t.ctx, queries.PutStepDueParams{PayoutID: string(id), At: toMicro(at)})
}

func (t *txn) DropStepDue(id payout.ID) error { return t.q.DropStepDue(t.ctx, string(id)) }

func (t *txn) StepsDue(now time.Time, limit int) ([]payout.ID, error) {
	return ids(t.q.StepsDue(t.ctx, queries.StepsDueParams{Now: toMicro(now), Most: int64(limit)}))
}

func (t *txn) OpenStepwise(after payout.ID, limit int) ([]payout.ID, error) {
	return ids(t.q.OpenStepwise(t.ctx, queries.OpenStepwiseParams{After: string(after), Most: int64(limit)}))
}

// AnyStepwise reports whether an attempt of the stepwise flow is open.
func (s *Store) AnyStepwise(ctx context.Context) (bool, error) {
	rows, err := s.r.OpenStepwise(ctx, queries.OpenStepwiseParams{Most: 1})
	return len(rows) > 0, err
}

// EndedSteps is the number of the last step of a payout whose outcome is recorded.
func (s *Store) EndedSteps(ctx context.Context, id payout.ID) (int, error) {
	n, err := s.r.EndedSteps(ctx, string(id))
	return int(n), err
}

// StepsOf lists the steps of a payout in the stepwise flow, oldest first.
func (s *Store) StepsOf(ctx context.Context, id payout.ID) ([]app.StepLine, error) {
	return steps(ctx, s.r, id)
}

// NewestFetch is the newest kept status of one session, byte for byte; ok false when there is none, or it was cleared.
func (s *Store) NewestFetch(ctx context.Context, id payout.ID, session string) (body []byte, at time.Time, ok bool, err error) {
	r, ok, err := found(s.r.NewestFetch(ctx, queries.NewestFetchParams{PayoutID: string(id), Session: session}))
	return r.Body, fromMicro(r.At), ok, err
}
