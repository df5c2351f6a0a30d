#!/usr/bin/env bash
# Around the dashboards and alert rules in helm/hyperion/files; their sources and checks are in helm/monitoring.
#
#   scripts/monitoring.sh fetch              puts what the following need in target/monitoring: packages at the versions of
#                                            scripts/monitoring.txt, and Debian's Prometheus unless there is one on the PATH
#   scripts/monitoring.sh dashboards         writes the dashboards anew
#   scripts/monitoring.sh check              whether dashboards, rules and runbook are right and fit each other
#   scripts/monitoring.sh check --metrics M  that, and whether all they ask for is in M: the /metrics of a server that has
#                                            done a bit of everything, by its address (http://...) or in a file
#   scripts/monitoring.sh scrape HOST:PORT   whether a real Prometheus can scrape that server and evaluate the rules
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}/monitoring")

fail() { printf '%s\n' "$*" >&2; exit 1; }

# Debian's package holds both programs; unpacked, it starts no service and needs no other package.
fetch_prometheus() {
    local download=$folder/download
    mkdir -p "$download"
    local apt=(apt-get -qq -o APT::Sandbox::User=)
    if ! (cd "$download" && "${apt[@]}" download prometheus 2>"$folder/apt.log"); then
        [ "$(id -u)" = 0 ] || fail "$(cat "$folder/apt.log")" "Prometheus could not be fetched. Try again after: sudo apt-get update"
        "${apt[@]}" update
        (cd "$download" && "${apt[@]}" download prometheus)
    fi
    dpkg-deb --extract "$download"/prometheus_*.deb "$folder/system"
    rm -r "$download"
}

fetched() {
    cmp -s scripts/monitoring.txt "$folder/versions.txt" || fail "scripts/monitoring.sh fetch comes first"
    export PATH=$PATH:$folder/system/usr/bin PYTHONPATH=$folder/packages:helm/monitoring PYTHONDONTWRITEBYTECODE=1
}

case "${1:-} $#" in
    "fetch 1")
        cmp -s scripts/monitoring.txt "$folder/versions.txt" && exit 0
        echo "== Installing what checks dashboards and alerts"
        rm -rf "$folder"
        python3 -m pip install --quiet --no-deps --no-warn-conflicts --root-user-action=ignore \
            --target "$folder/packages" -r scripts/monitoring.txt
        command -v promtool prometheus >/dev/null || fetch_prometheus
        cp scripts/monitoring.txt "$folder/versions.txt"
        ;;
    "dashboards 1")
        fetched
        exec python3 -m dashboards helm/hyperion/files/dashboards
        ;;
    "check 1" | "check 3")
        fetched
        if [ $# = 3 ]; then
            [ "$2" = --metrics ] || fail "usage: scripts/monitoring.sh check [--metrics ADDRESS|FILE]"
            export METRICS=$3
        else
            echo "No --metrics: whether the metrics that are asked for exist is not checked"
        fi
        exec python3 -m unittest discover --start-directory helm/monitoring/checks --top-level-directory helm/monitoring
        ;;
    "scrape 2")
        fetched
        exec python3 -m checks.scrape "$2"
        ;;
    *)
        fail "usage: scripts/monitoring.sh fetch | dashboards | check [--metrics ADDRESS|FILE] | scrape HOST:PORT"
        ;;
esac
