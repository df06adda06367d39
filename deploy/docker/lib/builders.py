"""What builds an image of the Dockerfile out of a prepared context and writes its archive: BuildKit, started for this alone, or Docker."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOOLS = os.path.join(HERE, "..", "..", "tests", "k8s", "tools", "build")
# Layers as they are: registries and those who push compress them.
OUTPUT = "type=docker,oci-mediatypes=true,compression=uncompressed,force-compression=true,rewrite-timestamp=true"


class Failed(Exception):
    """The builder is not there or could not build; the text says why."""


@dataclass(frozen=True)
class Image:
    """`target` of the Dockerfile, the `name` with its tag, what the Dockerfile's arguments are, and the `archive` to write."""

    target: str
    name: str
    arguments: dict
    archive: str


def _run(command, what):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{what}\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


class Docker:
    """The Docker of DOCKER_HOST, or of this machine; its client needs buildx, or is old enough (20.10) not to."""

    def __init__(self, context):
        self._context = context
        # Else a client of 20.10 makes the targets before this one, too.
        os.environ.setdefault("DOCKER_BUILDKIT", "1")

    def __enter__(self):
        if not shutil.which("docker"):
            raise Failed("docker is not here; leave out --builder docker, and BuildKit is fetched and used")
        return self

    def __exit__(self, *error):
        pass

    def build(self, image):
        """Returns the digest of the image's configuration, which Docker calls the image's id."""
        arguments = [f"--build-arg={name}={value}" for name, value in image.arguments.items()]
        _run(["docker", "build", f"--file={HERE}/Dockerfile", f"--target={image.target}", f"--tag={image.name}", *arguments, self._context],
             f"docker does not build {image.target}")
        _run(["docker", "save", f"--output={image.archive}", image.name], f"docker does not save {image.name}")
        return _run(["docker", "inspect", "--format={{.Id}}", image.name], f"docker does not know {image.name}").strip()


class BuildKit:
    """A buildkitd in a mount namespace of its own, and of root or of a user namespace whose root is the caller. Nothing is left of it."""

    def __init__(self, context):
        self._context = context
        # As large as the images, so beside them.
        self._state = os.path.join(os.path.dirname(context), "buildkit")

    def __enter__(self):
        if not shutil.which("runc", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Failed("runc is missing; install it: apt-get install runc")
        tools = subprocess.run([TOOLS, "buildkitd", "buildctl"], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
        if len(tools) != 2:
            raise Failed("BuildKit could not be built; is the Go module proxy reachable? --builder docker uses the Docker that is here")
        own = [] if os.geteuid() == 0 else ["--map-root-user"]
        self._inside = ["unshare", "--mount", *own]
        self._remove_state()  # Of a call that was killed.
        self._folder = tempfile.mkdtemp(prefix="cohort-buildkit-")
        address = f"unix://{self._folder}/socket"
        self._client = [os.path.join(tools[1], "buildctl"), "--addr", address]
        with open(f"{self._folder}/log", "w", encoding="utf-8") as log:
            self._daemon = subprocess.Popen(
                [*self._inside, "setpriv", "--pdeathsig=TERM", os.path.join(tools[0], "buildkitd"), "--config=/dev/null", f"--root={self._state}",
                 f"--addr={address}", f"--otel-socket-path={self._folder}/trace", "--containerd-worker=false", "--oci-worker-net=host",
                 *(["--rootless"] if own else [])],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _remove_state(self):
        # Some folders of an overlay are closed even to their owner.
        subprocess.run([*self._inside, "rm", "-rf", self._state], check=False)

    def _wait(self):
        deadline = time.monotonic() + 60
        while subprocess.run([*self._client, "debug", "workers"], capture_output=True, check=False).returncode != 0:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                with open(f"{self._folder}/log", encoding="utf-8") as log:
                    raise Failed(f"BuildKit does not start; it needs root, or a kernel that lets everybody make user namespaces\n{log.read()[-2000:]}")
            time.sleep(0.1)

    def __exit__(self, *error):
        self._daemon.terminate()
        self._daemon.wait()
        self._remove_state()
        shutil.rmtree(self._folder)

    def build(self, image):
        """Returns the digest of the image's manifest. No file is younger than SOURCE_DATE_EPOCH, so that the same context gives the same bytes."""
        arguments = {"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "0"), **image.arguments}
        partial, metadata = image.archive + ".partial", f"{self._folder}/metadata"
        _run([*self._client, "build", "--progress=plain", "--frontend=dockerfile.v0", f"--local=context={self._context}", f"--local=dockerfile={HERE}",
              f"--opt=target={image.target}", *(f"--opt=build-arg:{name}={value}" for name, value in arguments.items()),
              f"--output={OUTPUT},name={image.name},dest={partial}", f"--metadata-file={metadata}"], f"BuildKit does not build {image.target}")
        os.chmod(partial, 0o644)  # buildctl lets everybody write.
        os.replace(partial, image.archive)
        with open(metadata, encoding="utf-8") as file:
            return json.load(file)["containerimage.digest"]
