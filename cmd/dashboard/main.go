// Command dashboard is Countersign, the payout desk: serve, demo, the pretend bank and the console commands in one binary.
// This package is the only place that knows all rooms; it wires them together and holds no rules.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Moscow must be there on any machine
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
