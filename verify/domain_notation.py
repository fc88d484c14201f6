"""Reading domains: ``"at most 2"``, ``{ one_hot = [...], where = "a | c" }`` and so on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .domain import Ball, Domain
from .errors import InputError
from .formula import And, Formula
from .grammar import parse_formula, require_known

_FORMS = "'all', 'at most K', 'at least K', 'exactly K', 'within K of BITS' or 'where FORMULA'"
_COUNT = re.compile(r"(at most|at least|exactly)\s+(\S+)\Z")
_WITHIN = re.compile(r"(?:within\s+)?(\S+)\s+of\s+([01\s_]+)\Z")
#: Numbers written with more characters are refused.
MAX_DIGITS = 4000
_KEYS = ("at_most", "at_least", "exactly", "within", "one_hot", "where", "points", "values")


def parse_domain(
    description: Any,
    names: Sequence[str],
    values: Any = None,
    folder: Path | None = None,
) -> Domain:
    """Read a domain.

    Args:
        description: None or ``"all"``; a phrase such as ``"at most 2"``; a mapping with any of
            the keys at_most, at_least, exactly, within, one_hot, where, points, values; or a
            list of such items, which are intersected.
        names: input names in network order.
        values: what a false and a true input feed to the network, default (0, 1).
        folder: where a relative file name under ``points`` is looked up.

    Raises:
        InputError: a phrase, key, name or number that does not fit; or an empty domain.
    """
    reader = _Reader(tuple(names), folder)
    if values is not None:
        reader.read_values(values)
    for item in description if isinstance(description, list | tuple) else [description]:
        reader.read(item)
    return reader.domain()


class _Reader:
    def __init__(self, names: tuple[str, ...], folder: Path | None) -> None:
        self.names = names
        self.places = {name: place for place, name in enumerate(names)}
        self.folder = folder
        self.values: tuple[Fraction, Fraction] | None = None
        self.at_least, self.at_most = 0, len(names)
        self.balls: list[Ball] = []
        self.one_hot: list[tuple[int, ...]] = []
        self.where: list[Formula] = []
        self.points: np.ndarray | None = None

    def domain(self) -> Domain:
        if self.at_least > self.at_most:
            raise InputError(
                f"domain: empty, at least {self.at_least} and at most {self.at_most} true inputs"
            )
        where: Formula | None = None
        if self.where:
            where = self.where[0] if len(self.where) == 1 else And(tuple(self.where))
        domain = Domain(
            self.names,
            self.values or (Fraction(0), Fraction(1)),
            self.at_least,
            self.at_most,
            tuple(self.balls),
            tuple(self.one_hot),
            where,
            self.points,
        )
        if domain.is_empty():
            raise InputError(f"domain: empty, no input satisfies '{domain}'")
        return domain

    def read(self, item: Any) -> None:
        if item is None or item == "all":
            return
        if isinstance(item, Mapping):
            for key, value in item.items():
                self.read_key(str(key), value)
        elif isinstance(item, str):
            self.read_phrase(item.strip())
        else:
            raise InputError(f"domain: expected text or a table, found {type(item).__name__}")

    def read_phrase(self, text: str) -> None:
        if text.startswith("where "):
            self.read_key("where", text[6:])
        elif match := _COUNT.match(text):
            self.read_key(match.group(1).replace(" ", "_"), match.group(2))
        elif text.startswith("within "):
            self.read_key("within", text)
        else:
            raise InputError(f"domain: '{text}' is not understood; write {_FORMS}")

    def read_key(self, key: str, value: Any) -> None:
        if key in ("at_most", "at_least", "exactly"):
            count = self.count(key.replace("_", " "), value)
            if key != "at_least":
                self.at_most = min(self.at_most, count)
            if key != "at_most":
                self.at_least = max(self.at_least, count)
        elif key == "within":
            for item in value if isinstance(value, list) else [value]:
                self.read_within(item)
        elif key == "one_hot":
            self.read_one_hot(value)
        elif key == "where":
            self.read_where(value)
        elif key == "points":
            self.read_points(value)
        elif key == "values":
            self.read_values(value)
        else:
            close = difflib.get_close_matches(key, _KEYS, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(_KEYS)}"
            raise InputError(f"domain: unknown key '{key}'; {hint}")

    def count(self, what: str, value: Any) -> int:
        try:
            count = int(value)
            if isinstance(value, bool) or count != Fraction(value):
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"domain: '{what}' needs a whole number, not {value!r}") from None
        if not 0 <= count <= len(self.names):
            raise InputError(
                f"domain: '{what} {count}' is out of range; there are {len(self.names)} inputs"
            )
        return count

    def bits(self, text: Any) -> tuple[bool, ...]:
        if not isinstance(text, str) or set(text) - set("01 _\n"):
            raise InputError(f"domain: {text!r} is not a string of 0 and 1")
        bits = tuple(c == "1" for c in text if c in "01")
        if len(bits) != len(self.names):
            raise InputError(
                f"domain: '{text}' has {len(bits)} bits, but there are {len(self.names)} inputs"
            )
        return bits

    def read_within(self, value: Any) -> None:
        if isinstance(value, Mapping) and set(value) == {"radius", "of"}:
            radius, centre = value["radius"], value["of"]
        elif isinstance(value, str) and (match := _WITHIN.match(value)):
            radius, centre = match.groups()
        else:
            raise InputError(
                "domain: 'within' needs 'K of BITS' or { radius = K, of = BITS }, "
                f"found {value!r}"
            )
        self.balls.append(Ball(self.bits(centre), self.count("within", radius)))

    def read_one_hot(self, groups: Any) -> None:
        if not isinstance(groups, list | tuple) or not groups:
            raise InputError("domain: one_hot needs a list of groups of input names")
        if isinstance(groups[0], str):
            groups = [groups]
        taken = {i for group in self.one_hot for i in group}
        for group in groups:
            if not isinstance(group, list | tuple) or not group:
                raise InputError("domain: each one_hot group needs at least one input name")
            members = [self.position(name) for name in group]
            for name, member in zip(group, members, strict=True):
                if member in taken:
                    raise InputError(f"domain: input '{name}' is in two one_hot places")
                taken.add(member)
            self.one_hot.append(tuple(members))

    def position(self, name: Any) -> int:
        if not isinstance(name, str) or name not in self.places:
            close = difflib.get_close_matches(str(name), self.names, 1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise InputError(f"domain: unknown input '{name}'{hint}")
        return self.places[name]

    def read_where(self, value: Any) -> None:
        try:
            formula = value if isinstance(value, Formula) else parse_formula(value, self.places)
            require_known(formula, self.places)
        except InputError as error:
            raise InputError(f"domain: {error}") from None
        self.where.append(formula)

    def read_points(self, value: Any) -> None:
        if isinstance(value, str):
            value = self.read_points_file(value)
        if isinstance(value, np.ndarray):
            matrix = value
            if matrix.ndim != 2 or matrix.shape[1] != len(self.names):
                raise InputError(
                    f"domain: points have shape {matrix.shape}, "
                    f"but there are {len(self.names)} inputs"
                )
            if not np.isin(matrix, (0, 1)).all():
                raise InputError("domain: points must hold only 0 and 1")
        else:
            if not isinstance(value, list | tuple) or not value:
                raise InputError("domain: points needs a list of bit strings, or a file name")
            matrix = np.array([self.bits(row) for row in value], dtype=bool)
        unique = np.unique(matrix.astype(bool), axis=0)
        if self.points is not None:
            kept = {row.tobytes() for row in self.points}
            unique = unique[[row.tobytes() in kept for row in unique]]
        self.points = unique

    def read_points_file(self, name: str) -> Any:
        path = Path(name) if self.folder is None else self.folder / name
        try:
            if path.suffix == ".npy":
                return np.load(path, allow_pickle=False)
            return path.read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            raise InputError(f"domain: cannot read points from {path}: {error}") from None

    def read_values(self, value: Any) -> None:
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise InputError("domain: values needs two numbers, for false and for true")
        if self.values is not None:
            raise InputError("domain: values is given twice")
        false, true = (rational(v, "domain: values") for v in value)
        if false == true:
            raise InputError("domain: values for false and true must differ")
        self.values = (false, true)


def rational(value: Any, what: str) -> Fraction:
    """An exact rational from an int, Decimal, float, Fraction or text such as '1/3' or '0.1'."""
    if isinstance(value, bool):
        raise InputError(f"{what}: expected a number, found {value}")
    if isinstance(value, str):
        _, mark, exponent = value.lower().rpartition("e")
        if len(value) > MAX_DIGITS or (mark and len(exponent.strip().lstrip("+-0")) > 4):
            # 1e999999999 is a valid rational that no machine can hold
            raise InputError(f"{what}: {value[:20]!r} is too large to be held exactly")
    try:
        number = Fraction(value)
        # numpy integers stay numpy integers in a Fraction, and overflow there
        return Fraction(int(number.numerator), int(number.denominator))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        raise InputError(f"{what}: {value!r} is not a finite number") from None
