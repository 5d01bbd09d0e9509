// Package audit is the history: an append-only log of events as a Merkle tree
// (golang.org/x/mod/sumdb/tlog), whose size and root are signed
// (golang.org/x/mod/sumdb/note, Ed25519), so that an auditor can prove afterwards,
// without trusting the server, that nothing was changed, removed or slipped in.
//
// It is for three users: the store's writer ([Log], [SignHead]), which appends events and
// signs each commit; the start of the desk ([ReadAnchor], [CompareAnchor]), which refuses to
// send from a database older than its anchor; and `audit verify` ([Verify]).
//
// It must not know SQL, HTTP, payouts or people: an event's payload is opaque canonical JSON
// made by others. It reads no clock and no randomness; both are passed in. The only files it
// touches are the anchor's.
//
// Decisions.
//   - A leaf is the event's own canonical JSON, written by hand in a fixed field order and not
//     by reflection, because its bytes are a promise that outlives every version of this program.
//   - Canonical JSON here is RFC 8785 without numbers that are not int64 and with keys ordered
//     by their escaped bytes, so that "is it canonical" is one pass without memory.
//   - A head whose signature is right but whose base64 is spelt in another way is refused: one
//     head has one spelling, so a changed byte is always found.
//   - Cutting the tail back to an older kept head, together with every younger head, leaves a
//     database that proves itself. Only the anchor can tell, hence it lies outside the data folder.
package audit
