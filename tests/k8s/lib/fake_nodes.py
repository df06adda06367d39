"""Nodes that nothing runs on: kwok says that their pods run, so that real controllers and a real scheduler have hundreds of pods to work with."""

import json
import os
import ssl
import urllib.parse
import urllib.request

from lib.control_plane import ControlPlane, is_ready
from lib.processes import free_port, wait_until
from lib.tools import tool

ZONES = ("a", "b", "c")
FAKE = "kwok.x-k8s.io/node"
STAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kwok-stages.yaml")


def node(number, gpus):
    """One node with GPUs; zones take turns."""
    size = {"cpu": "128", "memory": "1024Gi", "pods": "110", "nvidia.com/gpu": str(gpus)}
    name = f"node-{number}"
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": ZONES[number % len(ZONES)], "kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels, "annotations": {FAKE: "fake"}},
            "status": {"capacity": size, "allocatable": size}}


class FakeNodes(ControlPlane):
    """A control plane with `count` such nodes. kwok-stages.yaml says what becomes of their pods."""

    def __init__(self, count=8, gpus=8):
        super().__init__(controllers=True)
        try:
            self.start("kwok", tool("kwok"), "--kubeconfig", self.kubeconfig, "--config", STAGES, "--manage-all-nodes=false", f"--manage-nodes-with-annotation-selector={FAKE}=fake",
                       f"--server-address=127.0.0.1:{free_port()}", "--node-lease-duration-seconds=40")
            self.apply([node(i, gpus) for i in range(count)])
            wait_until(f"{count} ready nodes", lambda: self._ready_nodes() == count)
        except Exception:
            self.stop()
            raise

    def _ready_nodes(self):
        for daemon in self.daemons:
            daemon.check()
        return sum(map(is_ready, self.get("nodes")["items"]))

    def pods(self, namespace, selector):
        """The pods that a label selector chooses, straight from the API: this is asked so often that kubectl would be what keeps the machine busy."""
        query = urllib.parse.urlencode({"labelSelector": selector})
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}/api/v1/namespaces/{namespace}/pods?{query}", headers={"Authorization": "Bearer admin"})
        with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=30) as answer:  # pylint: disable=protected-access
            return json.load(answer)["items"]
