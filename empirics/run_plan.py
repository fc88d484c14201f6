"""Doing the runs of a plan that a store does not hold yet, alone or beside other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .store import Run, RunStore, run_key

#: Seconds between two looks at what other processes have finished.
PAUSE = 0.5


@dataclass(frozen=True)
class Planned:
    """A run that should be in the store in the end: what :class:`.store.Run` is known by."""

    experiment: str
    configuration: Mapping[str, Any]
    seed: int

    @property
    def key(self) -> str:
        """As the finished run will have."""
        return run_key(self.experiment, self.configuration, self.seed)


def complete(
    store: RunStore,
    plan: Sequence[Planned],
    do: Callable[[Sequence[Planned]], Iterator[Run]],
    progress: Callable[[int, int], None] = lambda done, total: None,
    together: int = 1,
) -> list[Run]:
    """See to it that every run of the plan is in the store, and return them in its order.

    Runs that another living process works on are waited for, at the end.

    Args:
        store: where finished runs are and go.
        plan: the runs.
        do: does some runs and yields each as it finishes; it is recorded at once, with its arrays.
        progress: called with (runs in the store, runs of the plan).
        together: so many runs are handed to ``do`` at once.
    """
    wanted = {planned.key: planned for planned in plan}
    found = _found(store, list(wanted))
    progress(len(found), len(wanted))
    left = [key for key in wanted if key not in found]
    while left:
        for start in range(0, len(left), together):
            mine = store.claim(left[start : start + together])
            for run in do([wanted[key] for key in mine]) if mine else ():
                store.record(run)
                found[run.key] = run
                progress(len(found), len(wanted))
        left = [key for key in left if key not in found]
        if left:  # another process has them; or it gave them up, and the next round claims them
            time.sleep(PAUSE)
            found |= _found(store, left)
            left = [key for key in left if key not in found]
    return [found[planned.key] for planned in plan]


def _found(store: RunStore, keys: Sequence[str]) -> dict[str, Run]:
    """Those of the runs that are recorded, by key."""
    runs = {key: store.find(key) for key in keys}
    return {key: run for key, run in runs.items() if run is not None}
