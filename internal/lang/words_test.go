package lang

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/money"
)

func TestAmountInWords(t *testing.T) {
	for kopecks, want := range map[int64][2]string{
		0:      {"Ноль рублей 00 копеек", "Zero roubles 00 kopecks"},
		1:      {"Ноль рублей 01 копейка", "Zero roubles 01 kopeck"},
		2:      {"Ноль рублей 02 копейки", "Zero roubles 02 kopecks"},
		11:     {"Ноль рублей 11 копеек", "Zero roubles 11 kopecks"},
		21:     {"Ноль рублей 21 копейка", "Zero roubles 21 kopecks"},
		1_00:   {"Один рубль 00 копеек", "One rouble 00 kopecks"},
		2_00:   {"Два рубля 00 копеек", "Two roubles 00 kopecks"},
		5_00:   {"Пять рублей 00 копеек", "Five roubles 00 kopecks"},
		10_00:  {"Десять рублей 00 копеек", "Ten roubles 00 kopecks"},
		11_00:  {"Одиннадцать рублей 00 копеек", "Eleven roubles 00 kopecks"},
		12_99:  {"Двенадцать рублей 99 копеек", "Twelve roubles 99 kopecks"},
		14_00:  {"Четырнадцать рублей 00 копеек", "Fourteen roubles 00 kopecks"},
		20_00:  {"Двадцать рублей 00 копеек", "Twenty roubles 00 kopecks"},
		21_00:  {"Двадцать один рубль 00 копеек", "Twenty-one roubles 00 kopecks"},
		22_00:  {"Двадцать два рубля 00 копеек", "Twenty-two roubles 00 kopecks"},
		40_00:  {"Сорок рублей 00 копеек", "Forty roubles 00 kopecks"},
		90_04:  {"Девяносто рублей 04 копейки", "Ninety roubles 04 kopecks"},
		100_00: {"Сто рублей 00 копеек", "One hundred roubles 00 kopecks"},
		101_00: {"Сто один рубль 00 копеек", "One hundred one roubles 00 kopecks"},
		111_00: {"Сто одиннадцать рублей 00 копеек", "One hundred eleven roubles 00 kopecks"},
		999_00: {"Девятьсот девяносто девять рублей 00 копеек", "Nine hundred ninety-nine roubles 00 kopecks"},
		1_000_00: {"Одна тысяча рублей 00 копеек",
			"One thousand roubles 00 kopecks"},
		1_001_00:  {"Одна тысяча один рубль 00 копеек", "One thousand one roubles 00 kopecks"},
		2_000_00:  {"Две тысячи рублей 00 копеек", "Two thousand roubles 00 kopecks"},
		2_002_00:  {"Две тысячи два рубля 00 копеек", "Two thousand two roubles 00 kopecks"},
		5_000_00:  {"Пять тысяч рублей 00 копеек", "Five thousand roubles 00 kopecks"},
		11_000_00: {"Одиннадцать тысяч рублей 00 копеек", "Eleven thousand roubles 00 kopecks"},
		12_000_00: {"Двенадцать тысяч рублей 00 копеек", "Twelve thousand roubles 00 kopecks"},
		21_000_00: {"Двадцать одна тысяча рублей 00 копеек", "Twenty-one thousand roubles 00 kopecks"},
		22_000_00: {"Двадцать две тысячи рублей 00 копеек", "Twenty-two thousand roubles 00 kopecks"},
		100_000_00: {"Сто тысяч рублей 00 копеек",
			"One hundred thousand roubles 00 kopecks"},
		111_111_11: {"Сто одиннадцать тысяч сто одиннадцать рублей 11 копеек", "One hundred eleven thousand one hundred eleven roubles 11 kopecks"},
		486_250_00: {"Четыреста восемьдесят шесть тысяч двести пятьдесят рублей 00 копеек",
			"Four hundred eighty-six thousand two hundred fifty roubles 00 kopecks"},
		1_000_000_00:       {"Один миллион рублей 00 копеек", "One million roubles 00 kopecks"},
		1_000_001_00:       {"Один миллион один рубль 00 копеек", "One million one roubles 00 kopecks"},
		2_000_000_00:       {"Два миллиона рублей 00 копеек", "Two million roubles 00 kopecks"},
		5_021_000_50:       {"Пять миллионов двадцать одна тысяча рублей 50 копеек", "Five million twenty-one thousand roubles 50 kopecks"},
		1_000_000_000_00:   {"Один миллиард рублей 00 копеек", "One billion roubles 00 kopecks"},
		3_000_000_000_00:   {"Три миллиарда рублей 00 копеек", "Three billion roubles 00 kopecks"},
		11_000_000_000_00:  {"Одиннадцать миллиардов рублей 00 копеек", "Eleven billion roubles 00 kopecks"},
		1_001_000_000_0000: {"Сто миллиардов сто миллионов рублей 00 копеек", "One hundred billion one hundred million roubles 00 kopecks"},
		math.MaxInt64: {"Девяносто два квадриллиона двести тридцать три триллиона семьсот двадцать миллиардов триста шестьдесят восемь миллионов пятьсот сорок семь тысяч семьсот пятьдесят восемь рублей 07 копеек",
			"Ninety-two quadrillion two hundred thirty-three trillion seven hundred twenty billion three hundred sixty-eight million five hundred forty-seven thousand seven hundred fifty-eight roubles 07 kopecks"},
	} {
		a := money.Roubles(kopecks)
		if got := AmountInWords(RU, a); got != want[0] {
			t.Errorf("%d: %q, want %q", kopecks, got, want[0])
		}
		if got := AmountInWords(EN, a); got != want[1] {
			t.Errorf("%d: %q, want %q", kopecks, got, want[1])
		}
	}
	if AmountInWords(RU, money.Roubles(-1)) != "" || AmountInWords(RU, money.Amount{Minor: 1, Currency: "USD"}) != "" {
		t.Error("words for what has none")
	}
}

// The words are read back by a second, simpler reader, so that no amount reads as another.
func TestAmountInWords_readBack(t *testing.T) {
	russianValues := values(ruUnits[:], ruTens[:], ruHundreds[:])
	russianValues["одна"], russianValues["две"], russianValues["ноль"] = 1, 2, 0
	englishValues := values(enUnits[:], enTens[:], nil)
	englishValues["zero"] = 0
	scales := map[string]int64{}
	for i, power := 1, int64(1000); i < 6; i, power = i+1, power*1000 {
		for _, form := range ruScales[i] {
			scales[form] = power
		}
		scales[enScales[i]] = power
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Int64Range(0, math.MaxInt64), rapid.Int64Range(0, 10_000_000_00)).Draw(t, "kopecks")
		for tag, value := range map[Tag]map[string]int64{RU: russianValues, EN: englishValues} {
			s := AmountInWords(tag, money.Roubles(n))
			if strings.Contains(s, "  ") || strings.TrimSpace(s) != s {
				t.Fatalf("spaces in %q", s)
			}
			words := strings.Fields(strings.ReplaceAll(strings.ToLower(s), "-", " "))
			var sum, group int64
			for _, w := range words[:len(words)-3] { // without "roubles 00 kopecks"
				switch v, ok := value[w]; {
				case ok:
					group += v
				case w == "hundred":
					group *= 100
				case scales[w] > 0:
					sum += group * scales[w]
					group = 0
				default:
					t.Fatalf("%q in %q", w, s)
				}
			}
			if sum+group != n/100 || words[len(words)-2] != money.Roubles(n % 100).Plain()[2:] {
				t.Fatalf("%d reads %q", n, s)
			}
		}
	})
}

func values(units, tens, hundreds []string) map[string]int64 {
	m := map[string]int64{}
	for list, factor := range map[*[]string]int64{&units: 1, &tens: 10, &hundreds: 100} {
		for i, w := range *list {
			if w != "" {
				m[w] = int64(i) * factor
			}
		}
	}
	return m
}
