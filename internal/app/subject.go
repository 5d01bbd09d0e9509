package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Proposal is one version of a subject other than a payout, on its way through four eyes or at its end.
type Proposal struct {
	Kind    approval.Kind
	ID      string
	Version int
	// Op says what it does: "rules.set", "limits.set", "person.add", "payee.set", ...
	Op string
	// Doc is the canonical content, with commitments in the place of personal values; Private holds those values and may be erased.
	Doc, Private []byte
	Salt         payout.Salt
	// Digest binds place, kind, id, version, op, doc and who is concerned: what a decision agrees to.
	Digest string
	// RuleSet is the version of the rules in force when it was made.
	RuleSet int
	// Concerns are the persons whom it is about: they may not decide it.
	Concerns []string
	// Base is the version that was in force when it was made, 0 for none.
	Base int
	By   payout.Actor
	At   time.Time
	// Acks are the warnings that the proposer ticked; they stand in the history and are not read back.
	Acks []string
	// File is the hash of a file laid beside it, "" for none; it stands in the history and is not read back.
	File string
	// EffectAt is when it takes effect by itself unless somebody stops it; zero: only by decision.
	EffectAt time.Time
	// State is "" while open, then one of the Ended… values, for good.
	State   string
	EndedBy payout.Actor
	EndedAt time.Time
}

// How a proposal ends.
const (
	Effective = "effective"
	Refused   = "rejected"
	Withdrawn = "withdrawn"
	Lapsed    = "expired"
	Stopped   = "stopped"
)

// maxOpenBy bounds the open proposals of one person: nobody fills the queue so that others' proposals are not seen.
const maxOpenBy = 100

// MaxProposal bounds a document, bytes.
const MaxProposal = 1 << 20

// Commit binds a value of this version without telling it.
func (p Proposal) Commit(field, value string) string { return p.Salt.Commit(field, value) }

// DigestOfProposal is the hex SHA-256 over the canonical form of a version: spec "subject/1", fixed order, every field there.
func DigestOfProposal(at payout.Place, p Proposal) string {
	concerns := slices.Clone(p.Concerns)
	if concerns == nil {
		concerns = []string{}
	}
	doc := sha256.Sum256(p.Doc)
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
	}{"subject/1", string(p.Kind), at.Environment, at.Project, p.ID, p.Version, p.Op, hex.EncodeToString(doc[:]), concerns, p.Base})
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// effect is what a kind of proposal does when it takes effect, in the transaction of the decision that was the last one needed. What it
// returns as facts goes into the event.
type effect func(a *App, tx Tx, p Proposal, now time.Time) (facts map[string]any, err error)

// effects has one for every kind that is decided as a proposal; a kind without one fails the tests.
var effects = map[approval.Kind]effect{}

// propose stores a new version of a subject and puts it to people. The caller fills Kind, ID, Op, Doc, Private, Salt, Concerns and, if it
// takes effect by itself, EffectAt. Conflict "subject.pending" (kind, version, who can decide it) while another version is open, "subject.moved" when seen is not the version in force.
func (a *App) propose(tx Tx, by payout.Actor, p Proposal, seen int, reason string, now time.Time) (Proposal, error) {
	if len(p.Doc) == 0 || len(p.Doc) > MaxProposal || len(p.Private) > MaxProposal {
		return p, fault.Bad("form", "subject.size")
	}
	if effectOf(p) == nil {
		return p, fmt.Errorf("proposals of kind %s have no effect", p.Kind)
	}
	if open, is, err := tx.OpenProposal(p.Kind, p.ID); err != nil {
		return p, err
	} else if is {
		t, people, err := a.tallyOf(tx, open, now)
		if err != nil {
			return p, err
		}
		return p, fault.Moved("subject.pending", string(p.Kind), open.Version, names(t.Could(people)))
	}
	if n, err := tx.OpenBy(by.Person); err != nil {
		return p, err
	} else if n >= maxOpenBy {
		return p, fault.Bad("form", "subject.many", maxOpenBy)
	}
	inForce, _, err := tx.InForce(p.Kind, p.ID)
	if err != nil {
		return p, err
	}
	if seen != inForce.Version {
		return p, fault.Moved("subject.moved", string(p.Kind), inForce.Version)
	}
	last, err := tx.LastProposal(p.Kind, p.ID)
	if err != nil {
		return p, err
	}
	set, err := a.inForce(tx)
	if err != nil {
		return p, err
	}
	p.Version, p.Base, p.By, p.At, p.RuleSet = last+1, inForce.Version, by, now, set.Version
	p.Digest = DigestOfProposal(a.Place, p)
	if p.EffectAt.IsZero() { // somebody must be able to decide it
		people, err := tx.Signers()
		if err != nil {
			return p, err
		}
		if ok, lack := approval.Reachable(CaseOf(p, now), people); !ok {
			missing := 1
			if len(lack) > 0 {
				missing = lack[0].Missing
			}
			return p, fault.Bad("form", "subject.nobody", string(p.Kind), missing)
		}
	}
	if err := tx.AddSubject(Subject{Kind: p.Kind, ID: p.ID, Version: p.Version, Digest: p.Digest, Acks: nonNil(p.Acks), RuleSet: p.RuleSet, By: by, At: now}); err != nil {
		return p, err
	}
	if err := tx.AddProposal(p); err != nil {
		return p, err
	}
	tx.Touch(Change{Desk: true})
	facts := map[string]any{"op": p.Op, "doc": hash(p.Doc), "base": p.Base, "rule_set": p.RuleSet, "concerns": nonNil(p.Concerns), "effect_at": micro(p.EffectAt)}
	if len(p.Acks) > 0 {
		facts["acks"] = p.Acks
	}
	if p.File != "" {
		facts["file"] = p.File
	}
	return p, a.noteProposal(tx, p, by, "proposed", reason, facts, now)
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (a *App) noteProposal(tx Tx, p Proposal, by payout.Actor, what, text string, facts map[string]any, now time.Time) error {
	facts["digest"] = p.Digest
	return a.append(tx, by, string(p.Kind)+"."+what, string(p.Kind), p.ID, p.Version, facts, text, now)
}

// CaseOf is a proposal as counting sees it: its proposer and whom it concerns are barred; who became an approver later does not count.
func CaseOf(p Proposal, now time.Time) approval.Case {
	need, _ := approval.ForKind(p.Kind)
	return approval.Case{Need: need, Digest: p.Digest, Barred: append([]string{p.By.Person}, p.Concerns...), Submitted: p.At, Now: now}
}

// tallyOf says how far an open proposal is.
func (a *App) tallyOf(tx Tx, p Proposal, now time.Time) (approval.Tally, []approval.Signer, error) {
	people, err := tx.Signers()
	if err != nil {
		return approval.Tally{}, nil, err
	}
	ds, err := tx.Decisions(p.Kind, p.ID, p.Version)
	if err != nil {
		return approval.Tally{}, nil, err
	}
	set, err := a.inForce(tx)
	if err != nil {
		return approval.Tally{}, nil, err
	}
	t, err := TallyOf(p, set, people, ds, now)
	return t, people, err
}

// TallyOf counts what people said about a proposal, under the rule set in force. A yes to a ruling counts as long as it was proved with what is asked of everybody now: who
// said it with less says it again.
func TallyOf(p Proposal, set approval.RuleSet, people []approval.Signer, ds []approval.Decision, now time.Time) (approval.Tally, error) {
	if p.Kind == approval.Verdict {
		v, err := ParseVerdict(p.Doc)
		if err != nil {
			return approval.Tally{}, err
		}
		ds = proved(ds, set.SignAboveMinor > 0 && v.AmountMinor > set.SignAboveMinor, set.StepUpAboveMinor > 0 && v.AmountMinor > set.StepUpAboveMinor)
	}
	return approval.Count(CaseOf(p, now), people, ds), nil
}

// proved leaves out each yes that was said with less than is asked now: a signature, or a code or passkey.
func proved(ds []approval.Decision, sign, code bool) []approval.Decision {
	if !sign && !code {
		return ds
	}
	return slices.DeleteFunc(slices.Clone(ds), func(d approval.Decision) bool {
		return d.Answer == approval.Yes && (sign && !strings.HasPrefix(d.Factor, signedFactor) || code && d.Factor == FactorPassword)
	})
}

// openFor loads the open version that was on the reader's screen. Conflict "approve.moved" when another one is open now, "subject.closed"
// when none is; Invalid without a digest.
func (a *App) openFor(tx Tx, kind approval.Kind, id, seen string) (Proposal, error) {
	if seen == "" {
		return Proposal{}, fault.Bad("digest", "approve.digest")
	}
	p, open, err := tx.OpenProposal(kind, id)
	switch {
	case err != nil:
		return p, err
	case !open:
		return p, fault.Moved("subject.closed", string(kind))
	case p.Digest != seen:
		return p, fault.Moved("approve.moved", int64(p.Version))
	case DigestOfProposal(a.Place, p) != p.Digest:
		return p, fmt.Errorf("%w: %s %s version %d is not what its digest says", payout.ErrBroken, kind, id, p.Version)
	}
	return p, a.asProposed(tx, p)
}

// proposalRow is what a version is called in the alarm.
func proposalRow(kind approval.Kind, id string, version int) string {
	return string(kind) + "/" + id + "/" + itoa(int64(version))
}

// asProposed refuses an open proposal that is not the one that the history tells of, and stops sending: its digest binds what it says and whom it concerns, but not
// who may not decide about it because they made it, nor since when it waits.
func (a *App) asProposed(tx Tx, p Proposal) error {
	events, err := tx.EventsOf(string(p.Kind), p.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		var f struct {
			Digest  string `json:"digest"`
			RuleSet int    `json:"rule_set"`
		}
		if e.Action == string(p.Kind)+".proposed" && e.Version == p.Version && json.Unmarshal(e.Payload, &f) == nil && f.Digest == p.Digest && f.RuleSet == p.RuleSet &&
			e.Person == p.By.Person && e.SignIn == p.By.SignIn && micro(e.At) == micro(p.At) {
			return a.held(tx, e)
		}
	}
	return a.alteredRow(proposalRow(p.Kind, p.ID, p.Version))
}

// held refuses events that are not those of the signed history, and stops sending.
func (a *App) held(tx Tx, events ...audit.Event) error {
	err := tx.Holds(events)
	if errors.Is(err, payout.ErrBroken) {
		a.Log.Error("an event is not the one that was written", "error", err)
		return a.alteredRow("event")
	}
	return err
}

// Decisions are believed as their events tell them; those about a payout are measured against its whole history when it is claimed.
func (s *sealed) Decisions(kind approval.Kind, id string, version int) ([]approval.Decision, error) {
	ds, err := s.Tx.Decisions(kind, id, version)
	if err != nil || kind == approval.Payout {
		return ds, err
	}
	eventKind := string(kind)
	if kind == approval.Release {
		eventKind = "halt"
	}
	events, err := s.EventsOf(eventKind, id)
	if err != nil {
		return nil, err
	}
	told := map[said]int{}
	var of []audit.Event
	for _, e := range events {
		answer := answers[strings.TrimPrefix(e.Action, eventKind+".")]
		if answer == "" || e.Version != version {
			continue
		}
		told[said{e.Person, answer, factString(e.Payload, "factor"), micro(e.At)}]++
		of = append(of, e)
	}
	for _, d := range ds {
		told[said{d.Person, d.Answer, d.Factor, micro(d.At)}]--
	}
	for d, n := range told {
		if n != 0 && !(n == -1 && s.decided[d]) { // the event of what was just decided follows in the same commit
			return nil, s.a.alteredRow("decision/" + proposalRow(kind, id, version))
		}
	}
	return ds, s.a.held(s, of...)
}

// said is a decision as its row and its event both tell it.
type said struct {
	person string
	answer approval.Answer
	factor string
	at     int64
}

// answers are what the events of decisions about anything but payouts say.
var answers = map[string]approval.Answer{"approved": approval.Yes, "taken_back": approval.Back, "rejected": approval.No,
	"release_asked": approval.Yes, "off": approval.Yes, "back": approval.Back}

func (s *sealed) AddDecision(d Decided) error {
	if s.decided == nil {
		s.decided = map[said]bool{}
	}
	s.decided[said{d.By.Person, d.Answer, d.Factor, micro(d.At)}] = true
	return s.Tx.AddDecision(d)
}

// tooOld refuses a yes to what has waited for longer than the rules say: the clock's worker ends it in a moment.
func (a *App) tooOld(tx Tx, p Proposal) error {
	set, err := a.inForce(tx)
	if err != nil {
		return err
	}
	if p.EffectAt.IsZero() && p.At.Before(a.Now().Add(-time24(set.ExpiryDays))) {
		return fault.Moved("subject.closed", string(p.Kind))
	}
	return nil
}

// Accept is a person's yes to a proposal; when it was the last one needed the proposal takes effect in the same commit. The same person's yes
// again changes nothing. Denied "subject.own" (who can) for the proposer and whom it concerns, "denied.role"; Conflict as openFor.
func (a *App) Accept(ctx context.Context, w Who, kind approval.Kind, id, seen string, proof Proof) error {
	effective := false
	err := a.write(ctx, People, w, DecideOn, about(kind, id), func(tx *sealed) error {
		p, err := a.openFor(tx, kind, id, seen)
		if fault.Is(err, "subject.closed") {
			if said, serr := a.saidYes(tx, w, kind, id, seen); said || serr != nil {
				return serr // theirs was the last one needed: the same press again
			}
		}
		if err != nil {
			return err
		}
		if err := a.tooOld(tx, p); err != nil {
			return err
		}
		now := a.Now()
		t, people, err := a.tallyOf(tx, p, now)
		if err != nil {
			return err
		}
		me, err := signerOf(people, tx.me)
		if err != nil {
			return err
		}
		switch t.May(me) {
		case approval.Can:
		case approval.Already:
			return nil
		default:
			return denySubject(t, me, people)
		}
		need, err := a.asksOf(tx, w, p, now)
		if err != nil {
			return err
		}
		factor, keep, err := a.prove(tx, w, proof, need, now)
		if err != nil {
			return err
		}
		set, err := a.inForce(tx)
		if err != nil {
			return err
		}
		if err := tx.AddDecision(Decided{Kind: kind, ID: id, Version: p.Version, By: w.actor(), Answer: approval.Yes, Digest: p.Digest, RuleSet: set.Version,
			Factor: factor, At: now}); err != nil {
			return err
		}
		facts, err := keep(tx, kind, id, p.Version)
		if err != nil {
			return err
		}
		facts["rules"], facts["factor"] = set.Version, factor
		if err := a.noteProposal(tx, p, w.actor(), "approved", "", facts, now); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		if t, _, err = a.tallyOf(tx, p, now); err != nil || !t.Met {
			return err
		}
		effective = true
		return a.takeEffect(tx, p, w.actor(), now)
	})
	if err == nil && effective {
		failpoint.Hit("effect.committed")
	}
	return err
}

// saidYes reports whether the last version is the one that was seen, took effect, and the person's yes stands on it.
func (a *App) saidYes(tx Tx, w Who, kind approval.Kind, id, seen string) (bool, error) {
	n, err := tx.LastProposal(kind, id)
	if err != nil || n == 0 {
		return false, err
	}
	p, err := tx.ProposalAt(kind, id, n)
	if err != nil || p.Digest != seen || p.State != Effective {
		return false, err
	}
	ds, err := tx.Decisions(kind, id, n)
	if err != nil {
		return false, err
	}
	_, stands := lastYes(ds, w.Person, seen)
	return stands, nil
}

func denySubject(t approval.Tally, me approval.Signer, people []approval.Signer) error {
	switch why := t.May(me); why {
	case approval.Barred:
		return fault.Deny("subject.own", names(t.Could(people)))
	case approval.NoRole:
		return DenyRole(DecideOn, "")
	default:
		return fault.Deny("approve."+string(why), names(t.Could(people)))
	}
}

// signerOf finds the person among the signers of this transaction: there their ceilings and times stand.
func signerOf(people []approval.Signer, p auth.Person) (approval.Signer, error) {
	i := slices.IndexFunc(people, func(s approval.Signer) bool { return s.ID == p.ID && p.ID != "" })
	if i < 0 {
		return approval.Signer{}, fault.Deny("denied.role")
	}
	return people[i], nil
}

// takeEffect ends an open proposal by doing what it says. Denied "subject.off" when its proposer was suspended since: suspending stops what is open, and this is the
// second lock, also for what was open in an older database.
func (a *App) takeEffect(tx Tx, p Proposal, by payout.Actor, now time.Time) error {
	if who, err := tx.Person(p.By.Person); err == nil && who.Suspended {
		return fault.Deny("subject.off", roleNames(proposers[p.Kind]))
	} else if err != nil && fault.KindOf(err) != fault.NotFound { // the console is nobody
		return err
	}
	inForce, _, err := tx.InForce(p.Kind, p.ID)
	if err != nil {
		return err
	}
	if inForce.Version != p.Base {
		return fault.Moved("subject.moved", string(p.Kind), inForce.Version)
	}
	if err := tx.EndProposal(p, Effective, by, now); err != nil {
		return err
	}
	facts, err := effectOf(p)(a, tx, p, now)
	if err != nil {
		return err
	}
	failpoint.Hit("effect.inside")
	if facts == nil {
		facts = map[string]any{}
	}
	return a.noteProposal(tx, p, by, "effective", "", facts, now)
}

// TakeBackOn withdraws the person's own yes to a proposal that has not taken effect. Conflict "approve.none" when none stands.
func (a *App) TakeBackOn(ctx context.Context, w Who, kind approval.Kind, id, seen string) error {
	return a.write(ctx, People, w, DecideOn, about(kind, id), func(tx *sealed) error {
		p, err := a.openFor(tx, kind, id, seen)
		if err != nil {
			return err
		}
		now := a.Now()
		t, people, err := a.tallyOf(tx, p, now)
		if err != nil {
			return err
		}
		me, err := signerOf(people, tx.me)
		if err != nil {
			return err
		}
		if t.May(me) != approval.Already {
			return fault.Moved("approve.none", int64(p.Version))
		}
		set, err := a.inForce(tx)
		if err != nil {
			return err
		}
		if err := tx.AddDecision(Decided{Kind: kind, ID: id, Version: p.Version, By: w.actor(), Answer: approval.Back, Digest: p.Digest, RuleSet: set.Version,
			Factor: FactorPassword, At: now}); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.noteProposal(tx, p, w.actor(), "taken_back", "", map[string]any{"rules": set.Version, "factor": FactorPassword}, now)
	})
}

// Refuse ends a proposal with a reason: anybody who could decide it, but not its proposer.
func (a *App) Refuse(ctx context.Context, w Who, kind approval.Kind, id, seen, reason string) error {
	return a.write(ctx, People, w, DecideOn, about(kind, id), func(tx *sealed) error {
		p, err := a.openFor(tx, kind, id, seen)
		if err != nil {
			return err
		}
		if w.Person == p.By.Person || slices.Contains(p.Concerns, w.Person) {
			t, people, err := a.tallyOf(tx, p, a.Now())
			if err != nil {
				return err
			}
			return fault.Deny("subject.own", names(t.Could(people)))
		}
		reason, err := payout.CheckReason(reason)
		if err != nil {
			return err
		}
		now := a.Now()
		set, err := a.inForce(tx)
		if err != nil {
			return err
		}
		if err := tx.AddDecision(Decided{Kind: kind, ID: id, Version: p.Version, By: w.actor(), Answer: approval.No, Digest: p.Digest, RuleSet: set.Version,
			Factor: FactorPassword, At: now}); err != nil {
			return err
		}
		if err := tx.EndProposal(p, Refused, w.actor(), now); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.noteProposal(tx, p, w.actor(), "rejected", reason, map[string]any{"rules": set.Version, "factor": FactorPassword}, now)
	})
}

// Withdraw ends a proposal by its proposer. Denied "subject.notyours" (whose it is), "denied.role"; Conflict as openFor.
func (a *App) Withdraw(ctx context.Context, w Who, kind approval.Kind, id, seen string) error {
	return a.write(ctx, People, w, Withdraw, about(kind, id), func(tx *sealed) error {
		p, err := a.openFor(tx, kind, id, seen)
		if err != nil {
			return err
		}
		if w.Person != p.By.Person {
			by := []string{}
			if who, err := tx.Person(p.By.Person); err == nil {
				by = append(by, who.Name)
			} else if fault.KindOf(err) != fault.NotFound { // the console is nobody
				return err
			}
			return fault.Deny("subject.notyours", by)
		}
		now := a.Now()
		if err := tx.EndProposal(p, Withdrawn, w.actor(), now); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.noteProposal(tx, p, w.actor(), "withdrawn", "", map[string]any{}, now)
	})
}

// Stop ends a proposal that would take effect by itself: anybody who is signed in may, with a reason. Denied "subject.waits" (who decides
// it) when it waits for a decision.
func (a *App) Stop(ctx context.Context, w Who, kind approval.Kind, id, seen, reason string) error {
	return a.write(ctx, People, w, StopIt, about(kind, id), func(tx *sealed) error {
		p, err := a.openFor(tx, kind, id, seen)
		if err != nil {
			return err
		}
		if p.EffectAt.IsZero() {
			t, people, err := a.tallyOf(tx, p, a.Now())
			if err != nil {
				return err
			}
			return fault.Deny("subject.waits", names(t.Could(people)))
		}
		reason, err := payout.CheckReason(reason)
		if err != nil {
			return err
		}
		now := a.Now()
		if err := tx.EndProposal(p, Stopped, w.actor(), now); err != nil {
			return err
		}
		tx.Touch(Change{Desk: true})
		return a.noteProposal(tx, p, w.actor(), "stopped", reason, map[string]any{}, now)
	})
}

// toldEffect refuses a proposal of which the history does not say that it takes effect by itself, or not at this moment: no decision binds that column.
func toldEffect(tx Tx, p Proposal) error {
	events, err := tx.EventsOf(string(p.Kind), p.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		var f struct {
			EffectAt int64 `json:"effect_at"`
		}
		if e.Action == string(p.Kind)+".proposed" && e.Version == p.Version && json.Unmarshal(e.Payload, &f) == nil && f.EffectAt == micro(p.EffectAt) && f.EffectAt != 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: the history does not say that %s %s version %d takes effect by itself", payout.ErrBroken, p.Kind, p.ID, p.Version)
}

// SettleNext lets one proposal that is due take effect by itself, or one that is too old lapse; did is false when there is none.
func (a *App) SettleNext(ctx context.Context) (did bool, err error) {
	if err := a.alarmUnknown(ctx); err != nil {
		return false, err
	}
	now := a.Now()
	open, err := a.Store.OpenProposals(ctx, 500)
	if err != nil {
		return false, err
	}
	set, err := a.RulesInForce(ctx)
	if err != nil {
		return false, err
	}
	due := func(p Proposal) string {
		switch {
		case !p.EffectAt.IsZero() && !p.EffectAt.After(now):
			return Effective
		case p.EffectAt.IsZero() && p.At.Before(now.Add(-time24(set.ExpiryDays))):
			return Lapsed
		}
		return ""
	}
	i := slices.IndexFunc(open, func(p Proposal) bool { return due(p) != "" })
	if i < 0 {
		return false, nil
	}
	settle := func(lapse bool) error {
		return a.write(ctx, Worker, theClock, Settle, about(open[i].Kind, open[i].ID), func(tx *sealed) error {
			did = false
			p, is, err := tx.OpenProposal(open[i].Kind, open[i].ID)
			if err != nil || !is || p.Version != open[i].Version {
				return err
			}
			did = true
			tx.Touch(Change{Desk: true})
			clock := theClock.actor()
			if lapse || due(p) == Lapsed {
				if err := tx.EndProposal(p, Lapsed, clock, now); err != nil {
					return err
				}
				return a.noteProposal(tx, p, clock, "expired", "", map[string]any{}, now)
			}
			if DigestOfProposal(a.Place, p) != p.Digest {
				return fmt.Errorf("%w: %s %s version %d is not what its digest says", payout.ErrBroken, p.Kind, p.ID, p.Version)
			}
			if err := toldEffect(tx, p); err != nil {
				return err
			}
			if err := a.asProposed(tx, p); err != nil {
				return err
			}
			return a.takeEffect(tx, p, clock, now)
		})
	}
	err = settle(false)
	if x := new(aftermath); errors.As(err, &x) {
		return did, err // a row was altered, perhaps none of this proposal's: it waits until that is put right
	}
	if f := fault.As(err); errors.Is(err, payout.ErrBroken) || len(f) > 0 && f[0].Kind != fault.Unavailable && f[0].Kind != fault.TooMany {
		// What it says cannot be done any more, or is not what was put to people: it lapses, so that it stands in nobody's way.
		a.Log.Error("a proposal could not take effect by itself and lapsed", "kind", open[i].Kind, "id", open[i].ID, "version", open[i].Version, "error", err)
		err = settle(true)
	}
	return did, err
}
