"""Lines invert their bounds over all sizes, and constructions stay within the bound that binds."""

from __future__ import annotations

from pathlib import Path

import pytest

from superproof.empirics.capacity import references
from superproof.empirics.capacity.experiment import CapacityResult
from superproof.empirics.capacity.references import (
    allowed,
    allowed_by_bits,
    constructions,
    counted_bits,
    lines,
)
from superproof.empirics.construction_scaling import least_inputs
from superproof.empirics.store import RunStore
from superproof.verify.errors import ProofError

from .conftest import TINY


@pytest.mark.parametrize(
    ("bound", "bits", "neurons"),
    [("pairwise-and-neurons", 2, 6), ("pairwise-and-neurons-free", 1, 4)],
)
def test_the_most_ands_are_found_although_they_come_and_go(
    bound: str, bits: int, neurons: int
) -> None:
    def held(outputs: int) -> int:
        if bound == "pairwise-and-neurons":
            return neurons**2 + neurons
        return neurons * (least_inputs(outputs) + outputs + 1) + outputs

    fitting = [k for k in range(3, 400) if bits * held(k) >= counted_bits(k)]
    assert max(fitting) < 399
    assert allowed(bound, neurons, bits) == max(fitting)


def test_ends_of_the_bounds() -> None:
    assert allowed("pairwise-and-neurons-free", 8, 32) is None
    assert allowed("pairwise-and-neurons", 0, 1) == 0
    for bits in (10, 300):
        outputs = allowed_by_bits(bits)
        assert outputs is not None
        assert counted_bits(outputs) <= bits < counted_bits(outputs + 1)


def test_lines_rise() -> None:
    for line in lines((4, 8, 16)):
        values = [value for _, value in line.points if value is not None]
        assert values == sorted(values)
        assert values[0] > 0


def test_certified_constructions(tiny: tuple[Path, CapacityResult]) -> None:
    _, result = tiny
    found = {(b.construction, b.outputs): b for b in result.built}
    assert set(found) == {
        ("plain-code", 16), ("plain-code", 32), ("key-value", 16), ("least-squares", 16)
    }  # fmt: skip
    for b in result.built:
        assert b.bits >= b.bound_bits == counted_bits(b.outputs)
        assert b.inputs == least_inputs(b.outputs)
    plain = found["plain-code", 32]
    assert plain.parameters == plain.neurons * (plain.inputs + 32) == plain.bits
    square = found["key-value", 16]
    assert square.parameters == square.neurons**2 + 1
    assert result.missing == ()


def test_what_is_not_found_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(*_: object) -> None:
        raise ProofError("no exact network")

    monkeypatch.setattr(references, "_square", failed)
    with RunStore(tmp_path) as store:
        built, missing = constructions(store, TINY, 0)
    assert {b.construction for b in built} == {"plain-code"}
    assert len(missing) == 2
    assert missing[0].startswith("certified: key-value, 16 ANDs: no exact network of up to")
