# Everything that is done with this checkout. `make` alone prints what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO   ?= cargo
TARGET  := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
# The scenarios mostly wait for Docker, so more of them at once than there are cores.
E2E_THREADS ?= 6

.PHONY: help setup build dist run test sim fuzz check lint fmt crds tables e2e bench doc clean

help: ## Print this
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Get what is missing: Docker Engine, busybox, local images, what the tests need
	@scripts/setup.sh --tests

build: ## Build the program for release, target/release/skiff
	@$(CARGO) build --release -p skiff

dist: ## Build what is shipped, target/dist/skiff: smaller and faster, and it takes minutes
	@scripts/setup.sh --dist
	@scripts/dist.sh

run: ## Set up, build, and keep the quickstart running until Ctrl-C
	@scripts/setup.sh
	@$(MAKE) build
	@scripts/quickstart.sh $(TARGET)/release/skiff

test: setup ## Set up, and run all tests, those on the real engine too
	@$(CARGO) test --workspace --exclude skiff-e2e
	@$(MAKE) e2e

e2e: ## Run the scenarios on the real engine (after make setup)
	@$(CARGO) build -p skiff
	@SKIFF_BIN=$(abspath $(TARGET))/debug/skiff $(CARGO) test -p skiff-e2e -- --test-threads=$(E2E_THREADS)

sim: ## Run the long simulation, 10,000 seeds
	@SKIFF_SIM_SEEDS=10000 $(CARGO) test --release -p skiff-sim -- --nocapture

fuzz: ## Feed the reader of Compose files what no person writes, for a minute
	@$(CARGO) run -q --release -p skiff-compose --example fuzz -- $(or $(FUZZ_SECONDS),60) $(FUZZ_SEED)

check: setup ## What CI runs: format, lints, documentation, licences, make test
	@$(CARGO) fmt --all --check
	@$(MAKE) lint
	@$(MAKE) doc
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --all-features check bans licenses sources; \
	 else echo "cargo-deny is not installed: licences and sources were not checked"; fi
	@$(MAKE) test

lint: ## Run clippy over everything, warnings are errors
	@$(CARGO) clippy --workspace --all-targets -- -D warnings

fmt: ## Format everything
	@$(CARGO) fmt --all

crds: ## Write manifests/crds and manifests/skiff.schema.json anew
	@rm -f manifests/crds/*.yaml
	@$(CARGO) run -q -p skiff -- crd --dir manifests/crds
	@$(CARGO) run -q -p skiff -- schema > manifests/skiff.schema.json.new
	@mv manifests/skiff.schema.json.new manifests/skiff.schema.json

tables: ## Write the tables of docs/compose.md anew
	@sed -i '/^<!-- written by make tables -->$$/q' docs/compose.md
	@$(CARGO) run -q -p skiff-compose --example attributes >> docs/compose.md

bench: setup ## Measure against the raw Engine API and write BENCH.md
	@$(MAKE) dist
	@$(CARGO) bench -p skiff-core --bench plan
	@$(CARGO) bench -p skiff-kubernetes --bench export
	@$(CARGO) build --release -p skiff-compose --example five_thousand
	@SKIFF_BIN=$(abspath $(TARGET))/dist/skiff $(CARGO) run --release -p skiff-e2e --bin bench -- BENCH.md

doc: ## Build the documentation, warnings are errors
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items

clean: ## Remove what was built; containers, volumes and images stay
	@$(CARGO) clean
