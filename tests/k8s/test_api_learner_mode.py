"""L1: before a real kube-apiserver, an upgrade to another learner.mode is refused while the learner of the mode before is there, or the run would begin anew."""

import json
import unittest

from lib import chart
from lib.control_plane import ControlPlane
from lib.tools import CHART

SHAPES = {"statefulset": "multi-learner", "leaderworkerset": "lws", "jobset": "jobset"}
OF_STATEFULSET, OF_GROUPS = "state-demo-cohort-learner-0", "state-demo-cohort-learners"
# Somebody who may do everything with what Kubernetes itself has, in one namespace.
DEPLOYER = [{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "deployer", "namespace": "training"},
             "rules": [{"apiGroups": ["", "apps", "policy", "networking.k8s.io", "rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["*"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "deployer", "namespace": "training"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "deployer"}]}]

CLUSTER = None  # The control plane of all tests here. It has no controllers: objects stay as they were made, and no claims are made of templates.


def setUpModule():  # pylint: disable=invalid-name
    global CLUSTER  # pylint: disable=global-statement
    CLUSTER = ControlPlane()
    unittest.addModuleCleanup(CLUSTER.stop)
    CLUSTER.add_definitions()
    CLUSTER.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "training"}}])
    CLUSTER.apply(DEPLOYER)


class LearnerMode(unittest.TestCase):
    def release(self, verb, mode, *arguments, **options):
        return CLUSTER.helm(verb, "demo", CHART, "-n", "training", "-f", chart.values_of(SHAPES[mode]), *arguments, **options)

    def install(self, mode, *arguments, **options):
        self.addCleanup(self.remove)
        self.release("install", mode, *arguments, **options)

    def remove(self):
        """The release and the claims, which nobody but us finishes off here."""
        CLUSTER.helm("uninstall", "demo", "-n", "training", "--ignore-not-found")
        for name in (OF_STATEFULSET, OF_GROUPS):
            CLUSTER.kubectl("-n", "training", "delete", "pvc", name, "--ignore-not-found", "--wait=false")
            CLUSTER.kubectl("-n", "training", "patch", "pvc", name, "--type=merge", "-p", json.dumps({"metadata": {"finalizers": None}}), check=False)

    def claim(self, name):
        """As the StatefulSet's controller makes it."""
        CLUSTER.apply([{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "training"},
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}])

    def delete(self, mode, *names):
        CLUSTER.kubectl("-n", "training", "delete", mode, *names)

    def revision(self):
        return json.loads(CLUSTER.helm("list", "-n", "training", "-o", "json").stdout)[0]["revision"]

    def refused(self, mode, *words, but_not=(), **options):
        """The upgrade changes nothing and says these words."""
        done = self.release("upgrade", mode, check=False, **options)
        self.assertNotEqual(done.returncode, 0)
        for word in words:
            self.assertIn(word, done.stderr)
        for word in but_not:
            self.assertNotIn(word, done.stderr)
        self.assertEqual(self.revision(), "1")

    def test_statefulsets_have_to_go_before_a_group_comes_and_the_volume_has_to_be_named(self):
        for helm in chart.HELMS:
            for mode in ("leaderworkerset", "jobset"):
                with self.subTest(f"{mode}, {helm}"):
                    self.install("statefulset", program=helm)
                    self.refused(mode, f"learner.mode={mode}, but the learner of this release is still there in learner.mode=statefulset",
                                 "`kubectl -n training delete statefulset demo-cohort-learner demo-cohort-learner-follower --cascade=foreground`",
                                 "or set learner.mode=statefulset", but_not=["existingClaim"], program=helm)
                    self.claim(OF_STATEFULSET)
                    self.refused(mode, f"then upgrade with learner.persistence.existingClaim={OF_STATEFULSET}, the volume of the run", program=helm)
                    self.delete("statefulset", "demo-cohort-learner")
                    self.refused(mode, "`kubectl -n training delete statefulset demo-cohort-learner-follower --cascade=foreground`", program=helm)
                    self.delete("statefulset", "demo-cohort-learner-follower")
                    self.refused(mode, f"learner.mode={mode} would begin the run anew", f"set learner.persistence.existingClaim={OF_STATEFULSET}", program=helm)
                    self.release("upgrade", mode, "--set", f"learner.persistence.existingClaim={OF_STATEFULSET}", program=helm)
                    self.assertEqual(self.revision(), "2")
                    self.remove()

    def test_a_group_has_to_go_before_statefulsets_come_and_the_volume_has_to_be_named(self):
        for helm in chart.HELMS:
            for mode in ("leaderworkerset", "jobset"):
                with self.subTest(f"{mode}, {helm}"):
                    self.install(mode, program=helm)
                    self.refused("statefulset", f"still there in learner.mode={mode}",
                                 f"`kubectl -n training delete {mode} demo-cohort-learners --cascade=foreground`",
                                 f"then upgrade with learner.persistence.existingClaim={OF_GROUPS}, the volume of the run", program=helm)
                    self.delete(mode, "demo-cohort-learners")
                    self.refused("statefulset", "begin the run anew", f"set learner.persistence.existingClaim={OF_GROUPS}", program=helm)
                    self.release("upgrade", "statefulset", "--set", f"learner.persistence.existingClaim={OF_GROUPS}", program=helm)
                    claims = CLUSTER.get("pvc", "-n", "training")["items"]
                    self.assertIn(OF_GROUPS, [c["metadata"]["name"] for c in claims], "the volume stays")
                    self.remove()

    def test_groups_of_both_kinds_share_the_volume(self):
        # Of one claim: what cannot be changed in it is the same in both.
        same_size = ("--set", "learner.persistence.size=20Gi,learner.persistence.storageClass=fast")
        for before, after in (("leaderworkerset", "jobset"), ("jobset", "leaderworkerset")):
            with self.subTest(before):
                self.install(before, *same_size)
                self.refused(after, f"`kubectl -n training delete {before} demo-cohort-learners --cascade=foreground`", but_not=["existingClaim"])
                self.delete(before, "demo-cohort-learners")
                self.release("upgrade", after, *same_size)
                self.remove()

    def test_an_upgrade_within_a_mode_is_let_through(self):
        for mode in SHAPES:
            with self.subTest(mode):
                self.install(mode)
                self.claim(OF_STATEFULSET)
                self.release("upgrade", mode, "--set", "reward.replicas=3")
                self.remove()

    def test_who_keeps_no_state_or_deletes_the_claim_begins_anew(self):
        self.install("statefulset")
        self.claim(OF_STATEFULSET)
        self.delete("statefulset", "demo-cohort-learner", "demo-cohort-learner-follower")
        self.release("upgrade", "jobset", "--set", "learner.persistence.enabled=false")

    def test_a_release_from_before_the_mode_was_written_down_counts_as_statefulsets(self):
        self.install("statefulset")
        CLUSTER.kubectl("-n", "training", "annotate", "service", "demo-cohort-learner", "cohort/learner-mode-")
        self.refused("jobset", "still there in learner.mode=statefulset")

    def test_neither_definitions_nor_rights_of_other_modes_are_needed(self):
        deployer = ("--kube-as-user", "deployer")
        self.install("statefulset", *deployer)
        self.release("upgrade", "statefulset", "--set", "reward.replicas=3", *deployer)
        self.addCleanup(CLUSTER.add_definitions)
        CLUSTER.remove_definitions()
        self.release("upgrade", "statefulset", "--set", "reward.replicas=2", *deployer)


if __name__ == "__main__":
    unittest.main()
