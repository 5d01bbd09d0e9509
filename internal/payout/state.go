package payout

// State is one of the states of design.md. The string is what is stored and what data-status shows.
type State string

// The states. Succeeded means executed by the bank, not yet credited.
const (
	Draft           State = "draft"
	PendingApproval State = "pending_approval"
	Approved        State = "approved"
	Sending         State = "sending"
	InProgress      State = "in_progress"
	Succeeded       State = "succeeded"
	Failed          State = "failed"
	Unknown         State = "unknown"
	Returned        State = "returned"
	Rejected        State = "rejected"
	Cancelled       State = "cancelled"
	Expired         State = "expired"
)

// States lists every state in the order of a payout's life.
func States() []State {
	return []State{Draft, PendingApproval, Approved, Sending, InProgress, Succeeded, Failed, Unknown, Returned, Rejected, Cancelled, Expired}
}

// Edge is one allowed move. By is "maker", "approver", "system", "dispatcher" or "evidence".
type Edge struct {
	From, To State
	By       string
}

// Edges is the whole table; whatever is not in it is refused here and again by the database. Except for
// Sending → Approved, which means that nothing was taken, no edge leads from a sent state to a sendable one.
func Edges() []Edge {
	e := []Edge{
		{"", Draft, "maker"},
		{Draft, Draft, "maker"},
		{Draft, PendingApproval, "maker"},
		{PendingApproval, Draft, "maker"}, {Approved, Draft, "maker"},
		{PendingApproval, Draft, "approver"},
		{PendingApproval, Approved, "approver"},
		{PendingApproval, Rejected, "approver"}, {Approved, Rejected, "approver"},
		{Draft, Cancelled, "maker"}, {PendingApproval, Cancelled, "maker"}, {Approved, Cancelled, "maker"},
		{PendingApproval, Expired, "system"}, {Approved, Expired, "system"},
		{Approved, PendingApproval, "approver"}, {Approved, PendingApproval, "system"},
		{Approved, Sending, "dispatcher"},
		{Sending, Approved, "dispatcher"},
		{Sending, Failed, "dispatcher"}, {Sending, InProgress, "dispatcher"}, {Sending, Unknown, "dispatcher"},
		{InProgress, Unknown, "evidence"}, {Unknown, InProgress, "evidence"},
	}
	for _, from := range []State{Sending, InProgress, Unknown} {
		for _, to := range []State{Succeeded, Failed, Returned} {
			if from == Sending && to == Failed {
				continue // the dispatcher's own edge above
			}
			e = append(e, Edge{from, to, "evidence"})
		}
	}
	e = append(e,
		Edge{Sending, Failed, "evidence"}, Edge{Sending, InProgress, "evidence"}, Edge{Sending, Unknown, "evidence"},
		Edge{Succeeded, Unknown, "evidence"}, Edge{Failed, Unknown, "evidence"},
		Edge{Succeeded, Returned, "evidence"},
		Edge{Failed, Succeeded, "evidence"}, Edge{Failed, Returned, "evidence"},
	)
	// A fetched status with our reference for a payout that was never, or provably not, sent.
	for _, from := range []State{Draft, PendingApproval, Approved, Rejected, Cancelled, Expired} {
		e = append(e, Edge{from, Unknown, "evidence"})
	}
	return e
}

var edgeSet = func() map[[2]State]bool {
	m := map[[2]State]bool{}
	for _, e := range Edges() {
		m[[2]State{e.From, e.To}] = true
	}
	return m
}()

// CanMove reports whether the table has an edge from one state to the other, by anybody.
func CanMove(from, to State) bool { return edgeSet[[2]State{from, to}] }

// Sent reports whether the bank may have been asked: the states that only evidence can leave.
func (s State) Sent() bool {
	switch s {
	case Sending, InProgress, Succeeded, Failed, Unknown, Returned:
		return true
	}
	return false
}

// Open reports whether money may be moving or may have moved with nobody sure yet.
func (s State) Open() bool { return s == Sending || s == InProgress || s == Unknown }

// Waiting reports whether people still decide: nothing was sent.
func (s State) Waiting() bool { return s == Draft || s == PendingApproval || s == Approved }

// Ended reports whether it ended without the bank.
func (s State) Ended() bool { return s == Rejected || s == Cancelled || s == Expired }
