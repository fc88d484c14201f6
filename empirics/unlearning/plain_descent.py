"""Fine-tuning by plain gradient descent: does the order of recoveries depend on Adam?"""

from __future__ import annotations

from collections.abc import Sequence

from ..training.device import backend, bounded_threads, require_torch
from ..training.program import Layout
from ..training.slots import Slots
from ..training.trainer import groups
from .survival import Time
from .tuning import FineTuning, Tuning


def descend_plainly(
    runs: Sequence[Tuning], device: str = "auto", memory: int | None = None
) -> list[Time]:
    """Step by step against the gradient until the goals are reached; times in the order of runs.

    Args:
        runs: with a goal each; batches, rates and steps as Adam would take them.
        device: ``auto``, ``cpu`` or ``cuda``.
        memory: bytes of a batch; None chooses.

    Raises:
        InputError: an unknown device, or cuda where there is none.
        MissingExtraError: torch is not installed.
    """
    program, place = FineTuning(), backend(device, memory=memory)
    found: dict[int, Time] = {}
    with bounded_threads(1), require_torch().no_grad():
        sizes = [program.sizes(run) for run in runs]
        for _, layout, members in groups(program, runs, sizes, place):
            kind = program.kind(members[0])
            count = place.slots(layout.floats)
            for start in range(0, len(members), count):
                some = members[start : start + count]
                slots = Slots(layout, len(some), place)
                found |= _descend(program, kind, layout, slots, some)
    return [found[id(run)] for run in runs]


def _descend(
    program: FineTuning, kind: tuple[int, str], layout: Layout, slots: Slots, runs: list[Tuning]
) -> dict[int, Time]:
    """One batch: a slot that has reached its goal, or taken its steps, is given up."""
    torch, found = require_torch(), {}
    for slot, run in enumerate(runs):
        slots.load(slot, run, program.start(run, layout))
    step = 0
    while True:
        tenants = [tenant for tenant in slots.tenants if tenant is not None]
        pace = {schedule: schedule.rate(step) for schedule in {t.schedule for t in tenants}}
        rates = torch.tensor([[pace[t.schedule]] for t in tenants], device=slots.backend.device)
        ages = torch.full((len(tenants),), step, device=slots.backend.device)
        gradients = program.gradients(kind, slots.parameters, slots.data, ages, slots.backend)
        parts = [gradients[name].reshape(len(tenants), -1) for name in layout.parameters]
        slots.flat.sub_(rates * torch.cat(parts, dim=1))
        step += 1
        survey = program.survey(kind, slots.parameters, slots.data, slots.backend)
        left = []
        for slot, (tenant, learned) in enumerate(
            zip(tenants, survey.learned.tolist(), strict=True)
        ):
            if learned or step >= tenant.schedule.steps:
                found[id(tenant.run)] = Time(step, learned)
            else:
                left.append(slot)
        if not left:
            return found
        if len(left) < len(tenants):
            slots.keep(left)
