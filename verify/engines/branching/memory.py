"""What a search works on and with: the region, the tree's tables, and scratch space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Slots of ``Tree.control``.
DEPTH, NODES, COUNTED, POINTS, SNAPSHOTS, SETTLED = range(6)
FINISHED, LISTING, LEAVES, WALKED, TRACED, AGAIN = range(6, 12)


class Region(NamedTuple):
    """Which points a search is about, apart from the cube that is fixed at its root.

    Attributes:
        variable, value: (clauses, width) int32 and int8 literals of the forbidden clauses,
            padded with -1: no point of the region makes all literals of one true.
        group: (n,) int32 number of the one-hot group of each input, -1 for none.
        group_start, member: the members of group k are member[group_start[k]:group_start[k+1]].
        operation, left, right: int64 program over the inputs; its register ``result[0]`` must
            be true (-1: there is no program).
        flip: (n,) int8, inputs that the program sees negated.
        support: (n,) bool, inputs that occur in the program.
        cardinality: int64 (least, greatest) number of ones.
        order: (H, n) int32 inputs by falling weight of each first-layer neuron, or (1, 0).
    """

    variable: np.ndarray
    value: np.ndarray
    group: np.ndarray
    group_start: np.ndarray
    member: np.ndarray
    operation: np.ndarray
    left: np.ndarray
    right: np.ndarray
    result: np.ndarray
    flip: np.ndarray
    support: np.ndarray
    cardinality: np.ndarray
    order: np.ndarray


class Tree(NamedTuple):
    """One search: the path from the root, one row a depth, nothing is undone by subtraction.

    Attributes:
        state: (n,) int8, 2 = free. trail: (n,) int32 inputs in the order of their assignment.
        mark: (n + 2,) int64 trail length at each depth. variable, turn: branch of each depth.
        ones: (n + 2,) int64 number of ones at each depth.
        base, low, high: (n + 1, H) fixed part and box interval of the first pre-activations.
        tight_low, tight_high: (n + 1, K, H) the best intervals known at each depth.
        control: int64, see the slot names above.
        histogram: (n + 1, n + 1) int64 whole cubes counted, by free inputs and ones.
        points: (capacity, n) uint8 and point_kind; snapshots: (capacity, n) int8.
        cut: (R,) values at which a form stops to be right (0; the incumbent for margins).
        trace: int32, what became of each node in turn: the input it was split by, or the code
            (< 0) of :func:`.node.visit`; of length 0 when nobody wants to know.
    """

    state: np.ndarray
    trail: np.ndarray
    mark: np.ndarray
    variable: np.ndarray
    turn: np.ndarray
    ones: np.ndarray
    base: np.ndarray
    low: np.ndarray
    high: np.ndarray
    tight_low: np.ndarray
    tight_high: np.ndarray
    control: np.ndarray
    histogram: np.ndarray
    points: np.ndarray
    point_kind: np.ndarray
    snapshots: np.ndarray
    cut: np.ndarray
    trace: np.ndarray


class Scratch(NamedTuple):
    """Space for one node; contents do not outlive it."""

    up_slope: np.ndarray
    up_offset: np.ndarray
    down_slope: np.ndarray
    down_offset: np.ndarray
    least: np.ndarray
    most: np.ndarray
    front: np.ndarray
    back: np.ndarray
    coefficient: np.ndarray
    residue: np.ndarray
    score: np.ndarray
    gain: np.ndarray
    alive: np.ndarray
    point: np.ndarray
    registers: np.ndarray
    words: np.ndarray
    walk: np.ndarray
    free: np.ndarray
    tables: np.ndarray
    totals: np.ndarray
    single_tables: np.ndarray
    single_totals: np.ndarray
    position: np.ndarray
    neurons: np.ndarray
    right: np.ndarray
    wrong: np.ndarray


def new_tree(
    inputs: int,
    layers: int,
    widest: int,
    forms: int,
    histogram: np.ndarray,
) -> Tree:
    """An empty search below the root, with lists of no capacity: each slice brings its own."""
    rows = inputs + 2
    control = np.zeros(AGAIN + 1, dtype=np.int64)
    control[SETTLED] = -1
    return Tree(
        np.full(inputs, 2, dtype=np.int8),
        np.zeros(inputs, dtype=np.int32),
        np.zeros(rows, dtype=np.int64),
        np.zeros(rows, dtype=np.int32),
        np.zeros(rows, dtype=np.int8),
        np.zeros(rows, dtype=np.int64),
        np.empty((rows, widest)),
        np.empty((rows, widest)),
        np.empty((rows, widest)),
        np.empty((rows, layers, widest)),
        np.empty((rows, layers, widest)),
        control,
        histogram,
        np.empty((0, inputs), dtype=np.uint8),
        np.empty(0, dtype=np.int8),
        np.empty((0, inputs), dtype=np.int8),
        np.zeros(forms),
        np.empty(0, dtype=np.int32),
    )


def new_scratch(
    inputs: int, layers: int, widest: int, clauses: int, registers: int, leaf: int
) -> Scratch:
    """Scratch space; ``leaf`` is the largest number of free inputs of a leaf."""
    low_bits = low_half(leaf)
    words = max(1 << leaf >> 6, 1 << (leaf - low_bits))
    tables = (widest << low_bits) + (widest << (leaf - low_bits))
    return Scratch(
        np.zeros((layers, widest)),
        np.zeros((layers, widest)),
        np.zeros((layers, widest)),
        np.zeros((layers, widest)),
        np.zeros((layers, widest)),
        np.zeros((layers, widest)),
        np.zeros(widest),
        np.zeros(widest),
        np.zeros(inputs),
        np.zeros(inputs),
        np.zeros(inputs),
        np.zeros(inputs),
        np.zeros(max(clauses, 1), dtype=np.int32),
        np.zeros(inputs, dtype=np.int8),
        np.zeros(max(registers, 1), dtype=np.uint8),
        np.zeros(max(registers, 1), dtype=np.uint64),
        np.zeros((leaf + 2, layers + 1, widest)),
        np.zeros(inputs, dtype=np.int32),
        np.zeros(tables),
        np.zeros((2 << low_bits) + 2),
        np.zeros(tables, dtype=np.float32),
        np.zeros((2 << low_bits) + 2, dtype=np.float32),
        np.zeros(leaf + 2, dtype=np.int64),
        np.zeros(widest, dtype=np.int64),
        np.zeros(words, dtype=np.uint64),
        np.zeros(words, dtype=np.uint64),
    )


def low_half(free: int) -> int:
    """Inputs in the low half of a leaf's split tables."""
    return min(free, (free + 1) // 2 + 2)
