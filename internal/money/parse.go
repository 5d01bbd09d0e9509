package money

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/internal/fault"
)

// maxTyped is more characters than any amount needs: int64 kopecks, grouped, with decimals and a sign of the
// currency, are 32.
const maxTyped = 64

// endings are what people and our pages write behind roubles, longest first. They are matched without case.
var endings = []string{"руб.", "руб", "р.", "р", "₽", "rub.", "rub"}

// ParseRoubles reads an amount of roubles as people write it and as our pages print it: "1 234,56",
// "1,234.56", "1.234,56", "1234.56", "1,5", any no-break or thin spaces as grouping, "₽", "руб.", "р." or
// "RUB" behind it. The result is in kopecks and above zero.
//
// Every refusal is a *fault.Error, Invalid at field "amount", with one of the codes above. The one rule that
// is not plain: a single point or comma followed by exactly three digits may mean thousands or decimals, and
// the two differ a thousandfold. So "1.000" and "1,000" are "amount.ambiguous" with both readings, and "1,234",
// which as decimals has a digit too many, is "amount.unclear" with the one reading left. Nothing else decides
// it: not the reader's language, because people paste from other programs.
func ParseRoubles(text string) (Amount, error) {
	kopecks, f := parse(text)
	if f != nil {
		return Amount{}, f
	}
	return Roubles(kopecks), nil
}

// Readings returns the amounts that a refusal offers to choose from, thousands first; nil if err is about
// something else.
func Readings(err error) []Amount {
	var out []Amount
	for _, f := range fault.As(err) {
		if f.Code != CodeAmbiguous && f.Code != CodeUnclear {
			continue
		}
		for _, arg := range f.Args {
			if a, ok := arg.(Amount); ok {
				out = append(out, a)
			}
		}
	}
	return out
}

func parse(text string) (int64, *fault.Error) {
	s, f := clean(text)
	if f != nil {
		return 0, f
	}
	whole, decimals, f := split(s)
	if f != nil {
		return 0, f
	}
	if len(decimals) > 2 {
		return 0, fault.Bad(Field, CodeDecimals, len(decimals))
	}
	kopecks, ok := toKopecks(whole, decimals)
	if !ok {
		return 0, fault.Bad(Field, CodeOverflow)
	}
	if kopecks == 0 {
		return 0, fault.Bad(Field, CodeNotPositive)
	}
	return kopecks, nil
}

// clean returns the amount alone: digits 0-9, plain spaces, points and commas, with a digit at both ends.
func clean(text string) (string, *fault.Error) {
	s := strings.TrimSpace(text)
	if utf8.RuneCountInString(s) > maxTyped {
		return "", fault.Bad(Field, CodeTooLong, maxTyped)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) { // all the spaces that group digits: no-break, narrow, thin, figure
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(cutEnding(s))
	if s == "" {
		return "", fault.Bad(Field, CodeEmpty)
	}
	if hasExponent(s) {
		return "", fault.Bad(Field, CodeExponent)
	}
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', r == ' ', r == '.', r == ',':
		case strings.ContainsRune("+-−–—", r):
			return "", fault.Bad(Field, CodeSign)
		case unicode.IsNumber(r):
			return "", fault.Bad(Field, CodeDigits, show(r))
		default:
			return "", fault.Bad(Field, CodeFormat, show(r))
		}
	}
	for _, end := range []byte{s[0], s[len(s)-1]} {
		if end == '.' || end == ',' {
			return "", fault.Bad(Field, CodeFormat, string(end))
		}
	}
	return s, nil
}

func cutEnding(s string) string {
	for _, e := range endings {
		if n := len(s) - len(e); n >= 0 && strings.EqualFold(s[n:], e) {
			return s[:n]
		}
	}
	return s
}

// hasExponent finds 1e5, also with the Cyrillic letter that looks the same.
func hasExponent(s string) bool {
	rs := []rune(s)
	for i := 1; i+1 < len(rs); i++ {
		if strings.ContainsRune("eEеЕ", rs[i]) && isDigit(rs[i-1]) && (isDigit(rs[i+1]) || strings.ContainsRune("+-−", rs[i+1])) {
			return true
		}
	}
	return false
}

// split parts whole roubles from decimals and takes the grouping out. decimals may have any length.
func split(s string) (whole, decimals string, f *fault.Error) {
	points, commas := strings.Count(s, "."), strings.Count(s, ",")
	last := strings.LastIndexAny(s, ".,")
	switch {
	case points+commas == 0:
		return grouped(s, " ")

	case points+commas == 1:
		whole, decimals = s[:last], s[last+1:]
		if strings.Contains(decimals, " ") {
			return "", "", fault.Bad(Field, CodeGrouping)
		}
		if len(decimals) == 3 && len(whole) <= 3 && whole[0] != '0' { // no spaces fit into three characters of grouping
			return "", "", unclear(whole, decimals)
		}
		if whole, _, f = grouped(whole, " "); f != nil {
			return "", "", f
		}
		return whole, decimals, nil

	case points == 0 || commas == 0: // several of one kind can only be grouping
		return grouped(s, s[last:last+1])

	case strings.Count(s, s[last:last+1]) == 1: // one of the other kind behind them can only be the decimal sign
		group := ","
		if s[last] == ',' {
			group = "."
		}
		if whole, _, f = grouped(s[:last], group); f != nil {
			return "", "", f
		}
		if strings.Contains(s[last+1:], " ") {
			return "", "", fault.Bad(Field, CodeGrouping)
		}
		return whole, s[last+1:], nil
	}
	return "", "", fault.Bad(Field, CodeGrouping)
}

// unclear answers one sign with three digits behind it and one to three before it.
func unclear(whole, decimals string) *fault.Error {
	if strings.Contains(whole, " ") {
		return fault.Bad(Field, CodeGrouping)
	}
	thousands, _ := toKopecks(whole+decimals, "") // six digits: cannot overflow
	if decimals[2] != '0' {
		return fault.Bad(Field, CodeUnclear, Roubles(thousands))
	}
	small, _ := toKopecks(whole, decimals[:2])
	return fault.Bad(Field, CodeAmbiguous, Roubles(thousands), Roubles(small))
}

// grouped takes the grouping sign out of whole roubles: all groups of three but the first, which has one to
// three digits and no leading zero; or no grouping at all.
func grouped(s, sign string) (whole, none string, f *fault.Error) {
	parts := strings.Split(s, sign)
	for i, p := range parts {
		if strings.ContainsFunc(p, func(r rune) bool { return !isDigit(r) }) { // a second grouping sign
			return "", "", fault.Bad(Field, CodeGrouping)
		}
		if len(parts) == 1 {
			break
		}
		if i == 0 && (len(p) < 1 || len(p) > 3 || p[0] == '0') || i > 0 && len(p) != 3 {
			return "", "", fault.Bad(Field, CodeGrouping)
		}
	}
	return strings.Join(parts, ""), "", nil
}

// toKopecks multiplies without floats; ok is false over int64.
func toKopecks(whole, decimals string) (kopecks int64, ok bool) {
	for _, d := range whole + (decimals + "00")[:2] {
		digit := int64(d - '0')
		if kopecks > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		kopecks = kopecks*10 + digit
	}
	return kopecks, true
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// show names a character for a sentence: itself, or its number where it could not be seen.
func show(r rune) string {
	if unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && r != utf8.RuneError {
		return string(r)
	}
	return fmt.Sprintf("U+%04X", r)
}
