"""Programs: what the trainer must know about a family of models to train many of them at once."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ...verify.attention.check import RecognitionVerdict
from ...verify.verdict import Verdict
from .device import Backend
from .schedule import Schedule

if TYPE_CHECKING:
    import torch

    from .slots import Pace, Slots

Arrays = dict[str, np.ndarray]
Tensors = dict[str, "torch.Tensor"]
#: Why a run ended: all on its side in floats, no steps left, or numbers beyond all bounds.
Stop = Literal["learned", "steps", "diverged"]


class Run(Protocol):
    """One training run: a frozen dataclass of JSON values, and of dataclasses of such."""

    @property
    def seed(self) -> int:
        """Of the start and the samples."""
        ...

    @property
    def schedule(self) -> Schedule:
        """Steps and learning rates."""
        ...


def run_json(run: Any) -> dict[str, Any]:
    """The configuration of a run as JSON values."""
    data: dict[str, Any] = json.loads(json.dumps(asdict(run), allow_nan=False))
    return data


@dataclass(frozen=True)
class Layout:
    """Tensors of a batch, without the leading dimension of runs.

    Smaller runs are padded with zeros behind, which a program must leave without effect: the
    gradient of a padded weight is zero.

    Attributes:
        parameters: shape by name; float32.
        data: shape and type by name.
        floats: working set of a run, in numbers of 4 bytes, with temporaries.
    """

    parameters: dict[str, tuple[int, ...]]
    data: dict[str, tuple[tuple[int, ...], str]]
    floats: int


class Start(NamedTuple):
    """Where a run begins: arrays of its own sizes, which depend on nothing but the run."""

    parameters: Arrays
    data: Arrays


class Survey(NamedTuple):
    """One look at a batch: the loss of every run, and whether all is on its side, (runs,)."""

    loss: torch.Tensor
    learned: torch.Tensor


@dataclass(frozen=True)
class Score:
    """How far a model is right, from exact counts.

    Attributes:
        wrong: inputs of the domain, or pairs of items, that are wrong; None where the verifier
            did not count them.
        total: inputs of the domain, or pairs.
        micro_f1: of the edges that are reported, for layers of attention.
    """

    wrong: int | None
    total: int
    micro_f1: Fraction | None = None


class Program(Protocol):
    """A family of models: sizes, starts, gradients and exact verdicts.

    Tensors carry the runs in their leading dimension. No number of a run may depend on another.
    """

    name: str

    def kind(self, run: Any) -> Hashable:
        """Only runs of one kind can share tensors."""
        ...

    def sizes(self, run: Any) -> tuple[int, ...]:
        """Sizes that padding can make equal; raises InputError for a run that is none."""
        ...

    def layout(self, kind: Any, sizes: tuple[int, ...], backend: Backend) -> Layout:
        """Tensors for runs of this kind up to these sizes."""
        ...

    def start(self, run: Any, layout: Layout) -> Start:
        """Weights to begin with, and data; what the layout does not name is left out."""
        ...

    def gradients(
        self, kind: Any, parameters: Tensors, data: Tensors, age: torch.Tensor, backend: Backend
    ) -> Tensors:
        """Gradient of the loss by every parameter, at steps ``age`` (runs,) of the runs."""
        ...

    def survey(self, kind: Any, parameters: Tensors, data: Tensors, backend: Backend) -> Survey:
        """A look at all data of every run."""
        ...

    def revise(self, run: Any, parameters: Arrays, data: Arrays, rounds: int) -> Arrays | None:
        """New data for a run that would end, after so many such rounds; None lets it end."""
        ...

    def model(self, run: Any, parameters: Arrays) -> Any:
        """The network or layer that the float32 weights are, taken exactly."""
        ...

    def verdict(self, run: Any, model: Any) -> Verdict | RecognitionVerdict:
        """The exact verdict on a model, with counts."""
        ...

    def score(self, run: Any, model: Any, verdict: Any) -> Score:
        """Exact counts of what is wrong."""
        ...


@runtime_checkable
class Descender(Protocol):
    """A program that takes many steps at once where there are compiled loops for them."""

    def descend(self, kind: Any, slots: Slots, pace: Pace, backend: Backend) -> None:
        """Take all steps of the pace; called where ``backend.loops``."""
        ...


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A trained model. The verdict is computed when it is first asked for.

    Attributes:
        run: its configuration.
        program: that trained it.
        stop: why it ended.
        steps: gradient steps taken, in all rounds.
        rounds: times that its data were revised.
        loss: at the last look; None where it diverged.
        curve: (step, loss) at every look.
        parameters: float32 arrays by name, without padding.
        seconds: its share of the time of its batches.
        device, precision: where and how it was trained.
    """

    run: Any
    program: Program
    stop: Stop
    steps: int
    rounds: int
    loss: float | None
    curve: tuple[tuple[int, float], ...]
    parameters: Arrays = field(repr=False)
    seconds: float
    device: str
    precision: str

    @cached_property
    def model(self) -> Any:
        """The network or layer of attention; None for a run that diverged."""
        if self.stop == "diverged":
            return None
        return self.program.model(self.run, self.parameters)

    @cached_property
    def verdict(self) -> Verdict | RecognitionVerdict | None:
        """Decided exactly over the whole domain, or all pairs, with counts; None if diverged."""
        return None if self.model is None else self.program.verdict(self.run, self.model)

    @cached_property
    def score(self) -> Score | None:
        """Exact counts; None if diverged."""
        if self.verdict is None:
            return None
        return self.program.score(self.run, self.model, self.verdict)

    @property
    def exact(self) -> bool:
        """True only for a model that is proved to be right everywhere."""
        return self.verdict is not None and self.verdict.holds
