package templates

import "github.com/a-h/templ"

// SectionReports is the reconciliation in the rail.
const SectionReports = "reports"

// Signed is an amount that may be below zero, or nothing.
type Signed struct {
	None bool
	Sum  Sum
	Tone string // "stop" for a difference
}

// ReportsView is the list of days.
type ReportsView struct {
	Tabs   []Tab
	Upload *Link
	Rows   []ReportDay
	Next   templ.SafeURL
}

// ReportDay is one line of it.
type ReportDay struct {
	Day              Link
	Ours, Bank, Diff Signed
	Files            string
	State, Tone      string
	Note             string
}

// ReportFilesView is the list of reports, with the form for those who hand one in.
type ReportFilesView struct {
	Tabs      []Tab
	May       bool
	File, Day Field
	Error     *FieldError
	Bad       []string
	BadMore   string
	Done      string
	DoneDay   *Link
	// Missing are the newest days without a report; in the demo the pretend bank's reports of them.
	MissingLead string
	Missing     []Link
	Rows        []ReportFileRow
	Folder      []Fact
}

// ReportFileRow is one report.
type ReportFileRow struct {
	Name, Days, Rows, By, At string
	Href                     templ.SafeURL
	Paid                     Sum
}

// ReportDayView is one day, three ways.
type ReportDayView struct {
	Tables    []ReportTable
	Adds      string
	AddsBad   bool
	Lines     []ReportLineRow
	LinesNote string
	CSV       templ.SafeURL
	Files     []Fact
	Close     *Act
	CloseNote string
	Closed    string
	Changed   string
	Error     *FieldError
	Waits     string // that the day has no report yet
	Upload    *Link
}

// ReportTable is the arithmetic of payouts or of returns.
type ReportTable struct {
	Title        string
	ID           string
	Rows         []ReportClass
	Total, Count ReportClass
}

// ReportClass is one class with its figures.
type ReportClass struct {
	Code, Name, N    string
	Tone             string
	Ours, Bank, Diff Signed
}

// ReportLineRow is one line that needs somebody.
type ReportLineRow struct {
	Class, Tone, Code string
	Payout            *Link
	Text              string // instead of a payout
	Session           string
	Ours, Bank        Signed
	Note, Step        string
	Links             []Link
	Day               *Link
	Age               string
}

// AgeingView are open lines by age.
type AgeingView struct {
	Tabs  []Tab
	Bands []ReportClass
	Lines []ReportLineRow
	More  string
}

// MatchView is the form of a match by hand.
type MatchView struct {
	Crumb          Link
	Facts          []Fact
	Hidden         []Hidden
	Row            bool // there is a row: a number may be typed
	Number, Reason Field
	Error          *FieldError
	Open           *Link
}

// Mark is one thing that is known about a payout at the bank.
type Mark struct {
	Label, At string
	Code      string
	Done      bool
	Note      string
	Link      *Link
}
