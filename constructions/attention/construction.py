"""An attention layer with the graph that it provably recognises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from ...theory import sign_patterns
from ...theory.attention import graphs, key_dim
from ...theory.counting import permutations
from ...verify.attention.check import check_recognition
from ...verify.attention.files import write_recognition
from ...verify.attention.graph import RelationalGraph
from ...verify.attention.layer import AttentionLayer
from ...verify.attention.recognition import RecognitionProblem
from ...verify.attention.softmax_readout import SoftmaxReadout
from ...verify.attention.threshold import ThresholdDecision
from ...verify.certificate import check_destination
from ...verify.errors import InputError, ProofError
from ...verify.rounding.execution import number_json
from ...verify.verdict import package_version
from ...verify.verdict_text import amount
from ..construction import CERTIFICATE_FILE, REPORT_FILE

#: How every construction is proved before it is handed over.
CERTIFIED_HOW = "all pairs of items scored in exact integers (docs/attention.md)"


@dataclass(frozen=True, eq=False)
class AttentionConstruction:
    """A layer, what it recognises, what it cost, and why it is right.

    Builders hand one over only after its proof went through.

    Attributes:
        method: how it was built, e.g. ``hinge``.
        layer: with the middle of its gap as threshold.
        graph: what it recognises.
        decision: the exact decision about all pairs.
        seed: of every random choice.
        weight_bits: bits of a weight of query and key.
        incoherence: measures of the embeddings, JSON values.
        softmax: a soft read-out that was proved too, for contexts of its size.
        certified_how: the proof that was checked before delivery.
        parameters: everything else worth recording, JSON values.
    """

    method: str
    layer: AttentionLayer
    graph: RelationalGraph
    decision: ThresholdDecision
    seed: int
    weight_bits: int
    incoherence: Mapping[str, Any]
    softmax: SoftmaxReadout | None = None
    certified_how: str = CERTIFIED_HOW
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def problem(self) -> RecognitionProblem:
        """Layer, graph and read-out together, ready for a check."""
        return RecognitionProblem(self.layer, self.graph, self.softmax)

    @property
    def total_key_dim(self) -> int:
        """D_K = h d_k, without key dimensions that are zero."""
        return self.layer.total_key_dim

    @property
    def heads(self) -> int:
        """h."""
        return self.layer.heads

    @property
    def key_dim(self) -> int:
        """d_k."""
        return self.layer.key_dim

    @property
    def total_bits(self) -> int:
        """Bits of all weights: 2 D_K d b; embeddings are public, and one threshold is left out."""
        return 2 * self.total_key_dim * self.layer.embedding_dim * self.weight_bits

    @property
    def unit_share(self) -> float:
        """c = D_K / (m' lg m' / d)."""
        from math import log2

        edges = len(self.graph)
        unit = edges * log2(max(edges, 2)) / self.layer.embedding_dim
        return self.total_key_dim / unit

    @cached_property
    def lower_bound(self) -> dict[str, Any]:
        """Bits and key dimensions that every layer needs which serves all graphs of this kind."""
        graph, layer = self.graph, self.layer
        if graph.is_permutation:
            number, family = permutations(graph.items), "all permutations"
        else:
            number, family = graphs(graph.items, len(graph)), "all graphs with as many edges"
        return {
            "bits": number.bits(),
            "key_dim": key_dim(number, layer.embedding_dim, self.weight_bits),
            "key_dim_real": sign_patterns.key_dim(
                number, graph.items, layer.embedding_dim, self.heads
            ),
            "family": family,
        }

    @property
    def ratio(self) -> float:
        """Total bits over the bits of the counting bound."""
        return float(self.total_bits / max(self.lower_bound["bits"], 1))

    @property
    def relative_gap(self) -> float:
        """Gap over the least score of an edge."""
        from .rounding import relative_gap

        return relative_gap(self.decision)

    def largest_temperature(self, context: int) -> Fraction | None:
        """A temperature, two digits, at which softmax with the null key at the threshold is right
        in all contexts of so many items, proved; at one unit of the last digit more it is not.

        None where there is none, as for items with two neighbours. Raises InputError for a context
        that does not fit.
        """
        from ...verify.attention.contexts.temperature import largest_temperature

        if int(self.graph.degrees[0].max()) > 1:
            return None
        readout = SoftmaxReadout(Fraction(1), context, self.layer.threshold)
        readout.require_items(self.graph.items)
        return largest_temperature(replace(self.problem, softmax=readout), digits=2).exact.low

    def report(self) -> dict[str, Any]:
        """The facts as JSON data; ``report.json`` adds what became of the certificate."""
        softmax = self.softmax
        return {
            "kind": "attention",
            "method": self.method,
            "items": self.layer.items,
            "embedding_dim": self.layer.embedding_dim,
            "edges": len(self.graph),
            "total_key_dim": self.total_key_dim,
            "heads": self.heads,
            "key_dim": self.key_dim,
            "unit_share": self.unit_share,
            "weight_bits": self.weight_bits,
            "total_bits": self.total_bits,
            "lower_bound": self.lower_bound,
            "bits_over_bound": self.ratio,
            "certified": True,
            "certified_how": self.certified_how,
            "gap": number_json(self.decision.gap),
            "relative_gap": self.relative_gap,
            "threshold": number_json(self.layer.threshold),
            "softmax": None
            if softmax is None
            else {
                "temperature": number_json(softmax.temperature),
                "context": softmax.context,
                "null": number_json(softmax.null),
                "level": number_json(softmax.level),
            },
            "incoherence": dict(self.incoherence),
            "seed": self.seed,
            "parameters": dict(self.parameters),
            "sha256": self.problem.sha256,
            "version": package_version(),
        }

    def write(self, folder: str | Path) -> Path:
        """Write the layer, ``spec.toml``, the edges, ``certificate`` and ``report.json``.

        Returns the folder, which is made when missing. Raises InputError when it cannot be, and
        for a file named ``certificate`` that is none.
        """
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise InputError(f"{path}: a file of that name is in the way; name a folder") from None
        except OSError as error:
            raise InputError(f"{path}: cannot make the folder: {error.strerror}") from None
        check_destination(path / CERTIFICATE_FILE)
        write_recognition(self.problem, path)
        verdict = check_recognition(self.problem, dtypes=(), certificate=path / CERTIFICATE_FILE)
        if not verdict.holds:
            raise ProofError(f"the layer does not recognise its graph: {verdict.status}")
        assert verdict.certificate is not None
        written = verdict.certificate.to_json()
        written |= {"file": written["file"] and CERTIFICATE_FILE}
        report = self.report() | {"certificate": written}
        text = json.dumps(report, indent=2, allow_nan=False)
        (path / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return (
            f"AttentionConstruction({self.method}, {self.layer.items} items, "
            f"{len(self.graph)} edges, {self.layer.embedding_dim} dimensions, "
            f"{amount(self.heads, 'head')} of {self.key_dim})"
        )
