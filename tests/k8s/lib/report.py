"""The report of a test against a cluster: what was done, how long it took, what was seen."""

import os
import subprocess
import time

from lib.tools import ROOT


class Report:
    def __init__(self, title):
        commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
        self._lines = [f"{title}, commit {commit or 'unknown'}, {time.strftime('%Y-%m-%d')}", ""]
        self._start = time.monotonic()

    def say(self, text):
        line = f"{time.monotonic() - self._start:6.0f} s  {text}"
        print(line, flush=True)
        self._lines.append(line)

    def write(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self._lines) + "\n")
