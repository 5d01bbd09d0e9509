// Package fault is the one vocabulary for things that go wrong for a reason a person can be told.
//
// A fault carries a kind (a business fact), a stable code and arguments, never words: internal/lang turns
// code and arguments into a sentence in the reader's language, and internal/web turns the kind into an
// HTTP answer. It is a leaf: it imports nothing of ours.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of business fact a fault is. It means nothing about HTTP.
type Kind uint8

// The kinds. Anything that is not a *Error is a defect of ours and is shown without detail.
const (
	// Invalid: what was entered cannot be accepted; Field says where.
	Invalid Kind = iota + 1
	// Denied: this person may not do this.
	Denied
	// NotFound: there is no such thing, or not for this person.
	NotFound
	// Conflict: it moved meanwhile; what was seen is no longer so.
	Conflict
	// Unavailable: it cannot be stored or done now; nothing was half-done.
	Unavailable
	// TooMany: a limit on how often was reached; try later.
	TooMany
)

// Kinds lists every kind, so that tables over kinds can be checked for gaps.
func Kinds() []Kind { return []Kind{Invalid, Denied, NotFound, Conflict, Unavailable, TooMany} }

// String is for logs and tests, never for pages.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case Denied:
		return "denied"
	case NotFound:
		return "not_found"
	case Conflict:
		return "conflict"
	case Unavailable:
		return "unavailable"
	case TooMany:
		return "too_many"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Error is one fault. Code is stable ("approve.own"); Args fill the sentence that internal/lang has for it;
// Field names the form field it belongs to ("account"), "form" for the whole form, "" for none.
type Error struct {
	Kind  Kind
	Code  string
	Field string
	Args  []any
	Err   error // the cause, for the log only
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String() + " " + e.Code)
	if e.Field != "" {
		b.WriteString(" at " + e.Field)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// At returns a copy of e that belongs to the given form field.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Because returns a copy of e with the cause for the log.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Bad makes an Invalid fault at a form field.
func Bad(field, code string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Field: field, Args: args}
}

// Deny makes a Denied fault.
func Deny(code string, args ...any) *Error { return &Error{Kind: Denied, Code: code, Args: args} }

// Missing makes a NotFound fault.
func Missing(code string, args ...any) *Error { return &Error{Kind: NotFound, Code: code, Args: args} }

// Moved makes a Conflict fault.
func Moved(code string, args ...any) *Error { return &Error{Kind: Conflict, Code: code, Args: args} }

// Down makes an Unavailable fault.
func Down(code string, args ...any) *Error { return &Error{Kind: Unavailable, Code: code, Args: args} }

// Slow makes a TooMany fault.
func Slow(code string, args ...any) *Error { return &Error{Kind: TooMany, Code: code, Args: args} }

// List is several faults at once: every refused field of one form.
type List []*Error

func (l List) Error() string {
	s := make([]string, len(l))
	for i, e := range l {
		s[i] = e.Error()
	}
	return strings.Join(s, "; ")
}

// Err returns the list as an error, nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Field returns the first fault at a form field, nil if there is none.
func (l List) Field(name string) *Error {
	for _, e := range l {
		if e.Field == name {
			return e
		}
	}
	return nil
}

// As finds the faults in an error chain: a List as it is, a single *Error as a list of one, else nil.
func As(err error) List {
	var l List
	if errors.As(err, &l) {
		return l
	}
	var e *Error
	if errors.As(err, &e) {
		return List{e}
	}
	return nil
}

// KindOf returns the kind of the first fault in the chain, 0 if err holds none.
func KindOf(err error) Kind {
	if l := As(err); len(l) > 0 {
		return l[0].Kind
	}
	return 0
}

// Is reports whether err holds a fault with this code.
func Is(err error, code string) bool {
	for _, e := range As(err) {
		if e.Code == code {
			return true
		}
	}
	return false
}
