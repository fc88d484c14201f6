"""Rounding to fewer bits, training with fewer values, and distilling into fewer neurons."""

from __future__ import annotations

from collections.abc import Iterator

from ...constructions.quantised import quantised
from .form import Form, SquareForm
from .path import Candidate
from .starts import BITS, Task, narrower, rounded_form

#: Share of the neurons that one step of distilling takes.
SHARE = 0.02
#: Numbers of values of an entry that training can be confined to.
LEVELS = (5, 4, 3, 2)


def fewer_bits(form: Form, *, layer: str | None = None) -> Iterator[Candidate]:
    """Round the start to one bit less at every step, down to -1, 0 and 1.

    Args:
        form: the start, with entries of 14 bits.
        layer: round this array alone; None rounds all of them.
    """
    names = list(form.arrays) if layer is None else [layer]
    for bits in range(BITS - 1, 1, -1):
        where = " of all arrays" if layer is None else f" of {layer}"
        done = f"rounded to {bits} bits{where}"
        yield Candidate(rounded_form(form, dict.fromkeys(names, bits)), done, bits)


def fewer_values(form: SquareForm, *, steps: int, seed: int) -> Iterator[Candidate]:
    """Train matrices of few values in the start's code and decoder: 5, 4, 3 and 2 values.

    Args:
        form: the start.
        steps: of training.
        seed: breaks ties.
    """
    for levels in LEVELS:
        found = quantised(form.frame, levels, steps=steps, seed=seed)
        # an odd number of values contains 0; an even one none
        nonzero = levels - levels % 2
        made = form.with_arrays({"W": found.matrix}, {"W": nonzero})
        yield Candidate(made, f"trained with {levels} values an entry", levels)


def fewer_neurons(form: Form, kind: str, task: Task, *, draws: int) -> Iterator[Candidate]:
    """Distil into fewer and fewer neurons; a width fails where every draw does.

    Args:
        form: the start, which is the teacher.
        kind, task: what it is.
        draws: students tried at a width.
    """
    width = form.neurons
    while width > 2:
        width = min(width - 1, int((1 - SHARE) * width))
        students = narrower(kind, task, width, draws)
        yield Candidate(next(students), f"distilled into {width} neurons", width, students)
