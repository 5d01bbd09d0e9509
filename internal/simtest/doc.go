// Package simtest drives the whole desk (real use cases, store, dispatcher, intake and pretend bank) through its steps from one goroutine, with a clock, a
// network, a disk and people that a seed decides on, and judges what came of it by the bank's own ledger. It holds nothing but tests.
package simtest
