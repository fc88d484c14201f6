"""Compiling the kernels: vector registers of this machine, and a cache that notices every edit.

numba keeps compiled kernels beside their source file and compiles again when *that* file
changes. A kernel also contains the code of the functions that it calls, and those live in other
files: after an edit there, numba alone would go on running the old code. Here the name under
which a kernel is cached contains a digest of all sources of this folder.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import llvmlite.binding
import numba
import numba.extending

if sys.byteorder != "little":  # masks are stored piecewise into words
    raise ImportError("the scan kernels need a little-endian machine")


def _register_file() -> tuple[int, int]:
    """Vector register bits of this machine and how many registers to use for sums."""
    try:
        features = llvmlite.binding.get_host_cpu_features()
    except RuntimeError:
        return 128, 8
    if features.get("avx512bw"):
        return 512, 16
    if features.get("avx2"):
        return 256, 8
    return 128, 16 if features.get("neon") else 8


BITS, SUMS = _register_file()


def digest(folder: Path) -> str:
    """Of everything that compiled code of a folder depends on and numba does not look at."""
    content = hashlib.sha256(f"{BITS} {SUMS}".encode())
    for file in sorted(folder.glob("*.py")):
        content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]


def compiler(folder: Path, **flags: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for the kernels of a folder, which call only kernels of the same folder.

    Compiles with numba, without the interpreter's lock, cached on disk until a source of the
    folder changes. ``flags`` go to numba.
    """
    edition = digest(folder)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        # numba names the cache files after the qualified name
        function.__qualname__ += f"_{edition}"
        return cast("Callable[..., Any]", numba.njit(nogil=True, cache=True, **flags)(function))

    return decorate


#: The decorator of the kernels of this folder.
kernel = compiler(Path(__file__).parent)


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numba types that returns a signature and a generator of LLVM code."""
    return cast("Callable[..., Any]", numba.extending.intrinsic(function))
