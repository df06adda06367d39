"""One real node beside the control plane: containerd, kubelet, kube-proxy, a bridge for pods and CoreDNS, all inside one Machine."""

import os
import shutil

from lib.control_plane import ControlPlane, is_ready
from lib.machine import ADDRESS, Machine, missing_programs
from lib.processes import run, wait_until
from lib.tools import VERSION, tool

NEEDED = {"containerd": "containerd", "ctr": "containerd", "runc": "runc", "iptables": "iptables", "conntrack": "conntrack", "etcd": "etcd-server",
          "nsenter": "util-linux", "ip": "iproute2", "mmdebstrap": "mmdebstrap", "patchelf": "patchelf", "openssl": "openssl"}
CNI_PROGRAMS = "/usr/lib/cni"
NODE = "node1"
USER = 10001  # Of deploy/docker's images.
# What holds a pod's namespaces; deploy/docker builds it.
PAUSE = "docker.io/library/cohort-pause:" + VERSION

CONTAINERD = """version = 2
root = "{directory}/containerd"
state = "/run/containerd"
[grpc]
  address = "{directory}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni}"
    conf_dir = "{directory}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""

BRIDGE = """{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "subnet": "10.244.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
"""

# The limits on disk are off: how full the disk of this machine is does not matter here.
KUBELET = """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
cgroupDriver: cgroupfs
cgroupRoot: {cgroup}
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://{directory}/containerd.sock
oomScoreAdj: 0
clusterDNS: ["{address}"]
clusterDomain: cluster.local
resolvConf: {directory}/resolv.conf
podLogsDir: {directory}/pod-logs
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {{memory.available: "100Mi", nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%", imagefs.inodesFree: "0%"}}
localStorageCapacityIsolation: false
syncFrequency: 10s
"""

PROXY = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {{kubeconfig: {kubeconfig}}}
clusterCIDR: 10.244.0.0/16
hostnameOverride: {node}
mode: iptables
oomScoreAdj: 0
conntrack: {{maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
"""

COREFILE = """.:53 {{
  errors
  kubernetes cluster.local {{
    kubeconfig {kubeconfig}
  }}
}}
"""


class Node(ControlPlane):
    """A cluster of one node that runs real containers. Images come in with ctr("images", "import", …); volumes of class "" are local folders. With `policies`
    the node enforces NetworkPolicies, by kube-router; else everybody reaches everybody."""

    def __init__(self, policies=False):
        needed = {**NEEDED, **({"ipset": "ipset"} if policies else {})}
        absent = missing_programs(needed) or ([] if os.path.exists(CNI_PROGRAMS + "/bridge") else ["bridge"])
        if absent or os.geteuid() != 0:
            packages = sorted({needed.get(name, "containernetworking-plugins") for name in absent})
            raise RuntimeError("a real node needs root" + (f" and Debian's {' '.join(packages)}" if packages else ""))
        self.machine = Machine("l3")
        super().__init__(controllers=True, address=ADDRESS, prefix=self.machine.prefix)
        try:
            self._start_node()
            if policies:
                self._enforce_policies()
        except Exception:
            self.stop()
            raise

    def _start_node(self):
        os.makedirs(self.path("cni"))
        self.write("cni/bridge.conflist", BRIDGE)
        self.write("resolv.conf", f"nameserver {ADDRESS}\n")
        fill = {"directory": self.directory, "pause": PAUSE, "cni": CNI_PROGRAMS, "cgroup": self.machine.cgroup, "address": ADDRESS, "node": NODE,
                "kubeconfig": self.kubeconfig}
        self.start("containerd", "containerd", "-c", self.write("containerd.toml", CONTAINERD.format(**fill)))
        wait_until("containerd", lambda: self.ctr("version", check=False).returncode == 0)
        self.start("coredns", tool("coredns"), "-conf", self.write("Corefile", COREFILE.format(**fill)))
        self.start("kube-proxy", tool("kube-proxy"), "--config", self.write("kube-proxy.yaml", PROXY.format(**fill)))
        self.start("kubelet", tool("kubelet"), f"--kubeconfig={self.kubeconfig}", "--config", self.write("kubelet.yaml", KUBELET.format(**fill)),
                   f"--root-dir={self.path('kubelet')}", f"--cert-dir={self.path('kubelet-pki')}", f"--hostname-override={NODE}", f"--node-ip={ADDRESS}")
        wait_until("the node", self._ready)

    def _enforce_policies(self):
        """kube-router as a firewall only: kube-proxy and the bridge do the rest."""
        self.start("kube-router", tool("kube-router"), f"--kubeconfig={self.kubeconfig}", f"--hostname-override={NODE}", "--run-firewall=true",
                   "--run-router=false", "--run-service-proxy=false", "--run-loadbalancer=false", "--service-cluster-ip-range=10.96.0.0/24",
                   "--iptables-sync-period=10s")

    def _ready(self):
        for daemon in self.daemons:
            daemon.check()
        return is_ready(self.get("node", NODE))

    def ctr(self, *arguments, check=True):
        return run([*self.prefix, "ctr", "--address", self.path("containerd.sock"), "--namespace", "k8s.io", *arguments], check=check)

    def add_volumes(self, count):
        """Volumes without a class, which claims without a class take, for the images' user."""
        volumes = []
        for i in range(count):
            folder = self.path(f"volume-{i}")
            os.makedirs(folder)
            os.chown(folder, USER, USER)
            place = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
            volumes.append({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"volume-{i}"},
                            "spec": {"capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "local": {"path": folder},
                                     "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [place]}]}}}})
        self.apply(volumes)

    def stop(self):
        """Everything at once: nothing in here is worth an orderly end."""
        self.machine.stop()
        if not os.environ.get("COHORT_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)
