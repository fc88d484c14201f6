"""Controls for docs/value-routing.md, section 5: ``python -m benchmarks.routing_controls``.

Parts: ``network`` (the block against its network alone), ``start`` (learned values by the size of
the start, rate and steps), ``saturation`` (large starts where the context is everything),
``margin`` (how far one matrix can rank every target first), ``mean`` (what any weights could do
with vectors that share a mean) and ``spectrum`` (vectors like those of a model). Each prints its
tables in Markdown; numbers separated by commas belong to seeds 0, 1, 2 ... in this order. Wrong
contexts are in percent of those that the experiment samples; a run that diverged counts as 100.
Seeds of one setting are trained side by side, and another number of them may round differently.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import linprog

from superproof.empirics.attention_capacity.frozen_embeddings import FILE
from superproof.empirics.attention_capacity.routing import STEADY_DIM
from superproof.empirics.attention_capacity.routing_check import SAMPLED, sampled_contexts
from superproof.empirics.attention_capacity.value_routing import RoutingLayers, RoutingRun
from superproof.empirics.training.trainer import train_runs

#: Best margins so near to 0 are within the error of the linear program.
OPEN = 1e-6


@dataclass(frozen=True)
class Scale:
    """How much is computed.

    Attributes:
        items, more: m of most tables, and the m at which one head is at its end.
        large: numbers of items against which the network alone is tried.
        dim, context: d and l.
        model: vectors and dimensions of those that look like a model's.
        shorter: what steps are divided by.
        seeds: of every part; None for those of the page.
    """

    items: int = 48
    more: int = 64
    large: tuple[int, ...] = (256, 512, 1024)
    dim: int = 16
    context: int = 12
    model: tuple[int, int] = (500, 256)
    shorter: int = 1
    seeds: int | None = None

    def seeded(self, default: int) -> range:
        """The seeds of a part whose table has ``default`` of them."""
        return range(default if self.seeds is None else self.seeds)

    def run(
        self, output: str, key_dim: int, steps: int = 800, rate: float = 0.02, **changes: Any
    ) -> RoutingRun:
        """A layer or block with one head."""
        run = RoutingRun(self.items, self.dim, 1, key_dim, output, self.context)
        steps = max(1, steps // self.shorter)
        schedule = replace(run.schedule, steps=steps, learning_rate=rate)
        return replace(run, schedule=schedule, **changes)


#: Everything tiny: shows that a part works, and nothing else.
QUICK = Scale(12, 16, (16, 24), 8, 4, (40, 24), 80, 1)


def train(run: RoutingRun, seeds: Iterable[int]) -> list[Any]:
    """The verdicts on the run with these seeds, in their order; None where it diverged."""
    runs = [replace(run, task_seed=seed, seed=seed) for seed in seeds]
    done = {one.run.seed: one.verdict for one in train_runs(RoutingLayers(), runs, device="cpu")}
    return [done[one.seed] for one in runs]


def wrong(verdicts: Iterable[Any]) -> list[float]:
    """Wrong sampled contexts in percent; all of them where the run diverged."""
    return [100.0 if one is None else 100 * (1 - one.accuracy) for one in verdicts]


def listed(values: Iterable[float], places: int = 2) -> str:
    """One number a seed, as a cell."""
    return ", ".join(f"{value:.{places}f}" for value in values)


def row(*cells: object) -> None:
    """Print a row of a table at once: the next one may take a while."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def header(*cells: str) -> None:
    """Print the first two lines of a table."""
    print()
    row(*cells)
    print("|" + "---|" * len(cells), flush=True)


def network(scale: Scale) -> None:
    """The block against its network alone, by number of items and by number of neurons."""
    seeds = scale.seeded(2)
    header("m", "network alone", "block, one head, D_K = 4")
    for items in scale.large:
        runs = (scale.run("network", 1, items=items), scale.run("block", 4, items=items))
        row(items, *(listed(wrong(train(run, seeds))) for run in runs))
    seeds = scale.seeded(3)
    header("neurons", "alone", "D_K = 1", "4", "16")
    for hidden in (1, 2, 4, 8):
        few = [scale.run("network", 1, hidden=hidden)]
        few += [scale.run("block", key_dim, hidden=hidden) for key_dim in (1, 4, 16)]
        row(hidden, *(f"{statistics.median(wrong(train(run, seeds))):.2f}" for run in few))


def start(scale: Scale) -> None:
    """Learned values by the size of the start, the rate and the steps."""
    seeds = scale.seeded(4)
    header("start", "rate", "steps", "D_K = 4", "D_K = 16")
    for spread, rate, steps in (
        (1.0, 0.05, 800), (1.0, 0.05, 2400), (1.0, 0.02, 800), (0.1, 0.05, 800),
        (0.1, 0.02, 800), (0.1, 0.02, 2400), (0.01, 0.02, 800),
    ):  # fmt: skip
        runs = [scale.run("values", size, steps, rate, spread=spread) for size in (4, 16)]
        row(f"{spread:g}", rate, steps, *(listed(wrong(train(run, seeds))) for run in runs))


def saturation(scale: Scale) -> None:
    """Identity outputs by the size of the start, where the context is everything."""
    header("vectors", "start", "steps", "D_K = 8", "D_K = 16")
    cases = [("gaussian", spread, 800, 4) for spread in (3.0, 1.0, 0.3, 0.1)]
    cases += [("signs", 0.1, 800, 3), ("signs", 0.1, 2400, 3)]
    for kind, spread, steps, number in cases:
        common: dict[str, Any] = {"spread": spread, "embeddings": kind, "whiten": True}
        common["context"] = scale.items
        runs = [scale.run("identity", size, steps, **common) for size in (8, 16)]
        found = (listed(wrong(train(run, scale.seeded(number))), 1) for run in runs)
        row(kind, f"{spread:g}", steps, *found)


def largest_margin(vectors: np.ndarray, targets: np.ndarray) -> float:
    """The largest g with ``x_i^T M (x_t - x_k) >= g`` for every item i, its target t, other k.

    M has entries from -1 to 1. A linear program in floats: negative values, never far from 0, are
    the solver's, since M = 0 has margin 0.

    Args:
        vectors: X, (items, dimensions).
        targets: of every item.
    """
    vectors = vectors.astype(np.float64)
    items, dim = vectors.shape
    gaps = vectors[targets][:, None] - vectors[None]
    products = np.einsum("id,ike->ikde", vectors, gaps).reshape(items, items, dim * dim)
    rivals = products[np.arange(items) != targets[:, None]]
    found = linprog(
        np.r_[np.zeros(dim * dim), -1.0],
        A_ub=np.c_[-rivals, np.ones(len(rivals))],
        b_ub=np.zeros(len(rivals)),
        bounds=[(-1, 1)] * dim * dim + [(None, None)],
        method="highs-ipm",
    )
    if found.x is None:
        raise RuntimeError(f"no largest margin: {found.message}")
    return float(found.x[-1])


def margin(scale: Scale) -> None:
    """How far one matrix ranks every target above all other items, and longer training."""
    seeds, both = scale.seeded(3), (scale.items, scale.more)
    header("largest margin", *(f"m = {items}" for items in both))
    for kind in ("gaussian", "signs"):
        cells = []
        for items in both:
            run = RoutingRun(items, scale.dim, 1, 1, context=2, embeddings=kind)
            runs = [replace(run, task_seed=seed) for seed in seeds]
            found = [largest_margin(one.vectors(), _targets(one)) for one in runs]
            cells.append(listed(found, 3))
        row(kind, *cells)
    header(f"m = {scale.more}, D_K = 16", "800 steps", "2,400 steps")
    for name, context in ((f"l = {scale.context}", scale.context), ("all items", scale.more)):
        common: dict[str, Any] = {"items": scale.more, "context": context, "whiten": True}
        runs = [scale.run("identity", 16, steps, **common) for steps in (800, 2400)]
        row(name, *(listed(wrong(train(run, seeds)), 1) for run in runs))


def best_margin(products: np.ndarray, members: np.ndarray) -> float:
    """The largest g with ``sum_c A_c <x_c, x_j - x_k> >= g`` for all k, over all weights A.

    Above 0, some weights give the first member j; below 0, none do. A linear program in floats.

    Args:
        products: ``<x_a, x_b>``, (items, items).
        members: the context, j first.
    """
    near = products[np.ix_(members, members)]
    gaps = near[:, :1] - near[:, 1:]
    size = len(members)
    found = linprog(
        np.r_[np.zeros(size), -1.0],
        A_ub=np.c_[-gaps.T, np.ones(size - 1)],
        b_ub=np.zeros(size - 1),
        A_eq=np.r_[np.ones(size), 0.0][None],
        b_eq=[1.0],
        bounds=[(0, 1)] * size + [(None, None)],
    )
    if found.x is None:
        raise RuntimeError(f"no best margin: {found.message}")
    return float(found.x[-1])


@dataclass(frozen=True)
class Reach:
    """What weights can do in the sampled contexts of a run.

    Attributes:
        free: targets j without an item k of ``<x_j, x_k> >= <x_j, x_j>``.
        sampled: contexts.
        alone: contexts in which all weight on the target gives the target.
        some: contexts in which some weights do.
        open: contexts too close to call, in none of the two.
    """

    free: int
    sampled: int
    alone: int
    some: int
    open: int


def reach(run: RoutingRun) -> Reach:
    """Count over the contexts that the run's accuracy is sampled in."""
    vectors = run.vectors().astype(np.float64)
    products, targets = vectors @ vectors.T, _targets(run)
    over = products.diagonal()[:, None] > products
    np.fill_diagonal(over, True)
    sample = sampled_contexts(targets, run.context, SAMPLED, run.task_seed).reshape(-1, run.context)
    alone = np.array([over[one[0], one].all() for one in sample])
    # all weight on the target is one choice of weights
    rest = np.array([best_margin(products, one) for one in sample[~alone]])
    free, first = int(over[targets].all(axis=1).sum()), int(alone.sum())
    some, near = first + int((rest > OPEN).sum()), int((abs(rest) <= OPEN).sum())
    return Reach(free, len(sample), first, some, near)


def mean(scale: Scale) -> None:
    """What any weights could do with vectors that share a mean, and what training reaches."""
    seeds = scale.seeded(3)
    header("seed", "targets without such a k", "wrong, all weight on the target",
           "wrong at any weights", "trained, D_K = 16, whitened", "always right")  # fmt: skip
    common = scale.run("identity", 16, embeddings="common-mean")
    trained = train(replace(common, whiten=True), seeds)
    for seed, share, verdict in zip(seeds, wrong(trained), trained, strict=True):
        found = reach(replace(common, task_seed=seed))
        alone, some = (100 * (1 - n / found.sampled) for n in (found.alone, found.some))
        row(seed, f"{found.free} of {scale.items}", f"{alone:.1f}",
            f"{some:.1f}" + (f" ({found.open} contexts open)" if found.open else ""),
            f"{share:.1f}", "-" if verdict is None else verdict.exact.right)  # fmt: skip
    header("values, D_K = 16", "wrong")
    for name, whiten in (("plain", False), ("whitened", True)):
        run = replace(common, output="values", whiten=whiten)
        row(name, listed(wrong(train(run, seeds)), 1))


def spectrum(scale: Scale) -> None:
    """Rows of 500 x 256 in bfloat16 with entries of mean .3 and deviation .05."""
    number, dim = scale.model
    drawn = torch.randn(number, dim, generator=torch.Generator().manual_seed(0)) * 0.05 + 0.3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        np.save(path, drawn.bfloat16().float().numpy())
        given: dict[str, Any] = {"embedding_dim": dim, "embeddings": f"{FILE}{path}"}
        header("rate", "steps", "block, D_K = 4", "D_K = 16")
        seeds, slow = scale.seeded(2), 0.02 * min(1.0, STEADY_DIM / dim)
        for rate, steps in ((slow, 800), (0.005, 800), (0.02, 800), (0.02, 300)):
            blocks = [scale.run("block", size, steps, rate, **given) for size in (4, 16)]
            row(f"{rate:.5g}", steps, *(listed(wrong(train(run, seeds)), 1) for run in blocks))
        header("300 steps, one head", "D_K = 1", "2", "4", "8", "16", "always right at 16")
        for name, output, whiten in (
            ("identity", "identity", False), ("identity, whitened", "identity", True),
            ("values", "values", False), ("values, whitened", "values", True),
        ):  # fmt: skip
            runs = [scale.run(output, s, 300, whiten=whiten, **given) for s in (1, 2, 4, 8, 16)]
            found = [train(run, seeds[:1])[0] for run in runs]
            last = "-" if found[-1] is None else f"{found[-1].exact.right} of {scale.items}"
            row(name, *(f"{share:.1f}" for share in wrong(found)), last)


def _targets(run: RoutingRun) -> np.ndarray:
    return np.asarray(run.relation().edges[:, 1])


PARTS: dict[str, Callable[[Scale], None]] = {
    "network": network,
    "start": start,
    "saturation": saturation,
    "margin": margin,
    "mean": mean,
    "spectrum": spectrum,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the named parts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing_controls",
                                     description=__doc__)  # fmt: skip
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--seeds", type=int, help="of every part, in place of those of the page")
    parser.add_argument("--quick", action="store_true", help="everything tiny, to see that it runs")
    options = parser.parse_args(arguments)
    for name in options.parts:
        if name not in PARTS:
            sys.exit(f"unknown part '{name}'; use some of {', '.join(PARTS)}")
    if options.seeds is not None and options.seeds < 1:
        sys.exit(f"--seeds must be 1 or more, not {options.seeds}")
    scale = QUICK if options.quick else Scale()
    scale = replace(scale, seeds=options.seeds or scale.seeds)
    if options.quick:
        print(f"quick: tiny sizes, and the steps in the tables are divided by {scale.shorter}")
    for name in options.parts or PARTS:
        begin = time.monotonic()
        print(f"\n{name}: {(PARTS[name].__doc__ or '').splitlines()[0]}", flush=True)
        PARTS[name](scale)
        print(f"\n{time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
