"""One total key dimension shared out among one to many heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...constructions.smallest import success_interval
from .plan import RECIPES, TradeOff
from .trained import Measured, TrainedLayers

#: Recipes that are compared.
SHARED = ("logistic", "hinge")


@dataclass(frozen=True)
class Share:
    """The seeds of one number of heads.

    Attributes:
        trade_off, recipe, heads: what was trained.
        micro_f1: of the seeds, rising; a run that diverged counts as 0.
        successes, tried: seeds without an error, and all.
        low, high: Clopper-Pearson interval of the chance of no error.
    """

    trade_off: TradeOff
    recipe: str
    heads: int
    micro_f1: tuple[Fraction, ...]
    successes: int
    tried: int
    low: float
    high: float

    @property
    def median(self) -> float:
        """Of micro-F1."""
        values = self.micro_f1
        return float(values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def share_out(layers: TrainedLayers, trade_off: TradeOff, seed: int) -> tuple[Share, ...]:
    """Train every number of heads at the same total key dimension, all seeds of the cell."""
    cell = trade_off.cell
    shares = []
    for recipe in SHARED:
        for heads in trade_off.heads:
            key_dim = trade_off.total_key_dim // heads
            found = layers.measure(
                [
                    cell.run(RECIPES[recipe], heads, key_dim, own)
                    for own in range(seed, seed + cell.seeds)
                ]
            )
            shares.append(_share(trade_off, recipe, heads, found))
    return tuple(shares)


def _share(trade_off: TradeOff, recipe: str, heads: int, found: Sequence[Measured]) -> Share:
    values = tuple(sorted(one.micro_f1 or Fraction(0) for one in found))
    exact = sum(one.wrong == 0 for one in found)
    interval = success_interval(exact, len(found))
    return Share(trade_off, recipe, heads, values, exact, len(found), *interval)
