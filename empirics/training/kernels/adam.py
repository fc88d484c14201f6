"""Steps of Adam, all entries of a run in one pass."""

from pathlib import Path

import numpy as np

from ....verify.engines.kernels.compilation import compiler

kernel = compiler(Path(__file__).parent, fastmath={"contract", "nsz"}, error_model="numpy")

#: Keeps Adam from dividing by zero.
EPSILON = np.float32(1e-8)
ONE = np.float32(1)


@kernel
def adam(weights, mean, square, gradient, rate, root, slow, fast, l1):
    """One step for the entries of a run; all arrays (entries,), ``slow`` is a share.

    Args:
        weights, mean, square, gradient: the last is not changed.
        rate: over the correction of the first moment.
        root: one over the root of the correction of the second.
        slow: share of the gradient in the first moment.
        fast: share that the second moment keeps.
        l1: weight of the absolute values.
    """
    rest = ONE - fast
    for i in range(len(weights)):
        g = gradient[i] + l1 * np.sign(weights[i])
        m = mean[i] + slow * (g - mean[i])
        s = fast * square[i] + rest * (g * g)
        mean[i] = m
        square[i] = s
        weights[i] -= rate * (m / (np.sqrt(s) * root + EPSILON))
