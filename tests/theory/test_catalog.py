"""The catalogue: every bound evaluates, knows its regime, and has its place in the docs."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from superproof.theory import BOUNDS, Bound, Enclosure, RegimeError, lookup, subjects, table, tasks
from superproof.theory.errors import TheoryError

THEORY = Path(__file__).parents[2] / "docs" / "theory.md"
#: One instance that lies in the regime of every bound.
INSTANCE: dict[str, Any] = {
    "inputs": 64,
    "outputs": 30,
    "active": 2,
    "arity": 2,
    "neurons": 40,
    "functions": 10**9,
    "items": 64,
    "edges": 128,
    "embedding_dim": 64,
    "key_dim": 4,
    "block": 20,
    "context": 16,
    "degree": 2,
    "clause": 4,
    "parents": 8,
    "features": 48,
    "kept": 10,
    "sides": 5,
    "length": 20,
    "successes": 15,
    "gap": Fraction(1, 10),
    "density": Fraction(1, 5),
    "probability": Fraction(1, 2),
    "distortion": Fraction(1, 2),
    "level": Fraction(6),
    "error": Fraction(1, 100),
}


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_every_bound_is_complete(bound: Bound) -> None:
    data = json.loads(json.dumps(bound.to_json()))
    for key in ("title", "statement", "latex", "networks", "source", "section", "quantity"):
        assert data[key], key
    assert not re.search(r"[^\x20-\x7e]", bound.latex)
    headings = re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", THEORY.read_text(encoding="utf-8"), re.M)
    assert bound.section in headings
    if not bound.has_value:
        assert bound.mark == "paper"
        with pytest.raises(RegimeError, match="states an order of growth"):
            bound.evaluate(**INSTANCE)
        return
    value = bound.evaluate(**INSTANCE)
    assert isinstance(value, int | Fraction | Enclosure)
    if isinstance(value, Enclosure):
        assert value.low > 0
        if bound.exactness != "fit":  # a fit is a range, everything else a point
            assert value.high - value.low < value.low / 10**15
    else:
        assert value > 0


def test_theorems_have_proofs_and_the_others_say_what_they_are() -> None:
    for bound in BOUNDS:
        if bound.exactness == "fit":
            assert bound.mark == "measured"
            assert "measured" in bound.source
        if bound.exactness in ("fit", "heuristic"):
            assert bound.direction == "equal"  # never passed off as a bound
        if bound.mark == "measured":
            assert bound.exactness == "fit"


def test_confirmed_orders_exist() -> None:
    orders = {bound.name: bound for bound in BOUNDS if not bound.has_value}
    for bound in BOUNDS:
        for name in bound.confirms:
            assert name in orders
            assert bound.has_value


def test_names_are_unique_and_found() -> None:
    names = [bound.name for bound in BOUNDS]
    assert len(set(names)) == len(names)
    assert not set(names) & (set(tasks()) - {"distances"})
    for bound in BOUNDS:
        assert lookup(bound.name) == (bound,)
        assert bound in lookup(bound.task)
    for subject in set(subjects()) - set(tasks()):
        assert {bound.subject for bound in lookup(subject)} == {subject}
    with pytest.raises(RegimeError, match="did you mean 'permutation'"):
        lookup("permutations")


def test_every_asked_for_family_is_there() -> None:
    wanted = (
        "pairwise-and k-and single-use-and star-and permutation family representation overlap "
        "distances relational-graph permutation-graph one-head softmax expansion two-features "
        "feature-dimensionality weak-superposition sign-sum binomial"
    )
    assert set(wanted.split()) <= set(tasks())


def test_reference_instance() -> None:
    rows = {row.bound.name: row for row in table("pairwise-and", inputs=1024, outputs=4096)}
    # the notes round lg N = 77795.07 to the nearest integer; whole bits are 77,796
    assert rows["pairwise-and-bits"].value == 77_796
    assert rows["pairwise-and-bits-relevant"].value == 49_129
    assert rows["pairwise-and-neurons"].value == 279
    assert rows["pairwise-and-neurons-real"].value == 46
    assert rows["pairwise-and-polynomial-code"].value == 385
    for bits, neurons in ((8, 99), (16, 70)):
        (row,) = table("pairwise-and-neurons", inputs=1024, outputs=4096, bits=bits)
        assert row.value == neurons
    (row,) = table("pairwise-and-bits-relevant", inputs=1024, outputs=4096, wrong=409)
    assert row.value == 41_748


def test_constructions_are_compared_at_their_own_bits() -> None:
    for bits in (1, 16):  # the bits asked for change the lower bound, not the comparison
        rows = {r.bound.name: r for r in table("pairwise-and", inputs=64, outputs=512, bits=bits)}
        code = rows["pairwise-and-plain-code"]
        (free,) = table("pairwise-and-neurons-free", inputs=64, outputs=512, bits=1)
        assert code.weight_bits == 1
        assert code.against == free.value
        assert code.ratio == pytest.approx(code.value / free.value)
        # real weights are compared with the bound for real weights alone
        estimate = rows["pairwise-and-gardner"]
        assert estimate.weight_bits is None
        assert estimate.against == rows["pairwise-and-neurons-real"].value
        assert rows["pairwise-and-bits"].ratio is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"inputs": 4, "outputs": 7}, "1 <= outputs <= C(inputs, 2)"),
        ({"inputs": 4, "outputs": 6, "active": 1}, "active >= 2"),
        ({"inputs": 4, "outputs": 6, "active": 5}, "active <= inputs"),
        ({"inputs": 4}, "needs outputs"),
        ({"inputs": 4, "outputs": 0}, "outputs must be 1 or more"),
        ({"inputs": -4, "outputs": 1}, "inputs must be 1 or more"),
        ({"inputs": 4.0, "outputs": 2}, "must be an integer"),
        ({"inputs": True, "outputs": 2}, "must be an integer"),
    ],
)
def test_out_of_regime_names_the_regime(values: dict[str, Any], words: str) -> None:
    with pytest.raises(TheoryError, match=re.escape(words)):
        table("pairwise-and", **values)


def test_rationals_are_not_floats() -> None:
    (bound,) = lookup("two-features-boundary")
    assert bound.evaluate(importance=Fraction(1, 2)) == Fraction(4, 9)
    with pytest.raises(RegimeError, match="importance must be an integer or Fraction, not"):
        bound.evaluate(importance=0.5)  # type: ignore[arg-type]


def test_a_row_out_of_its_regime_does_not_hide_the_others() -> None:
    rows = table("pairwise-and", inputs=2, outputs=1)
    reasons = {row.bound.name: row.reason for row in rows if row.reason}
    assert "inputs >= 3" in reasons["pairwise-and-plain-code"]
    assert next(r for r in rows if r.bound.name == "pairwise-and-one-each").value == 1


def test_a_table_of_orders_alone_has_no_values() -> None:
    with pytest.raises(RegimeError, match="orders of growth have no value"):
        table("pairwise-and-order-bits", outputs=8)


def _fields(bound: Bound) -> dict[str, Any]:
    return {name: getattr(bound, name) for name in bound.__dataclass_fields__}


def test_a_bound_must_name_what_its_function_takes() -> None:
    (good,) = lookup("pairwise-and-one-each")
    with pytest.raises(ValueError, match="its function takes"):
        Bound(**{**_fields(good), "function": lambda unheard_of: unheard_of})
    with pytest.raises(ValueError, match="a value, or an order"):
        Bound(**{**_fields(good), "function": None})
    with pytest.raises(ValueError, match="a value, or an order"):
        Bound(**{**_fields(good), "exactness": "asymptotic"})
    (other,) = lookup("permutation-graph-circle-gap")
    with pytest.raises(ValueError, match="a direction for a parameter that it lacks"):
        Bound(**{**_fields(good), "monotone": other.monotone})
