"""What a family of ``superproof construct`` wants built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from ...constructions.construction import Construction
    from ...constructions.sizing import FirstWidth

#: Draws at a width, and seeds at a width of a search, where nobody says.
DRAWS = 3


class Build(Protocol):
    """A builder of one instance."""

    def __call__(
        self, neurons: int | None, seed: int, draws: int, tick: Callable[[], None]
    ) -> Construction:
        """Build so many neurons; ProofError when none of the draws, from ``seed`` up, is exact."""


@dataclass(frozen=True)
class Task:
    """One instance of a family, ready to be built at any width.

    Attributes:
        what: the function in words: ``40 ANDs of 30 inputs (star)``.
        build: the builder; of None neurons where it finds a width by itself.
        instance: all that decides what a draw gives, besides width and seed: JSON values.
        first: the width to begin with where none is given; None where the builder finds one.
        neurons: the width that was asked for.
        draws: seeds tried at a width.
        fixed: why there is no width to search for; empty where there is.
        unit: what ``tick`` counts, in the plural.
        facts: more lines for the table, heading and text.
        pairs: (outputs, 2), where the outputs are ANDs of pairs.
    """

    what: str
    build: Build
    instance: Mapping[str, Any]
    first: Callable[[], FirstWidth] | None = None
    neurons: int | None = None
    draws: int | None = None
    fixed: str = ""
    unit: str = "training steps"
    facts: Callable[[Construction], list[tuple[str, str]]] = field(default=lambda built: [])
    pairs: np.ndarray | None = None


def instance_of(family: str, function: Iterable[object], **options: Any) -> dict[str, Any]:
    """What tells one search from another: the family, its options, and the function by its hash.

    Args:
        function: the pairs, or formulas.
        options: JSON values.
    """
    import hashlib

    text = repr([str(row) for row in function])
    return {"family": family, **options, "function": hashlib.sha256(text.encode()).hexdigest()}


def require_seconds(seconds: float | None) -> None:
    """Raise InputError for a time limit that is none."""
    from ...verify.errors import InputError

    if seconds is not None and not 0 < seconds < 1e9:
        raise InputError(f"--seconds must be above 0, not {seconds:g}")


def require_only(given: Mapping[str, object], because: str) -> None:
    """Raise InputError for an option that says nothing here.

    Args:
        given: values by option, None (or False) where it was left out.
        because: how the sentence goes on: ``goes with --form plain``.
    """
    from ...verify.errors import InputError

    for option, value in given.items():
        if value is not None and value is not False:
            raise InputError(f"{option} {because}")
