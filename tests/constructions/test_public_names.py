"""What ``from superproof.constructions import ...`` gives, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PROBE = """
import sys
import superproof.constructions as room
from superproof.constructions import *
heavy = [name for name in ("torch", "matplotlib", "sympy", "scipy.stats") if name in sys.modules]
assert heavy == [], heavy
assert all(getattr(room, name) is globals()[name] for name in room.__all__)
# the function and the class, not the files of these names
assert callable(smallest) and callable(pattern) and callable(represented)
import superproof.constructions.smallest
assert callable(room.smallest)
built = represented(9, 2, 60, draws=9)
assert built.problem and superposed_permutation(random_order(6), 20, draws=9).neurons == 20
"""


def test_public_names_are_complete_and_light() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    assert done.returncode == 0, done.stderr
