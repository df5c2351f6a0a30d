"""Values that do not fit together are refused, and the message names what to change."""

import functools
import json
import pathlib
import re
import shutil
import tempfile
import unittest

from chart import CHART, NAMESPACE, PROFILES, RELEASE, helm, load, profile_flags

AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudvy3vxqvdq9yt"
DATABASE = {"database": {"existingSecret": "mine"}}
S3 = {"s3": {"originalsUrl": "s3://mine"}}

# The values, and what the message says; each on top of the chart's defaults.
REFUSED = [
    (
        {"external": {"database": {"existingSecret": "mine", "url": "postgres://db/mine"}}},
        "leave out external.database.url",
    ),
    ({"external": {"redis": {"existingSecret": "mine", "url": "redis://mine"}}}, "leave out external.redis.url"),
    ({"external": {"milvus": {"existingSecret": "mine", "url": "http://mine"}}}, "leave out external.milvus.url"),
    (
        {"external": DATABASE, "postgresql": {"enabled": True}},
        "postgresql.enabled installs what external.database says",
    ),
    ({"external": {"redis": {"url": "redis://mine"}}, "redis": {"enabled": True}}, "redis.enabled installs what"),
    ({"external": {"milvus": {"url": "http://mine"}}, "milvus": {"enabled": True}}, "milvus.enabled installs what"),
    ({"external": {"s3": {"endpoint": "http://mine"}}, "storage": {"enabled": True}}, "storage.enabled installs what"),
    (
        {"external": {"s3": {"existingSecret": "mine", "accessKeyId": "a", "secretAccessKey": "b"}}},
        "external.s3 has its keys twice",
    ),
    ({"external": {"s3": {"accessKeyId": "a"}}}, "external.s3 has half a pair of keys"),
    ({"telemetry": {"sentry": {"dsn": "https://a@b/1", "existingSecret": "mine"}}}, "leave out telemetry.sentry.dsn"),
    ({"external": DATABASE}, "set external.s3.originalsUrl, or storage.enabled"),
    (
        {"external": {**DATABASE, **S3}, "web": {"autoscaling": {"enabled": True}}},
        "set external.redis.existingSecret, or redis.enabled",
    ),
    (
        {"web": {"replicas": 2}},
        "web.replicas is 2, and more than one needs PostgreSQL: set external.database.existingSecret",
    ),
    ({"web": {"autoscaling": {"enabled": True}}}, "web.autoscaling needs PostgreSQL"),
    ({"worker": {"autoscaling": {"enabled": True}}}, "worker.autoscaling needs PostgreSQL"),
    (
        {"external": {**DATABASE, **S3}, "worker": {"autoscaling": {"enabled": True, "min": 5, "max": 3}}},
        "worker.autoscaling.max is 3, less than min, which is 5",
    ),
    (
        {"external": {**DATABASE, **S3}, "worker": {"autoscaling": {"enabled": True, "cpu": 0}}},
        "worker.autoscaling has nothing to scale by",
    ),
    (
        {
            "postgresql": {"enabled": True},
            "storage": {"enabled": True},
            "web": {"replicas": 9},
            "redis": {"enabled": True},
        },
        "up to 12 replicas may take 240 connections to PostgreSQL, which allows 200: set postgresql.maxConnections to 250",
    ),
    ({"milvus": {"enabled": True}}, "milvus.enabled keeps its segments in the chart's S3 storage: set storage.enabled"),
    (
        {"milvus": {"enabled": True}, "storage": {"enabled": True, "buckets": ["hyperion"]}},
        "storage.buckets lacks milvus.bucket: add milvus",
    ),
    (
        {"storage": {"enabled": True, "buckets": ["other"]}},
        "storage.buckets lacks the bucket of original files: add hyperion",
    ),
    (
        {"storage": {"enabled": True}, "backup": {"enabled": True, "url": "s3://backups/hyperion"}},
        "storage.buckets lacks the bucket of backup.url: add backups",
    ),
    (
        {
            "ingress": {"enabled": True, "hosts": ["a.example"]},
            "httpRoute": {"enabled": True, "parentRefs": [{"name": "a"}]},
        },
        "ingress.enabled and httpRoute.enabled are two ways to the same",
    ),
    ({"ingress": {"enabled": True}}, "set ingress.hosts"),
    ({"httpRoute": {"enabled": True}}, "set httpRoute.parentRefs"),
    (
        {"metrics": {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}}},
        "would scrape everything twice",
    ),
    (
        {"prometheus": {"enabled": True}, "metrics": {"scrapeAnnotations": False}},
        "set metrics.scrapeAnnotations to true",
    ),
    ({"grafana": {"enabled": True}}, "set prometheus.enabled, or grafana.prometheusUrl"),
    ({"backup": {"enabled": True}}, "backup.enabled needs a place for backups: set backup.url"),
    (
        {"external": {**DATABASE, **S3}, "backup": {"enabled": True, "url": "s3://b", "drill": {"enabled": True}}},
        "set backup.drill.databaseSecret",
    ),
    (
        {"backup": {"enabled": True, "url": "s3://b", "drill": {"enabled": True, "databaseSecret": "mine"}}},
        "backup.drill.databaseSecret is for PostgreSQL",
    ),
    (
        {"backup": {"enabled": True, "url": "s3://b", "drill": {"enabled": True, "identitySecret": "mine"}}},
        "backup.drill.identitySecret is set, but nothing is encrypted",
    ),
    (
        {"backup": {"enabled": True, "url": "s3://b", "recipient": AGE, "drill": {"enabled": True}}},
        "set backup.drill.identitySecret",
    ),
    (
        {
            "external": {**DATABASE, **S3},
            "backup": {"enabled": True, "url": "s3://b", "drill": {"enabled": True, "databaseSecret": "mine"}},
        },
        "backup.drill.databaseSecret is the Secret of the database itself",
    ),
    ({"backup": {"drill": {"enabled": True}}}, "backup.drill.enabled has no backups to try: set backup.enabled"),
]

# Values that no schema should take.
NOT_VALUES = [
    {"replicas": 2},
    {"web": {"replica": 2}},
    {"web": {"replicas": 0}},
    {"web": {"replicas": "2"}},
    {"web": {"resources": {"limit": {}}}},
    {"web": {"autoscaling": {"max": 0}}},
    {"web": {"drainSeconds": 4000}},
    {"settings": {"signup": False}},
    {"settings": {"listen": "0.0.0.0:1"}},
    {"settings": {"max_upload_mib": 0}},
    {"settings": {"log_format": "xml"}},
    {"image": {"tag": "latest"}},
    {"image": {"digest": "3fc9b6"}},
    {"service": {"port": 800000}},
    {"external": {"database": {"url": "mysql://a"}}},
    {"external": {"s3": {"originalsUrl": "https://s3.example.com/a"}}},
    {"postgresql": {"enable": True}},
    {"postgresql": {"enabled": True, "persistence": {"sise": "1Gi"}}},
    {"redis": {"auth": {}}},
    {"milvus": {"etcd": {"replicas": 3}}},
    {"storage": {"buckets": ["Not A Bucket"]}},
    {"prometheus": {"retention": "long"}},
    {"grafana": {"plugins": []}},
    {"ingress": {"hosts": ["https://a.example"]}},
    {"httpRoute": {"parentRefs": [{"namespace": "a"}]}},
    {"backup": {"schedule": "daily"}},
    {"backup": {"recipient": "AGE-SECRET-KEY-1"}},
    {"networkPolicy": {"database": {"ports": [1]}}},
    {"global": {"imageRegistry": "a"}},
]


@functools.cache
def rendering(values):
    return helm("template", RELEASE, CHART, "--namespace", NAMESPACE, values=json.loads(values))


def install(values):
    """What helm says to these values."""
    return rendering(json.dumps(values))


def notes(profile):
    """What an installation tells whoever made it; without a cluster helm shows it only where it is part of a resource."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "hyperion")
        shutil.copytree(CHART, copy)
        text = (copy / "templates/NOTES.txt").read_text()
        (copy / "templates/_notes.tpl").write_text('{{ define "notes" }}' + text + "{{ end }}")
        (copy / "templates/notes.yaml").write_text('kind: Notes\ntext: {{ include "notes" . | toJson }}\n')
        show = ["--show-only", "templates/notes.yaml"]
        done = helm("template", RELEASE, copy, "--namespace", NAMESPACE, *profile_flags(profile), *show)
    if done.returncode:
        raise AssertionError(done.stderr)
    [resource] = load(done.stdout)
    return resource["text"]


class Refusals(unittest.TestCase):
    def test_without_values_nothing_is_refused(self):
        self.assertEqual(install({}).returncode, 0, install({}).stderr)

    def test_what_does_not_fit_together_is_refused_with_what_to_do(self):
        for values, message in REFUSED:
            with self.subTest(message):
                done = install(values)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(message, done.stderr)

    def test_every_refusal_of_the_chart_is_tried(self):
        text = (CHART / "templates/refusals.yaml").read_text()
        # What is formatted in: names of values and numbers.
        written = [
            re.sub(r"%[vsd]", r".+", re.escape(found)) for found in re.findall(r'fail (?:\(printf )?"([^"]+)"', text)
        ]
        self.assertGreater(len(written), 20)
        said = [re.sub(r"\s+", " ", install(values).stderr) for values, _ in REFUSED]
        for pattern in written:
            self.assertTrue(any(re.search(pattern, message) for message in said), pattern)

    def test_values_that_do_not_exist_are_refused(self):
        for values in NOT_VALUES:
            with self.subTest(str(values)):
                done = install(values)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("values don't meet the specifications of the schema", done.stderr)

    def test_notes_tell_how_to_reach_it_and_what_is_missing(self):
        expected = {
            "": ["kubectl port-forward", "NO BACKUPS ARE MADE", "Keep a copy of the key"],
            "single-node": ["https://hyperion.example.com", "NO BACKUPS ARE MADE"],
            "production": ["https://hyperion.example.com https://documents.example.com", "hyperion/hyperion reindex"],
            "everything-in-the-cluster": ["service/hyperion-grafana", "unencrypted: set ingress.tlsSecret"],
            "gateway": ["https://hyperion.example.com", "nobody tries whether they can be restored"],
            "own-identity": ["Without Redis"],
        }
        for profile, texts in expected.items():
            found = notes(profile)
            for text in texts:
                self.assertIn(text, found, profile)
        for text in "NO BACKUPS", "nobody tries", "Without Redis", "unencrypted", "Keep a copy":
            self.assertNotIn(text, notes("production"))


class Profiles(unittest.TestCase):
    def test_each_says_what_it_is_for(self):
        for profile in filter(None, PROFILES):
            text = pathlib.Path(CHART, f"ci/{profile}-values.yaml").read_text()
            self.assertRegex(text, r"^# [A-Z].+\.\n", profile)
