package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"countersign/internal/payout"
)

// The index of the search: which payouts hold which three letters in a row. It is a file of its own beside the database, made from it and thrown
// away at the least doubt: no backup holds it, no proof rests on it, and no webhook waits for it. A goroutine follows the history and brings it up to
// date. What it finds is only where to look: the same conditions as without it decide, and what it does not know yet is looked at as well.
type search struct {
	s     *Store
	db    *sql.DB
	ready atomic.Bool // the first walk over all payouts is done, nothing failed
	wake  chan struct{}
	stop  context.CancelFunc
	done  chan struct{}
}

const (
	// searchFrom is how many payouts make an index worth its room: looking through fewer takes milliseconds.
	searchFrom = 5000
	// searchBatch is how many payouts one commit of the index takes, searchPause what it leaves to others between two commits.
	searchBatch = 500
	searchPause = 5 * time.Millisecond
	// searchRest is the pause after it caught up: a burst of changes is indexed in one go.
	searchRest = 300 * time.Millisecond
	// searchLag is how many payouts not indexed yet a search looks through.
	searchLag = 2000
	// fewHits is up to how many hits are fetched by number; a list of more finds its page sooner by walking from the newest.
	fewHits = 2000
	// maxGrams bounds the letters looked up at once.
	maxGrams = 32
)

const searchSchema = `CREATE VIRTUAL TABLE IF NOT EXISTS found USING fts5(text, content='', contentless_delete=1, tokenize='trigram', detail='none');
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;`

func (s *Store) searchPath() string { return s.o.Path + ".search" }

// follow starts the goroutine that keeps the index.
func (s *Store) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	x := &search{s: s, wake: make(chan struct{}, 1), stop: cancel, done: make(chan struct{})}
	s.search = x
	x.told()
	go x.run(ctx)
}

// told says that something was committed.
func (x *search) told() {
	select {
	case x.wake <- struct{}{}:
	default: // it knows
	}
}

func (x *search) close() {
	x.stop()
	<-x.done
	x.ready.Store(false)
	if x.db != nil {
		x.db.Close()
	}
}

func (x *search) run(ctx context.Context) {
	defer close(x.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		}
		if err := x.catchUp(ctx, searchFrom); err != nil {
			if ctx.Err() == nil {
				x.s.o.Log.Warn("the search index is given up until the next start", "error", err)
			}
			x.ready.Store(false)
			return
		}
		if !pause(ctx, searchRest) {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// catchUp brings the index up to the newest change, if there are payouts enough.
func (x *search) catchUp(ctx context.Context, from int64) error {
	if x.db == nil {
		var n int64
		if err := x.s.rdb.QueryRowContext(ctx, "SELECT COALESCE(MAX(number) - MIN(number) + 1, 0) FROM payout").Scan(&n); err != nil || n < from {
			return err
		}
		if err := x.open(ctx); err != nil {
			return fmt.Errorf("open %s: %w", x.s.searchPath(), err)
		}
	}
	st, err := x.state(ctx)
	if err != nil {
		return err
	}
	if !st.walked {
		if err := x.walk(ctx, st); err != nil {
			return err
		}
		if st, err = x.state(ctx); err != nil {
			return err
		}
	}
	x.ready.Store(true)
	return x.chase(ctx, st.seq)
}

// open opens the index; one that is not this history's, or cannot be read, begins again.
func (x *search) open(ctx context.Context) error {
	fits, err := x.try(ctx)
	if err == nil && fits {
		return nil
	}
	if x.db != nil {
		x.db.Close()
		x.db = nil
	}
	for _, tail := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(x.s.searchPath() + tail); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if fits, err = x.try(ctx); err == nil && !fits {
		err = errors.New("a new index does not fit")
	}
	return err
}

func (x *search) try(ctx context.Context) (fits bool, err error) {
	f, err := os.OpenFile(x.s.searchPath(), os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it by the umask
	if err != nil {
		return false, err
	}
	f.Close()
	// NORMAL: a power cut may take the last commits and no more, and they are made again.
	db, err := sql.Open("sqlite", strings.NewReplacer("synchronous%28FULL%29", "synchronous%28NORMAL%29", "cache_size%28-16000%29", "cache_size%28-4000%29").
		Replace(dsn(x.s.searchPath(), false, false)))
	if err != nil {
		return false, err
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	x.db = db
	if _, err := db.ExecContext(ctx, searchSchema); err != nil {
		return false, err
	}
	st, err := x.state(ctx)
	if err != nil {
		return false, err
	}
	if st.incarnation == "" {
		return true, x.put(ctx, db, "incarnation", x.s.incarn)
	}
	leaf, err := x.leaf(ctx, st.seq)
	return err == nil && st.incarnation == x.s.incarn && leaf == st.leaf, err
}

// searchState is how far the index is: all payouts numbered up to number, then every change up to seq, whose leaf in the history is remembered to
// tell this history from another one.
type searchState struct {
	incarnation, leaf string
	number, seq       int64
	walked            bool
}

type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

func (x *search) state(ctx context.Context) (searchState, error) { return readSearchState(ctx, x.db) }

func readSearchState(ctx context.Context, q querier) (st searchState, err error) {
	rows, err := q.QueryContext(ctx, "SELECT name, value FROM state")
	if err != nil {
		return st, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return st, err
		}
		n, _ := strconv.ParseInt(value, 10, 64) // two of them are numbers
		switch name {
		case "incarnation":
			st.incarnation = value
		case "leaf":
			st.leaf = value
		case "number":
			st.number = n
		case "seq":
			st.seq = n
		case "walked":
			st.walked = true
		}
	}
	return st, rows.Err()
}

func (x *search) put(ctx context.Context, q querier, name, value string) error {
	_, err := q.ExecContext(ctx, "INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// leaf is the hash of an event, "" of none.
func (x *search) leaf(ctx context.Context, seq int64) (string, error) {
	if seq == 0 {
		return "", nil
	}
	b, _, err := found(x.s.r.Hash(ctx, tlog.StoredHashIndex(0, seq-1)))
	return hex.EncodeToString(b), err
}

// walk indexes every payout once. What changes meanwhile is in the history behind where it began.
func (x *search) walk(ctx context.Context, st searchState) error {
	if st.number == 0 && st.seq == 0 {
		seq, err := x.s.r.LastSeq(ctx)
		if err != nil {
			return err
		}
		if err := x.reached(ctx, x.db, seq); err != nil {
			return err
		}
	}
	for {
		texts, err := x.texts(ctx, "SELECT number, search, account FROM payout WHERE number > ? ORDER BY number LIMIT ?", st.number, searchBatch)
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			return x.put(ctx, x.db, "walked", "1")
		}
		st.number = texts[len(texts)-1].number
		if err := x.store(ctx, texts, func(tx *sql.Tx) error { return x.put(ctx, tx, "number", itoa(st.number)) }); err != nil {
			return err
		}
		if !pause(ctx, searchPause) {
			return ctx.Err()
		}
	}
}

// textual are the events that change what is searched.
const textual = "('" + payout.ActCreated + "', '" + payout.ActEdited + "', '" + payout.ActChangesAsked + "')"

// chase indexes what changed since.
func (x *search) chase(ctx context.Context, seq int64) error {
	for {
		var to sql.NullInt64
		err := x.s.rdb.QueryRowContext(ctx, "SELECT MAX(seq) FROM (SELECT seq FROM event WHERE action IN "+textual+" AND seq > ? ORDER BY seq LIMIT ?)", seq, searchBatch).Scan(&to)
		if err != nil {
			return err
		}
		if !to.Valid {
			return nil
		}
		texts, err := x.texts(ctx, "SELECT number, search, account FROM payout WHERE id IN (SELECT subject FROM event WHERE action IN "+textual+" AND seq > ? AND seq <= ?)", seq, to.Int64)
		if err != nil {
			return err
		}
		if err := x.store(ctx, texts, func(tx *sql.Tx) error { return x.reached(ctx, tx, to.Int64) }); err != nil {
			return err
		}
		if seq = to.Int64; !pause(ctx, searchPause) {
			return ctx.Err()
		}
	}
}

func (x *search) reached(ctx context.Context, q querier, seq int64) error {
	leaf, err := x.leaf(ctx, seq)
	if err != nil {
		return err
	}
	if err := x.put(ctx, q, "leaf", leaf); err != nil {
		return err
	}
	return x.put(ctx, q, "seq", itoa(seq))
}

type searchedText struct {
	number int64
	text   string
}

func (x *search) texts(ctx context.Context, query string, args ...any) ([]searchedText, error) {
	rows, err := x.s.rdb.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []searchedText
	for rows.Next() {
		var t searchedText
		var account string
		if err := rows.Scan(&t.number, &t.text, &account); err != nil {
			return nil, err
		}
		t.text += " \x1f " + account
		out = append(out, t)
	}
	return out, rows.Err()
}

func (x *search) store(ctx context.Context, texts []searchedText, also func(*sql.Tx) error) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	put, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO found (rowid, text) VALUES (?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	for _, t := range texts {
		if _, err := put.ExecContext(ctx, t.number, t.text); err != nil {
			return err
		}
	}
	if err := also(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Searchable reports whether searches use the index.
func (s *Store) Searchable() bool { return s.search != nil && s.search.ready.Load() }

// searched splits the text of a search: its words, or the one number that it is.
func searched(text string) (words []string, number int64, isNumber bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if r := []rune(text); len(r) > maxSearch {
		text = string(r[:maxSearch])
	}
	text = strings.TrimLeft(text, "·.№# ")
	if rest, ok := strings.CutPrefix(text, "no "); ok && strings.Trim(rest, "0123456789") == "" {
		text = rest // as the English pages write a number
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) <= 20 {
		return []string{text}, n, true
	}
	return strings.Fields(text), 0, false
}

// grams makes the index's question of the words' letters, three by three; "" when there is none to ask. The threes stand side by side and do not
// overlap: each costs a walk through all payouts that hold it, and what few they let through too many the list's own condition drops.
func grams(words []string) string {
	var out []string
	for _, w := range words {
		r := []rune(w)
		if !utf8.ValidString(w) || strings.ContainsFunc(w, func(c rune) bool { return c < ' ' }) {
			continue
		}
		for i := 0; i < len(r) && len(r) >= 3 && len(out) < maxGrams; i += 3 {
			at := min(i, len(r)-3)
			out = append(out, `"`+strings.ReplaceAll(string(r[at:at+3]), `"`, `""`)+`"`)
		}
	}
	return strings.Join(out, " AND ")
}

// candidates are the numbers of all payouts that a search can be about, or the first most of them (cut). ok is false when the index has nothing to
// say: too few letters, not caught up.
// An index that cannot be read is given up: every search goes on without it.
func (s *Store) candidates(ctx context.Context, text string, most int) (numbers []int64, cut, ok bool, err error) {
	words, number, isNumber := searched(text)
	ask := grams(words)
	if ask == "" || !s.Searchable() {
		return nil, false, false, nil
	}
	numbers, cut, ok, err = s.ask(ctx, ask, most)
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("the search index is given up until the next start", "error", err)
		s.search.ready.Store(false)
		return nil, false, false, nil
	}
	if ok && isNumber {
		numbers = append(numbers, number)
	}
	return numbers, cut, ok, err
}

// ask puts the question to the index, and adds what it does not know yet.
func (s *Store) ask(ctx context.Context, ask string, most int) (numbers []int64, cut, ok bool, err error) {
	tx, err := s.search.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one moment for both
	if err != nil {
		return nil, false, false, err
	}
	defer tx.Rollback() // it only read
	st, err := readSearchState(ctx, tx)
	if err != nil {
		return nil, false, false, err
	}
	read := func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return err
			}
			numbers = append(numbers, n)
		}
		return rows.Err()
	}
	if err := read(tx.QueryContext(ctx, "SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid DESC LIMIT ?", ask, most+1)); err != nil {
		return nil, false, false, err
	}
	hits := len(numbers)
	// What came or changed since, whatever it says.
	if err := read(s.query(ctx, "SELECT p.number FROM event e JOIN payout p ON p.id = e.subject WHERE e.action IN "+textual+" AND e.seq > ? LIMIT ?", st.seq, searchLag+1)); err != nil {
		return nil, false, false, err
	}
	if len(numbers)-hits > searchLag {
		return nil, false, false, nil
	}
	return numbers, hits > most, true, nil
}

// among narrows a list to these payouts.
func (w *where) among(numbers []int64) error {
	doc, err := json.Marshal(append([]int64{}, numbers...))
	if err != nil {
		return err
	}
	w.from = "(SELECT DISTINCT value FROM json_each(?)) c CROSS JOIN payout p ON p.number = c.value "
	w.args = append([]any{string(doc)}, w.args...)
	return nil
}
