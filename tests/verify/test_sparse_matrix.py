"""Sparse weights: one normal form, exact products, and networks that behave as their dense ones."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from superproof import InputError, Network, Problem, Specification, check
from superproof.verify import sparse_matrix
from superproof.verify.network import Layer
from superproof.verify.problem import canonical_network

from .. import strategies
from ..oracles import fraction_oracle as oracle

LAYOUTS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
ROOT = Path(__file__).resolve().parents[2]


def sparsened(network: Network) -> Network:
    """The same network with sparse layers; what scipy cannot hold is widened to float64."""
    layers = []
    for layer in network.layers:
        weight = layer.weight
        if weight.dtype.name not in ("float64", "float32", "int64", "int8"):
            weight = weight.astype(np.float64)
        layers.append(Layer(sparse.csr_array(weight), layer.bias, layer.activation))
    return Network(tuple(layers))


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_sparse_networks_are_their_dense_ones(data: st.DataObject) -> None:
    network = data.draw(strategies.networks(wild=True))
    same = sparsened(network)
    numbers = st.sampled_from([0, 1, 1, -1, Fraction(1, 3), 2.5, 1 << 70])
    row = st.lists(numbers, min_size=network.input_size, max_size=network.input_size)
    points = data.draw(st.lists(row, min_size=1, max_size=3))
    values = same.evaluate(points)
    for line, inputs in zip(values, points, strict=True):
        assert list(line) == oracle.forward(network, [Fraction(x) for x in inputs])
    for layer, other in zip(network.layers, same.layers, strict=True):
        assert layer.exact_weight.exponent == other.exact_weight.exponent
        assert np.array_equal(layer.exact_weight.mantissa, other.exact_weight.mantissa)
        assert other.entries == np.count_nonzero(layer.exact_weight.mantissa)
    # -0.0 is a zero like any other
    assert canonical_network(same.dense) == canonical_network(network)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "bool"])
def test_every_layout_has_one_normal_form(layout: str, dtype: str) -> None:
    dense = np.array([[0, 3, 0, 1], [0, 0, 0, 0], [2, 0, 1, 0]]).astype(dtype)
    made = sparse.csr_array(dense).asformat(layout)
    layer = Network.from_arrays([made]).layers[0]
    assert (layer.sparse, layer.weight.format, layer.weight.dtype) == (True, "csr", dense.dtype)
    assert layer.csr.indptr.tolist() == [0, 2, 2, 4]
    assert layer.csr.indices.tolist() == [1, 3, 0, 2]
    assert np.array_equal(layer.csr.data, dense[dense != 0])


def test_order_and_stored_zeros_leave_no_trace() -> None:
    straight = sparse.csr_array(np.array([[0, 2.0, 0, -1], [5, 0, 0, 0]]))
    parts = ([-1.0, 0.0, 2.0, 5.0, -0.0], [3, 0, 1, 0, 2], [0, 3, 5])
    crooked = sparse.csr_array(tuple(map(np.array, parts)), shape=(2, 4))
    one, other = (Network.from_arrays([matrix]) for matrix in (straight, crooked))
    assert canonical_network(one) == canonical_network(other)
    assert crooked.nnz == 5, "the matrix handed in is left alone"


def test_the_canonical_form() -> None:
    weight = sparse.csr_array(np.array([[0, 0.5, 0], [0, 0, 0], [3, 0, -1]]))
    data = canonical_network(Network.from_arrays([weight]))["layers"][0]
    assert data == {
        "activation": "identity",
        "shape": [3, 3],
        "weight": {
            "exponent": -1,
            "mantissas": [1, 6, -2],
            "indices": [1, 0, 2],
            "indptr": [0, 1, 1, 3],
        },
        "bias": {"exponent": 0, "mantissas": [0, 0, 0]},
    }
    dense = canonical_network(Network.from_arrays([weight.toarray()]))["layers"][0]
    assert sorted(dense["weight"]) == ["exponent", "mantissas"]


def test_the_hash_is_that_of_what_is_stored() -> None:
    weight = np.array([[1.0, 0, 1]])
    spec = Specification(3, ["x0 | x2"])
    stored = [Problem(Network.from_arrays([w]), spec) for w in (weight, sparse.csr_array(weight))]
    assert stored[0].sha256["network"] != stored[1].sha256["network"]
    assert stored[1].dense.sha256 == stored[0].sha256
    assert stored[0].dense is stored[0]


def test_sums_beyond_64_bits() -> None:
    """Partial sums that overflow int64, and mantissas that do not fit in it."""
    big = sparse.csr_array(np.full((2, 4), 2**62, dtype=np.int64))
    assert list(Network.from_arrays([big]).evaluate([1, 1, 1, 1])) == [2**64] * 2
    wide = sparse.csr_array(np.array([[1e300, 0, 5e-324], [0, 0, 0]]))
    network = Network.from_arrays([wide])
    assert list(network.evaluate([1, 1, -1])) == [Fraction(1e300) - Fraction(5e-324), 0]
    assert network.evaluate(np.zeros((0, 3))).shape == (0, 2)


@pytest.mark.parametrize("engine", ["auto", "enumerate", "tree", "z3"])
def test_every_engine_takes_a_small_sparse_network(engine: str) -> None:
    dense = Network.from_arrays([[[1, 1, 0], [0, 1, 1]], [[1, -1]]], [[-1, 0], [0]])
    same = sparsened(dense)
    spec = Specification(3, ["x0 & ~x2"])
    ours, theirs = (
        check(n, spec, engine=engine, count=True, margin=True, counterexamples=9)
        for n in (same, dense)
    )
    assert (ours.status, ours.violations, ours.margin) == ("violated", 2, theirs.margin)
    assert ours.counterexamples == theirs.counterexamples
    assert [e.statement for e in ours.executions] == [e.statement for e in theirs.executions]


def test_large_weights_are_never_made_dense() -> None:
    count = 100_000
    diagonal = sparse.dia_array((np.full((1, count), 0.75), [0]), shape=(count, count))
    network = Network.from_arrays([diagonal, diagonal], [np.full(count, -0.5), None])
    assert network.parameters == 4 * count
    point = np.zeros((1, count), dtype=np.uint8)
    point[0, 99] = 1
    spec = Specification(count, ["x0"] * count, domain="at most 1")
    values = Problem(network, spec).values(point)
    assert np.flatnonzero(values[0] != 0).tolist() == [99]
    assert values[0, 99] == Fraction(3, 16)
    words = r"100,000 x 100,000 is too large to be made dense \(at most 4,194,304 entries\)"
    for ask in (
        lambda: network.layers[0].exact_weight,
        lambda: network.dense,
        lambda: check(network, spec, engine="tree"),
        lambda: check(network, spec, engine="enumerate"),
    ):
        with pytest.raises(InputError, match=words):
            ask()


def test_only_other_formats_need_dense_weights(tmp_path: Path) -> None:
    tall = Network.from_arrays([sparse.csr_array((5_000, 1_000))])
    for name in ("model.onnx", "model.safetensors"):
        with pytest.raises(InputError, match=r"every file format but \.npz"):
            tall.save(tmp_path / name)
        small = Network.from_arrays([sparse.csr_array(np.array([[0, 0.5], [1, 0]]))])
        again = Network.load(small.save(tmp_path / name))
        assert canonical_network(again) == canonical_network(small.dense)
    assert Network.load(tall.save(tmp_path / "model.npz")).layers[0].entries == 0


def parts(**changes: Any) -> dict[str, Any]:
    """The parts of [[0, 2, 0], [1, 0, 3]], some of them changed."""
    whole: dict[str, Any] = {
        "data": np.array([2.0, 1.0, 3.0]),
        "indices": np.array([1, 0, 2]),
        "indptr": np.array([0, 1, 3]),
        "shape": (2, 3),
    }
    return whole | {name: np.array(value) for name, value in changes.items()}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"indptr": [0, 3]}, "indptr has 2 numbers; a weight of 2 rows needs 3"),
        ({"indices": [1, 0]}, "there are 3 data but 2 indices"),
        ({"indptr": [1, 1, 3]}, "indptr must rise from 0 to the number of data, 3"),
        ({"indptr": [0, 1, 2]}, "indptr must rise from 0 to the number of data, 3"),
        ({"indptr": [0, 4, 3]}, "indptr must rise from 0 to the number of data, 3"),
        ({"indices": [1, 0, 3]}, "row 1 has an entry in column 3, but there are 3 columns"),
        ({"indices": [-1, 0, 2]}, "row 0 has an entry in column -1"),
        ({"indices": np.array([1, 0, 2**64 - 1], dtype=np.uint64)}, "row 1 has an entry in column"),
        ({"indices": [1, 2, 2]}, "entry [1, 2] is stored twice"),
        ({"data": [2, np.nan, 3]}, "entry [1, 0] is nan; weights must be finite numbers"),
        ({"data": [np.inf, 1, 3]}, "entry [0, 1] is inf"),
        ({"data": [2j, 1, 3]}, "sparse weights of type complex128 are not supported"),
        ({"data": np.ones(3, dtype=np.longdouble)}, "are not supported; use float64"),
        ({"data": [[2, 1, 3]]}, "data must be a list of numbers, not of shape (1, 3)"),
        ({"indices": [1.0, 0, 2]}, "indices must be a list of integers, not float64"),
        ({"indptr": [[0, 1, 3]]}, "indptr must be a list of integers"),
    ],
)
def test_malformed_parts_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match="here: ") as error:
        sparse_matrix.from_parts(**parts(**changes), what="here")
    assert words in str(error.value)


def test_entries_stored_twice_are_refused_in_any_order() -> None:
    crossed = parts(data=[1.0, 2, 3, 4], indices=[2, 0, 2, 1], indptr=[0, 3, 4])
    with pytest.raises(InputError, match=r"weight: entry \[0, 2\] is stored twice"):
        sparse_matrix.from_parts(**crossed)
    twice = sparse.coo_array(([1.0, 1.0], ([0, 0], [1, 1])), shape=(1, 2))
    with pytest.raises(InputError, match=r"layer 0 weight: entry \[0, 1\] is stored twice"):
        Network.from_arrays([twice])


def test_narrow_floats_are_widened() -> None:
    matrix = sparse_matrix.from_parts(**parts(data=np.array([2, 1, 3], dtype=np.float16)))
    assert matrix.dtype == np.float32


def test_errors_of_sparse_layers_name_the_layer() -> None:
    with pytest.raises(InputError, match=r"layer 0 weight: must have shape \(out, in\), not \(3,"):
        Network.from_arrays([sparse.coo_array(np.array([1.0, 0, 1]))])
    eye = sparse.csr_array(np.eye(2))
    with pytest.raises(InputError, match="layer 1: the weight has 3 columns"):
        Network.from_arrays([eye, sparse.csr_array((1, 3))])
    with pytest.raises(TypeError, match="dense"):
        _ = Network.from_arrays([np.eye(2)]).layers[0].csr


def test_dense_networks_do_not_load_scipy() -> None:
    code = (
        "import sys; from superproof import Network; n = Network.from_arrays([[[1.0]]]);"
        "n.evaluate([1]); n.dense; assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_html_form_counts_nonzeros() -> None:
    assert "1 nonzeros" in Network.from_arrays([sparse.csr_array([[0, 2.0]])])._repr_html_()
