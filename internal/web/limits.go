package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// limitNames are the limits in the order of the page.
var limitNames = []string{approval.LimitPayout, approval.LimitMakerDay, approval.LimitPayeeMonth, approval.LimitCompanyDay}

func boundOf(l approval.Limits, name string) approval.Bound {
	switch name {
	case approval.LimitPayout:
		return l.Payout
	case approval.LimitMakerDay:
		return l.MakerDay
	case approval.LimitPayeeMonth:
		return l.PayeeMonth
	}
	return l.CompanyDay
}

// listedValue is a listed value as this reader may see it: personal ones cut to their last four unless whole.
func (r *req) listedValue(e approval.ListEntry, whole bool) string {
	switch {
	case e.Value == "":
		return r.t.Rules().Erased
	case e.What == "payee":
		return r.payeeName(e.Value)
	case e.What == "bik" || whole:
		return e.Value
	}
	return lang.Last4(e.Value)
}

func (r *req) listName(e approval.ListEntry) string {
	if e.List == "allow" {
		return r.t.Rules().Allow
	}
	return r.t.Rules().Block
}

func (r *req) listUntil(e approval.ListEntry) string {
	if e.Until == "" {
		return r.t.Rules().Forever
	}
	if d, err := calendar.ParseDay(e.Until); err == nil {
		return lang.Fill(r.t.Rules().Until, lang.Day(r.tag, d.Start(), r.now))
	}
	return lang.Fill(r.t.Rules().Until, e.Until)
}

// limitsFacts is a version of limits and lists fact by fact.
func limitsFacts(r *req, l approval.Limits, whole bool) []templates.Fact {
	t := r.t.Rules()
	sum := func(minor int64) string {
		if minor == 0 {
			return t.NoLimit
		}
		return rubS(r.tag, minor)
	}
	var out []templates.Fact
	for _, n := range limitNames {
		b := boundOf(l, n)
		out = append(out, templates.Fact{Label: lang.Label(t.Limit, n) + ", " + lowerFirst(t.SoftWord), Value: sum(b.SoftMinor)}, templates.Fact{Label: lang.Label(t.Limit, n) + ", " + lowerFirst(t.HardWord), Value: sum(b.HardMinor)})
	}
	for _, c := range l.Ceilings {
		out = append(out, templates.Fact{Label: t.Person + ": " + r.person(c.Person), Value: sum(c.Minor)})
	}
	for _, e := range l.Lists {
		out = append(out, templates.Fact{Label: lang.Fill(t.ListLine, r.listName(e), lowerAll(lang.Label(t.Whats, e.What)), r.listedValue(e, whole)), Value: e.Reason + ", " + r.listUntil(e)})
	}
	return out
}

// lowerAll is a label within a sentence: БИК and ИНН stay as they are.
func lowerAll(s string) string {
	if strings.ToUpper(s) == s {
		return s
	}
	return lowerFirst(s)
}

func limitsOf(p app.Proposal) (approval.Limits, error) {
	l, err := approval.ParseLimits(p.Doc, p.Private, p.Commit)
	l.Version = p.Version
	return l, err
}

func limitsChange(r *req, p app.Proposal, base *app.Proposal, whole bool) (change, error) {
	l, err := limitsOf(p)
	if err != nil {
		return change{}, err
	}
	c := change{New: limitsFacts(r, l, whole)}
	var was approval.Limits
	if base != nil {
		if was, err = limitsOf(*base); err != nil {
			return change{}, err
		}
		c.Old = limitsFacts(r, was, whole)
	} else {
		c.Old = limitsFacts(r, was, whole) // no limits at all
	}
	return c, nil
}

func (w *Web) limits(r *req) error { // GET /settings/limits
	d, err := r.desk()
	if err != nil {
		return err
	}
	return w.showLimits(r, d, d.frame.Limits, nil)
}

func (w *Web) limitsVersion(r *req) error { // GET /settings/limits/versions/:n
	d, err := r.desk()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("n"))
	if err != nil {
		return fault.Missing("notfound")
	}
	p, err := w.App.Store.ProposalAt(r.ctx(), approval.Limit, app.LimitsID, n)
	if err != nil {
		return err
	}
	l, err := limitsOf(p)
	if err != nil {
		return err
	}
	return w.showLimits(r, d, l, &p)
}

func (w *Web) showLimits(r *req, d *desk, l approval.Limits, at *app.Proposal) error {
	t := r.t.Rules()
	v := &templates.LimitsView{Title: t.LimitsTitle, Lead: t.LimitsLead, ListNote: t.AllowNote}
	inForce := d.frame.Limits.Version
	use, err := w.App.UsedNow(r.ctx())
	if err != nil {
		return err
	}
	for _, n := range limitNames {
		b := boundOf(l, n)
		row := templates.LimitRow{Name: lang.Label(t.Limit, n), Soft: t.NoLimit, Hard: t.NoLimit}
		if b.SoftMinor > 0 {
			row.Soft = rub(r.tag, b.SoftMinor)
		}
		if b.HardMinor > 0 {
			row.Hard = rub(r.tag, b.HardMinor)
		}
		if at == nil {
			switch n {
			case approval.LimitCompanyDay:
				row.Used = rub(r.tag, use.CompanyDay)
			case approval.LimitMakerDay:
				row.Used = rub(r.tag, use.MakerDay)
				if use.Maker != "" {
					row.Note = lang.Fill(t.UsedNote, d.short(r.t, use.Maker))
				}
			case approval.LimitPayeeMonth:
				row.Used = rub(r.tag, use.PayeeMonth)
			}
		}
		v.Limits = append(v.Limits, row)
	}
	for _, c := range l.Ceilings {
		v.Ceilings = append(v.Ceilings, templates.Fact{Label: d.short(r.t, c.Person), Value: rubS(r.tag, c.Minor)})
	}
	today := string(calendar.DayOf(r.now))
	for _, e := range l.Lists {
		v.Lists = append(v.Lists, templates.ListRow{List: r.listName(e), What: lang.Label(t.Whats, e.What), Value: r.listedValue(e, false), Reason: e.Reason, Until: r.listUntil(e), Over: e.Until != "" && e.Until < today})
	}
	propose := app.MayPropose(r.me.Person, approval.Limit)
	if at != nil {
		pt := r.t.Proposals()
		v.Title = lang.Fill(pt.TitleOne, t.LimitsTitle, at.Version)
		v.Crumb = &templates.Link{Href: "/settings/limits", Label: t.LimitsTitle}
		v.Facts = []templates.Fact{{Label: pt.By, Value: d.name(r.t, at.By.Person), Note: lang.Moment(r.tag, at.At, r.now)},
			{Label: pt.State, Value: lang.Label(pt.States, at.State), Href: templ.SafeURL(changeHref(approval.Limit, app.LimitsID, at.Version))}}
		if propose && at.Version != inForce {
			v.Main = &templates.Link{Href: templ.SafeURL("/settings/limits/edit?from=" + strconv.Itoa(at.Version)), Label: lang.Fill(t.GoBack, at.Version)}
		}
	} else {
		if v.Versions, v.Open, err = w.versionLines(r, d, approval.Limit, app.LimitsID, "/settings/limits", inForce); err != nil {
			return err
		}
		if propose && v.Open == nil {
			v.Main = &templates.Link{Href: "/settings/limits/edit", Label: t.LimitsEdit}
		}
	}
	p, err := r.page(v.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.Limits(p, v))
}

// limitsTyped is limits and lists as they are typed.
type limitsTyped struct {
	soft, hard map[string]string
	ceilings   [][2]string // person, amount
	lists      []entryTyped
	reason     string
	seen       int
}

// entryTyped is a line of the lists.
type entryTyped struct{ list, what, value, reason, until string }

func limitsFormOf(r *req, d *desk, l approval.Limits) limitsTyped {
	f := limitsTyped{soft: map[string]string{}, hard: map[string]string{}}
	for _, n := range limitNames {
		b := boundOf(l, n)
		f.soft[n], f.hard[n] = typedMoney(r, b.SoftMinor), typedMoney(r, b.HardMinor)
	}
	for _, c := range l.Ceilings {
		f.ceilings = append(f.ceilings, [2]string{d.typedName(c.Person), typedMoney(r, c.Minor)})
	}
	for _, e := range l.Lists {
		until := ""
		if day, err := calendar.ParseDay(e.Until); e.Until != "" && err == nil {
			until = lang.FormatDayInput(day.Start())
		}
		f.lists = append(f.lists, entryTyped{list: e.List, what: e.What, value: r.formValue(e), reason: e.Reason, until: until})
	}
	return f
}

// formValue is a listed value in the form of whoever proposes: the maker of the next version sees it whole.
func (r *req) formValue(e approval.ListEntry) string {
	if e.What == "payee" {
		return r.payeeName(e.Value)
	}
	return e.Value
}

func readLimits(v url.Values) limitsTyped {
	f := limitsTyped{soft: map[string]string{}, hard: map[string]string{}, reason: v.Get("reason"), seen: bounded(v, "version", 1<<30)}
	for _, n := range limitNames {
		f.soft[n], f.hard[n] = v.Get(n+"_soft"), v.Get(n+"_hard")
	}
	for i := range bounded(v, "ceilings", 501) {
		f.ceilings = append(f.ceilings, [2]string{v.Get(fmt.Sprintf("ceiling-%d-person", i+1)), v.Get(fmt.Sprintf("ceiling-%d", i+1))})
	}
	for i := range bounded(v, "lists", 2001) {
		at := func(s string) string { return v.Get(fmt.Sprintf("list-%d-%s", i+1, s)) }
		f.lists = append(f.lists, entryTyped{list: at("list"), what: at("what"), value: at("value"), reason: at("reason"), until: at("until")})
	}
	return f
}

func (f *limitsTyped) edited(do string) bool {
	var i int
	n := func(format string) bool {
		k, err := fmt.Sscanf(do, format, &i)
		return err == nil && k == 1
	}
	switch {
	case do == "add-ceiling":
		f.ceilings = append(f.ceilings, [2]string{})
	case do == "add-entry":
		f.lists = append(f.lists, entryTyped{list: "block", what: "account"})
	case n("remove-ceiling-%d") && i >= 1 && i <= len(f.ceilings):
		f.ceilings = slices.Delete(f.ceilings, i-1, i)
	case n("remove-entry-%d") && i >= 1 && i <= len(f.lists):
		f.lists = slices.Delete(f.lists, i-1, i)
	default:
		return false
	}
	return true
}

// limits is the form as limits, with everything that is wrong at the fields of approval.Limits.Check.
func (f limitsTyped) limits(t *formInput) approval.Limits {
	var l approval.Limits
	for _, n := range limitNames {
		b := approval.Bound{SoftMinor: t.money(n+"_soft", f.soft[n]), HardMinor: t.money(n+"_hard", f.hard[n])}
		switch n {
		case approval.LimitPayout:
			l.Payout = b
		case approval.LimitMakerDay:
			l.MakerDay = b
		case approval.LimitPayeeMonth:
			l.PayeeMonth = b
		default:
			l.CompanyDay = b
		}
	}
	for i, c := range f.ceilings {
		field := fmt.Sprintf("ceiling-%d", i+1)
		x := approval.Ceiling{Minor: t.money(field, c[1])}
		if who := t.people(field+"-person", c[0]); len(who) == 1 {
			x.Person = who[0]
		}
		l.Ceilings = append(l.Ceilings, x)
	}
	for i, e := range f.lists {
		at := func(s string) string { return fmt.Sprintf("list-%d-%s", i+1, s) }
		x := approval.ListEntry{List: e.list, What: e.what, Value: strings.TrimSpace(e.value), Reason: strings.TrimSpace(e.reason)}
		switch e.what {
		case "payee":
			if ids := t.payeeIDs(at("value"), e.value); len(ids) == 1 {
				x.Value = ids[0]
			}
		default:
			x.Value = strings.Join(strings.Fields(e.value), "") // as people paste account numbers
		}
		if s := strings.TrimSpace(e.until); s != "" {
			day, err := lang.ParseDay(s)
			if fs := fault.As(err); err != nil && len(fs) > 0 {
				t.faults = append(t.faults, fault.Bad(at("until"), fs[0].Code, fs[0].Args...))
			} else if err != nil {
				t.faults = append(t.faults, fault.Bad(at("until"), "limits.until"))
			} else {
				x.Until = string(calendar.DayOf(day))
			}
		}
		l.Lists = append(l.Lists, x)
	}
	have := map[string]bool{}
	for _, e := range t.faults {
		have[e.Field] = true
		have[strings.TrimSuffix(e.Field, "-person")] = true
	}
	for _, e := range l.Check() {
		if !have[e.Field] {
			t.faults = append(t.faults, e)
		}
	}
	return l
}

func (w *Web) limitsForm(r *req) error { // GET /settings/limits/edit
	if !app.MayPropose(r.me.Person, approval.Limit) {
		return app.DenyRole(app.Propose, approval.Limit)
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	l, title := d.frame.Limits, ""
	if n, err := strconv.Atoi(r.QueryParam("from")); err == nil {
		p, err := w.App.Store.ProposalAt(r.ctx(), approval.Limit, app.LimitsID, n)
		if err != nil {
			return err
		}
		if l, err = limitsOf(p); err != nil {
			return err
		}
		title = lang.Fill(r.t.Rules().FormBack, n)
	}
	f := limitsFormOf(r, d, l)
	f.seen = d.frame.Limits.Version
	return w.showLimitsForm(r, d, http.StatusOK, f, nil, title, "")
}

func (w *Web) proposeLimits(r *req) error { // POST /settings/limits
	if !app.MayPropose(r.me.Person, approval.Limit) {
		return app.DenyRole(app.Propose, approval.Limit)
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	v := r.Request().PostForm
	f, do := readLimits(v), v.Get("do")
	r.here = "/settings/limits/edit"
	if f.edited(do) {
		return w.showLimitsForm(r, d, http.StatusOK, f, nil, "", "")
	}
	t := &formInput{d: d, r: r}
	l := f.limits(t)
	if len(t.faults) > 0 {
		return w.showLimitsForm(r, d, http.StatusUnprocessableEntity, f, t.faults, "", "")
	}
	if do != "submit" {
		return w.showLimitsForm(r, d, http.StatusOK, f, nil, "", r.t.Rules().LimitsChecked)
	}
	err = w.App.ProposeLimits(r.ctx(), r.me.who(), l, f.seen, strings.TrimSpace(f.reason))
	switch fs := fault.As(err); {
	case err == nil:
		return r.see(changeHref(approval.Limit, app.LimitsID, 0))
	case len(fs) > 0 && fs[0].Kind == fault.Invalid:
		return w.showLimitsForm(r, d, http.StatusUnprocessableEntity, f, fs, "", "")
	case len(fs) > 0 && fs[0].Kind == fault.Conflict:
		return w.showLimitsForm(r, d, http.StatusConflict, f, fs, "", "")
	}
	return err
}

func (w *Web) showLimitsForm(r *req, d *desk, status int, f limitsTyped, faults fault.List, title, done string) error {
	t := r.t.Rules()
	x := &fields{r, faults, map[*fault.Error]bool{}}
	v := &templates.SettingsFormView{Crumb: templates.Link{Href: "/settings/limits", Label: t.LimitsTitle}, Title: first(title, t.LimitsFormTitle), Lead: t.LimitsLead, Action: "/settings/limits", Check: t.Check, Submit: t.Submit, Done: done}
	v.Hidden = []templates.Hidden{{Name: "version", Value: strconv.Itoa(f.seen)}, {Name: "ceilings", Value: strconv.Itoa(len(f.ceilings))}, {Name: "lists", Value: strconv.Itoa(len(f.lists))}}
	for _, n := range limitNames {
		v.Groups = append(v.Groups, templates.FormGroup{ID: "limit-" + n, Title: lang.Label(t.Limit, n), Fields: []templates.FormField{
			x.field(n+"_soft", t.SoftWord+", ₽", f.soft[n], t.SoftHelp, "wsum"), x.field(n+"_hard", t.HardWord+", ₽", f.hard[n], t.HardHelp, "wsum")}})
	}
	ceilings := templates.FormGroup{ID: "ceilings-part", Title: t.Ceilings, Buttons: []templates.FormButton{{Value: "add-ceiling", Label: t.AddCeiling}}}
	for i, c := range f.ceilings {
		id := fmt.Sprintf("ceiling-%d", i+1)
		ceilings.Groups = append(ceilings.Groups, templates.FormGroup{ID: id + "-part", Title: fmt.Sprintf("%d", i+1), Fields: []templates.FormField{x.list(x.field(id+"-person", t.Person, c[0], "", "w20"), "people"), x.field(id, t.Ceiling, c[1], "", "wsum")},
			Buttons: []templates.FormButton{{Value: fmt.Sprintf("remove-ceiling-%d", i+1), Label: lang.Fill(t.RemoveLine, i+1)}}})
	}
	lists := templates.FormGroup{ID: "lists-part", Title: t.Lists, Words: t.AllowNote, Buttons: []templates.FormButton{{Value: "add-entry", Label: t.AddEntry}}}
	for i, e := range f.lists {
		id := func(s string) string { return fmt.Sprintf("list-%d-%s", i+1, s) }
		lists.Groups = append(lists.Groups, templates.FormGroup{ID: id("part"), Title: fmt.Sprintf("%d", i+1), Fields: []templates.FormField{x.choice(id("list"), t.List, e.list, "block", t.Block, "allow", t.Allow),
			x.choice(id("what"), t.ListWhat, e.what, "account", t.Whats["account"], "bik", t.Whats["bik"], "inn", t.Whats["inn"], "payee", t.Whats["payee"]), x.field(id("value"), t.ListValue, e.value, "", "w20"),
			x.field(id("reason"), t.ListReason, e.reason, "", "w20"), x.field(id("until"), t.ListUntil, e.until, t.UntilHelp, "w9")},
			Buttons: []templates.FormButton{{Value: fmt.Sprintf("remove-entry-%d", i+1), Label: lang.Fill(t.RemoveLine, i+1)}}})
	}
	v.Groups = append(v.Groups, ceilings, lists)
	v.Reason = x.field("reason", t.ReasonField, f.reason, "", "")
	v.Reason.Kind = "area"
	x.summary(v)
	v.Lists = r.suggestions(d)
	p, err := r.page(v.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(status, templates.SettingsForm(p, v))
}
