"""Counterexamples: really wrong, and the same whatever ran before."""

from __future__ import annotations

import numpy as np
import pytest

from superproof import Network, Specification, check
from superproof.empirics.training.counterexamples import ENUMERATED, USED, wrong_points


def random_network(inputs: int) -> Network:
    rng = np.random.default_rng(inputs)
    first, second = rng.standard_normal((8, inputs)), rng.standard_normal((1, 8))
    return Network.from_arrays([first.astype(np.float32), second.astype(np.float32)])


@pytest.mark.parametrize("inputs", [8, 16])
def test_points_are_wrong_and_do_not_depend_on_what_ran_before(inputs: int) -> None:
    spec = Specification(inputs, {"y0": "x0 & x1 | x2 & ~x3"})
    assert (spec.domain.candidates > ENUMERATED) == (inputs == 16)
    network = random_network(inputs)
    first = wrong_points(network, spec, np.random.default_rng(0))
    assert first is not None
    assert 0 < len(first) <= USED
    values = network.evaluate(first)
    read = np.array([[value > 0 for value in row] for row in values])
    assert (read != spec.expected(first)).all()
    # what other questions have loaded changes nothing
    for engine in ("tree", "enumerate"):
        check(network, spec, engine=engine)
    again = wrong_points(network, spec, np.random.default_rng(0))
    assert again is not None
    assert (again == first).all()


def test_a_right_network_has_none() -> None:
    network = Network.from_arrays([np.array([[1.0, 1.0]])], [np.array([-1.0])])
    spec = Specification(2, {"y0": "x0 & x1"})
    assert wrong_points(network, spec, np.random.default_rng(0)) is None
