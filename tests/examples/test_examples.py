"""The examples run as a reader runs them, and what they print is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def output(name: str, package: str) -> str:
    """What the script prints."""
    pytest.importorskip(package)
    pytest.importorskip("torch")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(ROOT / "examples" / name)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=600
    )
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
