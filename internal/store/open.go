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
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/mod/sumdb/tlog"
	"modernc.org/sqlite"

	"countersign/db"
	"countersign/internal/app"
	"countersign/internal/audit"
	"countersign/internal/failpoint"
	"countersign/internal/payout"
	"countersign/internal/store/queries"
)

// ErrLocked: another process has this database.
var ErrLocked = errors.New("another process has this database")

// ErrBorn: the database was born in the demo and this is not the demo, or the other way round.
var ErrBorn = errors.New("this database belongs to another kind of desk")

// Options say which database and how. Path, Signer and Now are required.
type Options struct {
	Path string // the database file; its folder is made if missing
	// Machine names this machine in the stamp beside the anchor; "" for a process that neither stamps nor looks at it: the console, the demo.
	Machine string
	Anchor  string // the anchor file, "" for none (then nothing is ever quarantined: console commands before the first start)
	Signer  *audit.Signer
	Now     func() time.Time
	Log     *slog.Logger
	// Born is "demo" or "serve"; it is written into a new database and compared with an old one.
	Born string
	// Fast skips the flush to disk of each commit until Sync is called: only for filling a new demo.
	Fast bool
	// Queue bounds the waiting writes (1024 if 0), Batch those of one commit (256 if 0).
	Queue, Batch int
	// Free tells how many bytes the disk has left, -1 for not known; nil asks the system.
	Free func() int64
}

// Store is an open database. Safe for use by many goroutines.
type Store struct {
	names       payeeNames
	o           Options
	lock, alock *os.File
	wdb         *sql.DB
	wc          *sql.Conn // its one connection, the writer's for good: statements run on it without looking one up
	rdb         *sql.DB
	w           *queries.Queries // prepared on the writer's connection
	r           *queries.Queries
	log         *audit.Log
	incarn      string
	verbs       verbs
	hashes      []audit.StoredHash // of the batch under way

	shapesMu sync.Mutex
	shapes   map[string]*sql.Stmt // queries of lists by their text, see query

	search *search // nil before the database is open

	jobs    chan *job
	closing chan struct{}
	done    chan struct{}
	once    sync.Once

	mu         sync.Mutex
	newest     audit.Head
	kept       audit.Head // the last kept head
	quarantine string
	risk       string     // why another copy may have run, see CopyRisk
	loss       *app.Loss  // what a quarantine at the start found
	failed     error      // why the last commit could not be stored; nil when it was
	anchorErr  error      // why the anchor could not be written last; nil when it was
	dead       error      // set once nothing may be written any more
	broken     chan error // one error, when a flush to disk failed
	anchored   audit.Head // what the anchor file holds, as far as this process knows
	founders   []string   // the keys of founders that the history told up to foundersTo, as the anchor lists them
	foundersTo int64
}

func dsn(path string, fast, readOnly bool) string {
	v := url.Values{}
	sync := "FULL"
	if fast {
		sync = "OFF"
	}
	if control := failpoint.Option("synchronous"); control != "" { // "" in every binary without the tag failpoint
		sync = control
	}
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "foreign_keys(ON)",
		"recursive_triggers(ON)", "trusted_schema(OFF)", "temp_store(MEMORY)", "cache_size(-16000)", "wal_autocheckpoint(4000)"} {
		if readOnly && p == "journal_mode(WAL)" {
			continue
		}
		v.Add("_pragma", p)
	}
	if readOnly {
		v.Add("_pragma", "query_only(ON)")
	} else {
		v.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

// Open opens or makes the database: folder 0700, files 0600, schema brought up to date, the tail of the history checked against
// its signed head, the anchor compared. ErrLocked when another process has it, ErrBorn when it is another kind of desk's.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Queue == 0 {
		o.Queue = 1024
	}
	if o.Batch == 0 {
		o.Batch = 256
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, file := range []string{o.Path, o.Anchor} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, fmt.Errorf("open %s: %w", o.Path, err)
		}
	}
	lock, err := os.OpenFile(o.Path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("%w: %s", ErrLocked, o.Path)
	}
	alock, err := lockAnchor(o.Anchor)
	if err != nil {
		lock.Close()
		return nil, err
	}
	// SQLite would make the file by the umask.
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		lock.Close()
		alock.Close()
		return nil, fmt.Errorf("open %s: %w", o.Path, err)
	}
	f.Close()
	s := &Store{o: o, lock: lock, alock: alock, shapes: map[string]*sql.Stmt{}, jobs: make(chan *job, o.Queue), closing: make(chan struct{}), done: make(chan struct{}), broken: make(chan error, 1)}
	if err := s.open(ctx); err != nil {
		s.closeFiles()
		return nil, err
	}
	s.follow()
	go s.run()
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	var err error
	if s.wdb, err = sql.Open("sqlite", dsn(s.o.Path, s.o.Fast, false)); err != nil {
		return fmt.Errorf("open %s: %w", s.o.Path, err)
	}
	s.wdb.SetMaxOpenConns(1)
	s.wdb.SetMaxIdleConns(1)
	s.wdb.SetConnMaxLifetime(0)
	failpoint.Hit("start.opened")
	if err := migrate(ctx, s.wdb); err != nil {
		return fmt.Errorf("bring %s up to date: %w", s.o.Path, err)
	}
	failpoint.Hit("start.migrated")
	if s.rdb, err = sql.Open("sqlite", dsn(s.o.Path, false, true)); err != nil {
		return fmt.Errorf("open %s: %w", s.o.Path, err)
	}
	s.rdb.SetMaxOpenConns(8)
	s.rdb.SetMaxIdleConns(8)
	if s.wc, err = s.wdb.Conn(ctx); err != nil {
		return fmt.Errorf("open %s: %w", s.o.Path, err)
	}
	if s.w, err = queries.Prepare(ctx, s.wc); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if s.verbs, err = prepareVerbs(ctx, s.wc); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if s.r, err = queries.Prepare(ctx, s.rdb); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if err := s.birth(ctx); err != nil {
		return err
	}
	return s.tail(ctx)
}

// migrate brings the schema up to date, each step in its own transaction, and fills the table of allowed transitions.
func migrate(ctx context.Context, wdb *sql.DB) error {
	steps, err := fs.Sub(db.Migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, wdb, steps)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	tx, err := wdb.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	q := queries.New(tx)
	for _, e := range payout.Edges() {
		if e.From != e.To && e.From != "" {
			if err := q.InsertTransition(ctx, queries.InsertTransitionParams{FromState: string(e.From), ToState: string(e.To)}); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func (s *Store) birth(ctx context.Context) error {
	rows, err := s.w.Meta(ctx)
	if err != nil {
		return err
	}
	m := map[string]string{}
	for _, r := range rows {
		m[r.Name] = r.Value
	}
	if m["incarnation"] == "" {
		b := make([]byte, 16)
		if _, err := rand.Read(b); err != nil {
			return err
		}
		m["incarnation"], m["born"] = hex.EncodeToString(b), s.o.Born
		pub, err := s.o.Signer.PublicPEM()
		if err != nil {
			return err
		}
		for k, v := range map[string]string{"incarnation": m["incarnation"], "born": s.o.Born, "history_key": string(pub)} {
			if err := s.w.SetMeta(ctx, queries.SetMetaParams{Name: k, Value: v}); err != nil {
				return err
			}
		}
	}
	if s.o.Born != "" && m["born"] != s.o.Born {
		return fmt.Errorf("%w: it was born in %q", ErrBorn, m["born"])
	}
	s.incarn = m["incarnation"]
	return nil
}

// tail loads the frontier of the history, checks it against its own signed head, and compares the anchor.
func (s *Store) tail(ctx context.Context) error {
	size, err := s.w.LastSeq(ctx)
	if err != nil {
		return err
	}
	read := func(idx []int64) ([]tlog.Hash, error) { return readHashes(ctx, s.w, idx) }
	if s.log, err = audit.NewLog(size, read); err != nil {
		return fmt.Errorf("the history's tail: %w", err)
	}
	v := audit.VerifierFor(s.o.Signer)
	if row, err := s.w.NewestHead(ctx); err == nil {
		if s.newest, err = audit.OpenHead(row.Signed, v); err != nil {
			return fmt.Errorf("the history's newest head: %w", err)
		}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	root, err := s.log.Root()
	if err != nil {
		return err
	}
	if size > 0 && (s.newest.Size != size || s.newest.Root != root) {
		return fmt.Errorf("the history holds %d events, its newest head signs %d", size, s.newest.Size)
	}
	if k, err := s.w.LastKeptHead(ctx); err == nil {
		s.kept = audit.Head{Size: k.Size, At: fromMicro(k.At)}
	} else if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if s.quarantine, err = s.compareAnchor(ctx, read); err != nil {
		return err
	}
	if s.quarantine != "" {
		return s.declare(ctx)
	}
	if s.risk, err = s.compareStamp(ctx); err != nil {
		return err
	}
	if s.anchored.Size == 0 { // the first start: from now on a missing anchor is a lost one
		if err := s.Anchor(); err != nil { // told of each minute, and nothing leaves without it
			s.o.Log.Error("the anchor cannot be written", "anchor", s.o.Anchor, "error", err)
		}
	}
	return s.firstStamp(ctx)
}

// compareAnchor says why nothing may be sent from this database: "older", "differs", "missing"; "" when it may.
func (s *Store) compareAnchor(ctx context.Context, read audit.ReadHashes) (string, error) {
	if s.o.Anchor == "" {
		return "", nil
	}
	anchor, err := audit.ReadAnchor(s.o.Anchor, audit.VerifierFor(s.o.Signer))
	if err == nil {
		s.anchored = anchor
	}
	if restored, err := s.restored(ctx); err != nil {
		return "", err
	} else if restored {
		return "restored", nil
	}
	switch {
	case errors.Is(err, audit.ErrAnchorMissing):
		// A start writes the anchor before anybody can enter anything. Where a payout was entered it was there, and is lost: what the copy knows as a draft,
		// or as approved and never asked for, may have been paid since.
		if any, err := s.w.AnyPayout(ctx); err != nil || any {
			return "missing", err
		}
		return "", nil
	case err != nil:
		s.o.Log.Error("the anchor cannot be read", "file", s.o.Anchor, "error", err)
		return "differs", nil
	}
	state, err := audit.CompareAnchor(anchor, s.newest, read)
	if err != nil {
		return "", err
	}
	switch state {
	case audit.AnchorMatches, audit.AnchorContinues:
		if err := s.tellFounders(ctx, s.w, anchor); errors.Is(err, audit.ErrNotHeld) {
			s.o.Log.Error("an event about a founder's key is not the one that was signed", "error", err)
			return "differs", nil
		} else if err != nil {
			return "", err
		}
		if !anchor.SameFounders(s.founders) {
			s.o.Log.Error("the anchor lists other keys of founders than the history", "anchor", s.o.Anchor)
			return "differs", nil
		}
		return "", nil
	case audit.AnchorOlder:
		return "older", nil
	}
	return "differs", nil
}

// tellFounders reads which keys of founders the history told up to a head, each proved to stand in what was signed.
func (s *Store) tellFounders(ctx context.Context, q *queries.Queries, upTo audit.Head) error {
	rows, err := q.FactorsAdded(ctx, s.foundersTo)
	if err != nil {
		return err
	}
	var events []audit.Event
	var keys []string
	for _, r := range rows {
		e := audit.Event{Seq: r.Seq, At: fromMicro(r.At), Person: r.Person, SignIn: r.SignIn, Action: r.Action, Kind: r.Kind, Subject: r.Subject,
			Version: int(r.Version), Spec: int(r.Spec), Payload: json.RawMessage(r.Payload)}
		if key := app.FounderKey(e); key != "" && e.Seq <= upTo.Size {
			events, keys = append(events, e), append(keys, key)
		}
	}
	if err := audit.Holds(s.newest, events, func(idx []int64) ([]tlog.Hash, error) { return readHashes(ctx, q, idx) }); err != nil {
		return err
	}
	s.founders = append(s.founders, keys...)
	s.foundersTo = max(s.foundersTo, upTo.Size)
	return nil
}

func readHashes(ctx context.Context, q *queries.Queries, idx []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(idx))
	for i, n := range idx {
		b, err := q.Hash(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("hash %d: %w", n, err)
		}
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d has %d bytes", n, len(b))
		}
		out[i] = tlog.Hash(b)
	}
	return out, nil
}

// Quarantined says why nothing may be sent from this database: "older" or "differs" than the anchor, or the anchor is "missing"; "" when it may.
func (s *Store) Quarantined() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quarantine
}

// Broken gives one error when a flush to disk failed. What reached the disk is not known from then on, and asking again would be answered from
// memory: the process must end, and the next one reads what is there.
func (s *Store) Broken() <-chan error { return s.broken }

// Incarnation names this life of the database.
func (s *Store) Incarnation() string { return s.incarn }

// lockAnchor takes the anchor for this process: a copy of the database that another process serves would send the same payouts again.
// nil without an anchor.
func lockAnchor(path string) (*os.File, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the anchor: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w, or a copy of it: it keeps the anchor %s", ErrLocked, path)
	}
	return f, nil
}

// Anchor writes the newest signed head to the anchor file, with the keys of the founders, if it is not there already. Never from quarantine. An anchor that this
// process did not write last belongs to another copy of the database, on a machine that its lock does not reach: from then on
// nothing may be sent from here.
func (s *Store) Anchor() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.anchorErr = err }()
	if s.o.Anchor == "" || s.quarantine != "" || s.newest.Size == 0 {
		return nil
	}
	now, err := audit.ReadAnchor(s.o.Anchor, audit.VerifierFor(s.o.Signer))
	switch {
	case errors.Is(err, audit.ErrAnchorMissing): // first of all, or taken away under a running desk: it is written again
	case errors.Is(err, audit.ErrAnchorUnreadable):
		return err
	case err != nil, now.Size != s.anchored.Size, now.Root != s.anchored.Root, now.Incarnation != s.anchored.Incarnation:
		s.quarantine = "differs"
		s.o.Log.Error("quarantine: the anchor was written by another copy of this database; nothing will be sent", "anchor", s.o.Anchor)
		return fmt.Errorf("anchor %s: not what this desk wrote last", s.o.Anchor)
	case s.anchored.Size == s.newest.Size && now.Founders != nil:
		return nil
	}
	return s.writeAnchor()
}

// writeAnchor writes the newest head with the keys of the founders; under the lock.
func (s *Store) writeAnchor() error {
	if err := s.tellFounders(context.Background(), s.r, s.newest); err != nil {
		return fmt.Errorf("the founders' keys for the anchor: %w", err)
	}
	b, err := audit.AnchorBytes(s.newest, s.founders, s.o.Signer)
	if err != nil {
		return err
	}
	if err := audit.WriteAnchor(s.o.Anchor, b); err != nil {
		return err
	}
	s.anchored = s.newest
	return nil
}

// Sync ends Fast: everything written so far reaches the disk, and every commit from now on.
func (s *Store) Sync(ctx context.Context) error {
	if !s.o.Fast {
		return nil
	}
	_, err := s.Write(ctx, 2, nil)
	return err
}

// Close stops taking writes, finishes those that wait, anchors and closes.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.closing) })
	<-s.done
	err := errors.Join(s.Anchor(), s.Stamp())
	s.closeFiles()
	return err
}

func (s *Store) closeFiles() {
	if s.search != nil {
		s.search.close()
	}
	for _, q := range []*queries.Queries{s.w, s.r} {
		if q != nil {
			q.Close()
		}
	}
	s.verbs.close()
	for _, stmt := range s.shapes {
		stmt.Close()
	}
	if s.wc != nil {
		s.wc.Close()
	}
	for _, d := range []*sql.DB{s.rdb, s.wdb} {
		if d != nil {
			d.Close()
		}
	}
	s.lock.Close() // the locks go with them
	s.alock.Close()
}

// code returns SQLite's primary result code of an error, 0 if it is not SQLite's.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func toMicro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
