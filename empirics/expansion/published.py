"""Numbers of arXiv 2510.04500, read off its figures, about one point either way.

The quantities follow a summary of the paper: relative improvement in accuracy, in per cent, of an
expanded network over the dense one with as many nonzero weights.
"""

from __future__ import annotations

#: (split, factor) -> improvement by number of neurons, 8 clauses of 4 literals.
BY_NEURONS: dict[tuple[str, int], dict[int, float]] = {
    key: dict(zip((4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32), values, strict=True))
    for key, values in {
        ("clause", 4): (63, 30, 42, 35, 20, 17, 23, 2, 3, 4, 3),
        ("clause", 2): (49, 25, 34, 35, 21, 15, 23, 2, 3, 4, 2),
        ("random", 2): (35, 8, 20, 27, 7, 9, 16, -3, -3, -1, -2),
        ("random", 4): (38, 0, 11, 14, 2, -1, 5, -8, -8, -4, -7),
    }.items()
}
#: The same by number of clauses, 8 neurons.
BY_CLAUSES: dict[tuple[str, int], dict[int, float]] = {
    key: dict(zip((6, 8, 10, 12, 14, 16, 20, 24, 28, 32), values, strict=True))
    for key, values in {
        ("clause", 4): (12, 41, 54, 70, 85, 75, 60, 53, 46, 42),
        ("clause", 2): (8, 42, 50, 56, 61, 27, 28, 15, 12, 7),
        ("random", 2): (6, 26, 34, 34, 36, 16, 11, 9, 3, 2),
        ("random", 4): (-2, 19, 17, 25, 34, 21, 14, 7, 5, 5),
    }.items()
}
#: Accuracy of dense networks by (clauses, neurons): derived from both figures.
DENSE: dict[tuple[int, int], float] = {(8, 8): 0.707, (14, 8): 0.525, (8, 4): 0.559, (8, 32): 0.975}
#: Literals of a clause.
CLAUSE = 4
