# Every target works from a clean clone: it sets up what it needs first. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

DATA_DIR ?= ./data
HOST ?= 127.0.0.1
KAFKA_PORT ?= 9092
KINESIS_PORT ?= 4567
ADMIN_PORT ?= 8080
# More arguments for `millrace serve`, for example SERVE_ARGS='--set num.partitions=4'.
SERVE_ARGS ?=
# Where `make cluster` keeps its data and logs.
CLUSTER_DIR ?= ./cluster
# Arguments for pytest, for example PYTEST_ARGS='test_boto3.py -k iterator'.
PYTEST_ARGS ?=
# How many seeds `make simulate` runs, or the one that it replays with every event, for example SEED=37; HARSHNESS 2 kills
# processes and cuts the power, up to 7 more and more happens (docs/reliability.md).
SEEDS ?= 5000
SEED ?=
HARSHNESS ?= 2
# How long `make fuzz` runs each target, and which ones (TARGETS='segments journal').
SECONDS ?= 60
TARGETS ?=
# Arguments for scripts/mutations, for example MUTATIONS_ARGS='--only checkpoint'.
MUTATIONS_ARGS ?=
# Arguments for scripts/torture, for example TORTURE_ARGS='--minutes 60 --seed 7'.
TORTURE_ARGS ?=
# Arguments for Benchmarks/instructions, for example INSTRUCTIONS_ARGS='--kind Produce --save produce.json'.
INSTRUCTIONS_ARGS ?=
# Arguments for Benchmarks/bench.py, for example BENCH_ARGS='--only produce-1k*' or BENCH_ARGS='--compare OTHER/millrace'.
BENCH_ARGS ?=

# --static-swift-stdlib: the binary runs on a machine without the toolchain.
RELEASE := -c release --product millrace --static-swift-stdlib
BINARY := .build/release/millrace

.PHONY: help setup venv build serve cluster test lint format generated unit simulate interleave fuzz mutations torture faults interop test-engines thresholds instructions flights iot backbone figures
.PHONY: bench bench-quick bench-setup deb image tarball package-setup package-build clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | column -t -s '|'

setup: ## install the system libraries that a build needs (Debian; quick when nothing is missing)
	@scripts/setup-debian

venv: ## make .venv with the pinned clients that the interoperability tests drive
	@scripts/setup-debian --tests
	@scripts/setup-venv

build: setup ## release build of the millrace binary
	swift build $(RELEASE)

serve: build ## build, then run a server on ./data (override DATA_DIR, HOST, *_PORT, SERVE_ARGS)
	exec $(BINARY) serve --data-dir $(DATA_DIR) --kafka $(HOST):$(KAFKA_PORT) \
	    --kinesis $(HOST):$(KINESIS_PORT) --admin $(HOST):$(ADMIN_PORT) $(SERVE_ARGS)

cluster: build ## build, then run three brokers, etcd and an object store on this machine (CLUSTER_DIR)
	@scripts/cluster $(CLUSTER_DIR)

test: ## everything: lint, generated code, unit and crash tests, interoperability
	@scripts/test

lint: ## format check of all hand-written Swift
	@scripts/lint

format: ## rewrite all hand-written Swift in the house format
	@scripts/lint --fix

generated: ## check that Generated/ is what the schemas say, and that the console's assets are embedded
	scripts/generate-protocol --check
	scripts/generate-console --check

unit: setup ## debug build and `swift test`, with a real etcd from Debian's packages
	@scripts/engines/etcd fetch
	swift test

faults: setup ## brokers on an object store that end at named points (SEEDS=how many)
	MILLRACE_FAULT_SEEDS=$(SEEDS) MILLRACE_SIMULATION_VERBOSE=1 swift test --filter FaultScenarioTests

test-engines: venv ## the cluster on real engines: etcd and Ceph from Debian's packages (as root; needs `make build`)
	@scripts/engines/etcd fetch
	@scripts/engines/ceph fetch
	cd Tests/Interop && MILLRACE_TEST_ENGINES=1 ../../.venv/bin/python -m pytest -q test_object_stores.py test_cluster.py

simulate: setup ## the log engine under a simulated disk, clock and scheduler (SEEDS=how many, SEED=one alone, HARSHNESS)
	MILLRACE_SIMULATION_SEEDS=$(SEEDS) MILLRACE_SIMULATION_HARSHNESS=$(HARSHNESS) MILLRACE_SIMULATION_VERBOSE=1 \
	    $(if $(SEED),MILLRACE_SIMULATION_SEED=$(SEED)) swift test --filter EngineSimulationTests

interleave: setup ## both coordinators under zombies, lost answers and crashes (SEEDS=how many, SEED=one alone)
	MILLRACE_INTERLEAVING_SEEDS=$(SEEDS) $(if $(SEED),MILLRACE_INTERLEAVING_SEED=$(SEED)) \
	    swift test --filter CoordinatorInterleavingTests

fuzz: setup ## every decoder of client's and disk's bytes under libFuzzer (SECONDS for each target, TARGETS)
	scripts/fuzz $(SECONDS) $(TARGETS)

mutations: setup ## breaks the code in one place after the other and says which test sees it (hours; MUTATIONS_ARGS)
	scripts/mutations $(MUTATIONS_ARGS)

torture: venv build ## real clients against a server that is killed, cut off, filled and damaged (TORTURE_ARGS)
	scripts/torture $(TORTURE_ARGS)

interop: venv build ## real clients against a release server (PYTEST_ARGS selects)
	cd Tests/Interop && ../../.venv/bin/python -m pytest $(PYTEST_ARGS)

thresholds: venv build ## record what each kind of request allocates now (Benchmarks/Thresholds/allocations.json)
	cd Tests/Interop && MILLRACE_RECORD_THRESHOLDS=1 ../../.venv/bin/python -m pytest -q -p no:warnings test_allocations.py

instructions: venv build ## instructions per request of each kind, under callgrind, as a table for docs/performance.md
	@scripts/setup-debian --profile
	.venv/bin/python Benchmarks/instructions $(INSTRUCTIONS_ARGS)

flights: venv build ## the example: 336,776 real flights through both faces
	.venv/bin/python examples/flights/run.py

iot: venv build ## the example: a sensor pipeline by both protocols, resharded under load
	.venv/bin/python examples/iot/run.py

backbone: venv build ## the example: event sourcing with transactions, log aggregation with lag alerts
	.venv/bin/python examples/backbone/run.py

figures: venv build ## measure the figures of the README and print them as a table
	.venv/bin/python scripts/figures

bench-setup:
	@scripts/setup-debian --bench
	@scripts/setup-venv --bench

bench: bench-setup build ## measure everything, about 40 minutes (BENCH_ARGS selects; docs/performance.md explains)
	.venv-bench/bin/python Benchmarks/bench.py $(BENCH_ARGS)

bench-quick: bench-setup build ## the short form, under 5 minutes
	.venv-bench/bin/python Benchmarks/bench.py --quick $(BENCH_ARGS)

package-setup: setup
	@scripts/setup-debian --packages

# Addresses to relocate take 3 MB less in this form, which the loader of Debian 12 (glibc 2.36) knows.
package-build: package-setup
	swift build $(RELEASE) -Xlinker -z -Xlinker pack-relative-relocs

deb: package-build ## the Debian package, in build/
	scripts/package-deb $(BINARY)

tarball: package-build ## the release tarball, in build/
	scripts/package-tarball $(BINARY)

image: package-build ## the container image, in build/, without a container engine
	scripts/package-image $(BINARY)

clean: ## remove everything that a build or a test made, but not ./data
	rm -rf .build build .venv .venv-aiobotocore .venv-bench .venv-bench-moto .pytest_cache
	find Tests Benchmarks examples scripts -name __pycache__ -prune -exec rm -rf {} +
