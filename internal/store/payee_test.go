package store_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/payee"
)

// manyPayees puts n payees straight into the tables that lists read.
func manyPayees(t testing.TB, d *desktest.Desk, n int) {
	t.Helper()
	now := d.Clock.Now()
	for from := 0; from < n; from += 2000 {
		if _, err := d.Store.Write(t.Context(), app.Worker, func(tx app.Tx) error {
			for i := from; i < min(n, from+2000); i++ {
				c := payee.Content{Kind: payee.Company, FullName: fmt.Sprintf("ООО «Вектор %06d»", i*7919%1_000_000), INN: fmt.Sprintf("77%08d", i), Note: "Договор поставки и оказания услуг",
					Groups: []string{"все"}, Accounts: []payee.Account{{BIK: "044525974", Number: fmt.Sprintf("407028101%011d", i), Label: "Основной"}}}
				if i%1000 == 0 {
					c.Groups = append(c.Groups, "редкая")
				}
				row := app.PayeeRow{ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", i), Version: 1, Kind: c.Kind, FullName: c.FullName, INN: c.INN, Groups: c.Groups,
					Search: payee.SearchText(c), CreatedAt: now, ChangedAt: now, Accounts: []app.PayeeAccount{{Account: c.Accounts[0], Since: now}}}
				if err := tx.SavePayee(row); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPayeeList: the pages of the list hold every payee once, by name; a search finds by any words, by the end of an account and by a whole one, and
// goes on from page to page; a group filters.
func TestPayeeList(t *testing.T) {
	d := desktest.New(t)
	const n = 430
	manyPayees(t, d, n)
	walk := func(q app.PayeeQuery) (names []string) {
		t.Helper()
		for range n {
			page, err := d.Store.PayeeList(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Rows {
				if len(r.Accounts) != 1 {
					t.Fatalf("%+v", r)
				}
				names = append(names, r.FullName)
			}
			if page.Next == "" {
				return names
			}
			q.After = page.Next
		}
		t.Fatal("the pages do not end")
		return nil
	}
	all := walk(app.PayeeQuery{})
	if len(all) != n || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != n {
		t.Fatalf("%d of %d", len(all), n)
	}
	for _, c := range []struct {
		q    app.PayeeQuery
		want int
	}{
		{app.PayeeQuery{Text: "вектор  ООО"}, n}, {app.PayeeQuery{Text: "7700000042"}, 1}, {app.PayeeQuery{Text: "··0042 7700000042"}, 1}, {app.PayeeQuery{Text: "40702810100000000042"}, 1},
		{app.PayeeQuery{Text: "40702 810 1 0000 0000042"}, 1}, {app.PayeeQuery{Text: "0702810100000000"}, 0}, {app.PayeeQuery{Text: "40702810100009999999"}, 0},
		{app.PayeeQuery{Group: "редкая"}, 1}, {app.PayeeQuery{Group: "ред"}, 0}, {app.PayeeQuery{Group: "все", Text: "договор", Limit: 7}, n}, {app.PayeeQuery{Text: "%"}, 0}, {app.PayeeQuery{Text: "_"}, 0},
		{app.PayeeQuery{After: "nobody", Text: "7700000042"}, 1},
	} {
		if got := walk(c.q); len(got) != c.want {
			t.Errorf("%+v: %d, want %d", c.q, len(got), c.want)
		}
	}
	counts, err := d.Store.Counters(t.Context(), app.PayeesCounter)
	if err != nil || counts[app.PayeesCounter].N != n || counts[app.PayeeGroupCounter+"все"].N != n || counts[app.PayeeGroupCounter+"редкая"].N != 1 {
		t.Errorf("%v %v", counts, err)
	}
}

// BenchmarkPayeeList: a page of 100,000 payees, first, deep in the list, by a common word, by one that nobody has, and by a rare group.
func BenchmarkPayeeList(b *testing.B) {
	if os.Getenv("PAYEES") == "" {
		b.Skip("set PAYEES=1")
	}
	d := desktest.New(b)
	manyPayees(b, d, 100_000)
	deep := app.PayeeQuery{}
	for range 20 {
		page, err := d.Store.PayeeList(b.Context(), app.PayeeQuery{After: deep.After, Limit: 200})
		if err != nil {
			b.Fatal(err)
		}
		deep.After = page.Next
	}
	for name, q := range map[string]app.PayeeQuery{"first": {}, "deep": deep, "common": {Text: "вектор"}, "nobody": {Text: strings.Repeat("щ", 5)}, "one": {Text: "7700077777"}, "group": {Group: "редкая"},
		"account": {Text: "40702810100000077777"}} {
		b.Run(name, func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := d.Store.PayeeList(context.Background(), q); err != nil {
					b.Fatal(err)
				}
				all = append(all, time.Since(began))
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, "ms-p95")
		})
	}
}

// TestPayeeList_fresh: a search sees every change that was committed before it: new payees, other names, the same clock, many at once, none.
func TestPayeeList_fresh(t *testing.T) {
	d := desktest.New(t)
	manyPayees(t, d, 50)
	rename := func(i int, name string) {
		t.Helper()
		if _, err := d.Store.Write(t.Context(), app.People, func(tx app.Tx) error {
			c := payee.Content{Kind: payee.Company, FullName: name, Groups: []string{"все"}}
			return tx.SavePayee(app.PayeeRow{ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", i), Version: 2, Kind: c.Kind, FullName: name, Groups: c.Groups, Search: payee.SearchText(c),
				CreatedAt: d.Clock.Now(), ChangedAt: d.Clock.Now()})
		}); err != nil {
			t.Fatal(err)
		}
	}
	found := func(text string, want int) {
		t.Helper()
		page, err := d.Store.PayeeList(t.Context(), app.PayeeQuery{Text: text, Limit: 200})
		if err != nil || len(page.Rows) != want {
			t.Errorf("%q: %d, want %d, %v", text, len(page.Rows), want, err)
		}
		if !slices.IsSortedFunc(page.Rows, func(a, b app.PayeeRow) int { return strings.Compare(a.FullName, b.FullName) }) {
			t.Error("not by name")
		}
	}
	found("вектор", 50)
	rename(7, "ООО Альфа")
	found("вектор", 49)
	found("альфа", 1)
	rename(7, "ООО Бета") // twice between two looks, by a clock that stands
	rename(7, "ООО Гамма")
	found("бета", 0)
	found("гамма", 1)
	rename(1000, "ООО Дельта") // new
	found("дельта", 1)
	d.Clock.Add(-time.Hour) // a clock that was set back
	rename(8, "ООО Омега")
	found("омега", 1)
	found("вектор", 48)
	d.Clock.Add(2 * time.Hour)
	manyPayees(t, d, 1500)
	found("гамма", 0) // written over
	found("ооо", 200)
	d.Restart()
	found("вектор 7700000003", 1)
}
