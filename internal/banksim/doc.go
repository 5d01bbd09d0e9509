// Package banksim is the pretend Bank 131: the bank's real protocol over real HTTP, signed both ways, with
// faults chosen by the last two digits of the amount (see Kopecks). Tests, `dashboard demo` and
// `dashboard banksim` run against it, and its ledger is the judge: it alone says how often money left.
//
// What it must not know: anything of the desk. It imports none of our packages and has wire types of its own,
// so that a misreading of the protocol in the desk cannot be repeated here unseen.
//
// # How it works
//
// Everything that happens later is a job with a due time: a step of a row's script, or a message (webhook) to
// post. Live, Run executes what is due and sleeps on one timer. Driven (Options.Driven, until GoLive), nothing
// runs by itself: Advance executes what is due by the injected clock and returns the messages.
//
// Every change is one line of JSON in DataDir/bank.jsonl, written whole and synced before its effect can be
// seen outside (answer, message, ledger). The memory is what replaying these lines gives, so kill -9 loses at
// most a torn last line, whose change nobody saw; it is cut off at the next start. Pending jobs go on then.
//
// # Decisions where the bank's documents are silent
//
//   - An idempotency key is burnt only by a request that was taken (a session or payout came of it). Refused,
//     cut and held requests that moved nothing leave it free, so that the ledger's count of requests, not the
//     key, shows a desk that asks twice. Its scope is the method (init, create, start), whichever version.
//     The header is optional, as in the bank's SDK.
//   - Checks come in this order: signature (401), project (403), body, key, fields, balance; then the kopecks.
//   - The project has automatic confirmation on: only row 66 asks for confirm. A second start on a session is
//     refused (session_wrong_state). With Options.Confirm it is off: a started payout asks for confirm after d, its row's
//     steps begin with the confirmation, and without one it is cancelled after 240 minutes (as the sister platform's).
//     Where the row's answer strikes then, start or confirm, Options.On says; rows 52 and 75 answer plainly, row 66 pays.
//   - Only bank_account / ru with bik and account is spoken; tokens, cards, wallets and SBP are invalid_request.
//     `inn` is asked for 40702 (with `kpp`) and 40802, as the bank's table says; their digits are not checked.
//   - Messages of one payout keep their order: the next is not posted before the one before it got its 200 or
//     was given up. So rows 53, 63, 64, 75 and 78 come in the order they promise whatever the receiver does.
//   - A message is repeated at d, 2 d, 4 d … at most 30 d apart (and up to 10 % more) until it gets 200, and
//     given up after 900 d, but never before 30 minutes. Row 64's wrongly signed one only until any answer.
//   - Messages carry `bic` under v1 names, as the bank's example does, and `bik` under v2 names; answers `bik`.
//   - The answer shows the payout as it was when taken, however late it leaves (rows 52, 59).
//   - `status` in the ledger is the bank's word for the payout, or not_taken.
//   - Held connections (71, 72) are cut after ten minutes.
package banksim
