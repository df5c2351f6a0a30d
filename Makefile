# Hyperion, built and run (`make run`) and tested (`make test`).

ADDRESS ?= 127.0.0.1:8080
DATA ?= data

# The xtask is checked and tested apart: together with it, cargo would compile the server's libraries with the features
# that the xtask asks for, and then once more without them for the server itself.

.PHONY: help run test format lint licences unit unit-beside-servers faults e2e screenshots bench

help:
	@echo "make run          build everything and serve it on http://$(ADDRESS), data in ./$(DATA)"
	@echo "make test         every check and test"
	@echo "make faults       the tests of faults that take long: hostile files, kill -9, very many and very long files"
	@echo "make screenshots  every page, wide and narrow, light and dark, into e2e/screenshots (one: PAGE=settings)"
	@echo "make bench        what the installed program costs and how well it finds and answers, as tables"
	@echo "Parts of make test: format licences lint unit e2e"

run:
	@scripts/setup.sh run
	@echo "== Building Hyperion (the first time takes some minutes)"
	cargo xtask dist --release
	@echo "== Serving http://$(ADDRESS)"
	target/dist/hyperion serve --listen $(ADDRESS) --data-dir $(DATA)

test:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory format licences lint unit e2e
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
