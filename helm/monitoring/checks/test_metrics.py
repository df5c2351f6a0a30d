import os
import pathlib
import re
import unittest
import urllib.request

import promql_parser

from .files import dashboards, panel_expressions, rules

# Scraping adds them to every metric.
SCRAPED = {"instance", "job", "namespace", "pod"}
# Metrics of others: whether scraping works, which Prometheus says itself, and when certificates expire.
FOREIGN = {
    "up": SCRAPED,
    "certmanager_certificate_expiration_timestamp_seconds": SCRAPED | {"name", "exported_namespace"},
}


def exported(text):
    """The labels of every metric in a /metrics."""
    metrics = {}
    for name, labels in re.findall(r'^([a-z_:]\w*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? ', text, re.MULTILINE):
        metrics.setdefault(name, set(SCRAPED)).update(re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', labels))
    return metrics


def nodes(expression):
    found = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    return found


def made_labels(parts):
    """Labels that an expression makes itself."""
    calls = [part for part in parts if isinstance(part, promql_parser.Call) and part.func.name == "label_replace"]
    return {call.args[1].val for call in calls}


class Metrics(unittest.TestCase):
    """All that is asked for is there. A metric may be misspelt, or the server whose metrics these are has not done what
    it counts."""

    @classmethod
    def setUpClass(cls):
        source = os.environ.get("METRICS")
        if not source:
            raise unittest.SkipTest("no metrics were given")
        if source.startswith("http"):
            with urllib.request.urlopen(source, timeout=30) as answer:
                text = answer.read().decode()
        else:
            text = pathlib.Path(source).read_text()
        cls.metrics = exported(text) | FOREIGN
        if not any(name.startswith("hyperion_") for name in cls.metrics):
            raise AssertionError(f"{source} has no metrics of Hyperion")
        # What a rule records has the labels that it groups by.
        for rule in rules():
            if "record" in rule:
                cls.metrics[rule["record"]] = {"namespace"}

    def check(self, where, expression, legend=""):
        parts = nodes(expression)
        labels = made_labels(parts)
        with self.subTest(where):
            selectors = [part for part in parts if isinstance(part, promql_parser.VectorSelector)]
            for selector in selectors:
                self.assertIn(selector.name, self.metrics, f"unknown metric in {expression}")
                known = self.metrics[selector.name]
                asked = {matcher.name for matcher in selector.matchers.matchers}
                self.assertEqual(set(), asked - known, f"unknown labels of {selector.name}")
                labels |= known
            for part in parts:
                if isinstance(part, promql_parser.AggregateExpr) and part.modifier:
                    self.assertEqual(set(), set(part.modifier.labels) - labels, f"unknown labels in {expression}")
            shown = set(re.findall(r"\{\{(\w+)\}\}", legend))
            self.assertEqual(set(), shown - labels, f"unknown labels in the legend {legend}")

    def test_of_dashboards(self):
        for where, expression, legend in panel_expressions():
            self.check(where, expression, legend)

    def test_of_the_dashboards_variables(self):
        for name, dashboard in dashboards().items():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] != "query":
                    continue
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]).groups()
                self.check(f"{name}: {variable['name']}", f"group by ({label}) ({selector.replace('$namespace', 'hyperion')})")

    def test_of_rules(self):
        for rule in rules():
            self.check(rule.get("alert") or rule["record"], rule["expr"])
