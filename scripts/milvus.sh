#!/usr/bin/env bash
# Milvus for tests (Apache-2.0), at the versions of scripts/milvus-lite.txt and scripts/milvus-server.txt: Milvus Lite,
# which also finds words but is one process without passwords, in target/milvus-lite; and a whole server, though an old
# one that finds vectors only, in target/milvus-server.
#
#   scripts/milvus.sh fetch             puts both there; running it again changes nothing
#   scripts/milvus.sh lite PORT DATA    serves Milvus Lite on 127.0.0.1 with its data in the folder DATA, until it is ended
#   scripts/milvus.sh server PORT DATA [auth] [tls CERTIFICATE KEY]
#                                       the same of a server; `auth` lets in only those with a password, at first the user
#                                       root with Milvus
#
# Both print `ready` when they answer, and find after a restart what they had stored, however they were ended.
set -euo pipefail
cd "$(dirname "$0")/.."
lite=${CARGO_TARGET_DIR:-target}/milvus-lite
server=${CARGO_TARGET_DIR:-target}/milvus-server

install() {
    python3 -m pip install --quiet --no-deps --no-warn-conflicts --root-user-action=ignore --target "$1" -r "$2"
}

case "${1:-}" in
    fetch)
        if ! cmp -s scripts/milvus-lite.txt "$lite/versions.txt"; then
            echo "== Installing Milvus Lite for tests"
            rm -rf "$lite"
            install "$lite" scripts/milvus-lite.txt
            cp scripts/milvus-lite.txt "$lite/versions.txt"
        fi
        if ! cmp -s scripts/milvus-server.txt "$server/versions.txt"; then
            echo "== Installing a Milvus server for tests"
            rm -rf "$server"
            install "$server" scripts/milvus-server.txt
            # It would unpack itself into every folder of data.
            PYTHONPATH=$server python3 -c 'import milvus, sys; milvus._initialize_data_files(sys.argv[1])' "$server"
            rm -r "$server/milvus/data/bin"
            cp scripts/milvus-server.txt "$server/versions.txt"
        fi
        ;;
    lite)
        export PYTHONPATH=$lite
        exec python3 - "$2" "$3" <<'PYTHON'
import sys
import threading

from milvus_lite.adapter.grpc.server import start_server_in_thread
from milvus_lite.analyzer import Analyzer, factory


class Whitespace(Analyzer):
    """What every other Milvus has, and this one lacks."""

    def tokenize(self, text):
        return text.split()


others = factory._build_by_name
factory._build_by_name = lambda name, **options: Whitespace() if name == "whitespace" else others(name, **options)

# After two writes at once it could not read what it had written: it answers one request at a time.
server = start_server_in_thread(sys.argv[2], port=int(sys.argv[1]), max_workers=1)
print("ready", flush=True)
threading.Event().wait()
PYTHON
        ;;
    server)
        export PYTHONPATH=$server
        exec python3 - "$(realpath "$server")" "${@:2}" <<'PYTHON'
import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import milvus

folder, port, data, *options = sys.argv[1:]
data = os.path.abspath(data)


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_ports():
    """Below those that systems give out, so that no other program gets one before the server has it."""
    for number in random.sample(range(20000, 32768), 12768):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
        yield number


ports = free_ports()
settings = milvus.MilvusServerConfig()
settings.update(data_dir=data)
settings.resolve_storage()
for name in settings.configurable_items:
    if name.endswith("_port"):
        settings.set(name, next(ports))
settings.set("proxy_port", int(port))
for part in "rootCoord", "proxy", "queryCoord", "queryNode", "indexNode", "dataCoord", "dataNode":
    settings.set(f"{part}.ip", "127.0.0.1")
# Started again after it was killed, it waits this many seconds for what it was before, by default a minute in all.
settings.set("common.session.ttl", 10)
settings.set("grpc.client.maxBackoff", 1)
if "auth" in options:
    settings.set("authorization_enabled", True)
if "tls" in options:
    certificate, key = options[options.index("tls") + 1 :][:2]
    settings.set("tls_mode", 1)
    settings.set("server_pem_path", os.path.abspath(certificate))
    settings.set("server_key_path", os.path.abspath(key))
settings.write_config()

# The database of its own settings has ports that only a file of its own can set.
etcd = os.path.join(data, "configs", "etcd.yaml")
client, peer, health = (f"http://127.0.0.1:{next(ports)}" for _ in range(3))
with open(etcd, "w") as file:
    file.write(
        f"name: default\nlisten-client-urls: {client}\nadvertise-client-urls: {client}\n"
        f"listen-peer-urls: {peer}\ninitial-advertise-peer-urls: {peer}\ninitial-cluster: default={peer}\n"
        "unsafe-no-fsync: true\n"
    )

# It notes its process in /run/milvus or, where it may not, in /tmp/milvus, which is for every user as /tmp is.
notes = "/tmp/milvus"
if not os.path.exists(notes):
    os.makedirs(notes, exist_ok=True)
    os.chmod(notes, 0o1777)

output = os.path.join(data, "logs", "output.log")
with open(output, "wb") as log:
    server = subprocess.Popen(
        [f"{folder}/bin/milvus", "run", "standalone", "-alias", f"port-{port}"],
        cwd=data,
        env=os.environ
        | {
            "DEPLOY_MODE": "STANDALONE",
            "ETCD_CONFIG_PATH": etcd,
            "LD_LIBRARY_PATH": f"{folder}/bin",
            "METRICS_PORT": health.rpartition(":")[2],
        },
        stdout=log,
        stderr=log,
        preexec_fn=end_with_parent,
    )
asked = []


def end(*_):
    """Kills it: asked to end, it may take minutes, and killed it has lost nothing."""
    asked.append(True)
    server.kill()


signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)


def answers():
    """Whether all of it has started: it calls itself healthy while parts are still to come."""
    with open(output, "rb") as log:
        if b"Milvus Proxy successfully initialized" not in log.read():
            return False
    try:
        return urllib.request.urlopen(f"{health}/healthz", timeout=5).read() == b"OK"
    except OSError:
        return False


while server.poll() is None and not answers():
    time.sleep(0.1)
if server.poll() is None:
    print("ready", flush=True)
server.wait()
for folder in "/run/milvus", notes:
    for name in f"standalone-port-{port}.pid", f"server_id_{server.pid}":
        with contextlib.suppress(OSError):
            os.remove(os.path.join(folder, name))
if not asked:
    with open(output, errors="replace") as log:
        sys.exit("".join(log.readlines()[-30:]))
PYTHON
        ;;
    *)
        echo "usage: scripts/milvus.sh fetch | lite PORT DATA | server PORT DATA [auth] [tls CERTIFICATE KEY]" >&2
        exit 1
        ;;
esac
