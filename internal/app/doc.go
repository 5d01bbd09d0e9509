// Package app is the use cases of the desk: what a person, the bank or a worker can make happen, each as one function that
// judges and writes inside one transaction. It owns the interfaces it needs of the outside: Store, Notifier, Wire, IDs come in
// through Options.
//
// What it must not know: SQL, HTTP, JSON of the bank, words of pages. The bank is never called from here: a claimed
// attempt, committed, is the only promise to call.
package app
