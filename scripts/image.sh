#!/usr/bin/env bash
# An OCI image made of target/dist (or the folder DIST) without Nix or Docker: laid out and configured like the one of `nix build .#image`
# (nix/image), with the few libraries of this machine that the program links to, and no shell.
#
#   scripts/image.sh build   assembles it at target/image, an OCI layout with the tag `hyperion`
#   scripts/image.sh check   assembles it twice, which must give the same, and has it answer questions under runc: as
#                            uid 65532, with a read-only root, no capabilities, and the system calls that containers get
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
dist=${DIST:-$target/dist}
PATH=$PATH:/usr/sbin

fail() { printf 'image: %s\n' "$*" >&2; exit 1; }

# Copies what the programs given link to, the loader included, into a folder at the paths that they have here.
copy_libraries() {
    local root=$1 library
    shift
    for library in $(ldd "$@" | grep -o '/[^ :]*\.so[^ :)]*' | sort -u); do
        case "$library" in
            */libpdfium.so) ;;
            *) install -D "$(realpath "$library")" "$root$library" ;;
        esac
    done
}

# Puts files into two layers, so that a new version of Hyperion leaves the lower one as it is.
lay_out() {
    local system=$1/system program=$1/program certificates=/etc/ssl/certs/ca-certificates.crt
    [ -f "$certificates" ] || fail "$certificates is missing: apt-get install ca-certificates"
    mkdir -p "$system" "$program/opt/hyperion"
    copy_libraries "$system" "$dist/hyperion" "$dist/libpdfium.so"
    install -D -m 444 "$certificates" "$system$certificates"
    install -m 444 nix/image/passwd nix/image/group "$system/etc"
    install -d -m 1777 "$system/tmp"
    install -d -m 700 "$system/data"
    cp -r "$dist/." "$program/opt/hyperion"
    chmod -R a+rX,go-w "$program"
}

# Writes a folder as an archive that depends on nothing but its contents.
archive() {
    tar --create --file "$3" --directory "$1" --format=posix --pax-option=delete=atime,delete=ctime \
        --sort=name --mtime="$2" --numeric-owner --owner=0 --group=0 --exclude=./data .
    # The one folder that does not belong to root.
    if [ -d "$1/data" ]; then
        tar --append --file "$3" --directory "$1" --format=posix --pax-option=delete=atime,delete=ctime \
            --mtime="$2" --numeric-owner --owner=65532 --group=65532 ./data
    fi
}

# The configuration of nix/image/config.json as options of umoci, each ended by a zero byte.
configuration() {
    python3 - "$@" <<'PYTHON'
import json
import sys
import tomllib

created, revision = sys.argv[1:]
with open("nix/image/config.json") as file:
    config = json.load(file)
with open("Cargo.toml", "rb") as file:
    version = tomllib.load(file)["workspace"]["package"]["version"]
labels = config.pop("Labels") | {
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.revision": revision,
    "org.opencontainers.image.created": created,
}
options = [("label", f"{name}={value}") for name, value in sorted(labels.items())]
for name, value in config.items():
    values = [value] if isinstance(value, str) else list(value)
    option = {"Volumes": "volume"}.get(name, name.lower())
    options += [(option, value) for value in values]
for name, value in options:
    print(f"--config.{name}={value}", end="\0")
PYTHON
}

# Assembles the image at a folder, replacing what that held.
build() {
    local image=$1 work=$1.unfinished created revision architecture layer
    [ -x "$dist/hyperion" ] || fail "$dist has no program to put into an image: cargo xtask dist --release makes it"
    created=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)
    revision=$(git rev-parse HEAD)
    case "$(uname -m)" in
        x86_64) architecture=amd64 ;;
        aarch64) architecture=arm64 ;;
        *) fail "no image is made for $(uname -m)" ;;
    esac
    rm -rf "$image" "$work"
    lay_out "$work"
    umoci init --layout "$image"
    umoci new --image "$image:hyperion"
    for layer in system program; do
        archive "$work/$layer" "$created" "$work/$layer.tar"
        umoci raw add-layer --image "$image:hyperion" --history.created "$created" \
            --history.created_by "scripts/image.sh: $layer" "$work/$layer.tar"
    done
    local options=()
    mapfile -d '' options < <(configuration "$created" "$revision")
    umoci config --image "$image:hyperion" --no-history --created "$created" --architecture "$architecture" --os linux \
        "${options[@]}"
    umoci gc --layout "$image"
    rm -rf "$work"
}

digest() { skopeo inspect --format '{{.Digest}}' "oci:$1:hyperion"; }

# Turns the configuration that umoci wrote for runc into that of a careful cluster: see the top of this file.
confine() {
    python3 - "$@" <<'PYTHON'
import json
import platform
import sys

path, data, address = sys.argv[1:]
with open(path) as file:
    config = json.load(file)
with open("/usr/share/containers/seccomp.json") as file:
    profile = json.load(file)

process = config["process"]
if (process["user"]["uid"], process["user"]["gid"]) != (65532, 65532):
    sys.exit(f"image: the image runs as {process['user']}, not as 65532:65532")
process["terminal"] = False
process["noNewPrivileges"] = True
process["capabilities"] = {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")}
process["env"].append(f"HYPERION_LISTEN={address}")
config["root"]["readonly"] = True
config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] not in ("/data", "/tmp")] + [
    {"destination": "/data", "type": "bind", "source": data, "options": ["bind", "rw", "nosuid", "nodev", "noexec"]},
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec", "size=64m"]},
]
linux = config["linux"]
# It is asked from this machine, on loopback.
linux["namespaces"] = [kind for kind in linux["namespaces"] if kind["type"] not in ("network", "user")]
linux.pop("uidMappings", None)
linux.pop("gidMappings", None)

# The profile that container engines use, for a container without capabilities.
machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
calls = []
for call in profile["syscalls"]:
    includes, excludes = call.get("includes") or {}, call.get("excludes") or {}
    wanted = machine in includes.get("arches", [machine]) and machine not in excludes.get("arches", [])
    if wanted and not includes.get("caps"):
        arguments = [
            {"index": argument["index"], "value": argument["value"], "op": argument["op"]}
            for argument in call.get("args") or []
        ]
        rule = {"names": call["names"], "action": call["action"], "args": arguments}
        if call["action"] == "SCMP_ACT_ERRNO":
            rule["errnoRet"] = call.get("errnoRet", 1)
        calls.append(rule)
linux["seccomp"] = {
    "defaultAction": profile["defaultAction"],
    "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
    "architectures": [{"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64"}[machine]],
    "syscalls": calls,
}
with open(path, "w") as file:
    json.dump(config, file)
PYTHON
}

# Looks at the running process from outside, and asks it about a text and a PDF.
ask() {
    timeout 180 python3 - "$@" <<'PYTHON'
import http.client
import json
import sys
import time
from pathlib import Path

address, process = sys.argv[1:]
cookie = None
deadline = time.monotonic() + 150


def request(method, path, body=None, kind="application/json"):
    global cookie
    connection = http.client.HTTPConnection(address, timeout=30)
    headers = {"Content-Type": kind} | ({"Cookie": cookie} if cookie else {})
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 400:
        sys.exit(f"image: {method} {path} was answered with {response.status}: {answer.decode()}")
    if given := response.headers.get("Set-Cookie"):
        cookie = given.split(";")[0]
    return json.loads(answer)


def until(what, done):
    """Asks again until there is something, and gives it."""
    while time.monotonic() < deadline:
        if not Path(f"/proc/{process}").exists():
            sys.exit(f"image: the program ended before {what} came about")
        try:
            if found := done():
                return found
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"image: {what} did not come about in time")


def post(path, body):
    return request("POST", f"/api/v1{path}", json.dumps(body))


def get(path):
    return request("GET", f"/api/v1{path}")


def ready():
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request("GET", "/readyz")
    return connection.getresponse().status == 200


def upload(base, name, contents):
    edge = "edge-of-the-file"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + contents + f"\r\n--{edge}--\r\n".encode()
    request("POST", f"/api/v1/knowledge-bases/{base}/documents", body, f"multipart/form-data; boundary={edge}")


def pdf(text):
    content = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[4 0 R]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 5 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
    ]
    written, places = "%PDF-1.4\n", []
    for number, contents in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj{contents}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(written)}\n%%EOF"
    return f"{written}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def answered(question, base, document):
    asked = post("/conversations", {"question": question, "knowledge_base_ids": [base]})

    def done():
        answer = get(f"/conversations/{asked['conversation']['id']}")["messages"][-1]
        return answer["status"] != "streaming" and answer

    answer = until(f"the answer to “{question}”", done)
    cited = [citation["document_name"] for citation in answer["citations"]]
    if answer["status"] != "complete" or document not in cited:
        sys.exit(f"image: the answer to “{question}” does not cite {document}: {json.dumps(answer)}")
    print(f"== “{question}” {' '.join(answer['content'].split())} ({', '.join(cited)})")


until("/readyz with status 200", ready)
status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
wanted = {"Uid": "65532\t" * 3 + "65532", "Gid": "65532\t" * 3 + "65532", "NoNewPrivs": "1", "Seccomp": "2"}
wanted |= {f"Cap{kind}": "0" * 16 for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}
for name, value in wanted.items():
    if status[name] != value:
        sys.exit(f"image: the process has {name} {status[name]!r}, not {value!r}")
mounts = [line.split() for line in Path(f"/proc/{process}/mountinfo").read_text().splitlines()]
writable = {mount[4] for mount in mounts if "ro" not in mount[5].split(",")}
if "/" in writable:
    sys.exit("image: its root can be written to")
for name in ("sh", "bash", "dash", "busybox"):
    if found := list(Path(f"/proc/{process}/root").glob(f"**/bin/{name}")):
        sys.exit(f"image: it has a shell at {found[0]}")

post("/auth/sign-up", {"name": "Ada", "email": "ada@example.org", "password": "plover-anvil-tundra"})
base = post("/knowledge-bases", {"name": "Contracts"})["id"]
upload(base, "lease.txt", b"The notice period of the lease is three months, at the end of a month.")
upload(base, "warranty.pdf", pdf("The warranty of the dishwasher ends after five years."))
until("reading the documents", lambda: get(f"/knowledge-bases/{base}")["documents"]["underway"] == 0)
counts = get(f"/knowledge-bases/{base}")["documents"]
if counts["ready"] != 2:
    sys.exit(f"image: not every document could be read: {counts}")
answered("How long is the notice period of the lease?", base, "lease.txt")
answered("When does the warranty of the dishwasher end?", base, "warranty.pdf")
PYTHON
}

check() {
    [ "$(id -u)" = 0 ] || fail "only root can start the container that the image is tried in"
    work=$(mktemp -d)
    name=hyperion-image-check-$$
    trap clean EXIT
    echo "== Assembling the image, twice"
    build "$work/first"
    build "$work/second"
    if [ "$(digest "$work/first")" != "$(digest "$work/second")" ]; then
        fail "assembled twice from the same files, it is not the same: $(digest "$work/first") and $(digest "$work/second")"
    fi
    echo "== Running $(digest "$work/first")"
    umoci unpack --image "$work/first:hyperion" "$work/bundle"
    install -d -o 65532 -g 65532 -m 700 "$work/data"
    chmod 711 "$work"
    local port process ended=0
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    confine "$work/bundle/config.json" "$work/data" "127.0.0.1:$port"
    runc --root "$work/runc" run --pid-file "$work/pid" --bundle "$work/bundle" "$name" >"$work/log" 2>&1 &
    container=$!
    until [ -s "$work/pid" ]; do
        kill -0 "$container" 2>/dev/null || { cat "$work/log" >&2; fail "the container did not start"; }
        sleep 0.1
    done
    process=$(<"$work/pid")
    ask "127.0.0.1:$port" "$process" || { cat "$work/log" >&2; exit 1; }
    runc --root "$work/runc" kill "$name" TERM
    for _ in $(seq 300); do
        kill -0 "$container" 2>/dev/null || break
        sleep 0.1
    done
    ! kill -0 "$container" 2>/dev/null || fail "30 seconds after SIGTERM it still runs"
    wait "$container" || ended=$?
    [ "$ended" = 0 ] || { cat "$work/log" >&2; fail "it ended with $ended after SIGTERM, not with 0"; }
    echo "== The image runs, answers and stops as it should"
}

clean() {
    runc --root "$work/runc" delete --force "$name" >/dev/null 2>&1 || true
    rm -rf "$work"
}

case "${1:-}" in
    build)
        build "$target/image"
        echo "$target/image:hyperion is $(digest "$target/image")"
        ;;
    check) check ;;
    *)
        echo "usage: scripts/image.sh build|check" >&2
        exit 1
        ;;
esac
