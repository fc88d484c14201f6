"""What ``superproof construct attention`` prints about a layer that it built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...constructions.attention import AttentionConstruction


def print_report(
    built: AttentionConstruction,
    certificate: Mapping[str, Any],
    what: str,
    reach: tuple[int, Fraction | None] | None = None,
) -> None:
    """Print what was built as a table.

    Args:
        built: the layer.
        certificate: what report.json says about it.
        what: the graph and the vectors in words.
        reach: the largest temperature of softmax over contexts of so many items, where known.
    """
    from ..terminal import console, table

    rows = table(("", "whole"), ("", "left"), head=False)
    for heading, text in _lines(built, certificate, what, reach):
        rows.add_row(heading, text)
    console().print(rows)


def _lines(
    built: AttentionConstruction,
    certificate: Mapping[str, Any],
    what: str,
    reach: tuple[int, Fraction | None] | None,
) -> Iterator[tuple[str, str]]:
    from ...verify.verdict_text import amount

    layer, lower, loose = built.layer, built.lower_bound, built.incoherence
    edges, items = amount(len(built.graph), "edge"), amount(layer.items, "item")
    yield "recognises", f"{edges} of {items} in {layer.embedding_dim} dimensions ({what})"
    sizes = f"{amount(built.heads, 'head')} of {built.key_dim}"
    share = f"{built.unit_share:.3g} m' lg m' / d"
    yield "key dimension", f"{built.total_key_dim} in all: {sizes}; {share}"
    if "size_by" in built.parameters:
        source = built.parameters["size_by"]
        yield "size from", source if " " in source else f"the bound {source}"
    yield "bits", f"{built.total_bits:,} ({built.weight_bits} a weight)"
    few, real = lower["key_dim"], lower["key_dim_real"]
    bound = f"key dimension {few} at {amount(built.weight_bits, 'bit')}, {real} with real weights"
    yield "lower bound", f"{amount(lower['bits'], 'bit')}; {bound}: {lower['family']}"
    ratio = built.total_key_dim / max(few, 1)
    yield "ratio", f"{built.ratio:.2f} in bits, {ratio:.2f} in key dimensions"
    yield "gap", f"{built.relative_gap:.3g} of the least score of an edge"
    if built.softmax is not None:
        soft = built.softmax
        heat = f"temperature {float(soft.temperature):.4g}, null key at the threshold"
        yield "softmax", f"{heat}, contexts of at most {amount(soft.context, 'item')}"
    elif reach is not None and reach[1] is None:
        yield "softmax", "not decided; --context L chooses level, temperature and null key"
    elif reach is not None and reach[1] is not None:
        within = f"in every context of at most {amount(reach[0], 'item')}"
        yield "softmax", f"right {within} up to temperature {float(reach[1]):g}; more with --gap"
    mean = ""
    if loose.get("common_mean"):
        mean = f", with a common mean of length {loose['mean']:.2g}"
        if built.parameters.get("whitened"):
            mean += f"; whitened, which leaves rho {loose['rho_whitened']:.3g}"
    products = f"largest product of two {loose['mu']:.3g}"
    yield "embeddings", f"incoherence rho {loose['rho']:.3g}, {products}{mean}"
    yield "certified", built.certified_how
    if certificate["file"]:
        proof = f"{certificate['evidence']}, {certificate['bytes']:,} bytes"
    else:
        proof = f"none ({certificate['reason']})"
    yield "certificate", proof
    yield "seed", str(built.seed)
