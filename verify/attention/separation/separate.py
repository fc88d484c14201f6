"""One head for a graph: decided exactly, for every width, threshold and sum of heads."""

from __future__ import annotations

import json
import math
import time
import zlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...dyadic import Dyadic, power_of_two
from ...errors import InputError, ProofError
from ...problem import digest
from ..graph import as_edges
from . import recheck_numpy as checker
from .farkas import krawczyk_evidence, rational_evidence, support_of
from .hinge_search import search
from .linear_program import Multipliers, in_reach, linear_program
from .recheck import FORMAT, MAGIC

Form = Literal["auto", "rational", "krawczyk"]
#: With ``auto``, exact multipliers up to so many dimensions ...
RATIONAL_DIM = 8
#: ... and where small ones do not do, up to this rank of the features.
RATIONAL_RANK = 700
#: Bits of the largest entry of an integer matrix, tried in turn.
WIDTHS = (6, 8, 10, 12, 16, 20, 26, 32, 40, 48, 52)
#: The search ends after this long.
SECONDS = 600.0
#: A proof is attempted where the multipliers' sum vanishes up to this, relative to its terms.
RESIDUAL = 1e-7


@dataclass(frozen=True)
class SeparationProblem:
    """Is there a matrix M and a threshold t with ``x_i M x_j > t`` exactly for the edges (i, j)?

    Attributes:
        embeddings: X, (items, embedding_dim), exact.
        edges: int64 (edges, 2), distinct, in lexicographic order.
    """

    embeddings: Dyadic
    edges: np.ndarray

    @classmethod
    def from_arrays(cls, embeddings: Any, edges: Any) -> SeparationProblem:
        """Embeddings (items, embedding_dim) of any numbers, and the edges as pairs of items.

        Raises InputError for another shape, for numbers that are not finite, for indices out of
        range, an edge given twice and no edge.
        """
        values = np.asarray(embeddings)
        if values.ndim != 2 or 0 in values.shape:
            raise InputError(f"embeddings: shape {values.shape}, not (items, embedding_dim)")
        if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
            i, k = np.argwhere(~finite)[0]
            raise InputError(
                f"embeddings: entry [{i}, {k}] is {values[i, k]}; all must be finite numbers"
            )
        return cls(Dyadic.from_array(values, "embeddings"), as_edges(edges, len(values)))

    @property
    def items(self) -> int:
        """Number of items, m."""
        return int(self.embeddings.shape[0])

    @property
    def embedding_dim(self) -> int:
        """Dimensions of an embedding, d."""
        return int(self.embeddings.shape[1])

    @property
    def table(self) -> np.ndarray:
        """Booleans (items, items): the edges."""
        table = np.zeros((self.items, self.items), dtype=bool)
        table[self.edges[:, 0], self.edges[:, 1]] = True
        return table

    def canonical(self) -> dict[str, Any]:
        """The problem as JSON data, with its hash: what the checkers read."""
        data = {
            "format": FORMAT,
            "items": self.items,
            "embedding_dim": self.embedding_dim,
            "exponent": self.embeddings.exponent,
            "embeddings": self.embeddings.mantissa.tolist(),
            "edges": self.edges.tolist(),
        }
        return data | {"sha256": digest(data)}

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical form."""
        return str(self.canonical()["sha256"])

    def save(self, path: str | Path) -> None:
        """Write the canonical form as JSON."""
        text = json.dumps(self.canonical(), separators=(",", ":"))
        Path(path).write_text(text + "\n", encoding="ascii")


@dataclass(frozen=True)
class Separation:
    """Whether one head separates the graph.

    Attributes:
        status: ``separable``, ``impossible`` (for one head of any width with any threshold, and
            for any sum of heads) or ``undecided``.
        problem: what it is about.
        evidence: what the checkers read; None when undecided.
        reason: why it is undecided.
        method: ``hinge`` or ``linear program``, what proposed the evidence.
        support: number of multipliers; 0 where it is separable.
        search_seconds, proof_seconds: to propose, and to make and to check the evidence.
    """

    status: Literal["separable", "impossible", "undecided"]
    problem: SeparationProblem
    evidence: dict[str, Any] | None
    reason: str
    method: str
    search_seconds: float
    proof_seconds: float

    @property
    def support(self) -> int:
        pairs = (self.evidence or {}).get("pairs", [])
        return len(pairs)

    @property
    def form(self) -> str | None:
        """The kind of the evidence: ``matrix``, ``rational`` or ``krawczyk``."""
        return None if self.evidence is None else str(self.evidence["kind"])

    @property
    def matrix(self) -> np.ndarray | None:
        """M, integers (embedding_dim, embedding_dim), where it is separable."""
        if self.form != "matrix" or self.evidence is None:
            return None
        return np.array(self.evidence["matrix"])

    @property
    def threshold(self) -> Fraction | None:
        """t for the scores of the embeddings in their own unit."""
        if self.form != "matrix" or self.evidence is None:
            return None
        unit = power_of_two(2 * self.problem.embeddings.exponent)
        return int(self.evidence["threshold"]) * unit

    def certificate(self) -> bytes:
        """The file for the checkers: a magic line and compressed JSON.

        Raises ProofError when undecided.
        """
        if self.evidence is None:
            raise ProofError(f"there is no certificate: {self.reason}")
        return certificate_of(self.problem, self.status, self.evidence)


def separate(
    embeddings: Any, edges: Any, *, form: Form = "auto", seconds: float = SECONDS
) -> Separation:
    """Decide whether one head, of any width and with any threshold, separates a graph.

    A convex solve in floating point proposes a matrix, or multipliers for an impossibility proof;
    the answer is given only where integers bear it out.

    Args:
        embeddings: X, (items, embedding_dim), integers or floats, taken exactly as stored.
        edges: (edges, 2), pairs of items.
        form: of an impossibility proof: ``rational`` (exact multipliers, large), ``krawczyk``
            (small integers near exact ones), or ``auto``, which takes the first up to
            embedding_dim 8 and the second beyond.
        seconds: time limit of the search, about; the proof comes on top.

    Raises:
        InputError: see :meth:`SeparationProblem.from_arrays`; an unknown form.

    Source: docs/attention-separation.md.
    """
    problem = SeparationProblem.from_arrays(embeddings, edges)
    return decide(problem, form=form, seconds=seconds)


def decide(
    problem: SeparationProblem, *, form: Form = "auto", seconds: float = SECONDS
) -> Separation:
    """:func:`separate` for a problem that is there already."""
    if form not in ("auto", "rational", "krawczyk"):
        raise InputError(f"unknown form '{form}'; use auto, rational or krawczyk")
    x, table = problem.embeddings.mantissa, problem.table
    floats = _moderate(x)
    start = time.monotonic()
    found = search(floats, problem.edges, seconds=seconds)
    searched = time.monotonic() - start
    proposal = Multipliers(found.matrix, found.multipliers, found.separates)
    evidence = None
    if found.separates or found.residual < RESIDUAL:
        evidence = _evidence(problem, x, table, proposal, form)
    method, reason = "hinge", ""
    if evidence is None:
        reason = "the convex solve came to no end" if not found.finished else "no proposal holds"
        if in_reach(problem.items, problem.embedding_dim):
            again = time.monotonic()
            proposal = linear_program(floats, table)
            searched += time.monotonic() - again
            evidence = _evidence(problem, x, table, proposal, form)
            method, reason = "linear program", reason + ", nor does that of the linear program"
        else:
            reason += "; allow more seconds"
    status: Literal["separable", "impossible", "undecided"] = "undecided"
    if evidence is not None:
        status = "separable" if evidence["kind"] == "matrix" else "impossible"
        reason = ""
    proved = time.monotonic() - start - searched
    return Separation(status, problem, evidence, reason, method, searched, proved)


def certificate_of(problem: SeparationProblem, status: str, evidence: dict[str, Any]) -> bytes:
    """A certificate's file, whatever it claims."""
    data = {"sha256": problem.sha256, "claim": {"status": status}, "evidence": evidence}
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return MAGIC + zlib.compress(text.encode("ascii"), 9)


def _moderate(x: np.ndarray) -> np.ndarray:
    """The integers as floats of about size 1."""
    largest = max(int(x.max()), -int(x.min()), 1)
    shift = max(largest.bit_length() - 1000, 0)
    floats = np.asarray(x >> shift if shift else x, dtype=np.float64)
    return floats / (float(np.abs(floats).max()) or 1.0)


def _evidence(
    problem: SeparationProblem, x: np.ndarray, table: np.ndarray, found: Multipliers, form: Form
) -> dict[str, Any] | None:
    """Evidence that the checker accepts, or None."""
    if found.separates:
        return _matrix_evidence(x, table, found.matrix)
    support = support_of(x, table, found.values)
    if support is None:
        return None
    rational = form == "rational" or (form == "auto" and problem.embedding_dim <= RATIONAL_DIM)
    makers = [rational_evidence] if rational else [krawczyk_evidence]
    if form == "auto":
        makers = (
            [rational_evidence, krawczyk_evidence] if rational else [*makers, rational_evidence]
        )
    for make in makers:
        if make is rational_evidence and len(support.basis) > RATIONAL_RANK and form == "auto":
            continue
        evidence = make(x, table, support)
        if evidence is not None and _accepted(problem, evidence):
            return evidence
    return None


def _accepted(problem: SeparationProblem, evidence: dict[str, Any]) -> bool:
    try:
        checker.check(problem.canonical(), certificate_of(problem, "impossible", evidence))
    except checker.Rejected:
        return False
    return True


def _matrix_evidence(x: np.ndarray, table: np.ndarray, matrix: np.ndarray) -> dict[str, Any] | None:
    """The shortest rounding of the matrix that separates, in integers; None if none does."""
    largest = float(np.abs(matrix).max(initial=0.0))
    if not math.isfinite(largest):
        return None
    for width in WIDTHS:
        whole = np.rint(matrix * (((1 << width) - 1) / (largest or 1.0))).astype(np.int64)
        inner = checker.compact(checker.multiply(x, whole))
        scores = checker.multiply(inner, x.T)
        least = int(scores[table].min())
        others = scores[~table]
        threshold = int(others.max()) if others.size else least - 1
        if least > threshold:
            return {"kind": "matrix", "matrix": whole.tolist(), "threshold": threshold}
    return None
