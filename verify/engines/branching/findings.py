"""What searches have found, shared by all of them and by all threads."""

from __future__ import annotations

import threading
from fractions import Fraction

import numpy as np


class Findings:
    """Wrong points found so far, and what the search still wants of them.

    Args:
        wanted: number of points to return.
        unite: keep listing up to LARGEST_LIST points, because outputs must be united.

    Attributes:
        points: wrong inputs by their bytes.
        complete: no wrong point has been left out.
    """

    LARGEST_LIST = 1 << 17

    def __init__(self, wanted: int, unite: bool) -> None:
        self.wanted = max(wanted, 1)
        self.unite = unite
        self.points: dict[bytes, np.ndarray] = {}
        self.complete = True
        self._lock = threading.Lock()

    @property
    def room(self) -> int:
        """How many more points are of use."""
        uniting = self.unite and self.complete
        limit = max(self.wanted, self.LARGEST_LIST) if uniting else self.wanted
        return max(limit - len(self.points), 0)

    def add(self, point: np.ndarray) -> None:
        """Take in a wrong input (as named, not flipped)."""
        with self._lock:
            if self.room:
                self.points.setdefault(point.tobytes(), point)
            elif point.tobytes() not in self.points:
                self.complete = False

    def omit(self) -> None:
        """Note that wrong points may be counted without being listed."""
        self.complete = False


class Incumbent:
    """The least exact margin met so far over all sides."""

    def __init__(self) -> None:
        self.margin: Fraction | None = None
        self._lock = threading.Lock()

    def offer(self, margin: Fraction) -> None:
        """Take in the margin of a point."""
        with self._lock:
            if self.margin is None or margin < self.margin:
                self.margin = margin
