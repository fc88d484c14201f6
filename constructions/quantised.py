"""Square matrices whose entries take few values: trained, frozen bit by bit, then repaired.

Training moves the free entries of a real matrix in [-1, 1]; the entries nearest to the grid are
frozen there, more and more of them. What is left violated in the end is repaired by changes of
single entries. The result is integer; whoever asks for a proof decides it exactly.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .key_value_training import DECODER_RIDGE, STATE_RIDGE, inverse_root, train
from .states import Frame, Places
from .value_passes import HostPasses

#: Margin asked for, at the start and at the end, as shares of the mean true value.
MARGINS = 0.20, 0.10
#: After this share of the steps nothing is free; power of the share that is free before.
FROZEN, POWER = 0.92, 2.0
#: Momentum, steps between scans, and how far below the level values are watched (of the mean).
MOMENTUM, SCAN_EVERY, WATCHED = 0.7, 8, 0.25
#: Steps of a quick first training with at most so many repairs, and of a patient second one.
QUICK, PATIENT = (200, 200), (800, 6000)
#: Repairs end after so many changes without progress.
STALLED = 1200
#: Repairs: entries compared for each, changes that an entry then rests.
COMPARED, RESTS = 384, 40
#: Spread of the real matrix before it is cut to [-1, 1], by number of values.
SPREAD = {2: 1.0, 3: 1.0, 4: 0.7, 5: 0.6}


@dataclass(frozen=True, eq=False)
class Quantised:
    """A matrix of few values.

    Attributes:
        matrix: int64 (neurons, neurons).
        overlap: largest value that should read false minus the least true one; negative when
            every training input is read right at some level.
        steps: steps of training and repairing changes together.
        seconds: time that it took.
    """

    matrix: np.ndarray
    overlap: float
    steps: int
    seconds: float


def quantised(
    frame: Frame,
    levels: int,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    tick: Callable[[int, float], None] = lambda step, gap: None,
) -> Quantised:
    """Find a square matrix whose entries take few equally spaced values.

    A quick training comes first, which suffices a little above the least widths; where it does
    not, a patient one begins anew.

    Args:
        frame: code, decoder, pairs and number of active inputs.
        levels: number of values: 2 for +-1, 3 for -1, 0, 1, up to 5.
        steps: of a single training instead of the two.
        seconds: ends after about so long in all; the patient training takes fewer steps then.
        seed: breaks ties while repairing.
        tick: called with the step and the gap in shares of the mean true value.

    Returns:
        The matrix, exact on the training inputs where ``overlap`` is negative.
    """
    start = time.monotonic()
    limit = None if seconds is None else start + seconds
    first = train(frame, gap=0.3, steps=12, seconds=seconds).matrix
    plans = (QUICK, PATIENT) if steps is None else ((steps, PATIENT[1]),)
    best: tuple[float, np.ndarray] | None = None
    done = 0
    for planned, changes in plans:
        if best is not None and limit is not None:
            # as many steps as the time left allows, a tenth of it kept for repairs
            each = (time.monotonic() - start) / done
            planned = min(planned, int(0.9 * (limit - time.monotonic()) / each))
            if planned < QUICK[0]:
                break
        fall = _Fall(frame, levels, first)
        _freeze(fall, planned, tick)
        rng = np.random.default_rng([seed, 2])
        done += planned + _repair(fall, changes, rng, limit, tick)
        if best is None or fall.gap > best[0]:
            best = fall.gap, fall.matrix
        if fall.gap > 0:
            break
    assert best is not None
    factor = (levels - 1) if levels % 2 == 0 else (levels - 1) // 2
    matrix = np.rint(best[1] * factor).astype(np.int64)
    return Quantised(matrix, -best[0], done, time.monotonic() - start)


def _freeze(fall: _Fall, steps: int, tick: Callable[[int, float], None]) -> None:
    """Train and freeze, until no entry is free."""
    for step in range(steps):
        done = step / steps
        fall.margin = MARGINS[0] + (MARGINS[1] - MARGINS[0]) * min(done / FROZEN, 1)
        if step % SCAN_EVERY == 0:
            fall.scan()
            tick(step, fall.gap)
        fall.step(max(1 - (done + 1 / steps) / FROZEN, 0) ** POWER)
        if not fall.free.any():
            break


class _Fall:
    """The real matrix on its way to the grid."""

    def __init__(self, frame: Frame, levels: int, matrix: np.ndarray) -> None:
        self.frame, self.passes = frame, HostPasses(frame)
        decoder = frame.decoder.astype(np.float64)
        left = inverse_root(decoder.T @ decoder, DECODER_RIDGE)
        right = inverse_root(frame.second_moments, STATE_RIDGE)
        self.left, self.right = left @ left, right @ right
        self.decoder = frame.decoder.astype(np.float32)
        self.grid = np.linspace(-1, 1, levels)
        self.matrix = np.clip(matrix * (SPREAD[levels] / matrix.std()), -1, 1)
        self.free = np.ones(matrix.shape, dtype=bool)
        self.speed = np.zeros_like(matrix)
        outputs, states = frame.true_places
        self.true = Places(outputs, states, None)
        self.margin = MARGINS[0]
        self.weight = 2.0
        self.level = 0.0
        self.scan()

    def rows(self, matrix: np.ndarray) -> np.ndarray:
        return np.asarray(self.decoder @ matrix.astype(np.float32))

    def scan(self, below: float = WATCHED) -> None:
        """Look at every value anew, fit the level, watch values not far below it."""
        rows = self.rows(self.matrix)
        self.on = self.passes.values(rows, self.true)
        self.mean = float(self.on.mean())
        level = min(float(self.on.min()), 0.7 * self.mean)
        self.off = self.passes.scan(rows, level - below * self.mean)
        self.fit()

    @property
    def gap(self) -> float:
        """Least true value minus the largest other one, as a share of the mean true value."""
        top = float(self.off.values.max()) if len(self.off.values) else -np.inf
        return (float(self.on.min()) - max(top, 0.0)) / max(abs(self.mean), 1e-9)

    def residuals(self) -> tuple[np.ndarray, np.ndarray]:
        """By how much values miss the level and the margin: others, true ones."""
        apart = self.margin * self.mean
        excess = np.maximum(self.off.values - np.float32(self.level - apart), 0)
        return excess, np.maximum(np.float32(self.level + apart) - self.on, 0)

    def fit(self) -> None:
        """The level of least loss, by Newton steps."""
        if not self.level:
            self.level = 0.75 * self.mean
        for _ in range(20):
            excess, short = self.residuals()
            slope = self.weight * float(short.sum()) - float(excess.sum())
            curvature = self.weight * np.count_nonzero(short) + np.count_nonzero(excess)
            if not curvature:
                return
            self.level -= slope / curvature
            if abs(slope / curvature) < 1e-4 * abs(self.mean):
                return

    def gradient(self) -> np.ndarray:
        """Of half the loss by the matrix."""
        excess, short = self.residuals()
        active = np.flatnonzero(excess)
        some = Places(self.off.outputs[active], self.off.states[active], None)
        rows = self.passes.gradient(excess[active], some)
        late = np.flatnonzero(short)
        some = Places(self.true.outputs[late], self.true.states[late], None)
        rows -= self.passes.gradient(np.float32(self.weight) * short[late], some)
        return np.asarray(self.decoder.T @ rows, dtype=np.float64)

    def step(self, share: float) -> None:
        """A whitened gradient step with momentum on the free entries, to the line's minimum.

        Then the entries nearest to the grid are frozen, until only this share is free.
        """
        gradient = self.gradient()
        self.speed = MOMENTUM * self.speed - self.left @ gradient @ self.right
        self.speed *= self.free
        rows = self.rows(self.speed)
        off, on = self.passes.values(rows, self.off), self.passes.values(rows, self.true)
        length = 0.0
        apart = self.margin * self.mean
        for _ in range(6):
            above = self.off.values + np.float32(length) * off - (self.level - apart)
            below = self.on + np.float32(length) * on - (self.level + apart)
            active, late = above > 0, below < 0
            slope = float(above[active] @ off[active])
            slope += self.weight * float(below[late] @ on[late])
            curvature = float(off[active] @ off[active])
            curvature += self.weight * float(on[late] @ on[late])
            if curvature <= 0:
                break
            length -= slope / curvature
        before = self.matrix
        self.speed *= max(length, 0)
        self.matrix = np.clip(before + self.speed, -1, 1)
        self.speed = self.matrix - before
        self._freeze(share)
        self._moved(self.matrix - before)

    def _freeze(self, share: float) -> None:
        """Put the free entries nearest to the grid onto it."""
        free = np.flatnonzero(self.free)
        excess = len(free) - round(share * self.free.size)
        if excess <= 0:
            return
        entries = self.matrix.ravel()[free]
        size = self.grid[1] - self.grid[0]
        nearest = np.rint((entries + 1) / size) * size - 1
        chosen = np.argpartition(np.abs(entries - nearest), excess - 1)[:excess]
        self.matrix.ravel()[free[chosen]] = nearest[chosen]
        self.free.ravel()[free[chosen]] = False
        self.speed *= self.free

    def losses(self, row: np.ndarray, column: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """The loss after each of several changes of one entry: float32 (changes,)."""
        from .kernels.sampled import entry_losses

        frame = self.frame
        columns = np.ascontiguousarray(frame.columns[:, column])
        signs = np.ascontiguousarray(self.decoder[:, row] * moves)
        apart = self.margin * self.mean
        parts = []
        for places, values, side in ((self.off, self.off.values, 1), (self.true, self.on, -1)):
            losses = np.zeros(len(moves), dtype=np.float32)
            level = np.float32(self.level - side * apart)
            entry_losses(
                values,
                level,
                np.float32(side),
                columns,
                signs,
                frame.supports,
                places.outputs,
                places.states,
                losses,
            )
            parts.append(losses)
        return np.asarray(parts[0] + np.float32(self.weight) * parts[1])

    def grow(self, row: int, column: int, move: float) -> None:
        """Take over a change of one entry of the matrix into the values."""

        def change(places: Places) -> np.ndarray:
            fed = self.frame.columns[:, column][self.frame.supports[places.states]].sum(axis=1)
            signs = self.decoder[:, row][places.outputs] * np.float32(move)
            return np.asarray(signs * np.maximum(fed - 1, 0))

        self.off = self.off._replace(values=self.off.values + change(self.off))
        self.on = self.on + change(self.true)

    def _moved(self, change: np.ndarray) -> None:
        rows = self.rows(change)
        off, on = self.passes.values(rows, self.off), self.passes.values(rows, self.true)
        self.off = self.off._replace(values=self.off.values + off)
        self.on = self.on + on
        self.mean = float(self.on.mean())
        self.fit()


def _repair(
    fall: _Fall,
    changes: int,
    rng: np.random.Generator,
    limit: float | None,
    tick: Callable[[int, float], None],
) -> int:
    """Change single entries by one grid step while values overlap; returns the changes made."""
    size = fall.grid[1] - fall.grid[0]
    rests = np.zeros(fall.matrix.shape, dtype=np.int64)
    fall.margin = 0.005
    best, best_matrix, best_change = -np.inf, fall.matrix, 0
    for change in range(changes):
        if change % 40 == 0:
            fall.scan(0.12)
            tick(change, fall.gap)
            if fall.gap > 0:
                return change
            if fall.gap > best:
                best, best_matrix, best_change = fall.gap, fall.matrix.copy(), change
            late = limit is not None and time.monotonic() > limit
            if late or change - best_change > STALLED:
                break
        gradient = fall.gradient()
        # the only way from an entry: down where the gradient is positive
        move = -np.sign(gradient) * size
        inside = np.abs(fall.matrix + move) <= 1 + 1e-9
        promise = np.where(inside & (rests <= change), np.abs(gradient), 0)
        promise = promise * (1 + 1e-6 * rng.random(promise.shape))
        most = min(COMPARED, promise.size - 1)
        chosen = np.argpartition(-promise.ravel(), most)[:most]
        chosen = chosen[promise.ravel()[chosen] > 0]
        if not len(chosen):
            break
        row, column = np.unravel_index(chosen, promise.shape)
        moves = move[row, column].astype(np.float32)
        pick = int(fall.losses(row, column, moves).argmin())
        fall.matrix[row[pick], column[pick]] += moves[pick]
        rests[row[pick], column[pick]] = change + RESTS
        fall.grow(row[pick], column[pick], moves[pick])
        if change % 5 == 0:
            fall.fit()
    fall.scan()
    if fall.gap < best:
        fall.matrix = best_matrix
        fall.scan()
    return change + 1
