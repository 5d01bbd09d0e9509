package lang

import (
	"math"
	"strings"

	"countersign/internal/money"
)

// RulesTexts are the words of approval rules, limits and lists: as sentences, as pages and as forms.
type RulesTexts struct {
	Title, Lead, InForce, Since, First, Edit, Try, WaitsNow                 string
	Rules, Own, Versions, VersionsCaption, VersionTitle, GoBack, NowInForce string
	Stuck, StuckLead, StuckNone                                             string
	ColVersion, ColName, ColBy, ColYes, ColState                            string
	// Conditions of a rule, joined by commas.
	AnyAmount, Over, UpTo, OverUpTo              string
	Saved, Free, To, ToGroups, FirstPay, Changed string
	By, ByGroups, Source, SumOver                string
	SumOf, SumPer, Sources                       map[string]string
	// What a rule asks for.
	Seats             map[string]string // "1 approver" … : by count and seat; see SeatWords
	Counts            map[string]string // "1" … "9": how many people, as a word
	ManyPeople        string            // «{1} человек»
	OneOf, NOf, Group string            // «{1} из: {2}»
	And, Then, Nobody string
	Names, Reasons    map[string]string // of the built-in rules
	RuleLine          string            // «{1}: {2}»
	// The set's own fields.
	Fields, Help                                  map[string]string
	Days, Hours                                   Forms
	Yes, No, Never, NoCap, AtOnce                 string
	CoolOffWords, QuietWords, CapWords, SignWords string
	// Nobody could decide it.
	StuckPayout, StuckSoft, StuckMeans, StuckKey string
	StuckKind, StuckKindMeans, StuckKindKey      string
	StuckOn, StuckMore                           string
	StuckRange                                   map[string]string // the amounts: over, both, up, any
	StuckSums                                    map[string]string // by limit: the sum that is over its soft limit
	StuckExample                                 map[string]string // by kind: {1} proposes it, about {2}
	StuckWhy                                     map[string]string // what somebody lacks
	Deciders                                     map[string]string // by kind: who decides it
	// The form.
	FormTitle, FormBack, FormLead, FormRule, FormStep, FormSum, Outcome, AskSteps, AskBlocked string
	AddRule, RemoveRule, AddStep, RemoveStep, AddSum, RemoveSum, Check, Submit, ReasonField   string
	EntryAny, EntrySaved, EntryFree, SideBySide, InOrder, RoleNone, Conditions, Errors        string
	Checked                                                                                   string
	// Limits and lists.
	LimitsTitle, LimitsLead, LimitsNone, LimitsEdit, LimitsFormTitle               string
	Limit                                                                          map[string]string
	ColLimit, ColSoft, ColHard, ColUsed, ColLeft, LimitsCaption, NoLimit, UsedNote string
	Ceilings, CeilingsNone, CeilingLine, Person, Ceiling, AddCeiling, RemoveLine   string
	Lists, ListsNone, Block, Allow, AllowNote, AddEntry, List, ListWhat, ListValue string
	ListReason, ListUntil, Forever, Until, ListsCaption, Erased, Over2             string
	Whats                                                                          map[string]string
	SoftWord, HardWord, LimitsChecked, SoftHelp, HardHelp, UntilHelp, AmountHelp   string
	ListLine                                                                       string
	// Nobody could approve a payout: {1} the rule, {2} the sum, {3} approvals that it needs, {4} people missing, {5} whom the rule asks for.
	NobodyCould string
}

var russianRules = RulesTexts{
	Title: "Правила согласования", Lead: "Сколько согласований нужно выплате и чьих. Если подходит несколько правил, нужно выполнить все: действует более строгое.",
	InForce: "Действует версия {1}", Since: "с {1}", First: "начальные правила", Edit: "Предложить изменения", Try: "Проверить на выплатах", WaitsNow: "Новая версия ждёт согласования: {1}",
	Rules: "Правила", Own: "Для всех выплат", Versions: "Версии", VersionsCaption: "Версии правил, новые сверху", VersionTitle: "Правила согласования, версия {1}", GoBack: "Вернуться к версии {1}", NowInForce: "действует",
	Stuck: "Чего сегодня решить некому", StuckLead: "Сейчас этого не решить никому. Добавьте людей или измените правила; кто назван, тому нужно настроить то, чего ему не хватает.", StuckNone: "С теми, кто сейчас работает, решить можно всё.",
	ColVersion: "Версия", ColName: "Название", ColBy: "Кто предложил", ColYes: "Кто согласовал", ColState: "Состояние",
	AnyAmount: "Любая сумма", Over: "Больше {1}", UpTo: "До {1} включительно", OverUpTo: "Больше {1} и до {2} включительно",
	Saved: "сохранённому получателю", Free: "без сохранённого получателя", To: "получатель: {1}", ToGroups: "группа получателя: {1}", FirstPay: "первая выплата получателю", Changed: "счёт получателя изменён за последние {1}",
	By: "инициатор: {1}", ByGroups: "группа инициатора: {1}", Source: "откуда: {1}", SumOver: "{1} {2} больше {3}",
	SumOf:   map[string]string{"payee": "сумма получателю", "maker": "сумма инициатора", "company": "сумма компании"},
	SumPer:  map[string]string{"day": "за день", "month": "за месяц"},
	Sources: map[string]string{"desk": "введена на рабочем месте"},
	Seats:   map[string]string{"approver 1": "согласующий", "approver 2": "согласующих", "senior 1": "старший согласующий", "senior 2": "старших согласующих", "admin 1": "администратор или старший согласующий", "admin 2": "администраторов или старших согласующих"},
	Counts:  map[string]string{"1": "один", "2": "двое", "3": "трое", "4": "четверо", "5": "пятеро", "6": "шестеро", "7": "семеро"}, ManyPeople: "{1} человек:",
	OneOf: "один из: {1}", NOf: "{1} из: {2}", Group: "группа «{1}»", And: " и ", Then: ", затем ", Nobody: "согласовать нельзя никому: {1}",
	Names:    map[string]string{"band-1": "Первая ступень", "band-2": "Вторая ступень", "band-3": "Третья ступень", "first-payment": "Первая выплата получателю", "free-entry": "Без сохранённого получателя", "list": "Список", "demo": "Учебный набор", "serve": "Начальный набор"},
	Reasons:  map[string]string{"saved_payee": "сначала сохраните получателя", "no_rule": "ни одно правило не говорит о такой выплате"},
	RuleLine: "{1}: {2}",
	Fields: map[string]string{"name": "Название", "expiry_days": "Срок согласования, дней", "maker_may_approve": "Инициатор может быть и согласующим (но не своих выплат)", "sign_above": "Подпись ключом доступа: при сумме больше, ₽", "step_up_above": "Код или ключ доступа: при сумме больше, ₽",
		"factor_needed": "Второй способ входа обязателен для всех", "cool_off": "Выдержка после смены счёта, минут", "cool_off_over": "Выдержка действует при сумме больше, ₽", "quiet_hours": "Согласования новых людей не засчитываются, часов",
		"cap_days": "Затем дневная сумма ограничена, дней", "cap_day": "Дневная сумма новых людей, ₽", "reason": "Зачем", "expiry_words": "Срок согласования", "maker_words": "Инициатор и согласующий в одном лице", "outcome": "Итог", "sign_words": "Подпись ключом доступа", "step_up_words": "Код или ключ доступа", "cool_words": "Выдержка после смены счёта", "quiet_words": "Новые люди", "cap_words": "Новые люди после этого",
		"rule_name": "Название правила", "over": "Сумма больше, ₽", "upto": "Сумма до, ₽ включительно", "entry": "Получатель", "payees": "Только этим получателям", "payee_groups": "Только группам получателей", "first": "Первая выплата получателю",
		"changed": "Счёт изменён за последние дни", "makers": "Только этих инициаторов", "maker_groups": "Только групп инициаторов", "sources": "Откуда", "blocked": "Почему нельзя", "order": "Порядок шагов",
		"count": "Сколько человек", "role": "Кто", "people": "Или эти люди", "groups": "Или эти группы", "sum_of": "Сумма", "sum_per": "За", "sum_over": "Больше, ₽"},
	Help: map[string]string{"people": "Имена или почта через запятую", "groups": "Названия через запятую", "amount": "Пусто: без границы", "never": "Пусто: никогда", "days": "От 1 до 90", "changed": "Пусто: не важно", "sign": "Тогда согласование подтверждает проверенный ключ доступа", "list": "Через запятую"},
	Days: Forms{"{1} день", "{1} дня", "{1} дней"}, Hours: Forms{"{1} час", "{1} часа", "{1} часов"}, Yes: "да", No: "нет", Never: "никогда", NoCap: "без ограничения", AtOnce: "согласования засчитываются сразу",
	CoolOffWords: "{1}, если сумма больше {2}", QuietWords: "{1} согласования не засчитываются", CapWords: "{1} не больше {2} за день", SignWords: "больше {1}",
	StuckPayout: "Выплату{2}, которую вводит {1}, никто не сможет согласовать: по правилу «{3}» нужно: {4}, кроме инициатора; не хватает людей: {5}.",
	StuckSoft:   "Выплату{2}, которую вводит {1}, никто не сможет согласовать, когда {6} больше {7}: по правилу «{3}» и мягкому лимиту вместе нужно: {4}, кроме инициатора; не хватает людей: {5}.",
	StuckMeans:  "Выплату{2}, которую вводит {1}, сегодня никто не сможет согласовать: по правилу «{3}» нужно согласований: {4}, а из тех, кто может их дать ({6}), пока не могут {5}: {7}.",
	StuckKey:    "Выплату{2}, которую вводит {1}, сегодня никто не сможет согласовать: по правилу «{3}» нужно согласований с подписью ключом доступа: {4}, а из тех, кто может их дать ({6}), пока не могут подписать {5}: {7}.",
	StuckKind:   "Согласовать {1} сегодня некому: нужно: {2}, не тот, кто предлагал, и не тот, кого это касается; не хватает людей: {3}.", StuckKindMeans: "Согласовать {1} сегодня некому: нужно: {2}, не тот, кто предлагал, и не тот, кого это касается, а из тех, кто может ({6}), пока не могут {5}: {7}.",
	StuckKindKey: "Согласовать {1} сегодня некому: нужно: {2} с подписью ключом доступа, не тот, кто предлагал, и не тот, кого это касается, а из тех, кто может ({6}), пока не могут подписать {5}: {7}.",
	StuckOn:      " больше {1}", StuckMore: "и другие",
	StuckRange: map[string]string{"over": " больше {1}", "both": " больше {1} и до {2}", "up": " до {2}", "any": " на любую сумму"},
	StuckSums:  map[string]string{"payout": "сумма выплаты", "maker_day": "сумма инициатора за день", "payee_month": "сумма получателю за месяц", "company_day": "сумма компании за день"},
	StuckExample: map[string]string{"payee": "Пример: предлагает {1}, прежнюю версию вводит {2}.", "match": "Пример: предлагает {1}.", "rules": "Пример: предлагает {1}.", "keys": "Пример: предлагает {1}.", "limits": "Пример: предлагает {1}, меняется предел для {2}.",
		"person": "Пример: предлагает {1}, речь о человеке: {2}.", "verdict": "Пример: предлагает {1}, выплату вводит {2}.", "release": "Пример: отправку останавливает {1}."},
	StuckWhy: map[string]string{"password": "ещё нет пароля", "change": "пароль ещё не сменён", "factor": "нет второго способа входа", "key": "нет ключа доступа", "vouch": "за ключ доступа ещё не поручились"},
	Deciders: map[string]string{"payee": "один согласующий", "rules": "один администратор или старший согласующий", "person": "один администратор или старший согласующий", "limits": "один администратор или старший согласующий", "keys": "один администратор или старший согласующий",
		"match": "один согласующий", "verdict": "двое согласующих", "release": "двое согласующих или администраторов"},
	FormTitle: "Новая версия правил", FormBack: "Вернуться к версии {1}", FormLead: "Новые правила начнут действовать, когда их согласует другой администратор или старший согласующий. Выплаты, отправленные на согласование раньше, должны будут выполнить и прежние, и новые правила.",
	FormRule: "Правило {1}", FormStep: "Шаг {1}", FormSum: "Накопленная сумма {1}", Outcome: "Что нужно", AskSteps: "Согласования", AskBlocked: "Нельзя никому",
	AddRule: "Добавить правило", RemoveRule: "Убрать правило {1}", AddStep: "Добавить шаг", RemoveStep: "Убрать шаг {1}", AddSum: "Добавить накопленную сумму", RemoveSum: "Убрать сумму {1}", Check: "Проверить", Submit: "Отправить на согласование", ReasonField: "Зачем",
	EntryAny: "любой", EntrySaved: "сохранённый", EntryFree: "введён без сохранения", SideBySide: "Шаги в любом порядке", InOrder: "Шаги по порядку", RoleNone: "только названные ниже", Conditions: "Когда", Errors: "Исправьте отмеченное",
	Checked:     "Ошибок нет. Правила ниже ещё не отправлены.",
	LimitsTitle: "Лимиты и списки", LimitsLead: "Сколько может уйти и кому. Мягкий лимит требует ещё одного согласующего, жёсткий не пускает выплату. День и месяц по московскому времени.", LimitsNone: "Лимитов нет.", LimitsEdit: "Предложить изменения", LimitsFormTitle: "Новая версия лимитов и списков",
	Limit:    map[string]string{"payout": "Одна выплата", "maker_day": "Один инициатор за день", "payee_month": "Один получатель за месяц", "company_day": "Компания за день"},
	ColLimit: "Лимит", ColSoft: "Мягкий, ₽", ColHard: "Жёсткий, ₽", ColUsed: "Занято, ₽", ColLeft: "Осталось, ₽", LimitsCaption: "Лимиты и сколько занято сегодня", NoLimit: "нет", UsedNote: "Больше всех: {1}",
	Ceilings: "Сколько можно согласовать одному", CeilingsNone: "Без личных ограничений.", CeilingLine: "{1}: до {2}", Person: "Согласующий", Ceiling: "До суммы, ₽", AddCeiling: "Добавить человека", RemoveLine: "Убрать строку {1}",
	Lists: "Списки", ListsNone: "Списки пусты.", Block: "Запрещено", Allow: "Разрешено", AllowNote: "Если разрешён хотя бы один счёт, БИК, ИНН или получатель, другим того же рода платить нельзя.", AddEntry: "Добавить строку", List: "Список", ListWhat: "Что", ListValue: "Значение",
	ListReason: "Причина", ListUntil: "Действует до", Forever: "бессрочно", Until: "до {1}", ListsCaption: "Кому платить нельзя и кому можно", Erased: "значение удалено", Over2: "кончилось",
	Whats:    map[string]string{"account": "Счёт", "bik": "БИК", "inn": "ИНН", "payee": "Получатель"},
	SoftWord: "Мягкий", HardWord: "Жёсткий", LimitsChecked: "Ошибок нет. Лимиты ниже ещё не отправлены.", SoftHelp: "Выше нужен ещё один согласующий", HardHelp: "Выше выплата не уйдёт", UntilHelp: "Например, 01.11.2026; пусто: бессрочно", AmountHelp: "Пусто: лимита нет",
	ListLine:    "{1}: {2} {3}",
	NobodyCould: "Согласовать это некому: по правилу «{1}» на {2} нужно согласований: {3}. Не хватает людей: {4} ({5}), кроме тех, кто вводил выплату. Добавить людей или изменить правила может предложить администратор. Выплата сохранена черновиком.",
}

var englishRules = RulesTexts{
	Title: "Approval rules", Lead: "How many approvals a payout needs, and whose. Where several rules match all of them must be met: the stricter counts.",
	InForce: "Version {1} is in force", Since: "since {1}", First: "the first rules", Edit: "Propose changes", Try: "Try on payouts", WaitsNow: "A new version awaits approval: {1}",
	Rules: "Rules", Own: "For every payout", Versions: "Versions", VersionsCaption: "Versions of the rules, newest first", VersionTitle: "Approval rules, version {1}", GoBack: "Go back to version {1}", NowInForce: "in force",
	Stuck: "What nobody can decide today", StuckLead: "As things are, nobody can decide this. Add people or change the rules; whoever is named sets up what they lack.", StuckNone: "With the people who work now everything can be decided.",
	ColVersion: "Version", ColName: "Name", ColBy: "Proposed by", ColYes: "Approved by", ColState: "State",
	AnyAmount: "Any amount", Over: "Above {1}", UpTo: "Up to {1}", OverUpTo: "Above {1} up to {2}",
	Saved: "to a saved payee", Free: "without a saved payee", To: "payee: {1}", ToGroups: "group of the payee: {1}", FirstPay: "first payment to the payee", Changed: "the payee’s account changed within {1}",
	By: "maker: {1}", ByGroups: "group of the maker: {1}", Source: "from: {1}", SumOver: "{1} {2} above {3}",
	SumOf:   map[string]string{"payee": "the payee’s sum", "maker": "the maker’s sum", "company": "the company’s sum"},
	SumPer:  map[string]string{"day": "of the day", "month": "of the month"},
	Sources: map[string]string{"desk": "entered on the desk"},
	Seats:   map[string]string{"approver 1": "approver", "approver 2": "approvers", "senior 1": "senior approver", "senior 2": "senior approvers", "admin 1": "administrator or senior approver", "admin 2": "administrators or senior approvers"},
	Counts:  map[string]string{"1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven"}, ManyPeople: "{1}",
	OneOf: "one of: {1}", NOf: "{1} of: {2}", Group: "group “{1}”", And: " and ", Then: ", then ", Nobody: "nobody can approve it: {1}",
	Names:    map[string]string{"band-1": "First band", "band-2": "Second band", "band-3": "Third band", "first-payment": "First payment to a payee", "free-entry": "Without a saved payee", "list": "List", "demo": "Demo set", "serve": "First set"},
	Reasons:  map[string]string{"saved_payee": "save the payee first", "no_rule": "no rule says anything about such a payout"},
	RuleLine: "{1}: {2}",
	Fields: map[string]string{"name": "Name", "expiry_days": "Approval expires after, days", "maker_may_approve": "A maker may also be an approver (never of their own payouts)", "sign_above": "Signed with a passkey: amounts above, ₽", "step_up_above": "One-time code or passkey: amounts above, ₽",
		"factor_needed": "Everybody needs a second way to sign in", "cool_off": "Waiting period after a change of account, minutes", "cool_off_over": "It holds for amounts above, ₽", "quiet_hours": "Approvals of new people do not count for, hours",
		"cap_days": "Then their daily sum is capped for, days", "cap_day": "Daily sum of new people, ₽", "reason": "Why", "expiry_words": "Approval expires after", "maker_words": "One person as maker and approver", "outcome": "Outcome", "sign_words": "Signed with a passkey", "step_up_words": "One-time code or passkey", "cool_words": "Waiting period after a change of account", "quiet_words": "New people", "cap_words": "Then new people approve",
		"rule_name": "Name of the rule", "over": "Amount above, ₽", "upto": "Amount up to, ₽", "entry": "Payee", "payees": "Only these payees", "payee_groups": "Only groups of payees", "first": "First payment to the payee",
		"changed": "Account changed within days", "makers": "Only these makers", "maker_groups": "Only groups of makers", "sources": "From", "blocked": "Why nobody can", "order": "Order of steps",
		"count": "How many people", "role": "Who", "people": "Or these people", "groups": "Or these groups", "sum_of": "Sum", "sum_per": "For", "sum_over": "Above, ₽"},
	Help: map[string]string{"people": "Names or e-mails, with commas", "groups": "Names, with commas", "amount": "Empty: no bound", "never": "Empty: never", "days": "1 to 90", "changed": "Empty: does not matter", "sign": "Then a vouched passkey confirms the approval", "list": "With commas"},
	Days: Forms{"{1} day", "{1} days", "{1} days"}, Hours: Forms{"{1} hour", "{1} hours", "{1} hours"}, Yes: "yes", No: "no", Never: "never", NoCap: "no cap", AtOnce: "approvals count at once",
	CoolOffWords: "{1}, for amounts above {2}", QuietWords: "approvals do not count for {1}", CapWords: "for {1} at most {2} a day", SignWords: "above {1}",
	StuckPayout: "Nobody can approve a payout by {1}{2}: the rule “{3}” needs {4} who did not enter it; people missing today: {5}.",
	StuckSoft:   "Nobody can approve a payout by {1}{2} once {6} is above {7}: the rule “{3}” and the soft limit together need {4} who did not enter it; people missing today: {5}.",
	StuckMeans:  "Today nobody can approve a payout by {1}{2}: approvals needed by the rule “{3}”: {4}, and {5} of the {6} people who may give them cannot yet: {7}.",
	StuckKey:    "Today nobody can approve a payout by {1}{2}: approvals signed with a passkey needed by the rule “{3}”: {4}, and {5} of the {6} people who may give them cannot sign yet: {7}.",
	StuckKind:   "Nobody can approve {1} today: it needs {2} who neither proposed it nor is concerned; people missing: {3}.", StuckKindMeans: "Today nobody can approve {1}: it needs {2} who neither proposed it nor is concerned, and {5} of the {6} people who may cannot yet: {7}.",
	StuckKindKey: "Today nobody can approve {1}: it needs {2} who sign with a passkey, and neither proposed it nor made the payout, and {5} of the {6} people who may cannot sign yet: {7}.",
	StuckOn:      " of a payout above {1}", StuckMore: "and others",
	StuckRange: map[string]string{"over": " above {1}", "both": " above {1} up to {2}", "up": " up to {2}", "any": " of any amount"},
	StuckSums:  map[string]string{"payout": "its amount", "maker_day": "the maker’s sum of the day", "payee_month": "the payee’s sum of the month", "company_day": "the company’s sum of the day"},
	StuckExample: map[string]string{"payee": "For example: {1} proposes it, after a version by {2}.", "match": "For example: {1} proposes it.", "rules": "For example: {1} proposes them.", "keys": "For example: {1} proposes it.", "limits": "For example: {1} proposes them, with another bound for {2}.",
		"person": "For example: {1} proposes it about {2}.", "verdict": "For example: {1} proposes it about a payout by {2}.", "release": "For example: {1} stopped sending."},
	StuckWhy: map[string]string{"password": "no password yet", "change": "password not changed yet", "factor": "no second way to sign in", "key": "no passkey", "vouch": "nobody vouched for the passkey yet"},
	Deciders: map[string]string{"payee": "one approver", "rules": "one administrator or senior approver", "person": "one administrator or senior approver", "limits": "one administrator or senior approver", "keys": "one administrator or senior approver",
		"match": "one approver", "verdict": "two approvers", "release": "two approvers or administrators"},
	FormTitle: "New version of the rules", FormBack: "Go back to version {1}", FormLead: "The new rules take effect once another administrator or a senior approver approves them. Payouts submitted before must then meet both the old and the new rules.",
	FormRule: "Rule {1}", FormStep: "Step {1}", FormSum: "Running sum {1}", Outcome: "What is needed", AskSteps: "Approvals", AskBlocked: "Nobody can",
	AddRule: "Add a rule", RemoveRule: "Remove rule {1}", AddStep: "Add a step", RemoveStep: "Remove step {1}", AddSum: "Add a running sum", RemoveSum: "Remove sum {1}", Check: "Check", Submit: "Submit for approval", ReasonField: "Why",
	EntryAny: "any", EntrySaved: "saved", EntryFree: "typed in, not saved", SideBySide: "Steps in any order", InOrder: "Steps one after the other", RoleNone: "only those named below", Conditions: "When", Errors: "Correct what is marked",
	Checked:     "No mistakes. The rules below are not submitted yet.",
	LimitsTitle: "Limits and lists", LimitsLead: "How much may leave, and to whom. A soft limit asks for one more approver, a hard one stops the payout. Days and months are Moscow’s.", LimitsNone: "There are no limits.", LimitsEdit: "Propose changes", LimitsFormTitle: "New version of limits and lists",
	Limit:    map[string]string{"payout": "One payout", "maker_day": "One maker a day", "payee_month": "One payee a month", "company_day": "The company a day"},
	ColLimit: "Limit", ColSoft: "Soft, ₽", ColHard: "Hard, ₽", ColUsed: "Used, ₽", ColLeft: "Left, ₽", LimitsCaption: "Limits and what is used today", NoLimit: "none", UsedNote: "Most: {1}",
	Ceilings: "What one person may approve", CeilingsNone: "No personal bounds.", CeilingLine: "{1}: up to {2}", Person: "Approver", Ceiling: "Up to, ₽", AddCeiling: "Add a person", RemoveLine: "Remove line {1}",
	Lists: "Lists", ListsNone: "The lists are empty.", Block: "Blocked", Allow: "Allowed", AllowNote: "Once an account, BIK, INN or payee is allowed, others of that sort cannot be paid.", AddEntry: "Add a line", List: "List", ListWhat: "What", ListValue: "Value",
	ListReason: "Reason", ListUntil: "In force until", Forever: "for ever", Until: "until {1}", ListsCaption: "Who must not be paid, and who may", Erased: "value erased", Over2: "over",
	Whats:    map[string]string{"account": "Account", "bik": "BIK", "inn": "INN", "payee": "Payee"},
	SoftWord: "Soft", HardWord: "Hard", LimitsChecked: "No mistakes. The limits below are not submitted yet.", SoftHelp: "Above it one more approver is needed", HardHelp: "Above it nothing leaves", UntilHelp: "For example 01.11.2026; empty: for ever", AmountHelp: "Empty: no limit",
	ListLine:    "{1}: {2} {3}",
	NobodyCould: "Nobody could approve this: by the rule “{1}”, {2} needs approvals: {3}. People missing: {4} ({5}), besides those who entered the payout. An administrator can propose to add people or to change the rules. It is kept as a draft.",
}

// Rules returns the words of rules and limits.
func (t *Texts) Rules() *RulesTexts { return pick(t, &russianRules, &englishRules) }

// RuleName is what people call a rule: the built-in ones by their label, all others as they were named.
func (t *Texts) RuleName(name string) string { return Label(t.Rules().Names, name) }

// BlockReason is why a rule lets nobody approve, as it was written.
func (t *Texts) BlockReason(reason string) string { return Label(t.Rules().Reasons, reason) }

// RuleCode turns the label of a built-in rule, in either language, back into its name; anything else is a name already.
func RuleCode(label string) string {
	for _, m := range []map[string]string{russianRules.Names, englishRules.Names} {
		for code, l := range m {
			if l == label {
				return code
			}
		}
	}
	return label
}

// ReasonCode is RuleCode for the reasons of blocking rules.
func ReasonCode(label string) string {
	for _, m := range []map[string]string{russianRules.Reasons, englishRules.Reasons} {
		for code, l := range m {
			if l == label {
				return code
			}
		}
	}
	return label
}

// PeopleCount is how many people, as a word up to seven: «двое», "two".
func (t *Texts) PeopleCount(n int) string {
	s := Int(t.tag, n)
	if w, ok := t.Rules().Counts[s]; ok {
		return w
	}
	return s
}

// SeatWords is how many people of a role: «двое согласующих», "one senior approver". role is "approver", "senior" or "admin".
func (t *Texts) SeatWords(role string, n int) string {
	form := " 2"
	if n == 1 {
		form = " 1"
	}
	return t.PeopleCount(n) + " " + Label(t.Rules().Seats, role+form)
}

// Band is the amounts of a rule in words, kopecks; upTo 0 is no upper bound.
func (t *Texts) Band(over, upTo int64) string {
	r := t.Rules()
	sum := func(n int64) string { return MoneySign(t.tag, money.Roubles(n)) }
	switch {
	case over > 0 && upTo > 0:
		return Fill(r.OverUpTo, sum(over), sum(upTo))
	case over > 0:
		return Fill(r.Over, sum(over))
	case upTo > 0 && upTo < math.MaxInt64:
		return Fill(r.UpTo, sum(upTo))
	}
	return r.AnyAmount
}

// stuck says what nobody can decide, with the example and what is missing; "" where the values do not say it. Kind, maker, above, up to, rule, role of the seat ("" for named
// people), how many sit there, how many are missing; whom it concerns, how many approvals in all, the soft limit and its amount; how many people may decide, how many of them lack
// the means, whether it is a key that signs, their names and why.
func (t *Texts) stuck(args []any) string {
	r := t.Rules()
	kind, missing := textArg(args, 0), intArg(args, 7)
	what, known := t.Proposals().KindsLow[kind]
	if !known || missing < 1 || len(args) < 17 {
		return ""
	}
	sum := func(i int) string { return MoneySign(t.tag, money.Roubles(amountArg(args, i))) }
	above, upTo, rule := amountArg(args, 2), amountArg(args, 3), t.RuleName(textArg(args, 4))
	asked, without := intArg(args, 12), intArg(args, 13)
	signed, _ := args[14].(bool)
	names, _ := args[15].([]string)
	whys, _ := args[16].([]string)
	var who []string
	for i := range min(len(names), len(whys)) {
		who = append(who, ShortName(names[i])+" ("+Label(r.StuckWhy, whys[i])+")")
	}
	if without > len(who) {
		who = append(who, r.StuckMore)
	}
	lacking := strings.Join(who, ", ")
	if kind != "payout" {
		if above > 0 {
			what += Fill(r.StuckOn, sum(2))
		}
		s := r.StuckKind
		switch {
		case without > 0 && signed:
			s = r.StuckKindKey
		case without > 0:
			s = r.StuckKindMeans
		}
		line := Fill(s, what, Label(r.Deciders, kind), missing, "", without, asked, lacking)
		if maker := textArg(args, 1); maker != "" {
			line += " " + Fill(Label(r.StuckExample, kind), ShortName(maker), ShortName(textArg(args, 8)))
		}
		return line
	}
	amounts := "any"
	switch {
	case above > 0 && upTo > 0:
		amounts = "both"
	case above > 0:
		amounts = "over"
	case upTo > 0:
		amounts = "up"
	}
	maker, band := ShortName(textArg(args, 1)), Fill(r.StuckRange[amounts], sum(2), sum(3))
	if without > 0 {
		s := r.StuckMeans
		if signed {
			s = r.StuckKey
		}
		return Fill(s, maker, band, rule, intArg(args, 9), without, asked, lacking)
	}
	if soft := textArg(args, 10); soft != "" {
		return Fill(r.StuckSoft, maker, band, rule, t.SeatWords("approver", intArg(args, 9)), missing, Label(r.StuckSums, soft), sum(11))
	}
	seat := t.PeopleCount(intArg(args, 6))
	if role := textArg(args, 5); role != "" {
		seat = t.SeatWords(role, intArg(args, 6))
	}
	return Fill(r.StuckPayout, maker, band, rule, seat, missing)
}

func amountArg(args []any, i int) int64 {
	if i < len(args) {
		a, _ := args[i].(money.Amount)
		return a.Minor
	}
	return 0
}

func init() {
	addRoom("rules", &russianRules, &englishRules)
	sentences["rules.deadlock"] = (*Texts).stuck
	// amount, how many it needs, how many are missing, of them senior, the rule that asks for them, and whom it asks for: a role, people by name, groups
	sentences["payout.nobody"] = func(t *Texts, args []any) string {
		rule, missing := textArg(args, 4), intArg(args, 2)
		if rule == "" || missing < 1 || len(args) < 8 {
			return ""
		}
		var who []string
		if role := textArg(args, 5); role != "" {
			who = append(who, t.SeatWords(role, missing))
		}
		people, _ := args[6].([]string)
		who = append(who, people...)
		groups, _ := args[7].([]string)
		for _, g := range groups {
			who = append(who, Fill(t.Rules().Group, g))
		}
		amount, _ := args[0].(money.Amount)
		return Fill(t.Rules().NobodyCould, t.RuleName(rule), MoneySign(t.tag, amount), intArg(args, 1), missing, strings.Join(who, ", "))
	}
	// list, what, reason, owner: where only some may be paid there is no reason to name.
	sentences["payout.listed"] = func(t *Texts, args []any) string {
		if textArg(args, 0) == "allow" {
			return t.Decision().ListAllow
		}
		return Fill(t.faults["payout.listed"], t.ListedAs(textArg(args, 1), textArg(args, 2), textArg(args, 3)))
	}
	addFaults(map[string]string{
		"rules.guard_most": "Эту защиту отключить нельзя, и такая сумма её отключила бы: укажите больше нуля и не больше {1:money}.",
		"rules.guard_wait": "Выдержку отключить нельзя: укажите не меньше часа.",
		"rules.guard_cap":  "Предел для новых людей отключить нельзя: он должен действовать дольше {1} ч, пока их согласования не засчитываются.",
		"rules.apart":      "Сейчас и инициатор, и согласующий сразу: {1}. Сначала измените роли этих людей или оставьте здесь разрешение.",
		"rules.factor":     "Второй способ входа на этом рабочем месте обязателен: отключить его нельзя.",
		"rules.sign":       "Подпись ключом доступа отключить нельзя: укажите сумму.",
		"rules.quiet":      "Согласования новых людей не засчитываются не меньше {1} ч: меньше указать нельзя.",
		"rules.name":       "Введите название, не длиннее 80 знаков.",
		"rules.expiry":     "Можно от 1 до 90 дней.",
		"rules.amount":     "Сумма не может быть меньше нуля; код или ключ доступа не нужен выше суммы, с которой нужна подпись.",
		"rules.hours":      "Такое время не подходит: число меньше нуля или слишком большое.",
		"rules.number":     "Введите целое число.",
		"rules.many":       "Правил может быть от 1 до {1}.",
		"rules.rule_name":  "Введите название правила, до 80 знаков, не такое, как у другого правила.",
		"rules.band":       "Верхняя граница должна быть больше нижней.",
		"rules.list":       "В списке слишком много имён, или имя слишком длинное.",
		"rules.person":     "Такого человека нет: {1}. Имена или почту пишите через запятую.",
		"rules.payee":      "Такого получателя нет: {1}.",
		"rules.sum":        "Укажите, чья сумма, за день или за месяц, и больше скольких рублей.",
		"rules.blocked":    "Напишите причину, до 200 знаков, и уберите шаги.",
		"rules.steps":      "Нужен хотя бы один шаг; шагов не больше 10, людей во всех шагах не больше 20.",
		"rules.floor":      "Не меньше одного человека: ни одну выплату нельзя отпустить без согласования.",
		"rules.who":        "Укажите, кто согласует: роль, людей или группу.",
		"rules.gap":        "Есть суммы, о которых не говорит ни одно правило: начиная с {1:kopecks}. Добавьте правило, в котором кроме суммы нет условий.",
		"rules.doc":        "Эту версию правил нельзя прочесть.",
		"rules.same":       "Эти правила и так действуют: менять нечего.",
		"rules.deadlock":   "С такими правилами и людьми есть то, что никто не сможет решить.",
		"limits.soft":      "Мягкий лимит не может быть больше жёсткого.",
		"limits.amount":    "Лимит не может быть меньше нуля.",
		"limits.many":      "Слишком много строк: людей не больше 500, строк в списках не больше 2000.",
		"limits.ceiling":   "Укажите согласующего и сумму; один человек только один раз.",
		"limits.list":      "Выберите список и что в нём: счёт, БИК, ИНН или получатель.",
		"limits.value":     "Введите значение без пробелов по краям, до 64 знаков.",
		"limits.until":     "Дата пишется так: 01.11.2026.",
		"limits.same":      "Эти лимиты и списки и так действуют: менять нечего.",
	}, map[string]string{
		"rules.guard_most": "This guard cannot be switched off, and such an amount would do it: give more than zero and at most {1:money}.",
		"rules.guard_wait": "The waiting period cannot be switched off: give at least an hour.",
		"rules.guard_cap":  "The cap of new people cannot be switched off: it must last longer than the {1} h in which their approvals do not count.",
		"rules.apart":      "Maker and approver at once today: {1}. Change these people’s roles first, or leave this allowed.",
		"rules.factor":     "A second factor is required on this desk: it cannot be switched off.",
		"rules.sign":       "Signing with a passkey cannot be switched off: give an amount.",
		"rules.quiet":      "Approvals of new people do not count for at least {1} h: less cannot be set.",
		"rules.name":       "Enter a name, 80 characters at most.",
		"rules.expiry":     "It can be 1 to 90 days.",
		"rules.amount":     "The amount cannot be below zero; a code or passkey is not needed above the amount that is signed.",
		"rules.hours":      "This time does not do: below zero, or too long.",
		"rules.number":     "Enter a whole number.",
		"rules.many":       "There can be 1 to {1} rules.",
		"rules.rule_name":  "Enter a name for the rule, up to 80 characters, that no other rule has.",
		"rules.band":       "The upper bound must be above the lower one.",
		"rules.list":       "Too many names in the list, or a name is too long.",
		"rules.person":     "There is no such person: {1}. Write names or e-mails with commas.",
		"rules.payee":      "There is no such payee: {1}.",
		"rules.sum":        "Say whose sum, for the day or the month, and above how many roubles.",
		"rules.blocked":    "Write the reason, up to 200 characters, and take the steps out.",
		"rules.steps":      "At least one step is needed; at most 10 steps, and 20 people in all steps.",
		"rules.floor":      "At least one person: no payout can go without an approval.",
		"rules.who":        "Say who approves: a role, people or a group.",
		"rules.gap":        "No rule says anything about some amounts: from {1:kopecks} on. Add a rule that asks for nothing but the amount.",
		"rules.doc":        "This version of the rules cannot be read.",
		"rules.same":       "These rules are in force already: nothing would change.",
		"rules.deadlock":   "With these rules and people there would be something that nobody could decide.",
		"limits.soft":      "A soft limit cannot be above the hard one.",
		"limits.amount":    "A limit cannot be below zero.",
		"limits.many":      "Too many lines: at most 500 people and 2000 lines of lists.",
		"limits.ceiling":   "Choose an approver and an amount; each person once.",
		"limits.list":      "Choose the list and what it holds: an account, BIK, INN or payee.",
		"limits.value":     "Enter a value without spaces around it, 64 characters at most.",
		"limits.until":     "Write the date like this: 01.11.2026.",
		"limits.same":      "These limits and lists are in force already: nothing would change.",
	})
}
