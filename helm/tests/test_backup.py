"""Backups each day, and each week a restore that is tried."""

import unittest

from chart import PROFILES, of_kind, resources, the, with_values


def pod(found, which):
    return the(found, "CronJob", f"hyperion-{which}")["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def variables(found, which):
    return {item["name"]: item for item in pod(found, which)["containers"][0]["env"]}


class Backup(unittest.TestCase):
    def test_they_are_daily_and_weekly_and_never_two_at_once(self):
        for profile in PROFILES:
            for cron in of_kind(resources(profile), "CronJob"):
                weekly = cron["metadata"]["name"].endswith("drill")
                self.assertRegex(cron["spec"]["schedule"], r"^\d+ \d+ \* \* \d$" if weekly else r"^\d+ \d+ \* \* \*$")
                self.assertEqual(cron["spec"]["concurrencyPolicy"], "Forbid")
                for history in "successfulJobsHistoryLimit", "failedJobsHistoryLimit":
                    self.assertEqual(cron["spec"][history], 3)
                self.assertGreater(cron["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"], 0)

    def test_none_are_made_unless_asked_for(self):
        for profile, made in (
            ("", []),
            ("single-node", []),
            ("gateway", ["backup"]),
            ("production", ["backup", "drill"]),
        ):
            crons = of_kind(resources(profile), "CronJob")
            self.assertEqual([cron["metadata"]["labels"]["app.kubernetes.io/component"] for cron in crons], made)

    def test_the_image_with_pg_dump_does_them(self):
        for which in "backup", "drill":
            [container] = pod(resources("production"), which)["containers"]
            self.assertTrue(container["image"].startswith("registry.example.com/hyperion-backup:"))

    def test_the_backup_gets_where_to_how_many_and_the_public_key(self):
        found = resources("production")
        self.assertEqual(pod(found, "backup")["containers"][0]["args"], ["backup"])
        given = variables(found, "backup")
        self.assertEqual(given["HYPERION_BACKUP_URL"]["value"], "s3://hyperion-backups/production")
        self.assertEqual(given["HYPERION_BACKUP_KEEP"]["value"], "30")
        self.assertTrue(given["HYPERION_BACKUP_RECIPIENT"]["value"].startswith("age1"))
        self.assertIn("HYPERION_DATABASE_URL", given)
        self.assertIn("HYPERION_ORIGINALS_URL", given)

    def test_only_the_drill_gets_the_private_key(self):
        found = resources("production")
        arguments = pod(found, "drill")["containers"][0]["args"]
        self.assertEqual(arguments, ["verify", "--drill", "$(DRILL_DATABASE_URL)", "--identity", "/identity/identity"])
        for profile in PROFILES:
            for resource in resources(profile):
                if "/identity" in str(resource):
                    self.assertEqual(resource["metadata"]["name"], "hyperion-drill")
        [volume] = [item for item in pod(found, "drill")["volumes"] if item["name"] == "identity"]
        self.assertEqual(volume["secret"]["secretName"], "hyperion-identity")
        self.assertEqual(volume["secret"]["items"], [{"key": "identity", "path": "identity"}])

    def test_the_drill_never_gets_the_database_itself_for_a_scratch_database(self):
        own = variables(resources("everything-in-the-cluster"), "drill")
        self.assertTrue(own["DRILL_DATABASE_URL"]["value"].endswith("/hyperion_drill"))
        self.assertTrue(own["HYPERION_DATABASE_URL"]["value"].endswith("/hyperion"))
        script = the(resources("everything-in-the-cluster"), "ConfigMap", "hyperion-postgresql")["data"]["scratch.sql"]
        self.assertIn("hyperion_drill", script)
        yours = variables(resources("production"), "drill")
        self.assertNotEqual(yours["DRILL_DATABASE_URL"]["valueFrom"], yours["HYPERION_DATABASE_URL"]["valueFrom"])

    def test_a_drill_with_the_database_of_the_program_is_refused(self):
        values = {"backup": {"drill": {"databaseSecret": "hyperion-database"}}}
        with self.assertRaisesRegex(AssertionError, "is the Secret of the database itself"):
            with_values(values, "production")

    def test_without_a_database_server_the_backup_is_where_the_volume_is(self):
        found = resources("single-node-backup")
        spec = pod(found, "backup")
        self.assertEqual(spec["volumes"][0]["persistentVolumeClaim"], {"claimName": "hyperion-volume"})
        [beside] = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        self.assertEqual(beside["topologyKey"], "kubernetes.io/hostname")
        web = the(found, "Deployment", "hyperion-web")
        self.assertEqual(beside["labelSelector"], web["spec"]["selector"])

    def test_without_a_database_server_the_drill_restores_into_a_file(self):
        [container] = pod(resources("single-node-backup"), "drill")["containers"]
        self.assertEqual(container["args"][:3], ["verify", "--drill", "/tmp/drill.db"])
        self.assertIn("/tmp", [mount["mountPath"] for mount in container["volumeMounts"]])

    def test_keys_of_s3_are_only_where_they_are_used(self):
        found = resources("single-node-backup")
        self.assertIn("AWS_SECRET_ACCESS_KEY", variables(found, "backup"))
        web = the(found, "Deployment", "hyperion-web")["spec"]["template"]["spec"]["containers"][0]["env"]
        self.assertFalse([item for item in web if item["name"].startswith("AWS_")])
