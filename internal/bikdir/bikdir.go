// Package bikdir reads the directory of banks that the Bank of Russia publishes each day: which bank a BIK belongs to, where it is and whether it still
// takes payments. A pure function from bytes to values: it must not know storage, pages, the network or the clock.
//
// The file is the message ED807 of the Bank of Russia's formats (УФЭБС): a ZIP of about a hundred KB with one XML in windows-1251 in it, or that XML. What it
// looks like, as read from published samples of 2019 to 2026 and programs that read it daily:
//
//   - The root carries the day it is for (BusinessDay; made the evening before, EDDate), a version within that day, and InfoTypeCode: FIRR is the
//     whole directory, anything else only what changed. Changes are refused here: taken as the whole they would lose every other bank.
//   - ParticipantStatus is PSAC for practically all: a withdrawn licence shows as a restriction LWRS beside the name, a bank in liquidation as
//     participant type 90.
//   - A third of the entries (Treasury, the Bank of Russia's own offices) have no correspondent account; their accounts of other kinds (TRSA, BANA,
//     UTRA) are not one and are never shown as one.
//
// A file is taken whole or not at all: one bad entry refuses it.
package bikdir

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"countersign/internal/fault"
)

// Bank is one entry of the directory.
type Bank struct {
	BIK  string // nine digits
	Name string // as in payment orders, 1 to 200 runes
	Town string // "г Москва"; "" when the directory has none
	// Account is the correspondent account, twenty digits; "" for those that have none open.
	Account string
	// Closed: deleted, its licence withdrawn, or in liquidation. A payment to it would come back.
	Closed bool
}

// Directory is one file's content.
type Directory struct {
	// Date is the day that it is for, "2026-11-22".
	Date string
	// Version is its number within that day, up to nine digits; "" when the file has none.
	Version string
	// Note is a comment ahead of the root element, at most 200 runes: made-up directories say there what they are. The Bank of Russia's has none.
	Note string
	// Banks are all entries by BIK, each BIK once.
	Banks []Bank
	// SHA256 is the file's own, in hex: of the bytes as they came.
	SHA256 string
}

// Limits bound one file. A field of 0 stands for the one of Usual.
type Limits struct {
	Packed, Unpacked int // bytes: of the file as it comes, and of the XML
	Banks            int // entries
}

// Usual are dozens of times what the Bank of Russia publishes: 108 KB, 720 KB and 1,400 entries in 2026.
func Usual() Limits { return Limits{Packed: 8 << 20, Unpacked: 64 << 20, Banks: 50_000} }

const (
	space    = "urn:cbr-ru:ed:v2.0"
	maxName  = 200      // runes
	maxToken = 64 << 10 // bytes of one element, comment or text
	maxDepth = 8        // of elements; the format has four
	maxFiles = 20       // in the ZIP
	// maxTokens of XML are twice what the most entries need: 64 MiB of empty elements would take five seconds to walk.
	maxTokens = 2_000_000
)

// Field is the form field of every fault.
const Field = "file"

// The faults, all Invalid at Field.
const (
	CodeSize    = "bikdir.size"    // larger than the limits: the file, the XML in it, or the number of entries or elements
	CodeZip     = "bikdir.zip"     // a ZIP that is broken, or without exactly one XML
	CodeXML     = "bikdir.xml"     // not whole, well-formed XML in windows-1251; [0] the line
	CodeRoot    = "bikdir.root"    // not an ED807 with its day; [0] the element or attribute
	CodePart    = "bikdir.part"    // only changes, or one part of several
	CodeEmpty   = "bikdir.empty"   // no entry
	CodeBIK     = "bikdir.bik"     // a BIK that is not nine digits; [0] the line, [1] the BIK, cut at 20 runes
	CodeName    = "bikdir.name"    // no name, one too long or one with characters that cannot be shown; [0] the line, [1] the BIK
	CodeAccount = "bikdir.account" // a correspondent account that is not twenty digits; [0] the line, [1] the BIK
	CodeTwice   = "bikdir.twice"   // a BIK twice; [0] the BIK
)

// Codes lists them, so that the catalogue of texts can be checked for gaps.
func Codes() []string {
	return []string{CodeSize, CodeZip, CodeXML, CodeRoot, CodePart, CodeEmpty, CodeBIK, CodeName, CodeAccount, CodeTwice}
}

// Parse reads a directory from a ZIP or a bare XML, whole or not at all. Memory stays within a few times the limits whatever is in the file. The error
// is one *fault.Error of Codes at Field; its cause is for the log.
func Parse(file []byte, l Limits) (Directory, error) {
	u := Usual()
	for _, x := range []struct{ have, usual *int }{{&l.Packed, &u.Packed}, {&l.Unpacked, &u.Unpacked}, {&l.Banks, &u.Banks}} {
		if *x.have <= 0 {
			*x.have = *x.usual
		}
	}
	if len(file) > l.Packed {
		return Directory{}, bad(CodeSize)
	}
	text := file
	if bytes.HasPrefix(file, []byte("PK")) {
		var f *fault.Error
		if text, f = unzip(file, l.Unpacked); f != nil {
			return Directory{}, f
		}
	}
	if len(text) > l.Unpacked {
		return Directory{}, bad(CodeSize)
	}
	d, f := parse(text, l.Banks)
	if f != nil {
		return Directory{}, f
	}
	sum := sha256.Sum256(file)
	d.SHA256 = hex.EncodeToString(sum[:])
	return d, nil
}

func bad(code string, args ...any) *fault.Error { return fault.Bad(Field, code, args...) }

// unzip takes the one XML out of a ZIP: its beginning up to one byte more than the limit. It believes no size that the ZIP claims.
func unzip(file []byte, limit int) ([]byte, *fault.Error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, bad(CodeZip).Because(err)
	}
	if len(z.File) > maxFiles {
		return nil, bad(CodeZip)
	}
	var one *zip.File
	for _, f := range z.File {
		if strings.HasPrefix(path.Base(f.Name), ".") || !strings.EqualFold(path.Ext(f.Name), ".xml") { // "._x.xml" is what a Mac adds
			continue
		}
		if one != nil {
			return nil, bad(CodeZip)
		}
		one = f
	}
	if one == nil {
		return nil, bad(CodeZip)
	}
	r, err := one.Open()
	if err != nil {
		return nil, bad(CodeZip).Because(err)
	}
	defer func() { _ = r.Close() }() // nothing is written
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, bad(CodeZip).Because(err)
	}
	return out, nil
}

// gate lets a bounded number of bytes through between two tokens: encoding/xml itself would hold any number of attributes.
type gate struct {
	r    *bufio.Reader
	left *int
}

var errToken = errors.New("an element, comment or text of more than 64 KiB")

func (g gate) ReadByte() (byte, error) {
	if *g.left <= 0 {
		return 0, errToken
	}
	*g.left--
	return g.r.ReadByte()
}

// Read is only for a decoder of characters that goes in between; it reads ahead, so the gate is the one behind it.
func (g gate) Read(p []byte) (int, error) { return g.r.Read(p) }

// reader walks the file.
type reader struct {
	dec   *xml.Decoder
	left  int
	at    []string // names of the open elements, "?" for those of another namespace
	max   int
	out   Directory
	entry *entry
	began bool // the root was there
}

type entry struct {
	bank  Bank
	named bool
}

func parse(text []byte, most int) (Directory, *fault.Error) {
	// Russian in windows-1251 is never valid UTF-8: such a file lies about its encoding, and every name would be shown as gibberish.
	if utf8.Valid(text) && slices.ContainsFunc(text, func(b byte) bool { return b >= utf8.RuneSelf }) {
		return Directory{}, bad(CodeXML, 1)
	}
	r := &reader{max: most, left: maxToken}
	r.dec = xml.NewDecoder(gate{bufio.NewReader(bytes.NewReader(text)), &r.left})
	declared := false
	r.dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if declared || !strings.EqualFold(label, "windows-1251") {
			return nil, errors.New("not in windows-1251, or declared twice")
		}
		declared = true
		return gate{bufio.NewReader(charmap.Windows1251.NewDecoder().Reader(in)), &r.left}, nil
	}
	for n := 0; ; n++ {
		r.left = maxToken
		tok, err := r.dec.Token()
		if err == io.EOF && n > 0 { // bare, at the end of the root: a file that was cut is a syntax error
			break
		}
		if err != nil {
			return Directory{}, bad(CodeXML, r.line()).Because(err)
		}
		switch {
		case n == 0 && !declared:
			return Directory{}, bad(CodeXML, 1).Because(errors.New("no declaration of windows-1251 in front"))
		case n >= maxTokens:
			return Directory{}, bad(CodeSize)
		}
		if f := r.token(tok); f != nil {
			return Directory{}, f
		}
	}
	switch {
	case !r.began:
		return Directory{}, bad(CodeRoot, "ED807")
	case len(r.out.Banks) == 0:
		return Directory{}, bad(CodeEmpty)
	}
	slices.SortFunc(r.out.Banks, func(a, b Bank) int { return strings.Compare(a.BIK, b.BIK) })
	for i, b := range r.out.Banks[1:] {
		if b.BIK == r.out.Banks[i].BIK {
			return Directory{}, bad(CodeTwice, b.BIK)
		}
	}
	return r.out, nil
}

func (r *reader) line() int {
	line, _ := r.dec.InputPos()
	return line
}

func (r *reader) token(tok xml.Token) *fault.Error {
	switch t := tok.(type) {
	case xml.StartElement:
		if len(r.at) >= maxDepth {
			return bad(CodeXML, r.line())
		}
		f := r.start(t)
		name := t.Name.Local
		if t.Name.Space != space {
			name = "?"
		}
		r.at = append(r.at, name)
		return f
	case xml.EndElement:
		r.at = r.at[:len(r.at)-1] // the decoder checked that it is the open one
		if len(r.at) == 1 && r.entry != nil {
			return r.end()
		}
	case xml.CharData:
		if len(r.at) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return bad(CodeXML, r.line())
		}
	case xml.Comment:
		if note, ok := clean(string(t)); ok && !r.began && r.out.Note == "" && !strings.Contains(note, "--") {
			r.out.Note = note
		}
	case xml.Directive: // a DOCTYPE: the format has none, and entities of one's own are how XML is abused
		return bad(CodeXML, r.line())
	}
	return nil
}

func (r *reader) start(t xml.StartElement) *fault.Error {
	attr := func(name string) string {
		for _, a := range t.Attr {
			if a.Name.Space == "" && a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	if len(r.at) == 0 {
		return r.root(t.Name, attr)
	}
	if t.Name.Space != space {
		return nil
	}
	switch path := strings.Join(r.at[1:], "/") + "/" + t.Name.Local; path {
	case "/PartInfo":
		if n := attr("PartQuantity"); n != "" && n != "1" {
			return bad(CodePart)
		}
	case "/BICDirectoryEntry":
		bik := attr("BIC")
		switch {
		case !digits(bik, 9, 9):
			return bad(CodeBIK, r.line(), cut(bik))
		case attr("ChangeType") != "":
			return bad(CodePart)
		case len(r.out.Banks) >= r.max:
			return bad(CodeSize)
		}
		r.entry = &entry{bank: Bank{BIK: bik}}
	case "BICDirectoryEntry/ParticipantInfo":
		b := &r.entry.bank
		name, ok := clean(attr("NameP"))
		town, ok2 := clean(attr("Tnp") + " " + attr("Nnp"))
		if !ok || !ok2 || name == "" || r.entry.named {
			return bad(CodeName, r.line(), b.BIK)
		}
		b.Name, b.Town, r.entry.named = name, town, true
		b.Closed = b.Closed || attr("ParticipantStatus") == "PSDL" || attr("PtType") == "90"
	case "BICDirectoryEntry/ParticipantInfo/RstrList":
		r.entry.bank.Closed = r.entry.bank.Closed || attr("Rstr") == "LWRS"
	case "BICDirectoryEntry/Accounts":
		if attr("RegulationAccountType") != "CRSA" || attr("AccountStatus") != "ACAC" {
			break
		}
		account := attr("Account")
		if !digits(account, 20, 20) {
			return bad(CodeAccount, r.line(), r.entry.bank.BIK)
		}
		if r.entry.bank.Account == "" {
			r.entry.bank.Account = account
		}
	}
	return nil
}

func (r *reader) root(name xml.Name, attr func(string) string) *fault.Error {
	if r.began || name.Space != space || name.Local != "ED807" {
		return bad(CodeRoot, cut(name.Local))
	}
	r.began = true
	if info := attr("InfoTypeCode"); info != "" && info != "FIRR" {
		return bad(CodePart)
	}
	r.out.Date, r.out.Version = attr("BusinessDay"), attr("DirectoryVersion")
	if r.out.Date == "" {
		r.out.Date = attr("EDDate")
	}
	if t, err := time.Parse(time.DateOnly, r.out.Date); err != nil || t.Year() < 2000 || t.Year() > 2099 {
		return bad(CodeRoot, "BusinessDay")
	}
	if r.out.Version != "" && !digits(r.out.Version, 1, 9) {
		return bad(CodeRoot, "DirectoryVersion")
	}
	return nil
}

func (r *reader) end() *fault.Error {
	if !r.entry.named {
		return bad(CodeName, r.line(), r.entry.bank.BIK)
	}
	r.out.Banks = append(r.out.Banks, r.entry.bank)
	r.entry = nil
	return nil
}

// clean is a name with single plain spaces and without soft hyphens; not ok with more than 200 runes or what cannot be shown.
func clean(s string) (string, bool) {
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00ad", "")), " ")
	if utf8.RuneCountInString(s) > maxName {
		return "", false
	}
	for _, c := range s {
		if c == utf8.RuneError || c != ' ' && !unicode.IsPrint(c) {
			return "", false
		}
	}
	return s, true
}

func digits(s string, least, most int) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= least && len(s) <= most
}

// cut is what of a wrong value is told back.
func cut(s string) string {
	n := 0
	for i := range s {
		if n == 20 {
			return s[:i]
		}
		n++
	}
	return s
}
