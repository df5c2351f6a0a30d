"""Metrics are found by every kind of Prometheus; alerts and dashboards come along."""

import json
import pathlib
import shutil
import tempfile
import unittest

import yaml

from chart import (
    CHART,
    COMPONENT,
    NAMESPACE,
    PROFILES,
    RELEASE,
    helm,
    load,
    of_kind,
    pods,
    profile_flags,
    resources,
    selects,
    the,
)

ALERTS = {
    "groups": [
        {
            "name": "hyperion",
            "rules": [{"alert": "Slow", "expr": "up == 0", "annotations": {"summary": "{{ $labels.pod }}"}}],
        }
    ]
}
DASHBOARD = {"title": "API", "panels": [{"legendFormat": "{{route}}"}]}


def with_files(profile):
    """The resources of a profile, where the chart has these alerts and this dashboard and no others."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "hyperion")
        shutil.copytree(CHART, copy)
        shutil.rmtree(copy / "files", ignore_errors=True)
        (copy / "files/dashboards").mkdir(parents=True)
        (copy / "files/alerts.yaml").write_text(yaml.safe_dump(ALERTS))
        (copy / "files/dashboards/api.json").write_text(json.dumps(DASHBOARD, indent=2))
        done = helm("template", RELEASE, copy, "--namespace", NAMESPACE, *profile_flags(profile))
    if done.returncode:
        raise AssertionError(done.stderr)
    return load(done.stdout)


def served(found):
    return [template for _, template in pods(found) if template["metadata"]["labels"][COMPONENT] in ("web", "worker")]


class Monitoring(unittest.TestCase):
    def test_pods_say_where_their_metrics_are(self):
        for profile in PROFILES:
            for template in served(resources(profile)):
                annotations = template["metadata"].get("annotations", {})
                port = annotations.get("prometheus.io/port")
                if profile == "own-identity":
                    self.assertIsNone(port)
                    continue
                self.assertEqual(
                    (annotations["prometheus.io/scrape"], annotations["prometheus.io/path"]), ("true", "/metrics")
                )
                ports = {
                    str(item["containerPort"]): item["name"] for item in template["spec"]["containers"][0]["ports"]
                }
                self.assertEqual(ports[port], "metrics")

    def test_monitors_choose_every_pod_that_has_metrics_and_no_other(self):
        found = resources("production")
        monitor = the(found, "PodMonitor", "hyperion")
        self.assertEqual(monitor["metadata"]["labels"]["release"], "monitoring")
        chosen = [
            template
            for _, template in pods(found)
            if selects(monitor["spec"]["selector"], template["metadata"]["labels"])
        ]
        self.assertEqual(chosen, served(found))

        found = resources("gateway")
        monitor = the(found, "ServiceMonitor", "hyperion")
        [service] = [
            item
            for item in of_kind(found, "Service")
            if selects(monitor["spec"]["selector"], item["metadata"]["labels"])
        ]
        self.assertEqual(monitor["spec"]["endpoints"][0]["port"], service["spec"]["ports"][0]["name"])
        selector = {"matchLabels": service["spec"]["selector"]}
        chosen = [template for _, template in pods(found) if selects(selector, template["metadata"]["labels"])]
        self.assertEqual(chosen, served(found))

    def test_the_charts_prometheus_finds_the_pods_and_has_the_labels_of_dashboards(self):
        config = yaml.safe_load(
            the(resources("everything-in-the-cluster"), "ConfigMap", "hyperion-prometheus")["data"]["prometheus.yml"]
        )
        [job] = config["scrape_configs"]
        targets = {rule["target_label"] for rule in job["relabel_configs"] if "target_label" in rule}
        self.assertEqual(targets, {"namespace", "pod"})
        self.assertEqual(
            config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"], ["alertmanager.monitoring:9093"]
        )

    def test_alerts_are_as_in_their_file(self):
        self.assertEqual(the(with_files("production"), "PrometheusRule", "hyperion")["spec"], ALERTS)
        mounted = the(with_files("everything-in-the-cluster"), "ConfigMap", "hyperion-alerts")["data"]["alerts.yaml"]
        self.assertEqual(yaml.safe_load(mounted), ALERTS)

    def test_dashboards_are_as_in_their_files(self):
        for profile in "production", "everything-in-the-cluster":
            config = the(with_files(profile), "ConfigMap", "hyperion-dashboards")
            self.assertEqual(config["metadata"]["labels"]["grafana_dashboard"], "1")
            self.assertEqual({file: json.loads(text) for file, text in config["data"].items()}, {"api.json": DASHBOARD})

    def test_the_chart_has_alerts_and_dashboards(self):
        self.assertTrue((CHART / "files/alerts.yaml").exists(), "files/alerts.yaml")
        self.assertTrue(list((CHART / "files/dashboards").glob("*.json")), "files/dashboards/*.json")

    def test_without_being_asked_for_they_are_left_out(self):
        found = with_files("")
        self.assertEqual(of_kind(found, "PrometheusRule", "PodMonitor", "ServiceMonitor", "ConfigMap"), [])

    def test_what_grafana_shows_is_mounted(self):
        found = with_files("everything-in-the-cluster")
        [template] = [item for _, item in pods(found) if item["metadata"]["labels"][COMPONENT] == "grafana"]
        provisioned = the(found, "ConfigMap", "hyperion-grafana")["data"]
        path = yaml.safe_load(provisioned["dashboards.yaml"])["providers"][0]["options"]["path"]
        self.assertIn(path, [mount["mountPath"] for mount in template["spec"]["containers"][0]["volumeMounts"]])
        maps = {volume["configMap"]["name"] for volume in template["spec"]["volumes"] if "configMap" in volume}
        self.assertLessEqual(maps, {item["metadata"]["name"] for item in of_kind(found, "ConfigMap")})
        url = yaml.safe_load(provisioned["datasources.yaml"])["datasources"][0]["url"]
        self.assertEqual(url, "http://hyperion-prometheus:9090")
        self.assertEqual(the(found, "Service", "hyperion-prometheus")["spec"]["ports"][0]["port"], 9090)
