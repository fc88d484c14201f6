"""Codes from polynomials over a prime field: deterministic, with overlaps known in advance.

Two different polynomials of degree below g agree in at most g - 1 places (Reed and Solomon's code).
From that follow, without any check, a code to represent features and one to compute the AND of
every pair of inputs (docs/circuits.md).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..theory.counting import labelled_distinct_ands, neurons_free, neurons_square
from ..verify.check import check
from ..verify.errors import InputError, ProofError
from ..verify.family import Family
from ..verify.network import Network
from ..verify.specification import Specification
from .construction import Construction, Matrix
from .patterns import as_pairs, require_feasible

#: Most hidden weights that are written out.
MOST_WEIGHTS = 1 << 26


@dataclass(frozen=True)
class Polynomials:
    """Sizes of a code: input a is the polynomial whose coefficients are its digits.

    Attributes:
        field: q, a prime, at least ``places``.
        coefficients: g, with q^g at least the number of inputs.
        places: L, the polynomials are evaluated at 0 .. L-1.
    """

    field: int
    coefficients: int
    places: int

    def values(self, inputs: int) -> np.ndarray:
        """p_a(e): int64 (inputs, places)."""
        powers = self.field ** np.arange(self.coefficients)
        digits = np.arange(inputs)[:, None] // powers % self.field
        result = np.zeros((inputs, self.places), dtype=np.int64)
        for digit in digits.T[::-1]:
            result = (result * np.arange(self.places) + digit[:, None]) % self.field
        return result

    @property
    def cells(self) -> int:
        """Pairs of different field elements at every place, L q (q - 1) / 2."""
        return self.places * math.comb(self.field, 2)

    @property
    def points(self) -> int:
        """Field elements at every place, L q."""
        return self.places * self.field


def pair_polynomials(inputs: int, active: int) -> Polynomials:
    """The code with the fewest cells that serves every pair: L >= (2v - 1)(g - 1) + 1."""
    return _best(inputs, lambda g: (2 * active - 1) * (g - 1) + 1, lambda sizes: sizes.cells)


def feature_polynomials(inputs: int, active: int) -> Polynomials:
    """The code with the fewest points that represents v features: L >= v (g - 1) + 1."""
    return _best(inputs, lambda g: active * (g - 1) + 1, lambda sizes: sizes.points)


def point_code(sizes: Polynomials, inputs: int) -> np.ndarray:
    """Input a feeds neuron (e, p_a(e)) at every place e: Booleans (L q, inputs).

    Columns have L ones and share at most g - 1, pair by pair.
    """
    code = np.zeros((sizes.points, inputs), dtype=bool)
    rows = sizes.values(inputs) + sizes.field * np.arange(sizes.places)
    code[rows.T, np.arange(inputs)] = True
    return code


def deterministic_pairwise_and(inputs: int, pairs: Any = None, active: int = 2) -> Construction:
    """A network that computes ANDs of pairs by a code that serves every pair, and has no seed.

    Neuron (e, {u, w}) is fed by the inputs with p_a(e) in {u, w}, and has bias -1. The output of
    a pair reads the neurons (e, {p_a(e), p_b(e)}) with different values. There are at least
    L - (g - 1), and a third input feeds at most 2 (g - 1) of them, so the output is exact when
    L >= (2v - 1)(g - 1) + 1. The network is decided by engine ``sparse`` besides.

    Args:
        inputs: number of inputs, 2 or more.
        pairs: (outputs, 2) distinct pairs; None for all of them.
        active: v, 2 or more.

    Raises:
        InputError: pairs or numbers that do not fit, and networks too large to be written out.
    """
    if inputs < 2 or not 2 <= active <= inputs:
        raise InputError(
            f"active must lie between 2 and the {inputs} inputs, not {active}: "
            "with fewer active inputs no AND is ever true"
        )
    sizes = pair_polynomials(inputs, active)
    ones = inputs * sizes.places * (sizes.field - 1)
    outputs = math.comb(inputs, 2) if pairs is None else len(pairs)
    require_feasible(inputs, outputs)
    if ones + outputs * sizes.places > MOST_WEIGHTS:
        raise InputError(
            f"the network would have {ones + outputs * sizes.places:,} weights other than 0, more "
            f"than {MOST_WEIGHTS:,}; its {sizes.cells:,} neurons follow from pair_polynomials"
        )
    if pairs is None:
        pairs = np.stack(np.triu_indices(inputs, 1), axis=1)
    tuples = as_pairs(pairs, inputs)
    network = _cell_network(sizes, inputs, tuples)
    specification = Specification(inputs, family=Family("and", tuples), domain={"at_most": active})
    verdict = check(network, specification, engine="sparse", margin=True, dtypes=())
    if not verdict.holds:
        raise ProofError(f"the deterministic code is wrong, against its theorem: {verdict.status}")
    bits = labelled_distinct_ands(inputs, outputs).bits()
    # the code is fixed; an output is its row of the read-out
    matrices = (
        Matrix("code T", (sizes.cells, inputs), "seed", 1, 0),
        Matrix("read-out K", (outputs, sizes.cells), "function", 1, sizes.cells * outputs),
    )
    return Construction(
        kind="pairwise-and",
        form="plain",
        network=network,
        specification=specification,
        active=active,
        seed=0,
        weight_bits=1,
        total_bits=sum(matrix.bits for matrix in matrices),
        lower_bound={
            "bits": bits,
            "neurons": neurons_free(bits, inputs, outputs),
            "networks": "one hidden layer, every weight may depend on the function",
            "neurons_superposed": neurons_square(bits),
        },
        certified_how="closed criterion (docs/circuits.md), and the complete criterion of plain "
        "codes on the stored weights",
        parameters={
            "code": "polynomials",
            "field": sizes.field,
            "coefficients": sizes.coefficients,
            "places": sizes.places,
            "serves": "every pair",
            "margin": str(verdict.margin),
        },
        matrices=matrices,
        proved_by="sparse",
    )


def _cell_network(sizes: Polynomials, inputs: int, tuples: np.ndarray) -> Network:
    from scipy.sparse import csr_array

    q, places = sizes.field, sizes.places
    values = sizes.values(inputs)
    cell = np.zeros((q, q), dtype=np.int64)
    first, second = np.triu_indices(q, 1)
    cell[first, second] = cell[second, first] = np.arange(len(first))
    offsets = len(first) * np.arange(places)
    # all cells of a value: the pairs with each other value
    others = np.array([[w for w in range(q) if w != u] for u in range(q)])
    fed = cell[values[:, :, None], others[values]] + offsets[:, None]
    columns = np.repeat(np.arange(inputs), places * (q - 1))
    code = csr_array(
        (np.ones(fed.size, dtype=np.float32), (fed.ravel(), columns)), shape=(sizes.cells, inputs)
    )
    left, right = values[tuples[:, 0]], values[tuples[:, 1]]
    differ = left != right
    read = (cell[left, right] + offsets)[differ]
    rows = np.nonzero(differ)[0]
    readout = csr_array(
        (np.ones(len(read), dtype=np.float32), (rows, read)), shape=(len(tuples), sizes.cells)
    )
    limit = (0.5 - differ.sum(axis=1)).astype(np.float32)
    return Network.from_arrays([code, readout], [np.full(sizes.cells, -1, dtype=np.float32), limit])


def _best(
    inputs: int, least_places: Callable[[int], int], cost: Callable[[Polynomials], int]
) -> Polynomials:
    """The cheapest sizes over all numbers of coefficients that are worth a look."""
    choices = []
    for g in itertools.takewhile(lambda g: g == 1 or 2 ** (g - 1) < inputs, itertools.count(1)):
        places = least_places(g)
        root = max(math.ceil(inputs ** (1 / g)) - 1, 2)
        least = next(q for q in itertools.count(root) if q**g >= inputs)
        choices.append(Polynomials(_prime(max(places, least)), g, places))
    return min(choices, key=cost)


def _prime(least: int) -> int:
    """The least prime that is no smaller."""
    return next(q for q in itertools.count(max(least, 2)) if _is_prime(q))


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, math.isqrt(number) + 1))
