package web

import (
	"net/http"

	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// brokenFact is one invariant that does not hold, in words, with the payout that it is about.
func (w *Web) brokenFact(r *req, f app.Finding) templates.Fact {
	t := r.t.Health()
	out := templates.Fact{Label: t.Broken, Value: f.Invariant + ": " + lang.Label(t.Invariants, f.Invariant) + " (" + f.Row + ")"}
	if id := f.Payout(); id != "" {
		if s, err := w.App.Store.PayoutByID(r.ctx(), id); err == nil { // else its name says where to look
			out.Value = f.Invariant + ": " + lang.Label(t.Invariants, f.Invariant) + " (" + numbered(r.t, s.Number) + ")"
			out.Href = templates.PayoutHref(string(id))
		}
	}
	return out
}

// health shows what is known of the desk itself.
func (w *Web) health(r *req) error { // GET /health
	t := r.t.Health()
	p, err := r.page(t.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	checks, err := w.App.Health(r.ctx())
	if err != nil {
		return err
	}
	v := &templates.HealthView{}
	for _, c := range checks {
		text := c.Text
		switch c.Line {
		case "sending.stopped":
			if text == "person" {
				text = lowerFirst(r.t.Reason(text))
			} else {
				text = haltCause(r.t, text)
			}
		case "sending.quarantine":
			text = r.t.Reason(text)
		}
		v.Checks = append(v.Checks, templates.HealthCheck{Code: c.Name, State: c.State, Name: lang.Label(t.Names, c.Name), Word: lang.Label(t.States, c.State),
			Says: r.t.HealthLine(c.Line, c.N, c.Age, text, c.Bytes), Doubt: c.State != app.CheckOK})
	}
	return r.show(http.StatusOK, templates.Health(p, v))
}
