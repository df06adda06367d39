"""The commands and values of deploy/README.md's walk through a cluster, so that the tests run what people read."""

import os
import re

import yaml

from lib.tools import ROOT

README = os.path.join(ROOT, "deploy", "README.md")
SECTION = "## On Kubernetes"


def _blocks(language):
    """{heading: [text of a block, …]} of the blocks of that language in the section, in order."""
    with open(README, encoding="utf-8") as file:
        section = file.read().split(SECTION + "\n", 1)[1]
    section = re.split(r"^## ", section, maxsplit=1, flags=re.M)[0]
    found = {}
    for part in re.split(r"^### ", section, flags=re.M)[1:]:
        heading, _, text = part.partition("\n")
        found[heading.strip()] = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)
    return found


def steps():
    """{heading: [commands of a block, …]} of the ```sh blocks."""
    return _blocks("sh")


def values(changes):
    """The page's my-values.yaml, with what `changes` has in their place; a null there takes a value away."""
    return _merged(yaml.safe_load(_blocks("yaml")["Install"][0]), changes)


def _merged(old, new):
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    both = {key: _merged(old.get(key), new[key]) if key in new else old[key] for key in {**old, **new}}
    return {key: value for key, value in both.items() if value is not None}
