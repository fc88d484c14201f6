"""Networks of relu layers, two or deeper, trained on a Boolean task by the squared hinge."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...verify.check import check
from ...verify.errors import InputError
from ...verify.network import Network
from ...verify.verdict import Verdict
from .batches import present
from .boolean_task import BooleanTask, Sampling, draw_points
from .counterexamples import wrong_points
from .dense_layers import backward, forward, layer_shapes
from .device import Backend, check_timeout, deal, require_torch
from .program import Arrays, Layout, Score, Start, Survey, Tensors
from .schedule import Schedule

if TYPE_CHECKING:
    from torch import Tensor

    from .slots import Pace, Slots

#: The compiled loops take points sixteen at a time.
LANES = 16

_SCHEDULE = Schedule(800, 0.1)
_SAMPLING = Sampling()


@dataclass(frozen=True)
class NetworkRun:
    """One network to train.

    The loss is the sum over outputs of the mean over points of
    ``weight * max(0, 1 - margin)**2``, margin = value with the sign of the truth.

    Attributes:
        task: what to compute.
        hidden: widths of the hidden layers.
        seed: of the start and the samples.
        schedule: of the descent.
        sampling: which points it sees.
        spread: standard deviation of the first weights at the start.
        positive_power: a true point weighs (points a step)**power, a false one 1.
        margin: learned when every margin is above this.
        rounds: times that counterexamples of the exact verifier may be added to the points.
        repair: schedule of these rounds; None for the first one again.

    Raises InputError for values out of range.
    """

    task: BooleanTask
    hidden: tuple[int, ...]
    seed: int = 0
    schedule: Schedule = _SCHEDULE
    sampling: Sampling = field(default=_SAMPLING)
    spread: float = 1.0
    positive_power: float = 0.7
    margin: float = 0.02
    rounds: int = 0
    repair: Schedule | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        if not self.hidden or min(self.hidden) < 1:
            raise InputError(
                f"a network needs hidden layers of 1 or more neurons, not {list(self.hidden)}"
            )
        if not (0 < self.spread < math.inf and abs(self.positive_power) < math.inf):
            raise InputError(
                "spread must be above 0 and positive_power finite, not "
                f"{self.spread} and {self.positive_power}"
            )
        if not 0 <= self.margin < 1:
            raise InputError(f"margin must lie from 0 up to, but not at, 1, not {self.margin}")
        if self.rounds < 0:
            raise InputError(f"rounds must be 0 or more, not {self.rounds}")
        if self.repair is not None and self.repair.patience != self.schedule.patience:
            raise InputError("schedule and repair must have the same patience")


@dataclass(frozen=True)
class ReluNetworks:
    """Plain networks: every weight is trained. See :class:`.program.Program`.

    Attributes:
        timeout: seconds for an exact verdict, which is ``unknown`` after that; None waits.
    """

    timeout: float | None = None

    def __post_init__(self) -> None:
        check_timeout(self.timeout)

    name = "networks"

    def kind(self, run: NetworkRun) -> int:
        """Number of hidden layers."""
        return len(run.hidden)

    def sizes(self, run: NetworkRun) -> tuple[int, ...]:
        """Widths of all layers, batches and rows."""
        spec = run.task.specification
        batches = run.sampling.batches(run.task)
        return (len(spec.inputs), *run.hidden, len(spec.outputs), batches.number, batches.size)

    def layout(self, kind: int, sizes: tuple[int, ...], backend: Backend) -> Layout:
        """Weights and biases layer by layer; points, signs and weighted signs."""
        *widths, batches, rows = sizes
        parameters = layer_shapes(widths)
        inputs, outputs = widths[0], widths[-1]
        if backend.loops:
            rows = -(-rows // LANES) * LANES
        data = {
            "points": ((batches, inputs, rows), "float32"),
            "signs": ((batches, outputs, rows), "float32"),
            "weights": ((batches, outputs, rows), "float32"),
            "margin": ((1,), "float32"),
            "sizes": ((kind + 4,), "int64"),
        }
        stored = batches * rows * (inputs + 2 * outputs)
        working = rows * (
            2 * sum(widths[1:-1]) + 2 * outputs + (inputs + 2 * outputs) * (batches > 1)
        )
        weights = sum(int(np.prod(shape)) for shape in parameters.values())
        return Layout(parameters, data, stored + working + 7 * weights)

    def start(self, run: NetworkRun, layout: Layout) -> Start:
        """Normal weights from the run's seed; points of its task."""
        widths = self.sizes(run)[:-2]
        # on the host, so that a seed starts the same network on every device
        rng = np.random.default_rng([run.seed, 20])
        parameters: Arrays = {}
        for layer, (before, after) in enumerate(pairwise(widths)):
            last = layer == len(widths) - 2
            scale = run.spread if layer == 0 else (before if last else before / 2) ** -0.5
            bias = run.spread / 2 if layer == 0 else 0.0
            for name, shape, size in (
                ("weight", (after, before), scale),
                ("bias", (after, 1), bias),
            ):
                drawn = rng.standard_normal(shape, dtype=np.float32)
                parameters[f"{layer}.{name}"] = drawn * np.float32(size)
        points, truth = draw_points(run.task, run.sampling, run.seed)
        return Start(parameters, _lesson(run, points, truth))

    def gradients(
        self, kind: int, parameters: Tensors, data: Tensors, age: Tensor, backend: Backend
    ) -> Tensors:
        """Written out; takes half the time of automatic differentiation."""
        batch = present(data, ("points", "signs", "weights"), age, data["sizes"][:, -2])
        return hinge_gradients(parameters, **batch, precision=backend.precision)[1]

    def descend(self, kind: int, slots: Slots, pace: Pace, backend: Backend) -> None:
        """The same gradients and Adam in compiled loops, one run after the other."""
        from .kernels.networks import descend

        widths = [slots.layout.parameters["0.weight"][1]]
        widths += [slots.layout.parameters[f"{layer}.bias"][0] for layer in range(kind + 1)]
        data = (slots.data[name].numpy() for name in ("sizes", "points", "signs", "weights"))
        deal(
            descend, len(slots.tenants), backend.threads,
            slots.flat.numpy(), slots.mean.numpy(), slots.square.numpy(), np.array(widths), *data,
            pace.ages.numpy(), pace.sizes.numpy(), pace.roots.numpy(), pace.constants.numpy(),
        )  # fmt: skip

    def survey(self, kind: int, parameters: Tensors, data: Tensors, backend: Backend) -> Survey:
        """All batches of points, one after the other."""
        torch = require_torch()
        loss, least = 0.0, None
        for batch in range(data["points"].shape[1]):
            points, signs, weights = (
                data[name][:, batch] for name in ("points", "signs", "weights")
            )
            _, values = forward(parameters, points, backend.precision)
            margins = values * signs
            loss = loss + (torch.relu(1 - margins).square_() * (weights * signs)).sum(dim=(1, 2))
            # padding has the sign 0, and no weight
            worst = margins.masked_fill_(signs == 0, torch.inf).amin(dim=(1, 2))
            least = worst if least is None else torch.minimum(least, worst)
        assert least is not None
        return Survey(loss / data["sizes"][:, -2], least > data["margin"][:, 0])

    def revise(
        self, run: NetworkRun, parameters: Arrays, data: Arrays, rounds: int
    ) -> Arrays | None:
        """Counterexamples take the place of some points, where rounds are left and any exist."""
        if rounds >= run.rounds:
            return None
        rng = np.random.default_rng([run.seed, 22, rounds])
        model = self.model(run, parameters)
        found = wrong_points(model, run.task.specification, rng, self.timeout)
        if found is None:
            return None
        points = run.sampling.batches(run.task).collected(data["points"]).astype(np.uint8)
        # a point may give way twice; the last counterexample stays
        points[rng.integers(0, len(points), len(found))] = found
        truth = run.task.specification.expected(points)
        return _lesson(run, points, truth)

    def model(self, run: NetworkRun, parameters: Arrays) -> Network:
        """The float32 network, taken exactly."""
        layers = range(len(run.hidden) + 1)
        return Network.from_arrays(
            [parameters[f"{layer}.weight"] for layer in layers],
            [parameters[f"{layer}.bias"][:, 0] for layer in layers],
        )

    def verdict(self, run: Any, model: Network) -> Verdict:
        """Decided on the whole domain of the task, violating inputs counted."""
        return check(
            model, run.task.specification, count=True, timeout=self.timeout, threads=1, dtypes=()
        )

    def score(self, run: Any, model: Network, verdict: Verdict) -> Score:
        """Wrong inputs of the domain."""
        return Score(verdict.violations, run.task.specification.domain.candidates)


def hinge_gradients(
    parameters: Tensors,
    points: Tensor,
    signs: Tensor,
    weights: Tensor,
    precision: str = "float32",
) -> tuple[Tensor, Tensors]:
    """Signed margins, and gradients of the sum of ``weights signs max(0, 1 - margin)**2``.

    Args:
        parameters: ``0.weight`` (runs, out, in), ``0.bias`` (runs, out, 1), ``1.weight``, ...
        points: (runs, inputs, points).
        signs: -1 and 1, and 0 where there is no point: (runs, outputs, points).
        weights: of the points, with the sign, of the same shape.
        precision: of the products.
    """
    fed, values = forward(parameters, points, precision)
    margins = values.mul_(signs)
    slope = require_torch().rsub(margins, 1).clamp_(min=0).mul_(weights).mul_(-2)
    return margins, backward(parameters, fed, slope, precision)


def _lesson(run: NetworkRun, points: np.ndarray, truth: np.ndarray) -> Arrays:
    """Points dealt into batches: signs and weights are 0 where there is none."""
    batches = run.sampling.batches(run.task)
    widths = points.shape[1], *run.hidden, truth.shape[1]
    signs = np.where(truth, 1.0, -1.0)
    true = batches.size**run.positive_power
    weights = np.where(truth, true, 1) * signs / batches.filled[:, None]
    return {
        "points": batches.dealt(points),
        "signs": batches.dealt(signs),
        "weights": batches.dealt(weights),
        "margin": np.full(1, run.margin, dtype=np.float32),
        "sizes": np.array([*widths, batches.number, batches.size], dtype=np.int64),
    }
