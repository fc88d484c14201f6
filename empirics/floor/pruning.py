"""Pruning: by magnitude at once, by magnitude with training in between, and weight by weight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...constructions.key_value_training import Whitening, train
from ...constructions.states import Frame
from ...constructions.superposed import rounded
from .form import Form, SquareForm
from .path import Candidate
from .scores import Place, Scores, scores_of
from .starts import BITS

#: Share of the weights that one step of pruning by magnitude takes.
SHARE = 0.01
#: ... of those that are left, with training in between.
TRAINED_SHARE = 0.04
#: Steps of conjugate gradients after a pruning.
STEPS = 200
#: Networks that are shown to the verifier while weights go one by one.
SHOWN = 16
#: Least singular value of whitening that is inverted, as a share of the largest.
TINY = 1e-9


def by_magnitude(form: Form, *, layer: str | None = None, seed: int = 0) -> Iterator[Candidate]:
    """Prune the start by rising shares of its smallest weights, nothing trained in between.

    Magnitudes count as shares of the largest of their array. Equal ones go in random order, so
    that pruning a network of equal weights by magnitude is pruning at random.

    Args:
        form: the start.
        layer: the same share of every array (``each``) or of this one alone; None takes the
            smallest of all arrays together.
        seed: of the order of equal magnitudes.
    """
    order = ordered(form, seed)
    if layer is None:
        lists = [order]
    else:
        names = list(form.arrays) if layer == "each" else [layer]
        lists = [[place for place in order if place[0] == name] for name in names]
    where = {None: "all arrays", "each": "every array"}.get(layer, layer)
    total = max(map(len, lists))
    for count in _counts(total):
        share = count / total
        gone = [place for places in lists for place in places[: round(share * len(places))]]
        yield Candidate(_without(form, gone), f"pruned {share:.1%} of {where}", share)


def one_by_one(form: Form, *, seed: int = 0) -> Iterator[Candidate]:
    """Remove every weight that can go without an error, smallest first, until none can.

    The last candidate is the network without the smallest weight that is left, one that cannot
    go; so are all others that are left.
    """
    scores = scores_of(form)
    before = form.nonzeros
    shown = 0
    order = ordered(form, seed)
    while order:
        kept: list[Place] = []
        for number, place in enumerate(order):
            if not scores.remove(place):
                kept.append(place)
            gone = before - len(order) + number + 1 - len(kept)
            if gone >= (shown + 1) * before / SHOWN:
                shown += 1
                yield _shown(scores, before)
        if len(kept) == len(order):
            break
        order = kept
    yield _shown(scores, before)
    if order:
        last = _without(scores.form(), order[:1])
        yield Candidate(last, "without one weight more", 1 - last.nonzeros / before, promised=False)


def with_training(form: SquareForm) -> Iterator[Candidate]:
    """Prune a few per cent of the smallest weights left, train the others again, round, repeat."""
    matrix, before = form.matrix, form.nonzeros
    while True:
        left = np.argwhere(matrix)
        count = max(1, round(TRAINED_SHARE * len(left)))
        if count >= len(left):
            return
        small = np.argsort(np.abs(matrix[tuple(left.T)]), kind="stable")[:count]
        pruned = matrix.copy()
        pruned[tuple(left[small].T)] = 0
        matrix = trained_again(form.frame, pruned)
        share = 1 - int(np.count_nonzero(matrix)) / before
        again = form.with_arrays({"W": matrix})
        yield Candidate(again, f"pruned {share:.1%}, trained in between", share)


def trained_again(frame: Frame, matrix: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Train the nonzero entries of a square matrix; int64 of 14 bits, zeros where they were."""
    sparse = SparseWhitening(frame, matrix != 0)
    gain = frame.decoder.astype(np.float64) @ matrix
    first, second = frame.pairs.T
    own = (frame.code[:, first] & frame.code[:, second]).T
    mean = float(np.einsum("ji,ji->j", gain, own.astype(np.float64)).mean())
    begin = sparse.coordinates(matrix / (mean if mean > 0 else np.abs(matrix).max()))
    found = train(frame, steps=steps, whitening=sparse, begin=begin)
    return rounded(found.matrix, BITS)


class SparseWhitening(Whitening):
    """Coordinates of a square matrix that keeps its zeros: W2 = mask * (left V right).

    The whitened coordinates stay what descent moves in, so that they precondition it; entries
    outside the mask are cut off.
    """

    def __init__(self, frame: Frame, mask: np.ndarray) -> None:
        super().__init__(frame)
        self.mask = mask
        self._signs = frame.decoder.astype(np.float32)

    def matrix(self, coordinates: np.ndarray) -> np.ndarray:
        """W2 of coordinates V."""
        return np.asarray(self.mask * super().matrix(coordinates))

    def rows(self, coordinates: np.ndarray) -> np.ndarray:
        """D W2 of coordinates V."""
        return np.asarray(self._signs @ self.matrix(coordinates).astype(np.float32))

    def gradient(self, rows: np.ndarray) -> np.ndarray:
        """Gradient by V, from the gradient by D W2."""
        inner = self.mask * (self._signs.T @ rows).astype(np.float64)
        return np.asarray(self.left @ inner @ self.right)

    def coordinates(self, matrix: np.ndarray) -> np.ndarray:
        """Coordinates of a matrix with these zeros."""
        inverse = [np.linalg.pinv(root, rcond=TINY) for root in (self.left, self.right)]
        return np.asarray(inverse[0] @ matrix @ inverse[1])


def ordered(form: Form, seed: int) -> list[Place]:
    """The places of the nonzero weights, smallest first."""
    rng = np.random.default_rng([seed, 7])
    places: list[Place] = []
    sizes: list[float] = []
    for name, array in form.arrays.items():
        found = np.argwhere(array)
        places += [(name, int(row), int(column)) for row, column in found]
        magnitude = np.abs(array[tuple(found.T)]) / max(int(np.abs(array).max()), 1)
        sizes += magnitude.tolist()
    order = np.lexsort((rng.permutation(len(sizes)), np.array(sizes)))
    return [places[k] for k in order]


def _counts(total: int) -> Iterator[int]:
    """One weight first, then shares of all."""
    yield 1
    previous = 1
    for number in range(1, round(1 / SHARE)):
        count = round(number * SHARE * total)
        if count > previous:
            previous = count
            yield count


def _shown(scores: Scores, before: int) -> Candidate:
    form = scores.form()
    share = 1 - form.nonzeros / before
    return Candidate(form, f"removed {share:.1%}, one by one", share, promised=True)


def _without(form: Form, places: list[Place]) -> Form:
    arrays = {name: array.copy() for name, array in form.arrays.items()}
    for name, row, column in places:
        arrays[name][row, column] = 0
    return form.with_arrays(arrays)
