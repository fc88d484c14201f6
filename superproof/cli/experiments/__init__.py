"""The experiments as the command line offers them: one file each, found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line.

    Attributes:
        folder: of the results.
        quick: the small version.
        seed: of every random choice.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: keep what the folder holds, do the rest.
        embeddings: file of item vectors, for experiments that take one.
    """

    folder: Path
    quick: bool
    seed: int
    device: str
    resume: bool
    embeddings: Path | None = None

    def require_processor(self, name: str) -> None:
        """Raise InputError where another device than the processor is asked for."""
        from ...verify.errors import InputError

        if self.device not in ("auto", "cpu"):
            raise InputError(f"--device {self.device}: {name} runs on the processor only")


@dataclass(frozen=True)
class Entry:
    """An experiment.

    Attributes:
        about: what it measures, in a line.
        module: file of this folder whose ``run`` takes a :class:`Request`, does it and prints
            what came out.
        embeddings: whether it takes item vectors from a file.
    """

    about: str
    module: str
    embeddings: bool = False

    @property
    def run(self) -> Callable[[Request], None]:
        """The function, imported when it is used."""
        function: Callable[[Request], None] = import_module(f".{self.module}", __name__).run
        return function


#: The experiments by name.
EXPERIMENTS: dict[str, Entry] = {
    "attention-capacity": Entry(
        "least key dimensions of trained attention, by items, dimensions and heads",
        "attention_capacity",
    ),
    "attention-constructions": Entry(
        "total key dimension of certified attention layers, against the bounds",
        "attention_constructions",
    ),
    "boolean-capacity": Entry(
        "ANDs that trained networks compute exactly, by number of neurons", "boolean_capacity"
    ),
    "construction-scaling": Entry(
        "neurons of certified constructions, by number of ANDs", "construction_scaling"
    ),
    "fixed-parameter-expansion": Entry(
        "accuracy of networks with more neurons and no more weights, beside the published gains",
        "fixed_parameter_expansion",
    ),
    "reading": Entry(
        "trained networks read as formulas with proof, static decoders, and clause capacity",
        "reading",
    ),
    "separation-curve": Entry(
        "how many items make one head of attention impossible, every answer proved",
        "separation_curve",
    ),
    "sparsification-floor": Entry(
        "how far certified networks can be pruned, rounded and narrowed until the first error, "
        "against the bounds on bits and nonzeros",
        "sparsification_floor",
    ),
    "unlearning": Entry(
        "whether unlearned clauses are removed or only silenced, counted on every input",
        "unlearning",
    ),
    "value-routing": Entry(
        "whether softmax attention and blocks on frozen vectors put out their targets",
        "value_routing",
        embeddings=True,
    ),
}
