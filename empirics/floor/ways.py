"""The ways to make a certified network smaller, by name, for every kind of network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from .form import Form, SquareForm
from .narrowing import fewer_bits, fewer_neurons, fewer_values
from .path import Candidate, Path, in_turn
from .pruning import by_magnitude, one_by_one, with_training
from .starts import Task

#: What the names mean.
WAYS = {
    "magnitude": "pruned by magnitude, the smallest weights of all arrays first",
    "magnitude-each": "pruned by magnitude, the same share of every array",
    "magnitude-T": "pruned by magnitude, the first layer alone",
    "magnitude-K": "pruned by magnitude, the read-out alone",
    "one-by-one": "pruned one by one, every weight that can go without an error",
    "trained-between": "pruned by magnitude, the rest trained again after every 4 %",
    "bits": "rounded to fewer bits",
    "bits-T": "the first layer rounded to fewer bits",
    "bits-K": "the read-out rounded to fewer bits",
    "values": "trained with 5, 4, 3 and 2 values an entry",
    "neurons": "distilled into fewer neurons",
    "in-turn": "several ways in turn",
}
_PRUNING = ("magnitude", "one-by-one")
_LAYERS = ("magnitude-each", "magnitude-T", "magnitude-K")
#: The ways of every kind of start.
OFFERED: dict[str, tuple[str, ...]] = {
    "plain": (*_PRUNING, *_LAYERS, "neurons", "in-turn"),
    "trained": (*_PRUNING, "trained-between", "bits", "values", "neurons", "in-turn"),
    "key-value": (*_PRUNING, "trained-between", "bits", "values", "neurons", "in-turn"),
    "one-bit": (*_PRUNING, "neurons"),
    "free": (*_PRUNING, *_LAYERS, "bits", "bits-T", "bits-K", "neurons", "in-turn"),
}
#: What is done in turn.
TURNS: dict[str, tuple[str, ...]] = {
    "plain": ("neurons", "one-by-one"),
    "trained": ("trained-between", "bits", "one-by-one"),
    "key-value": ("trained-between", "bits", "one-by-one"),
    "free": ("neurons", "bits", "one-by-one"),
}


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        draws: students at every width.
        steps: of training matrices of few values.
    """

    draws: int
    steps: int


def go(
    form: Form,
    kind: str,
    task: Task,
    name: str,
    effort: Effort,
    tick: Callable[[], None] = lambda: None,
) -> Path:
    """Go a way from an exact network to the first violation.

    Args:
        form: the start.
        kind, task: what it is.
        name: one of ``OFFERED[kind]``.
        effort: how much is tried.
        tick: called after every verdict.
    """
    names = TURNS[kind] if name == "in-turn" else (name,)
    ways = [partial(_candidates, kind=kind, task=task, name=way, effort=effort) for way in names]
    return in_turn(form, ways, tick)


def _candidates(
    form: Form, *, kind: str, task: Task, name: str, effort: Effort
) -> Iterator[Candidate]:
    way, _, layer = name.partition("-")
    if name == "one-by-one":
        return one_by_one(form, seed=task.seed)
    if way == "magnitude":
        return by_magnitude(form, layer=layer or None, seed=task.seed)
    if way == "bits":
        return fewer_bits(form, layer=layer or None)
    if name == "neurons":
        return fewer_neurons(form, kind, task, draws=effort.draws)
    assert isinstance(form, SquareForm)
    if name == "values":
        return fewer_values(form, steps=effort.steps, seed=task.seed)
    return with_training(form)
