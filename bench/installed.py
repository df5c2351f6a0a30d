#!/usr/bin/env python3
"""What the installed program costs: measures target/dist and prints a Markdown table.

Needs `cargo xtask dist --release`, and for the first page `scripts/setup.sh e2e`.
Everything is measured on this machine, on loopback, with data of its own that is removed afterwards.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from program import (DIST, FILES, ROOT, TOTAL_BYTES, WORDS, Server, measured, note, print_table, require_program,
                     texts)

QUERIES = 100


def main():
    require_program()
    rows = [("install on disk, model included", f"{size_of(DIST) / 1e6:.0f} MB", "< 100 MB", "7,190 MB")]
    with tempfile.TemporaryDirectory(prefix="hyperion-bench-") as folder:
        measure(Path(folder), rows)
    print_table(["what", "measured", "to reach", "Open WebUI 0.12.4"], rows)
    print(measured())


def measure(folder, rows):
    starts = []
    for _ in range(4):  # the first one makes the database and is left out
        server = Server(folder / "data")
        starts.append(server.cpu())
        time.sleep(2)
        idle = server.resident_mb()
        server.stop()
    rows.append(("start to ready", f"{sorted(starts[1:])[1]:.2f} CPU-s", "< 0.5 CPU-s", "40 CPU-s"))
    rows.append(("idle RSS", f"{idle:.0f} MB", "< 150 MB", "1,199 MB"))

    note(f"reading {FILES} files")
    server = Server(folder / "data")
    server.sign_up()
    before = server.cpu()
    base = server.ingest(texts())
    cpu = (server.cpu() - before) / FILES
    rows.append((f"ingest, {FILES} text files of 2-40 kB ({TOTAL_BYTES / 1e6:.1f} MB)", f"{cpu:.2f} CPU-s a file",
                 "< 0.9, then < 0.5", "3.1"))

    passages = sum(document["passages"] for document in server.documents(base))
    note(f"searching {passages} passages")
    source = random.Random(7)
    questions = [" ".join(source.choices(WORDS, k=8)) + "?" for _ in range(QUERIES)]
    server.post("/search", {"query": "warm up"})
    before = server.cpu()
    for question in questions:
        server.post("/search", {"query": question})
    cpu = (server.cpu() - before) / QUERIES * 1000
    rows.append((f"hybrid search over {passages:,} passages, embedding the query included", f"{cpu:.1f} CPU-ms",
                 "< 10 CPU-ms", "1,448 CPU-ms"))

    note("opening pages in a browser that has nothing stored")
    pages = first_pages(server.url)
    rows.append(("first page (signing in), compressed", pages["sign-in"], "< 250 kB in < 12 requests",
                 "2,960 kB in 219"))
    rows.append(("the app on its first visit, compressed", pages["home"], "< 250 kB in < 12 requests", ""))
    server.stop()


def first_pages(url):
    """Bytes as they travel and requests by page, in a browser that has nothing stored."""
    if not shutil.which("chromium"):
        sys.exit("Chromium is missing: scripts/setup.sh e2e installs it")
    ran = subprocess.run(["npx", "playwright", "test", "--config", "first-page.config.ts"], cwd=ROOT / "e2e",
                         env=os.environ | {"FIRST_PAGE_SERVER": url}, capture_output=True, text=True)
    found = [json.loads(line) for line in re.findall(r'{"name":.*}', ran.stdout)]
    if len(found) != 2:
        sys.exit(f"the first pages could not be measured:\n{ran.stdout}{ran.stderr}")
    return {page["name"]: f"{page['bytes'] / 1000:.0f} kB in {page['requests']} requests" for page in found}


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
