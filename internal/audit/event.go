package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// timeLayout is RFC 3339 in UTC with exactly six decimals: one instant, one spelling.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Event is one thing that happened. Its bytes ([Event.Leaf]) are a leaf of the Merkle tree.
type Event struct {
	Seq     int64           // 1, 2, 3 … without a gap
	At      time.Time       // cut to microseconds, UTC; says nothing about order
	Person  string          // id of the human being, "" for the desk itself
	SignIn  string          // the e-mail they were signed in with, "" for the desk itself
	Action  string          // what happened, as "payout.approved"; never empty
	Kind    string          // kind of the subject
	Subject string          // id of the subject
	Version int             // version of the subject, 0 if it has none
	Spec    int             // number of the rules by which the payload is to be read
	Payload json.RawMessage // as Canonical makes it; nothing means null; never a personal value, only its commitment
}

// Leaf returns the event's canonical JSON, the bytes that are hashed into the tree. Events that
// differ in anything but the part of At below a microsecond have different leaves.
//
// It fails (ErrNotCanonical) when Seq is below 1, Action is empty, Version or Spec is negative,
// At is outside the years 1 to 9999, text is not UTF-8 or Payload is not as [Canonical] spells it.
func (e Event) Leaf() ([]byte, error) {
	return e.appendLeaf(make([]byte, 0, 256+len(e.Payload)))
}

func (e Event) appendLeaf(dst []byte) ([]byte, error) {
	at := e.At.UTC()
	switch {
	case e.Seq < 1:
		return nil, notCanonical("sequence %d", e.Seq)
	case e.Version < 0 || e.Spec < 0:
		return nil, notCanonical("version %d, spec %d", e.Version, e.Spec)
	case e.Action == "":
		return nil, notCanonical("no action")
	case at.Year() < 1 || at.Year() > 9999:
		return nil, notCanonical("year %d", at.Year())
	}
	for _, s := range [...]string{e.Person, e.SignIn, e.Action, e.Kind, e.Subject} {
		if !utf8.ValidString(s) {
			return nil, notCanonical("text that is not UTF-8")
		}
	}
	dst = strconv.AppendInt(append(dst, `{"seq":`...), e.Seq, 10)
	dst = at.AppendFormat(append(dst, `,"at":"`...), timeLayout)
	dst = appendString(append(dst, `","person":`...), e.Person)
	dst = appendString(append(dst, `,"sign_in":`...), e.SignIn)
	dst = appendString(append(dst, `,"action":`...), e.Action)
	dst = appendString(append(dst, `,"kind":`...), e.Kind)
	dst = appendString(append(dst, `,"subject":`...), e.Subject)
	dst = strconv.AppendInt(append(dst, `,"version":`...), int64(e.Version), 10)
	dst = strconv.AppendInt(append(dst, `,"spec":`...), int64(e.Spec), 10)
	dst = append(dst, `,"payload":`...)
	if len(e.Payload) == 0 {
		dst = append(dst, "null"...)
	} else {
		if err := checkCanonical(e.Payload); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
		dst = append(dst, e.Payload...)
	}
	return append(dst, '}'), nil
}

// ParseLeaf reads what [Event.Leaf] wrote; a payload of null comes back as nil. It fails
// (ErrNotCanonical) on any other bytes, however alike: parsing and writing again gives the same leaf.
func ParseLeaf(leaf []byte) (Event, error) {
	var w struct {
		Seq     int64           `json:"seq"`
		At      string          `json:"at"`
		Person  string          `json:"person"`
		SignIn  string          `json:"sign_in"`
		Action  string          `json:"action"`
		Kind    string          `json:"kind"`
		Subject string          `json:"subject"`
		Version int             `json:"version"`
		Spec    int             `json:"spec"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(leaf, &w); err != nil {
		return Event{}, notCanonical("leaf: %v", err)
	}
	at, err := time.Parse(timeLayout, w.At)
	if err != nil {
		return Event{}, notCanonical("leaf: %v", err)
	}
	e := Event{
		Seq: w.Seq, At: at, Person: w.Person, SignIn: w.SignIn, Action: w.Action, Kind: w.Kind,
		Subject: w.Subject, Version: w.Version, Spec: w.Spec, Payload: w.Payload,
	}
	if string(e.Payload) == "null" {
		e.Payload = nil
	}
	again, err := e.Leaf()
	if err != nil {
		return Event{}, fmt.Errorf("leaf: %w", err)
	}
	if !bytes.Equal(again, leaf) {
		return Event{}, notCanonical("leaf is spelt in another way")
	}
	return e, nil
}
