"""Problems as SMT-LIB 2 scripts: satisfiable exactly when some input breaks the specification.

A direct transcription, without the bounds and simplifications of our own Z3 engine, so that it
can contradict that engine.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..domain import Domain
from ..dyadic import power_of_two
from ..errors import InputError
from ..formula import And, AtLeast, AtMost, Constant, Formula, Implies, Not, Or, Variable, Xor
from ..network import Layer
from ..problem import Problem
from ..readout import Argmax, Levels, Threshold
from . import located
from .numerals import integer_numeral

#: Linear arithmetic over reals. All values are integers in the unit of their layer, but Z3 and cvc5
#: decide trained networks faster without knowing it (docs/exports.md).
LOGIC = "QF_LRA"
ZERO, ONE = "0.0", "1.0"


def write_smtlib(problem: Problem, path: str | Path) -> Path:
    """Write an SMT-LIB 2.6 script: ``unsat`` exactly when the problem holds.

    Args:
        problem: any network, specification and domain; nothing is rounded.
        path: the file to write.

    Returns:
        The path. The script declares one Boolean an input (see :func:`input_symbol`).

    Raises:
        InputError: the file cannot be written; one line that starts with its name.
    """
    path = Path(path)
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in smtlib_lines(problem))
    except InputError as error:
        raise located(path, error) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def smtlib_lines(problem: Problem) -> Iterator[str]:
    """The lines of the script, without line breaks."""
    spec = problem.specification
    bits = [input_symbol(name) for name in spec.inputs]
    yield from _head(problem)
    yield "(set-info :smt-lib-version 2.6)"
    yield "(set-option :produce-models true)"
    yield f"(set-logic {LOGIC})"
    yield "; the inputs"
    for bit in bits:
        yield f"(declare-const {bit} Bool)"
    yield f"; the domain: {_printable(str(spec.domain), '')}"
    for constraint in domain_constraints(spec.domain, bits):
        yield f"(assert {constraint})"
    values, unit = _fed(bits, spec.domain.values)
    for number, layer in enumerate(problem.network.layers):
        lines, values, unit = _layer(layer, number, values, unit)
        yield from lines
    yield f"; what the outputs should read, and whether one is wrong: {spec.readout}"
    wrong = []
    for j, (name, formula) in enumerate(zip(spec.outputs, spec.formulas, strict=True)):
        expected = symbol("formula", name)
        yield f"(define-fun {expected} () Bool {formula_text(formula, bits, spec.domain)})"
        wrong.append(symbol("wrong", name))
        broken = _broken(problem, j, expected, values, unit)
        yield f"(define-fun {wrong[-1]} () Bool {broken})"
    yield "; some output is wrong"
    yield f"(assert {_joined('or', wrong, 'false')})"
    yield "(check-sat)"
    yield f"(get-value ({' '.join(bits)}))"


def input_symbol(name: str) -> str:
    """The Boolean that stands for an input, such as ``|input x y|``."""
    return symbol("input", name)


def symbol(kind: str, name: str) -> str:
    """A quoted symbol; different names give different symbols, none of them a solver's own.

    SMT-LIB allows every printable character in it but ``|`` and backslash. These, ``%`` and
    what cannot be printed are written as ``%``, the character's number in base 16, and ``;``.
    """
    return f"|{kind} {_printable(name, '|%' + chr(92))}|"


def _printable(text: str, reserved: str) -> str:
    return "".join(
        c if c.isprintable() and c not in reserved else f"%{ord(c):X};" for c in str(text)
    )


def _head(problem: Problem) -> Iterator[str]:
    yield "; Does a neural network compute its specification on every input of its domain?"
    yield "; sat: no; the values of the inputs that the solver prints are one where it does not."
    yield "; unsat: yes, on every one."
    yield "; All numbers are exact; the network is the rational function of its stored weights."
    yield "; SHA-256 of the canonical problem (superproof export MODEL SPEC.toml --out FILE):"
    for part, digest in problem.sha256.items():
        yield f";   {part} {digest}"


def domain_constraints(domain: Domain, bits: Sequence[str]) -> Iterator[str]:
    """Terms whose conjunction says that the bits lie in the domain."""
    if domain.at_least > 0:
        yield _counted(">=", bits, domain.at_least)
    if domain.at_most < domain.inputs:
        yield _counted("<=", bits, domain.at_most)
    for ball in domain.balls:
        flips = [f"(not {b})" if c else b for b, c in zip(bits, ball.centre, strict=True)]
        yield _counted("<=", flips, ball.radius)
    for group in domain.one_hot:
        yield _counted("=", [bits[i] for i in group], 1)
    if domain.where is not None:
        yield formula_text(domain.where, bits, domain)
    if domain.points is not None:
        yield from _listed(domain.points.astype(bool), bits)


def _listed(points: np.ndarray, bits: Sequence[str]) -> Iterator[str]:
    """The bits are one of the rows: what all rows share, and what they differ in."""
    shared = (points == points[:1]).all(axis=0)
    for i in np.flatnonzero(shared).tolist():
        yield _literal(bits[i], bool(points[0, i]))
    open_columns = np.flatnonzero(~shared).tolist()
    rows = [_joined("and", [_literal(bits[i], r[i]) for i in open_columns], "true") for r in points]
    yield _joined("or", rows, "false")


def formula_text(formula: Formula, bits: Sequence[str], domain: Domain) -> str:
    """The formula as a Boolean term."""
    if isinstance(formula, Variable):
        return bits[domain.index[formula.name]]
    if isinstance(formula, Constant):
        return "true" if formula.truth else "false"
    terms = [formula_text(operand, bits, domain) for operand in formula.operands]
    if isinstance(formula, Not):
        return f"(not {terms[0]})"
    if isinstance(formula, And):
        return _joined("and", terms, "true")
    if isinstance(formula, Or):
        return _joined("or", terms, "false")
    if isinstance(formula, Xor):
        return _joined("xor", terms, "false")
    if isinstance(formula, Implies):
        return f"(=> {terms[0]} {terms[1]})"
    if isinstance(formula, AtLeast):
        return _counted(">=", terms, formula.count)
    if isinstance(formula, AtMost):
        return _counted("<=", terms, formula.count)
    raise TypeError(f"unknown formula node {type(formula).__name__}")


def _literal(bit: str, truth: bool) -> str:
    return bit if truth else f"(not {bit})"


def _joined(connective: str, terms: Sequence[str], empty: str) -> str:
    """The connective of any number of terms, also none and one."""
    if len(terms) < 2:
        return terms[0] if terms else empty
    return f"({connective} {' '.join(terms)})"


def _counted(relation: str, terms: Sequence[str], count: int) -> str:
    """How many of the terms are true, compared with the count."""
    total = _sum(f"(ite {term} {ONE} {ZERO})" for term in terms)
    return f"({relation} {total} {_number(count)})"


def _sum(terms: Iterable[str]) -> str:
    return _joined("+", list(terms), ZERO)


def _number(value: int | Fraction) -> str:
    """A real number, exactly; ``(/ 1.0 3.0)`` where it is no integer."""
    if value < 0:
        return f"(- {_number(-value)})"
    number = Fraction(value)
    if number.denominator == 1:
        return integer_numeral(number.numerator) + ".0"
    return f"(/ {_number(number.numerator)} {_number(number.denominator)})"


class _Value(NamedTuple):
    """The number ``factor * term + offset`` units; a Boolean term counts as 0 or 1."""

    term: str
    factor: int = 1
    offset: int = 0


def _fed(bits: Sequence[str], values: tuple[Fraction, Fraction]) -> tuple[list[_Value], Fraction]:
    """What the inputs feed to the network, and the unit."""
    lift = math.lcm(*(value.denominator for value in values))
    low, high = (int(value * lift) for value in values)
    return [_Value(bit, high - low, low) for bit in bits], Fraction(1, lift)


def _rows(
    layer: Layer, below: Sequence[_Value], unit: Fraction
) -> tuple[list[tuple[list[tuple[int, str]], int]], Fraction]:
    """The sums of a layer as integers without common divisor: (terms, constant) a row; the unit."""
    weight_unit = unit * power_of_two(layer.exact_entries.exponent)
    bias_unit = power_of_two(layer.exact_bias.exponent)
    # the largest rational of which both are multiples
    denominator = math.lcm(weight_unit.denominator, bias_unit.denominator)
    numerator = math.gcd(int(weight_unit * denominator), int(bias_unit * denominator))
    common = Fraction(numerator, denominator)
    scale, bias_scale = int(weight_unit / common), int(bias_unit / common)
    rows, divisor = [], 0
    for row, bias in zip(_entries(layer), layer.exact_bias.mantissa.tolist(), strict=True):
        constant = bias * bias_scale
        terms = []
        for column, weight in row:
            value = below[column]
            constant += weight * scale * value.offset
            terms.append((weight * scale * value.factor, value.term))
        rows.append((terms, constant))
        divisor = math.gcd(divisor, constant, *(factor for factor, _ in terms))
    divisor = divisor or 1
    divided = [([(c // divisor, t) for c, t in terms], b // divisor) for terms, b in rows]
    return divided, common * divisor


def _entries(layer: Layer) -> Iterator[list[tuple[int, int]]]:
    """For each neuron the columns and mantissas of its nonzero weights."""
    mantissas = layer.exact_entries.mantissa
    if isinstance(layer.weight, np.ndarray):
        for row in mantissas.tolist():
            yield [(column, weight) for column, weight in enumerate(row) if weight]
        return
    starts, columns, weights = layer.weight.indptr, layer.weight.indices, mantissas.tolist()
    for start, stop in itertools.pairwise(starts.tolist()):
        yield list(zip(columns[start:stop].tolist(), weights[start:stop], strict=True))


def _layer(
    layer: Layer, number: int, below: Sequence[_Value], unit: Fraction
) -> tuple[list[str], list[_Value], Fraction]:
    """One or two definitions a neuron; the values of this layer, and their unit."""
    rows, common = _rows(layer, below, unit)
    lines = [f"; layer {number}: {layer.activation} of sums in the unit {_number(common)}"]
    names = [f"n{number}.{j}" for j in range(layer.width)]
    for name, (terms, constant) in zip(names, rows, strict=True):
        parts = [_multiple(factor, term, number == 0) for factor, term in terms]
        if constant or not parts:
            parts.append(_number(constant))
        if layer.activation == "identity":
            lines.append(f"(define-fun {name} () Real {_sum(parts)})")
            continue
        lines.append(f"(define-fun z{name} () Real {_sum(parts)})")
        on = f"z{name}" if layer.activation == "relu" else ONE
        lines.append(f"(define-fun {name} () Real (ite (> z{name} {ZERO}) {on} {ZERO}))")
    above = Fraction(1) if layer.activation == "step" else common
    return lines, [_Value(name) for name in names], above


def _multiple(factor: int, term: str, boolean: bool) -> str:
    if boolean:
        return f"(ite {term} {_number(factor)} {ZERO})"
    return term if factor == 1 else f"(* {_number(factor)} {term})"


def _broken(
    problem: Problem, output: int, expected: str, values: Sequence[_Value], unit: Fraction
) -> str:
    """The output does not read what it should."""
    readout = problem.specification.readout
    value = values[output].term
    if isinstance(readout, Argmax):
        others = [other.term for j, other in enumerate(values) if j != output]
        reached = [f"(<= {value} {other})" for other in others]
        leads = [f"(>= {value} {other})" for other in others]
        # a tie for the largest value is wrong on both sides
        return f"(ite {expected} {_joined('or', reached, 'false')} {_joined('and', leads, 'true')})"
    if isinstance(readout, Threshold):
        level = _number(readout.threshold / unit)
        return f"(ite {expected} (<= {value} {level}) (> {value} {level}))"
    if isinstance(readout, Levels):
        least, most = _number(readout.true_at_least / unit), _number(readout.false_at_most / unit)
        return f"(ite {expected} (< {value} {least}) (> {value} {most}))"
    raise TypeError(f"unknown read-out {type(readout).__name__}")
