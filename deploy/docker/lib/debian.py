"""Files of Debian packages, without installing them."""

import os
import shutil
import subprocess
import tarfile

LEFT_OUT = ("usr/share/doc/", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/bash-completion", "usr/share/debconf", "usr/lib/dpkg",
            "usr/share/dpkg", "usr/share/gcc", "var/cache/", "var/lib/apt", "var/lib/dpkg", "var/log/", "etc/apt", "etc/dpkg", "etc/cron.daily", "etc/logrotate.d",
            "etc/hostname", "etc/resolv.conf", "etc/skel", "dev/", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/perl-base",
            "usr/bin/dpkg", "usr/bin/lto-dump", "usr/bin/x86_64-linux-gnu-lto-dump")


class Failed(Exception):
    """Packages could not be unpacked; the text says why."""


def unpack(packages, folder, below=None):
    """Puts what an image wants of these packages and all that they depend on into `folder`, without what the folder `below` has; none of their scripts run."""
    if not shutil.which("mmdebstrap"):
        raise Failed("mmdebstrap is missing; install it: apt-get install mmdebstrap")
    if os.geteuid() != 0 and not shutil.which("newuidmap"):
        raise Failed("who is not root needs uidmap; install it: apt-get install uidmap")
    os.makedirs(folder)
    archive = folder + ".tar"
    command = ["mmdebstrap", "--quiet", "--variant=extract", "--mode=root" if os.geteuid() == 0 else "--mode=unshare", "--include=" + ",".join(packages),
               "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", "bookworm", archive]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"mmdebstrap could not unpack Debian's packages; is a mirror reachable?\n{done.stderr[-2000:]}")
    with tarfile.open(archive) as tar:
        for member in tar:
            if _keep(member.name.removeprefix("./")) and not (below and os.path.lexists(os.path.join(below, member.name))):
                _extract(tar, member, folder)
    os.remove(archive)


def _keep(name):
    """Whether an image wants a file of a package: no documentation but licences, nothing that installs."""
    licence = name.startswith("usr/share/doc/") and name.endswith("/copyright")
    return licence or not any(name.startswith(prefix) for prefix in LEFT_OUT)


def _extract(tar, member, folder):
    # Nothing in an image may change who one is; a folder may be sticky.
    member.mode &= 0o1777 if member.isdir() else 0o777
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    tar.extract(member, folder)
