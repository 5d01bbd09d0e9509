package bank131

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"countersign/internal/protocol"

	"pgregory.net/rapid"
)

func documented() protocol.Expect {
	return protocol.Expect{Reference: "cs1-1042-abcdefghijklmnopqrstuvwxyz", AmountMinor: 10000, Currency: "rub", BIK: "044525971", Account: "40817810100000270411",
		FullName: "Иванов Иван Иванович", Description: "Перевод средств по договору № 5015553111 Иванов Иван Иванович НДС не облагается"}
}

func tree(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEncodeIsTheDocumentedExample: JSON-equal to the bank's example but for the reference and the recipient's name.
func TestEncodeIsTheDocumentedExample(t *testing.T) {
	company := protocol.Expect{Reference: "cs1-7-x", AmountMinor: 10000, Currency: "RUB", BIK: "049205131", Account: "40702810200000000025",
		FullName: "ООО Вектор", Description: "Оплата услуг по договору № 123 НДС не облагается", INN: "7727406020", KPP: "770801001"}
	for file, e := range map[string]protocol.Expect{"req-init-payout-bank-account.json": documented(), "req-init-payout-bank-account-company.json": company} {
		body, err := EncodePayout(e)
		if err != nil {
			t.Fatal(err)
		}
		want := tree(t, fixture(t, file))
		want["metadata"] = e.Reference
		want["participant_details"] = map[string]any{"recipient": map[string]any{"full_name": e.FullName}}
		if got := tree(t, body); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", file, got, want)
		}
	}
}

// TestEncodeBytes pins order and spelling, because an attempt is compared and signed as bytes.
func TestEncodeBytes(t *testing.T) {
	e := documented()
	e.INN, e.KPP, e.Description = "7727406020", "770801001", `a <b> & "c"`
	body, err := EncodePayout(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"payment_method":{"type":"bank_account","bank_account":{"system_type":"ru","ru":{"bik":"044525971","account":"40817810100000270411",` +
		`"full_name":"Иванов Иван Иванович","inn":"7727406020","kpp":"770801001","description":"a <b> & \"c\""}}},` +
		`"amount_details":{"amount":10000,"currency":"rub"},"participant_details":{"recipient":{"full_name":"Иванов Иван Иванович"}},` +
		`"metadata":"cs1-1042-abcdefghijklmnopqrstuvwxyz"}`
	if string(body) != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}

// TestEncodeRefuses what could not be what was approved.
func TestEncodeRefuses(t *testing.T) {
	for name, change := range map[string]func(*protocol.Expect){
		"no reference": func(e *protocol.Expect) { e.Reference = "" }, "no BIK": func(e *protocol.Expect) { e.BIK = "" },
		"no account": func(e *protocol.Expect) { e.Account = "" }, "no name": func(e *protocol.Expect) { e.FullName = "" },
		"no purpose": func(e *protocol.Expect) { e.Description = "" }, "nothing": func(e *protocol.Expect) { e.AmountMinor = 0 },
		"less than nothing": func(e *protocol.Expect) { e.AmountMinor = -1 }, "dollars": func(e *protocol.Expect) { e.Currency = "usd" },
		"not UTF-8": func(e *protocol.Expect) { e.FullName = "\xff" },
	} {
		e := documented()
		change(&e)
		if body, err := EncodePayout(e); err == nil {
			t.Errorf("%s: %s", name, body)
		}
	}
}

// TestDecodeIsStrict: the claim compares what it reads back, so nothing may be read that was not written.
func TestDecodeIsStrict(t *testing.T) {
	body, err := EncodePayout(documented())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodePayout(body); err != nil || got != documented() {
		t.Fatalf("%+v %v", got, err)
	}
	s := string(body)
	for name, other := range map[string]string{
		"not JSON":                   s[:len(s)-1],
		"something behind":           s + "{}",
		"a list":                     "[" + s + "]",
		"a field more":               strings.Replace(s, `"metadata"`, `"is_fast":true,"metadata"`, 1),
		"a field more, deep":         strings.Replace(s, `"bik"`, `"token":"x","bik"`, 1),
		"a field less":               strings.Replace(s, `"system_type":"ru",`, ``, 1),
		"no recipient":               strings.Replace(s, `"participant_details":{"recipient":{"full_name":"Иванов Иван Иванович"}},`, ``, 1),
		"another recipient":          strings.Replace(s, `"recipient":{"full_name":"Иванов Иван Иванович"}`, `"recipient":{"full_name":"Петров"}`, 1),
		"amount twice":               strings.Replace(s, `"amount":10000`, `"amount":10000,"amount":10000`, 1),
		"amount twice but for case":  strings.Replace(s, `"amount":10000`, `"amount":10000,"Amount":1`, 1),
		"amount as text":             strings.Replace(s, `:10000`, `:"10000"`, 1),
		"amount with a point":        strings.Replace(s, `:10000`, `:10000.0`, 1),
		"amount with an exponent":    strings.Replace(s, `:10000`, `:1e4`, 1),
		"amount below zero":          strings.Replace(s, `:10000`, `:-10000`, 1),
		"amount too large":           strings.Replace(s, `:10000`, `:9223372036854775808`, 1),
		"metadata as object":         strings.Replace(s, `"cs1-1042-abcdefghijklmnopqrstuvwxyz"`, `{}`, 1),
		"metadata null":              strings.Replace(s, `"cs1-1042-abcdefghijklmnopqrstuvwxyz"`, `null`, 1),
		"another kind":               strings.Replace(s, `"type":"bank_account"`, `"type":"card"`, 1),
		"another system":             strings.Replace(s, `"system_type":"ru"`, `"system_type":"iban"`, 1),
		"another currency":           strings.Replace(s, `"rub"`, `"usd"`, 1),
		"key in another case":        strings.Replace(s, `"bik"`, `"BIK"`, 1),
		"empty INN":                  strings.Replace(s, `"bik"`, `"inn":"","bik"`, 1),
		"null INN beside the fields": strings.Replace(s, `"bik"`, `"inn":null,"bik"`, 1),
	} {
		if other == s {
			t.Fatalf("%s: nothing changed", name)
		}
		if got, err := DecodePayout([]byte(other)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestEncodeDecodeAnyText: whatever people may have typed comes back exactly.
func TestEncodeDecodeAnyText(t *testing.T) {
	some := rapid.StringN(1, 40, 160)
	rapid.Check(t, func(t *rapid.T) {
		e := protocol.Expect{Reference: some.Draw(t, "reference"), BIK: some.Draw(t, "bik"), Account: some.Draw(t, "account"), FullName: some.Draw(t, "name"),
			Description: some.Draw(t, "purpose"), INN: rapid.StringN(0, 12, 48).Draw(t, "inn"), KPP: rapid.StringN(0, 9, 36).Draw(t, "kpp"),
			AmountMinor: rapid.Int64Min(1).Draw(t, "amount"), Currency: "rub"}
		body, err := EncodePayout(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodePayout(body); err != nil || got != e {
			t.Fatalf("%+v %v", got, err)
		}
		if !json.Valid(body) {
			t.Fatal("not JSON")
		}
	})
}
