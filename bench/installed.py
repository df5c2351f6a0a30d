#!/usr/bin/env python3
"""What the installed program costs: measures target/dist and prints a Markdown table.

Needs `cargo xtask dist --release`, and for the first page `scripts/setup.sh e2e`.
Everything is measured on this machine, on loopback, with data of its own that is removed afterwards.
"""

import http.client
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

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "target" / "dist"
TICKS = os.sysconf("SC_CLK_TCK")

FILES, TOTAL_BYTES = 200, 2_400_000
QUERIES = 100

# Common words, from which sentences are made that read like prose to the tokenizer.
WORDS = """the of and to in is that for it as was with be by on not he his but at are this have from or had an they
which one you were her all their there been many some would other into has more two time could our than first water
then them these new people made over did down only way find use may long little very after words called just where
most know contract office report year building market history science music river village engine winter summer letter
question answer number paper machine garden travel doctor teacher student company service product measure result
method system control energy material process language picture country border harbour island mountain forest bridge
council budget member meeting decision payment invoice delivery customer supplier warranty notice period employee
holiday salary agreement clause insurance damage repair window kitchen temperature pressure signal network battery
recipe flour butter sugar oven minute hour week month morning evening night light shadow colour green yellow silver
copper carbon oxygen protein cell tissue patient treatment therapy dose trial evidence sample survey statistic model
variable theory proof theorem function graph matrix vector integer fraction history empire treaty battle soldier
peasant merchant ship captain lighthouse keeper anchor storm voyage chart compass""".split()


def main():
    if not (DIST / "hyperion").exists():
        sys.exit("target/dist is missing: cargo xtask dist --release makes it")
    rows = [("install on disk, model included", f"{size_of(DIST) / 1e6:.0f} MB", "< 100 MB", "7,190 MB")]
    with tempfile.TemporaryDirectory(prefix="hyperion-bench-") as folder:
        measure(Path(folder), rows)
    print("| what | measured | to reach | Open WebUI 0.12.4 |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    date = time.strftime("%Y-%m-%d")
    print(f"\nMeasured on {date} with {os.cpu_count()} processors ({processor()}).")


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
    base = server.post("/knowledge-bases", {"name": "Bench"})["id"]
    before = server.cpu()
    for name, text in texts():
        server.upload(base, name, text)
    counts = server.wait_until_read(base)
    if counts["ready"] != FILES:
        sys.exit(f"not every file was read: {counts}")
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


class Server:
    """A server with its own data on a free port."""

    def __init__(self, data):
        command = [DIST / "hyperion", "serve", "--listen", "127.0.0.1:0", "--data-dir", data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"is ready on (http://(\S+))", line):
                self.url, self.host = found.groups()
                break
        else:
            sys.exit("the server ended before it was ready")
        self.cookie = None

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def cpu(self):
        """CPU seconds used so far, by child processes that have ended too."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / TICKS

    def resident_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000

    def request(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind}
        if self.cookie:
            headers["Cookie"] = self.cookie
        connection = http.client.HTTPConnection(self.host)
        for _ in range(600):
            if (code := self.process.poll()) is not None:
                sys.exit(f"the server ended with {code}")
            connection.request(method, "/api/v1" + path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != 429:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        if response.status >= 400:
            sys.exit(f"{method} {path} was answered with {response.status}: {answer.decode()}")
        if cookie := response.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        connection.close()
        return json.loads(answer) if answer else None

    def post(self, path, body):
        return self.request("POST", path, json.dumps(body))

    def sign_up(self):
        self.post("/auth/sign-up", {"name": "Bench", "email": "bench@example.org", "password": "plover-anvil-tundra"})

    def upload(self, base, name, text):
        edge = "edge-of-the-file"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = (head + text + f"\r\n--{edge}--\r\n").encode()
        self.request("POST", f"/knowledge-bases/{base}/documents", body, f"multipart/form-data; boundary={edge}")

    def wait_until_read(self, base):
        while True:
            counts = self.request("GET", f"/knowledge-bases/{base}")["documents"]
            if counts["underway"] == 0:
                return counts
            time.sleep(1)

    def documents(self, base):
        documents, cursor = [], ""
        while cursor is not None:
            page = self.request("GET", f"/knowledge-bases/{base}/documents?limit=200{cursor}")
            documents += page["items"]
            cursor = f"&cursor={page['next_cursor']}" if page.get("next_cursor") else None
        return documents


def texts():
    """Files of prose, the same ones every time."""
    source = random.Random(1)
    sizes = [source.uniform(2_000, 40_000) for _ in range(FILES)]
    scale = TOTAL_BYTES / sum(sizes)
    for number, size in enumerate(sizes):
        paragraphs, length = [], 0
        while length < size * scale:
            sentences = [" ".join(source.choices(WORDS, k=source.randint(6, 22))).capitalize() + "."
                         for _ in range(source.randint(2, 7))]
            paragraphs.append(" ".join(sentences))
            length += len(paragraphs[-1]) + 2
        yield f"text-{number:03}.txt", "\n\n".join(paragraphs)


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


def processor():
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else "unknown"


def note(text):
    print(f"== {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
