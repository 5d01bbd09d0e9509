// Package app is the use cases of the desk: what a person, the bank or a worker can make happen, each as one function that
// judges and writes inside one transaction. It owns the interfaces it needs of the outside: Store, Notifier, Wire, IDs come in
// through Options.
//
// The choke point: a writing transaction is opened by App.commit alone, and before anything else runs in it authorize(actor, action, subject) lets
// the actor in or refuses. The actor is a person through their sign-in, read anew in that transaction, or a Party: a worker, the console, the bank's
// intake, a browser that nobody has signed in with. What no table of authorize.go lists is refused, and so is an unknown actor. It judges what the actor's
// standing and the kind of the subject decide; what takes the subject's row (whose payout it is, who said yes already, which rules it needs) is judged
// after it, by the use case in the same transaction. It keeps use cases from forgetting to ask: a Party is the program's own word for which part of it
// writes, no secret that code in this package could not take, and the console is whoever may run the program on its machine. Three writes of
// the store's own pass no authorize: when a sign-in was used last, the ring of refused messages, and an empty commit. Reading passes May, by the router.
//
// What it must not know: SQL, HTTP, JSON of the bank, words of pages. The bank is never called from here: a claimed
// attempt, committed, is the only promise to call.
package app
