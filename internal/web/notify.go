package web

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/internal/live"
	"countersign/internal/payout"
	"countersign/web/templates"
)

const (
	// maxNotes is how many changed payouts may wait to be told; with more, everybody fetches their page again.
	maxNotes = 500
	// rowsAtOnce is how many rows are read in one go.
	rowsAtOnce = 100
)

// notes is what was changed and not told yet. Changed never blocks the writer: it adds to a set, and a goroutine of its own reads
// rows and renders badges.
type notes struct {
	web  *Web
	mu   sync.Mutex
	todo todo
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}
}

type todo struct {
	seq   int64
	ids   map[payout.ID]bool
	order []payout.ID
	desk  bool
	over  bool
}

func newNotes(w *Web) *notes {
	ctx, cancel := context.WithCancel(context.Background())
	n := &notes{web: w, wake: make(chan struct{}, 1), stop: cancel, done: make(chan struct{})}
	go n.run(ctx)
	return n
}

func (n *notes) close() {
	n.stop()
	<-n.done
}

// Changed implements app.Notifier.
func (w *Web) Changed(c app.Change) {
	for _, person := range c.Left {
		w.Hub.EndPerson(person)
	}
	if len(c.Payouts) == 0 && !c.Desk {
		return // messages alone move nothing that a badge shows
	}
	n := w.notes
	n.mu.Lock()
	t := &n.todo
	t.seq = max(t.seq, c.Seq)
	t.desk = t.desk || c.Desk
	for _, id := range c.Payouts {
		if t.ids[id] || t.over {
			continue
		}
		if t.ids == nil {
			t.ids = map[payout.ID]bool{}
		}
		t.ids[id] = true
		t.order = append(t.order, id)
		if len(t.order) > maxNotes {
			t.over, t.ids, t.order = true, nil, nil
		}
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default: // a wake-up waits already
	}
}

func (n *notes) run(ctx context.Context) {
	defer close(n.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		}
		n.mu.Lock()
		t := n.todo
		n.todo = todo{}
		n.mu.Unlock()
		if err := n.tell(ctx, t); err != nil && ctx.Err() == nil {
			n.web.Log.Warn("changes not told", "error", err)
			n.reload(t.seq) // a page that fetches itself again finds out
		}
	}
}

func (n *notes) reload(seq int64) {
	n.web.Hub.Publish(live.Message{ID: seq, Event: live.ReloadEvent, Data: map[string]string{"": "desk"}, Audience: everybody})
}

func (n *notes) tell(ctx context.Context, t todo) error {
	w := n.web
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d, err := w.readDesk(ctx) // first: counts go out with the badges
	if err != nil {
		return err
	}
	if t.desk {
		for _, p := range w.streams.persons() {
			if x, err := w.App.Store.PersonByID(ctx, p); err != nil || x.Suspended {
				w.Hub.EndPerson(p)
			}
		}
	}
	if t.desk || t.over {
		n.reload(t.seq)
	}
	now := w.Now()
	for len(t.order) > 0 {
		k := min(len(t.order), rowsAtOnce)
		rows, err := w.App.Store.Rows(ctx, t.order[:k])
		if err != nil {
			return err
		}
		t.order = t.order[k:]
		for _, r := range rows {
			m := live.Message{ID: t.seq, Event: "payout", Data: map[string]string{}, Audience: everybody}
			for _, texts := range []*lang.Texts{lang.Russian, lang.English} {
				html, err := badgeHTML(ctx, d.badge(texts, r, now))
				if err != nil {
					return err
				}
				m.Data[texts.Code()] = html
			}
			w.Hub.Publish(m)
		}
	}
	return nil
}

// badgeHTML is a badge in one line.
func badgeHTML(ctx context.Context, v templates.BadgeView) (string, error) {
	var b bytes.Buffer
	if err := templates.Badge(v).Render(ctx, &b); err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(b.String()), " "), nil
}
