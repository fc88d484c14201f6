"""Networks in ``.npz`` files, the archives that ``numpy.savez`` writes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..network import Network
from .state_dict import network_from_tensors, tensors_from_network
from .storage import BFLOAT16, exact_as

_ACTIVATIONS = "activations"
#: numpy has no bfloat16: such arrays are written as float32, and their names listed here.
_BFLOAT16_NAMES = "bfloat16"


def read_npz(path: Path) -> Network:
    """Read arrays named as in :mod:`.state_dict`, with an optional array ``activations``.

    Nothing is unpickled. Raises InputError for a damaged file, and as
    :func:`.state_dict.network_from_tensors` does.
    """
    tensors = _arrays(path)
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
    return network_from_tensors(tensors, activations)


def npz_bytes(network: Network) -> bytes:
    """The file's content: each array in its own type, bfloat16 as float32 and listed by name.

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
    np.savez(buffer, allow_pickle=False, **tensors)
    return buffer.getvalue()


def _arrays(path: Path) -> dict[str, np.ndarray]:
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
