"""What all images begin with: a shell and the C and C++ libraries from Debian packages, nothing that installs or compiles."""

import glob
import os

from lib import debian
from lib.images import HOME

# dash, coreutils and grep are what the chart's preStop, its tests and `kubectl exec … tail` need.
PACKAGES = ("base-files", "ca-certificates", "coreutils", "dash", "grep", "libc6", "libstdc++6")
USER = 10001  # As the Dockerfile has it.
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
                  f"cohort:x:{USER}:{USER}:Cohort:/{HOME}:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\nnogroup:x:65534:\ncohort:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def _certificates(folder):
    """/etc/ssl/certs/ca-certificates.crt, which a maintainer script would have made."""
    parts = []
    for certificate in sorted(glob.glob(os.path.join(folder, "usr/share/ca-certificates/**/*.crt"), recursive=True)):
        with open(certificate, encoding="ascii") as file:
            parts.append(file.read())
    return "".join(parts)


def prepare(folder):
    """Makes the files of the base in `folder`."""
    debian.unpack(PACKAGES, folder)
    for name, text in {**TEXTS, "etc/ssl/certs/ca-certificates.crt": _certificates(folder)}.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
