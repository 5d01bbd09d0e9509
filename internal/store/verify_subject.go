package store

import (
	"slices"
	"strings"

	"countersign/internal/app"
	"countersign/internal/approval"
	"countersign/internal/audit"
	"countersign/internal/payout"
)

type subjectKey struct {
	kind, id string
	version  int
}

// proposalFact is one version of a subject other than a payout as its events tell it.
type proposalFact struct {
	seq       int64
	op, doc   string // doc is the hash
	file      string // the hash of the file beside it
	base      int
	concerns  string
	effectAt  int64
	subject   subjectFact
	decisions []decisionFact
	end       endFact
}

type endFact struct {
	state, person, email string
	at                   int64
}

// ends names how each closing event ends a proposal.
var ends = map[string]string{"effective": app.Effective, "rejected": app.Refused, "withdrawn": app.Withdrawn, "expired": app.Lapsed, "stopped": app.Stopped}

// proposalVerb says what an event does to a proposal, if it is about one.
func proposalVerb(e audit.Event) (verb string, is bool) {
	kind := approval.Kind(e.Kind)
	if kind == approval.Payout || kind == approval.Release || !slices.Contains(approval.Kinds(), kind) {
		return "", false
	}
	verb, is = strings.CutPrefix(e.Action, e.Kind+".")
	if !is {
		return "", false
	}
	switch verb {
	case "proposed", "founded", "approved", "taken_back":
		return verb, true
	}
	return verb, ends[verb] != ""
}

// proposal follows one version of a subject from its proposal to its end: an event that could not have come now is found here.
func (c *checker) proposal(e audit.Event, f facts, verb string) error {
	key := subjectKey{e.Kind, e.Subject, e.Version}
	at := toMicro(e.At)
	p := c.subs[key]
	switch verb {
	case "proposed", "founded":
		if p != nil || c.open[[2]string{e.Kind, e.Subject}] != 0 {
			return broken("a version of %s is open already", e.Kind)
		}
		p = &proposalFact{seq: e.Seq, op: f.Op, doc: f.Doc, file: f.File, base: f.Base, concerns: list(f.Concerns), effectAt: f.EffectAt,
			subject: subjectFact{digest: f.Digest, acks: list(f.Acks), rules: f.RuleSet, person: e.Person, email: e.SignIn, at: at}}
		c.subs[key] = p
		if verb == "founded" {
			p.end = endFact{app.Effective, e.Person, e.SignIn, at}
			c.founded = true
			if f.Environment != "" {
				c.place = &payout.Place{Environment: f.Environment, Project: f.Project}
			}
			return nil
		}
		c.open[[2]string{e.Kind, e.Subject}] = e.Version
		return nil
	}
	if p == nil || c.open[[2]string{e.Kind, e.Subject}] != e.Version {
		return broken("this version of %s is not open", e.Kind)
	}
	if f.Digest != p.subject.digest {
		return broken("decided about another content of %s than was proposed", e.Kind)
	}
	d := decisionFact{person: e.Person, email: e.SignIn, digest: f.Digest, factor: f.Factor, batch: f.Batch, proof: f.Proof, rules: f.Rules, at: at}
	switch verb {
	case "approved":
		d.answer = string(approval.Yes)
	case "taken_back":
		d.answer = string(approval.Back)
	case "rejected":
		d.answer = string(approval.No)
	}
	if d.answer != "" {
		p.decisions = append(p.decisions, d)
	}
	if state := ends[verb]; state != "" {
		p.end = endFact{state, e.Person, e.SignIn, at}
		delete(c.open, [2]string{e.Kind, e.Subject})
	}
	return nil
}

// proposalRows compares every proposal with its events, and adds up how many rows there must be.
func (c *checker) proposalRows(total map[string]int64) error {
	total["proposal"], total["proposal_end"], total["proposal_open"] = int64(len(c.subs)), 0, int64(len(c.open))
	total["subject"] += int64(len(c.subs))
	bySubject := map[[2]string]map[int]*proposalFact{}
	for key, p := range c.subs {
		total["decision"] += int64(len(p.decisions))
		if p.end.state != "" {
			total["proposal_end"]++
		}
		k := [2]string{key.kind, key.id}
		if bySubject[k] == nil {
			bySubject[k] = map[int]*proposalFact{}
		}
		bySubject[k][key.version] = p
	}
	for k, versions := range bySubject {
		subjects, decisions := map[int]subjectFact{}, map[int][]decisionFact{}
		seq := int64(0)
		for v, p := range versions {
			seq = max(seq, p.seq)
			subjects[v], decisions[v] = p.subject, p.decisions
			if err := c.oneProposal(k[0], k[1], v, p); err != nil {
				return err
			}
		}
		if err := c.subjects(approval.Kind(k[0]), k[1], seq, subjects); err != nil {
			return err
		}
		if err := c.decisions(approval.Kind(k[0]), k[1], seq, decisions); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) oneProposal(kind, id string, version int, want *proposalFact) error {
	p, err := proposalAt(c.ctx, c.q, approval.Kind(kind), id, version)
	if err != nil {
		return at(want.seq, "version %d of %s is gone", version, kind)
	}
	concerns := ""
	if err := c.tx.QueryRowContext(c.ctx, "SELECT concerns FROM proposal WHERE kind = ? AND id = ? AND version = ?", kind, id, version).Scan(&concerns); err != nil {
		return err
	}
	end := endFact{p.State, p.EndedBy.Person, p.EndedBy.SignIn, toMicro(p.EndedAt)}
	if p.Op != want.op || hash(p.Doc) != want.doc || p.Base != want.base || concerns != want.concerns || toMicro(p.EffectAt) != want.effectAt || end != want.end {
		return at(want.seq, "version %d of %s is not what was proposed, or ended otherwise", version, kind)
	}
	if c.place != nil && app.DigestOfProposal(*c.place, p) != p.Digest {
		return at(want.seq, "version %d of %s is not what its digest says", version, kind)
	}
	if err := c.private(p); err != nil {
		return at(want.seq, "version %d of %s: %v", version, kind, err)
	}
	var openAt, openEffect int64
	err = c.tx.QueryRowContext(c.ctx, "SELECT at, effect_at FROM proposal_open WHERE kind = ? AND id = ? AND version = ?", kind, id, version).Scan(&openAt, &openEffect)
	switch open := want.end.state == ""; {
	case none(err):
		if open {
			return at(want.seq, "the mark of the open version %d of %s is gone", version, kind)
		}
	case err != nil:
		return err
	case !open || openAt != want.subject.at || openEffect != want.effectAt:
		return at(want.seq, "the mark of the open version %d of %s is wrong", version, kind)
	}
	return nil
}

// private proves the personal values beside a document by the document's commitments; values that were cleared prove nothing and are allowed.
func (c *checker) private(p app.Proposal) error {
	switch p.Kind {
	case approval.Limit:
		_, err := approval.ParseLimits(p.Doc, p.Private, p.Commit)
		return err
	case approval.Rules:
		_, err := approval.ParseRuleSet(p.Doc)
		return err
	}
	return nil
}
