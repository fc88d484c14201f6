"""Representation only: m features compressed into n numbers, and read off again.

Nothing is computed, so the code alone does it, and its width grows like the logarithm of m.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..theory.counting import FEASIBLE_BITS
from ..verify.engines.superposition.exact_product import exact_product
from ..verify.errors import InputError, ProofError
from ..verify.family import Family
from ..verify.specification import Specification
from .construction import Construction, Matrix
from .permutation import linear_extremes, linear_network, require_active, sign_code
from .polynomial_code import feature_polynomials, point_code

#: Codes: seeded signs, or the points of polynomials, which need no check.
CODES = ("signs", "polynomials")


def represented(
    inputs: int,
    active: int = 2,
    neurons: int | None = None,
    seed: int = 0,
    *,
    code: str = "signs",
    draws: int = 1,
) -> Construction:
    """A network e = C x, y = [C^T e above a level] that returns its inputs.

    Args:
        inputs: m, 2 or more.
        active: v, the largest number of active inputs.
        neurons: n; must be None for polynomials, whose size follows (L q), and given for signs.
        seed: of the signs.
        code: one of :data:`CODES`.
        draws: seeds tried, from ``seed`` upwards.

    Raises:
        InputError: numbers that do not fit.
        ProofError: no draw is exact; it says how far the best one came.
    """
    if inputs < 2:
        raise InputError(f"a representation needs 2 inputs or more, not {inputs}")
    if inputs > 1 << 14:
        raise InputError(
            f"{inputs:,} inputs are too many: all overlaps are looked at, at most {1 << 14:,} "
            "inputs; the size of the polynomial code follows from feature_polynomials"
        )
    require_active(active, inputs)
    if code not in CODES:
        raise InputError(f"unknown code '{code}'; use one of {', '.join(CODES)}")
    if (neurons is None) != (code == "polynomials"):
        raise InputError("give neurons for a code of signs, and none for one of polynomials")
    if draws < 1 or seed < 0 or (neurons is not None and neurons < 1):
        raise InputError("neurons and draws must be 1 or more, and the seed 0 or more")
    facts: dict[str, Any] = {"code": code}
    if neurons is None:
        sizes = feature_polynomials(inputs, active)
        facts |= {"field": sizes.field, "coefficients": sizes.coefficients, "places": sizes.places}
        drawn = [point_code(sizes, inputs).astype(np.int64)]
    else:
        drawn = [sign_code(neurons, inputs, seed + draw) for draw in range(draws)]
    best = -math.inf
    for draw, matrix in enumerate(drawn):
        low, high = linear_extremes(exact_product(matrix.T, matrix), np.arange(inputs), active)
        if low > high:
            facts |= {"draw": seed + draw, "least_true": low, "largest_false": high}
            return _construction(matrix, active, seed, facts)
        best = max(best, (low - high) / max(abs(low), abs(high), 1))
    raise ProofError(
        f"no exact code of {neurons} neurons was found for {inputs} inputs at {active} active: in "
        f"the best of {draws} the sides overlap by {abs(best):.1%}; give more neurons or more draws"
    )


def _construction(
    matrix: np.ndarray, active: int, seed: int, facts: dict[str, Any]
) -> Construction:
    inputs = matrix.shape[1]
    level = (facts["least_true"] + facts["largest_false"]) / 2
    # the hidden state must tell all inputs apart, and each number in it takes few values
    sets = sum(math.comb(inputs, size) for size in range(active + 1))
    values = 2 * active + 1 if facts["code"] == "signs" else active + 1
    bits = (sets - 1).bit_length() if sets.bit_length() < FEASIBLE_BITS else 0
    # the code is fixed; only the level is left
    of_level = max(round(2 * level).bit_length(), 1)
    matrices = (
        Matrix("code C", matrix.shape, "seed", 1, 0),
        Matrix("read-out, C transposed", matrix.shape[::-1], "seed", 1, 0),
        Matrix("level", (), "function", of_level, of_level),
    )
    return Construction(
        kind="representation",
        form="code",
        network=linear_network([matrix, matrix.T], active, level),
        specification=Specification(
            inputs,
            family=Family("and", np.arange(inputs)[:, None]),
            domain={"at_most": active},
        ),
        active=active,
        seed=seed,
        weight_bits=1,
        total_bits=of_level,
        lower_bound={
            "bits": 0,
            "state_bits": bits,
            "neurons": math.ceil(bits / math.log2(values)),
            "networks": f"hidden states tell all inputs apart, {values} values a neuron",
        },
        certified_how="complete criterion for linear read-outs on the stored integers "
        "(docs/circuits.md)",
        parameters=facts,
        matrices=matrices,
    )
