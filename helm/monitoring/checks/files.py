"""What is checked, as read from its files."""

import json
import pathlib
import subprocess

from ruamel.yaml import YAML

HERE = pathlib.Path(__file__).parent
CHART = HERE.parents[1] / "hyperion"
RULES = CHART / "files" / "alerts.yaml"
RUNBOOK = HERE.parents[2] / "docs" / "operations" / "alerts.md"

RUNBOOK_ADDRESS = "https://github.com/hyperion-app/hyperion/blob/main/docs/operations/alerts.md"


def read_yaml(path):
    with open(path) as file:
        return YAML(typ="safe", pure=True).load(file)


def rules():
    return [rule for group in read_yaml(RULES)["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def dashboards():
    """The dashboards by the names of their files."""
    return {path.name: json.loads(path.read_text()) for path in sorted((CHART / "files" / "dashboards").iterdir())}


def panels(dashboard):
    """Those that show something: not the headings of rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def as_grafana_sends(expression):
    """A panel's expression with Grafana's variables filled in."""
    for variable, value in ("$__rate_interval", "5m"), ("$__range", "6h"), ("$namespace", "hyperion"), ("$instance", "a|b"):
        expression = expression.replace(variable, value)
    return expression


def panel_expressions():
    """(where it is, the expression as Prometheus gets it, its legend) of every panel."""
    return [
        (f"{name}: {panel['title']}", as_grafana_sends(target["expr"]), target["legendFormat"])
        for name, dashboard in dashboards().items()
        for panel in panels(dashboard)
        for target in panel.get("targets", [])
    ]


def promtool(*arguments):
    """Whether it is content, and all that it says."""
    done = subprocess.run(["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    return done.returncode == 0, done.stdout
