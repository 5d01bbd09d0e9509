package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// change is one version of a subject beside the one it would replace, in words: equal labels stand side by side.
type change struct {
	Title           string
	Old, New        []templates.Fact
	Notes, Warnings []string
}

// describers turn a proposal and the version that it changes (nil for none) into words. whole says that this reader decides or made it: then values that
// elsewhere are cut to their last four stand whole. A kind without one shows its document in the technical data only.
var describers = map[approval.Kind]func(r *req, p app.Proposal, base *app.Proposal, whole bool) (change, error){
	approval.Rules: rulesChange,
	approval.Limit: limitsChange,
}

// readers is who may read proposals of a kind, besides whoever proposed it, decides on it, or is concerned.
var readers = map[approval.Kind]app.Action{
	approval.Rules: app.ReadRules, approval.Limit: app.ReadLimits, approval.Person: app.ReadPeople, approval.Payee: app.ReadPayees, approval.Keys: app.ReadBank,
}

// mayRead reports whether this reader may see a proposal. What takes effect by itself everybody may see, since anybody may stop it.
func (r *req) mayRead(p app.Proposal) bool {
	do, known := readers[p.Kind]
	return known && (r.may(do) || app.MayDecideOn(r.me.Person, p.Kind) || p.By.Person == r.me.ID || slices.Contains(p.Concerns, r.me.ID) || !p.EffectAt.IsZero())
}

// waiting is an open proposal with how far it is.
type waiting struct {
	app.Proposal
	decisions []approval.Decision
	tally     approval.Tally
}

// maxOpen bounds the open proposals that pages look through.
const maxOpen = 500

func (w *Web) readOpen(ctx context.Context, people []approval.Signer, set approval.RuleSet, now time.Time) ([]waiting, error) {
	ps, err := w.App.Store.OpenProposals(ctx, maxOpen)
	if err != nil {
		return nil, err
	}
	out := make([]waiting, 0, len(ps))
	for _, p := range ps {
		ds, err := w.App.Store.DecisionsOf(ctx, p.Kind, p.ID, p.Version)
		if err != nil {
			return nil, err
		}
		t, err := app.TallyOf(p, set, people, ds, now)
		if err != nil {
			return nil, err
		}
		out = append(out, waiting{p, ds, t})
	}
	return out, nil
}

// decides are the open proposals that this person can decide now, oldest first.
func (d *desk) decides(person string) []waiting {
	me := d.signer(person)
	var out []waiting
	for _, p := range d.open {
		if p.tally.May(me) == approval.Can {
			out = append(out, p)
		}
	}
	return out
}

// changeHref is the page of a version; 0 is the latest.
func changeHref(kind approval.Kind, id string, version int) string {
	h := "/changes/" + url.PathEscape(string(kind)) + "/" + url.PathEscape(id)
	if version > 0 {
		h += "?version=" + strconv.Itoa(version)
	}
	return h
}

// proposalPage is everything that the page of one proposal is made of.
type proposalPage struct {
	r         *req
	d         *desk
	p         app.Proposal
	all       []app.Proposal // versions of the subject, newest first
	base      *app.Proposal
	inForce   int
	decisions []approval.Decision
	tally     approval.Tally
	why       approval.Why
	events    []app.EventRow
	reason    string
}

// maxVersions bounds the versions of one subject that a page looks through.
const maxVersions = 500

// loadProposal reads a version (0: the open one, else the latest). NotFound when there is none or it is not for this reader.
func (w *Web) loadProposal(r *req, kind approval.Kind, id string, version int) (*proposalPage, error) {
	d, err := r.desk()
	if err != nil {
		return nil, err
	}
	ctx, store := r.ctx(), w.App.Store
	o := &proposalPage{r: r, d: d}
	if _, known := readers[kind]; !known {
		return nil, fault.Missing("notfound")
	}
	if o.all, err = store.Proposals(ctx, kind, id, maxVersions); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(o.all, func(p app.Proposal) bool { return p.Version == version || version == 0 && p.State == "" })
	if i < 0 && version == 0 && len(o.all) > 0 {
		i = 0
	}
	if i < 0 || !r.mayRead(o.all[i]) {
		return nil, fault.Missing("notfound")
	}
	o.p = o.all[i]
	if b := slices.IndexFunc(o.all, func(p app.Proposal) bool { return p.Version == o.p.Base && o.p.Base > 0 }); b >= 0 {
		o.base = &o.all[b]
	}
	if o.inForce, err = store.InForceVersion(ctx, kind, id); err != nil {
		return nil, err
	}
	if o.decisions, err = store.DecisionsOf(ctx, kind, id, o.p.Version); err != nil {
		return nil, err
	}
	if o.tally, err = app.TallyOf(o.p, d.frame.Set, d.signers, o.decisions, r.now); err != nil {
		return nil, err
	}
	o.why = o.tally.May(d.signer(r.me.ID))
	events, err := store.Timeline(ctx, string(kind), id)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if _, ok := r.t.ProposalEvent(e.Action); ok && e.Version == o.p.Version {
			o.events = append(o.events, e)
			if e.Action == string(kind)+".proposed" {
				o.reason = e.Text
			}
		}
	}
	return o, nil
}

// whole: this reader sees cut values whole, because they made or decide this.
func (o *proposalPage) whole() bool {
	return o.p.By.Person == o.r.me.ID || o.p.State == "" && o.why == approval.Can
}

func (o *proposalPage) href(tail string) templ.SafeURL {
	return templ.SafeURL(changeHref(o.p.Kind, o.p.ID, 0) + tail)
}

// describe is what the version changes, in words.
func (o *proposalPage) describe(p app.Proposal, base *app.Proposal) (change, error) {
	do, known := describers[p.Kind]
	if !known {
		return change{}, nil
	}
	return do(o.r, p, base, o.whole())
}

// sidesOf puts equal labels side by side: what differs, and what stays.
func sidesOf(c change) (rows, same []templates.SideRow) {
	left := map[string][]string{}
	for _, f := range c.Old {
		left[f.Label] = append(left[f.Label], f.Value)
	}
	for _, f := range c.New {
		was := left[f.Label]
		switch {
		case len(was) == 0:
			rows = append(rows, templates.SideRow{Label: f.Label, New: f.Value, Kind: "added"})
			continue
		case was[0] == f.Value:
			same = append(same, templates.SideRow{Label: f.Label, Old: was[0], New: f.Value, Kind: "same"})
		default:
			rows = append(rows, templates.SideRow{Label: f.Label, Old: was[0], New: f.Value, Kind: "changed"})
		}
		left[f.Label] = was[1:]
	}
	for _, f := range c.Old {
		if was := left[f.Label]; len(was) > 0 {
			rows = append(rows, templates.SideRow{Label: f.Label, Old: was[0], Kind: "removed"})
			left[f.Label] = was[1:]
		}
	}
	return rows, same
}

// stateShape is the drawn shape of how a proposal stands: the shapes of payouts, without their words.
var stateShape = map[string]string{"": "pending_approval", app.Effective: "approved", "rejected": "rejected", app.Withdrawn: "cancelled", app.Lapsed: "expired", app.Stopped: "cancelled"}

func (o *proposalPage) title() string {
	return lang.Fill(o.r.t.Proposals().TitleOne, lang.Label(o.r.t.Proposals().Kinds, string(o.p.Kind)), o.p.Version)
}

func (o *proposalPage) view(was said) (*templates.ProposalView, error) {
	r, t, p := o.r, o.r.t.Proposals(), o.p
	c, err := o.describe(p, o.base)
	if err != nil {
		return nil, err
	}
	v := &templates.ProposalView{Title: o.title(), State: stateShape[p.State], StateText: lang.Label(t.States, p.State), Notes: c.Notes, Raw: pretty(p.Doc)}
	v.Crumb = o.crumb()
	if c.Title != "" {
		v.Facts = append(v.Facts, templates.Fact{Label: t.What, Value: c.Title})
	}
	v.Facts = append(v.Facts, templates.Fact{Label: t.By, Value: o.d.name(r.t, p.By.Person)}, templates.Fact{Label: t.At, Value: lang.Moment(r.tag, p.At, r.now)})
	if o.reason != "" {
		v.Facts = append(v.Facts, templates.Fact{Label: t.Reason, Value: o.reason})
	}
	v.OldHead, v.NewHead = t.Old, t.New
	if o.base != nil {
		v.OldHead = lang.Fill(t.OldVersion, o.base.Version)
		if p.State != "" {
			v.OldHead = lang.Fill(t.WasVersion, o.base.Version)
		}
	}
	v.NewHead = lang.Fill(t.NewVersion, p.Version)
	v.Rows, v.Same = sidesOf(c)
	v.SameLine = r.t.N(t.Same, len(v.Same))
	for _, w := range c.Warnings {
		v.Warnings = append(v.Warnings, templates.Warning{Text: w})
	}
	for _, x := range o.all {
		if x.Version != p.Version && len(v.Versions) < 20 {
			v.Versions = append(v.Versions, templates.Link{Href: templ.SafeURL(changeHref(p.Kind, p.ID, x.Version)), Label: lang.Fill(r.t.Common.Version, x.Version)})
		}
	}
	if p.State == "" {
		v.Signs, v.SignsText = circles(r, o.tally, o.why == approval.Can)
		if p.EffectAt.IsZero() {
			v.Urgent = r.expires(p.At.Add(time.Duration(o.d.frame.Set.ExpiryDays) * 24 * time.Hour))
		}
	}
	if d, off := o.d.people[p.By.Person]; off && d.Suspended && p.State == "" {
		v.Notes = append(v.Notes, lang.Fill(t.ByOff, lang.ShortName(d.Name)))
	}
	v.Panel = o.panel(was)
	if p.Kind == approval.Verdict {
		if err := o.verdictView(v); err != nil {
			return nil, err
		}
	}
	v.MoveBold, v.MoveText = o.move()
	for i, e := range o.events {
		line, _ := r.t.ProposalEvent(e.Action)
		_, line, _ = strings.Cut(line, ": ")
		ev := templates.Event{At: e.At.In(lang.Moscow).Format("15:04:05"), Tone: "people", Text: upperFirst(line) + ": " + o.d.short(r.t, e.Person)}
		if i == 0 || !lang.StartOfDay(o.events[i-1].At).Equal(lang.StartOfDay(e.At)) {
			ev.Day = lang.Day(r.tag, e.At, r.now)
		}
		if e.Text != "" {
			ev.Notes = []string{lang.Fill(r.t.More().Quote, e.Text)}
		}
		v.Timeline = append(v.Timeline, ev)
	}
	pay := r.t.Payout
	v.Tech = []templates.Fact{{Label: pay.VersionCode, Value: p.Digest[:min(8, len(p.Digest))], Mono: true}, {Label: pay.VersionCodeWhole, Value: p.Digest, Mono: true, Copy: true},
		{Label: t.Op, Value: p.Op, Mono: true}, {Label: t.RuleSet, Value: lang.Fill(r.t.Common.Version, p.RuleSet)}}
	if o.base != nil {
		v.Tech = append(v.Tech, templates.Fact{Label: t.Base, Value: strconv.Itoa(o.base.Version)})
	}
	if p.Kind == approval.Rules && p.State != "" && app.MayPropose(r.me.Person, p.Kind) && p.Version != o.inForce {
		v.Actions = append(v.Actions, templates.Link{Href: templ.SafeURL("/settings/rules/edit?from=" + strconv.Itoa(p.Version)), Label: lang.Fill(r.t.Rules().GoBack, p.Version)})
	}
	return v, nil
}

// crumb leads to where this kind is kept, if the reader may open it, else to their queue.
func (o *proposalPage) crumb() templates.Link {
	r, label := o.r, lang.Label(o.r.t.Proposals().Kinds, string(o.p.Kind))
	for kind, to := range map[approval.Kind]string{approval.Rules: "/settings/rules", approval.Limit: "/settings/limits", approval.Person: "/settings/people", approval.Keys: "/settings/bank", approval.Payee: "/payees", approval.Match: "/reports"} {
		if kind == o.p.Kind && r.may(readers[kind]) {
			return templates.Link{Href: templ.SafeURL(to), Label: label}
		}
	}
	if r.may(app.Queue) {
		return templates.Link{Href: "/approvals", Label: r.t.Queue.Title}
	}
	return templates.Link{Href: "/", Label: r.t.Frame.Overview}
}

func pretty(doc []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, doc, "", "  ") != nil {
		return string(doc)
	}
	return b.String()
}

// circles are the marks of a tally for one reader.
func circles(r *req, t approval.Tally, mine bool) (marks, text string) {
	marks = strings.Repeat("g", len(t.Given))
	for i := range t.Open {
		if i == 0 && mine {
			marks += "m"
		} else {
			marks += "e"
		}
	}
	return marks, lang.Fill(r.t.Common.Of, len(t.Given), t.Needed())
}

// expires says that an approval expires today or tomorrow; "" while there is more time.
func (r *req) expires(at time.Time) string {
	t := r.t.Proposals()
	today := calendar.DayOf(r.now)
	switch calendar.DayOf(at) {
	case today:
		return lang.Fill(t.ExpiresToday, lang.ClockShort(r.tag, at))
	case today.Add(1):
		return lang.Fill(t.ExpiresTomorrow, lang.ClockShort(r.tag, at))
	}
	if at.Before(r.now) { // it lapses with the next look of the clock
		return lang.Fill(t.ExpiresToday, lang.ClockShort(r.tag, at))
	}
	return ""
}

func (o *proposalPage) could() string {
	return strings.Join(couldNames(o.tally.Could(o.d.signers)), ", ")
}

func (o *proposalPage) move() (bold, text string) {
	t, p := o.r.t, o.p
	if p.State != "" {
		who := o.d.short(t, p.EndedBy.Person)
		return "", lang.Fill(t.Proposals().OverBy, who, lang.Moment(o.r.tag, p.EndedAt, o.r.now))
	}
	if !p.EffectAt.IsZero() {
		return "", lang.Fill(t.Proposals().EffectAt, lang.Moment(o.r.tag, p.EffectAt, o.r.now))
	}
	could := o.could()
	switch {
	case o.why == approval.Can:
		return t.Payout.YourMove, t.Proposals().MoveYours
	case could == "":
		return "", t.Proposals().NobodyText
	}
	return "", lang.Fill(t.Proposals().OthersText, could)
}

func (o *proposalPage) hidden() []templates.Hidden {
	return []templates.Hidden{{Name: "version", Value: strconv.Itoa(o.p.Version)}, {Name: "digest", Value: o.p.Digest}}
}

func (o *proposalPage) panel(was said) *templates.Panel {
	r, t, p := o.r, o.r.t.Proposals(), o.p
	v := &templates.Panel{Error: was.err}
	for _, g := range o.tally.Given {
		s := templates.Signature{Mark: "given", Text: g.Name}
		for _, x := range o.decisions {
			if x.Person == g.ID && x.Answer == approval.Yes {
				s.At = clockDay(r, x.At)
			}
		}
		v.Signs = append(v.Signs, s)
	}
	if p.State != "" {
		v.Kind, v.Title, v.Text = "ended", t.Over, []string{lang.Label(t.OverText, p.State)}
		return v
	}
	could := o.could()
	if p.EffectAt.IsZero() {
		for i := range o.tally.Open {
			s := templates.Signature{Mark: "empty", Text: lang.Fill(r.t.Panel.AnyOf, could)}
			if could == "" {
				s.Text = r.t.Form.NobodyCan
			}
			if i == 0 && o.why == approval.Can {
				s = templates.Signature{Mark: "mine", Bold: r.t.Panel.You}
			}
			v.Signs = append(v.Signs, s)
		}
	}
	others := lang.Fill(t.OthersText, could)
	if could == "" {
		others = t.NobodyText
	}
	mine := p.By.Person == r.me.ID
	decide := &templates.Decide{Approve: o.href("/approve"), Reject: o.href("/reject"), Digest: p.Digest, Version: strconv.Itoa(p.Version), Reason: was.reason, ReasonError: was.reasonErr, RejectLabel: t.Refuse}
	switch {
	case o.why == approval.Can:
		v.Kind, v.Tone, v.Title, v.Text = "decide", "people", t.Yours, []string{t.ThenEffect}
		if !o.tally.LastWith(o.d.signer(r.me.ID)) {
			v.Text = []string{lang.Fill(t.ThenNext, o.tally.Open-1)}
		}
		v.Decide, decide.Label = decide, t.Approve
	case mine:
		v.Kind, v.Title, v.Text = "own", t.Own, []string{lang.Fill(t.OwnText, could)}
		if could == "" {
			v.Text = []string{t.NobodyText}
		}
	case o.why == approval.Barred:
		v.Kind, v.Title, v.Text = "about", t.About, []string{lang.Fill(t.AboutText, could)}
		if could == "" {
			v.Text = []string{t.NobodyText}
		}
	default:
		v.Kind, v.Title, v.Text = "others", t.Others, []string{others}
		if app.MayDecideOn(r.me.Person, p.Kind) {
			v.Decide = decide
		}
		if o.why == approval.Already {
			v.Acts = append(v.Acts, templates.Act{Action: o.href("/back"), Label: r.t.Panel.TakeBack, Hidden: o.hidden(), TestID: "back"})
		}
	}
	if mine && app.MayWithdraw(r.me.Person, p.Kind, p.ID) {
		v.Acts = append(v.Acts, templates.Act{Action: o.href("/withdraw"), Label: t.Withdraw, Hidden: o.hidden(), TestID: "withdraw"})
	}
	if !p.EffectAt.IsZero() {
		v.Title, v.Text = t.Takes, append([]string{lang.Fill(t.EffectAt, lang.Moment(r.tag, p.EffectAt, r.now))}, v.Text...)
		v.Cancel = &templates.ReasonAct{Action: o.href("/stop"), Summary: t.Stop, Label: t.StopReason, Button: t.StopButton, Keep: t.Keep, Hidden: o.hidden(),
			Value: was.cancelReason, Error: was.cancelErr, Open: was.cancelErr != ""}
	}
	return v
}

func (w *Web) change(r *req) error { // GET /changes/:kind/:id
	version, _ := strconv.Atoi(r.QueryParam("version")) // what is no number is the one that is open
	return w.showProposal(r, http.StatusOK, version, said{})
}

func (w *Web) showProposal(r *req, status, version int, was said) error {
	o, err := w.loadProposal(r, approval.Kind(r.Param("kind")), r.Param("id"), version)
	if err != nil {
		return err
	}
	section := templates.SectionSettings
	switch o.p.Kind {
	case approval.Payee:
		section = templates.SectionNone
	case approval.Match:
		section = templates.SectionReports
	}
	if o.p.Kind == approval.Verdict {
		section = templates.SectionUnknown
	}
	p, err := r.page(o.title(), section)
	if err != nil {
		return err
	}
	v, err := o.view(was)
	if err != nil {
		return err
	}
	return r.show(status, templates.Proposal(p, v))
}

// proof is what the form carries to show that the person is there.
func (r *req) proof() app.Proof {
	f := r.Request().PostForm
	return app.Proof{Challenge: f.Get("challenge"), Response: []byte(f.Get("response")), Code: strings.TrimSpace(f.Get("code"))}
}

// settle is the common shape of one person's act on one proposal: parse, one use case, back to the proposal; a refusal is shown on its own
// page, filled in.
func (w *Web) settle(r *req, do func(kind approval.Kind, id, seen, reason string) error) error {
	kind, id, form := approval.Kind(r.Param("kind")), r.Param("id"), r.Request().PostForm
	if _, known := readers[kind]; !known {
		return fault.Missing("notfound")
	}
	seen, reason := digestSeen(form), form.Get("reason")
	version, _ := strconv.Atoi(form.Get("version")) // without one the latest is shown
	r.here = changeHref(kind, id, version)
	err := do(kind, id, seen, reason)
	fs := fault.As(err)
	switch {
	case err == nil:
		return r.see(r.here)
	case len(fs) == 0:
		return err
	case fs[0].Kind == fault.Invalid:
		was := said{reason: reason}
		if f := fs.Field("reason"); f != nil && strings.HasSuffix(r.rt.path, "/stop") {
			was = said{cancelReason: reason, cancelErr: say(r.t, f)}
		} else if f != nil {
			was.reasonErr = say(r.t, f)
		} else {
			was.err = &templates.FieldError{Field: first(fs[0].Field, "form"), Text: say(r.t, fs[0])}
		}
		return w.showProposal(r, http.StatusUnprocessableEntity, version, was)
	case fs[0].Kind == fault.Conflict:
		return w.proposalMoved(r, kind, id, seen, reason, fs[0])
	}
	return err
}

// proposalMoved says that a proposal moved while the page was open: what was on the screen, and what is now.
func (w *Web) proposalMoved(r *req, kind approval.Kind, id, seen, reason string, cause *fault.Error) error {
	o, err := w.loadProposal(r, kind, id, 0)
	if err != nil {
		return err
	}
	t := r.t.Proposals()
	v := &templates.ConflictView{What: t.Moved, Kept: r.t.Error.MovedKept, Do: r.t.Error.DoReload, Code: token(4), Links: []templates.Link{{Href: o.href(""), Label: t.Back}}}
	if cause.Code != "approve.moved" {
		v.What = say(r.t, cause)
	}
	if i := slices.IndexFunc(o.all, func(p app.Proposal) bool { return p.Digest == seen }); i >= 0 && o.all[i].Version != o.p.Version {
		c, err := o.describe(o.p, &o.all[i])
		if err != nil {
			return err
		}
		rows, _ := sidesOf(c)
		d := &templates.Diff{Title: t.MovedDiff}
		for _, x := range rows {
			line := templates.DiffLine{Label: x.Label}
			if x.Old != "" {
				line.Parts = append(line.Parts, templates.DiffPart{Kind: '-', Text: x.Old}, templates.DiffPart{Kind: ' ', Text: " "})
			}
			if x.New != "" {
				line.Parts = append(line.Parts, templates.DiffPart{Kind: '+', Text: x.New})
			}
			d.Lines = append(d.Lines, line)
		}
		if len(d.Lines) > 0 {
			v.Diff = d
		}
	}
	if reason != "" {
		v.Typed = []templates.Fact{{Label: lang.Label(r.t.Fields, "reason"), Value: reason, Copy: true}}
	}
	p, err := r.page(v.What, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(http.StatusConflict, templates.Conflict(p, v))
}

func (w *Web) acceptChange(r *req) error { // POST /changes/:kind/:id/approve
	return w.settle(r, func(kind approval.Kind, id, seen, _ string) error {
		return w.App.Accept(r.ctx(), r.me.who(), kind, id, seen, r.proof())
	})
}

func (w *Web) takeChangeBack(r *req) error { // POST /changes/:kind/:id/back
	return w.settle(r, func(kind approval.Kind, id, seen, _ string) error {
		return w.App.TakeBackOn(r.ctx(), r.me.who(), kind, id, seen)
	})
}

func (w *Web) refuseChange(r *req) error { // POST /changes/:kind/:id/reject
	return w.settle(r, func(kind approval.Kind, id, seen, reason string) error {
		return w.App.Refuse(r.ctx(), r.me.who(), kind, id, seen, reason)
	})
}

func (w *Web) withdrawChange(r *req) error { // POST /changes/:kind/:id/withdraw
	return w.settle(r, func(kind approval.Kind, id, seen, _ string) error {
		return w.App.Withdraw(r.ctx(), r.me.who(), kind, id, seen)
	})
}

func (w *Web) stopChange(r *req) error { // POST /changes/:kind/:id/stop
	return w.settle(r, func(kind approval.Kind, id, seen, reason string) error {
		return w.App.Stop(r.ctx(), r.me.who(), kind, id, seen, reason)
	})
}

// proposalRow is a line of /approvals.
func (r *req) proposalRow(d *desk, p waiting) (templates.ProposalRow, error) {
	t := r.t.Proposals()
	v := templates.ProposalRow{Href: templ.SafeURL(changeHref(p.Kind, p.ID, p.Version)), What: lang.Fill(t.TitleOne, lang.Label(t.Kinds, string(p.Kind)), p.Version), By: d.short(r.t, p.By.Person), At: lang.When(r.tag, p.At, r.now)}
	v.Mine = p.tally.May(d.signer(r.me.ID)) == approval.Can
	v.Signs, v.SignsText = circles(r, p.tally, v.Mine)
	if do, known := describers[p.Kind]; known {
		c, err := do(r, p.Proposal, nil, false)
		if err != nil {
			return v, err
		}
		switch {
		case c.Title != "" && p.Kind == approval.Rules:
			v.Detail = c.Title
		case c.Title != "":
			v.What = lang.Label(t.Kinds, string(p.Kind)) + ": " + c.Title
		}
	}
	switch {
	case !p.EffectAt.IsZero():
		v.Why = lang.Fill(t.EffectAt, lang.Moment(r.tag, p.EffectAt, r.now))
	default:
		v.Why = r.expires(p.At.Add(time.Duration(d.frame.Set.ExpiryDays) * 24 * time.Hour))
	}
	if could := p.tally.Could(d.signers); !v.Mine && v.Why == "" {
		v.Why = lang.Fill(t.Waits, strings.Join(couldNames(could), ", "))
		if len(could) == 0 {
			v.Why = t.NobodyText
		}
	}
	return v, nil
}

// proposalRows are what this reader can decide, and what they may read that waits for others.
func (r *req) proposalRows(d *desk) (mine, others []templates.ProposalRow, err error) {
	for _, p := range d.open {
		if !r.mayRead(p.Proposal) {
			continue
		}
		v, err := r.proposalRow(d, p)
		if err != nil {
			return nil, nil, err
		}
		if v.Mine {
			mine = append(mine, v)
		} else {
			others = append(others, v)
		}
	}
	return mine, others, nil
}
