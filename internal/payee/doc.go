// Package payee is what a version of a saved recipient says: a person, a sole proprietor or a company, with their accounts and groups. It
// cleans and checks what was typed, binds one version in an impersonal document with commitments, shows two versions beside each other, and
// says since when an account has stood. It is pure: no clock, no randomness, no storage, no words; times and commitments come in as arguments.
//
// What it must not know: payouts, who may decide about a payee (internal/approval), how anything is stored (internal/store).
//
// Decisions, November 2026:
//   - An INN's length is tied to the kind of payee here, unlike in bankdetails: the kind is chosen, not guessed from the account.
//   - What the bank asks for by the account's kind (INN for 40802 and 40702, KPP for 40702) is asked for here too, or the payee could be
//     approved and never paid. A 40702 account on a payee who can have no KPP is refused at the account.
//   - Line numbers in field names count the typed lines, empty ones too, so that a message stands where the reader looks.
//   - Group names hold no comma and no semicolon: people type the list in one field, and a joined list reads back the same.
//   - A version whose personal part was erased counts as unknown, never as "had the account": guards get stricter, not laxer.
//   - The search text holds the last four digits of an account: a search over the whole number would tell it, digit by digit.
package payee
