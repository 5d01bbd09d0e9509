package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"countersign/internal/audit"
)

// What the writer says round its queries. Prepared once on its own connection: database/sql's transactions would prepare a savepoint anew for each
// write, and look up each statement for each transaction.
const (
	begin = iota
	commit
	rollback
	savepoint
	rollbackTo
	release
	hashRow
	hashRows
	verbCount
)

// hashesAtOnce is how many nodes of the history one statement stores.
const hashesAtOnce = 16

type verbs [verbCount]*sql.Stmt

func prepareVerbs(ctx context.Context, c *sql.Conn) (v verbs, err error) {
	const row = "INSERT INTO event_hash (idx, hash) VALUES (?, ?)"
	for i, text := range [verbCount]string{"BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT one", "ROLLBACK TO one", "RELEASE one",
		row, row + strings.Repeat(", (?, ?)", hashesAtOnce-1)} {
		if v[i], err = c.PrepareContext(ctx, text); err != nil {
			v.close()
			return verbs{}, fmt.Errorf("%s: %w", text, err)
		}
	}
	return v, nil
}

func (v *verbs) do(ctx context.Context, verb int, args ...any) error {
	_, err := v[verb].ExecContext(ctx, args...)
	return err
}

func (v *verbs) close() {
	for _, s := range v {
		if s != nil {
			s.Close()
		}
	}
}

// putHashes stores the nodes that this batch added to the history, many a statement: nobody reads them before the commit.
func (s *Store) putHashes(ctx context.Context) error {
	left := s.hashes
	args := make([]any, 0, 2*hashesAtOnce)
	put := func(verb int, some []audit.StoredHash) error {
		args = args[:0]
		for i := range some {
			args = append(args, some[i].Index, some[i].Hash[:])
		}
		return s.verbs.do(ctx, verb, args...)
	}
	for ; len(left) >= hashesAtOnce; left = left[hashesAtOnce:] {
		if err := put(hashRows, left[:hashesAtOnce]); err != nil {
			return err
		}
	}
	for ; len(left) > 0; left = left[1:] {
		if err := put(hashRow, left[:1]); err != nil {
			return err
		}
	}
	return nil
}
