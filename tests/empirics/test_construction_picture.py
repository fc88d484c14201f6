"""The values in the picture of a construction are those of the stored network."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from superproof.constructions.conjunction import plain_pairwise_and
from superproof.constructions.construction import Construction
from superproof.constructions.patterns import pattern
from superproof.constructions.superposed import superposed_pairwise_and
from superproof.empirics import construction_picture as picture

PAIRS = pattern("random", 12, 20, 0)


def built(form: str) -> Construction:
    """A small network of that form, at most three active inputs."""
    if form == "plain":
        return plain_pairwise_and(12, PAIRS, 3)
    return superposed_pairwise_and(12, PAIRS, 60, 3, method="least-squares", draws=9)


@pytest.mark.parametrize("form", ["plain", "superposition"])
def test_values_of_all_inputs(form: str) -> None:
    made = built(form)
    true, false, states, sampled = picture.read_values(made, PAIRS)
    assert (states, sampled) == (66 + 220, False)
    assert true.size == 20 * (1 + 10)
    assert false.size == 20 * 286 - true.size
    assert true.min() > 0 >= false.max()
    if form == "superposition":
        margin = Fraction(made.parameters["margin"])
        # inputs with fewer ones read less than the level by all of it
        assert min(true.min(), -false.max()) >= margin


def test_a_sample_holds_true_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(picture, "VALUES", 20 * 50)
    made = built("superposition")
    true, false, states, sampled = picture.read_values(made, PAIRS)
    assert (states, sampled) == (20 + 30, True)
    assert true.size >= 20
    assert true.min() > 0 >= false.max()
    again = picture.read_values(made, PAIRS)
    assert np.array_equal(true, again[0])
    file = picture.draw_construction(made, PAIRS, tmp_path / "picture.png")
    assert file.read_bytes()[:4] == b"\x89PNG"
