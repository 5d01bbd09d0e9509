package web

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/lang"
	"countersign/internal/money"
	"countersign/internal/payout"
	"countersign/web/static"
	"countersign/web/templates"
)

// desk is what every page shows or needs to say whose move it is.
type desk struct {
	app.DeskState
	*cached
}

// cached is the part of it that only a commit can change: kept until the history has grown.
type cached struct {
	seq     int64
	pending []pending
	signers []approval.Signer
	people  map[string]app.PersonRow
	unknown []app.Row
	states  map[string]app.Counter // by "state:…"
	back    int64                  // kopecks that came back of what is paid
	at      map[payout.ID]int      // places in pending
	frame   *app.Frame
	open    []waiting
	lost    app.LostDays // what a restored copy does not know; isLost says that there is such
	isLost  bool
	able    sync.Map // person → []pending: what each can approve, found out when asked
}

// pending is a payout that awaits approval, with how far it is.
type pending struct {
	app.PendingRow
	tally approval.Tally
	stand app.Standing
}

// Bounds of what a page looks through.
const (
	maxPending = 1000
	maxUnknown = 500
	// frameAge is how long what was read may be shown while nothing is committed: days begin and waiting periods end by themselves.
	frameAge = 20 * time.Second
)

// readDesk reads the desk's state, and the rest only when something was committed since.
func (w *Web) readDesk(ctx context.Context) (*desk, error) {
	s, err := w.App.Desk(ctx)
	if err != nil {
		return nil, err
	}
	if c := w.cached.Load(); c != nil && c.seq == s.Seq && s.Seq > 0 && w.Now().Sub(c.frame.Now).Abs() < frameAge {
		return &desk{s, c}, nil
	}
	c := &cached{seq: s.Seq, people: map[string]app.PersonRow{}, at: map[payout.ID]int{}}
	if c.frame, err = w.App.Frame(ctx); err != nil {
		return nil, err
	}
	c.signers = c.frame.Signers
	people, err := w.App.Store.AllPeople(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		c.people[p.ID] = p
	}
	rows, err := w.App.Store.Pending(ctx, maxPending)
	if err != nil {
		return nil, err
	}
	for i, p := range rows {
		c.at[p.ID] = i
		st, err := c.frame.Stand(app.JudgedRow(p), p.Decisions)
		if err != nil {
			return nil, err
		}
		c.pending = append(c.pending, pending{p, st.Tally, st})
	}
	if c.open, err = w.readOpen(ctx, c.signers, c.frame.Set, c.frame.Now); err != nil {
		return nil, err
	}
	if c.unknown, err = w.App.Unknowns(ctx, maxUnknown); err != nil {
		return nil, err
	}
	if c.states, err = w.App.Store.Counters(ctx, "state:"); err != nil {
		return nil, err
	}
	back, err := w.App.Store.Counters(ctx, "back")
	if err != nil {
		return nil, err
	}
	c.back = back["back"].Sum
	if c.lost, c.isLost, err = w.App.Lost(ctx); err != nil {
		return nil, err
	}
	w.cached.Store(c)
	return &desk{s, c}, nil
}

// mine are the payouts that this person can approve now, oldest first.
func (d *desk) mine(person string) []pending {
	if known, ok := d.able.Load(person); ok {
		return known.([]pending)
	}
	me := d.signer(person)
	var out []pending
	for _, p := range d.pending {
		if p.tally.May(me) == approval.Can {
			out = append(out, p)
		}
	}
	out = slices.Clip(out) // shared from here on
	d.able.Store(person, out)
	return out
}

func (d *desk) find(id payout.ID) (pending, bool) {
	i, ok := d.at[id]
	if !ok {
		return pending{}, false
	}
	return d.pending[i], true
}

func (d *desk) signer(id string) approval.Signer {
	for _, s := range d.signers {
		if s.ID == id {
			return s
		}
	}
	return approval.Signer{}
}

// name is the whole name of an actor, short their short one.
func (d *desk) name(t *lang.Texts, person string) string {
	if p, ok := d.people[person]; ok {
		return p.Name
	}
	return t.Roles["system"]
}

func (d *desk) short(t *lang.Texts, person string) string { return lang.ShortName(d.name(t, person)) }

func (d *desk) shorts(t *lang.Texts, persons []string) string {
	out := make([]string, len(persons))
	for i, p := range persons {
		out[i] = d.short(t, p)
	}
	return strings.Join(out, ", ")
}

func (d *desk) counts(person string, may bool) templates.Counts {
	c := templates.Counts{Unknown: int(d.states["state:unknown"].N)} // as the tab and the overview count
	if may {
		c.Approvals = len(d.mine(person)) + len(d.decides(person))
	}
	return c
}

// desk is read once a request.
func (r *req) desk() (*desk, error) {
	if r.d == nil {
		d, err := r.web.readDesk(r.ctx())
		if err != nil {
			return nil, err
		}
		r.d = d
	}
	return r.d, nil
}

var assets = templates.Assets{CSS: static.URL("desk.css"), HTMX: static.URL("htmx.min.js"), JS: static.URL("desk.js"), Keys: static.URL("passkey.js"),
	Worker: static.URL("live-worker.js"), Icon: static.URL("mark.svg"), Latin: static.URL("inter-latin.woff2"), Cyr: static.URL("inter-cyrillic.woff2")}

// plain is a page for nobody in particular.
func (r *req) plain(title string) *templates.Page {
	p := &templates.Page{T: r.t, Lang: string(r.tag), Theme: theme(r.Request()), Title: title, Here: r.here, Assets: assets}
	if d := r.web.Demo; d != nil {
		p.Demo = &templates.DemoBar{Kopecks: "/demo/kopecks", BankHref: d.BankURL}
	}
	return p
}

// page is the frame of a page for whoever is signed in; the plain one when nobody is.
func (r *req) page(title, section string) (*templates.Page, error) {
	p := r.plain(title)
	if r.me == nil {
		return p, nil
	}
	d, err := r.desk()
	if err != nil {
		return nil, err
	}
	acc, ok, err := r.web.App.Store.AccountByEmail(r.ctx(), r.me.login.Email)
	if err != nil {
		return nil, err
	}
	r.me.keys = ok && acc.KeysOn
	p.Section, p.Keys, p.Seq = section, r.me.keys, strconv.FormatInt(d.Seq, 10)
	p.Person = &templates.PersonView{Name: r.me.Name, Email: r.me.login.Email, Roles: r.t.RoleList(roleCodes(r.me.Roles))}
	p.Menu = templates.Menu{Approvals: r.may(app.Queue), New: r.may(app.Enter), Payouts: r.may(app.ReadSums), Unknown: r.may(app.ReadSums), Payees: r.may(app.ReadPayees),
		Inbox: r.may(app.ReadInbox), History: r.may(app.ReadHistory), Reports: r.may(app.ReadReports), Files: r.may(app.ReadFiles), People: r.may(app.ReadPeople), Rules: r.may(app.ReadRules), Limits: r.may(app.ReadLimits), Bank: r.may(app.ReadBank), Halt: r.may(app.StopSending)}
	p.Counts = d.counts(r.me.ID, r.may(app.Queue))
	idle := r.me.login.IdleFor
	if idle == 0 {
		idle = auth.DefaultIdle
	}
	p.Session = &templates.SessionView{IdleSeconds: int(idle / time.Second), EndsAtMs: r.me.login.CreatedAt.Add(auth.MaxAge).UnixMilli(), AskCode: r.me.login.Factor != "", Key: r.web.App.Keys != nil && r.me.login.Factor != ""}
	if r.web.Demo != nil {
		p.Session.DemoPerson = r.demoBar(p)
	}
	if d.Halt != nil {
		p.Stop = r.stopBar(d)
	}
	p.Coming = r.comingBars(d)
	if p.Late, err = r.lateBar(d); err != nil {
		return nil, err
	}
	if b := r.web.App.Backups(); r.may(app.ReadBank) && b.Trouble(r.now) != "" {
		p.Copies = lang.Fill(r.t.Copies().BackupBar, lang.Duration(r.tag, b.Age(r.now)))
	}
	if d.Quarantine != "" {
		p.Quarant = &templates.Quarantine{Detail: r.t.Bars.QuarantineWhy}
	}
	return p, nil
}

// demoBar fills the bar over a demo page and returns the button's value of who is signed in ("" for somebody else).
func (r *req) demoBar(p *templates.Page) (current string) {
	t := r.t.Demo
	groups := []templates.DemoGroup{{Label: t.Makers}, {Label: t.Approvers}, {Label: t.Auditor}, {Label: t.Admins}}
	for _, d := range r.web.Demo.People {
		g := 1
		switch {
		case slices.Contains(d.Roles, auth.Maker):
			g = 0
		case slices.Contains(d.Roles, auth.Auditor):
			g = 2
		case slices.Contains(d.Roles, auth.Admin):
			g = 3
		}
		v := templates.DemoPerson{ID: d.Email, Name: strings.SplitN(d.Name, " ", 2)[0], Current: d.Email == r.me.login.Email}
		if v.Current {
			current = d.Email
		}
		groups[g].People = append(groups[g].People, v)
	}
	p.Demo.Groups = slices.DeleteFunc(groups, func(g templates.DemoGroup) bool { return len(g.People) == 0 })
	return current
}

func (r *req) stopBar(d *desk) *templates.StopBar {
	at := lang.When(r.tag, d.Halt.At, r.now)
	b := &templates.StopBar{CanRelease: r.may(app.Resume) && d.MayResume(d.signer(r.me.ID))}
	if d.Halt.Cause == "person" {
		b.Detail = lang.Fill(r.t.Bars.StoppedBy, at, d.short(r.t, d.Halt.By.Person), d.HaltReason)
	} else {
		b.Detail = lang.Fill(r.t.Bars.StoppedSelf, at, haltCause(r.t, d.Halt.Cause))
	}
	return b
}

func haltCause(t *lang.Texts, cause string) string {
	if s, ok := t.Halt.Reasons[cause]; ok {
		return s
	}
	return t.Reason(cause)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// show renders into a buffer first, so that a failing template is a clean 500.
func (r *req) show(status int, c templ.Component) error {
	b := buffers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() < 1<<20 {
			b.Reset()
			buffers.Put(b)
		}
	}()
	if err := c.Render(r.ctx(), b); err != nil {
		return err
	}
	return r.HTMLBlob(status, b.Bytes())
}

// sum prints an amount with its kopecks apart; off mutes it.
func sum(tag lang.Tag, minor int64, off bool) templates.Sum {
	whole, frac := lang.MoneySplit(tag, money.Roubles(minor))
	return templates.Sum{Whole: whole, Frac: frac, Off: off}
}

func rub(tag lang.Tag, minor int64) string  { return lang.Money(tag, money.Roubles(minor)) }
func rubS(tag lang.Tag, minor int64) string { return lang.MoneySign(tag, money.Roubles(minor)) }

func num(n payout.Number) string { return strconv.FormatInt(int64(n), 10) }

// numbered is "No 1042".
func numbered(t *lang.Texts, n payout.Number) string { return lang.Fill(t.Common.Number, num(n)) }
