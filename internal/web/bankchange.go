package web

import (
	"slices"
	"strconv"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/calendar"
	"countersign/internal/lang"
	"countersign/web/templates"
)

func init() { describers[approval.Keys] = bankChange }

// bankChange lays a version of the bank's settings beside the one before: a line for each year's days off and working days, and for each key, whole:
// whoever decides compares its fingerprint with the bank.
func bankChange(r *req, p app.Proposal, base *app.Proposal, _ bool) (change, error) {
	now, err := app.ParseBankSettings(p.Doc)
	if err != nil {
		return change{}, err
	}
	var was app.BankSettings
	if base != nil {
		if was, err = app.ParseBankSettings(base.Doc); err != nil {
			return change{}, err
		}
	}
	t := r.t.BankRoom()
	c := change{Title: t.Change, Old: r.bankFacts(was), New: r.bankFacts(now)}
	if slices.ContainsFunc(now.Keys, func(k string) bool { return !slices.Contains(was.Keys, k) }) {
		c.Warnings = append(c.Warnings, t.CompareKey)
	}
	return c, nil
}

// bankFacts are the bank's settings as lines.
func (r *req) bankFacts(s app.BankSettings) []templates.Fact {
	t := r.t.BankRoom()
	var out []templates.Fact
	for _, year := range s.Years() {
		y := s.Transfers[year]
		for _, x := range []struct {
			label string
			days  []calendar.Day
		}{{t.OldOff, y.Off}, {t.OldWork, y.Work}} {
			if len(x.days) == 0 && len(y.Off)+len(y.Work) > 0 {
				continue // "none" is said of a year only where it is all there is to say
			}
			out = append(out, templates.Fact{Label: lang.Fill(x.label, strconv.Itoa(year)), Value: days(t, x.days)})
		}
	}
	if r.web.App.BankKeys == nil {
		return out
	}
	for _, k := range s.Keys {
		print := r.web.App.BankKeys.Print(k)
		out = append(out, templates.Fact{Label: lang.Fill(t.OldKey, clip(print, 9)), Value: print})
	}
	return out
}
