"""The float filter where numbers underflow."""

from __future__ import annotations

import numpy as np

from superproof.verify.check import check
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
