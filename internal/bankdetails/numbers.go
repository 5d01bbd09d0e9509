package bankdetails

import (
	"strings"
	"unicode"

	"countersign/internal/fault"
)

// Lengths in digits (bank131-api §12), and what stands in digits 6-8 of a rouble account.
const (
	BIKDigits     = 9
	AccountDigits = 20
	KPPChars      = 9
	CurrencyRUB   = "810" // 643, the currency's ISO number, is not used in accounts
)

// CleanDigits takes all white space out of a number as it was typed or pasted. Nothing else is taken out: any
// other character in a number is the reader's to see and to remove.
func CleanDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// CheckBIK wants 9 digits 0-9. It does not demand 04 in front: Treasury bodies have 01 and other pairs exist
// (bank131-api §12). It fails with bik.empty, bik.digits or bik.length; nil means right.
func CheckBIK(bik string) *fault.Error {
	return digits(FieldBIK, bik, BIKDigits)
}

// CheckAccount wants 20 digits 0-9, a prefix that the bank pays to and the rouble in digits 6-8
// (bank131-api §2 "Allowed account prefixes (collateral account)"). The control key is no part of it: see
// AccountKeyOK. It fails with account.empty, .digits, .length, .prefix or .currency; nil means right.
func CheckAccount(account string) *fault.Error {
	if f := digits(FieldAccount, account, AccountDigits); f != nil {
		return f
	}
	if AccountKind(account) == KindUnknown { // first: a Treasury account has no currency where ours has it
		return fault.Bad(FieldAccount, CodeAccountPrefix, account[:5])
	}
	if account[5:8] != CurrencyRUB {
		return fault.Bad(FieldAccount, CodeAccountCurrency, account[5:8])
	}
	return nil
}

// AccountKeyOK reports whether the control key (digit 9) of a client's account fits the BIK: weights 7,1,3
// over the last three digits of the BIK and the 20 of the account, the last digits of the products add up to
// a multiple of ten (Bank of Russia, procedure 515 of 08.09.1997; bank131-api §12). False for anything that is
// not 9 and 20 digits. Only ever a warning: the bank's documented example 044525971/40817810100000270411 fails.
//
// The other rule of the procedure, for accounts kept at the Bank of Russia itself, is left out on purpose: no
// prefix that the bank pays to can be such an account.
func AccountKeyOK(bik, account string) bool {
	r, ok := keyResidue(bik, account)
	return ok && r == 0
}

// WithAccountKey returns the account with digit 9 replaced by the key that fits the BIK; unchanged if they are
// not 9 and 20 digits. For sample data only: a page that "mends" an account would pay a stranger.
func WithAccountKey(bik, account string) string {
	if len(account) != AccountDigits {
		return account
	}
	blank := account[:8] + "0" + account[9:]
	r, ok := keyResidue(bik, blank)
	if !ok {
		return account
	}
	return blank[:8] + string(rune('0'+r*3%10)) + blank[9:]
}

// keyResidue is the last digit of the weighted sum by the client rule.
func keyResidue(bik, account string) (residue int, ok bool) {
	if len(bik) != BIKDigits || len(account) != AccountDigits || !onlyDigits(bik) || !onlyDigits(account) {
		return 0, false
	}
	weights := [3]int{7, 1, 3}
	for i, d := range bik[6:] + account {
		residue += int(d-'0') * weights[i%3] % 10
	}
	return residue % 10, true
}

// Check digits of INN (bank131-api §12): sum of digit × weight, mod 11, mod 10.
var (
	innWeights10 = []int{2, 4, 10, 3, 5, 9, 4, 6, 8}
	innWeights11 = []int{7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	innWeights12 = []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
)

// CheckINN wants 10 digits (company) or 12 (person, sole proprietor) with right check digits. An empty one is
// right here: NeedINN says when it may not be. It fails with inn.digits, .length or .check; nil means right.
func CheckINN(inn string) *fault.Error {
	if inn == "" {
		return nil
	}
	if f := onlyDigitsAt(FieldINN, inn); f != nil {
		return f
	}
	ok := false
	switch len(inn) {
	case 10:
		ok = innDigit(inn, innWeights10) == inn[9]
	case 12:
		ok = innDigit(inn, innWeights11) == inn[10] && innDigit(inn, innWeights12) == inn[11]
	default:
		return fault.Bad(FieldINN, CodeINNLength, len(inn))
	}
	if !ok || strings.Trim(inn, "0") == "" { // zeros have right check digits
		return fault.Bad(FieldINN, CodeINNCheck)
	}
	return nil
}

func innDigit(inn string, weights []int) byte {
	sum := 0
	for i, w := range weights {
		sum += int(inn[i]-'0') * w
	}
	return byte('0' + sum%11%10)
}

// CheckKPP wants 9 characters: 4 digits, 2 digits or capital Latin letters, 3 digits (bank131-api §12). An
// empty one is right here: NeedKPP says when it may not be. It fails with kpp.chars or .length; nil means right.
func CheckKPP(kpp string) *fault.Error {
	at := 0
	for _, r := range kpp {
		at++
		letter := r >= 'A' && r <= 'Z' && (at == 5 || at == 6)
		if (r < '0' || r > '9') && !letter {
			return fault.Bad(FieldKPP, CodeKPPChars, show(r), at)
		}
	}
	if at != 0 && at != KPPChars {
		return fault.Bad(FieldKPP, CodeKPPLength, at, KPPChars)
	}
	return nil
}

// digits wants exactly n digits 0-9.
func digits(field, s string, n int) *fault.Error {
	if s == "" {
		return fault.Bad(field, field+".empty")
	}
	if f := onlyDigitsAt(field, s); f != nil {
		return f
	}
	if len(s) != n {
		return fault.Bad(field, field+".length", len(s), n)
	}
	return nil
}

func onlyDigitsAt(field, s string) *fault.Error {
	at := 0
	for _, r := range s {
		at++
		if r < '0' || r > '9' { // not unicode.IsDigit: the bank's fields are 0-9
			return fault.Bad(field, field+".digits", show(r), at)
		}
	}
	return nil
}

func onlyDigits(s string) bool { return onlyDigitsAt("", s) == nil }
