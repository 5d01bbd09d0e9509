package app

import (
	"context"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/calendar"
	"countersign/internal/payout"
	"countersign/internal/protocol"
)

// Lane says how a write waits for its place in the next group commit.
type Lane int

// The lanes. Intake never waits: a full queue is fault.Unavailable at once. People wait a little. Workers wait as long as they must.
const (
	People Lane = iota
	Intake
	Worker
	// Urgent is People's for what is taken even when the disk is nearly full: stopping.
	Urgent
)

// Change is what one commit changed, for those who show it or act on it.
type Change struct {
	// Seq is the history sequence after the commit.
	Seq int64
	// Payouts whose row changed; Desk: something every page shows changed (the stop); Inbox: a new message is stored; Bank: the
	// bank's keys or the calendar changed.
	Payouts []payout.ID
	Desk    bool
	Inbox   bool
	Bank    bool
	// Left are persons whose sign-ins ended: their streams end with them.
	Left []string
}

// Tx is one writing transaction: everything read and judged in it holds until its commit. Methods fail with fault kinds
// NotFound and Conflict where said, else with what the database said.
type Tx interface {
	// Payout loads a payout for changing. NotFound "payout.none".
	Payout(id payout.ID) (*payout.Payout, error)
	IDByForm(form string) (payout.ID, bool, error)
	IDByReference(reference string) (payout.ID, bool, error)
	IDBySession(session string) (payout.ID, bool, error)
	// AddPayout stores a new draft with its first version and gives it its number.
	AddPayout(p *payout.Payout, form, makerName string, by payout.Actor) error
	// SavePayout stores the row; given and needed are the signatures its line shows. Conflict "payout.moved" when another write came first.
	SavePayout(p *payout.Payout, given, needed int) error
	// AddVersion stores the payout's present content as its present version.
	AddVersion(p *payout.Payout, by payout.Actor, at time.Time) error
	// Same lists other payouts with this account and amount in these states.
	Same(account string, minor int64) ([]Same, error)
	// Replacement returns the living replacement of a payout, if any.
	Replacement(id payout.ID) (payout.Number, bool, error)

	AddSubject(s Subject) error
	// Signatures are the counts that a payout's line shows now.
	Signatures(id payout.ID) (given, needed int, err error)
	// AddUse moves one counter of room in limits, kopecks.
	AddUse(name string, minor int64) error
	measures
	// AddProposal stores a version and marks its subject open; Conflict "subject.pending" when it is.
	AddProposal(p Proposal) error
	// EndProposal closes an open version for good.
	EndProposal(p Proposal, state string, by payout.Actor, at time.Time) error
	OpenProposal(kind approval.Kind, id string) (Proposal, bool, error)
	InForce(kind approval.Kind, id string) (Proposal, bool, error)
	// OpenBy counts the open proposals of one person.
	OpenBy(person string) (int, error)
	// OpenFrom lists them, oldest first.
	OpenFrom(person string, limit int) ([]Proposal, error)
	// LastProposal is the number of the newest version, 0 when there is none.
	LastProposal(kind approval.Kind, id string) (int, error)
	// UnsentOf lists payouts numbered over after that wait for approval or sending and name this payee, by number; last is the highest number.
	UnsentOf(payee string, after payout.Number, limit int) (ids []payout.ID, last payout.Number, err error)
	// SavePayee writes a payee's row and accounts anew.
	SavePayee(p PayeeRow) error
	// PayeeVersions lists the versions of a payee that were in force, oldest first; at most MaxPayeeVersions.
	PayeeVersions(id string) ([]Proposal, error)
	sharer
	// HeldForLimit lists approved payouts numbered over after that wait for room in a limit, by number; with above also those that no room is enough for. last is the
	// highest number.
	HeldForLimit(above bool, after payout.Number, limit int) (ids []payout.ID, last payout.Number, err error)
	AddDecision(d Decided) error
	// SeenFrom keeps from which browser (its mark, hashed) a person made or submitted something; once each.
	SeenFrom(kind approval.Kind, id, person, device string, at time.Time) error
	// AddBatch keeps a decision over a list; Batch returns one by its id.
	AddBatch(b Batch) error
	Batch(id string) (Batch, bool, error)
	Decisions(kind approval.Kind, id string, version int) ([]approval.Decision, error)
	// Submitted reports whether any payout was ever submitted: then the founding is over.
	Submitted() (bool, error)
	Person(id string) (auth.Person, error)
	People() ([]auth.Person, error)
	AddPerson(p auth.Person) error
	SetSuspended(person string, at time.Time) error
	// SavePerson stores what four eyes agreed to about a person (not the name); Conflict "people.moved" when another change came first.
	SavePerson(p auth.Person, suspendedAt time.Time) error
	Account(email string) (Account, bool, error)
	AddAccount(a Account) error
	SaveAccount(a Account) error
	// AccountsOf lists every sign-in name of a person.
	AccountsOf(person string) ([]Account, error)
	// OpenOf lists the open proposals of one kind, oldest first.
	OpenOf(kind approval.Kind, limit int) ([]Proposal, error)
	AddEnrolment(e Enrolment) error
	// Enrolment finds a link by the hash of its token, ok false when there never was one.
	Enrolment(hash string) (e Enrolment, ok bool, err error)
	// OpenEnrolments lists a person's links that were neither used nor replaced; some may have run out.
	OpenEnrolments(person string) ([]Enrolment, error)
	// EndEnrolment uses a link up; Conflict "enrol.over" when it was before.
	EndEnrolment(hash string, at time.Time) error
	AddLogin(l auth.SignIn) error
	// Login returns a sign-in as stored, ok false when it ended; SetLoginFactor stores its factor and seal.
	Login(id string) (l auth.SignIn, ok bool, err error)
	SetLoginFactor(l auth.SignIn) error
	EndLogin(id string) error
	EndLoginsOf(person, exceptID string) error

	// Factors lists what a person has that was not removed, oldest first; Factor finds one, removed or not.
	Factors(person string) ([]Factor, error)
	Factor(id string) (f Factor, ok bool, err error)
	AddFactor(f Factor) error
	// SaveFactor stores the next version of a row; Conflict "factor.moved" when another change came first.
	SaveFactor(f Factor) error
	// MarkOf says to whom a mark belongs for ever.
	MarkOf(mark string) (person string, ok bool, err error)
	AddMark(mark, person string, at time.Time) error
	AddChallenge(c Challenge) error
	Challenge(id string) (c Challenge, ok bool, err error)
	// UseChallenge uses a question up; false when it was before.
	UseChallenge(id string, at time.Time) (bool, error)
	DropChallenge(id string) error
	DropChallenges(before time.Time) error
	// Challenges counts a person's questions.
	Challenges(person string) (int, error)
	AddProof(p ProofRow) error
	AddVerdictFile(f VerdictFile) error
	// Proofs lists what passkeys signed about one version, in the order of the decisions.
	Proofs(kind approval.Kind, id string, version int) ([]ProofRow, error)
	// BatchOf is the decision over a list that one decision is part of: its digest and its items as stored; "" when there is none of this person's.
	BatchOf(kind approval.Kind, id string, version int, person string, seq int) (digest, items string, err error)
	// AllAccounts and AllLogins list everything, sealed or not; SealAccount stores a seal alone.
	AllAccounts() ([]Account, error)
	AllLogins() ([]auth.SignIn, error)
	SealAccount(email, seal string) error

	// NextToSend lists approved payouts behind a place whose countdown is over, longest waiting first; last is the place of the last one.
	NextToSend(now time.Time, after Place, limit int) (ids []payout.ID, last Place, err error)
	AddAttempt(a Attempt) error
	Attempts(id payout.ID) (int, error)
	OpenAttempt(id payout.ID) (n int, ok bool, err error)
	StaleAttempts(before time.Time, limit int) ([]Attempt, error)
	// LastAttempt is the newest attempt of a payout, without its body.
	LastAttempt(id payout.ID) (a Attempt, ok bool, err error)
	// The stepwise flow: AddStep commits an intent, EndStep what came of it; Steps lists all of a payout. A payout with SetStepDue is looked at by the first claim from then on.
	AddStep(s StepRow) error
	EndStep(e StepEnd) error
	Steps(id payout.ID) ([]protocol.Step, error)
	SetStepDue(id payout.ID, at time.Time) error
	DropStepDue(id payout.ID) error
	StepsDue(now time.Time, limit int) ([]payout.ID, error)
	// OpenStepwise lists payouts with an open attempt of the stepwise flow, by id.
	OpenStepwise(after payout.ID, limit int) ([]payout.ID, error)
	// AddOutcome stores what became of an attempt and removes its marker. ok is false when it had one already.
	AddOutcome(o AttemptOutcome) (ok bool, err error)
	// AddEvidence stores what was said, reduced; it returns the hash of the stored document, for the event that goes with it.
	AddEvidence(id payout.ID, e protocol.Evidence, sourceID int64) (hash string, err error)
	Evidence(id payout.ID) ([]protocol.Evidence, error)
	AddFetch(f FetchRow) (int64, error)
	SetPoll(p PollRow) error
	Poll(session string, id payout.ID) (PollRow, bool, error)
	// Polls lists every plan to ask for a payout, by session.
	Polls(id payout.ID) ([]PollRow, error)
	EndPoll(session string, id payout.ID) error
	// EndOldPolls ends the plans for confirmed, unflagged payouts sent before then, but of sessions of which nothing was ever told.
	EndOldPolls(before time.Time) error
	// Replan has what was planned beyond the bounds of a right clock planned anew: questions and steps. ToReplan lists approved payouts whose countdown
	// or hold such a clock made.
	Replan(b PlanBounds) error
	ToReplan(b PlanBounds, limit int) ([]payout.ID, error)
	// CredentialsRefused reports a payout that may still be sent and that the bank refused our credentials for.
	CredentialsRefused() (bool, error)
	ToExpire(before time.Time, limit int) ([]payout.ID, error)

	// StoreMessage keeps a webhook; fresh is false when the same bytes were there: then only its count moved.
	StoreMessage(body []byte, sha, keyID string, at time.Time) (id int64, fresh bool, err error)
	// NextMessage returns the oldest message that was not applied, ok false when there is none.
	NextMessage() (m Message, ok bool, err error)
	AddResult(r MessageResult) error
	// DropRefused takes a message out of the ring of refused ones, if it is still there.
	DropRefused(slot, n int64) error
	// ReplaceBanks stores a directory of banks in the place of the one before.
	ReplaceBanks(f BankFile, names []BankName) error
	banks
	// LastAt is when the newest event of the last commit was written, by the clock of then; zero before the first.
	LastAt() time.Time
	// Unapplied counts stored messages that were not applied yet.
	Unapplied() (int, error)

	// ToRestore lists payouts made by the history's event last or before that are drafts, wait for approval or for being sent, or are
	// being sent step by step.
	ToRestore(last int64, limit int) ([]payout.ID, error)
	// Released notes that two people let this life of the database be sent from.
	Released() error
	// ReportLink is the payout that a line of a report is about, by reference, else by session, with what all lines of its kind tell of it.
	ReportLink(reference, session, kind string) (f LinkFact, ok bool, err error)
	// SameRow is the first report before this one that has the operation of this line: the bank's numbers, the kind, the sum and our mark, whatever else stands
	// beside them; 0 for none.
	SameRow(l ReportLine, before int64) (int64, error)
	AddReportRows(lines []ReportLine) error
	// DropLooseRows drops lines whose report never came to be.
	DropLooseRows() error
	// AddReport stores a report whose lines are there already.
	AddReport(f ReportFile, body []byte) error
	ReportRow(report int64, n int) (l ReportLine, ok bool, err error)
	// SetMatch says whose a line counts as, by an agreed version; PutSettled that a payout without a line is explained.
	SetMatch(report int64, n int, id payout.ID, version int) error
	PutSettled(id payout.ID, kind string, version int) error
	IDByNumber(n payout.Number) (payout.ID, bool, error)
	BankDays(id payout.ID) ([]BankDay, error)
	AddBankDay(d BankDay) error
	LastClose(day calendar.Day) (c CloseOf, ok bool, err error)
	AddClose(c CloseOf) error

	Halt() (HaltRow, bool, error)
	AddHalt(h HaltRow) (int64, error)
	Release(haltID int64, at time.Time) error

	// OthersWrote counts the commits of others on this database, as far as it tells: it changes when there were some.
	OthersWrote() (int64, error)
	// Examine is everything that the rows say about one payout; LookRows what changed, and what must hold of everything.
	Examine(id payout.ID) (Examined, error)
	LookRows(q LookQuery) (LookRows, error)
	// Releases lists the events that let sending go on, oldest first.
	Releases() ([]audit.Event, error)

	// Append writes one event of the history and, beside it, the text that a person wrote ("" for none).
	Append(e audit.Event, text string, salt payout.Salt) (seq int64, err error)
	// LastOf is the newest event about a subject, 0 for none.
	LastOf(kind, subject string) (int64, error)
	// PersonEvents lists every event about a person or a stop of sending after one, oldest first; after the first one (not 0) those about sign-ins too. Up to committed they can never be undone, and each was proved to stand in the
	// signed history; what follows belongs to the commit under way. payout.ErrBroken when one is not what was signed.
	PersonEvents(after int64) (events []audit.Event, committed int64, err error)
	// Holds proves that these events, but for those of the commit under way, stand in the signed history. payout.ErrBroken when one does not.
	Holds(events []audit.Event) error
	// Touch names what changed beyond what the methods above see by themselves.
	Touch(c Change)
}

// Store keeps everything. One Write is one commit: all of it or nothing.
type Store interface {
	// Write runs fn in the next group commit. fault.Unavailable "store.full" or "store.busy" when it cannot be stored now.
	Write(ctx context.Context, lane Lane, fn func(Tx) error) (Change, error)
	// Anchor writes the newest signed head outside the data folder.
	Anchor() error
	// Quarantined says why nothing may be sent from this database ("" when it may): "older" or "differs" than the anchor, the anchor is
	// "missing", or the database was "restored" from a copy.
	Quarantined() string
	// Loss is what the start found when it put the database into quarantine; nil when it did not.
	Loss() *Loss
	// CopyRisk says why another copy may have run since this one was stamped; EndCopyRisk notes that two people said that none did.
	CopyRisk() string
	EndCopyRisk() error
	// EndQuarantine lets the database be sent from and anchors it. Conflict "halt.other_copy" when the anchor has moved since the start: another copy runs.
	EndQuarantine() error
	// Examine and LookRows are those of Tx, each from one read.
	Examine(ctx context.Context, id payout.ID) (Examined, error)
	LookRows(ctx context.Context, q LookQuery) (LookRows, error)
	// Prove proves the whole history against every row, and counts every decision again; it reads beside the desk and takes long.
	Prove(ctx context.Context) ([]Finding, error)
	// Vitals is how the database and what is under way stand; Free how many bytes its disk has left, -1 when that cannot be told.
	Vitals(ctx context.Context) (Vitals, error)
	Free() int64
	Reader
}

// Same is another payout to the same account with the same amount.
type Same struct {
	ID        payout.ID
	Number    payout.Number
	State     payout.State
	Review    bool
	Confirmed bool
	ChangedAt time.Time
	// EndedAt is when it succeeded, as far as the row tells (ChangedAt).
	CredentialNo bool
	Why          string
}

// Subject is a submitted version of something that needs four eyes.
type Subject struct {
	Kind    approval.Kind
	ID      string
	Version int
	Digest  string
	Acks    []string
	RuleSet int
	By      payout.Actor
	At      time.Time
}

// Decided is one decision to store.
type Decided struct {
	Kind    approval.Kind
	ID      string
	Version int
	By      payout.Actor
	Answer  approval.Answer
	Digest  string
	RuleSet int
	// Factor is FactorPassword, "totp", or "passkey:" and the key's id.
	Factor string
	// Batch names the decision over a list that it is part of, "" for none.
	Batch string
	At    time.Time
}

// Account is a sign-in name with its password.
type Account struct {
	Email, Person, Hash string
	ChangedAt           time.Time
	IdleMinutes         int
	KeysOn              bool
	// MustChange: the password was set by somebody else; nothing but changing it works, and nothing is approved.
	MustChange bool
	// Version counts the writes of the row, Seal binds it (see internal/factor).
	Version int64
	Seal    string
}

// Attempt is one recorded intent to ask the bank.
type Attempt struct {
	Payout         payout.ID
	N, Version     int
	Digest         payout.Digest
	Reference, Key string
	Flow, Project  string
	// Host is the bank's address; Confirm the confirm mode of the stepwise flow. Both are "" on attempts of older versions.
	Host, Confirm string
	Body          []byte
	At            time.Time
}

// AttemptOutcome is what became of an attempt.
type AttemptOutcome struct {
	Payout    payout.ID
	N         int
	Kind, Why string
	Raw       protocol.Raw
	At        time.Time
}

// FetchRow is one stored answer to a status call.
type FetchRow struct {
	ID                     int64
	Payout                 payout.ID
	Session, Problem, Code string
	Raw                    protocol.Raw
	At                     time.Time
}

// PollRow is the plan to ask about a session.
type PollRow struct {
	Session string
	Payout  payout.ID
	NextAt  time.Time
	Since   time.Time
	Slow    bool
}

// Message is one genuine webhook.
type Message struct {
	ID    int64
	Body  []byte
	KeyID string
	At    time.Time
}

// MessageResult is what applying a message did.
type MessageResult struct {
	Message     int64
	At          time.Time
	Payout      payout.ID
	Type        string
	Session     string
	Reading     string
	AmountMinor int64
	Effect      string
	Alarm       string
	From, To    payout.State
	// Evidence is the hash of the evidence it left, "" for none; it stands in the event only.
	Evidence string
}

// HaltRow is a stop of sending that was not released.
type HaltRow struct {
	ID     int64
	Cause  string // "person", or one of protocol's causes
	By     payout.Actor
	Payout payout.ID
	At     time.Time
	// Broken is what it stopped for; it stands in the history only.
	Broken []Finding
}
