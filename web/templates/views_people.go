package templates

import "github.com/a-h/templ"

// ComingBar says on every page that a person will be added by the clock unless somebody stops it.
type ComingBar struct {
	ID   string
	Text string
	Href templ.SafeURL // where it can be stopped
}

// RoleChoice is one role of a form.
type RoleChoice struct {
	Value, Label, Help string
	On                 bool
}

// PersonForm proposes a new person, or other roles and groups of one.
type PersonForm struct {
	Action templ.SafeURL
	Hidden []Hidden
	New    bool // with name and e-mail
	Name   Field
	Email  Field
	Roles  []RoleChoice
	// RolesError stands under the choice of roles.
	RolesError string
	Groups     Field
	Reason     Field
	Button     string
	Error      *FieldError // of the whole form
}

// NewPersonView is the form of a new person.
type NewPersonView struct {
	Form PersonForm
}

// PersonPageView is one person with everything that can be proposed about them.
type PersonPageView struct {
	ID, Name string
	State    string
	Off      bool
	Facts    []Fact
	Notes    []string
	Error    *FieldError
	Waiting  []ProposalRow // what is proposed about them and waits
	WhyNot   string        // why nothing is offered
	Form     *PersonForm
	Suspend  *ReasonAct
	Risk     []string // what nobody could decide without them
	Stay     string   // why they cannot be suspended
	Restore  *ReasonAct
	Reset    *ReasonAct
	Links    []LinkLine
	Versions []Link // what was proposed before
}

// LinkLine offers an enrolment link for one sign-in.
type LinkLine struct {
	Act  Act
	Note string // that one is open, and until when
}

// LinkView shows an enrolment link, once.
type LinkView struct {
	Facts []Fact
	Back  templ.SafeURL
}

// EnrolView is the page behind an enrolment link; Over is shown for any that does not work.
type EnrolView struct {
	Over       bool
	Action     templ.SafeURL
	Lead, Who  string
	Email      string
	New, Again Field
	Next       string
	Error      string
}

// MustView is the page of somebody who must set another password before anything else.
type MustView struct {
	Email           string
	Old, New, Again Field
}
