"""Which test compares which bound with something found independently of it.

A test with ``@checks(names)`` must evaluate every bound that it names; ``test_coverage.py``
demands one for every bound of the catalogue that has a value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from superproof.theory import BOUNDS, Bound

#: The tests that check a bound, by its name.
CHECKED: dict[str, list[str]] = {}
_KNOWN = {bound.name for bound in BOUNDS}


def checks(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say that a test compares these bounds with counts, enumeration, simulation or geometry."""
    unknown = set(names) - _KNOWN
    if unknown or not names:
        raise ValueError(f"no such bounds: {sorted(unknown)}")

    def register(test: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            CHECKED.setdefault(name, []).append(test.__name__)

        @functools.wraps(test)
        def watched(*args: Any, **kwargs: Any) -> Any:
            seen: set[str] = set()
            plain = Bound.on

            def on(self: Bound, instance: Any) -> Any:
                seen.add(self.name)
                return plain(self, instance)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Bound, "on", on)
                test(*args, **kwargs)
            assert set(names) <= seen, f"never evaluated: {sorted(set(names) - seen)}"

        return watched

    return register


def value(name: str, **sizes: Any) -> Any:
    """The bound of that name on an instance."""
    (bound,) = (b for b in BOUNDS if b.name == name)
    return bound.evaluate(**sizes)
