"""L2: with deletion costs, of a Deployment that shrinks idle workers go first: real controllers, a real cohort-admin; kwok plays the nodes, Redis holds the workers."""

import shutil
import tempfile
import unittest

from lib.admin import Workers, account, deletion_costs, start_admin, start_redis
from lib.fake_cluster import FakeCluster
from lib.processes import wait_until


class DeletionCosts(FakeCluster):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="cohort-costs-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        redis, self.redis = start_redis(self.directory)
        self.addCleanup(redis.stop)
        self.workers = Workers(self.redis)
        self.addCleanup(self.workers.stop)

    def shrink_to_the_busy(self, busy):
        """Scales down to the pods with these names, and to no others."""
        self.workers.leases = {pod["metadata"]["name"]: 4 if pod["metadata"]["name"] in busy else 0 for pod in self.pods("rollout")}
        expected = {name: "13" if leases else "0" for name, leases in self.workers.leases.items()}
        wait_until("the deletion costs", lambda: deletion_costs(self.pods("rollout")) == expected, timeout=60)
        self.scale(len(busy))
        self.wait_for_ready("rollout", len(busy))
        self.assertEqual({pod["metadata"]["name"] for pod in self.pods("rollout")}, set(busy))

    def test_of_a_deployment_that_shrinks_the_idle_workers_go_first(self):
        self.install("toy-cpu", "--set", "rollout.podDeletionCost.enabled=true,rollout.replicas=9")
        folder = account(self.cluster, self.directory, "demo-cohort-admin", "training")
        for name in ("one", "two"):
            daemon, _ = start_admin(self.cluster, self.directory, self.redis, name, folder, "--kubernetes-pod-deletion-cost")
            self.addCleanup(daemon.stop)
        # By itself Kubernetes takes young pods first: the young ones are busy, and then the old ones.
        by_age = sorted(self.pods("rollout"), key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
        self.shrink_to_the_busy([pod["metadata"]["name"] for pod in by_age[-6:]])
        self.shrink_to_the_busy([pod["metadata"]["name"] for pod in by_age[-6:-4]])
        # New pods have no cost until the service has seen them, which is the cost of idle ones.
        self.scale(5)
        self.wait_for_ready("rollout", 5)
        young = {pod["metadata"]["name"] for pod in self.pods("rollout")} - {pod["metadata"]["name"] for pod in by_age}
        self.assertEqual(len(young), 3)
        self.shrink_to_the_busy(sorted(young))


if __name__ == "__main__":
    unittest.main()
