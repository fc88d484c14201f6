"""``superproof construct ... --smallest``: the least width at which a proved network is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .task import DRAWS, Task

if TYPE_CHECKING:
    from ...constructions.construction import Construction
    from ...constructions.smallest import Smallest
    from .delivery import Delivery


def search(task: Task, delivery: Delivery, file: Path) -> tuple[Construction, Smallest, str]:
    """Search, one draw a seed, and return the network, what was found, and where it began.

    Args:
        task: what is built.
        delivery: the seeds.
        file: every attempt as it finishes; a search that was interrupted goes on there.

    Raises:
        InputError: a task without a width to search for, or a file of another search.
        ProofError: no width was exact.
    """
    from ...constructions.smallest import smallest
    from ...verify.errors import InputError
    from ..progress import ProgressBar
    from .delivery import ticking

    if task.fixed:
        raise InputError(f"--smallest: {task.fixed}")
    if task.draws is not None:
        raise InputError("--draws goes without --smallest, which tries --seeds K at every width")
    seeds = range(delivery.seed, delivery.seed + (delivery.seeds or DRAWS))
    with ProgressBar(task.unit) as bar:
        tick = ticking(bar)
        first, source = _first(task, delivery, tick)
        kept: dict[tuple[int, int], Construction] = {}

        def build(neurons: int, seed: int) -> Construction:
            built = task.build(neurons, seed, 1, tick)
            for width, other in [key for key in kept if key[0] > neurons]:
                del kept[width, other]
            kept[neurons, seed] = built
            return built

        instance = {**task.instance, "first": first, "seeds": list(seeds), "seed": delivery.seed}
        found = smallest(build, None, first, seeds, file=file, instance=instance)
        best = (found.neurons, found.seed)
        # attempts of an earlier run are known by their outcome only
        built = kept[best] if best in kept else build(*best)
    facts = {key: value for key, value in asdict(found).items() if key != "attempts"}
    facts |= {"first": first, "seeds": list(seeds), "instance_seed": delivery.seed}
    built = replace(built, parameters={**built.parameters, "smallest": facts})
    return built, found, f"search from {source}"


def _first(task: Task, delivery: Delivery, tick: Callable[[], None]) -> tuple[int, str]:
    """The width to begin with, and where it comes from."""
    if task.neurons is not None:
        return task.neurons, f"{task.neurons:,}, as asked for"
    if task.first is not None:
        width = task.first()
        return width.neurons, f"{width.neurons:,}, {width}"
    neurons = task.build(None, delivery.seed, 1, tick).neurons
    return neurons, f"{neurons:,}, what the builder itself comes to"
