"""Training on from given weights: losses of unlearning, watched at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ...verify.check import check
from ...verify.network import Network
from ...verify.specification import Specification
from ...verify.verdict import Verdict
from ..training.batches import Batches, present
from ..training.counterexamples import wrong_points
from ..training.dense_layers import backward, forward, layer_shapes
from ..training.device import Backend, require_torch
from ..training.program import Arrays, Layout, Score, Start, Survey, Tensors
from ..training.schedule import Schedule
from .weights import fed, logits, network_of

if TYPE_CHECKING:
    from torch import Tensor

#: Losses, see :class:`Tuning`.
LOSSES = ("entropy", "hinge", "preference", "projected", "orthogonal", "regularised")


@dataclass(frozen=True)
class Goal:
    """When a run ends before its steps are over.

    Attributes:
        points: uint8 (points, inputs).
        level: share of the points that read true.
        above: end once the share is at least the level; else once it is at most the level.
    """

    points: np.ndarray = field(repr=False)
    level: float
    above: bool


@dataclass(frozen=True, eq=False)
class Tuning:
    """One network to train on. With y the output and t the target of a point of weight w:

    ``entropy``: w times the cross-entropy of the sigmoid of y against t; w < 0 ascends.
    ``hinge``: w max(0, 1 - (2 t - 1) y)^2.
    ``preference``: where w < 0, |w| times the negative preference loss (2/b) ln(1 + (p/p0)^b) of
    p = sigmoid(y) with b = ``beta``, p0 that of the start; else ``entropy``.
    ``projected``: ``entropy`` of the network whose weights have moved only beside the ``spaces`` of
    the layers; see :func:`effective`.
    ``orthogonal``: the gradient of points with w < 0 loses its part along that of the others.
    ``regularised``: ``entropy`` plus ``beta``/2 times the energy of the change of the weights on
    ``spaces``.

    Attributes:
        start: weights ``0.weight``, ``0.bias``, ``1.weight``, ...: (out, in) and (out,).
        points: float32 (points, inputs), as they are fed.
        targets: (points, outputs), from 0 to 1.
        weights: of the points, with a sign: (points,).
        seed: of the order of the points, and of counterexamples.
        schedule: of the descent; patience 1 watches the goal at every step.
        rows: points a step.
        loss: see above.
        beta: see above.
        clip: largest norm of the gradient, None for no limit.
        goal: None: all steps are taken.
        spaces: symmetric matrices (in + 1, in + 1) a layer, the bias last.
        specification: where there are rounds: counterexamples to it replace some points.
        rounds: times that this may happen.
    """

    start: Mapping[str, np.ndarray] = field(repr=False)
    points: np.ndarray = field(repr=False)
    targets: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    seed: int
    schedule: Schedule
    rows: int = 64
    loss: str = "entropy"
    beta: float = 1.0
    clip: float | None = None
    goal: Goal | None = None
    spaces: tuple[np.ndarray, ...] = ()
    specification: Specification | None = None
    rounds: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """Sizes from inputs to outputs."""
        layers = range(len(self.start) // 2)
        return (self.points.shape[1], *(len(self.start[f"{layer}.bias"]) for layer in layers))


class FineTuning:
    """Networks with relu between the layers. See :class:`..training.program.Program`."""

    name = "fine-tuning"

    def kind(self, run: Tuning) -> tuple[int, str]:
        """Number of layers, and the loss."""
        return len(run.start) // 2, run.loss

    def sizes(self, run: Tuning) -> tuple[int, ...]:
        """Widths of all layers; batches, rows and watched points."""
        batches = Batches(len(run.points), run.rows)
        watched = 1 if run.goal is None else len(run.goal.points)
        return (*run.widths, batches.number, batches.size, watched)

    def layout(self, kind: tuple[int, str], sizes: tuple[int, ...], backend: Backend) -> Layout:
        """Weights and biases; points with targets and weights; what is watched."""
        *widths, batches, rows, watched = sizes
        inputs, outputs = widths[0], widths[-1]
        parameters = layer_shapes(widths)
        data = {
            "points": ((batches, inputs, rows), "float32"),
            "targets": ((batches, outputs, rows), "float32"),
            "weights": ((batches, outputs, rows), "float32"),
            "batches": ((1,), "int64"),
            "watched": ((inputs, watched), "float32"),
            "counted": ((watched,), "float32"),
            "goal": ((2,), "float32"),
            "clip": ((1,), "float32"),
            "beta": ((1,), "float32"),
        }
        if kind[1] == "preference":
            data["before"] = ((batches, outputs, rows), "float32")
        for layer, (before, after) in enumerate(pairwise(widths)):
            if kind[1] in ("projected", "regularised"):
                data[f"space.{layer}"] = ((before + 1, before + 1), "float32")
                data[f"start.{layer}"] = ((after, before + 1), "float32")
        stored = sum(int(np.prod(shape)) for shape, _ in data.values())
        working = (rows + watched) * (2 * sum(widths[1:]) + inputs)
        weights = sum(int(np.prod(shape)) for shape in parameters.values())
        return Layout(parameters, data, stored + working + 7 * weights)

    def start(self, run: Tuning, layout: Layout) -> Start:
        """The given weights; points in random order, dealt into batches."""
        parameters = {
            name: np.array(array, dtype=np.float32).reshape(len(array), -1)
            for name, array in run.start.items()
        }
        return Start(parameters, _data(run, run.points, run.targets, run.weights))

    def gradients(
        self,
        kind: tuple[int, str],
        parameters: Tensors,
        data: Tensors,
        age: Tensor,
        backend: Backend,
    ) -> Tensors:
        """Of the loss, written out."""
        loss = kind[1]
        names = [name for name in ("points", "targets", "weights", "before") if name in data]
        batch = present(data, names, age, data["batches"][:, 0])
        given, parameters = parameters, _effective(loss, parameters, data)
        fed, values = forward(parameters, batch["points"], backend.precision)
        slope = _slope(loss, values, batch, data)
        if loss == "orthogonal":
            forget = batch["weights"] < 0
            away = backward(parameters, fed, slope * forget, backend.precision)
            kept = backward(parameters, fed, slope * ~forget, backend.precision)
            inner = sum((away[n] * kept[n]).sum(dim=(1, 2), keepdim=True) for n in parameters)
            energy = sum((kept[n] ** 2).sum(dim=(1, 2), keepdim=True) for n in parameters)
            # only what would undo the descent on the others is taken away
            share = inner.clamp(max=0) / energy.clamp(min=1e-20)  # type: ignore[union-attr]
            found = {n: away[n] - share * kept[n] + kept[n] for n in parameters}
        else:
            found = backward(parameters, fed, slope, backend.precision)
        if loss in ("projected", "regularised"):
            _shape(loss, found, given, data)
        norms = sum((g**2).sum(dim=(1, 2), keepdim=True) for g in found.values())
        factor = (data["clip"][:, :, None] / norms.sqrt().clamp(min=1e-20)).clamp(max=1)  # type: ignore[union-attr]
        return {name: gradient * factor for name, gradient in found.items()}

    def survey(
        self, kind: tuple[int, str], parameters: Tensors, data: Tensors, backend: Backend
    ) -> Survey:
        """The share of the watched points that read true, as the loss, and whether it suffices."""
        parameters = _effective(kind[1], parameters, data)
        _, values = forward(parameters, data["watched"], backend.precision)
        count = data["counted"].sum(dim=1).clamp(min=1)
        share = ((values[:, 0] > 0) * data["counted"]).sum(dim=1) / count
        level, direction = data["goal"].unbind(dim=1)
        reached = (direction != 0) & ((share - level) * direction >= 0)
        return Survey(share, reached)

    def revise(self, run: Tuning, parameters: Arrays, data: Arrays, rounds: int) -> Arrays | None:
        """Counterexamples to the specification take the place of random points."""
        if rounds >= run.rounds or run.specification is None:
            return None
        spec = run.specification
        model = self.model(run, parameters)
        rng = np.random.default_rng([run.seed, 31, rounds])
        found = wrong_points(model, spec, rng)
        if found is None:
            return None
        count = len(run.points)
        batches = Batches(count, run.rows)
        points, targets = batches.collected(data["points"]), batches.collected(data["targets"])
        places = rng.integers(0, count, len(found))
        points[places] = fed(found, spec)
        targets[places] = spec.expected(found)
        shuffled = rng.permutation(count)
        return _data(run, points[shuffled], targets[shuffled], run.weights, deal=False)

    def model(self, run: Tuning, parameters: Arrays) -> Network:
        """The float32 network, taken exactly."""
        return network_of(parameters)

    def verdict(self, run: Tuning, model: Network) -> Verdict:
        """On the specification of the rounds."""
        assert run.specification is not None
        return check(model, run.specification, count=True, threads=1, dtypes=())

    def score(self, run: Tuning, model: Network, verdict: Verdict) -> Score:
        """Wrong inputs of the domain."""
        assert run.specification is not None
        return Score(verdict.violations, run.specification.domain.candidates)


def effective(run: Tuning, parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights of a finished run, biases as vectors: moved only beside the spaces if projected.

    Adam scales every entry by itself and would leave the directions that a projected gradient
    allows; so that the move is projected, not the gradient.
    """
    found = {}
    for layer in range(len(parameters) // 2):
        weight, bias = parameters[f"{layer}.weight"], parameters[f"{layer}.bias"].reshape(-1)
        if run.loss == "projected":
            start = np.hstack([run.start[f"{layer}.weight"], _column(run.start[f"{layer}.bias"])])
            moved = np.hstack([weight, _column(bias)]) - start
            space = run.spaces[layer].astype(np.float32)
            whole = (start + moved - moved @ space).astype(np.float32)
            weight, bias = whole[:, :-1].copy(), whole[:, -1].copy()
        found[f"{layer}.weight"], found[f"{layer}.bias"] = weight, bias
    return found


def _column(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector).reshape(-1, 1)


def _data(
    run: Tuning,
    points: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    *,
    deal: bool = True,
) -> Arrays:
    batches = Batches(len(points), run.rows)
    order = np.random.default_rng([run.seed, 30]).permutation(len(points))
    if not deal:
        order = np.arange(len(points))
    weighed = np.repeat(weights[order, None], targets.shape[1], axis=1)
    watched = np.zeros((1, points.shape[1])) if run.goal is None else run.goal.points
    level, direction = 0.0, 0.0
    if run.goal is not None:
        # counts divided by counts: half a point of slack for the rounding of float32
        level = run.goal.level + (-0.5 if run.goal.above else 0.5) / max(len(watched), 1) / 8
        direction = 1.0 if run.goal.above else -1.0
    found = {
        "points": batches.dealt(points[order]),
        "targets": batches.dealt(targets[order]),
        "weights": batches.dealt(weighed / batches.filled[:, None]),
        "batches": np.full(1, batches.number, dtype=np.int64),
        "watched": np.ascontiguousarray(watched.T, dtype=np.float32),
        "counted": np.full(len(watched), float(run.goal is not None), dtype=np.float32),
        "goal": np.array([level, direction], dtype=np.float32),
        "clip": np.full(1, np.inf if run.clip is None else run.clip, dtype=np.float32),
        "beta": np.full(1, run.beta, dtype=np.float32),
    }
    if run.loss == "preference":
        found["before"] = batches.dealt(logits(run.start, points)[order])
    for layer, space in enumerate(run.spaces):
        bias = _column(run.start[f"{layer}.bias"])
        found[f"space.{layer}"] = space.astype(np.float32)
        found[f"start.{layer}"] = np.hstack([run.start[f"{layer}.weight"], bias])
    return found


def _slope(loss: str, values: Tensor, batch: Tensors, data: Tensors) -> Tensor:
    """Derivative of the loss by the outputs, (runs, outputs, points)."""
    torch = require_torch()
    targets, weights = batch["targets"], batch["weights"]
    slope: Tensor
    if loss == "hinge":
        signs = 2 * targets - 1
        slope = -2 * weights * signs * torch.relu(1 - signs * values)
        return slope
    probable = torch.sigmoid(values)
    slope = weights * (probable - targets)
    if loss == "preference":
        beta = data["beta"][:, :, None]
        # ln (p / p0), and the derivative of the loss by y: 2 (1 - p) r / (1 + r), r = (p / p0)^b
        relative = torch.nn.functional.logsigmoid(values)
        relative = relative - torch.nn.functional.logsigmoid(batch["before"])
        forgotten = -weights * 2 * torch.sigmoid(beta * relative) * (1 - probable)
        slope = torch.where(weights < 0, forgotten, slope)
    return slope


def _shape(loss: str, found: Tensors, parameters: Tensors, data: Tensors) -> None:
    """The gradient by the free weights of a projection, or with that of the regulariser."""
    torch = require_torch()
    for layer in range(len(found) // 2):
        names = f"{layer}.weight", f"{layer}.bias"
        space = data[f"space.{layer}"]
        whole = torch.cat([found[name] for name in names], dim=2)
        if loss == "projected":
            whole = whole - torch.bmm(whole, space)
        else:
            moved = torch.cat([parameters[name] for name in names], dim=2) - data[f"start.{layer}"]
            whole = whole + data["beta"][:, :, None] * torch.bmm(moved, space)
        found[names[0]], found[names[1]] = whole[:, :, :-1], whole[:, :, -1:]


def _effective(loss: str, parameters: Tensors, data: Tensors) -> Tensors:
    """The weights that the network has: see :func:`effective`."""
    if loss != "projected":
        return parameters
    torch = require_torch()
    found: Tensors = {}
    for layer in range(len(parameters) // 2):
        names = f"{layer}.weight", f"{layer}.bias"
        start = data[f"start.{layer}"]
        moved = torch.cat([parameters[name] for name in names], dim=2) - start
        whole = start + moved - torch.bmm(moved, data[f"space.{layer}"])
        found[names[0]], found[names[1]] = whole[:, :, :-1], whole[:, :, -1:]
    return found
