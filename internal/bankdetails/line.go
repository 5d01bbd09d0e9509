package bankdetails

import (
	"golang.org/x/text/unicode/norm"

	"countersign/internal/fault"
)

// CheckLine is the rule of every text here for a field of another package: one line, NFC, plain spaces, trimmed, least to most characters, none
// of them invisible. It fails at field code with code.empty, .too_long, .encoding, .line_break or .chars, arguments as in this package; the text
// is returned all the same.
func CheckLine(code, s string, least, most int) (string, *fault.Error) {
	return text(code, s, least, most)
}

// CleanKPP is a KPP as Check stores it: without white space, Latin letters large.
func CleanKPP(s string) string { return upperLatin(CleanDigits(s)) }

// NFC is the one spelling of a text in which characters that can be written in several ways are kept and compared.
func NFC(s string) string { return norm.NFC.String(s) }
