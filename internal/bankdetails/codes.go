package bankdetails

// The form fields that faults of this package belong to, in the bank's words (bank131-api §2).
const (
	FieldName    = "full_name"
	FieldBIK     = "bik"
	FieldAccount = "account"
	FieldINN     = "inn"
	FieldKPP     = "kpp"
	FieldPurpose = "description"
	FieldOwnRef  = "own_ref"
	FieldNote    = "note"
)

// The codes of numbers. Each belongs to the field before its point; all are Invalid. Arguments in brackets:
// "char" is a string, the character itself or "U+200B" for one that cannot be seen; "at" is an int, its
// place counted from 1 without spaces; "found" and "want" are ints, numbers of digits.
const (
	CodeBIKEmpty  = "bik.empty"  // []
	CodeBIKDigits = "bik.digits" // not 0-9 [char, at]
	CodeBIKLength = "bik.length" // not 9 digits [found, want]

	CodeAccountEmpty    = "account.empty"    // []
	CodeAccountDigits   = "account.digits"   // not 0-9 [char, at]
	CodeAccountLength   = "account.length"   // not 20 digits [found, want]
	CodeAccountPrefix   = "account.prefix"   // the bank does not pay to such accounts [first five digits: string]
	CodeAccountCurrency = "account.currency" // digits 6-8 are not 810 [those three digits: string]

	CodeINNEmpty  = "inn.empty"  // this kind of account needs one [Kind]
	CodeINNDigits = "inn.digits" // not 0-9 [char, at]
	CodeINNLength = "inn.length" // neither 10 nor 12 digits [found]
	CodeINNCheck  = "inn.check"  // the check digits do not fit: a typing error []

	CodeKPPEmpty  = "kpp.empty"  // this kind of account needs one [Kind]
	CodeKPPLength = "kpp.length" // not 9 characters [found, want]
	CodeKPPChars  = "kpp.chars"  // a character out of place [char, at]
)

// The endings of the codes of texts: "<field>.<ending>", for full_name, description, own_ref and note.
// All are Invalid at that field. "at" counts characters of the trimmed text from 1.
const (
	endEmpty     = "empty"      // [] (full_name, description)
	endTooLong   = "too_long"   // [found: int, most: int], in characters
	endEncoding  = "encoding"   // not valid UTF-8, or U+FFFD where a program lost a character []
	endLineBreak = "line_break" // [at]
	endChars     = "chars"      // control, bidi, zero-width or other invisible character [char, at]

	CodeNameLetters   = "full_name.letters"  // a name without a single letter []
	CodePurposeBanned = "description.banned" // the bank takes no ? and no ! [char, at]
)

// CodeTyped refuses what is too large even for a draft, at whatever field it stands in [most characters: int].
const CodeTyped = "typed.too_long"

// Codes lists every fault code of this package, so that the catalogue of texts can be checked for gaps.
func Codes() []string {
	codes := []string{
		CodeBIKEmpty, CodeBIKDigits, CodeBIKLength,
		CodeAccountEmpty, CodeAccountDigits, CodeAccountLength, CodeAccountPrefix, CodeAccountCurrency,
		CodeINNEmpty, CodeINNDigits, CodeINNLength, CodeINNCheck,
		CodeKPPEmpty, CodeKPPLength, CodeKPPChars,
		FieldName + "." + endEmpty, FieldPurpose + "." + endEmpty,
		CodeNameLetters, CodePurposeBanned, CodeTyped,
	}
	for _, field := range []string{FieldName, FieldPurpose, FieldOwnRef, FieldNote} {
		for _, end := range []string{endTooLong, endEncoding, endLineBreak, endChars} {
			codes = append(codes, field+"."+end)
		}
	}
	return codes
}
