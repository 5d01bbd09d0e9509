package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

func init() { describers[approval.Person] = personChange }

// personChanges describe what only another room knows of a person: by op.
var personChanges = map[string]func(r *req, p app.Proposal, name string) (change, error){}

// personChange says what a proposal about a person changes, for whoever decides. A proposal that was made says what was so then.
func personChange(r *req, p app.Proposal, _ *app.Proposal, _ bool) (change, error) {
	t := r.t.Persons()
	d, err := r.desk()
	if err != nil {
		return change{}, err
	}
	there, known := d.people[p.ID]
	name := there.Name
	if do, other := personChanges[p.Op]; other {
		return do(r, p, name)
	}
	pl, err := app.ReadPerson(p)
	if err != nil {
		return change{}, err
	}
	if !known {
		if name = pl.Name; name == "" {
			name = t.Erased
		}
	}
	c := change{Title: lang.Fill(lang.Label(t.Ops, p.Op), name)}
	roles := func(rs []auth.Role) string { return r.t.RoleList(roleCodes(rs)) }
	groups := func(gs []string) string {
		if len(gs) == 0 {
			return t.NoGroups
		}
		return strings.Join(gs, ", ")
	}
	or := func(s string) string {
		if s == "" {
			return t.Erased
		}
		return s
	}
	who := templates.Fact{Label: t.Name, Value: or(name)}
	mail := templates.Fact{Label: t.FactSignIns, Value: strings.Join(there.Emails, ", ")}
	stand := []templates.Fact{{Label: t.Roles, Value: roles(pl.WasRoles)}, {Label: t.FactGroups, Value: groups(pl.WasGroups)}}
	will := []templates.Fact{{Label: t.Roles, Value: roles(pl.Roles)}, {Label: t.FactGroups, Value: groups(pl.Groups)}}
	state, pass := r.t.People.State, r.t.SignIn.Password
	set := t.ByLink
	if pl.SetByHand() {
		set = t.SetByHand
	}
	switch p.Op {
	case app.PersonAdd:
		c.New = append([]templates.Fact{who, {Label: t.Email, Value: or(pl.Email)}}, will...)
		c.New = append(c.New, templates.Fact{Label: pass, Value: set})
	case app.PersonEmail:
		c.Old, c.New = []templates.Fact{who}, []templates.Fact{who, {Label: t.Email, Value: or(pl.Email)}, {Label: pass, Value: set}}
	case app.PersonRestore:
		c.Old = append([]templates.Fact{who, mail, {Label: state, Value: t.Off}}, stand...)
		c.New = append([]templates.Fact{who, mail, {Label: state, Value: t.Works}}, will...)
	case app.PersonReset:
		c.Old = append([]templates.Fact{who, mail, {Label: pass, Value: t.OldPassword}}, stand...)
		c.New = append([]templates.Fact{who, mail, {Label: pass, Value: t.NewPassword}}, will...)
	default:
		c.Old, c.New = append([]templates.Fact{who, mail}, stand...), append([]templates.Fact{who, mail}, will...)
	}
	return c, nil
}

// comingBars say on every page who will be added by the clock unless somebody stops it.
func (r *req) comingBars(d *desk) []templates.ComingBar {
	t := r.t.Persons()
	var out []templates.ComingBar
	for _, p := range d.open {
		if p.Kind != approval.Person || p.EffectAt.IsZero() {
			continue
		}
		pl, err := app.ReadPerson(p.Proposal)
		if err != nil {
			continue // its own page says what is wrong with it
		}
		at := lang.Moment(r.tag, p.EffectAt, r.now)
		text := lang.Fill(t.Coming, pl.Name, r.t.RoleList(roleCodes(pl.Roles)), at)
		if p.Op == app.PersonEmail {
			text = lang.Fill(t.ComingEmail, d.name(r.t, p.ID), pl.Email, at)
		}
		out = append(out, templates.ComingBar{ID: p.ID, Text: text, Href: templ.SafeURL(changeHref(p.Kind, p.ID, 0))})
	}
	return out
}

// person finds the person of this address.
func (w *Web) personOf(r *req) (app.PersonRow, []app.PersonRow, error) {
	all, err := w.App.Store.AllPeople(r.ctx())
	if err != nil {
		return app.PersonRow{}, nil, err
	}
	i := slices.IndexFunc(all, func(p app.PersonRow) bool { return p.ID == r.Param("id") })
	if i < 0 {
		return app.PersonRow{}, nil, fault.Missing("people.none")
	}
	return all[i], all, nil
}

// typedPerson is what a refused form on a person's page held.
type typedPerson struct {
	form   string // "change", "suspend", "restore", "reset", "link"
	roles  []string
	groups string
	reason string
	faults fault.List
}

func (w *Web) personPage(r *req) error { // GET /settings/people/:id
	return w.showPerson(r, http.StatusOK, typedPerson{})
}

func (w *Web) showPerson(r *req, status int, was typedPerson) error {
	t := r.t.Persons()
	p, all, err := w.personOf(r)
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	v := &templates.PersonPageView{ID: p.ID, Name: p.Name, Off: p.Suspended, Notes: personNotes(r, p)}
	if v.State, err = w.personState(r, d, p); err != nil {
		return err
	}
	v.Facts = personFacts(r, p, v.State)
	for _, f := range was.faults {
		if f.Field == "" || f.Field == "form" {
			v.Error = &templates.FieldError{Field: "form", Text: say(r.t, f)}
		}
	}
	if v.Waiting, err = r.personProposals(d, p.ID); err != nil {
		return err
	}
	past, err := w.App.Store.Proposals(r.ctx(), approval.Person, p.ID, 20)
	if err != nil {
		return err
	}
	inForce := 0
	for _, x := range past {
		if x.State == app.Effective {
			inForce = max(inForce, x.Version)
		}
		if x.State != "" {
			v.Versions = append(v.Versions, templates.Link{Href: templ.SafeURL(changeHref(x.Kind, x.ID, x.Version)),
				Label: lang.Label(t.OpsShort, x.Op) + ", " + lang.When(r.tag, x.EndedAt, r.now)})
		}
	}
	switch {
	case !r.may(app.ChangePeople):
		v.WhyNot = t.Auditor
	case p.ID == r.me.ID:
		v.WhyNot = t.Own
	default:
		if err := w.offerPerson(r, v, p, all, inForce, was); err != nil {
			return err
		}
	}
	page, err := r.page(p.Name, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(status, templates.PersonPage(page, v))
}

func personFacts(r *req, p app.PersonRow, state string) []templates.Fact {
	t := r.t.Persons()
	since := lang.Moment(r.tag, p.CreatedAt, r.now)
	f := []templates.Fact{{Label: t.FactSignIns, Value: strings.Join(p.Emails, ", ")}, {Label: t.Roles, Value: r.t.RoleList(roleCodes(p.Roles))}, {Label: t.FactGroups, Value: t.NoGroups},
		{Label: r.t.People.State, Value: state}, {Label: t.FactAdded, Value: since}}
	if len(p.Groups) > 0 {
		f[2].Value = strings.Join(p.Groups, ", ")
	}
	if p.Founding {
		f[4].Note = t.FactFounding
	}
	if !p.ApproverSince.IsZero() && (p.Has(auth.Approver) || p.Has(auth.Admin)) {
		f = append(f, templates.Fact{Label: t.FactSince, Value: lang.Moment(r.tag, p.ApproverSince, r.now)})
	}
	return f
}

// offerPerson fills in what an administrator can do about somebody else.
func (w *Web) offerPerson(r *req, v *templates.PersonPageView, p app.PersonRow, all []app.PersonRow, inForce int, was typedPerson) error {
	t := r.t.Persons()
	base := "/settings/people/" + p.ID
	hidden := []templates.Hidden{{Name: "base", Value: strconv.Itoa(inForce)}}
	act := func(form, summary, button string) *templates.ReasonAct {
		a := &templates.ReasonAct{Action: templ.SafeURL(base + "/" + form), Summary: summary, Label: t.Reason, Button: button, Keep: r.t.People.Keep, Hidden: hidden}
		if was.form == form {
			a.Value, a.Open = was.reason, true
			if f := was.faults.Field("reason"); f != nil {
				a.Error = say(r.t, f)
			}
		}
		return a
	}
	if len(v.Waiting) == 0 {
		switch {
		case p.Suspended:
			v.Restore = act("restore", t.RestoreTitle, t.RestoreButton)
		default:
			v.Reset = act("reset", t.ResetTitle, t.ResetButton)
			f := personForm(r, templ.SafeURL(base+"/change"), roleCodes(p.Roles), strings.Join(p.Groups, ", "), "", nil, all)
			if was.form == "change" {
				f = personForm(r, templ.SafeURL(base+"/change"), was.roles, was.groups, was.reason, was.faults, all)
			}
			f.Hidden, f.Button = hidden, t.ProposeChange
			v.Form = &f
		}
	}
	if p.Suspended {
		return nil
	}
	links, err := w.App.Store.OpenEnrolmentsOf(r.ctx(), p.ID)
	if err != nil {
		return err
	}
	for _, email := range p.Waiting {
		l := templates.LinkLine{Act: templates.Act{Action: templ.SafeURL(base + "/link"), Label: lang.Fill(t.LinkButton, email), Hidden: []templates.Hidden{{Name: "email", Value: email}}, TestID: "make-link"}}
		for _, e := range links {
			if e.Email == email && r.now.Before(e.ExpiresAt) {
				l.Note = lang.Fill(t.LinkOpen, email, lang.Moment(r.tag, e.ExpiresAt, r.now))
			}
		}
		v.Links = append(v.Links, l)
	}
	admins := 0
	for _, o := range all {
		if o.May(auth.Admin) {
			admins++
		}
	}
	if v.Suspend, v.Stay = suspendAct(r, p, admins); v.Suspend != nil {
		stuck, err := w.App.WithoutPerson(r.ctx(), p.ID)
		if err != nil {
			return err
		}
		v.Risk = stuckLines(r, stuck)
		if was.form == "suspend" {
			v.Suspend.Value, v.Suspend.Open = was.reason, true
			if f := was.faults.Field("reason"); f != nil {
				v.Suspend.Error = say(r.t, f)
			}
		}
	}
	return nil
}

// formRoles are the roles of a form, in the order in which they are written.
var formRoles = []auth.Role{auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin}

// personForm is a form with what was typed.
func personForm(r *req, to templ.SafeURL, roles []string, groups, reason string, faults fault.List, all []app.PersonRow) templates.PersonForm {
	t := r.t.Persons()
	bad := func(name string) string { return say(r.t, faults.Field(name)) }
	f := templates.PersonForm{Action: to, RolesError: bad("roles"), Groups: templates.Field{Value: groups, Help: t.GroupsHelp, Error: bad("groups")},
		Reason: templates.Field{Value: reason, Help: t.ReasonHelp, Error: bad("reason")}}
	if known := groupFacts(all); len(known) > 0 {
		var names []string
		for _, g := range known[:min(len(known), 12)] {
			names = append(names, g.Label)
		}
		f.Groups.Help = lang.Fill(t.GroupsKnown, strings.Join(names, ", "))
	}
	for _, role := range formRoles {
		f.Roles = append(f.Roles, templates.RoleChoice{Value: string(role), Label: lang.Label(r.t.Roles, string(role)), Help: lang.Label(t.RoleHelp, string(role)), On: slices.Contains(roles, string(role))})
	}
	for _, x := range faults {
		if x.Field == "" || x.Field == "form" {
			f.Error = &templates.FieldError{Field: "form", Text: say(r.t, x)}
		}
	}
	return f
}

func (w *Web) newPerson(r *req) error { // GET /settings/people/new
	return w.showNewPerson(r, http.StatusOK, app.PersonDraft{}, nil)
}

func (w *Web) showNewPerson(r *req, status int, d app.PersonDraft, faults fault.List) error {
	t := r.t.Persons()
	all, err := w.App.Store.AllPeople(r.ctx())
	if err != nil {
		return err
	}
	f := personForm(r, "/settings/people", d.Roles, d.Groups, d.Reason, faults, all)
	f.New, f.Button = true, t.Propose
	f.Name = templates.Field{Value: d.Name, Help: t.NameHelp, Error: say(r.t, faults.Field("name"))}
	f.Email = templates.Field{Value: d.Email, Help: t.EmailHelp, Error: say(r.t, faults.Field("email"))}
	p, err := r.page(t.NewTitle, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(status, templates.NewPerson(p, &templates.NewPersonView{Form: f}))
}

func (w *Web) proposePerson(r *req) error { // POST /settings/people
	f := r.Request().PostForm
	d := app.PersonDraft{Name: f.Get("name"), Email: f.Get("email"), Roles: f["roles"], Groups: f.Get("groups"), Reason: f.Get("reason")}
	id, err := w.App.ProposePerson(r.ctx(), r.me.who(), d)
	if fault.KindOf(err) == fault.Invalid {
		return w.showNewPerson(r, http.StatusUnprocessableEntity, d, fault.As(err))
	}
	if err != nil {
		return err
	}
	return r.see(changeHref(approval.Person, id, 0))
}

// proposeAbout is one proposal about somebody who is there; what was refused stands on their page, as typed.
func (w *Web) proposeAbout(r *req, form string, do func(id string, seen int, reason string) error) error {
	f, id := r.Request().PostForm, r.Param("id")
	seen, _ := strconv.Atoi(f.Get("base")) // what is no number is no version in force
	err := do(id, seen, f.Get("reason"))
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return w.showPerson(r, http.StatusUnprocessableEntity, typedPerson{form: form, roles: f["roles"], groups: f.Get("groups"), reason: f.Get("reason"), faults: fault.As(err)})
	case err != nil:
		return err
	}
	return r.see(changeHref(approval.Person, id, 0))
}

func (w *Web) changePerson(r *req) error { // POST /settings/people/:id/change
	f := r.Request().PostForm
	return w.proposeAbout(r, "change", func(id string, seen int, reason string) error {
		return w.App.ProposePersonChange(r.ctx(), r.me.who(), id, f["roles"], f.Get("groups"), seen, reason)
	})
}

func (w *Web) restorePerson(r *req) error { // POST /settings/people/:id/restore
	return w.proposeAbout(r, "restore", func(id string, seen int, reason string) error {
		return w.App.ProposeRestore(r.ctx(), r.me.who(), id, seen, reason)
	})
}

func (w *Web) resetPerson(r *req) error { // POST /settings/people/:id/reset
	return w.proposeAbout(r, "reset", func(id string, seen int, reason string) error {
		return w.App.ProposeReset(r.ctx(), r.me.who(), id, seen, reason)
	})
}
