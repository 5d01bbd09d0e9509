package payee

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// One of each change, alone and all together in reading order.
func TestDiff(t *testing.T) {
	base := func() Content {
		c := aCompany()
		c.Accounts = []Account{{bik, personal, "a"}, {otherBIK, company, "b"}, {bik, sole, ""}}
		return c
	}
	key := func(b, n string) AccountKey { return AccountKey{b, n} }
	for name, c := range map[string]struct {
		change func(*Content)
		want   []Change
	}{
		"nothing":     {func(*Content) {}, nil},
		"kind":        {func(c *Content) { c.Kind = Sole }, []Change{{Field: "kind", Old: "company", New: "sole"}}},
		"name":        {func(c *Content) { c.FullName = "ООО" }, []Change{{Field: "full_name", Old: "ООО Вектор", New: "ООО"}}},
		"inn":         {func(c *Content) { c.INN = "" }, []Change{{Field: "inn", Old: innTen}}},
		"kpp":         {func(c *Content) { c.KPP = "1" }, []Change{{Field: "kpp", Old: kpp, New: "1"}}},
		"note":        {func(c *Content) { c.Note = "" }, []Change{{Field: "note", Old: "Договор № 7, да?"}}},
		"description": {func(c *Content) { c.Description = "x" }, []Change{{Field: "description", Old: "Оплата услуг, НДС не облагается", New: "x"}}},
		"groups":      {func(c *Content) { c.Groups = []string{"it", "аренда"} }, []Change{{Field: "groups", Old: "аренда", New: "it, аренда"}}},
		"relabelled":  {func(c *Content) { c.Accounts[1].Label = "" }, []Change{{Field: "label", Old: "b", Account: key(otherBIK, company)}}},
		"removed": {func(c *Content) { c.Accounts = c.Accounts[1:] },
			[]Change{{Field: "account", Old: bik + " " + personal + " a", Account: key(bik, personal)}}},
		"added in front": {func(c *Content) { c.Accounts = slices.Insert(c.Accounts, 0, Account{otherBIK, sole, ""}) },
			[]Change{{Field: "account", New: otherBIK + " " + sole, Account: key(otherBIK, sole)}}},
		"another bank is another account": {func(c *Content) { c.Accounts[0].BIK = otherBIK }, []Change{
			{Field: "account", Old: bik + " " + personal + " a", Account: key(bik, personal)},
			{Field: "account", New: otherBIK + " " + personal + " a", Account: key(otherBIK, personal)}}},
		"twice in a draft": {func(c *Content) { c.Accounts = append(c.Accounts, c.Accounts[0]) },
			[]Change{{Field: "account", New: bik + " " + personal + " a", Account: key(bik, personal)}}},
		"order": {func(c *Content) { slices.Reverse(c.Accounts) }, []Change{{Field: FieldOrder,
			Old: bik + " " + personal + ", " + otherBIK + " " + company + ", " + bik + " " + sole,
			New: bik + " " + sole + ", " + otherBIK + " " + company + ", " + bik + " " + personal}}},
		"all": {func(c *Content) {
			*c = Content{Kind: Person, Accounts: []Account{{bik, sole, "c"}, {otherBIK, personal, ""}}}
		}, []Change{
			{Field: "kind", Old: "company", New: "person"}, {Field: "full_name", Old: "ООО Вектор"}, {Field: "inn", Old: innTen}, {Field: "kpp", Old: kpp},
			{Field: "note", Old: "Договор № 7, да?"}, {Field: "description", Old: "Оплата услуг, НДС не облагается"},
			{Field: "account", Old: bik + " " + personal + " a", Account: key(bik, personal)},
			{Field: "account", Old: otherBIK + " " + company + " b", Account: key(otherBIK, company)},
			{Field: "label", New: "c", Account: key(bik, sole)},
			{Field: "account", New: otherBIK + " " + personal, Account: key(otherBIK, personal)},
			{Field: "groups", Old: "аренда"}}},
		"erased": {func(c *Content) { *c = Content{Kind: Sole, Groups: c.Groups, Erased: true} }, []Change{{Field: "kind", Old: "company", New: "sole"}}},
	} {
		now := base()
		c.change(&now)
		if got := Diff(base(), now); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// The view is empty exactly when the two versions are the same, drafts with an account twice included; and it turns round with its sides.
func TestDiff_anything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.OneOf(rapid.Custom(typed), rapid.Custom(near)).Draw(t, "a").Clean()
		b := a
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			b = changed(t, b)
		}
		if d := Diff(a, a); len(d) > 0 {
			t.Fatalf("a version differs from itself: %+v", d)
		}
		there, back := Diff(a, b), Diff(b, a)
		if same := reflect.DeepEqual(a, b); same != (len(there) == 0) {
			t.Fatalf("same %v, %+v", same, there)
		}
		turned := map[Change]int{}
		for _, c := range there {
			if c.Old == c.New && c.Field != FieldGroups && c.Field != FieldOrder { // drafts may join groups with commas
				t.Fatalf("%+v", c)
			}
			turned[Change{c.Field, c.New, c.Old, c.Account}]++
		}
		for _, c := range back {
			turned[c]--
		}
		for c, n := range turned {
			if n != 0 {
				t.Fatalf("%+v is on one side only: %+v, %+v", c, there, back)
			}
		}
	})
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func TestAccountsSince(t *testing.T) {
	a, b, c := Account{BIK: bik, Number: personal}, Account{BIK: bik, Number: sole}, Account{BIK: otherBIK, Number: personal}
	relabelled := a
	relabelled.Label = "x"
	with := func(l ...Account) Content { return Content{Accounts: l} }
	gone := Content{Erased: true}
	for name, x := range map[string]struct {
		history []Content // of day 1, 2, …
		since   map[Account]int
		changed map[Account]int // 0: not known
	}{
		"no history":         {nil, nil, map[Account]int{a: 0}},
		"first version":      {[]Content{with(a, b)}, map[Account]int{a: 1, b: 1}, map[Account]int{a: 0, b: 0, c: 0}},
		"stays, one added":   {[]Content{with(a), with(a, b)}, map[Account]int{a: 1, b: 2}, map[Account]int{a: 0, b: 2}},
		"replaced":           {[]Content{with(a), with(b)}, map[Account]int{b: 2}, map[Account]int{a: 0, b: 2}},
		"same number, other": {[]Content{with(a), with(c)}, map[Account]int{c: 2}, map[Account]int{a: 0, c: 2}},
		"label and order":    {[]Content{with(a, b), with(b, relabelled)}, map[Account]int{a: 1, b: 1}, map[Account]int{a: 0, b: 0}},
		"away and back":      {[]Content{with(a), with(b), with(a), with(a, b)}, map[Account]int{a: 3, b: 4}, map[Account]int{a: 3, b: 4}},
		"long standing":      {[]Content{with(a), with(a, b), with(b), with(b)}, map[Account]int{b: 2}, map[Account]int{a: 0, b: 2}},
		"erased between":     {[]Content{with(a), gone, with(a)}, map[Account]int{a: 3}, map[Account]int{a: 3}},
		"erased first":       {[]Content{gone, with(a), with(a)}, map[Account]int{a: 2}, map[Account]int{a: 2}},
		"erased newest":      {[]Content{with(a), gone}, nil, map[Account]int{a: 0}},
		"none before":        {[]Content{with(), with(a)}, map[Account]int{a: 2}, map[Account]int{a: 0}},
	} {
		var history []Version
		for i, c := range x.history {
			history = append(history, Version{c, day(i + 1)})
		}
		want := map[AccountKey]time.Time{}
		for acc, n := range x.since {
			want[acc.Key()] = day(n)
		}
		if got := AccountsSince(history); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		for acc, n := range x.changed {
			at, known := Changed(history, acc.BIK, acc.Number)
			if known != (n != 0) || known && !at.Equal(day(n)) || !known && !at.IsZero() {
				t.Errorf("%s: changed %v %v, want %d", name, at, known, n)
			}
		}
	}
}

// Against the history told the other way round: forward, version by version, keeping since when each account stands.
func TestAccountsSince_forward(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := accounts(4)
		var history []Version
		stands := map[AccountKey]time.Time{}
		for i := range rapid.IntRange(0, 8).Draw(t, "versions") {
			c := Content{Accounts: rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 4, Account.Key).Draw(t, "accounts")}
			history = append(history, Version{c, day(i + 1)})
			next := map[AccountKey]time.Time{}
			for _, a := range c.Accounts {
				next[a.Key()] = day(i + 1)
				if at, ok := stands[a.Key()]; ok {
					next[a.Key()] = at
				}
			}
			stands = next
		}
		if got := AccountsSince(history); !maps.Equal(got, stands) {
			t.Fatalf("%v, want %v", got, stands)
		}
		for _, a := range all {
			at, known := Changed(history, a.BIK, a.Number)
			since, ok := stands[a.Key()]
			if want := ok && since.After(day(1)); known != want || known && at != since {
				t.Fatalf("%v %v, since %v", at, known, since)
			}
		}
	})
}
