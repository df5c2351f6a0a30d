#!/usr/bin/env bash
# Installs what building and testing Hyperion needs and is missing. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

command -v cargo >/dev/null || { echo "cargo is missing: install Rust with rustup first." >&2; exit 1; }

target=wasm32-unknown-unknown
if ! rustc --print target-libdir --target "$target" 2>/dev/null | xargs -r test -d; then
    step "Adding the Rust target $target"
    rustup target add "$target"
fi

if ! command -v cc >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "A C compiler is missing: run 'apt-get install build-essential' as root." >&2; exit 1; }
    step "Installing a C compiler"
    apt-get update -qq
    apt-get install -y --no-install-recommends build-essential
fi
