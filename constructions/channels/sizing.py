"""How wide a channel should be: an estimate of its noise, to begin a search with.

Nothing here proves anything; the criteria do. docs/channels.md, section 5, explains the estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..sizing import RESERVE, WIDEST, FirstWidth

if TYPE_CHECKING:
    from .influence import Influence

#: Sizes of the sets by case, and densities of the listening sets, that are tried. The estimate is
#: too kind to large sets where nothing listens, so the size that did best is taken there.
SIZES = {"low": (12,), "mixed": (8, 12, 16, 24), "high": (16, 24, 32), "clean": (4,)}
DENSITIES = (1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2)
#: Widths that were found, over the estimate (docs/channels.md, section 6).
FACTOR = {"low": 0.9, "mixed": 1.0, "high": 1.0, "clean": 0.85}
#: What is recorded as the source of a width.
SOURCE = "noise of the channel"
#: Widths of the grid on which the estimate is searched differ by this factor.
STEP = 1.02


@dataclass(frozen=True)
class Plan:
    """A width with the sizes that go with it.

    Attributes:
        width: where the search for a width begins.
        size: neurons of a set, k.
        density: of the listening sets; None where no input is heavy.
    """

    width: FirstWidth
    size: int
    density: float | None


def plan(
    split: Influence, active: int, clean: bool, size: int | None, density: float | None
) -> Plan:
    """The narrowest channel that the estimate expects to be right.

    Args:
        split: the pairs and which inputs are heavy.
        active: v.
        clean: whether states have to be exact.
        size, density: fixed where given.
    """
    family = "clean" if clean and split.case == "low" else split.case
    sizes = SIZES[family] if size is None else (size,)
    shares: tuple[float | None, ...] = (None,)
    if split.members.any():
        shares = DENSITIES if density is None else (density,)
    found = [
        (least_width(split, active, clean, k, share), k, share) for k in sizes for share in shares
    ]
    width, k, share = min(found, key=lambda one: one[0])
    factor = FACTOR[family]
    return Plan(FirstWidth(math.ceil(factor * width) + RESERVE, width, SOURCE, factor), k, share)


def least_width(
    split: Influence, active: int, clean: bool, size: int, density: float | None
) -> float:
    """The least width of the grid at which the channel is expected to be right."""
    width = max(2.0 * size, 16.0)
    while width < WIDEST and not _expected(split, width, active, clean, size, density):
        width *= STEP
    return width


def _expected(
    split: Influence, width: float, active: int, clean: bool, size: int, density: float | None
) -> bool:
    outputs, inputs = len(split.pairs), len(split.counts)
    heavy = int(split.heavy.sum())
    share = density or 0.0
    light = ~split.heavy
    largest = int(split.counts[light].max(initial=0))
    rate = largest * size / width
    if heavy and largest:
        # one set of a light input lies in the same listening set, the others anywhere
        rate = size / (width * share) + (largest - 1) * size / width
    if heavy:
        both = width * share**2
        if (split.members == 2).any():
            # the smallest intersection must hold the set
            if both - 3 * math.sqrt(both) < size:
                return False
        elif width * share < size:
            return False
        if heavy > 1 or (split.members == 0).any():
            rate = max(rate, share)
    if rate >= 1:
        return False
    fed = size * float(split.counts[light].sum()) / width + share * heavy
    spread = math.sqrt(active * fed / width)
    events = math.log(max(outputs * math.comb(inputs, active - 1), 2))
    overlap = _overlap(rate * (active - 1), size, events)
    if clean:
        every = math.log(2 * width * math.comb(inputs, active))
        return overlap < 1 and math.sqrt(2 * every) * spread < 0.5
    read = math.sqrt(spread**2 / size + active / width)
    low = 1 - math.sqrt(2 * math.log(max(outputs, 2))) * read
    high = overlap + 0.4 * spread * (1 - overlap) + 0.35 * math.sqrt(2 * events) * read
    return low > high


def _overlap(rate: float, size: int, events: float) -> float:
    """The share of a set that is met, at this rate a neuron, in the worst of exp(events) cases."""
    if rate >= 1:
        return 1.0
    shares = np.linspace(max(rate, 1e-9), 1, 257)[1:-1]
    divergence = shares * np.log(shares / max(rate, 1e-9))
    divergence += (1 - shares) * np.log((1 - shares) / (1 - rate))
    beyond = shares[size * divergence >= events]
    return float(beyond[0]) if beyond.size else 1.0
