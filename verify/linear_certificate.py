"""Certificates that :mod:`.recheck_linear` checks: inputs are read off a linear state."""

from __future__ import annotations

from . import recheck_linear
from .certificate import Certificate
from .errors import ProofError
from .formula import Variable
from .problem import Problem


def linear_form(problem: Problem) -> bool:
    """Whether the problem looks like one for the checker: cheap, and no proof."""
    network, specification = problem.network, problem.specification
    kinds = [layer.activation for layer in network.layers]
    if network.sparse or len(kinds) < 2 or kinds != ["relu"] + ["identity"] * (len(kinds) - 1):
        return False
    if specification.family is not None:
        return bool(specification.family.members.shape[1] == 1)
    return all(isinstance(formula, Variable) for formula in specification.formulas)


def certify_linear(problem: Problem) -> Certificate:
    """The certificate for a verdict ``holds``, which the checker has been asked about.

    Raises ProofError where the checker does not accept it, for it knows one criterion only.
    """
    made = Certificate(
        problem.sha256, recheck_linear.HOLDS, {"kind": "criterion"}, recheck_linear.MAGIC
    )
    try:
        recheck_linear.recheck(problem.canonical(), made.to_bytes())
    except (recheck_linear.RejectedError, recheck_linear.UnreadableError) as error:
        raise ProofError(f"the checker of linear read-outs: {error}") from None
    return made
