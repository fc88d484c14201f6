"""Seeing that a problem asks whether a plain 0/1 code network computes ANDs of inputs.

What is recognised is exactly this:

* the domain is "at most v inputs true" (all inputs: v = m) and nothing else; a false input feeds
  0 and a true one 1;
* every output should be the AND of one or more different inputs (a family of kind ``and``, or
  formulas of ``&`` and input names only), its tuple; t is the number of members;
* the network is one hidden relu layer and a linear layer after it, and nothing else;
* for every output j, all neurons i with a weight w_ji other than 0 (the set K_j) have inputs with
  one and the same positive weight a_i, all members of the tuple among them, no others than that,
  and the bias -(t - 1) a_i; and w_ji a_i is the same positive number u_j for all of them;
* the read-out is a threshold, or two levels. Output biases may be any numbers.

Then h_i = a_i max(0, N_i - (t-1)), where N_i counts the true inputs that feed neuron i, and the
value of output j is u_j S_j + b_j, where S_j = sum over K_j of max(0, N_i - (t-1)) is what
docs/theory.md, section 4, is about. On the inputs where the tuple is true the least S_j is
|K_j| (the tuple alone), where it is false the largest is the sum of the largest overlaps; both
are attained. So read-out, margin and counterexamples follow from these two numbers.
Neurons that no output reads may be anything; outputs may have tuples of different sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..dyadic import INT64_BITS, bit_width, power_of_two
from ..formula import And, Formula, Variable
from ..network import Layer
from ..problem import Problem
from ..readout import Levels, Threshold
from .plain_code import PlainCode, Rows


class UnrecognisedError(Exception):
    """The problem is not of this kind; the message says why."""


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """A problem about a plain code network, in the numbers that decide it.

    Attributes:
        code: neurons, sets K_j and tuples.
        active: v, the largest number of true inputs.
        unit: u_j, object array of integers, and 1 where K_j is empty.
        bias: b_j, object array of integers.
        scale: values of outputs are ``(unit * S + bias) * scale``.
        true_from, false_to: levels of the read-out; equal for a threshold.
        strict: True for a threshold: a true output must lie above it.
    """

    code: PlainCode
    active: int
    unit: np.ndarray
    bias: np.ndarray
    scale: Fraction
    true_from: Fraction
    false_to: Fraction
    strict: bool

    def most_false(self) -> np.ndarray:
        """The largest S_j with which output j still reads false: int64, -1 for none.

        Cut at 2^62, above every sum that there is.
        """
        level = self.false_to / self.scale
        room = level.numerator - self.bias * level.denominator
        most = np.maximum(room // (self.unit * level.denominator), -1)
        return np.asarray(np.minimum(most, 1 << INT64_BITS), dtype=np.int64)

    def least_true(self) -> np.ndarray:
        """The least value of output j where its tuple is true, less the level: times scale."""
        level = self.true_from / self.scale
        values = self.unit * self.code.shared.sizes.astype(object) + self.bias
        return np.asarray(values * level.denominator - level.numerator, dtype=object)

    def wrongly_false(self) -> np.ndarray:
        """Booleans: outputs that do not read true although their tuple is true."""
        least = self.least_true()
        wrong = least <= 0 if self.strict else least < 0
        possible = self.code.tuples.sizes <= self.active
        return np.asarray(wrong.astype(bool) & possible)

    def margin(self, top: np.ndarray) -> Fraction:
        """The exact margin, from the largest S_j where the tuple is false."""
        level = self.false_to / self.scale
        values = self.unit * top.astype(object) + self.bias
        low = int((level.numerator - values * level.denominator).min())
        margin = low * self.scale / level.denominator
        possible = self.code.tuples.sizes <= self.active
        if possible.any():
            level = self.true_from / self.scale
            high = int(self.least_true()[possible].min())
            margin = min(margin, high * self.scale / level.denominator)
        return margin


def plain_network(problem: Problem) -> PlainNetwork:
    """The problem in the form above.

    Raises UnrecognisedError with the reason.
    """
    active = _active(problem)
    layers = problem.network.layers
    if [layer.activation for layer in layers] != ["relu", "identity"]:
        raise UnrecognisedError("it needs one hidden relu layer and a linear layer after it")
    readout = problem.specification.readout
    if isinstance(readout, Threshold):
        levels = readout.threshold, readout.threshold
    elif isinstance(readout, Levels):
        levels = readout.true_at_least, readout.false_at_most
    else:
        raise UnrecognisedError("the read-out is argmax")
    hidden, last = (_entries(layer) for layer in layers)
    shared = Rows(last.starts, last.columns)
    feed, arity = _hidden(layers[0], hidden, shared)
    tuples = _tuples(problem)
    read = shared.items
    if (arity[read] != tuples.sizes[shared.numbers]).any():
        raise UnrecognisedError(
            "an output reads a neuron whose bias is that of ANDs of another size"
        )
    code = Rows(hidden.starts, hidden.columns)
    _require_shared(code, shared, tuples, problem.network.input_size)
    if bit_width(feed) + bit_width(last.mantissas) > INT64_BITS:
        raise UnrecognisedError("the weights have too many digits")
    products = last.mantissas * feed[read]
    unit = np.ones(shared.height, dtype=np.int64)
    filled = shared.sizes > 0
    unit[filled] = products[shared.starts[:-1][filled]]
    if (products != unit[shared.numbers]).any() or (unit <= 0).any():
        raise UnrecognisedError("the weights of an output differ, or are not positive")
    bias = layers[1].exact_bias
    exponent = hidden.exponent + last.exponent
    base = min(exponent, bias.exponent)
    return PlainNetwork(
        PlainCode(problem.network.input_size, code, shared, tuples),
        active,
        unit.astype(object) << (exponent - base),
        bias.mantissa.astype(object) << (bias.exponent - base),
        power_of_two(base),
        *levels,
        isinstance(readout, Threshold),
    )


def _active(problem: Problem) -> int:
    domain = problem.specification.domain
    other = domain.points is not None or domain.balls or domain.one_hot
    if other or domain.where is not None or domain.at_least:
        raise UnrecognisedError("the domain is not 'at most v'")
    if domain.values != (Fraction(0), Fraction(1)):
        raise UnrecognisedError("the inputs feed other numbers than 0 and 1")
    return domain.at_most


class _Entries(NamedTuple):
    """The nonzero weights of a layer, row by row: columns, mantissas and their exponent."""

    starts: np.ndarray
    columns: np.ndarray
    mantissas: np.ndarray
    exponent: int


def _entries(layer: Layer) -> _Entries:
    exact = layer.exact_entries
    if exact.mantissa.dtype == object:
        raise UnrecognisedError("the weights have too many digits")
    weight = layer.weight
    if not isinstance(weight, np.ndarray):
        starts, columns = weight.indptr.astype(np.int64), weight.indices.astype(np.int64)
        return _Entries(starts, columns, exact.mantissa, exact.exponent)
    places = Rows.where(exact.mantissa != 0)
    return _Entries(*places, exact.mantissa[exact.mantissa != 0], exact.exponent)


def _hidden(layer: Layer, entries: _Entries, shared: Rows) -> tuple[np.ndarray, np.ndarray]:
    """For each neuron its input weight a (mantissa) and t by its bias; 0 where nobody reads it."""
    rows = Rows(entries.starts, entries.columns)
    read = np.zeros(rows.height, dtype=bool)
    read[shared.items] = True
    if (read & (rows.sizes == 0)).any():
        raise UnrecognisedError("an output reads a neuron without inputs")
    feed = np.zeros(rows.height, dtype=np.int64)
    feed[read] = entries.mantissas[rows.starts[:-1][read]]
    same = entries.mantissas == feed[rows.numbers]
    if (read[rows.numbers] & ~same).any() or (feed[read] <= 0).any():
        raise UnrecognisedError("the input weights of a neuron differ, or are not positive")
    bias = layer.exact_bias
    unit = min(entries.exponent, bias.exponent)
    weight = feed.astype(object) << (entries.exponent - unit)
    offset = bias.mantissa.astype(object) << (bias.exponent - unit)
    steps, rest = -offset[read] // weight[read], -offset[read] % weight[read]
    if (rest != 0).any() or (steps < 0).any() or (steps > layer.fan_in).any():
        raise UnrecognisedError("the bias of a neuron is not a whole number of its input weights")
    arity = np.zeros(rows.height, dtype=np.int64)
    arity[read] = steps.astype(np.int64) + 1
    return feed, arity


def _tuples(problem: Problem) -> Rows:
    specification = problem.specification
    if specification.family is not None:
        if specification.family.kind != "and":
            raise UnrecognisedError("the outputs are ORs")
        return Rows.table(specification.family.members)
    index = specification.domain.index
    rows = []
    for formula in specification.formulas:
        members = dict.fromkeys(index[name] for name in _conjuncts(formula))
        if not members:
            raise UnrecognisedError("an output is no AND of inputs")
        rows.append(members)
    return Rows.of(rows)


def _conjuncts(formula: Formula) -> Iterator[str]:
    todo = [formula]
    while todo:
        part = todo.pop()
        if isinstance(part, And):
            todo += part.parts
        elif isinstance(part, Variable):
            yield part.name
        else:
            raise UnrecognisedError("an output is no AND of inputs")


def _require_shared(code: Rows, shared: Rows, tuples: Rows, inputs: int) -> None:
    """Raise UnrecognisedError unless every neuron of K_j is fed by all members of tuple j."""
    # one number a pair of a neuron and an input; those of the code ascend
    known = code.numbers * inputs + code.items
    sizes = tuples.sizes[shared.numbers]
    first = np.repeat(tuples.starts[:-1][shared.numbers] - np.cumsum(sizes) + sizes, sizes)
    members = tuples.items[first + np.arange(sizes.sum())]
    wanted = np.repeat(shared.items, sizes) * inputs + members
    if not len(wanted):
        return
    place = np.searchsorted(known, wanted)
    if (place == len(known)).any() or (known[place] != wanted).any():
        raise UnrecognisedError("an output reads a neuron that not all members of its tuple feed")
