package web

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"time"

	"countersign/internal/app"
	"countersign/internal/lang"
)

// exportCSV streams the filtered list: UTF-8 with BOM, semicolons, decimal comma, CRLF, as spreadsheets in Russia open it.
func (w *Web) exportCSV(r *req, q listQuery) error {
	if !r.may(app.Export) {
		return app.DenyRole(app.Export, "")
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
	n := 0
	line := make([]byte, 0, 1024)
	// What fails from here on cuts the file short: the answer has begun.
	err := w.App.Store.EachRow(r.ctx(), q.ListQuery, func(x app.ExportRow) error {
		review := ""
		if x.Review {
			review = t.List.Review
		}
		l := strconv.AppendInt(line[:0], int64(x.Number), 10)
		for _, text := range [...]string{lang.Label(t.States, string(x.State)), review, x.FullName, x.BIK, lang.Last4(x.Account), x.INN, x.KPP, x.Description, x.OwnRef, x.Note} {
			l = csvCell(append(l, ';'), text)
		}
		l = csvAmount(append(l, ';'), x.Amount)
		l = csvAmount(append(l, ';'), x.ReturnedMinor)
		l = csvCell(append(l, ';'), x.MakerName)
		for _, at := range [...]time.Time{x.CreatedAt, x.ChangedAt, x.SentAt} {
			if l = append(l, ';'); !at.IsZero() {
				l = at.In(lang.Moscow).AppendFormat(l, "02.01.2006 15:04:05")
			}
		}
		l = csvCell(append(l, ';'), x.Reference)
		l = csvCell(append(l, ';'), x.Session)
		line = append(l, "\r\n"...)
		_, err := b.Write(line)
		n++
		if n == 100 && err == nil { // the download begins at once
			if err = b.Flush(); err == nil {
				err = rc.Flush()
			}
		}
		if n%500 == 0 && err == nil {
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

// csvAmount writes roubles with a decimal comma, nothing for none.
func csvAmount(dst []byte, minor int64) []byte {
	if minor == 0 {
		return dst
	}
	if minor < 0 {
		dst, minor = append(dst, '-'), -minor
	}
	dst = append(strconv.AppendInt(dst, minor/100, 10), ',')
	return append(dst, byte('0'+minor%100/10), byte('0'+minor%10))
}

// csvLine joins cells.
func csvLine(cells []string) string {
	var b []byte
	for i, c := range cells {
		if i > 0 {
			b = append(b, ';')
		}
		b = csvCell(b, c)
	}
	return string(b) + "\r\n"
}

// csvCell writes one cell, in quotes where it must be.
func csvCell(dst []byte, c string) []byte {
	c = csvSafe(c)
	quoted := strings.ContainsAny(c, ";\"\r\n")
	if quoted {
		dst = append(dst, '"')
	}
	if !quoted {
		return append(dst, c...)
	}
	for i := range len(c) {
		if c[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c[i])
	}
	return append(dst, '"')
}

// csvSafe puts an apostrophe before a text that a spreadsheet would run as a formula.
func csvSafe(c string) string {
	if c != "" && strings.IndexByte("=+-@\t\r\n", c[0]) >= 0 {
		return "'" + c
	}
	return c
}
