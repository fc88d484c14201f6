"""The checker reads sparse layers and families as it reads dense layers and formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.verify import recheck
from superproof.verify.family import Family
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

from .certificates import canonical


@given(st.sampled_from(["and", "or"]), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_both_forms_are_the_same_problem(kind: str, arity: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = [
        rng.integers(-2, 3, (3, 4)) * (rng.random((3, 4)) < 0.5),
        rng.integers(-1, 2, (2, 3)),
    ]
    biases = [rng.integers(-1, 2, 3), rng.integers(-1, 2, 2)]
    members = np.array([rng.choice(4, arity, replace=False) for _ in range(2)])
    family = Specification(4, family=Family(kind, members))
    sign = {"and": " & ", "or": " | "}[kind]
    formulas = Specification(4, [sign.join(f"x{i}" for i in row) for row in members])
    sparse = Network.from_arrays([scipy.sparse.csr_array(w) for w in weights], biases)
    one = recheck.Problem(canonical(Problem(sparse, family)))
    two = recheck.Problem(canonical(Problem(Network.from_arrays(weights, biases), formulas)))
    assert one.formulas == two.formulas
    assert one.layers == two.layers
    assert one.table() == two.table()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("indptr", [0, 1]),
        ("indptr", [0, 2, 1]),
        ("indptr", [1, 1, 2]),
        ("indptr", [0, 1, "2"]),
        ("indices", [0, 3]),
        ("indices", [-1, 1]),
        ("indices", [True, 1]),
        ("mantissas", [1]),
    ],
)
def test_damaged_rows_are_no_problem(key: str, value: list[Any]) -> None:
    weight = scipy.sparse.csr_array(np.eye(2, dtype=np.int64))
    problem = Problem(Network.from_arrays([weight]), Specification(2, ["x0", "x1"]))
    data = canonical(problem)
    del data["sha256"]
    recheck.Problem(data)
    data["network"]["layers"][0]["weight"][key] = value
    with pytest.raises(recheck.UnreadableError):
        recheck.recheck(data, b"")


def test_repeated_places_in_a_row_are_no_problem() -> None:
    weight = scipy.sparse.csr_array(np.array([[1, 1], [0, 1]]))
    data = canonical(Problem(Network.from_arrays([weight]), Specification(2, ["x0", "x1"])))
    del data["sha256"]
    data["network"]["layers"][0]["weight"]["indices"] = [1, 1, 1]
    with pytest.raises(recheck.UnreadableError, match="sparse rows"):
        recheck.recheck(data, b"")


def test_an_unknown_family_is_no_problem() -> None:
    family = Specification(2, family=Family("and", np.array([[0, 1]])))
    data = canonical(Problem(Network.from_arrays([np.ones((1, 2))]), family))
    del data["sha256"]
    data["specification"]["family"]["kind"] = "xor"
    with pytest.raises(recheck.UnreadableError):
        recheck.recheck(data, b"")
