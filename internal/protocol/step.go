package protocol

import (
	"slices"
	"strings"
	"time"

	"countersign/internal/payout"
)

// Flows and confirm modes, as an attempt keeps them.
const (
	FlowSingle      = "single"
	FlowStepwise    = "stepwise"
	ConfirmRequired = "required" // nothing is paid before our confirm
	ConfirmAuto     = "auto"     // start/payout is the shot
)

// MaxSessions bounds how many sessions one attempt may open, MaxConfirms how often the same confirm is repeated on one session.
const (
	MaxSessions = 3
	MaxConfirms = 5
)

// Times of the stepwise flow, measured at a fetched status or by the clock of the desk.
const (
	// ReadyTooLong: a session that works for this long after its start without asking for our confirm is no session of a project that needs one.
	ReadyTooLong = 15 * time.Minute
	// DoubtTooLong: so long after a doubtful shot without a fetched status the payout is called unknown.
	DoubtTooLong = 45 * time.Second
)

// StepCall is one call of the stepwise flow that writes.
type StepCall string

// The calls. Start moves money in auto mode, Confirm in required mode; Create and Cancel never do.
const (
	CallCreate  StepCall = "create"
	CallStart   StepCall = "start"
	CallConfirm StepCall = "confirm"
	CallCancel  StepCall = "cancel"
)

// Step is one durable step: its intent is committed before the call, its outcome after it.
type Step struct {
	N       int // within the payout, 1 and up
	Attempt int
	Call    StepCall
	Session string // of create: the one it brought, "" if none
	Why     string // of cancel: what for, see the Why constants
	At      time.Time
	// Answer is "" while the call may be alive. Code is the bank's code or ours.
	Answer  AnswerKind
	Code    string
	EndedAt time.Time
}

// What a session is cancelled for. A word after a colon is the bank's code or the gate's reason.
const (
	whyAgain       = "again"   // its start did not arrive: another session may follow
	whyRefused     = "refused" // its start was refused
	whyGate        = "gate"    // the final gate said no
	whyContent     = "content" // the bank holds something else than what was approved
	whyUnknown     = "unknown" // the payout went another way meanwhile
	whyAsked       = "confirm_asked"
	whyBankDown    = "bank_down"   // its start never left us
	whyCredentials = "credentials" // its start was refused with our credentials
	whyStubborn    = "unconfirmed" // confirmed again and again, and it still waits
)

// Stage is where a session of our own stands, as fetched.
type Stage string

// The stages.
const (
	StageCreated   Stage = "created" // no payout in it
	StageWaits     Stage = "waits"   // for our confirm or cancel
	StageMoving    Stage = "moving"  // the bank works on it
	StageCancelled Stage = "cancelled"
)

// Idle is an open session of ours from which no money can leave without a further call of ours.
const Idle Reading = "idle"

// HaltUnconfirmed: the bank moves money that we did not confirm, in a project that needs it.
const HaltUnconfirmed = "unconfirmed"

// StepAction is what the stepwise flow does next; at most one of Call, Read and End is set, none means waiting for a status or an answer.
type StepAction struct {
	Call    StepCall
	Session string // of Call and Read
	Why     string // of a cancel
	// Gate: everything that the claim measured is measured again in the commit that records this step; if it says no, Blocked says what to do instead.
	Gate bool
	// Read: the session's status must be fetched.
	Read bool
	// End ends the attempt.
	End *End
}

// End is what an attempt of the stepwise flow came to.
type End struct {
	Kind    AnswerKind
	Why     string
	Session string
}

// own returns the steps about a session, and whether one of our creates brought it.
func (s State) own(session string) (steps []Step, ours bool) {
	if session == "" {
		return nil, false
	}
	for _, st := range s.Steps {
		if st.Session == session {
			steps = append(steps, st)
			ours = ours || st.Call == CallCreate
		}
	}
	return steps, ours
}

func has(steps []Step, c StepCall) bool {
	for _, st := range steps {
		if st.Call == c {
			return true
		}
	}
	return false
}

// shot reports whether the call that may move money was recorded for a session.
func (s State) shot(steps []Step) bool {
	return has(steps, CallConfirm) || s.Confirm == ConfirmAuto && has(steps, CallStart)
}

// stageOf is where a session stands.
func stageOf(v SessionView) Stage {
	switch {
	case v.Status == "cancelled":
		return StageCancelled
	case v.Status == "created" && len(v.Payouts) == 0:
		return StageCreated
	case len(v.Payouts) == 1 && (v.Status == "created" || v.Status == "in_progress") && (v.Payouts[0].Status == "pending" || v.NextAction == "confirm"):
		return StageWaits
	case v.Status == "created" || v.Status == "in_progress":
		return StageMoving
	}
	return ""
}

// stepFetched makes a fetched reading of a session of our own what it means in the stepwise flow.
func (s State) stepFetched(o Observation, steps []Step, ev *Evidence, a *Action) {
	v := o.Fetch.Session
	ev.Stage, ev.AsOf = stageOf(v), o.AsOf
	shot := s.shot(steps)
	if !shot && ev.Matches && len(v.Payouts) == 1 {
		// Before the shot everything that the bank echoes must be what was approved, names and purposes too.
		if what := s.Expect.warns(v); what != "" && (ev.Reading == Open || ev.Reading == Idle) {
			ev.Matches, ev.Reading, ev.Why = false, DoubtfulFlag, what
		}
	}
	switch {
	case ev.Reading == Open && (!shot || ev.Stage == StageWaits || ev.Stage == StageCreated):
		ev.Reading = Idle
	case ev.Reading == NotPaid && ev.Stage == StageCancelled && (len(v.Payouts) == 0 || has(steps, CallCancel)):
		ev.Fenced = true
	}
	if s.Confirm == ConfirmRequired && !has(steps, CallConfirm) {
		switch {
		case ev.Reading == Paid:
			a.Halt, a.Alarm = HaltUnconfirmed, "unconfirmed"
		case ev.Reading == Idle && ev.Stage == StageMoving && started(steps, o.At) >= ReadyTooLong:
			ev.Why = "unconfirmed"
			a.Halt, a.Alarm = HaltUnconfirmed, "unconfirmed"
		}
		for _, e := range s.Evidence { // once, when it becomes known
			if a.Halt == HaltUnconfirmed && e.Source == FromFetch && e.Session == ev.Session && (e.Reading == Paid || e.Why == "unconfirmed") {
				a.Halt = ""
			}
		}
	}
	if ev.Stage == StageWaits && s.Confirm == ConfirmAuto {
		a.Alarm = "confirm_asked"
	}
	if ev.Reading == DoubtfulFlag && a.Alarm == "" {
		a.Alarm = ev.Why
	}
}

func started(steps []Step, now time.Time) time.Duration {
	for _, st := range steps {
		if st.Call == CallStart {
			return now.Sub(st.At)
		}
	}
	return 0
}

// ClassifyStep is the table of answers to one step's call. Taken: the bank did it, and says so of the right session and content.
// Refused and CredentialNo: it said no; a started session is left all the same only when it is fetched cancelled. NotSent: no connection was had.
func ClassifyStep(c StepCall, session string, a Answer, e Expect) (kind AnswerKind, why string) {
	no := a.HTTP >= 400 && a.HTTP < 500 && a.JSON && a.Status == "error" && a.Session == nil
	switch {
	case !a.GotConn:
		return NotSent, "bank_down"
	case a.Err != "":
		return Unsure, a.Err
	case a.HTTP == 200 && a.JSON && a.Status == "ok" && a.Session != nil && a.Session.ID != "":
		v := a.Session
		switch {
		case c == CallCreate && (v.Status != "created" || len(v.Payouts) > 0):
			return Unsure, "other_content"
		case c == CallCreate:
			return Taken, ""
		case v.ID != session:
			return Unsure, "other_session"
		case c == CallConfirm && v.NextAction == "confirm":
			return Unsure, "not_confirmed"
		case c != CallStart:
			return Taken, ""
		case len(v.Payouts) != 1:
			return Unsure, "two_payouts"
		case v.Reference() != e.Reference:
			return Unsure, "other_reference"
		}
		if ok, what := e.Matches(v.Payouts[0]); !ok {
			return Unsure, "other_" + what
		}
		return Taken, ""
	case no && credentialCodes[a.Code]:
		return CredentialNo, a.Code
	case no && refusedCodes[a.Code] && (c == CallCreate || c == CallStart):
		return Refused, a.Code
	case a.JSON && a.Code != "" && a.HTTP >= 400:
		return Unsure, a.Code
	case a.HTTP == 200:
		return Unsure, "other_content"
	}
	return unread(a)
}

// unread names an answer that proves nothing by its HTTP status.
func unread(a Answer) (AnswerKind, string) {
	_, why := Classify(Answer{GotConn: true, HTTP: a.HTTP}, Expect{}, false)
	return Unsure, why
}

// StepProper reports whether the answer to a step shows a bank that answers properly, so that sending may go on.
func StepProper(kind AnswerKind, code string) bool {
	return kind.Proper() || kind == Unsure && (refusedCodes[code] || code == "session_wrong_state" || code == "session_cancelled")
}

// Rest is the moment before which the open attempt makes no further call because its last ones were lost, so that one payout whose calls never come through
// leaves the bank to the others meanwhile: unit after the first in a row, doubled with each, six times unit at most. The zero time when the last was answered.
func Rest(s State, unit time.Duration) time.Time {
	lost, since := 0, time.Time{}
	for _, st := range slices.Backward(s.Steps) {
		if st.Attempt != s.Attempts || st.Answer == "" || st.Answer == CredentialNo || StepProper(st.Answer, st.Code) {
			break
		}
		if lost++; lost == 1 {
			since = st.EndedAt
		}
	}
	if lost == 0 {
		return time.Time{}
	}
	return since.Add(min(unit<<min(lost-1, 3), 6*unit))
}

// NextStep is the stepwise flow of one attempt: what is done next, from the durable steps and the evidence alone. A crash loses nothing that it looks at.
//
// A session is left only when a fetched status says that it is cancelled. Start is recorded once a session, for ever. Only one recorded session can be confirmed,
// and only when a status read after the last step says that it waits for it. Create (an empty session) and cancel (a fence) move no money: they may be repeated,
// a create at most MaxSessions times, a cancel after each status that shows the session still open.
func NextStep(s State) StepAction {
	var steps []Step
	for _, st := range s.Steps {
		if st.Attempt == s.Attempts {
			steps = append(steps, st)
		}
	}
	for _, e := range s.Evidence {
		if e.Source == FromAnswer && e.Attempt == s.Attempts && e.Answer != Unsure {
			return StepAction{} // over
		}
	}
	sending := s.Now == payout.Sending
	end := func(k AnswerKind, why, session string) StepAction { return StepAction{End: &End{k, why, session}} }
	if len(steps) == 0 {
		if !sending {
			return StepAction{}
		}
		return StepAction{Call: CallCreate}
	}
	last := steps[len(steps)-1]
	if last.Answer == "" {
		return StepAction{} // its call may be alive
	}
	cur, creates := "", 0
	for _, st := range steps {
		if st.Call == CallCreate {
			cur = st.Session
			creates++
		}
	}
	again := func() StepAction {
		switch {
		case !sending:
			return end(Refused, "cancelled", "")
		case creates < MaxSessions:
			return StepAction{Call: CallCreate}
		case cur == "":
			return end(NotSent, "bank_down", "") // only empty sessions, if any: nothing was started that is not cancelled
		}
		return end(Refused, "cancelled", "")
	}
	unsent := func(k AnswerKind, why string) StepAction {
		if !sending {
			return end(Refused, "cancelled", "")
		}
		if k == CredentialNo && s.CredentialNo {
			return end(Refused, why, "")
		}
		return end(k, why, "")
	}
	// The copy does not know which sessions were opened after it was made: that all it knows are cancelled proves nothing.
	copied := slices.ContainsFunc(s.Evidence, func(e Evidence) bool { return e.Source == FromRestore })
	if cur == "" && copied {
		return StepAction{}
	}
	if cur == "" {
		switch last.Answer {
		case NotSent:
			return unsent(NotSent, "bank_down")
		case CredentialNo:
			return unsent(CredentialNo, last.Code)
		case Refused:
			return end(Refused, last.Code, "")
		}
		return again()
	}

	about, _ := s.own(cur)
	seen, fenced := s.seen(cur)
	cancelled := ""
	var start, confirm Step
	confirms := 0
	for _, st := range about {
		switch st.Call {
		case CallStart:
			start = st
		case CallConfirm:
			confirms++
			confirm = st
		case CallCancel:
			cancelled = st.Why
		}
	}
	switch {
	case seen.Reading == Paid:
		return end(Taken, "", cur)
	case fenced && copied:
		return StepAction{}
	case fenced:
		why, what, _ := strings.Cut(cancelled, ":")
		switch why {
		case "", whyAgain:
			return again()
		case whyGate:
			return unsent(NotSent, "gate")
		case whyBankDown:
			return unsent(NotSent, "bank_down")
		case whyCredentials:
			return unsent(CredentialNo, what)
		case whyRefused, whyContent:
			return end(Refused, what, "")
		case whyAsked:
			return end(Refused, whyAsked, "")
		}
		return end(Refused, "cancelled", "")
	case seen.Reading == NotPaid:
		return end(Refused, seen.Why, cur)
	}
	cancel := func(why string) StepAction { return StepAction{Call: CallCancel, Session: cur, Why: why} }
	fresh := seen.Session != "" && seen.AsOf >= last.N
	if start.N == 0 && cancelled == "" {
		if !sending {
			return cancel(whyUnknown)
		}
		return StepAction{Call: CallStart, Session: cur, Gate: true}
	}
	if last.Answer == Taken && (last.Call == CallConfirm || last.Call == CallStart && s.Confirm == ConfirmAuto) {
		return end(Taken, "", cur)
	}
	if !fresh {
		return StepAction{Read: true, Session: cur}
	}
	switch seen.Stage {
	case StageCreated:
		switch {
		case cancelled != "":
			return cancel(cancelled)
		case start.Answer == Refused:
			return cancel(whyRefused + ":" + start.Code)
		case start.Answer == CredentialNo:
			return cancel(whyCredentials + ":" + start.Code)
		case start.Answer == NotSent:
			return cancel(whyBankDown)
		}
		return cancel(whyAgain)
	case StageWaits:
		switch {
		case cancelled != "":
			return cancel(cancelled)
		case !seen.Matches:
			return cancel(whyContent + ":" + seen.Why)
		case s.Confirm != ConfirmRequired:
			return cancel(whyAsked)
		case confirm.Answer == CredentialNo: // as for a start: given up, and the second time for good
			return cancel(whyCredentials + ":" + confirm.Code)
		case confirms == 0 && !sending, !sending && s.Now != payout.Unknown, s.othersDecided():
			return cancel(whyUnknown)
		case confirms >= MaxConfirms:
			return cancel(whyStubborn)
		}
		return StepAction{Call: CallConfirm, Session: cur, Gate: true}
	case StageMoving:
		if seen.Reading == Open {
			return end(Taken, "", cur)
		}
	}
	return StepAction{} // the bank works on it, or nobody knows: the next status tells
}

// othersDecided reports that people ruled about the payout, or that this database is a copy: then nothing is confirmed any more.
func (s State) othersDecided() bool {
	for _, e := range s.Evidence {
		if e.Source == FromVerdict || e.Source == FromRestore {
			return true
		}
	}
	return false
}

// Blocked is what is done instead of a step whose gate said no.
func Blocked(a StepAction, reason string) StepAction {
	return StepAction{Call: CallCancel, Session: a.Session, Why: whyGate + ":" + reason}
}

// seen is the newest status of a session, by the bank's clock; fenced says that it was fetched cancelled and never otherwise since.
func (s State) seen(session string) (best Evidence, fenced bool) {
	for _, e := range s.Evidence {
		if e.Source != FromFetch || e.Session != session || e.Disowns {
			continue
		}
		fenced = fenced || e.Fenced
		switch c := e.UpdatedAt.Compare(best.UpdatedAt); {
		case best.Session == "", best.Reading != Paid && (e.Reading == Paid || c > 0 || c == 0 && e.AsOf >= best.AsOf):
			best = e
		}
	}
	return best, fenced && best.Reading != Paid
}

// Doubt returns the moment since which the shot of the open attempt is in doubt: the call that may move money brought no certain answer, and no later status told.
func Doubt(s State) (since time.Time, session string, ok bool) {
	a := NextStep(s)
	if !a.Read || s.Now != payout.Sending {
		return time.Time{}, "", false
	}
	about, _ := s.own(a.Session)
	if !s.shot(about) {
		return time.Time{}, "", false
	}
	return about[len(about)-1].EndedAt, a.Session, true
}

// ended turns the end of an attempt into evidence.
func (s State) ended(o Observation) Action {
	e := o.End
	ev := Evidence{Source: FromAnswer, At: o.At, Answer: e.Kind, Attempt: o.Attempt, Why: e.Why, Session: e.Session}
	a := Action{Keep: true, Fetch: e.Session}
	switch e.Kind {
	case Taken:
		ev.Ours, ev.Matches = true, true
	case NotSent:
		a.NotSent = e.Why
	case CredentialNo:
		a.NotSent = "credentials"
	}
	a.Evidence = ev
	return a
}
