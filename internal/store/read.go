package store

import (
	"context"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store/queries"
)

var _ app.Store = (*Store)(nil)

func (s *Store) AnyToSend(ctx context.Context, now time.Time) (bool, error) {
	if steps, err := s.r.StepsDue(ctx, queries.StepsDueParams{Now: toMicro(now), Most: 1}); err != nil || len(steps) > 0 {
		return len(steps) > 0, err
	}
	rows, err := s.r.NextToSend(ctx, queries.NextToSendParams{Now: toMicro(now), Most: 1})
	return len(rows) > 0, err
}

func (s *Store) AnyToApply(ctx context.Context) (bool, error) {
	last, err := s.r.LastApplied(ctx)
	if err != nil {
		return false, err
	}
	_, ok, err := found(s.r.NextMessageID(ctx, last))
	return ok, err
}

func (s *Store) AnyToExpire(ctx context.Context, before time.Time) (bool, error) {
	rows, err := s.r.ToExpire(ctx, queries.ToExpireParams{Before: toMicro(before), Due: Day(before), Most: 1})
	return len(rows) > 0, err
}

func (s *Store) AnyStale(ctx context.Context, before time.Time) (bool, error) {
	rows, err := s.r.StaleAttempts(ctx, queries.StaleAttemptsParams{Before: toMicro(before), Most: 1})
	return len(rows) > 0, err
}

func (s *Store) DuePolls(ctx context.Context, now time.Time, limit int) ([]app.PollRow, error) {
	rows, err := s.r.DuePolls(ctx, queries.DuePollsParams{Now: toMicro(now), Most: int64(limit)})
	out := make([]app.PollRow, len(rows))
	for i, r := range rows {
		out[i] = pollRow(r)
	}
	return out, err
}

// AnyAhead reports whether something is planned beyond the bounds of a right clock. Of questions only the latest is looked at.
func (s *Store) AnyAhead(ctx context.Context, b app.PlanBounds) (bool, error) {
	poll, err := s.r.LastPollAt(ctx)
	if err != nil {
		return false, err
	}
	step, err := s.r.LastStepAt(ctx)
	if err != nil {
		return false, err
	}
	list, err := toReplan(ctx, s.r, b, 1)
	return len(list) > 0 || poll > toMicro(b.Daily) || step > toMicro(b.Step), err
}

func (s *Store) NextPollAt(ctx context.Context) (time.Time, error) {
	n, err := s.r.NextPollAt(ctx)
	return fromMicro(n), err
}

func (s *Store) PollsOf(ctx context.Context, id payout.ID) ([]app.PollRow, error) {
	return polls(ctx, s.r, id)
}

func (s *Store) PollOf(ctx context.Context, id payout.ID) (app.PollRow, bool, error) {
	r, ok, err := found(s.r.PollOf(ctx, string(id)))
	return pollRow(r), ok, err
}

func (s *Store) AccountByEmail(ctx context.Context, email string) (app.Account, bool, error) {
	return account(ctx, s.r, email)
}

func (s *Store) PersonByID(ctx context.Context, id string) (auth.Person, error) {
	return onePerson(ctx, s.r, id)
}

func (s *Store) AllPeople(ctx context.Context) ([]app.PersonRow, error) {
	rows, err := s.r.People(ctx)
	if err != nil {
		return nil, err
	}
	accounts, err := s.r.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := s.r.LastSeen(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]app.PersonRow, len(rows))
	for i, r := range rows {
		out[i] = app.PersonRow{Person: person(r), SuspendedAt: fromMicro(r.SuspendedAt)}
		for _, a := range accounts {
			if a.PersonID == r.ID {
				out[i].Emails = append(out[i].Emails, a.Email)
				if a.Waiting != 0 {
					out[i].Waiting = append(out[i].Waiting, a.Email)
				} else if a.MustChange != 0 {
					out[i].SetByHand = append(out[i].SetByHand, a.Email)
				}
			}
		}
		for _, l := range seen {
			if l.PersonID == r.ID {
				out[i].LastSeen = fromMicro(l.At)
			}
		}
	}
	return out, nil
}

func (s *Store) Signers(ctx context.Context) ([]approval.Signer, error) { return signers(ctx, s.r) }

func login(r queries.Login) auth.SignIn {
	return auth.SignIn{ID: r.ID, Person: r.PersonID, Email: r.Email, CreatedAt: fromMicro(r.CreatedAt), LastSeen: fromMicro(r.LastSeen),
		IdleFor: time.Duration(r.IdleS) * time.Second, UserAgent: r.Agent, IP: r.Source,
		Factor: r.Factor, Device: r.Device, Seal: r.Seal}
}

func (s *Store) LoginByID(ctx context.Context, id string) (auth.SignIn, bool, error) {
	r, ok, err := found(s.r.Login(ctx, id))
	return login(r), ok, err
}

func (s *Store) Logins(ctx context.Context, person string) ([]auth.SignIn, error) {
	rows, err := s.r.Logins(ctx, person)
	out := make([]auth.SignIn, len(rows))
	for i, r := range rows {
		out[i] = login(r)
	}
	return out, err
}

func (s *Store) SeenLogin(ctx context.Context, id string, at time.Time) error {
	_, err := s.Write(ctx, app.Intake, func(t app.Tx) error {
		x := t.(*txn) // our own Write made it
		return x.q.SeeLogin(x.ctx, queries.SeeLoginParams{ID: id, At: toMicro(at)})
	})
	return err
}

func (s *Store) PayoutByID(ctx context.Context, id payout.ID) (payout.Snapshot, error) {
	// Row and version are two reads; an edit between them is seen as a missing pair and read again.
	return loadPayout(ctx, s.r, id)
}

func (s *Store) PayoutIDByNumber(ctx context.Context, n payout.Number) (payout.ID, bool, error) {
	id, ok, err := found(s.r.PayoutIDByNumber(ctx, int64(n)))
	return payout.ID(id), ok, err
}

func (s *Store) Versions(ctx context.Context, id payout.ID) ([]app.VersionRow, error) {
	rows, err := s.r.Versions(ctx, string(id))
	if err != nil {
		return nil, err
	}
	subs, err := s.r.Subjects(ctx, queries.SubjectsParams{Kind: string(approval.Payout), ID: string(id)})
	if err != nil {
		return nil, err
	}
	out := make([]app.VersionRow, len(rows))
	for i, r := range rows {
		c, salt := content(r)
		out[i] = app.VersionRow{Version: int(r.Version), Content: c, Salt: salt, By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, At: fromMicro(r.At)}
		for _, sub := range subs {
			if sub.Version == r.Version {
				out[i].Digest, out[i].Acks = sub.Digest, unlist(sub.Acks)
			}
		}
	}
	return out, nil
}

func (s *Store) DecisionsOf(ctx context.Context, kind approval.Kind, id string, version int) ([]approval.Decision, error) {
	return decisions(ctx, s.r, kind, id, version)
}

func (s *Store) Timeline(ctx context.Context, kind, subject string) ([]app.EventRow, error) {
	rows, err := s.r.EventsOf(ctx, queries.EventsOfParams{Kind: kind, Subject: subject})
	out := make([]app.EventRow, len(rows))
	for i, r := range rows {
		out[i] = event(r)
	}
	return out, err
}

func (s *Store) AttemptsOf(ctx context.Context, id payout.ID) ([]app.AttemptRow, error) {
	rows, err := s.r.Attempts(ctx, string(id))
	out := make([]app.AttemptRow, len(rows))
	for i, r := range rows {
		out[i] = app.AttemptRow{N: int(r.N), Version: int(r.Version), HTTP: int(r.HTTP), Bytes: int(r.Bytes), Kind: r.Kind, Why: r.Why, Description: r.Description,
			At: fromMicro(r.At), AnsweredAt: fromMicro(r.AnsweredAt)}
	}
	return out, err
}

func (s *Store) FetchBody(ctx context.Context, id int64) (app.FetchRow, error) {
	r, err := s.r.FetchByID(ctx, id)
	if none(err) {
		return app.FetchRow{}, fault.Missing("notfound")
	}
	return app.FetchRow{ID: r.ID, Payout: payout.ID(r.PayoutID), Session: r.Session, Problem: r.Problem, Code: r.Code,
		Raw: protocol.Raw{HTTP: int(r.HTTP), Body: r.Body}, At: fromMicro(r.At)}, err
}

func (s *Store) AttemptBodies(ctx context.Context, id payout.ID, n int) (request, answer []byte, err error) {
	request, err = s.r.AttemptBody(ctx, queries.AttemptBodyParams{PayoutID: string(id), N: int64(n)})
	if none(err) {
		return nil, nil, fault.Missing("notfound")
	}
	if err != nil {
		return nil, nil, err
	}
	answer, _, err = found(s.r.OutcomeBody(ctx, queries.OutcomeBodyParams{PayoutID: string(id), N: int64(n)}))
	return request, answer, err
}

func (s *Store) ReplacementOf(ctx context.Context, id payout.ID) (payout.ID, payout.Number, bool, error) {
	r, ok, err := found(s.r.Replacement(ctx, text(string(id))))
	return payout.ID(r.ID), payout.Number(r.Number), ok, err
}

func (s *Store) SameAs(ctx context.Context, account string, minor int64) ([]app.Same, error) {
	rows, err := s.r.Same(ctx, queries.SameParams{Account: account, AmountMinor: minor})
	return same(rows), err
}

func (s *Store) PaidBefore(ctx context.Context, name string) ([]app.Paid, error) {
	rows, err := s.r.PaidBefore(ctx, bankdetails.NormalizeName(name))
	out := make([]app.Paid, len(rows))
	for i, r := range rows {
		out[i] = app.Paid{Account: r.Account, N: int(r.N), Sum: r.Sum, LastAt: fromMicro(r.LastAt)}
	}
	return out, err
}

func (s *Store) Counters(ctx context.Context, prefix string) (map[string]app.Counter, error) {
	rows, err := s.r.Counters(ctx, queries.CountersParams{Low: prefix, High: prefix + "\U0010FFFF"})
	out := map[string]app.Counter{}
	for _, r := range rows {
		out[r.Name] = app.Counter{N: r.N, Sum: r.Sum}
	}
	return out, err
}

func (s *Store) MessageByID(ctx context.Context, id int64) (app.MessageRow, []byte, error) {
	rows, err := s.messages(ctx, "WHERE i.id = ?", []any{id}, 1)
	if err != nil {
		return app.MessageRow{}, nil, err
	}
	if len(rows) == 0 {
		return app.MessageRow{}, nil, fault.Missing("notfound")
	}
	body, err := s.r.MessageBody(ctx, id)
	return rows[0], body, err
}

func (s *Store) Refused(ctx context.Context, limit int) ([]app.RefusedRow, error) {
	rows, err := s.r.RefusedList(ctx, int64(limit))
	out := make([]app.RefusedRow, len(rows))
	for i, r := range rows {
		out[i] = app.RefusedRow{Slot: r.Slot, N: r.N, At: fromMicro(r.At), Reason: r.Reason, Bytes: int(r.Bytes)}
	}
	return out, err
}

func (s *Store) RefusedBody(ctx context.Context, slot int64) (app.RefusedRow, []byte, error) {
	r, err := s.r.RefusedBody(ctx, slot)
	if none(err) {
		return app.RefusedRow{}, nil, fault.Missing("notfound")
	}
	return app.RefusedRow{Slot: r.Slot, N: r.N, At: fromMicro(r.At), Reason: r.Reason, Bytes: len(r.Body)}, r.Body, err
}

// The ring of refused messages: so many slots, and so many bytes of each kept: nobody without a key can fill the disk.
const (
	refusedSlots = 1000
	refusedBytes = 32 << 10
	// refusedSignature holds that of the largest key that is accepted, 8192 bits.
	refusedSignature = 1500
)

func (s *Store) KeepRefused(ctx context.Context, body []byte, signature, reason string, at time.Time) error {
	if len(body) > refusedBytes {
		body = body[:refusedBytes]
	}
	if body == nil {
		body = []byte{}
	}
	if len(signature) > refusedSignature {
		signature = signature[:refusedSignature]
	}
	_, err := s.Write(ctx, app.Intake, func(t app.Tx) error {
		x := t.(*txn) // our own Write made it
		n, err := x.q.LastRefused(x.ctx)
		if err != nil {
			return err
		}
		x.Touch(app.Change{Inbox: true})
		return x.q.PutRefused(x.ctx, queries.PutRefusedParams{Slot: (n + 1) % refusedSlots, N: n + 1, At: toMicro(at), Reason: reason, Signature: signature, Body: body})
	})
	return err
}

func (s *Store) EventBySeq(ctx context.Context, seq int64) (app.EventRow, error) {
	r, err := s.r.EventBySeq(ctx, seq)
	if none(err) {
		return app.EventRow{}, fault.Missing("notfound")
	}
	return event(queries.EventsOfRow(r)), err
}

func (s *Store) DeskRows(ctx context.Context) (app.DeskState, error) {
	var d app.DeskState
	h, on, err := activeHalt(ctx, s.r)
	if err != nil {
		return d, err
	}
	if d.Seq, err = s.r.LastSeq(ctx); err != nil || !on {
		return d, err
	}
	d.Halt = &h
	ds, err := decisions(ctx, s.r, approval.Release, itoa(h.ID), 1)
	if err != nil {
		return d, err
	}
	people, err := s.Signers(ctx)
	if err != nil {
		return d, err
	}
	d.Release = app.ReleaseTally(h, people, ds, s.o.Now())
	for _, p := range d.Release.Given {
		d.Released = append(d.Released, p.ID)
	}
	events, err := s.Timeline(ctx, "halt", itoa(h.ID))
	for _, e := range events {
		if e.Action == "halt.on" {
			d.HaltReason = e.Text
		}
	}
	return d, err
}

func (s *Store) Head(ctx context.Context) ([]byte, int64, error) {
	r, ok, err := found(s.r.NewestHead(ctx))
	if !ok {
		return nil, 0, err
	}
	return r.Signed, r.Size, nil
}
