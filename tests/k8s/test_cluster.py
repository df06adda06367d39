"""L3: deploy/README.md's walk through a cluster, on a real node with our images, and a check after each of its steps that the run lost nothing."""

import itertools
import json
import os
import re
import signal
import subprocess
import unittest

import yaml

from lib import ledger, walkthrough
from lib.control_plane import is_ready
from lib.node import Node
from lib.pod_watch import PodWatch
from lib.processes import run, wait_until
from lib.report import Report
from lib.tools import BUILD, ROOT, tool

STEPS = int(os.environ.get("COHORT_CLUSTER_STEPS", "420"))
PROMPTS = 32
RUN = "/var/lib/cohort/quickstart"
# What differs from the page's values on one small node: images without a registry, a run that ends, requests that fit, probes and grace periods that do not
# make the test slow.
SMALL = {"requests": {"cpu": "50m", "memory": "128Mi"}}
VALUES = walkthrough.values({
    "image": {"registry": None},
    # 32 groups of 8: a batch of 64 leaves groups for a second, third and fourth worker.
    "run": {"config": {"run": {"steps": STEPS}, "rollout": {"max_batch": 64}}},
    "redis": {"bundled": {"resources": SMALL}},
    "learner": {"resources": SMALL},
    "rollout": {"resources": SMALL, "terminationGracePeriodSeconds": 40},
    "admin": {"resources": SMALL},
    "reward": {"resources": SMALL, "probes": {"liveness": {"periodSeconds": 3, "failureThreshold": 3}}},
})
# So little that generation, not the learner, is what a step waits for, also where four workers and others are busy on two cores.
WORKER_CPUS = "50m"
# Steps after a change of the workers that may hold groups from before it: one that is trained on, and what may be ahead of it (max_staleness).
STALE_STEPS = 3
PODS = ("admin", "learner", "redis", "reward", "rollout")


class Cluster(unittest.TestCase):
    """The tests run in the order of their names, each on what the one before left; `run` stops at the first failure."""

    @classmethod
    def setUpClass(cls):
        cls.walk = walkthrough.steps()
        cls.report = Report(f"Level L3: one real node, quickstart of {STEPS} steps")
        cls.addClassCleanup(lambda: cls.report.write(os.path.join(BUILD, "k8s", "report-cluster.txt")))
        cls.cluster = Node()
        cls.addClassCleanup(cls.cluster.stop)
        cls.prepare()

    @classmethod
    def prepare(cls):
        """A folder in which the page's commands find the checkout, the build and the programs."""
        cls.folder = cls.cluster.path("checkout")
        programs = cls.cluster.path("programs")
        os.makedirs(programs)
        os.makedirs(cls.folder)
        os.symlink(os.path.join(ROOT, "deploy"), os.path.join(cls.folder, "deploy"))
        os.makedirs(os.path.join(cls.folder, "build"))
        os.symlink(os.path.join(BUILD, "bin"), os.path.join(cls.folder, "build", "bin"))
        os.symlink(tool("kubectl"), os.path.join(programs, "kubectl"))
        os.symlink(tool("helm4"), os.path.join(programs, "helm"))
        with open(os.path.join(cls.folder, "my-values.yaml"), "w", encoding="utf-8") as file:
            yaml.safe_dump(VALUES, file)
        home = cls.cluster.path("helm")
        cls.environment = {**os.environ, "PATH": f"{programs}:{BUILD}/bin:{os.environ['PATH']}", "KUBECONFIG": cls.cluster.kubeconfig, "HELM_CACHE_HOME": home,
                           "HELM_CONFIG_HOME": home, "HELM_DATA_HOME": home, "CONTAINERD_ADDRESS": cls.cluster.path("containerd.sock"),
                           "COHORT_BUILD": os.path.join(cls.folder, "build")}
        cls.cluster.add_volumes(2)
        cls.report.say("the node is Ready: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd, kubelet, kube-proxy, CoreDNS")

    def shell(self, script):
        """Runs a block of the page inside the machine; only images are built outside, where Debian's mirror can be reached. What it exports stays."""
        seen = ""
        for outside, lines in itertools.groupby(script.strip().splitlines(), lambda line: line.startswith("deploy/docker/build")):
            text = "\n".join(lines)
            inside = [] if outside else [*self.cluster.prefix[:-1], "--wd=" + self.folder]
            done = subprocess.run([*inside, "bash", "-exuo", "pipefail", "-c", text], capture_output=True, text=True, check=False, env=self.environment,
                                  cwd=self.folder)
            self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout[-3000:]}{done.stderr[-3000:]}\n{self.describe()}")
            self.environment.update(re.findall(r"^export (\w+)=(\S+)$", text, re.M))
            seen += done.stdout
        return seen

    def wait(self, *arguments, **options):
        try:
            return wait_until(*arguments, **options)
        except TimeoutError as error:
            self.fail(f"{error}\n{self.describe()}")

    def describe(self):
        """What one wants to see when something failed."""
        seen = self.kubectl("get", "pods", "-o", "wide", check=False).stdout
        for role in (*PODS, "tests"):
            seen += f"--- {role}\n" + self.kubectl("logs", "-l", f"app.kubernetes.io/component={role}", "--all-containers", "--tail", "5", check=False).stdout
        return seen

    def blocks(self, heading, count):
        found = self.walk[heading]
        self.assertEqual(len(found), count, f"the blocks of {heading} in {walkthrough.README} are not those that this test knows")
        return found

    def kubectl(self, *arguments, check=True):
        return self.cluster.kubectl("-n", "training", *arguments, check=check)

    def in_learner(self, *command, check=True):
        return self.kubectl("exec", "demo-cohort-learner-0", "--", *command, check=check).stdout

    def steps(self):
        """How many steps are done; 0 while nobody can say."""
        done = self.in_learner("sh", "-c", f"cat {RUN}/steps.jsonl | wc -l", check=False).strip()
        return int(done) if done.isdigit() else 0

    def history(self):
        """Checks the run's history and returns its figures."""
        read = lambda name: ledger.parse(self.in_learner("cat", f"{RUN}/{name}.jsonl"))
        # The ledger last: it must hold the steps that steps.jsonl has.
        steps = read("steps")
        return ledger.check(steps, read("ledger"), PROMPTS)

    def wait_for_steps(self, more, timeout=240):
        """Waits until so many more steps are done; returns steps a second, as the learner counts them."""
        before = self.steps()
        self.wait(f"{more} steps after {before}", lambda: self.steps() >= before + more, timeout, period=1)
        rows = ledger.parse(self.in_learner("cat", f"{RUN}/steps.jsonl"))[before:]
        return len(rows) / sum(row["step_seconds"] for row in rows)

    def rate(self, workers):
        """Steps a second with so many workers that are all there: of steps whose groups were begun with them."""
        self.ready("rollout", workers)
        self.wait_for_steps(STALE_STEPS)
        return self.wait_for_steps(5)

    def limit_workers(self, workers, *values):
        """Upgrades to so many workers with these values of the chart beside the page's."""
        values = "".join(f" --set-string {value}" for value in values)
        self.shell("helm upgrade demo deploy/helm/cohort -n training -f deploy/helm/cohort/ci/toy-cpu-values.yaml -f my-values.yaml --wait --timeout 10m "
                   f"--set rollout.replicas={workers}{values}")
        self.ready("rollout", workers)

    def ready(self, role, count):
        """Waits until exactly `count` pods of the role are there, all ready."""
        def settled():
            pods = self.cluster.get("pods", "-n", "training", "-l", f"app.kubernetes.io/component={role}")["items"]
            return len(pods) == count and all(map(is_ready, pods))
        self.wait(f"{count} ready pods of {role}", settled, 180, period=0.5)

    def restarts(self):
        pods = self.cluster.get("pods", "-n", "training", "-l", "app.kubernetes.io/instance=demo")["items"]
        return {pod["metadata"]["name"]: sum(s["restartCount"] for s in pod["status"].get("containerStatuses", [])) for pod in pods}

    def signal_process(self, pod, number):
        """Sends a signal to the service of a pod from outside of it."""
        found = run([*self.cluster.prefix, "pgrep", "-f", "--", f"--name={pod}"]).stdout.split()
        run([*self.cluster.prefix, "kill", f"-{int(number)}", min(found, key=int)])

    def pod(self, role):
        return self.cluster.get("pods", "-n", "training", "-l", f"app.kubernetes.io/component={role}")["items"][0]["metadata"]["name"]

    def test_1_images(self):
        build, load = self.blocks("Images", 2)
        built = {name: (digest, size) for name, digest, size, *_ in map(str.split, self.shell(build).splitlines())}
        self.report.say("images: " + ", ".join(f"{name} {size} MB" for name, (_, size) in built.items()))
        self.shell(load)
        again = self.shell("deploy/docker/build --out build/again cohort-reward").split()
        self.assertEqual(again[1], built[again[0]][0], "the same build gave another image")

    def test_2_install(self):
        for block in self.blocks("Namespace", 1) + self.blocks("Install", 1):
            self.shell(block)
        type(self).watch = PodWatch(self.cluster, "training", tool)
        self.report.say("helm install --wait returned, namespace with PodSecurity restricted")
        for role, count in (("learner", 1), ("redis", 1), ("reward", 2), ("rollout", 1), ("admin", 1)):
            self.ready(role, count)
        self.wait("the first step", lambda: self.steps() >= 1, 180, period=1)
        self.report.say(f"the run trains, with {self.steps()} steps done")

    def test_3_watch(self):
        pods, forward, ask = self.blocks("Watch", 3)
        pods = self.shell(pods)
        self.assertIn("step=", pods)
        self.assertIn('"policy_version"', pods)
        self.assertRegex(pods, r"Phase:\s+Succeeded")
        self.report.say("helm test: Succeeded")
        self.shell(forward)
        status = [*self.cluster.prefix, os.path.join(BUILD, "bin", "cohort"), "status", "--endpoint", self.environment["COHORT_ENDPOINT"]]
        self.wait("the forwarded port", lambda: run(status, check=False).returncode == 0, 30)
        ask = self.shell(ask)
        self.assertIn(self.pod("rollout"), ask)
        self.assertIn("checkpoint", ask)
        self.report.say("cohort status, worker list, doctor and checkpoint create through kubectl port-forward")

    def test_4_scale(self):
        up, down, zero, admin, drain = self.blocks("Scale", 5)
        self.limit_workers(1, f"rollout.resources.limits.cpu={WORKER_CPUS}")
        rates = [(1, self.rate(1))]
        self.shell(up)
        rates.append((4, self.rate(4)))
        self.assertGreaterEqual(self.history()["workers"], 4, "the new workers did nothing")
        self.shell(down)
        rates.append((1, self.rate(1)))
        self.shell(zero)
        rates.append((2, self.rate(2)))
        self.report.say(f"rollout 1 -> 4 -> 1 -> 0 -> 2: {ledger.text(self.history())}")
        self.check_rates(rates)
        self.limit_workers(2)
        self.shell(admin)
        self.ready("rollout", 2)
        self.shell(drain)
        self.wait_for_steps(2)
        self.report.say(f"rollout 2 -> 3 -> 2 by cohort worker scale, a worker drained and undrained: {ledger.text(self.history())}")
        self.check_ends("rollout", 6)
        self.assertEqual(sum(self.restarts().values()), 0, self.restarts())

    def check_rates(self, rates):
        """The step rate follows the number of workers; `rates` are (workers, steps a second) for 1, 4, 1 and 2 workers."""
        self.report.say(f"steps a second where a worker has {WORKER_CPUS} of a CPU: " + ", ".join(f"{n} workers {rate:.2f}" for n, rate in rates))
        one, four, again, two = (rate for _, rate in rates)
        self.assertGreater(four, 2 * one)
        self.assertGreater(four, 2 * again)
        self.assertGreater(two, 1.3 * min(one, again))

    def check_ends(self, role, at_least):
        """Every container of the role that was asked to go ended with 0, and within its grace period."""
        ends = [end for end in self.watch.ends() if end.container == role and end.seconds is not None]
        self.assertGreaterEqual(len(ends), at_least)
        self.assertEqual([end for end in ends if end.exit_code != 0], [])
        self.report.say(f"{len(ends)} {role} containers were asked to go so far: exit code 0, after at most {max(end.seconds for end in ends):.0f} s")

    def test_5_lose_pods(self):
        for block in self.blocks("Lose a pod", 1):
            for command in block.strip().splitlines():
                before = self.steps()
                self.shell(command)
                for role in PODS:
                    self.ready(role, 2 if role in ("reward", "rollout") else 1)
                self.wait("steps after " + command, lambda before=before: self.steps() >= before + 2, 180, period=1)
                self.report.say(f"{command}: {ledger.text(self.history())}")
        self.check_ends("learner", 1)
        self.check_ends("reward", 2)

    def test_6_kill_and_freeze(self):
        name, before = self.pod("learner"), self.steps()
        self.signal_process(name, signal.SIGKILL)
        self.wait("the learner's restart", lambda: self.restarts()[name] == 1, 120)
        self.ready("learner", 1)
        self.wait("steps after the kill", lambda: self.steps() >= before + 2, 180, period=1)
        self.report.say(f"kill -9 of the learner: restarted in its pod, {ledger.text(self.history())}")
        name = self.pod("reward")
        self.signal_process(name, signal.SIGSTOP)
        self.wait("the liveness probe to find a frozen reward service", lambda: self.restarts().get(name) == 1, 120)
        self.ready("reward", 2)
        self.wait_for_steps(2)
        self.report.say(f"a frozen reward service was restarted by its liveness probe: {ledger.text(self.history())}")
        others = {pod: n for pod, n in self.restarts().items() if n and pod not in (name, self.pod("learner"))}
        self.assertEqual(others, {}, "liveness must not depend on other services")

    def test_7_upgrade(self):
        upgrade, rollback = self.blocks("Upgrade", 2)
        seen = self.shell(upgrade)
        for role in ("learner", "rollout", "reward", "admin"):
            self.assertRegex(seen, rf"demo-cohort-{role}\S*\s+cohort-{role}:0\.1\.1")
        self.settle(2)
        self.report.say(f"helm upgrade to 0.1.1: {ledger.text(self.history())}")
        self.shell(rollback)
        self.settle(1)
        self.report.say(f"helm rollback: {ledger.text(self.history())}")
        for role in ("rollout", "reward", "learner", "admin"):
            self.check_ends(role, 2)

    def settle(self, workers):
        """After an upgrade: the replicas of the values, all ready, and two more steps."""
        for role, count in (("learner", 1), ("reward", 2), ("rollout", workers)):
            self.ready(role, count)
        if self.steps() < STEPS - 2:
            self.wait_for_steps(2)

    def test_8_the_run_ends(self):
        self.wait("the end of the run", lambda: self.steps() == STEPS and "has finished" in self.kubectl("logs", "demo-cohort-learner-0", check=False).stdout,
                   900, period=2)
        figures = self.history()
        self.assertEqual(figures["groups"], STEPS * PROMPTS)
        last = ledger.parse(self.in_learner("cat", f"{RUN}/steps.jsonl"))[-10:]
        accuracy = sum(row["accuracy"] for row in last) / len(last)
        self.assertGreater(accuracy, 0.85)
        self.assertIn("model.safetensors", self.in_learner("ls", f"{RUN}/model"))
        self.report.say(f"the run has finished: {ledger.text(figures)}; accuracy {accuracy:.3f} over its last ten steps")
        self.assertEqual(self.dead_letters(), 0)

    def dead_letters(self):
        address = self.cluster.get("service", "demo-cohort-redis", "-n", "training")["spec"]["clusterIP"]
        command = [os.path.join(BUILD, "bin", "cohort"), "queue", "probe", "--redis", f"{address}:6379", "--run", "quickstart", "-o", "json"]
        return json.loads(run([*self.cluster.prefix, *command]).stdout)["dead_letters"]

    def test_9_remove(self):
        for block in self.blocks("Remove", 1):
            seen = self.shell(block)
        self.assertIn("state-demo-cohort-learner-0", seen)
        left = self.kubectl("get", "all,configmap,pvc,pdb,networkpolicy,serviceaccount,role,rolebinding", "-l", "app.kubernetes.io/instance=demo", "-o", "name").stdout.split()
        self.assertEqual(left, [])
        self.report.say("helm uninstall: nothing of the release is left")


if __name__ == "__main__":
    unittest.main(failfast=True)
