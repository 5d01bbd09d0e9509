package protocol

import "time"

// Order is one claimed attempt: what the dispatcher may send, once, because the intent is committed.
type Order struct {
	Payout  string // id of the payout, ours
	Attempt int    // 1 and up, within the payout
	Key     string // idempotency key, the same for every attempt of one payout
	Body    []byte // exact bytes, as committed and signed
	// Expect is what was approved. It must be filled: the dispatcher classifies the answer with it to learn
	// whether the bank answers properly; an order without it is not sent.
	Expect Expect
	// CredentialBefore: this payout had a credential refusal already (see Classify).
	CredentialBefore bool
	// Step is the call of the stepwise flow, "" in the single one; StepN its number within the payout; Session the one it is about ("" for create).
	Step    StepCall
	StepN   int
	Session string
	// Deadline is when the desk calls the attempt lost if nobody has recorded an answer; zero means that the
	// client's own time-out is the only one. The call is cut there at the latest.
	Deadline time.Time
}

// Poll is one status call that is due.
type Poll struct {
	Session string // the bank's id, to ask about
	Payout  string // id of the payout it is asked for, ours
	AsOf    int    // how many steps of the payout had ended when it was handed out
}

// Echo is what the bank says that it took.
type Echo struct {
	Session, Payout       string // ids of the bank
	AmountMinor           int64  // kopecks
	Currency              string
	BIK, Account          string
	FullName, Description string
	// FeeMinor is amounts.fee.merchant_fee in kopecks; HasFee is false where the bank names none.
	FeeMinor int64
	HasFee   bool
}
