"""Networks in ``.npz`` files, the archives that ``numpy.savez`` writes.

The weight of a sparse layer is four arrays, those of its compressed sparse rows:
``0.weight.data``, ``0.weight.indices``, ``0.weight.indptr`` and ``0.weight.shape``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..network import Network
from ..sparse_matrix import from_parts
from .state_dict import network_from_tensors, tensors_from_network
from .storage import BFLOAT16, exact_as

#: The four arrays of a sparse weight.
_SPARSE_PARTS = ("data", "indices", "indptr", "shape")
_SPARSE = re.compile(r"(?P<name>.*weight)\.(?P<part>data|indices|indptr|shape)")
_ACTIVATIONS = "activations"
#: numpy has no bfloat16: such arrays are written as float32, and their names listed here.
_BFLOAT16_NAMES = "bfloat16"


def read_npz(path: Path) -> Network:
    """Read arrays named as in :mod:`.state_dict`, with an optional array ``activations``.

    Nothing is unpickled. Raises InputError for a damaged file, and as
    :func:`.state_dict.network_from_tensors` does.
    """
    tensors = read_arrays(path)
    activations = _names(tensors, _ACTIVATIONS)
    for name in _names(tensors, _BFLOAT16_NAMES) or []:
        if name not in tensors:
            raise InputError(f"the array '{_BFLOAT16_NAMES}' lists '{name}', which is not there")
        array = tensors[name]
        finite = array.dtype.kind == "f" and bool(np.isfinite(array).all())
        narrow = exact_as(array, BFLOAT16) if finite else None
        if narrow is None:
            raise InputError(f"array '{name}' is listed as bfloat16 but holds other numbers")
        tensors[name] = narrow
    for name, array in tensors.items():
        if array.dtype == BFLOAT16:
            continue
        if array.dtype.kind == "V":
            raise InputError(
                f"array '{name}' is stored as raw bytes (numpy writes bfloat16 so); "
                "save it as float32, which holds the same values"
            )
        if array.dtype.kind not in "fiub":
            raise InputError(f"array '{name}' has type {array.dtype}; it must hold numbers")
    return network_from_tensors(_with_sparse(tensors), activations)


def npz_bytes(network: Network) -> bytes:
    """The file's content: each array in its own type, bfloat16 as float32 and listed by name,
    a sparse weight as its four arrays, compressed.

    Raises InputError for Python numbers that no plain type holds exactly.
    """
    tensors = tensors_from_network(network)
    narrow = [name for name, array in tensors.items() if array.dtype == BFLOAT16]
    for name in narrow:
        tensors[name] = tensors[name].astype(np.float32)
    tensors[_ACTIVATIONS] = np.array([layer.activation for layer in network.layers])
    if narrow:
        tensors[_BFLOAT16_NAMES] = np.array(narrow)
    buffer = io.BytesIO()
    save = np.savez_compressed if network.sparse else np.savez
    save(buffer, allow_pickle=False, **tensors)
    return buffer.getvalue()


def _with_sparse(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The arrays with the four of each sparse weight replaced by one matrix."""
    tensors, sparse = dict[str, Any](), dict[str, dict[str, np.ndarray]]()
    for key, array in arrays.items():
        if match := _SPARSE.fullmatch(key):
            sparse.setdefault(match["name"], {})[match["part"]] = array
        else:
            tensors[key] = array
    for name, parts in sparse.items():
        missing = [f"'{name}.{part}'" for part in _SPARSE_PARTS if part not in parts]
        if missing:
            raise InputError(f"the sparse weight '{name}' lacks {' and '.join(missing)}")
        if name in tensors:
            raise InputError(f"'{name}' is there as a dense and as a sparse weight")
        shape = parts.pop("shape")
        if shape.shape != (2,) or shape.dtype.kind not in "iu" or (shape < 0).any():
            raise InputError(f"'{name}.shape' must be two whole numbers, [out, in]")
        rows, columns = map(int, shape)
        tensors[name] = from_parts(**parts, shape=(rows, columns), what=f"'{name}'")
    return tensors


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an archive by name; raises InputError for a damaged one. Unpickles nothing."""
    data = io.BytesIO(path.read_bytes())
    try:
        archive = np.load(data, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InputError("holds one bare array, not an archive; write it with numpy.savez")
        arrays = {name: archive[name] for name in archive.files}
    except InputError:
        raise
    # a damaged archive can fail in zipfile, zlib, numpy's header parser or an allocation
    except Exception as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        if "allow_pickle" in reason:
            reason = "it holds pickled Python objects; save plain arrays of numbers"
        raise InputError(f"damaged or not an npz file ({reason})") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"'{name}' in the archive is not a numpy array")
    return arrays


def _names(tensors: dict[str, np.ndarray], key: str) -> list[str] | None:
    """Take a list of names out of the archive; None when it is not there."""
    array = tensors.pop(key, None)
    if array is None:
        return None
    if array.dtype.kind != "U" or array.ndim != 1:
        raise InputError(f"the array '{key}' must be a list of names")
    return [str(name) for name in array]
