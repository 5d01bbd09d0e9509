package lang

import "maps"

// ReportTexts are the words of the reconciliation with the bank: its daily reports, the days, matches by hand; and of the marks on a payout.
type ReportTexts struct {
	Title, Rail, Lead, None                             string
	Day, Ours, Bank, Diff, Files, State                 string // heads of the list of days
	Agrees, Differs, Closed, Changed, Running, Waits    string
	Waiting                                             Forms // «{1} выплата ждёт…»
	OpenLines                                           Forms // the sums agree, and still {1} lines are open
	WaitsWho, Missing, MissingDemo, CloseWho            string
	TabDays, TabFiles, TabAge                           string
	Upload, UploadLead, UploadFile, UploadDay, HelpFile string
	HelpDay, UploadButton                               string
	UploadBad                                           Forms // «{1} ошибка в файле…»
	BadMore, BadRow, BadFile, BadHead                   string
	FilesNone, FileName, FileDays, FileRows, FileSum    string
	FileBy, FileAt, FileFolder, Taken                   string
	Folder, FolderBad                                   string
	OneDay                                              string // «Сверка за {1}»
	Paid, Back                                          string
	Class, N, OurSum, BankSum                           string
	Total, Counted, Adds, AddsNot                       string
	Classes, Steps                                      map[string]string
	Lines, LinesNone, LinesMore                         string
	Payout, Session, Step, NotOurs                      string
	ToPayout, ToUnknown, ToDecide, ToMatch, AskBank     string
	InDay                                               string // «в отчёте за {1}»
	Close, CloseLead, CloseOpen, CloseBy, ChangedNote   string
	Csv, All                                            string
	Age, AgeLead, AgeNone, AgeDays, AgeOlder, AgeDay    string
	AgeOld                                              Forms // «{1} день»
	Match, MatchLead, MatchNumber, HelpNumber           string
	MatchReason, MatchButton, MatchKeep, MatchRow       string
	MatchNothing, MatchExplained, MatchMoves            string
	MatchSum, MatchOpen                                 string
	Operation, Metadata, Part                           string
	Marks, MarkAsked, MarkTaken, MarkMessage            string // marks of a payout
	MarkConfirmed, MarkReport, MarkNot, MarkBack        string
	Usual                                               string // «обычно в пределах {1}»
	Codes                                               map[string]string
}

var russianReports = ReportTexts{
	Title: "Сверка с банком", Rail: "Сверка", Lead: "Наша запись, сообщения банка и его ежедневный отчёт рядом, по московским дням. Сверка ничего не меняет в выплатах: она показывает, что сошлось, и что делать с остальным.",
	None: "Сверять пока нечего: банк ещё ничего не исполнил, отчётов нет.",
	Day:  "День", Ours: "У нас, ₽", Bank: "В отчёте, ₽", Diff: "Разница, ₽", Files: "Отчётов", State: "Состояние",
	Agrees: "суммы сходятся, не закрыт", Differs: "суммы расходятся", Closed: "закрыт: {1}", Changed: "изменился после закрытия", Running: "ещё идёт", Waits: "ждёт отчёта банка",
	OpenLines: Forms{"{1} открытая строка", "{1} открытые строки", "{1} открытых строк"},
	Waiting:   Forms{"{1} строка ждёт отчёта банка за этот день.", "{1} строки ждут отчёта банка за этот день.", "{1} строк ждут отчёта банка за этот день."},
	WaitsWho:  "Его загружает инициатор или администратор.", Missing: "Ещё нет отчётов за дни:", MissingDemo: "Ещё нет отчётов за дни. Скачайте отчёт учебного банка и загрузите его ниже:", CloseWho: "День в порядке. Закрывает его согласующий.",
	TabDays: "Дни", TabFiles: "Отчёты банка", TabAge: "Расхождения по срокам",
	Upload: "Загрузить отчёт", UploadLead: "Ежедневный отчёт банка о выплатах: CSV, XLSX или ZIP из них, до 32 МиБ. Файл принимается целиком или не принимается. Состояние выплат он не меняет: по нему программа сама спросит банк о том, чего не знает.",
	UploadFile: "Файл отчёта", UploadDay: "За какой день", HelpFile: "Имя вида Проект_2026-11-20_2026-11-20.csv; пустой файл значит день без выплат",
	HelpDay: "Пусто: день возьмётся из имени файла. Так: 20.11.2026", UploadButton: "Загрузить отчёт",
	UploadBad: Forms{"В файле {1} ошибка. Файл не принят целиком.", "В файле {1} ошибки. Файл не принят целиком.", "В файле {1} ошибок. Файл не принят целиком."},
	BadMore:   "Показаны первые {1}, дальше файл не читали.", BadRow: "строка {1}, {2}: {3}", BadFile: "{1}: {2}", BadHead: "Что исправить",
	FilesNone: "Отчётов банка ещё не загружали.", FileName: "Файл", FileDays: "За дни", FileRows: "Строк", FileSum: "Выплаты, ₽", FileBy: "Загрузил", FileAt: "Когда", FileFolder: "из папки", Taken: "Отчёт принят: строк {1}.",
	Folder: "Папка отчётов", FolderBad: "не принят: {1}",
	OneDay: "Сверка за {1}", Paid: "Выплаты", Back: "Возвраты", Class: "Что", N: "Штук", OurSum: "У нас, ₽", BankSum: "В отчёте, ₽",
	Total: "Итого", Counted: "Пересчитано по строкам", Adds: "Строки складываются в итог до копейки.", AddsNot: "Строки не складываются в итог. День закрыть нельзя, сообщите тем, кто обслуживает программу.",
	Classes: map[string]string{"matched": "Сошлось", "by_hand": "Сопоставлено вручную", "late": "В отчёте другого дня", "came_back": "Возвраты сошлись", "waiting": "Ждёт отчёта", "missing_bank": "Нет в отчёте банка",
		"missing_us": "Нет у нас", "other_sum": "Другая сумма", "double": "Дважды в отчёте"},
	Steps: map[string]string{"double": "Откройте выплату и спросите поддержку банка: возможно, деньги ушли дважды.", "other_sum": "Спросите поддержку банка. Если разница объяснена, сопоставьте вручную.",
		"missing_us": "Программа спрашивает банк об этой сессии. Если банк не ответит, предложите решение о результате.", "untold": "Банк не отвечает об этой сессии. Предложите решение по этому отчёту.", "missing_bank": "Спросите поддержку банка. Если есть другой документ, сопоставьте вручную.",
		"waiting": "Загрузите отчёт за этот день.", "nobody": "Найдите выплату и сопоставьте вручную или отметьте, что она не из этой программы.", "late": "Ничего: суммы те же, день другой.", "by_hand": "Ничего: согласовано вдвоём.", "matched": "Ничего.", "came_back": "Ничего."},
	Lines: "Что требует внимания", LinesNone: "Ничего: всё сошлось.", LinesMore: "Показаны первые {1}. Все строки: в файле CSV.",
	Payout: "Выплата", Session: "Сессия банка", Step: "Следующий шаг", NotOurs: "такой выплаты у нас не найдено", ToPayout: "Открыть выплату", ToUnknown: "К неизвестным результатам", ToDecide: "Предложить решение по этому отчёту", ToMatch: "Сопоставить вручную", AskBank: "Спросить банк",
	InDay: "в отчёте за {1}", Close: "Закрыть день", CloseLead: "Закрывая, вы подтверждаете, что посмотрели этот день и он в порядке. Если что-то изменится потом, день покажется изменившимся.", CloseOpen: "Закрыть можно, когда не останется открытых строк: сейчас их {1}.",
	CloseBy: "Закрыт: {1}, {2}", ChangedNote: "После закрытия день изменился. Посмотрите и закройте его снова.", Csv: "Скачать CSV", All: "Все строки",
	Age: "Расхождения по срокам", AgeLead: "Открытые строки дней, которые никто не закрыл или которые изменились после закрытия, за последние три месяца.", AgeNone: "Открытых расхождений нет.", AgeDays: "{1}–{2} дн.", AgeOlder: "старше {1} дн.", AgeDay: "Возраст",
	AgeOld: Forms{"{1} день", "{1} дня", "{1} дней"},
	Match:  "Сопоставить вручную", MatchLead: "Предложение согласует другой человек. Состояние выплаты от этого не изменится.", MatchNumber: "Номер выплаты", HelpNumber: "Пусто, если эта строка не о выплате из этой программы",
	MatchReason: "Почему", MatchButton: "Предложить", MatchKeep: "Оставить", MatchRow: "Строка {1} отчёта № {2}", MatchNothing: "не выплата этой программы", MatchExplained: "выплаты нет в отчётах, это объяснено", MatchMoves: "Состояние выплаты не меняется: строка лишь считается её строкой.",
	MatchSum: "Сумма, ₽", MatchOpen: "Уже предложено",
	Operation: "Операция банка", Metadata: "Метка в отчёте", Part: "Место в файле",
	Marks: "Что известно", MarkAsked: "Запрошена", MarkTaken: "Принята банком", MarkMessage: "По сообщению банка", MarkConfirmed: "Подтверждено запросом", MarkReport: "В отчёте банка", MarkNot: "ещё нет", MarkBack: "возврат",
	Usual: "Обычно в пределах {1}",
	Codes: map[string]string{"size": "слишком большой файл или слишком много строк", "encoding": "кодировка не UTF-8 и не windows-1251", "zip": "архив повреждён или в нём не только отчёты (без папок, CSV и XLSX)", "xlsx": "книга XLSX не читается",
		"sheets": "заполнен не только первый лист: перенесите всё на первый или загрузите листы отдельными файлами", "head": "нет обязательного столбца", "twice": "столбец повторяется", "name": "неверные даты в имени файла", "csv": "кавычки не закрыты", "cells": "ячеек больше, чем столбцов", "long": "слишком длинное значение", "missing": "пусто, а значение нужно",
		"id": "это не номер банка", "kind": "не Advice и не Refund", "amount": "это не сумма в рублях", "unclear": "непонятно, тысячи это или копейки", "decimals": "доли копейки", "sign": "сумма должна быть больше нуля", "fees": "комиссия не равна разнице сумм", "currency": "не рубли", "time": "это не дата"},
}

var englishReports = ReportTexts{
	Title: "Reconciliation", Rail: "Reconciliation", Lead: "Our record, the bank’s messages and its daily report side by side, by Moscow days. It changes nothing about payouts: it shows what agrees, and what to do about the rest.",
	None: "Nothing to compare yet: the bank has paid nothing, and there are no reports.",
	Day:  "Day", Ours: "Ours, ₽", Bank: "Report, ₽", Diff: "Difference, ₽", Files: "Reports", State: "State",
	Agrees: "sums agree, not closed", Differs: "sums differ", Closed: "closed: {1}", Changed: "changed since it was closed", Running: "still running", Waits: "waits for the bank’s report",
	OpenLines: Forms{"{1} open line", "{1} open lines", "{1} open lines"},
	Waiting:   Forms{"{1} line waits for the bank’s report of this day.", "{1} lines wait for the bank’s report of this day.", "{1} lines wait for the bank’s report of this day."},
	WaitsWho:  "A maker or an administrator uploads it.", Missing: "No report yet of:", MissingDemo: "No report yet of these days. Save the pretend bank’s report and upload it below:", CloseWho: "The day is in order. An approver closes it.",
	TabDays: "Days", TabFiles: "Bank reports", TabAge: "Differences by age",
	Upload: "Upload a report", UploadLead: "The bank’s daily payouts report: CSV, XLSX or a ZIP of them, up to 32 MiB. A file is taken whole or not at all. It moves no payout: where something is not known, the program asks the bank by it.",
	UploadFile: "Report file", UploadDay: "For which day", HelpFile: "A name like Project_2026-11-20_2026-11-20.csv; an empty file is a day without payouts",
	HelpDay: "Empty: the day is taken from the file’s name. Like this: 20.11.2026", UploadButton: "Upload the report",
	UploadBad: Forms{"{1} error in the file. It was not taken at all.", "{1} errors in the file. It was not taken at all.", "{1} errors in the file. It was not taken at all."},
	BadMore:   "The first {1} are shown; the file was not read further.", BadRow: "row {1}, {2}: {3}", BadFile: "{1}: {2}", BadHead: "What to correct",
	FilesNone: "No report of the bank was uploaded yet.", FileName: "File", FileDays: "For", FileRows: "Rows", FileSum: "Payouts, ₽", FileBy: "Uploaded by", FileAt: "When", FileFolder: "from the folder", Taken: "Report taken: {1} rows.",
	Folder: "Report folder", FolderBad: "not taken: {1}",
	OneDay: "Reconciliation of {1}", Paid: "Payouts", Back: "Returns", Class: "What", N: "Number", OurSum: "Ours, ₽", BankSum: "Report, ₽",
	Total: "Total", Counted: "Counted again over the rows", Adds: "The lines add up to the total, to the kopeck.", AddsNot: "The lines do not add up to the total. The day cannot be closed; tell those who look after the program.",
	Classes: map[string]string{"matched": "Agrees", "by_hand": "Matched by hand", "late": "In another day’s report", "came_back": "Returns agree", "waiting": "Waits for the report", "missing_bank": "Missing at the bank",
		"missing_us": "Missing with us", "other_sum": "Another amount", "double": "Twice in the report"},
	Steps: map[string]string{"double": "Open the payout and ask the bank’s support: the money may have left twice.", "other_sum": "Ask the bank’s support. Once the difference is explained, match by hand.",
		"missing_us": "The program asks the bank about this session. If the bank does not answer, propose an outcome decision.", "untold": "The bank does not answer about this session. Propose an outcome from this report.", "missing_bank": "Ask the bank’s support. If there is another document, match by hand.",
		"waiting": "Upload the report of this day.", "nobody": "Find the payout and match by hand, or say that it is not this program’s.", "late": "Nothing: same amounts, another day.", "by_hand": "Nothing: two people agreed.", "matched": "Nothing.", "came_back": "Nothing."},
	Lines: "What needs attention", LinesNone: "Nothing: everything agrees.", LinesMore: "The first {1} are shown. All lines are in the CSV file.",
	Payout: "Payout", Session: "Bank session", Step: "Next step", NotOurs: "no such payout found with us", ToPayout: "Open the payout", ToUnknown: "To unknown outcomes", ToDecide: "Propose an outcome from this report", ToMatch: "Match by hand", AskBank: "Ask the bank",
	InDay: "in the report of {1}", Close: "Close the day", CloseLead: "By closing you say that you looked at this day and it is in order. Whatever changes later, the day shows as changed.", CloseOpen: "It can be closed when no line is open: {1} now.",
	CloseBy: "Closed: {1}, {2}", ChangedNote: "The day has changed since it was closed. Look at it and close it again.", Csv: "Download CSV", All: "All lines",
	Age: "Differences by age", AgeLead: "Open lines of days that nobody closed or that changed since, over the last three months.", AgeNone: "No open differences.", AgeDays: "{1}–{2} days", AgeOlder: "over {1} days", AgeDay: "Age",
	AgeOld: Forms{"{1} day", "{1} days", "{1} days"},
	Match:  "Match by hand", MatchLead: "Another person must agree. The payout’s state does not change by it.", MatchNumber: "Payout number", HelpNumber: "Empty if this row is about no payout of this program",
	MatchReason: "Why", MatchButton: "Propose", MatchKeep: "Keep it", MatchRow: "Row {1} of report No {2}", MatchNothing: "no payout of this program", MatchExplained: "the payout is in no report, and that is explained", MatchMoves: "The payout’s state does not change: the row only counts as its own.",
	MatchSum: "Amount, ₽", MatchOpen: "Proposed already",
	Operation: "Bank operation", Metadata: "Reference in the report", Part: "Place in the file",
	Marks: "What is known", MarkAsked: "Asked", MarkTaken: "Taken by the bank", MarkMessage: "By the bank’s message", MarkConfirmed: "Confirmed by request", MarkReport: "In the bank’s report", MarkNot: "not yet", MarkBack: "return",
	Usual: "Usually within {1}",
	Codes: map[string]string{"size": "the file is too large or has too many rows", "encoding": "neither UTF-8 nor windows-1251", "zip": "the archive is broken, or holds something else than reports (no folders; CSV and XLSX)", "xlsx": "the XLSX workbook cannot be read",
		"sheets": "more than the first sheet is filled: move everything to the first, or upload the sheets as separate files", "head": "a column that must be there is missing", "twice": "a column is there twice", "name": "wrong dates in the file’s name", "csv": "quotes do not close", "cells": "more cells than columns", "long": "value too long", "missing": "empty, and a value is needed",
		"id": "not a number of the bank", "kind": "neither Advice nor Refund", "amount": "not an amount of roubles", "unclear": "thousands or kopecks: it cannot be told", "decimals": "parts of a kopeck", "sign": "the amount must be above zero", "fees": "the fee is not the difference of the amounts", "currency": "not roubles", "time": "not a date"},
}

// Reports returns the words of the reconciliation with the bank.
func (t *Texts) Reports() *ReportTexts { return pick(t, &russianReports, &englishReports) }

func init() {
	addRoom("reports", &russianReports, &englishReports)
	addFaults(map[string]string{
		"report.none": "Выберите файл отчёта.", "report.large": "Файл больше 32 МиБ.", "report.project": "В имени файла другой проект: {1}. Эта программа работает с проектом {2}.", "report.twice": "Этот файл уже загружен: отчёт № {1}, {2}.",
		"report.day": "Такой даты нет. Дата пишется так: 20.11.2026.", "report.otherday": "В имени файла другой день: {1}.", "report.whichday": "Файл пуст, и в имени нет дат. Укажите, за какой это день.",
		"report.days": "В файле строки с {1} по {2}. Назовите файл по дням, как это делает банк, или укажите один день.", "report.future": "Этот день ещё не наступил.",
		"match.none": "Сопоставлять здесь нечего.", "match.number": "Выплаты № {1} нет.", "match.unsent": "Выплата № {1} в банк не отправлялась.",
		"day.running": "День ещё не кончился.", "day.noreport": "Отчёта банка за этот день нет.", "day.partreport": "Отчёт этого дня загружен до конца дня, в нём не всё. Загрузите отчёт за весь день.", "day.moved": "Пока страница была открыта, день изменился. Посмотрите ещё раз.", "day.sums": "Строки не складываются в итог: закрыть нельзя.",
		"day.open": "Открытых строк: {1}. Закрыть день пока нельзя.",
	}, map[string]string{
		"report.none": "Choose the report’s file.", "report.large": "The file is larger than 32 MiB.", "report.project": "The file’s name says another project: {1}. This program works with the project {2}.", "report.twice": "This file was uploaded before: report No {1}, {2}.",
		"report.day": "There is no such date. Dates are written like this: 20.11.2026.", "report.otherday": "The file’s name says another day: {1}.", "report.whichday": "The file is empty and its name has no dates. Say which day it is for.",
		"report.days": "The file has rows from {1} to {2}. Name the file by its days, as the bank does, or give one day.", "report.future": "This day has not come yet.",
		"match.none": "There is nothing to match here.", "match.number": "There is no payout No {1}.", "match.unsent": "Payout No {1} was never sent to the bank.",
		"day.running": "The day is not over.", "day.noreport": "There is no report of the bank for this day.", "day.partreport": "The report of this day was uploaded before the day was over and tells of a part. Upload the report of the whole day.", "day.moved": "The day changed while the page was open. Look again.", "day.sums": "The lines do not add up to the total: it cannot be closed.",
		"day.open": "Open lines: {1}. The day cannot be closed yet.",
	})
	maps.Copy(russianProposals.Kinds, map[string]string{"match": "Сопоставление с отчётом банка"})
	maps.Copy(englishProposals.Kinds, map[string]string{"match": "Match with the bank’s report"})
	maps.Copy(russianProposals.KindsLow, map[string]string{"match": "сопоставление с отчётом банка"})
	maps.Copy(englishProposals.KindsLow, map[string]string{"match": "a match with the bank’s report"})
	maps.Copy(russianRules.Deciders, map[string]string{"match": "согласующий"})
	maps.Copy(englishRules.Deciders, map[string]string{"match": "an approver"})
	maps.Copy(Russian.Kinds, map[string]string{"report": "Отчёт банка", "day": "Сверка за день", "match": "Сопоставление с отчётом банка"})
	maps.Copy(English.Kinds, map[string]string{"report": "Bank report", "day": "Reconciled day", "match": "Match with the bank’s report"})
	maps.Copy(Russian.Log, map[string]string{"report.taken": "Загружен отчёт банка", "day.closed": "Закрыта сверка за день"})
	maps.Copy(English.Log, map[string]string{"report.taken": "Report of the bank uploaded", "day.closed": "Reconciliation of a day closed"})
}
