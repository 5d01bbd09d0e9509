package web

import (
	"slices"

	"countersign/internal/app"
	"countersign/internal/lang"
	"countersign/web/templates"
)

// copyText says what a start found that only two people can settle.
func (r *req) copyText(cause, quarantine string) []string {
	t := r.t.Copies()
	var out []string
	if quarantine != "" {
		out = append(out, lang.Label(t.Why, quarantine), t.Marked)
	}
	if cause == app.HaltCopy {
		out = append(out, t.Copy)
	}
	if r.web.App.Foreign() {
		out = append(out, t.Identity)
	}
	return out
}

// copyFacts are what the copy holds and what is lost, and what differs from what was accepted.
func (r *req) copyFacts() []templates.Fact {
	t := r.t.Copies()
	var out []templates.Fact
	if l := r.web.App.Store.Loss(); l != nil && r.web.App.Store.Quarantined() != "" {
		out = append(out, templates.Fact{Label: t.CopyOf, Value: lang.Fill(t.Entries, r.t.N(t.EntriesN, int(l.Copy.Size)), clockDay(r, l.Copy.At))})
		if l.Anchor.Size > 0 {
			out = append(out, templates.Fact{Label: t.Anchor, Value: lang.Fill(t.Entries, r.t.N(t.EntriesN, int(l.Anchor.Size)), clockDay(r, l.Anchor.At))},
				templates.Fact{Label: t.Lost, Value: r.t.N(t.EntriesN, int(l.Lost()))})
		} else {
			out = append(out, templates.Fact{Label: t.Anchor, Value: t.NoAnchor})
		}
	}
	change := r.web.App.IdentityChange()
	names := make([]string, 0, len(change))
	for name := range change {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, templates.Fact{Label: lang.Label(t.Names, name), Value: lang.Fill(t.WasIs, change[name][0], change[name][1])})
	}
	return out
}
