"""Channels for pairwise ANDs: every case, proved and compared with engines and the slow oracle."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from superproof.constructions.channels import channel_pairwise_and, form, influence
from superproof.constructions.channels.deal import balanced_deal, listening_sets
from superproof.constructions.channels.form import draw_channel
from superproof.constructions.channels.reading import stored_reading
from superproof.constructions.patterns import pattern
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.recheck import recheck

from ..oracles import fraction_oracle

LOW = pattern("random-low-influence", 24, 20, 0)
STAR = pattern("star", 21, 20, 0)
COMPLETE = pattern("complete", 10, None, 0)


@pytest.mark.parametrize(
    ("pairs", "inputs", "kind", "active", "case", "form"),
    [
        (LOW, 24, "one-shot", 2, "low", "superposition"),
        (LOW, 24, "clean", 2, "low", "superposition"),
        (LOW[:4], 24, "one-shot", 3, "low", "superposition"),
        (LOW[:4], 24, "clean", 3, "low", "superposition"),
        (STAR, 21, "one-shot", 2, "mixed", "plain"),
        (STAR, 21, "clean", 2, "mixed", "plain"),
        (COMPLETE, 10, "one-shot", 2, "high", "plain"),
    ],
)
def test_every_case_is_right_on_every_input(
    pairs: np.ndarray, inputs: int, kind: str, active: int, case: str, form: str
) -> None:
    built = channel_pairwise_and(inputs, pairs, active, kind=kind)
    assert (built.parameters["case"], built.form) == (case, form)
    verdict = check(built.network, built.specification, engine="enumerate", margin=True, dtypes=())
    assert verdict.holds
    assert verdict.margin is not None
    if kind == "one-shot":
        sides = built.parameters["least_true"] - built.parameters["largest_false"]
        assert 2 * verdict.margin == sides
        assert built.neurons == built.network.layers[0].width
    else:
        assert 2 * verdict.margin == 1
        assert built.neurons == 2 * built.network.layers[0].width
    assert built.network.widths[0] == inputs
    report = built.report()
    assert report["certified"]
    assert report["total_bits"] == sum(matrix.bits for matrix in built.matrices)


def test_a_small_channel_agrees_with_the_oracle() -> None:
    pairs = np.array([[0, 1], [2, 3], [1, 4]])
    built = channel_pairwise_and(5, pairs, neurons=60, size=4, threshold=9)
    problem = Problem(built.network, built.specification)
    answer = fraction_oracle.answer(problem)
    assert answer.status == "holds"
    assert answer.domain_size == 16
    verdict = check(built.network, built.specification, margin=True, dtypes=())
    assert verdict.margin == answer.margin


@pytest.mark.parametrize("kind", ["one-shot", "clean"])
def test_wrong_feeds_are_refused(kind: str) -> None:
    built = channel_pairwise_and(24, LOW, kind=kind)
    layers = built.network.layers
    n = layers[0].width
    neuron = int(np.flatnonzero(layers[2].weight[3, :n])[0])
    first = int(LOW[3, 0])
    # every neuron of output 3 but the first one loses an input, as a wrong M has it
    weight = layers[1].weight.copy()
    code = layers[0].weight
    lost = np.flatnonzero(layers[2].weight[3, :n])
    for copy in range(len(weight) // n):
        weight[lost + copy * n] -= code[:, first]
    broken = Network.from_arrays(
        [code, weight, layers[2].weight], [layer.bias for layer in layers],
        [layer.activation for layer in layers],
    )  # fmt: skip
    verdict = check(broken, built.specification, dtypes=())
    assert verdict.status == "violated"
    assert not verdict.counterexamples[0].outputs["y3"].read
    if kind == "one-shot":
        assert min(stored_reading(broken, LOW, 2)) < 0
        assert min(stored_reading(built.network, LOW, 2)) > 0
    assert neuron in lost


def test_search_and_engine_agree_on_single_wrong_entries() -> None:
    built = channel_pairwise_and(24, LOW)
    rng = np.random.default_rng(0)
    layers = built.network.layers
    seen = set()
    for change in (1, 40, 90, 400, -400, 90, 40):
        weight = layers[1].weight.copy()
        weight[rng.integers(len(weight)), rng.integers(len(weight))] += change
        changed = Network.from_arrays(
            [layers[0].weight, weight, layers[2].weight], [layer.bias for layer in layers],
            [layer.activation for layer in layers],
        )  # fmt: skip
        verdict = check(changed, built.specification, engine="enumerate", margin=True, dtypes=())
        sides = stored_reading(changed, LOW, 2)
        assert verdict.margin is not None
        assert min(sides) == 2 * verdict.margin
        seen.add(verdict.holds)
    assert seen == {True, False}


def test_the_network_is_written_with_a_certificate(tmp_path: Path) -> None:
    built = channel_pairwise_and(24, LOW[:8], neurons=150)
    folder = built.write(tmp_path / "channel")
    report = json.loads((folder / "report.json").read_text())
    assert report["certificate"]["file"] == "certificate"
    data = (folder / "certificate").read_bytes()
    said = recheck(Problem(built.network, built.specification).canonical(), data)
    assert said.startswith("holds")


def test_large_networks_say_why_there_is_no_certificate(tmp_path: Path) -> None:
    pairs = pattern("random-low-influence", 128, 100, 0)
    built = channel_pairwise_and(128, pairs)
    assert built.proved_by == "channel"
    folder = built.write(tmp_path / "large")
    report = json.loads((folder / "report.json").read_text())
    assert report["certificate"]["file"] is None
    assert "no independent checker" in report["certificate"]["reason"]
    assert not (folder / "certificate").exists()


def test_sets_and_code_do_not_depend_on_a_function_of_low_influence() -> None:
    first = channel_pairwise_and(24, LOW, neurons=240, draws=1, seed=1).network
    other = channel_pairwise_and(24, LOW[::-1], neurons=240, draws=1, seed=1).network
    for k in (0, 2):
        assert np.array_equal(first.layers[k].weight, other.layers[k].weight)
    assert not np.array_equal(first.layers[1].weight, other.layers[1].weight)
    again = channel_pairwise_and(24, LOW, neurons=240, draws=1, seed=1).network
    assert np.array_equal(first.layers[1].weight, again.layers[1].weight)


def test_matrices_say_what_holds_the_function() -> None:
    held = {
        case: {matrix.name: matrix.holds for matrix in built.matrices}
        for case, built in (
            ("low", channel_pairwise_and(24, LOW)),
            ("mixed", channel_pairwise_and(21, STAR)),
            ("high", channel_pairwise_and(10, COMPLETE)),
        )
    }
    assert held["low"]["sets of neurons, dealt"] == "seed"
    assert held["low"]["square matrix W"] == "function"
    assert held["mixed"]["sets inside listening sets"] == "function"
    assert held["mixed"]["square matrix W"] == "function"
    # where all inputs are heavy the square matrix is drawn before the function
    assert held["high"]["square matrix W"] == "seed"
    assert held["high"]["sets inside listening sets"] == "function"


def test_influence_is_split_at_the_fourth_root() -> None:
    split = influence(STAR, 21)
    assert split.counts.max() == 20
    assert split.threshold == pytest.approx(20**0.25)
    assert int(split.heavy.sum()) == 1
    assert split.case == "mixed"
    # 16 outputs: an input with exactly two is light
    cycle = np.array([[i, (i + 1) % 16] for i in range(16)])
    assert influence(cycle, 16).threshold == 2.0
    assert influence(cycle, 16).case == "low"
    assert influence(cycle, 16, threshold=1.5).case == "high"
    assert influence(STAR, 21, threshold=20).case == "low"


def test_sets_are_dealt_evenly_and_without_repetition() -> None:
    hands = balanced_deal(100, 37, 12, 0)
    assert all(len(set(hand)) == 12 for hand in hands.tolist())
    loads = np.bincount(hands.ravel(), minlength=37)
    assert loads.max() - loads.min() <= 2
    assert np.array_equal(hands[:40], balanced_deal(40, 37, 12, 0))
    # neighbouring hands are no more alike than others
    shared = [len(np.intersect1d(hands[j], hands[j + 3])) for j in range(97)]
    assert np.mean(shared) == pytest.approx(12 * 12 / 37, rel=0.15)


def test_listening_sets_hold_the_sets_of_heavy_outputs() -> None:
    split = influence(STAR, 21)
    channel = draw_channel(split, 200, 8, 0.25, 3)
    listening = listening_sets(21, 200, 0.25, 3)
    hub = int(np.flatnonzero(split.heavy)[0])
    assert np.array_equal(channel.feeds[:, hub], listening[:, hub])
    assert listening.sum(axis=0).tolist() == [50] * 21
    for j in range(20):
        assert channel.feeds[channel.sets.row(j)][:, STAR[j]].all()
    assert np.array_equal(channel.weights, channel.feeds @ channel.code.T)
    assert np.array_equal(channel.products, channel.feeds @ channel.code.T @ channel.code)
    assert np.array_equal(np.diag(channel.code.T @ channel.code), [200] * 21)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "noisy"}, "unknown kind 'noisy' of channel; use one of one-shot, clean"),
        ({"active": 1}, "active must lie between 2 and the 24 inputs, not 1"),
        ({"seed": -1}, "the seed must be 0 or more, not -1"),
        ({"draws": 0}, "draws must be 1 or more, not 0"),
        ({"neurons": 1}, "neurons must be 2 or more, not 1"),
        ({"neurons": 1 << 20}, "a square matrix of 1,048,576 neurons is too large"),
        ({"size": 0}, "size must be 1 or more, not 0"),
        ({"size": 9, "neurons": 8}, "sets of 9 need 9 neurons or more, not 8"),
        ({"density": 1.0}, "density must lie between 0 and 1, not 1.0"),
        ({"density": 0.5}, "no input is heavy"),
        ({"threshold": -1.0}, "the threshold of influence must be 0 or more, not -1.0"),
        ({"threshold": math.nan}, "the threshold of influence must be 0 or more, not nan"),
    ],
)
def test_arguments_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        channel_pairwise_and(24, LOW, **options)


def test_pairs_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="row 1 repeats row 0"):
        channel_pairwise_and(4, [[0, 1], [1, 0]])


@pytest.mark.parametrize("kind", ["one-shot", "clean"])
def test_too_few_neurons_are_refused_with_the_margin(kind: str) -> None:
    message = f"no exact {kind} channel of 40 neurons was found for 20 ANDs .* by .*% of a true"
    with pytest.raises(ProofError, match=message):
        channel_pairwise_and(24, LOW, neurons=40, kind=kind)


def test_listening_sets_that_share_too_little_are_refused() -> None:
    with pytest.raises(ProofError, match=r"output 0 finds .* neurons that listen to its heavy"):
        channel_pairwise_and(10, COMPLETE, neurons=100, density=0.1, size=12)


@pytest.mark.parametrize("kind", ["one-shot", "clean"])
def test_large_read_outs_are_sparse_and_the_same(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = channel_pairwise_and(24, LOW, kind=kind)
    monkeypatch.setattr(form, "DENSE_ENTRIES", 100)
    sparse = channel_pairwise_and(24, LOW, kind=kind)
    assert sparse.network.sparse
    assert not dense.network.sparse
    assert np.array_equal(sparse.network.dense.layers[2].weight, dense.network.layers[2].weight)
    assert sparse.parameters == dense.parameters
