"""Image archives: one tar that is an OCI layout (containerd, podman, skopeo) and what `docker load` reads, with the blobs once."""

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass

from lib.base import USER
from lib.images import HOME
from lib.layer import EPOCH

OCI = "application/vnd.oci.image."
CREATED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Image:
    name: str
    tag: str
    entrypoint: tuple
    description: str
    layers: list
    environment: tuple = ()

    def full_name(self):
        """As containerd and the kubelet write it: docker.io/library/ before what names no registry."""
        first = self.name.split("/")[0]
        has_registry = "/" in self.name and ("." in first or ":" in first or first == "localhost")
        prefix = "" if has_registry else "docker.io/" if "/" in self.name else "docker.io/library/"
        return f"{prefix}{self.name}:{self.tag}"


def _config(image):
    return {
        "created": CREATED, "architecture": "amd64", "os": "linux",
        "config": {"User": f"{USER}:{USER}", "WorkingDir": HOME, "Entrypoint": list(image.entrypoint),
                   "Env": [f"PATH={HOME}/bin:/usr/bin:/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", *image.environment],
                   "Labels": {"org.opencontainers.image.title": image.name.split("/")[-1], "org.opencontainers.image.version": image.tag,
                              "org.opencontainers.image.description": image.description}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.sha256}" for layer in image.layers]},
        "history": [{"created": CREATED, "created_by": "deploy/docker/build"} for _ in image.layers],
    }


def _bytes(value):
    return json.dumps(value, sort_keys=True).encode()


def _descriptor(media_type, digest, size, **more):
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size, **more}


def _add_bytes(tar, name, data):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = len(data), EPOCH, 0o644
    tar.addfile(entry, io.BytesIO(data))


def _add_layer(tar, layer):
    entry = tarfile.TarInfo(f"blobs/sha256/{layer.sha256}")
    entry.size, entry.mtime, entry.mode = os.path.getsize(layer.path), EPOCH, 0o644
    with open(layer.path, "rb") as file:
        tar.addfile(entry, file)


def write_archive(image, path):
    """Writes the archive and returns the digest of the image's manifest."""
    config = _bytes(_config(image))
    config_digest = hashlib.sha256(config).hexdigest()
    manifest = _bytes({
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": _descriptor(OCI + "config.v1+json", config_digest, len(config)),
        "layers": [_descriptor(OCI + "layer.v1.tar", layer.sha256, os.path.getsize(layer.path)) for layer in image.layers]})
    manifest_digest = hashlib.sha256(manifest).hexdigest()
    names = {"io.containerd.image.name": image.full_name(), "org.opencontainers.image.ref.name": image.tag}
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json",
             "manifests": [_descriptor(OCI + "manifest.v1+json", manifest_digest, len(manifest), annotations=names)]}
    docker = [{"Config": f"blobs/sha256/{config_digest}", "RepoTags": [f"{image.name}:{image.tag}"],
               "Layers": [f"blobs/sha256/{layer.sha256}" for layer in image.layers]}]
    with tarfile.open(path + ".partial", "w", format=tarfile.PAX_FORMAT) as tar:
        _add_bytes(tar, "oci-layout", _bytes({"imageLayoutVersion": "1.0.0"}))
        _add_bytes(tar, "index.json", _bytes(index))
        _add_bytes(tar, "manifest.json", _bytes(docker))
        _add_bytes(tar, f"blobs/sha256/{config_digest}", config)
        _add_bytes(tar, f"blobs/sha256/{manifest_digest}", manifest)
        for layer in image.layers:
            _add_layer(tar, layer)
    os.replace(path + ".partial", path)
    return f"sha256:{manifest_digest}"
