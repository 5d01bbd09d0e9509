package payee

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Spec names the form of a Doc.
const Spec = "payee/1"

// ErrAltered is in the chain when the stored parts of a version do not belong together: a value without its commitment, or a form that is not
// ours. It is never a person's mistake.
var ErrAltered = errors.New("payee version altered")

// Doc is the canonical document of one version: what its digest is taken over and what the history keeps. It holds no personal value, only
// commitments to them. Keys are sorted, so that the history's canonical form of a checked version's document is the document itself.
type Doc struct {
	AccountCount int          `json:"account_count"`
	Accounts     []accountDoc `json:"accounts"`
	Description  string       `json:"description"` // from here: commitments, but for those said otherwise
	FullName     string       `json:"full_name"`
	GroupCount   int          `json:"group_count"`
	Groups       []string     `json:"groups"` // plain
	INN          string       `json:"inn"`
	Kind         Kind         `json:"kind"` // plain
	KPP          string       `json:"kpp"`
	Note         string       `json:"note"`
	Spec         string       `json:"spec"` // plain
}

type accountDoc struct {
	BIK    string `json:"bik"`
	Label  string `json:"label"`
	Number string `json:"number"`
}

type private struct {
	FullName    string           `json:"full_name"`
	INN         string           `json:"inn"`
	KPP         string           `json:"kpp"`
	Note        string           `json:"note"`
	Description string           `json:"description"`
	Accounts    []privateAccount `json:"accounts"`
}

type privateAccount struct {
	BIK    string `json:"bik"`
	Number string `json:"number"`
	Label  string `json:"label"`
}

// commitField names an account's value for its commitment. Three digits: no field's name may begin another's, since name and value follow
// each other in the hash without a mark between ("bik-1" + "0…" would be "bik-10" + "…"). Enough for MaxDraftLines.
func commitField(field string, line int) string { return fmt.Sprintf("%s-%03d", field, line) }

// Doc returns the canonical bytes of the version's Doc. commit binds a value to a field's name (payout.Salt.Commit with the version's own
// salt): full_name, inn, kpp, note, description, and bik-NNN, account-NNN, label-NNN with the account's place from 001. For cleaned content
// that passed SizeOK and is not erased; different ones have different bytes.
func (c Content) Doc(commit func(field, value string) string) []byte { return encode(c.doc(commit)) }

func (c Content) doc(commit func(field, value string) string) Doc {
	d := Doc{
		Spec: Spec, Kind: c.Kind, AccountCount: len(c.Accounts), GroupCount: len(c.Groups), Groups: append([]string{}, c.Groups...),
		FullName: commit(FieldName, c.FullName), INN: commit(FieldINN, c.INN), KPP: commit(FieldKPP, c.KPP), Note: commit(FieldNote, c.Note),
		Description: commit(FieldDescription, c.Description), Accounts: []accountDoc{},
	}
	for i, a := range c.Accounts {
		d.Accounts = append(d.Accounts, accountDoc{
			BIK:    commit(commitField(FieldBIK, i+1), a.BIK),
			Number: commit(commitField(FieldAccount, i+1), a.Number),
			Label:  commit(commitField(FieldLabel, i+1), a.Label),
		})
	}
	return d
}

// Private returns the personal values of a version as JSON: what stands beside its Doc and can be erased. For cleaned content.
func (c Content) Private() []byte {
	p := private{FullName: c.FullName, INN: c.INN, KPP: c.KPP, Note: c.Note, Description: c.Description, Accounts: []privateAccount{}}
	for _, a := range c.Accounts {
		p.Accounts = append(p.Accounts, privateAccount(a))
	}
	return encode(p)
}

// ParseDoc reads a Doc. It fails (ErrAltered) on anything that is not spelt as Doc spells it.
func ParseDoc(doc []byte) (Doc, error) {
	var d Doc
	if err := json.Unmarshal(doc, &d); err != nil {
		return Doc{}, fmt.Errorf("%w: document: %w", ErrAltered, err)
	}
	switch {
	case d.Spec != Spec:
		return Doc{}, fmt.Errorf("%w: document of the form %q", ErrAltered, d.Spec)
	case d.Accounts == nil || d.Groups == nil || !bytes.Equal(encode(d), doc):
		return Doc{}, fmt.Errorf("%w: document not in its canonical form", ErrAltered)
	case d.AccountCount != len(d.Accounts) || d.GroupCount != len(d.Groups):
		return Doc{}, fmt.Errorf("%w: document with wrong counts", ErrAltered)
	}
	return d, nil
}

// FromPrivate puts a version together again from its two stored parts and checks every commitment: content comes back only if doc and private
// are exactly what Doc and Private gave for it. With the private part erased (empty) it returns the kind and the groups, and Erased. It fails
// with ErrAltered, which names the field and never a value. That doc itself is the approved one is the caller's to check, by its digest.
func FromPrivate(doc, private []byte, commit func(field, value string) string) (Content, error) {
	d, err := ParseDoc(doc)
	if err != nil {
		return Content{}, err
	}
	c := Content{Kind: d.Kind}
	if len(d.Groups) > 0 {
		c.Groups = d.Groups
	}
	if len(private) == 0 {
		c.Erased = true
		return c, nil
	}
	if err := c.readPrivate(private); err != nil {
		return Content{}, err
	}
	if field := differs(d, c.doc(commit)); field != "" {
		return Content{}, fmt.Errorf("%w: %s does not fit its commitment", ErrAltered, field)
	}
	return c, nil
}

func (c *Content) readPrivate(b []byte) error {
	var p private
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("%w: the personal part cannot be read", ErrAltered) // the parser's own words may quote a value
	}
	c.FullName, c.INN, c.KPP, c.Note, c.Description = p.FullName, p.INN, p.KPP, p.Note, p.Description
	for _, a := range p.Accounts {
		c.Accounts = append(c.Accounts, Account(a))
	}
	if !bytes.Equal(c.Private(), b) {
		return fmt.Errorf("%w: the personal part is not in its form", ErrAltered)
	}
	return nil
}

// differs names the first field in which two documents differ, "" if they are the same.
func differs(a, b Doc) string {
	for _, f := range []struct{ name, a, b string }{
		{FieldName, a.FullName, b.FullName}, {FieldINN, a.INN, b.INN}, {FieldKPP, a.KPP, b.KPP}, {FieldNote, a.Note, b.Note},
		{FieldDescription, a.Description, b.Description},
	} {
		if f.a != f.b {
			return f.name
		}
	}
	if len(a.Accounts) != len(b.Accounts) {
		return "accounts"
	}
	for i, x := range a.Accounts {
		switch y := b.Accounts[i]; {
		case x.BIK != y.BIK:
			return LineField(FieldBIK, i+1)
		case x.Number != y.Number:
			return LineField(FieldAccount, i+1)
		case x.Label != y.Label:
			return LineField(FieldLabel, i+1)
		}
	}
	if !bytes.Equal(encode(a), encode(b)) {
		return "form"
	}
	return ""
}

// encode is compact JSON without HTML escapes.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings and ints only: cannot fail
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
