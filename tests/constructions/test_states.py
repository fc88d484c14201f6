"""Training inputs of a superposed network, and the passes over its values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.constructions import states as states_module
from superproof.constructions.patterns import pattern
from superproof.constructions.states import Frame, Places
from superproof.constructions.triple_passes import TriplePasses
from superproof.constructions.value_passes import DevicePasses, HostPasses, ValuePasses
from superproof.verify.errors import InputError


def frame(active: int, inputs: int = 8, outputs: int = 6, neurons: int = 11) -> Frame:
    rng = np.random.default_rng(active)
    code = rng.random((neurons, inputs)) < 0.4
    decoder = rng.choice(np.array([-1, 1], dtype=np.int8), (outputs, neurons))
    return Frame(code, decoder, pattern("random", inputs, outputs, 3), active)


@pytest.mark.parametrize("active", [2, 3])
def test_every_input_with_two_and_more_ones_is_a_training_input(active: int) -> None:
    built = frame(active)
    sets = [tuple(row[row < 8]) for row in built.supports]
    expected = [c for k in range(2, active + 1) for c in itertools.combinations(range(8), k)]
    assert sets == expected
    hidden = built.hidden(slice(None))
    for row, support in zip(hidden, sets, strict=True):
        fed = built.code[:, list(support)].sum(axis=1)
        assert np.array_equal(row, np.maximum(fed - 1, 0))
    assert np.allclose(built.second_moments, hidden.T.astype(float) @ hidden)


@pytest.mark.parametrize("active", [2, 3])
def test_true_places_are_the_sets_with_the_own_pair(active: int) -> None:
    built = frame(active)
    outputs, states = built.true_places
    listed = set(zip(outputs.tolist(), states.tolist(), strict=True))
    sets = [set(row.tolist()) for row in built.supports]
    expected = {
        (j, p) for j in range(6) for p, s in enumerate(sets) if set(built.pairs[j].tolist()) <= s
    }
    assert listed == expected
    assert len(listed) == len(outputs)
    assert built.is_true(outputs, states).all()


@pytest.mark.parametrize(
    ("active", "where"), [(2, "host"), (3, "host"), (3, "triples"), (2, "cpu"), (3, "cpu")]
)
def test_passes_agree_with_the_whole_matrix(
    active: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_module, "ELEMENTS", 400)
    built = frame(active)
    if where == "cpu":
        pytest.importorskip("torch")
    kinds: dict[str, type[HostPasses]] = {"host": HostPasses, "triples": TriplePasses}
    passes: ValuePasses = kinds[where](built) if where in kinds else DevicePasses(built, where)
    rows = np.random.default_rng(0).normal(size=(6, 11)).astype(np.float32)
    full = rows @ built.hidden(slice(None)).T
    found = passes.scan(rows, 0.5)
    mask = full > 0.5
    mask[built.true_places] = False
    wanted = np.argwhere(mask)
    order = np.lexsort((found.states, found.outputs))
    assert np.array_equal(np.stack([found.outputs, found.states], axis=1)[order], wanted)
    assert np.allclose(found.values, full[found.outputs, found.states], atol=1e-5)
    assert np.allclose(passes.values(rows, found), found.values, atol=1e-5)
    weights = np.arange(len(found.values), dtype=np.float32)
    dense = np.zeros_like(full)
    dense[found.outputs, found.states] = weights
    gradient = dense @ built.hidden(slice(None))
    assert np.allclose(passes.gradient(weights, found), gradient, atol=1e-2)


def test_nothing_found_is_no_place() -> None:
    built = frame(2)
    passes = HostPasses(built)
    found = passes.scan(np.zeros((6, 11), dtype=np.float32), 0.5)
    assert len(found.values) == 0
    assert passes.values(np.ones((6, 11)), found).shape == (0,)
    empty = Places(found.outputs, found.states, None)
    assert not passes.gradient(found.values, empty).any()


def test_sizes_that_take_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for active in (2, 3, 4):
        monkeypatch.setattr(states_module, "MOST_VALUES", 100)
        with pytest.raises(InputError, match=r"training would look at [\d,]+ values a pass"):
            _ = frame(active).supports


def test_a_device_that_is_not_there_is_named() -> None:
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="device nonsense"):
        DevicePasses(frame(2), "nonsense")


@settings(max_examples=60, deadline=None)
@given(
    inputs=st.integers(3, 9),
    neurons=st.integers(1, 20),
    density=st.floats(0.05, 1),
    level=st.floats(-3, 6),
    seed=st.integers(0, 999),
)
def test_a_scan_of_triples_finds_exactly_the_values_above_the_level(
    inputs: int, neurons: int, density: float, level: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    outputs = int(rng.integers(1, inputs * (inputs - 1) // 2 + 1))
    built = Frame(
        rng.random((neurons, inputs)) < density,
        rng.choice(np.array([-1, 1], dtype=np.int8), (outputs, neurons)),
        pattern("random", inputs, outputs, seed),
        3,
    )
    # integers, so that every sum is exact in any order
    rows = rng.integers(-4, 5, (outputs, neurons)).astype(np.float32)
    passes = TriplePasses(built)
    passes.room = 1
    found = passes.scan(rows, level)
    wanted = {}
    for j, p in itertools.product(range(outputs), range(len(built.supports))):
        members = [int(c) for c in built.supports[p] if c < inputs]
        fed = built.code[:, members].sum(axis=1)
        value = float(rows[j] @ np.maximum(fed - 1, 0))
        if not set(built.pairs[j].tolist()) <= set(members) and value > np.float32(level):
            wanted[j, p] = value
    listed = zip(found.outputs.tolist(), found.states.tolist(), strict=True)
    assert dict(zip(listed, found.values.tolist(), strict=True)) == wanted


def test_more_outputs_than_are_summed_side_by_side() -> None:
    built = frame(3, inputs=14, outputs=80, neurons=9)
    rows = np.random.default_rng(1).integers(-3, 4, (80, 9)).astype(np.float32)
    dense, sparse = (
        {
            (j, p): value
            for j, p, value in zip(
                found.outputs.tolist(), found.states.tolist(), found.values.tolist(), strict=True
            )
        }
        for found in (HostPasses(built).scan(rows, 4.5), TriplePasses(built).scan(rows, 4.5))
    )
    assert dense == sparse
    assert len(dense) > 100
