"""Attention on your own embeddings, certified for every pair, every context and some noise.

    python examples/attention_embeddings.py
    python examples/attention_embeddings.py --embeddings X.npy --edges edges.txt --out layer

The rows of X are the vectors of the items; a line of edges.txt names two items. Without files the
items are handwritten digits of scikit-learn, 64 pixels each, and every image has to attend to
another image of its own digit.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from superproof import (
    InputError,
    RecognitionProblem,
    RelationalGraph,
    SoftmaxReadout,
    check_recognition,
)
from superproof.constructions.attention.construct import construct_attention
from superproof.constructions.attention.embeddings import read_embeddings
from superproof.constructions.attention.graphs import read_graph
from superproof.verify.verdict_text import amount, at_least

ITEMS, CONTEXT, SEED = 256, 16, 0


def digits() -> tuple[np.ndarray, RelationalGraph]:
    """Different images, shifted to mean 0; each is to find the next one of its digit."""
    from sklearn.datasets import load_digits

    data = load_digits()
    chosen = np.random.default_rng(SEED).permutation(len(data.target))[:ITEMS]
    images, shown = data.data[chosen], data.target[chosen]
    following = np.empty(ITEMS, dtype=np.int64)
    for digit in range(10):
        members = np.flatnonzero(shown == digit)
        following[members] = np.roll(members, -1)
    vectors = (images - images.mean(axis=0)) / 16
    return vectors.astype(np.float32), RelationalGraph.permutation(following)


def main() -> None:
    parser = argparse.ArgumentParser(description="Attention on your own embeddings, certified.")
    parser.add_argument("--embeddings", type=Path, help="vectors (.npy, .safetensors), a row each")
    parser.add_argument("--edges", type=Path, help="two items a line")
    parser.add_argument("--context", type=int, default=CONTEXT, help="items of a context at most")
    parser.add_argument("--out", type=Path, help="write layer and certificate to this folder")
    given = parser.parse_args()
    if (given.embeddings is None) != (given.edges is None):
        parser.error("--embeddings and --edges go together")
    try:
        if given.embeddings is None:
            vectors, graph = digits()
        else:
            vectors = read_embeddings(given.embeddings)
            graph = read_graph(given.edges, len(vectors))
        certify(vectors, graph, given.context, given.out)
    except InputError as error:
        parser.error(str(error))


def certify(vectors: np.ndarray, graph: RelationalGraph, context: int, out: Path | None) -> None:
    """Build a layer, and ask for everything that can be proved about it."""
    items, dim = vectors.shape
    if not 1 <= context <= items:
        raise InputError(f"--context {context}: a context has between 1 and all {items} items")
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file of that name is in the way; name a folder")
    print(f"{items} items in {dim} dimensions, {len(graph)} edges")
    built = construct_attention(vectors, graph)
    size = f"{amount(built.heads, 'head')} of {built.key_dim}"
    print(f"built: {size}, weights of {built.weight_bits} bits")

    verdict = check_recognition(built.problem)
    print(f"all {items**2:,} pairs: {verdict.status}")
    assert verdict.radius is not None
    print(f"every embedding may move by {at_least(verdict.radius)}, at once, and it still holds")
    temperature = built.largest_temperature(context)
    if temperature is None:
        print("softmax: no temperature is right in all contexts; nothing is written")
        return
    print(f"softmax, every context of at most {context} items:")
    for chosen in (temperature, 2 * temperature):
        readout = SoftmaxReadout(chosen, context, built.layer.threshold)
        problem = RecognitionProblem(built.layer, graph, readout)
        soft = check_recognition(problem)
        assert soft.softmax is not None
        print(f"  temperature {float(chosen):.3g}: {soft.status}")
        for example in soft.softmax.counterexamples:
            print(f"    {example}")
    if out is not None:
        readout = SoftmaxReadout(temperature, context, built.layer.threshold)
        replace(built, softmax=readout).write(out)
        print(f"written to {out}; next: superproof recheck {out} {out / 'certificate'}")


if __name__ == "__main__":
    main()
