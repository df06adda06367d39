"""The controllers of LeaderWorkerSets and of JobSets, outside the cluster beside Kubernetes' own, with their webhooks on loopback."""

import base64
import socket

import yaml

from lib.processes import free_port, run, wait_until
from lib.tools import tool

# Of each controller: the group of its objects, their version and plural, and the label of its pods, the only ones that it has to be asked about.
CONTROLLERS = {
    "lws": ("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "leaderworkerset.sigs.k8s.io/name"),
    "jobset": ("jobset.x-k8s.io", "v1alpha2", "jobsets", "jobset.sigs.k8s.io/jobset-name"),
}


def start_group_controller(cluster, name):
    """Starts "lws" or "jobset" in a ControlPlane that has controllers and the definitions; ends with it."""
    port = free_port()
    key, certificate = cluster.path("tls.key"), cluster.path("tls.crt")  # The names that the controllers expect in their folder.
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
         "-out", certificate])
    configuration = {"apiVersion": f"config.{name}.x-k8s.io/v1alpha1", "kind": "Configuration", "leaderElection": {"leaderElect": False},
                     "internalCertManagement": {"enable": False}, "webhook": {"host": "127.0.0.1", "port": port, "certDir": cluster.directory},
                     "metrics": {"bindAddress": "0"}, "health": {"healthProbeBindAddress": f"127.0.0.1:{free_port()}"}}
    daemon = cluster.start(name, tool(name), f"--kubeconfig={cluster.kubeconfig}", f"--config={cluster.write(name + '.yaml', yaml.safe_dump(configuration))}")

    def listens():
        daemon.check()
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True

    wait_until(f"the webhooks of {name}", listens)
    with open(certificate, "rb") as file:
        cluster.apply(webhooks(name, port, base64.b64encode(file.read()).decode()))


def webhooks(name, port, authority):
    """Their registrations: the set itself and its pods, first completed and then examined."""
    group, version, plural, label = CONTROLLERS[name]

    def hook(verb, of_pods):
        path = f"/{verb}--v1-pod" if of_pods else f"/{verb}-{group.replace('.', '-')}-{version}-{plural[:-1]}"
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]} if of_pods else \
            {"apiGroups": [group], "apiVersions": [version], "resources": [plural], "operations": ["CREATE", "UPDATE"]}
        selector = {"matchExpressions": [{"key": label, "operator": "Exists"}]} if of_pods else {}
        return {"name": f"{'pods' if of_pods else plural}.{verb}.{group}", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
                "clientConfig": {"url": f"https://127.0.0.1:{port}{path}", "caBundle": authority}, "rules": [rule], "objectSelector": selector}

    kinds = {"Mutating": "mutate", "Validating": "validate"}
    return [{"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration", "metadata": {"name": name},
             "webhooks": [hook(verb, of_pods=False), hook(verb, of_pods=True)]} for kind, verb in kinds.items()]
