package bankreport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"countersign/internal/calendar"
)

// Kind is what a row tells of.
type Kind string

// The kinds of rows: money that left, and money that came back.
const (
	Advice Kind = "advice"
	Refund Kind = "refund"
)

// Row is one line of a report.
type Row struct {
	// Part is the file in the ZIP, or the file itself; Line is the row in it, from 1, the head included.
	Part string
	Line int
	Kind Kind
	// Operation is the bank's "po_…", Session its "ps_…".
	Operation, Session string
	// Reference is our mark: the metadata when it is a JSON text; "" otherwise.
	Reference string
	// Metadata as it stood, at most 4,096 bytes.
	Metadata string
	// At is when the operation was finished (else begun); zero never. Times without a zone are Moscow's.
	At time.Time
	// AmountMinor is what the payee was paid or what came back, GrossMinor with the bank's fee (0 when the report does not say); kopecks, above 0.
	AmountMinor, GrossMinor int64
	// Extra are the columns that nothing else here holds, head and value, in the report's order; empty cells are left out.
	Extra [][2]string
}

// File is what a whole report was.
type File struct {
	// Parts are the names of the files that it came in, in order.
	Parts []string
	Rows  int
	// From and To are the days that the name tells, "" when it tells none.
	From, To calendar.Day
}

// Limits bound one report. A field of 0 stands for the one of Usual.
type Limits struct {
	Packed   int   // bytes as it comes
	Unpacked int64 // bytes of all parts together
	Parts    int   // files in a ZIP
	Rows     int   // of all parts together
	Errors   int   // how many bad rows are named
}

// Usual are several times a day of 100,000 payouts.
func Usual() Limits {
	return Limits{Packed: 32 << 20, Unpacked: 256 << 20, Parts: 32, Rows: 500_000, Errors: 100}
}

const (
	maxCell    = 8 << 10 // bytes
	maxColumns = 200
	maxMeta    = 4 << 10
	maxID      = 64
	maxDays    = 31
	// maxRatio is how many times larger than its packed form a part may be, above a megabyte.
	maxRatio = 200
)

// The codes of what is wrong. Of the whole file:
const (
	CodeSize     = "size"     // too large, or too many rows
	CodeEncoding = "encoding" // neither UTF-8 nor windows-1251
	CodeZip      = "zip"      // broken, too many parts, too much inside, a folder, or something else than reports in it
	CodeXLSX     = "xlsx"     // a workbook that cannot be read
	CodeSheets   = "sheets"   // a workbook with something on another sheet than the first, which is the one that is read
	CodeHead     = "head"     // a column that must be there is not
	CodeTwice    = "twice"    // two columns of the same head
	CodeName     = "name"     // the days in the file's name are none, or too many
)

// Of one cell or row:
const (
	CodeCSV      = "csv"      // quotes that do not close
	CodeCells    = "cells"    // more cells than heads
	CodeLong     = "long"     // a cell too long
	CodeMissing  = "missing"  // nothing there, and something must be
	CodeID       = "id"       // not a number of the bank
	CodeKind     = "kind"     // neither Advice nor Refund
	CodeAmount   = "amount"   // not a sum of roubles
	CodeUnclear  = "unclear"  // 1,000 or 1.000: thousands or decimals
	CodeDecimals = "decimals" // parts of a kopeck
	CodeSign     = "sign"     // not above zero
	CodeFees     = "fees"     // gross less payment is not the fee
	CodeCurrency = "currency" // not roubles
	CodeTime     = "time"     // not a date
)

// Codes lists them, so that the catalogue of texts can be checked for gaps.
func Codes() []string {
	return []string{CodeSize, CodeEncoding, CodeZip, CodeXLSX, CodeSheets, CodeHead, CodeTwice, CodeName, CodeCSV, CodeCells, CodeLong, CodeMissing, CodeID, CodeKind, CodeAmount, CodeUnclear,
		CodeDecimals, CodeSign, CodeFees, CodeCurrency, CodeTime}
}

// Bad is one thing that is wrong: Row 0 is the whole part, Column "" the whole row.
type Bad struct {
	Part   string
	Row    int
	Column string
	Code   string
}

// Refused is a report that was not taken, with all that is wrong; More says that the list stopped at the cap.
type Refused struct {
	Bad  []Bad
	More bool
}

// Error names the first fault: for logs.
func (r *Refused) Error() string {
	b := r.Bad[0]
	return fmt.Sprintf("report refused: %s row %d column %q: %s (%d in all)", b.Part, b.Row, b.Column, b.Code, len(r.Bad))
}

var errEnough = errors.New("enough")

// reader is one reading of one report.
type reader struct {
	l        Limits
	yield    func(Row) error
	bad      *Refused
	file     File
	unpacked int64
}

// Read reads a report and hands its rows out one by one, in order. Whatever yield does with the rows of a file that turns out bad later on must be undone
// by the caller: read it once with nothing done first. The error is *Refused, or yield's own.
func Read(name string, data []byte, l Limits, yield func(Row) error) (File, error) {
	u := Usual()
	if l.Packed <= 0 {
		l.Packed = u.Packed
	}
	if l.Unpacked <= 0 {
		l.Unpacked = u.Unpacked
	}
	if l.Parts <= 0 {
		l.Parts = u.Parts
	}
	if l.Rows <= 0 {
		l.Rows = u.Rows
	}
	if l.Errors <= 0 {
		l.Errors = u.Errors
	}
	r := &reader{l: l, yield: yield, bad: &Refused{}}
	name = cleanName(name)
	err := r.read(name, data)
	var caller *yielded
	if errors.As(err, &caller) {
		return r.file, caller.error
	}
	if err != nil && !errors.Is(err, errEnough) {
		return r.file, err
	}
	if len(r.bad.Bad) > 0 {
		return r.file, r.bad
	}
	return r.file, nil
}

func (r *reader) read(name string, data []byte) error {
	if len(data) > r.l.Packed {
		return r.refuse(name, 0, "", CodeSize)
	}
	from, to, ok := DaysOf(name)
	if !ok {
		return r.refuse(name, 0, "", CodeName)
	}
	r.file.From, r.file.To = from, to
	switch {
	case !isZip(data):
		return r.text(name, data)
	case isWorkbook(data):
		return r.workbook(name, data)
	}
	return r.archive(name, data)
}

// refuse notes what is wrong; errEnough when the list is full or nothing more can be read.
func (r *reader) refuse(part string, row int, column, code string) error {
	if len(r.bad.Bad) >= r.l.Errors {
		r.bad.More = true
		return errEnough
	}
	r.bad.Bad = append(r.bad.Bad, Bad{Part: part, Row: row, Column: cut(column), Code: code})
	return nil
}

// cut bounds what a hostile head puts into a message.
func cut(s string) string {
	s = strings.Map(func(c rune) rune {
		if !unicode.IsGraphic(c) {
			return -1
		}
		return c
	}, s)
	if rs := []rune(s); len(rs) > 60 {
		return string(rs[:60]) + "…"
	}
	return s
}

func cleanName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	if s = cut(strings.ToValidUTF8(s, "")); s == "" {
		return "report"
	}
	return s
}

var daysInName = regexp.MustCompile(`(?:^|_)(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)(?:[^0-9-]|$)`)

// DaysOf reads the days that a report's name tells; both "" when it tells none, ok false when they are no days, the wrong way round or more than a month.
func DaysOf(name string) (from, to calendar.Day, ok bool) {
	m := daysInName.FindStringSubmatch(name)
	if m == nil {
		return "", "", true
	}
	from, to = calendar.Day(m[1]), calendar.Day(m[2])
	return from, to, from.Valid() && to.Valid() && from <= to && to < from.Add(maxDays)
}

var projectInName = regexp.MustCompile(`^(.+)_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d(?:[^0-9-]|$)`)

// ProjectOf reads the project in a report's name, "" when it is not of the bank's form <Project>_YYYY-MM-DD_YYYY-MM-DD.
func ProjectOf(name string) string {
	if m := projectInName.FindStringSubmatch(cleanName(name)); m != nil {
		return m[1]
	}
	return ""
}

// SameProject compares two projects as file names can hold them: by their letters and digits.
func SameProject(a, b string) bool {
	fold := func(s string) string {
		return strings.Map(func(c rune) rune {
			if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
				return -1
			}
			return unicode.ToLower(c)
		}, s)
	}
	return fold(a) == fold(b)
}

// The columns that we know, by the report's own names.
const (
	colOperation = iota
	colBegun
	colFinished
	colKind
	colSession
	colMetadata
	colGross
	colPayment
	colFees
	colCurrency
	colCount
)

var colNames = [colCount]string{"operationId", "transactionDate", "finishedAt", "typeOfPayment", "paymentSessionId", "paymentSessionMerchantMetadata", "grossLocalAmount",
	"paymentLocalAmount", "feesLocalAmount", "currency"}

// mustHave are the columns without which a report cannot be read; of the two dates one is enough.
var mustHave = []int{colOperation, colKind, colSession, colMetadata, colPayment, colCurrency}

// norm folds a head: case, spaces, underscores and hyphens mean nothing.
func norm(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), c == '_', c == '-', c == '\uFEFF', c == '\u00AD':
			return -1
		}
		return unicode.ToLower(c)
	}, s)
}

var byHead = func() map[string]int {
	m := map[string]int{}
	for i, n := range colNames {
		m[norm(n)] = i
	}
	return m
}()

// heads is where a part's columns stand.
type heads struct {
	at    [colCount]int // -1: not there
	names []string
	known []bool
}

// known counts the columns of a head line that we know.
func knownHeads(cells []string) int {
	n := 0
	for _, c := range cells {
		if _, ok := byHead[norm(c)]; ok {
			n++
		}
	}
	return n
}

func (r *reader) heads(part string, row int, cells []string) (*heads, error) {
	h := &heads{names: make([]string, len(cells)), known: make([]bool, len(cells))}
	for i := range h.at {
		h.at[i] = -1
	}
	before := len(r.bad.Bad)
	if len(cells) > maxColumns {
		return nil, errors.Join(r.refuse(part, row, "", CodeCells), errEnough)
	}
	seen := map[string]bool{}
	for i, c := range cells {
		n := norm(c)
		h.names[i] = strings.TrimSpace(strings.TrimPrefix(c, "\uFEFF"))
		if n == "" {
			continue
		}
		if seen[n] {
			if err := r.refuse(part, row, c, CodeTwice); err != nil {
				return nil, err
			}
		}
		seen[n] = true
		if k, ok := byHead[n]; ok {
			h.at[k], h.known[i] = i, true
		}
	}
	for _, k := range mustHave {
		if h.at[k] < 0 {
			if err := r.refuse(part, row, colNames[k], CodeHead); err != nil {
				return nil, err
			}
		}
	}
	if h.at[colBegun] < 0 && h.at[colFinished] < 0 {
		if err := r.refuse(part, row, colNames[colFinished], CodeHead); err != nil {
			return nil, err
		}
	}
	if len(r.bad.Bad) > before {
		return nil, errEnough // its rows would say nothing
	}
	return h, nil
}

// sheet says how the cells of a part are written.
type sheet struct {
	numbers bool // cells are a workbook's own numbers: a point is a decimal point, dates may be serial numbers
	y1904   bool
}

// line reads one row below the heads. Only errEnough and yield's error end the reading.
func (r *reader) line(part string, row int, h *heads, cells []string, sh sheet) error {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return nil
	}
	if r.file.Rows++; r.file.Rows > r.l.Rows {
		return errors.Join(r.refuse(part, row, "", CodeSize), errEnough)
	}
	if len(cells) > len(h.names) {
		return r.refuse(part, row, "", CodeCells)
	}
	before := len(r.bad.Bad)
	var failed error
	wrong := func(col int, code string) {
		if failed == nil {
			failed = r.refuse(part, row, colNames[col], code)
		}
	}
	for i, c := range cells {
		if len(c) > maxCell {
			return r.refuse(part, row, h.names[i], CodeLong)
		}
	}
	cell := func(col int) string {
		if i := h.at[col]; i >= 0 && i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	must := func(col int) (string, bool) {
		s := cell(col)
		if s == "" {
			wrong(col, CodeMissing)
		}
		return s, s != ""
	}
	id := func(col int) string {
		s, ok := must(col)
		if ok && !isID(s) {
			wrong(col, CodeID)
		}
		return s
	}
	out := Row{Part: part, Line: row, Operation: id(colOperation), Session: id(colSession), Metadata: cell(colMetadata)}
	if k, ok := must(colKind); ok {
		switch strings.ToLower(k) {
		case "advice":
			out.Kind = Advice
		case "refund":
			out.Kind = Refund
		default:
			wrong(colKind, CodeKind)
		}
	}
	if len(out.Metadata) > maxMeta {
		wrong(colMetadata, CodeLong)
	} else {
		out.Reference = referenceOf(out.Metadata)
	}
	if c, ok := must(colCurrency); ok && !isRouble(c) {
		wrong(colCurrency, CodeCurrency)
	}
	sum := func(col int, needed bool) int64 {
		s := cell(col)
		if s == "" {
			if needed {
				wrong(col, CodeMissing)
			}
			return 0
		}
		n, code := kopecks(s, sh.numbers)
		if code == "" && n < 0 && out.Kind == Refund {
			n = -n // some write what came back with a minus
		}
		if code == "" && (n < 0 || n == 0 && col != colFees) {
			code = CodeSign
		}
		if code != "" {
			wrong(col, code)
		}
		return n
	}
	out.AmountMinor, out.GrossMinor = sum(colPayment, true), sum(colGross, false)
	fees := sum(colFees, false)
	if cell(colGross) != "" && cell(colFees) != "" && len(r.bad.Bad) == before && out.GrossMinor-out.AmountMinor != fees {
		wrong(colFees, CodeFees)
	}
	col := colFinished
	if cell(col) == "" {
		col = colBegun
	}
	if s, ok := must(col); ok {
		at, ok := moment(s, sh)
		if !ok {
			wrong(col, CodeTime)
		}
		out.At = at
	}
	if failed != nil || len(r.bad.Bad) > before {
		return failed
	}
	for i, c := range cells {
		if c = strings.TrimSpace(c); c != "" && !h.known[i] && h.names[i] != "" {
			out.Extra = append(out.Extra, [2]string{h.names[i], c})
		}
	}
	if len(r.bad.Bad) > 0 {
		return nil // nothing of this file is taken any more: it is read on only to name the rest
	}
	if err := r.yield(out); err != nil {
		return &yielded{err}
	}
	return nil
}

// yielded is an error of the caller's own.
type yielded struct{ error }

func (y *yielded) Unwrap() error { return y.error }

// isID reports a number as the bank makes them: printable ASCII without spaces.
func isID(s string) bool {
	if len(s) > maxID {
		return false
	}
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '<' || c == '>' })
}

func isRouble(s string) bool {
	switch strings.ToUpper(s) {
	case "RUB", "RUR", "643", "810":
		return true
	}
	return false
}

// referenceOf is the metadata when it is a JSON text, or bare text that can only be our mark.
func referenceOf(meta string) string {
	var s string
	if json.Unmarshal([]byte(meta), &s) == nil {
		if len(s) <= 200 && utf8.ValidString(s) {
			return s
		}
		return ""
	}
	if strings.HasPrefix(meta, "cs1-") && isID(strings.ReplaceAll(meta, "-", "")) && len(meta) <= 200 {
		return meta
	}
	return ""
}

var (
	zoned = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05.999999999-0700"}
	local = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02", "02.01.2006 15:04:05", "02.01.2006 15:04", "02.01.2006"}
)

func moment(s string, sh sheet) (time.Time, bool) {
	if len(s) > 40 {
		return time.Time{}, false
	}
	sane := func(t time.Time) (time.Time, bool) {
		t = t.UTC().Truncate(time.Microsecond)
		return t, t.Year() >= 2000 && t.Year() < 2200
	}
	for _, f := range zoned {
		if t, err := time.Parse(f, s); err == nil {
			return sane(t)
		}
	}
	for _, f := range local {
		if t, err := time.ParseInLocation(f, s, calendar.Moscow); err == nil {
			return sane(t)
		}
	}
	if sh.numbers {
		if micro, ok := serial(s, sh.y1904); ok {
			return sane(time.UnixMicro(micro))
		}
	}
	return time.Time{}, false
}

// isBlank reports text of nothing but spaces and marks of order.
func isBlank(data []byte) bool {
	return len(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))) == 0
}
