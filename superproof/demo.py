"""The main job end to end: train, prove, damage, build, measure, draw.

Each step reads what it needs from the files of the steps before it, so any of them can be
run again by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .verify.check import check
from .verify.errors import InputError, SuperproofError
from .verify.network import Network
from .verify.problem import Problem
from .verify.specification import Specification
from .verify.verdict import Verdict

#: The DNF task: inputs, clauses, literals a clause, hidden neurons.
INPUTS, CLAUSES, WIDTH, HIDDEN = 16, 4, 3, 16
#: The construction: ANDs of pairs of inputs, at most so many inputs on.
AND_INPUTS, AND_OUTPUTS, ACTIVE = 100, 200, 2
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
        from .empirics.tasks import random_dnf
        from .empirics.train import train_dnf

        task = random_dnf(INPUTS, CLAUSES, WIDTH, self.seed, disjoint=False, mixed=True)
        trained = train_dnf(task, HIDDEN, self.seed)
        if not trained.verdict.holds:
            raise ContradictionError(
                f"training with seed {self.seed} left {trained.verdict.violations:,} wrong inputs "
                f"after {trained.starts} starts; try another --seed"
            )
        files = _write(self.right, trained.network, task.specification)
        return StepResult(
            (
                f"function: {task.formula}",
                f"{INPUTS} inputs, {HIDDEN} hidden neurons, float32; {trained.steps:,} steps, "
                f"{trained.rounds} rounds of counterexamples, seed {self.seed}",
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
        from .empirics.capacity import NAME, QUICK, RESULTS_FILE, boolean_capacity

        folder = self.out / "capacity"
        # the demonstration measures anew; an experiment of its own would ask to resume
        (folder / RESULTS_FILE).unlink(missing_ok=True)
        result = boolean_capacity(folder, QUICK, seed=self.seed, progress=self.progress)
        best = result.capacities[-1]
        _expect(
            max(max(c.by_seed) for c in result.capacities) > 0,
            "not a single trained network was exact",
        )
        again = ("experiment", NAME, "--quick", "--seed", str(self.seed), "--resume")
        medians = ", ".join(f"{c.median:g} with {c.width} neurons" for c in result.capacities)
        return StepResult(
            (
                f"{len(result.runs)} trained networks decided exactly; ANDs without error, median "
                f"of {len(best.by_seed)} seeds: {medians}",
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
)


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
