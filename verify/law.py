"""Laws of random inputs: exact probabilities of Boolean vectors."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .domain import Domain
from .domain_notation import rational
from .errors import InputError
from .verdict_text import amount, fraction

#: The denominators of all inputs together have at most this many bits.
BITS = 1 << 22
_FORMS = (
    "'uniform', a probability such as 1/10 or 0.1, 'subsets K', or the name of a .toml or "
    ".json file"
)
_SUBSETS = re.compile(r"subsets\s+(\S+)\Z")
_KEYS = ("default", "p")


class Law(ABC):
    """How likely each vector is, as integer weights of its inputs.

    A law speaks of all vectors. Conditional on a domain, a vector of ``restricted(domain)`` has
    its weight divided by the sum of the weights there.
    """

    @abstractmethod
    def weights(self, inputs: int) -> tuple[tuple[int, int], ...]:
        """For each input the weight of false and of true; a vector's weight is their product."""

    @abstractmethod
    def total(self, inputs: int) -> int:
        """Sum of the weights of all vectors to which the law gives a probability."""

    def restricted(self, domain: Domain) -> Domain:
        """The vectors of the domain on which the weights are the law's own."""
        return domain

    def weight(self, bits: Sequence[Any] | np.ndarray) -> Fraction:
        """Probability of one vector, before anything is said about a domain."""
        parts = zip(self.weights(len(bits)), bits, strict=True)
        return Fraction(math.prod(pair[bool(bit)] for pair, bit in parts), self.total(len(bits)))


@dataclass(frozen=True)
class Uniform(Law):
    """Every vector of the domain is equally likely."""

    def weights(self, inputs: int) -> tuple[tuple[int, int], ...]:
        """One for either value."""
        return ((1, 1),) * inputs

    def total(self, inputs: int) -> int:
        """The number of vectors."""
        return 1 << inputs

    def __str__(self) -> str:
        return "uniform on the domain"


@dataclass(frozen=True)
class Subsets(Law):
    """Every choice of exactly ``active`` true inputs is equally likely.

    Source: the sparse inputs of arXiv 2409.15318 (v-subsets).
    """

    active: int

    def weights(self, inputs: int) -> tuple[tuple[int, int], ...]:
        """One for either value."""
        return ((1, 1),) * inputs

    def total(self, inputs: int) -> int:
        """The number of choices."""
        return math.comb(inputs, self.active)

    def restricted(self, domain: Domain) -> Domain:
        """The vectors of the domain with exactly that many true inputs, possibly none."""
        least, most = max(domain.at_least, self.active), min(domain.at_most, self.active)
        return replace(domain, at_least=least, at_most=most)

    def weight(self, bits: Sequence[Any] | np.ndarray) -> Fraction:
        """One over the number of choices, and 0 for another number of true inputs."""
        return Fraction(sum(map(bool, bits)) == self.active, self.total(len(bits)))

    def __str__(self) -> str:
        return f"uniform on the inputs with exactly {self.active} true"


@dataclass(frozen=True)
class Product(Law):
    """Inputs are true independently, input i with probability ``p[i]``."""

    p: tuple[Fraction, ...]

    def weights(self, inputs: int) -> tuple[tuple[int, int], ...]:
        """Denominator less numerator, and numerator of each probability."""
        assert inputs == len(self.p)
        return tuple((p.denominator - p.numerator, p.numerator) for p in self.p)

    def total(self, inputs: int) -> int:
        """The product of the denominators."""
        return math.prod(p.denominator for p in self.p)

    def __str__(self) -> str:
        values = sorted(set(self.p), key=self.p.count, reverse=True)
        if len(values) == 1:
            return f"each input true with probability {fraction(values[0])}"
        if len(values) > 3:
            return f"inputs true independently, with {len(values)} different probabilities"
        shares = [f"{fraction(v)} ({amount(self.p.count(v), 'input')})" for v in values]
        return f"inputs true independently, with probability {', '.join(shares)}"


def parse_law(description: Any, names: Sequence[str]) -> Law:
    """Read a law over the named inputs.

    Args:
        description: ``"uniform"``; one probability for all inputs (``"1/10"`` and ``"0.1"`` are
            exactly that, a float is the number stored); ``"subsets K"``; the name of a file
            ``.toml`` or ``.json``; or what such a file holds, a mapping with ``default`` (for
            inputs that are not named) and ``p`` (name to probability).
        names: input names in network order.

    Raises:
        InputError: a text, file, name or number that does not fit.
    """
    if isinstance(description, Law):
        if isinstance(description, Product) and len(description.p) != len(names):
            raise InputError(
                f"probability: the law is about {len(description.p)} inputs, not {len(names)}"
            )
        return description
    if isinstance(description, Mapping):
        return _product(description, names, "probability")
    if isinstance(description, Path):
        return _from_file(description, names)
    if not isinstance(description, str):
        return _same(description, names)
    text = description.strip()
    if text == "uniform":
        return Uniform()
    if match := _SUBSETS.match(text):
        return Subsets(_active(match[1], len(names)))
    if Path(text).suffix in (".toml", ".json"):
        return _from_file(Path(text), names)
    if not re.match(r"[-+.\d]", text):
        raise InputError(f"probability: '{text}' is not understood; write {_FORMS}")
    return _same(text, names)


def _active(text: str, inputs: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InputError(f"probability: 'subsets' needs a whole number, not '{text}'")
    if int(text) > inputs:
        raise InputError(
            f"probability: 'subsets {int(text)}' is out of range; there are {inputs} inputs"
        )
    return int(text)


def _same(value: Any, names: Sequence[str]) -> Product:
    return _bounded((_probability(value, "probability"),) * len(names), "probability")


def _probability(value: Any, what: str) -> Fraction:
    number = rational(value, what)
    if not 0 <= number <= 1:
        shown = value if isinstance(value, str) and len(value) < 40 else f"{float(number):g}"
        raise InputError(f"{what}: {shown} is not between 0 and 1")
    return number


def _bounded(p: tuple[Fraction, ...], what: str) -> Product:
    bits = sum(number.denominator.bit_length() for number in p)
    if bits > BITS:
        raise InputError(
            f"{what}: the denominators of the probabilities have {bits:,} bits together; at most "
            f"{BITS:,} are kept exactly: write shorter probabilities"
        )
    return Product(p)


def _product(data: Mapping[str, Any], names: Sequence[str], what: str) -> Product:
    """The law that a file or a mapping describes."""
    for key in data:
        if key not in _KEYS:
            hint = _hint(str(key), _KEYS) or f"; known keys: {', '.join(_KEYS)}"
            if key in names:
                hint = f"; probabilities of inputs stand below p: write [p] and {key} = ..."
            raise InputError(f"{what}: unknown key '{key}'{hint}")
    own = data.get("p", {})
    if not isinstance(own, Mapping):
        raise InputError(f'{what}: p is not a table; write [p] with lines such as x3 = "1/2"')
    known = set(names)
    for name in own:
        if name not in known:
            raise InputError(f"{what}: p: unknown input '{name}'{_hint(str(name), names)}")
    default = None
    if "default" in data:
        default = _probability(data["default"], f"{what}: default")
    p = []
    for name in names:
        if name in own:
            p.append(_probability(own[name], f"{what}: p: {name}"))
        elif default is not None:
            p.append(default)
        else:
            raise InputError(
                f"{what}: input '{name}' has no probability; name it below p, or give a default"
            )
    return _bounded(tuple(p), what)


def _hint(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _from_file(path: Path, names: Sequence[str]) -> Product:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        # decimals stay text, so that they are exact as written
        if path.suffix == ".toml":
            data = tomllib.loads(text, parse_float=str)
        else:
            data = json.loads(
                text, parse_float=str, parse_constant=str, object_pairs_hook=_without_repetition
            )
    except RecursionError:
        raise InputError(f"{path}: nested too deeply") from None
    except ValueError as error:
        kind = path.suffix[1:].upper()
        raise InputError(f"{path}: not valid {kind}: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected a table with the keys {' and '.join(_KEYS)}")
    return _product(data, names, str(path))


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key '{next(k for k in keys if keys.count(k) > 1)}' occurs twice")
    return data
