package lang

// MoreTexts are the words of lines that the handlers compose: files, stories, the audit log.
type MoreTexts struct {
	Returned, Created, Sent, Review string // columns of a file
	PaidSome                        string // «{1} из {2} на этот счёт»
	PaidOthers                      string // «Все на другие счета: {1}, последний {2}»
	Quote                           string // what a person wrote
	Ticked                          string // «Отмечено: {1}»
	Bytes                           string // «{1} байт»
	Answer                          string // the bank's answer, as a link
	Alarm                           string
	BytesSeen                       string // «Данные обмена с банком показаны: {1}»
	HaltPayout                      string // the payout that caused a stop
	Browser                         string // a browser that was not recognised
	IdleField, IdleHelp             string
	HTTPCode                        string
	OtherEvent, OtherKopecks        string
	Request                         string // our request, as a link
}

var russianMore = MoreTexts{
	Returned: "Вернулось, ₽", Created: "Создана", Sent: "Отправлена", Review: "Разбор",
	PaidSome: "{1} из {2} на этот счёт", PaidOthers: "Все на другие счета: {1}, последний {2}", Quote: "«{1}»", Ticked: "Отмечено: {1}", Bytes: "{1} байт", Answer: "Текст ответа",
	Alarm: "Предупреждение: {1}", BytesSeen: "Данные обмена с банком показаны: {1}",
	HaltPayout: "Из-за выплаты", Browser: "Браузер", IdleField: "Минут без мыши и клавиш", IdleHelp: "От 5 до 60, со следующего входа",
	HTTPCode: "ответ {1}",
	Request:  "Текст запроса", OtherEvent: "Запись журнала", OtherKopecks: "прочие",
}

var englishMore = MoreTexts{
	Returned: "Came back, ₽", Created: "Entered", Sent: "Sent", Review: "Review",
	PaidSome: "{1} of {2} to this account", PaidOthers: "All to other accounts: {1}, the latest {2}", Quote: "“{1}”", Ticked: "Ticked: {1}", Bytes: "{1} bytes", Answer: "Text of the answer",
	Alarm: "Warning: {1}", BytesSeen: "Data exchanged with the bank shown: {1}",
	HaltPayout: "Because of payout", Browser: "Browser", IdleField: "Minutes without mouse and keys", IdleHelp: "5 to 60, from the next sign-in",
	HTTPCode: "answer {1}",
	Request:  "Text of the request", OtherEvent: "Entry of the log", OtherKopecks: "others",
}

// More returns the words of composed lines.
func (t *Texts) More() *MoreTexts {
	if t.tag == RU {
		return &russianMore
	}
	return &englishMore
}
