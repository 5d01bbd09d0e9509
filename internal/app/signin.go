package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Door is what is known of the browser at sign-in, for the person's own list, and what was shown besides the password.
type Door struct {
	Agent, IP string
	// Code is a one-time code or a recovery code, "" for none.
	Code string
	// Demo: the demonstration's one press, which asks for nothing and counts as shown whatever the person could show.
	Demo bool
	// Only is the e-mail of whoever alone may enter here, "" for anybody: a covered page shows what one person typed.
	Only string
}

// CheckPassword judges e-mail and password with the same work whether or not there is such a name, and returns the account.
// Denied "signin.wrong" for every kind of no; TooMany "signin.busy" when too many passwords are judged at once.
func (a *App) CheckPassword(ctx context.Context, email, password string) (Account, auth.Person, error) {
	wrong := fault.Deny("signin.wrong")
	acc, ok, err := a.Store.AccountByEmail(ctx, strings.ToLower(strings.TrimSpace(email)))
	if err != nil {
		return Account{}, auth.Person{}, err
	}
	hash := ""
	if ok {
		hash = acc.Hash
	}
	right, err := a.Hasher.Compare(ctx, password, hash)
	if errors.Is(err, auth.ErrBusy) {
		return Account{}, auth.Person{}, fault.Slow("signin.busy", 2)
	}
	if err != nil {
		return Account{}, auth.Person{}, err
	}
	if ok && !same(acc.Seal, a.accountSeal(acc)) { // whether the password fits or not: somebody else may have written it
		return Account{}, auth.Person{}, wrong.Because(a.after(ctx, a.altered(accountRow(acc))))
	}
	if !right {
		return Account{}, auth.Person{}, wrong
	}
	p, err := a.Store.PersonByID(ctx, acc.Person)
	if err != nil {
		return Account{}, auth.Person{}, err
	}
	if p.Suspended {
		return Account{}, auth.Person{}, wrong
	}
	return acc, p, nil
}

// SignIn makes a sign-in for an account whose password was just checked and returns the cookie's token. oldID, the sign-in the browser had
// until now, ends in the same commit. Whoever has one-time codes shows one: Invalid "signin.code_needed" without, "signin.code" for a wrong or used one, at field
// code; "signin.key_needed" for whoever must show a factor and has only passkeys.
func (a *App) SignIn(ctx context.Context, acc Account, d Door, oldID string) (token string, s auth.SignIn, err error) {
	token, id, err := auth.NewToken(a.Rand)
	if err != nil {
		return "", auth.SignIn{}, err
	}
	err = a.write(ctx, People, theVisitor, SignsIn, about("signin", cut(id, 16)), func(tx *sealed) error {
		p, err := tx.Person(acc.Person)
		if err != nil {
			return err
		}
		now, ok, err := tx.Account(acc.Email)
		if err != nil {
			return err
		}
		if p.Suspended || !ok || now.Hash != acc.Hash { // changed since it was judged
			return fault.Deny("signin.wrong")
		}
		shown, err := a.shown(tx, now, d)
		if err != nil {
			return err
		}
		s, err = a.enter(tx, now, d, id, shown, oldID, a.Now())
		return err
	})
	return token, s, err
}

// shown names what is shown at this door besides the password, "" for nothing.
func (a *App) shown(tx Tx, acc Account, d Door) (kind string, err error) {
	if !d.Demo {
		return a.secondFactor(tx, acc, d.Code)
	}
	mine, err := tx.Factors(acc.Person)
	for _, f := range mine {
		if f.Kind != KindRecovery {
			kind = f.Kind
		}
	}
	return kind, err
}

// secondFactor judges what was shown besides the password and names it.
func (a *App) secondFactor(tx Tx, acc Account, code string) (string, error) {
	mine, err := tx.Factors(acc.Person)
	if err != nil || len(mine) == 0 {
		return "", err
	}
	if strings.TrimSpace(code) == "" {
		if len(ofKind(mine, KindTOTP)) > 0 {
			return "", fault.Bad("code", "signin.code_needed")
		}
		set, err := a.inForce(tx)
		if err != nil || !set.FactorNeeded {
			return "", err
		}
		return "", fault.Bad("code", "signin.key_needed")
	}
	now := a.Now()
	if ok, err := a.useCode(tx, mine, code, now); err != nil || ok {
		return KindTOTP, err
	}
	if ok, err := a.useRecovery(tx, payout.Actor{Person: acc.Person, SignIn: acc.Email}, mine, code, now); err != nil || ok {
		return KindRecovery, err
	}
	return "", fault.Bad("code", "signin.code")
}

// enter stores a sign-in and its event.
func (a *App) enter(tx Tx, acc Account, d Door, id, shown, oldID string, now time.Time) (auth.SignIn, error) {
	s := auth.SignIn{ID: id, Person: acc.Person, Email: acc.Email, CreatedAt: now, LastSeen: now,
		IdleFor: time.Duration(acc.IdleMinutes) * time.Minute, UserAgent: cut(d.Agent, 200), IP: cut(d.IP, 64), Factor: shown}
	if oldID != "" {
		if _, open, err := tx.Login(oldID); err != nil {
			return s, err
		} else if open {
			if err := tx.EndLogin(oldID); err != nil {
				return s, err
			}
			if err := a.append(tx, payout.Actor{Person: acc.Person, SignIn: acc.Email}, "signin.ended", "signin", signInName(oldID), 0, map[string]any{"why": "replaced"}, "", now); err != nil {
				return s, err
			}
		}
	}
	s.Seal = a.loginSeal(s)
	if err := tx.AddLogin(s); err != nil {
		return s, err
	}
	facts := map[string]any{"seal": s.Seal}
	if shown != "" {
		facts["factor"] = shown
	}
	return s, a.append(tx, payout.Actor{Person: acc.Person, SignIn: acc.Email}, "signin.began", "signin", id[:16], 0, facts, "", now)
}
