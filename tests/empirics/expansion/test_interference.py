"""Capacities and cosines in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.empirics.expansion.interference import feature_capacity, interference


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_equal_columns_share_one_capacity(copies: int) -> None:
    weight = np.repeat(np.eye(3), copies, axis=1)
    assert feature_capacity(weight) == pytest.approx(np.full(3 * copies, 1 / copies))


def test_capacity_of_two_columns_at_an_angle() -> None:
    angle = 0.7
    weight = np.array([[1, np.cos(angle)], [0, np.sin(angle)]])
    assert feature_capacity(weight) == pytest.approx([1 / (1 + np.cos(angle) ** 2)] * 2)


def test_nothing_has_no_capacity() -> None:
    assert feature_capacity(np.zeros((2, 3))).tolist() == [0, 0, 0]
    assert interference(np.zeros((2, 3))).capacity == 0


def test_siblings_are_no_strangers() -> None:
    weight = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 0]])
    met = interference(weight, parents=np.array([0, 0, 1, 1, 2]))
    # of six pairs of rows that read something two are siblings; 1, 0, 0 and -1 are left
    assert met.signed == pytest.approx(0)
    assert met.absolute == pytest.approx(2 / 6)
    assert met.strangers == pytest.approx(2 / 4)
    assert interference(weight).strangers == met.absolute
