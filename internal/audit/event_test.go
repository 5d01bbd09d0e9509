package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// The exact bytes are a promise: histories written by any version must verify for ever.
func TestEvent_LeafIsAPromise(t *testing.T) {
	e := Event{
		Seq: 42, At: time.Date(2026, 11, 5, 12, 30, 0, 7_999, time.FixedZone("MSK", 3*3600)), Person: "p-1", SignIn: "olga@example.org",
		Action: "payout.approved", Kind: "payout", Subject: "pay-1", Version: 3, Spec: 1,
		Payload: json.RawMessage(`{"a":1,"reason":"Ёлка \"<&>\"\n"}`),
	}
	const want = `{"seq":42,"at":"2026-11-05T09:30:00.000007Z","person":"p-1","sign_in":"olga@example.org",` +
		`"action":"payout.approved","kind":"payout","subject":"pay-1","version":3,"spec":1,"payload":{"a":1,"reason":"Ёлка \"<&>\"\n"}}`
	got, err := e.Leaf()
	if err != nil || string(got) != want {
		t.Fatalf("Leaf = %s, %v\nwant   %s", got, err, want)
	}
	back, err := ParseLeaf(got)
	if err != nil || back.Seq != 42 || !back.At.Equal(e.At.Truncate(time.Microsecond)) || back.Person != e.Person || string(back.Payload) != string(e.Payload) {
		t.Fatalf("ParseLeaf = %+v, %v", back, err)
	}
	e.Payload = nil
	got, err = e.Leaf()
	if err != nil || !strings.HasSuffix(string(got), `"payload":null}`) {
		t.Fatalf("Leaf without payload = %s, %v", got, err)
	}
	if back, err = ParseLeaf(got); err != nil || back.Payload != nil {
		t.Fatalf("ParseLeaf without payload = %+v, %v", back, err)
	}
}

func TestEvent_LeafRefuses(t *testing.T) {
	for name, change := range map[string]func(*Event){
		"sequence 0":         func(e *Event) { e.Seq = 0 },
		"no action":          func(e *Event) { e.Action = "" },
		"version below 0":    func(e *Event) { e.Version = -1 },
		"spec below 0":       func(e *Event) { e.Spec = -1 },
		"year 10000":         func(e *Event) { e.At = e.At.AddDate(9000, 0, 0) },
		"person not UTF-8":   func(e *Event) { e.Person = "\xff" },
		"payload with space": func(e *Event) { e.Payload = json.RawMessage(`{"a": 1}`) },
		"payload unsorted":   func(e *Event) { e.Payload = json.RawMessage(`{"b":1,"a":2}`) },
		"payload cut":        func(e *Event) { e.Payload = json.RawMessage(`{"a":1`) },
		"payload breaks out": func(e *Event) { e.Payload = json.RawMessage(`1},"seq":2,{`) },
	} {
		e := testEvent(5)
		change(&e)
		if leaf, err := e.Leaf(); !errors.Is(err, ErrNotCanonical) || leaf != nil {
			t.Errorf("%s: %s, %v", name, leaf, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	type inner struct {
		Z int    `json:"z"`
		A string `json:"a"`
	}
	for _, c := range []struct {
		in   any
		want string
	}{
		{nil, `null`},
		{true, `true`},
		{math.MinInt64, `-9223372036854775808`},
		{uint64(math.MaxInt64), `9223372036854775807`},
		{"<&>\u2028", "\"<&>\u2028\""},
		{"\x00\b\t\n\f\r\x1f\"\\/\x7f", `"\u0000\b\t\n\f\r\u001f\"\\/` + "\x7f\""},
		{"genuine \ufffd", "\"genuine \ufffd\""},
		{map[string]any{"b": 1, "a": []int{}, "a!": map[string]int{}, "": nil}, `{"":null,"a":[],"a!":{},"b":1}`},
		{inner{1, "x"}, `{"a":"x","z":1}`},
		{[]any{inner{}, &inner{}}, `[{"a":"","z":0},{"a":"","z":0}]`},
		{[]byte{1, 2}, `"AQI="`},
		{json.RawMessage(` { "b" : [ 1 , 2 ] , "a" : "\u0041\/\ud83d\ude00" } `), `{"a":"A/😀","b":[1,2]}`},
		{start, `"2026-11-05T09:00:00Z"`},
		{struct {
			F float64 `json:"-"`
			O float64 `json:"o,omitempty"`
		}{F: 1}, `{}`},
	} {
		got, err := Canonical(c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("Canonical(%#v) = %s, %v; want %s", c.in, got, err, c.want)
			continue
		}
		if err := checkCanonical(got); err != nil {
			t.Errorf("its own result %s is refused: %v", got, err)
		}
	}
	deep := json.RawMessage(strings.Repeat("[", 40) + strings.Repeat("]", 40))
	for name, in := range map[string]any{
		"a float":               1.5,
		"a whole float":         float64(2),
		"a float inside":        map[string]any{"a": []any{float32(1)}},
		"a float in a struct":   struct{ F float64 }{2},
		"uint64 over int64":     uint64(math.MaxInt64) + 1,
		"raw 1.0":               json.RawMessage(`1.0`),
		"raw 1e3":               json.RawMessage(`1e3`),
		"raw -0":                json.RawMessage(`-0`),
		"raw over int64":        json.RawMessage(`9223372036854775808`),
		"raw doubled key":       json.RawMessage(`{"a":1,"a":1}`),
		"raw doubled, escaped":  json.RawMessage(`{"a":1,"\u0061":1}`),
		"raw half pair":         json.RawMessage(`"\ud800"`),
		"raw half pair, low":    json.RawMessage(`"\udc00"`),
		"raw half pair, then x": json.RawMessage(`"\ud800\u0041"`),
		"raw not UTF-8":         json.RawMessage("\"\xff\""),
		"text not UTF-8":        "a\xffb",
		"key not UTF-8":         map[string]int{"\xff": 1},
		"text not UTF-8 inside": []any{map[string]string{"a": "\xc0\x80"}},
		"too deep":              deep,
		"a channel":             make(chan int),
	} {
		if got, err := Canonical(in); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestCheckCanonical_Refuses(t *testing.T) {
	for _, s := range []string{
		``, ` 1`, `1 `, `01`, `-0`, `-`, `1.0`, `1e1`, `+1`, `nul`, `nulll`, `True`, `"`, `"\`, `"\u`, `"\u00`, `"a`, `"\/"`, `"\u0041"`, `"\u000a"`,
		`"\u001F"`, `"\u0020"`, "\"\n\"", `[`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 ,2]`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `{"a":1,"a":2}`,
		`{"b":1,"a":2}`, `{"a":1]`, `[1}`, `1 2`, `9223372036854775808`, `-9223372036854775809`, `99999999999999999999`, "\"\xff\"", "\ufeff1",
		strings.Repeat("[", 40) + strings.Repeat("]", 40),
	} {
		if err := checkCanonical([]byte(s)); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// FuzzCanonical: what is accepted as canonical is exactly what Canonical writes, so that bytes
// and values stand one to one.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2,null,true,"x\n\u001f"]}`, `{"b":1,"a":2}`, `"\ud83d\ude00"`, `1.0`, `[[[]]]`, `"\ufffd"`, `{"a":1,"a":1}`, `{"a!":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Canonical(json.RawMessage(b))
		if ok := checkCanonical(b) == nil; ok != (err == nil && bytes.Equal(got, b)) {
			t.Fatalf("checkCanonical(%q) ok = %v, but Canonical = %q, %v", b, ok, got, err)
		}
		if err != nil {
			return
		}
		if again, err := Canonical(json.RawMessage(got)); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("not settled: %q then %q, %v", got, again, err)
		}
	})
}

// FuzzLeaf: a leaf says everything about its event (so different events have different leaves), and
// no other bytes parse.
func FuzzLeaf(f *testing.F) {
	f.Add(int64(1), int64(0), "p", "a@b", "x", "payout", "s", 1, 1, []byte(`{"a":1}`))
	f.Add(int64(9), int64(-1), `","action":"`, "\u2028", "x\n", "", "\x00", 0, 0, []byte(`null`))
	f.Fuzz(func(t *testing.T, seq, micro int64, person, signIn, action, kind, subject string, version, spec int, payload []byte) {
		e := Event{Seq: seq, At: time.UnixMicro(micro), Person: person, SignIn: signIn, Action: action, Kind: kind, Subject: subject, Version: version, Spec: spec, Payload: payload}
		leaf, err := e.Leaf()
		if err != nil {
			if leaf != nil {
				t.Fatal("a leaf beside an error")
			}
			return
		}
		if !json.Valid(leaf) {
			t.Fatalf("leaf is not JSON: %q", leaf)
		}
		back, err := ParseLeaf(leaf)
		if err != nil {
			t.Fatalf("ParseLeaf(%q): %v", leaf, err)
		}
		if len(payload) == 0 || string(payload) == "null" {
			payload = nil
		}
		if back.Seq != seq || back.At.UnixMicro() != micro || back.Person != person || back.SignIn != signIn || back.Action != action ||
			back.Kind != kind || back.Subject != subject || back.Version != version || back.Spec != spec || !bytes.Equal(back.Payload, payload) {
			t.Fatalf("%+v came back as %+v", e, back)
		}
		for _, other := range [][]byte{append(bytes.Clone(leaf), ' '), append([]byte(" "), leaf...), bytes.Replace(leaf, []byte(`"seq"`), []byte(`"Seq"`), 1), leaf[:len(leaf)-1]} {
			if _, err := ParseLeaf(other); !errors.Is(err, ErrNotCanonical) {
				t.Fatalf("ParseLeaf(%q): %v", other, err)
			}
		}
	})
}

func BenchmarkLeaf(b *testing.B) {
	e := testEvent(5)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = e.appendLeaf(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
