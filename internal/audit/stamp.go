package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/mod/sumdb/note"
)

var (
	// ErrStampMissing is in the chain when there is no stamp beside the anchor.
	ErrStampMissing = errors.New("no stamp of the anchor")
	// ErrStampUnreadable is in the chain when the stamp is there but cannot be read, or was not signed with the history's key.
	ErrStampUnreadable = errors.New("stamp of the anchor cannot be read")
)

// stampTitle is the first line of a stamp.
const stampTitle = "countersign stamp/1"

// maxStamp bounds a stamp in bytes.
const maxStamp = 4096

// Stamp says who kept an anchor last and when: one life of a database, on one machine.
type Stamp struct {
	Incarnation string
	Machine     string // a fingerprint of the machine, one line
	At          time.Time
}

// StampPath is where the stamp of an anchor is kept.
func StampPath(anchor string) string { return anchor + ".stamp" }

// WriteStamp replaces a stamp as WriteAnchor does an anchor. It fails (ErrHead) when a field cannot be written, else as the signer or the file system fails.
func WriteStamp(path string, st Stamp, s note.Signer) error {
	for _, text := range []string{st.Incarnation, st.Machine} {
		if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%w: a stamp of %q", ErrHead, text)
		}
	}
	signed, err := note.Sign(&note.Note{Text: stampText(st)}, s)
	if err != nil {
		return fmt.Errorf("sign the stamp: %w", err)
	}
	if err := writeAnchor(path, signed); err != nil {
		return fmt.Errorf("write the stamp: %w", err)
	}
	return nil
}

func stampText(st Stamp) string {
	return fmt.Sprintf("%s\n%s\n%s\n%s\n", stampTitle, st.Incarnation, st.Machine, st.At.UTC().Format(time.RFC3339Nano))
}

// ReadStamp returns a stamp. It fails with ErrStampMissing or ErrStampUnreadable.
func ReadStamp(path string, v note.Verifier) (Stamp, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Stamp{}, fmt.Errorf("%w: %s", ErrStampMissing, path)
	}
	if err != nil {
		return Stamp{}, fmt.Errorf("%w: %w", ErrStampUnreadable, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxStamp+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil || len(b) > maxStamp {
		return Stamp{}, fmt.Errorf("%w: %s: %w", ErrStampUnreadable, path, errors.Join(err, errors.New("not a stamp")))
	}
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return Stamp{}, fmt.Errorf("%w: %s: %w", ErrStampUnreadable, path, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 5 {
		return Stamp{}, fmt.Errorf("%w: %s: not a stamp", ErrStampUnreadable, path)
	}
	at, err := time.Parse(time.RFC3339Nano, lines[3])
	st := Stamp{Incarnation: lines[1], Machine: lines[2], At: at.UTC()}
	if err != nil || stampText(st) != n.Text {
		return Stamp{}, fmt.Errorf("%w: %s: not a stamp", ErrStampUnreadable, path)
	}
	return st, nil
}
