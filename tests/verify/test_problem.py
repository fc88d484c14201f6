"""Problems: fitting sizes, exact margins, and hashes that depend on the function alone."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings

from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.problem import FORMAT, Problem, canonical_network, digest
from superproof.verify.readout import Levels
from superproof.verify.specification import Specification

from .. import strategies

WEIGHTS = [[[0.5, -3, 0], [1, 2, 0.25]], [[1, -1]]]
BIASES = [[-1, 0], [0.5]]


def stored(*dtypes: Any, weights: Any = WEIGHTS, biases: Any = BIASES, **options: Any) -> Network:
    """The example network with each layer in the given type."""
    return Network.from_arrays(
        [np.array(w).astype(d) for w, d in zip(weights, dtypes, strict=True)],
        [np.array(b).astype(d) for b, d in zip(biases, dtypes, strict=True)],
        **options,
    )


def network_hash(network: Network) -> str:
    return digest(canonical_network(network))


@pytest.mark.parametrize(
    "dtypes",
    [
        ("float32", "float32"),
        ("float16", "float64"),
        ("float64", "float16"),
        (ml_dtypes.bfloat16, "float32"),
        (object, object),
    ],
    ids=str,
)
def test_one_function_one_hash(dtypes: tuple[Any, Any]) -> None:
    assert network_hash(stored(*dtypes)) == network_hash(stored("float64", "float64"))


def test_integers_hash_like_floats() -> None:
    weights = np.array([[3, -128], [0, 64]])
    hashes = {
        network_hash(Network.from_arrays([weights.astype(dtype)]))
        for dtype in ("int8", "int64", "float16", "float64")
    }
    assert len(hashes) == 1


def test_a_rounded_weight_changes_the_hash() -> None:
    double = Network.from_arrays([np.array([[0.1]])])
    single = Network.from_arrays([np.array([[0.1]], dtype=np.float32)])
    assert network_hash(double) != network_hash(single)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [[[0.5, -3, 0], [1, 2, 0.25 + 2**-40]], [[1, -1]]]},
        {"weights": [[[0.5, -3, 0], [1, 2, 0.25]], [[-1, 1]]]},
        {"weights": [[[1, 2, 0.25], [0.5, -3, 0]], [[1, -1]]]},
        {"weights": [[[1, -6, 0], [2, 4, 0.5]], [[1, -1]]]},
        {"biases": [[-1, 0], [0.25]]},
        {"activations": ["step", "identity"]},
        {"activations": ["relu", "relu"]},
    ],
    ids=str,
)
def test_any_change_changes_the_hash(change: dict[str, Any]) -> None:
    changed = stored("float64", "float64", **change)
    assert network_hash(changed) != network_hash(stored("float64", "float64"))


def test_shapes_are_hashed() -> None:
    """Equal mantissas in another arrangement."""
    wide, tall = np.zeros((2, 3)), np.zeros((3, 2))
    one = Network.from_arrays([wide, np.zeros((1, 2))])
    other = Network.from_arrays([tall, np.zeros((1, 3))])
    assert network_hash(one) != network_hash(other)


def test_specification_and_domain_hashes() -> None:
    network = Network.from_arrays([[[1, 1]]])

    def hashes(**options: Any) -> dict[str, str]:
        formula = options.pop("formula", "x0 & x1")
        return Problem(network, Specification(2, [formula], **options)).sha256

    base = hashes()
    assert base == hashes(formula="  (x0) & x1 ")
    assert base == hashes(domain="at most 2")
    for options in ({"formula": "x0 | x1"}, {"readout": 1}, {"readout": Levels(2, 1)}):
        changed = hashes(**options)
        assert changed["specification"] != base["specification"]
        assert (changed["network"], changed["domain"]) == (base["network"], base["domain"])
    for options in ({"domain": "at most 1"}, {"values": [-1, 1]}, {"domain": "where x0"}):
        changed = hashes(**options)
        assert changed["domain"] != base["domain"]
        assert changed["specification"] == base["specification"]


def test_the_order_of_listed_points_does_not_matter() -> None:
    network = Network.from_arrays([[[1, 1]]])
    hashes = {
        Problem(network, Specification(2, ["x0"], domain={"points": points})).sha256["domain"]
        for points in (["01", "10"], ["10", "01", "10"])
    }
    assert len(hashes) == 1


#: SHA-256 of the canonical texts below, taken with sha256sum.
HASHES = {
    "network": "2cca9422bf04e01ca086cd8fca9400d58351c9b45266afc0593d40610066017e",
    "specification": "922696732c0bc29617a91dd5d467efd279dddc10e68c30318d7e4b3edd6fa808",
    "domain": "2be90176370f360291e0109cc090af55bb97aa08d1ac40a7d7cd3b619277f1a3",
}


def test_hashes_are_fixed_forever() -> None:
    """The canonical form is a file format: these change only with its version number."""
    problem = Problem(
        Network.from_arrays([[[1, 0.5]], [[-2]]], [[-1], None]),
        Specification(["a", "b"], {"y": "a & ~b"}, domain="at most 1", readout="1/3"),
    )
    assert FORMAT == "superproof-problem-1"
    assert problem.canonical() == {
        "format": FORMAT,
        "network": {
            "layers": [
                {
                    "activation": "relu",
                    "shape": [1, 2],
                    "weight": {"exponent": -1, "mantissas": [2, 1]},
                    "bias": {"exponent": 0, "mantissas": [-1]},
                },
                {
                    "activation": "identity",
                    "shape": [1, 1],
                    "weight": {"exponent": 1, "mantissas": [-1]},
                    "bias": {"exponent": 0, "mantissas": [0]},
                },
            ]
        },
        "specification": {
            "inputs": ["a", "b"],
            "outputs": ["y"],
            "formulas": [["and", 0, ["not", 1]]],
            "readout": {"kind": "threshold", "threshold": "1/3"},
        },
        "domain": {"values": ["0", "1"], "cardinality": [0, 1]},
        "sha256": problem.sha256,
    }
    assert problem.sha256 == HASHES


@settings(deadline=None, max_examples=100)
@given(strategies.problems(max_inputs=4))
def test_canonical_data_is_plain_json(problem: Problem) -> None:
    data = problem.canonical()
    assert json.loads(json.dumps(data)) == data
    assert {key: digest(data[key]) for key in problem.sha256} == problem.sha256


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3), "the network has 3 inputs, but the specification names 2"),
        ((2, 2), "the network has 2 outputs, but the specification names 1"),
    ],
)
def test_sizes_that_do_not_fit(shape: tuple[int, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Problem(Network.from_arrays([np.ones(shape)]), Specification(2, ["x0"]))


def test_values_and_margins_with_other_input_values() -> None:
    specification = Specification(2, ["x0 & x1"], values=["1/3", "2/3"], readout=1)
    problem = Problem(Network.from_arrays([[[1, 1]]]), specification)
    points = np.array([[0, 0], [0, 1], [1, 1]], dtype=np.uint8)
    thirds = [Fraction(2, 3), Fraction(1), Fraction(4, 3)]
    assert list(problem.values(points)[:, 0]) == thirds
    margins, violated = problem.margins(points)
    assert list(margins[:, 0]) == [Fraction(1, 3), 0, Fraction(1, 3)]
    assert not violated.any()
