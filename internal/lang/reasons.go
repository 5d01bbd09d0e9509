package lang

import "strings"

// Our own codes of why something is as it is: answers that are no answer, alarms, what held a payout, kinds of messages. The
// bank's own codes stand in Texts.BankCodes.
var (
	russianReasons = map[string]string{
		"timeout": "банк не ответил вовремя", "cut": "связь оборвалась", "too_large": "ответ слишком велик", "lost": "ответ не записан: сервис остановился",
		"gate": "последняя проверка перед подтверждением не пройдена", "unconfirmed": "банк исполняет без нашего подтверждения", "not_confirmed": "банк не принял подтверждения",
		"bank_down": "нет связи с банком", "credentials": "банк не принял подпись или права", "standing": "согласований больше не хватает",
		"other_reference": "метка не наша", "two_payouts": "в одной сессии две выплаты", "other_amount": "сумма другая", "other_currency": "валюта другая",
		"other_account": "счёт другой", "other_bik": "БИК другой", "other_content": "ответ непонятен", "other_session": "сессия не наша",
		"session_error": "ошибка сессии банка", "odd_status": "банк противоречит себе", "refused": "отказ без причины", "cancelled": "сессия отменена",
		"elsewhere": "запрос начат с другим проектом или адресом банка",
		"ten_days":  "банк не закончил за 10 банковских дней", "second_session": "у нашей метки две сессии банка", "not_ours": "сессия не наша",
		"confirm_asked": "банк просит подтвердить, хотя запрос один", "unknown_type": "сообщение неизвестного вида", "unmatched": "такой выплаты мы не отправляли",
		"not_json": "не читается", "doubled_key": "ключи повторяются", "mixed_names": "два вида имён вперемешку", "no_session": "сессии нет", "odd_shape": "устроено не так, как должно",
		"evidence": "проверяется у банка", "halt": "отправка остановлена", "quarantine": "база проверяется", "unasked": "банк знает выплату, которую мы не отправляли",
		"clock": "часы сервера перевели назад", "altered": "запись не сходится с журналом", "invariant": "сверка с журналом не сошлась", "person": "остановил человек", "missing": "подписи нет", "several": "подписей несколько", "malformed": "подпись не читается", "wrong": "подпись неверна",
		"older": "база старше своей метки", "differs": "база не совпадает со своей меткой", "down": "банк не ответил", "slow": "банк просит реже", "odd": "ответ непонятен", "unavailable": "банк недоступен",
		"name_differs": "банк назвал получателя иначе", "purpose_differs": "банк назвал назначение иначе",
		"http": "банк ответил кодом {1}", "ruled_not_paid": "по решению людей", "late_truth": "банк сообщил не то, что решили люди",
	}
	englishReasons = map[string]string{
		"timeout": "the bank did not answer in time", "cut": "the connection was cut", "too_large": "the answer is too large", "lost": "no answer on record: the desk stopped",
		"gate": "the last check before confirming said no", "unconfirmed": "the bank pays without our confirmation", "not_confirmed": "the bank did not take the confirmation",
		"bank_down": "no connection to the bank", "credentials": "the bank did not accept our signature or rights", "standing": "approvals no longer suffice",
		"other_reference": "the reference is not ours", "two_payouts": "two payouts in one session", "other_amount": "another amount", "other_currency": "another currency",
		"other_account": "another account", "other_bik": "another BIK", "other_content": "the answer makes no sense", "other_session": "the session is not ours",
		"session_error": "an error of the bank’s session", "odd_status": "the bank contradicts itself", "refused": "refused without a reason", "cancelled": "the session was cancelled",
		"elsewhere": "the request began with another project or address of the bank",
		"ten_days":  "the bank has not finished in 10 banking days", "second_session": "our reference has two bank sessions", "not_ours": "the session is not ours",
		"confirm_asked": "the bank asks to confirm, though one request is enough", "unknown_type": "a message of an unknown kind", "unmatched": "we sent no such payout",
		"not_json": "it cannot be read", "doubled_key": "keys are repeated", "mixed_names": "two kinds of names mixed", "no_session": "there is no session", "odd_shape": "not shaped as it should be",
		"evidence": "being checked with the bank", "halt": "sending is stopped", "quarantine": "database being checked", "unasked": "the bank knows of a payout that we did not send",
		"clock": "the server’s clock went back", "altered": "a row does not agree with the log", "invariant": "a check against the log does not hold", "person": "stopped by a person", "missing": "no signature", "several": "several signatures", "malformed": "the signature cannot be read", "wrong": "wrong signature",
		"older": "the database is older than its mark", "differs": "the database differs from its mark", "down": "the bank did not answer", "slow": "the bank asks for fewer requests", "odd": "the answer makes no sense", "unavailable": "the bank is unavailable",
		"name_differs": "the bank names the payee differently", "purpose_differs": "the bank words the purpose differently",
		"http": "the bank answered with code {1}", "ruled_not_paid": "decided by people", "late_truth": "the bank says something else than people decided",
	}
)

// ReasonCodes lists our own codes, so that their two languages can be compared.
func ReasonCodes() []string {
	var out []string
	for c := range russianReasons {
		out = append(out, c)
	}
	return out
}

// Reason says in words why something is as it is, by our own code or the bank's; "" for "".
func (t *Texts) Reason(code string) string {
	m := englishReasons
	if t.tag == RU {
		m = russianReasons
	}
	if s, ok := m[code]; ok {
		return s
	}
	if n, ok := strings.CutPrefix(code, "http_"); ok {
		return Fill(m["http"], n)
	}
	return t.BankCode(code)
}
