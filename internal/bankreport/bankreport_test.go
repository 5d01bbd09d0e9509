package bankreport

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

const head = "operationId,transactionDate,finishedAt,typeOfPayment,paymentFast,paymentSessionId,contract,paymentSessionMerchantMetadata,paymentMethodIdentity,product,grossLocalAmount,paymentLocalAmount,feesLocalAmount,currency,RRN\n"

// good is a row with the fields that a test changes.
func good(change ...string) string {
	f := map[string]string{"op": "po_1", "begun": "2026-11-20T09:00:00.000000Z", "done": "2026-11-20T09:00:40.123456Z", "kind": "Advice", "session": "ps_1",
		"meta": `"""cs1-1042-abc"""`, "gross": "110", "pay": "100", "fees": "10", "cur": "RUB"}
	for i := 0; i+1 < len(change); i += 2 {
		f[change[i]] = change[i+1]
	}
	return fmt.Sprintf("%s,%s,%s,%s,0,%s,K-1,%s,40817810*****0001,payouts,%s,%s,%s,%s,rrn1\n", f["op"], f["begun"], f["done"], f["kind"], f["session"], f["meta"], f["gross"], f["pay"], f["fees"], f["cur"])
}

func read(t testing.TB, name string, data []byte, l Limits) ([]Row, File, error) {
	t.Helper()
	var rows []Row
	f, err := Read(name, data, l, func(r Row) error { rows = append(rows, r); return nil })
	return rows, f, err
}

func zipped(t testing.TB, files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func workbook(t testing.TB, rows ...[]any) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for i, r := range rows {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &r); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// twoSheets is a workbook with a good row, and one cell on a second sheet; hidden when nobody sees it.
func twoSheets(t testing.TB, cell any, hidden bool) string {
	f, err := excelize.OpenReader(bytes.NewReader(workbook(t, heading(), booked(100))))
	if err == nil {
		_, err = f.NewSheet("Sheet2")
	}
	if err == nil {
		err = errors.Join(f.SetCellValue("Sheet2", "C7", cell), f.SetSheetVisible("Sheet2", !hidden))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func heading() []any {
	var out []any
	for _, h := range strings.Split(strings.TrimSpace(head), ",") {
		out = append(out, h)
	}
	return out
}

func booked(pay any) []any {
	return []any{"po_1", "2026-11-20 12:00:00", 46346.5, "Advice", 0, "ps_1", "K-1", `"cs1-1042-abc"`, "40817810*****0001", "payouts", "", pay, "", "RUB", "rrn1"}
}

func win(s string) string {
	out, err := charmap.Windows1251.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// TestReport is the table of odd inputs (promise E.2): each row says what is read, or the first fault with its row and column. Nothing is ever read by half.
func TestReport(t *testing.T) {
	cr := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	sep := func(s, d string) string { return strings.ReplaceAll(s, ",", d) }
	pay := func(s string) string { return head + good("gross", "", "fees", "", "pay", s) }
	xl := func(v any) string { return string(workbook(t, heading(), booked(v))) }
	const name = "Proj_2026-11-20_2026-11-20.csv"
	for _, c := range []struct {
		what, name, data string
		rows             int
		minor            int64 // of the first row
		bad              string
	}{
		{"plain", name, head + good(), 1, 100_00, ""},
		{"with a mark of order", name, "\xEF\xBB\xBF" + head + good(), 1, 100_00, ""},
		{"line ends of Windows", name, cr(head + good()), 1, 100_00, ""},
		{"semicolons", name, sep(head+good(), ";"), 1, 100_00, ""},
		{"tabs", name, sep(head+good(), "\t"), 1, 100_00, ""},
		{"semicolons and decimal commas", name, sep(head+good("gross", "", "fees", "", "pay", "P"), ";")[:0] + strings.ReplaceAll(sep(head+good("gross", "", "fees", "", "pay", "PAY"), ";"), "PAY", "100,50"), 1, 100_50, ""},
		{"windows-1251", name, win(head + good("meta", `"""выплата"""`)), 1, 100_00, ""},
		{"no last line end", name, strings.TrimSuffix(head+good(), "\n"), 1, 100_00, ""},
		{"blank lines between", name, head + "\n\n" + good() + "\n,,,,,,,,,,,,,,\n" + good("op", "po_2"), 2, 100_00, ""},
		{"heads in other case and with spaces", name, strings.ReplaceAll(strings.ToUpper(head), "OPERATIONID", " Operation Id ") + good(), 1, 100_00, ""},
		{"heads with underscores", name, strings.ReplaceAll(head, "paymentSessionId", "payment_session_id") + good(), 1, 100_00, ""},
		{"columns in another order", name, "currency,paymentLocalAmount,paymentSessionMerchantMetadata,paymentSessionId,typeOfPayment,finishedAt,operationId\nrub,7.77,,ps_9,ADVICE,2026-11-20,po_9\n", 1, 7_77, ""},
		{"metadata an object", name, head + good("meta", `"{""id"":1}"`), 1, 100_00, ""},
		{"metadata bare", name, head + good("meta", "cs1-1-x"), 1, 100_00, ""},
		{"metadata empty", name, head + good("meta", ""), 1, 100_00, ""},
		{"metadata broken JSON", name, head + good("meta", `"""cs1-"`), 1, 100_00, ""},
		{"every cell in quotes", name, strings.ReplaceAll(strings.ReplaceAll("\""+strings.ReplaceAll(strings.TrimSpace(head+good("meta", "m")), ",", `","`)+"\"\n", "\n", "\"\n\""), "\"\n\"\"\n\"", "\"\n"), 1, 100_00, ""},
		{"a cell of two lines", name, head + good("meta", "\"\"\"two\nlines\"\"\""), 1, 100_00, ""},
		{"fewer cells than heads", name, head + strings.TrimSuffix(good(), ",rrn1\n") + "\n", 1, 100_00, ""},
		{"empty", name, "", 0, 0, ""},
		{"empty with a mark of order", name, "\xEF\xBB\xBF\r\n", 0, 0, ""},
		{"heads only", name, head, 0, 0, ""},
		{"empty ZIP", "P_2026-11-20_2026-11-20.zip", string(zipped(t)), 0, 0, ""},
		{"empty workbook", "P_2026-11-20_2026-11-20.xlsx", string(workbook(t)), 0, 0, ""},
		{"a refund", name, head + good("kind", "Refund"), 1, 100_00, ""},
		{"a refund with a minus", name, head + good("kind", "refund", "gross", "", "fees", "", "pay", "-100"), 1, 100_00, ""},
		{"no zone: Moscow", name, head + good("done", "2026-11-20 00:30:00"), 1, 100_00, ""},
		{"a date as people write it", name, head + good("done", "20.11.2026 00:30"), 1, 100_00, ""},
		{"only begun", name, head + good("done", ""), 1, 100_00, ""},
		{"kopecks", name, pay("0.01"), 1, 1, ""},
		{"one decimal", name, pay("100.5"), 1, 100_50, ""},
		{"trailing zeros", name, pay("100.5000"), 1, 100_50, ""},
		{"grouped by spaces", name, pay("1 234 567.89"), 1, 1_234_567_89, ""},
		{"grouped by no-break spaces", name, pay("1\u00A0234.50"), 1, 1_234_50, ""},
		{"grouped by commas", name, pay(`"1,234.56"`), 1, 1_234_56, ""},
		{"the largest", name, pay("92233720368547758.07"), 1, 92233720368547758_07, ""},
		{"ZIP of two parts", "P_2026-11-20_2026-11-20.zip", string(zipped(t, "1.csv", head+good(), "2.csv", head+good("op", "po_2"))), 2, 100_00, ""},
		{"ZIP of windows-1251", "a.zip", string(zipped(t, "P_2026-11-20_2026-11-20.csv", win(head+good("meta", `"""ё"""`)))), 1, 100_00, ""},
		{"ZIP of a workbook", "a.zip", string(zipped(t, "P.xlsx", xl(100))), 1, 100_00, ""},
		{"workbook: whole number", "a.xlsx", xl(100), 1, 100_00, ""},
		{"workbook: as text", "a.xlsx", xl("100.50"), 1, 100_50, ""},
		{"workbook: 8.2 as workbooks keep it", "a.xlsx", xl("8.1999999999999993"), 1, 8_20, ""},
		{"workbook: 0.07 as workbooks keep it", "a.xlsx", xl("7.0000000000000007E-2"), 1, 7, ""},
		{"workbook: 9.99999999999999999", "a.xlsx", xl("9.99999999999999999"), 1, 10_00, ""},
		{"workbook: 1.000 is one", "a.xlsx", xl("1.000"), 1, 1_00, ""},
		{"workbook: grouped, as text", "a.xlsx", xl("1 234,50"), 1, 1_234_50, ""},
		{"workbook: exponent", "a.xlsx", xl("1E5"), 1, 100_000_00, ""},
		{"workbook: an empty sheet behind it", "a.xlsx", twoSheets(t, nil, false), 1, 100_00, ""},
		{"an ISO code by number", name, head + good("cur", "643"), 1, 100_00, ""},

		{"thousands or decimals", name, pay(`"1,000"`), 0, 0, "2 paymentLocalAmount unclear"},
		{"thousands or decimals, a point", name, pay("1.000"), 0, 0, "2 paymentLocalAmount unclear"},
		{"parts of a kopeck", name, pay("100.005"), 0, 0, "2 paymentLocalAmount unclear"},
		{"parts of a kopeck, longer", name, pay("1000.1234"), 0, 0, "2 paymentLocalAmount decimals"},
		{"zero", name, pay("0.00"), 0, 0, "2 paymentLocalAmount sign"},
		{"below zero", name, pay("-5"), 0, 0, "2 paymentLocalAmount sign"},
		{"an exponent in text", name, pay("1e5"), 0, 0, "2 paymentLocalAmount amount"},
		{"words", name, pay("сто"), 0, 0, "2 paymentLocalAmount amount"},
		{"digits of another script", name, pay("١٠٠"), 0, 0, "2 paymentLocalAmount amount"},
		{"too large", name, pay("92233720368547758.08"), 0, 0, "2 paymentLocalAmount amount"},
		{"a formula", name, pay("=1+1"), 0, 0, "2 paymentLocalAmount amount"},
		{"two points", name, pay("1.2.3"), 0, 0, "2 paymentLocalAmount amount"},
		{"no sum", name, pay(""), 0, 0, "2 paymentLocalAmount missing"},
		{"fee does not add up", name, head + good("fees", "9.99"), 0, 0, "2 feesLocalAmount fees"},
		{"no operation", name, head + good("op", ""), 0, 0, "2 operationId missing"},
		{"an operation with spaces", name, head + good("op", "po 1"), 0, 0, "2 operationId id"},
		{"an operation too long", name, head + good("op", strings.Repeat("p", 65)), 0, 0, "2 operationId id"},
		{"no session", name, head + good("session", ""), 0, 0, "2 paymentSessionId missing"},
		{"a session with a tag", name, head + good("session", "<b>"), 0, 0, "2 paymentSessionId id"},
		{"another kind", name, head + good("kind", "Chargeback"), 0, 0, "2 typeOfPayment kind"},
		{"dollars", name, head + good("cur", "USD"), 0, 0, "2 currency currency"},
		{"no such day", name, head + good("done", "2026-02-30"), 0, 0, "2 finishedAt time"},
		{"the year 1", name, head + good("done", "0001-01-01"), 0, 0, "2 finishedAt time"},
		{"month first", name, head + good("done", "11/20/2026"), 0, 0, "2 finishedAt time"},
		{"no date at all", name, head + good("done", "", "begun", ""), 0, 0, "2 transactionDate missing"},
		{"more cells than heads", name, head + strings.TrimSuffix(good(), "\n") + ",x\n", 0, 0, "2  cells"},
		{"a cell too long", name, head + good("meta", strings.Repeat("m", maxCell+1)), 0, 0, "2 paymentSessionMerchantMetadata long"},
		{"metadata too long", name, head + good("meta", strings.Repeat("m", maxMeta+1)), 0, 0, "2 paymentSessionMerchantMetadata long"},
		{"line ends of old Macs", name, strings.ReplaceAll(head+good(), "\n", "\r"), 0, 0, "1  csv"},
		{"line ends of old Macs behind the heads", name, head + strings.ReplaceAll(good()+good("op", "po_2"), "\n", "\r"), 0, 0, "2  cells"},
		{"a row of one cell", name, head + "po_1\n", 0, 0, "2 paymentSessionId missing"},
		{"a quote that does not close", name, head + `po_1,"` + good(), 0, 0, "2  csv"},
		{"a quote in the middle", name, head + good("meta", `a"b`), 0, 0, "2  csv"},
		{"the third row", name, head + good() + good("op", "po_2") + good("cur", "EUR"), 0, 0, "4 currency currency"},
		{"a head is missing", name, strings.Replace(head, "currency", "money", 1) + good(), 0, 0, "1 currency head"},
		{"no dates among the heads", name, strings.Replace(strings.Replace(head, "transactionDate", "a", 1), "finishedAt", "b", 1) + good(), 0, 0, "1 finishedAt head"},
		{"a head twice", name, strings.Replace(head, "RRN", "Currency", 1) + good(), 0, 0, "1 Currency twice"},
		{"another file altogether", name, "<html><body>Sign in</body></html>", 0, 0, "1 operationId head"},
		{"zeros", name, "operationId\x00", 0, 0, "0  encoding"},
		{"UTF-16", name, "\xFF\xFEo\x00p\x00", 0, 0, "0  encoding"},
		{"no encoding that we read", name, head + good("meta", "\xFF\x98"), 0, 0, "0  encoding"},
		{"a name of no days", "P_2026-02-30_2026-02-30.csv", head, 0, 0, "0  name"},
		{"a name the wrong way round", "P_2026-11-21_2026-11-20.csv", head, 0, 0, "0  name"},
		{"a name of a year", "P_2026-01-01_2026-12-31.csv", head, 0, 0, "0  name"},
		{"ZIP cut", "a.zip", string(zipped(t, "1.csv", head+good())[:90]), 0, 0, "0  zip"},
		{"ZIP with a folder", "a.zip", string(zipped(t, "a/1.csv", head+good())), 0, 0, "0  zip"},
		{"ZIP that climbs", "a.zip", string(zipped(t, "../1.csv", head+good())), 0, 0, "0  zip"},
		{"ZIP that climbs backwards", "a.zip", string(zipped(t, `..\1.csv`, head+good())), 0, 0, "0  zip"},
		{"ZIP in a ZIP", "a.zip", string(zipped(t, "b.zip", string(zipped(t, "1.csv", head+good())))), 0, 0, "0  zip"},
		{"ZIP with a program", "a.zip", string(zipped(t, "1.csv", head+good(), "x.exe", "MZ")), 0, 0, "0  zip"},
		{"ZIP with a name twice", "a.zip", string(zipped(t, "1.csv", head+good(), "1.CSV", head+good())), 0, 0, "0  zip"},
		{"ZIP of another day's part", "P_2026-11-20_2026-11-20.zip", string(zipped(t, "P_2026-11-21_2026-11-21.csv", head)), 0, 0, "0  name"},
		{"ZIP: the second part is bad", "a.zip", string(zipped(t, "1.csv", head+good(), "2.csv", head+good("cur", "EUR"))), 0, 0, "2 currency currency"},
		{"a workbook by name only", "a.zip", string(zipped(t, "1.xlsx", head+good())), 0, 0, "0  xlsx"},
		{"a workbook without a sheet", "a.xlsx", string(zipped(t, "[Content_Types].xml", "<Types/>", "xl/workbook.xml", "<x/>")), 0, 0, "0  xlsx"},
		{"workbook: something on another sheet", "a.xlsx", twoSheets(t, "po_2", false), 0, 0, "0  sheets"},
		{"workbook: something on a hidden sheet", "a.xlsx", twoSheets(t, 7, true), 0, 0, "0  sheets"},
		{"workbook in a ZIP: something on another sheet", "a.zip", string(zipped(t, "P.xlsx", twoSheets(t, "po_2", false))), 0, 0, "0  sheets"},
		{"workbook: thousands or decimals, as text", "a.xlsx", xl("1,000"), 0, 0, "2 paymentLocalAmount unclear"},
		{"workbook: parts of a kopeck", "a.xlsx", xl("100.005"), 0, 0, "2 paymentLocalAmount decimals"},
		{"workbook: sixteen digits of roubles", "a.xlsx", xl("1234567890123456"), 0, 0, "2 paymentLocalAmount amount"},
		{"workbook: exponent too large", "a.xlsx", xl("1E99"), 0, 0, "2 paymentLocalAmount amount"},
	} {
		t.Run(c.what, func(t *testing.T) {
			rows, f, err := read(t, c.name, []byte(c.data), Limits{})
			if c.bad != "" {
				var r *Refused
				if !errors.As(err, &r) {
					t.Fatalf("read as %+v, want %s", rows, c.bad)
				}
				if got := fmt.Sprintf("%d %s %s", r.Bad[0].Row, r.Bad[0].Column, r.Bad[0].Code); got != c.bad || !slices.Contains(Codes(), r.Bad[0].Code) {
					t.Fatalf("refused for %q, want %q", got, c.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != c.rows || f.Rows != c.rows {
				t.Fatalf("%d rows (%d told), want %d", len(rows), f.Rows, c.rows)
			}
			if c.rows > 0 && rows[0].AmountMinor != c.minor {
				t.Fatalf("%d kopecks, want %d", rows[0].AmountMinor, c.minor)
			}
		})
	}
}

// TestRowWhole: every field of a row is what the report says, and columns that nobody knows are kept.
func TestRowWhole(t *testing.T) {
	rows, f, err := read(t, "Proj_2026-11-20_2026-11-20.csv", []byte(head+good()), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := rows[0]
	at := time.Date(2026, 11, 20, 9, 0, 40, 123456000, time.UTC)
	if r.Part != "Proj_2026-11-20_2026-11-20.csv" || r.Line != 2 || r.Kind != Advice || r.Operation != "po_1" || r.Session != "ps_1" || r.Reference != "cs1-1042-abc" || r.Metadata != `"cs1-1042-abc"` ||
		!r.At.Equal(at) || r.AmountMinor != 100_00 || r.GrossMinor != 110_00 {
		t.Fatalf("%+v", r)
	}
	want := [][2]string{{"paymentFast", "0"}, {"contract", "K-1"}, {"paymentMethodIdentity", "40817810*****0001"}, {"product", "payouts"}, {"RRN", "rrn1"}}
	if !slices.Equal(r.Extra, want) {
		t.Fatalf("extra %v", r.Extra)
	}
	if f.From != "2026-11-20" || f.To != "2026-11-20" || len(f.Parts) != 1 {
		t.Fatalf("%+v", f)
	}
	local, _, err := read(t, "x.csv", []byte(head+good("done", "2026-11-21 00:30:00")), Limits{})
	if err != nil || !local[0].At.Equal(time.Date(2026, 11, 20, 21, 30, 0, 0, time.UTC)) {
		t.Fatalf("%v %v", local, err)
	}
	book, _, err := read(t, "x.xlsx", workbook(t, heading(), booked(5)), Limits{})
	if err != nil || !book[0].At.Equal(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)) {
		t.Fatalf("%v %v", book, err)
	}
}

// TestNothingHalf: every bad row is named, up to the cap; no good row behind the first bad one is handed out.
func TestNothingHalf(t *testing.T) {
	data := head
	for i := range 300 {
		if i%2 == 1 {
			data += good("cur", "USD", "pay", "x")
		} else {
			data += good("op", fmt.Sprintf("po_%d", i))
		}
	}
	n := 0
	_, err := Read("a.csv", []byte(data), Limits{Errors: 40}, func(Row) error { n++; return nil })
	var r *Refused
	if !errors.As(err, &r) || len(r.Bad) != 40 || !r.More || n != 1 {
		t.Fatalf("%v, %d rows", err, n)
	}
	if r.Bad[0].Row != 3 || r.Bad[0].Part != "a.csv" || r.Bad[1].Row != 3 || r.Bad[2].Row != 5 {
		t.Fatalf("%+v", r.Bad[:3])
	}
	stop := errors.New("stop")
	if _, err := Read("a.csv", []byte(head+good()+good()), Limits{}, func(Row) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("%v", err)
	}
}

// TestBounds: every limit ends the reading with a word, whatever the file's own directory says.
func TestBounds(t *testing.T) {
	bomb := strings.Repeat("\n", 8<<20)
	many := []string{}
	for i := range 40 {
		many = append(many, fmt.Sprintf("%d.csv", i), head)
	}
	long := head + strings.Repeat(good(), 50)
	wide := strings.TrimSpace(head) + strings.Repeat(",x", 300) + "\n"
	for what, c := range map[string]struct {
		data []byte
		l    Limits
		code string
	}{
		"packed":           {[]byte(long), Limits{Packed: 1000}, CodeSize},
		"rows":             {[]byte(long), Limits{Rows: 49}, CodeSize},
		"parts":            {zipped(t, many...), Limits{}, CodeZip},
		"a bomb":           {zipped(t, "1.csv", bomb), Limits{}, CodeSize},
		"unpacked":         {zipped(t, "1.csv", long), Limits{Unpacked: 1000}, CodeSize},
		"unpacked, in all": {zipped(t, "1.csv", long, "2.csv", long), Limits{Unpacked: int64(len(long)) + 100}, CodeSize},
		"a workbook":       {workbook(t, heading(), booked(1)), Limits{Unpacked: 500}, CodeSize},
		"columns":          {[]byte(wide), Limits{}, CodeCells},
	} {
		var r *Refused
		if _, _, err := read(t, "a", c.data, c.l); !errors.As(err, &r) || r.Bad[0].Code != c.code {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestKopecksNeverFloat: every sum of a kopeck's step near every power of ten is read exactly, also as workbooks write it.
func TestKopecksNeverFloat(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		n := rnd.Int64N(1_000_000_000_00) + 1
		s := fmt.Sprintf("%d.%02d", n/100, n%100)
		for _, number := range []bool{false, true} {
			if len(s) <= 6 && s[1] == '.' && !number {
				continue
			}
			if got, code := kopecks(s, number); got != n || code != "" {
				t.Fatalf("%s: %d %s", s, got, code)
			}
		}
		stored := fmt.Sprintf("%.17g", float64(n)/100) // what a workbook keeps
		if got, code := kopecks(stored, true); got != n || code != "" {
			t.Fatalf("%s stands for %d, read as %d %s", stored, n, got, code)
		}
	}
}

// TestManyRowsFlat: a hundred thousand rows take no more memory than a thousand do, beyond the file itself.
func TestManyRowsFlat(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(head)
	for i := range 100_000 {
		b.WriteString(good("op", fmt.Sprintf("po_%d", i)))
	}
	data := zipped(t, "1.csv", b.String())
	b = bytes.Buffer{}
	runtime.GC()
	var before, m runtime.MemStats
	runtime.ReadMemStats(&before)
	n, peak, start := 0, uint64(0), time.Now()
	if _, err := Read("a.zip", data, Limits{}, func(Row) error {
		if n++; n%10_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows in %v, heap %+d KB", n, time.Since(start), (int64(peak)-int64(before.HeapAlloc))/1024)
	if n != 100_000 || int64(peak)-int64(before.HeapAlloc) > 4<<20 {
		t.Fatalf("%d rows took %d KB", n, (int64(peak)-int64(before.HeapAlloc))/1024)
	}
}

// FuzzReportImport: no file makes the reading panic, hang or take a row with a sum not above zero, an id that could not be the bank's, or half a file.
func FuzzReportImport(f *testing.F) {
	f.Add("P_2026-11-20_2026-11-20.csv", []byte(head+good()))
	f.Add("a.csv", []byte(strings.ReplaceAll(head+good(), ",", ";")))
	f.Add("a.zip", zipped(f, "1.csv", head+good()))
	f.Add("a.xlsx", workbook(f, heading(), booked(8.2)))
	f.Add("a.csv", []byte(win(head+good("meta", `"""ё"""`))))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		l := Limits{Unpacked: 4 << 20, Rows: 2000}
		n := 0
		file, err := Read(name, data, l, func(r Row) error {
			n++
			if r.AmountMinor <= 0 || !isID(r.Operation) || r.Operation == "" || r.Session == "" || r.At.IsZero() || r.Line < 2 || r.Kind != Advice && r.Kind != Refund {
				t.Fatalf("%+v", r)
			}
			return nil
		})
		if err == nil && n != file.Rows {
			t.Fatalf("%d rows of %d", n, file.Rows)
		}
		var r *Refused
		if err != nil && (!errors.As(err, &r) || len(r.Bad) == 0) {
			t.Fatalf("%v", err)
		}
		again := 0
		if _, err2 := Read(name, data, l, func(Row) error { again++; return nil }); (err2 == nil) != (err == nil) || again != n {
			t.Fatal("read otherwise the second time")
		}
	})
}

// TestProjectOf: the project stands before the days in a name of the bank's form, and nowhere else.
func TestProjectOf(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"countersign-demo_2026-11-20_2026-11-20.csv", "countersign-demo"},
		{"My_Shop_2026-11-20_2026-11-20_2.zip", "My_Shop"},
		{"My Shop_2026-11-20_2026-11-20 (1).csv", "My Shop"},
		{`C:\reports\Shop_2026-11-20_2026-11-20`, "Shop"},
		{"2026-11-20_2026-11-20.csv", ""},
		{"2026-11-20.csv", ""},
		{"Shop_2026-11-20.csv", ""},
		{"day.csv", ""},
		{"", ""},
	} {
		if got := ProjectOf(c.name); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{{"My Shop", "my-shop", true}, {"shop", "shop2", false}, {"магазин", "Магазин", true}, {"shop", "other", false}} {
		if SameProject(c.a, c.b) != c.same {
			t.Errorf("%q and %q", c.a, c.b)
		}
	}
}
