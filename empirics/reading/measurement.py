"""One trained network, measured: what is read, what the static decoders see, what others need."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...verify.network import Network
from ...verify.specification import Specification
from ..tasks import Clause, CnfTask, DnfTask
from .decoders import DECODERS, candidates
from .dnf import equivalent
from .hidden_layer import HiddenLayer, hidden_layer
from .learn import Limits, learn
from .nulls import shuffled, significant
from .output import Reader
from .read import read_network
from .target import Target

#: Decoders whose clauses are tested against chance, and the family-wise error and shuffles.
TESTED, RATE, SHUFFLES = ("hess", "row"), 0.05, 19
#: Seconds for the reading of one network, and for each baseline.
READING, BASELINE = 60.0, 30.0
#: Decision diagrams are compiled up to so many inputs.
DIAGRAM = 24


def measure(
    network: Network,
    specification: Specification,
    task: DnfTask | CnfTask,
    *,
    exact: bool,
    seed: int,
    timeout: float = READING,
    baselines: bool = True,
) -> dict[str, Any]:
    """Read a network without its formula, score by equivalence, and run the baselines.

    Args:
        network: two layers, one output.
        specification: what it was trained on; its formulas score, and are the intended ones where
            the network has errors.
        task: the clauses.
        exact: it is known to compute the specification.
        seed: of all samples.
        timeout: seconds of the reading.
        baselines: other learners and diagrams as well.

    Returns:
        JSON values.
    """
    reader = Reader(Limits(timeout=timeout), seed)
    found = read_network(network, specification, reader=reader)
    one = found.outputs[0]
    truth = isinstance(task, DnfTask)
    clauses = task.clauses if isinstance(task, DnfTask) else task.opposite.clauses
    layer = hidden_layer(network, 0)
    assert layer is not None
    seen = layer if truth else layer.negated
    result: dict[str, Any] = {
        "kind": one.kind,
        "proved": one.decided,
        "certified": found.complete,
        "certificate": None if found.certificate is None else found.certificate.content,
        "as_specified": one.as_specified,
        "static_right": one.static,
        "same_clauses": set(one.clauses) == set(clauses),
        "clauses": len(one.clauses),
        "verify_calls": one.usage.verify,
        "nodes": one.usage.nodes,
        "seconds": round(one.seconds, 4),
        "certificate_seconds": round(found.seconds - one.seconds, 4),
        "why": one.why,
        "exceptions": None,
        "decoders": {name: scored(decoder(seen), clauses) for name, decoder in DECODERS.items()},
    }
    if one.exceptions is not None:
        result["exceptions"] = {
            "cubes": len(one.exceptions.cubes),
            "inputs": one.exceptions.violations,
            "complete": one.exceptions.complete,
        }
    if exact and baselines:
        result["learners"] = _learners(network, specification, seen, truth, seed)
        result["diagram"] = _diagram(network, clauses) if truth else None
    return result


def scored(found: Sequence[Clause], clauses: Sequence[Clause]) -> dict[str, Any]:
    """Recall and precision of clauses, and whether together they are the right function.

    Clauses are compared as sets of literals: those of the tasks are prime. Only the last number
    is a score by equivalence.
    """
    hits = len(set(found) & set(clauses))
    few = len(found) <= 4 * len(clauses)
    return {
        "found": len(set(found)),
        "recall": hits / len(clauses),
        "precision": hits / len(set(found)) if found else None,
        "equivalent": bool(found) and few and equivalent(tuple(found), tuple(clauses)),
    }


def chance(layer: HiddenLayer, seed: int) -> dict[str, Any]:
    """How many clauses decoders return, and how many are more than chance, of either sign."""
    result: dict[str, Any] = {}
    for name in TESTED:
        decoder = DECODERS[name]
        found = significant(layer, decoder, rate=RATE, shuffles=SHUFFLES, seed=seed)
        result[name] = {"found": len(decoder(layer)), "significant": len(found)}
    return result


def _learners(
    network: Network, specification: Specification, layer: HiddenLayer, truth: bool, seed: int
) -> dict[str, Any]:
    """Exact questions of other ways to the same formula."""
    ways: dict[str, tuple[Sequence[Clause], Limits]] = {
        # membership and equivalence queries, as Angluin's learner asks them
        "queries": ((), Limits(200, 200, BASELINE, cubes=True, sampled=False, leaves=False)),
        "leaves": ((), Limits(200, 200, BASELINE, sampled=False)),
        "decode": (candidates(layer), Limits(200, 200, BASELINE, sampled=False)),
    }
    result = {}
    for name, (proposed, limits) in ways.items():
        target = Target.of(network, specification, 0)
        start = time.monotonic()
        found = learn(target, proposed, truth=truth, seed=seed, limits=limits)
        result[name] = {
            "proved": found.proved,
            "verify_calls": target.usage.verify,
            "cube_calls": target.usage.cube,
            "nodes": target.usage.nodes,
            "seconds": round(time.monotonic() - start, 4),
        }
    return result


def _diagram(network: Network, clauses: Sequence[Clause]) -> dict[str, Any] | None:
    from .obdd import compile_obdd

    if network.input_size > DIAGRAM:
        return None
    done = compile_obdd(network, clauses, timeout=BASELINE)
    return {
        "nodes": done.nodes,
        "visited": done.visited,
        "as_formula": done.as_formula,
        "seconds": round(done.seconds, 4),
    }


def permuted(layer: HiddenLayer, seed: int) -> HiddenLayer:
    """A layer with the entries of its first weight permuted: a baseline without structure."""
    return shuffled(layer, np.random.default_rng([seed, 41]))
