package recheck

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/audit"
	"countersign/internal/payout"
)

// Documents are what people decided about, beside the history: contents, proposals, signatures. Everything is compared with what the events
// say of it. A missing row is a Finding; an error means that it could not be read.
type Documents interface {
	// Content is one version of a payout; ok false when there is none.
	Content(id string, version int) (c payout.Content, salt payout.Salt, ok bool, err error)
	// Proposal is one version of another subject; ok false when there is none.
	Proposal(kind, id string, version int) (p Proposal, ok bool, err error)
	// Signature is the passkey's answer that proves the n-th decision (from 1) on a version; ok false when there is none.
	Signature(kind, id string, version int, person string, n int) (s Signature, ok bool, err error)
}

// Proposal is the stored content of one version. Private may have been erased.
type Proposal struct {
	Doc, Private []byte
	Salt         payout.Salt
	Op           string
}

// Signature is what a passkey signed.
type Signature struct {
	Factor, Digest                                           string
	Nonce, Credential, PublicKey, AuthData, ClientData, Bits []byte
	ExpiresAt                                                time.Time
}

// Finding is one decision, or one deed that needed decisions, that could not have been.
type Finding struct {
	// Seq is the event.
	Seq int64
	// What says what does not hold, in English, with persons by their ids and never a personal value.
	What string
}

func (f Finding) String() string { return fmt.Sprintf("event %d: %s", f.Seq, f.What) }

// Report is what was looked at.
type Report struct {
	Decisions, Claims, Changes, Signatures int64
	// Erased claims are those of which the content was cleared: their digests and what lists, payees and first payments ask could not be computed anew.
	Erased   int64
	Findings []Finding
	// More: only the first findings are kept.
	More bool
}

// maxFindings bounds a report.
const maxFindings = 1000

// Checker follows a history. Not safe for many goroutines.
type Checker struct {
	docs        Documents
	report      Report
	people      map[string]*person
	payouts     map[string]*paying
	subjects    map[[2]string]*subject
	halts       map[string]*stop
	sets        map[int]*ruleSet
	set         *ruleSet // in force; nil before rule sets were written down
	limits      limits
	place       *payout.Place
	uses        map[string]int64
	said        map[string]int64 // approved by person and day, kopecks
	toAcc       map[string]int   // paid payouts by account
	toPayee     map[string]int
	payees      map[string][]payeeVersion // in force, oldest first
	proposed    map[string][]proposer     // of payees, by id
	holders     map[string][]string       // payees that ever had an account, by its number
	keys        map[string]*key
	nonces      map[string]string // what each answer of a passkey was used for
	signedLists map[string][]string
	lists       map[string][]listYes // approved as parts of lists of which the event has not come yet
	seq         int64
	submitted   bool   // a payout was: the founding is over
	payeeBarred bool   // the history is of a desk that knows: whoever made the payee of a payout does not rule on it
	laterBarred bool   // and: nor decides a later version of the payee
	coming      string // who was added, or got one more sign-in, by a proposal of which the end has not come yet
}

type vote struct {
	person, answer, digest, factor string
	at                             time.Time
	signed                         bool
	roles, groups                  []string // what the person was when giving it
}

type paying struct {
	state, digest, submitted string
	version, ruleSet         int
	minor                    int64
	makers, acks             []string
	payee, due, source       string
	payeeVer                 int
	at, sent                 time.Time // submitted; claimed last
	votes                    []vote
	confirmed, review, asked bool
	content                  payout.Content // of the version that was submitted last
	known                    bool           // the content is there and not erased
	counted                  []string       // the counters that it fills now
	paid                     bool
	claims                   int
	ruled                    int // the version of the last ruling that moved it
	returned                 int64
	why                      string
}

type subject struct {
	version  int
	by, op   string
	at       time.Time
	concerns []string
	digest   string
	effect   int64
	votes    []vote
	open     bool
	took     bool       // effect
	plan     personPlan // of a proposal about a person
}

type proposer struct {
	version int
	person  string
}

type payeeVersion struct {
	version  int
	at       time.Time
	groups   []string
	accounts [][2]string
	erased   bool
}

type stop struct {
	by     string
	barred bool
	votes  []vote
	on     bool
}

// New begins with an empty history.
func New(docs Documents) *Checker {
	return &Checker{docs: docs, people: map[string]*person{}, payouts: map[string]*paying{}, subjects: map[[2]string]*subject{}, halts: map[string]*stop{},
		sets: map[int]*ruleSet{}, uses: map[string]int64{}, said: map[string]int64{}, toAcc: map[string]int{}, toPayee: map[string]int{},
		payees: map[string][]payeeVersion{}, proposed: map[string][]proposer{}, holders: map[string][]string{}, keys: map[string]*key{},
		nonces: map[string]string{}, signedLists: map[string][]string{}, lists: map[string][]listYes{}}
}

// Report returns what was found so far.
func (c *Checker) Report() Report {
	r := c.report
	if len(c.lists) > 0 {
		r.Findings = append(slices.Clip(r.Findings), Finding{c.seq, "payouts were approved by a list that was never decided"})
	}
	if c.coming != "" {
		r.Findings = append(slices.Clip(r.Findings), Finding{c.seq, c.coming + cameUnended})
	}
	return r
}

func (c *Checker) found(format string, args ...any) {
	if len(c.report.Findings) == maxFindings {
		c.report.More = true
		return
	}
	c.report.Findings = append(c.report.Findings, Finding{c.seq, fmt.Sprintf(format, args...)})
}

type facts struct {
	From        string    `json:"from"`
	To          string    `json:"to"`
	Digest      string    `json:"digest"`
	Minor       *int64    `json:"amount_minor"`
	Acks        []string  `json:"acks"`
	RuleSet     int       `json:"rule_set"`
	Factor      string    `json:"factor"`
	Review      *bool     `json:"review"`
	Confirmed   *bool     `json:"confirmed"`
	Payee       string    `json:"payee"`
	PayeeVer    int       `json:"payee_version"`
	Due         string    `json:"due_date"`
	Entered     string    `json:"entered"`
	Doc         string    `json:"doc"`
	Op          string    `json:"op"`
	Base        int       `json:"base"`
	Concerns    []string  `json:"concerns"`
	EffectAt    int64     `json:"effect_at"`
	Verdict     int       `json:"verdict"`
	Environment string    `json:"environment"`
	Project     string    `json:"project"`
	Cause       string    `json:"cause"`
	Why         string    `json:"why"`
	Batch       string    `json:"batch"`
	Sum         int64     `json:"sum_minor"`
	Approved    int       `json:"approved"`
	HeldUntil   int64     `json:"held_until"`
	Roles       *string   `json:"roles"`
	Groups      *[]string `json:"groups"`
	Since       *int64    `json:"approver_since"`
	QuietFrom   *int64    `json:"quiet_from"`
	QuietUntil  *int64    `json:"quiet_until"`
	Capped      *int64    `json:"capped_until"`
	Suspended   *int64    `json:"suspended_at"`
	Account     string    `json:"account"`
	Secret      *string   `json:"secret"`
	Founding    *bool     `json:"founding"`
	Returned    *int64    `json:"returned_minor"`
	Enrolment   string    `json:"enrolment"`
	What        string    `json:"what"`
}

// Event takes the next event. Its error means that documents could not be read.
func (c *Checker) Event(e audit.Event) error {
	c.seq = e.Seq
	var f facts
	if err := json.Unmarshal(e.Payload, &f); err != nil {
		c.found("its payload cannot be read")
		return nil
	}
	if len(c.lists) > 0 && e.Kind != "batch" && e.Kind != "halt" && f.Batch == "" { // they stand together in one commit, in which at most a stop comes between
		c.found("payouts were approved by a list that was never decided")
		clear(c.lists)
	}
	if c.coming != "" && e.Kind != "halt" && (e.Subject != c.coming || e.Action != "account.added" && e.Action != "person.effective") { // in one commit too
		c.found("%s"+cameUnended, c.coming)
		c.coming = ""
	}
	switch e.Kind {
	case "payout":
		if !strings.HasPrefix(e.Action, "look.") {
			return c.payout(e, f)
		}
		return nil
	case "halt":
		c.halt(e, f)
		return nil
	case "batch":
		c.list(e, f)
		return nil
	case "payee", "rules", "person", "limits", "keys", "verdict", "match":
		if what, ok := strings.CutPrefix(e.Action, e.Kind+"."); ok {
			if err := c.subject(e, f, what); err != nil {
				return err
			}
			if what == "proposed" || e.Kind != "person" {
				return nil
			}
		}
	}
	if e.Kind == "person" {
		c.person(e, f)
	}
	return nil
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (c *Checker) halt(e audit.Event, f facts) {
	h := c.halts[e.Subject]
	switch e.Action {
	case "halt.on":
		c.halts[e.Subject] = &stop{by: e.Person, barred: f.Cause == "person", on: true}
	case "halt.back":
		if h != nil {
			h.votes = append(h.votes, vote{person: e.Person, answer: "back", at: e.At})
		}
	case "halt.release_asked", "halt.off":
		if h == nil || !h.on {
			c.found("a stop was released that was not in force")
			return
		}
		c.report.Decisions++
		h.votes = append(h.votes, vote{person: e.Person, answer: "yes", at: e.At})
		if e.Action != "halt.off" {
			return
		}
		h.on = false
		c.report.Changes++
		// Who came after it counts too, once their wait is over: else a desk whose people of then have gone could never send again.
		if n := c.count(h.votes, e.At, nil, "approver", "senior", "admin"); n < 2 || h.barred && c.count(h.votes, e.At, []string{h.by}, "approver", "senior", "admin") < 2 {
			c.found("sending was released by %d persons who may, two others than who stopped it are needed", n)
		}
	}
}

// count is how many different persons who may decide said yes, and said nothing else since.
func (c *Checker) count(votes []vote, now time.Time, barred []string, roles ...string) int {
	var ids []string
	for i, v := range votes {
		p := c.people[v.person]
		if v.answer != "yes" || slices.ContainsFunc(votes[i+1:], func(o vote) bool { return o.person == v.person && o.answer != "yes" }) || p == nil || p.suspended ||
			slices.Contains(barred, v.person) || slices.Contains(ids, v.person) || p.fresh(v.at) || !slices.ContainsFunc(roles, func(r string) bool { return has(p.roles, r) }) {
			continue
		}
		ids = append(ids, v.person)
	}
	return len(ids)
}

// early leaves out each yes of somebody who became one who decides only after a moment.
func (c *Checker) early(votes []vote, at time.Time) []vote {
	return slices.DeleteFunc(slices.Clone(votes), func(v vote) bool {
		p := c.people[v.person]
		return v.answer == "yes" && p != nil && p.since > at.UnixMicro()
	})
}

// deciders says who decides on a kind; the constants of design.md "Four eyes". One of them must.
func deciders(kind string) []string {
	if kind == "payee" || kind == "verdict" || kind == "match" {
		return []string{"approver", "senior"}
	}
	return []string{"admin", "senior"}
}

// quorum is how many of them must.
func quorum(kind string) int {
	if kind == "verdict" {
		return 2
	}
	return 1
}

func proposersOf(kind string) []string {
	if kind == "payee" || kind == "verdict" || kind == "match" {
		return []string{"maker"}
	}
	return []string{"admin"}
}

func (c *Checker) mayAs(id string, roles []string) bool {
	p := c.people[id]
	return p != nil && !p.suspended && slices.ContainsFunc(roles, func(r string) bool { return has(p.roles, r) })
}

func (c *Checker) subject(e audit.Event, f facts, what string) error {
	k := [2]string{e.Kind, e.Subject}
	s := c.subjects[k]
	switch what {
	case "proposed", "founded":
		if s != nil && s.open {
			c.found("a version of %s was proposed while another was open", e.Kind)
		}
		s = &subject{version: e.Version, by: e.Person, at: e.At, concerns: f.Concerns, digest: f.Digest, effect: f.EffectAt, op: f.Op, open: true}
		c.subjects[k] = s
		if f.Environment != "" && c.place == nil {
			c.place = &payout.Place{Environment: f.Environment, Project: f.Project}
		}
		if e.Kind == "payee" {
			c.payeeProposed(e, f)
		}
		if what == "founded" {
			s.open = false
			if c.set != nil || e.Person != "system" {
				c.found("the rules were founded twice, or by a person")
			}
			return c.inForce(e, f, s)
		}
		if e.Person == "system" {
			if e.Kind != "person" || e.SignIn != console {
				c.found("a %s was proposed by nobody", e.Kind)
			}
		} else if own := f.Op == opKey && e.Person == e.Subject; !own && !c.mayAs(e.Person, proposersOf(e.Kind)) { // everybody asks for their own passkey to be vouched for
			c.found("%s proposed a %s and may not", e.Person, e.Kind)
		}
		if s.effect != 0 {
			if why := c.notUnopposed(e, s); why != "" {
				c.found("a %s was proposed that takes effect by itself, %s", e.Kind, why)
			}
		}
		switch e.Kind {
		case "verdict":
			c.rulingProposed(e, f)
		case "person":
			if err := c.personProposed(e, s); err != nil {
				return err
			}
		}
		return c.digestOf(e, f)
	case "approved", "taken_back", "rejected", "withdrawn", "stopped", "expired", "effective":
	default:
		return nil
	}
	if s == nil || !s.open || s.version != e.Version {
		c.found("%s of a version of %s that is not open", what, e.Kind)
		return nil
	}
	if f.Digest != s.digest {
		c.found("%s of another content than was proposed", what)
	}
	switch what {
	case "approved", "taken_back", "rejected":
		c.report.Decisions++
		if what == "rejected" && !c.MayRefuse(e.Kind, e.Subject, e.Person) || what != "rejected" && !c.MayAccept(e.Kind, e.Subject, e.Person, e.At) {
			c.found("%s decided on a %s and may not", e.Person, e.Kind)
		}
		answer := map[string]string{"approved": "yes", "taken_back": "back", "rejected": "no"}[what]
		v := vote{person: e.Person, answer: answer, digest: f.Digest, factor: f.Factor, at: e.At}
		if e.Kind == "verdict" && strings.HasPrefix(f.Factor, signedFactor) {
			var err error
			if v.signed, err = c.signature(e.Kind, e.Subject, e.Version, len(s.votes)+1, v, ""); err != nil {
				return err
			}
		}
		s.votes = append(s.votes, v)
		s.open = what != "rejected"
	case "withdrawn", "stopped", "expired":
		s.open = false
		if what == "withdrawn" && e.Person != s.by {
			c.found("%s withdrew what somebody else proposed", e.Person)
		}
	case "effective":
		s.open, s.took = false, true
		c.report.Changes++
		byTime := e.Kind == "person" && s.effect != 0 && e.At.UnixMicro() >= s.effect && e.Person == "system"
		if !byTime && c.count(c.early(s.votes, s.at), e.At, append([]string{s.by}, s.concerns...), deciders(e.Kind)...) < quorum(e.Kind) {
			c.found("a %s took effect without the decision of anybody who may", e.Kind)
		}
		if p := c.payouts[e.Subject]; e.Kind == "verdict" && (p == nil || p.ruled != e.Version) {
			c.found("a ruling took effect and moved no payout")
		}
		return c.inForce(e, f, s)
	}
	return nil
}

// payeeProposed: whoever made an earlier version of a payee decides none of its later ones. Desks of before named them not.
func (c *Checker) payeeProposed(e audit.Event, f facts) {
	missing := false
	for _, x := range c.proposed[e.Subject] {
		named := slices.Contains(f.Concerns, x.person)
		c.laterBarred, missing = c.laterBarred || named, missing || !named && x.person != e.Person
	}
	if missing && c.laterBarred {
		c.found("a version of a payee was proposed that somebody who made an earlier one could decide")
	}
	c.proposed[e.Subject] = append(c.proposed[e.Subject], proposer{e.Version, e.Person})
}

// Open is the digest of the open version of a subject, "" for none, and who proposed it.
func (c *Checker) Open(kind, id string) (digest, by string) {
	if s := c.subjects[[2]string{kind, id}]; s != nil && s.open {
		return s.digest, s.by
	}
	return "", ""
}

// MayRefuse reports whether the person may end the open version of a subject with a no: anybody who decides on its kind, also who is new, but for its proposer and
// whom it concerns.
func (c *Checker) MayRefuse(kind, id, who string) bool {
	s := c.subjects[[2]string{kind, id}]
	return s != nil && s.open && c.mayAs(who, deciders(kind)) && who != s.by && !slices.Contains(s.concerns, who)
}

// MayAccept reports whether the person's yes to the open version of a subject counts now.
func (c *Checker) MayAccept(kind, id, who string, now time.Time) bool {
	s, p := c.subjects[[2]string{kind, id}], c.people[who]
	return c.MayRefuse(kind, id, who) && !p.quiet(now) && p.since <= s.at.UnixMicro() && !(s.effect == 0 && c.set != nil && s.at.Before(now.AddDate(0, 0, -c.set.ExpiryDays)))
}

// digestOf computes the digest of a proposal anew.
func (c *Checker) digestOf(e audit.Event, f facts) error {
	p, ok, err := c.docs.Proposal(e.Kind, e.Subject, e.Version)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(p.Doc)
	if !ok || hex.EncodeToString(sum[:]) != f.Doc || p.Op != f.Op {
		c.found("version %d of %s is gone or not what was proposed", e.Version, e.Kind)
		return nil
	}
	if c.place == nil {
		return nil
	}
	concerns := f.Concerns
	if concerns == nil {
		concerns = []string{}
	}
	b, err := json.Marshal(struct {
		Spec        string   `json:"spec"`
		Kind        string   `json:"kind"`
		Environment string   `json:"environment"`
		Project     string   `json:"project"`
		ID          string   `json:"id"`
		Version     int      `json:"version"`
		Op          string   `json:"op"`
		Doc         string   `json:"doc"`
		Concerns    []string `json:"concerns"`
		Base        int      `json:"base"`
	}{"subject/1", e.Kind, c.place.Environment, c.place.Project, e.Subject, e.Version, f.Op, f.Doc, concerns, f.Base})
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.Digest {
		c.found("version %d of %s is not what its digest says", e.Version, e.Kind)
	}
	return nil
}

// inForce takes over what a subject that took effect says.
func (c *Checker) inForce(e audit.Event, f facts, s *subject) error {
	if e.Kind != "rules" && e.Kind != "limits" && e.Kind != "payee" {
		return nil
	}
	p, ok, err := c.docs.Proposal(e.Kind, e.Subject, e.Version)
	if err != nil || !ok {
		return err // found when it was proposed
	}
	if e.Action == "rules.founded" {
		if err := c.digestOf(e, f); err != nil {
			return err
		}
	}
	switch e.Kind {
	case "rules":
		set := &ruleSet{}
		if err := json.Unmarshal(p.Doc, set); err != nil {
			c.found("the rules of version %d cannot be read", e.Version)
			return nil
		}
		c.sets[e.Version], c.set = set, set
	case "limits":
		c.limitsIn(p)
	case "payee":
		c.payeeIn(e, p)
	}
	return nil
}

func (c *Checker) limitsIn(p Proposal) {
	var l limits
	var values []string
	if json.Unmarshal(p.Doc, &l) != nil {
		c.found("the limits cannot be read")
		return
	}
	if len(p.Private) > 0 && (json.Unmarshal(p.Private, &values) != nil || len(values) != len(l.Lists)) {
		c.found("the lists cannot be read")
		return
	}
	for i := range l.Lists {
		value := ""
		if len(values) > 0 {
			value = values[i]
			if p.Salt.Commit(fmt.Sprintf("list-%d", i+1), value) != l.Lists[i].Value {
				c.found("entry %d of the lists is not what was agreed to", i+1)
			}
		}
		l.Lists[i].Value = value
	}
	c.limits = l
}

func (c *Checker) payeeIn(e audit.Event, p Proposal) {
	v := payeeVersion{version: e.Version, at: e.At, erased: len(p.Private) == 0}
	var doc struct {
		Groups   []string `json:"groups"`
		Accounts []struct {
			BIK    string `json:"bik"`
			Number string `json:"number"`
		} `json:"accounts"`
	}
	private := doc
	if json.Unmarshal(p.Doc, &doc) != nil || !v.erased && json.Unmarshal(p.Private, &private) != nil || !v.erased && len(doc.Accounts) != len(private.Accounts) {
		c.found("version %d of a payee cannot be read", e.Version)
		return
	}
	v.groups = doc.Groups
	for i, a := range private.Accounts {
		if p.Salt.Commit(fmt.Sprintf("account-%03d", i+1), a.Number) != doc.Accounts[i].Number || p.Salt.Commit(fmt.Sprintf("bik-%03d", i+1), a.BIK) != doc.Accounts[i].BIK {
			c.found("account %d of a payee is not what was agreed to", i+1)
		}
		v.accounts = append(v.accounts, [2]string{a.BIK, a.Number})
		if !slices.Contains(c.holders[a.Number], e.Subject) {
			c.holders[a.Number] = append(c.holders[a.Number], e.Subject)
		}
	}
	c.payees[e.Subject] = append(c.payees[e.Subject], v)
}

// changedAt is when this account took its place on a payee that was known before; zero when it was there from the beginning, or is not there.
func changedAt(versions []payeeVersion, bik, number string) time.Time {
	i := len(versions)
	for i > 0 && !versions[i-1].erased && slices.ContainsFunc(versions[i-1].accounts, func(a [2]string) bool { return a[1] == number && (bik == "" || a[0] == bik) }) {
		i--
	}
	if i == len(versions) {
		return time.Time{}
	}
	for _, v := range versions[:i] {
		if v.erased || len(v.accounts) > 0 {
			return versions[i].at
		}
	}
	return time.Time{}
}

func day(t time.Time) string { return t.Add(3 * time.Hour).UTC().Format(time.DateOnly) } // Moscow
