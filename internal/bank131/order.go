package bank131

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"countersign/internal/money"
	"countersign/internal/protocol"
)

// The body of session/init/payout and session/start/payout in v1 names, in the order of the bank's documented example.
type initPayout struct {
	SessionID     string `json:"session_id,omitempty"` // of start only
	PaymentMethod struct {
		Type        string `json:"type"`
		BankAccount struct {
			SystemType string    `json:"system_type"`
			RU         ruAccount `json:"ru"`
		} `json:"bank_account"`
	} `json:"payment_method"`
	AmountDetails struct {
		Amount   int64  `json:"amount"` // kopecks
		Currency string `json:"currency"`
	} `json:"amount_details"`
	ParticipantDetails struct {
		Recipient struct {
			FullName string `json:"full_name"`
		} `json:"recipient"`
	} `json:"participant_details"`
	Metadata string `json:"metadata"` // our reference
}

type ruAccount struct {
	BIK         string `json:"bik"`
	Account     string `json:"account"`
	FullName    string `json:"full_name"`
	INN         string `json:"inn,omitempty"`
	KPP         string `json:"kpp,omitempty"`
	Description string `json:"description"`
}

// EncodePayout makes the exact body of one init request: the bank's documented example with our reference as metadata and the
// recipient's name, which the bank's own SDK insists on. It reads its own bytes back and fails unless they say what e says. It also
// fails when something that must be there is empty, or the currency is not RUB.
func EncodePayout(e protocol.Expect) ([]byte, error) { return encodePayout("", e) }

func encodePayout(session string, e protocol.Expect) ([]byte, error) {
	switch {
	case e.Reference == "" || e.BIK == "" || e.Account == "" || e.FullName == "" || e.Description == "":
		return nil, errors.New("encode payout: something that must be there is empty")
	case e.AmountMinor <= 0:
		return nil, fmt.Errorf("encode payout: %d kopecks", e.AmountMinor)
	case !strings.EqualFold(e.Currency, string(money.RUB)):
		return nil, fmt.Errorf("encode payout: currency %q", e.Currency)
	}
	for _, s := range []string{e.Reference, e.BIK, e.Account, e.FullName, e.Description, e.INN, e.KPP} {
		if !utf8.ValidString(s) {
			return nil, errors.New("encode payout: invalid UTF-8")
		}
	}
	var w initPayout
	w.SessionID = session
	w.PaymentMethod.Type = "bank_account"
	w.PaymentMethod.BankAccount.SystemType = "ru"
	w.PaymentMethod.BankAccount.RU = ruAccount{BIK: e.BIK, Account: e.Account, FullName: e.FullName, INN: e.INN, KPP: e.KPP, Description: e.Description}
	w.AmountDetails.Amount, w.AmountDetails.Currency = e.AmountMinor, strings.ToLower(e.Currency)
	w.ParticipantDetails.Recipient.FullName = e.FullName
	w.Metadata = e.Reference
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(w); err != nil {
		return nil, fmt.Errorf("encode payout: %w", err)
	}
	body := bytes.TrimRight(b.Bytes(), "\n")
	e.Currency = w.AmountDetails.Currency
	if to, back, err := decodePayout(body, session != ""); err != nil {
		return nil, fmt.Errorf("encode payout: reading it back: %w", err)
	} else if back != e || to != session {
		return nil, errors.New("encode payout: it does not say what was approved")
	}
	return body, nil
}

// DecodePayout reads a body of EncodePayout back, so that the claim can compare it with the approved content field by field
// (the currency is "rub", as sent). It fails on anything that EncodePayout would not write: other, missing or doubled fields, another
// kind of payout, two names that differ.
func DecodePayout(body []byte) (protocol.Expect, error) {
	_, e, err := decodePayout(body, false)
	return e, err
}

func decodePayout(body []byte, start bool) (session string, e protocol.Expect, err error) {
	n, doubled, err := parse(body)
	if err != nil {
		return "", protocol.Expect{}, fmt.Errorf("decode payout: %w", err)
	}
	if doubled {
		return "", protocol.Expect{}, errors.New("decode payout: a key twice")
	}
	s := strict{}
	keys := []string{"payment_method", "amount_details", "participant_details", "metadata"}
	if start {
		keys = append(keys, "session_id")
	}
	top := s.object(n, "", keys...)
	if start {
		session = s.text(top["session_id"], "session_id")
	}
	method := s.object(top["payment_method"], "payment_method", "type", "bank_account")
	account := s.object(method["bank_account"], "bank_account", "system_type", "ru")
	ru := s.object(account["ru"], "ru", "bik", "account", "full_name", "description", "inn?", "kpp?")
	sum := s.object(top["amount_details"], "amount_details", "amount", "currency")
	part := s.object(top["participant_details"], "participant_details", "recipient")
	recipient := s.object(part["recipient"], "recipient", "full_name")
	e = protocol.Expect{
		Reference: s.text(top["metadata"], "metadata"),
		Currency:  s.text(sum["currency"], "currency"),
		BIK:       s.text(ru["bik"], "bik"), Account: s.text(ru["account"], "account"),
		FullName: s.text(ru["full_name"], "full_name"), Description: s.text(ru["description"], "description"),
	}
	for key, to := range map[string]*string{"inn": &e.INN, "kpp": &e.KPP} {
		if v, there := ru[key]; there {
			*to = s.text(v, key)
		}
	}
	var ok bool
	if e.AmountMinor, ok = sum["amount"].whole(); !ok || e.AmountMinor <= 0 {
		s.fail("amount")
	}
	if s.text(method["type"], "type") != "bank_account" || s.text(account["system_type"], "system_type") != "ru" {
		s.fail("type")
	}
	if s.text(recipient["full_name"], "recipient") != e.FullName {
		s.fail("recipient")
	}
	if e.Currency != "rub" {
		s.fail("currency")
	}
	if s.err != nil {
		return "", protocol.Expect{}, s.err
	}
	return session, e, nil
}

// strict reads objects that hold exactly the given keys ("?" marks one that may be absent) and keeps the first failure.
type strict struct{ err error }

func (s *strict) fail(what string) {
	if s.err == nil {
		s.err = fmt.Errorf("decode payout: odd %s", what) // names of fields only: values are personal
	}
}

func (s *strict) object(n node, name string, keys ...string) map[string]node {
	m := map[string]node{}
	if n.kind != object {
		s.fail("object " + name)
		return m
	}
	left := len(n.keys)
	for _, k := range keys {
		k, optional := strings.CutSuffix(k, "?")
		v, there := n.get(k)
		switch {
		case there:
			m[k] = v
			left--
		case !optional:
			s.fail(k)
		}
	}
	if left != 0 {
		s.fail("field in " + name)
	}
	return m
}

func (s *strict) text(n node, name string) string {
	if n.kind != text || n.text == "" {
		s.fail(name)
		return ""
	}
	return n.text
}
