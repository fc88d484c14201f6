"""What it costs to start the tree engine in this process: its kernels are compiled code."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .engine import Outcome, Request

_loaded = False


def tree_startup(loading: float, compiling: float) -> float:
    """Seconds until the tree engine can begin: one of the arguments, or 0 once it is loaded."""
    if _loaded:
        return 0.0
    if "numba" not in sys.modules:
        # asking numba means importing it: look for its cache files by their name
        folder = Path(__file__).parent / "branching" / "__pycache__"
        return loading if any(folder.glob("search.search_*.nbi")) else compiling
    from .branching.search import search

    kernel: Any = search
    folder = Path(kernel.stats.cache_path)
    cached = any(folder.glob(f"search.{kernel.py_func.__qualname__}-*.nbi"))
    return loading if cached else compiling


def started(request: Request, outcome: Outcome) -> Request:
    """The request with the kernels of the tree loaded, and its deadline later by that time."""
    seconds = load_tree()
    outcome.startup += seconds
    if request.deadline is None:
        return request
    return replace(request, deadline=request.deadline + seconds)


def load_tree() -> float:
    """Compile or load the kernels of the tree; returns the seconds that took, 0 if loaded."""
    global _loaded
    if _loaded:
        return 0.0
    from ..network import Network
    from ..problem import Problem
    from ..specification import Specification
    from .tree import Decision

    start = time.monotonic()
    _loaded = True
    network = Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [-0.5]])
    Decision(Problem(network, Specification(1, ["x0"])), Request(), Outcome()).run()
    return time.monotonic() - start
