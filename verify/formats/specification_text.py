"""Writing specifications as TOML that reads back to the same canonical form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..domain import Domain
from ..errors import InputError
from ..formula import Formula
from ..grammar import parse_formula
from ..readout import Argmax, Levels, Readout, Threshold
from ..specification import Specification
from .specification_reader import parse_specification

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
#: Lists longer than this many characters are broken into one item a line.
_WIDTH = 100
#: Rationals with more decimal digits than this are written as fractions.
_DIGITS = 18


def specification_text(specification: Specification, members: str = "members.npz") -> str:
    """The content of a specification file.

    ``members`` is the name of the file with the members of a family. Raises InputError for a
    formula made in Python that has no text form (an And of one operand, an atleast with a count
    above its operands).
    """
    names = list(specification.inputs)
    numbered = names == [f"x{i}" for i in range(len(names))]
    lines = [f"inputs = {len(names) if numbered else _list(map(_string, names))}"]
    family = specification.family
    if family is not None:
        table = f"kind = {_string(family.kind)}, members = {_string(members)}"
        lines.append(f"family = {{ {table} }}")
    if not specification.formulas:
        lines.append(f"outputs = {_list(map(_string, specification.outputs))}")
    lines += _domain(specification.domain)
    if family is None and specification.formulas:
        lines += ["", "[outputs]"]
        for name, formula in zip(specification.outputs, specification.formulas, strict=True):
            lines.append(f"{_key(name)} = {_string(_formula(formula, f'output {name!r}'))}")
    readout = _readout(specification.readout)
    if readout:
        lines += ["", "[readout]", *readout]
    text = "\n".join(lines) + "\n"
    _require_same(specification, text)
    return text


def _require_same(specification: Specification, text: str) -> None:
    """What was written is read back and compared, so that digests and certificates carry over."""
    try:
        text.encode("utf-8")
        again = parse_specification(text, Path(), specification.family)
    except (InputError, UnicodeEncodeError) as error:
        raise InputError(f"the specification has no text form: {error}") from None
    if (
        again.canonical() != specification.canonical()
        or again.domain.canonical() != specification.domain.canonical()
    ):
        raise InputError("the specification has no text form that reads back the same")


def _domain(domain: Domain) -> list[str]:
    """The lines of domain and values; nothing where they are the defaults."""
    parts: dict[str, str] = {}
    if domain.has_cardinality:
        if domain.at_least == domain.at_most:
            parts["exactly"] = str(domain.at_most)
        else:
            if domain.at_least > 0:
                parts["at_least"] = str(domain.at_least)
            if domain.at_most < domain.inputs:
                parts["at_most"] = str(domain.at_most)
    if domain.balls:
        balls = (f"{ball.radius} of {_bits(ball.centre)}" for ball in domain.balls)
        parts["within"] = _list(map(_string, balls))
    if domain.one_hot:
        groups = ([_string(domain.names[i]) for i in group] for group in domain.one_hot)
        parts["one_hot"] = _list(map(_list, groups))
    if domain.where is not None:
        parts["where"] = _string(_formula(domain.where, "domain: where"))
    if domain.points is not None:
        parts["points"] = _list(_string(_bits(row)) for row in domain.points)
    lines = []
    if domain.values != (Fraction(0), Fraction(1)):
        lines.append(f"values = {_list(map(_rational, domain.values))}")
    if list(parts) in (["exactly"], ["at_least"], ["at_most"]):
        ((key, count),) = parts.items()
        lines.append(f"domain = {_string(key.replace('_', ' ') + ' ' + count)}")
    elif parts:
        # a table of its own: TOML 1.0 allows no line breaks in an inline one
        lines += ["", "[domain]", *(f"{key} = {value}" for key, value in parts.items())]
    return lines


def _readout(readout: Readout) -> list[str]:
    if isinstance(readout, Threshold):
        return [f"threshold = {_rational(readout.threshold)}"] if readout.threshold else []
    if isinstance(readout, Levels):
        return [
            f"true_at_least = {_rational(readout.true_at_least)}",
            f"false_at_most = {_rational(readout.false_at_most)}",
        ]
    if isinstance(readout, Argmax):
        return ['kind = "argmax"']
    raise InputError(f"readout: {type(readout).__name__} has no text form")


def _formula(formula: Formula, what: str) -> str:
    try:
        text = str(formula)
        same = parse_formula(text) == formula
    except (InputError, RecursionError):
        same = False
    if not same:
        raise InputError(
            f"{what}: the formula has no text form; connectives need two operands or more, "
            "counts must not exceed them, and nesting has its limit"
        )
    return text


def _rational(value: Fraction) -> str:
    """An integer or a decimal where that is exact and short, else a fraction as text."""
    if value.denominator == 1:
        return str(value.numerator) if abs(value) < 1 << 63 else _string(str(value.numerator))
    for digits in range(1, _DIGITS + 1):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            body = str(abs(scaled.numerator)).rjust(digits + 1, "0")
            sign = "-" if value < 0 else ""
            return f"{sign}{body[:-digits]}.{body[-digits:]}"
    return _string(str(value))


def _list(items: Iterable[str]) -> str:
    items = list(items)
    line = f"[{', '.join(items)}]"
    if len(line) <= _WIDTH:
        return line
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _key(name: Any) -> str:
    return name if isinstance(name, str) and _BARE_KEY.match(name) else _string(name)


def _string(text: Any) -> str:
    """A TOML basic string; control characters and DEL must be escaped."""
    if not isinstance(text, str):
        raise InputError(f"the name {text!r} must be text")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = "".join(c if ord(c) >= 32 and ord(c) != 127 else f"\\u{ord(c):04x}" for c in escaped)
    return f'"{plain}"'


def _bits(row: Any) -> str:
    return "".join("1" if bit else "0" for bit in row)
