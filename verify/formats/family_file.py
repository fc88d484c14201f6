"""Families in specification files: the kind in the TOML, the members in an ``.npz`` beside it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..family import KINDS, Family
from .npz import read_arrays

_FORM = 'write family = { kind = "and", members = "pairs.npz" }'
_MEMBERS = "members"


def read_family(table: Any, folder: Path) -> Family:
    """Read the value of ``family`` in a specification file that lies in ``folder``.

    Args:
        table: ``kind`` (``and`` or ``or``) and ``members``, the name of an ``.npz`` file whose
            array ``members`` has shape (outputs, arity): input numbers from 0.
        folder: where a relative file name is looked up.

    Raises InputError for another form, a file that cannot be read, and as Family does.
    """
    if not isinstance(table, dict) or set(table) != {"kind", _MEMBERS}:
        raise InputError(f"family: {_FORM}")
    kind, name = table["kind"], table[_MEMBERS]
    if kind not in KINDS:
        raise InputError(f"family: unknown kind {kind!r}; use one of {', '.join(KINDS)}")
    if not isinstance(name, str) or Path(name).suffix.lower() != ".npz":
        raise InputError(f"family: members must name an .npz file; {_FORM}")
    path = folder / name
    try:
        arrays = read_arrays(path)
    except FileNotFoundError:
        raise InputError(f"family: there is no file {path}") from None
    except OSError as error:
        raise InputError(f"family: {path} cannot be read: {error.strerror or error}") from None
    except InputError as error:
        raise InputError(f"family: {path}: {error}") from None
    if set(arrays) != {_MEMBERS}:
        held = ", ".join(f"'{key}'" for key in list(arrays)[:3]) or "none"
        raise InputError(
            f"family: {path} must hold one array, '{_MEMBERS}' of shape (outputs, arity); it "
            f"holds {held}"
        )
    return Family(kind, arrays[_MEMBERS])


def members_bytes(family: Family) -> bytes:
    """The content of the ``.npz`` file that :func:`read_family` reads."""
    smallest = np.min_scalar_type(int(family.members.max()))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, members=family.members.astype(smallest))
    return buffer.getvalue()
