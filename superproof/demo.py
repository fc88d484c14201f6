"""The main job end to end: train, prove, damage, build, measure, draw, report.

Each step reads what it needs from the files of the steps before it, so any of them can be
run again by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .verify.check import check
from .verify.errors import InputError, SuperproofError
from .verify.network import Network
from .verify.problem import Problem
from .verify.specification import Specification
from .verify.verdict import Verdict
from .verify.verdict_text import amount

if TYPE_CHECKING:
    from .empirics.training.program import FinishedRun

#: The DNF task: inputs, clauses, literals a clause, hidden neurons.
INPUTS, CLAUSES, WIDTH, HIDDEN = 16, 4, 3, 16
#: The construction: ANDs of pairs of inputs, at most so many inputs on.
AND_INPUTS, AND_OUTPUTS, ACTIVE = 100, 200, 2
#: Starts of the training, at most.
STARTS = 3
#: Counterexamples shown for the damaged network.
SHOWN = 3

Progress = Callable[[int, int], None]


class ContradictionError(SuperproofError):
    """A step found something else than it must find; the demo stops there."""


@dataclass(frozen=True)
class StepResult:
    """What a step did.

    Attributes:
        facts: sentences.
        files: what was written, or read, with a word on each.
        commands: ways to do it again, each the words after ``superproof``.
        verdict, specification: of the check that the step made, if it made one.
    """

    facts: tuple[str, ...]
    files: tuple[tuple[str, Path], ...]
    commands: tuple[tuple[str, ...], ...]
    verdict: Verdict | None = None
    specification: Specification | None = None


@dataclass(frozen=True)
class Demo:
    """The steps of the demonstration on one folder.

    Args:
        out: folder for everything.
        seed: of every random choice.
        progress: called with (done, total) during the experiment.
    """

    out: Path
    seed: int = 0
    progress: Progress = field(default=lambda done, total: None)

    @property
    def right(self) -> Path:
        """Folder of the trained network."""
        return self.out / "right"

    @property
    def damaged(self) -> Path:
        """Folder of the network with one weight set to zero."""
        return self.out / "damaged"

    def train(self) -> StepResult:
        """Train a DNF network until the verifier finds no error; write ONNX and TOML."""
        found = _trained(self.seed)
        assert found.score is not None
        if not found.exact:
            raise ContradictionError(
                f"training with seed {self.seed} left {found.score.wrong:,} wrong inputs after "
                f"{STARTS} starts; try another --seed"
            )
        task = found.run.task
        files = _write(self.right, found.model, task.specification)
        return StepResult(
            (
                f"function: {task.formula_task.formula}",
                f"{INPUTS} inputs, {HIDDEN} hidden neurons, float32; {found.steps:,} steps, "
                f"{amount(found.rounds, 'round')} of counterexamples, seed {self.seed}",
            ),
            (("trained network", files[0]), ("what it must compute", files[1])),
            (self._again(1),),
        )

    def prove(self) -> StepResult:
        """Check the written file on every input."""
        problem = self._load(self.right, 1)
        verdict = check(problem.network, problem.specification, margin=True)
        _expect(verdict.holds, f"{self.right}: the trained network must hold, but {verdict.status}")
        return StepResult(
            (),
            (),
            (("check", str(self.right), "--margin"),),
            verdict,
            problem.specification,
        )

    def damage(self) -> StepResult:
        """Set the largest first-layer weight to zero, and count what breaks."""
        problem = self._load(self.right, 1)
        first, second = problem.network.layers
        weight = first.weight.copy()
        row, column = np.unravel_index(int(np.abs(weight).argmax()), weight.shape)
        old = float(weight[row, column])
        weight[row, column] = 0
        network = Network.from_arrays([weight, second.weight], [first.bias, second.bias])
        files = _write(self.damaged, network, problem.specification)
        saved = self._load(self.damaged, 3)
        verdict = check(
            saved.network, saved.specification, count=True, margin=True, counterexamples=SHOWN
        )
        _expect(
            verdict.status == "violated" and bool(verdict.violations),
            f"{self.damaged}: the damaged network must be violated, but {verdict.status}",
        )
        name = problem.specification.inputs[int(column)]
        return StepResult(
            (f"weight from {name} to neuron {row} set to zero (it was {old:.4g})",),
            (("damaged network", files[0]),),
            (
                self._again(3),
                (
                    *("check", str(self.damaged), "--count", "--margin"),
                    *("--counterexamples", str(SHOWN)),
                ),
            ),
            verdict,
            saved.specification,
        )

    def construct(self) -> StepResult:
        """Build a network for many ANDs without training, and check its folder."""
        from .constructions.conjunction import plain_pairwise_and
        from .constructions.patterns import pattern

        pairs = pattern("random", AND_INPUTS, AND_OUTPUTS, self.seed)
        built = plain_pairwise_and(AND_INPUTS, pairs, active=ACTIVE, seed=self.seed)
        folder = built.write(self.out / "construction")
        problem = self._load(folder, 4)
        verdict = check(problem.network, problem.specification)
        _expect(verdict.holds, f"{folder}: the construction must hold, but {verdict.status}")
        sizes = ("--inputs", str(AND_INPUTS), "--outputs", str(AND_OUTPUTS))
        words = (
            *("construct", "pairwise-and", "--pattern", "random", *sizes),
            *("--active", str(ACTIVE), "--form", "plain"),
            *("--seed", str(self.seed), "--out", str(folder)),
        )
        return StepResult(
            (
                f"{AND_OUTPUTS} ANDs of {AND_INPUTS} inputs with {built.neurons} neurons; "
                f"lower bound {built.lower_bound['bits']:,} bits, used {built.total_bits:,}",
            ),
            (("constructed network", folder),),
            (words, ("check", str(folder)), ("bounds", "pairwise-and", *sizes)),
            verdict,
            problem.specification,
        )

    def measure(self) -> StepResult:
        """Train networks of several widths on ANDs, and draw what they compute exactly."""
        from .empirics.capacity import plan
        from .empirics.capacity.experiment import boolean_capacity
        from .empirics.capacity.families import FAMILIES

        folder = self.out / "capacity"
        result = boolean_capacity(
            folder, plan.QUICK, seed=self.seed, resume=True, progress=self.progress
        )
        words = []
        for name in plan.QUICK.widths:
            found = [c for c in result.exact(name) if c.some]
            best = max((c.some or 0 for c in found), default=0)
            _expect(best > 0, f"not a single trained network was exact ({name})")
            title = FAMILIES[name].title
            words.append(
                f"{title}: " + ", ".join(f"{c.some} with {c.width} neurons" for c in found)
            )
        again = ("experiment", plan.NAME, "--quick", "--seed", str(self.seed), "--resume")
        return StepResult(
            (
                f"{result.runs:,} trained networks decided exactly; most ANDs without any error,",
                *words,
            ),
            (("capacity curve", result.files["png"]), ("its numbers", result.files["json"])),
            ((*again, "--out", str(folder)),),
        )

    def margins(self) -> StepResult:
        """Draw the margins of the right and the damaged network over all inputs."""
        from .empirics.figures import margin_histogram
        from .empirics.margins import domain_margins

        found = {}
        for name, folder, step in (("trained", self.right, 1), ("damaged", self.damaged, 3)):
            problem = self._load(folder, step)
            margins = domain_margins(problem)
            verdict = check(problem.network, problem.specification, count=True, margin=True)
            wrong = int(margins.wrong.sum())
            _expect(
                (wrong, margins.least) == (verdict.violations, verdict.margin),
                f"{folder}: input by input {wrong} are wrong and the least margin is "
                f"{margins.least}, but the engine says {verdict.violations} and {verdict.margin}",
            )
            found[name] = margins
        title = f"Margins of the DNF network, all {len(margins.values):,} inputs"
        _, png = margin_histogram(found, title, self.out / "margins")
        return StepResult(
            tuple(
                f"{name}: {int(m.wrong.sum()):,} wrong, least margin {float(m.least):.4g}; "
                "the engine agrees"
                for name, m in found.items()
            ),
            (("margin histogram", png),),
            (self._again(6),),
        )

    def report(self) -> StepResult:
        """Write one page: the networks of this demonstration, and the capacity curve."""
        from .empirics.finding import Finding, Table
        from .empirics.report import write_report

        rows: list[tuple[str, str, int | None, float | None]] = []
        for name, folder, step in (
            ("trained on the DNF", self.right, 1),
            ("the same, one weight set to zero", self.damaged, 3),
            (f"built for {AND_OUTPUTS} ANDs, untrained", self.out / "construction", 4),
        ):
            problem = self._load(folder, step)
            verdict = check(problem.network, problem.specification, count=True, margin=True)
            margin = None if verdict.margin is None else float(verdict.margin)
            rows.append((name, verdict.status, verdict.violations, margin))
        if not (self.out / "margins.svg").exists():
            raise InputError(f"{self.out}: no margins drawn yet; run step 6 first")
        Finding(
            name="demo",
            title="Three networks, decided on every input",
            summary="A network was trained on a Boolean function until the verifier found no wrong "
            "input; one of its weights was set to zero; and a network for many ANDs was built "
            "without training. Each was read back from its file and decided in exact arithmetic.",
            command=("demo", "--seed", str(self.seed), "--out", str(self.out)),
            figures={"margins.svg": "Margins of the trained and the damaged network, all inputs."},
            tables=(Table("Verdicts", ("network", "verdict", "wrong inputs", "margin"), rows),),
            seed=self.seed,
        ).write(self.out)
        page = write_report(self.out)
        return StepResult(
            (f"{page.stat().st_size:,} bytes, figures inside; opens without a network",),
            (("the report", page),),
            (("report", str(self.out)),),
        )

    def _again(self, step: int) -> tuple[str, ...]:
        words = ("demo", "--step", str(step), "--seed", str(self.seed))
        return (*words, "--out", str(self.out))

    def _load(self, folder: Path, step: int) -> Problem:
        """Network and specification from the files, as anybody would read them."""
        from .constructions.construction import NETWORK_FILE, SPECIFICATION_FILE

        if not (folder / NETWORK_FILE).exists():
            raise InputError(f"{folder}: no network there yet; run step {step} first")
        return Problem(
            Network.load(folder / NETWORK_FILE), Specification.load(folder / SPECIFICATION_FILE)
        )


#: Title and method of every step, in order; they are numbered from 1.
STEPS: tuple[tuple[str, Callable[[Demo], StepResult]], ...] = (
    ("Train a network on a Boolean function", Demo.train),
    ("Prove the file right on every input", Demo.prove),
    ("Damage one weight, find what breaks", Demo.damage),
    ("Build a network without training, prove it", Demo.construct),
    ("Measure what training reaches", Demo.measure),
    ("Draw the margins of both networks", Demo.margins),
    ("Put everything on one page", Demo.report),
)


def _trained(seed: int) -> FinishedRun:
    """The first exact network of a few starts on a random DNF, or the last one."""
    from .empirics.training.boolean_task import BooleanTask, Sampling
    from .empirics.training.relu_networks import NetworkRun, ReluNetworks
    from .empirics.training.schedule import Schedule
    from .empirics.training.trainer import train_runs

    task = BooleanTask(
        "dnf", INPUTS, arity=WIDTH, clauses=CLAUSES, disjoint=False, mixed=True, seed=seed
    )
    for start in range(STARTS):
        run = NetworkRun(
            task,
            (HIDDEN,),
            STARTS * seed + start,
            Schedule(1500, 0.02, l1=1e-5),
            Sampling(rows=256),
            spread=0.5,
            rounds=12,
            repair=Schedule(400, 0.005, l1=1e-5),
        )
        (found,) = train_runs(ReluNetworks(), [run], device="cpu")
        if found.exact:
            break
    return found


def _write(folder: Path, network: Network, specification: Specification) -> tuple[Path, Path]:
    from .constructions.construction import NETWORK_FILE, SPECIFICATION_FILE

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{folder}: a file is in the way; name a folder") from None
    model = network.save(folder / NETWORK_FILE)
    return model, specification.save(folder / SPECIFICATION_FILE)


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise ContradictionError(message)
