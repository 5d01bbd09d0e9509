package banksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// record is one change, whole: replaying all records in order gives the bank's memory.
type record struct {
	Sessions []*session `json:"sessions,omitempty"`
	Entries  []*Entry   `json:"entries,omitempty"`
	Jobs     []*job     `json:"jobs,omitempty"`
	Moves    []move     `json:"moves,omitempty"`
	Done     []int64    `json:"done,omitempty"`
	Key      string     `json:"key,omitempty"`
	LastID   int64      `json:"last_id,omitempty"`
	LastJob  int64      `json:"last_job,omitempty"`
	Spent    int64      `json:"spent,omitempty"` // change of the balance, in kopecks
}

var errClosed = errors.New("banksim: closed")

// journal is the append-only file. append is called under the bank's lock; sync by anybody.
type journal struct {
	f       *os.File // nil: nothing is kept
	size    atomic.Int64
	lazy    atomic.Bool // driven: syncing waits for GoLive
	closed  atomic.Bool
	syncing sync.Mutex
	synced  int64 // under syncing
}

// openJournal reads every whole record into apply. A torn last line is cut off; any other bad line is an error,
// because a judge that guesses is none.
func openJournal(dir string, apply func(*record)) (*journal, error) {
	j := &journal{}
	if dir == "" {
		return j, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("banksim: data folder: %w", err)
	}
	path := filepath.Join(dir, "bank.jsonl")
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("banksim: read journal: %w", err)
	}
	good := 0
	for n := 1; good < len(old); n++ {
		end := bytes.IndexByte(old[good:], '\n')
		if end < 0 {
			break // never acknowledged: the newline goes out in the same write
		}
		rec := new(record)
		if err := json.Unmarshal(old[good:good+end], rec); err != nil {
			if good+end+1 == len(old) {
				break
			}
			return nil, fmt.Errorf("banksim: %s line %d: %w", path, n, err)
		}
		apply(rec)
		good += end + 1
	}
	j.f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("banksim: open journal: %w", err)
	}
	if good < len(old) {
		if err := j.f.Truncate(int64(good)); err != nil {
			return nil, errors.Join(fmt.Errorf("banksim: cut torn line: %w", err), j.f.Close())
		}
	}
	j.size.Store(int64(good))
	if d, err := os.Open(dir); err == nil { // the name of a new file must survive too; not every system can sync a folder
		_ = d.Sync()
		_ = d.Close()
	}
	return j, nil
}

// append writes one record, or nothing: a failed write is taken back, so that a later one cannot join its torn half.
func (j *journal) append(rec *record) error {
	if j.closed.Load() {
		return errClosed
	}
	if j.f == nil {
		return nil
	}
	line, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("banksim: encode record: %w", err)
	}
	line = append(line, '\n')
	size := j.size.Load()
	if _, err := j.f.Write(line); err != nil {
		return errors.Join(fmt.Errorf("banksim: append: %w", err), j.f.Truncate(size))
	}
	j.size.Store(size + int64(len(line)))
	return nil
}

// sync returns once everything appended before the call is on the disk. Callers that come together share one fsync.
func (j *journal) sync() error {
	if j.f == nil || j.lazy.Load() {
		return nil
	}
	pos := j.size.Load()
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= pos {
		return nil
	}
	if j.closed.Load() {
		return errClosed
	}
	reach := j.size.Load()
	if err := j.f.Sync(); err != nil {
		return fmt.Errorf("banksim: sync: %w", err)
	}
	j.synced = reach
	return nil
}

func (j *journal) close() error {
	if j.closed.Swap(true) || j.f == nil {
		return nil
	}
	j.syncing.Lock()
	defer j.syncing.Unlock()
	return errors.Join(j.f.Sync(), j.f.Close())
}
