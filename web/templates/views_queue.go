package templates

import "github.com/a-h/templ"

// StandingView says which rule asks for what, what is missing, and what the payout waits for. Whatever is set is shown.
type StandingView struct {
	// Alerts are what keeps it from being approved or sent as things are: blocked, came back. Loud.
	Alerts []string
	// Notes are what is so without anybody having to act: waits, one more approver because of a limit.
	Notes []string
	// Mine says what keeps the reader from approving.
	Mine     string
	Sets     []RuleSetView
	Seats    []string
	Forecast []Fact
	ForDay   string // «Считается на 12 мар»
	Open     bool   // unfolded from the beginning: more than one rule matches, or the reader is kept out
}

// RuleSetView are the rules of one numbered set that matched.
type RuleSetView struct {
	Title string
	Rules []MatchedRule
}

// MatchedRule is one rule that matched.
type MatchedRule struct {
	Text   string // condition and what it asks for
	Counts bool
	Note   string // why it does not count
}

// QueueView leads through the queue without the list.
type QueueView struct {
	Place      string // «3 из 12», "" when the open payout is not in it
	Prev, Next *Link
	// Before is what was decided last, as it is by now.
	Before *Link
}

// BatchRow is one payout of a list.
type BatchRow struct {
	Href   templ.SafeURL
	Number string
	Payee  string
	Last4  string
	Sum    Sum
	Hints  []string // why it is among the odd ones
	Did    string   // result, "" before the decision
	Tone   string   // "paid", "doubt" or ""
}

// BatchView is a list that somebody is about to decide.
type BatchView struct {
	Facts     []Fact
	Words     string
	Rule      []string
	Refused   *FieldError // the list as a whole cannot be approved
	OddTitle  string
	Odd       []BatchRow
	Rest      []BatchRow
	RestTitle string
	AloneHead string
	Alone     []BatchRow
	Action    templ.SafeURL
	Hidden    []Hidden
	Button    string // "" when nothing can be approved
	Amount    string
	Note      string
	Last      string
	Sign      *SignView
	Digest    string // first signs of the list's code
}

// BatchDoneView is a decision over a list, with what came of each item.
type BatchDoneView struct {
	Line  string
	Facts []Fact
	Rows  []BatchRow
	Next  *Link
}
