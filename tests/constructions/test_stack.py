"""Clean layers and stacks: exact states, closure, and circuits compared with enumeration."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from superproof.constructions.circuit import Circuit, all_states, triangle_circuit
from superproof.constructions.clean_layer import clean_layer
from superproof.constructions.construction import SPECIFICATION_FILE
from superproof.constructions.linear_separation import separate
from superproof.constructions.patterns import pattern
from superproof.constructions.stack import exact_margin, rearrangements, superposed_circuit
from superproof.constructions.state_code import confused, covered, state_code, states
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError
from superproof.verify.network import Network
from superproof.verify.specification import Specification

DENSE = Circuit(12, [pattern("random", 12, 60, 0)])
SMALL = Circuit(8, [pattern("random", 8, 10, 0)])


def test_codewords_share_at_most_one_neuron_and_loads_are_even() -> None:
    code = state_code(30, 25, 3, 1)
    overlaps = code.T.astype(int) @ code.astype(int)
    assert (np.diag(overlaps) == 3).all()
    assert (overlaps - np.diag(np.diag(overlaps))).max() <= 1
    assert code.sum(axis=1).max() - code.sum(axis=1).min() <= 2
    assert not covered(code, all_states(25, 2))


def test_states_that_coincide_or_hide_a_feature_are_counted() -> None:
    # a cycle of four: two opposite edges are the same state, and cover the other two
    code = np.array([[1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)
    points = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0]], dtype=bool)
    assert covered(code, points) == 2
    assert confused(code, points, points) == 1
    assert confused(code, points, np.zeros((3, 1), dtype=bool)) == 0
    assert states(code, points).sum(axis=1).tolist() == [4, 4, 2]


@pytest.mark.parametrize(("active", "neurons", "weight"), [(2, 26, 2), (3, 34, 3)])
def test_a_clean_layer_gives_the_code_of_its_gates(active: int, neurons: int, weight: int) -> None:
    points = all_states(8, active)
    targets = SMALL.values(0, points)
    layer = clean_layer(points, targets, state_code(neurons, 8, weight, 0), weight)
    assert layer.wrong(points, targets) == 0
    before = states(layer.code, points).astype(int)
    u = np.maximum(before @ layer.mixing.T - 1, 0) @ layer.weights.T + layer.bias
    after = np.maximum(u + 1, 0) - np.maximum(u, 0)
    assert np.array_equal(after, states(layer.next_code, targets))
    assert np.array_equal(targets, points[:, [p[0] for p in pattern("random", 8, 10, 0)]]
                          & points[:, [p[1] for p in pattern("random", 8, 10, 0)]])  # fmt: skip
    worse = type(layer)(layer.code, layer.next_code, layer.mixing, layer.weights,
                        layer.bias - 100_000, 0, 0)  # fmt: skip
    assert worse.wrong(points, targets) == targets.any(axis=1).sum()


@pytest.mark.parametrize("activation", ["relu", "step"])
def test_a_stack_computes_its_circuit_on_every_input(activation: str, tmp_path: Any) -> None:
    circuit = triangle_circuit(9, 4, 3, 0)
    built = superposed_circuit(circuit, 40, 3, draws=5, activation=activation)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.holds
    assert verdict.margin == Fraction(built.parameters["margin"]) == Fraction(1, 2)
    assert built.parameters["ever_true"][1:] == list(circuit.sizes[1:])
    assert built.parameters["most_true"] == [3, 3, 3, 3]
    units = 11 if activation == "relu" else 7
    assert built.neurons == units * 40
    built.write(tmp_path)
    loaded = Specification.load(tmp_path / SPECIFICATION_FILE)
    assert check(Network.load(tmp_path / "network.onnx"), loaded, dtypes=()).holds
    report = built.report()
    assert report["total_bits"] >= report["lower_bound"]["bits"]


def test_layers_proved_on_all_states_follow_one_another() -> None:
    first, second = (Circuit(9, [pattern("random", 9, 9, seed)]) for seed in (0, 1))
    points = all_states(9, 3)
    code = state_code(36, 9, 3, 0)
    one = clean_layer(points, first.values(0, points), code, 3, 0)
    two = clean_layer(points, second.values(0, points), one.next_code, 3, 0)
    features = first.values(0, points)
    after = two.step(one.step(states(code, points)))
    assert np.array_equal(after, states(two.next_code, second.values(0, features)))


def test_scope_all_serves_states_that_no_input_leads_to() -> None:
    circuit = Circuit(6, [pattern("random", 6, 6, 0), pattern("random", 6, 6, 1)])
    built = superposed_circuit(circuit, 34, 3, scope="all", draws=6)
    assert "all sets" in built.certified_how
    assert check(built.network, built.specification, engine="enumerate", dtypes=()).holds


def test_other_gates_than_ands() -> None:
    gates = ["x0 ^ x1", "x2 & ~x3", "majority(x0, x3, x4)", "x1 | x4", "~x2"]
    circuit = Circuit(5, [gates, ["x0 & x1", "x2 >> x3", "x4 ^ x0"]])
    built = superposed_circuit(circuit, 45, 2, weights=[3, 4, 4], draws=8)
    verdict = check(built.network, built.specification, engine="enumerate", dtypes=())
    assert verdict.holds
    points = all_states(5, 5)
    by_formula = Specification(5, circuit.formulas).expected(points.astype(np.uint8))
    assert np.array_equal(by_formula, circuit.trace(points)[-1])


def test_triangles_keep_three_gates_true_at_every_depth() -> None:
    circuit = triangle_circuit(8, 6, 4, 3)
    values = circuit.trace(all_states(8, 3))
    assert all(layer.any(axis=0).all() for layer in values)
    assert all(layer.sum(axis=1).max() <= 3 for layer in values)


def test_sets_of_features_are_all_there() -> None:
    rows = all_states(6, 3)
    expected = {c for size in range(4) for c in itertools.combinations(range(6), size)}
    assert {tuple(np.flatnonzero(row)) for row in rows} == expected
    assert len(rows) == len(expected)


def test_the_exact_margin_is_that_of_the_engine() -> None:
    rng = np.random.default_rng(0)
    network = Network.from_arrays(
        [rng.integers(-3, 4, (5, 4)), rng.integers(-3, 4, (2, 5))], [np.ones(5), [0.5, -1.5]]
    )
    specification = Specification(4, ["x0 & x1", "x2 ^ x3"])
    inputs = np.concatenate(list(specification.domain.chunks()))
    margin = exact_margin(network, inputs, specification.expected(inputs).astype(bool))
    assert margin == check(network, specification, margin=True, dtypes=()).margin


def test_separation_finds_what_there_is_and_reports_what_there_is_not() -> None:
    points = all_states(4, 4).astype(float)
    features = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    targets = np.stack([points.sum(axis=1) >= 2, points.sum(axis=1) % 2 == 1], axis=1)
    found = separate(features, targets)
    assert found.unseparated == 1
    values = features @ found.weights[0]
    assert values[targets[:, 0]].min() > values[~targets[:, 0]].max()
    assert separate(features, targets, steps=0).steps == 0


def test_orders_of_outputs_are_counted_without_equal_ones() -> None:
    columns = np.array([[1, 0, 0], [0, 1, 1]], dtype=bool)
    assert rearrangements(columns).exact() == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"active": 0}, "active must lie between 1 and the 8 inputs, not 0"),
        ({"neurons": 1}, "neurons must be 2 or more, draws 1 or more"),
        ({"scope": "some"}, "unknown scope 'some'; use one of reached, all"),
        ({"activation": "tanh"}, "unknown activation 'tanh'; use relu or step"),
        ({"weights": [2]}, r"weights: give 2 numbers of ones, 1 or more, .* not \[2\]"),
        ({"density": 1.0}, "density must lie between 0 and 1, not 1.0"),
        ({"bits": 1}, "bits must lie between 2 and 24, not 1"),
        ({"neurons": 4}, "4 neurons hold 1 of 8 codewords of 3 ones"),
        ({"weights": [50, 2]}, "codewords of 50 ones need 50 neurons, not 40"),
    ],
)
def test_bad_arguments(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"circuit": SMALL, "neurons": 40} | changes
    with pytest.raises(InputError, match=message):
        superposed_circuit(**arguments)


@pytest.mark.parametrize(
    ("inputs", "layers", "message"),
    [
        (0, [["x0"]], "a circuit needs inputs, up to 1,000,000, not 0"),
        (2, [], "a circuit needs at least one layer"),
        (2, [[]], "layer 0: expected a list of gates"),
        (2, [["x0"], ["x1"]], "layer 1, gate 0: .*x1"),
        (2, [np.array([[0, 2]])], "layer 0: pairs: row 0 is"),
        (2, [["x0 &"]], "layer 0, gate 0: "),
    ],
)
def test_bad_circuits(inputs: int, layers: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Circuit(inputs, layers)


def test_circuits_that_are_too_large() -> None:
    chain = Circuit(1, [["x0 ^ x0 & x0"]] * 30)
    with pytest.raises(InputError, match="symbols; at most 2,000,000 are handled"):
        chain.formulas  # noqa: B018
    wide = Circuit(3000, [np.array([[0, 1]])])
    with pytest.raises(InputError, match="are too many to train on with 10 neurons"):
        superposed_circuit(wide, 10)
    with pytest.raises(InputError, match="targets are too many to train on"):
        separate(np.zeros((1 << 20, 1)), np.zeros((1 << 20, 129), dtype=bool))
    with pytest.raises(InputError, match="4 inputs have 4 triangles, not 5"):
        triangle_circuit(4, 5, 1)
    with pytest.raises(InputError, match="a triangle circuit needs 3 inputs"):
        triangle_circuit(2, 1, 1)
    with pytest.raises(InputError, match="a code needs features and ones, not 3 with 0 each"):
        state_code(4, 3, 0)


def test_too_few_neurons_and_codes_that_hide_outputs() -> None:
    with pytest.raises(ProofError, match=r"layer 0: no exact clean layer .* \(the last of 2 draws"):
        superposed_circuit(DENSE, 26, 3, weights=[3, 3], draws=2)
    # two pairs of opposite edges of a square are one state
    code = np.array([[1, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)
    points = all_states(4, 2)
    with pytest.raises(ProofError, match="1 states stand for two sets of features"):
        clean_layer(points, points[:, :1] & points[:, 2:3], code, 1)
    with pytest.raises(ProofError, match="the last states hide"):
        superposed_circuit(DENSE, 56, 3, weights=[2, 2])
