package lang

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"countersign/internal/money"
)

// AmountInWords writes an amount out, kopecks as two digits, so that a slip of a thousand is heard when read:
// «Четыреста восемьдесят шесть тысяч двести пятьдесят рублей 00 копеек», "Four hundred eighty-six thousand
// two hundred fifty roubles 00 kopecks". Roubles only: any other currency, and anything below zero, gives "".
func AmountInWords(t Tag, a money.Amount) string {
	if a.Minor < 0 || a.Currency != money.RUB && a.Currency != "" {
		return ""
	}
	roubles, kopecks := a.Minor/100, a.Minor%100
	var words []string
	if t == RU {
		words = russian(roubles)
		words = append(words, Plural(RU, roubles, "рубль", "рубля", "рублей"),
			fmt.Sprintf("%02d", kopecks), Plural(RU, kopecks, "копейка", "копейки", "копеек"))
	} else {
		words = english(roubles)
		words = append(words, Plural(EN, roubles, "rouble", "", "roubles"),
			fmt.Sprintf("%02d", kopecks), Plural(EN, kopecks, "kopeck", "", "kopecks"))
	}
	s := strings.Join(words, " ")
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// thousands cuts a number into groups of three digits, lowest first. int64 kopecks give at most six.
func thousands(n int64) []int {
	var groups []int
	for ; n > 0; n /= 1000 {
		groups = append(groups, int(n%1000))
	}
	return groups
}

var (
	ruUnits = [20]string{"", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять",
		"десять", "одиннадцать", "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать",
		"семнадцать", "восемнадцать", "девятнадцать"}
	ruTens = [10]string{"", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят",
		"восемьдесят", "девяносто"}
	ruHundreds = [10]string{"", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот",
		"восемьсот", "девятьсот"}
	ruScales = [6][3]string{{}, {"тысяча", "тысячи", "тысяч"}, {"миллион", "миллиона", "миллионов"},
		{"миллиард", "миллиарда", "миллиардов"}, {"триллион", "триллиона", "триллионов"},
		{"квадриллион", "квадриллиона", "квадриллионов"}}

	enUnits = [20]string{"", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
		"eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	enTens = [10]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	// The short scale: a billion is a thousand million.
	enScales = [6]string{"", "thousand", "million", "billion", "trillion", "quadrillion"}
)

func russian(n int64) []string {
	if n == 0 {
		return []string{"ноль"}
	}
	var words []string
	groups := thousands(n)
	for scale := len(groups) - 1; scale >= 0; scale-- {
		g := groups[scale]
		if g == 0 {
			continue
		}
		words = appendWord(words, ruHundreds[g/100])
		rest := g % 100
		if rest >= 20 {
			words = appendWord(words, ruTens[rest/10])
			rest %= 10
		}
		unit := ruUnits[rest]
		if scale == 1 { // тысяча is feminine; рубль and the larger ones are masculine
			switch rest {
			case 1:
				unit = "одна"
			case 2:
				unit = "две"
			}
		}
		words = appendWord(words, unit)
		words = appendWord(words, Plural(RU, g, ruScales[scale][0], ruScales[scale][1], ruScales[scale][2]))
	}
	return words
}

func english(n int64) []string {
	if n == 0 {
		return []string{"zero"}
	}
	var words []string
	groups := thousands(n)
	for scale := len(groups) - 1; scale >= 0; scale-- {
		g := groups[scale]
		if g == 0 {
			continue
		}
		if g >= 100 {
			words = append(words, enUnits[g/100], "hundred")
		}
		switch rest := g % 100; {
		case rest < 20:
			words = appendWord(words, enUnits[rest])
		case rest%10 == 0:
			words = append(words, enTens[rest/10])
		default:
			words = append(words, enTens[rest/10]+"-"+enUnits[rest%10])
		}
		words = appendWord(words, enScales[scale])
	}
	return words
}

func appendWord(words []string, w string) []string {
	if w == "" {
		return words
	}
	return append(words, w)
}
