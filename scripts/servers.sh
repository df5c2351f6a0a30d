#!/usr/bin/env bash
# Runs a command beside the servers that tests need, each on a free port with data of its own, and stops them after it.
#
#   scripts/servers.sh cargo nextest run -p store
#
# The command finds PostgreSQL at $TEST_POSTGRES_URL, as a user who may create databases, its programs in
# $TEST_POSTGRES_BIN, S3 at $TEST_S3_URL, with a bucket `tests` that anybody may use, Milvus Lite at
# $TEST_MILVUS_LITE_URL, and at $TEST_MILVUS_URL an older Milvus that asks for the user and password in it.
set -euo pipefail
cd "$(dirname "$0")/.."

data=$(mktemp -d)
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# Runs a program of scripts/ in the background, with its output in a log of that name.
started=()
start() {
    local name=$1
    shift
    "$@" >"$data/$name.log" 2>&1 &
    started+=("$!")
}

# Waits until each program that was started has said that it is ready.
ready() {
    local index=0 name
    for name in "$@"; do
        until grep -q '^ready' "$data/$name.log"; do
            kill -0 "${started[index]}" 2>/dev/null || { cat "$data/$name.log" >&2; exit 1; }
            sleep 0.1
        done
        index=$((index + 1))
    done
}

stop() {
    [ ${#started[@]} = 0 ] || kill "${started[@]}" 2>/dev/null || true
    wait
    as_postgres "$postgres_bin/pg_ctl" stop --silent --wait --mode=immediate -D "$data/postgres" >/dev/null 2>&1 || true
    rm -rf "$data"
}
trap stop EXIT

postgres_bin=$(pg_config --bindir 2>/dev/null || true)
[ -x "$postgres_bin/initdb" ] || postgres_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
[ -x "$postgres_bin/initdb" ] || { echo "PostgreSQL is missing: scripts/setup.sh test installs it" >&2; exit 1; }

chmod 755 "$data"
s3_port=$(free_port)
milvus_lite_port=$(free_port)
milvus_port=$(free_port)
start s3 scripts/s3.sh serve "$s3_port"
start milvus-lite scripts/milvus.sh lite "$milvus_lite_port" "$data/milvus-lite"
start milvus scripts/milvus.sh server "$milvus_port" "$data/milvus" auth

mkdir "$data/postgres"
[ "$(id -u)" != 0 ] || chown postgres "$data/postgres"
port=$(free_port)
as_postgres "$postgres_bin/initdb" --auth=trust --username=hyperion --encoding=UTF8 --locale=C.UTF-8 --no-sync \
    -D "$data/postgres" >/dev/null
# The data is thrown away: nothing waits for the disk.
as_postgres "$postgres_bin/pg_ctl" start --silent --wait -D "$data/postgres" -l "$data/postgres/log" \
    -o "-p $port -h 127.0.0.1 -c unix_socket_directories= -c max_connections=400 -c fsync=off -c full_page_writes=off" >/dev/null
export TEST_POSTGRES_BIN=$postgres_bin
export TEST_POSTGRES_URL="postgres://hyperion@127.0.0.1:$port/postgres"

ready s3 milvus-lite milvus
export TEST_S3_URL="http://127.0.0.1:$s3_port"
export TEST_MILVUS_LITE_URL="http://127.0.0.1:$milvus_lite_port"
export TEST_MILVUS_URL="http://root:Milvus@127.0.0.1:$milvus_port"

"$@"
