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
CUSTOM_KINDS = ("cert-manager.io/v1/Certificate", "keda.sh/v1alpha1/ScaledObject", "keda.sh/v1alpha1/TriggerAuthentication", "monitoring.coreos.com/v1/PodMonitor",
                "monitoring.coreos.com/v1/PrometheusRule")
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


def pod_template(document):
    """The pod spec of a workload, or None."""
    if document["kind"] == "Pod":
        return {"metadata": document["metadata"], "spec": document["spec"]}
    return document.get("spec", {}).get("template") if document["kind"] in ("Deployment", "StatefulSet") else None


def golden_path(shape):
    return os.path.join(ROOT, "tests", "k8s", "golden", shape + ".yaml")
