"""The chart as helm renders it."""

import functools
import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/hyperion"
RELEASE = "hyperion"
NAMESPACE = "documents"

# Each is a file of values in ci/; none of them is the chart as it is.
PROFILES = ["", *sorted(file.name.removesuffix("-values.yaml") for file in (CHART / "ci").glob("*-values.yaml"))]

POD_TEMPLATES = {
    "Pod": lambda resource: resource,
    "Deployment": lambda resource: resource["spec"]["template"],
    "StatefulSet": lambda resource: resource["spec"]["template"],
    "Job": lambda resource: resource["spec"]["template"],
    "CronJob": lambda resource: resource["spec"]["jobTemplate"]["spec"]["template"],
}

COMPONENT = "app.kubernetes.io/component"


class StrictLoader(yaml.CSafeLoader):
    """YAML in which a key stands twice is a mistake, though most programs take the last."""


def unique_mapping(loader, node, deep=False):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {str(key) for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"twice: {sorted(twice)}", node.start_mark)
    return loader.construct_yaml_map(node)


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique_mapping)


def load(text):
    return [resource for resource in yaml.load_all(text, Loader=StrictLoader) if resource]


def helm(*arguments, environment=None, values=None):
    """What helm did; `values` are given to it as a file."""
    if values is not None:
        arguments = [*arguments, "--values", "-"]
    return subprocess.run(
        [os.environ["HELM"], *map(str, arguments)],
        input=None if values is None else yaml.safe_dump(values),
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def profile_flags(profile):
    return ["--values", CHART / f"ci/{profile}-values.yaml"] if profile else []


@functools.cache
def rendered(profile, *flags):
    """The text of all resources of a profile."""
    done = helm("template", RELEASE, CHART, "--namespace", NAMESPACE, *profile_flags(profile), *flags)
    if done.returncode:
        raise AssertionError(f"{profile or 'default'}: {done.stderr}")
    return done.stdout


def resources(profile, *flags):
    return load(rendered(profile, *flags))


def with_values(values, profile="", *flags):
    """The resources of a profile with further values."""
    done = helm("template", RELEASE, CHART, "--namespace", NAMESPACE, *profile_flags(profile), *flags, values=values)
    if done.returncode:
        raise AssertionError(done.stderr)
    return load(done.stdout)


def name(resource):
    return f"{resource['kind']} {resource['metadata']['name']}"


def of_kind(found, *kinds):
    return [resource for resource in found if resource["kind"] in kinds]


def the(found, kind, name):
    matching = [resource for resource in of_kind(found, kind) if resource["metadata"]["name"] == name]
    assert len(matching) == 1, f"{kind} {name} is there {len(matching)} times"
    return matching[0]


def pods(found):
    """Everything that makes pods, and the template of these."""
    return [
        (resource, POD_TEMPLATES[resource["kind"]](resource)) for resource in found if resource["kind"] in POD_TEMPLATES
    ]


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def selects(selector, labels):
    """Whether a label selector matches; an empty one matches everything."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    return all(
        {"In": labels.get(rule["key"]) in rule.get("values", []), "Exists": rule["key"] in labels}[rule["operator"]]
        for rule in selector.get("matchExpressions", [])
    )
