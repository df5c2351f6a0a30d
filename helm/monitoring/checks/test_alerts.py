import pathlib
import re
import tempfile
import unittest

from ruamel.yaml import YAML

from .files import HERE, RULES, RUNBOOK, RUNBOOK_ADDRESS, alerts, promtool

# What a section of the runbook must say, in this order.
PARTS = "Means", "People notice", "Look first", "Mend"


def cases():
    """The tests of alerts-of-hours.yaml and alerts-of-days.yaml, by file."""
    # All as text, for to YAML the series 0x60 would be the number 96.
    return {path.name: YAML(typ="base", pure=True).load(path) for path in sorted(HERE.glob("alerts-of-*.yaml"))}


def for_promtool(tests):
    """The same with all that promtool compares: of each alert expected also what its rule says."""
    known = alerts()
    for test in tests["tests"]:
        for case in test["alert_rule_test"]:
            for expected in case["exp_alerts"]:
                rule = known[case["alertname"]]
                expected["exp_labels"] = rule["labels"] | expected.pop("labels")
                expected["exp_annotations"] = rule["annotations"] | {"summary": expected.pop("summary")}
    return tests | {"rule_files": [str(RULES)]}


class Alerts(unittest.TestCase):
    def test_promtool_finds_no_fault_in_the_rules(self):
        content, said = promtool("check", "rules", "--lint=all", "--lint-fatal", str(RULES))
        self.assertTrue(content, said)

    def test_alerts_fire_when_they_should_and_only_then(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, tests in cases().items():
                with self.subTest(name):
                    path = pathlib.Path(folder) / name
                    with open(path, "w") as file:
                        YAML(typ="safe", pure=True).dump(for_promtool(tests), file)
                    content, said = promtool("test", "rules", str(path))
                    self.assertTrue(content, said)

    def test_every_alert_is_seen_to_fire_and_not_to_fire(self):
        seen = {
            (case["alertname"], bool(case["exp_alerts"]))
            for tests in cases().values()
            for test in tests["tests"]
            for case in test["alert_rule_test"]
        }
        self.assertEqual({(name, fires) for name in alerts() for fires in (True, False)}, seen)

    def test_every_alert_says_how_bad_it_is_and_what_is_the_matter(self):
        for name, rule in alerts().items():
            with self.subTest(name):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                self.assertEqual({"summary", "description", "runbook_url"}, set(rule["annotations"]))
                # It is compared as it is written, in for_promtool.
                self.assertNotIn("{{", rule["annotations"]["description"])

    def test_every_alert_has_its_section_in_the_runbook(self):
        headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)
        self.assertEqual(list(dict.fromkeys(headings)), headings, "twice")
        self.assertEqual(set(alerts()), set(headings))
        for name, rule in alerts().items():
            self.assertEqual(f"{RUNBOOK_ADDRESS}#{name.lower()}", rule["annotations"]["runbook_url"])

    def test_every_section_of_the_runbook_is_whole(self):
        for section in re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]:
            name = section.split("\n", 1)[0]
            with self.subTest(name):
                self.assertEqual(list(PARTS), re.findall(r"^\*\*([^*]+):\*\*", section, re.MULTILINE))

    def test_the_runbook_leads_nowhere_that_is_not_there(self):
        text = RUNBOOK.read_text()
        anchors = {heading.lower() for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}
        self.assertEqual(set(), set(re.findall(r"\]\(#([^)]+)\)", text)) - anchors)
