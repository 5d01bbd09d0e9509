package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// StepRow is the intent of one step of the stepwise flow, committed before its call leaves.
type StepRow struct {
	Payout     payout.ID
	N, Attempt int
	Call       protocol.StepCall
	Session    string // "" of create
	Why        string // of cancel
	Key        string
	Body       []byte
	At         time.Time
}

// StepEnd is what came of a step. Session is the one that a create brought.
type StepEnd struct {
	Payout  payout.ID
	N       int
	Kind    protocol.AnswerKind
	Why     string
	Session string
	Raw     protocol.Raw
	At      time.Time
}

// StepLine is a step as pages show it.
type StepLine struct {
	protocol.Step
	Bytes, HTTP int
	Description string // the bank's words
}

// stepKey is the idempotency key of one step: the payout's own key, and the number of the step, so that no two calls share one. A repeated confirm carries the key of
// the first.
func stepKey(key string, call protocol.StepCall, session string, steps []protocol.Step, n int) string {
	for _, s := range steps {
		if call == protocol.CallConfirm && s.Call == call && s.Session == session {
			n = s.N
			break
		}
	}
	return fmt.Sprintf("%s-%s-%d", key, call, n)
}

// addStep commits the intent of one step with its event and returns the order for exactly one call.
func (a *App) addStep(tx Tx, p *payout.Payout, st protocol.State, act protocol.StepAction, events ...payout.Event) (*protocol.Order, error) {
	s, now := p.S(), a.Now()
	want := expect(s)
	body, err := a.Wire.EncodeStep(act.Call, act.Session, want)
	if err != nil {
		return nil, fmt.Errorf("body of %s of %s: %w", act.Call, s.ID, err)
	}
	if err := a.Wire.CheckStep(act.Call, act.Session, want, body); err != nil {
		return nil, a.haltNow(tx, "altered", s.ID, now, err)
	}
	row := StepRow{Payout: s.ID, N: len(st.Steps) + 1, Attempt: st.Attempts, Call: act.Call, Session: act.Session, Why: act.Why, Body: body, At: now}
	row.Key = stepKey(s.Key, act.Call, act.Session, st.Steps, row.N)
	if err := tx.AddStep(row); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	ev := p.Note(payout.ActStep, now)
	ev.By = payout.System("dispatcher")
	ev.Facts["attempt"], ev.Facts["step"], ev.Facts["call"], ev.Facts["step_session"], ev.Facts["step_why"] = row.Attempt, row.N, string(row.Call), row.Session, row.Why
	ev.Facts["step_key"], ev.Facts["step_body"], ev.Facts["bytes"] = row.Key, hex.EncodeToString(sum[:]), len(body)
	if err := a.save(tx, p, append(events, ev)...); err != nil {
		return nil, err
	}
	return &protocol.Order{Payout: string(s.ID), Attempt: row.Attempt, Key: row.Key, Body: body, Expect: want, CredentialBefore: s.CredentialNo, Step: row.Call, StepN: row.N, Session: row.Session}, nil
}

// takeStep takes the next step of an open attempt of the stepwise flow; nil when there is none to take now.
func (a *App) takeStep(tx Tx, id payout.ID) (*protocol.Order, error) {
	if err := tx.DropStepDue(id); err != nil {
		return nil, err
	}
	now := a.Now()
	p, err := tx.Payout(id)
	if errors.Is(err, payout.ErrBroken) {
		return nil, a.haltNow(tx, "altered", id, now, err)
	}
	if err != nil {
		return nil, err
	}
	if _, open, err := tx.OpenAttempt(id); err != nil || !open {
		return nil, err
	}
	at, ok, err := tx.LastAttempt(id)
	if err != nil || !ok {
		return nil, err
	}
	if at.Host != a.Place.Environment || at.Project != a.Place.Project {
		a.Log.Error("an attempt of another bank or project is left alone", "payout", string(id), "attempt", at.N)
		return nil, nil
	}
	st, err := a.protocolState(tx, p)
	if err != nil {
		return nil, err
	}
	act := protocol.NextStep(st)
	switch {
	case act.End != nil, act.Read:
		return nil, a.advance(tx, p)
	case act.Call == "":
		return nil, nil
	}
	if act.Gate {
		why, err := a.gate(tx, p, st)
		if err != nil {
			return nil, err
		}
		if why != "" {
			act = protocol.Blocked(act, why)
		}
	}
	return a.addStep(tx, p, st, act)
}

// gate measures again, for a payout whose session is open, everything that its claim measured: the stop, rows and digest against the history, evidence, rules,
// decisions and their signatures, standing, limits and days. why is "" when the step may leave.
func (a *App) gate(tx Tx, p *payout.Payout, st protocol.State) (why string, err error) {
	s, now := p.S(), a.Now()
	if _, halted, err := tx.Halt(); err != nil || halted {
		return "halt", err
	}
	m, err := a.measure(tx, p, st)
	switch {
	case err != nil:
		return "", err
	case m.altered != nil:
		return "altered", a.haltNow(tx, "altered", s.ID, now, m.altered)
	case m.held != "":
		return m.held, nil
	case m.payeeMoved:
		return "payee", nil
	case m.back != "":
		return m.back, nil
	}
	return "", nil
}

// roomless measures limits without the room that the payout itself holds already.
type roomless struct {
	Tx
	own   map[string]bool
	minor int64
}

func (r roomless) Use(names []string) (map[string]int64, error) {
	use, err := r.Tx.Use(names)
	out := map[string]int64{}
	for n, v := range use {
		if r.own[n] {
			v -= r.minor
		}
		out[n] = v
	}
	return out, err
}

// advance does what the stepwise flow says next about an open attempt, short of a call: it ends the attempt, has the next step taken, or has the status read.
func (a *App) advance(tx Tx, p *payout.Payout) error {
	id, now := p.S().ID, a.Now()
	n, open, err := tx.OpenAttempt(id)
	if err != nil || !open {
		return err
	}
	st, err := a.protocolState(tx, p)
	if err != nil || !st.Stepwise {
		return err
	}
	switch act := protocol.NextStep(st); {
	case act.End != nil:
		return a.endAttempt(tx, p, st, n, *act.End)
	case act.Call != "":
		tx.Touch(Change{Payouts: []payout.ID{id}})
		at := now
		if rest := protocol.Rest(st, a.PollMin/2); rest.After(now) {
			at = rest
			if most := now.Add(a.longestRest()); at.After(most) { // the last call was lost by a clock that was ahead
				at = most
			}
		}
		return tx.SetStepDue(id, at)
	case act.Read:
		plan, ok, err := tx.Poll(act.Session, id)
		if err != nil || ok && plan.NextAt.Sub(now) <= a.PollMin {
			return err
		}
		return a.wakePollOf(tx, act.Session, id, now)
	}
	return nil
}

// endAttempt records what an attempt of the stepwise flow came to. One that is only given up (Unsure) stays open: a later status may still resolve it.
func (a *App) endAttempt(tx Tx, p *payout.Payout, st protocol.State, n int, end protocol.End) error {
	id, now := p.S().ID, a.Now()
	_, act := protocol.Next(st, protocol.Observation{At: now, Attempt: n, End: &end})
	facts := map[string]any{"attempt": n, "gave_up": true}
	sum := sha256.Sum256(nil)
	if end.Kind != protocol.Unsure {
		if ok, err := tx.AddOutcome(AttemptOutcome{Payout: id, N: n, Kind: string(end.Kind), Why: end.Why, At: now}); err != nil || !ok {
			return err
		}
		facts = map[string]any{"attempt": n, "answer": string(end.Kind), "http": 0, "body": hex.EncodeToString(sum[:]), "error": end.Why}
	}
	ev, err := tx.AddEvidence(id, act.Evidence, int64(n))
	if err != nil {
		return err
	}
	facts["evidence"] = ev
	settles(tx, id, n, end.Kind)
	if err := tx.DropStepDue(id); err != nil {
		return err
	}
	return a.act(tx, p, act, true, payout.ActAnswered, facts, now)
}

// stepAnswered records what came of one step, whatever it is, and plans the next.
func (a *App) stepAnswered(tx Tx, id payout.ID, n int, answer protocol.Answer, raw protocol.Raw) (kind protocol.AnswerKind, err error) {
	now := a.Now()
	p, err := tx.Payout(id)
	if err != nil {
		return "", err
	}
	st, err := a.protocolState(tx, p)
	if err != nil {
		return "", err
	}
	var step protocol.Step
	for _, s := range st.Steps {
		if s.N == n {
			step = s
		}
	}
	if step.N == 0 {
		return "", fmt.Errorf("step %d of %s is not there", n, id)
	}
	if step.Answer != "" { // it was given up already: what it says can only be a reason to ask
		if step.Session != "" {
			return "", a.wakePollOf(tx, step.Session, id, now)
		}
		return "", nil
	}
	kind, why := protocol.ClassifyStep(step.Call, step.Session, answer, st.Expect)
	end := StepEnd{Payout: id, N: n, Kind: kind, Why: why, Raw: raw, At: now}
	if step.Call == protocol.CallCreate && kind == protocol.Taken {
		end.Session = answer.Session.ID
		if _, taken, err := tx.IDBySession(end.Session); err != nil {
			return "", err
		} else if taken { // a session that is somebody's already is no answer
			end.Session, end.Kind, end.Why = "", protocol.Unsure, "other_session"
		}
	}
	if err := tx.EndStep(end); err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw.Body)
	ev := p.Note(payout.ActStepAnswered, now)
	ev.By = payout.System("dispatcher")
	ev.Facts["attempt"], ev.Facts["step"], ev.Facts["step_answer"], ev.Facts["error"], ev.Facts["http"] = step.Attempt, n, string(end.Kind), end.Why, raw.HTTP
	ev.Facts["step_body"], ev.Facts["step_session"] = hex.EncodeToString(sum[:]), end.Session
	if err := a.save(tx, p, ev); err != nil {
		return "", err
	}
	if step.Session != "" {
		if err := a.wakePollOf(tx, step.Session, id, now); err != nil {
			return "", err
		}
	}
	// The money of an attempt counts as spent until its end: after the shot the next balance that is asked for tells.
	if shot := step.Call == protocol.CallConfirm || step.Call == protocol.CallStart && st.Confirm == protocol.ConfirmAuto; shot && (kind == protocol.Taken || kind == protocol.Unsure) {
		settles(tx, id, step.Attempt, kind)
	}
	if kind == protocol.CredentialNo {
		if err := a.halt(tx, protocol.HaltCredentials, id, now); err != nil {
			return "", err
		}
	}
	return kind, a.advance(tx, p)
}

// Echo is what the bank said that it took, as last fetched for the payout's session; ok is false when nothing is kept of it.
func (a *App) Echo(ctx context.Context, s payout.Snapshot) (e protocol.Echo, at time.Time, ok bool, err error) {
	if s.Session == "" {
		return e, at, false, nil
	}
	body, at, ok, err := a.Store.NewestFetch(ctx, s.ID, s.Session)
	if err != nil || !ok {
		return e, at, false, err
	}
	e = a.Wire.ParseEcho(body)
	return e, at, e.Payout != "", nil
}

// loseSteps ends steps whose call cannot be alive any more, calls a payout unknown whose shot stays in doubt, and plans again what a crash left without a plan.
func (a *App) loseSteps(ctx context.Context, before time.Time) (did bool, err error) {
	open, err := a.Store.AnyStepwise(ctx)
	if err != nil || !open {
		return false, err
	}
	const most = 100
	var after payout.ID
	for range 1000 { // 100,000 open attempts
		n := 0
		err := a.write(ctx, Worker, theClock, Settle, about(approval.Payout, ""), func(tx *sealed) error {
			ids, err := tx.OpenStepwise(after, most)
			if err != nil {
				return err
			}
			n = len(ids)
			for _, id := range ids {
				after = id
				one, err := a.loseStep(tx, id, before)
				if err != nil {
					return err
				}
				did = did || one
			}
			return nil
		})
		if err != nil || n < most {
			return did, err
		}
	}
	return did, nil
}

func (a *App) loseStep(tx Tx, id payout.ID, before time.Time) (did bool, err error) {
	now := a.Now()
	p, err := tx.Payout(id)
	if errors.Is(err, payout.ErrBroken) { // named; the others go on
		return false, a.rowAltered(tx, id, now, err)
	}
	if err != nil {
		return false, err
	}
	st, err := a.protocolState(tx, p)
	if err != nil || len(st.Steps) == 0 {
		return false, err
	}
	if last := st.Steps[len(st.Steps)-1]; last.Answer == "" {
		a.mu.Lock()
		alive := a.live[fmt.Sprintf("%s/%d", id, last.Attempt)]
		a.mu.Unlock()
		if !last.At.Before(before) || alive && now.Sub(last.At) < a.BankTimeout+time.Minute {
			return false, nil
		}
		// GotConn is not known, so it must be taken as had.
		_, err := a.stepAnswered(tx, id, last.N, protocol.Answer{GotConn: true, Err: "lost"}, protocol.Raw{})
		return true, err
	}
	if gone, err := a.elsewhere(tx, p, st); gone || err != nil {
		return gone, err
	}
	if since, session, ok := protocol.Doubt(st); ok && (now.Sub(since) >= protocol.DoubtTooLong || since.After(now.Add(clockBack))) {
		return true, a.endAttempt(tx, p, st, st.Attempts, protocol.End{Kind: protocol.Unsure, Why: "lost", Session: session})
	}
	return false, a.advance(tx, p)
}

// elsewhere calls a payout unknown whose attempt began with another bank or project: no call of ours can reach its session any more, and "being sent" is said of
// nothing that does not move.
func (a *App) elsewhere(tx Tx, p *payout.Payout, st protocol.State) (gone bool, err error) {
	at, ok, err := tx.LastAttempt(p.S().ID)
	if err != nil || !ok || p.S().State != payout.Sending || at.Host == a.Place.Environment && at.Project == a.Place.Project {
		return false, err
	}
	session := ""
	for _, step := range st.Steps {
		if step.Attempt == at.N && step.Call == protocol.CallCreate {
			session = step.Session
		}
	}
	a.Log.Error("an attempt of another bank or project is given up", "payout", string(at.Payout), "attempt", at.N)
	return true, a.endAttempt(tx, p, st, at.N, protocol.End{Kind: protocol.Unsure, Why: "elsewhere", Session: session})
}

// measured is what everything that must hold before a request leaves comes to.
type measured struct {
	altered    error  // a row does not say what its history says
	held       string // why it does not leave now
	until      time.Time
	payeeMoved bool
	expired    bool   // its approvals are too old, and nothing was asked yet
	back       string // why its approvals do not suffice any more
}

// measure is the one list of what must hold before money may leave: for the claim, and again, with the payout's own open session, for the gate.
func (a *App) measure(tx Tx, p *payout.Payout, st protocol.State) (m measured, err error) {
	s, now := p.S(), a.Now()
	if err := a.rowsMatchEvents(tx, s); err != nil {
		return measured{altered: err}, nil
	}
	if got := payout.DigestOf(a.Place, s.ID, s.Version, s.Content, s.Salt, s.Acks); got != s.Digest {
		return measured{altered: fmt.Errorf("digest of %s is %s, approved was %s", s.ID, got, s.Digest)}, nil
	}
	evidence, err := tx.Evidence(s.ID)
	if err != nil {
		return m, err
	}
	own := map[string]bool{}
	if s.State != payout.Approved {
		for _, step := range st.Steps {
			own[step.Session] = step.Attempt == st.Attempts
		}
	}
	if heldByEvidence(evidence, own) {
		return measured{held: "evidence"}, nil
	}
	switch err := a.stillReplaces(tx, s); {
	case fault.KindOf(err) == fault.Invalid:
		return measured{held: "evidence"}, nil // what it replaces may have been paid after all
	case err != nil:
		return m, err
	}
	if s.State == payout.Approved {
		if fresh, err := a.askedAgain(tx, s, now); err != nil || !fresh {
			return measured{held: "evidence"}, err // what it replaces is asked about once more first
		}
	}
	var use Tx = tx
	if s.State != payout.Approved && HoldsRoom(s) {
		names := map[string]bool{}
		for _, n := range UseNames(s) {
			names[n] = true
		}
		use = roomless{Tx: tx, own: names, minor: s.Content.Amount.Minor}
	}
	stand, _, err := a.standing(use, p)
	if errors.Is(err, payout.ErrBroken) { // the rules or limits are not what was agreed to
		return measured{altered: err}, nil
	}
	if err != nil {
		return m, err
	}
	// What was asked already is sent again, or ends as evidence says.
	if s.State == payout.Approved && !s.Asked && stand.Expired {
		return measured{expired: true}, nil
	}
	if stand.PayeeMoved {
		return measured{payeeMoved: true}, nil
	}
	if !stand.Tally.Met {
		m.back, err = a.cameBackWhy(tx, stand, s)
		return m, err
	}
	if err := a.proved(tx, s, stand); err != nil {
		if fault.KindOf(err) == fault.Unavailable {
			return m, err
		}
		return measured{altered: err}, nil
	}
	switch _, hard := approval.Hard(stand.Hits); {
	case !stand.DueAt.IsZero():
		return measured{held: "date", until: stand.DueAt}, nil
	case !stand.CoolOff.IsZero():
		return measured{held: "cooloff", until: stand.CoolOff}, nil
	case hard:
		m.held, m.until = "limit", roomForAll(stand.Hits, s.Content.Amount.Minor, now)
		if s.State == payout.Approved && slices.ContainsFunc(stand.Hits, func(h approval.Hit) bool { return neverFits(h, s.Content.Amount.Minor) }) {
			m.held = HeldAbove
		}
		return m, nil
	}
	return m, nil
}
