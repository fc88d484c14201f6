"""``superproof invariant``, and ``recheck`` of its certificates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import Run

NAMED = """\
inputs = ["red", "green", "blue", "a"]
outputs = ["y0", "y1"]
domain = { one_hot = [["red", "green", "blue"]] }
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """y0 is true for red with a and for blue; y1 is ~a."""
    weight = np.array([[1, 0, 2, 1], [0, 0, 0, -1]], dtype=np.float32)
    np.savez(tmp_path / "network.npz", **{"0.weight": weight, "0.bias": np.float32([-1, 1])})
    (tmp_path / "spec.toml").write_text(NAMED, encoding="utf-8")
    return tmp_path


def test_a_group_that_matters(superproof: Run, model: Path) -> None:
    answer = superproof("invariant", model, "--flip", "red,green,blue", "--count")
    assert answer.code == 1
    lines = [line.split() for line in answer.out.splitlines()]
    assert answer.out.startswith(
        "violated: exchanging any two of red, green, blue changes an output, on 4 of 6 pairs of "
        "inputs of the domain"
    )
    assert ["y0", "1", "3", "4"] in lines
    assert ["y1", "0", "0", "0"] in lines
    assert ["red", "for", "green", "2", "1"] in lines
    assert "example: exchanging red for green, at a=1" in answer.out
    assert ["y0", "true", "false", "1,", "0"] in lines


def test_what_does_not_matter(superproof: Run, model: Path) -> None:
    answer = superproof("invariant", model, "--flip", "red,green", "--output", "y1")
    assert answer.code == 0
    assert answer.out.startswith("holds: exchanging red for green does not change y1, on all 2 ")
    answer = superproof("invariant", model, "--monotone", "~a", "--output", "y1")
    assert answer.code == 0


def test_a_falling_output(superproof: Run, model: Path) -> None:
    answer = superproof("invariant", model, "--monotone", "a", "--counterexamples", "9")
    assert answer.code == 1
    assert "violated: setting a from false to true lowers an output, on 3 of 3 pairs" in answer.out
    assert "example 3 of 3" in answer.out


@pytest.mark.parametrize("engine", ["enumerate", "tree", "z3"])
def test_json(superproof: Run, model: Path, engine: str) -> None:
    words = ("invariant", model / "network.npz", model / "spec.toml", "--json", "--count")
    answer = superproof(*words, "--flip", "blue", "--monotone", "a", "--engine", engine)
    assert answer.code == 1
    data = json.loads(answer.out)
    assert data["status"] == "violated"
    first, second = data["properties"]
    assert (first["pairs"], first["violations"]) == (4, 3)
    assert first["by_output"] == {"y0": {"falls": 3, "rises": 0}, "y1": {"falls": 0, "rises": 0}}
    assert [e["exchange"] for e in first["exchanges"]] == ["blue for red", "blue for green"]
    assert {e["engine"] for e in first["exchanges"]} == {engine}
    assert second["by_output"] == {"y0": {"falls": 0}, "y1": {"falls": 3}}
    assert (data["pairs"], data["violations"]) == (7, 6)
    example = data["examples"][0]
    assert example["before"][:3] == "001"
    assert example["wrong"] == ["y0"]
    assert example["outputs"]["y0"]["after"]["read"] is False


def test_certificates(superproof: Run, model: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    asked = ("--flip", "red,blue", "--monotone", "~a", "--output", "y1")
    answer = superproof("invariant", model, *asked, "--certificate", proof)
    assert (answer.code, f"certificate: {proof}, " in answer.out) == (0, True)
    answer = superproof("recheck", model, proof, *asked)
    assert answer.code == 0
    assert answer.out.splitlines()[0].startswith(
        "accepted: 'exchanging red for blue does not change y1': holds"
    )
    for other in (("--flip", "red,blue"), ("--flip", "a", "--monotone", "red,blue")):
        answer = superproof("recheck", model, proof, *other)
        assert answer.code == 1
        assert answer.out.startswith("rejected: it is about another ")


def test_bad_input_is_one_line(superproof: Run, model: Path, tmp_path: Path) -> None:
    refusals = {
        (): "nothing to ask",
        ("--flip", "grean"): "did you mean 'green'?",
        ("--flip", "a", "--output", "z"): "unknown output 'z'",
        ("--flip", "a", "--timeout", "-1"): "timeout must be positive",
        ("--flip", "red,a"): "listed inputs must be members of one one-hot group",
    }
    for words, message in refusals.items():
        answer = superproof("invariant", model, *words)
        assert answer.code == 2
        assert message in answer.complaint
    (tmp_path / "short.toml").write_text('inputs = ["a"]\noutputs = ["y"]\n', encoding="utf-8")
    answer = superproof("invariant", model / "network.npz", tmp_path / "short.toml", "--flip", "a")
    assert answer.code == 2
    assert "short.toml do not fit: the network has 4 inputs" in answer.complaint
    answer = superproof("recheck", model, tmp_path / "none", "--output", "y1")
    assert "--output: give --flip or --monotone as well" in answer.complaint
    answer = superproof("recheck", model, tmp_path / "none", "--flip", "a", "--against", model)
    assert "--against is for compare, --flip and --monotone for invariant" in answer.complaint


def test_checking_needs_formulas(superproof: Run, model: Path) -> None:
    for words in (("check", model), ("export", model), ("recheck", model, model / "spec.toml")):
        answer = superproof(*words)
        assert answer.code == 2
        assert "spec.toml: outputs: a list of names says nothing to check" in answer.complaint


def test_running_out_of_time(superproof: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {}
    for layer, shape in enumerate([(300, 80), (300, 300), (2, 300)]):
        arrays[f"{layer}.weight"] = random.normal(size=shape).astype(np.float32)
        arrays[f"{layer}.bias"] = np.zeros(shape[0], dtype=np.float32)
    # equal in all but the last bit of one weight: no pair is found, and none can be excluded soon
    arrays["0.weight"][:, 0] = 0
    arrays["0.weight"][0, 0] = 1e-30
    np.savez(tmp_path / "network.npz", **arrays)
    (tmp_path / "spec.toml").write_text('inputs = 80\noutputs = ["y", "z"]\n', encoding="utf-8")
    answer = superproof("invariant", tmp_path, "--flip", "x0", "--timeout", "0.5")
    assert answer.code == 3
    assert answer.out.startswith("unknown whether setting x0 from false to true changes no output")
