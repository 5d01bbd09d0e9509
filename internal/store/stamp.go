package store

import (
	"context"
	"errors"
	"time"

	"countersign/internal/audit"
	"countersign/internal/store/queries"
)

// metaStamped says that this database has been stamped: a stamp that is gone is from then on as good as an old one.
const metaStamped = "stamped"

// How old a stamp may be, and how far ahead: a machine's clock may be set a little.
const (
	stampOld   = 15 * time.Minute
	stampAhead = 2 * time.Minute
)

// compareStamp says why another copy of this database may have run since it was stamped: "old", "ahead", "machine", "missing", "unreadable"; "" when none
// may have. Only a desk that stamps asks, and only one whose people ever submitted something: before that no copy can have paid.
func (s *Store) compareStamp(ctx context.Context) (string, error) {
	if s.o.Machine == "" || s.o.Anchor == "" {
		return "", nil
	}
	if any, err := s.w.Submitted(ctx); err != nil || !any {
		return "", err
	}
	m, err := s.meta(ctx)
	if err != nil {
		return "", err
	}
	st, err := audit.ReadStamp(audit.StampPath(s.o.Anchor), audit.VerifierFor(s.o.Signer))
	now := s.o.Now()
	switch {
	case errors.Is(err, audit.ErrStampMissing):
		if m[metaStamped] == "" {
			return "", nil
		}
		return "missing", nil
	case err != nil:
		s.o.Log.Error("the anchor's stamp cannot be read", "error", err)
		return "unreadable", nil
	case st.Machine != s.o.Machine, st.Incarnation != s.incarn:
		return "machine", nil
	case now.Sub(st.At) > stampOld:
		return "old", nil
	case st.At.Sub(now) > stampAhead:
		return "ahead", nil
	}
	return "", nil
}

// firstStamp stamps at a start, and has a stamp that is gone missed from then on. A stamp that cannot be written is told of each minute.
func (s *Store) firstStamp(ctx context.Context) error {
	if s.o.Machine == "" || s.o.Anchor == "" || s.quarantine != "" || s.risk != "" {
		return nil
	}
	if err := s.Stamp(); err != nil {
		s.o.Log.Error("the anchor's stamp cannot be written", "error", err)
		return nil
	}
	return s.w.SetMeta(ctx, queries.SetMetaParams{Name: metaStamped, Value: "1"})
}

// CopyRisk says why another copy of this database may have run since it was stamped last; "" when none may have, or two people said that none did.
func (s *Store) CopyRisk() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.risk
}

// EndCopyRisk notes that two people said that no other copy ran, and stamps.
func (s *Store) EndCopyRisk() error {
	s.mu.Lock()
	s.risk = ""
	s.mu.Unlock()
	return s.Stamp()
}

// Stamp says beside the anchor that this copy, on this machine, runs now. Not while another may have run, nor from quarantine: the stamp stays as it was
// until two people have said that this one is to go on.
func (s *Store) Stamp() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.Machine == "" || s.o.Anchor == "" || s.quarantine != "" || s.risk != "" {
		return nil
	}
	return audit.WriteStamp(audit.StampPath(s.o.Anchor), audit.Stamp{Incarnation: s.incarn, Machine: s.o.Machine, At: s.o.Now()}, s.o.Signer)
}
