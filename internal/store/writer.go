package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"modernc.org/sqlite"

	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/failpoint"
	"countersign/internal/fault"
	"countersign/internal/store/queries"
)

// SQLite's result codes that mean that nothing can be stored now.
const (
	codeBusy     = 5
	codeReadOnly = 8
	codeIOErr    = 10
	codeFull     = 13
	codeCantOpen = 14
)

// patience is how long a person's write waits for a place in a full queue.
const patience = 3 * time.Second

// One head is kept per keepEvents events or keepEvery.
const (
	keepEvents = 256
	keepEvery  = time.Minute
)

type job struct {
	fn     func(app.Tx) error
	change app.Change
	err    error
	done   chan struct{}
}

// Write runs fn in the next group commit and returns after the flush to disk. When fn fails, nothing of it is stored and its error
// comes back as it is. Unavailable "store.busy" when the queue is full, "store.full" when the disk does not take it.
// The context bounds only the waiting for a place: once taken, a write is finished.
func (s *Store) Write(ctx context.Context, lane app.Lane, fn func(app.Tx) error) (app.Change, error) {
	j := &job{fn: fn, done: make(chan struct{})}
	var timeout <-chan time.Time
	switch lane {
	case app.Intake:
		select {
		case <-s.closing:
			return app.Change{}, fault.Down("store.busy")
		case s.jobs <- j:
		default:
			return app.Change{}, fault.Down("store.busy")
		}
	default:
		if lane == app.People || lane == app.Urgent {
			t := time.NewTimer(patience)
			defer t.Stop()
			timeout = t.C
		}
		select {
		case <-s.closing:
			return app.Change{}, fault.Down("store.busy")
		case s.jobs <- j:
		case <-timeout:
			return app.Change{}, fault.Down("store.busy")
		case <-ctx.Done():
			return app.Change{}, fault.Down("store.busy").Because(ctx.Err())
		}
	}
	select {
	case <-j.done:
	case <-s.done: // the writer stopped while this one waited
		select {
		case <-j.done:
		default:
			return app.Change{}, fault.Down("store.busy")
		}
	}
	return j.change, j.err
}

// run is the writer: the only goroutine that writes.
func (s *Store) run() {
	defer close(s.done)
	batch := make([]*job, 0, s.o.Batch)
	for {
		batch = batch[:0]
		select {
		case j := <-s.jobs:
			batch = append(batch, j)
		case <-s.closing:
			select { // finish what waits
			case j := <-s.jobs:
				batch = append(batch, j)
			default:
				return
			}
		}
	more:
		for len(batch) < s.o.Batch {
			select {
			case j := <-s.jobs:
				batch = append(batch, j)
			default:
				break more
			}
		}
		s.commit(batch)
		for _, j := range batch {
			close(j.done)
		}
	}
}

// commit runs one batch in one transaction.
func (s *Store) commit(batch []*job) {
	ctx := context.Background()
	var trouble error
	defer func() {
		for _, j := range batch {
			switch code(j.err) {
			case codeFull, codeIOErr, codeReadOnly, codeCantOpen:
				trouble = j.err
			}
		}
		s.mu.Lock()
		s.failed = trouble
		s.mu.Unlock()
	}()
	fail := func(err error) {
		trouble = err
		for _, j := range batch {
			if j.err == nil {
				j.err, j.change = down(err), app.Change{}
			}
		}
	}
	s.mu.Lock()
	dead := s.dead
	s.mu.Unlock()
	if dead != nil {
		fail(dead)
		return
	}
	mark := s.log.Mark()
	s.hashes = s.hashes[:0]
	if err := s.verbs.do(ctx, begin); err != nil {
		s.verbs.do(ctx, rollback) // in case the last one left a transaction open; else it only says that there is none
		fail(err)
		return
	}
	if err := s.ownTail(ctx, s.w); err != nil {
		s.verbs.do(ctx, rollback)
		if errors.Is(err, errForeign) {
			s.stop(err)
		}
		fail(err)
		return
	}
	failpoint.Hit("commit.begun")
	sync := false
	for _, j := range batch {
		if j.fn == nil {
			sync = true
			continue
		}
		if err := s.one(ctx, j); err != nil {
			// The savepoint could not be rolled back: the batch is dead.
			s.verbs.do(ctx, rollback)
			s.log.Reset(mark)
			j.err = nil
			for _, k := range batch {
				k.err = nil
			}
			fail(err)
			return
		}
	}
	err := s.putHashes(ctx)
	failpoint.Hit("commit.hashed")
	var head audit.Head
	var keep bool
	if err == nil {
		head, keep, err = s.sign(ctx, s.w, mark)
	}
	if err == nil {
		failpoint.Hit("commit.signed")
		err = s.verbs.do(ctx, commit)
		failpoint.Hit("commit.done")
	}
	if err != nil {
		s.verbs.do(ctx, rollback)
		s.log.Reset(mark)
		if unflushed(err) {
			s.stop(err)
			s.broken <- fmt.Errorf("the disk did not take a flush, what it holds is not known: %w", err) // once: nothing is committed after it
		}
		fail(err)
		return
	}
	s.mu.Lock()
	if head.Size > 0 {
		s.newest = head
	}
	if keep {
		s.kept = head
	}
	s.mu.Unlock()
	if sync {
		s.endFast(ctx, batch)
	}
	if head.Size > 0 {
		s.search.told()
	}
}

var errForeign = errors.New("somebody else wrote")

// ownTail refuses to write on after a tail that this process did not write: another length, or another signed head.
func (s *Store) ownTail(ctx context.Context, q *queries.Queries) error {
	last, err := q.LastSeq(ctx)
	if err != nil {
		return err
	}
	if last != s.log.Size() {
		return fmt.Errorf("the history ends at %d, this process wrote %d: %w", last, s.log.Size(), errForeign)
	}
	head, ok, err := found(q.NewestHead(ctx))
	if err != nil {
		return err
	}
	if ok != (s.newest.Size > 0) || !bytes.Equal(head.Signed, s.newest.Signed) { // only this goroutine changes newest
		return fmt.Errorf("the newest head is not the one that this process signed at %d: %w", s.newest.Size, errForeign)
	}
	return nil
}

// one runs a closure in its savepoint. Its own failure is the job's; a returned error means that the transaction cannot be used any more.
func (s *Store) one(ctx context.Context, j *job) error {
	if err := s.verbs.do(ctx, savepoint); err != nil {
		return err
	}
	mark, kept := s.log.Mark(), len(s.hashes)
	t := &txn{s: s, ctx: ctx, q: s.w}
	j.err = safely(j.fn, t)
	if j.err == nil && t.err != nil {
		j.err = t.err
	}
	if j.err != nil {
		s.log.Reset(mark)
		s.hashes = s.hashes[:kept]
		if err := s.verbs.do(ctx, rollbackTo); err != nil {
			return err
		}
		if fault.KindOf(j.err) == 0 {
			if c := code(j.err); c == codeFull || c == codeIOErr || c == codeReadOnly || c == codeBusy || c == codeCantOpen {
				j.err = down(j.err)
			}
		}
	} else {
		j.change = t.change
		j.change.Seq = s.log.Size()
	}
	return s.verbs.do(ctx, release)
}

func safely(fn func(app.Tx) error, t *txn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(t)
}

// sign writes the head of the history as it is after this batch, if the batch made it longer.
func (s *Store) sign(ctx context.Context, q *queries.Queries, before audit.Mark) (head audit.Head, keep bool, err error) {
	if s.log.Size() == before.Size() {
		return audit.Head{}, false, nil
	}
	root, err := s.log.Root()
	if err != nil {
		return audit.Head{}, false, err
	}
	now := s.o.Now().UTC().Truncate(time.Microsecond)
	head, err = audit.SignHead(audit.Head{Size: s.log.Size(), Root: root, At: now, Incarnation: s.incarn}, s.o.Signer)
	if err != nil {
		return audit.Head{}, false, err
	}
	if err := q.SetNewestHead(ctx, queries.SetNewestHeadParams{Size: head.Size, At: toMicro(now), Signed: head.Signed}); err != nil {
		return audit.Head{}, false, err
	}
	keep = head.Size-s.kept.Size >= keepEvents || now.Sub(s.kept.At) >= keepEvery
	if keep {
		err = q.InsertHead(ctx, queries.InsertHeadParams{Size: head.Size, At: toMicro(now), Signed: head.Signed})
	}
	return head, keep, err
}

// endFast flushes everything and turns the flush of each commit on.
func (s *Store) endFast(ctx context.Context, batch []*job) {
	for _, stmt := range []string{"PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := s.wc.ExecContext(ctx, stmt); err != nil {
			for _, j := range batch {
				if j.fn == nil {
					j.err = err
				}
			}
			return
		}
	}
	s.o.Fast = false
}

// unflushed reports whether a flush to disk failed: SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC.
func unflushed(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == codeIOErr|4<<8 || e.Code() == codeIOErr|5<<8)
}

// stop refuses every further write.
func (s *Store) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = err
	s.o.Log.Error("writing stopped", "error", err)
}

func down(err error) error {
	if fault.KindOf(err) == fault.Unavailable {
		return err
	}
	switch code(err) {
	case codeFull, codeReadOnly, codeIOErr, codeCantOpen:
		return fault.Down("store.full").Because(err)
	case codeBusy:
		return fault.Down("store.busy").Because(err)
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	return fault.Down("store.busy").Because(err)
}
