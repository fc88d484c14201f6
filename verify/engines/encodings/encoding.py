"""What every encoding of a presolved network in Z3 offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

import numpy as np
import z3

from .forms import Form
from .presolve import Presolved


class Encoding(ABC):
    """A network over Z3 Booleans, one an input.

    Attributes:
        name: as chosen in the engine.
        context: Z3 context of all terms; private, so that several runs do not disturb each other.
        solver: an incremental solver that suits the terms.
        bits: the inputs.
    """

    name: ClassVar[str]

    def __init__(self, presolved: Presolved) -> None:
        self.presolved = presolved
        self.context = z3.Context()
        self.solver = self._make_solver()
        self.bits = [z3.Bool(f"x{i}", self.context) for i in range(presolved.inputs)]

    @abstractmethod
    def encode(self, tick: Callable[[], None]) -> None:
        """Make the terms of all neurons; ``tick`` is called once a row and may raise to stop.

        Raises InputError when the encoding does not apply to the network.
        """

    @abstractmethod
    def _make_solver(self) -> z3.Solver: ...

    @abstractmethod
    def _reaches(self, form: Form, least: int) -> z3.BoolRef:
        """The integer of the form is at least ``least``."""

    def at_least(self, form: Form, value: Fraction, *, strict: bool = False) -> z3.BoolRef:
        """The form is >= value, or > value if strict; a constant where bounds settle it."""
        least = form.least(value, strict)
        low, high = self.presolved.bounds.of(form)
        if low >= least or high < least:
            return z3.BoolVal(low >= least, self.context)
        return self._reaches(form, least)

    def point(self, model: z3.ModelRef) -> np.ndarray:
        """The input of a model, uint8 (inputs,); bits that do not matter are 0."""
        return np.array([z3.is_true(model[bit]) for bit in self.bits], dtype=np.uint8)

    def differs(self, point: np.ndarray) -> z3.BoolRef:
        """The clause that excludes exactly this input."""
        return z3.Or(
            [z3.Not(bit) if one else bit for bit, one in zip(self.bits, point, strict=True)]
        )
