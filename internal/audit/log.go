package audit

import (
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// maxLevels is the height of the tree this program can hold: 2^40 events.
const maxLevels = 40

// StoredHash is one node of the tree with its place, as tlog.StoredHashIndex counts them:
// 0, 1, 2 … without a gap, in the order in which [Log.Append] returns them.
type StoredHash struct {
	Index int64
	Hash  tlog.Hash
}

// ReadHashes returns the stored nodes at the given places, in the same order and number.
type ReadHashes func(indexes []int64) ([]tlog.Hash, error)

// Log is the right edge of the tree: all that is needed to append and to know the root.
// It belongs to one goroutine, the writer's. The zero Log is an empty tree.
type Log struct{ m Mark }

// Mark is a moment of a [Log] to which it can be set back. It is a value of 1.3 KB.
type Mark struct {
	size int64
	edge [maxLevels]tlog.Hash // edge[l] is set when bit l of size is: a full subtree of 2^l leaves
}

// Size returns how many events the log held at the mark.
func (m *Mark) Size() int64 { return m.size }

// NewLog returns the log of the given size, reading the nodes of its right edge once (at most 40).
// It does not judge them: compare [Log.Root] with a signed head. read may be nil when size is 0.
// It fails when size is negative or too large, or read fails or returns another number of hashes.
func NewLog(size int64, read ReadHashes) (*Log, error) {
	if size < 0 || size >= 1<<maxLevels {
		return nil, fmt.Errorf("history of %d events cannot be held", size)
	}
	l := &Log{}
	if size == 0 {
		return l, nil
	}
	var indexes []int64
	var levels []int
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if n := size >> level; n&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, n-1))
			levels = append(levels, level)
		}
	}
	hashes, err := read(indexes)
	if err != nil {
		return nil, fmt.Errorf("read the edge of the history: %w", err)
	}
	if len(hashes) != len(indexes) {
		return nil, fmt.Errorf("read the edge of the history: %d hashes for %d places", len(hashes), len(indexes))
	}
	for i, level := range levels {
		l.m.edge[level] = hashes[i]
	}
	l.m.size = size
	return l, nil
}

// Append adds a leaf and returns the nodes to store: the leaf's and those of every subtree it
// completes (two on average), in order of their places. It reads nothing.
// It fails only when the tree is full (2^40 events), and then changes nothing.
func (l *Log) Append(leaf []byte) (stored []StoredHash, err error) {
	return l.append(make([]StoredHash, 0, 1+bits.TrailingZeros64(^uint64(l.m.size))), tlog.RecordHash(leaf))
}

func (l *Log) append(dst []StoredHash, h tlog.Hash) ([]StoredHash, error) {
	n := l.m.size
	if n+1 >= 1<<maxLevels {
		return nil, fmt.Errorf("history is full at %d events", n)
	}
	index := tlog.StoredHashIndex(0, n)
	dst = append(dst, StoredHash{index, h})
	level := 0
	for ; n>>level&1 == 1; level++ {
		h = tlog.NodeHash(l.m.edge[level], h)
		index++
		dst = append(dst, StoredHash{index, h})
	}
	l.m.edge[level] = h
	l.m.size = n + 1
	return dst, nil
}

// Size returns how many events the log holds.
func (l *Log) Size() int64 { return l.m.size }

// Root returns the hash over all events (RFC 6962). Its error is always nil today.
func (l *Log) Root() (tlog.Hash, error) {
	if l.m.size == 0 {
		return tlog.TreeHash(0, nil)
	}
	level := bits.TrailingZeros64(uint64(l.m.size))
	h := l.m.edge[level]
	for level++; l.m.size>>level != 0; level++ {
		if l.m.size>>level&1 == 1 {
			h = tlog.NodeHash(l.m.edge[level], h)
		}
	}
	return h, nil
}

// Mark remembers where the log stands, for a savepoint.
func (l *Log) Mark() Mark { return l.m }

// Reset sets the log back to m, which must be a mark of this log: what was appended since never was.
func (l *Log) Reset(m Mark) { l.m = m }

// ErrNotHeld is in the chain when an event is not the one that a signed history holds in its place.
var ErrNotHeld = errors.New("not the event that the signed history holds")

// Holds proves that each event stands in its place in the history that head signs, from stored nodes, of which none need be trusted. head must have been opened
// or signed with the key. It fails with ErrNotHeld, or as read fails.
func Holds(head Head, events []Event, read ReadHashes) error {
	known := map[int64]tlog.Hash{} // neighbours share most of their proofs
	nodes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var missing []int64
		for _, i := range indexes {
			if _, ok := known[i]; !ok {
				missing = append(missing, i)
			}
		}
		hashes, err := read(missing)
		if err != nil {
			return nil, err
		}
		if len(hashes) != len(missing) {
			return nil, fmt.Errorf("read nodes of the history: %d hashes for %d places", len(hashes), len(missing))
		}
		for i, h := range hashes {
			known[missing[i]] = h
		}
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = known[index]
		}
		return out, nil
	})
	for _, e := range events {
		if e.Seq < 1 || e.Seq > head.Size {
			return fmt.Errorf("event %d of %d: %w", e.Seq, head.Size, ErrNotHeld)
		}
		leaf, err := e.Leaf()
		if err != nil {
			return fmt.Errorf("event %d: %w: %w", e.Seq, ErrNotHeld, err)
		}
		proof, err := tlog.ProveRecord(head.Size, e.Seq-1, nodes)
		if err != nil {
			return fmt.Errorf("prove event %d: %w", e.Seq, err)
		}
		if tlog.CheckRecord(proof, head.Size, head.Root, e.Seq-1, tlog.RecordHash(leaf)) != nil {
			return fmt.Errorf("event %d: %w", e.Seq, ErrNotHeld)
		}
	}
	return nil
}
