package payout

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sort"

	"countersign/internal/bankdetails"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/money"
)

// ID names a payout: a UUIDv7 made by us.
type ID string

// Number is the short running number that people say on the phone.
type Number int64

// Content is what a version of a payout says: who, how much, what for. Texts of a draft are kept as typed
// (cleaned of outer spaces, NFC); a submitted content passed Check.
type Content struct {
	bankdetails.Details
	// Amount is zero while AmountText could not be read as an amount, or is over MaxAmount.
	Amount money.Amount
	// AmountText is what was typed into the amount field; kept so that a draft loses nothing.
	AmountText string
	OwnRef     string // number of the document in the books, never sent
	Note       string // basis: contract, act, invoice; never sent
	DueDate    string // the Moscow day on which it leaves, "2026-12-01"; "" as soon as it is approved
	PayeeID    string // the saved payee that it names, "" for a free entry
	PayeeVer   int    // and the version of it
	Source     string // how it was entered: "desk"
	Replaces   ID     // the payout this one replaces, "" for none
}

// Sizes: what a draft may hold in one field, in bytes, and the rules' own limits in characters.
const (
	MaxDraftField = 8000
	MaxOwnRef     = 40
	MaxNote       = 500
	MaxReason     = 500
)

// MaxAmount is the largest amount of one payout, kopecks: a trillion roubles. The desk keeps sums of many payouts in int64; one payout
// near that limit, were it only a draft, would leave no room for any other.
const MaxAmount = 1_000_000_000_000_00

// SizeOK refuses a draft field over MaxDraftField bytes, at its field, with code "field.long".
func (c Content) SizeOK() fault.List {
	var l fault.List
	for _, f := range c.texts() {
		if len(f.value) > MaxDraftField {
			l = append(l, fault.Bad(f.name, bankdetails.CodeTyped, MaxDraftField))
		}
	}
	// Events carry the due day as it is: only a day may stand there.
	if c.DueDate != "" && !calendar.Day(c.DueDate).Valid() {
		l = append(l, fault.Bad("due_date", "due.day"))
	}
	if len(c.AmountText) > 100 {
		l = append(l, fault.Bad("amount", bankdetails.CodeTyped, 100))
	}
	return l
}

type named struct{ name, value string }

func (c Content) texts() []named {
	return []named{
		{"full_name", c.FullName}, {"bik", c.BIK}, {"account", c.Account}, {"inn", c.INN}, {"kpp", c.KPP},
		{"description", c.Description}, {"own_ref", c.OwnRef}, {"note", c.Note},
	}
}

// Check says everything that refuses a submission, each fault at its field.
func (c Content) Check() fault.List {
	_, l := bankdetails.Check(c.Details)
	if c.Amount.Minor <= 0 || c.Amount.Minor > MaxAmount {
		switch a, err := money.ParseRoubles(c.AmountText); {
		case err != nil:
			l = append(l, fault.As(err)...)
		case a.Minor > MaxAmount, c.Amount.Minor > MaxAmount:
			l = append(l, fault.Bad("amount", money.CodeOverflow))
		default:
			l = append(l, fault.Bad("amount", money.CodeNotPositive))
		}
	}
	if _, f := bankdetails.CheckOwnRef(c.OwnRef); f != nil {
		l = append(l, f)
	}
	if _, f := bankdetails.CheckNote(c.Note); f != nil {
		l = append(l, f)
	}
	return l
}

// Clean is the content as it is stored: texts in NFC without outer spaces, numbers without the spaces people type, the amount read
// where it can be read. What cannot be cleaned stays as typed.
func (c Content) Clean() Content {
	c.Details, _ = bankdetails.Check(c.Details)
	c.OwnRef, _ = bankdetails.CheckOwnRef(c.OwnRef)
	c.Note, _ = bankdetails.CheckNote(c.Note)
	c.Amount = money.Amount{Currency: money.RUB}
	if a, err := money.ParseRoubles(c.AmountText); err == nil && a.Minor <= MaxAmount {
		c.Amount = a
	}
	return c
}

// SameTyped reports whether two cleaned contents say the same, in all that a person types.
func (c Content) SameTyped(o Content) bool {
	return c.Details == o.Details && c.Amount == o.Amount && (c.Amount.Minor != 0 || c.AmountText == o.AmountText) && c.OwnRef == o.OwnRef && c.Note == o.Note &&
		c.DueDate == o.DueDate && c.PayeeID == o.PayeeID && c.PayeeVer == o.PayeeVer
}

// Erased reports whether every personal text was cleared: then nothing is left that its commitments could prove.
func (c Content) Erased() bool {
	for _, f := range c.texts() {
		if f.value != "" {
			return false
		}
	}
	return c.AmountText == ""
}

// Salt is the secret of one version's commitments: 32 random bytes, made outside.
type Salt [32]byte

// Commit binds a value without telling it: hex SHA-256(salt ‖ field name ‖ value), as design.md says. No field's name begins another's,
// so name and value cannot run together.
func (s Salt) Commit(field, value string) string {
	h := sha256.New()
	h.Write(s[:])
	h.Write([]byte(field))
	h.Write([]byte(value))
	return hex.EncodeToString(h.Sum(nil))
}

// Commitments are the commitments to the personal fields of one version, by field name.
func (c Content) Commitments(s Salt) map[string]string {
	m := map[string]string{}
	for _, f := range c.texts() {
		m[f.name] = s.Commit(f.name, f.value)
	}
	return m
}

// Digest is the hex SHA-256 over the canonical content of one version: what an approval signs.
type Digest string

// Short is the version code that pages show.
func (d Digest) Short() string {
	if len(d) < 8 {
		return string(d)
	}
	return string(d[:8])
}

// canonical is payout/1: fixed order, every field always there.
type canonical struct {
	Spec         string   `json:"spec"`
	Kind         string   `json:"kind"`
	Environment  string   `json:"environment"`
	Project      string   `json:"project"`
	ID           string   `json:"id"`
	Version      int      `json:"version"`
	AmountMinor  int64    `json:"amount_minor"`
	Currency     string   `json:"currency"`
	FullName     string   `json:"full_name"`
	BIK          string   `json:"bik"`
	Account      string   `json:"account"`
	INN          string   `json:"inn"`
	KPP          string   `json:"kpp"`
	Description  string   `json:"description"`
	OwnRef       string   `json:"own_ref"`
	Note         string   `json:"note"`
	DueDate      *string  `json:"due_date"`
	PayeeID      *string  `json:"payee_id"`
	PayeeVersion *int     `json:"payee_version"`
	Source       string   `json:"source"`
	Replaces     *string  `json:"replaces"`
	Acks         []string `json:"acks"`
}

// Place is where a payout lives: it is in the digest, so an approval given on one desk means nothing on another.
type Place struct{ Environment, Project string }

// DigestOf computes the digest of a version with the warnings that were ticked.
func DigestOf(at Place, id ID, version int, c Content, s Salt, acks []string) Digest {
	sum := sha256.Sum256(CanonicalBytes(at, id, version, c, s, acks))
	return Digest(hex.EncodeToString(sum[:]))
}

// CanonicalBytes is what DigestOf hashes: compact JSON, fixed order, nulls where unused.
func CanonicalBytes(at Place, id ID, version int, c Content, s Salt, acks []string) []byte {
	m := c.Commitments(s)
	a := append([]string{}, acks...)
	sort.Strings(a)
	k := canonical{
		Spec: "payout/1", Kind: "payout", Environment: at.Environment, Project: at.Project, ID: string(id), Version: version,
		AmountMinor: c.Amount.Minor, Currency: string(c.Amount.Currency),
		FullName: m["full_name"], BIK: m["bik"], Account: m["account"], INN: m["inn"], KPP: m["kpp"], Description: m["description"],
		OwnRef: m["own_ref"], Note: m["note"], Source: c.Source, Acks: a,
	}
	if c.DueDate != "" {
		k.DueDate = &c.DueDate
	}
	if c.PayeeID != "" {
		k.PayeeID, k.PayeeVersion = &c.PayeeID, &c.PayeeVer
	}
	if c.Replaces != "" {
		r := string(c.Replaces)
		k.Replaces = &r
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(k); err != nil {
		panic(err) // strings and ints only: cannot fail
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
