"""Makes stand-ins for the CUDA libraries that libtorch_python.so is linked with, so that `import torch` works with the CPU part of the wheel alone.

usage: cuda_stand_ins.py SITE TARGET    SITE holds torch/, TARGET gets libtorch_cuda.so, libcudnn.so.9 and libcufile.so.0

Their functions answer 0 and are never called: there is no device, torch.cuda.is_available() is false. Put TARGET on LD_LIBRARY_PATH; where the real
libraries are beside torch, the loader takes those.
"""

import pathlib
import subprocess
import sys

# While torch is loaded it stores something through the reference that this one answers.
REFERENCE = "_ZN4c10d15get_gil_checkerEv"


def symbols(library, kind):
    """Version by name of the dynamic symbols of `library` that nm lists for `kind`; weak ones, which may stay undefined, are left out."""
    listing = subprocess.run(["nm", "-D", kind, str(library)], check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in listing.splitlines()]
    return {name.partition("@")[0]: name.partition("@")[2].lstrip("@") for *_, letter, name in words if letter not in "wv"}


def missing(torch_lib):
    """What libtorch_python.so needs of CUDA: neither in torch's CPU libraries, nor Python's, nor of another library that is there."""
    cxx = subprocess.run(["gcc", "-print-file-name=libstdc++.so.6"], check=True, capture_output=True, text=True).stdout.strip()
    defined = set(symbols(cxx, "--defined-only"))
    for name in ("libtorch_cpu", "libc10", "libc10_cuda", "libshm", "libtorch"):
        defined |= set(symbols(torch_lib / f"{name}.so", "--defined-only"))
    needed = symbols(torch_lib / "libtorch_python.so", "--undefined-only")
    ours = {name for name, version in needed.items() if not version or version.startswith(("libcudnn", "libcufile"))}
    return sorted(name for name in ours - defined if not name.startswith(("Py", "_Py")))


def assembly(names):
    functions = [name for name in names if not name.startswith(("_ZTI", "_ZTV")) and name != REFERENCE]
    lines = [".text"]
    lines += [f".globl {name}\n.type {name}, @function\n{name}:" for name in functions] + ["  xor %eax, %eax", "  ret"]
    lines += [f".globl {REFERENCE}\n{REFERENCE}: lea referred(%rip), %rax", "  ret", ".data", "referred: .zero 64"]
    for name in names:
        if name.startswith("_ZTI"):  # Type information is read for the type's name.
            text = name.removeprefix("_ZTI")
            lines += [".balign 8", f'.globl {name}\n{name}: .quad _ZTVN10__cxxabiv117__class_type_infoE + 16, 1f\n1: .string "{text}"']
        elif name.startswith("_ZTV"):
            lines += [".balign 8", f".globl {name}\n{name}: .zero 1024"]
    return "\n".join(lines + ['.section .note.GNU-stack, "", @progbits', ""])


def main(site, target):
    target.mkdir(parents=True, exist_ok=True)
    source = target / "libtorch_cuda.s"
    source.write_text(assembly(missing(site / "torch/lib")))
    for name, inputs in {"libtorch_cuda.so": [source, "-lstdc++"], "libcudnn.so.9": [], "libcufile.so.0": []}.items():
        command = ["gcc", "-shared", "-o", target / name, f"-Wl,-soname,{name}", *(inputs or ["-x", "c", "/dev/null"])]
        subprocess.run([str(word) for word in command], check=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
