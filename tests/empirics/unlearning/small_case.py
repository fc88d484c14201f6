"""A small network that is proved to compute its formula, trained once for all tests."""

from __future__ import annotations

from functools import cache

from superproof.empirics.training.boolean_task import BooleanTask
from superproof.empirics.training.relu_networks import ReluNetworks
from superproof.empirics.training.trainer import train_runs
from superproof.empirics.unlearning.case import Case, base_run


@cache
def small_case() -> Case:
    """10 inputs, 2 disjoint clauses of 4 literals, 8 neurons; clause 1 is the target."""
    task = BooleanTask("dnf", 10, clauses=2, arity=4, mixed=True, seed=1)
    (done,) = train_runs(ReluNetworks(), [base_run(task, 8, 1)], device="cpu")
    assert done.exact
    weights = {
        name: array.reshape(-1) if name.endswith("bias") else array
        for name, array in done.parameters.items()
    }
    return Case(task, 8, 1, 1, weights)
