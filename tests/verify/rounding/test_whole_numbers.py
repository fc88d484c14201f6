"""Sparse-aware proof that nothing is rounded: implied by the finer bound, and not vacuous."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array

from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Argmax, Levels, Readout, Threshold
from superproof.verify.rounding.error_bound import ErrorBound
from superproof.verify.rounding.guarantee import tolerances
from superproof.verify.rounding.number_type import NUMBER_TYPES, number_type
from superproof.verify.rounding.whole_numbers import never_rounded
from superproof.verify.specification import Specification


def test_what_is_proved_is_proved_by_the_finer_bound_too() -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 7, int(rng.integers(2, 5)))
        step = 2.0 ** int(rng.integers(-4, 3))
        most = int(rng.choice([1, 3, 40, 3000]))
        weights = [
            rng.integers(-most, most + 1, (a, b)) * step for b, a in itertools.pairwise(sizes)
        ]
        biases = [rng.integers(-most, most + 1, len(w)) * step for w in weights]
        kinds = [str(rng.choice(["relu", "step", "identity"])) for _ in weights[1:]] + ["identity"]
        active = int(rng.integers(0, sizes[0] + 1))
        specification = Specification(
            int(sizes[0]), ["x0"] * int(sizes[-1]), domain=f"at most {active}", readout=0.5
        )
        dense = Problem(Network.from_arrays(weights, biases, kinds), specification)
        sparse = Network.from_arrays([csr_array(w) for w in weights], biases, kinds)
        for name, kind in NUMBER_TYPES.items():
            args = specification.domain, specification.readout, kind
            found = never_rounded(sparse, *args)
            assert found == never_rounded(dense.network, *args)
            bound = ErrorBound.of(dense.network, specification.domain, kind)
            exact = not bound.overflow and not bound.steps
            exact = exact and not any(tolerances(dense, bound, kind) or [1])
            assert found <= exact, (seed, name)
            seen[name, found] += 1
    assert all(seen[name, True] > 100 for name in NUMBER_TYPES), seen
    assert all(seen[name, False] > 10 for name in NUMBER_TYPES if name != "float64"), seen


@pytest.mark.parametrize(
    ("weight", "bias", "readout", "values", "proved"),
    [
        (1.0, 0.0, Threshold(Fraction(1, 2)), None, True),
        (1.0, 0.0, Argmax(), None, True),
        (1.0, 0.0, Levels(Fraction(1), Fraction(1, 2)), None, True),
        (1.0, 0.0, Threshold(Fraction(1, 3)), None, False),
        (1.0, 0.0, Levels(Fraction(1), Fraction(1, 10)), None, False),
        (1.0, 0.0, Threshold(Fraction(0)), [-1, 1], False),
        (2.0**23, 1.0, Threshold(Fraction(0)), None, True),
        (2.0**24, 1.0, Threshold(Fraction(0)), None, False),
        (2.0**-127, 0.0, Threshold(Fraction(0)), None, False),
        (2.0**-126, 0.0, Threshold(Fraction(0)), None, True),
        (2.0**127, 0.0, Threshold(Fraction(0)), None, True),
        (2.0**128, 0.0, Threshold(Fraction(0)), None, False),
        (1 + 2.0**-30, 0.0, Threshold(Fraction(0)), None, False),
    ],
)
def test_limits_of_float32(
    weight: float, bias: float, readout: Readout, values: list[int] | None, proved: bool
) -> None:
    matrix = csr_array(np.array([[weight, 0.0], [0.0, weight]]))
    network = Network.from_arrays([matrix], [np.array([bias, bias])], ["identity"])
    specification = Specification(
        2, ["x0", "x1"], readout=readout, values=values, domain="at most 1"
    )
    kind = number_type("float32")
    assert never_rounded(network, specification.domain, specification.readout, kind) is proved
