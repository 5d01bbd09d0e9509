package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxShown is as much of a body as a page shows.
const maxShown = 64 << 10

// long is a run of digits that may be an account or a card: also with spaces or dashes between, as people write them.
var long = regexp.MustCompile(`\d(?:[ \x{00a0}-]?\d){14,}`)

// cutAccounts leaves the last four digits of every run that may be an account.
func cutAccounts(s string) string {
	return long.ReplaceAllStringFunc(s, func(m string) string { return "··" + m[len(m)-4:] })
}

// plainKeys are the keys whose values say nothing about people: all that an administrator sees of a body.
var plainKeys = map[string]bool{
	"type": true, "id": true, "session_id": true, "status": true, "amount": true, "currency": true, "created_at": true, "updated_at": true, "finished_at": true,
	"metadata": true, "code": true, "next_action": true, "is_refunded": true, "request_datetime": true,
}

// shown is a body of the bank as a page may show it: indented, accounts cut to their last four, and for those who see no payees
// (payees false) every value left out whose key is not known to be harmless. Text hidden in JSON's escapes is cut like any other,
// because what is judged is the decoded text. What cannot be read as JSON is cut as it is, or left out.
func shown(body []byte, payees bool) string {
	if len(body) > maxShown {
		body = body[:maxShown]
	}
	if out, err := rewrite(body, payees); err == nil {
		return out
	}
	if !payees {
		return "…"
	}
	return cutAccounts(printable(body))
}

func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' {
			return '\ufffd'
		}
		return r
	}, string(b))
}

var errTail = errors.New("more than one value")

// rewrite writes a JSON document again, token by token, so that order and doubled keys stay as they came.
func rewrite(body []byte, payees bool) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var b strings.Builder
	if err := value(d, &b, "", payees, 0); err != nil {
		return "", err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errTail
	}
	return b.String(), nil
}

// maxNested bounds how deep a document is followed.
const maxNested = 40

var errDeep = errors.New("nested too deep")

func value(d *json.Decoder, b *strings.Builder, key string, payees bool, depth int) error {
	if depth > maxNested {
		return errDeep
	}
	tok, err := d.Token()
	if err != nil {
		return err
	}
	pad := strings.Repeat("  ", depth)
	switch t := tok.(type) {
	case json.Delim:
		end := "}"
		if t == '[' {
			end = "]"
		}
		b.WriteRune(rune(t))
		n := 0
		for d.More() {
			if n++; n > 1 {
				b.WriteByte(',')
			}
			b.WriteString("\n" + pad + "  ")
			name := key
			if t == '{' {
				k, err := d.Token()
				if err != nil {
					return err
				}
				name, _ = k.(string)
				b.WriteString(quoted(cutAccounts(name)) + ": ")
			}
			if err := value(d, b, name, payees, depth+1); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return err
		}
		if n > 0 {
			b.WriteString("\n" + pad)
		}
		b.WriteString(end)
	case string:
		if !payees && !plainKeys[key] {
			t = "…"
		}
		b.WriteString(quoted(cutAccounts(t)))
	case json.Number:
		s := t.String()
		if !payees && !plainKeys[key] {
			s = `"…"`
		}
		b.WriteString(cutAccounts(s))
	case bool:
		if t {
			b.WriteString("true")
		} else {
			b.WriteString("false")
		}
	default:
		b.WriteString("null")
	}
	return nil
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the page escapes
	if err := e.Encode(s); err != nil {
		return `"…"`
	}
	return strings.TrimRight(b.String(), "\n")
}
