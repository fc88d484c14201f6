"""Classifiers of relu layers with frozen zeros, trained by cross-entropy from given weights."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...verify.check import check
from ...verify.errors import InputError
from ...verify.network import Network
from ...verify.specification import Specification
from ...verify.verdict import Verdict
from ..training.batches import Batches, present
from ..training.dense_layers import backward, forward, layer_shapes
from ..training.device import Backend, choose_device, require_torch
from ..training.program import Arrays, FinishedRun, Layout, Score, Start, Survey, Tensors
from ..training.schedule import Schedule
from ..training.trainer import Progress, train_runs

if TYPE_CHECKING:
    from torch import Tensor

#: Bytes of a batch on the processor.
MEMORY = 256 << 20

_SCHEDULE = Schedule(1500, 0.01)


@dataclass(frozen=True)
class ClassifierRun:
    """One classifier to train.

    One output is a logit, and points of class 1 should make it positive; of several outputs the
    one of the class should be the largest. The loss is the mean cross-entropy.

    Attributes:
        name: which data and which start, as :class:`Lesson` knows them.
        seed: of the order of the points.
        schedule: of the descent.
        rows: points a step; None for all.
    """

    name: str
    seed: int = 0
    schedule: Schedule = _SCHEDULE
    rows: int | None = None


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a run begins with, and what it learns from.

    Attributes:
        network: dense; its zeros stay zero.
        points: float32 (points, inputs).
        classes: int64 (points,).
        whole: zeros are weights like others, and are trained.
        specification: what the network is held against by the verifier, if anything.
        patience: seconds for counting its errors.
    """

    network: Network
    points: np.ndarray
    classes: np.ndarray
    whole: bool = False
    specification: Specification | None = None
    patience: float | None = None

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.classes.shape != (len(self.points),):
            raise InputError(
                f"points (points, inputs) need one class each, not {self.points.shape} and "
                f"{self.classes.shape}"
            )
        if self.points.shape[1] != self.network.input_size:
            raise InputError(
                f"the points have {self.points.shape[1]:,} numbers each, but the network has "
                f"{self.network.input_size:,} inputs"
            )
        most = max(self.network.output_size - 1, 1)
        if len(self.classes) and not 0 <= self.classes.min() <= self.classes.max() <= most:
            raise InputError(
                f"classes must lie between 0 and {most}, not "
                f"{int(self.classes.min())} and {int(self.classes.max())}"
            )


class MaskedClassifiers:
    """Programs of :class:`ClassifierRun`; see :class:`..training.program.Program`.

    Args:
        lessons: by the name in the run.
    """

    name = "classifiers"

    def __init__(self, lessons: Mapping[str, Lesson]) -> None:
        self.lessons = lessons

    def kind(self, run: ClassifierRun) -> Hashable:
        """Numbers of layers and outputs: a padded output would have a share of the chances."""
        network = self.lessons[run.name].network
        return len(network.layers), network.output_size

    def sizes(self, run: ClassifierRun) -> tuple[int, ...]:
        """Widths of all layers, batches and rows."""
        lesson = self.lessons[run.name]
        batches = Batches(len(lesson.points), run.rows)
        widths = [layer.width for layer in lesson.network.layers]
        return (lesson.network.input_size, *widths, batches.number, batches.size)

    def layout(self, kind: Any, sizes: tuple[int, ...], backend: Backend) -> Layout:
        """Weights and biases with their masks; points and wanted outputs."""
        *widths, batches, rows = sizes
        parameters = layer_shapes(widths)
        inputs, outputs = widths[0], widths[-1]
        data: dict[str, tuple[tuple[int, ...], str]] = {
            "points": ((batches, inputs, rows), "float32"),
            "wanted": ((batches, outputs, rows), "float32"),
            "share": ((batches, 1, rows), "float32"),
            "batches": ((1,), "int64"),
        }
        for name, shape in parameters.items():
            data[f"mask.{name}"] = (shape, "float32")
        weights = sum(int(np.prod(shape)) for shape in parameters.values())
        stored = batches * rows * (inputs + outputs + 1)
        working = rows * (inputs + 2 * sum(widths[1:]) + 2 * outputs)
        return Layout(parameters, data, stored + working + 9 * weights)

    def start(self, run: ClassifierRun, layout: Layout) -> Start:
        """The lesson's weights; its points in random order, dealt into batches."""
        lesson = self.lessons[run.name]
        batches = Batches(len(lesson.points), run.rows)
        outputs = lesson.network.output_size
        parameters: Arrays = {}
        data: Arrays = {}
        for number, layer in enumerate(lesson.network.layers):
            for part, array in (("weight", layer.weight), ("bias", layer.bias[:, None])):
                own = np.asarray(array, dtype=np.float32)
                parameters[f"{number}.{part}"] = own
                kept = np.ones_like(own) if lesson.whole else (own != 0).astype(np.float32)
                data[f"mask.{number}.{part}"] = kept
        order = np.random.default_rng([run.seed, 32]).permutation(len(lesson.points))
        classes = lesson.classes[order]
        wanted = classes[:, None] if outputs == 1 else np.eye(outputs)[classes]
        data |= {
            "points": batches.dealt(lesson.points[order]),
            "wanted": batches.dealt(wanted),
            "share": batches.dealt(1 / batches.filled[:, None]),
            "batches": np.full(1, batches.number, dtype=np.int64),
        }
        return Start(parameters, data)

    def gradients(
        self, kind: Any, parameters: Tensors, data: Tensors, age: Tensor, backend: Backend
    ) -> Tensors:
        """Of the cross-entropy on the present batch of points, 0 where the mask is."""
        batch = present(data, ("points", "wanted", "share"), age, data["batches"][:, 0])
        fed, values = forward(parameters, batch["points"], backend.precision)
        slope = (_chances(values, kind[1] == 1) - batch["wanted"]).mul_(batch["share"])
        found = backward(parameters, fed, slope, backend.precision)
        return {name: tensor.mul_(data[f"mask.{name}"]) for name, tensor in found.items()}

    def survey(self, kind: Any, parameters: Tensors, data: Tensors, backend: Backend) -> Survey:
        """The mean loss over all batches; a run is never done before its steps are."""
        torch = require_torch()
        loss = torch.zeros(len(data["points"]), device=data["points"].device)
        for batch in range(data["points"].shape[1]):
            points, wanted, share = (data[name][:, batch] for name in ("points", "wanted", "share"))
            values = forward(parameters, points, backend.precision)[1]
            if kind[1] == 1:
                each = torch.nn.functional.softplus(values) - wanted * values
            else:
                each = values.logsumexp(dim=1, keepdim=True) - (wanted * values).sum(
                    dim=1, keepdim=True
                )
            loss = loss + (each * share).sum(dim=(1, 2))
        return Survey(loss / data["batches"][:, 0], torch.zeros_like(loss, dtype=torch.bool))

    def revise(self, run: Any, parameters: Arrays, data: Arrays, rounds: int) -> Arrays | None:
        """The points stay."""
        return None

    def model(self, run: ClassifierRun, parameters: Arrays) -> Network:
        """The float32 network, taken exactly."""
        layers = self.lessons[run.name].network.layers
        return Network.from_arrays(
            [parameters[f"{number}.weight"] for number in range(len(layers))],
            [parameters[f"{number}.bias"][:, 0] for number in range(len(layers))],
        )

    def verdict(self, run: ClassifierRun, model: Network) -> Verdict:
        """Against the lesson's specification, violating inputs counted as far as time allows.

        Raises InputError for a lesson that has none.
        """
        lesson = self.lessons[run.name]
        if lesson.specification is None:
            raise InputError(f"the lesson '{run.name}' has no specification to be held against")
        return check(
            model,
            lesson.specification,
            count=True,
            threads=1,
            dtypes=(),
            timeout=lesson.patience,
        )

    def score(self, run: ClassifierRun, model: Network, verdict: Verdict) -> Score:
        """Wrong inputs of the domain; None where there was no time to count them."""
        specification = self.lessons[run.name].specification
        assert specification is not None
        return Score(verdict.violations, specification.domain.candidates)


def _chances(values: Tensor, logit: bool) -> Tensor:
    return values.sigmoid() if logit else values.softmax(dim=1)


def train_classifiers(
    lessons: Mapping[str, Lesson],
    runs: Sequence[ClassifierRun],
    device: str = "auto",
    progress: Progress | None = None,
) -> Iterator[FinishedRun]:
    """Train classifiers side by side; see :func:`..training.trainer.train_runs`.

    The points of all runs of a batch lie in memory while a step looks at few of them, so on the
    processor it is not the cache that bounds a batch.
    """
    memory = MEMORY if choose_device(device) == "cpu" else None
    return train_runs(
        MaskedClassifiers(lessons), runs, device=device, memory=memory, progress=progress
    )


def accuracy(network: Network, points: np.ndarray, classes: np.ndarray) -> float:
    """Share of points in their class, in float64 arithmetic; a logit of 0 is class 0."""
    value = np.asarray(points, dtype=np.float64)
    layers = network.dense.layers
    for layer in layers:
        value = value @ layer.weight.astype(np.float64).T + layer.bias.astype(np.float64)
        if layer.activation == "relu":
            value = np.maximum(value, 0)
    read = value[:, 0] > 0 if value.shape[1] == 1 else value.argmax(axis=1)
    return float((read == classes).mean())


def fresh_classifier(inputs: int, hidden: Sequence[int], outputs: int, seed: int) -> Network:
    """Relu layers before training, as torch would draw them."""
    rng = np.random.default_rng([seed, 36])
    weights, biases = [], []
    widths = [inputs, *hidden, outputs]
    for before, after in pairwise(widths):
        bound = before**-0.5
        weights.append(rng.uniform(-bound, bound, (after, before)).astype(np.float32))
        biases.append(rng.uniform(-bound, bound, after).astype(np.float32))
    return Network.from_arrays(weights, biases)
