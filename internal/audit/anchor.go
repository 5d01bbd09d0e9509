package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	// ErrAnchorMissing is in the chain when there is no anchor file.
	ErrAnchorMissing = errors.New("no anchor file")
	// ErrAnchorUnreadable is in the chain when the anchor file is there but cannot be read or holds
	// no head. A bad signature is ErrSignature instead.
	ErrAnchorUnreadable = errors.New("anchor file cannot be read")
)

// WriteAnchor replaces the anchor file by a signed head: when it returns nil, the head has reached
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
	if err == nil {
		err = os.Rename(tmp, path)
	}
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

// ReadAnchor returns the head in the anchor file. It fails with ErrAnchorMissing,
// ErrAnchorUnreadable or ErrSignature.
func ReadAnchor(path string, v note.Verifier) (Head, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Head{}, fmt.Errorf("%w: %s", ErrAnchorMissing, path)
	}
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrAnchorUnreadable, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxHead+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrAnchorUnreadable, err)
	}
	h, err := OpenHead(b, v)
	switch {
	case errors.Is(err, ErrSignature):
		return Head{}, fmt.Errorf("anchor %s: %w", path, err)
	case err != nil:
		return Head{}, fmt.Errorf("%w: %s: %w", ErrAnchorUnreadable, path, err)
	}
	return h, nil
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
