"""Certificates made by hand: trees grown by the checker's own rules, files with any content."""

from __future__ import annotations

import json
import math
import random
import zlib
from typing import Any

from superproof.verify import recheck
from superproof.verify.problem import Problem

from ..oracles.fraction_oracle import Answer

#: What nobody claims.
NOTHING = {"violations": None, "violations_by_output": None}


def canonical(problem: Problem) -> Any:
    """The problem's data as they come out of a file."""
    return json.loads(json.dumps(problem.canonical()))


def file_of(problem: Problem, claim: dict[str, Any], evidence: dict[str, Any]) -> bytes:
    """A certificate's file with this content."""
    data = {"sha256": problem.sha256, "claim": claim, "evidence": evidence}
    return file_with(json.dumps(data).encode())


def file_with(text: bytes) -> bytes:
    """A certificate's file with this text."""
    return recheck.MAGIC + zlib.compress(text, 1)


def claim_of(truth: Answer, *, union: bool = True) -> dict[str, Any]:
    """Everything that is true of a problem."""
    return {
        "status": truth.status,
        "violations": truth.violations if union else None,
        "violations_by_output": list(truth.violations_by_output),
    }


def grown(
    problem: recheck.Problem, lanes: int, rng: random.Random, last: list[list[int]] | None = None
) -> list[int]:
    """The codes of trees that split by random inputs until the checker's rules close a node.

    Args:
        lanes: leaves with at most this many are evaluated; others are bounded.
        last: for each output the clauses that come last.
    """
    codes = []
    for output in range(len(problem.formulas)):
        for region in problem.regions(output, last[output] if last else ()):
            stack = [problem.root(region)]
            while stack:
                node = stack.pop()
                code = leaf_code(problem, region, node, lanes)
                if code is None:
                    assert node is not None
                    code = rng.choice(node.free)
                    stack += [problem.fixed(region, node, [2 * code + y]) for y in (0, 1)]
                codes.append(code)
    return codes


def leaf_code(
    problem: recheck.Problem, region: recheck.Region, node: recheck.Node | None, lanes: int
) -> int | None:
    """The code of a leaf that closes the node, or None."""
    if node is None:
        return recheck.EMPTY
    true, false = problem.status(region, node)
    if false:
        return recheck.EMPTY
    if math.prod(map(len, problem.choices(region, node))) <= lanes:
        return recheck.SMALL
    if problem.proved(region, node):
        return recheck.BOUND
    if true and problem.proved(region, node, wrong=True):
        try:
            problem.size(region, node, node.alive)
        except recheck.RejectedError:
            pass  # clauses of one-hot members are not counted
        else:
            return recheck.WHOLE
    return None if node.free else recheck.SMALL


def accepts(data: Any, certificate: bytes) -> bool:
    """Whether the checker accepts the file; anything but a rejection is an error."""
    try:
        recheck.recheck(data, certificate)
    except recheck.RejectedError:
        return False
    return True
