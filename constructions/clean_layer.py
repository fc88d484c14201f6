"""Clean layers: gates on the features of an exact 0/1 state, whose results are one again.

A state z is the OR of the codewords of the true features (:mod:`.state_code`). A layer computes
h = ReLU(B z - 1), u = W h + b in integers, and the next state ReLU(u + 1) - ReLU(u), which is 1
where u >= 0 and 0 elsewhere. Layers therefore follow one another without any error to control
(docs/circuits.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..verify.engines.superposition.exact_product import exact_product
from ..verify.errors import InputError, ProofError, require_seed
from .balanced_code import balanced_code
from .linear_separation import separate
from .state_code import confused, state_code, states

#: Share of the hidden neurons that one feature of average kind feeds.
DENSITY = 0.45
#: Bits of an entry of the square matrix, sign included.
BITS = 13


@dataclass(frozen=True, eq=False)
class CleanLayer:
    """One layer: the codes around it and the drawn matrix are fixed, the other two hold the gates.

    Attributes:
        code, next_code: Booleans (neurons, features) in front and behind.
        mixing: B, Booleans (neurons, neurons).
        weights: W, int64 (neurons, neurons).
        bias: b, int64 (neurons,).
        steps: conjugate gradient steps that training took.
        states: different states on which it was proved.
    """

    code: np.ndarray
    next_code: np.ndarray
    mixing: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    steps: int
    states: int

    @property
    def neurons(self) -> int:
        """Width of the state."""
        return len(self.bias)

    def step(self, before: np.ndarray) -> np.ndarray:
        """The states that follow: Booleans (points, neurons) both ways, exact."""
        hidden = hidden_values(self.mixing, before)
        return np.asarray(exact_product(hidden, self.weights.T) + self.bias >= 0)

    def wrong(self, features: np.ndarray, targets: np.ndarray) -> int:
        """Points on which the next state is not the OR of the codewords of the true targets.

        Args:
            features, targets: Booleans (points, features) in front and behind.
        """
        after = self.step(states(self.code, features))
        return int((after != states(self.next_code, targets)).any(axis=1).sum())


def hidden_values(mixing: np.ndarray, before: np.ndarray) -> np.ndarray:
    """h = ReLU(B z - 1) of states z: int64 (points, neurons)."""
    fed = exact_product(before.astype(np.int64), mixing.T.astype(np.int64))
    return np.asarray(np.maximum(fed - 1, 0))


def clean_layer(
    features: np.ndarray,
    targets: np.ndarray,
    code: np.ndarray,
    weight: int,
    seed: int = 0,
    *,
    density: float = DENSITY,
    bits: int = BITS,
    steps: int = 400,
    seconds: float | None = None,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> CleanLayer:
    """Train a clean layer and prove it on all the given points.

    Args:
        features: Booleans (points, features): the feature sets to be right on.
        targets: Booleans (points, gates): what the gates say there.
        code: Booleans (neurons, features) of the state in front.
        weight: ones of the codewords behind.
        seed: of the drawn matrix and of the code behind.
        density: share of the hidden neurons that a codeword feeds.
        bits: of an entry of the square matrix.
        steps, seconds: of training, at most.
        tick: called with (step, worst gap) while training.

    Raises:
        InputError: numbers that do not fit.
        ProofError: no exact layer was found; it says how many state bits are wrong.
    """
    _require_fitting(density, bits, seed)
    neurons = len(code)
    next_code = state_code(neurons, targets.shape[1], weight, seed + 1)
    alike = confused(code, features, states(next_code, targets))
    if alike:
        raise ProofError(
            f"{alike} states stand for two sets of features with different results; give the "
            "codewords in front more weight, more neurons or another seed"
        )
    before, places = np.unique(states(code, features), axis=0, return_index=True)
    after = states(next_code, targets[places])
    # a codeword meets a row with this probability when ones are independent
    ones = max(int(code.sum(axis=0).max()), 1)
    mixing = balanced_code(neurons, neurons, 1 - (1 - density) ** (1 / ones), seed)
    hidden = hidden_values(mixing, before)
    extended = np.concatenate([hidden, np.ones((len(hidden), 1), dtype=np.int64)], axis=1)
    found = separate(extended, after, steps=steps, seconds=seconds, tick=tick)
    weights = _rounded_rows(found.weights[:, :-1], bits)
    values = exact_product(hidden, weights.T)
    low = np.where(after, values, np.iinfo(np.int64).max).min(axis=0)
    high = np.where(after, np.iinfo(np.int64).min, values).max(axis=0)
    always, never = after.all(axis=0), ~after.any(axis=0)
    high[always], low[never] = low[always] - 1, high[never] + 1
    wrong = int((low <= high).sum())
    if wrong:
        raise ProofError(
            f"no exact clean layer of {neurons} neurons was found for {targets.shape[1]} gates: "
            f"{wrong} state bits have overlapping sides, the worst by {-found.gap:.1%} of a true "
            "value; give more neurons or another seed"
        )
    # true values are at least low, others at most high; the limit between them is an integer
    bias = -((low + high + 1) // 2)
    layer = CleanLayer(code, next_code, mixing, weights, bias, found.steps, len(before))
    if layer.wrong(features, targets):
        raise ProofError("the rounded clean layer is wrong, although its sides do not overlap")
    return layer


def _rounded_rows(weights: np.ndarray, bits: int) -> np.ndarray:
    """Every row scaled and rounded to integers of so many bits: int64."""
    largest = np.abs(weights).max(axis=1, keepdims=True)
    scale = (2 ** (bits - 1) - 1) / np.maximum(largest, 1e-300)
    return np.asarray(np.rint(weights * np.where(largest > 0, scale, 0)).astype(np.int64))


def _require_fitting(density: float, bits: int, seed: int) -> None:
    if not 0 < density < 1:
        raise InputError(f"density must lie between 0 and 1, not {density}")
    if not 2 <= bits <= 24:
        raise InputError(f"bits must lie between 2 and 24, not {bits}")
    require_seed(seed)
