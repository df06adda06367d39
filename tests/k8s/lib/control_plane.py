"""A Kubernetes control plane of this test alone: etcd and kube-apiserver, and on request the controllers."""

import atexit
import json
import os
import shutil
import tempfile

from lib.processes import Daemon, free_port, run, wait_until
from lib.tools import tool

KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "https://{address}:{port}", insecure-skip-tls-verify: true}}}}]
users: [{{name: admin, user: {{token: admin}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
current-context: test
"""


def is_ready(document):
    """Whether a pod or a node says that it is Ready."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in document.get("status", {}).get("conditions", []))


class ControlPlane:
    """Starts in the constructor, ends in stop(); everything lies in `directory`, which is removed at the end unless COHORT_KEEP is set.

    Objects that no controller acts on are all that `controllers=False` has: what a server says about a manifest is real, what would become of it is not.
    With a `prefix` (Machine.prefix) every program runs behind it.
    """

    def __init__(self, controllers=False, address="127.0.0.1", prefix=()):
        self.directory = tempfile.mkdtemp(prefix="cohort-k8s-")
        self.address = address
        self.prefix = list(prefix)
        self.daemons = []
        atexit.register(self.stop)  # unittest's cleanups do not run after an interrupt.
        try:
            self._start_api_server(service_accounts=controllers)
            if controllers:
                self._start_controllers()
        except Exception:
            self.stop()
            raise

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def start(self, name, *command):
        daemon = Daemon(name, [*self.prefix, *command], self.directory)
        self.daemons.append(daemon)
        return daemon

    def _start_api_server(self, service_accounts):
        client, peer, self.port = free_port(), free_port(), free_port()
        run(["openssl", "genrsa", "-out", self.path("sa.key"), "2048"])
        run(["openssl", "rsa", "-in", self.path("sa.key"), "-pubout", "-out", self.path("sa.pub")])
        tokens = self.write("tokens.csv", 'admin,admin,1,"system:masters"\n')
        self.kubeconfig = self.write("kubeconfig", KUBECONFIG.format(address=self.address, port=self.port))
        etcd = f"http://127.0.0.1:{client}"
        self.start("etcd", "etcd", "--data-dir", self.path("etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
                   "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                   "--initial-cluster", f"default=http://127.0.0.1:{peer}", "--unsafe-no-fsync")
        command = [tool("kube-apiserver"), f"--etcd-servers={etcd}", f"--secure-port={self.port}", f"--bind-address={self.address}",
                   f"--cert-dir={self.path('certs')}", f"--service-account-key-file={self.path('sa.pub')}",
                   f"--service-account-signing-key-file={self.path('sa.key')}", "--service-account-issuer=https://kubernetes.default.svc",
                   f"--token-auth-file={tokens}", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/24",
                   "--kubelet-preferred-address-types=InternalIP", "--allow-privileged=false",
                   # Debian's etcd lacks what the streaming of lists needs; clients that try it would end up waiting longer and longer between two tries.
                   "--feature-gates=WatchList=false"]
        # An endpoint on loopback is refused; without controllers and pods nobody needs the Service of the API.
        command.append("--endpoint-reconciler-type=none" if self.address.startswith("127.") else f"--advertise-address={self.address}")
        if not service_accounts:
            command.append("--disable-admission-plugins=ServiceAccount")
        api = self.start("kube-apiserver", *command)

        def ready():
            api.check()
            return self.kubectl("get", "--raw", "/readyz", check=False).stdout.strip() == "ok"

        wait_until("kube-apiserver", ready)

    def _start_controllers(self):
        self.start("kube-controller-manager", tool("kube-controller-manager"), f"--kubeconfig={self.kubeconfig}", "--leader-elect=false",
                   f"--service-account-private-key-file={self.path('sa.key')}", f"--root-ca-file={self.path('certs', 'apiserver.crt')}",
                   f"--secure-port={free_port()}", "--bind-address=127.0.0.1", "--kube-api-qps=500", "--kube-api-burst=1000",
                   "--node-monitor-grace-period=60s",
                   # The defaults, 15 s and minutes, are for real clusters.
                   "--horizontal-pod-autoscaler-sync-period=1s", "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
                   "--horizontal-pod-autoscaler-initial-readiness-delay=1s")
        self.start("kube-scheduler", tool("kube-scheduler"), f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", f"--secure-port={free_port()}",
                   "--bind-address=127.0.0.1", "--kube-api-qps=500", "--kube-api-burst=1000",
                   # On a busy machine a pod may miss that its volume was bound meanwhile; by default it is looked at again after five minutes.
                   "--pod-max-in-unschedulable-pods-duration=10s")
        wait_until("the default ServiceAccount", lambda: self.kubectl("get", "serviceaccount", "default", check=False).returncode == 0)

    def kubectl(self, *arguments, check=True, stdin=None):
        return run([*self.prefix, tool("kubectl"), "--kubeconfig", self.kubeconfig, *arguments], check=check, input=stdin)

    def get(self, *arguments):
        """`kubectl get … -o json` as an object."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def apply(self, objects, *arguments):
        items = objects if isinstance(objects, str) else json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        return self.kubectl("apply", "-f", "-", *arguments, stdin=items)

    def add_definitions(self):
        """Makes the cluster know the custom kinds of others that the chart can render."""
        self.kubectl("apply", "--server-side", "-f", tool("crds"))
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", tool("crds"))

    def remove_definitions(self):
        self.kubectl("delete", "--wait", "-f", tool("crds"))

    def helm(self, *arguments, check=True, program="helm4"):
        environment = {**os.environ, "HELM_CACHE_HOME": self.path("helm"), "HELM_CONFIG_HOME": self.path("helm"), "HELM_DATA_HOME": self.path("helm")}
        return run([*self.prefix, tool(program), "--kubeconfig", self.kubeconfig, *arguments], check=check, env=environment)

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()
        if not os.environ.get("COHORT_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)
