"""No construction is smaller than a lower bound for the same networks at the same precision."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.theory import BOUNDS, Bound, Enclosure, RegimeError, table
from superproof.theory.catalog import middle

from .test_catalog import INSTANCE
from .test_formulas import OTHER

PAIRS = [
    (lower, upper)
    for lower in BOUNDS
    for upper in BOUNDS
    if (lower.direction, upper.direction) == ("lower", "upper")
    and lower.exactness == upper.exactness == "exact"
    and (lower.task, lower.quantity, lower.form) == (upper.task, upper.quantity, upper.form)
]


def test_the_pairs_are_those_we_know() -> None:
    found = {lower.task for lower, _ in PAIRS}
    wanted = "pairwise-and k-and permutation representation overlap relational-graph"
    assert {*wanted.split(), "permutation-graph", "softmax"} == found


def _ordered(values: dict[str, Any]) -> int:
    """Compare every pair on one instance; returns how many were comparable there."""
    compared = 0
    for lower, upper in PAIRS:
        try:
            instance = upper.instance(**values)
            high = upper.on(instance)
            bits = upper.bits_on(instance)
            own = dict(values)
            for name in ("bits", "active_bits"):
                if any(p.name == name for p in lower.parameters):
                    if bits is None:
                        raise RegimeError("real weights")
                    own[name] = bits
            low = lower.evaluate(**own)
        except RegimeError:
            continue
        compared += 1
        assert _low(low) <= _high(high), (lower.name, upper.name, values)
    return compared


def _low(value: Any) -> Any:
    return value.low if isinstance(value, Enclosure) else value


def _high(value: Any) -> Any:
    return value.high if isinstance(value, Enclosure) else value


def test_on_the_reference_instances() -> None:
    assert _ordered(INSTANCE) >= 15
    assert _ordered(OTHER) >= 12


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_on_drawn_instances(data: st.DataObject) -> None:
    draw = data.draw
    inputs = draw(st.integers(2, 60))
    arity = draw(st.integers(1, min(4, inputs)))
    items = draw(st.integers(1, 80))
    features = draw(st.integers(2, 300))
    values = {
        "inputs": inputs,
        "arity": arity,
        "outputs": draw(st.integers(1, max(1, math.comb(inputs, 2)))),
        "active": draw(st.integers(2, 3)),
        "failure_odds": draw(st.integers(2, 50)),
        "items": items,
        "embedding_dim": draw(st.sampled_from([items, draw(st.integers(2, 40))])),
        "edges": draw(st.integers(1, items**2)),
        "heads": draw(st.integers(1, 8)),
        "features": features,
        "neurons": draw(st.integers(1, features)),
        "gap": Fraction(draw(st.integers(1, 30)), 10),
        "context": draw(st.integers(1, 500)),
        "error": Fraction(1, draw(st.integers(2, 1000))),
    }
    # searches over two grids are slow; one active input takes one
    if draw(st.booleans()):
        values["active"] = 1
    else:
        values["inputs"] = min(inputs, 12)
    assert _ordered(values) >= 4


def test_ratios_of_proved_bounds_are_at_least_one() -> None:
    for task, sizes in (
        ("pairwise-and", {"inputs": 100, "outputs": 900}),
        ("permutation", {"inputs": 100, "active": 1}),
        ("permutation-graph", {"items": 100, "embedding_dim": 100}),
        ("representation", {"inputs": 100}),
    ):
        rows = [r for r in table(task, **sizes) if r.bound.exactness == "exact" and r.ratio]
        assert rows
        for row in rows:
            assert row.against is not None
            assert row.value is not None
            assert row.ratio is not None
            assert middle(row.value) >= middle(row.against)
            assert row.ratio >= 1


def test_bounds_without_a_partner_are_known() -> None:
    def named(bounds: list[Bound]) -> set[str]:
        return {b.name for b in bounds}

    uppers = named([b for b in BOUNDS if b.direction == "upper" and b.exactness == "exact"])
    paired = named([upper for _, upper in PAIRS])
    assert uppers - paired == {
        "representation-one-input",
        "distances",
        "softmax-gap-degree",
        "sign-sum-hoeffding",
        "binomial-chernoff",
        "dimensionality-sum",
    }
