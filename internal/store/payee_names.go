package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"countersign/internal/app"
)

// payeeNames are the search texts of all saved payees in memory, in the order of the list: SQLite looks through 100,000 of them in a tenth of a second,
// this in a few milliseconds. The table stays what is true: a counter in the same commit as each change says whether this is still it.
type payeeNames struct {
	mu  sync.Mutex // one reads the table at a time
	now atomic.Pointer[namesRead]
}

type namesRead struct {
	rev, newest int64 // the counter's value, and the latest change seen (micro)
	rows        []payeeName
}

type payeeName struct {
	id, search, groups string
	rowid              int64
}

// maxNames bounds what is kept in memory: with more payees than this lists ask SQLite.
const maxNames = 300_000

func byName(a, b payeeName) int {
	return cmp.Or(strings.Compare(a.search, b.search), cmp.Compare(a.rowid, b.rowid))
}

// read returns what the table says now, ok false when there are too many payees.
func (n *payeeNames) read(ctx context.Context, s *Store) (rows []payeeName, ok bool, err error) {
	count, err := s.Counters(ctx, app.PayeesCounter)
	if err != nil || count[app.PayeesCounter].N > maxNames {
		return nil, false, err
	}
	rev := count[payeesRev].N
	if r := n.now.Load(); r != nil && r.rev == rev {
		return r.rows, true, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.now.Load()
	if old != nil && old.rev == rev {
		return old.rows, true, nil
	}
	next := &namesRead{rev: rev}
	if old != nil && rev > old.rev {
		changed, newest, err := s.namesSince(ctx, old.newest)
		if err != nil {
			return nil, false, err
		}
		if fresh := old.but(changed); int64(fresh) >= rev-old.rev && fresh <= 1000 {
			next.newest, next.rows = newest, old.with(changed)
			n.now.Store(next)
			return next.rows, true, nil
		}
	}
	if next.rows, next.newest, err = s.namesSince(ctx, 0); err != nil {
		return nil, false, err
	}
	slices.SortFunc(next.rows, byName)
	n.now.Store(next)
	return next.rows, true, nil
}

// but counts the rows that say something else than what is known.
func (r *namesRead) but(changed []payeeName) (n int) {
	known := make(map[string]payeeName, len(changed))
	for _, c := range changed {
		known[c.id] = payeeName{}
	}
	for _, x := range r.rows {
		if _, is := known[x.id]; is {
			known[x.id] = x
		}
	}
	for _, c := range changed {
		if known[c.id] != c {
			n++
		}
	}
	return n
}

// with is the list with some rows anew; the old one is left as it is, since others may be reading it.
func (r *namesRead) with(changed []payeeName) []payeeName {
	gone := make(map[string]bool, len(changed))
	for _, c := range changed {
		gone[c.id] = true
	}
	out := make([]payeeName, 0, len(r.rows)+len(changed))
	for _, x := range r.rows {
		if !gone[x.id] {
			out = append(out, x)
		}
	}
	for _, c := range changed {
		at, _ := slices.BinarySearchFunc(out, c, byName)
		out = slices.Insert(out, at, c)
	}
	return out
}

func (s *Store) namesSince(ctx context.Context, at int64) (out []payeeName, newest int64, err error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT id, search, groups, rowid, changed_at FROM payee WHERE changed_at >= ? LIMIT ?", at, 2*maxNames)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var n payeeName
		var changed int64
		if err := rows.Scan(&n.id, &n.search, &n.groups, &n.rowid, &changed); err != nil {
			return nil, 0, err
		}
		newest = max(newest, changed)
		out = append(out, n)
	}
	return out, max(newest, at), rows.Err()
}

// find lists the ids of at most limit payees after the one named (all when it is none) that hold every word and are of the group.
func find(rows []payeeName, after string, words []string, group string, limit int) (ids []string) {
	if at := slices.IndexFunc(rows, func(n payeeName) bool { return n.id == after }); after != "" && at >= 0 {
		rows = rows[at+1:]
	}
next:
	for i := range rows {
		n := &rows[i]
		for _, w := range words {
			if !strings.Contains(n.search, w) {
				continue next
			}
		}
		if group != "" && !strings.Contains(","+n.groups+",", ","+group+",") {
			continue
		}
		if ids = append(ids, n.id); len(ids) == limit {
			break
		}
	}
	return ids
}
