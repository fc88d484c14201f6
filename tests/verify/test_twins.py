"""Neurons that two networks share are merged without changing a value, in every number type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from superproof import Network
from superproof.verify.twins import without_idle, without_twins

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize(
    "row",
    [
        np.array([[100, 100, 1]], dtype=np.int8),
        np.array([[-128, -128, 1]], dtype=np.int8),
        np.array([[200, 200, 1]], dtype=np.uint8),
        np.array([[2**31 - 1, 2**31 - 1, 1]], dtype=np.int32),
        np.array([[-(2**63), -(2**63), 1]]),
        np.array([[2.0**53, 1.0, 0.5]]),
        np.array([[2.0**53, 1.0, 0.5]], dtype=object),
        np.array([[60000, 60000, 1]], dtype=np.float16),
        [[2**60, 0.5, 1]],
    ],
)
def test_merged_weights_are_exact(row: Any) -> None:
    hidden = [[1, 0], [1, 0], [0, 1]]
    network = Network.from_arrays([hidden, row, [[1]]], None, ["relu", "identity", "identity"])
    merged = Network(tuple(without_idle(without_twins(network.layers))))
    assert (merged.evaluate(CORNERS) == network.evaluate(CORNERS)).all()
    if network.layers[1].weight.dtype.kind != "f":
        assert merged.layers[0].width == (2 if network.layers[1].weight.min() > -(2**40) else 3)


def test_twins_that_nobody_reads_together_are_one_in_floats_too() -> None:
    network = Network.from_arrays([[[0.1], [0.1]], [[0.3, 0.0], [0.0, 0.7]]])
    assert without_twins(network.layers)[0].width == 1
