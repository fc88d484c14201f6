"""No bound enters the catalogue unchecked: every value, pair, inverse and order has its test."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from superproof.theory import BOUNDS

from . import test_growth, test_inverse, test_order
from .direct import CHECKED, checks

for _file in sorted(Path(__file__).parent.glob("test_*.py")):
    importlib.import_module(f"{__package__}.{_file.stem}")


@pytest.mark.parametrize("bound", [b for b in BOUNDS if b.has_value], ids=lambda b: b.name)
def test_every_value_is_compared_with_something_independent(bound: object) -> None:
    name = bound.name  # type: ignore[attr-defined]
    assert CHECKED.get(name), f"no test is marked @checks('{name}')"


def test_every_comparable_pair_is_compared() -> None:
    compared = {(lower.name, upper.name) for lower, upper in test_order.PAIRS}
    for lower in BOUNDS:
        for upper in BOUNDS:
            if (lower.direction, upper.direction) != ("lower", "upper"):
                continue
            if not (lower.exactness == upper.exactness == "exact"):
                continue
            if (lower.task, lower.quantity, lower.form) == (upper.task, upper.quantity, upper.form):
                assert (lower.name, upper.name) in compared | set(test_order.INCOMPARABLE)


def test_every_direction_is_inverted() -> None:
    inverted = {(bound.name, target) for bound, target in test_inverse.SOLVABLE}
    assert inverted == {(b.name, m.parameter) for b in BOUNDS for m in b.monotone}


def test_every_confirmed_order_is_measured() -> None:
    stated = {(bound.name, order) for bound in BOUNDS for order in bound.confirms}
    assert stated == {(b, order) for b, order, *_ in test_growth.GROWTH}
    orders = {bound.name for bound in BOUNDS if not bound.has_value}
    assert orders == {order for _, order in stated} | set(test_growth.UNCONFIRMED)


def test_a_check_must_evaluate_what_it_names() -> None:
    with pytest.raises(ValueError, match="no such bounds"):
        checks("no-such-bound")

    def idle() -> None:
        pass

    before = {name: list(tests) for name, tests in CHECKED.items()}
    with pytest.raises(AssertionError, match="never evaluated"):
        checks("star-and-bits")(idle)()
    CHECKED.clear()
    CHECKED.update(before)
