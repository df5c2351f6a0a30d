"""Every resource of every profile is one that Kubernetes takes."""

import functools
import json
import re
import unittest

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils

from chart import CHART, PROFILES, containers, helm, load, name, of_kind, pods, profile_flags, resources
from custom_resources import SCHEMAS

# They are large, and would be read again for each resource.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)

VERSIONS = kubernetes_validate.utils.all_versions()
NEWEST = sorted(
    {kubernetes_validate.utils.major_minor(version) for version in VERSIONS}, key=lambda version: int(version[2:])
)[-3:]

QUANTITY = re.compile(r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti|k|M|G|T)?$")


def distinct():
    """All resources of all profiles, the same ones once."""
    found = {}
    for profile in PROFILES:
        for resource in resources(profile):
            found[json.dumps(resource, sort_keys=True)] = (profile, resource)
    return found.values()


class Kubernetes(unittest.TestCase):
    def test_its_three_newest_versions_know_every_resource_and_field(self):
        self.assertEqual(len(NEWEST), 3)
        for profile, resource in distinct():
            own = SCHEMAS.get((resource["apiVersion"], resource["kind"]))
            for version in NEWEST if own is None else ["own schema"]:
                with self.subTest(f"{profile}: {name(resource)} in {version}"):
                    if own is None:
                        kubernetes_validate.validate(resource, version, strict=True)
                    else:
                        jsonschema.Draft202012Validator(own).validate(resource)

    def test_a_kind_or_a_field_that_is_not_known_is_noticed(self):
        unknown = {"apiVersion": "example.com/v1", "kind": "Nothing", "metadata": {"name": "it"}}
        with self.assertRaises(kubernetes_validate.SchemaNotFoundError):
            kubernetes_validate.validate(unknown, NEWEST[-1], strict=True)
        misspelt = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "dada": {}}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(misspelt, NEWEST[-1], strict=True)

    def test_names_are_short_enough_and_never_twice(self):
        long = "a-release-whose-name-is-as-long-as-helm-ever-takes-it"
        for profile in PROFILES:
            seen = [name(resource) for resource in resources(profile)]
            self.assertEqual(len(seen), len(set(seen)), profile)
            done = helm("template", long, CHART, "--namespace", "documents", *profile_flags(profile))
            self.assertEqual(done.returncode, 0, done.stderr)
            for resource in load(done.stdout):
                # 52 for a CronJob, which adds the time to it; 63 for what becomes a label or a host name.
                most = 52 if resource["kind"] in ("CronJob", "StatefulSet") else 63
                self.assertLessEqual(len(resource["metadata"]["name"]), most, name(resource))
                self.assertRegex(resource["metadata"]["name"], r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
                for value in resource["metadata"].get("labels", {}).values():
                    self.assertRegex(value, r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", name(resource))

    def test_what_schemas_do_not_check_is_in_range(self):
        for profile, resource in distinct():
            with self.subTest(f"{profile}: {name(resource)}"):
                self.assertEqual(resource["metadata"]["namespace"], "documents")
                for _, template in pods([resource]):
                    names = set()
                    for container in containers(template):
                        for port in container.get("ports", []):
                            self.assertIn(port["containerPort"], range(1024, 65536))
                            self.assertRegex(port["name"], r"^[a-z]([-a-z0-9]{0,13}[a-z0-9])?$")
                        for kind in "requests", "limits":
                            for value in container["resources"][kind].values():
                                self.assertRegex(str(value), QUANTITY)
                        mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
                        names |= mounted
                        self.assertEqual(len(mounted), len(container.get("volumeMounts", [])))
                        for probe in "startupProbe", "livenessProbe", "readinessProbe":
                            port = container.get(probe, {}).get("httpGet", {}).get("port")
                            if port is not None:
                                self.assertIn(port, [item["name"] for item in container["ports"]])
                    claims = {claim["metadata"]["name"] for claim in resource["spec"].get("volumeClaimTemplates", [])}
                    volumes = {volume["name"] for volume in template["spec"].get("volumes", [])}
                    self.assertEqual(names, volumes | claims, "mounted, and there")
                if resource["kind"] == "HorizontalPodAutoscaler":
                    self.assertLessEqual(1, resource["spec"]["minReplicas"])
                    self.assertLessEqual(resource["spec"]["minReplicas"], resource["spec"]["maxReplicas"])
                    self.assertTrue(resource["spec"]["metrics"])
                if resource["kind"] in ("ConfigMap", "Secret"):
                    self.assertLess(len(json.dumps(resource)), 900_000, "etcd takes no more than a MiB")

    def test_services_and_routes_lead_to_something(self):
        for profile in PROFILES:
            found = resources(profile)
            templates = [template for _, template in pods(found)]
            services = {service["metadata"]["name"]: service for service in of_kind(found, "Service")}
            for service in services.values():
                with self.subTest(f"{profile}: {name(service)}"):
                    selector = service["spec"]["selector"].items()
                    chosen = [template for template in templates if selector <= template["metadata"]["labels"].items()]
                    self.assertTrue(chosen)
                    for template in chosen:
                        ports = [
                            port["name"] for container in containers(template) for port in container.get("ports", [])
                        ]
                        for port in service["spec"]["ports"]:
                            self.assertIn(port["targetPort"], ports)
            for ingress in of_kind(found, "Ingress"):
                for rule in ingress["spec"]["rules"]:
                    backend = rule["http"]["paths"][0]["backend"]["service"]
                    ports = [port["name"] for port in services[backend["name"]]["spec"]["ports"]]
                    self.assertIn(backend["port"]["name"], ports)
            for route in of_kind(found, "HTTPRoute"):
                [backend] = route["spec"]["rules"][0]["backendRefs"]
                self.assertIn(backend["port"], [port["port"] for port in services[backend["name"]]["spec"]["ports"]])
            for scaler in of_kind(found, "HorizontalPodAutoscaler"):
                target = scaler["spec"]["scaleTargetRef"]
                self.assertIn(target["name"], [item["metadata"]["name"] for item in of_kind(found, target["kind"])])
