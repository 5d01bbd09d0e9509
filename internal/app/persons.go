package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/bankdetails"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// What a proposal about a person can do. Vouching for a passkey belongs to the factors.
const (
	PersonAdd     = "person.add"     // a new person
	PersonChange  = "person.change"  // other roles or groups
	PersonRestore = "person.restore" // somebody suspended works again
	PersonReset   = "person.reset"   // password and factors are set anew, by the person alone
	PersonEmail   = "person.email"   // one more sign-in of a person
)

// personEffects is what each of them does when it takes effect. Another room adds its own in an init.
var personEffects = map[string]effect{}

func init() {
	effects[approval.Person] = (*App).personTakesEffect
	personEffects[PersonAdd] = (*App).personAdded
	personEffects[PersonChange] = (*App).personChanged
	personEffects[PersonRestore] = (*App).personRestored
	personEffects[PersonReset] = (*App).personReset
	personEffects[PersonEmail] = (*App).personEmail
}

// Unopposed is how long a person proposed on the console waits where too few people exist to decide: then it takes effect unless anybody stops it.
const Unopposed = 72 * time.Hour

// Bounds of what is said about a person.
const (
	maxName      = 160 // characters
	maxGroups    = 20
	maxGroupName = 40 // characters
	maxOpen      = 500
)

// PersonPlan is what a proposal about a person says. Name and Email are "" where they are no part of it, or were erased.
type PersonPlan struct {
	Name, Email string
	Roles       []auth.Role
	Groups      []string
	// WasRoles and WasGroups are what they were when it was made.
	WasRoles  []auth.Role
	WasGroups []string
	// hash is the hash of a password that the console set, "" for none.
	hash string
}

// SetByHand reports a password that was set on the console, which its person changes at the first sign-in.
func (pl PersonPlan) SetByHand() bool { return pl.hash != "" }

// personDoc is a plan without anything personal: what decisions bind.
type personDoc struct {
	Spec      string   `json:"spec"`
	Roles     []string `json:"roles"`
	Groups    []string `json:"groups"`
	WasRoles  []string `json:"was_roles"`
	WasGroups []string `json:"was_groups"`
	Name      string   `json:"name"`   // commitment, "" for none
	Email     string   `json:"email"`  // commitment, "" for none
	Secret    string   `json:"secret"` // stands for the password's hash, "" for none
}

type personPrivate struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Hash  string `json:"hash"`
}

const personSpec = "person/1"

func roleWords(rs []auth.Role) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = string(r)
	}
	return out
}

func rolesOf(words []string) []auth.Role {
	out := make([]auth.Role, len(words))
	for i, w := range words {
		out[i] = auth.Role(w)
	}
	return out
}

// write fills a proposal's document and what stands beside it.
func (pl PersonPlan) write(p *Proposal) error {
	d := personDoc{Spec: personSpec, Roles: roleWords(pl.Roles), Groups: nonNil(pl.Groups), WasRoles: roleWords(pl.WasRoles), WasGroups: nonNil(pl.WasGroups)}
	if pl.Name != "" {
		d.Name = p.Commit("name", pl.Name)
	}
	if pl.Email != "" {
		d.Email = p.Commit("email", pl.Email)
	}
	if pl.hash != "" {
		d.Secret = secretOf(pl.hash)
	}
	var err error
	if p.Doc, err = json.Marshal(d); err != nil || pl.Name+pl.Email+pl.hash == "" {
		return err
	}
	p.Private, err = json.Marshal(personPrivate{pl.Name, pl.Email, pl.hash})
	return err
}

// ReadPerson reads a proposal about a person. It fails (payout.ErrBroken in the chain) when what stands beside the document is not what the document binds.
func ReadPerson(p Proposal) (PersonPlan, error) {
	var d personDoc
	dec := json.NewDecoder(bytes.NewReader(p.Doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil || d.Spec != personSpec {
		return PersonPlan{}, fmt.Errorf("%w: proposal %d about %s cannot be read: %v", payout.ErrBroken, p.Version, p.ID, err)
	}
	pl := PersonPlan{Roles: rolesOf(d.Roles), Groups: d.Groups, WasRoles: rolesOf(d.WasRoles), WasGroups: d.WasGroups}
	if len(p.Private) == 0 {
		return pl, nil // erased, or nothing personal in it
	}
	var x personPrivate
	if err := json.Unmarshal(p.Private, &x); err != nil {
		return pl, fmt.Errorf("%w: proposal %d about %s: %v", payout.ErrBroken, p.Version, p.ID, err)
	}
	bound := func(value, commit string, now func() string) bool {
		return value == "" && commit == "" || value != "" && commit == now()
	}
	if !bound(x.Name, d.Name, func() string { return p.Commit("name", x.Name) }) || !bound(x.Email, d.Email, func() string { return p.Commit("email", x.Email) }) ||
		!bound(x.Hash, d.Secret, func() string { return secretOf(x.Hash) }) {
		return pl, fmt.Errorf("%w: proposal %d about %s holds other values than were put to people", payout.ErrBroken, p.Version, p.ID)
	}
	pl.Name, pl.Email, pl.hash = x.Name, x.Email, x.Hash
	return pl, nil
}

// parseName returns a name as it is kept. Invalid "people.name" at field name.
func parseName(s string) (string, error) {
	s = strings.Join(strings.Fields(bankdetails.NFC(s)), " ")
	if s == "" || len([]rune(s)) > maxName || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return "", fault.Bad("name", "people.name")
	}
	return s, nil
}

// parseRoles reads roles under a rule set. Invalid "people.roles" or "people.apart" at field roles.
func parseRoles(words []string, set approval.RuleSet) ([]auth.Role, error) {
	roles, err := auth.ParseRoles(strings.Join(words, ","), set.MakerMayApprove)
	switch {
	case errors.Is(err, auth.ErrRolesApart):
		return nil, fault.Bad("roles", "people.apart").Because(err)
	case err != nil:
		return nil, fault.Bad("roles", "people.roles").Because(err)
	}
	return roles, nil
}

// ParseGroups reads the names of groups with commas or line ends between them: sorted, each once. Invalid "people.groups" at field groups.
func ParseGroups(s string) ([]string, error) {
	out := []string{}
	for _, g := range strings.FieldsFunc(bankdetails.NFC(s), func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
		g = strings.Join(strings.Fields(g), " ")
		if g == "" {
			continue
		}
		if len([]rune(g)) > maxGroupName || strings.ContainsFunc(g, func(r rune) bool { return !unicode.IsGraphic(r) || r == '"' }) {
			return nil, fault.Bad("groups", "people.groups", maxGroups, maxGroupName)
		}
		out = append(out, g)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxGroups {
		return nil, fault.Bad("groups", "people.groups", maxGroups, maxGroupName)
	}
	return out, nil
}

// optional is a reason that may be left out.
func optional(reason string) (string, error) {
	if strings.TrimSpace(reason) == "" {
		return "", nil
	}
	return payout.CheckReason(reason)
}

// PersonDraft is a new person as typed.
type PersonDraft struct {
	Name, Email string
	Roles       []string
	// Groups with commas between them.
	Groups string
	// Reason may be "".
	Reason string
}

// ProposePerson puts a new person to people and returns the id that they will have. Invalid at fields name, email, roles, groups with every fault at once.
func (a *App) ProposePerson(ctx context.Context, w Who, d PersonDraft) (id string, err error) {
	reason, err := optional(d.Reason)
	if err != nil {
		return "", err
	}
	err = a.write(ctx, People, w, Propose, about(approval.Person, ""), func(tx *sealed) error {
		now := a.Now()
		pl, err := a.newPlan(tx, d)
		if err != nil {
			return err
		}
		id = a.newID(now)
		p, err := a.aboutPerson(id, PersonAdd, pl)
		if err != nil {
			return err
		}
		if err := a.additionHolds(tx, auth.Person{ID: id, Name: pl.Name, Roles: pl.Roles, Groups: pl.Groups}, now); err != nil {
			return err
		}
		_, err = a.propose(tx, w.actor(), p, 0, reason, now)
		return err
	})
	return id, err
}

// newPlan checks a new person; every fault comes back at once.
func (a *App) newPlan(tx Tx, d PersonDraft) (PersonPlan, error) {
	var pl PersonPlan
	set, err := a.inForce(tx)
	if err != nil {
		return pl, err
	}
	var faults fault.List
	note := func(err error) {
		faults = append(faults, fault.As(err)...)
	}
	pl.Name, err = parseName(d.Name)
	note(err)
	pl.Email, err = a.freeEmail(tx, d.Email)
	if err != nil && fault.As(err) == nil {
		return pl, err
	}
	note(err)
	pl.Roles, err = parseRoles(d.Roles, set)
	note(err)
	pl.Groups, err = ParseGroups(d.Groups)
	note(err)
	return pl, faults.Err()
}

// freeEmail reads an address that nobody has, and that nobody is proposed with. Invalid "people.email", "people.taken", "people.asked" at field email.
func (a *App) freeEmail(tx Tx, s string) (string, error) {
	email, err := auth.ParseEmail(s)
	if err != nil {
		return "", fault.Bad("email", "people.email").Because(err)
	}
	if _, taken, err := tx.Account(email); err != nil {
		return "", err
	} else if taken {
		return "", fault.Bad("email", "people.taken")
	}
	open, err := tx.OpenOf(approval.Person, maxOpen)
	if err != nil {
		return "", err
	}
	if len(open) == maxOpen {
		return "", fault.Slow("people.many", 3600) // with more, two of them could ask for one address
	}
	for _, p := range open {
		if p.Op != PersonAdd && p.Op != PersonEmail {
			continue
		}
		pl, err := ReadPerson(p)
		if err != nil {
			return "", err
		}
		if pl.Email == email {
			return "", fault.Bad("email", "people.asked")
		}
	}
	return email, nil
}

// aboutPerson is a proposal about a person, ready for propose.
func (a *App) aboutPerson(id, op string, pl PersonPlan) (Proposal, error) {
	p := Proposal{Kind: approval.Person, ID: id, Op: op, Salt: a.salt(), Concerns: []string{id}}
	return p, pl.write(&p)
}

// ProposePersonChange puts other roles and groups of a person to people. seen is the version that was in force on the proposer's screen. Denied
// "people.own", "people.admins"; Invalid "people.off" for somebody suspended, "people.same", "people.deadlock" with the example (an approval.Stuck) when
// something that can be decided today could be decided by nobody.
func (a *App) ProposePersonChange(ctx context.Context, w Who, id string, roles []string, groups string, seen int, reason string) error {
	return a.proposeAbout(ctx, w, id, PersonChange, seen, reason, func(tx Tx, p auth.Person, pl *PersonPlan) error {
		if p.Suspended {
			return fault.Bad("form", "people.off")
		}
		set, err := a.inForce(tx)
		if err != nil {
			return err
		}
		var faults fault.List
		pl.Roles, err = parseRoles(roles, set)
		faults = append(faults, fault.As(err)...)
		pl.Groups, err = ParseGroups(groups)
		faults = append(faults, fault.As(err)...)
		if len(faults) > 0 {
			return faults
		}
		if slices.Equal(pl.Roles, p.Roles) && slices.Equal(pl.Groups, nonNil(p.Groups)) {
			return fault.Bad("form", "people.same")
		}
		return a.changeHolds(tx, p, *pl)
	})
}

// ProposeRestore puts it to people that somebody suspended works again. Invalid "people.on" when they do, "people.apart_back" when the rules in force do not let anybody be what
// they were, "people.deadlock" as for somebody new.
func (a *App) ProposeRestore(ctx context.Context, w Who, id string, seen int, reason string) error {
	return a.proposeAbout(ctx, w, id, PersonRestore, seen, reason, func(tx Tx, p auth.Person, _ *PersonPlan) error {
		if !p.Suspended {
			return fault.Bad("form", "people.on")
		}
		p.Suspended = false
		if err := a.rolesHold(tx, p); err != nil {
			return err
		}
		return a.additionHolds(tx, p, a.Now())
	})
}

// ProposeReset puts it to people that a person sets password and factors anew; whoever proposes and decides never sees them. Invalid "people.off"; Denied
// "people.reset_last".
func (a *App) ProposeReset(ctx context.Context, w Who, id string, seen int, reason string) error {
	return a.proposeAbout(ctx, w, id, PersonReset, seen, reason, func(tx Tx, p auth.Person, _ *PersonPlan) error {
		if p.Suspended {
			return fault.Bad("form", "people.off")
		}
		return a.resetHolds(tx, p)
	})
}

// proposeAbout proposes something about somebody who is there; fill judges it and says what will be.
func (a *App) proposeAbout(ctx context.Context, w Who, id, op string, seen int, reason string, fill func(Tx, auth.Person, *PersonPlan) error) error {
	reason, err := optional(reason)
	if err != nil {
		return err
	}
	return a.write(ctx, People, w, Propose, about(approval.Person, id), func(tx *sealed) error {
		if id == w.Person {
			return fault.Deny("people.own")
		}
		who, err := tx.Person(id)
		if err != nil {
			return err
		}
		pl := PersonPlan{Roles: who.Roles, Groups: who.Groups, WasRoles: who.Roles, WasGroups: who.Groups}
		if err := fill(tx, who, &pl); err != nil {
			return err
		}
		p, err := a.aboutPerson(id, op, pl)
		if err != nil {
			return err
		}
		_, err = a.propose(tx, w.actor(), p, seen, reason, a.Now())
		return err
	})
}

// changeHolds refuses a change that would leave fewer than two administrators, or something that nobody could decide.
func (a *App) changeHolds(tx Tx, p auth.Person, pl PersonPlan) error {
	people, err := tx.People()
	if err != nil {
		return err
	}
	after := slices.Clone(people)
	i := slices.IndexFunc(after, func(o auth.Person) bool { return o.ID == p.ID })
	if i < 0 {
		return fault.Missing("people.none")
	}
	after[i].Roles, after[i].Groups = pl.Roles, pl.Groups
	if p.Has(auth.Admin) && !after[i].Has(auth.Admin) {
		if n, err := adminsLeft(tx, after); err != nil {
			return err
		} else if n < 2 {
			return fault.Deny("people.admins")
		}
	}
	f, err := a.frame(tx, a.Now())
	if err != nil {
		return err
	}
	able, err := a.ablePeople(tx, f.Set, people)
	if err != nil {
		return err
	}
	if w := a.worse(f, able, people, after); len(w) > 0 {
		return w[0].Fault("people.deadlock")
	}
	return nil
}

// rolesHold refuses somebody who comes back with roles that the rules in force do not let one person have.
func (a *App) rolesHold(tx Tx, who auth.Person) error {
	set, err := a.inForce(tx)
	if err != nil {
		return err
	}
	if _, err := parseRoles(roleWords(who.Roles), set); fault.Is(err, "people.apart") {
		return fault.Bad("form", "people.apart_back")
	} else if err != nil {
		return err
	}
	return nil
}

// additionHolds refuses somebody new, or back, whose payouts nobody could approve because a rule asks for more of who made them.
func (a *App) additionHolds(tx Tx, who auth.Person, now time.Time) error {
	if !who.Has(auth.Maker) {
		return nil
	}
	people, err := tx.People()
	if err != nil {
		return err
	}
	f, err := a.frame(tx, now)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(people), func(p auth.Person) bool { return p.ID == who.ID })
	signers := slices.DeleteFunc(slices.Clone(f.Signers), func(s approval.Signer) bool { return s.ID == who.ID })
	came := SignersOf([]auth.Person{who})
	came[0].CeilingMinor = f.Limits.Ceiling(who.ID)
	before := f.firm(f.Set, f.Limits, f.Signers, people)
	after := f.firm(f.Set, f.Limits, append(signers, came...), append(others, who))
	for _, s := range newlyStuck(before, after, a.ever()) {
		if s.ByMaker() {
			return Undecidable{Stuck: s}.Fault("people.deadlock")
		}
	}
	return nil
}

// resetHolds refuses the reset of the last administrator who can sign in: nobody could hand out the link to begin anew with, nor anybody else's.
func (a *App) resetHolds(tx Tx, who auth.Person) error {
	if !who.Has(auth.Admin) {
		return nil
	}
	people, err := tx.People()
	if err != nil {
		return err
	}
	n, err := adminsLeft(tx, slices.DeleteFunc(people, func(p auth.Person) bool { return p.ID == who.ID }))
	if err == nil && n < 1 {
		err = fault.Deny("people.reset_last")
	}
	return err
}

// adminsLeft counts the administrators with standing who can sign in: who never enrolled decides nothing.
func adminsLeft(tx Tx, people []auth.Person) (n int, err error) {
	for _, p := range people {
		if !p.May(auth.Admin) {
			continue
		}
		accounts, err := tx.AccountsOf(p.ID)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(accounts, func(a Account) bool { return a.Hash != "" }) {
			n++
		}
	}
	return n, nil
}

// personTakesEffect does what a proposal about a person says.
func (a *App) personTakesEffect(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	do := personEffects[p.Op]
	if do == nil {
		return nil, fmt.Errorf("a proposal about a person does %q", p.Op)
	}
	facts, err := do(a, tx, p, now)
	if facts == nil {
		facts = map[string]any{}
	}
	facts["op"] = p.Op
	return facts, err
}

// standFacts are the columns of a person's row as the history must tell them.
func standFacts(p auth.Person, suspendedAt time.Time) map[string]any {
	return map[string]any{"roles": auth.FormatRoles(p.Roles), "groups": nonNil(p.Groups), "person_version": p.Version, "approver_since": micro(p.ApproverSince),
		"quiet_from": micro(p.QuietFrom), "quiet_until": micro(p.QuietUntil), "capped_until": micro(p.CappedUntil), "suspended_at": micro(suspendedAt), "founding": p.Founding}
}

// decides reports whether somebody with these roles decides anything.
func decides(p auth.Person) bool { return p.Has(auth.Approver) || p.Has(auth.Admin) }

// gains reports whether new roles let a person decide what the old ones did not.
func gains(was, now auth.Person) bool {
	for _, r := range []auth.Role{auth.Approver, auth.Senior, auth.Admin} {
		if now.Has(r) && !was.Has(r) {
			return true
		}
	}
	return false
}

// newcomer makes somebody wait as the rules say: for a while they do not count at all, then they are capped.
func newcomer(p *auth.Person, n approval.Newcomers, now time.Time) {
	if n.QuietHours > 0 {
		if !now.Before(p.QuietUntil) || now.Before(p.QuietFrom) {
			p.QuietFrom = now // else the window that is open goes on
		}
		if until := now.Add(time.Duration(n.QuietHours) * time.Hour); until.After(p.QuietUntil) {
			p.QuietUntil = until
		}
	}
	if n.CapDays > 0 && n.CapDayMinor > 0 {
		if until := now.Add(time24(n.CapDays)); until.After(p.CappedUntil) {
			p.CappedUntil = until
		}
	}
}

// waitAgain makes somebody wait as if they were new, because a sign-in of theirs was just made or its link used: whoever made it releases no money with its help.
// What changed of their row goes into the facts.
func (a *App) waitAgain(tx Tx, id string, facts map[string]any, now time.Time) error {
	who, err := tx.Person(id)
	if err != nil {
		return err
	}
	if who.Suspended {
		return fault.Bad("form", "people.off")
	}
	set, err := a.inForce(tx)
	if err != nil {
		return err
	}
	newcomer(&who, set.Newcomers, now)
	if err := tx.SavePerson(who, time.Time{}); err != nil {
		return err
	}
	who.Version++
	for k, v := range standFacts(who, time.Time{}) {
		facts[k] = v
	}
	return nil
}

// personAdded brings a new person, who cannot sign in before they used an enrolment link.
func (a *App) personAdded(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	pl, err := ReadPerson(p)
	if err != nil {
		return nil, err
	}
	set, err := a.inForce(tx)
	if err != nil {
		return nil, err
	}
	if _, err := parseRoles(roleWords(pl.Roles), set); err != nil {
		return nil, err // the rules became stricter since
	}
	who := auth.Person{ID: p.ID, Name: pl.Name, Roles: pl.Roles, Groups: pl.Groups, CreatedAt: now, ApproverSince: now, Version: 1}
	newcomer(&who, set.Newcomers, now)
	if err := a.additionHolds(tx, who, now); err != nil {
		return nil, err // the rules in force are others since
	}
	return nil, a.addPerson(tx, p.By, who, pl.Email, pl.hash, pl.hash != "", now)
}

// addPerson stores a person with their first sign-in, and both events.
func (a *App) addPerson(tx Tx, by payout.Actor, who auth.Person, email, hash string, mustChange bool, now time.Time) error {
	if who.Name == "" {
		return fmt.Errorf("%w: a person without a name", payout.ErrBroken)
	}
	if err := tx.AddPerson(who); err != nil {
		return err
	}
	if err := a.append(tx, by, "person.added", "person", who.ID, 1, standFacts(who, time.Time{}), who.Name, now); err != nil {
		return err
	}
	return a.addAccount(tx, by, who.ID, email, hash, mustChange, now)
}

// addAccount stores one more sign-in of a person. One address belongs to one person for ever: Invalid "people.taken" at field email.
func (a *App) addAccount(tx Tx, by payout.Actor, person, email, hash string, mustChange bool, now time.Time) error {
	if email == "" {
		return fmt.Errorf("%w: a sign-in without an address", payout.ErrBroken)
	}
	if _, taken, err := tx.Account(email); err != nil {
		return err
	} else if taken {
		return fault.Bad("email", "people.taken")
	}
	facts, err := a.putAccount(tx, Account{Email: email, Person: person, Hash: hash, ChangedAt: now, IdleMinutes: 15, KeysOn: true, MustChange: mustChange}, true)
	if err != nil {
		return err
	}
	return a.append(tx, by, "account.added", "person", person, 1, facts, email, now)
}

// personChanged gives other roles and groups. What the person may do changes with their next sign-in: those of now end.
func (a *App) personChanged(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	pl, err := ReadPerson(p)
	if err != nil {
		return nil, err
	}
	who, err := tx.Person(p.ID)
	if err != nil {
		return nil, err
	}
	if who.Suspended {
		return nil, fault.Bad("form", "people.off")
	}
	set, err := a.inForce(tx)
	if err != nil {
		return nil, err
	}
	if _, err := parseRoles(roleWords(pl.Roles), set); err != nil {
		return nil, err
	}
	if err := a.changeHolds(tx, who, pl); err != nil {
		return nil, err
	}
	was := who
	who.Roles, who.Groups = pl.Roles, pl.Groups
	if gains(was, who) {
		// A yes of before was given as somebody who could give less: it does not grow with its giver.
		who.ApproverSince = now
		newcomer(&who, set.Newcomers, now)
	}
	if err := tx.SavePerson(who, time.Time{}); err != nil {
		return nil, err
	}
	who.Version++
	facts := standFacts(who, time.Time{})
	if !slices.Equal(was.Roles, who.Roles) {
		if err := a.endSignIns(tx, who.ID); err != nil {
			return nil, err
		}
		facts[signInsKept] = ""
	}
	return facts, nil
}

// endSignIns ends everything that a person has open.
func (a *App) endSignIns(tx Tx, person string) error {
	tx.Touch(Change{Desk: true, Left: []string{person}})
	return tx.EndLoginsOf(person, "")
}

// personRestored lets somebody suspended work again. What they approved before does not come back to life.
func (a *App) personRestored(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	who, err := tx.Person(p.ID)
	if err != nil {
		return nil, err
	}
	if !who.Suspended {
		return nil, fault.Bad("form", "people.on")
	}
	who.Suspended = false
	if err := a.rolesHold(tx, who); err != nil {
		return nil, err
	}
	if err := a.additionHolds(tx, who, now); err != nil {
		return nil, err
	}
	if decides(who) {
		who.ApproverSince = now
	}
	if err := tx.SavePerson(who, time.Time{}); err != nil {
		return nil, err
	}
	who.Version++
	return standFacts(who, time.Time{}), nil
}

// personReset takes password and factors from a person, who sets new ones with an enrolment link that an administrator hands over.
func (a *App) personReset(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	who, err := tx.Person(p.ID)
	if err != nil {
		return nil, err
	}
	if who.Suspended {
		return nil, fault.Bad("form", "people.off")
	}
	if err := a.resetHolds(tx, who); err != nil {
		return nil, err
	}
	set, err := a.inForce(tx)
	if err != nil {
		return nil, err
	}
	accounts, err := tx.AccountsOf(p.ID)
	if err != nil {
		return nil, err
	}
	for _, acc := range accounts {
		acc.Hash, acc.MustChange, acc.ChangedAt = "", false, now
		facts, err := a.putAccount(tx, acc, false)
		if err != nil {
			return nil, err
		}
		if err := a.append(tx, p.By, "account.reset", "person", p.ID, 0, facts, acc.Email, now); err != nil {
			return nil, err
		}
	}
	if _, err := a.endLinks(tx, p.By, p.ID, "", now); err != nil {
		return nil, err
	}
	if err := a.resetFactors(tx, p.ID, now); err != nil {
		return nil, err
	}
	if err := a.endSignIns(tx, p.ID); err != nil {
		return nil, err
	}
	newcomer(&who, set.Newcomers, now)
	if err := tx.SavePerson(who, time.Time{}); err != nil {
		return nil, err
	}
	who.Version++
	return standFacts(who, time.Time{}), nil
}

// personEmail gives a person one more sign-in. Whoever made it may know its password: the person waits as if they were new.
func (a *App) personEmail(tx Tx, p Proposal, now time.Time) (map[string]any, error) {
	pl, err := ReadPerson(p)
	if err != nil {
		return nil, err
	}
	facts := map[string]any{}
	if err := a.waitAgain(tx, p.ID, facts, now); err != nil {
		return nil, err
	}
	return facts, a.addAccount(tx, p.By, p.ID, pl.Email, pl.hash, pl.hash != "", now)
}

// putAccount writes a sign-in's row, the next version of it, and returns what its event must say of it.
func (a *App) putAccount(tx Tx, acc Account, fresh bool) (map[string]any, error) {
	acc.Version++
	if fresh {
		acc.Version = 1
	}
	if err := a.sealAccount(&acc); err != nil {
		return nil, err
	}
	facts := map[string]any{"account": hash([]byte(acc.Email)), "secret": secretOf(acc.Hash), "must_change": acc.MustChange, "account_version": acc.Version}
	if acc.Seal != "" {
		facts["seal"] = acc.Seal
	}
	if fresh {
		return facts, tx.AddAccount(acc)
	}
	return facts, tx.SaveAccount(acc)
}
