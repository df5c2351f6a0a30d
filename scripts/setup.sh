#!/usr/bin/env bash
# Installs what is missing and nothing else; safe to run again.
#
#   scripts/setup.sh run     what building and running Hyperion needs
#   scripts/setup.sh e2e     that, and what its tests in a browser need
#   scripts/setup.sh test    that, and what all other checks and tests need
set -euo pipefail
cd "$(dirname "$0")/.."

cargo_deny=0.20.2
cargo_nextest=0.9.143
deadnix=1.3.1
nixpkgs_fmt=1.3.0

step() { printf '== %s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# `nix develop` brings along what would be installed for the whole machine.
in_dev_shell() { [ -n "${HYPERION_DEV_SHELL:-}" ]; }

# Installs the Debian packages named, each given as command=package, whose command is not there.
debian_packages() {
    in_dev_shell && return
    local missing=() pair
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || fail "Missing: ${missing[*]}. Install with: sudo apt-get install ${missing[*]}"
    step "Installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
}

# The toolchain, components and targets that rust-toolchain.toml names; rustup may be set not to install them by itself.
rust_toolchain() {
    in_dev_shell && return
    command -v rustup >/dev/null || fail "rustup is missing: install it from https://rustup.rs, then run this again."
    local channel
    channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
    if ! rustup run "$channel" rustc --version >/dev/null 2>&1; then
        step "Installing Rust $channel"
        rustup toolchain install "$channel" --profile minimal
    fi
    local installed wanted
    installed=$(rustup component list --toolchain "$channel" --installed)
    for wanted in clippy rustfmt; do
        grep -q "^$wanted" <<<"$installed" || rustup component add --toolchain "$channel" "$wanted"
    done
    grep -q '^rust-std-wasm32-unknown-unknown' <<<"$installed" ||
        rustup target add --toolchain "$channel" wasm32-unknown-unknown
}

# Installs a cargo subcommand unless this version is there; unoptimised, because it is compiled more slowly than it runs.
cargo_tool() {
    in_dev_shell && return
    [ "$("$1" "${1#cargo-}" --version 2>/dev/null | awk 'NR == 1 { print $2 }')" = "$2" ] && return
    step "Compiling $1 $2 (once, some minutes)"
    cargo install --locked --debug --version "$2" "${@:3}" "$1"
}

browser_tests() {
    command -v npm >/dev/null || fail "Node.js is missing: install version 20 or newer with npm, then run this again."
    local installed=e2e/node_modules/.package-lock.json
    [ "$installed" -nt e2e/package-lock.json ] && return
    step "Installing the browser tests' packages"
    npm ci --prefix e2e --no-audit --no-fund
}

case "${1:-}" in
    run | test | e2e) ;;
    *) fail "usage: scripts/setup.sh run|test|e2e" ;;
esac

debian_packages cc=build-essential python3=python3
python3 -m pip --version >/dev/null 2>&1 || debian_packages pip3=python3-pip
rust_toolchain
scripts/pdfium.sh
if [ "$1" != run ]; then
    debian_packages chromium=chromium
    browser_tests
    scripts/llm.sh fetch
fi
if [ "$1" = test ]; then
    debian_packages pg_ctlcluster=postgresql redis-server=redis-server
    PATH=$PATH:/usr/sbin debian_packages nginx=nginx runc=runc
    debian_packages nix-instantiate=nix-bin umoci=umoci skopeo=skopeo
    scripts/s3.sh fetch
    scripts/compose.sh fetch
    scripts/milvus.sh fetch
    scripts/chart.sh fetch
    scripts/workflows.sh fetch
    scripts/monitoring.sh fetch
    cargo_tool deadnix $deadnix
    cargo_tool nixpkgs-fmt $nixpkgs_fmt
    cargo_tool cargo-deny $cargo_deny --no-default-features
    cargo_tool cargo-nextest $cargo_nextest --no-default-features
fi
step "Everything that is needed is installed"
