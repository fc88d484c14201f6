"""Splitting a formula that counts conjunctions by which of them are true.

"At least k of C_0, C_1, ..." splits the inputs by the first k true operands or, where there are
fewer, by the set of all true ones. Each region is a cube with further operands forbidden, which
bounds can use; the normal form of such a formula has as many cubes, but says less where none of
them is true, and its other side is one region that only many branchings tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, combinations
from math import comb

from ...formula import AtLeast, AtMost, Formula, Not
from .cubes import Cube, cubes_of

#: Counting formulas with more regions than this are not split.
LARGEST_SPLIT = 2048


def counted_regions(
    formula: Formula, index: Mapping[str, int]
) -> list[tuple[bool, Cube, list[Cube]]] | None:
    """Disjoint regions (value of the formula, true cube, cubes that must be false) or None.

    None where the formula does not count conjunctions of literals, with one of several literals
    among them, or would have too many regions. The regions cover all inputs.
    """
    value = True
    while isinstance(formula, Not):
        formula, value = formula.operand, not value
    if not isinstance(formula, AtLeast | AtMost):
        return None
    count = formula.count
    if isinstance(formula, AtMost):
        count, value = count + 1, not value
    operands = [_conjunction(part, index) for part in formula.parts]
    cubes = [cube for cube in operands if cube is not None]
    number = len(cubes)
    if number < len(operands) or not 0 < count <= number or all(len(c) == 1 for c in cubes):
        return None
    if sum(comb(number, q) for q in range(count + 1)) > LARGEST_SPLIT:
        return None
    regions = []
    for q in range(count + 1):
        for chosen in combinations(range(number), q):
            looked_at = number if q < count else chosen[-1]
            others = [cubes[k] for k in range(looked_at) if k not in chosen]
            region = _region([cubes[k] for k in chosen], others)
            if region is not None:
                regions.append((value if q == count else not value, *region))
    return regions


def _conjunction(part: Formula, index: Mapping[str, int]) -> Cube | None:
    """The cube that a literal or a conjunction of literals is, None for anything else."""
    cubes = cubes_of(part, index, 1)
    if cubes is not None and len(cubes) == 1 and cubes[0]:
        return cubes[0]
    return None


def _region(true: list[Cube], false: list[Cube]) -> tuple[Cube, list[Cube]] | None:
    """The true cubes as one and what is left to forbid; None when nothing is left of it."""
    region: Cube = {}
    single = ({v: 1 - b for v, b in cube.items()} for cube in false if len(cube) == 1)
    for cube in chain(true, single):
        if any(region.get(v, b) != b for v, b in cube.items()):
            return None
        region.update(cube)
    left = [cube for cube in false if all(region.get(v, b) == b for v, b in cube.items())]
    if any(cube.items() <= region.items() for cube in left):
        return None
    return region, left
