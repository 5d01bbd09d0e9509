// Package auth is people and their sign-ins as values: roles, passwords, sign-in tokens, the
// brake on guessing and the mark of a browser that has signed in before.
//
// It must not know HTTP, cookies, SQL or payouts: the web layer carries the values, the store
// keeps them, and who may do what to which subject is decided in app. It reads no clock; time and,
// but for the salts that the argon2id library draws itself, randomness are passed in.
//
// A person is a human being, a sign-in is an e-mail address they use, and a [SignIn] is one
// browser signed in with it. A "session" is always the bank's and is not found here.
//
// Decisions.
//   - Hashing is bounded (two at once, a short queue) and a full queue is ErrBusy, because 46 MiB
//     and 40 ms an attempt are otherwise a gift to anybody who can reach the form.
//   - [Throttle] counts an attempt before its password is looked at, so that a hundred attempts at
//     once are not a hundred free ones.
//   - A known browser is never throttled, so nobody can lock a colleague out by typing their
//     address; its mark is bound to the person and is worth nothing against another.
package auth
