"""Verdicts and exact numbers in words, for the terminal and for notebooks."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from .verdict import Verdict

#: Counts up to this many digits are written out with thousands separators.
PLAIN_DIGITS = 15
#: Significant digits of a rounded decimal.
DIGITS = 6
#: Numerators and powers of two beyond this many digits are abbreviated.
FRACTION_DIGITS = 40


def quantity(number: int) -> str:
    """A count a person can read: ``65,536``, ``2^40`` or ``1.27e+30``."""
    if abs(number) < 10**PLAIN_DIGITS:
        return f"{number:,}"
    if number > 0 and number & (number - 1) == 0:
        return f"2^{number.bit_length() - 1}"
    return f"{Context(prec=3).create_decimal(number):.2e}"


def amount(number: int, noun: str) -> str:
    """A count with its noun: ``1 output``, ``65,536 inputs``."""
    return f"{quantity(number)} {noun}{'' if number == 1 else 's'}"


def decimal(value: Fraction) -> str:
    """The value as a decimal: exact where six digits suffice, else rounded and marked ``~``."""
    context = Context(prec=DIGITS)
    rounded = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    mark = "" if Fraction(rounded) == value else "~"
    text = f"{rounded:f}" if Decimal("1e-6") <= abs(rounded) < Decimal("1e9") else f"{rounded:e}"
    return mark + ("0" if rounded == 0 else text)


def at_least(value: float) -> str:
    """A lower bound, rounded down to three digits: what is read is still guaranteed."""
    return f"{Context(prec=3, rounding=ROUND_FLOOR).create_decimal_from_float(value):.3g}"


def fraction(value: Fraction) -> str:
    """The exact value: ``3/4096``, with large powers of two as ``5/2^90``.

    A numerator or denominator beyond forty digits is cut in the middle; the JSON form of a
    verdict has all of it.
    """
    top, bottom = value.numerator, value.denominator
    if bottom == 1:
        return _cut(digits(top))
    if bottom >= 1 << 24 and bottom & (bottom - 1) == 0:
        return f"{_cut(digits(top))}/2^{bottom.bit_length() - 1}"
    return f"{_cut(digits(top))}/{_cut(digits(bottom))}"


def digits(number: int) -> str:
    """All digits; ``str`` refuses numbers of more than a few thousand."""
    return f"{Decimal(number):f}"


def whole_fraction(value: Fraction) -> str:
    """The exact value with all digits."""
    top = digits(value.numerator)
    return top if value.denominator == 1 else f"{top}/{digits(value.denominator)}"


def headline(verdict: Verdict, domain: str | None = None) -> str:
    """The answer in one sentence.

    Args:
        verdict: the answer.
        domain: the domain in words (``all`` for all inputs), if the sentence should name it.
    """
    size = None if verdict.domain_size is None else quantity(verdict.domain_size)
    place = " of the domain" if domain is None else f" of the domain '{shorten(domain, 60)}'"
    place = "" if domain == "all" else place
    one = verdict.domain_size == 1
    if verdict.status == "holds":
        which = "every input" if size is None else "the only input" if one else f"all {size} inputs"
        return f"holds: the network computes the specification on {which}{place}"
    if verdict.status == "violated":
        count = "at least one" if verdict.violations is None else quantity(verdict.violations)
        which = "the inputs" if size is None else f"{size} input{'' if one else 's'}"
        return f"violated: the network is wrong on {count} of {which}{place}"
    return f"unknown: {unknown_reason(verdict)}"


def unknown_reason(verdict: Verdict) -> str:
    """Why there is no answer, as far as the engines said."""
    if verdict.interrupted:
        return f"interrupted after {seconds(verdict.seconds)}"
    details = [a.result for a in verdict.tried if a.result and a.result != "unknown"]
    if details:
        return "; ".join(details)
    if verdict.notes:
        return "; ".join(verdict.notes)
    return f"no answer after {seconds(verdict.seconds)}"


def seconds(duration: float) -> str:
    """A duration: ``0.4 ms``, ``12.3 s``, ``4 min 05 s``."""
    if duration < 0.1:
        return f"{duration * 1000:.2g} ms" if duration < 0.01 else f"{duration * 1000:.0f} ms"
    if duration < 120:
        return f"{duration:.2f} s" if duration < 10 else f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s"


def truth(read: bool | None) -> str:
    """What an output reads as, in words."""
    return "neither" if read is None else "true" if read else "false"


def shorten(text: str, width: int) -> str:
    """The text on one line, cut at ``width`` characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def _cut(text: str) -> str:
    if len(text) <= FRACTION_DIGITS:
        return text
    return f"{text[:12]}...{text[-8:]}"
