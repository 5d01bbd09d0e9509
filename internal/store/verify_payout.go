package store

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/payout"
	"countersign/internal/protocol"
	"countersign/internal/store/queries"
)

// track is one payout on its way through the events: what every row about it must be.
type track struct {
	fold      app.Folded
	last      int64
	creator   string
	attempts  map[int]attemptFact
	answers   map[int]answerFact
	fetches   map[int64]fetchFact
	versions  map[int]versionFact
	subjects  map[int]subjectFact
	decisions map[int][]decisionFact
	evidence  []string
	rulings   map[int]string // the hash of the evidence that each ruling became, by its version
	days      app.BankDays
	moved     []app.BankDay
	steps     map[int]stepFact
	stepEnds  map[int]answerFact
	sessions  map[int]string // that a step's answer brought
}

// stepFact is the intent of one step of the stepwise flow.
type stepFact struct {
	body, call, session, why, key string

	attempt int
	at      int64
}

type attemptFact struct {
	body, reference, key, digest, flow, project, host, confirm string

	version int
	at      int64
}

type answerFact struct {
	body, kind, why string
	http            int64
	at              int64
}

type fetchFact struct {
	body string
	at   int64
}

type versionFact struct {
	commit                            map[string]string
	text, currency, entered, replaces string
	due, payee                        string
	minor                             int64
	payeeVer                          int
	person, email                     string
	at                                int64
}

type subjectFact struct {
	digest, acks  string
	rules         int
	person, email string
	at            int64
}

type decisionFact struct {
	person, email, answer, digest, factor, batch, proof string
	rules                                               int
	at                                                  int64
}

func (c *checker) payout(e audit.Event, f facts) error {
	t := c.payouts[e.Subject]
	if t == nil {
		t = &track{creator: e.Person, steps: map[int]stepFact{}, stepEnds: map[int]answerFact{}, sessions: map[int]string{}, attempts: map[int]attemptFact{}, answers: map[int]answerFact{}, fetches: map[int64]fetchFact{}, versions: map[int]versionFact{},
			subjects: map[int]subjectFact{}, decisions: map[int][]decisionFact{}, rulings: map[int]string{}}
		c.payouts[e.Subject] = t
	}
	before := t.fold
	if err := t.fold.Fold(e); err != nil {
		return broken("%v", err)
	}
	t.last = e.Seq
	t.moved = append(t.moved, t.days.Fold(e, t.fold.Minor)...)
	when := toMicro(e.At)
	decided := func(version int, answer approval.Answer, digest string) {
		t.decisions[version] = append(t.decisions[version], decisionFact{person: e.Person, email: e.SignIn, answer: string(answer), digest: digest,
			factor: f.Factor, batch: f.Batch, proof: f.Proof, rules: f.Rules, at: when})
	}
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActChangesAsked, payout.ActPayeeChanged:
		v := versionFact{commit: f.Commit, text: f.AmText, currency: f.Currency, entered: f.Entered, replaces: f.Replaces, person: e.Person, email: e.SignIn, at: when,
			due: f.Due, payee: f.Payee, payeeVer: f.PayeeVer}
		if f.Minor != nil {
			v.minor = *f.Minor
		}
		t.versions[e.Version] = v
		if e.Action == payout.ActChangesAsked {
			decided(before.Version, approval.No, before.Digest)
		}
	case payout.ActSubmitted:
		t.subjects[e.Version] = subjectFact{digest: f.Digest, acks: list(f.Acks), rules: f.RuleSet, person: e.Person, email: e.SignIn, at: when}
	case payout.ActApproved:
		decided(e.Version, approval.Yes, f.Digest)
		if c.founded { // before, nobody counted
			c.uses[yesUse(e.Person, when)] += t.fold.Minor
		}
	case payout.ActTakenBack:
		said := when
		for _, d := range t.decisions[e.Version] { // given back on the day on which it was said
			if d.person == e.Person && d.digest == f.Digest && d.answer == string(approval.Yes) {
				said = d.at
			}
		}
		if c.founded {
			c.uses[yesUse(e.Person, said)] -= t.fold.Minor
		}
		decided(e.Version, approval.Back, f.Digest)
	case payout.ActRejected:
		decided(e.Version, approval.No, f.Digest)
	case payout.ActClaimed:
		if f.Attempt != nil {
			t.attempts[*f.Attempt] = attemptFact{body: f.Body, reference: f.Reference, key: f.Key, digest: f.Digest, flow: f.Flow, project: f.Project, host: f.Host, confirm: f.Confirm, version: e.Version, at: when}
		}
	case payout.ActStep:
		if f.Step != nil && f.Attempt != nil {
			t.steps[*f.Step] = stepFact{body: f.StepBody, call: f.Call, session: f.StepSession, why: f.StepWhy, key: f.StepKey, attempt: *f.Attempt, at: when}
		}
	case payout.ActStepAnswered:
		if f.Step != nil {
			t.stepEnds[*f.Step] = answerFact{body: f.StepBody, kind: f.StepAnswer, why: f.Error, http: f.HTTP, at: when}
			t.sessions[*f.Step] = f.StepSession
		}
	}
	if f.Answer != "" && f.Attempt != nil {
		t.answers[*f.Attempt] = answerFact{body: f.Body, kind: f.Answer, why: f.Error, http: f.HTTP, at: when}
	}
	if f.Fetch != nil {
		t.fetches[*f.Fetch] = fetchFact{body: f.Body, at: when}
	}
	if f.Evidence != "" {
		t.evidence = append(t.evidence, f.Evidence)
	}
	if f.Verdict > 0 {
		if t.rulings[f.Verdict] != "" || f.Evidence == "" {
			return broken("ruled twice by one decision, or without evidence")
		}
		t.rulings[f.Verdict] = f.Evidence
	}
	return nil
}

func (c *checker) message(e audit.Event, f facts) error {
	switch e.Action {
	case "message.received":
		var sha, key string
		var body []byte
		var came int64
		err := c.tx.QueryRowContext(c.ctx, "SELECT sha, body, key_id, received_at FROM inbox WHERE id = ?", e.Subject).Scan(&sha, &body, &key, &came)
		if none(err) {
			return broken("the message is gone")
		}
		if err != nil {
			return err
		}
		if sha != f.SHA || len(body) > 0 && hash(body) != sha || key != f.Key || came != toMicro(e.At) {
			return broken("the message is not what came")
		}
	case "message.applied":
		var id, effect, alarm, from, to, session, kind string
		var when int64
		err := c.tx.QueryRowContext(c.ctx, "SELECT payout_id, effect, alarm, from_state, to_state, session, type, at FROM inbox_result WHERE inbox_id = ?", e.Subject).
			Scan(&id, &effect, &alarm, &from, &to, &session, &kind, &when)
		if none(err) {
			return broken("what the message did is gone")
		}
		if err != nil {
			return err
		}
		if id != f.Payout || effect != f.Effect || alarm != f.Alarm || from != f.From || to != f.To || session != f.Session || kind != f.Type || when != toMicro(e.At) {
			return broken("what the message did is not what is recorded")
		}
		if t := c.payouts[f.Payout]; t != nil && f.Evidence != "" {
			t.evidence = append(t.evidence, f.Evidence)
		}
	}
	return nil
}

// paidRows compares what pages say was paid before with the payouts that stand as paid.
func (c *checker) paidRows(want map[[2]string][2]int64) error {
	if c.erased {
		return nil
	}
	n := 0
	if err := c.each("SELECT who, account, n, sum FROM paid_before WHERE n <> 0 OR sum <> 0", func(r *sql.Rows) error {
		var k [2]string
		var v [2]int64
		if err := r.Scan(&k[0], &k[1], &v[0], &v[1]); err != nil {
			return err
		}
		if n++; want[k] != v {
			return at(c.last, "what was paid before to one payee is %+d times and %+d kopecks of what its payouts say", v[0]-want[k][0], v[1]-want[k][1])
		}
		return nil
	}); err != nil {
		return err
	}
	if n != len(want) {
		return at(c.last, "the rows know %+d payees of those that were paid", n-len(want))
	}
	return nil
}

// yesUse names the counter of what somebody approved on the Moscow day of a moment (microseconds UTC).
func yesUse(person string, at int64) string {
	return "yes:" + person + ":" + string(calendar.DayOf(fromMicro(at)))
}

// useRows compares the counters of limits with the payouts that hold room and with what was approved.
func (c *checker) useRows() error {
	if c.erased {
		return nil // room is counted by account
	}
	got := map[string]int64{}
	if err := c.each("SELECT name, sum FROM counter WHERE (name GLOB 'use:*' OR name GLOB 'yes:*' OR name GLOB 'paid:*') AND sum <> 0", func(r *sql.Rows) error {
		var name string
		var sum int64
		err := r.Scan(&name, &sum)
		got[name] = sum
		return err
	}); err != nil {
		return err
	}
	maps.DeleteFunc(c.uses, func(_ string, sum int64) bool { return sum == 0 })
	for _, name := range slices.Sorted(maps.Keys(c.uses)) {
		if got[name] != c.uses[name] {
			return at(c.last, "the counter %s holds %+d kopecks of what its payouts say", name, got[name]-c.uses[name])
		}
	}
	if len(got) != len(c.uses) {
		return at(c.last, "%+d counters of limits of those that the payouts tell of", len(got)-len(c.uses))
	}
	return nil
}

func (c *checker) onePayout(id string, t *track, paid map[[2]string][2]int64) error {
	s, err := loadPayout(c.ctx, c.q, payout.ID(id))
	if err != nil {
		if none(err) {
			return at(t.last, "payout %s lacks its version", id)
		}
		return err
	}
	ds, err := decisions(c.ctx, c.q, approval.Payout, id, s.Version)
	if err != nil {
		return err
	}
	if err := t.fold.Matches(s, ds); err != nil {
		return at(t.last, "payout %d: %v", s.Number, err)
	}
	c.erased = c.erased || s.Content.Erased()
	if s.State == payout.Succeeded {
		k := [2]string{bankdetails.NormalizeName(s.Content.FullName), s.Content.Account}
		v := paid[k]
		paid[k] = [2]int64{v[0] + 1, v[1] + s.Content.Amount.Minor}
	}
	if app.HoldsRoom(s) && !s.SentAt.IsZero() {
		for _, name := range app.UseNames(s) {
			c.uses[name] += s.Content.Amount.Minor
		}
	}
	if s.State == payout.Succeeded && s.Content.PayeeID != "" {
		c.uses[paidCounter(s.Content.PayeeID)] += s.Content.Amount.Minor
	}
	if err := c.projection(id, s, t); err != nil {
		return err
	}
	vs, err := c.q.Versions(c.ctx, id)
	if err != nil {
		return err
	}
	if len(vs) != len(t.versions) {
		return at(t.last, "payout %d has %d versions, its history tells of %d", s.Number, len(vs), len(t.versions))
	}
	for _, v := range vs {
		want, ok := t.versions[int(v.Version)]
		content, salt := content(v)
		if !ok || want.minor != v.AmountMinor || want.currency != v.Currency || want.entered != v.Source || want.replaces != v.Replaces ||
			want.person != v.PersonID || want.email != v.Email || want.at != v.At || want.due != v.DueDate || want.payee != v.PayeeID || want.payeeVer != int(v.PayeeVersion) {
			return at(t.last, "version %d of payout %d is not what was written", v.Version, s.Number)
		}
		if content.Erased() && want.text != salt.Commit("amount_text", "") {
			continue // cleared: the one change that is allowed
		}
		for name, got := range content.Commitments(salt) {
			if want.commit[name] != got {
				return at(t.last, "%s in version %d of payout %d is not what was written", name, v.Version, s.Number)
			}
		}
		if want.text != salt.Commit("amount_text", v.AmountText) {
			return at(t.last, "the amount as typed in version %d of payout %d is not what was written", v.Version, s.Number)
		}
	}
	if err := c.subjects(approval.Payout, id, t.last, t.subjects); err != nil {
		return err
	}
	if err := c.decisions(approval.Payout, id, t.last, t.decisions); err != nil {
		return err
	}
	return c.bankRows(id, s, t)
}

// projection compares what the row repeats of its newest version for lists and look-ups.
func (c *checker) projection(id string, s payout.Snapshot, t *track) error {
	var minor int64
	var payeeVer int
	var currency, account, name, description, search, maker, replaces, makerName, acks, written, due, payee string
	var marks bool
	err := c.tx.QueryRowContext(c.ctx, `SELECT p.amount_minor, p.currency, p.account, p.full_name, p.description, p.search, p.maker_name, COALESCE(p.replaces, ''), COALESCE(m.name, ''),
 p.acks, p.makers, p.due_date, p.payee_id, p.payee_version, p.asked IN (0, 1) AND p.credential_no IN (0, 1) AND p.review IN (0, 1) AND p.confirmed IN (0, 1) AND p.changes_asked IN (0, 1)
FROM payout p LEFT JOIN person m ON m.id = ? WHERE p.id = ?`, t.creator, id).Scan(&minor, &currency, &account, &name, &description, &search, &maker, &replaces, &makerName,
		&acks, &written, &due, &payee, &payeeVer, &marks)
	if err != nil {
		return err
	}
	if !marks || acks != list(s.Acks) || written != list(s.Makers) {
		return at(t.last, "the marks of payout %d are not as this desk writes them", s.Number)
	}
	v := s.Content
	if minor != v.Amount.Minor || currency != string(v.Amount.Currency) || replaces != string(v.Replaces) || maker != makerName ||
		due != v.DueDate || payee != v.PayeeID || payeeVer != v.PayeeVer {
		return at(t.last, "the line of payout %d is not what its version says", s.Number)
	}
	if (account != v.Account || name != v.FullName || description != v.Description || search != searchText(v)) && !v.Erased() {
		return at(t.last, "the line of payout %d is not what its version says", s.Number)
	}
	var makers []string
	if err := c.each("SELECT person_id FROM payout_maker WHERE payout_id = ? AND number = ?", func(r *sql.Rows) error {
		var m string
		err := r.Scan(&m)
		makers = append(makers, m)
		return err
	}, id, int64(s.Number)); err != nil {
		return err
	}
	if len(makers) != len(s.Makers) || slices.ContainsFunc(s.Makers, func(m string) bool { return !slices.Contains(makers, m) }) {
		return at(t.last, "the makers of payout %d are not those of its events", s.Number)
	}
	return nil
}

// subjects compares the submitted versions of one subject.
func (c *checker) subjects(kind approval.Kind, id string, seq int64, want map[int]subjectFact) error {
	subs, err := c.q.Subjects(c.ctx, queries.SubjectsParams{Kind: string(kind), ID: id})
	if err != nil {
		return err
	}
	if len(subs) != len(want) {
		return at(seq, "%s %s was submitted %d times, its rows say %d", kind, id, len(want), len(subs))
	}
	for _, s := range subs {
		if want[int(s.Version)] != (subjectFact{s.Digest, s.Acks, int(s.RuleSet), s.PersonID, s.Email, s.At}) {
			return at(seq, "version %d of %s %s is not what was submitted", s.Version, kind, id)
		}
	}
	return nil
}

// decisions compares who decided what, in which order, on every version of one subject.
func (c *checker) decisions(kind approval.Kind, id string, seq int64, want map[int][]decisionFact) error {
	got := map[int][]decisionFact{}
	if err := c.each(`SELECT version, seq, person_id, email, answer, digest, factor, batch, rule_set, at FROM decision WHERE kind = ? AND id = ? ORDER BY version, seq`, func(r *sql.Rows) error {
		var version, n int
		var d decisionFact
		if err := r.Scan(&version, &n, &d.person, &d.email, &d.answer, &d.digest, &d.factor, &d.batch, &d.rules, &d.at); err != nil {
			return err
		}
		got[version] = append(got[version], d)
		if n != len(got[version]) {
			return at(seq, "the decisions on %s %s are not numbered in a row", kind, id)
		}
		return nil
	}, string(kind), id); err != nil {
		return err
	}
	for v := range want {
		if len(want[v]) == 0 {
			delete(want, v)
		}
	}
	same := func(a, b decisionFact) bool { a.proof, b.proof = "", ""; return a == b } // proofs have rows of their own
	if !maps.EqualFunc(got, want, func(a, b []decisionFact) bool { return slices.EqualFunc(a, b, same) }) {
		return at(seq, "the decisions on %s %s are not those of its events", kind, id)
	}
	return nil
}

// stepRows compares the steps of the stepwise flow, what came of each, and the sessions they brought.
func (c *checker) stepRows(id string, s payout.Snapshot, t *track) error {
	n := 0
	if err := c.each(`SELECT s.n, s.attempt, s.call, s.session, s.why, s.key, s.body, s.at, COALESCE(e.kind, ''), COALESCE(e.why, ''), COALESCE(e.http, 0), COALESCE(e.session, ''),
 COALESCE(e.body, x''), COALESCE(e.at, 0) FROM step s LEFT JOIN step_end e ON e.payout_id = s.payout_id AND e.n = s.n WHERE s.payout_id = ?`, func(r *sql.Rows) error {
		var step int
		var got stepFact
		var ans answerFact
		var session string
		var body, answer []byte
		if err := r.Scan(&step, &got.attempt, &got.call, &got.session, &got.why, &got.key, &body, &got.at, &ans.kind, &ans.why, &ans.http, &session, &answer, &ans.at); err != nil {
			return err
		}
		n++
		want, ok := t.steps[step]
		if got.body = want.body; len(body) > 0 { // else cleared
			got.body = hash(body)
		}
		if !ok || got != want {
			return at(t.last, "step %d of payout %d is not what was sent", step, s.Number)
		}
		told := t.stepEnds[step]
		if ans.body = told.body; len(answer) > 0 {
			ans.body = hash(answer)
		}
		if ans != told || session != t.sessions[step] {
			return at(t.last, "the answer to step %d of payout %d is not what came", step, s.Number)
		}
		return nil
	}, id); err != nil {
		return err
	}
	if n != len(t.steps) {
		return at(t.last, "payout %d has %d steps, its history tells of %d", s.Number, n, len(t.steps))
	}
	return nil
}

func (c *checker) bankRows(id string, s payout.Snapshot, t *track) error {
	attempts := 0
	if err := c.each(`SELECT a.n, a.version, a.digest, a.reference, a.key, a.flow, a.project, a.host, a.confirm, a.body, a.at, COALESCE(o.kind, ''), COALESCE(o.why, ''), COALESCE(o.http, 0),
 COALESCE(o.body, x''), COALESCE(o.at, 0), EXISTS (SELECT 1 FROM open_attempt x WHERE x.payout_id = a.payout_id AND x.n = a.n AND x.at = a.at)
FROM attempt a LEFT JOIN outcome o ON o.payout_id = a.payout_id AND o.n = a.n WHERE a.payout_id = ?`, func(r *sql.Rows) error {
		var n int
		var got attemptFact
		var ans answerFact
		var body, answer []byte
		var open bool
		if err := r.Scan(&n, &got.version, &got.digest, &got.reference, &got.key, &got.flow, &got.project, &got.host, &got.confirm, &body, &got.at, &ans.kind, &ans.why, &ans.http, &answer, &ans.at, &open); err != nil {
			return err
		}
		attempts++
		want, ok := t.attempts[n]
		if got.body = want.body; len(body) > 0 { // else cleared
			got.body = hash(body)
		}
		if !ok || got != want {
			return at(t.last, "request %d of payout %d is not what was sent", n, s.Number)
		}
		told, answered := t.answers[n]
		if answered == open {
			return at(t.last, "the mark of the open request %d of payout %d is wrong", n, s.Number)
		}
		if ans.body = told.body; len(answer) > 0 {
			ans.body = hash(answer)
		}
		if ans != told {
			return at(t.last, "the answer to request %d of payout %d is not what came", n, s.Number)
		}
		return nil
	}, id); err != nil {
		return err
	}
	if attempts != len(t.attempts) {
		return at(t.last, "payout %d has %d requests, its history tells of %d", s.Number, attempts, len(t.attempts))
	}
	if err := c.stepRows(id, s, t); err != nil {
		return err
	}
	fetches := 0
	if err := c.each("SELECT id, body, at FROM fetch WHERE payout_id = ?", func(r *sql.Rows) error {
		var n int64
		var body []byte
		var got fetchFact
		if err := r.Scan(&n, &body, &got.at); err != nil {
			return err
		}
		fetches++
		want, ok := t.fetches[n]
		if got.body = want.body; len(body) > 0 {
			got.body = hash(body)
		}
		if !ok || got != want {
			return at(t.last, "a fetched status of payout %d is not what came", s.Number)
		}
		return nil
	}, id); err != nil {
		return err
	}
	if fetches != len(t.fetches) {
		return at(t.last, "payout %d has %d fetched statuses, its history tells of %d", s.Number, fetches, len(t.fetches))
	}
	var got []string
	if err := c.each("SELECT doc, source, at FROM evidence WHERE payout_id = ?", func(r *sql.Rows) error {
		var doc, source string
		var when int64
		if err := r.Scan(&doc, &source, &when); err != nil {
			return err
		}
		var e protocol.Evidence
		if err := json.Unmarshal([]byte(doc), &e); err != nil || string(e.Source) != source || toMicro(e.At) != when {
			return at(t.last, "the evidence of payout %d is not what the bank said", s.Number)
		}
		got = append(got, hash([]byte(doc)))
		return nil
	}, id); err != nil {
		return err
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(t.evidence))) {
		return at(t.last, "the evidence of payout %d is not what the bank said", s.Number)
	}
	return nil
}
