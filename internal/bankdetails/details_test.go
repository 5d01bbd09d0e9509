package bankdetails

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"countersign/internal/fault"
)

func codes(l fault.List) []string {
	var out []string
	for _, f := range l {
		out = append(out, f.Code)
	}
	return out
}

// The bank's documented payouts must pass as they are: the person's with the warning of its control key.
func TestCheck_documented(t *testing.T) {
	person := Details{FullName: seedName, BIK: "044525971", Account: "40817810100000270411", Description: seedPurpose}
	clean, faults := Check(person)
	if faults.Err() != nil || clean != person {
		t.Fatalf("%+v, %v", clean, faults)
	}
	if got := Warnings(clean); !reflect.DeepEqual(got, []Warning{WarnAccountKey}) {
		t.Errorf("warnings %v", got)
	}
	company := Details{FullName: "ООО Вектор", BIK: "049205131", Account: "40702810200000000025",
		INN: "7727406020", KPP: "770801001", Description: "Оплата услуг по договору № 123 НДС не облагается"}
	clean, faults = Check(company)
	if faults.Err() != nil || clean != company || Warnings(clean) != nil {
		t.Fatalf("%+v, %v, %v", clean, faults, Warnings(clean))
	}
}

func TestCheck(t *testing.T) {
	good := Details{FullName: "ООО Вектор", BIK: "049205131", Account: "40702810200000000025",
		INN: "7727406020", KPP: "770801001", Description: "Оплата, НДС не облагается"}
	with := func(change func(*Details)) Details {
		d := good
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		raw   Details
		clean Details // compared if set
		codes []string
	}{
		"good": {good, good, nil},
		"pasted with spaces": {
			Details{" ООО\u00a0Вектор ", "049 205 131", "40702 810 2 0000 0000025", "7727\u00a0406020", " 7708 01001\n", "Оплата, НДС не облагается "},
			good, nil},
		"nothing":              {Details{}, Details{}, []string{"full_name.empty", CodeBIKEmpty, CodeAccountEmpty, "description.empty"}},
		"company without both": {with(func(d *Details) { d.INN, d.KPP = "", " " }), Details{}, []string{CodeINNEmpty, CodeKPPEmpty}},
		"person without both":  {with(func(d *Details) { d.Account, d.INN, d.KPP = "40817810100000270411", "", "" }), Details{}, nil},
		"person with a bad INN": {with(func(d *Details) { d.Account, d.INN, d.KPP = "40817810100000270411", "7727406021", "" }), Details{},
			[]string{CodeINNCheck}},
		"proprietor without INN": {with(func(d *Details) { d.Account, d.INN, d.KPP = "40802810100000270411", "", "" }), Details{}, []string{CodeINNEmpty}},
		"proprietor":             {with(func(d *Details) { d.Account, d.INN, d.KPP = "40802810100000270411", "500100732259", "" }), Details{}, nil},
		"kpp in small letters":   {with(func(d *Details) { d.KPP = "7708az001" }), with(func(d *Details) { d.KPP = "7708AZ001" }), nil},
		"company of a broken account still needs INN": {
			with(func(d *Details) { d.Account, d.INN = "4070281020000000002", "" }), Details{}, []string{CodeAccountLength, CodeINNEmpty}},
		"all wrong": {Details{"\u202e", "1", "2", "3", "4", "?"}, Details{},
			[]string{"full_name.chars", CodeBIKLength, CodeAccountLength, CodeINNLength, CodeKPPLength, CodePurposeBanned}},
	} {
		clean, faults := Check(c.raw)
		if !slices.Equal(codes(faults), c.codes) {
			t.Errorf("%s: %v, want %v", name, faults, c.codes)
		}
		if c.clean != (Details{}) && clean != c.clean {
			t.Errorf("%s: %+v", name, clean)
		}
	}
	_, faults := Check(with(func(d *Details) { d.INN, d.KPP = "", "" }))
	if f := faults.Field(FieldINN); !reflect.DeepEqual(f.Args, []any{KindCompany}) {
		t.Errorf("args %v", f.Args)
	}
}

func TestWarnings(t *testing.T) {
	const keyOK = "40817810500000270411" // with 044525971
	for name, c := range map[string]struct {
		d    Details
		want []Warning
	}{
		"nothing entered": {Details{}, nil},
		"all right":       {Details{FullName: seedName, BIK: "044525971", Account: keyOK, Description: "x"}, nil},
		"person, no VAT":  {Details{FullName: "Я", BIK: "044525971", Account: keyOK, Description: "Перевод"}, nil},
		"mixed":           {Details{FullName: "Ivаnov", BIK: "044525971", Account: keyOK, Description: "x"}, []Warning{WarnMixedScript}},
		"company, no VAT": {Details{FullName: "Я", BIK: "049205131", Account: "40702810200000000025", Description: "Оплата"}, []Warning{WarnNoVAT}},
		"proprietor, all": {Details{FullName: "Ivаnov", BIK: "044525971", Account: "40802810100000270411", Description: "Оплата"},
			[]Warning{WarnAccountKey, WarnMixedScript, WarnNoVAT}},
		"refused account has no key": {Details{FullName: "Я", BIK: "044525971", Account: "40817978100000270411", Description: "x"}, nil},
		"refused BIK has no key":     {Details{FullName: "Я", BIK: "04452597", Account: "40817810100000270411", Description: "x"}, nil},
		"no purpose yet":             {Details{FullName: "Я", BIK: "049205131", Account: "40702810200000000025"}, nil},
	} {
		if got := Warnings(c.d); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Any form at all: every fault is listed, at most one a field, in the form's order; clean details are a fixed
// point; and accepted ones fit the bank's fields.
func TestCheck_anything(t *testing.T) {
	order := []string{FieldName, FieldBIK, FieldAccount, FieldINN, FieldKPP, FieldPurpose}
	pick := func(t *rapid.T, name string, good ...string) string {
		return rapid.OneOf(rapid.SampledFrom(good), rapid.String(), rapid.StringMatching(`[0-9 ]{0,22}`)).Draw(t, name)
	}
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		raw := Details{
			FullName:    pick(t, "name", seedName, "ООО Вектор"),
			BIK:         pick(t, "bik", "044525971"),
			Account:     pick(t, "account", "40817810100000270411", "40702810200000000025", "40802810100000270411"),
			INN:         pick(t, "inn", "", "7727406020", "500100732259"),
			KPP:         pick(t, "kpp", "", "770801001"),
			Description: pick(t, "description", seedPurpose),
		}
		clean, faults := Check(raw)
		again, faults2 := Check(clean)
		if again != clean || !slices.Equal(codes(faults), codes(faults2)) {
			t.Fatalf("%+v %v, again %+v %v", clean, faults, again, faults2)
		}
		last := -1
		for _, f := range faults {
			i := slices.Index(order, f.Field)
			if i <= last || f.Kind != fault.Invalid || !slices.Contains(Codes(), f.Code) {
				t.Fatalf("fault %v after field %d", f, last)
			}
			last = i
		}
		for _, w := range Warnings(clean) {
			if w == WarnDuplicate || !slices.Contains(AllWarnings(), w) {
				t.Fatalf("warning %q", w)
			}
		}
		if len(faults) > 0 {
			return
		}
		accepted++
		if len(clean.BIK) != 9 || len(clean.Account) != 20 || clean.Account[5:8] != "810" || strings.ContainsAny(clean.Description, "?!\r\n") ||
			NeedINN(clean.Account) && clean.INN == "" || NeedKPP(clean.Account) && clean.KPP == "" {
			t.Fatalf("accepted %+v", clean)
		}
	})
	t.Logf("%d forms were accepted", accepted)
}

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c] {
			t.Errorf("%s twice", c)
		}
		seen[c] = true
	}
}
