package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrNotCanonical is in the chain of every refusal of a value, payload or leaf that has no
// canonical form or is not written in it.
var ErrNotCanonical = errors.New("not canonical JSON")

// maxDepth bounds the nesting of a payload, so that no input can exhaust the stack.
const maxDepth = 32

func notCanonical(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotCanonical, fmt.Sprintf(format, args...))
}

// Canonical returns the one spelling of v as JSON: no white space, keys sorted, only the
// escapes that JSON forces, no HTML escaping, whole numbers of 64 bits. Two values that
// differ as JSON have different spellings.
//
// It fails (ErrNotCanonical) on floats, even whole ones, numbers outside int64, text that is not
// UTF-8, doubled keys and nesting deeper than 32, and as json.Marshal does on what JSON cannot hold.
func Canonical(v any) (json.RawMessage, error) {
	if out, ok := appendPlain(make([]byte, 0, 256), v, 0); ok {
		return out, nil
	}
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, notCanonical("%v", err)
	}
	// Encode has refused cycles, so the walk below ends.
	if err := refuseGo(reflect.ValueOf(v)); err != nil {
		return nil, err
	}
	if err := refuseEscapes(raw.Bytes()); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(&raw)
	dec.UseNumber()
	out, err := canonValue(nil, dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, notCanonical("more than one value")
	}
	return out, nil
}

// appendPlain writes what nearly every payload is made of (texts, whole numbers, flags, and maps and lists of them) without a detour through
// encoding/json: webhooks wait for it. ok is false for anything else, which takes the long way and may be refused there.
func appendPlain(dst []byte, v any, depth int) (out []byte, ok bool) {
	if depth > maxDepth {
		return nil, false
	}
	switch v := v.(type) {
	case string:
		return appendString(dst, v), utf8.ValidString(v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int64:
		return strconv.AppendInt(dst, v, 10), true
	case bool:
		return strconv.AppendBool(dst, v), true
	case []string:
		if v == nil {
			return nil, false
		}
		dst = append(dst, '[')
		for i, s := range v {
			if !utf8.ValidString(s) {
				return nil, false
			}
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		return append(dst, ']'), true
	case map[string]any:
		if v == nil {
			return nil, false
		}
		var room [16]string
		keys := room[:0]
		for k := range v {
			if !plainKey(k) {
				return nil, false
			}
			keys = append(keys, k)
		}
		slices.Sort(keys)
		dst = append(dst, '{')
		for i, k := range keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, k), ':')
			if dst, ok = appendPlain(dst, v[k], depth+1); !ok {
				return nil, false
			}
		}
		return append(dst, '}'), true
	}
	return nil, false
}

// plainKey: no escapes, so that keys sort as they are written.
func plainKey(k string) bool {
	for i := range len(k) {
		if c := k[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

var (
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

// refuseGo refuses what encoding/json would silently bend: a float that happens to be whole,
// and text that is not UTF-8 (it would become U+FFFD, so that two values had one spelling).
func refuseGo(v reflect.Value) error {
	if !v.IsValid() {
		return nil
	}
	if v.Type().Implements(marshalerType) || v.Type().Implements(textMarshalerType) {
		return nil // its output is read by refuseEscapes and canonValue
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return notCanonical("a float")
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return notCanonical("text that is not UTF-8")
		}
	case reflect.Pointer, reflect.Interface:
		return refuseGo(v.Elem())
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k == reflect.Uint8 || k == reflect.Bool {
			return nil
		}
		for i := range v.Len() {
			if err := refuseGo(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := refuseGo(it.Key()); err != nil {
				return err
			}
			if err := refuseGo(it.Value()); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Tag.Get("json") == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			if strings.Contains(f.Tag.Get("json"), ",omit") && v.Field(i).IsZero() {
				continue
			}
			if err := refuseGo(v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseEscapes reads valid JSON and refuses raw bytes that are not UTF-8 and \u escapes that
// name no character: json.RawMessage and Marshalers can carry them.
func refuseEscapes(raw []byte) error {
	if !utf8.Valid(raw) {
		return notCanonical("text that is not UTF-8")
	}
	unit := func(i int) (uint64, bool) {
		if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return 0, false
		}
		u, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		return u, err == nil
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		u, ok := unit(i)
		if !ok {
			i++ // a two-byte escape
			continue
		}
		i += 5
		switch {
		case u == 0xFFFD: // how encoding/json spells bytes that are not UTF-8
			return notCanonical("text that is not UTF-8")
		case 0xD800 <= u && u < 0xDC00:
			low, ok := unit(i + 1)
			if !ok || low < 0xDC00 || low > 0xDFFF {
				return notCanonical("half a surrogate pair")
			}
			i += 6
		case 0xDC00 <= u && u <= 0xDFFF:
			return notCanonical("half a surrogate pair")
		}
	}
	return nil
}

func canonValue(dst []byte, dec *json.Decoder, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, notCanonical("nested deeper than %d", maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, notCanonical("%v", err)
	}
	switch t := tok.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	case string:
		return appendString(dst, t), nil
	case json.Number:
		if n, rest := number([]byte(t)); n == 0 || rest != 0 {
			return nil, notCanonical("number %s is not a whole number of 64 bits", t)
		}
		return append(dst, t...), nil
	case json.Delim:
		if t == '[' {
			return canonArray(dst, dec, depth)
		}
		return canonObject(dst, dec, depth)
	}
	return nil, notCanonical("token %v", tok)
}

func canonArray(dst []byte, dec *json.Decoder, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i := 0; dec.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = canonValue(dst, dec, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, notCanonical("%v", err)
	}
	return append(dst, ']'), nil
}

func canonObject(dst []byte, dec *json.Decoder, depth int) ([]byte, error) {
	type member struct{ key, value []byte }
	var members []member
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, notCanonical("%v", err)
		}
		key, ok := tok.(string)
		if !ok {
			return nil, notCanonical("key %v", tok)
		}
		value, err := canonValue(nil, dec, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{appendString(nil, key), value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, notCanonical("%v", err)
	}
	// The closing quote takes no part: it would sort "a" behind "a!".
	slices.SortFunc(members, func(a, b member) int { return compareKeys(a.key, b.key) })
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			if bytes.Equal(members[i-1].key, m.key) {
				return nil, notCanonical("key %s twice", m.key)
			}
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, m.key...), ':'), m.value...)
	}
	return append(dst, '}'), nil
}

// compareKeys orders two keys written with their quotes.
func compareKeys(a, b []byte) int { return bytes.Compare(a[1:len(a)-1], b[1:len(b)-1]) }

const hexDigits = "0123456789abcdef"

// appendString writes s, which must be UTF-8, with the escapes of RFC 8785.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			if c < 0x20 {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

// checkCanonical reports (ErrNotCanonical) unless b is exactly one value as [Canonical] spells it.
// It allocates nothing: every event of a verification passes here.
func checkCanonical(b []byte) error {
	if !utf8.Valid(b) {
		return notCanonical("text that is not UTF-8")
	}
	n, err := checkValue(b, 0)
	if err != nil {
		return err
	}
	if n != len(b) {
		return notCanonical("bytes after the value")
	}
	return nil
}

// checkValue returns the length of the canonical value that b starts with.
func checkValue(b []byte, depth int) (int, error) {
	if depth > maxDepth {
		return 0, notCanonical("nested deeper than %d", maxDepth)
	}
	if len(b) == 0 {
		return 0, notCanonical("a value is missing")
	}
	switch c := b[0]; c {
	case '"':
		return checkString(b)
	case '{', '[':
		return checkNested(b, depth)
	case 'n', 't', 'f':
		for _, word := range [...]string{"null", "true", "false"} {
			if len(b) >= len(word) && string(b[:len(word)]) == word {
				return len(word), nil
			}
		}
		return 0, notCanonical("an unknown word")
	default:
		n, _ := number(b)
		if n == 0 {
			return 0, notCanonical("no value or no whole number of 64 bits at %q", c)
		}
		return n, nil
	}
}

func checkNested(b []byte, depth int) (int, error) {
	object, end := b[0] == '{', byte(']')
	if object {
		end = '}'
	}
	i := 1
	if i < len(b) && b[i] == end {
		return i + 1, nil
	}
	var last []byte
	for {
		if object {
			n, err := checkString(b[i:])
			if err != nil {
				return 0, err
			}
			key := b[i : i+n]
			if last != nil && compareKeys(last, key) >= 0 {
				return 0, notCanonical("keys %s and %s out of order or doubled", last, key)
			}
			last = key
			i += n
			if i >= len(b) || b[i] != ':' {
				return 0, notCanonical("no colon after key %s", key)
			}
			i++
		}
		n, err := checkValue(b[i:], depth+1)
		if err != nil {
			return 0, err
		}
		i += n
		if i >= len(b) {
			return 0, notCanonical("unfinished")
		}
		switch b[i] {
		case end:
			return i + 1, nil
		case ',':
			i++
		default:
			return 0, notCanonical("byte %q between values", b[i])
		}
	}
}

// checkString returns the length of the canonical string that b starts with.
func checkString(b []byte) (int, error) {
	if len(b) == 0 || b[0] != '"' {
		return 0, notCanonical("a string is missing")
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, notCanonical("a control character unescaped")
		case c == '\\':
			if i++; i >= len(b) {
				return 0, notCanonical("unfinished")
			}
			switch b[i] {
			case '"', '\\', 'b', 't', 'n', 'f', 'r':
			case 'u':
				if i+4 >= len(b) || b[i+1] != '0' || b[i+2] != '0' || b[i+3] != '0' && b[i+3] != '1' {
					return 0, notCanonical("a needless escape")
				}
				low := strings.IndexByte(hexDigits, b[i+4])
				if low < 0 {
					return 0, notCanonical("an escape in capitals")
				}
				if b[i+3] == '0' {
					switch low {
					case '\b', '\t', '\n', '\f', '\r':
						return 0, notCanonical("a long escape")
					}
				}
				i += 4
			default:
				return 0, notCanonical("a needless escape")
			}
		}
	}
	return 0, notCanonical("unfinished")
}

// number returns the length of the int64 that b starts with, spelt as strconv spells it, and
// how many bytes follow it; 0 if there is none.
func number(b []byte) (n, rest int) {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	digits := b[first:i]
	switch {
	case len(digits) == 0, len(digits) > 19, digits[0] == '0' && i > 1: // "", "007", "-0"
		return 0, len(b)
	case len(digits) == 19:
		if _, err := strconv.ParseInt(string(b[:i]), 10, 64); err != nil {
			return 0, len(b)
		}
	}
	return i, len(b) - i
}
