"""Runs a second of the batched trainer against a plain loop: ``python -m benchmarks.training``.

The plain loop is what one would write for a single run: a torch module, automatic
differentiation, ``torch.optim.Adam``, one run after the other. Both do the same steps on the same
loss, without early stopping. For every case both sides are measured in turns and the least times
are taken; the plain loop with one thread and with all, whichever is faster. With ``--device cuda``
the batch is on the GPU and the plain loop on the GPU, too. On a machine with other work ``--clock
processor`` counts the processor seconds of all threads instead: the ratio is then that of the work,
and a batch that keeps two cores busy has nothing from the second one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from superproof.empirics.training.attention_layers import AttentionLayers, AttentionRun
from superproof.empirics.training.boolean_task import BooleanTask, draw_points
from superproof.empirics.training.device import choose_device
from superproof.empirics.training.program import Program
from superproof.empirics.training.relu_networks import NetworkRun, ReluNetworks
from superproof.empirics.training.schedule import Schedule
from superproof.empirics.training.superposed_networks import SuperposedNetworks, SuperposedRun
from superproof.empirics.training.trainer import train_runs


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        name: as printed.
        program: the batched one.
        run: configuration of the first run; the others have other seeds.
        runs: in the batch.
        plain: a plain training step of the first run, given a device.
    """

    name: str
    program: Program
    run: Any
    runs: int
    plain: Callable[[Any, str], Callable[[], None]]


@dataclass(frozen=True)
class Row:
    """Runs a second of both sides, and their ratio."""

    name: str
    runs: int
    steps: int
    plain: float
    batched: float
    ratio: float


def plain_network(run: NetworkRun, device: str) -> Callable[[], None]:
    """A step of one network as one writes it."""
    points, truth = draw_points(run.task, run.sampling, run.seed)
    fed = torch.tensor(points, dtype=torch.float32, device=device)
    signs = torch.tensor(np.where(truth, 1.0, -1.0), dtype=torch.float32, device=device)
    weights = torch.where(signs > 0, float(len(fed)) ** run.positive_power, 1.0)
    sizes = (fed.shape[1], *run.hidden, signs.shape[1])
    layers: list[torch.nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def step() -> None:
        optimizer.zero_grad()
        loss = (weights * torch.relu(1 - signs * model(fed)).square()).mean(dim=0).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def plain_superposed(run: SuperposedRun, device: str) -> Callable[[], None]:
    """A step of one square matrix between fixed codes."""
    start = SuperposedNetworks().start(run, None)  # type: ignore[arg-type]
    data = {name: torch.tensor(array, device=device) for name, array in start.data.items()}
    matrix = torch.tensor(start.parameters["matrix"], device=device, requires_grad=True)
    optimizer = torch.optim.Adam([matrix], lr=0.01)
    weights = data["weights"].abs()

    def step() -> None:
        optimizer.zero_grad()
        values = data["decoder"] @ matrix @ data["states"]
        loss = (weights * torch.relu(data["levels"] - data["signs"] * values).square()).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def plain_attention(run: AttentionRun, device: str) -> Callable[[], None]:
    """A step of one layer of attention over all pairs."""
    points = torch.tensor(run.vectors(), device=device)
    edge = torch.tensor(run.relation().adjacency(slice(0, run.items)), device=device)
    shape = (run.heads, run.embedding_dim, run.key_dim)
    query, key = (torch.randn(shape, device=device).mul_(0.1).requires_grad_() for _ in range(2))
    scale, tau = (torch.zeros((), device=device, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.Adam([query, key, scale, tau], lr=0.01)
    signs = torch.where(edge, 1.0, -1.0)
    edges = tuple(torch.tensor(run.relation().edges.T, device=device))

    def step() -> None:
        optimizer.zero_grad()
        scores = (points @ query) @ (points @ key).transpose(1, 2)
        if run.loss == "hinge":
            best = scores[:, edges[0], edges[1]].amax(dim=0)
            high = torch.relu(scores - run.level).masked_fill(edge, 0.0).square().sum()
            loss = (high + torch.relu(1 - best).square().sum()) / (2 * run.items)
        elif run.loss == "softmax":
            loss = _softmax_loss(scores, tau, signs) / run.items
        else:
            odds = scale.exp() * (scores.amax(dim=0) - tau)
            loss = torch.nn.functional.softplus(-signs * odds).sum() / run.items
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _softmax_loss(scores: torch.Tensor, null: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """Edges against all items, other pairs alone; see docs/training.md."""
    items = scores.shape[1]
    everything = torch.logaddexp(scores.logsumexp(dim=2), null)[..., None]
    rest = everything + torch.log1p(-(scores - everything).exp().clamp(max=1 - 1e-6))
    own = torch.diagonal(scores, dim1=1, dim2=2)
    alone = torch.logaddexp(own, null.expand_as(own))[..., None].expand_as(scores)
    loops = torch.eye(items, dtype=torch.bool, device=scores.device)
    alone = torch.where(loops, null.expand_as(alone), alone)
    odds = (scores - torch.where(signs > 0, rest, alone)).amax(dim=0)
    return torch.nn.functional.softplus(-signs * odds).sum()


def cases(steps: int, device: str) -> list[Case]:
    """All comparisons; a GPU gets more runs at once."""
    many = 16 if device == "cuda" else 1
    schedule = Schedule(steps, 0.01, patience=steps)
    found = []

    def network(name: str, task: BooleanTask, hidden: tuple[int, ...], runs: int) -> None:
        run = NetworkRun(task, hidden, 0, schedule)
        found.append(Case(name, ReluNetworks(), run, runs * many, plain_network))

    for inputs, width in ((8, 8), (8, 16), (8, 32), (8, 64), (12, 16), (12, 64), (16, 64)):
        task = BooleanTask("and", inputs, active=2)
        network(f"two-layer, {inputs} ANDs of {inputs}, {width} hidden", task, (width,), 256)
    task = BooleanTask("and", 8, active=2)
    network("three-layer, 8 ANDs of 8, 32 and 32 hidden", task, (32, 32), 256)
    task = BooleanTask("and", 16, 64, active=2)
    run = SuperposedRun(task, 24, 0, schedule)
    found.append(
        Case("superposed, 64 ANDs of 16, n = 24", SuperposedNetworks(), run, 64 * many,
             plain_superposed)
    )  # fmt: skip
    for loss in ("logistic", "hinge"):
        for items, dim, heads, key_dim in (
            (64, 16, 2, 8), (64, 16, 4, 4), (128, 32, 2, 8), (256, 64, 2, 8), (256, 64, 4, 4),
            (512, 64, 2, 18),
        ):  # fmt: skip
            runs = {64: 64, 128: 32, 256: 8, 512: 4}[items] * many
            start = "spectral" if loss == "hinge" else "random"
            layer = AttentionRun(
                items, dim, heads, key_dim, loss=loss, start=start, schedule=schedule
            )
            name = f"attention, {loss}, m = {items}, d = {dim}, h = {heads}, d_k = {key_dim}"
            found.append(Case(name, AttentionLayers(), layer, runs, plain_attention))
    layer = AttentionRun(64, 16, 2, 8, loss="softmax", schedule=schedule)
    found.append(
        Case("attention, softmax, m = 64, d = 16, h = 2, d_k = 8", AttentionLayers(), layer,
             32 * many, plain_attention)
    )  # fmt: skip
    return found


#: What time is: on the wall, or of all threads of this process.
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


def measure(
    case: Case,
    device: str,
    threads: int,
    repeats: int,
    options: dict[str, Any],
    clock: Callable[[], float] = time.perf_counter,
) -> Row:
    """Both sides in turns, least times."""
    steps = case.run.schedule.steps
    runs = [replace(case.run, seed=seed) for seed in range(case.runs)]
    step = case.plain(case.run, device)
    plain = batched = float("inf")
    few = max(min(steps, 40), 1)
    for turn in range(repeats + 1):
        for used in sorted({1, threads}):
            torch.set_num_threads(used)
            seconds = _timed(lambda: [step() for _ in range(few)], device, clock) / few * steps
            plain = min(plain, seconds) if turn else plain
        seconds = _timed(
            lambda: list(train_runs(case.program, runs, device=device, threads=threads, **options)),
            device,
            clock,
        )
        # the first turn compiles
        batched = min(batched, seconds / len(runs)) if turn else batched
    return Row(case.name, case.runs, steps, 1 / plain, 1 / batched, plain / batched)


def _timed(action: Callable[[], Any], device: str, clock: Callable[[], float]) -> float:
    start = clock()
    action()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - start


def main(arguments: list[str] | None = None) -> None:
    """Print one line a case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--case", action="append", default=[], help="only names with this text")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--compiled", action="store_true", help="use torch.compile")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--memory", type=int, help="bytes of a batch")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    options = parser.parse_args(arguments)
    device = choose_device(options.device)
    settings = {
        "precision": options.precision,
        "compiled": options.compiled,
        "memory": options.memory,
    }
    print(
        f"device {device}, {options.threads} threads, {options.clock} clock, "
        f"torch {torch.__version__}, {settings}"
    )
    print(f"{'case':58} {'plain runs/s':>12} {'batched':>10} {'ratio':>7}")
    rows = []
    for case in cases(options.steps, device):
        if options.case and not any(text in case.name for text in options.case):
            continue
        row = measure(
            case, device, options.threads, options.repeats, settings, CLOCKS[options.clock]
        )
        print(f"{row.name:58} {row.plain:12.2f} {row.batched:10.1f} {row.ratio:6.1f}x", flush=True)
        rows.append(row)
    if options.out is not None:
        options.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
