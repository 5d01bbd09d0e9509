package payee

import (
	"slices"
	"strconv"
	"strings"

	"countersign/internal/bankdetails"
	"countersign/internal/fault"
)

// Kind is what sort of payee this is; a stable code.
type Kind string

// The kinds.
const (
	Person  Kind = "person"
	Sole    Kind = "sole"    // sole proprietor (ИП)
	Company Kind = "company" // any other legal person
)

// Kinds lists them all, in the order of the form.
func Kinds() []Kind { return []Kind{Person, Sole, Company} }

// Account is one account of a payee.
type Account struct {
	BIK    string // 9 digits
	Number string // 20 digits
	Label  string // the desk's own name for it, at most MaxLabel characters; may be empty
}

// AccountKey is what makes an account the same one: two banks may keep the same number.
type AccountKey struct{ BIK, Number string }

// Key returns what the account is matched by.
func (a Account) Key() AccountKey { return AccountKey{a.BIK, a.Number} }

// Content is what a version of a payee says. A cleaned one came from Clean; a submitted one also passed Check.
type Content struct {
	Kind        Kind
	FullName    string
	INN         string // person: 12 digits or empty; sole proprietor: 12; company: 10
	KPP         string // companies only, 9 characters
	Note        string // the desk's own remark, never sent
	Accounts    []Account
	Groups      []string // for rules and lists; not personal: they stand in the history
	Description string   // the usual purpose of a payment; may be empty
	// Erased: the personal part of this version was cleared; only Kind and Groups are known.
	Erased bool
}

// Sizes: what a draft may hold, and the rules' own limits.
const (
	MaxDraftField = 8000 // bytes of one field as typed; of all groups together
	MaxDraftLines = 100  // typed account lines, empty ones too; typed groups
	MaxAccounts   = 20
	MaxLabel      = 40 // characters
	MaxGroups     = 20
	MaxGroup      = 40 // characters
)

// The form fields. Those of accounts carry the line: see LineField.
const (
	FieldKind        = "kind"
	FieldName        = bankdetails.FieldName
	FieldINN         = bankdetails.FieldINN
	FieldKPP         = bankdetails.FieldKPP
	FieldNote        = bankdetails.FieldNote
	FieldDescription = bankdetails.FieldPurpose
	FieldBIK         = bankdetails.FieldBIK
	FieldAccount     = bankdetails.FieldAccount
	FieldLabel       = "label"
	FieldGroups      = "groups"
)

// LineField names the field of one account line, counted from 1: "bik-1", "account-1", "label-1".
func LineField(field string, line int) string { return field + "-" + strconv.Itoa(line) }

// The codes of this package; all Invalid. Arguments in brackets. The others come from bankdetails.
const (
	CodeKind          = "payee.kind"           // none of Kinds []
	CodeINNPerson     = "payee.inn.person"     // neither empty nor 12 digits [found: int]
	CodeINNSole       = "payee.inn.sole"       // not 12 digits [found: int, 0 if empty]
	CodeINNCompany    = "payee.inn.company"    // not 10 digits [found: int, 0 if empty]
	CodeKPPNone       = "payee.kpp.none"       // only companies have one []
	CodeAccountsNone  = "payee.accounts.none"  // at bik-1 []
	CodeAccountsMany  = "payee.accounts.many"  // at bik-N of the first line too many [most: int]
	CodeAccountsTwice = "payee.accounts.twice" // at account-N of the later line [line of the first: int]
	CodeAccountKind   = "payee.account.kind"   // a company's account, which needs a KPP, on a payee without one [bankdetails.Kind]
	CodeGroups        = "payee.groups"         // too many, too long, or a comma, semicolon or invisible character [most groups: int, most characters: int]

	codeLabel = "payee.label" // + .too_long [found, most], .encoding [], .line_break [at], .chars [char, at]
)

// Codes lists the fault codes that only this package gives, so that the catalogue of texts can be checked for gaps.
func Codes() []string {
	return []string{
		CodeKind, CodeINNPerson, CodeINNSole, CodeINNCompany, CodeKPPNone, CodeAccountsNone, CodeAccountsMany, CodeAccountsTwice,
		CodeAccountKind, CodeGroups, codeLabel + ".too_long", codeLabel + ".encoding", codeLabel + ".line_break", codeLabel + ".chars",
	}
}

// ParseGroups splits what was typed into the one field of groups, at commas, semicolons and line breaks. Clean does the rest.
func ParseGroups(typed string) []string {
	return strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' })
}

// SizeOK refuses what is too large even for a draft, at its field: typed.too_long, or payee.accounts.many for too many lines. Ask it
// before Clean.
func (c Content) SizeOK() fault.List {
	var l fault.List
	size := func(field, s string) {
		if len(s) > MaxDraftField {
			l = append(l, fault.Bad(field, bankdetails.CodeTyped, MaxDraftField))
		}
	}
	size(FieldKind, string(c.Kind))
	for _, f := range c.texts() {
		size(f.name, f.value)
	}
	for i, a := range c.Accounts {
		if i == MaxDraftLines {
			l = append(l, fault.Bad(LineField(FieldBIK, i+1), CodeAccountsMany, MaxAccounts))
			break
		}
		size(LineField(FieldBIK, i+1), a.BIK)
		size(LineField(FieldAccount, i+1), a.Number)
		size(LineField(FieldLabel, i+1), a.Label)
	}
	bytes := 0
	for _, g := range c.Groups {
		bytes += len(g)
	}
	switch {
	case len(c.Groups) > MaxDraftLines:
		l = append(l, groupsFault())
	case bytes > MaxDraftField:
		l = append(l, fault.Bad(FieldGroups, bankdetails.CodeTyped, MaxDraftField))
	}
	return l
}

type named struct{ name, value string }

// texts are the personal values but those of the accounts, in reading order.
func (c Content) texts() []named {
	return []named{
		{FieldName, c.FullName}, {FieldINN, c.INN}, {FieldKPP, c.KPP}, {FieldNote, c.Note}, {FieldDescription, c.Description},
	}
}

// Clean is the content as it is stored: texts in NFC without outer spaces, numbers without the spaces people type, account lines with nothing
// in them dropped, groups in small letters, sorted, each once. A kind that is none of Kinds becomes empty: it is no personal value, and what
// somebody slipped in there would stand in the history for good. What else cannot be cleaned stays as typed. Clean of cleaned content changes
// nothing.
func (c Content) Clean() Content {
	if !slices.Contains(Kinds(), c.Kind) {
		c.Kind = ""
	}
	c.FullName, _ = bankdetails.CheckName(c.FullName)
	c.INN = bankdetails.CleanDigits(c.INN)
	c.KPP = bankdetails.CleanKPP(c.KPP)
	c.Note, _ = bankdetails.CheckNote(c.Note)
	c.Description, _ = bankdetails.CheckPurpose(c.Description)
	var accounts []Account
	for _, a := range c.Accounts {
		if a = a.clean(); a != (Account{}) {
			accounts = append(accounts, a)
		}
	}
	c.Accounts = accounts
	var groups []string
	for _, g := range c.Groups {
		if g = cleanGroup(g); g != "" {
			groups = append(groups, g)
		}
	}
	slices.Sort(groups)
	c.Groups = slices.Compact(groups)
	return c
}

func (a Account) clean() Account {
	label, _ := checkLabel(a.Label)
	return Account{BIK: bankdetails.CleanDigits(a.BIK), Number: bankdetails.CleanDigits(a.Number), Label: label}
}

func checkLabel(s string) (string, *fault.Error) {
	return bankdetails.CheckLine(codeLabel, s, 0, MaxLabel)
}

// cleanGroup cleans twice: a small letter may compose with its mark where the capital did not.
func cleanGroup(s string) string {
	s, _ = bankdetails.CheckLine(CodeGroups, s, 0, MaxGroup)
	s, _ = bankdetails.CheckLine(CodeGroups, strings.ToLower(s), 0, MaxGroup)
	return s
}

// Check says everything that refuses a submission, each fault at its field, at most one a field, in reading order. It takes typed and cleaned
// content alike; the lines it names are those of c.Accounts as they stand, so give it what was typed to have the messages where they belong.
func (c Content) Check() fault.List {
	if l := c.SizeOK(); len(l) > 0 {
		return l
	}
	var l fault.List
	add := func(f *fault.Error) {
		if f != nil {
			l = append(l, f)
		}
	}
	clean := c.Clean()
	if clean.Kind == "" {
		add(fault.Bad(FieldKind, CodeKind))
	}
	_, f := bankdetails.CheckName(clean.FullName)
	add(f)
	add(clean.checkINN())
	add(clean.checkKPP())
	_, f = bankdetails.CheckNote(clean.Note)
	add(f)
	if clean.Description != "" {
		_, f = bankdetails.CheckPurpose(clean.Description)
		add(f)
	}
	l = append(l, c.checkAccounts(clean.Kind)...)
	add(checkGroups(clean.Groups))
	return l
}

// checkINN and checkKPP are for cleaned content. With no kind chosen yet only the number itself is judged.
func (c Content) checkINN() *fault.Error {
	f := bankdetails.CheckINN(c.INN)
	if f != nil && f.Code == bankdetails.CodeINNDigits {
		return f
	}
	n := len(c.INN)
	switch {
	case c.Kind == Person && n != 0 && n != 12:
		return fault.Bad(FieldINN, CodeINNPerson, n)
	case c.Kind == Sole && n != 12:
		return fault.Bad(FieldINN, CodeINNSole, n)
	case c.Kind == Company && n != 10:
		return fault.Bad(FieldINN, CodeINNCompany, n)
	}
	if n == 0 && c.Kind == Person {
		for _, a := range c.Accounts { // a company's account is refused at the account
			if k := bankdetails.AccountKind(a.Number); bankdetails.NeedINN(a.Number) && k != bankdetails.KindCompany {
				return fault.Bad(FieldINN, bankdetails.CodeINNEmpty, k)
			}
		}
	}
	return f
}

func (c Content) checkKPP() *fault.Error {
	if c.KPP != "" && (c.Kind == Person || c.Kind == Sole) {
		return fault.Bad(FieldKPP, CodeKPPNone)
	}
	if c.KPP == "" && c.Kind == Company {
		for _, a := range c.Accounts {
			if bankdetails.NeedKPP(a.Number) {
				return fault.Bad(FieldKPP, bankdetails.CodeKPPEmpty, bankdetails.AccountKind(a.Number))
			}
		}
	}
	return bankdetails.CheckKPP(c.KPP)
}

// checkAccounts walks the lines as they stand, for their numbers.
func (c Content) checkAccounts(kind Kind) fault.List {
	var l fault.List
	count := 0
	first := map[AccountKey]int{}
	for i, typed := range c.Accounts {
		line, a := i+1, typed.clean()
		if a == (Account{}) {
			continue
		}
		if count++; count > MaxAccounts {
			return append(l, fault.Bad(LineField(FieldBIK, line), CodeAccountsMany, MaxAccounts))
		}
		bik, number := bankdetails.CheckBIK(a.BIK), bankdetails.CheckAccount(a.Number)
		switch before := first[a.Key()]; {
		case number != nil:
		case bik == nil && before != 0:
			number = fault.Bad("", CodeAccountsTwice, before)
		case bankdetails.NeedKPP(a.Number) && (kind == Person || kind == Sole):
			number = fault.Bad("", CodeAccountKind, bankdetails.AccountKind(a.Number))
		}
		if first[a.Key()] == 0 {
			first[a.Key()] = line
		}
		_, label := checkLabel(typed.Label)
		for _, f := range []struct {
			*fault.Error
			field string
		}{{bik, FieldBIK}, {number, FieldAccount}, {label, FieldLabel}} {
			if f.Error != nil {
				l = append(l, f.At(LineField(f.field, line)))
			}
		}
	}
	if count == 0 {
		l = append(l, fault.Bad(LineField(FieldBIK, 1), CodeAccountsNone))
	}
	return l
}

func checkGroups(clean []string) *fault.Error {
	if len(clean) > MaxGroups {
		return groupsFault()
	}
	for _, g := range clean {
		if _, f := bankdetails.CheckLine(CodeGroups, g, 0, MaxGroup); f != nil || strings.ContainsAny(g, ",;") {
			return groupsFault()
		}
	}
	return nil
}

func groupsFault() *fault.Error { return fault.Bad(FieldGroups, CodeGroups, MaxGroups, MaxGroup) }

// Warned is one warning at its form field.
type Warned struct {
	Field   string
	Warning bankdetails.Warning
}

// Warnings says what may be right and must be looked at, in reading order: mixed_script at full_name, note and description, account_key at
// account-N. None of them ever blocks. Lines are numbered as in Check; accounts that Check refuses give none.
func (c Content) Warnings() []Warned {
	var out []Warned
	for _, f := range []named{{FieldName, c.FullName}, {FieldNote, c.Note}, {FieldDescription, c.Description}} {
		if bankdetails.MixedScript(f.value) {
			out = append(out, Warned{f.name, bankdetails.WarnMixedScript})
		}
	}
	for i, a := range c.Accounts {
		a = a.clean()
		if bankdetails.CheckBIK(a.BIK) == nil && bankdetails.CheckAccount(a.Number) == nil && !bankdetails.AccountKeyOK(a.BIK, a.Number) {
			out = append(out, Warned{LineField(FieldAccount, i+1), bankdetails.WarnAccountKey})
		}
	}
	return out
}

// SearchText is what lists search in: name, INN, KPP, note, purpose, labels, groups, and BIK with the last four digits of each account, one a
// line, each in the form of bankdetails.NormalizeName. Normalise the question in the same way.
func SearchText(c Content) string {
	var lines []string
	add := func(s string) {
		if s = bankdetails.NormalizeName(s); s != "" {
			lines = append(lines, s)
		}
	}
	for _, f := range c.texts() {
		add(f.value)
	}
	for _, a := range c.Accounts {
		add(a.BIK)
		if bankdetails.CheckAccount(a.Number) == nil {
			add(a.Number[len(a.Number)-4:])
		}
		add(a.Label)
	}
	for _, g := range c.Groups {
		add(g)
	}
	return strings.Join(lines, "\n")
}
