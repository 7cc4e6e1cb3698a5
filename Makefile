# make test is all that a change must pass, with make lint; .ci/run calls both.

# Tests that need a server or another program fail where they would otherwise
# be skipped.
STRICT   = PROXENOS_REQUIRE_CONSUL=1 PROXENOS_REQUIRE_PEERS=1
FUZZTIME = 5s

# Pure arithmetic has no races, and takes ten times as long to show it. Nor have
# the scripts of commands that answer once: internal/cli tries those that count
# on all cores, and the scripts of those that go on are run.
RACELESS = internal/(compare|exact|lab/mixlab|mt|nodeset|repo|testkit/vectors)|rendezvous/prf|cmd/proxenos
LASTING  = Swim|P2P|Watch|Demo|Producer|Interrupt
# A program under the race detector sleeps for a second when it ends, and the
# scripts of the CLI start hundreds.
RACE = GORACE=atexit_sleep_ms=0

# The modules beside the main one, and those that have Go code to check.
NESTED  = internal/lab/bench internal/examples/prometheus internal/report/browsertest
MODULES = . $(NESTED)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the programs into bin/
	go build -o bin/ ./cmd/...

.PHONY: test
test: announce packages consul unit race bench-once nested test-arch ## Run every test there is, and first fetch or build what they need

.PHONY: announce
announce:
	@echo 'make test: some minutes; the first time up to ten more on two cores, as it installs'
	@echo 'what is missing and builds a Consul server to test against (kept in the user cache)'

.PHONY: test-short
test-short: ## Run the tests that need no server, in less depth
	go test -short ./...

.PHONY: race
race: packages ## Run the tests under the race detector, in less depth
	$(STRICT) $(RACE) go test -race -short -count=1 -timeout 30m $$(go list ./... | grep -vE '($(RACELESS))$$')
	$(STRICT) $(RACE) go test -race -short -count=1 -timeout 30m -run '$(LASTING)' ./cmd/proxenos

.PHONY: lint
lint: ## Check the code with golangci-lint, and that every go.mod is tidy
	@lint=$$(go -C internal/tools tool -n golangci-lint) && \
	failed=0; for module in $(MODULES); do \
		echo "lint $$module" && (cd $$module && $$lint run --allow-parallel-runners ./... && go mod tidy -diff) || failed=1; \
	done; exit $$failed

.PHONY: fmt
fmt: ## Format the code
	@lint=$$(go -C internal/tools tool -n golangci-lint) && \
	for module in $(MODULES); do (cd $$module && $$lint fmt) || exit 1; done

.PHONY: bench
bench: ## Measure us and our peers, and write internal/lab/bench/README.md
	go -C internal/lab/bench run .

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME
	internal/repo/fuzz.sh $(FUZZTIME)

.PHONY: test-arch
test-arch: packages ## Run the tests of placement on 32-bit, ARM and big-endian processors
	ARGS=-test.short internal/repo/test-arch.sh

.PHONY: cover
cover: ## Show how much of the code the tests reach
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

.PHONY: clean
clean: ## Remove what the other targets made here
	rm -rf bin dist coverage.out

# The parts of test.

.PHONY: packages
packages:
	@internal/repo/packages.sh

.PHONY: consul
consul:
	@go run ./internal/testkit/consultest/build

.PHONY: unit
unit:
	$(STRICT) go test -count=1 -timeout 30m ./...

.PHONY: bench-once
bench-once:
	go test -run '^$$' -bench . -benchtime 1x ./...

.PHONY: nested
nested:
	@for module in $(NESTED); do \
		echo "test $$module" && $(STRICT) go -C $$module test -short -count=1 -timeout 30m -bench . -benchtime 1x ./... || exit 1; \
	done
