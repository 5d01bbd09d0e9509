package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
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
	// MustChange: the password works for nothing but setting another.
	MustChange bool
	// TOTP is a one-time-code secret as people write it, base32, that makes a scripted person complete; "" for none.
	TOTP string
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
	name := ""
	if n.SameAs == "" {
		if name, err = parseName(n.Name); err != nil {
			return "", err
		}
	}
	err = a.write(ctx, People, theConsole, AddPeople, about(approval.Person, ""), func(tx *sealed) error {
		now := a.Now()
		if first, err := tx.Submitted(); err != nil {
			return err
		} else if first {
			return fault.Deny("people.founded")
		}
		if _, err := a.freeEmail(tx, email); err != nil {
			return err
		}
		console := theConsole.actor()
		if n.SameAs != "" {
			other, ok, err := tx.Account(strings.ToLower(strings.TrimSpace(n.SameAs)))
			if err != nil {
				return err
			}
			if !ok {
				return fault.Bad("same-person-as", "people.none")
			}
			id = other.Person
			if err := a.addAccount(tx, console, id, email, hash, n.MustChange, now); err != nil {
				return err
			}
		} else {
			id = a.newID(now)
			if err := a.addPerson(tx, console, auth.Person{ID: id, Name: name, Roles: n.Roles, Founding: true, CreatedAt: now, Version: 1}, email, hash, n.MustChange, now); err != nil {
				return err
			}
		}
		if n.TOTP == "" {
			return nil
		}
		return a.addTOTP(tx, id, []byte(n.TOTP), now)
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

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// SignOut ends the person's present sign-in.
func (a *App) SignOut(ctx context.Context, w Who) error {
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		if err := tx.EndLogin(w.Login); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "signin.ended", "signin", signInName(w.Login), 0, map[string]any{}, "", a.Now())
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
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		if err := tx.EndLogin(id); err != nil {
			return err
		}
		return a.append(tx, w.actor(), "signin.ended", "signin", signInName(id), 0, map[string]any{}, "", a.Now())
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
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		acc, ok, err := tx.Account(w.Email)
		if err != nil || !ok {
			return err
		}
		acc.Hash, acc.ChangedAt, acc.MustChange = hash, a.Now(), false
		facts, err := a.putAccount(tx, acc, false)
		if err != nil {
			return err
		}
		if err := tx.EndLoginsOf(w.Person, w.Login); err != nil {
			return err
		}
		facts[signInsKept] = signInName(w.Login)
		return a.append(tx, w.actor(), "password.changed", "person", w.Person, 0, facts, "", acc.ChangedAt)
	})
}

// SetAccount stores the person's own settings: idle minutes (5 to 60) and single keys.
func (a *App) SetAccount(ctx context.Context, w Who, idleMinutes int, keys bool) error {
	if auth.CheckIdle(time.Duration(idleMinutes)*time.Minute) != nil {
		return fault.Bad("idle", "account.idle")
	}
	return a.write(ctx, People, w, OwnAccount, w.self(), func(tx *sealed) error {
		acc, ok, err := tx.Account(w.Email)
		if err != nil || !ok {
			return err
		}
		acc.IdleMinutes, acc.KeysOn = idleMinutes, keys
		facts, err := a.putAccount(tx, acc, false)
		if err != nil {
			return err
		}
		facts["idle_minutes"], facts["keys"] = idleMinutes, keys
		return a.append(tx, w.actor(), "account.changed", "person", w.Person, 0, facts, "", a.Now())
	})
}

// SuspendPerson takes a person's standing and sign-ins at once, and stops what they proposed and nobody decided yet: whoever thinks it right proposes it anew. Denied "people.self" for oneself, "people.admins" when fewer than two
// administrators would be left.
func (a *App) SuspendPerson(ctx context.Context, w Who, id, reason string) error {
	reason, err := payout.CheckReason(reason)
	if err != nil {
		return err
	}
	return a.write(ctx, People, w, Suspend, about(approval.Person, id), func(tx *sealed) error {
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
			n, err := adminsLeft(tx, slices.DeleteFunc(all, func(o auth.Person) bool { return o.ID == id }))
			if err != nil {
				return err
			}
			if n < 2 {
				return fault.Deny("people.admins")
			}
		}
		now := a.Now()
		if err := tx.SetSuspended(id, now); err != nil {
			return err
		}
		if err := a.endSignIns(tx, id); err != nil {
			return err
		}
		if _, err := a.endLinks(tx, w.actor(), id, "", now); err != nil {
			return err
		}
		open, err := tx.OpenFrom(id, maxOpen)
		if err != nil {
			return err
		}
		for _, o := range open { // at most maxOpenBy; what is left over could not take effect either
			if err := tx.EndProposal(o, Stopped, w.actor(), now); err != nil {
				return err
			}
			if err := a.noteProposal(tx, o, w.actor(), "stopped", "", map[string]any{"why": "suspended"}, now); err != nil {
				return err
			}
		}
		return a.append(tx, w.actor(), "person.suspended", "person", id, 0, map[string]any{"suspended_at": micro(now)}, reason, now)
	})
}

// Look records that a person saw something that is shown only after a logged look: "account" of a payout, "bytes" of a message.
func (a *App) Look(ctx context.Context, w Who, do Action, kind, id, what string) error {
	return a.write(ctx, People, w, do, about(kind, id), func(tx *sealed) error {
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
