package audit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Source is a stored history as [Verify] reads it: all three from one moment (one read
// transaction). Verify calls Heads once, then Events once, and Hashes while Events runs and after it.
type Source interface {
	// Events yields every stored event in order of its sequence, read from its columns. leaf is
	// the stored leaf, if leaves are stored, else nil. Both are used only during the call.
	// It ends early with yield's error.
	Events(yield func(e Event, leaf []byte) error) error
	// Hashes returns stored nodes in order of their places, from place first on: limit of them, or
	// fewer only where no more are stored.
	Hashes(first int64, limit int) ([]StoredHash, error)
	// Heads yields every kept head and the newest, in any order: the size its row claims and the
	// signed note. It ends early with yield's error.
	Heads(yield func(size int64, signed []byte) error) error
}

// Check says what [Verify] compares a source with.
type Check struct {
	Verifier note.Verifier
	Anchor   *Head // opened by ReadAnchor; nil if there is none
	// Each, if set, sees every event in order, to compare rows with it and to fold states. A
	// *Broken it returns breaks the history at that event; any other error ends the verification.
	Each func(Event) error
}

// Broken is an error by which [Check.Each] says that an event does not hold.
type Broken struct{ Reason string }

func (b *Broken) Error() string { return b.Reason }

// Report is the outcome of a verification.
type Report struct {
	Events int64       // how many events are stored
	Heads  int64       // how many signed heads were checked
	Newest Head        // the newest head that holds; zero if none does
	Broken int64       // the first sequence that does not hold or is no longer vouched for; 0 if all hold
	Reason string      // one line on it, for the log and the console; "" if all hold
	Anchor AnchorState // how the stored events stand to the anchor
	Keys   string      // where the anchor differs in the founders' keys: which; "" when it does not
	// Losses are the restores that the history itself declares, oldest first.
	Losses []Loss
}

// Loss is one declared restore: the copy ended at Seq-1, the anchor that it was compared with was Anchor (zero when there was none).
type Loss struct {
	Seq    int64
	At     time.Time
	Lost   int64
	Anchor Head // size, root and incarnation only
}

// Declares reports whether one of the declared restores was compared with this anchor: then what it knows and the database does not is no secret.
func (r Report) Declares(anchor Head) bool {
	return slices.ContainsFunc(r.Losses, func(l Loss) bool {
		return l.Anchor.Size == anchor.Size && l.Anchor.Root == anchor.Root && l.Anchor.Incarnation == anchor.Incarnation
	})
}

// OK reports whether the history holds in itself; it says nothing of the anchor.
func (r Report) OK() bool { return r.Broken == 0 }

func (r *Report) breakAt(seq int64, format string, args ...any) {
	seq = max(seq, 1)
	if r.Broken == 0 || seq < r.Broken {
		r.Broken, r.Reason = seq, fmt.Sprintf(format, args...)
	}
}

// hashPage is how many nodes are read at once.
const hashPage = 4096

// Verify reads a whole history and recomputes it: sequences from 1 without a gap, every leaf,
// every node, the root at every kept head and each head's signature; the newest head must cover
// all events. It holds one page of nodes and 40 bytes a kept head in memory.
//
// What is wrong is in the Report; an error means that the source could not be read (or that
// Each could not do its work), so that nothing is known.
func Verify(src Source, c Check) (Report, error) {
	r := Report{Anchor: AnchorNone}
	heads, err := readHeads(src, c.Verifier, &r)
	if err != nil {
		return Report{}, fmt.Errorf("verify: read heads: %w", err)
	}
	w := walk{src: src, check: c, report: &r, heads: heads}
	w.heads0()
	if err := src.Events(w.event); err != nil {
		return Report{}, fmt.Errorf("verify: read events: %w", err)
	}
	if err := w.finish(); err != nil {
		return Report{}, fmt.Errorf("verify: %w", err)
	}
	return r, nil
}

type signedRoot struct {
	size int64
	root tlog.Hash
}

func readHeads(src Source, v note.Verifier, r *Report) ([]signedRoot, error) {
	var heads []signedRoot
	err := src.Heads(func(size int64, signed []byte) error {
		r.Heads++
		h, err := OpenHead(signed, v)
		switch {
		case err != nil:
			r.breakAt(size, "the head at %d: %v", size, err)
			return nil
		case h.Size != size:
			r.breakAt(min(size, h.Size), "the head at %d was signed for %d events", size, h.Size)
			return nil
		}
		if h.Size > r.Newest.Size || r.Newest.Signed == nil || h.Size == r.Newest.Size && h.At.After(r.Newest.At) {
			r.Newest = h
		}
		heads = append(heads, signedRoot{h.Size, h.Root})
		return nil
	})
	slices.SortFunc(heads, func(a, b signedRoot) int { return cmp.Compare(a.size, b.size) })
	return heads, err
}

// walk is one pass over the events. It goes on after a break, so that the anchor can be judged.
type walk struct {
	src    Source
	check  Check
	report *Report
	heads  []signedRoot // not reached yet, ascending
	good   int64        // size of the last head that held

	log        Log
	page       []StoredHash // read and not compared yet
	next       int64        // place to read from next
	end        bool         // no more nodes are stored
	leafBuf    []byte
	nodes      []StoredHash
	anchorRoot *tlog.Hash // root of the recomputed tree at the anchor's size
}

func (w *walk) event(e Event, leaf []byte) error {
	n := w.log.Size() + 1
	w.report.Events = n
	if e.Seq != n {
		w.report.breakAt(n, "event %d is missing: %d stands in its place", n, e.Seq)
	}
	own, err := e.appendLeaf(w.leafBuf[:0])
	if err != nil {
		w.report.breakAt(n, "event %d: %v", n, err)
	} else {
		w.leafBuf = own
		if leaf != nil && !bytes.Equal(leaf, own) {
			w.report.breakAt(n, "event %d: its columns differ from its leaf", n)
		}
	}
	if w.nodes, err = w.log.append(w.nodes[:0], tlog.RecordHash(own)); err != nil {
		return err
	}
	for i, want := range w.nodes {
		got, ok, err := w.node()
		switch {
		case err != nil:
			return err
		case !ok:
			w.report.breakAt(n, "event %d: a node of the tree is missing", n)
		case got.Index != want.Index:
			w.report.breakAt(n, "event %d: node %d stands at place %d", n, got.Index, want.Index)
		case got.Hash != want.Hash && i == 0:
			w.report.breakAt(n, "event %d differs from its stored hash", n)
		case got.Hash != want.Hash:
			w.report.breakAt(n, "event %d: a node of the tree above it is wrong", n)
		}
	}
	if err := w.compare(n); err != nil {
		return err
	}
	if w.check.Each == nil {
		return nil
	}
	err = w.check.Each(e)
	var broken *Broken
	if errors.As(err, &broken) {
		w.report.breakAt(n, "event %d: %s", n, broken.Reason)
		return nil
	}
	return err
}

// heads0 judges heads of the empty history.
func (w *walk) heads0() { _ = w.compare(0) } // Root of an empty Log cannot fail

// compare judges the heads at size n, and keeps the root the anchor will be compared with.
func (w *walk) compare(n int64) error {
	anchor := w.check.Anchor != nil && w.check.Anchor.Size == n
	if !anchor && (len(w.heads) == 0 || w.heads[0].size > n) {
		return nil
	}
	root, err := w.log.Root()
	if err != nil {
		return err
	}
	if anchor {
		w.anchorRoot = &root
	}
	for ; len(w.heads) > 0 && w.heads[0].size <= n; w.heads = w.heads[1:] {
		switch b := w.report.Broken; {
		case w.heads[0].root == root:
			w.good = n
		case b == 0 || b > n: // else a break within the range has been named already, more precisely
			w.report.breakAt(w.good+1, "events %d to %d do not give the root that was signed at %d", w.good+1, n, n)
		}
	}
	return nil
}

// node returns the next stored node.
func (w *walk) node() (StoredHash, bool, error) {
	if len(w.page) == 0 && !w.end {
		page, err := w.src.Hashes(w.next, hashPage)
		if err != nil {
			return StoredHash{}, false, fmt.Errorf("read nodes: %w", err)
		}
		w.page = page
		w.end = len(page) < hashPage
		if len(page) > 0 {
			w.next = page[len(page)-1].Index + 1
		}
	}
	if len(w.page) == 0 {
		return StoredHash{}, false, nil
	}
	h := w.page[0]
	w.page = w.page[1:]
	return h, true, nil
}

func (w *walk) finish() error {
	n := w.log.Size()
	if _, more, err := w.node(); err != nil {
		return err
	} else if more {
		w.report.breakAt(n+1, "the tree has nodes beyond event %d", n)
	}
	newest := w.report.Newest.Size
	switch {
	case len(w.heads) > 0 || newest > n:
		w.report.breakAt(n+1, "events after %d are missing: %d were signed", n, newest)
	case newest < n:
		w.report.breakAt(newest+1, "events %d to %d are covered by no signed head", newest+1, n)
	}
	if a := w.check.Anchor; a != nil {
		switch {
		case n < a.Size:
			w.report.Anchor = AnchorOlder
		case *w.anchorRoot != a.Root, n > 0 && a.Incarnation != w.report.Newest.Incarnation:
			w.report.Anchor = AnchorDiffers
		case n == a.Size:
			w.report.Anchor = AnchorMatches
		default:
			w.report.Anchor = AnchorContinues
		}
	}
	return nil
}
