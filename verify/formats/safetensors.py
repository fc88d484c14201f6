"""Networks in ``.safetensors`` files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..network import Network
from .state_dict import network_from_tensors, parse_activations, tensors_from_network
from .storage import BFLOAT16

#: Type names of the format that a weight may have.
_TYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": BFLOAT16,
    "I64": np.dtype("<i8"),
    "U64": np.dtype("<u8"),
    "I32": np.dtype("<i4"),
    "U32": np.dtype("<u4"),
    "I16": np.dtype("<i2"),
    "U16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype(bool),
}


def read_safetensors(path: Path) -> Network:
    """Read tensors named as in :mod:`.state_dict`, with ``activations`` in the metadata.

    Raises InputError for a damaged file, for number types that layers cannot have, and as
    :func:`.state_dict.network_from_tensors` does.
    """
    data = path.read_bytes()
    tensors = read_tensors(data)
    text = _metadata(data).get("activations")
    return network_from_tensors(tensors, None if text is None else parse_activations(text))


def safetensors_bytes(network: Network) -> bytes:
    """The file's content: each array in its own type, ``activations`` as a JSON list.

    Raises InputError for Python numbers that no plain type holds exactly.
    """
    from safetensors.numpy import save

    names = [layer.activation for layer in network.layers]
    return save(tensors_from_network(network), {"activations": json.dumps(names)})


def read_tensors(content: bytes) -> dict[str, np.ndarray]:
    """The tensors of a file by name. Raises InputError for damage and unknown number types."""
    # the library checks sizes and offsets; its numpy reader has no bfloat16, hence by hand
    from safetensors import SafetensorError, deserialize

    try:
        entries = list(deserialize(content))
    except SafetensorError as error:
        raise InputError(f"damaged or not a safetensors file ({error})") from None
    tensors = {}
    for name, entry in entries:
        if entry["dtype"] not in _TYPES:
            raise InputError(
                f"tensor '{name}' has type {entry['dtype']}; use one of {', '.join(_TYPES)}"
            )
        dtype = _TYPES[entry["dtype"]]
        data = bytes(entry["data"])
        if dtype.kind == "b":  # any byte but 0 is true
            data = bytes(map(bool, data))
        values = np.frombuffer(data, dtype=dtype)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def _metadata(data: bytes) -> dict[str, str]:
    # the header was checked by the library: eight bytes of length, then JSON
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length]).get("__metadata__")
    return metadata or {}
