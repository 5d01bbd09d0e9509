package bankdetails

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"countersign/internal/fault"
)

// Longest texts, in characters (runes) after NFC and trimming.
const (
	NameMax    = 160  // payment orders limit names so; the bank's own limit is unknown (bank131-api §12)
	PurposeMax = 210  // the bank's limit, in characters, not bytes (bank131-api §2, §12)
	OwnRefMax  = 40   // ours: never sent to the bank
	NoteMax    = 500  // ours: never sent to the bank
	TypedMax   = 2000 // of anything a draft keeps
)

// CheckName returns the name as it goes to the bank: NFC, plain spaces, trimmed. It wants 1 to 160 characters
// with at least one letter, none of them invisible. It fails with full_name.empty, .too_long, .encoding,
// .line_break, .chars or .letters; the text is returned all the same.
func CheckName(s string) (string, *fault.Error) {
	clean, f := text(FieldName, s, 1, NameMax)
	if f == nil && !strings.ContainsFunc(clean, unicode.IsLetter) {
		f = fault.Bad(FieldName, CodeNameLetters)
	}
	return clean, f
}

// CheckPurpose returns the purpose of the payment as it goes to the bank: NFC, plain spaces, trimmed. It wants
// 1 to 210 characters, none of them invisible, and no ? or ! (bank131-api §2). "№" is in the bank's own
// examples. It fails with description.empty, .too_long, .encoding, .line_break, .chars or .banned; the text
// is returned all the same.
func CheckPurpose(s string) (string, *fault.Error) {
	clean, f := text(FieldPurpose, s, 1, PurposeMax)
	if f != nil {
		return clean, f
	}
	at := 0
	for _, r := range clean {
		at++
		if r == '?' || r == '!' {
			return clean, fault.Bad(FieldPurpose, CodePurposeBanned, string(r), at)
		}
	}
	return clean, nil
}

// CheckOwnRef returns the number of the document in the books: NFC, plain spaces, trimmed, at most 40
// characters; may be empty. It fails with own_ref.too_long, .encoding, .line_break or .chars.
func CheckOwnRef(s string) (string, *fault.Error) { return text(FieldOwnRef, s, 0, OwnRefMax) }

// CheckNote returns the basis (contract, act, invoice): one line, NFC, plain spaces, trimmed, at most 500
// characters; may be empty. It fails with note.too_long, .encoding, .line_break or .chars.
func CheckNote(s string) (string, *fault.Error) { return text(FieldNote, s, 0, NoteMax) }

// CheckTyped refuses at any field what is too large even for a draft, which otherwise keeps what was typed:
// more than 2000 characters. It fails with typed.too_long at the field.
func CheckTyped(field, s string) *fault.Error {
	if len(s) > TypedMax && utf8.RuneCountInString(s) > TypedMax {
		return fault.Bad(field, CodeTyped, TypedMax)
	}
	return nil
}

// PurposeLeft returns how many characters are left of the purpose as typed; below zero if it is too long.
func PurposeLeft(s string) int { return PurposeMax - utf8.RuneCountInString(cleanText(s)) }

func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, norm.NFC.String(s))
	return strings.TrimSpace(s)
}

// text cleans a text and finds the first thing wrong with it. The order is that of use to a reader: what
// cannot be shown before what is too long.
func text(field, s string, least, most int) (string, *fault.Error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return strings.ToValidUTF8(strings.TrimSpace(s), string(utf8.RuneError)), fault.Bad(field, field+"."+endEncoding)
	}
	s = cleanText(s)
	n, marks := 0, 0
	for _, r := range s {
		n++
		if unicode.IsMark(r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case isLineBreak(r):
			return s, fault.Bad(field, field+"."+endLineBreak, n)
		case isUnseen(r), marks > 2:
			return s, fault.Bad(field, field+"."+endChars, show(r), n)
		}
	}
	if n < least {
		return s, fault.Bad(field, field+"."+endEmpty)
	}
	if n > most {
		return s, fault.Bad(field, field+"."+endTooLong, n, most)
	}
	return s, nil
}

func isLineBreak(r rune) bool {
	return r >= '\n' && r <= '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// isUnseen finds characters that a reader cannot see or that change how others are shown: control (Cc),
// format (Cf: bidi, zero-width, soft hyphen, tags), private use, unassigned, variation selectors, and the
// letters that are drawn as nothing.
func isUnseen(r rune) bool {
	switch {
	case !unicode.IsGraphic(r): // Cc, Cf, Co, Cs, Cn, Zl, Zp
		return true
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return true
	}
	return r == '\u2800' // a Braille cell without a dot
}

// show names a character for a sentence: itself, or its number where it could not be seen alone.
func show(r rune) string {
	if r == utf8.RuneError || isUnseen(r) || unicode.IsSpace(r) || unicode.IsMark(r) {
		return fmt.Sprintf("U+%04X", r)
	}
	return string(r)
}

// MixedScript reports whether one word of a name has letters of two alphabets ("Ivаnov" with a Cyrillic а):
// no honest name has, and it makes two different names look the same. Words beside each other may differ
// ("ООО Vector"), and so may parts joined by a hyphen ("IT-отдел").
func MixedScript(name string) bool {
	word := scriptNone
	for _, r := range norm.NFC.String(name) {
		if unicode.IsMark(r) || unicode.IsDigit(r) || r == '\'' || r == '’' || r == 'ʼ' {
			continue // inside the word, of no alphabet
		}
		if !unicode.IsLetter(r) {
			word = scriptNone
			continue
		}
		s := scriptOf(r)
		if word != scriptNone && s != word {
			return true
		}
		word = s
	}
	return false
}

type script uint8

const (
	scriptNone script = iota
	scriptLatin
	scriptCyrillic
	scriptGreek
	scriptOther // all the rest is one: Japanese words use three
)

func scriptOf(letter rune) script {
	switch {
	case unicode.Is(unicode.Latin, letter):
		return scriptLatin
	case unicode.Is(unicode.Cyrillic, letter):
		return scriptCyrillic
	case unicode.Is(unicode.Greek, letter):
		return scriptGreek
	}
	return scriptOther
}

// HasVAT reports whether a purpose says anything about VAT: the word НДС or VAT, in any case, or the tax's
// full name (bank131-api §12: the purpose must state whether VAT applies). What it says is not judged.
func HasVAT(purpose string) bool {
	s := strings.ToLower(norm.NFC.String(purpose))
	return hasWord(s, "ндс") || hasWord(s, "vat") ||
		strings.Contains(s, "налог на добавленную стоимость") || strings.Contains(s, "налога на добавленную стоимость") ||
		strings.Contains(s, "налогом на добавленную стоимость")
}

// hasWord finds a word with no letter at either side of it; digits may stand there ("НДС20%").
func hasWord(s, word string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(word):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from = i + len(word)
	}
}

// NormalizeName returns a form of a name for comparing and searching only: case, ё, kinds of quotes, dashes
// and spaces no longer count. It is never stored as the name, shown, or sent.
func NormalizeName(s string) string {
	s = norm.NFKD.String(strings.ToLower(norm.NFKC.String(s)))
	base := ' ' // the letter that combining marks stand on
	s = strings.Map(func(r rune) rune {
		if !unicode.IsMark(r) {
			base = r
		}
		switch {
		case base == 'е' && r == '\u0308': // ё, taken apart
			return -1
		case unicode.Is(unicode.Quotation_Mark, r):
			return -1
		case unicode.Is(unicode.Dash, r):
			return '-'
		case isUnseen(r) && !unicode.IsSpace(r):
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}
