"""The gate: always clean where the clauses are conjunctions, and silent outside the clause."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from superproof import Network, Specification, check
from superproof.constructions.editing.draft import power_of_two_from
from superproof.constructions.editing.gate import gate_edit
from superproof.constructions.editing.target import RefusedError, Target
from superproof.verify.readout import Levels

from .exact_networks import exact_network, specifications, targets


@pytest.mark.parametrize("spec", specifications(), ids=str)
def test_every_clause_is_gated(spec: Specification) -> None:
    network = exact_network(spec, 5)
    points = np.concatenate(list(spec.domain.chunks()))[:256]
    low, high = spec.domain.values
    fed = np.where(points.astype(bool), high, low)
    for target in targets(spec):
        edit = gate_edit(network, target)
        assert edit.prove(threads=1).proved
        verdict = check(edit.network, target.remaining, engine="tree", count=True)
        assert verdict.violations == 0
        index = {n: i for i, n in enumerate(spec.inputs)}
        inside = [
            bool(target.formula.evaluate({n: bool(p[i]) for n, i in index.items()})) for p in points
        ]
        outside = ~np.array(inside)
        same = edit.network(fed[outside]) == network(fed[outside])
        assert same.all()


def test_opposite_literals_are_no_obstacle() -> None:
    spec = Specification(["a", "b"], {"y0": "a & b | ~a & ~b"})
    edit = gate_edit(exact_network(spec, 0), Target.parse("y0:0", spec))
    # the two clauses are never true together, so that one neuron suffices
    assert edit.added == 1
    assert edit.prove().proved


def deep(kinds: tuple[str, str]) -> Network:
    """y0 = a & b | c, y1 = ~a, through two hidden layers."""
    weights = [
        [[1, 1, 0], [0, 0, 1], [-1, 0, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[2, 2, 0], [0, 0, 2]],
    ]
    biases = [[-1, 0, 1], [0, 0, 0], [-1, -1]]
    return Network.from_arrays(
        [np.array(w, dtype=np.float32) for w in weights],
        [np.array(b, dtype=np.float32) for b in biases],
        [*kinds, "identity"],
    )


@pytest.mark.parametrize("kinds", list(itertools.product(["relu", "step"], repeat=2)))
def test_deeper_networks_with_two_levels(kinds: tuple[str, str]) -> None:
    spec = Specification(
        ["a", "b", "c"], {"y0": "a & b | c", "y1": "~a"}, readout=Levels(Fraction(1), Fraction(-1))
    )
    network = deep(kinds)
    assert check(network, spec).holds
    for target in targets(spec):
        edit = gate_edit(network, target)
        assert edit.prove().proved, target.name


def test_a_linear_layer_in_front_is_passed() -> None:
    spec = Specification(["a", "b"], {"y0": "a & b"})
    network = Network.from_arrays(
        [np.ones((1, 2), np.float32), np.ones((1, 1), np.float32), np.ones((1, 1), np.float32)],
        [[0], [-1], [0]],
        ["identity", "relu", "identity"],
    )
    edit = gate_edit(network, Target.parse("y0:0", spec))
    assert edit.prove().proved


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Network.from_arrays([np.ones((1, 2), np.float32)]), "no hidden layer of relu or step"),
        (
            Network.from_arrays(
                [np.ones((1, 2), np.float32), np.ones((1, 1), np.float32)],
                activations=["relu", "step"],
            ),
            "the outputs go through step",
        ),
    ],
)
def test_no_place_for_a_neuron(network: Network, reason: str) -> None:
    spec = Specification(["a", "b"], {"y0": "a & b"})
    with pytest.raises(RefusedError, match=reason):
        gate_edit(network, Target.parse("y0:0", spec))


def test_values_that_no_float_holds_are_refused() -> None:
    spec = Specification(["a", "b"], {"y0": "a & b"}, values=[0, Fraction(1, 3)])
    network = Network.from_arrays([np.ones((1, 2), np.float32), np.ones((1, 1), np.float32)])
    with pytest.raises(RefusedError, match="its bias -1/3 is no float32"):
        gate_edit(network, Target.parse("y0:0", spec))


def test_other_formulas_are_refused() -> None:
    spec = Specification(["a", "b", "c"], {"y0": "a & b | b ^ c"})
    network = Network.from_arrays([np.ones((1, 3), np.float32), np.ones((1, 1), np.float32)])
    with pytest.raises(RefusedError, match=r"y0:1 \(b \^ c\) is not a conjunction of literals"):
        gate_edit(network, Target.parse("y0:0", spec))


@pytest.mark.parametrize(
    ("least", "power"), [("1/3", 0.5), ("1", 1), ("5/4", 2), ("1/4", 0.25), ("1000", 1024)]
)
def test_powers_of_two(least: str, power: float) -> None:
    assert power_of_two_from(Fraction(least)) == power
