package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/payout"
)

// Folded is a payout as its events alone tell it.
type Folded struct {
	State     payout.State
	Version   int
	Number    int64
	Digest    string
	Minor     int64
	Commit    map[string]string
	Makers    []string
	Reference string
	Review    bool
	Confirmed bool
	Returned  int64
	Session   string
	// What else the row repeats of its events.
	Key, Why                                                      string
	Acks                                                          []string
	RuleSet                                                       int
	Asked, CredentialNo, ChangesAsked                             bool
	CreatedAt, ChangedAt, SubmittedAt, ApprovedAt, SentAt, SendAt time.Time
	HeldUntil                                                     time.Time
	Payee, Due                                                    string
	PayeeVer                                                      int
	// Signed counts decisions on the present version: person → answers in order.
	Signed map[string][]string
}

type eventPayload struct {
	Number    int64             `json:"number"`
	From      string            `json:"from"`
	To        string            `json:"to"`
	Digest    string            `json:"digest"`
	Minor     *int64            `json:"amount_minor"`
	Commit    map[string]string `json:"commit"`
	Reference string            `json:"reference"`
	Review    *bool             `json:"review"`
	Confirmed *bool             `json:"confirmed"`
	Returned  *int64            `json:"returned_minor"`
	Session   string            `json:"session"`
	Key       string            `json:"key"`
	Why       string            `json:"why"`
	Acks      []string          `json:"acks"`
	RuleSet   int               `json:"rule_set"`
	SendAt    int64             `json:"send_at"`
	HeldUntil int64             `json:"held_until"`
	Payee     string            `json:"payee"`
	PayeeVer  int               `json:"payee_version"`
	Due       string            `json:"due_date"`
}

// Fold applies one event of a payout. It fails when the event could not have happened after the ones before it.
func (f *Folded) Fold(e audit.Event) error {
	var d eventPayload
	if err := json.Unmarshal(e.Payload, &d); err != nil {
		return fmt.Errorf("event %d: %w", e.Seq, err)
	}
	switch e.Action {
	case "look.account", "look.bytes":
		return nil
	}
	if payout.State(d.From) != f.State {
		return fmt.Errorf("event %d says the payout was %q, it was %q", e.Seq, d.From, f.State)
	}
	if d.From != d.To && !payout.CanMove(payout.State(d.From), payout.State(d.To)) {
		return fmt.Errorf("event %d moves from %q to %q", e.Seq, d.From, d.To)
	}
	f.State, f.Digest = payout.State(d.To), d.Digest
	if f.Number == 0 {
		f.Number = d.Number
	}
	if d.Commit != nil {
		f.Commit = d.Commit
	}
	if d.Minor != nil {
		f.Minor = *d.Minor
	}
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActChangesAsked, payout.ActPayeeChanged:
		f.Payee, f.PayeeVer, f.Due = d.Payee, d.PayeeVer, d.Due
	}
	switch e.Action {
	case payout.ActCreated, payout.ActEdited, payout.ActSubmitted:
		if !slices.Contains(f.Makers, e.Person) {
			f.Makers = append(f.Makers, e.Person)
		}
	}
	if e.Version != f.Version {
		f.Version, f.Signed = e.Version, nil
	}
	if f.Signed == nil {
		f.Signed = map[string][]string{}
	}
	switch e.Action {
	case payout.ActApproved:
		f.Signed[e.Person] = append(f.Signed[e.Person], "yes")
	case payout.ActTakenBack:
		f.Signed[e.Person] = append(f.Signed[e.Person], "back")
	case payout.ActRejected:
		f.Signed[e.Person] = append(f.Signed[e.Person], "no")
	}
	f.stage(e, d)
	if d.Reference != "" {
		f.Reference = d.Reference
	}
	if d.Review != nil {
		f.Review = *d.Review
	}
	if d.Confirmed != nil {
		f.Confirmed = *d.Confirmed
	}
	if d.Returned != nil {
		f.Returned = *d.Returned
	}
	if d.Session != "" {
		f.Session = d.Session
	}
	return nil
}

// stage follows the marks and times of the row.
func (f *Folded) stage(e audit.Event, d eventPayload) {
	moved := d.From != d.To || d.Review != nil
	fresh := func() {
		f.Acks, f.RuleSet, f.Why = nil, 0, ""
		f.SubmittedAt, f.ApprovedAt, f.SendAt, f.HeldUntil = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		moved = true
	}
	switch e.Action {
	case payout.ActCreated:
		f.CreatedAt, moved = e.At, true
	case payout.ActEdited, payout.ActChangesAsked:
		fresh()
		f.ChangesAsked = e.Action == payout.ActChangesAsked
	case payout.ActPayeeChanged:
		fresh()
		f.Why = d.Why
	case payout.ActSubmitted:
		f.Acks, f.RuleSet, f.SubmittedAt, f.ChangesAsked = d.Acks, d.RuleSet, e.At, false
	case payout.ActApproved, payout.ActSuffices:
		moved = true
		if payout.State(d.To) == payout.Approved {
			f.ApprovedAt, f.SendAt, f.Why = e.At, time.UnixMicro(d.SendAt).UTC(), ""
		}
	case payout.ActTakenBack, payout.ActCameBack:
		moved = true
		if payout.State(d.From) == payout.Approved {
			f.ApprovedAt, f.SendAt, f.HeldUntil = time.Time{}, time.Time{}, time.Time{}
		}
		if e.Action == payout.ActCameBack {
			f.Why = d.Why
		}
	case payout.ActRestored:
		f.Why = d.Why
		if payout.State(d.To) == payout.Unknown {
			f.Asked, f.HeldUntil = true, time.Time{}
			if f.SentAt.IsZero() {
				f.SentAt = e.At
			}
		}
	case payout.ActClaimed:
		f.SentAt, f.Why, f.HeldUntil = e.At, "", time.Time{}
	case payout.ActNotSent:
		f.Why = d.Why
		f.CredentialNo = f.CredentialNo || d.Why == "credentials"
	case payout.ActReplanned:
		f.SendAt, f.HeldUntil = time.UnixMicro(d.SendAt).UTC(), time.Time{}
	case payout.ActHeld:
		f.Why, f.HeldUntil = d.Why, time.Time{}
		if d.HeldUntil != 0 {
			f.HeldUntil = time.UnixMicro(d.HeldUntil).UTC()
		}
	}
	if d.Review != nil {
		f.Asked, f.Why = true, d.Why
	}
	if d.Key != "" {
		f.Key = d.Key
	}
	if moved {
		f.ChangedAt = e.At
	}
}

// Matches compares the fold with a stored payout and the decisions on its present version; the error names what differs.
func (f *Folded) Matches(s payout.Snapshot, ds []approval.Decision) error {
	switch {
	case f.State != s.State:
		return fmt.Errorf("state is %q, its events say %q", s.State, f.State)
	case f.Version != s.Version:
		return fmt.Errorf("version is %d, its events say %d", s.Version, f.Version)
	case f.Digest != string(s.Digest):
		return fmt.Errorf("digest is %q, its events say %q", s.Digest, f.Digest)
	case f.Number != int64(s.Number):
		return fmt.Errorf("number is %d, its events say %d", s.Number, f.Number)
	case f.Reference != s.Reference:
		return fmt.Errorf("reference is %q, its events say %q", s.Reference, f.Reference)
	case f.Minor != s.Content.Amount.Minor:
		return fmt.Errorf("amount is %d, its events say %d", s.Content.Amount.Minor, f.Minor)
	case f.Review != s.Review, f.Confirmed != s.Confirmed, f.Returned != s.ReturnedMinor, f.Session != s.Session:
		return fmt.Errorf("its marks are not those of its events (flagged %t, confirmed %t, returned %d, session %q)", s.Review, s.Confirmed, s.ReturnedMinor, s.Session)
	case f.Key != s.Key, f.Asked != s.Asked, f.CredentialNo != s.CredentialNo, f.Why != s.Why, f.ChangesAsked != s.ChangesAsked, f.RuleSet != s.RuleSet:
		return fmt.Errorf("its marks are not those of its events (asked %t, refused for credentials %t, why %q, changes asked %t, rules %d)",
			s.Asked, s.CredentialNo, s.Why, s.ChangesAsked, s.RuleSet)
	case !f.CreatedAt.Equal(s.CreatedAt), !f.ChangedAt.Equal(s.ChangedAt), !f.SubmittedAt.Equal(s.SubmittedAt), !f.ApprovedAt.Equal(s.ApprovedAt),
		!f.SentAt.Equal(s.SentAt), !f.SendAt.Equal(s.SendAt), !f.HeldUntil.Equal(s.HeldUntil):
		return fmt.Errorf("its times are not those of its events")
	case f.Payee != s.Content.PayeeID, f.PayeeVer != s.Content.PayeeVer, f.Due != s.Content.DueDate:
		return fmt.Errorf("its payee or due day is not that of its events")
	case !slices.Equal(f.Acks, s.Acks):
		return fmt.Errorf("the ticked warnings are not those of its events")
	case !slices.Equal(f.Makers, s.Makers):
		return fmt.Errorf("makers are not those of its events")
	}
	erased := s.Content.Erased()
	for name, c := range s.Content.Commitments(s.Salt) {
		if f.Commit[name] != c && !erased {
			return fmt.Errorf("%s is not what its event commits to", name)
		}
	}
	got := map[string][]string{}
	slices.SortFunc(ds, func(a, b approval.Decision) int { return a.Seq - b.Seq })
	for _, d := range ds {
		got[d.Person] = append(got[d.Person], string(d.Answer))
	}
	if len(got) != len(f.Signed) {
		return fmt.Errorf("%d persons decided, its events say %d", len(got), len(f.Signed))
	}
	for p, a := range f.Signed {
		if !slices.Equal(a, got[p]) {
			return fmt.Errorf("the decisions of %s are not those of its events", p)
		}
	}
	return nil
}

// MatchEvents folds a payout from its events and compares.
func MatchEvents(s payout.Snapshot, ds []approval.Decision, events []audit.Event) error {
	f := &Folded{}
	for _, e := range events {
		if err := f.Fold(e); err != nil {
			return err
		}
	}
	return f.Matches(s, ds)
}
