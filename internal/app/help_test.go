package app_test

import (
	"testing"

	"countersign/internal/auth"
)

func rolesOf(t testing.TB, names string) []auth.Role {
	t.Helper()
	r, err := auth.ParseRoles(names, true)
	must(t, err)
	return r
}
