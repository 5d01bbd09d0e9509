package lang

import "maps"

// PayeeTexts are the words of saved payees: their list, page and form, and their part in the form of a payout.
type PayeeTexts struct {
	Title, Caption, New, Search, SearchHint, Show, Clear, Empty, EmptyFilter string
	Name, Kind, Accounts, Groups, Group, AllGroups, Changed, INN, KPP        string
	Found                                                                    Forms // «{1} получатель»
	Waiting, WaitingCaption                                                  string
	NewOne, ChangeOf                                                         string // «новый», «новая версия {1}»
	WaitsFor                                                                 string // «{1}, ждёт решения»
	Kinds                                                                    map[string]string

	Details, Note, Purpose, Label, Account, BIK, Since, More               string
	NewPayout, Change, Open, Look, ByHand, SaveAs                          string
	OpenText, OpenNew, OpenBy                                              string
	Paid, PaidNone, PaidLast, Last, LastNone, LastCaption                  string
	Versions, VersionsCaption, Version, Proposed, Decided, Status, InForce string
	States                                                                 map[string]string
	Vouched, VouchedNote                                                   string
	Shared, SharedBold, AccountNew, AccountSince                           string
	Blocked, NotAllowed, ListedUntil                                       string
	Erased, NotYet                                                         string
	VersionOne, Before, WhatChanged, Nothing, Was                          string
	AccountAdded, AccountGone, AccountOrder, LabelOf                       string

	FormNew, FormEdit, Lead, AddLine, AccountLine, Submit, Again             string
	HelpKind, HelpGroups, HelpLabel, HelpNote, HelpPurpose, HelpINN, HelpKPP string
	Remove                                                                   string // how a line is taken out
	From                                                                     string // «По выплате № {1}»

	Saved, MadeBy, SavedVersion, Choose, ChooseNone, Drop, Find, FindNone, All string
	Moved, MovedWhat, MovedGone                                                string
	PanelMoved, MoveText, MoveTextMine, EventMoved                             string
	NeedsSaved, NeedsSavedAny, SaveThis                                        string
	SendsBack, SharedWith                                                      string
	FieldChoice                                                                string
}

var russianPayees = PayeeTexts{
	Title: "Получатели", Caption: "Сохранённые получатели по алфавиту", New: "Новый получатель", Search: "Поиск", SearchHint: "Наименование, ИНН, БИК или ··4312", Show: "Показать", Clear: "Сбросить фильтр",
	Empty: "Сохранённых получателей ещё нет.", EmptyFilter: "Под фильтр ничего не подходит.",
	Name: "Получатель", Kind: "Вид", Accounts: "Счета", Groups: "Группы", Group: "Группа", AllGroups: "Все группы", Changed: "Изменён", INN: "ИНН", KPP: "КПП",
	Found:   Forms{"{1} получатель", "{1} получателя", "{1} получателей"},
	Waiting: "На согласовании", WaitingCaption: "Новые и изменённые получатели, которые ждут решения",
	NewOne: "новый", ChangeOf: "версия {1}", WaitsFor: "{1}, {2}",
	Kinds:   map[string]string{"person": "Физическое лицо", "sole": "Индивидуальный предприниматель", "company": "Организация"},
	Details: "Сведения", Note: "Примечание", Purpose: "Обычное назначение", Label: "Пометка", Account: "Счёт", BIK: "БИК {1}", Since: "с {1}", More: "ещё {1}",
	NewPayout: "Новая выплата", Change: "Изменить", Open: "Открыть на согласование", Look: "Посмотреть", ByHand: "Ввести получателя вручную", SaveAs: "Сохранить получателя",
	OpenText: "Версия {1} ждёт решения.", OpenNew: "Получатель ждёт решения: до него выплат по нему нет.", OpenBy: "Предложено: {1}, {2}.",
	Paid: "Выплачено", PaidNone: "Выплат ещё не было", PaidLast: "последняя {1}", Last: "Последние выплаты", LastNone: "Выплат этому получателю ещё нет.", LastCaption: "Выплаты этому получателю, новые сверху",
	Versions: "Версии и поручители", VersionsCaption: "Версии получателя, новые сверху", Version: "Версия", Proposed: "Кто предложил", Decided: "Кто решил", Status: "Состояние", InForce: "Действует",
	States:  map[string]string{"": "На согласовании", "effective": "Согласовано", "rejected": "Отклонено", "withdrawn": "Предложение снято", "expired": "Срок согласования истёк", "stopped": "Остановлено"},
	Vouched: "Согласовано: {1}", VouchedNote: "Кто вносил данные получателя, тот не согласует выплаты по ним.",
	Shared: "Этот счёт есть и у другого получателя:", SharedBold: "Счёт у двух получателей.", AccountNew: "Счёт добавлен к известному получателю {1}", AccountSince: "с первой версии",
	Blocked: "Выплаты сюда не уйдут: {1}.", NotAllowed: "Платить можно только тем, кто в списке разрешённых; этого получателя или счёта там нет.", ListedUntil: "До {1}.",
	Erased: "Личные данные этой версии удалены.", NotYet: "ещё не действует",
	VersionOne: "Получатель, версия {1}", Before: "По сравнению с версией {1}", WhatChanged: "Что изменено", Nothing: "Ничего не изменено.", Was: "было: {1}",
	AccountAdded: "Счёт добавлен", AccountGone: "Счёт убран", AccountOrder: "Порядок счетов", LabelOf: "Пометка счёта {1}",
	FormNew: "Новый получатель", FormEdit: "Изменить получателя, будет версия {1}", Lead: "Данные начнут действовать, когда их согласует другой человек.", AddLine: "Добавить счёт", AccountLine: "Счёт {1}",
	Submit: "Отправить на согласование", Again: "Версия {1} уже ждёт решения. Сначала её согласуют, отклонят или снимут.",
	HelpKind: "У организации ИНН из 10 цифр и КПП, у предпринимателя ИНН из 12, у физического лица 12 или пусто", HelpGroups: "Через запятую; по группам работают правила и фильтр", HelpLabel: "Только для вас", HelpNote: "Договор или иное основание, в банк не отправляется",
	HelpPurpose: "Подставится в новую выплату", HelpINN: "10 или 12 цифр", HelpKPP: "Только у организаций", Remove: "Чтобы убрать счёт, очистите строку.",
	From:  "По выплате № {1}. Проверьте и дополните.",
	Saved: "Сохранённый получатель", MadeBy: "Данные получателя: {1}", SavedVersion: "версия {1}", Choose: "Счёт для выплаты", ChooseNone: "Выберите счёт получателя.", Drop: "Другой получатель", Find: "Найти среди сохранённых", FindNone: "Среди сохранённых такого нет.", All: "Все получатели",
	Moved: "Данные получателя изменились после этой версии выплаты. Ниже новые данные: проверьте и отправьте ещё раз.", MovedWhat: "Что изменилось у получателя", MovedGone: "Прежнего счёта у получателя больше нет: выберите другой.",
	PanelMoved: "Получатель изменён", MoveText: "данные получателя изменились, выплату нужно отправить на согласование заново", MoveTextMine: "данные получателя изменились: проверьте и отправьте заново", EventMoved: "Возвращена в черновик: получатель изменён",
	NeedsSaved: "Выше {1} нужен сохранённый получатель.", NeedsSavedAny: "Здесь нужен сохранённый получатель.", SaveThis: "Сохранить этого получателя",
	SendsBack: "Неотправленные выплаты этому получателю вернутся в черновики.", SharedWith: "{1}: {2}.",
	FieldChoice: "Счёт",
}

var englishPayees = PayeeTexts{
	Title: "Payees", Caption: "Saved payees by name", New: "New payee", Search: "Search", SearchHint: "Name, INN, BIK or ··4312", Show: "Show", Clear: "Clear the filter",
	Empty: "There are no saved payees yet.", EmptyFilter: "Nothing fits the filter.",
	Name: "Payee", Kind: "Kind", Accounts: "Accounts", Groups: "Groups", Group: "Group", AllGroups: "All groups", Changed: "Changed", INN: "INN", KPP: "KPP",
	Found:   Forms{"{1} payee", "{1} payees", "{1} payees"},
	Waiting: "Awaiting approval", WaitingCaption: "New and changed payees that await a decision",
	NewOne: "new", ChangeOf: "version {1}", WaitsFor: "{1}, {2}",
	Kinds:   map[string]string{"person": "Person", "sole": "Sole proprietor", "company": "Company"},
	Details: "Details", Note: "Remark", Purpose: "Usual purpose", Label: "Label", Account: "Account", BIK: "BIK {1}", Since: "since {1}", More: "{1} more",
	NewPayout: "New payout", Change: "Change", Open: "Open to approve", Look: "Look at it", ByHand: "Type the payee in by hand", SaveAs: "Save as payee",
	OpenText: "Version {1} awaits a decision.", OpenNew: "The payee awaits a decision: until then no payout can name it.", OpenBy: "Proposed: {1}, {2}.",
	Paid: "Paid so far", PaidNone: "Nothing yet", PaidLast: "the last {1}", Last: "Last payouts", LastNone: "There are no payouts to this payee yet.", LastCaption: "Payouts to this payee, newest first",
	Versions: "Versions and who vouched", VersionsCaption: "Versions of this payee, newest first", Version: "Version", Proposed: "Proposed by", Decided: "Decided by", Status: "State", InForce: "In force",
	States:  map[string]string{"": "Awaiting approval", "effective": "Approved", "rejected": "Refused", "withdrawn": "Withdrawn", "expired": "Approval expired", "stopped": "Stopped"},
	Vouched: "Approved: {1}", VouchedNote: "Whoever entered a payee’s data does not approve payouts that use them.",
	Shared: "Another payee has this account too:", SharedBold: "One account, two payees.", AccountNew: "Added to a known payee {1}", AccountSince: "since the first version",
	Blocked: "Payouts there will not leave: {1}.", NotAllowed: "Only those on the allow list may be paid; this payee or account is not on it.", ListedUntil: "Until {1}.",
	Erased: "The personal data of this version were erased.", NotYet: "not in force yet",
	VersionOne: "Payee, version {1}", Before: "Compared with version {1}", WhatChanged: "What changed", Nothing: "Nothing changed.", Was: "was: {1}",
	AccountAdded: "Account added", AccountGone: "Account taken out", AccountOrder: "Order of accounts", LabelOf: "Label of account {1}",
	FormNew: "New payee", FormEdit: "Change the payee, it becomes version {1}", Lead: "The data take effect when another person approves them.", AddLine: "Add an account", AccountLine: "Account {1}",
	Submit: "Submit for approval", Again: "Version {1} already awaits a decision. It must be approved, refused or withdrawn first.",
	HelpKind: "A company has an INN of 10 digits and a KPP, a sole proprietor one of 12, a person 12 or none", HelpGroups: "Separated by commas; rules and the filter work by groups", HelpLabel: "For yourselves only", HelpNote: "Contract or another basis, never sent",
	HelpPurpose: "Filled into a new payout", HelpINN: "10 or 12 digits", HelpKPP: "Companies only", Remove: "To take an account out, clear its line.",
	From:  "From payout No {1}. Check it and fill in the rest.",
	Saved: "Saved payee", MadeBy: "Payee's details: {1}", SavedVersion: "version {1}", Choose: "Account to pay to", ChooseNone: "Choose one of the payee’s accounts.", Drop: "Another payee", Find: "Find among the saved", FindNone: "No saved payee like this.", All: "All payees",
	Moved: "The payee’s data changed after this version of the payout. Below are the new ones: check them and submit again.", MovedWhat: "What changed about the payee", MovedGone: "The payee no longer has the account: choose another one.",
	PanelMoved: "The payee was changed", MoveText: "the payee was changed, the payout has to be submitted again", MoveTextMine: "the payee was changed: check it and submit again", EventMoved: "Back to draft: the payee was changed",
	NeedsSaved: "Above {1} a saved payee is needed.", NeedsSavedAny: "A saved payee is needed here.", SaveThis: "Save this payee",
	SendsBack: "Unsent payouts to this payee go back to draft.", SharedWith: "{1}: {2}.",
	FieldChoice: "Account",
}

// Payees returns the words of saved payees.
func (t *Texts) Payees() *PayeeTexts { return pick(t, &russianPayees, &englishPayees) }

func init() {
	addRoom("payees", &russianPayees, &englishPayees)
	addFaults(map[string]string{
		"payee.kind":             "Выберите вид получателя.",
		"payee.inn.person":       "ИНН физического лица: 12 цифр, введено {1}. Его можно не указывать.",
		"payee.inn.sole":         "ИНН предпринимателя: 12 цифр, введено {1}.",
		"payee.inn.company":      "ИНН организации: 10 цифр, введено {1}.",
		"payee.kpp.none":         "КПП бывает только у организаций.",
		"payee.accounts.none":    "Нужен хотя бы один счёт.",
		"payee.accounts.many":    "У получателя не больше {1} счетов.",
		"payee.accounts.twice":   "Этот счёт уже введён, строка {1}.",
		"payee.account.kind":     "Это счёт организации: у получателя такого вида его не бывает ({1:kind}).",
		"payee.groups":           "Не больше {1} групп, в каждой не больше {2} знаков.",
		"payee.label.too_long":   "Не больше {2} знаков, введено {1}.",
		"payee.label.encoding":   "Часть текста потеряна при копировании (знак �): введите заново.",
		"payee.label.line_break": "Перенос строки на месте {1}: пишите в одну строку.",
		"payee.label.chars":      "Невидимый или служебный знак {1} на месте {2}: удалите его.",
		"payee.form":             "Форма устарела: откройте её заново.",
		"payee.same":             "Ничего не изменено: согласовывать нечего.",
		"payee.versions":         "У получателя уже {1} версий. Заведите его заново.",
		"payee.erased":           "Личные данные этой версии удалены: она не может начать действовать.",
		"payee.none":             "Такого получателя нет, или его ещё не согласовали.",
		"payout.payee_none":      "Такого сохранённого получателя нет. Выберите другого или введите данные вручную.",
		"payout.payee_account":   "У этого получателя нет такого счёта: выберите один из его счетов.",
		"payout.payee_differs":   "Это не то, что сохранено у получателя. Измените получателя или введите данные без него.",
		"approve.payee_maker":    "Вы вносили данные этого получателя, поэтому выплаты ему согласуют другие. {1:approvers}",
	}, map[string]string{
		"payee.kind":             "Choose the kind of payee.",
		"payee.inn.person":       "A person’s INN has 12 digits; {1} entered. It may be left out.",
		"payee.inn.sole":         "A sole proprietor’s INN has 12 digits; {1} entered.",
		"payee.inn.company":      "A company’s INN has 10 digits; {1} entered.",
		"payee.kpp.none":         "Only companies have a KPP.",
		"payee.accounts.none":    "At least one account is needed.",
		"payee.accounts.many":    "A payee has at most {1} accounts.",
		"payee.accounts.twice":   "This account was entered already, line {1}.",
		"payee.account.kind":     "This is a company’s account: a payee of this kind has none ({1:kind}).",
		"payee.groups":           "At most {1} groups, each of at most {2} characters.",
		"payee.label.too_long":   "At most {2} characters; {1} entered.",
		"payee.label.encoding":   "Part of the text was lost in copying (sign �): enter it again.",
		"payee.label.line_break": "A line break at place {1}: write it in one line.",
		"payee.label.chars":      "An invisible or control character {1} at place {2}: remove it.",
		"payee.form":             "The form is too old: open it again.",
		"payee.same":             "Nothing was changed: there is nothing to approve.",
		"payee.versions":         "The payee already has {1} versions. Enter it anew.",
		"payee.erased":           "The personal data of this version were erased: it cannot take effect.",
		"payee.none":             "There is no such payee, or it is not approved yet.",
		"payout.payee_none":      "There is no such saved payee. Choose another one or type the data in.",
		"payout.payee_account":   "This payee has no such account: choose one of its accounts.",
		"payout.payee_differs":   "This is not what is saved of the payee. Change the payee, or type the data in without it.",
		"approve.payee_maker":    "You entered data of this payee, so others approve payouts to it. {1:approvers}",
	})
	// Words of catalogues that are kept by code.
	maps.Copy(Russian.Acks, map[string]string{"shared_account": "Счёт есть и у другого получателя"})
	maps.Copy(English.Acks, map[string]string{"shared_account": "Another payee has the account too"})
	maps.Copy(Russian.AckLong, map[string]string{"shared_account": "Два получателя с одним счётом: ошибка или подмена. Сверьте с документами."})
	maps.Copy(English.AckLong, map[string]string{"shared_account": "Two payees with one account: a mistake or a swap. Compare with their papers."})
	maps.Copy(Russian.Log, map[string]string{"payout.payee_changed": "Выплата возвращена в черновик: получатель изменён"})
	maps.Copy(English.Log, map[string]string{"payout.payee_changed": "Payout back to draft: its payee was changed"})
	maps.Copy(Russian.Fields, map[string]string{"kind": "Вид", "groups": "Группы", "label": "Пометка", "payee_account": "Счёт"})
	maps.Copy(English.Fields, map[string]string{"kind": "Kind", "groups": "Groups", "label": "Label", "payee_account": "Account"})
}
