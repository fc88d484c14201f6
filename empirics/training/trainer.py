"""Training many runs at once: a queue of runs, a batch of slots, results as they finish."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from ...verify.errors import InputError
from .device import Backend, backend, bounded_threads, is_exhausted, require_torch
from .program import Descender, FinishedRun, Layout, Program, Stop
from .slots import Slots, Tenant

#: Runs whose padded working set is at most this many times their own share a batch.
PADDING = 2.0
#: When no run is waiting, the batch is compacted once it is filled less than this.
FILLED = 0.75
#: A larger loss, or weight, counts as not finite: no step finds back from there.
LOST, HUGE = 1e9, 1e6

Progress = Callable[[int, int], object]


def train_runs(
    program: Program,
    runs: Iterable[Any],
    *,
    device: str = "auto",
    precision: str = "float32",
    threads: int = 1,
    memory: int | None = None,
    compiled: bool = False,
    progress: Progress | None = None,
) -> Iterator[FinishedRun]:
    """Train runs side by side and yield each as it finishes.

    A run ends when everything it is trained on is on its side with a margin, when its steps are
    over, or when it diverges: numbers that are not finite, or beyond :data:`LOST` and
    :data:`HUGE`. The next run of the queue then takes its slot. What a run becomes depends on the
    run alone, up to rounding: batches of other sizes and padding may sum in another order.

    Args:
        program: what is trained.
        runs: configurations that the program understands.
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: ``float32``, or ``bfloat16`` for the matrix products.
        threads: processor threads.
        memory: bytes of a batch at most, but one run a thread; None chooses.
        compiled: pass gradients through ``torch.compile``, and use no other compiled loops; worth
            it for long training on a GPU.
        progress: called with steps done, and to do at most.

    Yields:
        Finished runs, in no particular order. The generator may be closed at any time.

    Raises:
        InputError: options out of range, a run that the program refuses, or one that alone does
            not fit into memory.
        MissingExtraError: torch is not installed.
    """
    place = backend(device, precision, threads, memory, compiled)
    waiting = list(runs)
    sizes = [program.sizes(run) for run in waiting]
    if any(run.seed < 0 for run in waiting):
        raise InputError(f"seeds must be 0 or more, not {min(run.seed for run in waiting)}")
    # the checks above are made at once, training when the first result is asked for
    return _train(program, waiting, sizes, place, progress or (lambda done, total: None))


def _train(
    program: Program,
    runs: list[Any],
    sizes: list[tuple[int, ...]],
    place: Backend,
    progress: Progress,
) -> Iterator[FinishedRun]:
    total, before = sum(run.schedule.steps for run in runs), 0
    for kind, layout, members in groups(program, runs, sizes, place):
        batch = _Batch(program, kind, layout, members, place)
        results = batch.train(_shifted(progress, before, total))
        while True:
            # torch's threads are the caller's business while it holds a result
            with bounded_threads(_tensor_threads(program, place)):
                finished = next(results, None)
            if finished is None:
                break
            yield finished
        before += sum(run.schedule.steps for run in members)


def _tensor_threads(program: Program, place: Backend) -> int:
    """Threads for torch: one beside compiled loops, whose own threads its idle ones would slow.

    OpenMP's threads go on spinning after every product, on the cores that the loops are dealt to.
    """
    return 1 if place.loops and isinstance(program, Descender) else place.threads


def _shifted(progress: Progress, before: int, total: int) -> Callable[[int], object]:
    """Progress of one batch as part of the whole."""
    return lambda done: progress(before + done, total)


def groups(
    program: Program, runs: Sequence[Any], sizes: Sequence[tuple[int, ...]], place: Backend
) -> Iterator[tuple[Hashable, Layout, list[Any]]]:
    """Runs that share a batch: of one kind, patience, and alike enough in size to be padded."""
    kinds: dict[tuple[Hashable, int], list[int]] = {}
    for number, run in enumerate(runs):
        key = (program.kind(run), run.schedule.patience)
        kinds.setdefault(key, []).append(number)
    for (kind, _), numbers in kinds.items():
        own = {
            size: program.layout(kind, size, place).floats for size in {sizes[n] for n in numbers}
        }
        ordered = sorted(numbers, key=lambda n: (own[sizes[n]], sizes[n]))
        group: list[int] = []
        shape: tuple[int, ...] = ()
        for number in ordered:
            larger = tuple(map(max, shape, sizes[number])) if group else sizes[number]
            floats = program.layout(kind, larger, place).floats
            if group and floats > PADDING * own[sizes[group[0]]]:
                yield kind, program.layout(kind, shape, place), [runs[n] for n in group]
                group, larger = [], sizes[number]
            group.append(number)
            shape = larger
        yield kind, program.layout(kind, shape, place), [runs[n] for n in group]


class _Batch:
    """One group of runs: the queue, the slots, and what is finished."""

    def __init__(
        self, program: Program, kind: Hashable, layout: Layout, runs: list[Any], place: Backend
    ) -> None:
        self.program, self.kind, self.layout, self.place = program, kind, layout, place
        self.queue = deque(runs)
        self.patience: int = runs[0].schedule.patience
        self.limit = place.slots(layout.floats)
        self.closed = 0
        self.finished: deque[FinishedRun] = deque()
        self.slots = self._new_slots()
        self.gradients: Callable[..., Any] = program.gradients
        if place.compiled:
            self.gradients = require_torch().compile(program.gradients, dynamic=False)

    def _new_slots(self) -> Slots:
        if 4 * self.layout.floats > self.place.room:
            self._halve(1, MemoryError())
        while True:
            count = min(self.limit, len(self.queue))
            try:
                return Slots(self.layout, count, self.place)
            except Exception as error:
                if not is_exhausted(error):
                    raise
                self._halve(count, error)

    def _halve(self, count: int, error: Exception) -> None:
        """Allow half as many slots. Raises InputError where nothing is left."""
        if count <= 1:
            raise InputError(
                f"one run of {self.program.name} with a working set of about "
                f"{4 * self.layout.floats / 2**20:,.0f} MiB does not fit into the memory of "
                f"'{self.place.device}'; train smaller models or on fewer points"
            ) from error
        self.limit = count // 2
        if self.place.device == "cuda":
            require_torch().cuda.empty_cache()

    def train(self, progress: Callable[[int], object]) -> Iterator[FinishedRun]:
        """Fill, look, hand over what is finished, descend; until nothing is left."""
        while self.queue or self.slots.occupied:
            begun, failure = time.perf_counter(), None
            try:
                self._refill()
                self._descend()
                self._look(begun)
            except Exception as error:
                if not is_exhausted(error):
                    raise
                failure = error
            while self.finished:
                yield self.finished.popleft()
            if failure is not None:
                self._shrink(failure)
            tenants = [tenant for tenant in self.slots.tenants if tenant is not None]
            progress(self.closed + sum(min(t.age, t.run.schedule.steps) for t in tenants))

    def _shrink(self, error: Exception) -> None:
        """Half the slots, and all runs that are under way from their beginning."""
        tenants = self.slots.tenants
        # the error's traceback holds the tensors of the step that failed
        self._halve(len(tenants), error.with_traceback(None))
        self.queue.extendleft(t.run for t in reversed(tenants) if t is not None)
        del self.slots
        self.slots = self._new_slots()

    def _refill(self) -> None:
        slots = self.slots
        for slot, tenant in enumerate(slots.tenants):
            if tenant is None and self.queue:
                run = self.queue[0]
                slots.load(slot, run, self.program.start(run, self.layout))
                self.queue.popleft()
        occupied = slots.occupied
        if not self.queue and 0 < len(occupied) < FILLED * len(slots.tenants):
            slots.keep(occupied)

    def _descend(self) -> None:
        """As many steps as lie between two looks; runs that are at their end stand still."""
        torch, slots = require_torch(), self.slots
        left = max(t.schedule.steps - t.age for t in slots.tenants if t is not None)
        block = min(self.patience, left)
        pace = slots.pace(block)
        if self.place.loops and isinstance(self.program, Descender):
            self.program.descend(self.kind, slots, pace, self.place)
        else:
            with torch.no_grad():
                for step in range(block):
                    found = self.gradients(
                        self.kind, slots.parameters, slots.data, pace.ages[step], self.place
                    )
                    slots.descend(found, pace, step)
        for tenant in slots.tenants:
            if tenant is not None:
                tenant.age = min(tenant.age + block, max(tenant.schedule.steps, tenant.age))

    def _look(self, begun: float) -> None:
        torch, slots = require_torch(), self.slots
        with torch.no_grad():
            survey = self.program.survey(self.kind, slots.parameters, slots.data, self.place)
            finite = survey.loss < LOST
            finite &= slots.flat.abs().amax(dim=1) < HUGE
            # a second moment that overflowed ends all movement
            finite &= torch.isfinite(slots.square).all(dim=1)
            table = torch.stack([survey.loss, survey.learned.float(), finite.float()]).cpu()
        share = (time.perf_counter() - begun) / len(slots.occupied)
        for slot, (loss, learned, good) in enumerate(table.T.tolist()):
            tenant = slots.tenants[slot]
            if tenant is None:
                continue
            tenant.seconds += share
            if good:
                tenant.curve.append((tenant.before + tenant.age, loss))
            over = tenant.age >= tenant.schedule.steps
            if not good:
                self._finish(slot, tenant, "diverged", None)
            elif learned or over:
                arrays = slots.arrays(slot)
                data = self.program.revise(tenant.run, arrays, tenant.start.data, tenant.rounds)
                if data is None:
                    self._finish(slot, tenant, "learned" if learned else "steps", loss)
                else:
                    slots.renew(slot, data)

    def _finish(self, slot: int, tenant: Tenant, stop: Stop, loss: float | None) -> None:
        self.finished.append(
            FinishedRun(
                tenant.run,
                self.program,
                stop,
                tenant.before + tenant.age,
                tenant.rounds,
                loss,
                tuple(tenant.curve),
                self.slots.arrays(slot),
                tenant.seconds,
                self.place.device,
                self.place.precision,
            )
        )
        self.slots.tenants[slot] = None
        self.closed += tenant.run.schedule.steps
