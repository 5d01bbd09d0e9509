package protocol

import (
	"strings"
	"time"
)

// Expect is what was approved and sent: evidence is compared with it.
type Expect struct {
	Reference             string
	AmountMinor           int64 // kopecks
	Currency              string
	BIK, Account          string
	FullName, Description string
	INN, KPP              string // sent, never compared with what comes back
}

// Raw is what came over the wire, kept as evidence beside its reading.
type Raw struct {
	HTTP        int
	Body        []byte // at most 1 MiB
	Description string // error.description, for people
}

// SessionView is the bank's session object as parsed (v1 or v2 names, never both).
type SessionView struct {
	ID, Status, NextAction string
	UpdatedAt              time.Time // zero when absent or unreadable
	Payouts                []PayoutView
	ErrorCode              string
}

// PayoutView is one payout inside a session. Reference is the metadata when it is a JSON string, "" otherwise.
type PayoutView struct {
	ID, Status            string
	AmountMinor           int64
	Currency              string
	Reference             string
	BIK, Account          string // as sent back, may be absent or masked
	FullName, Description string
	ErrorCode             string
	Refunds               []Refund
}

// Refund is money that came back.
type Refund struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	AmountMinor int64  `json:"amount_minor"`
	Currency    string `json:"currency"`
}

// Reference returns our mark as the session carries it: that of its only payout; "" when there is none or several differ.
func (s SessionView) Reference() string {
	ref := ""
	for i, p := range s.Payouts {
		if i > 0 && p.Reference != ref {
			return ""
		}
		ref = p.Reference
	}
	return ref
}

// Matches reports whether a payout in a session is the approved one: amount and currency equal (currency case-blind), BIK and account
// not contradicting (only when present and unmasked). The code names what differs.
func (e Expect) Matches(p PayoutView) (ok bool, code string) {
	switch {
	case p.AmountMinor != e.AmountMinor:
		return false, "amount"
	case !strings.EqualFold(p.Currency, e.Currency):
		return false, "currency"
	case plainDigits(p.Account, 20) && p.Account != e.Account:
		return false, "account"
	case plainDigits(p.BIK, 9) && p.BIK != e.BIK:
		return false, "bik"
	}
	return true, ""
}

// warns says that a name or a purpose came back other than sent ("name_differs", "purpose_differs"; "" if not): it is shown and moves
// nothing, since banks shorten and respell both.
func (e Expect) warns(v SessionView) string {
	for _, p := range v.Payouts {
		switch {
		case p.FullName != "" && p.FullName != e.FullName:
			return "name_differs"
		case p.Description != "" && p.Description != e.Description:
			return "purpose_differs"
		}
	}
	return ""
}

func plainDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Balance is the answer to a call for the balance of our account. Proper: the bank answered as documented, which shows one in working
// order. Known: there is a rouble account in it; Minor is what is there, in kopecks.
type Balance struct {
	Proper, Known bool
	Minor         int64
}

// Reading is what one session object says of the payout.
type Reading string

// The readings of design.md's table.
const (
	Open         Reading = "open"
	Paid         Reading = "paid"      // nothing or a part came back; the refunds say which
	NotPaid      Reading = "not_paid"  // final
	Doubtful     Reading = "doubtful"  // session error: the outcome is not known
	DoubtfulFlag Reading = "doubtful!" // contradicts itself or us: a person must look
)

// Final reports a reading after which nothing more is expected.
func (r Reading) Final() bool { return r == Paid || r == NotPaid }

// Doubts reports either kind of doubt.
func (r Reading) Doubts() bool { return r == Doubtful || r == DoubtfulFlag }

// Read is the table "One session object reads as" of design.md, for the single flow or the stepwise one.
func Read(s SessionView, stepwise bool) (Reading, string) {
	if len(s.Payouts) > 1 {
		return DoubtfulFlag, "two_payouts" // first: it is the louder one
	}
	if s.Status == "error" {
		return Doubtful, first(s.payoutError(), s.ErrorCode, "session_error")
	}
	p := ""
	if len(s.Payouts) == 1 {
		p = s.Payouts[0].Status
		if p == "" {
			return DoubtfulFlag, "odd_status"
		}
	}
	switch s.Status + "/" + p {
	case "accepted/succeeded":
		return Paid, ""
	case "accepted/failed", "cancelled/failed":
		return NotPaid, first(s.payoutError(), s.ErrorCode, "refused")
	case "cancelled/":
		if stepwise {
			return NotPaid, first(s.ErrorCode, "cancelled")
		}
	case "created/", "created/in_progress", "created/pending", "created/succeeded", "created/failed",
		"in_progress/", "in_progress/in_progress", "in_progress/pending", "in_progress/succeeded", "in_progress/failed":
		return Open, ""
	}
	return DoubtfulFlag, "odd_status"
}

func (s SessionView) payoutError() string {
	if len(s.Payouts) == 1 {
		return s.Payouts[0].ErrorCode
	}
	return ""
}

func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

// Source says where evidence came from.
type Source string

// The sources.
const (
	FromAnswer  Source = "answer"
	FromWebhook Source = "webhook"
	FromFetch   Source = "fetch"
	// FromRestore is no word of the bank's: the database is a copy, and what was asked after it was made is not known.
	FromRestore Source = "restore"
	// FromVerdict is a ruling of people: not what the bank said, but what four eyes agreed to take as said.
	FromVerdict Source = "verdict"
)

// RuledNotPaid is the Why of a payout that people ruled not paid.
const RuledNotPaid = "ruled_not_paid"

// Evidence is one thing that the bank said about one payout, reduced to what the fold needs; it holds no personal data.
// It is stored as it is and never changes.
type Evidence struct {
	Source  Source    `json:"source"`
	At      time.Time `json:"at"` // when we had it
	Session string    `json:"session"`
	// Ours: it carries our reference. Matches: its content is ours.
	Ours    bool `json:"ours"`
	Matches bool `json:"matches"`
	// Disowns: a fetch that showed that the session is not ours.
	Disowns   bool       `json:"disowns"`
	Reading   Reading    `json:"reading"`
	Why       string     `json:"why"`
	UpdatedAt time.Time  `json:"updated_at"` // the bank's clock
	Refunds   []Refund   `json:"refunds"`    // accepted ones
	Answer    AnswerKind `json:"answer"`     // of answers only
	Attempt   int        `json:"attempt"`    // of answers only, 1 and up
	// Of fetched statuses of our own sessions in the stepwise flow: where it stands; how many steps had ended when it was asked; and that the
	// session is cancelled for good after our cancel, or without a payout in it.
	Stage  Stage `json:"stage,omitempty"`
	AsOf   int   `json:"as_of,omitempty"`
	Fenced bool  `json:"fenced,omitempty"`
}
