"""Proving that a network in the plain form computes its ANDs, on the numbers that are stored."""

from __future__ import annotations

import numpy as np

from ..verify.engines.criterion import shared_neurons, slacks
from ..verify.engines.plain_network import UnrecognisedError
from ..verify.engines.plain_network import plain_network as recognised
from ..verify.errors import ProofError
from ..verify.family import Family
from ..verify.network import Network
from ..verify.problem import Problem
from ..verify.specification import Specification


def certify_plain(network: Network, tuples: np.ndarray, active: int) -> int:
    """Prove that a network in the plain form computes the ANDs of ``tuples``; see Theorem 1.

    Works on the stored numbers, whatever made them. Returns the least slack (1 or more).
    Raises ProofError when the network is not in the plain form for these tuples, or when the
    criterion, which is complete, finds outputs that some input gets wrong.
    """
    if network.sparse:
        return _certify_sparse(network, tuples, active)
    if [layer.activation for layer in network.layers] != ["relu", "identity"]:
        raise ProofError("not a plain network: it needs one ReLU layer and a linear read-out")
    hidden, readout = network.layers
    code = hidden.weight.astype(np.float64)
    if not np.isin(code, (0, 1)).all():
        raise ProofError("not a plain network: the code holds other weights than 0 and 1")
    shared = shared_neurons(code.astype(bool), tuples)
    parts = (
        ("hidden bias", hidden.bias, np.full(len(code), 1 - tuples.shape[1])),
        ("read-out weight", readout.weight, shared),
        ("read-out bias", readout.bias, 0.5 - shared.sum(axis=1)),
    )
    for name, has, wants in parts:
        if not np.array_equal(has.astype(np.float64), wants.astype(np.float64)):
            raise ProofError(f"not a plain network for these tuples: the {name} differs")
    slack = slacks(code, tuples, active)
    if slack.min() < 1:
        raise ProofError(
            f"{int((slack < 1).sum())} of {len(tuples)} outputs are wrong on some input with at "
            f"most {active} active, first output {int(np.flatnonzero(slack < 1)[0])}"
        )
    return int(slack.min())


def _certify_sparse(network: Network, tuples: np.ndarray, active: int) -> int:
    specification = Specification(
        network.input_size, family=Family("and", tuples), domain={"at_most": active}
    )
    try:
        plain = recognised(Problem(network, specification))
    except UnrecognisedError as error:
        raise ProofError(f"not a plain network for these tuples: {error}") from None
    top, _ = plain.code.imitations(active)
    slack = plain.most_false() + 1 - top
    wrong = (slack < 1) | plain.wrongly_false()
    if wrong.any():
        raise ProofError(
            f"{int(wrong.sum())} of {len(tuples)} outputs are wrong on some input with at "
            f"most {active} active, first output {int(wrong.argmax())}"
        )
    return int(slack.min())
