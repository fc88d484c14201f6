"""``superproof check``: answers, what is printed and the exit codes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.verify import check as driver
from superproof.verify.engines.engine import Outcome, Request
from superproof.verify.problem import Problem

from .conftest import Run, write_network


class Scripted:
    """An engine that does what a test says; it stands for slow, failing and broken engines."""

    name = "enumerate"

    def __init__(self, act):
        self.act = act

    def decide(self, problem: Problem, request: Request, outcome: Outcome) -> None:
        self.act(problem, request, outcome)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch):
    """Puts a function in the place of the engines."""

    def install(act):
        monkeypatch.setitem(driver.ENGINES, "auto", lambda: Scripted(act))

    return install


@pytest.mark.parametrize("engine", ["auto", "enumerate", "tree", "z3"])
def test_a_right_network_holds(superproof: Run, folder: Path, engine: str) -> None:
    answer = superproof("check", folder, "--engine", engine)
    assert answer.code == 0
    assert answer.out.startswith("holds: the network computes the specification on all 16 inputs\n")


@pytest.mark.parametrize("engine", ["auto", "enumerate", "tree", "z3"])
def test_a_wrong_network_is_violated(superproof: Run, damaged: Path, engine: str) -> None:
    answer = superproof("check", damaged, "--engine", engine)
    assert answer.code == 1
    assert answer.out.startswith("violated: the network is wrong on at least one of 16 inputs\n")
    assert "counterexample: a=" in answer.out
    row = next(line for line in answer.out.splitlines() if line.endswith(" 0.5"))
    assert row.split() == ["y0", "false", "true", "0.5"]


def test_model_and_specification_can_be_named(superproof: Run, folder: Path) -> None:
    assert superproof("check", folder / "network.npz", folder / "spec.toml").code == 0
    assert superproof("check", folder, folder / "spec.toml").code == 0


def test_count_margin_and_all_counterexamples(superproof: Run, damaged: Path) -> None:
    words = ("--count", "--margin", "--counterexamples", "100", "--engine", "enumerate")
    answer = superproof("check", damaged, *words)
    assert answer.code == 1
    assert answer.out.startswith("violated: the network is wrong on 8 of 16 inputs\n")
    assert "margin: -1/2 (-0.5)" in answer.out
    assert "counterexample 8 of 8: " in answer.out
    violations = [line.split() for line in answer.out.splitlines() if "a & b" in line]
    assert violations == [["y0", "a", "&", "b", "8"]]


def test_fractions_show_exact_values(superproof: Run, damaged: Path) -> None:
    answer = superproof("check", damaged, "--fractions")
    assert any(line.split()[-1:] == ["1/2"] for line in answer.out.splitlines())


def test_json_is_alone_on_stdout(superproof: Run, damaged: Path) -> None:
    words = ("--json", "--count", "--margin", "--counterexamples", "3", "--engine", "enumerate")
    answer = superproof("check", damaged, *words)
    data = json.loads(answer.out)
    assert answer.code == 1
    assert data["status"] == "violated"
    assert data["violations"] == 8
    assert data["violations_by_output"] == {"y0": 8, "y1": 0}
    assert data["margin"] == {"exact": "-1/2", "value": -0.5}
    assert data["domain_size"] == 16
    assert len(data["counterexamples"]) == 3
    for example in data["counterexamples"]:
        a, b = example["input"][:2]
        assert a != b
        assert example["outputs"]["y0"] == {"expected": False, "read": True, "value": "1/2"}
    for key in ("engine", "float32", "nodes", "seconds", "tried", "sha256", "version"):
        assert key in data


def test_json_of_a_right_network(superproof: Run, folder: Path) -> None:
    data = json.loads(superproof("check", folder, "--json", "--margin").out)
    assert (data["status"], data["violations"], data["counterexamples"]) == ("holds", 0, [])
    assert Fraction(data["margin"]["exact"]) == 0


def test_a_domain_is_named(superproof: Run, damaged: Path) -> None:
    spec = damaged / "spec.toml"
    spec.write_text('domain = "exactly 2"\n' + spec.read_text(encoding="utf-8"), encoding="utf-8")
    answer = superproof("check", damaged, "--count")
    assert answer.out.startswith(
        "violated: the network is wrong on 4 of 6 inputs of the domain 'exactly 2'\n"
    )


def test_many_inputs_name_only_the_true_ones(superproof: Run, tmp_path: Path) -> None:
    weight = np.zeros((1, 20), dtype=np.float32)
    weight[0, 7] = 1
    np.savez(tmp_path / "network.npz", **{"0.weight": weight, "0.bias": np.zeros(1, np.float32)})
    (tmp_path / "spec.toml").write_text(
        'inputs = 20\ndomain = "exactly 1"\n[outputs]\ny0 = "false"\n', encoding="utf-8"
    )
    answer = superproof("check", tmp_path)
    assert answer.code == 1
    assert "counterexample: true: x7; the other 19 inputs are false" in answer.out


def test_many_outputs_are_summarised(superproof: Run, tmp_path: Path) -> None:
    outputs = 30
    weight = np.ones((outputs, 2), dtype=np.float32)
    bias = np.full(outputs, -1, dtype=np.float32)
    formulas = "".join(f'y{j} = "a & b"\n' for j in range(outputs))
    (tmp_path / "spec.toml").write_text(f'inputs = ["a", "b"]\n[outputs]\n{formulas}')
    np.savez(tmp_path / "network.npz", **{"0.weight": weight, "0.bias": bias})
    answer = superproof("check", tmp_path)
    assert answer.code == 0
    assert "30 outputs, y0 to y29: all right" in answer.out
    assert "y17" not in answer.out
    bias[17] = 0
    np.savez(tmp_path / "network.npz", **{"0.weight": weight, "0.bias": bias})
    answer = superproof("check", tmp_path, "--count")
    assert answer.code == 1
    assert "30 outputs, y0 to y29: 1 wrong" in answer.out
    assert "and 29 right outputs" in answer.out
    shown = {line.split()[0] for line in answer.out.splitlines() if line.startswith("y")}
    assert shown == {"y17"}


def test_an_unread_value_between_the_levels(superproof: Run, damaged: Path) -> None:
    spec = damaged / "spec.toml"
    levels = "[readout]\ntrue_at_least = 0.75\nfalse_at_most = 0.25\n"
    spec.write_text(spec.read_text(encoding="utf-8") + levels, encoding="utf-8")
    answer = superproof("check", damaged)
    assert answer.code == 1
    assert any(
        line.split() == ["y0", "false", "neither", "0.5"] for line in answer.out.splitlines()
    )


def test_time_limit_is_unknown(superproof: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    arrays = {
        "0.weight": rng.standard_normal((64, 36)).astype(np.float32),
        "0.bias": rng.standard_normal(64).astype(np.float32),
        "1.weight": np.ones((1, 64), dtype=np.float32),
        "1.bias": np.ones(1, dtype=np.float32),
    }
    np.savez(tmp_path / "network.npz", **arrays)
    (tmp_path / "spec.toml").write_text('inputs = 36\n[outputs]\ny0 = "true"\n', encoding="utf-8")
    words = ("--engine", "enumerate", "--timeout", "0.2", "--count")
    answer = superproof("check", tmp_path, *words)
    assert answer.code == 3
    assert answer.out.startswith("unknown: time limit")
    assert "note: the count was not finished" in answer.out
    assert "tried: enumerate" in answer.out
    data = json.loads(superproof("check", tmp_path, *words, "--json").out)
    assert (data["status"], data["violations"]) == ("unknown", None)
    assert 0 < data["nodes"] < 2**36


def test_interrupt_shows_what_is_known(superproof: Run, damaged: Path, scripted) -> None:
    def act(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.points.append(np.array([1, 0, 0, 0], dtype=np.uint8))
        outcome.visited = 9
        raise KeyboardInterrupt

    scripted(act)
    answer = superproof("check", damaged, "--count")
    assert answer.code == 130
    assert answer.out.startswith("violated: the network is wrong on at least one of 16 inputs\n")
    assert "interrupted: this is what was known by then" in answer.out
    assert "counterexample: a=1 b=0 c=0 d=0" in answer.out
    data = json.loads(superproof("check", damaged, "--json").out)
    assert (data["status"], data["interrupted"], data["nodes"]) == ("violated", True, 9)


def test_interrupt_before_anything_is_known(superproof: Run, folder: Path, scripted) -> None:
    def act(problem: Problem, request: Request, outcome: Outcome) -> None:
        raise KeyboardInterrupt

    scripted(act)
    answer = superproof("check", folder)
    assert answer.code == 130
    assert answer.out.startswith("unknown: interrupted after ")


def test_a_failed_replay_is_an_internal_error(superproof: Run, folder: Path, scripted) -> None:
    def act(problem: Problem, request: Request, outcome: Outcome) -> None:
        outcome.points.append(np.array([1, 1, 0, 0], dtype=np.uint8))

    scripted(act)
    answer = superproof("check", folder)
    assert answer.code == 4
    assert answer.out == ""
    assert "1100 failed its exact replay" in answer.complaint
    assert answer.complaint.startswith("internal error: ReplayError")


def test_options_reach_the_engine(superproof: Run, folder: Path, scripted) -> None:
    seen = []
    scripted(lambda problem, request, outcome: seen.append(request))
    asked = ("--count", "--margin", "--counterexamples", 7)
    allowed = ("--threads", 3, "--device", "cuda", "--timeout", 1000)
    assert superproof("check", folder, *asked, *allowed).code == 3
    request = seen[0]
    assert (request.count, request.margin, request.counterexamples) == (True, True, 7)
    assert (request.threads, request.device) == (3, "cuda")
    assert request.deadline is not None


def test_names_that_look_like_markup_stay_as_they_are(superproof: Run, tmp_path: Path) -> None:
    write_network(tmp_path / "network.npz")
    (tmp_path / "spec.toml").write_text(
        'inputs = ["[bold]", "b", ":smile:", "d"]\n'
        '[outputs]\n"[red]y[/red]" = "`[bold]` | b"\ny1 = "~`:smile:`"\n',
        encoding="utf-8",
    )
    answer = superproof("check", tmp_path)
    assert answer.code == 1
    assert "[bold]=" in answer.out
    assert ":smile:=" in answer.out
    assert "[red]y[/red]" in answer.out
