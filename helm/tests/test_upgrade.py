"""An upgrade changes nothing that cannot be changed."""

import pathlib
import shutil
import tempfile
import unittest

from chart import (
    CHART,
    NAMESPACE,
    PROFILES,
    RELEASE,
    helm,
    load,
    name,
    of_kind,
    pods,
    profile_flags,
    resources,
    selects,
)

CHANGES = {
    "web": {"replicas": 2, "podAnnotations": {"example.com/new": "yes"}},
    "worker": {"replicas": 2},
    "image": {"tag": "9.9.9"},
    "postgresql": {"image": {"tag": "17.9"}},
    "storage": {"clientImage": {"tag": "RELEASE.2025-01-01T00-00-00Z"}},
    "settings": {"max_upload_mib": 7},
}


def next_version(profile, values):
    """The resources of a profile as the next version of the chart would make them, with other values."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "hyperion")
        shutil.copytree(CHART, copy)
        for file in [copy / "Chart.yaml", *copy.glob("charts/*/Chart.yaml")]:
            file.write_text(file.read_text().replace("version: 0.1.0", "version: 0.2.0"))
        done = helm(
            "template", RELEASE, copy, "--namespace", NAMESPACE, "--is-upgrade", *profile_flags(profile), values=values
        )
    if done.returncode:
        raise AssertionError(done.stderr)
    return load(done.stdout)


class Upgrade(unittest.TestCase):
    def stays(self, profile, values):
        before = {name(item): item for item in resources(profile)}
        after = {name(item): item for item in next_version(profile, values)}
        self.assertGreater(len(before.keys() & after.keys()), 5)
        for known in before.keys() & after.keys():
            old, new = before[known], after[known]
            with self.subTest(f"{profile}: {known}"):
                if old["kind"] == "Deployment":
                    self.assertEqual(old["spec"]["selector"], new["spec"]["selector"])
                if old["kind"] == "StatefulSet":
                    for key in "selector", "serviceName", "volumeClaimTemplates":
                        self.assertEqual(old["spec"][key], new["spec"][key])
                if old["kind"] == "PersistentVolumeClaim":
                    self.assertEqual(old["spec"], new["spec"])
                if old["kind"] == "Job" and "helm.sh/hook" not in old["metadata"].get("annotations", {}):
                    self.assertEqual(old["spec"]["template"], new["spec"]["template"])
                if old["kind"] == "Service":
                    self.assertEqual(old["spec"].get("clusterIP"), new["spec"].get("clusterIP"))
                if old["kind"] == "RoleBinding":
                    self.assertEqual(old["roleRef"], new["roleRef"])

    def test_what_cannot_be_changed_stays_when_the_chart_is_newer(self):
        for profile in PROFILES:
            self.stays(profile, {})

    def test_what_cannot_be_changed_stays_when_values_are_others(self):
        for profile in PROFILES:
            in_a_volume = profile in ("", "single-node", "single-node-backup")
            self.stays(profile, {key: value for key, value in CHANGES.items() if key == "image" or not in_a_volume})

    def test_selectors_choose_the_pods_of_their_own_and_no_others(self):
        for profile in PROFILES:
            found = resources(profile)
            labels = [(name(resource), template["metadata"]["labels"]) for resource, template in pods(found)]
            for owner in of_kind(found, "Deployment", "StatefulSet"):
                selector = owner["spec"]["selector"]
                self.assertEqual([other for other, its in labels if selects(selector, its)], [name(owner)], profile)
                self.assertFalse({"helm.sh/chart", "app.kubernetes.io/version"} & selector["matchLabels"].keys())

    def test_two_releases_do_not_meet_in_one_namespace(self):
        one = {name(item) for item in resources("everything-in-the-cluster")}
        done = helm("template", "other", CHART, "--namespace", NAMESPACE, *profile_flags("everything-in-the-cluster"))
        other = load(done.stdout)
        self.assertFalse(one & {name(item) for item in other})
        for owner in of_kind(resources("everything-in-the-cluster"), "Deployment", "StatefulSet"):
            for _, template in pods(other):
                self.assertFalse(selects(owner["spec"]["selector"], template["metadata"]["labels"]))
