"""Where training runs: devices, number types, threads, and how much memory a batch may take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...verify.errors import InputError, MissingExtraError

#: Devices that a person may name.
DEVICES = ("auto", "cpu", "cuda")
#: Number types in which matrices are multiplied; weights and sums are float32 in any case.
PRECISIONS = ("float32", "bfloat16")
#: Working set of a batch on the processor, a thread: beyond the second-level cache, elementwise
#: operations wait for memory and a larger batch is slower (docs/training.md).
CACHE = 3 << 19
#: Share of the free memory of a device that a batch may take.
SHARE = 0.6
#: Runs in a batch at most.
MOST_SLOTS = {"cpu": 256, "cuda": 1 << 16}
#: What allocators say, beside the exception of their own.
_EXHAUSTED = ("out of memory", "not enough memory", "can't allocate memory")


@dataclass(frozen=True)
class Backend:
    """Where and how tensors are computed.

    Attributes:
        device: ``cpu`` or ``cuda``.
        precision: one of :data:`PRECISIONS`.
        threads: processor threads.
        memory: bytes that a batch may take; None for the cache of the processor, or a share of
            what is free on the device.
        compiled: pass gradients through ``torch.compile``, also where there are compiled loops.
    """

    device: str = "cpu"
    precision: str = "float32"
    threads: int = 1
    memory: int | None = None
    compiled: bool = False

    @property
    def loops(self) -> bool:
        """Whether programs that have compiled loops of their own use them."""
        return self.device == "cpu" and self.precision == "float32" and not self.compiled

    @property
    def room(self) -> int:
        """Bytes that the machine or the device has in all."""
        if self.device == "cuda":
            return int(require_torch().cuda.mem_get_info()[1])
        try:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (AttributeError, ValueError, OSError):  # not known on this system
            return 1 << 62

    def slots(self, floats: int) -> int:
        """How many runs with a working set of so many floats make up a batch."""
        memory = self.memory
        if memory is None and self.device == "cuda":
            memory = int(SHARE * require_torch().cuda.mem_get_info()[0])
        elif memory is None:
            memory = CACHE * self.threads
        least = self.threads if self.device == "cpu" else 1
        return max(least, min(memory // (4 * max(floats, 1)), MOST_SLOTS[self.device]))


def backend(
    device: str = "auto",
    precision: str = "float32",
    threads: int = 1,
    memory: int | None = None,
    compiled: bool = False,
) -> Backend:
    """The backend of these options, checked.

    Raises:
        InputError: an unknown device or number type, cuda where there is none, or numbers below 1.
        MissingExtraError: torch is not installed.
    """
    if precision not in PRECISIONS:
        raise InputError(f"unknown precision '{precision}'; use one of {', '.join(PRECISIONS)}")
    if threads < 1:
        raise InputError(f"threads must be 1 or more, not {threads}")
    if memory is not None and memory < 1:
        raise InputError(f"memory must be 1 byte or more, not {memory}")
    return Backend(choose_device(device), precision, threads, memory, compiled)


def require_torch() -> Any:
    """The torch module. Raises MissingExtraError when it is not installed."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "experiments", "training") from None
    return torch


def choose_device(name: str) -> str:
    """The torch device for ``auto``, ``cpu`` or ``cuda``.

    Raises InputError for other names, and for cuda where there is none.
    """
    if name not in DEVICES:
        raise InputError(f"unknown device '{name}'; use one of {', '.join(DEVICES)}")
    available = bool(require_torch().cuda.is_available())
    if name == "cuda" and not available:
        raise InputError("device 'cuda': torch sees no CUDA device; use --device cpu")
    return "cuda" if name != "cpu" and available else "cpu"


@contextmanager
def bounded_threads(threads: int) -> Iterator[None]:
    """At most so many processor threads for torch inside the block."""
    torch = require_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def is_exhausted(error: BaseException) -> bool:
    """Whether an exception says that memory, of the host or of a device, did not suffice."""
    if isinstance(error, MemoryError | require_torch().OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _EXHAUSTED)


def check_timeout(seconds: float | None) -> None:
    """Raises InputError for a time that is none."""
    if seconds is not None and not seconds > 0:
        raise InputError(f"timeout must be above 0 seconds, not {seconds}")


def deal(kernel: Callable[..., object], runs: int, threads: int, *arguments: Any) -> None:
    """Call a compiled kernel on all runs, in as many parts as there are threads."""
    parts = min(threads, runs)
    if parts == 1:
        kernel(0, runs, *arguments)
        return
    pool = _pool(threads, os.getpid())
    ends = [runs * part // parts for part in range(parts + 1)]
    futures = [pool.submit(kernel, ends[part], ends[part + 1], *arguments) for part in range(parts)]
    for future in futures:
        future.result()


@lru_cache
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Threads of a process; they do not survive a fork."""
    return ThreadPoolExecutor(threads)
