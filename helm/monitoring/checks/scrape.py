"""A real Prometheus scrapes a server and evaluates the rules: python3 -m checks.scrape HOST:PORT"""

import contextlib
import ctypes
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from ruamel.yaml import YAML

from .files import RULES, read_yaml

PATIENCE = 60
METRICS = 'count({__name__=~"hyperion_.+"})'


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configure(folder, address):
    """Everything each second, so that nobody waits for a minute."""
    hurried = read_yaml(RULES)
    for group in hurried["groups"]:
        group["interval"] = "1s"
    yaml = YAML(typ="safe", pure=True)
    yaml.dump(hurried, folder / "rules.yml")
    yaml.dump(
        {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "hyperion", "static_configs": [{"targets": [address]}]}],
        },
        folder / "prometheus.yml",
    )


@contextlib.contextmanager
def prometheus(folder):
    """Its address, until the end of the block."""
    port = free_port()
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,
        )
    try:
        yield f"http://127.0.0.1:{port}/api/v1", server
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def ask(api, path, **parameters):
    with urllib.request.urlopen(f"{api}/{path}?{urllib.parse.urlencode(parameters)}", timeout=5) as answer:
        return json.load(answer)["data"]


def missing(api):
    """What is still not as it should be; an error of a rule does not pass and is raised."""
    try:
        targets = ask(api, "targets")["activeTargets"]
        groups = ask(api, "rules")["groups"]
        up = ask(api, "query", query="up == 1")["result"]
        metrics = ask(api, "query", query=METRICS)["result"]
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        return f"Prometheus does not answer: {error}"
    rules = [rule for group in groups for rule in group["rules"]]
    for rule in rules:
        if rule["health"] == "err":
            raise SystemExit(f"The rule {rule['name']} fails: {rule['lastError']}")
    if not up:
        return f"the scrape fails: {[target['lastError'] for target in targets] or 'no target'}"
    if not metrics:
        return "no metric of Hyperion came"
    unknown = [rule["name"] for rule in rules if rule["health"] != "ok"]
    if unknown or not rules:
        return f"not evaluated yet: {unknown or 'no rule was loaded'}"
    return None


def main(address):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        configure(folder, address)
        with prometheus(folder) as (api, server):
            end = time.monotonic() + PATIENCE
            while lack := missing(api):
                if server.poll() is not None:
                    sys.exit(f"Prometheus ended:\n{(folder / 'log').read_text()}")
                if time.monotonic() > end:
                    sys.exit(f"After {PATIENCE} s {lack}\n{(folder / 'log').read_text()}")
                time.sleep(0.5)
            # Later scrapes and evaluations differ from the first: rates begin with the second.
            time.sleep(3)
            if lack := missing(api):
                sys.exit(f"It did not stay well: {lack}")
            series = ask(api, "query", query=METRICS)["result"][0]["value"][1]
            rules = sum(len(group["rules"]) for group in ask(api, "rules")["groups"])
            if log := (folder / "log").read_text().strip():
                sys.exit(f"Prometheus complains:\n{log}")
    print(f"Prometheus scraped {address}: {series} series of Hyperion, {rules} rules evaluated without error")


main(sys.argv[1])
