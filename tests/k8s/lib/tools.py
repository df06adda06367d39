"""Where the programs of tests/k8s/tools and the files of this repository lie."""

import functools
import os
import re
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CHART = os.path.join(ROOT, "deploy", "helm", "cohort")
BUILD = os.environ.get("COHORT_BUILD", os.path.join(ROOT, "build"))
BIN = os.environ.get("COHORT_BIN", os.path.join(BUILD, "bin"))
CACHE = os.environ.get("COHORT_CACHE", os.path.expanduser("~/.cache/cohort"))

with open(os.path.join(CHART, "Chart.yaml"), encoding="utf-8") as chart:
    # The images' tag unless the values name another.
    VERSION = re.search(r'^appVersion: "(.*)"$', chart.read(), re.M).group(1)


@functools.lru_cache(maxsize=None)
def tool(name):
    """The path of a program (of a folder for "crds"), brought into the cache first if it is not there."""
    folder = subprocess.run([os.path.join(ROOT, "tests/k8s/tools/build"), name], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return os.path.join(folder, name)
