"""What an image has beyond the base: its program, the libraries that it loads, its data."""

import os
import re
import shutil
import subprocess

from lib import cuda
from lib.images import HOME
from lib.layer import File

# What the base brings.
BASE_LIBRARIES = re.compile(r"^(ld-linux|libc\.so|libm\.so|libdl\.so|librt\.so|libpthread\.so|libresolv\.so|libstdc\+\+|libgcc_s)")
LIBRARY_FOLDER = "usr/lib/x86_64-linux-gnu"
# A library of this size (bytes) is a layer of its own, so that images that share it share the layer.
LARGE = 100_000_000


class Missing(Exception):
    """Something that the image needs is not here; the text says what to do."""


def libraries(program):
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
        needed.update(libraries(program))
    while more := cuda.loaded_later(needed):
        for name, path in more.items():
            if not os.path.exists(path):
                raise Missing(f"{path} is not there; fetch the CUDA libraries anew: tests/run --cuda-build")
            needed.update({**libraries(path), name: os.path.realpath(path)})
    return needed


def _of_debian(path):
    return path.startswith(("/usr/lib/", "/lib/"))


def _relocated(path, folder):
    """A copy of a program or library that finds its other libraries in /opt/cohort/lib, not where this machine has them."""
    if not shutil.which("patchelf"):
        raise Missing("patchelf is missing; install it: apt-get install patchelf")
    copy = os.path.join(folder, os.path.basename(path))
    shutil.copyfile(path, copy)
    os.chmod(copy, 0o755)
    if subprocess.run(["patchelf", "--print-rpath", copy], capture_output=True, text=True, check=True).stdout.strip():
        subprocess.run(["patchelf", "--set-rpath", HOME + "/lib", copy], check=True)
    return copy


def _library_layers(needed, folder):
    """The libraries that are not Debian's (LibTorch, CUDA), which seldom change: one layer for each large one, one for the rest; and a layer of Debian's."""
    home = [File("opt"), File(HOME), File(f"{HOME}/lib")]
    others = {name: path for name, path in needed.items() if not _of_debian(path)}
    large = sorted(name for name, path in others.items() if os.path.getsize(path) >= LARGE)
    groups = [[name] for name in large] + [sorted(set(others) - set(large))]
    layers = [[*home, *(File(f"{HOME}/lib/{name}", source=_relocated(others[name], folder)) for name in group)] for group in groups if group]
    return layers + [[File(f"{LIBRARY_FOLDER}/{name}", source=path, mode=0o644) for name, path in needed.items() if _of_debian(path)]]


def _program(recipe, binaries):
    path = recipe.program if os.path.isabs(recipe.program) else os.path.join(binaries, recipe.program)
    if not os.path.exists(path):
        raise Missing(f"{path} is not there; build it first: ninja -C build {recipe.program}")
    return path


def _debian_programs(recipe):
    paths = [path for path in (recipe.program, *recipe.more_programs) if os.path.isabs(path)]
    return [File(path, source=os.path.realpath(path)) for path in paths]


def _data(recipe, root):
    folders = sorted({parent for path in recipe.data for parent in _parents(path)})
    return [File(f"{HOME}/{folder}") for folder in folders] + [File(f"{HOME}/{path}", source=os.path.join(root, path), mode=0o644) for path in recipe.data]


def _parents(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def layers_of(recipe, root, binaries, folder, with_cuda=False):
    """The layers of an image above the base, what changes least first: lists of File."""
    program = _program(recipe, binaries)
    needed = _closure((program, *recipe.more_programs))
    if recipe.gpu and with_cuda and not cuda.is_linked(needed):
        raise Missing(f"{program} was built without CUDA; tests/run --cuda-build builds it with CUDA, in build-cuda")
    own = [File("opt"), File(HOME), *_data(recipe, root), *_debian_programs(recipe)]
    if not os.path.isabs(recipe.program):
        own += [File(f"{HOME}/bin"), File(f"{HOME}/bin/{recipe.program}", source=_relocated(program, folder))]
    return [*_library_layers(needed, folder), own]
