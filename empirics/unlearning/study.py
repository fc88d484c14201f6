"""Unlearning many clauses at once: erase, decide exactly, let recover, take apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...constructions.editing.target import RefusedError
from ...verify.comparison.compare import compare
from ..reading.codes import hard_code
from ..training.program import FinishedRun
from ..training.relu_networks import NetworkRun, ReluNetworks
from ..training.trainer import train_runs
from .case import Case
from .decomposition import (
    Block,
    by_block,
    by_tensor,
    decompose,
    decompose_update,
    difference,
    move,
    parts,
)
from .methods import ERASED, Method
from .persistence import persistence
from .plain_descent import descend_plainly
from .recovery import PLAIN_RATE, PLAIN_REGIMES, REGIMES, at_once, drifting, recovering
from .remnant import cube_text, remnant
from .survival import Time
from .tuning import FineTuning, Tuning, effective
from .weights import Weights, network_of, read_true

#: Bytes of a batch: many small networks, whose surveys cost more than their products.
MEMORY = 1 << 25


@dataclass(frozen=True, eq=False)
class Variant:
    """A network from which a method removed a clause, or tried to.

    Attributes:
        case, method: what was asked.
        weights: after unlearning; None where there is nothing to look at.
        steps: of training.
        reason: why there is nothing.
    """

    case: Case
    method: Method
    weights: Weights | None
    steps: int = 0
    reason: str = ""


def erase(asked: Sequence[tuple[Case, Method]], device: str = "cpu") -> list[Variant]:
    """Do what the methods say, their training runs side by side."""
    plans = [method.plan(case) for case, method in asked]
    trained = _trained([plan for plan in plans if plan is not None], device)
    found = []
    for (case, method), plan in zip(asked, plans, strict=True):
        done = None if plan is None else trained[id(plan)]
        steps = 0 if done is None else done.steps
        if done is not None and done.stop == "diverged":
            found.append(Variant(case, method, None, steps, "its training diverged"))
            continue
        if isinstance(plan, NetworkRun) and done is not None and not done.exact:
            found.append(Variant(case, method, None, steps, "it did not become exact"))
            continue
        try:
            weights = method.finish(case, None if done is None else _weights(done))
        except RefusedError as error:
            found.append(Variant(case, method, None, steps, f"refused: {error}"))
            continue
        found.append(Variant(case, method, weights, steps))
    return found


def decide(variant: Variant) -> dict[str, Any]:
    """Exact counts over all inputs beside the sampled rates that are usually reported."""
    case, weights = variant.case, variant.weights
    assert weights is not None
    network, target = network_of(weights), case.target
    answer = compare(
        case.network,
        network,
        target.specification,
        forgotten=[target.name],
        counterexamples=0,
        threads=1,
    )
    claim = answer.claim
    assert claim is not None
    rates = {
        name: float(read_true(weights, points).mean()) for name, points in case.measured.items()
    }
    left = remnant(network, target)
    names = target.specification.inputs
    return {
        "clean": claim.status == "holds",
        "stay": claim.residual,
        "coll": claim.damage,
        "target_inputs": claim.inputs[target.specification.outputs[target.output]],
        "inputs": answer.domain_size,
        "target_rate": rates["target"],
        "retain_rate": rates["retain"],
        "false_rate": rates["quiet"],
        "erased": bool(read_true(weights, case.watched).mean() <= ERASED),
        "remnant": left
        and {
            "literals": left.fewest,
            "cube": cube_text(left.cube, names) if left.fewest is not None else None,
            "primes": left.primes,
        },
        "code": persistence(case, weights).to_json(rates["target"]),
    }


def recover(
    variants: Sequence[Variant], steps: int, device: str = "cpu"
) -> list[dict[str, dict[str, Any]]]:
    """Let every variant recover under every regime, and take the recoveries apart.

    Returns for each variant by regime: ``steps``, ``recovered``, and where the clause came back
    and the method moved the weights of the given network the numbers of :func:`_apart`.
    """
    asked: dict[tuple[int, str], Tuning] = {}
    times: dict[tuple[int, str], Time] = {}
    for number, variant in enumerate(variants):
        assert variant.weights is not None
        now = at_once(variant.case, variant.weights)
        for regime in REGIMES:
            if now is not None:
                times[number, regime] = now
            else:
                run = recovering(variant.case, variant.weights, regime, steps)
                asked[number, regime] = run
    done = _trained(list(asked.values()), device)
    ends: dict[tuple[int, str], Weights] = {}
    for place, run in asked.items():
        finished = done[id(run)]
        times[place] = Time(finished.steps, finished.stop == "learned")
        if finished.stop != "diverged":
            ends[place] = _weights(finished)
    drifts = _drifts(variants, times, ends, device)
    found: list[dict[str, dict[str, Any]]] = []
    for number, variant in enumerate(variants):
        row: dict[str, dict[str, Any]] = {}
        for regime in REGIMES:
            time = times[number, regime]
            row[regime] = {"steps": time.steps, "recovered": time.recovered}
            if (number, regime) in ends:
                quiet = variant.case.measured["quiet"]
                row[regime]["false_rate"] = float(read_true(ends[number, regime], quiet).mean())
            if (number, regime) in drifts:
                end, drift = ends[number, regime], drifts[number, regime]
                row[regime] |= _apart(variant, end, drift)
        found.append(row)
    return found


def recover_plainly(
    variants: Sequence[Variant], steps: int, device: str = "cpu"
) -> list[dict[str, dict[str, Any]]]:
    """The same by plain gradient descent: ``steps`` and ``recovered`` by regime."""
    found: list[dict[str, dict[str, Any]]] = [{} for _ in variants]
    asked: list[tuple[int, str, Tuning]] = []
    for number, variant in enumerate(variants):
        assert variant.weights is not None
        now = at_once(variant.case, variant.weights)
        for regime in PLAIN_REGIMES:
            if now is not None:
                found[number][regime] = now._asdict()
            else:
                run = recovering(variant.case, variant.weights, regime, steps, PLAIN_RATE)
                asked.append((number, regime, run))
    times = descend_plainly([run for *_, run in asked], device, MEMORY)
    for (number, regime, _), time in zip(asked, times, strict=True):
        found[number][regime] = time._asdict()
    return found


def _drifts(
    variants: Sequence[Variant],
    times: dict[tuple[int, str], Time],
    ends: dict[tuple[int, str], Weights],
    device: str,
) -> dict[tuple[int, str], Weights]:
    """Where the network that lost nothing would be after the same training, by variant."""
    wanted: dict[tuple[int, str, int], Tuning] = {}
    users: dict[tuple[int, str], Tuning] = {}
    for number, regime in ends:
        variant, (steps, recovered) = variants[number], times[number, regime]
        if not recovered or not variant.method.moves or not _moved(variant):
            continue
        key = id(variant.case), regime, steps
        if key not in wanted:
            wanted[key] = drifting(variant.case, regime, steps)
        users[number, regime] = wanted[key]
    done = _trained(list(wanted.values()), device)
    return {place: _weights(done[id(run)]) for place, run in users.items()}


def _apart(variant: Variant, end: Weights, drift: Weights) -> dict[str, Any]:
    """The recovery along the direction of the erasure, its null, and the causal test."""
    case, weights = variant.case, variant.weights
    assert weights is not None
    whole = decompose(case.weights, weights, end)
    null = decompose_update(difference(case.weights, weights), difference(case.weights, drift))
    split = parts(case.weights, weights, end)
    tensors = by_tensor(case.weights, weights, end)
    code = hard_code(
        case.weights["0.weight"], case.weights["1.weight"][0], case.clauses[case.clause]
    )
    erasure = move(case.weights, weights)
    blocks = by_block(erasure, move(weights, end), code != 0)
    nulls = by_block(erasure, move(case.weights, drift), code != 0)
    points = case.watched
    return {
        "reversal": _number(whole.reversal),
        "energy": _number(whole.energy),
        "remainder": _number(whole.remainder),
        "null_energy": _number(null.energy),
        "null_reversal": _number(null.reversal),
        "energy_by_tensor": {name: _number(part.energy) for name, part in tensors.items()},
        "blocks": _blocks(blocks),
        "null_blocks": _blocks(nulls),
        "along_rate": float(read_true(split.along, points).mean()),
        "beside_rate": float(read_true(split.beside, points).mean()),
    }


def _trained(plans: Sequence[Tuning | NetworkRun], device: str) -> dict[int, FinishedRun]:
    """Finished runs by the identity of their plan."""
    found: dict[int, FinishedRun] = {}
    tunings = [plan for plan in plans if isinstance(plan, Tuning)]
    networks = [plan for plan in plans if isinstance(plan, NetworkRun)]
    for done in _run(tunings, networks, device):
        found[id(done.run)] = done
    return found


def _run(tunings: list[Tuning], networks: list[NetworkRun], device: str) -> Iterator[FinishedRun]:
    if tunings:
        yield from train_runs(FineTuning(), tunings, device=device, memory=MEMORY)
    if networks:
        yield from train_runs(ReluNetworks(), networks, device=device, memory=MEMORY)


def _weights(done: FinishedRun) -> Weights:
    """The weights that a run ended with, biases as vectors."""
    if isinstance(done.run, Tuning):
        return effective(done.run, done.parameters)
    return {
        name: array.reshape(-1) if name.endswith("bias") else array
        for name, array in done.parameters.items()
    }


def _moved(variant: Variant) -> bool:
    """Whether there is a move of the given network's weights, none added."""
    assert variant.weights is not None
    pairs = [(variant.weights[name], old) for name, old in variant.case.weights.items()]
    same = all(new.shape == old.shape for new, old in pairs)
    return same and any(not np.array_equal(new, old) for new, old in pairs)


def _blocks(found: dict[str, Block] | None) -> dict[str, dict[str, float | None]] | None:
    if found is None:
        return None
    return {
        name: {key: _number(value) for key, value in block._asdict().items()}
        for name, block in found.items()
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
