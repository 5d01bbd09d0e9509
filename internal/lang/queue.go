package lang

// DecisionTexts are the words of deciding: which rule asks for what and why, what an approver should look at twice, what waits and until when,
// and deciding about many at once.
type DecisionTexts struct {
	Why                     string // heading: which rules ask for these approvals
	SetNow, SetThen, SetOne string // «Правила, версия {1}…»
	Named                   string // «{1}: {2}», a rule's own name
	Covered                 string // this rule asks for less than another one
	BlockedBy               string
	RuleBlocks              string // a rule, and its reason
	ListBlocked             string
	ListAllow               string
	ListedAs                map[string]string // by what the entry is about: {1} is its reason; "owner": the account of a payee {2} that the payout does not name

	Seats              string // heading: what is still missing
	SeatWho, SeatLater string
	SeatNobody         string
	WhyNot             map[string]string // what keeps the reader from approving
	QuietUntil         string
	CeilingIs, RoomIs  string
	CameBack           map[string]string
	BackWhy            map[string]string // the same, for a line of the story
	Kept, KeptNone     string

	Soft                                 map[string]string // one more approver because …
	Forecast                             string            // heading
	ForecastOf                           map[string]string
	ForecastText, ForecastSoft           string
	ForecastDay                          string // by its due day
	Due, DueLater, CoolOff, LimitWait    string
	LimitNever                           string
	HeldLimit, HeldCoolOff, HeldDue      string
	SignNeeded, StepUpNeeded             string
	Hints                                string // heading
	HintBold, HintText                   map[string]string
	Queue                                string // my queue, on the page of a payout
	QueuePlace                           string
	QueueNext, QueuePrev                 string
	Keys                                 string // heading of the list of keys
	KeysClose                            string
	KeyNames                             map[string]string
	KeysOff                              string
	Select, SelectAll, SelectRow, Chosen string
	Many                                 ManyTexts
}

// ManyTexts are the words of deciding about many at once.
type ManyTexts struct {
	Title, Lead                    string
	Button                         Forms // «Согласовать списком: {1}»
	ButtonAll                      string
	None                           string
	Sum, Count, Payees             string
	OddFirst, Odd, OddNone         string
	OtherTitle                     string
	Rule, RuleBand, RuleSeniors    string
	Refused                        string
	RefusedSum                     string            // nothing is left, for the sum alone: {1} is the sum, {2} how many approvals it needs
	Alone                          map[string]string // why an item is not decided by list
	AloneTitle                     Forms
	Approve                        Forms // {1} is the count; the sum follows
	LastNote                       Forms
	Back                           string
	Done, DoneTitle, DoneNone      string
	Line                           map[string]string // result of one item
	Result, Caption, ResultCaption string
	More                           string
	Code                           string
	At                             string
	GoOn                           string
	Words                          string
	Warned                         string
}

var russianDecision = DecisionTexts{
	Why: "Почему столько согласований", SetNow: "Правила, версия {1}, действуют сейчас", SetThen: "Правила, версия {1}, действовали при отправке на согласование", SetOne: "Правила, версия {1}",
	Named: "«{1}»: {2}", Covered: "просит меньше, чем другое правило; считается то",
	RuleBlocks:  "Правило «{1}» не даёт согласовать это никому: {2}. Инициатор может изменить выплату, администратор может предложить другие правила.",
	BlockedBy:   "Согласовать нельзя никому: {1}. Инициатор может изменить выплату, администратор может предложить другие правила.",
	ListBlocked: "Согласовать нельзя никому: {1}. Снять запрет предлагает администратор, решает второй человек.",
	ListAllow:   "Согласовать нельзя никому: платить можно только тем, кто в списке разрешённых, а этого получателя там нет. Добавить его предлагает администратор.",
	ListedAs: map[string]string{"account": "счёт в списке запрета ({1})", "bik": "банк в списке запрета ({1})", "inn": "ИНН получателя в списке запрета ({1})", "payee": "получатель в списке запрета ({1})",
		"owner": "этот счёт есть или был у получателя «{2}», а он в списке запрета ({1})"},
	Seats: "Чего не хватает", SeatWho: "{1}: {2}", SeatLater: "{1}, после предыдущего шага: {2}",
	SeatNobody: "сейчас некому; администратор может добавить или вернуть согласующего",
	WhyNot: map[string]string{
		"own":      "Вы вводили или меняли эту выплату или её получателя, поэтому согласовать её не можете.",
		"role":     "Согласовывать могут только согласующие.",
		"standing": "Ваш доступ приостановлен.",
		"new":      "Вы стали согласующим после того, как выплату отправили на согласование, поэтому её решают другие.",
		"quiet":    "Ваши согласования пока не считаются: вы здесь недавно, или ваш вход сбрасывали.",
		"ceiling":  "Сумма больше вашего предела на одну выплату.",
		"cap":      "С этой выплатой вы согласовали бы сегодня больше, чем можно недавно пришедшему.",
		"blocked":  "Правило не даёт согласовать эту выплату никому.",
		"already":  "Вы уже согласовали.",
		"seat":     "Ваше согласование ничего не добавит: не хватает других.",
		"complete": "Все согласования уже есть.",
	},
	QuietUntil: "Они начнут считаться {1}.", CeilingIs: "Ваш предел {1} ₽.", RoomIs: "На сегодня осталось {1} ₽.",
	CameBack: map[string]string{
		"rules":    "Выплата вернулась на согласование: правила, накопленные суммы или пределы теперь просят больше.",
		"standing": "Выплата вернулась на согласование: согласование одного из согласовавших больше не считается.",
		"blocked":  "Выплата вернулась на согласование: правило или список теперь не даёт её отправить.",
	},
	BackWhy: map[string]string{"rules": "правила, суммы или пределы просят больше", "standing": "чьё-то согласование больше не считается", "blocked": "правило или список не даёт отправить"},
	Kept:    "По-прежнему считается: {1}.", KeptNone: "Из прежних согласований не считается ни одно.",
	Soft: map[string]string{
		"payout":      "Нужно ещё одно согласование сверх правил: выплата {2} ₽ больше мягкого предела {1} ₽.",
		"maker_day":   "Нужно ещё одно согласование сверх правил: с ней у инициатора за день {2} ₽, мягкий предел {1} ₽.",
		"payee_month": "Нужно ещё одно согласование сверх правил: с ней получателю за месяц {2} ₽, мягкий предел {1} ₽.",
		"company_day": "Нужно ещё одно согласование сверх правил: с ней по компании за день {2} ₽, мягкий предел {1} ₽.",
	},
	Forecast: "Пределы с этой выплатой", ForecastOf: map[string]string{"payee_month": "Получателю за месяц", "maker_day": "Инициатором за день", "company_day": "По компании за день"},
	ForecastText: "{1} из {2} ₽", ForecastSoft: "{1} ₽; сверх {2} ₽ нужно ещё одно согласование", ForecastDay: "Считается на {1}.",
	Due: "Уйдёт не раньше {1}: на этот день назначена отправка. Перед отправкой всё проверится снова.", DueLater: "Дата отправки {1} уже прошла: уйдёт после последнего согласования.",
	CoolOff:    "Счёт этого получателя недавно изменён. Выдержка до {1}; согласовать можно раньше.",
	LimitNever: "Сумма больше всего предела ({1}: {2} из {3} ₽): пока предел такой, выплата не уйдёт. Измените сумму, или пусть администратор предложит другой предел.",
	LimitWait:  "Предел исчерпан ({1}: {2} из {3} ₽). Согласовать можно, но уйдёт не раньше {4}, если освободится место.",
	HeldLimit:  "Предел исчерпан. Проверим снова {1}.", HeldCoolOff: "Выдержка после изменения счёта получателя закончится {1}.", HeldDue: "Отправка назначена на {1}.",
	SignNeeded: "Такую сумму согласуют ключом доступа: браузер попросит подтвердить.", StepUpNeeded: "Для такой суммы нужен ключ доступа или одноразовый код.",
	Hints: "На что взглянуть",
	HintBold: map[string]string{
		"first": "Первая выплата.", "changed": "Счёт недавно изменён.", "account_new": "Новый счёт.", "triple": "Сумма необычно велика.", "elsewhere": "Счёт уже известен под другим именем.",
		"just_under": "Много сумм под самой границей.", "night": "Введена ночью.", "maker_new": "Инициатор здесь недавно.", "same_browser": "Тот же браузер.",
	},
	HintText: map[string]string{
		"first":        "Этому получателю и на этот счёт ещё не платили.",
		"changed":      "Счёт получателя изменён {1}. Убедитесь у самого получателя, что это он.",
		"account_new":  "Этому получателю уже платили, но на другой счёт. Убедитесь, что счёт сменил он сам.",
		"triple":       "Обычно сюда платят около {1} ₽, это в {2} раз больше.",
		"elsewhere":    "На этот же счёт: {1}.",
		"just_under":   "За 7 дней таких выплат: {1}, граница {2} ₽. Выше неё нужно больше согласований.",
		"night":        "Было {1} по московскому времени.",
		"maker_new":    "Инициатор добавлен {1}.",
		"same_browser": "Выплату вводили или отправляли в том же браузере, в котором сейчас вы. Если это был не ваш сотрудник за вашим столом, остановите отправку.",
	},
	Queue: "Очередь", QueuePlace: "{1} из {2}", QueueNext: "Следующая", QueuePrev: "Предыдущая",
	Keys: "Клавиши", KeysClose: "Закрыть", KeysOff: "Одиночные клавиши можно выключить в учётной записи.",
	KeyNames: map[string]string{"j": "следующая выплата", "k": "предыдущая выплата", "a": "к кнопке «Согласовать»", "c": "к кнопке «Вернуть на доработку»", "r": "к кнопке «Отклонить»",
		"enter": "нажать кнопку", "n": "новая выплата", "slash": "поиск в списке", "help": "этот список"},
	Select: "Выбрать", SelectAll: "Все {1}, и те, что не поместились", SelectRow: "Выбрать № {1}", Chosen: "Выбрано: {1}",
	Many: ManyTexts{
		Title: "Согласование списком", Lead: "Список записан: номера и коды версий. Что изменится, пока вы смотрите, в него не войдёт.",
		Button: Forms{"К списку из {1} выплаты", "К списку из {1} выплат", "К списку из {1} выплат"}, ButtonAll: "К списку отмеченных",
		None: "Отметьте хотя бы одну выплату.", Sum: "Сумма списка", Count: "Выплат", Payees: "Получателей",
		OddFirst: "Сначала то, на что стоит взглянуть, потом остальное; крупное выше.", Odd: "Взгляните", OddNone: "Ничего необычного не замечено.", OtherTitle: "Остальные, по сумме",
		Rule:        "Каждая выплата решается сама по себе. Кроме того, ступени и подпись считаются по сумме всего списка.",
		RuleBand:    "На сумму {1} ₽ правила просят согласований: {2}. Поэтому выплату, которая с вашим согласованием набрала бы меньше, список не согласует: её надо открыть отдельно.",
		RuleSeniors: "На сумму {1} ₽ правила просят согласований: {2}, из них старших: {3}. Поэтому выплату, которая с вашим согласованием набрала бы меньше, список не согласует: её надо открыть отдельно.",
		Refused:     "Список целиком согласовать нельзя.",
		RefusedSum:  "Вместе это {1} ₽, и на такую сумму правила просят согласований: {2}. Отметьте меньше выплат или согласуйте каждую отдельно.",
		Alone: map[string]string{"sum": "по сумме списка нужно больше согласований", "own": "вы её вводили или меняли", "new": "отправлена до того, как вы стали согласующим", "quiet": "ваши согласования пока не считаются",
			"ceiling": "больше вашего предела", "cap": "на сегодня вам не хватит остатка", "blocked": "правило не даёт согласовать", "already": "вы уже согласовали", "seat": "ваше согласование ничего не добавит",
			"complete": "все согласования уже есть", "role": "согласовать могут только согласующие", "standing": "доступ приостановлен", "factor": "для неё нужен ключ доступа", "expired": "её время на согласование вышло"},
		AloneTitle: Forms{"{1} выплата в список не войдёт", "{1} выплаты в список не войдут", "{1} выплат в список не войдут"},
		Approve:    Forms{"Согласовать {1} выплату на", "Согласовать {1} выплаты на", "Согласовать {1} выплат на"}, LastNote: Forms{"По {1} выплате ваше согласование последнее: она уйдёт в банк.", "По {1} выплатам ваше согласование последнее: они уйдут в банк.", "По {1} выплатам ваше согласование последнее: они уйдут в банк."},
		Back: "К очереди", Done: "Согласовано {1} из {2}, на {3} ₽.", DoneTitle: "Решение списком", DoneNone: "Не согласовано ни одной.",
		Line: map[string]string{"yes": "Согласована вами", "last": "Согласована вами, уйдёт в банк", "moved": "Изменилась, пока вы смотрели: не согласована", "state": "Уже не ждёт согласования",
			"alone": "Откройте отдельно"},
		Result: "Что вышло", Caption: "Выплаты списка", ResultCaption: "Итог по каждой выплате списка", More: "В один список входит не больше {1}. Остальные ждут следующего.",
		Code: "Код списка", At: "{1}, {2}", GoOn: "К следующей выплате", Words: "Прописью", Warned: "отмечено предупреждений: {1}",
	},
}

var englishDecision = DecisionTexts{
	Why: "Why these approvals", SetNow: "Rules, version {1}, in force now", SetThen: "Rules, version {1}, in force when it was submitted", SetOne: "Rules, version {1}",
	Named: "“{1}”: {2}", Covered: "asks for less than another rule, which counts",
	RuleBlocks:  "The rule “{1}” lets nobody approve this: {2}. The maker can change the payout; an administrator can propose other rules.",
	BlockedBy:   "Nobody can approve this: {1}. The maker can change the payout; an administrator can propose other rules.",
	ListBlocked: "Nobody can approve this: {1}. An administrator proposes to lift it, a second person decides.",
	ListAllow:   "Nobody can approve this: only those on the allow list may be paid, and this payee is not on it. An administrator proposes to add them.",
	ListedAs: map[string]string{"account": "the account is on the block list ({1})", "bik": "the bank is on the block list ({1})", "inn": "the payee’s INN is on the block list ({1})", "payee": "the payee is on the block list ({1})",
		"owner": "this account is or was that of the payee “{2}”, who is on the block list ({1})"},
	Seats: "What is missing", SeatWho: "{1}: {2}", SeatLater: "{1}, after the step before it: {2}",
	SeatNobody: "nobody can now; an administrator can add an approver or bring one back",
	WhyNot: map[string]string{
		"own":      "You entered or changed this payout or its payee, so you cannot approve it.",
		"role":     "Only approvers can approve.",
		"standing": "Your access is suspended.",
		"new":      "You became an approver after this payout was submitted, so others decide it.",
		"quiet":    "Your approvals do not count yet: you are new here, or your sign-in was reset.",
		"ceiling":  "The amount is above what you may approve at once.",
		"cap":      "With this payout you would approve more today than somebody new may.",
		"blocked":  "A rule lets nobody approve this payout.",
		"already":  "You have approved it.",
		"seat":     "Your approval adds nothing: others are missing.",
		"complete": "All approvals are given.",
	},
	QuietUntil: "They begin to count {1}.", CeilingIs: "Your limit is {1} ₽.", RoomIs: "Left for today: {1} ₽.",
	CameBack: map[string]string{
		"rules":    "The payout came back for approval: rules, sums or limits now ask for more.",
		"standing": "The payout came back for approval: the approval of one who gave it no longer counts.",
		"blocked":  "The payout came back for approval: a rule or a list now keeps it from being sent.",
	},
	BackWhy: map[string]string{"rules": "rules, sums or limits ask for more", "standing": "somebody’s approval no longer counts", "blocked": "a rule or a list keeps it from being sent"},
	Kept:    "Still counts: {1}.", KeptNone: "None of the earlier approvals counts.",
	Soft: map[string]string{
		"payout":      "One more approver than the rules ask for: the payout of {2} ₽ is above the soft limit of {1} ₽.",
		"maker_day":   "One more approver than the rules ask for: with it the maker comes to {2} ₽ in a day, the soft limit is {1} ₽.",
		"payee_month": "One more approver than the rules ask for: with it the payee comes to {2} ₽ in a month, the soft limit is {1} ₽.",
		"company_day": "One more approver than the rules ask for: with it the company comes to {2} ₽ in a day, the soft limit is {1} ₽.",
	},
	Forecast: "Limits with this payout", ForecastOf: map[string]string{"payee_month": "To the payee in a month", "maker_day": "By the maker in a day", "company_day": "By the company in a day"},
	ForecastText: "{1} of {2} ₽", ForecastSoft: "{1} ₽; above {2} ₽ one more approver is needed", ForecastDay: "Reckoned for {1}.",
	Due: "Leaves not before {1}: that is its due day. Everything is checked again before it leaves.", DueLater: "Its due day {1} has passed: it leaves after the last approval.",
	CoolOff:    "This payee’s account was changed lately. Waiting period until {1}; it can be approved earlier.",
	LimitNever: "The amount is above the whole limit ({1}: {2} of {3} ₽): under this limit the payout never leaves. Change the amount, or an administrator proposes another limit.",
	LimitWait:  "The limit is used up ({1}: {2} of {3} ₽). It can be approved, but leaves not before {4}, if there is room then.",
	HeldLimit:  "The limit is used up. The desk looks again {1}.", HeldCoolOff: "The waiting period after the payee’s account was changed ends {1}.", HeldDue: "It is due to leave {1}.",
	SignNeeded: "Such a sum is approved with a passkey: the browser will ask you to confirm.", StepUpNeeded: "Such a sum needs a passkey or a one-time code.",
	Hints: "Worth a look",
	HintBold: map[string]string{
		"first": "First payment.", "changed": "Account changed lately.", "account_new": "New account.", "triple": "Unusually large.", "elsewhere": "The account is known by another name.",
		"just_under": "Many just under the line.", "night": "Entered at night.", "maker_new": "The maker is new.", "same_browser": "The same browser.",
	},
	HintText: map[string]string{
		"first":        "Nothing was ever paid to this payee or this account.",
		"changed":      "The payee’s account was changed {1}. Make sure with the payee that it was them.",
		"account_new":  "This payee was paid before, but to another account. Make sure that it was they who changed it.",
		"triple":       "Payments here are usually about {1} ₽; this is {2} times as much.",
		"elsewhere":    "To the same account: {1}.",
		"just_under":   "Such payouts within 7 days: {1}, the line is {2} ₽. Above it more approvals are needed.",
		"night":        "It was {1}, Moscow time.",
		"maker_new":    "The maker was added {1}.",
		"same_browser": "It was entered or submitted in the very browser that you use now. If that was not a colleague at your desk, stop sending.",
	},
	Queue: "Queue", QueuePlace: "{1} of {2}", QueueNext: "Next", QueuePrev: "Previous",
	Keys: "Keys", KeysClose: "Close", KeysOff: "Single keys can be switched off on your account page.",
	KeyNames: map[string]string{"j": "next payout", "k": "previous payout", "a": "to “Approve”", "c": "to “Ask for changes”", "r": "to “Reject”", "enter": "press the button", "n": "new payout",
		"slash": "search the list", "help": "this list"},
	Select: "Select", SelectAll: "All {1}, also those that did not fit", SelectRow: "Select No {1}", Chosen: "Selected: {1}",
	Many: ManyTexts{
		Title: "Approve as a list", Lead: "The list is fixed: numbers and version codes. What changes while you look will not be part of it.",
		Button: Forms{"To the list of {1} payout", "To the list of {1} payouts", "To the list of {1} payouts"}, ButtonAll: "To the list of those ticked",
		None: "Tick one payout at least.", Sum: "Sum of the list", Count: "Payouts", Payees: "Payees",
		OddFirst: "First what is worth a look, then the others; the largest on top.", Odd: "Look at", OddNone: "Nothing unusual was noticed.", OtherTitle: "The others, by amount",
		Rule:        "Each payout is decided by itself. Besides, bands and signing are judged over the sum of the whole list.",
		RuleBand:    "For {1} ₽ the rules ask for approvals: {2}. So a payout that would have fewer with yours is not approved by the list: open it alone.",
		RuleSeniors: "For {1} ₽ the rules ask for approvals: {2}, of them senior: {3}. So a payout that would have fewer with yours is not approved by the list: open it alone.",
		Refused:     "The list as a whole cannot be approved.",
		RefusedSum:  "Together this is {1} ₽, and for such a sum the rules ask for approvals: {2}. Tick fewer payouts, or approve each by itself.",
		Alone: map[string]string{"sum": "the sum of the list asks for more approvals", "own": "you entered or changed it", "new": "submitted before you became an approver", "quiet": "your approvals do not count yet",
			"ceiling": "above what you may approve", "cap": "not enough left for you today", "blocked": "a rule lets nobody approve it", "already": "you have approved it", "seat": "your approval adds nothing",
			"complete": "all approvals are given", "role": "only approvers can approve", "standing": "access suspended", "factor": "it needs a passkey", "expired": "its time for approval is over"},
		AloneTitle: Forms{"{1} payout stays out of the list", "{1} payouts stay out of the list", "{1} payouts stay out of the list"},
		Approve:    Forms{"Approve {1} payout for", "Approve {1} payouts for", "Approve {1} payouts for"}, LastNote: Forms{"For {1} payout yours is the last approval: it leaves for the bank.", "For {1} payouts yours is the last approval: they leave for the bank.", "For {1} payouts yours is the last approval: they leave for the bank."},
		Back: "To the queue", Done: "{1} of {2} approved, for {3} ₽.", DoneTitle: "Decision over a list", DoneNone: "None was approved.",
		Line: map[string]string{"yes": "Approved by you", "last": "Approved by you, leaves for the bank", "moved": "Changed while you looked: not approved", "state": "No longer awaits approval",
			"alone": "Open it alone"},
		Result: "What came of it", Caption: "Payouts of the list", ResultCaption: "Result for each payout of the list", More: "A list holds at most {1}. The others wait for the next one.",
		Code: "Code of the list", At: "{1}, {2}", GoOn: "To the next payout", Words: "In words", Warned: "warnings ticked: {1}",
	},
}

// ListedAs says which entry of the block list stops a payout, and why: what is what the entry is about, owner the payee of whom it goes to an account without naming them.
func (t *Texts) ListedAs(what, reason, owner string) string {
	if what == "payee" && owner != "" {
		what = "owner"
	}
	return Fill(Label(t.Decision().ListedAs, what), reason, owner)
}

// Decision returns the words of deciding.
func (t *Texts) Decision() *DecisionTexts { return pick(t, &russianDecision, &englishDecision) }

func init() {
	addRoom("decision", &russianDecision, &englishDecision)
	// "list", list, what, reason, owner: an entry of a list; or "rule", the rule's name, its reason.
	sentences["approve.blocked"] = func(t *Texts, args []any) string {
		switch d := t.Decision(); {
		case textArg(args, 0) == "list" && textArg(args, 1) == "allow":
			return d.ListAllow
		case textArg(args, 0) == "list":
			return Fill(d.ListBlocked, t.ListedAs(textArg(args, 2), textArg(args, 3), textArg(args, 4)))
		case textArg(args, 0) == "rule":
			return Fill(d.RuleBlocks, t.RuleName(textArg(args, 1)), t.BlockReason(textArg(args, 2)))
		}
		return ""
	}
	addFaults(map[string]string{
		"approve.new":              "Вы стали согласующим после того, как это отправили на согласование, поэтому решают другие. {1:approvers}",
		"approve.quiet":            "Ваши согласования пока не считаются: вы здесь недавно, или ваш вход сбрасывали. {1:approvers}",
		"approve.ceiling":          "Сумма больше вашего предела на одну выплату. {1:approvers}",
		"approve.cap":              "С этой выплатой вы согласовали бы сегодня больше, чем можно недавно пришедшему. {1:approvers}",
		"approve.blocked":          "Правило или список не даёт согласовать это никому. Инициатор может изменить выплату, администратор может предложить другие правила.",
		"approve.complete":         "Все согласования уже есть.",
		"subject.own":              "Вы предложили это, вводили то, о чём оно, или оно о вас самих, поэтому решает другой человек. {1:who}",
		"subject.notyours":         "Отозвать предложение может только тот, кто его сделал. {1:proposer}",
		"subject.moved":            "Пока страница была открыта, вступила в силу другая версия. Посмотрите, что изменилось, и предложите снова.",
		"subject.pending":          "Здесь уже есть предложение, которое ждёт решения. Сначала его надо решить или отозвать. {3:who}",
		"subject.off":              "Доступ того, кто это предложил, приостановлен, поэтому в силу оно не вступит. Отклоните его: предложить то же заново может другой. {1:roles}",
		"subject.many":             "У вас уже {1} предложений ждут решения: больше нельзя. Дождитесь решений или отзовите лишние.",
		"subject.waits":            "Остановить можно только то, что вступает в силу само, а это ждёт решения. {1:who}",
		"subject.closed":           "Это предложение уже закончено.",
		"subject.none":             "Такого предложения нет.",
		"subject.nobody":           "Решить это некому: нужен администратор или согласующий, который его не предлагал и которого оно не касается. Администратор может добавить людей.",
		"subject.size":             "Предложение слишком велико.",
		"payout.blocked":           "Правило не даёт отправить такую выплату: {2:block}. Измените её; другие правила может предложить администратор. Выплата сохранена черновиком.",
		"payout.listed":            "Сюда платить нельзя: {1}. Изменить списки может предложить администратор. Выплата сохранена черновиком.",
		"payout.limit_maker_day":   "Сумма больше предела инициатора на день, {1:money}: выплата не ушла бы никогда. Предел может предложить изменить администратор.",
		"payout.limit_payee_month": "Сумма больше предела получателя на месяц, {1:money}: выплата не ушла бы никогда. Предел может предложить изменить администратор.",
		"payout.limit_company_day": "Сумма больше предела компании на день, {1:money}: выплата не ушла бы никогда. Предел может предложить изменить администратор.",
		"payout.limit":             "Сумма больше предела на одну выплату, {1:money}. Предел может предложить изменить администратор.",
		"payout.payee_moved":       "У получателя уже другая версия. Откройте выплату, проверьте реквизиты и отправьте снова.",
		"batch.empty":              "Ничего не отмечено. Отметьте хотя бы одну выплату.",
		"batch.gone":               "Отмеченное уже не ждёт вашего согласования. Ниже то, что ждёт сейчас.",
		"batch.many":               "В один список входит не больше {1} выплат.",
		"batch.digest":             "Список на странице не тот, что пришёл. Откройте очередь и составьте его снова.",
		"batch.ceiling":            "Сумма списка {1:money} больше вашего предела {2:money}. Возьмите меньше выплат. {3:list}",
		"batch.cap":                "Сумма списка {1:money} больше того, что вы ещё можете согласовать сегодня, {2:money}. Возьмите меньше выплат. {3:list}",
		"batch.quiet":              "Ваши согласования пока не считаются: вы здесь недавно, или ваш вход сбрасывали. {1:list}",
		"batch.none":               "Такого списка нет.",
	}, map[string]string{
		"approve.new":              "You became an approver after this was submitted, so others decide. {1:approvers}",
		"approve.quiet":            "Your approvals do not count yet: you are new here, or your sign-in was reset. {1:approvers}",
		"approve.ceiling":          "The amount is above what you may approve at once. {1:approvers}",
		"approve.cap":              "With this payout you would approve more today than somebody new may. {1:approvers}",
		"approve.blocked":          "A rule or a list lets nobody approve this. The maker can change the payout; an administrator can propose other rules.",
		"approve.complete":         "All approvals are given.",
		"subject.own":              "You proposed this, made what it is about, or it is about you, so somebody else decides. {1:who}",
		"subject.notyours":         "Only the person who made a proposal can withdraw it. {1:proposer}",
		"subject.moved":            "Another version came into force while the page was open. See what changed and propose again.",
		"subject.pending":          "There is already a proposal here that waits for a decision. It must be decided or withdrawn first. {3:who}",
		"subject.off":              "Whoever proposed this has been suspended since, so it does not take effect. Refuse it; somebody else can propose the same anew. {1:roles}",
		"subject.many":             "You already have {1} proposals that wait for a decision, which is the most. Wait for decisions or withdraw some.",
		"subject.waits":            "Only what takes effect by itself can be stopped, and this waits for a decision. {1:who}",
		"subject.closed":           "This proposal is over.",
		"subject.none":             "There is no such proposal.",
		"subject.nobody":           "Nobody could decide this: it takes an administrator or an approver who did not propose it and whom it does not concern. An administrator can add people.",
		"subject.size":             "The proposal is too large.",
		"payout.blocked":           "A rule keeps such a payout from being submitted: {2:block}. Change it; an administrator can propose other rules. It is kept as a draft.",
		"payout.listed":            "This cannot be paid: {1}. An administrator can propose to change the lists. It is kept as a draft.",
		"payout.limit_maker_day":   "The amount is above the limit for a maker's day, {1:money}: the payout would never leave. An administrator can propose to change it.",
		"payout.limit_payee_month": "The amount is above the limit for a payee's month, {1:money}: the payout would never leave. An administrator can propose to change it.",
		"payout.limit_company_day": "The amount is above the limit for the company's day, {1:money}: the payout would never leave. An administrator can propose to change it.",
		"payout.limit":             "The amount is above the limit for one payout, {1:money}. An administrator can propose to change it.",
		"payout.payee_moved":       "The payee has another version by now. Open the payout, check the details and submit it again.",
		"batch.empty":              "Nothing is ticked. Tick one payout at least.",
		"batch.gone":               "What you ticked does not await your approval any more. What does is below.",
		"batch.many":               "A list holds at most {1} payouts.",
		"batch.digest":             "The list on the page is not the one that arrived. Open the queue and make it again.",
		"batch.ceiling":            "The sum of the list, {1:money}, is above what you may approve, {2:money}. Take fewer payouts. {3:list}",
		"batch.cap":                "The sum of the list, {1:money}, is above what you can still approve today, {2:money}. Take fewer payouts. {3:list}",
		"batch.quiet":              "Your approvals do not count yet: you are new here, or your sign-in was reset. {1:list}",
		"batch.none":               "There is no such list.",
	})
}
