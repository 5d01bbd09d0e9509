package bankreport

import (
	"math"
	"strings"
	"time"

	"countersign/internal/calendar"
)

// kopecks reads a sum of roubles from its digits. number says that it is a workbook's own number: its point is a decimal point, it may have an exponent, and
// of its digits only the first fifteen were ever meant (workbooks store 8.2 as 8.1999999999999993).
func kopecks(s string, number bool) (int64, string) {
	neg := false
	if len(s) > 60 {
		return 0, CodeAmount
	}
	for _, m := range []string{"-", "−", "–"} {
		if rest, ok := strings.CutPrefix(s, m); ok {
			neg, s = true, rest
			break
		}
	}
	// A cell of text in a workbook is written as in any other report: its comma means what it means there.
	number = number && !strings.ContainsFunc(s, func(c rune) bool { return !strings.ContainsRune("0123456789.eE+-", c) })
	whole, frac, code := parts(s, number)
	if code != "" {
		return 0, code
	}
	if number {
		var ok bool
		if whole, frac, ok = round15(whole, frac); !ok {
			return 0, CodeAmount
		}
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 2 {
		return 0, CodeDecimals
	}
	n := int64(0)
	for _, d := range strings.TrimLeft(whole, "0") + (frac + "00")[:2] {
		digit := int64(d - '0')
		if n > (math.MaxInt64-digit)/10 {
			return 0, CodeAmount
		}
		n = n*10 + digit
	}
	if neg {
		n = -n
	}
	return n, ""
}

// parts are the digits before and behind the decimal sign, grouping taken out, the exponent worked in.
func parts(s string, number bool) (whole, frac, code string) {
	if number {
		return scientific(s)
	}
	s = strings.Map(func(c rune) rune {
		switch c {
		case '\u00A0', '\u202F', '\u2009':
			return ' '
		}
		return c
	}, s)
	sign := strings.LastIndexAny(s, ".,")
	if sign >= 0 {
		whole, frac = s[:sign], s[sign+1:]
		if strings.ContainsAny(whole, ".,") { // 1,234.56 and 1.234,56: the other sign can only be grouping
			group := ","
			if s[sign] == ',' {
				group = "."
			}
			if strings.Contains(whole, s[sign:sign+1]) {
				return "", "", CodeAmount
			}
			whole = strings.ReplaceAll(whole, group, " ")
		} else if len(frac) == 3 && len(whole) <= 3 && whole != "0" {
			return "", "", CodeUnclear
		}
		if frac == "" {
			return "", "", CodeAmount
		}
	} else {
		whole = s
	}
	groups := strings.Split(whole, " ")
	for i, g := range groups {
		if !digits(g) || g == "" || len(groups) > 1 && (i > 0 && len(g) != 3 || i == 0 && len(g) > 3) {
			return "", "", CodeAmount
		}
	}
	if !digits(frac) {
		return "", "", CodeAmount
	}
	return strings.Join(groups, ""), frac, ""
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// scientific reads 12.5, 1E5 and 7.0000000000000007E-2.
func scientific(s string) (whole, frac, code string) {
	exp := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e := s[i+1:]
		s = s[:i]
		neg := strings.HasPrefix(e, "-")
		e = strings.TrimLeft(e, "+-")
		if e == "" || len(e) > 2 || !digits(e) {
			return "", "", CodeAmount
		}
		for _, c := range e {
			exp = exp*10 + int(c-'0')
		}
		if exp > 30 {
			return "", "", CodeAmount
		}
		if neg {
			exp = -exp
		}
	}
	whole, frac, _ = strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if whole == "" || !digits(whole) || !digits(frac) {
		return "", "", CodeAmount
	}
	for ; exp > 0; exp-- {
		if frac == "" {
			frac = "0"
		}
		whole, frac = whole+frac[:1], frac[1:]
	}
	for ; exp < 0; exp++ {
		if whole == "" {
			whole = "0"
		}
		frac, whole = whole[len(whole)-1:]+frac, whole[:len(whole)-1]
	}
	if whole == "" {
		whole = "0"
	}
	return whole, frac, ""
}

// round15 rounds to fifteen significant digits, half up, on the digits themselves.
func round15(whole, frac string) (string, string, bool) {
	all := whole + frac
	lead := 0
	for lead < len(all) && all[lead] == '0' {
		lead++
	}
	if len(all)-lead <= 15 {
		return whole, frac, true
	}
	keep := lead + 15
	if keep < len(whole) { // more than fifteen digits of roubles: not money
		return "", "", false
	}
	b := []byte(all[:keep])
	if all[keep] >= '5' {
		i := keep - 1
		for ; i >= 0; i-- {
			if b[i] != '9' {
				b[i]++
				break
			}
			b[i] = '0'
		}
		if i < 0 {
			return "1" + string(b[:len(whole)]), string(b[len(whole):]), true
		}
	}
	return string(b[:len(whole)]), string(b[len(whole):]), true
}

// serial reads a workbook's date: days since the end of 1899 (or 1904) with a fraction, Moscow time, to the second.
func serial(s string, y1904 bool) (micro int64, ok bool) {
	whole, frac, code := scientific(s)
	if code != "" || len(whole) > 6 {
		return 0, false
	}
	days := 0
	for _, c := range whole {
		days = days*10 + int(c-'0')
	}
	if days < 20_000 || days > 110_000 { // 1954 to 2201
		return 0, false
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, calendar.Moscow)
	if y1904 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, calendar.Moscow)
	}
	part := int64(0) // billionths of a day
	for _, c := range (frac + "000000000")[:9] {
		part = part*10 + int64(c-'0')
	}
	seconds := (part*86_400 + 500_000_000) / 1_000_000_000
	y, m, d := first.Date()
	return time.Date(y, m, d+days, 0, 0, int(seconds), 0, calendar.Moscow).UnixMicro(), true
}
