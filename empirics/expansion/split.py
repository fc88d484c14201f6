"""Splits: which child of a neuron reads which of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...verify.errors import InputError, require_seed

#: Splits by name, with a line on each.
SPLITS = {
    "random": "the inputs of every neuron are dealt at random, equally many to each child",
    "independent": "every input of every neuron goes to a child by an independent fair draw",
    "clause": "all inputs of a clause go to one child of a neuron; clauses are dealt at random",
    "gram": "inputs with alike rows of W^T W are one group, and groups are dealt like clauses",
}
#: Passes of k-means, and starts of which the best is kept.
PASSES, STARTS = 50, 8


@dataclass(frozen=True)
class Split:
    """Which child reads an input: a partition of the inputs of every neuron.

    Attributes:
        kind: one of :data:`SPLITS`.
        factor: children of a neuron.
        child: number of the child, int64 (parents, inputs).
    """

    kind: str
    factor: int
    child: np.ndarray

    @property
    def masks(self) -> np.ndarray:
        """What every child reads, Booleans (parents * factor, inputs); children of a neuron follow
        one another."""
        parents, inputs = self.child.shape
        own = self.child[:, None, :] == np.arange(self.factor)[None, :, None]
        return np.asarray(own.reshape(parents * self.factor, inputs))


def split_inputs(
    kind: str,
    factor: int,
    weight: np.ndarray,
    seed: int,
    *,
    clauses: Sequence[Sequence[int]] | None = None,
    groups: int | None = None,
) -> Split:
    """Split the inputs of every neuron of a layer among its children.

    Args:
        kind: one of :data:`SPLITS`.
        factor: children of a neuron, 2 or more.
        weight: of the layer, (parents, inputs); ``gram`` looks at its numbers, the others at its
            shape only.
        seed: of all draws.
        clauses: input indices of every clause, for ``clause``. Clauses that share an input go
            together; inputs of no clause are dealt at random.
        groups: of inputs, for ``gram``; None takes the root of their number, and two a child at
            least.

    Raises:
        InputError: an unknown kind, a factor below 2 or above the inputs, a seed below 0, missing
            clauses or ones beyond the inputs, groups out of range.
    """
    parents, inputs = weight.shape
    if kind not in SPLITS:
        raise InputError(f"unknown split '{kind}'; use one of {', '.join(SPLITS)}")
    if not 2 <= factor <= inputs:
        raise InputError(
            f"the factor must lie between 2 and the {inputs:,} inputs of a neuron, not {factor}"
        )
    require_seed(seed)
    rng = np.random.default_rng([seed, 31])
    if kind == "independent":
        return Split(kind, factor, rng.integers(0, factor, (parents, inputs)))
    if kind == "random":
        # every input is a group of its own
        return Split(kind, factor, _dealt(np.arange(inputs), parents, factor, rng))
    if kind == "gram":
        count = max(2 * factor, round(inputs**0.5)) if groups is None else groups
        if not factor <= min(count, inputs):
            raise InputError(f"groups must lie between the factor {factor} and {inputs}")
        found = alike(weight, min(count, inputs), factor, rng)
        return Split(kind, factor, _dealt(found, parents, factor, rng))
    if not clauses:
        raise InputError("the split 'clause' needs the clauses; name a specification with a DNF")
    group = clause_groups(clauses, inputs)
    loose = np.flatnonzero(group < 0)
    # inputs of no clause are groups of their own
    group[loose] = group.max() + 1 + np.arange(len(loose))
    return Split(kind, factor, _dealt(group, parents, factor, rng))


def clause_groups(clauses: Sequence[Sequence[int]], inputs: int) -> np.ndarray:
    """Number of the group of every input, int64 (inputs,); -1 for inputs of no clause.

    Two inputs are in one group when a chain of clauses that share inputs joins them.

    Raises InputError for an index outside the inputs.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = [(clause[0], other) for clause in clauses for other in clause]
    if any(not 0 <= index < inputs for edge in edges for index in edge):
        raise InputError(f"a clause names an input beyond the {inputs:,} of the layer")
    first, second = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    joined = coo_array((np.ones(len(edges)), (first, second)), shape=(inputs, inputs))
    _, label = connected_components(joined, directed=False)
    group = np.full(inputs, -1, dtype=np.int64)
    used = np.unique([index for clause in clauses for index in clause])
    group[used] = np.unique(label[used], return_inverse=True)[1]
    return group


def alike(weight: np.ndarray, groups: int, factor: int, rng: np.random.Generator) -> np.ndarray:
    """Groups of inputs with alike rows of W^T W, by k-means: int64 (inputs,).

    The best of several starts; which clustering the paper used is not known. Where that many
    groups are not found, one fewer is sought; with fewer than ``factor`` every input is its own.
    """
    from scipy.cluster.vq import ClusterError, kmeans2

    columns = np.asarray(weight, dtype=np.float64)
    gram = columns.T @ columns
    for count in range(min(groups, len(np.unique(gram, axis=0))), factor - 1, -1):
        found: list[tuple[float, np.ndarray]] = []
        for _ in range(STARTS):
            try:
                centres, label = kmeans2(
                    gram, count, iter=PASSES, minit="++", seed=rng, missing="raise"
                )
            except ClusterError:  # a group became empty; another start may not
                continue
            found.append((float(((gram - centres[label]) ** 2).sum()), label.astype(np.int64)))
        if found:
            return min(found, key=lambda one: one[0])[1]
    return np.arange(len(gram))


def _dealt(group: np.ndarray, parents: int, factor: int, rng: np.random.Generator) -> np.ndarray:
    """Deal groups to children, for every parent anew: the child of every input.

    Groups come in random order, each to the child with fewest inputs so far, the first of equals
    in an order that is drawn, too.
    """
    numbers, member = np.unique(group, return_inverse=True)
    sizes = np.bincount(member)
    child = np.empty((parents, len(group)), dtype=np.int64)
    for parent in range(parents):
        order, filled = rng.permutation(factor), np.zeros(factor, dtype=np.int64)
        place = np.empty(len(numbers), dtype=np.int64)
        for number in rng.permutation(len(numbers)):
            least = order[np.argmin(filled[order])]
            place[number] = least
            filled[least] += sizes[number]
        child[parent] = place[member]
    return child
