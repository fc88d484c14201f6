"""Expansion on data: divisions, files, and arms of equal budgets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from superproof.empirics.expansion.fine_tuning import (
    divided,
    expansion_arms,
    fine_tune,
    read_array,
)
from superproof.empirics.expansion.masked_networks import fresh_classifier
from superproof.empirics.training.schedule import Schedule
from superproof.verify.errors import InputError

pytest.importorskip("torch")


def blobs(seed: int, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, count)
    centres = 3 * rng.standard_normal((3, 10))
    return centres[classes] + rng.standard_normal((count, 10)), classes


def test_every_class_is_divided_by_the_same_share() -> None:
    points, classes = blobs(0)
    data = divided(points, classes, 0.25, 7)
    assert len(data.classes) + len(data.test_classes) == 300
    for number in range(3):
        own = (classes == number).sum()
        assert abs((data.test_classes == number).sum() - 0.25 * own) <= 0.5
    assert data.outputs == 3
    assert (divided(points, classes, 0.25, 7).test_points == data.test_points).all()


def test_arms_have_the_dense_budget_and_learn() -> None:
    data = divided(*blobs(1), 0.3, 0)
    arms = expansion_arms(
        data, [6, 5], [("random", 2), ("gram", 3)], Schedule(150, 0.02, patience=50), rows=64,
        layers=[0], device="cpu",
    )  # fmt: skip
    assert [(arm.split, arm.factor) for arm in arms] == [("dense", 1), ("random", 2), ("gram", 3)]
    for arm in arms:
        assert arm.nonzeros <= arms[0].nonzeros
        assert arm.test > 0.8
        assert arm.network.layers[0].width == 6 * arm.factor


def test_training_that_diverges_is_said() -> None:
    data = divided(*blobs(2), 0.3, 0)
    network = fresh_classifier(10, [4], 3, 0)
    broken = divided(np.full((6, 10), 1e30), np.array([0, 1, 2, 0, 1, 2]), 0.4, 0)
    assert fine_tune([(network, True)], data, Schedule(5, 0.01, patience=5), device="cpu")
    with pytest.raises(InputError, match="training diverged; use a lower learning rate"):
        fine_tune([(network, True)], broken, Schedule(5, 1e30, patience=5), device="cpu")


def test_arrays_are_read_from_three_formats(tmp_path: Path) -> None:
    array = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", points=array)
    save_file({"points": array}, tmp_path / "a.safetensors")
    for name in ("a.npy", "a.npz", "a.safetensors"):
        assert (read_array(tmp_path / name, "points") == array).all()


def test_files_that_are_no_arrays(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_array(tmp_path / "none.npy", "points")
    (tmp_path / "text.npy").write_text("hello")
    with pytest.raises(InputError, match=r"text\.npy: not an array of points"):
        read_array(tmp_path / "text.npy", "points")
    np.savez(tmp_path / "two.npz", a=np.zeros(1), b=np.zeros(1))
    with pytest.raises(InputError, match="holds 2 arrays; save the points alone"):
        read_array(tmp_path / "two.npz", "points")
    np.save(tmp_path / "nan.npy", np.array([np.nan]))
    with pytest.raises(InputError, match="the points must be finite numbers"):
        read_array(tmp_path / "nan.npy", "points")
    np.save(tmp_path / "words.npy", np.array(["a"]))
    with pytest.raises(InputError, match="the classes must be finite numbers"):
        read_array(tmp_path / "words.npy", "classes")


@pytest.mark.parametrize(
    ("points", "classes", "share", "message"),
    [
        (np.zeros(4), np.zeros(4), 0.5, "need one class each"),
        (np.zeros((4, 2)), np.array([0, 1, 0, 0.5]), 0.5, "whole numbers from 0"),
        (np.zeros((4, 2)), np.array([0, 1, 0, -1]), 0.5, "whole numbers from 0"),
        (np.zeros((4, 2)), np.array([0, 1, 0, 1]), 1.0, "between 0 and 1, not 1.0"),
        (np.zeros((3, 2)), np.array([0, 0, 1]), 0.5, "class 1 has a single point"),
    ],
)
def test_divisions_that_do_not_fit(
    points: np.ndarray, classes: np.ndarray, share: float, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        divided(points, classes, share, 0)
