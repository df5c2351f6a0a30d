import itertools
import json
import pathlib
import tempfile
import unittest

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.__main__ import written

from .files import CHART, dashboards, panel_expressions, panels, promtool

WIDTH = 24


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def lost(written, understood, where=""):
    """What of this JSON is not in the other, or differs there; the other may have more."""
    if isinstance(written, dict) and isinstance(understood, dict):
        return [place for key, value in written.items() for place in lost(value, understood.get(key), f"{where}.{key}")]
    if isinstance(written, list) and isinstance(understood, list) and len(written) == len(understood):
        pairs = enumerate(zip(written, understood))
        return [place for number, (one, other) in pairs for place in lost(one, other, f"{where}[{number}]")]
    return [] if written == understood else [where]


class Dashboards(unittest.TestCase):
    def test_the_files_are_what_their_sources_say(self):
        there = {path.name: path.read_text() for path in (CHART / "files" / "dashboards").iterdir()}
        stale = {name for name in there.keys() | written().keys() if there.get(name) != written().get(name)}
        self.assertEqual(set(), stale, "run scripts/monitoring.sh dashboards")

    def test_grafana_knows_everything_in_them(self):
        register_default_plugins()
        for name, dashboard in dashboards().items():
            understood = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))
            self.assertEqual([], lost(dashboard, understood), name)

    def test_no_dashboard_takes_the_place_of_another(self):
        uids = [dashboard["uid"] for dashboard in dashboards().values()]
        self.assertEqual(len(set(uids)), len(uids), uids)

    def test_every_one_can_be_shown_of_any_installation(self):
        for name, dashboard in dashboards().items():
            names = [variable["name"] for variable in dashboard["templating"]["list"]]
            self.assertEqual(["datasource", "namespace", "instance"], names)
            for panel in panels(dashboard):
                for part in (panel, *panel.get("targets", [])) if panel["type"] != "text" else ():
                    self.assertEqual("${datasource}", part["datasource"]["uid"], panel["title"])

    def test_panels_lie_side_by_side(self):
        for name, dashboard in dashboards().items():
            places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
            for title, place in places:
                self.assertLessEqual(place["x"] + place["w"], WIDTH, title)
            for (title, place), (other_title, other) in itertools.combinations(places, 2):
                self.assertFalse(overlap(place, other), f"{title} and {other_title}")
            numbers = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(set(numbers)), len(numbers))

    def test_every_panel_says_what_it_shows_and_in_which_unit(self):
        for name, dashboard in dashboards().items():
            for panel in panels(dashboard):
                if panel["type"] == "text":
                    continue
                self.assertTrue(panel["title"] and panel["description"], panel)
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
                self.assertTrue(panel["targets"], panel["title"])

    def test_prometheus_understands_every_expression(self):
        """As rules, for promtool parses no bare expression."""
        expressions = panel_expressions()
        recorded = [{"record": f"panel:{number}", "expr": expression} for number, (_, expression, _) in enumerate(expressions)]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "panels.json"
            path.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}))
            content, said = promtool("check", "rules", "--lint=none", str(path))
        self.assertTrue(content, said)
        self.assertIn(f"{len(expressions)} rules found", said)

    def test_no_variable_is_left_in_an_expression(self):
        for where, expression, _ in panel_expressions():
            # "${1}" and "$1" stand for parts of a label's value.
            self.assertNotIn("$", expression.replace("${1}", "").replace("$1", ""), where)
