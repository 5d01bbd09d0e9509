package app

import (
	"encoding/json"
	"slices"
	"strings"

	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/payout"
)

// stood is what a person was from one event of the history on.
type stood struct {
	seq int64
	was approval.Was
}

// asGiven says of each yes what its giver was when giving it, where they have gained a role or a group since: somebody who joins a group, or becomes a senior, later has
// not given an approval as such. The order is that of the history: no clock has a part in it.
func (f *Frame) asGiven(id payout.ID, ds []approval.Decision) ([]approval.Decision, error) {
	var events []audit.Event
	out := ds
	for i, d := range ds {
		s := f.Signer(d.Person)
		if d.Answer != approval.Yes || s.Version <= 1 {
			continue
		}
		past, err := f.app.stoodAs(f.m, s)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(past, func(p stood) bool { return grew(p.was, s) }) {
			continue
		}
		if events == nil {
			if events, err = f.m.EventsOf(string(approval.Payout), string(id)); err != nil {
				return nil, err
			}
			out = slices.Clone(ds)
		}
		// The n-th yes of a person to this content is their n-th event of it. One that has no event yet is being given now.
		n, seq := 0, int64(0)
		for _, o := range ds {
			if o.Person == d.Person && o.Digest == d.Digest && o.Answer == approval.Yes && o.Seq <= d.Seq {
				n++
			}
		}
		for _, e := range events {
			if e.Action == payout.ActApproved && e.Person == d.Person && factString(e.Payload, "digest") == d.Digest {
				if n--; n == 0 {
					seq = e.Seq
				}
			}
		}
		if seq == 0 {
			continue
		}
		was := approval.Was{}
		for _, p := range past {
			if p.seq < seq {
				was = p.was
			}
		}
		out[i].Was = &was
	}
	return out, nil
}

// grew reports whether a person decides now as something that they were not then.
func grew(then approval.Was, now approval.Signer) bool {
	was := approval.Signer{Roles: then.Roles}
	for _, r := range []approval.Role{approval.Approver, approval.Senior, approval.Admin} {
		if now.Has(r) && !was.Has(r) {
			return true
		}
	}
	return slices.ContainsFunc(now.Groups, func(g string) bool { return !slices.Contains(then.Groups, g) })
}

// stoodAs reads what a person was, oldest first, from the history.
func (a *App) stoodAs(m measures, s approval.Signer) ([]stood, error) {
	type key struct {
		id      string
		version int
	}
	if v, ok := a.stands.Load(key{s.ID, s.Version}); ok {
		return v.([]stood), nil
	}
	events, err := m.EventsOf("person", s.ID)
	if err != nil {
		return nil, err
	}
	out, last := []stood{}, 0
	for _, e := range events {
		var x struct {
			Roles   *string  `json:"roles"`
			Groups  []string `json:"groups"`
			Version int      `json:"person_version"`
		}
		if err := json.Unmarshal(e.Payload, &x); err != nil {
			return nil, err
		}
		if x.Roles == nil {
			continue
		}
		w := approval.Was{Groups: x.Groups}
		for _, r := range strings.Split(*x.Roles, ",") {
			w.Roles = append(w.Roles, approval.Role(r))
		}
		out, last = append(out, stood{e.Seq, w}), x.Version
	}
	if last == s.Version { // what is being written now has no event yet
		a.stands.Store(key{s.ID, s.Version}, out)
	}
	return out, nil
}
