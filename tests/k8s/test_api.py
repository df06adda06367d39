"""L1: a real kube-apiserver accepts every rendered object: strict field validation, admission, PodSecurity "restricted"."""

import json
import os
import tempfile
import unittest

import yaml

from lib import chart
from lib.control_plane import ControlPlane
from lib.processes import run
from lib.tools import BIN, CHART, ROOT, tool

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}


CLUSTER = None  # The control plane of all tests here.


def setUpModule():  # pylint: disable=invalid-name
    global CLUSTER  # pylint: disable=global-statement
    CLUSTER = ControlPlane()
    unittest.addModuleCleanup(CLUSTER.stop)
    CLUSTER.add_definitions()
    CLUSTER.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "training", "labels": RESTRICTED}},
                   {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "training"}, "value": 1000},
                   *({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": name} for name in ("nvidia", "gvisor"))])


class ApiServer(unittest.TestCase):
    def setUp(self):
        self.cluster = CLUSTER

    def dry_run(self, objects, check=True):
        items = {"apiVersion": "v1", "kind": "List", "items": objects}
        return self.cluster.kubectl("create", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-n", "training", "-f", "-",
                                    stdin=json.dumps(items), check=check)

    def test_every_object_of_every_shape_is_accepted(self):
        for shape in chart.shapes():
            with self.subTest(shape):
                objects = chart.render(shape)
                accepted = self.dry_run(objects).stdout.splitlines()
                self.assertEqual(len(accepted), len(objects))

    def test_the_run_of_every_shape_is_one_that_the_programs_take(self):
        for shape in chart.shapes():
            with self.subTest(shape), tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(chart.find(chart.render(shape), "ConfigMap", "run")["data"]["run.yaml"])
                file.flush()
                checked = run([f"{BIN}/cohort", "config", "check", "--cluster", file.name], check=False)
                self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_every_pod_of_every_shape_passes_restricted(self):
        for shape in chart.shapes():
            for document in chart.render(shape):
                for pod in chart.pod_templates(document):
                    with self.subTest(f"{shape} {document['metadata']['name']} {pod['metadata']['labels']['app.kubernetes.io/component']}"):
                        # A claim template's volume is only added by its controller.
                        claims = [{"name": c["metadata"]["name"], "emptyDir": {}} for c in document["spec"].get("volumeClaimTemplates", [])]
                        spec = {**pod["spec"], "volumes": pod["spec"].get("volumes", []) + claims}
                        self.dry_run([{"apiVersion": "v1", "kind": "Pod", "metadata": {**pod["metadata"], "name": "one"}, "spec": spec}])

    def test_the_label_refuses_what_is_not_restricted(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
        done = self.dry_run([pod], check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("violates PodSecurity", done.stderr)

    def test_an_unknown_field_is_refused(self):
        objects = chart.render("toy-cpu")
        chart.find(objects, "Deployment", "rollout")["spec"]["replica"] = 3
        done = self.dry_run([o for o in objects if o["kind"] == "Deployment"], check=False)
        self.assertIn('unknown field "replica" in io.k8s.api.apps.v1.DeploymentSpec', done.stderr)

    def test_what_the_definitions_of_others_do_not_have_is_refused(self):
        scaler = chart.find(chart.render("autoscaling"), "ScaledObject", "rollout")
        monitor, rule = (next(o for o in chart.render("monitoring") if o["kind"] == kind) for kind in ("PodMonitor", "PrometheusRule"))
        group, jobs = chart.find(chart.render("lws"), "LeaderWorkerSet", "learners"), chart.find(chart.render("jobset"), "JobSet", "learners")
        scaler["spec"]["minReplicas"] = 1
        monitor["spec"]["podMetricsEndpoints"][0]["interval"] = "often"
        rule["spec"]["groups"][0]["rules"][0]["severity"] = "page"
        group["spec"]["leaderWorkerTemplate"]["restartPolicy"] = "Sometimes"
        jobs["spec"]["failurePolicy"]["rules"][0]["action"] = "Pray"
        for document, words in ((scaler, 'unknown field "minReplicas" in sh.keda'), (monitor, "spec.podMetricsEndpoints[0].interval"),
                                (rule, 'unknown field "severity" in com.coreos.monitoring.v1.PrometheusRule'),
                                (group, 'spec.leaderWorkerTemplate.restartPolicy: Unsupported value: "Sometimes"'),
                                (jobs, 'spec.failurePolicy.rules[0].action: Unsupported value: "Pray"')):
            with self.subTest(document["kind"]):
                done = self.dry_run([document], check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stderr)

    def test_helm_says_which_definitions_the_cluster_lacks_and_installs_once_they_are_there(self):
        install = ["install", "demo", CHART, "-n", "training", "--dry-run=server"]
        self.addCleanup(self.cluster.add_definitions)
        self.cluster.remove_definitions()
        for helm in chart.HELMS:
            for shape, words in (("autoscaling", "rollout.autoscaling.enabled needs keda.sh/v1alpha1/ScaledObject"),
                                 ("monitoring", "monitoring.podMonitor.enabled needs monitoring.coreos.com/v1/PodMonitor"),
                                 ("lws", "learner.mode=leaderworkerset needs leaderworkerset.x-k8s.io/v1/LeaderWorkerSet"),
                                 ("jobset", "learner.mode=jobset needs jobset.x-k8s.io/v1alpha2/JobSet")):
                with self.subTest(f"{shape}, {helm}, without"):
                    done = self.cluster.helm(*install, "-f", chart.values_of(shape), program=helm, check=False)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(words, done.stderr)
        self.cluster.add_definitions()
        for helm in chart.HELMS:
            for shape in ("autoscaling", "monitoring", "lws", "jobset"):
                with self.subTest(f"{shape}, {helm}"):
                    self.cluster.helm(*install, "-f", chart.values_of(shape), program=helm)

    def test_the_notes_name_the_leader_as_its_keeper_does_and_say_what_a_lost_pod_costs(self):
        for shape, said in (("lws", ["logs -f demo-cohort-learners-0", "a leader and 3 followers (leaderworkerset)"]),
                            ("jobset", ["logs -f job/demo-cohort-learners-leader-0", "a leader and 2 followers (jobset)", "delete jobset demo-cohort-learners"])):
            notes = self.cluster.helm("install", "demo", CHART, "-n", "training", "--dry-run=server", "-f", chart.values_of(shape)).stdout.split("\nNOTES:\n", 1)[1]
            for words in (*said, "takes the group with it", "blocks the draining"):
                self.assertIn(words, notes)

    def test_every_kustomization_of_k8s_builds_and_is_accepted(self):
        for folder in ("base", "overlays/trial", "overlays/gpu"):
            with self.subTest(folder):
                built = run([tool("kubectl"), "kustomize", f"{ROOT}/k8s/{folder}"]).stdout
                objects = chart.parse(built)
                self.assertEqual(len(self.dry_run(objects).stdout.splitlines()), len(objects))

    def test_all_addons_go_together_and_leave_the_number_of_workers_to_keda(self):
        with tempfile.TemporaryDirectory(prefix="cohort-kustomize-") as folder:
            here = os.path.relpath(os.path.join(ROOT, "k8s"), os.path.realpath(folder))
            with open(os.path.join(folder, "kustomization.yaml"), "w") as file:
                yaml.safe_dump({"namespace": "training", "resources": [f"{here}/base"],
                                "components": [f"{here}/addons/{name}" for name in ("redis", "monitoring", "autoscaling")]}, file)
            built = chart.parse(run([tool("kubectl"), "kustomize", folder]).stdout)
        self.assertEqual(len(self.dry_run(built).stdout.splitlines()), len(built))
        self.assertLessEqual({"PodMonitor", "PrometheusRule", "ScaledObject"}, {o["kind"] for o in built})
        admin = chart.find(built, "Deployment", "admin")["spec"]["template"]["spec"]
        self.assertFalse([a for a in admin["containers"][0]["args"] if a.startswith("--kubernetes-deployment")])
        self.assertFalse(admin["automountServiceAccountToken"])
        self.assertNotIn("replicas", chart.find(built, "Deployment", "rollout")["spec"])
        self.assertEqual(chart.find(built, "RoleBinding", "admin")["subjects"][0]["namespace"], "training")

if __name__ == "__main__":
    unittest.main()
