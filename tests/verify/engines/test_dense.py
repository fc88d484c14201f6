"""The float filter where numbers underflow."""

from __future__ import annotations

import numpy as np
import pytest

from superproof.verify.check import check
from superproof.verify.engines import enumeration
from superproof.verify.network import Network
from superproof.verify.specification import Specification


def test_a_weight_that_underflows_is_multiplied_by_its_input() -> None:
    """Scaling by 2^-900 loses weights of 2^-180 whose inputs have grown to 6 * 64^4."""
    ones = np.ones((64, 64))
    last = np.zeros((2, 64))
    last[0, 0] = 2.0**900
    last[1] = 2.0**-180
    true = 6.0 * 64**5 * 2.0**-180
    network = Network.from_arrays(
        [np.ones((64, 6)), ones, ones, ones, ones, last, [[0.0, 1.0]]],
        [np.zeros(64)] * 5 + [np.array([0.0, -true / 4]), np.zeros(1)],
    )
    spec = Specification(6, {"y": "false"}, domain="exactly 6")
    assert check(network, spec, engine="enumerate", margin=True).status == "violated"
    assert check(network, Specification(6, {"y": "true"}, domain="exactly 6")).status == "holds"


def test_a_filter_that_never_holds_does_not_hide_the_deadline() -> None:
    everything = " & ".join(f"x{i}" for i in range(24))
    network = Network.from_arrays([np.ones((3, 24)), np.ones((3, 3)), np.ones((1, 3))])
    spec = Specification(24, {"y": "x0"}, domain=f"where {everything}")
    verdict = check(network, spec, engine="enumerate", timeout=0.01)
    assert verdict.status == "unknown"
    assert "time limit" in verdict.tried[0].result


def test_more_counterexamples_wanted_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enumeration, "SMALL", 0)
    network = Network.from_arrays([[[1, 1]]])
    verdict = check(
        network, Specification(2, {"y": "false"}), engine="enumerate", counterexamples=10**13
    )
    assert len(verdict.counterexamples) == 3
