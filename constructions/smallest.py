"""The smallest network of a seeded family that can be certified, and how success rises with width.

Success is not monotone in the width, and a failed draw proves nothing: what is found is an upper
bound on the least width, with the seeds and widths that were tried.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..verify.errors import InputError, ProofError
from .construction import Construction

#: Chance that a true success rate lies in its interval.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Attempt:
    """One width with one seed: whether a proved network came of it.

    Attributes:
        neurons, seed: what was tried.
        exact: a network was built and proved.
        seconds: that it took.
        bits: total bits of the network; None without one.
        reason: why there is none.
    """

    neurons: int
    seed: int
    exact: bool
    seconds: float
    bits: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Rate:
    """How many seeds were exact at a width, with the Clopper-Pearson interval of the chance."""

    neurons: int
    exact: int
    tried: int
    low: float
    high: float


@dataclass(frozen=True)
class Smallest:
    """What a search found.

    Attributes:
        neurons: the least width at which a seed was exact.
        seed: the first exact seed there.
        reliable: the least width from which on every attempt was exact; None when at the
            widest one that was tried some attempt failed.
        curve: success by width, ascending.
        attempts: all of them, in order.
    """

    neurons: int
    seed: int
    reliable: int | None
    curve: tuple[Rate, ...]
    attempts: tuple[Attempt, ...]


def smallest(
    build: Callable[[int, int], Construction],
    low: int | None,
    high: int,
    seeds: Sequence[int],
    *,
    resolution: float = 0.01,
    file: Path | None = None,
    instance: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Smallest:
    """Find the least width at which one of the seeds gives a proved network, by bisection.

    At every width that is visited all seeds are tried, so that each gives a rate of success.

    Args:
        build: of (neurons, seed); raises ProofError when no network was found.
        low: a width that is taken to fail, 0 or more; None to go down by quarters until one does.
        high: where to begin; when it fails, 5 % more is tried, up to eight times.
        seeds: distinct.
        resolution: the search stops at this relative difference (or at 1).
        file: JSON of what was tried; attempts that it holds are not repeated.
        instance: what tells this search from others, JSON values; kept in the file.
        progress: called with (attempts done, 0).

    Raises:
        InputError: widths or seeds that do not fit, or a file that is about another search.
        ProofError: no width up to the last one was exact.
    """
    kept = _Attempts(build, file, dict(instance or {}))
    return search_widths(kept.attempt, low, high, seeds, resolution=resolution, progress=progress)


def search_widths(
    attempt: Callable[[int, int], Attempt],
    low: int | None,
    high: int,
    seeds: Sequence[int],
    *,
    resolution: float = 0.01,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Smallest:
    """The search of :func:`smallest`, with attempts that are made, or remembered, elsewhere.

    Args:
        attempt: of (neurons, seed); what came of it.

    The other arguments and errors are those of :func:`smallest`.
    """
    if not 0 <= (low or 0) < high:
        raise InputError(f"the widths must rise from 0 or more, not from {low or 0} to {high}")
    if not seeds or len(set(seeds)) != len(seeds):
        raise InputError("give one or more distinct seeds")
    if not 0 <= resolution < 1:
        raise InputError(f"the resolution must lie between 0 and 1, not {resolution}")
    search = _Search(attempt, seeds, progress)
    for _ in range(9):
        if search.exact(high):
            break
        low, high = high, max(high + 1, round(1.05 * high))
    else:
        raise ProofError(f"no exact network of up to {low} neurons was found: {search.reason}")
    if low is None:
        low = 0
        while high > 1:
            lower = 3 * high // 4
            if not search.exact(lower):
                low = lower
                break
            high = lower
    while high - low > max(1, int(resolution * high)):
        middle = (low + high) // 2
        low, high = (low, middle) if search.exact(middle) else (middle, high)
    return search.result()


def tried(build: Callable[[], Construction], neurons: int, seed: int) -> Attempt:
    """Build a network and record what came of it; ``build`` raises ProofError for none."""
    start = time.monotonic()
    bits, reason = None, ""
    try:
        bits = build().total_bits
    except ProofError as error:
        reason = str(error)
    seconds = round(time.monotonic() - start, 3)
    return Attempt(neurons, seed, bits is not None, seconds, bits, reason)


def success_interval(exact: int, tried: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Clopper-Pearson interval for a chance of which ``exact`` of ``tried`` came true.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
    """
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, exact, tried - exact + 1)) if exact else 0.0
    high = float(beta.ppf(1 - tail, exact + 1, tried - exact)) if exact < tried else 1.0
    return low, high


class _Search:
    """Tries widths, each with all seeds and once."""

    def __init__(
        self,
        attempt: Callable[[int, int], Attempt],
        seeds: Sequence[int],
        progress: Callable[[int, int], None],
    ) -> None:
        self.attempt, self.seeds, self.progress = attempt, list(seeds), progress
        self.attempts: dict[tuple[int, int], Attempt] = {}
        self.reason = ""

    def exact(self, neurons: int) -> bool:
        """Try all seeds at this width; whether one was exact."""
        found = []
        for seed in self.seeds:
            one = self.attempt(neurons, seed)
            self.attempts[neurons, seed] = one
            self.reason = one.reason or self.reason
            self.progress(len(self.attempts), 0)
            found.append(one.exact)
        return any(found)

    def result(self) -> Smallest:
        """The least exact width, and the curve."""
        attempts = tuple(self.attempts.values())
        best = min((a for a in attempts if a.exact), key=lambda a: a.neurons)
        curve = []
        for width in sorted({a.neurons for a in attempts}):
            here = [a.exact for a in attempts if a.neurons == width]
            curve.append(Rate(width, sum(here), len(here), *success_interval(sum(here), len(here))))
        reliable = None
        for rate in reversed(curve):
            if rate.exact < rate.tried:
                break
            reliable = rate.neurons
        return Smallest(best.neurons, best.seed, reliable, tuple(curve), attempts)


class _Attempts:
    """Makes attempts, and remembers them in a file."""

    def __init__(
        self,
        build: Callable[[int, int], Construction],
        file: Path | None,
        instance: dict[str, Any],
    ) -> None:
        self.build, self.file = build, file
        self.instance = json.loads(json.dumps(instance))
        self.known = {(a.neurons, a.seed): a for a in self._read()}

    def attempt(self, neurons: int, seed: int) -> Attempt:
        """What came of this width with this seed, now or earlier."""
        found = self.known.get((neurons, seed))
        if found is None:
            found = tried(lambda: self.build(neurons, seed), neurons, seed)
            self.known[neurons, seed] = found
            self._write()
        return found

    def _read(self) -> list[Attempt]:
        if self.file is None or not self.file.exists():
            return []
        try:
            data = json.loads(self.file.read_text(encoding="utf-8"))
            about, attempts = data["instance"], [Attempt(**row) for row in data["attempts"]]
        except (ValueError, LookupError, TypeError):
            raise InputError(
                f"{self.file}: not the file of a search; remove it, or name another"
            ) from None
        if about != self.instance:
            raise InputError(f"{self.file}: is about another search; remove it, or name another")
        return attempts

    def _write(self) -> None:
        if self.file is None:
            return
        rows = [asdict(attempt) for attempt in self.known.values()]
        text = json.dumps({"instance": self.instance, "attempts": rows}, indent=1)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # in place of the old file at once, so that an interruption loses no attempt
        new = self.file.with_name(self.file.name + ".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(self.file)
