package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

func (w *Web) people(r *req) error { // GET /settings/people
	return w.showPeople(r, http.StatusOK, "", "", nil)
}

// showPeople lists the people; a refused suspension stands open at its person.
func (w *Web) showPeople(r *req, status int, at, typed string, refused *fault.Error) error {
	t := r.t.People
	all, err := w.App.Store.AllPeople(r.ctx())
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	pt := r.t.Persons()
	v := &templates.PeopleView{Note: t.Note, Bank: r.may(app.ReadBank), Lead: pt.Lead}
	if r.may(app.ChangePeople) {
		v.New = "/settings/people/new"
	}
	admins := 0
	for _, p := range all {
		if p.Has(auth.Admin) && !p.Suspended && len(p.Waiting) < len(p.Emails) {
			admins++
		}
	}
	for _, p := range all {
		row := templates.PersonRow{ID: p.ID, Name: p.Name, Email: strings.Join(p.Emails, ", "), Roles: r.t.RoleList(roleCodes(p.Roles)), Off: p.Suspended, Seen: lang.When(r.tag, p.LastSeen, r.now)}
		if p.LastSeen.IsZero() {
			row.Seen = t.Never
		}
		if row.State, err = w.personState(r, d, p); err != nil {
			return err
		}
		row.Notes = personNotes(r, p)
		if r.may(app.Suspend) && !p.Suspended {
			row.Suspend, row.WhyNot = suspendAct(r, p, admins)
			if row.Suspend != nil && p.ID == at {
				row.Suspend.Value, row.Suspend.Error, row.Suspend.Open = typed, say(r.t, refused), true
			}
		}
		v.Rows = append(v.Rows, row)
	}
	v.Groups = groupFacts(all)
	if v.Waiting, err = r.personProposals(d, ""); err != nil {
		return err
	}
	stuck, err := w.App.Deadlocks(r.ctx())
	if err != nil {
		return err
	}
	v.Stuck = stuckLines(r, stuck)
	p, err := r.page(t.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(status, templates.People(p, v))
}

// personState is whether somebody works, and who suspended them when.
func (w *Web) personState(r *req, d *desk, p app.PersonRow) (string, error) {
	t := r.t.People
	if !p.Suspended {
		return t.Working, nil
	}
	by := r.t.Roles["system"]
	events, err := w.App.Store.Timeline(r.ctx(), "person", p.ID)
	if err != nil {
		return "", err
	}
	for _, e := range events {
		if e.Action == "person.suspended" {
			by = d.short(r.t, e.Person)
		}
	}
	return lang.Fill(t.Suspended, lang.When(r.tag, p.SuspendedAt, r.now), by), nil
}

// personNotes are what is not yet as it will be: no password, approvals that do not count, a bound by day.
func personNotes(r *req, p app.PersonRow) []string {
	t := r.t.Persons()
	if p.Suspended {
		return nil
	}
	var out []string
	if len(p.Waiting) > 0 {
		out = append(out, lang.Fill(t.WaitsLink, strings.Join(p.Waiting, ", ")))
	}
	if p.Has(auth.Approver) || p.Has(auth.Admin) {
		if r.now.Before(p.QuietUntil) {
			out = append(out, lang.Fill(t.StateQuiet, lang.Moment(r.tag, p.QuietUntil, r.now)))
		}
		if p.Has(auth.Approver) && r.now.Before(p.CappedUntil) {
			out = append(out, lang.Fill(t.StateNew, lang.Moment(r.tag, p.CappedUntil, r.now)))
		}
	}
	return out
}

// suspendAct is the form that suspends somebody, or why there is none.
func suspendAct(r *req, p app.PersonRow, admins int) (*templates.ReasonAct, string) {
	t := r.t.People
	switch {
	case p.ID == r.me.ID:
		return nil, t.Self
	case p.Has(auth.Admin) && admins <= 2:
		return nil, t.LastAdmins
	}
	return &templates.ReasonAct{Action: templ.SafeURL("/settings/people/" + p.ID + "/suspend"), Summary: t.Suspend, Label: t.SuspendReason, Button: t.SuspendButton, Keep: t.Keep}, ""
}

// groupFacts are the groups in use with who is in them.
func groupFacts(all []app.PersonRow) []templates.Fact {
	in := map[string][]string{}
	for _, p := range all {
		for _, g := range p.Groups {
			in[g] = append(in[g], lang.ShortName(p.Name))
		}
	}
	var out []templates.Fact
	for _, g := range slices.Sorted(maps.Keys(in)) {
		out = append(out, templates.Fact{Label: g, Value: strings.Join(in[g], ", ")})
	}
	return out
}

func stuckLines(r *req, stuck []app.Undecidable) []string {
	out := make([]string, len(stuck))
	for i, s := range stuck {
		out[i] = say(r.t, s.Fault("people.deadlock"))
	}
	return slices.Compact(out)
}

// personProposals are the open proposals about people, or about one.
func (r *req) personProposals(d *desk, id string) ([]templates.ProposalRow, error) {
	var out []templates.ProposalRow
	for _, p := range d.open {
		if p.Kind != approval.Person || id != "" && p.ID != id {
			continue
		}
		row, err := r.proposalRow(d, p)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

func (w *Web) suspend(r *req) error { // POST /settings/people/:id/suspend
	id, reason := r.Param("id"), r.Request().PostForm.Get("reason")
	err := w.App.SuspendPerson(r.ctx(), r.me.who(), id, reason)
	if f := fault.As(err).Field("reason"); f != nil {
		return w.showPeople(r, http.StatusUnprocessableEntity, id, reason, f)
	}
	if err != nil {
		return err
	}
	w.Hub.EndPerson(id)
	return r.see("/settings/people")
}

func (w *Web) account(r *req) error { // GET /account
	done := ""
	if r.QueryParam("done") == "password" {
		done = r.t.Account.Changed
	}
	return w.showAccount(r, http.StatusOK, nil, done)
}

func (w *Web) showAccount(r *req, status int, faults fault.List, done string) error {
	t := r.t.Account
	p, err := r.page(t.Title, templates.SectionAccount)
	if err != nil {
		return err
	}
	bad := func(names ...string) string {
		for _, n := range names {
			if f := faults.Field(n); f != nil {
				return say(r.t, f)
			}
		}
		return ""
	}
	idle := time.Duration(p.Session.IdleSeconds) * time.Second
	v := &templates.AccountView{Keys: p.Keys, Lang: string(r.tag), Theme: p.Theme, Done: done, IdleNote: lang.Fill(t.Idle, lang.Duration(r.tag, idle))}
	v.Facts = []templates.Fact{{Label: t.Name, Value: r.me.Name}, {Label: t.Email, Value: r.me.login.Email}, {Label: t.Roles, Value: p.Person.Roles}}
	v.Old = templates.Field{Error: bad("current")}
	v.New = templates.Field{Help: t.NewHelp, Error: bad("password")}
	v.Again = templates.Field{Error: bad("again")}
	acc, ok, err := w.App.Store.AccountByEmail(r.ctx(), r.me.login.Email)
	if err != nil {
		return err
	}
	if ok {
		v.Idle = templates.Field{Value: strconv.Itoa(idleMinutes(acc.IdleMinutes)), Help: r.t.More().IdleHelp, Error: bad("idle")}
	}
	logins, err := w.App.Store.Logins(r.ctx(), r.me.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(logins, func(a, b auth.SignIn) int { return b.LastSeen.Compare(a.LastSeen) })
	for _, l := range logins {
		if l.Expired(r.now) {
			continue
		}
		row := templates.SignInRow{Where: browser(r.t, l.UserAgent), Since: lang.Moment(r.tag, l.CreatedAt, r.now), Seen: lang.When(r.tag, l.LastSeen, r.now), Current: l.ID == r.me.login.ID}
		if l.IP != "" {
			row.Where += ", " + l.IP
		}
		if !row.Current {
			row.End = &templates.Act{Action: templ.SafeURL("/account/sign-ins/" + l.ID + "/end"), Label: t.End}
		}
		v.SignIns = append(v.SignIns, row)
	}
	return r.show(status, templates.Account(p, v))
}

// browser names a browser as far as its own words can be believed.
func browser(t *lang.Texts, agent string) string {
	name := t.More().Browser
	for _, b := range []struct{ mark, name string }{{"YaBrowser", "Yandex"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, b.mark) {
			name = b.name
			break
		}
	}
	for _, s := range []struct{ mark, name string }{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s.mark) {
			return name + ", " + s.name
		}
	}
	return name
}

func (w *Web) password(r *req) error { // POST /account/password
	form := r.Request().PostForm
	next := form.Get("password")
	if next != form.Get("again") {
		return w.showPassword(r, fault.List{fault.Bad("again", "password.differ")})
	}
	// Whoever found a desk signed in cannot guess on at the password here.
	guess, source := "change of "+r.me.login.Email, r.source()
	if wait := w.throttle.Try(guess, source, false, r.now); wait > 0 {
		return fault.Slow("signin.slow", seconds(wait))
	}
	err := w.App.ChangePassword(r.ctx(), r.me.who(), form.Get("current"), next)
	switch {
	case err == nil, fault.As(err).Field("password") != nil: // the present one was right
		w.throttle.Right(guess, source)
	case fault.KindOf(err) != fault.Invalid: // it was not looked at
		w.throttle.Spare(guess, source)
	}
	if fault.KindOf(err) == fault.Invalid {
		return w.showPassword(r, fault.As(err))
	}
	if err != nil {
		return err
	}
	// Every other sign-in has ended; a stream of this one comes back by itself.
	w.Hub.EndPerson(r.me.ID)
	return r.see("/account?done=password")
}

// showPassword shows the form again, wherever it stood.
func (w *Web) showPassword(r *req, faults fault.List) error {
	if r.me.mustChange {
		return w.showMustChange(r, http.StatusUnprocessableEntity, faults)
	}
	return w.showAccount(r, http.StatusUnprocessableEntity, faults, "")
}

// showMustChange stands in the place of every page while the password is one that somebody else set.
func (w *Web) showMustChange(r *req, status int, faults fault.List) error {
	if r.hx() || r.own() || r.rt.kind == fragment {
		return r.NoContent(http.StatusForbidden)
	}
	bad := func(name string) string { return say(r.t, faults.Field(name)) }
	p := r.plain(r.t.Persons().MustTitle)
	p.Here = "/account"
	return r.show(status, templates.MustChange(p, &templates.MustView{Email: r.me.login.Email, Old: templates.Field{Error: bad("current")},
		New: templates.Field{Help: r.t.Account.NewHelp, Error: bad("password")}, Again: templates.Field{Error: bad("again")}}))
}

// openToMust are the routes that somebody may use whose password must be changed.
var openToMust = map[string]bool{"/account/password": true, "/sign-out": true, "/account/seen": true}

func (w *Web) settings(r *req) error { // POST /account/settings
	form := r.Request().PostForm
	acc, ok, err := w.App.Store.AccountByEmail(r.ctx(), r.me.login.Email)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Missing("notfound")
	}
	idle, keys := idleMinutes(acc.IdleMinutes), acc.KeysOn
	if s := form.Get("idle"); s != "" {
		if idle, err = strconv.Atoi(strings.TrimSpace(s)); err != nil {
			idle = 0 // refused below, in its place
		}
	}
	if s := form.Get("keys"); s != "" {
		keys = s == "on"
	}
	err = w.App.SetAccount(r.ctx(), r.me.who(), idle, keys)
	if fault.KindOf(err) == fault.Invalid {
		return w.showAccount(r, http.StatusUnprocessableEntity, fault.As(err), "")
	}
	if err != nil {
		return err
	}
	return r.see("/account")
}

func (w *Web) endSignIn(r *req) error { // POST /account/sign-ins/:id/end
	id := r.Param("id")
	if err := w.App.EndSignIn(r.ctx(), r.me.who(), id); err != nil {
		return err
	}
	w.Hub.EndKey(id)
	return r.see("/account")
}

// seen notes a sign of a human being (POST /account/seen): the page saw a pointer or a key. The middleware wrote it down.
func (w *Web) seen(r *req) error { return r.NoContent(http.StatusNoContent) }
