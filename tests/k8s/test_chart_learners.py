"""L0: learners of one and of several processes, in each mode: what the leader and its followers are given, and that nobody takes one for the other."""

import itertools
import unittest

from lib import chart

# The modes, and the shape in ci/ that has several processes in it.
GROUPS = {"statefulset": "multi-learner", "leaderworkerset": "lws", "jobset": "jobset"}
INSTANCE = {"app.kubernetes.io/name": "cohort", "app.kubernetes.io/instance": "demo"}


def arguments(pod):
    return pod["spec"]["containers"][0]["args"]


def volumes(pod):
    return {volume["name"] for volume in pod["spec"]["volumes"]}


def learner_of(mode, processes, *more):
    return chart.render("toy-cpu", "--set", f"learner.mode={mode},run.config.optimizer.data_parallel={processes}", *more)


class Learners(unittest.TestCase):
    def test_the_number_of_processes_is_that_of_the_run_in_every_mode(self):
        for processes in (2, 3, 16):
            followers = chart.find(learner_of("statefulset", processes), "StatefulSet", "learner-follower")["spec"]
            self.assertEqual((followers["replicas"], followers["podManagementPolicy"]), (processes - 1, "Parallel"))
            group = chart.find(learner_of("leaderworkerset", processes), "LeaderWorkerSet", "learners")["spec"]
            self.assertEqual((group["replicas"], group["leaderWorkerTemplate"]["size"]), (1, processes))
            jobs = {j["name"]: j["template"]["spec"] for j in chart.find(learner_of("jobset", processes), "JobSet", "learners")["spec"]["replicatedJobs"]}
            self.assertEqual({name: (job["parallelism"], job["completions"]) for name, job in jobs.items()},
                             {"leader": (1, 1), "follower": (processes - 1, processes - 1)})

    def test_one_process_has_no_followers_and_nothing_of_theirs(self):
        for mode in GROUPS:
            objects = learner_of(mode, 1)
            self.assertFalse([o["metadata"]["name"] for o in objects if "follower" in o["metadata"]["name"]], mode)
            self.assertNotIn("PodDisruptionBudget demo-cohort-learner", [f"{o['kind']} {o['metadata']['name']}" for o in objects], mode)
            edges = chart.find(objects, "NetworkPolicy", "learner")["spec"]["ingress"][0]["from"][0]["podSelector"]
            self.assertEqual(edges["matchExpressions"][0]["values"], ["rollout", "admin", "tests"], mode)

    def test_the_service_that_workers_ask_selects_the_leader_alone(self):
        for mode, shape in GROUPS.items():
            objects = chart.render(shape)
            service = chart.find(objects, "Service", "learner")
            leader, follower = chart.learner_pods(objects)
            self.assertTrue(service["spec"]["publishNotReadyAddresses"], mode)
            self.assertLessEqual(service["spec"]["selector"].items(), leader["metadata"]["labels"].items(), mode)
            self.assertFalse(service["spec"]["selector"].items() <= follower["metadata"]["labels"].items(), mode)
            rollout = chart.pod_template(chart.find(objects, "Deployment", "rollout"))
            self.assertIn("--learner=demo-cohort-learner:7000", arguments(rollout), mode)

    def test_followers_dial_the_leader_by_the_name_that_their_keeper_gives_it(self):
        leaders = {"statefulset": "demo-cohort-learner", "leaderworkerset": "$(LWS_LEADER_ADDRESS)",
                   "jobset": "demo-cohort-learners-leader-0-0.demo-cohort-learners"}
        for mode, shape in GROUPS.items():
            leader, follower = chart.learner_pods(chart.render(shape))
            self.assertEqual(arguments(leader)[:2], ["run", "/etc/cohort/run.yaml"], mode)
            self.assertEqual(arguments(follower)[:2], ["follow", f"--leader={leaders[mode]}:7000"], mode)
            run = next(o for o in chart.parse(chart.find(chart.render(shape), "ConfigMap", "run")["data"]["run.yaml"]))["run"]["name"]
            self.assertIn(f"--run={run}", arguments(follower), mode)
        jobs = chart.find(chart.render("jobset"), "JobSet", "learners")["spec"]
        self.assertEqual(jobs["network"], {"enableDNSHostnames": True, "publishNotReadyAddresses": True, "subdomain": "demo-cohort-learners"})

    def test_followers_have_neither_state_nor_data_nor_redis_nor_a_place_in_the_registry(self):
        for mode, shape in GROUPS.items():
            leader, follower = chart.learner_pods(chart.render(shape, "--set", "tls.enabled=true,tls.existingSecret=ours"))
            self.assertLessEqual({"run-config", "service-tls"}, volumes(leader), mode)
            self.assertFalse(volumes(follower) & {"state", "run-config", "models", "datasets", "redis-access"}, mode)
            self.assertIn("service-tls", volumes(follower), mode)
            container = follower["spec"]["containers"][0]
            self.assertFalse([e["name"] for e in container["env"] if e["name"].startswith("COHORT_REDIS")], mode)
            self.assertFalse([a for a in arguments(follower) if a.startswith(("--redis", "--reward", "--advertise-host", "--set", "--resume"))], mode)
            self.assertIn({"name": "metrics", "containerPort": 9090}, container["ports"], mode)
            self.assertEqual(container["readinessProbe"]["grpc"]["service"], "readiness", mode)

    def test_only_a_jobset_has_a_leader_that_ends_with_the_run(self):
        for mode, shape in GROUPS.items():
            leader, follower = chart.learner_pods(chart.render(shape))
            self.assertEqual("--exit-when-done" in arguments(leader), mode == "jobset", mode)
            # A Job takes 0 for finished, also of a follower that was only asked to go.
            self.assertEqual("--exit-when-done" in arguments(follower), mode == "jobset", mode)
            for pod in (leader, follower):
                self.assertEqual(pod["spec"].get("restartPolicy"), "Never" if mode == "jobset" else None, mode)

    def test_who_is_lost_takes_the_group_with_it_but_in_mode_statefulset(self):
        group = chart.find(chart.render("lws"), "LeaderWorkerSet", "learners")["spec"]
        self.assertEqual((group["startupPolicy"], group["leaderWorkerTemplate"]["restartPolicy"]), ("LeaderCreated", "RecreateGroupOnPodRestart"))
        self.assertEqual(group["rolloutStrategy"]["rollingUpdateConfiguration"], {"maxUnavailable": 1, "maxSurge": 0}, "the volume is of one group at a time")
        jobs = chart.find(chart.render("jobset"), "JobSet", "learners")["spec"]
        self.assertEqual(jobs["successPolicy"], {"operator": "All", "targetReplicatedJobs": ["leader"]})
        self.assertEqual((jobs["failurePolicy"]["maxRestarts"], jobs["failurePolicy"]["restartStrategy"]), (10, "BlockingRecreate"))
        for job in jobs["replicatedJobs"]:
            self.assertEqual((job["template"]["spec"]["backoffLimit"], job["template"]["spec"]["completionMode"]), (0, "Indexed"))

    def test_the_volume_of_the_run_outlives_the_release_and_may_be_one_that_is_there(self):
        for mode, shape in GROUPS.items():
            claims = [o for o in chart.render(shape) if o["kind"] == "PersistentVolumeClaim"]
            self.assertEqual([c["metadata"]["name"] for c in claims], [] if mode == "statefulset" else ["state-demo-cohort-learners"], mode)
            for claim in claims:
                self.assertEqual(claim["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
            objects = chart.render(shape, "--set", "learner.persistence.existingClaim=ours")
            leader, _ = chart.learner_pods(objects)
            self.assertIn({"name": "state", "persistentVolumeClaim": {"claimName": "ours"}}, leader["spec"]["volumes"], mode)
            made = [o for o in objects if o["kind"] == "PersistentVolumeClaim"] + [o for o in objects if "volumeClaimTemplates" in o.get("spec", {})]
            self.assertNotIn("learner", str([o["metadata"]["name"] for o in made]), mode)

    def test_a_group_has_a_budget_of_all_of_its_pods_and_one_process_has_none_unless_asked_for(self):
        for mode, shape in GROUPS.items():
            budget = chart.find(chart.render(shape), "PodDisruptionBudget", "learner")["spec"]
            self.assertEqual(budget["selector"], {"matchLabels": INSTANCE, "matchExpressions": [
                {"key": "app.kubernetes.io/component", "operator": "In", "values": ["learner", "learner-follower"]}]}, mode)
            self.assertEqual((budget.get("maxUnavailable"), budget.get("minAvailable")), (None, 3) if mode == "jobset" else (0, None), mode)
            off = chart.render(shape, "--set", "learner.pdb.enabled=false")
            self.assertNotIn("demo-cohort-learner", [o["metadata"]["name"] for o in off if o["kind"] == "PodDisruptionBudget"], mode)
        alone = chart.find(chart.render("toy-cpu", "--set", "learner.pdb.enabled=true"), "PodDisruptionBudget", "learner")["spec"]
        self.assertEqual(alone["selector"], {"matchLabels": {**INSTANCE, "app.kubernetes.io/component": "learner"}})

    def test_leader_and_followers_reach_each_other_and_nobody_else_reaches_a_follower(self):
        for mode, shape in GROUPS.items():
            objects = chart.render(shape)
            senders = {role: chart.find(objects, "NetworkPolicy", role)["spec"]["ingress"][0]["from"][0]["podSelector"]["matchExpressions"][0]["values"]
                       for role in ("learner", "learner-follower")}
            self.assertEqual(senders, {"learner": ["rollout", "admin", "tests", "learner-follower"], "learner-follower": ["learner"]}, mode)

    def test_followers_do_not_reach_the_bundled_redis(self):
        for shape in ("multi-learner", "jobset"):
            peer = chart.find(chart.render(shape), "NetworkPolicy", "redis")["spec"]["ingress"][0]["from"][0]["podSelector"]
            self.assertEqual(peer, {"matchLabels": INSTANCE, "matchExpressions": [
                {"key": "app.kubernetes.io/component", "operator": "NotIn", "values": ["learner-follower"]}]}, shape)

    def test_followers_are_like_the_leader_but_where_their_own_values_say_so(self):
        leader, follower = chart.learner_pods(chart.render("multi-learner"))
        ours, theirs = leader["spec"]["containers"][0], follower["spec"]["containers"][0]
        self.assertIn("--threads=8", theirs["args"])
        self.assertEqual(theirs["resources"], {"requests": {"cpu": "8", "memory": "16Gi"}, "limits": {"memory": "32Gi"}})
        self.assertEqual(ours["resources"]["limits"], {"memory": "64Gi"})
        for container in (ours, theirs):
            self.assertIn({"name": "MALLOC_ARENA_MAX", "value": "4"}, container["env"])
        self.assertEqual(follower["metadata"]["labels"]["example.com/tier"], "follower")
        self.assertNotIn("example.com/tier", leader["metadata"]["labels"])
        leader, follower = chart.learner_pods(chart.render("multi-learner", "--set", "learner.extraArgs[0]=--ours,learner.follower.extraArgs[0]=--theirs"))
        self.assertEqual((arguments(leader)[-1], arguments(follower)[-1]), ("--ours", "--theirs"))
        self.assertNotIn("--ours", arguments(follower))

    def test_gpus_of_a_group_are_those_of_each_pod(self):
        for pod in chart.learner_pods(chart.render("lws")):
            self.assertEqual(pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"], 1)
            self.assertEqual(pod["spec"]["runtimeClassName"], "nvidia")
            self.assertIn({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}}, pod["spec"]["volumes"])
        _, follower = chart.learner_pods(chart.render("lws", "--set", "learner.follower.gpu.count=8,learner.follower.gpu.resourceName=amd.com/gpu"))
        self.assertEqual(follower["spec"]["containers"][0]["resources"]["limits"]["amd.com/gpu"], 8)

    def test_a_queue_of_kueue_is_a_label_of_what_keeps_the_pods(self):
        for mode, kind, name in (("statefulset", "StatefulSet", "learner"), ("leaderworkerset", "LeaderWorkerSet", "learners"), ("jobset", "JobSet", "learners")):
            labels = chart.find(learner_of(mode, 1, "--set", "learner.kueue.queueName=training"), kind, name)["metadata"]["labels"]
            self.assertEqual(labels["kueue.x-k8s.io/queue-name"], "training", mode)
            self.assertNotIn("kueue.x-k8s.io/queue-name", chart.find(learner_of(mode, 1), kind, name)["metadata"]["labels"], mode)

    def test_names_leave_room_for_what_controllers_add_to_them(self):
        # A StatefulSet adds a hash of eleven characters in a label, LeaderWorkerSet two more for its followers, JobSet the names of jobs and pods.
        room = {"StatefulSet": 52, "LeaderWorkerSet": 50, "JobSet": 42}
        for mode, release in itertools.product(GROUPS, ("demo", "a-release-name-that-is-fifty-characters-long-indeed")):
            for document in chart.render(GROUPS[mode], release=release):
                self.assertLessEqual(len(document["metadata"]["name"]), room.get(document["kind"], 63), f"{mode} {document['kind']}")

    def test_the_notes_speak_of_followers_where_there_are_some(self):
        notes = chart.notes("multi-learner")
        for words in ("logs -f demo-cohort-learner-0", "a leader and 3 followers (statefulset)", "comes back alone", "blocks the draining"):
            self.assertIn(words, notes)
        self.assertNotIn("follower", chart.notes("toy-cpu"))


if __name__ == "__main__":
    unittest.main()
