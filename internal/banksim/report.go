package banksim

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// moscow is the bank's day: there is no other hour in it since 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// reportHead are the columns of the daily payouts report, as the bank's page names them.
var reportHead = []string{"operationId", "transactionDate", "finishedAt", "typeOfPayment", "paymentFast", "paymentSessionId", "contract", "paymentSessionMerchantMetadata",
	"paymentMethodIdentity", "product", "grossLocalAmount", "paymentLocalAmount", "feesLocalAmount", "currency", "RRN"}

// reportLine is one operation of a day: a payout that is done, or money that came back.
type reportLine struct {
	at    time.Time
	cells []string
}

// ReportName is the name that the bank gives a day's report, without its ending.
func (b *Bank) ReportName(day string) string { return b.o.Project + "_" + day + "_" + day }

// Report writes the daily payouts report of a Moscow day ("2026-11-22") as csv, xlsx or zip (of csv parts): only what was paid and what came back. A day on
// which nothing was is an empty file. It fails for another format, and for what is no day.
func (b *Bank) Report(day, format string) ([]byte, error) {
	start, err := time.ParseInLocation(time.DateOnly, day, moscow)
	if err != nil {
		return nil, fmt.Errorf("day %q: %w", day, err)
	}
	lines := b.reportLines(start, start.AddDate(0, 0, 1))
	switch format {
	case "csv":
		return csvReport(lines)
	case "xlsx":
		return xlsxReport(lines)
	case "zip":
		return zipReport(b.ReportName(day), lines)
	}
	return nil, fmt.Errorf("format %q: csv, xlsx or zip", format)
}

func (b *Bank) reportLines(from, to time.Time) []reportLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	var out []reportLine
	for _, s := range b.mem.sessions {
		for _, p := range s.Payouts {
			line := func(at time.Time, kind string, amount int64) {
				out = append(out, reportLine{at, []string{p.ID, stamp(p.Created), stamp(at), kind, "0", s.ID, "PRETEND-1", string(p.Order.Metadata), masked(p.Order.Account), "payouts",
					roubles(amount), roubles(amount), "0.00", strings.ToUpper(p.Order.Currency), strings.TrimPrefix(p.ID, "po_")}})
			}
			if p.Status == poSucceeded && in(p.Finished) {
				line(p.Finished, "Advice", p.Order.Amount)
			}
			for _, r := range p.Refunds {
				if in(r.At) {
					line(r.At, "Refund", r.Amount)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b reportLine) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.cells[0]+a.cells[3], b.cells[0]+b.cells[3])
	})
	return out
}

func roubles(kop int64) string { return fmt.Sprintf("%d.%02d", kop/100, kop%100) }

func masked(account string) string {
	if len(account) < 12 {
		return account
	}
	return account[:8] + strings.Repeat("*", len(account)-12) + account[len(account)-4:]
}

func csvReport(lines []reportLine) ([]byte, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(reportHead) // a buffer takes everything; Error below would tell
	for _, l := range lines {
		_ = w.Write(l.cells)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func xlsxReport(lines []reportLine) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	row := func(n int, cells []string, sums bool) error {
		values := make([]any, len(cells))
		for i, c := range cells {
			values[i] = c
			if kop, err := strconv.ParseFloat(c, 64); sums && err == nil && i >= 10 && i <= 12 {
				values[i] = kop // a number in the workbook, as the bank's program would write it
			}
		}
		return w.SetRow("A"+strconv.Itoa(n), values)
	}
	if len(lines) > 0 {
		if err := row(1, reportHead, false); err != nil {
			return nil, err
		}
	}
	for i, l := range lines {
		if err := row(i+2, l.cells, true); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// partRows is how many rows a part of a split report has.
const partRows = 1000

func zipReport(name string, lines []reportLine) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for n, part := range slices.Collect(slices.Chunk(lines, partRows)) {
		w, err := z.Create(fmt.Sprintf("%s_%d.csv", name, n+1))
		if err != nil {
			return nil, err
		}
		data, err := csvReport(part)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// serveReport is GET /report?date=2026-11-22&format=csv|xlsx|zip: without a date today's so far, without a format CSV.
func (b *Bank) serveReport(w http.ResponseWriter, r *http.Request) {
	day, format := r.URL.Query().Get("date"), r.URL.Query().Get("format")
	if day == "" {
		day = b.o.Now().In(moscow).Format(time.DateOnly)
	}
	if format == "" {
		format = "csv"
	}
	data, err := b.Report(day, format)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Type", map[string]string{"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip": "application/zip"}[format])
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", b.ReportName(day)+"."+format))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(data) // a reader who left wants no report
}
