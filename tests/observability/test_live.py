"""Metrics, dashboards and alerts against the services of a real run, read by a real Prometheus."""

import itertools
import json
import os
import re
import shutil
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import files
import yaml
from lib.processes import Daemon, free_port, run, wait_until  # pylint: disable=wrong-import-order
from lib.tools import BIN  # pylint: disable=wrong-import-order

LABELS = {"namespace": "training", "release": "demo"}
ROLES = ("learner", "rollout", "reward", "admin")

# What every kind of service has to tell. A histogram is named by its base.
EVERYWHERE = {"cohort_build_info", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_threads",
              "cohort_redis_commands_total", "cohort_redis_command_seconds_total", "cohort_redis_connects_total", "grpc_server_call_duration_seconds"}
# Of those who call others.
CLIENTS = {"grpc_client_call_duration_seconds"}
NEEDED = {
    "learner": {"cohort_learner_steps_total", "cohort_learner_step_seconds", "cohort_learner_samples_trained_total", "cohort_learner_policy_version",
                "cohort_learner_staleness_versions", "cohort_learner_kl_nats", "cohort_learner_entropy_nats", "cohort_learner_clip_ratio",
                "cohort_learner_reward_mean", "cohort_learner_grad_norm", "cohort_learner_checkpoint_seconds", "cohort_learner_checkpoint_bytes",
                "cohort_learner_checkpoint_last_success_timestamp_seconds", "cohort_learner_time_seconds_total", "cohort_learner_open_slots",
                "cohort_learner_groups_accepted_total", "cohort_learner_groups_refused_total", "cohort_learner_tasks_issued_total",
                "cohort_learner_tasks_reissued_total", "cohort_learner_tasks_dead_total", "cohort_learner_followers_wanted",
                "cohort_learner_followers_connected", "cohort_learner_followers_lost_total"} | CLIENTS,
    "rollout": {"cohort_rollout_tokens_total", "cohort_rollout_tokens_per_second", "cohort_rollout_preemptions_total",
                "cohort_rollout_groups_leased_total", "cohort_rollout_groups_total",
                "cohort_rollout_push_seconds", "cohort_rollout_weight_sync_seconds", "cohort_rollout_weight_sync_bytes_total",
                "cohort_rollout_policy_version", "cohort_rollout_time_seconds_total"} | CLIENTS,
    "reward": {"cohort_reward_check_seconds", "cohort_reward_queue_seconds", "cohort_reward_batch_checks", "cohort_reward_refused_batches_total"},
    "admin": {"cohort_queue_tasks", "cohort_queue_oldest_age_seconds", "cohort_admin_workers", "cohort_admin_services", "cohort_admin_redis_up"} | CLIENTS,
}


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class TrainingRun:
    """One `cohort run` of the tiny model that goes on until it is stopped."""

    def __init__(self, directory):
        self.run_directory = os.path.join(directory, "run")
        self.daemon = Daemon("cohort-run", [f"{BIN}/cohort", "run", f"{files.ROOT}/tests/integration/e2e/short.yaml", "--set", f"run.directory={self.run_directory}",
                                            "--set", "run.steps=100000", "--set", f"model.path={files.ROOT}/configs/tiny",
                                            "--set", f"data.train={files.ROOT}/configs/tiny/train.jsonl",
                                            "--set", f"data.held_out={files.ROOT}/configs/tiny/heldout.jsonl"], directory)

    def services(self):
        """Role to [(name, address of its metrics)], once all four kinds are there."""
        self.daemon.check()
        answer = json.loads(run([f"{BIN}/cohort", "service", "list", "-o", "json", "--endpoint", self.run_directory]).stdout)
        found = {}
        for service in answer["services"]:
            if service.get("metrics_endpoint"):
                found.setdefault(service["role"].removeprefix("SERVICE_ROLE_").lower(), []).append((service["name"], service["metrics_endpoint"]))
        return found if set(found) == set(ROLES) else None


class Prometheus:
    """Scrapes services every second, with the labels that the chart's PodMonitor would give them."""

    def __init__(self, directory, services):
        port = free_port()
        targets = [{"targets": [address], "labels": {**LABELS, "component": role, "pod": name}} for role, found in services.items() for name, address in found]
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}, "rule_files": [files.ALERTS],
                  "scrape_configs": [{"job_name": "cohort", "static_configs": targets}]}
        path = os.path.join(directory, "prometheus.yaml")
        with open(path, "w") as file:
            yaml.safe_dump(config, file)
        self.url = f"http://127.0.0.1:{port}"
        self.daemon = Daemon("prometheus", ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={directory}/tsdb",
                                            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], directory)
        wait_until("prometheus", lambda: fetch(self.url + "/-/ready"))

    def query(self, expression):
        """The samples of an instant query; ValueError with what Prometheus says against it."""
        try:
            answer = fetch(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        except urllib.error.HTTPError as error:
            raise ValueError(f"{expression}: {error.read().decode()}") from error
        return json.loads(answer)["data"]["result"]

    def get(self, path):
        return json.loads(fetch(self.url + path))["data"]


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="cohort-observability-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        training = TrainingRun(cls.directory)
        cls.addClassCleanup(training.daemon.stop, 60)
        cls.services = wait_until("four kinds of services", training.services)
        cls.prometheus = Prometheus(cls.directory, cls.services)
        cls.addClassCleanup(cls.prometheus.daemon.stop)
        run([f"{BIN}/cohort", "status", "--endpoint", training.run_directory])  # The admin service calls others only when somebody asks it.
        # A checkpoint, every third step, is what comes last.
        written = "cohort_learner_checkpoint_last_success_timestamp_seconds > 0 and cohort_learner_steps_total > 4"
        wait_until("a checkpoint", lambda: training.daemon.check() or cls.prometheus.query(written))

    def exposition(self, role):
        return fetch(f"http://{self.services[role][0][1]}/metrics")

    def test_promtool_has_nothing_against_any_exposition(self):
        for role in ROLES:
            with self.subTest(role):
                run(["promtool", "check", "metrics"], input=self.exposition(role))

    def test_every_service_tells_what_it_has_to(self):
        for role in ROLES:
            told = {line.split()[2] for line in self.exposition(role).splitlines() if line.startswith("# TYPE")}
            self.assertEqual((EVERYWHERE | NEEDED[role]) - told, set(), role)

    def test_every_expression_of_every_panel_shows_something(self):
        def empty():
            found = []
            for dashboard, panel in files.panels():
                for target in panel["targets"]:
                    expression = target["expr"].replace("$namespace", LABELS["namespace"]).replace("$release", LABELS["release"])
                    if not self.prometheus.query(expression.replace("$__rate_interval", "10s")):
                        found.append(f"{dashboard}: {panel['title']}: {target['expr']}")
            return found

        # Rates need several scrapes, and some series their first event.
        try:
            wait_until("series for every panel", lambda: not empty(), timeout=60, period=1)
        except TimeoutError:
            self.assertEqual(empty(), [])

    def test_what_alerts_and_dashboards_read_exists(self):
        names = set(self.prometheus.get("/api/v1/label/__name__/values"))
        for rule in files.alerts():
            self.assertEqual(files.metrics_in(rule["expr"]) - names, set(), rule["alert"])
        for dashboard, panel in files.panels():
            for target in panel["targets"]:
                read = files.metrics_in(target["expr"])
                self.assertTrue(read, panel["title"])
                self.assertEqual(read - names, set(), f"{dashboard}: {panel['title']}")

    def test_a_run_that_is_well_raises_no_alert(self):
        rules = [rule for group in self.prometheus.get("/api/v1/rules")["groups"] for rule in group["rules"]]
        self.assertEqual({rule["name"] for rule in rules}, {rule["alert"] for rule in files.alerts()})
        for rule in rules:
            self.assertIn(rule["health"], ("ok", "unknown"), rule)
            self.assertNotEqual(rule["state"], "firing", rule["name"])


class CodeRunner(unittest.TestCase):
    """The one service that the run above does without."""

    def test_its_exposition_is_as_good(self):
        with tempfile.TemporaryDirectory(prefix="cohort-observability-") as directory:
            endpoints = os.path.join(directory, "endpoints.json")
            daemon = Daemon("cohort-coderunner", [f"{BIN}/cohort-coderunner", "--slots=1", "--allow-weak-isolation",
                                                  f"--endpoint-file={endpoints}"], directory)
            self.addCleanup(daemon.stop)
            wait_until("cohort-coderunner", lambda: daemon.check() or os.path.exists(endpoints), timeout=60)
            with open(endpoints) as file:
                exposition = fetch(f"http://{json.load(file)['metrics']}/metrics")
        run(["promtool", "check", "metrics"], input=exposition)
        for name in EVERYWHERE - {"grpc_server_call_duration_seconds"} | {"cohort_coderunner_isolation_level"}:  # It has had no call.
            self.assertIn(f"# TYPE {name} ", exposition)


class Runbooks(unittest.TestCase):
    def test_the_commands_of_the_runbooks_exist(self):
        for name in sorted(os.listdir(files.RUNBOOKS)):
            with open(os.path.join(files.RUNBOOKS, name)) as file:
                commands = re.findall(r"`cohort ([^`]+)`", file.read())
            for words in (command.split() for command in commands):
                path = list(itertools.takewhile(lambda word: re.fullmatch("[a-z]+", word), words))
                told = run([f"{BIN}/cohort", *path, "--help"]).stdout
                self.assertIn(f"Usage: cohort {' '.join(path)} [", told, name)
                for option in (word for word in words if word.startswith("-")):
                    self.assertIn(option, told, f"{name}: {' '.join(words)}")


if __name__ == "__main__":
    unittest.main()
