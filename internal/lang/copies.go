package lang

// CopiesTexts are the words about restored copies, other copies that may run, and a start under another identity.
type CopiesTexts struct {
	Why            map[string]string // why nothing is sent from this database
	Marked         string            // what became of payouts
	Running        string            // the desk ran when it was found
	Copy, Identity string
	Confirm        string // beside the code of whoever lets it go on
	CopyOf, Anchor string // labels
	Lost           string
	Entries        string // «{1}, последняя {2}»
	EntriesN       Forms
	NoAnchor       string
	Names          map[string]string // what can differ at a start
	WasIs          string            // {1} before, {2} now
	MayBePaid      string            // {1} and {2} the time that is lost, {3} the days without a report
	LostDay        string            // of a lost day whose report is empty
	MayBePaidShort string
	Ended          string // what became of a payout that waited
	Backup         string // label
	BackupGood     string // {1} when
	BackupFailed   string // {1} when
	BackupNone     string
	BackupBar      string // {1} how long there has been no verified copy
}

var russianCopies = CopiesTexts{
	Why: map[string]string{
		"older":    "База старше своей отметки вне папки: это копия, которая не знает последних действий.",
		"differs":  "База не продолжает свою отметку вне папки: это другая база или её копия.",
		"missing":  "Отметки базы вне папки нет, хотя выплаты уже вводились: считаем, что это старая копия.",
		"restored": "База восстановлена из копии и не знает того, что было после неё.",
	},
	Marked:   "Что было согласовано в копии, могло уйти в банк после неё: результат этих выплат неизвестен. Черновики и выплаты на согласовании отменены: их могли успеть согласовать и оплатить. Заплатить снова можно только выплатой взамен.",
	Running:  "Отметка базы вне папки повреждена или сделана не этой программой. Выясните, почему. Если могла работать другая копия, не возобновляйте, а остановите её и запустите программу заново: согласованное тогда будет считаться возможно оплаченным.",
	Copy:     "Возможно, с этой базой работал другой сервер: отметка старше 15 минут или сделана на другой машине. Убедитесь, что вторая копия не запущена.",
	Identity: "Программа запущена не с теми настройками банка, что приняты раньше. Сообщения банка хранятся, но ничего не меняют, пока двое не примут новые настройки.",
	Confirm:  "Подтверждаю: другой копии не запущено, настройки банка наши.",
	CopyOf:   "В базе", Anchor: "Отметка", Lost: "Потеряно", Entries: "{1}, последняя {2}", EntriesN: Forms{"{1} запись", "{1} записи", "{1} записей"},
	NoAnchor: "нет",
	Names:    map[string]string{"bank_url": "Адрес банка", "project": "Проект", "flow": "Порядок запроса", "our_key": "Наш ключ", "bank_keys": "Ключи банка", "confirm": "Подтверждение"},
	WasIs:    "было {1}, стало {2}",

	MayBePaid:      "Может быть уже оплачена между {1} и {2}: база восстановлена из копии и этого времени не знает. Проверьте в банке или загрузите отчёты за дни: {3}. Пустой отчёт засчитывается, когда согласующий закроет его день.",
	LostDay:        "База восстановлена из копии и этого дня не знает. Отчёт за день пуст: он засчитывается, когда вы закроете день. Убедитесь, что банк тогда ничего не исполнил.",
	MayBePaidShort: "Может быть уже оплачена между {1} и {2}",
	Ended:          "База восстановлена из копии, в которой эта выплата ещё ждала. Её могли успеть согласовать и оплатить, поэтому заплатить снова можно только выплатой взамен.",
	Backup:         "Копия базы", BackupGood: "Последняя проверенная: {1}.", BackupFailed: "Не удалось сделать: {1}.", BackupNone: "Проверенных копий ещё нет.",
	BackupBar: "Копии базы не делаются: проверенной копии нет уже {1}.",
}

var englishCopies = CopiesTexts{
	Why: map[string]string{
		"older":    "The database is older than its mark outside the folder: it is a copy that does not know the latest actions.",
		"differs":  "The database does not continue its mark outside the folder: it is another database, or a copy of it.",
		"missing":  "The mark outside the folder is gone, although payouts were entered: it counts as an old copy.",
		"restored": "The database was restored from a copy and does not know what came after it.",
	},
	Marked:   "What was approved in the copy may have gone to the bank after it: the outcome of these payouts is unknown. Drafts and payouts that awaited approval are cancelled: they may have been approved and paid. They can be paid again only by a payout that replaces them.",
	Running:  "The mark of the database outside the folder is damaged, or was not made by this program. Find out why. If another copy may have run, do not let sending go on: stop that copy and start the program again. What is approved will then count as possibly paid.",
	Copy:     "Another server may have worked with this database: its mark is over 15 minutes old, or was made on another machine. Make sure that no second copy runs.",
	Identity: "The program was started with other settings of the bank than those accepted before. The bank’s messages are kept and change nothing until two people accept the new settings.",
	Confirm:  "I confirm: no other copy runs, and the settings of the bank are ours.",
	CopyOf:   "In the database", Anchor: "The mark", Lost: "Lost", Entries: "{1}, the last {2}", EntriesN: Forms{"{1} entry", "{1} entries", "{1} entries"},
	NoAnchor: "none",
	Names:    map[string]string{"bank_url": "The bank’s address", "project": "Project", "flow": "Way of asking", "our_key": "Our key", "bank_keys": "The bank’s keys", "confirm": "Confirmation"},
	WasIs:    "was {1}, is {2}",

	MayBePaid:      "It may already have been paid between {1} and {2}: the database was restored from a copy and does not know that time. Ask the bank, or upload the reports of these days: {3}. An empty report counts once an approver has closed its day.",
	LostDay:        "The database was restored from a copy and does not know this day. The day’s report is empty: it counts once you close the day. Make sure that the bank paid nothing then.",
	MayBePaidShort: "May already have been paid between {1} and {2}",
	Ended:          "The database was restored from a copy in which this payout was still waiting. It may have been approved and paid since, so it can be paid again only by a payout that replaces it.",
	Backup:         "Copy of the database", BackupGood: "The last verified one: {1}.", BackupFailed: "Could not be made: {1}.", BackupNone: "No verified copy yet.",
	BackupBar: "Copies of the database are not being made: no verified one for {1}.",
}

// Copies returns the words about copies of the database.
func (t *Texts) Copies() *CopiesTexts { return pick(t, &russianCopies, &englishCopies) }

func init() {
	addRoom("copies", &russianCopies, &englishCopies)
	addFaults(map[string]string{"halt.other_copy": "Отметка вне папки изменилась после запуска: другая копия этой базы работает. Остановите её и запустите программу заново."},
		map[string]string{"halt.other_copy": "The mark outside the folder has changed since the start: another copy of this database runs. Stop it and start the program again."})
	for _, l := range []struct {
		to      map[string]string
		key, is string
	}{
		{Russian.Halt.Reasons, "quarantine", "база данных оказалась копией"}, {English.Halt.Reasons, "quarantine", "the database turned out to be a copy"},
		{Russian.Halt.Reasons, "copy", "возможно, работала другая копия"}, {English.Halt.Reasons, "copy", "another copy may have run"},
		{Russian.Halt.Reasons, "identity", "другие настройки банка"}, {English.Halt.Reasons, "identity", "other settings of the bank"},
		{Russian.Log, "desk.restored", "База оказалась копией"}, {English.Log, "desk.restored", "The database turned out to be a copy"},
		{Russian.Log, "desk.released", "Отправка из копии разрешена"}, {English.Log, "desk.released", "Sending from the copy allowed"},
		{Russian.Log, "desk.identity", "Настройки банка приняты"}, {English.Log, "desk.identity", "Settings of the bank accepted"},
		{Russian.Log, "desk.identity_differs", "Запуск с другими настройками банка"}, {English.Log, "desk.identity_differs", "Started with other settings of the bank"},
		{Russian.Log, "payout.restored", "База оказалась копией"}, {English.Log, "payout.restored", "The database turned out to be a copy"},
		{russianReasons, "restored", "могла уйти после копии базы"}, {englishReasons, "restored", "may have left after the database was copied"},
	} {
		if _, there := l.to[l.key]; there {
			panic("lang: two texts for " + l.key)
		}
		l.to[l.key] = l.is
	}
}
