// Package bankdetails knows what a payee's bank details may look like: BIK, account, INN, KPP, names and
// purposes. It is pure: no clock, no storage, no words; faults carry codes that internal/lang turns into
// sentences. It must not know payouts, their states or the bank's protocol.
//
// Two answers, kept apart. A fault refuses: the bank would refuse it too, or nobody can read what it says. A
// Warning asks: it may be right, so a maker ticks it and every approver sees it. The control key of an account
// is only a warning, because the bank's own documented example fails it.
//
// Where the rules come from: "bank131-api §2" and "§12" in comments are the sections of our notes on the
// bank's public documentation; [GEN] there is general knowledge of Russian banking, [UNK] what nobody could
// find out. What is unknown is never refused by us but for characters that no reader could see.
//
// Decisions, November 2026:
//   - Text is brought to NFC and every kind of space (no-break, thin, …) becomes the plain one, because it
//     looks the same to the approver and the bank's character set is unknown. Nothing else is changed.
//   - An INN's length is not tied to the kind of account: foreign companies and farms break every such rule.
//     Only an INN of zeros, which passes the check digits, is refused.
//   - A run of more than two combining marks is refused like an invisible character: it paints over the lines
//     around it. Russian and European names need none at all once composed.
//
// Third-party import: golang.org/x/text/unicode/norm.
package bankdetails
