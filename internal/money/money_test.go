package money

import (
	"math"
	"testing"

	"countersign/internal/fault"
)

func code(err error) string {
	if l := fault.As(err); len(l) > 0 {
		return l[0].Code
	}
	if err != nil {
		return "not a fault: " + err.Error()
	}
	return ""
}

// Sums never wrap round and never mix currencies: a wrong total is worse than none.
func TestArithmetic(t *testing.T) {
	const big = math.MaxInt64
	usd := func(minor int64) Amount { return Amount{Minor: minor, Currency: "USD"} }
	add := func(a, b Amount) (Amount, error) { return a.Add(b) }
	sub := func(a, b Amount) (Amount, error) { return a.Sub(b) }
	for name, c := range map[string]struct {
		do   func(a, b Amount) (Amount, error)
		a, b Amount
		want int64
		code string
	}{
		"add":                      {add, Roubles(100), Roubles(23), 123, ""},
		"add to the limit":         {add, Roubles(big - 1), Roubles(1), big, ""},
		"add nothing to the limit": {add, Roubles(big), Roubles(0), big, ""},
		"add over the limit":       {add, Roubles(big), Roubles(1), 0, CodeOverflow},
		"add twice the limit":      {add, Roubles(big), Roubles(big), 0, CodeOverflow},
		"add below the limit":      {add, Roubles(math.MinInt64), Roubles(-1), 0, CodeOverflow},
		"add currencies":           {add, Roubles(1), usd(1), 0, CodeCurrency},
		"sub":                      {sub, Roubles(100), Roubles(23), 77, ""},
		"sub to nothing":           {sub, Roubles(big), Roubles(big), 0, ""},
		"sub below nothing":        {sub, Roubles(23), Roubles(100), 0, CodeNegative},
		"sub currencies":           {sub, Roubles(1), usd(1), 0, CodeCurrency},
		"sub a debt":               {sub, Roubles(5), Roubles(-5), 10, ""},
		"sub a debt over limit":    {sub, Roubles(big), Roubles(-1), 0, CodeOverflow},
		"sub the largest debt":     {sub, Roubles(-1), Roubles(math.MinInt64), big, ""},
		"sub the largest debt + 1": {sub, Roubles(0), Roubles(math.MinInt64), 0, CodeOverflow},
	} {
		got, err := c.do(c.a, c.b)
		if code(err) != c.code {
			t.Errorf("%s: code %q, want %q", name, code(err), c.code)
			continue
		}
		if err == nil && got != Roubles(c.want) {
			t.Errorf("%s: %v, want %d", name, got, c.want)
		}
		if err != nil && got != (Amount{}) {
			t.Errorf("%s: an amount beside an error: %v", name, got)
		}
	}
}

func TestSum(t *testing.T) {
	if got, err := Sum(RUB); err != nil || got != Roubles(0) {
		t.Errorf("sum of none: %v, %v", got, err)
	}
	if got, err := Sum(RUB, Roubles(1), Roubles(2), Roubles(3)); err != nil || got != Roubles(6) {
		t.Errorf("sum: %v, %v", got, err)
	}
	if _, err := Sum(RUB, Roubles(math.MaxInt64), Roubles(1)); code(err) != CodeOverflow {
		t.Errorf("overflow: %v", err)
	}
	if _, err := Sum(RUB, Roubles(1), Amount{Minor: 1, Currency: "USD"}); code(err) != CodeCurrency {
		t.Errorf("currencies: %v", err)
	}
}

func TestCompare(t *testing.T) {
	one, two, usd := Roubles(1), Roubles(2), Amount{Minor: 1, Currency: "USD"}
	for _, c := range []struct {
		a, b Amount
		want int
	}{{one, two, -1}, {two, one, 1}, {one, one, 0}} {
		if got, err := c.a.Cmp(c.b); err != nil || got != c.want {
			t.Errorf("%v cmp %v: %d, %v", c.a, c.b, got, err)
		}
	}
	if _, err := one.Cmp(usd); code(err) != CodeCurrency {
		t.Errorf("two currencies: %v", err)
	}
	// A limit in one currency lets nothing in another pass.
	if usd.AtMost(two) || one.AtMost(usd) || usd.Below(two) || one.Equal(usd) {
		t.Error("two currencies compare")
	}
	if !one.AtMost(one) || !one.AtMost(two) || two.AtMost(one) || one.Below(one) || !one.Below(two) || !one.Equal(Roubles(1)) {
		t.Error("one currency compares wrongly")
	}
	if !(Amount{}).IsZero() || one.IsZero() || !one.Positive() || Roubles(0).Positive() || Roubles(-1).Positive() {
		t.Error("zero and positive")
	}
}

func TestPlain(t *testing.T) {
	for kopecks, want := range map[int64]string{
		0: "0.00", 1: "0.01", 10: "0.10", 100: "1.00", 123456: "1234.56", -1: "-0.01", -12345: "-123.45",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		if got := Roubles(kopecks).Plain(); got != want {
			t.Errorf("%d: %q, want %q", kopecks, got, want)
		}
	}
}
