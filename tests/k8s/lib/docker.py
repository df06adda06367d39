"""A Docker daemon of a test alone, in a machine of its own, and images in it."""

import glob
import json
import os
import shutil
import tarfile
import tempfile

from lib.machine import Machine, missing_programs
from lib.processes import Daemon, run, wait_until
from lib.tools import ROOT

SOCKET = "unix:///run/docker.sock"
# Debian's client where there are others, too.
ENVIRONMENT = {**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"]}
# As the chart locks containers in.
LOCKED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp:mode=1777", "--tmpfs=/state:mode=1777"]


class Docker:
    """Starts in the constructor, ends in stop(); needs root. `folder` is there for what the test builds, too."""

    def __init__(self):
        if missing_programs(["dockerd", "docker"]) or os.geteuid() != 0:
            raise RuntimeError("this needs root and Debian's docker.io")
        self.folder = tempfile.mkdtemp(prefix="cohort-docker-")
        try:
            self._machine = Machine("docker")
        except Exception:
            shutil.rmtree(self.folder)
            raise
        try:
            self._daemon = Daemon("dockerd", [*self._machine.prefix, "dockerd", "--data-root", self.folder + "/data", "--exec-root", "/run/docker", "--host", SOCKET,
                                              "--iptables=false", "--bridge=none", "--cgroup-parent=" + self._machine.cgroup], self.folder)
            wait_until("dockerd", self._is_up)
        except Exception:
            self.stop()
            raise

    def _is_up(self):
        self._daemon.check()
        return self("version", check=False).returncode == 0

    def __call__(self, *arguments, check=True, environment=None):
        """Runs a docker command."""
        return run([*self._machine.prefix, "docker", "--host", SOCKET, *arguments], check=check, env={**ENVIRONMENT, **(environment or {})})

    def logs(self, container):
        done = self("logs", container)
        return done.stdout + done.stderr

    def build(self, *arguments, out="images"):
        """Builds images (arguments of deploy/docker/build) into a folder below `folder`; returns {image: (digest, path)}. `--builder docker` is this daemon."""
        done = run([os.path.join(ROOT, "deploy/docker/build"), "--out", os.path.join(self.folder, out), *arguments],
                   env={**ENVIRONMENT, "DOCKER_HOST": SOCKET.replace("//", "//" + self._machine.root)})
        return {name.split(":")[0]: (digest, path) for name, digest, _, _, path in map(str.split, done.stdout.splitlines())}

    def members(self, out="images"):
        """(layer, member) of every layer of the archives that build() made there."""
        for path in sorted(glob.glob(os.path.join(self.folder, out, "*.tar"))):
            with tarfile.open(path) as archive:
                for name in json.load(archive.extractfile("manifest.json"))[0]["Layers"]:
                    with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                        for member in layer:
                            yield name, member

    def stop(self):
        self._machine.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
