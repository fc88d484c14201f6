"""Laws and bounds at the cells, and the comparison with the earlier sizes."""

from __future__ import annotations

import math

import pytest

from superproof.empirics.attention_capacity.earlier import Comparison, comparisons
from superproof.empirics.attention_capacity.laws import (
    bits_a_freedom,
    free_key_dim,
    freedom,
    graph_bits,
    laws,
)
from superproof.empirics.attention_capacity.plan import Cell
from superproof.empirics.attention_capacity.thresholds import Threshold, best
from superproof.empirics.size_search import sufficient


@pytest.mark.parametrize(
    ("items", "dim", "unit", "one_bit", "real"),
    [(64, 16, 24, 9.3, 1), (256, 64, 32, 13.2, 1), (256, 32, 64, 26.3, 2), (512, 64, 72, 30.3, 3)],
)
def test_bounds_of_the_catalogue(
    items: int, dim: int, unit: float, one_bit: float, real: int
) -> None:
    found = laws(Cell(items, dim, (1,), 1))
    assert found.unit == pytest.approx(unit)
    assert found.one_bit == math.ceil(one_bit)
    assert found.real == real
    assert found.stored == math.ceil(math.lgamma(items + 1) / math.log(2) / (64 * dim))


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_law_of_freedom_by_counting(heads: int) -> None:
    cell = Cell(64, 16, (heads,), 1)
    assert graph_bits(cell) == math.ceil(math.log2(math.comb(64**2, 64)))
    for bits in (1.4, 2.2):
        sizes = [k for k in range(1, 17) if heads * k * (32 - k) * bits >= graph_bits(cell)]
        assert free_key_dim(cell, heads, bits) == heads * (min(sizes) if sizes else 16)
    assert freedom(cell, heads, 3) == heads * 3 * 29
    assert freedom(cell, heads, 40) == heads * 256
    assert bits_a_freedom(cell, heads, 3 * heads) == graph_bits(cell) / freedom(cell, heads, 3)


def test_a_law_out_of_reach_ends_at_full_rank() -> None:
    assert free_key_dim(Cell(64, 4, (1,), 1), 1, 1.4) == 4


def threshold(cell: Cell, recipe: str, heads: int, size: int, some: int | None = None) -> Threshold:
    rates = {size - heads: [False, some is not None], size: [True, True]}
    return Threshold(cell, recipe, heads, "zero", sufficient(rates))


def test_steps_are_key_dimensions_of_a_head() -> None:
    cell = Cell(128, 32, (1, 2, 4), 2)
    found = [
        threshold(cell, "hinge", 1, 14),
        threshold(cell, "hinge", 2, 14),
        threshold(cell, "hinge", 4, 8),
        threshold(cell, "tight hinge", 2, 10),
    ]
    sizes = {(c.recipe, c.heads): c for c in comparisons(found)}
    assert sizes["hinge", 1].verdict == "2 steps larger"
    assert sizes["hinge", 2].verdict == "within one step"
    assert sizes["hinge", 4].verdict == "2 steps smaller"
    assert (sizes["tight hinge", 2].earlier, sizes["tight hinge", 2].steps) == (10, 0)
    missing = Comparison("hinge", "zero", 64, 16, 2, 12, 10, None)
    assert missing.steps is None
    assert missing.verdict == "no size with every seed"
    # a part of a step counts as a whole one
    assert Comparison("logistic", "f1", 64, 16, 4, 10, 16, 16).steps == 2


def test_best_is_the_least_reliable_size() -> None:
    cell = Cell(128, 32, (1, 2), 2)
    found = [threshold(cell, "hinge", 1, 14), threshold(cell, "hinge", 2, 12, some=10)]
    chosen = best(found, cell, "hinge", "zero")
    assert chosen is not None
    assert (chosen.heads, chosen.reliable, chosen.least) == (2, 12, 10)
    assert best(found, cell, "logistic", "zero") is None
