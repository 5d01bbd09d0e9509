package money

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/fault"
)

// Every spelling that people and our pages use, and every one that must not be guessed at.
func TestParseRoubles(t *testing.T) {
	const nb, nnb, thin, fig = "\u00a0", "\u202f", "\u2009", "\u2007"
	for text, want := range map[string]int64{
		"1": 100, "10": 1000, "100": 10000, "1000": 100000, "1000000": 100000000,
		"1,5": 150, "1.5": 150, "1,50": 150, "1.50": 150, "1,05": 105, "0,01": 1, "0.10": 10, "0,1": 10, "00,50": 50,
		"1 234,56": 123456, "1,234.56": 123456, "1.234,56": 123456, "1234.56": 123456, "1234,56": 123456, "1 234.56": 123456,
		"1,234.5": 123450, "1 234,5": 123450, "1.000,00": 100000, "1,000.00": 100000, "1 000,00": 100000, "1 000": 100000,
		"12 345": 1234500, "123 456": 12345600, "1 234 567,89": 123456789, "1,234,567.89": 123456789, "1.234.567,89": 123456789,
		"1,000,000": 100000000, "1.000.000": 100000000, "1 000 000": 100000000, "100,000,000.01": 10000000001,
		"1" + nb + "234,56": 123456, "1" + nnb + "234,56": 123456, "1" + thin + "234,56": 123456, "1" + fig + "234,56": 123456,
		"1" + nb + "234 567":             123456700, // two kinds of space, as copied from two cells
		"486" + nb + "250,00" + nb + "₽": 48625000, "100.00" + nb + "₽": 10000, "100₽": 10000, "100 ₽": 10000,
		"1 234,56 руб.": 123456, "1 234,56 руб": 123456, "1 234,56 РУБ.": 123456, "5 р.": 500, "5р": 500, "5р.": 500,
		"100 RUB": 10000, "100.00 rub": 10000,
		"  1 234,56\t\r\n": 123456, nb + "5" + nb: 500,
		"007": 700, "0100.00": 10000,
		"92 233 720 368 547 758,07": math.MaxInt64, "92233720368547758.07": math.MaxInt64,
		"92,233,720,368,547,758.07 ₽": math.MaxInt64, strings.Repeat("0", 50) + "1": 100,
		"1000,00": 100000, "1000.00": 100000, "999,99": 99999,
	} {
		got, err := ParseRoubles(text)
		if err != nil || got != Roubles(want) {
			t.Errorf("%q: %v, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseRoubles_refused(t *testing.T) {
	for text, want := range map[string]string{
		"": CodeEmpty, " \u00a0\t": CodeEmpty, "₽": CodeEmpty, "руб.": CodeEmpty,
		"0": CodeNotPositive, "0,00": CodeNotPositive, "0.0": CodeNotPositive, "000": CodeNotPositive, "0 ₽": CodeNotPositive,
		"-1": CodeSign, "+1": CodeSign, "−1": CodeSign, "–1": CodeSign, "1-": CodeSign, "- 1": CodeSign, "1-2": CodeSign, "-0": CodeSign,
		"1,2345": CodeDecimals, "1.2345": CodeDecimals, "1234,567": CodeDecimals, "1234.000": CodeDecimals,
		"1 234,567": CodeDecimals, "1 000,000": CodeDecimals, "1,234.567": CodeDecimals, "1,000.000": CodeDecimals, "1.000,000": CodeDecimals,
		"0,001": CodeDecimals, "0.500": CodeDecimals, "000,000": CodeDecimals, "01.000": CodeDecimals,
		"1e5": CodeExponent, "1E5": CodeExponent, "1.5e+3": CodeExponent, "1e-2": CodeExponent, "1е5": CodeExponent, "1Е5": CodeExponent,
		"١٢٣": CodeDigits, "１００": CodeDigits, "1²": CodeDigits, "½": CodeDigits, "௧": CodeDigits, "1٣": CodeDigits, "Ⅴ": CodeDigits, "𝟏": CodeDigits,
		"abc": CodeFormat, "1O0": CodeFormat, "$5": CodeFormat, "5 €": CodeFormat, "5 USD": CodeFormat, "₽ 5": CodeFormat, "5 ₽ ₽": CodeFormat,
		"1'000.00": CodeFormat, "1_000": CodeFormat, "0x10": CodeFormat, "(5)": CodeFormat, "5%": CodeFormat, "1/2": CodeFormat, "=5": CodeFormat,
		"1\t234": CodeFormat, "1\n2": CodeFormat, "1\u200b2": CodeFormat, "\u202e12": CodeFormat, "\ufeff12": CodeFormat, "1\x00": CodeFormat, "1\xff": CodeFormat,
		"NaN": CodeFormat, "Infinity": CodeFormat, "5 тыс.": CodeFormat, "1٬000": CodeFormat, "100 руб. 50 коп.": CodeFormat,
		".5": CodeFormat, ",5": CodeFormat, "5.": CodeFormat, "5,": CodeFormat, ",": CodeFormat, "...": CodeFormat, "5. ₽": CodeFormat,
		"1 23,4": CodeGrouping, "1 23": CodeGrouping, "12 34 56": CodeGrouping, "1  000": CodeGrouping, "1234 567": CodeGrouping,
		"1,00,000": CodeGrouping, "12,34,567.00": CodeGrouping, "1,000,00": CodeGrouping, "1.000.00": CodeGrouping, "1.2.3": CodeGrouping, "1234,567.00": CodeGrouping,
		"1,5.5": CodeGrouping, "1,234.567,89": CodeGrouping, "1.2,3.4": CodeGrouping, "1,,000": CodeGrouping, "1..5": CodeGrouping, "1,.5": CodeGrouping,
		"1 234, 56": CodeGrouping, "1, 5": CodeGrouping, "1 ,5": CodeGrouping, "1,5 0": CodeGrouping, "1,000 000": CodeGrouping, "1 000,000.00": CodeGrouping,
		"0 100": CodeGrouping, "0,100.00": CodeGrouping, "000,100,000": CodeGrouping, "1,000.0 0": CodeGrouping, "1 2,345": CodeGrouping,
		"1 000.000.00": CodeGrouping, "12.03.2025": CodeGrouping,
		"1.000": CodeAmbiguous, "1,000": CodeAmbiguous, "12,340": CodeAmbiguous, "999.990": CodeAmbiguous, "1.000 ₽": CodeAmbiguous, " 1,000 руб.": CodeAmbiguous,
		"1,234": CodeUnclear, "1.234": CodeUnclear, "123,456": CodeUnclear,
		strings.Repeat("1", 65): CodeTooLong, strings.Repeat("9", 1<<20): CodeTooLong,
		"92233720368547758,08": CodeOverflow, "92 233 720 368 547 758,08": CodeOverflow, "92233720368547759": CodeOverflow,
		"1000000000000000000": CodeOverflow, "9223372036854775808": CodeOverflow, strings.Repeat("9", 64): CodeOverflow,
	} {
		got, err := ParseRoubles(text)
		if code(err) != want {
			t.Errorf("%.80q: %v, %v; want %s", text, got, err, want)
			continue
		}
		if got != (Amount{}) {
			t.Errorf("%.80q: an amount beside an error: %v", text, got)
		}
		if f := fault.As(err)[0]; f.Kind != fault.Invalid || f.Field != Field {
			t.Errorf("%.80q: %v at %q", text, f.Kind, f.Field)
		}
	}
}

// The arguments are what the page shows: the character in the way, and the readings as buttons.
func TestParseRoubles_arguments(t *testing.T) {
	for text, want := range map[string][]any{
		"1.000":    {Roubles(100000), Roubles(100)},
		"1,000":    {Roubles(100000), Roubles(100)},
		"12,340":   {Roubles(1234000), Roubles(1234)},
		"999.990":  {Roubles(99999000), Roubles(99999)},
		"1,234":    {Roubles(123400)},
		"1,2345":   {4},
		"12a":      {"a"},
		"5.":       {"."},
		"1\u200b2": {"U+200B"},
		"1\t2":     {"U+0009"},
		"１":        {"１"},
	} {
		_, err := ParseRoubles(text)
		var f *fault.Error
		if !errors.As(err, &f) || !reflect.DeepEqual(f.Args, want) {
			t.Errorf("%q: %v, args %v; want %v", text, err, f.Args, want)
		}
	}
	_, err := ParseRoubles("1.000")
	if got := Readings(err); !reflect.DeepEqual(got, []Amount{Roubles(100000), Roubles(100)}) {
		t.Errorf("readings: %v", got)
	}
	// A button posts Plain, which must not be ambiguous again.
	for _, r := range Readings(err) {
		if got, err := ParseRoubles(r.Plain()); err != nil || got != r {
			t.Errorf("reading %v comes back as %v, %v", r, got, err)
		}
	}
	if _, err := ParseRoubles("x"); Readings(err) != nil || Readings(nil) != nil {
		t.Error("readings of another fault")
	}
}

func TestParseRoubles_plainComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Roubles(rapid.Int64Range(1, math.MaxInt64).Draw(t, "kopecks"))
		if got, err := ParseRoubles(a.Plain()); err != nil || got != a {
			t.Fatalf("%s: %v, %v", a.Plain(), got, err)
		}
	})
}

// Whatever is read is read the same with the signs of the other custom: no text has two silent meanings.
func TestParseRoubles_signsSwapped(t *testing.T) {
	swap := strings.NewReplacer(".", ",", ",", ".")
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune("0123459., ")), 1, 12, -1).Draw(t, "text")
		a, errA := ParseRoubles(s)
		b, errB := ParseRoubles(swap.Replace(s))
		if a != b || code(errA) != code(errB) {
			t.Fatalf("%q: %v %v; swapped %v %v", s, a, errA, b, errB)
		}
	})
}

func checkParse(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string) {
	t.Helper()
	a, err := ParseRoubles(s)
	if err == nil {
		if !a.Positive() || a.Currency != RUB {
			t.Fatalf("%q: %v", s, a)
		}
		if b, err := ParseRoubles(a.Plain()); err != nil || b != a {
			t.Fatalf("%q: %v comes back as %v, %v", s, a, b, err)
		}
		return
	}
	l := fault.As(err)
	if len(l) != 1 || l[0].Kind != fault.Invalid || l[0].Field != Field || !slices.Contains(Codes(), l[0].Code) {
		t.Fatalf("%q: %v", s, err)
	}
	if want := map[string]int{CodeAmbiguous: 2, CodeUnclear: 1}[l[0].Code]; len(Readings(err)) != want {
		t.Fatalf("%q: %v has %d readings", s, err, len(Readings(err)))
	}
}

func TestParseRoubles_anything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkParse(t, rapid.String().Draw(t, "text")) })
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "1", "1 234,56", "1,234.56", "1.000", "1e5", "5 руб.", "−1", "١", "\xff", "92233720368547758,08", "1\u00a0000,5₽"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkParse(t, s) })
}
