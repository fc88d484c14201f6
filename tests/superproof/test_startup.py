"""What starting the command loads: nothing that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from superproof.cli import COMMANDS

CHECKOUT = Path(__file__).parents[2]
HEAVY = ("torch", "matplotlib", "sympy", "scipy.stats", "onnx", "z3", "mpmath")
PROBE = """
import sys
from superproof.cli import main
code = main(sys.argv[2:])
loaded = [name for name in sys.argv[1].split(",") if name in sys.modules]
print("LOADED", *loaded, file=sys.stderr)
sys.exit(code)
"""


def _loaded(watched: tuple[str, ...], *words: object) -> list[str]:
    """Which of the watched modules are loaded after the command has run, successfully."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, ",".join(watched), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1].split()[1:]


HELP = [("--help",), ("--version",), *((command, "--help") for command in COMMANDS)]


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_loads_no_numbers(words: tuple[str, ...]) -> None:
    assert _loaded((*HEAVY, "numpy", "numba", "scipy", "rich.table"), *words) == []


def test_check_loads_only_its_engine(folder: Path) -> None:
    assert _loaded(HEAVY, "check", folder, "--engine", "enumerate") == []


def test_z3_alone_loads_no_kernels(folder: Path) -> None:
    watched = tuple(name for name in HEAVY if name != "z3")
    assert _loaded((*watched, "numba"), "check", folder, "--engine", "z3") == []


def test_info_and_export_load_no_solver(folder: Path) -> None:
    assert _loaded(HEAVY, "info", folder) == []
    assert _loaded(HEAVY, "export", folder) == []


def test_public_names_are_lazy_and_complete() -> None:
    probe = (
        "import sys, superproof; assert 'numpy' not in sys.modules; "
        "from superproof import *; "
        "assert all(hasattr(superproof, n) and n in dir(superproof) for n in superproof.__all__); "
        "assert callable(check) and superproof.__version__; "
        "assert sorted(superproof.__all__) == sorted(superproof._HOMES); "
        "assert not hasattr(superproof, 'no_such_name')"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, cwd=CHECKOUT)
