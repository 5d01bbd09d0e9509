package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/money"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store/queries"
)

// txn is one closure's view of the open transaction.
type txn struct {
	s      *Store
	ctx    context.Context
	q      *queries.Queries
	change app.Change
	err    error
}

var _ app.Tx = (*txn)(nil)

func none(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func found[T any](v T, err error) (T, bool, error) {
	if none(err) {
		var zero T
		return zero, false, nil
	}
	return v, err == nil, err
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func list(s []string) string {
	if s == nil {
		s = []string{}
	}
	b, _ := json.Marshal(s) // strings cannot fail
	return string(b)
}

func unlist(s string) []string {
	if s == "[]" {
		return []string{}
	}
	// One id, as nearly every payout has one maker: nothing in it is escaped.
	if n := len(s); n > 4 && s[:2] == `["` && s[n-2:] == `"]` && !strings.ContainsAny(s[2:n-2], `"\\`) {
		return []string{s[2 : n-2]}
	}
	var out []string
	_ = json.Unmarshal([]byte(s), &out) // written by list alone; nothing is as good as none
	return out
}

func text(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

func loadPayout(ctx context.Context, q *queries.Queries, id payout.ID) (payout.Snapshot, error) {
	r, err := q.PayoutRow(ctx, string(id))
	if none(err) {
		return payout.Snapshot{}, fault.Missing("payout.none")
	}
	if err != nil {
		return payout.Snapshot{}, err
	}
	v, err := q.Version(ctx, queries.VersionParams{PayoutID: string(id), Version: r.Version})
	if err != nil {
		return payout.Snapshot{}, fmt.Errorf("version %d of payout %s: %w", r.Version, id, err)
	}
	c, salt := content(v)
	return payout.Snapshot{
		ID: payout.ID(r.ID), Number: payout.Number(r.Number), State: payout.State(r.State), Version: int(r.Version), Content: c, Salt: salt,
		Digest: payout.Digest(r.Digest), Acks: unlist(r.Acks), Makers: unlist(r.Makers), Reference: r.Reference.String, Key: r.Key.String,
		Asked: r.Asked != 0, CredentialNo: r.CredentialNo != 0, Session: r.Session.String, Review: r.Review != 0, Confirmed: r.Confirmed != 0,
		ReturnedMinor: r.ReturnedMinor, Why: r.Why, ChangesAsked: r.ChangesAsked != 0, RuleSet: int(r.RuleSet),
		HeldUntil: fromMicro(r.HeldUntil),
		CreatedAt: fromMicro(r.CreatedAt), ChangedAt: fromMicro(r.ChangedAt), SubmittedAt: fromMicro(r.SubmittedAt), ApprovedAt: fromMicro(r.ApprovedAt),
		SentAt: fromMicro(r.SentAt), SendAt: fromMicro(r.SendAt), Rev: r.Rev,
	}, nil
}

func content(v queries.PayoutVersion) (payout.Content, payout.Salt) {
	c := payout.Content{
		Details: bankdetails.Details{FullName: v.FullName, BIK: v.BIK, Account: v.Account, INN: v.INN, KPP: v.KPP, Description: v.Description},
		Amount:  money.Amount{Minor: v.AmountMinor, Currency: money.Currency(v.Currency)}, AmountText: v.AmountText,
		OwnRef: v.OwnRef, Note: v.Note, Source: v.Source, Replaces: payout.ID(v.Replaces),
		DueDate: v.DueDate, PayeeID: v.PayeeID, PayeeVer: int(v.PayeeVersion),
	}
	var salt payout.Salt
	copy(salt[:], v.Salt)
	return c, salt
}

func (t *txn) Payout(id payout.ID) (*payout.Payout, error) {
	s, err := loadPayout(t.ctx, t.q, id)
	if err != nil {
		return nil, err
	}
	return payout.Restore(s)
}

func (t *txn) IDByForm(form string) (payout.ID, bool, error) {
	id, ok, err := found(t.q.PayoutIDByForm(t.ctx, form))
	return payout.ID(id), ok, err
}

func (t *txn) IDByReference(ref string) (payout.ID, bool, error) {
	id, ok, err := found(t.q.PayoutIDByReference(t.ctx, text(ref)))
	return payout.ID(id), ok && ref != "", err
}

func (t *txn) IDBySession(session string) (payout.ID, bool, error) {
	id, ok, err := found(t.q.PayoutIDBySession(t.ctx, text(session)))
	if err == nil && !ok { // not bound yet: one that a create of ours brought
		id, ok, err = found(t.q.StepSession(t.ctx, session))
	}
	return payout.ID(id), ok, err
}

func searchText(c payout.Content) string {
	return strings.ToLower(strings.Join([]string{c.FullName, c.Description, c.OwnRef}, " \x1f "))
}

func (t *txn) AddPayout(p *payout.Payout, form, makerName string, by payout.Actor) error {
	n, err := t.q.NextNumber(t.ctx)
	if err != nil {
		return err
	}
	p.Numbered(payout.Number(n))
	s := p.S()
	c := s.Content
	if err := t.q.InsertPayout(t.ctx, queries.InsertPayoutParams{
		ID: string(s.ID), Number: n, Form: form, State: string(s.State), Version: int64(s.Version), Digest: string(s.Digest), Acks: list(s.Acks),
		Makers: list(s.Makers), RuleSet: int64(s.RuleSet), AmountMinor: c.Amount.Minor, Currency: string(c.Amount.Currency), Account: c.Account,
		FullName: c.FullName, Description: c.Description, Search: searchText(c), MakerName: makerName, Replaces: text(string(c.Replaces)),
		CreatedAt: toMicro(s.CreatedAt), ChangedAt: toMicro(s.ChangedAt), DueDate: c.DueDate, PayeeID: c.PayeeID, PayeeVersion: int64(c.PayeeVer),
	}); err != nil {
		return err
	}
	p.Stored(1)
	if err := t.count("state:"+string(s.State), 1, c.Amount.Minor); err != nil {
		return err
	}
	if err := t.makers(s); err != nil {
		return err
	}
	t.changed(s.ID)
	return t.AddVersion(p, by, s.CreatedAt)
}

func (t *txn) makers(s payout.Snapshot) error {
	for _, m := range s.Makers {
		n, err := t.q.InsertMaker(t.ctx, queries.InsertMakerParams{PayoutID: string(s.ID), PersonID: m, Number: int64(s.Number)})
		if err != nil {
			return err
		}
		if n > 0 {
			if err := t.count("maker:"+m, 1, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *txn) count(name string, n, sum int64) error {
	return t.q.CounterAdd(t.ctx, queries.CounterAddParams{Name: name, N: n, Sum: sum})
}

func (t *txn) changed(id payout.ID) {
	if !slices.Contains(t.change.Payouts, id) {
		t.change.Payouts = append(t.change.Payouts, id)
	}
}

// Day is the Moscow day of a moment as counters name it.
func Day(at time.Time) string { return string(calendar.DayOf(at)) }

func (t *txn) SavePayout(p *payout.Payout, given, needed int) error {
	s := p.S()
	c := s.Content
	old, err := t.q.PayoutBefore(t.ctx, string(s.ID))
	if err != nil {
		return err
	}
	counted := old.Counted
	if old.State != string(s.State) || old.AmountMinor != c.Amount.Minor {
		if err := t.recount(old, s, &counted); err != nil {
			return err
		}
	}
	if err := t.reserve(old, s); err != nil {
		return err
	}
	back := func(state string, minor int64) int64 { // of a payout that is paid and partly came back
		if state == string(payout.Succeeded) {
			return minor
		}
		return 0
	}
	if d := back(string(s.State), s.ReturnedMinor) - back(old.State, old.ReturnedMinor); d != 0 {
		if err := t.count("back", 0, d); err != nil {
			return err
		}
	}
	if was := old.Review != 0; was != s.Review {
		if err := t.count("review", flag(s.Review)-old.Review, (flag(s.Review)-old.Review)*c.Amount.Minor); err != nil {
			return err
		}
	}
	n, err := t.q.UpdatePayout(t.ctx, queries.UpdatePayoutParams{
		ID: string(s.ID), Rev: s.Rev, State: string(s.State), Version: int64(s.Version), Digest: string(s.Digest), Acks: list(s.Acks), Makers: list(s.Makers),
		RuleSet: int64(s.RuleSet), AmountMinor: c.Amount.Minor, Currency: string(c.Amount.Currency), Account: c.Account, FullName: c.FullName,
		Description: c.Description, Search: searchText(c), Given: int64(given), Needed: int64(needed), Counted: counted, Reference: text(s.Reference), Key: text(s.Key),
		Session: text(s.Session), Asked: flag(s.Asked), CredentialNo: flag(s.CredentialNo), Review: flag(s.Review), Confirmed: flag(s.Confirmed),
		ReturnedMinor: s.ReturnedMinor, Why: s.Why, ChangesAsked: flag(s.ChangesAsked), ChangedAt: toMicro(s.ChangedAt), SubmittedAt: toMicro(s.SubmittedAt),
		ApprovedAt: toMicro(s.ApprovedAt), SentAt: toMicro(s.SentAt), SendAt: toMicro(s.SendAt),
		HeldUntil: toMicro(s.HeldUntil), DueDate: c.DueDate, PayeeID: c.PayeeID, PayeeVersion: int64(c.PayeeVer),
	})
	if err != nil {
		return err
	}
	if n != 1 {
		return fault.Moved("payout.moved", s.Number)
	}
	p.Stored(s.Rev + 1)
	t.changed(s.ID)
	return t.makers(s)
}

// recount keeps the counters of states and days and what a payee was paid, in the same commit.
func (t *txn) recount(old queries.PayoutBeforeRow, s payout.Snapshot, counted *string) error {
	minor := s.Content.Amount.Minor
	if err := t.count("state:"+old.State, -1, -old.AmountMinor); err != nil {
		return err
	}
	if err := t.count("state:"+string(s.State), 1, minor); err != nil {
		return err
	}
	if old.State == string(s.State) {
		return nil
	}
	if *counted != "" {
		if err := t.count(*counted, -1, -old.AmountMinor); err != nil {
			return err
		}
		*counted = ""
	}
	switch s.State {
	case payout.Succeeded, payout.Failed, payout.Returned:
		*counted = "day:" + Day(s.ChangedAt) + ":" + string(s.State)
		if err := t.count(*counted, 1, minor); err != nil {
			return err
		}
	}
	was, is := old.State == string(payout.Succeeded), s.State == payout.Succeeded
	if was == is {
		return nil
	}
	sign := int64(1)
	if was {
		sign = -1
	}
	return t.q.PaidAdd(t.ctx, queries.PaidAddParams{Who: bankdetails.NormalizeName(s.Content.FullName), Account: s.Content.Account, N: sign, Sum: sign * minor,
		LastAt: toMicro(s.SentAt)})
}

func (t *txn) AddVersion(p *payout.Payout, by payout.Actor, at time.Time) error {
	s := p.S()
	c := s.Content
	return t.q.InsertVersion(t.ctx, queries.InsertVersionParams{
		PayoutID: string(s.ID), Version: int64(s.Version), AmountMinor: c.Amount.Minor, Currency: string(c.Amount.Currency), AmountText: c.AmountText,
		FullName: c.FullName, BIK: c.BIK, Account: c.Account, INN: c.INN, KPP: c.KPP, Description: c.Description, OwnRef: c.OwnRef, Note: c.Note,
		Source: c.Source, Replaces: string(c.Replaces), Salt: s.Salt[:], PersonID: by.Person, Email: by.SignIn, At: toMicro(at),
		DueDate: c.DueDate, PayeeID: c.PayeeID, PayeeVersion: int64(c.PayeeVer),
	})
}

func same(rows []queries.SameRow) []app.Same {
	out := make([]app.Same, len(rows))
	for i, r := range rows {
		out[i] = app.Same{ID: payout.ID(r.ID), Number: payout.Number(r.Number), State: payout.State(r.State), Review: r.Review != 0, Confirmed: r.Confirmed != 0,
			CredentialNo: r.CredentialNo != 0, Why: r.Why, ChangedAt: fromMicro(r.ChangedAt)}
	}
	return out
}

func (t *txn) Same(account string, minor int64) ([]app.Same, error) {
	rows, err := t.q.Same(t.ctx, queries.SameParams{Account: account, AmountMinor: minor})
	return same(rows), err
}

func (t *txn) Replacement(id payout.ID) (payout.Number, bool, error) {
	r, ok, err := found(t.q.Replacement(t.ctx, text(string(id))))
	return payout.Number(r.Number), ok, err
}

func (t *txn) AddSubject(s app.Subject) error {
	return t.q.InsertSubject(t.ctx, queries.InsertSubjectParams{Kind: string(s.Kind), ID: s.ID, Version: int64(s.Version), Digest: s.Digest, Acks: list(s.Acks),
		RuleSet: int64(s.RuleSet), PersonID: s.By.Person, Email: s.By.SignIn, At: toMicro(s.At)})
}

func (t *txn) AddDecision(d app.Decided) error {
	n, err := t.q.NextDecision(t.ctx, queries.NextDecisionParams{Kind: string(d.Kind), ID: d.ID, Version: int64(d.Version)})
	if err != nil {
		return err
	}
	return t.q.InsertDecision(t.ctx, queries.InsertDecisionParams{Kind: string(d.Kind), ID: d.ID, Version: int64(d.Version), PersonID: d.By.Person, Seq: n,
		Email: d.By.SignIn, Answer: string(d.Answer), Digest: d.Digest, RuleSet: int64(d.RuleSet), Factor: d.Factor, At: toMicro(d.At), Batch: d.Batch})
}

func decisions(ctx context.Context, q *queries.Queries, kind approval.Kind, id string, version int) ([]approval.Decision, error) {
	rows, err := q.Decisions(ctx, queries.DecisionsParams{Kind: string(kind), ID: id, Version: int64(version)})
	out := make([]approval.Decision, len(rows))
	for i, r := range rows {
		out[i] = approval.Decision{Person: r.PersonID, Seq: int(r.Seq), Answer: approval.Answer(r.Answer), Digest: r.Digest, RuleSet: int(r.RuleSet), Factor: r.Factor,
			At: fromMicro(r.At)}
	}
	return out, err
}

func (t *txn) Decisions(kind approval.Kind, id string, version int) ([]approval.Decision, error) {
	return decisions(t.ctx, t.q, kind, id, version)
}

func (t *txn) Submitted() (bool, error) {
	n, err := t.q.Submitted(t.ctx)
	return n, err
}

func person(r queries.Person) auth.Person {
	p := auth.Person{ID: r.ID, Name: r.Name, Suspended: r.SuspendedAt != 0, Founding: r.Founding != 0, CreatedAt: fromMicro(r.CreatedAt),
		Groups: words(r.Groups), Version: int(r.Version), ApproverSince: fromMicro(r.ApproverSince), QuietFrom: fromMicro(r.QuietFrom), QuietUntil: fromMicro(r.QuietUntil),
		CappedUntil: fromMicro(r.CappedUntil)}
	for _, role := range strings.Split(r.Roles, ",") {
		p.Roles = append(p.Roles, auth.Role(role))
	}
	return p
}

func people(ctx context.Context, q *queries.Queries) ([]auth.Person, error) {
	rows, err := q.People(ctx)
	out := make([]auth.Person, len(rows))
	for i, r := range rows {
		out[i] = person(r)
	}
	return out, err
}

func signers(ctx context.Context, q *queries.Queries) ([]approval.Signer, error) {
	all, err := people(ctx, q)
	return app.SignersOf(all), err
}

func (t *txn) Signers() ([]approval.Signer, error) { return signers(t.ctx, t.q) }
func (t *txn) People() ([]auth.Person, error)      { return people(t.ctx, t.q) }

func onePerson(ctx context.Context, q *queries.Queries, id string) (auth.Person, error) {
	r, err := q.Person(ctx, id)
	if none(err) {
		return auth.Person{}, fault.Missing("people.none")
	}
	return person(r), err
}

func (t *txn) Person(id string) (auth.Person, error) { return onePerson(t.ctx, t.q, id) }

func (t *txn) AddPerson(p auth.Person) error {
	return t.q.InsertPerson(t.ctx, queries.InsertPersonParams{ID: p.ID, Name: p.Name, Roles: auth.FormatRoles(p.Roles), Founding: flag(p.Founding), CreatedAt: toMicro(p.CreatedAt),
		Groups: strings.Join(p.Groups, ","), ApproverSince: toMicro(p.ApproverSince), QuietFrom: toMicro(p.QuietFrom), QuietUntil: toMicro(p.QuietUntil), CappedUntil: toMicro(p.CappedUntil)})
}

func (t *txn) SavePerson(p auth.Person, suspendedAt time.Time) error {
	n, err := t.q.UpdatePerson(t.ctx, queries.UpdatePersonParams{ID: p.ID, Version: int64(p.Version), Roles: auth.FormatRoles(p.Roles), Groups: strings.Join(p.Groups, ","),
		ApproverSince: toMicro(p.ApproverSince), QuietFrom: toMicro(p.QuietFrom), QuietUntil: toMicro(p.QuietUntil), CappedUntil: toMicro(p.CappedUntil),
		SuspendedAt: toMicro(suspendedAt)})
	if err == nil && n != 1 {
		return fault.Moved("people.moved")
	}
	return err
}

// words splits a list that is stored with commas between its names.
func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (t *txn) SetSuspended(id string, at time.Time) error {
	return t.q.SuspendPerson(t.ctx, queries.SuspendPersonParams{ID: id, At: toMicro(at)})
}

func account(ctx context.Context, q *queries.Queries, email string) (app.Account, bool, error) {
	r, ok, err := found(q.Account(ctx, email))
	return accountOf(r), ok, err
}

func (t *txn) Account(email string) (app.Account, bool, error) { return account(t.ctx, t.q, email) }

func (t *txn) AddAccount(a app.Account) error {
	return t.q.InsertAccount(t.ctx, queries.InsertAccountParams{Email: a.Email, PersonID: a.Person, PasswordHash: a.Hash, ChangedAt: toMicro(a.ChangedAt),
		IdleMinutes: int64(a.IdleMinutes), KeysOn: flag(a.KeysOn), MustChange: flag(a.MustChange), Version: max(a.Version, 1), Seal: a.Seal})
}

func (t *txn) SaveAccount(a app.Account) error {
	return t.q.UpdateAccount(t.ctx, queries.UpdateAccountParams{Email: a.Email, PasswordHash: a.Hash, ChangedAt: toMicro(a.ChangedAt), IdleMinutes: int64(a.IdleMinutes), KeysOn: flag(a.KeysOn),
		MustChange: flag(a.MustChange), Version: max(a.Version, 1), Seal: a.Seal})
}

// loginsKept is how long the row of an old sign-in stays: longer than any sign-in lasts.
const loginsKept = 24 * time.Hour

func (t *txn) AddLogin(l auth.SignIn) error {
	if err := t.q.DeleteOldLogins(t.ctx, toMicro(l.CreatedAt.Add(-loginsKept))); err != nil {
		return err
	}
	return t.q.InsertLogin(t.ctx, queries.InsertLoginParams{ID: l.ID, PersonID: l.Person, Email: l.Email, CreatedAt: toMicro(l.CreatedAt), LastSeen: toMicro(l.LastSeen),
		IdleS: int64(l.IdleFor / time.Second), Agent: l.UserAgent, Source: l.IP, Factor: l.Factor, Device: l.Device, Seal: l.Seal})
}

func (t *txn) EndLogin(id string) error { return t.q.DeleteLogin(t.ctx, id) }

func (t *txn) EndLoginsOf(id, except string) error {
	return t.q.DeleteLoginsOf(t.ctx, queries.DeleteLoginsOfParams{PersonID: id, ExceptID: except})
}

func ids(s []string, err error) ([]payout.ID, error) {
	out := make([]payout.ID, len(s))
	for i, id := range s {
		out[i] = payout.ID(id)
	}
	return out, err
}

func (t *txn) NextToSend(now time.Time, after app.Place, limit int) (ids []payout.ID, last app.Place, err error) {
	rows, err := t.q.NextToSend(t.ctx, queries.NextToSendParams{Now: toMicro(now), AfterAt: toMicro(after.At), AfterNumber: int64(after.Number), Most: int64(limit)})
	for _, r := range rows {
		ids, last = append(ids, payout.ID(r.ID)), app.Place{At: fromMicro(r.SendAt), Number: payout.Number(r.Number)}
	}
	return ids, last, err
}

func (t *txn) ToExpire(before time.Time, limit int) ([]payout.ID, error) {
	return ids(t.q.ToExpire(t.ctx, queries.ToExpireParams{Before: toMicro(before), Due: Day(before), Most: int64(limit)}))
}

func (t *txn) AddAttempt(a app.Attempt) error {
	if err := t.q.InsertAttempt(t.ctx, queries.InsertAttemptParams{PayoutID: string(a.Payout), N: int64(a.N), Version: int64(a.Version), Digest: string(a.Digest),
		Reference: a.Reference, Key: a.Key, Flow: a.Flow, Project: a.Project, Host: a.Host, Confirm: a.Confirm, Body: a.Body, At: toMicro(a.At)}); err != nil {
		return err
	}
	return t.q.InsertOpenAttempt(t.ctx, queries.InsertOpenAttemptParams{PayoutID: string(a.Payout), N: int64(a.N), At: toMicro(a.At)})
}

func (t *txn) Attempts(id payout.ID) (int, error) {
	n, err := t.q.CountAttempts(t.ctx, string(id))
	return int(n), err
}

func (t *txn) OpenAttempt(id payout.ID) (int, bool, error) {
	n, ok, err := found(t.q.OpenAttempt(t.ctx, string(id)))
	return int(n), ok, err
}

func (t *txn) StaleAttempts(before time.Time, limit int) ([]app.Attempt, error) {
	rows, err := t.q.StaleAttempts(t.ctx, queries.StaleAttemptsParams{Before: toMicro(before), Most: int64(limit)})
	out := make([]app.Attempt, len(rows))
	for i, r := range rows {
		out[i] = app.Attempt{Payout: payout.ID(r.PayoutID), N: int(r.N), At: fromMicro(r.At)}
	}
	return out, err
}

func (t *txn) AddOutcome(o app.AttemptOutcome) (bool, error) {
	has, err := t.q.HasOutcome(t.ctx, queries.HasOutcomeParams{PayoutID: string(o.Payout), N: int64(o.N)})
	if err != nil || has {
		return false, err
	}
	body := o.Raw.Body
	if body == nil {
		body = []byte{}
	}
	if err := t.q.InsertOutcome(t.ctx, queries.InsertOutcomeParams{PayoutID: string(o.Payout), N: int64(o.N), Kind: o.Kind, Why: o.Why, HTTP: int64(o.Raw.HTTP),
		Description: o.Raw.Description, Body: body, At: toMicro(o.At)}); err != nil {
		return false, err
	}
	return true, t.q.DeleteOpenAttempt(t.ctx, queries.DeleteOpenAttemptParams{PayoutID: string(o.Payout), N: int64(o.N)})
}

func (t *txn) AddEvidence(id payout.ID, e protocol.Evidence, source int64) (string, error) {
	doc, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	return hash(doc), t.q.InsertEvidence(t.ctx, queries.InsertEvidenceParams{PayoutID: string(id), Source: string(e.Source), SourceID: source, Doc: string(doc), At: toMicro(e.At)})
}

func evidence(ctx context.Context, q *queries.Queries, id payout.ID) ([]protocol.Evidence, error) {
	docs, err := q.Evidence(ctx, string(id))
	if err != nil {
		return nil, err
	}
	out := make([]protocol.Evidence, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal([]byte(d), &out[i]); err != nil {
			return nil, fmt.Errorf("evidence of %s: %w", id, err)
		}
	}
	return out, nil
}

func (t *txn) Evidence(id payout.ID) ([]protocol.Evidence, error) { return evidence(t.ctx, t.q, id) }

func (t *txn) AddFetch(f app.FetchRow) (int64, error) {
	body := f.Raw.Body
	if body == nil {
		body = []byte{}
	}
	return t.q.InsertFetch(t.ctx, queries.InsertFetchParams{PayoutID: string(f.Payout), Session: f.Session, HTTP: int64(f.Raw.HTTP), Problem: f.Problem, Code: f.Code,
		Body: body, At: toMicro(f.At)})
}

func pollRow(r queries.Poll) app.PollRow {
	return app.PollRow{Session: r.Session, Payout: payout.ID(r.PayoutID), NextAt: fromMicro(r.NextAt), Since: fromMicro(r.Since), Slow: r.Slow != 0}
}

func polls(ctx context.Context, q *queries.Queries, id payout.ID) ([]app.PollRow, error) {
	rows, err := q.PollsOf(ctx, string(id))
	out := make([]app.PollRow, len(rows))
	for i, r := range rows {
		out[i] = pollRow(r)
	}
	return out, err
}

func (t *txn) SetPoll(p app.PollRow) error {
	return t.q.SetPoll(t.ctx, queries.SetPollParams{Session: p.Session, PayoutID: string(p.Payout), NextAt: toMicro(p.NextAt), Since: toMicro(p.Since), Slow: flag(p.Slow)})
}

func (t *txn) Poll(session string, id payout.ID) (app.PollRow, bool, error) {
	r, ok, err := found(t.q.Poll(t.ctx, queries.PollParams{Session: session, PayoutID: string(id)}))
	return pollRow(r), ok, err
}

func (t *txn) Polls(id payout.ID) ([]app.PollRow, error) { return polls(t.ctx, t.q, id) }

func (t *txn) EndPoll(session string, id payout.ID) error {
	return t.q.DeletePoll(t.ctx, queries.DeletePollParams{Session: session, PayoutID: string(id)})
}

func (t *txn) EndOldPolls(before time.Time) error { return t.q.EndOldPolls(t.ctx, toMicro(before)) }

func (t *txn) Replan(b app.PlanBounds) error {
	if err := t.q.ReplanSteps(t.ctx, toMicro(b.Step)); err != nil {
		return err
	}
	return t.q.ReplanPolls(t.ctx, queries.ReplanPollsParams{Now: toMicro(b.Now), Soon: toMicro(b.Soon), Hourly: toMicro(b.Hourly), Slowly: toMicro(b.Slowly), Daily: toMicro(b.Daily)})
}

func (t *txn) ToReplan(b app.PlanBounds, limit int) ([]payout.ID, error) {
	return toReplan(t.ctx, t.q, b, limit)
}

func toReplan(ctx context.Context, q *queries.Queries, b app.PlanBounds, limit int) ([]payout.ID, error) {
	return ids(q.ToReplan(ctx, queries.ToReplanParams{Soon: toMicro(b.Soon), SendAt: toMicro(b.Send), Most: int64(limit)}))
}

func (t *txn) CredentialsRefused() (bool, error) { return t.q.CredentialsRefused(t.ctx) }

func (t *txn) StoreMessage(body []byte, sha, keyID string, at time.Time) (int64, bool, error) {
	id, ok, err := found(t.q.MessageBySHA(t.ctx, sha))
	if err != nil {
		return 0, false, err
	}
	if !ok {
		if body == nil {
			body = []byte{}
		}
		if id, err = t.q.InsertMessage(t.ctx, queries.InsertMessageParams{SHA: sha, Body: body, KeyID: keyID, ReceivedAt: toMicro(at)}); err != nil {
			return 0, false, err
		}
	}
	return id, !ok, t.q.CountMessage(t.ctx, queries.CountMessageParams{InboxID: id, At: toMicro(at)})
}

func (t *txn) NextMessage() (app.Message, bool, error) {
	last, err := t.q.LastApplied(t.ctx)
	if err != nil {
		return app.Message{}, false, err
	}
	r, ok, err := found(t.q.NextMessage(t.ctx, last))
	return app.Message{ID: r.ID, Body: r.Body, KeyID: r.KeyID, At: fromMicro(r.ReceivedAt)}, ok, err
}

func (t *txn) LastAt() time.Time { return t.s.newest.At } // only the writer changes it

func (t *txn) Unapplied() (int, error) {
	last, err := t.q.LastApplied(t.ctx)
	if err != nil {
		return 0, err
	}
	n, err := t.q.CountUnapplied(t.ctx, last)
	return int(n), err
}

func (t *txn) AddResult(r app.MessageResult) error {
	return t.q.InsertResult(t.ctx, queries.InsertResultParams{InboxID: r.Message, At: toMicro(r.At), PayoutID: string(r.Payout), Type: r.Type, Session: r.Session,
		Reading: r.Reading, AmountMinor: r.AmountMinor, Effect: r.Effect, Alarm: r.Alarm, FromState: string(r.From), ToState: string(r.To)})
}

func activeHalt(ctx context.Context, q *queries.Queries) (app.HaltRow, bool, error) {
	r, ok, err := found(q.ActiveHalt(ctx))
	return app.HaltRow{ID: r.ID, Cause: r.Cause, By: payout.Actor{Person: r.PersonID, SignIn: r.Email}, Payout: payout.ID(r.PayoutID), At: fromMicro(r.At)}, ok, err
}

func (t *txn) Halt() (app.HaltRow, bool, error) { return activeHalt(t.ctx, t.q) }

func (t *txn) AddHalt(h app.HaltRow) (int64, error) {
	return t.q.InsertHalt(t.ctx, queries.InsertHaltParams{Cause: h.Cause, PersonID: h.By.Person, Email: h.By.SignIn, PayoutID: string(h.Payout), At: toMicro(h.At)})
}

func (t *txn) Release(id int64, at time.Time) error {
	return t.q.InsertRelease(t.ctx, queries.InsertReleaseParams{HaltID: id, At: toMicro(at)})
}

func (t *txn) Append(e audit.Event, txt string, salt payout.Salt) (int64, error) {
	e.Seq = t.s.log.Size() + 1
	e.At = e.At.UTC().Truncate(time.Microsecond)
	leaf, err := e.Leaf()
	if err != nil {
		return 0, fmt.Errorf("event %s: %w", e.Action, err)
	}
	hashes, err := t.s.log.Append(leaf)
	if err != nil {
		return 0, err
	}
	if err := t.q.InsertEvent(t.ctx, queries.InsertEventParams{Seq: e.Seq, At: toMicro(e.At), Person: e.Person, SignIn: e.SignIn, Action: e.Action, Kind: e.Kind,
		Subject: e.Subject, Version: int64(e.Version), Spec: int64(e.Spec), Payload: string(e.Payload)}); err != nil {
		return 0, err
	}
	if txt != "" {
		if err := t.q.InsertEventText(t.ctx, queries.InsertEventTextParams{Seq: e.Seq, Salt: salt[:], Text: txt}); err != nil {
			return 0, err
		}
	}
	t.s.hashes = append(t.s.hashes, hashes...) // stored with the batch
	return e.Seq, nil
}

func event(r queries.EventsOfRow) app.EventRow {
	return app.EventRow{Event: audit.Event{Seq: r.Seq, At: fromMicro(r.At), Person: r.Person, SignIn: r.SignIn, Action: r.Action, Kind: r.Kind, Subject: r.Subject,
		Version: int(r.Version), Spec: int(r.Spec), Payload: json.RawMessage(r.Payload)}, Text: r.Text}
}

func (t *txn) EventsOf(kind, subject string) ([]audit.Event, error) {
	rows, err := t.q.EventsOf(t.ctx, queries.EventsOfParams{Kind: kind, Subject: subject})
	out := make([]audit.Event, len(rows))
	for i, r := range rows {
		out[i] = event(r).Event
	}
	return out, err
}

func (t *txn) LastOf(kind, subject string) (int64, error) {
	return t.q.LastOf(t.ctx, queries.LastOfParams{Kind: kind, Subject: subject})
}

// PersonEvents proves what it returns of the committed history against its signed head: whoever rewrote an event in the file is believed no more than whoever
// rewrote a row.
func (t *txn) PersonEvents(after int64) ([]audit.Event, int64, error) {
	var rows []queries.Event
	var err error
	if after == 0 {
		rows, err = t.q.PersonEvents(t.ctx)
	} else {
		rows, err = t.q.PersonEventsAfter(t.ctx, after)
	}
	if err != nil {
		return nil, 0, err
	}
	out := make([]audit.Event, len(rows))
	for i, r := range rows {
		out[i] = audit.Event{Seq: r.Seq, At: fromMicro(r.At), Person: r.Person, SignIn: r.SignIn, Action: r.Action, Kind: r.Kind, Subject: r.Subject,
			Version: int(r.Version), Spec: int(r.Spec), Payload: json.RawMessage(r.Payload)}
	}
	return out, t.s.newest.Size, t.Holds(out) // only this goroutine changes it
}

// Holds proves what is committed; what is not stands behind it.
func (t *txn) Holds(events []audit.Event) error {
	head := t.s.newest
	of := slices.DeleteFunc(slices.Clone(events), func(e audit.Event) bool { return e.Seq > head.Size })
	if len(of) == 0 {
		return nil
	}
	err := audit.Holds(head, of, func(idx []int64) ([]tlog.Hash, error) { return readHashes(t.ctx, t.q, idx) })
	if errors.Is(err, audit.ErrNotHeld) {
		err = fmt.Errorf("%w: %w", payout.ErrBroken, err)
	}
	return err
}

func (t *txn) Touch(c app.Change) {
	t.change.Desk = t.change.Desk || c.Desk
	t.change.Inbox = t.change.Inbox || c.Inbox
	t.change.Left = append(t.change.Left, c.Left...)
	t.change.Bank = t.change.Bank || c.Bank
	for _, id := range c.Payouts {
		t.changed(id)
	}
}
