"""Nobody notices an upgrade, a drained node or a change in load."""

import unittest

from chart import COMPONENT, PROFILES, name, of_kind, pods, resources, selects, the, with_values

REPLICATED = [profile for profile in PROFILES if profile not in ("", "single-node", "single-node-backup")]


def variable(template, wanted):
    [value] = [item["value"] for item in template["spec"]["containers"][0]["env"] if item["name"] == wanted]
    return value


def servers(found):
    return [
        (item, template) for item, template in pods(found) if template["spec"]["containers"][0]["name"] == "hyperion"
    ]


class Availability(unittest.TestCase):
    def test_new_pods_serve_before_old_ones_go(self):
        for profile in REPLICATED:
            found = servers(resources(profile))
            self.assertEqual({variable(template, "HYPERION_ROLE") for _, template in found}, {"web", "worker"})
            for deployment, _ in found:
                update = deployment["spec"]["strategy"]
                self.assertEqual(update["type"], "RollingUpdate")
                self.assertEqual(update["rollingUpdate"]["maxUnavailable"], 0)
                self.assertGreaterEqual(update["rollingUpdate"]["maxSurge"], 1)

    def test_a_volume_is_worked_on_by_one_pod_at_a_time(self):
        for profile in set(PROFILES) - set(REPLICATED):
            [(deployment, template)] = servers(resources(profile))
            self.assertEqual(deployment["spec"]["replicas"], 1)
            self.assertEqual(deployment["spec"]["strategy"], {"type": "Recreate"})
            self.assertEqual(variable(template, "HYPERION_ROLE"), "all")
            self.assertIn("persistentVolumeClaim", template["spec"]["volumes"][0])

    def test_a_pod_has_time_for_its_answers(self):
        for profile in PROFILES:
            for deployment, template in servers(resources(profile)):
                pause = template["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
                drain = int(variable(template, "HYPERION_DRAIN_SECONDS"))
                with self.subTest(f"{profile}: {name(deployment)}"):
                    self.assertGreaterEqual(template["spec"]["terminationGracePeriodSeconds"], pause + drain + 20)
                    if variable(template, "HYPERION_ROLE") != "worker":
                        # A language model may be silent for two minutes before it begins.
                        self.assertGreaterEqual(drain, 300)

    def test_a_node_can_always_be_drained(self):
        for profile in PROFILES:
            found = resources(profile)
            scalers = {
                item["spec"]["scaleTargetRef"]["name"]: item["spec"]
                for item in of_kind(found, "HorizontalPodAutoscaler")
            }
            for budget in of_kind(found, "PodDisruptionBudget"):
                self.assertEqual(budget["spec"]["maxUnavailable"], 1)
                self.assertNotIn("minAvailable", budget["spec"])
                self.assertEqual(budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow")
                chosen = [
                    deployment
                    for deployment, template in pods(found)
                    if selects(budget["spec"]["selector"], template["metadata"]["labels"])
                ]
                self.assertEqual(len(chosen), 1, f"{profile}: {name(budget)}")
                scaler = scalers.get(chosen[0]["metadata"]["name"])
                fewest = scaler["minReplicas"] if scaler else chosen[0]["spec"]["replicas"]
                self.assertGreater(fewest, 1, f"{profile}: {name(budget)}")

    def test_of_several_pods_one_goes_at_a_time(self):
        for profile, components in (
            ("production", ["web", "worker"]),
            ("gateway", ["web"]),
            ("own-identity", []),
            ("", []),
        ):
            budgets = of_kind(resources(profile), "PodDisruptionBudget")
            self.assertEqual([budget["metadata"]["labels"][COMPONENT] for budget in budgets], components)

    def test_pods_are_spread_over_zones_and_nodes(self):
        for profile in REPLICATED:
            for deployment, template in servers(resources(profile)):
                spread = template["spec"]["topologySpreadConstraints"]
                keys = [constraint["topologyKey"] for constraint in spread]
                self.assertEqual(keys, ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])
                for constraint in spread:
                    self.assertTrue(selects(constraint["labelSelector"], template["metadata"]["labels"]))
                    self.assertEqual(constraint["labelSelector"], deployment["spec"]["selector"])

    def test_the_number_of_pods_follows_the_load_and_falls_slowly(self):
        found = resources("production")
        for component, kinds in ("web", ["Resource", "Resource", "Pods"]), ("worker", ["Resource", "External"]):
            scaler = the(found, "HorizontalPodAutoscaler", f"hyperion-{component}")["spec"]
            self.assertEqual([metric["type"] for metric in scaler["metrics"]], kinds)
            down = scaler["behavior"]["scaleDown"]
            self.assertGreaterEqual(down["stabilizationWindowSeconds"], 300)
            self.assertEqual([(policy["type"], policy["value"]) for policy in down["policies"]], [("Pods", 1)])
            self.assertNotIn("replicas", the(found, "Deployment", f"hyperion-{component}")["spec"], "they would fight")

    def test_aims_can_be_left_out(self):
        values = {"web": {"autoscaling": {"cpu": 0, "memory": 0, "requestsPerSecond": 5}}}
        [metric] = the(with_values(values, "production"), "HorizontalPodAutoscaler", "hyperion-web")["spec"]["metrics"]
        self.assertEqual(metric["pods"]["target"], {"type": "AverageValue", "averageValue": "5"})

    def test_answers_stream_through_the_way_in(self):
        annotations = the(resources("single-node"), "Ingress", "hyperion")["metadata"]["annotations"]
        prefix = "nginx.ingress.kubernetes.io/"
        self.assertEqual(annotations[f"{prefix}proxy-buffering"], "off")
        self.assertEqual(annotations[f"{prefix}proxy-body-size"], "0")
        self.assertGreaterEqual(int(annotations[f"{prefix}proxy-read-timeout"]), 600)
        [rule] = the(resources("gateway"), "HTTPRoute", "hyperion")["spec"]["rules"]
        self.assertEqual(rule["timeouts"], {"request": "0s"})
