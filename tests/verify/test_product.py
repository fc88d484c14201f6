"""Product networks: their violations are the inputs that two networks read differently."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from superproof.verify.check import check
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.product import difference
from superproof.verify.readout import Argmax, Levels, Readout, Threshold
from superproof.verify.specification import Specification

KINDS = st.lists(st.sampled_from(["relu", "step", "identity"]), min_size=0, max_size=3)
READOUTS = [
    Threshold(),
    Threshold(Fraction(1, 3)),
    Levels(Fraction(1), Fraction(-1, 5)),
    Argmax(),
]


def network(kinds: list[str], last: str, outputs: int, seed: int, dtype: str) -> Network:
    """Small integers or halves: ties and equal values are frequent."""
    random = np.random.default_rng(seed)
    sizes = [4, *random.integers(1, 4, size=len(kinds)), outputs]
    weights = [
        (random.integers(-2, 3, size=(b, a)) / 2).astype(dtype)
        if "float" in dtype
        else random.integers(-2, 3, size=(b, a)).astype(dtype)
        for a, b in itertools.pairwise(sizes)
    ]
    biases = [random.integers(-1, 2, size=b).astype(dtype) for b in sizes[1:]]
    return Network.from_arrays(weights, biases, [*kinds, last])


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(
    st.tuples(KINDS, KINDS),
    st.tuples(*[st.sampled_from(["identity", "identity", "relu", "step"])] * 2),
    st.sampled_from(READOUTS),
    st.integers(0, 1000),
    st.tuples(*[st.sampled_from(["float32", "float64", "float16", "int64", "int8"])] * 2),
    st.booleans(),
)
def test_violations_are_the_differences(
    kinds: tuple[list[str], list[str]],
    last: tuple[str, str],
    readout: Readout,
    seed: int,
    dtypes: tuple[str, str],
    limited: bool,
) -> None:
    a, b = (
        network(k, z, 2, seed + i, d)
        for i, (k, z, d) in enumerate(zip(kinds, last, dtypes, strict=True))
    )
    specification = Specification(
        4, ["x0", "x1"], domain="at most 3" if limited else "all", readout=readout
    )
    problem = difference(a, b, specification)
    points = np.concatenate(list(specification.domain.chunks()))
    said = [[readout.reads(row) for row in n.evaluate(points.astype(np.int64))] for n in (a, b)]
    differs = sum(x != y for x, y in zip(*said, strict=True))
    only_a = sum(x[0] is True and y[0] is not True for x, y in zip(*said, strict=True))
    _, violated = problem.margins(points)
    assert int(violated.any(axis=1).sum()) == differs
    assert int(violated[:, 0].sum()) == only_a
    assert problem.specification.outputs[0] == "y0 by A only"


@pytest.mark.parametrize("engine", ["enumerate", "tree", "z3"])
def test_every_engine_counts_differences(engine: str) -> None:
    a = network(["relu"], "identity", 2, 3, "float32")
    b = network(["relu", "relu"], "identity", 2, 5, "float32")
    problem = difference(a, b, Specification(4, ["x0", "x1"]))
    verdict = check(problem.network, problem.specification, engine=engine, count=True)
    assert verdict.status == "violated"
    other = check(problem.network, problem.specification, engine="enumerate", count=True)
    assert verdict.violations == other.violations
    assert verdict.violations_by_output == other.violations_by_output


def test_a_network_agrees_with_itself_on_other_values() -> None:
    a = network(["relu"], "identity", 2, 3, "float32")
    specification = Specification(4, ["x0", "x1"], values=(-1, 1))
    problem = difference(a, a, specification)
    assert check(problem.network, problem.specification).holds


def test_refused() -> None:
    a, b = (network([kind], "identity", 2, 3, "float32") for kind in ("relu", "step"))
    with pytest.raises(InputError, match="can only be compared on inputs 0 and 1, not -1 and 1"):
        difference(a, b, Specification(4, ["x0", "x1"], values=(-1, 1)))
    with pytest.raises(InputError, match="network A has 4 inputs, the specification 5"):
        difference(network([], "identity", 2, 0, "int8"), a, Specification(5, ["x0", "x1"]))
