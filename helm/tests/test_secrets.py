"""Secrets: not in sight, made once, kept."""

import base64
import re
import unittest

from chart import (
    CHART,
    NAMESPACE,
    PROFILES,
    RELEASE,
    containers,
    helm,
    load,
    name,
    of_kind,
    pods,
    profile_flags,
    resources,
)
from cluster import holding

SENSITIVE = re.compile(r"PASSWORD|SECRET|_KEY\b|DSN|(DATABASE|REDIS|MILVUS)_URL")
GENERATED = {
    "hyperion-key",
    "hyperion-postgresql",
    "hyperion-redis",
    "hyperion-milvus",
    "hyperion-storage",
    "hyperion-grafana",
}


def in_cluster(objects, profile, *flags):
    """The resources of a profile where a cluster holds these objects."""
    with holding(objects) as environment:
        arguments = ["--namespace", NAMESPACE, "--dry-run=server", *profile_flags(profile), *flags]
        done = helm("template", RELEASE, CHART, *arguments, environment=environment)
    if done.returncode:
        raise AssertionError(done.stderr)
    return load(done.stdout)


def secrets(found):
    return {secret["metadata"]["name"]: secret["data"] for secret in of_kind(found, "Secret")}


class Secrets(unittest.TestCase):
    def test_no_secret_stands_in_a_variable(self):
        for profile in PROFILES:
            for resource, template in pods(resources(profile)):
                for container in containers(template):
                    for variable in container.get("env", []):
                        with self.subTest(f"{profile}: {name(resource)}: {variable['name']}"):
                            value = re.sub(r"\$\(\w+\)", "", variable.get("value", ""))
                            self.assertNotRegex(value, r"an-example|://[^/@]*:[^/@]+@")
                            if SENSITIVE.search(variable["name"]) and "value" in variable:
                                self.assertRegex(variable["value"], r"\$\(\w+_PASSWORD\)")

    def test_what_a_variable_is_made_of_stands_before_it(self):
        for profile in PROFILES:
            for resource, template in pods(resources(profile)):
                for container in containers(template):
                    known = set()
                    for variable in container.get("env", []):
                        with self.subTest(f"{profile}: {name(resource)}: {variable['name']}"):
                            self.assertLessEqual(set(re.findall(r"\$\((\w+)\)", variable.get("value", ""))), known)
                            self.assertNotIn(variable["name"], known)
                        known.add(variable["name"])
                    self.assertLessEqual(set(re.findall(r"\$\((\w+)\)", " ".join(container.get("args", [])))), known)

    def test_secrets_of_values_are_in_no_other_object(self):
        for resource in resources("gateway"):
            if resource["kind"] != "Secret" and not resource["metadata"]["name"].endswith("-authority"):
                self.assertNotIn("an-example", str(resource), name(resource))

    def test_all_secrets_that_are_used_are_made_or_given(self):
        for profile in PROFILES:
            found = resources(profile)
            made = secrets(found)
            given = set(re.findall(r"(?:existingSecret|Secret): (hyperion-[\w-]+)", values_text(profile)))
            for resource, template in pods(found):
                for container in containers(template):
                    for variable in container.get("env", []):
                        wanted = variable.get("valueFrom", {}).get("secretKeyRef")
                        if wanted is None:
                            continue
                        with self.subTest(f"{profile}: {name(resource)}: {variable['name']}"):
                            self.assertIn(wanted["name"], set(made) | given)
                            if wanted["name"] in made:
                                self.assertIn(wanted["key"], made[wanted["name"]])

    def test_what_is_generated_stays_when_the_release_is_deleted(self):
        found = of_kind(resources("everything-in-the-cluster"), "Secret")
        self.assertEqual({secret["metadata"]["name"] for secret in found}, GENERATED)
        for secret in found:
            self.assertEqual(secret["metadata"]["annotations"]["helm.sh/resource-policy"], "keep", name(secret))

    def test_what_is_generated_is_long_and_of_letters_and_digits(self):
        for secret, data in secrets(resources("everything-in-the-cluster")).items():
            [value] = data.values()
            expected = r"[0-9a-f]{64}" if secret == "hyperion-key" else r"[0-9A-Za-z]{32}"
            self.assertRegex(base64.b64decode(value).decode(), f"^{expected}$", secret)

    def test_what_is_generated_is_never_the_same_and_an_upgrade_keeps_it(self):
        first = in_cluster([], "everything-in-the-cluster")
        other = in_cluster([], "everything-in-the-cluster")
        for secret in GENERATED:
            self.assertNotEqual(secrets(first)[secret], secrets(other)[secret])
        self.assertEqual(len({str(list(data.values())) for data in secrets(first).values()}), len(GENERATED))
        held = of_kind(first, "Secret")
        self.assertEqual(secrets(in_cluster(held, "everything-in-the-cluster", "--is-upgrade")), secrets(first))

    def test_pods_start_again_when_a_secret_of_the_values_changes_and_only_then(self):
        def checksum(*flags):
            [template] = [
                template
                for resource, template in pods(resources("gateway", *flags))
                if name(resource) == "Deployment hyperion-web"
            ]
            return template["metadata"]["annotations"]["checksum/given"]

        self.assertEqual(checksum(), checksum("--set", "web.replicas=3"))
        self.assertNotEqual(checksum(), checksum("--set", "external.s3.secretAccessKey=another"))


def values_text(profile):
    return (CHART / f"ci/{profile}-values.yaml").read_text() if profile else ""
