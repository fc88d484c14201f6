"""The examples run as a reader runs them, and what they print is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from superproof import Layer, Network, Specification, check_recognition
from superproof.verify.attention.files import read_recognition

ROOT = Path(__file__).parents[2]


def script(name: str, package: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The example as it ends."""
    pytest.importorskip(package)
    pytest.importorskip("torch")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=600
    )


def output(name: str, package: str, *arguments: str | Path) -> str:
    """What the script prints."""
    done = script(name, package, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_fairness() -> None:
    trained, constrained = output("fairness.py", "statsmodels").split("trained fair and monotone")
    found = re.search(r"fair to 'religious': violated by ([\d,]+) of ([\d,]+) pairs", trained)
    assert found is not None
    # six pairs of four values, each with the 272,160 combinations of the other columns
    assert number(found[2]) == 6 * 1_088_640 // 4
    parts = re.findall(r"religious for \w+ religious: ([\d,]+)", trained)
    assert len(parts) == 6
    assert sum(map(number, parts)) == number(found[1]) > 0
    assert "for example: not religious for " in trained
    assert "fair to 'religious': proved for all 1,632,960 pairs" in constrained
    # ten pairs of five ratings
    assert f"proved for all {10 * 1_088_640 // 5:,} pairs" in constrained


def test_digits() -> None:
    text = output("digits.py", "sklearn")
    rows = re.findall(r"^ +(\d) +(\d+) flips? +([\d,]+) +(digit \d|a tie)", text, re.MULTILINE)
    assert [int(digit) for digit, *_ in rows] == list(range(10))
    sizes = [1, 65, 2081, 43745, 679121, 8303633]
    for digit, radius, images, fooled in rows:
        assert number(images) == sizes[int(radius)]
        assert fooled != f"digit {digit}"
    assert max(int(radius) for _, radius, *_ in rows) >= 2
    # as many pixels are drawn as flipped as the text says
    for flips, picture in re.findall(
        r"and (\d+) flips? that .*\n.*\n((?:  .{8}   .{8}\n?){8})", text
    ):
        assert sum(map(picture.count, "+-")) <= int(flips)
        assert sum(map(picture.count, "+-")) > 0


def test_expansion() -> None:
    text = output("expansion.py", "sklearn")
    rows = re.findall(r"^(\d+ \d+) +([\d,]+)((?: +[01]\.\d+ \+- \d\.\d+){5})$", text, re.MULTILINE)
    assert [shape for shape, *_ in rows] == ["4 16", "8 16", "16 16"]
    for shape, budget, cells in rows:
        first, second = map(int, shape.split())
        # weights and biases of 64, first, second and 10 neurons
        assert number(budget) == 65 * first + (first + 1) * second + (second + 1) * 10
        # far above guessing, every arm
        assert min(float(cell) for cell in re.findall(r"([01]\.\d+) \+-", cells)) > 0.7


def test_torch_model() -> None:
    text = output("torch_model.py", "torch")
    rows = [
        (int(round_), number(missed), number(wrong))
        for round_, missed, wrong in re.findall(
            r"^ +(\d+) +([\d,]+) +([\d,]+)$", text, re.MULTILINE
        )
    ]
    assert [round_ for round_, *_ in rows] == list(range(1, len(rows) + 1))
    assert rows[0][2] > 0 == rows[-1][2] == rows[-1][1]
    for _, missed, wrong in rows:
        # a tenth of all inputs, drawn with repetition, holds about a tenth of the wrong ones
        expected = wrong * 100_000 / 2**20
        assert abs(missed - expected) <= 6 * (expected + 1) ** 0.5
    assert "proved: the model computes the rule on all 1,048,576 inputs" in text


def test_unlearned_checkpoint() -> None:
    done = script("unlearned_checkpoint.py", "torch")
    text = done.stdout
    assert done.returncode == ("not cleanly forgotten" in text), done.stderr
    assert "0 of 500 sampled inputs of the clause read true" in text
    if "not cleanly forgotten" not in text:  # floats differ between machines
        assert "\nforgotten: clause 1 of y0;" in text
        return
    residual, damage = re.findall(r"(?:residual|damage) on ([\d,]+) inputs?", text)
    lost, gained = 0, 0
    for clause in (0, 2):
        row = re.search(rf"{clause}: .* 3,600 +[\d,]+ +([\d,]+) +([\d,]+) ", text)
        assert row is not None
        lost, gained = lost + number(row[1]), gained + number(row[2])
    for name in ("several clauses", "no clause"):
        row = re.search(rf"{name} +[\d,]+ +[\d,]+ +([\d,]+) +([\d,]+) ", text)
        assert row is not None
        lost, gained = lost + number(row[1]), gained + number(row[2])
    assert number(damage) == lost + gained
    assert number(residual) + number(damage) > 0


def test_checkpoints_of_ones_own(tmp_path: Path) -> None:
    specification = Specification(["a", "b", "c"], {"y": "a & b | c"})
    first = Layer(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([-1.0, 0.0]), "relu")

    def read_out(weights: list[float]) -> Network:
        return Network([first, Layer(np.array([weights]), np.array([-0.5]))])

    both = read_out([1.0, 1.0])
    one = read_out([1.0, 0.0])
    for name, network in (("both", both), ("one", one)):
        network.save(tmp_path / f"{name}.safetensors")
    specification.save(tmp_path / "spec.toml")
    files = ("--after", tmp_path / "one.safetensors", "--spec", tmp_path / "spec.toml")
    given = ("--before", tmp_path / "both.safetensors", *files)
    kept = output("unlearned_checkpoint.py", "torch", *given, "--forgotten", "y:1")
    assert kept.startswith("forgotten: clause 1 of y;")
    done = script("unlearned_checkpoint.py", "torch", *given, "--forgotten", "y:0")
    assert done.returncode == 1
    assert "residual on 1 input" in done.stdout
    for arguments, message in (
        (files, "--before, --after, --spec and --forgotten go together"),
        ((*given, "--forgotten", "y:7"), "y has 2 clauses, numbered from 0"),
        (("--before", tmp_path / "no.npz", *files, "--forgotten", "y:0"), "no such file"),
    ):
        done = script("unlearned_checkpoint.py", "torch", *arguments)
        assert done.returncode == 2
        assert message in done.stderr.splitlines()[-1]


def test_attention_embeddings(tmp_path: Path) -> None:
    text = output("attention_embeddings.py", "sklearn")
    assert "all 65,536 pairs: holds" in text
    low, high = re.findall(r"temperature ([\d.]+): (\w+)", text)
    assert 2 * float(low[0]) == pytest.approx(float(high[0]), rel=0.01)
    assert (low[1], high[1]) == ("holds", "violated")
    missed = re.search(r"missed with weight ([\d.]+)", text)
    assert missed is not None
    assert float(missed[1]) < 0.5


def test_embeddings_of_ones_own(tmp_path: Path) -> None:
    vectors, edges, out = tmp_path / "X.npy", tmp_path / "edges.txt", tmp_path / "layer"
    np.save(vectors, np.random.default_rng(0).standard_normal((12, 8)))
    edges.write_text("".join(f"{i} {(i + 5) % 12}\n" for i in range(12)))
    given = ("--embeddings", vectors, "--edges", edges)
    text = output("attention_embeddings.py", "torch", *given, "--context", "4", "--out", out)
    assert "12 items in 8 dimensions, 12 edges" in text
    assert (out / "certificate").is_file()
    verdict = check_recognition(read_recognition(out / "layer.safetensors", out / "spec.toml"))
    assert verdict.holds
    assert verdict.softmax is not None
    done = script("attention_embeddings.py", "torch", *given, "--context", "13")
    assert done.returncode == 2
    assert "a context has between 1 and all 12 items" in done.stderr.splitlines()[-1]
    done = script("attention_embeddings.py", "torch", *given, "--context", "4", "--out", edges)
    assert "a file of that name is in the way" in done.stderr.splitlines()[-1]
    edges.write_text("0 12\n")
    done = script("attention_embeddings.py", "torch", *given)
    assert done.returncode == 2
    assert "12" in done.stderr.splitlines()[-1]


def test_theory_and_experiment(tmp_path: Path) -> None:
    figure = tmp_path / "ands.svg"
    text = output("theory_and_experiment.py", "matplotlib", "--out", figure)
    rows = [
        list(map(float, line.split())) for line in text.splitlines() if line[:4].strip().isdigit()
    ]
    assert [row[0] for row in rows] == [16, 32, 64, 128, 256]
    for _, bound, _, first, reliable in rows:
        assert bound <= first <= reliable
    drawn = figure.read_text()
    assert all(words in drawn for words in ("counting bound", "estimate for real weights"))
    done = script("theory_and_experiment.py", "matplotlib", "--out", tmp_path / "figure.xyz")
    assert done.returncode == 2
    assert "a figure is written as .svg, .png or .pdf" in done.stderr.splitlines()[-1]
