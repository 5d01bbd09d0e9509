// Package dispatch asks the bank on behalf of the desk. Each worker is a loop round Step(ctx) (did bool, err error), which a test can
// drive from one goroutine: Sender (claim, one call, record), Poller (status of known sessions), Expirer and Stale (both a line each).
//
// It must not know how anything is stored, what an answer does to a payout, or any page: it claims what the desk gives it, calls,
// and hands back what came. The desk commits the intent before Claim returns and the answer before Answered returns.
//
// The breaker is our own, not a library's, because its rules are about payments and not about load: it opens on the first call
// whose fate is not known, lets nothing through on a guess, is reopened for one claim at a time by a harmless call only, and closed only
// by a writing call that got a proper answer. See breaker.go.
//
// Decisions of ours where design.md leaves room:
//   - The first probe comes one interval after the breaker opened, not at once. The fast pace (5 s) lasts one minute from the moment
//     the breaker was last closed: a bank that answers balances but cuts payments loses one payout a minute to "unknown", not all.
//   - A lost create or cancel moves no money: it opens the breaker, but does not make the probes slow; a proper answer to one does not close it. The desk lets a payout
//     whose calls were lost rest (protocol.Rest), longer than a fast probe takes, so that the one claim of a half-open breaker is another's.
//   - Four status calls at a time: 400 open payouts at 200 ms each come round in 20 s. Poller.Step makes one.
//   - Half-open, "one at a time" counts the claims since then; an older call that still hangs does not stop them.
//   - After a credential refusal the balance is asked while sending is still stopped, so that the release finds it answered.
//   - Once claimed, an order is called even when the process is stopping (serve waits for it); with CutOnStop the call is cut, and
//     the cut is recorded at once.
package dispatch
