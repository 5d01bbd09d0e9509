package audit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func (m *memory) clone() *memory {
	c := &memory{slices.Clone(m.events), slices.Clone(m.hashes), slices.Clone(m.heads)}
	for i := range c.events {
		c.events[i].Payload = bytes.Clone(c.events[i].Payload)
	}
	for i := range c.heads {
		c.heads[i].signed = bytes.Clone(c.heads[i].signed)
	}
	return c
}

func verify(t testing.TB, m Source, s *Signer, anchor *Head) Report {
	t.Helper()
	r, err := Verify(m, Check{Verifier: VerifierFor(s), Anchor: anchor})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// No false alarm at any size, with heads at any distance, with any earlier anchor.
func TestVerify_Honest(t *testing.T) {
	s := testSigner(t, 1)
	for n := range int64(40) {
		for _, every := range []int64{1, 3, 256} {
			var m memory
			m.fill(t, s, n, every)
			r := verify(t, &m, s, nil)
			if !r.OK() || r.Events != n || r.Anchor != AnchorNone || r.Reason != "" || n > 0 && r.Newest.Size != n {
				t.Fatalf("%d events, a head every %d: %+v", n, every, r)
			}
			for _, h := range m.heads {
				a, err := OpenHead(h.signed, VerifierFor(s))
				if err != nil {
					t.Fatal(err)
				}
				want := AnchorContinues
				if h.size == n {
					want = AnchorMatches
				}
				if r := verify(t, &m, s, &a); !r.OK() || r.Anchor != want {
					t.Fatalf("anchor at %d of %d: %+v", h.size, n, r)
				}
				if got, err := CompareAnchor(a, m.newest(t, s), m.read); err != nil || got != want {
					t.Fatalf("CompareAnchor at %d of %d = %s, %v", h.size, n, got, err)
				}
			}
		}
	}
}

// Every one of a thousand random edits is found, beside the anchor of the honest database; and the
// honest database, looked at as often, never raises an alarm.
func TestVerify_FindsEveryEdit(t *testing.T) {
	s := testSigner(t, 1)
	const n = 60
	var honest memory
	honest.fill(t, s, n, 16) // four signatures: they are what costs time here
	anchor := honest.newest(t, s)
	rng := rand.New(rand.NewPCG(3, 15))

	flip := func(b []byte) {
		b[rng.IntN(len(b))] ^= byte(1 << rng.IntN(8))
	}
	at := func() int { return rng.IntN(n) }
	// rehash recomputes every node, as a stranger without the key can.
	rehash := func(m *memory) {
		var l Log
		m.hashes = nil
		for i := range m.events {
			m.events[i].Seq = int64(i + 1)
			leaf, err := m.events[i].Leaf()
			if err != nil {
				leaf = nil
			}
			stored, err := l.Append(leaf)
			if err != nil {
				t.Fatal(err)
			}
			m.hashes = append(m.hashes, stored...)
		}
	}
	rewrite := func(m *memory) { m.events[at()].Subject += "x"; rehash(m) }
	edits := map[string]func(m *memory){
		"change a byte of a payload": func(m *memory) { flip(m.events[at()].Payload) },
		"change a byte of a column": func(m *memory) {
			e := &m.events[at()]
			switch rng.IntN(8) {
			case 0:
				e.Person += "x"
			case 1:
				e.SignIn = "ivan@example.org"
			case 2:
				e.Action = "payout.rejected"
			case 3:
				e.Kind += "s"
			case 4:
				e.Subject = ""
			case 5:
				e.Version++
			case 6:
				e.Spec++
			case 7:
				e.At = e.At.Add(1000)
			}
		},
		"change a byte of a node": func(m *memory) { flip(m.hashes[rng.IntN(len(m.hashes))].Hash[:]) },
		"change a byte of a head": func(m *memory) { flip(m.heads[rng.IntN(len(m.heads))].signed) },
		"change the size of a head": func(m *memory) {
			m.heads[rng.IntN(len(m.heads))].size += int64(1 + rng.IntN(3))
		},
		"drop an event":  func(m *memory) { i := at(); m.events = slices.Delete(m.events, i, i+1) },
		"drop a node":    func(m *memory) { i := rng.IntN(len(m.hashes)); m.hashes = slices.Delete(m.hashes, i, i+1) },
		"insert":         func(m *memory) { m.events = slices.Insert(m.events, at(), testEvent(int64(1+at()))) },
		"insert a node":  func(m *memory) { i := rng.IntN(len(m.hashes)); m.hashes = slices.Insert(m.hashes, i, m.hashes[i]) },
		"insert, rehash": func(m *memory) { m.events = slices.Insert(m.events, at(), testEvent(99)); rehash(m) },
		"append":         func(m *memory) { m.events = append(m.events, testEvent(n+1)) },
		"append, rehash": func(m *memory) { m.events = append(m.events, testEvent(n+1)); rehash(m) },
		"swap": func(m *memory) {
			i := rng.IntN(n - 1)
			m.events[i], m.events[i+1] = m.events[i+1], m.events[i]
		},
		"swap, renumbered and rehashed": func(m *memory) {
			i := rng.IntN(n - 1)
			m.events[i], m.events[i+1] = m.events[i+1], m.events[i]
			rehash(m)
		},
		"cut the tail":           func(m *memory) { m.events = m.events[:at()] },
		"cut the tail, rehashed": func(m *memory) { m.events = m.events[:at()]; rehash(m) },
		"cut the tail with its heads": func(m *memory) {
			k := rng.IntN(len(m.heads) - 1)
			m.heads = m.heads[:k]
			size := 0
			if k > 0 {
				size = int(m.heads[k-1].size)
			}
			m.events = m.events[:size]
			rehash(m)
		},
		"rewrite": rewrite,
		"rewrite, heads dropped": func(m *memory) {
			rewrite(m)
			m.heads = nil
		},
		"rewrite, heads signed with another key": func(m *memory) {
			rewrite(m)
			other := testSigner(t, 2)
			var again memory
			again.events, again.hashes = m.events, m.hashes
			l, err := NewLog(int64(len(m.events)), again.read)
			if err != nil {
				t.Fatal(err)
			}
			root, err := l.Root()
			if err != nil {
				t.Fatal(err)
			}
			h, err := SignHead(Head{Size: l.Size(), Root: root, At: start, Incarnation: "first"}, other)
			if err != nil {
				t.Fatal(err)
			}
			m.heads = []storedHead{{h.Size, h.Signed}}
		},
		"swap two heads": func(m *memory) {
			i := rng.IntN(len(m.heads) - 1)
			m.heads[i].signed, m.heads[i+1].signed = m.heads[i+1].signed, m.heads[i].signed
		},
		"drop the newest head": func(m *memory) { m.heads = m.heads[:len(m.heads)-1] },
	}
	names := make([]string, 0, len(edits))
	for name := range edits {
		names = append(names, name)
	}
	slices.Sort(names)
	found := map[string]int{}
	for i := range 1000 {
		name := names[i%len(names)]
		m := honest.clone()
		edits[name](m)
		r := verify(t, m, s, &anchor)
		if r.OK() && r.Anchor != AnchorOlder && r.Anchor != AnchorDiffers {
			t.Fatalf("edit %d, %s: not found: %+v", i, name, r)
		}
		if !r.OK() && (r.Broken < 1 || r.Broken > n+2 || r.Reason == "") {
			t.Fatalf("edit %d, %s: %+v", i, name, r)
		}
		found[name]++
		if r := verify(t, honest.clone(), s, &anchor); !r.OK() || r.Anchor != AnchorMatches {
			t.Fatalf("false alarm: %+v", r)
		}
	}
	if len(found) != len(edits) {
		t.Fatalf("only %d of %d kinds of edit were tried", len(found), len(edits))
	}
}

// The number named is the event that was touched, when its nodes were not recomputed.
func TestVerify_NamesTheEvent(t *testing.T) {
	s := testSigner(t, 1)
	var honest memory
	honest.fill(t, s, 40, 16)
	for i := range honest.events {
		m := honest.clone()
		m.events[i].Subject = "other"
		if r := verify(t, m, s, nil); r.Broken != int64(i+1) {
			t.Fatalf("event %d: %+v", i+1, r)
		}
	}
	m := honest.clone()
	m.events = slices.Delete(m.events, 6, 7)
	if r := verify(t, m, s, nil); r.Broken != 7 {
		t.Fatalf("event 7 removed: %+v", r)
	}
}

// One head is one string: no other bytes open as a head.
func TestOpenHead_OneSpelling(t *testing.T) {
	s := testSigner(t, 1)
	h, err := SignHead(Head{Size: 7, Root: tlog.RecordHash([]byte("x")), At: start, Incarnation: "first"}, s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := OpenHead(h.Signed, VerifierFor(s))
	if err != nil || back.Size != 7 || back.Root != h.Root || !back.At.Equal(h.At) || back.Incarnation != "first" {
		t.Fatalf("OpenHead = %+v, %v", back, err)
	}
	for i := range h.Signed {
		for bit := range 8 {
			b := bytes.Clone(h.Signed)
			b[i] ^= 1 << bit
			if _, err := OpenHead(b, VerifierFor(s)); err == nil {
				t.Fatalf("byte %d bit %d: opened", i, bit)
			}
		}
	}
	for name, b := range map[string][]byte{
		"empty": {}, "long": bytes.Repeat([]byte("x"), maxHead+1), "twice": append(bytes.Clone(h.Signed), h.Signed...),
	} {
		if _, err := OpenHead(b, VerifierFor(s)); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := OpenHead(h.Signed, VerifierFor(testSigner(t, 2))); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	for _, bad := range []Head{{Incarnation: ""}, {Incarnation: "a\nb"}, {Size: -1, Incarnation: "a"}, {Incarnation: "a", At: start.AddDate(9000, 0, 0)}} {
		if _, err := SignHead(bad, s); !errors.Is(err, ErrHead) {
			t.Errorf("SignHead(%+v) = %v", bad, err)
		}
	}
}

func TestCompareAnchor(t *testing.T) {
	s := testSigner(t, 1)
	var m, other memory
	m.fill(t, s, 37, 5)
	newest := m.newest(t, s)
	open := func(m *memory, i int) Head {
		h, err := OpenHead(m.heads[i].signed, VerifierFor(s))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	other.fill(t, s, 37, 5)
	other.events, other.hashes, other.heads = nil, nil, nil
	e := testEvent(1)
	e.Subject = "other"
	leaf, err := e.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	var l Log
	if other.hashes, err = l.Append(leaf); err != nil {
		t.Fatal(err)
	}
	other.events = []Event{e}
	other.fill(t, s, 37, 5)

	life := open(&m, 2)
	life.Incarnation = "second"
	for name, c := range map[string]struct {
		anchor, newest Head
		want           AnchorState
	}{
		"the same":                  {newest, newest, AnchorMatches},
		"grown":                     {open(&m, 2), newest, AnchorContinues},
		"from the empty history":    {Head{Incarnation: "first"}, newest, AnchorContinues},
		"an old copy":               {newest, open(&m, 2), AnchorOlder},
		"emptied":                   {newest, Head{}, AnchorOlder},
		"never used":                {Head{Incarnation: "first"}, Head{}, AnchorMatches},
		"another history":           {open(&other, 2), newest, AnchorDiffers},
		"another, of the same size": {other.newest(t, s), newest, AnchorDiffers},
		"another life":              {life, newest, AnchorDiffers},
	} {
		if got, err := CompareAnchor(c.anchor, c.newest, m.read); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
	}
	torn := m.clone()
	for i := range torn.hashes {
		torn.hashes[i].Hash[0] ^= 1
	}
	if got, err := CompareAnchor(open(&m, 2), newest, torn.read); err != nil || got != AnchorDiffers {
		t.Errorf("torn nodes: %s, %v", got, err)
	}
	boom := errors.New("boom")
	if _, err := CompareAnchor(open(&m, 2), newest, func([]int64) ([]tlog.Hash, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Errorf("failing read: %v", err)
	}
}

type failing struct {
	*memory
	where string
}

var errDisk = errors.New("disk")

func (f failing) Hashes(first int64, limit int) ([]StoredHash, error) {
	if f.where == "hashes" {
		return nil, errDisk
	}
	return f.memory.Hashes(first, limit)
}

func (f failing) Heads(y func(int64, []byte) error) error {
	if f.where == "heads" {
		return errDisk
	}
	return f.memory.Heads(y)
}

func (f failing) Events(y func(Event, []byte) error) error {
	if f.where == "events" {
		return errDisk
	}
	return f.memory.Events(y)
}

// What cannot be read is an error, never a verdict.
func TestVerify_Unreadable(t *testing.T) {
	s := testSigner(t, 1)
	var m memory
	m.fill(t, s, 10, 4)
	for _, where := range []string{"hashes", "heads", "events"} {
		if r, err := Verify(failing{&m, where}, Check{Verifier: VerifierFor(s)}); !errors.Is(err, errDisk) || r.Events != 0 {
			t.Errorf("%s: %+v, %v", where, r, err)
		}
	}
	each := func(e Event) error {
		if e.Seq == 4 {
			return fmt.Errorf("row: %w", &Broken{"amount differs"})
		}
		return nil
	}
	r, err := Verify(&m, Check{Verifier: VerifierFor(s), Each: each})
	if err != nil || r.Broken != 4 || r.Reason != "event 4: row: amount differs" && r.Reason != "event 4: amount differs" {
		t.Errorf("Each: %+v, %v", r, err)
	}
	if _, err := Verify(&m, Check{Verifier: VerifierFor(s), Each: func(Event) error { return errDisk }}); !errors.Is(err, errDisk) {
		t.Errorf("Each failing: %v", err)
	}
}

// FuzzVerify: a database with any byte of an event, a node or a head changed never passes.
func FuzzVerify(f *testing.F) {
	s := testSigner(f, 1)
	var honest memory
	honest.fill(f, s, 20, 6)
	f.Add(uint8(0), uint16(3), uint16(5), uint8(1))
	f.Add(uint8(1), uint16(8), uint16(0), uint8(0x80))
	f.Add(uint8(2), uint16(1), uint16(60), uint8(2))
	f.Fuzz(func(t *testing.T, what uint8, which, place uint16, mask uint8) {
		m := honest.clone()
		var b []byte
		switch what % 3 {
		case 0:
			b = m.events[int(which)%len(m.events)].Payload
		case 1:
			b = m.hashes[int(which)%len(m.hashes)].Hash[:]
		case 2:
			b = m.heads[int(which)%len(m.heads)].signed
		}
		b[int(place)%len(b)] ^= mask
		if r := verify(t, m, s, nil); r.OK() != (mask == 0) {
			t.Fatalf("changed by %#x: %+v", mask, r)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	s := testSigner(b, 1)
	const n = 50_000
	var m memory
	m.fill(b, s, n, 256)
	for b.Loop() {
		if r := verify(b, &m, s, nil); !r.OK() {
			b.Fatal(r)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "events/s")
}
