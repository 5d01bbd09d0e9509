package payout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/fault"
)

// Actor is who does something: a person and the sign-in (e-mail) they used. Workers are Person "system".
type Actor struct{ Person, SignIn string }

// System is the identity of one of our workers, for events that no person caused.
func System(worker string) Actor { return Actor{Person: "system", SignIn: worker} }

// Snapshot is everything a payout is, as stored. Change it only through the methods of Payout.
type Snapshot struct {
	ID      ID
	Number  Number
	State   State
	Version int
	Content Content
	Salt    Salt
	// Digest is fixed at submit and empty while a draft; Acks are the warnings ticked then.
	Digest Digest
	Acks   []string
	// Makers are the persons who created or edited any version, or created what this is a copy of. For good.
	Makers []string
	// Reference and Key are made once, before the first request, and never change.
	Reference, Key string
	// Asked: some attempt had a connection. CredentialNo: the bank refused our credentials once.
	Asked, CredentialNo bool
	// Session is the bank's session, once bound.
	Session string
	// Review: the evidence contradicts itself ("needs review").
	Review bool
	// Confirmed: the outcome stands on an answer fetched with our key (or a refusal), not on a webhook alone.
	Confirmed bool
	// ReturnedMinor is the sum of the accepted refunds, kopecks.
	ReturnedMinor int64
	// Why is a stable code that says why the state is as it is ("account_not_found", "timeout", ...).
	Why string
	// ChangesAsked: an approver sent this draft back.
	ChangesAsked bool
	// RuleSet is the version of the rules the submission was made under.
	RuleSet int

	CreatedAt, ChangedAt, SubmittedAt, ApprovedAt, SentAt time.Time
	// SendAt is when the countdown is over.
	SendAt time.Time
	// HeldUntil is when an approved payout that waits for a day, a waiting period or room in a limit is measured again; zero: it does not wait.
	HeldUntil time.Time
	// Rev counts writes of the row; the store refuses a write over another one.
	Rev int64
}

// Event is what happened: one line of the history.
type Event struct {
	Action   string
	From, To State
	Version  int
	Digest   Digest
	By       Actor
	At       time.Time
	// Reason is what a person wrote; it stands beside the history, only its commitment inside.
	Reason string
	// Facts are further, impersonal facts, by stable names.
	Facts map[string]any
}

// The actions of a payout in the history.
const (
	ActCreated      = "payout.created"
	ActEdited       = "payout.edited"
	ActSubmitted    = "payout.submitted"
	ActApproved     = "payout.approved" // one yes; To says whether it was the last
	ActTakenBack    = "payout.taken_back"
	ActChangesAsked = "payout.changes_asked"
	ActRejected     = "payout.rejected"
	ActCancelled    = "payout.cancelled"
	ActExpired      = "payout.expired"
	ActCameBack     = "payout.came_back" // at the claim: rules or standing changed
	ActPayeeChanged = "payout.payee_changed"
	ActRestored     = "payout.restored" // the database is a copy that lost what came after it
	ActSuffices     = "payout.suffices" // the approvals that stand are enough again
	ActClaimed      = "payout.claimed"
	ActNotSent      = "payout.not_sent"
	ActAnswered     = "payout.answered"
	ActMoved        = "payout.moved" // evidence moved it
	ActConfirmed    = "payout.confirmed"
	ActAlarm        = "payout.alarm"
	ActHeld         = "payout.held"
	ActReplanned    = "payout.replanned"     // what was planned by a clock that was ahead is planned anew
	ActRuled        = "payout.ruled"         // people decided what its outcome is, and it stood so already
	ActStep         = "payout.step"          // a step of the stepwise flow is about to leave
	ActStepAnswered = "payout.step_answered" // what came of it
	ActFetched      = "payout.fetched"       // the bank was asked and said something new that moved nothing
)

// Payout is one payout. Build it with New or Restore.
type Payout struct{ s Snapshot }

// New makes a draft. It fails with Invalid "field.long" when something typed is over the sizes.
func New(id ID, c Content, salt Salt, by Actor, at time.Time) (*Payout, Event, error) {
	if err := c.SizeOK().Err(); err != nil {
		return nil, Event{}, err
	}
	p := &Payout{Snapshot{ID: id, State: Draft, Version: 1, Content: c, Salt: salt, Makers: []string{by.Person},
		CreatedAt: at, ChangedAt: at}}
	return p, p.event(ActCreated, "", by, at), nil
}

// ErrBroken: a stored payout is none that this package made.
var ErrBroken = errors.New("the stored payout breaks an invariant")

// Restore rebuilds a stored payout. It fails with ErrBroken when the stored row breaks an invariant: then nothing may be done with it.
func Restore(s Snapshot) (*Payout, error) {
	p := &Payout{s}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%w: payout %d: %w", ErrBroken, s.Number, err)
	}
	return p, nil
}

func (p *Payout) check() error {
	s := &p.s
	switch {
	case s.ID == "":
		return fmt.Errorf("no id")
	case !slices.Contains(States(), s.State):
		return fmt.Errorf("state %q is not one", s.State)
	case s.Version < 1:
		return fmt.Errorf("version %d", s.Version)
	case len(s.Makers) == 0:
		return fmt.Errorf("no maker")
	case (s.State == PendingApproval || s.State == Approved || s.State == Sending) && s.Digest == "",
		s.State.Sent() && s.Digest == "" && s.Reference == "": // a draft that the bank shows all the same was claimed once, so it has its reference
		return fmt.Errorf("state %s without a digest", s.State)
	case s.Digest != "" && s.Content.Amount.Minor <= 0:
		return fmt.Errorf("submitted with %d kopecks", s.Content.Amount.Minor)
	case (s.State == Sending) && (s.Reference == "" || s.Key == ""):
		return fmt.Errorf("sending without reference or key")
	}
	return nil
}

// S returns a copy of everything.
func (p *Payout) S() Snapshot {
	c := p.s
	c.Makers = slices.Clone(c.Makers)
	c.Acks = slices.Clone(c.Acks)
	return c
}

// Numbered sets the running number that the store gave a new payout; it can be set only once.
func (p *Payout) Numbered(n Number) {
	if p.s.Number == 0 {
		p.s.Number = n
	}
}

// Stored notes the revision that the row now has.
func (p *Payout) Stored(rev int64) { p.s.Rev = rev }

// IsMaker reports whether the person may never approve this payout.
func (p *Payout) IsMaker(person string) bool { return slices.Contains(p.s.Makers, person) }

func (p *Payout) event(action string, from State, by Actor, at time.Time) Event {
	return Event{Action: action, From: from, To: p.s.State, Version: p.s.Version, Digest: p.s.Digest, By: by, At: at, Facts: map[string]any{}}
}

func (p *Payout) move(to State, at time.Time) error {
	if !CanMove(p.s.State, to) {
		return fault.Moved("payout.state", p.s.Number, string(p.s.State))
	}
	p.s.State, p.s.ChangedAt = to, at
	return nil
}

func (p *Payout) nothingAsked() error {
	if p.s.Asked || p.s.State.Sent() {
		return fault.Moved("payout.asked", p.s.Number)
	}
	return nil
}

// CheckReason is the rule for a reason that must be given: 1 to MaxReason characters. Faults at field "reason".
func CheckReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch n := len([]rune(reason)); {
	case n == 0:
		return "", fault.Bad("reason", "reason.needed")
	case n > MaxReason:
		return "", fault.Bad("reason", "reason.long", MaxReason)
	}
	return reason, nil
}

// newDraft makes a fresh draft version out of whatever stage people had reached.
func (p *Payout) newDraft(salt Salt, at time.Time) error {
	if p.s.Asked || p.s.CredentialNo { // after a credential refusal the edges to draft are closed too
		return fault.Moved("payout.asked", p.s.Number)
	}
	if p.s.State != Draft {
		if err := p.move(Draft, at); err != nil {
			return err
		}
	}
	p.s.ChangedAt = at
	p.s.Version++
	p.s.Salt = salt
	p.s.Digest, p.s.Acks, p.s.RuleSet = "", nil, 0
	p.s.SubmittedAt, p.s.ApprovedAt, p.s.SendAt = time.Time{}, time.Time{}, time.Time{}
	p.s.Why = ""
	p.s.HeldUntil = time.Time{}
	return nil
}

// PayeeChanged sends a submitted payout that nothing was asked for back to a new draft version with the same content, because another version
// of the payee it names is in force; it voids every approval and makes nobody a maker.
func (p *Payout) PayeeChanged(salt Salt, at time.Time) (Event, error) {
	from := p.s.State
	if from != PendingApproval && from != Approved {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(from))
	}
	if err := p.newDraft(salt, at); err != nil {
		return Event{}, err
	}
	p.s.Why = "payee_changed"
	e := p.event(ActPayeeChanged, from, System("payee"), at)
	e.Facts["why"] = p.s.Why
	return e, nil
}

// Edit replaces the content by version seen+1. Allowed in draft, pending approval and approved, while nothing was
// asked; voids every approval and makes the editor a co-maker for good. Conflict "payout.moved" when the version on
// the editor's screen is not the newest.
func (p *Payout) Edit(c Content, salt Salt, seen int, by Actor, at time.Time) (Event, error) {
	if err := c.SizeOK().Err(); err != nil {
		return Event{}, err
	}
	if seen != p.s.Version {
		return Event{}, fault.Moved("payout.moved", p.s.Number)
	}
	if !p.s.State.Waiting() {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(p.s.State))
	}
	from := p.s.State
	c.Replaces, c.Source = p.s.Content.Replaces, p.s.Content.Source
	if err := p.newDraft(salt, at); err != nil {
		return Event{}, err
	}
	p.s.Content = c
	p.s.ChangesAsked = false
	if !p.IsMaker(by.Person) {
		p.s.Makers = append(p.s.Makers, by.Person)
	}
	return p.event(ActEdited, from, by, at), nil
}

// Submit freezes the version and fixes the digest. The caller has looked up the warnings and that somebody can approve.
// Invalid with every fault of the content when it is not complete.
func (p *Payout) Submit(place Place, acks []string, ruleSet int, seen int, by Actor, at time.Time) (Event, error) {
	if seen != p.s.Version {
		return Event{}, fault.Moved("payout.moved", p.s.Number)
	}
	if p.s.State != Draft {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(p.s.State))
	}
	if err := p.s.Content.Check().Err(); err != nil {
		return Event{}, err
	}
	if err := p.move(PendingApproval, at); err != nil {
		return Event{}, err
	}
	slices.Sort(acks)
	p.s.Acks = slices.Compact(acks)
	p.s.RuleSet = ruleSet
	p.s.SubmittedAt = at
	p.s.ChangesAsked = false
	p.s.Digest = DigestOf(place, p.s.ID, p.s.Version, p.s.Content, p.s.Salt, p.s.Acks)
	if !p.IsMaker(by.Person) { // whoever submits vouches for the content
		p.s.Makers = append(p.s.Makers, by.Person)
	}
	return p.event(ActSubmitted, Draft, by, at), nil
}

// CanDecide refuses a decision that can't stand whoever makes it: a digest that moved, a state that isn't open, an own payout.
func (p *Payout) CanDecide(by Actor, seen Digest) error {
	if p.IsMaker(by.Person) {
		return fault.Deny("approve.own", p.s.Number)
	}
	if p.s.Digest == "" || seen != p.s.Digest {
		return fault.Moved("approve.moved", p.s.Number)
	}
	return nil
}

// Approve records one approver's yes. last says that with it the rules are met; then the countdown starts and ends at sendAt.
func (p *Payout) Approve(by Actor, seen Digest, last bool, sendAt, at time.Time) (Event, error) {
	if err := p.CanDecide(by, seen); err != nil {
		return Event{}, err
	}
	if p.s.State != PendingApproval {
		return Event{}, fault.Moved("approve.state", p.s.Number, string(p.s.State))
	}
	if last {
		if err := p.move(Approved, at); err != nil {
			return Event{}, err
		}
		p.s.ApprovedAt, p.s.SendAt = at, sendAt
		p.s.Why = ""
	}
	p.s.ChangedAt = at
	e := p.event(ActApproved, PendingApproval, by, at)
	if last {
		e.Facts["send_at"] = sendAt.UnixMicro()
	}
	return e, nil
}

// TakeBack withdraws the approver's own yes; an approved payout goes back to pending.
func (p *Payout) TakeBack(by Actor, seen Digest, at time.Time) (Event, error) {
	if err := p.CanDecide(by, seen); err != nil {
		return Event{}, err
	}
	from := p.s.State
	switch p.s.State {
	case PendingApproval:
	case Approved:
		if err := p.nothingAsked(); err != nil {
			return Event{}, err
		}
		if err := p.unapprove(at); err != nil {
			return Event{}, err
		}
	default:
		return Event{}, fault.Moved("approve.state", p.s.Number, string(p.s.State))
	}
	p.s.ChangedAt = at
	return p.event(ActTakenBack, from, by, at), nil
}

func (p *Payout) unapprove(at time.Time) error {
	if err := p.move(PendingApproval, at); err != nil {
		return err
	}
	p.s.ApprovedAt, p.s.SendAt, p.s.HeldUntil = time.Time{}, time.Time{}, time.Time{}
	return nil
}

// CameBack returns an approved payout to pending because, measured again at the claim, its approvals no longer suffice.
func (p *Payout) CameBack(why string, at time.Time) (Event, error) {
	from := p.s.State
	if from != Approved {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(from))
	}
	if err := p.unapprove(at); err != nil {
		return Event{}, err
	}
	p.s.Why = why
	e := p.event(ActCameBack, from, System("dispatcher"), at)
	e.Facts["why"] = why
	return e, nil
}

// WhyRestored is why a payout of a restored copy is unknown, or cancelled.
const WhyRestored = "restored"

// Restored is what becomes of a payout when its database turns out to be a copy that lost what came after it: one that was approved, or
// half-way through the steps of the stepwise flow, may have been paid since, so its outcome is unknown; a draft, or one that waited for approval, ends, because it may have been approved and paid since.
// Either can be paid again only as a replacement. Conflict "payout.state" for any other state: those tell of a request, or are ends.
func (p *Payout) Restored(at time.Time) (Event, error) {
	from := p.s.State
	switch from {
	case Approved, Sending:
		p.s.State, p.s.Asked, p.s.HeldUntil = Unknown, true, time.Time{}
		if p.s.SentAt.IsZero() {
			p.s.SentAt = at // the latest that it may have been; limits and banking days count from here
		}
	case Draft, PendingApproval:
		p.s.State = Cancelled
	default:
		return Event{}, fault.Moved("payout.state", p.s.Number, string(from))
	}
	p.s.ChangedAt, p.s.Why = at, WhyRestored
	e := p.event(ActRestored, from, System("restore"), at)
	e.Facts["why"] = WhyRestored
	return e, nil
}

// Suffices moves a pending payout to approved because, measured again, the approvals that stand are enough: a rule's day is over, a limit
// was raised, somebody is back. The countdown runs as after the last approval.
func (p *Payout) Suffices(sendAt, at time.Time) (Event, error) {
	from := p.s.State
	if from != PendingApproval {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(from))
	}
	if err := p.move(Approved, at); err != nil {
		return Event{}, err
	}
	p.s.ApprovedAt, p.s.SendAt, p.s.Why = at, sendAt, ""
	e := p.event(ActSuffices, from, System("clock"), at)
	e.Facts["send_at"] = sendAt.UnixMicro()
	return e, nil
}

// AskChanges sends a pending payout back as a new draft version with the same content; the approver becomes no maker.
func (p *Payout) AskChanges(by Actor, seen Digest, reason string, salt Salt, at time.Time) (Event, error) {
	if err := p.CanDecide(by, seen); err != nil {
		return Event{}, err
	}
	if p.s.State != PendingApproval {
		return Event{}, fault.Moved("approve.state", p.s.Number, string(p.s.State))
	}
	reason, err := CheckReason(reason)
	if err != nil {
		return Event{}, err
	}
	if err := p.newDraft(salt, at); err != nil {
		return Event{}, err
	}
	p.s.ChangesAsked = true
	e := p.event(ActChangesAsked, PendingApproval, by, at)
	e.Reason = reason
	return e, nil
}

// Reject ends a payout that nothing was asked for, by an approver, with a reason.
func (p *Payout) Reject(by Actor, seen Digest, reason string, at time.Time) (Event, error) {
	if err := p.CanDecide(by, seen); err != nil {
		return Event{}, err
	}
	return p.end(Rejected, ActRejected, reason, by, at)
}

// Cancel ends a payout that nothing was asked for, by a maker, with a reason.
func (p *Payout) Cancel(by Actor, reason string, at time.Time) (Event, error) {
	return p.end(Cancelled, ActCancelled, reason, by, at)
}

func (p *Payout) end(to State, action, reason string, by Actor, at time.Time) (Event, error) {
	if err := p.nothingAsked(); err != nil {
		return Event{}, err
	}
	reason, err := CheckReason(reason)
	if err != nil {
		return Event{}, err
	}
	from := p.s.State
	if err := p.move(to, at); err != nil {
		return Event{}, err
	}
	e := p.event(action, from, by, at)
	e.Reason = reason
	return e, nil
}

// Expire ends a payout whose approval took longer than the rule set allows.
func (p *Payout) Expire(at time.Time) (Event, error) {
	if err := p.nothingAsked(); err != nil {
		return Event{}, err
	}
	from := p.s.State
	if err := p.move(Expired, at); err != nil {
		return Event{}, err
	}
	return p.event(ActExpired, from, System("clock"), at), nil
}

// Claim moves an approved payout to sending. reference and key are used only if it has none yet.
// The caller measured rules, holds and evidence in the same transaction.
func (p *Payout) Claim(reference, key string, at time.Time) (Event, error) {
	from := p.s.State
	if from != Approved {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(from))
	}
	if err := p.move(Sending, at); err != nil {
		return Event{}, err
	}
	if p.s.Reference == "" {
		p.s.Reference, p.s.Key = reference, key
	}
	p.s.SentAt = at
	p.s.Why = ""
	p.s.HeldUntil = time.Time{}
	e := p.event(ActClaimed, from, System("dispatcher"), at)
	e.Facts["reference"] = p.s.Reference
	e.Facts["key"] = p.s.Key
	return e, nil
}

// NotSent returns a payout to approved: the request provably never left ("bank_down"), or the bank refused our
// credentials ("credentials"). The same bytes may go again.
func (p *Payout) NotSent(why string, at time.Time) (Event, error) {
	from := p.s.State
	if from != Sending {
		return Event{}, fault.Moved("payout.state", p.s.Number, string(from))
	}
	if err := p.move(Approved, at); err != nil {
		return Event{}, err
	}
	p.s.Why = why
	if why == "credentials" {
		p.s.CredentialNo = true
	}
	e := p.event(ActNotSent, from, System("dispatcher"), at)
	e.Facts["why"] = why
	return e, nil
}

// Outcome is what the evidence comes to; internal/protocol computes it.
type Outcome struct {
	State         State
	Review        bool
	Confirmed     bool
	ReturnedMinor int64
	Session       string
	Why           string
}

// Same reports whether the payout already stands as the outcome says.
func (p *Payout) Same(o Outcome) bool {
	s := &p.s
	return s.State == o.State && s.Review == o.Review && s.Confirmed == o.Confirmed && s.ReturnedMinor == o.ReturnedMinor &&
		(o.Session == "" || s.Session == o.Session) && s.Why == o.Why // a bound session is never unbound
}

// Follow takes one step to where the evidence puts the payout; ok is false when it stands there already. Where the table has no direct
// edge the step goes to Unknown, and the next call goes on from there: call it until ok is false, storing each step, in one
// commit. When there is no way at all the payout stays, flagged. answer says that the evidence that arrived is the
// answer to our own request.
func (p *Payout) Follow(o Outcome, answer bool, at time.Time) (e Event, ok bool) {
	if p.Same(o) {
		return Event{}, false
	}
	from := p.s.State
	switch {
	case from == o.State, CanMove(from, o.State) && !from.Waiting() && !from.Ended():
	case from != Unknown && CanMove(from, Unknown) && (o.State == Unknown || CanMove(Unknown, o.State)):
		if o.State != Unknown {
			o.State, o.Confirmed = Unknown, false
		}
	default: // no way: what we believed stays, loudly
		o.State, o.Review = from, true
		if p.Same(o) {
			return Event{}, false
		}
	}
	action := ActMoved
	switch {
	case answer:
		action = ActAnswered
	case from == o.State && o.Confirmed && !p.s.Confirmed:
		action = ActConfirmed
	}
	p.s.State, p.s.Review, p.s.Confirmed, p.s.ReturnedMinor, p.s.Why = o.State, o.Review, o.Confirmed, o.ReturnedMinor, o.Why
	if o.Session != "" {
		p.s.Session = o.Session
	}
	p.s.ChangedAt = at
	p.s.Asked = true
	by := System("evidence")
	if answer {
		by = System("dispatcher")
	}
	e = p.event(action, from, by, at)
	e.Facts["review"], e.Facts["confirmed"], e.Facts["returned_minor"], e.Facts["why"] = o.Review, o.Confirmed, o.ReturnedMinor, o.Why
	if o.Session != "" {
		e.Facts["session"] = o.Session
	}
	return e, true
}

// Hold notes on an approved payout why it does not leave, and until when it is not measured again (zero: it is at each claim); it stays approved.
func (p *Payout) Hold(why string, until, at time.Time) Event {
	p.s.Why, p.s.HeldUntil = why, until
	e := p.event(ActHeld, p.s.State, System("dispatcher"), at)
	e.Facts["why"] = why
	if !until.IsZero() {
		e.Facts["held_until"] = until.UnixMicro()
	}
	return e
}

// Replan plans anew an approved payout whose times a clock that was ahead made: its countdown ends at sendAt, and it is measured at the next claim after that.
func (p *Payout) Replan(sendAt, at time.Time) Event {
	p.s.SendAt, p.s.HeldUntil = sendAt, time.Time{}
	e := p.event(ActReplanned, p.s.State, System("clock"), at)
	e.Facts["send_at"] = sendAt.UnixMicro()
	return e
}

// Alarm notes something that a person must see and that moves nothing.
func (p *Payout) Alarm(code string, at time.Time) Event {
	e := p.event(ActAlarm, p.s.State, System("evidence"), at)
	e.Facts["alarm"] = code
	return e
}

// Note records something about a payout that moved nothing.
func (p *Payout) Note(action string, at time.Time) Event {
	return p.event(action, p.s.State, System("evidence"), at)
}
