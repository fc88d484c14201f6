"""Does a classifier gain from more neurons with the same number of weights?

    python examples/expansion.py                                  # the 8x8 digits of scikit-learn
    python examples/expansion.py --synthetic                      # features in superposition
    python examples/expansion.py --data X.npy --labels y.npy      # your own frozen embeddings

Trains networks with two hidden layers, splits the neurons of the first into two or four children
that read disjoint inputs, prunes to the old number of nonzero weights, and trains everything on for
as long again. Prints test accuracies over seeds, dense beside split.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from superproof.empirics.expansion.fine_tuning import Arm, divided, expansion_arms, read_array
from superproof.empirics.training.schedule import Schedule

#: Widths of the hidden layers, from too few neurons to enough.
SHAPES = ((4, 16), (8, 16), (16, 16))
ARMS = (("random", 2), ("random", 4), ("gram", 2), ("gram", 4))
SEEDS = 5
#: Synthetic embeddings: sparse features, each with its own direction, in fewer dimensions.
FEATURES, DIMENSIONS, CLASSES, POINTS, ACTIVE = 64, 32, 8, 3000, 3


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The 8x8 digits, grey levels from 0 to 1."""
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    return images / 16, classes


def synthetic(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings in superposition: the class is the clause of two features that is present.

    Every point is the sum of the directions of its features: two of its class, some others, and
    noise. Directions are random, and their number is twice that of the dimensions.
    """
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((FEATURES, DIMENSIONS)) / DIMENSIONS**0.5
    clauses = rng.permutation(FEATURES)[: 2 * CLASSES].reshape(CLASSES, 2)
    classes = rng.integers(0, CLASSES, POINTS)
    present = np.zeros((POINTS, FEATURES))
    for row, number in enumerate(classes):
        others = np.setdiff1d(np.arange(FEATURES), clauses)
        present[row, rng.choice(others, ACTIVE, replace=False)] = 1
        # one feature of another clause, which alone says nothing
        other = clauses[(number + 1 + rng.integers(CLASSES - 1)) % CLASSES]
        present[row, rng.choice(other)] = 1
        present[row, clauses[number]] = 1
    noise = 0.05 * rng.standard_normal((POINTS, DIMENSIONS))
    return present @ directions + noise, classes


def arms_of(
    points: np.ndarray, classes: np.ndarray, hidden: tuple[int, ...], steps: int
) -> list[list[Arm]]:
    """All arms, seed by seed; a seed divides the points, too."""
    schedule = Schedule(steps, 0.01, patience=steps)
    return [
        expansion_arms(
            divided(points, classes, 0.25, seed), hidden, ARMS, schedule, rows=256, seed=seed
        )
        for seed in range(SEEDS)
    ]


def main() -> None:
    """Train and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="points (.npy), one row each")
    parser.add_argument("--labels", type=Path, help="their classes (.npy), from 0")
    parser.add_argument("--synthetic", action="store_true", help="features in superposition")
    parser.add_argument("--steps", type=int, default=300, help="of either half of the training")
    options = parser.parse_args()
    if (options.data is None) != (options.labels is None):
        parser.error("give both --data and --labels, or neither")
    if options.data is not None:
        points, classes = read_array(options.data, "points"), read_array(options.labels, "classes")
    else:
        points, classes = synthetic() if options.synthetic else digits()
    print(f"{len(points):,} points, {points.shape[1]} numbers each, {classes.max() + 1} classes")
    print(f"test accuracy, mean and standard error over {SEEDS} seeds\n")
    names = [f"{kind}, {factor}" for kind, factor in (("dense", 1), *ARMS)]
    print("hidden    nonzeros" + "".join(f"{name:>16}" for name in names))
    for hidden in SHAPES:
        found = arms_of(points, classes, hidden, options.steps)
        cells = []
        for place in range(len(names)):
            test = np.array([arms[place].test for arms in found])
            cells.append(f"{test.mean():.3f} +- {test.std(ddof=1) / SEEDS**0.5:.3f}")
        budgets = {arm.nonzeros for arms in found for arm in arms}
        shape = " ".join(map(str, hidden))
        print(f"{shape:<8}{max(budgets):>10,}" + "".join(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
