package lang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"countersign/internal/fault"
	"countersign/internal/money"
)

// Fault says in words what a fault means; for a code that is not in the catalogue it says so and names it, so
// that a person can quote it. A placeholder {1} takes the first argument as it is; {1:state} takes it as a
// code with a label (state, role, kind of account, warning), {1:money} as an amount. At a sentence's end {1:who} and the like say who can act.
func (t *Texts) Fault(f *fault.Error) string {
	what, who := t.Refusal(f)
	return strings.TrimSpace(what + " " + who)
}

// Refusal is Fault in two: which rule refuses, and who can act instead ("" where the sentence does not end with that).
func (t *Texts) Refusal(f *fault.Error) (what, who string) {
	if f == nil {
		return "", ""
	}
	if make, ok := sentences[f.Code]; ok {
		if s := make(t, f.Args); s != "" {
			return s, ""
		}
	}
	s, ok := t.faults[f.Code]
	if !ok {
		return Fill(t.unknownFault(), f.Code), ""
	}
	for kind, words := range t.whos() {
		rule, found := strings.CutSuffix(s, ":"+kind+"}")
		if !found {
			continue
		}
		i := strings.LastIndexByte(rule, '{')
		n, err := strconv.Atoi(rule[i+1:])
		if s = strings.TrimSpace(rule[:max(i, 0)]); err == nil && n <= len(f.Args) {
			who = t.who(words, f.Args[n-1])
		}
		break
	}
	if !strings.ContainsRune(s, '{') {
		return s, who
	}
	args := make([]any, len(f.Args))
	for i, a := range f.Args {
		args[i] = t.argument(s, i+1, a)
	}
	return Fill(plainPlaceholders(s), args...), who
}

// whoWords say who can act: some is for names, none for when there are none.
type whoWords struct{ some, none string }

// whos are the ends of sentences that say who can act, by the name after the placeholder's colon.
func (t *Texts) whos() map[string]whoWords {
	if t.tag == EN {
		return map[string]whoWords{
			"approvers": {"Who can approve: {1}.", "Nobody can approve it now; an administrator can add an approver or bring one back."},
			"who":       {"Who can: {1}.", "Nobody can now; an administrator can add people or bring somebody back."},
			"list":      {"Who can approve the whole list: {1}.", ""},
			"proposer":  {"Proposed by: {1}.", ""},
			"roles":     {"Who does this: {1}.", ""},
		}
	}
	return map[string]whoWords{
		"approvers": {"Согласовать может: {1}.", "Сейчас согласовать некому; администратор может добавить или вернуть согласующего."},
		"who":       {"Кто может: {1}.", "Сейчас некому; администратор может добавить или вернуть людей."},
		"list":      {"Весь список может согласовать: {1}.", ""},
		"proposer":  {"Автор предложения: {1}.", ""},
		"roles":     {"Кто это делает: {1}.", ""},
	}
}

// maxNamed bounds the names in one sentence; how many more there are it says.
const maxNamed = 8

// who fills names, or codes of roles, into one of whos.
func (t *Texts) who(w whoWords, arg any) string {
	names, ok := arg.([]string)
	if !ok {
		names = []string{fmt.Sprint(arg)}
	}
	if len(names) == 0 {
		return w.none
	}
	said := make([]string, 0, maxNamed)
	for _, n := range names[:min(len(names), maxNamed)] {
		said = append(said, Label(t.Roles, n))
	}
	list := strings.Join(said, ", ")
	if more := len(names) - len(said); more > 0 {
		also := "{1} и ещё {2}"
		if t.tag == EN {
			also = "{1} and {2} more"
		}
		list = Fill(also, list, more)
	}
	return Fill(w.some, list)
}

// CanDo says who can act, as the sentences of refusals do.
func (t *Texts) CanDo(names []string) string { return t.who(t.whos()["who"], names) }

// sentences make the sentence of a fault whose arguments need counted words; one that gives "" leaves it to the catalogue.
var sentences = map[string]func(t *Texts, args []any) string{}

// textArg and intArg read arguments that may be missing or of another type.
func textArg(args []any, i int) string {
	if i < len(args) {
		s, _ := args[i].(string)
		return s
	}
	return ""
}

func intArg(args []any, i int) int {
	if i < len(args) {
		n, _ := args[i].(int)
		return n
	}
	return 0
}

// FaultCodes lists every code that has a sentence.
func FaultCodes() []string {
	out := make([]string, 0, len(russianFaults))
	for c := range russianFaults {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

func (t *Texts) unknownFault() string {
	if t.tag == EN {
		return "This did not work. Code to quote: {1}."
	}
	return "Это не получилось. Код для обращения: {1}."
}

// argument turns one argument into words by the name after its placeholder's colon.
func (t *Texts) argument(s string, n int, a any) any {
	_, rest, ok := strings.Cut(s, fmt.Sprintf("{%d:", n))
	if !ok {
		if list, ok := a.([]string); ok {
			return strings.Join(list, ", ")
		}
		return a
	}
	kind, _, _ := strings.Cut(rest, "}")
	if amount, ok := a.(money.Amount); ok && kind == "money" {
		return MoneySign(t.tag, amount)
	}
	if n, ok := a.(int64); ok && kind == "kopecks" {
		return MoneySign(t.tag, money.Roubles(n))
	}
	code := fmt.Sprint(a)
	switch kind {
	case "state":
		return Label(t.States, code)
	case "role":
		return Label(t.Roles, code)
	case "kind":
		return Label(t.Accounts, code)
	case "ack":
		return Label(t.Acks, code)
	case "block":
		return t.BlockReason(code)
	}
	return a
}

// plainPlaceholders takes the names out of the placeholders: {1:state} becomes {1}.
func plainPlaceholders(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			b.WriteString(s)
			return b.String()
		}
		name, _, _ := strings.Cut(s[i+1:i+j], ":")
		b.WriteString(s[:i+1] + name + "}")
		s = s[i+j+1:]
	}
}

var russianFaults = map[string]string{
	// What is typed into the form of a payout (internal/money, internal/bankdetails, time.go).
	"amount.empty":           "Введите сумму.",
	"amount.not_positive":    "Сумма должна быть больше нуля.",
	"amount.sign":            "Введите сумму без знака: она всегда больше нуля.",
	"amount.decimals":        "В копейках две цифры, а введено {1}.",
	"amount.exponent":        "Запись с показателем степени не принимается: введите сумму цифрами целиком.",
	"amount.digits":          "«{1}»: не цифра от 0 до 9.",
	"amount.format":          "В сумме лишний знак «{1}». Например: 1 234,56.",
	"amount.grouping":        "Цифры сгруппированы не по три. Например: 1 234,56.",
	"amount.ambiguous":       "Сумму можно прочесть двояко: {1:money} или {2:money}. Выберите.",
	"amount.unclear":         "Если это тысячи, то сумма {1:money}; в копейках только две цифры. Выберите или исправьте.",
	"amount.too_long":        "Слишком длинно для суммы: больше {1} знаков.",
	"amount.overflow":        "Сумма слишком большая.",
	"amount.currency":        "Разные валюты в одном расчёте: {1} и {2}.",
	"amount.negative":        "Разность меньше нуля.",
	"bik.empty":              "Введите БИК.",
	"bik.digits":             "В БИК только цифры: на месте {2} стоит «{1}».",
	"bik.length":             "В БИК должно быть 9 цифр, введено {1}.",
	"account.empty":          "Введите счёт получателя.",
	"account.digits":         "В счёте только цифры: на месте {2} стоит «{1}».",
	"account.length":         "В счёте должно быть 20 цифр, введено {1}.",
	"account.prefix":         "На счета, которые начинаются с {1}, банк не платит: можно 40817, 40820, 42301–42307, 40802, 40702.",
	"account.currency":       "Счёт не рублёвый: цифры 6–8 должны быть 810, а стоит {1}.",
	"inn.empty":              "Для этого счёта нужен ИНН: {1:kind}.",
	"inn.digits":             "В ИНН только цифры: на месте {2} стоит «{1}».",
	"inn.length":             "В ИНН 10 или 12 цифр, введено {1}.",
	"inn.check":              "Контрольные цифры ИНН не сходятся: проверьте, нет ли опечатки.",
	"kpp.empty":              "Для этого счёта нужен КПП: {1:kind}.",
	"kpp.length":             "В КПП должно быть 9 знаков, введено {1}.",
	"kpp.chars":              "Знак «{1}» на месте {2} в КПП невозможен: это 9 цифр, на местах 5 и 6 могут быть заглавные латинские буквы.",
	"full_name.empty":        "Введите ФИО или наименование.",
	"full_name.letters":      "В наименовании нет ни одной буквы.",
	"description.empty":      "Введите назначение платежа.",
	"description.banned":     "Банк не принимает «?» и «!» в назначении: «{1}» на месте {2}.",
	"full_name.too_long":     "Не больше {2} знаков, введено {1}.",
	"description.too_long":   "Не больше {2} знаков, введено {1}.",
	"own_ref.too_long":       "Не больше {2} знаков, введено {1}.",
	"note.too_long":          "Не больше {2} знаков, введено {1}.",
	"full_name.encoding":     "Часть текста потеряна при копировании (знак �): введите заново.",
	"description.encoding":   "Часть текста потеряна при копировании (знак �): введите заново.",
	"own_ref.encoding":       "Часть текста потеряна при копировании (знак �): введите заново.",
	"note.encoding":          "Часть текста потеряна при копировании (знак �): введите заново.",
	"full_name.line_break":   "Перенос строки на месте {1}: пишите в одну строку.",
	"description.line_break": "Перенос строки на месте {1}: пишите в одну строку.",
	"own_ref.line_break":     "Перенос строки на месте {1}: пишите в одну строку.",
	"note.line_break":        "Перенос строки на месте {1}: пишите в одну строку.",
	"full_name.chars":        "Невидимый или служебный знак {1} на месте {2}: удалите его.",
	"description.chars":      "Невидимый или служебный знак {1} на месте {2}: удалите его.",
	"own_ref.chars":          "Невидимый или служебный знак {1} на месте {2}: удалите его.",
	"note.chars":             "Невидимый или служебный знак {1} на месте {2}: удалите его.",
	"typed.too_long":         "Больше {1} знаков сохранить нельзя.",
	"day.empty":              "Введите дату.",
	"day.format":             "Дата пишется так: 01.11.2026.",
	"day.missing":            "Такого дня нет в календаре.",
	"day.range":              "Год должен быть от 2000 до 2099.",
	// Deciding on a payout.
	"approve.own":    "Вы вводили или меняли выплату № {1}, поэтому решает о ней кто-то другой. {2:approvers}",
	"approve.moved":  "Выплата № {1} изменилась, пока страница была открыта. Посмотрите, что изменилось, и решите снова.",
	"approve.state":  "Выплата № {1} уже не ждёт согласования: {2:state}.",
	"approve.role":   "Согласовывать могут только согласующие. {1:approvers}",
	"approve.seat":   "Ваше согласование здесь уже ничего не добавит. {1:approvers}",
	"approve.digest": "Не видно, какую версию вы согласуете. Откройте страницу заново.",
	"approve.none":   "На выплате № {1} нет вашего согласования.",
	// Payouts.
	"payout.none":           "Такой выплаты нет.",
	"payout.moved":          "Выплата № {1} изменилась, пока страница была открыта.",
	"payout.state":          "С выплатой № {1} этого сделать уже нельзя: {2:state}.",
	"payout.asked":          "Запрос по выплате № {1} уже уходил в банк, поэтому её нельзя ни изменить, ни закончить.",
	"payout.open_like":      "На этот счёт и эту сумму уже есть выплата № {1}, и её результат ещё не ясен. Отправить вторую нельзя, пока не решится первая.",
	"payout.nobody":         "Согласовать это некому: на {1:money} нужно согласований: {2}, не хватает людей: {3}, из них старших: {4}. Выплата сохранена черновиком.",
	"payout.ack":            "Проверьте и отметьте: {1:ack}.",
	"payout.form":           "Страница устарела. Откройте форму заново.",
	"replace.sum":           "Сумма замены не может быть больше того, что не было выплачено или вернулось по выплате № {1}.",
	"replace.alive":         "Взамен № {1} уже есть выплата № {2}.",
	"replace.not_confirmed": "Ещё не подтверждено, что выплата № {1} не исполнена. До этого замену сделать нельзя.",
	"reason.needed":         "Напишите причину.",
	"reason.long":           "Причина длиннее {1} знаков.",
	"list.after":            "Ссылка на продолжение списка испорчена. Начните с первой страницы.",
	// Rights, signing in, passwords.
	"denied.role":       "Ваша роль этого не позволяет. {1:roles}",
	"denied.origin":     "Запрос пришёл с другой страницы. Повторите отсюда.",
	"denied.suspended":  "Ваш доступ приостановлен. Вернуть его предлагает администратор, решает второй человек.",
	"signin.wrong":      "Почта или пароль не подходят.",
	"signin.slow":       "Слишком много попыток. Подождите {1} с.",
	"signin.busy":       "Сейчас входят многие. Повторите через {1} с.",
	"signin.needed":     "Войдите, чтобы продолжить.",
	"password.short":    "Пароль короче 15 знаков. Возьмите несколько слов.",
	"password.long":     "Пароль слишком длинный.",
	"password.common":   "Этот пароль слишком известен. Возьмите несколько своих слов.",
	"password.personal": "В пароле ваше имя или почта. Возьмите другие слова.",
	"password.text":     "В пароле знаки, которые нельзя набрать.",
	"password.same":     "Новый пароль должен отличаться от нынешнего.",
	"password.differ":   "Пароли не одинаковы.",
	"password.wrong":    "Нынешний пароль не подходит.",
	"account.idle":      "Можно от 5 до 60 минут.",
	// Stopping, people, the desk itself.
	"halt.on":           "Отправка уже остановлена.",
	"halt.off":          "Отправка не остановлена.",
	"halt.moved":        "Пока страница была открыта, отправку остановили заново. Прочтите причину и решите снова.",
	"halt.own":          "Вы остановили отправку, поэтому возобновить её должны двое других. {1:who}",
	"people.self":       "Себя приостановить нельзя: это делает другой администратор.",
	"people.admins":     "Администраторов должно остаться не меньше двух. Сначала добавьте другого.",
	"people.reset_last": "Больше никто из администраторов не может войти, и ссылку для входа выдать будет некому. Сначала доступ должен получить другой администратор.",
	"people.none":       "Такого человека нет.",
	"people.email":      "Это не похоже на адрес почты.",
	"people.name":       "Введите имя.",
	"people.taken":      "Этот адрес уже занят.",
	"people.founded":    "Первая выплата уже отправлена на согласование: теперь людей добавляют на самом рабочем месте.",
	"store.full":        "Записать не удалось: на диске нет места. Ничего не изменено.",
	"store.busy":        "Сейчас слишком много записей. Ничего не изменено, повторите.",
	"notfound":          "Такой страницы нет, или она не для вашей роли.",
	"method":            "Этот адрес так не открывают.",
	"toolarge":          "Слишком большой запрос.",
	"streams":           "Открыто слишком много страниц: живых может быть не больше шести.",
}

var englishFaults = map[string]string{
	// What is typed into the form of a payout (internal/money, internal/bankdetails, time.go).
	"amount.empty":           "Enter an amount.",
	"amount.not_positive":    "The amount must be above zero.",
	"amount.sign":            "Enter the amount without a sign: it is always above zero.",
	"amount.decimals":        "Kopecks have two digits, but {1} were entered.",
	"amount.exponent":        "No exponents: enter the amount in full, in digits.",
	"amount.digits":          "“{1}” is not a digit from 0 to 9.",
	"amount.format":          "“{1}” does not belong in an amount. For example: 1,234.56.",
	"amount.grouping":        "The digits are not in groups of three. For example: 1,234.56.",
	"amount.ambiguous":       "This can be read in two ways: {1:money} or {2:money}. Choose one.",
	"amount.unclear":         "If these are thousands, the amount is {1:money}; kopecks have only two digits. Choose it or correct it.",
	"amount.too_long":        "Too long for an amount: more than {1} characters.",
	"amount.overflow":        "The amount is too large.",
	"amount.currency":        "Two currencies in one calculation: {1} and {2}.",
	"amount.negative":        "The difference is below zero.",
	"bik.empty":              "Enter the BIK.",
	"bik.digits":             "A BIK has digits only: place {2} holds “{1}”.",
	"bik.length":             "A BIK has 9 digits; {1} entered.",
	"account.empty":          "Enter the account.",
	"account.digits":         "An account has digits only: place {2} holds “{1}”.",
	"account.length":         "An account has 20 digits; {1} entered.",
	"account.prefix":         "The bank does not pay to accounts that begin with {1}; it pays to 40817, 40820, 42301–42307, 40802, 40702.",
	"account.currency":       "Not a rouble account: digits 6–8 must be 810, but are {1}.",
	"inn.empty":              "This account needs an INN: {1:kind}.",
	"inn.digits":             "An INN has digits only: place {2} holds “{1}”.",
	"inn.length":             "An INN has 10 or 12 digits; {1} entered.",
	"inn.check":              "The INN’s check digits do not fit: look for a typing error.",
	"kpp.empty":              "This account needs a KPP: {1:kind}.",
	"kpp.length":             "A KPP has 9 characters; {1} entered.",
	"kpp.chars":              "“{1}” cannot stand at place {2} of a KPP: 9 digits, places 5 and 6 may be capital Latin letters.",
	"full_name.empty":        "Enter the name.",
	"full_name.letters":      "The name has not a single letter.",
	"description.empty":      "Enter the payment purpose.",
	"description.banned":     "The bank takes no “?” and no “!” in the purpose: “{1}” at place {2}.",
	"full_name.too_long":     "At most {2} characters; {1} entered.",
	"description.too_long":   "At most {2} characters; {1} entered.",
	"own_ref.too_long":       "At most {2} characters; {1} entered.",
	"note.too_long":          "At most {2} characters; {1} entered.",
	"full_name.encoding":     "Part of the text was lost in copying (sign �): enter it again.",
	"description.encoding":   "Part of the text was lost in copying (sign �): enter it again.",
	"own_ref.encoding":       "Part of the text was lost in copying (sign �): enter it again.",
	"note.encoding":          "Part of the text was lost in copying (sign �): enter it again.",
	"full_name.line_break":   "A line break at place {1}: write it in one line.",
	"description.line_break": "A line break at place {1}: write it in one line.",
	"own_ref.line_break":     "A line break at place {1}: write it in one line.",
	"note.line_break":        "A line break at place {1}: write it in one line.",
	"full_name.chars":        "An invisible or control character {1} at place {2}: remove it.",
	"description.chars":      "An invisible or control character {1} at place {2}: remove it.",
	"own_ref.chars":          "An invisible or control character {1} at place {2}: remove it.",
	"note.chars":             "An invisible or control character {1} at place {2}: remove it.",
	"typed.too_long":         "More than {1} characters cannot be kept.",
	"day.empty":              "Enter a date.",
	"day.format":             "Write the date like this: 01.11.2026.",
	"day.missing":            "There is no such day in the calendar.",
	"day.range":              "The year must be from 2000 to 2099.",
	// Deciding on a payout.
	"approve.own":    "You entered or changed payout No {1}, so somebody else decides about it. {2:approvers}",
	"approve.moved":  "Payout No {1} changed while the page was open. See what changed and decide again.",
	"approve.state":  "Payout No {1} no longer awaits approval: {2:state}.",
	"approve.role":   "Only approvers can approve. {1:approvers}",
	"approve.seat":   "Your approval adds nothing here any more. {1:approvers}",
	"approve.digest": "It is not clear which version you approve. Open the page again.",
	"approve.none":   "Payout No {1} has no approval of yours.",
	// Payouts.
	"payout.none":           "There is no such payout.",
	"payout.moved":          "Payout No {1} changed while the page was open.",
	"payout.state":          "This can no longer be done with payout No {1}: {2:state}.",
	"payout.asked":          "The bank has already been asked about payout No {1}, so it can be neither changed nor ended.",
	"payout.open_like":      "There is already payout No {1} to this account and of this amount, and its outcome is not settled. A second one cannot be submitted until it is.",
	"payout.nobody":         "Nobody could approve this: {1:money} needs approvals: {2}; people missing: {3}, of them senior: {4}. It is kept as a draft.",
	"payout.ack":            "Check and tick: {1:ack}.",
	"payout.form":           "The page is out of date. Open the form again.",
	"replace.sum":           "The new amount cannot be more than what was not paid, or came back, of payout No {1}.",
	"replace.alive":         "Payout No {2} is already in place of No {1}.",
	"replace.not_confirmed": "It is not confirmed yet that payout No {1} was not paid. Until then it cannot be replaced.",
	"reason.needed":         "Write the reason.",
	"reason.long":           "The reason is longer than {1} characters.",
	"list.after":            "The link to the rest of the list is broken. Start from the first page.",
	// Rights, signing in, passwords.
	"denied.role":       "Your role does not allow this. {1:roles}",
	"denied.origin":     "The request came from another site. Do it again from here.",
	"denied.suspended":  "Your access is suspended. An administrator proposes to bring it back, a second person decides.",
	"signin.wrong":      "E-mail or password is not right.",
	"signin.slow":       "Too many attempts. Wait {1} s.",
	"signin.busy":       "Many people are signing in. Try again in {1} s.",
	"signin.needed":     "Sign in to go on.",
	"password.short":    "The password is shorter than 15 characters. Take several words.",
	"password.long":     "The password is too long.",
	"password.common":   "This password is too well known. Take several words of your own.",
	"password.personal": "The password holds your name or e-mail. Take other words.",
	"password.text":     "The password holds characters that cannot be typed.",
	"password.same":     "The new password must differ from the current one.",
	"password.differ":   "The two passwords differ.",
	"password.wrong":    "The current password is not right.",
	"account.idle":      "It can be 5 to 60 minutes.",
	// Stopping, people, the desk itself.
	"halt.on":           "Sending is stopped already.",
	"halt.off":          "Sending is not stopped.",
	"halt.moved":        "Sending was stopped anew while the page was open. Read why and decide again.",
	"halt.own":          "You stopped sending, so two others must resume it. {1:who}",
	"people.self":       "You cannot suspend yourself: another administrator does.",
	"people.admins":     "At least two administrators must stay. Add another one first.",
	"people.reset_last": "No other administrator can sign in, so nobody could hand out a sign-in link. Another administrator must get access first.",
	"people.none":       "There is no such person.",
	"people.email":      "This is not an e-mail address.",
	"people.name":       "Enter the name.",
	"people.taken":      "This address is taken.",
	"people.founded":    "The first payout has been submitted: from now on people are added on the desk itself.",
	"store.full":        "It could not be stored: the disk is full. Nothing was changed.",
	"store.busy":        "Too much is being stored right now. Nothing was changed, try again.",
	"notfound":          "There is no such page, or not for your role.",
	"method":            "This address is not opened this way.",
	"toolarge":          "The request is too large.",
	"streams":           "Too many pages are open: at most six can be live.",
}
