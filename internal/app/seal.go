package app

import (
	"context"
	"crypto/hmac"
	"errors"
	"strconv"
	"time"

	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// sealed is a writing transaction as use cases get it: rows about passwords, factors and sign-ins are sealed on the way in and checked on the way out, and
// people are believed only as the history tells them. A row whose seal does not fit, or that is another than was told, was written past the desk: whatever
// needed it is refused, and sending stops.
type sealed struct {
	Tx
	a    *App
	me   auth.Person     // whom authorize let in, none for a party
	view *view           // what the history says of people, once it was asked
	own  map[string]bool // the people and sign-ins whose rows this transaction wrote
	gone map[string]bool // the factors that it removed, by factorRow
	// decided is what it said yes or no to.
	decided map[said]bool
	ends    []moneyEnd // what became of money that was counted as spent, for the purse once this is committed
	// released: the rows of stops are believed, since it let sending go on itself, or sounds the alarm. saved are the payees whose rows it wrote.
	released bool
	saved    map[string]bool
}

// aftermath is a refusal with something that must be written all the same, in a commit of its own.
type aftermath struct {
	cause error
	do    func(tx Tx) error
}

func (e *aftermath) Error() string { return e.cause.Error() }
func (e *aftermath) Unwrap() error { return e.cause }

// after writes what a refused write must leave behind, and returns the refusal.
func (a *App) after(ctx context.Context, err error) error {
	var x *aftermath
	if !errors.As(err, &x) {
		return err
	}
	// Whoever was refused may have gone: it is written all the same.
	if werr := a.commit(context.WithoutCancel(ctx), Worker, theGuard, Alarm, theDesk, func(tx *sealed) error { return x.do(tx) }); werr != nil {
		a.Log.Error("what a refusal leaves behind was not written", "refusal", err, "error", werr)
	}
	return err
}

func num(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

func bit(b bool) []byte {
	if b {
		return []byte("1")
	}
	return []byte("0")
}

func same(mac, want string) bool { return mac != "" && hmac.Equal([]byte(mac), []byte(want)) }

func (a *App) accountSeal(x Account) string {
	return a.Seal.Of("account/"+x.Email, x.Person, x.Version, []byte(x.Hash), num(micro(x.ChangedAt)), num(int64(x.IdleMinutes)), bit(x.KeysOn), bit(x.MustChange))
}

// loginSeal binds everything but when it was last seen: that moves with every page.
func (a *App) loginSeal(l auth.SignIn) string {
	return a.Seal.Of("login/"+l.ID, l.Person, 0, []byte(l.Email), num(micro(l.CreatedAt)), num(int64(l.IdleFor/time.Second)), []byte(l.UserAgent), []byte(l.IP), []byte(l.Factor),
		[]byte(l.Device))
}

func (a *App) factorSeal(f Factor) string {
	return a.Seal.Of("factor/"+f.ID, f.Person, f.Version, []byte(f.Kind), []byte(f.Name), f.Data, []byte(f.Fingerprint), num(micro(f.CreatedAt)), []byte(f.VouchedBy),
		num(micro(f.SignsFrom)), num(f.Step), num(micro(f.UsedAt)), num(micro(f.RemovedAt)))
}

// sealAccount sets the seal of a sign-in's row as it is about to be written.
func (a *App) sealAccount(x *Account) error {
	x.Seal = a.accountSeal(*x)
	return nil
}

// What rows are called in the alarm: no address of anybody stands in the history.
func accountRow(x Account) string { return "account/" + hash([]byte(x.Email)) }
func loginRow(id string) string   { return "login/" + cut(id, 16) }
func factorRow(id string) string  { return "factor/" + id }
func linkRow(hash string) string  { return "enrolment/" + cut(hash, 16) }

// altered refuses what needed a row that somebody wrote past the desk, and stops sending.
func (a *App) altered(row string) error { return a.alteredAs("account.altered", row) }

// alteredRow is altered for a row that is about no password, factor or sign-in.
func (a *App) alteredRow(row string) error { return a.alteredAs("row.altered", row) }

func (a *App) alteredAs(code, row string) error {
	return &aftermath{fault.Deny(code), func(tx Tx) error { return a.alarmRow(tx, row) }}
}

func (a *App) alarmRow(tx Tx, row string) error {
	if s, ok := tx.(*sealed); ok { // the stop as its row says: the alarm may be about the history itself
		defer func(was bool) { s.released = was }(s.released)
		s.released = true
	}
	a.Log.Error("a row was altered past the desk; sending stops", "row", row)
	if _, on, err := tx.Halt(); err != nil || on {
		return err // one alarm a stop: whoever altered it cannot fill the history
	}
	now := a.Now()
	if err := a.append(tx, payout.System("desk"), "seal.broken", "seal", "desk", 0, map[string]any{"row": row}, "", now); err != nil {
		return err
	}
	return a.halt(tx, "altered", "", now)
}

func (s *sealed) Account(email string) (Account, bool, error) {
	x, ok, err := s.Tx.Account(email)
	switch {
	case err != nil:
	case ok:
		err = s.checkAccount(x)
	default: // no name is ever taken out
		err = s.newest(accountRow(Account{Email: email}), 0)
	}
	if err != nil {
		return Account{}, false, err
	}
	return x, ok, nil
}

func (s *sealed) AccountsOf(person string) ([]Account, error) {
	all, err := s.Tx.AccountsOf(person)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, x := range all {
		if err := s.checkAccount(x); err != nil {
			return nil, err
		}
		there[accountRow(x)] = true
	}
	return all, s.whole(person, "account/", there)
}

func (s *sealed) checkAccount(x Account) error {
	if !same(x.Seal, s.a.accountSeal(x)) {
		return s.a.altered(accountRow(x))
	}
	return s.newest(accountRow(x), x.Version)
}

// AddAccount also marks the address: it belongs to this person for ever. Invalid "people.taken" when it is another's.
func (s *sealed) AddAccount(x Account) error {
	if err := s.a.mark(s, emailMark(x.Email), x.Person, fault.Bad("email", "people.taken")); err != nil {
		return err
	}
	x.Version = max(x.Version, 1)
	x.Seal = s.a.accountSeal(x)
	return s.Tx.AddAccount(x)
}

func (s *sealed) SaveAccount(x Account) error {
	if want := s.a.accountSeal(x); !same(x.Seal, want) { // not sealed by whoever changed it: the next version of the row
		x.Version++
		x.Seal = s.a.accountSeal(x)
	}
	return s.Tx.SaveAccount(x)
}

func (s *sealed) AddLogin(l auth.SignIn) error {
	l.Seal = s.a.loginSeal(l)
	s.wrote(l.ID)
	return s.Tx.AddLogin(l)
}

func (s *sealed) Login(id string) (auth.SignIn, bool, error) {
	l, ok, err := s.Tx.Login(id)
	if err == nil && ok && !same(l.Seal, s.a.loginSeal(l)) {
		err = s.a.altered(loginRow(id))
	}
	if err == nil && ok {
		err = s.stillIn(l)
	}
	if err != nil {
		return auth.SignIn{}, false, err
	}
	return l, ok, nil
}

// Enrolment is believed as its event tells it: a link has no seal.
func (s *sealed) Enrolment(hash string) (Enrolment, bool, error) {
	e, ok, err := s.Tx.Enrolment(hash)
	if err != nil || !ok || !e.EndedAt.IsZero() {
		return e, ok, err // what ended opens nothing
	}
	v, err := s.told()
	if err != nil {
		return Enrolment{}, false, err
	}
	if l, made := v.link(hash); !made || !l.is(e) {
		return Enrolment{}, false, s.a.altered(linkRow(hash))
	}
	return e, true, nil
}

func (s *sealed) OpenEnrolments(person string) ([]Enrolment, error) {
	all, err := s.Tx.OpenEnrolments(person)
	if err != nil {
		return nil, err
	}
	v, err := s.told()
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, e := range all {
		if l, made := v.link(e.Hash); !made || !l.is(e) {
			return nil, s.a.altered(linkRow(e.Hash))
		}
		there[e.Hash] = true
	}
	for _, hash := range v.openLinks(person) {
		if !there[hash] { // taken out, it could not be ended, and would come back
			return nil, s.a.altered(linkRow(hash))
		}
	}
	return all, nil
}

func (s *sealed) Factors(person string) ([]Factor, error) {
	all, err := s.Tx.Factors(person)
	if err != nil {
		return nil, err
	}
	if err := s.a.checkFactors(all); err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, f := range all {
		if err := s.newest(factorRow(f.ID), f.Version); err != nil {
			return nil, err
		}
		there[factorRow(f.ID)] = true
	}
	return all, s.whole(person, "factor/", there)
}

func (s *sealed) SaveFactor(f Factor) error {
	if !f.RemovedAt.IsZero() {
		if s.gone == nil {
			s.gone = map[string]bool{}
		}
		s.gone[factorRow(f.ID)] = true // its event follows in the same commit
	}
	return s.Tx.SaveFactor(f)
}

func (s *sealed) Factor(id string) (Factor, bool, error) {
	f, ok, err := s.Tx.Factor(id)
	if err == nil && ok && !same(f.Seal, s.a.factorSeal(f)) {
		err = s.a.altered(factorRow(id))
	}
	if err == nil { // a row that is not there has version 0
		err = s.newest(factorRow(id), f.Version)
	}
	if err != nil {
		return Factor{}, false, err
	}
	return f, ok, nil
}

func (a *App) checkFactors(all []Factor) error {
	for _, f := range all {
		if !same(f.Seal, a.factorSeal(f)) {
			return a.altered(factorRow(f.ID))
		}
	}
	return nil
}

// SealedAccount returns the row as it is stored: for tools that write sign-ins without the use cases.
func (a *App) SealedAccount(x Account) Account {
	x.Version = max(x.Version, 1)
	x.Seal = a.accountSeal(x)
	return x
}

// Login returns a sign-in whose row fits its seal, ok false when it ended. One that was altered is refused, Denied "account.altered", and stops sending.
func (a *App) Login(ctx context.Context, id string) (auth.SignIn, bool, error) {
	l, ok, err := a.Store.LoginByID(ctx, id)
	if err != nil || !ok {
		return auth.SignIn{}, false, err
	}
	if !same(l.Seal, a.loginSeal(l)) {
		return auth.SignIn{}, false, a.after(ctx, a.altered(loginRow(id)))
	}
	over, known := a.memory.over(l)
	if !over && !known { // began before this process
		events, err := a.Store.Timeline(ctx, "signin", signInName(id))
		if err != nil {
			return auth.SignIn{}, false, err
		}
		var x toldSignIn
		for _, e := range events {
			x = x.take(e.Event)
		}
		over = x.ended
	}
	if over { // perhaps only since it was read: the writer knows
		err = a.write(ctx, Worker, theGuard, Alarm, theDesk, func(tx *sealed) (err error) {
			l, ok, err = tx.Login(id)
			return err
		})
	}
	if err != nil || !ok {
		return auth.SignIn{}, false, err
	}
	return l, true, nil
}

// BeginSeals is called once at start: a database from before rows were sealed is sealed as it is, in one commit with its event. From then on, and in every
// database that was born with seals, a row without one is refused.
func (a *App) BeginSeals(ctx context.Context) error {
	added, err := a.Store.History(ctx, HistoryQuery{Action: "account.added", Limit: 1})
	if err != nil {
		return err
	}
	if len(added) == 0 || factString(added[0].Payload, "seal") != "" {
		return nil // nobody was ever added without a seal
	}
	if began, err := a.Store.History(ctx, HistoryQuery{Action: "seal.began", Limit: 1}); err != nil || len(began) > 0 {
		return err
	}
	return a.write(ctx, Worker, theStart, Begin, theDesk, func(tx *sealed) error {
		raw := tx.Tx // nothing fits yet
		accounts, err := raw.AllAccounts()
		if err != nil {
			return err
		}
		now := a.Now()
		for _, x := range accounts {
			if err := a.mark(tx, emailMark(x.Email), x.Person, fault.Bad("email", "people.taken")); err != nil {
				return err
			}
			mac := a.accountSeal(x)
			if err := raw.SealAccount(x.Email, mac); err != nil {
				return err
			}
			if err := a.append(tx, payout.System("desk"), "account.sealed", "person", x.Person, 0, map[string]any{"account": hash([]byte(x.Email)), "account_version": x.Version, "seal": mac}, "", now); err != nil {
				return err
			}
		}
		logins, err := raw.AllLogins()
		if err != nil {
			return err
		}
		for _, l := range logins {
			l.Seal = a.loginSeal(l)
			if err := raw.SetLoginFactor(l); err != nil {
				return err
			}
		}
		return a.append(tx, payout.System("desk"), "seal.began", "seal", "desk", 0, map[string]any{"accounts": len(accounts), "signins": len(logins)}, "", now)
	})
}
