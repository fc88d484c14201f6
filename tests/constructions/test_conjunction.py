"""Plain networks for pairwise ANDs, decided by evaluation and by the engines."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.constructions import certify_plain, pattern, plain_network, plain_pairwise_and
from superproof.constructions.channel import channel_neurons
from superproof.constructions.conjunction import ROOMY, and_specification
from superproof.verify.check import check
from superproof.verify.errors import InputError, ProofError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification

TASKS = [
    ("random", 20, 30, 2),
    ("complete", 12, None, 2),
    ("matching", 40, 20, 2),
    ("star", 30, 25, 2),
    ("random-low-influence", 24, 30, 2),
    ("random", 10, 20, 3),
    ("complete", 6, None, 6),
    ("random", 2, 1, 2),
]


@pytest.mark.parametrize(("name", "inputs", "outputs", "active"), TASKS)
def test_right_on_every_input(name: str, inputs: int, outputs: int | None, active: int) -> None:
    built = plain_pairwise_and(inputs, pattern(name, inputs, outputs, 1), active, seed=2)
    least, points = None, 0
    for chunk in built.specification.domain.chunks(1 << 12):
        margins, violated = built.problem.margins(chunk)
        assert not violated.any()
        points += len(chunk)
        least = margins.min() if least is None else min(least, margins.min())
    assert points == built.specification.domain.size
    assert least == Fraction(1, 2)


@pytest.mark.parametrize("engine", ["enumerate", "z3"])
def test_the_engines_agree(engine: str) -> None:
    built = plain_pairwise_and(14, pattern("random", 14, 20, 0), 2)
    verdict = check(built.network, built.specification, engine=engine, margin=True)
    assert verdict.holds
    assert verdict.margin == Fraction(1, 2)
    # one more active input is one more than was proved: the narrow code fails there
    wider = Specification(14, list(built.specification.formulas), domain="at most 3")
    assert check(built.network, wider, engine=engine).status == "violated"


@pytest.mark.parametrize("seed", range(3))
def test_criterion_and_enumeration_agree_on_damaged_codes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = pattern("random", 14, 20, seed)
    code = plain_pairwise_and(14, pairs, 2, seed).network.layers[0].weight.astype(bool)
    statuses = set()
    for _ in range(12):
        damaged = code.copy()
        for _ in range(int(rng.integers(1, 4))):
            damaged[rng.integers(len(code)), rng.integers(14)] ^= True
        network = plain_network(damaged, pairs)
        verdict = check(network, and_specification(14, pairs, 2), engine="enumerate")
        statuses.add(verdict.status)
        if verdict.holds:
            assert certify_plain(network, pairs, 2) >= 1
        else:
            with pytest.raises(ProofError, match="wrong on some input"):
                certify_plain(network, pairs, 2)
    assert "violated" in statuses


# neurons of published runs of the method (p = 0.36 at 64 outputs, p = 2/3 above)
@pytest.mark.parametrize(("size", "published"), [(64, 49), (256, 43)])
def test_search_is_no_wider_than_published(size: int, published: int) -> None:
    built = plain_pairwise_and(size, pattern("random", size, size, 1), 2)
    assert built.parameters["code"] == "random, repaired"
    assert built.lower_bound["neurons"] <= built.neurons <= published
    assert built.neurons < built.parameters["theory_neurons"]


def test_one_neuron_an_output_where_no_code_is_narrower() -> None:
    built = plain_pairwise_and(16, pattern("random", 16, 16, 0), 4)
    assert built.neurons == 16
    assert built.parameters["code"] == "one neuron an output"
    assert certify_plain(built.network, pattern("random", 16, 16, 0), 16) == 1


def test_given_neurons_are_kept() -> None:
    pairs = pattern("random", 40, 60, 0)
    built = plain_pairwise_and(40, pairs, neurons=45, seed=7)
    assert built.neurons == 45
    again = plain_pairwise_and(40, pairs, neurons=45, seed=7)
    assert built.problem.sha256 == again.problem.sha256
    with pytest.raises(ProofError, match="no exact code of 5 neurons"):
        plain_pairwise_and(40, pairs, neurons=5)


def test_large_instances_are_channels_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = pattern("matching", 400, None, 0)
    searched = plain_pairwise_and(400, pairs)
    assert not searched.parameters["code"].startswith("channel")
    monkeypatch.setattr("superproof.constructions.conjunction.SEARCHED", 10_000)
    built = plain_pairwise_and(400, pairs)
    assert built.parameters["code"].startswith("channel")
    assert built.neurons == ROOMY * channel_neurons(400, pairs, 2) < len(pairs)
    # where a channel is no narrower than one neuron an output, the search is made all the same
    few = plain_pairwise_and(24, pattern("complete", 24), 3)
    monkeypatch.setattr("superproof.constructions.conjunction.SEARCHED", 1)
    assert plain_pairwise_and(24, pattern("complete", 24), 3).neurons == few.neurons


def test_more_neurons_than_memory_holds_are_refused() -> None:
    with pytest.raises(InputError, match="99,999,999,999 neurons are too many for"):
        plain_pairwise_and(9, pattern("random", 9, 6, 0), neurons=99_999_999_999)


def test_one_neuron_an_output_is_offered_when_codes_fail() -> None:
    pairs = pattern("random", 16, 16, 0)
    built = plain_pairwise_and(16, pairs, 4, neurons=16)
    assert built.parameters["code"] == "one neuron an output"
    with pytest.raises(ProofError, match="16 neurons always suffice"):
        plain_pairwise_and(16, pairs, 4, neurons=17)


def test_a_network_of_another_form_is_not_certified() -> None:
    pairs = pattern("random", 10, 12, 0)
    hidden, readout = plain_pairwise_and(10, pairs).network.layers

    def network(weight: np.ndarray, k: np.ndarray, bias: np.ndarray, last: str) -> Network:
        return Network.from_arrays([weight, k], [hidden.bias, bias], ["relu", last])

    assert certify_plain(network(hidden.weight, readout.weight, readout.bias, "identity"), pairs, 2)
    changed = readout.weight.copy()
    changed[3, int(np.flatnonzero(changed[3])[0])] = 0
    for odd, words in (
        (network(hidden.weight * 2, readout.weight, readout.bias, "identity"), "other weights"),
        (network(hidden.weight, changed, readout.bias, "identity"), "read-out weight differs"),
        (network(hidden.weight, readout.weight, readout.bias + 1, "identity"), "bias differs"),
        (network(hidden.weight, readout.weight, readout.bias, "step"), "linear read-out"),
    ):
        with pytest.raises(ProofError, match=words):
            certify_plain(odd, pairs, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"active": 1}, "active must lie between 2 and the 6 inputs"),
        ({"active": 7}, "active must lie between 2 and the 6 inputs"),
        ({"seed": -1}, "seed"),
        ({"neurons": 0}, "neurons must be 1 or more"),
        ({"density": 1.0}, "density"),
        ({"pairs": [[0, 1], [1, 0]]}, "repeats row 0"),
        ({"pairs": [[0, 6]]}, "indices run from 0 to 5"),
    ],
)
def test_bad_requests(change: dict, words: str) -> None:
    arguments = {"inputs": 6, "pairs": [[0, 1], [2, 3]], **change}
    with pytest.raises(InputError, match=words):
        plain_pairwise_and(**arguments)


def test_files_come_back_the_same(tmp_path: Path) -> None:
    built = plain_pairwise_and(20, pattern("random", 20, 30, 1), 2, seed=3)
    folder = built.write(tmp_path / "new" / "folder")
    (folder / "mine.txt").write_text("kept", encoding="utf-8")
    built.write(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "certificate",
        "mine.txt",
        "network.onnx",
        "report.json",
        "spec.toml",
    ]
    network = Network.load(folder / "network.onnx")
    specification = Specification.load(folder / "spec.toml")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["sha256"] == Problem(network, specification).sha256 == built.problem.sha256
    assert report["neurons"] == network.neurons == built.neurons
    assert report["total_bits"] == built.neurons * (20 + 30)
    bits = (math.perm(190, 30) - 1).bit_length()
    assert report["lower_bound"]["bits"] == bits
    assert report["lower_bound"]["neurons"] == math.ceil((bits - 30) / 51)
    assert check(network, specification).holds
    with pytest.raises(InputError, match="in the way"):
        built.write(folder / "mine.txt")


def test_every_round_is_reported() -> None:
    reports: list[tuple[int, int]] = []
    built = plain_pairwise_and(
        60, pattern("random", 60, 80, 0), progress=lambda done, total: reports.append((done, total))
    )
    assert [done for done, _ in reports] == list(range(1, len(reports) + 1))
    assert len(reports) > built.parameters["rounds"]
    assert {total for _, total in reports} == {0}
