package lang

// LabTexts are the words of the laboratory of approval rules.
type LabTexts struct {
	Title, Lead, Tab                          string
	Draft, OpenDraft, Version, Typed, BuiltIn string
	MadeUp, MadeUpLead, Amount, Maker         string
	Entry, Saved, Free, Groups, GroupsHelp    string
	First, Changed, ChangedHelp, Try          string
	Today, TodaySet, DraftSide                string
	Possible, Impossible, Blocked             string
	CoolOff, Sign, StepUp, Soft, Hard         string
	Matched, Counts, Covered                  string
	Replay, ReplayLead, Run, Ran              string
	What, Number, Sum                         string
	Same, More, Fewer, Other                  string
	NowBlocked, NowPossible, Stuck            string
	Examples, Was, Will, Lacks, None          string
	NoDraft                                   string
}

var russianLab = LabTexts{
	Title: "Проверка правил", Tab: "Проверка правил",
	Lead:  "Здесь ничего не записывается и не отправляется: видно, как новые правила поступили бы с выплатами.",
	Draft: "Какие правила проверить", OpenDraft: "Предложенные, версия {1}", Version: "Версия {1}", Typed: "Набранные в форме", BuiltIn: "Строгие (встроенные)",
	MadeUp: "Придуманная выплата", MadeUpLead: "Что понадобится для одной выплаты сегодня и по новым правилам.", Amount: "Сумма, ₽", Maker: "Инициатор",
	Entry: "Получатель", Saved: "сохранённый", Free: "введён вручную", Groups: "Группы получателя", GroupsHelp: "через запятую",
	First: "Первая выплата этому получателю", Changed: "Счёт изменён, часов назад", ChangedHelp: "пусто, если не менялся", Try: "Проверить",
	Today: "Сегодня", TodaySet: "Сегодня, правила версии {1}", DraftSide: "По новым правилам",
	Possible: "Можно согласовать: {1}", Impossible: "Согласовать некому: {1}", Blocked: "Запрещено: {1}",
	CoolOff: "Ждёт до {1}: счёт получателя изменён", Sign: "Каждое согласование подписывается ключом доступа", StepUp: "К согласованию нужен одноразовый код или ключ доступа",
	Soft: "На одного согласующего больше: превышен мягкий лимит", Hard: "Не уйдёт: превышен лимит",
	Matched: "Правило: {1}", Counts: "Правило: {1}; его и надо выполнить", Covered: "Правило: {1}; другое требует не меньше",
	Replay: "Последние 90 дней", ReplayLead: "Выплаты за 90 дней по сегодняшним и по новым правилам, с сегодняшними людьми.", Run: "Прогнать 90 дней",
	Ran:  "Проверено {1}, с {2} по {3}.",
	What: "Что изменится", Number: "Выплат", Sum: "Сумма, ₽",
	Same: "Ничего", More: "Больше согласующих", Fewer: "Меньше согласующих", Other: "Другие согласующие", NowBlocked: "Будет запрещено", NowPossible: "Больше не запрещено",
	Stuck: "Некому будет согласовать", Examples: "Примеры", Was: "сейчас", Will: "будет", Lacks: "не хватает: {1}", None: "За 90 дней выплат не было.",
	NoDraft: "Выберите правила: предложенных сейчас нет.",
}

var englishLab = LabTexts{
	Title: "Try rules", Tab: "Try rules",
	Lead:  "Nothing is written or sent here: it shows what new rules would do with payouts.",
	Draft: "Which rules to try", OpenDraft: "Proposed, version {1}", Version: "Version {1}", Typed: "As typed in the form", BuiltIn: "Strict (built in)",
	MadeUp: "A made-up payout", MadeUpLead: "What one payout needs today and under the new rules.", Amount: "Amount, ₽", Maker: "Maker",
	Entry: "Payee", Saved: "saved", Free: "typed in", Groups: "Groups of the payee", GroupsHelp: "with commas between",
	First: "First payment to this payee", Changed: "Account changed, hours ago", ChangedHelp: "empty if it was not", Try: "Try it",
	Today: "Today", TodaySet: "Today, rules version {1}", DraftSide: "Under the new rules",
	Possible: "Can be approved: {1}", Impossible: "Nobody can approve it: {1}", Blocked: "Not allowed: {1}",
	CoolOff: "Waits until {1}: the payee's account was changed", Sign: "Each approval is signed with a passkey", StepUp: "An approval needs a one-time code or a passkey",
	Soft: "One approver more: a soft limit is passed", Hard: "Does not leave: a limit is passed",
	Matched: "Rule: {1}", Counts: "Rule: {1}; this one must be met", Covered: "Rule: {1}; another asks for no less",
	Replay: "The last 90 days", ReplayLead: "Payouts of 90 days under today's and under the new rules, with today's people.", Run: "Run 90 days",
	Ran:  "{1} tried, from {2} to {3}.",
	What: "What would change", Number: "Payouts", Sum: "Sum, ₽",
	Same: "Nothing", More: "More approvers", Fewer: "Fewer approvers", Other: "Other approvers", NowBlocked: "Would not be allowed", NowPossible: "No longer blocked",
	Stuck: "Nobody could approve", Examples: "Examples", Was: "now", Will: "then", Lacks: "missing: {1}", None: "There were no payouts in 90 days.",
	NoDraft: "Choose rules: none are proposed at present.",
}

// Lab returns the words of the laboratory.
func (t *Texts) Lab() *LabTexts { return pick(t, &russianLab, &englishLab) }

func init() { addRoom("lab", &russianLab, &englishLab) }

func init() {
	addFaults(map[string]string{
		"lab.draft": "Выберите, какие правила проверить.",
		"lab.busy":  "Сейчас идёт другой прогон. Попробуйте через несколько секунд.",
	}, map[string]string{
		"lab.draft": "Choose which rules to try.",
		"lab.busy":  "Another run is under way. Try again in a few seconds.",
	})
}
