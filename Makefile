# Countersign. `make` lists the targets; the README's two commands are `go run ./cmd/dashboard demo` and `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go
TEMPL := $(GO) tool templ
SQLC := $(GO) tool sqlc
# Everything is built with the same flags, so that vet, test and run share one cache.
# The race detector looks at Go's own memory only (runtime/race_amd64.s, racecalladdr). SQLite is C put into Go: what it works on lies outside, so
# that being asked about each of its accesses finds nothing and makes it several times slower. Its two packages, and the allocator under them, are therefore built without
# the questions; the driver modernc.org/sqlite and everything else are asked about.
RACE ?= -race $(foreach p,modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory,-gcflags=$(p)=-race=false)
TESTFLAGS ?= -shuffle=on -timeout 30m

.PHONY: help run dev generate fmt lint test test-go needs bench torture powercut planted sim fuzz tables pictures clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: ## start the demo
	$(GO) run ./cmd/dashboard demo

dev: ## start the demo and rebuild templates while you edit
	$(TEMPL) generate --watch --cmd "$(GO) run ./cmd/dashboard demo --data .gallery/dev"

generate: ## write the generated code: templates and queries
	$(TEMPL) generate -path web/templates
	$(SQLC) generate -f db/sqlc.yaml

fmt: ## format everything
	gofmt -w cmd internal db web
	$(TEMPL) fmt web/templates

lint: ## formats, vet, staticcheck; generated code and go.mod leave no difference
	@start=$$SECONDS; \
	bad=$$(gofmt -l cmd internal db web); if [ -n "$$bad" ]; then echo "not formatted:"; echo "$$bad"; exit 1; fi; \
	$(TEMPL) fmt -fail web/templates >/dev/null || { echo "templates not formatted: make fmt"; exit 1; }; \
	before=$$(cat web/templates/*_templ.go | sha256sum); $(TEMPL) generate -path web/templates >/dev/null 2>&1; \
	if [ "$$before" != "$$(cat web/templates/*_templ.go | sha256sum)" ]; then echo "generated templates were old: commit them again"; exit 1; fi; \
	$(SQLC) diff -f db/sqlc.yaml || { echo "generated queries are old: make generate"; exit 1; }; \
	$(GO) mod tidy -diff || { echo "go.mod is not tidy"; exit 1; }; \
	echo "formats and generated code: $$((SECONDS-start)) s"; start=$$SECONDS; \
	$(GO) vet ./... || exit 1; echo "vet: $$((SECONDS-start)) s"; start=$$SECONDS; \
	$(GO) tool staticcheck ./... || exit 1; echo "staticcheck: $$((SECONDS-start)) s"

needs: ## install what the tests need and this machine lacks (Chromium, fonts, the browser driver)
	@internal/browsertest/needs

test: needs test-go ## everything, the browser included

# Three runs, each timed: everything under the race detector; what is shorter there once more in its full length without it; the
# browser by itself, so that nothing competes with it for the machine.
test-go:
	@start=$$SECONDS; $(GO) build ./... && $(GO) test $(RACE) -run '^$$' ./... >/dev/null || exit 1; echo "building the tests: $$((SECONDS-start)) s"; \
	start=$$SECONDS; $(GO) test $(RACE) $(TESTFLAGS) $$($(GO) list ./... | grep -v /browsertest) || exit 1; echo "tests: $$((SECONDS-start)) s"; \
	start=$$SECONDS; $(GO) test $(TESTFLAGS) -run 'Tamper|Walk|Crash' ./internal/store ./internal/app || exit 1; \
	$(GO) test $(TESTFLAGS) -run 'TestSim$$|TestStreams|TestMutants' ./internal/simtest || exit 1; echo "long forms: $$((SECONDS-start)) s"; \
	start=$$SECONDS; $(GO) test $(TESTFLAGS) -count=1 ./internal/browsertest || exit 1; echo "browser: $$((SECONDS-start)) s"

bench: ## the figures beside speed.md's aims, in one run and one table; BENCH_ROWS=n for another size than a million
	@table=$$(mktemp) && trap 'rm -f '$$table EXIT && export BENCH_TABLE=$$table BENCH_ROWS=$${BENCH_ROWS:-1000000} && uptime && \
	$(GO) test -p 1 -run '^$$' -bench . -benchtime 1x -timeout 15m $(BENCH) ./internal/approval ./internal/webhook ./internal/web ./internal/app ./cmd/dashboard && \
	sort $$table | awk -F'\t' 'BEGIN { printf "\n%-62s %24s   %s\n", "what", "measured", "aim" } { printf "%-62s %24s   %s\n", $$2, $$3, $$4 }'

torture: ## the long forms: 1,000 kills at named steps (500 by each flow), 200 at random moments, and what else is too long for every push
	TORTURE=$${KILLS:-500} $(GO) test -timeout 240m -run 'TestTorture' -v ./cmd/dashboard
	TORTURE=200 $(GO) test $(RACE) -timeout 80m -run 'Kill' -v ./cmd/dashboard
	TORTURE=1 $(GO) test -timeout 240m -run "TestWalk$$" -v ./internal/app
	TORTURE=1 $(GO) test $(RACE) -timeout 240m -run "TestFourEyesRaces" -v ./internal/app

planted: ## plants each known bug, one at a time, and shows the test that fails; ONLY=name for one
	@internal/planted/run.sh

sim: ## the simulation at length: make sim SEEDS=100000, or SEED=n for one run again; then 10,000 streams and mutants of messages
	SEED=$(SEED) SEEDS=$${SEEDS:-100000} $(GO) test -timeout 240m -count=1 -v -run 'TestSim$$' ./internal/simtest
	STREAMS=10000 MUTANTS=10000 $(GO) test -timeout 60m -count=1 -v -run 'TestStreams|TestMutants' ./internal/simtest

powercut: ## 30 power cuts that must lose nothing, and the controls that must; failing disks; needs root for loop mounts and says so
	POWERCUT=1 $(GO) test -count=1 -timeout 30m -run 'TestPowerCut|TestDiskFails' -v ./cmd/dashboard

# Go's own fuzzing now and then reports that its time is over as a failure (golang/go issue 75804): one without a failing input, and it says so. Nothing else is let pass.
fuzz: ## each fuzz target for a minute
	@out=$$(mktemp) && trap 'rm -f '$$out EXIT; n=0; for p in $$($(GO) list ./internal/...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	n=$$((n+1)); echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzzminimizetime 10x -fuzztime $${FUZZTIME:-60s} $$p 2>&1 | tee $$out; \
	if [ $${PIPESTATUS[0]} != 0 ] && { ! grep -q '^ *context deadline exceeded' $$out || grep -q 'Failing input' $$out; }; then exit 1; fi; done; done; echo "$$n fuzz targets"

tables: ## every row of every decision table (states, codes, evidence) and the test that shows it
	@$(GO) test -count=1 -v -run 'TestDecisions|TestTables' ./internal/payout ./internal/protocol ./internal/app ./internal/archtest | \
	awk '/^=== RUN/ { test = $$3 } / row \| / { sub(/^.* row \| /, ""); n++; print test == "TestTables" ? $$0 : $$0 " | " test; next } /_test\.go:|^(--- FAIL|FAIL|ok)/; END { print n " rows" }'; \
	exit $${PIPESTATUS[0]}

pictures: ## screenshots of every page into .gallery
	GALLERY=$(CURDIR)/.gallery $(GO) test -count=1 -run Gallery ./web/templates

clean: ## remove what builds leave behind
	rm -rf bin .gallery internal/browsertest/node_modules
