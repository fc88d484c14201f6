"""Pictures of bounds: what is drawn, names that do not touch, and mistakes."""

from __future__ import annotations

import builtins
import itertools
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superproof.theory import RegimeError, lookup, picture
from superproof.theory.errors import PictureError
from superproof.theory.picture import Curve, curve, draw, spread


def test_points_are_the_values() -> None:
    (bound,) = lookup("pairwise-and-neurons")
    line = curve(bound, "outputs", (10, 1000), {"inputs": 30})
    assert line is not None
    assert line.places[0] == 10
    assert line.places[-1] <= math.comb(30, 2)  # the rest lies outside the regime
    for place, value in zip(line.places, line.low, strict=True):
        assert value == bound.evaluate(inputs=30, outputs=place)
    (fit,) = lookup("pairwise-and-trained")
    band = curve(fit, "outputs", (10, 1000), {})
    assert band is not None
    assert all(low < high for low, high in zip(band.low, band.high, strict=True))
    assert curve(bound, "outputs", (500, 1000), {"inputs": 30}) is None


def test_fits_end_where_instances_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Curve] = []
    monkeypatch.setattr(picture, "_draw", lambda curves, file, *rest: drawn.extend(curves) or file)
    bounds = [*lookup("pairwise-and-neurons"), *lookup("pairwise-and-trained")]
    draw(bounds, tmp_path / "a.svg", "outputs", (16, 4096), {"inputs": 30})
    assert len(drawn) == 2
    assert len({line.places[-1] for line in drawn}) == 1
    assert drawn[0].places[-1] <= math.comb(30, 2)
    drawn.clear()
    draw(bounds[1:], tmp_path / "a.svg", "outputs", (16, 4096), {"inputs": 30})
    assert drawn[0].places[-1] == 4096  # a fit that is asked for by itself
    with pytest.raises(RegimeError, match="holds only for 1 <= outputs <= C"):
        draw(bounds, tmp_path / "a.svg", "outputs", (2000, 4096), {"inputs": 30})


def test_lower_bounds_know_their_bits() -> None:
    bounds = [*lookup("pairwise-and-neurons"), *lookup("pairwise-and-neurons-real")]
    for bits in (None, 14):
        lines = [curve(b, "outputs", (16, 400), {"inputs": 30, "bits": bits}) for b in bounds]
        assert [line.bits for line in lines if line] == [bits or 1, None]


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_a_picture_names_its_lines(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / "new" / f"bounds{suffix}"
    bounds = [b for b in lookup("pairwise-and") if b.has_value and b.quantity == "neurons"]
    assert draw(bounds, file, "outputs", (64, 4096), {"inputs": 1024}) == file
    assert file.stat().st_size > 5000
    if suffix == ".svg":
        again = tmp_path / "again.svg"
        draw(bounds, again, "outputs", (64, 4096), {"inputs": 1024})
        assert again.read_bytes() == file.read_bytes()


def test_names_do_not_touch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    boxes: list[Any] = []

    def saving(self: Figure, *words: Any, **options: Any) -> None:
        canvas = FigureCanvasAgg(self)
        canvas.draw()
        renderer = canvas.get_renderer()
        (axes,) = self.axes
        # the extent of an annotation's text, without its rule
        boxes.extend(Text.get_window_extent(name, renderer) for name in axes.texts)
        boxes.append(axes._left_title.get_window_extent(renderer))  # type: ignore[attr-defined]
        assert all(self.bbox.x0 <= box.x0 and box.x1 <= self.bbox.x1 for box in boxes)
        assert all(self.bbox.y0 <= box.y0 and box.y1 <= self.bbox.y1 for box in boxes)

    monkeypatch.setattr(Figure, "savefig", saving)
    for task, over, quantity, values in (
        ("pairwise-and", "outputs", "neurons", {"inputs": 1024}),
        ("permutation", "inputs", "neurons", {"active": 1}),
        ("permutation-graph", "items", "key dimension", {"embedding_dim": 64, "key_dim": 4}),
        ("overlap", "neurons", "overlap", {"features": 10**4}),
    ):
        boxes.clear()
        bounds = [b for b in lookup(task) if b.has_value and b.quantity == quantity]
        draw(bounds, tmp_path / "names.png", over, (64, 4096), values)
        assert len(boxes) >= 3
        for one, other in itertools.combinations(boxes, 2):
            assert not one.overlaps(other), task


@given(st.lists(st.floats(-0.2, 1.2), min_size=1, max_size=12))
def test_spread_keeps_order_and_distance(wanted: list[float]) -> None:
    spacing = 1 / 12
    placed = spread(sorted(wanted), spacing, 0.0, 1.0)
    assert all(b - a >= spacing - 1e-9 for a, b in itertools.pairwise(placed))
    assert placed[0] >= -1e-9
    assert placed[-1] <= 1 + 1e-9


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = list(lookup("pairwise-and-neurons"))
    good = tmp_path / "a.png"
    for words, arguments in (
        ("range of outputs must rise", (bounds, good, "outputs", (9, 9), {"inputs": 9})),
        (r"written as \.png, \.svg or \.pdf", (bounds, tmp_path / "a.gif", "outputs", (1, 9), {})),
        ("takes a whole number 'items'", (bounds, good, "items", (1, 9), {})),
        ("needs inputs", (bounds, good, "outputs", (1, 9), {})),
        ("outputs <= C", (bounds, good, "outputs", (100, 900), {"inputs": 4})),
        (
            "one picture shows one quantity",
            ([*bounds, *lookup("pairwise-and-bits")], good, "outputs", (1, 9), {}),
        ),
    ):
        with pytest.raises(RegimeError, match=words):
            draw(*arguments)  # type: ignore[arg-type]
    load = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PictureError, match="drawing bounds needs the package 'matplotlib'"):
        bounds[0].plot(good, "outputs", (1, 30), inputs=9)
