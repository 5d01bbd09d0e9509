package templates

import "github.com/a-h/templ"

// LabView is the laboratory of approval rules.
type LabView struct {
	Drafts []Option
	// Doc is the set as typed in the form, canonical; "" when another one is tried.
	Doc     string
	Amount  Field
	Makers  []Option
	Entries []Option
	Groups  Field
	First   bool
	Changed Field
	Error   string
	Tried   []LabSide // today's rules and the draft
	Replay  *LabReplay
}

// LabSide is a made-up payout under one set of rules.
type LabSide struct {
	Title, Verdict string
	Tone           string // "paid", "stop" or ""
	Lines          []string
}

// LabReplay is what the last 90 days come to.
type LabReplay struct {
	Line   string
	Groups []LabGroup
}

// LabGroup is payouts that the draft treats alike.
type LabGroup struct {
	Name, N  string
	Sum      Sum
	Loud     bool
	Examples []LabExample
}

// LabExample is one payout with what it needs now and then.
type LabExample struct {
	Href              templ.SafeURL
	No, At, Was, Will string
	Sum               Sum
}
