"""Gates of every kind in superposition, compared with enumeration."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from superproof.constructions.gates import KINDS, random_gates, superposed_gates
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_right_on_every_input(kind: str) -> None:
    gates = random_gates(kind, 8, 12, 0)
    built = superposed_gates(8, gates, 48, 3, draws=6)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.holds
    assert verdict.margin == Fraction(built.parameters["margin"])
    report = built.report()
    assert report["neurons"] == 48
    assert report["total_bits"] >= report["lower_bound"]["bits"] > 0


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("and3", lambda x: all(x)),
        ("or2", lambda x: any(x)),
        ("and-not", lambda x: x[0] and not x[1]),
        ("majority3", lambda x: sum(x) >= 2),
        ("xor2", lambda x: sum(x) % 2 == 1),
        ("dnf3x2", lambda x: (x[0] and x[1]) or (x[2] and x[3]) or (x[4] and x[5])),
    ],
)
def test_kinds_say_what_their_names_say(kind: str, rule: Any) -> None:
    for gate in random_gates(kind, 9, 3, 2):
        names = gate.names()
        for bits in itertools.product([False, True], repeat=len(names)):
            assert gate.evaluate(dict(zip(names, bits, strict=True))) == rule(bits)


def test_random_gates_differ_and_can_be_all_there_are() -> None:
    assert len({str(gate) for gate in random_gates("and-not", 4, 12, 0)}) == 12
    assert len({str(gate) for gate in random_gates("dnf3x2", 6, 15, 0)}) == 15
    assert random_gates("xor2", 9, 5, 3) == random_gates("xor2", 9, 5, 3)


def test_gates_that_are_true_without_active_inputs() -> None:
    gates = ["~x0", "~(x1 | x2)", "x3 >> x4", "x0 ^ x1 ^ x2", "x4"]
    built = superposed_gates(5, gates, 16, 2, draws=5)
    assert check(built.network, built.specification, engine="enumerate", dtypes=()).holds


def test_gates_that_never_or_always_hold() -> None:
    for text in ("x0 & x1 & x2", "~(x0 & x1 & x2)"):
        built = superposed_gates(3, [text], 4, 2)
        assert check(built.network, built.specification, engine="enumerate", dtypes=()).holds


def test_only_the_square_matrix_knows_the_gates() -> None:
    gates = random_gates("and2", 8, 12, 0)
    one = superposed_gates(8, gates, 30, 2, 1).network
    two = superposed_gates(8, gates[::-1], 30, 2, 1).network
    assert np.array_equal(one.layers[0].weight, two.layers[0].weight)
    assert np.array_equal(one.layers[2].weight, two.layers[2].weight)
    assert not np.array_equal(one.layers[1].weight, two.layers[1].weight)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"active": 9}, "active must lie between 1 and the 8 inputs, not 9"),
        ({"neurons": 1}, "neurons must be 2 or more, not 1"),
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"bits": 25}, "bits must lie between 2 and 24, not 25"),
        ({"density": 0}, "density must lie between 0 and 1, not 0"),
        ({"unbiased": 2}, "unbiased must lie between 0 and 1, not 2"),
        ({"draws": 0}, "draws must be 1 or more, not 0"),
        ({"gates": ["x0 & x8"]}, "output 'y0': .*x8"),
        (
            {"inputs": 2000, "gates": ["x0"]},
            "domain at most 3 of 2,000 inputs is too large to train",
        ),
    ],
)
def test_bad_arguments(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"inputs": 8, "gates": ["x0 & x1"], "neurons": 8} | changes
    with pytest.raises(InputError, match=message):
        superposed_gates(**arguments)


def test_bad_kinds_and_sizes() -> None:
    with pytest.raises(InputError, match="unknown kind 'nand'; use one of and2, and3, or2"):
        random_gates("nand", 4, 2)
    with pytest.raises(InputError, match="dnf3x2 gates need 6 inputs or more"):
        random_gates("dnf3x2", 5, 2)
    with pytest.raises(InputError, match="4 inputs have 6 xor2 gates, not 7"):
        random_gates("xor2", 4, 7)
    with pytest.raises(ProofError, match="no exact network of 4 neurons was found for 12 gates"):
        superposed_gates(8, random_gates("xor2", 8, 12), 4, 3, draws=2)
