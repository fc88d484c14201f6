"""Training the square matrix of a superposed network: whitened conjugate gradients.

Values that should read true are pushed above 1, the others below 1 - gap, by a squared hinge.
Coordinates are whitened on both sides, by the second moments of the decoder rows and of the hidden
states, which makes a few dozen steps of Polak-Ribiere conjugate gradients with an exact line search
enough (docs/constructions.md). Floats only propose: the rounded matrix is decided exactly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .states import Frame, Places
from .triple_passes import TriplePasses
from .value_passes import DevicePasses, HostPasses, ValuePasses

#: Ridges, as shares of the mean eigenvalue of the second moments of decoder and states.
DECODER_RIDGE, STATE_RIDGE = 1e-4, 1e-3
#: Values this far below the level are watched between two scans; steps between scans, by number
#: of active inputs: a scan of all triples costs as much as many steps on those that are watched.
WATCHED, SCAN_EVERY = 0.2, {2: 8, 3: 24, 4: 24}
#: Without so much progress of the loss in as many steps, training has converged.
PROGRESS, PATIENCE = 0.1, 32


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained matrix.

    Attributes:
        matrix: W2, float64 (neurons, neurons).
        gap: least value that should read true minus the largest other; positive when separated.
        steps: conjugate gradient steps taken.
        seconds: time that training took.
    """

    matrix: np.ndarray
    gap: float
    steps: int
    seconds: float


class Whitening:
    """Both-sided coordinates: W2 = left V right, with V of a well-conditioned problem."""

    def __init__(self, frame: Frame) -> None:
        decoder = frame.decoder.astype(np.float64)
        self.left = inverse_root(decoder.T @ decoder, DECODER_RIDGE)
        self.right = inverse_root(frame.second_moments, STATE_RIDGE)
        self.decoder = np.asarray(decoder @ self.left, dtype=np.float32)

    def matrix(self, coordinates: np.ndarray) -> np.ndarray:
        """W2 of coordinates V."""
        return np.asarray(self.left @ coordinates @ self.right)

    def rows(self, coordinates: np.ndarray) -> np.ndarray:
        """D W2 of coordinates V."""
        return np.asarray(self.decoder @ (coordinates @ self.right).astype(np.float32))

    def gradient(self, rows: np.ndarray) -> np.ndarray:
        """Gradient by V, from the gradient by D W2."""
        return np.asarray((self.decoder.T @ rows).astype(np.float64) @ self.right)


def inverse_root(moments: np.ndarray, ridge: float) -> np.ndarray:
    """(M + ridge * mean eigenvalue)^(-1/2) of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(moments)
    values = np.maximum(values, 0) + ridge * max(values.mean(), 1e-12)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T)


def least_squares(frame: Frame, whitening: Whitening | None = None) -> np.ndarray:
    """Coordinates of the ridge regression on the targets: true values 1, others 0.

    A closed form; the values that should read true are scaled to a mean of 1. Returns V; with
    ``Whitening(frame).matrix(V)`` as W2.
    """
    whitening = Whitening(frame) if whitening is None else whitening
    passes = HostPasses(frame)
    outputs, states = frame.true_places
    ones = np.ones(len(outputs), dtype=np.float32)
    true = Places(outputs, states, ones)
    start = whitening.gradient(passes.gradient(ones, true))
    mean = float(passes.values(whitening.rows(start), true).mean())
    return start / mean if mean else start


def train(
    frame: Frame,
    *,
    gap: float = 0.004,
    weight: float = 4.0,
    steps: int = 400,
    seconds: float | None = None,
    device: str | None = None,
    whitening: Whitening | None = None,
    begin: np.ndarray | None = None,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> Trained:
    """Train the square matrix until every value lies on its side, or no more progress is made.

    Args:
        frame: code, decoder, pairs and number of active inputs.
        gap: asked for between the two sides; half of it is enough to stop.
        weight: of the squares where values should read true.
        steps, seconds: at most so many, and about so long.
        device: torch device for the passes; None for BLAS and compiled loops.
        whitening: coordinates to train in; None for those of the frame.
        begin: coordinates V to begin at; None for ridge regression.
        tick: called with the step and the gap after every scan.

    Returns:
        The matrix with the gap that it reached, separated or not.

    Raises:
        InputError: sizes that cannot be trained, or a device without torch.
    """
    start = time.monotonic()
    passes = _passes(frame, device)
    whitening = Whitening(frame) if whitening is None else whitening
    begin = least_squares(frame, whitening) if begin is None else begin
    descent = _Descent(frame, passes, whitening, begin, gap, weight)
    reached, losses, step = -np.inf, {}, 0
    while True:
        reached = descent.scan()
        tick(step, reached)
        losses[step] = descent.loss
        before = [loss for at, loss in losses.items() if at <= step - PATIENCE]
        stalled = bool(before) and losses[step] > (1 - PROGRESS) * before[-1]
        done = reached > gap / 2 or step >= steps or stalled
        if done or (seconds is not None and time.monotonic() - start > seconds):
            break
        for _ in range(SCAN_EVERY[min(frame.active, 4)]):
            descent.step()
            step += 1
            # beyond, values that are not watched may have passed the level
            if descent.separated or descent.drift > 2 * WATCHED:
                break
    matrix = whitening.matrix(descent.coordinates)
    return Trained(matrix, float(reached), step, time.monotonic() - start)


def _passes(frame: Frame, device: str | None) -> ValuePasses:
    if device is not None:
        return DevicePasses(frame, device)
    return TriplePasses(frame) if frame.active == 3 else HostPasses(frame)


class _Descent:
    """Conjugate gradients on the watched values."""

    def __init__(
        self,
        frame: Frame,
        passes: ValuePasses,
        whitening: Whitening,
        coordinates: np.ndarray,
        gap: float,
        weight: float,
    ) -> None:
        self.passes, self.whitening, self.coordinates = passes, whitening, coordinates
        self.gap, self.level, self.weight = gap, 1 - gap, weight
        outputs, states = frame.true_places
        self.true = Places(outputs, states, None)
        self.off = Places(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))
        self.on: np.ndarray = np.zeros(0, dtype=np.float32)
        self.gradient: np.ndarray | None = None
        self.direction = np.zeros_like(coordinates)
        self.length = 1.0
        #: Sum over the steps since the last scan of the largest change of a watched value.
        self.drift = 0.0

    def scan(self) -> float:
        """Look at every value anew; returns the gap between the two sides."""
        rows = self.whitening.rows(self.coordinates)
        self.off = self.passes.scan(rows, self.level - WATCHED)
        self.on = self.passes.values(rows, self.true)
        self.drift = 0.0
        return self._reached()

    def _reached(self) -> float:
        top = float(self.off.values.max()) if len(self.off.values) else self.level - WATCHED
        # inputs with fewer than two ones read 0
        return float(self.on.min()) - max(top, 0.0)

    @property
    def separated(self) -> bool:
        """The watched values are on their sides."""
        return self._reached() > self.gap / 2

    @property
    def loss(self) -> float:
        """Of all values that are watched; of all there are after a scan."""
        excess, short = self._misses()
        return float(excess @ excess) + self.weight * float(short @ short)

    def _misses(self) -> tuple[np.ndarray, np.ndarray]:
        return np.maximum(self.off.values - np.float32(self.level), 0), np.maximum(1 - self.on, 0)

    def step(self) -> None:
        """One step."""
        excess, short = self._misses()
        active = np.flatnonzero(excess)
        some = Places(self.off.outputs[active], self.off.states[active], None)
        rows = self.passes.gradient(excess[active], some)
        rows -= self.passes.gradient(np.float32(self.weight) * short, self.true)
        gradient = self.whitening.gradient(rows)
        if self.gradient is None:
            self.direction = -gradient
        else:
            change = float(((gradient - self.gradient) * gradient).sum())
            beta = max(0.0, change / max(float((self.gradient**2).sum()), 1e-300))
            self.direction = beta * self.direction - gradient
            if float((self.direction * gradient).sum()) >= 0:
                self.direction = -gradient
        self.gradient = gradient
        rows = self.whitening.rows(self.direction)
        off, on = self.passes.values(rows, self.off), self.passes.values(rows, self.true)
        length = self._line(off, on)
        self.coordinates = self.coordinates + length * self.direction
        self.off = self.off._replace(values=self.off.values + np.float32(length) * off)
        self.on = self.on + np.float32(length) * on
        self.drift += length * float(max(np.abs(off).max(initial=0), np.abs(on).max()))

    def _line(self, off: np.ndarray, on: np.ndarray) -> float:
        """The minimum along the direction: Newton steps on the piecewise quadratic loss."""
        value, slope = self.off.values - np.float32(self.level), off
        short = self.on - 1
        reach = 4 * self.length
        near = np.flatnonzero((value > 0) | (value + reach * slope > 0))
        value, slope = value[near].astype(np.float64), slope[near].astype(np.float64)
        length = 0.0
        for _ in range(20):
            there, below = value + length * slope, short + length * on
            active, late = there > 0, below < 0
            first = there[active] @ slope[active] + self.weight * float(below[late] @ on[late])
            second = slope[active] @ slope[active] + self.weight * float(on[late] @ on[late])
            if second <= 0:
                break
            change = -float(first) / float(second)
            length = min(length + change, reach)
            if abs(change) <= 1e-4 * abs(length):
                break
        self.length = max(length, self.length / 4)
        return length
