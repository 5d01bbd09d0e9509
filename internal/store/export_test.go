package store

import "context"

// WriterPragma reads a setting of the writer's own connection.
func (s *Store) WriterPragma(name string) string {
	var v string
	if err := s.wc.QueryRowContext(context.Background(), "PRAGMA "+name).Scan(&v); err != nil {
		return err.Error()
	}
	return v
}

// WriterExec runs a statement on the writer's own connection, between its batches.
func (s *Store) WriterExec(stmt string) error {
	_, err := s.wc.ExecContext(context.Background(), stmt)
	return err
}

// LimitPages bounds the database's size on the writer's connection, as a full disk does.
func (s *Store) LimitPages(n int) {
	var got int
	if err := s.wc.QueryRowContext(context.Background(), "PRAGMA max_page_count="+itoa(int64(n))).Scan(&got); err != nil {
		panic(err)
	}
}

// Waiting counts the writes that stand in the queue.
func (s *Store) Waiting() int { return len(s.jobs) }

// Index brings the search index up to date now, however few payouts there are.
func (s *Store) Index(ctx context.Context) error {
	if s.search.db == nil { // the goroutine has not opened it: there are too few
		return s.search.catchUp(ctx, 0)
	}
	for {
		st, err := s.search.state(ctx)
		if err != nil {
			return err
		}
		var n int
		if err := s.rdb.QueryRowContext(ctx, "SELECT COUNT(*) FROM event WHERE action IN "+textual+" AND seq > ?", st.seq).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		s.search.told()
		if !pause(ctx, 20*searchPause) {
			return ctx.Err()
		}
	}
}

// Unindexed does something as if there were no search index.
func (s *Store) Unindexed(do func()) {
	s.search.ready.Store(false)
	defer s.search.ready.Store(true)
	do()
}
