"""Training two-layer networks until the exact verifier finds no error, or time is up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..verify.check import check
from ..verify.errors import InputError
from ..verify.network import Network
from ..verify.readout import Threshold
from ..verify.specification import Specification
from ..verify.verdict import Verdict
from .batch import NetworkBatch, Schedule, bounded_threads, choose_device, require_torch
from .sampler import near_miss
from .tasks import DnfTask, PairwiseAndTask

if TYPE_CHECKING:
    import torch

#: Points of a domain that is trained on as a whole, at most.
WHOLE_DOMAIN = 1 << 17

_FIRST_DNF = Schedule(1500, 0.02, l1=1e-5)
_ROUND_DNF = Schedule(400, 0.005, l1=1e-5)
_WHOLE = Schedule(800, 0.2)


@dataclass(frozen=True)
class DnfRecipe:
    """Settings for DNF tasks: squared hinge on near misses, then rounds on counterexamples.

    Attributes:
        first: the descent on fresh samples.
        round: each descent on fresh samples and all counterexamples so far.
        rows: fresh points a step; counterexamples are added up to the same number.
        rounds: counterexample rounds before a new start.
        starts: initialisations tried in all.
        counterexamples: kept from each round, drawn at random from those reported.
        reported: asked of the verifier each round.
        spread: standard deviation of the first weights at the start.
    """

    first: Schedule = _FIRST_DNF
    round: Schedule = _ROUND_DNF
    rows: int = 256
    rounds: int = 12
    starts: int = 3
    counterexamples: int = 128
    reported: int = 1024
    spread: float = 0.5


@dataclass(frozen=True)
class DomainRecipe:
    """Settings for training on every point of a small domain.

    Attributes:
        schedule: of the descent.
        restarts: initialisations a task, trained side by side.
        spread: standard deviation of the first weights at the start.
        positive_power: a true point weighs (points of the domain)**power, a false one 1.
        margin: a network counts as learned in floats when every margin is above this.
    """

    schedule: Schedule = _WHOLE
    restarts: int = 2
    spread: float = 1.0
    positive_power: float = 0.7
    margin: float = 0.02


@dataclass(frozen=True)
class Trained:
    """A trained network with the exact verdict on it.

    Attributes:
        network: the float32 network, taken exactly.
        verdict: decided with counts; ``verdict.holds`` means exact on the whole domain.
        seed: of the initialisation and the samples.
        steps: gradient steps taken in all.
        rounds: counterexample rounds used (0: exact at the first check).
        starts: initialisations used.
    """

    network: Network
    verdict: Verdict
    seed: int
    steps: int
    rounds: int = 0
    starts: int = 1

    @property
    def exact_outputs(self) -> int:
        """Outputs without a single violation on the whole domain."""
        counts = self.verdict.violations_by_output
        if counts is None:
            raise ValueError("the verdict carries no counts")
        return sum(count == 0 for count in counts.values())


def train_dnf(
    task: DnfTask,
    width: int,
    seed: int,
    device: str = "cpu",
    recipe: DnfRecipe | None = None,
    threads: int = 1,
) -> Trained:
    """Train one network on a DNF, with counterexamples from the exact verifier.

    Args:
        task: the DNF.
        width: hidden neurons.
        seed: of the initialisation and the samples.
        device: ``auto``, ``cpu`` or ``cuda``.
        recipe: settings.
        threads: processor threads.

    Returns:
        The first exact network, or the last one tried with its violations counted.

    Raises:
        InputError: a width below 1, a negative seed, or no such device.
        MissingExtraError: torch is not installed.

    Source: the recipe is a reconstruction for the DNF networks of arXiv 2504.08842.
    """
    recipe = recipe or DnfRecipe()
    _require_sizes(width, [seed])
    place = choose_device(device)
    steps = rounds = 0
    with bounded_threads(threads):
        for start in range(recipe.starts):
            own = int(np.random.SeedSequence([seed, start]).generate_state(1)[0])
            model = NetworkBatch(task.inputs, width, 1, [own], place, recipe.spread)
            lesson = _DnfLesson(task, recipe, own, place)
            steps += model.descend(lesson.batch, recipe.first)
            for round_number in range(recipe.rounds + 1):
                network = model.network(0)
                verdict = check(
                    network,
                    task.specification,
                    count=True,
                    counterexamples=recipe.reported,
                    threads=threads,
                    dtypes=(),
                )
                done = Trained(network, verdict, seed, steps, rounds, start + 1)
                if verdict.status != "violated" or round_number == recipe.rounds:
                    break
                rounds += 1
                lesson.learn_from([example.bits for example in verdict.counterexamples])
                steps += model.descend(lesson.batch, recipe.round)
            if verdict.holds:
                break
    # the last verdict carries many counterexamples; one is enough to keep
    return replace(done, verdict=replace(verdict, counterexamples=done.verdict.counterexamples[:1]))


class _DnfLesson:
    """Batches of fresh near misses, and of the counterexamples found so far."""

    def __init__(self, task: DnfTask, recipe: DnfRecipe, seed: int, device: str) -> None:
        self.task = task
        self.recipe = recipe
        self.device = device
        self.rng = np.random.default_rng(seed)
        self.pool = np.zeros((0, task.inputs), dtype=np.uint8)

    def learn_from(self, points: Sequence[Sequence[bool]]) -> None:
        found = np.array(points, dtype=np.uint8)
        kept = self.rng.permutation(len(found))[: self.recipe.counterexamples]
        self.pool = np.concatenate([self.pool, found[kept]])

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        points = near_miss(self.task, self.recipe.rows, self.rng)
        if len(self.pool):
            drawn = self.rng.permutation(len(self.pool))[: self.recipe.rows]
            points = np.concatenate([points, self.pool[drawn]])
        truth = self.task.specification.expected(points)
        torch = require_torch()
        return (
            torch.as_tensor(points.T.astype(np.float32), device=self.device)[None],
            _signs(truth, self.device)[None],
            torch.ones((1, 1, 1), device=self.device),
        )


def train_on_domain(
    specifications: Sequence[Specification],
    width: int,
    seeds: Sequence[int],
    device: str = "cpu",
    recipe: DomainRecipe | None = None,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[Trained]:
    """Train networks for several specifications at once, on all points of their common domain.

    Args:
        specifications: tasks of one shape with the same domain.
        width: hidden neurons.
        seeds: one a specification; each is expanded into ``recipe.restarts`` initialisations.
        device: ``auto``, ``cpu`` or ``cuda``.
        recipe: settings.
        threads: processor threads.
        progress: called with the number of steps done.

    Returns:
        For every specification the restart with most outputs right in floats, decided exactly.

    Raises:
        InputError: specifications that differ in shape or domain, a domain beyond 2**17
            points, sizes that do not fit, or no such device.
        MissingExtraError: torch is not installed.
    """
    recipe = recipe or DomainRecipe()
    _require_sizes(width, seeds)
    points = _common_domain(specifications, seeds)
    place = choose_device(device)
    torch = require_torch()
    tasks, restarts = len(specifications), recipe.restarts
    own = [
        int(np.random.SeedSequence([seed, restart]).generate_state(1)[0])
        for seed in seeds
        for restart in range(restarts)
    ]
    with bounded_threads(threads):
        signs = torch.stack([_signs(s.expected(points), place) for s in specifications])
        targets = signs.repeat_interleave(restarts, 0)
        weights = torch.where(targets > 0, float(len(points)) ** recipe.positive_power, 1.0)
        fed = torch.as_tensor(points.T.astype(np.float32), device=place)[None]
        outputs = targets.shape[1]
        model = NetworkBatch(points.shape[1], width, outputs, own, place, recipe.spread)

        def learned(margins: Any) -> bool:
            least = margins.amin(dim=(1, 2)).view(tasks, restarts)
            return bool((least > recipe.margin).any(dim=1).all())

        steps = model.descend(
            lambda step: (fed, targets, weights), recipe.schedule, learned, progress
        )
        with torch.no_grad():
            margins = (targets * model(fed)).amin(dim=2).view(tasks, restarts, outputs)
            # most outputs right; among equals the larger least margin
            score = (margins > 0).sum(dim=2) + margins.amin(dim=2).sigmoid() / 2
            best = score.argmax(dim=1).tolist()
    trained = []
    for i, (specification, seed) in enumerate(zip(specifications, seeds, strict=True)):
        network = model.network(i * restarts + best[i])
        verdict = check(network, specification, count=True, threads=threads, dtypes=())
        trained.append(Trained(network, verdict, seed, steps, starts=restarts))
    return trained


def train_pairwise_and(
    tasks: Sequence[PairwiseAndTask],
    width: int,
    seeds: Sequence[int],
    device: str = "cpu",
    recipe: DomainRecipe | None = None,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[Trained]:
    """Train plain networks for several pairwise-AND tasks of one size, on all their inputs.

    Arguments, result and errors as in :func:`train_on_domain`.
    """
    specifications = [task.specification for task in tasks]
    return train_on_domain(specifications, width, seeds, device, recipe, threads, progress)


def _common_domain(specifications: Sequence[Specification], seeds: Sequence[int]) -> np.ndarray:
    """All points of the one domain that the specifications share, (points, inputs)."""
    if not specifications or len(specifications) != len(seeds):
        raise InputError(f"{len(specifications)} tasks need as many seeds, not {len(seeds)}")
    first = specifications[0]
    shape = (len(first.inputs), len(first.outputs), first.domain.canonical())
    for other in specifications[1:]:
        if (len(other.inputs), len(other.outputs), other.domain.canonical()) != shape:
            raise InputError("tasks trained together must have the same sizes and domain")
    if first.domain.values != (Fraction(0), Fraction(1)) or first.readout != Threshold():
        raise InputError("training on a domain takes inputs 0 and 1 and the threshold 0")
    if first.domain.candidates > WHOLE_DOMAIN:
        raise InputError(
            f"the domain '{first.domain}' has more than {WHOLE_DOMAIN:,} candidates; "
            "train on samples instead"
        )
    return np.concatenate(list(first.domain.chunks()))


def _signs(truth: np.ndarray, device: str) -> torch.Tensor:
    """Booleans (points, outputs) as -1 and 1 of shape (outputs, points)."""
    signs = np.where(truth.T, np.float32(1), np.float32(-1))
    result: torch.Tensor = require_torch().as_tensor(np.ascontiguousarray(signs), device=device)
    return result


def _require_sizes(width: int, seeds: Sequence[int]) -> None:
    if width < 1:
        raise InputError(f"width must be 1 or more hidden neurons, not {width}")
    if any(seed < 0 for seed in seeds):
        raise InputError(f"seeds must be 0 or more, not {min(seeds)}")
