"""The commands of deploy/README.md's walk through a cluster, so that the tests run what people read."""

import os
import re

from lib.tools import ROOT

README = os.path.join(ROOT, "deploy", "README.md")
SECTION = "## On Kubernetes"


def steps():
    """{heading: [commands of a block, …]} of the ```sh blocks of the section, in order."""
    with open(README, encoding="utf-8") as file:
        section = file.read().split(SECTION + "\n", 1)[1]
    section = re.split(r"^## ", section, maxsplit=1, flags=re.M)[0]
    found = {}
    for part in re.split(r"^### ", section, flags=re.M)[1:]:
        heading, _, text = part.partition("\n")
        found[heading.strip()] = re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)
    return found
