package templates

import "countersign/internal/lang"

// unknownSamples are cases with the longest of everything.
func unknownSamples(t *lang.Texts, row RowView) []UnknownRow {
	v := t.Verdict()
	ref, session := "cs1-1049-h2vy6tkc3pwm8xq5zr7bn4dja1", "ps_3230"
	asked := []string{lang.Fill(v.AskedRequest, "13:58:04") + "; " + lang.Fill(v.AskedAnswer, t.Reason("cut")), lang.Fill(v.AskedPoll, "13:59:31", "14:31:02"), t.N(v.Hooks, 2, "14:01:00")}
	a := UnknownRow{Row: row, Since: lang.Fill(v.Since, "13:59"), Late: true, Known: t.Unknown.KnownCut, Owner: lang.Fill(v.OwnerMakers, longName), Asked: asked,
		Closes: []string{lang.Fill(v.CloseStatus, session), lang.Fill(v.CloseHook, ref), v.ClosePeople}, Next: v.NextSupport, Act: &Link{"/x", v.Propose}, Main: true}
	b := a
	b.Late, b.Known, b.Owner, b.Closes, b.Next, b.Act, b.Main = false, t.Unknown.KnownDoubt, lang.Fill(v.OwnerDeciders, longName), []string{v.CloseFlag}, v.NextOpen, &Link{"/x", v.OpenLink}, false
	c := a
	c.Owner, c.Next, c.Act, c.Asked = lang.Fill(v.OwnerBank, longName), v.NextWait, nil, []string{v.AskedNever, v.NoHooks}
	return []UnknownRow{a, b, c}
}

func outcomeSample(t *lang.Texts) *OutcomeView {
	v := t.Verdict()
	o := &OutcomeView{Number: "1049", Back: "/x", Action: "/x", Version: "0", Error: &FieldError{"form", longName}, Facts: []Fact{{Label: t.List.Payee, Value: longName}, {Label: v.Sum, Value: "127 400,00"}},
		Outcome: Field{Help: v.HelpOutcome + " " + lang.Fill(v.FromDay, "24.11.2026")}, Basis: Field{Error: longName}, Reason: Field{Help: v.HelpReason}, File: Field{Help: v.HelpFile, Error: longName}}
	for _, code := range []string{"paid", "not_paid"} {
		o.Outcomes = append(o.Outcomes, Pick{code, v.Outcomes[code], code == "paid"})
	}
	for _, code := range []string{"letter", "statement", "support", "other"} {
		o.Bases = append(o.Bases, Pick{code, v.Bases[code], false})
	}
	return o
}
