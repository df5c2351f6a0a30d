#!/usr/bin/env bash
# Around compose.yaml; nothing here needs Docker.
#
#   scripts/compose.sh secrets             writes .env with a key and passwords, unless it is there
#   scripts/compose.sh fetch               puts what the following need in target/compose, at the versions of scripts/compose.txt
#   scripts/compose.sh check               whether compose.yaml is valid, and every image in it has a version
#   scripts/compose.sh variables SERVICE   prints the environment of a service, with made-up secrets
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${CARGO_TARGET_DIR:-target}/compose

case "${1:-}" in
    secrets)
        if [ -e .env ]; then
            echo ".env is there already: what it holds fits the data, so it is left as it is"
            exit 0
        fi
        umask 077
        for name in HYPERION_SECRET_KEY POSTGRES_PASSWORD REDIS_PASSWORD MILVUS_PASSWORD STORAGE_PASSWORD; do
            echo "$name=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
        done >.env.new
        mv .env.new .env
        echo "Wrote .env: keep it as safe as the data"
        ;;
    fetch)
        cmp -s scripts/compose.txt "$folder/versions.txt" && exit 0
        echo "== Installing what checks compose.yaml"
        rm -rf "$folder"
        python3 -m pip install --quiet --no-deps --no-warn-conflicts --root-user-action=ignore --target "$folder" -r scripts/compose.txt
        cp scripts/compose.txt "$folder/versions.txt"
        ;;
    check | variables)
        [ -e "$folder/versions.txt" ] || { echo "scripts/compose.sh fetch comes first" >&2; exit 1; }
        export PYTHONPATH=$folder
        exec python3 - "$@" <<'PYTHON'
import json
import os
import re
import sys

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

with open("compose.yaml") as file:
    text = file.read()
secrets = set(re.findall(r"\$\{(\w+):\?", text))
text = re.sub(r"\$\{\w+:\?[^}]*\}", "5e" * 32, text)
text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
compose = YAML(typ="safe", pure=True).load(text)
services = compose["services"]

if sys.argv[1] == "variables":
    for name, value in services[sys.argv[2]]["environment"].items():
        print(f"{name}={value}")
    sys.exit()

faults = []
with open(f"{os.environ['PYTHONPATH']}/check_jsonschema/builtin_schemas/vendor/compose-spec.json") as file:
    schema = json.load(file)
for error in Draft202012Validator(schema).iter_errors(compose):
    faults.append(f"{error.json_path}: {error.message}")
for name, service in services.items():
    if not re.fullmatch(r"\S+:\S*\d+[.-]\d+\S*", service["image"]):
        faults.append(f"{name}: the image {service['image']} has no version")
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("./deploy/") and not os.path.isfile(source):
            faults.append(f"{name}: {source} is missing")
        if source[0] not in "./" and source not in compose["volumes"]:
            faults.append(f"{name}: the volume {source} is not declared")
    for other, wait in service.get("depends_on", {}).items():
        if wait["condition"] == "service_healthy" and "healthcheck" not in services[other]:
            faults.append(f"{name}: it waits for the health of {other}, which is not checked")
with open("scripts/compose.sh") as file:
    written = set(re.search(r"for name in (.*); do", file.read())[1].split())
if written != secrets:
    faults.append(f"scripts/compose.sh secrets writes {sorted(written)}, and compose.yaml asks for {sorted(secrets)}")
if faults:
    sys.exit("\n".join(faults))
PYTHON
        ;;
    *)
        echo "usage: scripts/compose.sh secrets|fetch|check|variables SERVICE" >&2
        exit 1
        ;;
esac
