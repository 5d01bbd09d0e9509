package templates

import (
	"countersign/internal/fault"
	"countersign/internal/money"
)

// settingsSamples are the pages of rules, limits and proposals.
func (w world) settingsSamples() []sample {
	t := w.t
	page := func(section, title, role string) *Page {
		p := w.page(section, title, role)
		p.Menu.Rules, p.Menu.Limits = true, true
		return p
	}
	band := func(over, upto int64) string { return t.Band(over, upto) + ": " + t.SeatWords("approver", 2) }
	stuck := func(kind string, above, upTo int64, soft string, without int) string {
		return t.Fault(fault.Bad("form", "rules.deadlock", kind, longName, money.Roubles(above), money.Roubles(upTo), "band-3", "senior", 2, 1, longName, 3, soft, money.Roubles(5_000_000_00), 3, without, true,
			[]string{longName, longName}, []string{"vouch", "password"}))
	}
	rows := []SideRow{{Label: t.RuleName("band-1"), Old: band(0, 100_000_00), New: band(0, 50_000_00), Kind: "changed"}, {Label: longName, New: band(1_000_00, 0), Kind: "added"},
		{Label: t.RuleName("first-payment"), Old: stuck("payout", 1_000_000_00, 0, "", 0), Kind: "removed"}}
	v := &ProposalView{Crumb: Link{"/settings/rules", t.Rules().Title}, Title: t.Rules().Title, State: "pending_approval", StateText: t.Proposals().States[""], MoveBold: t.Payout.YourMove, MoveText: t.Proposals().MoveYours,
		Urgent: fill(t.Proposals().ExpiresTomorrow, "12:00"), Signs: "m", SignsText: fill(t.Common.Of, 0, 1), Facts: []Fact{{Label: t.Proposals().By, Value: longName}, {Label: t.Proposals().Reason, Value: longPurpose}},
		OldHead: fill(t.Proposals().OldVersion, 6), NewHead: fill(t.Proposals().NewVersion, 7), Rows: rows, Same: rows[:1], SameLine: t.N(t.Proposals().Same, 1), Notes: []string{fill(t.Proposals().ByOff, longName)},
		Warnings: []Warning{{Text: t.Rules().StuckLead}}, Timeline: []Event{{Day: "19", At: "12:00:00", Tone: "people", Text: t.Proposals().Events["proposed"], Notes: []string{longPurpose}}},
		Tech: []Fact{{Label: t.Payout.VersionCodeWhole, Value: wholeCode, Mono: true, Copy: true}}, Raw: "{\n  \"name\": \"x\"\n}", Versions: []Link{{"/changes/rules/rules?version=6", fill(t.Common.Version, 6)}},
		Actions: []Link{{"/settings/rules/edit?from=6", fill(t.Rules().GoBack, 6)}},
		Panel: &Panel{Kind: "decide", Tone: "people", Title: t.Proposals().Yours, Text: []string{t.Proposals().ThenEffect}, Signs: []Signature{{Mark: "mine", Bold: t.Panel.You}},
			Decide: &Decide{Approve: "/changes/rules/rules/approve", Reject: "/changes/rules/rules/reject", Digest: wholeCode, Version: "7", Label: t.Proposals().Approve, RejectLabel: t.Proposals().Refuse, ReasonError: t.Fault(nil)},
			Cancel: &ReasonAct{Action: "/changes/rules/rules/stop", Summary: t.Proposals().Stop, Label: t.Proposals().StopReason, Button: t.Proposals().StopButton, Keep: t.Proposals().Keep}}}
	versions := []VersionRow{{Href: "/settings/rules/versions/7", Version: fill(t.Common.Version, 7), Name: longName, By: longName, At: "12:00", Yes: t.Rules().ColYes, State: t.Rules().NowInForce, Now: true}}
	rules := &RulesView{Title: t.Rules().Title, Lead: t.Rules().Lead, Facts: []Fact{{Label: t.Rules().Fields["name"], Value: longName, Note: fill(t.Rules().InForce, 7)}},
		Rules: []RuleLine{{Name: t.RuleName("band-2"), Words: band(100_000_00, 1_000_000_00)}, {Name: t.RuleName("free-entry"), Words: fill(t.Rules().Nobody, t.BlockReason("saved_payee")), Blocked: true}},
		Own:   []Fact{{Label: t.Rules().Fields["cool_words"], Value: t.Rules().Never}}, StuckTitle: t.Rules().Stuck, StuckLead: t.Rules().StuckLead,
		Stuck: []string{stuck("payout", 1_000_000_00, 2_000_000_00, "maker_day", 0), stuck("payout", 1_000_000_00, 0, "", 2), stuck("verdict", 1_000_000_00, 0, "", 2)}, Versions: versions,
		Main: &Link{"/settings/rules/edit", t.Rules().Edit}, Open: &Link{"/changes/rules/rules", fill(t.Rules().WaitsNow, "8")}, Actions: []Link{{"/settings/rules/try", t.Rules().Try}}}
	limits := &LimitsView{Title: t.Rules().LimitsTitle, Lead: t.Rules().LimitsLead, Limits: []LimitRow{{Name: t.Rules().Limit["payout"], Soft: t.Rules().NoLimit, Hard: "5 000 000,00"}, {Name: t.Rules().Limit["maker_day"], Soft: "1", Hard: "2", Used: "3", Note: fill(t.Rules().UsedNote, longName)}},
		Ceilings: []Fact{{Label: longName, Value: "100 000,00 ₽"}}, Lists: []ListRow{{List: t.Rules().Block, What: t.Rules().Whats["account"], Value: "··0411", Reason: longPurpose, Until: t.Rules().Forever, Over: true}}, ListNote: t.Rules().AllowNote, Versions: versions}
	form := &SettingsFormView{Crumb: Link{"/settings/rules", t.Rules().Title}, Title: t.Rules().FormTitle, Lead: t.Rules().FormLead, Action: "/settings/rules", Hidden: []Hidden{{"version", "7"}},
		Errors: []Link{{"#rule-1-count-1", t.Rules().Errors}, {"#name", t.Rules().Errors}}, Done: t.Rules().Checked, Check: t.Rules().Check, Submit: t.Rules().Submit,
		Reason: FormField{Name: "reason", Label: t.Rules().ReasonField, Kind: "area", Value: longPurpose}, Buttons: []FormButton{{"add-rule", t.Rules().AddRule}}, Lists: []DataList{{"people", []string{longName}}},
		Try: &Act{Action: "/settings/rules/try", Label: t.Rules().Try},
		Groups: []FormGroup{{ID: "rule-1", Title: fill(t.Rules().FormRule, 1), Words: band(0, 100_000_00), Error: &FieldError{"rule-1-list", t.Rules().Errors},
			Fields: []FormField{{Name: "name", Label: t.Rules().Fields["name"], Value: longName, Error: t.Rules().Errors}, {Name: "entry", Label: t.Rules().Fields["entry"], Kind: "select", Options: []Option{{Value: "", Label: t.Rules().EntryAny, Selected: true}}},
				{Name: "first", Label: t.Rules().Fields["first"], Kind: "check", On: true}, {Name: "makers", Label: t.Rules().Fields["makers"], List: "people", Help: t.Rules().Help["people"]}},
			Groups:  []FormGroup{{ID: "rule-1-step-1", Title: fill(t.Rules().FormStep, 1), Fields: []FormField{{Name: "rule-1-count-1", Label: t.Rules().Fields["count"], Error: t.Rules().Errors, ErrorAt: "rule-1-count-1"}}, Buttons: []FormButton{{"remove-step-1-1", fill(t.Rules().RemoveStep, 1)}}}},
			Buttons: []FormButton{{"remove-rule-1", fill(t.Rules().RemoveRule, 1)}}}}}
	queue := &ApprovalsView{Empty: Empty{Text: t.Queue.NoneAtAll}, Decide: []ProposalRow{{Href: "/changes/rules/rules?version=7", What: t.Rules().Title, Detail: longName, By: longName, At: "12:00", Signs: "m", SignsText: fill(t.Common.Of, 0, 1), Why: fill(t.Proposals().ExpiresTomorrow, "12:00"), Mine: true}},
		Waiting: []ProposalRow{{Href: "/changes/limits/limits", What: t.Rules().LimitsTitle, By: longName, At: "12:00", Signs: "e", SignsText: fill(t.Common.Of, 0, 1), Why: t.Proposals().NobodyText}}}
	return []sample{
		{"proposal", Proposal(page(SectionSettings, v.Title, "admin"), v)},
		{"rules", Rules(page(SectionSettings, rules.Title, "admin"), rules)},
		{"limits", Limits(page(SectionSettings, limits.Title, "auditor"), limits)},
		{"settings-form", SettingsForm(page(SectionSettings, form.Title, "admin"), form)},
		{"approvals-other", Approvals(page(SectionApprovals, t.Queue.Title, "approver"), queue)},
	}
}
