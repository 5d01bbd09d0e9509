// Package protocol is asking the bank as a pure function: what an answer, a webhook or a fetched status means, and
// what the set of all evidence about one payout comes to. No I/O, no clock, no JSON: internal/bank131 turns bytes into
// the values here, internal/app keeps them and does what an Action says.
//
// The one rule that everything serves: the state after the claim is a function of the *set* of evidence, computed anew on
// each arrival, so the order and the number of arrivals cannot matter (promises.md A.2 #8). Fold is that function.
//
// Decisions of ours where design.md leaves room, with the reason:
//   - A credential refusal stops counting against a later "paid" once a later attempt of the same payout was taken by an
//     answer of our own: otherwise every payout resent after repaired credentials would need review.
//   - A second credential refusal of the same payout is an ordinary refusal.
//   - Only HTTP 200 can mean "taken"; other 2xx have not been seen from this bank and count as unknown.
//   - "Ten banking days" and "fifteen minutes" are measured at the time of a fetched status, so that they belong to the evidence.
//     Which days are banking days is the calendar's as entered now: a transfer entered late counts from the next arrival on.
//   - A session of ours that the bank shows beside a refusal, or beside a proof that nothing was sent, is flagged whatever it says.
//   - Once evidence moved a payout (a webhook before our answer), a later proof of "not sent" cannot bring it back to the people:
//     evidence goes on governing it, flagged.
//   - A fetched status without a readable updated_at counts as of the moment it was fetched; a webhook without one as the oldest.
//   - "Second session" and "never asked" halt once, when they become known, not again at every poll.
//
// The stepwise flow (step.go) is promises.md's "P2F fenced". Decisions of ours in it:
//   - While no money can leave yet the payout stays "sending", whatever was lost, and may go back to the people once its session is fetched cancelled. Only a shot
//     (confirm in required mode, start in auto mode) that stays in doubt makes it unknown. From there the same confirm may be repeated on the same session, or the
//     session cancelled; no further one is opened.
//   - Create and cancel may be repeated: the one opens an empty session, the other is the fence. A session is left only when it was fetched cancelled.
//   - A start that was refused, or that had no connection, is fenced like one that was lost, before the payout is called not paid or goes back.
//   - Three sessions used up: not paid, confirmed, since each of them is fetched cancelled.
//   - A bank that works for 15 minutes on a session without asking for our confirm counts as moving it without us, and so does one that paid: sending stops.
//   - Before the shot a name or a purpose that comes back otherwise than approved is a difference, and the session is cancelled; after it, it only warns.
//   - After a ruling of people, or in a restored copy, nothing is confirmed any more; a session that still waits is cancelled.
package protocol
