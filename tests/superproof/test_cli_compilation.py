"""The sentence about compiling: said by the first run, and by no later one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from superproof.cli.compilation import MESSAGE

CHECKOUT = Path(__file__).parents[2]
KERNELS = """
import numba

@numba.njit(cache=True)
def inner(x):
    return x + 1

@numba.njit(cache=True)
def outer(x):
    return inner(x) * 2
"""
USE = """
import sys
from superproof.cli.compilation import announce_compilation

sys.path.insert(0, sys.argv[1])
with announce_compilation():
    from kernels import outer
    assert outer(20) == 42
with announce_compilation(unless=True):
    assert outer(20.0) == 42
"""


def test_only_the_first_run_says_that_it_compiles(tmp_path: Path) -> None:
    (tmp_path / "kernels.py").write_text(KERNELS, encoding="utf-8")
    told = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", USE, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            cwd=CHECKOUT,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        )
        told.append(done.stderr.splitlines())
    assert told == [[MESSAGE], []]
