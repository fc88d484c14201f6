"""Counterexamples: really wrong, and the same whatever ran before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from superproof import Network, Specification, check
from superproof.empirics.training.counterexamples import ENUMERATED, USED, wrong_points
from superproof.verify.engines.branching import pursuit


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


def test_points_do_not_depend_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # a network that is wrong on many inputs, and only here and there
    spec = Specification(16, {"y0": "x0 & x1 & x2 | x3 & ~x4 & x5"})
    rng = np.random.default_rng(3)
    network = Network.from_arrays(
        [rng.standard_normal((6, 16)), rng.standard_normal((4, 6)), rng.standard_normal((1, 4))],
    )
    found = []
    for tick in (0.0, 1e-5, 0.01, 5.0):
        ticks = itertools.count()
        monkeypatch.setattr(pursuit.time, "perf_counter", lambda t=tick, c=ticks: t * next(c))
        points = wrong_points(network, spec, np.random.default_rng(0))
        assert points is not None
        assert len(points) == USED
        found.append(points.tobytes())
    assert len(set(found)) == 1


def test_a_right_network_has_none() -> None:
    network = Network.from_arrays([np.array([[1.0, 1.0]])], [np.array([-1.0])])
    spec = Specification(2, {"y0": "x0 & x1"})
    assert wrong_points(network, spec, np.random.default_rng(0)) is None
