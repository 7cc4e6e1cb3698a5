# A change must pass make test and make lint; .ci/run calls both, and make vuln.

# Under these variables a test fails where it would otherwise skip for want of a
# server or another program.
STRICT   = PROXENOS_REQUIRE_SERVERS=1 PROXENOS_REQUIRE_PEERS=1
FUZZTIME = 1m

# Pure arithmetic has no races, and takes ten times as long under the detector.
# Of the scripts, only those of long-running commands run under it; the tests of
# internal/cli, and those of the store's node, cover the concurrent parts of the
# others.
RACELESS = /rendezvous|/ring|/ring/(slots|rules|internal/keyhash)|internal/(hashtag|layoutfile)|cmd/proxenos-store|rendezvous/prf|cmd/proxenos|swim/internal/members|$(PURE)
PURE     = internal/(atomicfile|batch|checkfile|childenv|cli/(member|place)|compare|exact|hostport|mt|nodelist|nodeset|repo|report|secret|testkit/(alloctest|freeport|shortrun|vectors))
# Of rendezvous and ring, only the tests of goroutines run under it.
SHARED   = Concurrent|Goroutines|Balancer|Table
# Tests that read megabytes, or count many keys, in one goroutine.
SERIAL   = IdentifyNamesRealPrograms|NoCommandPrintsASecret|AwayForLongerThanTombstones$$|SlowClockCannotJoin|HostileDocumentsEndFast|ParseSize|WrittenListsAreReadUnderAnyName|ReadSnapshotErrors/too_large|SharesAgreeWithKeys/python
LASTING  = Swim|P2P|Watch|Demo|Producer|Interrupt|Soak
# What a short run leaves out: other programs, whole clusters, and what counts or
# compares for seconds.
LONG     = Test(Consul|Etcd|Kubernetes|Swim)Scripts|RealS|Outage|WatchConsul|Ports|Clients|Coprocess|README$$|Guides|TestAction|PreCommitHook|LinkNoTestHelpers|NoCommandPrintsASecret|SchemaAgreesWithParser|IdentifyNamesRealPrograms|Tombstones|SlowClock|OverloadEnds|Flapping|PartialSet|FileConformance|TestScripts/(identify|programs|diff|fleets|flags|serve|check|balance|report|domains|merge|slowstart|hashtag|fips|algorithms|rules|complete|shards|partitions|pipes|interrupt|hostile)
FARTHER  = /internal/lab/|/cmd/proxenos-store$$|/testkit/consultest$$

# A program under the race detector sleeps for a second at exit, and the scripts
# start hundreds of programs.
RACE = GORACE=atexit_sleep_ms=0

# Many tests wait for processes and timers, so three packages run at once, also
# on two cores.
ATONCE   = -p 3

# Nested modules, and all modules that the linter checks.
NESTED  = internal/lab/agree internal/lab/bench internal/report/browsertest internal/tools/artifacts internal/tools/asm internal/tools/mutate mapper/examples
MODULES = . $(NESTED)

# Nested modules that users import or install. They have no replace lines, and build
# against this tree by a workspace.
WORKED  = mapper/grpclb
BEAM    = cmd/proxenos-beam
WORK    = GOWORK=$(CURDIR)/.ci/go.work

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the programs into bin/
	go build -o bin/ ./cmd/proxenos ./cmd/proxenos-store

# The programs of a test run need no debugging information, which takes a third
# of the time to link them. Without the path of the tree in them, a checkout
# elsewhere finds its packages in the build cache. The linter vets.
.PHONY: test
test test-short: export GOFLAGS += -ldflags=-w -trimpath -vet=off
test: announce ## Run all tests; build the servers that they need first
	@internal/repo/timed.sh packages servers unit fuzz-short race bench-once nested test-arch

.PHONY: announce
announce:
	@echo 'make test: about nine minutes on two cores. The first run takes up to twenty more: it builds Consul'
	@echo 'and kube-apiserver (kept in the user cache). Packages are installed only in CI, in a container, and'
	@echo 'with PROXENOS_INSTALL=1; otherwise missing ones are listed. make test-short needs nothing but Go'

.PHONY: test-short
test-short: ## Run the tests that need nothing but Go, in less depth
	go test -short -skip '$(LONG)' $$(go list ./... | grep -vE '$(FARTHER)')

.PHONY: race
race: packages ## Run the tests under the race detector, in less depth
	$(STRICT) $(RACE) go test $(ATONCE) -race -short -count=1 -timeout 30m -skip '$(SERIAL)' $$(go list ./... | grep -vE '($(RACELESS))$$')
	$(RACE) go test -race -short -count=1 -timeout 30m -run '$(SHARED)' ./rendezvous ./ring
	$(STRICT) $(RACE) go test -race -short -count=1 -timeout 30m -run '$(LASTING)' ./cmd/proxenos ./cmd/proxenos-store
	$(WORK) $(RACE) go -C mapper/grpclb test -race -short -count=1 -timeout 30m ./...

# Apart from test: it links 68 modules, and the first build takes minutes.
.PHONY: beam
beam: ## Test proxenos-beam, on the runner prism
	$(WORK) go -C $(BEAM) test -count=1 -timeout 30m ./...

.PHONY: lint
lint: ## Run golangci-lint and check that every go.mod is tidy
	@lint=$$(go -C internal/tools tool -n golangci-lint) && \
	failed=0; for module in $(MODULES); do \
		echo "lint $$module" && (cd $$module && $$lint run --allow-parallel-runners ./... && go mod tidy -diff) || failed=1; \
	done; \
	for module in $(WORKED) $(BEAM); do \
		echo "lint $$module" && (cd $$module && $(WORK) $$lint run --allow-parallel-runners ./...) && internal/repo/tidy.sh $$module || failed=1; \
	done; exit $$failed

.PHONY: vuln
vuln: ## Look for known vulnerabilities, where their database can be reached
	@internal/repo/vuln.sh

.PHONY: vectors
vectors: ## Write the vectors of this project from the reference; none may change
	python3 testdata/generate.py
	git diff --exit-code testdata

.PHONY: fmt
fmt: ## Format the code
	@lint=$$(go -C internal/tools tool -n golangci-lint) && \
	for module in $(MODULES) $(WORKED) $(BEAM); do (cd $$module && $$lint fmt) || exit 1; done

.PHONY: bench
bench: ## Measure proxenos and its peers, and write internal/lab/bench/README.md
	go -C internal/lab/bench run .

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME
	internal/repo/fuzz.sh $(FUZZTIME)

.PHONY: asm
asm: ## Write the assembly of internal/batch
	go -C internal/tools/asm run .

.PHONY: mutate
mutate: ## Change operators of the pure packages, and list changes that no test finds
	go -C internal/tools/mutate run .

.PHONY: test-arch
test-arch: packages ## Run the placement tests on 32-bit, ARM and big-endian CPUs (QEMU)
	internal/repo/test-arch.sh

.PHONY: cross
cross: ## Build for other systems, vet some, run the pure packages under js
	internal/repo/cross.sh

.PHONY: agree
agree: packages ## Compare real programs with their vectors, and write internal/lab/agree/README.md
	PROXENOS_REQUIRE_PEERS=1 AGREE_TABLE=README.md go -C internal/lab/agree test -count=1 -v .

.PHONY: soak
soak: ## Run the store and serve for minutes under faults, and resize a memcached fleet
	PROXENOS_STORE_SOAK=5m go test -count=1 -v -run TestSoak ./cmd/proxenos-store
	PROXENOS_SERVE_FLAPS=86400 go test -count=1 -v -timeout 2h -run TestFlappingTakesNoMemory ./internal/cli/servecmd
	PROXENOS_SERVE_OUTAGE=60s go test -count=1 -v -run TestOutagesOfRealSources ./internal/cli/servecmd
	PROXENOS_RESIZE=1 go test -count=1 -v -run 'TestResize$$' ./internal/lab/resize
	$(WORK) PROXENOS_BEAM_KEYS=1000000 go -C $(BEAM) test -count=1 -v -timeout 60m -run TestFiguresAreThoseOfDiff .
	$(WORK) PROXENOS_GRPC_LOAD=1 go -C mapper/grpclb test -count=1 -v -timeout 30m -run TestUnderLoad .

.PHONY: dist
dist: ## Pack a release, or a snapshot of this commit, into dist/
	internal/repo/dist.sh

.PHONY: cover
cover: ## Print the test coverage
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

.PHONY: clean
clean: ## Remove build output
	rm -rf bin dist .release coverage.out

# The parts of test.

.PHONY: packages
packages:
	@internal/repo/packages.sh

.PHONY: servers
servers:
	@go run ./internal/testkit/servertest/build

.PHONY: unit
unit:
	$(STRICT) go test $(ATONCE) -count=1 -timeout 30m ./...

.PHONY: fuzz-short
fuzz-short:
	internal/repo/fuzz.sh 500x

.PHONY: bench-once
bench-once:
	go test -run '^$$' -bench . -benchtime 1x $$(grep -ls '^func Benchmark' $$(go list -f '{{.Dir}}/*_test.go' ./...) | xargs -n 1 dirname | sort -u)

.PHONY: nested
nested:
	@for module in $(NESTED); do \
		echo "test $$module" && $(STRICT) go -C $$module test -short -count=1 -timeout 30m -bench . -benchtime 1x ./... || exit 1; \
	done
	@for module in $(WORKED); do \
		echo "test $$module" && $(STRICT) $(WORK) go -C $$module test -short -count=1 -timeout 30m -bench . -benchtime 1x ./... || exit 1; \
	done
