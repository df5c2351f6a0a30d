#!/usr/bin/env python3
"""What serving costs in either kind of deployment: search, reading files, taking over from a worker that died.

  scripts/servers.sh python3 bench/deployments.py

Needs `cargo xtask dist --release`. The embedded deployment is one process on SQLite. The scale-out one is two web
replicas and a worker on PostgreSQL, Redis, S3 and Milvus 2.3, which finds by meaning while PostgreSQL finds by words:
Milvus Lite, which finds both, answers one request at a time and is nothing to measure. Where the variables of
scripts/servers.sh are not set, only the embedded one is measured.

Everything runs on this machine, the clients too, with data of its own that is removed afterwards. Clients ask again as
soon as they have an answer, so with many of them a search takes as long as those before it in the queue.
"""

import argparse
import contextlib
import http.client
import itertools
import json
import os
import queue
import random
import re
import secrets
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from program import (DIST, EMAIL, FILES, PASSWORD, ROOT, Server, cpu, measured, note, print_table, prose,
                     require_program, show_progress, texts)

SERVERS = ["TEST_POSTGRES_URL", "TEST_POSTGRES_BIN", "TEST_S3_URL", "TEST_MILVUS_URL"]
CLIENTS = [8, 64]
WORKERS = [1, 2, 4]
# Bytes that take one worker far longer than another takes to start.
LONG = 300_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eval", type=Path, default=ROOT / ".." / "shared" / "eval", help="the public test sets")
    parser.add_argument("--set", default="scifact", help="the one that is searched")
    parser.add_argument("--searches", type=int, default=600, help="searches for each number of clients")
    parser.add_argument("--files", type=int, default=FILES, help=f"files that are read, at most {FILES}")
    parser.add_argument("--deaths", type=int, default=3, help="workers that die")
    options = parser.parse_args()
    require_program()
    kinds = [Embedded, ScaleOut] if found_servers() else [Embedded]

    if (options.eval / "retrieval" / options.set).is_dir():
        kept = []
        rows = [row for kind in kinds for row in searching(kind, options, kept)]
        columns = ["search, embedding the question", "clients", "searches a second", "median", "99th percentile"]
        print_table(columns + [f"CPU-ms of {part}" for part in ["Hyperion", *ScaleOut.PARTS]], rows)
        print_table([f"what is kept of {options.set}", "measured"], kept)
    else:
        note(f"search is skipped: {options.eval / 'retrieval' / options.set} is not there")
    rows = [row for kind in kinds for workers in WORKERS for row in [reading(kind, workers, options.files)]]
    columns = ["reading text files of 2-40 kB", "workers", "files a second", "kB a second"]
    print_table(columns + [f"CPU-s a file of {part}" for part in ["Hyperion", *ScaleOut.PARTS]], rows)
    if options.deaths:
        rows = [taking_over(kind, options.deaths) for kind in kinds]
        print_table(["from kill -9 until the document is read again", "median", "longest"], rows)
    if ScaleOut in kinds:
        print("Scale-out: two replicas and a worker; PostgreSQL finds by words, Milvus 2.3 by meaning (HNSW).")
    print(measured())


def found_servers():
    missing = [name for name in SERVERS if not os.environ.get(name)]
    if missing:
        note(f"the scale-out deployment is skipped: {', '.join(missing)} not set; scripts/servers.sh sets them")
    elif not shutil.which("redis-server"):
        sys.exit("redis-server is missing: scripts/setup.sh test installs it")
    return not missing


def searching(kind, options, kept):
    """A row for each number of clients; and where searches are remembered, one for questions that were asked before.
    Adds what is kept then."""
    with kind() as deployment:
        note(f"{kind.NAME}: filling")
        deployment.fill(options)
        servers = deployment.start_web()
        servers[0].sign_in()
        for server in servers:
            server.cookie = servers[0].cookie
            server.post("/search", {"query": "warm up"})
        asked = questions(options)
        for clients in CLIENTS:
            fresh = list(itertools.islice(asked, options.searches))
            yield [kind.NAME, str(clients), *search(deployment, servers, fresh, clients)]
        if kind is ScaleOut:
            yield [f"{kind.NAME}, asked again", str(clients), *search(deployment, servers, fresh, clients)]
        kept += deployment.kept(len(CLIENTS) * options.searches)
        kept.append((f"{kind.NAME}, memory of a serving process", f"{servers[0].resident_mb():.0f} MB"))


def search(deployment, servers, asked, clients):
    """Each client asks its server the next question as soon as it has an answer."""
    waiting, taken = queue.SimpleQueue(), []
    for question in asked:
        waiting.put(question)

    def ask(server):
        connection = http.client.HTTPConnection(server.host)
        with contextlib.suppress(queue.Empty):
            while True:
                body = {"query": waiting.get_nowait()}
                begun = time.perf_counter()
                server.post("/search", body, connection)
                taken.append(time.perf_counter() - begun)
                show_progress("searching", len(taken), len(asked))

    before, begun = deployment.cpu(), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(ask, itertools.islice(itertools.cycle(servers), clients)))
    seconds = time.perf_counter() - begun
    used = [(after - earlier) / len(asked) * 1000 for earlier, after in zip(before, deployment.cpu())]
    taken.sort()
    milliseconds = [f"{taken[len(taken) * part // 100] * 1000:.0f} ms" for part in (50, 99)]
    return [f"{len(asked) / seconds:.0f}", *milliseconds, *cells(used, 1)]


def questions(options):
    """Those of the set, over and over, but no two alike: what was found before is remembered."""
    folder = options.eval / "retrieval" / options.set
    judged = {line.split("\t")[0] for line in (folder / "qrels.tsv").read_text().splitlines()[1:]}
    every = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    every = [question["text"] for question in every if question["_id"] in judged]
    for gap in itertools.count(1):
        yield from (question.replace(" ", " " * gap) for question in every)


def reading(kind, workers, files):
    with kind() as deployment:
        note(f"{kind.NAME}: reading {files} files with {workers} workers")
        server = deployment.start_reading(workers)
        server.sign_up()
        given = texts(files)
        before, begun = deployment.cpu(), time.perf_counter()
        server.ingest(given)
        seconds = time.perf_counter() - begun
        used = [(after - earlier) / files for earlier, after in zip(before, deployment.cpu())]
        size = sum(len(text.encode()) for _, text in given)
        rates = [f"{files / seconds:.2f}", f"{size / seconds / 1000:.1f}"]
        return [kind.NAME, str(workers), *rates, *cells(used, 2)]


def taking_over(kind, deaths):
    taken, source = [], random.Random(3)
    with kind() as deployment:
        note(f"{kind.NAME}: {deaths} workers die")
        for death in range(deaths):
            server = deployment.start_doomed()
            server.sign_in() if death else server.sign_up()
            base = server.post("/knowledge-bases", {"name": f"Death {death}"})["id"]
            document = server.upload(base, "long.txt", prose(source, LONG))["id"]
            while (seen := server.get(f"/documents/{document}"))["stage"] != "embed":
                if seen["status"] not in ("queued", "processing"):
                    sys.exit(f"the document was read before a worker could die: {seen}")
                time.sleep(0.05)
            died, server = deployment.die()
            while (seen := written(server.get(f"/documents/{document}"))) <= died:
                time.sleep(0.05)
            taken.append(seen - died)
            server.request("DELETE", f"/knowledge-bases/{base}")
            deployment.stop_programs()
            show_progress("dying", death + 1, deaths)
    return [kind.TAKEOVER, f"{statistics.median(taken):.1f} s", f"{max(taken):.1f} s"]


def written(document):
    """When somebody last wrote about it."""
    return datetime.fromisoformat(document["updated_at"]).timestamp()


class Deployment:
    """Programs that are one installation, with data of its own; stopped and removed at the end."""

    variables = {}

    def __enter__(self):
        self.exits = contextlib.ExitStack()
        # Others than this user may have to pass through it.
        self.folder = Path(self.exits.enter_context(tempfile.TemporaryDirectory(prefix="hyperion-bench-")))
        self.programs = []
        self.set_up()
        return self

    def __exit__(self, *failure):
        self.stop_programs()
        return self.exits.__exit__(*failure)

    def start(self, *arguments, cookie=None):
        data = self.folder / self.data_of(len(self.programs))
        program = Server(data, *arguments, variables=self.variables, cookie=cookie)
        self.programs.append(program)
        return program

    def stop_programs(self):
        for program in self.programs:
            program.stop()
        self.programs.clear()

    def fill(self, options):
        """With the documents of the set, as if they had been uploaded and read."""
        fill = ["cargo", "run", "--release", "--quiet", "--package", "bench", "--"]
        run([*fill, "--eval", options.eval, "fill", self.database(), "--set", options.set], cwd=ROOT)
        run([DIST / "hyperion", "user", "reset-password", EMAIL, "--data-dir", self.folder / self.data_of(0)],
            input=PASSWORD, env=os.environ | self.variables)

    def cpu(self):
        """CPU seconds so far of Hyperion and of each part that it shares."""
        return [sum(program.cpu() for program in self.programs), *map(cpu, self.parts)]


class Embedded(Deployment):
    NAME = "embedded"
    TAKEOVER = "embedded, started again at once"

    def set_up(self):
        self.parts = []
        (self.folder / "data").mkdir()

    def data_of(self, _):
        return "data"

    def database(self):
        return self.folder / "data" / "hyperion.db"

    def kept(self, _):
        with contextlib.closing(sqlite3.connect(self.database())) as database:
            passages = database.execute("SELECT count(*) FROM passages").fetchone()[0]
        size = self.database().stat().st_size
        return [("passages", f"{passages:,}"), ("SQLite, a passage", f"{size / passages:,.0f} bytes")]

    def start_web(self):
        return [self.start()]

    def start_reading(self, workers):
        return self.start("--workers", str(workers))

    def start_doomed(self):
        return self.start("--workers", "1")

    def die(self):
        """Returns when it was, and a server after it."""
        doomed = self.programs.pop()
        died = time.time()
        doomed.kill()
        return died, self.start("--workers", "1", cookie=doomed.cookie)


class ScaleOut(Deployment):
    NAME = "scale-out"
    TAKEOVER = "scale-out, by another worker"
    PARTS = ["PostgreSQL", "Redis", "Milvus"]

    def set_up(self):
        server = os.environ["TEST_POSTGRES_URL"]
        name = f"bench_{secrets.token_hex(8)}"
        postgres(server, f"CREATE DATABASE {name}")
        self.url = f"{server.rpartition('/')[0]}/{name}"
        redis, self.redis_port = start_redis()
        self.exits.callback(redis.wait)
        self.exits.callback(redis.terminate)
        self.redis_at_first = redis_memory(self.redis_port)
        milvus = os.environ["TEST_MILVUS_URL"]
        self.parts = [process_with("postgres", "-p", port_of(server)), redis.pid,
                      process_with("milvus", f"port-{port_of(milvus)}")]
        self.variables = {
            "HYPERION_DATABASE_URL": self.url,
            "HYPERION_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}",
            "HYPERION_MILVUS_URL": milvus,
            "HYPERION_ORIGINALS_URL": f"s3://tests/{name}",
            "HYPERION_SECRET_KEY": secrets.token_hex(32),
            "AWS_ENDPOINT_URL": os.environ["TEST_S3_URL"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }

    def data_of(self, program):
        return f"data-{program}"

    def database(self):
        return self.url

    def fill(self, options):
        super().fill(options)
        run([DIST / "hyperion", "reindex", "--data-dir", self.folder / self.data_of(0)],
            env=os.environ | self.variables)

    def kept(self, searches):
        passages = int(postgres(self.url, "SELECT count(*) FROM passages"))
        kept = []
        for part, table in ("text", "passages"), ("words", "passage_terms"), ("vectors", "vectors"):
            size = int(postgres(self.url, f"SELECT pg_total_relation_size('{table}')"))
            kept.append((f"PostgreSQL, {part} of a passage with their indexes", f"{size / passages:,.0f} bytes"))
        used = redis_memory(self.redis_port) - self.redis_at_first
        return [*kept, ("Redis, a remembered search", f"{used / searches:,.0f} bytes")]

    def start_web(self):
        return [self.start("--role", "web"), self.start("--role", "web")]

    def start_reading(self, workers):
        server = self.start_web()[0]
        self.start("--role", "worker", "--workers", str(workers))
        return server

    def start_doomed(self):
        server = self.start("--role", "web")
        self.start("--role", "worker", "--workers", "1")
        return server

    def die(self):
        """Returns when it was, and a server after it."""
        server, doomed = self.programs
        self.start("--role", "worker", "--workers", "1")
        self.programs.remove(doomed)
        died = time.time()
        doomed.kill()
        return died, server


def start_redis():
    """A Redis that keeps nothing, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return redis, port
        if redis.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"redis-server does not answer on port {port}")


def redis_memory(port):
    """Bytes in use."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"INFO memory\r\n")
        told = b""
        while not (found := re.search(rb"used_memory:(\d+)\r", told)):
            told += connection.recv(65536)
    return int(found[1])


def postgres(url, statement):
    """What PostgreSQL answers."""
    command = [Path(os.environ["TEST_POSTGRES_BIN"]) / "psql", url, "-qAtc", statement]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def process_with(program, *arguments):
    """The process of a program that was started with these arguments, one after the other."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            sought = range(len(command) - len(arguments) + 1)
            if Path(command[0]).name == program and any(
                    command[at:at + len(arguments)] == list(arguments) for at in sought):
                return int(folder.name)
    sys.exit(f"the {program} of {' '.join(arguments)} does not run on this machine: what it uses cannot be seen")


def port_of(url):
    return re.search(r":(\d+)(?:/|$)", url.rpartition("@")[2])[1]


def cells(used, digits):
    """One for each part, empty for those that a deployment does not have."""
    return [f"{part:.{digits}f}" for part in used] + [""] * (1 + len(ScaleOut.PARTS) - len(used))


def run(command, **options):
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, text=True, check=False, **options)
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {ran.returncode}")


if __name__ == "__main__":
    main()
