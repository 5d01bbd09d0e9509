package web

import (
	"bufio"
	"net/http"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/money"
)

// exportCSV streams the filtered list: UTF-8 with BOM, semicolons, decimal comma, CRLF, as spreadsheets in Russia open it.
func (w *Web) exportCSV(r *req, q listQuery) error {
	if !r.may(app.Export) {
		return fault.Deny("denied.role")
	}
	if err := w.App.Look(r.ctx(), r.me.who(), app.Export, "export", "payouts", "csv"); err != nil {
		return err
	}
	out := r.Response()
	rc := http.NewResponseController(out)
	out.Header().Set("Content-Type", "text/csv; charset=utf-8")
	out.Header().Set("Content-Disposition", `attachment; filename="payouts-`+r.now.In(lang.Moscow).Format("2006-01-02-1504")+`.csv"`)
	b := bufio.NewWriterSize(out, 32<<10)
	t := r.t
	head := []string{t.List.No, t.List.Status, t.More().Review, t.List.Payee, t.Form.BIK, t.Form.Account, t.Form.INN, t.Form.KPP, t.List.Purpose, t.Payout.OwnRef, t.Payout.Basis,
		t.List.Sum, t.More().Returned, t.List.Maker, t.More().Created, t.List.Changed, t.More().Sent, t.Payout.Reference, t.Payout.Session}
	if _, err := b.WriteString("\ufeff" + csvLine(head)); err != nil {
		return nil // the reader hung up
	}
	day := func(at time.Time) string {
		if at.IsZero() {
			return ""
		}
		return at.In(lang.Moscow).Format("02.01.2006 15:04:05")
	}
	n := 0
	// What fails from here on cuts the file short: the answer has begun.
	err := w.App.Store.EachRow(r.ctx(), q.ListQuery, func(x app.ExportRow) error {
		review := ""
		if x.Review {
			review = t.List.Review
		}
		_, err := b.WriteString(csvLine([]string{num(x.Number), lang.Label(t.States, string(x.State)), review, x.FullName, x.BIK, lang.Last4(x.Account), x.INN, x.KPP,
			x.Description, x.OwnRef, x.Note, csvAmount(x.Amount), csvAmount(x.ReturnedMinor), x.MakerName, day(x.CreatedAt), day(x.ChangedAt), day(x.SentAt), x.Reference, x.Session}))
		if n++; n%500 == 0 && err == nil {
			err = rc.SetWriteDeadline(time.Now().Add(writeWithin))
		}
		return err
	})
	if err != nil {
		if !out.Committed && b.Buffered() == 0 {
			return err
		}
		if r.ctx().Err() == nil {
			w.Log.Error("export cut short", "error", err)
		}
		panic(http.ErrAbortHandler) // so that nobody takes half a file for a whole one
	}
	_ = b.Flush() // the reader may have hung up
	return nil
}

func csvAmount(minor int64) string {
	if minor == 0 {
		return ""
	}
	return strings.ReplaceAll(lang.Money(lang.RU, money.Roubles(minor)), "\u00a0", "")
}

// csvLine joins cells. A text that a spreadsheet would run as a formula gets an apostrophe first.
func csvLine(cells []string) string {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(';')
		}
		c = csvSafe(c)
		if strings.ContainsAny(c, ";\"\r\n") {
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		} else {
			b.WriteString(c)
		}
	}
	b.WriteString("\r\n")
	return b.String()
}

func csvSafe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
