package bank131

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"countersign/internal/protocol"
)

// EncodeStep makes the exact body of one call of the stepwise flow: of create our reference alone, of start the whole order and its session, of confirm and
// cancel the session alone. It reads its own bytes back and fails unless they say just that.
func EncodeStep(call protocol.StepCall, session string, e protocol.Expect) ([]byte, error) {
	var body []byte
	var err error
	switch {
	case call != protocol.CallCreate && (session == "" || len(session) > maxID || !printable(session)), !utf8.ValidString(e.Reference) || e.Reference == "":
		return nil, fmt.Errorf("encode %s: no session or reference", call)
	case call == protocol.CallCreate:
		body, err = json.Marshal(struct {
			Metadata string `json:"metadata"`
		}{e.Reference})
	case call == protocol.CallStart:
		body, err = encodePayout(session, e)
	case call == protocol.CallConfirm, call == protocol.CallCancel:
		body, err = json.Marshal(struct {
			Session string `json:"session_id"`
		}{session})
	default:
		return nil, fmt.Errorf("encode %q: no such call", call)
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", call, err)
	}
	return body, CheckStep(call, session, e, body)
}

// CheckStep compares a body with what was approved and the session it must name; nil when it says exactly that.
func CheckStep(call protocol.StepCall, session string, e protocol.Expect, body []byte) error {
	if call == protocol.CallStart {
		to, back, err := decodePayout(body, true)
		switch {
		case err != nil:
			return err
		case back != e || to != session:
			return errors.New("start: it does not say what was approved")
		}
		return nil
	}
	n, doubled, err := parse(body)
	if err != nil || doubled {
		return fmt.Errorf("%s: not one object (%v)", call, err)
	}
	s := strict{}
	key, want := "session_id", session
	if call == protocol.CallCreate {
		key, want = "metadata", e.Reference
	}
	if got := s.text(s.object(n, "", key)[key], key); s.err != nil || got != want {
		return fmt.Errorf("%s: it names something else", call)
	}
	return nil
}

// ParseEcho reads what a kept status says that the bank took: its only payout, and the fee it names. The zero Echo when it cannot be read.
func ParseEcho(body []byte) (e protocol.Echo) {
	a := ParseAnswer(body)
	if a.Session == nil || a.Err != "" || len(a.Session.Payouts) != 1 {
		return protocol.Echo{}
	}
	v := a.Session.Payouts[0]
	e = protocol.Echo{Session: a.Session.ID, Payout: v.ID, AmountMinor: v.AmountMinor, Currency: v.Currency, BIK: v.BIK, Account: v.Account, FullName: v.FullName, Description: v.Description}
	n, _, err := parse(body)
	if err != nil {
		return e
	}
	s, _ := n.get("session")
	for _, key := range []string{"payments", "payout_list"} {
		list, _ := s.get(key)
		for _, p := range list.vals {
			amounts, _ := p.get("amounts")
			fee, _ := amounts.get("fee")
			merchant, there := fee.get("merchant_fee")
			d, nested := merchant.get("amount_details")
			if nested {
				merchant = d
			}
			v, _ := merchant.get("amount")
			if minor, whole := v.whole(); there && whole && minor >= 0 {
				e.FeeMinor, e.HasFee = minor, true
			}
		}
	}
	return e
}
