// Package config reads the command line and the environment of `dashboard` into one struct a
// command, checks it and says in one line each what is wrong or missing, all at once.
//
// Every flag has a twin in the environment: --bank-url is DASHBOARD_BANK_URL; the flag wins. Keys
// and passwords come from files only, and a key pasted where a path belongs is refused unseen.
//
// It must not know what the commands do: it opens no database, parses no key, and imports none of
// our packages. It reads no environment of its own, starts nothing and never exits; [Parse] is
// given the environment and returns the exit code.
//
// Decisions.
//   - Nothing is `required` to kong and wrong numbers and durations do not stop it, because it stops at
//     the first mistake and an operator deserves the whole list.
//   - `audit verify` answers a wrong command line with 3, since its 1 and 2 are verdicts on a
//     history; all others answer with 2.
//   - A private key file that others can read is a warning and not an error: secrets mounted into
//     containers often are. So is an anchor beside its database: the desk works, it only proves less.
//   - demo and banksim take an address without a host (":0") as 127.0.0.1; serve takes it as it is:
//     every interface.
package config
