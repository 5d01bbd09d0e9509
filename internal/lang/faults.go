package lang

var (
	russianFaults = map[string]string{}
	englishFaults = map[string]string{}
)
