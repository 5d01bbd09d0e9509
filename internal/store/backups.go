package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"countersign/internal/audit"
	"countersign/internal/store/queries"
)

// Backups makes copies of a running desk's database in a folder, each proved by restoring it, and keeps the newest. For one goroutine.
type Backups struct {
	Store *Store
	Dir   string
	Keep  int // how many verified copies stay, at least one
}

// backupName is the name of a verified copy; whatever is called otherwise is not touched, but for rests of our own.
var (
	backupName = regexp.MustCompile(`^desk-\d{8}T\d{6}\.\d{6}Z\.db$`)
	backupRest = regexp.MustCompile(`^desk-\d{8}T\d{6}\.\d{6}Z\.db\.(part|try)(-wal|-shm|-journal|\.restoring|\.restoring-wal|\.restoring-shm|\.restoring-journal)?$`)
)

const backupTime = "20060102T150405.000000Z"

// Take makes one copy, restores it beside itself as the command does, proves what was restored with the history's key to continue what the desk had
// signed when the copy was begun, and only then gives the copy its name. Older copies beyond Keep go only after that. It returns the name.
// It fails as the file system and the database fail, and when the copy does not hold what it should.
func (b *Backups) Take(ctx context.Context) (name string, err error) {
	if err := os.MkdirAll(b.Dir, 0o700); err != nil {
		return "", err
	}
	if err := b.sweep(); err != nil {
		return "", err
	}
	name = "desk-" + b.Store.o.Now().UTC().Format(backupTime) + ".db"
	path := filepath.Join(b.Dir, name)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return "", errors.Join(fmt.Errorf("%s exists already", path), err)
	}
	part, try := path+".part", path+".try"
	defer func() {
		if serr := b.sweep(); err == nil {
			err = serr
		}
	}()
	b.Store.mu.Lock()
	signed := b.Store.newest
	b.Store.mu.Unlock()
	if err := Backup(ctx, b.Store.o.Path, part); err != nil {
		return "", err
	}
	end, err := lastSeq(ctx, part)
	if err != nil {
		return "", fmt.Errorf("read the copy: %w", err)
	}
	// What is restored of the copy is proved, once: whatever is wrong with the copy is wrong with what came out of it.
	if err := restoreUnproved(ctx, part, try); err != nil {
		return "", fmt.Errorf("restore the copy: %w", err)
	}
	var want *audit.Head
	if signed.Size > 0 {
		want = &signed
	}
	again, err := Verify(ctx, try, audit.VerifierFor(b.Store.o.Signer), want)
	switch {
	case err != nil:
		return "", fmt.Errorf("verify what was restored: %w", err)
	case !again.OK():
		return "", fmt.Errorf("what was restored is broken at %d: %s", again.Broken, again.Reason)
	case again.Events != end:
		return "", fmt.Errorf("the copy ends at %d, what was restored of it at %d", end, again.Events)
	case want != nil && again.Anchor != audit.AnchorMatches && again.Anchor != audit.AnchorContinues:
		return "", fmt.Errorf("what was restored is %s than what the desk had signed at %d", again.Anchor, signed.Size)
	}
	if err := os.Rename(part, path); err != nil {
		return "", err
	}
	if err := syncDir(b.Dir); err != nil {
		return "", err
	}
	return name, b.drop(name)
}

// drop removes verified copies beyond Keep, but never the one that was just made: first those that are named after a time that has not come, by a clock that
// was ahead, then the oldest.
func (b *Backups) drop(made string) error {
	all, err := b.list()
	if err != nil {
		return err
	}
	due, ahead := b.byNow(all)
	names := slices.DeleteFunc(slices.Concat(ahead, due), func(name string) bool { return name == made })
	for len(names) > max(b.Keep, 1)-1 {
		if err := os.Remove(filepath.Join(b.Dir, names[0])); err != nil {
			return err
		}
		names = names[1:]
	}
	return nil
}

// Size is that of a copy in the folder, bytes; 0 when it is not there.
func (b *Backups) Size(name string) int64 { return size(filepath.Join(b.Dir, name)) }

// lastSeq is the last event of a database.
func lastSeq(ctx context.Context, path string) (int64, error) {
	d, err := openReadOnly(path)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	return queries.New(d).LastSeq(ctx)
}

// byNow parts names, oldest first, into those of times that have come and those that a clock that was ahead gave.
func (b *Backups) byNow(names []string) (due, ahead []string) {
	now := "desk-" + b.Store.o.Now().UTC().Format(backupTime) + ".db"
	n, found := slices.BinarySearch(names, now)
	if found {
		n++
	}
	return names[:n:n], names[n:len(names):len(names)]
}

// Newest is the newest verified copy in the folder and when it was made; "" when there is none. One that a clock that was ahead named is not it.
func (b *Backups) Newest() (name string, at time.Time, err error) {
	all, err := b.list()
	names, _ := b.byNow(all)
	if err != nil || len(names) == 0 {
		return "", time.Time{}, err
	}
	name = names[len(names)-1]
	at, err = time.Parse("desk-"+backupTime+".db", name)
	return name, at.UTC(), err
}

// list is the verified copies, oldest first.
func (b *Backups) list() ([]string, error) {
	entries, err := os.ReadDir(b.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && backupName.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out) // their names sort as their times do
	return out, err
}

// sweep removes what a stopped try left behind.
func (b *Backups) sweep() error {
	entries, err := os.ReadDir(b.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && backupRest.MatchString(e.Name()) {
			if err := os.Remove(filepath.Join(b.Dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
