"""What the images hold: one entry an image."""

from dataclasses import dataclass

HOME = "/opt/cohort"


@dataclass(frozen=True)
class Recipe:
    """`program` is a file of the build, or an absolute path of a Debian program of this machine; `data` are paths of the repository, found below /opt/cohort;
    `packages` are Debian packages that the program starts programs of; `gpu` says that a CUDA build of it uses GPUs."""

    description: str
    program: str
    entrypoint: tuple
    data: tuple = ()
    more_programs: tuple = ()
    packages: tuple = ()
    gpu: bool = False


def _service(name, description, **more):
    return Recipe(description=description, program=name, entrypoint=(f"{HOME}/bin/{name}",), **more)


QUICKSTART = ("configs/quickstart.yaml", "configs/tiny/config.json", "configs/tiny/generation_config.json", "configs/tiny/model.safetensors",
              "configs/tiny/tokenizer.json", "configs/tiny/tokenizer_config.json", "configs/tiny/train.jsonl", "configs/tiny/heldout.jsonl")

IMAGES = {
    "cohort-learner": _service("cohort-learner", "Trains the policy of a run", data=QUICKSTART, gpu=True),
    "cohort-rollout": _service("cohort-rollout", "Samples completions", data=QUICKSTART, gpu=True),
    "cohort-reward": _service("cohort-reward", "Grades completions by rule"),
    "cohort-coderunner": _service("cohort-coderunner", "Grades completions by running the programs in them", packages=("python3", "g++")),
    "cohort-admin": _service("cohort-admin", "Answers for a run and takes orders for it"),
    "cohort-cli": _service("cohort", "The cohort command"),
    "cohort-redis": Recipe("Debian's Redis, for clusters that cannot pull one", "/usr/bin/redis-server", ("/usr/bin/redis-server",),
                           more_programs=("/usr/bin/redis-cli",)),
    "cohort-pause": Recipe("Holds the namespaces of a pod, for clusters that cannot pull such an image", "/usr/bin/sleep", ("/usr/bin/sleep", "infinity")),
}
