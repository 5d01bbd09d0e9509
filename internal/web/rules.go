package web

import (
	"fmt"
	"net/http"
	"net/url"
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
	"countersign/internal/money"
	"countersign/web/templates"
)

// payeeName is what people call a saved payee, for those who may see payees; others see its id.
func (r *req) payeeName(id string) string {
	if r.may(app.ReadPayees) {
		if p, ok, err := r.web.App.Store.PayeeByID(r.ctx(), id); err == nil && ok {
			return p.FullName
		}
	}
	return id
}

// payeeID finds a saved payee by its whole name or its id.
func (r *req) payeeID(s string) (id string, ok bool) {
	if _, ok, err := r.web.App.Store.PayeeByID(r.ctx(), s); err == nil && ok {
		return s, true
	}
	page, err := r.web.App.Store.PayeeList(r.ctx(), app.PayeeQuery{Text: s, Limit: 20})
	if err != nil {
		return "", false
	}
	n := 0
	for _, p := range page.Rows {
		if strings.EqualFold(p.FullName, s) {
			id, n = p.ID, n+1
		}
	}
	return id, n == 1
}

// person is a person's short name.
func (r *req) person(id string) string {
	if d, err := r.desk(); err == nil {
		return d.short(r.t, id)
	}
	return id
}

func quoted2(r *req, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = lang.Fill(r.t.Rules().Group, n)
	}
	return strings.Join(out, ", ")
}

func mapped(in []string, f func(string) string) string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = f(s)
	}
	return strings.Join(out, ", ")
}

// ruleWords are a rule's conditions in a sentence: «Больше 100 000,00 ₽, первая выплата получателю».
func ruleWords(r *req, x approval.Rule) string {
	t, w := r.t.Rules(), x.When
	out := []string{r.t.Band(w.OverMinor, w.UpToMinor)}
	add := func(s string) { out = append(out, s) }
	switch w.Entry {
	case "saved":
		add(t.Saved)
	case "free":
		add(t.Free)
	}
	if len(w.Payees) > 0 {
		add(lang.Fill(t.To, mapped(w.Payees, r.payeeName)))
	}
	if len(w.PayeeGroups) > 0 {
		add(lang.Fill(t.ToGroups, strings.Join(w.PayeeGroups, ", ")))
	}
	if w.First {
		add(t.FirstPay)
	}
	if w.ChangedDays > 0 {
		add(lang.Fill(t.Changed, r.t.N(t.Days, w.ChangedDays)))
	}
	if len(w.Makers) > 0 {
		add(lang.Fill(t.By, mapped(w.Makers, r.person)))
	}
	if len(w.MakerGroups) > 0 {
		add(lang.Fill(t.ByGroups, strings.Join(w.MakerGroups, ", ")))
	}
	if len(w.Sources) > 0 {
		add(lang.Fill(t.Source, mapped(w.Sources, func(s string) string { return lang.Label(t.Sources, s) })))
	}
	for _, s := range w.Sums {
		add(lang.Fill(t.SumOver, lang.Label(t.SumOf, s.Of), lang.Label(t.SumPer, s.Per), rubS(r.tag, s.OverMinor)))
	}
	return strings.Join(out, ", ")
}

// stepWords is one step in words: «двое согласующих», "one of: Orlov P., group “Finance”".
func stepWords(r *req, st approval.Step) string {
	t := r.t.Rules()
	role := ""
	switch {
	case slices.Contains(st.Roles, approval.Approver):
		role = "approver"
	case slices.Contains(st.Roles, approval.Senior):
		role = "senior"
	}
	if role != "" && len(st.People)+len(st.Groups) == 0 {
		return r.t.SeatWords(role, st.Count)
	}
	var who []string
	if len(st.People) > 0 {
		who = append(who, mapped(st.People, r.person))
	}
	if len(st.Groups) > 0 {
		who = append(who, quoted2(r, st.Groups))
	}
	if role != "" {
		who = append(who, lowerFirst(lang.Label(r.t.Roles, role)))
	}
	if st.Count == 1 {
		return lang.Fill(t.OneOf, strings.Join(who, ", "))
	}
	return lang.Fill(t.NOf, r.t.PeopleCount(st.Count), strings.Join(who, ", "))
}

// outcomeWords is what a rule asks for, or why it lets nobody.
func outcomeWords(r *req, x approval.Rule) string {
	t := r.t.Rules()
	if x.Blocked != "" {
		return lang.Fill(t.Nobody, r.t.BlockReason(x.Blocked))
	}
	out := make([]string, len(x.Steps))
	for i, st := range x.Steps {
		out[i] = stepWords(r, st)
	}
	if x.Ordered && len(out) > 1 {
		return strings.Join(out, t.Then)
	}
	return strings.Join(out, t.And)
}

// ruleSentence is a whole rule: "Above 100,000.00 ₽ up to 1,000,000.00 ₽: two approvers".
func ruleSentence(r *req, x approval.Rule) string {
	return lang.Fill(r.t.Rules().RuleLine, ruleWords(r, x), outcomeWords(r, x))
}

// ownWords are what a set says about every payout.
func ownWords(r *req, s approval.RuleSet) []templates.Fact {
	t := r.t.Rules()
	yes := func(b bool) string {
		if b {
			return t.Yes
		}
		return t.No
	}
	above := func(minor int64) string {
		if minor == 0 {
			return t.Never
		}
		return lang.Fill(t.SignWords, rubS(r.tag, minor))
	}
	out := []templates.Fact{
		{Label: t.Fields["expiry_words"], Value: r.t.N(t.Days, s.ExpiryDays)}, {Label: t.Fields["sign_words"], Value: above(s.SignAboveMinor)}, {Label: t.Fields["step_up_words"], Value: above(s.StepUpAboveMinor)},
		{Label: t.Fields["factor_needed"], Value: yes(s.FactorNeeded)}, {Label: t.Fields["maker_words"], Value: yes(s.MakerMayApprove)},
	}
	cool := t.Never
	if s.CoolOffMinutes > 0 {
		cool = lang.Fill(t.CoolOffWords, lang.Duration(r.tag, time.Duration(s.CoolOffMinutes)*time.Minute), rubS(r.tag, s.CoolOffOverMinor))
		if s.CoolOffOverMinor == 0 {
			cool = lang.Duration(r.tag, time.Duration(s.CoolOffMinutes)*time.Minute)
		}
	}
	n := s.Newcomers
	quiet, limit := t.AtOnce, t.NoCap
	if n.QuietHours > 0 {
		quiet = lang.Fill(t.QuietWords, r.t.N(t.Hours, n.QuietHours))
	}
	if n.CapDays > 0 && n.CapDayMinor > 0 {
		limit = lang.Fill(t.CapWords, r.t.N(t.Days, n.CapDays), rubS(r.tag, n.CapDayMinor))
	}
	return append(out, templates.Fact{Label: t.Fields["cool_words"], Value: cool}, templates.Fact{Label: t.Fields["quiet_words"], Value: quiet}, templates.Fact{Label: t.Fields["cap_words"], Value: limit})
}

// rulesFacts is a set rule by rule, then what holds for every payout.
func rulesFacts(r *req, s approval.RuleSet) []templates.Fact {
	out := []templates.Fact{{Label: r.t.Rules().Fields["name"], Value: r.t.RuleName(s.Name)}}
	for _, x := range s.Rules {
		out = append(out, templates.Fact{Label: r.t.RuleName(x.Name), Value: ruleSentence(r, x)})
	}
	return append(out, ownWords(r, s)...)
}

func setOf(p app.Proposal) (approval.RuleSet, error) {
	s, err := approval.ParseRuleSet(p.Doc)
	s.Version = p.Version
	return s, err
}

func rulesChange(r *req, p app.Proposal, base *app.Proposal, _ bool) (change, error) {
	s, err := setOf(p)
	if err != nil {
		return change{}, err
	}
	c := change{Title: r.t.RuleName(s.Name), New: rulesFacts(r, s)}
	if base != nil {
		was, err := setOf(*base)
		if err != nil {
			return change{}, err
		}
		c.Old = rulesFacts(r, was)
	}
	return c, nil
}

// versionLines lists the versions of a subject of which a desk has one.
func (w *Web) versionLines(r *req, d *desk, kind approval.Kind, id, at string, inForce int) (rows []templates.VersionRow, open *templates.Link, err error) {
	ps, err := w.App.Store.Proposals(r.ctx(), kind, id, 200)
	if err != nil {
		return nil, nil, err
	}
	t := r.t.Proposals()
	for _, p := range ps {
		ds, err := w.App.Store.DecisionsOf(r.ctx(), kind, id, p.Version)
		if err != nil {
			return nil, nil, err
		}
		v := templates.VersionRow{Href: templ.SafeURL(at + "/versions/" + strconv.Itoa(p.Version)), Version: upperFirst(lang.Fill(r.t.Common.Version, p.Version)), By: d.short(r.t, p.By.Person), At: lang.When(r.tag, p.At, r.now),
			State: lang.Label(t.States, p.State)}
		if p.By.Person == "system" {
			v.By = r.t.Rules().First
		}
		if kind == approval.Rules {
			if s, err := setOf(p); err == nil {
				v.Name = r.t.RuleName(s.Name)
			}
		}
		if p.State == "" {
			v.Href = templ.SafeURL(changeHref(kind, id, p.Version))
			open = &templates.Link{Href: v.Href, Label: lang.Fill(r.t.Rules().WaitsNow, lang.Fill(r.t.Common.Version, p.Version))}
		} else if p.Version == inForce {
			v.Now, v.State = true, upperFirst(r.t.Rules().NowInForce)
		}
		var yes []string
		for _, x := range ds {
			if x.Answer == approval.Yes && !slices.ContainsFunc(ds, func(y approval.Decision) bool {
				return y.Person == x.Person && y.Seq > x.Seq && y.Answer != approval.Yes
			}) {
				yes = append(yes, d.short(r.t, x.Person))
			}
		}
		if len(yes) > 0 {
			v.Yes = r.t.Rules().ColYes + ": " + strings.Join(yes, ", ")
		}
		rows = append(rows, v)
	}
	return rows, open, nil
}

func (w *Web) rules(r *req) error { // GET /settings/rules
	d, err := r.desk()
	if err != nil {
		return err
	}
	return w.showRules(r, d, d.frame.Set, nil)
}

func (w *Web) rulesVersion(r *req) error { // GET /settings/rules/versions/:n
	d, err := r.desk()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("n"))
	if err != nil {
		return fault.Missing("notfound")
	}
	p, err := w.App.Store.ProposalAt(r.ctx(), approval.Rules, app.RulesID, n)
	if fault.KindOf(err) == fault.NotFound && n == d.frame.Set.Version {
		return w.showRules(r, d, d.frame.Set, nil) // a desk that nobody wrote to yet
	}
	if err != nil {
		return err
	}
	s, err := setOf(p)
	if err != nil {
		return err
	}
	return w.showRules(r, d, s, &p)
}

// showRules shows a set in words: the one in force, or with at one numbered version.
func (w *Web) showRules(r *req, d *desk, s approval.RuleSet, at *app.Proposal) error {
	t := r.t.Rules()
	inForce := d.frame.Set.Version
	v := &templates.RulesView{Title: t.Title, Lead: t.Lead, Own: ownWords(r, s)}
	for _, x := range s.Rules {
		v.Rules = append(v.Rules, templates.RuleLine{Name: r.t.RuleName(x.Name), Words: ruleSentence(r, x), Blocked: x.Blocked != ""})
	}
	propose := app.MayPropose(r.me.Person, approval.Rules)
	if at != nil {
		v.Title = lang.Fill(t.VersionTitle, s.Version)
		v.Crumb = &templates.Link{Href: "/settings/rules", Label: t.Title}
		v.Facts = []templates.Fact{{Label: t.Fields["name"], Value: r.t.RuleName(s.Name)}, {Label: r.t.Proposals().By, Value: d.name(r.t, at.By.Person), Note: lang.Moment(r.tag, at.At, r.now)},
			{Label: r.t.Proposals().State, Value: lang.Label(r.t.Proposals().States, at.State), Href: templ.SafeURL(changeHref(approval.Rules, app.RulesID, at.Version))}}
		if propose && at.Version != inForce {
			v.Main = &templates.Link{Href: templ.SafeURL("/settings/rules/edit?from=" + strconv.Itoa(at.Version)), Label: lang.Fill(t.GoBack, at.Version)}
		}
	} else {
		v.Facts = []templates.Fact{{Label: t.Fields["name"], Value: r.t.RuleName(s.Name), Note: lang.Fill(t.InForce, inForce)}}
		stuck, err := w.App.Deadlocks(r.ctx())
		if err != nil {
			return err
		}
		v.StuckTitle, v.StuckLead, v.Stuck = t.Stuck, t.StuckLead, stuckLines(r, stuck)
		if len(stuck) == 0 {
			v.StuckLead = t.StuckNone
		}
		if v.Versions, v.Open, err = w.versionLines(r, d, approval.Rules, app.RulesID, "/settings/rules", inForce); err != nil {
			return err
		}
		if propose && v.Open == nil {
			v.Main = &templates.Link{Href: "/settings/rules/edit", Label: t.Edit}
		}
		if r.may(app.TryRules) {
			v.Actions = append(v.Actions, templates.Link{Href: "/settings/rules/try", Label: t.Try})
		}
	}
	p, err := r.page(v.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(http.StatusOK, templates.Rules(p, v))
}

// rulesForm is a rule set as it is typed: nothing typed is lost, whatever is wrong with it.
type rulesForm struct {
	name, expiry, sign, stepUp, coolOff, coolOffOver, quiet, capDays, capDay, reason string
	maker, factor                                                                    bool
	seen                                                                             int
	rules                                                                            []ruleForm
}

type ruleForm struct {
	name, over, upto, entry, payees, payeeGroups, changed, makers, makerGroups, sources, outcome, order, blocked string
	first                                                                                                        bool
	steps                                                                                                        []stepForm
	sums                                                                                                         []sumForm
}

type stepForm struct{ count, role, people, groups string }
type sumForm struct{ of, per, over string }

// typedMoney is an amount as a form shows it; 0 is an empty field.
func typedMoney(r *req, minor int64) string {
	if minor == 0 {
		return ""
	}
	return rub(r.tag, minor)
}

func typedNumber(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// formOf fills the form with a set.
func formOf(r *req, d *desk, s approval.RuleSet) rulesForm {
	f := rulesForm{name: r.t.RuleName(s.Name), expiry: strconv.Itoa(s.ExpiryDays), sign: typedMoney(r, s.SignAboveMinor), stepUp: typedMoney(r, s.StepUpAboveMinor), coolOff: typedNumber(s.CoolOffMinutes),
		coolOffOver: typedMoney(r, s.CoolOffOverMinor), quiet: typedNumber(s.Newcomers.QuietHours), capDays: typedNumber(s.Newcomers.CapDays), capDay: typedMoney(r, s.Newcomers.CapDayMinor),
		maker: s.MakerMayApprove, factor: s.FactorNeeded}
	for _, x := range s.Rules {
		w := x.When
		rf := ruleForm{name: r.t.RuleName(x.Name), over: typedMoney(r, w.OverMinor), upto: typedMoney(r, w.UpToMinor), entry: w.Entry, payees: mapped(w.Payees, r.payeeName), payeeGroups: strings.Join(w.PayeeGroups, ", "),
			changed: typedNumber(w.ChangedDays), makers: mapped(w.Makers, d.typedName), makerGroups: strings.Join(w.MakerGroups, ", "), sources: strings.Join(w.Sources, ", "), first: w.First, blocked: r.t.BlockReason(x.Blocked)}
		if x.Ordered {
			rf.order = "1"
		}
		if x.Blocked != "" {
			rf.outcome = "blocked"
		}
		for _, st := range x.Steps {
			sf := stepForm{count: strconv.Itoa(st.Count), people: mapped(st.People, d.typedName), groups: strings.Join(st.Groups, ", ")}
			switch {
			case slices.Contains(st.Roles, approval.Approver):
				sf.role = "approver"
			case slices.Contains(st.Roles, approval.Senior):
				sf.role = "senior"
			}
			rf.steps = append(rf.steps, sf)
		}
		for _, u := range w.Sums {
			rf.sums = append(rf.sums, sumForm{u.Of, u.Per, typedMoney(r, u.OverMinor)})
		}
		f.rules = append(f.rules, rf)
	}
	return f
}

// typedName is how a form names a person: by name where only one is called so, else by e-mail.
func (d *desk) typedName(id string) string {
	p, known := d.people[id]
	if !known {
		return id
	}
	for _, o := range d.people {
		if o.ID != id && o.Name == p.Name && len(p.Emails) > 0 {
			return p.Emails[0]
		}
	}
	return p.Name
}

// namedPerson finds who a form means: by name, short name, e-mail or id.
func (d *desk) namedPerson(s string) (id string, ok bool) {
	if _, known := d.people[s]; known {
		return s, true
	}
	n := 0
	for _, p := range d.people {
		if strings.EqualFold(p.Name, s) || strings.EqualFold(lang.ShortName(p.Name), s) || slices.ContainsFunc(p.Emails, func(e string) bool { return strings.EqualFold(e, s) }) {
			id, n = p.ID, n+1
		}
	}
	return id, n == 1
}

func tokens(s string) []string {
	var out []string
	for _, x := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ';' || c == '\n' }) {
		if x = strings.TrimSpace(x); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// bounded reads a count of lines that a form carries.
func bounded(v url.Values, name string, most int) int {
	n, err := strconv.Atoi(v.Get(name))
	if err != nil || n < 0 {
		return 0
	}
	return min(n, most)
}

// readRules reads the form as it was typed.
func readRules(v url.Values) rulesForm {
	f := rulesForm{name: v.Get("name"), expiry: v.Get("expiry_days"), sign: v.Get("sign_above"), stepUp: v.Get("step_up_above"), coolOff: v.Get("cool_off"), coolOffOver: v.Get("cool_off_over"),
		quiet: v.Get("quiet_hours"), capDays: v.Get("cap_days"), capDay: v.Get("cap_day"), reason: v.Get("reason"), maker: v.Get("maker_may_approve") != "", factor: v.Get("factor_needed") != ""}
	f.seen = bounded(v, "version", 1<<30)
	for i := range bounded(v, "rules", approval.MaxRules+1) {
		at := func(s string) string { return v.Get(fmt.Sprintf("rule-%d-%s", i+1, s)) }
		x := ruleForm{name: at("name"), over: at("over"), upto: at("upto"), entry: at("entry"), payees: at("payees"), payeeGroups: at("payee_groups"), changed: at("changed"), makers: at("makers"), makerGroups: at("maker_groups"),
			sources: at("sources"), outcome: at("outcome"), order: at("order"), blocked: at("blocked"), first: at("first") != ""}
		for j := range bounded(v, fmt.Sprintf("rule-%d-steps", i+1), approval.MaxSteps+1) {
			at := func(s string) string { return v.Get(fmt.Sprintf("rule-%d-%s-%d", i+1, s, j+1)) }
			x.steps = append(x.steps, stepForm{at("count"), at("role"), at("people"), at("groups")})
		}
		for j := range bounded(v, fmt.Sprintf("rule-%d-sums", i+1), 7) {
			at := func(s string) string { return v.Get(fmt.Sprintf("rule-%d-%s-%d", i+1, s, j+1)) }
			x.sums = append(x.sums, sumForm{at("of"), at("per"), at("sum")})
		}
		f.rules = append(f.rules, x)
	}
	return f
}

// edited does what a button of the form asks for: adds or removes a rule, a step or a sum. false for any other word.
func (f *rulesForm) edited(do string) bool {
	var i, j int
	n := func(format string, args ...any) bool {
		k, err := fmt.Sscanf(do, format, args...)
		return err == nil && k == len(args)
	}
	inRule := func() bool { return i >= 1 && i <= len(f.rules) }
	switch {
	case do == "add-rule":
		if len(f.rules) < approval.MaxRules {
			f.rules = append(f.rules, ruleForm{steps: []stepForm{{count: "1", role: "approver"}}})
		}
	case n("remove-rule-%d", &i) && inRule():
		f.rules = slices.Delete(f.rules, i-1, i)
	case n("add-step-%d", &i) && inRule():
		if x := &f.rules[i-1]; len(x.steps) < approval.MaxSteps {
			x.steps, x.outcome = append(x.steps, stepForm{count: "1", role: "approver"}), ""
		}
	case n("remove-step-%d-%d", &i, &j) && inRule() && j >= 1 && j <= len(f.rules[i-1].steps):
		f.rules[i-1].steps = slices.Delete(f.rules[i-1].steps, j-1, j)
	case n("add-sum-%d", &i) && inRule():
		if x := &f.rules[i-1]; len(x.sums) < 6 {
			x.sums = append(x.sums, sumForm{of: "payee", per: "day"})
		}
	case n("remove-sum-%d-%d", &i, &j) && inRule() && j >= 1 && j <= len(f.rules[i-1].sums):
		f.rules[i-1].sums = slices.Delete(f.rules[i-1].sums, j-1, j)
	default:
		return false
	}
	return true
}

// formInput reads fields of the settings and collects what is wrong with them.
type formInput struct {
	faults fault.List
	d      *desk
	r      *req
}

func (t *formInput) money(field, s string) int64 {
	s = strings.TrimSpace(s)
	if s == "" || strings.Trim(s, "0.,") == "" && s[0] == '0' {
		return 0
	}
	a, err := money.ParseRoubles(s)
	if err != nil {
		f := fault.As(err)
		if len(f) == 0 {
			f = fault.List{fault.Bad(field, "amount.format", s)}
		}
		t.faults = append(t.faults, fault.Bad(field, f[0].Code, f[0].Args...))
		return 0
	}
	return a.Minor
}

func (t *formInput) number(field, s string) int {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > 1<<30 || n < -1<<30 {
		t.faults = append(t.faults, fault.Bad(field, "rules.number"))
		return 0
	}
	return n
}

func (t *formInput) people(field, s string) []string {
	var out []string
	for _, x := range tokens(s) {
		id, ok := t.d.namedPerson(x)
		if !ok {
			t.faults = append(t.faults, fault.Bad(field, "rules.person", x))
			continue
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func (t *formInput) payeeIDs(field, s string) []string {
	var out []string
	for _, x := range tokens(s) {
		id, ok := t.r.payeeID(x)
		if !ok {
			t.faults = append(t.faults, fault.Bad(field, "rules.payee", x))
			continue
		}
		out = append(out, id)
	}
	return out
}

// set is the form as a rule set, with everything that is wrong at the fields of approval.RuleSet.Check.
func (f rulesForm) set(t *formInput) approval.RuleSet {
	s := approval.RuleSet{Name: lang.RuleCode(strings.TrimSpace(f.name)), ExpiryDays: t.number("expiry_days", f.expiry), MakerMayApprove: f.maker, FactorNeeded: f.factor, SignAboveMinor: t.money("sign_above", f.sign),
		StepUpAboveMinor: t.money("step_up_above", f.stepUp), CoolOffMinutes: t.number("cool_off", f.coolOff), CoolOffOverMinor: t.money("cool_off_over", f.coolOffOver),
		Newcomers: approval.Newcomers{QuietHours: t.number("newcomers", f.quiet), CapDays: t.number("cap_days", f.capDays), CapDayMinor: t.money("cap_day", f.capDay)}}
	for i, x := range f.rules {
		at := func(field string) string { return fmt.Sprintf("rule-%d-%s", i+1, field) }
		out := approval.Rule{Name: lang.RuleCode(strings.TrimSpace(x.name)), Ordered: x.order == "1"}
		w := &out.When
		w.OverMinor, w.UpToMinor, w.Entry, w.First = t.money(at("over"), x.over), t.money(at("amount"), x.upto), x.entry, x.first
		w.ChangedDays, w.Payees, w.PayeeGroups = t.number(at("changed"), x.changed), t.payeeIDs(at("payees"), x.payees), tokens(x.payeeGroups)
		w.Makers, w.MakerGroups, w.Sources = t.people(at("makers"), x.makers), tokens(x.makerGroups), tokens(x.sources)
		for j, u := range x.sums {
			w.Sums = append(w.Sums, approval.SumOver{Of: u.of, Per: u.per, OverMinor: t.money(fmt.Sprintf("rule-%d-sum-%d", i+1, j+1), u.over)})
		}
		if x.outcome == "blocked" {
			out.Blocked = lang.ReasonCode(strings.TrimSpace(x.blocked))
			if out.Blocked == "" {
				t.faults = append(t.faults, fault.Bad(at("blocked"), "rules.blocked"))
				out.Blocked = " " // so that it is not taken for a rule without steps
			}
		} else {
			for j, st := range x.steps {
				step := approval.Step{Count: t.number(fmt.Sprintf("rule-%d-count-%d", i+1, j+1), st.count), People: t.people(fmt.Sprintf("rule-%d-people-%d", i+1, j+1), st.people), Groups: tokens(st.groups)}
				if st.role == "approver" || st.role == "senior" {
					step.Roles = []approval.Role{approval.Role(st.role)}
				}
				out.Steps = append(out.Steps, step)
			}
		}
		s.Rules = append(s.Rules, out)
	}
	have := map[string]bool{}
	for _, e := range t.faults {
		have[e.Field] = true
	}
	for _, e := range s.Check() { // what could not be read is said once
		if !have[e.Field] {
			t.faults = append(t.faults, e)
		}
	}
	return s
}

func (w *Web) rulesForm(r *req) error { // GET /settings/rules/edit
	if !app.MayPropose(r.me.Person, approval.Rules) {
		return app.DenyRole(app.Propose, approval.Rules)
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	s, title := d.frame.Set, ""
	if n, err := strconv.Atoi(r.QueryParam("from")); err == nil {
		p, err := w.App.Store.ProposalAt(r.ctx(), approval.Rules, app.RulesID, n)
		if err != nil {
			return err
		}
		if s, err = setOf(p); err != nil {
			return err
		}
		title = lang.Fill(r.t.Rules().FormBack, n)
	}
	f := formOf(r, d, s)
	f.seen = d.frame.Set.Version
	return w.showRulesForm(r, d, http.StatusOK, f, nil, title, nil)
}

func (w *Web) proposeRules(r *req) error { // POST /settings/rules
	if !app.MayPropose(r.me.Person, approval.Rules) {
		return app.DenyRole(app.Propose, approval.Rules)
	}
	d, err := r.desk()
	if err != nil {
		return err
	}
	v := r.Request().PostForm
	f, do := readRules(v), v.Get("do")
	r.here = "/settings/rules/edit"
	if f.edited(do) {
		return w.showRulesForm(r, d, http.StatusOK, f, nil, "", nil)
	}
	t := &formInput{d: d, r: r}
	set := f.set(t)
	if len(t.faults) > 0 {
		return w.showRulesForm(r, d, http.StatusUnprocessableEntity, f, t.faults, "", nil)
	}
	if do != "submit" {
		return w.showRulesForm(r, d, http.StatusOK, f, nil, "", &set)
	}
	err = w.App.ProposeRules(r.ctx(), r.me.who(), set, f.seen, strings.TrimSpace(f.reason))
	switch fs := fault.As(err); {
	case err == nil:
		return r.see(changeHref(approval.Rules, app.RulesID, 0))
	case len(fs) > 0 && fs[0].Kind == fault.Invalid:
		return w.showRulesForm(r, d, http.StatusUnprocessableEntity, f, fs, "", nil)
	case len(fs) > 0 && fs[0].Kind == fault.Conflict:
		return w.showRulesForm(r, d, http.StatusConflict, f, fs, "", nil)
	}
	return err
}

// fields builds the fields of a form with the faults that stand at them.
type fields struct {
	r      *req
	faults fault.List
	used   map[*fault.Error]bool
}

// at is the sentence for the first fault at one of these fields.
func (x *fields) at(names ...string) (text, at string) {
	for _, n := range names {
		if f := x.faults.Field(n); f != nil {
			x.used[f] = true
			return say(x.r.t, f), n
		}
	}
	return "", ""
}

func (x *fields) field(name, label, value, help, class string, faultsAt ...string) templates.FormField {
	f := templates.FormField{Name: name, Label: label, Value: value, Help: help, Class: class}
	f.Error, f.ErrorAt = x.at(append([]string{name}, faultsAt...)...)
	switch class {
	case "wsum":
		f.Mode = "decimal"
	case "w9":
		f.Mode = "numeric"
	}
	return f
}

func (x *fields) list(f templates.FormField, id string) templates.FormField {
	f.List = id
	return f
}

func (x *fields) check(name, label string, on bool) templates.FormField {
	f := templates.FormField{Name: name, Label: label, Kind: "check", On: on}
	f.Error, f.ErrorAt = x.at(name)
	return f
}

// choice is a select; pairs are values and labels.
func (x *fields) choice(name, label, value string, pairs ...string) templates.FormField {
	f := templates.FormField{Name: name, Label: label, Kind: "select"}
	f.Error, f.ErrorAt = x.at(name)
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Options = append(f.Options, templates.Option{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == value})
	}
	return f
}

// group says a fault that belongs to a part as a whole.
func (x *fields) group(names ...string) *templates.FieldError {
	text, at := x.at(names...)
	if text == "" {
		return nil
	}
	return &templates.FieldError{Field: at, Text: text}
}

// summary are links to the mistakes, and the first that belongs to the form as a whole.
func (x *fields) summary(v *templates.SettingsFormView) {
	for _, f := range x.faults {
		if !x.used[f] {
			if v.Error == nil {
				v.Error = &templates.FieldError{Field: first(f.Field, "form"), Text: say(x.r.t, f)}
			}
			continue
		}
		v.Errors = append(v.Errors, templates.Link{Href: templ.SafeURL("#" + x.anchor(v.Groups, f)), Label: say(x.r.t, f)})
	}
}

// anchor is the id at which a fault stands.
func (x *fields) anchor(groups []templates.FormGroup, f *fault.Error) string {
	for _, g := range groups {
		if g.Error != nil && g.Error.Field == f.Field {
			return g.ID
		}
		for _, y := range g.Fields {
			if y.Error != "" && first(y.ErrorAt, y.Name) == f.Field {
				return y.Name
			}
		}
		if id := x.anchor(g.Groups, f); id != "" {
			return id
		}
	}
	return ""
}

func (w *Web) showRulesForm(r *req, d *desk, status int, f rulesForm, faults fault.List, title string, checked *approval.RuleSet) error {
	t := r.t.Rules()
	x := &fields{r, faults, map[*fault.Error]bool{}}
	v := &templates.SettingsFormView{Crumb: templates.Link{Href: "/settings/rules", Label: t.Title}, Title: first(title, t.FormTitle), Lead: t.FormLead, Action: "/settings/rules", Check: t.Check, Submit: t.Submit}
	v.Hidden = []templates.Hidden{{Name: "version", Value: strconv.Itoa(f.seen)}, {Name: "rules", Value: strconv.Itoa(len(f.rules))}}
	label := func(s string) string { return t.Fields[s] }
	v.Groups = append(v.Groups, templates.FormGroup{ID: "own", Title: t.Own, Fields: []templates.FormField{
		x.field("name", label("name"), f.name, "", "w20"), x.field("expiry_days", label("expiry_days"), f.expiry, t.Help["days"], "w9"),
		x.field("sign_above", label("sign_above"), f.sign, t.Help["never"], "wsum"), x.field("step_up_above", label("step_up_above"), f.stepUp, t.Help["never"], "wsum"),
		x.field("cool_off", label("cool_off"), f.coolOff, t.Help["never"], "w9"), x.field("cool_off_over", label("cool_off_over"), f.coolOffOver, "", "wsum"),
		x.field("quiet_hours", label("quiet_hours"), f.quiet, t.Help["never"], "w9", "newcomers"), x.field("cap_days", label("cap_days"), f.capDays, t.Help["never"], "w9"), x.field("cap_day", label("cap_day"), f.capDay, "", "wsum"),
		x.check("factor_needed", label("factor_needed"), f.factor), x.check("maker_may_approve", label("maker_may_approve"), f.maker)}})
	// Words stand under each rule that can be read.
	ty := &formInput{d: d, r: r}
	set := f.set(ty)
	for i, rf := range f.rules {
		n := i + 1
		name := func(s string) string { return fmt.Sprintf("rule-%d-%s", n, s) }
		g := templates.FormGroup{ID: fmt.Sprintf("rule-%d", n), Title: lang.Fill(t.FormRule, n)}
		if !slices.ContainsFunc(ty.faults, func(e *fault.Error) bool { return strings.HasPrefix(e.Field, g.ID+"-") }) {
			g.Words = ruleSentence(r, set.Rules[i])
		}
		g.Fields = []templates.FormField{
			x.field(name("name"), label("rule_name"), rf.name, "", "w20"), x.field(name("over"), label("over"), rf.over, t.Help["amount"], "wsum"), x.field(name("upto"), label("upto"), rf.upto, t.Help["amount"], "wsum", name("amount")),
			x.choice(name("entry"), label("entry"), rf.entry, "", t.EntryAny, "saved", t.EntrySaved, "free", t.EntryFree),
			x.field(name("payees"), label("payees"), rf.payees, t.Help["list"], "w20"), x.field(name("payee_groups"), label("payee_groups"), rf.payeeGroups, t.Help["groups"], "w20"),
			x.field(name("changed"), label("changed"), rf.changed, t.Help["changed"], "w9"),
			x.list(x.field(name("makers"), label("makers"), rf.makers, t.Help["people"], "w20"), "people"), x.list(x.field(name("maker_groups"), label("maker_groups"), rf.makerGroups, t.Help["groups"], "w20"), "groups"),
			x.field(name("sources"), label("sources"), rf.sources, t.Help["list"], "w9"), x.check(name("first"), label("first"), rf.first)}
		g.Fields[len(g.Fields)-2].Mode = ""
		for j, u := range rf.sums {
			id := func(s string) string { return fmt.Sprintf("rule-%d-%s-%d", n, s, j+1) }
			g.Groups = append(g.Groups, templates.FormGroup{ID: id("sums"), Title: lang.Fill(t.FormSum, j+1), Fields: []templates.FormField{
				x.choice(id("of"), label("sum_of"), u.of, "payee", t.SumOf["payee"], "maker", t.SumOf["maker"], "company", t.SumOf["company"]), x.choice(id("per"), label("sum_per"), u.per, "day", t.SumPer["day"], "month", t.SumPer["month"]),
				x.field(id("sum"), label("sum_over"), u.over, "", "wsum", name("sums"))}, Buttons: []templates.FormButton{{Value: fmt.Sprintf("remove-sum-%d-%d", n, j+1), Label: lang.Fill(t.RemoveSum, j+1)}}})
		}
		out := templates.FormGroup{ID: name("what"), Title: t.Outcome, Fields: []templates.FormField{x.choice(name("outcome"), label("outcome"), rf.outcome, "", t.AskSteps, "blocked", t.AskBlocked)}}
		if rf.outcome == "blocked" || rf.blocked != "" {
			out.Fields = append(out.Fields, x.field(name("blocked"), label("blocked"), rf.blocked, "", "wide"))
		} else {
			out.Fields = append(out.Fields, x.field(name("blocked"), label("blocked"), rf.blocked, "", "w20"))
		}
		if len(rf.steps) > 1 {
			out.Fields = append(out.Fields, x.choice(name("order"), label("order"), rf.order, "", t.SideBySide, "1", t.InOrder))
		}
		for j, st := range rf.steps {
			id := func(s string) string { return fmt.Sprintf("rule-%d-%s-%d", n, s, j+1) }
			role := x.choice(id("role"), label("role"), st.role, "", t.RoleNone, "approver", r.t.Roles["approver"], "senior", r.t.Roles["senior"])
			role.Error, role.ErrorAt = x.at(id("who"))
			out.Groups = append(out.Groups, templates.FormGroup{ID: id("step"), Title: lang.Fill(t.FormStep, j+1), Fields: []templates.FormField{x.field(id("count"), label("count"), st.count, "", "w9"), role,
				x.list(x.field(id("people"), label("people"), st.people, t.Help["people"], "w20"), "people"), x.list(x.field(id("groups"), label("groups"), st.groups, t.Help["groups"], "w20"), "groups")},
				Buttons: []templates.FormButton{{Value: fmt.Sprintf("remove-step-%d-%d", n, j+1), Label: lang.Fill(t.RemoveStep, j+1)}}})
		}
		out.Error = x.group(name("steps"))
		out.Buttons = []templates.FormButton{{Value: fmt.Sprintf("add-step-%d", n), Label: t.AddStep}}
		g.Groups = append(g.Groups, out)
		g.Error = x.group(name("list"), name("sums"))
		g.Buttons = []templates.FormButton{{Value: fmt.Sprintf("add-sum-%d", n), Label: t.AddSum}, {Value: fmt.Sprintf("remove-rule-%d", n), Label: lang.Fill(t.RemoveRule, n)}}
		v.Hidden = append(v.Hidden, templates.Hidden{Name: name("steps"), Value: strconv.Itoa(len(rf.steps))}, templates.Hidden{Name: name("sums"), Value: strconv.Itoa(len(rf.sums))})
		v.Groups = append(v.Groups, g)
	}
	v.Buttons = []templates.FormButton{{Value: "add-rule", Label: t.AddRule}}
	v.Reason = x.field("reason", t.ReasonField, f.reason, "", "")
	v.Reason.Kind = "area"
	x.summary(v)
	if checked != nil {
		v.Done = t.Checked
		if r.may(app.TryRules) {
			v.Try = &templates.Act{Action: "/settings/rules/try", Label: t.Try, Hidden: []templates.Hidden{{Name: "doc", Value: string(checked.Doc())}}, TestID: "try"}
		}
	}
	v.Lists = r.suggestions(d)
	p, err := r.page(v.Title, templates.SectionSettings)
	if err != nil {
		return err
	}
	return r.show(status, templates.SettingsForm(p, v))
}

// suggestions are names that fields of the settings take.
func (r *req) suggestions(d *desk) []templates.DataList {
	people, groups := templates.DataList{ID: "people"}, templates.DataList{ID: "groups"}
	for id, p := range d.people {
		if !p.Suspended && !p.Has(auth.Auditor) {
			people.Values = append(people.Values, d.typedName(id))
		}
	}
	for _, s := range d.signers {
		for _, g := range s.Groups {
			if !slices.Contains(groups.Values, g) {
				groups.Values = append(groups.Values, g)
			}
		}
	}
	slices.Sort(people.Values)
	slices.Sort(groups.Values)
	return []templates.DataList{people, groups}
}
