package bankdetails

import (
	"strings"

	"countersign/internal/fault"
)

// Details say who is paid, where, and what for, in the words of the bank's request (bank131-api §2). Raw ones
// are as typed; clean ones, from Check, are as they go to the bank.
type Details struct {
	FullName    string // 1 to 160 characters
	BIK         string // 9 digits
	Account     string // 20 digits
	INN         string // 10 or 12 digits; empty if the account's kind needs none
	KPP         string // 9 characters; empty if the account's kind needs none
	Description string // the purpose of the payment, 1 to 210 characters
}

// Check cleans what was typed and finds what cannot be paid: at most one fault a field, in the form's order,
// each Invalid with a code of this package. clean is filled in either case, for warnings and help; only with
// no fault may it be used to pay. Check of clean details changes nothing.
func Check(raw Details) (clean Details, faults fault.List) {
	add := func(f *fault.Error) {
		if f != nil {
			faults = append(faults, f)
		}
	}
	var f *fault.Error
	clean.FullName, f = CheckName(raw.FullName)
	add(f)
	clean.BIK = CleanDigits(raw.BIK)
	add(CheckBIK(clean.BIK))
	clean.Account = CleanDigits(raw.Account)
	add(CheckAccount(clean.Account))
	clean.INN = CleanDigits(raw.INN)
	if f = CheckINN(clean.INN); clean.INN == "" && NeedINN(clean.Account) {
		f = fault.Bad(FieldINN, CodeINNEmpty, AccountKind(clean.Account))
	}
	add(f)
	clean.KPP = upperLatin(CleanDigits(raw.KPP))
	if f = CheckKPP(clean.KPP); clean.KPP == "" && NeedKPP(clean.Account) {
		f = fault.Bad(FieldKPP, CodeKPPEmpty, AccountKind(clean.Account))
	}
	add(f)
	clean.Description, f = CheckPurpose(raw.Description)
	add(f)
	return clean, faults
}

func upperLatin(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// Warning is something that may be right but must be looked at: the maker ticks it (form field "ack"), the
// approvers see it, and the ticked ones are part of what an approval signs. A stable code.
type Warning string

// The warnings, in the order in which they are shown and signed.
const (
	WarnAccountKey  Warning = "account_key"  // the account's control key does not fit the BIK
	WarnMixedScript Warning = "mixed_script" // a word of the name mixes alphabets
	WarnNoVAT       Warning = "no_vat"       // the purpose for a firm says nothing about VAT
	WarnDuplicate   Warning = "duplicate"    // a like payout is pending, approved or lately paid: the store looks it up
	WarnBIKUnknown  Warning = "bik_unknown"  // a directory of banks is loaded, and the BIK is not in it or is closed: the store looks it up
)

// AllWarnings lists them all in their order.
func AllWarnings() []Warning {
	return []Warning{WarnAccountKey, WarnMixedScript, WarnNoVAT, WarnDuplicate, WarnBIKUnknown}
}

// Warnings returns what the details themselves warn of, in the order of AllWarnings: never WarnDuplicate,
// which needs the other payouts. Fields that Check refused give none: there is nothing to tick yet.
func Warnings(clean Details) []Warning {
	var out []Warning
	if CheckBIK(clean.BIK) == nil && CheckAccount(clean.Account) == nil && !AccountKeyOK(clean.BIK, clean.Account) {
		out = append(out, WarnAccountKey)
	}
	if MixedScript(clean.FullName) {
		out = append(out, WarnMixedScript)
	}
	if NeedINN(clean.Account) && clean.Description != "" && !HasVAT(clean.Description) { // 40702 and 40802 only
		out = append(out, WarnNoVAT)
	}
	return out
}
