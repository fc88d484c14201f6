"""Train the networks of the engine benchmark, with counterexamples from the tree engine.

    python -m benchmarks.train_networks [--out benchmarks/networks] [--only TEXT ...]

Every network has a seed that fixes its formula, its start and its samples; torch's arithmetic may
still differ in the last bit between machines, so the trained weights are stored beside this file
and the benchmark loads those. Networks that exist are kept: remove a file to train it again.
`networks/index.json` records the recipe, the formula and what the tree engine said.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from superproof import Network, check
from superproof.empirics.sampler import near_miss
from superproof.empirics.tasks import DnfTask, random_dnf
from superproof.empirics.training.device import bounded_threads

from .damage import damaged_entries

FOLDER = Path(__file__).with_name("networks")
#: Points drawn at once, and steps until they are replaced.
POOL, STALE = 1024, 25
#: Points of a step, and counterexamples beside them.
ROWS, REMEMBERED = 256, 128
#: Steps of the first descent and its rate; steps and rate of a round on counterexamples.
STEPS = {
    "trained": 3000,
    "sparse": 12000,
    "thin": 3000,
    "dense": 3000,
    "half": 250,
    "violated": 3000,
}
RATE, ROUND = 3e-3, (600, 1e-3)


@dataclass(frozen=True)
class Recipe:
    """How one network is made.

    Attributes:
        kind: ``trained`` (until exact); of 48 inputs and more ``sparse`` (as long, under the
            penalty of small networks, which leaves few weights) and ``thin`` (a short descent, then
            made exact in rounds on counterexamples, which leaves thin margins); ``dense`` (deep,
            a weak penalty), ``half`` (stopped early), ``violated`` (never shown a counterexample).
        inputs, hidden: the shape; there is one output.
        clauses, width: of the random formula, literals of either sign.
        seed: of the formula, the start and the samples.
        l1: weight of the sum of absolute parameters in the loss.
        steps: of the first descent.
        rounds: descents on counterexamples at most.
    """

    kind: str
    inputs: int
    hidden: tuple[int, ...]
    clauses: int
    seed: int
    l1: float
    width: int = 3
    steps: int = 3000
    rounds: int = 40

    @property
    def name(self) -> str:
        """For example ``trained-24-32-32-s0``."""
        shape = "-".join(map(str, (self.inputs, *self.hidden)))
        return f"{self.kind}-{shape}-s{self.seed}"


#: Clauses of the formula, by the number of inputs.
CLAUSES = {8: 3, 12: 4, 16: 6, 20: 7, 24: 8, 28: 8, 32: 8, 36: 8, 40: 8, 48: 10, 64: 12}


def recipes() -> Iterator[Recipe]:
    """All networks of the benchmark."""

    def made(kind: str, inputs: int, *hidden: int, seed: int = 0, l1: float = 1e-4) -> Recipe:
        rounds = 0 if kind in ("half", "violated") else 40
        steps = STEPS[kind]
        if kind == "trained" and inputs >= 48:
            # longer, as there is more to learn, with less of a penalty a step
            steps, l1 = STEPS["sparse"], l1 / 5
        return Recipe(kind, inputs, hidden, CLAUSES[inputs], seed, l1, steps=steps, rounds=rounds)

    for inputs, widths in (
        (8, (8, 16)),
        (12, (16, 32)),
        (16, (16, 32, 64)),
        (20, (16, 32, 64)),
        (24, (16, 32, 64)),
        (32, (32, 64)),
    ):
        for width in widths:
            yield made("trained", inputs, width)
    for inputs in (16, 20, 24):
        for seed in (1, 2):
            yield made("trained", inputs, 32, seed=seed)
    for inputs, shapes in (
        (12, ((16, 16),)),
        (16, ((16, 16), (32, 32), (16, 16, 16))),
        (20, ((16, 16), (32, 32), (16, 16, 16))),
        (24, ((16, 16), (32, 32), (16, 16, 16), (32, 32, 32))),
        (32, ((16, 16), (16, 16, 16))),
    ):
        for shape in shapes:
            yield made("trained", inputs, *shape, l1=3e-4)
    for kind in ("trained", "sparse", "thin"):
        for inputs, width in ((48, 32), (48, 64), (64, 32)):
            yield made(kind, inputs, width)
        for seed in (0, 1, 2):
            yield made(kind, 64, 64, seed=seed)
        for inputs, shapes in (
            (48, ((16, 16), (32, 32, 32))),
            (64, ((16, 16), (64, 64), (32, 32, 32))),
        ):
            for shape in shapes:
                yield made(kind, inputs, *shape, l1=3e-4)
    for inputs in (32, 48):
        for shape in ((32, 32), (64, 64), (32, 32, 32)):
            yield made("dense", inputs, *shape, l1=3e-5)
    for inputs in (24, 28, 32, 36, 40):
        for width in (16, 64):
            yield made("half", inputs, width)
    for inputs, hidden in ((16, (8,)), (24, (8,)), (48, (16,)), (64, (8,)), (64, (16, 16))):
        yield made("violated", inputs, *hidden)


class Model:
    """A float32 network in training, with the samples of its task."""

    def __init__(self, recipe: Recipe, task: DnfTask) -> None:
        self.recipe, self.task = recipe, task
        self.rng = np.random.default_rng([recipe.seed, recipe.inputs, *recipe.hidden])
        torch.manual_seed(int(self.rng.integers(1 << 31)))
        sizes = (recipe.inputs, *recipe.hidden, 1)
        self.layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
        self.module = torch.nn.Sequential(
            *[part for layer in self.layers for part in (layer, torch.nn.ReLU())][:-1]
        )
        self.pool = np.zeros((0, recipe.inputs), dtype=np.uint8)

    def network(self) -> Network:
        """The present weights as an exact function."""
        return Network.from_torch(self.module)

    def descend(self, steps: int, rate: float) -> None:
        """Squared hinge on near misses and the counterexamples so far; rate falls in the end."""
        parameters = list(self.module.parameters())
        optimizer = torch.optim.Adam(parameters, rate)
        for step in range(steps):
            if step % STALE == 0:
                points, signs = self._labelled(near_miss(self.task, POOL, self.rng))
                if len(self.pool):
                    wrong, wrong_signs = self._labelled(self.pool)
            chosen = self.rng.integers(0, POOL, ROWS)
            x, y = points[chosen], signs[chosen]
            if len(self.pool):
                chosen = self.rng.integers(0, len(self.pool), REMEMBERED)
                x, y = torch.cat([x, wrong[chosen]]), torch.cat([y, wrong_signs[chosen]])
            loss = torch.relu(1 - self.module(x)[:, 0] * y).square().mean()
            if self.recipe.l1:
                loss = loss + self.recipe.l1 * sum(p.abs().sum() for p in parameters)
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, 2 * (1 - step / steps))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def wrong_among(self, points: np.ndarray) -> np.ndarray:
        """The rows that float32 gets wrong."""
        x, signs = self._labelled(points)
        with torch.no_grad():
            wrong = np.asarray((self.module(x)[:, 0] * signs <= 0).numpy())
        return np.asarray(points[wrong])

    def learn_from(self, points: np.ndarray) -> None:
        """Remember at most 256 of these points."""
        kept = self.rng.permutation(len(points))[:256]
        self.pool = np.concatenate([self.pool, points[kept]])[-4096:]

    def _labelled(self, points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        truth = self.task.specification.expected(points)[:, 0]
        return torch.as_tensor(points.astype(np.float32)), torch.as_tensor(
            np.where(truth, np.float32(1), np.float32(-1))
        )


def find_wrong(model: Model) -> np.ndarray:
    """Wrong inputs: from samples, else one from the tree engine and wrong ones around it."""
    rows = 1 << 15
    wrong = model.wrong_among(near_miss(model.task, rows, model.rng))
    if len(wrong):
        return wrong
    verdict = check(model.network(), model.task.specification, engine="tree", timeout=10)
    if not verdict.counterexamples:
        return wrong
    point = np.array(verdict.counterexamples[0].bits, dtype=np.uint8)
    flips = model.rng.random((rows, len(point))) < model.rng.uniform(0, 0.3, (rows, 1))
    return np.concatenate([point[None], model.wrong_among(point ^ flips.astype(np.uint8))])


def train(recipe: Recipe) -> tuple[Network, dict[str, object]]:
    """The network of a recipe and its entry in the index."""
    task = random_dnf(
        recipe.inputs, recipe.clauses, recipe.width, recipe.seed, disjoint=False, mixed=True
    )
    model = Model(recipe, task)
    model.descend(recipe.steps, RATE)
    rounds = 0
    while rounds < recipe.rounds:
        wrong = find_wrong(model)
        if not len(wrong):
            break
        model.learn_from(wrong)
        model.descend(*ROUND)
        rounds += 1
    network = model.network()
    verdict = check(network, task.specification, engine="tree", timeout=60)
    entry = asdict(recipe) | {
        "rounds": rounds,
        "formula": str(task.specification.formulas[0]),
        "status": verdict.status,
    }
    return network, entry


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--only", action="append", help="only names that contain this")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    listing = options.out / "index.json"
    index = json.loads(listing.read_text()) if listing.exists() else {"networks": {}}
    networks = index["networks"]
    with bounded_threads(1):
        for recipe in recipes():
            path = options.out / f"{recipe.name}.safetensors"
            wanted = not options.only or any(part in recipe.name for part in options.only)
            if not wanted or (path.exists() and recipe.name in networks):
                continue
            start = time.perf_counter()
            network, entry = train(recipe)
            network.save(path)
            networks[recipe.name] = entry
            _write(listing, index)
            seconds = time.perf_counter() - start
            print(
                f"{recipe.name}: {entry['status']}, {entry['rounds']} rounds, {seconds:.0f} s",
                flush=True,
            )
    index["damaged"] = damaged_entries(options.out, networks)
    _write(listing, index)


def _write(path: Path, index: dict[str, object]) -> None:
    path.write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
