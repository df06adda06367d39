"""Rendering of the chart without a cluster."""

import copy
import functools
import glob
import os

import yaml

from lib.processes import run
from lib.tools import CHART, ROOT, tool

KUBE_VERSION = "1.34.4"
HELMS = ("helm3", "helm4")
# The kinds of others that the chart can render, which a cluster has to know.
CUSTOM_KINDS = ("cert-manager.io/v1/Certificate", "jobset.x-k8s.io/v1alpha2/JobSet", "keda.sh/v1alpha1/ScaledObject", "keda.sh/v1alpha1/TriggerAuthentication",
                "leaderworkerset.x-k8s.io/v1/LeaderWorkerSet", "monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/PrometheusRule")
WITH_CUSTOM_KINDS = [argument for kind in CUSTOM_KINDS for argument in ("--api-versions", kind)]


def shapes():
    """The names of the supported shapes: ci/NAME-values.yaml."""
    return sorted(os.path.basename(path)[: -len("-values.yaml")] for path in glob.glob(os.path.join(CHART, "ci", "*-values.yaml")))


def values_of(shape):
    return os.path.join(CHART, "ci", shape + "-values.yaml")


def template(shape, *arguments, release="demo", check=True, kube_version=KUBE_VERSION, program="helm4", custom_kinds=True):
    """What `helm template` prints for a shape, for a cluster that knows the custom kinds or does not; with check=False its CompletedProcess."""
    known = WITH_CUSTOM_KINDS if custom_kinds else []
    done = run([tool(program), "template", release, CHART, "--namespace", "training", "--kube-version", kube_version, *known, "-f", values_of(shape), *arguments],
               check=check)
    return done.stdout if check else done


def notes(shape, *arguments):
    """What an installation of a shape would say; by Helm 4, as Helm 3 asks a cluster before it says so."""
    done = run([tool("helm4"), "install", "demo", CHART, "--namespace", "training", "--dry-run=client", "--kubeconfig", os.devnull, "-f", values_of(shape), *arguments])
    return done.stdout.split("\nNOTES:\n", 1)[1]


def parse(text):
    """The objects of a render."""
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


def render(shape, *arguments, **options):
    """The rendered objects of a shape. Those of a shape as it is are rendered once in a process: change copies only."""
    return parse(template(shape, *arguments, **options)) if arguments or options else copy.deepcopy(_rendered(shape))


@functools.lru_cache(maxsize=None)
def _rendered(shape):
    return parse(template(shape))


def find(objects, kind, name):
    """The object of that kind whose name ends in -`name`."""
    found = [o for o in objects if o["kind"] == kind and (o["metadata"]["name"] == name or o["metadata"]["name"].endswith("-" + name))]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def is_custom(document):
    return f"{document['apiVersion']}/{document['kind']}" in CUSTOM_KINDS


def pod_templates(document):
    """The pod templates of a workload: of most one, of groups one of leaders and one of followers, of other objects none."""
    kind, spec = document["kind"], document.get("spec", {})
    if kind == "Pod":
        return [{"metadata": document["metadata"], "spec": spec}]
    if kind == "LeaderWorkerSet":
        return [spec["leaderWorkerTemplate"]["leaderTemplate"], spec["leaderWorkerTemplate"]["workerTemplate"]]
    if kind == "JobSet":
        return [job["template"]["spec"]["template"] for job in spec["replicatedJobs"]]
    return [spec["template"]] if kind in ("Deployment", "StatefulSet") else []


def pod_template(document):
    """The pod template of a workload that has one at most, or None."""
    return next(iter(pod_templates(document)), None)


def learner_pods(objects):
    """The pod templates of the leader and, or None, of the followers, in every mode."""
    pods = {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod for document in objects for pod in pod_templates(document)}
    return pods["learner"], pods.get("learner-follower")


def golden_path(shape):
    return os.path.join(ROOT, "tests", "k8s", "golden", shape + ".yaml")
