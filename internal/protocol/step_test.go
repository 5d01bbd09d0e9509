package protocol

import (
	"testing"
	"time"

	"countersign/internal/calendar"
	"countersign/internal/payout"
)

// TestClassifyStep is the table of answers to the calls of the stepwise flow, row by row.
func TestClassifyStep(t *testing.T) {
	view := func(status string, change func(*SessionView), payouts ...PayoutView) *SessionView {
		v := &SessionView{ID: "ps_1", Status: status, Payouts: payouts}
		if change != nil {
			change(v)
		}
		return v
	}
	other := func(v *SessionView) { v.ID = "ps_2" }
	asks := func(v *SessionView) { v.NextAction = "confirm" }
	ok := func(v *SessionView) Answer { return answer(200, "ok", "", v) }
	no := func(code string) Answer { return answer(400, "error", code, nil) }
	p := payoutWith("in_progress")
	wrong := p
	wrong.AmountMinor++
	foreign := p
	foreign.Reference = "cs1-1-x"
	for name, c := range map[string]struct {
		call StepCall
		a    Answer
		kind AnswerKind
		why  string
	}{
		"no connection":                  {CallStart, Answer{}, NotSent, "bank_down"},
		"late":                           {CallConfirm, Answer{GotConn: true, Err: "timeout"}, Unsure, "timeout"},
		"created":                        {CallCreate, ok(view("created", nil)), Taken, ""},
		"created with a payout in it":    {CallCreate, ok(view("created", nil, p)), Unsure, "other_content"},
		"created, but works already":     {CallCreate, ok(view("in_progress", nil)), Unsure, "other_content"},
		"started":                        {CallStart, ok(view("in_progress", nil, p)), Taken, ""},
		"started, asking at once":        {CallStart, ok(view("in_progress", asks, payoutWith("pending"))), Taken, ""},
		"started elsewhere":              {CallStart, ok(view("in_progress", other, p)), Unsure, "other_session"},
		"started twice":                  {CallStart, ok(view("in_progress", nil, p, p)), Unsure, "two_payouts"},
		"started empty":                  {CallStart, ok(view("in_progress", nil)), Unsure, "two_payouts"},
		"started with another sum":       {CallStart, ok(view("in_progress", nil, wrong)), Unsure, "other_amount"},
		"started with another reference": {CallStart, ok(view("in_progress", nil, foreign)), Unsure, "other_reference"},
		"confirmed":                      {CallConfirm, ok(view("in_progress", nil, p)), Taken, ""},
		"confirmed, and it asks on":      {CallConfirm, ok(view("in_progress", asks, p)), Unsure, "not_confirmed"},
		"cancelled":                      {CallCancel, ok(view("cancelled", nil)), Taken, ""},
		"start refused":                  {CallStart, no("invalid_request"), Refused, "invalid_request"},
		"create refused":                 {CallCreate, no("operation_rejected"), Refused, "operation_rejected"},
		"confirm refused proves nothing": {CallConfirm, no("invalid_request"), Unsure, "invalid_request"},
		"cancel refused proves nothing":  {CallCancel, no("session_wrong_state"), Unsure, "session_wrong_state"},
		"who we are":                     {CallCancel, answer(401, "error", "authentication_error", nil), CredentialNo, "authentication_error"},
		"the key was seen":               {CallStart, no("idempotency_key_already_exists"), Unsure, "idempotency_key_already_exists"},
		"a refusal with a session in it": {CallStart, answer(400, "error", "invalid_request", view("created", nil)), Unsure, "invalid_request"},
		"5xx":                            {CallStart, answer(500, "error", "internal_error", nil), Unsure, "internal_error"},
		"a page":                         {CallStart, Answer{GotConn: true, HTTP: 502}, Unsure, "http_502"},
		"a redirect":                     {CallConfirm, Answer{GotConn: true, HTTP: 307}, Unsure, "http_307"},
		"200 without a session":          {CallConfirm, ok(nil), Unsure, "other_content"},
	} {
		if kind, why := ClassifyStep(c.call, "ps_1", c.a, expected); kind != c.kind || why != c.why {
			t.Errorf("%s: %s %q, want %s %q", name, kind, why, c.kind, c.why)
		}
	}
	for code, want := range map[string]bool{"session_wrong_state": true, "invalid_request": true, "session_cancelled": true, "internal_error": false, "timeout": false} {
		if StepProper(Unsure, code) != want {
			t.Errorf("%s: the bank answers properly: %v", code, !want)
		}
	}
}

// TestNextStep is the flow row by row: what the steps and the newest status say, and what is done.
func TestNextStep(t *testing.T) {
	step := func(n int, c StepCall, k AnswerKind) Step {
		return Step{N: n, Attempt: 1, Call: c, Session: "ps_1", Answer: k, At: t0, EndedAt: t0}
	}
	coded := func(s Step, code string) Step { s.Code = code; return s }
	lost := Step{N: 1, Attempt: 1, Call: CallCreate, Answer: Unsure, Code: "timeout"}
	because := func(s Step, why string) Step { s.Why = why; return s }
	made, begun, shot := step(1, CallCreate, Taken), step(2, CallStart, Taken), step(3, CallConfirm, Unsure)
	is := func(stage Stage, asOf int) Evidence {
		e := Evidence{Source: FromFetch, Session: "ps_1", Ours: true, Matches: true, Reading: Idle, Stage: stage, AsOf: asOf, UpdatedAt: at(asOf)}
		if stage == StageCancelled {
			e.Reading, e.Fenced = NotPaid, true
		}
		return e
	}
	with := func(e Evidence, change func(*Evidence)) Evidence { change(&e); return e }
	for name, c := range map[string]struct {
		confirm string
		now     payout.State
		steps   []Step
		seen    []Evidence
		want    StepAction
	}{
		"nothing yet":                   {want: StepAction{Call: CallCreate}},
		"a call may be alive":           {steps: []Step{made, step(2, CallStart, "")}},
		"create lost":                   {steps: []Step{lost}, want: StepAction{Call: CallCreate}},
		"create lost three times":       {steps: []Step{lost, lost, lost}, want: StepAction{End: &End{NotSent, "bank_down", ""}}},
		"create refused":                {steps: []Step{{N: 1, Attempt: 1, Call: CallCreate, Answer: Refused, Code: "x"}}, want: StepAction{End: &End{Refused, "x", ""}}},
		"created":                       {steps: []Step{made}, want: StepAction{Call: CallStart, Session: "ps_1", Gate: true}},
		"created, the payout went away": {now: payout.Unknown, steps: []Step{made}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "unknown"}},
		"started":                       {steps: []Step{made, begun}, want: StepAction{Read: true, Session: "ps_1"}},
		"started, auto":                 {confirm: ConfirmAuto, steps: []Step{made, begun}, want: StepAction{End: &End{Taken, "", "ps_1"}}},
		"an old status says nothing":    {steps: []Step{made, begun}, seen: []Evidence{is(StageCreated, 1)}, want: StepAction{Read: true, Session: "ps_1"}},
		"start did not arrive":          {steps: []Step{made, step(2, CallStart, Unsure)}, seen: []Evidence{is(StageCreated, 2)}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "again"}},
		"start was refused":             {steps: []Step{made, coded(step(2, CallStart, Refused), "x")}, seen: []Evidence{is(StageCreated, 2)}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "refused:x"}},
		"refused, and fenced":           {steps: []Step{made, begun, because(step(3, CallCancel, Taken), "refused:x")}, seen: []Evidence{is(StageCancelled, 3)}, want: StepAction{End: &End{Refused, "x", ""}}},
		"fenced: another session":       {steps: []Step{made, begun, because(step(3, CallCancel, Unsure), "again")}, seen: []Evidence{is(StageCancelled, 3)}, want: StepAction{Call: CallCreate}},
		"cancel did not arrive":         {steps: []Step{made, begun, because(step(3, CallCancel, Unsure), "again")}, seen: []Evidence{is(StageCreated, 3)}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "again"}},
		"the gate said no, fenced":      {steps: []Step{made, begun, because(step(3, CallCancel, Taken), "gate:halt")}, seen: []Evidence{is(StageCancelled, 3)}, want: StepAction{End: &End{NotSent, "gate", ""}}},
		"the gate, known as unknown":    {now: payout.Unknown, steps: []Step{made, begun, because(step(3, CallCancel, Taken), "gate:halt")}, seen: []Evidence{is(StageCancelled, 3)}, want: StepAction{End: &End{Refused, "cancelled", ""}}},
		"it works":                      {steps: []Step{made, begun}, seen: []Evidence{is(StageMoving, 2)}},
		"it waits":                      {steps: []Step{made, begun}, seen: []Evidence{is(StageWaits, 2)}, want: StepAction{Call: CallConfirm, Session: "ps_1", Gate: true}},
		"it waits, auto":                {confirm: ConfirmAuto, steps: []Step{made, step(2, CallStart, Unsure)}, seen: []Evidence{is(StageWaits, 2)}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "confirm_asked"}},
		"it waits with something else":  {steps: []Step{made, begun}, seen: []Evidence{with(is(StageWaits, 2), func(e *Evidence) { e.Matches, e.Why = false, "other_amount" })}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "content:other_amount"}},
		"confirm lost":                  {steps: []Step{made, begun, shot}, seen: []Evidence{is(StageWaits, 2)}, want: StepAction{Read: true, Session: "ps_1"}},
		"confirm lost, it still waits":  {steps: []Step{made, begun, shot}, seen: []Evidence{is(StageWaits, 3)}, want: StepAction{Call: CallConfirm, Session: "ps_1", Gate: true}},
		"the same, known as unknown":    {now: payout.Unknown, steps: []Step{made, begun, shot}, seen: []Evidence{is(StageWaits, 3)}, want: StepAction{Call: CallConfirm, Session: "ps_1", Gate: true}},
		"the same, people ruled":        {now: payout.Failed, steps: []Step{made, begun, shot}, seen: []Evidence{is(StageWaits, 3), {Source: FromVerdict}}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "unknown"}},
		"it waits, a copy was restored": {now: payout.Unknown, steps: []Step{made, begun, shot}, seen: []Evidence{is(StageWaits, 3), {Source: FromRestore}}, want: StepAction{Call: CallCancel, Session: "ps_1", Why: "unknown"}},
		"confirmed":                     {steps: []Step{made, begun, step(3, CallConfirm, Taken)}, want: StepAction{End: &End{Taken, "", "ps_1"}}},
		"confirm lost, it moves":        {steps: []Step{made, begun, shot}, seen: []Evidence{with(is(StageMoving, 3), func(e *Evidence) { e.Reading = Open })}, want: StepAction{End: &End{Taken, "", "ps_1"}}},
		"paid":                          {steps: []Step{made, begun, shot}, seen: []Evidence{with(is("", 3), func(e *Evidence) { e.Reading = Paid })}, want: StepAction{End: &End{Taken, "", "ps_1"}}},
		"refused by the bank":           {steps: []Step{made, begun, shot}, seen: []Evidence{with(is(StageCancelled, 3), func(e *Evidence) { e.Fenced, e.Why = false, "x" })}, want: StepAction{End: &End{Refused, "x", "ps_1"}}},
		"over":                          {steps: []Step{made, begun, shot}, seen: []Evidence{is(StageWaits, 3), {Source: FromAnswer, Attempt: 1, Answer: Taken}}},
	} {
		s := State{Attempts: 1, Now: payout.Sending, Stepwise: true, Confirm: ConfirmRequired, Expect: expected, Steps: c.steps, Evidence: c.seen}
		if c.confirm != "" {
			s.Confirm = c.confirm
		}
		if c.now != "" {
			s.Now = c.now
		}
		got := NextStep(s)
		if got.End != nil && c.want.End != nil && *got.End == *c.want.End {
			continue
		}
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestFoldSessions: sessions that were left are no second session, and a payout is called not paid only when the last one is cancelled as well.
func TestFoldSessions(t *testing.T) {
	fenced := Evidence{Source: FromFetch, At: at(1), Session: "ps_1", Ours: true, Matches: true, Reading: NotPaid, Stage: StageCancelled, Fenced: true, UpdatedAt: at(1)}
	second := fenced
	second.Session = "ps_2"
	moving := Evidence{Source: FromFetch, At: at(2), Session: "ps_2", Ours: true, Matches: true, Reading: Open, Stage: StageMoving, UpdatedAt: at(2)}
	late := Evidence{Source: FromFetch, At: at(9), Session: "ps_1", Ours: true, Matches: true, Reading: Paid, UpdatedAt: at(9)}
	gaveUp := Evidence{Source: FromAnswer, At: at(3), Answer: Unsure, Attempt: 1, Session: "ps_2", Why: "lost"}
	for name, c := range map[string]struct {
		all  []Evidence
		want payout.Outcome
		no   bool
	}{
		"one left, nothing more yet":        {all: []Evidence{fenced}, want: payout.Outcome{State: payout.Sending}},
		"one left, the next moves":          {all: []Evidence{fenced, moving}, want: payout.Outcome{State: payout.InProgress, Session: "ps_2"}},
		"one left, the next given up":       {all: []Evidence{fenced, gaveUp}, want: payout.Outcome{State: payout.Unknown, Why: "lost"}},
		"given up, then cancelled as well":  {all: []Evidence{fenced, gaveUp, second}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "cancelled"}},
		"all left, refused":                 {all: []Evidence{fenced, second, {Source: FromAnswer, Answer: Refused, Attempt: 1, Why: "cancelled"}}, want: payout.Outcome{State: payout.Failed, Confirmed: true, Why: "cancelled"}},
		"all left, put back":                {all: []Evidence{fenced, {Source: FromAnswer, Answer: NotSent, Attempt: 1, Why: "gate"}}, no: true},
		"one that was left pays after all":  {all: []Evidence{fenced, moving, late}, want: payout.Outcome{State: payout.Unknown, Review: true, Why: "second_session", Session: "ps_1"}},
		"left, pays, and nothing else does": {all: []Evidence{fenced, late}, want: payout.Outcome{State: payout.Succeeded, Review: true, Confirmed: true, Session: "ps_1"}},
	} {
		permutations(len(c.all), func(order []int) {
			var all []Evidence
			for _, i := range order {
				all = append(all, c.all[i])
			}
			got, ok := Fold(expected, t0, 1, all, calendar.Calendar{})
			if ok == c.no || got != c.want {
				t.Errorf("%s in order %v: %+v %v, want %+v", name, order, got, ok, c.want)
			}
		})
	}
}

// TestUnconfirmedHalts: in required mode a paid session without our confirm, or one that works for a quarter of an hour without asking for it, stops sending, once.
func TestUnconfirmedHalts(t *testing.T) {
	base := State{Attempts: 1, Now: payout.Sending, Stepwise: true, Confirm: ConfirmRequired, Expect: expected, SentAt: t0,
		Steps: []Step{{N: 1, Attempt: 1, Call: CallCreate, Session: "ps_1", Answer: Taken}, {N: 2, Attempt: 1, Call: CallStart, Session: "ps_1", Answer: Taken, At: t0}}}
	for name, c := range map[string]struct {
		session SessionView
		after   time.Duration
		halt    string
	}{
		"paid":                       {session("ps_1", "accepted", 1, payoutWith("succeeded")), time.Minute, HaltUnconfirmed},
		"works":                      {session("ps_1", "in_progress", 1, payoutWith("in_progress")), 14 * time.Minute, ""},
		"works for too long":         {session("ps_1", "in_progress", 1, payoutWith("in_progress")), 15 * time.Minute, HaltUnconfirmed},
		"waits, however long it has": {session("ps_1", "in_progress", 1, payoutWith("pending")), time.Hour, ""},
	} {
		st, a := Next(base, Observation{At: t0.Add(c.after), AsOf: 2, Fetch: &Fetch{Asked: "ps_1", Session: c.session}})
		if a.Halt != c.halt {
			t.Errorf("%s: halt %q, want %q", name, a.Halt, c.halt)
		}
		if _, a = Next(st, Observation{At: t0.Add(c.after + time.Second), AsOf: 2, Fetch: &Fetch{Asked: "ps_1", Session: c.session}}); a.Halt != "" {
			t.Errorf("%s: halts again at the next status", name)
		}
		confirmed := base
		confirmed.Steps = append(append([]Step{}, base.Steps...), Step{N: 3, Attempt: 1, Call: CallConfirm, Session: "ps_1", Answer: Unsure})
		if _, a := Next(confirmed, Observation{At: t0.Add(c.after), AsOf: 3, Fetch: &Fetch{Asked: "ps_1", Session: c.session}}); a.Halt != "" {
			t.Errorf("%s, confirmed by us: halt %q", name, a.Halt)
		}
	}
}
