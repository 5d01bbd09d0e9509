package templates

import "github.com/a-h/templ"

// LateBar says on every page that an outcome has been unknown for too long.
type LateBar struct{ Text string }

// Pick is one of several answers.
type Pick struct {
	Value, Label string
	Selected     bool
}

// OutcomeView is the form that proposes what became of a payout.
type OutcomeView struct {
	Number         string
	Back, Action   templ.SafeURL
	Version        string // hidden
	Error          *FieldError
	Facts          []Fact
	Outcomes       []Pick
	Bases          []Pick
	Outcome, Basis Field // help and error
	Reason, File   Field
	// Attached says that a bank's report is the file, "" where one is uploaded; Hidden name its line.
	Attached string
	Hidden   []Hidden
}
