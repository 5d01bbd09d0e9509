//go:build !failpoint

package failpoint

// On reports whether this binary can be hurt.
const On = false

// Hit does nothing.
func Hit(string) {}

// Option is always "".
func Option(string) string { return "" }
