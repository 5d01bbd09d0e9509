// Package archtest holds one test: the table of who may import whom, and bans that the compiler does not know. It holds no code.
package archtest
