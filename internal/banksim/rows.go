package banksim

import (
	"slices"
	"time"
)

// Row says in plain words, in both languages, what one ending of the amount makes the pretend bank do. The words
// are those that pages may show.
type Row struct {
	Kop      int    // last two digits of the amount; 0 stands for every ending not listed
	Bank     string // what the bank does; d is Options.Delay
	BankRU   string
	End      string // where the payout ends at the desk
	EndRU    string
	Executed int // how often money leaves
}

// Kopecks is the table of rows, the ordinary one first, then by ending.
func Kopecks() []Row { return slices.Clone(kopecks) }

const (
	paid, paidRU       = "Paid by the bank", "Исполнена банком"
	notPaid, notPaidRU = "Not paid", "Не исполнена"
	unk, unkRU         = "Outcome unknown", "Результат неизвестен"
	review, reviewRU   = ", needs review", ", требует разбора"
	stopped, stoppedRU = ", sending stopped", ", отправка остановлена"
	then               = " → "
	alarm, alarmRU     = ", with an alarm", ", с предупреждением"
)

var kopecks = []Row{
	{0, "Takes it; pays after d; one message", "Принимает; исполняет через d; одно сообщение", paid, paidRU, 1},
	{51, "Takes it; after d a message: not paid, account_not_found, session cancelled", "Принимает; через d сообщение: не исполнена, account_not_found, сессия отменена", notPaid, notPaidRU, 0},
	{52, "Pays at once; the same message three times, first before the answer", "Исполняет сразу; одно и то же сообщение трижды, первое раньше ответа", paid, paidRU, 1},
	{53, "Pays after d; after the final message an older one comes", "Исполняет через d; после итогового сообщения приходит более старое", paid, paidRU, 1},
	{54, "Pays after d; never a message, only a status request tells", "Исполняет через d; сообщений нет, знает только запрос статуса", paid, paidRU, 1},
	{55, "Pays, but the answer is cut off; message after d", "Исполняет, но ответ обрывается; сообщение через d", unk + then + paid, unkRU + then + paidRU, 1},
	{56, "Pays, but answers 500; message after d", "Исполняет, но отвечает 500; сообщение через d", unk + then + paid, unkRU + then + paidRU, 1},
	{57, "Does not take it; cuts the connection after the request", "Не принимает; обрывает соединение после запроса", unk, unkRU, 0},
	{58, "Does not take it; answers 502 with a web page", "Не принимает; отвечает 502 и веб-страницей", unk, unkRU, 0},
	{59, "Takes it; message after d, the answer only after 20 d", "Принимает; сообщение через d, ответ только через 20 d", paid, paidRU, 1},
	{60, "Refuses: 400 invalid_request", "Отказ: 400 invalid_request", notPaid, notPaidRU, 0},
	{61, "Refuses us: 401 authentication_error", "Не признаёт подпись: 401 authentication_error", "Approved, waits; sending stopped", "Согласована, ждёт; отправка остановлена", 0},
	{62, "After d says session error and payout not done; 10 d later it is paid after all", "Через d сообщает об ошибке сессии и неисполнении; ещё через 10 d всё же исполняет", unk + then + paid, unkRU + then + paidRU, 1},
	{63, "Pays after d; a genuine message with another amount first, then the right one", "Исполняет через d; сначала подлинное сообщение с другой суммой, затем верное", paid + alarm, paidRU + alarmRU, 1},
	{64, "Pays after d; the message is signed with a wrong key once, then rightly", "Исполняет через d; сообщение сначала подписано чужим ключом, затем верно", paid, paidRU, 1},
	{65, "Pays after d; v2 names, currency in capitals, fields nobody knows", "Исполняет через d; имена v2, валюта прописными, неизвестные поля", paid, paidRU, 1},
	{66, "Asks for a confirmation after d; cancels after 30 d", "Через d просит подтверждения; через 30 d отменяет", "With the bank, with an alarm → " + notPaid, "В обработке у банка, с предупреждением → " + notPaidRU, 0},
	{67, "Pays after d; the whole sum comes back 3 d later", "Исполняет через d; ещё через 3 d вся сумма возвращается", "Returned", "Возвращена", 1},
	{68, "After d says not paid; 5 d later it is paid after all", "Через d сообщает, что не исполнена; ещё через 5 d всё же исполняет", paid + review, paidRU + reviewRU, 1},
	{69, "Sends the request back to its own address (307)", "Перенаправляет запрос на его же адрес (307)", unk, unkRU, 0},
	{70, "Cuts the connection; pays 15 d later; message", "Обрывает соединение; исполняет через 15 d; сообщение", unk + then + paid, unkRU + then + paidRU, 1},
	{71, "Does not take it, never answers, never tells", "Не принимает, не отвечает и не сообщает", unk, unkRU, 0},
	{72, "Pays, never answers, never tells", "Исполняет, не отвечает и не сообщает", unk, unkRU, 1},
	{73, "Does not take it; answers 400 idempotency_key_already_exists", "Не принимает; отвечает 400 idempotency_key_already_exists", unk, unkRU, 0},
	{74, "Pays, but answers 401 authentication_error; message and status after d", "Исполняет, но отвечает 401 authentication_error; сообщение и статус через d", paid + review + stopped, paidRU + reviewRU + stoppedRU, 1},
	{75, "After d a message with our reference in a foreign session, then pays and sends the right one", "Через d сообщение с нашей меткой в чужой сессии, затем исполняет и шлёт верное", paid + alarm, paidRU + alarmRU, 1},
	{76, "Refuses: 400 insufficient_wallet_balance", "Отказ: 400 insufficient_wallet_balance", notPaid, notPaidRU, 0},
	{77, "Answers with one payout; after d message and status show two, both paid", "В ответе одна выплата; через d в сообщении и статусе две, обе исполнены", unk + review, unkRU + reviewRU, 2},
	{78, "Pays after d, a third comes back; that message comes before the one of the payment", "Исполняет через d, треть возвращается; это сообщение приходит раньше сообщения об исполнении", paid + ", a third returned", paidRU + ", треть возвращена", 1},
}

// answer is how the request itself ends.
type answer int

const (
	ansOK       answer = iota // 200, the payout as taken
	ansRefuse                 // 4xx with plan.code
	ansHalf                   // 200, the body cut in the middle
	ans500                    // 500 internal_error
	ans502                    // 502 with HTML
	ansCut                    // connection closed without a byte
	ansLate                   // 200 after 20 d
	ansRedirect               // 307 to the same address
	ansHold                   // nothing, until the other side goes away
)

// plan is the behaviour of one row. Steps stand by their place in the journal's jobs: only append to them.
type plan struct {
	taken  bool
	answer answer
	code   string
	early  bool // the first message is posted, and its answer awaited, before our answer
	after  bool // no step runs before our answer is written
	steps  []step
}

// step is one thing that happens at a multiple of d after the request was taken: at 0 in the same commit, and
// before 0 never by itself.
type step struct {
	at int
	do func(*tx, *session)
}

func paysWith(then func(*tx, *session)) func(*tx, *session) {
	return func(t *tx, s *session) {
		t.pay(s)
		then(t, s)
	}
}

func finished(t *tx, s *session) { t.hook(s, note{}) }

func leaves(t *tx, s *session) { t.leave(s) }

var (
	pays     = paysWith(finished)
	ordinary = plan{taken: true, steps: []step{{1, pays}}}
)

// planOf is the plan of a row.
func planOf(kop int) plan {
	if p, ok := plans[kop]; ok {
		return p
	}
	return ordinary
}

// rowOf is the row that an amount chooses.
func rowOf(amount int64) int {
	kop := int(amount % 100)
	if _, ok := plans[kop]; ok {
		return kop
	}
	return 0
}

var plans = map[int]plan{
	51: {taken: true, steps: []step{{1, func(t *tx, s *session) {
		t.fail(s, "account_not_found", "Recipient account not found")
		finished(t, s)
	}}}},
	52: {taken: true, early: true, steps: []step{{0, paysWith(func(t *tx, s *session) {
		for n := range 3 {
			t.hook(s, note{after: n})
		}
	})}}},
	53: {taken: true, steps: []step{{1, paysWith(func(t *tx, s *session) {
		finished(t, s)
		old := s.clone()
		old.Status, old.Updated = stInProgress, old.Created
		for i := range old.Payouts {
			old.Payouts[i].Status, old.Payouts[i].Finished = poInProgress, time.Time{}
		}
		t.hook(old, note{after: 1})
	})}}},
	54: {taken: true, steps: []step{{1, func(t *tx, s *session) { t.pay(s) }}}},
	55: {taken: true, answer: ansHalf, steps: []step{{0, leaves}, {1, pays}}},
	56: {taken: true, answer: ans500, steps: []step{{0, leaves}, {1, pays}}},
	57: {answer: ansCut},
	58: {answer: ans502},
	59: {taken: true, answer: ansLate, steps: []step{{1, pays}}},
	60: {answer: ansRefuse, code: "invalid_request"},
	61: {answer: ansRefuse, code: "authentication_error"},
	62: {taken: true, steps: []step{
		{1, func(t *tx, s *session) {
			t.fail(s, "provider_timeout", "Provider did not answer in time")
			s.Status = stError
			s.Error = &refusal{"internal_error", "Internal error"}
			finished(t, s)
		}},
		{11, pays},
	}},
	63: {taken: true, steps: []step{{1, paysWith(func(t *tx, s *session) {
		wrong := s.clone()
		wrong.Payouts[0].Order.Amount += 100
		t.hook(wrong, note{})
		t.hook(s, note{after: 1})
	})}}},
	64: {taken: true, steps: []step{{1, paysWith(func(t *tx, s *session) {
		t.hook(s, note{wrongKey: true})
		t.hook(s, note{})
	})}}},
	65: {taken: true, steps: []step{{1, pays}}},
	66: {taken: true, steps: []step{
		{1, func(t *tx, s *session) {
			s.Payouts[0].Status, s.NextAction = poPending, "confirm"
			t.touch(s)
			t.hook(s, note{typ: hookReady})
		}},
		{30, func(t *tx, s *session) {
			if s.Payouts[0].Status == poPending {
				t.fail(s, "confirm_timeout", "Not confirmed in time")
				finished(t, s)
			}
		}},
		{-1, pays}, // d after a confirmation
	}},
	67: {taken: true, steps: []step{
		{1, pays},
		{4, func(t *tx, s *session) {
			t.giveBack(s, s.Payouts[0].Order.Amount)
			t.hook(s, note{typ: hookRefunded})
		}},
	}},
	68: {taken: true, steps: []step{
		{1, func(t *tx, s *session) {
			t.fail(s, "account_not_found", "Recipient account not found")
			finished(t, s)
		}},
		{6, pays},
	}},
	69: {answer: ansRedirect},
	70: {taken: true, answer: ansCut, steps: []step{{15, pays}}},
	71: {answer: ansHold},
	72: {taken: true, answer: ansHold, steps: []step{{0, leaves}, {1, func(t *tx, s *session) { t.pay(s) }}}},
	73: {answer: ansRefuse, code: "idempotency_key_already_exists"},
	74: {taken: true, answer: ansRefuse, code: "authentication_error", steps: []step{{0, leaves}, {1, pays}}},
	75: {taken: true, after: true, steps: []step{
		{1, func(t *tx, s *session) {
			foreign := s.clone()
			foreign.ID, foreign.Status = t.id("ps"), stAccepted
			p := &foreign.Payouts[0]
			p.ID, p.Status, p.Finished = t.id("po"), poSucceeded, t.now
			foreign.Updated = t.now
			t.hook(foreign, note{group: s.ID})
		}},
		{2, pays},
	}},
	76: {answer: ansRefuse, code: "insufficient_wallet_balance"},
	77: {taken: true, steps: []step{{1, func(t *tx, s *session) {
		second := s.Payouts[0]
		second.ID = t.id("po")
		s.Payouts = append(s.Payouts, second)
		t.pay(s)
		finished(t, s)
	}}}},
	78: {taken: true, steps: []step{{1, paysWith(func(t *tx, s *session) {
		before := s.clone()
		t.giveBack(s, s.Payouts[0].Order.Amount/3)
		t.hook(s, note{typ: hookRefunded})
		t.hook(before, note{after: 1})
	})}}},
}
