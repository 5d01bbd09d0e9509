package bank131

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep a message may nest; real ones reach 8.
const maxDepth = 64

var errNotJSON = errors.New("not JSON")

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// node is one JSON value. It keeps doubled keys, so that a caller can see that there were some.
type node struct {
	kind kind
	text string // of a string: decoded; of a number or boolean: as written
	keys []string
	vals []node // of a list or an object
}

// parse reads one JSON value with nothing behind it. It is stricter than encoding/json: invalid UTF-8, lone surrogates and
// nesting beyond maxDepth are errNotJSON. doubled reports keys that occur twice in one object, counting those that differ only
// in case: another reader of the same bytes could take either.
func parse(b []byte) (n node, doubled bool, err error) {
	if !utf8.Valid(b) {
		return node{}, false, errNotJSON
	}
	p := parser{b: b}
	p.space()
	if n, err = p.value(1); err != nil {
		return node{}, false, err
	}
	p.space()
	if p.i != len(b) {
		return node{}, false, errNotJSON
	}
	return n, p.doubled, nil
}

type parser struct {
	b       []byte
	i       int
	doubled bool
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return
		}
	}
}

// next returns the next byte without taking it, 0 at the end (a NUL is nowhere allowed, so the two need not be told apart).
func (p *parser) next() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *parser) take(c byte) bool {
	if p.next() != c {
		return false
	}
	p.i++
	return true
}

func (p *parser) value(depth int) (node, error) {
	if depth > maxDepth {
		return node{}, errNotJSON
	}
	switch c := p.next(); c {
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"':
		s, err := p.string()
		return node{kind: text, text: s}, err
	case 't':
		return p.word("true", boolean)
	case 'f':
		return p.word("false", boolean)
	case 'n':
		return p.word("null", null)
	default:
		if c == '-' || digit(c) {
			return p.number()
		}
		return node{}, errNotJSON
	}
}

func (p *parser) word(w string, k kind) (node, error) {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return node{}, errNotJSON
	}
	p.i += len(w)
	return node{kind: k, text: w}, nil
}

func (p *parser) object(depth int) (node, error) {
	n := node{kind: object}
	p.i++
	p.space()
	if p.take('}') {
		return n, nil
	}
	for {
		if p.next() != '"' {
			return n, errNotJSON
		}
		k, err := p.string()
		if err != nil {
			return n, err
		}
		p.space()
		if !p.take(':') {
			return n, errNotJSON
		}
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.keys, n.vals = append(n.keys, k), append(n.vals, v)
		p.space()
		if p.take('}') {
			p.doubled = p.doubled || anyDouble(n.keys)
			return n, nil
		}
		if !p.take(',') {
			return n, errNotJSON
		}
		p.space()
	}
}

// anyDouble compares few keys pairwise and many through a map, so that a large object costs no square.
func anyDouble(keys []string) bool {
	if len(keys) <= 12 {
		for i, k := range keys {
			for _, other := range keys[:i] {
				if strings.EqualFold(k, other) {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[string]bool, len(keys))
	for _, k := range keys {
		f := fold(k)
		if seen[f] {
			return true
		}
		seen[f] = true
	}
	return false
}

// fold maps strings that are equal but for case, as strings.EqualFold sees it, to one string: every letter to the smallest of its
// variants.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		low := r
		for v := unicode.SimpleFold(r); v != r; v = unicode.SimpleFold(v) {
			low = min(low, v)
		}
		return low
	}, s)
}

func (p *parser) list(depth int) (node, error) {
	n := node{kind: list}
	p.i++
	p.space()
	if p.take(']') {
		return n, nil
	}
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.vals = append(n.vals, v)
		p.space()
		if p.take(']') {
			return n, nil
		}
		if !p.take(',') {
			return n, errNotJSON
		}
		p.space()
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (p *parser) digits() bool {
	start := p.i
	for digit(p.next()) {
		p.i++
	}
	return p.i > start
}

func (p *parser) number() (node, error) {
	start := p.i
	p.take('-')
	if !p.take('0') && !p.digits() {
		return node{}, errNotJSON
	}
	if p.take('.') && !p.digits() {
		return node{}, errNotJSON
	}
	if c := p.next(); c == 'e' || c == 'E' {
		p.i++
		if c := p.next(); c == '+' || c == '-' {
			p.i++
		}
		if !p.digits() {
			return node{}, errNotJSON
		}
	}
	return node{kind: number, text: string(p.b[start:p.i])}, nil
}

func (p *parser) string() (string, error) {
	p.i++
	start := p.i
	for { // the common case: nothing escaped
		switch c := p.next(); {
		case c == '"':
			p.i++
			return string(p.b[start : p.i-1]), nil
		case c < 0x20:
			return "", errNotJSON
		case c == '\\':
			return p.escaped(start)
		}
		p.i++
	}
}

func (p *parser) escaped(start int) (string, error) {
	out := append([]byte{}, p.b[start:p.i]...)
	for {
		c := p.next()
		p.i++
		switch {
		case c == '"':
			return string(out), nil
		case c < 0x20:
			return "", errNotJSON
		case c != '\\':
			out = append(out, c)
			continue
		}
		c = p.next()
		p.i++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := p.hex4()
			if ok && utf16.IsSurrogate(r) {
				if ok = p.take('\\') && p.take('u'); ok {
					var low rune
					low, ok = p.hex4()
					r = utf16.DecodeRune(r, low)
					ok = ok && r != unicode.ReplacementChar
				}
			}
			if !ok {
				return "", errNotJSON
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", errNotJSON
		}
	}
}

func (p *parser) hex4() (rune, bool) {
	if len(p.b)-p.i < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(p.b[p.i:p.i+4]), 16, 16)
	if err != nil {
		return 0, false
	}
	p.i += 4
	return rune(v), true
}

// get returns the value at a key spelled exactly so; a null counts as absent.
func (n node) get(key string) (node, bool) {
	for i, k := range n.keys {
		if k == key {
			return n.vals[i], n.vals[i].kind != null
		}
	}
	return node{}, false
}

// str returns a string at a key: "" when absent, ok false when it is something else.
func (n node) str(key string) (s string, ok bool) {
	v, there := n.get(key)
	if !there {
		return "", true
	}
	return v.text, v.kind == text
}

// whole returns the integer that a number is written as; 1.0 and 1e2 are not accepted as one.
func (n node) whole() (int64, bool) {
	if n.kind != number {
		return 0, false
	}
	v, err := strconv.ParseInt(n.text, 10, 64)
	return v, err == nil && n.text != "-0"
}
