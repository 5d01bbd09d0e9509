package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"countersign/internal/app"
	"countersign/internal/desktest"
	"countersign/internal/payout"
)

// TestSearch_index proves that a search finds the same with its index as without: over texts full of odd characters, over payouts that the index knows,
// that changed after it knew them, and that it never saw; through a restart, a lost index and one that belongs to another history.
func TestSearch_index(t *testing.T) {
	d := desktest.New(t)
	r := rand.New(rand.NewPCG(131, 7))
	words := []string{"Щербаков", "щербатый", "Ёлкин", "O'Neil", `"кавычки"`, "100%", "a_b", `c\d`, "Straße", "İstanbul", "K2", "№77", "договор", "5015553111", "40817", "и", "ab", "😀😀😀", "AND", "NEAR(", "col:x", "-1", "+7"}
	some := func() string {
		var out []string
		for range 1 + r.IntN(4) {
			out = append(out, words[r.IntN(len(words))])
		}
		return strings.Join(out, " ")
	}
	draft := func() payout.Content {
		c := d.Content(int64(100 + r.IntN(1000)))
		c.FullName, c.Description, c.OwnRef = some(), some(), words[r.IntN(len(words))]
		return c
	}
	var ids []payout.ID
	n := 0
	enter := func(k int) {
		for range k {
			n++
			id, err := d.App.Enter(t.Context(), d.Who["m1"], app.Entry{Form: fmt.Sprintf("f-%d", n), Content: draft()})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
	}
	edit := func(k int) {
		for range k {
			id := ids[r.IntN(len(ids))]
			n++
			if err := d.App.Edit(t.Context(), d.Who["m1"], id, d.Get(id).Version, app.Entry{Form: fmt.Sprintf("f-%d", n), Content: draft()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	compare := func(when string) {
		t.Helper()
		if !d.Store.Searchable() {
			t.Fatalf("%s: no index", when)
		}
		queries := append([]string{}, words...)
		for range 15 {
			w := []rune(some())
			i := r.IntN(len(w))
			queries = append(queries, string(w[i:min(len(w), i+1+r.IntN(9))]))
		}
		for range 4 {
			s := d.Get(ids[r.IntN(len(ids))])
			queries = append(queries, fmt.Sprint(s.Number), "No "+fmt.Sprint(s.Number), "№"+fmt.Sprint(s.Number), s.Content.Account[16:], "··"+s.Content.Account[15:], s.Content.FullName)
		}
		found := 0
		for _, text := range queries {
			for _, q := range []app.ListQuery{{Text: text}, {Text: text, States: []payout.State{payout.Draft}, Limit: 7}, {Text: text, Maker: d.Who["m1"].Person, Min: 300}} {
				look := func() (out []string, sums app.Totals) {
					for {
						page, err := d.Store.List(t.Context(), q)
						if err != nil {
							t.Fatalf("%s: %q: %v", when, text, err)
						}
						for _, x := range page.Rows {
							out = append(out, fmt.Sprint(x.Number, x.FullName, x.Description, x.ChangedAt))
						}
						if q.After = page.Next; q.After == "" {
							break
						}
					}
					sums, err := d.Store.Totals(t.Context(), q)
					if err != nil {
						t.Fatalf("%s: %q: %v", when, text, err)
					}
					return out, sums
				}
				with, sum := look()
				var without []string
				var plain app.Totals
				d.Store.Unindexed(func() { without, plain = look() })
				if !slices.Equal(with, without) || !reflect.DeepEqual(sum, plain) {
					t.Fatalf("%s: %q: %d rows with the index, %d without\n%v\n%v", when, text, len(with), len(without), sum, plain)
				}
				found += len(with)
			}
		}
		if found < 300 {
			t.Fatalf("%s: %d rows found in all: this proves little", when, found)
		}
	}
	index := func() {
		t.Helper()
		if err := d.Store.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	enter(80)
	index()
	compare("all indexed")
	enter(30)
	edit(25)
	compare("while it catches up")
	index()
	compare("caught up")
	st, err := os.Stat(d.DB() + ".search")
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("the index's file: %v, %v", st, err)
	}

	d.Restart()
	enter(5)
	edit(5)
	index()
	compare("after a restart")

	d.Store.Close()
	other, err := os.ReadFile(d.DB() + ".search")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.DB()+".search", []byte("no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Open()
	index()
	compare("after the index was spoilt")

	e := desktest.New(t) // another history beside this index
	e.Store.Close()
	if err := os.WriteFile(e.DB()+".search", other, 0o600); err != nil {
		t.Fatal(err)
	}
	e.Open()
	id := e.SubmitContent("m1", e.Content(500))
	if err := e.Store.Index(context.Background()); err != nil {
		t.Fatal(err)
	}
	page, err := e.Store.List(t.Context(), app.ListQuery{Text: "Иванов"})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].ID != id || !e.Store.Searchable() {
		t.Fatalf("beside another history's index: %d rows, %v", len(page.Rows), err)
	}
}
