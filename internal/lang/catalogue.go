package lang

import (
	"fmt"
	"strconv"
	"strings"
)

// Texts is every word of every page in one language, grouped by page. Russian and English are its two
// values; a test fails when a string is missing in one of them or when their placeholders differ.
//
// A placeholder is {1}, {2}… and is filled by Fill; words.md says what things are called.
type Texts struct {
	tag Tag

	Common   CommonTexts
	Frame    FrameTexts
	Demo     DemoTexts
	Bars     BarTexts
	SignIn   SignInTexts
	Overview OverviewTexts
	List     ListTexts
	Queue    QueueTexts
	Unknown  UnknownTexts
	Payout   PayoutTexts
	Panel    PanelTexts
	Form     FormTexts
	Inbox    InboxTexts
	History  HistoryTexts
	Account  AccountTexts
	People   PeopleTexts
	Bank     BankTexts
	Halt     HaltTexts
	Error    ErrorTexts
	Kopecks  KopecksTexts

	// Labels by code. A code that is missing is shown by Label as it is.
	Roles     map[string]string // role
	States    map[string]string // state of a payout
	Held      map[string]string // why an approved payout does not leave; {1} is the time left of a countdown
	HeldLong  map[string]string // the same as a sentence on the payout's page
	BankCodes map[string]string // error codes of the bank, after "bank: "
	Events    map[string]string // a line of one payout's timeline; {1} who
	Log       map[string]string // a line of the audit log, subject included
	Outcomes  map[string]string // what a message of the bank did
	Seals     map[string]string // result of a signature check
	Says      map[string]string // what a message of the bank says
	Fields    map[string]string // form fields
	Acks      map[string]string // warnings, short
	AckLong   map[string]string // warnings, with what to do
	Kinds     map[string]string // kinds of things that need several people
	Accounts  map[string]string // kind of account by what its prefix means

	faults map[string]string
}

// Forms are the forms of a counted word: one, few (2–4 in Russian), many. {1} is the number.
type Forms struct{ One, Few, Many string }

// CommonTexts are used everywhere.
type CommonTexts struct {
	Desk         string
	Number       string // «№ {1}»
	Moscow       string // «МСК»
	MoscowTime   string // «Время московское»
	Rouble       string
	Next50       string
	ToNewest     string
	Copy         string
	Copied       string
	Saving       string
	Details      string
	Yes          string
	Back         string
	Today        string
	Of           string // «{1} из {2}»
	SignsMine    string // «{1} из {2}, можете согласовать вы»
	NotSet       string
	Payouts      Forms // «{1} выплата»
	PayoutsOn    Forms // «{1} выплата на», before a sum
	Warnings     Forms
	Approvals    Forms
	Seconds      Forms
	Minutes      Forms
	InSeconds    string // «{1} с»
	InMinutes    string // «{1} мин»
	InHours      string // «{1} ч»
	InDays       string // «{1} дн.»
	Ago          string // «{1} назад»
	At           string // «в {1}», a time
	Since        string // «с {1}»
	Version      string // «версия {1}»
	VersionOf    string // «версия {1} из {2}»
	Bank         string // «банк: {1}»
	Personal     string // account kinds, spare
	UnknownThing string
}

// FrameTexts are the rail, the dock and the page's frame.
type FrameTexts struct {
	Skip, Sections, Quick                          string
	Overview, Approvals, Payouts, Unknown, Payees  string
	Inbox, History, Settings, Account              string
	DockApprove, DockNew, DockLog, More            string
	Russian, English, Dark, Light, SignOut         string
	StopSending                                    string
	NotLive, Reload                                string
	EndsSoon, Stay                                 string // two minutes before the end; {1} is the time left
	CoverTitle, CoverText, CoverButton, CoverOther string
	SayApprovals                                   Forms // read out: «На согласование: {1}»
	SayPayout                                      string
	NewRows                                        Forms // «{1} новая, показать»
	GoneRow                                        string
	KeysHelp                                       string
}

// DemoTexts are the demo's bar.
type DemoTexts struct {
	Label, Bold, SignInNote, Kopecks, Bank    string
	Makers, Approvers, Auditor, Admins, Enter string
}

// BarTexts are the bars over everything.
type BarTexts struct {
	Stopped       string
	StoppedBy     string // «в {1}, {2}: «{3}»»
	StoppedSelf   string // by the desk itself: «в {1}: {2}»
	Resume        string
	Quarantine    string
	QuarantineWhy string
}

// SignInTexts are the sign-in page.
type SignInTexts struct {
	Title, Motto, Email, Password, Button, OrEnter, Ended, Kept string
}

// OverviewTexts are the first page.
type OverviewTexts struct {
	Title, MyMove, All, Caption                         string
	MySign, Payee, Purpose, Sum, Maker, WaitsSince      string
	First, Only, Last, Nth                              string // «{1}-е из {2}»
	None                                                string
	NoneOthers                                          Forms // «Ваших ходов нет. {1} ждёт других.»
	Approved, OnTheWay, Unknown, PaidToday              string
	Longest, Oldest, LastAt, NothingToday, Waiting      string
	Thirty, Paid, NotPaid, ChartLabel                   string
	Answers, NoAnswers, Start, StartReader, StartAction string
}

// ListTexts are the list of payouts.
type ListTexts struct {
	Title, Caption, CSV, New, State                        string
	All, Mine, ToApprove, OnTheWay, Unknown, Paid, NotPaid string
	Dates, From, To, Amounts, Min, Max, DateAndSum         string
	Search, SearchHint, Show, Clear                        string
	Status, No, Payee, Purpose, Sum, Signs, Maker, Changed string
	YourMove, NeedsSenior, ChangesAsked, Review            string
	Total, TotalPaid, TotalWay, TotalUnknown, TotalNot     string
	More10000, CountAll, Empty, EmptyFilter                string
	BadDate, BadAmount                                     string
	Returned                                               string // «вернулось {1} из {2} ₽»
	ReturnedWhole                                          string
	Waits                                                  string // «ждёт: {1}»
}

// QueueTexts are the approvals page.
type QueueTexts struct {
	Title, Others, OthersCaption, Caption, None, NoneAtAll, WaitsFor string
	NoneOthers                                                       Forms
}

// UnknownTexts are the page of unknown outcomes.
type UnknownTexts struct {
	Title, Lead, Caption, None, Known, Next, Since                                      string
	KnownCut, KnownRefusedKey, KnownHTTP, KnownDoubt, KnownCrash, KnownOld, KnownUntold string
	NextPoll, NextWebhook                                                               string
}

// PayoutTexts are the page of one payout.
type PayoutTexts struct {
	Crumb, Details, Bank, BIK, Account, Purpose, Basis, OwnRef, INN, KPP string
	PaidBefore, PaidLast, PaidFirst, PaidOther, PaidSame                 string
	Makers, Replaces, ReplacedBy, ReplaceOf, Approved, Reference         string
	Reveal, Down, DownKnown, History, Next, Tech                         string
	VersionCode, VersionCodeWhole, Session, Key, Requests, RuleSet       string
	Version, Versions, OlderVersion, Changes, WhatChanged, WhatWasSent   string
	Message, BackToPayout                                                string
	ByWebhook, Confirmed, PaidNote                                       string
	TitleOne                                                             string // «№ {1}, {2} ₽»
	// Whose move it is: bold, then text.
	YourMove, YourMoveOne, YourMoveLast, YourMoveMany        string
	TheirMove, OthersSign, NeedsSenior                       string
	MakersMove, DraftMine, DraftChanges, DraftOther          string
	DeskMove, Countdown, Queue, HeldBold                     string
	BankMove, Sending, WithBank, UnknownMove                 string
	Done, Paid, PaidUnconfirmed, NotPaid, NotPaidUnconfirmed string
	ReturnedWhole, ReturnedPart                              string
	Rejected, Cancelled, Expired                             string
	PeopleMove, Flagged                                      string
	// What comes next in the timeline: bold, then text, then a note.
	NextYours, NextYoursText, NextOthers, NextOthersText, NextExpires string
	NextDraft, NextDraftText                                          string
	NextSend, NextSendText, NextBank, NextBankText, NextPoll          string
	NextUnknown, NextUnknownText, NextUnknownNote                     string
	NextReview, NextReviewText                                        string
	NextReturn, NextNothing, NextReplace                              string
}

// PanelTexts are the decision panel.
type PanelTexts struct {
	Yours, Own, Others, Draft, Changes, Way, Held, WithBank, Failed, Returned, Ended, Flagged, Paid string
	ThenSends, ThenWaits, ThenNext, OwnText, OthersText, CannotText                                 string
	DraftText, DraftOther, ChangesText                                                              string
	CountdownText, CountdownBefore, HeldText, SendingText, BankText, PaidText                       string
	FailedText, FailedWait, ReturnedText, EndedRejected, EndedCancelled, EndedExpired, FlaggedText  string
	CopyRefused                                                                                     string
	Signs, SignsNone, You, OrOthers, AnyOf, Senior                                                  string
	Reason, ReasonFor, ReasonReject, Approve, ApproveSend, AskChanges, Reject                       string
	TakeBack, Submit, Edit, Copy, CopyReplace, Cancel, CancelReason, CancelButton, Keep             string
	CopyRef                                                                                         string
	Warned                                                                                          string // «{1}: «Проверено, всё верно»»
	ChangedIn                                                                                       string // «Изменено в версии {1}, {2}, {3}»
	Known, NotKnown, CanDo                                                                          string
	KnownOnce, KnownNever, KnownAnswers, KnownSession, KnownWords                                   string
	NotTaken, NotSession, NotWhy                                                                    string
	DoWait, DoSupport, DoNothing                                                                    string
	FlagKnown, FlagNot, FlagDo                                                                      string
}

// FormTexts are the form of a payout.
type FormTexts struct {
	New, Edit, Copy, Replace, Crumb                                        string
	FullName, BIK, Account, Amount, Purpose, OwnRef, INN, KPP, Note        string
	More, Submit, SubmitEdit, Draft, DraftNote, EditNote                   string
	HelpName, HelpBIK, HelpAccount, HelpAmount, HelpPurpose                string
	HelpOwnRef, HelpNote, HelpINN, HelpINNPerson, HelpINNFirm, HelpKPP     string
	AccountCount, Chars, PaidBefore, NeverPaid                             string
	Ack, AckMissing, Errors, Readings, Insert, Payees, Use                 string
	Sheet, SheetBank, SheetAccount, SheetPurpose, SheetBasis               string
	SheetWarnings, SheetSigns, SheetNoSum, SheetNoPayee, NotTicked, Ticked string
	AnyOf, AllOf, WithSenior, NobodyCan, Asked, ReplaceNote, Required      string
	ErrorsCount                                                            Forms
}

// InboxTexts are the bank's messages.
type InboxTexts struct {
	Title, Caption, Line, At, Seal, Says, Payout, Did, Text, Foot, None, NoPayout string
	All, Changed, Nothing, Bad, Filter                                            string
	Message, Body, BodyCut, Story, Raw, RawNote, Times, First, Last, Checked, Key string
	Size, Session, Confirmed, Number                                              string
}

// HistoryTexts are the audit log.
type HistoryTexts struct {
	Title, Caption, Lead, Seq, At, Who, What, About, Detail                string
	Kind, AllKinds, Person, AllPeople, From, To, Search, Show, None        string
	Leaf, Payload, VersionCode, Head, Size, Root, Signed, System, Anchored string
}

// AccountTexts are the page of one's own account.
type AccountTexts struct {
	Title, Me, Name, Email, Roles                                     string
	Password, Old, New, Again, NewHelp, Change, Changed               string
	SignIns, SignInsCaption, Where, Since, Seen, Current, End, EndAll string
	Look, Language, Theme, System, Light, Dark, Save                  string
	Keys, KeysText, KeysOn, KeysOff, KeysTurnOn, KeysTurnOff          string
	Idle                                                              string
}

// PeopleTexts are the people of the desk.
type PeopleTexts struct {
	Title, Tab, BankTab, Caption, Name, Roles, State, Seen, Working, Suspended string
	Suspend, SuspendReason, SuspendButton, Keep, Self, LastAdmins, Note, Never string
}

// BankTexts are the page about the bank.
type BankTexts struct {
	Title, Lead, Ours, Theirs, State, Webhook, PublicKey, Project, Flow, Single, Stepwise, StepwiseAuto, Env, Demo, Real string
	OurPrint, TheirPrint, LastWebhook, LastAnswer, Breaker, BreakerOpen, BreakerOK, Never, Address                       string
}

// HaltTexts are the page of stopping and resuming.
type HaltTexts struct {
	Title, On, Off, OffText, OnText, Stop, Reason, StopButton, StopNote        string
	Release, ReleaseSecond, ReleaseText, Own, Already, NotYou, Signs, Proposed string
	By, BySystem, At, Why, Waiting, History, NeedOne, NeedTwo                  string
	Reasons                                                                    map[string]string // why the desk stopped by itself
}

// ErrorTexts are the pages of errors and conflicts.
type ErrorTexts struct {
	Title, What, Kept, Do, Code, Home, BackTo, Reload                       string
	Denied, NotFound, Conflict, Unavailable, TooMany, Bad, Internal, Method string
	TooLarge, DoLess                                                        string
	KeptNothing, KeptAll, KeptTyped                                         string
	DoRetry, DoAsk, DoReload, DoSignIn, DoWait, DoRole, DoFind              string
	Moved, MovedDiff, Seen, Now, Typed, MovedKept                           string
}

// KopecksTexts are the demo's table of what the kopecks decide.
type KopecksTexts struct {
	Title, Lead, Kopecks, Bank, End, Caption string
}

// For returns the texts of a language; Russian for any other tag.
func For(tag Tag) *Texts {
	if tag == EN {
		return English
	}
	return Russian
}

// Tag returns the language of t.
func (t *Texts) Tag() Tag { return t.tag }

// Code is the language for a lang attribute.
func (t *Texts) Code() string { return string(t.tag) }

// Fill puts the arguments in place of {1}, {2}… An argument that is not there leaves an ellipsis, so that a
// sentence never shows a brace.
func Fill(s string, args ...any) string {
	if !strings.ContainsRune(s, '{') {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		n, err := strconv.Atoi(s[i+1 : i+j])
		rest := s[i+j+1:]
		switch {
		case err != nil:
			b.WriteString(s[i : i+j+1])
		case n >= 1 && n <= len(args):
			a := fmt.Sprint(args[n-1])
			if strings.HasSuffix(a, ".") && strings.HasPrefix(rest, ".") {
				rest = rest[1:] // «Соколовский В.» at a sentence's end
			}
			b.WriteString(a)
		default:
			b.WriteString("…")
		}
		s = rest
	}
}

// N fills {1} with the number in the right form of the counted word. More arguments become {2}, {3}…
func (t *Texts) N(f Forms, n int, more ...any) string {
	return Fill(Plural(t.tag, n, f.One, f.Few, f.Many), append([]any{Int(t.tag, n)}, more...)...)
}

// Label returns the word for a code out of one of the maps of t, or the code itself in a form that can be
// shown («in_progress» is never a word on a page, but an unlisted code of the bank must be readable).
func Label(m map[string]string, code string) string {
	if s, ok := m[code]; ok {
		return s
	}
	return code
}

// BankCode is what the bank's error code means, as it stands after "bank: ".
func (t *Texts) BankCode(code string) string { return Label(t.BankCodes, code) }

// RoleList joins the labels of roles.
func (t *Texts) RoleList(codes []string) string {
	senior := false
	for _, c := range codes {
		senior = senior || c == "senior"
	}
	var out []string
	for _, c := range codes {
		if c == "approver" && senior {
			continue // a senior approver is one: said once
		}
		out = append(out, Label(t.Roles, c))
	}
	return strings.Join(out, ", ")
}
