package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/payout"
)

// PersonState is what decides about a person as the history tells it: the columns of their row, times in microseconds UTC, 0 for never.
type PersonState struct {
	Roles, Groups                                 string // with commas between them
	Founding                                      bool
	Created, Suspended                            int64
	Version, Since, QuietFrom, QuietUntil, Capped int64
}

// Fold takes what an event about the person says: whichever event it is, the columns that it changes stand in it by their names.
func (p *PersonState) Fold(e audit.Event) error {
	var f struct {
		Roles       *string   `json:"roles"`
		Groups      *[]string `json:"groups"`
		Founding    *bool     `json:"founding"`
		Version     *int64    `json:"person_version"`
		Since       *int64    `json:"approver_since"`
		QuietFrom   *int64    `json:"quiet_from"`
		QuietUntil  *int64    `json:"quiet_until"`
		CappedUntil *int64    `json:"capped_until"`
		Suspended   *int64    `json:"suspended_at"`
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return fmt.Errorf("%w: event %d about a person cannot be read: %w", payout.ErrBroken, e.Seq, err)
	}
	if e.Action == "person.added" {
		*p = PersonState{Created: micro(e.At), Version: 1}
	}
	if f.Roles != nil {
		p.Roles = *f.Roles
	}
	if f.Groups != nil {
		p.Groups = strings.Join(*f.Groups, ",")
	}
	if f.Founding != nil {
		p.Founding = *f.Founding
	}
	for _, c := range []struct{ to, from *int64 }{{&p.Version, f.Version}, {&p.Since, f.Since}, {&p.QuietFrom, f.QuietFrom}, {&p.QuietUntil, f.QuietUntil},
		{&p.Capped, f.CappedUntil}, {&p.Suspended, f.Suspended}} {
		if c.from != nil {
			*c.to = *c.from
		}
	}
	if e.Action == "person.suspended" && f.Suspended == nil { // as the first version of the desk wrote it
		p.Suspended = micro(e.At)
	}
	return nil
}

// is reports whether a row says what the history says. The name decides nothing: `audit verify` proves it.
func (p PersonState) is(row auth.Person) bool {
	return p.Roles == auth.FormatRoles(row.Roles) && p.Groups == strings.Join(row.Groups, ",") && p.Founding == row.Founding && p.Suspended != 0 == row.Suspended &&
		p == PersonState{Roles: p.Roles, Groups: p.Groups, Founding: p.Founding, Suspended: p.Suspended, Created: micro(row.CreatedAt), Version: int64(row.Version),
			Since: micro(row.ApproverSince), QuietFrom: micro(row.QuietFrom), QuietUntil: micro(row.QuietUntil), Capped: micro(row.CappedUntil)}
}

// told is what the history says of people: how they stand, and which version of their rows of sign-in names and factors its newest event about them names. Those rows
// are sealed; the version shows an old one that was put back with its seal, and owned one that was taken out. Links have no seal: they are what their event says.
// Sign-ins are sealed and end by being taken out; signs and ends show one that was put back.
type told struct {
	people map[string]PersonState
	rows   map[string]int64           // by accountRow and factorRow
	owned  map[string]map[string]bool // by person, the same names: what they have and was not removed
	links  map[string]toldLink        // by hash
	signs  map[string]toldSignIn      // by signInName, as far as they were read
	ends   map[string]toldEnd         // by person: the newest event that ended their sign-ins
	stops  map[string]int64           // the newest event that stopped sending (halt.on) and the newest that let it go on (halt.off)
}

// toldLink is an enrolment link as its event tells it.
type toldLink struct {
	person, email, what, by string // email is the hash of the address
	at, expires             int64
	ended                   bool
}

// is reports whether a row that is open says what the history says.
func (l toldLink) is(e Enrolment) bool {
	return l == toldLink{person: e.Person, email: hash([]byte(e.Email)), what: e.What, by: e.MadeBy, at: micro(e.At), expires: micro(e.ExpiresAt)}
}

// toldSignIn is a sign-in as its events tell it: the event that began it, 0 for none, and whether it ended by itself.
type toldSignIn struct {
	began int64
	ended bool
}

// toldEnd is an event that ended every sign-in of a person but one.
type toldEnd struct {
	seq, at int64
	kept    string // its signInName, "" for none
}

// signInsKept is the fact of an event that ended a person's sign-ins: the name of the one that went on, "" for none.
const signInsKept = "signins_kept"

// signInName is how the history calls a sign-in.
func signInName(id string) string { return cut(id, 16) }

// over reports whether a sign-in of whom the history tells this ended.
func over(l auth.SignIn, x toldSignIn, end toldEnd) bool {
	switch {
	case x.ended:
		return true
	case end.seq == 0 || end.kept == signInName(l.ID):
		return false
	case x.began == 0: // made by a tool, or of an older desk
		return micro(l.CreatedAt) < end.at
	}
	return x.began < end.seq
}

func newTold() told {
	return told{people: map[string]PersonState{}, rows: map[string]int64{}, owned: map[string]map[string]bool{}, links: map[string]toldLink{}, signs: map[string]toldSignIn{},
		ends: map[string]toldEnd{}, stops: map[string]int64{}}
}

// have notes that a person has a row, or has it no more.
func (t told) have(person, row string, has bool, under *told) {
	mine, known := t.owned[person]
	if !known {
		mine = map[string]bool{}
		if under != nil {
			maps.Copy(mine, under.owned[person])
		}
		t.owned[person] = mine
	}
	if has {
		mine[row] = true
	} else {
		delete(mine, row)
	}
}

// end notes that links ended.
func (t told) end(hashes []string, under *told) {
	for _, h := range hashes {
		l, known := t.links[h]
		if !known && under != nil {
			l, known = under.links[h]
		}
		if known {
			l.ended = true
			t.links[h] = l
		}
	}
}

// take folds an event about a sign-in.
func (x toldSignIn) take(e audit.Event) toldSignIn {
	switch e.Action {
	case "signin.began":
		x.began = e.Seq
	case "signin.ended":
		x.ended = true
	}
	return x
}

// take folds one event; under is what was known before, nil for nothing.
func (t told) take(e audit.Event, under *told) error {
	switch e.Kind {
	case "halt":
		t.stops[e.Action] = e.Seq
		return nil
	case "signin":
		x, known := t.signs[e.Subject]
		if !known && under != nil {
			x = under.signs[e.Subject]
		}
		t.signs[e.Subject] = x.take(e)
		return nil
	}
	was, known := t.people[e.Subject]
	if !known && under != nil {
		was, known = under.people[e.Subject]
	}
	if known || e.Action == "person.added" { // what is proposed about somebody new comes before them
		if err := was.Fold(e); err != nil {
			return err
		}
		t.people[e.Subject] = was
	}
	var f struct {
		Account        string `json:"account"`
		AccountVersion int64  `json:"account_version"`
		Factor         string `json:"factor"`
		FactorVersion  int64  `json:"factor_version"`
		Removed        bool   `json:"removed"`
		// of links
		Link    string   `json:"enrolment"`
		What    string   `json:"what"`
		For     string   `json:"for"`
		Expires int64    `json:"expires_at"`
		Ended   []string `json:"ended"`
		// of sign-ins
		Kept *string `json:"signins_kept"`
	}
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		return nil // of another form: about no such row
	}
	if f.Account != "" {
		t.rows["account/"+f.Account] = f.AccountVersion
		t.have(e.Subject, "account/"+f.Account, true, under)
	}
	if f.Factor != "" && f.FactorVersion > 0 {
		t.rows[factorRow(f.Factor)] = f.FactorVersion
		t.have(e.Subject, factorRow(f.Factor), !f.Removed, under)
	}
	switch e.Action {
	case "enrolment.made":
		t.end(f.Ended, under)
		t.links[f.Link] = toldLink{person: e.Subject, email: f.For, what: f.What, by: e.Person, at: micro(e.At), expires: f.Expires}
	case "enrolment.used":
		t.end([]string{f.Link}, under)
	case "enrolment.ended":
		t.end(f.Ended, under)
	case "person.suspended", "account.reset":
		t.ends[e.Subject] = toldEnd{seq: e.Seq, at: micro(e.At)}
	}
	if f.Kept != nil {
		t.ends[e.Subject] = toldEnd{seq: e.Seq, at: micro(e.At), kept: *f.Kept}
	}
	return nil
}

// memory keeps what the history says of people up to one committed event, so that each event is read and proved once a process. The zero memory knows nothing.
type memory struct {
	mu   sync.Mutex
	upTo int64
	told
}

// signsKept bounds how many sign-ins are remembered; the others are looked up in the history, each by its name.
const signsKept = 20_000

// over reports whether what is remembered says that a sign-in ended. It may know nothing of it: known is false.
func (m *memory) over(l auth.SignIn) (ended, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, known := m.signs[signInName(l.ID)]
	return over(l, x, m.ends[l.Person]), known
}

// learn remembers a sign-in from before what was read. Only the writer calls it.
func (m *memory) learn(name string, x toldSignIn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.signs) <= signsKept {
		m.signs[name] = x
	}
}

// view is the memory with what was written since in the transaction under way, which may yet come to nothing.
type view struct{ base, fresh told }

// remember reads what is new about people in this transaction. It fails with payout.ErrBroken when an event is not the one that the signed history holds.
func (m *memory) remember(tx Tx) (*view, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.people == nil {
		m.told = newTold()
	}
	events, committed, err := tx.PersonEvents(m.upTo)
	if err != nil {
		return nil, err
	}
	kept, v := newTold(), &view{m.told, newTold()}
	n := 0
	for ; n < len(events) && events[n].Seq <= committed; n++ {
		if err := kept.take(events[n], &m.told); err != nil {
			return nil, err // all of them are kept, or none: what was half read would be believed
		}
	}
	if len(m.signs) > signsKept {
		clear(m.signs) // each is looked up again
	}
	maps.Copy(m.people, kept.people)
	maps.Copy(m.rows, kept.rows)
	maps.Copy(m.owned, kept.owned)
	maps.Copy(m.links, kept.links)
	maps.Copy(m.signs, kept.signs)
	maps.Copy(m.ends, kept.ends)
	maps.Copy(m.stops, kept.stops)
	m.upTo = max(m.upTo, committed)
	for _, e := range events[n:] {
		if err := v.fresh.take(e, &m.told); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *view) person(id string) (PersonState, bool) {
	if p, ok := v.fresh.people[id]; ok {
		return p, true
	}
	p, ok := v.base.people[id]
	return p, ok
}

// row is the newest version of a sealed row that an event names, 0 when none does.
func (v *view) row(name string) int64 {
	if n, ok := v.fresh.rows[name]; ok {
		return n
	}
	return v.base.rows[name]
}

// link is what the history says of an enrolment link.
func (v *view) link(hash string) (toldLink, bool) {
	if l, ok := v.fresh.links[hash]; ok {
		return l, true
	}
	l, ok := v.base.links[hash]
	return l, ok
}

// openLinks lists the links of a person that did not end.
func (v *view) openLinks(person string) (out []string) {
	for _, t := range []told{v.base, v.fresh} {
		for hash := range t.links {
			if l, _ := v.link(hash); l.person == person && !l.ended {
				out = append(out, hash)
			}
		}
	}
	return out
}

// owned are the rows that a person has.
func (v *view) owned(person string) map[string]bool {
	if mine, ok := v.fresh.owned[person]; ok {
		return mine
	}
	return v.base.owned[person]
}

func (v *view) signIn(name string) (toldSignIn, bool) {
	if x, ok := v.fresh.signs[name]; ok {
		return x, true
	}
	x, ok := v.base.signs[name]
	return x, ok
}

// end is the newest event that ended the sign-ins of a person.
func (v *view) end(person string) toldEnd {
	if e, ok := v.fresh.ends[person]; ok {
		return e
	}
	return v.base.ends[person]
}

// stopped reports whether sending is stopped: the newest stop was not released.
func (v *view) stopped() bool {
	newest := func(action string) int64 { return max(v.base.stops[action], v.fresh.stops[action]) }
	return newest("halt.on") > newest("halt.off")
}

func personRow(id string) string { return "person/" + id }

// told is what the history says of people, read once a transaction.
func (s *sealed) told() (*view, error) {
	if s.view != nil {
		return s.view, nil
	}
	v, err := s.a.memory.remember(s.Tx)
	if errors.Is(err, payout.ErrBroken) {
		s.a.Log.Error("an event about a person is not the one that was written", "error", err)
		return nil, s.a.altered("event")
	}
	if err != nil {
		return nil, err
	}
	s.view = v
	return v, nil
}

// wrote notes that this transaction itself wrote a person's row: its event follows in the same commit.
func (s *sealed) wrote(person string) {
	if s.own == nil {
		s.own = map[string]bool{}
	}
	s.own[person] = true
}

// believed refuses people whose rows are not what the history says, and stops sending: somebody gave them roles, groups or time past the desk.
func (s *sealed) believed(people ...auth.Person) error {
	v, err := s.told()
	if err != nil {
		return err
	}
	for _, p := range people {
		if want, known := v.person(p.ID); !s.own[p.ID] && !(known && want.is(p)) {
			return s.a.altered(personRow(p.ID))
		}
	}
	return nil
}

// newest refuses an old version of a sealed row that was put back with its seal.
func (s *sealed) newest(row string, version int64) error {
	v, err := s.told()
	if err != nil {
		return err
	}
	if version < v.row(row) {
		return s.a.altered(row)
	}
	return nil
}

// whole refuses a person's rows when one of them, of this kind, was taken out: the others decide less without it.
func (s *sealed) whole(person, kind string, there map[string]bool) error {
	v, err := s.told()
	if err != nil {
		return err
	}
	for row := range v.owned(person) {
		if strings.HasPrefix(row, kind) && !there[row] && !s.gone[row] {
			return s.a.altered(row)
		}
	}
	return nil
}

// stillIn refuses a sign-in that ended and was put back.
func (s *sealed) stillIn(l auth.SignIn) error {
	if s.own[l.ID] {
		return nil // its event follows in the same commit
	}
	v, err := s.told()
	if err != nil {
		return err
	}
	name := signInName(l.ID)
	x, known := v.signIn(name)
	if !known { // began before this process
		events, err := s.EventsOf("signin", name)
		if err != nil {
			return err
		}
		for _, e := range events {
			x = x.take(e)
			known = e.Seq <= s.a.memory.upTo
		}
		if known {
			s.a.memory.learn(name, x)
		}
	}
	if over(l, x, v.end(l.Person)) {
		return s.a.altered(loginRow(l.ID))
	}
	return nil
}

// Halt is the stop that stands. One that was taken out, or released by a row alone, is set again.
func (s *sealed) Halt() (HaltRow, bool, error) {
	h, on, err := s.Tx.Halt()
	if err != nil || on || s.released {
		return h, on, err
	}
	v, err := s.told()
	if x := new(aftermath); errors.As(err, &x) { // the history itself was rewritten: that stops sending, and nothing else
		err = x.do(s)
	} else if err == nil && v.stopped() {
		err = s.a.alarmRow(s, "halt")
	} else {
		return HaltRow{}, false, err
	}
	if err != nil {
		return HaltRow{}, false, err
	}
	return s.Tx.Halt()
}

func (s *sealed) Release(id int64, at time.Time) error {
	s.released = true // its event follows in the same commit
	return s.Tx.Release(id, at)
}

func (s *sealed) Person(id string) (auth.Person, error) {
	p, err := s.Tx.Person(id)
	if err == nil {
		err = s.believed(p)
	}
	if err != nil {
		return auth.Person{}, err
	}
	return p, nil
}

func (s *sealed) People() ([]auth.Person, error) {
	all, err := s.Tx.People()
	if err == nil {
		err = s.believed(all...)
	}
	if err != nil {
		return nil, err
	}
	rows := make(map[string]bool, len(all))
	for _, p := range all {
		rows[p.ID] = true
	}
	for _, told := range []told{s.view.base, s.view.fresh} {
		for id := range told.people {
			if !rows[id] { // nobody is ever taken out: their groups decide about what they made
				return nil, s.a.altered(personRow(id))
			}
		}
	}
	return all, nil
}

// Signers are the people, each of them believed: who approved, and who could.
func (s *sealed) Signers() ([]approval.Signer, error) {
	all, err := s.People()
	return SignersOf(all), err
}

// SignersOf are people as counting sees them.
func SignersOf(people []auth.Person) []approval.Signer {
	out := make([]approval.Signer, len(people))
	for i, p := range people {
		out[i] = approval.Signer{ID: p.ID, Name: p.Name, Version: p.Version, Standing: !p.Suspended, Groups: p.Groups, Since: p.ApproverSince, QuietFrom: p.QuietFrom, QuietUntil: p.QuietUntil,
			CappedUntil: p.CappedUntil}
		for _, r := range p.Roles {
			out[i].Roles = append(out[i].Roles, approval.Role(r))
		}
	}
	return out
}

func (s *sealed) AddPerson(p auth.Person) error {
	s.wrote(p.ID)
	return s.Tx.AddPerson(p)
}

// SavePerson writes over nothing but a row that is believed.
func (s *sealed) SavePerson(p auth.Person, suspendedAt time.Time) error {
	if _, err := s.Person(p.ID); err != nil {
		return err
	}
	s.wrote(p.ID)
	return s.Tx.SavePerson(p, suspendedAt)
}

func (s *sealed) SetSuspended(person string, at time.Time) error {
	if _, err := s.Person(person); err != nil {
		return err
	}
	s.wrote(person)
	return s.Tx.SetSuspended(person, at)
}
