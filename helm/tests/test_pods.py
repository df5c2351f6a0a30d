"""What holds for every pod of every profile."""

import re
import unittest

from chart import COMPONENT, PROFILES, containers, name, of_kind, pods, resources, with_values

PINNED = re.compile(r"^[^\s:@]+(:[0-9]+/[^\s:@]+)?:(?!latest(@|$))[^\s@]*\d[^\s@]*(@sha256:[0-9a-f]{64})?$")


def each_pod():
    for profile in PROFILES:
        for resource, template in pods(resources(profile)):
            yield f"{profile or 'default'}: {name(resource)}", resource, template


def each_container():
    for where, resource, template in each_pod():
        for container in containers(template):
            yield f"{where}, {container['name']}", template, container


class Pods(unittest.TestCase):
    def test_none_gets_a_token_but_prometheus_one_of_its_own(self):
        for where, resource, template in each_pod():
            with self.subTest(where):
                self.assertIs(template["spec"]["automountServiceAccountToken"], False)
                projected = [
                    source
                    for volume in template["spec"].get("volumes", [])
                    for source in volume.get("projected", {}).get("sources", [])
                    if "serviceAccountToken" in source
                ]
                self.assertEqual(len(projected), 1 if template["metadata"]["labels"][COMPONENT] == "prometheus" else 0)
        for profile in PROFILES:
            for account in of_kind(resources(profile), "ServiceAccount"):
                self.assertIs(account["automountServiceAccountToken"], False)

    def test_prometheus_may_do_nothing_but_list_pods_of_its_namespace(self):
        for profile in PROFILES:
            found = resources(profile)
            self.assertEqual(of_kind(found, "ClusterRole", "ClusterRoleBinding"), [])
            for role in of_kind(found, "Role"):
                [rule] = role["rules"]
                self.assertEqual((rule["resources"], rule["verbs"]), (["pods"], ["get", "list", "watch"]))

    def test_the_service_account_of_each_is_there(self):
        for profile in PROFILES:
            found = resources(profile)
            accounts = {account["metadata"]["name"] for account in of_kind(found, "ServiceAccount")} | {"default"}
            for resource, template in pods(found):
                self.assertIn(
                    template["spec"].get("serviceAccountName", "default"), accounts, f"{profile}: {name(resource)}"
                )

    def test_variables_of_services_are_not_taken_for_settings(self):
        for where, _, template in each_pod():
            self.assertIs(template["spec"]["enableServiceLinks"], False, where)

    def test_each_keeps_to_the_restricted_standard(self):
        for where, _, template in each_pod():
            with self.subTest(where):
                security = template["spec"]["securityContext"]
                self.assertIs(security["runAsNonRoot"], True)
                self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
                expected = 999 if template["metadata"]["labels"][COMPONENT] == "postgresql" else 65532
                for key in "runAsUser", "runAsGroup", "fsGroup":
                    self.assertEqual(security[key], expected)
                for key in "hostNetwork", "hostPID", "hostIPC":
                    self.assertNotIn(key, template["spec"])
                for volume in template["spec"].get("volumes", []):
                    self.assertNotIn("hostPath", volume)
        for where, _, container in each_container():
            with self.subTest(where):
                security = container["securityContext"]
                self.assertIs(security["allowPrivilegeEscalation"], False)
                self.assertIs(security["privileged"], False)
                self.assertIs(security["readOnlyRootFilesystem"], True)
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                self.assertNotIn("hostPort", str(container.get("ports")))

    def test_every_image_is_pinned(self):
        for where, _, container in each_container():
            self.assertRegex(container["image"], PINNED, where)

    def test_a_digest_decides(self):
        digest = "sha256:" + "a1" * 32
        for values, component in (
            ({"image": {"digest": digest}}, "web"),
            ({"backup": {"image": {"digest": digest}}}, "backup"),
            ({"postgresql": {"image": {"digest": digest}}}, "postgresql"),
        ):
            [template] = [
                template
                for _, template in pods(with_values(values, "everything-in-the-cluster"))
                if template["metadata"]["labels"][COMPONENT] == component
            ]
            self.assertTrue(template["spec"]["containers"][0]["image"].endswith(f"@{digest}"))

    def test_every_container_has_requests_and_limits(self):
        for where, _, container in each_container():
            for kind in "requests", "limits":
                for resource in "cpu", "memory":
                    self.assertIn(resource, container["resources"][kind], where)

    def test_what_serves_is_probed(self):
        for where, resource, template in each_pod():
            if resource["kind"] not in ("Deployment", "StatefulSet"):
                continue
            [container] = template["spec"]["containers"]
            with self.subTest(where):
                self.assertIn("readinessProbe", container)
                self.assertIn("livenessProbe", container)
                if container["name"] == "hyperion":
                    for probe, path in ("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz"):
                        self.assertEqual(container[f"{probe}Probe"]["httpGet"], {"path": path, "port": "http"})

    def test_what_is_written_to_memory_or_the_node_is_bounded(self):
        for where, _, template in each_pod():
            for volume in template["spec"].get("volumes", []):
                if "emptyDir" in volume:
                    self.assertIn("sizeLimit", volume["emptyDir"], f"{where}, {volume['name']}")

    def test_what_is_to_stay_is_in_a_volume(self):
        for where, resource, _ in each_pod():
            if resource["kind"] == "StatefulSet":
                self.assertTrue(resource["spec"]["volumeClaimTemplates"], where)
        [claim] = of_kind(resources(""), "PersistentVolumeClaim")
        self.assertEqual(claim["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")

    def test_images_are_pulled_with_the_secrets_given(self):
        for profile in PROFILES:
            for resource, template in pods(with_values({"global": {"imagePullSecrets": [{"name": "mine"}]}}, profile)):
                self.assertEqual(template["spec"]["imagePullSecrets"], [{"name": "mine"}], name(resource))

    def test_each_goes_where_its_values_say(self):
        where = {
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "mine", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
            "priorityClassName": "mine",
        }
        annotated = where | {"podAnnotations": {"example.com/mine": "yes"}}
        parts = ["web", "worker", "jobs", "postgresql", "redis", "milvus", "storage", "prometheus", "grafana"]
        found = with_values({part: annotated for part in parts}, "everything-in-the-cluster")
        self.assertEqual(len(pods(found)), 14)
        for resource, template in pods(found):
            with self.subTest(name(resource)):
                self.assertLessEqual(where.items(), template["spec"].items())
                self.assertEqual(template["metadata"]["annotations"]["example.com/mine"], "yes")

    def test_extras_are_in_every_container_of_hyperions_program(self):
        programs = 0
        for resource, template in pods(resources("gateway")):
            [container] = template["spec"]["containers"]
            if template["metadata"]["labels"][COMPONENT] in ("web", "worker", "migration", "backup"):
                programs += 1
                self.assertIn({"name": "TZ", "value": "Europe/Berlin"}, container["env"])
                self.assertEqual(container["envFrom"], [{"configMapRef": {"name": "proxy"}}])
                self.assertIn({"name": "backups", "mountPath": "/backups"}, container["volumeMounts"])
                self.assertIn("authority", [volume["name"] for volume in template["spec"]["volumes"]])
        self.assertEqual(programs, 4)

    def test_extra_objects_may_use_templates(self):
        names = [item["metadata"]["name"] for item in of_kind(resources("gateway"), "ConfigMap")]
        self.assertIn("hyperion-authority", names)
