package lang

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/money"
)

func TestMoney(t *testing.T) {
	for kopecks, want := range map[int64][2]string{
		0:             {"0,00", "0.00"},
		1:             {"0,01", "0.01"},
		100:           {"1,00", "1.00"},
		99999:         {"999,99", "999.99"},
		100000:        {"1 000,00", "1,000.00"},
		123456789:     {"1 234 567,89", "1,234,567.89"},
		-123456:       {"−1 234,56", "−1,234.56"},
		math.MaxInt64: {"92 233 720 368 547 758,07", "92,233,720,368,547,758.07"},
		math.MinInt64: {"−92 233 720 368 547 758,08", "−92,233,720,368,547,758.08"},
	} {
		a := money.Roubles(kopecks)
		ru := strings.ReplaceAll(want[0], " ", "\u00a0")
		if got := Money(RU, a); got != ru {
			t.Errorf("%d: %q, want %q", kopecks, got, ru)
		}
		if got := Money(EN, a); got != want[1] {
			t.Errorf("%d: %q, want %q", kopecks, got, want[1])
		}
		if got := MoneySign(RU, a); got != ru+"\u00a0₽" {
			t.Errorf("%d: %q", kopecks, got)
		}
	}
	if w, k := MoneySplit(RU, money.Roubles(48625000)); w != "486\u00a0250" || k != ",00" {
		t.Errorf("split: %q %q", w, k)
	}
	if w, k := MoneySplit(EN, money.Roubles(48625005)); w != "486,250" || k != ".05" {
		t.Errorf("split: %q %q", w, k)
	}
	if got := MoneySign(EN, money.Amount{Minor: 100, Currency: "USD"}); got != "1.00\u00a0USD" {
		t.Errorf("another currency: %q", got)
	}
}

// Whatever a page prints pastes back into a form of either language.
func TestMoney_pastesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Int64Range(1, math.MaxInt64), rapid.Int64Range(1, 1_000_000_00), rapid.Just(int64(math.MaxInt64))).Draw(t, "kopecks")
		a := money.Roubles(n)
		for _, tag := range []Tag{RU, EN} {
			for _, printed := range []string{Money(tag, a), MoneySign(tag, a), a.Plain(), strings.ReplaceAll(Money(tag, a), "\u00a0", " ")} {
				if got, err := money.ParseRoubles(printed); err != nil || got != a {
					t.Fatalf("%q: %v, %v; want %v", printed, got, err, a)
				}
			}
		}
	})
}

func TestInt(t *testing.T) {
	for n, want := range map[int][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1\u00a0000", "1,000"}, 10000: {"10\u00a0000", "10,000"},
		1234567: {"1\u00a0234\u00a0567", "1,234,567"}, -1000: {"−1\u00a0000", "−1,000"}, -999: {"−999", "−999"},
	} {
		if ru, en := Int(RU, n), Int(EN, n); ru != want[0] || en != want[1] {
			t.Errorf("%d: %q %q", n, ru, en)
		}
	}
	if got := Int(EN, int64(math.MinInt64)); got != "−9,223,372,036,854,775,808" {
		t.Errorf("smallest: %q", got)
	}
}

func TestAccount5(t *testing.T) {
	for in, want := range map[string][]string{
		"40817810100000270411":  {"40817", "810", "1", "0000", "0270411"},
		"":                      {""},
		"4081781":               {"4081781"},
		"408178101000002704110": {"408178101000002704110"},
		"счётсчётсч":            {"счётсчётсч"}, // 20 bytes, not 20 characters
	} {
		got := Account5(in)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q", in, got)
		}
		if strings.Join(got, "") != in {
			t.Errorf("%q does not copy whole", in)
		}
	}
}

func TestLast4(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "40817810100000274312": "··4312", "4312": "··4312", "12": "··12", "счётик": "··ётик",
	} {
		if got := Last4(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestShortName(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  ": "", "Орлов": "Орлов", "Орлов Павел Андреевич": "Орлов П.", "Орлов  Павел": "Орлов П.",
		"Smith Anna": "Smith A.", "Римский-Корсаков Николай": "Римский-Корсаков Н.", " Орлов ": "Орлов",
	} {
		if got := ShortName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	const one, few, many = "выплата", "выплаты", "выплат"
	for n, want := range map[int]string{
		0: many, 1: one, 2: few, 3: few, 4: few, 5: many, 9: many, 10: many, 11: many, 12: many, 14: many, 15: many, 19: many, 20: many,
		21: one, 22: few, 24: few, 25: many, 100: many, 101: one, 102: few, 111: many, 112: many, 114: many, 121: one, 1000: many,
		1001: one, 1011: many, 1_000_000: many, -1: one, -2: few, -5: many, -11: many,
	} {
		if got := Plural(RU, n, one, few, many); got != want {
			t.Errorf("%d %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "payouts", 1: "payout", 2: "payouts", 21: "payouts", 101: "payouts"} {
		if got := Plural(EN, n, "payout", "", "payouts"); got != want {
			t.Errorf("%d %s", n, got)
		}
	}
	if got := Plural(RU, int64(math.MinInt64), one, few, many); got != many { // …808
		t.Errorf("smallest: %s", got)
	}
	if got := Plural(RU, int64(math.MaxInt64-6), one, few, many); got != one { // …801
		t.Errorf("large: %s", got)
	}
}

// FuzzMoneyFormat: every amount that we print is read back as the same amount, in both languages, with and without its sign: a copied sum never becomes another.
func FuzzMoneyFormat(f *testing.F) {
	for _, n := range []int64{1, 10, 99, 100, 99999, 100000, 123456789, 1_000_000_00, math.MaxInt64, 0, -5} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, minor int64) {
		a := money.Roubles(minor)
		for _, tag := range []Tag{RU, EN} {
			for _, text := range []string{Money(tag, a), MoneySign(tag, a)} {
				got, err := money.ParseRoubles(text)
				if minor <= 0 {
					if err == nil {
						t.Fatalf("%d printed as %q is read as %v", minor, text, got)
					}
				} else if err != nil || got != a {
					t.Fatalf("%d printed as %q is read as %v, %v", minor, text, got, err)
				}
			}
		}
	})
}
