"""``superproof experiment`` and ``superproof demo``, on small plans."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from superproof import demo as job
from superproof.cli import main
from superproof.empirics import capacity
from superproof.empirics.batch import Schedule
from superproof.empirics.train import DomainRecipe, Trained
from superproof.verify.network import Network
from superproof.verify.verdict import Verdict

TINY = capacity.CapacityPlan(
    widths=(4,),
    ladder=(4, 6),
    seeds=3,
    recipe=DomainRecipe(Schedule(150, 0.2), restarts=2),
    construction_sizes=(8, 16),
)


@pytest.fixture(autouse=True)
def _small_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "QUICK", TINY)


def test_experiment_writes_and_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["experiment", "boolean-capacity", "--quick", "--device", "cpu", "--out", str(tmp_path)]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "networks decided exactly" in first
    # what the figure says about its bound, the table says too
    assert "n×n weights does not bind them" in first
    assert "for free weights of 32 bits, allows over 1,048,576 at every trained width" in first
    for name in ("capacity.svg", "capacity.png", "capacity.csv", "capacity.json", "results.jsonl"):
        assert (tmp_path / name).stat().st_size > 0
        assert name in first
    assert main(words) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert "0 of them trained now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["experiment", "boolean-capacty"], "the known ones: boolean-capacity"),
        (["experiment", "boolean-capacity", "--device", "tpu"], "auto, cpu, cuda"),
        (["experiment", "boolean-capacity", "--seed", "-1"], "seed must be 0 or more"),
        (["demo", "--seed", "-1"], "--seed must be 0 or more"),
        (["demo", "--step", "7"], "between 1 and 6"),
    ],
)
def test_bad_requests_are_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_interrupt_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(capacity, "train_pairwise_and", stopped)
    assert main(["experiment", "boolean-capacity", "--quick", "--out", str(tmp_path)]) == 130
    assert "--resume" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["torch", "matplotlib"])
def test_demo_without_the_extra(
    package: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["demo", "--out", str(tmp_path / "out")]) == 2
    assert "superproof[experiments]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_demo_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "demo folder"
    assert main(["demo", "--out", str(out), "--seed", "3"]) == 0
    text = capsys.readouterr().out
    assert "holds: the network computes the specification on all 65,536 inputs" in text
    assert "violated: the network is wrong on" in text
    assert "counterexample 1 of 3" in text
    for name in (
        *("right/network.onnx", "right/spec.toml", "damaged/network.onnx"),
        *("construction/network.onnx", "construction/report.json"),
        *("capacity/capacity.png", "margins.svg", "margins.png"),
    ):
        assert (out / name).stat().st_size > 0
    # the commands that it ends with can be typed again, and say the same
    shown = text.split("The same step by step:\n")[1].splitlines()
    commands = [shlex.split(line)[1:] for line in shown if line.startswith("  ")]
    words = [command[command.index("superproof") + 1 :] for command in commands]
    assert {command[0] for command in words} >= {"demo", "check", "construct", "experiment"}
    for command in words:
        if command[0] in ("check", "construct", "bounds"):
            expected = 1 if str(out / "damaged") in command else 0
            assert main(command) == expected, command
    before = (out / "right" / "network.onnx").read_bytes()
    assert main(["demo", "--step", "1", "--out", str(out), "--seed", "3"]) == 0
    assert (out / "right" / "network.onnx").read_bytes() == before


def test_demo_steps_need_the_ones_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--step", "3", "--out", str(tmp_path)]) == 2
    assert "run step 1 first" in capsys.readouterr().err


def test_demo_stops_where_training_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from superproof.empirics import train

    def failed(*_: object) -> Trained:
        network = Network.from_arrays([np.zeros((1, 16)), np.zeros((1, 1))])
        return Trained(network, Verdict("violated", "enumerate", 1 << 16, 99), 0, 1)

    monkeypatch.setattr(train, "train_dnf", failed)
    assert main(["demo", "--out", str(tmp_path)]) == 3
    assert "99 wrong inputs" in capsys.readouterr().err


def test_demo_stops_at_a_contradiction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = job.Demo(tmp_path)
    steps.train()
    network = Network.load(steps.right / "network.onnx")
    first, second = network.layers
    wrong = Network.from_arrays([first.weight, -second.weight], [first.bias, -second.bias])
    wrong.save(steps.right / "network.onnx")
    assert main(["demo", "--step", "2", "--out", str(tmp_path)]) == 4
    assert "must hold, but violated" in capsys.readouterr().err
