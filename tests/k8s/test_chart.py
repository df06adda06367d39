"""L0: the chart without a cluster: lint, schema, golden renders, drift of k8s/, and the rules that every render keeps."""

import difflib
import itertools
import json
import os
import socket
import subprocess
import tempfile
import time
import unittest

import yaml

from lib import chart, walkthrough
from lib.bad_values import BAD_VALUES, in_words_of_helm3
from lib.processes import run
from lib.tools import CHART, ROOT, VERSION, tool

# Switches of what others act on: the kind, and who brings its definition.
CUSTOM = [
    ("rollout.autoscaling.enabled", "keda.sh/v1alpha1/ScaledObject", "KEDA"),
    ("monitoring.podMonitor.enabled", "monitoring.coreos.com/v1/PodMonitor", "the Prometheus operator"),
    ("monitoring.prometheusRule.enabled", "monitoring.coreos.com/v1/PrometheusRule", "the Prometheus operator"),
    ("tls.certManager.enabled", "cert-manager.io/v1/Certificate", "cert-manager"),
    ("learner.mode=leaderworkerset", "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet", "LeaderWorkerSet"),
    ("learner.mode=jobset", "jobset.x-k8s.io/v1alpha2/JobSet", "JobSet"),
]
# What a switch needs besides.
BESIDES = {"tls.certManager.enabled": ["--set", "tls.enabled=true,tls.certManager.issuerRef.name=ours"]}


class RenderedObjects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rendered = {shape: chart.render(shape) for shape in chart.shapes()}

    def workloads(self):
        for shape, objects in self.rendered.items():
            for document in objects:
                for pod in chart.pod_templates(document):
                    component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
                    yield f"{shape}: {document['kind']} {document['metadata']['name']} {component}", document, pod

    def test_selectors_hold_only_labels_that_never_change(self):
        for name, document, pod in self.workloads():
            if document["kind"] not in ("Deployment", "StatefulSet"):
                continue
            labels = document["spec"]["selector"]["matchLabels"]
            self.assertEqual(sorted(labels), ["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"], name)
            self.assertLessEqual(labels.items(), pod["metadata"]["labels"].items(), name)

    def test_every_container_is_restricted_and_has_requests_and_a_memory_limit(self):
        for name, _, pod in self.workloads():
            self.assertTrue(pod["spec"]["securityContext"]["runAsNonRoot"], name)
            for container in pod["spec"]["containers"]:
                security = container["securityContext"]
                self.assertTrue(security["readOnlyRootFilesystem"], name)
                self.assertFalse(security["allowPrivilegeEscalation"], name)
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]}, name)
                self.assertIn("memory", container["resources"]["requests"], name)
                self.assertIn("memory", container["resources"]["limits"], name)
                self.assertNotIn("latest", container["image"].rsplit(":", 1)[1], name)

    def test_only_an_admin_service_that_asks_the_api_has_a_token(self):
        for name, document, pod in self.workloads():
            asks = any(argument.startswith("--kubernetes-") for argument in pod["spec"]["containers"][0].get("args", []))
            self.assertEqual(pod["spec"]["automountServiceAccountToken"], asks, name)
            self.assertLessEqual(asks, document["metadata"]["labels"]["app.kubernetes.io/component"] == "admin", name)

    def test_the_admin_service_may_scale_the_workers_and_annotate_pods_where_that_is_wanted_and_nothing_else(self):
        scale = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "resourceNames": ["demo-cohort-rollout"], "verbs": ["get", "patch"]}
        annotate = {"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}
        self.assertEqual(chart.find(self.rendered["toy-cpu"], "Role", "admin")["rules"], [scale])
        self.assertEqual(chart.find(self.rendered["autoscaling"], "Role", "admin")["rules"], [annotate], "an autoscaler owns the number")
        both = chart.render("toy-cpu", "--set", "rollout.podDeletionCost.enabled=true")
        self.assertEqual(chart.find(both, "Role", "admin")["rules"], [scale, annotate])
        self.assertIn("--kubernetes-pod-deletion-cost", chart.pod_template(chart.find(both, "Deployment", "admin"))["spec"]["containers"][0]["args"])
        for shape, objects in self.rendered.items():
            self.assertNotIn("ClusterRole", [o["kind"] for o in objects], shape)

    def test_without_an_account_of_its_own_nobody_may_do_anything(self):
        self.assertNotIn("Role", [o["kind"] for o in self.rendered["external-redis"]])

    def test_the_page_and_the_tokens_of_the_admin_service_are_off_by_default(self):
        def arguments(shape):
            return chart.pod_template(chart.find(self.rendered[shape], "Deployment", "admin"))["spec"]["containers"][0]["args"]

        self.assertFalse([a for a in arguments("toy-cpu") if a.startswith(("--web-listen", "--token-file"))])
        self.assertLessEqual({"--web-listen=0.0.0.0:7004", "--token-file=/etc/cohort/tokens/people"}, set(arguments("admin")))

    def test_an_admin_service_with_tls_is_probed_over_http(self):
        container = chart.pod_template(chart.find(self.rendered["admin"], "Deployment", "admin"))["spec"]["containers"][0]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container[probe]["httpGet"], {"port": "metrics", "path": "/healthz"})
            self.assertNotIn("grpc", container[probe])
        self.assertLessEqual({"--tls-cert=/etc/cohort/tls/tls.crt", "--tls-key=/etc/cohort/tls/tls.key"}, set(container["args"]))
        self.assertNotIn("--tls-ca=/etc/cohort/tls/ca.crt", container["args"])

    def test_a_release_without_the_admin_service_has_none_of_its_objects(self):
        objects = chart.render("toy-cpu", "--set", "admin.enabled=false")
        self.assertFalse([o["metadata"]["name"] for o in objects if o["metadata"]["labels"]["app.kubernetes.io/component"] == "admin"])
        self.assertNotIn("cohort status", str(objects))

    def test_only_named_peers_reach_the_admin_service(self):
        rules = {shape: chart.find(self.rendered[shape], "NetworkPolicy", "admin")["spec"]["ingress"] for shape in ("toy-cpu", "admin")}
        self.assertEqual([[p["port"] for p in rule["ports"]] for rule in rules["toy-cpu"]], [["grpc"], ["metrics"]])
        self.assertEqual([[p["port"] for p in rule["ports"]] for rule in rules["admin"]], [["grpc"], ["grpc", "web"], ["metrics"]])
        self.assertEqual(rules["admin"][1]["from"], [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}])

    def test_alerts_get_the_address_of_their_runbook(self):
        rules = next(o for o in self.rendered["monitoring"] if o["kind"] == "PrometheusRule")["spec"]["groups"]
        for rule in (rule for group in rules for rule in group["rules"]):
            self.assertEqual(rule["annotations"].pop("runbook_url"), f"https://example.com/cohort/runbooks/{rule['alert']}.md")
        with open(os.path.join(CHART, "files", "alerts.yaml")) as file:
            self.assertEqual(rules, yaml.safe_load(file)["groups"], "nothing else is changed")

    def test_dashboards_are_the_files_as_they_are(self):
        config_map = next(o for o in self.rendered["monitoring"] if o["metadata"]["name"] == "demo-cohort-dashboards")
        self.assertEqual(config_map["metadata"]["labels"]["grafana_dashboard"], "1")
        for name, text in config_map["data"].items():
            with open(os.path.join(CHART, "files", "dashboards", name)) as file:
                self.assertEqual(json.loads(text), json.load(file), name)

    def test_liveness_asks_only_whether_the_process_answers(self):
        for shape, objects in self.rendered.items():
            grader = "coderunner" if shape == "code" else "reward"
            # The admin service of the shape "admin" serves TLS.
            deployments = [chart.pod_template(chart.find(objects, "Deployment", role)) for role in ("rollout", grader, "admin") if (shape, role) != ("admin", "admin")]
            for pod in (*filter(None, chart.learner_pods(objects)), *deployments):
                container = pod["spec"]["containers"][0]
                self.assertEqual(container["livenessProbe"]["grpc"]["service"], "liveness", shape)
                self.assertEqual(container["readinessProbe"]["grpc"]["service"], "readiness", shape)

    def test_a_worker_gets_its_grace_period_less_ten_seconds(self):
        for shape, objects in self.rendered.items():
            spec = chart.pod_template(chart.find(objects, "Deployment", "rollout"))["spec"]
            self.assertIn(f"--grace-seconds={spec['terminationGracePeriodSeconds'] - 10}", spec["containers"][0]["args"], shape)

    def test_no_render_holds_a_secret(self):
        for shape, objects in self.rendered.items():
            self.assertNotIn("Secret", [o["kind"] for o in objects], shape)

    def test_every_pod_that_speaks_with_redis_gets_in_by_files(self):
        for shape, variables in (("external-redis", ["CA", "CERT", "KEY", "PASSWORD_FILE", "USER"]), ("autoscaling", ["PASSWORD_FILE"]), ("toy-cpu", [])):
            for document in self.rendered[shape]:
                pod = chart.pod_template(document)
                for container in pod["spec"]["containers"] if pod else []:
                    speaks = any("--redis" in word for word in container.get("args", []) + container.get("command", []))
                    environment = {e["name"]: e.get("value") for e in container.get("env", []) if e["name"].startswith("COHORT_REDIS_")}
                    self.assertEqual(sorted(environment), ["COHORT_REDIS_" + v for v in variables] if speaks else [], (shape, container["name"]))
                    mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
                    for name, path in environment.items():
                        self.assertTrue(name.endswith("_USER") or path.startswith(mounts["redis-access"] + "/"), (shape, container["name"]))

    def test_with_tls_every_service_shows_a_certificate_and_only_health_is_plaintext(self):
        objects = self.rendered["tls"]
        self.assertIn("cohort", chart.find(objects, "Certificate", "tls")["spec"]["dnsNames"])
        for kind, role in (("StatefulSet", "learner"), ("Deployment", "rollout"), ("Deployment", "reward"), ("Deployment", "admin")):
            spec = chart.pod_template(chart.find(objects, kind, role))["spec"]
            container = spec["containers"][0]
            environment = {e["name"]: e.get("value") for e in container["env"]}
            mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
            for variable in ("CERT", "KEY", "CA"):
                self.assertEqual(os.path.dirname(environment["COHORT_TLS_" + variable]), mounts["service-tls"], role)
            self.assertEqual(next(v for v in spec["volumes"] if v["name"] == "service-tls")["secret"]["secretName"], "demo-cohort-tls", role)
            for probe, service in (("startupProbe", "liveness"), ("livenessProbe", "liveness"), ("readinessProbe", "readiness")):
                self.assertEqual(container[probe]["grpc"], {"port": 9091, "service": service}, role)
            self.assertEqual(environment["COHORT_PROBE_LISTEN"], "0.0.0.0:9091", role)
            self.assertEqual("--allow-remote" in container["args"], role == "admin", role)
        given = chart.render("toy-cpu", "--set", "tls.enabled=true,tls.existingSecret=mine")
        self.assertNotIn("Certificate", [o["kind"] for o in given])
        learner = chart.pod_template(chart.find(given, "StatefulSet", "learner"))["spec"]
        self.assertEqual(next(v for v in learner["volumes"] if v["name"] == "service-tls")["secret"]["secretName"], "mine")

    def test_a_password_for_development_is_in_its_secret_and_nowhere_else(self):
        text = chart.template("toy-cpu", "--set", "redis.bundled.password=hunter2")
        self.assertEqual(text.count("hunter2"), 1)
        secret = chart.find([d for d in yaml.safe_load_all(text) if d], "Secret", "redis")
        self.assertEqual(secret["stringData"], {"password": "hunter2"})

    def test_the_bundled_redis_asks_for_the_password_and_its_probe_knows_it(self):
        container = chart.pod_template(chart.find(self.rendered["autoscaling"], "StatefulSet", "redis"))["spec"]["containers"][0]
        with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            free.close()
            password = 'quote " and $(dollar) # hash'
            with open(os.path.join(folder, "password"), "w") as file:
                file.write(password + "\n")
            words = [w.replace("/etc/cohort-redis", folder).replace("/data", folder) for w in container["command"] + container["args"]]
            probe = [w.replace("/etc/cohort-redis", folder).replace("redis-cli", f"redis-cli -p {port}") for w in container["readinessProbe"]["exec"]["command"]]
            with subprocess.Popen([*words, "--port", str(port), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL) as server:
                try:
                    deadline = time.monotonic() + 30
                    while subprocess.run(probe, capture_output=True, check=False).returncode != 0 and time.monotonic() < deadline:
                        time.sleep(0.1)
                    self.assertEqual(subprocess.run(probe, capture_output=True, check=False).returncode, 0)
                    self.assertIn("NOAUTH", subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, text=True, check=False).stdout)
                    with open(f"/proc/{server.pid}/cmdline") as file:
                        self.assertNotIn("quote", file.read())
                finally:
                    server.terminate()

    def test_autoscaled_deployments_leave_replicas_out(self):
        objects = self.rendered["autoscaling"]
        for role, scaler in (("rollout", "ScaledObject"), ("reward", "HorizontalPodAutoscaler")):
            self.assertNotIn("replicas", chart.find(objects, "Deployment", role)["spec"])
            self.assertEqual(chart.find(objects, scaler, role)["spec"]["scaleTargetRef"]["name"], "demo-cohort-" + role)
        trigger = chart.find(objects, "ScaledObject", "rollout")["spec"]["triggers"][0]["metadata"]
        self.assertEqual(trigger["stream"], "cohort:{quickstart}:prompts")
        self.assertEqual(trigger["address"], "demo-cohort-redis.training.svc:6379")

    def test_gpu_workers_do_not_surge(self):
        rolling = {shape: chart.find(objects, "Deployment", "rollout")["spec"]["strategy"].get("rollingUpdate") for shape, objects in self.rendered.items()}
        self.assertEqual(rolling["gpu"], {"maxSurge": 0, "maxUnavailable": "25%"})
        self.assertEqual(rolling["toy-cpu"], {"maxSurge": "25%", "maxUnavailable": 0})

    def test_gpus_are_limits_with_a_toleration(self):
        spec = chart.pod_template(chart.find(self.rendered["gpu"], "Deployment", "rollout"))["spec"]
        self.assertEqual(spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"], 1)
        self.assertIn({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}, spec["tolerations"])
        self.assertIn({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}, spec["volumes"])

    def test_a_budget_of_zero_stays_zero(self):
        objects = self.rendered["external-redis"]
        self.assertEqual(chart.find(objects, "PodDisruptionBudget", "rollout")["spec"]["maxUnavailable"], 0)
        reward = chart.find(objects, "PodDisruptionBudget", "reward")["spec"]
        self.assertEqual(reward["maxUnavailable"], 1)
        self.assertNotIn("minAvailable", reward)

    def test_a_run_is_graded_by_code_runners_or_reward_services_never_both(self):
        for shape, objects in self.rendered.items():
            grader, other = ("coderunner", "reward") if shape == "code" else ("reward", "coderunner")
            components = {o["metadata"]["labels"]["app.kubernetes.io/component"] for o in objects}
            self.assertIn(grader, components, shape)
            self.assertNotIn(other, components, shape)
            address = chart.find(objects, "Service", grader)["metadata"]["name"] + ":7001"
            for pod in (chart.learner_pods(objects)[0], chart.pod_template(chart.find(objects, "Deployment", "rollout"))):
                self.assertIn(f"--reward={address}", pod["spec"]["containers"][0]["args"], shape)
            test = next(c for c in chart.find(objects, "Pod", "test")["spec"]["containers"] if c["name"] == grader)
            self.assertIn(f" --endpoint {address} ", test["command"][2], shape)

    def test_a_policy_of_code_may_name_its_template(self):
        chart.find(chart.render("code", "--set", "run.config.reward.policy=boxed:code"), "Deployment", "coderunner")

    def test_a_policy_of_mathematics_is_none_of_code(self):
        for policy in ("encode", r"exact\,code", "boxed:exact", "null"):
            with self.subTest(policy):
                chart.find(chart.render("toy-cpu", "--set", f"run.config.reward.policy={policy}"), "Deployment", "reward")

    def test_code_runs_in_a_runtime_class_or_in_weak_isolation_that_was_asked_for(self):
        def spec(*arguments):
            return chart.pod_template(chart.find(chart.render("code", *arguments), "Deployment", "coderunner"))["spec"]

        self.assertEqual(spec()["runtimeClassName"], "gvisor")
        self.assertNotIn("--allow-weak-isolation", spec()["containers"][0]["args"])
        weak = spec("--set", "coderunner.runtimeClassName=,coderunner.allowWeakIsolation=true")
        self.assertNotIn("runtimeClassName", weak)
        self.assertIn("--allow-weak-isolation", weak["containers"][0]["args"])

    def test_what_models_wrote_is_graded_where_only_names_and_redis_can_be_reached(self):
        for shape, grader in (("code", "coderunner"), ("toy-cpu", "reward")):
            policy = chart.find(self.rendered[shape], "NetworkPolicy", grader)["spec"]
            self.assertEqual(policy["policyTypes"], ["Ingress", "Egress"], shape)
            self.assertEqual([[p["port"] for p in rule["ports"]] for rule in policy["egress"]], [[53, 53], [6379]], shape)
            self.assertEqual(policy["egress"][1]["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"], "redis", shape)

    def test_programs_are_put_into_memory(self):
        spec = chart.pod_template(chart.find(self.rendered["code"], "Deployment", "coderunner"))["spec"]
        self.assertIn({"name": "work", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}, spec["volumes"])
        self.assertIn({"name": "work", "mountPath": "/work"}, spec["containers"][0]["volumeMounts"])
        self.assertIn("--work-directory=/work", spec["containers"][0]["args"])

    def test_the_images_of_the_page_are_those_that_it_builds_and_pushes_or_imports(self):
        made = run([os.path.join(ROOT, "deploy", "docker", "build"), "--help"], env={**os.environ, "COLUMNS": "1000"}).stdout
        for changes, registry in (({}, "registry.example.com/ml/"), ({"image": {"registry": None}}, "")):
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                yaml.safe_dump(walkthrough.values(changes), file)
                file.flush()
                objects = chart.render("toy-cpu", "-f", file.name)
            images = {container["image"] for pod in map(chart.pod_template, objects) if pod for container in pod["spec"]["containers"]}
            self.assertEqual(images, {f"{registry}cohort-{name}:{VERSION}" for name in ("admin", "cli", "learner", "redis", "reward", "rollout")})
            for image in images:
                self.assertIn(image[len(registry):].split(":")[0], made)

    def test_another_run_file_makes_other_pods(self):
        def checksum(*arguments):
            return chart.find(chart.render("toy-cpu", *arguments), "Deployment", "rollout")["spec"]["template"]["metadata"]["annotations"]["cohort/run-config"]

        self.assertEqual(checksum(), checksum("--set", "rollout.replicas=7"))
        self.assertNotEqual(checksum(), checksum("--set", "run.config.run.seed=7"))

    def test_clusters_without_native_sleep_run_the_images(self):
        def pre_stop(version):
            return chart.find(chart.render("toy-cpu", kube_version=version), "Deployment", "reward")["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]

        self.assertEqual(pre_stop("1.34.0"), {"sleep": {"seconds": 5}})
        self.assertEqual(pre_stop("1.27.0"), {"exec": {"command": ["sleep", "5"]}})

    def test_names_and_keys_of_secrets_stay_words(self):
        objects = chart.render("tls", "--set", "tls.certManager.enabled=false", "--set-string", "tls.existingSecret=1e3,image.pullSecrets[0]=123",
                               "--set-string", "admin.tokens.existingSecret=123,admin.tls.existingSecret=456,redis.bundled.existingSecret=789,redis.bundled.passwordKey=1e3")
        for document in objects:
            pod = chart.pod_template(document)
            if not pod:
                continue
            spec = pod["spec"]
            self.assertEqual(spec["imagePullSecrets"], [{"name": "123"}])
            secrets = [volume["secret"] for volume in spec["volumes"] if "secret" in volume]
            self.assertTrue(secrets, document["metadata"]["name"])
            for secret in secrets:
                self.assertIn(secret["secretName"], ("1e3", "123", "456", "789"))
                for item in secret.get("items", []):
                    self.assertIn(item["key"], ("1e3", "ca.crt"))

    def test_names_stay_within_their_limit(self):
        for document in chart.render("toy-cpu", release="a-release-name-that-is-fifty-characters-long-indeed"):
            self.assertLessEqual(len(document["metadata"]["name"]), 63)


class Chart(unittest.TestCase):
    maxDiff = None

    def test_lint_has_nothing_to_say_about_any_shape(self):
        for shape, helm in itertools.product(chart.shapes(), chart.HELMS):
            with self.subTest(f"{shape}, {helm}"):
                run([tool(helm), "lint", "--strict", "--kube-version", chart.KUBE_VERSION, CHART, "-f", chart.values_of(shape)])

    def test_bad_values_are_refused_with_their_place(self):
        for (arguments, words), helm in itertools.product(BAD_VALUES, chart.HELMS):
            with self.subTest(f"{' '.join(arguments)}, {helm}"):
                done = chart.template("toy-cpu", *arguments, check=False, program=helm)
                self.assertNotEqual(done.returncode, 0, "accepted")
                for word in words if helm == "helm4" else in_words_of_helm3(words):
                    self.assertIn(word, done.stderr)

    def test_the_notes_say_how_the_admin_service_is_reached(self):
        mutual = ["--set", "tls.enabled=true,tls.existingSecret=mine"]
        certificate, role = "COHORT_TLS_CERT=CERTIFICATE COHORT_TLS_KEY=KEY COHORT_TLS_CA=CA", "O=cohort:operator"
        for shape, arguments, said, unsaid in (
                ("toy-cpu", [], ["cohort status --endpoint 127.0.0.1:7003   #"], [certificate, role]),
                ("toy-cpu", mutual, ["cohort status --endpoint 127.0.0.1:7003   #", certificate, role, "ca.crt of the Secret mine"], ["is an operator"]),
                ("toy-cpu", [*mutual, "--set", "admin.tokens.existingSecret=people"], ["127.0.0.1:7003 --token-file FILE   #", certificate], [role]),
                ("admin", [], ["cohort status --endpoint localhost:7003 --tls-ca CA --token-file FILE   #"], [certificate, "127.0.0.1:7003"]),
                ("admin", ["--set", "admin.tls.clientCertificates=true"], ["localhost:7003 --tls-ca CA --tls-cert CERTIFICATE --tls-key KEY --token-file FILE   #"], [])):
            with self.subTest(f"{shape} {' '.join(arguments)}"):
                notes = chart.notes(shape, *arguments)
                for words in said:
                    self.assertIn(words, notes)
                for words in unsaid:
                    self.assertNotIn(words, notes)

    def test_the_notes_say_that_redis_is_not_encrypted(self):
        words = "what the services say to"
        self.assertIn(words, chart.notes("toy-cpu"))
        self.assertIn(words, chart.notes("gpu"))
        self.assertNotIn(words, chart.notes("external-redis"))

    def test_what_the_cluster_does_not_know_is_named_with_its_switch_and_its_owner(self):
        for (switch, kind, owner), helm in itertools.product(CUSTOM, chart.HELMS):
            on, off = (switch, "learner.mode=statefulset") if "=" in switch else (f"{switch}=true", f"{switch}=false")
            with self.subTest(f"{switch}, {helm}"):
                done = chart.template("toy-cpu", "--set", on, *BESIDES.get(switch, []), check=False, program=helm, custom_kinds=False)
                self.assertNotEqual(done.returncode, 0, "rendered")
                self.assertIn(f"{switch} needs {kind}, which this cluster does not know: install {owner} first, or set {off} (", done.stderr)
                text = chart.template("toy-cpu", "--set", on, *BESIDES.get(switch, []), "--api-versions", kind, program=helm, custom_kinds=False)
                self.assertIn("\nkind: " + kind.rsplit("/", 1)[1] + "\n", text)

    def test_a_cluster_that_is_too_old_is_refused(self):
        done = chart.template("toy-cpu", check=False, kube_version="1.26.9")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("kubeVersion", done.stderr)

    def test_renders_are_those_that_were_reviewed(self):
        for shape, helm in itertools.product(chart.shapes(), chart.HELMS):
            with self.subTest(f"{shape}, {helm}"):
                text = chart.template(shape, program=helm)
                if os.environ.get("COHORT_WRITE_GOLDEN"):
                    with open(chart.golden_path(shape), "w") as file:
                        file.write(text)
                with open(chart.golden_path(shape)) as file:
                    golden = file.read()
                difference = "\n".join(difflib.unified_diff(golden.splitlines(), text.splitlines(), "reviewed", "rendered", n=2, lineterm=""))
                self.assertEqual(difference, "", "when the change is meant: COHORT_WRITE_GOLDEN=1 tests/k8s/run chart, and review the difference")

    def test_manifests_in_k8s_are_what_the_chart_renders(self):
        run([os.path.join(ROOT, "k8s", "render"), "--check"])


if __name__ == "__main__":
    unittest.main()
