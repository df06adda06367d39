"""What the images hold beyond the base: one entry an image, which is a target of the Dockerfile."""

from dataclasses import dataclass

HOME = "opt/cohort"


@dataclass(frozen=True)
class Recipe:
    """`programs` are files of the build, or absolute paths of Debian programs of this machine; `data` are paths of the repository, found below /opt/cohort;
    `packages` are Debian packages that the programs start programs of; `gpu` says that a CUDA build of it uses GPUs and is a target of its own."""

    programs: tuple = ()
    data: tuple = ()
    packages: tuple = ()
    gpu: bool = False


QUICKSTART = ("configs/quickstart.yaml", "configs/tiny/config.json", "configs/tiny/generation_config.json", "configs/tiny/model.safetensors",
              "configs/tiny/tokenizer.json", "configs/tiny/tokenizer_config.json", "configs/tiny/train.jsonl", "configs/tiny/heldout.jsonl")

IMAGES = {
    "cohort-learner": Recipe(("cohort-learner",), data=QUICKSTART, gpu=True),
    "cohort-rollout": Recipe(("cohort-rollout",), data=QUICKSTART, gpu=True),
    "cohort-reward": Recipe(("cohort-reward",)),
    "cohort-coderunner": Recipe(("cohort-coderunner",), packages=("python3", "g++")),
    "cohort-admin": Recipe(("cohort-admin",)),
    "cohort-cli": Recipe(("cohort",)),
    "cohort-redis": Recipe(("/usr/bin/redis-server", "/usr/bin/redis-cli")),
    "cohort-pause": Recipe(),
}
