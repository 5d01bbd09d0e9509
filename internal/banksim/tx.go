package banksim

import (
	"bytes"
	"container/heap"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Entry is one line of the ledger: what the bank did about one reference. The protocol never shows it.
type Entry struct {
	Session   string `json:"session"` // "" while nothing was taken
	Payout    string `json:"payout"`
	Reference string `json:"reference"` // our metadata
	Amount    int64  `json:"amount"`    // kopecks
	Currency  string `json:"currency"`
	Account   string `json:"account"`
	Status    string `json:"status"`   // the bank's word for the payout, or not_taken
	Executed  int    `json:"executed"` // how often money left
	Requests  int    `json:"requests"` // init and start calls seen with this reference, rightly signed or not
}

const notTaken = "not_taken"

// job is one thing to be done at Due.
type job struct {
	ID    int64     `json:"id"`
	Due   time.Time `json:"due"`
	Group string    `json:"group"`          // the session it belongs to
	Step  int       `json:"step,omitempty"` // place in the plan's steps, if Hook is nil
	Hook  *hook     `json:"hook,omitempty"`

	at int // place in the heap, -1 outside: done elsewhere just now, held back, or behind another message
}

// hook is a message on its way: the bytes stay the same however often it is posted.
type hook struct {
	Body      []byte    `json:"body"`
	Type      string    `json:"type"`
	Payout    string    `json:"payout"`
	Reference string    `json:"reference"`
	WrongKey  bool      `json:"wrong_key,omitempty"`
	First     time.Time `json:"first"` // first due, for giving up
	Tries     int       `json:"tries,omitempty"`
}

// move puts a message off after a try that failed.
type move struct {
	ID    int64     `json:"id"`
	Due   time.Time `json:"due"`
	Tries int       `json:"tries"`
}

// memory is what the journal's records amount to.
type memory struct {
	sessions map[string]*session
	entries  map[string]*Entry
	order    []string // references, oldest first
	keys     map[string]bool
	jobs     map[int64]*job
	queues   map[string][]*job // messages of a group, in order; only the first is in the heap
	heap     jobHeap
	lastID   int64
	lastJob  int64
	spent    int64
}

func newMemory() memory {
	return memory{
		sessions: map[string]*session{}, entries: map[string]*Entry{}, keys: map[string]bool{},
		jobs: map[int64]*job{}, queues: map[string][]*job{},
	}
}

func (m *memory) apply(r *record) {
	for _, s := range r.Sessions {
		m.sessions[s.ID] = s
	}
	for _, e := range r.Entries {
		if m.entries[e.Reference] == nil {
			m.order = append(m.order, e.Reference)
		}
		m.entries[e.Reference] = e
	}
	for _, j := range r.Jobs {
		j.at = -1
		m.jobs[j.ID] = j
		if j.Hook == nil {
			heap.Push(&m.heap, j)
			continue
		}
		m.queues[j.Group] = append(m.queues[j.Group], j)
		if len(m.queues[j.Group]) == 1 {
			heap.Push(&m.heap, j)
		}
	}
	for _, v := range r.Moves {
		j := m.jobs[v.ID]
		j.Due, j.Hook.Tries = v.Due, v.Tries
		m.offer(j)
	}
	for _, id := range r.Done {
		j := m.jobs[id]
		m.take(j)
		delete(m.jobs, id)
		if j.Hook == nil {
			continue
		}
		q := m.queues[j.Group][1:] // only the first can be done
		if len(q) == 0 {
			delete(m.queues, j.Group)
		} else {
			m.queues[j.Group] = q
			m.offer(q[0])
		}
	}
	if r.Key != "" {
		m.keys[r.Key] = true
	}
	m.lastID = max(m.lastID, r.LastID)
	m.lastJob = max(m.lastJob, r.LastJob)
	m.spent += r.Spent
}

// take removes a job from the heap for as long as somebody works on it; offer puts it back.
func (m *memory) take(j *job) {
	if j.at >= 0 {
		heap.Remove(&m.heap, j.at)
	}
}

func (m *memory) offer(j *job) {
	if j.at >= 0 {
		heap.Fix(&m.heap, j.at)
	} else {
		heap.Push(&m.heap, j)
	}
}

type jobHeap []*job

func (h jobHeap) Len() int { return len(h) }
func (h jobHeap) Less(i, k int) bool {
	if c := h[i].Due.Compare(h[k].Due); c != 0 {
		return c < 0
	}
	return h[i].ID < h[k].ID
}
func (h jobHeap) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].at, h[k].at = i, k
}
func (h *jobHeap) Push(x any) {
	j := x.(*job)
	j.at = len(*h)
	*h = append(*h, j)
}
func (h *jobHeap) Pop() any {
	old := *h
	j := old[len(old)-1]
	j.at = -1
	*h = old[:len(old)-1]
	return j
}

// tx prepares one change on copies; commit writes it and only then lets the memory show it.
type tx struct {
	b        *Bank
	now      time.Time
	rec      record
	sessions map[string]*session
	entries  map[string]*Entry
}

// update runs fn and commits what it prepared. The caller holds b.mu; before anything of it is shown outside,
// it must also have called b.journal.sync. On error nothing has changed.
func (b *Bank) update(now time.Time, fn func(*tx)) error {
	t := &tx{b: b, now: now.UTC().Truncate(time.Microsecond), sessions: map[string]*session{}, entries: map[string]*Entry{}}
	t.rec.LastID, t.rec.LastJob = b.mem.lastID, b.mem.lastJob
	fn(t)
	for _, id := range slices.Sorted(maps.Keys(t.sessions)) {
		t.rec.Sessions = append(t.rec.Sessions, t.sessions[id])
	}
	for _, ref := range slices.Sorted(maps.Keys(t.entries)) {
		t.rec.Entries = append(t.rec.Entries, t.entries[ref])
	}
	if err := b.journal.append(&t.rec); err != nil {
		return err
	}
	b.mem.apply(&t.rec)
	return nil
}

// id makes the next id of a kind. The seed chooses the gaps; the counter, kept in the journal, makes it unique.
func (t *tx) id(kind string) string {
	t.rec.LastID += 1 + t.b.rng.Int64N(9)
	return fmt.Sprintf("%s_%d", kind, t.rec.LastID)
}

// session is a copy to change; nil if there is none.
func (t *tx) session(id string) *session {
	if s := t.sessions[id]; s != nil {
		return s
	}
	old := t.b.mem.sessions[id]
	if old == nil {
		return nil
	}
	s := old.clone()
	t.sessions[id] = s
	return s
}

func (t *tx) newSession(kop int, v2 bool) *session {
	s := &session{ID: t.id("ps"), Kop: kop, V2: v2, Status: stCreated, Created: t.now, Updated: t.now}
	t.sessions[s.ID] = s
	return s
}

// entry is a copy of the ledger's line to change, made if there is none.
func (t *tx) entry(ref string) *Entry {
	if e := t.entries[ref]; e != nil {
		return e
	}
	e := &Entry{Reference: ref, Status: notTaken}
	if old := t.b.mem.entries[ref]; old != nil {
		*e = *old
	}
	t.entries[ref] = e
	return e
}

// touch moves updated_at, strictly forward: the desk orders what it hears by it.
func (t *tx) touch(s *session) {
	next := s.Updated.Add(time.Microsecond)
	if t.now.After(next) {
		next = t.now
	}
	s.Updated = next
}

// begin puts a payout into a session and schedules the row's steps; those at 0 happen in this very commit.
// It returns the session as the answer shows it, and the first message that is due at once.
func (t *tx) begin(s *session, o order) (seen *session, first *job) {
	s.Status = stInProgress
	t.touch(s)
	s.Reference = reference(o.Metadata)
	s.Payouts = append(s.Payouts, payout{ID: t.id("po"), Status: poInProgress, Created: t.now, Order: o})
	seen = s.clone()
	if t.b.o.Confirm {
		t.step(s, stepReady, 1)
	} else {
		t.play(s)
	}
	t.show(s)
	for _, j := range t.rec.Jobs {
		if j.Hook != nil {
			return seen, j
		}
	}
	return seen, nil
}

// play schedules the row's steps; those at 0 happen in this very commit.
func (t *tx) play(s *session) {
	p := planOf(s.Kop)
	if t.b.o.Confirm && s.Kop == 66 { // every payout asks for confirmation here
		s.Kop, p = 0, ordinary
	}
	for i, st := range p.steps {
		switch {
		case st.at == 0:
			st.do(t, s)
		case st.at > 0:
			t.step(s, i, st.at)
		}
	}
}

// Steps of no row: a started payout asks for its confirmation, and is given up without one.
const (
	stepReady   = -1
	stepTimeout = -2
)

// ready asks for confirmation.
func (t *tx) ready(s *session) {
	s.Payouts[0].Status, s.NextAction = poPending, "confirm"
	t.touch(s)
	t.hook(s, note{typ: hookReady})
	t.later(s, stepTimeout, t.b.o.ConfirmWait)
}

func (t *tx) step(s *session, i, after int) { t.later(s, i, t.b.times(after)) }

func (t *tx) later(s *session, i int, after time.Duration) {
	t.rec.LastJob++
	t.rec.Jobs = append(t.rec.Jobs, &job{ID: t.rec.LastJob, Due: t.now.Add(after), Group: s.ID, Step: i})
}

// show copies the state of a session into the ledger.
func (t *tx) show(s *session) {
	e := t.entry(s.Reference)
	e.Session = s.ID
	if len(s.Payouts) > 0 {
		p := &s.Payouts[0]
		e.Payout, e.Status = p.ID, p.Status
		e.Amount, e.Currency, e.Account = p.Order.Amount, p.Order.Currency, p.Order.Account
	}
}

// leave lets the money go, once a payout.
func (t *tx) leave(s *session) {
	for i := range s.Payouts {
		if p := &s.Payouts[i]; !p.Left {
			p.Left = true
			t.entry(s.Reference).Executed++
			t.rec.Spent += p.Order.Amount
		}
	}
}

// pay ends a session well.
func (t *tx) pay(s *session) {
	t.leave(s)
	t.touch(s)
	s.Status, s.Error, s.NextAction = stAccepted, nil, ""
	for i := range s.Payouts {
		p := &s.Payouts[i]
		p.Status, p.Error, p.Finished = poSucceeded, nil, s.Updated
	}
}

// fail ends a session without payment.
func (t *tx) fail(s *session, code, description string) {
	t.touch(s)
	s.Status, s.NextAction = stCancelled, ""
	for i := range s.Payouts {
		p := &s.Payouts[i]
		p.Status, p.Error, p.Finished = poFailed, &refusal{code, description}, s.Updated
	}
}

// giveBack is the payee's bank returning a part or the whole of the first payout.
func (t *tx) giveBack(s *session, amount int64) {
	t.touch(s)
	p := &s.Payouts[0]
	p.Refunds = append(p.Refunds, refund{ID: t.id("rf"), At: s.Updated, Amount: amount})
	t.rec.Spent -= amount
}

// note says how a message differs from the ordinary one.
type note struct {
	typ      string // payment_finished
	after    int    // times d
	wrongKey bool
	group    string // of the session it belongs to, if it names another one
}

// hook writes down a message about the session as it is now.
func (t *tx) hook(s *session, n note) {
	if n.typ == "" {
		n.typ = hookFinished
	}
	if n.group == "" {
		n.group = s.ID
	}
	body := new(object).add("type", n.typ).add("session", s.object(look{v2: s.V2, hook: true}))
	if s.Kop == 65 {
		body.add("delivery_hint", "zz-131")
	}
	t.rec.LastJob++
	due := t.now.Add(t.b.times(n.after))
	t.rec.Jobs = append(t.rec.Jobs, &job{ID: t.rec.LastJob, Due: due, Group: n.group, Hook: &hook{
		Body: bytes.Clone(body.bytes()), Type: n.typ, Payout: s.Payouts[0].ID, Reference: s.Reference,
		WrongKey: n.wrongKey, First: due,
	}})
}
