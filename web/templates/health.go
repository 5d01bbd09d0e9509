package templates

// HealthView is the state of the desk itself.
type HealthView struct{ Checks []HealthCheck }

// HealthCheck is one line of it.
type HealthCheck struct {
	Code, State      string // codes, for tests
	Name, Word, Says string
	Doubt            bool
}
