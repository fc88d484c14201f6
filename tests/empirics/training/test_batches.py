"""Points dealt into batches, and the batch of a step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superproof.empirics.training.batches import Batches, present

torch = pytest.importorskip("torch")


@settings(deadline=None)
@given(count=st.integers(1, 30), rows=st.none() | st.integers(1, 40), columns=st.integers(1, 4))
def test_dealing_keeps_every_point(count: int, rows: int | None, columns: int) -> None:
    batches = Batches(count, rows)
    array = np.arange(1, count * columns + 1, dtype=np.float32).reshape(count, columns)
    dealt = batches.dealt(array)
    assert dealt.shape == (batches.number, columns, batches.size)
    assert dealt.dtype == np.float32
    assert (batches.collected(dealt) == array).all()
    # the rest is empty, and a batch has as many points as it says
    assert np.count_nonzero(dealt) == array.size
    points = np.count_nonzero(dealt[:, 0], axis=1)
    assert points.repeat(points).tolist() == batches.filled.tolist()
    assert batches.size <= count


def test_every_run_sees_its_own_batch() -> None:
    first = torch.arange(24.0).reshape(2, 3, 2, 2)
    data = {"points": first, "other": torch.zeros(2)}
    found = present(data, ["points"], torch.tensor([4, 3]), torch.tensor([3, 2]))
    assert torch.equal(found["points"], torch.stack([first[0, 1], first[1, 1]]))


def test_one_batch_is_a_view() -> None:
    data = {"points": torch.ones(2, 1, 3, 4)}
    found = present(data, ["points"], torch.tensor([7, 9]), torch.tensor([1, 1]))
    assert found["points"].data_ptr() == data["points"].data_ptr()
