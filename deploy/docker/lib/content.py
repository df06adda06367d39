"""What an image has beyond the base and its packages: its programs, the libraries that they load, its data."""

import os
import re
import shutil
import subprocess

from lib import cuda
from lib.images import HOME

# What the base brings.
BASE_LIBRARIES = re.compile(r"^(ld-linux|libc\.so|libm\.so|libdl\.so|librt\.so|libpthread\.so|libresolv\.so|libstdc\+\+|libgcc_s)")
DEBIAN_LIBRARIES = "usr/lib/x86_64-linux-gnu"


class Missing(Exception):
    """Something that the image needs is not here; the text says what to do."""


def prepare(name, recipe, context, build):
    """Makes context/NAME/libraries and context/NAME/program; libraries that the Dockerfile gives a layer of their own go to context/large."""
    programs = [_find(program, build.binaries) for program in recipe.programs]
    needed = _closure(programs)
    if recipe.gpu and build.cuda and not cuda.is_linked(needed):
        raise Missing(f"{programs[0]} was built without CUDA; tests/run --cuda-build builds it with CUDA, in build-cuda")
    for library, path in needed.items():
        if path.startswith(("/usr/lib/", "/lib/")):
            _copy(path, f"{context}/{name}/libraries/{DEBIAN_LIBRARIES}/{library}", 0o644)
        elif library in build.large:
            _relocate(path, f"{context}/large/{library}")
        else:
            _relocate(path, f"{context}/{name}/libraries/{HOME}/lib/{library}")
    for program, path in zip(recipe.programs, programs):
        if os.path.isabs(program):
            _copy(os.path.realpath(path), f"{context}/{name}/program{program}", 0o755)
        else:
            _relocate(path, f"{context}/{name}/program/{HOME}/bin/{program}")
    for path in recipe.data:
        _copy(os.path.join(build.root, path), f"{context}/{name}/program/{HOME}/{path}", 0o644)


def _find(program, binaries):
    path = os.path.join(binaries, program)
    if not os.path.exists(path):
        raise Missing(f"{path} is not there; " + (f"install it: apt-get install {os.path.basename(path)}" if os.path.isabs(program) else
                                                  f"build it first: ninja -C build {program}"))
    return path


def _libraries(program):
    """The shared libraries that the loader would load, by the names that programs ask for: {"libgrpc.so.29": path}."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
    lost = [name for name in re.findall(r"^\s*(\S+) => not found", done.stdout, re.M) if not cuda.DRIVER.match(name)]
    if lost:
        raise Missing(f"{program} needs libraries that are not on this machine: {', '.join(lost)}")
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", done.stdout, re.M))
    return {name: os.path.realpath(path) for name, path in found.items() if not BASE_LIBRARIES.match(name) and not cuda.DRIVER.match(name)}


def _closure(programs):
    """The libraries of some programs, and of what these libraries load later."""
    needed = {}
    for program in programs:
        needed.update(_libraries(program))
    while more := cuda.loaded_later(needed):
        for name, path in more.items():
            if not os.path.exists(path):
                raise Missing(f"{path} is not there; fetch the CUDA libraries anew: tests/run --cuda-build")
            needed.update({**_libraries(path), name: os.path.realpath(path)})
    return needed


def _copy(path, target, mode):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(path, target)
    os.chmod(target, mode)


def _relocate(path, target):
    """Copies a program or library of ours, to find its other libraries in /opt/cohort/lib, not where this machine has them; once if images share it."""
    if os.path.exists(target):
        return
    if not shutil.which("patchelf"):
        raise Missing("patchelf is missing; install it: apt-get install patchelf")
    _copy(path, target, 0o755)
    if subprocess.run(["patchelf", "--print-rpath", target], capture_output=True, text=True, check=True).stdout.strip():
        subprocess.run(["patchelf", "--set-rpath", f"/{HOME}/lib", target], check=True)
