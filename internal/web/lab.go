package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/internal/money"
	"countersign/internal/payee"
	"countersign/web/templates"
)

// labIn is what was asked of the laboratory.
type labIn struct {
	draft, doc, amount, maker, entry, groups, changed string
	first                                             bool
}

func (w *Web) lab(r *req) error { // GET /settings/rules/try
	in := labIn{draft: r.QueryParam("draft"), entry: "saved"}
	return w.showLab(r, http.StatusOK, in, nil, nil, nil)
}

func (w *Web) tryRules(r *req) error { // POST /settings/rules/try
	form := r.Request().PostForm
	in := labIn{draft: form.Get("draft"), doc: form.Get("doc"), amount: form.Get("amount"), maker: form.Get("maker"), entry: form.Get("entry"), groups: form.Get("groups"),
		changed: strings.TrimSpace(form.Get("changed")), first: form.Get("first") != ""}
	if in.doc != "" && in.draft == "" {
		in.draft = "doc"
	}
	set, err := w.labSet(r, in)
	if err != nil {
		return w.labRefused(r, in, err)
	}
	switch form.Get("do") {
	case "replay":
		if !w.labBusy.TryLock() {
			return fault.Slow("lab.busy", 5)
		}
		defer w.labBusy.Unlock()
		res, err := w.App.Replay(r.ctx(), set)
		if err != nil {
			return w.labRefused(r, in, err)
		}
		return w.showLab(r, http.StatusOK, in, nil, nil, &res)
	case "try":
		m := app.MadeUp{Maker: in.maker, Saved: in.entry != "free", PayeeGroups: payee.ParseGroups(in.groups), First: in.first}
		a, err := money.ParseRoubles(in.amount)
		if err != nil {
			return w.labRefused(r, in, err)
		}
		m.AmountMinor = a.Minor
		if in.changed != "" {
			if m.ChangedHours, err = strconv.Atoi(in.changed); err != nil || m.ChangedHours < 0 || m.ChangedHours > 24*365 {
				return w.labRefused(r, in, fault.Bad("changed", "rules.hours"))
			}
		}
		t, err := w.App.Try(r.ctx(), m, set)
		if err != nil {
			return w.labRefused(r, in, err)
		}
		return w.showLab(r, http.StatusOK, in, nil, &labTried{t, set}, nil)
	}
	return w.showLab(r, http.StatusOK, in, nil, nil, nil)
}

func (w *Web) labRefused(r *req, in labIn, err error) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	return w.showLab(r, http.StatusUnprocessableEntity, in, fault.As(err), nil, nil)
}

// errNoDraft: no set was chosen.
var errNoDraft = errors.New("no draft")

// labSet is the set that is to be tried. Invalid when it is none.
func (w *Web) labSet(r *req, in labIn) (approval.RuleSet, error) {
	switch n, isVersion := strings.CutPrefix(in.draft, "version:"); {
	case in.draft == "doc":
		return approval.ParseRuleSet([]byte(in.doc))
	case in.draft == "serve":
		return approval.ServeRules(), nil
	case isVersion:
		version, err := strconv.Atoi(n)
		if err != nil {
			break
		}
		p, err := w.App.Store.ProposalAt(r.ctx(), approval.Rules, app.RulesID, version)
		if fault.KindOf(err) == fault.NotFound {
			break
		}
		if err != nil {
			return approval.RuleSet{}, err
		}
		return approval.ParseRuleSet(p.Doc)
	}
	return approval.RuleSet{}, fault.Bad("draft", "lab.draft").Because(errNoDraft)
}

func (w *Web) showLab(r *req, status int, in labIn, faults fault.List, tried *labTried, res *app.LabResult) error {
	t := r.t.Lab()
	p, err := r.page(t.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	bad := func(name string) string {
		if f := faults.Field(name); f != nil {
			return say(r.t, f)
		}
		return ""
	}
	v := &templates.LabView{Doc: in.doc, First: in.first, Amount: templates.Field{Value: in.amount, Error: bad("amount")}, Groups: templates.Field{Value: in.groups, Help: t.GroupsHelp},
		Changed: templates.Field{Value: in.changed, Help: t.ChangedHelp, Error: bad("changed")}}
	for _, f := range faults {
		if !slices.Contains([]string{"amount", "changed"}, f.Field) && v.Error == "" {
			v.Error = say(r.t, f)
		}
	}
	versions, err := w.App.Store.Proposals(r.ctx(), approval.Rules, app.RulesID, 50)
	if err != nil {
		return err
	}
	option := func(value, label string) {
		v.Drafts = append(v.Drafts, templates.Option{Value: value, Label: label, Selected: value == in.draft})
	}
	if in.doc != "" {
		option("doc", t.Typed)
	}
	for _, x := range versions {
		label := t.Version
		if x.State == "" {
			label = t.OpenDraft
		}
		option("version:"+strconv.Itoa(x.Version), lang.Fill(label, x.Version))
	}
	option("serve", t.BuiltIn)
	for _, s := range d.people {
		if s.Has(auth.Maker) && !s.Suspended {
			v.Makers = append(v.Makers, templates.Option{Value: s.ID, Label: s.Name, Selected: s.ID == in.maker})
		}
	}
	slices.SortFunc(v.Makers, func(a, b templates.Option) int { return strings.Compare(a.Label, b.Label) })
	v.Entries = []templates.Option{{Value: "saved", Label: t.Saved, Selected: in.entry != "free"}, {Value: "free", Label: t.Free, Selected: in.entry == "free"}}
	if tried != nil {
		v.Tried = []templates.LabSide{w.labSide(r, lang.Fill(t.TodaySet, d.frame.Set.Version), d.frame.Set, tried.Today, tried.TodayPossible, tried.TodayLack),
			w.labSide(r, t.DraftSide, tried.set, tried.Draft, tried.DraftPossible, tried.DraftLack)}
	}
	if res != nil {
		v.Replay = w.labReplay(r, *res)
	}
	return r.show(status, templates.Lab(p, v))
}

// needLine says in one line what a need asks for: "two approvers and one senior approver".
func needLine(r *req, n approval.Need) string {
	if len(n.Blocked) > 0 {
		return lang.Fill(r.t.Lab().Blocked, r.t.BlockReason(n.Blocked[0].Reason))
	}
	var plans []string
	for _, p := range n.Plans {
		steps := make([]string, len(p.Steps))
		for i, st := range p.Steps {
			steps[i] = stepWords(r, st)
		}
		plans = append(plans, strings.Join(steps, " + "))
	}
	return strings.Join(plans, "; ")
}

func lackLine(r *req, lack []approval.Shortage) string {
	out := make([]string, len(lack))
	for i, l := range lack {
		st := l.Step
		st.Count = l.Missing
		out[i] = stepWords(r, st)
	}
	return strings.Join(out, "; ")
}

// labTried is a made-up payout with the draft that it was tried under.
type labTried struct {
	app.Tried
	set approval.RuleSet
}

func (w *Web) labSide(r *req, title string, set approval.RuleSet, st app.Standing, possible bool, lack []approval.Shortage) templates.LabSide {
	t := r.t.Lab()
	s := templates.LabSide{Title: title}
	switch {
	case len(st.Need.Blocked) > 0:
		s.Verdict, s.Tone = needLine(r, st.Need), "stop"
	case !possible:
		s.Verdict, s.Tone = lang.Fill(t.Impossible, lang.Fill(t.Lacks, lackLine(r, lack))), "stop"
	default:
		s.Verdict, s.Tone = lang.Fill(t.Possible, needLine(r, st.Need)), "paid"
	}
	for _, m := range st.Need.Matched {
		form := t.Covered
		if m.Counts {
			form = t.Counts
		}
		words := m.Rule
		if i := slices.IndexFunc(set.Rules, func(x approval.Rule) bool { return x.Name == m.Rule }); i >= 0 {
			words = lowerFirst(ruleWords(r, set.Rules[i]))
		}
		s.Lines = append(s.Lines, lang.Fill(form, words))
	}
	if approval.Soft(st.Hits) {
		s.Lines = append(s.Lines, t.Soft)
	}
	if _, hard := approval.Hard(st.Hits); hard {
		s.Lines = append(s.Lines, t.Hard)
	}
	if !st.CoolOff.IsZero() {
		s.Lines = append(s.Lines, lang.Fill(t.CoolOff, lang.Moment(r.tag, st.CoolOff, r.now)))
	}
	switch {
	case st.Sign:
		s.Lines = append(s.Lines, t.Sign)
	case st.StepUp:
		s.Lines = append(s.Lines, t.StepUp)
	}
	return s
}

func (w *Web) labReplay(r *req, res app.LabResult) *templates.LabReplay {
	t := r.t.Lab()
	out := &templates.LabReplay{Line: lang.Fill(t.Ran, r.t.N(r.t.Common.PayoutsOn, res.N), lang.Day(r.tag, res.From, r.now), lang.Day(r.tag, res.To, r.now))}
	if res.N == 0 {
		out.Line = t.None
		return out
	}
	add := func(name string, g *app.LabGroup, loud bool) {
		if g == nil || g.N == 0 {
			return
		}
		row := templates.LabGroup{Name: name, N: strconv.Itoa(g.N), Sum: sum(r.tag, g.SumMinor, false), Loud: loud}
		for _, e := range g.Examples {
			x := templates.LabExample{Href: templates.PayoutHref(string(e.ID)), No: numbered(r.t, e.Number), At: lang.Day(r.tag, e.SubmittedAt, r.now), Sum: sum(r.tag, e.AmountMinor, false),
				Was: needLine(r, e.Before), Will: needLine(r, e.After)}
			if len(e.Lack) > 0 {
				x.Will = lang.Fill(t.Lacks, lackLine(r, e.Lack))
			}
			row.Examples = append(row.Examples, x)
		}
		out.Groups = append(out.Groups, row)
	}
	add(t.Stuck, &res.Stuck, true)
	add(t.NowBlocked, res.Groups[approval.NowBlocked], true)
	add(t.More, res.Groups[approval.More], false)
	add(t.Other, res.Groups[approval.Other], false)
	add(t.Fewer, res.Groups[approval.Fewer], true)
	add(t.NowPossible, res.Groups[approval.NowPossible], true)
	add(t.Same, res.Groups[approval.SameNeed], false)
	return out
}
