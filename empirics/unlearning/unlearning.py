"""The experiment ``unlearning``: is a clause removed, or only silenced?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...verify.errors import InputError, require_seed
from ..figures import require_matplotlib
from ..run_plan import Planned, complete
from ..store import Run, RunStore
from ..training.boolean_task import BooleanTask
from ..training.device import choose_device
from ..training.relu_networks import ReluNetworks
from ..training.trainer import train_runs
from .case import HELD, Case, base_run
from .methods import METHODS
from .recovery import PLAIN_RATE
from .study import MEMORY, decide, erase, recover, recover_plainly
from .weights import Weights

NAME = "unlearning"
#: Pairs of network and clause that are worked on at once.
TOGETHER = 5


@dataclass(frozen=True)
class Setting:
    """Networks of one kind.

    Attributes:
        inputs, clauses, arity, disjoint, mixed: of the DNF, see
            :class:`superproof.empirics.training.boolean_task.BooleanTask`.
        hidden: neurons.
        bases: networks that are trained; a clause of each that becomes exact is unlearned.
    """

    inputs: int
    clauses: int
    arity: int
    disjoint: bool
    mixed: bool
    hidden: int
    bases: int

    def task(self, seed: int) -> BooleanTask:
        """The DNF of a seed."""
        return BooleanTask(
            "dnf",
            self.inputs,
            clauses=self.clauses,
            arity=self.arity,
            disjoint=self.disjoint,
            mixed=self.mixed,
            seed=seed,
        )

    def words(self) -> str:
        """In words."""
        kind = "disjoint" if self.disjoint else "overlapping"
        signs = "mixed" if self.mixed else "positive"
        return (
            f"{self.inputs} inputs, {self.clauses} {kind} clauses of {self.arity} {signs} "
            f"literals, {self.hidden} neurons"
        )


@dataclass(frozen=True)
class UnlearningPlan:
    """What to do.

    Attributes:
        settings: kinds of networks.
        steps: of a recovery at most.
    """

    settings: tuple[Setting, ...]
    steps: int


QUICK = UnlearningPlan((Setting(12, 3, 4, True, True, 16, 4),), 300)
FULL = UnlearningPlan(
    (
        Setting(16, 4, 4, True, True, 32, 20),
        Setting(16, 5, 4, False, True, 32, 12),
        Setting(18, 6, 3, True, False, 32, 8),
    ),
    2000,
)


@dataclass(frozen=True)
class Outcome:
    """What became of one clause under one method.

    Attributes:
        setting: of the network. ``base``: its seed. ``clause``: the clause.
        method: name.
        result: the numbers of :func:`.study.decide`; ``recovery`` by regime, and ``plain``, that by
            plain gradient descent; or a ``reason``.
    """

    setting: Setting
    base: int
    clause: int
    method: str
    result: dict[str, Any]

    @property
    def measured(self) -> bool:
        """False where the method was refused, or its training diverged."""
        return "stay" in self.result


@dataclass(frozen=True)
class UnlearningResult:
    """All that the experiment found, and the files it wrote.

    Attributes:
        seed, plan, quick: as asked.
        tried, exact: networks trained, and those proved to compute their formula.
        outcomes: by network and method.
        device: of training.
        seconds: of this process.
    """

    seed: int
    plan: UnlearningPlan
    quick: bool
    tried: int
    exact: int
    outcomes: tuple[Outcome, ...]
    device: str
    seconds: float
    files: dict[str, Path] = field(default_factory=dict)

    def of(self, method: str) -> list[Outcome]:
        """The outcomes of one method."""
        return [outcome for outcome in self.outcomes if outcome.method == method]


def unlearning(
    out: Path,
    plan: UnlearningPlan,
    *,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> UnlearningResult:
    """Train networks, unlearn a clause of each by every method, decide, let recover.

    Writes ``runs.sqlite`` and weights (as runs finish), ``unlearning.csv``, figures and
    ``finding.json`` into ``out``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first seed of each setting.
        resume: keep the runs that the folder holds.
        device: ``auto``, ``cpu`` or ``cuda``.
        progress: called with (networks done, networks).

    Raises:
        InputError: a negative seed, earlier results without ``resume``, no network that became
            exact, or cuda where there is none.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .unlearning_files import write_files

    require_matplotlib()
    require_seed(seed)
    place = choose_device(device)
    start = time.monotonic()
    bases = [
        (setting, chosen)
        for setting in plan.settings
        for chosen in range(seed, seed + setting.bases)
    ]
    total = len(bases) * (1 + len(METHODS))
    with RunStore(out, resume) as store:
        trained = _bases(store, bases, place, lambda done, _: progress(done, total))
        kept = [(setting, base) for setting, base in bases if (setting, base) in trained]
        if not kept:
            raise InputError(
                f"none of the {len(bases)} networks computes its formula exactly, so that there "
                "is nothing to unlearn; try another --seed"
            )
        planned = {
            (setting, base, method.name): _planned(setting, base, method.name, plan.steps)
            for setting, base in kept
            for method in METHODS
        }
        work = _Work(trained, {p.key: where for where, p in planned.items()}, plan, place)
        missing = total - len(bases) - len(planned)
        runs = complete(
            store,
            list(planned.values()),
            work.do,
            lambda done, _: progress(len(bases) + missing + done, total),
            together=TOGETHER * len(METHODS),
        )
    outcomes = tuple(
        Outcome(setting, base, _clause(setting, base), method, dict(run.result))
        for (setting, base, method), run in zip(planned, runs, strict=True)
    )
    result = UnlearningResult(
        seed,
        plan,
        plan == QUICK,
        len(bases),
        len(kept),
        outcomes,
        place,
        time.monotonic() - start,
    )
    result.files["runs"] = store.path
    write_files(result, out)
    return result


def _clause(setting: Setting, base: int) -> int:
    """Which clause of a network is unlearned: all of them have their turn."""
    return base % setting.clauses


def _planned(setting: Setting, base: int, method: str, steps: int) -> Planned:
    shape = {name: value for name, value in asdict(setting).items() if name != "bases"}
    facts = {"stage": "method", "method": method, "clause": _clause(setting, base), "steps": steps}
    # what earlier versions did not do, so that their runs are not taken for these
    facts |= {"held": HELD, "plain_rate": PLAIN_RATE}
    return Planned(NAME, shape | facts, base)


def _bases(
    store: RunStore,
    bases: Sequence[tuple[Setting, int]],
    device: str,
    progress: Callable[[int, int], None],
) -> dict[tuple[Setting, int], Weights]:
    """The weights of the networks that became exact."""
    planned: dict[tuple[Setting, int], Planned] = {}
    for setting, base in bases:
        shape = {name: value for name, value in asdict(setting).items() if name != "bases"}
        planned[setting, base] = Planned(NAME, shape | {"stage": "base"}, base)
    places = {p.key: place for place, p in planned.items()}

    def do(some: Sequence[Planned]) -> Iterator[Run]:
        runs = {}
        for one in some:
            setting, base = places[one.key]
            runs[base_run(setting.task(base), setting.hidden, base)] = one
        for done in train_runs(ReluNetworks(), list(runs), device=device, memory=MEMORY):
            one = runs[done.run]
            wrong = None if done.score is None else done.score.wrong
            run = Run(
                NAME, one.configuration, one.seed,
                status="diverged" if done.stop == "diverged" else "finished",
                result={"exact": done.exact, "wrong": wrong, "rounds": done.rounds},
                device=done.device, seconds=round(done.seconds, 4), arrays=done.parameters,
            )  # fmt: skip
            yield run

    runs = complete(store, list(planned.values()), do, progress, together=len(planned))
    found: dict[tuple[Setting, int], Weights] = {}
    for place, run in zip(planned, runs, strict=True):
        if run.result["exact"]:
            held = store.find(run.key)
            assert held is not None
            arrays = store.weights(held)
            found[place] = {
                name: array.reshape(-1) if name.endswith("bias") else array
                for name, array in sorted(arrays.items())
            }
    return found


@dataclass(frozen=True)
class _Work:
    """Doing the method runs: several networks at once, all methods side by side."""

    trained: dict[tuple[Setting, int], Weights]
    places: dict[str, tuple[Setting, int, str]]
    plan: UnlearningPlan
    device: str

    def do(self, some: Sequence[Planned]) -> Iterator[Run]:
        """Erase, decide and recover; the seconds of a run are its share of those of all."""
        begun = time.monotonic()
        methods = {method.name: method for method in METHODS}
        cases: dict[tuple[Setting, int], Case] = {}
        asked = []
        for one in some:
            setting, base, name = self.places[one.key]
            if (setting, base) not in cases:
                cases[setting, base] = Case(
                    setting.task(base),
                    setting.hidden,
                    _clause(setting, base),
                    base,
                    self.trained[setting, base],
                )
            asked.append((cases[setting, base], methods[name]))
        variants = erase(asked, self.device)
        there = [variant for variant in variants if variant.weights is not None]
        verdicts = [decide(variant) for variant in there]
        recoveries = recover(there, self.plan.steps, self.device)
        plain = recover_plainly(there, self.plan.steps, self.device)
        seconds = round((time.monotonic() - begun) / len(some), 4)
        found = {
            id(variant): verdict | {"recovery": recovery, "plain": times}
            for variant, verdict, recovery, times in zip(
                there, verdicts, recoveries, plain, strict=True
            )
        }
        for one, variant in zip(some, variants, strict=True):
            result: dict[str, Any] = {"erasing_steps": variant.steps, "reason": variant.reason}
            if variant.weights is not None:
                result |= found[id(variant)]
            run = Run(
                NAME, one.configuration, one.seed, result=result, device=self.device,
                seconds=seconds, arrays=variant.weights,
            )  # fmt: skip
            yield run
