"""Numbers at the edges of float64: what the float search must not conclude."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.engines.branching import pursuit
from superproof.verify.engines.branching.float_network import FloatNetwork, float_network
from superproof.verify.engines.branching.sides import Frame
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.readout import Levels, Readout, Threshold
from superproof.verify.specification import Specification

from ....oracles import fraction_oracle as oracle
from ....oracles.agreement import disagreements, short_disagreements


@pytest.fixture(params=[0, 2, 10], ids=lambda leaf: f"leaf{leaf}", autouse=True)
def leaf(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Small leaves make small problems branch."""
    for purpose in pursuit.LEAF:
        monkeypatch.setitem(pursuit.LEAF, purpose, request.param)
    return int(request.param)


def agree(network: Network, specification: Specification) -> None:
    """The tree says what the oracle says, about everything that can be asked."""
    problem = Problem(network, specification)
    truth = oracle.answer(problem)
    assert disagreements(problem, "tree", truth) == []
    assert short_disagreements(problem, "tree", truth) == []


def floats(network: Network, readout: Readout | float = 0) -> FloatNetwork:
    """What the search computes with."""
    formulas = ["x0"] * network.output_size
    problem = Problem(network, Specification(network.input_size, formulas, readout=readout))
    frame = Frame.of(problem.specification.domain)
    return float_network(problem, frame.flips, 0)


def chain(*factors: float, bias: float = 0.0) -> Network:
    """x0 + x1 multiplied by the factors, one relu layer each, and an output weight of 1."""
    weights = [np.ones((1, 2)), *(np.full((1, 1), factor) for factor in factors), np.ones((1, 1))]
    biases = [np.zeros(1) for _ in weights]
    biases[-1][0] = bias
    return Network.from_arrays(weights, biases)


@pytest.mark.parametrize("odd", [0.0, 2.0**-52], ids=["units", "margin"])
@pytest.mark.parametrize("formula", ["false", "x0 | x1", "x0 & x1"])
@pytest.mark.parametrize("part", [Fraction(1, 2), Fraction(3, 2), Fraction(1)])
def test_coefficients_that_underflow_on_the_way_back(
    odd: float, formula: str, part: Fraction
) -> None:
    """Ten layers amplify by 2^59 and ten shrink by 2^-119: values are near 2^-600, but going
    back from the output the coefficients reach 2^-1190 before they are amplified."""
    network = chain(*[2.0**59 * (1 + odd)] * 10, *[2.0**-119] * 10)
    value = network.evaluate(np.array([1, 0]))[0]
    assert 0 < value < Fraction(1, 1 << 590)
    agree(network, Specification(2, [formula], readout=Threshold(value * part)))


def test_units_that_underflow_are_not_exact() -> None:
    assert floats(chain(*[2.0**20] * 2)).exact
    assert not floats(chain(*[2.0**59] * 10, *[2.0**-119] * 10)).exact
    assert not floats(chain(*[2.0**-119] * 10, *[2.0**59] * 10)).exact


@pytest.mark.parametrize("formula", ["false", "x0"])
@pytest.mark.parametrize("values", [(0, 1), (0, 2), (-1, 1)], ids=str)
def test_lost_weights_after_integer_layers_of_great_reach(
    formula: str, values: tuple[int, int]
) -> None:
    """Four layers of 53-bit integers reach 2^208; beside a weight of 1 the fifth has one of
    2^-1100, which is no float64, and a bias of half of what it contributes."""
    pair = np.diag([2.0**52, 1.0])
    weights = [pair] * 4 + [np.diag([2.0**-300, 2.0**800]), np.array([[1.0, 0.0]])]
    biases = [np.zeros(2)] * 4 + [np.array([-(2.0**-93), 0.0]), np.zeros(1)]
    agree(Network.from_arrays(weights, biases), Specification(2, [formula], values=values))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("formulas", [("true", "false", "true"), ("x0", "x1", "x2")], ids=str)
def test_margins_of_argmax_with_distant_biases(seed: int, formulas: tuple[str, ...]) -> None:
    """What one rival's constant teaches about the least margin must hold for all of them."""
    random = np.random.default_rng(seed)
    weights = [random.normal(size=(5, 6)), random.normal(size=(3, 5))]
    weights[1][2] *= 0.3
    biases = [random.normal(size=5), np.array([0.0, 1e5, 1e6])]
    if seed % 2:
        weights = [np.round(4 * weight) for weight in weights]
        biases = [np.round(bias) for bias in biases]
    network = Network.from_arrays(weights, biases)
    problem = Problem(network, Specification(6, list(formulas), readout="argmax"))
    verdict = check(network, problem.specification, engine="tree", margin=True)
    assert verdict.margin == oracle.answer(problem).margin


def test_forms_of_one_output_share_the_cut() -> None:
    """In searches for the margin the value of one form becomes the cut of the others."""
    network = Network.from_arrays([[[0.1, 0.2]], [[1.0]] * 3], [[0.3], [0.0, 1e5, 1e6]])
    made = floats(network, "argmax")
    for plus, minus in ((0, 1), (1, 0), (2, 1)):
        assert made.form(plus, minus, Fraction(0), False)[4] == 0
    assert made.form(0, -1, Fraction(10**9), False)[4] != 0


@pytest.mark.parametrize("activation", ["identity", "relu", "step"])
def test_weights_of_one_layer_beyond_all_bounds(activation: str) -> None:
    """A read-out weight that is no float64 leaves everything about its output undecided."""
    weight = [[0.0, 0.0, 2.0**-845, 2.0**733], [2.0**-830, 2.0**-950, 2.0**-335, -(2.0**539)]]
    network = Network.from_arrays([weight], [np.zeros(2)], [activation])
    for formulas in (["x3", "x2 & ~x3"], ["x3", "false"]):
        for readout in ("argmax", 0, Levels(Fraction(1, 1 << 1100), Fraction(0))):
            for domain in ("all", {"within": ["4 of 0011", "2 of 1111"]}):
                specification = Specification(4, formulas, domain=domain, readout=readout)
                agree(network, specification)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_magnitudes_beyond_float64_decide_nothing(sign: float) -> None:
    """Twenty layers of 2^59 leave the range of float64, whatever lies behind them."""
    network = chain(*[2.0**59] * 20, bias=sign)
    made = floats(network)
    assert not made.exact
    assert np.isinf(made.form(0, -1, Fraction(0), False)[2]).any()
    for formula in ("x0 | x1", "true", "false", "x0"):
        agree(network, Specification(2, [formula]))


@pytest.mark.parametrize("reach", [1.0, 2.0**-200, 2.0**-310, 2.0**-1000])
def test_steep_lines_of_step_neurons(reach: float) -> None:
    """A step neuron of small reach has a line too steep to be multiplied by what follows it."""
    weights = [np.array([[reach, -reach, reach]]), *[np.full((1, 1), 2.0**59)] * 6]
    biases = [np.array([-reach / 2]), *[np.zeros(1)] * 6]
    activations = ["step", *["relu"] * 5, "identity"]
    network = Network.from_arrays(weights, biases, activations)
    for formula in ("x0 & ~x1 | x2 & ~x1 | x0 & x2", "x0 & ~x1", "true"):
        for level in (0, Fraction(1 << 353), Fraction(1 << 354), Fraction(1 << 355)):
            agree(network, Specification(3, [formula], readout=Threshold(level)))


@pytest.mark.parametrize("level", [Fraction(1, 1 << 1100), -Fraction(1, 1 << 1100), Fraction(0)])
def test_levels_below_the_least_float(level: Fraction) -> None:
    """Both neurons are off at some inputs, where only the sign of the level decides."""
    network = Network.from_arrays([[[0.1, -0.3], [0.7, 0.2]], [[0.3, 1e-9]]], [[-0.5, -1.5], [0.0]])
    for formula in ("true", "false", "x0"):
        agree(network, Specification(2, [formula], readout=Threshold(level)))
        levels = Levels(level, level - Fraction(1, 1 << 1200))
        agree(network, Specification(2, [formula], readout=levels))


def test_processors_that_flush_to_zero_are_refused() -> None:
    """Also where the mode was changed after the network had been read."""
    torch = pytest.importorskip("torch")
    network = chain(0.1)
    specification = Specification(2, ["x0 | x1"])
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush to zero")
    try:
        with pytest.raises(InputError, match="subnormal"):
            check(network, specification, engine="tree")
    finally:
        torch.set_flush_denormal(False)
    assert check(network, specification, engine="tree").status == "holds"


def test_bounds_grow_with_what_they_cover() -> None:
    """Errors are 0 for units, relative for floats, and pay for underflow at any magnitude."""
    assert not floats(chain(0.5)).layers.error.any()
    plain = floats(chain(0.1)).layers.error
    assert (plain > 2.0**-50).all()
    assert (plain < 2.0**-35).all()
    far = floats(chain(2.0**59, 2.0**59 * 1.1, 2.0**-119)).layers.error[-1, 0]
    assert math.isfinite(far)
    assert far > 2.0**-900 * 2.0**118
