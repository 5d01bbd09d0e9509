package templates

import (
	"github.com/a-h/templ"

	"countersign/internal/lang"
)

// Sections of the rail, for Page.Section.
const (
	SectionOverview  = "overview"
	SectionApprovals = "approvals"
	SectionPayouts   = "payouts"
	SectionUnknown   = "unknown"
	SectionInbox     = "inbox"
	SectionHistory   = "history"
	SectionSettings  = "settings"
	SectionAccount   = "account"
	SectionNone      = ""
)

// Page is what every page shares.
type Page struct {
	T       *lang.Texts
	Lang    string // "ru" or "en"
	Theme   string // "light", "dark", or "" to follow the system
	Keys    bool   // single keys are on for this person
	Title   string // without the count and without the desk's name: "№ 1042, 486 250,00 ₽"
	Section string // one of the Section constants
	Here    string // path and query of this page: where preferences and the demo's buttons come back to
	Assets  Assets
	Menu    Menu
	Person  *PersonView // nil when nobody is signed in
	Counts  Counts
	Seq     string // history sequence this page was rendered at, for the live stream's first Last-Event-ID; may be ""
	Session *SessionView
	Demo    *DemoBar    // nil outside the demo
	Stop    *StopBar    // nil while sending goes on
	Quarant *Quarantine // nil unless quarantined
	Coming  []ComingBar // what will take effect by itself
	Copies  string      // copies of the database are not being made; "" when they are
	Late    *LateBar    // an outcome has been unknown for too long; nil when none has
}

// Assets are the addresses of our static files (static.URL of each name).
type Assets struct {
	CSS    string // desk.css
	HTMX   string // htmx.min.js
	JS     string // desk.js
	Keys   string // passkey.js
	Worker string // live-worker.js
	Icon   string // mark.svg
	Latin  string // inter-latin.woff2, preloaded
	Cyr    string // inter-cyrillic.woff2, preloaded
}

// Menu says what the rail holds for this person's roles. Overview is always there.
type Menu struct {
	Approvals bool // makes and signs: "To approve"
	New       bool // may enter payouts
	Payouts   bool
	Unknown   bool
	Payees    bool
	Inbox     bool
	History   bool
	Reports   bool // reconciliation with the bank
	Files     bool // no more of it than the reports themselves
	People    bool // /settings/people
	Rules     bool // /settings/rules
	Limits    bool // /settings/limits
	Bank      bool // /settings/bank
	Halt      bool // may stop sending (shows the link at the rail's foot while sending goes on)
}

// Counts are the counters of the rail and of the tab's title.
type Counts struct {
	Approvals int // my queue
	Unknown   int
}

// PersonView is the signed-in person.
type PersonView struct {
	Name  string // «Громова Ирина»
	Email string
	Roles string // «Согласующий», labels joined by commas
}

// SessionView times the end of the sign-in, for the warning two minutes before.
type SessionView struct {
	IdleSeconds int    // the idle limit: the page counts from its own last activity
	EndsAtMs    int64  // the hard end, epoch milliseconds
	AskCode     bool   // this person signs in with one-time codes
	Key         bool   // or with a passkey
	DemoPerson  string // in the demo the cover signs in by one press: value of field person; else ""
}

// DemoBar is the bar over every demo page.
type DemoBar struct {
	Groups   []DemoGroup // makers, approvers, auditor, administrators; empty on the sign-in page
	Kopecks  string      // address of the page of what the kopecks decide
	BankHref string      // address of the pretend bank's own page
}

// DemoGroup is one role of the demo bar.
type DemoGroup struct {
	Label  string
	People []DemoPerson
}

// DemoPerson is one button: POST /sign-in/demo with person and next.
type DemoPerson struct {
	ID      string // value of field person
	Name    string // short in the bar («Громова»), whole on the sign-in page
	Role    string // sign-in page only
	Current bool
}

// StopBar says on every page that sending is stopped.
type StopBar struct {
	Detail     string // after the bold words: «в 14:09, Орлов П.: «Чужие сообщения…»»
	CanRelease bool   // then the link says "Resume sending", else "Details"
}

// Quarantine says on every page that this database does not continue its own anchor.
type Quarantine struct {
	Detail string
}

// Sum is an amount as a page prints it: kopecks apart, so that they can be muted.
type Sum struct {
	Whole string // «486 250»
	Frac  string // «,00», with its separator
	Off   bool   // no money left: the whole figure is muted
}

// Link is one real link.
type Link struct {
	Href  templ.SafeURL
	Label string
}

// Hidden is a hidden form field.
type Hidden struct{ Name, Value string }

// Empty is what a list says when it holds nothing: one sentence, one action.
type Empty struct {
	Text   string
	Action *Link
}

// BadgeView is the status of one payout: the same for everybody who may read payouts, so that /live
// renders it once a language.
type BadgeView struct {
	ID     string // the payout's id
	Status string // state name in code: "in_progress"
	Label  string // its word: «В обработке у банка»
	Held   string // reason in code while an approved payout does not leave, else ""
	Review bool   // flagged: "Needs review"
	Why    string // second line: why it stands still; "" for none
	// A countdown ticks in its second line: when it ends, and the words around it (lang Held["countdown"]).
	UntilMs int64
	Tick    string
}

// RowView is one line of a list of payouts.
type RowView struct {
	Badge     BadgeView
	Href      templ.SafeURL
	Number    string
	Payee     string // "" for those who may not see payees
	Last4     string // «··4312», "" likewise
	Purpose   string // cut to 60 characters by the caller: the column shows fewer; "" likewise
	Sum       Sum
	Signs     string // one letter an approval needed: g given, e empty, m you can give it
	SignsText string // «1 из 2, можете согласовать вы»; "" when Signs is ""
	Move      bool   // it is this reader's move
	Maker     string // «Кузнецова М.»
	Changed   string
}

// Col is the head of a column; Right for figures.
type Col struct {
	Label string
	Right bool
}

// Tab is one tab over a list.
type Tab struct {
	Href    templ.SafeURL
	Label   string
	Count   string // formatted, "" for none
	Tone    string // "mine", "doubt" or ""
	Counter string // name for data-count when this count is a live counter: "approvals", "unknown"
	Current bool
}

// Filter is the filter line of the payouts list: values as typed.
type Filter struct {
	States             []string // hidden, repeatable: the tab's states
	Tab                string   // hidden `tab`, "" for none
	From, To, Min, Max string
	Query              string
	Errors             []FieldError // a value that was not understood
}

// FieldError is one refused field.
type FieldError struct {
	Field string // form field name, or "form"
	Text  string
}

// Total is one sum under the list: its tone picks shape and colour.
type Total struct {
	Kind  string // "paid", "bank", "doubt", "stop"
	Label string
	Sum   Sum
}

// PayoutsView is the list page.
type PayoutsView struct {
	Tabs   []Tab
	Filter Filter
	Rows   []RowView
	Empty  Empty // shown when Rows is empty
	Found  string
	// CountHref replaces the exact figures above 10,000 rows: a link that counts. Found then says «10 000+».
	CountHref templ.SafeURL
	Totals    []Total
	CSV       templ.SafeURL
	Next      templ.SafeURL // "" on the last page
	First     templ.SafeURL // back to the newest, "" on the first page
	Hide      bool          // this reader sees no payees and purposes (administrators)
}

// MoveRow is one payout that waits for this reader.
type MoveRow struct {
	Row      RowView // Changed holds since when it waits
	Place    string  // «первое из двух», «последнее», «единственное»
	Warnings string  // «2 предупреждения», "" for none
}

// OverviewView is the first page.
type OverviewView struct {
	ShowMoves bool // this reader has a queue
	Moves     []MoveRow
	MovesLine string // «3 выплаты на»
	MovesSum  Sum
	MovesAll  templ.SafeURL
	Empty     Empty // when Moves is empty: «Ваших ходов нет. 3 ждут других»
	Figures   []Figure
	Funds     string // the balance of our account, "" where it is not asked for
	Chart     Chart  // see Plot
	ChartPaid Sum
	ChartFail Sum
	Answers   []AnswerRow
	Reading   string // one sentence instead of the queue for those who only read; "" for none
}

// Figure is one of the four figures of the overview.
type Figure struct {
	Href  templ.SafeURL
	Label string
	Sum   Sum
	Tone  string // "doubt" or ""
	Note  string
}

// AnswerRow is one of the bank's last answers.
type AnswerRow struct {
	At     string
	Status string
	Label  string // the state's word, read out
	Href   templ.SafeURL
	Text   string // «№ 1058, Щербаков Тимур Русланович»
	Sum    Sum
}

// ApprovalsView is my queue, oldest first, and what waits for others.
type ApprovalsView struct {
	Error  *FieldError // why no list was made of it
	Mine   []MoveRow
	Line   string // «3 выплаты на»
	Sum    Sum
	Empty  Empty
	Others []RowView // Badge.Why says who can
	// What is no payout: what this reader can decide, and what waits for others.
	Decide, Waiting []ProposalRow
}

// UnknownView lists what has no certain outcome, oldest first.
type UnknownView struct {
	Rows  []UnknownRow
	Empty Empty
}

// UnknownRow is one of them.
type UnknownRow struct {
	Row    RowView // Changed holds its age
	Since  string  // «с 14:03»
	Late   bool    // its age is an alarm
	Known  string  // what is known, one sentence
	Owner  string  // who must act
	Asked  []string
	Closes []string // what would close it
	Next   string   // the next step, one sentence
	Act    *Link    // and its button
	Main   bool     // it is this reader's move
}

// Signature is one line of the list of signatures.
type Signature struct {
	Mark string // "given", "mine" or "empty"
	Bold string // «Вы»
	Text string // «Орлов Павел Андреевич», or who may sign
	At   string // «13:48:15 МСК»
}

// Warning is one warning as approvers see it.
type Warning struct {
	Bold  string
	Text  string
	Links []Link // similar payouts
	Note  string // who ticked it
}

// DiffPart is a piece of a difference.
type DiffPart struct {
	Kind byte // ' ' same, '-' old, '+' new
	Text string
}

// DiffLine is one changed field.
type DiffLine struct {
	Label string
	Parts []DiffPart // see Words
}

// Diff is what changed between two versions.
type Diff struct {
	Title string // «Изменено в версии 2, Лебедев А., 13:27»
	Lines []DiffLine
}

// AccountNumber is an account as this reader may see it.
type AccountNumber struct {
	Groups []string // 5-3-1-4-7 when the whole number is shown, else nil
	Last4  string   // «··4312» otherwise
	Kind   string   // «Физическое лицо, рубли»
	Reveal string   // address to POST to for a logged look; "" if not offered
}

// Fact is one line of data with a label.
type Fact struct {
	Label string
	Value string
	Href  templ.SafeURL // "" for plain text
	Note  string
	Mono  bool // an id: monospace
	Copy  bool // with a copy button
	Pre   bool // several lines as they are (a key)
}

// Event is one line of a timeline.
type Event struct {
	Day   string // set on the first event of a day: a day heading goes before it
	At    string // «13:48:15»; the last one says «дальше»
	Tone  string // people, bank, doubt, stop, sys; "next" for what comes
	Bold  string
	Text  string
	Notes []string
	Fold  *Fold
	Links []Link // bodies of the bank's messages
}

// Fold is detail behind a summary.
type Fold struct {
	Summary string
	Text    string
	Diff    *Diff
	Facts   []Fact
	Raw     string
}

// KnownList is one paragraph of "What is known" and its kin.
type KnownList struct {
	Title string
	Doubt bool // marks of doubt instead of ticks
	Items []string
	Text  string // instead of items
}

// Countdown runs in words until the payout leaves.
type Countdown struct {
	UntilMs int64  // epoch milliseconds
	Before  string // «Уйдёт в банк через»
	Left    string // «7 с», for readers without scripts
}

// Act is one form with one button.
type Act struct {
	Action templ.SafeURL
	Label  string
	Hidden []Hidden
	Main   bool // filled
	TestID string
}

// ReasonAct is a folded form that asks for a reason first (cancel).
type ReasonAct struct {
	Action  templ.SafeURL
	Summary string // «Отменить выплату»
	Label   string // label of the reason
	Button  string
	Keep    string // «Оставить»: folds it again
	Hidden  []Hidden
	Value   string // as typed
	Error   string // data-error="reason"
	Open    bool
}

// Decide is the approver's form. Empty labels hide their buttons.
type Decide struct {
	Approve       templ.SafeURL
	Changes       templ.SafeURL
	Reject        templ.SafeURL
	Digest        string // hidden, as shown on this page
	Version       string // hidden
	Label         string // «Согласовать и отправить»
	Amount        string // «486 250,00 ₽»
	Reason        string // as typed
	ReasonError   string // data-error="reason"
	ChangesLabel  string
	RejectLabel   string
	ApproveTestID string // "" -> "approve"
	// Walk goes along while somebody goes through their queue: then the next one opens after the decision.
	Walk string
	// Sign asks for a passkey or a code with this decision; nil when the password was enough. The factors' room fills it.
	Sign *SignView
}

// Panel is the decision panel: whatever is set is shown, in this order. internal/web composes the variants
// (my move, waits for others, draft, countdown, held, with the bank, unknown, flagged, failed, ended).
type Panel struct {
	Tone      string // "people" my move, "doubt" unknown or flagged, "stop" failed, "" quiet
	Kind      string // data-testid="panel-<Kind>"
	Title     string
	Text      []string // what the button does, or whose move it is
	Error     *FieldError
	Countdown *Countdown
	Words     string // amount in words
	Warnings  []Warning
	Hints     []Warning // computed, never blocking
	Standing  *StandingView
	Changes   *Diff
	Lists     []KnownList
	Signs     []Signature
	Decide    *Decide
	Links     []Link // edit, copy as replacement: buttons that are links; the first is filled if LinkMain
	LinkMain  bool
	Acts      []Act // take approval back, submit a draft
	CopyRef   string
	Cancel    *ReasonAct
}

// PayoutView is the page of one payout.
type PayoutView struct {
	Marks     []Mark // what is known at the bank, once it was asked
	ID        string
	Number    string
	Sum       Sum
	Payee     string // "" for those who may not see payees
	Badge     BadgeView
	Signs     string
	SignsText string
	MoveBold  string // «Ваш ход:»
	MoveText  string
	Reference string // our mark at the bank, "" until made
	Bank      string
	BIK       string
	Account   *AccountNumber
	Purpose   string
	More      []Fact // document number, basis, INN, KPP: only those filled
	PaidText  string // «7 выплат на»; "" for first time: PaidNote says so
	PaidSum   Sum
	PaidTail  string // «, последняя 28 окт»
	PaidNote  string
	Makers    string
	// PayeeMakers says who else is one, because they entered the saved payee.
	PayeeMakers string
	Approved    []Signature // once it has left the queue
	Rel         []Fact      // replaces, replaced by
	Panel       *Panel
	Queue       *QueueView
	Timeline    []Event
	Versions    []Link // the other versions, readable; empty when there is one
	Version     string // «версия 2 из 2», "" when there is one
	Tech        []Fact
}

// VersionView shows an older version beside the page of its payout.
type VersionView struct {
	Number string
	Back   templ.SafeURL
	Title  string // «Версия 1 из 2»
	Note   string // who and when
	Facts  []Fact
	Diff   *Diff // against the version before it, nil for the first
}

// Field is one field of a form: as typed, with its help or its error.
type Field struct {
	Value string
	Help  string
	Error string
	End   string // at the line's right: «53 из 160»
	Max   int    // counts characters live when > 0
	Doubt bool   // the help warns: it is shown so, and blocks nothing
}

// Reading is one way to read an ambiguous amount.
type Reading struct {
	Value string // posted as `reading`: replaces the amount, saves nothing
	Label string // «1 000,00 ₽, одна тысяча»
}

// Insert is a text put at the purpose's end by one press (posted as `insert`).
type Insert struct{ Text string }

// Tick is one warning to be ticked in the form.
type Tick struct {
	Code    string // value of `ack`
	Bold    string
	Text    string
	Links   []Link
	Ticked  bool
	Error   string // data-error="ack"
	Inserts []Insert
}

// PayeeHint is one of the last payees, offered while typing. Pressing it posts `payee` (without scripts) or
// fills the fields at once.
type PayeeHint struct {
	ID      string // the payout it is taken from
	Name    string
	BIK     string
	Account string // whole: this is the maker's form
	INN     string
	KPP     string
	Note    string // «··4312, Волжско-Камский, 28 окт»
}

// Sheet is what the approver will see.
type Sheet struct {
	Sum       Sum
	NoSum     string // instead, while there is no amount
	Payee     string
	Bank      string
	BIK       string
	Account   *AccountNumber
	Purpose   []DiffPart // kind '!' marks signs that the bank refuses
	Note      string
	Warnings  []Fact
	Signs     string
	SignsText string
	Rule      string // «Любые двое из трёх»
	RuleNote  string // who can
	Due       string // when it leaves, "" for as soon as it is approved
}

// FormView is the form for a new payout and for a new version.
//
// A POST without `do` saves nothing: it applies `reading`, `insert` or `payee` and shows the form again.
// Enter posts do=submit (a hidden first button).
type FormView struct {
	Action    templ.SafeURL // "/payouts" or "/payouts/<id>/edit"
	Heading   string
	Crumb     *Link
	Intro     string // "replaces No 1037, not paid", what the approver asked for; "" for none
	Hidden    []Hidden
	Errors    []FieldError // two or more: a list on top takes focus
	FormError *FieldError  // refused by rule: data-error="form"
	FormLinks []Link       // the payout in the way
	FullName  Field
	BIK       Field
	Account   Field
	Amount    Field
	Readings  []Reading
	Purpose   Field
	OwnRef    Field
	INN       Field
	KPP       Field
	Note      Field
	Due       Field
	Ticks     []Tick
	Payees    []PayeeHint
	PayeePick
	Sheet    Sheet
	MoreOpen bool
	Edit     bool   // a new version: says that approvals are voided
	EditNote string // «Новая версия 3. Данные согласования снимаются: 1»
}

// SignInView is the sign-in page; also the answer to a POST that lost its sign-in, carrying what was typed.
type SignInView struct {
	Email string
	Error string // data-error="form", or that of ErrorField
	// ErrorField is "code" when the code is what is missing or wrong.
	ErrorField string
	AskCode    bool   // the form has a field for a one-time code
	Key        bool   // a passkey alone may sign in
	Next       string // hidden: where to go after
	Carried    []Hidden
	Note       string // «Вход закончился. Введённое сохранится»
	Demo       []DemoPerson
	// Codes are the one-time codes of the demonstration's people, where its rules ask for them.
	Codes []DemoCode
}

// DemoCode is what one person of a demonstration would read from an app.
type DemoCode struct{ Email, Code, Seed string }

// InboxView lists the bank's messages.
type InboxView struct {
	Line  string // «118 за сегодня, 4 с неверной подписью»
	Tabs  []Tab
	Rows  []InboxRow
	Empty Empty
	Foot  string
	Next  templ.SafeURL
}

// InboxRow is one message.
type InboxRow struct {
	At      string
	Good    bool   // the signature check
	Seal    string // «Верна», «Неверна», «Нет подписи»
	Says    string // «Выплата исполнена»
	Times   string // «× 3»
	Payout  *Link  // nil: NoOne says «не определена»
	NoOne   string
	Sum     *Sum
	Did     string
	DidTone string // "" changed, "muted" nothing, "doubt" alarm
	DidNote string
	Href    templ.SafeURL // the message's own page; "" for none
}

// MessageView is one message of the bank.
type MessageView struct {
	Title    string
	Good     bool
	Seal     string
	Facts    []Fact
	Story    []Event // arrivals, what it did and why
	Body     string  // as this reader may see it
	BodyNote string  // what is left out
	Raw      *Act    // show the bytes as they came (a logged look)
}

// HistoryView is the audit log.
type HistoryView struct {
	Filter  HistoryFilter
	Rows    []HistoryRow
	Empty   Empty
	Head    []Fact // size, root, signature of the log's head
	Next    templ.SafeURL
	First   templ.SafeURL
	HeadAge string
}

// HistoryFilter is its filter, values as typed.
type HistoryFilter struct {
	Kinds    []Option // kind of thing
	People   []Option
	From, To string
	Query    string
}

// Option is one choice of a select.
type Option struct {
	Value, Label string
	Selected     bool
}

// HistoryRow is one event in words.
type HistoryRow struct {
	Seq    string
	At     string
	Who    string
	Text   string
	About  *Link
	Fold   []Fact // leaf, payload, version code
	Raw    string // canonical payload
	Tone   string
	Detail string        // first signs of the leaf's hash
	Href   templ.SafeURL // page of the event; "" on that page itself, which unfolds it
}

// AccountView is the page of one's own account.
type AccountView struct {
	Facts    []Fact
	Old      Field // `current`
	New      Field // `password`
	Again    Field // `again`
	Done     string
	SignIns  []SignInRow
	Keys     bool
	Lang     string
	Theme    string // "", "light", "dark"
	IdleNote string
	Idle     Field // `idle`: minutes, 5 to 60
}

// SignInRow is one live sign-in of mine.
type SignInRow struct {
	Where   string // browser and address
	Since   string
	Seen    string
	Current bool
	End     *Act
}

// PeopleView lists the people.
type PeopleView struct {
	Rows  []PersonRow
	Error *FieldError
	Note  string
	Bank  bool // this reader may open /settings/bank
	// Lead says how people change; New is the form of a new one, "" for those who may not propose.
	Lead    string
	New     templ.SafeURL
	Waiting []ProposalRow // what is proposed about people and waits
	Stuck   []string      // what nobody can decide today
	Groups  []Fact        // groups in use, with their people
}

// PersonRow is one of them.
type PersonRow struct {
	ID      string
	Name    string
	Email   string
	Roles   string
	State   string // «Работает», «Приостановлена 12 мар, Тихонов Е.»
	Off     bool
	Seen    string
	Suspend *ReasonAct
	WhyNot  string // why no form is offered: oneself, the last two administrators
	Notes   []string
}

// BankView is what the bank's manager needs, and how the bank does.
type BankView struct {
	Ours   []Fact // webhook address, public key, project
	Theirs []Fact // fingerprints of the bank's keys
	State  []Fact // last webhook, last answer, breaker
	People bool   // this reader may open /settings/people
	More   BankMore
}

// HaltView is the page of stopping and resuming.
type HaltView struct {
	On       bool
	Lead     string // what is so now
	Text     []string
	Facts    []Fact
	Signs    []Signature // who has agreed to resume
	Stop     *ReasonAct  // shown open
	Release  *Act
	Sign     *SignView // what the reader's yes asks for beside the sign-in; nil for nothing
	Back     *Act      // takes the reader's own first yes back
	WhyNot   string    // why this reader cannot resume
	Waiting  string    // «Ждут отправки: 12 выплат на …»
	Timeline []Event
	Error    *FieldError
}

// ErrorView is any page that could not be shown.
type ErrorView struct {
	Status string // "404"
	What   string
	Kept   string
	Do     string
	Code   string // to quote
	Links  []Link
}

// ConflictView says that it moved meanwhile.
type ConflictView struct {
	Number string
	What   string
	Kept   string
	Do     string
	Code   string
	Badge  *BadgeView
	Diff   *Diff // what was seen against what is now
	Typed  []Fact
	Links  []Link
}

// KopecksView is the demo's table of what the kopecks decide.
type KopecksView struct {
	Lead string
	Rows []KopecksRow
}

// KopecksRow is one of its lines.
type KopecksRow struct{ Kopecks, Bank, End string }
