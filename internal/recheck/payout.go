package recheck

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/audit"
	"countersign/internal/payout"
)

// payout follows one payout by one event.
func (c *Checker) payout(e audit.Event, f facts) error {
	p := c.payouts[e.Subject]
	if p == nil {
		p = &paying{}
		c.payouts[e.Subject] = p
	}
	if e.Action == payout.ActChangesAsked || e.Action == payout.ActRejected {
		c.report.Decisions++
		if !c.mayAs(e.Person, []string{"approver", "senior"}) || slices.Contains(p.makers, e.Person) {
			c.found("%s decided on a payout and may not", e.Person)
		}
	}
	if e.Version != p.version {
		p.version, p.votes, p.submitted, p.known = e.Version, nil, "", false
		p.payee, p.payeeVer, p.due = f.Payee, f.PayeeVer, f.Due
		if f.Entered != "" {
			p.source = f.Entered
		}
	}
	if f.Minor != nil {
		p.minor = *f.Minor
	}
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActSubmitted:
		if !slices.Contains(p.makers, e.Person) {
			p.makers = append(p.makers, e.Person)
		}
		if !c.mayAs(e.Person, []string{"maker"}) {
			c.found("%s is no maker and made or submitted a payout", e.Person)
		}
	}
	if f.Verdict > 0 {
		c.ruled(e, f, p)
	}
	var err error
	switch e.Action {
	case payout.ActSubmitted:
		c.submitted = true
		if c.set != nil && c.sets[f.RuleSet] != c.set {
			c.found("it was submitted under rules %d, which were not in force", f.RuleSet)
		}
		p.submitted, p.ruleSet, p.acks, p.at, p.votes = f.Digest, f.RuleSet, f.Acks, e.At, nil
		err = c.digest(e.Subject, p)
	case payout.ActApproved:
		err = c.approved(e, f, p)
	case payout.ActTakenBack:
		c.report.Decisions++
		c.takenBack(e, p)
	case payout.ActCameBack:
		err = c.cameBack(e, p)
	case payout.ActHeld:
		c.held(e, f, p)
	case payout.ActClaimed:
		p.sent = e.At
		p.claims++
		err = c.claimed(e, f, p)
	}
	if err != nil {
		return err
	}
	if f.Confirmed != nil {
		p.confirmed = *f.Confirmed
	}
	if f.Returned != nil {
		p.returned = *f.Returned
	}
	if f.Review != nil || e.Action == payout.ActRestored {
		p.why = f.Why
	}
	if f.Review != nil { // evidence spoke: the bank was asked
		p.review, p.asked = *f.Review, true
	}
	p.state, p.digest = f.To, f.Digest
	return c.room(e.Subject, p)
}

// load reads the content of the present version, once.
func (c *Checker) load(id string, p *paying) (salt payout.Salt, err error) {
	content, salt, ok, err := c.docs.Content(id, p.version)
	if err != nil {
		return salt, err
	}
	if !ok {
		c.found("version %d of a payout is gone", p.version)
	}
	p.content, p.known = content, ok && !content.Erased()
	return salt, nil
}

// digest computes what was submitted anew.
func (c *Checker) digest(id string, p *paying) error {
	salt, err := c.load(id, p)
	if err != nil || !p.known {
		return err
	}
	x := p.content
	if x.Amount.Minor != p.minor || x.PayeeID != p.payee || x.PayeeVer != p.payeeVer || x.DueDate != p.due {
		c.found("the stored content is not what was submitted")
	}
	if c.place != nil && string(payout.DigestOf(*c.place, payout.ID(id), p.version, x, salt, p.acks)) != p.submitted {
		c.found("the submitted content is not what its digest says")
	}
	return nil
}

func (c *Checker) takenBack(e audit.Event, p *paying) {
	if !c.mayAs(e.Person, []string{"approver", "senior"}) || slices.Contains(p.makers, e.Person) {
		c.found("%s took back an approval and may not decide", e.Person)
	}
	said, ok := e.At, false
	for _, v := range p.votes {
		if v.person == e.Person {
			said, ok = v.at, v.answer == "yes"
		}
	}
	if !ok {
		c.found("%s took back what they had not said", e.Person)
	}
	if c.set != nil {
		c.said[e.Person+" "+day(said)] -= p.minor
	}
	p.votes = append(p.votes, vote{person: e.Person, answer: "back", digest: p.submitted, at: e.At})
}

func (c *Checker) approved(e audit.Event, f facts, p *paying) error {
	c.report.Decisions++
	if f.Digest == "" || f.Digest != p.submitted {
		c.found("%s approved another content than was submitted", e.Person)
	}
	answer, why, err := c.Approve(e.Subject, e.Person, e.At)
	if err != nil {
		return err
	}
	if answer != May {
		c.found("%s approved and could not: %s", e.Person, why)
	}
	v := vote{person: e.Person, answer: "yes", digest: f.Digest, factor: f.Factor, at: e.At}
	if who := c.people[e.Person]; who != nil {
		v.roles, v.groups = who.roles, who.groups
	}
	n := 1 + len(p.votes)
	if strings.HasPrefix(f.Factor, signedFactor) {
		if v.signed, err = c.signature(e.Kind, e.Subject, p.version, n, v, f.Batch); err != nil {
			return err
		}
	}
	p.votes = append(p.votes, v)
	if c.set != nil {
		c.said[e.Person+" "+day(e.At)] += p.minor
	}
	if f.Batch != "" {
		c.lists[f.Batch] = append(c.lists[f.Batch], listYes{e.Person, e.At, p.minor, p.ruleSet, v.signed, v.factor != "password", payout.State(f.To) == payout.Approved, c.stand(p, e.At)})
	}
	return nil
}

// standing is how a payout stands before the rules at one moment.
type standing struct {
	plans   []plan
	blocked bool
	hard    bool
	sign    bool
	code    bool // a press on the button alone does not do
	barred  []string
	moved   bool // another version of its payee is in force
	until   time.Time
	due     bool // its day has not come
	said    []voter
	names   []string
}

// Draft is a payout that was not submitted yet.
type Draft struct {
	Minor             int64
	Makers            []string
	Payee             string
	PayeeVersion      int
	BIK, Account, INN string
	Source, Due       string
}

func (c *Checker) stand(p *paying, now time.Time) standing {
	var st standing
	sets := []*ruleSet{c.set}
	if c.set == nil {
		sets[0] = &before
	} else if old := c.sets[p.ruleSet]; p.ruleSet != 0 && old == nil {
		c.found("it was submitted under rules %d, which never were in force", p.ruleSet)
	} else if old != nil && old != c.set {
		sets = append(sets, old)
	}
	st.barred = slices.Clone(p.makers)
	m := c.measure(p, now, &st)
	for _, s := range sets {
		plans, blocked := s.plans(&m)
		st.plans, st.blocked = append(st.plans, plans...), st.blocked || blocked
		st.sign = st.sign || s.SignAboveMinor > 0 && p.minor > s.SignAboveMinor
		st.code = st.code || s.StepUpAboveMinor > 0 && p.minor > s.StepUpAboveMinor
		if s.CoolOffMinutes > 0 && !m.changed.IsZero() && p.minor > s.CoolOffOverMinor {
			if until := m.changed.Add(time.Duration(s.CoolOffMinutes) * time.Minute); until.After(now) && until.After(st.until) {
				st.until = until
			}
		}
	}
	st.plans = needed(st.plans)
	soft := false
	for _, x := range []struct {
		b    bound
		used int64
	}{{c.limits.Payout, 0}, {c.limits.MakerDay, m.usedMaker}, {c.limits.PayeeMonth, m.usedPayee}, {c.limits.CompanyDay, m.usedC}} {
		over := func(limit int64) bool { return limit > 0 && max(x.used, 0)+p.minor > limit }
		switch {
		case over(x.b.HardMinor):
			st.hard = true
		case over(x.b.SoftMinor):
			soft = true
		}
	}
	if soft {
		for i := range st.plans {
			st.plans[i].steps = append(slices.Clone(st.plans[i].steps), step{Count: 1, Roles: []string{"approver", "senior"}})
		}
	}
	st.blocked = st.blocked || c.stopped(p, now)
	st.due = p.due > day(now)
	for i, v := range p.votes {
		if v.answer != "yes" || v.digest != p.submitted || slices.ContainsFunc(p.votes[i+1:], func(o vote) bool { return o.person == v.person && o.answer != "yes" }) {
			continue
		}
		who := c.people[v.person]
		if who == nil || who.fresh(v.at) || c.bars(v.person, p, &st) != "" || st.sign && !v.signed || st.code && v.factor == "password" {
			continue
		}
		st.said = append(st.said, v.still(who))
	}
	return st
}

// more reports whether somebody who said yes is by now what a plan that is not done asks for, and was not in anything they said.
func (st *standing) more(now voter) bool {
	for i := range st.plans {
		p := &st.plans[i]
		if p.filled(st.said) < len(p.seats()) && slices.ContainsFunc(p.steps, func(s step) bool {
			return s.takes(&now) && !slices.ContainsFunc(st.said, func(v voter) bool { return v.id == now.id && s.takes(&v) })
		}) {
			return true
		}
	}
	return false
}

// still is the voter as what they were when they gave it and are to this day.
func (v *vote) still(now *person) voter {
	out := voter{id: v.person}
	for _, r := range []string{"approver", "senior", "admin"} {
		if has(v.roles, r) && has(now.roles, r) {
			out.roles = append(out.roles, r)
		}
	}
	for _, g := range now.groups {
		if slices.Contains(v.groups, g) {
			out.groups = append(out.groups, g)
		}
	}
	return out
}

// bars says what keeps the person from deciding on the payout at all; "" for nothing.
func (c *Checker) bars(id string, p *paying, st *standing) string {
	who := c.people[id]
	switch {
	case who == nil:
		return "nobody knows them"
	case slices.Contains(st.barred, id):
		return "they made it"
	case !has(who.roles, "approver"):
		return "they are no approver"
	case who.suspended:
		return "they are suspended"
	case !p.at.IsZero() && who.since > p.at.UnixMicro():
		return "they became an approver later"
	case c.limits.ceiling(id) > 0 && p.minor > c.limits.ceiling(id):
		return "it is above what they may approve"
	}
	return ""
}

func (c *Checker) measure(p *paying, now time.Time, st *standing) measured {
	m := measured{minor: p.minor, payee: p.payee, source: p.source, makers: p.makers, now: now}
	for _, id := range p.makers {
		if who := c.people[id]; who != nil {
			m.makerGroups = append(m.makerGroups, who.groups...)
		}
	}
	if p.payee != "" {
		if vs := c.payees[p.payee]; len(vs) > 0 {
			last := vs[len(vs)-1]
			m.payeeGroups, st.moved = last.groups, last.version != p.payeeVer
			m.changed = changedAt(vs, p.content.BIK, p.content.Account)
			for _, m := range c.payeeMakers(p) {
				if !slices.Contains(st.barred, m) {
					st.barred = append(st.barred, m)
				}
			}
		} else {
			st.moved = true
		}
	}
	if p.payee == "" {
		m.first = p.known && c.toAcc[p.content.Account] == 0
	} else {
		m.first = c.toPayee[p.payee] == 0
	}
	d := max(day(now), p.due)
	st.names = names(p, d)
	add := func(name string) (used, with int64) { used = c.uses[name]; return used, used + p.minor }
	m.usedC, m.companyDay = add("company " + d)
	_, m.companyMonth = add("company " + d[:7])
	for _, key := range payeeKeys(p) {
		_, with := add("payee " + key + " " + d)
		m.payeeDay = max(m.payeeDay, with)
		used, with := add("payee " + key + " " + d[:7])
		m.usedPayee, m.payeeMonth = max(m.usedPayee, used), max(m.payeeMonth, with)
	}
	if p.known {
		for _, id := range append(slices.Clip(c.holders[p.content.Account]), p.payee) {
			vs := c.payees[id]
			if len(vs) == 0 {
				continue
			}
			got := vs[len(vs)-1].accounts
			if id != p.payee && !slices.ContainsFunc(got, func(a [2]string) bool { return a[1] == p.content.Account }) {
				continue
			}
			today, month := c.gotBy(id, got, d), c.gotBy(id, got, d[:7])
			m.usedPayee, m.payeeDay, m.payeeMonth = max(m.usedPayee, month), max(m.payeeDay, today+p.minor), max(m.payeeMonth, month+p.minor)
		}
	}
	m.makerDay, m.makerMonth = p.minor, p.minor
	for _, id := range p.makers {
		used, with := add("maker " + id + " " + d)
		m.usedMaker, m.makerDay = max(m.usedMaker, used), max(m.makerDay, with)
		_, with = add("maker " + id + " " + d[:7])
		m.makerMonth = max(m.makerMonth, with)
	}
	return m
}

// gotBy is what a saved payee got in a day or month: under its name, or on the accounts that it has now, whichever is more.
func (c *Checker) gotBy(payee string, accounts [][2]string, period string) int64 {
	var sum int64
	for i, a := range accounts {
		if !slices.ContainsFunc(accounts[:i], func(b [2]string) bool { return a[1] == b[1] }) {
			sum += c.uses["payee account "+a[1]+" "+period]
		}
	}
	return max(sum, c.uses["payee "+payee+" "+period])
}

// payeeKeys are whom a payout goes to: the saved payee, and the account, however it was named.
func payeeKeys(p *paying) []string {
	if p.payee != "" {
		return []string{p.payee, "account " + p.content.Account}
	}
	return []string{"account " + p.content.Account}
}

// names are the counters that a payout fills on a Moscow day.
func names(p *paying, d string) []string {
	out := []string{"company " + d, "company " + d[:7]}
	for _, key := range payeeKeys(p) {
		out = append(out, "payee "+key+" "+d, "payee "+key+" "+d[:7])
	}
	for _, id := range p.makers {
		out = append(out, "maker "+id+" "+d, "maker "+id+" "+d[:7])
	}
	return out
}

// stopped reports whether the lists stop where it goes. An entry for a payee is one for its accounts: a block for all that it ever had, whoever names them, an
// allowance for those that it has.
func (c *Checker) stopped(p *paying, now time.Time) bool {
	if len(c.limits.Lists) == 0 || !p.known {
		return false
	}
	value := map[string]string{"account": p.content.Account, "bik": p.content.BIK, "inn": p.content.INN, "payee": p.payee}
	allow, mine := map[string]bool{}, map[string]bool{}
	for _, e := range c.limits.Lists {
		if e.Until != "" && day(now) > e.Until {
			continue
		}
		hit := e.Value != "" && (e.Value == value[e.What] || e.What == "payee" && c.owns(e.Value, p.content.BIK, p.content.Account, e.List == "block"))
		if e.List == "block" && hit {
			return true
		}
		if e.List == "allow" {
			allow[e.What], mine[e.What] = true, mine[e.What] || hit
		}
	}
	for what := range allow {
		if !mine[what] {
			return true
		}
	}
	return false
}

// owns reports whether a payee has the account, or for ever: had its number in any version that was in force.
func (c *Checker) owns(id, bik, number string, ever bool) bool {
	vs := c.payees[id]
	for i, v := range vs {
		for _, a := range v.accounts {
			if a[1] == number && (ever || a[0] == bik && i == len(vs)-1) {
				return true
			}
		}
	}
	return false
}

// room keeps the counters of limits and of what was paid, as the payout stands after an event.
func (c *Checker) room(id string, p *paying) error {
	sent := payout.State(p.state).Sent()
	holds := sent && !p.sent.IsZero() && !(payout.State(p.state) == payout.Failed && p.confirmed && !p.review)
	paid := payout.State(p.state) == payout.Succeeded
	if holds == (p.counted != nil) && paid == p.paid {
		return nil
	}
	if !p.known && (holds || paid) {
		if _, err := c.load(id, p); err != nil {
			return err
		}
	}
	if holds != (p.counted != nil) {
		sign := int64(1)
		if !holds {
			sign = -1
		} else {
			p.counted = names(p, day(p.sent))
		}
		for _, n := range p.counted {
			c.uses[n] += sign * p.minor
		}
		if !holds {
			p.counted = nil
		}
	}
	if paid != p.paid {
		n := 1
		if !paid {
			n = -1
		}
		if p.paid = paid; p.content.Account != "" {
			c.toAcc[p.content.Account] += n
		}
		if p.payee != "" {
			c.toPayee[p.payee] += n
		}
	}
	return nil
}

// met reports whether what was said suffices.
func (st *standing) met() bool {
	if st.blocked || len(st.said) == 0 {
		return false
	}
	for i := range st.plans {
		if st.plans[i].filled(st.said) < len(st.plans[i].seats()) {
			return false
		}
	}
	return true
}

func (st *standing) describe() string {
	asked := 0
	for i := range st.plans {
		asked = max(asked, len(st.plans[i].seats()))
	}
	if st.blocked {
		return "a rule or list lets nobody"
	}
	return fmt.Sprintf("%d approvals count, %d are needed at least", len(st.said), asked)
}

func (c *Checker) claimed(e audit.Event, f facts, p *paying) error {
	c.report.Claims++
	for _, h := range c.halts {
		if h.on {
			c.found("it was sent while sending was stopped")
		}
	}
	if f.Digest == "" || f.Digest != p.submitted {
		c.found("what was sent is not what was submitted")
	}
	if err := c.digest(e.Subject, p); err != nil {
		return err
	}
	if !p.known {
		c.report.Erased++
	}
	c.replaces(p)
	st := c.stand(p, e.At)
	switch {
	case p.minor <= 0:
		c.found("%d kopecks were sent", p.minor)
	case !st.met():
		c.found("a payout of %d kopecks was sent without its approvals: %s", p.minor, st.describe())
	case st.moved:
		c.found("it was sent although its payee had changed")
	case st.hard:
		c.found("it was sent over a hard limit")
	case !p.asked && c.tooOld(p, e.At):
		c.found("it was sent although its approval had expired")
	case st.due:
		c.found("it was sent before its day")
	case !st.until.IsZero():
		c.found("it was sent within the waiting period after its payee's account was changed")
	}
	return nil
}

// maxChain bounds how many replacements of replacements are followed.
const maxChain = 50

// replaces: what pays again leaves only while the failure of what it replaces is confirmed, or that came back, and for no more; and nothing before it in the chain may have
// been paid after all.
func (c *Checker) replaces(p *paying) {
	minor := p.minor
	for range maxChain {
		if !p.known || p.content.Replaces == "" {
			return
		}
		old := c.payouts[string(p.content.Replaces)]
		if old == nil {
			c.found("it replaces a payout that nobody made")
			return
		}
		most, state := old.minor, payout.State(old.state)
		if state == payout.Succeeded || state == payout.Returned {
			most = old.returned
		}
		lost := state == payout.Cancelled && old.why == payout.WhyRestored
		switch {
		case old.review || !lost && !(old.confirmed && (state == payout.Failed || most > 0 && (state == payout.Succeeded || state == payout.Returned))):
			c.found("it was sent although what it replaces is %s and may have been paid", old.state)
		case minor > most:
			c.found("it pays %d kopecks again, of %d that were not paid", minor, most)
		}
		p, minor = old, 0
	}
}

// tooOld reports that a payout has waited for longer than the rules in force say: from its submission, or from the end of its due day if that is later.
func (c *Checker) tooOld(p *paying, now time.Time) bool {
	if c.set == nil {
		return false
	}
	ends := p.at.AddDate(0, 0, c.set.ExpiryDays)
	if due, err := time.Parse(time.DateOnly, p.due); err == nil {
		if later := due.AddDate(0, 0, c.set.ExpiryDays+1).Add(-3 * time.Hour); later.After(ends) { // midnight in Moscow
			ends = later
		}
	}
	return !now.Before(ends)
}

// cameBack: approvals that suffice are not taken away.
func (c *Checker) cameBack(e audit.Event, p *paying) error {
	if st := c.stand(p, e.At); st.met() {
		c.found("it came back although its approvals suffice")
	}
	return nil
}

// held: nothing waits without its reason.
func (c *Checker) held(e audit.Event, f facts, p *paying) {
	st := c.stand(p, e.At)
	switch {
	case f.HeldUntil == 0:
	case (f.Why == "limit" || f.Why == "above") && !st.hard, f.Why == "cooloff" && st.until.IsZero(), f.Why == "date" && !st.due:
		c.found("it waits for %s, which does not hold it", f.Why)
	case f.HeldUntil <= e.At.UnixMicro():
		c.found("it waits until a moment that is over")
	}
}

// Answer is what a person may do.
type Answer string

// A person may; has done it already, so that doing it again changes nothing; or may not.
const (
	May     Answer = "may"
	Already Answer = "already"
	No      Answer = "no"
)

// Approve says whether the person may approve a payout as it was submitted, and why not.
func (c *Checker) Approve(id, who string, now time.Time) (Answer, string, error) {
	p := c.payouts[id]
	if p == nil || p.submitted == "" {
		return No, "it is not submitted", nil
	}
	st := c.stand(p, now)
	if why := c.bars(who, p, &st); why == "they are suspended" || why == "they made it" || why == "they are no approver" || why == "nobody knows them" {
		return No, why, nil
	}
	missing := func(said []voter) int {
		n := 0
		for i := range st.plans {
			n += len(st.plans[i].seats()) - st.plans[i].filled(said)
		}
		return n
	}
	person := c.people[who]
	stands := slices.ContainsFunc(st.said, func(v voter) bool { return v.id == who })
	gains := missing(append(slices.Clip(st.said), voter{who, person.roles, person.groups})) < missing(st.said) || stands && st.more(voter{who, person.roles, person.groups})
	if state := payout.State(p.state); stands && (st.met() || !gains) && (state == payout.PendingApproval || state == payout.Approved || state.Sent()) {
		return Already, "", nil
	}
	switch {
	case payout.State(p.state) != payout.PendingApproval:
		return No, "it is not waiting for approval", nil
	case c.bars(who, p, &st) != "":
		return No, c.bars(who, p, &st), nil
	case c.tooOld(p, now):
		return No, "its time is over", nil
	case person.quiet(now):
		return No, "their approvals do not count yet", nil
	case st.blocked:
		return No, "a rule or list lets nobody", nil
	case st.met():
		return No, "it has all that it needs", nil
	case !gains:
		return No, "what is missing they cannot be", nil
	}
	if c.set != nil {
		if limit := c.set.Newcomers.CapDayMinor; limit > 0 && now.UnixMicro() < person.capped && p.minor > limit-c.said[who+" "+day(now)] {
			return No, "with it they would approve more today than somebody new may", nil
		}
	}
	return May, "", nil
}

// Submit says whether a draft could be submitted as far as rules, limits, lists and people go.
func (c *Checker) Submit(d Draft, now time.Time) (bool, string) {
	p := &paying{minor: d.Minor, makers: d.Makers, payee: d.Payee, payeeVer: d.PayeeVersion, due: d.Due, source: d.Source, known: true}
	p.content.BIK, p.content.Account, p.content.INN = d.BIK, d.Account, d.INN
	st := c.stand(p, now)
	switch {
	case st.moved:
		return false, "its payee has changed"
	case st.blocked:
		return false, "a rule or list lets nobody"
	}
	for _, b := range []bound{c.limits.Payout, c.limits.MakerDay, c.limits.PayeeMonth, c.limits.CompanyDay} {
		if b.HardMinor > 0 && d.Minor > b.HardMinor {
			return false, "it is over a whole limit"
		}
	}
	var able []voter
	for id, who := range c.people {
		if c.bars(id, p, &st) == "" {
			able = append(able, voter{id, who.roles, who.groups})
		}
	}
	for i := range st.plans {
		if seats := st.plans[i].seats(); assign(seats, able) < len(seats) {
			return false, "nobody could approve it"
		}
	}
	return true, ""
}

// Payout is where a payout stands as its events tell it, how often it was handed out to be sent, and who made it.
func (c *Checker) Payout(id string) (state string, version, claims int, makers []string) {
	p := c.payouts[id]
	if p == nil {
		return "", 0, 0, nil
	}
	return p.state, p.version, p.claims, slices.Clone(p.makers)
}

// Quiet reports whether the person's decisions do not count yet: they are new, or a factor of theirs was reset.
func (c *Checker) Quiet(person string, now time.Time) bool {
	p := c.people[person]
	return p != nil && p.quiet(now)
}

// May reports whether somebody holds one of the roles and stands.
func (c *Checker) May(person string, roles ...string) bool { return c.mayAs(person, roles) }
