package audit

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

var start = time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)

func testSigner(t testing.TB, seed byte) *Signer {
	t.Helper()
	s, err := NewSigner(KeyName, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testEvent(seq int64) Event {
	return Event{
		Seq: seq, At: start.Add(time.Duration(seq) * time.Second), Person: fmt.Sprintf("p-%d", seq%7),
		SignIn: "olga@example.org", Action: "payout.approved", Kind: "payout",
		Subject: fmt.Sprintf("pay-%d", seq/5), Version: int(seq % 3), Spec: 1,
		Payload: []byte(fmt.Sprintf(`{"amount_minor":%d,"digest":"%064x","rule_set":1}`, seq*100, seq)),
	}
}

// memory is a stored history in memory, as the store's tables hold it.
type memory struct {
	events []Event
	hashes []StoredHash
	heads  []storedHead
}

type storedHead struct {
	size   int64
	signed []byte
}

func (m *memory) Events(yield func(Event, []byte) error) error {
	for _, e := range m.events {
		if err := yield(e, nil); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Hashes(first int64, limit int) ([]StoredHash, error) {
	i := 0 // places are dense unless tampered with: look near, then walk
	if first > 10 && int(first) <= len(m.hashes) && m.hashes[first-10].Index <= first {
		i = int(first - 10)
	}
	for i < len(m.hashes) && m.hashes[i].Index < first {
		i++
	}
	return m.hashes[i:min(i+limit, len(m.hashes))], nil
}

func (m *memory) Heads(yield func(int64, []byte) error) error {
	for _, h := range m.heads {
		if err := yield(h.size, h.signed); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(m.hashes)) {
			return nil, errors.New("no such node")
		}
		out[i] = m.hashes[x].Hash
	}
	return out, nil
}

// fill appends events up to size n, signing a head every `every` events and at the end.
func (m *memory) fill(t testing.TB, s *Signer, n, every int64) {
	t.Helper()
	l, err := NewLog(int64(len(m.events)), m.read)
	if err != nil {
		t.Fatal(err)
	}
	for l.Size() < n {
		e := testEvent(l.Size() + 1)
		leaf, err := e.Leaf()
		if err != nil {
			t.Fatal(err)
		}
		stored, err := l.Append(leaf)
		if err != nil {
			t.Fatal(err)
		}
		m.events = append(m.events, e)
		m.hashes = append(m.hashes, stored...)
		if l.Size()%every == 0 || l.Size() == n {
			root, err := l.Root()
			if err != nil {
				t.Fatal(err)
			}
			h, err := SignHead(Head{Size: l.Size(), Root: root, At: e.At, Incarnation: "first"}, s)
			if err != nil {
				t.Fatal(err)
			}
			m.heads = append(m.heads, storedHead{h.Size, h.Signed})
		}
	}
}

func (m *memory) newest(t testing.TB, s *Signer) Head {
	t.Helper()
	h, err := OpenHead(m.heads[len(m.heads)-1].signed, VerifierFor(s))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The log's nodes and roots are those of tlog itself, at every size, also after a restart.
func TestLog_AgreesWithTlog(t *testing.T) {
	const n = 300
	var m memory
	var ref []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = ref[x]
		}
		return out, nil
	})
	l, err := NewLog(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(n) {
		leaf := []byte(fmt.Sprint("leaf ", i))
		want, err := tlog.StoredHashes(i, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Append(leaf)
		if err != nil || len(got) != len(want) {
			t.Fatalf("Append(%d) = %d nodes, %v; want %d", i, len(got), err, len(want))
		}
		for j := range want {
			if got[j].Hash != want[j] || got[j].Index != int64(len(ref)+j) {
				t.Fatalf("Append(%d): node %d = %v", i, j, got[j])
			}
		}
		ref = append(ref, want...)
		m.hashes = append(m.hashes, got...)
		root, err := tlog.TreeHash(i+1, reader)
		if err != nil {
			t.Fatal(err)
		}
		if own, err := l.Root(); err != nil || own != root || l.Size() != i+1 {
			t.Fatalf("Root at %d = %v, %v", i+1, own, err)
		}
		again, err := NewLog(i+1, m.read)
		if err != nil {
			t.Fatal(err)
		}
		if own, err := again.Root(); err != nil || own != root {
			t.Fatalf("Root at %d after a restart = %v, %v", i+1, own, err)
		}
	}
}

func TestLog_EmptyRootAndFailures(t *testing.T) {
	var l Log
	want, err := tlog.TreeHash(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.Root(); err != nil || got != want {
		t.Errorf("Root = %v, %v", got, err)
	}
	boom := errors.New("boom")
	if _, err := NewLog(5, func([]int64) ([]tlog.Hash, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Errorf("failing read: %v", err)
	}
	if _, err := NewLog(5, func([]int64) ([]tlog.Hash, error) { return nil, nil }); err == nil {
		t.Error("too few hashes: no error")
	}
	if _, err := NewLog(-1, nil); err == nil {
		t.Error("negative size: no error")
	}
}

// Holds believes exactly the events that were signed, in their places, also with nodes that somebody altered.
func TestHolds(t *testing.T) {
	s := testSigner(t, 1)
	var m memory
	m.fill(t, s, 100, 10)
	head := m.newest(t, s)
	some := []Event{m.events[0], m.events[41], m.events[99]}
	if err := Holds(head, some, m.read); err != nil {
		t.Fatal(err)
	}
	if err := Holds(Head{}, nil, nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	other, moved, later, bad := some[1], some[1], some[2], some[1]
	other.Person, moved.Seq, later.Seq, bad.Payload = "p-9", 43, 101, []byte(`{"a": 1}`)
	for name, e := range map[string]Event{"another person": other, "another place": moved, "after the head": later, "not canonical": bad} {
		if err := Holds(head, []Event{some[0], e}, m.read); !errors.Is(err, ErrNotHeld) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x := m.clone() // the event and its leaf
	leaf, err := other.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	x.hashes[tlog.StoredHashIndex(0, 41)].Hash = tlog.RecordHash(leaf)
	if err := Holds(head, []Event{other}, x.read); !errors.Is(err, ErrNotHeld) {
		t.Errorf("with its leaf: %v", err)
	}
	boom := errors.New("boom")
	if err := Holds(head, some, func([]int64) ([]tlog.Hash, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Errorf("failing read: %v", err)
	}
	if err := Holds(head, some, func([]int64) ([]tlog.Hash, error) { return nil, nil }); err == nil {
		t.Error("too few hashes: no error")
	}
}

// A reset log goes on as if what came after the mark had never been.
func TestLog_MarkReset(t *testing.T) {
	for size := range int64(70) {
		var l, plain Log
		add := func(l *Log, from, to int64) (out []StoredHash) {
			for i := from; i < to; i++ {
				s, err := l.Append([]byte(fmt.Sprint(i)))
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, s...)
			}
			return out
		}
		add(&l, 0, size)
		add(&plain, 0, size)
		m := l.Mark()
		if m.Size() != size {
			t.Fatalf("Mark.Size = %d, want %d", m.Size(), size)
		}
		add(&l, 1000, 1005)
		l.Reset(m)
		got, want := add(&l, size, size+9), add(&plain, size, size+9)
		if fmt.Sprint(got) != fmt.Sprint(want) || l != plain {
			t.Fatalf("size %d: the log remembers what was taken back", size)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	var l Log
	leaf := bytes.Repeat([]byte("x"), 400)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Append(leaf); err != nil {
			b.Fatal(err)
		}
	}
}
