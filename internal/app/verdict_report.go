package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"countersign/internal/bankreport"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// ReportQuote is a line of a bank's report as evidence of what became of a payout.
type ReportQuote struct {
	File ReportFile
	Line ReportLine
	// Body is the evidence: the report itself, byte for byte, when it is text and no larger than evidence may be (Whole); else the line, with the report's hash.
	Body  []byte
	Whole bool
}

// ReportEvidence reads a line of a report as evidence for a ruling on the payout that it counts as. NotFound "verdict.row" when it is not there or about something else.
func (a *App) ReportEvidence(ctx context.Context, id payout.ID, report int64, row int) (q ReportQuote, err error) {
	var none error = fault.Missing("verdict.row")
	file, ok, err := a.Store.ReportFile(ctx, report, "")
	if err != nil || !ok || report < 1 {
		return q, cmp.Or(err, none)
	}
	line, ok, err := a.Store.ReportLine(ctx, report, row)
	if err != nil || !ok || line.Match != id || id == "" {
		return q, cmp.Or(err, none)
	}
	q = ReportQuote{File: file, Line: line}
	if q.Body, err = a.Store.ReportBody(ctx, report); err != nil {
		return q, err
	}
	if q.Whole = len(q.Body) <= MaxEvidenceFile && EvidenceMedia(q.Body) == "text/plain" && hash(q.Body) == file.SHA; !q.Whole {
		q.Body = quoteOf(file, line)
	}
	return q, nil
}

// quoteOf writes a line of a report out under the bank's own heads: what a workbook, an archive or a large report is quoted by.
func quoteOf(f ReportFile, l ReportLine) []byte {
	var b strings.Builder
	put := func(head, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", plainLine(head), plainLine(value))
		}
	}
	kind := bankreport.Advice
	if l.Kind == KindBack {
		kind = bankreport.Refund
	}
	put("report", f.Name)
	put("sha256", f.SHA)
	put("part", fmt.Sprintf("%s:%d", l.Part, l.Line))
	put("operationId", l.Operation)
	put("finishedAt", l.At.UTC().Format(time.RFC3339Nano))
	put("typeOfPayment", string(kind))
	put("paymentSessionId", l.Session)
	put("paymentSessionMerchantMetadata", l.Metadata)
	put("paymentLocalAmount", fmt.Sprintf("%d.%02d", l.Amount/100, l.Amount%100))
	var extra [][2]string
	if json.Unmarshal([]byte(l.Extra), &extra) == nil { // cleared: nothing
		for _, x := range extra {
			put(x[0], x[1])
		}
	}
	return []byte(b.String())
}

// plainLine keeps what a hostile report wrote on one line of plain text.
func plainLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Untold reports whether the bank was asked about a session of a payout and did not tell: it was asked and will be again, or it refused. False while the first
// question is on its way.
func (a *App) Untold(ctx context.Context, id payout.ID, session string) (bool, error) {
	plans, err := a.Store.PollsOf(ctx, id)
	if err != nil || slices.ContainsFunc(plans, func(p PollRow) bool { return p.Session == session && !p.NextAt.After(p.Since) }) {
		return false, err
	}
	_, _, told, err := a.Store.NewestFetch(ctx, id, session)
	return !told, err
}
