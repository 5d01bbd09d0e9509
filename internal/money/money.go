// Package money holds amounts as whole minor units (kopecks) with a currency, and nothing else: no floats,
// no exchange rates, no words. Text is parsed here because every page and file reads amounts the same way.
//
// It must not know languages: internal/lang prints amounts, and whatever it prints ParseRoubles reads back.
package money

import (
	"math"
	"strconv"

	"countersign/internal/fault"
)

// Currency is an ISO 4217 code in upper case.
type Currency string

// RUB is the only currency of the desk for now; its minor unit is the kopeck (1/100).
const RUB Currency = "RUB"

// Field is the form field that faults of this package belong to.
const Field = "amount"

// The codes of this package's faults, all Invalid at Field. The arguments of each stand in brackets.
const (
	CodeEmpty       = "amount.empty"        // nothing was entered
	CodeNotPositive = "amount.not_positive" // zero
	CodeSign        = "amount.sign"         // a plus or minus sign was entered
	CodeDecimals    = "amount.decimals"     // more than two digits of kopecks [how many: int]
	CodeExponent    = "amount.exponent"     // 1e5
	CodeDigits      = "amount.digits"       // a digit that is not 0-9 [the character: string]
	CodeFormat      = "amount.format"       // not an amount [the character that is in the way: string]
	CodeGrouping    = "amount.grouping"     // digits not in groups of three
	CodeAmbiguous   = "amount.ambiguous"    // two readings [thousands: Amount, decimals: Amount]
	CodeUnclear     = "amount.unclear"      // 1,234: thousands, or one digit too many [thousands: Amount]
	CodeTooLong     = "amount.too_long"     // longer than any amount [most characters: int]
	CodeOverflow    = "amount.overflow"     // more kopecks than an int64 holds
	CodeCurrency    = "amount.currency"     // two currencies in one calculation [Currency, Currency]
	CodeNegative    = "amount.negative"     // a difference below zero
)

// Codes lists every fault code of this package, so that the catalogue of texts can be checked for gaps.
func Codes() []string {
	return []string{CodeEmpty, CodeNotPositive, CodeSign, CodeDecimals, CodeExponent, CodeDigits, CodeFormat,
		CodeGrouping, CodeAmbiguous, CodeUnclear, CodeTooLong, CodeOverflow, CodeCurrency, CodeNegative}
}

// Amount is a sum of money in minor units (kopecks) of one currency. The zero value is "nothing entered".
// Nothing in this package makes a negative amount; a debt is never a payout.
type Amount struct {
	Minor    int64
	Currency Currency
}

// Roubles makes an amount from kopecks.
func Roubles(kopecks int64) Amount { return Amount{Minor: kopecks, Currency: RUB} }

// IsZero reports whether nothing was entered: no kopecks, whatever the currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Positive reports whether there is something to pay.
func (a Amount) Positive() bool { return a.Minor > 0 }

// Add returns a+b. It fails with Invalid "amount.overflow" over int64 and "amount.currency" for two currencies.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.Bad(Field, CodeCurrency, a.Currency, b.Currency)
	}
	s := a.Minor + b.Minor
	if (s > a.Minor) != (b.Minor > 0) && b.Minor != 0 {
		return Amount{}, fault.Bad(Field, CodeOverflow)
	}
	return Amount{Minor: s, Currency: a.Currency}, nil
}

// Sub returns a-b. It fails with Invalid "amount.negative" if that is below zero (more came back than was
// paid is a fact to look at, not a number to go on with), "amount.currency" for two currencies and
// "amount.overflow" over int64.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.Bad(Field, CodeCurrency, a.Currency, b.Currency)
	}
	if a.Minor < b.Minor {
		return Amount{}, fault.Bad(Field, CodeNegative)
	}
	if b.Minor < 0 && a.Minor > math.MaxInt64+b.Minor {
		return Amount{}, fault.Bad(Field, CodeOverflow)
	}
	return Amount{Minor: a.Minor - b.Minor, Currency: a.Currency}, nil
}

// Sum adds the amounts, all of which must be in currency c; the sum of none is zero in c. It fails as Add does.
func Sum(c Currency, amounts ...Amount) (Amount, error) {
	total := Amount{Currency: c}
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return total, nil
}

// Equal reports whether both are the same number of minor units of the same currency.
func (a Amount) Equal(b Amount) bool { return a == b }

// Cmp returns -1, 0 or +1 as a is below, equal to or above b. It fails with Invalid "amount.currency" for two
// currencies.
func (a Amount) Cmp(b Amount) (int, error) {
	switch {
	case a.Currency != b.Currency:
		return 0, fault.Bad(Field, CodeCurrency, a.Currency, b.Currency)
	case a.Minor < b.Minor:
		return -1, nil
	case a.Minor > b.Minor:
		return +1, nil
	}
	return 0, nil
}

// AtMost reports whether a is not above the limit. An amount in another currency than the limit's is never
// within it, so that a limit fails closed.
func (a Amount) AtMost(limit Amount) bool {
	return a.Currency == limit.Currency && a.Minor <= limit.Minor
}

// Below reports whether a is under b; never true for two currencies.
func (a Amount) Below(b Amount) bool { return a.Currency == b.Currency && a.Minor < b.Minor }

// Plain returns the amount as digits, a point and two digits of kopecks ("1234.50"): for values of hidden
// fields and buttons, which no reader sees. Pages print with internal/lang.
func (a Amount) Plain() string {
	u, sign := uint64(a.Minor), ""
	if a.Minor < 0 {
		u, sign = -u, "-"
	}
	rest := strconv.FormatUint(u%100, 10)
	if len(rest) == 1 {
		rest = "0" + rest
	}
	return sign + strconv.FormatUint(u/100, 10) + "." + rest
}
