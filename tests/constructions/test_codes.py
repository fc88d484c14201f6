"""Repaired random codes: accepted by the criterion, reproducible, honest about failure."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.constructions.codes import repaired_code
from superproof.constructions.patterns import pattern
from superproof.verify.engines.criterion import violated_outputs
from superproof.verify.errors import ProofError


@pytest.mark.parametrize(("neurons", "active", "density"), [(40, 2, 0.667), (400, 3, 0.25)])
def test_a_code_is_exact(neurons: int, active: int, density: float) -> None:
    pairs = pattern("random", 48, 60, seed=3)
    code = repaired_code(neurons, 48, pairs, active, density, seed=4)
    assert code.matrix.shape == (neurons, 48)
    assert violated_outputs(code.matrix, pairs, active).size == 0


def test_repair_was_needed_and_stays_reproducible() -> None:
    pairs = pattern("random", 64, 64, seed=0)
    code = repaired_code(32, 64, pairs, 2, 0.667, seed=0)
    assert code.rounds > 0
    assert code.redrawn > 0
    again = repaired_code(32, 64, pairs, 2, 0.667, seed=0)
    other = repaired_code(32, 64, pairs, 2, 0.667, seed=1)
    assert (code.matrix == again.matrix).all()
    assert (code.matrix != other.matrix).any()


@pytest.mark.parametrize("neurons", [1, 8, 20])
def test_too_few_neurons_say_how_far_it_came(neurons: int) -> None:
    pairs = pattern("random", 64, 64, seed=0)
    with pytest.raises(ProofError, match=f"{neurons} neurons.*violated.*more neurons"):
        repaired_code(neurons, 64, pairs, 2, 0.667)


def test_no_rounds_means_one_draw() -> None:
    pairs = pattern("random", 64, 64, seed=0)
    with pytest.raises(ProofError, match="0 rounds"):
        repaired_code(32, 64, pairs, 2, 0.667, rounds=0)
    code = repaired_code(90, 64, pairs, 2, 0.667, rounds=0)
    # with no repair the code is the draw itself
    assert (code.matrix == (np.random.default_rng(0).random((90, 64)) < 0.667)).all()
