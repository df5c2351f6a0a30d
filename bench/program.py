"""The installed program while it is measured: its processes, what they use, and requests to them."""

import http.client
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "target" / "dist"
TICKS = os.sysconf("SC_CLK_TCK")

EMAIL, PASSWORD = "bench@example.org", "plover-anvil-tundra"

FILES, TOTAL_BYTES = 200, 2_400_000

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


class Server:
    """The program serving on a free port, with its own data unless its variables say otherwise."""

    def __init__(self, data, *arguments, variables=None, cookie=None):
        command = [DIST / "hyperion", "serve", "--listen", "127.0.0.1:0", "--data-dir", data, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | (variables or {}))
        for line in self.process.stdout:
            if found := re.search(r"is ready on (http://(\S+))", line):
                self.url, self.host = found.groups()
                break
        else:
            sys.exit("the server ended before it was ready")
        self.cookie = cookie

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        return cpu(self.process.pid)

    def resident_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000

    def request(self, method, path, body=None, kind="application/json", connection=None):
        """Over a connection of its own unless one is given."""
        headers = {"Content-Type": kind}
        if self.cookie:
            headers["Cookie"] = self.cookie
        used = connection or http.client.HTTPConnection(self.host)
        for _ in range(600):
            if (code := self.process.poll()) is not None:
                sys.exit(f"the server ended with {code}")
            used.request(method, "/api/v1" + path, body, headers)
            response = used.getresponse()
            answer = response.read()
            if response.status != 429:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        if response.status >= 400:
            sys.exit(f"{method} {path} was answered with {response.status}: {answer.decode()}")
        if cookie := response.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        if connection is None:
            used.close()
        return json.loads(answer) if answer else None

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, connection=None):
        return self.request("POST", path, json.dumps(body), connection=connection)

    def sign_up(self):
        self.post("/auth/sign-up", {"name": "Bench", "email": EMAIL, "password": PASSWORD})

    def sign_in(self):
        self.post("/auth/sign-in", {"email": EMAIL, "password": PASSWORD})

    def upload(self, base, name, text):
        """Returns the document."""
        edge = "edge-of-the-file"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = (head + text + f"\r\n--{edge}--\r\n").encode()
        path = f"/knowledge-bases/{base}/documents"
        uploads = self.request("POST", path, body, f"multipart/form-data; boundary={edge}")
        return uploads["files"][0]["document"]

    def ingest(self, files):
        """Uploads files, given by their names and texts, to a new knowledge base and waits until they are read."""
        base = self.post("/knowledge-bases", {"name": f"Bench {time.time()}"})["id"]
        for name, text in files:
            self.upload(base, name, text)
        while (counts := self.get(f"/knowledge-bases/{base}")["documents"])["underway"]:
            show_progress("reading", counts["ready"], len(files))
            time.sleep(0.5)
        show_progress("reading", len(files), len(files))
        if counts["ready"] != len(files):
            sys.exit(f"not every file was read: {counts}")
        return base

    def documents(self, base):
        documents, cursor = [], ""
        while cursor is not None:
            page = self.get(f"/knowledge-bases/{base}/documents?limit=200{cursor}")
            documents += page["items"]
            cursor = f"&cursor={page['next_cursor']}" if page.get("next_cursor") else None
        return documents


def cpu(process):
    """CPU seconds that a process and those it started have used so far."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        children = [child for thread in Path(f"/proc/{process}/task").iterdir()
                    for child in (thread / "children").read_text().split()]
    except OSError:
        return 0  # it has ended, and counts for whoever started it
    return sum(map(int, fields[11:15])) / TICKS + sum(map(cpu, children))


def texts(files=FILES):
    """Files of prose, the same ones every time: their names and texts."""
    source = random.Random(1)
    sizes = [source.uniform(2_000, 40_000) for _ in range(FILES)]
    scale = TOTAL_BYTES / sum(sizes)
    return [(f"text-{number:03}.txt", prose(source, size * scale)) for number, size in enumerate(sizes[:files])]


def prose(source, size):
    paragraphs, length = [], 0
    while length < size:
        sentences = [" ".join(source.choices(WORDS, k=source.randint(6, 22))).capitalize() + "."
                     for _ in range(source.randint(2, 7))]
        paragraphs.append(" ".join(sentences))
        length += len(paragraphs[-1]) + 2
    return "\n\n".join(paragraphs)


def print_table(columns, rows):
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(flush=True)


def measured():
    """When and on what."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    processor = found[1].strip() if found else "unknown"
    return f"Measured on {time.strftime('%Y-%m-%d')} with {os.cpu_count()} processors ({processor})."


def require_program():
    if not (DIST / "hyperion").exists():
        sys.exit(f"{DIST} is missing: cargo xtask dist --release makes it")


def note(text):
    print(f"== {text}", file=sys.stderr)


def show_progress(what, done, total):
    if sys.stderr.isatty():
        bar = "#" * (40 * done // total)
        print(f"\r{what} {bar:40} {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
