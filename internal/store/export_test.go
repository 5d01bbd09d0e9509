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

// LimitPages bounds the database's size on the writer's connection, as a full disk does.
func (s *Store) LimitPages(n int) {
	var got int
	if err := s.wc.QueryRowContext(context.Background(), "PRAGMA max_page_count="+itoa(int64(n))).Scan(&got); err != nil {
		panic(err)
	}
}

// Waiting counts the writes that stand in the queue.
func (s *Store) Waiting() int { return len(s.jobs) }
