# `make help` says what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# nft and ip are in sbin, which an ordinary user's PATH may lack; a fresh rustup is in no PATH yet.
# Go's programs are in no PATH either.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin:$(or $(CARGO_HOME),$(HOME)/.cargo)/bin:/usr/local/go/bin:$(or $(GOBIN),$(or $(GOPATH),$(HOME)/go)/bin)
TARGET := $(or $(CARGO_TARGET_DIR),target)
NETLOOM := $(TARGET)/debug/netloom
# `make test` says the same twice; `make random` looks for what it does not try.
PROPTEST_RNG_SEED ?= 1
# Where the corpora are: cyclonus/ and articles/.
CORPUS ?= ../shared/corpus

.PHONY: help build demo test fmt lint deny unit audit corpus apiserver coredns bench random fuzz

help: ## What there is
	@grep -hE '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{ printf "make %-9s %s\n", $$1, $$2 }'

build: ## Install what is missing, and build
	@.ci/tools build
	@echo; echo "== building"
	@cargo build --locked -p netloom

demo: build ## Install what is missing, build, and try netloom on examples/shop
	@echo; echo "== every connection of examples/shop, predicted and opened: netloom verify examples/shop"
	@$(NETLOOM) verify examples/shop
	@echo; echo "== one of them: netloom explain examples/shop production/frontend http://backend:8080"
	@$(NETLOOM) explain examples/shop production/frontend http://backend:8080
	@echo; echo "== the same where DNS was forgotten: netloom explain examples/shop-broken production/frontend http://backend:8080"
	@$(NETLOOM) explain examples/shop-broken production/frontend http://backend:8080 || [[ $$? == 1 ]]

test: ## Install what is missing, and run every test
	@.ci/tools test
	@$(MAKE) fmt lint deny unit
	@echo; echo "== all tests passed"

fmt:
	@echo; echo "== formatting"
	@cargo fmt --all --check

lint:
	@echo; echo "== clippy"
	@cargo clippy --locked --workspace --all-targets -- -D warnings

deny:
	@echo; echo "== licences, bans and sources of dependencies"
	@cargo deny --locked check --hide-inclusion-graph bans licenses sources

unit:
	@echo; echo "== tests"
	@PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) cargo test --locked --workspace

RANDOM_CASES ?= 2000
random: ## Try RANDOM_CASES=2000 new clusters on every property, and 200 networks with packets
	@.ci/tools test
	@echo; echo "== properties of random clusters, with seeds of chance"
	@env -u PROPTEST_RNG_SEED NETLOOM_RANDOM_CASES=$(RANDOM_CASES) cargo test --locked -p netloom-policy -p netloom-reach -p netloom-diff -p netloom-suggest -- random
	@seed=$$RANDOM; echo; echo "== random networks with packets: NETLOOM_RANDOM_SEED=$$seed"; \
	 NETLOOM_RANDOM_SEED=$$seed NETLOOM_RANDOM_CASES=200 cargo test --locked -p netloom --test it -- random

audit: ## Ask the RustSec database about the dependencies (needs the internet)
	@.ci/tools test
	@cargo deny --locked check

corpus: build ## Hold netloom against the corpora in CORPUS=../shared/corpus
	@.ci/corpus $(NETLOOM) $(CORPUS)

apiserver: ## Hold check against a real API server (needs Go, builds Kubernetes)
	@.ci/apiserver
coredns: ## Hold the DNS against CoreDNS: the answers, and the speed of both (needs Go and the internet once)
	@cargo build --locked --release -p netloom
	@.ci/coredns $(TARGET)/release/netloom $(TARGET)/coredns

bench: ## Run all benchmarks, and print their figures
	@.ci/tools test
	@echo; echo "== benchmarks (release build; let the machine do nothing else)"
	@cargo bench --locked --workspace --bench '*'

FUZZ_SECONDS ?= 600
fuzz: ## Fuzz reading, checking and repairing for FUZZ_SECONDS=600
	@.ci/tools fuzz
	@.ci/fuzz $(FUZZ_SECONDS)
