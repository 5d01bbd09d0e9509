package banksim

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// TestReport: the day's report holds what the ledger says left, and what came back, and nothing else; in every format the same; an empty day is an empty file.
func TestReport(t *testing.T) {
	b, c := driven(t)
	srv := httptest.NewServer(b.Handler())
	defer srv.Close()
	d := deskOf(t, srv.URL)
	for _, kop := range []int{0, 51, 54, 60, 67, 77} {
		r := ref(kop)
		d.post(initPath, orderBody(r, amountOf(r)))
	}
	c.now = c.now.Add(time.Hour)
	b.Advance(c.now)
	const day = "2025-05-27"
	data, err := b.Report(day, "csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil || !slices.Equal(rows[0], reportHead) {
		t.Fatalf("%v %v", err, rows)
	}
	left, back := map[string]int{}, map[string]int{}
	for _, r := range rows[1:] {
		ref := strings.Trim(r[7], `"`)
		switch r[3] {
		case "Advice":
			left[ref]++
		case "Refund":
			back[ref]++
		}
		if e := entryOf(t, b, ref); e.Session != r[5] || roubles(e.Amount) != r[11] || r[13] != "RUB" {
			t.Errorf("%v of %+v", r, e)
		}
	}
	for _, e := range b.Ledger() {
		if left[e.Reference] != e.Executed {
			t.Errorf("%s: %d rows, the ledger says %d", e.Reference, left[e.Reference], e.Executed)
		}
	}
	if len(back) != 1 || back[ref(67)] != 1 {
		t.Errorf("came back: %v", back)
	}

	get := func(query string) (int, string, []byte) {
		res, err := http.Get(srv.URL + "/report" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("Content-Disposition"), body
	}
	code, name, body := get("?date=" + day)
	if code != 200 || name != `attachment; filename="demo-project_2025-05-27_2025-05-27.csv"` || !bytes.Equal(body, data) {
		t.Errorf("%d %s %d bytes", code, name, len(body))
	}
	_, _, body = get("?date=" + day + "&format=zip")
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) != 1 {
		t.Fatalf("%v", err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if part, err := io.ReadAll(f); err != nil || !bytes.Equal(part, data) {
		t.Errorf("%v: the part is not the report", err)
	}
	_, _, body = get("?date=" + day + "&format=xlsx")
	x, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got, err := x.GetRows("Sheet1"); err != nil || len(got) != len(rows) {
		t.Errorf("%v: %d rows of %d", err, len(got), len(rows))
	}
	if code, name, body = get("?date=2025-05-28"); code != 200 || len(body) != 0 || !strings.Contains(name, "2025-05-28") {
		t.Errorf("an empty day: %d %s %q", code, name, body)
	}
	for _, q := range []string{"?date=2025-02-30", "?date=x", "?format=pdf"} {
		if code, _, _ := get(q); code != http.StatusBadRequest {
			t.Errorf("%s: %d", q, code)
		}
	}
}

// TestReport_day: a day is Moscow's: what was done at 21:30 UTC is in the report of the next day.
func TestReport_day(t *testing.T) {
	b, c := driven(t)
	srv := httptest.NewServer(b.Handler())
	defer srv.Close()
	c.now = time.Date(2025, 5, 27, 21, 30, 0, 0, time.UTC)
	deskOf(t, srv.URL).post(initPath, orderBody(ref(0), amountOf(ref(0))))
	c.now = c.now.Add(time.Minute)
	b.Advance(c.now)
	for day, want := range map[string]bool{"2025-05-27": false, "2025-05-28": true} {
		if data, err := b.Report(day, "csv"); err != nil || (len(data) > 0) != want {
			t.Errorf("%s: %v %q", day, err, data)
		}
	}
}
