"""Linear separation of Boolean targets: whitened conjugate gradients with exact line searches.

Values that should read true are pushed above 1, the others below 1 - gap, by a squared hinge. Like
:mod:`.key_value_training`, but for any features and targets that fit into memory, and with one
classifier a row where no decoder joins the rows. Floats only propose: callers decide exactly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..verify.errors import InputError
from .key_value_training import DECODER_RIDGE, STATE_RIDGE, inverse_root

#: Most values (rows x points): three arrays of so many doubles are held.
MOST_VALUES = 1 << 27
#: Newton steps of a line search.
NEWTON = 8
#: The image is computed anew after so many steps.
REFRESH = 25
#: Without this share of progress of the gap in as many steps, training has converged.
PATIENCE = 120


@dataclass(frozen=True, eq=False)
class Separation:
    """Weights that separate, or come close.

    Attributes:
        weights: float64 (rows, features), or (neurons, features) in front of a decoder.
        gap: least value that should be true minus the largest other, worst row.
        unseparated: rows whose sides overlap.
        steps: conjugate gradient steps taken.
    """

    weights: np.ndarray
    gap: float
    unseparated: int
    steps: int


def separate(
    features: np.ndarray,
    targets: np.ndarray,
    decoder: np.ndarray | None = None,
    *,
    gap: float = 0.3,
    weight: float | None = None,
    steps: int = 400,
    seconds: float | None = None,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> Separation:
    """Find W with ``decoder @ W @ features.T`` on the true side exactly where the targets are.

    Args:
        features: (points, features); a constant feature makes a bias.
        targets: Booleans (points, rows).
        decoder: (rows, neurons), fixed; then one level serves all rows. None for the identity;
            then every row is a problem of its own, with its own steps and its own level.
        gap: asked for between the sides, in units of a true value; half of it suffices.
        weight: of the squares where values should be true; None weighs both sides of a row alike.
        steps, seconds: at most so many, and about so long.
        tick: called with the step and the worst gap after every step.

    Returns:
        The weights with the gap reached, separated or not.

    Raises:
        InputError: more values than fit into memory.
    """
    if features.shape[0] * targets.shape[1] > MOST_VALUES:
        raise InputError(
            f"{features.shape[0]:,} states and {targets.shape[1]:,} targets are too many to train "
            f"on: at most {MOST_VALUES:,} values; use fewer inputs, or fewer active ones"
        )
    start = time.monotonic()
    descent = _Descent(features, targets, decoder, gap, weight)
    step, best, best_step = 0, -np.inf, 0
    while True:
        reached = descent.gaps()
        tick(step, float(reached.min(initial=np.inf)))
        descent.retire(reached)
        total = float(np.minimum(reached, gap).sum())
        if total > best + 1e-3 * gap:
            best, best_step = total, step
        late = seconds is not None and time.monotonic() - start > seconds
        if not descent.rows.size or step >= steps or late or step - best_step >= PATIENCE:
            break
        descent.step(refresh=step % REFRESH == REFRESH - 1)
        step += 1
    gaps = descent.final_gaps()
    return Separation(descent.weights(), float(gaps.min()), int((gaps <= 0).sum()), step)


class _Descent:
    """Conjugate gradients in whitened coordinates V, on the rows that are not separated yet."""

    def __init__(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        decoder: np.ndarray | None,
        gap: float,
        weight: float | None,
    ) -> None:
        features = features.astype(np.float64)
        self.root = inverse_root(features.T @ features, STATE_RIDGE)
        self.features = features @ self.root
        self.gap = gap
        self.axis = 1 if decoder is None else None
        self.left: np.ndarray | None = None
        if decoder is not None:
            decoder = decoder.astype(np.float64)
            self.left = inverse_root(decoder.T @ decoder, DECODER_RIDGE)
            self.decoder = decoder @ self.left
        self.on = np.ascontiguousarray(targets.T)
        true = self.on.sum(axis=1, keepdims=True)
        # squares of the two sides of a row weigh alike, however rare the true values are
        alike = np.sqrt((self.on.shape[1] - true) / np.maximum(true, 1)) + 1e-3
        self.weigh = np.where(self.on, alike if weight is None else weight, 1.0)
        self.rows = np.arange(len(self.on))
        self.coordinates = self._back(self.on.astype(np.float64))
        self.values = self._image(self.coordinates)
        held = true.sum(axis=self.axis, keepdims=True)
        mean = (self.values * self.on).sum(axis=self.axis, keepdims=True) / np.maximum(held, 1)
        mean[mean <= 0] = 1
        self.coordinates /= mean
        self.values /= mean
        self.result = self.coordinates.copy()
        self.all_gaps = np.zeros(len(self.on))
        self.gradient: np.ndarray | None = None
        self.direction = np.zeros_like(self.coordinates)

    def _image(self, coordinates: np.ndarray) -> np.ndarray:
        rows = coordinates if self.left is None else self.decoder @ coordinates
        return np.asarray(rows @ self.features.T)

    def _back(self, values: np.ndarray) -> np.ndarray:
        rows = values @ self.features
        return np.asarray(rows if self.left is None else self.decoder.T @ rows)

    def gaps(self) -> np.ndarray:
        """Gap of every remaining row; of all rows together, as a row, behind a decoder."""
        low = np.where(self.on, self.values, np.inf).min(axis=1)
        high = np.where(self.on, -np.inf, self.values).max(axis=1)
        if self.axis is None:
            return np.array([low.min() - high.max()])
        return np.asarray(low - high)

    def retire(self, gaps: np.ndarray) -> None:
        """Keep the weights that were reached, and leave rows that are separated alone."""
        if self.axis is None:
            self.result = self.coordinates
            self.all_gaps = gaps
            if gaps[0] > self.gap / 2:
                self.rows = self.rows[:0]
            return
        self.result[self.rows] = self.coordinates
        self.all_gaps[self.rows] = gaps
        left = gaps <= self.gap / 2
        if left.all():
            return
        self.rows, self.on, self.weigh = self.rows[left], self.on[left], self.weigh[left]
        self.values, self.coordinates = self.values[left], self.coordinates[left]
        self.direction = self.direction[left]
        self.gradient = None if self.gradient is None else self.gradient[left]

    def final_gaps(self) -> np.ndarray:
        """Gap of every row when its weights were kept."""
        return self.all_gaps

    def weights(self) -> np.ndarray:
        """W of the coordinates kept."""
        weights = self.result @ self.root
        return np.asarray(weights if self.left is None else self.left @ weights)

    def step(self, *, refresh: bool) -> None:
        """One Polak-Ribiere step; ``refresh`` computes the values anew first."""
        if refresh:
            self.values = self._image(self.coordinates)
        gradient = self._back(self.weigh * self._residual(self.values))
        if self.gradient is None:
            self.direction = -gradient
        else:
            change = self._sum((gradient - self.gradient) * gradient)
            beta = np.maximum(0, change / np.maximum(self._sum(self.gradient**2), 1e-300))
            self.direction = beta * self.direction - gradient
            uphill = self._sum(self.direction * gradient) >= 0
            self.direction = np.where(uphill, -gradient, self.direction)
        self.gradient = gradient
        image = self._image(self.direction)
        length = self._line(image)
        self.coordinates = self.coordinates + length * self.direction
        self.values = self.values + length * image

    def _residual(self, values: np.ndarray) -> np.ndarray:
        return np.where(self.on, np.minimum(values - 1, 0), np.maximum(values - (1 - self.gap), 0))

    def _sum(self, array: np.ndarray) -> np.ndarray:
        return np.asarray(array.sum(axis=self.axis, keepdims=True))

    def _line(self, image: np.ndarray) -> np.ndarray:
        """The minimum along the direction: Newton steps on the piecewise quadratic loss,
        which is convex, so its slope keeps them between two bounds."""
        length = np.zeros_like(self._sum(image[:, :1]))
        low, high = length.copy(), np.full_like(length, np.inf)
        for _ in range(NEWTON):
            pull = self._residual(self.values + length * image)
            weighed = self.weigh * image
            slope = self._sum(weighed * pull)
            curvature = self._sum(weighed * image * (pull != 0))
            low = np.where(slope < 0, length, low)
            high = np.where(slope > 0, np.minimum(high, length), high)
            step = np.where(curvature > 0, -slope / np.maximum(curvature, 1e-300), 0)
            after = length + step
            middle = np.where(np.isfinite(high), (low + high) / 2, after)
            length = np.where((after < low) | (after > high), middle, after)
        return np.asarray(length)
