package app_test

import (
	"testing"

	"countersign/internal/auth"
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
