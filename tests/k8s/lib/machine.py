"""A machine of its own for a test cluster: network, mounts and processes in namespaces, so that the end of one process is the end of everything."""

import atexit
import glob
import os
import shutil
import signal
import subprocess
import time

from lib.processes import run

ADDRESS = "10.90.0.1"
# Folders that Kubernetes and containerd write to whatever they are told; the machine has empty ones of its own.
PRIVATE = ("/run", "/var/log", "/var/lib/cni")
# sleep is the init of the machine: the kernel ends every process of a PID namespace with its init, and the namespaces with their last process.
SETUP = """set -e
for folder in {private}; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
ip link set lo up
ip link add node0 type veth peer name beyond
ip address add {address}/24 dev node0
ip link set beyond up
ip link set node0 up
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward
mount --make-rshared /
"""


class Machine:
    """Starts in the constructor, ends in stop(). Needs root. Its address is `ADDRESS`, reachable only from inside; it has no way out."""

    def __init__(self, name):
        self.cgroup = f"/cohort-{name}-{os.getpid()}"
        self._init = subprocess.Popen(["unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc", "sleep", "infinity"],
                                      stdin=subprocess.DEVNULL, start_new_session=True)
        atexit.register(self.stop)  # unittest's cleanups do not run after an interrupt.
        self._pid = self._child()
        try:
            run([*self.prefix, "sh", "-c", SETUP.format(private=" ".join(PRIVATE), address=ADDRESS)])
            self._make_cgroups()
        except Exception:
            self.stop()
            raise

    def _child(self):
        path = f"/proc/{self._init.pid}/task/{self._init.pid}/children"
        for _ in range(100):
            with open(path, encoding="ascii") as file:
                children = file.read().split()
            if children:
                # Its /proc is mounted before it becomes sleep.
                with open(f"/proc/{children[0]}/comm", encoding="ascii") as file:
                    if file.read().strip() == "sleep":
                        return children[0]
            time.sleep(0.05)
        raise RuntimeError("the machine's namespaces could not be made; this needs root")

    @property
    def prefix(self):
        """What stands before a command that runs in the machine."""
        return ["nsenter", "--target", self._pid, "--net", "--mount", "--pid", "--ipc", "--uts", "--wd=" + os.getcwd()]

    @property
    def root(self):
        """Where its files are seen from outside."""
        return f"/proc/{self._pid}/root"

    def _cgroup_folders(self):
        """This machine's folder in every hierarchy of cgroups (one in version 2)."""
        if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
            return ["/sys/fs/cgroup" + self.cgroup]
        return [hierarchy.rstrip("/") + self.cgroup for hierarchy in glob.glob("/sys/fs/cgroup/*/") if os.path.exists(hierarchy + "cgroup.procs")]

    def _make_cgroups(self):
        for folder in self._cgroup_folders():
            os.makedirs(folder, exist_ok=True)
            for name in ("cpuset.cpus", "cpuset.mems"):
                parent, own = os.path.join(os.path.dirname(folder), name), os.path.join(folder, name)
                if os.path.exists(own) and os.path.exists(parent):
                    with open(parent, encoding="ascii") as source, open(own, "w", encoding="ascii") as target:
                        target.write(source.read())

    def stop(self):
        """Ends every process of the machine and removes its cgroups."""
        if self._init.poll() is not None:
            return
        os.kill(int(self._pid), signal.SIGKILL)
        self._init.wait()
        for folder in self._cgroup_folders():
            for _ in range(50):
                subprocess.run(["find", folder, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], check=False, stderr=subprocess.DEVNULL)
                if not os.path.exists(folder):
                    break
                time.sleep(0.1)


def missing_programs(names):
    """Those of the programs that this machine lacks."""
    return [name for name in names if not shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
