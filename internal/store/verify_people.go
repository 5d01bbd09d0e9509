package store

import (
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
)

// haltFact is one stop, its release and the decisions about it.
type haltFact struct {
	seq                          int64
	cause, payout, person, email string
	rules                        int
	at, released                 int64
	decisions                    []decisionFact
}

// accountFact is a sign-in name as the events tell it: whose it is, the mark of its password's hash, its seal.
type accountFact struct {
	commit  string // the address as it was added; "" when that text was cleared
	person  string
	secret  string
	seal    string
	at      int64 // when the password was set
	must    bool
	version int64
}

// accountChange is what an event says of an account's row: only what it names has changed.
type accountChange struct {
	Account *string `json:"account"` // hex SHA-256 of the address; without it the address is the one that was signed in with
	Secret  *string `json:"secret"`
	Must    *bool   `json:"must_change"`
	Version *int64  `json:"account_version"`
	Seal    *string `json:"seal"`
	person  string
	at      int64
}

func (a *accountFact) apply(ch accountChange) {
	if ch.Secret != nil {
		a.secret, a.at = *ch.Secret, ch.at
	}
	if ch.Must != nil {
		a.must = *ch.Must
	}
	if ch.Version != nil {
		a.version = *ch.Version
	}
	if ch.Seal != nil {
		a.seal = *ch.Seal
	}
}

func (c *checker) person(e audit.Event, f facts, text string) error {
	p := c.people[e.Subject]
	if e.Action == "person.added" {
		if p != nil {
			return broken("the person was there before")
		}
		p = &personFact{seq: e.Seq, name: text}
		c.people[e.Subject] = p
	}
	if p == nil {
		if strings.HasSuffix(e.Action, ".effective") {
			return nil // a person's first version: they come with their own event
		}
		return broken("nobody knows this person")
	}
	if p.Fold(e) != nil {
		return broken("payload cannot be read")
	}
	if err := c.enrolment(e); err != nil {
		return err
	}
	if is, err := c.factor(e, text); is || err != nil {
		return err
	}
	var ch accountChange
	if err := json.Unmarshal(e.Payload, &ch); err != nil {
		return broken("payload cannot be read")
	}
	ch.person, ch.at = e.Subject, toMicro(e.At)
	switch {
	case e.Action == "account.added":
		a := accountFact{commit: text, person: e.Subject, version: 1}
		a.apply(ch)
		c.accounts = append(c.accounts, a)
	case ch.Secret != nil || ch.Must != nil || ch.Version != nil || ch.Seal != nil:
		key := hash([]byte(e.SignIn))
		if ch.Account != nil {
			key = *ch.Account
		}
		c.changed[key] = append(c.changed[key], ch)
	}
	return nil
}

func (c *checker) halt(e audit.Event, f facts) {
	h := c.halts[e.Subject]
	if h == nil {
		h = &haltFact{}
		c.halts[e.Subject] = h
	}
	switch e.Action {
	case "halt.on":
		h.seq, h.cause, h.payout, h.person, h.email, h.rules, h.at = e.Seq, f.Cause, f.Payout, e.Person, e.SignIn, f.RuleSet, toMicro(e.At)
	case "halt.release_asked", "halt.off", "halt.back":
		answer := approval.Yes
		if e.Action == "halt.back" {
			answer = approval.Back
		}
		h.decisions = append(h.decisions, decisionFact{person: e.Person, email: e.SignIn, answer: string(answer), digest: app.ReleaseDigest(number(e.Subject)),
			factor: f.Factor, proof: f.Proof, rules: f.Rules, at: toMicro(e.At)})
		if e.Action == "halt.off" {
			h.released = toMicro(e.At)
		}
	}
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // what is no number is no row's id
	return n
}

// haltRows compares stops, their releases and who decided on them.
func (c *checker) haltRows() error {
	for id, h := range c.halts {
		var cause, person, email, pay string
		var when, released int64
		err := c.tx.QueryRowContext(c.ctx, `SELECT h.cause, h.person_id, h.email, h.payout_id, h.at, COALESCE(r.at, 0) FROM halt h
LEFT JOIN halt_release r ON r.halt_id = h.id WHERE h.id = ?`, id).Scan(&cause, &person, &email, &pay, &when, &released)
		if none(err) {
			return at(h.seq, "the stop of sending is gone")
		}
		if err != nil {
			return err
		}
		if cause != h.cause || person != h.person || email != h.email || pay != h.payout || when != h.at || released != h.released {
			return at(h.seq, "the stop of sending is not what is recorded")
		}
		if err := c.subjects(approval.Release, id, h.seq, map[int]subjectFact{1: {app.ReleaseDigest(number(id)), list(nil), h.rules, h.person, h.email, h.at}}); err != nil {
			return err
		}
		if err := c.decisions(approval.Release, id, h.seq, map[int][]decisionFact{1: h.decisions}); err != nil {
			return err
		}
	}
	return nil
}

// accountRows finds every sign-in name among those that were added, with the person, the password and the seal that it got.
func (c *checker) accountRows() error {
	used := make([]bool, len(c.accounts))
	return c.each("SELECT email, person_id, password_hash, changed_at, must_change, version, seal FROM account", func(r *sql.Rows) error {
		var email, secret string
		var got accountFact
		var must int64
		if err := r.Scan(&email, &got.person, &secret, &got.at, &must, &got.version, &got.seal); err != nil {
			return err
		}
		got.secret, got.must = hash([]byte(secret)), must == 1
		for i, want := range c.accounts {
			if used[i] || want.person != got.person || want.commit != "" && want.commit != email { // a cleared text leaves only the person
				continue
			}
			for _, ch := range c.changed[hash([]byte(email))] {
				if ch.person == want.person {
					want.apply(ch)
				}
			}
			got.commit = want.commit
			if got == want && must == flag(want.must) {
				used[i] = true
				return nil
			}
		}
		return at(c.last, "a sign-in name is not what was added, or its password not what was set")
	})
}

// personFact is a person as the events tell it.
type personFact struct {
	seq  int64
	name string
	app.PersonState
}

// personRows compares the people with the fold of their events.
func (c *checker) personRows() error {
	return c.each(`SELECT id, name, roles, founding, created_at, suspended_at, groups, version, approver_since, quiet_from, quiet_until, capped_until FROM person`, func(r *sql.Rows) error {
		var id string
		var got personFact
		var founding int64
		if err := r.Scan(&id, &got.name, &got.Roles, &founding, &got.Created, &got.Suspended, &got.Groups, &got.Version, &got.Since, &got.QuietFrom, &got.QuietUntil, &got.Capped); err != nil {
			return err
		}
		want := c.people[id]
		if want == nil {
			return at(c.last, "a person was never added")
		}
		got.seq, got.Founding = want.seq, founding == 1
		if want.name == "" {
			got.name = "" // the text beside the event was cleared
		}
		if got != *want || founding != flag(want.Founding) {
			return at(want.seq, "the person's row is not what the history says")
		}
		return nil
	})
}

// enrolmentFact is a link that lets somebody set a password and a factor, as the events tell it.
type enrolmentFact struct {
	person, email, what, by string // email is the hex SHA-256 of the address
	at, expires, ended      int64
}

// enrolment follows links: made, used, ended.
func (c *checker) enrolment(e audit.Event) error {
	var f struct {
		Hash    string   `json:"enrolment"`
		What    string   `json:"what"`
		For     string   `json:"for"`
		Expires int64    `json:"expires_at"`
		Ended   []string `json:"ended"`
	}
	if !strings.HasPrefix(e.Action, "enrolment.") {
		return nil
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return broken("payload cannot be read")
	}
	when := toMicro(e.At)
	end := f.Ended
	switch e.Action {
	case "enrolment.made":
		if c.enrolled[f.Hash] != nil {
			return broken("the link was made before")
		}
		c.enrolled[f.Hash] = &enrolmentFact{person: e.Subject, email: f.For, what: f.What, by: e.Person, at: when, expires: f.Expires}
	case "enrolment.used":
		end = append(end, f.Hash)
	}
	for _, hash := range end {
		x := c.enrolled[hash]
		if x == nil || x.ended != 0 {
			return broken("a link ends that was not open")
		}
		x.ended = when
	}
	return nil
}

// enrolmentRows compares the links with their events.
func (c *checker) enrolmentRows(total map[string]int64) error {
	total["enrolment"] = int64(len(c.enrolled))
	return c.each("SELECT hash, person_id, email, what, made_by, at, expires_at, ended_at FROM enrolment", func(r *sql.Rows) error {
		var id, email string
		var got enrolmentFact
		if err := r.Scan(&id, &got.person, &email, &got.what, &got.by, &got.at, &got.expires, &got.ended); err != nil {
			return err
		}
		got.email = hash([]byte(email))
		if want := c.enrolled[id]; want == nil || *want != got {
			return at(c.last, "a link for a password is not what was made, or ended otherwise")
		}
		return nil
	})
}
