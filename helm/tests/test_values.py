"""values.yaml, its schema, the README and the program's settings say the same."""

import json
import re
import sys
import unittest

import yaml

from chart import CHART, PROFILES, ROOT, containers, name, pods, resources

sys.path.insert(0, str(ROOT / "helm"))
import readme

SUBCHARTS = ["postgresql", "redis", "milvus", "storage", "prometheus", "grafana"]
SCHEMA = json.loads((CHART / "values.schema.json").read_text())

# What is one of these is filled in by whoever installs.
FREE = {"annotations", "podAnnotations", "labels", "nodeSelector"}

# Objects of Kubernetes itself, which checks them better.
PODS_OWN = {"podSelector", "namespaceSelector", "nodeAffinity", "podAffinity", "podAntiAffinity", "global"}


def resolved(schema):
    while "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    return schema


def values_of(chart):
    return yaml.safe_load((CHART / f"charts/{chart}/values.yaml").read_text())


def settings_of_the_program():
    """Variables that the program takes, as its source has them."""
    source = (ROOT / "server/src/config/settings.rs").read_text()
    names = re.findall(r"^    (\w+): [^=\n]+ = ", source[source.index("\nsettings! {") :], re.MULTILINE)
    others = re.search(
        r"OTHER_VARIABLES: \[&str; \d+\] = \[(.*?)\];", (ROOT / "server/src/config.rs").read_text(), re.DOTALL
    )
    return {f"HYPERION_{setting.upper()}" for setting in names} | set(re.findall(r'"(\w+)"', others[1]))


class Values(unittest.TestCase):
    def test_the_schema_takes_no_key_that_it_does_not_know(self):
        def walk(schema, path):
            schema = resolved(schema)
            if schema.get("type") == "object" and path[-1] not in PODS_OWN and "[]" not in path[-1]:
                self.assertIn("additionalProperties", schema, ".".join(path))
                if schema["additionalProperties"] is not False:
                    self.assertTrue(FREE & {path[-1]}, ".".join(path))
            for key, value in schema.get("properties", {}).items():
                walk(value, [*path, key])
            if "items" in schema and resolved(schema["items"]).get("properties"):
                walk(schema["items"], [*path, "item"])

        walk(SCHEMA, ["values"])

    def test_the_schema_has_all_values_and_no_others(self):
        def compare(schema, value, path):
            schema = resolved(schema)
            if not isinstance(value, dict) or "properties" not in schema:
                return
            last = path[-1:]
            if last in (["settings"], ["affinity"], ["requests"], ["limits"]):
                self.assertLessEqual(set(value), set(schema["properties"]), path)
            else:
                known = set(schema["properties"]) - ({"global"} if len(path) == 1 else set())
                self.assertEqual(set(value), known, path)
            for key, item in value.items():
                compare(schema["properties"][key], item, [*path, key])

        values = yaml.safe_load((CHART / "values.yaml").read_text())
        for chart in SUBCHARTS:
            values[chart] = {**values_of(chart), **values[chart]}
        compare(SCHEMA, values, [])

    def test_every_value_says_what_it_is(self):
        for file in [CHART / "values.yaml", *(CHART / f"charts/{chart}/values.yaml" for chart in SUBCHARTS)]:
            text = file.read_text()
            explained = {path for path, _, _ in readme.described(text)}

            def walk(value, path):
                if path and path[:-1] not in leaves:
                    self.assertIn(path, explained, f"{file}: {'.'.join(path)}")
                for key, item in value.items() if isinstance(value, dict) else []:
                    walk(item, (*path, key))

            # Their keys are Kubernetes' own.
            leaves = {path for path in explained if path[-1] in {"resources", "annotations", "labels"}}
            leaves |= {(*path, kind) for path in leaves for kind in ("requests", "limits")}
            walk(yaml.safe_load(text), ())

    def test_the_readme_is_what_values_yaml_makes_of_it(self):
        current = (CHART / "README.md").read_text() == readme.readme()
        self.assertTrue(current, "run scripts/chart.sh readme")

    def test_every_profile_that_the_readme_names_is_there(self):
        for file in re.findall(r"`(ci/[\w-]+\.yaml)`", (CHART / "README.md").read_text()):
            self.assertTrue((CHART / file).exists(), file)

    def test_the_program_knows_every_setting_that_it_is_given(self):
        known = settings_of_the_program()
        offered = {f"HYPERION_{setting.upper()}" for setting in SCHEMA["properties"]["settings"]["properties"]}
        given = {
            variable["name"]
            for profile in PROFILES
            for _, template in pods(resources(profile))
            for container in containers(template)
            for variable in container.get("env", [])
            if variable["name"].startswith("HYPERION_")
        }
        self.assertEqual((offered | given) - known, set())

    def test_settings_are_said_in_the_values_as_in_the_schema(self):
        [about] = [
            about for path, about, _ in readme.described((CHART / "values.yaml").read_text()) if path == ("settings",)
        ]
        listed = about.partition(". Unless")[0]
        self.assertEqual(set(re.findall(r"`(\w+)`", listed)), set(SCHEMA["properties"]["settings"]["properties"]))

    def test_the_program_has_the_version_of_the_chart(self):
        version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        self.assertEqual(yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"], version)

    def test_servers_have_the_versions_of_compose_yaml(self):
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        chart = {
            "postgres": values_of("postgresql")["image"],
            "redis": values_of("redis")["image"],
            "milvus": values_of("milvus")["image"],
            "etcd": values_of("milvus")["etcd"]["image"],
            "storage": values_of("storage")["image"],
            "bucket": values_of("storage")["clientImage"],
        }
        for service, image in chart.items():
            self.assertEqual(f"{image['repository']}:{image['tag']}", services[service]["image"])

    def test_settings_become_variables_as_they_are_written(self):
        for resource, template in pods(resources("single-node-backup")):
            [container] = template["spec"]["containers"]
            variables = {item["name"]: item.get("value") for item in container["env"]} if "env" in container else {}
            if variables.get("HYPERION_ROLE") == "all":
                self.assertEqual(variables["HYPERION_MAX_UPLOAD_MIB"], "1024", name(resource))
                self.assertEqual(variables["HYPERION_SIGN_UP"], "false")
                self.assertEqual(variables["HYPERION_LOG"], "warn,server=debug")
                self.assertEqual(variables["HYPERION_LOG_FORMAT"], "text")

    def test_cookies_and_proxies_are_trusted_as_the_way_in_is(self):
        expected = {
            "": (None, None),
            "single-node": ("true", "true"),
            "everything-in-the-cluster": (None, "true"),
            "gateway": ("true", "true"),
        }
        for profile, wanted in expected.items():
            for resource, template in pods(resources(profile)):
                if name(resource) == "Deployment hyperion-web":
                    variables = {item["name"]: item.get("value") for item in template["spec"]["containers"][0]["env"]}
                    found = variables.get("HYPERION_SECURE_COOKIES"), variables.get("HYPERION_TRUST_PROXY")
                    self.assertEqual(found, wanted, profile)
