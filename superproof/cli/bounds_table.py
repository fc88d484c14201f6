"""How ``superproof bounds`` shows statements, values and inverses."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..theory.bound import Bound, Value
    from ..theory.catalog import Row

#: How much a bound is worth, in one word.
STANDING = {"exact": "proved", "asymptotic": "order", "heuristic": "estimate", "fit": "measured"}
#: Numbers of functions with more digits than this are not printed whole.
MOST_DIGITS = 60
#: Longer integers are written in hexadecimal, as decimal takes quadratic time.
MOST_DECIMAL_BITS = 1 << 18


def plain(value: Any) -> Any:
    """A value as JSON data: whole numbers as they are, rationals as text, enclosures as ends."""
    from ..theory.enclosure import Enclosure

    if isinstance(value, Enclosure):
        low, high = value.decimals(15)
        return {"low": low, "high": high}
    return str(value) if isinstance(value, Fraction) and value.denominator != 1 else value


def row_json(row: Row, exact: bool) -> dict[str, Any]:
    """One bound on an instance as JSON data."""
    entry = {
        **row.bound.to_json(),
        "instance": {key: plain(value) for key, value in row.instance.items()},
        "value": plain(row.value),
        "reason": row.reason or None,
        "weight_bits": row.weight_bits,
        "lower_bound": plain(row.against),
        "ratio": row.ratio,
    }
    if row.bound.count is not None and row.value is not None:
        number = row.bound.counted_on(row.instance)
        low, high = number.log2()
        entry["log2"] = plain(_enclosure(low, high))
        if exact:
            entry["count"] = _written(_exact_count(row))
    return entry


def _enclosure(low: Fraction, high: Fraction) -> Any:
    from ..theory.enclosure import Enclosure

    return Enclosure(low, high)


def _exact_count(row: Row) -> Fraction:
    """The number of functions written out; its bits must be the bound's value."""
    from ..verify.errors import ContradictionError

    number = row.bound.counted_on(row.instance).exact(None)
    bits = max(0, (-(-number.numerator // number.denominator) - 1).bit_length())
    if bits != row.value:
        raise ContradictionError(
            f"{row.bound.name}: {bits} bits from the integer, {row.value} from the logarithm"
        )
    return number


def _written(number: Fraction) -> str:
    """A rational as text: decimal, or hexadecimal where that would take long."""
    if max(number.numerator, number.denominator).bit_length() <= MOST_DECIMAL_BITS:
        return str(number)
    return f"{number.numerator:#x}" + (
        f"/{number.denominator:#x}" if number.denominator > 1 else ""
    )


def digits(number: int) -> int:
    """How many decimal digits a positive integer has, without writing it out in decimal."""
    # 2^(bits-1) <= number < 2^bits leaves two candidates
    least = (number.bit_length() - 1) * 30102999566 // 10**11 + 1
    power = 10**least
    while number >= power:
        least, power = least + 1, power * 10
    return least


def print_list(chosen: Sequence[Bound]) -> None:
    """All bounds, one a line, by subject."""
    from rich.text import Text

    from .terminal import print_parts, table

    parts: list[Any] = []
    for subject in dict.fromkeys(bound.subject for bound in chosen):
        rows = table((subject, "whole"), ("bounds", "left"), ("is", "whole"), ("needs", "left"))
        for bound in (b for b in chosen if b.subject == subject):
            sizes = " ".join(p.name for p in bound.parameters if p.default is None)
            about = f"{bound.quantity}, {bound.direction}"
            rows.add_row(bound.name, about, STANDING[bound.exactness], sizes)
        parts += [rows, Text()]
    tasks = ", ".join(dict.fromkeys(bound.task for bound in chosen))
    parts.append(Text(f"tasks: {tasks}"))
    parts.append(Text("superproof bounds NAME shows a statement; add sizes to evaluate it"))
    print_parts(parts)


def print_statements(chosen: Sequence[Bound]) -> None:
    """The full entries of a few bounds."""
    from rich.text import Text

    from .terminal import print_parts, table

    parts: list[Any] = []
    for bound in chosen:
        rows = table(("", "whole"), ("", "left"), head=False)
        for heading, text in (
            ("statement", bound.statement),
            ("formula", bound.latex),
            ("bounds", f"{bound.quantity}, {bound.direction}"),
            ("is", STANDING[bound.exactness]),
            ("networks", bound.networks),
            ("regime", "; ".join(condition.words for condition in bound.regime)),
            ("takes", ", ".join(f"{p.name} ({p.meaning})" for p in bound.parameters)),
            ("solves for", ", ".join(m.parameter for m in bound.monotone)),
            ("source", bound.source),
            ("discussed" if bound.exactness != "exact" else "proof", _place(bound)),
        ):
            rows.add_row(heading, Text(text or "-"))
        parts += [Text(bound.name), rows, Text()]
    print_parts(parts[:-1])


def _place(bound: Bound) -> str:
    return f"docs/theory.md, section {bound.section}"


def shown(value: Value) -> str:
    """A value for reading: whole numbers with commas, rationals with their decimals."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return f"{value.numerator:,}"
        short = len(str(value)) <= 12
        return f"{value} = {float(value):.4g}" if short else f"{float(value):.6g}"
    return str(value)


def print_rows(name: str, rows: Sequence[Row], exact: bool) -> None:
    """Every bound on one instance, what it compares with, and why some say nothing."""
    from rich.text import Text

    from .terminal import print_parts, sign, table

    signs = {"lower": sign("≥", ">="), "upper": sign("≤", "<="), "equal": "="}
    about, times = sign("≈", "~"), sign("×", "x")
    instance: dict[str, Any] = {}
    for row in rows:
        instance |= row.instance
    parts: list[Any] = [
        Text(f"{name}: " + ", ".join(f"{k} = {_short(v)}" for k, v in instance.items()))
    ]
    listing = table(
        ("bound", "whole"), ("value", "right"), ("of", "left"), ("is", "whole"),
        ("networks", "left"), ("ratio", "right"),
    )  # fmt: skip
    valued = [row for row in rows if row.value is not None]
    for row in sorted(valued, key=lambda row: row.bound.quantity):
        bound = row.bound
        relation = about if bound.exactness in ("heuristic", "fit") else signs[bound.direction]
        ratio = "" if row.ratio is None else f"{row.ratio:.3g} {times}"
        assert row.value is not None
        value = f"{relation} {shown(row.value)}"
        kind = _kind(row)
        listing.add_row(bound.name, value, bound.quantity, STANDING[bound.exactness], kind, ratio)
    parts.append(listing)
    if {row.bound.direction for row in valued} > {"lower"}:
        text = (
            f"{signs['lower']}: needed by every network of that kind; "
            f"{signs['upper']}: so much suffices; {about}: not a theorem."
        )
        if any(row.ratio is not None for row in valued):
            text += (
                " Ratio: to the largest lower bound for the same kind of networks, at the same "
                "bits a weight."
            )
        parts.append(Text(text))
    parts += [Text(line) for line in _remarks(rows, exact)]
    print_parts(parts)


def _kind(row: Row) -> str:
    # a lower bound that counts binds networks of so many bits a weight, and not others
    lower = row.bound.direction == "lower"
    bits = row.instance.get("bits") if lower else row.weight_bits
    if bits is None or row.bound.form == "any":
        return row.bound.form
    return f"{row.bound.form}, {bits} bit{'' if bits == 1 else 's'}"


def _remarks(rows: Sequence[Row], exact: bool) -> list[str]:
    """Exact counts, rows without a value, and orders of growth."""
    lines = []
    if exact:
        for row in rows:
            if row.bound.count is not None and row.value is not None:
                number = _exact_count(row)
                text = f"a number of {digits(number.numerator):,} digits"
                if number.denominator > 1:
                    text += f" over one of {digits(number.denominator):,}"
                elif digits(number.numerator) <= MOST_DIGITS:
                    text = str(number)
                lines.append(f"{row.bound.name}: 2^{row.value:,} is at least {text}, written out")
    needing: dict[str, list[str]] = {}
    for row in rows:
        if ": needs " in row.reason:
            missing = row.reason.partition(": needs ")[2].split(" ")[0]
            needing.setdefault(missing, []).append(row.bound.name)
        elif row.reason:
            lines.append(row.reason)
    for missing, names in needing.items():
        lines.append(f"with {missing} also: {', '.join(names)}")
    orders = [row.bound.name for row in rows if not row.bound.has_value]
    if orders:
        lines.append(f"orders of growth, without constants: {', '.join(orders)}")
    return lines


def _short(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_inverse(
    chosen: Sequence[Bound], target: str, budget: Any, given: Mapping[str, Any], json: bool
) -> None:
    """The extreme parameter that a budget allows, for every bound that can be solved for it."""
    from rich.text import Text

    from ..theory.errors import RegimeError
    from .terminal import print_json, print_parts, table

    target = target.replace("-", "_")
    rows = table(("bound", "whole"), ("budget", "right"), (target, "right"), ("", "left"))
    entries, reasons = [], []
    for bound in chosen:
        if not bound.has_value:
            continue
        try:
            found = bound.invert(target, budget, **given)
        except RegimeError as error:
            reasons.append(str(error))
            continue
        rises = next(m for m in bound.monotone if m.parameter == target).rises
        word = "at most" if rises else "at least"
        limit = f"{bound.quantity} {_short(budget)}"
        rows.add_row(bound.name, limit, f"{word} {found:,}", STANDING[bound.exactness])
        entries.append(
            {"name": bound.name, "target": target, "value": found, "largest": rises,
             "quantity": bound.quantity, "budget": plain(budget), "exactness": bound.exactness}
        )  # fmt: skip
    if not entries:
        raise RegimeError(reasons[0] if reasons else f"nothing here can be solved for {target}")
    if json:
        print_json({"inverses": entries})
        return
    solvable = [reason for reason in reasons if "no direction is proved" not in reason]
    solvable = [reason for reason in solvable if "has no whole-number parameter" not in reason]
    print_parts([rows, *(Text(reason) for reason in solvable)])


def print_drawn(file: Path) -> None:
    """Say where the picture is."""
    from .terminal import print_text

    print_text(f"drawn: {file}")
