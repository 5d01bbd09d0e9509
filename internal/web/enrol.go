package web

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"countersign/internal/app"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// enrolPath is the public page behind an enrolment link; factorsPath is where somebody who enrolled goes on.
const (
	enrolPath   = "/enrol/:token"
	factorsPath = "/account/factors"
)

// makeLink makes an enrolment link and shows it in its answer: it stands on no other page and in no address of ours.
func (w *Web) makeLink(r *req) error { // POST /settings/people/:id/link
	t := r.t.Persons()
	token, acc, err := w.App.MakeLink(r.ctx(), r.me.who(), r.Param("id"), r.Request().PostForm.Get("email"))
	if fault.KindOf(err) == fault.Invalid {
		return w.showPerson(r, http.StatusUnprocessableEntity, typedPerson{form: "link", faults: fault.As(err)})
	}
	if err != nil {
		return err
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	p, err := r.page(t.LinkPage, templates.SectionSettings)
	if err != nil {
		return err
	}
	v := &templates.LinkView{Back: templ.SafeURL("/settings/people/" + acc.Person), Facts: []templates.Fact{{Label: t.LinkFor, Value: d.name(r.t, acc.Person), Note: acc.Email},
		{Label: t.LinkURL, Value: w.PublicURL + "/enrol/" + token, Mono: true, Copy: true}, {Label: t.LinkUntil, Value: lang.Moment(r.tag, r.now.Add(app.LinkAge), r.now)}}}
	return r.show(http.StatusOK, templates.EnrolmentLink(p, v))
}

// tryLink slows down whoever tries links: wrong ones count against where they come from.
func (w *Web) tryLink(r *req) (right func(), err error) {
	source := r.source()
	if wait := w.throttle.Try("enrolment from "+source, source, false, r.now); wait > 0 {
		return nil, fault.Slow("signin.slow", seconds(wait))
	}
	return func() { w.throttle.Right("enrolment from "+source, source) }, nil
}

func (w *Web) enrolForm(r *req) error { // GET /enrol/:token
	right, err := w.tryLink(r)
	if err != nil {
		return err
	}
	e, p, err := w.App.LinkFor(r.ctx(), r.Param("token"))
	if fault.KindOf(err) == fault.NotFound {
		return w.showOver(r, err)
	}
	if err != nil {
		return err
	}
	right()
	return w.showEnrol(r, http.StatusOK, e, p, nil)
}

func (w *Web) showEnrol(r *req, status int, e app.Enrolment, who auth.Person, faults fault.List) error {
	t := r.t.Persons()
	p := r.plain(t.EnrolTitle)
	v := &templates.EnrolView{Action: templ.SafeURL("/enrol/" + r.Param("token")), Lead: t.EnrolLead, Who: lang.Fill(t.EnrolWho, who.Name, e.Email), Email: e.Email,
		New: templates.Field{Help: r.t.Account.NewHelp, Error: say(r.t, faults.Field("password"))}, Again: templates.Field{Error: say(r.t, faults.Field("again"))}}
	if e.What == "reset" {
		v.Lead = t.EnrolReset
	}
	if w.routed(factorsPath) && w.Demo == nil {
		v.Next = t.EnrolNext
	}
	for _, f := range faults {
		if f.Field == "" || f.Field == "form" {
			v.Error = say(r.t, f)
		}
	}
	return r.show(status, templates.Enrol(p, v))
}

// showOver is the one page for every link that does not work: 404 for one that never was, 410 for one that is over.
func (w *Web) showOver(r *req, err error) error {
	status := http.StatusNotFound
	if fault.Is(err, "enrol.over") {
		status = http.StatusGone
	}
	p := r.plain(r.t.Persons().OverTitle)
	p.Here = "/sign-in"
	return r.show(status, templates.Enrol(p, &templates.EnrolView{Over: true}))
}

func (w *Web) enrol(r *req) error { // POST /enrol/:token
	right, err := w.tryLink(r)
	if err != nil {
		return err
	}
	token, form := r.Param("token"), r.Request().PostForm
	e, who, err := w.App.LinkFor(r.ctx(), token)
	if fault.KindOf(err) == fault.NotFound {
		return w.showOver(r, err)
	}
	if err != nil {
		return err
	}
	right()
	if form.Get("password") != form.Get("again") {
		return w.showEnrol(r, http.StatusUnprocessableEntity, e, who, fault.List{fault.Bad("again", "password.differ")})
	}
	acc, err := w.App.Enrol(r.ctx(), token, form.Get("password"))
	switch fault.KindOf(err) {
	case fault.Invalid:
		return w.showEnrol(r, http.StatusUnprocessableEntity, e, who, fault.As(err))
	case fault.NotFound:
		return w.showOver(r, err)
	}
	if err != nil {
		return err
	}
	return w.enterEnrolled(r, acc)
}

// enterEnrolled signs somebody in who has just set their password, and goes on to their second factor.
func (w *Web) enterEnrolled(r *req, acc app.Account) error {
	old := ""
	if r.me != nil {
		old = r.me.login.ID
	}
	token, _, err := w.App.SignIn(r.ctx(), acc, r.door(), old)
	if err != nil {
		return err
	}
	if old != "" {
		w.Hub.EndKey(old)
	}
	ses := sessions.NewSession(w.signIns, cookieName)
	ses.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	ses.Values[valueToken] = token
	if err := ses.Save(r.Request(), r.Response()); err != nil {
		return err
	}
	w.remember(r.Response(), r.Request(), acc.Person)
	if w.routed(factorsPath) {
		return r.see(factorsPath)
	}
	return r.see("/")
}

// routed reports whether there is such a page.
func (w *Web) routed(path string) bool {
	return slices.ContainsFunc(w.echo.Routes(), func(rt *echo.Route) bool { return rt.Method == http.MethodGet && rt.Path == path })
}
