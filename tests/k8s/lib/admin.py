"""A real admin service, outside the cluster but with the token of an account of its namespace, and rollout workers that are in the registry and nowhere else."""

import json
import os
import subprocess
import threading
import time

from lib.processes import Daemon, free_port, run, wait_until
from lib.tools import BIN


def start_redis(directory):
    """A Redis in that folder: its process, and its address."""
    port = free_port()
    redis = Daemon("redis", ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"], directory)
    wait_until("redis", lambda: run(["redis-cli", "-p", str(port), "ping"]).stdout.strip() == "PONG")
    return redis, f"127.0.0.1:{port}"


def account(cluster, directory, name, namespace, authority="apiserver.crt"):
    """A folder as a pod of this service account has it, with a real token."""
    folder = os.path.join(directory, name + authority)
    os.makedirs(folder, exist_ok=True)
    with open(cluster.path("certs", authority)) as file:
        files = {"namespace": namespace, "ca.crt": file.read(), "token": cluster.kubectl("create", "token", name, "-n", namespace).stdout}
    for file_name, text in files.items():
        with open(os.path.join(folder, file_name), "w") as file:
            file.write(text)
    return folder


def start_admin(cluster, directory, redis, name, folder, *flags):
    """An admin service of the run "run" with the account in that folder: its process, and its address."""
    endpoints = os.path.join(directory, name + ".json")
    daemon = Daemon(name, [f"{BIN}/cohort-admin", f"--redis={redis}", "--run=run", f"--name={name}", f"--endpoint-file={endpoints}", f"--kubernetes-account={folder}",
                           *flags], directory, env={"KUBERNETES_SERVICE_HOST": cluster.address, "KUBERNETES_SERVICE_PORT": str(cluster.port)})

    def address():
        daemon.check()
        with open(endpoints) as file:
            return json.load(file)["grpc"]

    return daemon, wait_until(name, address)


def _varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _record(name, leases):
    """A cohort.registry.v1.ServiceRecord of a ready rollout worker: fields name, role, state and load.leases."""
    load = _varint(6 << 3) + _varint(leases)
    return b"\x0a" + _varint(len(name)) + name.encode() + b"\x10\x02\x30\x02" + b"\x7a" + _varint(len(load)) + load


class Workers:
    """Rollout workers in the registry of the run "run", which hold as many tasks as `leases` says by their names; renewed until stop()."""

    def __init__(self, redis):
        self._port = redis.rsplit(":", 1)[1]
        self.leases = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew)
        self._thread.start()

    def _renew(self):
        while not self._done.wait(0.5):
            for name, leases in dict(self.leases).items():
                self._write(name, leases)

    def _write(self, name, leases):
        key = "cohort:{run}:service:" + name
        self._redis("-x", "HSET", key, "instance", name, "state", "ready", "seen", str(int(time.time() * 1000)), "skew", "0", "record", value=_record(name, leases))
        self._redis("PEXPIRE", key, "10000")
        self._redis("SADD", "cohort:{run}:services", name)

    def _redis(self, *words, value=None):
        subprocess.run(["redis-cli", "-p", self._port, *words], input=value, check=True, capture_output=True)

    def stop(self):
        self._done.set()
        self._thread.join()


def deletion_costs(pods):
    """By pod, as text; None where there is none."""
    return {pod["metadata"]["name"]: pod["metadata"].get("annotations", {}).get("controller.kubernetes.io/pod-deletion-cost") for pod in pods}


def cohort(*arguments, check=True):
    return run([f"{BIN}/cohort", *arguments], check=check)
