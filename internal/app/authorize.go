package app

import (
	"slices"
	"strings"

	"countersign/internal/approval"
	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/payout"
)

// Actor is who wants to write: a person through their sign-in (Who), or a Party. There is no third, and none that is everybody.
type Actor interface{ actor() payout.Actor }

// Party is an actor that is no signed-in person: one of the desk's own workers, a command, or what comes from outside.
type Party string

// The parties. A visitor's browser is nobody yet: its password, passkey or link is judged in the transaction that it opens.
const (
	theConsole Party = "console" // commands of whoever may run the program on its machine
	theVisitor Party = "visitor"
	theIntake  Party = "intake"  // messages whose signature is the bank's
	theApplier Party = "applier" // of those messages
	theSender  Party = "dispatcher"
	thePoller  Party = "poller"
	theClock   Party = "clock"
	theDoctor  Party = "doctor"
	theFolder  Party = "reports" // the watched folder of the bank's reports
	theStart   Party = "start"
	theGuard   Party = "desk" // the desk itself, over a refusal
	theDemo    Party = "demo" // its made-up directory of banks
)

func (p Party) actor() payout.Actor { return payout.System(string(p)) }

// Ref names what an action is about: a kind of subject as the history writes it, and its id, "" for one that gets it only now and for "the next one".
type Ref struct{ Kind, ID string }

func about[K, I ~string](kind K, id I) Ref { return Ref{string(kind), string(id)} }

// self is the person's own account.
func (w Who) self() Ref { return about(approval.Person, w.Person) }

var theDesk = about("desk", "")

// Action is what somebody wants to do.
type Action string

// The actions that roles decide on.
const (
	Enter        Action = "enter"         // make, edit, submit, cancel payouts
	Decide       Action = "decide"        // approve, ask for changes, reject, take back
	StopSending  Action = "halt"          //
	Resume       Action = "release"       //
	ReadPayouts  Action = "read_payouts"  // with payees and purposes
	ReadSums     Action = "read_sums"     // numbers, states and sums only
	ReadInbox    Action = "read_inbox"    //
	ReadRaw      Action = "read_raw"      // bytes as they came
	ReadHistory  Action = "read_history"  //
	Reveal       Action = "reveal"        // a whole account number
	ReadPeople   Action = "read_people"   //
	Suspend      Action = "suspend"       //
	ChangePeople Action = "change_people" // propose people, roles, resets; hand out enrolment links
	ReadBank     Action = "read_bank"     // /settings/bank
	SetBank      Action = "set_bank"      // load a directory of banks; propose days and keys
	OwnAccount   Action = "own_account"   //
	Export       Action = "export"        // files of what one may read
	Propose      Action = "propose"       // a version of a subject other than a payout; which kinds, proposers says
	Withdraw     Action = "withdraw"      // a proposal of one's own: what one may propose, and what one asked for about oneself
	DecideOn     Action = "decide_on"     // about such a version; which kinds, approval.ForKind says
	ReadRules    Action = "read_rules"    // approval rules, the laboratory
	TryRules     Action = "try_rules"     // the laboratory
	ReadLimits   Action = "read_limits"   // limits and lists
	ReadPayees   Action = "read_payees"   // saved payees
	Queue        Action = "queue"         // /approvals: whoever decides anything
	ReadReports  Action = "read_reports"  // reconciliation with the bank
	UploadReport Action = "upload_report" // hand in a daily report of the bank
	ReadFiles    Action = "read_files"    // which reports were handed in
	CloseDays    Action = "close_days"    // say that a day is in order
	Sign         Action = "sign"          // be asked by a passkey about what one decides
	StopIt       Action = "stop_it"       // a proposal that would take effect by itself
)

// The actions of parties alone: no role opens them.
const (
	SignsIn   Action = "sign_in"    // become a person, by what is shown in that same transaction
	UseLink   Action = "use_link"   // set a first password, by an enrolment link
	AddPeople Action = "add_people" // found the desk; after the founding only a proposal
	Receive   Action = "receive"    // keep a genuine message of the bank
	Apply     Action = "apply"      // let a kept message have its effect
	Send      Action = "send"       // claim what is approved, and record what the bank answered
	Ask       Action = "ask"        // record what the bank said of a payout that it was asked about
	Settle    Action = "settle"     // what time alone brings: expiry, effect, calls that are lost
	Examine   Action = "examine"    // look at the rows, and stop sending over what is wrong
	Begin     Action = "begin"      // what a start does before any worker
	Alarm     Action = "alarm"      // what a refusal leaves behind
)

// roles is the one table of which people may do what.
var roles = map[Action][]auth.Role{
	Enter:        {auth.Maker},
	Decide:       {auth.Approver, auth.Senior},
	StopSending:  {auth.Approver, auth.Senior, auth.Admin},
	Resume:       {auth.Approver, auth.Senior, auth.Admin},
	ReadPayouts:  {auth.Maker, auth.Approver, auth.Senior, auth.Auditor},
	ReadSums:     {auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	ReadInbox:    {auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	ReadRaw:      {auth.Auditor},
	ReadHistory:  {auth.Auditor, auth.Admin},
	Reveal:       {auth.Auditor},
	ReadPeople:   {auth.Admin, auth.Auditor},
	Suspend:      {auth.Admin},
	ChangePeople: {auth.Admin},
	ReadBank:     {auth.Admin, auth.Auditor},
	SetBank:      {auth.Admin},
	OwnAccount:   {auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	Export:       {auth.Maker, auth.Approver, auth.Senior, auth.Auditor},
	Propose:      {auth.Maker, auth.Admin},
	Withdraw:     {auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	DecideOn:     {auth.Approver, auth.Senior, auth.Admin},
	ReadRules:    {auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	TryRules:     {auth.Senior, auth.Auditor, auth.Admin},
	ReadLimits:   {auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	ReadPayees:   {auth.Maker, auth.Approver, auth.Senior, auth.Auditor},
	Queue:        {auth.Approver, auth.Senior, auth.Admin},
	ReadReports:  {auth.Maker, auth.Approver, auth.Senior, auth.Auditor},
	// A report moves no state, so that handing one in is office work: makers, and administrators, who look after the connection with the bank. Not
	// approvers, who close the day by it, and not auditors, who change nothing.
	UploadReport: {auth.Maker, auth.Admin},
	ReadFiles:    {auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
	CloseDays:    {auth.Approver, auth.Senior},
	Sign:         {auth.Approver, auth.Senior, auth.Admin},
	StopIt:       {auth.Maker, auth.Approver, auth.Senior, auth.Auditor, auth.Admin},
}

// parties is the one table of what else may do what. Whatever is in neither table nobody may do.
var parties = map[Action][]Party{
	SetBank:      {theDemo},
	UploadReport: {theFolder},
	SignsIn:      {theVisitor},
	UseLink:      {theVisitor},
	AddPeople:    {theConsole},
	Receive:      {theIntake},
	Apply:        {theApplier},
	Send:         {theSender},
	Ask:          {thePoller},
	Settle:       {theClock},
	Examine:      {theDoctor},
	Begin:        {theStart},
	Alarm:        {theGuard},
}

// kinds is the one table of what each action may be about, besides what onProposals lists. An action without a row writes nothing: it is for pages alone.
var kinds = map[Action]string{
	Enter:        "payout",
	Decide:       "payout batch",
	StopSending:  "desk",
	Resume:       "release",
	ReadPayouts:  "verdict", // its evidence
	ReadRaw:      "payout message refused",
	Reveal:       "payout",
	Suspend:      "person",
	ChangePeople: "person",
	SetBank:      "keys",
	OwnAccount:   "person", // their own
	Export:       "export",
	UploadReport: "report",
	CloseDays:    "day",
	Sign:         "payout verdict digest",
	SignsIn:      "signin",
	UseLink:      "person",
	AddPeople:    "person",
	Receive:      "message",
	Apply:        "message",
	Send:         "payout",
	Ask:          "payout",
	Settle:       "payout",
	Examine:      "desk",
	Begin:        "desk",
	Alarm:        "desk",
}

// onProposals are the actions about any kind that has a decision rule, and goes through proposals by it.
var onProposals = map[Action]bool{Propose: true, Withdraw: true, DecideOn: true, StopIt: true, Settle: true}

// fits reports whether an action may be about this at all.
func fits(do Action, on Ref) bool {
	if _, ruled := approval.ForKind(approval.Kind(on.Kind)); ruled && onProposals[do] {
		return true
	}
	return slices.Contains(strings.Fields(kinds[do]), on.Kind)
}

// proposers is who may propose what; deciders follow from approval.ForKind.
var proposers = map[approval.Kind][]auth.Role{
	approval.Payee:  {auth.Maker},
	approval.Rules:  {auth.Admin},
	approval.Person: {auth.Admin},
	approval.Limit:  {auth.Admin},
	approval.Keys:   {auth.Admin},
	approval.Match:  {auth.Maker},
	// A ruling is asked for by whoever entered payouts, never by who decides it.
	approval.Verdict: {auth.Maker},
}

// MayPropose, MayWithdraw and MayDecideOn report whether a person's roles allow it at all. Pages use them to show or hide; authorize decides.
func MayPropose(p auth.Person, kind approval.Kind) bool {
	return p.ID != "" && !p.Suspended && slices.ContainsFunc(proposers[kind], p.Has)
}

// MayWithdraw reports whether the person's roles let them withdraw a proposal of their own: of a kind that they may propose, and what they asked for about themselves, that
// others vouch for a passkey.
func MayWithdraw(p auth.Person, kind approval.Kind, id string) bool {
	return MayPropose(p, kind) || p.ID != "" && !p.Suspended && kind == approval.Person && id == p.ID
}

// MayDecideOn reports whether the person's roles let them decide on this kind.
func MayDecideOn(p auth.Person, kind approval.Kind) bool {
	need, ok := approval.ForKind(kind)
	if kind == approval.Payout {
		need, ok = approval.Need{Roles: []approval.Role{approval.Approver, approval.Senior}}, true
	}
	return ok && p.ID != "" && !p.Suspended && slices.ContainsFunc(need.Roles, func(r approval.Role) bool { return p.Has(auth.Role(r)) })
}

// halfIn are what a sign-in opens that is not whole yet: made without a second factor where everybody needs one, or with a password that somebody else set.
var halfIn = map[Action]bool{OwnAccount: true, StopIt: true}

// May reports whether a person with these roles may do the action at all. Pages use it to show or hide; authorize decides.
func May(p auth.Person, do Action) bool {
	if p.ID == "" || p.Suspended {
		return false
	}
	for _, r := range roles[do] {
		if p.Has(r) {
			return true
		}
	}
	return false
}

// authorize is the choke point that pages, workers and commands pass, in the transaction that writes and before anything else in it: may this actor do this to this subject?
// It returns the person, as they are now; none for a party. An unknown identity, and whatever no table lists, is Denied "denied.role". What it takes the subject's row to
// judge (whose payout it is, who else said yes) is for the use case that it lets in.
func authorize(tx *sealed, who Actor, do Action, on Ref) (auth.Person, error) {
	switch who := who.(type) {
	case Who:
		p, err := authorizePerson(tx, who, do, approval.Kind(on.Kind))
		if err != nil {
			return auth.Person{}, err
		}
		if fits(do, on) && mayOn(p, do, on) {
			return p, nil
		}
	case Party:
		if slices.Contains(parties[do], who) && fits(do, on) {
			return auth.Person{}, nil
		}
	}
	return auth.Person{}, DenyRole(do, approval.Kind(on.Kind))
}

// DenyRole refuses a person whose roles do not allow the action: Denied "denied.role" (the roles that do; about which kind of subject counts where proposals are meant, "" for any).
func DenyRole(do Action, kind approval.Kind) error {
	rs := roles[do]
	if who, is := proposers[kind]; is && (do == Propose || do == Withdraw) {
		rs = who
	}
	if need, is := approval.ForKind(kind); is && do == DecideOn {
		rs = nil
		for _, r := range need.Roles {
			rs = append(rs, auth.Role(r))
		}
	}
	return fault.Deny("denied.role", roleNames(rs))
}

// roleNames are roles as arguments of a fault; an approver may be a senior one, which goes without saying.
func roleNames(rs []auth.Role) []string {
	out := []string{}
	for _, r := range rs {
		if r != auth.Senior || !slices.Contains(rs, auth.Approver) {
			out = append(out, string(r))
		}
	}
	return out
}

// mayOn is what the subject decides of a person.
func mayOn(p auth.Person, do Action, on Ref) bool {
	switch do {
	case Propose:
		return MayPropose(p, approval.Kind(on.Kind))
	case Withdraw:
		return MayWithdraw(p, approval.Kind(on.Kind), on.ID)
	case DecideOn:
		return MayDecideOn(p, approval.Kind(on.Kind))
	case OwnAccount:
		return on == about(approval.Person, p.ID)
	}
	return true
}

// authorizePerson reads who the person is and may do.
func authorizePerson(tx *sealed, w Who, do Action, kind approval.Kind) (auth.Person, error) {
	if w.Person == "" {
		return auth.Person{}, fault.Deny("denied.role")
	}
	p, err := tx.Person(w.Person)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return auth.Person{}, fault.Deny("denied.role")
		}
		return auth.Person{}, err
	}
	if p.Suspended {
		return auth.Person{}, fault.Deny("denied.suspended")
	}
	if !May(p, do) {
		return auth.Person{}, DenyRole(do, kind)
	}
	if !halfIn[do] {
		// A password that somebody else set proves nobody.
		if acc, ok, err := tx.Account(w.Email); err != nil {
			return auth.Person{}, err
		} else if ok && acc.MustChange {
			return auth.Person{}, fault.Deny("signin.change")
		}
	}
	return p, present(tx, w, do)
}
