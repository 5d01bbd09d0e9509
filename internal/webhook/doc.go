// Package webhook takes the bank's messages in: limit, verify, store raw, answer. Nothing is parsed before the signature holds, and
// nothing is applied before the bank has its 200; Applier does that afterwards, one stored message a Step.
//
// It must not know what a message means, whose payout it is about, or SQL. Verifying and storing are interfaces, which bank131 and
// app fit.
//
// Answers are one short word: whoever sends here learns the status code and nothing else. 405 wrong method, 413 too large, 415 any
// Content-Encoding, 401 no, second or bad signature, 503 cannot take or store it now (the bank repeats), 200 once it is committed. 400
// goes to a sender that stopped in the middle of its body.
//
// Decisions of ours: a stop or a sender that hangs up does not tear a commit (it runs under a context of its own, with a limit); when all
// places are taken a message waits a moment before it is sent away with 503, so that a burst costs nobody a repeat.
package webhook
