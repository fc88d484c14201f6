"""``superproof experiment`` and ``superproof demo``, on small plans."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from superproof import demo as job
from superproof.cli import main
from superproof.empirics.capacity import plan, search
from superproof.empirics.training.boolean_task import BooleanTask, Sampling
from superproof.empirics.training.program import FinishedRun
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.trainer import train_runs
from superproof.verify.network import Network

TINY = plan.CapacityPlan(
    widths={"plain": (3, 4, 5), "superposed": (20,)},
    seeds=2,
    construction_sizes={"plain-code": (16,)},
    most_outputs=24,
    resamples=20,
)


@pytest.fixture(autouse=True)
def _small_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "QUICK", TINY)


def test_experiment_writes_and_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["experiment", "boolean-capacity", "--quick", "--device", "cpu", "--out", str(tmp_path)]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "networks decided exactly" in first
    assert "Pairwise ANDs computed without any error, trained, all weights free:" in first
    assert "> 10^6" in first  # beyond what is counted
    # every number stays on its line, even where 80 columns are all there is
    assert not [line for line in first.splitlines() if re.fullmatch(r"[ \d,.]+", line)]
    assert "Laws, trained, all weights free, natural logarithms:" in first
    assert "a n^2 / log n" in first
    names = ("capacity.svg", "capacity.png", "capacity.csv", "capacity.json", "finding.json")
    for name in (*names, "runs.sqlite"):
        assert (tmp_path / name).stat().st_size > 0
        assert name in first
    assert main(words) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert "0 of them trained now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["experiment", "boolean-capacty"], "the known ones: "),
        (["experiment", "boolean-capacity", "--device", "tpu"], "auto, cpu, cuda"),
        (["experiment", "boolean-capacity", "--seed", "-1"], "seed must be 0 or more"),
        (["demo", "--seed", "-1"], "--seed must be 0 or more"),
        (["demo", "--step", "8"], "between 1 and 7"),
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

    monkeypatch.setattr(search, "train_runs", stopped)
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
        *("capacity/capacity.png", "margins.svg", "margins.png", "report.html"),
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
    page = (out / "report.html").read_text(encoding="utf-8")
    # both findings of the folder: the networks of the demonstration, and the capacity curve
    assert page.count("<section") == 2
    assert page.count("data:image/svg+xml") >= 2
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
    def hopeless(seed: int) -> FinishedRun:
        task = BooleanTask("dnf", 16, arity=3, clauses=4, seed=seed)
        run = NetworkRun(task, (1,), seed, Schedule(1, 0.001), Sampling(points=8))
        (found,) = train_runs(ReluNetworks(), [run], device="cpu")
        return found

    monkeypatch.setattr(job, "_trained", hopeless)
    assert main(["demo", "--out", str(tmp_path)]) == 3
    assert "wrong inputs after 3 starts; try another --seed" in capsys.readouterr().err


def test_demo_stops_at_a_contradiction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = job.Demo(tmp_path)
    steps.train()
    network = Network.load(steps.right / "network.onnx")
    first, second = network.layers
    wrong = Network.from_arrays([first.weight, -second.weight], [first.bias, -second.bias])
    wrong.save(steps.right / "network.onnx")
    assert main(["demo", "--step", "2", "--out", str(tmp_path)]) == 4
    assert "must hold, but violated" in capsys.readouterr().err
