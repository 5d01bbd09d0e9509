package auth

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// Role is what a person may do.
type Role string

// The roles, in the order in which they are written.
const (
	Maker    Role = "maker"    // enters payouts
	Approver Role = "approver" // countersigns what others entered
	Senior   Role = "senior"   // an approver whom rules can ask for
	Auditor  Role = "auditor"  // reads everything, changes nothing
	Admin    Role = "admin"    // people and settings, never payouts
)

var allRoles = [...]Role{Maker, Approver, Senior, Auditor, Admin}

var (
	// ErrNoRole is in the chain when a list of roles is empty.
	ErrNoRole = errors.New("no role")
	// ErrUnknownRole is in the chain when a word is not a role.
	ErrUnknownRole = errors.New("unknown role")
	// ErrRolesApart is in the chain when roles do not go together.
	ErrRolesApart = errors.New("roles that do not go together")
	// ErrEmail is in the chain when something is not an e-mail address.
	ErrEmail = errors.New("not an e-mail address")
)

// ParseRoles reads roles with commas between them and returns them in canonical order, each once;
// senior brings approver with it. makerMayApprove says whether the rule set lets one person be
// maker and approver (the bar on their own work stays).
// It fails with ErrNoRole, ErrUnknownRole or ErrRolesApart: auditor and admin go with nothing else.
func ParseRoles(s string, makerMayApprove bool) ([]Role, error) {
	has := map[Role]bool{}
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if word == "" && strings.TrimSpace(s) == "" {
			return nil, ErrNoRole
		}
		if !slices.Contains(allRoles[:], Role(word)) {
			return nil, fmt.Errorf("%w %q", ErrUnknownRole, word)
		}
		has[Role(word)] = true
	}
	if has[Senior] {
		has[Approver] = true
	}
	var roles []Role
	for _, r := range allRoles {
		if has[r] {
			roles = append(roles, r)
		}
	}
	switch {
	case len(roles) > 1 && (has[Auditor] || has[Admin]):
		return nil, fmt.Errorf("%w: %s", ErrRolesApart, FormatRoles(roles))
	case has[Maker] && has[Approver] && !makerMayApprove:
		return nil, fmt.Errorf("%w under this rule set: %s", ErrRolesApart, FormatRoles(roles))
	}
	return roles, nil
}

// FormatRoles writes roles as [ParseRoles] reads them: "approver,senior".
func FormatRoles(roles []Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, ",")
}

// Person is a human being. Rules compare persons, never sign-ins.
type Person struct {
	ID        string
	Name      string
	Roles     []Role // as ParseRoles returns them
	Suspended bool
	Founding  bool // added on the console before the first payout was submitted
	CreatedAt time.Time
	// Groups the person is in, sorted: rules can ask for one of a group.
	Groups []string
	// Version counts the changes that four eyes agreed to, from 1.
	Version int
	// ApproverSince is when they became an approver: what was submitted before is not theirs to decide. Zero: always.
	ApproverSince time.Time
	// From QuietFrom to QuietUntil their approvals do not count; until CappedUntil they are capped. Zero: never.
	QuietFrom, QuietUntil, CappedUntil time.Time
}

// Has reports whether the person holds the role; a senior is an approver. It does not ask whether
// they are suspended: [Person.May] does.
func (p Person) Has(r Role) bool {
	return slices.Contains(p.Roles, r) || r == Approver && slices.Contains(p.Roles, Senior)
}

// May reports whether the person holds the role and is not suspended. The zero Person may nothing.
func (p Person) May(r Role) bool { return p.ID != "" && !p.Suspended && p.Has(r) }

// Identity is who did something: the human being and the sign-in they used. Every actor column
// holds both. The zero Identity is unknown and is refused everywhere.
type Identity struct {
	Person string // Person.ID
	SignIn string // e-mail, as ParseEmail returns it
}

// Known reports whether the identity names a person and a sign-in.
func (i Identity) Known() bool { return i.Person != "" && i.SignIn != "" }

// ParseEmail returns the address in the one spelling in which addresses are kept and compared:
// lower case, no white space round it. It fails (ErrEmail) on anything but a plain ASCII address of
// at most 254 bytes.
func ParseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > 254 {
		return "", fmt.Errorf("%w: %d bytes", ErrEmail, len(s))
	}
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return "", fmt.Errorf("%w: character %U", ErrEmail, c)
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || strings.HasPrefix(s, `"`) {
		return "", ErrEmail
	}
	return s, nil
}
