"""The catalogue: every bound evaluates, knows its regime, and has its proof in the docs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from superproof.theory import BOUNDS, Bound, RegimeError, families, lookup, table

INSTANCE = {"inputs": 64, "outputs": 128, "active": 2}
THEORY = Path(__file__).parents[2] / "docs" / "theory.md"


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_every_bound_is_complete(bound: Bound) -> None:
    value = bound.evaluate(**INSTANCE)
    assert isinstance(value, int)
    assert value > 0
    data = json.loads(json.dumps(bound.to_json()))
    assert all(data[key] for key in ("statement", "latex", "networks", "source", "derived"))
    section = re.search(r"section (\S+)", bound.derived)
    assert section is not None
    headings = re.findall(r"^#+ (\d[\d.]*)\.? ", THEORY.read_text(encoding="utf-8"), re.M)
    assert section[1] in {heading.rstrip(".") for heading in headings}


def test_names_are_unique_and_found() -> None:
    names = [bound.name for bound in BOUNDS]
    assert len(set(names) | set(families())) == len(names) + len(families())
    for bound in BOUNDS:
        assert lookup(bound.name) == (bound,)
        assert bound in lookup(bound.family)
    with pytest.raises(RegimeError, match="did you mean 'permutation'"):
        lookup("permutations")


def test_reference_instance() -> None:
    rows = {row.bound.name: row.value for row in table("pairwise-and", inputs=1024, outputs=4096)}
    assert rows["pairwise-and-bits"] == 77_796
    assert rows["pairwise-and-bits-relevant"] == 49_129
    assert rows["pairwise-and-neurons"] == 279
    for bits, neurons in ((8, 99), (16, 70)):
        (row,) = table("pairwise-and-neurons", inputs=1024, outputs=4096, bits=bits)
        assert row.value == neurons
    (row,) = table("pairwise-and-bits-relevant", inputs=1024, outputs=4096, wrong=409)
    assert row.value == 41_748


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"inputs": 4, "outputs": 7}, "1 <= outputs <= C(inputs, 2)"),
        ({"inputs": 4, "outputs": 6, "active": 1}, "active >= 2"),
        ({"inputs": 4}, "needs outputs"),
        ({"inputs": 4, "outputs": 0}, "outputs must be 1 or more"),
        ({"inputs": 4.0, "outputs": 2}, "must be an integer"),
        ({"inputs": True, "outputs": 2}, "must be an integer"),
    ],
)
def test_out_of_regime_names_the_regime(values: dict[str, int], words: str) -> None:
    with pytest.raises(RegimeError, match=re.escape(words)):
        table("pairwise-and", **values)


def test_a_row_out_of_its_regime_does_not_hide_the_others() -> None:
    rows = table("pairwise-and", inputs=2, outputs=1)
    silent = [row.bound.name for row in rows if row.value is None]
    assert silent == ["pairwise-and-plain-code"]
    assert "inputs >= 3" in next(row.reason for row in rows if row.value is None)


def test_lower_bounds_grow_with_the_outputs_and_shrink_with_the_bits() -> None:
    for bound in lookup("pairwise-and"):
        values = [bound.evaluate(inputs=32, outputs=outputs) for outputs in (4, 16, 64, 256)]
        assert values == sorted(values), bound.name
    square = lookup("pairwise-and-neurons")[0]
    widths = [square.evaluate(inputs=64, outputs=512, bits=b) for b in (1, 2, 4, 8, 16)]
    assert widths == sorted(widths, reverse=True)


def test_a_bound_must_name_what_its_function_takes() -> None:
    good = BOUNDS[0]
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
    with pytest.raises(ValueError, match="its function takes"):
        Bound(**{**fields, "function": lambda inputs: inputs})
