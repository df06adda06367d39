"""The layer of an image whose program starts programs of Debian packages: an interpreter, a compiler."""

import glob
import os
import subprocess

from lib import debian


def prepare(packages, folder, base):
    """Makes the files of the packages that the folder `base` does not bring."""
    debian.unpack(packages, folder, base)
    _compile_library(folder)


def _compile_library(folder):
    """Makes Python's byte code, which a maintainer script would have made: on a read-only file system every start would compile anew.

    It is never compared with its source, whose time an image does not keep. The interpreter of `folder` does it, so that the versions agree.
    """
    for library in glob.glob(os.path.join(folder, "usr/lib/python3.*")):
        python = os.path.join(folder, "usr/bin", os.path.basename(library))
        command = [python, "-m", "compileall", "-q", "-s", folder, "-p", "/", "--invalidation-mode", "unchecked-hash", library]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONHOME": os.path.join(folder, "usr"), "PYTHONHASHSEED": "0"})
        if done.returncode != 0:
            raise debian.Failed(f"{python} does not compile its library; is this machine Debian 12?\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
