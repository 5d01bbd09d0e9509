package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

var now = time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)

func TestParseRoles(t *testing.T) {
	for _, c := range []struct {
		in       string
		together bool
		want     string
		err      error
	}{
		{"maker", false, "maker", nil},
		{" approver ", false, "approver", nil},
		{"senior", false, "approver,senior", nil},
		{"senior,approver,approver", false, "approver,senior", nil},
		{"auditor", true, "auditor", nil},
		{"admin", true, "admin", nil},
		{"approver,maker", true, "maker,approver", nil},
		{"senior,maker", true, "maker,approver,senior", nil},
		{"approver,maker", false, "", ErrRolesApart},
		{"senior,maker", false, "", ErrRolesApart},
		{"admin,maker", true, "", ErrRolesApart},
		{"admin,auditor", true, "", ErrRolesApart},
		{"auditor,approver", true, "", ErrRolesApart},
		{"", true, "", ErrNoRole},
		{"  ", true, "", ErrNoRole},
		{"maker,", true, "", ErrUnknownRole},
		{"Maker", true, "", ErrUnknownRole},
		{"root", true, "", ErrUnknownRole},
	} {
		got, err := ParseRoles(c.in, c.together)
		if FormatRoles(got) != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("ParseRoles(%q, %v) = %v, %v; want %s, %v", c.in, c.together, got, err, c.want, c.err)
		}
	}
}

func TestPerson(t *testing.T) {
	senior := Person{ID: "p", Roles: []Role{Senior}}
	if !senior.Has(Approver) || !senior.May(Approver) || senior.May(Maker) || senior.May(Admin) || senior.May("") {
		t.Error("a senior is an approver and nothing else")
	}
	senior.Suspended = true
	if senior.May(Approver) || !senior.Has(Approver) {
		t.Error("suspended: has, but may not")
	}
	if (Person{Roles: []Role{Admin}}).May(Admin) {
		t.Error("nobody may something")
	}
	if (Identity{}).Known() || (Identity{Person: "p"}).Known() || (Identity{SignIn: "a@b"}).Known() || !(Identity{"p", "a@b.c"}).Known() {
		t.Error("Known")
	}
}

func TestParseEmail(t *testing.T) {
	for in, want := range map[string]string{
		" Olga.Petrova@Example.ORG ": "olga.petrova@example.org", "a+b@c.io": "a+b@c.io",
		"": "", "olga": "", "a@b@c": "", "Olga <olga@example.org>": "", "a b@c.io": "", "olga@пример.рф": "", "a@b.c\nX: y": "", "a\x00@b.c": "",
		`"a b"@c.io`: "", "<a@b.c>": "", strings.Repeat("a", 250) + "@b.cd": "",
	} {
		got, err := ParseEmail(in)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrEmail) {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for _, c := range []struct {
		pw   string
		want error
	}{
		{"wet ferry lamp oboe", nil},
		{"синий чайник едет в Пермь", nil},
		{"ещё один хороший", nil},
		{strings.Repeat("хороший пароль длинный ", 5), nil},
		{"fourteen chars", ErrPasswordShort},
		{"", ErrPasswordShort},
		{strings.Repeat("е\u0308", 8), ErrPasswordShort}, // 16 runes as typed, 8 in NFC
		{strings.Repeat("ab cd ef gh ", 11), ErrPasswordLong},
		{strings.Repeat("x", 1<<20), ErrPasswordLong},
		{"wet ferry lamp\x00oboe", ErrPasswordText},
		{"wet ferry lamp\noboe", ErrPasswordText},
		{"wet ferry lamp \xff oboe", ErrPasswordText},
		{"To Be-or Not to BE", ErrPasswordCommon},
		{"to be or not to be", ErrPasswordCommon},
		{"!!!!!!!!!!!!!!!!", ErrPasswordCommon},
		{"aaaaaaaaaaaaaaaaa", ErrPasswordCommon},
		{"passwordpasswordpassword", ErrPasswordCommon},
		{"Password 12345678", ErrPasswordCommon},
		{"2026 qwertyuiop 2026", ErrPasswordCommon},
		{"123456789012345", ErrPasswordCommon},
		{"987654321098765", ErrPasswordCommon},
		{"ЙЦУКЕНГШЩЗХЪ 123", ErrPasswordCommon},
		{"Пароль123456789", ErrPasswordCommon},
		{"ｐａｓｓｗｏｒｄ１２３４５６７", ErrPasswordCommon},
		{"о, Ольга Петрова, привет", ErrPasswordPersonal},
		{"тётя петрова поёт", ErrPasswordPersonal},
		{"sings o.l.g.a.p loudly", ErrPasswordPersonal},
		{"волга впадает, Ольга", ErrPasswordPersonal},
	} {
		got := CheckPassword(c.pw, "olga.p@example.org", "Ольга Петрова")
		if !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("CheckPassword(%.40q) = %v, want %v", c.pw, got, c.want)
		}
	}
	if err := CheckPassword("a savannah full of lions", "an@example.org", "Anna An"); err != nil {
		t.Errorf("short names stand in innocent words: %v", err)
	}
	if err := CheckPassword("wet ferry lamp oboe", "", ""); err != nil {
		t.Errorf("nobody: %v", err)
	}
}

func TestCommonList(t *testing.T) {
	for f := range common() {
		if got := f + strings.Repeat("1", max(0, MinPassword-utf8.RuneCountInString(f))); CheckPassword(got, "", "") != ErrPasswordCommon {
			t.Errorf("%q from the list is taken", got)
		}
	}
}

// small does next to no work.
var small = Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func newHasher(t testing.TB, p Params, queue int) *Hasher {
	t.Helper()
	h, err := NewHasher(p, queue)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHasher(t *testing.T) {
	ctx := context.Background()
	h := newHasher(t, small, 5)
	hash, err := h.Hash(ctx, "е\u0308лка зелёная стоит")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("Hash = %s, %v", hash, err)
	}
	for _, c := range []struct {
		pw, hash string
		want     bool
		err      error
	}{
		{"ёлка зелёная стоит", hash, true, nil}, // the same in NFC
		{"ёлка зелёная стоит ", hash, false, nil},
		{"", hash, false, nil},
		{"", "", false, nil},
		{"ёлка зелёная стоит", "", false, nil},
		{strings.Repeat("x", 1<<20), hash, false, nil},
		{"x", "plain", false, ErrHash},
		{"x", "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false, ErrHash},
		{"x", "$argon2id$v=19$m=64,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false, ErrHash},
	} {
		if got, err := h.Compare(ctx, c.pw, c.hash); got != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("Compare(%.20q, %.20q) = %v, %v", c.pw, c.hash, got, err)
		}
	}
	bigger := small
	bigger.Iterations = 2
	if h.Stale(hash) || !newHasher(t, bigger, 0).Stale(hash) || !h.Stale("torn") {
		t.Error("Stale")
	}
	if _, err := NewHasher(Params{}, 1); !errors.Is(err, ErrHash) {
		t.Errorf("no work: %v", err)
	}
	if p := DefaultParams(); p.Memory != 47104 || p.Iterations != 1 || p.Parallelism != 1 {
		t.Errorf("DefaultParams = %+v", p)
	}
}

// However many strangers' passwords wait, a known browser's is judged at once: guessing locks nobody out. Promise of issue 5, 15.
func TestHasher_Strangers(t *testing.T) { synctest.Test(t, testHasher_Strangers) }

func testHasher_Strangers(t *testing.T) {
	h := newHasher(t, small, 1)
	guess := Stranger(t.Context())
	leave, err := h.enter(guess)
	if err != nil {
		t.Fatal(err)
	}
	waitCtx, cancel := context.WithCancel(guess)
	waiting := make(chan error, 1)
	go func() {
		_, err := h.enter(waitCtx)
		waiting <- err
	}()
	synctest.Wait() // the second stands in the queue
	if _, err := h.Compare(guess, "x", ""); !errors.Is(err, ErrBusy) {
		t.Errorf("a third guess: %v", err)
	}
	if _, err := h.Compare(t.Context(), "x", ""); err != nil {
		t.Errorf("a known browser's behind them: %v", err)
	}
	cancel()
	<-waiting
	leave()
	if _, err := h.Compare(guess, "x", ""); err != nil {
		t.Errorf("a guess after the rush: %v", err)
	}
}

// Two hash, the queue waits, the rest is refused at once; who gives up leaves the queue.
func TestHasher_Bounds(t *testing.T) { synctest.Test(t, testHasher_Bounds) }

func testHasher_Bounds(t *testing.T) {
	h := newHasher(t, small, 1)
	ctx := context.Background()
	leave1, err1 := h.enter(ctx)
	leave2, err2 := h.enter(ctx)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	waitCtx, cancel := context.WithCancel(ctx)
	waiting := make(chan error, 1)
	go func() {
		_, err := h.enter(waitCtx)
		waiting <- err
	}()
	synctest.Wait() // the third stands in the queue
	if _, err := h.Hash(ctx, "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("a fourth Hash: %v", err)
	}
	if _, err := h.Compare(ctx, "x", ""); !errors.Is(err, ErrBusy) {
		t.Errorf("a fourth Compare: %v", err)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("who gives up: %v", err)
	}
	leave1()
	leave2()
	if _, err := h.Hash(ctx, "x"); err != nil {
		t.Errorf("after the rush: %v", err)
	}
	if len(h.known.places) != 0 || len(h.known.slots) != 0 {
		t.Error("places are not given back")
	}

	var busy, done atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch _, err := h.Compare(ctx, "x", ""); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, ErrBusy):
				busy.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load()+busy.Load() != 50 || done.Load() == 0 {
		t.Errorf("%d done, %d busy", done.Load(), busy.Load())
	}
}

// The same work is done for a name nobody has. Medians, since the machine is shared.
func TestHasher_UnknownTakesAsLong(t *testing.T) {
	p := small
	p.Memory = 4 * 1024
	h := newHasher(t, p, 0)
	ctx := context.Background()
	hash, err := h.Hash(ctx, "wet ferry lamp oboe")
	if err != nil {
		t.Fatal(err)
	}
	median := func(hash string) time.Duration {
		var d []time.Duration
		for range 41 {
			start := time.Now()
			if ok, err := h.Compare(ctx, "something else here", hash); ok || err != nil {
				t.Fatal(ok, err)
			}
			d = append(d, time.Since(start))
		}
		slices.Sort(d)
		return d[len(d)/2]
	}
	known, unknown := median(hash), median("")
	if known > 3*unknown || unknown > 3*known {
		t.Errorf("known %s, unknown %s", known, unknown)
	}
}

func TestSignIn_Expired(t *testing.T) {
	s := SignIn{ID: "x", Person: "p", CreatedAt: now, LastSeen: now}
	for _, c := range []struct {
		idle    time.Duration
		seen    time.Duration // after creation
		at      time.Duration
		expired bool
	}{
		{0, 0, 14 * time.Minute, false},
		{0, 0, 15 * time.Minute, true},
		{0, time.Hour, time.Hour + 14*time.Minute, false},
		{5 * time.Minute, 0, 5 * time.Minute, true},
		{60 * time.Minute, 0, 59 * time.Minute, false},
		{24 * time.Hour, 0, 60 * time.Minute, true}, // a row cannot grant more than the rule
		{time.Second, 0, 4 * time.Minute, false},
		{60 * time.Minute, 9*time.Hour + 50*time.Minute, 10*time.Hour - time.Second, false},
		{60 * time.Minute, 9*time.Hour + 50*time.Minute, 10 * time.Hour, true},
	} {
		s.IdleFor, s.LastSeen = c.idle, now.Add(c.seen)
		if got := s.Expired(now.Add(c.at)); got != c.expired {
			t.Errorf("%+v: Expired = %v", c, got)
		}
	}
	if !(SignIn{}).Expired(time.Time{}) || !(SignIn{ID: "x", CreatedAt: now, LastSeen: now}).Expired(now) {
		t.Error("nobody's sign-in is not expired")
	}
	for d, ok := range map[time.Duration]bool{5 * time.Minute: true, time.Hour: true, 4 * time.Minute: false, 61 * time.Minute: false} {
		if err := CheckIdle(d); (err == nil) != ok {
			t.Errorf("CheckIdle(%s) = %v", d, err)
		}
	}
}

func TestToken(t *testing.T) {
	token, id, err := NewToken(bytes.NewReader(bytes.Repeat([]byte{7}, 40)))
	if err != nil || len(token) != 44 || len(id) != 64 || strings.Contains(id, token) {
		t.Fatalf("NewToken = %q, %q, %v", token, id, err)
	}
	if got, ok := TokenID(token); !ok || got != id {
		t.Errorf("TokenID = %q, %v", got, ok)
	}
	for _, bad := range []string{"", token[:43], token + "A", strings.Replace(token, "B", "+", 1), strings.Repeat("x", 1<<16), id} {
		if got, ok := TokenID(bad); ok {
			t.Errorf("TokenID(%.20q) = %q", bad, got)
		}
	}
	if _, _, err := NewToken(bytes.NewReader(make([]byte, 32))); err == nil {
		t.Error("too little randomness: no error")
	}
}

func TestDevice(t *testing.T) {
	key, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	v := DeviceToken(key, "p1")
	if !CheckDevice(key, "p1", v) {
		t.Error("its own mark is refused")
	}
	for name, ok := range map[string]bool{
		"another person": CheckDevice(key, "p2", v), "another key": CheckDevice(other, "p1", v), "nobody": CheckDevice(key, "", DeviceToken(key, "")),
		"no key": CheckDevice(nil, "p1", DeviceToken(nil, "p1")), "cut": CheckDevice(key, "p1", v[:len(v)-1]), "empty": CheckDevice(key, "p1", ""),
		"long": CheckDevice(key, "p1", strings.Repeat(v, 9)),
	} {
		if ok {
			t.Errorf("%s: taken", name)
		}
	}
}

// Five are free; then each waits 1, 2, 4 … 30 minutes; waiting attempts are not counted.
func TestThrottle_BackOff(t *testing.T) {
	th := NewThrottle()
	at := now
	for i := range 5 {
		if d := th.Try("olga@x", "1.2.3.4", false, at); d != 0 {
			t.Fatalf("attempt %d waits %s", i+1, d)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		want *= time.Minute
		for range 3 {
			if d := th.Try("olga@x", "1.2.3.4", false, at); d != want {
				t.Fatalf("waits %s, want %s", d, want)
			}
		}
		if d := th.Try("olga@x", "1.2.3.4", false, at.Add(want-time.Second)); d != time.Second {
			t.Fatalf("a second early: %s", d)
		}
		at = at.Add(want)
		if d := th.Try("olga@x", "1.2.3.4", false, at); d != 0 {
			t.Fatalf("in time: %s", d)
		}
	}
	if d := th.Try("olga@x", "1.2.3.4", true, at); d != 0 {
		t.Errorf("a known browser waits %s", d)
	}
	if d := th.Try("olga@x", "1.2.3.5", false, at); d != 0 {
		t.Errorf("another source waits %s", d)
	}
	if d := th.Try("ivan@x", "1.2.3.4", false, at); d != 0 {
		t.Errorf("another account waits %s", d)
	}
	if d := th.Try("olga@x", "1.2.3.4", false, at.Add(-48*time.Hour)); d != longestWait {
		t.Errorf("a clock set back: %s", d)
	}
	if d := th.Try("olga@x", "1.2.3.4", false, at.Add(forgetAfter)); d != 0 {
		t.Errorf("a day later: %s", d)
	}
}

func TestThrottle_RightAndSpare(t *testing.T) {
	th := NewThrottle()
	for range 4 {
		th.Try("a", "s", false, now)
	}
	th.Right("a", "s")
	for i := range 5 {
		if d := th.Try("a", "s", false, now); d != 0 {
			t.Fatalf("attempt %d after a right one waits %s", i+1, d)
		}
	}
	if d := th.Try("a", "s", false, now); d == 0 {
		t.Fatal("the sixth does not wait")
	}
	th.Spare("a", "s")
	if d := th.Try("a", "s", false, now); d != 0 {
		t.Fatalf("a spared attempt is counted: %s", d)
	}
	th.Right("nobody", "s")
	th.Spare("nobody", "s")
	if th.order.Len() != len(th.byKey) {
		t.Error("list and map differ")
	}
}

// Guessing from many sources meets the account's own, looser limit; a right one from somewhere
// does not wipe it.
func TestThrottle_ManySources(t *testing.T) {
	th := NewThrottle()
	for i := range accountFree {
		if d := th.Try("a", fmt.Sprint("s", i), false, now); d != 0 {
			t.Fatalf("source %d waits %s", i, d)
		}
	}
	if d := th.Try("a", "fresh", false, now); d != firstWait {
		t.Fatalf("the account's limit: %s", d)
	}
	if d := th.Try("a", "fresh", true, now); d != 0 {
		t.Fatalf("a known browser waits %s", d)
	}
	th.Right("a", "s0")
	if got := th.byKey[accountKey("a")].Value.(*tries).wrong; got != accountFree-1 {
		t.Errorf("%d wrong ones left, want %d", got, accountFree-1)
	}
}

// A hundred at once are still five.
func TestThrottle_AtOnce(t *testing.T) {
	th := NewThrottle()
	var let atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if th.Try("a", "s", false, now) == 0 {
				let.Add(1)
			}
		})
	}
	wg.Wait()
	if let.Load() != pairFree {
		t.Errorf("%d were let through", let.Load())
	}
}

// Memory is bounded, and a flood of other names does not free one that waits.
func TestThrottle_Bounded(t *testing.T) {
	th := NewThrottle()
	for range 6 {
		th.Try("victim", "s", false, now)
	}
	for i := range 3 * throttleCap {
		th.Try(fmt.Sprint("a", i), "flood", false, now)
	}
	if len(th.byKey) != throttleCap || th.order.Len() != throttleCap {
		t.Fatalf("%d keys, %d in order", len(th.byKey), th.order.Len())
	}
	if d := th.Try("victim", "s", false, now); d == 0 {
		t.Error("the flood freed the one that waits")
	}
}

func TestSource(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := Source(netip.MustParseAddr(in)); got != want {
			t.Errorf("Source(%s) = %s, want %s", in, got, want)
		}
	}
	if got := Source(netip.Addr{}); got == "" {
		t.Error("no address: no source")
	}
}

func BenchmarkCompare(b *testing.B) {
	h := newHasher(b, DefaultParams(), DefaultQueue)
	for b.Loop() {
		if _, err := h.Compare(context.Background(), "wet ferry lamp oboe", ""); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzSessionCookie: a cookie names a sign-in only when it is exactly a token that NewToken can make, in its one spelling; two cookies never name the same one.
func FuzzSessionCookie(f *testing.F) {
	token, _, err := NewToken(bytes.NewReader(make([]byte, 64)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token, token+"=")
	f.Add(token[:43], token+"A")
	f.Add(strings.Replace(token, "A", "+", 1), "\n"+token)
	f.Add("", " ")
	f.Fuzz(func(t *testing.T, one, two string) {
		id1, ok1 := TokenID(one)
		id2, ok2 := TokenID(two)
		for _, c := range []struct {
			token, id string
			ok        bool
		}{{one, id1, ok1}, {two, id2, ok2}} {
			raw, err := base64.RawURLEncoding.DecodeString(c.token)
			made := ""
			if err == nil && len(raw) == 33 {
				if made, _, err = NewToken(bytes.NewReader(raw)); err != nil {
					t.Fatal(err)
				}
			}
			if c.ok != (made != "" && made == c.token) || c.ok != (len(c.id) == 64) {
				t.Fatalf("%q: %q %v", c.token, c.id, c.ok)
			}
		}
		if ok1 && ok2 && (id1 == id2) != (one == two) {
			t.Fatalf("%q and %q", one, two)
		}
	})
}
