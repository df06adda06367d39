"""The alerts, dashboards and runbooks of this repository, and the helpers of tests/k8s."""

import glob
import json
import os
import re
import sys

import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "k8s"))

ALERTS = os.path.join(ROOT, "deploy", "helm", "cohort", "files", "alerts.yaml")
RUNBOOKS = os.path.join(ROOT, "deploy", "runbooks")
DASHBOARDS = sorted(glob.glob(os.path.join(ROOT, "deploy", "helm", "cohort", "files", "dashboards", "*.json")))


def alerts():
    """All alerting rules."""
    with open(ALERTS) as file:
        return [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]


def panels():
    """(dashboard, panel) for every panel that shows something."""
    for path in DASHBOARDS:
        with open(path) as file:
            for panel in json.load(file)["panels"]:
                if panel["type"] != "row":
                    yield os.path.basename(path), panel


def metrics_in(expression):
    """Names of the series that a PromQL expression reads: whatever is ours, gRPC's, the process's or Prometheus' own."""
    return set(re.findall(r"\b(?:cohort|grpc_client|grpc_server|process)_[a-z0-9_]+\b|\bup\b", re.sub(r'"[^"]*"', "", expression)))
