"""The cache of compiled kernels: used by the next process, dropped after an edit in any file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from superproof.verify.engines.kernels import compilation

INNER = """
from .compilation import kernel

@kernel
def inner(x):
    return x + {added}
"""
OUTER = """
from .compilation import kernel
from .inner import inner

@kernel
def outer(x):
    return inner(x) * 2
"""
USE = """
import sys
sys.path.insert(0, sys.argv[1])
from loops.outer import outer

print(outer(20), sum(outer.stats.cache_hits.values()))
"""


def _run(folder: Path) -> str:
    """Result and number of cache hits of a fresh process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", USE, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=environment | {"NUMBA_CACHE_DIR": str(folder / "cache")},
    )
    return done.stdout.strip()


def test_editing_a_called_kernel_drops_the_caller_from_the_cache(tmp_path: Path) -> None:
    package = tmp_path / "loops"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(compilation.__file__, package)
    (package / "outer.py").write_text(OUTER, encoding="utf-8")
    (package / "inner.py").write_text(INNER.format(added=1), encoding="utf-8")
    assert _run(tmp_path) == "42 0"
    assert _run(tmp_path) == "42 1"
    (package / "inner.py").write_text(INNER.format(added=5), encoding="utf-8")
    assert _run(tmp_path) == "50 0"
    assert _run(tmp_path) == "50 1"
