package lang

// StepTexts are the words about the calls of the stepwise flow, and about what the bank says that it took.
type StepTexts struct {
	// Calls by their names in the protocol; Done of an answer that says yes; {1} is a time, {2} how it went.
	Calls             map[string]string
	Line, Done, Waits string
	Took, TookFull    string // {1} sum, {2} last 4 of the account, {3} name, {4} purpose
	Fee               string
}

var (
	stepsRU = StepTexts{
		Calls: map[string]string{"create": "Сессия банка открыта", "start": "Выплата передана в сессию", "confirm": "Выплата подтверждена нами", "cancel": "Сессия банка отменена нами"},
		Line:  "{1}: {2}", Done: "принято", Waits: "ответа ещё нет",
		Took: "Банк принял", TookFull: "{1}, {2}, {3}, «{4}»", Fee: "Комиссия банка",
	}
	stepsEN = StepTexts{
		Calls: map[string]string{"create": "Bank session opened", "start": "Payout put into the session", "confirm": "Confirmed by us", "cancel": "Bank session cancelled by us"},
		Line:  "{1}: {2}", Done: "accepted", Waits: "no answer yet",
		Took: "The bank took", TookFull: "{1}, {2}, {3}, “{4}”", Fee: "Fee of the bank",
	}
)

// Steps are the words about the stepwise flow.
func (t *Texts) Steps() *StepTexts { return pick(t, &stepsRU, &stepsEN) }

func init() { addRoom("steps", &stepsRU, &stepsEN) }
