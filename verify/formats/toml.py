"""Specifications in TOML files: inputs, domain, formulas and read-out."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..specification import Specification
from . import located
from .specification_reader import parse_specification
from .specification_text import specification_text
from .toml_table import read_text


def read_specification(path: Path) -> Specification:
    """Read a specification; decimals are the exact rationals as written.

    Keys: ``inputs`` (names, or a number), ``domain`` (text, table or list), ``values`` (what
    false and true feed to the network), ``[outputs]`` (name = formula), ``outputs`` (a list
    of names, for questions without formulas) or ``family`` (``kind`` and ``members``, see
    :mod:`.family_file`), and ``[readout]`` (``threshold``, or
    ``kind = "argmax"``, or ``true_at_least`` and ``false_at_most``). File names under ``points``
    and ``members`` are relative to the file's folder.

    Raises:
        InputError: a missing file, a syntax error (with line and column), an unknown key, or
            anything that Specification refuses; one line that starts with the file's name.
    """
    path = Path(path)
    try:
        return parse_specification(read_text(path, "a specification file (.toml)"), path.parent)
    except InputError as error:
        raise located(path, error) from None


def write_specification(specification: Specification, path: Path) -> Path:
    """Write the TOML file that read_specification reads back, equal in canonical form.

    The members of a family are written beside it: ``spec.members.npz`` for ``spec.toml``.

    Raises:
        InputError: the file cannot be written, or a formula made in Python has no text form
            (an And of one operand, an atleast with more than it has operands).
    """
    path = Path(path)
    try:
        members = path.with_suffix(".members.npz")
        text = specification_text(specification, members.name)
        if specification.family is not None:
            from .family_file import members_bytes

            members.write_bytes(members_bytes(specification.family))
        path.write_text(text, encoding="utf-8", newline="\n")
    except InputError as error:
        raise located(path, error) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path
