package lang

// FundsTexts are the words about the balance of our account at the bank.
type FundsTexts struct {
	Line    string // overview: «На счёте в банке {1} ({2})»; {1} a sum, {2} a moment
	Enough  string // all that is approved is covered
	Short   string // {1}: what is missing for all that is approved
	Unknown string // asked, and not told since {1}
	Never   string // asked, never told
	Note    string // decision page: {1} a sum, {2} a moment
	TooFew  string // decision page: the same, and this payout is more
	Waits   string // a held payout: {1} what is there, {2} when it was asked
}

var russianFunds = FundsTexts{
	Line: "На счёте в банке {1}\u00a0₽, {2}.", Enough: "На согласованные выплаты хватает.", Short: "На согласованные выплаты не хватает {1}\u00a0₽.",
	Unknown: "Остаток на счёте в банке неизвестен: на запрос {1} банк его не назвал. Отправка идёт.", Never: "Остаток на счёте в банке ещё не известен.",
	Note: "На счёте в банке {1}\u00a0₽ ({2}).", TooFew: "На счёте в банке {1}\u00a0₽ ({2}): меньше суммы выплаты. После согласования она подождёт пополнения.",
	Waits: "На счёте в банке {1}\u00a0₽ ({2}): на эту выплату и на те, что ждут дольше, не хватает. Уйдёт сама после пополнения, сначала самые давние.",
}

var englishFunds = FundsTexts{
	Line: "{1}\u00a0₽ on the account at the bank, {2}.", Enough: "It covers all approved payouts.", Short: "The approved payouts need {1}\u00a0₽ more.",
	Unknown: "The balance at the bank is not known: asked {1}, the bank did not tell it. Sending goes on.", Never: "The balance at the bank is not known yet.",
	Note: "{1}\u00a0₽ on the account at the bank ({2}).", TooFew: "{1}\u00a0₽ on the account at the bank ({2}): less than this payout. Once approved it waits for funds.",
	Waits: "{1}\u00a0₽ on the account at the bank ({2}): too little for this payout and those that have waited longer. It leaves by itself once there is enough, the oldest first.",
}

// Funds returns the words about the balance.
func (t *Texts) Funds() *FundsTexts { return pick(t, &russianFunds, &englishFunds) }

func init() { addRoom("funds", &russianFunds, &englishFunds) }
