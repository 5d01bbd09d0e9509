package protocol

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"countersign/internal/payout"
)

// The exhaustive model of promises.md A.1. It drives the package's own NextStep, ClassifyStep, Next and Fold (nothing of the protocol is written twice here) against
// a pretend bank that obeys A1 to A4, through every interleaving of: each writing call is answered / never had a connection / never arrives / is executed with its
// answer lost / is executed after we gave up on it; a status is read / times out; a crash between the commit of an intent and the commit of its outcome; the gate
// lets through or not; the bank goes on at any moment; its message comes or not.
//
// It is exhaustive though no path is walked twice: a world (bank, wire, durable rows, what is left of the bounds) holds everything that any later move looks at, since the
// client keeps nothing in memory. So each distinct world is expanded once, and the number of runs through it is the sum over its moves.

// mSession is a session at the model's bank.
type mSession struct {
	at      mStage
	payouts int // start on a started session adds one (promises.md 0.4)
	paid    int
	ver     int // its updated_at
}

type mStage byte

const (
	mCreated mStage = iota
	mReady          // started, works on asking for confirm
	mWaits
	mMoving
	mPaid
	mFailed
	mCancelled
)

// mCall is a call on its way that nobody waits for any more.
type mCall struct {
	call    StepCall // "" is init
	session int
	key     bool // carries the payout's one key, and the bank honours it
}

// world is everything. It is copied at each move.
type world struct {
	bank     []mSession
	keyUsed  bool
	wire     []mCall
	now      payout.Snapshot
	st       State
	inits    int
	crashes  int
	faults   int
	timeouts int
	gates    int
}

// rules of one exploration.
type model struct {
	t        testing.TB
	stepwise bool
	confirm  string
	attempts int // most claims
	steps    int // most steps; a path that needs more ends there
	faults   int // most calls that go wrong; 0: any number
	crashes  int // of the bug that forgets; others crash as often as they call
	timeouts int
	wireMax  int
	hooks    bool
	anytime  bool // a status is read also between two calls, not only when the flow waits for one
	// variants of the client, each one bug of promises.md A.1
	naive      bool // the single request again after an answer that proves nothing
	keyed      bool // ... with the same key
	bankKeys   bool // the bank honours keys
	startAgain bool // start on the same session once more because its status says created
	forgets    bool // the choice of a session is recorded with the outcome of confirm only: a crash forgets it

	seen           map[string]float64
	doubles, wrong float64 // runs through a world that shows it
	ends           map[string]bool
	found          []string
	cut            int
}

func (w *world) clone() *world {
	c := *w
	c.bank = append([]mSession(nil), w.bank...)
	c.wire = append([]mCall(nil), w.wire...)
	c.st.Steps = append([]Step(nil), w.st.Steps...)
	c.st.Evidence = append([]Evidence(nil), w.st.Evidence...)
	return &c
}

func (w *world) key() string {
	var b strings.Builder
	for _, s := range w.bank {
		b.WriteByte('A' + byte(s.at))
		b.WriteByte('0' + byte(s.payouts))
		b.WriteByte('0' + byte(s.paid))
		b.WriteByte('0' + byte(s.ver))
	}
	fmt.Fprintf(&b, "|%t%v|%s%t%t%s%s|%d%d%d%d%d%d%t|", w.keyUsed, w.wire, w.now.State, w.now.Review, w.now.Confirmed, w.now.Session, w.now.Why, w.st.Attempts, w.inits, w.crashes, w.faults, w.timeouts,
		w.gates, w.st.CredentialNo)
	for _, s := range w.st.Steps {
		b.WriteString(string(s.Call[:2]))
		b.WriteString(s.Session)
		b.WriteString(s.Why)
		b.WriteString(string(s.Answer))
		b.WriteString(s.Code)
		b.WriteByte(';')
	}
	for _, e := range w.st.Evidence {
		fmt.Fprintf(&b, "%s%s%s%s%s%s%d%d%t%t%d;", e.Source[:1], e.Session, e.Reading, e.Stage, e.Answer, e.Why, e.Attempt, e.AsOf, e.Fenced, e.Matches, e.UpdatedAt.Unix()-t0.Unix())
	}
	return b.String()
}

func name(i int) string { return fmt.Sprintf("ps_%d", i+1) }

func index(session string) int { return int(session[3]-'0') - 1 }

// view is a session as the bank shows it.
func (w *world) view(i int) SessionView {
	s := w.bank[i]
	v := SessionView{ID: name(i), UpdatedAt: t0.Add(time.Duration(s.ver) * time.Second)}
	p := payoutWith("in_progress")
	switch s.at {
	case mCreated:
		v.Status = "created"
	case mReady, mMoving:
		v.Status = "in_progress"
	case mWaits:
		v.Status, v.NextAction, p.Status = "in_progress", "confirm", "pending"
	case mPaid:
		v.Status, p.Status = "accepted", "succeeded"
	case mFailed, mCancelled:
		v.Status, p.Status, p.ErrorCode = "cancelled", "failed", "x"
	}
	for range s.payouts {
		v.Payouts = append(v.Payouts, p)
	}
	return v
}

func (w *world) touch(i int, to mStage) { w.bank[i].at, w.bank[i].ver = to, w.bank[i].ver+1 }

// execute is the bank doing one call. It returns the good or the refusing answer.
func (m *model) execute(w *world, c mCall) Answer {
	no := func(code string) Answer { return answer(400, "error", code, nil) }
	ok := func(i int) Answer { v := w.view(i); return answer(200, "ok", "", &v) }
	begin := mReady
	if m.confirm == ConfirmAuto || !m.stepwise {
		begin = mMoving
	}
	switch c.call {
	case "":
		if c.key && w.keyUsed {
			return no("idempotency_key_already_exists")
		}
		w.keyUsed = true
		w.bank = append(w.bank, mSession{at: begin, payouts: 1})
		return ok(len(w.bank) - 1)
	case CallCreate:
		w.bank = append(w.bank, mSession{})
		return ok(len(w.bank) - 1)
	case CallStart:
		switch w.bank[c.session].at {
		case mCreated:
			w.touch(c.session, begin)
		case mReady, mWaits, mMoving:
			w.touch(c.session, w.bank[c.session].at)
		default:
			return no("session_wrong_state") // A4
		}
		w.bank[c.session].payouts++
		return ok(c.session)
	case CallConfirm:
		switch w.bank[c.session].at {
		case mWaits:
			w.touch(c.session, mMoving)
		case mMoving, mPaid: // A1
		default:
			return no("session_wrong_state")
		}
		return ok(c.session)
	default:
		if at := w.bank[c.session].at; at != mCreated && at != mWaits {
			return no("session_wrong_state")
		}
		w.touch(c.session, mCancelled)
		return ok(c.session)
	}
}

// see hands an observation to the protocol and follows its action, as internal/app does.
func (m *model) see(w *world, o Observation) bool {
	o.At = t0.Add(time.Second)
	w.st.Now = w.now.State
	st, a := Next(w.st, o)
	if !a.Keep {
		return false
	}
	for _, e := range w.st.Evidence {
		b := a.Evidence
		if e.Source == b.Source && e.Session == b.Session && e.Reading == b.Reading && e.Stage == b.Stage && e.AsOf == b.AsOf && e.Fenced == b.Fenced && e.Matches == b.Matches &&
			e.Why == b.Why && e.Answer == b.Answer && e.Attempt == b.Attempt && e.UpdatedAt.Equal(b.UpdatedAt) {
			return false // said before
		}
	}
	p, err := payout.Restore(w.now)
	if err != nil {
		m.t.Fatal(err)
	}
	w.st = st
	if a.NotSent != "" && w.now.State == payout.Sending {
		if _, err := p.NotSent(a.NotSent, o.At); err != nil {
			m.t.Fatal(err)
		}
	}
	if a.Moves {
		for range 3 {
			if _, more := p.Follow(a.Outcome, o.Answer != nil || o.End != nil, o.At); !more {
				break
			}
		}
	}
	w.now = p.S()
	w.now.ChangedAt = t0
	w.st.Now = w.now.State
	return true
}

// explore returns the number of runs from here on.
func (m *model) explore(w *world) float64 {
	k := w.key()
	if n, ok := m.seen[k]; ok {
		return n
	}
	m.seen[k] = 0 // no move leads back: each adds a row or uses a bound up
	next := m.moves(w)
	n := 0.0
	for _, v := range next {
		n += m.explore(v)
	}
	if len(next) == 0 {
		n = 1
		end := string(w.now.State)
		if w.now.Review {
			end += " flagged"
		}
		m.ends[end] = true
	}
	paid := 0
	for _, s := range w.bank {
		paid += s.paid
	}
	if paid > 1 {
		m.doubles++
		m.note("paid %d times", paid, w)
	}
	if s := w.now; !s.Review {
		switch {
		case (s.State == payout.Succeeded || s.State == payout.Returned) && paid == 0, s.State == payout.Failed && s.Confirmed && paid > 0, s.State == payout.Approved && paid > 0:
			m.wrong++
			m.note("believes "+string(s.State)+", paid %d times", paid, w)
		}
	}
	m.seen[k] = n
	return n
}

func (m *model) note(f string, paid int, w *world) {
	if len(m.found) < 3 {
		m.found = append(m.found, fmt.Sprintf(f, paid)+": "+w.key())
	}
}

// moves lists every world that may follow.
func (m *model) moves(w *world) (out []*world) {
	add := func(change func(*world) bool) {
		if v := w.clone(); change(v) {
			out = append(out, v)
		}
	}
	// The bank goes on by itself.
	for i, s := range w.bank {
		switch s.at {
		case mReady:
			add(func(v *world) bool { v.touch(i, mWaits); return true })
		case mWaits:
			add(func(v *world) bool { v.touch(i, mCancelled); return true }) // not confirmed in time
		case mMoving:
			add(func(v *world) bool { v.touch(i, mPaid); v.bank[i].paid = v.bank[i].payouts; return true })
			add(func(v *world) bool { v.touch(i, mFailed); return true })
		}
	}
	for i, c := range w.wire { // a call that nobody waits for arrives
		add(func(v *world) bool {
			v.wire = append(v.wire[:i:i], v.wire[i+1:]...)
			m.execute(v, c)
			return true
		})
	}
	if m.hooks {
		for i, s := range w.bank {
			if s.at >= mPaid && s.payouts > 0 {
				add(func(v *world) bool {
					return m.see(v, Observation{Webhook: &Webhook{Type: "payment_finished", Session: v.view(i)}})
				})
			}
		}
	}
	// A status of a session that we know is read; one that was left is asked about no more.
	quiet := !m.stepwise || m.anytime || NextStep(w.st).Call == ""
	for i := range w.bank {
		if quiet && m.knows(w, name(i)) && !Fenced(w.st.Evidence, name(i)) {
			add(func(v *world) bool {
				return m.see(v, Observation{Fetch: &Fetch{Asked: name(i), Session: v.view(i)}, AsOf: ended(v.st.Steps)})
			})
			if w.timeouts < m.timeouts {
				add(func(v *world) bool { v.timeouts++; return true })
			}
		}
	}
	if w.now.State == payout.Approved {
		if w.st.Attempts < m.attempts {
			add(func(v *world) bool {
				v.now.State, v.now.Why = payout.Sending, ""
				v.st.Attempts++
				v.st.Now = payout.Sending
				return true
			})
		}
		return out
	}
	if m.stepwise {
		m.step(w, add)
	} else {
		m.single(w, add)
	}
	return out
}

func ended(steps []Step) int {
	n := 0
	for _, s := range steps {
		if s.Answer != "" {
			n = s.N
		}
	}
	return n
}

func (m *model) knows(w *world, session string) bool {
	for _, s := range w.st.Steps {
		if s.Session == session {
			return true
		}
	}
	for _, e := range w.st.Evidence {
		if e.Session == session {
			return true
		}
	}
	return false
}

// call plays every fate of one writing call; record keeps what came.
func (m *model) call(w *world, c mCall, add func(func(*world) bool), record func(*world, Answer) bool) {
	lost := Answer{GotConn: true, Err: "timeout"}
	add(func(v *world) bool { return record(v, m.execute(v, c)) })
	if m.faults > 0 {
		if w.faults >= m.faults {
			return
		}
		plain := add
		add = func(change func(*world) bool) { plain(func(v *world) bool { v.faults++; return change(v) }) }
	}
	add(func(v *world) bool { return record(v, Answer{}) }) // no connection
	for _, crash := range []bool{false, true} {
		if crash && m.forgets && w.crashes >= m.crashes {
			continue
		}
		gone := func(v *world) bool {
			if crash && m.forgets {
				v.crashes++
				return m.forget(v, c)
			}
			// After a crash the durable rows say the same as after a time-out: an intent whose call brought nothing. So any number of crashes is played.
			return record(v, lost)
		}
		add(gone)
		if c.call == CallCreate {
			continue // executed or not, now or later: a session that nobody knows stays empty for ever
		}
		add(func(v *world) bool { m.execute(v, c); return gone(v) })
		if len(w.wire) < m.wireMax {
			add(func(v *world) bool { v.wire = append(v.wire, c); return gone(v) })
		}
	}
}

// single plays the single request.
func (m *model) single(w *world, add func(func(*world) bool)) {
	latest := AnswerKind("")
	for _, e := range w.st.Evidence {
		if e.Source == FromAnswer && e.Attempt == w.st.Attempts {
			latest = e.Answer
		}
	}
	switch {
	case latest == "":
	case m.naive && latest == Unsure && w.inits < 2*m.attempts && w.now.State == payout.Unknown:
	default:
		return
	}
	m.call(w, mCall{key: m.bankKeys}, add, func(v *world, a Answer) bool {
		v.inits++
		n := len(v.st.Evidence)
		if m.naive && latest == Unsure { // the buggy client keeps the last answer only
			for i, e := range v.st.Evidence {
				if e.Source == FromAnswer && e.Attempt == v.st.Attempts {
					v.st.Evidence = append(v.st.Evidence[:i:i], v.st.Evidence[i+1:]...)
					break
				}
			}
			m.see(v, Observation{Answer: &a, Attempt: v.st.Attempts})
			return true
		}
		return m.see(v, Observation{Answer: &a, Attempt: v.st.Attempts}) || len(v.st.Evidence) != n
	})
}

// step plays what NextStep says.
func (m *model) step(w *world, add func(func(*world) bool)) {
	if _, session, ok := Doubt(w.st); ok { // the status cannot be had for too long
		add(func(v *world) bool {
			return m.see(v, Observation{Attempt: v.st.Attempts, End: &End{Kind: Unsure, Why: "lost", Session: session}})
		})
	}
	a := NextStep(w.st)
	if m.startAgain && a.Call == CallCancel && a.Why == whyAgain {
		a = StepAction{Call: CallStart, Session: a.Session}
	}
	switch {
	case a.End != nil:
		add(func(v *world) bool { return m.see(v, Observation{Attempt: v.st.Attempts, End: a.End}) })
		return
	case a.Call == "":
		return
	case len(w.st.Steps) >= m.steps:
		m.cut++
		return
	}
	m.take(w, a, add)
	if a.Gate && w.gates == 0 {
		b := Blocked(a, "halt")
		m.take(w, b, func(change func(*world) bool) {
			add(func(v *world) bool { v.gates++; return change(v) })
		})
	}
}

func (m *model) take(w *world, a StepAction, add func(func(*world) bool)) {
	c := mCall{call: a.Call}
	if a.Session != "" {
		c.session = index(a.Session)
	}
	m.call(w, c, add, func(v *world, ans Answer) bool {
		s := Step{N: len(v.st.Steps) + 1, Attempt: v.st.Attempts, Call: a.Call, Session: a.Session, Why: a.Why, At: t0, EndedAt: t0}
		s.Answer, s.Code = ClassifyStep(a.Call, a.Session, ans, v.st.Expect)
		if a.Call == CallCreate && s.Answer == Taken {
			s.Session = ans.Session.ID
		}
		v.st.Steps = append(v.st.Steps, s)
		return true
	})
}

// forget is the bug: what was recorded about the session in work is not there after the crash.
func (m *model) forget(v *world, c mCall) bool {
	if c.call != CallConfirm {
		return false
	}
	v.st.Steps = nil
	v.st.Evidence = nil
	return true
}

func (m *model) run(t *testing.T) float64 {
	t.Helper()
	m.t, m.seen, m.ends = t, map[string]float64{}, map[string]bool{}
	w := &world{st: State{Expect: expected, SentAt: t0, Attempts: 1, Now: payout.Sending, Stepwise: m.stepwise, Confirm: m.confirm},
		now: payout.Snapshot{ID: "p1", Number: 1042, State: payout.Sending, Version: 1, Makers: []string{"m"}, Digest: "d", Content: contentOf(expected), Reference: expected.Reference, Key: "k", SentAt: t0, ChangedAt: t0}}
	begun := time.Now()
	runs := m.explore(w)
	t.Logf("%.0f runs through %d worlds, %.0f of them show a double payment, %.0f a wrong belief; %d cut at the bound; ends %v; %v", runs, len(m.seen), m.doubles, m.wrong, m.cut, m.ends,
		time.Since(begun).Round(time.Millisecond))
	return runs
}

// TestModel proves promises.md A.2 #1 for both flows as far as the bank keeps A1 to A4: no double payment and no wrong belief in any interleaving.
func TestModel(t *testing.T) {
	steps, deep, faults := 5, 10, 2
	if os.Getenv("MODEL") == "long" { // minutes: before a release
		steps, faults = 6, 3
	}
	if raceOn { // the same worlds, fewer of them
		steps, deep = 4, 6
	}
	for name, m := range map[string]*model{
		"single":                     {attempts: 2, crashes: 1, timeouts: 1, wireMax: 2, hooks: true, bankKeys: true},
		"single, key ignored":        {attempts: 2, crashes: 1, timeouts: 1, wireMax: 2, hooks: true},
		"stepwise, confirm required": {stepwise: true, confirm: ConfirmRequired, attempts: 2, steps: steps, crashes: 1, wireMax: 2},
		"stepwise, confirm auto":     {stepwise: true, confirm: ConfirmAuto, attempts: 2, steps: steps, crashes: 1, wireMax: 2},
		"stepwise, with messages":    {stepwise: true, confirm: ConfirmRequired, attempts: 2, steps: steps - 1, wireMax: 1, hooks: true},
		"stepwise, read at any time": {stepwise: true, confirm: ConfirmRequired, attempts: 1, steps: max(steps-2, 3), timeouts: 1, wireMax: 2, anytime: true},
		// So deep that all three sessions of an attempt are used up; at most two calls go wrong (three in the long form).
		"stepwise, three sessions":       {stepwise: true, confirm: ConfirmRequired, attempts: 1, steps: deep, faults: faults, wireMax: 2},
		"stepwise, three sessions, auto": {stepwise: true, confirm: ConfirmAuto, attempts: 1, steps: deep, faults: faults, wireMax: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.run(t)
			if m.doubles+m.wrong > 0 {
				t.Errorf("%v double payments, %v wrong beliefs:\n%s", m.doubles, m.wrong, strings.Join(m.found, "\n"))
			}
			if !m.ends["succeeded"] || !m.ends["failed"] {
				t.Errorf("no run ends paid, or none not paid: %v", m.ends)
			}
		})
	}
}

// TestModelFindsBugs: the four bugs of promises.md A.1 are found, each by a payment made twice.
func TestModelFindsBugs(t *testing.T) {
	for name, m := range map[string]*model{
		"the single request again":                    {attempts: 1, crashes: 1, wireMax: 2, naive: true},
		"again with a key that the bank ignores":      {attempts: 1, crashes: 1, wireMax: 2, naive: true, keyed: true},
		"start on the same session again":             {stepwise: true, confirm: ConfirmRequired, attempts: 1, steps: 4, crashes: 1, wireMax: 2, startAgain: true},
		"start on the same session again, auto":       {stepwise: true, confirm: ConfirmAuto, attempts: 1, steps: 4, crashes: 1, wireMax: 2, startAgain: true},
		"the session not recorded before its confirm": {stepwise: true, confirm: ConfirmRequired, attempts: 1, steps: 3, crashes: 1, wireMax: 2, forgets: true},
	} {
		t.Run(name, func(t *testing.T) {
			m.run(t)
			if m.doubles == 0 {
				t.Error("the model is blind: the bug pays nobody twice")
			}
		})
	}
	t.Run("a key that the bank honours saves the naive client", func(t *testing.T) {
		m := &model{attempts: 1, crashes: 1, wireMax: 2, naive: true, keyed: true, bankKeys: true}
		if m.run(t); m.doubles > 0 {
			t.Errorf("%v double payments", m.doubles)
		}
	})
}
