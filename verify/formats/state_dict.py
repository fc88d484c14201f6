"""Layers as named tensors: ``0.weight``, ``0.bias``, ``1.weight``, ... as a Sequential has them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ..errors import InputError
from ..network import Network
from .storage import storable

#: What a tensor file should hold, for messages.
NAMES = "0.weight, 0.bias, 1.weight, ... (or a Sequential's 0, 2, 4, with any common prefix)"
_SPARSE = ("data", "indices", "indptr")
#: A prefix without numbers, the position (several numbers when nested), and the part.
_NAME = re.compile(
    r"(?P<prefix>(?:[^.]*[^.0-9][^.]*\.)*)(?P<place>(?:\d+\.)*)(?P<part>weight|bias)"
)


def network_from_tensors(
    tensors: Mapping[str, np.ndarray], activations: Sequence[str] | None
) -> Network:
    """Put named tensors in the order of their numbers; a missing bias is zero.

    Args:
        tensors: weights (out, in) and biases (out,) by name.
        activations: one a layer, or None for relu between layers and identity last.

    Raises:
        InputError: a tensor that is no weight or bias, two prefixes, a bias without weight,
            or shapes that do not fit together; the message names the tensor.
    """
    # sorted, since the order in a file says nothing and the messages should be the same each time
    matches = {name: _NAME.fullmatch(name) for name in sorted(tensors)}
    strange = [name for name, match in matches.items() if match is None]
    if strange:
        shown = ", ".join(f"'{name}'" for name in strange[:3])
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        raise InputError(f"{shown}{more}: not the weight or bias of a layer; expected {NAMES}")
    named = {name: match for name, match in matches.items() if match is not None}
    if not named:
        raise InputError(f"holds no tensors; expected {NAMES}")
    prefixes = {match["prefix"]: name for name, match in named.items()}
    if len(prefixes) > 1:
        first, second = sorted(prefixes.values())[:2]
        raise InputError(
            f"tensors '{first}' and '{second}' do not share one prefix, so the order of the "
            f"layers is unknown; rename them to {NAMES}"
        )
    parts: dict[tuple[int, ...], dict[str, str]] = {}
    for name, match in named.items():
        place = tuple(int(number) for number in match["place"].split(".")[:-1])
        entry = parts.setdefault(place, {})
        if match["part"] in entry:
            raise InputError(f"tensors '{entry[match['part']]}' and '{name}' have the same place")
        entry[match["part"]] = name
    if activations is None:
        _require_even_spacing(sorted(parts))
    return _network(tensors, [parts[place] for place in sorted(parts)], activations)


def _require_even_spacing(places: list[tuple[int, ...]]) -> None:
    """Refuse numbers such as 0, 1, 3: there a Sequential has no relu between 0 and 1."""
    if len({place[:-1] for place in places}) > 1 or not all(places):
        return  # nested numbers: neighbours need not be neighbours in the module
    gaps = {after[-1] - before[-1] for before, after in pairwise(places)}
    if 1 in gaps and len(gaps) > 1:
        numbers = ", ".join(str(place[-1]) for place in places)
        raise InputError(
            f"the layers are numbered {numbers}, so some have nothing between "
            'them; name the activations in the metadata, e.g. activations = ["identity", "relu", '
            '"identity"], or save with Network.from_torch(model).save(...)'
        )


def tensors_from_network(network: Network) -> dict[str, np.ndarray]:
    """The tensors that :func:`network_from_tensors` reads back, in plain numpy types.

    The weight of a sparse layer is ``0.weight.data``, ``.indices``, ``.indptr`` and ``.shape``.

    Raises InputError for object arrays whose numbers no plain type holds exactly.
    """
    tensors: dict[str, np.ndarray] = {}
    for index, layer in enumerate(network.layers):
        for part in ("weight", "bias"):
            name = f"{index}.{part}"
            stored = getattr(layer, part)
            if part == "weight" and layer.sparse:
                tensors |= {f"{name}.{key}": getattr(stored, key) for key in _SPARSE}
                tensors[f"{name}.shape"] = np.array(stored.shape, dtype=np.int64)
            else:
                tensors[name] = storable(stored, f"tensor '{name}'")
    return tensors


def parse_activations(text: str) -> list[str]:
    """Activations from metadata: a JSON list or names separated by commas.

    Raises InputError when the text is neither.
    """
    if not text.lstrip().startswith("["):
        return [name.strip() for name in text.split(",")]
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"metadata activations = {text[:60]!r} is not a list of names such as "
            '["relu", "identity"]'
        )
    return names


def _network(
    tensors: Mapping[str, np.ndarray],
    layers: list[dict[str, str]],
    activations: Sequence[str] | None,
) -> Network:
    for entry in layers:
        if "weight" not in entry:
            bias = entry["bias"]
            raise InputError(f"tensor '{bias}' has no weight beside it")
        weight = tensors[entry["weight"]]
        if weight.ndim != 2:
            raise InputError(
                f"tensor '{entry['weight']}' has shape {list(weight.shape)}; the weight of a "
                "layer has shape [out, in]"
            )
        if "bias" in entry and tensors[entry["bias"]].shape != weight.shape[:1]:
            raise InputError(
                f"tensor '{entry['bias']}' has shape {list(tensors[entry['bias']].shape)}; "
                f"its weight has {weight.shape[0]} rows"
            )
    if activations is not None and len(activations) != len(layers):
        raise InputError(
            f"metadata names {len(activations)} activations, but there are {len(layers)} layers"
        )
    return Network.from_arrays(
        [tensors[entry["weight"]] for entry in layers],
        [tensors[entry["bias"]] if "bias" in entry else None for entry in layers],
        activations,
    )
