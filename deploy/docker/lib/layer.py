"""Layers: tar files whose bytes depend on nothing but names, modes and contents."""

import hashlib
import io
import os
import stat
import tarfile
from dataclasses import dataclass

# Every file's time: images of one content are one image, whenever they are made.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))


@dataclass(frozen=True)
class Layer:
    path: str
    sha256: str


@dataclass(frozen=True)
class File:
    """One entry of a layer: a file of this machine (`source`), a text, a link or a folder (none of the three). Everything belongs to root."""

    name: str
    source: str = ""
    text: str = ""
    link: str = ""
    mode: int = 0o755


def tree(folder, keep=lambda name: True):
    """The files below a folder for which keep("usr/bin/…") is true."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(folders + names):
            path = os.path.join(parent, name)
            inside = os.path.relpath(path, folder)
            if not keep(inside):
                continue
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                found.append(File(inside, link=os.readlink(path)))
            elif stat.S_ISDIR(mode):
                found.append(File(inside, mode=stat.S_IMODE(mode) & 0o1777))
            elif stat.S_ISREG(mode):
                # Nothing in an image may change who one is.
                found.append(File(inside, source=path, mode=stat.S_IMODE(mode) & 0o777))
    return found


def _add(tar, file):
    entry = tarfile.TarInfo(file.name.lstrip("/"))
    entry.mtime, entry.mode = EPOCH, file.mode
    if file.link:
        entry.type, entry.linkname = tarfile.SYMTYPE, file.link
        tar.addfile(entry)
    elif file.source:
        entry.size = os.path.getsize(file.source)
        with open(file.source, "rb") as content:
            tar.addfile(entry, content)
    elif file.text:
        entry.size = len(file.text.encode())
        tar.addfile(entry, io.BytesIO(file.text.encode()))
    else:
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)


def write_layer(files, path):
    """Writes the files as a layer, sorted by name, with the folders they lie in only where the list has them."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(files, key=lambda f: f.name.lstrip("/")):
            _add(tar, file)
    return Layer(path, sha256_of(path))


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
