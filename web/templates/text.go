package templates

import "strconv"

// foreign reports whether a text is Russian on a page that is not, so that it needs a lang attribute.
func foreign(p *Page, s string) bool { return p.Lang != "ru" && cyrillic(s) }

// nameLang is the language of a name.
func nameLang(p *Page, s string) string {
	if cyrillic(s) {
		return "ru"
	}
	return p.Lang
}

// cyrillic looks at the first letters only: names and purposes are of one language nearly always.
func cyrillic(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case r >= 0x400 && r <= 0x4FF:
			return true
		case r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z':
			return false
		}
		if n++; n > 40 {
			return false
		}
	}
	return false
}

func i64(n int64) string { return strconv.FormatInt(n, 10) }
