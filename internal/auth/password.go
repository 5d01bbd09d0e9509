package auth

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
)

// Length of a password, in characters after NFC.
const (
	MinPassword = 15
	MaxPassword = 128
)

var (
	// ErrPasswordShort says that a password has fewer than MinPassword characters.
	ErrPasswordShort = errors.New("password too short")
	// ErrPasswordLong says that a password has more than MaxPassword characters.
	ErrPasswordLong = errors.New("password too long")
	// ErrPasswordText says that a password is not UTF-8 or holds control characters.
	ErrPasswordText = errors.New("password holds characters that cannot be typed")
	// ErrPasswordCommon says that a password is among the first that are guessed.
	ErrPasswordCommon = errors.New("password too common")
	// ErrPasswordPersonal says that a password holds the person's name or address.
	ErrPasswordPersonal = errors.New("password holds the name or the address")
	// ErrBusy says that too many passwords wait to be hashed: answer 429, count nothing.
	ErrBusy = errors.New("too many passwords at once")
	// ErrHash is in the chain when a stored hash cannot be read or asks for absurd work.
	ErrHash = errors.New("stored password hash cannot be used")
)

//go:embed common.txt
var commonText string

// common holds the folded phrases of common.txt; never written after it is made.
var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if f := fold(line); f != "" && !strings.HasPrefix(line, "#") {
			m[f] = true
			m[strings.TrimFunc(f, unicode.IsDigit)] = true // as isCommon will ask for it
		}
	}
	return m
})

// CheckPassword judges a new password for the person with this address and name. It fails with one
// of the ErrPassword errors. There are no rules of composition.
func CheckPassword(password, email, name string) error {
	if !utf8.ValidString(password) || strings.IndexFunc(password, unicode.IsControl) >= 0 {
		return ErrPasswordText
	}
	if len(password) > 16*MaxPassword { // before NFC, which is not free
		return ErrPasswordLong
	}
	password = norm.NFC.String(password)
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return ErrPasswordShort
	case n > MaxPassword:
		return ErrPasswordLong
	}
	folded := fold(password)
	if isCommon(folded) {
		return ErrPasswordCommon
	}
	local, _, _ := strings.Cut(email, "@")
	for _, own := range []struct {
		text string
		min  int // shorter ones stand in too many innocent words
	}{{local, 4}, {name, 4}} {
		if f := fold(own.text); utf8.RuneCountInString(f) >= own.min && strings.Contains(folded, f) {
			return ErrPasswordPersonal
		}
	}
	for _, word := range strings.Fields(name) {
		if f := fold(word); utf8.RuneCountInString(f) >= 5 && strings.Contains(folded, f) {
			return ErrPasswordPersonal
		}
	}
	return nil
}

// fold keeps letters and digits, in lower case and without compatibility forms, so that spaces,
// capitals and punctuation make no other phrase.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

func isCommon(folded string) bool {
	if folded == "" || repeats(folded) {
		return true
	}
	// digits before or after a short common phrase are what everybody adds; with a long one they make a phrase of their own
	core := strings.TrimFunc(folded, unicode.IsDigit)
	short := len([]rune(core)) < 20
	return common()[folded] || core == "" && isRun(folded) || core != "" && (short && common()[core] || repeats(core))
}

// repeats reports whether s is one piece of at most 8 characters over and over: "passwordpassword".
func repeats(s string) bool {
	r := []rune(s)
	for piece := 1; piece <= 8 && piece*2 <= len(r); piece++ {
		same := true
		for i := piece; i < len(r) && same; i++ {
			same = r[i] == r[i-piece]
		}
		if same {
			return true
		}
	}
	return false
}

// isRun reports whether every digit follows its neighbour by the same step: "123456789012345".
func isRun(digits string) bool {
	r := []rune(digits)
	for i := 2; i < len(r); i++ {
		if (r[i]-r[i-1]+10)%10 != (r[1]-r[0]+10)%10 {
			return false
		}
	}
	return true
}

// Params is the work that argon2id does.
type Params = argon2id.Params

// DefaultParams is the work for a real password: 46 MiB, one pass, one lane (OWASP ASVS 5.0, App. C).
func DefaultParams() Params {
	return Params{Memory: 46 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// Hashing bounds.
const (
	hashAtOnce = 2
	// strangersAtOnce is how many more may be of browsers that nobody signed in with: whoever guesses never holds up the others.
	strangersAtOnce = 1
	// DefaultQueue is how many passwords may wait: at 40 ms each and two at once, under half a second; strangers', one at once, under a second.
	DefaultQueue = 20
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
)

// Hasher hashes passwords, two at once, and one more of a stranger's. It is safe for use by many goroutines.
type Hasher struct {
	params           Params
	known, strangers lane
	dummy            string
}

// lane is a queue of its own.
type lane struct {
	places chan struct{} // one for each that hashes or waits
	slots  chan struct{} // one for each that hashes
}

func newLane(atOnce, queue int) lane {
	return lane{make(chan struct{}, atOnce+max(queue, 0)), make(chan struct{}, atOnce)}
}

type strangerKey struct{}

// Stranger marks what is asked for a browser that nobody signed in with: such passwords have a queue of their own, so that a flood of guesses delays and
// refuses nobody else.
func Stranger(ctx context.Context) context.Context {
	return context.WithValue(ctx, strangerKey{}, true)
}

// NewHasher returns a hasher that does the work of p, with room for queue waiting callers.
// It fails (ErrHash) when p asks for no work or for absurd work.
func NewHasher(p Params, queue int) (*Hasher, error) {
	if err := sane(&p); err != nil {
		return nil, err
	}
	b64 := base64.RawStdEncoding
	return &Hasher{
		params:    p,
		known:     newLane(hashAtOnce, queue),
		strangers: newLane(strangersAtOnce, queue),
		// Never made from a password, so nothing can match it; its salt and length cost the same work.
		dummy: fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism,
			b64.EncodeToString(make([]byte, p.SaltLength)), b64.EncodeToString(make([]byte, p.KeyLength))),
	}, nil
}

func sane(p *Params) error {
	if p.Memory < 8 || p.Memory > maxMemoryKiB || p.Iterations < 1 || p.Iterations > maxPasses || p.Parallelism < 1 || p.Parallelism > 8 ||
		p.SaltLength < 8 || p.SaltLength > 64 || p.KeyLength < 16 || p.KeyLength > 64 {
		return fmt.Errorf("%w: m=%d t=%d p=%d salt=%d key=%d", ErrHash, p.Memory, p.Iterations, p.Parallelism, p.SaltLength, p.KeyLength)
	}
	return nil
}

// enter waits for a slot. It fails with ErrBusy at once when the queue is full, or with ctx's error.
func (h *Hasher) enter(ctx context.Context) (leave func(), err error) {
	l := h.known
	if ctx.Value(strangerKey{}) != nil {
		l = h.strangers
	}
	select {
	case l.places <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots; <-l.places }, nil
	case <-ctx.Done():
		<-l.places
		return nil, ctx.Err()
	}
}

// Hash returns the hash to store; the password is put into NFC first. It does not judge the
// password: [CheckPassword] does. It fails with ErrBusy, or with ctx's error while waiting.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(norm.NFC.String(password), &h.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Compare reports whether the password made the stored hash. For a name that nobody has, pass
// the empty hash: the same work is done and the answer is false.
// It fails with ErrBusy, ctx's error while waiting, or ErrHash.
func (h *Hasher) Compare(ctx context.Context, password, hash string) (bool, error) {
	unknown := hash == ""
	if unknown {
		hash = h.dummy
	}
	if len(password) > 16*MaxPassword { // no such password exists; do not normalise megabytes
		password, unknown = "", true
	}
	if p, _, _, err := argon2id.DecodeHash(hash); err != nil {
		return false, fmt.Errorf("%w: %v", ErrHash, err)
	} else if err := sane(p); err != nil {
		return false, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	ok, err := argon2id.ComparePasswordAndHash(norm.NFC.String(password), hash)
	if err != nil {
		return false, fmt.Errorf("%w: %v", ErrHash, err)
	}
	return ok && !unknown, nil
}

// Stale reports whether a stored hash was made with other work than this hasher does, so that
// the password should be hashed again at its next right use.
func (h *Hasher) Stale(hash string) bool {
	p, _, _, err := argon2id.DecodeHash(hash)
	return err != nil || *p != h.params
}
