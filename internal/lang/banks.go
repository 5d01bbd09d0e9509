package lang

// BankRoomTexts are the words of /settings/bank beyond the connection itself: the directory of banks, the bank calendar, further keys; and of the day on
// which a payout leaves.
type BankRoomTexts struct {
	Dir, DirNone, DirMadeUp, DirHelp, DirOld string // the directory; {1} of DirOld is its day
	DirDay, DirCount, DirBy, DirSHA          string // labels of what is loaded
	DirVersion                               string // «файл № {1} этого дня»
	DirBuiltIn                               string // who loaded the demonstration's own
	File, Upload, Replace                    string
	Closed                                   string // a bank that is closed, after its name
	NotFound                                 string // a BIK that the directory does not know

	Cal, CalNote, CalYears, CalNone string // CalYears: «введены: {1}»
	YearMissing                     string // «Переносы на {1} год не введены…»
	YearDays                        string // a year's line: «{1}: выходные {2}; рабочие {3}»
	NoDays                          string
	Year, Off, Work                 string
	HelpYear, HelpOff, HelpWork     string
	Reason, HelpReason              string
	Propose, Takes                  string

	Keys, KeyFile, KeyAdded     string // where a key comes from
	KeysNote                    string
	AddKey, HelpKey, ProposeKey string
	GoneKey                     string
	OpenProposal, OpenLink      string // «{1} предлагает изменение с {2}»
	Version                     string // «Действует версия {1}»
	OldOff, OldWork, OldKey     string // rows of old beside new: «{1}: стали выходными»
	Change, CompareKey          string // what a proposal is about; what to do before a new key is agreed to

	Due, HelpDue             string
	DueOn, DueToday, DueNot  string // live: leaves on {1}; on a day that is no bank day: executed on {2}
	DueYear                  string // «переносы {1} года не введены»
	LeavesOn, ForDay         string // lists: «уйдёт {1}», «на {1}»
	CoolUntil, RoomFrom      string // lists: «выдержка до {1}», «место в лимите с {1}»
	DateLong, CoolLong, Room string // the same as sentences
	ThenLeaves               string // what the last approval does: «{1} уйдёт в банк {2}»
	DueMove                  string
}

var russianBankRoom = BankRoomTexts{
	Dir: "Справочник банков", DirNone: "Справочник не загружен: названия банков не показываются, БИК не сверяются.",
	DirMadeUp: "Вымышленный справочник для показа: таких банков нет. Названия показываются, но БИК с ним не сверяются.",
	DirHelp:   "Справочник БИК Банка России (ED807): архив ZIP или XML из него, до 8 МБ. Новый файл заменяет прежний целиком.",
	DirOld:    "Справочник на {1}: прошло больше 30 дней, загрузите свежий.",
	DirDay:    "На дату", DirCount: "Банков", DirBy: "Загружен", DirSHA: "Код файла", DirVersion: "файл № {1} этого дня", DirBuiltIn: "программой, для показа",
	File: "Файл", Upload: "Загрузить справочник", Replace: "Заменить справочник",
	Closed: "банк закрыт", NotFound: "Такого БИК нет в справочнике банков",

	Cal: "Банковский календарь", CalNote: "Выходные и праздники статьи 112 Трудового кодекса известны. Переносы выходных правительство объявляет каждый год, их вводят здесь.",
	CalYears: "Переносы введены: {1}", CalNone: "Переносы не введены ни на один год.",
	YearMissing: "Переносы на {1} год не введены: банковские дни считаются только по выходным и праздникам.",
	YearDays:    "{1}: выходными стали {2}; рабочими стали {3}", NoDays: "никакие",
	Year: "Год", Off: "Будни, ставшие выходными", Work: "Выходные, ставшие рабочими",
	HelpYear: "Введённое заменит переносы этого года", HelpOff: "Даты через пробел: 09.01.2026 31.12.2026", HelpWork: "Даты через пробел; пусто, если таких нет",
	Reason: "Зачем", HelpReason: "Необязательно: номер постановления, письмо банка",
	Propose: "Предложить переносы", Takes: "Начнёт действовать, когда согласует другой администратор или старший согласующий.",

	Keys: "Ключи для проверки сообщений банка", KeyFile: "из файла при запуске", KeyAdded: "добавлен здесь",
	KeysNote: "Сообщение банка принимается, если его подписал один из этих ключей. Ключи из файла меняют только в файле.",
	AddKey:   "Ещё один открытый ключ банка", HelpKey: "Текст от -----BEGIN PUBLIC KEY----- до -----END PUBLIC KEY-----, RSA от 2048 бит. Отпечаток сверьте с банком по телефону.",
	ProposeKey: "Предложить ключ", GoneKey: "Предложить убрать",
	OpenProposal: "{1} предлагает изменение: {2}.", OpenLink: "Открыть предложение", Version: "Действует версия {1}",
	OldOff: "{1}: стали выходными", OldWork: "{1}: стали рабочими", OldKey: "Ключ банка {1}",
	Change: "Банковский календарь и ключи банка", CompareKey: "Новый ключ: до согласования сверьте отпечаток с банком по телефону. Кто владеет этим ключом, может подделать сообщения банка.",

	Due: "Дата отправки", HelpDue: "Пусто: уйдёт сразу после согласования. Не дальше 90 дней: 01.12.2026",
	DueOn: "Уйдёт в банк {1} в 00:00 по Москве", DueToday: "Сегодня: уйдёт сразу после согласования", DueNot: "{1}: не банковский день, банк исполнит {2}",
	DueYear: "переносы {1} года не введены", LeavesOn: "уйдёт {1}", ForDay: "на {1}", CoolUntil: "выдержка до {1}", RoomFrom: "лимит исчерпан до {1}",
	DateLong:   "Ждёт своей даты: уйдёт {1} в 00:00 по Москве, перед этим всё проверится снова.",
	CoolLong:   "После изменения счёта получателя идёт выдержка до {1}, потом всё проверится снова.",
	Room:       "Лимит исчерпан. Снова проверится {1} или раньше, если место освободится.",
	ThenLeaves: "После вашего согласования {1} уйдёт в банк {2} в 00:00 по Москве.",
	DueMove:    "Все согласования есть, уйдёт {1}.",
}

var englishBankRoom = BankRoomTexts{
	Dir: "Directory of banks", DirNone: "No directory is loaded: banks have no names here, and BIKs are not compared.",
	DirMadeUp: "A made-up directory for show: there are no such banks. Names are shown, but BIKs are not compared with it.",
	DirHelp:   "The Bank of Russia’s directory of BIKs (ED807): the ZIP archive or the XML in it, up to 8 MB. A new file replaces the old one whole.",
	DirOld:    "The directory is for {1}: more than 30 days ago, load a fresh one.",
	DirDay:    "For", DirCount: "Banks", DirBy: "Loaded", DirSHA: "File code", DirVersion: "file No {1} of that day", DirBuiltIn: "by the program, for show",
	File: "File", Upload: "Load the directory", Replace: "Replace the directory",
	Closed: "bank closed", NotFound: "This BIK is not in the directory of banks",

	Cal: "Bank calendar", CalNote: "Weekends and the holidays of the Labour Code, article 112, are known. Each year the government moves some days off: these are entered here.",
	CalYears: "Moved days entered: {1}", CalNone: "Moved days were not entered for any year.",
	YearMissing: "Moved days of {1} are not entered: banking days are counted by weekends and holidays alone.",
	YearDays:    "{1}: days off {2}; working days {3}", NoDays: "none",
	Year: "Year", Off: "Weekdays that became days off", Work: "Weekend days that are worked",
	HelpYear: "What you enter replaces the moved days of this year", HelpOff: "Dates with spaces between: 09.01.2026 31.12.2026", HelpWork: "Dates with spaces between; empty if there are none",
	Reason: "Why", HelpReason: "Optional: number of the decree, the bank’s letter",
	Propose: "Propose moved days", Takes: "Takes effect when another administrator or a senior approver agrees.",

	Keys: "Keys that the bank’s messages are checked with", KeyFile: "from the file at start", KeyAdded: "added here",
	KeysNote: "A message of the bank is taken when one of these keys signed it. Keys of the file are changed in the file only.",
	AddKey:   "One more public key of the bank", HelpKey: "The text from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----, RSA of 2048 bits or more. Compare its fingerprint with the bank by phone.",
	ProposeKey: "Propose the key", GoneKey: "Propose to remove",
	OpenProposal: "{1} proposes a change: {2}.", OpenLink: "Open the proposal", Version: "Version {1} is in force",
	OldOff: "{1}: became days off", OldWork: "{1}: are worked", OldKey: "The bank’s key {1}",
	Change: "Bank calendar and the bank’s keys", CompareKey: "A new key: before you agree, compare its fingerprint with the bank by phone. Whoever holds this key can forge the bank’s messages.",

	Due: "Sending date", HelpDue: "Empty: leaves once it is approved. Up to 90 days ahead: 01.12.2026",
	DueOn: "Leaves for the bank on {1} at 00:00 Moscow time", DueToday: "Today: leaves once it is approved", DueNot: "{1}: not a bank day; the bank executes it on {2}",
	DueYear: "moved days of {1} are not entered", LeavesOn: "leaves on {1}", ForDay: "for {1}", CoolUntil: "waiting period until {1}", RoomFrom: "limit full until {1}",
	DateLong:   "Waits for its date: leaves on {1} at 00:00 Moscow time; before that everything is checked again.",
	CoolLong:   "After a change of the payee’s account a waiting period runs until {1}; then everything is checked again.",
	Room:       "The limit is full. It is checked again on {1}, or earlier if room comes free.",
	ThenLeaves: "After your approval {1} leaves for the bank on {2} at 00:00 Moscow time.",
	DueMove:    "All approvals are given, it leaves on {1}.",
}

// BankRoom returns the words of the directory of banks, the bank calendar, further keys and due days.
func (t *Texts) BankRoom() *BankRoomTexts { return pick(t, &russianBankRoom, &englishBankRoom) }

func init() {
	addRoom("banks", &russianBankRoom, &englishBankRoom)
	addFaults(map[string]string{
		"bankdir.none":   "Выберите файл справочника.",
		"bankdir.loaded": "Справочник уже загружен.",
		"bikdir.size":    "Файл слишком большой: справочник БИК занимает около 100 КБ, принимается до 8 МБ и до 50 000 банков.",
		"bikdir.zip":     "Архив повреждён, или в нём не один файл XML. Скачайте справочник с сайта Банка России заново.",
		"bikdir.xml":     "Файл не читается как XML в кодировке windows-1251, строка {1}. Скачайте справочник с сайта Банка России заново.",
		"bikdir.root":    "Это не справочник БИК (ED807): не найдено {1}.",
		"bikdir.part":    "Это только изменения или часть справочника. Нужен полный справочник.",
		"bikdir.empty":   "В справочнике нет ни одного банка.",
		"bikdir.bik":     "Строка {1}: БИК «{2}» не из девяти цифр. Справочник не загружен.",
		"bikdir.name":    "Строка {1}: у БИК {2} нет названия, или его нельзя показать. Справочник не загружен.",
		"bikdir.account": "Строка {1}: у БИК {2} корреспондентский счёт не из двадцати цифр. Справочник не загружен.",
		"bikdir.twice":   "БИК {1} встречается дважды. Справочник не загружен.",

		"calendar.day":         "«{1}»: такой даты нет. Даты пишутся так: 31.12.2026.",
		"calendar.range":       "Год от 2013 до 2099.",
		"calendar.many":        "Больше ста дней в одном году не переносят.",
		"calendar.year":        "{1}: другой год.",
		"calendar.order":       "{1}: даты не по порядку.",
		"calendar.twice":       "{1}: дважды.",
		"calendar.both":        "{1}: и выходной, и рабочий сразу.",
		"calendar.off_already": "{1}: это и так выходной или праздник.",
		"calendar.works":       "{1}: это и так рабочий день.",
		"calendar.holiday":     "{1}: праздник не бывает рабочим, переносят только выходные.",

		"keys.pem":     "Это не открытый ключ. Нужен текст от -----BEGIN PUBLIC KEY----- до -----END PUBLIC KEY-----.",
		"keys.private": "Это закрытый ключ. Закрытым ключам здесь не место: если он банка или ваш, считайте его раскрытым.",
		"keys.kind":    "Банк подписывает ключами RSA, это другой ключ.",
		"keys.bits":    "Ключ RSA из {1} бит: принимаются от 2048 до 8192.",
		"keys.twice":   "Один ключ введён дважды.",
		"keys.own":     "Это ваш собственный ключ, а не ключ банка.",
		"keys.there":   "Ключ {1}… уже принимается.",
		"keys.many":    "Кроме ключей из файла принимается не больше {1}. Уберите лишние.",
		"keys.file":    "Ключ из файла здесь не убрать: его убирает из файла тот, кто запускает программу.",
		"keys.gone":    "Такого ключа среди добавленных уже нет.",
		"keys.same":    "Так уже и есть: менять нечего.",
		"due.day":      "Такой даты нет. Дата пишется так: 01.12.2026.",
		"due.past":     "Эта дата уже прошла.",
		"due.far":      "Дата отправки не дальше {1} дней вперёд.",
	}, map[string]string{
		"bankdir.none":   "Choose the directory’s file.",
		"bankdir.loaded": "A directory is loaded already.",
		"bikdir.size":    "The file is too large: the directory of BIKs takes about 100 KB; up to 8 MB and 50,000 banks are taken.",
		"bikdir.zip":     "The archive is broken, or it does not hold exactly one XML file. Download the directory from the Bank of Russia’s site again.",
		"bikdir.xml":     "The file cannot be read as XML in windows-1251, line {1}. Download the directory from the Bank of Russia’s site again.",
		"bikdir.root":    "This is not the directory of BIKs (ED807): {1} was not found.",
		"bikdir.part":    "These are only changes or a part of the directory. The whole directory is needed.",
		"bikdir.empty":   "There is no bank in the directory.",
		"bikdir.bik":     "Line {1}: BIK “{2}” is not nine digits. The directory was not loaded.",
		"bikdir.name":    "Line {1}: BIK {2} has no name, or one that cannot be shown. The directory was not loaded.",
		"bikdir.account": "Line {1}: the correspondent account of BIK {2} is not twenty digits. The directory was not loaded.",
		"bikdir.twice":   "BIK {1} is there twice. The directory was not loaded.",

		"calendar.day":         "“{1}”: there is no such date. Dates are written like this: 31.12.2026.",
		"calendar.range":       "A year from 2013 to 2099.",
		"calendar.many":        "No more than a hundred days are moved in one year.",
		"calendar.year":        "{1}: of another year.",
		"calendar.order":       "{1}: the dates are out of order.",
		"calendar.twice":       "{1}: twice.",
		"calendar.both":        "{1}: a day off and a working day at once.",
		"calendar.off_already": "{1}: it is a weekend or a holiday anyway.",
		"calendar.works":       "{1}: it is a working day anyway.",
		"calendar.holiday":     "{1}: a holiday is never worked, only days off are moved.",

		"keys.pem":     "This is not a public key. The text from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY----- is needed.",
		"keys.private": "This is a private key. It has no place here: whether it is the bank’s or yours, take it for disclosed.",
		"keys.kind":    "The bank signs with RSA keys; this is another kind.",
		"keys.bits":    "An RSA key of {1} bits: 2048 to 8192 are taken.",
		"keys.twice":   "One key is entered twice.",
		"keys.own":     "This is your own key, not the bank’s.",
		"keys.there":   "Key {1}… is accepted already.",
		"keys.many":    "Besides the keys of the file no more than {1} are accepted. Remove some.",
		"keys.file":    "A key of the file cannot be removed here: whoever starts the program removes it from the file.",
		"keys.gone":    "There is no such key among those added any more.",
		"keys.same":    "It is so already: nothing would change.",
		"due.day":      "There is no such date. Dates are written like this: 01.12.2026.",
		"due.past":     "This date is over.",
		"due.far":      "A sending date is no more than {1} days ahead.",
	})
	for _, l := range []struct {
		to      map[string]string
		key, is string
	}{
		{Russian.Acks, "bik_unknown", "БИК нет в справочнике банков"},
		{English.Acks, "bik_unknown", "The BIK is not in the directory of banks"},
		{Russian.AckLong, "bik_unknown", "Такого банка нет в загруженном справочнике, или он закрыт: деньги могут вернуться. Сверьте БИК с документом получателя."},
		{English.AckLong, "bik_unknown", "The loaded directory has no such bank, or it is closed: the money may come back. Compare the BIK with the payee’s papers."},
		{Russian.Log, "bankdir.replaced", "Загружен справочник банков"},
		{English.Log, "bankdir.replaced", "Directory of banks loaded"},
		{Russian.Held, "payee", "получатель изменился"},
		{English.Held, "payee", "the payee has changed"},
		{Russian.HeldLong, "payee", "Получатель изменился после согласования. Отмените выплату и введите новую."},
		{English.HeldLong, "payee", "The payee has changed since the approval. Cancel the payout and enter a new one."},
		{Russian.Fields, "due_date", "Дата отправки"},
		{English.Fields, "due_date", "Sending date"},
	} {
		if _, there := l.to[l.key]; there {
			panic("lang: two texts for " + l.key)
		}
		l.to[l.key] = l.is
	}
}
