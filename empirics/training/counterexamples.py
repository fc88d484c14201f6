"""Counterexamples to train on: the same ones for the same network, however busy the machine is."""

from __future__ import annotations

import numpy as np

from ...verify.check import check
from ...verify.network import Network
from ...verify.specification import Specification

#: Counterexamples asked for, and used, in a revision of the data.
REPORTED, USED = 1024, 128
#: Domains up to this size are enumerated, larger ones left to the tree.
ENUMERATED = 1 << 14


def wrong_points(
    model: Network,
    specification: Specification,
    rng: np.random.Generator,
    timeout: float | None = None,
) -> np.ndarray | None:
    """Some inputs on which a network is wrong, uint8 (points, inputs); None where none is known.

    The engine follows from the size of the domain. Left to themselves the engines run in turn, by
    time, and which one ends first decides which inputs are found: a seed would then not say how a
    training goes on.

    Args:
        model: the network.
        specification: what it should compute.
        rng: chooses :data:`USED` of those found.
        timeout: seconds for the search.
    """
    engine = "enumerate" if specification.domain.candidates <= ENUMERATED else "tree"
    verdict = check(
        model,
        specification,
        engine=engine,
        counterexamples=REPORTED,
        timeout=timeout,
        threads=1,
        dtypes=(),
    )
    if verdict.status != "violated":
        return None
    found = np.array([example.bits for example in verdict.counterexamples], dtype=np.uint8)
    return found[rng.permutation(len(found))[:USED]]
