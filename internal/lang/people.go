package lang

// PersonsTexts are the words of people beyond their list: proposing, changing, enrolling, and a password that must be changed.
type PersonsTexts struct {
	Lead                                                    string
	New, NewTitle, NewLead                                  string
	Name, Email, Roles, Groups, Reason                      string // fields
	NameHelp, EmailHelp, GroupsHelp, GroupsKnown            string
	ReasonHelp, RolesHelp                                   string
	RoleHelp                                                map[string]string // what each role may do
	Propose, ProposeChange, Back                            string
	ChangeTitle, ChangeLead                                 string
	SuspendTitle, SuspendLead, SuspendRisk                  string
	RestoreTitle, RestoreLead, RestoreButton                string
	ResetTitle, ResetLead, ResetButton                      string
	LinkTitle, LinkLead, LinkButton, LinkOpen, LinkFor      string
	LinkOnce, LinkURL, LinkUntil, LinkDone                  string
	LinkPage                                                string // title of the page that shows a link once
	Open                                                    string // the list's link to a person
	Facts, FactAdded, FactFounding, FactSince, FactQuiet    string
	FactCap, FactCapText, FactGroups, NoGroups, FactSignIns string
	WaitsLink, StateQuiet, StateNew                         string
	Waiting, WaitingNone, WaitingCaption, WaitingFor        string // proposals that wait
	ColWhat, ColBy, ColAt                                   string
	Ops                                                     map[string]string // what a proposal does, {1} the name
	OpsShort                                                map[string]string
	Pending, Own, Auditor                                   string
	GroupsTitle, GroupsNone, GroupLine                      string
	StuckTitle, StuckLead, StuckNone                        string
	Works, Off                                              string
	NewPassword, OldPassword, SetByHand, ByLink, Erased     string
	Coming, ComingEmail, StopIt, StopTitle                  string
	EnrolTitle, EnrolLead, EnrolReset, EnrolPassword        string
	EnrolAgain, EnrolButton, EnrolNext, EnrolWho            string
	OverTitle, OverText                                     string
	MustTitle, MustLead                                     string
	Story                                                   string
}

var russianPersons = PersonsTexts{
	Lead: "Нового человека, другую роль или группу предлагает один администратор, а решает другой администратор или старший согласующий. Приостановить можно сразу.",
	New:  "Предложить человека", NewTitle: "Новый человек", NewLead: "Работать человек сможет после согласования: тогда любой администратор сделает ему ссылку для входа.",
	Name: "Имя", Email: "Почта", Roles: "Роли", Groups: "Группы", Reason: "Зачем",
	NameHelp: "Как на страницах: фамилия, имя, отчество", EmailHelp: "С ней человек входит; адрес навсегда за ним", GroupsHelp: "Через запятую; правила могут требовать согласующего из группы", GroupsKnown: "Уже есть: {1}",
	ReasonHelp: "Необязательно; увидит тот, кто решает", RolesHelp: "Аудитор и администратор не сочетаются ни с чем",
	RoleHelp: map[string]string{"maker": "вводит выплаты", "approver": "согласует введённое другими", "senior": "согласует и там, где нужен старший", "auditor": "читает всё, ничего не меняет", "admin": "люди и настройки, никогда не выплаты"},
	Propose:  "Предложить", ProposeChange: "Предложить изменение", Back: "К списку людей",
	ChangeTitle: "Роли и группы", ChangeLead: "Изменение начнёт действовать после согласования другим. Новый согласующий сначала выжидает, сколько велят правила. При смене роли текущие входы закончатся.",
	SuspendTitle: "Приостановить", SuspendLead: "Действует сразу, согласования не нужно. Вернуть человека можно только через согласование.", SuspendRisk: "Без этого человека некому будет решать:",
	RestoreTitle: "Вернуть к работе", RestoreLead: "Решает другой администратор или старший согласующий. Прежние согласования человека не оживают.", RestoreButton: "Предложить вернуть",
	ResetTitle: "Восстановить вход", ResetLead: "Когда это согласуют, прежний пароль и коды перестанут действовать, входы закончатся, а человек задаст новые по ссылке. Ни вы, ни тот, кто решает, их не увидите. Согласования этого человека потом какое-то время не засчитываются.", ResetButton: "Предложить восстановить",
	LinkTitle: "Ссылка для входа", LinkLead: "По ссылке человек сам задаст пароль: один раз, в течение 24 часов. Прежняя ссылка перестанет действовать.", LinkButton: "Сделать ссылку для {1}", LinkOpen: "Ссылка для {1} действует до {2}.", LinkFor: "Для кого",
	LinkOnce: "Эта ссылка показана один раз. Передайте её человеку лично, не пересылая через других.", LinkURL: "Ссылка", LinkUntil: "Действует до", LinkDone: "Готово", LinkPage: "Ссылка для входа",
	Open: "Открыть", Facts: "Кто это", FactAdded: "На рабочем месте с", FactFounding: "с самого начала", FactSince: "Решает с", FactQuiet: "Согласования не засчитываются", FactCap: "Предел за день", FactCapText: "до {1}",
	FactGroups: "Группы", NoGroups: "нет", FactSignIns: "Почта для входа",
	WaitsLink: "Ждёт ссылки для входа: {1}", StateQuiet: "Согласования засчитываются с {1}", StateNew: "Согласует с пределом до {1}",
	Waiting: "Ждёт согласования", WaitingNone: "Ничего не ждёт согласования.", WaitingCaption: "Что предложено о людях", WaitingFor: "Решить может: {1}", ColWhat: "Что", ColBy: "Кто предложил", ColAt: "Когда",
	Ops:      map[string]string{"person.add": "Новый человек: {1}", "person.change": "Роли и группы: {1}", "person.restore": "Вернуть к работе: {1}", "person.reset": "Восстановить вход: {1}", "person.email": "Ещё одна почта: {1}", "person.key": "Ключ доступа: {1}"},
	OpsShort: map[string]string{"person.add": "новый человек", "person.change": "роли и группы", "person.restore": "вернуть к работе", "person.reset": "восстановить вход", "person.email": "ещё одна почта", "person.key": "ключ доступа"},
	Pending:  "Уже ждёт согласования: {1}. Сначала решите это.", Own: "О себе ничего не предлагают: попросите другого администратора.", Auditor: "Менять людей могут администраторы.",
	GroupsTitle: "Группы", GroupsNone: "Групп нет.", GroupLine: "{1}: {2}",
	StuckTitle: "Чего сегодня решить некому", StuckLead: "Сейчас этого не решить никому. Предложите людей или роли; кто назван, тому нужно настроить то, чего ему не хватает.", StuckNone: "С теми, кто сейчас работает, решить можно всё.",
	Works: "работает", Off: "доступ приостановлен", NewPassword: "задаст новый по ссылке", OldPassword: "действует", SetByHand: "задан на сервере, при первом входе его сменят", ByLink: "человек задаст его сам по ссылке", Erased: "стёрто",
	Coming: "Новый человек «{1}» ({2}) будет добавлен {3}, если никто не остановит.", ComingEmail: "Ещё одна почта для «{1}» будет добавлена {3}: {2}, если никто не остановит.", StopIt: "Остановить",
	StopTitle:  "Остановить добавление",
	EnrolTitle: "Первый вход", EnrolLead: "Задайте пароль. Его не увидит никто, даже администратор.", EnrolReset: "Ваш вход восстановлен. Задайте новый пароль: прежний больше не действует.", EnrolPassword: "Пароль", EnrolAgain: "Пароль ещё раз",
	EnrolButton: "Задать пароль и войти", EnrolNext: "Дальше настроим второй способ подтверждения.", EnrolWho: "{1}, {2}",
	OverTitle: "Ссылка не действует", OverText: "Ссылка действует один раз и только 24 часа. Попросите администратора сделать новую. Если пароль уже задан, просто войдите.",
	MustTitle: "Смените пароль", MustLead: "Этот пароль задал кто-то другой. Пока вы его не смените, ничего другого сделать нельзя.",
	Story: "История",
}

var englishPersons = PersonsTexts{
	Lead: "One administrator proposes a new person, another role or group; another administrator or a senior approver decides. Suspending works at once.",
	New:  "Propose a person", NewTitle: "New person", NewLead: "The person can work once this is approved: then any administrator makes them a link to sign in.",
	Name: "Name", Email: "E-mail", Roles: "Roles", Groups: "Groups", Reason: "Why",
	NameHelp: "As it stands on pages", EmailHelp: "They sign in with it; the address is theirs for ever", GroupsHelp: "With commas; rules can ask for an approver of a group", GroupsKnown: "In use: {1}",
	ReasonHelp: "May be left out; whoever decides sees it", RolesHelp: "Auditor and administrator go with nothing else",
	RoleHelp: map[string]string{"maker": "enters payouts", "approver": "approves what others entered", "senior": "approves also where a senior is needed", "auditor": "reads everything, changes nothing", "admin": "people and settings, never payouts"},
	Propose:  "Propose", ProposeChange: "Propose the change", Back: "To the list of people",
	ChangeTitle: "Roles and groups", ChangeLead: "The change takes effect once somebody else approves it. A new approver first waits as long as the rules say. When roles change, present sign-ins end.",
	SuspendTitle: "Suspend", SuspendLead: "Works at once, no approval is needed. Only an approval brings the person back.", SuspendRisk: "Without this person nobody could decide:",
	RestoreTitle: "Let them work again", RestoreLead: "Another administrator or a senior approver decides. Approvals they gave before do not come back to life.", RestoreButton: "Propose to let them work",
	ResetTitle: "Reset sign-in", ResetLead: "Once approved, the old password and codes stop working, sign-ins end, and the person sets new ones with a link. Neither you nor whoever decides ever sees them. For a while after that this person’s approvals do not count.", ResetButton: "Propose the reset",
	LinkTitle: "Link to sign in", LinkLead: "With the link the person sets a password: once, within 24 hours. An older link stops working.", LinkButton: "Make a link for {1}", LinkOpen: "A link for {1} works until {2}.", LinkFor: "For",
	LinkOnce: "This link is shown once. Give it to the person yourself, not through others.", LinkURL: "Link", LinkUntil: "Works until", LinkDone: "Done", LinkPage: "Link to sign in",
	Open: "Open", Facts: "Who this is", FactAdded: "On this desk since", FactFounding: "from the beginning", FactSince: "Decides since", FactQuiet: "Approvals do not count", FactCap: "Bound by day", FactCapText: "until {1}",
	FactGroups: "Groups", NoGroups: "none", FactSignIns: "E-mail to sign in",
	WaitsLink: "Waits for a link to sign in: {1}", StateQuiet: "Approvals count from {1}", StateNew: "Approves within a bound until {1}",
	Waiting: "Awaiting approval", WaitingNone: "Nothing awaits approval.", WaitingCaption: "What is proposed about people", WaitingFor: "Who can decide: {1}", ColWhat: "What", ColBy: "Proposed by", ColAt: "When",
	Ops:      map[string]string{"person.add": "New person: {1}", "person.change": "Roles and groups: {1}", "person.restore": "Let work again: {1}", "person.reset": "Reset sign-in: {1}", "person.email": "One more e-mail: {1}", "person.key": "Passkey: {1}"},
	OpsShort: map[string]string{"person.add": "new person", "person.change": "roles and groups", "person.restore": "let work again", "person.reset": "reset sign-in", "person.email": "one more e-mail", "person.key": "passkey"},
	Pending:  "This already awaits approval: {1}. Decide it first.", Own: "Nobody proposes anything about themselves: ask another administrator.", Auditor: "Administrators can change people.",
	GroupsTitle: "Groups", GroupsNone: "There are no groups.", GroupLine: "{1}: {2}",
	StuckTitle: "What nobody can decide today", StuckLead: "As things are, nobody can decide this. Propose people or roles; whoever is named sets up what they lack.", StuckNone: "With the people who work now everything can be decided.",
	Works: "working", Off: "suspended", NewPassword: "set anew with a link", OldPassword: "in use", SetByHand: "set on the server, to be changed at the first sign-in", ByLink: "the person sets it with a link", Erased: "erased",
	Coming: "A new person, “{1}” ({2}), will be added on {3} unless somebody stops it.", ComingEmail: "One more e-mail for “{1}” will be added on {3}: {2}, unless somebody stops it.", StopIt: "Stop it",
	StopTitle:  "Stop the adding",
	EnrolTitle: "First sign-in", EnrolLead: "Set your password. Nobody sees it, not even an administrator.", EnrolReset: "Your sign-in was reset. Set a new password: the old one no longer works.", EnrolPassword: "Password", EnrolAgain: "Password again",
	EnrolButton: "Set the password and sign in", EnrolNext: "Next you set up a second way to confirm who you are.", EnrolWho: "{1}, {2}",
	OverTitle: "This link does not work", OverText: "A link works once, and only for 24 hours. Ask an administrator for a new one. If you have set your password, just sign in.",
	MustTitle: "Change your password", MustLead: "Somebody else set this password. Until you change it, nothing else can be done.",
	Story: "History",
}

// Persons returns the words of people beyond their list.
func (t *Texts) Persons() *PersonsTexts { return pick(t, &russianPersons, &englishPersons) }

func init() {
	addRoom("persons", &russianPersons, &englishPersons)
	for code, s := range map[string][2]string{
		"enrolment.made":  {"Сделана ссылка для входа", "Link to sign in made"},
		"enrolment.used":  {"Задан пароль по ссылке", "Password set with a link"},
		"enrolment.ended": {"Ссылки для входа отменены", "Links to sign in ended"},
		"account.reset":   {"Прежний пароль отменён", "Old password taken away"},
	} {
		Russian.Log[code], English.Log[code] = s[0], s[1]
	}
	// The same example as for rules: internal/lang's rules.go says it.
	sentences["people.deadlock"] = (*Texts).stuck
	addFaults(map[string]string{
		"people.own":        "О себе ничего не предлагают и ссылку себе не делают: это может другой администратор.",
		"people.roles":      "Выберите хотя бы одну роль.",
		"people.apart":      "Эти роли не сочетаются: аудитор и администратор ни с чем, а инициатор с согласующим, только если разрешают правила.",
		"people.apart_back": "Этот человек и инициатор, и согласующий, а правила сейчас не дают быть тем и другим сразу. Вернуть его можно, когда правила это разрешат.",
		"people.groups":     "Не больше {1} групп, в названии не больше {2} знаков, без кавычек.",
		"people.asked":      "Человека с этим адресом уже предложили: это ждёт согласования.",
		"people.many":       "Слишком много предложений о людях ждёт согласования. Сначала решите их.",
		"people.off":        "Доступ этого человека приостановлен. Сначала верните его к работе.",
		"people.on":         "Этот человек и так работает.",
		"people.same":       "Ничего не изменилось.",
		"people.moved":      "Пока страница была открыта, этого человека изменили. Посмотрите и предложите снова.",
		"people.deadlock":   "После такого изменения некому будет решать то, что сегодня решить можно.",
		"people.never":      "Рабочее место ещё ни разу не запускали с этой версией: запустите serve один раз, потом добавьте человека.",
		"enrol.link":        "Ссылка не действует.",
		"enrol.over":        "Ссылка уже использована, или её срок вышел.",
		"enrol.done":        "У этого входа уже есть пароль. Новый задают после восстановления входа, его решает другой.",
		"init.people":       "В этой базе уже есть люди: начать можно только с пустой.",
		"init.few":          "Нужно не меньше двух администраторов: повторите --admin.",
		"signin.change":     "Сначала смените пароль: его задал кто-то другой.",
	}, map[string]string{
		"people.own":        "Nobody proposes anything about themselves or makes themselves a link: another administrator can.",
		"people.roles":      "Choose at least one role.",
		"people.apart":      "These roles do not go together: auditor and administrator go with nothing else, maker with approver only if the rules allow it.",
		"people.apart_back": "This person is a maker and an approver, and the rules now let nobody be both. They can come back once the rules allow it.",
		"people.groups":     "At most {1} groups, {2} characters in a name, no quotation marks.",
		"people.asked":      "A person with this address has been proposed already: it awaits approval.",
		"people.many":       "Too many proposals about people await approval. Decide those first.",
		"people.off":        "This person is suspended. Let them work again first.",
		"people.on":         "This person works already.",
		"people.same":       "Nothing has changed.",
		"people.moved":      "This person was changed while the page was open. Look and propose again.",
		"people.deadlock":   "After this change nobody could decide something that can be decided today.",
		"people.never":      "The desk has never run with this version: start serve once, then add the person.",
		"enrol.link":        "This link does not work.",
		"enrol.over":        "This link has been used, or has run out.",
		"enrol.done":        "This sign-in has its password. A new one is set after a reset, which somebody else decides.",
		"init.people":       "There are people in this database: only an empty one can be begun.",
		"init.few":          "At least two administrators are needed: repeat --admin.",
		"signin.change":     "Change your password first: somebody else set it.",
	})
}
