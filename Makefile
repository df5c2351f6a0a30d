# Hyperion, built and run (`make run`) and tested (`make test`).

ADDRESS ?= 127.0.0.1:8080
DATA ?= data

# The xtask is checked and tested apart: together with it, cargo would compile the server's libraries with the features
# that the xtask asks for, and then once more without them for the server itself.

.PHONY: help run test format lint licences delivery unit unit-beside-servers e2e image-of-tests image faults screenshots bench

help:
	@echo "make run          build everything and serve it on http://$(ADDRESS), data in ./$(DATA)"
	@echo "make test         every check and test"
	@echo "make faults       the tests of faults that take long: hostile files, kill -9, very many and very long files"
	@echo "make screenshots  every page, wide and narrow, light and dark, into e2e/screenshots (one: PAGE=settings)"
	@echo "make bench        what the installed program costs and how well it finds and answers, as tables"
	@echo "make image        an OCI image of the release build, without Nix, at target/image"
	@echo "Parts of make test: format licences lint delivery unit e2e image-of-tests"

run:
	@scripts/setup.sh run
	@echo "== Building Hyperion (the first time takes some minutes)"
	cargo xtask dist --release
	@echo "== Serving http://$(ADDRESS)"
	target/dist/hyperion serve --listen $(ADDRESS) --data-dir $(DATA)

test:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory format licences lint delivery unit e2e image-of-tests
	@echo "== All checks and tests passed"

format:
	@echo "== Formatting"
	cargo fmt --all --check

lint:
	@echo "== Lints"
	cargo clippy --workspace --exclude xtask --all-targets -- -D warnings
	cargo clippy --package xtask --all-targets -- -D warnings
	cargo clippy --package app --lib --features hydrate --target wasm32-unknown-unknown -- -D warnings
	scripts/compose.sh check

licences:
	@echo "== Licences and banned crates of everything that is linked"
	cargo deny check licenses bans

delivery:
	@echo "== Nix files, workflows, chart, dashboards and alerts"
	scripts/nix.sh check
	scripts/workflows.sh check
	scripts/chart.sh check
	scripts/monitoring.sh check

unit:
	@echo "== Tests without a browser"
	cargo nextest run --package xtask
	scripts/servers.sh $(MAKE) --no-print-directory unit-beside-servers

# The API is tested on either database.
unit-beside-servers:
	cargo nextest run --workspace --exclude xtask
	TEST_DATABASE=postgres HYPERION_SECRET_KEY=$(shell printf '5e%.0s' $$(seq 32)) \
		cargo nextest run --workspace --exclude xtask --test api -E 'not test(language_model)'

# Each of these tests takes minutes; `make unit` runs a smaller share of the same.
faults:
	@scripts/setup.sh test
	@echo "== Every hostile file, twenty kills, very many and very long files"
	cargo nextest run --release --package server --run-ignored only --profile faults -E "binary(faults)"

e2e:
	@scripts/setup.sh e2e
	@echo "== Tests in a browser, against the real server"
	cargo xtask dist
	cd e2e && npx tsc --noEmit && npx playwright test

# Of the program that the browser tests have built: a release build takes longer than all tests.
image-of-tests:
	@echo "== An image of it, confined"
	DIST=target/dist-dev scripts/image.sh check

image:
	@scripts/setup.sh test
	cargo xtask dist --release
	scripts/image.sh check
	scripts/image.sh build

screenshots:
	@scripts/setup.sh e2e
	cargo xtask dist
	cd e2e && npx playwright test --config screenshots.config.ts $(if $(PAGE),--grep ' $(PAGE)$$')

bench:
	@scripts/setup.sh test
	@echo "== Building"
	cargo xtask dist --release
	cargo build --release --package bench
	@echo "== What the installed program costs"
	python3 bench/installed.py
	@echo "== What serving costs, embedded and scaled out"
	scripts/servers.sh python3 bench/deployments.py
	@echo "== How well it finds and answers, everywhere alike, and what very many passages cost"
	scripts/servers.sh cargo run --release --quiet --package bench
