package lang

// VerdictTexts are the words of decisions about outcomes, and of the page of outcomes that are not known.
type VerdictTexts struct {
	// The form.
	Propose, Title, Lead, Outcome, Basis, Reason, File, Submit, Back string
	HelpOutcome, HelpReason, HelpFile, FromDay, LetterOnly           string // {1} a day
	Outcomes, Bases, Media                                           map[string]string
	// What is proposed, on its own page.
	Payout, Sum, Was, Evidence, EvidenceSize, Download, Asked string // EvidenceSize: «PDF, {1}»; Asked: when the request left
	WarnNot, WarnPaid, About, OverStopped, OverEffective      string
	// The line of a bank's report that a decision rests on. FromReport: «№ {1}, {2}» and its fingerprint; RowReason: report, place, kind, operation, session, sum.
	Report, FromReport, RowPlace, RowSays, RowReason string
	RowKinds                                         map[string]string
	Attached, AttachedRow, OtherFile                 string
	// On the payout's page.
	Open, OpenLink, RuledBy, Line string
	// «Решено: не оплачена»
	EventPaid, EventNot                                                 string
	ReplacesNote, ReplacesWarn, FrozenNote, AskedNote, WaitsNote, Back2 string
	ReplacesBack                                                        string // of one that came back
	PayBack                                                             string // pay again what came back
	Returns, ReturnLine                                                 string // «{1}: {2} ₽, всего {3} ₽, {4}»
	// The page of unknown outcomes.
	Owner, Age, AskedHead, Closes, Next                                    string
	OwnerMakers, OwnerDeciders, OwnerBank                                  string
	AskedRequest, AskedAnswer, AskedPoll, AskedNoPlan, AskedNever, AskedAt string
	Hooks                                                                  Forms
	NoHooks                                                                string
	CloseStatus, CloseHook, ClosePeople, CloseFlag                         string
	NextWait, NextSupport, NextDecide, NextOpen, NextReader                string
	Decide                                                                 string
	Since, Now                                                             string
	// The bar: {1} payouts, {2} the oldest's number, {3} its age.
	Bar, BarTruth Forms
	BarLink       string
}

var russianVerdict = VerdictTexts{
	Propose: "Предложить решение о результате", Title: "Решение о результате выплаты № {1}",
	Lead:    "Банк не сказал, чем кончилась выплата, или сказал противоречивое. Решение принимают двое согласующих: не те, кто готовил выплату, и не тот, кто предложил. Если банк потом скажет другое, выплата потребует разбора.",
	Outcome: "Что с выплатой", Basis: "На чём это основано", Reason: "Что ответил банк и кто это выяснил", File: "Файл", Submit: "Отправить решение на согласование", Back: "Вернуться к выплате",
	HelpOutcome: "Не оплаченную можно будет выплатить снова.", HelpReason: "До 500 знаков. Это увидят согласующие, это останется в журнале.",
	HelpFile: "Письмо банка, выписка или запись ответа: PDF, JPEG, PNG или текст до 5 МиБ.", FromDay: "«Не оплачена» без письма банка: с {1}, когда после дня запроса пройдут 3 банковских дня целиком.",
	LetterOnly: "«Не оплачена»: только с письмом банка.",
	Outcomes:   map[string]string{"paid": "Оплачена", "not_paid": "Не оплачена"},
	Bases:      map[string]string{"letter": "Письмо банка", "statement": "Выписка по счёту", "support": "Ответ поддержки банка", "other": "Другое"},
	Media:      map[string]string{"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG", "text/plain": "текст"},
	Payout:     "Выплата", Sum: "Сумма, ₽", Was: "Было", Evidence: "Файл", EvidenceSize: "{1}, {2} КиБ, отпечаток {3}", Download: "Скачать файл", Asked: "Запрос в банк",
	WarnNot:  "После согласования выплату можно будет сделать снова. Если банк её всё же исполнил, получатель получит деньги дважды.",
	WarnPaid: "После согласования выплата считается исполненной и заменить её будет нельзя. Если банк её не исполнил, получатель денег не получит.",
	About:    "Вы готовили эту выплату. Решить может: {1}.", OverStopped: "Банк сам сообщил результат: решать больше нечего.", OverEffective: "Решение принято: выплата считается такой, как решили.",
	Report: "Отчёт банка", FromReport: "№ {1}, {2}, отпечаток {3}", RowPlace: "Строка отчёта", RowSays: "В строке сказано", RowReason: "Отчёт банка № {1}, {2}: {3}, {6} ₽, операция {4}, сессия {5}. О сессии банк не ответил.",
	RowKinds: map[string]string{"paid": "выплата исполнена", "back": "деньги вернулись"},
	Attached: "Отчёт банка уже приложен, загружать его снова не нужно.", AttachedRow: "К решению прилагаются строка отчёта и отпечаток всего файла.", OtherFile: "Приложить другой файл",
	Open: "Предложено решение: {1}. Решить может: {2}.", OpenLink: "Открыть предложение", RuledBy: "решение о результате: {1}, {2}", Line: "Решение о результате",
	EventPaid: "Решено людьми: оплачена", EventNot: "Решено людьми: не оплачена",
	ReplacesNote: "№ {1} на {2} ₽: {3}. Заменить можно не больше чем на {4} ₽.",
	ReplacesWarn: "Это вторая попытка заплатить. Если банк исполнил № {1}, получатель получит деньги дважды. Перед отправкой программа ещё раз спросит банк о прежней выплате.",
	FrozenNote:   "О прежней выплате № {1} банк сказал другое: эта не уйдёт, пока это не разобрано.", AskedNote: "Ждём ответа банка о прежней выплате № {1}: не старше десяти минут.",
	WaitsNote: "Ждём ответа банка о прежней выплате № {1} (сессия {2}): не старше десяти минут и без незавершённых действий. Спрашиваем каждую минуту; пока банк не ответит, эта выплата не уйдёт. Отказ, который банк повторяет десять минут, считается ответом.", Back2: "К выплате № {1}",
	ReplacesBack: "Снова платится только то, что вернулось. Перед отправкой программа ещё раз спросит банк о прежней выплате.",
	PayBack:      "Выплатить вернувшееся снова",
	Returns:      "Возвраты", ReturnLine: "{1}: {2} ₽, всего {3} ₽, {4}",
	Owner: "Чей ход", Age: "Возраст", AskedHead: "Что и когда спрошено", Closes: "Чем закроется", Next: "Следующий шаг",
	OwnerMakers: "Инициатор: {1}", OwnerDeciders: "Согласующие: {1}", OwnerBank: "Банк; затем инициатор: {1}",
	AskedRequest: "Запрос ушёл {1}", AskedAnswer: "ответ: {1}", AskedPoll: "Статус сессии {3} спрашиваем с {1}, дальше {2}", AskedNoPlan: "Статус сессии {1} больше не спрашиваем", AskedNever: "Статус не спросить: банк не назвал номер сессии", AskedAt: "последний ответ {1}",
	Hooks: Forms{"{1} сообщение банка, последнее {2}", "{1} сообщения банка, последнее {2}", "{1} сообщений банка, последнее {2}"}, NoHooks: "Сообщений банка нет",
	CloseStatus: "Статус сессии {1}, спрошенный у банка", CloseHook: "Подписанное сообщение банка с меткой {1}", ClosePeople: "Письмо банка или выписка и решение двух согласующих", CloseFlag: "Письмо банка и решение двух согласующих: сообщения банка противоречат друг другу",
	NextWait: "Подождать: программа спрашивает сама.", NextSupport: "Спросить поддержку банка по нашей метке и предложить решение.", NextDecide: "Согласовать или отклонить предложенное решение.", NextOpen: "Решение предложено, ждёт согласующих.", NextReader: "Предложить решение может инициатор.",
	Decide: "Решить", Since: "с {1}", Now: "сейчас",
	BarTruth: Forms{"Банк сообщил о {1} выплате, № {2}, не то, что решили люди. Взамен ничего не уйдёт, пока это не разобрано.", "Банк сообщил о {1} выплатах не то, что решили люди, одна из них № {2}. Взамен ничего не уйдёт, пока это не разобрано.", "Банк сообщил о {1} выплатах не то, что решили люди, одна из них № {2}. Взамен ничего не уйдёт, пока это не разобрано."},
	Bar:      Forms{"Результат {1} выплаты неизвестен дольше 30 минут: № {2}, {3}.", "Результат {1} выплат неизвестен дольше 30 минут; старшая № {2}, {3}.", "Результат {1} выплат неизвестен дольше 30 минут; старшая № {2}, {3}."},
	BarLink:  "Что делать",
}

var englishVerdict = VerdictTexts{
	Propose: "Propose an outcome decision", Title: "Outcome decision for payout No {1}",
	Lead:    "The bank did not say how the payout ended, or contradicts itself. Two approvers decide: nobody who prepared the payout, and not whoever proposes this. If the bank says otherwise later, the payout will need review.",
	Outcome: "What became of the payout", Basis: "What this rests on", Reason: "What the bank said, and who found out", File: "File", Submit: "Submit the decision for approval", Back: "Back to the payout",
	HelpOutcome: "What was not paid can be paid again.", HelpReason: "Up to 500 characters. Approvers see it, and it stays in the audit log.",
	HelpFile: "The bank’s letter, a statement or a note of its answer: PDF, JPEG, PNG or text, up to 5 MiB.", FromDay: "“Not paid” without the bank’s letter: from {1}, once 3 whole banking days have passed after the day of the request.",
	LetterOnly: "“Not paid”: only with the bank’s letter.",
	Outcomes:   map[string]string{"paid": "Paid", "not_paid": "Not paid"},
	Bases:      map[string]string{"letter": "The bank’s letter", "statement": "Account statement", "support": "Answer of the bank’s support", "other": "Something else"},
	Media:      map[string]string{"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG", "text/plain": "text"},
	Payout:     "Payout", Sum: "Amount, ₽", Was: "Before", Evidence: "File", EvidenceSize: "{1}, {2} KiB, fingerprint {3}", Download: "Download the file", Asked: "Request to the bank",
	WarnNot:  "Once approved, the payout can be paid again. If the bank did execute it after all, the payee is paid twice.",
	WarnPaid: "Once approved, the payout counts as paid and cannot be replaced. If the bank did not execute it, the payee gets nothing.",
	About:    "You prepared this payout. Who can decide: {1}.", OverStopped: "The bank itself told the outcome: nothing is left to decide.", OverEffective: "It is decided: the payout counts as what was decided.",
	Report: "Bank report", FromReport: "No {1}, {2}, fingerprint {3}", RowPlace: "Row of the report", RowSays: "The row says", RowReason: "Bank report No {1}, {2}: {3}, {6} ₽, operation {4}, session {5}. The bank does not answer about the session.",
	RowKinds: map[string]string{"paid": "payout executed", "back": "money came back"},
	Attached: "The bank’s report is attached already: nothing to upload again.", AttachedRow: "The row of the report and the fingerprint of the whole file are attached.", OtherFile: "Attach another file",
	Open: "Proposed: {1}. Who can decide: {2}.", OpenLink: "Open the proposal", RuledBy: "outcome decision: {1}, {2}", Line: "Outcome decision",
	EventPaid: "Decided by people: paid", EventNot: "Decided by people: not paid",
	ReplacesNote: "No {1} of {2} ₽: {3}. It can be replaced by no more than {4} ₽.",
	ReplacesWarn: "This is a second attempt to pay. If the bank executed No {1}, the payee is paid twice. Before it leaves, the desk asks the bank about the old payout once more.",
	FrozenNote:   "The bank says something else about the old payout No {1}: this one does not leave until that is settled.", AskedNote: "Waits for the bank’s answer about the old payout No {1}, no older than ten minutes.",
	WaitsNote: "Waits for the bank’s answer about the old payout No {1} (session {2}): no older than ten minutes, and with nothing still under way. It is asked each minute; until it answers, this payout does not leave. A refusal that the bank repeats for ten minutes counts as an answer.", Back2: "To payout No {1}",
	ReplacesBack: "Only what came back is paid again. Before it leaves, the desk asks the bank about the old payout once more.",
	PayBack:      "Pay again what came back",
	Returns:      "Came back", ReturnLine: "{1}: {2} ₽, {3} ₽ in all, {4}",
	Owner: "Whose move", Age: "Age", AskedHead: "What was asked, and when", Closes: "What would close it", Next: "Next step",
	OwnerMakers: "Maker: {1}", OwnerDeciders: "Approvers: {1}", OwnerBank: "The bank; then the maker: {1}",
	AskedRequest: "Request left at {1}", AskedAnswer: "answer: {1}", AskedPoll: "Status of session {3} asked since {1}, next {2}", AskedNoPlan: "Status of session {1}: not asked any more", AskedNever: "Status cannot be asked: the bank named no session", AskedAt: "last answer {1}",
	Hooks: Forms{"{1} bank message, last {2}", "{1} bank messages, last {2}", "{1} bank messages, last {2}"}, NoHooks: "No bank messages",
	CloseStatus: "A status of session {1}, asked from the bank", CloseHook: "A signed bank message with reference {1}", ClosePeople: "The bank’s letter or a statement, and a decision of two approvers", CloseFlag: "The bank’s letter and a decision of two approvers: what the bank says contradicts itself",
	NextWait: "Wait: the desk keeps asking.", NextSupport: "Ask the bank’s support by our reference, and propose a decision.", NextDecide: "Approve or refuse the proposed decision.", NextOpen: "A decision is proposed and waits for approvers.", NextReader: "A maker can propose a decision.",
	Decide: "Decide", Since: "since {1}", Now: "now",
	BarTruth: Forms{"The bank says something else about {1} payout, No {2}, than people decided. Nothing leaves in its place until this is settled.", "The bank says something else about {1} payouts than people decided, No {2} among them. Nothing leaves in their place until this is settled.", "The bank says something else about {1} payouts than people decided, No {2} among them. Nothing leaves in their place until this is settled."},
	Bar:      Forms{"The outcome of {1} payout has been unknown for more than 30 minutes: No {2}, {3}.", "The outcomes of {1} payouts have been unknown for more than 30 minutes; the oldest is No {2}, {3}.", "The outcomes of {1} payouts have been unknown for more than 30 minutes; the oldest is No {2}, {3}."},
	BarLink:  "What to do",
}

// Verdict returns the words of decisions about outcomes.
func (t *Texts) Verdict() *VerdictTexts { return pick(t, &russianVerdict, &englishVerdict) }

func init() {
	addRoom("verdict", &russianVerdict, &englishVerdict)
	addFaults(map[string]string{
		"verdict.outcome": "Выберите, оплачена выплата или нет.", "verdict.basis": "Выберите, на чём это основано.", "verdict.file": "Приложите файл.",
		"verdict.large": "Файл больше {1} МиБ.", "verdict.type": "Это не PDF, не JPEG, не PNG и не текст в UTF-8.", "verdict.none": "Такого файла нет.",
		"verdict.row": "Такой строки об этой выплате в отчётах банка нет.", "verdict.rowbasis": "Отчёт банка считается выпиской по счёту, не письмом банка.",
		"verdict.state":    "Результат выплаты № {1} известен: решать нечего.",
		"verdict.open":     "Банк отвечает, что выплата ещё в работе: решить «не оплачена» нельзя.",
		"verdict.early":    "Без письма банка решить «не оплачена» можно с {1}.",
		"verdict.letter":   "Мы эту выплату не отправляли: решить «не оплачена» можно только с письмом банка.",
		"verdict.returned": "Деньги ушли и вернулись: решить можно только «оплачена», возврат останется возвратом.",
	}, map[string]string{
		"verdict.outcome": "Choose whether the payout was paid or not.", "verdict.basis": "Choose what this rests on.", "verdict.file": "Add a file.",
		"verdict.large": "The file is larger than {1} MiB.", "verdict.type": "This is no PDF, JPEG, PNG or text in UTF-8.", "verdict.none": "There is no such file.",
		"verdict.row": "The bank’s reports have no such row about this payout.", "verdict.rowbasis": "A bank report counts as an account statement, not as the bank’s letter.",
		"verdict.state":    "The outcome of payout No {1} is known: there is nothing to decide.",
		"verdict.open":     "The bank answers that it is still working on the payout: “not paid” cannot be decided.",
		"verdict.early":    "Without the bank’s letter “not paid” can be decided from {1}.",
		"verdict.letter":   "We never sent this payout: “not paid” can be decided only with the bank’s letter.",
		"verdict.returned": "The money left and came back: only “paid” can be decided, and what came back stays so.",
	})
}
