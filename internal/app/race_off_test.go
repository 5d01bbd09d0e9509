//go:build !race

package app_test

// raceOn: the race detector makes SQLite ten times slower, so that the long walks are shorter under it.
const raceOn = false
