"""Whether one head separates a graph, by the simplex method in fractions; slow and small."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def separable(embeddings: Sequence[Sequence[int]], edges: set[tuple[int, int]]) -> bool:
    """No multipliers >= 0 with sum 1 make the weighted sum of the features vanish.

    Phase one of the simplex method with Bland's rule, which always ends: the artificial variables
    can be brought to zero exactly where such multipliers exist.
    """
    columns = []
    for i, left in enumerate(embeddings):
        for j, right in enumerate(embeddings):
            sign = 1 if (i, j) in edges else -1
            feature = [sign * a * b for a in left for b in right]
            columns.append([Fraction(value) for value in [*feature, sign, 1]])
    rows = len(columns[0])
    right_side = [Fraction(0)] * (rows - 1) + [Fraction(1)]
    # the tableau: multipliers, artificial variables, right side
    table = [
        [column[r] for column in columns]
        + [Fraction(int(r == k)) for k in range(rows)]
        + [right_side[r]]
        for r in range(rows)
    ]
    count = len(columns)
    basis = list(range(count, count + rows))
    while True:
        # cost of the sum of the artificial variables, expressed in the others
        entering = next(
            (
                c
                for c in range(count)
                if c not in basis and sum(table[r][c] for r in range(rows) if basis[r] >= count) > 0
            ),
            None,
        )
        if entering is None:
            break
        ratios = [
            (table[r][-1] / table[r][entering], basis[r], r)
            for r in range(rows)
            if table[r][entering] > 0
        ]
        _, _, row = min(ratios)
        pivot = table[row][entering]
        table[row] = [value / pivot for value in table[row]]
        for r in range(rows):
            if r != row and table[r][entering]:
                factor = table[r][entering]
                pairs = zip(table[r], table[row], strict=True)
                table[r] = [value - factor * other for value, other in pairs]
        basis[row] = entering
    rest = sum(table[r][-1] for r in range(rows) if basis[r] >= count)
    return rest > 0
