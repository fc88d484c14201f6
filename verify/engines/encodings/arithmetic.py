"""Networks in linear arithmetic: sums over If(bit, weight, 0), one variable a ReLU."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import z3

from .encoding import Encoding
from .forms import Form
from .presolve import Neuron

#: Python refuses to write longer integers in decimal, the only form that Z3 reads.
_DIGITS = 4000
_BLOCK = 10**_DIGITS


class Arithmetic(Encoding):
    """Linear arithmetic; every number is an integer by the presolve, whatever the sort."""

    def _make_solver(self) -> z3.Solver:
        # measured on trained networks: relevancy filtering costs a factor of 2 to 5 here, and the
        # older simplex is faster than the default one
        solver = z3.Solver(ctx=self.context)
        solver.set("relevancy", 0)
        solver.set("arith.solver", 2)
        return solver

    def encode(self, tick: Callable[[], None]) -> None:
        self._zero = self._number(0)
        self._values: dict[int, z3.ArithRef] = {}
        for neuron in self.presolved.neurons:
            tick()
            self._values[neuron.unknown] = self._activated(neuron)

    def _activated(self, neuron: Neuron) -> z3.ArithRef:
        z = self._sum(neuron.form)
        if neuron.activation == "step":
            return z3.If(z >= self._number(1), self._number(1), self._zero)
        # the same function as If(z > 0, z, 0), in half to three quarters of its time (measured)
        y = self._variable(f"y{neuron.unknown}")
        self.solver.add(y >= self._zero, y >= z, y <= self._number(neuron.high))
        self.solver.add(z3.Or(y <= self._zero, y <= z))
        return y

    def _reaches(self, form: Form, least: int) -> z3.BoolRef:
        return self._sum(form) >= self._number(least)

    def _sum(self, form: Form) -> z3.ArithRef:
        terms = [self._multiple(unknown, c) for unknown, c in form.coefficients.items()]
        return z3.Sum([*terms, self._number(form.constant)])

    def _multiple(self, unknown: int, factor: int) -> z3.ArithRef:
        if unknown < self.presolved.inputs:
            return z3.If(self.bits[unknown], self._number(factor), self._zero)
        return self._number(factor) * self._values[unknown]

    @abstractmethod
    def _number(self, value: int) -> z3.ArithRef: ...

    @abstractmethod
    def _variable(self, name: str) -> z3.ArithRef: ...


class IntegerEncoding(Arithmetic):
    """Linear integer arithmetic: applies to every network, best on trained weights."""

    name = "integer"

    def _number(self, value: int) -> z3.ArithRef:
        return z3.IntVal(_decimal(value), self.context)

    def _variable(self, name: str) -> z3.ArithRef:
        return z3.Int(name, self.context)


class RationalEncoding(Arithmetic):
    """Linear real arithmetic over the same integers: applies to every network."""

    name = "rational"

    def _number(self, value: int) -> z3.ArithRef:
        return z3.RealVal(_decimal(value), self.context)

    def _variable(self, name: str) -> z3.ArithRef:
        return z3.Real(name, self.context)


def _decimal(value: int) -> str:
    if value < 0:
        return "-" + _decimal(-value)
    blocks = []
    while value >= _BLOCK:
        value, block = divmod(value, _BLOCK)
        blocks.append(str(block).zfill(_DIGITS))
    return str(value) + "".join(reversed(blocks))
