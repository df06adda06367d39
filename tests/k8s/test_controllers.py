"""L2: the chart before real controllers and a real scheduler, with 8 nodes of 8 GPUs in 3 zones on which nothing runs (kwok).

Shows what Kubernetes makes of the chart's objects: rollouts, ordinals, spreading, budgets, scarce GPUs. Probes, preStop and programs are test_cluster's.
"""

import collections
import time
import unittest

from lib.control_plane import is_ready
from lib.fake_cluster import GPUS, NODES, FakeCluster, MostPods
from lib.metrics_api import MetricsApi
from lib.processes import wait_until
from lib.tools import VERSION

class Controllers(FakeCluster):
    def test_install_upgrade_rollback_uninstall_with_helm_3(self):
        self.whole_life("helm3")

    def test_install_upgrade_rollback_uninstall_with_helm_4(self):
        self.whole_life("helm4")

    def whole_life(self, program):
        self.install("toy-cpu", program=program)
        self.assertEqual([pod["metadata"]["name"] for pod in self.pods("learner")], ["demo-cohort-learner-0"])
        with MostPods(self, "reward") as reward:
            self.upgrade("toy-cpu", "--set", "image.tag=0.2.0", program=program)
        self.assertGreaterEqual(reward.fewest_ready, 2, "an upgrade must not take a reward service away before its successor is ready")
        self.assertEqual(self.images("learner", "rollout", "reward"), {"cohort-learner:0.2.0", "cohort-rollout:0.2.0", "cohort-reward:0.2.0"})
        self.helm("rollback", "--wait", "--timeout", "3m", program=program)
        wait_until("the old image", lambda: self.images("rollout") == {f"cohort-rollout:{VERSION}"})
        self.helm("uninstall", "--wait", program=program)
        wait_until("the end of all pods", lambda: not any(self.pods(role) for role in ("learner", "rollout", "reward", "redis")))
        kept = {c["metadata"]["name"] for c in self.cluster.get("pvc", "-n", "training")["items"]} - {"models", "datasets"}
        self.assertEqual(kept, {"state-demo-cohort-learner-0", "data-demo-cohort-redis-0"})

    def test_an_upgrade_after_scaling_with_helm_4_needs_a_word_about_the_number(self):
        self.install("toy-cpu")
        self.scale(5)
        done = self.upgrade("toy-cpu", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(".spec.replicas", done.stderr)
        self.wait_for_ready("rollout", 5)
        self.upgrade("toy-cpu", "--set", "rollout.replicas=5")
        self.wait_for_ready("rollout", 5)
        self.scale(3)
        self.upgrade("toy-cpu", "--set", "rollout.replicas=4", "--force-conflicts")
        self.wait_for_ready("rollout", 4)

    def test_an_upgrade_after_scaling_with_helm_3_takes_the_number_of_the_values(self):
        self.install("toy-cpu", program="helm3")
        self.scale(5)
        self.upgrade("toy-cpu", "--set", "rollout.replicas=5", program="helm3")
        self.wait_for_ready("rollout", 5)
        self.upgrade("toy-cpu", program="helm3")
        self.wait_for_ready("rollout", 2)

    def test_rollout_workers_2_200_2(self):
        self.install("toy-cpu")
        self.scale(200)
        self.wait_for_ready("rollout", 200, timeout=300)
        on = collections.Counter(pod["spec"]["nodeName"] for pod in self.pods("rollout"))
        self.assertEqual(len(on), NODES)
        self.assertLessEqual(max(on.values()) - min(on.values()), 3, f"not spread over the nodes: {on}")
        before = {pod["metadata"]["uid"] for pod in self.pods("reward") + self.pods("learner")}
        self.scale(2)
        self.wait_for_ready("rollout", 2)
        self.assertEqual({pod["metadata"]["uid"] for pod in self.pods("reward") + self.pods("learner")}, before, "scaling workers moved others")

    def test_scarce_gpus(self):
        self.install("gpu")
        self.scale(80)
        running = NODES * GPUS - 1  # The learner has one.
        wait_until("every GPU in use", lambda: sum(map(is_ready, self.pods("rollout"))) == running)

        def reasons():
            waiting = [pod for pod in self.pods("rollout") if not is_ready(pod)]
            return [c["message"] for pod in waiting for c in pod["status"].get("conditions", []) if c["type"] == "PodScheduled" and c["status"] == "False"]

        wait_until("a word of the scheduler about each of the others", lambda: len(reasons()) == 80 - running)
        self.assertTrue(all("Insufficient nvidia.com/gpu" in reason for reason in reasons()), reasons())
        self.scale(16)
        self.wait_for_ready("rollout", 16)
        with MostPods(self, "rollout") as rollout:
            self.upgrade("gpu", "--set", "rollout.podAnnotations.version=two")
            self.wait_for_ready("rollout", 16)
        self.assertLessEqual(rollout.most, 16, "an upgrade must not ask for GPUs beyond those of the workers")
        self.assertGreaterEqual(rollout.fewest_ready, 12)

    def test_an_upgrade_to_what_never_gets_ready_takes_no_ready_pod_away_and_a_rollback_heals(self):
        self.install("toy-cpu", "--set", "rollout.replicas=8")
        with MostPods(self, "rollout") as rollout, MostPods(self, "reward") as reward:
            done = self.upgrade("toy-cpu", "--set", "rollout.replicas=8,image.tag=never-ready", "--timeout", "20s", check=False)
            self.assertNotEqual(done.returncode, 0, "helm took pods that are never ready for an upgrade that succeeded")
            self.assertIn("cohort-rollout:never-ready", self.images("rollout"), "nothing was upgraded")
        self.assertGreaterEqual(rollout.fewest_ready, 8)
        self.assertGreaterEqual(reward.fewest_ready, 2)
        # There is one learner: its StatefulSet has to take the old one away first.
        self.assertEqual([is_ready(pod) for pod in self.pods("learner")], [False])
        self.helm("rollback", "--wait", "--timeout", "3m")
        for role, count in (("rollout", 8), ("reward", 2), ("learner", 1), ("admin", 1)):
            self.wait_for_ready(role, count)
        self.assertEqual({image.split(":")[1] for image in self.images("rollout", "reward", "learner", "admin")}, {VERSION})

    def test_an_upgrade_of_gpu_workers_to_what_never_gets_ready_stops_after_a_quarter(self):
        self.install("gpu")
        with MostPods(self, "rollout") as rollout:
            done = self.upgrade("gpu", "--set", "image.tag=never-ready", "--timeout", "20s", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("registry.example.com/ml/cohort-rollout:never-ready", self.images("rollout"))
        self.assertLessEqual(rollout.most, 16, "no GPU beyond those of the workers")
        self.assertEqual(rollout.fewest_ready, 12, "a quarter of the workers, and no more, has to go first: there is no spare GPU")
        # OnDelete: the learner goes on.
        self.assertTrue(all(map(is_ready, self.pods("learner"))))
        self.helm("rollback", "--wait", "--timeout", "3m")
        self.wait_for_ready("rollout", 16)
        self.assertEqual(self.images("rollout", "learner"), {f"registry.example.com/ml/cohort-{role}:{VERSION}-cuda" for role in ("rollout", "learner")})

    def test_pods_that_their_node_evicts_are_replaced(self):
        self.install("toy-cpu", "--set", "rollout.replicas=8")
        for role, count, selector in (("rollout", 8, "app.kubernetes.io/component=rollout"), ("learner", 1, "app.kubernetes.io/component=learner")):
            before = {pod["metadata"]["uid"] for pod in self.pods(role)}
            self.cluster.kubectl("-n", "training", "annotate", "pod", "-l", selector, "evict=now")
            running = lambda role=role: [pod for pod in self.pods(role) if pod["status"].get("phase") == "Running"]
            wait_until(f"{count} other pods of {role}", lambda: len([p for p in running() if is_ready(p) and p["metadata"]["uid"] not in before]) == count)
            self.assertFalse(before & {pod["metadata"]["uid"] for pod in running()}, role)

    def test_reward_services_follow_their_load_up_at_once_and_down_one_by_one(self):
        self.cluster.add_definitions()  # The shape also scales workers by KEDA, which nobody plays here.
        metrics = MetricsApi(self.cluster)
        self.addCleanup(metrics.stop)
        metrics.load = 2 * 0.35  # Of two pods that ask for half a CPU each: 70 %, the target.
        self.install("autoscaling", "--set", "reward.autoscaling.maxReplicas=6,reward.autoscaling.scaleDownStabilizationSeconds=0")
        self.wait_for_ready("reward", 2)
        metrics.load = 4 * 0.35
        self.wait_for_ready("reward", 4)
        metrics.load = 100
        self.wait_for_ready("reward", 6)
        scaler = self.cluster.get("hpa", "demo-cohort-reward", "-n", "training")
        self.assertIn("TooManyReplicas", {c["reason"] for c in scaler["status"]["conditions"]}, "more than the most was wanted")
        # How many may go is counted from the number of a minute ago: pods that came in this minute may all go again.
        time.sleep(65)
        metrics.load = 0.01
        self.wait_for_ready("reward", 5)
        with MostPods(self, "reward") as reward:
            time.sleep(20)
        self.assertEqual((reward.fewest_ready, reward.most), (5, 5), "at most one a minute goes")
        self.upgrade("autoscaling", "--set", "reward.autoscaling.maxReplicas=6,image.tag=0.2.0")
        self.assertGreaterEqual(len(self.pods("reward")), 4, "an upgrade must leave the number to its scaler")

    def test_draining_nodes_keeps_the_budgets(self):
        self.install("toy-cpu", "--set", "rollout.replicas=16")
        for number in range(3):
            with MostPods(self, "reward") as reward, MostPods(self, "rollout") as rollout:
                self.cluster.kubectl("drain", f"node-{number}", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
                self.wait_for_ready("rollout", 16)
                self.wait_for_ready("reward", 2)
            self.assertGreaterEqual(reward.fewest_ready, 1)
            self.assertGreaterEqual(rollout.fewest_ready, 12)
            self.cluster.kubectl("uncordon", f"node-{number}")

    def test_a_budget_for_the_learner_blocks_the_drain_of_its_node(self):
        self.install("toy-cpu", "--set", "learner.pdb.enabled=true,learner.pdb.maxUnavailable=0")
        node = self.pods("learner")[0]["spec"]["nodeName"]
        done = self.cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=10s", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Cannot evict pod as it would violate the pod's disruption budget", done.stdout + done.stderr)
        self.assertEqual(len(self.pods("learner")), 1)


if __name__ == "__main__":
    unittest.main()
