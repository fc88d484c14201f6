"""Frozen vectors: stated spectra, and rows of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from superproof.empirics.attention_capacity.frozen_embeddings import (
    FROZEN,
    file_shape,
    frozen,
    spectrum,
)
from superproof.verify.errors import InputError


@pytest.mark.parametrize("kind", sorted(FROZEN))
def test_drawn_vectors_repeat_and_are_dyadic(kind: str) -> None:
    found = frozen(kind, 40, 24, 3)
    frozen.cache_clear()
    assert (found == frozen(kind, 40, 24, 3)).all()
    assert (found != frozen(kind, 40, 24, 4)).any()
    assert found.dtype == np.float32
    assert (found * 2.0**12 == np.rint(found * 2.0**12)).all()


def test_spectra_are_as_stated() -> None:
    about = {kind: spectrum(frozen(kind, 2000, 16, 0)) for kind in FROZEN}
    for kind in ("gaussian", "signs"):
        assert about[kind]["first"] == pytest.approx(1 / 16, rel=0.25)
        assert about[kind]["directions"] > 15
    # variances 1/n: the first has a share of 1/H_16 before the vectors are scaled
    harmonic = sum(1 / n for n in range(1, 17))
    assert about["power-law"]["first"] == pytest.approx(1 / harmonic, rel=0.25)
    assert about["common-mean"]["first"] == pytest.approx((4 + 1 / 16) / 5, rel=0.05)
    assert set(np.unique(np.abs(frozen("signs", 40, 16, 0)))) == {0.25}


def test_rows_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    vectors = np.random.default_rng(0).standard_normal((30, 5))
    np.save(path, vectors)
    items, dim, digest = file_shape(path)
    assert (items, dim, len(digest)) == (30, 5, 64)
    chosen = frozen(f"file:{path}", 12, 5, 1)
    assert chosen.shape == (12, 5)
    every = {tuple(row) for row in vectors.astype(np.float32).tolist()}
    assert all(tuple(row) in every for row in chosen.tolist())
    assert (frozen(f"file:{path}", 12, 5, 2) != chosen).any()
    whole = frozen(f"file:{path}", 30, 5, 0)
    assert (whole == vectors.astype(np.float32)).all()
    with pytest.raises(InputError, match="gives 30 vectors of 5 dimensions, not 31 of 5"):
        frozen(f"file:{path}", 31, 5, 0)


def test_what_is_no_vectors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown embeddings 'zebra'; use one of gaussian"):
        frozen("zebra", 8, 4, 0)
    with pytest.raises(InputError, match="signs: 9 items in 4 dimensions"):
        frozen("signs", 9, 4, 0)
    assert len(np.unique(frozen("signs", 8, 4, 0), axis=0)) == 8
    with pytest.raises(InputError, match=r"missing\.npy"):
        file_shape(tmp_path / "missing.npy")
    few = tmp_path / "few.npy"
    np.save(few, np.eye(3))
    with pytest.raises(InputError, match=r"few\.npy: holds 3 vectors; give 4 or more"):
        file_shape(few)
    twins = tmp_path / "twins.npy"
    np.save(twins, np.ones((5, 4)))
    with pytest.raises(InputError, match=r"twins.npy: .*the same vector"):
        file_shape(twins)
    # different in float64, the same in float32
    near = tmp_path / "near.npy"
    np.save(near, np.vstack([np.eye(4), [[1 + 1e-12, 0, 0, 0]]]))
    with pytest.raises(InputError, match=r"near.npy: .*the same vector"):
        file_shape(near)
