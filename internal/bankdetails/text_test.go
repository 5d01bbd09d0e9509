package bankdetails

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"countersign/internal/fault"
)

const (
	seedName    = "Иванов Иван Иванович"
	seedPurpose = "Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"
)

// What reaches the bank must be what the approver read: nothing invisible, nothing that reorders a line.
func TestTexts(t *testing.T) {
	type row struct {
		check    func(string) (string, *fault.Error)
		in, want string
		code     string
		args     []any
	}
	ok := func(check func(string) (string, *fault.Error), in, want string) row {
		return row{check, in, want, "", nil}
	}
	for _, c := range []row{
		ok(CheckName, seedName, seedName),
		ok(CheckName, "  "+seedName+"\t\r\n", seedName),
		ok(CheckName, "Иванов\u00a0Иван", "Иванов Иван"),
		ok(CheckName, "Андрей\u0306", "Андрей\u0306"), // nothing composes with й
		ok(CheckName, "Андреи\u0306", "Андрей"),       // NFC
		ok(CheckName, "ООО «Ромашка-2» (филиал) & Co. №1/2", "ООО «Ромашка-2» (филиал) & Co. №1/2"),
		ok(CheckName, "O’Brien d'Arc", "O’Brien d'Arc"),
		ok(CheckName, "Я", "Я"),
		ok(CheckName, strings.Repeat("я", 160), strings.Repeat("я", 160)),
		ok(CheckName, strings.Repeat("и\u0306", 160), strings.Repeat("й", 160)), // counted after composing
		ok(CheckName, "<script>alert(1)</script>", "<script>alert(1)</script>"),
		{CheckName, "", "", "full_name.empty", nil},
		{CheckName, " \u00a0\u3000\t", "", "full_name.empty", nil},
		{CheckName, strings.Repeat("я", 161), strings.Repeat("я", 161), "full_name.too_long", []any{161, 160}},
		{CheckName, "12 34.", "12 34.", CodeNameLetters, nil},
		{CheckName, "Иванов\nИван", "Иванов\nИван", "full_name.line_break", []any{7}},
		{CheckName, "Иванов\rИван", "Иванов\rИван", "full_name.line_break", []any{7}},
		{CheckName, "Иванов\u2028Иван", "Иванов\u2028Иван", "full_name.line_break", []any{7}},
		{CheckName, "Иванов\u0085Иван", "Иванов\u0085Иван", "full_name.line_break", []any{7}},
		{CheckName, "Иванов\tИван", "Иванов\tИван", "full_name.chars", []any{"U+0009", 7}},
		{CheckName, "Ива\x00нов", "Ива\x00нов", "full_name.chars", []any{"U+0000", 4}},
		{CheckName, "Ива\x7fнов", "Ива\x7fнов", "full_name.chars", []any{"U+007F", 4}},
		{CheckName, "Ива\u200bнов", "Ива\u200bнов", "full_name.chars", []any{"U+200B", 4}},
		{CheckName, "Ива\u200dнов", "Ива\u200dнов", "full_name.chars", []any{"U+200D", 4}},
		{CheckName, "Ива\u00adнов", "Ива\u00adнов", "full_name.chars", []any{"U+00AD", 4}},
		{CheckName, "\ufeffИванов", "\ufeffИванов", "full_name.chars", []any{"U+FEFF", 1}},
		{CheckName, "\u202eвонавИ", "\u202eвонавИ", "full_name.chars", []any{"U+202E", 1}},
		{CheckName, "\u2066Иванов\u2069", "\u2066Иванов\u2069", "full_name.chars", []any{"U+2066", 1}},
		{CheckName, "Иванов\u200f", "Иванов\u200f", "full_name.chars", []any{"U+200F", 7}},
		{CheckName, "Иванов\u061c", "Иванов\u061c", "full_name.chars", []any{"U+061C", 7}},
		{CheckName, "\u3164\u3164", "\u3164\u3164", "full_name.chars", []any{"U+3164", 1}}, // a letter drawn as nothing
		{CheckName, "Иванов\u2800", "Иванов\u2800", "full_name.chars", []any{"U+2800", 7}},
		{CheckName, "Иванов\ufe0f", "Иванов\ufe0f", "full_name.chars", []any{"U+FE0F", 7}},
		{CheckName, "Иванов\u034f", "Иванов\u034f", "full_name.chars", []any{"U+034F", 7}},
		{CheckName, "Иванов\U000e0041", "Иванов\U000e0041", "full_name.chars", []any{"U+E0041", 7}},
		{CheckName, "Иванов\ue000", "Иванов\ue000", "full_name.chars", []any{"U+E000", 7}},
		{CheckName, "Z\u0335\u0336\u0337algo", "Z\u0335\u0336\u0337algo", "full_name.chars", []any{"U+0337", 4}},
		{CheckName, "Иван\xffов", "Иван\ufffdов", "full_name.encoding", nil},
		{CheckName, "Иван\ufffdов", "Иван\ufffdов", "full_name.encoding", nil},

		ok(CheckPurpose, seedPurpose, seedPurpose),
		ok(CheckPurpose, "{VO99090} Payout «No 7», 100% \"ok\"; e-mail a@b.c", "{VO99090} Payout «No 7», 100% \"ok\"; e-mail a@b.c"),
		ok(CheckPurpose, strings.Repeat("№", 210), strings.Repeat("№", 210)),
		ok(CheckPurpose, " "+strings.Repeat("№", 210)+" ", strings.Repeat("№", 210)),
		ok(CheckPurpose, "Что\u037e", "Что;"), // the Greek question mark is a semicolon, says NFC
		{CheckPurpose, "", "", "description.empty", nil},
		{CheckPurpose, strings.Repeat("№", 211), strings.Repeat("№", 211), "description.too_long", []any{211, 210}},
		{CheckPurpose, "За что? НДС", "За что? НДС", CodePurposeBanned, []any{"?", 7}},
		{CheckPurpose, "Срочно!", "Срочно!", CodePurposeBanned, []any{"!", 7}},
		{CheckPurpose, "Строка\r\nНДС", "Строка\r\nНДС", "description.line_break", []any{7}},
		{CheckPurpose, "Оплата\u202e", "Оплата\u202e", "description.chars", []any{"U+202E", 7}},
		{CheckPurpose, "\xd0", "\ufffd", "description.encoding", nil},

		ok(CheckOwnRef, "", ""),
		ok(CheckOwnRef, " А-17/2026 ", "А-17/2026"),
		ok(CheckOwnRef, strings.Repeat("1", 40), strings.Repeat("1", 40)),
		{CheckOwnRef, strings.Repeat("1", 41), strings.Repeat("1", 41), "own_ref.too_long", []any{41, 40}},
		{CheckOwnRef, "1\x1b[2J", "1\x1b[2J", "own_ref.chars", []any{"U+001B", 2}},
		ok(CheckNote, "", ""),
		ok(CheckNote, "Договор № 7, акт? Да!", "Договор № 7, акт? Да!"),
		ok(CheckNote, strings.Repeat("ё", 500), strings.Repeat("ё", 500)),
		{CheckNote, strings.Repeat("ё", 501), strings.Repeat("ё", 501), "note.too_long", []any{501, 500}},
		{CheckNote, "а\nб", "а\nб", "note.line_break", []any{2}},
	} {
		got, f := c.check(c.in)
		if got != c.want || code(f) != c.code {
			t.Errorf("%.60q: %.60q, %v; want %.60q, %q", c.in, got, f, c.want, c.code)
			continue
		}
		if f == nil {
			continue
		}
		if f.Kind != fault.Invalid || !strings.HasPrefix(f.Code, f.Field+".") {
			t.Errorf("%.60q: %v at %q", c.in, f.Kind, f.Field)
		}
		if len(f.Args)+len(c.args) > 0 && !reflect.DeepEqual(f.Args, c.args) {
			t.Errorf("%.60q: args %v, want %v", c.in, f.Args, c.args)
		}
	}
}

func TestCheckTyped(t *testing.T) {
	if f := CheckTyped(FieldNote, strings.Repeat("я", TypedMax)); f != nil {
		t.Error(f)
	}
	if f := CheckTyped(FieldNote, strings.Repeat("я", TypedMax+1)); code(f) != CodeTyped || f.Field != FieldNote {
		t.Error(f)
	}
}

func TestPurposeLeft(t *testing.T) {
	for in, want := range map[string]int{"": 210, "  абв ": 207, "и\u0306": 209, strings.Repeat("я", 215): -5} {
		if got := PurposeLeft(in); got != want {
			t.Errorf("%.20q: %d, want %d", in, got, want)
		}
	}
}

func TestMixedScript(t *testing.T) {
	for name, want := range map[string]bool{
		"":                        false,
		seedName:                  false,
		"Ivanov Ivan":             false,
		"ООО Vector":              false,
		"ООО «Vector»":            false,
		"IT-отдел":                false,
		"O’Brien":                 false,
		"Д’Артаньян":              false,
		"ООО 3D-Печать":           false,
		"Müller Łukasz":           false,
		"Салтыков-Щедрин":         false,
		"Іванов Ґалаґан Қазақ":    false, // all Cyrillic
		"東京タワー さくら":               false,
		"Ivаnov":                  true, // Cyrillic а
		"Иванoв":                  true, // Latin o
		"Иванов Ивaн":             true,
		"ООO Ромашка":             true,
		"Οливия":                  true, // Greek Ο
		"A\u0301б":                true, // a mark between
		"А4B":                     true, // a digit between
		"d'Артаньян":              true,
		"𝐀лекс":                   true, // a mathematical letter
		"Иванов\u200bIvan":        false,
		"Ivanov,Иванов":           false,
		"Компания\u00a0Vector":    false,
		"ЗАО «Тандер» г. Pоcтoв":  true,
		"Ivanov ИП":               false,
		"ОАО\u2011OAO":            false,
		"Ｉvanov":                  false, // fullwidth Latin is Latin
		"ивановIVANOV":            true,
		strings.Repeat("а", 5000): false,
		"Straße":                  false,
		"Ёлкин Ёж":                false,
		"Еле\u0308на":             false,
		"Пётр \u0301\u0301 Latin": false,
	} {
		if got := MixedScript(name); got != want {
			t.Errorf("%.40q: %v", name, got)
		}
	}
}

func TestHasVAT(t *testing.T) {
	for purpose, want := range map[string]bool{
		seedPurpose:            true,
		"Оплата. Без НДС":      true,
		"Оплата. Без НДС.":     true,
		"в т.ч. НДС 20% 16,67": true,
		"В том числе НДС20%":   true,
		"ндс не облагается":    true,
		"(НДС-20%)":            true,
		"Без налога (НДС)":     true,
		"Payment, VAT exempt":  true,
		"incl. vat 20%":        true,
		"Налог на добавленную стоимость": true,
		"НДФЛ и НДСобщение, потом НДС":   true,
		"":                   false,
		"Оплата по договору": false,
		"НДФЛ удержан":       false,
		"ПНДС 12":            false,
		"НДСный":             false,
		"private elevator":   false,
		"HДC":                false, // Latin letters: the tax office would not find it either
	} {
		if got := HasVAT(purpose); got != want {
			t.Errorf("%q: %v", purpose, got)
		}
	}
}

func TestNormalizeName(t *testing.T) {
	for _, same := range [][]string{
		{seedName, "ИВАНОВ  ИВАН ИВАНОВИЧ", " иванов\u00a0иван иванович "},
		{"Ёлкин Пётр", "Елкин Петр", "Ёлкин Пе\u0308тр"},
		{`ООО "Ромашка"`, "ООО «Ромашка»", "ООО Ромашка", "ООО „Ромашка“"},
		{"Салтыков-Щедрин", "Салтыков–Щедрин", "салтыков\u2011щедрин"},
		{"Müller", "MU\u0308LLER"},
		{"Иванов", "Ива\u200bнов"},
	} {
		for _, s := range same[1:] {
			if a, b := NormalizeName(same[0]), NormalizeName(s); a != b {
				t.Errorf("%q and %q differ: %q, %q", same[0], s, a, b)
			}
		}
	}
	if NormalizeName("Иванов Иван") == NormalizeName("Иванова Иван") || NormalizeName("Ivаnov") == NormalizeName("Ivanov") {
		t.Error("different names are the same")
	}
}

// Whatever is typed, the cleaned text is NFC, whole, trimmed, and cleaning it again changes nothing; what is
// accepted has no character that a reader cannot see.
func TestTexts_anything(t *testing.T) {
	letters := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("аяёй\u0306\u0301 Aa\u00a0\u200b\u202e\n?!«№"))))
	rapid.Check(t, func(t *rapid.T) {
		in := letters.Draw(t, "text")
		for _, check := range []func(string) (string, *fault.Error){CheckName, CheckPurpose, CheckOwnRef, CheckNote} {
			got, f := check(in)
			if !utf8.ValidString(got) {
				t.Fatalf("%q: not UTF-8: %q", in, got)
			}
			again, f2 := check(got)
			if again != got || code(f) != code(f2) {
				t.Fatalf("%q: %q %v, again %q %v", in, got, f, again, f2)
			}
			if f != nil {
				continue
			}
			if !norm.NFC.IsNormalString(got) || strings.TrimSpace(got) != got || strings.ContainsFunc(got, isUnseen) {
				t.Fatalf("%q: accepted as %q", in, got)
			}
		}
		if n := NormalizeName(in); NormalizeName(n) != n {
			t.Fatalf("%q: normalised %q, again %q", in, n, NormalizeName(n))
		}
		_, _ = MixedScript(in), HasVAT(in)
	})
}
