"""Bounds and laws of the theory at the cells that are measured."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...theory.catalog import lookup
from ...theory.counting import binomial
from .plan import Cell

#: Weights are stored in so many bits.
STORED_BITS = 32
#: Bits of the graph that one degree of freedom was seen to hold (docs/attention-capacity.md).
BITS_A_FREEDOM = (1.4, 2.2)


@dataclass(frozen=True)
class Laws:
    """What the theory says about a cell, for permutations.

    Attributes:
        unit: u = m lg m / d.
        one_bit: counting bound on D_K at one bit a weight; no bound for finer weights.
        stored: counting bound at 32 bits a weight.
        real: sign-pattern bound for real weights (Warren).
        freedom: D_K of the degrees-of-freedom law, for 2.2 and 1.4 bits a degree of freedom.
    """

    unit: float
    one_bit: int
    stored: int
    real: int
    freedom: tuple[int, int]


def laws(cell: Cell, heads: int = 1) -> Laws:
    """The bounds for a number of heads; bounds are those of ``superproof bounds``."""
    size = {"items": cell.items, "embedding_dim": cell.embedding_dim}
    (counting,) = lookup("permutation-graph-key-dim")
    (real,) = lookup("permutation-graph-key-dim-real")
    high, low = BITS_A_FREEDOM[::-1]
    return Laws(
        cell.unit,
        int(counting.evaluate(**size, bits=1)),
        int(counting.evaluate(**size, bits=STORED_BITS)),
        int(real.evaluate(**size, heads=heads)),
        (free_key_dim(cell, heads, high), free_key_dim(cell, heads, low)),
    )


def graph_bits(cell: Cell) -> int:
    """lg C(m^2, m), rounded up: bits of a graph of m edges."""
    return int(binomial(cell.items**2, cell.items).bits())


def freedom(cell: Cell, heads: int, key_dim: int) -> int:
    """Degrees of freedom, h d_k (2 d - d_k)."""
    (bound,) = lookup("degrees-of-freedom")
    key_dim = min(key_dim, cell.embedding_dim)
    return int(bound.evaluate(embedding_dim=cell.embedding_dim, key_dim=key_dim, heads=heads))


def free_key_dim(cell: Cell, heads: int, bits: float) -> int:
    """The least h d_k with at least lg C(m^2, m) / bits degrees of freedom; at most h d."""
    wanted = Fraction(graph_bits(cell)) / Fraction(str(bits))
    for key_dim in range(1, cell.embedding_dim + 1):
        if freedom(cell, heads, key_dim) >= wanted:
            return heads * key_dim
    return heads * cell.embedding_dim


def bits_a_freedom(cell: Cell, heads: int, total_key_dim: int) -> float:
    """lg C(m^2, m) over the degrees of freedom of a layer."""
    return graph_bits(cell) / freedom(cell, heads, total_key_dim // heads)
