// Package recheck counts approvals again, from the history alone: an auditor's own arithmetic, for `audit verify --approvals` and for the oracle of the
// tests. It is fed every event in order and says which decision, which claim and which change of rules, people or payees could not have been.
//
// What it must not know: the engine (internal/approval), the use cases and the store. It shares no rule with them but the documents that
// people agreed to and the promise of what a digest covers; whoever makes the engine count wrongly has not made this count wrongly.
package recheck
