package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/store/queries"
)

// Free is how many bytes the disk of the database has left for us; -1 when that cannot be told.
func (s *Store) Free() int64 {
	if s.o.Free != nil {
		return s.o.Free()
	}
	return freeAt(s.o.Path)
}

func freeAt(path string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		return -1
	}
	return int64(fs.Bavail) * int64(fs.Bsize)
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Vitals is how the database and what is under way stand.
func (s *Store) Vitals(ctx context.Context) (v app.Vitals, err error) {
	if err = s.read(ctx, func(db asker, q *queries.Queries) error {
		v, err = vitals(ctx, db, q, s.o.Now())
		return err
	}); err != nil {
		return v, err
	}
	v.DB, v.WAL, v.Free = size(s.o.Path), size(s.o.Path+"-wal"), s.Free()
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Anchored, v.AnchorSize, v.Incarnation = s.anchored.At, s.anchored.Size, s.incarn
	switch {
	case s.o.Anchor == "":
		v.Anchor = "none"
	case s.anchorErr != nil:
		v.Anchor = "bad"
	case s.quarantine == "older", s.quarantine == "differs", s.quarantine == "missing":
		v.Anchor = s.quarantine
	}
	if s.dead != nil {
		v.Trouble = s.dead.Error()
	} else if s.failed != nil {
		v.Trouble = s.failed.Error()
	}
	return v, nil
}

// Inspect reads the vitals of a database beside a running desk, or of one that nobody runs. anchor is the anchor file, "" for none.
func Inspect(ctx context.Context, path, anchor string, now time.Time) (v app.Vitals, err error) {
	d, err := openReadOnly(path)
	if err != nil {
		return v, err
	}
	defer d.Close()
	tx, err := d.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return v, err
	}
	defer tx.Rollback()
	q := queries.New(tx)
	if v, err = vitals(ctx, tx, q, now); err != nil {
		return v, err
	}
	v.DB, v.WAL, v.Free = size(path), size(path+"-wal"), freeAt(path)
	if anchor == "" {
		v.Anchor = "none"
		return v, nil
	}
	key, err := recordedKey(ctx, q)
	if err != nil {
		return v, err
	}
	var newest audit.Head
	if row, ok, err := found(q.NewestHead(ctx)); err != nil {
		return v, err
	} else if ok {
		if newest, err = audit.OpenHead(row.Signed, key); err != nil {
			v.Anchor = "bad"
			return v, nil
		}
	}
	a, err := audit.ReadAnchor(anchor, key)
	if errors.Is(err, audit.ErrAnchorMissing) {
		v.Anchor = "missing"
		return v, nil
	} else if err != nil {
		v.Anchor = "bad"
		return v, nil
	}
	v.Anchored, v.AnchorSize = a.At, a.Size
	state, err := audit.CompareAnchor(a, newest, func(idx []int64) ([]tlog.Hash, error) { return readHashes(ctx, q, idx) })
	if err != nil {
		return v, err
	}
	switch state {
	case audit.AnchorOlder:
		v.Anchor = "older"
	case audit.AnchorDiffers:
		v.Anchor = "differs"
	}
	return v, nil
}

func vitals(ctx context.Context, db asker, q *queries.Queries, now time.Time) (v app.Vitals, err error) {
	v.At = now
	if v.Seq, err = q.LastSeq(ctx); err != nil {
		return v, err
	}
	rows, err := db.QueryContext(ctx, "SELECT name, n, sum FROM counter WHERE name GLOB 'state:*'")
	if err != nil {
		return v, err
	}
	defer rows.Close()
	v.States = map[string]app.Counter{}
	for rows.Next() {
		var name string
		var c app.Counter
		if err := rows.Scan(&name, &c.N, &c.Sum); err != nil {
			return v, err
		}
		v.States[name] = c
	}
	if err := rows.Err(); err != nil {
		return v, err
	}
	for _, x := range []struct {
		n    *int64
		at   *time.Time
		text string
		args []any
	}{
		{&v.Unknown, &v.UnknownOldest, "SELECT COUNT(*), COALESCE(MIN(sent_at), 0) FROM payout WHERE state = 'unknown'", nil},
		{&v.Flagged, nil, "SELECT COUNT(*), 0 FROM payout WHERE review = 1", nil},
		{&v.Messages, &v.MessagesOldest, "SELECT COUNT(*), COALESCE(MIN(received_at), 0) FROM inbox i WHERE i.id > ? AND NOT EXISTS (SELECT 1 FROM inbox_result r WHERE r.inbox_id = i.id)", []any{lastApplied(ctx, q)}},
		{&v.Requests, &v.RequestsOldest, "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM open_attempt", nil},
		{&v.Questions, &v.QuestionsOldest, "SELECT COUNT(*), COALESCE(MIN(next_at), 0) FROM poll WHERE next_at < ?", []any{toMicro(now.Add(-time.Minute))}},
		{nil, &v.LastMessage, "SELECT 0, COALESCE((SELECT received_at FROM inbox ORDER BY id DESC LIMIT 1), 0)", nil},
		{nil, &v.LastAnswer, "SELECT 0, MAX(COALESCE((SELECT at FROM fetch ORDER BY id DESC LIMIT 1), 0), COALESCE((SELECT at FROM event WHERE action = 'payout.answered' ORDER BY seq DESC LIMIT 1), 0))", nil},
	} {
		var n, at int64
		if err := db.QueryRowContext(ctx, x.text, x.args...).Scan(&n, &at); err != nil {
			return v, err
		}
		if x.n != nil {
			*x.n = n
		}
		if x.at != nil {
			*x.at = fromMicro(at)
		}
	}
	return v, nil
}
