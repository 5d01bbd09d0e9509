package lang

import "time"

// HealthTexts are the words of the desk's state: the page, the command `doctor`, and what a stop names.
type HealthTexts struct {
	Title, Lead, Tab, Check, State, Says, Caption string
	Broken                                        string // what a stop stopped for
	Looked                                        string // {1} when, {2} payouts
	LookedNever                                   string
	States                                        map[string]string
	Names                                         map[string]string // of checks
	Lines                                         map[string]string // {1} a number, {2} a duration, {3} a text, {4} bytes
	Invariants                                    map[string]string
}

var russianHealth = HealthTexts{
	Title: "Состояние сервиса", Tab: "Состояние", Check: "Проверка", State: "Итог", Says: "Что известно", Caption: "Проверки сервиса",
	Lead:   "Показано то, что верно сейчас. Записи сверяются с журналом каждую минуту, а целиком каждую ночь в 3:00.",
	Broken: "Не сошлось", Looked: "{1}, выплат сверено: {2}", LookedNever: "ещё не было",
	States: map[string]string{"ok": "в порядке", "warn": "внимание", "broken": "нарушено"},
	Names: map[string]string{
		"disk": "Место на диске", "wal": "Журнал базы", "messages": "Сообщения банка", "requests": "Запросы без ответа", "questions": "Вопросы банку", "unknown": "Неизвестный результат",
		"answer": "Последний ответ о выплате", "message": "Последнее сообщение банка", "clock": "Часы", "log": "Журнал действий", "anchor": "Метка журнала", "look": "Ежеминутная сверка", "whole": "Полная сверка",
		"sending": "Отправка", "connection": "Связь с банком", "identity": "Ключи и адрес", "balance": "Остаток в банке", "key": "Ключ", "certificate": "Сертификат", "database": "База", "others": "Чужая запись", "backups": "Копии базы",
	},
	Lines: map[string]string{
		"disk.ok": "Свободно {4}.", "disk.low": "Свободно {4}: новые выплаты не принимаются.", "disk.full": "Свободно {4}: принимаются только сообщения банка.", "disk.none": "Сколько места, узнать не удалось.",
		"wal.ok": "{4}.", "wal.big": "{4}: перенос в базу отстаёт.",
		"messages.ok": "Все применены.", "messages.some": "Ждут применения: {1}, дольше всех {2}.",
		"requests.ok": "Таких нет.", "requests.some": "Ждут ответа: {1}, дольше всех {2}.",
		"questions.ok": "Все заданы вовремя.", "questions.late": "Не заданы вовремя: {1}, дольше всех {2}.",
		"unknown.ok": "Таких выплат нет.", "unknown.some": "Выплат: {1}, дольше всех {2}.",
		"answer.ok": "{2} назад.", "answer.none": "Банк ещё не отвечал.", "answer.old": "{2} назад, а открытые выплаты есть.", "message.ok": "{2} назад.", "message.none": "Сообщений ещё не было.",
		"clock.ok": "Расходятся с часами банка на {2}.", "clock.off": "Расходятся с часами банка на {2}: подписи и сроки под угрозой.", "clock.none": "Банк не назвал время.", "clock.down": "Банк не ответил: {3}.", "clock.ok.seen": "По ответу банка {3} расходятся с его часами на {2}.", "clock.off.seen": "По ответу банка {3} расходятся с его часами на {2}: подписи и сроки под угрозой.", "clock.unseen": "Не сверялись: после запуска банк ещё не отвечал.",
		"key.noend":  "Срок в файлах ключей не указан: ключи запросов и ключи банка меняются по договорённости.",
		"clock.skip": "Не сверялись: банк не спрашивали.",
		"log.ok":     "Событий: {1}.", "anchor.ok": "Совпадает с журналом или старше его, {2} назад.", "anchor.old": "Записана {2} назад: запись не удаётся.", "anchor.none": "Не проверялась: файл не указан.", "anchor.missing": "Файла нет.",
		"anchor.older": "База старше своей метки: это копия.", "anchor.differs": "База не продолжает свою метку.", "anchor.bad": "Метку не удалось прочитать.",
		"look.ok": "{2} назад, сверено выплат: {1}.", "look.none": "Ещё не было.", "look.late": "Последняя {2} назад.", "whole.ok": "{2} назад, нарушений нет.", "whole.none": "Ещё не было: она идёт ночью в 3:00.", "whole.now": "Нарушений нет, сверено выплат: {1}.",
		"found": "{3}", "found.excepted": "{3} (двое возобновили отправку, зная об этом).", "sending.ok": "Идёт.", "sending.stopped": "Остановлена: {3}.", "sending.quarantine": "Остановлена: это копия базы ({3}).", "connection.ok": "Есть.", "connection.down": "Нет уже {2}.",
		"identity.ok": "Те же, что приняты.", "identity.changed": "Не те, что приняты: {3}.", "balance.ok": "Известен, {2} назад.", "balance.off": "Не спрашивается.", "balance.unknown": "Не известен.",
		"key.ok": "{3}.", "key.open": "{3}: файл доступен другим.", "key.short": "{3}: короче 3072 бит.", "key.bad": "{3}: не читается.", "certificate.ok": "Действует ещё {2}.", "certificate.soon": "Действует ещё только {2}.", "certificate.over": "Истёк {2} назад.",
		"database.ok": "{4}, читается.", "database.bad": "Запись не удаётся: {3}.", "others.some": "В базу писали мимо сервиса.", "others.ok": "Не замечена.",
		"backups.ok": "Последняя проверена {2} назад.", "backups.none": "Проверенной копии ещё нет.", "backups.late": "Проверенной копии нет уже {2}, хотя они делаются по расписанию.", "backups.bad": "Не удалось сделать {2} назад: {3}.",
	},
	Invariants: map[string]string{
		"I1": "на каждую отправку записан один запрос", "I2": "согласований хватало", "I3": "пределы посчитаны верно", "I4": "никто не согласовал своё", "I5": "о каждой открытой выплате банк спрашивают",
		"I6": "сообщения банка применяются сразу", "I7": "в журнале нет пропусков", "I8": "записи сходятся с журналом", "I9": "у сессии банка одна выплата", "I10": "у неизвестного есть возраст и владелец", "history": "журнал цел",
	},
}

var englishHealth = HealthTexts{
	Title: "State of the desk", Tab: "State", Check: "Check", State: "Result", Says: "What is known", Caption: "Checks of the desk",
	Lead:   "What is so now. Rows are compared with the log each minute, and whole each night at 3:00 Moscow time.",
	Broken: "Does not hold", Looked: "{1}, payouts compared: {2}", LookedNever: "not yet",
	States: map[string]string{"ok": "ok", "warn": "warning", "broken": "broken"},
	Names: map[string]string{
		"disk": "Disk space", "wal": "Database journal", "messages": "Bank messages", "requests": "Unanswered requests", "questions": "Questions to the bank", "unknown": "Outcome unknown",
		"answer": "Last answer about a payout", "message": "Last message of the bank", "clock": "Clock", "log": "Audit log", "anchor": "Mark of the log", "look": "Check each minute", "whole": "Whole check",
		"sending": "Sending", "connection": "Connection to the bank", "identity": "Keys and address", "balance": "Balance at the bank", "key": "Key", "certificate": "Certificate", "database": "Database", "others": "Writes of others", "backups": "Copies of the database",
	},
	Lines: map[string]string{
		"disk.ok": "{4} free.", "disk.low": "{4} free: new payouts are refused.", "disk.full": "{4} free: only the bank’s messages are taken.", "disk.none": "How much is free is not known.",
		"wal.ok": "{4}.", "wal.big": "{4}: it is not carried over into the database.",
		"messages.ok": "All applied.", "messages.some": "Waiting to be applied: {1}, the oldest for {2}.",
		"requests.ok": "None.", "requests.some": "Waiting for an answer: {1}, the oldest for {2}.",
		"questions.ok": "All asked in time.", "questions.late": "Not asked in time: {1}, the oldest by {2}.",
		"unknown.ok": "No such payouts.", "unknown.some": "Payouts: {1}, the oldest for {2}.",
		"answer.ok": "{2} ago.", "answer.none": "The bank has not answered yet.", "answer.old": "{2} ago, while payouts are open.", "message.ok": "{2} ago.", "message.none": "No message yet.",
		"clock.ok": "{2} apart from the bank’s.", "clock.off": "{2} apart from the bank’s: signatures and deadlines are at risk.", "clock.none": "The bank named no time.", "clock.down": "The bank did not answer: {3}.", "clock.ok.seen": "By the bank’s answer of {3}, {2} apart from its clock.", "clock.off.seen": "By the bank’s answer of {3}, {2} apart from its clock: signatures and deadlines are at risk.", "clock.unseen": "Not compared: the bank has not answered since the start.",
		"key.noend":  "The key files name no end: keys of requests and the bank’s keys are changed by agreement.",
		"clock.skip": "Not compared: the bank was not asked.",
		"log.ok":     "Events: {1}.", "anchor.ok": "It matches the log, or the log continues it; {2} old.", "anchor.old": "Written {2} ago: writing it fails.", "anchor.none": "Not checked: no file was given.", "anchor.missing": "There is no such file.",
		"anchor.older": "The database is older than its mark: a copy.", "anchor.differs": "The database does not continue its mark.", "anchor.bad": "The mark cannot be read.",
		"look.ok": "{2} ago, payouts compared: {1}.", "look.none": "Not yet.", "look.late": "The last one was {2} ago.", "whole.ok": "{2} ago, all holds.", "whole.none": "Not yet: it runs at 3:00 at night.", "whole.now": "All holds, payouts compared: {1}.",
		"found": "{3}", "found.excepted": "{3} (two people let sending go on in spite of it).", "sending.ok": "It goes on.", "sending.stopped": "Stopped: {3}.", "sending.quarantine": "Stopped: the database is a copy ({3}).", "connection.ok": "There is one.", "connection.down": "None for {2}.",
		"identity.ok": "As accepted.", "identity.changed": "Not as accepted: {3}.", "balance.ok": "Known, {2} old.", "balance.off": "Not asked for.", "balance.unknown": "Not known.",
		"key.ok": "{3}.", "key.open": "{3}: others can read the file.", "key.short": "{3}: shorter than 3072 bits.", "key.bad": "{3}: cannot be read.", "certificate.ok": "Valid for {2} more.", "certificate.soon": "Valid for {2} only.", "certificate.over": "It ended {2} ago.",
		"database.ok": "{4}, readable.", "database.bad": "Writing fails: {3}.", "others.some": "Somebody wrote to the database past the desk.", "others.ok": "None noticed.",
		"backups.ok": "The last one was verified {2} ago.", "backups.none": "No verified copy yet.", "backups.late": "No verified copy for {2} by now, although they are made on a schedule.", "backups.bad": "Could not be made {2} ago: {3}.",
	},
	Invariants: map[string]string{
		"I1": "one recorded request for each sending", "I2": "there were enough approvals", "I3": "limits are counted right", "I4": "nobody approved their own", "I5": "the bank is asked about every open payout",
		"I6": "the bank’s messages are applied at once", "I7": "the log has no gaps", "I8": "rows agree with the log", "I9": "a bank session belongs to one payout", "I10": "what is unknown has an age and an owner", "history": "the log is whole",
	},
}

// Health returns the words of the desk's state.
func (t *Texts) Health() *HealthTexts { return pick(t, &russianHealth, &englishHealth) }

// HealthLine is what one check says.
func (t *Texts) HealthLine(code string, n int64, age time.Duration, text string, bytes int64) string {
	s, ok := t.Health().Lines[code]
	if !ok {
		return code
	}
	return Fill(s, Int(t.tag, n), Duration(t.tag, age), text, Bytes(t.tag, bytes))
}

// Bytes is a size in whole units.
func Bytes(t Tag, n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	if t == RU {
		units = []string{"Б", "КиБ", "МиБ", "ГиБ", "ТиБ"}
	}
	i := 0
	for ; n >= 10*1024 && i < len(units)-1; i++ {
		n /= 1024
	}
	return Int(t, n) + "\u00a0" + units[i]
}

func init() {
	addRoom("health", &russianHealth, &englishHealth)
	addFaults(map[string]string{"store.low": "На диске осталось мало места: новые выплаты не принимаются. Ничего не записано."},
		map[string]string{"store.low": "Little disk space is left: new payouts are refused. Nothing was stored."})
}
