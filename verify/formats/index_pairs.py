"""Lists of pairs of indices in text files and arrays: edges, and pairs of inputs."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import InputError


def read_index_pairs(path: Path, indices: int, noun: str) -> np.ndarray:
    """Read two indices a line, apart by spaces or a comma; ``#`` starts a comment.

    A ``.npz`` holds one array (pairs, 2) instead, which is returned as it is, unchecked.

    Args:
        path: the file.
        indices: each index is below it.
        noun: what an index counts, such as ``input``.

    Returns int64 (pairs, 2) from text. Raises InputError with the file and the line.
    """
    if path.suffix.lower() == ".npz":
        return _read_array(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; write two {noun} indices a line") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    rows: list[tuple[int, int]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].replace(",", " ").split()
        if not words:
            continue
        if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
            raise InputError(
                f"{path}: line {number}: expected two {noun} indices such as '3 17', "
                f"found '{line.strip()}'"
            )
        if max(map(len, words)) > 18 or max(map(int, words)) >= indices:
            raise InputError(
                f"{path}: line {number}: indices run from 0 to {indices - 1}, "
                f"found '{line.strip()}'"
            )
        rows.append((int(words[0]), int(words[1])))
    if not rows:
        raise InputError(f"{path}: no pairs; write two {noun} indices a line")
    return np.array(rows, dtype=np.int64)


def _read_array(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = [arrays[name] for name in arrays.files]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'not an .npz file'}") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        raise InputError(f"{path}: not an .npz file of numbers") from None
    if len(held) != 1:
        raise InputError(f"{path}: holds {len(held)} arrays; one (pairs, 2) is expected")
    return np.asarray(held[0])
