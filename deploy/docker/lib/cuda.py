"""What a program of a CUDA build needs beyond what the linker says: libraries that others load by name when they are first needed.

Nothing of the driver is ever put into an image: libcuda.so.1 and the like belong to the node's kernel, and its container toolkit mounts them.
"""

import os
import re

DRIVER = re.compile(r"^lib(cuda|nvidia-[a-z-]+|nvcuvid)\.so")
# By the library that loads them: NVRTC compiles kernels at run time, for LibTorch through its own libcaffe2_nvrtc.so, through which LibTorch also asks
# the driver whether a GPU is in use. Left out is what only convolutions, recurrent layers and factorizations load (cuDNN's parts, cuSOLVER): no program
# here has any.
LOADED_LATER = {
    "libtorch_cuda.so": ("libcaffe2_nvrtc.so",),
    "libcublasLt.so.13": ("libnvrtc.so.13",),
    "libnvrtc.so.13": ("libnvrtc-builtins.so.13.0",),
}


def loaded_later(needed):
    """Paths of what these libraries ({name: path}) load later and is not among them, each beside the one that loads it."""
    wanted = {name: os.path.join(os.path.dirname(path), name) for loader, path in needed.items() for name in LOADED_LATER.get(loader, ())}
    return {name: path for name, path in wanted.items() if name not in needed}


def is_linked(needed):
    """Whether a program that needs these libraries was built with CUDA."""
    return any(name.startswith("libcudart.so") for name in needed)
