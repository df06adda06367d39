"""The resource metrics API of a cluster, played by a test: how busy the pods are is what the test says."""

import datetime
import http.server
import json
import ssl
import threading
import urllib.parse

from lib.processes import run, wait_until

GROUP_VERSION = "metrics.k8s.io/v1beta1"
RESOURCES = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP_VERSION,
             "resources": [{"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}]}
# The API server forwards to a Service; one of this type is a name that it looks up itself.
OBJECTS = """
apiVersion: v1
kind: Service
metadata: {{name: metrics, namespace: kube-system}}
spec: {{type: ExternalName, externalName: localhost, ports: [{{port: {port}}}]}}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {{name: v1beta1.metrics.k8s.io}}
spec:
  {{group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
    service: {{name: metrics, namespace: kube-system, port: {port}}}}}
"""


class MetricsApi:
    """Serves from the constructor until stop(). `load` (CPUs) is what the pods that are asked about use together, each the same."""

    def __init__(self, cluster):
        self.load = 0.0
        self._cluster = cluster
        key, certificate = cluster.path("metrics.key"), cluster.path("metrics.crt")
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        cluster.apply(OBJECTS.format(port=self._server.server_address[1]))
        wait_until("the metrics API", lambda: cluster.kubectl("get", "--raw", f"/apis/{GROUP_VERSION}", check=False).returncode == 0)

    def _handler(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                answer = json.dumps(api._answer(self.path)).encode()  # pylint: disable=protected-access
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                """Who asks is not interesting."""

        return Handler

    def _answer(self, path):
        url = urllib.parse.urlsplit(path)
        parts = url.path.strip("/").split("/")  # apis GROUP VERSION namespaces NAMESPACE pods
        if len(parts) < 6:
            return RESOURCES
        pods = self._cluster.pods(parts[4], urllib.parse.parse_qs(url.query)["labelSelector"][0])
        running = [pod for pod in pods if pod["status"].get("phase") == "Running"]
        usage = {"cpu": f"{round(self.load * 1000 / max(1, len(running)))}m", "memory": "64Mi"}
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        items = [{"metadata": {"name": pod["metadata"]["name"], "namespace": parts[4]}, "timestamp": now, "window": "1s",
                  "containers": [{"name": c["name"], "usage": usage} for c in pod["spec"]["containers"]]} for pod in running]
        return {"kind": "PodMetricsList", "apiVersion": GROUP_VERSION, "metadata": {}, "items": items}

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
