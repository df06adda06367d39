"""Rendering of the chart without a cluster."""

import glob
import os

import yaml

from lib.processes import run
from lib.tools import CHART, ROOT, tool

KUBE_VERSION = "1.34.4"
CUSTOM_APIS = ["cert-manager.io/v1", "keda.sh/v1alpha1", "monitoring.coreos.com/v1"]


def shapes():
    """The names of the supported shapes: ci/NAME-values.yaml."""
    return sorted(os.path.basename(path)[: -len("-values.yaml")] for path in glob.glob(os.path.join(CHART, "ci", "*-values.yaml")))


def values_of(shape):
    return os.path.join(CHART, "ci", shape + "-values.yaml")


def template(shape, *arguments, release="demo", check=True, kube_version=KUBE_VERSION, program="helm4"):
    """What `helm template` prints for a shape; with check=False its CompletedProcess."""
    done = run([tool(program), "template", release, CHART, "--namespace", "training", "--kube-version", kube_version, "-f", values_of(shape), *arguments],
               check=check)
    return done.stdout if check else done


def render(shape, *arguments, **options):
    """The rendered objects of a shape."""
    return [document for document in yaml.safe_load_all(template(shape, *arguments, **options)) if document]


def find(objects, kind, name):
    """The object of that kind whose name ends in -`name`."""
    found = [o for o in objects if o["kind"] == kind and (o["metadata"]["name"] == name or o["metadata"]["name"].endswith("-" + name))]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def is_custom(document):
    return document["apiVersion"] in CUSTOM_APIS


def pod_template(document):
    """The pod spec of a workload, or None."""
    if document["kind"] == "Pod":
        return {"metadata": document["metadata"], "spec": document["spec"]}
    return document.get("spec", {}).get("template") if document["kind"] in ("Deployment", "StatefulSet") else None


def golden_path(shape):
    return os.path.join(ROOT, "tests", "k8s", "golden", shape + ".yaml")
