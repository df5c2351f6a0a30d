#!/usr/bin/env bash
# Checks what can be known of the Nix files without nixpkgs; `nix flake check` does the rest.
#
#   scripts/nix.sh check   they parse, are formatted and hold nothing unused; flake.lock is whole and fits flake.nix; the
#                          files that they name exist; the PDF library is the one of scripts/pdfium.sh
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    check) ;;
    *)
        echo "usage: scripts/nix.sh check" >&2
        exit 1
        ;;
esac

# The Debian package speaks of a group for builds, and nothing is built.
export NIX_CONFIG="build-users-group ="
files=(flake.nix nix)
deadnix --fail "${files[@]}"
nixpkgs-fmt --check "${files[@]}" 2>/dev/null ||
    { echo "The Nix files are not formatted: nixpkgs-fmt ${files[*]}" >&2; exit 1; }

exec python3 - <<'PYTHON'
import base64
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path.cwd()
FILES = [Path("flake.nix"), *sorted(Path("nix").glob("**/*.nix"))]
faults = []


def nix(*arguments):
    done = subprocess.run(["nix-instantiate", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        faults.append(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return None
    return done.stdout


def evaluate(expression):
    text = nix("--eval", "--strict", "--json", "--expr", expression)
    return None if text is None else json.loads(text)


def check_files():
    """Each file parses, and what it names by a path is in the repository, which is all that a flake sees."""
    for file in FILES:
        parsed = nix("--parse", str(file))
        if parsed is None:
            continue
        without_strings = re.sub(r'"(?:[^"\\]|\\.)*"', '""', parsed, flags=re.DOTALL)
        for path in sorted(set(re.findall(rf"{re.escape(str(ROOT))}/[^\s();\]]*", without_strings))):
            path = Path(path).relative_to(ROOT)
            known = subprocess.run(["git", "ls-files", str(path)], capture_output=True, text=True, check=True).stdout
            if not path.exists() or not known:
                faults.append(f"{file}: {path} is not in the repository")


def check_lock():
    with open("flake.lock") as file:
        lock = json.load(file)
    nodes, root = lock["nodes"], lock["root"]
    if lock["version"] != 7:
        faults.append(f"flake.lock: its version is {lock['version']}, not 7")

    def follow(name, target):
        """The node that an input leads to: named, or found by a path of inputs from the root."""
        if isinstance(target, str):
            found = target
        else:
            found = root
            for step in target:
                onward = nodes[found].get("inputs", {}).get(step)
                found = None if onward is None else follow(found, onward)
                if found is None:
                    break
        if found not in nodes:
            faults.append(f"flake.lock: {name} has the input {target}, which is not there")
            return None
        return found

    reached, open_nodes = {root}, [root]
    while open_nodes:
        name = open_nodes.pop()
        for target in nodes[name].get("inputs", {}).values():
            found = follow(name, target)
            if found and found not in reached:
                reached.add(found)
                open_nodes.append(found)
    for name in nodes.keys() - reached:
        faults.append(f"flake.lock: nothing has {name} as its input")

    for name, node in nodes.items():
        if name == root:
            continue
        locked, original = node.get("locked", {}), node.get("original", {})
        if not re.fullmatch(r"[0-9a-f]{40}", locked.get("rev", "")):
            faults.append(f"flake.lock: {name} has no whole revision")
        kind, _, encoded = locked.get("narHash", "").partition("-")
        try:
            whole = kind == "sha256" and len(base64.b64decode(encoded, validate=True)) == 32
        except ValueError:
            whole = False
        if not whole:
            faults.append(f"flake.lock: {name} has no whole narHash")
        if not 1_600_000_000 < locked.get("lastModified", 0) < time.time():
            faults.append(f"flake.lock: {name} was changed at {locked.get('lastModified')}, which cannot be")
        if [locked.get(key) for key in ("type", "owner", "repo")] != [original.get(key) for key in ("type", "owner", "repo")]:
            faults.append(f"flake.lock: {name} is locked to another repository than was asked for")

    flake = evaluate("let flake = import ./flake.nix; in { inherit (flake) inputs;"
                     " takes = builtins.attrNames (builtins.functionArgs flake.outputs); }")
    if flake is None:
        return
    inputs = flake["inputs"]
    if sorted(flake["takes"]) != sorted([*inputs, "self"]):
        faults.append(f"flake.nix: its outputs take {flake['takes']}, and its inputs are {sorted(inputs)}")
    if inputs.keys() != nodes[root]["inputs"].keys():
        faults.append(f"flake.lock has {sorted(nodes[root]['inputs'])}, and flake.nix {sorted(inputs)}: run nix flake lock")
        return
    for name, wanted in inputs.items():
        node = nodes.get(follow(root, nodes[root]["inputs"][name]))
        if node is None:
            continue
        original = node["original"]
        parts = [original[key] for key in ("owner", "repo", "ref", "rev") if key in original]
        if wanted["url"] != f"{original['type']}:{'/'.join(parts)}":
            faults.append(f"flake.lock: {name} was locked for {'/'.join(parts)}, and flake.nix has {wanted['url']}")
        followed = {key: value["follows"].split("/") for key, value in wanted.get("inputs", {}).items()}
        if followed != {key: value for key, value in node.get("inputs", {}).items() if isinstance(value, list)}:
            faults.append(f"flake.lock: {name} does not follow what flake.nix says: run nix flake lock")


def check_pdfium():
    with open("scripts/pdfium.sh") as file:
        script = file.read()
    version = re.search(r"^version=(\S+)$", script, re.MULTILINE)[1]
    for architecture, library, platform in re.findall(r"^(\w+) ([0-9a-f]{64}) (\w+)$", script, re.MULTILINE):
        package = evaluate(f"""
            let made = import ./nix/pdfium.nix {{
              lib.licenses.bsd3 = "";
              stdenv = {{ mkDerivation = it: it; hostPlatform.system = "{architecture}-linux"; cc.cc.lib = ""; }};
              fetchPypi = it: it;
              autoPatchelfHook = "";
              unzip = "";
            }}; in {{ inherit (made) version src installPhase; }}""")
        if package is None:
            continue
        if package["version"] != version or package["src"]["version"] != version:
            faults.append(f"nix/pdfium.nix has version {package['version']}, and scripts/pdfium.sh {version}")
        if library not in package["installPhase"]:
            faults.append(f"nix/pdfium.nix: the sum for {architecture} is not the one of scripts/pdfium.sh")
        if platform not in package["src"]["platform"].split("."):
            faults.append(f"nix/pdfium.nix: the platform for {architecture} is not the one of scripts/pdfium.sh")


def check_toolchain():
    """Its targets and components are those that the Nix files use."""
    used = {"clippy", "rustfmt", "wasm32-unknown-unknown"}
    toolchain = evaluate("(builtins.fromTOML (builtins.readFile ./rust-toolchain.toml)).toolchain")
    if toolchain and (missing := used - {*toolchain["components"], *toolchain["targets"]}):
        faults.append(f"rust-toolchain.toml lacks {sorted(missing)}, which the Nix files use")


check_files()
check_lock()
check_pdfium()
check_toolchain()
if faults:
    sys.exit("\n".join(faults))
PYTHON
