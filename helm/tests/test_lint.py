"""What linters say of the chart."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from chart import CHART, PROFILES, helm, profile_flags, rendered

# Checks of checkov that fail for resources of these names (no name: for all), and why they may.
ACCEPTED = {
    "CKV_K8S_35": ("", "the programs take their secrets from variables only"),
    "CKV_K8S_43": ("", "tags are pinned, and every image takes a digest besides"),
    "CKV_K8S_15": ("", "a pinned tag or digest never means another image, and pods start while the registry is away"),
    "CKV_K8S_8": (".hyperion-test", "it asks and ends"),
    "CKV_K8S_9": (".hyperion-test", "it asks and ends"),
    "CKV_K8S_40": (".hyperion-postgresql", "999 is the user that the image of PostgreSQL is made for"),
    "CKV_K8S_116": (".hyperion-etcd", "not the cluster's, and only Milvus can reach it: see test_network.py"),
    "CKV_K8S_117": (".hyperion-etcd", "not the cluster's, and only Milvus can reach it: see test_network.py"),
    "CKV_K8S_119": (".hyperion-etcd", "it is one server without peers"),
}


class Lint(unittest.TestCase):
    def test_helm_finds_nothing_in_any_profile(self):
        for profile in PROFILES:
            with self.subTest(profile):
                done = helm("lint", "--strict", "--quiet", CHART, *profile_flags(profile))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_package_holds_what_the_chart_is_made_of(self):
        with tempfile.TemporaryDirectory() as folder:
            done = helm("package", CHART, "--destination", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            [package] = pathlib.Path(folder).iterdir()
            packed = helm(
                "template", "hyperion", package, "--namespace", "documents", *profile_flags("everything-in-the-cluster")
            )
            self.assertEqual(packed.returncode, 0, packed.stderr)
            names = subprocess.run(
                ["tar", "--list", "--file", package], capture_output=True, text=True, check=True
            ).stdout
        files = [
            str(file.relative_to(CHART)) for file in (CHART / "files").rglob("*") if file.suffix in (".json", ".yaml")
        ]
        for file in ["README.md", "values.schema.json", "charts/postgresql/Chart.yaml", *files]:
            self.assertIn(f"hyperion/{file}\n", names)

    def test_checkov_finds_nothing_that_is_not_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            for profile in PROFILES:
                pathlib.Path(folder, f"{profile or 'default'}.yaml").write_text(rendered(profile))
            done = subprocess.run(
                [sys.executable, "-m", "checkov.main", "--directory", folder, "--framework", "kubernetes"]
                + ["--skip-download", "--quiet", "--compact", "--output", "json"],
                capture_output=True,
                text=True,
                # It would otherwise ask a server for newer versions.
                env={**os.environ, "LOG_LEVEL": "ERROR", "BC_SKIP_MAPPING": "TRUE"},
            )
        report = json.loads(done.stdout)
        self.assertGreater(report["summary"]["passed"], 1000, "checkov did not look")
        self.assertEqual(report["summary"]["parsing_errors"], 0)
        failed = report["results"]["failed_checks"]
        unexpected = {
            f"{check['check_id']} {check['check_name']}: {check['resource']} in {check['file_path']}"
            for check in failed
            if not check["resource"].endswith(ACCEPTED.get(check["check_id"], ("never",))[0])
        }
        self.assertEqual(unexpected, set())
        unused = set(ACCEPTED) - {check["check_id"] for check in failed}
        self.assertEqual(unused, set(), "accepted, but nothing fails these any more")
