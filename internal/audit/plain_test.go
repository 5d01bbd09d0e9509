package audit

import (
	"encoding/json"
	"strings"
	"testing"
)

// longWay keeps Canonical from taking the short one.
type longWay struct{ v any }

func (l longWay) MarshalJSON() ([]byte, error) { return json.Marshal(l.v) }

// TestCanonical_plain: the short way writes what the long way writes, and what the long way refuses it does not write.
func TestCanonical_plain(t *testing.T) {
	deep := any("x")
	for range maxDepth + 2 {
		deep = map[string]any{"d": deep}
	}
	var noList []string
	var noMap map[string]any
	for _, v := range []any{
		"", "a\"b\\c\n\t\b\f\r\x01\x1f\x7f", "Иванов \u2028 <&> \ufffd 😀", "\xff", 0, -1, int64(9223372036854775807), int64(-9223372036854775808), true, false, nil, 1.5,
		[]string{}, noList, []string{"b", "a"}, []string{"\xff"}, map[string]any{}, noMap,
		map[string]any{"b": 1, "a": "x", "a!": true, "aa": []string{"q"}, "Z": map[string]any{"y": int64(2), "x": ""}},
		map[string]any{"\xff": 1}, map[string]any{"ключ": 1, "a": 2}, map[string]any{"a\"": 1, "a": 2}, map[string]any{"a": 1.5}, map[string]any{"a": "\xc0"},
		map[string]any{"a": nil, "b": json.Number("3")}, map[string]any{"a": uint8(3)}, deep, strings.Repeat("я", 5000),
	} {
		got, err := Canonical(v)
		want, wantErr := Canonical(longWay{v})
		if bad := strings.Contains(strings.ToValidUTF8(string(want), "\xff"), "\xff"); bad {
			t.Fatalf("the long way wrote no UTF-8 for %q", v)
		}
		if (err == nil) != (wantErr == nil) || string(got) != string(want) {
			t.Errorf("%.80v: %s, %v; the long way %s, %v", v, got, err, want, wantErr)
		}
		if err == nil {
			if err := checkCanonical(got); err != nil {
				t.Errorf("%.80v: %v", v, err)
			}
		}
	}
}
