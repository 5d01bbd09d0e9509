package auth

import (
	"container/list"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// Bounds of [Throttle].
const (
	pairFree    = 5  // wrong passwords for one account from one source before it waits
	accountFree = 50 // wrong passwords for one account from anywhere, but known browsers
	firstWait   = time.Minute
	longestWait = 30 * time.Minute
	forgetAfter = 24 * time.Hour // without a wrong password
	throttleCap = 10_000         // keys kept; about 2 MB
)

// Throttle slows the guessing of passwords down: after 5 wrong ones for an account from one source
// each next one waits 1, 2, 4 … 30 minutes; the same after 50 for an account from all sources
// together. A browser that signed in before never waits. It is safe for use by many goroutines
// and forgets the longest untouched of 10,000 keys, those that do not wait first.
type Throttle struct {
	mu    sync.Mutex
	byKey map[throttleKey]*list.Element
	order *list.List // of *tries, latest first
}

type throttleKey [16]byte

type tries struct {
	key   throttleKey
	wrong int
	last  time.Time
	until time.Time
}

// NewThrottle returns a throttle that has seen nothing.
func NewThrottle() *Throttle {
	return &Throttle{byKey: map[throttleKey]*list.Element{}, order: list.New()}
}

// Source returns what counts as one source: an IPv4 address, or the /64 of an IPv6 address, since
// whoever has one has them all.
func Source(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// Try asks for an attempt and counts it as wrong until [Throttle.Right] or [Throttle.Spare] says
// otherwise. It returns 0 when the attempt may go on, else how long to wait (429, Retry-After);
// an attempt that must wait is not counted. account is the address as typed, through ParseEmail,
// whether or not anybody has it. known says that CheckDevice held for the person behind it.
func (t *Throttle) Try(account, source string, known bool, now time.Time) (retryAfter time.Duration) {
	if known {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := [...]struct {
		key  throttleKey
		free int
	}{{pairKey(account, source), pairFree}, {accountKey(account), accountFree}}
	for _, k := range keys {
		if e := t.find(k.key, now); e != nil {
			retryAfter = max(retryAfter, e.until.Sub(now))
		}
	}
	if retryAfter > 0 {
		return retryAfter
	}
	for _, k := range keys {
		e := t.find(k.key, now)
		if e == nil {
			e = t.add(k.key, now)
		}
		t.order.MoveToFront(t.byKey[k.key])
		e.wrong++
		e.last = now
		e.until = now.Add(wait(e.wrong - k.free))
	}
	return 0
}

// Right takes back all that was counted for the account from this source: the password was right.
func (t *Throttle) Right(account, source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pair := t.byKey[pairKey(account, source)]
	if pair == nil {
		return
	}
	// What others guessed at the account still counts against them.
	if all := t.byKey[accountKey(account)]; all != nil {
		takeBack(all.Value.(*tries), pair.Value.(*tries).wrong, accountFree)
	}
	t.remove(pair)
}

// Spare takes one attempt back: its password was never looked at (ErrBusy, a cancelled request).
func (t *Throttle) Spare(account, source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.byKey[pairKey(account, source)]; e != nil {
		takeBack(e.Value.(*tries), 1, pairFree)
	}
	if e := t.byKey[accountKey(account)]; e != nil {
		takeBack(e.Value.(*tries), 1, accountFree)
	}
}

func takeBack(e *tries, n, free int) {
	e.wrong = max(e.wrong-n, 0)
	e.until = e.last.Add(wait(e.wrong - free))
}

// wait returns the pause after a wrong password: none before the last free one (over < 0), a minute
// after it (0), and twice as long each time.
func wait(over int) time.Duration {
	if over < 0 {
		return 0
	}
	return min(firstWait<<min(over, 10), longestWait)
}

func (t *Throttle) find(k throttleKey, now time.Time) *tries {
	el := t.byKey[k]
	if el == nil {
		return nil
	}
	e := el.Value.(*tries)
	if now.Sub(e.last) >= forgetAfter {
		t.remove(el)
		return nil
	}
	// A clock set back must not turn a pause of minutes into one of hours.
	if e.until.Sub(now) > longestWait {
		e.last, e.until = now, now.Add(longestWait)
	}
	return e
}

func (t *Throttle) add(k throttleKey, now time.Time) *tries {
	if t.order.Len() >= throttleCap {
		victim := t.order.Back()
		for el, i := victim, 0; el != nil && i < 64; el, i = el.Prev(), i+1 {
			if !el.Value.(*tries).until.After(now) {
				victim = el
				break
			}
		}
		t.remove(victim)
	}
	e := &tries{key: k, last: now}
	t.byKey[k] = t.order.PushFront(e)
	return e
}

func (t *Throttle) remove(el *list.Element) {
	delete(t.byKey, el.Value.(*tries).key)
	t.order.Remove(el)
}

// Keys are hashes, so that what was typed costs the same memory whatever its length and is not kept.
func pairKey(account, source string) throttleKey {
	return hashKey("pair\x00" + source + "\x00" + account)
}
func accountKey(account string) throttleKey { return hashKey("account\x00" + account) }

func hashKey(s string) throttleKey {
	sum := sha256.Sum256([]byte(s))
	return throttleKey(sum[:16])
}
