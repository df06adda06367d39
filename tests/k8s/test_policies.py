"""The chart's NetworkPolicies on a real node that enforces them: who reaches whom, and that a run trains behind them, with TLS and a password for Redis."""

import os
import time
import unittest

from lib import chart, ledger
from lib.certificates import Authority
from lib.control_plane import is_ready
from lib.node import Node
from lib.processes import run, wait_until
from lib.tools import BIN, BUILD, CHART, ROOT, VERSION, tool

IMAGES = ("learner", "rollout", "reward", "coderunner", "admin", "cli", "redis", "pause")
# The run is to outlast the test.
VALUES = ["--set", "networkPolicy.enabled=true,run.config.run.steps=5000,run.config.optimizer.data_parallel=2,tls.enabled=true,tls.existingSecret=cohort-services",
          "--set", "redis.bundled.password=of this test,admin.tokens.existingSecret=people",
          *(f"--set={role}.resources.requests.cpu=50m" for role in ("learner", "rollout", "reward", "admin"))]
CLIENTS = ("rollout", "tests", "reward", "learner-follower", "stranger")
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)"
# (from, to, port, whether it is allowed). "stranger" is a pod of another namespace, the others have the labels of their role.
CONNECTIONS = [
    ("rollout", "learner", 7000, True), ("rollout", "reward", 7001, True), ("rollout", "redis", 6379, True), ("rollout", "admin", 7003, False),
    ("tests", "admin", 7003, True), ("tests", "learner", 7000, True), ("reward", "redis", 6379, True), ("reward", "learner", 7000, False),
    ("learner-follower", "learner", 7000, True), ("learner-follower", "redis", 6379, False), ("rollout", "learner-follower", 7000, False),
    # The learner takes this from everybody: it is the grader that may not go out.
    ("stranger", "learner", 9090, True), ("reward", "learner", 9090, False),
    ("stranger", "learner", 7000, False), ("stranger", "reward", 7001, False), ("stranger", "redis", 6379, False), ("stranger", "admin", 7003, False),
]


def client(role):
    """A pod that does nothing; a Service leaves it out, as it is never ready."""
    labels = {} if role == "stranger" else {"app.kubernetes.io/name": "cohort", "app.kubernetes.io/instance": "demo", "app.kubernetes.io/component": role}
    container = {"name": "client", "image": f"cohort-coderunner:{VERSION}", "command": ["sleep", "infinity"],
                 "readinessProbe": {"exec": {"command": ["false"]}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client-" + role, "namespace": namespace(role), "labels": labels},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}


def namespace(role):
    return "default" if role == "stranger" else "training"


class Policies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Node(policies=True)
        cls.addClassCleanup(cls.cluster.stop)
        out = cls.cluster.path("images")
        run([os.path.join(ROOT, "deploy/docker/build"), "--binaries", os.path.join(BUILD, "bin"), "--out", out, *("cohort-" + name for name in IMAGES)])
        for name in IMAGES:
            cls.cluster.ctr("images", "import", os.path.join(out, f"cohort-{name}.tar"))
        cls.cluster.kubectl("create", "namespace", "training")
        cls.authority = Authority(cls.cluster.path("certificates"))
        cls.authority.issue("service", "/CN=cohort", "DNS:cohort")
        cls.authority.issue("person", "/O=cohort:operator/CN=person")
        files = {"tls.crt": "service.crt", "tls.key": "service.key", "ca.crt": "ca.crt"}
        cls.secret("cohort-services", *(f"--from-file={key}={cls.authority.path(name)}" for key, name in files.items()))
        cls.secret("people", "--from-literal=tokens=viewer somebody a-token-that-nobody-guesses\n")
        cls.helm("install", "--wait", "--timeout", "5m")
        cls.cluster.apply([client(role) for role in CLIENTS])
        wait_until("the clients", lambda: all(cls.cluster.get("pod", "client-" + role, "-n", namespace(role))["status"]["phase"] == "Running" for role in CLIENTS))

    @classmethod
    def secret(cls, name, *content):
        cls.cluster.kubectl("-n", "training", "create", "secret", "generic", name, *content)

    @classmethod
    def helm(cls, verb, *arguments):
        return cls.cluster.helm(verb, "demo", CHART, "-n", "training", "-f", chart.values_of("ephemeral"), *VALUES, *arguments)

    def connects(self, source, target, port):
        host = f"demo-cohort-{target}.training.svc.cluster.local"
        done = self.cluster.kubectl("exec", "-n", namespace(source), "client-" + source, "--", "python3", "-c", CONNECT, host, str(port), check=False)
        if done.returncode and "TimeoutError" not in done.stderr and "ConnectionRefusedError" not in done.stderr:
            self.fail(f"{source} to {target}: neither connected nor refused: {done.stderr}")
        return done.returncode == 0

    def seen(self):
        return {(source, target, port): self.connects(source, target, port) for source, target, port, _ in CONNECTIONS}

    def test_1_who_reaches_whom(self):
        expected = {tuple(connection): allowed for *connection, allowed in CONNECTIONS}
        # The rules follow a pod within seconds.
        deadline = time.monotonic() + 60
        while (seen := self.seen()) != expected and time.monotonic() < deadline:
            time.sleep(1)
        self.assertEqual(seen, expected)

    def records(self, name):
        """What the learner wrote into a file of the run, a line each."""
        text = self.cluster.kubectl("-n", "training", "exec", "demo-cohort-learner-0", "--", "cat", "/var/lib/cohort/quickstart/" + name).stdout
        return ledger.parse(text)

    def wait_for_steps(self, more):
        before = len(self.records("steps.jsonl"))
        wait_until(f"{more} more steps", lambda: len(self.records("steps.jsonl")) >= before + more, 120, period=1)

    def test_2_the_run_trains_and_helm_test_passes(self):
        self.wait_for_steps(3)
        self.cluster.helm("test", "demo", "-n", "training")
        # The kubelet's probes come from the node, which no policy keeps out.
        pods = self.cluster.get("pods", "-n", "training", "-l", "app.kubernetes.io/instance=demo,app.kubernetes.io/component in (learner,learner-follower,rollout,reward,admin,redis)")["items"]
        services = [pod for pod in pods if not pod["metadata"]["name"].startswith("client-")]
        self.assertEqual([pod["metadata"]["name"] for pod in services if not is_ready(pod)], [])
        self.assertEqual(len(services), 6)

    def test_3_a_follower_that_is_killed_costs_nothing_but_a_repetition(self):
        """Leader and follower reach each other through the policies, by certificates."""
        for _ in range(3):
            self.cluster.kubectl("-n", "training", "delete", "pod", "demo-cohort-learner-follower-0", "--grace-period=0", "--force")
            self.wait_for_steps(2)
        steps = self.records("steps.jsonl")
        ledger.check(steps, self.records("ledger.jsonl"), 32)
        said = self.cluster.kubectl("-n", "training", "logs", "demo-cohort-learner-0").stdout
        self.assertIn("the next update waits: ", said)

    def test_4_people_need_a_certificate_and_redis_asks_for_a_password(self):
        self.cluster.start("port-forward", tool("kubectl"), "--kubeconfig", self.cluster.kubeconfig, "-n", "training", "port-forward", "service/demo-cohort-admin", "7003")
        status = [*self.cluster.prefix, os.path.join(BIN, "cohort"), "status", "--endpoint", "127.0.0.1:7003"]
        person = {**os.environ, **self.authority.environment("person")}
        wait_until("the admin service", lambda: run(status, env=person).stdout, 60, period=1)
        self.assertNotEqual(run(status, check=False).returncode, 0, "answered somebody without a certificate")
        answer = self.cluster.kubectl("-n", "training", "exec", "demo-cohort-redis-0", "--", "redis-cli", "ping", check=False)
        self.assertIn("NOAUTH", answer.stdout + answer.stderr)

    def test_5_without_the_policies_everybody_reaches_everybody(self):
        self.helm("upgrade", "--wait", "--timeout", "5m", "--set", "networkPolicy.enabled=false")
        wait_until("every connection", lambda: all(self.seen().values()), 60, period=1)


if __name__ == "__main__":
    unittest.main(failfast=True)
