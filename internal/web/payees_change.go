package web

import (
	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/lang"
)

func init() { describers[approval.Payee] = payeeChange }

// payeeChange describes a payee's version for whoever decides it, accounts whole for them; with the warnings that its proposer ticked, as they are now.
func payeeChange(r *req, p app.Proposal, base *app.Proposal, whole bool) (change, error) {
	t := r.t.Payees()
	now, err := app.PayeeContent(p)
	if err != nil {
		return change{}, err
	}
	out := change{Title: nameOfPayee(r.t, now), New: payeeFacts(r.t, now, whole)}
	if base != nil {
		was, err := app.PayeeContent(*base)
		if err != nil {
			return change{}, err
		}
		out.Old = payeeFacts(r.t, was, whole)
		out.Notes = append(out.Notes, t.SendsBack)
	}
	codes, shared, err := r.web.App.JudgePayee(r.ctx(), p.ID, now)
	if err != nil {
		return change{}, err
	}
	for _, code := range codes {
		text := lang.Label(r.t.Acks, code) + ". " + lang.Label(r.t.AckLong, code)
		if code == app.WarnSharedAccount {
			for _, s := range shared {
				text += " " + lang.Fill(t.SharedWith, lang.Last4(s.Key.Number), s.Name)
			}
		}
		out.Warnings = append(out.Warnings, text)
	}
	return out, nil
}
