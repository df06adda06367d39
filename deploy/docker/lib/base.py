"""The layer that all images begin with: a shell and the C and C++ libraries from Debian packages, nothing that installs or compiles."""

import os

from lib import debian
from lib.layer import File, tree

# dash, coreutils and grep are what the chart's preStop, its tests and `kubectl exec … tail` need.
PACKAGES = ("base-files", "ca-certificates", "coreutils", "dash", "grep", "libc6", "libstdc++6")
USER = 10001
PASSWD = f"root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\ncohort:x:{USER}:{USER}:Cohort:/opt/cohort:/usr/sbin/nologin\n"
GROUP = f"root:x:0:\nnogroup:x:65534:\ncohort:x:{USER}:\n"


def _certificates(folder):
    """/etc/ssl/certs/ca-certificates.crt, which a maintainer script would have made."""
    parts = []
    for certificate in tree(os.path.join(folder, "usr/share/ca-certificates")):
        if certificate.source.endswith(".crt"):
            with open(certificate.source, encoding="ascii") as file:
                parts.append(file.read())
    return "".join(parts)


def files(folder):
    """The files of the base; `folder` is where the packages are unpacked."""
    debian.unpack(folder, PACKAGES)
    made = [File("etc/passwd", text=PASSWD, mode=0o644), File("etc/group", text=GROUP, mode=0o644),
            File("etc/nsswitch.conf", text="passwd: files\ngroup: files\nhosts: files dns\n", mode=0o644),
            File("etc/ssl/certs/ca-certificates.crt", text=_certificates(folder), mode=0o644)]
    names = {file.name for file in made}
    return [file for file in tree(folder, debian.keep) if file.name not in names] + made
