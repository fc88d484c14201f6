"""Certified networks to begin with, and how narrower ones of the same kind are made."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...constructions.balanced_code import balanced_code
from ...constructions.conjunction import plain_network, plain_pairwise_and
from ...constructions.key_value import key_value
from ...constructions.key_value_training import train
from ...constructions.patterns import pattern
from ...constructions.quantised import quantised
from ...constructions.sizing import first_width
from ...constructions.states import Frame
from ...constructions.superposed import DENSITY, rounded, sign_decoder
from ...theory.concentration import plain_code_density
from ...verify.errors import ProofError
from ...verify.network import Network
from .form import Form, FreeForm, SquareForm, signed_values

#: Bits of an entry of a matrix that was trained, at the start.
BITS = 14
#: The domain: inputs with at most so many ones.
ACTIVE = 2
#: Widths of square matrices over the estimate that a search would begin with.
ROOM = 1.2
#: Networks that are not exact are widened by this factor, so many times.
GROWTH, ATTEMPTS = 1.1, 8
#: Initialisations of a network of free weights.
RESTARTS = 4


@dataclass(frozen=True)
class Task:
    """Random pairs of inputs to AND.

    Attributes:
        inputs, outputs: sizes.
        seed: of the pairs, and of every code, decoder and initialisation.
    """

    inputs: int
    outputs: int
    seed: int

    @property
    def pairs(self) -> np.ndarray:
        """int64 (outputs, 2)."""
        return pattern("random", self.inputs, self.outputs, self.seed)


def start(kind: str, task: Task, width: int | None = None) -> Form:
    """An exact network of a kind, of :data:`KINDS`.

    Args:
        kind: what network.
        task: what it computes.
        width: hidden neurons; None for a width with some room.

    Raises:
        ProofError: none was found.
    """
    return KINDS[kind](task, width)


def narrower(kind: str, task: Task, width: int, draws: int) -> Iterator[Form]:
    """Students of so many neurons, one after the other, exact or not.

    The teacher is exact, so what it reads on the domain is what the task says, and a student is
    trained (or, in the plain form, drawn and repaired) to read the same.
    """
    for draw in range(draws):
        # a student has the pairs of the teacher, and another code, decoder or initialisation
        yield _STUDENTS[kind](task, width, task.seed + draw)


def _plain(task: Task, width: int | None) -> Form:
    built = plain_pairwise_and(task.inputs, task.pairs, ACTIVE, task.seed, width)
    return _from_plain(built.network, task)


def _from_plain(network: Network, task: Task) -> FreeForm:
    first, second = (np.asarray(layer.weight).astype(np.int64) for layer in network.dense.layers)
    shift = np.full(len(first), 1 - ACTIVE, dtype=np.int64)
    return FreeForm(task.pairs, ACTIVE, first, shift, second, {"T": 1, "K": 1})


def _plain_student(task: Task, width: int, seed: int) -> Form:
    try:
        built = plain_pairwise_and(task.inputs, task.pairs, ACTIVE, seed, width)
        return _from_plain(built.network, task)
    except ProofError:
        # the draw that could not be repaired, as evidence
        density = float(plain_code_density(ACTIVE - 1))
        code = np.random.default_rng(seed).random((width, task.inputs)) < density
        return _from_plain(plain_network(code, task.pairs), task)


def _frame(task: Task, width: int, seed: int) -> Frame:
    return Frame(
        balanced_code(width, task.inputs, DENSITY[ACTIVE], seed),
        sign_decoder(task.outputs, width, seed),
        task.pairs,
        ACTIVE,
    )


def _trained_student(task: Task, width: int, seed: int) -> SquareForm:
    frame = _frame(task, width, seed)
    matrix = rounded(train(frame).matrix, BITS)
    return SquareForm(frame, matrix, {"W": signed_values(BITS)})


def _key_value_student(task: Task, width: int, seed: int) -> SquareForm:
    frame = _frame(task, width, seed)
    return SquareForm(frame, rounded(key_value(frame), BITS), {"W": signed_values(BITS)})


def _one_bit_student(task: Task, width: int, seed: int) -> SquareForm:
    frame = _frame(task, width, seed)
    return SquareForm(frame, quantised(frame, 2, steps=200, seed=seed).matrix, {"W": 2})


def _wide(kind: str, student: Callable[[Task, int, int], Form]) -> Callable[..., Form]:
    """Square matrices with some room, wider where that is not enough."""

    def build(task: Task, width: int | None) -> Form:
        first = first_width(task.inputs, task.outputs, ACTIVE, kind).neurons
        wanted = math.ceil(ROOM * first) if width is None else width
        for attempt in range(ATTEMPTS if width is None else 1):
            form = student(task, math.ceil(wanted * GROWTH**attempt), task.seed)
            if form.separated:
                return form
        raise ProofError(
            f"no exact {kind} network of {form.neurons} neurons was found for {task.outputs} ANDs "
            f"(seed {task.seed})"
        )

    return build


def _descended(task: Task, width: int, seed: int) -> FreeForm:
    """A network of free weights, by gradient descent, in integers of 14 bits an array."""
    from ..training.boolean_task import BooleanTask
    from ..training.relu_networks import NetworkRun, ReluNetworks
    from ..training.trainer import train_runs

    lesson = BooleanTask("and", task.inputs, task.outputs, ACTIVE, seed=task.seed)
    runs = [NetworkRun(lesson, (width,), RESTARTS * seed + draw) for draw in range(RESTARTS)]
    found = list(train_runs(ReluNetworks(), runs, device="cpu"))
    # no more than a choice: the verifier decides each of the integer networks
    best = min(found, key=lambda one: (one.stop != "learned", one.loss is None, one.loss))
    first, shift = (best.parameters[f"0.{part}"].astype(np.float64) for part in ("weight", "bias"))
    scale = (2 ** (BITS - 1) - 1) / float(np.abs(first).max())
    return FreeForm(
        task.pairs,
        ACTIVE,
        rounded(first, BITS),
        np.rint(shift[:, 0] * scale).astype(np.int64),
        rounded(best.parameters["1.weight"].astype(np.float64), BITS),
        {"T": signed_values(BITS), "K": signed_values(BITS)},
        constant_shift=False,
    )


def _free(task: Task, width: int | None) -> Form:
    wanted = max(4, task.outputs // 2) if width is None else width
    for width_now in itertools.islice(itertools.count(wanted), ATTEMPTS):
        form = _descended(task, width_now, task.seed)
        if form.separated:
            return form
    raise ProofError(
        f"no exact network of {wanted} to {wanted + ATTEMPTS - 1} neurons was trained for "
        f"{task.outputs} ANDs (seed {task.seed})"
    )


def rounded_form(form: Form, bits: dict[str, int]) -> Form:
    """The form with some arrays rounded to so many bits, sign included, biases with the first.

    Every array is scaled so that its largest entry is the largest of the range.
    """
    arrays, values = dict(form.arrays), dict(form.values)
    for name, width in bits.items():
        values[name] = signed_values(width)
        arrays[name] = rounded(arrays[name].astype(np.float64), width)
    made = form.with_arrays(arrays, values)
    if isinstance(made, FreeForm) and "T" in bits:
        largest = int(np.abs(form.arrays["T"]).max())
        scale = (2 ** (bits["T"] - 1) - 1) / max(largest, 1)
        assert isinstance(form, FreeForm)
        made = replace(made, shift=np.rint(form.shift * scale).astype(np.int64))
    return made


#: Certified networks by kind: function of task and width.
KINDS: dict[str, Callable[[Task, int | None], Form]] = {
    "plain": _plain,
    "trained": _wide("trained", _trained_student),
    "key-value": _wide("key-value", _key_value_student),
    "one-bit": _wide("one-bit", _one_bit_student),
    "free": _free,
}
#: How a narrower one is made; the closed form teaches students that are trained.
_STUDENTS: dict[str, Callable[[Task, int, int], Form]] = {
    "plain": _plain_student,
    "trained": _trained_student,
    "key-value": _trained_student,
    "one-bit": _one_bit_student,
    "free": _descended,
}
