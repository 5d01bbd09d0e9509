package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// NewPerson is a founding person, added on the console.
type NewPerson struct {
	Email, Name, Password string
	Roles                 []auth.Role
	// SameAs is another sign-in of the same human being, "" for a new person.
	SameAs string
}

// AddFounder adds a person, or another sign-in of one, before the first payout was submitted; afterwards Denied "people.founded".
// Invalid at fields email, name, roles, password.
func (a *App) AddFounder(ctx context.Context, n NewPerson) (id string, err error) {
	email, err := auth.ParseEmail(n.Email)
	if err != nil {
		return "", fault.Bad("email", "people.email").Because(err)
	}
	if err := passwordFault(auth.CheckPassword(n.Password, email, n.Name), "password"); err != nil {
		return "", err
	}
	hash, err := a.Hasher.Hash(ctx, n.Password)
	if err != nil {
		return "", err
	}
	return a.AddFounderHashed(ctx, n, hash)
}

// AddFounderHashed is AddFounder with the password's hash made already (the demo hashes its people at once).
func (a *App) AddFounderHashed(ctx context.Context, n NewPerson, hash string) (id string, err error) {
	email, err := auth.ParseEmail(n.Email)
	if err != nil {
		return "", fault.Bad("email", "people.email").Because(err)
	}
	name := strings.TrimSpace(n.Name)
	if name == "" && n.SameAs == "" || len([]rune(name)) > 160 {
		return "", fault.Bad("name", "people.name")
	}
	err = a.write(ctx, People, func(tx Tx) error {
		now := a.Now()
		if first, err := tx.Submitted(); err != nil {
			return err
		} else if first {
			return fault.Deny("people.founded")
		}
		if _, taken, err := tx.Account(email); err != nil {
			return err
		} else if taken {
			return fault.Bad("email", "people.taken")
		}
		console := payout.System("console")
		if n.SameAs != "" {
			other, ok, err := tx.Account(strings.ToLower(strings.TrimSpace(n.SameAs)))
			if err != nil {
				return err
			}
			if !ok {
				return fault.Bad("same-person-as", "people.none")
			}
			id = other.Person
		} else {
			id = a.newID(now)
			p := auth.Person{ID: id, Name: name, Roles: n.Roles, Founding: true, CreatedAt: now}
			if err := tx.AddPerson(p); err != nil {
				return err
			}
			if err := a.append(tx, console, "person.added", "person", id, 1, map[string]any{"roles": auth.FormatRoles(n.Roles), "founding": true}, name, now); err != nil {
				return err
			}
		}
		if err := tx.AddAccount(Account{Email: email, Person: id, Hash: hash, ChangedAt: now, IdleMinutes: 15, KeysOn: true}); err != nil {
			return err
		}
		return a.append(tx, console, "account.added", "person", id, 1, map[string]any{"secret": secretOf(hash)}, email, now)
	})
	return id, err
}

// secretOf stands in the history for a password's hash, which holds its own random salt: it tells nothing and shows whether somebody put
// another hash in its place.
func secretOf(hash string) string {
	sum := sha256.Sum256([]byte(hash))
	return hex.EncodeToString(sum[:])
}

func passwordFault(err error, field string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, auth.ErrPasswordShort):
		return fault.Bad(field, "password.short")
	case errors.Is(err, auth.ErrPasswordLong):
		return fault.Bad(field, "password.long")
	case errors.Is(err, auth.ErrPasswordCommon):
		return fault.Bad(field, "password.common")
	case errors.Is(err, auth.ErrPasswordPersonal):
		return fault.Bad(field, "password.personal")
	default:
		return fault.Bad(field, "password.text")
	}
}

// Door is what is known of the browser at sign-in, for the person's own list.
type Door struct{ Agent, IP string }

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

// SignIn makes a sign-in for an account that was just checked and returns the cookie's token. oldID, the sign-in the browser had
// until now, ends in the same commit.
func (a *App) SignIn(ctx context.Context, acc Account, d Door, oldID string) (token string, s auth.SignIn, err error) {
	token, id, err := auth.NewToken(a.Rand)
	if err != nil {
		return "", auth.SignIn{}, err
	}
	err = a.write(ctx, People, func(tx Tx) error {
		p, err := tx.Person(acc.Person)
		if err != nil {
			return err
		}
		if p.Suspended {
			return fault.Deny("signin.wrong")
		}
		now := a.Now()
		s = auth.SignIn{ID: id, Person: acc.Person, Email: acc.Email, CreatedAt: now, LastSeen: now,
			IdleFor: time.Duration(acc.IdleMinutes) * time.Minute, UserAgent: cut(d.Agent, 200), IP: cut(d.IP, 64)}
		if oldID != "" {
			if err := tx.EndLogin(oldID); err != nil {
				return err
			}
		}
		if err := tx.AddLogin(s); err != nil {
			return err
		}
		return a.append(tx, payout.Actor{Person: acc.Person, SignIn: acc.Email}, "signin.began", "signin", id[:16], 0, map[string]any{}, "", now)
	})
	return token, s, err
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// SignOut ends the person's present sign-in.
func (a *App) SignOut(ctx context.Context, w Who) error {
	return a.write(ctx, People, func(tx Tx) error {
		if err := tx.EndLogin(w.Login); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "signin.ended", "signin", cut(w.Login, 16), 0, map[string]any{}, "", a.Now())
	})
}

// EndSignIn ends another sign-in of the same person. NotFound when it is not theirs.
func (a *App) EndSignIn(ctx context.Context, w Who, id string) error {
	mine, err := a.Store.Logins(ctx, w.Person)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(mine, func(s auth.SignIn) bool { return s.ID == id }) {
		return fault.Missing("notfound")
	}
	return a.write(ctx, People, func(tx Tx) error {
		if _, err := authorize(tx, w, OwnAccount); err != nil {
			return err
		}
		if err := tx.EndLogin(id); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "signin.ended", "signin", cut(id, 16), 0, map[string]any{}, "", a.Now())
	})
}

// ChangePassword sets the person's own password and ends their other sign-ins. Denied "password.wrong" at field current.
func (a *App) ChangePassword(ctx context.Context, w Who, current, next string) error {
	acc, p, err := a.CheckPassword(ctx, w.Email, current)
	if fault.Is(err, "signin.wrong") {
		return fault.Bad("current", "password.wrong")
	}
	if err != nil {
		return err
	}
	if current == next {
		return fault.Bad("password", "password.same")
	}
	if err := passwordFault(auth.CheckPassword(next, acc.Email, p.Name), "password"); err != nil {
		return err
	}
	hash, err := a.Hasher.Hash(ctx, next)
	if errors.Is(err, auth.ErrBusy) {
		return fault.Slow("signin.busy", 2)
	}
	if err != nil {
		return err
	}
	return a.write(ctx, People, func(tx Tx) error {
		if _, err := authorize(tx, w, OwnAccount); err != nil {
			return err
		}
		acc, ok, err := tx.Account(w.Email)
		if err != nil || !ok {
			return err
		}
		acc.Hash, acc.ChangedAt = hash, a.Now()
		if err := tx.SaveAccount(acc); err != nil {
			return err
		}
		if err := tx.EndLoginsOf(w.Person, w.Login); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "password.changed", "person", w.Person, 0, map[string]any{"secret": secretOf(hash)}, "", acc.ChangedAt)
	})
}

// SetAccount stores the person's own settings: idle minutes (5 to 60) and single keys.
func (a *App) SetAccount(ctx context.Context, w Who, idleMinutes int, keys bool) error {
	if auth.CheckIdle(time.Duration(idleMinutes)*time.Minute) != nil {
		return fault.Bad("idle", "account.idle")
	}
	return a.write(ctx, People, func(tx Tx) error {
		if _, err := authorize(tx, w, OwnAccount); err != nil {
			return err
		}
		acc, ok, err := tx.Account(w.Email)
		if err != nil || !ok {
			return err
		}
		acc.IdleMinutes, acc.KeysOn = idleMinutes, keys
		if err := tx.SaveAccount(acc); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "account.changed", "person", w.Person, 0, map[string]any{"idle_minutes": idleMinutes, "keys": keys}, "", a.Now())
	})
}

// SuspendPerson takes a person's standing and sign-ins at once. Denied "people.self" for oneself, "people.admins" when fewer than two
// administrators would be left.
func (a *App) SuspendPerson(ctx context.Context, w Who, id, reason string) error {
	reason, err := payout.CheckReason(reason)
	if err != nil {
		return err
	}
	return a.write(ctx, People, func(tx Tx) error {
		if _, err := authorize(tx, w, Suspend); err != nil {
			return err
		}
		if id == w.Person {
			return fault.Deny("people.self")
		}
		p, err := tx.Person(id)
		if err != nil {
			return err
		}
		if p.Suspended {
			return nil
		}
		if p.Has(auth.Admin) {
			all, err := tx.People()
			if err != nil {
				return err
			}
			left := 0
			for _, o := range all {
				if o.ID != id && o.Has(auth.Admin) && !o.Suspended {
					left++
				}
			}
			if left < 2 {
				return fault.Deny("people.admins")
			}
		}
		now := a.Now()
		if err := tx.SetSuspended(id, now); err != nil {
			return err
		}
		if err := tx.EndLoginsOf(id, ""); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.append(tx, w.actor(), "person.suspended", "person", id, 0, map[string]any{}, reason, now)
	})
}

// Look records that a person saw something that is shown only after a logged look: "account" of a payout, "bytes" of a message.
func (a *App) Look(ctx context.Context, w Who, do Action, kind, id, what string) error {
	return a.write(ctx, People, func(tx Tx) error {
		if _, err := authorize(tx, w, do); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "look."+what, kind, id, 0, map[string]any{}, "", a.Now())
	})
}

// RevealAccount returns the whole account number of a payout after recording the look.
func (a *App) RevealAccount(ctx context.Context, w Who, id payout.ID) (string, error) {
	p, err := a.Store.PayoutByID(ctx, id)
	if err != nil {
		return "", err
	}
	if err := a.Look(ctx, w, Reveal, "payout", string(id), "account"); err != nil {
		return "", err
	}
	return p.Content.Account, nil
}
