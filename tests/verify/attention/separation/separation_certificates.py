"""Certificates of separation to begin with, and what the two checkers say."""

from __future__ import annotations

import json
import zlib
from functools import cache
from typing import Any

from superproof.empirics.separation_curve import instance
from superproof.verify.attention.separation import recheck as plain
from superproof.verify.attention.separation import recheck_numpy as arrays
from superproof.verify.attention.separation.separate import Separation, separate

CASES = ("matrix", "rational", "krawczyk")


@cache
def case(kind: str) -> Separation:
    """A small problem with evidence of that kind."""
    if kind == "matrix":
        return separate(*instance(4, 6, 1))
    return separate(*instance(4, 8, 0), form=kind)  # type: ignore[arg-type]


def file_of(data: Any) -> bytes:
    return plain.MAGIC + zlib.compress(json.dumps(data).encode("ascii"))


def content_of(found: Separation) -> dict[str, Any]:
    data: dict[str, Any] = plain.read(found.certificate())
    return data


def answers(problem: Any, certificate: bytes) -> tuple[str, str]:
    """What the two checkers say: accepted, rejected or unreadable."""
    said = []
    for check, refused, unreadable in (
        (plain.recheck, plain.RejectedError, plain.UnreadableError),
        (arrays.check, arrays.Rejected, arrays.NoProblem),
    ):
        try:
            check(problem, certificate)
            said.append("accepted")
        except refused:
            said.append("rejected")
        except unreadable:
            said.append("unreadable")
    return said[0], said[1]
