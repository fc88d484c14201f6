"""Pairwise ANDs in full superposition: every method, proved and compared with enumeration."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.constructions.balanced_code import balanced_code
from superproof.constructions.kernels.sampled import entry_losses
from superproof.constructions.key_value import key_value
from superproof.constructions.key_value_training import (
    Whitening,
    inverse_root,
    least_squares,
    train,
)
from superproof.constructions.patterns import pattern
from superproof.constructions.quantised import quantised
from superproof.constructions.sizing import enlarging, first_width
from superproof.constructions.states import Frame, Places
from superproof.constructions.superposed import (
    code_density,
    rounded,
    sign_decoder,
    superposed_network,
    superposed_pairwise_and,
    value_extremes,
)
from superproof.constructions.value_passes import HostPasses
from superproof.verify import recheck, recheck_superposed
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError

PAIRS = pattern("random", 12, 20, 0)


@pytest.mark.parametrize(
    ("method", "neurons", "active", "options"),
    [
        ("trained", 24, 2, {}),
        ("trained", 24, 2, {"bits": 8}),
        ("trained", 44, 3, {}),
        ("trained", 60, 4, {}),
        ("trained", 80, 5, {}),
        ("least-squares", 45, 2, {}),
        ("key-value", 110, 2, {}),
        ("least-squares", 130, 4, {}),
        ("ternary", 40, 2, {}),
        ("one-bit", 50, 2, {}),
    ],
)
def test_every_method_is_right_on_every_input(
    method: str, neurons: int, active: int, options: dict[str, Any]
) -> None:
    built = superposed_pairwise_and(12, PAIRS, neurons, active, method=method, draws=5, **options)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.holds
    assert verdict.margin == Fraction(built.parameters["margin"])
    assert built.form == "superposition"
    matrix = np.asarray(built.network.layers[1].weight)
    allowed = {"ternary": {-1, 0, 1}, "one-bit": {-1, 1}}.get(method)
    if allowed is not None:
        assert set(np.unique(matrix).tolist()) <= allowed
    else:
        assert np.abs(matrix).max() < 2 ** (options.get("bits", 14) - 1)
    report = built.report()
    assert report["certified"]
    assert report["total_bits"] >= report["lower_bound"]["bits"]
    assert built.network.widths == (12, neurons, neurons, 20)


def test_the_closed_form_serves_more_active_inputs() -> None:
    pairs = pattern("random", 8, 3, 0)
    built = superposed_pairwise_and(8, pairs, 800, 4, method="key-value", bits=12, draws=3)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.margin == Fraction(built.parameters["margin"])


def test_code_and_decoder_do_not_depend_on_the_function() -> None:
    first = superposed_pairwise_and(12, PAIRS, 26, draws=1, seed=1).network
    other = superposed_pairwise_and(12, PAIRS[::-1], 26, draws=1, seed=1).network
    for k in (0, 2):
        assert np.array_equal(first.layers[k].weight, other.layers[k].weight)
    assert not np.array_equal(first.layers[1].weight, other.layers[1].weight)


def test_the_same_seed_gives_the_same_network() -> None:
    networks = [superposed_pairwise_and(12, PAIRS, 26, seed=3).problem.sha256 for _ in range(2)]
    assert networks[0] == networks[1]


@pytest.mark.parametrize(("inputs", "active"), [(2, 2), (5, 2), (7, 3), (4, 4), (8, 4), (7, 5)])
def test_true_places_are_all_sets_that_hold_the_pair(inputs: int, active: int) -> None:
    pairs = pattern("random", inputs, min(inputs, 4) - 1, 1)
    code = balanced_code(9, inputs, 0.4, 0)
    frame = Frame(code, sign_decoder(len(pairs), 9, 0), pairs, active)
    sets = [
        support
        for size in range(2, active + 1)
        for support in itertools.combinations(range(inputs), size)
    ]
    padded = [(*support, *[inputs] * (active - len(support))) for support in sets]
    assert frame.supports.tolist() == [list(row) for row in padded]
    outputs, states = frame.true_places
    wanted = {
        (j, p)
        for j, pair in enumerate(frame.pairs.tolist())
        for p, support in enumerate(sets)
        if set(pair) <= set(support)
    }
    assert len(outputs) == len(wanted)
    assert set(zip(outputs.tolist(), states.tolist(), strict=True)) == wanted


@pytest.mark.parametrize("active", [2, 3, 4, 5])
def test_passes_at_places_are_those_of_the_states(active: int) -> None:
    rng = np.random.default_rng(active)
    frame = Frame(rng.random((9, 7)) < 0.5, sign_decoder(4, 9, 1), pattern("random", 7, 4), active)
    fed = np.array([frame.columns[row].sum(axis=0) for row in frame.supports])
    hidden = np.maximum(fed - 1, 0)
    rows = rng.standard_normal((4, 9)).astype(np.float32)
    outputs = rng.integers(0, 4, 30).astype(np.int32)
    states = rng.integers(0, len(hidden), 30).astype(np.int32)
    passes, places = HostPasses(frame), Places(outputs, states, None)
    values = passes.values(rows, places)
    assert np.allclose(values, (rows @ hidden.T)[outputs, states], atol=1e-5)
    total = np.zeros_like(rows)
    np.add.at(total, outputs, values[:, None] * hidden[states])
    assert np.allclose(passes.gradient(values, places), total, atol=1e-4)
    column, signs = rng.integers(0, 9, 6), rng.choice([-1, 1], (4, 6)).astype(np.float32)
    losses = np.zeros(6, dtype=np.float32)
    entry_losses(
        values, np.float32(0.1), np.float32(-1), np.ascontiguousarray(frame.columns[:, column]),
        signs, frame.supports, outputs, states, losses,
    )  # fmt: skip
    changed = values[:, None] + signs[outputs] * hidden[states][:, column]
    assert np.allclose(losses, (np.maximum(0.1 - changed, 0) ** 2).sum(axis=0), rtol=1e-4)


@pytest.mark.parametrize("active", [2, 3, 4])
def test_extremes_are_those_of_all_inputs(active: int) -> None:
    rng = np.random.default_rng(active)
    code = rng.random((9, 7)) < 0.5
    decoder = sign_decoder(4, 9, 1)
    frame = Frame(code, decoder, pattern("random", 7, 4, 2), active)
    matrix = rng.integers(-5, 6, (9, 9))
    low, high = [], []
    for size in range(active + 1):
        for support in itertools.combinations(range(7), size):
            fed = code[:, list(support)].sum(axis=1)
            values = decoder.astype(int) @ (matrix @ np.maximum(fed - 1, 0))
            for j, (a, b) in enumerate(frame.pairs):
                (low if a in support and b in support else high).append(int(values[j]))
    assert value_extremes(frame, matrix) == (min(low), max(high))


def test_training_separates_and_reports_its_gap() -> None:
    code, decoder = balanced_code(24, 12, 0.4, 0), sign_decoder(20, 24, 0)
    frame = Frame(code, decoder, PAIRS, 2)
    seen: list[float] = []
    result = train(frame, gap=0.05, tick=lambda step, gap: seen.append(gap))
    assert result.gap > 0.025
    assert seen[-1] == pytest.approx(result.gap)
    assert train(frame, gap=0.05, steps=0).steps == 0
    low, high = value_extremes(frame, rounded(result.matrix, 16))
    # values far below the level are not looked at closely
    assert (low - high) / low > result.gap - 0.02


def test_training_that_cannot_succeed_ends() -> None:
    frame = Frame(balanced_code(6, 12, 0.4, 0), sign_decoder(20, 6, 0), PAIRS, 2)
    assert train(frame).gap < 0


@pytest.mark.parametrize("steps", [None, 300])
def test_few_values_end_in_time_and_where_no_success_is_in_sight(steps: int | None) -> None:
    frame = Frame(balanced_code(8, 12, 0.4, 0), sign_decoder(20, 8, 0), PAIRS, 2)
    result = quantised(frame, 2, steps=steps, seconds=0.2)
    assert result.overlap >= 0
    low, high = value_extremes(frame, result.matrix)
    assert low <= high
    # a training, and the repairs up to the first look at the clock
    assert result.steps < 6000


@pytest.mark.parametrize("levels", [2, 3])
def test_the_first_width_suffices_for_few_values(levels: int) -> None:
    method = {2: "one-bit", 3: "ternary"}[levels]
    width = first_width(24, 256, 2, method).neurons
    pairs = pattern("random", 24, 256, 1)
    built = superposed_pairwise_and(24, pairs, width, method=method, seed=1)
    # the quick training was enough
    assert built.parameters["steps"] < 800
    assert check(built.network, built.specification, engine="enumerate", dtypes=()).holds


def test_a_torch_without_the_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")

    def refuse(*_: object) -> None:
        raise AssertionError("Torch not compiled with CUDA enabled")

    monkeypatch.setattr(torch.Tensor, "to", refuse)
    with pytest.raises(InputError, match="device cuda: Torch not compiled with CUDA enabled"):
        superposed_pairwise_and(12, PAIRS, 26, device="cuda")


def test_three_active_inputs_on_processor_and_device_reach_the_same() -> None:
    pytest.importorskip("torch")
    frame = Frame(balanced_code(50, 12, 0.28, 0), sign_decoder(20, 50, 0), PAIRS, 3)
    for device in (None, "cpu"):
        result = train(frame, device=device)
        assert result.gap > 0
        low, high = value_extremes(frame, rounded(result.matrix, 16))
        assert low > high


def test_training_on_a_torch_device_gives_an_exact_network_too() -> None:
    pytest.importorskip("torch")
    built = superposed_pairwise_and(12, PAIRS, 26, draws=3, device="cpu")
    assert check(built.network, built.specification, engine="enumerate", dtypes=()).holds


def test_least_squares_solves_the_normal_equations() -> None:
    frame = Frame(balanced_code(18, 12, 0.4, 0), sign_decoder(20, 18, 0), PAIRS, 2)
    whitening = Whitening(frame)
    hidden = frame.hidden(slice(None)).astype(float)
    target = np.zeros((20, len(hidden)))
    target[frame.true_places] = 1
    decoder = frame.decoder.astype(float)
    root = inverse_root(decoder.T @ decoder, 1e-4)
    state_root = inverse_root(hidden.T @ hidden, 1e-3)
    expected = root @ root @ decoder.T @ target @ hidden @ state_root @ state_root
    found = whitening.matrix(least_squares(frame, whitening))
    scale = float((expected * found).sum() / (found * found).sum())
    assert np.allclose(found * scale, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_key_value_reads_near_one_on_own_pairs() -> None:
    frame = Frame(balanced_code(300, 12, 0.5, 0), sign_decoder(20, 300, 0), PAIRS, 2)
    outputs, states = frame.true_places
    values = frame.decoder.astype(float) @ key_value(frame) @ frame.hidden(slice(None)).T
    assert np.allclose(values[outputs, states], 1, atol=0.05)


def test_other_numbers_of_values_are_possible() -> None:
    frame = Frame(balanced_code(40, 12, 0.4, 0), sign_decoder(20, 40, 0), PAIRS, 2)
    result = quantised(frame, 5, steps=60, seconds=5)
    assert set(np.unique(result.matrix).tolist()) <= {-2, -1, 0, 1, 2}
    low, high = value_extremes(frame, result.matrix)
    assert (low > high) == (result.overlap < 0)


def test_a_network_of_large_numbers_is_stored_exactly() -> None:
    built = superposed_network(np.eye(2), np.full((2, 2), 2.0**30 + 1), np.eye(2), 0.5)
    assert built.layers[1].weight.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "magic"}, "unknown method 'magic'; use one of trained, key-value"),
        ({"active": 1}, "active must lie between 2 and the 12 inputs, not 1"),
        ({"active": 13}, "active must lie between 2 and the 12 inputs, not 13"),
        ({"neurons": 1}, "neurons must be 2 or more, not 1"),
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"bits": 1}, "bits must lie between 2 and 24, not 1"),
        ({"density": 0.0}, "density must lie between 0 and 1, not 0.0"),
        ({"draws": 0}, "draws must be 1 or more, not 0"),
        ({"pairs": [(1, 1)]}, "a pair needs two different inputs"),
        ({"inputs": 1000, "active": 4}, "would look at 831,675,825,000 values a pass"),
        ({"inputs": 20_000}, "20,000 inputs are too many for the superposed form"),
        (
            {"inputs": 800, "pairs": pattern("complete", 800), "method": "key-value"},
            "use fewer inputs or outputs",
        ),
    ],
)
def test_bad_arguments(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"inputs": 12, "pairs": PAIRS, "neurons": 26} | changes
    with pytest.raises(InputError, match=message):
        superposed_pairwise_and(**arguments)


def test_too_few_neurons_are_no_network() -> None:
    with pytest.raises(ProofError, match="no exact network of 5 neurons was found for 20 ANDs"):
        superposed_pairwise_and(12, PAIRS, 5, draws=2, method="least-squares")


def test_beyond_the_special_checker_the_general_one_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = superposed_pairwise_and(12, PAIRS, 26, draws=3)
    monkeypatch.setattr(recheck_superposed, "WORK", 1)
    built.write(tmp_path)
    said = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["certificate"]
    assert (said["file"], said["evidence"]) == ("certificate", "all inputs evaluated")
    certificate = (tmp_path / "certificate").read_bytes()
    assert recheck.recheck(built.problem.canonical(), certificate).startswith("holds")


def test_codes_are_denser_where_few_sets_make_anything_true() -> None:
    assert code_density(64, 64, 3) == code_density(64, 128, 3) > code_density(64, 129, 3)
    assert code_density(64, 64, 2) == code_density(64, 2016, 2)
    assert code_density(10, 10, 4) == pytest.approx(1 / 3)
    # this width fails with the density of complete patterns
    star = pattern("star", 33, None, 0)
    assert superposed_pairwise_and(33, star, 36, 3).parameters["draw"] == 0
    with pytest.raises(ProofError):
        superposed_pairwise_and(33, star, 36, 3, density=code_density(33, 528, 3))


@pytest.mark.parametrize(("inputs", "outputs", "active"), [(10, 10, 3), (8, 3, 4)])
def test_the_closed_form_finds_a_width_for_more_active_inputs(
    inputs: int, outputs: int, active: int
) -> None:
    pairs = pattern("random", inputs, outputs, 0)
    first = first_width(inputs, outputs, active, "key-value")
    built, width = enlarging(
        lambda neurons: superposed_pairwise_and(
            inputs, pairs, neurons, active, method="key-value", draws=3
        ),
        first,
    )
    assert built.neurons == width.neurons
    assert width.enlarged < 6
