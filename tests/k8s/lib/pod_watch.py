"""What becomes of the pods of a namespace, also of those that are gone: a watch that runs all the time."""

import datetime
import json
from dataclasses import dataclass


def _time(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class End:
    """How a container ended: `seconds` from the request to delete its pod to its end (whole seconds), None when
    nobody had asked by then."""

    pod: str
    container: str
    exit_code: int
    reason: str
    seconds: float


class PodWatch:
    """Starts with the constructor; ends with the cluster."""

    def __init__(self, cluster, namespace, tool):
        self._daemon = cluster.start("pod-watch", tool("kubectl"), "--kubeconfig", cluster.kubeconfig, "-n", namespace, "get", "pods", "--watch", "-o", "json")

    def _states(self):
        decoder = json.JSONDecoder()
        with open(self._daemon.log, encoding="utf-8") as log:
            text = log.read()
        position = 0
        while (position := text.find("{", position)) >= 0:
            try:
                state, position = decoder.raw_decode(text, position)
            except json.JSONDecodeError:
                return
            yield from state["items"] if state["kind"] == "List" else [state]

    def ends(self):
        """Every end of a container that was seen, once."""
        found = {}
        for pod in self._states():
            grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
            asked = pod["metadata"].get("deletionTimestamp")
            for status in pod.get("status", {}).get("containerStatuses", []):
                ended = status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated")
                if not ended or not ended.get("containerID"):
                    continue
                # The deletion's time stamp is when the grace period will be over.
                seconds = (_time(ended["finishedAt"]) - _time(asked)).total_seconds() + grace if asked else -1
                if seconds >= 0 or ended["containerID"] not in found:
                    found[ended["containerID"]] = End(pod["metadata"]["name"], status["name"], ended["exitCode"], ended.get("reason", ""),
                                                      seconds if seconds >= 0 else None)
        return list(found.values())
