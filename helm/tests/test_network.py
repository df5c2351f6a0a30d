"""Pods speak to those they need, and to nobody else."""

import re
import unittest

from chart import COMPONENT, PROFILES, containers, name, of_kind, pods, resources, selects, with_values

WITH_POLICIES = [profile for profile in PROFILES if profile != "own-identity"]


def policies(found, labels):
    return [
        policy["spec"] for policy in of_kind(found, "NetworkPolicy") if selects(policy["spec"]["podSelector"], labels)
    ]


def port_of(rule_port, template):
    """A port of a rule as a number; by name it is one of the pod's."""
    for container in containers(template):
        for port in container.get("ports", []):
            if port["name"] == rule_port:
                return port["containerPort"]
    return rule_port


def peer_matches(peer, labels):
    return "namespaceSelector" not in peer and "podSelector" in peer and selects(peer["podSelector"], labels)


def may_reach(found, source, target, port):
    """Whether the policies of both ends let one pod of the release speak to another."""
    sides = []
    for this, other, direction, peers in (source, target, "egress", "to"), (target, source, "ingress", "from"):
        rules = [rule for spec in policies(found, this["metadata"]["labels"]) for rule in spec.get(direction) or []]
        sides.append(
            any(
                (peers not in rule or any(peer_matches(peer, other["metadata"]["labels"]) for peer in rule[peers]))
                and port in [port_of(item["port"], target) for item in rule["ports"]]
                for rule in rules
            )
        )
    return all(sides)


def template_of(found, component):
    [template] = [item for _, item in pods(found) if item["metadata"]["labels"][COMPONENT] == component]
    return template


class Network(unittest.TestCase):
    def test_each_pod_is_refused_everything_and_allowed_something(self):
        for profile in WITH_POLICIES:
            found = resources(profile)
            for resource, template in pods(found):
                with self.subTest(f"{profile}: {name(resource)}"):
                    chosen = policies(found, template["metadata"]["labels"])
                    nothing = [spec for spec in chosen if not spec.get("ingress") and not spec.get("egress")]
                    self.assertTrue(
                        any("matchExpressions" not in spec["podSelector"] for spec in nothing), "refuses all"
                    )
                    self.assertGreaterEqual(len(chosen), 2, "has one of its own")
                    for spec in chosen:
                        self.assertEqual(spec["policyTypes"], ["Ingress", "Egress"])

    def test_other_pods_of_the_namespace_are_left_alone(self):
        for profile in WITH_POLICIES:
            for policy in of_kind(resources(profile), "NetworkPolicy"):
                self.assertFalse(selects(policy["spec"]["podSelector"], {"app.kubernetes.io/name": "another"}))

    def test_every_rule_names_its_ports(self):
        for profile in WITH_POLICIES:
            for policy in of_kind(resources(profile), "NetworkPolicy"):
                for rule in (policy["spec"].get("ingress") or []) + (policy["spec"].get("egress") or []):
                    self.assertTrue(rule["ports"], f"{profile}: {name(policy)}")

    def test_every_server_that_a_pod_is_told_of_can_be_reached(self):
        found = resources("everything-in-the-cluster")
        services = {item["metadata"]["name"]: item for item in of_kind(found, "Service")}
        reached = set()
        for resource, source in pods(found):
            for container in containers(source):
                texts = [item.get("value", "") for item in container.get("env", [])] + container.get("args", [])
                for host, port in re.findall(r"[@/ ](hyperion-\w+):(\d+)", " ".join([" ", *texts])):
                    [target] = [
                        template
                        for _, template in pods(found)
                        if services[host]["spec"]["selector"].items() <= template["metadata"]["labels"].items()
                    ]
                    component = source["metadata"]["labels"][COMPONENT]
                    reached.add((component, host))
                    self.assertTrue(may_reach(found, source, target, int(port)), f"{name(resource)} to {host}:{port}")
        for pair in (
            ("web", "hyperion-milvus"),
            ("worker", "hyperion-redis"),
            ("milvus", "hyperion-etcd"),
            ("drill", "hyperion-postgresql"),
        ):
            self.assertIn(pair, reached)

    def test_what_is_not_needed_cannot_be_reached(self):
        found = resources("everything-in-the-cluster")
        for source, target, port in (
            ("web", "etcd", 2379),
            ("web", "prometheus", 9090),
            ("web", "worker", 8080),
            ("worker", "web", 8080),
            ("redis", "postgresql", 5432),
            ("milvus", "postgresql", 5432),
            ("migration", "storage", 9000),
            ("grafana", "postgresql", 5432),
            ("test", "postgresql", 5432),
        ):
            allowed = may_reach(found, template_of(found, source), template_of(found, target), port)
            self.assertFalse(allowed, f"{source} to {target}")
        for source, target, port in (
            ("prometheus", "web", 9464),
            ("prometheus", "worker", 9464),
            ("grafana", "prometheus", 9090),
            ("test", "web", 8080),
        ):
            self.assertTrue(
                may_reach(found, template_of(found, source), template_of(found, target), port), f"{source} to {target}"
            )

    def test_servers_with_data_reach_nobody_outside(self):
        found = resources("everything-in-the-cluster")
        for component in "postgresql", "redis", "etcd", "storage":
            for spec in policies(found, template_of(found, component)["metadata"]["labels"]):
                self.assertFalse(spec.get("egress"), component)

    def test_pages_are_served_to_the_way_in_and_metrics_to_prometheus(self):
        found = resources("production")
        rules = [
            rule
            for spec in policies(found, template_of(found, "web")["metadata"]["labels"])
            for rule in spec.get("ingress", [])
        ]
        namespaces = {
            rule["ports"][0]["port"]: [
                peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                for peer in rule["from"]
                if "namespaceSelector" in peer
            ]
            for rule in rules
        }
        self.assertEqual(namespaces, {"http": ["ingress-nginx"], "metrics": ["monitoring"]})

    def test_your_servers_are_reached_where_you_say(self):
        found = resources("production")
        egress = [
            rule
            for spec in policies(found, template_of(found, "web")["metadata"]["labels"])
            for rule in spec.get("egress", [])
        ]
        by_port = {port["port"]: rule for rule in egress for port in rule["ports"]}
        self.assertEqual(by_port[5432]["to"], [{"ipBlock": {"cidr": "10.20.0.0/24"}}])
        self.assertLessEqual({53, 5432, 6379, 19530, 443, 4318}, set(by_port))

    def test_private_addresses_are_reached_only_where_the_settings_allow_it(self):
        def blocks(found):
            rules = [
                rule
                for spec in policies(found, template_of(found, "web")["metadata"]["labels"])
                for rule in spec.get("egress", [])
            ]
            found = [
                peer["ipBlock"]
                for rule in rules
                for peer in rule.get("to", [])
                if peer.get("ipBlock", {}).get("cidr") in ("0.0.0.0/0", "::/0")
            ]
            return {block["cidr"]: block["except"] for block in found}

        usual, allowed = blocks(resources("")), blocks(with_values({"settings": {"allow_private_addresses": True}}))
        self.assertLessEqual(
            {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"}, set(usual["0.0.0.0/0"])
        )
        self.assertIn("fc00::/7", usual["::/0"])
        self.assertEqual(allowed["0.0.0.0/0"], ["169.254.0.0/16"])

    def test_policies_can_be_left_out(self):
        self.assertEqual(of_kind(resources("own-identity"), "NetworkPolicy"), [])
