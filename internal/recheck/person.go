package recheck

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/audit"
)

// console is the sign-in of whoever runs the program on its machine; nobody's else.
const console = "console"

// unopposed is how long a person proposed on the console waits where nobody could decide it.
const unopposed = 72 * time.Hour

const cameUnended = " was added, or got one more sign-in, by a proposal that did not take effect with it"

// What a proposal about a person does.
const (
	opAdd     = "person.add"
	opChange  = "person.change"
	opRestore = "person.restore"
	opReset   = "person.reset"
	opEmail   = "person.email"
	opKey     = "person.key"
)

// person is somebody, as the history tells it.
type person struct {
	founding, reset                      bool // came with the founding; somebody took their factors away
	passkeys                             int  // that they ever had
	roles, groups                        []string
	suspended                            bool
	since, quietFrom, quietUntil, capped int64
	secrets                              map[string]bool // by sign-in: whether it has a password; histories before this was told have none
	last                                 string          // what the last proposal about them did
	resets                               map[string]bool // links for a password by their hash: whether they follow a reset
}

// personPlan is what a proposal about a person says; the last two belong to one that vouches for a passkey.
type personPlan struct {
	Roles  []string `json:"roles"`
	Groups []string `json:"groups"`
	Factor string   `json:"factor"`
	Key    string   `json:"key"`
}

// stand is all of a person that decides what they may do, to be compared.
type stand struct {
	roles, groups                        string
	founding, suspended                  bool
	since, quietFrom, quietUntil, capped int64
}

func (s stand) String() string {
	return fmt.Sprintf("roles %q, groups %q, founding %t, suspended %t, decides since %d, waits from %d until %d, is capped until %d", s.roles, s.groups, s.founding, s.suspended,
		s.since, s.quietFrom, s.quietUntil, s.capped)
}

func (p *person) stand() stand {
	return stand{inOrder(p.roles), inOrder(p.groups), p.founding, p.suspended, p.since, p.quietFrom, p.quietUntil, p.capped}
}

// inOrder spells names so that the same ones are the same text.
func inOrder(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// person follows one person by one event. What they are is not taken on the event's word: roles and groups are those that were agreed to, and since when they decide and
// how long they wait follows from the rules then in force. Only a founder's roles are the console's alone.
func (c *Checker) person(e audit.Event, f facts) {
	p := c.people[e.Subject]
	if e.Action == "person.added" {
		if p != nil {
			c.found("%s was added twice", e.Subject)
		}
		p = &person{resets: map[string]bool{}}
		c.people[e.Subject] = p
	}
	if p == nil {
		return
	}
	told := *p // as it was, and below as this event says that it is now
	s := c.subjects[[2]string{"person", e.Subject}]
	switch e.Action {
	case "person.added":
		c.added(e, f, s, p)
	case "account.added":
		switch asked := s != nil && s.open && (s.op == opAdd || s.op == opEmail); {
		case asked:
			c.coming = e.Subject
		case c.submitted || e.Person != "system" || e.SignIn != console:
			c.found("%s got a sign-in that nobody was asked about", e.Subject)
		}
	case "account.reset":
		p.reset = true
	case "person.suspended":
		p.suspended = true
		if f.Suspended == nil { // as the first version of the desk wrote it
			told.suspended = true
		}
	case "person.effective":
		c.coming = ""
		if s != nil && s.took && s.version == e.Version {
			c.agreed(e, s, p)
		}
	case "enrolment.made":
		p.resets[f.Enrolment] = p.last == opReset
	case "enrolment.used": // from now on somebody signs in with what went through another's hands
		if c.submitted || !p.founding || p.resets[f.Enrolment] {
			c.wait(p, e.At)
		}
	}
	told.take(f)
	if told.stand() != p.stand() {
		c.found("%s is written down as another than was agreed to and follows from the rules in force: %v, instead of %v", e.Subject, told.stand(), p.stand())
		p.take(f) // the desk goes on with it
	}
	if f.Secret != nil {
		if p.secrets == nil {
			p.secrets = map[string]bool{}
		}
		p.secrets[f.Account] = *f.Secret != noSecret
	}
	c.factor(e, s)
}

// added is somebody new: a founder, whom the console made before the first payout was put to people, or one whom a proposal brings that takes effect with them.
func (c *Checker) added(e audit.Event, f facts, s *subject, p *person) {
	if p.founding = f.Founding != nil && *f.Founding; p.founding {
		if c.submitted || e.Person != "system" || e.SignIn != console {
			c.found("%s came as a founder when the founding was over, or not by the console", e.Subject)
		}
		if f.Roles != nil {
			p.roles = split(*f.Roles)
		}
		if f.Groups != nil {
			p.groups = *f.Groups
		}
		return
	}
	if s == nil || !s.open || s.op != opAdd {
		c.found("%s was added and nobody was asked about them", e.Subject)
		p.take(f)
		return
	}
	c.coming = e.Subject
	p.roles, p.groups, p.since = s.plan.Roles, s.plan.Groups, e.At.UnixMicro()
	c.wait(p, e.At)
}

// agreed does what a proposal about somebody says that took effect.
func (c *Checker) agreed(e audit.Event, s *subject, p *person) {
	p.last = s.op
	at := e.At.UnixMicro()
	switch s.op {
	case opChange:
		was := p.roles
		p.roles, p.groups = s.plan.Roles, s.plan.Groups
		if slices.ContainsFunc([]string{"approver", "senior", "admin"}, func(r string) bool { return has(p.roles, r) && !has(was, r) }) {
			p.since = at
			c.wait(p, e.At)
		}
	case opRestore:
		if p.suspended = false; has(p.roles, "approver") || has(p.roles, "admin") {
			p.since = at
		}
	case opReset, opEmail:
		c.wait(p, e.At)
	}
}

// wait makes somebody wait as the rules in force say of who is new: a window that is open goes on, and nothing that they wait for already gets shorter.
func (c *Checker) wait(p *person, at time.Time) {
	if c.set == nil {
		return
	}
	n, now := c.set.Newcomers, at.UnixMicro()
	if n.QuietHours > 0 {
		if now >= p.quietUntil || now < p.quietFrom {
			p.quietFrom = now
		}
		p.quietUntil = max(p.quietUntil, at.Add(time.Duration(n.QuietHours)*time.Hour).UnixMicro())
	}
	if n.CapDays > 0 && n.CapDayMinor > 0 {
		p.capped = max(p.capped, at.Add(time.Duration(n.CapDays)*24*time.Hour).UnixMicro())
	}
}

// take puts what an event says in the place of what was.
func (p *person) take(f facts) {
	if f.Roles != nil {
		p.roles = split(*f.Roles)
	}
	if f.Groups != nil {
		p.groups = *f.Groups
	}
	put(&p.founding, f.Founding)
	put(&p.since, f.Since)
	put(&p.quietFrom, f.QuietFrom)
	put(&p.quietUntil, f.QuietUntil)
	put(&p.capped, f.Capped)
	if f.Suspended != nil {
		p.suspended = *f.Suspended != 0
	}
}

func put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// personProposed reads what is to become of somebody. Nobody decides about themselves.
func (c *Checker) personProposed(e audit.Event, s *subject) error {
	if !slices.Contains(s.concerns, e.Subject) {
		c.found("a proposal about %s was put to them", e.Subject)
	}
	p, ok, err := c.docs.Proposal(e.Kind, e.Subject, e.Version)
	if err != nil || !ok {
		return err // found with its digest
	}
	if json.Unmarshal(p.Doc, &s.plan) != nil {
		c.found("version %d of what was proposed about %s cannot be read", e.Version, e.Subject)
	}
	return nil
}

// notUnopposed says why a proposal may not take effect by time alone; "" when it may: a person of the console's, three days later, where nobody could decide it.
func (c *Checker) notUnopposed(e audit.Event, s *subject) string {
	switch {
	case e.Kind != "person" || s.op != opAdd && s.op != opEmail || e.Person != "system" || e.SignIn != console:
		return "as only people of the console's do"
	case s.effect < e.At.Add(unopposed).UnixMicro():
		return "before its three days"
	}
	for id, p := range c.people {
		if c.mayAs(id, deciders("person")) && !slices.Contains(s.concerns, id) && p.since <= e.At.UnixMicro() && !p.fresh(e.At) {
			return "though " + id + " could decide it"
		}
	}
	return ""
}

// noSecret stands in events for a password that was never set: the SHA-256 of nothing.
const noSecret = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// enrolled: they could sign in, as far as the history tells.
func (p *person) enrolled() bool {
	for _, has := range p.secrets {
		if has {
			return true
		}
	}
	return len(p.secrets) == 0
}

// fresh: said before their wait was over, or before the reset that it began with.
func (p *person) fresh(at time.Time) bool {
	return p.quietUntil != 0 && at.UnixMicro() < p.quietUntil
}

func (p *person) quiet(at time.Time) bool {
	return p.quietUntil != 0 && at.UnixMicro() >= p.quietFrom && at.UnixMicro() < p.quietUntil
}
