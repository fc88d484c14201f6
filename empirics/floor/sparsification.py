"""The experiment ``sparsification-floor``: how small certified networks get before an error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...verify.certificate import write_certificate
from ...verify.errors import ProofError, require_seed
from ...verify.problem import Problem
from ...verify.verdict import Verdict
from ..construction_scaling import least_inputs
from ..figures import require_matplotlib
from ..store import Run, RunStore
from ..training.device import require_torch
from .form import Form
from .path import Path as Way
from .path import Step
from .starts import Task, start
from .ways import OFFERED, Effort, go

NAME = "sparsification-floor"
DEFINITION = (
    "bits = what describes the arrays that hold the function, over all arrays: lg (N + 1) + "
    "lg C(N, P) + P lg (number of nonzero values), N entries, P of them nonzero, and the levels; "
    "every network was decided exactly on all inputs with at most 2 ones"
)
NETWORKS = "networks"


@dataclass(frozen=True)
class FloorPlan:
    """What to begin with.

    Attributes:
        sizes: numbers of outputs by kind of start.
        seeds: number of seeds; a seed decides the pairs, and all that is drawn or trained.
        effort: how much is tried on the ways.
    """

    sizes: dict[str, tuple[int, ...]]
    seeds: int
    effort: Effort


QUICK = FloorPlan(
    sizes={
        "plain": (64, 256),
        "trained": (64, 256),
        "key-value": (64,),
        "one-bit": (64,),
        "free": (16,),
    },
    seeds=1,
    effort=Effort(draws=1, steps=200),
)
FULL = FloorPlan(
    sizes={
        "plain": (16, 64, 256, 1024),
        "trained": (16, 64, 256),
        "key-value": (16, 64, 256),
        "one-bit": (16, 64, 256),
        "free": (16, 32, 64),
    },
    seeds=3,
    effort=Effort(draws=3, steps=800),
)


@dataclass(frozen=True)
class Finished:
    """A way that was gone to its end, as the store holds it.

    Attributes:
        kind, outputs, seed, way: which.
        steps: the networks in order, as JSON data.
        facts: what was recorded about its ends.
    """

    kind: str
    outputs: int
    seed: int
    way: str
    steps: list[dict[str, Any]]
    facts: dict[str, Any]

    @property
    def begin(self) -> dict[str, Any]:
        """The start."""
        return self.steps[0]

    @property
    def last(self) -> dict[str, Any]:
        """The last exact network."""
        return next(step for step in reversed(self.steps) if step["exact"])

    @property
    def least(self) -> dict[str, Any]:
        """The exact network of fewest bits."""
        return min((s for s in self.steps if s["exact"]), key=lambda step: float(step["bits"]))


@dataclass(frozen=True)
class FloorResult:
    """All that the experiment found, and the files it wrote."""

    seed: int
    plan: FloorPlan
    quick: bool
    finished: tuple[Finished, ...]
    seconds: float
    missing: tuple[str, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)


def sparsification_floor(
    out: Path,
    plan: FloorPlan,
    *,
    seed: int = 0,
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FloorResult:
    """Make certified networks smaller in every way until the first exact error, and draw it.

    Writes the run store (a run a way, as it ends), ``networks/KIND-OUTPUTS-SEED/WAY/exact`` (the
    last exact network with specification and certificate) and ``.../violated`` (the first wrong
    one), ``floor.json``, ``floor.csv``, ``floor.svg``, ``floor.png`` and ``finding.json``.

    Args:
        out: folder.
        plan: :data:`QUICK` or :data:`FULL`.
        seed: the first of the plan's seeds.
        resume: keep the runs that the folder holds.
        progress: called with (ways gone, ways in all).

    Raises:
        InputError: a negative seed, or earlier results without ``resume``.
        MissingExtraError: torch or matplotlib is not installed.
    """
    from .floor_figure import draw_floor
    from .floor_files import write_csv, write_finding, write_json

    require_matplotlib()
    require_torch()
    require_seed(seed)
    begin = time.monotonic()
    missing: list[str] = []
    finished: list[Finished] = []
    with RunStore(out, resume) as store:
        total = sum(len(OFFERED[kind]) for kind, _ in _tasks(plan, seed))
        done = 0
        for kind, task in _tasks(plan, seed):
            runs = [_run(kind, task, way, plan.effort) for way in OFFERED[kind]]
            claimed = set(store.claim(run.key for run in runs))
            try:
                form = start(kind, task) if claimed else None
            except ProofError as error:
                missing.append(f"{kind}, {task.outputs} outputs, seed {task.seed}: {error}")
                continue
            for run in runs:
                if form is not None and run.key in claimed:
                    _gone(store, run, form, kind, task, plan.effort)
                done += 1
                progress(done, total)
        known = {run.key: run for run in store.runs(NAME)}
    for kind, task in _tasks(plan, seed):
        for way in OFFERED[kind]:
            found = known.get(_run(kind, task, way, plan.effort).key)
            if found is not None:
                finished.append(
                    Finished(
                        kind,
                        task.outputs,
                        task.seed,
                        way,
                        list(found.curve or ()),
                        dict(found.result),
                    )
                )
    seconds = time.monotonic() - begin
    result = FloorResult(
        seed, plan, plan == QUICK, tuple(finished), seconds, tuple(missing), {"networks": out}
    )
    result.files["networks"] = out / NETWORKS
    result.files["json"] = write_json(result, out / "floor.json")
    result.files["csv"] = write_csv(result, out / "floor.csv")
    result.files["svg"], result.files["png"] = draw_floor(result, out / "floor")
    result.files["finding"] = write_finding(result, out)
    return result


def _tasks(plan: FloorPlan, seed: int) -> Iterator[tuple[str, Task]]:
    for kind, sizes in plan.sizes.items():
        for outputs in sizes:
            # trained networks see as many inputs as outputs, like those of boolean-capacity
            inputs = outputs if kind == "free" else least_inputs(outputs)
            for own in range(seed, seed + plan.seeds):
                yield kind, Task(inputs, outputs, own)


def _run(kind: str, task: Task, way: str, effort: Effort) -> Run:
    about = {"kind": kind, "inputs": task.inputs, "outputs": task.outputs, "way": way}
    return Run(NAME, about | asdict(effort), task.seed)


def _gone(store: RunStore, run: Run, form: Form, kind: str, task: Task, effort: Effort) -> None:
    """Go a way, write both ends, record the run."""
    begin = time.monotonic()
    name = str(run.configuration["way"])
    way = go(form, kind, task, name, effort)
    place = Path(NETWORKS) / f"{kind}-{task.outputs}-seed{task.seed}" / name
    last, verdict = way.last
    facts: dict[str, Any] = _facts(way)
    facts["exact_in"] = str(place / "exact")
    facts["certificate"] = _write(last, verdict, store.folder / place / "exact")
    facts["violated_in"] = None
    if way.first_wrong is not None:
        facts["violated_in"] = str(place / "violated")
        _write(*way.first_wrong, store.folder / place / "violated")
    arrays = {
        f"{number}.{part}": getattr(layer, part)
        for number, layer in enumerate(last.network().layers)
        for part in ("weight", "bias")
    }
    store.record(
        Run(
            run.experiment,
            run.configuration,
            run.seed,
            result=facts,
            verdict=verdict.to_json(),
            curve=[step_json(step) for step in way.steps],
            seconds=round(time.monotonic() - begin, 3),
        ),
        arrays,
    )


def _facts(way: Way) -> dict[str, Any]:
    exact = [step for step in way.steps if step.exact]
    least = min(exact, key=lambda step: step.description.bits)
    wrong = None if way.first_wrong is None else way.steps[-1]
    return {
        "networks": exact[-1].description.networks,
        "neurons": exact[-1].neurons,
        "change": exact[-1].change,
        "nonzeros": exact[-1].description.nonzeros,
        "places": exact[-1].description.places,
        "bits": exact[-1].description.bits,
        "least_bits": least.description.bits,
        "bound_bits": least.description.bound_bits,
        "least_ratio": least.description.ratio,
        "steps": len(way.steps),
        "first_wrong": None if wrong is None else wrong.change,
        "wrong_inputs": None if wrong is None else wrong.violations,
        "counterexample": None if wrong is None else wrong.counterexample,
    }


def step_json(step: Step) -> dict[str, Any]:
    """A step as flat JSON data."""
    about = step.description
    data = asdict(step)
    del data["description"]
    return data | asdict(about) | {"bits": about.bits, "ratio": about.ratio, "share": step.share}


def _write(form: Form, verdict: Verdict, folder: Path) -> str:
    """Write network, specification and certificate; returns what the certificate is."""
    folder.mkdir(parents=True, exist_ok=True)
    network = form.network()
    network.save(folder / "network.onnx")
    form.specification.save(folder / "spec.toml")
    problem = Problem(network, form.specification)
    written = write_certificate(problem, verdict, folder / "certificate")
    text = json.dumps(verdict.to_json(), indent=2, allow_nan=False)
    (folder / "verdict.json").write_text(text + "\n", encoding="utf-8")
    return written.content
