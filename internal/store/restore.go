package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

// Names of rows in meta: what restore wrote into a copy, the incarnation that two people let go on, and what the last quarantine found.
const (
	metaRestored = "restored"
	metaReleased = "released"
	metaLoss     = "loss"
)

// lossRow is meta's own spelling of an app.Loss; the heads are kept as they were signed.
type lossRow struct {
	Why         string `json:"why"`
	Incarnation string `json:"incarnation"`
	At          int64  `json:"at"`
	Copy        []byte `json:"copy"`
	Anchor      []byte `json:"anchor"`
}

func (s *Store) meta(ctx context.Context) (map[string]string, error) {
	rows, err := s.w.Meta(ctx)
	m := map[string]string{}
	for _, r := range rows {
		m[r.Name] = r.Value
	}
	return m, err
}

// restored reports a copy that restore put here and that nobody has let go on yet.
func (s *Store) restored(ctx context.Context) (bool, error) {
	m, err := s.meta(ctx)
	return m[metaRestored] != "" && m[metaReleased] != s.incarn, err
}

// declare begins a new life of the database when its start found a quarantine that was not declared before: what was signed from here on
// cannot be taken for the continuation of what was lost.
func (s *Store) declare(ctx context.Context) error {
	m, err := s.meta(ctx)
	if err != nil {
		return err
	}
	v := audit.VerifierFor(s.o.Signer)
	open := func(signed []byte) (h audit.Head, err error) {
		if len(signed) > 0 {
			h, err = audit.OpenHead(signed, v)
		}
		return h, err
	}
	if text := m[metaLoss]; text != "" {
		var row lossRow
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			return fmt.Errorf("what the last quarantine found: %w", err)
		}
		copied, err := open(row.Copy)
		if err != nil {
			return fmt.Errorf("what the last quarantine found: %w", err)
		}
		anchor, err := open(row.Anchor)
		if err != nil {
			return fmt.Errorf("what the last quarantine found: %w", err)
		}
		if row.Incarnation == s.incarn && m[metaReleased] != s.incarn && sameHead(anchor, s.anchored) {
			s.loss = &app.Loss{Why: s.quarantine, Incarnation: row.Incarnation, At: fromMicro(row.At), Copy: copied, Anchor: anchor}
			return nil // the same quarantine, after a restart
		}
	}
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return err
	}
	now := s.o.Now().UTC().Truncate(time.Microsecond)
	row := lossRow{Why: s.quarantine, Incarnation: hex.EncodeToString(b), At: toMicro(now), Copy: s.newest.Signed, Anchor: s.anchored.Signed}
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	// The loss before the name: a crash between them leaves a loss of another life, which is declared again.
	for _, x := range []queries.SetMetaParams{{Name: metaLoss, Value: string(text)}, {Name: "incarnation", Value: row.Incarnation}} {
		if err := s.w.SetMeta(ctx, x); err != nil {
			return err
		}
	}
	s.incarn = row.Incarnation
	s.loss = &app.Loss{Why: s.quarantine, Incarnation: s.incarn, At: now, Copy: s.newest, Anchor: s.anchored}
	return nil
}

func sameHead(a, b audit.Head) bool {
	return a.Size == b.Size && a.Root == b.Root && a.Incarnation == b.Incarnation
}

// Loss is what the start found when it put the database into quarantine; nil when it did not, or two people have let it go on since.
func (s *Store) Loss() *app.Loss {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loss
}

// EndQuarantine lets the database be sent from and anchors it. Conflict "halt.other_copy" when the anchor is not the one that the start found:
// whoever wrote it still runs.
func (s *Store) EndQuarantine() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quarantine == "" {
		return nil
	}
	now, err := audit.ReadAnchor(s.o.Anchor, audit.VerifierFor(s.o.Signer))
	if err == nil && !sameHead(now, s.anchored) {
		return fault.Moved("halt.other_copy")
	}
	if err := s.writeAnchor(); err != nil {
		return err
	}
	s.quarantine, s.loss = "", nil
	return nil
}

// Restores reads what the history declares lost.
func (s *Store) Restores(ctx context.Context) ([]app.Loss, error) {
	rows, err := s.r.Restores(ctx)
	out := make([]app.Loss, 0, len(rows))
	for _, r := range rows {
		type head struct {
			Size int64 `json:"size"`
			At   int64 `json:"at"`
		}
		var f struct {
			Why          string `json:"why"`
			Copy, Anchor *head
		}
		if err := json.Unmarshal([]byte(r.Payload), &f); err != nil {
			return nil, fmt.Errorf("what was restored: %w", err)
		}
		l := app.Loss{Why: f.Why, At: fromMicro(r.At)}
		if f.Copy != nil {
			l.Copy = audit.Head{Size: f.Copy.Size, At: time.UnixMicro(f.Copy.At).UTC()}
		}
		if f.Anchor != nil {
			l.Anchor = audit.Head{Size: f.Anchor.Size, At: time.UnixMicro(f.Anchor.At).UTC()}
		}
		out = append(out, l)
	}
	return out, err
}

func (t *txn) Released() error {
	return t.q.SetMeta(t.ctx, queries.SetMetaParams{Name: metaReleased, Value: t.s.incarn})
}

func (t *txn) ToRestore(last int64, limit int) ([]payout.ID, error) {
	return ids(t.q.ToRestore(t.ctx, queries.ToRestoreParams{Last: last, Most: int64(limit)}))
}

// Restore puts a copy where a database is to be: verified whole with the history's key before, marked as restored after, so that every start of it
// begins in quarantine. It never writes over anything.
func Restore(ctx context.Context, from, path string, signer *audit.Signer) (audit.Report, error) {
	r, err := Verify(ctx, from, audit.VerifierFor(signer), nil)
	if err != nil || !r.OK() {
		return r, err
	}
	return r, restoreUnproved(ctx, from, path)
}

// restoreUnproved is Restore for whoever proves the copy, or what comes out of it.
func restoreUnproved(ctx context.Context, from, path string) error {
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if _, err := os.Stat(file); err == nil {
			return fmt.Errorf("%s exists already: move the old database away first", file)
		}
	}
	failpoint.Hit("restore.verified")
	// Marked before it has its name: a crash leaves no unmarked copy where a desk would open it.
	tmp := path + ".restoring"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := Backup(ctx, from, tmp); err != nil {
		return err
	}
	failpoint.Hit("restore.copied")
	if err := mark(ctx, tmp); err != nil {
		return fmt.Errorf("mark %s as restored: %w", tmp, err)
	}
	failpoint.Hit("restore.marked")
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	failpoint.Hit("restore.named")
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// mark writes into a copy that it is one.
func mark(ctx context.Context, path string) error {
	d, err := sql.Open("sqlite", dsn(path, false, false))
	if err != nil {
		return err
	}
	defer d.Close()
	d.SetMaxOpenConns(1)
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return err
	}
	q := queries.New(d)
	for name, value := range map[string]string{metaReleased: "", metaRestored: hex.EncodeToString(b)} {
		if err := q.SetMeta(ctx, queries.SetMetaParams{Name: name, Value: value}); err != nil {
			return err
		}
	}
	// One file, not three: it is renamed next.
	_, err = d.ExecContext(ctx, "PRAGMA journal_mode=DELETE")
	return err
}
