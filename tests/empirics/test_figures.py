"""Margins over a domain, and their histogram."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.figures import margin_histogram
from superproof.empirics.margins import domain_margins
from superproof.verify.errors import InputError
from superproof.verify.network import Network
from superproof.verify.problem import Problem
from superproof.verify.specification import Specification


def _and(bias: float) -> Problem:
    """x0 + x1 - x2/4 + bias read as x0 & x1 on three inputs."""
    network = Network.from_arrays([np.array([[1.0, 1.0, -0.25]])], [np.array([bias])])
    return Problem(network, Specification(3, ["x0 & x1"]))


def test_margins_by_hand() -> None:
    margins = domain_margins(_and(-1.5))
    # true points 0.5 and 0.25; false ones 0.5 (x0 or x1 alone), 0.75, 1.5, 1.75
    expected = [0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 1.5, 1.75]
    assert sorted(margins.values) == expected
    assert margins.least == Fraction(1, 4)
    assert not margins.wrong.any()
    assert margins.by_output == (0,)


def test_a_tie_is_wrong_only_where_true_is_wanted() -> None:
    margins = domain_margins(_and(-1.75))
    assert margins.least == 0
    assert margins.wrong.sum() == 1  # 1 + 1 - 1/4 - 7/4 = 0 must be above 0
    margins = domain_margins(_and(-1.0))
    assert margins.least == 0
    assert margins.wrong.sum() == 0  # 1 - 1 = 0 reads false, as it should


def test_large_domains_are_refused() -> None:
    network = Network.from_arrays([np.ones((1, 17))])
    with pytest.raises(InputError, match="--margin"):
        domain_margins(Problem(network, Specification(17, ["x0"])))


def test_histogram_files_and_labels(tmp_path: Path) -> None:
    found = {"right": domain_margins(_and(-1.5)), "off": domain_margins(_and(-0.5))}
    svg, png = margin_histogram(found, "Margins of an AND", tmp_path / "deep" / "margins")
    text = svg.read_text(encoding="utf-8")
    wrong = int(found["off"].wrong.sum())
    assert wrong > 0
    for label in (
        "Margins of an AND",
        "right: 0 of 8 inputs wrong",
        f"off: {wrong} of 8 inputs wrong",
        "least margin",
        "below 0: wrong",
    ):
        assert label in text
    assert png.read_bytes().startswith(b"\x89PNG")
    # the same margins give the same file
    again, _ = margin_histogram(found, "Margins of an AND", tmp_path / "again")
    assert again.read_bytes() == svg.read_bytes()


def test_all_margins_equal(tmp_path: Path) -> None:
    network = Network.from_arrays([np.zeros((1, 2))])
    margins = domain_margins(Problem(network, Specification(2, ["false"])))
    assert set(margins.values) == {0.0}
    svg, _ = margin_histogram({"constant": margins}, "Ties", tmp_path / "ties")
    assert "0 of 4 inputs wrong" in svg.read_text(encoding="utf-8")
