package lang

import "strings"

// ProposalTexts are the words of pages about subjects other than payouts: what is proposed, old beside new, who decides.
type ProposalTexts struct {
	Kinds                                                       map[string]string // kinds of subject, as a heading
	KindsLow                                                    map[string]string // the same within a sentence, in Russian in the accusative
	States                                                      map[string]string // how a proposal stands, "" while open
	Events                                                      map[string]string // what happened to one: lines of the audit log
	TitleOne                                                    string            // «{1}, версия {2}»
	By, At, Reason, State, Effect                               string
	Old, New, What, None, Removed                               string // heads of old beside new; what was not there
	OldVersion, NewVersion                                      string // «Действует: версия {1}»
	WasVersion                                                  string // of an ended one: «До этого: версия {1}»
	Same                                                        Forms
	Compare, OtherVersions                                      string
	MoveYours                                                   string // after «Ваш ход:»
	Yours, Own, About, Others, Over, Takes                      string // titles of the panel
	ThenEffect, OwnText, AboutText, OthersText, NobodyText      string
	ThenNext                                                    string
	OverText                                                    map[string]string
	OverBy                                                      string // «{1}, {2}»
	Approve, Refuse, RefuseReason, Withdraw, Stop, StopReason   string
	StopButton, Keep                                            string
	EffectAt                                                    string // «Начнёт действовать само {1}, если никто не остановит»
	Expires, ExpiresToday, ExpiresTomorrow                      string
	Tech, Doc, Op, Base, RuleSet, Versions, Current             string
	Queue, QueueCaption, QueueOthers, QueueOthersCaption, Waits string
	ColWhat, ColBy, ColAt, ColSigns                             string
	Moved, MovedDiff, Back                                      string
	CrumbSettings                                               string
	Rules, Limits                                               string // tabs of the settings
	HaltBack                                                    string // a first yes to resuming was taken back
	ByOff                                                       string // whoever proposed it is suspended
}

var russianProposals = ProposalTexts{
	Kinds: map[string]string{"payee": "Получатель", "rules": "Правила согласования", "person": "Человек и роли", "limits": "Лимиты и списки", "keys": "Ключи и настройки банка", "verdict": "Решение о результате"},
	KindsLow: map[string]string{"payout": "выплату", "payee": "изменение получателя", "rules": "новые правила согласования", "person": "изменение людей и ролей", "limits": "новые лимиты и списки", "keys": "изменение ключей и настроек банка",
		"verdict": "решение о результате выплаты", "release": "возобновление отправки"},
	States: map[string]string{"": "На согласовании", "effective": "Согласовано и действует с этого времени", "rejected": "Отклонено", "withdrawn": "Предложение снято", "expired": "Срок согласования истёк", "stopped": "Остановлено"},
	Events: map[string]string{"proposed": "предложено", "approved": "согласовано", "taken_back": "согласование снято", "rejected": "отклонено", "withdrawn": "предложение снято", "expired": "срок согласования истёк", "stopped": "остановлено",
		"effective": "начало действовать", "founded": "записано при начале работы"},
	TitleOne: "{1}, версия {2}", By: "Кто предложил", At: "Когда", Reason: "Зачем", State: "Состояние", Effect: "Начнёт действовать",
	Old: "Сейчас", New: "Предлагается", What: "Что", None: "нет", Removed: "убрано",
	OldVersion: "Сейчас: версия {1}", NewVersion: "Предлагается: версия {1}", WasVersion: "До этого: версия {1}",
	Same: Forms{"Без изменений: {1} строка", "Без изменений: {1} строки", "Без изменений: {1} строк"}, Compare: "Было и станет", OtherVersions: "Другие версии:",
	MoveYours: "согласуйте или отклоните.", Yours: "Ваше решение", Own: "Предложили вы", About: "Это касается вас", Others: "Решают другие", Over: "Решать больше нечего", Takes: "Начнёт действовать само",
	ThenEffect: "После вашего согласования это сразу начнёт действовать.", ThenNext: "После вашего согласования нужно ещё: {1}.",
	OwnText: "Своё предложение согласовать нельзя. Решить может: {1}.", AboutText: "О себе никто не решает. Решить может: {1}.", OthersText: "Решить может: {1}.",
	NobodyText: "Сегодня решить это некому: нужен человек, который не предлагал и кого это не касается.",
	OverText:   map[string]string{"effective": "Это согласовано и вступило в силу.", "rejected": "Это отклонено.", "withdrawn": "Тот, кто предложил, снял предложение.", "expired": "За отведённый срок это не согласовали.", "stopped": "Это остановили до начала действия."},
	OverBy:     "{1}, {2}.",
	Approve:    "Согласовать", Refuse: "Отклонить", RefuseReason: "обязательно, чтобы отклонить", Withdraw: "Снять предложение", Stop: "Остановить", StopReason: "Почему останавливаете", StopButton: "Остановить", Keep: "Оставить",
	EffectAt: "Начнёт действовать {1}, если никто не остановит.",
	Expires:  "Срок согласования истекает {1}.", ExpiresToday: "Срок согласования истекает сегодня в {1}.", ExpiresTomorrow: "Срок согласования истекает завтра в {1}.",
	Tech: "Технические данные", Doc: "Содержание версии", Op: "Действие", Base: "Изменяет версию", RuleSet: "Правила согласования", Versions: "Другие версии", Current: "эта",
	Queue: "Кроме выплат", QueueCaption: "Что ещё ждёт вашего решения", QueueOthers: "Кроме выплат ждёт других", QueueOthersCaption: "Что ещё ждёт решения других", Waits: "ждёт: {1}",
	ColWhat: "Что", ColBy: "Кто предложил", ColAt: "Когда", ColSigns: "Согласования",
	Moved: "Пока страница была открыта, это изменилось.", MovedDiff: "Что изменилось", Back: "Открыть как есть сейчас", CrumbSettings: "Настройки",
	Rules: "Правила", Limits: "Лимиты", HaltBack: "Согласие возобновить отправку снято", ByOff: "{1}: доступ приостановлен. Отклонить или согласовать могут другие.",
}

var englishProposals = ProposalTexts{
	Kinds: map[string]string{"payee": "Payee", "rules": "Approval rules", "person": "Person and roles", "limits": "Limits and lists", "keys": "Bank keys and settings", "verdict": "Outcome decision"},
	KindsLow: map[string]string{"payout": "a payout", "payee": "a change of a payee", "rules": "new approval rules", "person": "a change of people and roles", "limits": "new limits and lists", "keys": "a change of bank keys and settings",
		"verdict": "a decision about an outcome", "release": "the resuming of sending"},
	States: map[string]string{"": "Awaiting approval", "effective": "Approved, in force from then on", "rejected": "Refused", "withdrawn": "Withdrawn", "expired": "Approval expired", "stopped": "Stopped"},
	Events: map[string]string{"proposed": "proposed", "approved": "approved", "taken_back": "approval taken back", "rejected": "refused", "withdrawn": "withdrawn", "expired": "approval expired", "stopped": "stopped",
		"effective": "in force", "founded": "written down at the beginning"},
	TitleOne: "{1}, version {2}", By: "Proposed by", At: "When", Reason: "Why", State: "State", Effect: "Takes effect",
	Old: "Now", New: "Proposed", What: "What", None: "none", Removed: "taken out",
	OldVersion: "Now: version {1}", NewVersion: "Proposed: version {1}", WasVersion: "Before: version {1}",
	Same: Forms{"Unchanged: {1} line", "Unchanged: {1} lines", "Unchanged: {1} lines"}, Compare: "Old beside new", OtherVersions: "Other versions:",
	MoveYours: "approve or refuse.", Yours: "Your decision", Own: "You proposed this", About: "This concerns you", Others: "Others decide", Over: "Nothing is left to decide", Takes: "It takes effect by itself",
	ThenEffect: "With your approval it takes effect at once.", ThenNext: "After your approval it needs more: {1}.",
	OwnText: "Nobody approves what they proposed. Who can decide: {1}.", AboutText: "Nobody decides about themselves. Who can decide: {1}.", OthersText: "Who can decide: {1}.",
	NobodyText: "Nobody can decide this today: it needs somebody who did not propose it and whom it does not concern.",
	OverText:   map[string]string{"effective": "It was approved and took effect.", "rejected": "It was refused.", "withdrawn": "Whoever proposed it withdrew it.", "expired": "It was not approved in time.", "stopped": "It was stopped before it took effect."},
	OverBy:     "{1}, {2}.",
	Approve:    "Approve", Refuse: "Refuse", RefuseReason: "required to refuse", Withdraw: "Withdraw", Stop: "Stop it", StopReason: "Why do you stop it", StopButton: "Stop it", Keep: "Keep it",
	EffectAt: "It takes effect {1} unless somebody stops it.",
	Expires:  "Approval expires {1}.", ExpiresToday: "Approval expires today at {1}.", ExpiresTomorrow: "Approval expires tomorrow at {1}.",
	Tech: "Technical data", Doc: "Content of this version", Op: "Operation", Base: "Changes version", RuleSet: "Approval rules", Versions: "Other versions", Current: "this one",
	Queue: "Besides payouts", QueueCaption: "What else waits for your decision", QueueOthers: "Besides payouts, waiting for others", QueueOthersCaption: "What else waits for the decision of others", Waits: "waits for {1}",
	ColWhat: "What", ColBy: "Proposed by", ColAt: "When", ColSigns: "Approvals",
	Moved: "This changed while the page was open.", MovedDiff: "What changed", Back: "Open it as it is now", CrumbSettings: "Settings",
	Rules: "Rules", Limits: "Limits", HaltBack: "Consent to resume sending taken back", ByOff: "{1} is suspended. Others can still approve or refuse it.",
}

// Proposals returns the words of proposals.
func (t *Texts) Proposals() *ProposalTexts { return pick(t, &russianProposals, &englishProposals) }

// ProposalEvent is a line of the audit log about a proposal: an action like "rules.proposed"; ok is false for any other.
func (t *Texts) ProposalEvent(action string) (line string, ok bool) {
	kind, what, _ := strings.Cut(action, ".")
	p := t.Proposals()
	if action == "halt.back" {
		return p.HaltBack, true
	}
	k, known := p.Kinds[kind]
	w, said := p.Events[what]
	if !known || !said {
		return "", false
	}
	return k + ": " + w, true
}

func init() {
	addRoom("proposals", &russianProposals, &englishProposals)
	addFaults(map[string]string{"halt.none": "Вашего согласия возобновить отправку нет."}, map[string]string{"halt.none": "No consent of yours to resume sending stands."})
	sentences["subject.nobody"] = func(t *Texts, args []any) string {
		kind, missing := textArg(args, 0), intArg(args, 1)
		what, known := t.Proposals().KindsLow[kind]
		who, named := t.Rules().Deciders[kind]
		if !known || !named || missing < 1 {
			return ""
		}
		return Fill(t.Rules().StuckKind, what, who, missing)
	}
}
