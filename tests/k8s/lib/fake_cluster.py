"""What the tests before real controllers have in common: a cluster of fake nodes for each test, the release in it, and counting its pods meanwhile."""

import threading
import unittest

from lib import chart
from lib.control_plane import is_ready
from lib.fake_nodes import FakeNodes
from lib.processes import wait_until
from lib.tools import CHART

NODES, GPUS = 8, 8
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "training", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}


def volume(name, size, storage_class, claim=None):
    """A volume, reserved for a claim if one is named."""
    spec = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/none"}, "storageClassName": storage_class}
    if claim:
        spec["claimRef"] = {"namespace": "training", "name": claim}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def claim(name):
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "training"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "shared", "resources": {"requests": {"storage": "1Gi"}}}}


class MostPods:
    """Looks again and again while a block runs: the most pods of a role at one time, and the fewest ready ones."""

    def __init__(self, test, role):
        self._look = lambda: test.pods(role)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.most, self.fewest_ready = 0, 10**9
        self._failure = None

    def _watch(self):
        try:
            while not self._done.wait(0.1):
                pods = self._look()
                self.most = max(self.most, len(pods))
                self.fewest_ready = min(self.fewest_ready, sum(map(is_ready, pods)))
        except Exception as failure:  # pylint: disable=broad-except
            self._failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._done.set()
        self._thread.join()
        # What was not looked at proves nothing; an exception of the block itself goes before.
        if kind is None and self._failure is not None:
            raise self._failure
        assert kind is not None or self.most > 0, "no pod was seen"


class FakeCluster(unittest.TestCase):
    """A cluster of its own for each test, with a namespace and the volumes that the shapes in ci/ want."""

    def setUp(self):
        self.cluster = FakeNodes(NODES, GPUS)
        self.addCleanup(self.cluster.stop)
        self.cluster.apply([NAMESPACE, {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "nvidia"}, "handler": "nvidia"},
                            volume("models", "1Gi", "shared", "models"), volume("datasets", "1Gi", "shared", "datasets"), claim("models"), claim("datasets"),
                            volume("fast", "500Gi", "fast"), volume("one", "20Gi", ""), volume("two", "20Gi", "")])

    def helm(self, verb, *arguments, **options):
        return self.cluster.helm(verb, "demo", *arguments, "-n", "training", **options)

    def install(self, shape, *arguments, **options):
        return self.helm("install", CHART, "-f", chart.values_of(shape), "--wait", "--timeout", "3m", *arguments, **options)

    def upgrade(self, shape, *arguments, **options):
        return self.helm("upgrade", CHART, "-f", chart.values_of(shape), "--wait", "--timeout", "3m", *arguments, **options)

    def pods(self, role):
        """The pods of a role that are not on their way out."""
        return [pod for pod in self.cluster.pods("training", f"app.kubernetes.io/component={role}") if "deletionTimestamp" not in pod["metadata"]]

    def images(self, *roles):
        return {pod["spec"]["containers"][0]["image"] for role in roles for pod in self.pods(role)}

    def scale(self, replicas):
        self.cluster.kubectl("-n", "training", "scale", "deployment/demo-cohort-rollout", f"--replicas={replicas}")

    def wait_for_ready(self, role, count, timeout=180):
        wait_until(f"{count} ready pods of {role}", lambda: len(self.pods(role)) == count and all(map(is_ready, self.pods(role))), timeout)
