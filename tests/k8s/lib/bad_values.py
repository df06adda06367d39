"""Values that the chart has to refuse, and the words that the refusal has to hold; those that begin with a slash are places in the values."""

BAD_VALUES = [
    (["--set", "rollout.replicas=-1"], ["/rollout/replicas", "minimum"]),
    (["--set", "rollout.replicas=many"], ["/rollout/replicas", "integer"]),
    (["--set", "rollout.replicas=100000"], ["/rollout/replicas", "maximum"]),
    (["--set", "rollouts.replicas=1"], ["rollouts"]),
    (["--set", "rollout.replica=1"], ["/rollout", "replica"]),
    (["--set", "redis.mode=embedded"], ["/redis/mode", "external", "bundled"]),
    (["--set", "redis.external.address=redis"], ["/redis/external/address"]),
    (["--set", "redis.bundled.appendfsync=no"], ["/redis/bundled/appendfsync", "always", "everysec"]),
    (["--set", "image.tag=latest"], ["/image/tag"]),
    (["--set", "image.registry=https://registry.example.com"], ["/image/registry"]),
    (["--set", "learner.persistence.size=lots"], ["/learner/persistence/size"]),
    (["--set", "learner.updateStrategy=Recreate"], ["/learner/updateStrategy", "OnDelete"]),
    (["--set", "learner.gpu.resourceName=gpu"], ["/learner/gpu/resourceName"]),
    (["--set", "run.config.run.name=a b"], ["/run/config/run/name"]),
    (["--set", "run.config.run.steps=0"], ["/run/config/run/steps"]),
    (["--set", "run.config.run.directory=/x"], ["/run/config/run"]),
    (["--set", "run.config.queue.redis_address=x:1"], ["/run/config/queue"]),
    (["--set", "reward.pdb.minAvailable=101%"], ["/reward/pdb"]),
    (["--set", "reward.pdb.maxUnavailable=1"], ["reward.pdb", "exclude each other"]),
    (["--set", "reward.checkDeadlineMs=0"], ["/reward/checkDeadlineMs"]),
    (["--set", "reward.extraArgs[0]=words"], ["/reward/extraArgs/0"]),
    (["--set", "rollout.terminationGracePeriodSeconds=1"], ["/rollout/terminationGracePeriodSeconds"]),
    (["--set", "rollout.shmSize=big"], ["/rollout/shmSize"]),
    (["--set", "rollout.strategy.type=BlueGreen"], ["/rollout/strategy/type", "Recreate"]),
    (["--set", "redis.mode=external"], ["redis.external.address is missing", "redis.mode=bundled"]),
    (["--set", "reward.preStopSleepSeconds=40"], ["reward.preStopSleepSeconds", "reward.terminationGracePeriodSeconds"]),
    (["--set", "admin.replicas=100"], ["/admin/replicas", "maximum"]),
    (["--set", "admin.tokens.existingSecret=Not_A_Name"], ["/admin/tokens/existingSecret"]),
    (["--set", "admin.tokens.value=secret"], ["/admin/tokens", "value"]),
    (["--set", "admin.tls.clientCertificates=true"], ["admin.tls.clientCertificates", "admin.tls.existingSecret"]),
    (["--set", "admin.preStopSleepSeconds=20"], ["admin.preStopSleepSeconds", "admin.terminationGracePeriodSeconds"]),
    (["--set", "monitoring.prometheusRule.runbooks="], ["/monitoring/prometheusRule/runbooks"]),
    (["--set", "rollout.autoscaling.enabled=true,rollout.autoscaling.minReplicas=9"], ["rollout.autoscaling.minReplicas", "maxReplicas"]),
    (["--set", "run.config.reward.policy=code"], ["run.config.reward.policy is code", "coderunner.enabled=true"]),
    (["--set", "run.config.reward.policy=bare:code"], ["run.config.reward.policy is bare:code", "coderunner.enabled=true"]),
    (["--set", "run.config.reward.policy=7"], ["/run/config/reward/policy", "string"]),
    (["--set", "run.config.reward.policy=code,coderunner.enabled=true"], ["coderunner.runtimeClassName", "coderunner.allowWeakIsolation=true"]),
    (["--set", "coderunner.enabled=true,coderunner.runtimeClassName=gvisor"], ["coderunner.enabled", "run.config.reward.policy does not ask for code"]),
    (["--set", "coderunner.runtimeClassName=Kata_1"], ["/coderunner/runtimeClassName"]),
    (["--set", "coderunner.slots=0"], ["/coderunner/slots", "minimum"]),
    (["--set", "coderunner.workSize=lots"], ["/coderunner/workSize"]),
    (["--set", "coderunner.preStopSleepSeconds=40"], ["coderunner.preStopSleepSeconds", "coderunner.terminationGracePeriodSeconds"]),
]


def in_words_of_helm3(words):
    """Where a schema refuses, Helm 3 writes places another way, and says the rest in words of its own."""
    places = [word[1:].replace("/", ".") for word in words if word.startswith("/")]
    return places or words
