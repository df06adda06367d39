"""The images for GPUs on a machine without one: what they hold, that they start, and what they say when no GPU is there. Never run on a GPU here."""

import os
import re
import unittest

from lib.docker import LOCKED, Docker
from lib.tools import BUILD as CPU_BUILD, ROOT, VERSION

BUILD = os.environ.get("COHORT_CUDA_BUILD", os.path.join(ROOT, "build-cuda"))
TAG = VERSION + "-cuda"
# Belongs to the node's driver, whose version an image cannot know.
DRIVER = re.compile(r"/lib(cuda|nvidia-[a-z-]+|nvcuvid)\.so")
RUN = {
    "rollout": ["--config=configs/quickstart.yaml", "--device=CUDA", "--learner=127.0.0.1:7000", "--reward=127.0.0.1:7001", "--redis=127.0.0.1:6379"],
    "learner": ["run", "configs/quickstart.yaml", "--set=optimizer.device=CUDA", "--set=rollout.kv_megabytes=256", "--set=run.directory=/state/run",
                "--redis=127.0.0.1:6379", "--reward=127.0.0.1:7001"],
}


class CudaImages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.docker = Docker()
        cls.addClassCleanup(cls.docker.stop)
        cls.built = cls.docker.build("--cuda", "--binaries", os.path.join(BUILD, "bin"), "cohort-learner", "cohort-rollout", "cohort-reward", "cohort-redis")
        for name, (_, path) in cls.built.items():
            cls.docker("load", "--input", path)
            print(f"{name}: {os.path.getsize(path) / 1e9:.2f} GB")

    def in_image(self, role, *command, environment=()):
        more = [f"--env={variable}" for variable in environment]
        return self.docker("run", "--rm", "--network=host", *LOCKED, *more, f"--entrypoint={command[0]}", f"cohort-{role}:{TAG}", *command[1:], check=False)

    def test_the_programs_start_which_takes_all_their_libraries(self):
        for role in RUN:
            done = self.in_image(role, f"/opt/cohort/bin/cohort-{role}", "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("Usage: cohort-" + role, done.stdout)

    def test_libraries_that_are_loaded_later_find_all_of_theirs_but_the_driver(self):
        for role, names in (("learner", ("libcaffe2_nvrtc.so", "libnvrtc.so.13", "libnvrtc-builtins.so.13.0", "libtorch_cuda.so", "libnccl.so.2")),
                            ("rollout", ("libnvrtc.so.13", "libnvrtc-builtins.so.13.0", "libcublasLt.so.13", "libnccl.so.2"))):
            for name in names:
                with self.subTest(f"{role} {name}"):
                    done = self.in_image(role, "/lib64/ld-linux-x86-64.so.2", "/opt/cohort/lib/" + name, environment=["LD_TRACE_LOADED_OBJECTS=1"])
                    self.assertIn("libc.so.6 => /", done.stdout, done.stderr)
                    self.assertLessEqual(set(re.findall(r"(\S+) => not found", done.stdout)), {"libcuda.so.1"}, done.stdout)

    def test_without_a_gpu_there_is_one_clear_error(self):
        # The learner looks for the services that it needs first.
        self.docker("run", "--detach", "--network=host", *LOCKED, f"cohort-redis:{TAG}", "--dir", "/state", "--appendonly", "yes")
        self.docker("run", "--detach", "--network=host", *LOCKED, f"cohort-reward:{TAG}", "--listen=127.0.0.1:7001", "--sandbox-workers=1")
        for role, arguments in RUN.items():
            with self.subTest(role):
                done = self.in_image(role, f"/opt/cohort/bin/cohort-{role}", *arguments)
                self.assertNotEqual(done.returncode, 0)
                errors = [line for line in done.stderr.splitlines() if re.match(r"[EF]\d{8}|cohort-", line)]
                self.assertEqual(len(errors), 1, done.stderr)
                self.assertIn("GPU 0 is not there: this process sees 0 GPUs", errors[0])

    def test_nothing_of_the_driver_no_setuid_program_and_nothing_of_another_owner(self):
        seen = list(self.docker.members())
        self.assertGreater(len(seen), 100)
        self.assertEqual([(layer, m.name) for layer, m in seen if DRIVER.search("/" + m.name)], [])
        self.assertEqual([(layer, m.name) for layer, m in seen if m.mode & 0o6000 or m.uid or m.gid], [])

    def test_gpus_are_for_those_who_are_given_one(self):
        for role in RUN:
            seen = self.in_image(role, "sh", "-c", "id -u; echo $NVIDIA_VISIBLE_DEVICES $NVIDIA_DRIVER_CAPABILITIES; touch /opt/cohort/x || echo read-only")
            self.assertEqual(seen.stdout.split("\n")[:3], ["10001", "void compute,utility", "read-only"])

    def test_the_same_build_gives_the_same_image_and_what_two_images_share_is_one_layer(self):
        again = self.docker.build("--cuda", "--binaries", os.path.join(BUILD, "bin"), "cohort-rollout", out="again")
        self.assertEqual(again["cohort-rollout"][0], self.built["cohort-rollout"][0])
        layers = {role: set(self.docker("inspect", "--format={{join .RootFS.Layers \" \"}}", f"cohort-{role}:{TAG}").stdout.split()) for role in RUN}
        # The base, NCCL, cuBLASLt, NVRTC.
        self.assertGreaterEqual(len(layers["learner"] & layers["rollout"]), 4)

    def test_a_build_without_cuda_is_refused(self):
        with self.assertRaisesRegex(RuntimeError, "cohort-rollout was built without CUDA"):
            self.docker.build("--cuda", "--binaries", os.path.join(CPU_BUILD, "bin"), "cohort-rollout", out="refused")


if __name__ == "__main__":
    unittest.main()
