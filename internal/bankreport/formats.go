package bankreport

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

func isZip(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06"))
}

// isWorkbook reports a ZIP that is an XLSX.
func isWorkbook(data []byte) bool {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false
	}
	for _, f := range z.File {
		if f.Name == "[Content_Types].xml" || f.Name == "xl/workbook.xml" {
			return true
		}
	}
	return false
}

// text reads a CSV that is in memory.
func (r *reader) text(part string, data []byte) error {
	r.file.Parts = append(r.file.Parts, part)
	if isBlank(data) {
		return nil
	}
	return r.csv(part, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

// csv reads a CSV that can be opened again: once to see how it is written, once to read it.
func (r *reader) csv(part string, open func() (io.ReadCloser, error)) error {
	utf, head, err := r.look(open)
	if err != nil {
		return err
	}
	if utf == 0 {
		return errors.Join(r.refuse(part, 0, "", CodeEncoding), errEnough)
	}
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = f
	if utf == win1251 {
		in = transform.NewReader(f, charmap.Windows1251.NewDecoder())
		head, _ = charmap.Windows1251.NewDecoder().Bytes(head)
	}
	c := csv.NewReader(in)
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	c.Comma = delimiter(head)
	var h *heads
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			if err := r.refuse(part, syntax.Line, "", CodeCSV); err != nil {
				return err
			}
			if h == nil {
				return errEnough
			}
			continue
		}
		if err != nil {
			return err
		}
		row, _ := c.FieldPos(0)
		if h == nil {
			if len(cells) == 1 && strings.TrimSpace(strings.TrimPrefix(cells[0], "\uFEFF")) == "" {
				continue
			}
			// Lines that end as on old Macs are one line to this reader: all heads, and no rows. Never a day without payouts.
			if slices.ContainsFunc(cells, func(c string) bool { return strings.Contains(c, "\r") }) {
				return errors.Join(r.refuse(part, row, "", CodeCSV), errEnough)
			}
			if h, err = r.heads(part, row, cells); err != nil {
				return err
			}
			continue
		}
		if err := r.line(part, row, h, cells, sheet{}); err != nil {
			return err
		}
	}
}

type encoding int

const (
	utf8text encoding = 1
	win1251  encoding = 2
)

// look reads a text once: how it is encoded (0: in no way that we read), and its first line.
func (r *reader) look(open func() (io.ReadCloser, error)) (encoding, []byte, error) {
	f, err := open()
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	var head []byte
	is, keep, whole := utf8text, 0, false
	for {
		n, err := f.Read(buf[keep:])
		chunk := buf[:keep+n]
		if bytes.IndexByte(chunk[keep:], 0) >= 0 {
			return 0, nil, nil
		}
		if !whole && len(bytes.TrimSpace(head)) == 0 {
			head = head[:0]
		}
		if !whole {
			head = append(head, chunk[keep:]...)
			if i := bytes.IndexByte(bytes.TrimLeft(head, "\xEF\xBB\xBF \t\r\n"), '\n'); i >= 0 || len(head) > maxCell*4 {
				whole = true
			}
		}
		keep = 0
		if is == utf8text {
			for len(chunk) > 0 {
				c, size := utf8.DecodeRune(chunk)
				if c == utf8.RuneError && size <= 1 {
					if !utf8.FullRune(chunk) && err == nil {
						keep = copy(buf, chunk)
						break
					}
					is = win1251
					break
				}
				chunk = chunk[size:]
			}
		}
		if is == win1251 && bytes.IndexByte(buf[:n], 0x98) >= 0 { // the one byte that windows-1251 does not have
			return 0, nil, nil
		}
		if errors.Is(err, io.EOF) {
			return is, head, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// delimiter is the sign that makes most heads known; a comma when none does.
func delimiter(head []byte) rune {
	best, most := ',', 0
	for _, d := range []rune{',', ';', '\t'} {
		c := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))))
		c.Comma, c.FieldsPerRecord = d, -1
		cells, err := c.Read()
		if err != nil {
			continue
		}
		if n := knownHeads(cells); n > most {
			best, most = d, n
		}
	}
	return best
}

// workbook reads the first sheet of an XLSX, and refuses one that holds something on another: it would be left out in silence. Whatever a hostile one does to the library, the desk goes on.
func (r *reader) workbook(part string, data []byte) (err error) {
	r.file.Parts = append(r.file.Parts, part)
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
		}
	}()
	if !r.fits(data) {
		return errors.Join(r.refuse(part, 0, "", CodeSize), errEnough)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: r.l.Unpacked, UnzipXMLSizeLimit: min(16<<20, r.l.Unpacked), RawCellValue: true})
	if err != nil {
		return errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
	}
	defer f.Close() // it leaves temporary files otherwise
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
	}
	for _, other := range sheets[1:] {
		if full, err := r.holds(f, other); err != nil {
			return errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
		} else if full {
			return errors.Join(r.refuse(part, 0, "", CodeSheets), errEnough)
		}
	}
	sh := sheet{numbers: true}
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		sh.y1904 = *props.Date1904
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
	}
	defer rows.Close()
	var h *heads
	for n := 1; rows.Next(); n++ {
		if n > 4*r.l.Rows+1000 { // a sheet of empty rows
			return errors.Join(r.refuse(part, n, "", CodeSize), errEnough)
		}
		cells, err := rows.Columns()
		if err != nil {
			return errors.Join(r.refuse(part, n, "", CodeXLSX), errEnough)
		}
		switch {
		case h == nil && len(cells) == 0:
		case h == nil:
			if h, err = r.heads(part, n, cells); err != nil {
				return err
			}
		default:
			if err := r.line(part, n, h, cells, sh); err != nil {
				return err
			}
		}
	}
	if rows.Error() != nil {
		return errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
	}
	return nil
}

// holds reports whether a sheet has a cell with something in it. One of more empty rows than any report has rows counts as if it had.
func (r *reader) holds(f *excelize.File, name string) (bool, error) {
	rows, err := f.Rows(name)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return false, err
		}
		if n > 4*r.l.Rows+1000 || slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			return true, nil
		}
	}
	return false, rows.Error()
}

// fits measures what a workbook unpacks to before the library reads it, by reading it: what its own directory says is worth nothing.
func (r *reader) fits(data []byte) bool {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > 1000 {
		return false
	}
	for _, f := range z.File {
		o, err := f.Open()
		if err != nil {
			return false
		}
		n, err := io.Copy(io.Discard, io.LimitReader(o, r.l.Unpacked-r.unpacked+1))
		o.Close()
		if r.unpacked += n; err != nil || r.unpacked > r.l.Unpacked || tooDense(n, int64(f.CompressedSize64)) {
			return false
		}
	}
	return true
}

func tooDense(unpacked, packed int64) bool {
	return unpacked > 1<<20 && unpacked > maxRatio*max(packed, 1)
}

var errTooMuch = errors.New("unpacks to too much")

// bounded stops a part that unpacks to more than all parts may.
type bounded struct {
	io.ReadCloser
	r      *reader
	n      int64
	packed int64
	count  bool
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if b.count {
		b.r.unpacked += int64(n)
	}
	if b.r.unpacked > b.r.l.Unpacked || b.n > b.r.l.Unpacked || tooDense(b.n, b.packed) {
		return 0, errTooMuch
	}
	return n, err
}

// archive reads a ZIP of reports.
func (r *reader) archive(name string, data []byte) error {
	broken := func(part string) error { return errors.Join(r.refuse(part, 0, "", CodeZip), errEnough) }
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > r.l.Parts {
		return broken(name)
	}
	seen := map[string]bool{}
	for _, f := range z.File {
		part := cleanName(f.Name)
		kind := strings.ToLower(path.Ext(f.Name))
		if strings.ContainsAny(f.Name, `/\`) || strings.HasPrefix(f.Name, ".") || f.Mode()&^0o777 != 0 || f.Flags&1 != 0 || seen[strings.ToLower(f.Name)] || kind != ".csv" && kind != ".xlsx" {
			return broken(part)
		}
		seen[strings.ToLower(f.Name)] = true
		if from, to, ok := DaysOf(f.Name); !ok || r.file.From != "" && from != "" && (from < r.file.From || to > r.file.To) {
			return errors.Join(r.refuse(part, 0, "", CodeName), errEnough) // the ZIP says another day than its part
		} else if r.file.From == "" {
			r.file.From, r.file.To = from, to
		}
		if kind == ".xlsx" {
			err = r.inner(part, f)
		} else {
			r.file.Parts = append(r.file.Parts, part)
			first := true
			err = r.csv(part, func() (io.ReadCloser, error) {
				o, err := f.Open()
				count := first
				first = false
				return &bounded{ReadCloser: o, r: r, packed: int64(f.CompressedSize64), count: count}, err
			})
		}
		var caller *yielded
		switch {
		case errors.Is(err, errTooMuch):
			return errors.Join(r.refuse(part, 0, "", CodeSize), errEnough)
		case errors.As(err, &caller), errors.Is(err, errEnough):
			return err
		case err != nil: // whatever a hostile directory makes the archive's reader say
			return broken(part)
		}
	}
	return nil
}

// inner reads a workbook in a ZIP: it must stand in memory, within the bound of a file.
func (r *reader) inner(part string, f *zip.File) error {
	o, err := f.Open()
	if err != nil {
		return err
	}
	defer o.Close()
	data, err := io.ReadAll(io.LimitReader(o, int64(r.l.Packed)+1))
	if err != nil {
		return err
	}
	if len(data) > r.l.Packed {
		return errTooMuch
	}
	if !isZip(data) || !isWorkbook(data) {
		return errors.Join(r.refuse(part, 0, "", CodeXLSX), errEnough)
	}
	return r.workbook(part, data)
}
