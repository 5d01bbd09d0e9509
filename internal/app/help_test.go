package app_test

import (
	"slices"
	"testing"

	"countersign/internal/auth"
	"countersign/internal/fault"
	"countersign/internal/protocol"
)

func rolesOf(t testing.TB, names string) []auth.Role {
	t.Helper()
	r, err := auth.ParseRoles(names, true)
	must(t, err)
	return r
}

// noConn is the answer of a call that never had a connection.
var (
	noConn = protocol.Answer{}
	noRaw  = protocol.Raw{}
)

// isAny reports whether an error is one of these faults.
func isAny(err error, codes ...string) bool {
	return slices.ContainsFunc(codes, func(c string) bool { return fault.Is(err, c) })
}
