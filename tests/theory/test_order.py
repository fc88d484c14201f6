"""No construction is smaller than a lower bound for the same networks at the same precision."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from superproof.theory import BOUNDS, Bound, Enclosure, RegimeError, table
from superproof.theory.catalog import middle

from .test_catalog import INSTANCE
from .test_formulas import OTHER

_SAME = [
    (lower, upper)
    for lower in BOUNDS
    for upper in BOUNDS
    if (lower.direction, upper.direction) == ("lower", "upper")
    and lower.exactness == upper.exactness == "exact"
    and (lower.task, lower.quantity, lower.form) == (upper.task, upper.quantity, upper.form)
]


def _at_other_precision(lower: Bound, upper: Bound) -> bool:
    """Whether one counts the bits of weights that the other takes to be real."""
    counted = {"bits", "active_bits"} & {p.name for p in lower.parameters}
    return bool(counted) and upper.weight_bits is None


#: Lower and upper bounds on the same quantity of the same networks at the same precision.
PAIRS = [(lower, upper) for lower, upper in _SAME if not _at_other_precision(lower, upper)]
#: A count of bits says nothing about real weights: there is nothing to compare.
INCOMPARABLE = [
    (lower.name, upper.name) for lower, upper in _SAME if _at_other_precision(lower, upper)
]


def test_the_pairs_are_those_we_know() -> None:
    found = {lower.task for lower, _ in PAIRS}
    assert found == set(SPACES)
    wanted = "pairwise-and k-and single-use-and permutation representation overlap"
    assert {*wanted.split(), "relational-graph", "permutation-graph", "softmax"} == found
    assert set(INCOMPARABLE) == {
        ("pairwise-and-neurons-free", "pairwise-and-four-real"),
        ("relational-graph-key-dim", "relational-graph-one-edge-heads"),
        ("permutation-graph-key-dim", "permutation-graph-one-edge-heads"),
        ("permutation-graph-key-dim", "permutation-graph-circle"),
    }


def _ends(lower: Bound, upper: Bound, values: dict[str, Any]) -> tuple[Any, Any]:
    """Both values on one instance, the lower bound at the construction's own bits and heads."""
    instance = upper.instance(**values)
    own = dict(values)
    for name in ("bits", "active_bits"):
        if name in {p.name for p in lower.parameters}:
            own[name] = upper.bits_on(instance)
    if upper.heads is not None:
        own["heads"] = upper.heads_on(instance)
    return lower.evaluate(**own), upper.on(instance)


def _ordered(lower: Bound, upper: Bound, values: dict[str, Any]) -> None:
    low, high = _ends(lower, upper, values)
    low = low.low if isinstance(low, Enclosure) else low
    high = high.high if isinstance(high, Enclosure) else high
    assert low <= high, (lower.name, upper.name, values)


@st.composite
def _ands(draw: st.DrawFn, most_arity: int) -> dict[str, Any]:
    inputs = draw(st.integers(2, 70))
    arity = 2 if most_arity == 2 else draw(st.integers(1, min(most_arity, inputs)))
    tuples = math.comb(inputs, arity)
    outputs = draw(st.one_of(st.integers(1, tuples), st.sampled_from([1, tuples])))
    active = draw(st.integers(arity, min(inputs, arity + 4)))
    return {"inputs": inputs, "arity": arity, "outputs": outputs, "active": active}


@st.composite
def _single_use(draw: st.DrawFn) -> dict[str, Any]:
    outputs = draw(st.integers(1, 3000))
    return {"outputs": outputs, "inputs": 2 * outputs + draw(st.sampled_from([0, 1, 50, 10**5]))}


@st.composite
def _permutations(draw: st.DrawFn) -> dict[str, Any]:
    active = draw(st.sampled_from([1, 1, 1, 2, 3]))
    inputs = draw(st.integers(active, 3000 if active == 1 else 14))
    return {"inputs": inputs, "active": active}


@st.composite
def _states(draw: st.DrawFn) -> dict[str, Any]:
    inputs = draw(st.integers(2, 3000))
    return {"inputs": inputs, "active": draw(st.integers(1, min(inputs, 40)))}


@st.composite
def _overlaps(draw: st.DrawFn) -> dict[str, Any]:
    features = draw(st.integers(2, 10**6))
    return {"features": features, "neurons": draw(st.integers(1, features))}


@st.composite
def _graphs(draw: st.DrawFn) -> dict[str, Any]:
    items = draw(st.integers(2, 120))
    dim = draw(st.sampled_from([items, items, 2, 7, 60]))
    edges = draw(st.integers(1, items**2))
    return {"items": items, "embedding_dim": max(2, dim), "edges": edges}


@st.composite
def _softmax(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "gap": draw(st.fractions(Fraction(1, 1000), 100, max_denominator=1000)),
        "context": draw(st.integers(1, 10**7)),
        "error": draw(st.fractions(Fraction(1, 10**6), Fraction(999_999, 10**6))),
    }


SPACES: dict[str, Any] = {
    "pairwise-and": _ands(2),
    "k-and": _ands(5),
    "single-use-and": _single_use(),
    "permutation": _permutations(),
    "representation": _states(),
    "overlap": _overlaps(),
    "relational-graph": _graphs(),
    "permutation-graph": _graphs(),
    "softmax": _softmax(),
}


@pytest.mark.parametrize(
    ("lower", "upper"), PAIRS, ids=[f"{low.name}<={up.name}" for low, up in PAIRS]
)
def test_lower_bounds_lie_below(lower: Bound, upper: Bound) -> None:
    # the search over two grids is slow
    examples = 12 if upper.name == "permutation-random-signs" else 40

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
    )
    @given(SPACES[lower.task], st.integers(2, 1000))
    def compare(values: dict[str, Any], odds: int) -> None:
        values = {**values, "failure_odds": odds}
        if any(c.words.startswith("items = embedding_dim") for c in upper.regime):
            values["embedding_dim"] = values["items"]
        if any(c.words.startswith("active = 2") for c in upper.regime):
            values["active"] = 2
        try:
            upper.instance(**values)
        except RegimeError:
            assume(False)
        _ordered(lower, upper, values)

    compare()


def test_on_the_reference_instances() -> None:
    for values in (INSTANCE, OTHER):
        compared = 0
        for lower, upper in PAIRS:
            try:
                upper.instance(**values)
            except RegimeError:
                continue
            _ordered(lower, upper, values)
            compared += 1
        assert compared >= len(PAIRS) - 4


def test_a_special_case_is_no_smaller_than_the_general_one() -> None:
    by_name = {bound.name: bound for bound in BOUNDS}

    def value(name: str, **sizes: int) -> int:
        found: int = by_name[name].evaluate(**sizes)
        return found

    for m, outputs in ((5, 3), (9, 4), (40, 20)):
        sizes = {"inputs": m, "outputs": outputs}
        # fewer functions take no more bits
        every = value("pairwise-and-bits", **sizes)
        if 2 * outputs <= m:
            assert value("single-use-and-bits", **sizes) <= every
        # k = 2 is the case of pairs
        for kind in ("bits", "neurons", "neurons-free", "plain-code", "one-each", "sign-reads"):
            wider = value(f"k-and-{kind}", **sizes, arity=2)
            assert wider == value(f"pairwise-and-{kind}", **sizes), kind
        # fewer tested pairs, and fewer answers that must be right, take no more bits
        allowed = [value("pairwise-and-bits-relevant", **sizes, wrong=t) for t in range(outputs)]
        assert allowed[0] <= every
        assert allowed == sorted(allowed, reverse=True)
    for m in (3, 8, 40):
        graph = value("relational-graph-bits", items=m, edges=m)
        assert value("permutation-bits", inputs=m) <= graph
        assert value("star-and-bits", outputs=m) <= value(
            "pairwise-and-bits", inputs=m + 1, outputs=m
        )


def test_ratios_of_proved_bounds_are_at_least_one() -> None:
    for task, sizes in (
        ("pairwise-and", {"inputs": 100, "outputs": 900}),
        ("single-use-and", {"inputs": 1000, "outputs": 500}),
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


def test_many_heads_are_compared_with_the_bound_for_as_many() -> None:
    rows = {r.bound.name: r for r in table("permutation-graph", items=512, embedding_dim=32)}
    one_edge = rows["permutation-graph-one-edge-heads"]
    (many,) = table("permutation-graph-key-dim-real", items=512, embedding_dim=32, heads=512)
    (one,) = table("permutation-graph-key-dim-real", items=512, embedding_dim=32)
    assert one_edge.against == many.value
    assert many.value < one.value


def test_bounds_without_a_partner_are_known() -> None:
    def named(bounds: list[Bound]) -> set[str]:
        return {b.name for b in bounds}

    uppers = named([b for b in BOUNDS if b.direction == "upper" and b.exactness == "exact"])
    paired = named([upper for _, upper in PAIRS])
    assert uppers - paired == {
        "pairwise-and-four-real",
        "representation-one-input",
        "distances",
        "softmax-gap-degree",
        "sign-sum-hoeffding",
        "binomial-chernoff",
        "dimensionality-sum",
    }
