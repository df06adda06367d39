"""The images under Docker on one machine: the quickstart's first steps, every container without privileges and with a read-only root."""

import json
import os
import shlex
import unittest

from lib.docker import LOCKED, Docker
from lib.processes import wait_until
from lib.tools import BUILD, ROOT, VERSION

STEPS = 4
CONTAINERS = {
    "redis": [f"cohort-redis:{VERSION}", "--dir", "/state", "--appendonly", "yes"],
    "reward": [f"cohort-reward:{VERSION}", "--listen=127.0.0.1:7001", "--sandbox-workers=1"],
    "learner": [f"cohort-learner:{VERSION}", "run", "configs/quickstart.yaml", f"--set=run.steps={STEPS}", "--set=run.directory=/state/run",
                "--redis=127.0.0.1:6379", "--reward=127.0.0.1:7001", "--listen=127.0.0.1:7000", "--start-timeout=120"],
    "rollout": [f"cohort-rollout:{VERSION}", "--config=configs/quickstart.yaml", "--learner=127.0.0.1:7000", "--reward=127.0.0.1:7001", "--redis=127.0.0.1:6379",
                "--start-timeout=120"],
}


# Programs that add two numbers, and one that does not, with their tests.
SUM = {"tests": [{"stdin": "2 3\n", "stdout": "5\n"}]}
FUNCTION = {"function": "add", "tests": [{"arguments": [2, 3], "expected": 5}]}
PROGRAMS = [("print(sum(map(int, input().split())))", SUM, "correct"), ("print(6)", SUM, "incorrect"), ("def add(a, b): return a + b", FUNCTION, "correct"),
            ("```cpp\n#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b; }\n```", SUM, "correct"),
            ("```cpp\nint add(int a, int b) { return a + b; }\n```", FUNCTION, "correct"), ("```cpp\nint add(\n```", FUNCTION, "pred_unparseable")]


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.docker = Docker()
        cls.addClassCleanup(cls.docker.stop)
        built = cls.docker.build("--binaries", os.path.join(BUILD, "bin"))
        for name in ("learner", "rollout", "reward", "coderunner", "redis", "cli"):
            cls.docker("load", "--input", built["cohort-" + name][1])

    def test_an_image_runs_as_nobody_in_particular(self):
        seen = self.docker("run", "--rm", "--network=none", *LOCKED, "--entrypoint=sh", f"cohort-cli:{VERSION}", "-c",
                           "id -u; cohort --version; touch /opt/cohort/x || echo read-only").stdout.split("\n")
        self.assertEqual(seen[0], "10001")
        self.assertRegex(seen[1], r"^cohort \d")
        self.assertEqual(seen[2:], ["read-only", ""])

    def test_no_file_of_a_layer_changes_who_one_is(self):
        seen = list(self.docker.members())
        self.assertGreater(len({layer for layer, _ in seen}), 10)
        self.assertEqual([(layer, m.name) for layer, m in seen if m.mode & 0o6000 or m.uid or m.gid], [])

    def test_debians_docker_builds_the_dockerfile_by_hand(self):
        # The builder that is the default of 20.10, which makes all targets up to the one that is asked for.
        self.docker("build", "--file", os.path.join(ROOT, "deploy/docker/Dockerfile"), "--target=cohort-cli", "--build-arg=VERSION=1", "--tag=by-hand",
                    os.path.join(self.docker.folder, "images/context"), environment={"DOCKER_BUILDKIT": "0"})
        self.assert_is_the_cli("by-hand")

    def test_our_command_lets_debians_docker_build_on_another_base(self):
        built = self.docker.build("--builder=docker", "--base", f"cohort-redis:{VERSION}", "--binaries", os.path.join(BUILD, "bin"), "--tag=by-docker", "cohort-cli",
                                  out="by-docker")
        self.docker("load", "--input", built["cohort-cli"][1])
        self.assert_is_the_cli("cohort-cli:by-docker")
        underneath = self.docker("run", "--rm", "--network=none", *LOCKED, "--entrypoint=redis-cli", "cohort-cli:by-docker", "--version").stdout
        self.assertIn("redis-cli", underneath)

    def assert_is_the_cli(self, image):
        """It does, and says about itself, what the image does that BuildKit made."""
        self.assertRegex(self.docker("run", "--rm", "--network=none", *LOCKED, image, "--version").stdout, r"^cohort \d")
        seen, expected = (json.loads(self.docker("inspect", "--format={{json .Config}}", name).stdout) for name in (image, f"cohort-cli:{VERSION}"))
        for name in ("Entrypoint", "Env", "User", "WorkingDir"):
            self.assertEqual(seen[name], expected[name], name)
        self.assertEqual(seen["Labels"].keys(), expected["Labels"].keys())

    def test_the_code_runner_runs_programs_of_both_languages(self):
        # Docker mounts a tmpfs noexec unless told otherwise, Kubernetes an emptyDir in memory does not.
        self.docker("run", "--detach", "--name", "coderunner", "--network=host", *LOCKED, "--tmpfs=/work:mode=1777,exec", f"cohort-coderunner:{VERSION}",
                    "--listen=127.0.0.1:7005", "--work-directory=/work", "--slots=1", "--allow-weak-isolation")
        logs = lambda: self.docker.logs("coderunner")
        try:
            wait_until("the code runner", lambda: "serving on" in logs(), 120, period=1)
        except TimeoutError as error:
            self.fail(f"{error}\n{logs()[-3000:]}")
        self.assertIn("isolation level: process, ", logs(), "Docker's seccomp profile allows no name spaces")
        rows = [json.dumps({"completion": f"<think>add</think> <answer>{program}</answer>", "gold": json.dumps(gold)}) for program, gold, _ in PROGRAMS]
        command = f"printf '%s\\n' {shlex.join(rows)} | cohort grade --policy code --endpoint 127.0.0.1:7005"
        graded = self.docker("run", "--rm", "--network=host", *LOCKED, "--entrypoint=sh", f"cohort-cli:{VERSION}", "-c", command).stdout.splitlines()
        self.assertEqual([json.loads(line)["verdict"] for line in graded], [verdict for _, _, verdict in PROGRAMS])
        self.docker("stop", "--time=30", "coderunner")
        self.assertEqual(self.docker("inspect", "--format={{.State.ExitCode}}", "coderunner").stdout.strip(), "0")

    def test_the_quickstart_trains(self):
        for name, command in CONTAINERS.items():
            self.docker("run", "--detach", "--name", name, "--network=host", *LOCKED, *command)
        logs = self.docker.logs
        try:
            wait_until("the end of the run", lambda: f"finished after {STEPS} steps" in logs("learner"), 240, period=1)
        except TimeoutError as error:
            self.fail(f"{error}\n" + "".join(f"--- {name}\n{logs(name)[-1500:]}" for name in CONTAINERS))
        steps = [json.loads(line) for line in self.docker("exec", "learner", "cat", "/state/run/steps.jsonl").stdout.splitlines()]
        self.assertEqual([step["step"] for step in steps], list(range(STEPS)))
        for name in ("rollout", "learner", "reward"):
            self.docker("stop", "--time=30", name)
            self.assertEqual(self.docker("inspect", "--format={{.State.ExitCode}}", name).stdout.strip(), "0", f"{name} at SIGTERM")


if __name__ == "__main__":
    unittest.main()
