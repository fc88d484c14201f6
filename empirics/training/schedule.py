"""Schedules: how long a run descends, and how fast at every step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...verify.errors import InputError

#: How the learning rate may fall.
DECAYS = ("cosine", "linear", "none")


@dataclass(frozen=True)
class Schedule:
    """How to descend.

    Attributes:
        steps: gradient steps at most.
        learning_rate: the peak, reached at the end of the warm-up.
        l1: weight of the sum of absolute weights in the loss.
        patience: steps between two looks at whether all is learned.
        decay: ``cosine`` falls from the warm-up on, ``linear`` in the second half, ``none`` never.
        warm_up: share of the steps over which the rate rises.
        momenta: decay of the moments of the gradient in Adam.

    Raises InputError for values out of range.
    """

    steps: int
    learning_rate: float
    l1: float = 0.0
    patience: int = 20
    decay: str = "cosine"
    warm_up: float = 0.1
    momenta: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        if self.steps < 1 or self.patience < 1:
            raise InputError(
                f"a schedule needs steps and patience from 1, not {self.steps} and {self.patience}"
            )
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(f"the learning rate must be above 0, not {self.learning_rate}")
        if not (math.isfinite(self.l1) and self.l1 >= 0):
            raise InputError(f"l1 must be 0 or more, not {self.l1}")
        if self.decay not in DECAYS:
            raise InputError(f"unknown decay '{self.decay}'; use one of {', '.join(DECAYS)}")
        if len(self.momenta) != 2 or not all(0 <= m < 1 for m in (self.warm_up, *self.momenta)):
            raise InputError("warm_up and the two momenta must lie from 0 up to, but not at, 1")
        # JSON knows lists only
        object.__setattr__(self, "momenta", (self.momenta[0], self.momenta[1]))

    def rate(self, step: int) -> float:
        """Learning rate at a step."""
        return float(self.rates(np.array([step]))[0])

    def rates(self, steps: np.ndarray) -> np.ndarray:
        """Learning rates at some steps; 0 from the end of the schedule on."""
        rise = max(int(self.steps * self.warm_up), 1)
        phase = np.clip((steps - rise) / max(self.steps - rise, 1), 0, 1)
        if self.decay == "cosine":
            falling = 0.5 * (1 + np.cos(np.pi * phase))
        elif self.decay == "linear":
            falling = np.minimum(1, 2 * (1 - steps / self.steps))
        else:
            falling = np.ones(len(steps))
        factor = np.where(steps < rise, (steps + 1) / rise, falling)
        return np.asarray(np.where(steps < self.steps, self.learning_rate * factor, 0.0))
