"""L1: a real cohort-admin, as the service account that the chart makes, before a real kube-apiserver: it scales the workers' Deployment and annotates their pods."""

import json
import os
import shutil
import tempfile
import unittest

from lib import chart
from lib.admin import Workers, account, cohort, deletion_costs, start_admin, start_redis
from lib.control_plane import ControlPlane
from lib.processes import run, wait_until
from lib.tools import BIN

CLUSTER = None  # The control plane of all tests here.


def setUpModule():  # pylint: disable=invalid-name
    global CLUSTER  # pylint: disable=global-statement
    CLUSTER = ControlPlane()
    unittest.addModuleCleanup(CLUSTER.stop)


def make_namespace(name, *values):
    """What the admin service needs of a release with these values, in a namespace of its own."""
    mine = [o for o in chart.render("toy-cpu", "--namespace", name, *values) if o["kind"] in ("ServiceAccount", "Role", "RoleBinding") or
            (o["kind"], o["metadata"]["labels"]["app.kubernetes.io/component"]) == ("Deployment", "rollout")]
    CLUSTER.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])
    CLUSTER.apply(mine, "-n", name)


class AdminScales(unittest.TestCase):
    """A real cohort-admin, as the service account that the chart makes, scales the chart's Deployment through the API."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="cohort-scale-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        make_namespace("scaling")
        redis, cls.redis = start_redis(cls.directory)
        cls.addClassCleanup(redis.stop)
        cls.admin = cls.start_admin("admin", cls.account("demo-cohort-admin"))

    @classmethod
    def account(cls, name, **options):
        return account(CLUSTER, cls.directory, name, "scaling", **options)

    @classmethod
    def start_admin(cls, name, folder, deployment="demo-cohort-rollout"):
        """The address of an admin service with that account."""
        daemon, address = start_admin(CLUSTER, cls.directory, cls.redis, name, folder, f"--kubernetes-deployment={deployment}")
        cls.addClassCleanup(daemon.stop)
        return address

    def scale(self, count, *arguments, admin=None, check=True):
        return cohort("worker", "scale", str(count), "--endpoint", admin or self.admin, *arguments, check=check)

    def replicas(self):
        return CLUSTER.get("deployment", "demo-cohort-rollout", "-n", "scaling")["spec"]["replicas"]

    def test_the_number_reaches_the_deployment_also_zero_and_the_status_shows_it(self):
        for count in (5, 0, 3):
            self.scale(count)
            self.assertEqual(self.replicas(), count)
            status = json.loads(cohort("status", "-o", "json", "--endpoint", self.admin).stdout)
            self.assertEqual(status["status"]["desired_workers"], count)

    def test_a_dry_run_changes_nothing(self):
        before = self.replicas()
        self.scale(before + 4, "--dry-run")
        self.assertEqual(self.replicas(), before)

    def test_an_operation_is_superseded_by_somebody_who_scales_past_the_admin_service(self):
        self.scale(6)
        CLUSTER.kubectl("scale", "deployment/demo-cohort-rollout", "--replicas=2", "-n", "scaling")
        operations = json.loads(cohort("operation", "list", "-o", "json", "--endpoint", self.admin).stdout)["operations"]
        latest = next(o for o in operations if o.get("target") in (6, "6"))
        self.assertEqual(latest["state"], "OPERATION_STATE_CANCELLED")
        self.assertIn("superseded: 2 workers are wanted now", latest["message"])

    def test_the_account_may_do_nothing_else(self):
        account = "--as=system:serviceaccount:scaling:demo-cohort-admin"
        for verb, what in (("get", "pods"), ("patch", "deployments/demo-cohort-rollout"), ("patch", "deployments/demo-cohort-reward"), ("get", "secrets")):
            done = CLUSTER.kubectl("auth", "can-i", verb, what, "-n", "scaling", account, check=False)
            self.assertEqual(done.stdout.strip(), "no", f"{verb} {what}")

    def test_an_account_without_the_role_is_told_so(self):
        admin = self.start_admin("forbidden", self.account("demo-cohort-reward"))
        done = self.scale(1, admin=admin, check=False)
        self.assertNotEqual(done.returncode, 0)
        for words in ("SCALER_FORBIDDEN", "demo-cohort-reward", "get and patch on deployments/scale"):
            self.assertIn(words, done.stderr)

    def test_a_deployment_that_is_not_there_is_named(self):
        CLUSTER.apply([{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "scales-all"},
                        "rules": [{"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch"]}]},
                       {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "scales-all"},
                        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "scales-all"},
                        "subjects": [{"kind": "ServiceAccount", "name": "demo-cohort-tests", "namespace": "scaling"}]}], "-n", "scaling")
        admin = self.start_admin("lost", self.account("demo-cohort-tests"), deployment="elsewhere")
        done = self.scale(1, admin=admin, check=False)
        self.assertIn("NO_DEPLOYMENT", done.stderr)
        self.assertIn('"elsewhere" not found', done.stderr)

    def test_a_server_that_the_authority_does_not_vouch_for_is_not_believed(self):
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", CLUSTER.path("certs", "other.key"), "-out",
             CLUSTER.path("certs", "other.crt")])
        admin = self.start_admin("deceived", self.account("demo-cohort-admin", authority="other.crt"))
        before = self.replicas()
        done = self.scale(before + 1, admin=admin, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("KUBERNETES_UNAVAILABLE", done.stderr)
        self.assertIn("certificate", done.stderr)
        self.assertEqual(self.replicas(), before)

    def test_outside_a_pod_the_flag_is_refused(self):
        done = run([f"{BIN}/cohort-admin", f"--redis={self.redis}", "--run=run", "--kubernetes-deployment=x"], check=False,
                   env={k: v for k, v in os.environ.items() if not k.startswith("KUBERNETES_")})
        self.assertEqual(done.returncode, 2)
        self.assertIn("KUBERNETES_SERVICE_HOST", done.stderr)



class AdminAnnotates(unittest.TestCase):
    """The pods of rollout workers get their deletion costs, through the API."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cohort-costs-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        redis, self.redis = start_redis(self.directory)
        self.addCleanup(redis.stop)
        self.workers = Workers(self.redis)
        self.addCleanup(self.workers.stop)

    def start(self, name, namespace, service_account):
        folder = account(CLUSTER, self.directory, service_account, namespace)
        daemon, _ = start_admin(CLUSTER, self.directory, self.redis, name, folder, "--kubernetes-pod-deletion-cost")
        self.addCleanup(daemon.stop)
        return daemon

    def make_pods(self, namespace, *names):
        CLUSTER.apply([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}} for name in names],
                      "-n", namespace)

    def wait_for_costs(self, namespace, **expected):
        wait_until(f"the costs {expected}", lambda: deletion_costs(CLUSTER.get("pods", "-n", namespace)["items"]) == expected, timeout=60)

    def test_idle_pods_cost_nothing_and_busy_ones_more_whoever_of_two_admin_services_writes(self):
        make_namespace("costs", "--set", "rollout.podDeletionCost.enabled=true")
        self.make_pods("costs", "a", "b", "c", "stranger")
        # A worker that is no pod, and one whose name leads elsewhere.
        self.workers.leases = {"a": 0, "b": 1, "c": 9, "elsewhere": 3, "../pods/stranger": 3}
        daemons = [self.start(name, "costs", "demo-cohort-admin") for name in ("one", "two")]
        self.wait_for_costs("costs", a="0", b="11", c="14", stranger=None)
        self.workers.leases.update(a=2, c=0)
        self.wait_for_costs("costs", a="12", b="11", c="0", stranger=None)
        for daemon in daemons:
            daemon.check()
            with open(daemon.log) as log:
                self.assertNotIn("deletion costs", log.read(), "nothing went wrong")

    def test_the_account_may_patch_pods_only_where_that_is_switched_on_and_neither_read_nor_delete_them(self):
        for namespace, values, patch in (("with", ["--set", "rollout.podDeletionCost.enabled=true"], "yes"), ("without", [], "no")):
            make_namespace(namespace, *values)
            may = {verb: CLUSTER.kubectl("auth", "can-i", verb, "pods", "-n", namespace, f"--as=system:serviceaccount:{namespace}:demo-cohort-admin",
                                         check=False).stdout.strip() for verb in ("patch", "get", "list", "delete", "create")}
            self.assertEqual(may, {"patch": patch, "get": "no", "list": "no", "delete": "no", "create": "no"}, namespace)

    def test_without_the_role_the_log_says_so_and_once_there_is_one_the_costs_are_written(self):
        make_namespace("forbidden")
        self.make_pods("forbidden", "a", "b")
        self.workers.leases = {"a": 0, "b": 1}
        daemon = self.start("forbidden", "forbidden", "demo-cohort-admin")

        def complaints():
            daemon.check()
            with open(daemon.log) as log:
                return log.read().count("its Role needs patch on pods")

        wait_until("a word about the Role", complaints, timeout=60)
        CLUSTER.apply([{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "annotates"},
                        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}]},
                       {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "annotates"},
                        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "annotates"},
                        "subjects": [{"kind": "ServiceAccount", "name": "demo-cohort-admin", "namespace": "forbidden"}]}], "-n", "forbidden")
        self.wait_for_costs("forbidden", a="0", b="11")
        self.assertEqual(complaints(), 1, "an outage is worth one word")

    def test_outside_a_pod_the_flag_is_refused(self):
        done = run([f"{BIN}/cohort-admin", f"--redis={self.redis}", "--run=run", "--kubernetes-pod-deletion-cost"], check=False,
                   env={k: v for k, v in os.environ.items() if not k.startswith("KUBERNETES_")})
        self.assertEqual(done.returncode, 2)
        self.assertIn("--kubernetes-pod-deletion-cost: KUBERNETES_SERVICE_HOST", done.stderr)


if __name__ == "__main__":
    unittest.main()
