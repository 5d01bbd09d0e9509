// Package bankreport reads the bank's daily payouts report: what the bank says it paid and got back on one full day. A pure function from bytes to rows:
// it must not know storage, pages, the network or the clock, nor which payout a row is about.
//
// What the bank documents (bank131-api.md §5): CSV, XLSX or ZIP, named <Project>_YYYY-MM-DD_YYYY-MM-DD, empty when there was nothing, perhaps split; only
// successful payouts ("Advice") and returns ("Refund"); decimals are roubles. The list of columns is cut in what we could read, so columns are found by
// their heads, whatever their order, and unknown ones are kept as they are.
//
// A file is taken whole or not at all: every row that cannot be read is named with its part, row, column and a code, up to a cap, and one of them refuses
// all. Rows are handed out one by one, so that a file of any length takes the memory of one row (and of the packed file itself). Sums are read from their
// digits into kopecks, never by way of a float.
package bankreport
