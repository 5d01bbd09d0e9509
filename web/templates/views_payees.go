package templates

import "github.com/a-h/templ"

// SectionPayees is the section of saved payees, for Page.Section.
const SectionPayees = "payees"

// PayeeHref is the address of a payee's page or one below it: id, or id and "/edit".
func PayeeHref(tail string) templ.SafeURL { return templ.SafeURL("/payees/" + tail) }

// PayeesView is the list of saved payees.
type PayeesView struct {
	Query, Group string
	Groups       []Option
	Waiting      []PayeeLine // new and changed ones that await a decision
	Rows         []PayeeLine
	Empty        Empty // shown when Rows is empty
	Found        string
	Next, First  templ.SafeURL
}

// PayeeLine is one of them.
type PayeeLine struct {
	Href    templ.SafeURL
	Name    string
	Kind    string
	INN     string
	Account string // «··4312, ещё 2»
	Groups  string
	Changed string
	Note    string // «новый», «версия 3»: of those that await a decision
}

// PayeeView is the page of one payee.
type PayeeView struct {
	ID       string
	Name     string
	Kind     string
	Facts    []Fact
	Marks    []Warning // on a list, an account under two payees
	Open     *PayeeOpen
	Accounts []PayeeAccountLine
	Payouts  []RowView
	Versions []PayeeVersionLine
	New      templ.SafeURL // a payout to this payee; "" if this reader makes none or it is not in force
	Edit     templ.SafeURL
}

// PayeeOpen says that a version awaits a decision.
type PayeeOpen struct {
	Text, By string
	Link     Link
}

// PayeeAccountLine is one account: never whole.
type PayeeAccountLine struct {
	Last4, BIK, Bank, Label, Kind string
	Since                         string
	Fresh                         string // «Счёт добавлен к известному получателю …», "" if it was there from the beginning
	Shared                        []Link // other payees that hold it
	Listed                        string
}

// PayeeVersionLine is one version with who vouched for it.
type PayeeVersionLine struct {
	Href     templ.SafeURL
	Version  string
	Proposed string
	Decided  string
	State    string
	InForce  bool
}

// PayeeVersionView is one version to be read, old beside new.
type PayeeVersionView struct {
	Name, Title, Note string
	Back              templ.SafeURL
	Facts             []Fact
	Diff              *Diff // against the version that it changed, nil for the first
	Same              bool
	DiffTitle         string
}

// PayeeFormView is the form of a new payee and of a new version.
//
// A POST without do=submit saves nothing: do=line adds an empty line of an account and shows the form again.
type PayeeFormView struct {
	Action      templ.SafeURL
	Heading     string
	Crumb       *Link
	Intro       string
	Hidden      []Hidden
	Errors      []FieldError
	FormError   *FieldError
	Kinds       []Option
	KindError   string
	Name        Field
	INN, KPP    Field
	Lines       []PayeeFormLine
	Groups      Field
	Note        Field
	Description Field
	Ticks       []Tick
	MayAdd      bool
	Moved       *Diff // what changed meanwhile, after a conflict
}

// PayeeFormLine is one typed account.
type PayeeFormLine struct {
	N                  string // "1"
	Label              string // «Счёт 1»
	BIK, Number, Named Field
}

// PayeeChoice is the saved payee that a payout names, in the payout's form.
type PayeeChoice struct {
	ID       string
	Href     templ.SafeURL
	Name     string
	Note     string // «версия 2, Организация, ИНН …»
	Accounts []Option
	Error    string
	Moved    string // the payee changed since this version of the payout
	Diff     *Diff
}

// PayeePick is the part of a payout's form about saved payees.
type PayeePick struct {
	Choice *PayeeChoice // the saved payee that is named; then nothing of a payee is typed
	Saved  []SavedHint  // saved payees like what is typed
	None   bool         // they were asked for, and there is none
}

// SavedHint is one saved payee on offer: pressing it posts `pick`.
type SavedHint struct{ ID, Name, Note string }
