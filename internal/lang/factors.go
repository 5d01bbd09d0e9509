package lang

import "maps"

// FactorTexts are the words of second factors: passkeys, one-time codes, recovery codes, and signing.
type FactorTexts struct {
	Title, Lead, Needed            string
	Have, Caption, What, Made      string
	Used, Signs, Remove, Never     string
	Kinds                          map[string]string
	Unnamed                        string
	SignsSince, SignsFrom          string // «Подписывает с {1}», «Будет подписывать с {1}»
	SignsNot, SignsAsked, AskVouch string
	SignsNever, Copied             string
	Fingerprint, WriteDown         string
	AddKey, KeyText, KeyName       string
	KeyHelp, KeyButton, NoScript   string
	NoAddress                      string
	AddCodes, CodesText            string
	CodesButton, CodesTitle        string
	Scan, Secret, CodeField        string
	CodeHelp, Confirm, Later       string
	Recovery, RecoveryText         string
	RecoveryLeft, RecoveryButton   string
	RecoveryAgain, RecoveryTitle   string
	RecoveryKeep, Print, Done      string
	Fresh, FreshText, FreshButton  string
	Password                       string
	Link, SignOut, QRAlt           string
	SignInKey, SignInCode          string
	SignInCodeHelp                 string
	DemoCodes, DemoCodesText       string // for the sign-in page of a strict demonstration
	DemoCode, DemoSeed             string
	CreateAndSign, CreateNote      string
	Sign, OwnWords                 string
	SignVouch, SignAsk             string
	Cancelled, Trouble             string
	OpKey, DocKey                  string
}

var russianFactor = FactorTexts{
	Title: "Ключи доступа и коды", Lead: "Чем вы подтверждаете, что это вы, кроме пароля.",
	Needed: "Прежде чем работать, добавьте ключ доступа или одноразовые коды: без них здесь ничего не открывается.",
	Have:   "Что есть", Caption: "Ваши ключи доступа и коды", What: "Что", Made: "Добавлено", Used: "Последний раз", Signs: "Подпись крупных выплат", Remove: "Удалить", Never: "ещё не было",
	Kinds:   map[string]string{"totp": "Одноразовые коды", "passkey": "Ключ доступа", "recovery": "Запасные коды"},
	Unnamed: "Без названия", SignsSince: "Подписывает с {1}", SignsFrom: "Будет подписывать с {1}",
	SignsNot: "Пока не подписывает: за ключ должен поручиться администратор или старший согласующий", SignsAsked: "Ждёт поручительства администратора или старшего согласующего",
	AskVouch: "Попросить поручиться", SignsNever: "Не для подписи", Copied: "Возможно, есть копия: не действует, удалите его",
	Fingerprint: "Отпечаток", WriteDown: "Запишите отпечаток ключа на бумаге: по нему проверят, что ключ не подменён.",
	AddKey: "Добавить ключ доступа", KeyText: "Телефон, отпечаток пальца или ключ на USB. Пароль при входе тогда не нужен, а выплаты выше миллиона подписываются им же.", KeyName: "Название ключа",
	KeyHelp: "Например: рабочий ноутбук", KeyButton: "Добавить ключ доступа", NoScript: "Для ключа доступа нужен JavaScript: включите его в браузере.",
	NoAddress: "По этому адресу ключи доступа не работают: нужно имя сайта с https, а не IP-адрес. Настройте --public-url.",
	AddCodes:  "Одноразовые коды", CodesText: "Приложение на телефоне показывает шесть цифр, которые меняются каждые 30 секунд.", CodesButton: "Настроить коды", CodesTitle: "Настройка одноразовых кодов",
	Scan: "Наведите камеру приложения на картинку или введите секрет вручную.", Secret: "Секрет", CodeField: "Код из приложения", CodeHelp: "Шесть цифр", Confirm: "Подтвердить", Later: "Не сейчас",
	Recovery: "Запасные коды", RecoveryText: "На случай, если телефон или ключ потерян. Каждый код действует один раз.", RecoveryLeft: "Осталось кодов: {1}", RecoveryButton: "Получить запасные коды",
	RecoveryAgain: "Получить новые вместо прежних", RecoveryTitle: "Ваши запасные коды", RecoveryKeep: "Эти коды показаны один раз. Распечатайте их или перепишите и храните не у компьютера.",
	Print: "Распечатать", Done: "Готово", Fresh: "Подтвердите, что это вы", FreshText: "Ключи и коды можно менять пять минут после входа. Введите пароль ещё раз.", FreshButton: "Подтвердить",
	Password: "Пароль", Link: "Ключи доступа и одноразовые коды", SignOut: "Выйти", QRAlt: "Картинка с секретом для приложения",
	SignInKey: "Войти с ключом доступа", SignInCode: "Одноразовый код", SignInCodeHelp: "Шесть цифр из приложения или запасной код, если они у вас настроены",
	DemoCodes: "Коды для входа по паролю", DemoCodesText: "Правила этой демонстрации требуют второго подтверждения. Кнопки выше показывают его сами; при входе по паролю нужен код. Коды меняются каждые 30 секунд, каждый действует один раз: новые появятся, когда страница обновится.", DemoCode: "Код", DemoSeed: "Секрет для приложения",
	CreateAndSign: "Создать ключ доступа и подписать", CreateNote: "Такую сумму подписывают ключом доступа. У вас его ещё нет: браузер создаст ключ и сразу спросит подтверждение.",
	Sign: "Такую сумму подписывают ключом доступа: браузер попросит подтвердить.", OwnWords: "Мы утверждаем только это: выше предела нет согласования без ключа, за который поручились; что показал экран, известно лишь со слов сервера.",
	SignVouch: "За ваш ключ доступа ещё не поручились: эту выплату вы подписать не можете.", SignAsk: "К ключам доступа",
	Cancelled: "Подтверждение отменено или время вышло. Нажмите ещё раз.", Trouble: "Браузер не смог использовать ключ доступа.",
	OpKey: "Поручительство за ключ доступа", DocKey: "Ключ с отпечатком {1} принадлежит этому человеку. Сверьте отпечаток с тем, что записано у владельца.",
}

var englishFactor = FactorTexts{
	Title: "Passkeys and codes", Lead: "What shows that it is you, besides the password.",
	Needed: "Before you work, add a passkey or one-time codes: nothing opens here without.",
	Have:   "What you have", Caption: "Your passkeys and codes", What: "What", Made: "Added", Used: "Last used", Signs: "Signs large payouts", Remove: "Remove", Never: "not yet",
	Kinds:   map[string]string{"totp": "One-time codes", "passkey": "Passkey", "recovery": "Recovery codes"},
	Unnamed: "Without a name", SignsSince: "Signs since {1}", SignsFrom: "Will sign from {1}",
	SignsNot: "Does not sign yet: an administrator or senior approver must vouch for it", SignsAsked: "Waits for an administrator or senior approver to vouch for it",
	AskVouch: "Ask to vouch for it", SignsNever: "Not for signing", Copied: "There may be a copy of it: it does nothing any more, remove it",
	Fingerprint: "Fingerprint", WriteDown: "Write the key's fingerprint down on paper: it shows later that nobody put another key in its place.",
	AddKey: "Add a passkey", KeyText: "A phone, a finger or a USB key. No password is needed then to sign in, and payouts above a million are signed with it.", KeyName: "Name of the key",
	KeyHelp: "For example: laptop at work", KeyButton: "Add a passkey", NoScript: "A passkey needs JavaScript: turn it on in your browser.",
	NoAddress: "Passkeys do not work at this address: they need a site name with https, not an IP address. Set --public-url.",
	AddCodes:  "One-time codes", CodesText: "An app on your phone shows six digits that change every 30 seconds.", CodesButton: "Set up codes", CodesTitle: "Setting up one-time codes",
	Scan: "Point the app's camera at the picture, or type the secret by hand.", Secret: "Secret", CodeField: "Code from the app", CodeHelp: "Six digits", Confirm: "Confirm", Later: "Not now",
	Recovery: "Recovery codes", RecoveryText: "For when the phone or the key is lost. Each code works once.", RecoveryLeft: "Codes left: {1}", RecoveryButton: "Get recovery codes",
	RecoveryAgain: "Get new ones instead", RecoveryTitle: "Your recovery codes", RecoveryKeep: "These codes are shown once. Print them or write them down, and keep them away from the computer.",
	Print: "Print", Done: "Done", Fresh: "Show that it is you", FreshText: "Keys and codes can be changed for five minutes after signing in. Type your password again.", FreshButton: "Confirm",
	Password: "Password", Link: "Passkeys and one-time codes", SignOut: "Sign out", QRAlt: "Picture with the secret for the app",
	SignInKey: "Sign in with a passkey", SignInCode: "One-time code", SignInCodeHelp: "Six digits from the app, or a recovery code, if you have set them up",
	DemoCodes: "Codes for signing in by password", DemoCodesText: "The rules of this demonstration ask for a second proof. The buttons above show it by themselves; with a password you need a code. Codes change every 30 seconds and each works once: load the page again for new ones.", DemoCode: "Code", DemoSeed: "Secret for the app",
	CreateAndSign: "Create a passkey and sign", CreateNote: "Such a sum is signed with a passkey. You have none yet: the browser makes one and asks you to confirm at once.",
	Sign: "Such a sum is signed with a passkey: the browser will ask you to confirm.", OwnWords: "What we claim: no approval above the limit without a vouched key; what the screen showed is the server's word.",
	SignVouch: "Nobody has vouched for your passkey yet: you cannot sign this payout.", SignAsk: "To the passkeys",
	Cancelled: "Not confirmed, or time ran out. Press again.", Trouble: "The browser could not use the passkey.",
	OpKey: "Vouching for a passkey", DocKey: "The key with fingerprint {1} is this person's. Compare it with what its owner wrote down.",
}

// Factor returns the words of second factors.
func (t *Texts) Factor() *FactorTexts { return pick(t, &russianFactor, &englishFactor) }

func init() {
	addRoom("factor", &russianFactor, &englishFactor)
	addFaults(map[string]string{
		"account.altered":       "Данные для входа изменены в обход системы. Отправка выплат остановлена; сообщите администратору.",
		"row.altered":           "Эта запись изменена в обход системы. Отправка выплат остановлена; сообщите администратору.",
		"signin.factor":         "Сначала добавьте ключ доступа или одноразовые коды: «Ключи доступа и коды» в учётной записи.",
		"signin.code_needed":    "Введите пароль ещё раз и код из приложения или запасной код.",
		"signin.code":           "Код не подходит или уже использован. Дождитесь следующего и введите пароль ещё раз.",
		"signin.key_needed":     "Пароля мало: войдите с ключом доступа или введите запасной код.",
		"signin.key":            "С этим ключом доступа войти не получилось. Попробуйте ещё раз или войдите с паролем.",
		"prove.needed":          "Такую сумму подписывают ключом доступа. Нажмите ещё раз и подтвердите в браузере.",
		"prove.expired":         "Время на подтверждение вышло или оно уже использовано. Нажмите ещё раз.",
		"prove.key":             "Это не ваш ключ доступа. Возьмите тот, что есть в «Ключи доступа и коды».",
		"prove.refused":         "Ключ доступа не подтвердил, что это вы. Нажмите ещё раз и разблокируйте ключ пальцем, лицом или PIN.",
		"prove.none":            "Такую сумму подписывают ключом доступа, а у вас его нет. Добавьте его: «Ключи доступа и коды».",
		"prove.no_code":         "Для такой суммы нужен ключ доступа или одноразовый код, а у вас их нет. Добавьте: «Ключи доступа и коды».",
		"prove.vouch":           "За ваш ключ доступа ещё не поручились. Это может сделать администратор или старший согласующий; через сутки ключ начнёт подписывать.",
		"prove.wait":            "За ваш ключ доступа поручились; подписывать он начнёт через {1} ч. Пока выплату может подписать другой согласующий.",
		"prove.clone":           "Возможно, есть копия этого ключа доступа, поэтому он больше не действует. Удалите его, добавьте другой и сообщите администратору.",
		"prove.password_needed": "Введите свой пароль ещё раз.",
		"prove.code_needed":     "Введите одноразовый код из приложения.",
		"prove.code":            "Код не подходит или уже использован. Дождитесь следующего.",
		"prove.address":         "По этому адресу ключи доступа не работают: нужно имя сайта с https. Обратитесь к администратору.",
		"prove.many":            "Слишком много вопросов ключу подряд. Подождите {1} с.",
		"factor.fresh":          "Подтвердите паролем, что это вы, и повторите.",
		"factor.expired":        "Время на настройку вышло. Начните ещё раз.",
		"factor.refused":        "Браузер не создал ключ доступа, которому можно верить. Нажмите ещё раз и подтвердите пальцем, лицом или PIN.",
		"factor.taken":          "Этот ключ или секрет принадлежит другому человеку. Возьмите другой.",
		"factor.have":           "Этот ключ у вас уже есть.",
		"factor.many":           "Ключей может быть не больше {1}. Удалите ненужный.",
		"factor.name":           "Название длиннее {1} знаков. Сократите его.",
		"factor.gone":           "Такого ключа или кода у вас уже нет. Откройте страницу заново.",
		"factor.last":           "Это последнее, чем вы подтверждаете вход, а правила требуют хотя бы одно. Сначала добавьте другое.",
		"factor.first":          "Сначала добавьте ключ доступа или одноразовые коды: запасные нужны на случай их потери.",
		"factor.totp_have":      "Одноразовые коды уже настроены. Чтобы сменить телефон, удалите их и настройте снова.",
		"factor.secret":         "В файле нет секрета одноразовых кодов: нужна строка base32 от 80 бит.",
		"factor.moved":          "Ключ только что использовали в другом окне. Нажмите ещё раз.",
	}, map[string]string{
		"account.altered":       "Sign-in data were changed past the desk. Sending is stopped; tell an administrator.",
		"row.altered":           "This record was changed past the desk. Sending is stopped; tell an administrator.",
		"signin.factor":         "First add a passkey or one-time codes: “Passkeys and codes” in your account.",
		"signin.code_needed":    "Type your password again, and the code from the app or a recovery code.",
		"signin.code":           "The code is wrong or was used. Wait for the next one and type your password again.",
		"signin.key_needed":     "The password is not enough: sign in with your passkey, or type a recovery code.",
		"signin.key":            "This passkey did not sign you in. Try again, or sign in with your password.",
		"prove.needed":          "Such a sum is signed with a passkey. Press again and confirm in the browser.",
		"prove.expired":         "Time to confirm ran out, or it was used already. Press again.",
		"prove.key":             "This is not your passkey. Take the one under “Passkeys and codes”.",
		"prove.refused":         "The passkey did not confirm that it is you. Press again and unlock it by finger, face or PIN.",
		"prove.none":            "Such a sum is signed with a passkey, and you have none. Add one under “Passkeys and codes”.",
		"prove.no_code":         "Such a sum needs a passkey or a one-time code, and you have none. Add one under “Passkeys and codes”.",
		"prove.vouch":           "Nobody has vouched for your passkey yet. An administrator or senior approver can; a day later it signs.",
		"prove.wait":            "Your passkey was vouched for; it signs in {1} h. Until then another approver can sign the payout.",
		"prove.clone":           "There may be a copy of this passkey, so it does nothing any more. Remove it, add another, and tell an administrator.",
		"prove.password_needed": "Type your password again.",
		"prove.code_needed":     "Type the one-time code from the app.",
		"prove.code":            "The code is wrong or was used. Wait for the next one.",
		"prove.address":         "Passkeys do not work at this address: they need a site name with https. Ask your administrator.",
		"prove.many":            "Too many questions to the passkey at once. Wait {1} s.",
		"factor.fresh":          "Show with your password that it is you, and repeat.",
		"factor.expired":        "Time to set it up ran out. Begin again.",
		"factor.refused":        "The browser made no passkey that can be trusted. Press again and confirm by finger, face or PIN.",
		"factor.taken":          "This key or secret belongs to somebody else. Take another.",
		"factor.have":           "You have this key already.",
		"factor.many":           "There can be {1} keys at most. Remove one that you do not need.",
		"factor.name":           "The name is longer than {1} characters. Shorten it.",
		"factor.gone":           "You do not have this key or code any more. Open the page again.",
		"factor.last":           "This is the last thing that shows it is you, and the rules ask for one. Add another first.",
		"factor.first":          "First add a passkey or one-time codes: recovery codes are for when those are lost.",
		"factor.totp_have":      "One-time codes are set up already. For another phone, remove them and set them up again.",
		"factor.secret":         "The file holds no one-time-code secret: a line of base32, 80 bits or more, is needed.",
		"factor.moved":          "The key was used in another window just now. Press again.",
	})
	maps.Copy(Russian.Log, map[string]string{"factor.added": "Добавлен ключ доступа или код", "factor.removed": "Удалён ключ доступа или код", "factor.copied": "Ключ доступа отключён: возможна копия",
		"seal.broken": "Данные для входа изменены в обход системы", "seal.began": "Данные для входа опечатаны", "account.sealed": "Вход человека опечатан"})
	maps.Copy(English.Log, map[string]string{"factor.added": "Passkey or code added", "factor.removed": "Passkey or code removed", "factor.copied": "Passkey turned off: there may be a copy",
		"seal.broken": "Sign-in data changed past the desk", "seal.began": "Sign-in data sealed", "account.sealed": "Sign-in of a person sealed"})
	maps.Copy(Russian.Kinds, map[string]string{"seal": "Данные для входа"})
	maps.Copy(English.Kinds, map[string]string{"seal": "Sign-in data"})
}
