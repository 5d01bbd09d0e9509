package lang

import (
	"countersign/internal/fault"
)

var (
	russianFaults = map[string]string{}
	englishFaults = map[string]string{}
)

func (t *Texts) Fault(f *fault.Error) string { return f.Code }
