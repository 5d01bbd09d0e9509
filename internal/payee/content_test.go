package payee

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/bankdetails"
	"countersign/internal/fault"
)

const (
	bik      = "044525971"
	otherBIK = "049205131"
	personal = "40817810500000270411" // its key fits bik
	sole     = "40802810100000270411"
	company  = "40702810200000000025" // its key fits otherBIK
	innTen   = "7727406020"
	innTwo   = "500100732259" // twelve digits
	kpp      = "770801001"
)

func aPerson() Content {
	return Content{Kind: Person, FullName: "Иванов Иван", Accounts: []Account{{BIK: bik, Number: personal}}}
}

func aSole() Content {
	return Content{Kind: Sole, FullName: "ИП Иванов", INN: innTwo, Accounts: []Account{{BIK: bik, Number: sole}}}
}

func aCompany() Content {
	return Content{Kind: Company, FullName: "ООО Вектор", INN: innTen, KPP: kpp, Accounts: []Account{{BIK: otherBIK, Number: company}},
		Note: "Договор № 7, да?", Description: "Оплата услуг, НДС не облагается", Groups: []string{"аренда"}}
}

// accounts makes n different ones that pass.
func accounts(n int) []Account {
	var l []Account
	for i := range n {
		l = append(l, Account{BIK: bik, Number: fmt.Sprintf("408178101%011d", i)})
	}
	return l
}

func where(l fault.List) []string {
	var out []string
	for _, f := range l {
		out = append(out, f.Field+" "+f.Code)
	}
	return out
}

// Every rule in both directions: what passes, and what is refused at which field with which code.
func TestCheck(t *testing.T) {
	with := func(c Content, change func(*Content)) Content { change(&c); return c }
	groups := func(n, runes int) (l []string) {
		for i := range n {
			l = append(l, fmt.Sprintf("%02d", i)+strings.Repeat("я", runes-2))
		}
		return l
	}
	for name, c := range map[string]struct {
		c    Content
		want []string
	}{
		"person":  {aPerson(), nil},
		"sole":    {aSole(), nil},
		"company": {aCompany(), nil},
		"nothing": {Content{}, []string{"kind payee.kind", "full_name full_name.empty", "bik-1 payee.accounts.none"}},
		"kind unknown": {with(aPerson(), func(c *Content) { c.Kind = "bank"; c.INN = "1"; c.KPP = "1" }),
			[]string{"kind payee.kind", "inn inn.length", "kpp kpp.length"}},

		"name 160":           {with(aPerson(), func(c *Content) { c.FullName = strings.Repeat("я", 160) }), nil},
		"name 161":           {with(aPerson(), func(c *Content) { c.FullName = strings.Repeat("я", 161) }), []string{"full_name full_name.too_long"}},
		"name not UTF-8":     {with(aPerson(), func(c *Content) { c.FullName = "Я\xff" }), []string{"full_name full_name.encoding"}},
		"name unseen":        {with(aPerson(), func(c *Content) { c.FullName = "Я\u202eЯ" }), []string{"full_name full_name.chars"}},
		"note 500":           {with(aPerson(), func(c *Content) { c.Note = strings.Repeat("я", 500) }), nil},
		"note 501":           {with(aPerson(), func(c *Content) { c.Note = strings.Repeat("я", 501) }), []string{"note note.too_long"}},
		"description 210":    {with(aPerson(), func(c *Content) { c.Description = strings.Repeat("я", 210) }), nil},
		"description 211":    {with(aPerson(), func(c *Content) { c.Description = strings.Repeat("я", 211) }), []string{"description description.too_long"}},
		"description with ?": {with(aPerson(), func(c *Content) { c.Description = "За что?" }), []string{"description description.banned"}},

		"person INN 12":             {with(aPerson(), func(c *Content) { c.INN = innTwo }), nil},
		"person INN 10":             {with(aPerson(), func(c *Content) { c.INN = innTen }), []string{"inn payee.inn.person"}},
		"person INN letters":        {with(aPerson(), func(c *Content) { c.INN = "50010073225x" }), []string{"inn inn.digits"}},
		"person INN check":          {with(aPerson(), func(c *Content) { c.INN = "500100732258" }), []string{"inn inn.check"}},
		"person KPP":                {with(aPerson(), func(c *Content) { c.KPP = kpp }), []string{"kpp payee.kpp.none"}},
		"person with 40802":         {with(aPerson(), func(c *Content) { c.Accounts = aSole().Accounts }), []string{"inn inn.empty"}},
		"person, 40802, INN":        {with(aPerson(), func(c *Content) { c.Accounts, c.INN = aSole().Accounts, innTwo }), nil},
		"person with 40702":         {with(aPerson(), func(c *Content) { c.Accounts = aCompany().Accounts }), []string{"account-1 payee.account.kind"}},
		"sole without INN":          {with(aSole(), func(c *Content) { c.INN = " " }), []string{"inn payee.inn.sole"}},
		"sole INN 10":               {with(aSole(), func(c *Content) { c.INN = innTen }), []string{"inn payee.inn.sole"}},
		"sole INN check":            {with(aSole(), func(c *Content) { c.INN = "500100732258" }), []string{"inn inn.check"}},
		"sole INN zeros":            {with(aSole(), func(c *Content) { c.INN = "000000000000" }), []string{"inn inn.check"}},
		"sole KPP":                  {with(aSole(), func(c *Content) { c.KPP = kpp }), []string{"kpp payee.kpp.none"}},
		"sole with 40817":           {with(aSole(), func(c *Content) { c.Accounts = aPerson().Accounts }), nil},
		"sole with 40702":           {with(aSole(), func(c *Content) { c.Accounts = aCompany().Accounts }), []string{"account-1 payee.account.kind"}},
		"company without INN":       {with(aCompany(), func(c *Content) { c.INN = "" }), []string{"inn payee.inn.company"}},
		"company INN 12":            {with(aCompany(), func(c *Content) { c.INN = innTwo }), []string{"inn payee.inn.company"}},
		"company INN check":         {with(aCompany(), func(c *Content) { c.INN = "7727406021" }), []string{"inn inn.check"}},
		"company without KPP":       {with(aCompany(), func(c *Content) { c.KPP = "" }), []string{"kpp kpp.empty"}},
		"company, no KPP, no 40702": {with(aCompany(), func(c *Content) { c.KPP = ""; c.Accounts = aSole().Accounts }), nil},
		"company KPP short":         {with(aCompany(), func(c *Content) { c.KPP = "7708" }), []string{"kpp kpp.length"}},
		"company KPP letters":       {with(aCompany(), func(c *Content) { c.KPP = "7708 az 001" }), nil},
		"company KPP out of place":  {with(aCompany(), func(c *Content) { c.KPP = "A70801001" }), []string{"kpp kpp.chars"}},

		"accounts 20": {with(aPerson(), func(c *Content) { c.Accounts = accounts(20) }), nil},
		"accounts 21": {with(aPerson(), func(c *Content) { c.Accounts = accounts(21) }), []string{"bik-21 payee.accounts.many"}},
		"20 and empty lines": {with(aPerson(), func(c *Content) {
			c.Accounts = append(slices.Concat([]Account{{}, {Label: " "}}, accounts(20)), Account{BIK: "\t"})
		}), nil},
		"only empty lines": {with(aPerson(), func(c *Content) { c.Accounts = []Account{{}, {BIK: " "}} }), []string{"bik-1 payee.accounts.none"}},
		"twice": {with(aPerson(), func(c *Content) {
			c.Accounts = []Account{{bik, personal, "a"}, {}, {" " + bik, "40817 810 5 0000 0270411", "b"}}
		}), []string{"account-3 payee.accounts.twice"}},
		"same number, other bank": {with(aPerson(), func(c *Content) { c.Accounts = []Account{{bik, personal, ""}, {otherBIK, personal, ""}} }), nil},
		"same bank, other number": {with(aPerson(), func(c *Content) { c.Accounts = accounts(2) }), nil},
		"broken twice is broken": {with(aPerson(), func(c *Content) { c.Accounts = []Account{{"1", personal, ""}, {"1", personal, ""}} }),
			[]string{"bik-1 bik.length", "bik-2 bik.length"}},
		"a label alone": {with(aPerson(), func(c *Content) { c.Accounts = append(accounts(1), Account{Label: "x"}) }),
			[]string{"bik-2 bik.empty", "account-2 account.empty"}},
		"line numbers as typed": {with(aPerson(), func(c *Content) {
			c.Accounts = []Account{{}, {"04452597", "40817978100000270411", "a\nb"}, {bik, "40101810100000270411", ""}}
		}), []string{"bik-2 bik.length", "account-2 account.currency", "label-2 payee.label.line_break", "account-3 account.prefix"}},
		"label 40": {with(aPerson(), func(c *Content) { c.Accounts[0].Label = strings.Repeat("я", 40) }), nil},
		"label 41": {with(aPerson(), func(c *Content) { c.Accounts[0].Label = strings.Repeat("я", 41) }), []string{"label-1 payee.label.too_long"}},

		"groups 20 of 40":    {with(aPerson(), func(c *Content) { c.Groups = groups(20, 40) }), nil},
		"groups 21":          {with(aPerson(), func(c *Content) { c.Groups = groups(21, 3) }), []string{"groups payee.groups"}},
		"groups 21, 20 kept": {with(aPerson(), func(c *Content) { c.Groups = append(groups(20, 3), " 00Я ") }), nil},
		"group of 41":        {with(aPerson(), func(c *Content) { c.Groups = groups(1, 41) }), []string{"groups payee.groups"}},
		"group with comma":   {with(aPerson(), func(c *Content) { c.Groups = []string{"а,б"} }), []string{"groups payee.groups"}},
		"group unseen":       {with(aPerson(), func(c *Content) { c.Groups = []string{"а\u200bб"} }), []string{"groups payee.groups"}},
		"group not UTF-8":    {with(aPerson(), func(c *Content) { c.Groups = []string{"\xff"} }), []string{"groups payee.groups"}},

		"field of 8000 bytes": {with(aPerson(), func(c *Content) { c.Note = strings.Repeat("a", 8000) }), []string{"note note.too_long"}},
		"field of 8001 bytes": {with(aPerson(), func(c *Content) { c.Note = strings.Repeat("a", 8001) }), []string{"note typed.too_long"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := c.c.Check()
			if got := where(l); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			for _, f := range l {
				if f.Kind != fault.Invalid {
					t.Errorf("%v is no refusal of a field", f)
				}
			}
		})
	}
}

// The arguments are what the sentences need.
func TestCheck_args(t *testing.T) {
	c := aCompany()
	c.INN, c.KPP = "772740602", ""
	c.Accounts = append(c.Accounts, c.Accounts[0])
	c.Groups = []string{"a;b"}
	l := c.Check()
	for field, want := range map[string][]any{
		"inn": {9}, "kpp": {bankdetails.KindCompany}, "account-2": {1}, "groups": {20, 40},
	} {
		if f := l.Field(field); f == nil || !reflect.DeepEqual(f.Args, want) {
			t.Errorf("%s: %v, want %v", field, f, want)
		}
	}
}

// What is too large even for a draft is refused at its field, and just below it is not.
func TestSizeOK(t *testing.T) {
	big, most := strings.Repeat("a", MaxDraftField+1), strings.Repeat("a", MaxDraftField)
	fill := func(s string) Content {
		return Content{Kind: Kind(s), FullName: s, INN: s, KPP: s, Note: s, Description: s, Accounts: []Account{{s, s, s}}, Groups: []string{s}}
	}
	if l := fill(most).SizeOK(); len(l) > 0 {
		t.Errorf("%v", where(l))
	}
	var want []string
	for _, f := range []string{"kind", "full_name", "inn", "kpp", "note", "description", "bik-1", "account-1", "label-1", "groups"} {
		want = append(want, f+" typed.too_long")
	}
	if got := where(fill(big).SizeOK()); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if l := (Content{Accounts: make([]Account, 100), Groups: make([]string, 100)}).SizeOK(); len(l) > 0 {
		t.Errorf("%v", where(l))
	}
	if got := where(Content{Accounts: make([]Account, 101), Groups: make([]string, 101)}.SizeOK()); !slices.Equal(got, []string{"bik-101 payee.accounts.many", "groups payee.groups"}) {
		t.Errorf("%v", got)
	}
	if got := where(Content{Groups: []string{most, "a"}}.SizeOK()); !slices.Equal(got, []string{"groups typed.too_long"}) {
		t.Errorf("%v", got)
	}
}

func TestClean(t *testing.T) {
	got := Content{
		Kind: Company, FullName: "  ООО\u00a0Вектор ", INN: "7727 406020", KPP: "7708 az001", Note: " и\u0306 ", Description: " Оплата ",
		Accounts: []Account{{}, {"049 205 131", "40702 810 2 0000 0000025", " Основной "}, {" ", "", "\t"}, {"2", "1", ""}},
		Groups:   []string{" Склад", "АРЕНДА ", "", "склад", " "},
	}.Clean()
	want := Content{
		Kind: Company, FullName: "ООО Вектор", INN: innTen, KPP: "7708AZ001", Note: "й", Description: "Оплата",
		Accounts: []Account{{otherBIK, company, "Основной"}, {"2", "1", ""}}, Groups: []string{"аренда", "склад"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := (Content{Kind: "Иванов Иван"}).Clean(); got.Kind != "" {
		t.Errorf("a name stays as kind: it would stand in the history")
	}
	if got := (Content{Groups: []string{"J\u030c"}}).Clean(); !slices.Equal(got.Groups, []string{"\u01f0"}) {
		t.Errorf("%q: small letters are not composed", got.Groups)
	}
	if got := ParseGroups(" Склад, аренда;\r\n it "); !slices.Equal(Content{Groups: got}.Clean().Groups, []string{"it", "аренда", "склад"}) {
		t.Errorf("%q", got)
	}
}

func TestWarnings(t *testing.T) {
	if w := aCompany().Warnings(); w != nil {
		t.Errorf("%v", w)
	}
	c := Content{FullName: "Ivаnov", Note: "Дoговор", Description: "Oплата", INN: "1", Accounts: []Account{
		{BIK: bik, Number: personal}, {}, {BIK: bik, Number: "40817810100000270411"}, // the bank's own example, whose key does not fit
		{BIK: bik, Number: "40817978100000270411"}, {BIK: "04452597", Number: personal}, // refused: nothing to warn of
	}}
	want := []Warned{
		{"full_name", bankdetails.WarnMixedScript}, {"note", bankdetails.WarnMixedScript}, {"description", bankdetails.WarnMixedScript},
		{"account-3", bankdetails.WarnAccountKey},
	}
	if got := c.Warnings(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	// They never block.
	p := aPerson()
	p.FullName, p.Note, p.Description, p.Accounts[0].Number = c.FullName, c.Note, c.Description, "40817810100000270411"
	if l := p.Check(); len(l) > 0 || len(p.Warnings()) != 4 {
		t.Errorf("%v %v", l, p.Warnings())
	}
}

// A list finds a payee by each thing one may read in it, in any case, and not by the middle of an account.
func TestSearchText(t *testing.T) {
	c := aCompany()
	c.FullName, c.Accounts[0].Label = "ООО «Ёлка»", "Основной"
	s := SearchText(c)
	for _, q := range []string{"ООО елка", innTen, kpp, "договор № 7", "оплата услуг", otherBIK, "0025", "основной", "Аренда"} {
		if !strings.Contains(s, bankdetails.NormalizeName(q)) {
			t.Errorf("%q is not found in %q", q, s)
		}
	}
	for _, q := range []string{company, company[:12], company[14:]} {
		if strings.Contains(s, q) {
			t.Errorf("%q tells the account", q)
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range append(bankdetails.Codes(), Codes()...) {
		if seen[c] {
			t.Errorf("%s twice", c)
		}
		seen[c] = true
	}
}

// typed draws any form at all, often near what is right.
func typed(t *rapid.T) Content {
	pick := func(name string, good ...string) string {
		return rapid.OneOf(rapid.SampledFrom(append(good, "", " ")), rapid.SampledFrom(good), rapid.String(), rapid.StringMatching(`[0-9 ]{0,22}`),
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 4), func(b []byte) string { return string(b) })).Draw(t, name)
	}
	c := Content{
		Kind:     Kind(pick("kind", "person", "sole", "company")),
		FullName: pick("name", "Иванов", "ООО «Вектор»"), INN: pick("inn", innTen, innTwo), KPP: pick("kpp", kpp, "7708az001"),
		Note: pick("note", "Договор"), Description: pick("description", "Оплата"),
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "lines") {
		c.Accounts = append(c.Accounts, Account{pick(fmt.Sprint("bik", i), bik, otherBIK), pick(fmt.Sprint("number", i), personal, sole, company), pick(fmt.Sprint("label", i), "Основной")})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "groups") {
		c.Groups = append(c.Groups, pick(fmt.Sprint("group", i), "Аренда", "склад", "J\u030c", "И\u0306"))
	}
	return c
}

// near draws a form that is right but for what one in ten of its fields takes from any form at all.
func near(t *rapid.T) Content {
	c := rapid.Custom(func(t *rapid.T) Content {
		return rapid.SampledFrom([]func() Content{aPerson, aSole, aCompany}).Draw(t, "kind of payee")()
	}).Draw(t, "right")
	other := typed(t)
	c.Accounts = append(c.Accounts, accounts(rapid.IntRange(0, 3).Draw(t, "more"))...)
	odd := func(name string) bool { return rapid.IntRange(0, 9).Draw(t, "odd "+name) == 9 }
	if odd("kind") {
		c.Kind = other.Kind
	}
	a, b := reflect.ValueOf(&c).Elem(), reflect.ValueOf(other)
	for _, name := range []string{"FullName", "INN", "KPP", "Note", "Description", "Groups"} {
		if odd(name) {
			a.FieldByName(name).Set(b.FieldByName(name))
		}
	}
	if odd("accounts") {
		c.Accounts = append(c.Accounts, other.Accounts...)
	}
	return c
}

// Clean is a fixed point, Check finds the same in cleaned content but for line numbers, every fault has a known code, at most one a field.
func TestCheck_anything(t *testing.T) {
	known := append(bankdetails.Codes(), Codes()...)
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.Custom(typed), rapid.Custom(near)).Draw(t, "form")
		clean := raw.Clean()
		if again := clean.Clean(); !reflect.DeepEqual(again, clean) {
			t.Fatalf("%+v, again %+v", clean, again)
		}
		faults, cleanFaults := raw.Check(), clean.Check()
		if !slices.Equal(codes(faults), codes(cleanFaults)) {
			t.Fatalf("typed %v, clean %v", faults, cleanFaults)
		}
		fields := map[string]bool{}
		for _, f := range faults {
			if fields[f.Field] || f.Field == "" || !slices.Contains(known, f.Code) {
				t.Fatalf("%v in %v", f, faults)
			}
			fields[f.Field] = true
		}
		if len(faults) > 0 {
			return
		}
		accepted++
		// The payee can be paid: each account passes the bank's rules for a payout with this payee's name and numbers.
		for _, a := range clean.Accounts {
			if _, l := bankdetails.Check(bankdetails.Details{FullName: clean.FullName, BIK: a.BIK, Account: a.Number, INN: clean.INN, KPP: clean.KPP, Description: "Оплата"}); len(l) > 0 {
				t.Fatalf("accepted and cannot be paid: %v", l)
			}
		}
	})
	if accepted == 0 {
		t.Error("no form was accepted: the draw proves nothing about what passes")
	}
}

func codes(l fault.List) (out []string) {
	for _, f := range l {
		out = append(out, f.Code)
	}
	return out
}
