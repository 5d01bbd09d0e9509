package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/mod/sumdb/note"

	"countersign/internal/failpoint"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	// ErrAnchorMissing is in the chain when there is no anchor file.
	ErrAnchorMissing = errors.New("no anchor file")
	// ErrAnchorUnreadable is in the chain when the anchor file is there but cannot be read or holds
	// no head. A bad signature is ErrSignature instead.
	ErrAnchorUnreadable = errors.New("anchor file cannot be read")
)

// foundersTitle is the first line of the second note of an anchor file.
const foundersTitle = "countersign founders/1"

// maxFounders bounds the second note in bytes.
const maxFounders = 1 << 20

// AnchorBytes is what an anchor file holds: the signed head, and a second signed note that lists the keys of the founders, one a line, bound to the same head. A key
// is a text without line ends. It fails (ErrHead) when one cannot be written, or as the signer fails.
func AnchorBytes(h Head, founders []string, s note.Signer) ([]byte, error) {
	text, err := foundersText(h, founders)
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return nil, fmt.Errorf("sign the founders' keys: %w", err)
	}
	return append(bytes.Clone(h.Signed), signed...), nil
}

func foundersText(h Head, founders []string) (string, error) {
	text := fmt.Sprintf("%s\n%s\n%d\n%s\n", foundersTitle, h.Incarnation, h.Size, h.Root)
	for _, f := range founders {
		if f == "" || strings.ContainsFunc(f, unicode.IsControl) {
			return "", fmt.Errorf("%w: a founder's key %q", ErrHead, f)
		}
		text += f + "\n"
	}
	if len(text) > maxFounders/2 {
		return "", fmt.Errorf("%w: too many keys of founders", ErrHead)
	}
	return text, nil
}

// openFounders reads the second note of the anchor file whose head is h.
func openFounders(signed []byte, h Head, v note.Verifier) ([]string, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSignature, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 5 {
		return nil, fmt.Errorf("%w: the founders' keys", ErrHead)
	}
	founders := lines[4 : len(lines)-1]
	if want, err := foundersText(h, founders); err != nil || want != n.Text {
		return nil, fmt.Errorf("%w: the founders' keys are those of another head", ErrHead)
	}
	return founders, nil
}

// WriteAnchor replaces the anchor file by a signed head, alone or as AnchorBytes made it: when it returns nil, the head has reached
// the disk; when the machine stops half way, the old head is still there whole. The file is
// readable by its owner only. One writer a path at a time. It fails as the file system fails.
func WriteAnchor(path string, head []byte) error {
	if err := writeAnchor(path, head); err != nil {
		return fmt.Errorf("write anchor: %w", err)
	}
	return nil
}

func writeAnchor(path string, head []byte) error {
	tmp := path + ".tmp"
	// A rest of a stopped run is removed, not written into: its mode and its links are not ours.
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(head)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	failpoint.Hit("anchor.written")
	if err == nil {
		err = os.Rename(tmp, path)
	}
	failpoint.Hit("anchor.renamed")
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = dir.Sync()
	if cerr := dir.Close(); err == nil {
		err = cerr
	}
	return err
}

// ReadAnchor returns the head in the anchor file, with the founders' keys where the file lists them. It fails with ErrAnchorMissing,
// ErrAnchorUnreadable or ErrSignature.
func ReadAnchor(path string, v note.Verifier) (Head, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Head{}, fmt.Errorf("%w: %s", ErrAnchorMissing, path)
	}
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrAnchorUnreadable, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxHead+maxFounders))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrAnchorUnreadable, err)
	}
	head, founders := b, []byte(nil)
	if i := bytes.Index(b, []byte("\n"+foundersTitle+"\n")); i >= 0 {
		head, founders = b[:i+1], b[i+1:]
	}
	h, err := OpenHead(head, v)
	if err == nil && founders != nil {
		h.Founders, err = openFounders(founders, h, v)
	}
	switch {
	case errors.Is(err, ErrSignature):
		return Head{}, fmt.Errorf("anchor %s: %w", path, err)
	case err != nil:
		return Head{}, fmt.Errorf("%w: %s: %w", ErrAnchorUnreadable, path, err)
	}
	return h, nil
}

// SameFounders reports whether the anchor lists exactly these keys, in any order; true for an anchor from before there was a list.
func (h Head) SameFounders(keys []string) bool {
	return h.Founders == nil || slices.Equal(slices.Sorted(slices.Values(h.Founders)), slices.Sorted(slices.Values(keys)))
}

// AnchorState says how a database stands to its anchor.
type AnchorState string

// The states of [AnchorState].
const (
	AnchorMatches   AnchorState = "matches"   // the same events
	AnchorContinues AnchorState = "continues" // the anchor's events and more after them
	AnchorOlder     AnchorState = "older"     // fewer events than the anchor: an old copy
	AnchorDiffers   AnchorState = "differs"   // other events, or another life of the database
	AnchorNone      AnchorState = "none"      // no anchor was given
)

// CompareAnchor says how the history whose newest head is newest stands to the anchor, from a proof
// over a few stored nodes: what a start needs, without reading the events. Both heads must
// have been opened with the key. Nodes that prove nothing count as AnchorDiffers. An empty
// history has the zero Head as its newest. It fails as read fails.
func CompareAnchor(anchor, newest Head, read ReadHashes) (AnchorState, error) {
	switch {
	case newest.Size < anchor.Size:
		return AnchorOlder, nil
	case newest.Size == 0:
		return AnchorMatches, nil
	case anchor.Incarnation != newest.Incarnation:
		return AnchorDiffers, nil
	case newest.Size == anchor.Size:
		if newest.Root == anchor.Root {
			return AnchorMatches, nil
		}
		return AnchorDiffers, nil
	case anchor.Size == 0:
		return AnchorContinues, nil
	}
	var failed error
	proof, err := tlog.ProveTree(newest.Size, anchor.Size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes, err := read(indexes)
		failed = err
		return hashes, err
	}))
	if failed != nil {
		return "", fmt.Errorf("compare with the anchor: %w", failed)
	}
	if err != nil || tlog.CheckTree(proof, newest.Size, newest.Root, anchor.Size, anchor.Root) != nil {
		return AnchorDiffers, nil
	}
	return AnchorContinues, nil
}
