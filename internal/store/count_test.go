package store_test

import (
	"testing"

	"countersign/internal/app"
	"countersign/internal/desktest"
)

// TestTotals_countAll: above 10,000 rows the sums stop and say so; asked to count, they are exact, with and without a search.
func TestTotals_countAll(t *testing.T) {
	d := desktest.New(t)
	d.Fill(10_050)
	for _, q := range []app.ListQuery{{Min: 1}, {Min: 1, Text: "договор"}} {
		short, err := d.Store.Totals(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		q.CountAll = true
		all, err := d.Store.Totals(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if all.More || short.More != (all.N > 10_000) || all.N < short.N-1 {
			t.Errorf("%q: %+v, counted %+v", q.Text, short, all)
		}
		if q.Text == "" && all.N != 10_050 {
			t.Errorf("counted %d of 10,050", all.N)
		}
	}
}
