package web

import (
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
