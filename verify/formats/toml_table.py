"""TOML files read exactly: decimals stay the rationals that were written."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..errors import InputError

#: Largest power of ten in a number: a typing error would exhaust the memory before anyone could
#: say so.
MAX_POWER = 5000
_POWER = re.compile(r"[eE]([+-]?[0-9_]+)\s*\Z")


def read_text(path: Path, wanted: str) -> str:
    """A file's text. Raises InputError without the file's name; ``wanted`` is what it should be."""
    try:
        if path.is_dir():
            raise InputError(f"is a folder; name {wanted}")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file") from None
    except UnicodeDecodeError:
        raise InputError("not a text file in UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from None


def parse_table(text: str) -> dict[str, Any]:
    """The tables of a TOML text, with decimals as Decimal. Raises InputError with the line."""
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except RecursionError:
        raise InputError("the TOML is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and integers of more than 4300 digits
        raise InputError(f"not valid TOML: {error}") from None


def exact_number(value: Any, what: str) -> Any:
    """The value, unless it is a number as text that hides a huge power of ten."""
    power = _POWER.search(value) if isinstance(value, str) else None
    if power is not None:
        digits = power[1].lstrip("+-").replace("_", "").lstrip("0")
        if len(digits) > 4 or int(digits or "0") > MAX_POWER:
            raise InputError(f"{what}: {value!r} is beyond powers of ten up to {MAX_POWER}")
    return value


def require_known(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raises InputError for a key that is not known, with the nearest one that is."""
    known = list(known)
    for key in table:
        if key in known:
            continue
        close = difflib.get_close_matches(key, known, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(known)}"
        raise InputError(f"{where}unknown key '{key}'; {hint}")


def _decimal(text: str) -> Decimal:
    number = Decimal(text.replace("_", ""))
    if not number.is_finite():
        raise InputError(f"the number {text} is not finite")
    if number and not -MAX_POWER <= number.adjusted() <= MAX_POWER:
        raise InputError(f"the number {text} is beyond powers of ten up to {MAX_POWER}")
    return number
