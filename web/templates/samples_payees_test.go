package templates

import "strconv"

// payeeSamples are the pages of saved payees, with the longest names and everything that can be marked.
func (w world) payeeSamples() []sample {
	t := w.t
	x := t.Payees()
	page := func(title, role string) *Page {
		p := w.page(SectionPayees, title, role)
		p.Menu.Payees = true
		return p
	}
	line := PayeeLine{Href: PayeeHref("1"), Name: longName, Kind: x.Kinds["company"], INN: "7727406020", Account: "··0411, " + fill(x.More, 2), Groups: "аренда, склад", Changed: "12:00"}
	waits := line
	waits.Note = fill(x.WaitsFor, fill(x.ChangeOf, 3), "Лебедев А.")
	facts := []Fact{{Label: x.Kind, Value: x.Kinds["company"], Note: fill(x.SavedVersion, 2)}, {Label: x.Note, Value: longPurpose}, {Label: x.Paid, Value: "100,00 ₽"}}
	view := &PayeeView{ID: "1", Name: longName, Facts: facts, New: "/payouts/new?payee=1", Edit: PayeeHref("1/edit"), Payouts: nil,
		Marks:    []Warning{{Text: fill(x.Blocked, longPurpose), Note: fill(x.ListedUntil, "19.11.2026")}, {Bold: x.SharedBold, Text: t.AckLong["shared_account"]}},
		Open:     &PayeeOpen{Text: fill(x.OpenText, 3), By: fill(x.OpenBy, "Лебедев А.", "12:00"), Link: Link{"/changes/payee/1", x.Open}},
		Accounts: []PayeeAccountLine{{Last4: "··0411", BIK: "044525974", Bank: longName, Label: longName[:20], Kind: t.Accounts["company"], Since: fill(x.Since, "19.11"), Fresh: fill(x.AccountNew, "12:00"), Shared: []Link{{PayeeHref("2"), longName}}}},
		Versions: []PayeeVersionLine{{Href: PayeeHref("1/versions/2"), Version: fill(t.Common.Version, 2), Proposed: "Лебедев А.", Decided: "Орлов П.", InForce: true}, {Href: PayeeHref("1/versions/1"), Version: fill(t.Common.Version, 1), Proposed: "Лебедев А.", State: x.States["rejected"]}}}
	form := &PayeeFormView{Action: "/payees", Heading: x.FormNew, Intro: fill(x.From, 1042), Hidden: []Hidden{{"payee", "1"}, {"version", "0"}}, KindError: t.Fault(fakeFault("payee.kind")), MayAdd: true,
		Errors: []FieldError{{"kind", t.Fault(fakeFault("payee.kind"))}, {"inn", t.Fault(fakeFault("payee.inn.company", 9))}}, Name: Field{Value: longName, Max: 160, End: "1"}, INN: Field{Error: t.Fault(fakeFault("payee.inn.company", 9))}, KPP: Field{Help: x.HelpKPP},
		Groups: Field{Help: x.HelpGroups}, Note: Field{Help: x.HelpNote}, Description: Field{Help: x.HelpPurpose}, Moved: w.diff(x.MovedWhat),
		Ticks: []Tick{{Code: "shared_account", Bold: t.Acks["shared_account"], Text: t.AckLong["shared_account"], Links: []Link{{PayeeHref("2"), longName}}, Error: t.Form.AckMissing}}}
	for _, k := range []string{"person", "sole", "company"} {
		form.Kinds = append(form.Kinds, Option{Value: k, Label: x.Kinds[k], Selected: k == "sole"})
	}
	for i := range 2 {
		n := strconv.Itoa(i + 1)
		form.Lines = append(form.Lines, PayeeFormLine{N: n, Label: fill(x.AccountLine, n), BIK: Field{Help: t.Form.HelpBIK}, Number: Field{Error: t.Fault(fakeFault("payee.accounts.twice", 1))}, Named: Field{Help: x.HelpLabel}})
	}
	pay := &FormView{Action: "/payouts", Heading: t.Form.New, Hidden: []Hidden{{"form", "x"}}, PayeePick: PayeePick{Choice: &PayeeChoice{ID: "1", Href: PayeeHref("1"), Name: longName, Note: fill(x.SavedVersion, 2),
		Accounts: []Option{{Value: "044525974 1", Label: "БИК 044525974", Selected: true}, {Value: "044525974 2", Label: "БИК 044525974"}}, Error: x.ChooseNone, Moved: x.Moved + " " + x.MovedGone, Diff: w.diff(x.MovedWhat)}}}
	offer := &FormView{Action: "/payouts", Heading: t.Form.New, FormError: &FieldError{"form", fill(x.NeedsSaved, "100 000,00 ₽")}, FormLinks: []Link{{"/payees/new?payout=1", x.SaveThis}}, PayeePick: PayeePick{Saved: []SavedHint{{"1", longName, "··0411"}}}}
	none := &FormView{Action: "/payouts", Heading: t.Form.New, PayeePick: PayeePick{None: true}}
	return []sample{
		{"payees", SavedPayees(page(x.Title, "maker"), &PayeesView{Query: "x", Groups: []Option{{Label: x.AllGroups}, {Value: "аренда", Label: "аренда", Selected: true}}, Waiting: []PayeeLine{waits}, Rows: []PayeeLine{line}, Found: t.N(x.Found, 2), Next: "/payees?after=1", First: "/payees"})},
		{"payees-empty", SavedPayees(page(x.Title, "auditor"), &PayeesView{Empty: Empty{Text: x.EmptyFilter, Action: &Link{"/payees", x.Clear}}})},
		{"payee", SavedPayee(page(longName, "approver"), view)},
		{"payee-version", PayeeVersion(page(longName, "auditor"), &PayeeVersionView{Name: longName, Title: fill(x.VersionOne, 2), Back: PayeeHref("1"), Facts: facts, DiffTitle: fill(x.Before, 1), Diff: w.diff(x.WhatChanged)})},
		{"payee-version-same", PayeeVersion(page(longName, "auditor"), &PayeeVersionView{Name: longName, Title: fill(x.VersionOne, 2), Back: PayeeHref("1"), DiffTitle: fill(x.Before, 1)})},
		{"payee-form", PayeeForm(page(x.FormNew, "maker"), form)},
		{"payout-form-saved", PayoutForm(page(t.Form.New, "maker"), pay)}, {"payout-form-offer", PayoutForm(page(t.Form.New, "maker"), offer)}, {"payout-form-none", PayoutForm(page(t.Form.New, "maker"), none)},
	}
}
