package store

import (
	"context"
	"math"
	"slices"
	"time"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

func proposal(r queries.ProposalsRow) app.Proposal {
	p := app.Proposal{Kind: approval.Kind(r.Kind), ID: r.ID, Version: int(r.Version), Op: r.Op, Doc: []byte(r.Doc), Private: []byte(r.Private), Digest: r.Digest,
		RuleSet: int(r.RuleSet), Concerns: unlist(r.Concerns), Base: int(r.Base), By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, At: fromMicro(r.At),
		EffectAt: fromMicro(r.EffectAt), State: r.State, EndedBy: payout.Actor{Person: r.EndedBy, SignIn: r.EndedEmail}, EndedAt: fromMicro(r.EndedAt)}
	copy(p.Salt[:], r.Salt)
	return p
}

func proposalAt(ctx context.Context, q *queries.Queries, kind approval.Kind, id string, version int) (app.Proposal, error) {
	rows, err := q.Proposals(ctx, queries.ProposalsParams{Kind: string(kind), ID: id, First: int64(version), Last: int64(version), Most: 1})
	if err == nil && len(rows) == 0 {
		err = fault.Missing("subject.none")
	}
	if err != nil {
		return app.Proposal{}, err
	}
	return proposal(rows[0]), nil
}

// openProposals lists proposals that are not decided, oldest first: of a kind and by a person, "" for any.
func openProposals(ctx context.Context, q *queries.Queries, kind approval.Kind, person string, limit int) ([]app.Proposal, error) {
	rows, err := q.OpenProposals(ctx, queries.OpenProposalsParams{Kind: string(kind), PersonID: person, Most: int64(limit)})
	out := make([]app.Proposal, len(rows))
	for i, r := range rows {
		out[i] = proposal(queries.ProposalsRow(r))
	}
	return out, err
}

func inForceVersion(ctx context.Context, q *queries.Queries, kind approval.Kind, id string) (int, error) {
	n, err := q.InForceVersion(ctx, queries.InForceVersionParams{Kind: string(kind), ID: id})
	return int(n), err
}

func payeeFacts(ctx context.Context, q *queries.Queries, id string, version int, bik, number string) (app.PayeeFacts, error) {
	var f app.PayeeFacts
	r, ok, err := found(q.PayeeInForce(ctx, id))
	if err != nil || !ok {
		return f, err
	}
	f.InForce, f.Groups = int(r.Version), words(r.Groups)
	if f.Makers, err = q.PayeeMakers(ctx, queries.PayeeMakersParams{ID: id, Version: int64(version)}); err != nil {
		return f, err
	}
	accounts, err := q.PayeeAccounts(ctx, id)
	for _, a := range accounts {
		if a.Number == number && (bik == "" || a.BIK == bik) && a.Changed != 0 {
			f.ChangedAt = fromMicro(a.Since)
		}
	}
	return f, err
}

// paidTo counts payments to a saved payee, or to an account that was typed in. A rouble typed in to the account of a new payee does not make it known.
func paidTo(ctx context.Context, q *queries.Queries, payee, account string) (int64, error) {
	if payee == "" {
		return q.PaidToAccount(ctx, account)
	}
	c, _, err := found(q.CounterOf(ctx, paidCounter(payee)))
	return c.N, err
}

func paidCounter(payee string) string { return app.PaidCounter(payee) }

func use(ctx context.Context, q *queries.Queries, names []string) (map[string]int64, error) {
	out := make(map[string]int64, len(names))
	for _, n := range names {
		c, ok, err := found(q.CounterOf(ctx, n))
		if err != nil {
			return nil, err
		}
		if ok {
			out[n] = c.Sum
		}
	}
	return out, nil
}

func (t *txn) InForceVersion(kind approval.Kind, id string) (int, error) {
	return inForceVersion(t.ctx, t.q, kind, id)
}

func (t *txn) ProposalAt(kind approval.Kind, id string, version int) (app.Proposal, error) {
	return proposalAt(t.ctx, t.q, kind, id, version)
}

func (t *txn) PayeeFacts(id string, version int, bik, account string) (app.PayeeFacts, error) {
	return payeeFacts(t.ctx, t.q, id, version, bik, account)
}

// mostHolders bounds the saved payees that one account is looked up under.
const mostHolders = 100

// accountsBeside are the accounts, by payee, of the payee and of all who hold the account.
func accountsBeside(ctx context.Context, q *queries.Queries, payee, account string) (map[string][]string, error) {
	rows, err := q.AccountsBeside(ctx, queries.AccountsBesideParams{PayeeID: payee, Number: account, Most: mostHolders})
	out := map[string][]string{}
	for _, r := range rows {
		if has := out[r.PayeeID]; len(has) == 0 || has[len(has)-1] != r.Number { // one number at two banks is one counter
			out[r.PayeeID] = append(has, r.Number)
		}
	}
	return out, err
}

func (t *txn) AccountsBeside(payee, account string) (map[string][]string, error) {
	return accountsBeside(t.ctx, t.q, payee, account)
}

// AccountsBeside implements app.Reader.
func (s *Store) AccountsBeside(ctx context.Context, payee, account string) (map[string][]string, error) {
	return accountsBeside(ctx, s.r, payee, account)
}

func (t *txn) PaidTo(payee, account string) (int64, error) { return paidTo(t.ctx, t.q, payee, account) }

func (t *txn) Use(names []string) (map[string]int64, error) { return use(t.ctx, t.q, names) }

func (t *txn) AddUse(name string, minor int64) error { return t.count(name, 0, minor) }

func (t *txn) Signatures(id payout.ID) (given, needed int, err error) {
	r, err := t.q.Signatures(t.ctx, string(id))
	return int(r.Given), int(r.Needed), err
}

func (t *txn) AddProposal(p app.Proposal) error {
	if err := t.q.InsertProposal(t.ctx, queries.InsertProposalParams{Kind: string(p.Kind), ID: p.ID, Version: int64(p.Version), Op: p.Op, Doc: string(p.Doc),
		Private: string(p.Private), Salt: p.Salt[:], Concerns: list(p.Concerns), Base: int64(p.Base), EffectAt: toMicro(p.EffectAt)}); err != nil {
		return err
	}
	n, err := t.q.MarkOpen(t.ctx, queries.MarkOpenParams{Kind: string(p.Kind), ID: p.ID, Version: int64(p.Version), At: toMicro(p.At), EffectAt: toMicro(p.EffectAt)})
	if err == nil && n != 1 {
		return fault.Moved("subject.pending", string(p.Kind), p.Version)
	}
	return err
}

func (t *txn) EndProposal(p app.Proposal, state string, by payout.Actor, at time.Time) error {
	n, err := t.q.UnmarkOpen(t.ctx, queries.UnmarkOpenParams{Kind: string(p.Kind), ID: p.ID, Version: int64(p.Version)})
	if err != nil {
		return err
	}
	if n != 1 {
		return fault.Moved("subject.closed", string(p.Kind))
	}
	return t.q.EndProposal(t.ctx, queries.EndProposalParams{Kind: string(p.Kind), ID: p.ID, Version: int64(p.Version), State: state, PersonID: by.Person, Email: by.SignIn,
		At: toMicro(at)})
}

func (t *txn) OpenProposal(kind approval.Kind, id string) (app.Proposal, bool, error) {
	n, ok, err := found(t.q.OpenVersion(t.ctx, queries.OpenVersionParams{Kind: string(kind), ID: id}))
	if err != nil || !ok {
		return app.Proposal{}, false, err
	}
	p, err := t.ProposalAt(kind, id, int(n))
	return p, err == nil, err
}

func (t *txn) InForce(kind approval.Kind, id string) (app.Proposal, bool, error) {
	n, err := t.InForceVersion(kind, id)
	if err != nil || n == 0 {
		return app.Proposal{}, false, err
	}
	p, err := t.ProposalAt(kind, id, n)
	return p, err == nil, err
}

func (t *txn) OpenBy(person string) (int, error) {
	n, err := t.q.OpenBy(t.ctx, person)
	return int(n), err
}

func (t *txn) OpenFrom(person string, limit int) ([]app.Proposal, error) {
	return openProposals(t.ctx, t.q, "", person, limit)
}

func (t *txn) LastProposal(kind approval.Kind, id string) (int, error) {
	n, err := t.q.LastProposal(t.ctx, queries.LastProposalParams{Kind: string(kind), ID: id})
	return int(n), err
}

func (t *txn) HeldForLimit(above bool, after payout.Number, limit int) (ids []payout.ID, last payout.Number, err error) {
	also := "limit"
	if above {
		also = app.HeldAbove
	}
	rows, err := t.q.HeldForLimit(t.ctx, queries.HeldForLimitParams{Also: also, AfterNumber: int64(after), Most: int64(limit)})
	for _, r := range rows {
		ids, last = append(ids, payout.ID(r.ID)), payout.Number(r.Number)
	}
	return ids, last, err
}

// reserve moves the counters of limits when a payout takes room or gives it back, and what its saved payee was paid.
func (t *txn) reserve(before queries.PayoutBeforeRow, s payout.Snapshot) error {
	held := app.HoldsRoom(payout.Snapshot{State: payout.State(before.State), Confirmed: before.Confirmed != 0, Review: before.Review != 0})
	holds := app.HoldsRoom(s)
	if held != holds && !s.SentAt.IsZero() {
		minor := s.Content.Amount.Minor
		if held {
			minor = -minor
		}
		for _, name := range app.UseNames(s) {
			if err := t.count(name, 0, minor); err != nil {
				return err
			}
		}
	}
	was, is := before.State == string(payout.Succeeded), s.State == payout.Succeeded
	if was == is || s.Content.PayeeID == "" {
		return nil
	}
	sign := int64(1)
	if was {
		sign = -1
	}
	return t.count(paidCounter(s.Content.PayeeID), sign, sign*s.Content.Amount.Minor)
}

func (s *Store) InForceVersion(ctx context.Context, kind approval.Kind, id string) (int, error) {
	return inForceVersion(ctx, s.r, kind, id)
}

func (s *Store) ProposalAt(ctx context.Context, kind approval.Kind, id string, version int) (app.Proposal, error) {
	return proposalAt(ctx, s.r, kind, id, version)
}

func (s *Store) Proposals(ctx context.Context, kind approval.Kind, id string, limit int) ([]app.Proposal, error) {
	rows, err := s.r.Proposals(ctx, queries.ProposalsParams{Kind: string(kind), ID: id, Last: math.MaxInt64, Most: int64(limit)})
	out := make([]app.Proposal, len(rows))
	for i, r := range rows {
		out[i] = proposal(r)
	}
	return out, err
}

func (s *Store) OpenProposals(ctx context.Context, limit int) ([]app.Proposal, error) {
	return openProposals(ctx, s.r, "", "", limit)
}

func (s *Store) PayeeFacts(ctx context.Context, id string, version int, bik, account string) (app.PayeeFacts, error) {
	return payeeFacts(ctx, s.r, id, version, bik, account)
}

func (s *Store) PaidTo(ctx context.Context, payee, account string) (int64, error) {
	return paidTo(ctx, s.r, payee, account)
}

func (s *Store) Use(ctx context.Context, names []string) (map[string]int64, error) {
	return use(ctx, s.r, slices.Compact(slices.Sorted(slices.Values(names))))
}

// MostUsed implements app.Reader.
func (s *Store) MostUsed(ctx context.Context, prefix, tail string) (int64, error) {
	return s.r.MostUsed(ctx, queries.MostUsedParams{Low: prefix, High: prefix[:len(prefix)-1] + string(rune(prefix[len(prefix)-1]+1)), Tail: tail})
}
