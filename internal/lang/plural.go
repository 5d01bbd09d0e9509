package lang

// Plural picks the form that goes with a number. Russian has three: 1, 21, 101 выплата (one); 2-4, 22
// выплаты (few); 0, 5-20, 25 выплат (many). English uses one for 1 and many for the rest; few is not read.
// The number itself is not printed. Below zero the sign does not count.
func Plural[N integer](t Tag, n N, one, few, many string) string {
	switch form(t, int64(n)) {
	case formOne:
		return one
	case formFew:
		return few
	}
	return many
}

type pluralForm uint8

const (
	formOne pluralForm = iota
	formFew
	formMany
)

func form(t Tag, n int64) pluralForm {
	if t != RU {
		if n == 1 || n == -1 {
			return formOne
		}
		return formMany
	}
	tens, units := abs(n%100), abs(n%10) // the remainder first: -n of the smallest number is itself
	switch {
	case tens >= 11 && tens <= 14:
		return formMany
	case units == 1:
		return formOne
	case units >= 2 && units <= 4:
		return formFew
	}
	return formMany
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
