package protocol

import "fmt"

// Answer is what came back from our one writing call.
type Answer struct {
	// GotConn: a connection was had (httptrace GotConn fired). Without one nothing can have left.
	GotConn bool
	// Err is a stable code when no complete answer came: "timeout", "cut", "too_large", "lost" (we died before noting it), "" otherwise.
	Err string
	// HTTP is the status code, 0 without an answer.
	HTTP int
	// JSON: the body is one well-formed object without doubled keys.
	JSON bool
	// Status is "ok" or "error" as the body says.
	Status string
	// Code is error.code.
	Code string
	// Session is there when the body holds a session object at all.
	Session *SessionView
}

// AnswerKind is the class of an answer.
type AnswerKind string

// The classes. NotSent and CredentialNo prove that nothing was taken; Refused that it was refused; Unsure proves nothing.
const (
	Taken        AnswerKind = "taken"
	Refused      AnswerKind = "refused"
	NotSent      AnswerKind = "not_sent"
	CredentialNo AnswerKind = "credential_no"
	Unsure       AnswerKind = "unsure"
)

// refusedCodes are the codes that, in a 4xx JSON error without a session, mean that the request was refused and nothing exists.
var refusedCodes = map[string]bool{
	"invalid_request": true, "account_not_found": true, "amount_less_allowed_provider": true,
	"provider_exceeds_amount_limit": true, "operation_rejected": true, "insufficient_wallet_balance": true,
}

// credentialCodes are the codes that mean that the bank did not accept who we are: nothing was taken.
var credentialCodes = map[string]bool{"authentication_error": true, "authorization_error": true, "identification_error": true}

// CredentialCode reports whether the code is one of the three credential refusals.
func CredentialCode(code string) bool { return credentialCodes[code] }

// Classify is the one table of answers. credentialBefore says that this payout had a credential refusal already: the second
// one is an ordinary refusal. why is a stable code for pages: the bank's own code, or ours.
func Classify(a Answer, e Expect, credentialBefore bool) (kind AnswerKind, why string) {
	switch {
	case !a.GotConn:
		return NotSent, "bank_down"
	case a.Err != "":
		return Unsure, a.Err
	case a.HTTP == 200 && a.JSON && a.Status == "ok" && a.Session != nil && a.Session.ID != "":
		if a.Session.Reference() != e.Reference {
			return Unsure, "other_reference"
		}
		if len(a.Session.Payouts) != 1 {
			return Unsure, "two_payouts"
		}
		if ok, what := e.Matches(a.Session.Payouts[0]); !ok {
			return Unsure, "other_" + what
		}
		return Taken, ""
	case a.HTTP >= 400 && a.HTTP < 500 && a.JSON && a.Status == "error" && a.Session == nil && refusedCodes[a.Code]:
		return Refused, a.Code
	case a.HTTP >= 400 && a.HTTP < 500 && a.JSON && a.Status == "error" && a.Session == nil && credentialCodes[a.Code]:
		if credentialBefore {
			return Refused, a.Code
		}
		return CredentialNo, a.Code
	case a.JSON && a.Code != "" && a.HTTP >= 400:
		return Unsure, a.Code
	case a.HTTP == 200:
		return Unsure, "other_content"
	default:
		return Unsure, fmt.Sprintf("http_%d", a.HTTP)
	}
}

// Proper reports whether an answer shows a bank that answers properly, so that sending may go on.
func (k AnswerKind) Proper() bool { return k == Taken || k == Refused }
