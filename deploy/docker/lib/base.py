"""The layer that all images begin with: a shell and the C and C++ libraries from Debian packages, nothing that installs or compiles."""

import os
import shutil
import subprocess

from lib.layer import File, tree

# dash, coreutils and grep are what the chart's preStop, its tests and `kubectl exec … tail` need.
PACKAGES = ("base-files", "ca-certificates", "coreutils", "dash", "grep", "libc6", "libstdc++6")
LEFT_OUT = ("usr/share/doc/", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/bash-completion", "usr/share/debconf", "usr/lib/dpkg",
            "usr/share/dpkg", "usr/share/gcc", "var/cache/", "var/lib/apt", "var/lib/dpkg", "var/log/", "etc/apt", "etc/dpkg", "etc/cron.daily", "etc/logrotate.d",
            "etc/hostname", "etc/resolv.conf", "etc/skel", "dev/", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/perl-base")
USER = 10001
PASSWD = f"root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\ncohort:x:{USER}:{USER}:Cohort:/opt/cohort:/usr/sbin/nologin\n"
GROUP = f"root:x:0:\nnogroup:x:65534:\ncohort:x:{USER}:\n"


class Failed(Exception):
    """The base could not be made; the text says why."""


def _unpack(folder):
    """Debian's packages, unpacked into `folder`."""
    if not shutil.which("mmdebstrap"):
        raise Failed("mmdebstrap is missing; install it: apt-get install mmdebstrap")
    shutil.rmtree(folder, ignore_errors=True)
    command = ["mmdebstrap", "--quiet", "--variant=extract", "--mode=root" if os.geteuid() == 0 else "--mode=unshare", "--include=" + ",".join(PACKAGES),
               "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "bookworm", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"mmdebstrap could not unpack Debian's packages; is a mirror reachable?\n{done.stderr[-2000:]}")


def _certificates(folder):
    """/etc/ssl/certs/ca-certificates.crt, which a maintainer script would have made."""
    parts = []
    for certificate in tree(os.path.join(folder, "usr/share/ca-certificates")):
        if certificate.source.endswith(".crt"):
            with open(certificate.source, encoding="ascii") as file:
                parts.append(file.read())
    return "".join(parts)


def _keep(name):
    licence = name.startswith("usr/share/doc/") and name.endswith("/copyright")
    return licence or not any(name.startswith(prefix) for prefix in LEFT_OUT)


def files(folder):
    """The files of the base; `folder` is where the packages are unpacked."""
    _unpack(folder)
    made = [File("etc/passwd", text=PASSWD, mode=0o644), File("etc/group", text=GROUP, mode=0o644),
            File("etc/nsswitch.conf", text="passwd: files\ngroup: files\nhosts: files dns\n", mode=0o644),
            File("etc/ssl/certs/ca-certificates.crt", text=_certificates(folder), mode=0o644)]
    names = {file.name for file in made}
    return [file for file in tree(folder, _keep) if file.name not in names] + made
