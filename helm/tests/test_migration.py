"""The database is migrated before what needs it, also the first time."""

import unittest

from chart import COMPONENT, PROFILES, of_kind, pods, resources, the, with_values
from test_secrets import in_cluster

HOOK, WEIGHT = "helm.sh/hook", "helm.sh/hook-weight"
OWN_DATABASE = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "hyperion-postgresql", "namespace": "documents"},
}


def hook(found):
    return the(found, "Job", "hyperion-migration")["metadata"]["annotations"][HOOK]


def migrates_itself(found, component="web"):
    [template] = [
        template for resource, template in pods(found) if resource["metadata"]["name"] == f"hyperion-{component}"
    ]
    variables = {variable["name"]: variable.get("value") for variable in template["spec"]["containers"][0]["env"]}
    return variables.get("HYPERION_MIGRATE") != "false"


class Migration(unittest.TestCase):
    def test_with_a_database_of_yours_it_is_done_before_anything_else(self):
        for profile in "production", "gateway":
            found = resources(profile)
            self.assertEqual(hook(found), "pre-install,pre-upgrade")
            self.assertFalse(migrates_itself(found) or migrates_itself(found, "worker"))

    def test_with_the_charts_own_it_comes_after_the_first_installation_in_which_pods_do_it(self):
        for flags in [], ["--is-upgrade"]:
            found = in_cluster([], "everything-in-the-cluster", *flags)
            self.assertEqual(hook(found), "post-install,post-upgrade")
            self.assertTrue(migrates_itself(found) and migrates_itself(found, "worker"))

    def test_with_the_charts_own_it_comes_first_as_soon_as_that_is_there(self):
        found = in_cluster([OWN_DATABASE], "everything-in-the-cluster", "--is-upgrade")
        self.assertEqual(hook(found), "pre-upgrade")
        self.assertFalse(migrates_itself(found) or migrates_itself(found, "worker"))

    def test_in_a_volume_the_one_pod_does_it(self):
        for profile in "", "single-node", "single-node-backup":
            self.assertTrue(migrates_itself(resources(profile)))
            self.assertEqual(of_kind(resources(profile), "Job"), [])

    def test_all_it_needs_is_there_before_it_and_goes_with_it(self):
        for profile in PROFILES:
            found = resources(profile)
            hooks = [item for item in found if item["metadata"].get("annotations", {}).get(HOOK, "test") != "test"]
            for job in of_kind(hooks, "Job"):
                spec = job["spec"]["template"]["spec"]
                needed = [("ServiceAccount", spec["serviceAccountName"])]
                for variable in spec["containers"][0]["env"]:
                    secret = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name", "")
                    if profile == "gateway" and secret:
                        needed.append(("Secret", secret))
                if profile != "own-identity":
                    needed.append(("NetworkPolicy", "hyperion-migration"))
                for kind, name in needed:
                    annotations = the(hooks, kind, name)["metadata"]["annotations"]
                    self.assertEqual(annotations[HOOK], job["metadata"]["annotations"][HOOK])
                    self.assertLess(int(annotations[WEIGHT]), int(job["metadata"]["annotations"][WEIGHT]))
                for item in hooks:
                    policy = item["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
                    self.assertEqual(policy, "before-hook-creation,hook-succeeded")

    def test_a_database_of_the_values_is_known_to_it(self):
        job = the(resources("gateway"), "Job", "hyperion-migration")
        [secret] = [
            item for item in of_kind(resources("gateway"), "Secret") if item["metadata"]["name"] == "hyperion-migration"
        ]
        variables = {variable["name"]: variable for variable in job["spec"]["template"]["spec"]["containers"][0]["env"]}
        reference = variables["HYPERION_DATABASE_URL"]["valueFrom"]["secretKeyRef"]
        self.assertEqual(reference, {"name": "hyperion-migration", "key": "database-url"})
        self.assertIn("database-url", secret["data"])

    def test_pods_wait_for_the_charts_own_servers_and_for_no_others(self):
        found = resources("everything-in-the-cluster")
        for resource, template in pods(found):
            if template["metadata"]["labels"][COMPONENT] in ("web", "worker"):
                [wait] = template["spec"]["initContainers"]
                for server in "postgresql:5432", "redis:6379", "milvus:19530", "storage:9000":
                    self.assertIn(f"hyperion-{server}", wait["args"][0])
        for _, template in pods(resources("production")):
            self.assertEqual(template["spec"].get("initContainers", []), [])

    def test_it_is_refused_nothing_that_the_pods_get(self):
        found = with_values({"extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}, "production")
        job = the(found, "Job", "hyperion-migration")
        self.assertIn(
            "HTTPS_PROXY", [variable["name"] for variable in job["spec"]["template"]["spec"]["containers"][0]["env"]]
        )
