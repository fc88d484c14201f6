"""A problem: network, specification and domain, in one canonical exact form."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .dyadic import Dyadic
from .errors import InputError
from .network import Network
from .specification import Specification
from .verdict_text import amount

#: Version of the canonical JSON form.
FORMAT = "superproof-problem-1"


@dataclass(frozen=True, eq=False)
class Problem:
    """Does the network compute the specification on every input of its domain?

    Raises InputError when the numbers of inputs or outputs do not fit together, or there are no
    formulas.
    """

    network: Network
    specification: Specification

    def __post_init__(self) -> None:
        require_fit(self.network, self.specification)
        self.specification.require_formulas()

    def values(self, points: np.ndarray) -> np.ndarray:
        """Exact outputs on a 0/1 matrix (points, inputs): Fractions (points, outputs)."""
        false, true = self.specification.domain.values
        if false == 0 and true == 1:
            return self.network.evaluate(points.astype(np.int64))
        fed = np.array([false, true], dtype=object)
        return self.network.evaluate(fed[points.astype(bool).astype(np.int64)])

    def margins(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact margins (Fractions) and violations (bool), both (points, outputs)."""
        expected = self.specification.expected(points)
        margins = self.specification.readout.margins(self.values(points), expected)
        return margins, self.specification.readout.violated(margins, expected)

    @cached_property
    def dense(self) -> Problem:
        """The same problem with dense weights, as most engines need; itself where they are.

        Raises InputError for a sparse weight of more than 2**22 entries, zeros included.
        """
        network = self.network.dense
        return self if network is self.network else Problem(network, self.specification)

    def canonical(self) -> dict[str, Any]:
        """The whole problem as plain JSON data: integers, text and lists only."""
        return {
            "format": FORMAT,
            "network": canonical_network(self.network),
            "specification": self.specification.canonical(),
            "domain": self.specification.domain.canonical(),
            "sha256": self.sha256,
        }

    @cached_property
    def sha256(self) -> dict[str, str]:
        """SHA-256 of network, specification and domain in canonical form."""
        return {
            "network": digest(canonical_network(self.network)),
            "specification": digest(self.specification.canonical()),
            "domain": digest(self.specification.domain.canonical()),
        }


def require_fit(network: Network, specification: Specification) -> None:
    """Raise InputError when the numbers of inputs or outputs do not fit together."""
    pairs = (
        ("input", network.input_size, len(specification.inputs)),
        ("output", network.output_size, len(specification.outputs)),
    )
    for what, has, wants in pairs:
        if has != wants:
            raise InputError(
                f"the network has {amount(has, what)}, but the specification names {wants}"
            )


def canonical_network(network: Network) -> dict[str, Any]:
    """Each layer as integer mantissas (row by row) and one power of two an array.

    The weight of a sparse layer has the mantissas of its nonzeros, their columns in ``indices``
    (ascending within a row), and in ``indptr`` where each row begins and the last one ends.
    """
    layers = []
    for layer in network.layers:
        weight = _mantissas(layer.exact_entries)
        if layer.sparse:
            weight["indptr"] = layer.csr.indptr.tolist()
            weight["indices"] = layer.csr.indices.tolist()
        layers.append(
            {
                "activation": layer.activation,
                "shape": [layer.width, layer.fan_in],
                "weight": weight,
                "bias": _mantissas(layer.exact_bias),
            }
        )
    return {"layers": layers}


def _mantissas(array: Dyadic) -> dict[str, Any]:
    return {"exponent": array.exponent, "mantissas": array.mantissa.ravel().tolist()}


def digest(data: Any) -> str:
    """SHA-256 of JSON data written with sorted keys and without spaces."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
