#!/usr/bin/env bash
# Checks the workflows of .github; nothing here needs GitHub.
#
#   scripts/workflows.sh fetch   puts the linters in target/workflows, at the versions of scripts/workflows.txt and scripts/workflows
#   scripts/workflows.sh check   they are valid and safe, name runners and programs by their versions, and every action
#                                by the commit that was looked at
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}/workflows")
versions() { cat scripts/workflows.txt scripts/workflows/package-lock.json; }

case "${1:-}" in
    fetch)
        [ "$(cat "$folder/versions.txt" 2>/dev/null)" != "$(versions)" ] || exit 0
        echo "== Installing what checks the workflows"
        rm -rf "$folder"
        python3 -m pip install --quiet --no-deps --no-warn-conflicts --root-user-action=ignore --target "$folder" \
            -r scripts/workflows.txt
        cp scripts/workflows/package*.json "$folder"
        npm ci --prefix "$folder" --silent --no-audit --no-fund
        versions >"$folder/versions.txt"
        ;;
    check)
        [ -e "$folder/versions.txt" ] || { echo "scripts/workflows.sh fetch comes first" >&2; exit 1; }
        export PYTHONPATH=$folder PYTHONDONTWRITEBYTECODE=1
        # Runs a linter that says a lot, and shows what it said only when it found something.
        lint() {
            local said
            said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
        }
        schema=(lint python3 -m check_jsonschema --builtin-schema)
        "${schema[@]}" vendor.github-workflows .github/workflows/*.yml
        "${schema[@]}" vendor.github-actions .github/actions/*/action.yml
        cp scripts/workflows/lint.js "$folder"
        node "$folder/lint.js" .github/workflows/*.yml
        lint "$folder/bin/zizmor" --offline --no-progress .github
        exec python3 - <<'PYTHON'
import re
import sys
from pathlib import Path

from ruamel.yaml import YAML

faults, commits = [], {}
files = sorted(Path(".github").glob("workflows/*.yml")) + sorted(Path(".github").glob("actions/*/action.yml"))
for file in files:
    text = file.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{file}:{number}"
        if found := re.match(r"\s*(?:- )?uses:\s*(\S+)\s*(.*)", line):
            action, comment = found.groups()
            if action.startswith("./"):
                if not Path(action).is_file() and not (Path(action) / "action.yml").is_file():
                    faults.append(f"{place}: {action} is missing")
                continue
            name, _, commit = action.partition("@")
            if not re.fullmatch(r"[0-9a-f]{40}", commit):
                faults.append(f"{place}: {action} is not at a whole commit")
            if not re.fullmatch(r"# v\d+\.\d+\.\d+", comment):
                faults.append(f"{place}: {name} has no version like “# v1.2.3” after it")
            if commits.setdefault(name, (commit, comment)) != (commit, comment):
                faults.append(f"{place}: {name} is at another commit or version elsewhere")
        if (found := re.match(r"\s*image:\s*(\S+:\S+)", line)) and "workflows" in file.parts:
            if not re.fullmatch(r"\S+:\S*\d\S*@sha256:[0-9a-f]{64}", found[1]):
                faults.append(f"{place}: the image {found[1]} has no version or no digest")

    document = YAML(typ="safe", pure=True).load(text)
    for name, job in document.get("jobs", {}).items():
        place = f"{file}: job {name}"
        if "permissions" not in job:
            faults.append(f"{place}: it does not say what it is permitted")
        if "uses" in job:
            continue
        if "timeout-minutes" not in job:
            faults.append(f"{place}: it has no time limit")
        runners = [job["runs-on"]]
        if "matrix" in job["runs-on"]:
            runners = [one["runner"] for one in job["strategy"]["matrix"]["include"]]
        for runner in runners:
            if not re.fullmatch(r"ubuntu-\d\d\.04(-arm)?", runner):
                faults.append(f"{place}: the runner {runner} has no fixed version")
    if "jobs" in document and document.get("permissions") != {}:
        faults.append(f"{file}: its jobs start with permissions that they did not ask for")
    if "jobs" in document and "concurrency" not in document:
        faults.append(f"{file}: it does not say what becomes of runs at the same time")
if faults:
    sys.exit("\n".join(faults))
PYTHON
        ;;
    *)
        echo "usage: scripts/workflows.sh fetch|check" >&2
        exit 1
        ;;
esac
