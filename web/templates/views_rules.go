package templates

import "github.com/a-h/templ"

// SideRow is one line of old beside new.
type SideRow struct {
	Label, Old, New string
	Kind            string // "same", "changed", "added" or "removed"
}

// ProposalView is the page of one version of a subject other than a payout.
type ProposalView struct {
	Crumb            Link
	Title            string
	State            string // code of a status shape: "pending_approval", "approved", "rejected", "cancelled", "expired"
	StateText        string
	MoveBold         string
	MoveText         string
	Urgent           string // «Срок согласования истекает завтра в 12:00.»
	Signs, SignsText string
	Facts            []Fact
	OldHead, NewHead string
	Rows             []SideRow // what changes
	SameLine         string
	Same             []SideRow // what stays
	Notes            []string
	Warnings         []Warning
	Panel            *Panel
	Timeline         []Event
	Tech             []Fact
	Raw              string
	Versions         []Link
	Actions          []Link // go back to this version, …
}

// ProposalRow is a line of a list of proposals.
type ProposalRow struct {
	Href             templ.SafeURL
	What, Detail     string
	By, At           string
	Signs, SignsText string
	Why              string // who can, or that it expires soon
	Mine             bool
}

// RuleLine is a rule in words.
type RuleLine struct {
	Name, Words string
	Blocked     bool
}

// VersionRow is a line of the list of versions.
type VersionRow struct {
	Href                       templ.SafeURL
	Version, Name, By, At, Yes string
	State                      string
	Now                        bool
}

// RulesView is /settings/rules, or one version of it.
type RulesView struct {
	Title, Lead string
	Crumb       *Link
	Facts       []Fact
	Rules       []RuleLine
	Own         []Fact
	StuckTitle  string // "" leaves the section out
	StuckLead   string
	Stuck       []string
	Versions    []VersionRow
	Actions     []Link
	Main        *Link
	Open        *Link
}

// LimitRow is one limit with what is used of it.
type LimitRow struct {
	Name, Soft, Hard, Used, Note string
}

// ListRow is one entry of the lists.
type ListRow struct {
	List, What, Value, Reason, Until string
	Over                             bool
}

// LimitsView is /settings/limits.
type LimitsView struct {
	Title, Lead string
	Crumb       *Link
	Facts       []Fact
	Limits      []LimitRow
	Ceilings    []Fact
	Lists       []ListRow
	ListNote    string
	Versions    []VersionRow
	Main        *Link
	Actions     []Link
	Open        *Link
}

// FormField is one field of a form of the settings.
type FormField struct {
	Name, Label, Value string
	Kind               string // "" text, "check", "select", "area"
	Class, Mode, List  string
	Help, Error        string
	ErrorAt            string // the field's name as faults name it
	On                 bool
	Options            []Option
}

// FormButton posts do=Value; the form comes back changed.
type FormButton struct{ Value, Label string }

// FormGroup is a part of a form: fields, then parts of it, then buttons.
type FormGroup struct {
	ID, Title string
	Words     string // what it says, in words
	Error     *FieldError
	Fields    []FormField
	Groups    []FormGroup
	Buttons   []FormButton
}

// DataList are suggestions for text fields.
type DataList struct {
	ID     string
	Values []string
}

// SettingsFormView is a form of the settings that works by its buttons alone.
type SettingsFormView struct {
	Crumb       Link
	Title, Lead string
	Action      templ.SafeURL
	Hidden      []Hidden
	Error       *FieldError
	Errors      []Link // where the mistakes are
	Done        string // nothing is wrong
	Groups      []FormGroup
	Buttons     []FormButton
	Reason      FormField
	Check       string
	Submit      string
	Lists       []DataList
	Try         *Act
}
