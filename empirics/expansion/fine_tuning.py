"""Expansion on data: a dense classifier and its split forms, trained equally long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...verify.errors import InputError
from ...verify.network import Network
from ..training.schedule import Schedule
from ..training.trainer import Progress
from .expand import Expanded, expand, nonzeros
from .masked_networks import (
    ClassifierRun,
    Lesson,
    accuracy,
    fresh_classifier,
    train_classifiers,
)


@dataclass(frozen=True)
class Data:
    """Points with classes, divided into those of training and of testing.

    Attributes:
        points, classes: float32 (points, inputs) and int64 (points,), of training.
        test_points, test_classes: of testing.
    """

    points: np.ndarray
    classes: np.ndarray
    test_points: np.ndarray
    test_classes: np.ndarray

    @property
    def outputs(self) -> int:
        """Outputs of a classifier: the number of classes."""
        return int(max(self.classes.max(), self.test_classes.max())) + 1


@dataclass(frozen=True)
class Arm:
    """One network after training.

    Attributes:
        split, factor: ``dense`` and 1, or how it was expanded.
        seed: of division, start and split.
        network: as trained.
        nonzeros: weights and biases that are not 0.
        test: accuracy on the points of testing. ``train``: on the others.
        before: on the points of testing when the second half of training began.
    """

    split: str
    factor: int
    seed: int
    network: Network
    nonzeros: int
    train: float
    test: float
    before: float


def read_array(path: Path, what: str) -> np.ndarray:
    """An array from ``.npy``, or the only one of a ``.npz`` or ``.safetensors``.

    Raises InputError that names the file.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            held = load_file(path)
        else:
            loaded = np.load(path, allow_pickle=False)
            held = {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except Exception as error:
        raise InputError(f"{path}: not an array of {what}: {error}") from None
    if len(held) != 1:
        raise InputError(f"{path}: holds {len(held)} arrays; save the {what} alone")
    (array,) = held.values()
    real = np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)
    if not real or not np.isfinite(array).all():
        raise InputError(f"{path}: the {what} must be finite numbers")
    return np.asarray(array)


def divided(points: np.ndarray, classes: np.ndarray, share: float, seed: int) -> Data:
    """Divide points at random, every class by the same share.

    Args:
        points: (points, inputs). ``classes``: whole numbers from 0, (points,).
        share: of the points of testing.
        seed: of the draw.

    Raises:
        InputError: shapes that do not fit, classes that are not whole numbers from 0, a share
            outside 0 to 1, no points, or a class with fewer than two.
    """
    if points.ndim != 2 or classes.shape != (len(points),):
        raise InputError(
            f"points (points, inputs) need one class each, not {points.shape} and {classes.shape}"
        )
    if not len(points):
        raise InputError("there are no points to divide")
    whole = classes.astype(np.int64)
    if (whole != classes).any() or whole.min() < 0:
        raise InputError("classes must be whole numbers from 0")
    if not 0 < share < 1:
        raise InputError(f"the share of points for testing must lie between 0 and 1, not {share}")
    rng = np.random.default_rng([seed, 35])
    test = np.zeros(len(points), dtype=bool)
    for number in np.unique(whole):
        own = rng.permutation(np.flatnonzero(whole == number))
        if len(own) < 2:
            raise InputError(f"class {number} has a single point; give every class two or more")
        test[own[: min(max(1, round(share * len(own))), len(own) - 1)]] = True
    fed = points.astype(np.float32)
    return Data(fed[~test], whole[~test], fed[test], whole[test])


def fine_tune(
    networks: Sequence[tuple[Network, bool]],
    data: Data,
    schedule: Schedule,
    *,
    rows: int | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> list[Network]:
    """Train classifiers on, side by side and from the same points in the same order.

    Args:
        networks: each with whether its zeros are trained, too.
        data: what they learn from.
        schedule: of the descent.
        rows: points a step; None for all.
        seed: of the order of the points.
        device: ``auto``, ``cpu`` or ``cuda``.
        progress: called with steps done, and to do.

    Raises InputError for data that do not fit the networks, and for training that diverges.
    """
    lessons = {
        str(number): Lesson(network, data.points, data.classes, whole)
        for number, (network, whole) in enumerate(networks)
    }
    runs = [ClassifierRun(name, seed, schedule, rows) for name in lessons]
    found: dict[str, Network] = {}
    for finished in train_classifiers(lessons, runs, device, progress):
        if finished.model is None:
            raise InputError("training diverged; use a lower learning rate")
        found[finished.run.name] = finished.model
    return [found[name] for name in lessons]


def expansion_arms(
    data: Data,
    hidden: Sequence[int],
    arms: Sequence[tuple[str, int]],
    schedule: Schedule,
    *,
    rows: int | None = None,
    layers: Sequence[int] | None = None,
    seed: int = 0,
    device: str = "auto",
    start: Network | None = None,
) -> list[Arm]:
    """Train a dense classifier, then go on with it as it is and with its split forms.

    Args:
        data: what they learn from, and are tested on.
        hidden: widths of the hidden layers.
        arms: (split, factor) of the expanded ones.
        schedule: of either half of the training.
        rows: points a step; None for all.
        layers: hidden layers that are expanded; None for the first.
        seed: of start and splits.
        device: ``auto``, ``cpu`` or ``cuda``.
        start: a classifier that is trained already, in place of the first half.

    Returns:
        The dense network first, then one an arm.
    """
    options = {"rows": rows, "device": device}
    if start is None:
        fresh = fresh_classifier(data.points.shape[1], hidden, data.outputs, seed)
        (start,) = fine_tune([(fresh, True)], data, schedule, seed=seed, **options)  # type: ignore[arg-type]
    expanded: list[Expanded] = [
        expand(start, factor, kind, layers=layers, seed=seed) for kind, factor in arms
    ]
    begins = [(start, False), *((split.network, False) for split in expanded)]
    trained = fine_tune(begins, data, schedule, seed=seed + 1, **options)  # type: ignore[arg-type]
    return [
        Arm(
            kind,
            factor,
            seed,
            network,
            nonzeros(network),
            accuracy(network, data.points, data.classes),
            accuracy(network, data.test_points, data.test_classes),
            accuracy(begin, data.test_points, data.test_classes),
        )
        for (kind, factor), network, (begin, _) in zip(
            [("dense", 1), *arms], trained, begins, strict=True
        )
    ]
