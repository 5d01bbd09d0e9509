package app

import (
	"context"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/auth"
	"countersign/internal/calendar"
	"countersign/internal/payee"
	"countersign/internal/payout"
)

// Reader is what pages and workers look up, each from one read of the database. Lists are bounded.
type Reader interface {
	// The cheap questions that workers ask before they take the writer.
	AnyToSend(ctx context.Context, now time.Time) (bool, error)
	AnyToApply(ctx context.Context) (bool, error)
	// AnyAhead reports whether something is planned beyond the bounds of a right clock, of what can be told at a glance.
	AnyAhead(ctx context.Context, b PlanBounds) (bool, error)
	AnyToExpire(ctx context.Context, before time.Time) (bool, error)
	AnyStale(ctx context.Context, before time.Time) (bool, error)
	// AnyStepwise: an attempt of the stepwise flow is open. EndedSteps is the last step whose outcome is recorded.
	AnyStepwise(ctx context.Context) (bool, error)
	EndedSteps(ctx context.Context, id payout.ID) (int, error)
	StepsOf(ctx context.Context, id payout.ID) ([]StepLine, error)
	// NewestFetch is the newest kept status of one session, byte for byte.
	NewestFetch(ctx context.Context, id payout.ID, session string) (body []byte, at time.Time, ok bool, err error)
	DuePolls(ctx context.Context, now time.Time, limit int) ([]PollRow, error)
	// NextPollAt is when the next poll is due; zero when none is planned.
	NextPollAt(ctx context.Context) (time.Time, error)

	// PollOf is when a payout's session is asked about next, ok false when no poll is planned.
	PollOf(ctx context.Context, id payout.ID) (PollRow, bool, error)
	// PollsOf lists every session that is asked about for a payout, by session.
	PollsOf(ctx context.Context, id payout.ID) ([]PollRow, error)

	AccountByEmail(ctx context.Context, email string) (Account, bool, error)
	PersonByID(ctx context.Context, id string) (auth.Person, error)
	AllPeople(ctx context.Context) ([]PersonRow, error)
	EnrolmentByHash(ctx context.Context, hash string) (e Enrolment, ok bool, err error)
	OpenEnrolmentsOf(ctx context.Context, person string) ([]Enrolment, error)
	Signers(ctx context.Context) ([]approval.Signer, error)
	InForceVersion(ctx context.Context, kind approval.Kind, id string) (int, error)
	ProposalAt(ctx context.Context, kind approval.Kind, id string, version int) (Proposal, error)
	// Proposals lists the versions of one subject, newest first.
	Proposals(ctx context.Context, kind approval.Kind, id string, limit int) ([]Proposal, error)
	// OpenProposals lists everything that is put to people, oldest first.
	OpenProposals(ctx context.Context, limit int) ([]Proposal, error)
	// VerdictFile is the evidence beside one proposed ruling. NotFound "verdict.none".
	VerdictFile(ctx context.Context, id payout.ID, version int) (VerdictFile, error)
	// PayeeByID is a saved payee with its accounts, ok false when no version of it is in force.
	PayeeByID(ctx context.Context, id string) (p PayeeRow, ok bool, err error)
	// PayeeList is one page of the saved payees by name, with their accounts.
	PayeeList(ctx context.Context, q PayeeQuery) (PayeePage, error)
	// PayeesWith lists payees in force that hold an account, but for one of them.
	PayeesWith(ctx context.Context, key payee.AccountKey, besides string, limit int) ([]SharedAccount, error)
	// PayoutsTo lists the payouts that name a payee, newest first.
	PayoutsTo(ctx context.Context, payee string, limit int) ([]Row, error)
	PayeeFacts(ctx context.Context, id string, version int, bik, account string) (PayeeFacts, error)
	PaidTo(ctx context.Context, payee, account string) (int64, error)
	// AccountsBeside are the account numbers, by saved payee, of this payee ("" for none) and of every payee that has the account now.
	AccountsBeside(ctx context.Context, payee, account string) (map[string][]string, error)
	// HintRows is what hints look at about one payout.
	HintRows(ctx context.Context, q HintQuery) (HintRows, error)
	// BatchByID returns a decision over a list. NotFound "batch.none".
	BatchByID(ctx context.Context, id string) (Batch, error)
	Use(ctx context.Context, names []string) (map[string]int64, error)
	// MostUsed is the largest sum of the counters whose names begin and end so, kopecks.
	MostUsed(ctx context.Context, prefix, tail string) (int64, error)
	// LabRows walks the payouts that were put to people or sent since then; at most limit, the newest left out.
	LabRows(ctx context.Context, since time.Time, limit int, yield func(LabRow) error) error
	LabKnown(ctx context.Context) (LabKnown, error)
	// LoginByID returns a sign-in as stored, ok false when it ended.
	LoginByID(ctx context.Context, id string) (auth.SignIn, bool, error)
	Logins(ctx context.Context, person string) ([]auth.SignIn, error)
	// Factors lists what a person has that was not removed, oldest first: unchecked, App.Factors checks.
	Factors(ctx context.Context, person string) ([]Factor, error)
	ChallengeByID(ctx context.Context, id string) (Challenge, bool, error)
	// SeenLogin moves last-seen; it writes no history and may be dropped under load.
	SeenLogin(ctx context.Context, id string, at time.Time) error

	PayoutByID(ctx context.Context, id payout.ID) (payout.Snapshot, error)
	PayoutIDByNumber(ctx context.Context, n payout.Number) (payout.ID, bool, error)
	Versions(ctx context.Context, id payout.ID) ([]VersionRow, error)
	DecisionsOf(ctx context.Context, kind approval.Kind, id string, version int) ([]approval.Decision, error)
	Timeline(ctx context.Context, kind, subject string) ([]EventRow, error)
	AttemptsOf(ctx context.Context, id payout.ID) ([]AttemptRow, error)
	MessagesOf(ctx context.Context, id payout.ID) ([]MessageRow, error)
	ReplacementOf(ctx context.Context, id payout.ID) (payout.ID, payout.Number, bool, error)
	SameAs(ctx context.Context, account string, minor int64) ([]Same, error)
	// PaidBefore says how often and how much this name was paid, by account.
	PaidBefore(ctx context.Context, name string) ([]Paid, error)
	// Payees offers the last payees whose name begins so (any case), newest first.
	Payees(ctx context.Context, prefix string, limit int) ([]Payee, error)

	List(ctx context.Context, q ListQuery) (ListPage, error)
	Totals(ctx context.Context, q ListQuery) (Totals, error)
	Rows(ctx context.Context, ids []payout.ID) ([]Row, error)
	// Pending lists everything that awaits approval, oldest submission first.
	Pending(ctx context.Context, limit int) ([]PendingRow, error)
	// PendingSaid lists those of them behind a place that somebody decided on, by submission.
	PendingSaid(ctx context.Context, after Place, limit int) ([]PendingRow, error)
	// Unknowns lists payouts whose outcome is unknown, and flagged ones, oldest first.
	Unknowns(ctx context.Context, limit int) ([]Row, error)
	// Unconfirmed lists sent payouts, neither unknown nor flagged nor confirmed, whose request left before a moment, oldest first. Those with a final message are found by
	// the plan to ask about them, which must be due before next.
	Unconfirmed(ctx context.Context, sentBefore, next time.Time, limit int) ([]payout.ID, error)
	Counters(ctx context.Context, prefix string) (map[string]Counter, error)
	LastAnswers(ctx context.Context, limit int) ([]Row, error)
	Oldest(ctx context.Context, states ...payout.State) (Row, bool, error)

	Inbox(ctx context.Context, q InboxQuery) ([]MessageRow, error)
	MessageByID(ctx context.Context, id int64) (MessageRow, []byte, error)
	Refused(ctx context.Context, limit int) ([]RefusedRow, error)
	RefusedBody(ctx context.Context, slot int64) (RefusedRow, []byte, error)
	// RefusedAfter lists refused messages whose running number is above after, in its order.
	RefusedAfter(ctx context.Context, after int64, limit int) ([]RefusedMessage, error)
	// BankFile is the directory of banks that is loaded, BankName one line of it.
	BankFile(ctx context.Context) (f BankFile, loaded bool, err error)
	BankName(ctx context.Context, bik string) (b BankName, ok bool, err error)
	KeepRefused(ctx context.Context, body []byte, signature, reason string, at time.Time) error
	InboxCounts(ctx context.Context) (InboxCounts, error)
	AttemptBodies(ctx context.Context, id payout.ID, n int) (request []byte, answer []byte, err error)
	FetchBody(ctx context.Context, id int64) (FetchRow, error)

	History(ctx context.Context, q HistoryQuery) ([]EventRow, error)
	EventBySeq(ctx context.Context, seq int64) (EventRow, error)
	DeskRows(ctx context.Context) (DeskState, error)
	// ReportFile finds a report by its number, or by the SHA-256 of its bytes; Reports lists the newest; ReportBody is one byte for byte, empty when cleared.
	ReportFile(ctx context.Context, id int64, sha string) (ReportFile, bool, error)
	Reports(ctx context.Context, limit int) ([]ReportFile, error)
	ReportBody(ctx context.Context, id int64) ([]byte, error)
	// ReportLast is the number of the newest report, 0 when there is none.
	ReportLast(ctx context.Context) (int64, error)
	ReportsOfDay(ctx context.Context, day calendar.Day) ([]ReportFile, error)
	// Restores lists what the history declares lost, newest first; at most 20.
	Restores(ctx context.Context) ([]Loss, error)
	// ReportLine is one line, ok false when it is not there; ReportLinesOf lists those that count as a payout's.
	ReportLine(ctx context.Context, report int64, n int) (l ReportLine, ok bool, err error)
	ReportLinesOf(ctx context.Context, id payout.ID) ([]ReportLine, error)
	// EachDayLine walks what our record and the reports have on a day: every payout and every line of nobody's once, not classified.
	EachDayLine(ctx context.Context, day calendar.Day, yield func(DayLine) error) error
	// DayTotals are the sums of a day by kind, over the rows alone.
	DayTotals(ctx context.Context, day calendar.Day) (map[string]Figure, error)
	// DayList lists days on which something was, newest first, before a day ("" for none), without their sums.
	DayList(ctx context.Context, before calendar.Day, limit int) ([]DayRow, error)
	// DaysMoved lists the days that the history's events after one may have changed; all: any of them.
	DaysMoved(ctx context.Context, after int64) (days []calendar.Day, all bool, err error)
	LastCloseOf(ctx context.Context, day calendar.Day) (c CloseOf, ok bool, err error)
	// Took lists how long the newest paid payouts took from the request to the bank's word.
	Took(ctx context.Context, since time.Time, limit int) ([]time.Duration, error)

	// Head is the newest signed head as text, and the history's size.
	Head(ctx context.Context) (signed []byte, size int64, err error)
	// EachRow walks the filtered list, newest first, in slices, for files.
	EachRow(ctx context.Context, q ListQuery, yield func(ExportRow) error) error
}

// PersonRow is a person with their sign-in names.
type PersonRow struct {
	auth.Person
	Emails []string
	// Waiting are those of them that have no password yet: they wait for an enrolment link to be used.
	Waiting []string
	// SetByHand are those whose password somebody else set and nobody changed yet.
	SetByHand   []string
	SuspendedAt time.Time
	LastSeen    time.Time
}

// VersionRow is one version of a payout's content.
type VersionRow struct {
	Version int
	Content payout.Content
	Salt    payout.Salt
	By      payout.Actor
	At      time.Time
	// Digest and Acks when it was submitted.
	Digest string
	Acks   []string
}

// EventRow is an event with the text that a person wrote beside it.
type EventRow struct {
	audit.Event
	Text string
}

// AttemptRow is an attempt with what became of it (Kind "" while open).
type AttemptRow struct {
	N, Version, HTTP, Bytes int
	Kind, Why, Description  string
	At, AnsweredAt          time.Time
}

// MessageRow is a genuine message with how often it came and what it did (Applied zero until then).
type MessageRow struct {
	ID         int64
	At, LastAt time.Time
	Count      int
	KeyID      string
	Applied    time.Time
	MessageResult
	Number payout.Number
	// Confirmed is when a fetch confirmed what it said; zero if not.
	Confirmed time.Time
}

// RefusedRow is a message whose signature was missing or wrong.
type RefusedRow struct {
	Slot, N int64
	At      time.Time
	Reason  string
	Bytes   int
}

// Paid sums what one account of a payee was paid.
type Paid struct {
	Account string
	N       int
	Sum     int64 // kopecks
	LastAt  time.Time
}

// Payee is somebody paid lately.
type Payee struct {
	FullName, BIK, Account, INN, KPP string
	At                               time.Time
}

// Row is one line of a list.
type Row struct {
	ID                              payout.ID
	Number                          payout.Number
	State                           payout.State
	Review, Confirmed, ChangesAsked bool
	Why                             string
	FullName, Account, Description  string
	Amount, ReturnedMinor           int64 // kopecks
	Given, Needed                   int
	MakerName                       string
	ChangedAt, SendAt, SentAt       time.Time
	SubmittedAt                     time.Time
	Makers                          []string
	Digest                          string
	Version                         int
	PayeeID, DueDate                string
	PayeeVersion                    int
	HeldUntil                       time.Time
}

// PendingRow is a line of the queue with what the engine needs to say whose move it is.
type PendingRow struct {
	Row
	Decisions []approval.Decision
	Acks      []string
	RuleSet   int
	// BIK, INN and Source of its version, for rules and lists.
	BIK, INN, Source string
}

// ListQuery filters the list of payouts. Zero values filter nothing.
type ListQuery struct {
	States   []payout.State
	From, To time.Time // changed at or after From, before To
	Min, Max int64     // kopecks, inclusive; Max 0 is none
	Text     string    // number, payee, purpose, document number, or the end of an account
	Maker    string    // person id
	After    string    // cursor of the last line seen
	Limit    int       // 1 to 200; 50 if 0
	CountAll bool      // totals are exact however many rows there are
}

// ListPage is one page; Next is the cursor of the following one, "" at the end.
type ListPage struct {
	Rows []Row
	Next string
}

// Totals are the sums under a list. More is set when they stopped at 10,000 rows.
type Totals struct {
	N                                int
	Paid, OnTheWay, Unknown, NotPaid int64 // kopecks
	More                             bool
}

// Add counts n payouts of a state with their sum, of which so much came back.
func (t *Totals) Add(state payout.State, n int, sum, back int64) {
	t.N += n
	switch state {
	case payout.Succeeded:
		t.Paid += sum - back
	case payout.Sending, payout.InProgress:
		t.OnTheWay += sum
	case payout.Unknown:
		t.Unknown += sum
	case payout.Failed, payout.Returned:
		t.NotPaid += sum
	}
}

// StatesOnly reports a filter by nothing but states: its sums are in the counters.
func (q ListQuery) StatesOnly() bool {
	return q.From.IsZero() && q.To.IsZero() && q.Min == 0 && q.Max == 0 && q.Text == "" && q.Maker == ""
}

// TotalsOf sums these states (none: all) from the counters "state:…" and what came back of what is paid.
func TotalsOf(states []payout.State, counters map[string]Counter, back int64) (t Totals) {
	if len(states) == 0 {
		states = payout.States()
	}
	for _, st := range states {
		c, of := counters["state:"+string(st)], int64(0)
		if st == payout.Succeeded {
			of = back
		}
		t.Add(st, int(c.N), c.Sum, of)
	}
	return t
}

// Counter is a count and a sum in kopecks, kept in the commits that change them.
type Counter struct{ N, Sum int64 }

// InboxQuery filters the bank's messages: Effect "" all, "moved", "nothing"; Before is the id cursor.
type InboxQuery struct {
	Effect string
	Before int64
	Limit  int
}

// InboxCounts are the counts of the tabs.
type InboxCounts struct {
	All, Moved, Nothing, Refused, Today, RefusedToday int
}

// HistoryQuery filters the audit log, newest first.
type HistoryQuery struct {
	Person, Action, Kind, Subject string
	From, To                      time.Time
	Before                        int64
	Limit                         int
	// AdminOnly keeps only administrators' subjects (people, stops, sign-ins).
	AdminOnly bool
}

// ExportRow is a line of a file.
type ExportRow struct {
	Row
	BIK, INN, KPP, OwnRef, Note string
	Reference, Session          string
	CreatedAt                   time.Time
}
