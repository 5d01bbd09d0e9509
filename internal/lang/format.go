package lang

import (
	"strconv"
	"strings"

	"countersign/internal/money"
)

// Tag is a language of the desk; its value goes into the lang attribute of a page.
type Tag string

// The two languages. Anything else is printed as English.
const (
	RU Tag = "ru"
	EN Tag = "en"
)

// nbsp keeps a figure on one line; Russian groups digits with it.
const nbsp = "\u00a0"

// integer is any count a page may hold.
type integer interface {
	~int | ~int32 | ~int64
}

// Money prints an amount with two decimals and no currency: "1 234 567,89" (no-break spaces) in Russian,
// "1,234,567.89" in English. Whatever it prints, money.ParseRoubles reads back.
func Money(t Tag, a money.Amount) string {
	whole, kopecks := MoneySplit(t, a)
	return whole + kopecks
}

// MoneySplit prints the same in two parts, so that the kopecks can be muted; these carry the decimal sign (",89").
func MoneySplit(t Tag, a money.Amount) (whole, kopecks string) {
	plain := a.Plain() // "-1234.50"
	i := len(plain) - 3
	return group(t, plain[:i]), decimalSign(t) + plain[i+1:]
}

// MoneySign prints an amount with its currency behind a no-break space: "100,00 ₽", "100.00 ₽"; a currency
// other than the rouble by its code.
func MoneySign(t Tag, a money.Amount) string {
	sign := string(a.Currency)
	if a.Currency == money.RUB || a.Currency == "" {
		sign = "₽"
	}
	return Money(t, a) + nbsp + sign
}

// Int prints a count with its thousands grouped: "10 000" (no-break space), "10,000".
func Int[N integer](t Tag, n N) string { return group(t, strconv.FormatInt(int64(n), 10)) }

func decimalSign(t Tag) string {
	if t == RU {
		return ","
	}
	return "."
}

// group puts the language's sign between groups of three digits, and a real minus before them.
func group(t Tag, digits string) string {
	sign := ","
	if t == RU {
		sign = nbsp
	}
	var b strings.Builder
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		b.WriteString("−")
		digits = rest
	}
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sign)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Account5 cuts an account of 20 digits into the groups 5-3-1-4-7 that people read aloud: balance account,
// currency, key, branch, own number. The page sets them apart by margins, so that the number copies whole.
// Anything that is not 20 characters long (a draft holds what was typed) comes back as one group.
func Account5(account string) []string {
	r := []rune(account)
	if len(r) != 20 {
		return []string{account}
	}
	return []string{string(r[:5]), string(r[5:8]), string(r[8:9]), string(r[9:13]), string(r[13:])}
}

// Last4 is an account where only its end may be seen: "··4312"; empty for an empty one. Four characters or
// fewer, all that was kept or typed, are shown as they are behind the dots.
func Last4(account string) string {
	r := []rune(account)
	if len(r) == 0 {
		return ""
	}
	return "··" + string(r[max(0, len(r)-4):])
}

// ShortName shortens a person's name as entered, surname first: "Орлов Павел Андреевич" -> "Орлов П.". One
// word stays as it is.
func ShortName(full string) string {
	words := strings.Fields(full)
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	for _, first := range words[1] {
		return words[0] + " " + string(first) + "."
	}
	return words[0]
}
