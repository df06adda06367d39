"""L1: a real kube-apiserver accepts every rendered object: strict field validation, admission, PodSecurity "restricted"."""

import json
import unittest

import yaml

from lib import chart
from lib.control_plane import ControlPlane
from lib.processes import run
from lib.tools import ROOT, tool

RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}


class ApiServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = ControlPlane()
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "training", "labels": RESTRICTED}},
                           {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "training"}, "value": 1000},
                           {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "nvidia"}, "handler": "nvidia"}])

    def dry_run(self, objects, check=True):
        items = {"apiVersion": "v1", "kind": "List", "items": objects}
        return self.cluster.kubectl("create", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-n", "training", "-f", "-",
                                    stdin=json.dumps(items), check=check)

    def test_every_object_of_every_shape_is_accepted(self):
        for shape in chart.shapes():
            with self.subTest(shape):
                objects = [o for o in chart.render(shape) if not chart.is_custom(o)]
                accepted = self.dry_run(objects).stdout.splitlines()
                self.assertEqual(len(accepted), len(objects))

    def test_every_pod_of_every_shape_passes_restricted(self):
        for shape in chart.shapes():
            for document in chart.render(shape):
                pod = chart.pod_template(document)
                if not pod:
                    continue
                with self.subTest(f"{shape} {document['metadata']['name']}"):
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

    def test_every_kustomization_of_k8s_builds_and_is_accepted(self):
        for folder in ("base", "overlays/trial", "overlays/gpu"):
            with self.subTest(folder):
                built = run([tool("kubectl"), "kustomize", f"{ROOT}/k8s/{folder}"]).stdout
                objects = [o for o in yaml.safe_load_all(built) if o and not chart.is_custom(o)]
                self.assertEqual(len(self.dry_run(objects).stdout.splitlines()), len(objects))


if __name__ == "__main__":
    unittest.main()
