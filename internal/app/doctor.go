package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// HaltInvariant: a row does not say what its history says, or a promise about all rows does not hold.
const HaltInvariant = "invariant"

// Finding is one promise about the rows that does not hold.
type Finding struct {
	// Invariant is "I1" to "I10" (promises.md B), or "history" for what only the whole proof of the history finds.
	Invariant string `json:"invariant"`
	// Row names what it is about: "payout/<id>", "message/<id>", "counter/<name>", "event/<seq>", "log" for all rows together.
	Row string `json:"row"`
	// What says it in English, with persons by their ids and never a personal value.
	What string `json:"what"`
}

func (f Finding) String() string { return f.Invariant + " " + f.Row + ": " + f.What }

// Payout is the payout that it is about, "" for none.
func (f Finding) Payout() payout.ID {
	id, ok := strings.CutPrefix(f.Row, "payout/")
	if !ok {
		return ""
	}
	return payout.ID(id)
}

// Examined is everything that the rows say about one payout, from one read.
type Examined struct {
	// Broken is why the row could not even be loaded, "" when it could.
	Broken    string
	Payout    payout.Snapshot
	Decisions []approval.Decision
	Events    []audit.Event
	Attempts  []ExaminedAttempt
	// Steps are those of the stepwise flow, in their order.
	Steps []ExaminedStep
	// Needed is how many signatures its line shows as needed.
	Needed int
	// Sessions counts payouts that name this one's session of the bank.
	Sessions int
	// NextPoll is when its session is asked about next, zero when no poll is planned; SlowPoll: the bank asked for fewer.
	NextPoll time.Time
	SlowPoll bool
}

// ExaminedAttempt is one recorded intent as stored.
type ExaminedAttempt struct {
	N                            int
	Digest, Reference, Key, Flow string
	// Outcome is its kind, "" while none is stored.
	Outcome string
	Open    bool
	At      time.Time
}

// ExaminedStep is one recorded step of the stepwise flow, and what came of it: Answer and Brought are "" while nothing did.
type ExaminedStep struct {
	N, Attempt              int
	Call, Session, Why, Key string
	Answer, Brought         string
}

// Gap is a run of numbers that no event has, both ends included.
type Gap struct{ From, To int64 }

// LookQuery says what a look reads.
type LookQuery struct {
	// After is the last event that the look before saw. Whole: the numbers of all events are counted, not only of those after it.
	After int64
	Whole bool
	// Roll is the number of the payout after which the slow walk over everything goes on, RollMost how many it takes.
	Roll     payout.Number
	RollMost int
	// Most bounds each list.
	Most int
	Now  time.Time
}

// LookRows is what changed, and what must hold of everything.
type LookRows struct {
	// Seq is the last event, Gaps which numbers are missing below it.
	Seq  int64
	Gaps []Gap
	// Changed are payouts with events among them; Open those that wait or whose outcome is not known; Rolled the slow walk's, up to number RollTo
	// (0 at the end: it begins anew).
	Changed, Open, Rolled []payout.ID
	RollTo                payout.Number
	// Message is the oldest message that was not applied (0 for none), MessageAt when it came, Messages how many there are.
	Message   int64
	MessageAt time.Time
	Messages  int
	// Gone is how many payouts the counters know more than there are rows.
	Gone int64
	// Unknown is how many rows say so, UnknownCounted what the counter says; Ownerless are those of them without an age or a maker.
	Unknown, UnknownCounted int64
	Ownerless               []payout.ID
	// Uses compares counters of limits of the present Moscow day with the payouts that fill them; only those that differ, name → counter, rows.
	Uses map[string][2]int64
}

// Look is what one look at the rows brought.
type Look struct {
	At time.Time
	// From and To are the events that it looked at, Payouts how many payouts it folded, whole or in part.
	From, To int64
	Payouts  int
	Whole    bool
	// Found is what does not hold and was not excepted, Excepted how much was.
	Found    []Finding
	Excepted int
	// PastDesk: since the look before somebody wrote to the database who is not this desk.
	PastDesk bool
}

// Bounds of a look.
const (
	lookMost     = 500
	lookRoll     = 200
	lookBack     = 5_000  // events before the start that the first look takes
	lookPastDesk = 20_000 // payouts that are folded at once after somebody else wrote
	maxNamed     = 20     // findings that a halt names
)

// doctor is what the looks remember. Only one look runs at a time.
type doctor struct {
	begun   bool
	seq     int64
	roll    payout.Number
	message int64 // the oldest message not applied at the look before
	foreign int64 // how often somebody else has written, as the database counts
	open    map[Finding]bool
	late    bool // the look before found a question that is planned too late
	// unproved: somebody else wrote, and nothing was proved whole since.
	unproved bool
}

// LastLook is the newest look, and the newest whole one; their At is zero when there was none.
func (a *App) LastLook() (last, whole Look) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.look, a.wholeLook
}

// LookNow checks the invariants over what changed since the last look, and a slow walk over everything else. One that does not hold stops sending and
// is named, unless the release of an earlier stop excepted it. Call it each minute.
//
// When somebody else wrote to the database everything is proved at once: LookWhole.
func (a *App) LookNow(ctx context.Context) (Look, error) {
	a.looking.Lock()
	defer a.looking.Unlock()
	l, err := a.lookAt(ctx, false, nil)
	if err != nil || !a.doctor.unproved {
		return l, err
	}
	a.doctor.message = 0 // no minute goes by: what waits has not waited since the look before
	return a.lookWhole(ctx)
}

// LookWhole is LookNow over everything; the store proves the whole history against its rows, and every decision is counted again as of its event.
func (a *App) LookWhole(ctx context.Context) (Look, error) {
	a.looking.Lock()
	defer a.looking.Unlock()
	return a.lookWhole(ctx)
}

func (a *App) lookWhole(ctx context.Context) (Look, error) {
	found, err := a.Store.Prove(ctx)
	if err != nil {
		return Look{}, err
	}
	return a.lookAt(ctx, true, found)
}

func (a *App) lookAt(ctx context.Context, whole bool, more []Finding) (Look, error) {
	if err := a.stopCopy(ctx); err != nil {
		return Look{}, err
	}
	d := &a.doctor
	if !whole {
		if err := a.lookAtClock(ctx, d.late); err != nil {
			return Look{}, err
		}
	}
	now := a.Now()
	var foreign int64
	if err := a.write(ctx, Worker, theDoctor, Examine, theDesk, func(tx *sealed) (err error) {
		foreign, err = tx.OthersWrote()
		return err
	}); err != nil {
		return Look{}, err
	}
	past := d.begun && foreign != d.foreign
	q := LookQuery{After: d.seq, Whole: whole, Roll: d.roll, RollMost: lookRoll, Most: lookMost, Now: now}
	if past {
		a.Log.Warn("somebody else wrote to the database")
		q.RollMost = lookPastDesk
	}
	if !d.begun {
		head, err := a.Store.LookRows(ctx, LookQuery{Now: now})
		if err != nil {
			return Look{}, err
		}
		q.After = max(0, head.Seq-lookBack)
	}
	if whole {
		q.Roll, q.RollMost = 0, lookPastDesk
	}
	look := Look{At: now, From: q.After, Whole: whole, PastDesk: past || d.unproved}
	rows, err := a.Store.LookRows(ctx, q)
	if err != nil {
		return Look{}, err
	}
	look.To = rows.Seq
	found := append(slices.Clone(more), judgeRows(q, rows, d.message)...)
	seen := map[payout.ID]bool{}
	take := func(ids ...payout.ID) error {
		for _, id := range ids {
			if seen[id] {
				continue
			}
			seen[id] = true
			x, err := a.Store.Examine(ctx, id)
			if err != nil {
				return err
			}
			found = append(found, judge(x, now)...)
		}
		return nil
	}
	for f := range d.open { // what was found before and could not stop sending then
		if id := f.Payout(); id != "" {
			if err := take(id); err != nil {
				return Look{}, err
			}
		} else if !slices.Contains(found, f) && f.Invariant == "history" {
			found = append(found, f)
		}
	}
	if err := errors.Join(take(rows.Changed...), take(rows.Open...), take(rows.Rolled...)); err != nil {
		return Look{}, err
	}
	for next := rows.RollTo; whole && next != 0; { // the whole walk takes all pages
		more := q
		more.Roll, more.Whole = next, false
		page, err := a.Store.LookRows(ctx, more)
		if err != nil {
			return Look{}, err
		}
		if err := take(page.Rolled...); err != nil {
			return Look{}, err
		}
		next = page.RollTo
	}
	look.Payouts = len(seen)
	if len(found) > 0 {
		if err := a.write(ctx, Worker, theDoctor, Examine, theDesk, func(tx *sealed) error { return a.stopFor(tx, &look, found, q, d.message) }); err != nil {
			return Look{}, err
		}
	}
	for _, f := range look.Found {
		if !d.open[f] {
			a.Log.Error("an invariant does not hold", "invariant", f.Invariant, "row", f.Row, "what", f.What)
		}
	}
	d.open, d.late = map[Finding]bool{}, slices.ContainsFunc(found, Finding.tooLate)
	for _, f := range look.Found {
		d.open[f] = true
	}
	d.begun, d.seq, d.message, d.foreign = true, rows.Seq, rows.Message, foreign
	d.unproved = past || d.unproved && !whole // what was written while the proof went on is for the next one
	if !whole {
		d.roll = rows.RollTo
	}
	a.mu.Lock()
	a.look = look
	if whole {
		a.wholeLook = look
	}
	a.mu.Unlock()
	return look, nil
}

// stopFor looks again at what was found, in a transaction that nothing moves under, and stops sending for what still does not hold.
func (a *App) stopFor(tx Tx, look *Look, found []Finding, q LookQuery, message int64) error {
	look.Found, look.Excepted = nil, 0
	excepted, err := exceptions(tx)
	if err != nil {
		return err
	}
	rows, err := tx.LookRows(LookQuery{After: q.After, Whole: q.Whole, Most: q.Most, Now: q.Now})
	if err != nil {
		return err
	}
	still := map[Finding]bool{}
	for _, f := range judgeRows(q, rows, message) {
		still[f] = true
	}
	seen := map[payout.ID]bool{}
	for _, f := range found {
		if f.Invariant == "history" || strings.HasPrefix(f.Row, "event/") { // what was written stays so
			still[f] = true
		}
		id := f.Payout()
		if id == "" || seen[id] {
			continue
		}
		seen[id] = true
		x, err := tx.Examine(id)
		if err != nil {
			return err
		}
		for _, g := range judge(x, q.Now) {
			still[g] = true
		}
	}
	for _, f := range slices.SortedFunc(maps.Keys(still), func(a, b Finding) int { return strings.Compare(a.String(), b.String()) }) {
		if excepted[f] {
			look.Excepted++
		} else {
			look.Found = append(look.Found, f)
		}
	}
	if len(look.Found) == 0 {
		return nil
	}
	if _, on, err := tx.Halt(); err != nil || on {
		return err
	}
	return a.addHalt(tx, HaltRow{Cause: HaltInvariant, By: payout.System("doctor"), Payout: look.Found[0].Payout(), At: q.Now, Broken: look.Found}, "")
}

// exceptions are what people released sending in spite of: they were named in the release, and stop nothing again.
func exceptions(tx Tx) (map[Finding]bool, error) {
	events, err := tx.Releases()
	return Excepts(events), err
}

// Excepts are the findings that these releases named.
func Excepts(events []audit.Event) map[Finding]bool {
	out := map[Finding]bool{}
	for _, e := range events {
		for _, f := range brokenIn(e, "excepts") {
			out[f] = true
		}
	}
	return out
}

// brokenIn reads findings out of an event.
func brokenIn(e audit.Event, name string) []Finding {
	var m map[string]json.RawMessage
	var out []Finding
	if json.Unmarshal(e.Payload, &m) != nil || m[name] == nil || json.Unmarshal(m[name], &out) != nil {
		return nil
	}
	return out
}

// Broken lists what a stop named.
func Broken(events []audit.Event) []Finding {
	for _, e := range events {
		if e.Action == "halt.on" {
			return brokenIn(e, "broken")
		}
	}
	return nil
}

// BrokenIn lists what a stop named, from the history as pages read it.
func BrokenIn(events []EventRow) []Finding {
	list := make([]audit.Event, len(events))
	for i, e := range events {
		list[i] = e.Event
	}
	return Broken(list)
}

// named is findings as an event keeps them.
func named(fs []Finding) []any {
	out := []any{}
	for _, f := range fs[:min(len(fs), maxNamed)] {
		out = append(out, map[string]any{"invariant": f.Invariant, "row": f.Row, "what": f.What})
	}
	return out
}

// judgeRows is what must hold of everything together. What it says reads the same while honest work goes on: a release excepts a finding by its words. message is the oldest one that was not applied at the look before.
func judgeRows(q LookQuery, r LookRows, message int64) (out []Finding) {
	add := func(inv, row, format string, args ...any) {
		out = append(out, Finding{inv, row, fmt.Sprintf(format, args...)})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Uses)) {
		n := r.Uses[name]
		add("I3", "counter/"+name, "the counter holds %+d kopecks of what the payouts of the day say", n[0]-n[1])
	}
	// A message that waits is no fault as long as others are applied before it; one that a whole look later is still the next one is stuck.
	if r.Message != 0 && r.Message == message && q.Now.Sub(r.MessageAt) > time.Minute {
		add("I6", "message/"+itoa(r.Message), "the message waits to be applied for more than a minute, and so do all after it")
	}
	for _, g := range r.Gaps {
		add("I7", "event/"+itoa(g.From), "the events from %d to %d are missing", g.From, g.To)
	}
	if r.Unknown != r.UnknownCounted {
		add("I10", "counter/state:unknown", "the counter says %+d of the payouts of unknown outcome", r.UnknownCounted-r.Unknown)
	}
	if r.Gone != 0 {
		add("I8", "counter/state", "the counters say %+d of the payouts that there are", r.Gone)
	}
	for _, id := range r.Ownerless {
		add("I10", "payout/"+string(id), "its outcome is unknown, and it has no age or no owner")
	}
	return out
}

// pollLate is how far away the next question about an open session may be; three times that when the bank asked for fewer.
const pollLate = time.Hour

// judge is what must hold of one payout, as of the events that moved it.
func judge(x Examined, now time.Time) (out []Finding) {
	s := x.Payout
	row := "payout/" + string(s.ID)
	add := func(inv, format string, args ...any) {
		out = append(out, Finding{inv, row, fmt.Sprintf(format, args...)})
	}
	if x.Broken != "" {
		add("I8", "%s", x.Broken)
		return out
	}
	f := &Folded{}
	var claims []claimed
	var steps []ExaminedStep
	restored := false
	for _, e := range x.Events {
		if err := f.Fold(e); err != nil {
			add("I8", "%v", err)
			return out
		}
		switch e.Action {
		case payout.ActClaimed:
			claims = append(claims, claimed{n: claimNumber(e), digest: f.Digest, reference: f.Reference, key: f.Key, yes: signedYes(f), makers: slices.Clone(f.Makers)})
		case payout.ActStep, payout.ActStepAnswered:
			steps = stepTold(steps, e)
		case payout.ActRestored:
			restored = true
		}
	}
	if err := f.Matches(s, x.Decisions); err != nil {
		add("I8", "%v", err)
	}
	// I1: one recorded intent a claim, at most one of them open, at most one that the bank may have done.
	open, done := 0, 0
	for i, at := range x.Attempts {
		if at.Open {
			open++
		}
		if k := protocol.AnswerKind(at.Outcome); k != protocol.NotSent && k != protocol.CredentialNo {
			done++
		}
		if i >= len(claims) || at.N != i+1 || at.N != claims[i].n || at.Digest != claims[i].digest || at.Reference != claims[i].reference || at.Key != claims[i].key {
			add("I1", "request %d is not the one that its history tells of", at.N)
		}
	}
	switch {
	case len(x.Attempts) < len(claims):
		add("I1", "%d requests are on record, its history tells of %d", len(x.Attempts), len(claims))
	case open > 1:
		add("I1", "%d requests are open at a time", open)
	case done > 1:
		add("I1", "the bank may have done %d of its requests", done)
	case s.State == payout.Sending && open == 0:
		add("I1", "it is being sent and no request is open")
	case s.State.Sent() && len(x.Attempts) == 0 && !restored:
		add("I1", "it is %s and was never asked for", s.State)
	}
	for _, what := range chain(x.Steps, steps) {
		add("I1", "%s", what)
	}
	// I2 and I4, as of the event that sent it: those who signed that digest, and nobody who made it.
	for i, c := range claims {
		least := 1
		if i == len(claims)-1 && s.State.Sent() && s.Version == f.Version {
			least = max(1, x.Needed)
		}
		if len(c.yes) < least {
			add("I2", "request %d left with %d approvals, %d were needed", c.n, len(c.yes), least)
		}
		for _, who := range c.yes {
			if slices.Contains(c.makers, who) {
				add("I4", "request %d left with the approval of %s, who made it", c.n, who)
			}
		}
	}
	for _, who := range signedYes(f) {
		if slices.Contains(f.Makers, who) && len(claims) == 0 {
			add("I4", "%s approved it and made it", who)
		}
	}
	// I5: what may still move is asked about.
	if (s.State == payout.InProgress || s.State == payout.Unknown) && s.Session != "" {
		late := pollLate
		if x.SlowPoll {
			late *= 3
		}
		if x.NextPoll.IsZero() {
			add("I5", "no question about its session is planned")
		} else if x.NextPoll.Sub(now) > late {
			add("I5", foundLate)
		}
	}
	if s.Session != "" && x.Sessions > 1 {
		add("I9", "%d payouts name its session", x.Sessions)
	}
	return out
}

// stepTold takes what an event says of a step of the stepwise flow.
func stepTold(steps []ExaminedStep, e audit.Event) []ExaminedStep {
	var d struct {
		Attempt int    `json:"attempt"`
		Step    int    `json:"step"`
		Call    string `json:"call"`
		Session string `json:"step_session"` // of the call; of an answer: the one that it brought
		Why     string `json:"step_why"`
		Key     string `json:"step_key"`
		Answer  string `json:"step_answer"`
	}
	if json.Unmarshal(e.Payload, &d) != nil {
		return steps
	}
	if e.Action == payout.ActStep {
		return append(steps, ExaminedStep{N: d.Step, Attempt: d.Attempt, Call: d.Call, Session: d.Session, Why: d.Why, Key: d.Key})
	}
	for i := range steps {
		if steps[i].N == d.Step {
			steps[i].Answer, steps[i].Brought = d.Answer, d.Session
		}
	}
	return steps
}

// chain says what is wrong with the recorded steps of a payout: each is the one that its event tells of; a session is started once, by the attempt that created it,
// confirmed only when it was started, and an attempt confirms no second one.
func chain(rows, told []ExaminedStep) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	created, started, confirmed := map[string]int{}, map[string]bool{}, map[int]string{}
	for i, s := range rows {
		if i >= len(told) || s.N != i+1 || s != told[i] {
			add("step %d is not the one that its history tells of", s.N)
		}
		switch protocol.StepCall(s.Call) {
		case protocol.CallCreate:
			if s.Brought != "" {
				created[s.Brought] = s.Attempt
			}
		case protocol.CallStart:
			if started[s.Session] {
				add("step %d starts its session a second time", s.N)
			}
			if n, ok := created[s.Session]; !ok || n != s.Attempt {
				add("step %d starts a session that its request did not create", s.N)
			}
			started[s.Session] = true
		case protocol.CallConfirm:
			if !started[s.Session] {
				add("step %d confirms a session that was not started", s.N)
			}
			if other := confirmed[s.Attempt]; other != "" && other != s.Session {
				add("step %d confirms a second session", s.N)
			}
			confirmed[s.Attempt] = s.Session
		}
	}
	if len(rows) < len(told) {
		add("%d steps are on record, its history tells of %d", len(rows), len(told))
	}
	return out
}

type claimed struct {
	n                      int
	digest, reference, key string
	yes, makers            []string
}

func claimNumber(e audit.Event) int {
	var d struct {
		Attempt int `json:"attempt"`
	}
	if json.Unmarshal(e.Payload, &d) != nil {
		return 0
	}
	return d.Attempt
}

// signedYes are the persons whose last word on the present version is yes.
func signedYes(f *Folded) (out []string) {
	for who, said := range f.Signed {
		if len(said) > 0 && said[len(said)-1] == string(approval.Yes) {
			out = append(out, who)
		}
	}
	slices.Sort(out)
	return out
}

// rowAltered is haltNow for a row that does not say what its history says: named, so that a release can except it. Once it is excepted it stops nothing
// any more, and does not leave either.
func (a *App) rowAltered(tx Tx, id payout.ID, now time.Time, why error) error {
	if fault.KindOf(why) == fault.Unavailable {
		return why
	}
	f := Finding{"I8", "payout/" + string(id), why.Error()}
	known, err := exceptions(tx)
	if err != nil || known[f] {
		return err
	}
	a.Log.Error("sending stopped", "cause", "altered", "payout", string(id), "error", why)
	if _, on, err := tx.Halt(); err != nil || on {
		return err
	}
	return a.addHalt(tx, HaltRow{Cause: "altered", By: payout.System("desk"), Payout: id, At: now, Broken: []Finding{f}}, "")
}

// Judge is what must hold of one payout, for whoever looks from outside the desk; JudgeRows what must hold of everything. A desk that does not run asks
// nobody, so that questions that are late are no finding here.
func Judge(x Examined, now time.Time) []Finding {
	return slices.DeleteFunc(judge(x, now), func(f Finding) bool { return f.Invariant == "I5" && !x.NextPoll.IsZero() })
}

// JudgeRows is judgeRows from outside: that a message waits is told by the vitals.
func JudgeRows(q LookQuery, r LookRows) []Finding { return judgeRows(q, r, 0) }
