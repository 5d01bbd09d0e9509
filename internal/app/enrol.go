package app

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// LinkAge is how long an enrolment link works.
const LinkAge = 24 * time.Hour

// linkBytes are the random bytes of a link: 256 bits.
const linkBytes = 32

// Enrolment is a link that lets one person set a password, once. The desk keeps only the hash of its token.
type Enrolment struct {
	Hash, Person, Email string
	// What is "enrol" for somebody new, "reset" for somebody whose password and factors were taken away.
	What string
	// MadeBy is the person, or "system" for the console.
	MadeBy        string
	At, ExpiresAt time.Time
	// EndedAt is when it was used or replaced, zero while it is open.
	EndedAt time.Time
}

// hashOfLink is what the desk keeps of a token.
func hashOfLink(token string) string {
	sum := sha256.Sum256([]byte("countersign enrolment/1\n" + token))
	return hex.EncodeToString(sum[:])
}

// endLinks ends a person's open links, those of one address or (email "") all, and returns their hashes.
func (a *App) endLinks(tx Tx, by payout.Actor, person, email string, now time.Time) ([]string, error) {
	open, err := tx.OpenEnrolments(person)
	if err != nil {
		return nil, err
	}
	ended := []string{}
	for _, e := range open {
		if email != "" && e.Email != email {
			continue
		}
		if err := tx.EndEnrolment(e.Hash, now); err != nil {
			return nil, err
		}
		ended = append(ended, e.Hash)
	}
	if len(ended) > 0 && email == "" {
		err = a.append(tx, by, "enrolment.ended", "person", person, 0, map[string]any{"ended": ended}, "", now)
	}
	return ended, err
}

// makeLink makes a link for a sign-in without a password; an older one ends.
func (a *App) makeLink(tx Tx, by payout.Actor, acc Account, now time.Time) (token string, err error) {
	what := "enrol"
	if last, ok, err := tx.InForce(approval.Person, acc.Person); err != nil {
		return "", err
	} else if ok && last.Op == PersonReset {
		what = "reset"
	}
	token = base64.RawURLEncoding.EncodeToString(a.bytes(linkBytes))
	e := Enrolment{Hash: hashOfLink(token), Person: acc.Person, Email: acc.Email, What: what, MadeBy: by.Person, At: now, ExpiresAt: now.Add(LinkAge)}
	ended, err := a.endLinks(tx, by, acc.Person, acc.Email, now)
	if err != nil {
		return "", err
	}
	if err := tx.AddEnrolment(e); err != nil {
		return "", err
	}
	return token, a.append(tx, by, "enrolment.made", "person", acc.Person, 0, map[string]any{"enrolment": e.Hash, "what": what, "expires_at": micro(e.ExpiresAt), "ended": ended,
		"for": hash([]byte(acc.Email))}, acc.Email, now)
}

// MakeLink makes an enrolment link for a sign-in that has no password: of somebody new, or reset. The token is told once, here. Denied "people.own" for
// oneself, "denied.role"; Invalid "enrol.done" when the sign-in has its password, "people.off" for somebody suspended; NotFound "people.none".
func (a *App) MakeLink(ctx context.Context, w Who, person, email string) (token string, e Account, err error) {
	err = a.write(ctx, People, w, ChangePeople, about(approval.Person, person), func(tx *sealed) error {
		if person == w.Person {
			return fault.Deny("people.own")
		}
		p, err := tx.Person(person)
		if err != nil {
			return err
		}
		acc, ok, err := tx.Account(strings.ToLower(strings.TrimSpace(email)))
		switch {
		case err != nil:
			return err
		case !ok || acc.Person != person:
			return fault.Missing("people.none")
		case p.Suspended:
			return fault.Bad("form", "people.off")
		case acc.Hash != "":
			return fault.Bad("form", "enrol.done")
		}
		e = acc
		token, err = a.makeLink(tx, w.actor(), acc, a.Now())
		return err
	})
	return token, e, err
}

// LinkFor says whose link a token is. NotFound "enrol.link" for one that never was, "enrol.over" for one that was used, replaced or has run out.
func (a *App) LinkFor(ctx context.Context, token string) (Enrolment, auth.Person, error) {
	e, ok, err := a.Store.EnrolmentByHash(ctx, hashOfLink(token))
	if err != nil {
		return e, auth.Person{}, err
	}
	p, perr := a.Store.PersonByID(ctx, e.Person) // also for a wrong one: no answer is faster than another
	if !ok {
		return Enrolment{}, auth.Person{}, fault.Missing("enrol.link")
	}
	if perr != nil {
		return e, p, perr
	}
	return e, p, usable(e, p, a.Now())
}

func usable(e Enrolment, p auth.Person, now time.Time) error {
	if !e.EndedAt.IsZero() || !now.Before(e.ExpiresAt) || p.Suspended {
		return fault.Missing("enrol.over")
	}
	return nil
}

// Enrol sets a person's first password with a link, which is used up, and returns the account to sign in. Faults as LinkFor; Invalid at field password;
// TooMany "signin.busy".
func (a *App) Enrol(ctx context.Context, token, password string) (Account, error) {
	e, p, err := a.LinkFor(ctx, token)
	if err != nil {
		return Account{}, err
	}
	if err := passwordFault(auth.CheckPassword(password, e.Email, p.Name), "password"); err != nil {
		return Account{}, err
	}
	made, err := a.Hasher.Hash(ctx, password)
	if errors.Is(err, auth.ErrBusy) {
		return Account{}, fault.Slow("signin.busy", 2)
	}
	if err != nil {
		return Account{}, err
	}
	var acc Account
	err = a.write(ctx, People, theVisitor, UseLink, about(approval.Person, e.Person), func(tx *sealed) error {
		now := a.Now()
		e, ok, err := tx.Enrolment(e.Hash)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Missing("enrol.link")
		}
		p, err := tx.Person(e.Person)
		if err != nil {
			return err
		}
		if err := usable(e, p, now); err != nil {
			return err
		}
		if acc, ok, err = tx.Account(e.Email); err != nil {
			return err
		} else if !ok || acc.Hash != "" {
			return fault.Missing("enrol.over")
		}
		if err := tx.EndEnrolment(e.Hash, now); err != nil {
			return err
		}
		acc.Hash, acc.MustChange, acc.ChangedAt = made, false, now
		facts, err := a.putAccount(tx, acc, false)
		if err != nil {
			return err
		}
		facts["enrolment"] = e.Hash
		// From now on somebody can sign in: before, there was nothing to wait for. Only while the founding lasts does a founder wait for nothing.
		over, err := tx.Submitted()
		if err != nil {
			return err
		}
		if over || e.What != "enrol" || !p.Founding {
			if err := a.waitAgain(tx, e.Person, facts, now); err != nil {
				return err
			}
		}
		tx.Touch(Change{Desk: true})
		return a.append(tx, payout.Actor{Person: e.Person, SignIn: e.Email}, "enrolment.used", "person", e.Person, 0, facts, "", now)
	})
	return acc, err
}

// Invitation is a link that was just made.
type Invitation struct{ Email, Token string }

// Found makes the founding administrators of an empty desk, without passwords, and a link for each. Invalid "init.people" when there are people already,
// "init.few" for fewer than two, and the faults of each.
func (a *App) Found(ctx context.Context, admins []NewPerson) ([]Invitation, error) {
	if len(admins) < 2 {
		return nil, fault.Bad("admin", "init.few")
	}
	var out []Invitation
	err := a.write(ctx, People, theConsole, AddPeople, about(approval.Person, ""), func(tx *sealed) error {
		out = nil
		there, err := tx.People()
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return fault.Bad("form", "init.people")
		}
		now := a.Now()
		for _, n := range admins {
			email, err := a.freeEmail(tx, n.Email)
			if err != nil {
				return err
			}
			name, err := parseName(n.Name)
			if err != nil {
				return err
			}
			who := auth.Person{ID: a.newID(now), Name: name, Roles: []auth.Role{auth.Admin}, Founding: true, CreatedAt: now, Version: 1}
			by := theConsole.actor()
			if err := a.addPerson(tx, by, who, email, "", false, now); err != nil {
				return err
			}
			token, err := a.makeLink(tx, by, Account{Email: email, Person: who.ID}, now)
			if err != nil {
				return err
			}
			out = append(out, Invitation{email, token})
		}
		return nil
	})
	return out, err
}

// Added is what became of a person who was added on the console.
type Added struct {
	ID string
	// Proposed: the founding is over, so it waits for four eyes; EffectAt is when it takes effect unless anybody stops it, zero when somebody must decide.
	Proposed bool
	EffectAt time.Time
}

// AddOnConsole adds a founding person, or another sign-in of one, and after the founding only proposes it. A password set here must be changed at the
// first sign-in, unless a one-time-code secret came with it. Invalid at fields email, name, roles, password, same-person-as.
func (a *App) AddOnConsole(ctx context.Context, n NewPerson) (Added, error) {
	email, err := auth.ParseEmail(n.Email)
	if err != nil {
		return Added{}, fault.Bad("email", "people.email").Because(err)
	}
	if err := passwordFault(auth.CheckPassword(n.Password, email, n.Name), "password"); err != nil {
		return Added{}, err
	}
	made, err := a.Hasher.Hash(ctx, n.Password)
	if err != nil {
		return Added{}, err
	}
	n.MustChange = n.TOTP == ""
	id, err := a.AddFounderHashed(ctx, n, made)
	if !fault.Is(err, "people.founded") {
		return Added{ID: id}, err
	}
	if err := a.place(ctx); err != nil {
		return Added{}, err
	}
	var out Added
	err = a.write(ctx, People, theConsole, AddPeople, about(approval.Person, ""), func(tx *sealed) error {
		out, err = a.proposeOnConsole(tx, n, made)
		return err
	})
	return out, err
}

// proposeOnConsole puts a person of the console to people.
func (a *App) proposeOnConsole(tx Tx, n NewPerson, made string) (Added, error) {
	now, by := a.Now(), theConsole.actor()
	pl := PersonPlan{hash: made}
	id, op := a.newID(now), PersonAdd
	var err error
	if n.SameAs == "" {
		if pl, err = a.newPlan(tx, PersonDraft{Name: n.Name, Email: n.Email, Roles: roleWords(n.Roles)}); err != nil {
			return Added{}, err
		}
		pl.hash = made
	} else {
		other, ok, err := tx.Account(strings.ToLower(strings.TrimSpace(n.SameAs)))
		if err != nil {
			return Added{}, err
		}
		if !ok {
			return Added{}, fault.Bad("same-person-as", "people.none")
		}
		who, err := tx.Person(other.Person)
		if err != nil {
			return Added{}, err
		}
		id, op = who.ID, PersonEmail
		pl.Roles, pl.Groups, pl.WasRoles, pl.WasGroups = who.Roles, who.Groups, who.Roles, who.Groups
		if pl.Email, err = a.freeEmail(tx, n.Email); err != nil {
			return Added{}, err
		}
	}
	p, err := a.aboutPerson(id, op, pl)
	if err != nil {
		return Added{}, err
	}
	people, err := tx.Signers()
	if err != nil {
		return Added{}, err
	}
	p.By, p.At = by, now
	if ok, _ := approval.Reachable(CaseOf(p, now), people); !ok {
		p.EffectAt = now.Add(Unopposed)
	}
	seen, err := tx.InForceVersion(approval.Person, id)
	if err != nil {
		return Added{}, err
	}
	p, err = a.propose(tx, by, p, seen, "", now)
	return Added{ID: id, Proposed: true, EffectAt: p.EffectAt}, err
}

// place finds out for which bank and project this desk works, where no configuration said so: its first rules say it in the history. What is proposed binds it.
func (a *App) place(ctx context.Context) error {
	if a.Place.Project != "" || a.Place.Environment != "" {
		return nil
	}
	events, err := a.Store.Timeline(ctx, string(approval.Rules), RulesID)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Action != string(approval.Rules)+".founded" {
			continue
		}
		a.Place = payout.Place{Environment: factString(e.Payload, "environment"), Project: factString(e.Payload, "project")}
		if a.Place.Environment == "" {
			return fmt.Errorf("%w: the founding of the rules does not say for which bank", payout.ErrBroken)
		}
		return nil
	}
	return fault.Bad("form", "people.never")
}
