"""Presolved networks with coefficients of few bits, and a proven bound on what rounding changed.

Solvers with machine integers cannot hold the 80 to 120 bits that trained float32 weights need.
Here every unknown u of the exact network (verify/engines/encodings/presolve.py) is stood for by an
integer v with ``|u - unit * v| <= error``. A row ``Z = sum c u + c0`` becomes ``R = sum r v + r0``
with ``r = round(c * unit / scale)``, and

    |Z - scale * R| <= sum |c| error + sum |c unit - r scale| greatest(v) + |c0 - r0 scale|,

a bound that holds for relu(Z) as well, as relu does not stretch distances. So that numbers do not
grow from layer to layer, v is ``floor(relu(R) / divisor)``, which adds ``scale * (divisor - 1)``.
The output's bound moves its threshold outwards: a solver that then finds no wrong input has proved
that there is none, and one that finds an input is asked again, without it, when exact arithmetic
says that it is right. Everything here is in Python integers.
"""

from __future__ import annotations

from dataclasses import dataclass

from superproof.verify.engines.encodings.forms import Form
from superproof.verify.engines.encodings.presolve import Presolved, presolve

from .answer import NotEncodableError, Problem

#: Sums below this are exact in 64-bit integers with room to spare.
SAFE = 1 << 60
#: Bits of a row: its rounding error is at most its largest sum of magnitudes over 2**bits. The
#: fewer the better for solvers, so it begins with few, and every input that is right after all
#: brings on the next.
BITS = (6, 8, 10, 13, 17, 21)
#: Values of neurons keep so many bits more than rows.
EXTRA = 4


@dataclass(frozen=True)
class Row:
    """``sum of coefficient * v + constant``, between ``low`` and ``high``."""

    coefficients: dict[int, int]
    constant: int
    low: int
    high: int


@dataclass(frozen=True)
class Neuron:
    """The unknown with that number is ``floor(relu(row) / divisor)``, at most ``greatest``."""

    unknown: int
    row: Row
    divisor: int
    greatest: int


@dataclass(frozen=True)
class LinearNetwork:
    """ReLU rows over integers, and when the output may be wrong.

    Attributes:
        inputs: unknowns 0 .. inputs-1 are the input bits.
        neurons: the unknowns above the inputs, below each other.
        output: the row of the output.
        at_most: an input where the formula is true is wrong only if output <= at_most.
        at_least: one where it is false is wrong only if output >= at_least.
        exact: "only if" is "exactly if".
    """

    inputs: int
    neurons: tuple[Neuron, ...]
    output: Row
    at_most: int
    at_least: int
    exact: bool


@dataclass(frozen=True)
class _Unknown:
    unit: int
    error: int
    greatest: int


def linear_network(problem: Problem, bits: int | None) -> LinearNetwork:
    """The rows, rounded to ``bits`` bits, or as they are for None.

    Raises NotEncodableError when sums may exceed 2**60, and for step activations.
    """
    presolved: Presolved = presolve(problem)
    unknowns = {i: _Unknown(1, 0, 1) for i in range(presolved.inputs)}
    neurons = []
    for neuron in presolved.neurons:
        if neuron.activation != "relu":
            raise NotEncodableError("step neurons")
        row, scale, error = _rounded(neuron.form, unknowns, bits)
        # the exact row's bounds may be the tighter ones
        low = max(row.low, (neuron.low - error) // scale)
        high = max(min(row.high, -((-neuron.high - error) // scale)), 0)
        divisor = 1
        if bits is not None:
            divisor = 1 << max(high.bit_length() - bits - EXTRA, 0)
        row = Row(row.coefficients, row.constant, low, high)
        neurons.append(Neuron(neuron.unknown, row, divisor, high // divisor))
        error += scale * (divisor - 1)
        unknowns[neuron.unknown] = _Unknown(scale * divisor, error, high // divisor)
    form = presolved.outputs[0]
    output, scale, error = _rounded(form, unknowns, bits)
    level = problem.specification.readout.threshold  # type: ignore[attr-defined]
    least = form.least(level, strict=True)  # true exactly when the integer is at least this
    return LinearNetwork(
        presolved.inputs,
        tuple(neurons),
        output,
        at_most=(least - 1 + error) // scale,
        at_least=-((error - least) // scale),
        exact=error == 0,
    )


def _rounded(form: Form, unknowns: dict[int, _Unknown], bits: int | None) -> tuple[Row, int, int]:
    """The row, its scale and the error bound."""
    scaled = {u: c * unknowns[u].unit for u, c in form.coefficients.items()}
    scale = 1
    if bits is not None:
        # every coefficient may be off by scale / 2, and so may the constant
        largest = abs(form.constant) + sum(abs(c) * unknowns[u].greatest for u, c in scaled.items())
        terms = 1 + sum(unknowns[u].greatest for u in scaled)
        scale = 1 << max((2 * largest // terms).bit_length() - 1 - bits, 0)
    coefficients = {u: _nearest(c, scale) for u, c in scaled.items()}
    constant = _nearest(form.constant, scale)
    error = abs(form.constant - constant * scale)
    for u, c in form.coefficients.items():
        error += abs(c) * unknowns[u].error
        error += abs(scaled[u] - coefficients[u] * scale) * unknowns[u].greatest
    reach = {u: c * unknowns[u].greatest for u, c in coefficients.items()}
    low = constant + sum(min(r, 0) for r in reach.values())
    high = constant + sum(max(r, 0) for r in reach.values())
    if abs(constant) + sum(map(abs, reach.values())) >= SAFE:
        raise NotEncodableError("sums beyond 2^60")
    return Row({u: c for u, c in coefficients.items() if c}, constant, low, high), scale, error


def _nearest(value: int, scale: int) -> int:
    return (value + scale // 2) // scale
