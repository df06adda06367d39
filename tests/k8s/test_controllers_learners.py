"""L2: learners of several processes before real controllers, those of LeaderWorkerSets and JobSets among them; kwok plays the nodes."""

import re
import unittest

from lib.control_plane import is_ready
from lib.fake_cluster import FakeCluster, MostPods
from lib.group_controllers import start_group_controller
from lib.processes import wait_until
from lib.tools import VERSION


def uids(pods):
    return {pod["metadata"]["uid"] for pod in pods}


def host(pod):
    """What the others call the pod, within its namespace."""
    return f"{pod['spec']['hostname']}.{pod['spec']['subdomain']}"


class Learners(FakeCluster):
    def start(self, controller):
        self.cluster.add_definitions()
        start_group_controller(self.cluster, controller)

    def group(self):
        return self.pods("learner") + self.pods("learner-follower")

    def wait_for_group(self, followers, other_than=(), tag=VERSION):
        """One leader and so many followers, ready, of that image, none of them among `other_than` (uids)."""
        def there():
            leaders, rest = self.pods("learner"), self.pods("learner-follower")
            group = leaders + rest
            whole = (len(leaders), len(rest)) == (1, followers) and all(map(is_ready, group)) and not uids(group) & set(other_than)
            return (leaders[0], rest) if whole and all(pod["spec"]["containers"][0]["image"].endswith(":" + tag) for pod in group) else None

        return wait_until(f"a leader and {followers} followers", there)

    def delete(self, pod):
        self.cluster.kubectl("-n", "training", "delete", "pod", pod["metadata"]["name"], "--wait=false")

    def assert_workers_find_only(self, leader):
        """The Service that rollout workers are told has the leader's address and no other."""
        def addresses():
            slices = self.cluster.get("endpointslices", "-n", "training", "-l", "kubernetes.io/service-name=demo-cohort-learner")["items"]
            return [address for piece in slices for endpoint in piece["endpoints"] or [] for address in endpoint["addresses"]]

        wait_until("the leader's address", lambda: addresses() == [leader["status"]["podIP"]])

    def assert_budget_blocks_draining(self, node):
        done = self.cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=10s", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Cannot evict pod as it would violate the pod's disruption budget", done.stdout + done.stderr)
        self.cluster.kubectl("uncordon", node)

    def wait_for_end(self):
        wait_until("the end of all pods", lambda: not self.group())
        return {c["metadata"]["name"] for c in self.cluster.get("pvc", "-n", "training")["items"]} - {"models", "datasets"}

    def test_two_statefulsets_lose_one_pod_alone_and_follow_the_run_in_their_number(self):
        self.install("multi-learner")
        leader, followers = self.wait_for_group(3)
        self.assertEqual([pod["metadata"]["name"] for pod in sorted(followers, key=lambda pod: pod["metadata"]["name"])],
                         [f"demo-cohort-learner-follower-{i}" for i in range(3)])
        self.assert_workers_find_only(leader)
        self.delete(followers[0])
        wait_until("another follower", lambda: len(self.pods("learner-follower")) == 3 and uids(self.pods("learner-follower")) != uids(followers))
        again, others = self.wait_for_group(3)
        self.assertEqual(again["metadata"]["uid"], leader["metadata"]["uid"])
        self.assertEqual(len(uids(others) & uids(followers)), 2, "only the one that was deleted")
        self.assert_budget_blocks_draining(others[0]["spec"]["nodeName"])
        self.upgrade("multi-learner", "--set", "run.config.optimizer.data_parallel=2")
        self.wait_for_group(1, other_than=uids([leader, *others]))
        self.helm("uninstall", "--wait")
        self.assertEqual(self.wait_for_end(), {"state-demo-cohort-learner-0", "data-demo-cohort-redis-0"})

    def test_a_leaderworkerset_recreates_its_group_when_one_pod_is_lost(self):
        self.start("lws")
        self.install("lws")
        leader, followers = self.wait_for_group(3, tag=f"{VERSION}-cuda")
        self.assertEqual(host(leader), "demo-cohort-learners-0.demo-cohort-learners")
        for pod in followers:
            container = pod["spec"]["containers"][0]
            environment = {e["name"]: e.get("value") for e in container["env"]}
            self.assertEqual(environment["LWS_LEADER_ADDRESS"], host(leader) + ".training")
            self.assertIn("--leader=$(LWS_LEADER_ADDRESS):7000", container["args"])
        self.assertEqual(sorted(pod["metadata"]["name"] for pod in followers), [f"demo-cohort-learners-0-{i}" for i in (1, 2, 3)])
        self.assertTrue(self.cluster.get("service", "demo-cohort-learners", "-n", "training")["spec"]["publishNotReadyAddresses"])
        self.assert_workers_find_only(leader)
        self.delete(followers[1])
        again, others = self.wait_for_group(3, other_than=uids([leader, *followers]), tag=f"{VERSION}-cuda")
        self.assert_workers_find_only(again)
        with MostPods(self, "learner") as leaders:
            self.upgrade("lws", "--set", "image.tag=0.2.0")
            self.wait_for_group(3, other_than=uids([again, *others]), tag="0.2.0")
        self.assertEqual(leaders.most, 1, "the volume of the run is of one leader at a time")
        self.helm("uninstall", "--wait")
        self.assertEqual(self.wait_for_end(), {"state-demo-cohort-learners"})
        self.install("lws")
        self.wait_for_group(3, tag=f"{VERSION}-cuda")

    def test_a_jobset_starts_its_group_anew_and_ends_with_its_leader(self):
        self.start("jobset")
        self.install("jobset")
        leader, followers = self.wait_for_group(2)
        self.assertEqual(host(leader), "demo-cohort-learners-leader-0-0.demo-cohort-learners")
        self.assertEqual({pod["spec"]["hostname"] for pod in followers}, {f"demo-cohort-learners-follower-0-{i}" for i in range(2)})
        for pod in followers:
            self.assertIn(f"--leader={host(leader)}:7000", pod["spec"]["containers"][0]["args"])
        self.assert_workers_find_only(leader)
        self.delete(followers[0])
        again, others = self.wait_for_group(2, other_than=uids([leader, *followers]))
        self.assertEqual(self.restarts(), (1, 1))
        self.assert_workers_find_only(again)
        self.evict(others[0])
        last, _ = self.wait_for_group(2, other_than=uids([again, *others]))
        self.assertEqual(self.restarts(), (2, 1), "what was evicted is no failure")
        done = self.upgrade("jobset", "--set", "image.tag=0.2.0", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("field is immutable", done.stderr)
        self.cluster.kubectl("-n", "training", "annotate", "pod", last["metadata"]["name"], "done=yes")
        wait_until("the end of the run", lambda: self.jobset()["status"].get("terminalState") == "Completed")
        wait_until("the end of the followers", lambda: not self.pods("learner-follower"))
        self.cluster.kubectl("-n", "training", "delete", "jobset", "demo-cohort-learners", "--cascade=foreground")
        self.upgrade("jobset", "--set", "image.tag=0.2.0")
        self.wait_for_group(2, tag="0.2.0")
        self.helm("uninstall", "--wait")
        self.assertEqual(self.wait_for_end(), {"state-demo-cohort-learners", "data-demo-cohort-redis-0"})

    def test_another_mode_waits_for_the_end_of_the_learner_before_and_goes_on_with_its_volume(self):
        self.start("jobset")
        self.install("multi-learner")
        old = uids(self.wait_for_group(3)[1]) | uids(self.pods("learner"))
        for shape, followers in (("jobset", 2), ("multi-learner", 3)):  # There and back.
            with MostPods(self, "learner") as leaders:
                refusal = self.upgrade(shape, check=False).stderr
                self.assertEqual(uids(self.group()), old, "nothing was touched")
                # What the refusal says has to be done is all that has to be done.
                self.cluster.kubectl(*re.search(r"`kubectl (.*?)`", refusal)[1].split())
                claim = re.search(r"learner\.persistence\.existingClaim=[a-z0-9-]+", refusal)
                self.upgrade(shape, *(["--set", claim[0]] if claim else []))
                leader, others = self.wait_for_group(followers, other_than=old)
            self.assertEqual(leaders.most, 1)
            self.assertIn("state-demo-cohort-learner-0", [v.get("persistentVolumeClaim", {}).get("claimName") for v in leader["spec"]["volumes"]])
            old = uids([leader, *others])

    def jobset(self):
        return self.cluster.get("jobset", "demo-cohort-learners", "-n", "training")

    def restarts(self):
        """All of them, and those that count as failures."""
        status = self.jobset()["status"]
        return status.get("restarts", 0), status.get("restartsCountTowardsMax", 0)

    def evict(self, pod):
        """As a drain does, once there is no budget that forbids it."""
        node = pod["spec"]["nodeName"]
        self.assert_budget_blocks_draining(node)
        self.cluster.kubectl("-n", "training", "delete", "pdb", "demo-cohort-learner")
        self.cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s")
        self.cluster.kubectl("uncordon", node)


if __name__ == "__main__":
    unittest.main()
