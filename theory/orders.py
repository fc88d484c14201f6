"""Orders of growth that papers state: without constants, because none are stated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .bound import Bound, Direction
from .parameters import parameters

_ABSTRACT = "arXiv 2409.15318, abstract (the theorems themselves were not available to us)"
_SECONDARY = "; the paper itself was not read in full"


def _order(
    name: str,
    subject: str,
    task: str,
    statement: str,
    latex: str,
    expression: Callable[[Any, Any], Any],
    direction: Direction,
    quantity: str,
    names: tuple[str, ...],
    source: str = _ABSTRACT,
    symbol: str = "n",
    networks: str = "the networks of the paper, for a broad class of functions",
    section: str = "3.5",
) -> Bound:
    return Bound(
        name=name,
        title={"lower": "needed, order", "upper": "sufficient, order"}.get(direction, "order"),
        subject=subject,
        task=task,
        statement=statement,
        latex=latex,
        expression=expression,
        direction=direction,
        quantity=quantity,
        symbol=symbol,
        networks=networks,
        parameters=parameters(*names),
        exactness="asymptotic",
        mark="paper",
        source=source,
        section=section,
    )


def _log(sp: Any, size: Any) -> Any:
    return sp.log(size, 2)


_NEEDED = tuple(
    _order(
        f"{task}-order-{what}",
        "superposition",
        task,
        statement,
        latex,
        expression,
        "lower",
        quantity,
        (size,),
        symbol=symbol,
    )
    for task, size in (("pairwise-and", "outputs"), ("permutation", "inputs"))
    for what, quantity, symbol, statement, latex, expression in (
        (
            "neurons",
            "neurons",
            "n",
            "Computing m' output features takes neurons of at least this order.",
            r"n = \Omega\left(\sqrt{m' \log m'}\right)",
            lambda sp, s, size=size: sp.sqrt(getattr(s, size) * _log(sp, getattr(s, size))),
        ),
        (
            "bits",
            "parameter bits",
            "B",
            "Computing m' output features takes a description of at least this order.",
            r"B = \Omega\left(m' \log m'\right)",
            lambda sp, s, size=size: getattr(s, size) * _log(sp, getattr(s, size)),
        ),
    )
)

_ATTENTION: tuple[tuple[str, str, str, Direction], ...] = (
    ("necessary", "takes", r"\Omega", "lower"),
    ("sufficient", "is possible with", "O", "upper"),
)

ORDERS: tuple[Bound, ...] = (
    *_NEEDED,
    _order(
        "pairwise-and-order-sufficient-neurons",
        "superposition",
        "pairwise-and",
        "Pairwise ANDs can be computed with neurons of this order.",
        r"n = O\left(\sqrt{m'} \log m'\right)",
        lambda sp, s: sp.sqrt(s.outputs) * _log(sp, s.outputs),
        "upper",
        "neurons",
        ("outputs",),
    ),
    _order(
        "pairwise-and-order-sufficient-parameters",
        "superposition",
        "pairwise-and",
        "Pairwise ANDs can be computed with parameters of this order.",
        r"B = O\left(m' \log^2 m'\right)",
        lambda sp, s: s.outputs * _log(sp, s.outputs) ** 2,
        "upper",
        "parameter bits",
        ("outputs",),
        symbol="B",
    ),
    _order(
        "pairwise-and-order-capacity",
        "superposition",
        "pairwise-and",
        "n neurons compute output features of at most this order.",
        r"m' = O\left(n^2 / \log n\right)",
        lambda sp, s: s.neurons**2 / _log(sp, s.neurons),
        "upper",
        "outputs",
        ("neurons",),
        symbol="m'",
    ),
    _order(
        "pairwise-and-order-all-pairs",
        "superposition",
        "pairwise-and",
        "All C(m, 2) ANDs of pairs can be computed with neurons of this order, up to logarithms.",
        r"n = \tilde O\left(m^{2/3}\right)",
        lambda sp, s: s.inputs ** sp.Rational(2, 3),
        "upper",
        "neurons",
        ("inputs",),
        source="arXiv 2408.05451" + _SECONDARY,
    ),
    _order(
        "representation-order",
        "representation",
        "representation",
        "Representing m' features, without computing on them, takes neurons of this order only.",
        r"n = O(\log m')",
        lambda sp, s: _log(sp, s.inputs),
        "upper",
        "neurons",
        ("inputs",),
        networks="states that are sums of the active features' vectors",
        section="8.4",
    ),
    _order(
        "linear-read-order-overlap",
        "representation",
        "overlap",
        "Linear reads with unit diagonal of far more features than neurons have cross-talk of "
        "at least this order.",
        r"\mu = \Omega\left(n^{-1/2}\right)",
        lambda sp, s: 1 / sp.sqrt(s.neurons),
        "lower",
        "overlap",
        ("neurons",),
        source="arXiv 2605.01192" + _SECONDARY,
        symbol=r"\mu",
        networks="linear reads of a linear code",
        section="8.1",
    ),
    _order(
        "threshold-read-order-features",
        "representation",
        "representation",
        "Threshold reads reach features of this order.",
        r"m = \Omega\left(n^2\right)",
        lambda sp, s: s.neurons**2,
        "lower",
        "features",
        ("neurons",),
        source="arXiv 2605.01192" + _SECONDARY,
        symbol="m",
        networks="threshold reads of a linear code",
        section="8.1",
    ),
    *(
        _order(
            f"relational-graph-order-{word}",
            "attention",
            "relational-graph",
            f"Recognising a graph of m' edges {verb} a total key dimension of this order.",
            rf"D_K = {letter}\left(\frac{{m' \log m'}}{{d}}\right)",
            lambda sp, s: s.edges * _log(sp, s.edges) / s.embedding_dim,
            direction,
            "key dimension",
            ("edges", "embedding_dim"),
            source="arXiv 2509.22840, abstract of version 1; version 3 states it up to logarithms",
            symbol="D_K",
            networks="attention heads, for a broad class of graphs",
            section="9.2",
        )
        for word, verb, letter, direction in _ATTENTION
    ),
    _order(
        "expansion-order-collision",
        "expansion",
        "expansion",
        "Two clauses of k literals collide in one child with a probability of this order.",
        r"\alpha^{-(2k-1)}",
        lambda sp, s: s.factor ** -(2 * s.clause - 1),
        "upper",
        "collision probability",
        ("factor", "clause"),
        source="arXiv 2510.04500, as summarised elsewhere (the paper was not available to us)",
        symbol="p",
        networks="random split of every neuron's inputs among its children",
        section="10.1",
    ),
)
