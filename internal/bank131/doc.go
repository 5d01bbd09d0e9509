// Package bank131 is the wire to Bank 131: it signs and sends requests, checks signatures of what comes back, and turns
// bytes into the values of internal/protocol. It decides nothing: what an answer means is protocol.Classify, what a
// session means is protocol.Read.
//
// It must not know payouts, people, storage or any clock of its own: time comes in as Options.Now and arguments.
//
// Three traps it is built around, each with a test:
//   - Over HTTP/2 Go itself re-sends a request body when the server resets the stream (about a thousand times in 4 s), and a
//     307 makes Go's client POST the body again. The writing call therefore has a transport of its own that speaks HTTP/1.1
//     only, never keeps a connection, cannot rewind its body and follows no redirect.
//   - encoding/json takes "AMOUNT" for "amount" and the last of two equal keys. Everything the bank says is read by the strict
//     parser in json.go instead, which refuses doubled and case-variant keys.
//   - "Proved not sent" is worth money: it is only ever said when httptrace never reported a connection.
//
// Decisions of ours where the documents leave room:
//   - A message that names both v1 and v2 fields, or whose amounts are not whole numbers, is a problem, not a guess.
//   - A status call counts as "refused" (which disowns a session) only for HTTP 400, 403 or 404 with a JSON error that is neither
//     about credentials nor about a fault at the bank; everything else is "down" and moves nothing.
//   - An answer with a Content-Encoding is never decoded: we did not ask for one.
package bank131
