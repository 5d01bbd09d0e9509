package store_test

import (
	"testing"

	"countersign/internal/store"
)

func TestApprovalsHold(t *testing.T) {
	d := lived(t)
	r, err := store.CheckApprovals(t.Context(), d.DB())
	must(t, err)
	t.Logf("%+v", r)
}
