// Package payout is the life of one payout: its content, its versions, its states, and who may move it
// where. It is pure: no clock, no randomness, no SQL, no HTTP, no bank words. Time, ids, salts and actors
// come in as arguments; what happened comes out as an Event.
//
// What it must not know: how many approvals are needed (internal/approval), what the bank's answers mean
// (internal/protocol), how anything is stored (internal/store).
//
// The table of states and edges is design.md "Life of a payout"; Edges is that table and nothing else, and
// the database repeats it in allowed_transition.
package payout
